//! Reports of hazards: what, where, by which way it came.

use super::{Grade, Hazard, HazardState, PICTURES_MAX};
use crate::case::{AttachmentId, Done, Refusal, Scene, Spot, TEXT_CHARS_MAX, Tidings, text};
use crate::people::{Permission, UnitId};
use crate::{CrashId, Theatre, WarningId};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// Of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HazardKind {
    /// 道路隐患: of roads and their equipment.
    Road,
    /// 人员隐患
    Person,
    /// 车辆隐患
    Vehicle,
    /// 企业隐患
    Enterprise,
}

crate::stage::words!(HazardKind { Road = "road", Person = "person", Vehicle = "vehicle", Enterprise = "enterprise" });

/// By which way it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// 预警
    Warning,
    /// 巡查
    Patrol,
    /// 村级上报
    Village,
    /// 群众上报
    Public,
    /// 事故
    Crash,
    /// 事故多发点段
    BlackSpot,
    /// 部门移交
    Department,
}

crate::stage::words!(Source {
    Warning = "warning",
    Patrol = "patrol",
    Village = "village",
    Public = "public",
    Crash = "crash",
    BlackSpot = "black_spot",
    Department = "department",
});

/// The answer to a question of its category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The word of the question.
    pub question: SmolStr,
    /// What was answered.
    pub answer: SmolStr,
}

/// What is reported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The warning that it comes from.
    #[serde(default, with = "crate::case::form::warning::maybe")]
    pub warning: Option<WarningId>,
    /// By which way it came.
    pub source: Source,
    /// Of what.
    pub hazard_kind: HazardKind,
    /// The category, a word of `data/hazards.toml`.
    pub category: SmolStr,
    /// How grave, as the reporter sees it.
    pub grade: Grade,
    /// One line.
    pub title: SmolStr,
    /// What is wrong.
    #[serde(default)]
    pub description: SmolStr,
    /// Answers to the questions of the category.
    #[serde(default)]
    pub answers: Vec<Answer>,
    /// Where.
    #[serde(default)]
    pub spot: Spot,
    /// The theatre.
    #[serde(default, with = "crate::case::form::theatre::maybe")]
    pub theatre: Option<Theatre>,
    /// The unit in whose area it lies, which sees to it.
    pub unit: UnitId,
    /// The plate, for a hazard of a vehicle.
    #[serde(default)]
    pub plate: Option<SmolStr>,
    /// Pictures of before.
    #[serde(default)]
    pub pictures: Vec<AttachmentId>,
    /// How somebody from the public can be reached; shown to those who verify, never exported.
    #[serde(default)]
    pub contact: SmolStr,
    /// The crash from which it is reported.
    #[serde(default)]
    pub crash: Option<CrashId>,
}

impl Report {
    pub(super) fn check(&self) -> Result<(), Refusal> {
        text("title", &self.title, 100)?;
        text("category", &self.category, 64)?;
        for (field, value, chars_max) in [
            ("description", &self.description, TEXT_CHARS_MAX),
            ("contact", &self.contact, 100),
            ("spot", &self.spot.description, 200),
        ] {
            if value.chars().count() > chars_max {
                return Err(Refusal::TooLong(field.into(), chars_max));
            }
        }
        let is_placed = self.spot.at.is_some() || !self.spot.description.trim().is_empty();
        if self.hazard_kind == HazardKind::Road && !is_placed {
            return Err(Refusal::Missing("spot".into()));
        }
        if self.pictures.len() > PICTURES_MAX {
            return Err(Refusal::TooLong("pictures".into(), PICTURES_MAX));
        }
        if self.answers.len() > 50 {
            return Err(Refusal::TooLong("answers".into(), 50));
        }
        Ok(())
    }

    /// Refuses a report that leaves open what its category has to know.
    pub(super) fn check_answers(&self, scene: &Scene<'_>) -> Result<(), Refusal> {
        let Some(asked) = scene.limits.hazards.get(&self.category) else { return Ok(()) };
        let is_answered = |question: &SmolStr| {
            self.answers.iter().any(|it| it.question == *question && !it.answer.trim().is_empty())
        };
        let all = asked.required.iter().all(is_answered);
        if all { Ok(()) } else { Err(Refusal::Missing("answers".into())) }
    }

    /// Reports a hazard.
    pub fn open(&self, scene: &Scene<'_>) -> Result<Done<Hazard>, Refusal> {
        scene.need(Permission::ReportHazards)?;
        self.check()?;
        // Who reports from the road says what is seen there; who keeps hazards says all, then or on verifying.
        if scene.by.may(Permission::ManageHazards) {
            self.check_answers(scene)?;
        }
        let case = Hazard {
            report: self.clone(),
            state: HazardState::Reported,
            grade: self.grade,
            reported_by: scene.by.username.clone(),
            verified_by: None,
            notice: None,
            rectification: None,
            acceptance: None,
            struck_off_by: None,
            supervision: None,
            extension: None,
            merged_into: None,
            reason: None,
            reopened_count: 0,
            crashes: self.crash.iter().cloned().collect(),
            reports: Vec::new(),
        };
        let tell = Hazard::tell(self.unit, Permission::ManageHazards, Tidings::ToDo);
        Ok(Done { case, effects: vec![tell] })
    }
}
