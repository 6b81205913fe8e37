//! Coaches on the move between 02:00 and 05:00 (客车凌晨运行), from positions. One warning per vehicle and night, renewed
//! when the movement goes on.

use super::Context;
use super::drive::{Driver, beijing_day, beijing_hour, proofs, seen_minutes};
use crate::parameters::NightCoachParameters;
use crate::settle::{Finding, vehicle_bytes};
use domain::warning::{Detail, Subject, Warning};
use domain::{CivilDay, Level, ModelId, Timestamp};

/// The movement of one night.
struct Night {
    day: CivilDay,
    moving_minutes: i64,
    first_slot: usize,
    /// Renewals, moving minutes and slot at the last renewal.
    reached: Option<(i64, i64, usize)>,
}

/// The warnings of a vehicle, by night.
pub(crate) fn find(driver: &Driver<'_>, context: &Context<'_>) -> Vec<(Timestamp, Warning)> {
    let model = &context.models.night_coach;
    if !driver.is_coach() || driver.is_night_exempt || !model.is_enabled {
        return Vec::new();
    }
    let p = &model.parameters;
    let mut nights: Vec<Night> = Vec::new();
    for seen in seen_minutes(driver.slots).filter(|seen| seen.is_moving && is_in_window(seen.minute, p)) {
        let day = beijing_day(seen.minute);
        if nights.last().is_none_or(|night| night.day != day) {
            nights.push(Night { day, moving_minutes: 0, first_slot: seen.slot_index, reached: None });
        }
        let Some(night) = nights.last_mut() else { continue };
        night.moving_minutes += 1;
        let beyond = night.moving_minutes - p.moving_max_minutes.value;
        if seen.has_proof && beyond > 0 {
            let renewals = (beyond - 1) / p.renewal_minutes.value;
            if night.reached.is_none_or(|(reached, ..)| renewals > reached) {
                night.reached = Some((renewals, night.moving_minutes, seen.slot_index));
            }
        }
    }
    nights
        .into_iter()
        .filter_map(|night| {
            let (_, moving_minutes, last_slot) = night.reached?;
            let evidence = proofs(&driver.slots[night.first_slot..=last_slot], context);
            let anchor = window_start(night.day, p);
            let finding = Finding {
                model: ModelId::NightCoach,
                version: model.version,
                identity: &[&vehicle_bytes(driver.vehicle), &night.day.0.to_le_bytes()],
                subject: Subject {
                    vehicle: Some(driver.vehicle),
                    plate_text: None,
                    device: evidence.last().map(|observation| observation.device.clone()),
                },
                level: model.level.unwrap_or(Level::High),
                actionable_seconds: model.actionable_seconds,
                detail: Detail::NightCoach {
                    day: night.day,
                    first_moving_at: evidence.first().map_or(anchor, |observation| observation.captured_at),
                    moving_minutes: moving_minutes as u32,
                },
                occurred_at: None,
                evidence,
            };
            Some((anchor, finding.into_warning(context.reference)))
        })
        .collect()
}

fn is_in_window(minute: i64, p: &NightCoachParameters) -> bool {
    (p.from_hour.value..p.to_hour.value).contains(&beijing_hour(minute))
}

fn window_start(day: CivilDay, p: &NightCoachParameters) -> Timestamp {
    day.start().plus_ms(p.from_hour.value * domain::time::HOUR_MS)
}

/// The first minute of the window in which `minute` lies, if it lies in one.
pub(crate) fn window_start_around(minute: i64, p: &NightCoachParameters) -> Option<i64> {
    window_around(minute, p).map(|(from, _)| from)
}

/// First minute of the window in which `minute` lies, if it lies in one, and the first behind it.
pub(crate) fn window_around(minute: i64, p: &NightCoachParameters) -> Option<(i64, i64)> {
    is_in_window(minute, p).then(|| {
        let from = super::drive::minute_of(window_start(beijing_day(minute), p));
        (from, from + (p.to_hour.value - p.from_hour.value) * 60)
    })
}
