//! Interception and disposal (拦截、处置): a vehicle that was stopped, what was found, and what was done about it.

use crate::case::{
    AttachmentId, Case, CaseKind, ClockStep, Done, Due, Refusal, Scene, Spot, Summary, TEXT_CHARS_MAX, Want,
    text,
};
use crate::people::{Permission, UnitId};
use crate::{Level, Theatre, Timestamp, WarningId};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// An offence that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The code of the offence (违法代码, GA/T 16.31), where it is known.
    #[serde(default)]
    pub code: SmolStr,
    /// In words.
    pub name: SmolStr,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasureKind {
    /// 警告
    Warning,
    /// 罚款
    Fine,
    /// 记分
    Points,
    /// 扣留车辆
    DetainVehicle,
    /// 扣留驾驶证
    DetainLicence,
    /// 卸载、转运
    Unload,
    /// 强制休息
    Rest,
    /// 移交
    HandOver,
    /// 教育放行
    Release,
}

super::words!(MeasureKind {
    Warning = "warning",
    Fine = "fine",
    Points = "points",
    DetainVehicle = "detain_vehicle",
    DetainLicence = "detain_licence",
    Unload = "unload",
    Rest = "rest",
    HandOver = "hand_over",
    Release = "release",
});

/// One measure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// What.
    pub kind: MeasureKind,
    /// Fine in yuan, or points.
    #[serde(default)]
    pub amount: Option<u32>,
    /// Number of the paper (决定书、凭证编号).
    #[serde(default)]
    pub document: SmolStr,
}

impl Measure {
    /// Refuses a fine or points without a number.
    pub fn check(&self) -> Result<(), Refusal> {
        let needs_amount = matches!(self.kind, MeasureKind::Fine | MeasureKind::Points);
        if needs_amount && self.amount.is_none() {
            return Err(Refusal::Missing("amount".into()));
        }
        if self.document.chars().count() > 64 {
            return Err(Refusal::TooLong("document".into(), 64));
        }
        Ok(())
    }
}

/// A vehicle that was stopped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    /// The warning that it comes from.
    #[serde(default, with = "crate::case::form::warning::maybe")]
    pub warning: Option<WarningId>,
    /// The plate.
    pub plate: SmolStr,
    /// How urgent.
    #[serde(with = "crate::case::form::level")]
    pub level: Level,
    /// The unit that stopped it.
    pub unit: UnitId,
    /// Who; the person who opens the case when left out.
    #[serde(default)]
    pub by: Option<SmolStr>,
    /// The theatre.
    #[serde(default, with = "crate::case::form::theatre::maybe")]
    pub theatre: Option<Theatre>,
    /// When.
    #[serde(with = "crate::case::form::instant")]
    pub at: Timestamp,
    /// Where.
    #[serde(default)]
    pub spot: Spot,
    /// What was found.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// What was done, where it is done already.
    #[serde(default)]
    pub measures: Vec<Measure>,
    /// Pictures.
    #[serde(default)]
    pub pictures: Vec<AttachmentId>,
    /// In words.
    #[serde(default)]
    pub note: SmolStr,
}

/// Where an interception stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InterceptionState {
    /// 待处置
    Stopped,
    /// 已处置
    Disposed,
}

super::words!(InterceptionState { Stopped = "stopped", Disposed = "disposed" });

/// What people do with an interception.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum InterceptionAct {
    /// 处置
    Dispose {
        /// What was found besides.
        #[serde(default)]
        findings: Vec<Finding>,
        /// What was done.
        measures: Vec<Measure>,
        /// In words.
        #[serde(default)]
        note: SmolStr,
    },
    /// 更正处置
    Amend {
        /// What was found.
        findings: Vec<Finding>,
        /// What was done.
        measures: Vec<Measure>,
        /// Why it is mended.
        reason: SmolStr,
    },
}

/// An interception.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interception {
    /// What was stopped, and what was done so far.
    pub stop: Stop,
    /// Where it stands.
    pub state: InterceptionState,
    /// Who stopped it.
    pub stopped_by: SmolStr,
    /// Who disposed of it.
    pub disposed_by: Option<SmolStr>,
}

/// Most offences or measures of one interception.
const LINES_MAX: usize = 20;

fn check(findings: &[Finding], measures: &[Measure]) -> Result<(), Refusal> {
    for (field, len) in [("findings", findings.len()), ("measures", measures.len())] {
        if len > LINES_MAX {
            return Err(Refusal::TooLong(field.into(), LINES_MAX));
        }
    }
    for finding in findings {
        text("name", &finding.name, 200)?;
    }
    measures.iter().try_for_each(Measure::check)
}

impl Stop {
    /// Records a vehicle that was stopped. What was done already disposes of it at once.
    pub fn open(&self, scene: &Scene<'_>) -> Result<Done<Interception>, Refusal> {
        if !scene.by.is_platform() {
            scene.need(Permission::Intercept).or_else(|_| scene.need(Permission::Dispatch))?;
        }
        text("plate", &self.plate, 20)?;
        check(&self.findings, &self.measures)?;
        if self.at > scene.at {
            return Err(Refusal::Invalid("at".into()));
        }
        let by = self.by.clone().unwrap_or_else(|| scene.by.username.clone());
        let is_disposed = !self.measures.is_empty();
        Ok(Done::only(Interception {
            stop: self.clone(),
            state: if is_disposed { InterceptionState::Disposed } else { InterceptionState::Stopped },
            disposed_by: is_disposed.then(|| by.clone()),
            stopped_by: by,
        }))
    }
}

impl Case for Interception {
    const KIND: CaseKind = CaseKind::Interception;
    const ACTS: &'static [&'static str] = &["dispose", "amend"];
    type Act = InterceptionAct;

    fn act_key(act: &InterceptionAct) -> &'static str {
        match act {
            InterceptionAct::Dispose { .. } => "dispose",
            InterceptionAct::Amend { .. } => "amend",
        }
    }

    fn gate(&self, act: &str, scene: &Scene<'_>) -> Result<(), Refusal> {
        let state = match act {
            "dispose" => InterceptionState::Stopped,
            "amend" => InterceptionState::Disposed,
            _ => return Err(Refusal::UnknownAct(act.into())),
        };
        if self.state != state {
            return Err(Refusal::WrongState(self.state.key().into(), act.into()));
        }
        scene.need(Permission::Intercept)?;
        scene.need_unit(self.stop.unit)
    }

    fn act(&self, act: &InterceptionAct, scene: &Scene<'_>) -> Result<Done<Self>, Refusal> {
        self.gate(Self::act_key(act), scene)?;
        let mut case = self.clone();
        match act {
            InterceptionAct::Dispose { findings, measures, note } => {
                if measures.is_empty() {
                    return Err(Refusal::Missing("measures".into()));
                }
                check(findings, measures)?;
                case.stop.findings.extend(findings.iter().cloned());
                case.stop.measures.clone_from(measures);
                if !note.trim().is_empty() {
                    case.stop.note = text("note", note, TEXT_CHARS_MAX)?;
                }
            }
            InterceptionAct::Amend { findings, measures, reason } => {
                text("reason", reason, TEXT_CHARS_MAX)?;
                check(findings, measures)?;
                case.stop.findings.clone_from(findings);
                case.stop.measures.clone_from(measures);
            }
        }
        case.state = InterceptionState::Disposed;
        case.disposed_by = Some(scene.by.username.clone());
        Ok(Done::only(case))
    }

    fn summary(&self) -> Summary {
        let stop = &self.stop;
        let found: Vec<&str> = stop.findings.iter().map(|finding| finding.name.as_str()).collect();
        Summary {
            state: self.state.key(),
            is_open: self.state == InterceptionState::Stopped,
            level: stop.level,
            unit: stop.unit,
            also_unit: None,
            assignee: Some(self.stopped_by.clone()),
            title: SmolStr::new(found.join("、")),
            category: stop.findings.first().map(|finding| finding.code.clone()).unwrap_or_default(),
            theatre: stop.theatre,
            plate: Some(stop.plate.clone()),
            at: stop.spot.at,
            warning: stop.warning,
        }
    }

    fn clock(&self) -> Option<Want> {
        (self.state == InterceptionState::Stopped).then(|| Want {
            step: ClockStep::Dispose,
            unit: self.stop.unit,
            person: Some(self.stopped_by.clone()),
            due: Due::Term,
            permission: Permission::Intercept.key(),
        })
    }
}
