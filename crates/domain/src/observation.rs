//! What devices report, and the entries of the journal.

use crate::id::{CheckpointId, DeviceId, ObservationId, PictureId};
use crate::place::Wgs84;
use crate::plate::{Plate, PlateColor};
use crate::reference::ReferenceChange;
use crate::time::Timestamp;
use crate::vehicle::{PlateClass, VehicleKey, VehicleType};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// One record of the journal. Everything after the journal is a fold over these, in their order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Entry {
    /// A device reported something.
    Observation(Observation),
    /// What observations are judged against changed.
    Reference(Box<ReferenceChange>),
}

/// One thing that a device saw or measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// By what was seen, so that a report sent twice has one identity.
    pub id: ObservationId,
    /// Who reported it.
    pub device: DeviceId,
    /// When the device says it happened (its own clock).
    pub captured_at: Timestamp,
    /// When it reached us (our clock).
    pub received_at: Timestamp,
    /// What happened.
    pub fact: Fact,
}

impl Observation {
    /// Whether it came from a file of another system: of the past, and no device's.
    pub fn is_from_file(&self) -> bool {
        self.device.as_str().starts_with(crate::fact_key::FILE_DEVICE)
    }
}

/// What an observation says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fact {
    /// A vehicle passed a checkpoint (过车).
    Passage(Passage),
    /// A vehicle terminal's fix (定位).
    Position(Position),
    /// A device alarm with an identity of its own (Su-biao ADAS, DSM, …).
    Alarm(Alarm),
}

/// One vehicle seen at one checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Passage {
    /// Where.
    pub checkpoint: CheckpointId,
    /// Lane from the middle of the road, from 1.
    pub lane: Option<u8>,
    /// Direction code as the device gives it (GA/T 1400: 1 west–east, 2 east–west, 3 north–south, 4 south–north, …, 9 other).
    pub direction: Option<u8>,
    /// The plate exactly as the device wrote it.
    pub plate_text: SmolStr,
    /// The plate as it was understood; `None` without a plate or where nothing could be read.
    pub plate: Option<Plate>,
    /// Confidence of the read in percent, where the device gives one.
    pub plate_confidence: Option<u8>,
    /// Class of the plate; [`PlateClass::UNKNOWN`] when not said.
    pub plate_class: PlateClass,
    /// Ground colour.
    pub plate_color: PlateColor,
    /// Vehicle class of GA/T 16.4.
    pub vehicle_type: Option<VehicleType>,
    /// Body colour of GA/T 16.8.
    pub body_color: Option<char>,
    /// Speed in km/h.
    pub speed_kmh: Option<u16>,
    /// The pictures, in the device's order.
    pub pictures: Vec<PictureId>,
    /// What the camera says it saw besides.
    pub behaviours: Behaviours,
    /// What the vehicle weighed, where the checkpoint weighs in motion (不停车称重).
    pub weighing: Option<Box<Weighing>>,
}

impl Passage {
    /// A passage of which nothing is known but the place.
    pub fn unread(checkpoint: CheckpointId) -> Self {
        Self {
            checkpoint,
            lane: None,
            direction: None,
            plate_text: SmolStr::default(),
            plate: None,
            plate_confidence: None,
            plate_class: PlateClass::UNKNOWN,
            plate_color: PlateColor::Unknown,
            vehicle_type: None,
            body_color: None,
            speed_kmh: None,
            pictures: Vec::new(),
            behaviours: Behaviours::default(),
            weighing: None,
        }
    }

    /// The vehicle that was read; its class from the plate's colour where the device names none.
    pub fn vehicle(&self) -> Option<VehicleKey> {
        let class = if self.plate_class == PlateClass::UNKNOWN {
            PlateClass::of_color(self.plate_color)
        } else {
            self.plate_class
        };
        self.plate.map(|plate| VehicleKey { plate, class })
    }
}

/// What a camera says it saw of a vehicle besides its plate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Behaviour {
    /// 逆行
    WrongWay,
    /// 遮挡、污损号牌
    PlateCovered,
    /// 未系安全带
    NoBelt,
    /// 驾驶时拨打接听手持电话
    Phone,
    /// 骑乘摩托车、电动自行车未戴头盔
    NoHelmet,
    /// 超员
    Overcrowded,
    /// 货厢、农用车违法载人
    CarryingPeople,
}

impl Behaviour {
    /// All, in the order of their bits.
    pub const ALL: [Self; 7] = [
        Self::WrongWay,
        Self::PlateCovered,
        Self::NoBelt,
        Self::Phone,
        Self::NoHelmet,
        Self::Overcrowded,
        Self::CarryingPeople,
    ];

    /// The word used in the API and in files.
    pub fn key(self) -> &'static str {
        match self {
            Self::WrongWay => "wrong_way",
            Self::PlateCovered => "plate_covered",
            Self::NoBelt => "no_belt",
            Self::Phone => "phone",
            Self::NoHelmet => "no_helmet",
            Self::Overcrowded => "overcrowded",
            Self::CarryingPeople => "carrying_people",
        }
    }

    /// The behaviour of a key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|behaviour| behaviour.key() == key)
    }
}

/// A set of [`Behaviour`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Behaviours(u16);

impl Behaviours {
    /// Whether the camera said so.
    pub fn contains(self, behaviour: Behaviour) -> bool {
        self.0 >> behaviour as u16 & 1 != 0
    }

    /// The set with one more.
    #[must_use]
    pub fn with(self, behaviour: Behaviour) -> Self {
        Self(self.0 | 1 << behaviour as u16)
    }

    /// Whether the camera said nothing.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What the camera said, in the order of [`Behaviour::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Behaviour> {
        Behaviour::ALL.into_iter().filter(move |behaviour| self.contains(*behaviour))
    }
}

/// What a vehicle weighed in motion.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Weighing {
    /// The whole vehicle in kg.
    pub total_kg: u32,
    /// Each axle in kg, from the front; empty when the site gives only the total.
    pub axles_kg: Vec<u32>,
    /// How many axles were counted.
    pub axle_count: u8,
    /// Whether it is a combination of two vehicles (汽车列车); `None` when the site does not say.
    pub is_train: Option<bool>,
}

/// One fix of a vehicle terminal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// The vehicle that carries the terminal, as the device register said at the time.
    pub vehicle: Option<VehicleKey>,
    /// Where; `None` when the terminal had no fix.
    pub location: Option<Wgs84>,
    /// Speed in 0.1 km/h.
    pub speed_dkmh: u16,
    /// Heading in degrees, 0 north, clockwise.
    pub heading_deg: u16,
    /// Height in metres.
    pub altitude_m: i16,
    /// Alarm bits of JT/T 808 (table of the position report), as sent.
    pub alarm_bits: u32,
    /// Status bits of JT/T 808, as sent.
    pub status_bits: u32,
    /// Odometer in 0.1 km, where sent.
    pub mileage_hm: Option<u32>,
    /// Whether it came in a batch for a blind area or after a cut (0x0704).
    pub is_backfill: bool,
}

impl Position {
    /// Whether the ignition is on (status bit 0).
    pub fn is_ignition_on(&self) -> bool {
        self.status_bits & 1 != 0
    }
}

/// A device alarm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// The vehicle that carries the terminal.
    pub vehicle: Option<VehicleKey>,
    /// What the device says happened.
    pub kind: AlarmKind,
    /// The device's own level, 1 or 2; 0 when it has none.
    pub level: u8,
    /// Where.
    pub location: Option<Wgs84>,
    /// Speed in 0.1 km/h.
    pub speed_dkmh: u16,
}

/// Kinds of device alarms that models use; the rest keeps its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AlarmKind {
    /// Alarm bit 0.
    Sos,
    /// Alarm bit 1.
    Overspeed,
    /// Alarm bit 2 (the terminal's own timer).
    Fatigue,
    /// Alarm bit 29.
    Collision,
    /// Alarm bit 30.
    Rollover,
    /// Su-biao DSM 0x01.
    DsmFatigue,
    /// Su-biao DSM 0x02.
    DsmPhone,
    /// Su-biao DSM 0x03.
    DsmSmoking,
    /// Su-biao DSM 0x04.
    DsmDistraction,
    /// Su-biao DSM 0x05.
    DsmAbnormal,
    /// Su-biao ADAS 0x64 with its type.
    Adas(u8),
    /// Any other, by item and type.
    Other {
        /// The item: 0x64–0x67, or 0x70 (Guangdong).
        item: u8,
        /// The type in it.
        kind: u8,
    },
}

impl AlarmKind {
    /// The word used in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Sos => "sos",
            Self::Overspeed => "overspeed",
            Self::Fatigue => "fatigue",
            Self::Collision => "collision",
            Self::Rollover => "rollover",
            Self::DsmFatigue => "dsm_fatigue",
            Self::DsmPhone => "dsm_phone",
            Self::DsmSmoking => "dsm_smoking",
            Self::DsmDistraction => "dsm_distraction",
            Self::DsmAbnormal => "dsm_abnormal",
            Self::Adas(_) => "adas",
            Self::Other { .. } => "other",
        }
    }

    /// The kinds that alarm bits of a position report raise (JT/T 808-2013 table 24), with their bits.
    pub const OF_BITS: [(u32, Self); 5] = [
        (1, Self::Sos),
        (1 << 1, Self::Overspeed),
        (1 << 2, Self::Fatigue),
        (1 << 29, Self::Collision),
        (1 << 30, Self::Rollover),
    ];
}
