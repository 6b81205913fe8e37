//! Watch orders as work (布控申请、审核、批准、撤控). Whoever applies does not review, whoever reviews does not approve. An urgent one is
//! in force at once and has to be approved afterwards, or ends by itself.

use crate::case::{
    Audience, Case, CaseKind, ClockStep, Done, Due, Effect, Refusal, Scene, Summary, TEXT_CHARS_MAX, Tidings,
    Want, text,
};
use crate::people::{Permission, UnitId};
use crate::time::DAY_MS;
use crate::{Level, Plate, PlateClass, Timestamp, WatchOrder, WatchOrderId};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// What is applied for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Application {
    /// The plate as people write it; `-` where a symbol is not known.
    pub plate: SmolStr,
    /// Its class, where it is known: two digits of GA/T 16.7.
    #[serde(default)]
    pub plate_class: Option<SmolStr>,
    /// Why.
    pub reason: SmolStr,
    /// On what law or decision it rests.
    pub legal_basis: SmolStr,
    /// How urgent a hit is.
    #[serde(with = "crate::case::form::level")]
    pub level: Level,
    /// Until when sightings count.
    #[serde(with = "crate::case::form::instant")]
    pub until: Timestamp,
    /// The unit that applies.
    pub unit: UnitId,
    /// In force at once, approved afterwards (紧急布控).
    #[serde(default)]
    pub is_urgent: bool,
}

/// Where an application stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WatchApplicationState {
    /// 待审核
    Applied,
    /// 待批准
    Reviewed,
    /// 紧急布控中，待补批
    Urgent,
    /// 布控中
    InForce,
    /// 未通过
    Refused,
    /// 已撤控
    Withdrawn,
    /// 未按时补批，已自动撤控
    Lapsed,
}

super::words!(WatchApplicationState {
    Applied = "applied",
    Reviewed = "reviewed",
    Urgent = "urgent",
    InForce = "in_force",
    Refused = "refused",
    Withdrawn = "withdrawn",
    Lapsed = "lapsed",
});

/// What people do with an application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum WatchAct {
    /// 审核通过
    Review {
        /// What else there is to say.
        #[serde(default)]
        note: SmolStr,
    },
    /// 批准
    Approve {
        /// What else there is to say.
        #[serde(default)]
        note: SmolStr,
    },
    /// 不予通过
    Refuse {
        /// Why.
        reason: SmolStr,
    },
    /// 撤控
    Withdraw {
        /// Why.
        reason: SmolStr,
    },
    /// 逾期未补批，自动撤控
    Lapse,
}

/// An application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WatchApplication {
    /// What is applied for.
    pub application: Application,
    /// Where it stands.
    pub state: WatchApplicationState,
    /// Who applied.
    pub applied_by: SmolStr,
    /// Who reviewed.
    pub reviewed_by: Option<SmolStr>,
    /// Who approved.
    pub approved_by: Option<SmolStr>,
    /// Why it was refused or withdrawn.
    pub reason: Option<SmolStr>,
}

impl Application {
    /// The order that it asks for, in force from an instant on. Its identity is that of the case, which is not known here.
    fn order(&self, from: Timestamp) -> Result<WatchOrder, Refusal> {
        let invalid = |field: &str| Refusal::Invalid(field.into());
        let class = self.plate_class.as_deref().map(str::trim).filter(|class| !class.is_empty());
        let class = class.map(|class| PlateClass::parse(class).ok_or_else(|| invalid("plate_class")));
        Ok(WatchOrder {
            id: WatchOrderId::from(""),
            plate: Plate::parse(&self.plate).map_err(|_| invalid("plate"))?,
            class: class.transpose()?,
            reason: self.reason.clone(),
            level: self.level,
            from,
            until: self.until,
        })
    }

    /// Applies for a watch order.
    pub fn open(&self, scene: &Scene<'_>) -> Result<Done<WatchApplication>, Refusal> {
        scene.need(Permission::ApplyWatch)?;
        text("reason", &self.reason, 200)?;
        let order = self.order(scene.at)?;
        text("legal_basis", &self.legal_basis, 200)?;
        if self.until <= scene.at {
            return Err(Refusal::Past("until".into()));
        }
        let days_max = i64::from(scene.limits.watch_days_max);
        if self.until.ms_since(scene.at) > days_max * DAY_MS {
            return Err(Refusal::TooLong("until".into(), scene.limits.watch_days_max as usize));
        }
        let mut case = WatchApplication {
            application: self.clone(),
            state: WatchApplicationState::Applied,
            applied_by: scene.by.username.clone(),
            reviewed_by: None,
            approved_by: None,
            reason: None,
        };
        let mut effects = Vec::new();
        if self.is_urgent {
            case.state = WatchApplicationState::Urgent;
            effects.push(Effect::PutWatchOrder(Box::new(order), self.legal_basis.clone()));
            effects.push(case.tell(Permission::ApproveWatch));
        } else {
            effects.push(case.tell(Permission::ReviewWatch));
        }
        Ok(Done { case, effects })
    }
}

impl WatchApplication {
    fn tell(&self, permission: Permission) -> Effect {
        let above = Audience::Above(self.application.unit, SmolStr::new_static(permission.key()));
        Effect::Tell(above, Tidings::ToDo)
    }

    fn tell_applicant(&self, tidings: Tidings) -> Effect {
        Effect::Tell(Audience::Person(self.applied_by.clone()), tidings)
    }
}

impl Case for WatchApplication {
    const KIND: CaseKind = CaseKind::WatchApplication;
    const ACTS: &'static [&'static str] = &["review", "approve", "refuse", "withdraw"];
    type Act = WatchAct;

    fn act_key(act: &WatchAct) -> &'static str {
        match act {
            WatchAct::Review { .. } => "review",
            WatchAct::Approve { .. } => "approve",
            WatchAct::Refuse { .. } => "refuse",
            WatchAct::Withdraw { .. } => "withdraw",
            WatchAct::Lapse => "lapse",
        }
    }

    fn gate(&self, act: &str, scene: &Scene<'_>) -> Result<(), Refusal> {
        use WatchApplicationState::{Applied, InForce, Reviewed, Urgent};
        let states: &[WatchApplicationState] = match act {
            "review" => &[Applied],
            "approve" => &[Reviewed, Urgent],
            "refuse" => &[Applied, Reviewed, Urgent],
            "withdraw" => &[Applied, Reviewed, Urgent, InForce],
            "lapse" => &[Urgent],
            _ => return Err(Refusal::UnknownAct(act.into())),
        };
        if !states.contains(&self.state) {
            return Err(Refusal::WrongState(self.state.key().into(), act.into()));
        }
        let is_applicant = self.applied_by == scene.by.username;
        match act {
            "lapse" if scene.by.is_platform() => Ok(()),
            "lapse" => Err(Refusal::NotAllowed("platform".into())),
            // Whoever put a vehicle under watch, and whoever approves, may end it.
            "withdraw" if is_applicant => scene.need(Permission::ApplyWatch),
            "withdraw" => scene.need(Permission::ApproveWatch),
            _ if is_applicant => Err(Refusal::SamePerson("apply".into())),
            "review" => scene.need(Permission::ReviewWatch),
            "refuse" if self.state == Applied => scene.need(Permission::ReviewWatch),
            _ if self.reviewed_by.as_ref() == Some(&scene.by.username) => {
                Err(Refusal::SamePerson("review".into()))
            }
            _ => scene.need(Permission::ApproveWatch),
        }
    }

    fn act(&self, act: &WatchAct, scene: &Scene<'_>) -> Result<Done<Self>, Refusal> {
        self.gate(Self::act_key(act), scene)?;
        let mut case = self.clone();
        let by = scene.by.username.clone();
        let was_urgent = self.state == WatchApplicationState::Urgent;
        let mut effects = Vec::new();
        match act {
            WatchAct::Review { .. } => {
                case.state = WatchApplicationState::Reviewed;
                case.reviewed_by = Some(by);
                effects.push(case.tell(Permission::ApproveWatch));
            }
            WatchAct::Approve { .. } => {
                case.state = WatchApplicationState::InForce;
                case.approved_by = Some(by);
                // An approval that comes late does not reach back: sightings count from now on.
                if !was_urgent {
                    let order = case.application.order(scene.at)?;
                    effects
                        .push(Effect::PutWatchOrder(Box::new(order), case.application.legal_basis.clone()));
                }
                effects.push(case.tell_applicant(Tidings::Finished));
            }
            WatchAct::Refuse { reason } => {
                let reason = text("reason", reason, TEXT_CHARS_MAX)?;
                case.state = WatchApplicationState::Refused;
                if was_urgent {
                    effects.push(Effect::EndWatchOrder(reason.clone()));
                }
                case.reason = Some(reason);
                effects.push(case.tell_applicant(Tidings::GivenBack));
            }
            WatchAct::Withdraw { reason } => {
                let reason = text("reason", reason, TEXT_CHARS_MAX)?;
                case.state = WatchApplicationState::Withdrawn;
                if was_urgent || self.state == WatchApplicationState::InForce {
                    effects.push(Effect::EndWatchOrder(reason.clone()));
                }
                case.reason = Some(reason);
                effects.push(case.tell_applicant(Tidings::Withdrawn));
            }
            WatchAct::Lapse => {
                case.state = WatchApplicationState::Lapsed;
                effects.push(Effect::EndWatchOrder(SmolStr::new_static("逾期未补批，自动撤控")));
                effects.push(case.tell_applicant(Tidings::Withdrawn));
            }
        }
        Ok(Done { case, effects })
    }

    fn summary(&self) -> Summary {
        use WatchApplicationState::{Applied, Reviewed, Urgent};
        let Application { plate, reason, level, unit, is_urgent, .. } = &self.application;
        Summary {
            state: self.state.key(),
            is_open: matches!(self.state, Applied | Reviewed | Urgent),
            level: if *is_urgent { Level::High } else { *level },
            unit: *unit,
            also_unit: None,
            assignee: None,
            title: reason.clone(),
            category: SmolStr::new_static(level.key()),
            theatre: None,
            plate: Some(plate.clone()),
            at: None,
            warning: None,
        }
    }

    fn clock(&self) -> Option<Want> {
        let (step, permission) = match self.state {
            WatchApplicationState::Applied => (ClockStep::ReviewWatch, Permission::ReviewWatch),
            WatchApplicationState::Reviewed => (ClockStep::ApproveWatch, Permission::ApproveWatch),
            WatchApplicationState::Urgent => (ClockStep::ApproveUrgentWatch, Permission::ApproveWatch),
            _ => return None,
        };
        Some(Want {
            step,
            unit: self.application.unit,
            person: None,
            due: Due::Term,
            permission: permission.key(),
        })
    }

    fn when_late(&self) -> Option<WatchAct> {
        (self.state == WatchApplicationState::Urgent).then_some(WatchAct::Lapse)
    }
}
