//! The simulated county as judgement sees it: its reference, what its devices report, and what is truly so.

use crate::matching::{Planted, Sighting, Timing};
use domain::time::{DAY_MS, HOUR_MS};
use domain::{
    CheckpointId, CivilDay, Level, ModelId, Observation, Plate, ReferenceChange, Rule, RuleId, Theatre,
    Timestamp,
};
use sim::county::County;
use sim::county::guises::Guise;
use sim::noise::NoiseRates;
use sim::report::Reports;
use sim::traffic::truth::Truth;
use sim::traffic::{Rates, Traffic};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Which month.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// What the county is made from.
    pub seed: u64,
    /// Its first day.
    pub day: CivilDay,
    /// How many days.
    pub days: u16,
    /// How much of everything.
    pub rates: Rates,
    /// What goes wrong.
    pub noise: NoiseRates,
}

/// The platform runs since so many days before the month, and for so long after it: what began before is known, what was
/// late comes in, and what waits for a deadline comes to it. What happens in that time is not asked for.
const DAYS_BEFORE: i32 = 1;
const AFTER_MS: i64 = 12 * HOUR_MS;
/// A limit of driving time looks back so far: further than the platform has run, on the first days.
const WEEK_MS: i64 = 7 * DAY_MS;
/// Passages at village checkpoints between 23:00 and 04:00 from which on a minivan is noticed.
const NIGHT_PASSAGES: u16 = 4;

/// A county over some days.
#[derive(Debug)]
pub struct World {
    settings: Settings,
    traffic: Traffic,
}

impl World {
    /// Makes it.
    pub fn new(settings: &Settings) -> Self {
        let county = Arc::new(County::generate(settings.seed, settings.day));
        Self { settings: *settings, traffic: Traffic::new(county, settings.rates) }
    }

    /// The month: what happens in it is asked for.
    pub fn month(&self) -> (Timestamp, Timestamp) {
        let day = self.settings.day;
        (day.start(), CivilDay(day.0 + i32::from(self.settings.days)).start())
    }

    /// When the first observation is taken in.
    pub fn begin(&self) -> Timestamp {
        CivilDay(self.settings.day.0 - DAYS_BEFORE).start()
    }

    /// When the last observation is taken in.
    pub fn end(&self) -> Timestamp {
        self.month().1.plus_ms(AFTER_MS)
    }

    fn reports(&self) -> Reports<'_> {
        Reports::new(&self.traffic, self.settings.noise)
    }

    /// What the platform is told before anything is reported.
    pub fn reference(&self) -> Vec<ReferenceChange> {
        let mut changes = self.reports().references();
        changes.push(ReferenceChange::Rule(night_villages(&self.traffic.county)));
        changes
    }

    /// What reaches the platform in a window, in that order.
    pub fn received(&self, from_ms: i64, to_ms: i64) -> Vec<Observation> {
        self.reports().received(from_ms, to_ms)
    }

    /// What is true on a day; what has to be found is so only on a day of the month.
    pub fn planted(&self, day: CivilDay) -> Vec<Planted> {
        let truths = self.reports().truth_of_day(day);
        let mut planted: Vec<Planted> = truths.iter().filter_map(of_truth).collect();
        self.add_guises(day, &mut planted);
        let (from, to) = self.month();
        for planted in &mut planted {
            let is_of_week = planted.model == ModelId::DrivingTime && planted.what == WEEK;
            let reaches_back_ms = if is_of_week { WEEK_MS } else { 0 };
            planted.is_required &=
                planted.from >= from.max(self.begin().plus_ms(reaches_back_ms)) && planted.from < to;
        }
        planted
    }

    /// A vehicle in a guise is one whenever it is seen, also when that is too seldom to be asked for.
    fn add_guises(&self, day: CivilDay, planted: &mut Vec<Planted>) {
        let vehicles = &self.traffic.county.register.vehicles;
        let start_ms = day.start().unix_ms();
        let mut seen: BTreeMap<u32, Vec<Sighting>> = BTreeMap::new();
        for passage in self.traffic.passages(start_ms, start_ms + DAY_MS) {
            if vehicles[passage.vehicle as usize].guise != Guise::None {
                let checkpoint = &self.traffic.county.checkpoints[usize::from(passage.checkpoint)].id;
                let at = Timestamp::from_unix_ms(passage.at_ms);
                seen.entry(passage.vehicle).or_default().push((checkpoint.as_str().into(), at));
            }
        }
        for (index, sightings) in seen {
            let vehicle = &vehicles[index as usize];
            let (model, plate) = match vehicle.guise {
                Guise::None => continue,
                Guise::Clone { .. } => (ModelId::ClonePlate, Some(vehicle.plate)),
                Guise::Fake => (ModelId::FakePlate, Some(vehicle.plate)),
                Guise::NoPlate | Guise::Covered => (ModelId::HiddenPlate, None),
            };
            let (Some((_, from)), Some((_, until))) = (sightings.first(), sightings.last()) else { continue };
            planted.push(Planted {
                model,
                plate,
                checkpoint: None,
                what: "".into(),
                from: *from,
                until: *until,
                is_required: false,
                is_observable: true,
                detail: format!("{:?}, seen {} times", vehicle.guise, sightings.len()),
                sightings,
            });
        }
    }
}

/// What the simulator says is so, as matching takes it.
fn of_truth(truth: &Truth) -> Option<Planted> {
    let model = ModelId::parse(truth.model)?;
    let at = Timestamp::from_unix_ms(truth.at_ms);
    let sightings: Vec<Sighting> = truth
        .sightings
        .iter()
        .map(|seen| (CheckpointId::from(seen.place.as_str()), Timestamp::from_unix_ms(seen.at_ms)))
        .collect();
    let is_moment = Timing::of(model) == Timing::Moment;
    let times = sightings.iter().map(|(_, at)| *at).filter(|_| !is_moment);
    Some(Planted {
        model,
        plate: Plate::parse(&truth.plate).ok(),
        checkpoint: is_moment.then(|| truth.place.as_str().into()),
        what: what(model, truth),
        from: times.clone().fold(at, Timestamp::min),
        until: times.fold(at, Timestamp::max),
        is_required: is_required(model, truth),
        is_observable: truth.is_expected,
        detail: truth.detail.clone(),
        sightings,
    })
}

/// The section, alarm or behaviour, where a vehicle can be guilty of several at once.
fn what(model: ModelId, truth: &Truth) -> smol_str::SmolStr {
    match model {
        ModelId::AverageSpeed | ModelId::NoExit => truth.place.as_str().into(),
        ModelId::DeviceAlarm | ModelId::CameraReport => truth.detail.as_str().into(),
        ModelId::DrivingTime if truth.detail.contains("7 days") => WEEK.into(),
        ModelId::DrivingTime => DAY.into(),
        _ => "".into(),
    }
}

/// The windows of driving time, by their hours.
const DAY: &str = "24";
const WEEK: &str = "168";

/// The first step of speeding of the law. Over a section it is beyond doubt with this much more, whatever the clocks say.
const FIRST_STEP: f64 = 1.10;
const SECTION_STEP: f64 = 1.15;
/// At one place it is beyond doubt after the error of the county's meters, and what the standard allows to any
/// (GB/T 21255-2019: 6 km/h, or 6 % above 100 km/h), both in the driver's favour.
const METER_ERROR_KMH: f64 = 3.0;
const METER_ALLOWANCE_KMH: f64 = 6.0;
const METER_ALLOWANCE_SHARE: f64 = 0.06;

/// Whether it has to be found: all but speeds so near to the limit that a just platform lets them go, and driving times so
/// near to it that reports once a minute can't tell.
fn is_required(model: ModelId, truth: &Truth) -> bool {
    let speed_and_limit = || {
        let (speed, limit) = truth.detail.split_once(" km/h, limit ")?;
        Some((speed.parse::<f64>().ok()?, limit.parse::<f64>().ok()?))
    };
    let is_beyond_doubt =
        |is: fn(f64, f64) -> bool| speed_and_limit().is_none_or(|(speed, limit)| is(speed, limit));
    match model {
        ModelId::AverageSpeed => is_beyond_doubt(|speed, limit| speed >= limit * SECTION_STEP),
        ModelId::SpotSpeed => is_beyond_doubt(|speed, limit| {
            let allowance_kmh = METER_ALLOWANCE_KMH.max(speed * METER_ALLOWANCE_SHARE);
            speed - METER_ERROR_KMH - allowance_kmh >= limit * FIRST_STEP
        }),
        ModelId::DrivingTime => truth.is_expected,
        _ => true,
    }
}

/// A rule as a user would write it: minivans that go about the villages by night. Passages at village checkpoints since
/// 23:00 are counted from the last full hour.
fn night_villages(county: &County) -> Rule {
    let rural = || county.checkpoints.iter().filter(|checkpoint| checkpoint.theatre == Theatre::Rural);
    let counted = |minutes: u16| {
        rural().map(|one| format!("count_at(\"{}\", {minutes})", one.id)).collect::<Vec<_>>().join(" + ")
    };
    let hours = [(0, 60), (1, 120), (2, 180), (3, 240)];
    let cases: Vec<String> = hours
        .iter()
        .map(|(hour, minutes)| format!("passage.hour == {hour} && {} >= {NIGHT_PASSAGES}", counted(*minutes)))
        .collect();
    Rule {
        id: RuleId::from("night-villages"),
        version: 1,
        name: "面包车夜间游走".into(),
        condition: format!("vehicle.key_class == \"minivan\" && ({})", cases.join(" || ")).into(),
        level: Level::Low,
        once_per_minutes: 24 * 60,
        actionable_seconds: 900,
    }
}
