//! What is learned about devices and roads from what they report: errors of clocks, shares of misread plates, shortest
//! travel times. Learned values come into the journal as changes of the reference, so that a replay judges with what was
//! known at the time.

use crate::id::{CheckpointId, DeviceId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What was learned about a camera.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calibration {
    /// The camera.
    pub device: DeviceId,
    /// Holds for what the camera captured from here on, by its own clock, until the next calibration.
    pub from: Timestamp,
    /// How far its clock is wrong.
    pub clock: ClockError,
    /// Share of misread plates, where enough was seen.
    pub misread: Option<MisreadRate>,
}

/// The error of a device's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockError {
    /// How far it is ahead of ours in ms; negative when behind. What happened, happened at `captured_at - ahead_ms`.
    pub ahead_ms: i64,
    /// The true value lies this far around it, in ms.
    pub uncertainty_ms: u32,
}

/// How often a camera misreads, by Beijing day (06:00–18:00) and night.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MisreadRate {
    /// By day, in permille of plates read.
    pub day_permille: u16,
    /// By night, in permille of plates read.
    pub night_permille: u16,
}

/// The shortest time in which the way between two checkpoints is driven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TravelTime {
    /// Where the way begins.
    pub from: CheckpointId,
    /// Where it ends.
    pub to: CheckpointId,
    /// Less than this is not driven, in ms, by clocks set right.
    pub shortest_ms: i64,
    /// What most drive, in ms (the median of direct drives).
    pub usual_ms: i64,
    /// Drives that it rests on.
    pub drive_count: u32,
}
