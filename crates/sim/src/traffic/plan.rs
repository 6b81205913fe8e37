//! A vehicle's day: its drives by kind, hour and habit, with the offences that are planted.

use super::Rates;
use super::leg::{Leg, Plant, Rest, Rush};
use crate::county::County;
use crate::county::vehicles::{Kind, REGISTERED_COUNT, Standing, TERMINAL_COUNT, Vehicle};
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
const FATIGUE_SHARE: f64 = 0.045;
const NIGHT_FATIGUE_SHARE: f64 = 0.035;
/// Share of the pairs of days on which a long-distance vehicle stays where it is.
const PAUSE_SHARE: f64 = 0.12;
const NIGHT_COACH_SHARE: f64 = 0.06;
/// Driving time from which a drive can be tiring.
const TIRING_MS: i64 = 4 * HOUR_MS + 20 * MINUTE_MS;
const NIGHT_TIRING_MS: i64 = 2 * HOUR_MS + 10 * MINUTE_MS;
/// A rest that counts takes 20 minutes; these take longer, so that a minute more or less does not matter.
const DAY_REST: Rest = Rest { every_ms: 200 * MINUTE_MS, for_ms: 28 * MINUTE_MS };
const NIGHT_REST: Rest = Rest { every_ms: 95 * MINUTE_MS, for_ms: 28 * MINUTE_MS };
/// Between two drives of a vehicle with terminal.
const TURN_MS: i64 = 28 * MINUTE_MS;

/// Whether a vehicle without terminal takes part at this scale. Those that models look for always do.
pub(super) fn takes_part(county: &County, rates: Rates, vehicle: u32) -> bool {
    unit_of(&[county.seed, Stream::Day as u64, vehicle.into()]) < rates.scale || is_sought(county, vehicle)
}

/// Whether a sighting of it is a warning.
fn is_sought(county: &County, vehicle: u32) -> bool {
    county.register.vehicles[vehicle as usize].standing != Standing::Good || is_watched(county, vehicle)
}

/// Sought vehicles of private persons that have taken to the night, when few look.
fn is_nocturnal(county: &County, vehicle: u32) -> bool {
    let is_private = vehicle as usize >= TERMINAL_COUNT
        && !matches!(county.register.vehicles[vehicle as usize].kind, Kind::CityBus | Kind::SchoolBus);
    is_private
        && is_sought(county, vehicle)
        && unit_of(&[county.seed, Stream::Leg as u64, vehicle.into()]) < NOCTURNAL_SHARE
}

fn is_watched(county: &County, vehicle: u32) -> bool {
    county.register.watch_orders.iter().any(|order| order.vehicle == vehicle)
}

/// Adds the drives that the vehicle begins on that day, in order.
pub(super) fn legs(county: &County, rates: Rates, vehicle: u32, day: CivilDay, legs: &mut Vec<Leg>) {
    let mut planner = Planner {
        county,
        rates,
        index: vehicle,
        vehicle: &county.register.vehicles[vehicle as usize],
        day,
        dice: Dice::new(county.seed, Stream::Day, vehicle.into(), day.0 as u64),
        // What stays the same from day to day.
        habit: Dice::new(county.seed, Stream::Leg, vehicle.into(), 0),
        legs,
        free_ms: day.start().unix_ms(),
    };
    match planner.vehicle.kind {
        _ if is_nocturnal(county, vehicle) => planner.night_out(),
        _ if vehicle as usize >= REGISTERED_COUNT => planner.stranger(),
        Kind::ScheduledCoach if planner.vehicle.is_night_exempt => planner.night_feeder(),
        Kind::ScheduledCoach => planner.scheduled_coach(),
        Kind::TourCoach => planner.tour_coach(),
        Kind::HeavyTruck => planner.heavy_truck(),
        Kind::DangerousGoods => planner.dangerous_goods(),
        Kind::CityBus => planner.city_bus(),
        Kind::SchoolBus => planner.school_bus(),
        _ => planner.private(),
    }
}

struct Planner<'p> {
    county: &'p County,
    rates: Rates,
    index: u32,
    vehicle: &'p Vehicle,
    day: CivilDay,
    dice: Dice,
    habit: Dice,
    legs: &'p mut Vec<Leg>,
    /// From when on the vehicle can set out again.
    free_ms: i64,
}

impl Planner<'_> {
    fn hour(&self, hour: f64) -> i64 {
        self.day.start().unix_ms() + (hour * HOUR_MS as f64) as i64
    }

    /// An hour of the day about `hour`, with a deviation in minutes.
    fn about(&mut self, hour: f64, minutes: f64) -> f64 {
        hour + self.dice.normal() * minutes / 60.0
    }

    /// A drive at its hour or as soon as the vehicle is free. Rests come from the kind.
    fn drive(&mut self, hour: f64, from: u16, to: u16) -> Option<&mut Leg> {
        if from == to {
            return None;
        }
        let depart_ms = self.hour(hour).max(self.free_ms) + (self.dice.unit() * 60_000.0) as i64;
        let is_key = self.vehicle.kind.key_class().is_some() && (self.index as usize) < REGISTERED_COUNT;
        let leg = Leg {
            vehicle: self.index,
            depart_ms,
            from,
            to,
            pace: self.dice.between(0.70, 0.90) as f32,
            rest: is_key.then_some(DAY_REST),
            rush: None,
            plant: None,
        };
        // Cheap and on the safe side: the slowest pace, corners, and every rest.
        let slowest = self.county.route_seconds(from, to) / 0.48 * 1_000.0;
        self.free_ms = depart_ms + (slowest * 1.2) as i64 + if is_key { TURN_MS } else { 4 * MINUTE_MS };
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
        let is_watched = is_watched(self.county, self.index);
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
            self.hop(morning, &mut at, work);
            if self.dice.chance(0.65) {
                let noon = self.about(11.8, 20.0);
                self.hop(noon, &mut at, home);
                let back = self.about(13.7, 20.0);
                self.hop(back, &mut at, work);
            }
            let evening = self.about(17.8, 55.0);
            self.hop(evening, &mut at, home);
            if self.dice.chance(0.6) {
                let later = self.about(19.2, 35.0);
                let shop = self.errand();
                self.hop(later, &mut at, shop);
                self.hop(later + 1.3, &mut at, home);
            }
        } else {
            let count = if is_watched { 5 } else { 2 + self.dice.weighted(&[3.0, 4.0, 3.0]) };
            for errand in 0..count {
                let usual = self.errand_hour();
                // Who is watched is about all day.
                let start = if is_watched { 6.5 + 2.5 * errand as f64 + usual % 1.0 } else { usual };
                let shop = self.errand();
                self.hop(start, &mut at, shop);
                if self.dice.chance(0.7) {
                    let stay = self.dice.between(0.4, 2.5);
                    self.hop(start + stay, &mut at, home);
                }
            }
            let evening = self.dice.between(16.5, 21.0);
            self.hop(evening, &mut at, home);
        }
    }

    /// Out by night, from stop to stop and home before the town is up.
    fn night_out(&mut self) {
        if !self.dice.chance(NIGHT_OUT_SHARE) {
            return;
        }
        let county = self.county;
        let lists = [&county.zone_lists.town, &county.zone_lists.township, &county.zone_lists.gate];
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

    /// A drive of an ordinary vehicle in the course of its day.
    fn hop(&mut self, hour: f64, at: &mut u16, to: u16) {
        // Nobody sets out after half past eleven: the next morning finds them at home.
        if self.free_ms <= self.hour(23.5) {
            self.go(hour.clamp(0.1, 23.4), at, to);
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
        let lists = [&zones.town, &zones.township, &zones.village, &zones.gate];
        let list = *self.dice.pick_weighted(&lists, &[0.62, 0.18, 0.12, 0.08]);
        *self.dice.pick(list)
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
        let is_watched = is_watched(self.county, self.index);
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
        self.hop(start, &mut at, to);
        if is_visit || self.dice.chance(0.4) {
            let stay = self.dice.between(1.0, 6.0);
            self.hop(start + stay, &mut at, from);
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
        match self.habit.weighted(&[0.4, 0.4, 0.2]) {
            0 => {
                let township = *self.habit.pick(&self.county.zone_lists.township);
                let first = 6.0 + self.habit.unit();
                for run in 0..7_i32 {
                    let ends = if run % 2 == 0 { (home, township) } else { (township, home) };
                    self.drive(first + f64::from(run) * 1.6, ends.0, ends.1);
                }
                if self.legs.len() % 2 == 1 {
                    self.drive(18.0, township, home);
                }
            }
            1 => {
                let far = self.far(true);
                let out = 6.3 + self.habit.unit() * 2.0;
                self.drive(out, home, far);
                let back = 14.0 + self.habit.unit() * 1.8;
                self.drive(back, far, home);
                self.late_return();
            }
            _ => self.long_distance(7.0, 10.5),
        }
    }

    fn tour_coach(&mut self) {
        if !self.dice.chance(0.6) {
            return;
        }
        let (home, far) = (self.vehicle.home, self.far(true));
        let out = self.about(7.3, 25.0);
        self.drive(out, home, far);
        let back = self.about(16.2, 30.0);
        self.drive(back, far, home);
        self.late_return();
    }

    /// The way home at night, against the rules.
    fn late_return(&mut self) {
        if !self.plant(NIGHT_COACH_SHARE, Plant::NightCoach, Some((24.6, 25.6))) {
            self.plant(NIGHT_FATIGUE_SHARE, Plant::NightFatigue, Some((22.2, 22.7)));
        }
    }

    /// Out on one day, back on the next, always about the same hour, so that a day's drive is over before the next.
    fn long_distance(&mut self, earliest: f64, latest: f64) {
        let (home, far) = (self.vehicle.home, self.far(false));
        let days = i64::from(self.day.0) + i64::from(self.index);
        let is_out = days % 2 == 0;
        // A pause takes out both ways, so that nobody is where they were not driven to.
        if unit_of(&[self.county.seed, Stream::Leg as u64, self.index.into(), (days / 2) as u64])
            < PAUSE_SHARE
        {
            return;
        }
        let usual = self.habit.between(earliest, latest);
        let start = self.about(usual, 15.0);
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
        if self.habit.chance(0.5) {
            if !self.dice.chance(0.85) {
                return;
            }
            let zones = &self.county.zone_lists;
            let (pit, site) = (
                *self.habit.pick(&zones.township),
                *self.habit.pick_weighted(&[&zones.town, &zones.gate], &[0.5, 0.5]),
            );
            let site = *self.habit.pick(site);
            let first = self.dice.between(5.5, 9.0);
            for run in 0..8_i32 {
                let ends = if run % 2 == 0 { (pit, site) } else { (site, pit) };
                self.drive(first + f64::from(run) * 1.4, ends.0, ends.1);
            }
        } else {
            self.long_distance(1.5, 23.0);
        }
    }

    fn dangerous_goods(&mut self) {
        let zones = &self.county.zone_lists;
        let (depot, customer) = (*self.habit.pick(&zones.gate), *self.habit.pick(&zones.township));
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
