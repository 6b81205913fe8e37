//! Education (宣教): who was taught what, where, by whom; beside a penalty or instead of one. To a category of person, not a name.

use crate::case::{
    AttachmentId, Case, CaseKind, Done, Refusal, Scene, Spot, Summary, TEXT_CHARS_MAX, Want, text,
};
use crate::people::{Permission, UnitId};
use crate::{Level, Theatre, Timestamp, WarningId};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// To whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// 客运驾驶人
    CoachDriver,
    /// 货运驾驶人
    TruckDriver,
    /// 危货驾驶人、押运员
    DangerousGoodsCrew,
    /// 面包车驾驶人
    MinivanDriver,
    /// 摩托车、电动车骑乘人
    Rider,
    /// 农用三轮车驾驶人
    TricycleDriver,
    /// 其他驾驶人
    Driver,
    /// 乘客
    Passenger,
    /// 老年人
    Elderly,
    /// 学生、儿童
    Child,
    /// 村民
    Villager,
    /// 企业安全管理人员
    Enterprise,
}

super::words!(Audience {
    CoachDriver = "coach_driver",
    TruckDriver = "truck_driver",
    DangerousGoodsCrew = "dangerous_goods_crew",
    MinivanDriver = "minivan_driver",
    Rider = "rider",
    TricycleDriver = "tricycle_driver",
    Driver = "driver",
    Passenger = "passenger",
    Elderly = "elderly",
    Child = "child",
    Villager = "villager",
    Enterprise = "enterprise",
});

/// What was taught.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lesson {
    /// The warning that it comes from.
    #[serde(default, with = "crate::case::form::warning::maybe")]
    pub warning: Option<WarningId>,
    /// To whom.
    pub audience: Audience,
    /// What about.
    pub topic: SmolStr,
    /// With what: leaflet, film, a case.
    #[serde(default)]
    pub material: SmolStr,
    /// To how many people.
    pub people_count: u32,
    /// The unit that taught.
    pub unit: UnitId,
    /// Who; the person who records it when left out.
    #[serde(default)]
    pub by: Option<SmolStr>,
    /// When.
    #[serde(with = "crate::case::form::instant")]
    pub at: Timestamp,
    /// Where.
    #[serde(default)]
    pub spot: Spot,
    /// Beside a penalty; else instead of one, or without an offence.
    #[serde(default)]
    pub is_beside_penalty: bool,
    /// The local case that was told of (身边案例).
    #[serde(default)]
    pub local_case: Option<SmolStr>,
    /// Pictures.
    #[serde(default)]
    pub pictures: Vec<AttachmentId>,
    /// In words.
    #[serde(default)]
    pub note: SmolStr,
    /// The theatre.
    #[serde(default, with = "crate::case::form::theatre::maybe")]
    pub theatre: Option<Theatre>,
}

/// Where a record of education stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EducationState {
    /// 已登记
    Recorded,
    /// 已作废: written down by mistake.
    Void,
}

super::words!(EducationState { Recorded = "recorded", Void = "void" });

/// What people do with a record of education.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum EducationAct {
    /// 更正
    Amend {
        /// What it should have been.
        lesson: Box<Lesson>,
        /// Why.
        reason: SmolStr,
    },
    /// 作废
    Void {
        /// Why.
        reason: SmolStr,
    },
}

/// A record of education.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Education {
    /// What was taught.
    pub lesson: Lesson,
    /// Where it stands.
    pub state: EducationState,
    /// Who taught.
    pub taught_by: SmolStr,
    /// Why it was mended or voided last.
    pub reason: Option<SmolStr>,
}

/// Most people of one lesson.
const PEOPLE_MAX: u32 = 100_000;

impl Lesson {
    fn check(&self, scene: &Scene<'_>) -> Result<(), Refusal> {
        text("topic", &self.topic, 200)?;
        if !(1..=PEOPLE_MAX).contains(&self.people_count) {
            return Err(Refusal::Invalid("people_count".into()));
        }
        if self.at > scene.at {
            return Err(Refusal::Invalid("at".into()));
        }
        if self.note.chars().count() > TEXT_CHARS_MAX {
            return Err(Refusal::TooLong("note".into(), TEXT_CHARS_MAX));
        }
        Ok(())
    }

    /// Records what was taught.
    pub fn open(&self, scene: &Scene<'_>) -> Result<Done<Education>, Refusal> {
        if !scene.by.is_platform() {
            // What follows from a confirmed report is written by whoever confirms it.
            scene.need(Permission::Educate).or_else(|_| scene.need(Permission::Dispatch))?;
        }
        self.check(scene)?;
        Ok(Done::only(Education {
            lesson: self.clone(),
            state: EducationState::Recorded,
            taught_by: self.by.clone().unwrap_or_else(|| scene.by.username.clone()),
            reason: None,
        }))
    }
}

impl Case for Education {
    const KIND: CaseKind = CaseKind::Education;
    const ACTS: &'static [&'static str] = &["amend", "void"];
    type Act = EducationAct;

    fn act_key(act: &EducationAct) -> &'static str {
        match act {
            EducationAct::Amend { .. } => "amend",
            EducationAct::Void { .. } => "void",
        }
    }

    fn gate(&self, act: &str, scene: &Scene<'_>) -> Result<(), Refusal> {
        if !Self::ACTS.contains(&act) {
            return Err(Refusal::UnknownAct(act.into()));
        }
        if self.state != EducationState::Recorded {
            return Err(Refusal::WrongState(self.state.key().into(), act.into()));
        }
        scene.need(Permission::Educate)?;
        scene.need_unit(self.lesson.unit)
    }

    fn act(&self, act: &EducationAct, scene: &Scene<'_>) -> Result<Done<Self>, Refusal> {
        self.gate(Self::act_key(act), scene)?;
        let mut case = self.clone();
        match act {
            EducationAct::Amend { lesson, reason } => {
                lesson.check(scene)?;
                case.reason = Some(text("reason", reason, TEXT_CHARS_MAX)?);
                // Whose it is and where it came from stays.
                case.lesson = Lesson {
                    warning: self.lesson.warning,
                    unit: self.lesson.unit,
                    by: self.lesson.by.clone(),
                    ..lesson.as_ref().clone()
                };
            }
            EducationAct::Void { reason } => {
                case.reason = Some(text("reason", reason, TEXT_CHARS_MAX)?);
                case.state = EducationState::Void;
            }
        }
        Ok(Done::only(case))
    }

    fn summary(&self) -> Summary {
        let lesson = &self.lesson;
        Summary {
            state: self.state.key(),
            is_open: false,
            level: Level::Low,
            unit: lesson.unit,
            also_unit: None,
            assignee: Some(self.taught_by.clone()),
            title: lesson.topic.clone(),
            category: SmolStr::new_static(lesson.audience.key()),
            theatre: lesson.theatre,
            plate: None,
            at: lesson.spot.at,
            warning: lesson.warning,
        }
    }

    fn clock(&self) -> Option<Want> {
        None
    }
}
