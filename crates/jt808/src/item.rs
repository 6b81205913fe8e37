//! The items after a position: id, length, value (JT/T 808-2019 §8, after table 23; JT/T 1078-2016; Su-biao).

use crate::DecodeError;
use crate::active_safety::{AdasAlarm, BlindSpotAlarm, DsmAlarm, HardDrivingAlarm, TyreAlarm};
use crate::wire::{Reader, Wire, Writer, bits, code, wire_struct};

bits! {
    /// Signals of the vehicle (item 0x25).
    SignalBits: u32 {
        0 = LOW_BEAM,
        1 = HIGH_BEAM,
        2 = RIGHT_TURN,
        3 = LEFT_TURN,
        4 = BRAKE,
        5 = REVERSE,
        6 = FOG_LAMP,
        7 = CLEARANCE_LAMP,
        8 = HORN,
        9 = AIR_CONDITIONING,
        10 = NEUTRAL,
        11 = RETARDER,
        12 = ABS,
        13 = HEATER,
        14 = CLUTCH,
    }
}

bits! {
    /// Inputs and outputs of the terminal (item 0x2A).
    IoBits: u16 {
        0 = DEEP_SLEEP,
        1 = SLEEP,
    }
}

bits! {
    /// Alarms of the cameras (item 0x14 of JT/T 1078-2016).
    VideoAlarmBits: u32 {
        0 = SIGNAL_LOST,
        1 = SIGNAL_COVERED,
        2 = STORAGE_FAULT,
        3 = OTHER_FAULT,
        4 = BUS_OVERLOADED,
        5 = ABNORMAL_DRIVING,
        6 = STORAGE_THRESHOLD,
    }
}

bits! {
    /// What a camera saw of the driver (item 0x18 of JT/T 1078-2016).
    AbnormalDrivingBits: u16 {
        0 = FATIGUE,
        1 = PHONE,
        2 = SMOKING,
    }
}

code! {
    /// What kind of place an alarm is about.
    PlaceKind {
        /// No particular place; overspeed only.
        0 = Anywhere,
        1 = Circle,
        2 = Rectangle,
        3 = Polygon,
        4 = Route,
    }
}

wire_struct! {
    /// An area or route was entered or left (item 0x12).
    AreaAlarm {
        kind: PlaceKind,
        place_id: u32,
        /// 0 entered, 1 left.
        direction: u8,
    }
    /// Too short or too long on a section (item 0x13).
    SegmentTimeAlarm {
        segment_id: u32,
        driving_s: u16,
        /// 0 too short, 1 too long.
        result: u8,
    }
    /// A camera saw abnormal driving (item 0x18 of JT/T 1078-2016).
    AbnormalDriving {
        behaviour: AbnormalDrivingBits,
        /// 0–100, higher is worse.
        fatigue_degree: u8,
    }
}

/// What a terminal adds to a position.
///
/// An item whose length does not fit its id is kept as [`Item::Other`], like those the standard does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// 0x01: mileage in 0.1 km, as the vehicle's own display shows it.
    MileageKmX10(u32),
    /// 0x02: fuel in 0.1 L.
    FuelLX10(u16),
    /// 0x03: speed of the driving recorder in 0.1 km/h.
    RecorderSpeedKmhX10(u16),
    /// 0x04: id of an alarm that a person must confirm.
    ManualAlarmId(u16),
    /// 0x05: tyre pressures in Pa, 0xff where there is no tyre (2019).
    TyrePressuresPa([u8; 30]),
    /// 0x06: temperature of the cabin in °C (2019).
    CabinTemperatureC(i16),
    /// 0x11: overspeed; the id is missing when it is about no particular place.
    Overspeed { kind: PlaceKind, place_id: Option<u32> },
    /// 0x12
    Area(AreaAlarm),
    /// 0x13
    SegmentTime(SegmentTimeAlarm),
    /// 0x14 of JT/T 1078
    VideoAlarm(VideoAlarmBits),
    /// 0x15 of JT/T 1078: bit n set when channel n + 1 lost its signal.
    VideoLost(u32),
    /// 0x16 of JT/T 1078: bit n set when channel n + 1 is covered.
    VideoCovered(u32),
    /// 0x17 of JT/T 1078: bits 0–11 main storages 1–12, bits 12–15 spare storages 1–4.
    StorageFault(u16),
    /// 0x18 of JT/T 1078
    AbnormalDriving(AbnormalDriving),
    /// 0x25
    Signals(SignalBits),
    /// 0x2A
    Io(IoBits),
    /// 0x2B: analog inputs, AD0 in bits 0–15, AD1 in bits 16–31.
    Analog(u32),
    /// 0x30: strength of the radio signal.
    RadioSignal(u8),
    /// 0x31: satellites in use.
    Satellites(u8),
    /// 0x64 of Su-biao
    Adas(AdasAlarm),
    /// 0x65 of Su-biao
    Dsm(DsmAlarm),
    /// 0x66 of Su-biao
    Tyre(TyreAlarm),
    /// 0x67 of Su-biao
    BlindSpot(BlindSpotAlarm),
    /// 0x70 of the Guangdong edition of Su-biao
    HardDriving(HardDrivingAlarm),
    /// Anything else, of vendors above all (0xE0–0xFF).
    Other { id: u8, value: Vec<u8> },
}

/// The sign bit of the cabin temperature, which is a sign and a magnitude.
const NEGATIVE: u16 = 0x8000;

impl Item {
    /// The id on the wire.
    pub fn id(&self) -> u8 {
        match self {
            Self::MileageKmX10(_) => 0x01,
            Self::FuelLX10(_) => 0x02,
            Self::RecorderSpeedKmhX10(_) => 0x03,
            Self::ManualAlarmId(_) => 0x04,
            Self::TyrePressuresPa(_) => 0x05,
            Self::CabinTemperatureC(_) => 0x06,
            Self::Overspeed { .. } => 0x11,
            Self::Area(_) => 0x12,
            Self::SegmentTime(_) => 0x13,
            Self::VideoAlarm(_) => 0x14,
            Self::VideoLost(_) => 0x15,
            Self::VideoCovered(_) => 0x16,
            Self::StorageFault(_) => 0x17,
            Self::AbnormalDriving(_) => 0x18,
            Self::Signals(_) => 0x25,
            Self::Io(_) => 0x2a,
            Self::Analog(_) => 0x2b,
            Self::RadioSignal(_) => 0x30,
            Self::Satellites(_) => 0x31,
            Self::Adas(_) => 0x64,
            Self::Dsm(_) => 0x65,
            Self::Tyre(_) => 0x66,
            Self::BlindSpot(_) => 0x67,
            Self::HardDriving(_) => 0x70,
            Self::Other { id, .. } => *id,
        }
    }

    fn read(id: u8, value: &[u8]) -> Self {
        let mut r = Reader::new(value, crate::Edition::V2019);
        match Self::read_known(id, &mut r) {
            Ok(Some(item)) if r.is_empty() => item,
            _ => Self::Other { id, value: value.to_vec() },
        }
    }

    fn read_known(id: u8, r: &mut Reader<'_>) -> Result<Option<Self>, DecodeError> {
        Ok(Some(match id {
            0x01 => Self::MileageKmX10(r.u32()?),
            0x02 => Self::FuelLX10(r.u16()?),
            0x03 => Self::RecorderSpeedKmhX10(r.u16()?),
            0x04 => Self::ManualAlarmId(r.u16()?),
            0x05 => Self::TyrePressuresPa(r.array()?),
            // Minus zero has no i16; it stays as bytes.
            0x06 => match r.u16()? {
                NEGATIVE => return Ok(None),
                raw => Self::CabinTemperatureC(from_sign_and_magnitude(raw)),
            },
            0x11 => {
                let kind = PlaceKind::read(r)?;
                let place_id = if r.is_empty() { None } else { Some(r.u32()?) };
                Self::Overspeed { kind, place_id }
            }
            0x12 => Self::Area(Wire::read(r)?),
            0x13 => Self::SegmentTime(Wire::read(r)?),
            0x14 => Self::VideoAlarm(Wire::read(r)?),
            0x15 => Self::VideoLost(r.u32()?),
            0x16 => Self::VideoCovered(r.u32()?),
            0x17 => Self::StorageFault(r.u16()?),
            0x18 => Self::AbnormalDriving(Wire::read(r)?),
            0x25 => Self::Signals(Wire::read(r)?),
            0x2a => Self::Io(Wire::read(r)?),
            0x2b => Self::Analog(r.u32()?),
            0x30 => Self::RadioSignal(r.u8()?),
            0x31 => Self::Satellites(r.u8()?),
            0x64 => Self::Adas(Wire::read(r)?),
            0x65 => Self::Dsm(Wire::read(r)?),
            0x66 => Self::Tyre(Wire::read(r)?),
            0x67 => Self::BlindSpot(Wire::read(r)?),
            0x70 => Self::HardDriving(Wire::read(r)?),
            _ => return Ok(None),
        }))
    }

    pub(crate) fn write(&self, w: &mut Writer<'_>) {
        w.field = "position item";
        w.u8(self.id());
        w.prefixed8(|w| self.write_value(w));
    }

    fn write_value(&self, w: &mut Writer<'_>) {
        match self {
            Self::MileageKmX10(value)
            | Self::VideoLost(value)
            | Self::VideoCovered(value)
            | Self::Analog(value) => w.u32(*value),
            Self::FuelLX10(value)
            | Self::RecorderSpeedKmhX10(value)
            | Self::ManualAlarmId(value)
            | Self::StorageFault(value) => w.u16(*value),
            Self::RadioSignal(value) | Self::Satellites(value) => w.u8(*value),
            Self::TyrePressuresPa(value) => w.bytes(value),
            Self::CabinTemperatureC(value) => w.u16(to_sign_and_magnitude(*value)),
            Self::Overspeed { kind, place_id } => {
                kind.write(w);
                if let Some(place_id) = place_id {
                    w.u32(*place_id);
                }
            }
            Self::Area(value) => value.write(w),
            Self::SegmentTime(value) => value.write(w),
            Self::VideoAlarm(value) => value.write(w),
            Self::AbnormalDriving(value) => value.write(w),
            Self::Signals(value) => value.write(w),
            Self::Io(value) => value.write(w),
            Self::Adas(value) => value.write(w),
            Self::Dsm(value) => value.write(w),
            Self::Tyre(value) => value.write(w),
            Self::BlindSpot(value) => value.write(w),
            Self::HardDriving(value) => value.write(w),
            Self::Other { value, .. } => w.bytes(value),
        }
    }
}

fn from_sign_and_magnitude(raw: u16) -> i16 {
    let magnitude = (raw & !NEGATIVE) as i16;
    if raw & NEGATIVE != 0 { -magnitude } else { magnitude }
}

/// -32768 has no magnitude of 15 bits and becomes -32767.
fn to_sign_and_magnitude(value: i16) -> u16 {
    let magnitude = value.unsigned_abs().min(!NEGATIVE);
    if value < 0 { magnitude | NEGATIVE } else { magnitude }
}

/// Reads items up to the end; gives what is left when the last one is cut off.
pub(crate) fn read_items(bytes: &[u8]) -> (Vec<Item>, Vec<u8>) {
    let mut items = Vec::new();
    let mut rest = bytes;
    while let Some((id, value, next)) = split_item(rest) {
        items.push(Item::read(id, value));
        rest = next;
    }
    (items, rest.to_vec())
}

fn split_item(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[id, len], after) = bytes.split_first_chunk()?;
    let (value, next) = after.split_at_checked(usize::from(len))?;
    // Some terminals declare 0x20 for an active safety item of 47 bytes. Believe its real length when the
    // items then end with the body, and by the declared one they do not.
    if let Some(real) = active_safety_len(id, after).filter(|real| *real != value.len())
        && let Some((real_value, real_next)) = after.split_at_checked(real)
        && !ends_whole(next)
        && ends_whole(real_next)
    {
        return Some((id, real_value, real_next));
    }
    Some((id, value, next))
}

/// The length an active safety item has by what it holds.
fn active_safety_len(id: u8, value: &[u8]) -> Option<usize> {
    const TYRES_AT: usize = 40;
    const TYRE_BYTES: usize = 9;
    match id {
        0x64 | 0x65 => Some(47),
        0x66 => Some(TYRES_AT + 1 + TYRE_BYTES * usize::from(*value.get(TYRES_AT)?)),
        0x67 => Some(41),
        _ => None,
    }
}

/// Whether these bytes are whole items.
fn ends_whole(mut bytes: &[u8]) -> bool {
    while let Some((&[_, len], after)) = bytes.split_first_chunk() {
        match after.get(usize::from(len)..) {
            Some(next) => bytes = next,
            None => return false,
        }
    }
    bytes.is_empty()
}
