//! Who a terminal is and how it is spoken to: acknowledgements, registration, authentication, attributes, driver, tracking.

use smol_str::SmolStr;

use crate::wire::{
    Codec, Fixed, List, Reader, Text8, TextRest, Wire, Writer, code, to_gbk, trimmed_text, wire_struct,
};
use crate::{DateTime, DecodeError, Edition, Position};

code! {
    /// How a message was received (0x0001, 0x8001).
    AckResult {
        0 = Ok,
        1 = Failed,
        /// The message could not be understood.
        2 = WrongMessage,
        3 = Unsupported,
        /// The alarm in a position is confirmed; platform only.
        4 = AlarmConfirmed,
    }
}

code! {
    /// How a registration ended (0x8100).
    RegisterResult {
        0 = Accepted,
        1 = VehicleRegistered,
        2 = VehicleUnknown,
        3 = TerminalRegistered,
        4 = TerminalUnknown,
    }
}

wire_struct! {
    /// 0x0001 and 0x8001: a message arrived.
    GeneralAck {
        /// The serial of the message that is acknowledged.
        serial: u16,
        /// The id of the message that is acknowledged.
        message_id: u16,
        result: AckResult,
    }
    /// 0x0201: a position that was asked for.
    PositionReply {
        /// The serial of the query.
        serial: u16,
        position: Position,
    }
}

/// 0x8003 of the platform and 0x0005 of the terminal: send these sub-packages again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResendRequest {
    /// The serial of the first sub-package of the message.
    pub first_serial: u16,
    /// Indexes from 1, ascending.
    pub part_indexes: Vec<u16>,
}

impl Wire for ResendRequest {
    /// The count has one byte before 2019 and two since; the body's length tells, whatever the header says.
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let first_serial = r.get("first serial")?;
        let part_indexes = if r.remaining().is_multiple_of(2) {
            r.get_as::<_, List<u16>>("part indexes")?
        } else {
            r.get_as::<_, List<u8>>("part indexes")?
        };
        Ok(Self { first_serial, part_indexes })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.u16(self.first_serial);
        w.field = "part indexes";
        match w.edition {
            Edition::V2019 => <List<u16> as Codec<_>>::write(&self.part_indexes, w),
            Edition::V2011 | Edition::V2013 => <List<u8> as Codec<_>>::write(&self.part_indexes, w),
        }
    }
}

/// 0x0100: a terminal asks to be admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// First two digits of the GB/T 2260 code.
    pub province_id: u16,
    /// Last four digits of the GB/T 2260 code.
    pub city_id: u16,
    /// 5 bytes before 2019, 11 since.
    pub manufacturer: SmolStr,
    /// 8 bytes in 2011, 20 in 2013, 30 in 2019.
    pub model: SmolStr,
    /// 7 bytes before 2019, 30 since.
    pub terminal_id: SmolStr,
    /// JT/T 415 and 697.7: 1 blue, 2 yellow, 3 black, 4 white, 9 other; 0 no plate.
    pub plate_colour: u8,
    /// The plate, or the VIN when the colour is 0.
    pub plate: SmolStr,
}

impl Registration {
    /// The widths of manufacturer, model and terminal id.
    fn widths(edition: Edition) -> [usize; 3] {
        match edition {
            Edition::V2011 => [5, 8, 7],
            Edition::V2013 => [5, 20, 7],
            Edition::V2019 => [11, 30, 30],
        }
    }
}

impl Wire for Registration {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let [manufacturer, model, terminal_id] = Self::widths(r.edition);
        Ok(Self {
            province_id: r.get("province")?,
            city_id: r.get("city")?,
            manufacturer: read_fixed(r, "manufacturer", manufacturer)?,
            model: read_fixed(r, "model", model)?,
            terminal_id: read_fixed(r, "terminal id", terminal_id)?,
            plate_colour: r.get("plate colour")?,
            plate: r.get_as::<_, TextRest>("plate")?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        let [manufacturer, model, terminal_id] = Self::widths(w.edition);
        // Only 2011 fills the model with spaces.
        let model_pad = if w.edition == Edition::V2011 { b' ' } else { 0 };
        w.u16(self.province_id);
        w.u16(self.city_id);
        w.field = "manufacturer";
        w.fixed_text(&self.manufacturer, manufacturer, 0);
        w.field = "model";
        w.fixed_text(&self.model, model, model_pad);
        w.field = "terminal id";
        w.fixed_text(&self.terminal_id, terminal_id, 0);
        w.u8(self.plate_colour);
        w.put_as::<_, TextRest>("plate", &self.plate);
    }
}

fn read_fixed(r: &mut Reader<'_>, field: &'static str, width: usize) -> Result<SmolStr, DecodeError> {
    r.field = field;
    r.take(width).map(trimmed_text)
}

/// 0x8100: the platform's answer to a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterReply {
    /// The serial of the registration.
    pub serial: u16,
    pub result: RegisterResult,
    /// What the terminal authenticates with; on the wire only when accepted.
    pub auth_code: SmolStr,
}

impl Wire for RegisterReply {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let serial = r.get("serial")?;
        let result = r.get("result")?;
        let auth_code =
            if result == RegisterResult::Accepted { trimmed_text(r.rest()) } else { SmolStr::default() };
        Ok(Self { serial, result, auth_code })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.u16(self.serial);
        self.result.write(w);
        if self.result == RegisterResult::Accepted {
            w.bytes(&to_gbk(&self.auth_code));
        }
    }
}

/// 0x0102: a terminal proves who it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Authentication {
    /// The code from 0x8100.
    pub code: SmolStr,
    /// 15 digits; empty before 2019.
    pub imei: SmolStr,
    /// At most 20 bytes; empty before 2019.
    pub software_version: SmolStr,
}

impl Wire for Authentication {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if r.edition != Edition::V2019 {
            return Ok(Self { code: r.get_as::<_, TextRest>("code")?, ..Self::default() });
        }
        Ok(Self {
            code: r.get_as::<_, Text8>("code")?,
            imei: r.get_as::<_, Fixed<15>>("imei")?,
            software_version: r.get_as::<_, Fixed<20>>("software version")?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        if w.edition != Edition::V2019 {
            w.put_as::<_, TextRest>("code", &self.code);
            return;
        }
        w.put_as::<_, Text8>("code", &self.code);
        w.put_as::<_, Fixed<15>>("imei", &self.imei);
        w.put_as::<_, Fixed<20>>("software version", &self.software_version);
    }
}

/// 0x0107: what a terminal is (2013 and 2019).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalAttributes {
    /// Bits: 0 passenger, 1 dangerous goods, 2 freight, 3 taxi, 6 has a disk, 7 split case.
    pub terminal_kind: u16,
    pub manufacturer: SmolStr,
    /// 20 bytes before 2019, 30 since.
    pub model: SmolStr,
    /// 7 bytes before 2019, 30 since.
    pub terminal_id: SmolStr,
    /// The number of the SIM card, BCD.
    pub iccid: [u8; 10],
    pub hardware_version: SmolStr,
    pub firmware_version: SmolStr,
    /// Bits: 0 GPS, 1 BeiDou, 2 GLONASS, 3 Galileo.
    pub gnss: u8,
    /// Bits: 0 GPRS, 1 CDMA, 2 TD-SCDMA, 3 WCDMA, 4 CDMA2000, 5 TD-LTE, 7 other.
    pub communication: u8,
}

impl TerminalAttributes {
    const MANUFACTURER_BYTES: usize = 5;

    /// The widths of model and terminal id.
    fn widths(edition: Edition) -> [usize; 2] {
        match edition {
            Edition::V2011 | Edition::V2013 => [20, 7],
            Edition::V2019 => [30, 30],
        }
    }
}

impl Wire for TerminalAttributes {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let [model, terminal_id] = Self::widths(r.edition);
        Ok(Self {
            terminal_kind: r.get("terminal kind")?,
            manufacturer: read_fixed(r, "manufacturer", Self::MANUFACTURER_BYTES)?,
            model: read_fixed(r, "model", model)?,
            terminal_id: read_fixed(r, "terminal id", terminal_id)?,
            iccid: r.get("iccid")?,
            hardware_version: r.get_as::<_, Text8>("hardware version")?,
            firmware_version: r.get_as::<_, Text8>("firmware version")?,
            gnss: r.get("gnss")?,
            communication: r.get("communication")?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        let [model, terminal_id] = Self::widths(w.edition);
        w.u16(self.terminal_kind);
        w.field = "manufacturer";
        w.fixed_text(&self.manufacturer, Self::MANUFACTURER_BYTES, 0);
        w.field = "model";
        w.fixed_text(&self.model, model, 0);
        w.field = "terminal id";
        w.fixed_text(&self.terminal_id, terminal_id, 0);
        w.bytes(&self.iccid);
        w.put_as::<_, Text8>("hardware version", &self.hardware_version);
        w.put_as::<_, Text8>("firmware version", &self.firmware_version);
        w.u8(self.gnss);
        w.u8(self.communication);
    }
}

/// 0x8202: report positions more often for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tracking {
    /// Seconds between positions; 0 ends the tracking.
    pub interval_s: u16,
    /// Seconds until it ends by itself; not on the wire when the interval is 0.
    pub duration_s: u32,
}

impl Wire for Tracking {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let interval_s = r.get("interval")?;
        let duration_s = if interval_s == 0 { 0 } else { r.get("duration")? };
        Ok(Self { interval_s, duration_s })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.u16(self.interval_s);
        if self.interval_s != 0 {
            w.u32(self.duration_s);
        }
    }
}

code! {
    /// What happened to the driver's card.
    DriverCardEvent { 1 = Inserted, 2 = Removed }
}

code! {
    /// How the card was read.
    DriverCardReadResult {
        0 = Ok,
        1 = KeyNotAuthenticated,
        2 = Locked,
        3 = Removed,
        4 = ChecksumWrong,
    }
}

/// 0x0702: the driver's licence card was inserted or removed (2013 and 2019).
///
/// Empty after the time when removed, and after the result when the card was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverCard {
    pub event: DriverCardEvent,
    pub time: DateTime,
    /// Only when inserted.
    pub read_result: Option<DriverCardReadResult>,
    /// Only when read.
    pub driver: Option<DriverIdentity>,
}

/// Who the card says the driver is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DriverIdentity {
    pub name: SmolStr,
    /// Number of the qualification certificate, 20 bytes.
    pub certificate: SmolStr,
    pub issuer: SmolStr,
    /// BCD `YYYYMMDD`.
    pub valid_until: [u8; 4],
    /// Number of the identity card, 20 bytes; empty before 2019.
    pub identity_number: SmolStr,
}

impl Wire for DriverCard {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let event = r.get("event")?;
        let time = r.get("time")?;
        let read_result = if event == DriverCardEvent::Inserted { Some(r.get("read result")?) } else { None };
        let driver =
            if read_result == Some(DriverCardReadResult::Ok) { Some(r.get("driver")?) } else { None };
        Ok(Self { event, time, read_result, driver })
    }

    fn write(&self, w: &mut Writer<'_>) {
        self.event.write(w);
        self.time.write(w);
        if let (DriverCardEvent::Inserted, Some(result)) = (self.event, self.read_result) {
            result.write(w);
            if let (DriverCardReadResult::Ok, Some(driver)) = (result, &self.driver) {
                driver.write(w);
            }
        }
    }
}

impl Wire for DriverIdentity {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let is_2019 = r.edition == Edition::V2019;
        Ok(Self {
            name: r.get_as::<_, Text8>("name")?,
            certificate: r.get_as::<_, Fixed<20>>("certificate")?,
            issuer: r.get_as::<_, Text8>("issuer")?,
            // Some terminals end here.
            valid_until: if r.remaining() < 4 { [0; 4] } else { r.get("valid until")? },
            identity_number: if is_2019 && !r.is_empty() {
                r.get_as::<_, Fixed<20>>("identity number")?
            } else {
                SmolStr::default()
            },
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.put_as::<_, Text8>("name", &self.name);
        w.put_as::<_, Fixed<20>>("certificate", &self.certificate);
        w.put_as::<_, Text8>("issuer", &self.issuer);
        w.bytes(&self.valid_until);
        if w.edition == Edition::V2019 {
            w.put_as::<_, Fixed<20>>("identity number", &self.identity_number);
        }
    }
}
