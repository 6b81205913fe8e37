//! How right it is: a simulated day of a county with wrong clocks, late and doubled data and misreads, learned as it comes,
//! and what was learned beside the truth: `cargo run --release -p calibration --example county [seed]`.
//!
//! 5 % of the cameras are wrong by up to 10 minutes, one jumps by minutes at ten, one hangs on a slow line; all others
//! are within about a second and swing slowly. 2 % of the passages come twice, 5 % hours late, and devices write whole seconds.

#![expect(clippy::print_stdout, reason = "prints its figures")]

use calibration::{DUE_EVERY_MS, Learner};
use domain::observation::{Fact, Observation, Passage};
use domain::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use domain::{
    CheckpointId, CivilDay, ClockError, DeviceId, Entry, MisreadRate, ObservationId, Plate, ReferenceChange,
    Timestamp, VehicleFile, VehicleKey,
};
use sim::county::County;
use sim::county::vehicles::REGISTERED_COUNT;
use sim::noise::{NoiseRates, Quality, clock_error_ms, read};
use sim::traffic::{Rates, Traffic};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Ahead by so much the whole day.
const WRONG: [(u16, i64); 3] = [(7, 583_000), (21, -340_000), (50, 47_000)];
/// Jumps at ten.
const JUMPS: (u16, i64) = (12, 240_000);
/// Its line takes so much longer than others'.
const SLOW: (u16, i64) = (3, 45_000);
/// One registered vehicle in so many is missing in the register that the learner sees.
const REGISTER_GAP: usize = 40;

/// A fixed sequence that looks random (SplitMix64), uniform in 0..1.
fn unit(seed: u64, number: u64) -> f64 {
    let mut mixed = (number ^ seed << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ mixed >> 31) >> 11) as f64 / (1u64 << 53) as f64
}

fn truly_ahead_ms(county: &County, rates: &NoiseRates, camera: u16, at_ms: i64) -> i64 {
    let wrong = WRONG.iter().find(|(wrong, _)| *wrong == camera).map_or(0, |(_, ms)| *ms);
    let jump = if camera == JUMPS.0 && at_ms >= county.day.start().plus_ms(10 * HOUR_MS).unix_ms() {
        JUMPS.1
    } else {
        0
    };
    clock_error_ms(county, rates, camera, at_ms) + wrong + jump
}

/// What the day was like, for comparison.
#[derive(Default)]
struct Truth {
    /// Reads and misreads by camera and (0) day, (1) night.
    reads: BTreeMap<(u16, usize), (u32, u32)>,
    /// Times of consecutive passages, by way.
    ways: BTreeMap<(u16, u16), Vec<i64>>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seed = std::env::args().nth(1).map_or(Ok(7), |text| text.parse())?;
    let day = CivilDay::from_ymd(2026, 11, 23).ok_or("a date")?;
    let county = Arc::new(County::generate(seed, day));
    let rates = NoiseRates::default();
    let traffic = Traffic::new(county.clone(), Rates::default());
    let start_ms = day.start().unix_ms();
    let passages = traffic.passages(start_ms, start_ms + DAY_MS);
    let mut learner = Learner::new(toml::from_str(include_str!("../../../data/calibration.toml"))?);
    for (index, vehicle) in county.register.vehicles.iter().take(REGISTERED_COUNT).enumerate() {
        if index % REGISTER_GAP != 0 {
            let key = VehicleKey { plate: vehicle.plate, class: vehicle.kind.plate_class() };
            learner.apply(&change(ReferenceChange::Vehicle(file(key))));
        }
    }

    let mut truth = Truth::default();
    let entries = observations(&county, &rates, &passages, &mut truth);

    let mut clocks: BTreeMap<String, Vec<(Timestamp, Timestamp, ClockError)>> = BTreeMap::new();
    let mut misreads: BTreeMap<String, MisreadRate> = BTreeMap::new();
    let mut ways = BTreeMap::new();
    let (mut calibration_count, mut next_due) = (0, start_ms + DUE_EVERY_MS);
    let end = Timestamp::from_unix_ms(start_ms + DAY_MS + MINUTE_MS);
    let total = entries.len();
    for entry in entries.into_iter().map(Entry::Observation).chain([change(ReferenceChange::Tick(end))]) {
        let now = match &entry {
            Entry::Observation(observation) => observation.received_at,
            Entry::Reference(_) => end,
        };
        if now > end {
            continue;
        }
        learner.apply(&entry);
        if now.unix_ms() < next_due {
            continue;
        }
        next_due += DUE_EVERY_MS;
        for due in learner.due(now) {
            match &due {
                ReferenceChange::Calibrations(all) => {
                    for one in all {
                        calibration_count += 1;
                        clocks.entry(one.device.to_string()).or_default().push((now, one.from, one.clock));
                        misreads.extend(one.misread.map(|misread| (one.device.to_string(), misread)));
                    }
                }
                ReferenceChange::TravelTimes(all) => {
                    ways.extend(all.iter().map(|way| ((way.from.clone(), way.to.clone()), way.clone())));
                }
                _ => {}
            }
            learner.apply(&change(due));
        }
    }
    println!("{total} observations; {calibration_count} calibrations of {} cameras", clocks.len());
    print_clocks(&county, &rates, start_ms, &clocks);
    print_ways(&county, &mut truth, &ways);
    print_misreads(&county, &truth, &misreads);
    Ok(())
}

/// What the cameras report of the day, in order of receipt.
fn observations(
    county: &County,
    rates: &NoiseRates,
    passages: &[sim::traffic::Passage],
    truth: &mut Truth,
) -> Vec<Observation> {
    let mut last: BTreeMap<u32, (u16, i64)> = BTreeMap::new();
    let mut entries: Vec<Observation> = Vec::new();
    for (number, passage) in (0..).zip(passages) {
        if let Some((from, at_ms)) = last.insert(passage.vehicle, (passage.checkpoint, passage.at_ms))
            && from != passage.checkpoint
            && passage.at_ms - at_ms < 2 * HOUR_MS
        {
            truth.ways.entry((from, passage.checkpoint)).or_default().push(passage.at_ms - at_ms);
        }
        let ahead_ms = truly_ahead_ms(county, rates, passage.checkpoint, passage.at_ms);
        let observation = observe(county, rates, passage, number, ahead_ms, truth);
        if unit(4, number) < 0.02 {
            let again = observation.received_at.plus_ms((unit(5, number) * 5_000.0) as i64);
            entries.push(Observation { received_at: again, ..observation.clone() });
        }
        entries.push(observation);
    }
    entries.sort_by_key(|observation| observation.received_at);
    entries
}

fn change(change: ReferenceChange) -> Entry {
    Entry::Reference(Box::new(change))
}

fn observe(
    county: &County,
    rates: &NoiseRates,
    passage: &sim::traffic::Passage,
    number: u64,
    ahead_ms: i64,
    truth: &mut Truth,
) -> Observation {
    let checkpoint = &county.checkpoints[passage.checkpoint as usize];
    let read = read(county, rates, passage);
    let night =
        usize::from(!(6..18).contains(&((passage.at_ms - county.day.start().unix_ms()) / HOUR_MS % 24)));
    if read.quality != Quality::NoPlate {
        let counts = truth.reads.entry((passage.checkpoint, night)).or_default();
        counts.0 += 1;
        counts.1 += u32::from(read.quality != Quality::Exact);
    }
    let slow_ms = if passage.checkpoint == SLOW.0 { SLOW.1 } else { 0 };
    let late_ms =
        if unit(1, number) < 0.05 { HOUR_MS + (unit(2, number) * 4.0 * HOUR_MS as f64) as i64 } else { 0 };
    // Mostly within a second, sometimes some.
    let delay_ms = 300 + (unit(3, number).powi(3) * 4_000.0) as i64 + slow_ms + late_ms;
    Observation {
        id: ObservationId(number.into()),
        device: DeviceId::from(checkpoint.camera_id.as_str()),
        captured_at: Timestamp::from_unix_ms((passage.at_ms + ahead_ms).div_euclid(1_000) * 1_000),
        received_at: Timestamp::from_unix_ms(passage.at_ms + delay_ms),
        fact: Fact::Passage(Passage {
            plate: Plate::parse(&read.text).ok(),
            plate_class: county.register.vehicles[passage.vehicle as usize].kind.plate_class(),
            plate_confidence: Some(read.confidence),
            ..Passage::unread(CheckpointId::from(checkpoint.id.as_str()))
        }),
    }
}

fn file(key: VehicleKey) -> VehicleFile {
    VehicleFile {
        key,
        vehicle_type: None,
        use_code: None,
        key_class: None,
        body_color: None,
        owner: SmolStr::default(),
        inspection_valid_until: None,
        scrap_by: None,
        unhandled_offences: 0,
        is_night_exempt: false,
    }
}

/// The value that a share of `all` does not exceed.
fn quantile<T: Copy + PartialOrd>(all: &mut [T], share: f64) -> Option<T> {
    all.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
    all.get(((all.len() as f64 - 1.0).max(0.0) * share) as usize).copied()
}

fn print_clocks(
    county: &County,
    rates: &NoiseRates,
    start_ms: i64,
    clocks: &BTreeMap<String, Vec<(Timestamp, Timestamp, ClockError)>>,
) {
    println!("\nclocks that are wrong, and the slow line: published at, ahead by, ± (truly)");
    let special = WRONG.iter().map(|(camera, _)| *camera).chain([JUMPS.0, SLOW.0, 35]);
    for camera in special {
        let id = county.checkpoints[usize::from(camera)].camera_id.as_str();
        for (at, from, clock) in clocks.get(id).into_iter().flatten() {
            let minute = |at: Timestamp| {
                let minutes = (at.unix_ms() - start_ms).div_euclid(MINUTE_MS);
                format!(
                    "{}{:02}:{:02}",
                    if minutes < 0 { "-" } else { "" },
                    minutes.abs() / 60,
                    minutes.abs() % 60
                )
            };
            let truly_ms = truly_ahead_ms(county, rates, camera, at.unix_ms());
            println!(
                "  camera {camera:2}  {}  from {}  {:8} ± {:5} ms  ({truly_ms:8}, off by {:6})",
                minute(*at),
                minute(*from),
                clock.ahead_ms,
                clock.uncertainty_ms,
                clock.ahead_ms - truly_ms
            );
        }
    }
    // Each camera at each half hour after the first three: what is known then beside the truth.
    let (mut offs, mut within, mut unknown) = (Vec::new(), 0, 0);
    for camera in 0..county.checkpoints.len() as u16 {
        let id = county.checkpoints[usize::from(camera)].camera_id.as_str();
        for half_hour in 6..48 {
            let at_ms = start_ms + half_hour * 30 * MINUTE_MS;
            let known = clocks.get(id).into_iter().flatten().rev().find(|(at, ..)| at.unix_ms() <= at_ms);
            let Some((_, _, clock)) = known else {
                unknown += 1;
                continue;
            };
            let off_ms = clock.ahead_ms - truly_ahead_ms(county, rates, camera, at_ms);
            within += usize::from(off_ms.unsigned_abs() <= clock.uncertainty_ms.into());
            offs.push((off_ms, camera));
        }
    }
    let mut sizes: Vec<i64> = offs.iter().map(|(off, _)| off.abs()).collect();
    let mut signed: Vec<i64> = offs.iter().map(|(off, _)| *off).collect();
    println!(
        "all cameras, 03:00-24:00: median {:?} ms, |off| median {:?} p95 {:?} p99 {:?} max {:?} ms; {:.1} % within the stated uncertainty; {unknown} unknown",
        quantile(&mut signed, 0.5),
        quantile(&mut sizes, 0.5),
        quantile(&mut sizes, 0.95),
        quantile(&mut sizes, 0.99),
        sizes.last(),
        within as f64 * 100.0 / offs.len().max(1) as f64,
    );
}

fn print_ways(
    county: &County,
    truth: &mut Truth,
    ways: &BTreeMap<(CheckpointId, CheckpointId), domain::TravelTime>,
) {
    let index: BTreeMap<CheckpointId, u16> =
        county.checkpoints.iter().map(|c| CheckpointId::from(c.id.as_str())).zip(0..).collect();
    let (mut shortest, mut usual, mut too_long) = (Vec::new(), Vec::new(), Vec::new());
    for way in ways.values() {
        let key = (index[&way.from], index[&way.to]);
        let Some(times) = truth.ways.get_mut(&key).filter(|times| times.len() >= 60) else { continue };
        let (low, middle) = (quantile(times, 0.015), quantile(times, 0.5));
        if let (Some(low), Some(middle)) = (low, middle) {
            shortest.push(way.shortest_ms as f64 / low as f64);
            usual.push(way.usual_ms as f64 / middle as f64);
            let faster = times.partition_point(|ms| *ms < way.shortest_ms);
            too_long.push(faster as f64 / times.len() as f64);
        }
    }
    println!("\nways: {} published, {} of them with 60 true drives or more", ways.len(), shortest.len());
    let line = |name: &str, all: &mut Vec<f64>| {
        let [p5, p50, p95] = [0.05, 0.5, 0.95].map(|share| quantile(all, share).unwrap_or_default());
        println!("  {name:42} p5 {p5:.3}  median {p50:.3}  p95 {p95:.3}");
    };
    line("shortest / true quantile of 1.5 %", &mut shortest);
    line("usual / true median", &mut usual);
    line("share of true drives below shortest", &mut too_long);
}

fn print_misreads(county: &County, truth: &Truth, misreads: &BTreeMap<String, MisreadRate>) {
    let mut offs = [Vec::new(), Vec::new()];
    for (camera, checkpoint) in (0..).zip(&county.checkpoints) {
        let Some(known) = misreads.get(checkpoint.camera_id.as_str()) else { continue };
        for (night, permille) in [known.day_permille, known.night_permille].into_iter().enumerate() {
            if let Some((reads, wrong)) = truth.reads.get(&(camera, night)).filter(|(reads, _)| *reads > 300)
            {
                offs[night].push(i64::from(permille) - i64::from(wrong * 1_000 / reads));
            }
        }
    }
    println!("\nmisreads: {} cameras", misreads.len());
    for (name, offs) in ["day", "night"].iter().zip(&mut offs) {
        let median = quantile(offs, 0.5);
        let mut sizes: Vec<i64> = offs.iter().map(|off| off.abs()).collect();
        println!(
            "  {name:5} permille off: median {median:?}, |off| p95 {:?}, max {:?}",
            quantile(&mut sizes, 0.95),
            sizes.last()
        );
    }
}
