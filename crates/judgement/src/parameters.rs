//! The parameters of the models as data: every threshold with its unit, its source and its meaning in two languages.
//!
//! Nothing here is a constant of the code: a caller reads `data/models.toml` into [`ModelParameters`], and the page
//! shows what [`Parameters::describe`] says about it.

use crate::confusion::Confusions;
use domain::{Level, ModelId};
use serde::{Deserialize, Serialize};

/// A text in the two languages of the page.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// One value with what a person must know to change it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter<T> {
    /// The value in `unit`.
    pub value: T,
    /// The unit, as the page writes it; empty for words and switches.
    pub unit: String,
    /// Law, standard or experience that it comes from.
    pub source: String,
    /// What it does, in Chinese.
    pub zh: String,
    /// What it does, in English.
    pub en: String,
}

/// A value of any parameter, as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A switch.
    Flag(bool),
    /// A number in the parameter's unit.
    Number(i64),
    /// Words, such as kinds of alarms.
    Words(Vec<String>),
    /// Steps: from so many percent on, so urgent.
    Steps(Vec<Step>),
}

/// One step of a scale of levels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// From so many percent over the limit on.
    pub over_percent: u32,
    /// How urgent that is.
    #[serde(with = "level_word")]
    pub level: Level,
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<Vec<String>> for Value {
    fn from(words: Vec<String>) -> Self {
        Self::Words(words)
    }
}

impl From<Vec<Step>> for Value {
    fn from(steps: Vec<Step>) -> Self {
        Self::Steps(steps)
    }
}

/// What all models have in common, and the parameters `P` of one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model<P> {
    /// Raised whenever a change of the code or the data makes it judge otherwise; part of every warning's identity.
    pub version: u16,
    /// How urgent its warnings are; `None` where each warning has its own (the order's, or by steps).
    #[serde(default, deserialize_with = "level_word::deserialize_some")]
    pub level: Option<Level>,
    /// For so long after it happened, sending somebody out makes sense. Evidence that comes later makes the warning
    /// historical.
    pub actionable_seconds: i64,
    /// Its name.
    pub name: Text,
    /// What it finds and what it leaves out.
    pub explanation: Text,
    /// Its own parameters.
    pub parameters: P,
}

/// A model as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelDescription {
    /// Which.
    pub id: ModelId,
    /// Its version.
    pub version: u16,
    /// How urgent its warnings are; `None` where each warning has its own.
    pub level: Option<Level>,
    /// For so many seconds after it happened, a warning can be acted on.
    pub actionable_seconds: i64,
    /// Name in Chinese.
    pub name_zh: String,
    /// Name in English.
    pub name_en: String,
    /// Explanation in Chinese.
    pub explanation_zh: String,
    /// Explanation in English.
    pub explanation_en: String,
    /// Its parameters, in the order of the code.
    pub parameters: Vec<ParameterDescription>,
}

/// A parameter as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ParameterDescription {
    /// Its name in `data/models.toml`.
    pub name: &'static str,
    /// Its value.
    pub value: Value,
    /// Its unit.
    pub unit: String,
    /// Where it comes from.
    pub source: String,
    /// Explanation in Chinese.
    pub explanation_zh: String,
    /// Explanation in English.
    pub explanation_en: String,
}

/// Declares the parameters of a model, so that the list on the page can't forget one.
macro_rules! parameters {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: Parameter<$kind>,)*
        }

        impl Describe for $name {
            fn describe(&self) -> Vec<ParameterDescription> {
                vec![$(ParameterDescription {
                    name: stringify!($field),
                    value: self.$field.value.clone().into(),
                    unit: self.$field.unit.clone(),
                    source: self.$field.source.clone(),
                    explanation_zh: self.$field.zh.clone(),
                    explanation_en: self.$field.en.clone(),
                },)*]
            }
        }
    };
}

trait Describe {
    fn describe(&self) -> Vec<ParameterDescription>;
}

parameters! {
    /// What holds for all models: how late an observation may be.
    Horizon {
        /// Older observations are counted and only compared with watch orders, which need no memory.
        late_max_hours: i64,
        /// A device clock so far ahead of ours is wrong; such observations are treated like those too late.
        ahead_max_seconds: i64,
    }
}

parameters! {
    /// Watch orders.
    WatchOrderParameters {
        /// Least score of a hit.
        score_min_permille: i64,
        /// Factor for a place that the camera could not read.
        unread_permille: i64,
        /// Factor for one symbol read as another that the confusion table does not name.
        unlisted_permille: i64,
        /// Factor when plate class or ground colour contradict the order.
        class_mismatch_permille: i64,
        /// Factor on a misread hit when the body colour contradicts the register's entry of the ordered vehicle.
        body_color_mismatch_permille: i64,
        /// At this confidence or below, a misread is fully possible.
        doubtful_confidence_percent: i64,
        /// Factor on a misread hit when the camera is 100 % sure; between, it is linear.
        sure_camera_permille: i64,
        /// Whether a read that the register knows and confirms is never taken for another plate.
        trust_registered_read: bool,
    }
}

parameters! {
    /// Average speed over a section.
    AverageSpeedParameters {
        /// Longest time between the two points; more is no drive through.
        elapsed_max_minutes: i64,
        /// Shortest time between the two points.
        elapsed_min_seconds: i64,
        /// How far the clocks of the two points may differ, added to the time in the driver's favour.
        clock_difference_max_ms: i64,
        /// Faster is a fault of clocks or plates.
        plausible_max_kmh: i64,
        /// Levels by excess, ascending; below the first there is no warning.
        steps: Vec<Step>,
    }
}

parameters! {
    /// Driving without rest.
    FatigueParameters {
        /// Longest drive without a rest.
        limit_minutes: i64,
        /// Longest drive of a coach at night without a rest.
        coach_night_limit_minutes: i64,
        /// Hour of the Beijing day at which the night begins.
        night_from_hour: i64,
        /// Hour of the Beijing day at which the night ends.
        night_to_hour: i64,
        /// Shortest stop that is a rest.
        rest_minutes: i64,
        /// From this speed on, a vehicle drives.
        moving_min_kmh: i64,
        /// Distance covered in silence is taken as driven at this speed; what remains of the silence may have been rest.
        silent_speed_kmh: i64,
        /// A longer silence is a rest, whatever distance was covered.
        silent_max_minutes: i64,
        /// A standing warning is renewed after so many more driven minutes.
        renewal_minutes: i64,
    }
}

parameters! {
    /// Coaches on the move in the small hours.
    NightCoachParameters {
        /// Hour of the Beijing day at which coaches must stop.
        from_hour: i64,
        /// Hour of the Beijing day from which they may go on.
        to_hour: i64,
        /// So many minutes with movement are let pass.
        moving_max_minutes: i64,
        /// A standing warning is renewed after so many more moving minutes.
        renewal_minutes: i64,
    }
}

parameters! {
    /// Alarms of terminals.
    DeviceAlarmParameters {
        /// Kinds that become warnings of level one.
        kinds_high: Vec<String>,
        /// Kinds that become warnings of level two.
        kinds_medium: Vec<String>,
        /// Kinds that become warnings of level three.
        kinds_low: Vec<String>,
        /// Reports of one kind further apart are two episodes.
        episode_gap_minutes: i64,
    }
}

parameters! {
    /// A model that needs no parameter beyond its level.
    NoParameters {}
}

parameters! {
    /// Many offences not handled.
    UnhandledOffencesParameters {
        /// From so many on.
        count_min: i64,
    }
}

/// All of `data/models.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelParameters {
    /// For all models.
    pub horizon: Horizon,
    /// 布控比对
    pub watch_order: Model<WatchOrderParameters>,
    /// 区间测速
    pub average_speed: Model<AverageSpeedParameters>,
    /// 疲劳驾驶
    pub fatigue: Model<FatigueParameters>,
    /// 客车凌晨运行
    pub night_coach: Model<NightCoachParameters>,
    /// 终端报警
    pub device_alarm: Model<DeviceAlarmParameters>,
    /// 逾期未检验
    pub overdue_inspection: Model<NoParameters>,
    /// 逾期未报废
    pub overdue_scrapping: Model<NoParameters>,
    /// 多次违法未处理
    pub unhandled_offences: Model<UnhandledOffencesParameters>,
}

/// All that the engine is given besides entries.
#[derive(Clone, Debug)]
pub struct Parameters {
    /// Thresholds, levels and versions: `data/models.toml`.
    pub models: ModelParameters,
    /// Which symbols cameras take for which: `data/plate-confusions.toml`.
    pub confusions: Confusions,
}

impl Parameters {
    /// The models with their parameters, in the order in which pages list them.
    pub fn describe(&self) -> Vec<ModelDescription> {
        fn one<P: Describe>(id: ModelId, model: &Model<P>) -> ModelDescription {
            ModelDescription {
                id,
                version: model.version,
                level: model.level,
                actionable_seconds: model.actionable_seconds,
                name_zh: model.name.zh.clone(),
                name_en: model.name.en.clone(),
                explanation_zh: model.explanation.zh.clone(),
                explanation_en: model.explanation.en.clone(),
                parameters: model.parameters.describe(),
            }
        }
        let m = &self.models;
        ModelId::ALL
            .into_iter()
            .filter_map(|id| match id {
                ModelId::WatchOrder => Some(one(id, &m.watch_order)),
                ModelId::AverageSpeed => Some(one(id, &m.average_speed)),
                ModelId::Fatigue => Some(one(id, &m.fatigue)),
                ModelId::NightCoach => Some(one(id, &m.night_coach)),
                ModelId::DeviceAlarm => Some(one(id, &m.device_alarm)),
                ModelId::OverdueInspection => Some(one(id, &m.overdue_inspection)),
                ModelId::OverdueScrapping => Some(one(id, &m.overdue_scrapping)),
                ModelId::UnhandledOffences => Some(one(id, &m.unhandled_offences)),
                _ => None,
            })
            .collect()
    }

    /// The parameters that hold for all models, as the page shows them.
    pub fn describe_horizon(&self) -> Vec<ParameterDescription> {
        self.models.horizon.describe()
    }
}

/// A level as the word that files and the API use.
mod level_word {
    use domain::Level;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
    pub(super) fn serialize<S: Serializer>(level: &Level, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(level.key())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Level, D::Error> {
        let word = String::deserialize(from)?;
        Level::parse(&word).ok_or_else(|| D::Error::custom(format!("no level is called {word:?}")))
    }

    pub(super) fn deserialize_some<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Level>, D::Error> {
        deserialize(from).map(Some)
    }
}
