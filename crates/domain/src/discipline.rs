//! Discipline of warnings: what keeps the board readable. Verdicts, silences, maintenance windows, and the mark that says
//! with which other warnings one belongs together and why it is not shown by itself.

use crate::id::{CheckpointId, DeviceId, SilenceId, WarningId};
use crate::time::Timestamp;
use crate::vehicle::VehicleKey;
use crate::warning::ModelId;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// What a warning was worth, as the officer on the road or at the desk saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Verdict {
    /// 属实: it was so.
    Confirmed,
    /// 号牌误识: the camera misread the plate.
    Misread,
    /// 被套牌: the plate is somebody else's; the vehicle on the register did nothing.
    Cloned,
    /// 已过时: true, but too old to act on.
    Stale,
    /// 豁免: true, but allowed (permit, emergency, relay point …).
    Exempt,
    /// 数据有误: the register or the list was wrong.
    WrongData,
    /// 不属实: nothing of the kind.
    Unfounded,
}

impl Verdict {
    /// All, in the order in which pages list them.
    pub const ALL: [Self; 7] = [
        Self::Confirmed,
        Self::Misread,
        Self::Cloned,
        Self::Stale,
        Self::Exempt,
        Self::WrongData,
        Self::Unfounded,
    ];

    /// The word used in the API and in files.
    pub fn key(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Misread => "misread",
            Self::Cloned => "cloned",
            Self::Stale => "stale",
            Self::Exempt => "exempt",
            Self::WrongData => "wrong_data",
            Self::Unfounded => "unfounded",
        }
    }

    /// The verdict of a key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.key() == key)
    }

    /// Whether what the model said was so; a stale or exempt warning was not the model's fault, but no catch either.
    pub fn is_true(self) -> bool {
        matches!(self, Self::Confirmed | Self::Cloned)
    }
}

/// A verdict with what it teaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictGiven {
    /// The warning.
    pub warning: WarningId,
    /// Its model.
    pub model: ModelId,
    /// What it was worth.
    pub verdict: Verdict,
    /// When it was given.
    pub at: Timestamp,
    /// The reads that the warning rested on: by which camera, and when.
    pub reads: Vec<(DeviceId, Timestamp)>,
}

/// Warnings that nobody is to be disturbed with for a while. They are raised and kept, but hidden.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Identity.
    pub id: SilenceId,
    /// Of this model; of all when empty.
    pub model: Option<ModelId>,
    /// About this vehicle; about all when empty.
    pub vehicle: Option<VehicleKey>,
    /// At this checkpoint; everywhere when empty.
    pub checkpoint: Option<CheckpointId>,
    /// Warnings that occurred from here on.
    pub from: Timestamp,
    /// Warnings that occurred before this.
    pub until: Timestamp,
    /// Why.
    pub reason: SmolStr,
}

/// A device that is worked on: what it reports meanwhile disturbs nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maintenance {
    /// Identity.
    pub id: SilenceId,
    /// The device.
    pub device: DeviceId,
    /// From when, by what it captured.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub reason: SmolStr,
}

/// How a warning stands among the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The first warning of its group (同车同类合并): repeats of the same vehicle and model. Itself when it is the first.
    pub group: WarningId,
    /// Why it is not shown by itself, if so.
    pub hidden: Option<Hidden>,
}

/// Why a warning is not shown by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hidden {
    /// A stronger warning about the same vehicle says enough.
    Stronger(WarningId),
    /// A silence.
    Silenced(SilenceId),
    /// Its device is being worked on.
    Maintenance(SilenceId),
}
