//! Cases (案件化的工作): what people work on, step by step, each step against a clock.
//!
//! A case is a value; an act (指令, 签收, 验收 …) is a value; [`Case::act`] is a pure function that accepts it, and says what
//! the case is then and what else follows, or refuses it with a reason that a person understands. Stages that follow
//! one another share a *chain*: the identity of the warning (or of the first case) from which all came.

mod calendar;
mod clock;
mod desk;
pub mod form;
mod refusal;

pub use calendar::{Calendar, WorkTime};
pub use clock::{Clock, ClockEnd, ClockStep, Due, Measure, Moment, Term, Terms, Want};
pub use desk::{Desk, Task};
pub use refusal::Refusal;

use crate::id::{CheckpointId, WarningId};
use crate::people::{Actor, UnitId};
use crate::place::Wgs84;
use crate::time::Timestamp;
use crate::{Level, Theatre, Verdict};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// Identity of a case: two letters of its kind, the day, a number: `YH20261128-0007`. It is written on papers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CaseId(pub SmolStr);

impl CaseId {
    /// The `number`th case of a kind on a day.
    pub fn new(kind: CaseKind, day: crate::CivilDay, number: u64) -> Self {
        let (year, month, date) = day.ymd();
        Self(SmolStr::new(format!("{}{year:04}{month:02}{date:02}-{number:04}", kind.letters())))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What kind of case has this identity.
    pub fn kind(&self) -> Option<CaseKind> {
        CaseKind::ALL.into_iter().find(|kind| self.0.starts_with(kind.letters()))
    }
}

impl std::fmt::Display for CaseId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What all cases that follow from one another share: the warning's identity, or that of the first case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChainId(pub SmolStr);

impl ChainId {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<WarningId> for ChainId {
    fn from(id: WarningId) -> Self {
        Self(SmolStr::new(id.to_string()))
    }
}

impl From<&CaseId> for ChainId {
    fn from(id: &CaseId) -> Self {
        Self(id.0.clone())
    }
}

/// The stages, in the order of the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseKind {
    /// 布控申请
    WatchApplication,
    /// 查缉指令
    Dispatch,
    /// 拦截处置
    Interception,
    /// 宣教
    Education,
    /// 隐患
    Hazard,
}

impl CaseKind {
    /// All, in the order of the loop.
    pub const ALL: [Self; 5] =
        [Self::WatchApplication, Self::Dispatch, Self::Interception, Self::Education, Self::Hazard];

    /// The word used in the API and in files.
    pub fn key(self) -> &'static str {
        match self {
            Self::WatchApplication => "watch_application",
            Self::Dispatch => "dispatch",
            Self::Interception => "interception",
            Self::Education => "education",
            Self::Hazard => "hazard",
        }
    }

    /// The kind of a key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
    }

    /// The letters that its numbers begin with: 布控, 指令, 拦截, 宣教, 隐患.
    pub fn letters(self) -> &'static str {
        match self {
            Self::WatchApplication => "BK",
            Self::Dispatch => "ZL",
            Self::Interception => "LJ",
            Self::Education => "XJ",
            Self::Hazard => "YH",
        }
    }
}

/// A picture or paper that somebody added: SHA-256 of its bytes as 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttachmentId(pub SmolStr);

/// Where something is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Spot {
    /// The point.
    #[serde(with = "form::point::maybe")]
    pub at: Option<Wgs84>,
    /// Route code or road name: `G205`.
    pub route: Option<SmolStr>,
    /// Chainage in metres (K12+300 is 12300).
    pub chainage_m: Option<u32>,
    /// The checkpoint, where it is one.
    pub checkpoint: Option<CheckpointId>,
    /// In words.
    pub description: SmolStr,
}

/// What all cases have in common, for lists, maps and statistics. Everything else is the case's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Where it stands: the word of the state.
    pub state: &'static str,
    /// Whether somebody still has to do something.
    pub is_open: bool,
    /// How urgent.
    pub level: Level,
    /// The unit that has to act, or acted last.
    pub unit: UnitId,
    /// Another unit that has a part in it and sees it, too.
    pub also_unit: Option<UnitId>,
    /// The person who has to act, where it is one.
    pub assignee: Option<SmolStr>,
    /// One line.
    pub title: SmolStr,
    /// What kind within its kind: offence, hazard category, audience.
    pub category: SmolStr,
    /// The theatre.
    pub theatre: Option<Theatre>,
    /// The plate it is about.
    pub plate: Option<SmolStr>,
    /// The point on the map.
    pub at: Option<Wgs84>,
    /// The warning at the beginning.
    pub warning: Option<WarningId>,
}

/// What an act makes of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Done<C> {
    /// The case from now on.
    pub case: C,
    /// What else follows, in the same transaction.
    pub effects: Vec<Effect>,
}

impl<C> Done<C> {
    /// The case, and nothing else.
    pub fn only(case: C) -> Self {
        Self { case, effects: Vec::new() }
    }
}

/// What follows from an act besides.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// A case of the same chain is opened.
    Open(Box<crate::stage::Opening>),
    /// The warning of the chain is given a verdict.
    Judge(Verdict, Option<SmolStr>),
    /// The warning of the chain is being worked on the road.
    MarkDispatched,
    /// The warning of the chain is closed: its work is done.
    CloseWarning,
    /// The warning of the chain is open again: somebody has to send somebody else.
    ReopenWarning,
    /// A watch order takes effect, under the identity of the case; on which legal basis.
    PutWatchOrder(Box<crate::WatchOrder>, SmolStr),
    /// The watch order of the case ends now; why.
    EndWatchOrder(SmolStr),
    /// The case falls on another hazard.
    Relate(CaseId, Box<crate::stage::hazard::Relation>),
    /// Somebody is told.
    Tell(Audience, Tidings),
    /// Somebody is told something of the world outside, in one line; no step waits for it.
    TellNews(Audience, Tidings, SmolStr),
}

/// Whom a notice is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// One person.
    Person(SmolStr),
    /// Whoever of the unit may do this; on duty first.
    Unit(UnitId, SmolStr),
    /// The unit above it, likewise.
    Above(UnitId, SmolStr),
}

/// What is told: a word, for which each language has its sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tidings {
    /// 待办: something waits for you.
    ToDo,
    /// 时限过半
    HalfTime,
    /// 即将超时
    NearlyLate,
    /// 已超时
    Late,
    /// 被退回
    GivenBack,
    /// 已撤回、已撤销
    Withdrawn,
    /// 已办结
    Finished,
    /// 新的发现: a later sighting of the vehicle you wait for.
    Sighted,
}

impl Tidings {
    /// All.
    pub const ALL: [Self; 8] = [
        Self::ToDo,
        Self::HalfTime,
        Self::NearlyLate,
        Self::Late,
        Self::GivenBack,
        Self::Withdrawn,
        Self::Finished,
        Self::Sighted,
    ];

    /// The word used in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::ToDo => "to_do",
            Self::HalfTime => "half_time",
            Self::NearlyLate => "nearly_late",
            Self::Late => "late",
            Self::GivenBack => "given_back",
            Self::Withdrawn => "withdrawn",
            Self::Finished => "finished",
            Self::Sighted => "sighted",
        }
    }

    /// The tidings of a key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tidings| tidings.key() == key)
    }
}

/// What acts need to know of the world besides the case.
#[derive(Clone, Debug)]
pub struct Scene<'a> {
    /// Who acts.
    pub by: &'a Actor,
    /// Whether the unit of `by` covers a unit (is it, or stands above it).
    pub covers: &'a dyn Covers,
    /// When.
    pub at: Timestamp,
    /// What the acts are measured against.
    pub limits: &'a Limits,
}

/// Whether one unit stands above another, or is it.
pub trait Covers: std::fmt::Debug {
    /// Whether the unit of the person who acts covers this one.
    fn covers(&self, unit: UnitId) -> bool;
}

/// Settings that acts are measured against; data, with their source in `data/cases.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Farther from a hazard than this, nobody accepts its rectification.
    pub acceptance_m_max: u32,
    /// Pictures that a hazard's rectification needs at least.
    pub rectification_pictures_min: usize,
    /// Pictures that an acceptance needs at least.
    pub acceptance_pictures_min: usize,
    /// Two reports of one category nearer than this may be one hazard.
    pub duplicate_m_max: u32,
    /// How much longer roads are than straight lines, in thousandths.
    pub road_permille: u32,
    /// How fast a patrol drives on an order.
    pub patrol_kmh: u32,
    /// How long a patrol takes to get ready.
    pub prepare_minutes: u32,
    /// After so long without a sighting nobody knows where a vehicle is.
    pub sighting_minutes_max: u32,
    /// A warning that nobody signed expires so long after nobody could act on it any more.
    pub warning_expires_minutes: u32,
    /// Longest term of a watch order, in days.
    pub watch_days_max: u32,
    /// A crash nearer than this falls on a hazard, where its category does not say another distance.
    pub crash_m_max: u32,
    /// A crash longer ago than this says nothing of a hazard, in days.
    pub crash_days_max: u32,
    /// A case nearer than this is one that people know the place of.
    pub local_case_m_max: u32,
    /// A case longer ago than this is nobody's talk any more, in days.
    pub local_case_days_max: u32,
    /// What the categories of hazards say beside.
    #[serde(skip)]
    pub hazards: BTreeMap<SmolStr, CategoryLimits>,
}

/// What a category of hazards asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CategoryLimits {
    /// A crash nearer than this falls on it.
    pub crash_m_max: Option<u32>,
    /// Questions that have to be answered, by their words.
    pub required: Vec<SmolStr>,
}

impl Limits {
    /// How near a crash has to be to a hazard of this category.
    pub fn crash_m_max(&self, category: &str) -> u32 {
        self.hazards.get(category).and_then(|it| it.crash_m_max).unwrap_or(self.crash_m_max)
    }

    /// The same for the category that reaches farthest.
    pub fn crash_m_widest(&self) -> u32 {
        let all = self.hazards.values().filter_map(|it| it.crash_m_max);
        all.max().unwrap_or(0).max(self.crash_m_max)
    }
}

impl Scene<'_> {
    /// Refuses whoever may not do this.
    pub fn need(&self, permission: crate::people::Permission) -> Result<(), Refusal> {
        let may = self.by.is_platform() || self.by.may(permission);
        if may { Ok(()) } else { Err(Refusal::NotAllowed(permission.key().into())) }
    }

    /// Refuses whoever does not belong to the unit or one above it.
    pub fn need_unit(&self, unit: UnitId) -> Result<(), Refusal> {
        let is_in = self.by.is_platform() || self.covers.covers(unit);
        if is_in { Ok(()) } else { Err(Refusal::OtherUnit(unit)) }
    }
}

/// A stage of work.
pub trait Case: Clone + PartialEq + Serialize + DeserializeOwned {
    /// Which.
    const KIND: CaseKind;
    /// The words of its acts, in the order in which pages offer them.
    const ACTS: &'static [&'static str];
    /// What people do with it.
    type Act: Clone + Serialize + DeserializeOwned;

    /// The word of an act.
    fn act_key(act: &Self::Act) -> &'static str;

    /// Whether this person could do this now, whatever the act says in detail: state, permission, unit, separation.
    fn gate(&self, act: &str, scene: &Scene<'_>) -> Result<(), Refusal>;

    /// What an act makes of the case. Calls [`Case::gate`] first.
    fn act(&self, act: &Self::Act, scene: &Scene<'_>) -> Result<Done<Self>, Refusal>;

    /// What lists show.
    fn summary(&self) -> Summary;

    /// The clock that runs in this state.
    fn clock(&self) -> Option<Want>;

    /// What the platform does by itself when that clock has run out.
    fn when_late(&self) -> Option<Self::Act> {
        None
    }

    /// The words of the acts that this person could do now.
    fn offered(&self, scene: &Scene<'_>) -> Vec<&'static str> {
        Self::ACTS.iter().copied().filter(|act| self.gate(act, scene).is_ok()).collect()
    }
}

/// Whether an act does the step that waited, or takes it away: whoever takes an order back did not do what was ordered.
pub fn does_the_step(act: &str) -> bool {
    !matches!(act, "withdraw" | "reassign" | "lapse" | "merge")
}

/// Whether an act only adds what the platform learned. It takes nothing away from what people saw when they decided, so the
/// version stays, and whoever writes a report meanwhile can still send it.
pub fn is_news(act: &str) -> bool {
    matches!(act, "sighted" | "relate")
}

/// Text that has to be there: trimmed, not empty, not longer than `chars_max`.
pub(crate) fn text(field: &'static str, text: &str, chars_max: usize) -> Result<SmolStr, Refusal> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err(Refusal::Missing(field.into())),
        count if count > chars_max => Err(Refusal::TooLong(field.into(), chars_max)),
        _ => Ok(SmolStr::new(text)),
    }
}

/// Longest text of one act, in characters.
pub const TEXT_CHARS_MAX: usize = 2_000;
