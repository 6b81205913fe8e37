//! Vehicles on the road whose terminals say nothing, or that they are somewhere else.

use super::scenario::Said::{Raised, Refuted, Revised};
use super::scenario::{County, at, coach, large, late, passage_of, position};
use domain::observation::Observation;
use domain::warning::Detail;
use domain::{Level, ModelId, ReferenceChange, Terminal, VehicleKey};

const PLATE: &str = "鲁Q12345";

fn vehicle() -> VehicleKey {
    large(PLATE)
}

/// A coach with a terminal; A, B and C are in the middle of the county.
fn county() -> County {
    let mut county = County::new();
    county.register(coach(PLATE));
    county.change(ReferenceChange::Terminal(Terminal { device: "terminal".into(), vehicle: vehicle() }));
    county
}

fn seen(place: &str, clock: &str) -> Observation {
    passage_of(vehicle(), place, at(clock))
}

fn fix(clock: &str, east_m: i32) -> Observation {
    position(vehicle(), at(clock), 60, east_m)
}

#[test]
fn two_sightings_without_any_report_are_a_warning_at_the_deadline() {
    let mut county = county();
    assert_eq!(county.see(fix("05:40", 0)), []);
    assert_eq!(county.see(seen("A", "08:00")), []);
    assert_eq!(county.see(seen("B", "08:20")), []);
    // Ten minutes around the second, and five in which reports may be under way.
    assert_eq!(county.tick(at("08:35:59")), []);
    assert_eq!(county.tick(at("08:36")), [Raised]);
    let warning = county.only();
    assert_eq!((warning.model, warning.level), (ModelId::TerminalSilent, Level::Medium));
    assert_eq!((warning.occurred_at, warning.raised_at), (at("08:20"), at("08:35")));
    assert!(!warning.is_historical);
    let detail = Detail::TerminalSilent {
        seen_at: at("08:20"),
        last_report_at: Some(at("05:40")),
        silent_minutes: 20,
    };
    assert_eq!(warning.detail, detail);
    assert_eq!(county.see(seen("C", "10:00")), []);
    assert_eq!(county.see(seen("A", "10:20")), []);
    assert_eq!(county.tick(at("12:00")), [], "once a day");
}

#[test]
fn a_silence_that_may_be_a_cut_network_is_waited_for() {
    let county = || {
        let mut county = county();
        county.see(fix("07:40", 0));
        county.see(seen("A", "08:00"));
        county.see(seen("B", "08:20"));
        assert_eq!(county.tick(at("09:40")), []);
        county
    };
    // Two hours after the last report no more is to be expected.
    let mut silent = county();
    silent.restart();
    assert_eq!(silent.tick(at("09:41")), [Raised]);
    let warning = silent.only();
    assert_eq!((warning.raised_at, warning.is_historical), (at("09:40"), true));
    // What the terminal kept while its network was cut came in time.
    let mut cut = county();
    assert_eq!(cut.see(late(fix("08:22", 0), 70)), []);
    assert_eq!(cut.tick(at("12:00")), []);
    // Reports from the beginning of the silence make it a shorter one.
    let mut shorter = county();
    assert_eq!(shorter.see(late(fix("07:48", 0), 110)), []);
    assert_eq!(shorter.tick(at("09:48")), []);
    assert_eq!(shorter.tick(at("09:49")), [Raised]);
}

#[test]
fn a_terminal_that_is_heard_around_each_sighting_is_not_silent() {
    let mut county = county();
    county.see(seen("A", "08:00"));
    county.see(fix("08:10", 0));
    county.see(seen("B", "08:20"));
    assert_eq!(county.tick(at("10:00")), []);
    // One of the two is enough: the other may be another vehicle.
    let mut county = self::county();
    county.see(fix("07:50", 0));
    county.see(seen("A", "08:00"));
    county.see(seen("B", "08:20"));
    assert_eq!(county.tick(at("10:00")), []);
}

#[test]
fn one_place_and_places_hours_apart_may_be_other_vehicles() {
    for second in [seen("A", "08:20"), seen("B", "20:01")] {
        let mut county = county();
        county.see(seen("A", "08:00"));
        county.see(second);
        assert_eq!(county.tick(at("23:00")), []);
    }
}

#[test]
fn without_a_registered_terminal_nobody_is_silent() {
    let mut county = County::new();
    county.register(coach(PLATE));
    county.see(seen("A", "08:00"));
    county.see(seen("B", "08:20"));
    assert_eq!(county.tick(at("10:00")), []);
    let mut county = self::county();
    county.change(ReferenceChange::TerminalRemoved("terminal".into()));
    county.see(seen("A", "08:00"));
    county.see(seen("B", "08:20"));
    assert_eq!(county.tick(at("10:00")), []);
}

#[test]
fn reports_that_come_late_take_the_warning_back() {
    let mut county = county();
    county.see(seen("A", "08:00"));
    county.see(seen("B", "08:20"));
    assert_eq!(county.tick(at("10:00")), [Raised]);
    // Eleven minutes before the first is the last report before the silence, and no more.
    assert_eq!(county.see(late(fix("07:49", 0), 132)), [Revised]);
    assert_eq!(county.see(late(fix("08:22", 0), 120)), [Refuted]);
}

#[test]
fn the_last_report_before_the_silence_is_named_even_when_it_comes_late() {
    let mut county = county();
    county.see(seen("A", "08:00"));
    county.see(seen("B", "08:20"));
    county.tick(at("09:00"));
    let last_report_at = |county: &County| match county.only().detail {
        Detail::TerminalSilent { last_report_at, .. } => last_report_at,
        _ => panic!(),
    };
    assert_eq!(last_report_at(&county), None);
    assert_eq!(county.see(late(fix("05:00", 0), 300)), [Revised]);
    assert_eq!(last_report_at(&county), Some(at("05:00")));
    assert_eq!(county.see(late(fix("04:00", 0), 400)), []);
}

#[test]
fn a_restart_between_sighting_and_deadline_changes_nothing() {
    let mut county = county();
    county.see(seen("A", "08:00"));
    county.restart();
    county.see(seen("B", "08:20"));
    county.restart();
    assert_eq!(county.tick(at("08:36")), [Raised]);
    county.restart();
    assert_eq!(county.tick(at("12:00")), []);
    assert_eq!(county.see(late(fix("08:05", 0), 240)), [Refuted]);
}

#[test]
fn a_sighting_that_comes_late_is_judged_at_once() {
    let mut county = county();
    county.see(seen("A", "08:00"));
    county.tick(at("10:00"));
    assert_eq!(county.see(late(seen("B", "08:20"), 120)), [Raised]);
    assert!(county.only().is_historical);
}

#[test]
fn a_terminal_that_reports_another_place_was_taken_out_or_the_plate_cloned() {
    let mut county = county();
    // Thirty kilometres from both places, and standing.
    for minute in (0..60).step_by(2) {
        county.see(position(vehicle(), at("07:40").plus_ms(minute * 60_000), 0, 30_000));
    }
    county.see(late(seen("A", "08:00"), 40));
    assert_eq!(county.see(late(seen("B", "08:20"), 21)), [Raised]);
    let warning = county.only();
    assert_eq!((warning.model, warning.level), (ModelId::TerminalElsewhere, Level::High));
    let Detail::TerminalElsewhere { seen_at, distance_m } = warning.detail else { panic!() };
    assert_eq!(seen_at, at("08:20"));
    assert!((29_000..31_000).contains(&distance_m), "{distance_m}");
}

#[test]
fn what_clocks_and_driving_explain_is_no_other_place() {
    let mut county = county();
    // Ten kilometres off, four minutes before: at 120 km/h eight of them are explained.
    county.see(fix("07:56", 10_000));
    county.see(seen("A", "08:00"));
    county.see(fix("08:16", 10_000));
    county.see(seen("B", "08:20"));
    assert_eq!(county.tick(at("09:00")), []);
    // Fourteen are too far.
    let mut county = self::county();
    county.see(fix("07:56", 14_000));
    county.see(seen("A", "08:00"));
    county.see(fix("08:16", 14_000));
    county.see(seen("B", "08:20"));
    assert_eq!(county.tick(at("09:00")), [Raised]);
    // A fix nearer in time says otherwise.
    assert_eq!(county.see(late(fix("08:01", 500), 90)), [Refuted]);
}
