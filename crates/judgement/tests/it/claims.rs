//! What one passage proves by itself: a speed, a direction, a weight, what the camera says it saw.

use super::scenario::Said::{Raised, Revised};
use super::scenario::{County, Said, at, car, checkpoint, file, large, late, passage_of, tuned, with};
use domain::warning::Detail;
use domain::{
    Behaviour, Behaviours, Checkpoint, KeyClass, Level, ModelId, Observation, Passage, PlateClass,
    ReferenceChange, Scope, Theatre, TunedValue, VehicleFile, VehicleKey, VehicleType, Warning, Weighing,
};

const PLATE: &str = "鲁Q12345";

/// The county with a checkpoint `A` of this kind.
fn county_with(checkpoint: Checkpoint) -> County {
    let mut county = County::new();
    county.change(ReferenceChange::Checkpoint(checkpoint));
    county
}

/// What one passage at `A` leads to in a county where nothing happened yet.
fn judged(county: &mut County, vehicle: VehicleKey, change: impl FnOnce(&mut Passage)) -> Option<Warning> {
    let before: Vec<_> = county.standing.keys().copied().collect();
    let clock = county.engine.clock().max(at("08:00")).plus_ms(3_600_000);
    let said = county.see(with(passage_of(vehicle, "A", clock), change));
    assert!(said.iter().all(|said| *said == Raised), "{said:?}");
    let mut new = county.standing.values().filter(|warning| !before.contains(&warning.id));
    let first = new.next().cloned();
    assert_eq!(new.next(), None);
    first
}

fn limited() -> Checkpoint {
    Checkpoint { limit_kmh: Some(80), limit_large_kmh: Some(60), ..checkpoint("A") }
}

fn speed_level(county: &mut County, vehicle: VehicleKey, speed_kmh: u16) -> Option<Level> {
    judged(county, vehicle, |passage| passage.speed_kmh = Some(speed_kmh)).map(|warning| warning.level)
}

#[test]
fn a_speed_is_judged_by_the_limit_of_its_class_beyond_the_error_of_the_device() {
    let mut county = county_with(limited());
    // 6 km/h less, above 100 km/h 6 %.
    let levels = [93, 94, 101, 102, 126, 128, 250, 251].map(|kmh| speed_level(&mut county, car(PLATE), kmh));
    let (low, medium, high) = (Some(Level::Low), Some(Level::Medium), Some(Level::High));
    assert_eq!(levels, [None, low, low, medium, medium, high, high, None]);

    let truck = VehicleFile { vehicle_type: VehicleType::parse("H11"), ..file(large("鲁Q54321")) };
    county.register(truck);
    let levels = [71, 72, 78].map(|kmh| speed_level(&mut county, large("鲁Q54321"), kmh));
    assert_eq!(levels, [None, low, medium]);
    let warning = judged(&mut county, large("鲁Q54321"), |passage| passage.speed_kmh = Some(78)).unwrap();
    assert_eq!(warning.detail, Detail::SpotSpeed { speed_kmh: 78, limit_kmh: 60 });
}

#[test]
fn of_a_vehicle_that_is_not_registered_the_camera_says_the_class() {
    let mut county = county_with(limited());
    let as_type = |text: &'static str| {
        move |passage: &mut Passage| {
            passage.speed_kmh = Some(78);
            passage.vehicle_type = VehicleType::parse(text);
        }
    };
    assert_eq!(judged(&mut county, car("苏A12345"), as_type("K33")), None);
    assert!(judged(&mut county, large("苏A12346"), as_type("H11")).is_some());
}

#[test]
fn without_a_limit_there_is_no_speeding() {
    let mut county = County::new();
    assert_eq!(speed_level(&mut county, car(PLATE), 180), None);
    let mut county = county_with(Checkpoint { limit_kmh: Some(80), ..checkpoint("A") });
    assert_eq!(speed_level(&mut county, large(PLATE), 94), Some(Level::Low), "the one limit holds for all");
}

#[test]
fn a_model_is_tuned_by_place_hour_and_class() {
    let exact = [("tolerance_kmh", TunedValue::Number(0)), ("tolerance_percent", TunedValue::Number(0))];
    let at_90 = |county: &mut County, vehicle: VehicleKey, place: &str, clock: &str| {
        let seen = with(passage_of(vehicle, place, at(clock)), |passage| passage.speed_kmh = Some(90));
        county.see(seen)
    };
    let told = |scope: Scope| {
        let mut county = county_with(limited());
        county.change(ReferenceChange::Checkpoint(Checkpoint {
            id: "B".into(),
            theatre: Theatre::Urban,
            ..limited()
        }));
        county.register(VehicleFile { key_class: Some(KeyClass::Minivan), ..file(car("鲁Q77777")) });
        county.change(tuned(ModelId::SpotSpeed, scope, &exact));
        [
            at_90(&mut county, car(PLATE), "A", "08:00"),
            at_90(&mut county, car(PLATE), "B", "09:00"),
            at_90(&mut county, car(PLATE), "A", "23:00"),
            at_90(&mut county, car("鲁Q77777"), "A", "23:30"),
        ]
        .map(|said: Vec<Said>| !said.is_empty())
    };
    assert_eq!(told(Scope::default()), [true; 4]);
    assert_eq!(
        told(Scope { checkpoints: vec!["B".into()], ..Scope::default() }),
        [false, true, false, false]
    );
    let urban = Scope { theatres: vec![Theatre::Urban], ..Scope::default() };
    assert_eq!(told(urban), [false, true, false, false]);
    assert_eq!(told(Scope { hours: Some((22, 6)), ..Scope::default() }), [false, false, true, true]);
    let minivans = Scope { key_classes: vec![KeyClass::Minivan], ..Scope::default() };
    assert_eq!(told(minivans), [false, false, false, true]);
}

#[test]
fn a_read_that_is_not_sure_proves_nothing() {
    let mut county = county_with(limited());
    county.register(file(large(PLATE)));
    // A small plate with the number of a large one.
    assert_eq!(speed_level(&mut county, car(PLATE), 150), None);
    assert_eq!(speed_level(&mut county, large(PLATE), 150), Some(Level::High));
}

#[test]
fn a_copy_says_nothing_and_a_late_passage_is_for_the_record() {
    let fast =
        |clock: &str| with(passage_of(car(PLATE), "A", at(clock)), |passage| passage.speed_kmh = Some(150));
    let mut county = county_with(limited());
    assert_eq!(county.see(late(fast("08:00"), 60)), [Raised]);
    assert!(county.only().is_historical);
    assert_eq!(county.see(late(fast("08:00"), 70)), []);
    // What reached us first counts, in whatever order it is judged.
    assert_eq!(county.see(late(fast("08:00"), 1)), [Revised]);
    assert!(!county.only().is_historical);
}

#[test]
fn wrong_way_is_measured_or_said_by_the_camera_unless_the_direction_refutes_it() {
    let flagged = Behaviours::default().with(Behaviour::WrongWay);
    let wrong_way = |county: &mut County, direction: Option<u8>, behaviours: Behaviours| {
        let warning = judged(county, car(PLATE), |passage| {
            passage.direction = direction;
            passage.behaviours = behaviours;
        })?;
        assert_eq!((warning.model, warning.level), (ModelId::WrongWay, Level::High));
        Some(warning.detail)
    };
    let against = |direction, is_reported| Some(Detail::WrongWay { direction, is_reported });
    let mut county = county_with(Checkpoint { one_way: Some(1), ..checkpoint("A") });
    let none = Behaviours::default();
    assert_eq!(wrong_way(&mut county, Some(2), none), against(Some(2), false));
    assert_eq!(wrong_way(&mut county, Some(2), flagged), against(Some(2), true));
    assert_eq!(wrong_way(&mut county, None, flagged), against(None, true));
    assert_eq!(wrong_way(&mut county, Some(1), none), None);
    assert_eq!(wrong_way(&mut county, Some(1), flagged), None, "the direction refutes the camera");
    assert_eq!(wrong_way(&mut county, Some(3), none), None, "across is not against");

    let mut county = County::new();
    assert_eq!(wrong_way(&mut county, Some(2), none), None);
    assert_eq!(wrong_way(&mut county, Some(2), flagged), against(Some(2), true));
    let doubt = [("trust_camera", TunedValue::Flag(false))];
    county.change(tuned(ModelId::WrongWay, Scope::default(), &doubt));
    assert_eq!(wrong_way(&mut county, Some(2), flagged), None);
}

fn weighed(total_kg: u32, axle_count: u8, is_train: Option<bool>) -> Option<(Level, u32, bool)> {
    let mut county = County::new();
    let weighing = Weighing { total_kg, axles_kg: Vec::new(), axle_count, is_train };
    let warning = judged(&mut county, large(PLATE), |passage| passage.weighing = Some(Box::new(weighing)))?;
    let Detail::Overload { limit_kg, is_hundred_ton, .. } = warning.detail else { panic!() };
    Some((warning.level, limit_kg, is_hundred_ton))
}

#[test]
fn a_weight_is_judged_by_its_axles_beyond_the_error_of_the_scale() {
    // 18 t and 5 %.
    assert_eq!(weighed(18_940, 2, None), None);
    assert_eq!(weighed(19_000, 2, None), Some((Level::Low, 18_000, false)));
    assert_eq!(weighed(25_000, 2, None), Some((Level::Medium, 18_000, false)));
    assert_eq!(weighed(38_000, 2, None), Some((Level::High, 18_000, false)));
    assert_eq!(weighed(60_000, 9, None), Some((Level::Low, 49_000, false)), "as six axles");
    assert_eq!(weighed(60_000, 1, None), None, "no vehicle has one axle");
}

#[test]
fn a_train_may_weigh_more_and_so_may_what_may_be_one() {
    assert_eq!(weighed(27_500, 3, Some(false)), Some((Level::Low, 25_000, false)));
    assert_eq!(weighed(27_500, 3, Some(true)), None);
    assert_eq!(weighed(27_500, 3, None), None);
    assert_eq!(weighed(29_000, 3, None), Some((Level::Low, 27_000, false)));
}

#[test]
fn a_hundred_tons_are_always_urgent() {
    assert_eq!(weighed(99_900, 6, None), Some((Level::Medium, 49_000, false)));
    assert_eq!(weighed(100_000, 6, None), Some((Level::High, 49_000, true)));
}

#[test]
fn cameras_reports_have_levels_by_kind_and_one_warning_each() {
    let mut county = County::new();
    let all = Behaviour::ALL.into_iter().fold(Behaviours::default(), Behaviours::with);
    let seen: Observation = with(passage_of(car(PLATE), "A", at("08:00")), |passage| {
        passage.plate_class = PlateClass::SMALL;
        passage.behaviours = all;
    });
    county.see(seen);
    let mut levels: Vec<_> = county
        .warnings(ModelId::CameraReport)
        .into_iter()
        .map(|warning| match warning.detail {
            Detail::CameraReport { behaviour } => (behaviour, warning.level),
            _ => panic!(),
        })
        .collect();
    levels.sort();
    assert_eq!(
        levels,
        [
            (Behaviour::NoBelt, Level::Low),
            (Behaviour::Phone, Level::Medium),
            (Behaviour::NoHelmet, Level::Low),
            (Behaviour::Overcrowded, Level::High),
            (Behaviour::CarryingPeople, Level::High),
        ]
    );
    let belts = [("behaviours_low", TunedValue::Words(vec!["no_helmet".into()]))];
    county.change(tuned(ModelId::CameraReport, Scope::default(), &belts));
    let belt = Behaviours::default().with(Behaviour::NoBelt);
    assert_eq!(judged(&mut county, car(PLATE), |passage| passage.behaviours = belt), None);
}
