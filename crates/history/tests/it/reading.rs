//! Traces, searches and flows over sealed, fresh and merged rows.

use crate::world::{START, opened, passage, plate, seal};
use domain::time::{HOUR_MS, MINUTE_MS};
use domain::{CheckpointId, Entry, Fact, Observation, Timestamp};
use history::{Conditions, Fresh, History, Kind, Pattern, PlateKey, Projection, Segment};
use std::collections::BTreeSet;
use std::sync::Arc;

const MINUTES: i64 = 3_000;

/// Each minute one of 50 plates passes one of 7 checkpoints.
fn all() -> Vec<Observation> {
    (0..MINUTES)
        .map(|n| {
            let at = START.plus_ms(n * MINUTE_MS);
            passage(&format!("鲁Q{:05}", n * 31 % 50), &format!("3713270000121000000{}", n % 7), at)
        })
        .collect()
}

/// Sealed in parts of 250 minutes, but for the last 500, which are fresh.
fn history(dir: &std::path::Path) -> (Arc<History>, Vec<Segment>) {
    let history = opened(dir, Vec::new());
    let all = all();
    let (sealed, fresh) = all.split_at(all.len() - 500);
    let mut segments = Vec::new();
    for (part, from) in sealed.chunks(250).zip((0..).step_by(2_500)) {
        let entries: Vec<Entry> = part.iter().cloned().map(Entry::Observation).collect();
        segments.extend(seal(&history, from, &entries));
    }
    for (part, from) in fresh.chunks(100).zip((sealed.len() as u64 * 10..).step_by(1_000)) {
        let passages = (from..).step_by(10).zip(part.iter().cloned()).collect();
        history.show_fresh(Fresh { passages, fixes: Vec::new() });
    }
    (history, segments)
}

fn ever() -> std::ops::RangeInclusive<Timestamp> {
    Timestamp::from_unix_ms(0)..=Timestamp::from_unix_ms(i64::MAX)
}

fn merge_all(history: &History, now: Timestamp) -> usize {
    let mut count = 0;
    while let Some(merge) = history.next_merge(now) {
        let merged = history.merge(&merge, &|| false).unwrap();
        assert_eq!(merged.rows, merge.rows());
        let gone: Vec<_> = merge.inputs().iter().map(|segment| segment.path.clone()).collect();
        history.publish(vec![merged], &gone);
        drop(merge);
        history.sweep();
        count += 1;
    }
    count
}

#[expect(clippy::too_many_lines, reason = "one history, asked everything")]
fn check(history: &History, what: &str) {
    let all = all();
    let wanted = plate("鲁Q00031");
    let key = PlateKey::from(wanted);
    let of_plate: Vec<_> = all
        .iter()
        .filter_map(|observation| match &observation.fact {
            Fact::Passage(passage) if passage.plate == Some(wanted) => Some(observation.captured_at),
            _ => None,
        })
        .collect();
    let trace = history.trace(&(key..=key), &ever());
    let times: Vec<_> = trace.rows.iter().map(|row| row.captured_at).collect();
    assert_eq!(times, of_plate, "{what}");
    let row = &trace.rows[3];
    assert_eq!(
        (row.plate, row.speed_kmh, row.lane, row.plate_confidence),
        (key, Some(63), Some(2), Some(97))
    );
    assert_eq!((row.received_at, row.body_color), (row.captured_at.plus_ms(700), Some('A')));
    // The whole row is found by what the trace shows of it.
    for row in trace.rows.iter().step_by(7) {
        let (_, found) =
            history.passage_at(wanted, row.received_at, row.captured_at, &row.checkpoint).unwrap();
        assert!(all.contains(&found), "{what}");
    }

    let (from, to) = (START.plus_ms(100 * MINUTE_MS), START.plus_ms(2_900 * MINUTE_MS));
    let within = history.trace(&(key..=key), &(from..=to));
    assert!(
        within
            .rows
            .iter()
            .map(|row| row.captured_at)
            .eq(of_plate.iter().copied().filter(|at| (from..=to).contains(at)))
    );
    let prefix = PlateKey::of_text("鲁Q0001").unwrap();
    let alike = history.trace(&(prefix..=prefix.last_with_prefix()), &ever());
    assert_eq!(alike.rows.len(), MINUTES as usize / 5, "{what}");
    assert!(alike.rows.is_sorted_by_key(|row| (row.plate, row.captured_at)));

    // A search, page by page, newest first.
    let checkpoint = CheckpointId::from("37132700001210000003");
    let conditions = Conditions {
        checkpoints: Some(BTreeSet::from([checkpoint.clone()])),
        plate: Pattern::parse("鲁Q000?1"),
        ..Conditions::within(from..=to)
    };
    let expected: Vec<_> = all
        .iter()
        .rev()
        .filter(|observation| match &observation.fact {
            Fact::Passage(passage) => conditions.matches(observation, passage),
            _ => false,
        })
        .cloned()
        .collect();
    assert!(expected.len() > 30, "{}", expected.len());
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let page = history.search(&conditions, before, 11);
        assert!(page.damages.is_empty() && page.rows.len() <= 11);
        found.extend(page.rows.into_iter().map(|(_, observation)| observation));
        before = page.before;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(found, expected, "{what}");
    let none = Conditions { speed_kmh: Some(64..=200), ..conditions.clone() };
    assert!(history.search(&none, None, 10).rows.is_empty());

    let flows = history.flows(&Conditions::within(from..=to));
    assert_eq!(flows.counts.values().sum::<u64>(), 2_801, "{what}");
    assert!(flows.counts.keys().all(|(hour, _)| hour.unix_ms() % HOUR_MS == 0));
    let of_one = history.flows(&conditions);
    assert_eq!(of_one.counts.values().sum::<u64>(), expected.len() as u64);
    assert!(of_one.counts.keys().all(|(_, of)| *of == checkpoint));
}

#[test]
fn what_is_asked_is_answered_from_sealed_fresh_and_merged_rows_alike() {
    let dir = tempfile::tempdir().unwrap();
    let (history, _) = history(dir.path());
    check(&history, "sealed");
    let before: Vec<_> = history.arrival(0..u64::MAX).map(Result::unwrap).collect();
    // While the month goes on: eight of a size.
    assert!(merge_all(&history, START.plus_ms(5 * HOUR_MS)) > 0);
    check(&history, "merged by size");
    // When it is over: everything.
    merge_all(&history, START.plus_ms(40 * 24 * HOUR_MS));
    check(&history, "merged whole");
    let after: Vec<_> = history.arrival(0..u64::MAX).map(Result::unwrap).collect();
    assert!(before == after);
    let view = history.view();
    assert_eq!(view.segments(Kind::Passages, Projection::Plate).count(), 1);
    assert!(view.segments(Kind::Passages, Projection::Arrival).count() <= 3, "one a day");
    let files = walk(dir.path());
    assert_eq!(files, view.all().len(), "what was merged away is gone");
}

fn walk(dir: &std::path::Path) -> usize {
    std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| if path.is_dir() { walk(&path) } else { 1 })
        .sum()
}

#[test]
fn who_reads_while_segments_are_merged_away_reads_on() {
    let dir = tempfile::tempdir().unwrap();
    let (history, _) = history(dir.path());
    let mut reading = history.arrival(0..u64::MAX);
    let first: Vec<_> = reading.by_ref().take(10).map(Result::unwrap).collect();
    assert_eq!(first.len(), 10);
    let view = history.view();
    let key = PlateKey::from(plate("鲁Q00031"));
    let before = history.trace(&(key..=key), &ever()).rows.len();
    merge_all(&history, START.plus_ms(40 * 24 * HOUR_MS));
    assert_eq!(history.trace_in(&view, &(key..=key), &ever()).rows.len(), before);
    assert_eq!(history.trace(&(key..=key), &ever()).rows.len(), before);
    let rest = reading.map(Result::unwrap).count();
    assert_eq!(rest, MINUTES as usize - 500 - 10);
    assert!(history.damages().is_empty());
    assert!(walk(dir.path()) > history.view().all().len());
    drop(view);
    history.sweep();
    assert_eq!(walk(dir.path()), history.view().all().len());
}

#[test]
fn a_damaged_segment_is_not_merged_away_and_its_rows_are_traced_in_the_other_order() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, segments) = history(dir.path());
    let bad = segments.iter().find(|segment| segment.projection == Projection::Plate).unwrap();
    let path = dir.path().join(&bad.path);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[bad.tail_at as usize / 2] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    drop(whole);
    let history = opened(dir.path(), segments.clone());
    let prefix = PlateKey::of_text("鲁Q").unwrap();
    let trace = history.trace(&(prefix..=prefix.last_with_prefix()), &ever());
    assert_eq!(trace.rows.len(), MINUTES as usize - 500);
    assert!(trace.damages.is_empty(), "nothing is missing: {:?}", trace.damages);
    let replaced: Vec<_> = trace.replaced.iter().map(|damage| &damage.segment).collect();
    assert_eq!(replaced, [&bad.path]);
    assert!(trace.replaced[0].column.is_some(), "{:?}", trace.replaced);
    merge_all(&history, START.plus_ms(40 * 24 * HOUR_MS));
    assert!(path.exists());
    assert!(history.view().all().iter().any(|segment| segment.path == bad.path));
}

#[test]
fn what_is_older_than_is_kept_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (history, _) = history(dir.path());
    let newest = START.plus_ms(2_499 * MINUTE_MS + 700);
    assert!(history.expired(Kind::Passages, Projection::Arrival, START).is_empty());
    assert_eq!(history.expired(Kind::Passages, Projection::Arrival, newest).len(), 9);
    assert_eq!(history.expired(Kind::Passages, Projection::Arrival, newest.plus_ms(1)).len(), 10);
    assert!(history.expired(Kind::Positions, Projection::Arrival, newest.plus_ms(1)).is_empty());
}
