//! Into a section of an expressway and not out of it: two deadlines, and what the next sighting says.

use super::scenario::Said::{Raised, Refuted, Revised};
use super::scenario::{County, at, car, checkpoint, file, large, late, passage_of, tuned, ways, with};
use domain::warning::Detail;
use domain::{
    Checkpoint, KeyClass, Level, ModelId, Observation, ReferenceChange, Scope, Theatre, Timestamp,
    TunedValue, VehicleFile, VehicleKey, Wgs84,
};

/// 10 km at 60 km/h are ten minutes: twice that and 45 more. Twenty more until the next end must have seen it, too.
const EXPECTED_MINUTES: u32 = 65;

fn truck() -> VehicleKey {
    large("鲁Q12345")
}

fn seen(place: &str, clock: &str) -> Observation {
    passage_of(truck(), place, at(clock))
}

/// A, B and C from west to east on a road of this theatre, and a truck that is known.
fn county_on(theatre: Theatre) -> County {
    let mut county = County::new();
    for (id, lon_deg) in [("A", 118.5), ("B", 118.6), ("C", 118.7)] {
        let location = Wgs84::new(lon_deg, 35.2).unwrap();
        county.change(ReferenceChange::Checkpoint(Checkpoint { theatre, location, ..checkpoint(id) }));
    }
    county.register(VehicleFile { key_class: Some(KeyClass::HeavyGoods), ..file(truck()) });
    county
}

fn county() -> County {
    county_on(Theatre::Expressway)
}

fn detail(county: &County) -> (Timestamp, u32) {
    match &county.only().detail {
        Detail::NoExit { section, entered_at, expected_minutes } => {
            assert_eq!(section.as_str(), "AB");
            (*entered_at, *expected_minutes)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn who_does_not_come_out_is_warned_of_at_the_deadline() {
    let mut county = county();
    assert_eq!(county.see(seen("A", "08:00")), []);
    assert_eq!(county.tick(at("09:25:59")), []);
    assert_eq!(county.tick(at("09:26")), [Raised]);
    assert_eq!(detail(&county), (at("08:00"), EXPECTED_MINUTES));
    let warning = county.only();
    assert_eq!((warning.occurred_at, warning.raised_at), (at("09:05"), at("09:25")));
    assert_eq!((warning.level, warning.is_historical), (Level::Low, false));
    assert_eq!(warning.checkpoint, Some("A".into()));
    assert_eq!(warning.evidence.len(), 1);
}

#[test]
fn who_comes_out_in_time_is_not() {
    let mut county = county();
    county.see(seen("A", "08:00"));
    county.see(seen("B", "08:40"));
    county.see(seen("C", "08:50"));
    assert_eq!(county.tick(at("30:00")), []);
    assert_eq!(county.engine.stats().timers_armed, 1, "only to forget the track");
}

#[test]
fn an_exit_that_is_late_confirms() {
    let mut county = county();
    county.see(seen("A", "08:00"));
    county.tick(at("09:26"));
    assert_eq!(county.see(seen("B", "10:00")), [Revised]);
    assert_eq!(county.only().evidence.len(), 2);
    assert_eq!(county.see(seen("C", "10:10")), []);
    assert_eq!(county.tick(at("30:00")), []);
    assert_eq!(detail(&county), (at("08:00"), EXPECTED_MINUTES));
}

#[test]
fn who_is_seen_elsewhere_had_left() {
    for elsewhere in [seen("C", "09:30"), seen("A", "09:30"), late(seen("B", "08:10"), 80)] {
        let mut county = county();
        county.see(seen("A", "08:00"));
        county.tick(at("09:26"));
        assert_eq!(county.see(elsewhere), [Refuted]);
    }
}

#[test]
fn a_late_sighting_takes_the_confirmation_back() {
    let mut county = county();
    county.see(seen("A", "08:00"));
    county.see(seen("B", "10:00"));
    assert_eq!(detail(&county), (at("08:00"), EXPECTED_MINUTES));
    assert_eq!(county.see(late(seen("C", "08:30"), 120)), [Refuted]);
}

#[test]
fn what_nothing_confirms_is_taken_back_after_half_a_day() {
    let mut county = county();
    county.see(seen("A", "08:00"));
    county.tick(at("09:26"));
    assert_eq!(county.tick(at("20:00:59")), []);
    assert_eq!(county.tick(at("20:01")), [Refuted]);
    // Nor does an exit after that.
    assert_eq!(county.see(seen("B", "20:02")), []);
    assert_eq!(county.tick(at("34:00")), []);
}

#[test]
fn an_entry_that_comes_late_is_judged_by_what_is_known_then() {
    let mut county = county();
    county.see(seen("B", "10:00"));
    assert_eq!(county.see(late(seen("A", "08:00"), 180)), [Raised]);
    assert!(county.only().is_historical);
    let mut county = self::county();
    county.tick(at("09:00"));
    assert_eq!(county.see(late(seen("A", "08:00"), 90)), [Raised]);
    assert_eq!(county.tick(at("20:01")), [Refuted]);
}

#[test]
fn what_is_usual_on_the_way_counts_where_it_was_learned() {
    let mut county = county();
    county.change(ways("A", &["B"], 240, 300));
    county.see(seen("A", "08:00"));
    assert_eq!(county.tick(at("09:16")), [Raised]);
    assert_eq!(detail(&county), (at("08:00"), 55));
}

#[test]
fn a_restart_moves_no_deadline_even_when_more_was_learned_since() {
    for is_restarted in [false, true] {
        let mut county = county();
        county.see(seen("A", "08:00"));
        county.change(ways("A", &["B"], 240, 300));
        if is_restarted {
            county.restart();
        }
        assert_eq!(county.tick(at("09:20")), []);
        assert_eq!(county.tick(at("09:26")), [Raised]);
        if is_restarted {
            county.restart();
        }
        assert_eq!(county.tick(at("20:01")), [Refuted]);
    }
}

#[test]
fn other_roads_other_vehicles_and_doubtful_reads_are_left_alone() {
    let mut county = county_on(Theatre::NationalProvincial);
    county.see(seen("A", "08:00"));
    assert_eq!(county.tick(at("09:30")), []);

    let mut county = self::county();
    county.register(file(car("鲁Q54321")));
    county.see(passage_of(car("鲁Q54321"), "A", at("08:00")));
    county.see(passage_of(large("鲁Q99999"), "A", at("08:00")));
    // A small plate with the truck's number.
    county.see(passage_of(car("鲁Q12345"), "A", at("08:00")));
    assert_eq!(county.tick(at("09:30")), []);
    let everybody = [("key_classes", TunedValue::Words(Vec::new()))];
    county.change(tuned(ModelId::NoExit, Scope::default(), &everybody));
    county.see(passage_of(car("鲁Q54321"), "A", at("09:40")));
    assert_eq!(county.tick(at("11:10")), [Raised]);
}

#[test]
fn who_comes_the_other_way_leaves_the_section_and_does_not_enter_it() {
    let westwards = |place, clock| with(seen(place, clock), |passage| passage.direction = Some(2));
    let eastwards = |place, clock| with(seen(place, clock), |passage| passage.direction = Some(1));
    let mut county = county();
    county.see(westwards("A", "08:00"));
    assert_eq!(county.tick(at("09:30")), []);
    assert_eq!(county.see(eastwards("A", "10:00")), []);
    assert_eq!(county.tick(at("11:26")), [Raised]);
    // The exit was missed: it is on its way back.
    assert_eq!(county.see(westwards("B", "12:00")), [Refuted]);
}

#[test]
fn where_sections_part_the_longest_is_waited_for() {
    let mut county = county();
    let location = Wgs84::new(118.8, 35.2).unwrap();
    let beyond = Checkpoint { theatre: Theatre::Expressway, location, ..checkpoint("D") };
    county.change(ReferenceChange::Checkpoint(beyond));
    let longer = domain::Section { length_m: 30_000, ..super::scenario::section("AC", "A", "C") };
    county.change(ReferenceChange::Section(longer));
    county.change(ReferenceChange::Section(super::scenario::section("CD", "C", "D")));
    county.see(seen("A", "08:00"));
    assert_eq!(county.tick(at("10:05")), [], "thirty minutes, twice, and 45 more, and twice ten");
    assert_eq!(county.tick(at("10:06")), [Raised]);
    // It was the short one.
    assert_eq!(county.see(seen("B", "10:10")), [Revised]);
    assert_eq!(detail(&county), (at("08:00"), EXPECTED_MINUTES));
}

#[test]
fn where_no_section_goes_on_one_missed_read_is_no_absence_but_a_late_exit_is_told() {
    let mut county = county();
    county.change(ReferenceChange::SectionRemoved("BC".into()));
    county.see(seen("A", "08:00"));
    assert_eq!(county.tick(at("12:00")), []);
    assert_eq!(county.see(seen("B", "12:05")), [Raised]);
    assert_eq!(detail(&county), (at("08:00"), EXPECTED_MINUTES));
}

#[test]
fn an_entry_that_was_read_wrong_is_no_absence_but_a_late_exit_bears_it_out() {
    let mut county = county();
    // T is read for 1.
    let misread = with(seen("A", "08:00"), |passage| {
        passage.plate_text = "鲁QT2345".into();
        passage.plate = domain::Plate::parse("鲁QT2345").ok();
        passage.plate_confidence = Some(60);
    });
    for number in 0..1_000 {
        county.register(file(large(&format!("鲁Q6{number:04}"))));
    }
    county.see(misread);
    assert_eq!(county.tick(at("10:00")), []);
    assert_eq!(county.see(seen("B", "10:05")), [Raised]);
    assert_eq!(detail(&county), (at("08:00"), EXPECTED_MINUTES));
}
