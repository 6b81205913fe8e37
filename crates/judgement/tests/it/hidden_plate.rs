//! Hidden plates: a vehicle without a readable plate that is followed by its look; and the plates that cameras miss.
//!
//! The places lie along a road, and from each to the next six minutes are usual.

use super::scenario::Said::{Raised, Refuted, Replaced, Revised};
use super::scenario::{County, at, checkpoint, late, learned_county, passage, ways, with};
use domain::observation::{Observation, Passage};
use domain::warning::Detail;
use domain::{Behaviour, Behaviours, ModelId, Plate, PlateClass, ReferenceChange, VehicleType};
use smol_str::SmolStr;

const PLACES: [&str; 6] = ["A", "B", "C", "D", "E", "F"];

fn county() -> County {
    let mut county = learned_county(&PLACES);
    for (index, from) in PLACES.iter().enumerate() {
        for (other, to) in PLACES.iter().enumerate() {
            let steps = index.abs_diff(other) as i64;
            county.change(ways(from, &[to], steps * 300, steps * 360));
        }
    }
    for number in 0..54 {
        county.change(ReferenceChange::Checkpoint(checkpoint(&format!("far {number}"))));
    }
    county
}

/// A grey tricycle with this text for a plate.
fn tricycle(text: &'static str) -> impl Fn(&mut Passage) {
    move |passage| {
        passage.plate_text = SmolStr::new_static(text);
        passage.plate = Plate::parse(text).ok();
        passage.plate_class = PlateClass::UNKNOWN;
        passage.vehicle_type = VehicleType::parse("N11");
        passage.body_color = Some('B');
    }
}

fn covered(passage: &mut Passage) {
    passage.behaviours = Behaviours::default().with(Behaviour::PlateCovered);
}

fn seen(place: &str, clock: &str) -> Observation {
    with(passage(place, "无车牌", at(clock)), tricycle("无车牌"))
}

fn hidden(county: &County) -> usize {
    county.warnings(ModelId::HiddenPlate).len()
}

#[test]
fn a_vehicle_without_a_plate_is_followed_from_place_to_place() {
    let mut county = county();
    let mut said = Vec::new();
    for (place, clock) in [("A", "08:00"), ("B", "08:06"), ("C", "08:12"), ("D", "08:18"), ("E", "08:24")] {
        said.extend(county.see(seen(place, clock)));
    }
    assert_eq!(said.first(), Some(&Raised));
    let warning = county.only();
    let Detail::HiddenPlate { sighting_count, first_at, is_covered } = warning.detail else { panic!() };
    assert_eq!((sighting_count >= 4, first_at, is_covered), (true, at("08:00"), false));
    assert_eq!(warning.evidence.len(), sighting_count as usize);
    assert_eq!(warning.subject.vehicle, None);
}

#[test]
fn what_the_camera_calls_covered_needs_fewer_sightings() {
    let follow = |is_covered: bool| {
        let mut county = county();
        // Plates missed here and there, of vehicles that look the same.
        for minute in 0..10 {
            let place = PLACES[(minute * 5 % 6) as usize];
            county.see(seen(place, &format!("07:{:02}", 3 * minute)));
        }
        assert_eq!(hidden(&county), 0);
        for (index, clock) in ["08:00", "08:06", "08:12", "08:18"].into_iter().enumerate() {
            let sighting = seen(PLACES[index], clock);
            county.see(if is_covered { with(sighting, covered) } else { sighting });
        }
        hidden(&county)
    };
    assert_eq!((follow(true), follow(false)), (1, 0));
}

#[test]
fn plates_missed_by_chance_all_day_are_seldom_taken_for_a_vehicle() {
    const DAYS: usize = 10;
    let mut dice = 1_u64;
    let of_a_day = || {
        let mut county = county();
        for minute in 0..1_200 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            if (dice >> 33).is_multiple_of(4) {
                let place = PLACES[(dice >> 40) as usize % PLACES.len()];
                county.see(seen(place, &format!("{:02}:{:02}", minute / 60, minute % 60)));
            }
        }
        hidden(&county)
    };
    let count: usize = std::iter::repeat_with(of_a_day).take(DAYS).sum();
    assert!(count <= DAYS, "300 sightings of one look make more than one a day: {count} in {DAYS}");
}

#[test]
fn another_look_or_another_time_than_usual_is_another_vehicle() {
    let mut county = county();
    for (index, clock) in ["08:00", "08:06", "08:12"].into_iter().enumerate() {
        let color = ['A', 'B', 'E'][index];
        county.see(with(seen(PLACES[index], clock), |passage| passage.body_color = Some(color)));
    }
    for (index, clock) in ["12:00", "12:45", "13:30", "14:15", "15:00"].into_iter().enumerate() {
        county.see(seen(PLACES[index], clock));
    }
    assert_eq!(hidden(&county), 0);
}

#[test]
fn a_colour_seen_wrong_once_and_a_short_stop_break_no_chain() {
    let follow = |wrong: &[usize], clocks: [&str; 6]| {
        let mut county = county();
        for (index, clock) in clocks.into_iter().enumerate() {
            let color = if wrong.contains(&index) { 'E' } else { 'B' };
            county.see(with(seen(PLACES[index], clock), |passage| passage.body_color = Some(color)));
        }
        let warnings = county.warnings(ModelId::HiddenPlate);
        let [warning] = warnings.as_slice() else { return 0 };
        let Detail::HiddenPlate { sighting_count, .. } = warning.detail else { panic!() };
        sighting_count
    };
    let driven_through = ["08:00", "08:06", "08:12", "08:18", "08:24", "08:30"];
    assert!(follow(&[], driven_through) >= 4);
    assert!(follow(&[2], driven_through) >= 4, "once seen in another colour");
    let stopped = ["08:00", "08:06", "08:12", "08:33", "08:39", "08:45"];
    assert!(follow(&[], stopped) >= 4, "a stop of a quarter of an hour");
    // Gone for longer, nobody can tell.
    let away = ["08:00", "08:06", "12:00", "12:06", "15:00", "15:06"];
    assert_eq!(follow(&[], away), 0);
}

#[test]
fn symbols_that_could_be_read_must_agree() {
    let follow = |texts: [&'static str; 5]| {
        let mut county = county();
        for (index, clock) in ["08:00", "08:06", "08:12", "08:18", "08:24"].into_iter().enumerate() {
            let read = passage(PLACES[index], texts[index], at(clock));
            county.see(with(read, tricycle(texts[index])));
        }
        hidden(&county)
    };
    assert_eq!(follow(["鲁Q12---", "鲁Q-23--", "鲁Q1----", "鲁Q12---", "无车牌"]), 1);
    assert_eq!(follow(["鲁Q12---", "鲁Q78---", "鲁Q34---", "鲁Q56---", "鲁Q90---"]), 0);
}

#[test]
fn a_plate_with_one_bad_symbol_or_a_strange_word_is_not_hidden() {
    let mut county = county();
    for (index, clock) in ["08:00", "08:06", "08:12", "08:18", "08:24"].into_iter().enumerate() {
        county.see(with(seen(PLACES[index], clock), tricycle("苏A12-45")));
        county.see(with(seen(PLACES[index], clock), tricycle("使馆")));
    }
    assert_eq!(hidden(&county), 0);
}

#[test]
fn late_sightings_join_the_chain_and_a_restart_changes_nothing() {
    let places =
        [("A", "08:00"), ("B", "08:06"), ("C", "08:12"), ("D", "08:18"), ("E", "08:24"), ("F", "08:30")];
    let mut straight = county();
    for (place, clock) in places {
        straight.see(late(seen(place, clock), 60));
    }
    let mut mixed = county();
    let mut said = Vec::new();
    for index in [5, 0, 3, 1, 2, 4] {
        said.extend(mixed.see(late(seen(places[index].0, places[index].1), 60)));
        mixed.restart();
    }
    assert!(said.iter().all(|said| [Raised, Revised, Replaced, Refuted].contains(said)));
    assert_eq!(hidden(&straight), 1);
    assert_eq!(straight.standing, mixed.standing);
}
