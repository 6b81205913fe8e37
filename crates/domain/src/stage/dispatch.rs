//! Dispatch (查缉指令): an order to a unit, a post or a patrol to intercept a vehicle, and the report that ends it.

use super::Opening;
use super::education::{Audience as Taught, Lesson};
use super::interception::{Finding, Measure, Stop};
use super::sighting::{SIGHTINGS_MAX, Sighting};
use crate::case::{
    AttachmentId, Audience, Case, CaseKind, ClockStep, Done, Due, Effect, Refusal, Scene, Spot, Summary,
    TEXT_CHARS_MAX, Tidings, Want, text,
};
use crate::people::{Permission, UnitId};
use crate::{CheckpointId, Level, Theatre, Timestamp, Verdict, WarningId};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// What is ordered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The warning that it comes from.
    #[serde(default, with = "crate::case::form::warning::maybe")]
    pub warning: Option<WarningId>,
    /// The plate to look for, as people write it.
    pub plate: SmolStr,
    /// What else to look for: colour, make, what it carries.
    #[serde(default)]
    pub look_for: SmolStr,
    /// How urgent.
    #[serde(with = "crate::case::form::level")]
    pub level: Level,
    /// Who has to go.
    pub unit: UnitId,
    /// The person, where it is one.
    #[serde(default)]
    pub assignee: Option<SmolStr>,
    /// Where to stand.
    #[serde(default)]
    pub spot: Spot,
    /// The theatre of that place.
    #[serde(default, with = "crate::case::form::theatre::maybe")]
    pub theatre: Option<Theatre>,
    /// 1 for the posts nearest to where it will be, 2 for those behind them.
    #[serde(default = "first_ring")]
    pub ring: u8,
    /// What to do, and what to take care of.
    #[expect(clippy::struct_field_names, reason = "the words of the order")]
    pub order: SmolStr,
    /// Until when waiting makes sense.
    #[serde(with = "crate::case::form::instant")]
    pub until: Timestamp,
    /// The offence that is suspected: the model's word.
    #[serde(default)]
    pub category: SmolStr,
}

fn first_ring() -> u8 {
    1
}

/// Where a dispatch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DispatchState {
    /// 待签收
    Ordered,
    /// 已签收，赶往
    Signed,
    /// 已到位
    OnSite,
    /// 已反馈，待审核
    Reported,
    /// 已办结
    Closed,
    /// 无法执行
    Declined,
    /// 已撤回
    Withdrawn,
}

super::words!(DispatchState {
    Ordered = "ordered",
    Signed = "signed",
    OnSite = "on_site",
    Reported = "reported",
    Closed = "closed",
    Declined = "declined",
    Withdrawn = "withdrawn",
});

/// What came of the interception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoadOutcome {
    /// 拦获
    Intercepted,
    /// 未发现
    NotSeen,
    /// 驶离、绕行
    Gone,
    /// 冲卡逃逸
    Fled,
    /// 核实无误放行
    Released,
}

super::words!(RoadOutcome {
    Intercepted = "intercepted",
    NotSeen = "not_seen",
    Gone = "gone",
    Fled = "fled",
    Released = "released",
});

/// What happened on the road.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoadReport {
    /// What came of it.
    pub outcome: RoadOutcome,
    /// What the warning was worth.
    #[serde(with = "crate::case::form::verdict")]
    pub verdict: Verdict,
    /// In words.
    #[serde(default)]
    pub note: SmolStr,
    /// When it was so; the time of the phone, which may have been offline since.
    #[serde(with = "crate::case::form::instant")]
    pub at: Timestamp,
    /// Where.
    #[serde(default)]
    pub spot: Spot,
    /// Pictures.
    #[serde(default)]
    pub pictures: Vec<AttachmentId>,
    /// Offences that were found.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// What was done about them, where it is done already.
    #[serde(default)]
    pub measures: Vec<Measure>,
    /// What was taught on the spot.
    #[serde(default)]
    pub education: Option<Teaching>,
}

/// What was taught beside the penalty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Teaching {
    /// To whom.
    pub audience: Taught,
    /// What about.
    pub topic: SmolStr,
    /// With what: leaflet, film, a case.
    #[serde(default)]
    pub material: SmolStr,
}

/// What people do with a dispatch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum DispatchAct {
    /// 签收
    Sign,
    /// 无法执行
    Decline {
        /// Why.
        reason: SmolStr,
    },
    /// 到位
    Arrive {
        /// Where.
        #[serde(default)]
        spot: Spot,
    },
    /// 反馈
    Report(Box<RoadReport>),
    /// 退回反馈
    GiveBack {
        /// What is missing.
        reason: SmolStr,
    },
    /// 审核通过
    Confirm {
        /// What else there is to say.
        #[serde(default)]
        note: SmolStr,
    },
    /// 撤回指令
    Withdraw {
        /// Why.
        reason: SmolStr,
    },
    /// 改派
    Reassign {
        /// To whom.
        unit: UnitId,
        /// The person, where it is one.
        #[serde(default)]
        assignee: Option<SmolStr>,
        /// Why.
        reason: SmolStr,
    },
    /// 新的过车: by the platform alone.
    Sighted(Box<Sighting>),
}

/// A dispatch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dispatch {
    /// What is ordered.
    pub order: Order,
    /// Where it stands.
    pub state: DispatchState,
    /// Who ordered it.
    pub ordered_by: SmolStr,
    /// The unit that ordered it.
    pub ordered_from: Option<UnitId>,
    /// Who signed it.
    pub signed_by: Option<SmolStr>,
    /// When the crew was in its place.
    #[serde(default, with = "crate::case::form::instant::maybe")]
    pub on_site_at: Option<Timestamp>,
    /// What happened.
    pub report: Option<RoadReport>,
    /// Who reported.
    pub reported_by: Option<SmolStr>,
    /// Why it was declined, given back or withdrawn last.
    pub reason: Option<SmolStr>,
    /// Where the vehicle was seen since it was ordered, each checkpoint once.
    #[serde(default)]
    pub sightings: Vec<Sighting>,
}

/// Longest order and description of a vehicle, in characters.
const ORDER_CHARS_MAX: usize = 500;
/// Most pictures of one report.
pub const PICTURES_MAX: usize = 20;

impl Order {
    /// Sends somebody out.
    pub fn open(&self, scene: &Scene<'_>) -> Result<Done<Dispatch>, Refusal> {
        scene.need(Permission::Dispatch)?;
        text("plate", &self.plate, 20)?;
        text("order", &self.order, ORDER_CHARS_MAX)?;
        if self.until <= scene.at {
            return Err(Refusal::Past("until".into()));
        }
        if !(1..=2).contains(&self.ring) {
            return Err(Refusal::Invalid("ring".into()));
        }
        let case = Dispatch {
            order: self.clone(),
            state: DispatchState::Ordered,
            ordered_by: scene.by.username.clone(),
            ordered_from: scene.by.unit,
            signed_by: None,
            on_site_at: None,
            report: None,
            reported_by: None,
            reason: None,
            sightings: Vec::new(),
        };
        let mut effects = vec![case.tell_crew(Tidings::ToDo)];
        if self.warning.is_some() {
            effects.push(Effect::MarkDispatched);
        }
        Ok(Done { case, effects })
    }
}

impl Dispatch {
    /// Whether somebody is out there or about to go, so that it matters where the vehicle is.
    pub fn is_under_way(&self) -> bool {
        matches!(self.state, DispatchState::Ordered | DispatchState::Signed | DispatchState::OnSite)
    }

    /// Whether it would be news that the vehicle passed this checkpoint: each is told once, and not all of a long day.
    pub fn awaits(&self, checkpoint: &CheckpointId) -> bool {
        let is_known = |sighting: &Sighting| sighting.spot.checkpoint.as_ref() == Some(checkpoint);
        self.is_under_way() && self.sightings.len() < SIGHTINGS_MAX && !self.sightings.iter().any(is_known)
    }

    fn crew(&self) -> Audience {
        let whom = self.signed_by.clone().or_else(|| self.order.assignee.clone());
        let unit = || Audience::Unit(self.order.unit, SmolStr::new_static(Permission::Intercept.key()));
        whom.map_or_else(unit, Audience::Person)
    }

    fn tell_crew(&self, tidings: Tidings) -> Effect {
        Effect::Tell(self.crew(), tidings)
    }

    fn tell_desk(&self, tidings: Tidings) -> Effect {
        Effect::Tell(Audience::Person(self.ordered_by.clone()), tidings)
    }

    /// What follows when a report is accepted: what was stopped, what was taught, what the warning was worth.
    fn consequences(&self, report: &RoadReport, note: &str) -> Vec<Effect> {
        let mut effects = Vec::new();
        if report.outcome == RoadOutcome::Intercepted {
            effects.push(Effect::Open(Box::new(Opening::Interception(Stop {
                warning: self.order.warning,
                plate: self.order.plate.clone(),
                level: self.order.level,
                unit: self.order.unit,
                by: self.reported_by.clone(),
                theatre: self.order.theatre,
                at: report.at,
                spot: report.spot.clone(),
                findings: report.findings.clone(),
                measures: report.measures.clone(),
                pictures: report.pictures.clone(),
                note: report.note.clone(),
            }))));
        }
        if let Some(taught) = &report.education {
            effects.push(Effect::Open(Box::new(Opening::Education(Lesson {
                warning: self.order.warning,
                audience: taught.audience,
                topic: taught.topic.clone(),
                material: taught.material.clone(),
                people_count: 1,
                unit: self.order.unit,
                by: self.reported_by.clone(),
                at: report.at,
                spot: report.spot.clone(),
                is_beside_penalty: report.outcome == RoadOutcome::Intercepted,
                local_case: None,
                pictures: Vec::new(),
                note: SmolStr::default(),
                theatre: self.order.theatre,
            }))));
        }
        if self.order.warning.is_some() {
            let note = if note.is_empty() { report.note.clone() } else { note.into() };
            effects.push(Effect::Judge(report.verdict, (!note.is_empty()).then_some(note)));
            effects.push(Effect::CloseWarning);
        }
        effects
    }

    fn check_report(report: &RoadReport, scene: &Scene<'_>) -> Result<(), Refusal> {
        if report.at > scene.at {
            return Err(Refusal::Invalid("at".into()));
        }
        if report.pictures.len() > PICTURES_MAX {
            return Err(Refusal::TooLong("pictures".into(), PICTURES_MAX));
        }
        if report.note.chars().count() > TEXT_CHARS_MAX {
            return Err(Refusal::TooLong("note".into(), TEXT_CHARS_MAX));
        }
        let needs_picture = report.outcome == RoadOutcome::Intercepted;
        if needs_picture && report.pictures.is_empty() {
            return Err(Refusal::Pictures { have: 0, want: 1 });
        }
        if report.outcome != RoadOutcome::Intercepted && report.note.trim().is_empty() {
            // Whoever comes back with nothing says why.
            return Err(Refusal::Missing("note".into()));
        }
        for measure in &report.measures {
            measure.check()?;
        }
        if let Some(taught) = &report.education {
            text("topic", &taught.topic, 200)?;
        }
        Ok(())
    }
}

impl Case for Dispatch {
    const KIND: CaseKind = CaseKind::Dispatch;
    const ACTS: &'static [&'static str] =
        &["sign", "arrive", "report", "decline", "confirm", "give_back", "reassign", "withdraw"];
    type Act = DispatchAct;

    fn act_key(act: &DispatchAct) -> &'static str {
        match act {
            DispatchAct::Sign => "sign",
            DispatchAct::Decline { .. } => "decline",
            DispatchAct::Arrive { .. } => "arrive",
            DispatchAct::Report(_) => "report",
            DispatchAct::GiveBack { .. } => "give_back",
            DispatchAct::Confirm { .. } => "confirm",
            DispatchAct::Withdraw { .. } => "withdraw",
            DispatchAct::Reassign { .. } => "reassign",
            DispatchAct::Sighted(_) => "sighted",
        }
    }

    fn gate(&self, act: &str, scene: &Scene<'_>) -> Result<(), Refusal> {
        use DispatchState::{Declined, OnSite, Ordered, Reported, Signed};
        let (states, is_crew): (&[DispatchState], bool) = match act {
            "sign" => (&[Ordered], true),
            "arrive" => (&[Signed], true),
            "report" => (&[Signed, OnSite], true),
            "decline" => (&[Ordered, Signed, OnSite], true),
            "confirm" | "give_back" => (&[Reported], false),
            "withdraw" => (&[Ordered, Signed, OnSite, Declined], false),
            "reassign" => (&[Ordered, Signed, Declined], false),
            // Nobody but the platform says what cameras saw.
            "sighted" if scene.by.is_platform() => (&[Ordered, Signed, OnSite], false),
            _ => return Err(Refusal::UnknownAct(act.into())),
        };
        if !states.contains(&self.state) {
            return Err(Refusal::WrongState(self.state.key().into(), act.into()));
        }
        if !is_crew {
            scene.need(Permission::Dispatch)?;
            if matches!(act, "confirm") && self.reported_by.as_ref() == Some(&scene.by.username) {
                return Err(Refusal::SamePerson("report".into()));
            }
            return Ok(());
        }
        scene.need(Permission::Intercept)?;
        scene.need_unit(self.order.unit)?;
        let whose = self.signed_by.as_ref().or(self.order.assignee.as_ref());
        match whose {
            Some(person) if *person != scene.by.username && !scene.by.is_platform() => {
                Err(Refusal::OtherPerson(person.clone()))
            }
            _ => Ok(()),
        }
    }

    fn act(&self, act: &DispatchAct, scene: &Scene<'_>) -> Result<Done<Self>, Refusal> {
        self.gate(Self::act_key(act), scene)?;
        let mut case = self.clone();
        let mut effects = Vec::new();
        match act {
            DispatchAct::Sign => {
                case.state = DispatchState::Signed;
                case.signed_by = Some(scene.by.username.clone());
            }
            DispatchAct::Decline { reason } => {
                case.reason = Some(text("reason", reason, TEXT_CHARS_MAX)?);
                case.state = DispatchState::Declined;
                effects.push(case.tell_desk(Tidings::GivenBack));
                effects.push(Effect::ReopenWarning);
            }
            DispatchAct::Arrive { .. } => {
                case.state = DispatchState::OnSite;
                case.on_site_at = Some(scene.at);
            }
            DispatchAct::Report(report) => {
                Self::check_report(report, scene)?;
                case.state = DispatchState::Reported;
                case.report = Some(report.as_ref().clone());
                case.reported_by = Some(scene.by.username.clone());
                effects.push(case.tell_desk(Tidings::ToDo));
            }
            DispatchAct::GiveBack { reason } => {
                case.reason = Some(text("reason", reason, TEXT_CHARS_MAX)?);
                case.state = DispatchState::OnSite;
                effects.push(case.tell_crew(Tidings::GivenBack));
            }
            DispatchAct::Confirm { note } => {
                case.state = DispatchState::Closed;
                if let Some(report) = &self.report {
                    effects = self.consequences(report, note.trim());
                }
                effects.push(case.tell_crew(Tidings::Finished));
            }
            DispatchAct::Withdraw { reason } => {
                case.reason = Some(text("reason", reason, TEXT_CHARS_MAX)?);
                case.state = DispatchState::Withdrawn;
                effects.push(case.tell_crew(Tidings::Withdrawn));
                effects.push(Effect::ReopenWarning);
            }
            DispatchAct::Reassign { unit, assignee, reason } => {
                case.reason = Some(text("reason", reason, TEXT_CHARS_MAX)?);
                effects.push(self.tell_crew(Tidings::Withdrawn));
                case.order.unit = *unit;
                case.order.assignee.clone_from(assignee);
                case.signed_by = None;
                case.state = DispatchState::Ordered;
                effects.push(case.tell_crew(Tidings::ToDo));
            }
            DispatchAct::Sighted(sighting) => {
                let checkpoint = sighting.spot.checkpoint.as_ref();
                if !checkpoint.is_some_and(|checkpoint| self.awaits(checkpoint)) {
                    return Err(Refusal::Invalid("spot".into()));
                }
                let line = sighting.line();
                case.sightings.push(sighting.as_ref().clone());
                effects.push(Effect::TellNews(self.crew(), Tidings::Sighted, line.clone()));
                let desk = Audience::Person(self.ordered_by.clone());
                effects.push(Effect::TellNews(desk, Tidings::Sighted, line));
            }
        }
        Ok(Done { case, effects })
    }

    fn summary(&self) -> Summary {
        use DispatchState::{OnSite, Ordered, Reported, Signed};
        let order = &self.order;
        Summary {
            state: self.state.key(),
            is_open: matches!(self.state, Ordered | Signed | OnSite | Reported),
            level: order.level,
            unit: order.unit,
            also_unit: self.ordered_from,
            assignee: self.signed_by.clone().or_else(|| order.assignee.clone()),
            title: order.order.clone(),
            category: order.category.clone(),
            theatre: order.theatre,
            plate: Some(order.plate.clone()),
            at: order.spot.at,
            warning: order.warning,
        }
    }

    fn clock(&self) -> Option<Want> {
        let order = &self.order;
        let (step, unit, person, permission) = match self.state {
            DispatchState::Ordered => {
                (ClockStep::SignDispatch, order.unit, order.assignee.clone(), Permission::Intercept)
            }
            DispatchState::Signed | DispatchState::OnSite => {
                (ClockStep::ReportDispatch, order.unit, self.signed_by.clone(), Permission::Intercept)
            }
            DispatchState::Reported => {
                let desk = self.ordered_from.unwrap_or(order.unit);
                (ClockStep::ConfirmReport, desk, None, Permission::Dispatch)
            }
            _ => return None,
        };
        Some(Want { step, unit, person, due: Due::Term, permission: permission.key() })
    }
}
