//! How long a back-test of a month of a county takes (P6).
//!
//! `cargo run --release -p api --example back_test -- FOLDER [million passages a day [days [model …]]]`
//!
//! Passages as a county has them go the way of the product: sealed, merged, judged with one model by the work that a page
//! starts. The period is all days but four before it and three behind it, which are read as well.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a command line")]

#[path = "../../judgement/examples/county/mod.rs"]
mod county;

use api::Past;
use county::{County, DAY, Dice, shipped};
use domain::observation::Fact;
use domain::time::DAY_MS;
use domain::{Entry, ModelId, Observation, ObservationId, ReferenceChange};
use history::{History, Seal};
use judgement::back_test::Tested;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

const SEAL_ROWS: usize = 100_000;
/// Of each day, those a week's vehicles make.
const PLATES: u64 = 400_000;
const RUN_IN_DAYS: i64 = 4;
const RUN_OUT_DAYS: i64 = 3;
const MODELS: [ModelId; 4] =
    [ModelId::SpotSpeed, ModelId::OverdueInspection, ModelId::AverageSpeed, ModelId::ClonePlate];

/// With the identity that a camera's passage gets, which is not stored.
fn named(mut observation: Observation) -> Observation {
    let Fact::Passage(passage) = &observation.fact else { return observation };
    let kind = passage.vehicle_type.map(|kind| kind.to_string()).unwrap_or_default();
    let color = if passage.plate_color == domain::PlateColor::Yellow { "6" } else { "5" };
    observation.id = ObservationId::of(&[
        b"1400",
        observation.device.as_str().as_bytes(),
        passage.checkpoint.as_str().as_bytes(),
        &[passage.lane.unwrap(), passage.direction.unwrap(), passage.plate_class.0],
        &observation.captured_at.unix_ms().to_be_bytes(),
        passage.plate_text.as_bytes(),
        color.as_bytes(),
        kind.as_bytes(),
        &passage.speed_kmh.unwrap().to_be_bytes(),
    ]);
    observation
}

/// Fills a history.
fn fill(root: &Path, passages_a_day: u64, days: i64) -> Arc<History> {
    let history = History::open(root, Vec::new()).unwrap().0;
    let county = County {
        plates: PLATES,
        passages_per_plate: passages_a_day.div_ceil(PLATES),
        registered: PLATES / 2,
        span_ms: DAY_MS,
    };
    let mut dice = Dice(1);
    let mut offset = 24;
    let mut seal = Seal::new(offset, DAY.start());
    for change in county.reference() {
        // The rules of the measurements of judging are not in force.
        if !matches!(change, ReferenceChange::Rule(_)) {
            seal.push(offset, offset + 100, &Entry::Reference(Box::new(change)));
            offset += 100;
        }
    }
    let began_at = Instant::now();
    for day in 0..days {
        for number in 0..passages_a_day {
            let Entry::Observation(mut observation) = county.entry(number, &mut dice) else { continue };
            observation.captured_at = observation.captured_at.plus_ms(day * DAY_MS);
            observation.captured_at =
                observation.captured_at.plus_ms(-observation.captured_at.unix_ms() % 1_000);
            observation.received_at = observation.received_at.plus_ms(day * DAY_MS);
            let entry = Entry::Observation(named(observation));
            if seal.rows() >= SEAL_ROWS || seal.ends_before(&entry) {
                history.publish_sealed(history.write(&mut seal).unwrap());
                seal = Seal::new(offset, seal.received_at());
            }
            seal.push(offset, offset + 140, &entry);
            offset += 140;
        }
        history.publish_sealed(history.write(&mut seal).unwrap());
        seal = Seal::new(offset, seal.received_at());
        while let Some(merge) = history.next_merge(seal.received_at().plus_ms(2 * DAY_MS)) {
            // What a back-test does not read stays in small files.
            let merged = history.merge(&merge, &|| false).unwrap();
            let gone: Vec<PathBuf> = merge.inputs().iter().map(|segment| segment.path.clone()).collect();
            history.publish(vec![merged], &gone);
            drop(merge);
            history.sweep();
        }
    }
    let rows = passages_a_day * days as u64;
    println!("filled: {rows} passages at {:.0}/s", rows as f64 / began_at.elapsed().as_secs_f64());
    Arc::new(history)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let root = PathBuf::from(arguments.first().map_or("/tmp/history-back-test", |text| text));
    let million: f64 = arguments.get(1).map_or(1.5, |text| text.parse().unwrap());
    let days: i64 = arguments.get(2).map_or(30 + RUN_IN_DAYS + RUN_OUT_DAYS, |text| text.parse().unwrap());
    let asked: Vec<ModelId> = arguments.iter().skip(3).filter_map(|key| ModelId::parse(key)).collect();
    let models = if asked.is_empty() { MODELS.to_vec() } else { asked };
    let passages_a_day = (million * 1e6) as u64;
    let history = fill(&root, passages_a_day, days);
    let parameters = shipped().unwrap();
    let from = DAY.start().plus_ms(RUN_IN_DAYS * DAY_MS);
    let period = from..DAY.start().plus_ms((days - RUN_OUT_DAYS) * DAY_MS);
    let of_period = passages_a_day * (days - RUN_IN_DAYS - RUN_OUT_DAYS) as u64;
    for model in models {
        let past = Past { parameters: &parameters, history: &history, journal: None };
        let tested = Tested::Model { model, tunings: None };
        let ran = past.judge(tested, period.clone(), &|_, _| Ok(())).unwrap();
        println!(
            "{}: {:.1} s for {of_period} passages of the period, {} read with run-in and run-out, {:.0}/s; {} warnings{}",
            model.key(),
            ran.took.as_secs_f64(),
            ran.observations,
            ran.observations as f64 / ran.took.as_secs_f64(),
            ran.warnings.len(),
            if ran.is_cut_off { " (cut off)" } else { "" },
        );
    }
}
