//! Strangers: a doubtful read is given to the number that was surely read elsewhere around it, and moves when more is known.

use super::scenario::Said::{Raised, Refuted, Replaced};
use super::scenario::{County, at, car, checkpoint, late, passage, with};
use domain::observation::Observation;
use domain::{Checkpoint, ModelId, ReferenceChange, VehicleKey, VehicleType};

/// Sections AB and BC, and a limit of 60 km/h at C.
fn county() -> County {
    let mut county = County::new();
    county.change(ReferenceChange::Checkpoint(Checkpoint { limit_kmh: Some(60), ..checkpoint("C") }));
    county
}

/// A white car, read with so much confidence.
fn read(place: &str, text: &str, clock: &str, confidence: u8) -> Observation {
    with(passage(place, text, at(clock)), |passage| {
        passage.plate_confidence = Some(confidence);
        passage.vehicle_type = VehicleType::parse("K33");
        passage.body_color = Some('A');
    })
}

fn fast(seen: Observation) -> Observation {
    with(seen, |passage| passage.speed_kmh = Some(130))
}

/// Whom the speed at C is held against.
fn speeder(county: &County) -> Option<VehicleKey> {
    let warnings = county.warnings(ModelId::SpotSpeed);
    assert!(warnings.len() <= 1, "{warnings:?}");
    warnings.first().and_then(|warning| warning.subject.vehicle)
}

#[test]
fn a_doubtful_read_is_of_the_number_that_was_surely_read_elsewhere() {
    let mut county = county();
    county.see(read("A", "苏H9T947", "08:00", 95));
    assert_eq!(county.see(fast(read("C", "苏H97947", "08:20", 60))), [Raised]);
    assert_eq!(speeder(&county), Some(car("苏H9T947")));
    assert_eq!(county.only().subject.plate_text.as_deref(), Some("苏H97947"), "as it was read");
}

#[test]
fn a_place_that_was_not_read_is_filled_in_by_it() {
    let mut county = county();
    county.see(read("A", "苏H9T947", "08:00", 95));
    county.see(fast(read("C", "苏H9T9-7", "08:20", 20)));
    assert_eq!(speeder(&county), Some(car("苏H9T947")));
}

#[test]
fn the_average_speed_of_a_stranger_misread_at_the_end_is_its_own() {
    let mut county = county();
    county.see(read("A", "苏H9T947", "08:00", 95));
    assert_eq!(county.see(read("B", "苏H97947", "08:05", 60)), [Raised]);
    assert_eq!(county.only().subject.vehicle, Some(car("苏H9T947")));
}

#[test]
fn what_nobody_confirms_is_held_against_nobody() {
    let mut alone = county();
    assert_eq!(alone.see(fast(read("C", "苏H97947", "08:20", 60))), []);
    // At the same checkpoint it is read alike again and again; hours later it may be anybody.
    for (place, clock) in [("C", "08:10"), ("A", "11:00")] {
        let mut county = county();
        county.see(read(place, "苏H9T947", clock, 95));
        assert_eq!(county.see(fast(read("C", "苏H97947", "08:20", 60))), [], "{place} {clock}");
    }
    // Two symbols differ, or the look does.
    let mut county = county();
    county.see(read("A", "苏H9T94T", "08:00", 95));
    county.see(with(read("A", "苏H9T947", "08:02", 95), |passage| passage.body_color = Some('J')));
    assert_eq!(county.see(fast(read("C", "苏H97947", "08:20", 60))), []);
}

#[test]
fn of_two_that_may_be_meant_neither_is_blamed() {
    let mut county = county();
    county.see(read("A", "苏H9T947", "08:00", 95));
    assert_eq!(county.see(fast(read("C", "苏H97947", "08:20", 60))), [Raised]);
    assert_eq!(county.see(read("A", "苏H919T7", "08:05", 95)), [], "two symbols off");
    assert_eq!(county.see(read("A", "苏H91947", "08:06", 95)), [Refuted]);
    assert_eq!(speeder(&county), None);
}

#[test]
fn a_firm_read_needs_nobody() {
    let mut county = county();
    county.see(read("A", "苏H9T947", "08:00", 95));
    assert_eq!(county.see(fast(read("C", "苏H97947", "08:20", 95))), [Raised]);
    assert_eq!(speeder(&county), Some(car("苏H97947")));
}

#[test]
fn who_is_seen_late_gets_what_was_held_against_another() {
    let mut county = county();
    // Sure enough by itself while nobody else is about.
    assert_eq!(county.see(fast(read("C", "苏H97947", "08:20", 84))), [Raised]);
    assert_eq!(speeder(&county), Some(car("苏H97947")));
    let said = county.see(late(read("A", "苏H9T947", "08:00", 95), 60));
    assert_eq!(said, [Refuted, Raised]);
    assert_eq!(speeder(&county), Some(car("苏H9T947")));
    // The number as read is about, too: the camera's doubt is too small to say who it was.
    county.see(late(read("A", "苏H97947", "08:04", 95), 90));
    assert_eq!(speeder(&county), Some(car("苏H97947")));
}

#[test]
fn what_becomes_surer_stands_as_it_was_said() {
    let mut county = county();
    assert_eq!(county.see(fast(read("C", "苏H97947", "08:20", 84))), [Raised]);
    let said = county.only().clone();
    // The same number, surely read elsewhere.
    assert_eq!(county.see(read("A", "苏H97947", "08:40", 95)), []);
    assert_eq!(*county.only(), said);
    // And again, by who was surely read before: a section's end of which nobody was sure enough.
    assert_eq!(county.see(read("B", "苏H97947", "08:45", 95)), [Raised], "its average speed");
}

#[test]
fn a_pair_that_loses_its_end_to_another_is_taken_back() {
    let mut county = county();
    county.see(read("A", "苏H97947", "08:00", 84));
    assert_eq!(county.see(read("B", "苏H97947", "08:05", 84)), [Raised]);
    let said = county.see(late(read("C", "苏H9T947", "08:30", 95), 10));
    assert!(said.contains(&Refuted) || said.contains(&Replaced), "{said:?}");
    assert_eq!(county.only().subject.vehicle, Some(car("苏H9T947")));
}
