//! What the history takes on the disk and how quick it is, on passages as a county has them.
//!
//! `cargo run --release -p history --example measure -- FOLDER [year-rows-in-millions] [day-rows-in-millions]`
//!
//! Two parts. A day of passages in the order of arrival goes the way of the product: sealed, merged, read in the journal's
//! order, searched. A year of sightings is written month by month as merged files, and single vehicles are traced over it.
//! Vehicles pass with a skewed frequency, mostly at a few places of their own; cameras write whole seconds, and misread 2 %.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a command line")]

use domain::observation::{Fact, Passage};
use domain::time::{DAY_MS, SECOND_MS};
use domain::{
    CheckpointId, CivilDay, DeviceId, Entry, Observation, ObservationId, Plate, PlateClass, PlateColor,
    Timestamp, VehicleType,
};
use history::{Conditions, History, Kind, Pattern, PlateKey, Projection, Seal, Sighting};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// At 20,000 passages a day each these make a milliard a year.
const CHECKPOINTS: u32 = 137;
/// Mean passages of a vehicle in a year.
const PASSAGES_A_VEHICLE: u64 = 200;
const MISREAD_PERMILLE: u32 = 20;
const SEAL_ROWS: usize = 100_000;

struct Vehicle {
    plate: Plate,
    class: PlateClass,
    kind: &'static str,
    color: char,
    /// Passages in relation to the mean.
    rate: f64,
    places: [u32; 6],
}

const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";

fn vehicle(n: u64, of: u64) -> Vehicle {
    let mut random = ChaCha8Rng::seed_from_u64(n);
    let letter = |random: &mut ChaCha8Rng| char::from(LETTERS[random.random_range(0..LETTERS.len())]);
    // Nine of ten are from here.
    let home = if random.random_range(0..10) < 9 {
        "鲁Q".to_owned()
    } else {
        format!("鲁{}", letter(&mut random))
    };
    let serial = n * 2_654_435_761 % 10_000_000;
    let text = format!("{home}{}{}{:03}", letter(&mut random), serial / 100_000 % 10, serial % 1_000);
    let text = if random.random_range(0..4) == 0 {
        format!("{home}{}{}", serial % 90_000 + 10_000, letter(&mut random))
    } else {
        text
    };
    let text: String = text.chars().take(7).collect();
    let (class, kind) = match random.random_range(0..10) {
        0 => (PlateClass::LARGE, "H11"),
        1 => (PlateClass::SMALL_NEW_ENERGY, "K33"),
        2 => (PlateClass::SMALL, "K31"),
        _ => (PlateClass::SMALL, "K33"),
    };
    let rank = (n % of) as f64 / of as f64;
    Vehicle {
        plate: Plate::parse(&text).unwrap(),
        class,
        kind,
        color: char::from(b"AABHJ"[random.random_range(0..5)]),
        rate: 0.25 * (rank + 0.02).powf(-0.75),
        places: std::array::from_fn(|_| random.random_range(0..CHECKPOINTS)),
    }
}

fn checkpoint(n: u32) -> CheckpointId {
    CheckpointId::from(format!("3713270000121{n:07}").as_str())
}

/// A vehicle is seen.
fn sighting(vehicle: &Vehicle, at: Timestamp, places: &[CheckpointId], random: &mut ChaCha8Rng) -> Sighting {
    let is_usual = random.random_range(0..10) < 8;
    let place = if is_usual {
        vehicle.places[random.random_range(0..6)]
    } else {
        random.random_range(0..CHECKPOINTS)
    };
    let delay = 150 + random.random_range(0..900) + if random.random_range(0..200) == 0 { 60_000 } else { 0 };
    let speed = 20 + (0..4).map(|_| random.random_range(0..20_u16)).sum::<u16>();
    let plate = if random.random_range(0..1_000) < MISREAD_PERMILLE {
        let symbol = char::from(b"0123456789BDGSTZ"[random.random_range(0..16)]);
        vehicle.plate.with_symbol(random.random_range(2..7), symbol).unwrap()
    } else {
        vehicle.plate
    };
    Sighting {
        plate: plate.into(),
        captured_at: at,
        received_at: at.plus_ms(delay),
        checkpoint: places[place as usize].clone(),
        plate_class: vehicle.class,
        plate_color: vehicle.class.color(),
        lane: Some(random.random_range(1..4)),
        direction: Some(random.random_range(1..3)),
        speed_kmh: Some(speed),
        plate_confidence: Some(100 - random.random_range(0..4_u8) * random.random_range(0..4_u8)),
        vehicle_type: VehicleType::parse(vehicle.kind),
        body_color: Some(vehicle.color),
    }
}

/// The same as a camera reports it.
fn observation(row: &Sighting, picture: u64) -> Observation {
    let plate = row.plate.plate();
    let text = row.plate.to_string();
    let device = DeviceId(row.checkpoint.0.replace("000121", "000119").into());
    let kind = row.vehicle_type.map(|kind| kind.to_string()).unwrap_or_default();
    let color = match row.plate_color {
        PlateColor::Yellow => "6",
        PlateColor::Green => "9",
        _ => "5",
    };
    let id = ObservationId::of(&[
        b"1400",
        device.as_str().as_bytes(),
        row.checkpoint.as_str().as_bytes(),
        &[row.lane.unwrap(), row.direction.unwrap(), row.plate_class.0],
        &row.captured_at.unix_ms().to_be_bytes(),
        text.as_bytes(),
        color.as_bytes(),
        kind.as_bytes(),
        &row.speed_kmh.unwrap().to_be_bytes(),
    ]);
    let passage = Passage {
        lane: row.lane,
        direction: row.direction,
        plate_text: text.into(),
        plate,
        plate_confidence: row.plate_confidence,
        plate_class: row.plate_class,
        plate_color: row.plate_color,
        vehicle_type: row.vehicle_type,
        body_color: row.body_color,
        speed_kmh: row.speed_kmh,
        pictures: vec![
            format!("j{picture}").as_str().into(),
            format!("j{}", picture + 61_234).as_str().into(),
        ],
        ..Passage::unread(row.checkpoint.clone())
    };
    let (captured_at, received_at) = (row.captured_at, row.received_at);
    Observation { id, device, captured_at, received_at, fact: Fact::Passage(passage) }
}

fn per_second(rows: u64, began_at: Instant) -> f64 {
    rows as f64 / began_at.elapsed().as_secs_f64()
}

fn merge_all(history: &History, now: Timestamp) -> (u64, f64) {
    let (began_at, mut rows) = (Instant::now(), 0);
    while let Some(merge) = history.next_merge(now) {
        let merged = history.merge(&merge, &|| false).unwrap();
        rows += merged.rows;
        let gone: Vec<PathBuf> = merge.inputs().iter().map(|segment| segment.path.clone()).collect();
        history.publish(vec![merged], &gone);
        drop(merge);
        history.sweep();
    }
    (rows, per_second(rows, began_at))
}

fn bytes_a_row(history: &History, projection: Projection) -> f64 {
    let view = history.view();
    let of = |get: fn(&history::Segment) -> u64| -> u64 {
        view.segments(Kind::Passages, projection).map(|segment| get(segment)).sum()
    };
    of(|segment| segment.bytes) as f64 / of(|segment| segment.rows) as f64
}

/// A day in the order of arrival.
fn day(root: PathBuf, rows: u64) {
    let history = Arc::new(History::open(root, Vec::new()).unwrap().0);
    let today = CivilDay::from_ymd(2026, 11, 23).unwrap();
    let places: Vec<CheckpointId> = (0..CHECKPOINTS).map(checkpoint).collect();
    let vehicles: Vec<Vehicle> = (0..200_000).map(|n| vehicle(n, 200_000)).collect();
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut seen: Vec<Sighting> = Vec::with_capacity(rows as usize);
    while (seen.len() as u64) < rows {
        let vehicle = &vehicles[random.random_range(0..vehicles.len())];
        if random.random_range(0.0..5.0) < vehicle.rate {
            let at = today.start().plus_ms(random.random_range(0..86_000) * SECOND_MS);
            seen.push(sighting(vehicle, at, &places, &mut random));
        }
    }
    seen.sort_by_key(|row| row.received_at);
    let entries: Vec<Entry> =
        (0..).zip(&seen).map(|(n, row)| Entry::Observation(observation(row, n * 130_000))).collect();
    drop(seen);
    let began_at = Instant::now();
    let mut offset = 24;
    for part in entries.chunks(SEAL_ROWS) {
        let mut seal = Seal::new(offset, today.start());
        for entry in part {
            seal.push(offset, offset + 140, entry);
            offset += 140;
        }
        let segments = history.write(&mut seal).unwrap();
        history.publish_sealed(segments);
    }
    println!("archive: {:.0} rows/s into both projections", per_second(rows, began_at));
    println!(
        "sealed: {:.2} bytes a row by arrival, {:.2} by plate",
        bytes_a_row(&history, Projection::Arrival),
        bytes_a_row(&history, Projection::Plate)
    );
    let (merged, rate) = merge_all(&history, today.start().plus_ms(60 * DAY_MS));
    println!("merge: {merged} rows at {rate:.0} rows/s");
    println!(
        "merged: {:.2} bytes a row by arrival, {:.2} by plate",
        bytes_a_row(&history, Projection::Arrival),
        bytes_a_row(&history, Projection::Plate)
    );
    for run in 0..2 {
        let began_at = Instant::now();
        let count = history.arrival(0..u64::MAX).map(Result::unwrap).count();
        println!("arrival, run {run}: {count} entries at {:.0} rows/s", per_second(rows, began_at));
    }
    assert!(history.arrival(0..u64::MAX).map(|item| item.unwrap().1).eq(entries), "every entry comes back");
    let all = Timestamp::from_unix_ms(0)..=Timestamp::from_unix_ms(i64::MAX);
    let conditions = Conditions { plate: Pattern::parse("*12?4*"), ..Conditions::within(all.clone()) };
    let began_at = Instant::now();
    let found = history.search(&conditions, None, 500);
    println!(
        "search *12?4*: {} rows of {} looked at in {:.1} ms",
        found.rows.len(),
        found.looked_at,
        began_at.elapsed().as_secs_f64() * 1e3
    );
    let none = Conditions { plate: Pattern::parse("琼Z00000"), ..Conditions::within(all.clone()) };
    let began_at = Instant::now();
    let found = history.search(&none, None, 500);
    println!(
        "search for a plate that is not there: {} looked at, {:.0} rows/s",
        found.looked_at,
        per_second(found.looked_at, began_at)
    );
    let began_at = Instant::now();
    let flows = history.flows(&Conditions::within(all));
    println!("flows: {} counts, {:.0} rows/s", flows.counts.len(), per_second(rows, began_at));
}

/// A year by plate.
fn year(root: PathBuf, rows: u64) {
    let history = History::open(root, Vec::new()).unwrap().0;
    let count = (rows / PASSAGES_A_VEHICLE).max(1);
    let places: Vec<CheckpointId> = (0..CHECKPOINTS).map(checkpoint).collect();
    let mut vehicles: Vec<Vehicle> = (0..count).map(|n| vehicle(n, count)).collect();
    let sum: f64 = vehicles.iter().map(|vehicle| vehicle.rate).sum();
    let scale = rows as f64 / 12.0 / sum;
    vehicles.sort_by_key(|vehicle| PlateKey::from(vehicle.plate));
    let began_at = Instant::now();
    let (mut written, mut bytes) = (0, 0);
    for month in 1..=12_u8 {
        let first = CivilDay::from_ymd(2026, month, 1).unwrap();
        let mut random = ChaCha8Rng::seed_from_u64(u64::from(month));
        // Read wrong, they belong elsewhere.
        let mut misread: Vec<Sighting> = Vec::new();
        let mut right: Vec<Sighting> = Vec::with_capacity(rows as usize / 12 + 1_000);
        for vehicle in &vehicles {
            let key = PlateKey::from(vehicle.plate);
            let mean = vehicle.rate * scale;
            let passages = (mean * random.random_range(0.0..2.0) + random.random_range(0.0..1.0)) as u64;
            let start = right.len();
            for _ in 0..passages {
                let second = random.random_range(0..30 * 86_400);
                let row = sighting(vehicle, first.start().plus_ms(second * SECOND_MS), &places, &mut random);
                if row.plate == key { right.push(row) } else { misread.push(row) }
            }
            right[start..].sort_by_key(|row| (row.captured_at, row.received_at));
        }
        right.append(&mut misread);
        right.sort_by_key(|row| (row.plate, row.captured_at, row.received_at));
        let offsets = u64::from(month) * 1_000..u64::from(month + 1) * 1_000;
        let segment = history.write_sightings(first, offsets, right).unwrap();
        written += segment.rows;
        bytes += segment.bytes;
        history.publish(vec![segment], &[]);
    }
    println!(
        "year: {written} rows in 12 files, {:.2} bytes a row, written with their making at {:.0} rows/s",
        bytes as f64 / written as f64,
        per_second(written, began_at)
    );
    let all = Timestamp::from_unix_ms(0)..=Timestamp::from_unix_ms(i64::MAX);
    let mut random = ChaCha8Rng::seed_from_u64(99);
    for run in ["first", "again", "again"] {
        let mut times: Vec<f64> = Vec::new();
        let mut found = 0;
        for _ in 0..1_000 {
            let vehicle = &vehicles[random.random_range(0..vehicles.len())];
            let key = PlateKey::from(vehicle.plate);
            let began_at = Instant::now();
            let trace = history.trace(&(key..=key), &all);
            times.push(began_at.elapsed().as_secs_f64() * 1e3);
            found += trace.rows.len();
        }
        times.sort_by(f64::total_cmp);
        println!(
            "trace over the year, {run}: p50 {:.2} ms, p90 {:.2} ms, p99 {:.2} ms, worst {:.2} ms, {} rows each",
            times[500],
            times[900],
            times[990],
            times[999],
            found / 1_000
        );
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let root = PathBuf::from(arguments.first().map_or("/tmp/history-measure", |text| text));
    let millions =
        |at: usize, usual: u64| arguments.get(at).map_or(usual, |text| text.parse().unwrap()) * 1_000_000;
    let (year_rows, day_rows) = (millions(1, 100), millions(2, 3));
    if day_rows > 0 {
        day(root.join("day"), day_rows);
    }
    if year_rows > 0 {
        year(root.join("year"), year_rows);
    }
}
