//! How long judging stands still for a snapshot: `cargo run --release -p judgement --example freeze`.
//!
//! Builds the state of 5,000,000 live plates (or of the first argument), and then times each entry: first with nothing
//! beside it, then from a freeze on until another thread has made all parts of the snapshot. Entries follow one another
//! as fast as they are judged, which is the hardest case: the more is written, the more shards are copied. Times are those
//! that the judging thread ran (Linux), so that neighbours on the machine don't show.

#![expect(clippy::print_stdout, reason = "prints its figures")]

mod county;

use county::{County, Dice, shipped, thread_time};
use domain::{Entry, Outcome};
use judgement::Engine;
use std::time::{Duration, Instant};

const PLATES_DEFAULT: u64 = 5_000_000;
const BATCH: u64 = 1_000;
/// Entries that are timed with nothing beside them.
const ALONE: u64 = 1_000_000;
const SNAPSHOTS: usize = 3;

/// The passages of the county, applied one after the other.
struct Traffic {
    engine: Engine,
    dice: Dice,
    county: County,
    next: u64,
    out: Vec<Outcome>,
}

impl Traffic {
    /// Judges a batch; what each entry took is appended to `times`.
    fn judge_batch(&mut self, times: &mut Vec<Duration>) {
        let batch: Vec<Entry> =
            (self.next..self.next + BATCH).map(|number| self.county.entry(number, &mut self.dice)).collect();
        self.next += BATCH;
        let mut begun = thread_time();
        for entry in &batch {
            self.engine.apply(entry, &mut self.out);
            let ended = thread_time();
            times.push(ended.saturating_sub(begun));
            begun = ended;
        }
        self.out.clear();
    }
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |permille_of_permille: usize| times[(times.len() - 1) * permille_of_permille / 1_000_000];
    let sum: Duration = times.iter().sum();
    println!(
        "{what:<22} {:>9} entries, mean {:>6.2} us, p99.9 {:>7.2} us, longest {:>7.2} ms",
        times.len(),
        sum.as_secs_f64() * 1e6 / times.len() as f64,
        at(999_000).as_secs_f64() * 1e6,
        at(1_000_000).as_secs_f64() * 1e3,
    );
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let county = County::asked(PLATES_DEFAULT)?;
    let mut traffic =
        Traffic { engine: Engine::new(shipped()?), dice: Dice(1), county, next: 0, out: Vec::new() };
    for change in county.reference() {
        traffic.engine.apply(&Entry::Reference(Box::new(change)), &mut traffic.out);
    }
    let mut times = Vec::new();
    while traffic.next < county.passages() {
        traffic.judge_batch(&mut times);
        times.clear();
    }
    println!("live vehicles          {:>9}", traffic.engine.stats().vehicles);
    for _ in 0..ALONE / BATCH {
        traffic.judge_batch(&mut times);
    }
    print("nothing beside it", std::mem::take(&mut times));
    for _ in 0..SNAPSHOTS {
        let begun = thread_time();
        let frozen = traffic.engine.freeze();
        let freezing = thread_time().saturating_sub(begun);
        let writer = std::thread::spawn(move || {
            let begun = Instant::now();
            let bytes: usize = frozen.into_parts().map(|part| part.bytes.len()).sum();
            (bytes, begun.elapsed())
        });
        while !writer.is_finished() {
            traffic.judge_batch(&mut times);
        }
        let Ok((bytes, took)) = writer.join() else { return Err("the other thread panicked".into()) };
        println!(
            "snapshot               frozen in {:.2} ms; {} MB made in {:.1} s beside judging",
            freezing.as_secs_f64() * 1e3,
            bytes / 1_000_000,
            took.as_secs_f64()
        );
        print("while it was made", std::mem::take(&mut times));
    }
    Ok(())
}
