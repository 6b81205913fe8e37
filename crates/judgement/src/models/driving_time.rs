//! Driving time in a window of days (累计驾驶时间), from positions: coaches at most 8 h in any 24 h and 44 h in any 7 days.
//!
//! The minutes with movement are remembered as bits, by hour, for as long as the longest window reaches back; a short
//! halt between two of them is driving, too. A window is looked at where there is evidence, the earliest moving report of
//! a slot. One warning per vehicle, window and Beijing day, renewed as the driving goes on.

use super::Context;
use super::drive::{Driver, beijing_day, instant_of, minute_of, proofs};
use crate::parameters::DrivingTimeParameters;
use crate::settle::{Finding, vehicle_bytes};
use domain::time::HOUR_MS;
use domain::warning::{Detail, Subject, Warning};
use domain::{CivilDay, Level, ModelId, Timestamp};
use serde::{Deserialize, Serialize};

const HOUR_MINUTES: i64 = 60;
/// Days of the longer window.
pub(crate) const LONG_WINDOW_HOURS: i64 = 7 * 24;
/// Hours of the shorter one.
const SHORT_WINDOW_HOURS: i64 = 24;

/// Minutes with movement: hours since 1970 with a bit for each minute, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MovingMinutes(Vec<(i32, u64)>);

impl MovingMinutes {
    /// Adds a minute since 1970.
    pub(crate) fn add(&mut self, minute: i64) {
        let (hour, bit) = (minute.div_euclid(HOUR_MINUTES) as i32, 1 << minute.rem_euclid(HOUR_MINUTES));
        match self.0.binary_search_by_key(&hour, |(hour, _)| *hour) {
            Ok(index) => self.0[index].1 |= bit,
            Err(index) => self.0.insert(index, (hour, bit)),
        }
    }

    /// Forgets the hours that end before `cutoff`, less the longest window.
    pub(crate) fn forget_before(&mut self, cutoff: Timestamp) {
        let first = cutoff.plus_ms(-LONG_WINDOW_HOURS * HOUR_MS).unix_ms().div_euclid(HOUR_MS);
        self.0.retain(|(hour, _)| i64::from(*hour) >= first);
    }

    /// When the oldest minute no longer lies in a window: it is forgotten like something of that time.
    pub(crate) fn oldest_needed_at(&self) -> Option<Timestamp> {
        let (hour, _) = self.0.first()?;
        Some(Timestamp::from_unix_ms((i64::from(*hour) + 1 + LONG_WINDOW_HOURS) * HOUR_MS))
    }

    fn iter(&self) -> impl Iterator<Item = i64> {
        self.0.iter().flat_map(|(hour, bits)| {
            let first = i64::from(*hour) * HOUR_MINUTES;
            (0..HOUR_MINUTES).filter(move |minute| bits >> minute & 1 != 0).map(move |minute| first + minute)
        })
    }
}

/// Driven minutes up to each moving minute.
struct Driven(Vec<(i64, i64)>);

impl Driven {
    fn new(moving: &MovingMinutes, halt_max_minutes: i64) -> Self {
        let mut sums: Vec<(i64, i64)> = Vec::new();
        for minute in moving.iter() {
            let sum = match sums.last() {
                Some((before, sum)) if minute - before - 1 <= halt_max_minutes => sum + minute - before,
                Some((_, sum)) => sum + 1,
                None => 1,
            };
            sums.push((minute, sum));
        }
        Self(sums)
    }

    fn until(&self, minute: i64) -> i64 {
        let after = self.0.partition_point(|(moving, _)| *moving <= minute);
        after.checked_sub(1).map_or(0, |last| self.0[last].1)
    }
}

/// A window that was exceeded on a day.
struct Exceeded {
    day: CivilDay,
    renewals: i64,
    driven_minutes: i64,
    window_from_minute: i64,
    first_slot: usize,
    last_slot: usize,
}

/// The warnings of a vehicle, by window and day.
pub(crate) fn find(
    driver: &Driver<'_>,
    moving: &MovingMinutes,
    context: &Context<'_>,
) -> Vec<(Timestamp, Warning)> {
    let model = &context.models.driving_time;
    let p = &model.parameters;
    if !driver.is_coach() || !model.is_enabled {
        return Vec::new();
    }
    let driven = Driven::new(moving, p.halt_max_minutes.value);
    let windows =
        [(SHORT_WINDOW_HOURS, p.day_limit_minutes.value), (LONG_WINDOW_HOURS, p.week_limit_minutes.value)];
    let mut found = Vec::new();
    for (hours, limit_minutes) in windows {
        for exceeded in exceeded(driver, &driven, hours, limit_minutes, p) {
            let evidence = proofs(&driver.slots[exceeded.first_slot..=exceeded.last_slot], context);
            let anchor = exceeded.day.start();
            let finding = Finding {
                model: ModelId::DrivingTime,
                version: model.version,
                identity: &[
                    &vehicle_bytes(driver.vehicle),
                    &hours.to_le_bytes(),
                    &exceeded.day.0.to_le_bytes(),
                ],
                subject: Subject {
                    vehicle: Some(driver.vehicle),
                    plate_text: None,
                    device: evidence.last().map(|observation| observation.device.clone()),
                },
                level: model.level.unwrap_or(Level::High),
                actionable_seconds: model.actionable_seconds,
                detail: Detail::DrivingTime {
                    window_hours: hours as u32,
                    window_from: instant_of(exceeded.window_from_minute),
                    driven_minutes: exceeded.driven_minutes as u32,
                    limit_minutes: limit_minutes as u32,
                },
                occurred_at: None,
                evidence,
            };
            found.push((anchor, finding.into_warning(context.reference)));
        }
    }
    found
}

fn exceeded(
    driver: &Driver<'_>,
    driven: &Driven,
    window_hours: i64,
    limit_minutes: i64,
    p: &DrivingTimeParameters,
) -> Vec<Exceeded> {
    let mut days: Vec<Exceeded> = Vec::new();
    for (index, slot) in driver.slots.iter().enumerate() {
        let Some(minute) = slot.proof().map(|proof| minute_of(proof.captured_at)) else { continue };
        let window_from_minute = minute - window_hours * HOUR_MINUTES;
        let driven_minutes = driven.until(minute) - driven.until(window_from_minute);
        if driven_minutes <= limit_minutes {
            continue;
        }
        let day = beijing_day(minute);
        let renewals = (driven_minutes - limit_minutes - 1) / p.renewal_minutes.value;
        match days.last_mut().filter(|last| last.day == day) {
            Some(last) if renewals > last.renewals => {
                *last = Exceeded { renewals, driven_minutes, window_from_minute, last_slot: index, ..*last };
            }
            Some(_) => {}
            None => days.push(Exceeded {
                day,
                renewals,
                driven_minutes,
                window_from_minute,
                first_slot: index,
                last_slot: index,
            }),
        }
    }
    days
}
