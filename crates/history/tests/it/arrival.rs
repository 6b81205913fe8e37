//! The journal comes back, entry by entry.

use crate::world::{START, entries, opened, passage, seal};
use domain::Entry;
use history::{History, Kind, Projection, Seal};
use proptest::prelude::*;
use std::sync::Arc;

fn read(history: &Arc<History>, from: u64, to: u64) -> Vec<(u64, Entry)> {
    history.arrival(from..to).collect::<Result<_, _>>().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn entries_come_back_in_the_order_of_the_journal(
        first in prop::collection::vec(entries(), 1..60),
        second in prop::collection::vec(entries(), 1..60),
        cut in (0u64..1_300, 0u64..1_300),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let history = opened(dir.path(), Vec::new());
        let mut segments = seal(&history, 0, &first);
        segments.extend(seal(&history, first.len() as u64 * 10, &second));
        let all: Vec<(u64, Entry)> =
            (0..).step_by(10).zip(first.iter().chain(&second).cloned()).collect();
        prop_assert_eq!(&read(&history, 0, u64::MAX), &all);
        prop_assert_eq!(history.view().sealed_up_to(), all.len() as u64 * 10);
        let (from, to) = (cut.0.min(cut.1), cut.0.max(cut.1));
        let within: Vec<_> = all.iter().filter(|(at, _)| (from..to).contains(at)).cloned().collect();
        prop_assert_eq!(&read(&history, from, to), &within);

        // The same after a start, by what the catalogue kept.
        let again = opened(dir.path(), segments);
        prop_assert_eq!(&read(&again, 0, u64::MAX), &all);
    }
}

#[test]
fn identities_are_made_again_and_not_stored() {
    let dir = tempfile::tempdir().unwrap();
    let history = opened(dir.path(), Vec::new());
    let rows: Vec<Entry> = (0..5_000)
        .map(|n| {
            Entry::Observation(passage(
                &format!("鲁Q{n:05}"),
                "37132700001210000001",
                START.plus_ms(n * 1_000),
            ))
        })
        .collect();
    let segments = seal(&history, 0, &rows);
    let segment = segments.iter().find(|segment| segment.projection == Projection::Arrival).unwrap();
    assert_eq!((segment.kind, segment.rows), (Kind::Passages, 5_000));
    // 16 bytes of noise in each row could not be made smaller.
    assert!(segment.bytes / segment.rows < 12, "{} bytes a row", segment.bytes / segment.rows);
    let found = read(&history, 0, u64::MAX);
    assert!(found.iter().map(|(_, entry)| entry).eq(&rows));
}

#[test]
fn files_lie_by_the_day_of_receipt_and_by_month() {
    let dir = tempfile::tempdir().unwrap();
    let history = opened(dir.path(), Vec::new());
    let segments = seal(&history, 40, &[Entry::Observation(passage("鲁Q12345", "1", START))]);
    let paths: Vec<_> = segments.iter().map(|segment| segment.path.to_str().unwrap()).collect();
    assert_eq!(
        paths,
        [
            "passages/by=arrival/day=2026-11-23/000000000000040-000000000000050.0.parquet",
            "passages/by=plate/month=2026-11/000000000000040-000000000000050.0.parquet",
        ]
    );
    let partition = segments[1].partition().unwrap();
    assert_eq!(
        (partition.day.to_string(), partition.end().to_string()),
        ("2026-11-01".into(), "2026-12-01".into())
    );
    let mut seal = Seal::new(0, START);
    seal.push(0, 10, &Entry::Observation(passage("鲁Q12345", "1", START)));
    assert!(!seal.ends_before(&Entry::Observation(passage("鲁Q12345", "1", START.plus_ms(3_600_000)))));
    assert!(seal.ends_before(&Entry::Observation(passage("鲁Q12345", "1", START.plus_ms(86_400_000)))));
}
