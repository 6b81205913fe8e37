//! Whose passage it is, and when: reads weighed against the register, clocks set right.

use super::data_files::shipped;
use super::scenario::Said::{Raised, Replaced};
use super::scenario::{County, at, car, file, large, late, passage, with};
use domain::observation::{Observation, Passage};
use domain::warning::Detail;
use domain::{
    Calibration, ClockError, ModelId, PlateClass, PlateColor, ReferenceChange, VehicleFile, VehicleKey,
    VehicleType,
};

/// A county that knows all vehicles of 鲁Q: these, each with offences, so that a sure read of it is a warning.
fn county(files: &[&VehicleFile]) -> County {
    let mut parameters = shipped();
    parameters.models.reading.covered_files_min.value = 1;
    let mut county = County::with_parameters(parameters);
    for file in files {
        county.register(VehicleFile { unhandled_offences: 11, ..(*file).clone() });
    }
    county
}

/// A white car and a yellow truck.
fn white_car(text: &str) -> VehicleFile {
    VehicleFile { vehicle_type: VehicleType::parse("K33"), body_color: Some('A'), ..file(car(text)) }
}

fn yellow_truck(text: &str) -> VehicleFile {
    VehicleFile { vehicle_type: VehicleType::parse("H11"), body_color: Some('C'), ..file(large(text)) }
}

/// What is read as this plate and looks like that file.
fn read(text: &str, like: &VehicleFile) -> Observation {
    with(passage("A", text, at("08:00")), |passage| {
        passage.plate_class = like.key.class;
        passage.plate_color = like.key.class.color();
        passage.vehicle_type = like.vehicle_type;
        passage.body_color = like.body_color;
    })
}

/// Whom the county surely takes the passage for.
fn whose(county: &mut County, seen: Observation) -> Option<VehicleKey> {
    county.see(seen);
    let offences = county.warnings(ModelId::UnhandledOffences);
    offences.first().and_then(|warning| warning.subject.vehicle)
}

#[test]
fn a_misread_is_taken_for_the_registered_vehicle_that_cameras_take_for_it() {
    let owner = white_car("鲁Q12345");
    let mut county = county(&[&owner, &white_car("鲁Q77777")]);
    assert_eq!(whose(&mut county, read("鲁Q1234S", &owner)), Some(owner.key));
    assert_eq!(county.only().subject.plate_text.as_deref(), Some("鲁Q1234S"), "as it was read");
}

#[test]
fn of_two_that_may_be_meant_class_type_and_colour_decide() {
    let (white, truck) = (white_car("鲁Q8B345"), yellow_truck("鲁QB8345"));
    let files = [&white, &truck];
    // Both are one symbol from what was read.
    assert_eq!(whose(&mut county(&files), read("鲁Q88345", &white)), Some(white.key));
    assert_eq!(whose(&mut county(&files), read("鲁Q88345", &truck)), Some(truck.key));
}

#[test]
fn a_registered_number_on_a_vehicle_that_looks_like_another_is_the_other_misread() {
    let (white, truck) = (white_car("鲁Q88345"), yellow_truck("鲁Q8B345"));
    let files = [&white, &truck];
    assert_eq!(whose(&mut county(&files), read("鲁Q88345", &white)), Some(white.key));
    assert_eq!(whose(&mut county(&files), read("鲁Q88345", &truck)), Some(truck.key));
    // With nobody else who may be meant, it is no misread: but nothing is sure of it.
    assert_eq!(whose(&mut county(&files[..1]), read("鲁Q88345", &truck)), None);
}

#[test]
fn two_that_fit_alike_are_ambiguous_and_nobody_is_blamed() {
    let (one, two) = (white_car("鲁Q8B345"), white_car("鲁QB8345"));
    assert_eq!(whose(&mut county(&[&one, &two]), read("鲁Q88345", &one)), None);
}

#[test]
fn what_no_table_names_is_nobodys() {
    // A number of nobody has many neighbours: which one was meant would be a guess.
    let owner = white_car("鲁Q12345");
    assert_eq!(whose(&mut county(&[&owner]), read("鲁Q12X45", &owner)), None);
    assert_eq!(whose(&mut county(&[&owner]), read("鲁Q1XX45", &owner)), None);
    // Beside a symbol that cameras do confuse, one more may be wrong: then it is not sure enough.
    let other = white_car("鲁Q12X45");
    assert_eq!(whose(&mut county(&[&owner, &other]), read("鲁Q12X45", &other)), Some(other.key));
}

#[test]
fn one_unread_place_is_filled_in_where_only_one_vehicle_fits() {
    let (owner, other) = (white_car("鲁Q12345"), white_car("鲁Q12346"));
    assert_eq!(whose(&mut county(&[&owner]), read("鲁Q1234-", &owner)), Some(owner.key));
    assert_eq!(whose(&mut county(&[&owner]), read("鲁Q123--", &owner)), None);
    assert_eq!(whose(&mut county(&[&owner, &other]), read("鲁Q1234-", &owner)), None);
    let truck = yellow_truck("鲁Q12347");
    assert_eq!(whose(&mut county(&[&owner, &truck]), read("鲁Q1234-", &owner)), Some(owner.key));
}

#[test]
fn plates_of_other_registers_are_left_as_they_were_read() {
    // The register knows one vehicle of Jiangsu A, not all of them.
    let guest = white_car("苏A12345");
    let mut parameters = shipped();
    parameters.models.reading.covered_files_min.value = 2;
    let mut county = County::with_parameters(parameters);
    for file in [guest.clone(), white_car("鲁Q12345"), white_car("鲁Q77777")] {
        county.register(VehicleFile { unhandled_offences: 11, ..file });
    }
    assert_eq!(whose(&mut county, read("苏A1234S", &guest)), None);
    assert_eq!(whose(&mut county, read("苏A1234-", &guest)), None);
    assert_eq!(whose(&mut county, read("苏A12345", &guest)), Some(guest.key));
}

#[test]
fn a_speeder_whose_plate_was_misread_once_is_still_one_vehicle() {
    let owner = white_car("鲁Q12345");
    let mut county = county(&[&owner]);
    county.see(read("鲁Q12345", &owner));
    let mut end = read("鲁QT2345", &owner);
    (end.captured_at, end.received_at) = (at("08:05"), at("08:05:01"));
    end = with(end, |passage: &mut Passage| passage.checkpoint = "B".into());
    county.see(end);
    let warnings = county.warnings(ModelId::AverageSpeed);
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].subject.vehicle, Some(owner.key));
}

#[test]
fn without_class_and_colour_the_number_alone_tells() {
    let owner = white_car("鲁Q12345");
    let unseen = with(read("鲁Q12345", &owner), |passage| {
        passage.plate_class = PlateClass::UNKNOWN;
        passage.plate_color = PlateColor::Unknown;
        passage.vehicle_type = None;
        passage.body_color = None;
    });
    assert_eq!(whose(&mut county(&[&owner]), unseen), Some(owner.key));
}

/// What was learned of the clock at B, so far ahead.
fn clock_at_b(ahead_s: i64) -> ReferenceChange {
    ReferenceChange::Calibrations(vec![Calibration {
        device: "B".into(),
        from: at("00:00"),
        clock: ClockError { ahead_ms: ahead_s * 1000, uncertainty_ms: 500 },
        misread: None,
    }])
}

/// From A to B, as the clock at B says.
fn drive(county: &mut County, end_clock: &str) {
    county.see(passage("A", "鲁Q12345", at("08:00")));
    county.see(passage("B", "鲁Q12345", at(end_clock)));
}

#[test]
fn a_clock_five_minutes_ahead_hides_speeding_until_it_is_set_right() {
    let mut county = County::new();
    drive(&mut county, "08:11");
    assert_eq!(county.standing.len(), 0, "55 km/h");
    let mut county = County::new();
    county.change(clock_at_b(300));
    drive(&mut county, "08:11");
    let warning = county.only();
    let Detail::AverageSpeed { elapsed_ms, speed_dkmh, .. } = warning.detail else { panic!() };
    assert_eq!((elapsed_ms, speed_dkmh), (360_000, 1_000));
    assert_eq!(warning.occurred_at, at("08:06"));
}

#[test]
fn a_clock_five_minutes_behind_makes_speeders_until_it_is_set_right() {
    let mut county = County::new();
    drive(&mut county, "08:05");
    assert_eq!(county.only().model, ModelId::AverageSpeed);
    let mut county = County::new();
    county.change(clock_at_b(-300));
    drive(&mut county, "08:05");
    assert_eq!(county.standing.len(), 0, "sixty km/h");
}

#[test]
fn what_a_clock_may_still_be_wrong_by_is_in_the_drivers_favour() {
    let uncertain = |uncertainty_ms: u32| {
        let mut county = County::new();
        county.change(ReferenceChange::Calibrations(vec![Calibration {
            device: "B".into(),
            from: at("00:00"),
            clock: ClockError { ahead_ms: 0, uncertainty_ms },
            misread: None,
        }]));
        drive(&mut county, "08:06:40");
        county.standing.len()
    };
    // 90 km/h are over by 12.5 %, with ten seconds more by 9.7 %.
    assert_eq!((uncertain(1_000), uncertain(10_000)), (1, 0));
}

#[test]
fn a_start_that_comes_late_is_put_before_the_end_by_true_times() {
    let mut county = County::new();
    county.change(clock_at_b(300));
    county.see(passage("B", "鲁Q12345", at("08:11")));
    assert_eq!(county.see(late(passage("A", "鲁Q12345", at("08:00")), 90)), [Raised]);
    // It had been at the end at 08:03 already, as its clock's 08:08 means: what followed was no drive through.
    assert_eq!(county.see(late(passage("B", "鲁Q12345", at("08:08")), 120)), [Replaced, Raised]);
    let Detail::AverageSpeed { elapsed_ms, .. } = county.only().detail else { panic!() };
    assert_eq!(elapsed_ms, 180_000);
}
