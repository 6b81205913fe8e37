//! Instants as the interface writes them: `yyyyMMddHHmmss`, local time of China, which is UTC+8 all year.

use std::fmt;

/// China has one zone and no summer time.
const ZONE_OFFSET_MS: i64 = 8 * 3_600_000;
const DAY_MS: i64 = 86_400_000;

/// An instant (`dateTime` of GA/T 1400.3-2017), in milliseconds since 1970-01-01 00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime {
    unix_ms: i64,
}

/// The text is not an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time of the form yyyyMMddHHmmss")]
pub struct DateTimeProblem;

impl DateTime {
    /// 0001-01-01 00:00:00 and 9999-12-31 23:59:59.999, China time: what the form can write.
    const UNIX_MS_MIN: i64 = -62_135_596_800_000 - ZONE_OFFSET_MS;
    const UNIX_MS_MAX: i64 = 253_402_300_799_999 - ZONE_OFFSET_MS;

    /// The instant, held within the years 1 to 9999 that the form can write.
    pub fn from_unix_ms(unix_ms: i64) -> Self {
        DateTime { unix_ms: unix_ms.clamp(Self::UNIX_MS_MIN, Self::UNIX_MS_MAX) }
    }

    pub fn unix_ms(self) -> i64 {
        self.unix_ms
    }

    /// Reads `yyyyMMddHHmmss`, with separators or without, with a fraction of the second or without, and with a zone
    /// (`Z`, `+08:00`) when one is there. Without a zone the time is China's.
    ///
    /// # Errors
    /// [`DateTimeProblem`] when a part is missing or the calendar has no such day.
    pub fn parse(text: &str) -> Result<Self, DateTimeProblem> {
        Parser { rest: text.trim().as_bytes() }.instant().ok_or(DateTimeProblem)
    }
}

impl From<i64> for DateTime {
    fn from(unix_ms: i64) -> Self {
        Self::from_unix_ms(unix_ms)
    }
}

/// `yyyyMMddHHmmss`; the fraction of the second is left off, as the form has no place for it.
impl fmt::Display for DateTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local_ms = self.unix_ms + ZONE_OFFSET_MS;
        let (year, month, day) = civil_from_days(local_ms.div_euclid(DAY_MS));
        let second = local_ms.rem_euclid(DAY_MS) / 1000;
        write!(
            formatter,
            "{year:04}{month:02}{day:02}{:02}{:02}{:02}",
            second / 3600,
            second / 60 % 60,
            second % 60
        )
    }
}

struct Parser<'t> {
    rest: &'t [u8],
}

impl Parser<'_> {
    fn instant(&mut self) -> Option<DateTime> {
        let year = self.digits(4)?;
        self.skip(b"-/.");
        let month = self.digits(2)?;
        self.skip(b"-/.");
        let day = self.digits(2)?;
        self.skip(b" T_-");
        let hour = self.digits(2)?;
        self.skip(b":-");
        let minute = self.digits(2)?;
        self.skip(b":-");
        let second = self.digits(2)?;
        self.skip(b".,:");
        let ms = self.fraction_ms();
        let offset_ms = self.zone_ms()?;
        let is_calendar = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        if !is_calendar || !self.rest.is_empty() {
            return None;
        }
        let seconds = hour * 3600 + minute * 60 + second;
        let unix_ms = days_from_civil(year, month, day) * DAY_MS + seconds * 1000 + ms - offset_ms;
        (DateTime::UNIX_MS_MIN..=DateTime::UNIX_MS_MAX).contains(&unix_ms).then_some(DateTime { unix_ms })
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        digits
            .iter()
            .try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0')))
    }

    fn skip(&mut self, separators: &[u8]) {
        if let [first, rest @ ..] = self.rest
            && separators.contains(first)
        {
            self.rest = rest;
        }
    }

    fn fraction_ms(&mut self) -> i64 {
        let mut unit_ms = 100;
        let mut ms = 0;
        while let [digit @ b'0'..=b'9', rest @ ..] = self.rest {
            ms += i64::from(digit - b'0') * unit_ms;
            unit_ms /= 10;
            self.rest = rest;
        }
        ms
    }

    fn zone_ms(&mut self) -> Option<i64> {
        let sign = match self.rest {
            [] => return Some(ZONE_OFFSET_MS),
            [b'Z' | b'z', rest @ ..] => {
                self.rest = rest;
                return Some(0);
            }
            [b'+', ..] => 1,
            [b'-', ..] => -1,
            _ => return None,
        };
        self.rest = &self.rest[1..];
        let hours = self.digits(2)?;
        self.skip(b":");
        let minutes = self.digits(2)?;
        (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60_000)
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a Gregorian date. Years begin in March here, so that the leap day is a year's last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unix_ms(text: &str) -> Option<i64> {
        DateTime::parse(text).ok().map(DateTime::unix_ms)
    }

    #[test]
    fn reads_the_form_and_what_devices_make_of_it() {
        // 2017-12-20 20:44:51 +08:00
        let expected = Some(1_513_773_891_000);
        for text in [
            "20171220204451",
            "2017-12-20 20:44:51",
            "2017-12-20T20:44:51+08:00",
            "2017/12/20 20:44:51",
            "2017-12-20-20-44-51",
            "2017-12-20T12:44:51Z",
            " 20171220204451 ",
        ] {
            assert_eq!(unix_ms(text), expected, "{text}");
        }
        assert_eq!(unix_ms("20171220204451123"), Some(1_513_773_891_123));
        assert_eq!(unix_ms("2017-12-20 20:44:51.5"), Some(1_513_773_891_500));
    }

    #[test]
    fn refuses_what_the_calendar_does_not_have() {
        for text in [
            "",
            "2017",
            "20170229000000",
            "20171301000000",
            "20171220250000",
            "20171220204451x",
            "00000101000000",
        ] {
            assert_eq!(unix_ms(text), None, "{text}");
        }
        assert!(unix_ms("20160229000000").is_some());
    }

    #[test]
    fn instants_out_of_range_are_held_at_the_ends() {
        assert_eq!(DateTime::from_unix_ms(i64::MAX).to_string(), "99991231235959");
        assert_eq!(DateTime::from_unix_ms(i64::MIN).to_string(), "00010101000000");
    }

    proptest! {
        #[test]
        fn written_and_read_again(second in -62_135_000_000_i64..253_402_000_000) {
            let instant = DateTime::from_unix_ms(second * 1000);
            prop_assert_eq!(DateTime::parse(&instant.to_string()), Ok(instant));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}") {
            let _unused = DateTime::parse(&text);
        }
    }
}
