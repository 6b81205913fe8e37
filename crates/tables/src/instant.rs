//! Times as other systems write them.

use domain::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use domain::{CivilDay, Timestamp};
use serde::{Deserialize, Serialize};

/// How a column writes its times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeForm {
    /// Year first, in whatever dress (`2026-11-23 14:31:36`, `2026/1/3 4:05`, `2026年1月3日 4时5分`, `20261123143136`), with
    /// or without a zone; 10 digits are Unix seconds, 13 Unix milliseconds, `46349.605` days of a spreadsheet.
    #[default]
    Auto,
    /// `23/11/2026 14:31`
    DayMonthYear,
    /// `11/23/2026 2:31 PM`
    MonthDayYear,
}

impl TimeForm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Auto, Self::DayMonthYear, Self::MonthDayYear];

    /// The word in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::DayMonthYear => "day_month_year",
            Self::MonthDayYear => "month_day_year",
        }
    }
}

/// Reads a time; without a zone it is one of `zone_minutes` east of Greenwich. `None` when it is none.
pub fn parse_instant(text: &str, form: TimeForm, zone_minutes: i16) -> Option<Timestamp> {
    let text = text.trim();
    let bytes = text.as_bytes();
    let own_zone = |ms: i64| Timestamp::from_unix_ms(ms - i64::from(zone_minutes) * MINUTE_MS);
    if form == TimeForm::Auto && bytes.iter().all(u8::is_ascii_digit) {
        let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
        return match bytes.len() {
            10 => Some(Timestamp::from_unix_ms(number(0, 10)? * SECOND_MS)),
            13 => Some(Timestamp::from_unix_ms(number(0, 13)?)),
            8 | 12 | 14 | 17 => {
                let part =
                    |from: usize, to: usize| if bytes.len() >= to { number(from, to) } else { Some(0) };
                let day = day_of(number(0, 4)?, number(4, 6)?, number(6, 8)?)?;
                let of_day = time_of_day(part(8, 10)?, part(10, 12)?, part(12, 14)?)? + part(14, 17)?;
                Some(own_zone(day + of_day))
            }
            _ => None,
        };
    }
    if form == TimeForm::Auto
        && let Some((whole, part)) = text.split_once('.')
        && (4..=6).contains(&whole.len())
        && (whole.bytes().chain(part.bytes())).all(|byte| byte.is_ascii_digit())
    {
        return spreadsheet_day(text.parse().ok()?).map(own_zone);
    }
    let mut scan = Scan { rest: text };
    let first = scan.number(4)?;
    scan.separator()?;
    let second = scan.number(2)?;
    scan.separator()?;
    let third = scan.number(4)?;
    let day = match form {
        TimeForm::Auto if first >= 1_000 => day_of(first, second, third)?,
        TimeForm::Auto => return None,
        TimeForm::DayMonthYear => day_of(third, second, first)?,
        TimeForm::MonthDayYear => day_of(third, first, second)?,
    };
    scan.skip("日");
    if scan.rest.starts_with(['T', 't']) {
        scan.skip_char();
    }
    scan.spaces();
    if scan.rest.is_empty() {
        return Some(own_zone(day));
    }
    let is_named_afternoon = scan.skip("下午") || (!scan.skip("上午") && scan.skip("晚上"));
    scan.spaces();
    let of_day = scan.time_of_day(is_named_afternoon)?;
    scan.spaces();
    match scan.rest {
        "" => Some(own_zone(day + of_day)),
        zone => Some(Timestamp::from_unix_ms(day + of_day - offset_ms(zone)?)),
    }
}

/// Days since 1899-12-30, as spreadsheets count from March 1900 on; ms of that wall clock.
fn spreadsheet_day(days: f64) -> Option<i64> {
    const UNIX_EPOCH_DAY: f64 = 25_569.0;
    (days > 61.0 && days < 100_000.0).then(|| ((days - UNIX_EPOCH_DAY) * DAY_MS as f64).round() as i64)
}

fn day_of(year: i64, month: i64, day: i64) -> Option<i64> {
    let day = CivilDay::from_ymd(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?)?;
    Some(i64::from(day.0) * DAY_MS)
}

fn time_of_day(hour: i64, minute: i64, second: i64) -> Option<i64> {
    let is_time = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
    is_time.then_some(hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS)
}

/// `Z`, `+08:00`, `+0800`, `+08`.
fn offset_ms(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z" | "UTC" | "GMT") {
        return Some(0);
    }
    let (sign, digits) = match zone.as_bytes().first()? {
        b'+' => (1, zone.get(1..)?),
        b'-' => (-1, zone.get(1..)?),
        _ => return None,
    };
    let mut scan = Scan { rest: digits };
    let (hours, minutes) = if digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        (digits.get(..2)?.parse().ok()?, digits.get(2..)?.parse().ok()?)
    } else {
        let hours = scan.number(2)?;
        let minutes = if scan.skip(":") { scan.number(2)? } else { 0 };
        if !scan.rest.is_empty() {
            return None;
        }
        (hours, minutes)
    };
    (hours <= 14 && minutes < 60).then_some(sign * (hours * HOUR_MS + minutes * MINUTE_MS))
}

struct Scan<'a> {
    rest: &'a str,
}

impl Scan<'_> {
    fn number(&mut self, digits_max: usize) -> Option<i64> {
        let count = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        if count == 0 || count > digits_max {
            return None;
        }
        let (number, rest) = self.rest.split_at(count);
        self.rest = rest;
        number.parse().ok()
    }

    fn separator(&mut self) -> Option<()> {
        let rest = self.rest.strip_prefix(['-', '/', '.', '年', '月'])?;
        self.rest = rest;
        Some(())
    }

    fn skip(&mut self, word: &str) -> bool {
        let rest = self.rest.strip_prefix(word);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip_char(&mut self) {
        let mut chars = self.rest.chars();
        chars.next();
        self.rest = chars.as_str();
    }

    fn spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn time_of_day(&mut self, is_named_afternoon: bool) -> Option<i64> {
        let mut hour = self.number(2)?;
        if !self.skip(":") && !self.skip("时") && !self.skip("点") {
            return None;
        }
        let minute = if self.rest.is_empty() { 0 } else { self.number(2)? };
        let mut second = 0;
        if self.skip(":") || self.skip("分") {
            second = if self.rest.is_empty() { 0 } else { self.number(2)? };
            self.skip("秒");
        }
        let mut ms = 0;
        if self.skip(".") || self.skip(",") {
            let count = self.rest.bytes().take_while(u8::is_ascii_digit).count();
            let (digits, rest) = self.rest.split_at(count);
            self.rest = rest;
            ms = format!("{digits:0<3}").get(..3)?.parse().ok()?;
        }
        self.spaces();
        let is_pm = self.skip("PM") || self.skip("pm") || self.skip("p.m.");
        let is_am = !is_pm && (self.skip("AM") || self.skip("am") || self.skip("a.m."));
        if (is_pm || is_named_afternoon) && hour < 12 {
            hour += 12;
        } else if is_am && hour == 12 {
            hour = 0;
        }
        Some(time_of_day(hour, minute, second)? + ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2026-11-23T14:31:36+08:00
    const THEN: i64 = 1_795_415_496_000;
    const BEIJING: i16 = 480;

    #[test]
    fn the_same_moment_in_every_dress() {
        for text in [
            "2026-11-23 14:31:36",
            "2026/11/23 14:31:36",
            "2026.11.23 14:31:36",
            "2026-11-23T14:31:36+08:00",
            "2026-11-23T06:31:36Z",
            "2026-11-23 14:31:36.000",
            "2026年11月23日 14时31分36秒",
            "2026年11月23日14:31:36",
            "20261123143136",
            "1795415496",
            "1795415496000",
            "20261123143136000",
            "2026-11-23 06:31:36.000 +0000",
            "2026/11/23 2:31:36 PM",
            "2026-11-23 下午 2:31:36",
            "2026-11-23T01:01:36-05:30",
        ] {
            let read = parse_instant(text, TimeForm::Auto, BEIJING);
            assert_eq!(read, Some(Timestamp::from_unix_ms(THEN)), "{text}");
        }
        let read = parse_instant("23/11/2026 14:31:36", TimeForm::DayMonthYear, BEIJING);
        assert_eq!(read, Some(Timestamp::from_unix_ms(THEN)));
        let read = parse_instant("11/23/2026 2:31:36 PM", TimeForm::MonthDayYear, BEIJING);
        assert_eq!(read, Some(Timestamp::from_unix_ms(THEN)));
        let serial = parse_instant("46349.605277777776", TimeForm::Auto, BEIJING);
        assert_eq!(serial, Some(Timestamp::from_unix_ms(THEN)));
        assert_eq!(
            parse_instant("2026-1-3 4:05", TimeForm::Auto, 0),
            Some(Timestamp::from_unix_ms(1_767_413_100_000))
        );
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "鲁Q12345",
            "2026-13-01",
            "2026-02-30 00:00:00",
            "25:00",
            "2026-11-23 24:00:00",
            "123",
            "11/23/2026",
            "2026-11-23 14:31:36 bogus",
            "99999999999999999999",
            "2026-11-23 14",
        ] {
            assert_eq!(parse_instant(text, TimeForm::Auto, BEIJING), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_time_or_not(text in "\\PC{0,30}", digits in "[0-9:./ TZ+年月日-]{0,30}") {
            for form in TimeForm::ALL {
                parse_instant(&text, form, BEIJING);
                parse_instant(&digits, form, -720);
            }
        }
    }
}
