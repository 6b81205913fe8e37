//! Driving without rest as checkpoints show it.

use super::scenario::Said::{self, Raised, Refuted, Replaced, Revised};
use super::scenario::{
    County, at, car, coach, file, large, late, learned_county, passage_of, position, tuned, ways,
};
use domain::warning::Detail;
use domain::{
    Level, ModelId, ReferenceChange, Scope, Terminal, Timestamp, TunedValue, VehicleFile, VehicleKey,
    VehicleType,
};

const PLATE: &str = "鲁Q12345";

fn vehicle() -> VehicleKey {
    large(PLATE)
}

/// At least ten minutes from any place to any other.
fn county() -> County {
    let mut county = learned_county(&["A", "B", "C", "D"]);
    county.register(coach(PLATE));
    county
}

/// To and fro between A and B, each so many minutes after the other; what was said, with its time.
fn trips(county: &mut County, from: &str, each_minutes: i64, count: i64) -> Vec<(Timestamp, Said)> {
    (0..count)
        .flat_map(|trip| {
            let captured_at = at(from).plus_ms(trip * each_minutes * 60_000);
            let place = if trip % 2 == 0 { "A" } else { "B" };
            let said = county.see(passage_of(vehicle(), place, captured_at));
            said.into_iter().map(move |said| (captured_at, said))
        })
        .collect()
}

fn drives(county: &County) -> Vec<(Timestamp, u32, u32, bool)> {
    let warnings = county.warnings(ModelId::PassageFatigue).into_iter();
    warnings
        .map(|warning| match warning.detail {
            Detail::PassageFatigue { started_at, driven_minutes, limit_minutes, is_night } => {
                (started_at, driven_minutes, limit_minutes, is_night)
            }
            _ => panic!(),
        })
        .collect()
}

#[test]
fn four_hours_of_round_trips_without_room_for_a_rest_are_a_warning_renewed_each_half_hour() {
    let mut county = county();
    // 29 minutes less the ten of the way leave no twenty to rest.
    let said = trips(&mut county, "08:00", 29, 11);
    assert_eq!(said, [(at("12:21"), Raised), (at("12:50"), Revised)]);
    assert_eq!(drives(&county), [(at("08:00"), 290, 240, false)]);
    assert_eq!(county.only().level, Level::Medium);
    assert_eq!(county.only().occurred_at, at("12:50"));
}

#[test]
fn where_there_is_room_for_a_rest_it_was_one() {
    assert_eq!(trips(&mut county(), "08:00", 30, 20), []);
    let mut county = county();
    trips(&mut county, "08:00", 25, 9);
    // 200 minutes, half an hour, and 200 more.
    assert_eq!(trips(&mut county, "11:50", 25, 9), []);
}

#[test]
fn a_longer_way_leaves_less_room() {
    let mut county = county();
    let (there, back) = (ways("A", &["B"], 2_400, 3_000), ways("B", &["A"], 2_400, 3_000));
    county.change(there);
    county.change(back);
    let said = trips(&mut county, "08:00", 59, 6);
    assert_eq!(said, [(at("12:55"), Raised)]);
    assert_eq!(trips(&mut self::county(), "08:00", 59, 6), []);
}

#[test]
fn where_no_way_was_learned_the_straight_line_counts() {
    let mut county = County::new();
    county.register(coach(PLATE));
    // The places are one: nineteen minutes are no rest, twenty may be one.
    assert_eq!(trips(&mut county, "08:00", 20, 20), []);
    let mut county = County::new();
    county.register(coach(PLATE));
    assert_eq!(trips(&mut county, "08:00", 19, 14), [(at("12:07"), Raised)]);
}

#[test]
fn coaches_have_two_hours_at_night_and_trucks_four() {
    let mut county = county();
    let said = trips(&mut county, "21:30", 25, 8);
    // 22:20 was the first passage of the night, 120 minutes and more are over at 00:25.
    assert_eq!(said, [(at("24:25"), Raised)]);
    assert_eq!(drives(&county), [(at("21:30"), 125, 120, true)]);

    let mut county = learned_county(&["A", "B"]);
    county.register(VehicleFile { vehicle_type: VehicleType::parse("H11"), ..file(vehicle()) });
    let said = trips(&mut county, "21:30", 25, 12);
    assert_eq!(said, [(at("25:40"), Raised), (at("26:05"), Revised)]);
    assert_eq!(drives(&county), [(at("21:30"), 275, 240, false)]);
}

#[test]
fn only_coaches_and_large_vehicles_are_judged() {
    let mut county = learned_county(&["A", "B"]);
    county.register(file(car(PLATE)));
    for trip in 0..12 {
        let place = if trip % 2 == 0 { "A" } else { "B" };
        let seen = passage_of(car(PLATE), place, at("08:00").plus_ms(trip * 25 * 60_000));
        assert_eq!(county.see(seen), []);
    }
    let mut county = learned_county(&["A", "B"]);
    county.register(VehicleFile { vehicle_type: VehicleType::parse("H11"), ..file(vehicle()) });
    let coaches_only = [("is_large_judged", TunedValue::Flag(false))];
    county.change(tuned(ModelId::PassageFatigue, Scope::default(), &coaches_only));
    assert_eq!(trips(&mut county, "08:00", 25, 12), []);
}

#[test]
fn of_whom_positions_come_these_tell_more() {
    let mut county = county();
    county.change(ReferenceChange::Terminal(Terminal { device: "terminal".into(), vehicle: vehicle() }));
    for minute in 0..300 {
        // The terminal is heard, and says that the coach stands: nobody drives it.
        county.see(position(vehicle(), at("08:00").plus_ms(minute * 60_000), 0, 0));
    }
    trips(&mut county, "08:00", 25, 12);
    assert_eq!(drives(&county), []);
}

#[test]
fn a_late_passage_joins_two_drives_to_one_that_is_too_long() {
    let mut county = county();
    trips(&mut county, "08:00", 25, 7);
    assert_eq!(trips(&mut county, "11:15", 25, 5), [], "two drives with 45 minutes between them");
    let said = county.see(late(passage_of(vehicle(), "B", at("10:50")), 240));
    assert_eq!(said, [Raised]);
    assert_eq!(drives(&county), [(at("08:00"), 295, 240, false)]);
    assert!(!county.only().is_historical, "the last passage came in time");
}

#[test]
fn a_late_passage_parts_a_drive() {
    let mut county = county();
    county.change(ways("A", &["B"], 3_000, 3_600));
    trips(&mut county, "08:00", 25, 5);
    // From A at 09:40 to B at 10:45 is no time for a rest: fifty minutes are driven.
    let later = [("B", "10:45"), ("A", "11:10"), ("B", "12:10"), ("A", "12:35")];
    for (place, clock) in later {
        county.see(passage_of(vehicle(), place, at(clock)));
    }
    assert_eq!(drives(&county).len(), 1);
    // It was at D, near A and near B, and had forty minutes there.
    assert_eq!(county.see(late(passage_of(vehicle(), "D", at("09:55")), 300)), [Refuted]);
}

#[test]
fn a_drive_found_to_have_begun_earlier_takes_the_place_of_the_warning() {
    let mut county = county();
    trips(&mut county, "08:00", 25, 11);
    assert_eq!(drives(&county).len(), 1);
    let said = county.see(late(passage_of(vehicle(), "B", at("07:35")), 400));
    assert_eq!(said, [Replaced, Raised]);
    assert_eq!(drives(&county)[0].0, at("07:35"));
}
