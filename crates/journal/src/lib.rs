//! An embedded, ordered, durable log: append with group commit, replay from any offset.
