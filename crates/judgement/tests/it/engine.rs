//! The engine itself: clock, horizon, forgetting, snapshots.

use super::data_files::shipped;
use super::scenario::{
    County, at, car, checkpoint, coach, file, large, order, passage, passage_of, position, with,
    with_alarm_bits,
};
use domain::{Checkpoint, ReferenceChange, Theatre, VehicleFile};
use judgement::{Engine, Migrated, Part, PartsReader, PartsWriter, Restoring, SnapshotError};
use std::collections::BTreeSet;

#[test]
fn the_clock_is_the_greatest_time_of_receipt_or_tick() {
    let mut county = County::new();
    county.see(passage("A", "鲁Q12345", at("08:00")));
    county.see(passage("A", "鲁Q12345", at("07:00")));
    assert_eq!(county.engine.clock(), at("08:00:01"));
    county.change(ReferenceChange::Tick(at("09:00")));
    assert_eq!(county.engine.clock(), at("09:00"));
}

#[test]
fn idle_vehicles_are_forgotten_and_cost_no_deadline_after_that() {
    let mut county = County::new();
    let firm = |seen| with(seen, |passage| passage.plate_confidence = Some(95));
    county.see(firm(passage("A", "鲁Q12345", at("08:00"))));
    county.see(firm(passage("B", "鲁Q12345", at("20:00"))));
    let stats = county.engine.stats();
    assert_eq!((stats.vehicles, stats.passages_held, stats.timers_armed), (1, 2, 1));
    county.change(ReferenceChange::Tick(at("109:00")));
    let stats = county.engine.stats();
    assert_eq!((stats.vehicles, stats.passages_held, stats.timers_armed), (1, 1, 1));
    county.change(ReferenceChange::Tick(at("121:00")));
    let stats = county.engine.stats();
    assert_eq!((stats.vehicles, stats.passages_held, stats.timers_armed), (0, 0, 0));
}

#[test]
fn what_is_too_late_or_too_far_ahead_is_counted_and_not_remembered() {
    let mut county = County::new();
    county.change(ReferenceChange::Tick(at("80:00")));
    county.see(passage("A", "鲁Q12345", at("07:59")));
    let mut ahead = passage("A", "鲁Q12345", at("90:00"));
    ahead.received_at = at("80:00");
    county.see(ahead);
    let stats = county.engine.stats();
    assert_eq!((stats.late_beyond_horizon, stats.ahead_of_clock, stats.passages_held), (1, 1, 0));
}

#[test]
fn damaged_and_foreign_snapshots_are_refused() {
    let mut county = County::new();
    county.order(order("W1", "鲁Q12345"));
    county.change(ReferenceChange::Rule(domain::Rule {
        id: "R1".into(),
        version: 2,
        name: "twice".into(),
        condition: "count(60) == 2".into(),
        level: domain::Level::Low,
        once_per_minutes: 60,
        actionable_seconds: 600,
    }));
    county.see(passage("A", "鲁Q12345", at("08:00")));
    let bytes = county.engine.snapshot();
    let restored = |bytes: &[u8]| Engine::restore(shipped(), bytes).map(|_| ());
    assert_eq!(restored(&bytes), Ok(()));
    assert_eq!(restored(b"something else"), Err(SnapshotError::Version));
    assert_eq!(restored(&bytes[..bytes.len() - 1]), Err(SnapshotError::Damaged));
    let mut flipped = bytes.clone();
    *flipped.last_mut().unwrap() ^= 1;
    assert_eq!(restored(&flipped), Err(SnapshotError::Damaged));
}

/// The folder of snapshots that versions of the code have written, each restored by all that come after.
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");

/// Restores a snapshot; says what was migrated.
fn restored(bytes: &[u8]) -> Result<(Engine, Vec<Migrated>), SnapshotError> {
    let mut reader = PartsReader::begin(bytes)?;
    let mut restoring = Restoring::new(shipped());
    while let Some(part) = reader.next_part()? {
        restoring.take(&part)?;
    }
    restoring.finish()
}

/// A county in which every section of a snapshot holds something.
fn lively_county() -> County {
    let mut county = County::new();
    county.register(VehicleFile { unhandled_offences: 11, ..file(car("鲁Q12345")) });
    county.register(coach("鲁Q70001"));
    county.order(order("W1", "鲁Q12345"));
    county.change(ReferenceChange::Rule(domain::Rule {
        id: "R1".into(),
        version: 2,
        name: "twice".into(),
        condition: "count(60) == 2".into(),
        level: domain::Level::Low,
        once_per_minutes: 60,
        actionable_seconds: 600,
    }));
    county.see(passage("A", "鲁Q12345", at("08:00")));
    county.see(passage("B", "鲁Q12345", at("08:03")));
    county.see(passage("A", "无车牌", at("08:04")));
    let on_expressway = |id| Checkpoint { theatre: Theatre::Expressway, ..checkpoint(id) };
    county.change(ReferenceChange::Checkpoint(on_expressway("A")));
    county.change(ReferenceChange::Checkpoint(on_expressway("B")));
    county.see(passage_of(large("鲁Q70001"), "A", at("08:04")));
    county.see(with_alarm_bits(position(large("鲁Q70001"), at("08:05"), 60, 0), 0b110));
    county
}

/// Whoever changes what a section holds must raise its version and say what becomes of the older ones. With
/// `WRITE_GOLDEN=1` a snapshot of the new version is put beside the others, which stay.
#[test]
fn the_golden_snapshots_are_read_by_this_version_or_rebuilt_openly() {
    let mut files: Vec<_> = std::fs::read_dir(GOLDEN).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut is_this_version_there = false;
    for path in &files {
        let golden = std::fs::read(path).unwrap();
        match restored(&golden) {
            Ok((engine, migrated)) if migrated.is_empty() => {
                assert!(
                    engine.snapshot() == golden,
                    "{}: a section changed, its version did not",
                    path.display()
                );
                is_this_version_there = true;
            }
            Ok((engine, _)) => {
                let bytes = engine.snapshot();
                assert_eq!(restored(&bytes).unwrap().0.snapshot(), bytes, "{}", path.display());
            }
            Err(SnapshotError::Older { .. } | SnapshotError::Version) => {}
            Err(SnapshotError::Damaged) => {
                panic!("{}: a section changed, its version did not", path.display())
            }
        }
    }
    if std::env::var_os("WRITE_GOLDEN").is_some() && !is_this_version_there {
        let path = format!("{GOLDEN}/snapshot-{}.bin", files.len() + 1);
        std::fs::write(path, lively_county().engine.snapshot()).unwrap();
    }
    assert!(is_this_version_there, "write the golden snapshot of this version with WRITE_GOLDEN=1");
}

#[test]
fn a_frozen_state_stays_as_it_was_while_judging_goes_on() {
    let mut county = lively_county();
    let before = county.engine.snapshot();
    let frozen = county.engine.freeze();
    county.see(passage("A", "鲁Q12345", at("09:00")));
    county.register(file(car("鲁Q99999")));
    county.change(ReferenceChange::Tick(at("200:00")));
    assert_ne!(county.engine.snapshot(), before);
    let mut writer = PartsWriter::begin(Vec::new()).unwrap();
    let parts: Vec<Part> = std::thread::spawn(|| frozen.into_parts().collect()).join().unwrap();
    for part in &parts {
        writer.put(part).unwrap();
    }
    assert_eq!(writer.end().unwrap(), before);
}

#[test]
fn a_snapshot_without_a_section_is_not_taken_for_an_empty_one() {
    let parts: Vec<Part> = lively_county().engine.freeze().into_parts().collect();
    let names: BTreeSet<_> = parts.iter().map(|part| part.section.clone()).collect();
    assert!(names.len() >= 10, "{names:?}");
    for left_out in names {
        let mut restoring = Restoring::new(shipped());
        for part in parts.iter().filter(|part| part.section != left_out) {
            restoring.take(part).unwrap();
        }
        let error = restoring.finish().map(|_| ()).unwrap_err();
        assert!(matches!(error, SnapshotError::Older { section, .. } if section == left_out), "{error}");
    }
}
