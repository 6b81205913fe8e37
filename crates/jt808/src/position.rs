//! Where a vehicle is and what it reports with it: the body of 0x0200 (JT/T 808-2019 §8, table 23 and those after it).

use crate::item::{self, Item};
use crate::wire::{Reader, Wire, Writer, bits};
use crate::{DateTime, DecodeError, Edition};

/// The bytes before the items.
const BASIC_BYTES: usize = 28;
const LATITUDE_E6_MAX: u32 = 90_000_000;
const LONGITUDE_E6_MAX: u32 = 180_000_000;

bits! {
    /// Alarms of a position. Bits without a name are reserved.
    AlarmBits: u32 {
        /// The driver pressed the emergency button.
        0 = EMERGENCY,
        1 = OVERSPEED,
        2 = FATIGUE,
        /// Dangerous driving; a warning of danger before 2019.
        3 = DANGEROUS_DRIVING,
        4 = GNSS_FAULT,
        5 = GNSS_ANTENNA_OPEN,
        6 = GNSS_ANTENNA_SHORT,
        7 = MAIN_POWER_LOW,
        8 = MAIN_POWER_OFF,
        9 = DISPLAY_FAULT,
        10 = TTS_FAULT,
        11 = CAMERA_FAULT,
        /// The reader of the transport licence card fails.
        12 = LICENCE_READER_FAULT,
        13 = OVERSPEED_WARNING,
        14 = FATIGUE_WARNING,
        /// Since 2019.
        15 = FORBIDDEN_DRIVING,
        /// Since 2019.
        16 = TYRE_PRESSURE_WARNING,
        /// Since 2019.
        17 = RIGHT_BLIND_SPOT_FAULT,
        /// Driven too long within a day.
        18 = DAY_DRIVING_TIMEOUT,
        19 = PARKING_TIMEOUT,
        /// Entered or left an area; item 0x12 says which.
        20 = AREA,
        /// Entered or left a route; item 0x12 says which.
        21 = ROUTE,
        /// Too long or too short on a section; item 0x13 says which.
        22 = SEGMENT_TIME,
        23 = ROUTE_DEVIATION,
        24 = SPEED_SENSOR_FAULT,
        25 = FUEL_ABNORMAL,
        26 = STOLEN,
        27 = ILLEGAL_IGNITION,
        28 = ILLEGAL_MOVEMENT,
        29 = COLLISION,
        30 = ROLLOVER,
        /// Before 2019: a door opened outside an area.
        31 = ILLEGAL_DOOR,
    }
}

bits! {
    /// The state of a vehicle. Bits without a name are reserved.
    StatusBits: u32 {
        0 = ACC_ON,
        1 = POSITIONED,
        2 = SOUTH,
        3 = WEST,
        4 = OUT_OF_OPERATION,
        /// The place went through the secrecy plug-in (保密插件), so it is GCJ-02 and not WGS-84.
        5 = PLACE_ENCRYPTED,
        /// Since 2019.
        6 = FORWARD_COLLISION_WARNING,
        /// Since 2019.
        7 = LANE_DEPARTURE_WARNING,
        10 = FUEL_CUT,
        11 = CIRCUIT_CUT,
        12 = DOORS_LOCKED,
        13 = FRONT_DOOR_OPEN,
        14 = MIDDLE_DOOR_OPEN,
        15 = REAR_DOOR_OPEN,
        16 = DRIVER_DOOR_OPEN,
        /// A door the vehicle defines.
        17 = OTHER_DOOR_OPEN,
        18 = USES_GPS,
        19 = USES_BEIDOU,
        20 = USES_GLONASS,
        21 = USES_GALILEO,
        /// Since 2019.
        22 = MOVING,
    }
}

/// How full a vehicle is (bits 8–9 of its state).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Load {
    Empty,
    Half,
    Reserved,
    Full,
}

impl StatusBits {
    pub fn load(self) -> Load {
        match self.0 >> 8 & 0b11 {
            0 => Load::Empty,
            1 => Load::Half,
            2 => Load::Reserved,
            _ => Load::Full,
        }
    }
}

/// A position report. It stands in 0x0200, 0x0201, 0x0704 and 0x0801.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Position {
    pub alarm: AlarmBits,
    pub status: StatusBits,
    /// As sent, in 1e-6 degrees without a sign; see [`latitude_e6`](Self::latitude_e6).
    pub latitude_raw: u32,
    /// As sent, in 1e-6 degrees without a sign; see [`longitude_e6`](Self::longitude_e6).
    pub longitude_raw: u32,
    pub altitude_m: u16,
    /// In 0.1 km/h.
    pub speed_kmh_x10: u16,
    /// Clockwise from north, 0–359.
    pub direction_deg: u16,
    pub time: DateTime,
    /// What the terminal adds, in the order sent.
    pub items: Vec<Item>,
    /// Bytes after the last whole item, normally none.
    pub tail: Vec<u8>,
}

impl Position {
    /// Latitude in 1e-6 degrees, south negative. `None` beyond a pole.
    ///
    /// Whether the place is of now and of which datum, [`StatusBits::POSITIONED`] and
    /// [`StatusBits::PLACE_ENCRYPTED`] tell.
    pub fn latitude_e6(&self) -> Option<i32> {
        self.signed(self.latitude_raw, LATITUDE_E6_MAX, StatusBits::SOUTH)
    }

    /// Longitude in 1e-6 degrees, west negative. `None` beyond 180 degrees.
    pub fn longitude_e6(&self) -> Option<i32> {
        self.signed(self.longitude_raw, LONGITUDE_E6_MAX, StatusBits::WEST)
    }

    fn signed(&self, raw: u32, max: u32, negative: StatusBits) -> Option<i32> {
        let degrees_e6 = i32::try_from(raw).ok().filter(|_| raw <= max)?;
        Some(if self.status.contains(negative) { -degrees_e6 } else { degrees_e6 })
    }

    /// Sets the place in 1e-6 degrees, with the bits that carry its signs.
    pub fn set_place_e6(&mut self, latitude_e6: i32, longitude_e6: i32) {
        self.latitude_raw = latitude_e6.unsigned_abs();
        self.longitude_raw = longitude_e6.unsigned_abs();
        self.status =
            self.status.with(StatusBits::SOUTH, latitude_e6 < 0).with(StatusBits::WEST, longitude_e6 < 0);
    }

    /// Reads the body of a 0x0200 by itself, as JT/T 809-2019 carries it: edition 2019, items included.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        Self::read(&mut Reader::new(body, Edition::V2019))
    }

    /// The body of a 0x0200 by itself; what [`Position::decode`] reads.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        self.write(&mut Writer::new(&mut body, Edition::V2019));
        body
    }

    /// Reads the 28 bytes before the items, and no items.
    pub(crate) fn read_basic(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            alarm: r.get("alarm")?,
            status: r.get("status")?,
            latitude_raw: r.get("latitude")?,
            longitude_raw: r.get("longitude")?,
            altitude_m: r.get("altitude")?,
            speed_kmh_x10: r.get("speed")?,
            direction_deg: r.get("direction")?,
            time: r.get("time")?,
            items: Vec::new(),
            tail: Vec::new(),
        })
    }

    pub(crate) fn write_basic(&self, w: &mut Writer<'_>) {
        self.alarm.write(w);
        self.status.write(w);
        w.u32(self.latitude_raw);
        w.u32(self.longitude_raw);
        w.u16(self.altitude_m);
        w.u16(self.speed_kmh_x10);
        w.u16(self.direction_deg);
        self.time.write(w);
    }
}

impl Wire for Position {
    /// Takes all that is left: items go on to the end of their body.
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut position = Self::read_basic(r)?;
        (position.items, position.tail) = item::read_items(r.rest());
        Ok(position)
    }

    fn write(&self, w: &mut Writer<'_>) {
        self.write_basic(w);
        for item in &self.items {
            item.write(w);
        }
        w.bytes(&self.tail);
    }
}

/// Positions kept while there was no connection, or gathered (0x0704).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PositionBatch {
    /// 0 gathered as usual, 1 sent late from a blind area.
    pub kind: u8,
    /// In the order sent, which need not be the order of time.
    pub positions: Vec<Position>,
    /// Entries too short to be a position; one bad entry costs itself only.
    pub unreadable: Vec<Vec<u8>>,
}

impl Wire for PositionBatch {
    /// The body ends the list where the count says more; an entry longer than the body ends with it.
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count: u16 = r.get("count")?;
        let mut batch = Self { kind: r.get("kind")?, ..Self::default() };
        for _ in 0..count {
            let Ok(len) = r.u16() else { break };
            let entry = r.take(usize::from(len).min(r.remaining()))?;
            if entry.len() < BASIC_BYTES {
                batch.unreadable.push(entry.to_vec());
            } else {
                batch.positions.push(Position::read(&mut Reader::new(entry, r.edition))?);
            }
        }
        Ok(batch)
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.field = "positions";
        w.len16(self.positions.len() + self.unreadable.len());
        w.u8(self.kind);
        for position in &self.positions {
            w.prefixed16(|w| position.write(w));
        }
        for entry in &self.unreadable {
            w.prefixed16(|w| w.bytes(entry));
        }
    }
}
