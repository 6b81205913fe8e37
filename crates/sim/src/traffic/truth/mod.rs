//! What was planted: for each offence its model, vehicle, time and place, and whether the platform can see it.
//!
//! Most truths are found in what the vehicles truly do, by the rule itself, so that nothing that breaks it is missing:
//! [`passages`] what single passages show, [`days`] what a vehicle's day shows, [`terminals`] what positions show.

mod days;
mod passages;
mod terminals;

use super::Traffic;
use crate::clock;
use crate::noise::{self, NoiseRates, Quality};
use crate::traffic::Passage;
use domain::time::{DAY_MS, HOUR_MS};
use domain::{CivilDay, ModelId, Timestamp};
use serde::Serialize;

/// One planted offence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Truth {
    /// Key of the model that should raise it.
    pub model: &'static str,
    /// The vehicle's plate; empty where it shows none.
    pub plate: String,
    /// Its plate class.
    pub plate_class: String,
    /// When, UTC, by the true time.
    pub at: String,
    /// The same in Unix milliseconds.
    #[serde(skip)]
    pub at_ms: i64,
    /// The checkpoint, section or terminal that shows it.
    pub place: String,
    /// What exactly.
    pub detail: String,
    /// Whether what the devices send shows it: false when a plate needed for it was misread.
    pub is_expected: bool,
    /// The passages that show it or belong to it, in order; empty where only positions do.
    pub sightings: Vec<Sighting>,
}

/// A passage of an offender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sighting {
    /// The checkpoint.
    pub place: String,
    /// When, UTC, by the true time.
    pub at: String,
    /// The same in Unix milliseconds.
    #[serde(skip)]
    pub at_ms: i64,
    /// What the camera wrote of the plate.
    pub read: String,
    /// Whether that is the plate as it is.
    pub is_exact: bool,
}

/// A section's first end may be passed this long before its second.
const SECTION_MS: i64 = HOUR_MS;

/// All that happens in `from_ms..to_ms`, in order of time; a section's speed when its second end is passed. What a whole day
/// shows has the time at which it is complete, or at which it begins where the platform waits for the end.
pub fn of_window(traffic: &Traffic, rates: &NoiseRates, from_ms: i64, to_ms: i64) -> Vec<Truth> {
    let mut made = Maker { traffic, rates, truths: Vec::new() };
    passages::add(&mut made, &traffic.passages(from_ms - SECTION_MS, to_ms));
    let day = |ms| Timestamp::from_unix_ms(ms).beijing_day().0;
    for day in (day(from_ms)..=day(to_ms - 1)).map(CivilDay) {
        days::add(&mut made, day);
        terminals::add_of_day(&mut made, day);
    }
    for vehicle in 0..traffic.rates.terminal_count() as u32 {
        terminals::add_of_drives(&mut made, vehicle, from_ms, to_ms);
    }
    let mut truths = made.truths;
    truths.retain(|truth| (from_ms..to_ms).contains(&truth.at_ms));
    truths.sort_by_key(|truth| truth.at_ms);
    truths
}

/// Makes truths.
struct Maker<'t> {
    traffic: &'t Traffic,
    rates: &'t NoiseRates,
    truths: Vec<Truth>,
}

impl Maker<'_> {
    /// Adds a truth; what is not said of it can be put on what is returned.
    fn add(&mut self, model: ModelId, vehicle: u32, at_ms: i64, place: &str, detail: String) -> &mut Truth {
        let vehicle = &self.traffic.county.register.vehicles[vehicle as usize];
        self.truths.push(Truth {
            model: model.key(),
            plate: vehicle.plate.to_string(),
            plate_class: vehicle.kind.plate_class().to_string(),
            at: clock::rfc3339(at_ms),
            at_ms,
            place: place.into(),
            detail,
            is_expected: true,
            sightings: Vec::new(),
        });
        self.truths.last_mut().expect("one was added just now")
    }

    fn quality(&self, passage: &Passage) -> Quality {
        noise::read(&self.traffic.county, self.rates, passage).quality
    }

    fn is_exact(&self, passage: &Passage) -> bool {
        self.quality(passage) == Quality::Exact
    }

    fn sighting(&self, passage: &Passage) -> Sighting {
        let read = noise::read(&self.traffic.county, self.rates, passage);
        Sighting {
            place: self.traffic.county.checkpoints[usize::from(passage.checkpoint)].id.clone(),
            at: clock::rfc3339(passage.at_ms),
            at_ms: passage.at_ms,
            read: read.text.to_string(),
            is_exact: read.quality == Quality::Exact,
        }
    }

    fn sightings(&self, passages: &[Passage]) -> Vec<Sighting> {
        passages.iter().map(|passage| self.sighting(passage)).collect()
    }

    /// The passages of a vehicle in a window.
    fn passages_of(&self, vehicle: u32, from_ms: i64, to_ms: i64) -> Vec<Passage> {
        self.traffic.passages_of(vehicle, from_ms, to_ms)
    }

    fn place(&self, checkpoint: u16) -> &str {
        &self.traffic.county.checkpoints[usize::from(checkpoint)].id
    }
}

/// The Beijing day's begin and end in Unix milliseconds.
fn bounds(day: CivilDay) -> (i64, i64) {
    let start_ms = day.start().unix_ms();
    (start_ms, start_ms + DAY_MS)
}
