//! The form of values in stored and posted cases: words, hexadecimal digits, degrees, RFC 3339, because cases are read by people
//! and programs outside for years. (The journal has its own, packed form of the same values.)

use crate::place::Wgs84;
use crate::time::{CivilDay, DAY_MS, Timestamp};
use crate::{Level, Theatre, Verdict, WarningId};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant as RFC 3339 in UTC with milliseconds.
pub fn write_instant(at: Timestamp) -> String {
    let day = CivilDay(at.unix_ms().div_euclid(DAY_MS) as i32);
    let ms = at.unix_ms().rem_euclid(DAY_MS);
    let (h, m, s) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!("{day}T{h:02}:{m:02}:{s:02}.{:03}Z", ms % 1_000)
}

/// Reads RFC 3339; `None` when it is none.
pub fn read_instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let day = CivilDay::parse(text.get(..10)?)?;
    if !matches!(text.as_bytes().get(10), Some(b'T' | b't' | b' ')) {
        return None;
    }
    let number = |text: &str| -> Option<i64> {
        text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
    };
    let clock = text.get(11..19)?;
    let (h, m, s) = (number(clock.get(..2)?)?, number(clock.get(3..5)?)?, number(clock.get(6..8)?)?);
    if h > 23 || m > 59 || s > 60 || clock.as_bytes()[2] != b':' || clock.as_bytes()[5] != b':' {
        return None;
    }
    let rest = text.get(19..)?;
    let zone_at = rest.find(['Z', 'z', '+', '-'])?;
    let (fraction, zone) = rest.split_at(zone_at);
    let ms = match fraction.strip_prefix('.') {
        None if fraction.is_empty() => 0,
        Some(digits) if !digits.is_empty() => number(format!("{digits:0<3}").get(..3)?)?,
        _ => return None,
    };
    let offset_ms = match zone {
        "Z" | "z" => 0,
        _ => {
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            sign * (number(hours)? * 60 + number(minutes)?) * 60_000
        }
    };
    let unix_ms = i64::from(day.0) * DAY_MS + ((h * 60 + m) * 60 + s) * 1_000 + ms - offset_ms;
    Some(Timestamp::from_unix_ms(unix_ms))
}

macro_rules! form {
    ($(#[$doc:meta])* $name:ident, $value:ty, $as:ty, $write:expr, $read:expr) => {
        $(#[$doc])*
        pub mod $name {
            use super::*;

            /// Writes it.
            pub fn serialize<S: Serializer>(value: &$value, to: S) -> Result<S::Ok, S::Error> {
                let write: fn(&$value) -> $as = $write;
                write(value).serialize(to)
            }

            /// Reads it.
            pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<$value, D::Error> {
                let read: fn($as) -> Option<$value> = $read;
                read(<$as>::deserialize(from)?).ok_or_else(|| D::Error::custom(concat!("not a ", stringify!($name))))
            }

            /// The same where there may be none.
            pub mod maybe {
                use super::*;

                /// Writes it.
                #[expect(clippy::ref_option, reason = "serde calls it so")]
                pub fn serialize<S: Serializer>(value: &Option<$value>, to: S) -> Result<S::Ok, S::Error> {
                    let write: fn(&$value) -> $as = $write;
                    value.as_ref().map(write).serialize(to)
                }

                /// Reads it.
                pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<$value>, D::Error> {
                    let read: fn($as) -> Option<$value> = $read;
                    let fault = || D::Error::custom(concat!("not a ", stringify!($name)));
                    Option::<$as>::deserialize(from)?.map(|it| read(it).ok_or_else(fault)).transpose()
                }
            }
        }
    };
}

#[derive(Serialize, Deserialize)]
struct Degrees {
    lon: f64,
    lat: f64,
}

form!(
    /// RFC 3339.
    instant, Timestamp, String, |at| write_instant(*at), |text| read_instant(&text)
);
form!(
    /// Degrees in WGS-84: `{"lon": 118.3, "lat": 35.1}`.
    point, Wgs84, Degrees, |at| Degrees { lon: at.lon_deg(), lat: at.lat_deg() }, |at| Wgs84::new(at.lon, at.lat)
);
form!(
    /// `high`, `medium`, `low`.
    level, Level, String, |it| it.key().to_owned(), |text| Level::parse(&text)
);
form!(
    /// The word of a verdict.
    verdict, Verdict, String, |it| it.key().to_owned(), |text| Verdict::parse(&text)
);
form!(
    /// The word of a theatre.
    theatre, Theatre, String, |it| it.key().to_owned(), |text| Theatre::parse(&text)
);
form!(
    /// 32 hexadecimal digits.
    warning, WarningId, String, |it| it.to_string(), |text| WarningId::parse(&text)
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn instants_are_read_in_any_zone_and_nothing_else_is() {
        let at = Timestamp::from_unix_ms(1_795_363_200_007);
        assert_eq!(write_instant(at), "2026-11-22T16:00:00.007Z");
        assert_eq!(read_instant("2026-11-23T00:00:00.007+08:00"), Some(at));
        assert_eq!(read_instant("2026-11-22T16:00:00.0071Z"), Some(at));
        for bad in [
            "",
            "2026-11-22",
            "2026-11-22T16:00:00",
            "2026-11-22T1:00:00Z",
            "2026-11-22T25:00:00Z",
            "昨天下午三点左右在路口",
        ] {
            assert_eq!(read_instant(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn instants_round_trip(ms in 0i64..4_000_000_000_000) {
            let at = Timestamp::from_unix_ms(ms);
            prop_assert_eq!(read_instant(&write_instant(at)), Some(at));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _any = read_instant(&text);
        }
    }
}
