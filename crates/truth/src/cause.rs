//! Why a warning is false, as far as the truth and the read tell.

use crate::matching::{CLOCK_TOLERANCE_MS, Planted, Sighting, Truths};
use crate::standing::Standing;
use domain::Plate;
use serde::Serialize;
use std::collections::BTreeMap;

/// Why a warning is false.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Cause {
    /// It happened there and then, under a number that is a symbol or two away.
    Misnamed,
    /// What was read was taken for a number that it is not.
    Corrected,
    /// It was read as a number whose vehicle was not there, or did nothing.
    AsRead,
    /// No plate is in it.
    Other,
}

impl Cause {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Self::Misnamed => "of what is so under a number read wrong",
            Self::Corrected => "by a read corrected wrong",
            Self::AsRead => "by a number as it was read",
            Self::Other => "without a plate",
        }
    }
}

/// Symbols in which two numbers may differ and be one that was read wrong.
const MISREAD_SYMBOLS_MAX: usize = 2;

/// Why each of the warnings is false, counted by model.
pub fn count(false_hits: &[Standing], truths: &Truths) -> BTreeMap<(&'static str, Cause), usize> {
    // By place, so that each warning is compared with few.
    let mut by_place: BTreeMap<(&str, &str), Vec<(&Planted, &Sighting)>> = BTreeMap::new();
    for planted in truths.all() {
        for sighting in &planted.sightings {
            let key = (planted.model.key(), sighting.0.as_str());
            by_place.entry(key).or_default().push((planted, sighting));
        }
    }
    let mut counts = BTreeMap::new();
    for warning in false_hits {
        let is_misnamed = warning.sightings.iter().any(|seen| {
            let there = by_place.get(&(warning.model.key(), seen.0.as_str())).into_iter().flatten();
            there.clone().any(|(planted, sighting)| {
                sighting.1.ms_since(seen.1).abs() <= CLOCK_TOLERANCE_MS
                    && is_near(planted.plate, warning.plate())
            })
        });
        let cause = match (&warning.plate_text, warning.plate()) {
            _ if is_misnamed => Cause::Misnamed,
            (Some(text), Some(plate)) if differences(text, plate) > 0 => Cause::Corrected,
            (Some(_), Some(_)) => Cause::AsRead,
            _ => Cause::Other,
        };
        *counts.entry((warning.model.key(), cause)).or_default() += 1;
    }
    counts
}

fn is_near(one: Option<Plate>, other: Option<Plate>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return false };
    (1..=MISREAD_SYMBOLS_MAX).contains(&differences(&one.to_string(), other))
}

/// In how many symbols a text differs from a number; very many when they are not equally long.
pub(crate) fn differences(text: &str, plate: Plate) -> usize {
    let symbols: Vec<char> = plate.symbols().collect();
    if text.chars().count() != symbols.len() {
        return usize::MAX;
    }
    text.chars().zip(symbols).filter(|(read, true_one)| read != true_one).count()
}
