//! Driving without rest (疲劳驾驶), from positions.
//!
//! A drive (spell) is all driving without a rest of twenty minutes in it. Driven time is the minutes with movement and
//! the silent minutes between them; stops that were seen don't count, even short ones. A silence as long as a rest is
//! judged by the distance covered: when driving it leaves no time for a rest it is driving, else it may have been rest
//! and is taken as such; so is a silence of hours. All in the driver's favour. A terminal that was cut off sends what it
//! kept when it is heard again, the newest first: what a silence seems to show is held against nobody until then.
//!
//! One warning per drive. It is completed by a piece of evidence, the earliest moving report of a slot, so it may be up
//! to five minutes late; it is renewed when the drive goes on, each half hour.

use super::Context;
use super::drive::{Driver, Slot, beijing_hour, instant_of, proofs, seen_minutes};
use crate::parameters::FatigueParameters;
use crate::settle::{Finding, vehicle_bytes};
use domain::time::MINUTE_MS;
use domain::warning::{Detail, Subject, Warning};
use domain::{Level, ModelId, Timestamp};
use std::ops::Range;

/// One drive.
#[derive(Clone, Debug)]
pub(crate) struct Spell {
    /// First and last driven minute since 1970.
    pub(crate) start_minute: i64,
    pub(crate) last_minute: i64,
    first_slot: usize,
    driven_minutes: i64,
    /// Those of them within the night.
    night_minutes: i64,
    exceeded: Option<Exceeded>,
}

/// How far beyond which limit, at the last renewal.
#[derive(Clone, Copy, Debug)]
struct Exceeded {
    is_night: bool,
    renewals: i64,
    driven_minutes: i64,
    slot_index: usize,
}

impl Spell {
    fn begin(minute: i64, first_slot: usize) -> Self {
        Self {
            start_minute: minute,
            last_minute: minute - 1,
            first_slot,
            driven_minutes: 0,
            night_minutes: 0,
            exceeded: None,
        }
    }

    /// Counts these minutes as driven.
    fn count(&mut self, minutes: std::ops::Range<i64>, p: &FatigueParameters) {
        self.driven_minutes += minutes.end - minutes.start;
        self.night_minutes += minutes.filter(|minute| is_night(*minute, p)).count() as i64;
    }

    /// Looks at the limits where there is evidence.
    fn check(&mut self, slot_index: usize, p: &FatigueParameters, is_coach: bool) {
        let is_night = match self.exceeded {
            // The limit that was passed first stays the one that counts.
            Some(exceeded) => exceeded.is_night,
            None => is_coach && self.night_minutes > p.coach_night_limit_minutes.value,
        };
        let (driven_minutes, limit_minutes) = if is_night {
            (self.night_minutes, p.coach_night_limit_minutes.value)
        } else {
            (self.driven_minutes, p.limit_minutes.value)
        };
        if driven_minutes <= limit_minutes {
            return;
        }
        let renewals = (driven_minutes - limit_minutes - 1) / p.renewal_minutes.value;
        if self.exceeded.is_none_or(|exceeded| renewals > exceeded.renewals) {
            self.exceeded = Some(Exceeded { is_night, renewals, driven_minutes, slot_index });
        }
    }
}

/// Drives as they are read off the minutes.
struct Reading<'a> {
    p: &'a FatigueParameters,
    spells: Vec<Spell>,
    /// Whether a stop was seen since the last driven minute.
    is_stop_seen: bool,
    /// The minute up to which what a silence seemed to show may still be refuted by what is sent afterwards.
    unsettled_until: i64,
}

impl Reading<'_> {
    /// These minutes were driven: more of the drive before, or a new one when a rest lies between.
    fn drive(&mut self, minutes: std::ops::Range<i64>, slot_index: usize) {
        let is_stop_seen = std::mem::replace(&mut self.is_stop_seen, false);
        let rested_from = |spell: &Spell| minutes.start - 1 - spell.last_minute >= self.p.rest_minutes.value;
        if self.spells.last().is_none_or(rested_from) {
            self.spells.push(Spell::begin(minutes.start, slot_index));
        }
        let Some(spell) = self.spells.last_mut() else { return };
        if !is_stop_seen {
            spell.count(spell.last_minute + 1..minutes.start, self.p);
        }
        spell.last_minute = minutes.end - 1;
        spell.count(minutes, self.p);
    }
}

/// The drives in these slots, by start.
pub(crate) fn spells(slots: &[Slot], p: &FatigueParameters, is_coach: bool) -> Vec<Spell> {
    let mut reading = Reading { p, spells: Vec::new(), is_stop_seen: false, unsettled_until: i64::MIN };
    let mut last_seen: Option<(i64, usize)> = None;
    for seen in seen_minutes(slots) {
        if let Some((last_minute, last_slot)) = last_seen {
            let silent_minutes = seen.minute - last_minute - 1;
            if silent_minutes >= p.rest_minutes.value
                && !may_have_rested(&slots[last_slot], &slots[seen.slot_index], silent_minutes, p)
            {
                reading.drive(last_minute + 1..seen.minute, last_slot);
                reading.unsettled_until = seen.minute + p.silent_settle_minutes.value;
            }
        }
        last_seen = Some((seen.minute, seen.slot_index));
        if seen.is_moving {
            reading.drive(seen.minute..seen.minute + 1, seen.slot_index);
            let is_settled = seen.minute >= reading.unsettled_until;
            if let Some(spell) = reading.spells.last_mut().filter(|_| seen.has_proof && is_settled) {
                spell.check(seen.slot_index, p, is_coach);
            }
        } else {
            reading.is_stop_seen = true;
        }
    }
    reading.spells
}

/// The slots around one of them that lie between rests, whatever that one holds: what it changes, it changes there. The
/// slots of the rests are among them.
pub(crate) fn between_rests(slots: &[Slot], index: usize, p: &FatigueParameters) -> Range<usize> {
    let rest = p.rest_minutes.value;
    let silence = |a: &Slot, b: &Slot| b.seen_span().0 - a.seen_span().1 - 1;
    let mut start = index;
    let mut still_until: Option<i64> = None;
    while start > 0 && silence(&slots[start - 1], &slots[start]) <= p.silent_max_minutes.value {
        let slot = &slots[start - 1];
        if slot.is_moving() || start < index && silence(slot, &slots[start]) >= rest {
            still_until = None;
        }
        start -= 1;
        if !slot.is_moving() {
            let (first, last) = slot.seen_span();
            if *still_until.get_or_insert(last) - first + 1 >= rest {
                break;
            }
        }
    }
    let mut end = index + 1;
    let mut still_from: Option<i64> = None;
    while end < slots.len() && silence(&slots[end - 1], &slots[end]) <= p.silent_max_minutes.value {
        let slot = &slots[end];
        if slot.is_moving() || end > index + 1 && silence(&slots[end - 1], slot) >= rest {
            still_from = None;
        }
        end += 1;
        if !slot.is_moving() {
            let (first, last) = slot.seen_span();
            if last - *still_from.get_or_insert(first) + 1 >= rest {
                break;
            }
        }
    }
    start..end
}

/// Whether the distance covered in a silence leaves time for a rest; yes, where it isn't known.
fn may_have_rested(before: &Slot, after: &Slot, silent_minutes: i64, p: &FatigueParameters) -> bool {
    if silent_minutes > p.silent_max_minutes.value {
        return true;
    }
    before.distance_m_to(after).is_none_or(|distance_m| {
        let metres_per_minute = p.silent_speed_kmh.value as f64 * 1000.0 / 60.0;
        let driven_minutes = (distance_m / metres_per_minute).ceil() as i64;
        silent_minutes - driven_minutes >= p.rest_minutes.value
    })
}

fn is_night(minute: i64, p: &FatigueParameters) -> bool {
    let (hour, from, to) = (beijing_hour(minute), p.night_from_hour.value, p.night_to_hour.value);
    if from <= to { (from..to).contains(&hour) } else { hour >= from || hour < to }
}

/// The warnings of a vehicle, by start of the drive.
pub(crate) fn find(driver: &Driver<'_>, context: &Context<'_>) -> Vec<(Timestamp, Warning)> {
    let model = &context.models.fatigue;
    if !model.is_enabled {
        return Vec::new();
    }
    let spells = spells(driver.slots, &model.parameters, driver.is_coach());
    spells
        .into_iter()
        .filter_map(|spell| {
            let exceeded = spell.exceeded?;
            let evidence = proofs(&driver.slots[spell.first_slot..=exceeded.slot_index], context);
            let started_at = instant_of(spell.start_minute);
            let limit = if exceeded.is_night {
                &model.parameters.coach_night_limit_minutes
            } else {
                &model.parameters.limit_minutes
            };
            let finding = Finding {
                model: ModelId::Fatigue,
                version: model.version,
                identity: &[
                    &vehicle_bytes(driver.vehicle),
                    &(started_at.unix_ms() / MINUTE_MS).to_le_bytes(),
                ],
                subject: Subject {
                    vehicle: Some(driver.vehicle),
                    plate_text: None,
                    device: evidence.last().map(|observation| observation.device.clone()),
                },
                level: model.level.unwrap_or(Level::High),
                actionable_seconds: model.actionable_seconds,
                detail: Detail::Fatigue {
                    started_at,
                    driven_minutes: exceeded.driven_minutes as u32,
                    limit_minutes: limit.value as u32,
                    is_night: exceeded.is_night,
                },
                occurred_at: None,
                evidence,
            };
            Some((started_at, finding.into_warning(context.reference)))
        })
        .collect()
}
