//! Crashes (事故): where, when, how grave, from whom it is known. The ledger begins small; what analysis asks of it later (form of
//! the collision, causes, vehicles and people, the road) becomes further fields of [`Crash`], each with a default.

use crate::case::{Refusal, Spot, TEXT_CHARS_MAX, form};
use crate::people::UnitId;
use crate::{CivilDay, Theatre, Timestamp};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// Identity of a crash: `SG`, the day on which it was recorded, a number: `SG20261128-0007`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CrashId(pub SmolStr);

impl CrashId {
    /// The `number`th crash recorded on a day.
    pub fn new(day: CivilDay, number: u64) -> Self {
        let (year, month, date) = day.ymd();
        Self(SmolStr::new(format!("SG{year:04}{month:02}{date:02}-{number:04}")))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for CrashId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// How grave, as 《道路交通事故处理程序规定》(公安部令第146号) 第三条 parts crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// 财产损失事故
    Property,
    /// 伤人事故
    Injury,
    /// 死亡事故
    Fatal,
}

crate::stage::words!(Severity { Property = "property", Injury = "injury", Fatal = "fatal" });

impl Severity {
    /// In Chinese, as texts of cases name it.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Property => "财产损失",
            Self::Injury => "伤人",
            Self::Fatal => "死亡",
        }
    }
}

/// From whom a crash is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrashSource {
    /// 人工登记
    Manual,
    /// 表格导入
    File,
}

crate::stage::words!(CrashSource { Manual = "manual", File = "file" });

/// A crash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Crash {
    /// From whom it is known.
    pub source: CrashSource,
    /// Its number there: the same number is the same crash.
    #[serde(default)]
    pub source_number: Option<SmolStr>,
    /// When it happened.
    #[serde(with = "form::instant")]
    pub occurred_at: Timestamp,
    /// Where. One without a point stands in the ledger all the same: it is work to be done, not a crash less.
    pub spot: Spot,
    /// The theatre.
    #[serde(default, with = "form::theatre::maybe")]
    pub theatre: Option<Theatre>,
    /// The unit in whose area it happened.
    #[serde(default)]
    pub unit: Option<UnitId>,
    /// How grave.
    pub severity: Severity,
    /// People killed.
    #[serde(default)]
    pub dead: u16,
    /// People hurt.
    #[serde(default)]
    pub injured: u16,
    /// In words.
    #[serde(default)]
    pub note: SmolStr,
}

impl Crash {
    /// Refuses what can't be.
    pub fn check(&self, now: Timestamp) -> Result<(), Refusal> {
        let chars = |text: &SmolStr| text.chars().count();
        if self.occurred_at > now {
            return Err(Refusal::Invalid("at".into()));
        }
        let has_route = self.spot.route.is_some();
        if self.spot.at.is_none() && !has_route && self.spot.description.trim().is_empty() {
            return Err(Refusal::Missing("spot".into()));
        }
        if chars(&self.note) > TEXT_CHARS_MAX {
            return Err(Refusal::TooLong("note".into(), TEXT_CHARS_MAX));
        }
        if chars(&self.spot.description) > 200 {
            return Err(Refusal::TooLong("spot".into(), 200));
        }
        match (self.severity, self.dead, self.injured) {
            (Severity::Fatal, 0, _) => Err(Refusal::Missing("dead".into())),
            (Severity::Injury, 0, 0) => Err(Refusal::Missing("injured".into())),
            (Severity::Fatal, ..) | (Severity::Injury, 0, _) | (Severity::Property, 0, 0) => Ok(()),
            _ => Err(Refusal::Invalid("severity".into())),
        }
    }

    /// How far it happened from a hazard in metres: between the points, or along a route that both name. `None` where nobody
    /// can tell.
    pub fn distance_m(&self, hazard: &Spot) -> Option<u32> {
        if let (Some(here), Some(there)) = (self.spot.at, hazard.at) {
            return Some(here.distance_m(there).round() as u32);
        }
        let same_route = self.spot.route.as_ref().zip(hazard.route.as_ref()).is_some_and(|(a, b)| a == b);
        let (here, there) = (self.spot.chainage_m?, hazard.chainage_m?);
        same_route.then(|| here.abs_diff(there))
    }

    /// What the case of a hazard says of it: `事故 SG20261128-0007（11-28 14:20，伤人，相距 35 米）`.
    pub fn line(&self, id: &CrashId, distance_m: u32) -> SmolStr {
        let (year, month, day) = self.occurred_at.beijing_day().ymd();
        let minute = self.occurred_at.beijing_minute_of_day();
        SmolStr::new(format!(
            "事故 {id}（{year}-{month:02}-{day:02} {:02}:{:02}，{}，相距 {distance_m} 米）",
            minute / 60,
            minute % 60,
            self.severity.chinese()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Wgs84;

    fn crash() -> Crash {
        Crash {
            source: CrashSource::Manual,
            source_number: None,
            occurred_at: Timestamp::from_unix_ms(1_795_363_200_000),
            spot: Spot { route: Some("G205".into()), chainage_m: Some(12_300), ..Spot::default() },
            theatre: None,
            unit: None,
            severity: Severity::Property,
            dead: 0,
            injured: 0,
            note: "".into(),
        }
    }

    #[test]
    fn how_grave_it_was_fits_who_was_hurt() {
        let now = crash().occurred_at;
        let of = |severity, dead, injured| Crash { severity, dead, injured, ..crash() }.check(now);
        assert_eq!(of(Severity::Property, 0, 0), Ok(()));
        assert_eq!(of(Severity::Injury, 0, 2), Ok(()));
        assert_eq!(of(Severity::Fatal, 1, 2), Ok(()));
        assert_eq!(of(Severity::Fatal, 0, 2), Err(Refusal::Missing("dead".into())));
        assert_eq!(of(Severity::Injury, 1, 0), Err(Refusal::Invalid("severity".into())));
        assert_eq!(of(Severity::Property, 0, 1), Err(Refusal::Invalid("severity".into())));
        assert_eq!(crash().check(now.plus_ms(-1)), Err(Refusal::Invalid("at".into())));
    }

    #[test]
    fn the_distance_is_between_points_else_along_the_route() {
        let along = Spot { route: Some("G205".into()), chainage_m: Some(12_000), ..Spot::default() };
        assert_eq!(crash().distance_m(&along), Some(300));
        assert_eq!(crash().distance_m(&Spot { route: Some("S229".into()), ..along.clone() }), None);
        let mut placed = crash();
        placed.spot.at = Wgs84::new(118.3, 35.1);
        let point = Spot { at: Wgs84::new(118.301, 35.1), ..along };
        assert!((85..=95).contains(&placed.distance_m(&point).unwrap()));
    }
}
