//! Tests over files on a real disk.
#![expect(clippy::unwrap_used, reason = "tests")]

mod arrival;
mod damage;
mod duckdb;
mod reading;
mod world;
