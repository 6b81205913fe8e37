//! Sightings (新的过车): a vehicle that somebody waits for passes a checkpoint again, and where it goes from there.

use crate::case::{Spot, form};
use crate::{CheckpointId, Timestamp};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::fmt::Write;

/// Sightings of one order that are told at most: who heard so many looks at the map.
pub const SIGHTINGS_MAX: usize = 20;
/// Next places of one sighting that are named at most.
pub const NEXT_MAX: usize = 4;

/// A vehicle was seen again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sighting {
    /// The checkpoint, with its name as the description.
    pub spot: Spot,
    /// Which way, in words; empty when nobody knows.
    #[serde(default)]
    pub direction: SmolStr,
    /// When.
    #[serde(with = "form::instant")]
    pub at: Timestamp,
    /// Where it will be, the most likely first.
    #[serde(default)]
    pub next: Vec<NextPlace>,
}

/// A checkpoint where a vehicle will be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextPlace {
    /// Which.
    pub checkpoint: CheckpointId,
    /// Its name.
    pub name: SmolStr,
    /// Share of vehicles that go there, in thousandths.
    pub share_permille: u16,
    /// One in ten is there earlier.
    #[serde(with = "form::instant")]
    pub earliest: Timestamp,
    /// Half are there earlier.
    #[serde(with = "form::instant")]
    pub likely: Timestamp,
    /// One in ten is there later.
    #[serde(with = "form::instant")]
    pub latest: Timestamp,
}

impl Sighting {
    /// One line of names and times that needs no language: `14:23 北环路口（由北向南）→ 东环路口 14:31–14:36`.
    pub fn line(&self) -> SmolStr {
        let mut line = format!("{} {}", clock(self.at), self.spot.description);
        if !self.direction.is_empty() {
            write!(line, "（{}）", self.direction).expect("a string takes any text");
        }
        for (number, next) in self.next.iter().take(NEXT_MAX).enumerate() {
            let mark = if number == 0 { " → " } else { "、" };
            let (from, to) = (clock(next.earliest), clock(next.latest));
            write!(line, "{mark}{} {from}–{to}", next.name).expect("a string takes any text");
        }
        line.into()
    }
}

/// The time of day in Beijing: `14:23`.
fn clock(at: Timestamp) -> String {
    let minute = at.beijing_minute_of_day();
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::MINUTE_MS;

    #[test]
    fn a_line_names_place_direction_and_the_times_ahead() {
        let at = Timestamp::from_unix_ms(1_795_363_200_000); // 2026-11-23 00:00 in Beijing.
        let next = NextPlace {
            checkpoint: "B".into(),
            name: "东环路口".into(),
            share_permille: 700,
            earliest: at.plus_ms(8 * MINUTE_MS),
            likely: at.plus_ms(9 * MINUTE_MS),
            latest: at.plus_ms(13 * MINUTE_MS),
        };
        let spot = Spot { description: "北环路口".into(), ..Spot::default() };
        let sighting = Sighting { spot, direction: "由北向南".into(), at, next: vec![next] };
        assert_eq!(sighting.line(), "00:00 北环路口（由北向南） → 东环路口 00:08–00:13");
        let stored = serde_json::to_string(&sighting).unwrap();
        assert_eq!(serde_json::from_str::<Sighting>(&stored).unwrap(), sighting);
    }
}
