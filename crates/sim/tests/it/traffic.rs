//! What moves: windows that compose, passages that fit the roads, offences that really happen, misreads within bounds.

use crate::{COUNTY, DAY};
use domain::ModelId;
use domain::time::{DAY_MS, HOUR_MS};
use sim::noise::{self, NoiseRates, Quality};
use sim::traffic::leg::Plant;
use sim::traffic::truth;
use sim::traffic::{Rates, Traffic};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// A twentieth of the county: the whole day takes seconds.
static TRAFFIC: LazyLock<Traffic> =
    LazyLock::new(|| Traffic::new(COUNTY.clone(), Rates { scale: 0.05, offences: 1.0, ..Rates::default() }));

fn midnight_ms() -> i64 {
    DAY.start().unix_ms()
}

#[test]
fn windows_compose_and_need_no_window_before() {
    let (a, b, c) =
        (midnight_ms() + 7 * HOUR_MS, midnight_ms() + 8 * HOUR_MS + 123, midnight_ms() + 9 * HOUR_MS);
    let mut parts = TRAFFIC.passages(a, b);
    parts.extend(TRAFFIC.passages(b, c));
    assert!(parts.len() > 1_000, "{}", parts.len());
    assert_eq!(parts, TRAFFIC.passages(a, c));
    let fresh = Traffic::new(COUNTY.clone(), TRAFFIC.rates);
    assert_eq!(fresh.passages(b, c), TRAFFIC.passages(b, c));
}

#[test]
fn the_day_has_its_rhythm_in_all_theatres() {
    let passages = TRAFFIC.passages(midnight_ms(), midnight_ms() + DAY_MS);
    let in_hour = |hour: i64| {
        let from = midnight_ms() + hour * HOUR_MS;
        passages.iter().filter(|p| (from..from + HOUR_MS).contains(&p.at_ms)).count()
    };
    assert!(in_hour(8) > 5 * in_hour(3), "{} by day, {} by night", in_hour(8), in_hour(3));
    let seen: BTreeSet<u16> = passages.iter().map(|p| p.checkpoint).collect();
    assert_eq!(seen.len(), COUNTY.checkpoints.len(), "every checkpoint sees somebody");
    assert!((30_000..120_000).contains(&passages.len()), "{}", passages.len());
}

/// Nobody covers a section faster than a rushing vehicle does, nor faster than the limit unless it rushes; and a
/// vehicle is never at two places.
#[test]
fn passages_fit_the_lengths_of_the_sections() {
    let mut entries: BTreeMap<(u32, usize), i64> = BTreeMap::new();
    let mut last: BTreeMap<u32, i64> = BTreeMap::new();
    let (mut covered, mut over) = (0, 0);
    let traffic = Traffic::new(COUNTY.clone(), Rates { scale: 0.05, offences: 5.0, ..Rates::default() });
    for passage in traffic.passages(midnight_ms(), midnight_ms() + DAY_MS) {
        let before = last.insert(passage.vehicle, passage.at_ms);
        assert!(before.is_none_or(|before| before < passage.at_ms || passage.at_ms == before));
        let kind = COUNTY.register.vehicles[passage.vehicle as usize].kind;
        for (index, section) in COUNTY.sections.iter().enumerate() {
            if section.is_forward != passage.is_forward {
                continue;
            }
            if section.ends[1] == passage.checkpoint
                && let Some(entry) = entries.remove(&(passage.vehicle, index))
            {
                let speed_kmh = f64::from(section.length_m) / (passage.at_ms - entry) as f64 * 3_600.0;
                let limit =
                    f64::from(if kind.is_large() { section.limit_large_kmh } else { section.limit_kmh });
                assert!(speed_kmh < limit * 1.7, "{}: {speed_kmh} km/h", section.name);
                // What does not rush stays clear of the limit, so that clocks a second apart make no offence.
                assert!(
                    speed_kmh < limit * 0.92 || speed_kmh > limit * 1.1,
                    "{}: {speed_kmh} km/h",
                    section.name
                );
                covered += 1;
                over += usize::from(speed_kmh > limit);
            }
            if section.ends[0] == passage.checkpoint {
                entries.insert((passage.vehicle, index), passage.at_ms);
            }
        }
    }
    assert!(covered > 1_000 && over > 0 && over * 50 < covered, "{over} of {covered}");
}

#[test]
fn every_model_has_its_offence_in_a_day_and_each_is_in_what_the_devices_see() {
    // All terminals, and enough rushing among a twentieth of the others.
    let traffic = Traffic::new(COUNTY.clone(), Rates { scale: 0.05, offences: 6.0, ..Rates::default() });
    let rates = NoiseRates::default();
    let (from_ms, to_ms) = (midnight_ms(), midnight_ms() + 2 * DAY_MS);
    let truths = truth::of_window(&traffic, &rates, from_ms, to_ms);
    let models: BTreeSet<&str> = truths.iter().map(|truth| truth.model).collect();
    let all: BTreeSet<&str> = ModelId::ALL.iter().map(|model| model.key()).collect();
    assert_eq!(models, all);
    let hits =
        |detail: &str| truths.iter().filter(|t| t.model == "watch_order" && t.detail == detail).count();
    assert!(
        hits("exact") > 50 && hits("misread") > 3,
        "{} exact, {} misread",
        hits("exact"),
        hits("misread")
    );
    let passages = traffic.passages(from_ms, to_ms);
    let seen: BTreeSet<(String, String)> = passages
        .iter()
        .map(|p| {
            (COUNTY.register.vehicles[p.vehicle as usize].plate.to_string(), sim::clock::rfc3339(p.at_ms))
        })
        .collect();
    for truth in truths.iter().filter(|truth| truth.place.len() == 20 && !truth.plate.is_empty()) {
        assert!(seen.contains(&(truth.plate.clone(), truth.at.clone())), "{truth:?}");
    }
    let again = truth::of_window(&traffic, &rates, from_ms, to_ms);
    assert_eq!(truths, again);
}

/// A sought vehicle seen is a warning; those of the register one a day.
#[test]
fn no_hour_of_day_or_night_is_without_new_warnings() {
    let mut by_hour = [0; 24];
    let mut told = BTreeSet::new();
    let mut alarms_late = 0;
    let traffic = Traffic::new(COUNTY.clone(), Rates { scale: 0.05, offences: 1.0, ..Rates::default() });
    for truth in truth::of_window(&traffic, &NoiseRates::default(), midnight_ms(), midnight_ms() + DAY_MS) {
        let hour = (truth.at.get(11..13).unwrap().parse::<usize>().unwrap() + 8) % 24;
        let is_of_register = ["overdue_inspection", "overdue_scrapping", "unhandled_offences"];
        if !truth.is_expected || is_of_register.contains(&truth.model) && !told.insert(truth.plate) {
            continue;
        }
        by_hour[hour] += 1;
        alarms_late += usize::from(truth.model == "device_alarm" && !(6..22).contains(&hour));
    }
    assert!(by_hour.iter().all(|count| (5..90).contains(count)), "{by_hour:?}");
    let late: usize = (22..30).map(|hour| by_hour[hour % 24]).sum();
    assert!((8 * 20..8 * 70).contains(&late), "{late} from 22:00 to 06:00: {by_hour:?}");
    assert!(alarms_late >= 5, "{alarms_late} alarms of a tenth of the terminals");
}

#[test]
fn drives_of_terminals_follow_on_each_other_and_break_rules_only_where_planted() {
    let traffic = Traffic::new(COUNTY.clone(), Rates::default());
    let mut planted: BTreeMap<&str, usize> = BTreeMap::new();
    for vehicle in 0..traffic.rates.terminal_count() as u32 {
        let kind = COUNTY.register.vehicles[vehicle as usize].kind;
        let is_exempt = COUNTY.register.vehicles[vehicle as usize].is_night_exempt;
        let legs = traffic.drives(vehicle, midnight_ms() - DAY_MS, midnight_ms() + DAY_MS);
        for pair in legs.windows(2) {
            assert!(pair[0].arrive_ms(&COUNTY) <= pair[1].depart_ms, "{pair:?}");
            assert_eq!(pair[0].to, pair[1].from, "{pair:?}");
        }
        for leg in &legs {
            let unbroken_ms =
                leg.rest.map_or(leg.driving_ms(&COUNTY), |rest| rest.every_ms.min(leg.driving_ms(&COUNTY)));
            let (from, to) = (leg.depart_ms, leg.arrive_ms(&COUNTY));
            let two = midnight_ms() + 2 * HOUR_MS;
            let is_in_window =
                [two - DAY_MS, two, two + DAY_MS].iter().any(|two| from < two + 3 * HOUR_MS && to > *two);
            match leg.plant {
                Some(Plant::Fatigue) => {
                    assert!(unbroken_ms > 4 * HOUR_MS);
                    *planted.entry("fatigue").or_default() += 1;
                }
                Some(Plant::NightFatigue) => {
                    assert!(unbroken_ms > 2 * HOUR_MS && !is_in_window, "{leg:?}");
                    *planted.entry("night fatigue").or_default() += 1;
                }
                Some(Plant::NightCoach) => {
                    assert!(kind.is_coach() && is_in_window, "{leg:?}");
                    *planted.entry("night coach").or_default() += 1;
                }
                None => {
                    assert!(unbroken_ms < 4 * HOUR_MS, "{leg:?}");
                    assert!(!kind.is_coach() || is_exempt || !is_in_window, "{leg:?}");
                }
            }
        }
    }
    assert!(planted.len() == 3 && planted.values().all(|count| (4..120).contains(count)), "{planted:?}");
}

#[test]
fn misreads_stay_within_the_bounds_of_the_standard_and_show_in_the_confidence() {
    let rates = NoiseRates::default();
    let passages = TRAFFIC.passages(midnight_ms(), midnight_ms() + DAY_MS);
    for is_night in [false, true] {
        let reads: Vec<_> = passages
            .iter()
            .filter(|p| noise::is_night(p.at_ms) == is_night)
            .take(6_000)
            .map(|p| (noise::read(&COUNTY, &rates, p), COUNTY.register.vehicles[p.vehicle as usize].plate))
            .collect();
        let wrong = reads.iter().filter(|(read, _)| read.quality != Quality::Exact).count();
        let share = wrong as f64 / reads.len() as f64;
        let asked = if is_night { 0.20 } else { 0.10 };
        assert!((share - asked).abs() < 0.03, "{share} misread, {asked} asked");
        for (read, plate) in &reads {
            assert_eq!(read.text == plate.to_string(), read.quality == Quality::Exact, "{read:?} of {plate}");
        }
        let mean = |is_exact: bool| {
            let of: Vec<f64> = reads
                .iter()
                .filter(|(read, _)| (read.quality == Quality::Exact) == is_exact)
                .map(|(read, _)| f64::from(read.confidence))
                .collect();
            of.iter().sum::<f64>() / of.len() as f64
        };
        assert!(mean(true) > mean(false) + 15.0, "{} exact, {} not", mean(true), mean(false));
    }
}

#[test]
fn clocks_drift_within_their_bound_but_for_the_one_that_is_lost() {
    let rates = NoiseRates::default();
    let far: Vec<u16> = (0..60u16)
        .filter(|c| noise::clock_error_ms(&COUNTY, &rates, *c, midnight_ms()).abs() > rates.clock_error_ms)
        .collect();
    assert_eq!(far.len(), 1);
    assert!(
        COUNTY.sections.iter().all(|section| !section.ends.contains(&far[0])),
        "a lost clock ends no section"
    );
    let cut = (0..60u16).any(|c| {
        (0..1_440)
            .any(|minute| noise::cut_until_ms(&COUNTY, &rates, c, midnight_ms() + minute * 60_000).is_some())
    });
    assert!(cut, "some camera has a network cut that day");
}
