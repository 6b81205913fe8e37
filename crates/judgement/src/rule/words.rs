//! The words that a condition may use: fields of the passage and of the vehicle's file, counters, functions.

use super::WINDOW_MINUTES_MAX;
use domain::observation::Behaviour;
use domain::{CheckpointId, KeyClass, PlateColor, Theatre};
use smol_str::{SmolStr, format_smolstr};

/// A word of the language, as the page that edits rules explains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// As it is written in a condition.
    pub name: &'static str,
    /// What it is.
    pub kind: WordKind,
    /// Its type, or its arguments and what it gives.
    pub signature: &'static str,
    /// What it means, in Chinese.
    pub zh: &'static str,
    /// What it means, in English.
    pub en: &'static str,
    /// A condition that uses it and passes the check.
    pub example: &'static str,
    /// All values that it can have, where these are words of a list.
    pub values: Vec<&'static str>,
}

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WordKind {
    /// Something with fields.
    Variable,
    /// A field of a variable.
    Field,
    /// Something with arguments.
    Function,
}

impl WordKind {
    /// The word used in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Variable => "variable",
            Self::Field => "field",
            Self::Function => "function",
        }
    }
}

/// Types of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Bool,
    Int,
    Double,
    Text,
    /// A list of texts.
    Texts,
}

impl Type {
    pub(super) fn signature(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Double => "double",
            Self::Text => "string",
            Self::Texts => "list(string)",
        }
    }

    pub(super) fn zh(self) -> &'static str {
        match self {
            Self::Bool => "是非",
            Self::Int => "整数",
            Self::Double => "小数",
            Self::Text => "文字",
            Self::Texts => "列表",
        }
    }
}

/// A field with its name, type, meaning in Chinese and English, and an example.
struct FieldWord(Field, &'static str, Type, &'static str, &'static str, &'static str);

macro_rules! fields {
    ($($field:ident $name:literal $type:ident $zh:literal $en:literal $example:literal)*) => {
        /// A field that a condition can look at.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Field {
            $(#[doc = $en] $field,)*
        }

        /// In the order of declaration.
        static FIELDS: &[FieldWord] = &[
            $(FieldWord(Field::$field, $name, Type::$type, $zh, $en, $example),)*
        ];
    };
}

fields! {
    Checkpoint "passage.checkpoint" Text
        "卡口编号。" "Number of the checkpoint."
        "passage.checkpoint == \"37132200001211000001\""
    Theatre "passage.theatre" Text
        "卡口所属战场。" "The theatre to which the checkpoint belongs."
        "passage.theatre == \"rural\""
    Road "passage.road" Text
        "卡口所在道路。" "The checkpoint's road."
        "passage.road == \"G206\""
    Lane "passage.lane" Int
        "车道号，道路中间为 1。" "The lane, 1 in the middle of the road."
        "passage.lane == 1"
    Direction "passage.direction" Int
        "行驶方向代码（GA/T 1400）：1 西向东、2 东向西、3 北向南、4 南向北、9 其他。"
        "Code of the direction (GA/T 1400): 1 west–east, 2 east–west, 3 north–south, 4 south–north, 9 other."
        "passage.direction == 3"
    Plate "passage.plate" Text
        "号牌号码，识读结果经登记核对后。" "The vehicle's number: what was read, weighed against the register."
        "passage.plate.endsWith(\"8\")"
    Province "passage.province" Text
        "号牌首字（省份简称）。" "First character of the plate: the province."
        "passage.province != \"鲁\""
    PlateClass "passage.plate_class" Text
        "号牌种类（GA/T 16.7 的两位代码）：01 大型汽车、02 小型汽车、15 挂车……"
        "Class of the plate, two digits of GA/T 16.7: 01 large vehicle, 02 small vehicle, 15 trailer, …"
        "passage.plate_class == \"01\""
    PlateColor "passage.plate_color" Text
        "号牌颜色。" "Ground colour of the plate."
        "passage.plate_color == \"yellow\""
    PlateConfidence "passage.plate_confidence" Int
        "设备给出的号牌识别可信度，0 至 100。" "Confidence of the read as the camera gives it, in percent."
        "passage.plate_confidence >= 80"
    VehicleType "passage.vehicle_type" Text
        "设备识别的车辆类型（GA/T 16.4）：K 客车、H 货车、Q 牵引车、M 摩托车……"
        "Vehicle type as the camera sees it (GA/T 16.4): K coaches and cars, H trucks, Q tractors, M motorcycles, …"
        "passage.vehicle_type.startsWith(\"H\")"
    BodyColor "passage.body_color" Text
        "设备识别的车身颜色（GA/T 16.8）：A 白、B 灰、C 黄……J 黑。"
        "Body colour as the camera sees it (GA/T 16.8): A white, B grey, C yellow, … J black."
        "passage.body_color == \"A\""
    SpeedKmh "passage.speed_kmh" Int
        "车速，公里/小时。" "Speed in km/h."
        "passage.speed_kmh > 80"
    Hour "passage.hour" Int
        "过车时刻的小时（北京时间），0 至 23。" "Hour of the Beijing day, 0 to 23."
        "passage.hour >= 22 || passage.hour < 6"
    MinuteOfDay "passage.minute_of_day" Int
        "过车时刻是当日第几分钟（北京时间），0 至 1439。" "Minute of the Beijing day, 0 to 1439."
        "passage.minute_of_day < 330"
    Weekday "passage.weekday" Int
        "星期几（北京时间），1 星期一至 7 星期日。" "Day of the week in Beijing, 1 Monday to 7 Sunday."
        "passage.weekday in [6, 7]"
    IsNight "passage.is_night" Bool
        "是否夜间；起止时刻与疲劳驾驶模型相同。" "Whether it is night, by the hours of the fatigue model."
        "passage.is_night"
    Behaviours "passage.behaviours" Texts
        "设备识别的违法行为。" "What the camera says it saw besides."
        "\"no_helmet\" in passage.behaviours"
    TotalKg "passage.total_kg" Int
        "不停车称重的总质量，千克。" "Total mass as weighed in motion, in kg."
        "passage.total_kg > 49000"
    AxleCount "passage.axle_count" Int
        "不停车称重的轴数。" "Axles as counted where it was weighed."
        "passage.axle_count >= 6"
    ReadPermille "passage.read_permille" Int
        "号牌识读正确的可能性，0 至 1000，按该相机的核查结果估计。"
        "How likely the plate was read right, 0 to 1000, as learned for the camera."
        "passage.read_permille >= 950"
    IsRegistered "vehicle.is_registered" Bool
        "车辆登记中是否有此车。" "Whether the register knows the vehicle."
        "!vehicle.is_registered"
    KeyClass "vehicle.key_class" Text
        "登记的重点车辆类别；登记在册而不是重点车辆的为 none。"
        "Which key vehicle it is, by the register; none for a registered vehicle that is no key vehicle."
        "vehicle.key_class == \"minivan\""
    FileVehicleType "vehicle.vehicle_type" Text
        "登记的车辆类型（GA/T 16.4）。" "Vehicle type by the register (GA/T 16.4)."
        "vehicle.vehicle_type.startsWith(\"K1\")"
    UseCode "vehicle.use" Text
        "登记的使用性质（GA/T 16.3）：A 非营运、B 公路客运、E 旅游客运、F 货运、R 危化品运输……"
        "Use by the register (GA/T 16.3): A private, B scheduled coach, E tour coach, F freight, R dangerous goods, …"
        "vehicle.use == \"B\""
    FileBodyColor "vehicle.body_color" Text
        "登记的车身颜色（GA/T 16.8）。" "Body colour by the register (GA/T 16.8)."
        "vehicle.body_color != passage.body_color"
    InspectionOverdueDays "vehicle.inspection_overdue_days" Int
        "检验逾期天数，未逾期为 0。" "Days since the inspection expired; 0 when it has not."
        "vehicle.inspection_overdue_days > 180"
    ScrapOverdueDays "vehicle.scrap_overdue_days" Int
        "报废逾期天数，未逾期为 0。" "Days since it had to be scrapped; 0 when it had not."
        "vehicle.scrap_overdue_days > 0"
    UnhandledOffences "vehicle.unhandled_offences" Int
        "登记的未处理违法起数。" "Offences recorded and not handled."
        "vehicle.unhandled_offences >= 5"
    IsLocal "vehicle.is_local" Bool
        "是否本地号牌（登记所覆盖的发牌机关）。" "Whether the plate is of an authority that the register covers."
        "!vehicle.is_local"
}

impl Field {
    /// What `vehicle.key_class` is of a registered vehicle that is no key vehicle.
    pub const NO_KEY_CLASS: &'static str = "none";

    fn word(self) -> &'static FieldWord {
        &FIELDS[self as usize]
    }

    /// As it is written in a condition.
    pub fn name(self) -> &'static str {
        self.word().1
    }

    pub(super) fn kind(self) -> Type {
        self.word().2
    }

    /// The field of `passage` or `vehicle` with this name.
    pub(super) fn find(of: &str, field: &str) -> Option<Self> {
        FIELDS.iter().find(|word| word.1.split_once('.') == Some((of, field))).map(|word| word.0)
    }

    /// All values that it can have (or its elements, for a list), where these are words of a list.
    pub(super) fn values(self) -> Vec<&'static str> {
        match self {
            Self::Theatre => Theatre::ALL.map(Theatre::key).to_vec(),
            Self::KeyClass => {
                let classes = KeyClass::ALL.map(KeyClass::key);
                classes.into_iter().chain([Self::NO_KEY_CLASS]).collect()
            }
            Self::Behaviours => Behaviour::ALL.map(Behaviour::key).to_vec(),
            Self::PlateColor => [
                PlateColor::Blue,
                PlateColor::Yellow,
                PlateColor::White,
                PlateColor::Black,
                PlateColor::Green,
                PlateColor::YellowGreen,
            ]
            .map(PlateColor::key)
            .to_vec(),
            _ => Vec::new(),
        }
    }

    /// The value that is meant by a Chinese name of it.
    pub(super) fn value_of_name(self, name: &str) -> Option<&'static str> {
        match self {
            Self::Theatre => Theatre::parse(name).map(Theatre::key),
            Self::KeyClass => KeyClass::parse(name).map(KeyClass::key),
            Self::PlateColor => {
                PlateColor::parse(name).filter(|color| *color != PlateColor::Unknown).map(PlateColor::key)
            }
            _ => None,
        }
    }
}

/// A number over the vehicle's remembered passages, in order of capture, up to and including the one that is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counter {
    /// Passages in the last so many minutes.
    Count {
        /// Length of the window.
        minutes: i64,
    },
    /// Different checkpoints in the last so many minutes.
    Places {
        /// Length of the window.
        minutes: i64,
    },
    /// Passages of one checkpoint in the last so many minutes.
    CountAt {
        /// Which.
        place: Place,
        /// Length of the window.
        minutes: i64,
    },
    /// Whole minutes since the first passage in the last so many minutes.
    MinutesSinceFirst {
        /// Length of the window.
        minutes: i64,
    },
    /// Whole minutes since the passage before this one; not known when there was none within
    /// [`WINDOW_MINUTES_MAX`].
    MinutesSinceLast,
}

/// A checkpoint of a counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// That of the passage.
    Here,
    /// This one.
    Named(CheckpointId),
}

impl Counter {
    /// How far back it looks.
    pub fn window_minutes(&self) -> i64 {
        match self {
            Self::Count { minutes }
            | Self::Places { minutes }
            | Self::CountAt { minutes, .. }
            | Self::MinutesSinceFirst { minutes } => *minutes,
            Self::MinutesSinceLast => WINDOW_MINUTES_MAX,
        }
    }

    /// As it is written in a condition.
    pub(super) fn to_text(&self) -> SmolStr {
        match self {
            Self::Count { minutes } => format_smolstr!("count({minutes})"),
            Self::Places { minutes } => format_smolstr!("places({minutes})"),
            Self::CountAt { place: Place::Here, minutes } => {
                format_smolstr!("count_at(passage.checkpoint, {minutes})")
            }
            Self::CountAt { place: Place::Named(id), minutes } => {
                format_smolstr!("count_at(\"{}\", {minutes})", id.0)
            }
            Self::MinutesSinceFirst { minutes } => format_smolstr!("minutes_since_first({minutes})"),
            Self::MinutesSinceLast => SmolStr::new_static("minutes_since_last()"),
        }
    }
}

/// A function of the language, as [`vocabulary`] lists it.
struct FunctionWord(&'static str, &'static str, &'static str, &'static str, &'static str);

static FUNCTIONS: &[FunctionWord] = &[
    FunctionWord(
        "count",
        "count(minutes: int) -> int",
        "该车最近若干分钟内的过车次数，含本次；分钟数须直接写出，最多 1440。",
        "The vehicle's passages in the last so many minutes, this one included; written as a number, 1440 at most.",
        "count(60) >= 5",
    ),
    FunctionWord(
        "places",
        "places(minutes: int) -> int",
        "该车最近若干分钟内经过的不同卡口数，含本次。",
        "Different checkpoints that the vehicle passed in the last so many minutes, this one included.",
        "places(120) >= 4",
    ),
    FunctionWord(
        "count_at",
        "count_at(checkpoint: string, minutes: int) -> int",
        "该车最近若干分钟内经过某卡口的次数；卡口写编号，或写 passage.checkpoint 表示本卡口。",
        "The vehicle's passages of one checkpoint in the last so many minutes: its number, or passage.checkpoint for this one.",
        "count_at(passage.checkpoint, 180) >= 3",
    ),
    FunctionWord(
        "minutes_since_first",
        "minutes_since_first(minutes: int) -> int",
        "最近若干分钟内，该车第一次过车距本次多少分钟；窗口内只有本次时为 0。",
        "Minutes since the vehicle's first passage in the last so many minutes; 0 when this is the only one.",
        "minutes_since_first(480) >= 240",
    ),
    FunctionWord(
        "minutes_since_last",
        "minutes_since_last() -> int",
        "该车上一次过车距本次多少分钟；一天内没有上一次时为未知。",
        "Minutes since the vehicle's passage before this one; not known when there was none within a day.",
        "minutes_since_last() < 10",
    ),
    FunctionWord(
        "has",
        "has(field) -> bool",
        "该项是否已知。未知的项使比较不成立。",
        "Whether the field is known. A comparison with what is not known does not hold.",
        "has(passage.speed_kmh)",
    ),
    FunctionWord(
        "size",
        "size(string | list) -> int",
        "文字的字数，或列表的项数。",
        "Characters of a text, or elements of a list.",
        "size(passage.behaviours) >= 2",
    ),
    FunctionWord(
        "startsWith",
        "string.startsWith(string) -> bool",
        "文字是否以某文字开头。",
        "Whether a text begins with another.",
        "passage.plate.startsWith(\"鲁Q\")",
    ),
    FunctionWord(
        "endsWith",
        "string.endsWith(string) -> bool",
        "文字是否以某文字结尾。",
        "Whether a text ends with another.",
        "passage.plate.endsWith(\"挂\")",
    ),
    FunctionWord(
        "contains",
        "string.contains(string) -> bool",
        "文字是否含有某文字。",
        "Whether a text contains another.",
        "passage.plate.contains(\"88\")",
    ),
    FunctionWord(
        "exists",
        "list.exists(name, condition) -> bool",
        "列表中是否有一项满足条件。",
        "Whether one element of a list meets a condition.",
        "[\"鲁Q\", \"鲁L\"].exists(head, passage.plate.startsWith(head))",
    ),
    FunctionWord(
        "all",
        "list.all(name, condition) -> bool",
        "列表中是否每一项都满足条件。",
        "Whether every element of a list meets a condition.",
        "[\"鲁Q\", \"鲁L\"].all(head, !passage.plate.startsWith(head))",
    ),
    FunctionWord(
        "int",
        "int(double) -> int",
        "小数取整数部分。",
        "The integer part of a double.",
        "int(double(passage.total_kg) / 1000.0) > 49",
    ),
    FunctionWord(
        "double",
        "double(int) -> double",
        "整数变小数，以便与小数一起计算。",
        "An integer as a double, to calculate with doubles.",
        "double(passage.total_kg) / double(passage.axle_count) > 9500.0",
    ),
];

/// All words that a condition may use: variables, their fields, functions, in the order in which pages list them.
pub fn vocabulary() -> Vec<Word> {
    let variable = |name, zh, en, example| Word {
        name,
        kind: WordKind::Variable,
        signature: "object",
        zh,
        en,
        example,
        values: Vec::new(),
    };
    let field = |word: &FieldWord| Word {
        name: word.1,
        kind: WordKind::Field,
        signature: word.2.signature(),
        zh: word.3,
        en: word.4,
        example: word.5,
        values: word.0.values(),
    };
    let (passage, vehicle): (Vec<_>, Vec<_>) = FIELDS.iter().partition(|word| word.1.starts_with("passage."));
    let mut words =
        vec![variable("passage", "本次过车。", "The passage that is judged.", "passage.speed_kmh > 80")];
    words.extend(passage.into_iter().map(field));
    words.push(variable(
        "vehicle",
        "该车的登记信息；登记中没有此车时各项未知。",
        "The vehicle's file; its fields are not known when the register does not know the vehicle.",
        "vehicle.is_registered",
    ));
    words.extend(vehicle.into_iter().map(field));
    words.extend(FUNCTIONS.iter().map(|word| Word {
        name: word.0,
        kind: WordKind::Function,
        signature: word.1,
        zh: word.2,
        en: word.3,
        example: word.4,
        values: Vec::new(),
    }));
    words
}

/// How a function is used; empty for what is none.
pub(super) fn signature_of(function: &str) -> &'static str {
    FUNCTIONS.iter().find(|word| word.0 == function).map_or("", |word| word.1)
}

/// Names of all functions.
pub(super) fn function_names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|word| word.0)
}

/// Names of the fields of a variable, without it.
pub(super) fn field_names(of: &str) -> impl Iterator<Item = &'static str> {
    FIELDS.iter().filter_map(move |word| {
        word.1.split_once('.').filter(|(variable, _)| *variable == of).map(|(_, name)| name)
    })
}
