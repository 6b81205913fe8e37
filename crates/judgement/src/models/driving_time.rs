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
}

/// The driven minutes of an hour.
#[derive(Clone, Copy, Debug)]
struct Hour {
    /// Since 1970.
    number: i64,
    /// A bit for each minute with movement.
    moving: u64,
    /// The same, and the minutes of halts between them.
    driven: u64,
    /// Driven minutes before the first one with movement, those of a halt that ends there included.
    before: i64,
}

impl Hour {
    fn last_moving(&self) -> i64 {
        self.number * HOUR_MINUTES + i64::from(u64::BITS - 1 - self.moving.leading_zeros())
    }

    /// Driven minutes up to the end of the hour.
    fn through(&self) -> i64 {
        self.before + i64::from(self.driven.count_ones())
    }
}

/// Minutes between which lie at most so many others are joined.
fn joined(minutes: u64, between_max: i64) -> u64 {
    let wide = u128::from(minutes);
    let spread = (0..=between_max).fold(0, |all, by| all | wide << by);
    (0..=between_max).fold(u128::MAX, |all, by| all & spread >> by) as u64
}

/// Driven minutes up to each minute.
struct Driven(Vec<Hour>);

impl Driven {
    fn new(moving: &MovingMinutes, halt_max_minutes: i64) -> Self {
        let mut hours: Vec<Hour> = Vec::with_capacity(moving.0.len());
        for (hour, moving) in moving.0.iter().filter(|(_, moving)| *moving != 0) {
            let hour = i64::from(*hour);
            let first = hour * HOUR_MINUTES + i64::from(moving.trailing_zeros());
            let before = hours.last().map_or(0, |last| {
                let halt_minutes = first - last.last_moving() - 1;
                last.through() + if halt_minutes <= halt_max_minutes { halt_minutes } else { 0 }
            });
            hours.push(Hour {
                number: hour,
                moving: *moving,
                driven: joined(*moving, halt_max_minutes),
                before,
            });
        }
        Self(hours)
    }

    fn until(&self, minute: i64) -> i64 {
        let begun =
            |hour: &Hour| hour.number * HOUR_MINUTES + i64::from(hour.moving.trailing_zeros()) <= minute;
        let Some(index) = self.0.partition_point(begun).checked_sub(1) else { return 0 };
        let hour = &self.0[index];
        let passed = minute - hour.number * HOUR_MINUTES + 1;
        if passed >= HOUR_MINUTES {
            return hour.through();
        }
        // A halt counts when it has ended.
        let moving = hour.moving & ((1 << passed) - 1);
        let up_to = u64::MAX >> moving.leading_zeros();
        hour.before + i64::from((hour.driven & up_to).count_ones())
    }

    /// No window of so many hours holds more: those that are looked at whole hours wide.
    fn at_most(&self, window_hours: i64) -> i64 {
        let mut first = 0;
        let within = self.0.iter().map(|last| {
            first += self.0[first..].partition_point(|hour| hour.number < last.number - window_hours);
            let before = first.checked_sub(1).map_or(0, |before| self.0[before].through());
            last.through() - before
        });
        within.max().unwrap_or_default()
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
    // Nearly everybody is far from the limit.
    if driven.at_most(window_hours) <= limit_minutes {
        return days;
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Driven minutes up to each moving one, minute by minute.
    fn one_by_one(minutes: &[i64], halt_max_minutes: i64, until: i64) -> i64 {
        let moving: Vec<i64> = minutes.iter().copied().filter(|minute| *minute <= until).collect();
        let joined = moving.windows(2).map(|pair| match pair[1] - pair[0] {
            apart if apart - 1 <= halt_max_minutes => apart,
            _ => 1,
        });
        moving.first().map_or(0, |_| 1) + joined.sum::<i64>()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn driven_minutes_are_those_counted_one_by_one(
            steps in prop::collection::vec(prop_oneof![4 => 1..4i64, 2 => 1..70i64, 1 => 1..3_000i64], 1..200),
            halt_max_minutes in 0..=60i64,
            asked in prop::collection::vec(0..12_000i64, 1..20),
            window_hours in 1..200i64,
        ) {
            let minutes: Vec<i64> = steps.iter().scan(0, |at, step| { *at += step; Some(*at) }).collect();
            let mut moving = MovingMinutes::default();
            for minute in &minutes {
                moving.add(*minute);
            }
            let driven = Driven::new(&moving, halt_max_minutes);
            for at in asked.iter().chain(&minutes) {
                prop_assert_eq!(driven.until(*at), one_by_one(&minutes, halt_max_minutes, *at), "until {}", at);
                let within = driven.until(*at) - driven.until(*at - window_hours * HOUR_MINUTES);
                prop_assert!(within <= driven.at_most(window_hours));
            }
        }
    }
}
