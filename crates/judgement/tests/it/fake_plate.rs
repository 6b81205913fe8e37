//! Fake plates: numbers of a register that knows them all, given to nobody.

use super::data_files::shipped;
use super::scenario::Said::{Raised, Revised};
use super::scenario::{County, at, car, file, large, learned, passage, with};
use domain::observation::Observation;
use domain::warning::Detail;
use domain::{ModelId, PlateClass, PlateColor, VehicleType};

const FAKE: &str = "鲁Q7H9K4";

/// A county whose register knows all numbers of 鲁Q.
fn county() -> County {
    let mut parameters = shipped();
    parameters.models.reading.covered_files_min.value = 2;
    let mut county = learned(County::with_parameters(parameters), &["A", "B", "C"]);
    county.register(file(car("鲁Q12345")));
    county.register(file(car("鲁Q55555")));
    county
}

fn seen(place: &str, text: &str, clock: &str) -> Observation {
    with(passage(place, text, at(clock)), |passage| {
        passage.vehicle_type = VehicleType::parse("K33");
        passage.body_color = Some('A');
    })
}

fn fakes(county: &County) -> usize {
    county.warnings(ModelId::FakePlate).len()
}

#[test]
fn a_number_of_nobody_read_three_times_at_two_places_is_a_fake() {
    let mut county = county();
    assert_eq!(county.see(seen("A", FAKE, "08:00")), []);
    assert_eq!(county.see(seen("A", FAKE, "09:00")), []);
    assert_eq!(county.see(seen("B", FAKE, "10:00")), [Raised]);
    let warning = county.only();
    let Detail::FakePlate { plate, sighting_count, place_count, first_at } = &warning.detail else {
        panic!()
    };
    assert_eq!((*plate, *sighting_count, *place_count, *first_at), (car(FAKE).plate, 3, 2, at("08:00")));
    assert_eq!(warning.evidence.len(), 3);
    assert_eq!(county.see(seen("C", FAKE, "11:00")), [Revised]); // four
    assert_eq!(county.see(seen("C", FAKE, "12:00")), []);
}

#[test]
fn one_camera_may_misread_one_vehicle_all_day() {
    let mut county = county();
    for hour in 8..20 {
        county.see(seen("A", FAKE, &format!("{hour:02}:00")));
    }
    assert_eq!(fakes(&county), 0);
}

#[test]
fn reads_that_a_registered_vehicle_explains_are_its_own() {
    let mut county = county();
    for (place, clock) in [("A", "08:00"), ("B", "09:00"), ("C", "10:00"), ("A", "11:00")] {
        county.see(seen(place, "鲁QT2345", clock)); // T for 1
    }
    assert_eq!(fakes(&county), 0);
}

#[test]
fn different_looks_are_different_misreads() {
    let mut county = county();
    for (place, clock, color) in [("A", "08:00", 'A'), ("B", "09:00", 'J'), ("C", "10:00", 'E')] {
        county.see(with(seen(place, FAKE, clock), |passage| passage.body_color = Some(color)));
    }
    assert_eq!(fakes(&county), 0);
}

#[test]
fn a_number_registered_in_other_classes_is_somebodys() {
    let mut county = county();
    county.register(file(large(FAKE)));
    county.register(file(domain::VehicleKey { class: PlateClass(7), ..car(FAKE) }));
    for (place, clock) in [("A", "08:00"), ("B", "09:00"), ("C", "10:00"), ("A", "11:00")] {
        let unclear = with(seen(place, FAKE, clock), |passage| {
            passage.plate_class = PlateClass::UNKNOWN;
            passage.plate_color = PlateColor::Unknown;
        });
        county.see(unclear);
    }
    assert_eq!(fakes(&county), 0);
}

#[test]
fn numbers_of_authorities_that_the_register_does_not_know_are_strangers() {
    let mut county = county();
    for (place, clock) in [("A", "08:00"), ("B", "09:00"), ("C", "10:00"), ("A", "11:00")] {
        county.see(seen(place, "苏A7H9K4", clock));
    }
    assert_eq!(fakes(&county), 0);
}

#[test]
fn once_its_file_has_come_a_number_is_no_fake_any_more() {
    let mut county = county();
    county.see(seen("A", FAKE, "08:00"));
    county.see(seen("B", FAKE, "09:00"));
    county.register(file(car(FAKE)));
    county.see(seen("C", FAKE, "10:00"));
    county.see(seen("A", FAKE, "11:00"));
    assert_eq!(fakes(&county), 0);
}
