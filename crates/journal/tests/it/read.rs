//! Reading, random access, bounds, retention.

use std::time::{Duration, Instant, SystemTime};

use journal::{AppendError, Batch, Journal, Offset, OpenError, Options, ReadError};
use tempfile::tempdir;

use crate::support::{append, open, payloads, read_all, read_rest, segments, small, written};

#[test]
fn records_come_back_in_order_over_segments_and_restarts_from_every_offset() {
    let dir = tempdir().expect("dir");
    let records: Vec<Vec<u8>> = (0..40).map(|index| vec![index as u8; index * 20]).collect();
    let slices: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
    let offsets = written(dir.path(), &slices);
    assert!(segments(dir.path()).len() > 3);
    let (journal, report) = open(dir.path());
    assert!(report.is_clean());
    for (index, &offset) in offsets.iter().enumerate() {
        let rest = read_rest(&mut journal.reader(offset)).expect("reads");
        assert_eq!(payloads(&rest), slices[index..], "from {offset}");
        assert_eq!(journal.read_at(offset).expect("reads"), records[index]);
    }
}

#[test]
fn a_record_longer_than_the_batch_asked_for_is_given_alone() {
    let dir = tempdir().expect("dir");
    let (journal, _) = open(dir.path());
    append(&journal, &[1; 900]);
    append(&journal, b"small");
    let (mut reader, mut batch) = (journal.reader(journal.first()), Batch::new());
    assert_eq!(reader.read_batch(0, &mut batch).expect("reads"), 1);
    assert_eq!(batch.iter().next().expect("one").1, [1; 900]);
    assert_eq!(reader.read_batch(4096, &mut batch).expect("reads"), 1);
    assert_eq!(reader.read_batch(4096, &mut batch).expect("reads"), 0, "caught up");
}

#[test]
fn an_offset_that_is_not_a_records_is_refused() {
    let dir = tempdir().expect("dir");
    let (journal, _) = open(dir.path());
    let offset = append(&journal, b"something");
    assert!(matches!(journal.read_at(Offset::new(offset.get() + 1)), Err(ReadError::Damaged { .. })));
    assert!(matches!(journal.read_at(journal.end()), Err(ReadError::Beyond { .. })));
    let beyond = Offset::new(journal.end().get() + 1);
    let error = journal.reader(beyond).read_batch(100, &mut Batch::new()).expect_err("beyond");
    assert!(matches!(error, ReadError::Beyond { asked, .. } if asked == beyond), "{error}");
}

#[test]
fn what_is_too_large_is_refused_and_nothing_of_it_written() {
    let dir = tempdir().expect("dir");
    let (journal, _) = open(dir.path());
    let error = journal.append_blocking(vec![b"fine".to_vec(), vec![0; 1001]]).expect_err("record");
    assert!(
        matches!(error, AppendError::TooLarge { what: "record", bytes: 1001, bytes_max: 1000 }),
        "{error}"
    );
    let error = journal.append_blocking(vec![vec![0; 700]; 3]).expect_err("batch");
    assert!(
        matches!(error, AppendError::TooLarge { what: "batch", bytes: 2136, bytes_max: 2048 }),
        "{error}"
    );
    assert_eq!(journal.end(), journal.first());
    let nothing = journal.append_blocking(Batch::new()).expect("nothing to do");
    assert_eq!((nothing.first, nothing.end), (journal.end(), journal.end()));
    assert_eq!(journal.stats().groups, 0);
}

#[test]
fn bounds_that_contradict_each_other_are_refused() {
    let dir = tempdir().expect("dir");
    let refused = |change: fn(&mut Options)| {
        let mut options = small();
        change(&mut options);
        matches!(Journal::open(dir.path(), options), Err(OpenError::Options(_)))
    };
    assert!(refused(|options| options.record_bytes_max = options.group_bytes_max));
    assert!(refused(|options| options.group_bytes_max = options.segment_bytes_max as usize));
    assert!(refused(|options| options.queue_bytes_max = options.group_bytes_max - 1));
    assert!(refused(|options| options.retention_bytes_max = Some(options.segment_bytes_max)));
    assert!(!refused(|_| ()));
}

#[test]
fn retention_keeps_the_bound_and_tells_readers_what_has_expired() {
    let dir = tempdir().expect("dir");
    let bytes_max = 3 * 4096;
    let options = Options { retention_bytes_max: Some(bytes_max), ..small() };
    let (journal, _) = Journal::open(dir.path(), options).expect("opens");
    let first = journal.first();
    let mut behind = journal.reader(first);
    for index in 0..60u8 {
        append(&journal, &[index; 500]);
        let disk_bytes: u64 =
            segments(dir.path()).iter().map(|path| path.metadata().expect("file").len()).sum();
        assert!(disk_bytes <= bytes_max, "{disk_bytes}");
        assert_eq!(disk_bytes, journal.stats().disk_bytes);
    }
    let expected = journal.first();
    assert!(expected > first);
    let error = behind.read_batch(100, &mut Batch::new()).expect_err("expired");
    assert!(
        matches!(error, ReadError::Expired { asked, first } if asked == behind.position() && first == expected)
    );
    assert!(matches!(journal.read_at(Offset::START), Err(ReadError::Expired { .. })));
    let kept = read_all(&journal).expect("reads");
    assert!(kept.len() >= 14 && kept.last().expect("some").1 == [59; 500], "{}", kept.len());
    assert_eq!(kept[0].0, expected);
}

#[test]
fn what_is_held_is_kept_beyond_the_bound_until_it_is_let_go() {
    let dir = tempdir().expect("dir");
    let bytes_max = 3 * 4096;
    let options = Options { retention_bytes_max: Some(bytes_max), ..small() };
    let (journal, _) = Journal::open(dir.path(), options).expect("opens");
    let first = journal.first();
    journal.hold_from(first);
    for index in 0..60u8 {
        append(&journal, &[index; 500]);
    }
    assert_eq!(journal.first(), first);
    assert_eq!(read_all(&journal).expect("reads").len(), 60);
    let held = read_all(&journal).expect("reads")[40].0;
    journal.hold_from(held);
    for index in 60..70u8 {
        append(&journal, &[index; 500]);
    }
    assert!(journal.first() > first && journal.first() <= held);
}

#[test]
fn segments_expire_as_the_caller_says_but_never_the_last() {
    let dir = tempdir().expect("dir");
    let offsets = written(dir.path(), &[&[1u8; 900][..]; 12]);
    let (journal, _) = open(dir.path());
    let started_at = SystemTime::now();
    assert_eq!(
        journal
            .expire_while(|segment| segment.modified_at > started_at + Duration::from_mins(1))
            .expect("expires"),
        0
    );
    assert_eq!(journal.expire_while(|segment| segment.end <= offsets[5]).expect("expires"), 1);
    assert_eq!(journal.first(), offsets[4]);
    assert_eq!(journal.expire_while(|_| true).expect("expires"), 1);
    assert_eq!((journal.stats().segments, segments(dir.path()).len()), (1, 1));
    append(&journal, b"goes on");
    drop(journal);
    let (journal, report) = open(dir.path());
    assert!(report.is_clean(), "{report}");
    assert_eq!(journal.first(), offsets[8]);
}

#[test]
fn a_waiting_reader_wakes_for_a_record_and_for_the_time() {
    let dir = tempdir().expect("dir");
    let (journal, _) = open(dir.path());
    let reader = journal.reader(journal.first());
    let started = Instant::now();
    assert!(!reader.wait_blocking(Duration::from_millis(20)));
    assert!(started.elapsed() >= Duration::from_millis(20));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| reader.wait_blocking(Duration::from_secs(30)));
        append(&journal, b"wake up");
        assert!(waiting.join().expect("ends"));
    });
    assert!(started.elapsed() < Duration::from_secs(20));
}
