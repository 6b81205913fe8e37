//! Civil time as the protocol carries it: BCD `YYMMDDhhmmss` in China Standard Time.

use std::fmt;

use crate::DecodeError;
use crate::wire::{Reader, Wire, Writer};

/// China Standard Time is UTC+8 all year (JT/T 808, 0x0200: times are GMT+8).
const CST_OFFSET_MS: i64 = 8 * 3_600_000;
const DAY_MS: i64 = 86_400_000;

/// A civil date and time in UTC+8, kept exactly as read, valid or not.
///
/// Devices send month 20 and day 0; such a time has fields and text but no [`to_unix_ms`](Self::to_unix_ms).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct DateTime {
    bcd: [u8; 6],
}

impl DateTime {
    /// The time with these BCD bytes: year (of this century), month, day, hour, minute, second.
    pub const fn from_bcd(bcd: [u8; 6]) -> Self {
        Self { bcd }
    }

    /// The BCD bytes as read.
    pub const fn bcd(self) -> [u8; 6] {
        self.bcd
    }

    /// The civil time at an instant, to the second. `None` outside 2000–2099.
    pub fn from_unix_ms(unix_ms: i64) -> Option<Self> {
        let local_ms = unix_ms.checked_add(CST_OFFSET_MS)?;
        let (year, month, day) = civil_from_days(local_ms.div_euclid(DAY_MS))?;
        let second_of_day = local_ms.rem_euclid(DAY_MS) / 1000;
        let year_of_century = u8::try_from(year.checked_sub(2000)?).ok().filter(|year| *year < 100)?;
        let clock =
            [second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60].map(|part| part as u8);
        let [hour, minute, second] = clock;
        Some(Self { bcd: [year_of_century, month, day, hour, minute, second].map(to_bcd) })
    }

    /// Milliseconds since the Unix epoch, or `None` when this is no time of the calendar.
    pub fn to_unix_ms(self) -> Option<i64> {
        let digits_valid = self.bcd.iter().all(|byte| byte >> 4 <= 9 && byte & 0x0f <= 9);
        let date_valid = (1..=12).contains(&self.month())
            && (1..=days_in_month(self.year(), self.month())).contains(&self.day());
        let clock_valid = self.hour() <= 23 && self.minute() <= 59 && self.second() <= 59;
        if !(digits_valid && date_valid && clock_valid) {
            return None;
        }
        let days = days_from_civil(i64::from(self.year()), self.month(), self.day());
        let seconds =
            i64::from(self.hour()) * 3600 + i64::from(self.minute()) * 60 + i64::from(self.second());
        Some(days * DAY_MS + seconds * 1000 - CST_OFFSET_MS)
    }

    /// The year; the protocol carries two digits of this century.
    pub const fn year(self) -> u16 {
        2000 + from_bcd(self.bcd[0]) as u16
    }

    pub const fn month(self) -> u8 {
        from_bcd(self.bcd[1])
    }

    pub const fn day(self) -> u8 {
        from_bcd(self.bcd[2])
    }

    pub const fn hour(self) -> u8 {
        from_bcd(self.bcd[3])
    }

    pub const fn minute(self) -> u8 {
        from_bcd(self.bcd[4])
    }

    pub const fn second(self) -> u8 {
        from_bcd(self.bcd[5])
    }
}

impl fmt::Display for DateTime {
    /// As `2024-11-27 15:42:10`, in UTC+8; digits are shown as read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [year, month, day, hour, minute, second] = self.bcd;
        write!(f, "20{year:02x}-{month:02x}-{day:02x} {hour:02x}:{minute:02x}:{second:02x}")
    }
}

impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Wire for DateTime {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array().map(Self::from_bcd)
    }
    fn write(&self, w: &mut Writer<'_>) {
        w.bytes(&self.bcd);
    }
}

const fn from_bcd(byte: u8) -> u8 {
    // At most 15 * 10 + 15 = 165: no overflow even where the nibbles are no digits.
    (byte >> 4) * 10 + (byte & 0x0f)
}

const fn to_bcd(value: u8) -> u8 {
    ((value / 10) << 4) | (value % 10)
}

const fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        // 2000 is a leap year and the protocol does not reach 2100.
        2 if year.is_multiple_of(4) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar, counted in years that begin in March.
fn days_from_civil(year: i64, month: u8, day: u8) -> i64 {
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let month_from_march = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> Option<(i64, u8, u8)> {
    let days = days.checked_add(719_468)?;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Some((year, month as u8, day as u8))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_civil_time_is_eight_hours_ahead_of_utc() {
        let time = DateTime::from_bcd([0x24, 0x11, 0x27, 0x15, 0x42, 0x10]);
        assert_eq!(time.to_string(), "2024-11-27 15:42:10");
        // 2024-11-27T07:42:10Z, from `date -u -d @1732693330`.
        assert_eq!(time.to_unix_ms(), Some(1_732_693_330_000));
    }

    #[test]
    fn a_time_outside_the_calendar_is_kept_but_is_no_instant() {
        for bcd in [
            [0x00, 0x20, 0x02, 0x02, 0x01, 0x00], // month 20
            [0x23, 0x02, 0x29, 0, 0, 0],          // no leap year
            [0x23, 0x04, 0x31, 0, 0, 0],
            [0x24, 0x01, 0x00, 0, 0, 0],
            [0x24, 0x01, 0x01, 0x24, 0, 0],
            [0x24, 0x01, 0x0a, 0, 0, 0], // no digit
            [0xff; 6],
            [0; 6],
        ] {
            let time = DateTime::from_bcd(bcd);
            assert_eq!(time.to_unix_ms(), None, "{time}");
            assert_eq!(time.bcd(), bcd);
        }
        // 2028 is a multiple of 4 and not of 8.
        for year in [0x00, 0x24, 0x28] {
            assert!(DateTime::from_bcd([year, 0x02, 0x29, 0x23, 0x59, 0x59]).to_unix_ms().is_some());
        }
    }

    proptest! {
        #[test]
        fn every_second_of_the_century_returns(second in 946_656_000_i64..4_102_416_000) {
            let time = DateTime::from_unix_ms(second * 1000).expect("within 2000-2099 in UTC+8");
            prop_assert_eq!(time.to_unix_ms(), Some(second * 1000));
        }

        #[test]
        fn other_instants_are_refused(unix_ms in any::<i64>()) {
            let in_century = (946_656_000_000..4_102_416_000_000).contains(&unix_ms);
            prop_assert_eq!(DateTime::from_unix_ms(unix_ms).is_some(), in_century);
        }
    }
}
