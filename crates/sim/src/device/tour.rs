//! What a vehicle with terminal does over a window of time: its drives and alarms, its place at any instant, and when
//! its terminal reports.

use crate::county::County;
use crate::dice::mix;
use crate::geo::Point;
use crate::traffic::Traffic;
use crate::traffic::alarms::{self, TerminalAlarm};
use crate::traffic::leg::{Fix, Leg};
use domain::time::{DAY_MS, MINUTE_MS, SECOND_MS};

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

/// Drives and alarms that touch a window.
pub(crate) struct Tour {
    legs: Vec<(Leg, i64)>,
    pub(crate) alarms: Vec<TerminalAlarm>,
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
        // One day more on each side, so that a parked vehicle is where it was driven to.
        let legs = traffic.drives(vehicle, from_ms - DAY_MS, to_ms + DAY_MS);
        let alarms = legs.iter().flat_map(|leg| alarms::of_leg(county, traffic.rates, leg)).collect();
        let legs = legs.into_iter().map(|leg| (leg, leg.arrive_ms(county))).collect();
        let home = county.network.nodes
            [county.zones[county.register.vehicles[vehicle as usize].home as usize].node as usize];
        let phase_ms = (mix(&[vehicle.into()]) % MINUTE_MS as u64) as i64;
        Self { legs, alarms, from_ms, to_ms, home, phase_ms }
    }

    pub(crate) fn covers(&self, at_ms: i64) -> bool {
        (self.from_ms..self.to_ms).contains(&at_ms)
    }

    /// The drive under way at an instant, and whether the vehicle moves (it may rest on the way).
    fn leg_at(&self, at_ms: i64) -> Option<&Leg> {
        self.legs.iter().find(|(leg, end_ms)| (leg.depart_ms..=*end_ms).contains(&at_ms)).map(|(leg, _)| leg)
    }

    pub(crate) fn at(&self, county: &County, at_ms: i64) -> State {
        if let Some(fix) = self.leg_at(at_ms).and_then(|leg| leg.at(county, at_ms)) {
            return State { fix, is_driving: fix.speed_kmh > 0.0 };
        }
        let zone = |zone: u16| county.network.nodes[county.zones[zone as usize].node as usize];
        let before = self.legs.iter().rev().find(|(_, end_ms)| *end_ms < at_ms).map(|(leg, _)| zone(leg.to));
        let after = self.legs.iter().find(|(leg, _)| leg.depart_ms > at_ms).map(|(leg, _)| zone(leg.from));
        let at = before.or(after).unwrap_or(self.home);
        State { fix: Fix { at, heading_deg: 0.0, speed_kmh: 0.0, driven_m: 0.0 }, is_driving: false }
    }

    /// The next instant after `after_ms` at which the terminal reports: regularly, and at once when a drive or an alarm
    /// begins or a drive ends.
    pub(crate) fn next_report_ms(&self, after_ms: i64, spacing: Spacing) -> i64 {
        let is_under_way = self.leg_at(after_ms).is_some();
        let step = if is_under_way { spacing.driving_ms } else { spacing.parked_ms };
        let regular = ((after_ms - self.phase_ms).div_euclid(step) + 1) * step + self.phase_ms;
        let moments = self.legs.iter().flat_map(|(leg, end_ms)| [leg.depart_ms, *end_ms]);
        let alarms = self.alarms.iter().map(|alarm| alarm.from_ms);
        moments
            .chain(alarms)
            .filter(|moment| *moment > after_ms)
            .min()
            .map_or(regular, |moment| moment.min(regular))
    }
}
