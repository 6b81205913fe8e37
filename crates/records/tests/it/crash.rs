//! Killed while it writes: what is found afterwards is a whole number of batches, and the cursor says which.

use crate::{at, warning};
use domain::Outcome;
use records::{Records, cursor};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Outcomes in one batch; offset n of the journal leads to warning n.
const BATCH: u64 = 40;
const KILLS: u64 = 10;
/// Where the writing process finds the database; set only for it.
const CHILD: &str = "ANCHANG_RECORDS_CRASH_TEST";

#[test]
fn killed_mid_write_the_cursor_and_the_warnings_agree() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if let Ok(path) = std::env::var(CHILD) {
        return runtime.block_on(write_for_ever(Path::new(&path)));
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("records.db");
    let mut last = 0;
    for kill in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["crash::killed_mid_write_the_cursor_and_the_warnings_agree", "--exact", "--nocapture"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let started = lines.find(|line| line.as_ref().unwrap().contains("committed"));
        assert!(started.is_some(), "the writer ended by itself");
        std::thread::sleep(Duration::from_millis(7 * kill));
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        last = runtime.block_on(agreed(&path, last));
    }
    assert!(last >= KILLS * BATCH);
}

/// Commits batch after batch from where the cursor stands, and says so after each.
#[expect(clippy::print_stdout, reason = "its parent waits for the line")]
async fn write_for_ever(path: &Path) {
    let records = Records::open(path).await.unwrap();
    let mut done = records.cursor(cursor::JUDGEMENT).await.unwrap().unwrap_or(0);
    loop {
        let batch: Vec<_> =
            (done..done + BATCH).map(|n| Outcome::Raise(Box::new(warning(n as u32)))).collect();
        done += BATCH;
        records.commit_outcomes(&batch, done, at(0), &domain::Desk::default()).await.unwrap();
        println!("committed {done}");
    }
}

/// Checks that the database has exactly the warnings before its cursor; gives the cursor.
async fn agreed(path: &Path, before: u64) -> u64 {
    let records = Records::open(path).await.unwrap();
    let done = records.cursor(cursor::JUDGEMENT).await.unwrap().unwrap();
    assert!(done >= before && done.is_multiple_of(BATCH));
    assert_eq!(records.warning_seq().await.unwrap(), done);
    let mut seq = 0;
    loop {
        let found = records.warnings_changed_after(seq, 500).await.unwrap();
        for record in &found {
            assert_eq!(record.warning, warning(seq as u32));
            seq += 1;
            assert_eq!(record.seq, seq);
        }
        if found.is_empty() {
            break;
        }
    }
    assert_eq!(seq, done);
    records.close().await.unwrap();
    done
}
