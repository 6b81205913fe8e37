//! Vehicles: their key, classes and file (一车一档).

use crate::plate::{Plate, PlateColor};
use crate::time::CivilDay;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// Plate class (号牌种类) of GA/T 16.7: two digits; 0 when not said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PlateClass(pub u8);

impl PlateClass {
    /// Not said.
    pub const UNKNOWN: Self = Self(0);
    /// 大型汽车
    pub const LARGE: Self = Self(1);
    /// 小型汽车
    pub const SMALL: Self = Self(2);
    /// 大型新能源汽车
    pub const LARGE_NEW_ENERGY: Self = Self(51);
    /// 小型新能源汽车
    pub const SMALL_NEW_ENERGY: Self = Self(52);

    /// The two digits of the standard.
    pub fn parse(text: &str) -> Option<Self> {
        text.trim().parse().ok().filter(|code| *code < 100).map(Self)
    }

    /// Whether it is a class of motorcycles: 07 ordinary, 08 light, 09–12 of embassies and foreigners, 17 of driving
    /// schools, 21 on a visit, 24 of the police.
    pub fn is_motorcycle(self) -> bool {
        matches!(self.0, 7..=12 | 17 | 21 | 24)
    }

    /// The class that a ground colour means when nothing else is known (GA 36-2018).
    pub fn of_color(color: PlateColor) -> Self {
        match color {
            PlateColor::Blue => Self::SMALL,
            PlateColor::Yellow => Self::LARGE,
            PlateColor::Green => Self::SMALL_NEW_ENERGY,
            PlateColor::YellowGreen => Self::LARGE_NEW_ENERGY,
            PlateColor::White => Self(23),
            PlateColor::Black => Self(3),
            PlateColor::Unknown => Self::UNKNOWN,
        }
    }

    /// The ground colour of the class (GA 36-2018); unknown where the class has several.
    pub fn color(self) -> PlateColor {
        match self.0 {
            1 | 15 | 16 | 17 | 7 => PlateColor::Yellow,
            2 | 8 => PlateColor::Blue,
            3 | 4 | 5 | 26 | 27 => PlateColor::Black,
            23 | 24 | 31 | 32 | 33 => PlateColor::White,
            51 => PlateColor::YellowGreen,
            52 => PlateColor::Green,
            _ => PlateColor::Unknown,
        }
    }
}

impl std::fmt::Display for PlateClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

/// What identifies a vehicle: a car and a motorcycle may share a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VehicleKey {
    /// The number.
    pub plate: Plate,
    /// Its class; [`PlateClass::UNKNOWN`] when neither class nor colour was seen.
    pub class: PlateClass,
}

/// Vehicle type of GA/T 16.4: letter and two digits, such as K33 or H11.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VehicleType([u8; 3]);

impl VehicleType {
    /// Reads the three characters of the standard.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().as_bytes() {
            [letter, tens, ones]
                if letter.is_ascii_alphabetic() && tens.is_ascii_digit() && ones.is_ascii_alphanumeric() =>
            {
                Some(Self([letter.to_ascii_uppercase(), *tens, ones.to_ascii_uppercase()]))
            }
            _ => None,
        }
    }

    /// The leading letter: K coach or car, H truck, Q tractor, M motorcycle, N tricycle, …
    pub fn family(self) -> char {
        char::from(self.0[0])
    }

    /// Whether the limits of large vehicles hold: K1 large coaches, H1 heavy and H2 medium trucks, Q tractors, G and B trailers.
    pub fn is_large(self) -> bool {
        matches!(self.0, [b'K', b'1', _] | [b'H', b'1' | b'2', _] | [b'Q' | b'G' | b'B', ..])
    }
}

impl std::fmt::Display for VehicleType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| std::fmt::Write::write_char(f, char::from(*byte)))
    }
}

impl std::fmt::Debug for VehicleType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VehicleType({self})")
    }
}

/// Key vehicles (重点车辆, “两客一危一货一面” and what the countryside adds).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum KeyClass {
    /// 班线客车
    ScheduledCoach,
    /// 旅游客车
    TourCoach,
    /// 危险货物运输车
    DangerousGoods,
    /// 重型货车
    HeavyGoods,
    /// 面包车
    Minivan,
    /// 校车
    SchoolBus,
    /// 农用三轮车
    FarmTricycle,
}

impl KeyClass {
    /// All classes, in the order in which reports name them.
    pub const ALL: [Self; 7] = [
        Self::ScheduledCoach,
        Self::TourCoach,
        Self::DangerousGoods,
        Self::HeavyGoods,
        Self::Minivan,
        Self::SchoolBus,
        Self::FarmTricycle,
    ];

    /// The word used in the API and in files.
    pub fn key(self) -> &'static str {
        match self {
            Self::ScheduledCoach => "scheduled_coach",
            Self::TourCoach => "tour_coach",
            Self::DangerousGoods => "dangerous_goods",
            Self::HeavyGoods => "heavy_goods",
            Self::Minivan => "minivan",
            Self::SchoolBus => "school_bus",
            Self::FarmTricycle => "farm_tricycle",
        }
    }

    /// The class of a key or of its Chinese name.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text.trim() {
            "scheduled_coach" | "班线客车" => Self::ScheduledCoach,
            "tour_coach" | "旅游客车" => Self::TourCoach,
            "dangerous_goods" | "危险货物运输车" | "危化品车" => Self::DangerousGoods,
            "heavy_goods" | "重型货车" => Self::HeavyGoods,
            "minivan" | "面包车" => Self::Minivan,
            "school_bus" | "校车" => Self::SchoolBus,
            "farm_tricycle" | "农用三轮车" => Self::FarmTricycle,
            _ => return None,
        })
    }

    /// Whether the rules for passenger coaches hold (driving time by day and night, 02:00–05:00).
    pub fn is_coach(self) -> bool {
        matches!(self, Self::ScheduledCoach | Self::TourCoach)
    }
}

/// The file of a vehicle: what the register says about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VehicleFile {
    /// Number and class.
    pub key: VehicleKey,
    /// Type of GA/T 16.4.
    pub vehicle_type: Option<VehicleType>,
    /// Use (使用性质) of GA/T 16.3: A private, B scheduled coach, E tour coach, F freight, R dangerous goods, …
    pub use_code: Option<char>,
    /// Whether and which key vehicle it is.
    pub key_class: Option<KeyClass>,
    /// Body colour of GA/T 16.8: A white, B grey, C yellow, … J black.
    pub body_color: Option<char>,
    /// Owner or enterprise.
    pub owner: SmolStr,
    /// Last day on which the inspection is valid (检验有效期止).
    pub inspection_valid_until: Option<CivilDay>,
    /// Day from which it must be scrapped (强制报废期止).
    pub scrap_by: Option<CivilDay>,
    /// Offences recorded and not yet handled.
    pub unhandled_offences: u16,
    /// Exempt from the coach stop 02:00–05:00: fixed airport or rail feeder, or run of at most 100 km.
    pub is_night_exempt: bool,
}
