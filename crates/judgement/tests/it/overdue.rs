//! What the register says about a vehicle that passes: once a day, and only when it looks as registered.

use super::scenario::Said::{Raised, Revised};
use super::scenario::{County, DAY, at, car, file, late, passage, with};
use domain::warning::Detail;
use domain::{CivilDay, Level, ModelId, PlateClass, PlateColor, VehicleFile};

const PLATE: &str = "鲁Q12345";

fn overdue() -> VehicleFile {
    VehicleFile { inspection_valid_until: Some(CivilDay(DAY.0 - 30)), ..file(car(PLATE)) }
}

#[test]
fn each_model_is_raised_once_a_day() {
    let mut county = County::new();
    county.register(VehicleFile { scrap_by: Some(CivilDay(DAY.0 - 1)), unhandled_offences: 12, ..overdue() });
    assert_eq!(county.see(passage("A", PLATE, at("08:00"))), [Raised, Raised, Raised]);
    assert_eq!(county.see(passage("B", PLATE, at("23:00"))), []);
    assert_eq!(county.see(passage("C", PLATE, at("24:01"))), [Raised, Raised, Raised]);
    let warnings = county.warnings(ModelId::OverdueInspection);
    assert_eq!(
        warnings.iter().map(|warning| &warning.detail).collect::<Vec<_>>(),
        [30, 31].map(|overdue_days| &*Box::leak(Box::new(Detail::OverdueInspection {
            valid_until: CivilDay(DAY.0 - 30),
            overdue_days
        })))
    );
    assert_eq!(county.warnings(ModelId::OverdueScrapping)[0].level, Level::High);
    let Detail::UnhandledOffences { count, threshold } =
        county.warnings(ModelId::UnhandledOffences)[0].detail
    else {
        panic!()
    };
    assert_eq!((count, threshold), (12, 10));
}

#[test]
fn the_last_valid_day_is_valid() {
    let mut county = County::new();
    county.register(VehicleFile {
        inspection_valid_until: Some(DAY),
        scrap_by: Some(DAY),
        unhandled_offences: 9,
        ..file(car(PLATE))
    });
    assert_eq!(county.see(passage("A", PLATE, at("23:59"))), []);
    assert_eq!(county.see(passage("A", PLATE, at("24:00"))), [Raised, Raised]);
}

#[test]
fn another_colour_or_class_is_another_vehicle() {
    let mut county = County::new();
    county.register(overdue());
    assert_eq!(
        county.see(with(passage("A", PLATE, at("08:00")), |p| p.plate_color = PlateColor::Yellow)),
        []
    );
    assert_eq!(county.see(with(passage("A", PLATE, at("08:01")), |p| p.plate_class = PlateClass::LARGE)), []);
    let unsaid = |p: &mut domain::Passage| {
        p.plate_class = PlateClass::UNKNOWN;
        p.plate_color = PlateColor::Unknown;
    };
    assert_eq!(county.see(with(passage("A", PLATE, at("08:02")), unsaid)), [Raised]);
}

#[test]
fn what_is_filled_in_later_does_not_disturb_a_live_warning() {
    let mut county = County::new();
    county.register(overdue());
    county.see(passage("A", PLATE, at("10:00")));
    assert_eq!(county.see(late(passage("B", PLATE, at("08:00")), 240)), []);
    assert_eq!(county.see(late(passage("B", PLATE, at("09:50")), 20)), [], "in time, but not the first");
    assert_eq!(county.only().occurred_at, at("10:00"));
}

#[test]
fn a_late_warning_becomes_urgent_when_the_vehicle_shows_up_live() {
    let mut county = County::new();
    county.register(overdue());
    assert_eq!(county.see(late(passage("A", PLATE, at("08:00")), 120)), [Raised]);
    assert!(county.only().is_historical);
    assert_eq!(county.see(passage("B", PLATE, at("10:30"))), [Revised]);
    assert!(!county.only().is_historical);
}
