//! A simulated week: memory stays as it is once the horizon is filled.
//! `cargo run --release -p judgement --example week [plates [passages per second]]`.
//!
//! 1,000 passages a second are 600 million a week, too many to wait for. So the traffic is scaled down, by default to a
//! tenth, and with it the bound on remembered passages (`horizon.passages_held_max`); hours stay hours, so that all that
//! is forgotten by time is filled and forgotten as in life. Told are, every six hours of the week, what is remembered and
//! how much memory the process has.

#![expect(clippy::print_stdout, reason = "prints its figures")]

mod county;

use county::{County, Dice, resident_bytes, shipped, thread_time};
use judgement::Engine;
use std::time::Duration;

const PLATES_DEFAULT: u64 = 500_000;
const FULL_PASSAGES_PER_S: u64 = 1_000;
const DEFAULT_PASSAGES_PER_S: u64 = 100;
const WEEK_S: u64 = 7 * 86_400;
const STEP_S: u64 = 6 * 3_600;
const BATCH: u64 = 10_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = |place: usize, default: u64| {
        std::env::args().nth(place).map_or(Ok(default), |text| text.parse::<u64>())
    };
    let (plates, per_s) = (argument(1, PLATES_DEFAULT)?, argument(2, DEFAULT_PASSAGES_PER_S)?);
    let passages_per_plate = (per_s * WEEK_S).div_ceil(plates);
    let span_ms = (passages_per_plate * plates * 1_000 / per_s) as i64;
    let county = County { plates, passages_per_plate, registered: plates / 2, span_ms };
    let mut parameters = shipped()?;
    let held_max = &mut parameters.models.horizon.passages_held_max.value;
    *held_max = *held_max * per_s as i64 / FULL_PASSAGES_PER_S as i64;
    println!("{plates} plates, {per_s} passages a second, at most {held_max} passages remembered");
    let mut engine = Engine::new(parameters);
    let mut out = Vec::new();
    for change in county.reference() {
        engine.apply(&domain::Entry::Reference(Box::new(change)), &mut out);
    }
    println!("  hour  passages  remembered  hours  forgotten  vehicles    timers  resident  CPU/passage");
    let (mut dice, mut ran, mut next, mut told) = (Dice(1), Duration::ZERO, 0, 0);
    while next < county.passages() {
        let until = county.passages().min(next + BATCH);
        let batch: Vec<_> = (next..until).map(|number| county.entry(number, &mut dice)).collect();
        next = until;
        let running = thread_time();
        for entry in &batch {
            engine.apply(entry, &mut out);
        }
        ran += thread_time().saturating_sub(running);
        out.clear();
        if next / per_s / STEP_S > told {
            told = next / per_s / STEP_S;
            let stats = engine.stats();
            println!(
                "{:>6} {:>9} {:>11} {:>6} {:>10} {:>9} {:>9} {:>5} MiB {:>9.0} ns",
                told * STEP_S / 3_600,
                next,
                stats.passages_held,
                stats.passage_hours,
                stats.forgotten_early,
                stats.vehicles,
                stats.timers_armed,
                resident_bytes() >> 20,
                ran.as_nanos() as f64 / next as f64,
            );
        }
    }
    Ok(())
}
