//! Bad bytes are found, named, and cost the rows around them only.

use crate::world::{START, opened, passage, seal};
use domain::Entry;
use history::{HistoryError, Projection, SET_ASIDE_KEPT, SetAside};
use std::fs;
use std::time::{Duration, SystemTime};

#[test]
fn files_that_no_catalogue_names_are_removed_and_missing_ones_are_said() {
    let dir = tempfile::tempdir().unwrap();
    let history = opened(dir.path(), Vec::new());
    let row = |n: i64| Entry::Observation(passage("鲁Q12345", "1", START.plus_ms(n)));
    let known = seal(&history, 0, &[row(0)]);
    let unknown = seal(&history, 10, &[row(1)]);
    let folder = dir.path().join("passages/by=arrival/day=2026-11-23");
    fs::write(folder.join("x.parquet.unfinished"), b"half").unwrap();
    fs::write(folder.join("note.txt"), b"by a person").unwrap();
    let short = dir.path().join(&known[1].path);
    fs::OpenOptions::new().write(true).open(short).unwrap().set_len(9).unwrap();
    fs::remove_file(dir.path().join(&known[0].path)).unwrap();
    drop(history);

    let (history, mended) = history::History::open(dir.path(), known.clone()).unwrap();
    assert_eq!(mended.removed.len(), 1 + unknown.len());
    assert_eq!(mended.missing, [known[0].path.clone()]);
    assert_eq!(mended.wrong_length, [(known[1].path.clone(), known[1].bytes, 9)]);
    assert!(folder.join("note.txt").exists());
    // Perhaps the catalogue is of another day: what is whole is kept.
    assert!(unknown.iter().all(|segment| dir.path().join("set-aside").join(&segment.path).exists()));
    assert!(history.verify(&known[1]).is_err());

    // For a while.
    let kept = unknown.iter().map(|segment| segment.bytes).sum();
    let all = SetAside { files: unknown.len() as u64, bytes: kept };
    let now = SystemTime::now();
    assert_eq!(history.set_aside(), all);
    assert_eq!(history.clear_set_aside(now - SET_ASIDE_KEPT), SetAside::default());
    assert_eq!(history.clear_set_aside(now + Duration::from_mins(1)), all);
    assert_eq!(history.set_aside(), SetAside::default());
}

#[test]
fn a_flipped_byte_is_found_named_and_costs_its_row_group_only() {
    let dir = tempfile::tempdir().unwrap();
    let history = opened(dir.path(), Vec::new());
    let rows = |from: i64| -> Vec<Entry> {
        (from..from + 500)
            .map(|n| Entry::Observation(passage(&format!("鲁Q{n:05}"), "1", START.plus_ms(n * 1_000))))
            .collect()
    };
    let mut segments = seal(&history, 0, &rows(0));
    segments.extend(seal(&history, 5_000, &rows(500)));
    drop(history);
    let first = segments.iter().find(|segment| segment.projection == Projection::Arrival).unwrap();
    let path = dir.path().join(&first.path);
    let good = fs::read(&path).unwrap();
    let (mut found, mut named) = (0, 0);
    let places = (4..good.len()).step_by(good.len() / 60);
    for at in places.clone() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        fs::write(&path, &bad).unwrap();
        let history = opened(dir.path(), segments.clone());
        assert!(history.verify(first).is_err());
        let (mut read, mut errors) = (Vec::new(), Vec::new());
        for item in history.arrival(0..u64::MAX) {
            match item {
                Ok((_, entry)) => read.push(entry),
                Err(error) => errors.push(error),
            }
        }
        // The other segment is whole, and no wrong row came out of this one.
        assert!(read.ends_with(&rows(500)), "byte {at}");
        let of_first = &read[..read.len() - 500];
        assert!(rows(0).starts_with(of_first), "byte {at}");
        if of_first.len() < 500 {
            found += 1;
            assert!(errors.iter().all(HistoryError::is_damage), "{errors:?}");
            let damages = history.damages();
            assert_eq!((damages.len(), &damages[0].segment), (1, &first.path), "byte {at}");
            named += usize::from(damages[0].column.is_some());
        } else {
            assert!(errors.is_empty(), "byte {at}: {errors:?}");
        }
    }
    // What is flipped in statistics or in names of the footer changes no row; the rest is found.
    assert!(found * 10 >= places.len() * 6 && named > 0, "{found} found, {named} named of {}", places.len());
}
