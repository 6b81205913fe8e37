//! A vehicle's day: its drives by kind, hour and habit, with the offences that are planted.

use super::Rates;
use super::leg::{Leg, Plant, Rest, Rush};
use super::offence::Offence;
use crate::county::areas::dangerous_ways;
use crate::county::guises::Guise;
use crate::county::vehicles::{Kind, REGISTERED_COUNT, STRANGER_COUNT, Standing, TERMINAL_COUNT, Vehicle};
use crate::county::{County, Routing};
use crate::dice::{Dice, Stream, unit_of};
use domain::CivilDay;
use domain::time::{HOUR_MS, MINUTE_MS};

/// Shares of the drives of ordinary vehicles that rush over one road: by day, and on the empty roads before 06:00.
const RUSH_SHARE_BY_DAY: f64 = 0.0012;
const RUSH_SHARE_BEFORE_SIX: f64 = 0.02;
/// Share of the sought vehicles that live by night, and of the nights on which those go out.
const NOCTURNAL_SHARE: f64 = 0.35;
const NIGHT_OUT_SHARE: f64 = 0.75;
/// When they first set out, and when they start nothing new, in hours of the day that goes on after midnight.
const NIGHT_OUT_HOURS: (f64, f64) = (21.3, 28.7);
const NIGHT_OUT_OVER_HOUR: f64 = 29.0;
/// Places they go to before they go home.
const NIGHT_STOPS: usize = 4;
/// Shares of the drives on which an offence is planted, where it can be.
const FATIGUE_SHARE: f64 = 0.055;
/// Of the evenings before two days off.
const NIGHT_FATIGUE_SHARE: f64 = 0.17;
const NIGHT_COACH_SHARE: f64 = 0.3;
/// Of the pairs of days of long-distance coaches: there and back in one day, more than eight hours.
const OVER_DAY_SHARE: f64 = 0.12;
/// Of the weeks of vehicles that go there and back in a day: none off, and more than 44 hours.
const BUSY_WEEK_SHARE: f64 = 0.2;
/// A long-distance vehicle stays where it is on every so manieth pair of days.
const PAUSE_EVERY: i64 = 4;
/// Driving hours that a truck about the county plans for a day, at the slowest.
const LOCAL_HOURS_MAX: f64 = 6.0;
/// Who drives without terminal has had a rest before so many hours at the wheel, and a rest takes so long.
const AWAKE_MAX_MS: i64 = 200 * MINUTE_MS;
const LONG_REST_MS: i64 = 26 * MINUTE_MS;
/// Kept free before midnight for what comes in between.
const RESERVE_MS: i64 = 45 * MINUTE_MS;
/// Driving time from which a drive can be tiring.
const TIRING_MS: i64 = 4 * HOUR_MS + 20 * MINUTE_MS;
const NIGHT_TIRING_MS: i64 = 2 * HOUR_MS + 10 * MINUTE_MS;
/// A rest that counts takes 20 minutes; these take longer, so that a minute more or less does not matter.
const DAY_REST: Rest = Rest { every_ms: 200 * MINUTE_MS, for_ms: 28 * MINUTE_MS };
const NIGHT_REST: Rest = Rest { every_ms: 95 * MINUTE_MS, for_ms: 28 * MINUTE_MS };
/// Between two drives of a vehicle with terminal.
const TURN_MS: i64 = 28 * MINUTE_MS;

/// Whether a vehicle takes part at this scale. Those with terminals and those that models look for always do.
pub(super) fn takes_part(county: &County, rates: Rates, vehicle: u32) -> bool {
    let found = &county.register.vehicles[vehicle as usize];
    (vehicle as usize) < TERMINAL_COUNT
        || found.guise != Guise::None
        || found.cloned_by.is_some()
        || is_sought(county, vehicle)
        || unit_of(&[county.seed, Stream::Day as u64, vehicle.into()]) < rates.scale
}

/// Whether a vehicle with terminal stays in the county, where checkpoints see it all day.
pub(super) fn is_local(county: &County, vehicle: u32) -> bool {
    let mut habit = habit(county, vehicle);
    match county.register.vehicles[vehicle as usize].kind {
        Kind::ScheduledCoach => habit.weighted(&COACH_SHARES) == 0,
        Kind::HeavyTruck => habit.chance(LOCAL_TRUCK_SHARE),
        Kind::DangerousGoods => true,
        _ => false,
    }
}

/// Of scheduled coaches: to a township, to a city and back in a day, to a far city.
const COACH_SHARES: [f64; 3] = [0.4, 0.4, 0.2];
const LOCAL_TRUCK_SHARE: f64 = 0.5;

/// What stays the same from day to day.
fn habit(county: &County, vehicle: u32) -> Dice {
    Dice::new(county.seed, Stream::Leg, vehicle.into(), 0)
}

/// Whether a sighting of it is a warning.
fn is_sought(county: &County, vehicle: u32) -> bool {
    county.register.vehicles[vehicle as usize].standing != Standing::Good
        || county.register.is_watched(vehicle)
}

/// Sought vehicles of private persons that have taken to the night, when few look.
fn is_nocturnal(county: &County, vehicle: u32) -> bool {
    let is_private = vehicle as usize >= TERMINAL_COUNT
        && !matches!(county.register.vehicles[vehicle as usize].kind, Kind::CityBus | Kind::SchoolBus);
    is_private
        && is_sought(county, vehicle)
        && unit_of(&[county.seed, Stream::Leg as u64, vehicle.into()]) < NOCTURNAL_SHARE
}

/// Adds the drives that the vehicle begins on that day, in order.
pub(super) fn legs(
    county: &County,
    rates: Rates,
    offence: Option<Offence>,
    vehicle: u32,
    day: CivilDay,
    legs: &mut Vec<Leg>,
) {
    let found = &county.register.vehicles[vehicle as usize];
    let start_ms = day.start().unix_ms();
    let mut planner = Planner {
        county,
        rates,
        index: vehicle,
        vehicle: found,
        day,
        dice: Dice::new(county.seed, Stream::Day, vehicle.into(), day.0 as u64),
        habit: habit(county, vehicle),
        legs,
        free_ms: start_ms,
        awake_ms: start_ms,
        is_restless: false,
        routing: if found.kind.is_truck() && !found.has_permit { Routing::AroundTown } else { Routing::Free },
    };
    if offence.is_some_and(|offence| planner.offend(offence)) || planner.roam() {
        return;
    }
    match found.kind {
        _ if is_nocturnal(county, vehicle) => planner.night_out(),
        _ if planner.is_stranger() => planner.stranger(),
        Kind::ScheduledCoach if found.is_night_exempt => planner.night_feeder(),
        Kind::ScheduledCoach => planner.scheduled_coach(),
        Kind::TourCoach => planner.tour_coach(),
        Kind::HeavyTruck => planner.heavy_truck(),
        Kind::DangerousGoods => planner.dangerous_goods(),
        Kind::CityBus => planner.city_bus(),
        Kind::SchoolBus => planner.school_bus(),
        _ => planner.private(),
    }
}

pub(crate) struct Planner<'c, 'l> {
    pub(super) county: &'c County,
    pub(super) rates: Rates,
    pub(super) index: u32,
    pub(super) vehicle: &'c Vehicle,
    pub(super) day: CivilDay,
    pub(super) dice: Dice,
    /// What stays the same from day to day.
    pub(super) habit: Dice,
    pub(super) legs: &'l mut Vec<Leg>,
    /// From when on the vehicle can set out again.
    pub(super) free_ms: i64,
    /// Since when its driver has had no rest, for those without terminal.
    awake_ms: i64,
    /// Whether its driver never rests.
    pub(super) is_restless: bool,
    pub(super) routing: Routing,
}

impl<'c> Planner<'c, '_> {
    pub(super) fn hour(&self, hour: f64) -> i64 {
        self.day.start().unix_ms() + (hour * HOUR_MS as f64) as i64
    }

    pub(super) fn is_stranger(&self) -> bool {
        (REGISTERED_COUNT..REGISTERED_COUNT + STRANGER_COUNT).contains(&(self.index as usize))
    }

    /// An hour of the day about `hour`, with a deviation in minutes, at most one and a half of them.
    fn about(&mut self, hour: f64, minutes: f64) -> f64 {
        hour + self.dice.normal().clamp(-1.5, 1.5) * minutes / 60.0
    }

    fn has_terminal(&self) -> bool {
        (self.index as usize) < TERMINAL_COUNT
    }

    /// What a drive takes at most, in ms: the slowest pace and every corner.
    fn bound_ms(&self, from: u16, to: u16) -> i64 {
        (self.county.way_seconds(from, to, self.routing) / 0.48 * 1.2 * 1_000.0) as i64
    }

    /// A drive of this vehicle, not yet undertaken.
    pub(super) fn leg(&mut self, hour: f64, from: u16, to: u16) -> Leg {
        let pace =
            if self.has_terminal() { self.dice.between(0.76, 0.90) } else { self.dice.between(0.70, 0.90) };
        Leg {
            vehicle: self.index,
            depart_ms: self.hour(hour).max(self.free_ms) + (self.dice.unit() * 60_000.0) as i64,
            from,
            to,
            pace: pace as f32,
            rest: self.has_terminal().then_some(DAY_REST),
            halt: None,
            rush: None,
            routing: self.routing,
            plant: None,
        }
    }

    /// A drive at its hour or as soon as the vehicle is free. Who has a terminal rests on the way and after each drive;
    /// others when they have been at the wheel for long.
    pub(super) fn drive(&mut self, hour: f64, from: u16, to: u16) -> Option<&mut Leg> {
        if from == to {
            return None;
        }
        let mut leg = self.leg(hour, from, to);
        let bound_ms = self.bound_ms(from, to);
        let has_rested = leg.depart_ms - self.free_ms >= LONG_REST_MS;
        if !has_rested && leg.depart_ms + bound_ms - self.awake_ms > AWAKE_MAX_MS {
            leg.depart_ms = self.free_ms + LONG_REST_MS;
            self.awake_ms = leg.depart_ms;
        } else if has_rested {
            self.awake_ms = leg.depart_ms;
        }
        self.free_ms = leg.depart_ms + bound_ms + if self.has_terminal() { TURN_MS } else { 4 * MINUTE_MS };
        self.legs.push(leg);
        self.legs.last_mut()
    }

    /// Plants an offence on the drive just made when chance and its driving time allow.
    fn plant(&mut self, share: f64, plant: Plant, hours: Option<(f64, f64)>) -> bool {
        let is_chosen = self.dice.chance(share * self.rates.offences);
        let share_of_hours = self.dice.unit();
        let when = hours.map(|(from, to)| self.hour(from + (to - from) * share_of_hours));
        let county = self.county;
        let Some(leg) = self.legs.last_mut().filter(|_| is_chosen) else { return false };
        let least_ms = match plant {
            Plant::Fatigue => TIRING_MS,
            Plant::NightFatigue => NIGHT_TIRING_MS,
            Plant::NightCoach => HOUR_MS,
        };
        let driving_ms = leg.driving_ms(county);
        // Night fatigue must be over by 02:00, so that it is that and not also a night run.
        if driving_ms < least_ms || plant == Plant::NightFatigue && driving_ms > 3 * HOUR_MS + 10 * MINUTE_MS
        {
            return false;
        }
        leg.plant = Some(plant);
        leg.rest = (plant == Plant::NightCoach).then_some(NIGHT_REST);
        leg.depart_ms = when.map_or(leg.depart_ms, |when| when.max(leg.depart_ms));
        true
    }

    fn private(&mut self) {
        let Vehicle { kind, home, work, standing, .. } = *self.vehicle;
        let is_watched = self.county.register.is_watched(self.index);
        let active = match kind {
            _ if is_watched => 0.8,
            _ if standing != Standing::Good => 0.55,
            Kind::Car | Kind::ElectricCar | Kind::LightTruck => 0.85,
            Kind::Minivan => 0.8,
            Kind::MediumTruck => 0.85,
            _ => 0.5,
        };
        if !self.dice.chance(active) {
            return;
        }
        let is_commuter = !matches!(kind, Kind::LightTruck | Kind::MediumTruck) && self.habit.chance(0.55);
        let is_weekend = (self.day.0 + 3).rem_euclid(7) >= 5; // 1970-01-01 was a Thursday.
        let mut at = home;
        if is_commuter && !is_weekend {
            let morning = self.about(7.5, 38.0);
            self.hop(morning, &mut at, work, home);
            if self.dice.chance(0.65) {
                let noon = self.about(11.8, 20.0);
                self.hop(noon, &mut at, home, home);
                let back = self.about(13.7, 20.0);
                self.hop(back, &mut at, work, home);
            }
            let evening = self.about(17.8, 55.0);
            self.hop(evening, &mut at, home, home);
            if self.dice.chance(0.6) {
                let later = self.about(19.2, 35.0);
                let shop = self.errand();
                self.hop(later, &mut at, shop, home);
                self.hop(later + 1.3, &mut at, home, home);
            }
        } else {
            let count = if is_watched { 5 } else { 2 + self.dice.weighted(&[3.0, 4.0, 3.0]) };
            for errand in 0..count {
                let usual = self.errand_hour();
                // Who is watched is about all day.
                let start = if is_watched { 6.5 + 2.5 * errand as f64 + usual % 1.0 } else { usual };
                let shop = self.errand();
                self.hop(start, &mut at, shop, home);
                if self.dice.chance(0.7) {
                    let stay = self.dice.between(0.4, 2.5);
                    self.hop(start + stay, &mut at, home, home);
                }
            }
            let evening = self.dice.between(16.5, 21.0);
            self.hop(evening, &mut at, home, home);
        }
    }

    /// Out by night, from stop to stop and home before the town is up.
    fn night_out(&mut self) {
        if !self.dice.chance(NIGHT_OUT_SHARE) {
            return;
        }
        let county = self.county;
        let [town, township] = self.town_lists();
        let lists = [town, township, &county.zone_lists.gate];
        let over_ms = self.hour(NIGHT_OUT_OVER_HOUR);
        let mut hour = self.dice.between(NIGHT_OUT_HOURS.0, NIGHT_OUT_HOURS.1);
        let mut at = self.vehicle.home;
        for _ in 0..NIGHT_STOPS {
            if self.free_ms > over_ms {
                break;
            }
            let list = *self.dice.pick_weighted(&lists, &[0.4, 0.4, 0.2]);
            let stop = *self.dice.pick(list);
            self.go(hour, &mut at, stop);
            hour += self.dice.between(0.3, 0.7);
        }
        self.go(hour, &mut at, self.vehicle.home);
    }

    /// A drive of an ordinary vehicle in the course of its day. Nobody goes where they cannot come back from to `home`
    /// before midnight: the next morning finds them there.
    fn hop(&mut self, hour: f64, at: &mut u16, to: u16, home: u16) {
        const FIRST_HOUR: f64 = 0.6;
        let midnight_ms = self.hour(24.0);
        let there_ms = self.bound_ms(*at, to) + 4 * MINUTE_MS;
        if to == home {
            let latest_ms = midnight_ms - there_ms;
            let wanted_ms = self.hour(hour.max(FIRST_HOUR)).min(latest_ms);
            self.go((wanted_ms - self.hour(0.0)) as f64 / HOUR_MS as f64, at, to);
            return;
        }
        let depart_ms = self.hour(hour.max(FIRST_HOUR)).max(self.free_ms);
        if depart_ms + there_ms + self.bound_ms(to, home) + RESERVE_MS < midnight_ms {
            self.go(hour.max(FIRST_HOUR), at, to);
        }
    }

    /// A drive of an ordinary vehicle; at times it rushes over one road.
    fn go(&mut self, hour: f64, at: &mut u16, to: u16) {
        let share = if hour.rem_euclid(24.0) < 6.0 { RUSH_SHARE_BEFORE_SIX } else { RUSH_SHARE_BY_DAY };
        let is_rush = self.dice.chance(share * self.rates.offences);
        let pace = self.dice.between(1.18, 1.62) as f32;
        let which = self.dice.unit();
        let county = self.county;
        if let Some(leg) = self.drive(hour, *at, to) {
            *at = to;
            if is_rush {
                leg.rush = rush(county, leg, which, pace);
            }
        }
    }

    fn errand(&mut self) -> u16 {
        let zones = &self.county.zone_lists;
        let [town, township] = self.town_lists();
        let lists = [town, township, &zones.village, &zones.gate];
        let list = *self.dice.pick_weighted(&lists, &[0.62, 0.18, 0.12, 0.08]);
        *self.dice.pick(list)
    }

    /// The streets and townships where it may stop.
    fn town_lists(&self) -> [&'c [u16]; 2] {
        let zones = &self.county.zone_lists;
        match self.routing {
            Routing::Free => [&zones.town, &zones.township],
            Routing::AroundTown => [&zones.outer_town, &zones.outer_township],
        }
    }

    /// The way of this vehicle of dangerous goods: depot and customer.
    pub(super) fn dangerous_way(&mut self) -> (u16, u16) {
        let ways = dangerous_ways(self.county);
        *self.habit.pick(&ways)
    }

    /// How many days it is into its week, and which week that is. Weeks begin on different days.
    fn week(&self) -> (i64, i64) {
        let days = i64::from(self.day.0) + i64::from(self.index);
        (days.rem_euclid(7), days.div_euclid(7))
    }

    /// Hours of the day by how many set out in them.
    fn errand_hour(&mut self) -> f64 {
        const BY_HOUR: [f64; 24] = [
            0.5, 0.3, 0.25, 0.25, 0.4, 1.2, 3.0, 6.0, 8.0, 8.0, 7.5, 6.5, 5.0, 5.5, 7.0, 7.5, 7.5, 7.5, 6.5,
            5.0, 3.5, 2.2, 1.4, 0.8,
        ];
        self.dice.weighted(&BY_HOUR) as f64 + self.dice.unit()
    }

    fn stranger(&mut self) {
        let is_watched = self.county.register.is_watched(self.index);
        if !self.dice.chance(if is_watched { 0.6 } else { 0.9 }) {
            return;
        }
        // The first two gates are the expressway's: half of those that come through stay on it.
        let gates = &self.county.zone_lists.gate;
        let (first, second) = (self.habit.pick(gates), self.habit.pick(gates));
        let (from, mut to) = match (self.habit.unit(), gates.as_slice()) {
            (..0.25, [west, east, ..]) => (*west, *east),
            (0.25..0.5, [west, east, ..]) => (*east, *west),
            _ => (*first, *second),
        };
        let is_visit = self.dice.chance(0.35);
        if is_visit {
            to = self.errand();
        }
        let is_truck = self.vehicle.kind == Kind::HeavyTruck;
        let start = if is_truck { self.dice.between(0.0, 24.0) } else { self.errand_hour() };
        let mut at = from;
        let comes_back = is_visit || self.dice.chance(0.4);
        self.hop(start, &mut at, to, if comes_back { from } else { to });
        if comes_back {
            let stay = self.dice.between(1.0, 6.0);
            self.hop(start + stay, &mut at, from, from);
        }
    }

    fn city_bus(&mut self) {
        let zones = &self.county.zone_lists;
        let ends = [*self.habit.pick(&zones.town), *self.habit.pick(&zones.town)];
        let first = 6.0 + self.habit.unit() * 0.5;
        for run in 0..22 {
            self.drive(first + f64::from(run) * 0.62, ends[run as usize % 2], ends[(run as usize + 1) % 2]);
        }
    }

    fn school_bus(&mut self) {
        let zones = &self.county.zone_lists;
        let (village, school) = (*self.habit.pick(&zones.village), *self.habit.pick(&zones.township));
        for (hour, is_morning) in [(6.9, true), (16.6, false)] {
            let (from, to) = if is_morning { (village, school) } else { (school, village) };
            let hour = self.about(hour, 6.0);
            self.drive(hour, from, to);
        }
    }

    /// A far city by what its distance allows: within reach of a day's round trip, or not.
    fn far(&mut self, is_round_trip: bool) -> u16 {
        const ROUND_TRIP_S: f64 = 2.45 * 3_600.0;
        let (county, home) = (self.county, self.vehicle.home);
        let fitting: Vec<u16> = county
            .zone_lists
            .far
            .iter()
            .copied()
            .filter(|far| (county.route_seconds(home, *far) < ROUND_TRIP_S) == is_round_trip)
            .collect();
        *self.habit.pick(if fitting.is_empty() { &county.zone_lists.far } else { &fitting })
    }

    fn scheduled_coach(&mut self) {
        let home = self.vehicle.home;
        match self.habit.weighted(&COACH_SHARES) {
            0 => {
                let township = *self.habit.pick(&self.county.zone_lists.township);
                let first = 6.0 + self.habit.unit();
                for run in 0..8_i32 {
                    let ends = if run % 2 == 0 { (home, township) } else { (township, home) };
                    let hour = if run == 7 { 18.0 } else { first + f64::from(run) * 1.6 };
                    self.drive(hour, ends.0, ends.1);
                }
            }
            1 => {
                let (out, back) = (6.3 + self.habit.unit() * 2.0, 14.0 + self.habit.unit() * 1.8);
                self.round_trip(out, back);
            }
            _ => self.long_distance(7.0, 10.5),
        }
    }

    fn tour_coach(&mut self) {
        if self.dice.chance(0.6) {
            let (out, back) = (self.about(7.3, 10.0), self.about(16.2, 10.0));
            self.round_trip(out, back);
        }
    }

    /// To a far city and back in a day, five days of seven. In a busy week there is no day off, and time for every stop.
    fn round_trip(&mut self, out: f64, back: f64) {
        const OFF_FROM: i64 = 5;
        const BUSY_PACE: f32 = 0.72;
        let (day, week) = self.week();
        let chance = unit_of(&[self.county.seed, Stream::Offence as u64, self.index.into(), week as u64, 1]);
        let is_busy =
            chance < BUSY_WEEK_SHARE * self.rates.offences && self.vehicle.kind == Kind::ScheduledCoach;
        let (home, far) = (self.vehicle.home, self.far(true));
        if day >= OFF_FROM && !is_busy {
            return;
        }
        for (hour, from, to) in [(out, home, far), (back, far, home)] {
            if let Some(leg) = self.drive(hour, from, to)
                && is_busy
            {
                leg.pace = BUSY_PACE;
            }
        }
        // The way home at night, against the rules, where no drive follows on the next day.
        if day + 1 == OFF_FROM
            && !is_busy
            && !self.plant(NIGHT_COACH_SHARE, Plant::NightCoach, Some((24.6, 25.6)))
        {
            self.plant(NIGHT_FATIGUE_SHARE, Plant::NightFatigue, Some((22.2, 22.7)));
        }
    }

    /// Out on one day, back on the next, always about the same hour, so that a day's drive is over before the next.
    fn long_distance(&mut self, earliest: f64, latest: f64) {
        let (home, far) = (self.vehicle.home, self.far(false));
        let days = i64::from(self.day.0) + i64::from(self.index);
        let (is_out, pair) = (days.rem_euclid(2) == 0, days.div_euclid(2));
        // A pause takes out both ways, so that nobody is where they were not driven to.
        if pair.rem_euclid(PAUSE_EVERY) == 0 {
            return;
        }
        let usual = self.habit.between(earliest, latest);
        let start = self.about(usual, 15.0);
        let chance = unit_of(&[self.county.seed, Stream::Offence as u64, self.index.into(), pair as u64, 2]);
        if self.vehicle.kind.is_coach() && chance < OVER_DAY_SHARE * self.rates.offences {
            // Both ways in one go, with every rest, and home before the night.
            const SETS_OUT: f64 = 5.15;
            let county = self.county;
            let there = if is_out { self.drive(SETS_OUT, home, far) } else { None };
            if let Some(arrive_ms) = there.map(|leg| leg.arrive_ms(county)) {
                self.free_ms = arrive_ms + TURN_MS;
                self.drive(SETS_OUT, far, home);
            }
            return;
        }
        let (from, to) = if is_out { (home, far) } else { (far, home) };
        self.drive(start, from, to);
        self.plant(FATIGUE_SHARE, Plant::Fatigue, None);
    }

    /// A fixed airport feeder, which may run at night.
    fn night_feeder(&mut self) {
        let home = self.vehicle.home;
        let gate = *self.habit.pick(&self.county.zone_lists.gate);
        let start = self.about(3.0, 12.0);
        self.drive(start, home, gate);
        self.drive(start + 1.6, gate, home);
        self.drive(14.0, home, gate);
        self.drive(16.0, gate, home);
    }

    fn heavy_truck(&mut self) {
        /// The slowest pace as a share of what a small vehicle at its limits drives.
        const SLOWEST_SHARE: f64 = 0.58;
        const OFF_FROM: i64 = 6;
        if !self.habit.chance(LOCAL_TRUCK_SHARE) {
            return self.long_distance(1.5, 23.0);
        }
        if !self.dice.chance(0.9) || self.week().0 >= OFF_FROM {
            return;
        }
        let zones = &self.county.zone_lists;
        let pit = *self.habit.pick(&zones.outer_township);
        let site = *self.habit.pick_weighted(&[&zones.outer_town, &zones.gate], &[0.5, 0.5]);
        let site = *self.habit.pick(site);
        let first = self.dice.between(5.5, 9.0);
        let run_hours = self.county.way_seconds(pit, site, self.routing) / SLOWEST_SHARE / 3_600.0;
        let rounds = (LOCAL_HOURS_MAX / run_hours / 2.0) as i32;
        for run in 0..rounds.clamp(1, 4) * 2 {
            let ends = if run % 2 == 0 { (pit, site) } else { (site, pit) };
            self.drive(first + f64::from(run) * 1.4, ends.0, ends.1);
        }
    }

    fn dangerous_goods(&mut self) {
        let (depot, customer) = self.dangerous_way();
        let first = self.dice.between(6.5, 8.5);
        for run in 0..4_i32 {
            let ends = if run % 2 == 0 { (depot, customer) } else { (customer, depot) };
            self.drive(first + f64::from(run) * 2.4, ends.0, ends.1);
        }
    }
}

/// Too fast on one of the roads with sections that the drive uses; none when it uses none.
fn rush(county: &County, leg: &Leg, which: f64, pace: f32) -> Option<Rush> {
    let mut roads: Vec<u16> = Vec::new();
    leg.passages(county, |passage| {
        let road = county.checkpoints[passage.checkpoint as usize].road as u16;
        let has_section =
            county.sections.iter().any(|s| county.checkpoints[s.ends[0] as usize].road == usize::from(road));
        if has_section && !roads.contains(&road) {
            roads.push(road);
        }
    });
    roads.get((which * roads.len() as f64) as usize).map(|road| Rush { road: *road, pace })
}
