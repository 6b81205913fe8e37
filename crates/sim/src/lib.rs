//! A simulated county: roads, vehicles and devices that speak the real protocols over real sockets.
//!
//! - [`county`]: everything that stands still, from one seed: places, roads, checkpoints, the register.
//! - [`traffic`]: who drives when and where, as a function of the seed.
//! - [`noise`]: what goes wrong between the road and the platform.

#![warn(missing_docs)]

pub mod clock;
pub mod county;
pub mod device;
mod dice;
pub mod geo;
pub mod load;
pub mod noise;
pub mod picture;
pub mod provision;
pub mod run;
pub mod traffic;
