//! Parameters of a terminal: setting, asking, answering.

use smol_str::SmolStr;

use crate::wire::{Bytes8, List, text, to_gbk, wire_struct};

/// The id of a parameter (终端参数项). Named ones are in [`parameter_id`].
pub type ParameterId = u32;

wire_struct! {
    /// One parameter. The value is kept as bytes; [`Parameter::kind`] tells how to read it.
    Parameter {
        id: ParameterId,
        value: Vec<u8> as Bytes8,
    }
    /// 0x8103: set these parameters.
    ParameterSettings {
        parameters: Vec<Parameter> as List<u8>,
    }
    /// 0x8106: tell these parameters.
    ParameterQuery {
        ids: Vec<u32> as List<u8>,
    }
    /// 0x0104: these are the parameters.
    ParameterReply {
        /// The serial of the query.
        serial: u16,
        parameters: Vec<Parameter> as List<u8>,
    }
}

/// The parameters a platform commonly sets.
pub mod parameter_id {
    use super::ParameterId;

    /// Seconds between heartbeats, u32.
    pub const HEARTBEAT_INTERVAL_S: ParameterId = 0x0001;
    /// Seconds a TCP answer may take, u32.
    pub const TCP_TIMEOUT_S: ParameterId = 0x0002;
    /// How often a TCP message is sent again, u32.
    pub const TCP_RESENDS: ParameterId = 0x0003;
    /// Address of the main server, text.
    pub const MAIN_SERVER: ParameterId = 0x0013;
    /// Address of the spare server, text.
    pub const SPARE_SERVER: ParameterId = 0x0017;
    /// TCP port of the servers before 2019, u32.
    pub const SERVER_TCP_PORT: ParameterId = 0x0018;
    /// 0 by time, 1 by distance, 2 by both, u32.
    pub const REPORT_STRATEGY: ParameterId = 0x0020;
    /// Seconds between positions, u32.
    pub const REPORT_INTERVAL_S: ParameterId = 0x0029;
    /// Metres between positions, u32.
    pub const REPORT_DISTANCE_M: ParameterId = 0x002c;
    /// The greatest speed in km/h, u32.
    pub const SPEED_MAX_KMH: ParameterId = 0x0055;
    /// Seconds of overspeed until an alarm, u32.
    pub const OVERSPEED_DURATION_S: ParameterId = 0x0056;
    /// Seconds of driving without rest until an alarm, u32.
    pub const DRIVING_MAX_S: ParameterId = 0x0057;
    /// Seconds of driving in a day until an alarm, u32.
    pub const DAY_DRIVING_MAX_S: ParameterId = 0x0058;
    /// Seconds of rest that end a drive, u32.
    pub const REST_MIN_S: ParameterId = 0x0059;
    /// The odometer in 0.1 km, u32.
    pub const ODOMETER_KM_X10: ParameterId = 0x0080;
    /// Province of the vehicle, u16.
    pub const PROVINCE: ParameterId = 0x0081;
    /// City of the vehicle, u16.
    pub const CITY: ParameterId = 0x0082;
    /// Plate of the vehicle, text.
    pub const PLATE: ParameterId = 0x0083;
    /// Colour of the plate, u8.
    pub const PLATE_COLOUR: ParameterId = 0x0084;
}

/// The form of a parameter's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParameterKind {
    U8,
    U16,
    U32,
    Text,
    /// Structured, reserved, or a vendor's.
    Bytes,
}

impl Parameter {
    pub fn from_u8(id: ParameterId, value: u8) -> Self {
        Self { id, value: vec![value] }
    }

    pub fn from_u16(id: ParameterId, value: u16) -> Self {
        Self { id, value: value.to_be_bytes().to_vec() }
    }

    pub fn from_u32(id: ParameterId, value: u32) -> Self {
        Self { id, value: value.to_be_bytes().to_vec() }
    }

    pub fn from_text(id: ParameterId, value: &str) -> Self {
        Self { id, value: to_gbk(value).into_owned() }
    }

    /// The form the standard gives this parameter.
    pub fn kind(&self) -> ParameterKind {
        match self.id {
            0x0084 | 0x0090..=0x0092 | 0x0094 => ParameterKind::U8,
            0x0031 | 0x005b..=0x005e | 0x0081 | 0x0082 | 0x0101 | 0x0103 => ParameterKind::U16,
            0x0010..=0x0017
            | 0x001a
            | 0x001d
            | 0x0023..=0x0026
            | 0x0040..=0x0044
            | 0x0048
            | 0x0049
            | 0x0083 => ParameterKind::Text,
            0x0001..=0x0007
            | 0x0018
            | 0x0019
            | 0x001b
            | 0x001c
            | 0x0020..=0x0022
            | 0x0027..=0x0029
            | 0x002c..=0x0030
            | 0x0045..=0x0047
            | 0x0050..=0x005a
            | 0x0064
            | 0x0065
            | 0x0070..=0x0074
            | 0x0080
            | 0x0093
            | 0x0095
            | 0x0100
            | 0x0102 => ParameterKind::U32,
            _ => ParameterKind::Bytes,
        }
    }

    /// The value as a number, when its length is that of a `u8`, `u16` or `u32`.
    pub fn as_u32(&self) -> Option<u32> {
        match *self.value.as_slice() {
            [a] => Some(u32::from(a)),
            [a, b] => Some(u32::from(u16::from_be_bytes([a, b]))),
            [a, b, c, d] => Some(u32::from_be_bytes([a, b, c, d])),
            _ => None,
        }
    }

    /// The value as GBK text.
    pub fn as_text(&self) -> SmolStr {
        text(&self.value)
    }
}
