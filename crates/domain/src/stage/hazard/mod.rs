//! Hazards (隐患): reported, verified, noticed to whoever has to rectify, rectified, accepted on the spot by somebody else, struck off
//! by the office; given back, merged, listed for supervision (挂牌督办), and open again when a crash or a report falls on a
//! struck-off place.

mod acts;
mod report;
#[cfg(test)]
mod tests;

pub use acts::{HazardAct, Relation};
pub use report::{Answer, HazardKind, Report, Source};

use crate::case::{
    AttachmentId, Audience, Case, CaseId, CaseKind, ClockStep, Done, Due, Effect, Refusal, Scene, Spot,
    Summary, Tidings, Want,
};
use crate::people::{Permission, UnitId};
use crate::{CrashId, Level, Timestamp};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// Where a hazard stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HazardState {
    /// 待核实
    Reported,
    /// 已核实，待下发整改通知书
    Verified,
    /// 已下发，待接收
    Noticed,
    /// 整改中
    Rectifying,
    /// 已整改，待验收
    Submitted,
    /// 已验收，待销号
    Accepted,
    /// 已销号
    StruckOff,
    /// 不属实
    Unfounded,
    /// 已并入
    Merged,
}

super::words!(HazardState {
    Reported = "reported",
    Verified = "verified",
    Noticed = "noticed",
    Rectifying = "rectifying",
    Submitted = "submitted",
    Accepted = "accepted",
    StruckOff = "struck_off",
    Unfounded = "unfounded",
    Merged = "merged",
});

/// How grave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// 一般
    General,
    /// 较大
    Larger,
    /// 重大
    Major,
}

super::words!(Grade { General = "general", Larger = "larger", Major = "major" });

impl Grade {
    /// The level that clocks and lists know.
    pub fn level(self) -> Level {
        match self {
            Self::General => Level::Low,
            Self::Larger => Level::Medium,
            Self::Major => Level::High,
        }
    }
}

/// Rectification notice (整改通知书).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Number of the paper.
    pub number: SmolStr,
    /// What has to be done.
    pub measure: SmolStr,
    /// Who has to do it.
    pub unit: UnitId,
    /// Until when.
    #[serde(with = "crate::case::form::instant")]
    pub deadline: Timestamp,
    /// Who issued it.
    pub issued_by: SmolStr,
    /// When.
    #[serde(with = "crate::case::form::instant")]
    pub issued_at: Timestamp,
}

/// What was done, and shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rectification {
    /// In words.
    pub note: SmolStr,
    /// Pictures of afterwards.
    pub pictures: Vec<AttachmentId>,
    /// Who submitted it.
    pub by: SmolStr,
    /// The person's unit.
    pub unit: Option<UnitId>,
    /// When.
    #[serde(with = "crate::case::form::instant")]
    pub at: Timestamp,
}

/// The check on the spot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Acceptance {
    /// In words.
    pub note: SmolStr,
    /// Pictures taken there.
    pub pictures: Vec<AttachmentId>,
    /// Who accepted.
    pub by: SmolStr,
    /// The person's unit.
    pub unit: Option<UnitId>,
    /// When.
    #[serde(with = "crate::case::form::instant")]
    pub at: Timestamp,
    /// How far from the hazard; `None` where the hazard has no point.
    pub distance_m: Option<u32>,
}

/// Listing for supervision (挂牌督办).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Supervision {
    /// By whom: `county`, `city`, `province`.
    pub tier: SmolStr,
    /// Number of the paper.
    pub document: SmolStr,
    /// Until when.
    #[serde(with = "crate::case::form::instant")]
    pub until: Timestamp,
    /// Who listed it.
    pub by: SmolStr,
    /// When.
    #[serde(with = "crate::case::form::instant")]
    pub at: Timestamp,
}

/// A request for more time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extension {
    /// Until when.
    #[serde(with = "crate::case::form::instant")]
    pub until: Timestamp,
    /// Why.
    pub reason: SmolStr,
    /// Who asked.
    pub by: SmolStr,
}

/// A hazard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hazard {
    /// What was reported, mended by whoever verified it.
    pub report: Report,
    /// Where it stands.
    pub state: HazardState,
    /// How grave.
    pub grade: Grade,
    /// Who reported it.
    pub reported_by: SmolStr,
    /// Who verified it.
    pub verified_by: Option<SmolStr>,
    /// The notice that holds.
    pub notice: Option<Notice>,
    /// What was done, as submitted last.
    pub rectification: Option<Rectification>,
    /// The check, as done last.
    pub acceptance: Option<Acceptance>,
    /// Who struck it off.
    pub struck_off_by: Option<SmolStr>,
    /// The listing that holds.
    pub supervision: Option<Supervision>,
    /// More time that was asked for and not answered yet.
    pub extension: Option<Extension>,
    /// The hazard that this one is a repeat of.
    pub merged_into: Option<CaseId>,
    /// Why it was given back, found unfounded or opened again last.
    pub reason: Option<SmolStr>,
    /// How often it was opened again after it was struck off.
    pub reopened_count: u16,
    /// Crashes that fell on it.
    #[serde(default)]
    pub crashes: Vec<CrashId>,
    /// Reports that were merged into it.
    #[serde(default)]
    pub reports: Vec<CaseId>,
}

impl Hazard {
    /// The unit that has to act, or acted last.
    fn unit(&self) -> UnitId {
        let rectifies = matches!(self.state, HazardState::Noticed | HazardState::Rectifying);
        match &self.notice {
            Some(notice) if rectifies => notice.unit,
            _ => self.report.unit,
        }
    }

    /// Of the unit in whose area it lies and the one that rectifies, the one that does not have to act now.
    fn other_unit(&self) -> Option<UnitId> {
        let notice = self.notice.as_ref()?;
        Some(if self.unit() == notice.unit { self.report.unit } else { notice.unit })
    }

    fn tell(unit: UnitId, permission: Permission, tidings: Tidings) -> Effect {
        Effect::Tell(Audience::Unit(unit, SmolStr::new_static(permission.key())), tidings)
    }

    fn tell_reporter(&self, tidings: Tidings) -> Effect {
        Effect::Tell(Audience::Person(self.reported_by.clone()), tidings)
    }
}

impl Case for Hazard {
    const KIND: CaseKind = CaseKind::Hazard;
    const ACTS: &'static [&'static str] = &[
        "verify",
        "unfounded",
        "merge",
        "issue_notice",
        "take",
        "ask_extension",
        "grant_extension",
        "refuse_extension",
        "submit",
        "accept",
        "give_back",
        "strike_off",
        "supervise",
        "end_supervision",
        "reopen",
        "regrade",
    ];
    type Act = HazardAct;

    fn act_key(act: &HazardAct) -> &'static str {
        act.key()
    }

    fn gate(&self, act: &str, scene: &Scene<'_>) -> Result<(), Refusal> {
        acts::gate(self, act, scene)
    }

    fn act(&self, act: &HazardAct, scene: &Scene<'_>) -> Result<Done<Self>, Refusal> {
        self.gate(act.key(), scene)?;
        acts::act(self, act, scene)
    }

    fn summary(&self) -> Summary {
        use HazardState::{Merged, StruckOff, Unfounded};
        Summary {
            state: self.state.key(),
            is_open: !matches!(self.state, StruckOff | Unfounded | Merged),
            level: self.grade.level(),
            unit: self.unit(),
            also_unit: self.other_unit(),
            assignee: None,
            title: self.report.title.clone(),
            category: self.report.category.clone(),
            theatre: self.report.theatre,
            plate: self.report.plate.clone(),
            at: self.report.spot.at,
            warning: self.report.warning,
        }
    }

    fn clock(&self) -> Option<Want> {
        let home = self.report.unit;
        let (step, unit, permission) = match self.state {
            HazardState::Reported => (ClockStep::VerifyHazard, home, Permission::ManageHazards),
            HazardState::Verified => (ClockStep::IssueNotice, home, Permission::ManageHazards),
            HazardState::Noticed => (ClockStep::TakeRectification, self.unit(), Permission::RectifyHazards),
            HazardState::Rectifying => (ClockStep::Rectify, self.unit(), Permission::RectifyHazards),
            HazardState::Submitted => (ClockStep::AcceptHazard, home, Permission::AcceptHazards),
            HazardState::Accepted => (ClockStep::StrikeHazard, home, Permission::StrikeHazards),
            HazardState::StruckOff | HazardState::Unfounded | HazardState::Merged => return None,
        };
        let due = match (&self.notice, self.state) {
            (Some(notice), HazardState::Rectifying) => Due::At(notice.deadline),
            _ => Due::Term,
        };
        Some(Want { step, unit, person: None, due, permission: permission.key() })
    }
}

/// Pictures of one step at most.
pub const PICTURES_MAX: usize = 20;
/// Crashes, and reports, that a hazard names at most.
pub const RELATED_MAX: usize = 200;

/// Metres between a point and a hazard, where both are known.
fn distance_m(spot: &Spot, hazard: &Spot) -> Option<u32> {
    Some(spot.at?.distance_m(hazard.at?).round() as u32)
}
