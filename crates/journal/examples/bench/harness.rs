//! The load of the benchmark, the same for every log that is compared.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// An observation, about as large as a passage without its pictures.
pub(crate) const RECORD_BYTES: usize = 300;
/// Records that are written, and then replayed from the page cache.
const REPLAY_RECORDS: u64 = 500_000;
const BATCH_RECORDS: usize = 100;

/// First lines of the table that [`run`] prints.
pub(crate) const HEAD: &str =
    "| log | load | records/s | appends/s | p50 ms | p99 ms |\n|---|---|---:|---:|---:|---:|";

/// A durable log under test.
pub(crate) trait Log: Sync + Sized {
    /// Opens the log in a folder.
    fn open(dir: &Path) -> Self;
    /// Appends the records and returns when they are durable.
    fn append(&self, records: &[Vec<u8>]);
    /// Reads all records in order, looks at each, and gives their number.
    fn replay(&self) -> u64;
    /// Its folder.
    fn dir(&self) -> &Path;
}

/// Where and how long.
pub(crate) struct Plan {
    /// Is emptied before and after each case.
    pub(crate) dir: PathBuf,
    /// How long each case appends.
    pub(crate) case_duration: Duration,
}

/// Runs all cases and gives the lines of the table to `print`.
pub(crate) fn run<L: Log>(name: &str, plan: &Plan, print: &mut dyn FnMut(String)) {
    for batch_records in [1, BATCH_RECORDS] {
        for appenders in [1, 8, 64] {
            let line = in_empty_dir(plan, |log: &L| load(log, appenders, batch_records, plan.case_duration));
            print(format!("| {name} | {appenders} × {batch_records} {line}"));
        }
    }
    let (stored_bytes, replay_per_s) = in_empty_dir(plan, |log: &L| {
        let batch: Vec<_> = (0..1000).map(record).collect();
        for _ in 0..REPLAY_RECORDS / 1000 {
            log.append(&batch);
        }
        let stored_bytes = disk_bytes(log.dir()) as f64 / REPLAY_RECORDS as f64;
        let started = Instant::now();
        assert_eq!(log.replay(), REPLAY_RECORDS);
        (stored_bytes, REPLAY_RECORDS as f64 / started.elapsed().as_secs_f64())
    });
    print(format!("| {name} | replay | {replay_per_s:.0} | | | |"));
    print(format!("| {name} | disk: {stored_bytes:.0} bytes a record | | | | |"));
}

fn in_empty_dir<L: Log, T>(plan: &Plan, case: impl FnOnce(&L) -> T) -> T {
    clear(&plan.dir);
    let log = L::open(&plan.dir);
    let outcome = case(&log);
    drop(log);
    clear(&plan.dir);
    outcome
}

fn clear(dir: &Path) {
    if dir.exists() {
        fs::remove_dir_all(dir).expect("the folder is ours");
    }
}

/// Half text that repeats, half digits that do not, as in an observation.
fn record(seed: u64) -> Vec<u8> {
    let mut record =
        b"{\"device\":\"51132400001190000001\",\"kind\":\"passage\",\"lane\":1,\"plate\":\"".repeat(3);
    record.truncate(RECORD_BYTES / 2);
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    while record.len() < RECORD_BYTES {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        record.push(state as u8);
    }
    record
}

/// Every appender appends as soon as its last append was answered.
fn load<L: Log>(log: &L, appenders: u64, batch_records: usize, duration: Duration) -> String {
    let is_over = AtomicBool::new(false);
    let started = Instant::now();
    let mut waits: Vec<Duration> = thread::scope(|scope| {
        let threads: Vec<_> = (0..appenders)
            .map(|appender| {
                let is_over = &is_over;
                scope.spawn(move || {
                    let batch: Vec<_> =
                        (0..batch_records as u64).map(|index| record(appender << 32 | index)).collect();
                    let mut waits = Vec::new();
                    while !is_over.load(Ordering::Relaxed) {
                        let asked = Instant::now();
                        log.append(&batch);
                        waits.push(asked.elapsed());
                    }
                    waits
                })
            })
            .collect();
        thread::sleep(duration);
        is_over.store(true, Ordering::Relaxed);
        threads.into_iter().flat_map(|thread| thread.join().expect("appends")).collect()
    });
    let appends_per_s = waits.len() as f64 / started.elapsed().as_secs_f64();
    waits.sort_unstable();
    let millis = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    let records_per_s = appends_per_s * batch_records as f64;
    format!("| {records_per_s:.0} | {appends_per_s:.0} | {:.2} | {:.2} |", millis(0.5), millis(0.99))
}

/// What the files really take, holes not counted.
fn disk_bytes(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).expect("the folder is ours");
    entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                disk_bytes(&path)
            } else {
                fs::metadata(&path).map_or(0, |file| file.blocks() * 512)
            }
        })
        .sum()
}
