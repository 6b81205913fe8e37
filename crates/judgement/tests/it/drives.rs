//! Driving without rest, and coaches between 02:00 and 05:00.

use super::scenario::Said::{Raised, Replaced, Revised};
use super::scenario::{County, Said, at, coach, large, late, position};
use domain::warning::Detail;
use domain::{ModelId, Timestamp, VehicleFile, VehicleKey};

const PLATE: &str = "鲁Q12345";

fn truck() -> VehicleKey {
    large(PLATE)
}

/// One report a minute at 60 km/h, eastwards; what was said, with the minute.
fn drive(county: &mut County, from: &str, minutes: i64) -> Vec<(i64, Said)> {
    let started_at = at(from);
    (0..minutes)
        .flat_map(|minute| {
            let captured_at = started_at.plus_ms(minute * 60_000);
            let said = county.see(position(truck(), captured_at, 60, east_m(captured_at)));
            said.into_iter().map(move |said| (minute, said))
        })
        .collect()
}

/// Stands still for so many minutes.
fn stop(county: &mut County, from: &str, minutes: i64) {
    for minute in 0..minutes {
        let captured_at = at(from).plus_ms(minute * 60_000);
        assert_eq!(county.see(position(truck(), captured_at, 0, east_m(at(from)))), []);
    }
}

/// Where a vehicle is that goes east with 60 km/h since midnight.
fn east_m(captured_at: Timestamp) -> i32 {
    (captured_at.ms_since(at("00:00")) / 60) as i32
}

fn fatigue(county: &County) -> Vec<(Timestamp, u32, bool)> {
    let warnings = county.warnings(ModelId::Fatigue).into_iter();
    warnings
        .map(|warning| match warning.detail {
            Detail::Fatigue { started_at, driven_minutes, is_night, .. } => {
                (started_at, driven_minutes, is_night)
            }
            _ => panic!(),
        })
        .collect()
}

#[test]
fn four_hours_without_rest_are_raised_once_and_renewed_each_half_hour() {
    let mut county = County::new();
    let said = drive(&mut county, "08:00", 310);
    // The 241st minute begins a slot, as do those half an hour later.
    assert_eq!(said, [(240, Raised), (270, Revised), (300, Revised)]);
    assert_eq!(fatigue(&county), [(at("08:00"), 301, false)]);
    let warning = county.only();
    assert_eq!(warning.occurred_at, at("13:00"));
    assert_eq!(warning.evidence.len(), domain::warning::EVIDENCE_MAX);
    assert_eq!(warning.evidence[0].captured_at, at("08:00"));
}

#[test]
fn a_stop_of_twenty_minutes_is_a_rest_and_a_shorter_one_is_not() {
    let mut county = County::new();
    drive(&mut county, "08:00", 200);
    stop(&mut county, "11:20", 20);
    assert_eq!(drive(&mut county, "11:40", 200), []);
    let mut county = County::new();
    drive(&mut county, "08:00", 200);
    stop(&mut county, "11:20", 19);
    drive(&mut county, "11:39", 60);
    // The stop itself is not driving.
    assert_eq!(fatigue(&county), [(at("08:00"), 242, false)]);
}

#[test]
fn silence_with_way_covered_is_driving_and_without_is_rest() {
    let mut county = County::new();
    drive(&mut county, "08:00", 120);
    // An hour of silence, 60 km further on.
    drive(&mut county, "11:00", 65);
    assert_eq!(fatigue(&county), [(at("08:00"), 241, false)]);

    let mut county = County::new();
    drive(&mut county, "08:00", 120);
    // An hour of silence at the same place.
    for minute in 0..130 {
        let captured_at = at("11:00").plus_ms(minute * 60_000);
        county.see(position(truck(), captured_at, 60, east_m(at("10:00")) + minute as i32 * 1000));
    }
    assert_eq!(fatigue(&county), []);
}

#[test]
fn a_stop_that_becomes_known_late_refutes() {
    let mut county = County::new();
    drive(&mut county, "08:00", 100);
    // 26 minutes silent, 26 km further: driving until the stop in between is known.
    drive(&mut county, "10:06", 120);
    assert_eq!(fatigue(&county).len(), 1);
    let rest_place = east_m(at("09:40"));
    let said: Vec<_> = (0..24)
        .flat_map(|minute| {
            let captured_at = at("09:41").plus_ms(minute * 60_000);
            county.see(late(position(truck(), captured_at, 0, rest_place), 200))
        })
        .collect();
    // The longer the stop is known to be, the less was driven, until it is a rest.
    let (last, before) = said.split_last().unwrap();
    assert_eq!(*last, Said::Refuted);
    assert!(before.iter().all(|said| *said == Revised), "{before:?}");
    assert_eq!(county.standing.len(), 0);
}

#[test]
fn after_a_silence_nobody_is_warned_of_until_the_terminal_has_sent_what_it_kept() {
    let mut county = County::new();
    drive(&mut county, "08:00", 200);
    // 25 minutes silent, 25 km further; the limit is passed a quarter of an hour later.
    assert_eq!(drive(&mut county, "11:45", 60), [(30, Raised), (45, Revised)]);

    let mut county = County::new();
    drive(&mut county, "08:00", 200);
    assert_eq!(drive(&mut county, "11:45", 20), []);
    for minute in 20..45 {
        let stopped_at = at(&format!("11:{minute}"));
        let said = county.see(late(position(truck(), stopped_at, 0, east_m(at("11:19"))), 50));
        assert_eq!(said, []);
    }
    assert_eq!(drive(&mut county, "12:05", 60), []);
}

#[test]
fn a_late_fix_at_the_edge_of_a_silence_says_what_it_was() {
    // 48 km in an hour of silence: 41 minutes at 70 km/h leave no time for a rest; 44 km do.
    let after =
        |seconds: i64, east_m: i32| position(truck(), at("11:00").plus_ms(seconds * 1000), 60, east_m);
    let silent_from = east_m(at("09:59"));
    for late_fix in
        [position(truck(), at("09:59:30"), 60, silent_from + 4_000), after(10, silent_from + 44_000)]
    {
        let mut county = County::new();
        drive(&mut county, "08:00", 120);
        for minute in 0..90 {
            county.see(after(minute * 60 + 30, silent_from + 48_000));
        }
        assert_eq!(fatigue(&county).len(), 1);
        assert_eq!(county.see(late(late_fix, 300)).last(), Some(&Said::Refuted));
    }
}

#[test]
fn a_drive_found_to_have_begun_earlier_takes_the_place_of_the_warning() {
    let mut county = County::new();
    drive(&mut county, "08:00", 250);
    let earlier = late(position(truck(), at("07:50"), 60, east_m(at("07:50"))), 600);
    assert_eq!(county.see(earlier), [Replaced, Raised]);
    assert_eq!(fatigue(&county)[0].0, at("07:50"));
}

#[test]
fn coaches_have_two_hours_at_night() {
    let mut county = County::new();
    county.register(coach(PLATE));
    let said = drive(&mut county, "20:30", 240);
    assert_eq!(said, [(210, Raised)]); // 90 minutes before the night, 120 within it
    assert_eq!(fatigue(&county), [(at("20:30"), 121, true)]);
    let mut county = County::new();
    assert_eq!(drive(&mut county, "20:30", 240), [], "the night limit is for coaches");
}

#[test]
fn a_coach_on_the_move_between_two_and_five_is_one_warning_a_night() {
    let mut county = County::new();
    county.register(coach(PLATE));
    assert_eq!(drive(&mut county, "01:50", 15), []);
    let said = drive(&mut county, "02:05", 60);
    assert_eq!(said, [(0, Raised), (30, Revised)]);
    let warning = county.only();
    let Detail::NightCoach { day, first_moving_at, moving_minutes } = warning.detail else { panic!() };
    assert_eq!((day, first_moving_at, moving_minutes), (super::scenario::DAY, at("02:00"), 36));
    drive(&mut county, "26:00", 10);
    assert_eq!(county.warnings(ModelId::NightCoach).len(), 2, "another night, another warning");
}

#[test]
fn exempt_coaches_and_other_vehicles_may_drive_at_night() {
    for file in [VehicleFile { is_night_exempt: true, ..coach(PLATE) }, super::scenario::file(truck())] {
        let mut county = County::new();
        county.register(file);
        assert_eq!(drive(&mut county, "02:00", 60), []);
    }
}

#[test]
fn whole_drives_are_forgotten_when_the_clock_has_left_them() {
    let mut county = County::new();
    drive(&mut county, "08:00", 300);
    let held = county.engine.stats().drive_slots_held;
    assert_eq!(held, 60);
    // 74 h after its middle the drive is still remembered as a whole.
    county.change(domain::ReferenceChange::Tick(at("84:30")));
    assert_eq!(county.engine.stats().drive_slots_held, held);
    county.change(domain::ReferenceChange::Tick(at("112:00")));
    assert_eq!(county.engine.stats().drive_slots_held, 0);
    // The hours of a coach count for a week.
    county.change(domain::ReferenceChange::Tick(at("280:00")));
    let stats = county.engine.stats();
    assert_eq!((stats.drives, stats.drive_slots_held, stats.timers_armed), (0, 0, 0));
    assert_eq!(county.standing.len(), 1, "the warning stays");
}
