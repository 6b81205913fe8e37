//! Who drives when and where: trips by kind of vehicle and hour, passages at checkpoints, planted offences.
//!
//! A vehicle's day is a function of (seed, vehicle, day) alone. So any window can be generated without the ones before,
//! and back-fill and live driving come from the same function. [`leg`] is one drive, [`plan`] a vehicle's day,
//! [`offence`] who does what wrong on a day, [`truth`] what was planted.

pub mod alarms;
pub mod leg;
pub mod offence;
pub(crate) mod plan;
pub mod truth;
pub mod weighing;

use crate::county::County;
use crate::county::vehicles::TERMINAL_COUNT;
use crate::dice::{Stream, unit_of};
use domain::time::{DAY_MS, HOUR_MS};
use domain::{Behaviour, Behaviours, CivilDay};
use leg::Leg;
use offence::{DayOffences, Offence, Quotas};
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
    /// What it does wrong here that a camera sees.
    pub behaviours: Behaviours,
    /// What it weighs, in percent of what it may weigh; 0 where it is not weighed.
    pub load_percent: u8,
}

/// How much of everything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Share of the vehicles that take part, 0 to 1: 1 is about 1.1 million passages a day.
    pub scale: f64,
    /// Factor on the planted offences.
    pub offences: f64,
    /// How many of each are planted a day, before that factor.
    pub planted: Quotas,
}

impl Default for Rates {
    fn default() -> Self {
        Self { scale: 1.0, offences: 1.0, planted: Quotas::default() }
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
    /// The newest days' offenders: a few hundred each.
    offences: Mutex<Vec<(CivilDay, Arc<DayOffences>)>>,
}

/// Days kept in memory: a window, and the night before it.
const DAYS_KEPT_MAX: usize = 3;
/// Days of offenders kept: a week is judged as one.
const OFFENCE_DAYS_KEPT_MAX: usize = 16;

impl Traffic {
    /// Traffic in a county.
    pub fn new(county: Arc<County>, rates: Rates) -> Self {
        Self { county, rates, days: Mutex::default(), offences: Mutex::default() }
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

    /// The passages of one vehicle in a window, in order, without making all others'.
    pub(crate) fn passages_of(&self, vehicle: u32, from_ms: i64, to_ms: i64) -> Vec<Passage> {
        let mut passages = Vec::new();
        for day in days_of(from_ms, to_ms) {
            self.passages_of_day(vehicle, day, &mut Vec::new(), &mut passages);
        }
        passages.retain(|passage| (from_ms..to_ms).contains(&passage.at_ms));
        passages.sort_unstable_by_key(order);
        passages
    }

    /// Adds the passages of the drives that a vehicle begins on that day. `legs` is room to work in.
    fn passages_of_day(&self, vehicle: u32, day: CivilDay, legs: &mut Vec<Leg>, passages: &mut Vec<Passage>) {
        let offence = self.offences(day).of(vehicle);
        if offence.is_none() && !plan::takes_part(&self.county, self.rates, vehicle) {
            return;
        }
        plan::legs(&self.county, self.rates, offence, vehicle, day, legs);
        let first = passages.len();
        for leg in legs.drain(..) {
            leg.passages(&self.county, |passage| passages.push(passage));
        }
        self.mark(offence, &mut passages[first..]);
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
            self.passages_of_day(vehicle, day, &mut legs, &mut passages);
        }
        passages.sort_unstable_by_key(order);
        let passages: Arc<[Passage]> = passages.into();
        if days.len() == DAYS_KEPT_MAX {
            days.remove(0);
        }
        days.push((day, passages.clone()));
        passages
    }

    /// Puts on the passages of a vehicle's day what it does wrong at checkpoints, and what it weighs.
    fn mark(&self, offence: Option<Offence>, passages: &mut [Passage]) {
        let county = &self.county;
        for passage in passages.iter_mut() {
            passage.load_percent = weighing::honest_load_percent(county, passage);
        }
        let chance = |what: u64, passage: &Passage| {
            unit_of(&[
                county.seed,
                Stream::Offence as u64,
                passage.vehicle.into(),
                passage.at_ms as u64,
                what,
            ])
        };
        match offence {
            Some(Offence::Overload) => {
                for passage in passages.iter_mut().filter(|passage| passage.load_percent > 0) {
                    // The same load on the way out and back.
                    let load = unit_of(&[county.seed, Stream::Weighing as u64, passage.vehicle.into(), 1]);
                    passage.load_percent = 122 + (load * 108.0) as u8;
                }
            }
            Some(Offence::Behaviour(behaviour)) => {
                if let Some(first) = passages.first().copied() {
                    let which = (chance(0, &first) * passages.len() as f64) as usize;
                    passages[which].behaviours = passages[which].behaviours.with(behaviour);
                }
            }
            Some(Offence::WrongWay) => {
                let one_way: Vec<usize> = (0..passages.len())
                    .filter(|index| {
                        county.checkpoints[usize::from(passages[*index].checkpoint)].one_way_code().is_some()
                    })
                    .collect();
                if let Some(first) = passages.first().copied()
                    && let Some(which) = one_way.get((chance(0, &first) * one_way.len() as f64) as usize)
                {
                    let passage = &mut passages[*which];
                    // The other carriageway has its camera beside this one.
                    passage.checkpoint ^= 1;
                    if chance(1, passage) < WRONG_WAY_SEEN {
                        passage.behaviours = passage.behaviours.with(Behaviour::WrongWay);
                    }
                }
            }
            _ => {}
        }
    }

    /// Who does what wrong on a day.
    pub fn offences(&self, day: CivilDay) -> Arc<DayOffences> {
        let mut days = self.offences.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, offences)) = days.iter().find(|(kept, _)| *kept == day) {
            return offences.clone();
        }
        let offences = Arc::new(DayOffences::draw(&self.county, &self.rates, day));
        if days.len() == OFFENCE_DAYS_KEPT_MAX {
            days.remove(0);
        }
        days.push((day, offences.clone()));
        offences
    }

    /// The vehicles that can take part: those with terminals up to their share, and all others.
    fn vehicles(&self) -> impl Iterator<Item = u32> + use<'_> {
        let terminal_count = self.rates.terminal_count();
        let all = self.county.register.vehicles.len() as u32;
        (0..all).filter(move |vehicle| !(terminal_count..TERMINAL_COUNT).contains(&(*vehicle as usize)))
    }

    /// Whether a vehicle is on the roads at this scale.
    pub fn takes_part(&self, vehicle: u32) -> bool {
        plan::takes_part(&self.county, self.rates, vehicle)
    }

    /// The drives of a vehicle that touch `from_ms..to_ms`, in order.
    pub fn drives(&self, vehicle: u32, from_ms: i64, to_ms: i64) -> Vec<Leg> {
        let mut legs = Vec::new();
        for day in days_of(from_ms, to_ms) {
            let offence = self.offences(day).of(vehicle);
            plan::legs(&self.county, self.rates, offence, vehicle, day, &mut legs);
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

/// Share of the drives against the traffic that the camera itself names; the direction tells the others.
const WRONG_WAY_SEEN: f64 = 0.75;

/// Whether it is between 20:00 and 06:00, when drivers are tired.
pub(crate) fn is_late(ms: i64) -> bool {
    !(6 * HOUR_MS..20 * HOUR_MS).contains(&ms_of_day(ms))
}

/// Milliseconds of the Beijing day at `ms`.
pub(crate) fn ms_of_day(ms: i64) -> i64 {
    (ms + domain::time::BEIJING_OFFSET_MS).rem_euclid(DAY_MS)
}
