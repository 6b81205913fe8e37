//! The listeners on real sockets, with journals in a temporary folder.

// mod camera;
// mod camera_bounds;
// mod full_disk;
mod terminal;
mod terminal_bounds;
mod world;
