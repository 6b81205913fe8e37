//! What a column may be.

use serde::{Deserialize, Serialize};

/// What the rows of a table are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 过车记录
    Passage,
    /// 定位
    Position,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Passage, Self::Position];

    /// The word in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Passage => "passage",
            Self::Position => "position",
        }
    }

    /// The fields that a row of this kind may have, in the order of the mapping page.
    pub fn fields(self) -> &'static [Field] {
        use Field as F;
        match self {
            Self::Passage => &[
                F::CapturedAt,
                F::Date,
                F::TimeOfDay,
                F::Checkpoint,
                F::Plate,
                F::PlateClass,
                F::PlateColor,
                F::PlateConfidence,
                F::Lane,
                F::Direction,
                F::SpeedKmh,
                F::VehicleType,
                F::BodyColor,
            ],
            Self::Position => &[
                F::CapturedAt,
                F::Date,
                F::TimeOfDay,
                F::Plate,
                F::PlateClass,
                F::PlateColor,
                F::Terminal,
                F::Lon,
                F::Lat,
                F::SpeedKmh,
                F::HeadingDeg,
                F::AltitudeM,
                F::MileageKm,
            ],
        }
    }
}

/// What a column says of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// When, in one column.
    CapturedAt,
    /// The day, where the time of day stands elsewhere.
    Date,
    /// The time of day.
    TimeOfDay,
    /// The checkpoint: its number, or its name as it is registered.
    Checkpoint,
    /// The plate as it was read.
    Plate,
    /// GA/T 16.7.
    PlateClass,
    /// Ground colour of the plate.
    PlateColor,
    /// Percent.
    PlateConfidence,
    /// From 1, from the middle of the road.
    Lane,
    /// GA/T 1400 code, 1–9.
    Direction,
    /// km/h.
    SpeedKmh,
    /// GA/T 16.4.
    VehicleType,
    /// GA/T 16.8.
    BodyColor,
    /// SIM number or identity of a vehicle terminal.
    Terminal,
    /// Degrees east.
    Lon,
    /// Degrees north.
    Lat,
    /// Degrees from north.
    HeadingDeg,
    /// Metres.
    AltitudeM,
    /// Odometer, km.
    MileageKm,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::CapturedAt,
        Self::Date,
        Self::TimeOfDay,
        Self::Checkpoint,
        Self::Plate,
        Self::PlateClass,
        Self::PlateColor,
        Self::PlateConfidence,
        Self::Lane,
        Self::Direction,
        Self::SpeedKmh,
        Self::VehicleType,
        Self::BodyColor,
        Self::Terminal,
        Self::Lon,
        Self::Lat,
        Self::HeadingDeg,
        Self::AltitudeM,
        Self::MileageKm,
    ];

    /// The word in the API and in files.
    pub fn key(self) -> &'static str {
        match self {
            Self::CapturedAt => "captured_at",
            Self::Date => "date",
            Self::TimeOfDay => "time_of_day",
            Self::Checkpoint => "checkpoint",
            Self::Plate => "plate",
            Self::PlateClass => "plate_class",
            Self::PlateColor => "plate_color",
            Self::PlateConfidence => "plate_confidence",
            Self::Lane => "lane",
            Self::Direction => "direction",
            Self::SpeedKmh => "speed_kmh",
            Self::VehicleType => "vehicle_type",
            Self::BodyColor => "body_color",
            Self::Terminal => "terminal",
            Self::Lon => "lon",
            Self::Lat => "lat",
            Self::HeadingDeg => "heading_deg",
            Self::AltitudeM => "altitude_m",
            Self::MileageKm => "mileage_km",
        }
    }

    /// The field of a key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.key() == key)
    }
}
