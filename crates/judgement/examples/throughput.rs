//! How fast the engine judges and how much it remembers (P1, P7): `cargo run --release -p judgement --example throughput`.
//!
//! The arguments are `[plates [passages per plate [registered [threads [models]]]]]`, by default 1,000,000, 2, half of the
//! plates, 2 and all models (else their keys, by commas: those that a peer has). Without threads (0) entries are applied one by one. Entries are made in batches, so that only judging is timed,
//! by the clock on the wall and by the time that all threads ran. The digest of what was said is the same however it ran.

#![expect(clippy::print_stdout, reason = "prints its figures")]

mod county;

use county::{County, DAY, Dice, argument, asked_models, resident_bytes, thread_time};
use domain::{Entry, Outcome, ReferenceChange};
use judgement::{Engine, Share};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const PLATES_DEFAULT: u64 = 1_000_000;
/// As many as stay in the cache between being made and being judged, as they do behind the reader of the journal.
const BATCH: u64 = 4_000;
const THREADS_DEFAULT: u64 = 2;

/// How long the threads of [`crew`] ran, without that of `main`.
static OTHERS_RAN_NS: AtomicU64 = AtomicU64::new(0);

/// Runs one share here and each other one on a thread of its own.
fn crew(mut shares: Vec<Share<'_>>) {
    std::thread::scope(|scope| {
        let own = shares.pop();
        for share in shares {
            scope.spawn(|| {
                let began = thread_time();
                share.run();
                let ran = thread_time().saturating_sub(began);
                OTHERS_RAN_NS.fetch_add(ran.as_nanos() as u64, Ordering::Relaxed);
            });
        }
        own.map(Share::run)
    });
}

/// Of outcomes behind those of an earlier digest.
fn digest(outcomes: &[Outcome], before: u64) -> Result<u64, postcard::Error> {
    outcomes.iter().try_fold(before, |before, outcome| {
        Ok(xxhash_rust::xxh3::xxh3_64_with_seed(&postcard::to_allocvec(outcome)?, before))
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let county = County::asked(PLATES_DEFAULT)?;
    let parameters = asked_models(5)?;
    let mut engine = Engine::new(parameters.clone());
    let mut out = Vec::new();
    let bytes_at_first = resident_bytes();
    for change in county.reference() {
        engine.apply(&Entry::Reference(Box::new(change)), &mut out);
    }
    let bytes_before = resident_bytes();

    let threads = argument(4, THREADS_DEFAULT)? as usize;
    let mut said = 0;
    let total = county.passages();
    let mut dice = Dice(1);
    let (mut judging, mut ran) = (Duration::ZERO, Duration::ZERO);
    let mut outcomes = 0;
    let mut next = 0;
    while next < total {
        let batch: Vec<Entry> =
            (next..total.min(next + BATCH)).map(|number| county.entry(number, &mut dice)).collect();
        next += BATCH;
        let (started, running) = (Instant::now(), thread_time());
        if threads == 0 {
            for entry in &batch {
                engine.apply(entry, &mut out);
            }
        } else {
            engine.apply_all(&batch, threads, &mut crew, &mut out);
        }
        ran += thread_time().saturating_sub(running);
        judging += started.elapsed();
        outcomes += out.len();
        said = digest(&out, said)?;
        out.clear();
    }
    let bytes = resident_bytes().saturating_sub(bytes_before);
    ran += Duration::from_nanos(OTHERS_RAN_NS.load(Ordering::Relaxed));

    let stats = engine.stats();
    println!("passages              {total:>12}");
    println!("threads               {threads:>12}");
    println!("passages/s            {:>12.0}", total as f64 / judging.as_secs_f64());
    println!("passages/s of a core  {:>12.0}", total as f64 / ran.as_secs_f64());
    println!("CPU per passage       {:>9.0} ns", ran.as_nanos() as f64 / total as f64);
    println!("outcomes              {outcomes:>12}");
    println!("digest            {said:>16x}");
    println!("live vehicles         {:>12}", stats.vehicles);
    println!("passages remembered   {:>12}", stats.passages_held);
    println!("bytes per vehicle     {:>12.0}", bytes as f64 / stats.vehicles.max(1) as f64);
    println!("registered            {:>12}", stats.registered);
    let of_register = bytes_before.saturating_sub(bytes_at_first) as f64;
    println!("bytes per registered  {:>12.0}", of_register / stats.registered.max(1) as f64);
    println!("resident in all       {:>9} MiB", resident_bytes() >> 20);
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
    let started = thread_time();
    let end = Entry::Reference(Box::new(ReferenceChange::Tick(DAY.start().plus_ms(10 * 86_400_000))));
    engine.apply(&end, &mut Vec::<Outcome>::new());
    let retiring = thread_time().saturating_sub(started);
    let per_timer = retiring.as_nanos() as f64 / stats.timers_armed.max(1) as f64;
    println!("retired               {per_timer:>9.0} ns per timer");
    Ok(())
}
