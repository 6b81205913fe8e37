//! The crate as its users see it: bodies in, objects out, and back.

mod bodies;
mod liberal;
mod requests;
mod round_trip;
