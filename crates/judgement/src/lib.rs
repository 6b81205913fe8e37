//! Warning models over keyed state: a pure fold from journal entries to warnings. No I/O, no clock, no randomness, no
//! threads, and no order of a hash map in a result.
//!
//! # The life of a warning
//!
//! An entry comes through one door, [`Engine::apply`]. An observation advances the engine's clock (the greatest time of
//! receipt seen; deadlines fire by nothing else) and is shown to the models that it concerns. A model remembers what it
//! needs by key (vehicle, terminal, passage), sorted by capture and identity, each observation once: of several copies
//! the one that reached us first. From what it remembers it *finds* warnings; these are compared with those that stand
//! in the same scope, and the difference is said: [`Raise`](domain::Outcome::Raise),
//! [`Revise`](domain::Outcome::Revise) when the same warning rests on better evidence,
//! [`Withdraw`](domain::warning::WithdrawReason) when a late observation refuted it or put another in its place.
//! Because what is found depends on the set of observations alone, the warnings that stand at the end are the same
//! whatever the order in which data came, however often it came, and wherever the process was restarted from a
//! snapshot. This holds while observations are no later than the horizon; later ones are counted, and only compared
//! with watch orders. State is forgotten when the clock has left it behind, and late enough that forgetting never shows
//! in a warning; the warnings stay for whoever stores them.
//!
//! A change of the reference judges nothing by itself: it holds for the observations applied after it.
//!
//! A warning's identity is made of its model, the model's version, its subject and what it rests on. `occurred_at` is
//! the capture time of the observation that completed it, `raised_at` the receipt of the later of its first and last
//! evidence; when that was after `actionable_until`, the warning is historical and never sends anyone out.

#![warn(missing_docs)]

pub mod back_test;
mod batch;
mod check;
mod confusion;
mod deadlines;
mod discipline;
mod doubts;
mod engine;
mod held;
mod keyed;
mod lane;
mod models;
mod parameters;
mod parts;
mod reading;
mod reference;
mod replay;
pub mod rule;
mod seen;
mod settle;
mod shards;
mod snapshot;
mod strangers;
mod track;

pub use batch::Share;
pub use check::ParameterError;
pub use confusion::Confusions;
pub use deadlines::Deadlines;
pub use engine::{Engine, Stats};
pub use models::rules::{RuleCounts, RuleState};
pub use parameters::{
    AverageSpeedParameters, AxleLimit, CameraReportParameters, ClonePlateParameters,
    DangerousGoodsParameters, DeviceAlarmParameters, DisciplineParameters, DrivingTimeParameters,
    FakePlateParameters, FatigueParameters, HiddenPlateParameters, Horizon, Model, ModelDescription,
    ModelParameters, NightCoachParameters, NoExitParameters, NoParameters, OverloadParameters, Parameter,
    ParameterDescription, Parameters, PassageFatigueParameters, ReadingParameters, SpotSpeedParameters, Step,
    TerminalElsewhereParameters, TerminalSilentParameters, Text, UnhandledOffencesParameters, Value,
    WatchOrderParameters, WrongWayParameters,
};
pub use parts::{Part, PartError, PartsReader, PartsWriter};
pub use replay::{Change, Replay, Replayer, STEPS_MAX, Step as ReplayStep};
pub use snapshot::{Frozen, Migrated, Restoring, SnapshotError};
