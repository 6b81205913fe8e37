//! What a vehicle with terminal does over a window of time: its drives and alarms, its place at any instant, and when
//! its terminal reports — where the terminal is on, and in the vehicle.

use crate::county::County;
use crate::dice::mix;
use crate::geo::Point;
use crate::traffic::Traffic;
use crate::traffic::alarms::{self, TerminalAlarm};
use crate::traffic::leg::{Fix, Leg};
use crate::traffic::offence::Offence;
use domain::time::{DAY_MS, MINUTE_MS, SECOND_MS};
use domain::{CivilDay, Timestamp};
use std::ops::Range;

/// How often a terminal reports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spacing {
    pub(crate) driving_ms: i64,
    pub(crate) parked_ms: i64,
}

impl Spacing {
    /// As it happens.
    pub(crate) const LIVE: Self = Self { driving_ms: 15 * SECOND_MS, parked_ms: 3 * MINUTE_MS };
    /// What a terminal kept of a day without connection.
    pub(crate) const KEPT: Self = Self { driving_ms: 60 * SECOND_MS, parked_ms: 20 * MINUTE_MS };
}

/// A terminal is switched on again so long before midnight, so that the next day is as ever.
const ON_AGAIN_MS: i64 = 10 * MINUTE_MS;
/// Carrying a terminal elsewhere and back takes so long, and it is off meanwhile.
const CARRIED_MS: i64 = 30 * MINUTE_MS;

/// What is wrong with a terminal for a while.
#[derive(Clone, Debug)]
struct Deceit {
    during: Range<i64>,
    /// It lies there; `None` when it is off.
    elsewhere: Option<Point>,
}

/// Drives and alarms that touch a window.
pub(crate) struct Tour {
    legs: Vec<(Leg, i64)>,
    pub(crate) alarms: Vec<TerminalAlarm>,
    deceits: Vec<Deceit>,
    from_ms: i64,
    to_ms: i64,
    home: Point,
    /// Each terminal reports at its own second.
    phase_ms: i64,
}

/// What a terminal knows at an instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    pub(crate) fix: Fix,
    pub(crate) is_driving: bool,
}

impl Tour {
    pub(crate) fn new(traffic: &Traffic, vehicle: u32, from_ms: i64, to_ms: i64) -> Self {
        let county = &traffic.county;
        // Some days more on each side, so that a parked vehicle is where it was driven to.
        let legs = traffic.drives(vehicle, from_ms - 2 * DAY_MS, to_ms + DAY_MS);
        let deceits = deceits(traffic, vehicle, from_ms, to_ms);
        let mut alarms: Vec<TerminalAlarm> =
            legs.iter().flat_map(|leg| alarms::of_leg(county, traffic.rates, leg)).collect();
        alarms.retain(|alarm| !deceits.iter().any(|deceit| deceit.during.contains(&alarm.from_ms)));
        let legs = legs.into_iter().map(|leg| (leg, leg.arrive_ms(county))).collect();
        let home = county.zone_at(county.register.vehicles[vehicle as usize].home);
        let phase_ms = (mix(&[vehicle.into()]) % MINUTE_MS as u64) as i64;
        Self { legs, alarms, deceits, from_ms, to_ms, home, phase_ms }
    }

    pub(crate) fn covers(&self, at_ms: i64) -> bool {
        (self.from_ms..self.to_ms).contains(&at_ms)
    }

    fn deceit_at(&self, at_ms: i64) -> Option<&Deceit> {
        self.deceits.iter().find(|deceit| deceit.during.contains(&at_ms))
    }

    /// The drive under way at an instant, and whether the vehicle moves (it may rest on the way).
    fn leg_at(&self, at_ms: i64) -> Option<&Leg> {
        self.legs.iter().find(|(leg, end_ms)| (leg.depart_ms..=*end_ms).contains(&at_ms)).map(|(leg, _)| leg)
    }

    /// What the terminal says at an instant.
    pub(crate) fn at(&self, county: &County, at_ms: i64) -> State {
        let parked = |at| State {
            fix: Fix { at, heading_deg: 0.0, speed_kmh: 0.0, driven_m: 0.0 },
            is_driving: false,
        };
        if let Some(place) = self.deceit_at(at_ms).and_then(|deceit| deceit.elsewhere) {
            return parked(place);
        }
        if let Some(fix) = self.leg_at(at_ms).and_then(|leg| leg.at(county, at_ms)) {
            return State { fix, is_driving: fix.speed_kmh > 0.0 };
        }
        let before = self.legs.iter().rev().find(|(_, end_ms)| *end_ms < at_ms).map(|(leg, _)| leg.to);
        let after = self.legs.iter().find(|(leg, _)| leg.depart_ms > at_ms).map(|(leg, _)| leg.from);
        parked(before.or(after).map_or(self.home, |zone| county.zone_at(zone)))
    }

    /// The alarms that the terminal reports at an instant, with their numbers.
    pub(crate) fn raised_at(&self, at_ms: i64) -> impl Iterator<Item = (usize, &TerminalAlarm)> {
        let is_raised = move |alarm: &TerminalAlarm| (alarm.from_ms..alarm.until_ms).contains(&at_ms);
        self.alarms.iter().enumerate().filter(move |(_, alarm)| is_raised(alarm))
    }

    /// The next instant after `after_ms` at which the terminal reports: regularly, and at once when a drive or an alarm
    /// begins or a drive ends.
    pub(crate) fn next_report_ms(&self, after_ms: i64, spacing: Spacing) -> i64 {
        let is_elsewhere = self.deceit_at(after_ms).is_some();
        let is_under_way = !is_elsewhere && self.leg_at(after_ms).is_some();
        let step = if is_under_way { spacing.driving_ms } else { spacing.parked_ms };
        let regular = ((after_ms - self.phase_ms).div_euclid(step) + 1) * step + self.phase_ms;
        let moments = self.legs.iter().flat_map(|(leg, end_ms)| [leg.depart_ms, *end_ms]);
        let alarms = self.alarms.iter().map(|alarm| alarm.from_ms);
        let next = moments
            .chain(alarms)
            .filter(|moment| *moment > after_ms)
            .min()
            .map_or(regular, |moment| moment.min(regular));
        // Nothing while it is off; the first report follows at once.
        let off =
            self.deceits.iter().find(|deceit| deceit.elsewhere.is_none() && deceit.during.contains(&next));
        off.map_or(next, |deceit| self.after_off(deceit.during.end))
    }

    /// When a terminal that comes on reports: later where it is off again at once.
    fn after_off(&self, on_ms: i64) -> i64 {
        let again = self.deceits.iter().find(|d| d.elsewhere.is_none() && d.during.contains(&on_ms));
        again.map_or(on_ms, |deceit| deceit.during.end)
    }
}

/// What is wrong with the terminal on the days of a window.
fn deceits(traffic: &Traffic, vehicle: u32, from_ms: i64, to_ms: i64) -> Vec<Deceit> {
    let day = |ms| Timestamp::from_unix_ms(ms).beijing_day().0;
    let mut deceits = Vec::new();
    for day in (day(from_ms)..=day(to_ms)).map(CivilDay) {
        let (start, end) = (day.start().unix_ms(), day.start().unix_ms() + DAY_MS);
        match traffic.offences(day).of(vehicle) {
            Some(Offence::TerminalSilent) => {
                deceits.push(Deceit { during: start..end - ON_AGAIN_MS, elsewhere: None });
            }
            Some(Offence::TerminalElsewhere) => {
                let Some(place) = elsewhere(traffic, vehicle, day) else { continue };
                let (there, back) = (start + CARRIED_MS, end - CARRIED_MS);
                deceits.push(Deceit { during: start..there, elsewhere: None });
                deceits.push(Deceit { during: there..back, elsewhere: Some(place) });
                deceits.push(Deceit { during: back..end, elsewhere: None });
            }
            _ => {}
        }
    }
    deceits
}

/// The township that is farthest from all checkpoints that the vehicle passes that day; `None` when it passes none.
pub(crate) fn elsewhere(traffic: &Traffic, vehicle: u32, day: CivilDay) -> Option<Point> {
    let county = &traffic.county;
    let start = day.start().unix_ms();
    let mut passed: Vec<Point> = Vec::new();
    for leg in traffic.drives(vehicle, start, start + DAY_MS) {
        leg.passages(county, |passage| passed.push(county.checkpoints[usize::from(passage.checkpoint)].at));
    }
    let nearest = |at: Point| passed.iter().map(|p| p.distance(at)).fold(f64::INFINITY, f64::min);
    let townships = county.zone_lists.outer_township.iter().map(|zone| county.zone_at(*zone));
    townships.max_by(|a, b| nearest(*a).total_cmp(&nearest(*b))).filter(|_| !passed.is_empty())
}
