//! Small pieces of the wire format that all routes share.

use domain::{Timestamp, Wgs84};
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use utoipa::{IntoParams, ToSchema};

/// Rows in a list when the client names no number.
pub(crate) const LIMIT_DEFAULT: u64 = 50;
/// Most rows in one answer.
pub(crate) const LIMIT_MAX: u64 = 500;

/// An instant as RFC 3339 in UTC with milliseconds.
pub(crate) fn instant(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.unix_ms()).map_or_else(|_| String::new(), |t| format!("{t:.3}"))
}

/// An instant that a client wrote: RFC 3339.
pub(crate) fn parse_instant(text: &str) -> Option<Timestamp> {
    text.trim().parse::<jiff::Timestamp>().ok().map(|t| Timestamp::from_unix_ms(t.as_millisecond()))
}

/// `Content-Disposition` of a file to be saved under a name in any script (RFC 6266, RFC 8187).
pub(crate) fn attachment(name: &str) -> String {
    name.bytes().fold(String::from("attachment; filename*=UTF-8''"), |mut text, byte| {
        write!(text, "%{byte:02X}").expect("a string takes any text");
        text
    })
}

/// A new identity of 16 hexadecimal digits, from what is made, by whom and when: the same request sent twice within a
/// millisecond is one.
pub(crate) fn new_id(kind: &str, by: &str, now: Timestamp) -> String {
    let identity =
        domain::WarningId::of(&[kind.as_bytes(), by.as_bytes(), &now.unix_ms().to_le_bytes()]).to_string();
    identity.chars().take(16).collect()
}

/// A point in WGS-84 degrees.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Point {
    /// Longitude in degrees.
    pub lon: f64,
    /// Latitude in degrees.
    pub lat: f64,
}

impl From<Wgs84> for Point {
    fn from(at: Wgs84) -> Self {
        Self { lon: at.lon_deg(), lat: at.lat_deg() }
    }
}

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// The rows asked for.
    pub items: Vec<T>,
    /// Rows that match in all.
    pub total: u64,
}

/// Which part of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct Paging {
    /// Rows wanted, at most 500.
    pub limit: Option<u64>,
    /// Rows to pass over.
    pub offset: Option<u64>,
    /// A field, with `-` in front for the other way round.
    pub sort: Option<String>,
}

impl Paging {
    pub(crate) fn limit(&self) -> u64 {
        self.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX)
    }

    pub(crate) fn offset(&self) -> u64 {
        self.offset.unwrap_or(0)
    }
}

/// The language of texts in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// Simplified Chinese, when nothing else is asked for.
    Chinese,
    /// English.
    English,
}

impl Language {
    /// From `Accept-Language` or a `lang` parameter: English only when it is named first.
    pub(crate) fn parse(text: &str) -> Self {
        if text.trim_start().to_ascii_lowercase().starts_with("en") { Self::English } else { Self::Chinese }
    }

    /// One of two texts.
    pub(crate) fn pick<T>(self, chinese: T, english: T) -> T {
        match self {
            Self::Chinese => chinese,
            Self::English => english,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_with_milliseconds_and_read_back() {
        let at = Timestamp::from_unix_ms(1_795_363_200_007);
        assert_eq!(instant(at), "2026-11-22T16:00:00.007Z");
        assert_eq!(parse_instant("2026-11-23T00:00:00.007+08:00"), Some(at));
        assert_eq!(parse_instant("yesterday"), None);
    }

    #[test]
    fn chinese_unless_english_comes_first() {
        assert_eq!(Language::parse("zh-CN,zh;q=0.9,en;q=0.8"), Language::Chinese);
        assert_eq!(Language::parse("en-GB,en;q=0.9"), Language::English);
        assert_eq!(Language::parse(""), Language::Chinese);
    }
}
