//! Warnings (预警): what a model raises, with its evidence.

use crate::id::{CheckpointId, DeviceId, SectionId, WarningId, WatchOrderId};
use crate::observation::{AlarmKind, Observation};
use crate::place::Wgs84;
use crate::plate::Plate;
use crate::time::{CivilDay, Timestamp};
use crate::vehicle::VehicleKey;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// A built-in model (预警模型).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ModelId {
    /// 布控比对
    WatchOrder,
    /// 区间测速
    AverageSpeed,
    /// 疲劳驾驶
    Fatigue,
    /// 客车凌晨运行
    NightCoach,
    /// 终端报警
    DeviceAlarm,
    /// 逾期未检验
    OverdueInspection,
    /// 逾期未报废
    OverdueScrapping,
    /// 多次违法未处理
    UnhandledOffences,
}

impl ModelId {
    /// All models, in the order in which pages list them.
    pub const ALL: [Self; 8] = [
        Self::WatchOrder,
        Self::AverageSpeed,
        Self::Fatigue,
        Self::NightCoach,
        Self::DeviceAlarm,
        Self::OverdueInspection,
        Self::OverdueScrapping,
        Self::UnhandledOffences,
    ];

    /// The word used in the API and in files.
    pub fn key(self) -> &'static str {
        match self {
            Self::WatchOrder => "watch_order",
            Self::AverageSpeed => "average_speed",
            Self::Fatigue => "fatigue",
            Self::NightCoach => "night_coach",
            Self::DeviceAlarm => "device_alarm",
            Self::OverdueInspection => "overdue_inspection",
            Self::OverdueScrapping => "overdue_scrapping",
            Self::UnhandledOffences => "unhandled_offences",
        }
    }

    /// The model of a key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.key() == key)
    }
}

/// How urgent a warning is; greater is more urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Level {
    /// 三级: for the record and for the next check.
    Low,
    /// 二级
    Medium,
    /// 一级: act now.
    High,
}

impl Level {
    /// The word used in the API and in files.
    pub fn key(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// The level of a key.
    pub fn parse(key: &str) -> Option<Self> {
        [Self::Low, Self::Medium, Self::High].into_iter().find(|level| level.key() == key)
    }
}

/// What a model raised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// By model, version, subject and what it rests on.
    pub id: WarningId,
    /// Which model.
    pub model: ModelId,
    /// Which version of the model.
    pub model_version: u16,
    /// Who.
    pub subject: Subject,
    /// How urgent.
    pub level: Level,
    /// The checkpoint, where it has one.
    pub checkpoint: Option<CheckpointId>,
    /// Where it happened.
    pub location: Option<Wgs84>,
    /// When it happened, by the devices' clocks: the capture time of the evidence that completed it.
    pub occurred_at: Timestamp,
    /// When the last piece of its evidence reached us.
    pub raised_at: Timestamp,
    /// Until when sending somebody out makes sense.
    pub actionable_until: Timestamp,
    /// Completed by evidence that came too late to act on: for the record only, never sends anyone out.
    pub is_historical: bool,
    /// What was found.
    pub detail: Detail,
    /// The observations that prove it, in order of capture; at most [`EVIDENCE_MAX`].
    pub evidence: Vec<Observation>,
}

/// Most observations that a warning carries; a longer proof is thinned evenly, its first and last kept.
pub const EVIDENCE_MAX: usize = 16;

/// Whom a warning is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The vehicle that is meant (for a misread hit: the ordered one).
    pub vehicle: Option<VehicleKey>,
    /// The plate as the device wrote it, where a plate was read.
    pub plate_text: Option<SmolStr>,
    /// The terminal, where it comes from one.
    pub device: Option<DeviceId>,
}

/// What was found, by model. Durations in the unit that the name ends in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Detail {
    /// A vehicle under a watch order was seen.
    WatchOrder {
        /// The order.
        order: WatchOrderId,
        /// Its plate.
        ordered_plate: Plate,
        /// What the camera read.
        read_plate: Plate,
        /// Likelihood that the read is the ordered plate, 0–1000 (1000 = exact).
        score_permille: u16,
        /// The order's reason.
        reason: SmolStr,
    },
    /// Too fast over a section.
    AverageSpeed {
        /// The section.
        section: SectionId,
        /// Its length.
        length_m: u32,
        /// Time between the two points.
        elapsed_ms: i64,
        /// Average speed in 0.1 km/h, rounded down.
        speed_dkmh: u32,
        /// The limit that held.
        limit_kmh: u16,
    },
    /// Driving without the rest that the law asks for.
    Fatigue {
        /// Start of the drive.
        started_at: Timestamp,
        /// Driven until the last evidence.
        driven_minutes: u32,
        /// The limit that was passed.
        limit_minutes: u32,
        /// Whether the night limit was the one passed.
        is_night: bool,
    },
    /// A coach on the move between 02:00 and 05:00.
    NightCoach {
        /// The Beijing day whose early morning it was.
        day: CivilDay,
        /// First evidence of movement in the window.
        first_moving_at: Timestamp,
        /// Minutes in the window with evidence of movement.
        moving_minutes: u32,
    },
    /// A terminal raised an alarm.
    DeviceAlarm {
        /// Which.
        kind: AlarmKind,
        /// Reports in the episode.
        count: u32,
        /// First report of the episode.
        first_at: Timestamp,
        /// Last report of the episode.
        last_at: Timestamp,
    },
    /// Inspection expired.
    OverdueInspection {
        /// Last valid day.
        valid_until: CivilDay,
        /// Days since.
        overdue_days: u32,
    },
    /// Past the day of compulsory scrapping.
    OverdueScrapping {
        /// That day.
        scrap_by: CivilDay,
        /// Days since.
        overdue_days: u32,
    },
    /// Many offences not handled.
    UnhandledOffences {
        /// How many.
        count: u16,
        /// From how many on.
        threshold: u16,
    },
}

/// What judgement says when an entry is applied. Warnings are folded by identity: raise, revise, withdraw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// New, or raised again with the same identity.
    Raise(Box<Warning>),
    /// The same warning on better evidence.
    Revise(Box<Warning>),
    /// Refuted by later evidence.
    Withdraw {
        /// Which.
        id: WarningId,
        /// Why, in one of the model's words.
        reason: WithdrawReason,
    },
}

/// Why judgement takes a warning back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WithdrawReason {
    /// A late observation showed that it did not happen so.
    Refuted,
    /// A late observation moved or joined it: another warning takes its place.
    Replaced,
}

impl WithdrawReason {
    /// The word used in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Refuted => "refuted",
            Self::Replaced => "replaced",
        }
    }
}
