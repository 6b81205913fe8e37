//! Clone plates: one number at two places at once, or on a vehicle that looks otherwise; and what only seems so.
//!
//! Between any two of the checkpoints A to F at least ten minutes are driven.

use super::scenario::Said::{Raised, Refuted, Revised};
use super::scenario::{County, at, car, file, late, learned_county, passage, with};
use domain::observation::{Observation, Passage};
use domain::warning::{CloneEvidence, Detail};
use domain::{Calibration, ClockError, ModelId, ReferenceChange, VehicleFile, VehicleType};

const PLATE: &str = "鲁Q12345";

fn county() -> County {
    let mut county = learned_county(&["A", "B", "C", "D", "E", "F"]);
    county.register(white_car(PLATE));
    county
}

fn white_car(text: &str) -> VehicleFile {
    VehicleFile { vehicle_type: VehicleType::parse("K33"), body_color: Some('A'), ..file(car(text)) }
}

/// As the register says.
fn white(passage: &mut Passage) {
    passage.vehicle_type = VehicleType::parse("K33");
    passage.body_color = Some('A');
}

fn red(passage: &mut Passage) {
    passage.vehicle_type = VehicleType::parse("K33");
    passage.body_color = Some('E');
}

fn red_truck(passage: &mut Passage) {
    passage.vehicle_type = VehicleType::parse("H31");
    passage.body_color = Some('E');
}

fn seen(place: &str, clock: &str) -> Observation {
    with(passage(place, PLATE, at(clock)), white)
}

fn clones(county: &County) -> usize {
    county.warnings(ModelId::ClonePlate).len()
}

#[test]
fn two_cars_on_the_road_at_once_are_a_clone() {
    let mut county = county();
    for (place, clock) in [("A", "08:00"), ("D", "08:02"), ("B", "08:12")] {
        assert_eq!(county.see(seen(place, clock)), [], "{place}");
    }
    assert_eq!(county.see(seen("E", "08:15")), [Raised]);
    let warning = county.only();
    let Detail::ClonePlate { evidence, contradiction_count, first_at, needs_earlier } = &warning.detail
    else {
        panic!()
    };
    assert!(!needs_earlier);
    let CloneEvidence::Journey { from, to, elapsed_ms, shortest_ms } = evidence else {
        panic!("{evidence:?}")
    };
    assert_eq!((from.0.as_str(), to.0.as_str(), *elapsed_ms, *shortest_ms), ("B", "E", 180_000, 600_000));
    assert_eq!((*contradiction_count, *first_at), (2, at("08:00")));
    assert_eq!(warning.evidence.len(), 4);
    assert_eq!(warning.occurred_at, at("08:15"));
}

#[test]
fn it_is_said_again_when_the_contradictions_have_doubled_and_not_at_each_passage() {
    let mut county = county();
    let mut said = Vec::new();
    for round in 0..4 {
        let start = at("08:00").plus_ms(round * 40 * 60_000);
        for (place, minute) in [("A", 0), ("D", 2), ("B", 12), ("E", 15)] {
            let mut seen = seen(place, "00:00");
            seen.captured_at = start.plus_ms(minute * 60_000);
            seen.received_at = seen.captured_at.plus_ms(1_000);
            seen.id.0 ^= (round * 100 + minute) as u128;
            said.extend(county.see(seen));
        }
    }
    assert_eq!(said, [Raised, Revised, Revised]); // at 2, 4 and 8
}

#[test]
fn one_read_that_belongs_to_another_vehicle_is_no_clone() {
    let mut county = county();
    for (place, clock) in [("A", "08:00"), ("B", "08:11"), ("E", "08:12"), ("C", "08:22"), ("D", "08:33")] {
        county.see(seen(place, clock));
    }
    assert_eq!(clones(&county), 0);
}

#[test]
fn a_clock_that_jumps_is_no_clone_however_often_its_camera_is_passed() {
    let mut county = county();
    // The clock of X is ten minutes behind, and nobody has noticed yet.
    for hour in 8..16 {
        for (place, minute) in [("A", 0), ("X", 2), ("B", 24)] {
            let place = if place == "X" { "C" } else { place };
            county.see(seen(place, &format!("{hour}:{minute:02}")));
        }
    }
    assert_eq!(clones(&county), 0);
}

#[test]
fn clocks_of_which_nothing_was_learned_may_be_wrong_by_minutes() {
    let mut county = County::new();
    county.register(white_car(PLATE));
    for from in ["A", "B", "C", "D"] {
        county.change(super::scenario::ways(from, &["A", "B", "C", "D"], 600, 720));
    }
    for (place, clock) in [("A", "08:00"), ("C", "08:02"), ("B", "08:12"), ("D", "08:15")] {
        county.see(seen(place, clock));
    }
    assert_eq!(clones(&county), 0);
}

#[test]
fn a_clock_set_right_contradicts_nothing() {
    let mut county = county();
    let clock = ClockError { ahead_ms: 600_000, uncertainty_ms: 400 };
    let calibration = Calibration { device: "D".into(), from: at("00:00"), clock, misread: None };
    county.change(ReferenceChange::Calibrations(vec![calibration]));
    for (place, clock) in [("A", "08:00"), ("D", "08:21"), ("B", "08:22"), ("D", "08:43")] {
        county.see(seen(place, clock));
    }
    assert_eq!(clones(&county), 0);
}

#[test]
fn with_a_rival_whose_number_is_taken_for_this_one_more_is_needed() {
    let mut county = county();
    county.register(white_car("鲁QT2345")); // T is read as 1
    for (place, clock) in [("A", "08:00"), ("D", "08:02"), ("B", "08:12"), ("E", "08:15")] {
        assert_eq!(county.see(seen(place, clock)), []);
    }
    for (place, clock) in [("C", "08:24"), ("F", "08:27"), ("A", "08:36"), ("D", "08:39"), ("B", "08:48")] {
        assert_eq!(county.see(seen(place, clock)), []);
    }
    assert_eq!(county.see(seen("E", "08:51")), [Raised]);
}

#[test]
fn a_late_passage_makes_a_clone() {
    let mut county = county();
    for (place, clock) in [("A", "08:00"), ("D", "08:02"), ("E", "08:15")] {
        county.see(seen(place, clock));
    }
    assert_eq!(county.see(late(seen("B", "08:12"), 50)), [Raised]);
    assert!(!county.only().is_historical, "what completed it was seen in time");
}

#[test]
fn late_passages_that_look_as_registered_refute_what_few_others_seemed_to_show() {
    let mut county = county();
    let other = |place: &str, clock: &str| with(passage(place, PLATE, at(clock)), red_truck);
    let mut said = county.see(seen("A", "08:00"));
    for observation in [other("D", "14:00"), seen("B", "15:00"), other("E", "16:00"), other("F", "16:30")] {
        said.extend(county.see(observation));
    }
    assert_eq!(said, [Raised]);
    let mut said = Vec::new();
    for (place, minute) in [("A", 0), ("B", 15), ("C", 30), ("D", 45)] {
        for hour in 9..14 {
            said.extend(county.see(late(seen(place, &format!("{hour:02}:{minute:02}")), 540)));
        }
    }
    assert_eq!(said, [Refuted]);
}

#[test]
fn another_type_and_colour_seen_repeatedly_beside_the_registered_look_is_a_clone() {
    let mut county = county();
    let other = |place: &str, clock: &str| with(passage(place, PLATE, at(clock)), red_truck);
    let mut said = Vec::new();
    for observation in [
        seen("A", "08:00"),
        other("D", "09:00"),
        seen("B", "10:00"),
        other("E", "11:00"),
        seen("C", "12:00"),
        other("F", "13:00"),
        other("D", "14:00"),
    ] {
        said.extend(county.see(observation));
    }
    assert_eq!(said, [Raised]);
    let Detail::ClonePlate { evidence, contradiction_count, .. } = &county.only().detail else { panic!() };
    let look = CloneEvidence::Look { is_plate_other: false, is_type_other: true, is_color_other: true };
    assert_eq!((evidence, *contradiction_count), (&look, 4));
}

#[test]
fn a_repainted_car_is_no_clone() {
    let mut county = county();
    for hour in 8..17 {
        for (place, minute) in [("A", 0), ("B", 20), ("C", 40)] {
            county.see(with(passage(place, PLATE, at(&format!("{hour:02}:{minute:02}"))), red));
        }
    }
    assert_eq!(clones(&county), 0);
}

#[test]
fn wrong_colours_now_and_then_by_night_or_of_one_camera_are_no_clone() {
    let mut county = county();
    for hour in 0..24 {
        for (place, minute) in [("A", 0), ("B", 20), ("C", 40)] {
            let is_red = !(8..17).contains(&hour) || place == "C" || hour == 11;
            let look = if is_red { red } else { white };
            county.see(with(passage(place, PLATE, at(&format!("{hour:02}:{minute:02}"))), look));
        }
    }
    assert_eq!(clones(&county), 0);
}

#[test]
fn a_number_that_two_classes_share_is_not_judged_by_its_look() {
    let mut county = county();
    county.register(file(super::scenario::large(PLATE)));
    for (place, clock) in [("A", "08:00"), ("D", "09:00"), ("B", "10:00"), ("E", "11:00"), ("F", "12:00")] {
        let look = if place == "A" || place == "B" { white } else { red_truck };
        county.see(with(passage(place, PLATE, at(clock)), look));
    }
    assert_eq!(clones(&county), 0);
}

#[test]
fn each_day_has_its_warning_and_a_restart_changes_nothing() {
    let mut county = county();
    for day in [0, 24] {
        for (place, minute) in [("A", 0), ("D", 2), ("B", 12), ("E", 15)] {
            county.see(seen(place, &format!("{}:{minute:02}", day + 8)));
            county.restart();
        }
    }
    assert_eq!(clones(&county), 2);
}

fn needs_earlier(county: &County) -> Vec<bool> {
    let warnings = county.warnings(ModelId::ClonePlate);
    let mut all: Vec<_> = warnings.iter().map(|warning| (warning.occurred_at, &warning.detail)).collect();
    all.sort_by_key(|(occurred_at, _)| *occurred_at);
    let of = |detail: &Detail| matches!(detail, Detail::ClonePlate { needs_earlier: true, .. });
    all.into_iter().map(|(_, detail)| of(detail)).collect()
}

#[test]
fn after_a_day_that_shows_a_clone_one_contradiction_is_enough_for_two_days() {
    let mut county = county();
    for (place, clock) in [("A", "08:00"), ("D", "08:02"), ("B", "08:12"), ("E", "08:15")] {
        county.see(seen(place, clock));
    }
    for (clock_a, clock_d) in [("32:00", "32:02"), ("56:00", "56:02"), ("104:00", "104:02")] {
        county.see(seen("A", clock_a));
        county.see(seen("D", clock_d));
        county.restart();
    }
    // The third is a day too late, and the second day's one contradiction rests on the first day's.
    assert_eq!(needs_earlier(&county), [false, true, true]);
}

#[test]
fn what_a_late_passage_shows_of_a_day_counts_on_the_next_and_what_it_refutes_no_longer_does() {
    let mut county = county();
    for (place, clock) in [("A", "08:00"), ("D", "08:02"), ("E", "08:15")] {
        county.see(seen(place, clock));
    }
    for (place, clock) in [("A", "32:00"), ("D", "32:02")] {
        assert_eq!(county.see(seen(place, clock)), []);
    }
    assert_eq!(county.see(late(seen("B", "08:12"), 26 * 60)), [Raised, Raised]);
    assert_eq!(needs_earlier(&county), [false, true]);
}

#[test]
fn in_whichever_order_they_come_three_days_show_the_same() {
    let seen_in = |order: &dyn Fn(usize) -> usize| {
        let mut county = county();
        let days = [("A", "08:00"), ("D", "08:02"), ("B", "08:12"), ("E", "08:15")].into_iter().chain([
            ("A", "32:00"),
            ("D", "32:02"),
            ("B", "32:30"),
            ("D", "56:00"),
            ("A", "56:03"),
        ]);
        let visits: Vec<(&str, &str)> = days.collect();
        for index in 0..visits.len() {
            let (place, clock) = visits[order(index)];
            let mut visit = seen(place, clock);
            visit.received_at = at("60:00").plus_ms(index as i64 * 1_000);
            county.see(visit);
        }
        let of = |warning: &domain::Warning| (warning.id, warning.detail.clone());
        county.warnings(ModelId::ClonePlate).into_iter().map(of).collect::<Vec<_>>()
    };
    let in_order = seen_in(&|index| index);
    assert_eq!(in_order.len(), 3);
    assert_eq!(seen_in(&|index| 8 - index), in_order);
    // Steps of two, four and five through nine visits.
    for step in [2, 4, 5] {
        assert_eq!(seen_in(&|index| index * step % 9), in_order, "{step}");
    }
}

#[test]
fn two_contradictions_of_one_place_rest_on_the_days_before() {
    let mut county = county();
    for (place, clock) in [("A", "08:00"), ("D", "08:02"), ("B", "08:12"), ("E", "08:15")] {
        county.see(seen(place, clock));
    }
    for (place, clock) in [("A", "32:00"), ("C", "32:02"), ("B", "32:24"), ("A", "32:40"), ("C", "32:42")] {
        county.see(seen(place, clock));
    }
    assert_eq!(needs_earlier(&county), [false, true]);
}

#[test]
fn one_place_alone_hands_nothing_on() {
    let mut county = county();
    for day in 0..3 {
        for (place, minute) in [("A", 0), ("C", 2), ("B", 24), ("A", 40), ("C", 42)] {
            county.see(seen(place, &format!("{}:{minute:02}", day * 24 + 8)));
        }
    }
    assert_eq!(clones(&county), 0, "its clock may be wrong");
}

#[test]
fn colours_are_weighed_against_what_was_seen_by_daylight() {
    let mut county = county();
    // By night nobody can tell a colour; by day ten of eighteen are red.
    for hour in (0..7).chain(18..24) {
        for (place, minute) in [("A", 0), ("B", 20), ("C", 40)] {
            county.see(seen(place, &format!("{hour:02}:{minute:02}")));
        }
    }
    let places = ["B", "C", "D", "E", "F"].iter().cycle();
    for (index, place) in places.take(18).enumerate() {
        let clock = format!("{:02}:{:02}", 8 + index * 25 / 60, index * 25 % 60);
        let is_red = index < 10;
        county.see(if is_red { with(passage(place, PLATE, at(&clock)), red) } else { seen("A", &clock) });
    }
    assert_eq!(clones(&county), 1);
}

#[test]
fn switched_off_for_the_county_it_says_nothing() {
    let mut parameters = super::data_files::shipped();
    parameters.models.clone_plate.is_enabled = false;
    let mut county =
        super::scenario::learned(County::with_parameters(parameters), &["A", "B", "C", "D", "E"]);
    county.register(white_car(PLATE));
    for (place, clock) in [("A", "08:00"), ("D", "08:02"), ("B", "08:12"), ("E", "08:15")] {
        county.see(seen(place, clock));
    }
    assert_eq!(clones(&county), 0);
}
