//! Times as cameras write them.

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// Devices in China that name no zone write Beijing time.
const BEIJING_OFFSET_MS: i64 = 8 * 3_600_000;

/// ISO 8601 with or without an offset, `T` or a space between, and a fraction of seconds or none; without an offset it is
/// Beijing time. Unix time in milliseconds.
pub fn unix_ms(text: &str) -> Option<i64> {
    let text = text.trim();
    let (date, rest) = text.split_at_checked(10)?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let zone_at = rest.find(['+', '-', 'Z', 'z']).unwrap_or(rest.len());
    let (time, zone) = rest.split_at_checked(zone_at)?;
    let offset_ms = match zone {
        "" => BEIJING_OFFSET_MS,
        "Z" | "z" => 0,
        zone => {
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
            let (hours, minutes) = digits.split_at_checked(2)?;
            let minutes = if minutes.is_empty() { 0 } else { number(minutes, 0..=59)? };
            sign * (number(hours, 0..=14)? * 60 + minutes) * 60_000
        }
    };
    Some(local_ms(date, time)? - offset_ms)
}

/// `yyyy-MM-dd HH:mm:ss`, with a fraction or none, in the zone that lies `offset_hours` ahead of UTC.
pub fn local_unix_ms(text: &str, offset_hours: i64) -> Option<i64> {
    let (date, rest) = text.trim().split_at_checked(10)?;
    Some(local_ms(date, rest.strip_prefix(['T', ' '])?)? - offset_hours * 3_600_000)
}

fn local_ms(date: &str, time: &str) -> Option<i64> {
    let mut date = date.splitn(3, ['-', '/']);
    let year = number(date.next()?, 1970..=9_999)?;
    let month = number(date.next()?, 1..=12)?;
    let day = number(date.next()?, 1..=days_in(year, month))?;
    let (whole, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut parts = whole.splitn(3, ':');
    let hour = number(parts.next()?, 0..=23)?;
    let minute = number(parts.next()?, 0..=59)?;
    // A guide has times without seconds.
    let second = parts.next().map_or(Some(0), |second| number(second, 0..=60))?;
    let thousandths: String = fraction.chars().chain("000".chars()).take(3).collect();
    let ms = number(&thousandths, 0..=999)?;
    Some(days_from_epoch(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1_000 + ms)
}

fn number(digits: &str, within: std::ops::RangeInclusive<i64>) -> Option<i64> {
    let is_digits = !digits.is_empty() && digits.len() <= 4 && digits.bytes().all(|b| b.is_ascii_digit());
    let number = is_digits.then(|| digits.parse().ok()).flatten()?;
    within.contains(&number).then_some(number)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date of the Gregorian calendar, from 1970 on.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let leap_days = before / 4 - before / 100 + before / 400 - 477; // 477 before 1970.
    let of_months: i64 = (1..month).map(|month| days_in(year, month)).sum();
    (year - 1970) * 365 + leap_days + of_months + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_and_without_offset() {
        assert_eq!(unix_ms("1970-01-01T00:00:00Z"), Some(0));
        // `date -d '2026-11-23 10:00:00 +0800' +%s`.
        assert_eq!(unix_ms("2026-11-23T10:00:00+08:00"), Some(1_795_399_200_000));
        assert_eq!(unix_ms("2026-11-23 10:00:00"), Some(1_795_399_200_000));
        assert_eq!(unix_ms("2026-11-23T03:00:00.417+0100"), Some(1_795_399_200_417));
        assert_eq!(unix_ms("2026-11-22T21:00:00.5-05:00"), Some(1_795_399_200_500));
        assert_eq!(unix_ms("2009-11-14T15:27Z"), Some(1_258_212_420_000));
        // `date -d '2034-01-04 15:57:03 +0800' +%s`, and a leap day.
        assert_eq!(unix_ms("2034-01-04T15:57:03+08:00"), Some(2_019_974_223_000));
        assert_eq!(unix_ms("2028-02-29T00:00:00Z"), Some(1_835_395_200_000));
        assert_eq!(local_unix_ms("2026-11-23 02:00:00.25", 0), Some(1_795_399_200_250));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2026-11-23",
            "2026-13-01T00:00:00",
            "2027-02-29 00:00:00",
            "2026-11-23T24:00:00",
            "号牌号牌号牌号",
            "2026-11-23T1:b:00",
        ] {
            assert_eq!(unix_ms(text), None, "{text}");
        }
    }
}
