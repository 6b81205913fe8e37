//! The property on which everything rests: the warnings that stand at the end are a function of the set of
//! observations. Order of arrival, copies and restarts never matter.

use super::data_files::shipped;
use super::scenario::{
    County, DAY, alarm, at, car, checkpoint, coach, file, large, learned, order, passage, passage_of,
    position, section, tuned, ways, with, with_alarm_bits,
};
use domain::observation::{AlarmKind, Observation};
use domain::warning::Warning;
use domain::{
    Area, Behaviour, Behaviours, Checkpoint, CivilDay, Hours, KeyClass, Mark, ModelId, Passage, PlateColor,
    ReferenceChange, Scope, Terminal, Theatre, Timestamp, TunedValue, VehicleFile, VehicleKey, VehicleType,
    WarningId, WatchOrder, Weighing, Wgs84, Zone, ZoneKind,
};
use judgement::Parameters;
use proptest::prelude::*;
use std::collections::BTreeMap;

const PLATES: [&str; 9] = [
    "鲁Q12345",
    "鲁Q8B345",
    "鲁Q88345",
    "鲁QB8345",
    "鲁Q1234-",
    "鲁Q12S45",
    "鲁Q7H9K4",
    "无车牌",
    "鲁Q12---",
];
/// With a terminal.
const COACH: &str = "鲁Q70001";
/// Without one.
const BUS: &str = "鲁Q7A003";
const TRUCK: &str = "鲁Q7C504";
/// The last two are the ends of an expressway.
const PLACES: [&str; 5] = ["A", "B", "C", "E", "F"];

/// So that a few vehicles and sightings are enough to judge by.
pub(crate) fn parameters(late_max_hours: i64) -> Parameters {
    let mut parameters = shipped();
    parameters.models.horizon.late_max_hours.value = late_max_hours;
    parameters.models.reading.covered_files_min.value = 3;
    // So that strangers come within it and out of it.
    parameters.models.reading.confirm_minutes.value = 30;
    parameters.models.reading.seen_minutes.value = 40;
    parameters.models.hidden_plate.parameters.score_min.value = 8;
    parameters.models.hidden_plate.parameters.sightings_min.value = 2;
    parameters.models.passage_fatigue.parameters.limit_minutes.value = 90;
    parameters.models.passage_fatigue.parameters.coach_night_limit_minutes.value = 60;
    parameters.models.terminal_elsewhere.parameters.around_minutes.value = 15;
    parameters.models.terminal_elsewhere.parameters.plausible_kmh.value = 40;
    parameters.models.driving_time.parameters.day_limit_minutes.value = 120;
    parameters.models.driving_time.parameters.week_limit_minutes.value = 180;
    parameters
}

pub(crate) fn county(late_max_hours: i64) -> County {
    let mut county = learned(County::with_parameters(parameters(late_max_hours)), &PLACES);
    for place in PLACES {
        county.change(ways(place, &PLACES, 1_500, 720));
    }
    put_places(&mut county);
    put_zones(&mut county);
    county.register(VehicleFile {
        inspection_valid_until: Some(CivilDay(DAY.0 - 9)),
        unhandled_offences: 11,
        key_class: Some(KeyClass::DangerousGoods),
        ..file(car("鲁Q12345"))
    });
    county.register(VehicleFile { scrap_by: Some(CivilDay(DAY.0 - 9)), ..file(car("鲁Q88345")) });
    county.register(coach(COACH));
    county.register(coach(BUS));
    county.register(VehicleFile {
        vehicle_type: VehicleType::parse("H11"),
        key_class: Some(KeyClass::HeavyGoods),
        ..file(large(TRUCK))
    });
    let terminal = Terminal { device: "terminal".into(), vehicle: large(COACH) };
    county.change(ReferenceChange::Terminal(terminal));
    county.order(order("W1", "鲁Q8B345"));
    county.order(order("W2", "鲁Q123-5"));
    county.order(WatchOrder { until: at("03:00"), ..order("W3", "鲁Q12345") });
    county
}

/// A with limits and one direction, an expressway from E to F, and G far off, so that the county is wide.
fn put_places(county: &mut County) {
    let limited =
        Checkpoint { limit_kmh: Some(80), limit_large_kmh: Some(60), one_way: Some(1), ..checkpoint("A") };
    let far = Checkpoint { location: Wgs84::new(121.0, 35.3).unwrap(), ..checkpoint("G") };
    let expressway = ["E", "F"].map(|id| Checkpoint { theatre: Theatre::Expressway, ..checkpoint(id) });
    for checkpoint in expressway.into_iter().chain([limited, far]) {
        county.change(ReferenceChange::Checkpoint(checkpoint));
    }
    // There and back, so that each goes on from the other.
    county.change(ReferenceChange::Section(section("EF", "E", "F")));
    county.change(ReferenceChange::Section(section("FE", "F", "E")));
    // Among so few places chance is more likely than in a county.
    let lenient = [("score_min", TunedValue::Number(20))];
    county.change(tuned(ModelId::HiddenPlate, Scope::default(), &lenient));
}

/// Trucks may not be at B after three; dangerous goods only in the middle of the county, and not after four.
fn put_zones(county: &mut County) {
    let ban = Zone {
        id: "Z1".into(),
        name: "town".into(),
        kind: ZoneKind::Ban,
        area: Area::Checkpoints,
        checkpoints: vec!["B".into()],
        key_classes: Vec::new(),
        families: "H".into(),
        hours: vec![Hours { days: 0b111_1111, from_minute: 180, to_minute: 1_440 }],
        exempt: Vec::new(),
    };
    let points = [118.5, 120.0].map(|lon_deg| Wgs84::new(lon_deg, 35.2).unwrap()).to_vec();
    let corridor = Zone {
        id: "Z2".into(),
        kind: ZoneKind::Corridor,
        area: Area::Line { points, reach_m: 200 },
        checkpoints: Vec::new(),
        key_classes: vec![KeyClass::DangerousGoods],
        families: "".into(),
        hours: vec![Hours { days: 0b111_1111, from_minute: 0, to_minute: 240 }],
        ..ban.clone()
    };
    county.change(ReferenceChange::Zone(ban));
    county.change(ReferenceChange::Zone(corridor));
}

/// Journeys of those whom the law watches: to and fro, fast, heavy, the wrong way.
fn journeys() -> impl Strategy<Value = Vec<Observation>> {
    let stop = (0..PLACES.len(), prop::sample::select(vec![12i64, 30, 41, 44, 70, 200]), 0..12u8);
    let journey = (0..3usize, 0..200i64, prop::collection::vec(stop, 1..8));
    prop::collection::vec(journey, 1..5).prop_map(|journeys| {
        let mut seen = Vec::new();
        for (vehicle, start, stops) in journeys {
            let mut minute = start;
            for (place, after_minutes, besides) in stops {
                minute += after_minutes;
                let captured_at = at("00:00").plus_ms(minute * 60_000);
                let vehicle = large([COACH, BUS, TRUCK][vehicle]);
                let passage = passage_of(vehicle, PLACES[place], captured_at);
                seen.push(with(passage, |passage| put_besides(passage, besides)));
            }
        }
        seen
    })
}

/// What a passage shows besides whose it was.
fn put_besides(passage: &mut Passage, which: u8) {
    match which {
        0 | 1 => passage.speed_kmh = Some(70 + 30 * u16::from(which)),
        2 | 3 => passage.direction = Some(which),
        4 => passage.behaviours = Behaviours::default().with(Behaviour::WrongWay).with(Behaviour::Phone),
        5 => {
            let total_kg = 101_000;
            let weighing = Weighing { total_kg, axles_kg: Vec::new(), axle_count: 6, is_train: None };
            passage.weighing = Some(Box::new(weighing));
        }
        _ => {}
    }
}

/// Passages near one another, so that pairs form, break and tie.
fn passages() -> impl Strategy<Value = Vec<Observation>> {
    let one = (0..3usize, 0..PLATES.len(), 0..40i64, 0..2u8, any::<bool>()).prop_map(
        |(place, plate, two_minutes, twin, is_color_known)| {
            let captured_at = at("02:00").plus_ms(two_minutes * 120_000);
            let mut seen = with(passage(["A", "B", "C"][place], PLATES[plate], captured_at), |passage| {
                passage.lane = Some(twin);
                if !is_color_known {
                    passage.plate_color = PlateColor::Unknown;
                }
            });
            // Two cameras at one place can catch a vehicle in the same millisecond.
            seen.id = domain::ObservationId(seen.id.0 ^ u128::from(twin) ^ u128::from(is_color_known) << 1);
            seen
        },
    );
    prop::collection::vec(one, 0..40)
}

/// Numbers of strangers that cameras take for one another, read with all sorts of confidence.
fn strangers() -> impl Strategy<Value = Vec<Observation>> {
    let texts = ["苏H97947", "苏H9T947", "苏H91947", "苏H9-947", "苏H9X947"];
    let one = (0..3usize, 0..texts.len(), 0..40i64, 0..4usize, any::<bool>());
    let one = one.prop_map(move |(place, text, two_minutes, confidence, is_white)| {
        let captured_at = at("02:00").plus_ms(two_minutes * 120_000);
        let mut seen = with(passage(["A", "B", "C"][place], texts[text], captured_at), |passage| {
            passage.plate_confidence = [None, Some(60), Some(85), Some(95)][confidence];
            passage.vehicle_type = VehicleType::parse("K33");
            passage.body_color = Some(if is_white { 'A' } else { 'J' });
            passage.speed_kmh = Some(130);
        });
        seen.id = domain::ObservationId(seen.id.0 ^ (confidence as u128) << 2 ^ u128::from(is_white) << 1);
        seen
    });
    prop::collection::vec(one, 0..25)
}

/// Drives with stops, silences and alarms.
fn drives() -> impl Strategy<Value = Vec<Observation>> {
    let leg = (any::<bool>(), 0..60i64, 30..150i64, 1..4i64, 0..4u8, 0..3u8);
    prop::collection::vec(leg, 0..4).prop_map(|legs| {
        let mut seen = Vec::new();
        for (is_coach, start, minutes, step, speed, alarms) in legs {
            let vehicle = if is_coach { large(COACH) } else { car("鲁Q12345") };
            for minute in (0..minutes).step_by(step as usize) {
                let captured_at = at("00:00").plus_ms((start * 5 + minute) * 60_000);
                seen.extend(reports(vehicle, captured_at, speed, alarms, minute));
            }
        }
        // Legs overlap: the same terminal says one thing at one time.
        let mut by_id: BTreeMap<_, Observation> = BTreeMap::new();
        for observation in seen {
            by_id.entry(observation.id).or_insert(observation);
        }
        by_id.into_values().collect()
    })
}

fn reports(
    vehicle: VehicleKey,
    captured_at: Timestamp,
    speed: u8,
    alarms: u8,
    minute: i64,
) -> Vec<Observation> {
    let east_m = captured_at.ms_since(at("00:00")) / 60;
    let speed_kmh = if speed == 0 { 0 } else { 60 };
    let fix = position(vehicle, captured_at, speed_kmh, if speed == 0 { 0 } else { east_m as i32 });
    match alarms {
        1 if minute % 9 < 3 => vec![with_alarm_bits(fix, 0b110)],
        2 if minute % 13 == 0 => vec![fix, alarm(vehicle, AlarmKind::DsmPhone, captured_at)],
        _ => vec![fix],
    }
}

/// A world: each observation with its delay, and the order and the copies in which it comes another time.
#[derive(Clone, Debug)]
struct World {
    straight: Vec<Observation>,
    shuffled: Vec<Observation>,
    restart_every: usize,
}

impl World {
    /// A minute after the last of it has come, copies too: absences are known by then alike, whatever came when, and whose
    /// doubtful reads are.
    fn end(&self) -> Timestamp {
        self.shuffled.iter().map(|seen| seen.received_at).max().unwrap_or_default().plus_ms(60_000)
    }
}

fn world() -> impl Strategy<Value = World> {
    (passages(), strangers(), journeys(), drives())
        .prop_map(|(passages, strangers, journeys, drives)| {
            let mut by_id: BTreeMap<_, Observation> = BTreeMap::new();
            for observation in passages.into_iter().chain(strangers).chain(journeys).chain(drives) {
                by_id.entry(observation.id).or_insert(observation);
            }
            by_id.into_values().collect::<Vec<_>>()
        })
        .prop_flat_map(|observations| {
            let count = observations.len();
            let delays = prop::collection::vec(prop::sample::select(vec![0i64, 0, 1, 5, 25, 300]), count);
            (Just(observations), delays, prop::collection::vec(0..8u8, count))
        })
        .prop_flat_map(|(mut observations, delays, copies)| {
            for (observation, minutes) in observations.iter_mut().zip(&delays) {
                observation.received_at = observation.captured_at.plus_ms(minutes * 60_000 + 500);
            }
            // Some come again, later; what came first counts.
            let mut all = observations.clone();
            for (observation, copies) in observations.iter().zip(copies).filter(|(_, copies)| *copies < 2) {
                for copy in 0..=copies {
                    let mut again = observation.clone();
                    again.received_at = again.received_at.plus_ms(i64::from(copy) * 3_600_000);
                    all.push(again);
                }
            }
            observations.sort_by_key(|observation| (observation.received_at, observation.id));
            (Just(observations), Just(all).prop_shuffle(), 3..80usize)
        })
        .prop_map(|(straight, shuffled, restart_every)| World { straight, shuffled, restart_every })
}

/// Days in which all came within six hours, in the order of arrival.
pub(crate) fn days() -> impl Strategy<Value = Vec<Observation>> {
    prop::collection::vec((world(), 60..600i64), 2..5).prop_map(|worlds| {
        let mut journal = Vec::new();
        let mut minutes = 0;
        for (world, after_minutes) in worlds {
            minutes += after_minutes;
            journal.extend(world.straight.into_iter().map(|mut seen| {
                seen.captured_at = seen.captured_at.plus_ms(minutes * 60_000);
                seen.received_at = seen.received_at.plus_ms(minutes * 60_000);
                seen.id.0 ^= minutes as u128;
                seen
            }));
        }
        journal.sort_by_key(|seen| (seen.received_at, seen.id));
        journal
    })
}

/// The warnings that stand when the clock has come so far, each with its mark.
fn judged(
    observations: &[Observation],
    restart_every: Option<usize>,
    until: Timestamp,
) -> BTreeMap<WarningId, (Warning, Mark)> {
    let mut county = county(72);
    for (index, observation) in observations.iter().enumerate() {
        if restart_every.is_some_and(|every| index % every == every - 1) {
            county.restart();
        }
        county.see(observation.clone());
    }
    county.tick(until);
    let marks = county.marks;
    county.standing.into_iter().map(|(id, warning)| (id, (warning, marks[&id].clone()))).collect()
}

/// What only one of two results says.
fn difference(a: &BTreeMap<WarningId, (Warning, Mark)>, b: &BTreeMap<WarningId, (Warning, Mark)>) -> String {
    let only = |a: &BTreeMap<WarningId, (Warning, Mark)>, b: &BTreeMap<WarningId, (Warning, Mark)>| {
        let mut only: Vec<_> = a.values().filter(|said| b.get(&said.0.id) != Some(said)).cloned().collect();
        for (warning, _) in &mut only {
            warning.evidence.truncate(2);
        }
        format!("{only:#?}")
    };
    format!("only the first: {}\nonly the second: {}", only(a, b), only(b, a))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn order_copies_and_restarts_never_matter(world in world()) {
        let straight = judged(&world.straight, None, world.end());
        let shuffled = judged(&world.shuffled, Some(world.restart_every), world.end());
        prop_assert!(straight == shuffled, "{}", difference(&straight, &shuffled));
    }

    /// An engine that forgets after six hours says what one says that never does.
    #[test]
    fn forgetting_never_shows(journal in days()) {
        let (mut forgetful, mut remembering) = (county(6), county(720));
        for seen in journal {
            prop_assert_eq!(forgetful.see(seen.clone()), remembering.see(seen));
        }
        prop_assert_eq!(forgetful.standing, remembering.standing);
    }

    #[test]
    fn seeing_everything_again_says_nothing(world in world()) {
        let mut county = county(72);
        for observation in world.straight.iter().chain(&world.shuffled) {
            county.see(observation.clone());
        }
        county.tick(world.end());
        for observation in &world.shuffled {
            prop_assert_eq!(county.see(observation.clone()), []);
        }
    }
}

/// The models of which the worlds above have something to judge; those not named here have a test of their own.
pub(crate) const IN_THE_WORLDS: [ModelId; 22] = [
    ModelId::WatchOrder,
    ModelId::ClonePlate,
    ModelId::FakePlate,
    ModelId::HiddenPlate,
    ModelId::OverdueInspection,
    ModelId::OverdueScrapping,
    ModelId::UnhandledOffences,
    ModelId::AverageSpeed,
    ModelId::SpotSpeed,
    ModelId::WrongWay,
    ModelId::Overload,
    ModelId::CameraReport,
    ModelId::Fatigue,
    ModelId::PassageFatigue,
    ModelId::DrivingTime,
    ModelId::NightCoach,
    ModelId::DangerousGoods,
    ModelId::ZoneBan,
    ModelId::NoExit,
    ModelId::DeviceAlarm,
    ModelId::TerminalSilent,
    ModelId::TerminalElsewhere,
];

/// The worlds above would prove nothing if they led to no warnings.
#[test]
fn the_worlds_lead_to_warnings_of_every_model() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut counts: BTreeMap<ModelId, usize> = BTreeMap::new();
    for _ in 0..60 {
        let world = world().new_tree(&mut runner).unwrap().current();
        for (warning, _) in judged(&world.straight, None, world.end()).into_values() {
            *counts.entry(warning.model).or_default() += 1;
        }
    }
    for model in IN_THE_WORLDS {
        assert!(counts.get(&model).is_some_and(|count| *count >= 5), "{model:?}: {counts:?}");
    }
}
