//! How fast the engine judges and how much it remembers: `cargo run --release -p judgement --example throughput`.
//!
//! A county of 60 checkpoints and 40 sections, 100,000 registered vehicles and 2,000 watch orders; vehicles pass two
//! checkpoints each, in a fixed pseudo-random order. The first argument is the number of live plates, by default
//! 1,000,000. Entries are made in batches, so that only judging is timed.

#![expect(clippy::print_stdout, reason = "prints its figures")]

use domain::observation::{Fact, Observation, Passage};
use domain::{
    CivilDay, DeviceId, Entry, Level, ObservationId, Outcome, Plate, PlateClass, PlateColor, ReferenceChange,
    Section, VehicleFile, VehicleKey, WatchOrder,
};
use judgement::{Engine, Parameters};
use smol_str::{SmolStr, format_smolstr};
use std::time::{Duration, Instant};

const CHECKPOINTS: u64 = 60;
const SECTIONS: u64 = 40;
const REGISTERED: u64 = 100_000;
const WATCH_ORDERS: u64 = 2_000;
const PLATES_DEFAULT: u64 = 1_000_000;
const PASSAGES_PER_PLATE: u64 = 2;
const BATCH: u64 = 10_000;
const DAY: CivilDay = CivilDay(20_780);

/// Resident memory of this process; 0 where there is no `/proc`.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    kilobytes.unwrap_or_default() * 1024
}

/// A fixed sequence that looks random (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % bound
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let plates = std::env::args().nth(1).map_or(Ok(PLATES_DEFAULT), |text| text.parse())?;
    let parameters = Parameters {
        models: toml::from_str(include_str!("../../../data/models.toml"))?,
        confusions: toml::from_str(include_str!("../../../data/plate-confusions.toml"))?,
    };
    parameters.check()?;
    let mut engine = Engine::new(parameters.clone());
    let mut out = Vec::new();
    for change in reference() {
        engine.apply(&Entry::Reference(Box::new(change)), &mut out);
    }
    let bytes_before = resident_bytes();

    let total = plates * PASSAGES_PER_PLATE;
    let mut dice = Dice(1);
    let mut judging = Duration::ZERO;
    let mut outcomes = 0;
    let mut next = 0;
    while next < total {
        let batch: Vec<Entry> =
            (next..total.min(next + BATCH)).map(|number| entry(number, total, plates, &mut dice)).collect();
        next += BATCH;
        let started = Instant::now();
        for entry in &batch {
            engine.apply(entry, &mut out);
        }
        judging += started.elapsed();
        outcomes += out.len();
        out.clear();
    }
    let bytes = resident_bytes().saturating_sub(bytes_before);

    let stats = engine.stats();
    println!("passages              {total:>12}");
    println!("passages/s (one core) {:>12.0}", total as f64 / judging.as_secs_f64());
    println!("outcomes              {outcomes:>12}");
    println!("live vehicles         {:>12}", stats.vehicles);
    println!("passages remembered   {:>12}", stats.passages_held);
    println!("bytes per vehicle     {:>12.0}", bytes as f64 / stats.vehicles.max(1) as f64);
    println!("timers armed          {:>12}", stats.timers_armed);
    let started = Instant::now();
    let snapshot = engine.snapshot();
    println!(
        "snapshot              {:>9} kB in {:.1} s",
        snapshot.len() / 1000,
        started.elapsed().as_secs_f64()
    );
    let started = Instant::now();
    Engine::restore(parameters, &snapshot)?;
    println!("restored                        in {:.1} s", started.elapsed().as_secs_f64());
    let started = Instant::now();
    let end = Entry::Reference(Box::new(ReferenceChange::Tick(DAY.start().plus_ms(10 * 86_400_000))));
    engine.apply(&end, &mut Vec::<Outcome>::new());
    let per_timer = started.elapsed().as_nanos() as f64 / stats.timers_armed.max(1) as f64;
    println!("retired               {per_timer:>9.0} ns per vehicle");
    Ok(())
}

fn reference() -> Vec<ReferenceChange> {
    let mut dice = Dice(2);
    let mut changes = Vec::new();
    for number in 0..SECTIONS {
        changes.push(ReferenceChange::Section(Section {
            id: format_smolstr!("S{number}").as_str().into(),
            name: SmolStr::default(),
            start: checkpoint(number).as_str().into(),
            end: checkpoint((number + 1) % CHECKPOINTS).as_str().into(),
            length_m: 8_000,
            limit_kmh: 80,
            limit_large_kmh: 60,
        }));
    }
    for number in 0..REGISTERED {
        changes.push(ReferenceChange::Vehicle(VehicleFile {
            key: VehicleKey { plate: plate(number), class: PlateClass::SMALL },
            vehicle_type: None,
            use_code: Some('A'),
            key_class: None,
            body_color: Some('A'),
            owner: SmolStr::default(),
            inspection_valid_until: Some(CivilDay(DAY.0 + 300 - (dice.below(100) == 0) as i32 * 330)),
            scrap_by: None,
            unhandled_offences: dice.below(12) as u16,
            is_night_exempt: false,
        }));
    }
    for number in 0..WATCH_ORDERS {
        changes.push(ReferenceChange::WatchOrder(WatchOrder {
            id: format_smolstr!("W{number}").as_str().into(),
            plate: plate(dice.below(20_000_000)),
            class: None,
            reason: SmolStr::default(),
            level: Level::High,
            from: DAY.start(),
            until: DAY.start().plus_ms(86_400_000),
        }));
    }
    changes
}

/// The passages of a day in the order in which they come; each vehicle drives on to the next checkpoint.
fn entry(number: u64, total: u64, plates: u64, dice: &mut Dice) -> Entry {
    let vehicle = number % plates;
    let first = vehicle.wrapping_mul(7) % CHECKPOINTS;
    let checkpoint = checkpoint((first + number / plates) % CHECKPOINTS);
    let plate = plate(vehicle);
    let captured_at = DAY.start().plus_ms((number * 80_000_000 / total) as i64);
    Entry::Observation(Observation {
        id: ObservationId(u128::from(number) << 64 | u128::from(dice.below(u64::MAX))),
        device: DeviceId(checkpoint.clone()),
        captured_at,
        received_at: captured_at.plus_ms(400 + dice.below(2_000) as i64),
        fact: Fact::Passage(Passage {
            checkpoint: checkpoint.as_str().into(),
            lane: Some(1),
            direction: Some(1),
            plate_text: format_smolstr!("{plate}"),
            plate: Some(plate),
            plate_confidence: Some(90 + dice.below(10) as u8),
            plate_class: PlateClass::SMALL,
            plate_color: PlateColor::Blue,
            vehicle_type: None,
            body_color: Some('A'),
            speed_kmh: Some(60),
            pictures: vec![format_smolstr!("j{number}").as_str().into()],
            behaviours: domain::Behaviours::default(),
            weighing: None,
        }),
    })
}

fn checkpoint(number: u64) -> SmolStr {
    format_smolstr!("371327000012100000{number:02}")
}

/// A plate of its own for each number below 25 million.
fn plate(number: u64) -> Plate {
    const SERIAL: &[u8] = b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let letter = |place: u32| char::from(SERIAL[(number / 34u64.pow(place) % 34) as usize]);
    let text: String = ['鲁', 'Q'].into_iter().chain((0..5).rev().map(letter)).collect();
    Plate::parse(&text)
        .unwrap_or_else(|_| unreachable!("a province, a letter and five serial symbols are a plate"))
}
