//! Watch orders: exact, misread, unread, wildcards, and what lowers or excludes a hit.

use super::scenario::Said::{Raised, Revised};
use super::scenario::{County, at, car, file, late, order, passage, with};
use domain::warning::Detail;
use domain::{Level, ModelId, PlateClass, PlateColor, ReferenceChange, VehicleFile, WatchOrder};

fn score(county: &County) -> Option<u16> {
    county.warnings(ModelId::WatchOrder).first().map(|warning| match &warning.detail {
        Detail::WatchOrder { score_permille, .. } => *score_permille,
        _ => panic!(),
    })
}

fn under_order(text: &str) -> County {
    let mut county = County::new();
    county.order(order("W1", text));
    county
}

#[test]
fn an_exact_read_is_certain_and_has_the_level_of_the_order() {
    let mut county = under_order("鲁Q82345");
    assert_eq!(county.see(passage("A", "鲁Q82345", at("08:00"))), [Raised]);
    let warning = county.only();
    assert_eq!((score(&county), warning.level), (Some(1000), Level::High));
    assert_eq!(warning.subject.vehicle, Some(car("鲁Q82345")));
    assert_eq!(warning.actionable_until, at("08:30"));
    // Each passage is a warning of its own; another plate is none.
    assert_eq!(county.see(passage("B", "鲁Q82345", at("08:10"))), [Raised]);
    assert_eq!(county.see(passage("B", "鲁Q92345", at("08:11"))), []);
}

#[test]
fn a_misread_keeps_the_original_read_and_is_one_level_lower() {
    let mut county = under_order("鲁QB2345");
    assert_eq!(county.see(passage("A", "鲁Q82345", at("08:00"))), [Raised]);
    let warning = county.only();
    assert_eq!((score(&county), warning.level), (Some(750), Level::Medium));
    assert_eq!(warning.subject.vehicle, Some(car("鲁QB2345")));
    assert_eq!(warning.subject.plate_text.as_deref(), Some("鲁Q82345"));
}

#[test]
fn two_symbols_are_another_number_and_a_sure_camera_lowers_the_score() {
    let mut county = under_order("鲁QB234S");
    assert_eq!(county.see(passage("A", "鲁Q82345", at("08:00"))), []);
    let mut county = under_order("鲁QB2345");
    county.see(with(passage("A", "鲁Q82345", at("08:00")), |passage| passage.plate_confidence = Some(100)));
    assert_eq!(score(&county), Some(375));
}

#[test]
fn symbols_that_are_never_confused_are_no_hit() {
    let mut county = under_order("鲁Q12345");
    assert_eq!(county.see(passage("A", "鲁Q12M45", at("08:00"))), []);
}

#[test]
fn one_unread_place_is_doubtful_and_two_are_nothing() {
    let mut county = under_order("鲁Q12345");
    assert_eq!(county.see(passage("A", "鲁Q12-45", at("08:00"))), [Raised]);
    assert_eq!((score(&county), county.only().level), (Some(400), Level::Medium));
    assert_eq!(county.see(passage("A", "鲁Q1--45", at("08:01"))), []);
}

#[test]
fn a_wildcard_in_the_order_matches_any_symbol_with_certainty() {
    let mut county = under_order("鲁Q12-45");
    assert_eq!(county.see(passage("A", "鲁Q12M45", at("08:00"))), [Raised]);
    assert_eq!(score(&county), Some(1000));
    assert_eq!(county.only().subject.vehicle, Some(car("鲁Q12M45")));
    assert_eq!(county.see(passage("A", "鲁Q1-M45", at("08:01"))), [Raised]);
}

#[test]
fn a_registered_vehicle_that_looks_as_registered_was_not_misread() {
    let mut county = under_order("鲁QB2345");
    county.register(VehicleFile { body_color: Some('A'), ..file(car("鲁Q82345")) });
    let seen_in = |color, clock| with(passage("A", "鲁Q82345", at(clock)), |p| p.body_color = color);
    assert_eq!(county.see(seen_in(Some('A'), "08:00")), []);
    assert_eq!(county.see(seen_in(None, "08:01")), []);
    // The body is black, not white: this may be the ordered one.
    assert_eq!(county.see(seen_in(Some('J'), "08:02")), [Raised]);
}

#[test]
fn another_class_lowers_an_exact_hit_and_excludes_a_misread() {
    let yellow = |p: &mut domain::Passage| {
        p.plate_class = PlateClass::LARGE;
        p.plate_color = PlateColor::Yellow;
    };
    let mut county = County::new();
    county.order(WatchOrder { class: Some(PlateClass::SMALL), ..order("W1", "鲁QB2345") });
    assert_eq!(county.see(with(passage("A", "鲁QB2345", at("08:00")), yellow)), [Raised]);
    assert_eq!((score(&county), county.only().level), (Some(300), Level::Medium));
    assert_eq!(county.see(with(passage("A", "鲁Q82345", at("08:01")), yellow)), []);
}

#[test]
fn an_order_counts_while_in_force_by_the_time_of_capture() {
    let mut county = County::new();
    county.order(WatchOrder { from: at("08:00"), until: at("09:00"), ..order("W1", "鲁Q12345") });
    assert_eq!(county.see(passage("A", "鲁Q12345", at("07:59"))), []);
    assert_eq!(county.see(passage("A", "鲁Q12345", at("09:00"))), []);
    assert_eq!(county.see(late(passage("A", "鲁Q12345", at("08:59")), 120)), [Raised]);
    assert!(county.only().is_historical);
    county.change(ReferenceChange::WatchOrderRemoved("W1".into()));
    assert_eq!(county.see(passage("A", "鲁Q12345", at("08:30"))), []);
    assert_eq!(county.engine.stats().watch_orders, 0);
}

#[test]
fn the_copy_that_came_first_counts() {
    let mut county = under_order("鲁Q12345");
    assert_eq!(county.see(late(passage("A", "鲁Q12345", at("08:00")), 50)), [Raised]);
    assert_eq!(county.see(late(passage("A", "鲁Q12345", at("08:00")), 50)), []);
    assert_eq!(county.see(passage("A", "鲁Q12345", at("08:00"))), [Revised]);
    assert!(!county.only().is_historical);
}

#[test]
fn passages_beyond_the_horizon_are_still_compared() {
    let mut county = under_order("鲁Q12345");
    county.change(ReferenceChange::Tick(at("200:00")));
    assert_eq!(county.see(passage("A", "鲁Q12345", at("08:00"))), [Raised]);
    assert_eq!(county.engine.stats().late_beyond_horizon, 1);
}

#[test]
fn several_orders_for_one_plate_each_have_their_warning() {
    let mut county = under_order("鲁Q12345");
    county.order(order("W2", "鲁Q12345"));
    county.order(order("W3", "鲁QT2345"));
    county.see(passage("A", "鲁Q12345", at("08:00")));
    assert_eq!(county.warnings(ModelId::WatchOrder).len(), 3);
}
