//! Driving time of coaches in a day and in a week.

use super::scenario::Said::{self, Raised, Revised};
use super::scenario::{County, at, coach, file, large, late, position};
use domain::warning::Detail;
use domain::{ModelId, Timestamp, VehicleKey};

const PLATE: &str = "鲁Q12345";

fn vehicle() -> VehicleKey {
    large(PLATE)
}

fn county() -> County {
    let mut county = County::new();
    county.register(coach(PLATE));
    county
}

/// Round and round with a report each five minutes, the first and the last minute included; what was said, with its
/// time.
fn drive(county: &mut County, from: &str, to: &str) -> Vec<(Timestamp, Said)> {
    let (from, to) = (at(from), at(to));
    (0..=to.ms_since(from) / 300_000)
        .flat_map(|step| {
            let captured_at = from.plus_ms(step * 300_000);
            let said = county.see(position(vehicle(), captured_at, 60, 0));
            said.into_iter().map(move |said| (captured_at, said))
        })
        .collect()
}

/// Window in hours, driven minutes and limit.
fn driven(county: &County) -> Vec<(u32, u32, u32)> {
    let warnings = county.warnings(ModelId::DrivingTime).into_iter();
    warnings
        .map(|warning| match warning.detail {
            Detail::DrivingTime { window_hours, driven_minutes, limit_minutes, .. } => {
                (window_hours, driven_minutes, limit_minutes)
            }
            _ => panic!(),
        })
        .collect()
}

#[test]
fn more_than_eight_hours_in_a_day_are_a_warning_however_many_rests_there_were() {
    let mut county = county();
    // 181 minutes each: the first and the last are driven.
    assert_eq!(drive(&mut county, "07:00", "10:00"), []);
    assert_eq!(drive(&mut county, "10:30", "13:30"), []);
    // 118 are left.
    let said = drive(&mut county, "14:00", "16:30");
    assert_eq!(said, [(at("16:00"), Raised), (at("16:30"), Revised)]);
    assert_eq!(driven(&county), [(24, 513, 480)]);
    let Detail::DrivingTime { window_from, .. } = county.only().detail else { panic!() };
    assert_eq!(window_from, at("16:30").plus_ms(-24 * 3_600_000));
}

#[test]
fn what_was_driven_more_than_a_day_ago_does_not_count() {
    let mut county = county();
    drive(&mut county, "07:00", "10:00");
    drive(&mut county, "10:30", "13:30");
    // Each minute of today pushes one of yesterday out of the window.
    assert_eq!(drive(&mut county, "31:00", "34:00"), []);
    assert_eq!(drive(&mut county, "34:30", "37:30"), []);
}

#[test]
fn only_short_halts_are_driving() {
    let minutes = |halt_minutes: i64| {
        let mut county = county();
        for step in 0..130 {
            let captured_at = at("07:00").plus_ms(step * (halt_minutes + 1) * 60_000);
            county.see(position(vehicle(), captured_at, 60, 0));
        }
        driven(&county).first().map(|(_, driven, _)| *driven)
    };
    assert!(minutes(5).is_some());
    assert_eq!(minutes(6), None, "130 minutes with movement");
}

#[test]
fn forty_four_hours_in_a_week_are_a_warning_of_their_own() {
    let mut county = county();
    // Six days with 7 h 2 min, split by a rest.
    for day in 0..6 {
        let clock = |hour: i64, minute: i64| format!("{}:{minute:02}", day * 24 + hour);
        assert_eq!(drive(&mut county, &clock(8, 0), &clock(11, 30)), []);
        assert_eq!(drive(&mut county, &clock(12, 0), &clock(15, 30)), []);
    }
    county.restart();
    // 2,532 minutes until here: 108 are left.
    let said = drive(&mut county, "152:00", "154:00");
    assert_eq!(said, [(at("153:50"), Raised)]);
    assert_eq!(driven(&county), [(168, 2_643, 2_640)]);
}

#[test]
fn the_law_is_for_coaches() {
    let mut county = County::new();
    county.register(file(vehicle()));
    drive(&mut county, "07:00", "10:00");
    drive(&mut county, "10:30", "13:30");
    assert_eq!(drive(&mut county, "14:00", "17:00"), []);
}

#[test]
fn driving_that_becomes_known_late_counts_like_any_other() {
    let mut county = county();
    drive(&mut county, "07:00", "10:00");
    assert_eq!(drive(&mut county, "14:00", "17:00"), []);
    let said: Vec<Said> = (0..36)
        .flat_map(|step| {
            let captured_at = at("10:30").plus_ms(step * 300_000);
            county.see(late(position(vehicle(), captured_at, 60, 0), 400))
        })
        .collect();
    assert_eq!(said.first(), Some(&Raised));
    // 181, 176 and 181 minutes; the last renewal was after thirty of those beyond the limit.
    assert_eq!(driven(&county).len(), 1);
    let mut in_order = self::county();
    drive(&mut in_order, "07:00", "10:00");
    drive(&mut in_order, "10:30", "13:25");
    drive(&mut in_order, "14:00", "17:00");
    assert_eq!(driven(&county), driven(&in_order));
}
