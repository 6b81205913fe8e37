//! What was planted.
