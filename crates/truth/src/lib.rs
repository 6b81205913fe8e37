//! A simulated month, judged in process, and compared with what was planted in it.
//!
//! - [`world`]: the simulated county as judgement sees it: reference, observations, and what is true.
//! - [`stream`]: all of it as the journal's entries, in the order in which they would have been stored.
//! - [`officers`]: who look at some of the warnings and say what they were worth.
//! - [`standing`]: the warnings that stand, folded from outcomes.
//! - [`matching`]: when a warning is about something planted. The one place that says so.
//! - [`score`]: precision, recall and delay by model; [`cause`]: why warnings are false; [`explain`]: some
//!   misses and false hits with what was seen; [`report`]: all as text.
//! - [`month`]: one run; [`replay`]: the same entries judged again, with kills, must leave the same warnings.
//!
//! It judges the product, so it is no part of it.

#![warn(missing_docs)]

pub mod cause;
pub mod explain;
pub mod matching;
pub mod month;
pub mod officers;
pub mod replay;
pub mod report;
pub mod score;
pub mod standing;
pub mod stream;
pub mod world;
