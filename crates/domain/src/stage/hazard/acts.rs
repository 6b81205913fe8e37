//! What people do with a hazard, who may, and what comes of it.

use super::{
    Acceptance, Answer, Extension, Grade, Hazard, HazardState, Notice, PICTURES_MAX, RELATED_MAX,
    Rectification, Supervision, distance_m,
};
use crate::case::{AttachmentId, CaseId, Done, Effect, Refusal, Scene, Spot, TEXT_CHARS_MAX, Tidings, text};
use crate::people::{Permission, UnitId};
use crate::{CrashId, Timestamp};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// What falls on a hazard: a crash, or another report of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Relation {
    /// The crash.
    pub crash: Option<CrashId>,
    /// The report.
    pub report: Option<CaseId>,
    /// How far away.
    pub distance_m: Option<u32>,
    /// Pictures that it brings along.
    pub pictures: Vec<AttachmentId>,
    /// In words.
    pub note: SmolStr,
}

/// What people do with a hazard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum HazardAct {
    /// 核实属实
    Verify {
        /// How grave it is found.
        grade: Grade,
        /// Where it is, if that was not right.
        #[serde(default)]
        spot: Option<Spot>,
        /// The category, if that was not right.
        #[serde(default)]
        category: Option<SmolStr>,
        /// In words.
        #[serde(default)]
        note: SmolStr,
        /// Pictures.
        #[serde(default)]
        pictures: Vec<AttachmentId>,
        /// Answers to questions, where there are other ones; these stand in place of those of the report.
        #[serde(default)]
        answers: Vec<Answer>,
    },
    /// 不属实
    Unfounded {
        /// Why.
        reason: SmolStr,
    },
    /// 并入
    Merge {
        /// The hazard that it is a repeat of.
        into: CaseId,
        /// What else there is to say.
        #[serde(default)]
        note: SmolStr,
    },
    /// 下发整改通知书
    IssueNotice {
        /// Number of the paper; the platform gives one when left out.
        #[serde(default)]
        number: SmolStr,
        /// What has to be done.
        measure: SmolStr,
        /// Who has to do it.
        unit: UnitId,
        /// Until when.
        #[serde(with = "crate::case::form::instant")]
        deadline: Timestamp,
    },
    /// 接收整改任务
    Take,
    /// 申请延期
    AskExtension {
        /// Until when.
        #[serde(with = "crate::case::form::instant")]
        until: Timestamp,
        /// Why.
        reason: SmolStr,
    },
    /// 同意延期
    GrantExtension {
        /// What else there is to say.
        #[serde(default)]
        note: SmolStr,
    },
    /// 不同意延期
    RefuseExtension {
        /// Why.
        reason: SmolStr,
    },
    /// 提交整改
    Submit {
        /// What was done.
        note: SmolStr,
        /// Pictures of afterwards.
        pictures: Vec<AttachmentId>,
    },
    /// 验收通过
    Accept {
        /// What was seen.
        #[serde(default)]
        note: SmolStr,
        /// Pictures taken there.
        pictures: Vec<AttachmentId>,
        /// Where the person stands.
        #[serde(default)]
        spot: Spot,
    },
    /// 退回整改
    GiveBack {
        /// What is missing.
        reason: SmolStr,
        /// Until when, if there is more time.
        #[serde(default, with = "crate::case::form::instant::maybe")]
        deadline: Option<Timestamp>,
    },
    /// 销号
    StrikeOff {
        /// What else there is to say.
        #[serde(default)]
        note: SmolStr,
    },
    /// 挂牌督办
    Supervise {
        /// `county`, `city`, `province`.
        tier: SmolStr,
        /// Number of the paper.
        document: SmolStr,
        /// Until when.
        #[serde(with = "crate::case::form::instant")]
        until: Timestamp,
    },
    /// 摘牌
    EndSupervision {
        /// Why.
        reason: SmolStr,
    },
    /// 重新打开
    Reopen {
        /// What fell on it: a crash, a report.
        reason: SmolStr,
    },
    /// 调整等级
    Regrade {
        /// How grave.
        grade: Grade,
        /// Why.
        reason: SmolStr,
    },
    /// 关联事故或重复上报: by the platform alone.
    Relate(Box<Relation>),
}

impl HazardAct {
    /// The word used in the API.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Verify { .. } => "verify",
            Self::Unfounded { .. } => "unfounded",
            Self::Merge { .. } => "merge",
            Self::IssueNotice { .. } => "issue_notice",
            Self::Take => "take",
            Self::AskExtension { .. } => "ask_extension",
            Self::GrantExtension { .. } => "grant_extension",
            Self::RefuseExtension { .. } => "refuse_extension",
            Self::Submit { .. } => "submit",
            Self::Accept { .. } => "accept",
            Self::GiveBack { .. } => "give_back",
            Self::StrikeOff { .. } => "strike_off",
            Self::Supervise { .. } => "supervise",
            Self::EndSupervision { .. } => "end_supervision",
            Self::Reopen { .. } => "reopen",
            Self::Regrade { .. } => "regrade",
            Self::Relate(_) => "relate",
        }
    }
}

pub(super) fn gate(hazard: &Hazard, act: &str, scene: &Scene<'_>) -> Result<(), Refusal> {
    use HazardState::{Accepted, Noticed, Rectifying, Reported, StruckOff, Submitted, Verified};
    use Permission::{AcceptHazards, ManageHazards, RectifyHazards, ReportHazards, StrikeHazards};
    let (states, permission): (&[HazardState], Permission) = match act {
        // What falls on a hazard the platform finds; people merge, and record crashes.
        "relate" if scene.by.is_platform() => {
            (&[Reported, Verified, Noticed, Rectifying, Submitted, Accepted, StruckOff], ManageHazards)
        }
        "verify" => (&[Reported], ManageHazards),
        "unfounded" | "merge" => (&[Reported, Verified], ManageHazards),
        "issue_notice" => (&[Verified, Noticed], ManageHazards),
        "take" => (&[Noticed], RectifyHazards),
        "ask_extension" | "submit" => (&[Rectifying], RectifyHazards),
        "grant_extension" | "refuse_extension" => (&[Rectifying], ManageHazards),
        "accept" => (&[Submitted], AcceptHazards),
        "give_back" => (&[Submitted, Accepted], AcceptHazards),
        "strike_off" => (&[Accepted], StrikeHazards),
        "supervise" | "end_supervision" | "regrade" => {
            (&[Verified, Noticed, Rectifying, Submitted, Accepted], ManageHazards)
        }
        "reopen" => (&[StruckOff], ReportHazards),
        _ => return Err(Refusal::UnknownAct(act.into())),
    };
    if !states.contains(&hazard.state) {
        return Err(Refusal::WrongState(hazard.state.key().into(), act.into()));
    }
    scene.need(permission)?;
    match act {
        "take" | "ask_extension" | "submit" => scene.need_unit(hazard.unit())?,
        "grant_extension" | "refuse_extension" if hazard.extension.is_none() => {
            return Err(Refusal::WrongState("no_extension".into(), act.into()));
        }
        "supervise" if hazard.supervision.is_some() => {
            return Err(Refusal::WrongState("supervised".into(), act.into()));
        }
        "end_supervision" if hazard.supervision.is_none() => {
            return Err(Refusal::WrongState("not_supervised".into(), act.into()));
        }
        "reopen" | "relate" => {}
        _ => scene.need_unit(hazard.report.unit)?,
    }
    separate(hazard, act, scene)
}

/// Who rectifies never accepts, neither the person nor the unit; who accepts does not strike off.
fn separate(hazard: &Hazard, act: &str, scene: &Scene<'_>) -> Result<(), Refusal> {
    let by = &scene.by.username;
    if let ("accept" | "give_back", Some(done)) = (act, &hazard.rectification) {
        if done.by == *by {
            return Err(Refusal::SamePerson("submit".into()));
        }
        let unit = hazard.notice.as_ref().map(|notice| notice.unit);
        if act == "accept" && scene.by.unit.is_some() && (scene.by.unit == done.unit || scene.by.unit == unit)
        {
            return Err(Refusal::SameUnit("submit".into()));
        }
    }
    match (act, &hazard.acceptance, &hazard.extension) {
        ("strike_off", Some(accepted), _) if accepted.by == *by => Err(Refusal::SamePerson("accept".into())),
        ("grant_extension", _, Some(asked)) if asked.by == *by => {
            Err(Refusal::SamePerson("ask_extension".into()))
        }
        _ => Ok(()),
    }
}

fn pictures(pictures: &[AttachmentId], min: usize) -> Result<(), Refusal> {
    match pictures.len() {
        have if have < min => Err(Refusal::Pictures { have, want: min }),
        have if have > PICTURES_MAX => Err(Refusal::TooLong("pictures".into(), PICTURES_MAX)),
        _ => Ok(()),
    }
}

fn later(field: &'static str, at: Timestamp, scene: &Scene<'_>) -> Result<(), Refusal> {
    if at <= scene.at { Err(Refusal::Past(field.into())) } else { Ok(()) }
}

/// Notes what fell on a hazard, each once and not without end; pictures that find no room stay where they came from.
fn relate(case: &mut Hazard, relation: &Relation) {
    if let Some(crash) = relation.crash.as_ref().filter(|crash| !case.crashes.contains(crash)) {
        case.crashes.push(crash.clone());
        case.crashes.truncate(RELATED_MAX);
    }
    if let Some(report) = relation.report.as_ref().filter(|report| !case.reports.contains(report)) {
        case.reports.push(report.clone());
        case.reports.truncate(RELATED_MAX);
    }
    let pictures = &mut case.report.pictures;
    let new = relation.pictures.iter().filter(|it| !pictures.contains(it)).cloned().collect::<Vec<_>>();
    pictures.extend(new.into_iter().take(PICTURES_MAX.saturating_sub(pictures.len())));
}

#[expect(clippy::too_many_lines, reason = "one arm an act")]
pub(super) fn act(hazard: &Hazard, act: &HazardAct, scene: &Scene<'_>) -> Result<Done<Hazard>, Refusal> {
    let mut case = hazard.clone();
    let by = scene.by.username.clone();
    let home = hazard.report.unit;
    let mut effects: Vec<Effect> = Vec::new();
    match act {
        HazardAct::Verify { grade, spot, category, note: _, pictures: more, answers } => {
            case.grade = *grade;
            if let Some(spot) = spot {
                case.report.spot = spot.clone();
            }
            if let Some(category) = category {
                case.report.category = text("category", category, 64)?;
            }
            // Answers to the questions of another category say nothing of this one.
            if !answers.is_empty() || case.report.category != hazard.report.category {
                case.report.answers.clone_from(answers);
            }
            case.report.pictures.extend(more.iter().cloned());
            case.report.check()?;
            case.report.check_answers(scene)?;
            case.state = HazardState::Verified;
            case.verified_by = Some(by);
            effects.push(Hazard::tell(home, Permission::ManageHazards, Tidings::ToDo));
        }
        HazardAct::Unfounded { reason } => {
            case.reason = Some(text("reason", reason, TEXT_CHARS_MAX)?);
            case.state = HazardState::Unfounded;
            effects.push(case.tell_reporter(Tidings::GivenBack));
        }
        HazardAct::Merge { into, note } => {
            case.merged_into = Some(into.clone());
            case.state = HazardState::Merged;
            effects.push(case.tell_reporter(Tidings::Finished));
            let relation = Relation {
                distance_m: None,
                pictures: hazard.report.pictures.clone(),
                note: if note.trim().is_empty() { hazard.report.title.clone() } else { note.clone() },
                ..Relation::default()
            };
            effects.push(Effect::Relate(into.clone(), Box::new(relation)));
        }
        HazardAct::IssueNotice { number, measure, unit, deadline } => {
            later("deadline", *deadline, scene)?;
            if let Some(before) = &hazard.notice {
                effects.push(Hazard::tell(before.unit, Permission::RectifyHazards, Tidings::Withdrawn));
            }
            case.notice = Some(Notice {
                number: number.trim().into(),
                measure: text("measure", measure, TEXT_CHARS_MAX)?,
                unit: *unit,
                deadline: *deadline,
                issued_by: by,
                issued_at: scene.at,
            });
            case.state = HazardState::Noticed;
            effects.push(Hazard::tell(*unit, Permission::RectifyHazards, Tidings::ToDo));
        }
        HazardAct::Take => case.state = HazardState::Rectifying,
        HazardAct::AskExtension { until, reason } => {
            later("until", *until, scene)?;
            let reason = text("reason", reason, TEXT_CHARS_MAX)?;
            case.extension = Some(Extension { until: *until, reason, by });
            effects.push(Hazard::tell(home, Permission::ManageHazards, Tidings::ToDo));
        }
        HazardAct::GrantExtension { .. } => {
            if let (Some(asked), Some(notice)) = (case.extension.take(), &mut case.notice) {
                notice.deadline = asked.until;
            }
            effects.push(Hazard::tell(case.unit(), Permission::RectifyHazards, Tidings::Finished));
        }
        HazardAct::RefuseExtension { reason } => {
            case.reason = Some(text("reason", reason, TEXT_CHARS_MAX)?);
            case.extension = None;
            effects.push(Hazard::tell(case.unit(), Permission::RectifyHazards, Tidings::GivenBack));
        }
        HazardAct::Submit { note, pictures: shown } => {
            pictures(shown, scene.limits.rectification_pictures_min)?;
            case.rectification = Some(Rectification {
                note: text("note", note, TEXT_CHARS_MAX)?,
                pictures: shown.clone(),
                by,
                unit: scene.by.unit,
                at: scene.at,
            });
            case.extension = None;
            case.state = HazardState::Submitted;
            effects.push(Hazard::tell(home, Permission::AcceptHazards, Tidings::ToDo));
        }
        HazardAct::Accept { note, pictures: shown, spot } => {
            pictures(shown, scene.limits.acceptance_pictures_min)?;
            let distance_m = match (distance_m(spot, &hazard.report.spot), hazard.report.spot.at) {
                (None, Some(_)) => return Err(Refusal::NoPosition),
                (distance, _) => distance,
            };
            if let Some(far) = distance_m.filter(|far| *far > scene.limits.acceptance_m_max) {
                return Err(Refusal::TooFar(far, scene.limits.acceptance_m_max));
            }
            case.acceptance = Some(Acceptance {
                note: note.trim().into(),
                pictures: shown.clone(),
                by,
                unit: scene.by.unit,
                at: scene.at,
                distance_m,
            });
            case.state = HazardState::Accepted;
            effects.push(Hazard::tell(home, Permission::StrikeHazards, Tidings::ToDo));
        }
        HazardAct::GiveBack { reason, deadline } => {
            case.reason = Some(text("reason", reason, TEXT_CHARS_MAX)?);
            case.acceptance = None;
            case.state = HazardState::Rectifying;
            if let (Some(deadline), Some(notice)) = (deadline, &mut case.notice) {
                later("deadline", *deadline, scene)?;
                notice.deadline = *deadline;
            }
            effects.push(Hazard::tell(case.unit(), Permission::RectifyHazards, Tidings::GivenBack));
        }
        HazardAct::StrikeOff { .. } => {
            case.state = HazardState::StruckOff;
            case.struck_off_by = Some(by);
            case.supervision = None;
            effects.push(case.tell_reporter(Tidings::Finished));
        }
        HazardAct::Supervise { tier, document, until } => {
            if !["county", "city", "province"].contains(&tier.as_str()) {
                return Err(Refusal::Invalid("tier".into()));
            }
            later("until", *until, scene)?;
            let document = text("document", document, 100)?;
            case.supervision =
                Some(Supervision { tier: tier.clone(), document, until: *until, by, at: scene.at });
            effects.push(Hazard::tell(case.unit(), Permission::RectifyHazards, Tidings::ToDo));
        }
        HazardAct::EndSupervision { reason } => {
            case.reason = Some(text("reason", reason, TEXT_CHARS_MAX)?);
            case.supervision = None;
        }
        HazardAct::Reopen { reason } => {
            case.reason = Some(text("reason", reason, TEXT_CHARS_MAX)?);
            case.state = HazardState::Reported;
            case.struck_off_by = None;
            case.acceptance = None;
            case.rectification = None;
            case.notice = None;
            case.reopened_count += 1;
            effects.push(Hazard::tell(home, Permission::ManageHazards, Tidings::ToDo));
        }
        HazardAct::Regrade { grade, reason } => {
            case.reason = Some(text("reason", reason, TEXT_CHARS_MAX)?);
            case.grade = *grade;
        }
        HazardAct::Relate(relation) => relate(&mut case, relation),
    }
    Ok(Done { case, effects })
}
