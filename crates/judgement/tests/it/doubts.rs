//! Doubtful reads of registered numbers: of several vehicles that may be meant it was the one that is on the road hereabouts.

use super::data_files::shipped;
use super::scenario::Said::{Raised, Refuted};
use super::scenario::{County, at, car, checkpoint, file, late, learned, passage, ways, with};
use domain::observation::Observation;
use domain::{Checkpoint, ModelId, ReferenceChange, VehicleFile, VehicleKey, VehicleType};

/// 鲁Q8B345 and 鲁QB8345 may both be read as 鲁Q88345; a limit of 60 km/h at C, and five minutes between any two places.
fn county() -> County {
    let mut parameters = shipped();
    parameters.models.reading.covered_files_min.value = 1;
    let mut county = learned(County::with_parameters(parameters), &["A", "B", "C"]);
    county.change(ReferenceChange::Checkpoint(Checkpoint { limit_kmh: Some(60), ..checkpoint("C") }));
    for place in ["A", "B", "C"] {
        county.change(ways(place, &["A", "B", "C"], 300, 400));
    }
    for text in ["鲁Q8B345", "鲁QB8345", "鲁Q7X901"] {
        county.register(VehicleFile {
            vehicle_type: VehicleType::parse("K33"),
            body_color: Some('A'),
            ..file(car(text))
        });
    }
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

/// In doubt, and too fast.
fn doubted(text: &str, clock: &str) -> Observation {
    with(read("C", text, clock, 60), |passage| passage.speed_kmh = Some(130))
}

/// Whom the speed at C is held against.
fn speeder(county: &County) -> Option<VehicleKey> {
    let warnings = county.warnings(ModelId::SpotSpeed);
    assert!(warnings.len() <= 1, "{warnings:?}");
    warnings.first().and_then(|warning| warning.subject.vehicle)
}

#[test]
fn of_two_that_may_be_meant_it_was_the_one_that_is_seen_elsewhere() {
    let mut county = county();
    county.see(read("A", "鲁QB8345", "08:00", 95));
    assert_eq!(county.see(doubted("鲁Q88345", "08:20")), []);
    county.restart();
    // Others are looked at when the minute is over.
    assert_eq!(county.tick(at("08:21")), [Raised]);
    assert_eq!(speeder(&county), Some(car("鲁QB8345")));
    assert_eq!(county.only().subject.plate_text.as_deref(), Some("鲁Q88345"), "as it was read");
}

#[test]
fn what_the_table_does_not_name_is_found_on_the_road_too() {
    let mut county = county();
    county.see(doubted("鲁Q7X9W1", "08:20"));
    assert_eq!(county.tick(at("08:30")), [], "nobody is about");
    county.see(read("B", "鲁Q7X901", "08:31", 95));
    assert_eq!(county.tick(at("08:32")), [Raised]);
    assert_eq!(speeder(&county), Some(car("鲁Q7X901")));
}

#[test]
fn what_becomes_surer_stands_as_it_was_said() {
    let mut county = county();
    county.see(read("A", "鲁QB8345", "08:00", 95));
    county.see(doubted("鲁Q88345", "08:20"));
    assert_eq!(county.tick(at("08:21")), [Raised]);
    let said = county.only().clone();
    // The other that may be meant is scrapped, so that it was this one all the more.
    county.change(ReferenceChange::VehicleRemoved(car("鲁Q8B345")));
    county.see(read("B", "鲁QB8345", "08:30", 95));
    county.restart();
    assert_eq!(county.tick(at("08:31")), []);
    assert_eq!(*county.only(), said);
}

#[test]
fn who_is_seen_late_makes_two_of_one_and_is_given_nothing() {
    let mut county = county();
    county.see(read("A", "鲁QB8345", "08:00", 95));
    county.see(doubted("鲁Q88345", "08:20"));
    assert_eq!(county.tick(at("08:21")), [Raised]);
    county.see(late(read("B", "鲁Q8B345", "08:10", 95), 60));
    county.restart();
    assert_eq!(county.tick(at("09:11")), [Refuted]);
    assert_eq!(speeder(&county), None);
}

#[test]
fn who_cannot_have_come_from_where_it_was_seen_is_not_meant() {
    let mut county = county();
    county.see(read("A", "鲁QB8345", "08:00", 95));
    // Five minutes away at least, and seen there one minute before.
    county.see(read("B", "鲁Q8B345", "08:19", 95));
    county.see(doubted("鲁Q88345", "08:20"));
    county.tick(at("08:21"));
    assert_eq!(speeder(&county), Some(car("鲁QB8345")));
}

#[test]
fn a_section_that_ends_in_doubt_is_driven_by_who_began_it() {
    let mut county = county();
    county.see(read("A", "鲁Q8B345", "08:00", 95));
    county.see(read("B", "鲁Q88345", "08:05", 60));
    county.tick(at("08:06"));
    assert_eq!(county.only().model, ModelId::AverageSpeed);
    assert_eq!(county.only().subject.vehicle, Some(car("鲁Q8B345")));
    // The other was about as well: nobody knows any more.
    county.see(late(read("C", "鲁QB8345", "07:50", 95), 30));
    assert_eq!(county.tick(at("08:40")), [Refuted]);
}

#[test]
fn hours_later_it_may_be_anybody() {
    let mut county = county();
    county.see(read("A", "鲁QB8345", "03:00", 95));
    county.see(doubted("鲁Q88345", "08:20"));
    assert_eq!(county.tick(at("09:00")), []);
}
