//! What devices and roads are like, learned from the journal: errors of clocks, shares of misread plates, shortest travel
//! times, and the health of devices by hour. A pure fold: no I/O, no wall clock, no randomness, no hash order in a result.
//!
//! # The round
//!
//! [`Learner::apply`] takes in every entry of the journal. [`Learner::due`] says which changes of the reference are to be
//! appended to the journal now; as entries they reach `judgement` and, through `apply`, the learner itself. So a replay
//! judges with what was known at the time, and what is in the journal is not made known again, whenever the process died.
//!
//! # Clocks
//!
//! Receipt minus capture is the delay of the line minus the clock's lead; the least of it, on which several of the newest
//! moments agree, tells the lead ([`domain::ClockError`]). A jump is known at the next quarter of an hour at which most of
//! the newest moments show it. A camera whose line is always slow looks as if its clock were behind; for those that seem
//! behind by seconds the drives to and from neighbours whose clocks are right decide: if both directions take the same only
//! with the clock taken as right, the line is slow. This needs two-way traffic, two neighbours, and ways that take longer
//! than the line is slow; without them the delay is believed.
//!
//! A clock that is set back shows some times twice. A calibration holds from the first capture that supports it, but always
//! later than the one before it, so for captures within such a gap the newer error is right and the older one is not known.

#![warn(missing_docs)]

mod buckets;
mod clock;
mod health;
mod learner;
mod names;
mod onward;
mod parameters;
mod reads;
mod roads;
mod snapshot;

pub use health::{DeviceHealth, HOURS_MAX, HourOfDevice};
pub use learner::{
    CHECKPOINTS_MAX, DEVICES_MAX, DUE_EVERY_MS, Learner, Stats, TERMINALS_MAX, WAYS_IN_ENTRY_MAX,
};
pub use onward::{Ahead, Onward, OnwardState};
pub use parameters::{
    ClockParameters, HealthParameters, MisreadParameters, Parameter, ParameterDescription, ParameterError,
    Parameters, TravelParameters,
};
pub use reads::REGISTER_MAX;
pub use roads::PAIRS_MAX;
pub use snapshot::SnapshotError;
