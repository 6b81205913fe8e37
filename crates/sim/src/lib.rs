//! A simulated county: roads, vehicles and devices that speak the real protocols over real sockets.
//!
//! - [`county`]: everything that stands still, from one seed: places, roads, checkpoints, the register.
//! - [`traffic`]: who drives when and where, as a function of the seed.

#![warn(missing_docs)]

pub mod county;
mod dice;
pub mod geo;
pub mod traffic;
