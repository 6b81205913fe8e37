//! Bad bytes are found, named, and cost the rows around them only.

use crate::world::{START, opened, passage, plate, seal};
use domain::{DeviceId, Entry, Fact, Observation, ObservationId, PlateClass, Position, VehicleKey, Wgs84};
use history::{
    Damage, Fix, History, HistoryError, Kind, PlateKey, Projection, SET_ASIDE_KEPT, Segment, SetAside,
    Sighting, Trace,
};
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

/// Passages and positions of five hundred plates.
fn of_plates(from: i64) -> Vec<Entry> {
    let both = |n: i64| {
        let text = format!("鲁Q{n:05}");
        let seen = passage(&text, "1", START.plus_ms(n * 1_000));
        let position = Position {
            vehicle: Some(VehicleKey { plate: plate(&text), class: PlateClass::LARGE }),
            location: Wgs84::new(118.35, 35.05),
            speed_dkmh: 612,
            heading_deg: 90,
            altitude_m: 60,
            alarm_bits: 0,
            status_bits: 3,
            mileage_hm: Some(400_000 + n as u32),
            is_backfill: false,
        };
        let fix = Observation {
            id: ObservationId(n as u128),
            device: DeviceId::from("13800000001"),
            fact: Fact::Position(position),
            ..seen.clone()
        };
        [Entry::Observation(seen), Entry::Observation(fix)]
    };
    (from..from + 500).flat_map(both).collect()
}

fn observations(entries: &[Entry]) -> impl Iterator<Item = &Observation> {
    entries.iter().filter_map(|entry| match entry {
        Entry::Observation(observation) => Some(observation),
        Entry::Reference(_) => None,
    })
}

/// What a trace of all plates told: how many rows, how many that were never written, and what could not be read.
struct Told {
    rows: usize,
    wrong: usize,
    damages: Vec<Damage>,
    replaced: Vec<Damage>,
}

/// Compares a trace with all rows, of which the newer half is in a file that is whole.
fn told<R: PartialEq>(trace: Trace<R>, all: &[R]) -> Told {
    let mut left = all.iter();
    let wrong = trace.rows.iter().filter(|row| !left.any(|other| other == *row)).count();
    let is_whole = trace.rows.ends_with(&all[all.len() / 2..]);
    Told {
        rows: trace.rows.len(),
        wrong: wrong + usize::from(!is_whole),
        damages: trace.damages,
        replaced: trace.replaced,
    }
}

/// Two halves of a history, whose files by plate alone lie in a folder of their own, too: what a catalogue does not name would be
/// set aside.
struct Halves {
    dir: tempfile::TempDir,
    alone: tempfile::TempDir,
    segments: Vec<Segment>,
    by_plate: Vec<Segment>,
    entries: Vec<Entry>,
}

fn halves() -> Halves {
    let (dir, alone) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let history = opened(dir.path(), Vec::new());
    let (older, newer) = (of_plates(0), of_plates(500));
    let mut segments = seal(&history, 0, &older);
    segments.extend(seal(&history, 10_000, &newer));
    let by_plate: Vec<Segment> =
        segments.iter().filter(|segment| segment.projection == Projection::Plate).cloned().collect();
    for segment in &by_plate {
        let to = alone.path().join(&segment.path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(dir.path().join(&segment.path), to).unwrap();
    }
    Halves { dir, alone, segments, by_plate, entries: [older, newer].concat() }
}

/// Flips bytes of the older file of a kind by plate: the file is named, and the files by arrival have its rows all the same. Without
/// those it costs rows of this file alone, and the answer says so.
fn flip_by_plate(kind: Kind, trace: impl Fn(&History, &[Entry]) -> Told) {
    let halves = halves();
    let first = halves.by_plate.iter().find(|segment| segment.kind == kind).unwrap();
    let good = fs::read(halves.dir.path().join(&first.path)).unwrap();
    let (mut replaced, mut lost) = (0, 0);
    let places = (4..good.len()).step_by(good.len() / 40);
    for at in places.clone() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        for (root, known) in [(&halves.dir, &halves.segments), (&halves.alone, &halves.by_plate)] {
            fs::write(root.path().join(&first.path), &bad).unwrap();
            let history = opened(root.path(), known.clone());
            let told = trace(&history, &halves.entries);
            assert_eq!(told.wrong, 0, "byte {at}: no wrong row, and the other file is whole");
            for damage in told.damages.iter().chain(&told.replaced) {
                assert!(damage.segment == first.path && !damage.reason.is_empty(), "{damage:?}");
            }
            if known.len() == halves.segments.len() {
                assert_eq!((told.rows, told.damages.len()), (1_000, 0), "byte {at}");
                replaced += told.replaced.len();
            } else {
                assert_eq!(told.replaced, [], "nothing to take rows from");
                assert_eq!(told.rows < 1_000, !told.damages.is_empty(), "byte {at}: {}", told.rows);
                lost += told.damages.len();
            }
            // Whatever it changed, the check of the whole file finds it and names the file.
            let error = history.verify(first).unwrap_err();
            assert!(error.is_damage() && error.path() == Some(&first.path), "{error}");
            assert!(history.damages().iter().any(|damage| damage.segment == first.path));
            for other in known.iter().filter(|segment| segment.path != first.path) {
                history.verify(other).unwrap();
            }
        }
    }
    // What is flipped in statistics or in names of the footer changes no row.
    assert!(replaced * 10 >= places.len() * 6, "{replaced} of {}", places.len());
    assert_eq!(replaced, lost);
}

#[test]
fn a_flipped_byte_by_plate_costs_nothing_while_the_rows_are_there_by_arrival() {
    let prefix = PlateKey::of_text("鲁Q00").unwrap();
    let plates = prefix..=prefix.last_with_prefix();
    let ever = START.plus_ms(-1)..=START.plus_ms(10_000_000);
    flip_by_plate(Kind::Passages, |history, entries| {
        let sighting = |seen: &Observation| match &seen.fact {
            Fact::Passage(passage) => Sighting::of(seen, passage),
            _ => None,
        };
        let all: Vec<Sighting> = observations(entries).filter_map(sighting).collect();
        told(history.trace(&plates, &ever), &all)
    });
    flip_by_plate(Kind::Positions, |history, entries| {
        let fix = |seen: &Observation| match &seen.fact {
            Fact::Position(position) => Fix::of(seen, position),
            _ => None,
        };
        let all: Vec<Fix> = observations(entries).filter_map(fix).collect();
        told(history.track(&plates, &ever), &all)
    });
}

#[test]
fn a_check_goes_as_slowly_as_it_is_let_and_ends_when_it_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let history = opened(dir.path(), Vec::new());
    let segments = seal(&history, 0, &of_plates(0));
    let mut read = 0;
    history
        .verify_slowly(&segments[0], &mut |bytes| {
            read += bytes;
            true
        })
        .unwrap();
    assert_eq!(read, segments[0].bytes);
    let ended = history.verify_slowly(&segments[0], &mut |_| false);
    assert!(matches!(ended, Err(HistoryError::Cancelled)));
    assert_eq!(history.damages(), []);
    // A file that is gone is named like one that is damaged.
    fs::remove_file(dir.path().join(&segments[1].path)).unwrap();
    assert!(history.verify(&segments[1]).unwrap_err().is_damage());
    assert_eq!(history.damages()[0].segment, segments[1].path);
}
