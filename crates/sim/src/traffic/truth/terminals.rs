//! What positions show, and what the cameras show of vehicles whose terminal is off or elsewhere.

use super::{Maker, bounds};
use crate::county::vehicles::{Kind, Register};
use crate::device::tour::{self, Tour};
use crate::traffic::leg::Plant;
use crate::traffic::ms_of_day;
use crate::traffic::offence::Offence;
use crate::traffic::plan;
use domain::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use domain::{CivilDay, ModelId, ZoneKind};

/// A terminal is elsewhere when it is so far from the checkpoint.
const ELSEWHERE_M: f64 = 12_000.0;
/// The limits of driving time.
const DAY_LIMIT_MS: i64 = 8 * HOUR_MS;
const WEEK_LIMIT_MS: i64 = 44 * HOUR_MS;
/// Terminals report once a minute, so that each drive is known to a minute.
const DRIVE_GRAIN_MS: i64 = MINUTE_MS;

/// What was given to vehicles with terminals that day.
pub(super) fn add_of_day(made: &mut Maker<'_>, day: CivilDay) {
    let traffic = made.traffic;
    for (vehicle, offence) in traffic.offences(day).iter() {
        match offence {
            Offence::OffRoute => off_route(made, vehicle, day),
            Offence::OutOfHours => out_of_hours(made, vehicle, day),
            Offence::TerminalSilent => silent(made, vehicle, day),
            Offence::TerminalElsewhere => elsewhere(made, vehicle, day),
            _ => {}
        }
    }
    driving_time(made, day);
}

/// What the drives of a vehicle show: planted fatigue, coaches by night, alarms.
pub(super) fn add_of_drives(made: &mut Maker<'_>, vehicle: u32, from_ms: i64, to_ms: i64) {
    let place = Register::sim(vehicle as usize);
    let tour = Tour::new(made.traffic, vehicle, from_ms, to_ms);
    for alarm in &tour.alarms {
        made.add(ModelId::DeviceAlarm, vehicle, alarm.from_ms, &place, alarm.kind.key().into());
    }
    for leg in made.traffic.drives(vehicle, from_ms, to_ms) {
        match leg.plant {
            None => {}
            Some(Plant::Fatigue) => {
                made.add(ModelId::Fatigue, vehicle, leg.depart_ms + 4 * HOUR_MS, &place, "over 4 h".into());
            }
            Some(Plant::NightFatigue) => {
                let at_ms = leg.depart_ms + 2 * HOUR_MS;
                made.add(ModelId::Fatigue, vehicle, at_ms, &place, "over 2 h at night".into());
            }
            Some(Plant::NightCoach) => {
                let from_two = leg.depart_ms - ms_of_day(leg.depart_ms) + 2 * HOUR_MS;
                let at_ms = from_two.max(leg.depart_ms);
                made.add(ModelId::NightCoach, vehicle, at_ms, &place, "between 02:00 and 05:00".into());
            }
        }
    }
}

/// Dangerous goods off all corridors: when it first is.
fn off_route(made: &mut Maker<'_>, vehicle: u32, day: CivilDay) {
    let (start, end) = bounds(day);
    let county = made.traffic.county.clone();
    let is_allowed = |at: domain::Wgs84| {
        county.areas.iter().any(|area| area.kind == ZoneKind::Corridor && area.area.contains(at))
    };
    for leg in made.traffic.drives(vehicle, start, end) {
        let mut at_ms = leg.depart_ms;
        while let Some(fix) = leg.at(&county, at_ms) {
            if !is_allowed(fix.at.to_wgs84()) {
                let sightings = made.sightings(&made.passages_of(vehicle, start, end));
                let place = Register::sim(vehicle as usize);
                let truth = made.add(ModelId::DangerousGoods, vehicle, at_ms, &place, "off route".into());
                truth.sightings = sightings;
                return;
            }
            at_ms += MINUTE_MS;
        }
    }
}

fn out_of_hours(made: &mut Maker<'_>, vehicle: u32, day: CivilDay) {
    let (start, end) = bounds(day);
    let legs = made.traffic.drives(vehicle, start, end);
    if let Some(leg) = legs.iter().find(|leg| leg.depart_ms >= start) {
        let sightings = made.sightings(&made.passages_of(vehicle, start, end));
        let place = Register::sim(vehicle as usize);
        let truth = made.add(ModelId::DangerousGoods, vehicle, leg.depart_ms, &place, "out of hours".into());
        truth.sightings = sightings;
    }
}

fn silent(made: &mut Maker<'_>, vehicle: u32, day: CivilDay) {
    let (start, end) = bounds(day);
    // What passes right after the terminal went off, or before it comes on, shows nothing.
    let own = made.passages_of(vehicle, start + HOUR_MS, end - HOUR_MS);
    let exact = own.iter().find(|passage| made.is_exact(passage)).copied();
    let Some(at) = exact.or(own.first().copied()) else { return };
    let sightings = made.sightings(&own);
    let place = made.place(at.checkpoint).to_owned();
    let truth = made.add(ModelId::TerminalSilent, vehicle, at.at_ms, &place, "switched off".into());
    (truth.is_expected, truth.sightings) = (exact.is_some(), sightings);
}

fn elsewhere(made: &mut Maker<'_>, vehicle: u32, day: CivilDay) {
    let (start, end) = bounds(day);
    let Some(place_at) = tour::elsewhere(made.traffic, vehicle, day) else { return };
    let county = made.traffic.county.clone();
    let mut own = made.passages_of(vehicle, start + HOUR_MS, end - HOUR_MS);
    own.retain(|p| county.checkpoints[usize::from(p.checkpoint)].at.distance(place_at) > ELSEWHERE_M);
    let exact = own.iter().find(|passage| made.is_exact(passage)).copied();
    let Some(at) = exact.or(own.first().copied()) else { return };
    let away_m = county.checkpoints[usize::from(at.checkpoint)].at.distance(place_at);
    let sightings = made.sightings(&own);
    let place = made.place(at.checkpoint).to_owned();
    let detail = format!("terminal {:.0} km away", away_m / 1_000.0);
    let truth = made.add(ModelId::TerminalElsewhere, vehicle, at.at_ms, &place, detail);
    (truth.is_expected, truth.sightings) = (exact.is_some(), sightings);
}

/// Coaches that drive beyond a limit of driving time that day, and those that are so near to it that reports can't tell.
fn driving_time(made: &mut Maker<'_>, day: CivilDay) {
    let (start, end) = bounds(day);
    let traffic = made.traffic;
    let county = traffic.county.clone();
    for vehicle in 0..traffic.rates.terminal_count() as u32 {
        let kind = county.register.vehicles[vehicle as usize].kind;
        if !kind.is_coach() || kind == Kind::ScheduledCoach && plan::is_local(&county, vehicle) {
            continue;
        }
        let legs = traffic.drives(vehicle, start - 7 * DAY_MS, end);
        let driving: Vec<(i64, i64)> = legs.iter().flat_map(|leg| leg.driving(&county)).collect();
        for (window_ms, limit_ms, window) in
            [(DAY_MS, DAY_LIMIT_MS, "24 h"), (7 * DAY_MS, WEEK_LIMIT_MS, "7 days")]
        {
            // By how much what devices show may differ.
            let drives = driving.iter().filter(|(_, to)| *to > start - window_ms).count() as i64;
            let grain_ms = drives * DRIVE_GRAIN_MS;
            if let Some((at_ms, most_ms)) = passes_limit(&driving, window_ms, limit_ms - grain_ms, start, end)
            {
                let place = Register::sim(vehicle as usize);
                let minutes = |ms: i64| ms / MINUTE_MS;
                let what = format!(
                    "{} min in {window}, limit {} ± {}",
                    minutes(most_ms),
                    minutes(limit_ms),
                    minutes(grain_ms)
                );
                let truth = made.add(ModelId::DrivingTime, vehicle, at_ms, &place, what);
                truth.is_expected = most_ms > limit_ms + grain_ms;
            }
        }
    }
}

/// Driven in the window that ends at an instant.
fn driven_ms(driving: &[(i64, i64)], window_ms: i64, at_ms: i64) -> i64 {
    driving.iter().map(|(from, to)| (*to.min(&at_ms) - *from.max(&(at_ms - window_ms))).max(0)).sum()
}

/// When somebody first drives beyond the limit within `start_ms..end_ms`, to the minute, be it passed then or the day before,
/// and the most that is then driven in a window.
fn passes_limit(
    driving: &[(i64, i64)],
    window_ms: i64,
    limit_ms: i64,
    start_ms: i64,
    end_ms: i64,
) -> Option<(i64, i64)> {
    let ends = || driving.iter().filter(|(from, to)| *to > start_ms && *from < end_ms);
    let most_ms = ends().map(|(_, to)| driven_ms(driving, window_ms, *to)).max()?;
    let passed = ends()
        .flat_map(|(from, to)| (from / MINUTE_MS + 1..=to / MINUTE_MS).map(|minute| minute * MINUTE_MS));
    let at_ms = passed
        .filter(|at_ms| (start_ms..end_ms).contains(at_ms))
        .find(|at_ms| driven_ms(driving, window_ms, *at_ms) > limit_ms)?;
    Some((at_ms, most_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_passed_at_the_minute_and_again_by_who_drives_on_the_next_day() {
        let hour = HOUR_MS;
        // Five hours, a rest, five hours.
        let driving = [(10 * hour, 15 * hour), (16 * hour, 21 * hour)];
        let (at_ms, most_ms) = passes_limit(&driving, DAY_MS, DAY_LIMIT_MS, 0, DAY_MS).unwrap();
        assert_eq!((at_ms, most_ms), (19 * hour + MINUTE_MS, 10 * hour));
        let again = passes_limit(&driving, DAY_MS, DAY_LIMIT_MS, 20 * hour, DAY_MS);
        assert_eq!(again, Some((20 * hour, 10 * hour)), "passed before, and driven on");
        assert_eq!(passes_limit(&driving, DAY_MS, DAY_LIMIT_MS, 21 * hour, DAY_MS), None, "at rest");
        assert_eq!(passes_limit(&driving[..1], DAY_MS, DAY_LIMIT_MS, 0, DAY_MS), None);
    }
}
