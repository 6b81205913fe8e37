//! Who drives when and where: trips by kind of vehicle and hour, passages at checkpoints, planted offences.
//!
//! A vehicle's day is a function of (seed, vehicle, day) alone. So any window can be generated without the ones before,
//! and back-fill and live driving come from the same function. [`leg`] is one drive, [`plan`] a vehicle's day,
//! [`truth`] what was planted.

pub mod alarms;
pub mod leg;
pub(crate) mod plan;
pub mod truth;

use crate::county::County;
use crate::county::vehicles::{REGISTERED_COUNT, STRANGER_COUNT, TERMINAL_COUNT};
use domain::CivilDay;
use domain::time::{DAY_MS, HOUR_MS};
use leg::Leg;
use std::sync::{Arc, Mutex, PoisonError};

/// A vehicle passing a checkpoint, as it truly happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passage {
    /// When, Unix milliseconds.
    pub at_ms: i64,
    /// Index of the vehicle.
    pub vehicle: u32,
    /// Index of the checkpoint.
    pub checkpoint: u16,
    /// Lane from 1, counted from the left.
    pub lane: u8,
    /// Speed in km/h.
    pub speed_kmh: u8,
    /// Whether it drives towards rising chainage.
    pub is_forward: bool,
}

/// How much of everything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Share of the vehicles that take part, 0 to 1: 1 is about 1.1 million passages a day.
    pub scale: f64,
    /// Factor on the planted offences.
    pub offences: f64,
}

impl Default for Rates {
    fn default() -> Self {
        Self { scale: 1.0, offences: 1.0 }
    }
}

impl Rates {
    /// How many terminals take part: of the first so many vehicles. At least a tenth.
    pub fn terminal_count(&self) -> usize {
        (TERMINAL_COUNT as f64 * self.scale.clamp(0.1, 1.0)).round() as usize
    }
}

/// The traffic of the county.
#[derive(Debug)]
pub struct Traffic {
    /// The county.
    pub county: Arc<County>,
    /// How much.
    pub rates: Rates,
    /// The newest days asked for; making one takes seconds, a day is some 25 MB.
    days: Mutex<Vec<(CivilDay, Arc<[Passage]>)>>,
}

/// Days kept in memory: a window, and the night before it.
const DAYS_KEPT_MAX: usize = 3;

impl Traffic {
    /// Traffic in a county.
    pub fn new(county: Arc<County>, rates: Rates) -> Self {
        Self { county, rates, days: Mutex::new(Vec::new()) }
    }

    /// The passages of `from_ms..to_ms` in order of time, then checkpoint, then vehicle.
    pub fn passages(&self, from_ms: i64, to_ms: i64) -> Vec<Passage> {
        let mut found = Vec::new();
        for day in days_of(from_ms, to_ms) {
            let passages = self.day(day);
            let start = passages.partition_point(|passage| passage.at_ms < from_ms);
            let end = passages.partition_point(|passage| passage.at_ms < to_ms);
            found.extend_from_slice(&passages[start..end.max(start)]);
        }
        found.sort_unstable_by_key(order);
        found
    }

    /// All passages of the drives that begin on that day.
    fn day(&self, day: CivilDay) -> Arc<[Passage]> {
        // A poisoned list is whole: it is changed by single pushes.
        let mut days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, passages)) = days.iter().find(|(kept, _)| *kept == day) {
            return passages.clone();
        }
        let mut passages = Vec::new();
        let mut legs = Vec::new();
        for vehicle in self.vehicles() {
            plan::legs(&self.county, self.rates, vehicle, day, &mut legs);
            for leg in legs.drain(..) {
                leg.passages(&self.county, |passage| passages.push(passage));
            }
        }
        passages.sort_unstable_by_key(order);
        let passages: Arc<[Passage]> = passages.into();
        if days.len() == DAYS_KEPT_MAX {
            days.remove(0);
        }
        days.push((day, passages.clone()));
        passages
    }

    /// The vehicles that take part.
    fn vehicles(&self) -> impl Iterator<Item = u32> + use<'_> {
        let terminal_count = self.rates.terminal_count();
        (0..(REGISTERED_COUNT + STRANGER_COUNT) as u32).filter(move |vehicle| {
            let index = *vehicle as usize;
            if index < TERMINAL_COUNT {
                return index < terminal_count;
            }
            // Those that offences are planted on always take part.
            plan::takes_part(&self.county, self.rates, *vehicle)
        })
    }

    /// The drives of a vehicle that touch `from_ms..to_ms`, in order.
    pub fn drives(&self, vehicle: u32, from_ms: i64, to_ms: i64) -> Vec<Leg> {
        let mut legs = Vec::new();
        for day in days_of(from_ms, to_ms) {
            plan::legs(&self.county, self.rates, vehicle, day, &mut legs);
        }
        legs.retain(|leg| leg.depart_ms < to_ms && leg.arrive_ms(&self.county) > from_ms);
        legs
    }
}

/// The days whose drives can reach into the window: drives end on the day after they begin.
fn days_of(from_ms: i64, to_ms: i64) -> impl Iterator<Item = CivilDay> {
    let day = |ms| domain::Timestamp::from_unix_ms(ms).beijing_day().0;
    (day(from_ms) - 1..=day(to_ms - 1)).map(CivilDay)
}

fn order(passage: &Passage) -> (i64, u16, u32) {
    (passage.at_ms, passage.checkpoint, passage.vehicle)
}

/// Whether it is between 20:00 and 06:00, when drivers are tired.
pub(crate) fn is_late(ms: i64) -> bool {
    !(6 * HOUR_MS..20 * HOUR_MS).contains(&ms_of_day(ms))
}

/// Milliseconds of the Beijing day at `ms`.
pub(crate) fn ms_of_day(ms: i64) -> i64 {
    (ms + domain::time::BEIJING_OFFSET_MS).rem_euclid(DAY_MS)
}
