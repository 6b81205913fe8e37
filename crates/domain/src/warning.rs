//! Warnings (预警): what a model raises, with its evidence.

use crate::discipline::Mark;
use crate::id::{CheckpointId, DeviceId, RuleId, SectionId, WarningId, WatchOrderId, ZoneId};
use crate::observation::{AlarmKind, Behaviour, Observation};
use crate::place::Wgs84;
use crate::plate::Plate;
use crate::time::{CivilDay, Timestamp};
use crate::vehicle::VehicleKey;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// A model (预警模型): built in, or a rule that a user wrote. The order of declaration is that of stored bytes.
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
    /// 套牌嫌疑
    ClonePlate,
    /// 假牌嫌疑
    FakePlate,
    /// 无牌、遮挡号牌
    HiddenPlate,
    /// 单点超速
    SpotSpeed,
    /// 累计驾驶超时
    DrivingTime,
    /// 卡口推算疲劳驾驶
    PassageFatigue,
    /// 危货车违规路线、时段
    DangerousGoods,
    /// 违反限行
    ZoneBan,
    /// 逆行
    WrongWay,
    /// 超限超载
    Overload,
    /// 卡口识别违法
    CameraReport,
    /// 终端失联
    TerminalSilent,
    /// 车、终端位置不符
    TerminalElsewhere,
    /// 区间滞留
    NoExit,
    /// 自定义规则
    Rule,
}

impl ModelId {
    /// All models, in the order in which pages list them.
    pub const ALL: [Self; 23] = [
        Self::WatchOrder,
        Self::ClonePlate,
        Self::FakePlate,
        Self::HiddenPlate,
        Self::OverdueInspection,
        Self::OverdueScrapping,
        Self::UnhandledOffences,
        Self::AverageSpeed,
        Self::SpotSpeed,
        Self::WrongWay,
        Self::Overload,
        Self::CameraReport,
        Self::Fatigue,
        Self::PassageFatigue,
        Self::DrivingTime,
        Self::NightCoach,
        Self::DangerousGoods,
        Self::ZoneBan,
        Self::NoExit,
        Self::DeviceAlarm,
        Self::TerminalSilent,
        Self::TerminalElsewhere,
        Self::Rule,
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
            Self::ClonePlate => "clone_plate",
            Self::FakePlate => "fake_plate",
            Self::HiddenPlate => "hidden_plate",
            Self::SpotSpeed => "spot_speed",
            Self::DrivingTime => "driving_time",
            Self::PassageFatigue => "passage_fatigue",
            Self::DangerousGoods => "dangerous_goods",
            Self::ZoneBan => "zone_ban",
            Self::WrongWay => "wrong_way",
            Self::Overload => "overload",
            Self::CameraReport => "camera_report",
            Self::TerminalSilent => "terminal_silent",
            Self::TerminalElsewhere => "terminal_elsewhere",
            Self::NoExit => "no_exit",
            Self::Rule => "rule",
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
    /// One number on two vehicles.
    ClonePlate {
        /// What shows it.
        evidence: CloneEvidence,
        /// How many contradictions were seen.
        contradiction_count: u32,
        /// The first of them.
        first_at: Timestamp,
        /// The days before have shown the same, and without them this day would not be enough.
        #[serde(default)]
        needs_earlier: bool,
    },
    /// A number that the register does not know, where it knows all.
    FakePlate {
        /// The number.
        plate: Plate,
        /// How often it was read so.
        sighting_count: u32,
        /// At how many checkpoints.
        place_count: u32,
        /// First sighting.
        first_at: Timestamp,
    },
    /// A vehicle seen repeatedly without a readable plate.
    HiddenPlate {
        /// How often.
        sighting_count: u32,
        /// First sighting.
        first_at: Timestamp,
        /// Whether the cameras say that the plate is covered; else there is none.
        is_covered: bool,
    },
    /// Too fast at one place.
    SpotSpeed {
        /// What was measured.
        speed_kmh: u16,
        /// The limit that held.
        limit_kmh: u16,
    },
    /// More driving in a window of days than the law allows.
    DrivingTime {
        /// Length of the window: 24 h or 7 days.
        window_hours: u32,
        /// Begin of the window in which it was driven.
        window_from: Timestamp,
        /// Driven in it.
        driven_minutes: u32,
        /// The limit that was passed.
        limit_minutes: u32,
    },
    /// Driving without rest, as checkpoints show it.
    PassageFatigue {
        /// First passage of the drive.
        started_at: Timestamp,
        /// From the first passage to the last, rests that can't be excluded left out.
        driven_minutes: u32,
        /// The limit that was passed.
        limit_minutes: u32,
        /// Whether the night limit was the one passed.
        is_night: bool,
    },
    /// Dangerous goods where or when they may not be.
    DangerousGoods {
        /// Whether the place is allowed and only the hour is not.
        is_hours: bool,
        /// The corridor whose hours do not hold; `None` off all corridors.
        zone: Option<ZoneId>,
        /// First evidence.
        first_at: Timestamp,
    },
    /// In a zone that is banned for it.
    ZoneBan {
        /// The zone.
        zone: ZoneId,
        /// Its name at the time.
        name: SmolStr,
        /// First evidence.
        first_at: Timestamp,
    },
    /// Against the direction of the road.
    WrongWay {
        /// The direction code that was seen.
        direction: Option<u8>,
        /// Whether the camera itself says so.
        is_reported: bool,
    },
    /// Too heavy.
    Overload {
        /// What was weighed.
        total_kg: u32,
        /// The limit that held (GB 1589).
        limit_kg: u32,
        /// Axles counted.
        axle_count: u8,
        /// 百吨王: beyond 100 t.
        is_hundred_ton: bool,
    },
    /// What a camera says it saw.
    CameraReport {
        /// What.
        behaviour: Behaviour,
    },
    /// Seen on the road while its terminal says nothing.
    TerminalSilent {
        /// When it was seen.
        seen_at: Timestamp,
        /// The terminal's last report before, on the same Beijing day; `None` when there was none.
        last_report_at: Option<Timestamp>,
        /// How long around the sighting nothing was reported.
        silent_minutes: u32,
    },
    /// Seen in one place while its terminal reports another.
    TerminalElsewhere {
        /// When it was seen.
        seen_at: Timestamp,
        /// Distance between the two places at that time, after all that clocks and driving can explain.
        distance_m: u32,
    },
    /// Went into a section and did not come out.
    NoExit {
        /// The section.
        section: SectionId,
        /// When it went in.
        entered_at: Timestamp,
        /// How long it should have taken at most.
        expected_minutes: u32,
    },
    /// A rule that a user wrote.
    Rule {
        /// The rule.
        rule: RuleId,
        /// Its version.
        version: u16,
        /// Its name.
        name: SmolStr,
        /// The values that its condition saw, by name, as text.
        values: Vec<(SmolStr, SmolStr)>,
    },
}

/// What shows that a number is on two vehicles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CloneEvidence {
    /// Too soon at a second place.
    Journey {
        /// The first place.
        from: CheckpointId,
        /// The second place.
        to: CheckpointId,
        /// Between the two, clocks set right.
        elapsed_ms: i64,
        /// The shortest time that is ever driven.
        shortest_ms: i64,
    },
    /// It looks other than the register says.
    Look {
        /// Class of the plate or ground colour differ.
        is_plate_other: bool,
        /// Vehicle type differs.
        is_type_other: bool,
        /// Body colour differs.
        is_color_other: bool,
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
    /// How a warning stands among the others now; said after the outcome that changed it.
    Mark {
        /// Which.
        id: WarningId,
        /// How it stands.
        mark: Mark,
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
