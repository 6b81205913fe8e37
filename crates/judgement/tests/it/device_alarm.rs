//! Device alarms: episodes, counts at powers of two, and late reports that join episodes.

use super::scenario::Said::{Raised, Replaced, Revised};
use super::scenario::{County, alarm, at, car, late, position, with_alarm_bits};
use domain::observation::AlarmKind;
use domain::warning::Detail;
use domain::{Level, ModelId};

const PLATE: &str = "鲁Q12345";

fn detail(county: &County) -> Vec<(AlarmKind, u32)> {
    let details = county.warnings(ModelId::DeviceAlarm).into_iter().map(|warning| &warning.detail);
    details
        .map(|detail| match detail {
            Detail::DeviceAlarm { kind, count, .. } => (*kind, *count),
            _ => panic!(),
        })
        .collect()
}

#[test]
fn reports_with_short_gaps_are_one_warning_revised_at_powers_of_two() {
    let mut county = County::new();
    let said: Vec<_> = (0..10)
        .map(|minute| {
            county
                .see(alarm(car(PLATE), AlarmKind::DsmPhone, at(&format!("08:{minute:02}"))))
                .first()
                .copied()
        })
        .collect();
    let revised_at: Vec<_> =
        (1..).zip(said).filter(|(_, said)| *said == Some(Revised)).map(|(n, _)| n).collect();
    assert_eq!(revised_at, [2, 4, 8]);
    assert_eq!(detail(&county), [(AlarmKind::DsmPhone, 8)]);
    let warning = county.only();
    assert_eq!((warning.level, warning.occurred_at), (Level::Medium, at("08:07")));
    let evidence: Vec<_> = warning.evidence.iter().map(|seen| seen.captured_at).collect();
    assert_eq!(evidence, ["08:00", "08:01", "08:03", "08:07"].map(at));
}

#[test]
fn alarm_bits_are_alarms_of_their_kinds() {
    let mut county = County::new();
    let bits = 1 | 1 << 2 | 1 << 8; // SOS, fatigue, and the main power, which no model uses.
    assert_eq!(county.see(with_alarm_bits(position(car(PLATE), at("08:00"), 60, 0), bits)), [Raised, Raised]);
    let mut kinds = detail(&county);
    kinds.sort_unstable();
    assert_eq!(kinds, [(AlarmKind::Sos, 1), (AlarmKind::Fatigue, 1)]);
    assert!(county.standing.values().all(|warning| warning.location.is_some()));
}

#[test]
fn kinds_that_are_not_listed_raise_nothing() {
    let mut county = County::new();
    assert_eq!(county.see(alarm(car(PLATE), AlarmKind::Adas(2), at("08:00"))), []);
}

#[test]
fn a_long_gap_begins_another_episode_and_a_late_report_joins_them() {
    let mut county = County::new();
    let smoking = |clock: &str| alarm(car(PLATE), AlarmKind::DsmSmoking, at(clock));
    assert_eq!(county.see(smoking("08:00")), [Raised]);
    assert_eq!(county.see(smoking("08:15")), [Raised]);
    assert_eq!(county.see(late(smoking("08:08"), 30)), [Replaced, Revised]);
    assert_eq!(detail(&county), [(AlarmKind::DsmSmoking, 2)]);
    assert_eq!(county.only().evidence.last().unwrap().captured_at, at("08:08"));
}

#[test]
fn an_alarm_that_stays_on_is_bounded() {
    let mut county = County::new();
    let mut said_count = 0;
    for second in 0..3_000 {
        said_count += county.see(alarm(car(PLATE), AlarmKind::Sos, at("08:00").plus_ms(second * 1000))).len();
    }
    assert_eq!(said_count, 11); // 1, 2, 4, … 1024
    let stats = county.engine.stats();
    // Beyond the bound only as many are kept as hold the episode together: one in ten minutes.
    assert_eq!((stats.alarm_reports_held, stats.over_bound), (1_027, 3_000 - 1_027));
    // It is still the same episode.
    assert_eq!(county.see(alarm(car(PLATE), AlarmKind::Sos, at("08:55"))), []);
}
