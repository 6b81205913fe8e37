//! The parameters of the models as data: every threshold with its unit, its source and its meaning in two languages.
//!
//! Nothing here is a constant of the code: a caller reads `data/models.toml` into [`ModelParameters`], and the page
//! shows what [`Parameters::describe`] says about it.

pub use declared::{
    AverageSpeedParameters, CameraReportParameters, ClonePlateParameters, DangerousGoodsParameters,
    DeviceAlarmParameters, DisciplineParameters, DrivingTimeParameters, FakePlateParameters,
    FatigueParameters, HiddenPlateParameters, Horizon, NightCoachParameters, NoExitParameters, NoParameters,
    OverloadParameters, PassageFatigueParameters, ReadingParameters, SpotSpeedParameters,
    TerminalElsewhereParameters, TerminalSilentParameters, UnhandledOffencesParameters, WatchOrderParameters,
    WrongWayParameters,
};
pub(crate) use tuned::{Situation, TunedModels};

use crate::check::ParameterError;
use crate::confusion::Confusions;
use domain::{Level, ModelId, TunedValue, Tuning};
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
    /// Gross-weight limits by axles.
    AxleLimits(Vec<AxleLimit>),
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

/// The gross-weight limit for a number of axles (GB 1589-2016).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AxleLimit {
    /// Axles of the whole vehicle.
    pub axles: u8,
    /// Whether it holds for more axles, too.
    #[serde(default)]
    pub is_also_beyond: bool,
    /// Limit for a single vehicle in kg.
    pub truck_kg: u32,
    /// Limit for a combination in kg.
    pub train_kg: u32,
}

impl From<Vec<AxleLimit>> for Value {
    fn from(limits: Vec<AxleLimit>) -> Self {
        Self::AxleLimits(limits)
    }
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
    /// `false` when it is switched off.
    #[serde(default = "yes")]
    pub is_enabled: bool,
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

fn yes() -> bool {
    true
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
    /// Least and greatest value, for numbers.
    pub range: Option<(i64, i64)>,
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

        impl $crate::parameters::ParameterSet for $name {
            fn describe(&self) -> Vec<$crate::parameters::ParameterDescription> {
                vec![$($crate::parameters::ParameterDescription {
                    name: stringify!($field),
                    value: self.$field.value.clone().into(),
                    range: None,
                    unit: self.$field.unit.clone(),
                    source: self.$field.source.clone(),
                    explanation_zh: self.$field.zh.clone(),
                    explanation_en: self.$field.en.clone(),
                },)*]
            }

            fn tune(&mut self, name: &str, value: &domain::TunedValue) -> Result<(), $crate::parameters::TuneFault> {
                // A model without parameters uses neither.
                let _: &domain::TunedValue = value;
                match name {
                    $(stringify!($field) => $crate::parameters::Tunable::tune(&mut self.$field.value, value),)*
                    _ => Err($crate::parameters::TuneFault::Name),
                }
            }
        }
    };
}

// Behind the macro, which is known only from here on.
mod declared;
mod tuned;

/// What the parameters of every model can do; made by [`parameters!`].
trait ParameterSet {
    fn describe(&self) -> Vec<ParameterDescription>;
    /// Sets the value of a name.
    fn tune(&mut self, name: &str, value: &TunedValue) -> Result<(), TuneFault>;
}

/// Why a name can't be given a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TuneFault {
    /// There is no such parameter.
    Name,
    /// It is of another type.
    Type,
}

/// A type of values that users can tune.
trait Tunable {
    fn tune(&mut self, value: &TunedValue) -> Result<(), TuneFault>;
}

impl Tunable for i64 {
    fn tune(&mut self, value: &TunedValue) -> Result<(), TuneFault> {
        let TunedValue::Number(number) = value else { return Err(TuneFault::Type) };
        *self = *number;
        Ok(())
    }
}

impl Tunable for bool {
    fn tune(&mut self, value: &TunedValue) -> Result<(), TuneFault> {
        let TunedValue::Flag(flag) = value else { return Err(TuneFault::Type) };
        *self = *flag;
        Ok(())
    }
}

impl Tunable for Vec<String> {
    fn tune(&mut self, value: &TunedValue) -> Result<(), TuneFault> {
        let TunedValue::Words(words) = value else { return Err(TuneFault::Type) };
        *self = words.iter().map(ToString::to_string).collect();
        Ok(())
    }
}

/// Scales are law: they are changed in the file, with their source, and not on the page.
impl Tunable for Vec<Step> {
    fn tune(&mut self, _: &TunedValue) -> Result<(), TuneFault> {
        Err(TuneFault::Type)
    }
}

impl Tunable for Vec<AxleLimit> {
    fn tune(&mut self, _: &TunedValue) -> Result<(), TuneFault> {
        Err(TuneFault::Type)
    }
}

/// All models, each with the name of its table in `data/models.toml`, its parameters and its identity.
macro_rules! models {
    ($($(#[$doc:meta])* $field:ident: $parameters:ty = $id:ident,)*) => {
        /// All of `data/models.toml`.
        #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct ModelParameters {
            /// For all models.
            pub horizon: Horizon,
            /// How reads of plates are weighed, for all models.
            pub reading: ReadingParameters,
            /// How warnings stand to one another, for all models.
            pub discipline: DisciplineParameters,
            $($(#[$doc])* pub $field: Model<$parameters>,)*
        }

        impl ModelParameters {
            fn describe(&self, id: ModelId) -> ModelDescription {
                match id {
                    $(ModelId::$id => self.$field.describe(id),)*
                }
            }

            /// Changes a model as a tuning says; its scope is the caller's affair.
            pub(crate) fn tune(&mut self, tuning: &Tuning) -> Result<(), ParameterError> {
                match tuning.model {
                    $(ModelId::$id => self.$field.tune(tuning),)*
                }
            }

            /// Whether the model judges at all.
            pub fn is_enabled(&self, id: ModelId) -> bool {
                match id {
                    $(ModelId::$id => self.$field.is_enabled,)*
                }
            }

            /// Switches all models off but this one.
            pub(crate) fn only(&mut self, id: ModelId) {
                $(self.$field.is_enabled &= ModelId::$id == id;)*
            }

            /// The level of each model, where its warnings all have the same.
            pub fn level(&self, id: ModelId) -> Option<Level> {
                match id {
                    $(ModelId::$id => self.$field.level,)*
                }
            }
        }
    };
}

models! {
    /// 布控比对
    watch_order: WatchOrderParameters = WatchOrder,
    /// 区间测速
    average_speed: AverageSpeedParameters = AverageSpeed,
    /// 疲劳驾驶
    fatigue: FatigueParameters = Fatigue,
    /// 客车凌晨运行
    night_coach: NightCoachParameters = NightCoach,
    /// 终端报警
    device_alarm: DeviceAlarmParameters = DeviceAlarm,
    /// 逾期未检验
    overdue_inspection: NoParameters = OverdueInspection,
    /// 逾期未报废
    overdue_scrapping: NoParameters = OverdueScrapping,
    /// 多次违法未处理
    unhandled_offences: UnhandledOffencesParameters = UnhandledOffences,
    /// 套牌嫌疑
    clone_plate: ClonePlateParameters = ClonePlate,
    /// 假牌嫌疑
    fake_plate: FakePlateParameters = FakePlate,
    /// 无牌、遮挡号牌
    hidden_plate: HiddenPlateParameters = HiddenPlate,
    /// 单点超速
    spot_speed: SpotSpeedParameters = SpotSpeed,
    /// 累计驾驶超时
    driving_time: DrivingTimeParameters = DrivingTime,
    /// 卡口推算疲劳驾驶
    passage_fatigue: PassageFatigueParameters = PassageFatigue,
    /// 危货车违规路线、时段
    dangerous_goods: DangerousGoodsParameters = DangerousGoods,
    /// 违反限行
    zone_ban: NoParameters = ZoneBan,
    /// 逆行
    wrong_way: WrongWayParameters = WrongWay,
    /// 超限超载
    overload: OverloadParameters = Overload,
    /// 卡口识别违法
    camera_report: CameraReportParameters = CameraReport,
    /// 终端失联
    terminal_silent: TerminalSilentParameters = TerminalSilent,
    /// 车、终端位置不符
    terminal_elsewhere: TerminalElsewhereParameters = TerminalElsewhere,
    /// 区间滞留
    no_exit: NoExitParameters = NoExit,
    /// 自定义规则
    rule: NoParameters = Rule,
}

impl ModelParameters {
    /// Whether a model is at work that looks at where a vehicle has been; the others judge each observation by itself, or
    /// remember what they need.
    pub(crate) fn looks_at_tracks(&self) -> bool {
        self.average_speed.is_enabled
            || self.clone_plate.is_enabled
            || self.fake_plate.is_enabled
            || self.passage_fatigue.is_enabled
            || self.no_exit.is_enabled
            || self.terminal_silent.is_enabled
            || self.terminal_elsewhere.is_enabled
            || self.rule.is_enabled
    }
}

#[expect(private_bounds, reason = "only the parameters declared here are parameters of models")]
impl<P: ParameterSet> Model<P> {
    fn describe(&self, id: ModelId) -> ModelDescription {
        ModelDescription {
            id,
            version: self.version,
            level: self.level,
            actionable_seconds: self.actionable_seconds,
            name_zh: self.name.zh.clone(),
            name_en: self.name.en.clone(),
            explanation_zh: self.explanation.zh.clone(),
            explanation_en: self.explanation.en.clone(),
            parameters: self.parameters.describe(),
        }
    }

    fn tune(&mut self, tuning: &Tuning) -> Result<(), ParameterError> {
        self.is_enabled = tuning.is_enabled;
        if let Some(level) = tuning.level {
            // A level only replaces one that holds for all of a model's warnings.
            if self.level.is_none() {
                return Err(ParameterError::NoFixedLevel(tuning.model.key()));
            }
            self.level = Some(level);
        }
        for (name, value) in &tuning.values {
            self.parameters.tune(name, value).map_err(|fault| match fault {
                TuneFault::Name => {
                    ParameterError::Unknown { model: tuning.model.key(), name: name.to_string() }
                }
                TuneFault::Type => ParameterError::Type { model: tuning.model.key(), name: name.to_string() },
            })?;
        }
        Ok(())
    }
}

/// All that the engine is given besides entries.
#[derive(Clone, Debug)]
pub struct Parameters {
    /// Thresholds, levels and versions: `data/models.toml`. Boxed: with its texts it is large.
    pub models: Box<ModelParameters>,
    /// Which symbols cameras take for which: `data/plate-confusions.toml`.
    pub confusions: Confusions,
}

impl Parameters {
    /// The models with their parameters, in the order in which pages list them.
    pub fn describe(&self) -> Vec<ModelDescription> {
        let ranges = self.ranges();
        let mut models: Vec<_> = ModelId::ALL.into_iter().map(|id| self.models.describe(id)).collect();
        for model in &mut models {
            for parameter in &mut model.parameters {
                let full_name = format!("{}.{}", model.id.key(), parameter.name);
                parameter.range =
                    ranges.iter().find(|range| range.0 == full_name).map(|(_, _, min, max)| (*min, *max));
            }
        }
        models
    }

    /// The parameters that hold for all models, as the page shows them.
    pub fn describe_common(&self) -> Vec<ParameterDescription> {
        let mut common = self.models.horizon.describe();
        common.extend(self.models.reading.describe());
        common.extend(self.models.discipline.describe());
        common
    }

    /// Says whether a tuning can be put into force: its names are known, its values of the right type and range.
    pub fn check_tuning(&self, tuning: &Tuning) -> Result<(), ParameterError> {
        let mut tuned = self.clone();
        tuned.models.tune(tuning)?;
        tuned.check()
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
