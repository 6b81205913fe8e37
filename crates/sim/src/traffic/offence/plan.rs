//! The drives with which offences are committed.

use super::super::leg::Halt;
use super::super::plan::Planner;
use super::{Offence, is_about};
use crate::county::areas::{self, BAN_MINUTES};
use crate::county::guises::Guise;
use crate::county::{Routing, ZoneKind, areas::dangerous_ways};
use crate::dice::{Dice, Stream};
use domain::Theatre;
use domain::time::{HOUR_MS, MINUTE_MS};

/// Destinations that are tried until a drive passes what it must.
const TRIES_MAX: usize = 24;
/// A clone and its original keep to their own side of the county, so far from the middle.
const SIDE_M: f64 = 3_000.0;
/// How long clones and their originals, invented numbers and hidden plates are about.
const ABOUT_HOURS: f64 = 6.0;
/// Fatigue that only checkpoints show: driven for so long, with so short turns.
const RESTLESS_HOURS: (f64, f64) = (5.6, 6.8);
/// How long a vehicle stands in a section.
const STAND_MINUTES: (f64, f64) = (80.0, 150.0);

impl Planner<'_, '_> {
    /// The day of a vehicle that does something wrong; gives false when its day is as ever.
    pub(crate) fn offend(&mut self, offence: Offence) -> bool {
        match offence {
            Offence::WrongWay => self.through(0.0),
            Offence::NoExit => self.stand(),
            Offence::Overload => {
                let hour = self.any_hour(2.0);
                self.past(hour, |planner, checkpoint| planner.county.checkpoints[checkpoint].weighs);
            }
            Offence::Behaviour(_) => {
                let hour = self.any_hour(3.0);
                self.past(hour, |_, _| true);
            }
            Offence::ZoneBan => self.deliver_in_town(),
            Offence::OffRoute => self.off_route(),
            Offence::OutOfHours => self.out_of_hours(),
            Offence::PassageFatigue => self.restless(),
            Offence::NightVillages => self.night_villages(),
            // The drives are honest; the terminal is not.
            Offence::TerminalSilent | Offence::TerminalElsewhere => return false,
        }
        true
    }

    /// An hour of the day that leaves so many hours before midnight.
    fn any_hour(&mut self, spare_hours: f64) -> f64 {
        self.dice.between(1.3, 24.0 - spare_hours)
    }

    /// Where its days begin and end.
    fn base(&mut self) -> u16 {
        if self.is_stranger() { *self.habit.pick(&self.county.zone_lists.gate) } else { self.vehicle.home }
    }

    /// Over the whole expressway, one way or the other.
    fn through(&mut self, spare_hours: f64) {
        let gates = &self.county.zone_lists.gate;
        let [west, east, ..] = gates.as_slice() else { return };
        let (from, to) = if self.dice.chance(0.5) { (*west, *east) } else { (*east, *west) };
        let hour = self.any_hour(2.0 + spare_hours);
        self.drive(hour, from, to);
    }

    /// Over the expressway with a long stand in a section.
    fn stand(&mut self) {
        self.through(4.0);
        let county = self.county;
        let (which, share) = (self.dice.unit(), self.dice.between(0.2, 0.8));
        let for_ms = (self.dice.between(STAND_MINUTES.0, STAND_MINUTES.1) * MINUTE_MS as f64) as i64;
        let Some(leg) = self.legs.last_mut() else { return };
        let mut passed = Vec::new();
        leg.passages(county, |passage| passed.push((passage.checkpoint, passage.at_ms - leg.depart_ms)));
        let sections: Vec<(i64, i64)> = county
            .sections
            .iter()
            .filter(|section| county.checkpoints[usize::from(section.ends[0])].theatre == Theatre::Expressway)
            .filter_map(|section| {
                let [enter, leave] = section
                    .ends
                    .map(|end| passed.iter().find(|(checkpoint, _)| *checkpoint == end).map(|(_, ms)| *ms));
                enter.zip(leave).filter(|(enter, leave)| enter < leave)
            })
            .collect();
        if let Some((enter, leave)) = sections.get((which * sections.len() as f64) as usize) {
            let after_ms = enter + ((leave - enter) as f64 * share) as i64;
            leg.halt = Some(Halt { after_ms, for_ms });
        }
    }

    /// Out past a checkpoint of some sort, and home again.
    fn past(&mut self, hour: f64, is_sought: impl Fn(&Self, usize) -> bool) {
        let base = self.base();
        let zones = &self.county.zone_lists;
        let lists: &[&[u16]] = if self.is_stranger() {
            &[&zones.gate]
        } else if self.vehicle.kind.is_truck() {
            &[&zones.outer_town, &zones.outer_township, &zones.gate]
        } else {
            &[&zones.town, &zones.township]
        };
        for _ in 0..TRIES_MAX {
            let list = *self.dice.pick(lists);
            let stop = *self.dice.pick(list);
            let from = if self.is_stranger() { *self.dice.pick(&zones.gate) } else { base };
            if from == stop {
                continue;
            }
            let mut is_passed = false;
            let leg = self.leg(hour, from, stop);
            leg.passages(self.county, |passage| {
                is_passed |= is_sought(self, usize::from(passage.checkpoint));
            });
            if is_passed {
                self.drive(hour, from, stop);
                self.drive(hour, stop, from);
                return;
            }
        }
    }

    /// A truck that delivers in the inner town by day, without a permit.
    fn deliver_in_town(&mut self) {
        let county = self.county;
        let base = self.base();
        let hours = BAN_MINUTES;
        let hour = self.dice.between(f64::from(hours.0) / 60.0, f64::from(hours.1) / 60.0 - 2.2);
        let inner: Vec<u16> = county
            .zone_lists
            .town
            .iter()
            .copied()
            .filter(|zone| !county.zone_lists.outer_town.contains(zone))
            .collect();
        self.routing = Routing::Free;
        for _ in 0..TRIES_MAX {
            let shop = *self.dice.pick(&inner);
            let mut is_seen = false;
            self.leg(hour, base, shop).passages(county, |passage| {
                is_seen |= county.is_in_ban(passage.checkpoint) && areas::ban_holds_at(passage.at_ms);
            });
            if is_seen {
                self.drive(hour, base, shop);
                self.drive(hour + 0.4, shop, base);
                return;
            }
        }
        self.routing = Routing::AroundTown;
    }

    /// Dangerous goods to a customer to whom no road is allowed.
    fn off_route(&mut self) {
        let county = self.county;
        let (depot, _) = self.dangerous_way();
        let allowed: Vec<u16> = dangerous_ways(county).into_iter().map(|(_, customer)| customer).collect();
        let mut others: Vec<u16> =
            county.zone_lists.outer_township.iter().copied().filter(|zone| !allowed.contains(zone)).collect();
        others.sort_by(|a, b| county.route_seconds(depot, *b).total_cmp(&county.route_seconds(depot, *a)));
        let hour = self.dice.between(6.5, 16.0);
        let which = self.dice.below(others.len().min(5));
        if let Some(customer) = others.get(which) {
            self.drive(hour, depot, *customer);
            self.drive(hour, *customer, depot);
        }
    }

    /// Dangerous goods on their road in the dark.
    fn out_of_hours(&mut self) {
        let (depot, customer) = self.dangerous_way();
        let hour =
            if self.dice.chance(0.5) { self.dice.between(0.5, 3.4) } else { self.dice.between(20.2, 21.4) };
        self.drive(hour, depot, customer);
        self.drive(hour, customer, depot);
    }

    /// Round and round the town for hours, with turns of a minute.
    fn restless(&mut self) {
        let county = self.county;
        let start = self.dice.between(1.3, 15.5);
        let hours = self.dice.between(RESTLESS_HOURS.0, RESTLESS_HOURS.1);
        let until_ms = self.hour(start + hours);
        self.is_restless = true;
        let stops = &county.zone_lists.outer_town;
        let mut at = *self.dice.pick(stops);
        let mut next_ms = self.hour(start);
        while next_ms < until_ms {
            // Far enough that checkpoints lie between.
            let far = |zone: &u16| county.zone_at(at).distance(county.zone_at(*zone)) > 2_500.0;
            let fitting: Vec<u16> = stops.iter().copied().filter(far).collect();
            if fitting.is_empty() {
                return;
            }
            let stop = *self.dice.pick(&fitting);
            let mut leg = self.leg(0.0, at, stop);
            leg.depart_ms = next_ms;
            next_ms = leg.arrive_ms(county) + MINUTE_MS;
            self.legs.push(leg);
            at = stop;
        }
    }

    /// From village to village between midnight and four.
    fn night_villages(&mut self) {
        let county = self.county;
        let rural: Vec<u16> = (0..county.checkpoints.len() as u16)
            .filter(|index| county.checkpoints[usize::from(*index)].theatre == Theatre::Rural)
            .collect();
        // The townships at both ends of the roads that have rural checkpoints.
        let near = |checkpoint: u16| {
            let at = county.checkpoints[usize::from(checkpoint)].at;
            let township = |zone: &&u16| county.zones[usize::from(**zone)].kind == ZoneKind::Township;
            county
                .zone_lists
                .township
                .iter()
                .filter(township)
                .min_by(|a, b| county.zone_at(**a).distance(at).total_cmp(&county.zone_at(**b).distance(at)))
                .copied()
        };
        let first = self.dice.below(rural.len() / 2) * 2;
        let second = (first + 2) % rural.len();
        let mut at = self.vehicle.home;
        let hour = self.dice.between(0.2, 0.6);
        for index in [first, first + 1, second, second + 1, first] {
            if let Some(stop) = near(rural[index % rural.len()])
                && self.free_ms < self.hour(3.0)
            {
                self.drive(hour, at, stop);
                at = stop;
            }
        }
        let home = self.vehicle.home;
        self.drive(hour, at, home);
    }

    /// The day of a vehicle in a guise, or of the one whose number it has; gives false when its day is as ever.
    pub(crate) fn roam(&mut self) -> bool {
        let county = self.county;
        let (clone, is_original) = match (self.vehicle.guise, self.vehicle.cloned_by) {
            (Guise::None, None) => return false,
            (Guise::None, Some(clone)) => (clone, true),
            _ => (self.index, false),
        };
        if !is_about(county, &self.rates, clone, self.day) {
            // Who only exists in a guise is not seen without.
            return !is_original;
        }
        // Both at the same hours, on different sides.
        let mut shared = Dice::new(county.seed, Stream::Guise, u64::from(clone), self.day.0 as u64);
        let start = shared.between(1.0, 19.8 - ABOUT_HOURS);
        let is_east = shared.chance(0.5) ^ is_original;
        let is_clone = is_original || matches!(self.vehicle.guise, Guise::Clone { .. });
        let zones = &county.zone_lists;
        let stops: Vec<u16> = zones
            .township
            .iter()
            .chain(&zones.gate)
            .copied()
            .filter(|zone| {
                let x = county.zone_at(*zone).x;
                !is_clone || if is_east { x > SIDE_M } else { x < -SIDE_M }
            })
            .collect();
        let home = if is_original { self.vehicle.home } else { *self.habit.pick(&stops) };
        let mut at = home;
        let until_ms = self.hour(start + ABOUT_HOURS);
        let mut hour = start;
        while self.hour(hour).max(self.free_ms) < until_ms {
            let stop = *self.dice.pick(&stops);
            if self.drive(hour, at, stop).is_some() {
                at = stop;
            }
            let free_hour = (self.free_ms - self.hour(0.0)) as f64 / HOUR_MS as f64;
            hour = free_hour + self.dice.between(0.02, 0.3);
        }
        self.drive(hour, at, home);
        true
    }
}
