//! How fast the engine judges and how much it remembers: `cargo run --release -p judgement --example throughput`.
//!
//! Vehicles pass two checkpoints each. The first argument is the number of live plates, by default 1,000,000. Entries are
//! made in batches, so that only judging is timed.

#![expect(clippy::print_stdout, reason = "prints its figures")]

mod county;

use county::{DAY, Dice, PASSAGES_PER_PLATE, entry, plates_asked, reference, shipped};
use domain::{Entry, Outcome, ReferenceChange};
use judgement::Engine;
use std::time::{Duration, Instant};

const PLATES_DEFAULT: u64 = 1_000_000;
const BATCH: u64 = 10_000;

/// Resident memory of this process; 0 where there is no `/proc`.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    kilobytes.unwrap_or_default() * 1024
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let plates = plates_asked(PLATES_DEFAULT)?;
    let parameters = shipped()?;
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
