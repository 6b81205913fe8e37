//! Instants and days. Devices write Beijing time (UTC+8) without a zone; everything inside is Unix milliseconds.

use serde::{Deserialize, Serialize};

/// Beijing time is UTC+8 all year (GB/T 7408 local time; no daylight saving since 1992).
pub const BEIJING_OFFSET_MS: i64 = 8 * HOUR_MS;
/// One second in milliseconds.
pub const SECOND_MS: i64 = 1_000;
/// One minute in milliseconds.
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
/// One hour in milliseconds.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// One day in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// An instant: milliseconds since 1970-01-01T00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `unix_ms` milliseconds after the epoch.
    pub const fn from_unix_ms(unix_ms: i64) -> Self {
        Self(unix_ms)
    }

    /// Milliseconds since the epoch.
    pub const fn unix_ms(self) -> i64 {
        self.0
    }

    /// This instant moved by `ms` (negative: earlier). Saturates.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this instant; negative when `earlier` is later. Saturates.
    pub const fn ms_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The Beijing calendar day of this instant.
    pub const fn beijing_day(self) -> CivilDay {
        CivilDay(self.0.saturating_add(BEIJING_OFFSET_MS).div_euclid(DAY_MS) as i32)
    }

    /// Minute of the Beijing day, 0..1440.
    pub const fn beijing_minute_of_day(self) -> u16 {
        (self.0.saturating_add(BEIJING_OFFSET_MS).rem_euclid(DAY_MS) / MINUTE_MS) as u16
    }
}

/// A calendar day in Beijing time, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CivilDay(pub i32);

impl CivilDay {
    /// The day of a proleptic Gregorian date; `None` when it is not a date.
    pub fn from_ymd(year: i32, month: u8, day: u8) -> Option<Self> {
        if !(1..=12).contains(&month) || day == 0 || day > days_in_month(year, month) {
            return None;
        }
        // Days from civil: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
        let y = i64::from(year) - i64::from(month <= 2);
        let era = y.div_euclid(400);
        let year_of_era = y.rem_euclid(400);
        let day_of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        i32::try_from(era * 146_097 + day_of_era - 719_468).ok().map(Self)
    }

    /// Year, month (1–12) and day (1–31).
    pub fn ymd(self) -> (i32, u8, u8) {
        let z = i64::from(self.0) + 719_468;
        let era = z.div_euclid(146_097);
        let day_of_era = z.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_index = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_index + 2) / 5 + 1;
        let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (year as i32, month as u8, day as u8)
    }

    /// Midnight (00:00 Beijing time) at which this day begins.
    pub const fn start(self) -> Timestamp {
        Timestamp(self.0 as i64 * DAY_MS - BEIJING_OFFSET_MS)
    }

    /// Parses `2026-11-23`, also with `/`, `.` or nothing between the parts.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.trim().chars().filter(char::is_ascii_digit).collect();
        let has_other = text.trim().chars().any(|c| !c.is_ascii_digit() && !matches!(c, '-' | '/' | '.'));
        if has_other {
            return None;
        }
        let parts: Vec<&str> = text.trim().split(['-', '/', '.']).collect();
        let (year, month, day) = match parts.as_slice() {
            [y, m, d] => (y.parse().ok()?, m.parse().ok()?, d.parse().ok()?),
            [_] if digits.len() == 8 => (
                digits.get(0..4)?.parse().ok()?,
                digits.get(4..6)?.parse().ok()?,
                digits.get(6..8)?.parse().ok()?,
            ),
            _ => return None,
        };
        Self::from_ymd(year, month, day)
    }
}

impl std::fmt::Display for CivilDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = self.ymd();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
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
    fn a_beijing_day_begins_at_sixteen_utc() {
        let day = CivilDay::from_ymd(2026, 11, 23).unwrap();
        assert_eq!(day.to_string(), "2026-11-23");
        assert_eq!(day.start().unix_ms(), 1_795_363_200_000);
        assert_eq!(day.start().beijing_day(), day);
        assert_eq!(day.start().plus_ms(-1).beijing_day(), CivilDay(day.0 - 1));
        assert_eq!(day.start().plus_ms(2 * HOUR_MS).beijing_minute_of_day(), 120);
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        assert_eq!(CivilDay::from_ymd(2025, 2, 29), None);
        assert!(CivilDay::from_ymd(2024, 2, 29).is_some());
        assert_eq!(CivilDay::parse("2026-13-01"), None);
        assert_eq!(CivilDay::parse("soon"), None);
        assert_eq!(CivilDay::parse("20261123"), CivilDay::parse("2026/11/23"));
    }

    proptest! {
        #[test]
        fn days_round_trip(days in -700_000i32..700_000) {
            let (y, m, d) = CivilDay(days).ymd();
            prop_assert_eq!(CivilDay::from_ymd(y, m, d), Some(CivilDay(days)));
        }
    }
}
