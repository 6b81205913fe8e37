//! The listeners on real sockets, with journals in a temporary folder.

#![expect(clippy::unwrap_used, reason = "a test helper that fails fails its test")]

mod camera;
mod camera_bounds;
mod fleet;
mod full_disk;
mod notices;
mod platform;
mod terminal;
mod terminal_bounds;
mod world;
