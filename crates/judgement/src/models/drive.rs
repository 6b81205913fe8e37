//! Drives of vehicles with terminals, remembered in slots of five minutes: what fatigue and night coaches are judged by.
//!
//! A slot knows in which of its minutes the vehicle was seen and in which it moved, its first and last fix, and keeps
//! the earliest moving report as evidence. All of it merges the same way in any order of arrival.

use super::driving_time::MovingMinutes;
use super::{Context, SLOT_MINUTES, driving_time, fatigue, night_coach};
use crate::held::{Held, keep_earliest};
use crate::keyed::{Aging, Keyed};
use crate::parameters::ModelParameters;
use crate::settle::{Standing, settle};
use domain::observation::{Observation, Position};
use domain::time::{BEIJING_OFFSET_MS, HOUR_MS, MINUTE_MS};
use domain::{CivilDay, KeyClass, ModelId, Timestamp, VehicleKey, Wgs84};
use serde::{Deserialize, Serialize};

/// Most slots kept of one vehicle: seven days. Beyond it the oldest is forgotten, whatever the horizon says.
const SLOTS_MAX: usize = 7 * 24 * 60 / SLOT_MINUTES as usize;

/// A place at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fix {
    at: Timestamp,
    location: Wgs84,
}

impl Fix {
    /// Orders fixes; the place breaks ties, so that it never depends on the order of arrival.
    fn order(&self) -> (Timestamp, i64, i64) {
        let e7 = |degrees: f64| (degrees * 1e7).round() as i64;
        (self.at, e7(self.location.lon_deg()), e7(self.location.lat_deg()))
    }
}

/// Five minutes of one vehicle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Slot {
    /// Slots since 1970.
    number: i64,
    /// Minutes with any report, bit 0 the first.
    seen: u8,
    /// Minutes with movement.
    moving: u8,
    first: Option<Fix>,
    last: Option<Fix>,
    /// The earliest report with movement.
    proof: Option<Box<Held>>,
}

/// One minute with a report.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeenMinute {
    /// Minutes since 1970.
    pub(crate) minute: i64,
    pub(crate) is_moving: bool,
    pub(crate) slot_index: usize,
    /// Whether the slot's evidence is of this minute.
    pub(crate) has_proof: bool,
}

impl Slot {
    fn first_minute(&self) -> i64 {
        self.number * SLOT_MINUTES
    }

    pub(crate) fn is_moving(&self) -> bool {
        self.moving != 0
    }

    /// First and last minute with a report, since 1970.
    pub(crate) fn seen_span(&self) -> (i64, i64) {
        let last = i64::from(u8::BITS - 1 - self.seen.leading_zeros().min(u8::BITS - 1));
        (
            self.first_minute() + i64::from(self.seen.trailing_zeros().min(u8::BITS - 1)),
            self.first_minute() + last,
        )
    }

    pub(crate) fn proof(&self) -> Option<&Held> {
        self.proof.as_deref()
    }

    /// Straight distance in metres from this slot's last fix to the first of a later one.
    pub(crate) fn distance_m_to(&self, later: &Self) -> Option<f64> {
        Some(self.last?.location.distance_m(later.first?.location))
    }

    /// Takes a report in; says whether a judgement can differ after it.
    fn merge(
        &mut self,
        observation: &Observation,
        position: &Position,
        is_moving: bool,
        context: &mut Context<'_>,
    ) -> Merged {
        let bit = 1 << minute_of(observation.captured_at).rem_euclid(SLOT_MINUTES);
        let mut merged = Merged { is_changed: self.seen & bit == 0, is_end_moved: false };
        self.seen |= bit;
        if let Some(location) = position.location {
            let fix = Fix { at: observation.captured_at, location };
            if self.first.is_none_or(|first| fix.order() < first.order()) {
                self.first = Some(fix);
                merged.is_changed = true;
            }
            if self.last.is_none_or(|last| fix.order() > last.order()) {
                self.last = Some(fix);
                merged.is_end_moved = true;
            }
        }
        if is_moving {
            merged.is_changed |= self.moving & bit == 0;
            self.moving |= bit;
            let order = (observation.captured_at, observation.id);
            if self.proof.as_ref().is_none_or(|proof| order <= proof.order()) {
                keep_earliest(&mut self.proof, Held::pack(observation, context.names));
                merged.is_changed = true;
            }
        }
        merged
    }
}

/// What a report changed.
struct Merged {
    is_changed: bool,
    /// Only the last fix moved, which matters when something comes after.
    is_end_moved: bool,
}

/// What is remembered of one vehicle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Drive {
    /// Ascending.
    slots: Vec<Slot>,
    /// Of coaches: remembered longer than slots.
    moving: MovingMinutes,
    standing: Vec<Standing>,
}

impl Drive {
    /// Whether anything was reported between two times.
    pub(crate) fn is_heard(&self, from: Timestamp, to: Timestamp) -> bool {
        let (from, to) = (minute_of(from), minute_of(to));
        let first = self.slots.partition_point(|slot| slot.first_minute() + SLOT_MINUTES <= from);
        seen_minutes(&self.slots[first..])
            .take_while(|seen| seen.minute <= to)
            .any(|seen| seen.minute >= from)
    }

    /// When something was last reported before a time, to the minute.
    pub(crate) fn last_heard_before(&self, at: Timestamp) -> Option<Timestamp> {
        let minute = minute_of(at);
        let until = self.slots.partition_point(|slot| slot.first_minute() < minute);
        let last =
            |slot: &Slot| seen_minutes(std::slice::from_ref(slot)).filter(|seen| seen.minute < minute).last();
        self.slots[..until].iter().rev().find_map(last).map(|seen| instant_of(seen.minute))
    }

    /// Where the terminal stood at a time: it reported standing still at the same place before and after, at most so far
    /// apart in time.
    pub(crate) fn parked_at(&self, at: Timestamp, gap_max_ms: i64) -> Option<Wgs84> {
        const SAME_PLACE_M: f64 = 300.0;
        let fixes = |slot: &Slot| {
            let is_moving = slot.is_moving();
            [slot.first, slot.last].map(|fix| fix.map(|fix| (fix, is_moving)))
        };
        // Slots lie one behind the other, and the fixes of each in its minutes.
        let begun = self.slots.partition_point(|slot| slot.first_minute() <= minute_of(at));
        let (until, from) = (&self.slots[..begun], &self.slots[begun.saturating_sub(1)..]);
        let mut earlier = until.iter().rev().flat_map(|slot| fixes(slot).into_iter().rev().flatten());
        let (before, was_moving) = earlier.find(|(fix, _)| fix.at <= at)?;
        let mut later = from.iter().flat_map(|slot| fixes(slot).into_iter().flatten());
        let (after, is_moving) = later.find(|(fix, _)| fix.at > at)?;
        let is_parked = !was_moving
            && !is_moving
            && after.at.ms_since(before.at) <= gap_max_ms
            && before.location.distance_m(after.location) <= SAME_PLACE_M;
        is_parked.then_some(before.location)
    }

    /// The fix nearest in time, at most so far away.
    pub(crate) fn nearest_fix(&self, at: Timestamp, within_ms: i64) -> Option<(Timestamp, Wgs84)> {
        let from = minute_of(at.plus_ms(-within_ms));
        let first = self.slots.partition_point(|slot| slot.first_minute() + SLOT_MINUTES <= from);
        let near = |fix: &&Fix| fix.at.ms_since(at).abs() <= within_ms;
        self.slots[first..]
            .iter()
            .take_while(|slot| instant_of(slot.first_minute()) <= at.plus_ms(within_ms))
            .flat_map(|slot| [slot.first.as_ref(), slot.last.as_ref()])
            .flatten()
            .filter(near)
            .min_by_key(|fix| (fix.at.ms_since(at).abs(), fix.order()))
            .map(|fix| (fix.at, fix.location))
    }
}

impl Aging for Drive {
    fn oldest_at(&self) -> Option<Timestamp> {
        let slot_at = self.slots.first().map(|slot| instant_of(slot.first_minute()));
        [slot_at, self.moving.oldest_needed_at()].into_iter().flatten().min()
    }

    /// Forgets whole drives and nights only: half of one would be another warning.
    fn forget_before(&mut self, cutoff: Timestamp, models: &ModelParameters) {
        let mut cut = cut_minute(told_of(&self.slots, cutoff, models), cutoff, models);
        // The first evidence of a day stays as long as what it proved.
        let day = beijing_day(cut).start();
        if self.standing.iter().any(|warning| warning.model == ModelId::DrivingTime && warning.anchor == day)
        {
            cut = minute_of(day);
        }
        self.moving.forget_before(cutoff);
        self.slots.retain(|slot| slot.first_minute() + SLOT_MINUTES > cut);
        self.standing.retain(|warning| warning.anchor >= instant_of(cut));
    }

    fn size(&self) -> usize {
        self.slots.len()
    }
}

/// The slots that tell where drives can be cut: one that begins later is not cut, and one that goes on is seen to do so within
/// the longest silence of a drive.
fn told_of<'s>(slots: &'s [Slot], cutoff: Timestamp, models: &ModelParameters) -> &'s [Slot] {
    let p = &models.fatigue.parameters;
    let last_minute =
        minute_of(cutoff) + p.silent_max_minutes.value + p.rest_minutes.value + 2 * SLOT_MINUTES;
    &slots[..slots.partition_point(|slot| slot.first_minute() <= last_minute)]
}

/// The minute at or before `cutoff` that lies in no drive and no night.
fn cut_minute(slots: &[Slot], cutoff: Timestamp, models: &ModelParameters) -> i64 {
    let rest_minutes = models.fatigue.parameters.rest_minutes.value;
    let spells = fatigue::spells(slots, &models.fatigue.parameters, false);
    let mut cut = minute_of(cutoff);
    loop {
        let before = cut;
        for spell in &spells {
            if spell.start_minute <= cut && cut <= spell.last_minute + rest_minutes {
                // With the minute before it, in case the drive begins with a silence.
                cut = spell.start_minute - 1;
            }
        }
        cut = night_coach::window_start_around(cut, &models.night_coach.parameters).unwrap_or(cut);
        if cut == before {
            return cut;
        }
    }
}

/// The drives of all vehicles.
#[derive(Clone, Debug)]
pub(crate) struct Drives {
    pub(crate) drives: Keyed<VehicleKey, Drive>,
}

/// A drive with what the register says about its vehicle.
pub(crate) struct Driver<'a> {
    pub(crate) vehicle: VehicleKey,
    pub(crate) key_class: Option<KeyClass>,
    pub(crate) is_night_exempt: bool,
    pub(crate) slots: &'a [Slot],
}

impl Driver<'_> {
    pub(crate) fn is_coach(&self) -> bool {
        self.key_class.is_some_and(KeyClass::is_coach)
    }
}

impl Drives {
    pub(crate) fn observe(
        &mut self,
        observation: &Observation,
        position: &Position,
        context: &mut Context<'_>,
    ) {
        let Some(named) = position.vehicle else { return };
        let file = context.reference.file(named, context.table);
        let vehicle = file.map_or(named, |file| file.key);
        let moving_min_dkmh = context.models.fatigue.parameters.moving_min_kmh.value * 10;
        // A speed without ignition and without a fix is a fault of the terminal.
        let is_moving = i64::from(position.speed_dkmh) >= moving_min_dkmh
            && (position.is_ignition_on() || position.location.is_some());
        let number = minute_of(observation.captured_at).div_euclid(SLOT_MINUTES);
        let drive = self.drives.state_mut(vehicle, observation.captured_at);
        let (index, is_slot_new) = match drive.slots.binary_search_by_key(&number, |slot| slot.number) {
            Ok(index) => (index, false),
            Err(index) => {
                let slot = Slot { number, seen: 0, moving: 0, first: None, last: None, proof: None };
                drive.slots.insert(index, slot);
                (index, true)
            }
        };
        let merged = drive.slots[index].merge(observation, position, is_moving, context);
        let is_newest = index + 1 == drive.slots.len();
        if is_moving
            && merged.is_changed
            && file.is_some_and(|file| file.key_class.is_some_and(KeyClass::is_coach))
        {
            drive.moving.add(minute_of(observation.captured_at));
        }
        if merged.is_changed || merged.is_end_moved && !is_newest {
            let driver = |slots| Driver {
                vehicle,
                key_class: file.and_then(|file| file.key_class),
                is_night_exempt: file.is_some_and(|file| file.is_night_exempt),
                slots,
            };
            // Drives and nights that the report can't concern are left as they are.
            let around = fatigue::between_rests(&drive.slots, index, &context.models.fatigue.parameters);
            let (first, last) = (&drive.slots[around.start], &drive.slots[around.end - 1]);
            let (from, to) =
                (instant_of(first.first_minute()), instant_of(last.first_minute() + SLOT_MINUTES));
            let mut found = fatigue::find(&driver(&drive.slots[around]), context);
            let minute = minute_of(observation.captured_at);
            let night = night_coach::window_around(minute, &context.models.night_coach.parameters);
            if let Some((night_from, night_to)) = night {
                let first =
                    drive.slots.partition_point(|slot| slot.first_minute() + SLOT_MINUTES <= night_from);
                let end = drive.slots.partition_point(|slot| slot.first_minute() < night_to);
                found.extend(night_coach::find(&driver(&drive.slots[first..end]), context));
            }
            found.extend(driving_time::find(&driver(&drive.slots), &drive.moving, context));
            let is_in_scope = |warning: &Standing| match warning.model {
                ModelId::Fatigue => (from..to).contains(&warning.anchor),
                ModelId::NightCoach => night.is_some_and(|(from, _)| warning.anchor == instant_of(from)),
                _ => true,
            };
            settle(&mut drive.standing, is_in_scope, found, context.out);
        }
        if drive.slots.len() > SLOTS_MAX {
            drive.slots.remove(0);
            context.counts.over_bound += 1;
        } else if is_slot_new {
            self.drives.grown();
        }
    }
}

/// The minutes with a report, ascending.
pub(crate) fn seen_minutes(slots: &[Slot]) -> impl Iterator<Item = SeenMinute> {
    slots.iter().enumerate().flat_map(|(slot_index, slot)| {
        let proof_minute = slot.proof().map(|proof| minute_of(proof.captured_at));
        (0..SLOT_MINUTES).filter(|bit| slot.seen >> bit & 1 != 0).map(move |bit| {
            let minute = slot.first_minute() + bit;
            SeenMinute {
                minute,
                is_moving: slot.moving >> bit & 1 != 0,
                slot_index,
                has_proof: proof_minute == Some(minute),
            }
        })
    })
}

/// The evidence of slots, in order of capture.
pub(crate) fn proofs(slots: &[Slot], context: &Context<'_>) -> Vec<Observation> {
    slots.iter().filter_map(|slot| slot.proof().map(|proof| proof.unpack(context.names))).collect()
}

/// Minutes since 1970.
pub(crate) fn minute_of(at: Timestamp) -> i64 {
    at.unix_ms().div_euclid(MINUTE_MS)
}

/// The beginning of a minute since 1970.
pub(crate) fn instant_of(minute: i64) -> Timestamp {
    Timestamp::from_unix_ms(minute * MINUTE_MS)
}

/// Hour of the Beijing day in which a minute since 1970 lies.
pub(crate) fn beijing_hour(minute: i64) -> i64 {
    (minute * MINUTE_MS + BEIJING_OFFSET_MS).div_euclid(HOUR_MS).rem_euclid(24)
}

/// Beijing day in which a minute since 1970 lies.
pub(crate) fn beijing_day(minute: i64) -> CivilDay {
    instant_of(minute).beijing_day()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn models() -> ModelParameters {
        toml::from_str(include_str!("../../../../data/models.toml")).unwrap()
    }

    /// A slot for each step: silence before it in minutes, what was seen, what of it moved, and how far it went.
    fn slots(steps: &[(i64, u8, u8, u8)]) -> Vec<Slot> {
        let (mut number, mut lon_deg) = (5_900_000, 118.3);
        steps
            .iter()
            .map(|(silent_minutes, seen, moving, went)| {
                number += 1 + silent_minutes / SLOT_MINUTES;
                lon_deg += f64::from(*went) * 0.002;
                let seen = (seen % 31) + 1;
                let fix = |bit: u32| Fix {
                    at: instant_of(number * SLOT_MINUTES + i64::from(bit)),
                    location: Wgs84::new(lon_deg, 35.2).unwrap(),
                };
                Slot {
                    number,
                    seen,
                    moving: seen & moving,
                    first: Some(fix(seen.trailing_zeros())),
                    last: Some(fix(seen.ilog2())),
                    proof: None,
                }
            })
            .collect()
    }

    fn steps() -> impl Strategy<Value = Vec<(i64, u8, u8, u8)>> {
        let silence = prop_oneof![8 => Just(0_i64), 2 => 0..60_i64, 1 => 60..400_i64];
        prop::collection::vec((silence, any::<u8>(), any::<u8>(), 0..40_u8), 1..120)
    }

    proptest! {
        #[test]
        fn what_lies_far_behind_a_cut_does_not_move_it(steps in steps(), part in 0..1_000_i64) {
            let (models, slots) = (models(), slots(&steps));
            let (first, last) = (slots[0].first_minute(), slots[slots.len() - 1].first_minute());
            let cutoff = instant_of(first + (last - first) * part / 1_000);
            prop_assert_eq!(
                cut_minute(told_of(&slots, cutoff, &models), cutoff, &models),
                cut_minute(&slots, cutoff, &models)
            );
        }

        #[test]
        fn where_it_stood_is_between_the_last_fix_before_and_the_first_behind(steps in steps(), part in -10..1_010_i64) {
            let slots = slots(&steps);
            let (first, last) = (slots[0].first_minute(), slots[slots.len() - 1].first_minute() + SLOT_MINUTES);
            let at = instant_of(first + (last - first) * part / 1_000);
            let all: Vec<(Fix, bool)> = slots
                .iter()
                .flat_map(|slot| [slot.first, slot.last].into_iter().flatten().map(|fix| (fix, slot.is_moving())))
                .collect();
            let before = all.iter().rfind(|(fix, _)| fix.at <= at);
            let after = all.iter().find(|(fix, _)| fix.at > at);
            let expected = before.zip(after).and_then(|((before, was_moving), (after, is_moving))| {
                let is_parked = !was_moving
                    && !is_moving
                    && after.at.ms_since(before.at) <= 3_600_000
                    && before.location.distance_m(after.location) <= 300.0;
                is_parked.then_some(before.location)
            });
            prop_assert_eq!(Drive { slots, ..Drive::default() }.parked_at(at, 3_600_000), expected);
        }
    }
}
