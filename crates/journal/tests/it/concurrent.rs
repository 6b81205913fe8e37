//! Many appenders and readers at once.

use std::thread;
use std::time::Duration;

use journal::{Batch, Journal, Options};
use tempfile::tempdir;

use crate::support::small;

const APPENDERS: u8 = 8;
const APPENDS: u32 = 100;

fn record(appender: u8, number: u32) -> Vec<u8> {
    let mut record = vec![appender];
    record.extend(number.to_le_bytes());
    record.resize(5 + (number as usize * 7) % 200, appender);
    record
}

/// Every record once, and each appender's in its own order.
fn check(records: &[Vec<u8>]) {
    let mut next = [0u32; APPENDERS as usize];
    for found in records {
        let appender = found[0] as usize;
        assert_eq!(*found, record(found[0], next[appender]));
        next[appender] += 1;
    }
    assert_eq!(next, [APPENDS; APPENDERS as usize]);
}

#[test]
fn a_reader_beside_many_appenders_sees_every_record_once_in_order() {
    let dir = tempdir().expect("dir");
    let (journal, _) = Journal::open(dir.path(), Options { sync: false, ..small() }).expect("opens");
    let seen = thread::scope(|scope| {
        for appender in 0..APPENDERS {
            let journal = &journal;
            scope.spawn(move || {
                let mut last = None;
                for number in 0..APPENDS {
                    let appended = journal.append_blocking(record(appender, number)).expect("appends");
                    assert!(last < Some(appended.first) && appended.end <= journal.end());
                    last = Some(appended.first);
                }
            });
        }
        let (mut reader, mut batch, mut seen) = (journal.reader(journal.first()), Batch::new(), Vec::new());
        while seen.len() < APPENDERS as usize * APPENDS as usize {
            if reader.read_batch(1000, &mut batch).expect("reads") == 0 {
                assert!(reader.wait_blocking(Duration::from_secs(30)), "appends go on");
            }
            seen.extend(batch.iter().map(|(_, payload)| payload.to_vec()));
        }
        seen
    });
    check(&seen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn async_appenders_share_syncs_and_watchers_see_the_end() {
    let dir = tempdir().expect("dir");
    let options = Options {
        queue_bytes_max: 1 << 20,
        group_bytes_max: 64 << 10,
        segment_bytes_max: 1 << 20,
        ..small()
    };
    let (journal, _) = Journal::open(dir.path(), options).expect("opens");
    let mut watched = journal.subscribe();
    let tasks: Vec<_> = (0..APPENDERS)
        .map(|appender| {
            let journal = journal.clone();
            tokio::spawn(async move {
                for number in 0..APPENDS {
                    journal.append(record(appender, number)).await.expect("appends");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("ends");
    }
    assert!(watched.has_changed().expect("open"));
    assert_eq!(*watched.borrow_and_update(), journal.end());
    let stats = journal.stats();
    assert_eq!((stats.records, stats.queued_bytes), (u64::from(APPENDS) * u64::from(APPENDERS), 0));
    assert!(stats.groups < stats.records, "{stats:?}");
    let records: Vec<Vec<u8>> =
        crate::support::read_all(&journal).expect("reads").into_iter().map(|(_, payload)| payload).collect();
    check(&records);
}

#[test]
fn dropping_the_journal_writes_what_was_queued() {
    let dir = tempdir().expect("dir");
    let (journal, _) = Journal::open(dir.path(), small()).expect("opens");
    thread::scope(|scope| {
        for appender in 0..4u8 {
            let journal = journal.clone();
            scope.spawn(move || journal.append_blocking(vec![appender]).expect("appends"));
        }
        drop(journal);
    });
    let (journal, report) = Journal::open(dir.path(), small()).expect("the lock is free");
    assert!(report.is_clean());
    assert_eq!(crate::support::read_all(&journal).expect("reads").len(), 4);
}
