//! A simulated county: roads, vehicles and devices that speak the real protocols over real sockets.
//!
//! - [`county`]: everything that stands still, from one seed: places, roads, checkpoints, the register.
//! - [`traffic`]: who drives when and where, as a function of the seed, and what is planted.
//! - [`noise`]: what goes wrong between the road and the platform.
//! - [`picture`]: evidence, drawn.
//! - [`device`]: cameras (GA/T 1400) and terminals (JT/T 808).
//! - [`report`]: what the devices report, in process, for whoever compares warnings with what was planted.
//! - [`provision`], [`run`], [`load`]: what the command line does with them.
//!
//! It knows a platform by the two protocols and the public API alone, so it can be pointed at any.

#![warn(missing_docs)]

pub mod clock;
pub mod county;
pub mod device;
mod dice;
mod enrol;
pub mod geo;
pub mod load;
pub mod noise;
pub mod officer;
pub mod picture;
pub mod provision;
pub mod report;
pub mod run;
pub mod traffic;
