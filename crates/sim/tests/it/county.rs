//! What stands still: same seed, same county; sizes; roads that lead everywhere; files that can be imported.

use crate::{COUNTY, DAY};
use domain::{CivilDay, Plate, Theatre};
use sim::county::export::{self, Roster, Table};
use sim::county::guises::CLONE_COUNT;
use sim::county::vehicles::{Kind, REGISTERED_COUNT, Standing, TERMINAL_COUNT};
use sim::county::{County, ZoneKind};
use std::collections::BTreeSet;

#[test]
fn the_same_seed_gives_the_same_county_and_another_seed_another() {
    let (again, other) = (County::generate(7, DAY), County::generate(8, DAY));
    for table in Table::ALL {
        let csv = export::csv(&COUNTY, table, &Roster::plain(TERMINAL_COUNT)).unwrap();
        assert!(
            csv == export::csv(&again, table, &Roster::plain(TERMINAL_COUNT)).unwrap(),
            "{}",
            table.key()
        );
        assert!(
            csv != export::csv(&other, table, &Roster::plain(TERMINAL_COUNT)).unwrap(),
            "{}",
            table.key()
        );
    }
    assert_eq!(export::roads_geojson(&COUNTY), export::roads_geojson(&again));
}

#[test]
fn every_seed_gives_a_whole_county() {
    for seed in [1, 2, 3] {
        check_whole(&County::generate(seed, DAY));
    }
    check_whole(&COUNTY);
}

#[track_caller]
fn check_whole(county: &County) {
    assert_eq!(county.checkpoints.len(), 60);
    assert_eq!(county.places.iter().filter(|place| place.is_township).count(), 16);
    assert_eq!(county.places.len(), 296);
    assert!(county.sections.len() >= 34, "{} sections", county.sections.len());
    for theatre in Theatre::ALL {
        assert!(county.checkpoints.iter().filter(|c| c.theatre == theatre).count() >= 8, "{theatre:?}");
    }
    // Every place is a zone, and every zone is reached from every other.
    let places =
        county.zones.iter().filter(|zone| matches!(zone.kind, ZoneKind::Township | ZoneKind::Village));
    assert_eq!(places.count(), 296);
    for zone in 1..county.zones.len() as u16 {
        assert!(county.route_seconds(0, zone).is_finite(), "zone {zone} is cut off");
    }
    let ids: BTreeSet<&str> =
        county.checkpoints.iter().flat_map(|c| [c.id.as_str(), c.camera_id.as_str()]).collect();
    assert_eq!(ids.len(), 120);
    for checkpoint in &county.checkpoints {
        let tollgate = gat1400::id::DeviceId::parse(&checkpoint.id).unwrap();
        let camera = gat1400::id::DeviceId::parse(&checkpoint.camera_id).unwrap();
        assert_eq!(
            (tollgate.kind, camera.kind),
            (gat1400::id::DeviceKind::TOLLGATE, gat1400::id::DeviceKind::CAPTURE_DEVICE)
        );
        assert_eq!(tollgate.unit, 37_992_700);
    }
}

#[test]
fn sections_are_as_long_as_the_way_between_their_ends() {
    for section in &COUNTY.sections {
        let [start, end] = section.ends.map(|index| &COUNTY.checkpoints[index as usize]);
        let straight_m = start.at.to_wgs84().distance_m(end.at.to_wgs84());
        let length_m = f64::from(section.length_m);
        assert!(length_m >= straight_m * 0.995, "{}: {length_m} m, straight {straight_m} m", section.name);
        assert!(length_m < straight_m * 1.6, "{}: {length_m} m, straight {straight_m} m", section.name);
        assert_eq!(start.road, end.road);
    }
}

#[test]
fn the_register_has_every_kind_and_few_that_something_is_against() {
    let registered = &COUNTY.register.vehicles[..REGISTERED_COUNT];
    let plates: BTreeSet<Plate> = COUNTY.register.vehicles.iter().map(|vehicle| vehicle.plate).collect();
    assert_eq!(
        plates.len() + CLONE_COUNT,
        COUNTY.register.vehicles.len(),
        "only clones have another's number"
    );
    for vehicle in registered {
        let form = domain::plate::form::PlateForm::of(vehicle.plate);
        assert!(form.is_some(), "{} has no form of GA 36", vehicle.plate);
    }
    let coaches = registered[..TERMINAL_COUNT].iter().filter(|vehicle| vehicle.kind.is_coach()).count();
    assert_eq!(coaches, 400);
    assert!(registered[TERMINAL_COUNT..].iter().all(|vehicle| vehicle.kind != Kind::ScheduledCoach));
    let against = registered.iter().filter(|vehicle| vehicle.standing != Standing::Good).count();
    assert!((200..450).contains(&against), "{against}");
    for (index, vehicle) in registered.iter().enumerate() {
        let file = COUNTY.register.file(index);
        assert_eq!(file.inspection_valid_until < DAY, vehicle.standing == Standing::InspectionOverdue);
        assert_eq!(
            file.scrap_by.is_some_and(|day| day < DAY),
            vehicle.standing == Standing::ScrappingOverdue
        );
        assert_eq!(file.unhandled_offences > 2, vehicle.standing == Standing::UnhandledOffences);
    }
}

#[test]
fn all_files_are_written_with_their_heads() {
    let folder = tempfile::tempdir().unwrap();
    export::write_all(&COUNTY, folder.path(), &Roster::plain(TERMINAL_COUNT)).unwrap();
    let lines = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap().lines().count();
    assert_eq!(lines("vehicles.csv"), REGISTERED_COUNT + 1);
    assert_eq!(lines("devices.csv"), 60 + TERMINAL_COUNT + 1);
    assert_eq!(lines("checkpoints.csv"), 61);
    assert_eq!(lines("watch-orders.csv"), 61);
    let orders = std::fs::read_to_string(folder.path().join("watch-orders.csv")).unwrap();
    assert!(orders.starts_with("号牌号码,号牌种类,布控原因,法律依据,级别,起始日期,截止日期\n"), "{orders}");
    for line in orders.lines().skip(1) {
        let days: Vec<_> = line.split(',').skip(5).map(|day| CivilDay::parse(day).unwrap()).collect();
        assert!(days.len() == 2 && days[0].0 == DAY.0 - 2 && days[1] > DAY, "{line}");
    }
    let roads: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("roads.geojson")).unwrap()).unwrap();
    let classes: BTreeSet<&str> = roads["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["properties"]["class"].as_str().unwrap())
        .collect();
    assert_eq!(classes.len(), 7, "{classes:?}");
}
