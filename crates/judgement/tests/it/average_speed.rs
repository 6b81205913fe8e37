//! Average speed over the section AB: 10 km, 80 km/h, large vehicles 60 km/h.

use super::scenario::Said::{Raised, Refuted, Replaced, Revised};
use super::scenario::{County, at, coach, late, passage, with};
use domain::warning::Detail;
use domain::{Level, ModelId, PlateClass, PlateColor};

const PLATE: &str = "鲁Q12345";

#[test]
fn a_fast_drive_through_is_raised_with_both_passages() {
    let mut county = County::new();
    assert_eq!(county.see(passage("A", PLATE, at("08:00"))), []);
    assert_eq!(county.see(passage("B", PLATE, at("08:06"))), [Raised]);
    let warning = county.only();
    assert_eq!(warning.level, Level::Medium); // 100 km/h where 80 are allowed: 25 % over.
    let Detail::AverageSpeed { speed_dkmh, limit_kmh, elapsed_ms, .. } = &warning.detail else { panic!() };
    assert_eq!((*speed_dkmh, *limit_kmh, *elapsed_ms), (1000, 80, 360_000));
    assert_eq!(warning.evidence, [passage("A", PLATE, at("08:00")), passage("B", PLATE, at("08:06"))]);
    assert_eq!((warning.occurred_at, warning.raised_at), (at("08:06"), at("08:06:01")));
    assert_eq!(warning.checkpoint, Some("B".into()));
    assert!(warning.location.is_some() && !warning.is_historical);
}

#[test]
fn the_levels_begin_at_their_steps() {
    // 10 km: 409 s are 88.02 km/h, but with clocks one second apart it may have been less than 88 (10 % over).
    for (end, level) in [
        ("08:06:49", None),
        ("08:06:47", Some(Level::Low)),
        ("08:06:13", Some(Level::Medium)),
        ("08:04:58", Some(Level::High)),
    ] {
        let mut county = County::new();
        county.see(passage("A", PLATE, at("08:00")));
        county.see(passage("B", PLATE, at(end)));
        assert_eq!(
            county.warnings(ModelId::AverageSpeed).first().map(|warning| warning.level),
            level,
            "{end}"
        );
    }
}

#[test]
fn large_vehicles_have_their_own_limit() {
    let yellow = |passage: &mut domain::Passage| {
        passage.plate_class = PlateClass::LARGE;
        passage.plate_color = PlateColor::Yellow;
    };
    let mut county = County::new();
    county.register(coach(PLATE));
    county.see(with(passage("A", PLATE, at("08:00")), yellow));
    county.see(with(passage("B", PLATE, at("08:08")), yellow));
    let Detail::AverageSpeed { limit_kmh, .. } = county.only().detail else { panic!() };
    assert_eq!(limit_kmh, 60);
}

#[test]
fn late_start_passage_replaces_the_pair() {
    let mut county = County::new();
    county.see(passage("A", PLATE, at("08:00")));
    county.see(passage("B", PLATE, at("08:06")));
    // It turned round and passed A again: 10 km in 4 min are 150 km/h.
    assert_eq!(county.see(late(passage("A", PLATE, at("08:02")), 10)), [Replaced, Raised]);
    let warning = county.only();
    assert_eq!(warning.level, Level::High);
    assert_eq!(warning.evidence[0].captured_at, at("08:02"));
    assert_eq!(warning.raised_at, at("08:12"));
}

#[test]
fn an_end_passage_in_between_refutes_the_later_end() {
    let mut county = County::new();
    county.see(passage("A", PLATE, at("08:00")));
    assert_eq!(county.see(passage("B", PLATE, at("08:06"))), [Raised]);
    // The camera caught it twice; the first catch is the end of the drive.
    assert_eq!(county.see(passage("B", PLATE, at("08:05:58"))), [Replaced, Raised]);
    assert_eq!(county.only().occurred_at, at("08:05:58"));
}

#[test]
fn a_copy_received_earlier_counts_and_a_later_one_does_not() {
    let mut county = County::new();
    county.see(passage("A", PLATE, at("08:00")));
    county.see(late(passage("B", PLATE, at("08:06")), 60));
    assert!(county.only().is_historical);
    assert_eq!(county.see(late(passage("B", PLATE, at("08:06")), 90)), []);
    assert_eq!(county.see(passage("B", PLATE, at("08:06"))), [Revised]);
    assert!(!county.only().is_historical);
}

#[test]
fn impossible_speeds_are_faults_of_clocks() {
    let mut county = County::new();
    county.see(passage("A", PLATE, at("08:00")));
    assert_eq!(county.see(passage("B", PLATE, at("08:01"))), []); // 600 km/h
    assert_eq!(county.see(passage("B", "鲁Q99999", at("08:01"))), []);
}

#[test]
fn a_start_too_close_to_the_end_leaves_the_pair_with_the_start_before() {
    let mut county = County::new();
    county.see(passage("A", PLATE, at("08:00")));
    assert_eq!(county.see(passage("B", PLATE, at("08:03"))), [Raised]); // 200 km/h
    // From here the end can't have been reached in a minute: a second catch, or another car.
    assert_eq!(county.see(passage("A", PLATE, at("08:02"))), []);
}

#[test]
fn unread_plates_pair_nothing() {
    let mut county = County::new();
    county.see(passage("A", "鲁Q1234-", at("08:00")));
    assert_eq!(county.see(passage("B", "鲁Q1234-", at("08:06"))), []);
    assert_eq!(county.engine.stats().passages_held, 0);
}

#[test]
fn an_end_between_without_a_pair_of_its_own_refutes() {
    let mut county = County::new();
    county.see(passage("A", PLATE, at("08:00")));
    county.see(passage("B", PLATE, at("08:06")));
    // Seen at B one minute after A: no possible drive, so the car that came at 08:06 had left the section before.
    assert_eq!(county.see(passage("B", PLATE, at("08:01"))), [Refuted]);
}
