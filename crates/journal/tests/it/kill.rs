//! The process is killed a hundred times under load; every answered record must be there once.
//!
//! The test runs its own binary as the child, told by an environment variable. The child appends from several threads
//! and says each answered record on its standard output. The parent kills it at some moment and reads the journal.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use journal::{Batch, Journal, Offset, Options};
use tempfile::tempdir;

const KILLS: u32 = 100;
const THREADS: usize = 4;
/// Records of one append, at most.
const BATCH_RECORDS_MAX: u32 = 5;
const CHILD_DIR: &str = "JOURNAL_KILL_TEST_DIR";
const CHILD_ROUND: &str = "JOURNAL_KILL_TEST_ROUND";
const THIS_TEST: &str = "kill::every_answered_record_survives_a_hundred_kills_once";

fn options() -> Options {
    Options {
        segment_bytes_max: 128 << 10, // Small, so that kills also fall on the change of segments.
        retention_bytes_max: None,
        record_bytes_max: 4096,
        group_bytes_max: 64 << 10,
        queue_bytes_max: 128 << 10,
        sync: true,
    }
}

/// A record says who wrote it; its length and filling follow from that.
fn record(round: u32, thread: usize, number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in [round, thread as u32, number] {
        bytes.extend(word.to_le_bytes());
    }
    let filling_bytes = number.wrapping_mul(2_654_435_761) % 3000;
    bytes.extend((0..filling_bytes).map(|index| (index ^ number ^ round) as u8));
    bytes
}

fn named(record: &[u8]) -> (u32, usize, u32) {
    let word = |at: usize| u32::from_le_bytes(record[at..at + 4].try_into().expect("four bytes"));
    (word(0), word(4) as usize, word(8))
}

fn append_until_killed(dir: &Path, round: u32) {
    let (journal, _) = Journal::open(dir, options()).expect("opens");
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let journal = &journal;
            scope.spawn(move || {
                let mut next = 0;
                loop {
                    let count = 1 + (next + thread as u32) % BATCH_RECORDS_MAX;
                    let batch: Batch =
                        (next..next + count).map(|number| record(round, thread, number)).collect();
                    journal.append_blocking(batch).expect("appends");
                    next += count;
                    // One write, so that a kill cannot tear a line. Not `print!`, which the test harness captures.
                    if io::stdout().write_all(format!("answered {thread} {next}\n").as_bytes()).is_err() {
                        return; // The parent is gone.
                    }
                }
            });
        }
    });
}

/// Runs the child, kills it after a while, and gives how many records of each thread it said were answered.
fn run_and_kill(dir: &Path, round: u32) -> [u32; THREADS] {
    let mut child = Command::new(env::current_exe().expect("own path"))
        .args(["--exact", THIS_TEST, "--nocapture"])
        .env(CHILD_DIR, dir)
        .env(CHILD_ROUND, round.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let stdout = child.stdout.take().expect("piped");
    let mut answered = [0; THREADS];
    let mut hear = |line: io::Result<String>| {
        let line = line.expect("text");
        if let Some((thread, count)) = line.strip_prefix("answered ").and_then(|rest| rest.split_once(' ')) {
            answered[thread.parse::<usize>().expect("a thread")] = count.parse().expect("a count");
            return true;
        }
        false
    };
    let mut lines = BufReader::new(stdout).lines();
    // Every fifth kill falls on the start, the others on the load; the moments differ from round to round.
    if !round.is_multiple_of(5) {
        let has_answered = lines.by_ref().any(&mut hear);
        assert!(has_answered, "the child ended by itself");
    }
    thread::scope(|scope| {
        let listening = scope.spawn(move || lines.for_each(|line| _ = hear(line)));
        thread::sleep(Duration::from_micros(u64::from(round) * 7919 % 60_000));
        child.kill().expect("kills"); // SIGKILL.
        child.wait().expect("ends");
        listening.join().expect("hears");
    });
    answered
}

#[test]
fn every_answered_record_survives_a_hundred_kills_once() {
    if let Ok(dir) = env::var(CHILD_DIR) {
        let round = env::var(CHILD_ROUND).ok().and_then(|round| round.parse().ok()).expect("a round");
        append_until_killed(Path::new(&dir), round);
        return;
    }
    let dir = tempdir().expect("dir");
    let mut checked_until = Offset::new(24);
    let (mut answered_count, mut found_count, mut torn_count) = (0, 0, 0);
    for round in 0..KILLS {
        let answered = run_and_kill(dir.path(), round);
        let (journal, report) = Journal::open(dir.path(), options()).expect("opens after a kill");
        assert!(!report.has_damage(), "round {round}: {report}");
        torn_count += u32::from(!report.is_clean());

        let mut found = [0; THREADS];
        let mut reader = journal.reader(checked_until);
        let mut batch = Batch::new();
        while reader.read_batch(64 << 10, &mut batch).expect("reads") > 0 {
            for (offset, payload) in &batch {
                let (of_round, thread, number) = named(payload);
                assert_eq!((of_round, number), (round, found[thread]), "once and in order, at {offset}");
                assert_eq!(payload, record(round, thread, number));
                found[thread] += 1;
            }
        }
        checked_until = reader.position();
        for thread in 0..THREADS {
            let (answered, found) = (answered[thread], found[thread]);
            assert!(found >= answered, "round {round}, thread {thread}: {answered} answered, {found} found");
            assert!(
                found <= answered + 2 * BATCH_RECORDS_MAX,
                "only what was in flight may be there unanswered"
            );
            answered_count += answered;
        }
        found_count += found.iter().sum::<u32>();
    }
    // All of it once more, from the start.
    let (journal, _) = Journal::open(dir.path(), options()).expect("opens");
    let all = crate::support::read_all(&journal).expect("reads");
    assert_eq!(all.len(), found_count as usize);
    assert!(answered_count > KILLS, "there was load");
    println!(
        "{KILLS} kills: {answered_count} records answered, {found_count} found, {torn_count} times mended"
    );
}
