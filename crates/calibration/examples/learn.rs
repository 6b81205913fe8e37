//! What learning costs: `cargo run --release -p calibration --example learn`.
//!
//! A county of 60 cameras and 100,000 registered vehicles; each vehicle passes three cameras in a fixed pseudo-random
//! order, live and in turn. The first argument is the number of passages, by default 3,000,000. Entries are made in
//! batches, so that only learning is timed; the median batch is what it costs on a machine that does nothing else.

#![expect(clippy::print_stdout, reason = "prints its figures")]

use calibration::{DUE_EVERY_MS, Learner};
use domain::observation::{Fact, Observation, Passage};
use domain::{
    CheckpointId, CivilDay, DeviceId, Entry, ObservationId, Plate, PlateClass, ReferenceChange, VehicleFile,
    VehicleKey,
};
use smol_str::{SmolStr, format_smolstr};
use std::time::{Duration, Instant};

const CAMERAS: u64 = 60;
const REGISTERED: u64 = 100_000;
const PASSAGES_DEFAULT: u64 = 3_000_000;
/// Some 0.2 ms of learning: most batches are not interrupted by whatever else the machine does.
const BATCH: u64 = 1_000;
/// A passage each 20 ms: the peak of a county.
const STEP_MS: i64 = 20;
const DAY: CivilDay = CivilDay(20_780);

/// A fixed sequence that looks random (SplitMix64).
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

fn key(vehicle: u64) -> VehicleKey {
    let plate = Plate::parse(&format!("鲁Q{vehicle:05}")).expect("five digits are a serial");
    VehicleKey { plate, class: PlateClass::SMALL }
}

fn entry(number: u64) -> Entry {
    let vehicle = mix(number) % REGISTERED;
    let camera = mix(number ^ 1 << 60) % CAMERAS;
    let passed_at = DAY.start().plus_ms(number as i64 * STEP_MS);
    let delay_ms = 300 + (mix(number ^ 1 << 61) % 1_500) as i64;
    let key = key(vehicle);
    let checkpoint = CheckpointId(format_smolstr!("379927000011900{camera:05}"));
    Entry::Observation(Observation {
        id: ObservationId(number.into()),
        device: DeviceId(format_smolstr!("379927000011910{camera:05}")),
        captured_at: passed_at.plus_ms(-delay_ms),
        received_at: passed_at,
        fact: Fact::Passage(Passage {
            plate: Some(key.plate),
            plate_class: key.class,
            plate_confidence: Some(95),
            ..Passage::unread(checkpoint)
        }),
    })
}

fn file(vehicle: u64) -> Entry {
    Entry::Reference(Box::new(ReferenceChange::Vehicle(VehicleFile {
        key: key(vehicle),
        vehicle_type: None,
        use_code: None,
        key_class: None,
        body_color: None,
        owner: SmolStr::default(),
        inspection_valid_until: None,
        scrap_by: None,
        unhandled_offences: 0,
        is_night_exempt: false,
    })))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let passages = std::env::args().nth(1).map_or(Ok(PASSAGES_DEFAULT), |text| text.parse())?;
    let mut learner = Learner::new(toml::from_str(include_str!("../../../data/calibration.toml"))?);
    for vehicle in 0..REGISTERED {
        learner.apply(&file(vehicle));
    }
    let mut batches = Vec::new();
    let (mut learning, mut asking, mut asked, mut published) = (Duration::ZERO, Duration::ZERO, 0u32, 0);
    let mut next_due = DAY.start().plus_ms(DUE_EVERY_MS);
    let mut next = 0;
    while next < passages {
        let batch: Vec<Entry> = (next..passages.min(next + BATCH)).map(entry).collect();
        next += BATCH;
        let started = Instant::now();
        for entry in &batch {
            learner.apply(entry);
        }
        let took = started.elapsed();
        learning += took;
        batches.push(took.as_nanos() as f64 / batch.len() as f64);
        let now = DAY.start().plus_ms(next as i64 * STEP_MS);
        if now >= next_due {
            next_due = next_due.plus_ms(DUE_EVERY_MS);
            let started = Instant::now();
            let changes = learner.due(now);
            asking += started.elapsed();
            asked += 1;
            published += changes.len();
            for change in changes {
                learner.apply(&Entry::Reference(Box::new(change)));
            }
        }
    }
    let started = Instant::now();
    let bytes = learner.snapshot();
    let stats = learner.stats();
    println!("{passages} passages, {} cameras, {} ways", stats.device_count, stats.way_count);
    batches.sort_by(f64::total_cmp);
    let [median, p95] =
        [batches.len() / 2, batches.len() * 95 / 100].map(|index| batches.get(index).copied());
    println!(
        "apply     {:7.1} ns per passage in the median batch, p95 {:.1}, mean {:.1}",
        median.unwrap_or_default(),
        p95.unwrap_or_default(),
        learning.as_nanos() as f64 / passages as f64
    );
    println!(
        "due       {:7.1} µs each, {asked} times, {published} changes",
        asking.as_secs_f64() * 1e6 / f64::from(asked.max(1))
    );
    println!("snapshot  {:7.1} ms, {} KB", started.elapsed().as_secs_f64() * 1e3, bytes.len() / 1024);
    Ok(())
}
