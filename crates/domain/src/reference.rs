//! What observations are judged against: checkpoints, sections, vehicle files, watch orders. Changes to it are journal
//! entries, so that a replay judges with what was known at the time.

use crate::calibration::{Calibration, TravelTime};
use crate::discipline::{Maintenance, Silence, VerdictGiven};
use crate::id::{CheckpointId, DeviceId, RuleId, SectionId, SilenceId, TuningId, WatchOrderId, ZoneId};
use crate::place::{Theatre, Wgs84};
use crate::rule::{Rule, Tuning};
use crate::time::Timestamp;
use crate::vehicle::{VehicleFile, VehicleKey};
use crate::watch::WatchOrder;
use crate::zone::Zone;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// A place of capture (卡口).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Identity.
    pub id: CheckpointId,
    /// Name, as people say it.
    pub name: SmolStr,
    /// The theatre it belongs to.
    pub theatre: Theatre,
    /// Where it stands.
    pub location: Wgs84,
    /// Route code or road name.
    pub road: SmolStr,
    /// Chainage in metres from the road's beginning (K12+300 is 12300).
    pub chainage_m: Option<u32>,
    /// Which way it looks, in words.
    pub direction: SmolStr,
    /// Lanes covered.
    pub lane_count: u8,
    /// Limit for small vehicles in km/h, where speeds are judged here.
    pub limit_kmh: Option<u16>,
    /// Limit for large vehicles in km/h; the other one when not said.
    pub limit_large_kmh: Option<u16>,
    /// The only direction in which traffic may pass (a code of [`crate::Passage::direction`]); `None` where it may
    /// pass both ways.
    pub one_way: Option<u8>,
}

/// A section (区间) between two checkpoints, for average speed (GA/T 959-2011).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Identity.
    pub id: SectionId,
    /// Name.
    pub name: SmolStr,
    /// Where it begins.
    pub start: CheckpointId,
    /// Where it ends.
    pub end: CheckpointId,
    /// Length along the road in metres.
    pub length_m: u32,
    /// Limit for small vehicles in km/h.
    pub limit_kmh: u16,
    /// Limit for large vehicles in km/h.
    pub limit_large_kmh: u16,
}

/// One change of the reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReferenceChange {
    /// New or changed.
    Checkpoint(Checkpoint),
    /// Gone.
    CheckpointRemoved(CheckpointId),
    /// New or changed.
    Section(Section),
    /// Gone.
    SectionRemoved(SectionId),
    /// New or changed.
    Vehicle(VehicleFile),
    /// Gone.
    VehicleRemoved(VehicleKey),
    /// New or changed (an end set earlier is a withdrawal).
    WatchOrder(WatchOrder),
    /// Gone (only for orders that never were in force).
    WatchOrderRemoved(WatchOrderId),
    /// A maker of time: lets deadlines fire when no device reports.
    Tick(Timestamp),
    /// What was learned about devices; each holds for captures from its own time on.
    Calibrations(Vec<Calibration>),
    /// What was learned about the ways between checkpoints; replaces what was known of each pair.
    TravelTimes(Vec<TravelTime>),
    /// New or changed.
    Zone(Zone),
    /// Gone.
    ZoneRemoved(ZoneId),
    /// A terminal is registered for a vehicle, or for another one than before.
    Terminal(Terminal),
    /// Gone.
    TerminalRemoved(DeviceId),
    /// A rule comes into force, or a new version of it.
    Rule(Rule),
    /// No longer in force.
    RuleRetired(RuleId),
    /// A model is tuned, or tuned otherwise.
    Tuning(Tuning),
    /// The model is as its file says again.
    TuningRemoved(TuningId),
    /// New or changed (an end set earlier ends it).
    Silence(Silence),
    /// Gone before it held.
    SilenceRemoved(SilenceId),
    /// New or changed (an end set earlier ends it).
    Maintenance(Maintenance),
    /// Gone before it held.
    MaintenanceRemoved(SilenceId),
    /// An officer says what a warning was worth.
    Verdict(VerdictGiven),
}

/// A vehicle terminal of the register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terminal {
    /// The terminal.
    pub device: DeviceId,
    /// The vehicle that carries it.
    pub vehicle: VehicleKey,
}
