//! Where a vehicle was: the fixed layout of 2011, and the report of JT/T 808 in an envelope of 2019.

use crate::wire::{DecodeError, Reader, put_text};

/// Milliseconds by which Beijing is ahead of UTC.
const BEIJING_OFFSET_S: i64 = 8 * 3_600;

/// A position in either layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// 2011
    Basic(Basic),
    /// 2019
    Full(Full),
}

/// 车辆定位信息 of 2011: 36 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Basic {
    /// Whether the place is shifted by the plug-in of the mapping authority (ENCRYPT 1).
    pub is_shifted: bool,
    /// Day, month, year, hour, minute, second as written, in Beijing time.
    pub time: (u8, u8, u16, u8, u8, u8),
    /// Longitude in 1e-6 degrees, without a sign.
    pub longitude_e6: u32,
    /// Latitude in 1e-6 degrees, without a sign.
    pub latitude_e6: u32,
    /// Speed of the satellite fix in km/h (VEC1).
    pub speed_kmh: u16,
    /// Speed of the vehicle's recorder in km/h (VEC2).
    pub recorder_speed_kmh: u16,
    /// Odometer in km (VEC3).
    pub mileage_km: u32,
    /// Heading in degrees, 0 north, clockwise.
    pub heading_deg: u16,
    /// Height in metres.
    pub altitude_m: u16,
    /// Status bits of JT/T 808.
    pub status: u32,
    /// Alarm bits of JT/T 808.
    pub alarm: u32,
}

/// 车辆定位信息 of 2019: the body of JT/T 808's 0x0200, and who supervises the vehicle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Full {
    /// Whether the place is shifted by the plug-in of the mapping authority.
    pub is_shifted: bool,
    /// Basic position and additional items as in JT/T 808-2019 8.12.
    pub report: Vec<u8>,
    /// The enterprise's platform, the city's and the province's, each with the alarms that it found; "" or 0 for none.
    pub platforms: [(String, u32); 3],
}

impl Basic {
    /// When, in Unix milliseconds; `None` for what is no date.
    pub fn unix_ms(&self) -> Option<i64> {
        let (day, month, year, hour, minute, second) = self.time;
        let is_time = hour < 24 && minute < 60 && second < 61;
        let is_date = (1970..=2_200).contains(&year) && (1..=12).contains(&month) && day >= 1;
        if !is_time || !is_date || day > days_in(year, month) {
            return None;
        }
        let days: i64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum::<i64>()
            + (1..month).map(|month| i64::from(days_in(year, month))).sum::<i64>()
            + i64::from(day)
            - 1;
        let seconds = days * 86_400 + i64::from(hour) * 3_600 + i64::from(minute) * 60 + i64::from(second);
        Some((seconds - BEIJING_OFFSET_S) * 1_000)
    }

    /// The time fields of a moment; the moments of a few centuries have them.
    pub fn time_of(unix_ms: i64) -> (u8, u8, u16, u8, u8, u8) {
        let seconds = unix_ms.div_euclid(1_000) + BEIJING_OFFSET_S;
        let (mut days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (mut year, mut month) = (1970u16, 1u8);
        while year < 2_200 && days >= if is_leap(year) { 366 } else { 365 } {
            days -= if is_leap(year) { 366 } else { 365 };
            year += 1;
        }
        while month < 12 && days >= i64::from(days_in(year, month)) {
            days -= i64::from(days_in(year, month));
            month += 1;
        }
        let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
        (days as u8 + 1, month, year, hour as u8, minute as u8, second as u8)
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let is_shifted = reader.u8("encryption")? == 1;
        let (day, month, year) = (reader.u8("day")?, reader.u8("month")?, reader.u16("year")?);
        let time = (day, month, year, reader.u8("hour")?, reader.u8("minute")?, reader.u8("second")?);
        Ok(Self {
            is_shifted,
            time,
            longitude_e6: reader.u32("longitude")?,
            latitude_e6: reader.u32("latitude")?,
            speed_kmh: reader.u16("speed")?,
            recorder_speed_kmh: reader.u16("recorder speed")?,
            mileage_km: reader.u32("mileage")?,
            heading_deg: reader.u16("heading")?,
            altitude_m: reader.u16("altitude")?,
            status: reader.u32("status")?,
            alarm: reader.u32("alarm")?,
        })
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let (day, month, year, hour, minute, second) = self.time;
        out.extend_from_slice(&[u8::from(self.is_shifted), day, month]);
        out.extend_from_slice(&year.to_be_bytes());
        out.extend_from_slice(&[hour, minute, second]);
        out.extend_from_slice(&self.longitude_e6.to_be_bytes());
        out.extend_from_slice(&self.latitude_e6.to_be_bytes());
        out.extend_from_slice(&self.speed_kmh.to_be_bytes());
        out.extend_from_slice(&self.recorder_speed_kmh.to_be_bytes());
        out.extend_from_slice(&self.mileage_km.to_be_bytes());
        out.extend_from_slice(&self.heading_deg.to_be_bytes());
        out.extend_from_slice(&self.altitude_m.to_be_bytes());
        out.extend_from_slice(&self.status.to_be_bytes());
        out.extend_from_slice(&self.alarm.to_be_bytes());
    }
}

/// Length of a [`Basic`].
const BASIC_BYTES: usize = 36;

/// Digits of a platform's code in 2019.
const PLATFORM_CODE_BYTES: usize = 11;

impl Full {
    /// The report in the layout of 2011 without its first byte: platforms are known that put that into the envelope of 2019. Told
    /// by its length and its time.
    pub fn basic(&self) -> Option<Basic> {
        let bytes = [&[u8::from(self.is_shifted)], self.report.as_slice()].concat();
        let basic = Basic::decode(&mut Reader(&bytes)).ok()?;
        (bytes.len() == BASIC_BYTES && basic.unix_ms().is_some()).then_some(basic)
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let is_shifted = reader.u8("encryption")? == 1;
        let report = reader.sized("report")?.to_vec();
        let mut platforms: [(String, u32); 3] = Default::default();
        for platform in &mut platforms {
            // The city's and the province's are left out by some.
            if reader.0.is_empty() {
                break;
            }
            *platform = (reader.text(PLATFORM_CODE_BYTES, "platform")?, reader.u32("alarms")?);
        }
        Ok(Self { is_shifted, report, platforms })
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.is_shifted));
        out.extend_from_slice(&(self.report.len() as u32).to_be_bytes());
        out.extend_from_slice(&self.report);
        for (code, alarms) in &self.platforms {
            put_text(out, code, PLATFORM_CODE_BYTES);
            out.extend_from_slice(&alarms.to_be_bytes());
        }
    }
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_in(year: u16, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_time_that_is_none_is_none() {
        let at = |time| Basic { time, ..Basic::default() }.unix_ms();
        // `date -d '2026-11-23 10:00:00 +0800' +%s`.
        assert_eq!(at((23, 11, 2026, 10, 0, 0)), Some(1_795_399_200_000));
        for time in [
            (0, 1, 2026, 0, 0, 0),
            (30, 2, 2028, 0, 0, 0),
            (1, 13, 2026, 0, 0, 0),
            (1, 1, 2026, 24, 0, 0),
            (0, 0, 0, 0, 0, 0),
        ] {
            assert_eq!(at(time), None, "{time:?}");
        }
    }

    #[test]
    fn the_old_layout_in_the_new_envelope_is_told() {
        let basic = Basic { time: (23, 11, 2026, 10, 0, 0), longitude_e6: 118_350_000, ..Basic::default() };
        let mut report = Vec::new();
        basic.encode(&mut report);
        report.remove(0);
        assert_eq!(Full { report: report.clone(), ..Full::default() }.basic(), Some(basic));
        report[1] = 0;
        assert_eq!(Full { report, ..Full::default() }.basic(), None, "no month");
    }

    proptest! {
        #[test]
        fn a_moment_has_its_time(second in 0..7_000_000_000i64) {
            let time = Basic::time_of(second * 1_000);
            prop_assert_eq!(Basic { time, ..Basic::default() }.unix_ms(), Some(second * 1_000));
        }
    }
}
