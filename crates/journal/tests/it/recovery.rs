//! Opening after a crash, and after damage.

use std::fs;

use journal::{DamageKind, Journal, OpenError, ReadError};
use proptest::prelude::*;
use tempfile::tempdir;

use crate::support::{append, cut, flip, open, payloads, read_all, read_rest, segments, small, written};

/// Bytes of a segment's header: where the first record lies.
const HEADER: u64 = 24;

#[test]
fn a_record_torn_at_any_byte_is_cut_off_reported_and_kept_aside() {
    let payload = [7; 30];
    for torn_bytes in 1..(payload.len() + 12) as u64 {
        let dir = tempdir().expect("dir");
        let offsets = written(dir.path(), &[b"first", b"second", &payload]);
        let path = &segments(dir.path())[0];
        let whole = fs::read(path).expect("reads");
        cut(path, offsets[2].get() + torn_bytes);

        let (journal, report) = open(dir.path());
        let torn = report.torn.as_ref().expect("a torn tail");
        assert_eq!((torn.at, torn.bytes), (offsets[2], torn_bytes));
        assert!(!report.has_damage() && report.scanned_records == 2);
        let kept = fs::read(torn.kept.as_ref().expect("kept")).expect("reads");
        assert_eq!(kept, whole[offsets[2].get() as usize..][..torn_bytes as usize]);

        assert_eq!(append(&journal, b"third"), offsets[2], "goes on where the torn record was");
        assert_eq!(payloads(&read_all(&journal).expect("reads")), [&b"first"[..], b"second", b"third"]);
        drop(journal);
        assert!(open(dir.path()).1.is_clean(), "mended once");
    }
}

#[test]
fn a_tail_of_zeros_is_cut_off_and_not_kept() {
    let dir = tempdir().expect("dir");
    written(dir.path(), &[b"first"]);
    let path = &segments(dir.path())[0];
    cut(path, fs::metadata(path).expect("file").len() + 3000);
    let (journal, report) = open(dir.path());
    let torn = report.torn.expect("a torn tail");
    assert_eq!((torn.at, torn.bytes, torn.kept), (journal.end(), 3000, None));
}

#[test]
fn only_the_newest_torn_tails_are_kept() {
    let dir = tempdir().expect("dir");
    for round in 0..12 {
        written(dir.path(), &[b"good", b"torn"]);
        let path = &segments(dir.path())[0];
        cut(path, fs::metadata(path).expect("file").len() - 1);
        assert!(open(dir.path()).1.torn.is_some(), "round {round}");
    }
    let names = fs::read_dir(dir.path()).expect("lists").map(|entry| entry.expect("entry").file_name());
    assert_eq!(names.filter(|name| name.to_string_lossy().starts_with("torn-")).count(), 8);
}

#[test]
fn an_unfinished_segment_header_is_written_anew() {
    for header_bytes in 0..HEADER {
        let dir = tempdir().expect("dir");
        written(dir.path(), &[]);
        cut(&segments(dir.path())[0], header_bytes);
        let (journal, report) = open(dir.path());
        assert!(report.rewrote_header && !report.has_damage(), "{report}");
        append(&journal, b"first");
        assert_eq!(payloads(&read_all(&journal).expect("reads")), [b"first"]);
    }
}

#[test]
fn a_flip_of_any_byte_in_the_middle_costs_one_record_and_is_named() {
    let middle: &[u8] = b"in the middle";
    for position in 0..middle.len() + 12 {
        let dir = tempdir().expect("dir");
        let offsets = written(dir.path(), &[b"before", middle, b"after", b"the last"]);
        let path = segments(dir.path())[0].clone();
        flip(&path, offsets[1].get() as usize + position);

        let (journal, report) = open(dir.path());
        assert_eq!(report.damaged, [offsets[1]..offsets[2]], "{report}");
        assert!(report.torn.is_none(), "durable records behind the damage stay");

        let mut reader = journal.reader(journal.first());
        let kind = if position < 12 { DamageKind::NoRecord } else { DamageKind::Payload };
        let error = read_rest(&mut reader).expect_err("damage");
        assert!(
            matches!(&error, ReadError::Damaged { segment, at, kind: k } if *segment == path && *at == offsets[1] && *k == kind),
            "{error}"
        );
        assert_eq!(reader.position(), offsets[1], "what lay before the damage was given");
        let skipped = reader.skip_damage().expect("skips");
        assert_eq!((skipped.from, skipped.to), (offsets[1], offsets[2]));
        assert_eq!(reader.lost_bytes(), (middle.len() + 12) as u64);
        assert_eq!(payloads(&read_rest(&mut reader).expect("reads")), [&b"after"[..], b"the last"]);
        assert!(matches!(journal.read_at(offsets[1]), Err(ReadError::Damaged { .. })));
        assert_eq!(journal.read_at(offsets[2]).expect("good"), b"after");
    }
}

#[test]
fn damage_in_a_group_that_was_still_being_written_is_a_torn_write() {
    let dir = tempdir().expect("dir");
    let (journal, _) = open(dir.path());
    append(&journal, b"durable");
    let group = journal.append_blocking(vec![b"one".to_vec(), b"two".to_vec()]).expect("appends");
    drop(journal);
    // The first page of the group did not reach the disk, the second did.
    flip(&segments(dir.path())[0], group.first.get() as usize + 13);
    let (journal, report) = open(dir.path());
    assert_eq!(report.torn.expect("torn").at, group.first);
    assert_eq!(payloads(&read_all(&journal).expect("reads")), [b"durable"]);
}

#[test]
fn a_copy_of_a_record_inside_a_payload_is_not_taken_for_one() {
    let dir = tempdir().expect("dir");
    written(dir.path(), &[b"bait"]);
    let image = fs::read(&segments(dir.path())[0]).expect("reads")[HEADER as usize..].to_vec();
    let offsets = written(dir.path(), &[&image, b"last"]);
    flip(&segments(dir.path())[0], offsets[0].get() as usize);
    let (journal, _) = open(dir.path());
    let mut reader = journal.reader(offsets[0]);
    assert_eq!(reader.skip_damage().expect("skips").to, offsets[1]);
}

#[test]
fn damage_at_the_end_of_a_closed_segment_is_skipped_to_the_next() {
    let dir = tempdir().expect("dir");
    let big = [1; 1000];
    let offsets = written(dir.path(), &[&big, &big, &big, &big, b"in the next segment", b"last"]);
    let paths = segments(dir.path());
    assert_eq!(paths.len(), 2);
    cut(&paths[0], offsets[3].get() + 500);
    let (journal, report) = open(dir.path());
    assert_eq!(report.missing.len(), 1, "{report}");
    let mut reader = journal.reader(offsets[3]);
    assert!(matches!(read_rest(&mut reader), Err(ReadError::Damaged { kind: DamageKind::Missing, .. })));
    assert_eq!(reader.skip_damage().expect("skips").to, offsets[4]);
    assert_eq!(payloads(&read_rest(&mut reader).expect("reads")), [&b"in the next segment"[..], b"last"]);
}

#[test]
fn a_missing_segment_is_reported_and_can_be_skipped() {
    let dir = tempdir().expect("dir");
    let big = [1; 1000];
    let offsets = written(dir.path(), &[&big[..]; 12]);
    let paths = segments(dir.path());
    assert!(paths.len() >= 3);
    fs::remove_file(&paths[1]).expect("removes");
    let (journal, report) = open(dir.path());
    assert_eq!(report.missing.len(), 1, "{report}");
    let mut reader = journal.reader(journal.first());
    let error = read_rest(&mut reader).expect_err("a hole");
    assert!(matches!(error, ReadError::Damaged { kind: DamageKind::Missing, .. }), "{error}");
    let skipped = reader.skip_damage().expect("skips");
    assert!(offsets.contains(&skipped.to) && skipped.bytes() > 3000);
    assert_eq!(
        read_rest(&mut reader).expect("reads").last().map(|(offset, _)| *offset),
        offsets.last().copied()
    );
}

#[test]
fn a_damaged_segment_header_costs_no_record() {
    let dir = tempdir().expect("dir");
    written(dir.path(), &[b"one", b"two"]);
    flip(&segments(dir.path())[0], 3);
    let (journal, report) = open(dir.path());
    assert_eq!(report.damaged_headers.len(), 1);
    assert_eq!(payloads(&read_all(&journal).expect("reads")), [b"one", b"two"]);
}

#[test]
fn a_later_format_is_refused_and_left_alone() {
    let dir = tempdir().expect("dir");
    written(dir.path(), &[b"one"]);
    let path = &segments(dir.path())[0];
    let mut bytes = fs::read(path).expect("reads");
    bytes[8] = 2;
    let crc = crc32fast::hash(&bytes[..20]);
    bytes[20..24].copy_from_slice(&crc.to_le_bytes());
    fs::write(path, &bytes).expect("writes");
    let error = Journal::open(dir.path(), small()).expect_err("refused");
    assert!(matches!(error, OpenError::Version { version: 2, .. }), "{error}");
    assert_eq!(fs::read(path).expect("reads"), bytes);
}

#[test]
fn a_journal_opens_once_at_a_time() {
    let dir = tempdir().expect("dir");
    let (journal, _) = open(dir.path());
    assert!(matches!(Journal::open(dir.path(), small()), Err(OpenError::Locked { .. })));
    drop(journal);
    open(dir.path());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The model is a list. After every session the last segment loses some bytes of what the last group wrote, as in a
    /// crash, and the list loses the records that are no longer whole.
    #[test]
    fn what_survives_restarts_at_any_byte_is_a_prefix(
        sessions in prop::collection::vec((prop::collection::vec((0..400usize, 1..4usize), 1..8), 0.0..1.0f64), 1..5)
    ) {
        let dir = tempdir().expect("dir");
        let mut model: Vec<(journal::Offset, Vec<u8>)> = Vec::new();
        for (batches, torn_share) in sessions {
            let (journal, _) = Journal::open(dir.path(), journal::Options { sync: false, ..small() }).expect("opens");
            let mut last = journal.first()..journal.end();
            for (bytes, count) in batches {
                let records: Vec<Vec<u8>> = (0..count).map(|index| vec![(model.len() + index) as u8; bytes + index]).collect();
                let appended = journal.append_blocking(records).expect("appends");
                last = appended.first..appended.end;
                model.extend(appended.batch.iter().map(|(offset, payload)| (offset, payload.to_vec())));
            }
            drop(journal);
            let path = segments(dir.path()).pop().expect("a segment");
            let torn_bytes = ((last.end.get() - last.start.get()) as f64 * torn_share) as u64;
            cut(&path, fs::metadata(&path).expect("file").len() - torn_bytes);
            model.retain(|(offset, payload)| offset.get() + payload.len() as u64 + 12 <= last.end.get() - torn_bytes);
            let (journal, report) = open(dir.path());
            prop_assert!(!report.has_damage(), "{}", report);
            prop_assert_eq!(&read_all(&journal).expect("reads"), &model);
        }
    }
}
