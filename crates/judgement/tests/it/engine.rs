//! The engine itself: clock, horizon, forgetting, snapshots.

use super::data_files::shipped;
use super::scenario::{County, at, order, passage};
use domain::ReferenceChange;
use judgement::{Engine, SnapshotError};

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
    county.see(passage("A", "鲁Q12345", at("08:00")));
    county.see(passage("B", "鲁Q12345", at("20:00")));
    let stats = county.engine.stats();
    assert_eq!((stats.vehicles, stats.passages_held, stats.timers_armed), (1, 2, 1));
    county.change(ReferenceChange::Tick(at("83:00")));
    let stats = county.engine.stats();
    assert_eq!((stats.vehicles, stats.passages_held, stats.timers_armed), (1, 1, 1));
    county.change(ReferenceChange::Tick(at("95:00")));
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
