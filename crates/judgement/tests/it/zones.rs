//! Bans with their hours and permits, and the corridors of dangerous goods.

use super::scenario::Said::Raised;
use super::scenario::{County, at, car, checkpoint, file, large, passage_of, position, with};
use domain::observation::{Fact, Observation};
use domain::warning::Detail;
use domain::{
    Area, Checkpoint, Hours, KeyClass, Level, ModelId, ReferenceChange, VehicleFile, VehicleKey, VehicleType,
    Wgs84, Zone, ZoneKind,
};

/// Monday to Friday; [`super::scenario::DAY`] is a Monday.
const WORKDAYS: u8 = 0b001_1111;

fn point(lon_deg: f64, lat_deg: f64) -> Wgs84 {
    Wgs84::new(lon_deg, lat_deg).unwrap()
}

/// Trucks, on workdays from 7 to 19 at A.
fn ban() -> Zone {
    Zone {
        id: "Z1".into(),
        name: "inner town".into(),
        kind: ZoneKind::Ban,
        area: Area::Checkpoints,
        checkpoints: vec!["A".into()],
        key_classes: Vec::new(),
        families: "HQ".into(),
        hours: vec![Hours { days: WORKDAYS, from_minute: 7 * 60, to_minute: 19 * 60 }],
        exempt: Vec::new(),
    }
}

fn truck() -> VehicleKey {
    large("鲁Q12345")
}

fn county_with(zone: Zone) -> County {
    let mut county = County::new();
    county.register(VehicleFile { vehicle_type: VehicleType::parse("H11"), ..file(truck()) });
    county.register(VehicleFile { vehicle_type: VehicleType::parse("K33"), ..file(car("鲁Q54321")) });
    county.change(ReferenceChange::Zone(zone));
    county
}

#[test]
fn a_ban_holds_in_its_hours_and_is_said_once_a_day() {
    let mut county = county_with(ban());
    let mut pass = |clock| county.see(passage_of(truck(), "A", at(clock)));
    assert_eq!(pass("06:59:59"), []);
    assert_eq!(pass("07:00"), [Raised]);
    assert_eq!(pass("12:00"), []);
    assert_eq!(pass("19:00"), []);
    assert_eq!(pass("42:59"), [Raised], "another day");
    let saturday = pass("129:00");
    assert_eq!(saturday, []);
    let warnings = county.warnings(ModelId::ZoneBan);
    let detail = Detail::ZoneBan { zone: "Z1".into(), name: "inner town".into(), first_at: at("07:00") };
    assert_eq!((&warnings[0].detail, warnings[0].level), (&detail, Level::Low));
}

#[test]
fn a_ban_over_midnight_holds_in_the_small_hours_of_the_next_day() {
    let night = Hours { days: WORKDAYS, from_minute: 22 * 60, to_minute: 6 * 60 };
    let mut county = county_with(Zone { hours: vec![night], ..ban() });
    let mut pass = |clock| !county.see(passage_of(truck(), "A", at(clock))).is_empty();
    assert!(!pass("05:00"), "the night from Sunday to Monday");
    assert!(pass("23:00"));
    assert!(pass("29:00"));
    assert!(pass("125:59"), "the night from Friday to Saturday");
    assert!(!pass("150:00"));
}

#[test]
fn a_ban_concerns_its_families_classes_and_nobody_with_a_permit() {
    let is_banned = |zone: Zone, vehicle: VehicleKey| {
        let mut county = county_with(zone);
        county.register(VehicleFile { key_class: Some(KeyClass::HeavyGoods), ..file(large("鲁Q99999")) });
        !county.see(passage_of(vehicle, "A", at("08:00"))).is_empty()
    };
    assert!(is_banned(ban(), truck()));
    assert!(!is_banned(ban(), car("鲁Q54321")));
    assert!(!is_banned(ban(), large("鲁Q99999")), "of which nobody knows the type");
    assert!(is_banned(Zone { families: "".into(), ..ban() }, car("鲁Q54321")));
    assert!(!is_banned(Zone { exempt: vec![truck()], ..ban() }, truck()));
    let heavy = Zone { families: "".into(), key_classes: vec![KeyClass::HeavyGoods], ..ban() };
    assert!(is_banned(heavy.clone(), large("鲁Q99999")));
    assert!(!is_banned(heavy, truck()));
}

#[test]
fn a_zone_covers_the_checkpoints_in_its_area_and_is_gone_when_removed() {
    let corners = [(118.5, 35.1), (118.7, 35.1), (118.7, 35.3), (118.5, 35.3)];
    let area = Area::Polygon(corners.map(|(lon, lat)| point(lon, lat)).to_vec());
    let mut county = county_with(Zone { area, checkpoints: Vec::new(), ..ban() });
    let outside = Checkpoint { location: point(118.8, 35.2), ..checkpoint("D") };
    county.change(ReferenceChange::Checkpoint(outside));
    assert_eq!(county.see(passage_of(truck(), "D", at("08:00"))), []);
    assert_eq!(county.see(passage_of(truck(), "B", at("08:30"))), [Raised]);
    county.restart();
    assert_eq!(county.see(passage_of(truck(), "B", at("32:30"))), [Raised]);
    county.change(ReferenceChange::ZoneRemoved("Z1".into()));
    assert_eq!(county.see(passage_of(truck(), "B", at("56:30"))), []);
}

fn tanker() -> VehicleKey {
    large("鲁Q66666")
}

/// Dangerous goods go along the parallel of the county's middle, 200 m to either side, from 6 to 22.
fn county_with_corridor() -> County {
    let area = Area::Line { points: vec![point(118.5, 35.2), point(118.7, 35.2)], reach_m: 200 };
    let hours = vec![Hours { days: 0b111_1111, from_minute: 6 * 60, to_minute: 22 * 60 }];
    let corridor = Zone {
        id: "K1".into(),
        kind: ZoneKind::Corridor,
        area,
        checkpoints: Vec::new(),
        key_classes: vec![KeyClass::DangerousGoods],
        families: "".into(),
        hours,
        ..ban()
    };
    let mut county = county_with(corridor);
    county.register(VehicleFile { key_class: Some(KeyClass::DangerousGoods), ..file(tanker()) });
    for (id, lon_deg, lat_deg) in [("D", 118.5, 35.3), ("E", 118.7, 35.1)] {
        let location = point(lon_deg, lat_deg);
        county.change(ReferenceChange::Checkpoint(Checkpoint { location, ..checkpoint(id) }));
    }
    county
}

fn left(county: &County) -> Vec<(bool, bool)> {
    let warnings = county.warnings(ModelId::DangerousGoods).into_iter();
    warnings
        .map(|warning| match &warning.detail {
            Detail::DangerousGoods { is_hours, zone, .. } => (*is_hours, zone.is_some()),
            _ => panic!(),
        })
        .collect()
}

#[test]
fn dangerous_goods_off_the_corridor_or_out_of_hours_are_seen_at_checkpoints() {
    let mut county = county_with_corridor();
    assert_eq!(county.see(passage_of(tanker(), "A", at("08:00"))), []);
    assert_eq!(county.see(passage_of(truck(), "D", at("08:10"))), [], "other vehicles go where they like");
    assert_eq!(county.see(passage_of(tanker(), "D", at("08:30"))), [Raised]);
    assert_eq!(county.see(passage_of(tanker(), "E", at("09:30"))), [], "once a day");
    assert_eq!(county.see(passage_of(tanker(), "B", at("22:00"))), [Raised]);
    assert_eq!(left(&county), [(false, false), (true, true)]);
}

/// A fix of the tanker so far north of the corridor's middle.
fn fix(clock: &str, speed_kmh: u16, north_m: f64) -> Observation {
    let mut fix = position(tanker(), at(clock), speed_kmh, 0);
    if let Fact::Position(position) = &mut fix.fact {
        position.location = Wgs84::new(118.6, 35.2 + north_m / 111_195.0);
    }
    fix
}

#[test]
fn a_fix_leaves_the_corridor_when_it_is_farther_off_than_it_may_be_wrong() {
    let mut county = county_with_corridor();
    // 200 m and 300 m of drift.
    assert_eq!(county.see(fix("08:00", 60, 480.0)), []);
    assert_eq!(county.see(fix("08:01", 0, 5_000.0)), [], "who stands may stand");
    assert_eq!(county.see(fix("08:02", 60, 520.0)), [Raised]);
    assert_eq!(county.see(fix("08:03", 60, 900.0)), []);
    assert_eq!(left(&county), [(false, false)]);
    assert_eq!(county.only().subject.device, Some("terminal".into()));
    assert_eq!(county.see(fix("30:00", 60, 20_000.0)), [], "outside the county corridors say nothing");
}

#[test]
fn a_fix_in_the_corridor_is_wrong_only_out_of_hours() {
    let mut county = county_with_corridor();
    assert_eq!(county.see(fix("21:59:59", 60, 0.0)), []);
    assert_eq!(county.see(fix("22:00", 60, 0.0)), [Raised]);
    assert_eq!(left(&county), [(true, true)]);
    let mut other = county_with_corridor();
    let mut seen = fix("23:00", 60, 900.0);
    if let Fact::Position(position) = &mut seen.fact {
        position.vehicle = Some(truck());
    }
    assert_eq!(other.see(seen), []);
}

#[test]
fn a_fix_and_a_passage_of_one_day_are_one_warning() {
    let mut county = county_with_corridor();
    assert_eq!(county.see(fix("08:00", 60, 900.0)), [Raised]);
    let seen = with(passage_of(tanker(), "D", at("08:20")), |passage| passage.lane = Some(2));
    assert_eq!(county.see(seen), []);
}
