//! The learner through its public door.

#![expect(clippy::unwrap_used, reason = "tests")]

mod clocks;
mod data_file;
mod health;
mod misreads;
mod round;
mod ways;
mod world;
