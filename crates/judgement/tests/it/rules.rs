//! Rules that users wrote: counters, spacing, changes while running; and that the order of arrival never matters.

use super::data_files::shipped;
use super::scenario::{County, Said, at, car, coach, file, late, passage, with};
use domain::observation::{Fact, Observation};
use domain::warning::{Detail, EVIDENCE_MAX, Warning};
use domain::{
    Behaviour, Behaviours, Level, ModelId, ReferenceChange, Rule, RuleId, Timestamp, VehicleFile, WarningId,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

const CAR: &str = "鲁Q12345";

fn rule(id: &str, version: u16, once_per_minutes: u32, condition: &str) -> Rule {
    judgement::rule::check(condition).unwrap();
    Rule {
        id: id.into(),
        version,
        name: id.into(),
        condition: condition.into(),
        level: Level::Medium,
        once_per_minutes,
        actionable_seconds: 1800,
    }
}

fn county(rules: &[Rule]) -> County {
    let mut county = County::new();
    for rule in rules {
        county.change(ReferenceChange::Rule(rule.clone()));
    }
    county
}

fn seen(place: &str, clock: &str) -> Observation {
    passage(place, CAR, at(clock))
}

/// When the warnings of the rules happened, as minutes of the day.
fn minutes(county: &County) -> Vec<i64> {
    let minute = |warning: &&Warning| warning.occurred_at.ms_since(at("00:00")) / 60_000;
    county.warnings(ModelId::Rule).iter().map(minute).collect()
}

#[test]
fn a_counter_counts_the_window_and_the_warning_shows_what_was_seen() {
    let mut county = county(&[rule("R", 3, 60, "count(60) >= 3 && places(60) >= 2 && passage.hour == 8")]);
    for (place, clock) in [("C", "07:04"), ("C", "07:59"), ("B", "08:05")] {
        assert_eq!(county.see(seen(place, clock)), [], "{clock}");
    }
    assert_eq!(county.see(seen("A", "08:10")), [Said::Raised]);
    assert_eq!(county.see(seen("A", "08:20")), [], "once in an hour");
    let warning = county.only();
    assert_eq!((warning.level, warning.occurred_at), (Level::Medium, at("08:10")));
    let captured: Vec<Timestamp> = warning.evidence.iter().map(|evidence| evidence.captured_at).collect();
    assert_eq!(captured, [at("07:59"), at("08:05"), at("08:10")], "what was counted");
    let Detail::Rule { rule, version, values, .. } = &warning.detail else { panic!("{:?}", warning.detail) };
    assert_eq!((rule.as_str(), *version), ("R", 3));
    let mut values: Vec<String> = values.iter().map(|(name, value)| format!("{name} {value}")).collect();
    values.sort();
    assert_eq!(values, ["count(60) 3", "passage.hour 8", "places(60) 3"]);
}

#[test]
fn a_late_passage_completes_a_count_and_its_copy_says_nothing() {
    let mut county = county(&[rule("R", 1, 0, "count(60) >= 3")]);
    county.see(seen("A", "08:00"));
    assert_eq!(county.see(seen("B", "08:20")), []);
    let between = late(seen("C", "08:10"), 45);
    assert_eq!(county.see(between.clone()), [Said::Raised]);
    assert_eq!(minutes(&county), [500], "the passage at which the third was counted");
    assert_eq!(county.see(between), []);
}

#[test]
fn warnings_are_spaced_from_the_first_of_the_day() {
    let mut county = county(&[rule("R", 1, 60, "passage.lane == 1")]);
    for clock in ["09:00", "09:30", "10:00", "10:50", "23:59", "24:01"] {
        county.see(seen("A", clock));
    }
    assert_eq!(minutes(&county), [540, 600, 1439, 1441]);
    assert_eq!(county.see(late(seen("A", "08:45"), 600)), [Said::Replaced, Said::Raised]);
    assert_eq!(minutes(&county), [525, 600, 1439, 1441]);
}

#[test]
fn counters_that_ask_for_a_checkpoint_and_for_times() {
    let mut county = county(&[
        rule("here", 1, 0, "count_at(passage.checkpoint, 120) == 3"),
        rule("there", 1, 0, "count_at(\"B\", 30) == 1 && passage.checkpoint == \"C\""),
        rule("first", 1, 0, "minutes_since_first(120) == 100"),
        rule("last", 1, 0, "minutes_since_last() == 5"),
    ]);
    for (place, clock) in [("A", "08:00"), ("B", "08:30"), ("C", "08:35:59"), ("A", "09:00"), ("A", "09:40")]
    {
        county.see(seen(place, clock));
    }
    let mut found: Vec<(String, i64)> = county
        .warnings(ModelId::Rule)
        .into_iter()
        .filter_map(|warning| match &warning.detail {
            Detail::Rule { rule, .. } => {
                Some((rule.to_string(), warning.occurred_at.ms_since(at("00:00")) / 60_000))
            }
            _ => None,
        })
        .collect();
    found.sort();
    let expected = [("first", 580), ("here", 580), ("last", 515), ("there", 515)];
    assert_eq!(found, expected.map(|(rule, minute)| (rule.to_owned(), minute)));
}

#[test]
fn the_passage_and_the_file_are_what_a_condition_sees() {
    let mut county = county(&[rule(
        "R",
        1,
        0,
        "passage.theatre == \"national_provincial\" && passage.road == \"G206\" && passage.province == \"鲁\" \
         && passage.plate_class == \"01\" && passage.weekday == 1 && passage.is_night && passage.minute_of_day == 180 \
         && vehicle.key_class == \"tour_coach\" && vehicle.use == \"E\" && vehicle.unhandled_offences == 0 \
         && vehicle.vehicle_type.startsWith(\"K1\") && \"overcrowded\" in passage.behaviours && passage.read_permille > 900 \
         && !has(passage.speed_kmh) && !has(vehicle.inspection_overdue_days)",
    )]);
    county.register(VehicleFile { use_code: Some('E'), ..coach("鲁Q70001") });
    let seen = with(passage("A", "鲁Q70001", at("03:00")), |passage| {
        passage.plate_class = domain::PlateClass::LARGE;
        passage.plate_color = domain::PlateColor::Yellow;
        passage.behaviours = Behaviours::default().with(Behaviour::Overcrowded);
    });
    county.see(seen);
    assert_eq!(minutes(&county), [180]);
}

#[test]
fn a_rule_is_changed_in_mid_stream_and_the_counters_stay() {
    let mut county = county(&[rule("R", 1, 0, "count(120) >= 9")]);
    for clock in ["08:00", "08:10", "08:20"] {
        county.see(seen("A", clock));
    }
    county.tick(at("08:21"));
    county.change(ReferenceChange::Rule(rule("R", 2, 0, "count(120) >= 3")));
    assert_eq!(county.warnings(ModelId::Rule).len(), 0, "a change judges nothing by itself");
    county.restart();
    assert_eq!(county.see(seen("A", "08:30")), [Said::Raised]);
    assert_eq!(county.see(late(seen("A", "08:15"), 30)), [Said::Raised, Said::Revised]);
    assert_eq!(minutes(&county), [495, 510], "08:20 came before the rule");
    county.tick(at("08:50"));
    county.change(ReferenceChange::Rule(rule("R", 3, 0, "count(120) >= 99")));
    assert_eq!(county.see(late(seen("A", "08:16"), 60)), [], "what earlier versions said stands");
    county.change(ReferenceChange::RuleRetired(RuleId::from("R")));
    assert_eq!(county.see(seen("A", "08:40")), []);
    assert_eq!(county.engine.rules(), []);
}

#[test]
fn what_an_evaluation_came_to_is_counted_by_rule() {
    let mut county = county(&[
        rule("failing", 1, 0, "1 / (passage.lane - 1) > 0"),
        rule("unknowing", 1, 0, "passage.speed_kmh > 5"),
    ]);
    let mut foreign = rule("foreign", 1, 0, "true");
    foreign.condition = "a word of a later program".into();
    county.change(ReferenceChange::Rule(foreign));
    county.see(seen("A", "08:00"));
    let counted: Vec<_> = county
        .engine
        .rules()
        .into_iter()
        .map(|rule| {
            let counts = rule.counts;
            (
                rule.id.to_string(),
                rule.is_understood,
                counts.judged,
                counts.held,
                counts.unknown,
                counts.failed,
            )
        })
        .collect();
    assert_eq!(
        counted,
        [
            ("failing".to_owned(), true, 1, 0, 0, 1),
            ("foreign".to_owned(), false, 0, 0, 0, 0),
            ("unknowing".to_owned(), true, 1, 0, 1, 0),
        ]
    );
}

#[test]
fn long_evidence_is_bounded() {
    let mut county = county(&[rule("R", 1, 0, "count(1440) == 40")]);
    for minute in 0..40 {
        county.see(passage("A", CAR, at("08:00").plus_ms(minute * 60_000)));
    }
    let warning = county.only();
    assert_eq!(warning.evidence.len(), EVIDENCE_MAX);
    assert_eq!(warning.evidence[0].captured_at, at("08:00"));
    assert_eq!(warning.evidence[EVIDENCE_MAX - 1].captured_at, at("08:39"));
}

/// Rules with all counters, spaced and not.
fn rules() -> Vec<Rule> {
    vec![
        rule("count", 1, 0, "count(60) >= 3"),
        rule("spaced", 1, 45, "count(90) >= 3 || passage.lane == 2 && passage.hour > 22"),
        rule("places", 1, 30, "places(40) >= 3 && passage.plate.endsWith(\"5\")"),
        rule("here", 1, 1440, "count_at(passage.checkpoint, 200) >= 2"),
        rule("times", 1, 10, "minutes_since_first(300) > 100 && minutes_since_last() < 20"),
        rule("file", 1, 0, "vehicle.unhandled_offences > 3 && !passage.is_night"),
    ]
}

fn ruled(late_max_hours: i64) -> County {
    let mut parameters = shipped();
    parameters.models.horizon.late_max_hours.value = late_max_hours;
    let mut county = County::with_parameters(parameters);
    county.register(VehicleFile { unhandled_offences: 5, ..file(car(CAR)) });
    for rule in rules() {
        county.change(ReferenceChange::Rule(rule));
    }
    county
}

/// Passages of two cars around midnight, near one another; each with the minutes by which it came late.
fn passages() -> impl Strategy<Value = Vec<Observation>> {
    let delay = prop::sample::select(vec![0i64, 0, 0, 3, 40, 400]);
    let one = (0..3usize, any::<bool>(), 0..240i64, 1..3u8, delay).prop_map(
        |(place, is_other, two_minutes, lane, delay)| {
            let captured_at = at("20:00").plus_ms(two_minutes * 120_000);
            let plate = if is_other { "鲁Q54321" } else { CAR };
            let mut seen = with(passage(["A", "B", "C"][place], plate, captured_at), |passage| {
                passage.lane = Some(lane);
            });
            seen.id.0 ^= u128::from(lane);
            late(seen, delay)
        },
    );
    prop::collection::vec(one, 0..40).prop_map(|passages| {
        let by_id: BTreeMap<_, Observation> = passages.into_iter().map(|seen| (seen.id, seen)).collect();
        let mut passages: Vec<Observation> = by_id.into_values().collect();
        passages.sort_by_key(|seen| (seen.received_at, seen.id));
        passages
    })
}

/// The same passages in another order, some of them twice.
fn shuffled() -> impl Strategy<Value = (Vec<Observation>, Vec<Observation>)> {
    passages().prop_flat_map(|straight| {
        let again = straight.iter().step_by(3).cloned().map(|mut seen| {
            seen.received_at = seen.received_at.plus_ms(3_600_000);
            seen
        });
        let all: Vec<Observation> = straight.iter().cloned().chain(again).collect();
        (Just(straight), Just(all).prop_shuffle())
    })
}

fn of_rules(county: County) -> BTreeMap<WarningId, Warning> {
    county.standing.into_iter().filter(|(_, warning)| warning.model == ModelId::Rule).collect()
}

fn judged(observations: &[Observation], restart_every: Option<usize>) -> BTreeMap<WarningId, Warning> {
    let mut county = ruled(72);
    for (index, seen) in observations.iter().enumerate() {
        if restart_every.is_some_and(|every| index % every == every - 1) {
            county.restart();
        }
        county.see(seen.clone());
    }
    of_rules(county)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn order_copies_and_restarts_never_matter_to_rules((straight, shuffled) in shuffled(), every in 2..20usize) {
        prop_assert_eq!(judged(&straight, None), judged(&shuffled, Some(every)));
    }

    /// A rule that comes in mid-stream says of what comes after it what it would have said had it always been there.
    #[test]
    fn a_rule_in_mid_stream_finds_its_counters(passages in passages(), share in 0..100usize, is_restarted in any::<bool>()) {
        let unspaced: Vec<Rule> = rules().into_iter().map(|rule| Rule { once_per_minutes: 0, ..rule }).collect();
        let (mut always, mut later) = (county(&unspaced), county(&[]));
        let from = passages.len() * share / 100;
        for (index, seen) in passages.iter().enumerate() {
            if index == from {
                for rule in &unspaced {
                    later.change(ReferenceChange::Rule(rule.clone()));
                }
                if is_restarted {
                    later.restart();
                }
            }
            always.see(seen.clone());
            later.see(seen.clone());
        }
        let since = from.checked_sub(1).map(|last| passages[last].received_at);
        let is_after = |warning: &Warning| {
            let last = warning.evidence.last().map(|seen| seen.received_at);
            since.is_none_or(|since| last > Some(since))
        };
        let expected: BTreeMap<_, _> = of_rules(always).into_iter().filter(|(_, warning)| is_after(warning)).collect();
        let found: BTreeMap<_, _> = of_rules(later).into_iter().filter(|(_, warning)| is_after(warning)).collect();
        prop_assert_eq!(expected, found);
    }

    /// An engine that forgets after six hours says what one says that never does.
    #[test]
    fn forgetting_never_shows_in_rules(days in prop::collection::vec(passages(), 2..6)) {
        let mut journal: Vec<Observation> = days
            .into_iter()
            .zip(0..)
            .flat_map(|(passages, day)| {
                passages.into_iter().filter(|seen| seen.received_at.ms_since(seen.captured_at) < 6 * 3_600_000).map(
                    move |mut seen| {
                        seen.captured_at = seen.captured_at.plus_ms(day * 86_400_000);
                        seen.received_at = seen.received_at.plus_ms(day * 86_400_000);
                        seen.id.0 ^= (day as u128) << 64;
                        seen
                    },
                )
            })
            .collect();
        journal.sort_by_key(|seen| (seen.received_at, seen.id));
        let (mut forgetful, mut remembering) = (ruled(6), ruled(720));
        for seen in journal {
            prop_assert_eq!(forgetful.see(seen.clone()), remembering.see(seen));
        }
        prop_assert_eq!(forgetful.standing, remembering.standing);
    }
}

/// The passages above would prove nothing if they led to no warnings.
#[test]
fn the_passages_lead_to_warnings_of_every_rule() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..40 {
        let passages = passages().new_tree(&mut runner).unwrap().current();
        assert!(passages.iter().all(|seen| matches!(seen.fact, Fact::Passage(_))));
        for warning in judged(&passages, None).into_values() {
            if let Detail::Rule { rule, .. } = warning.detail {
                *counts.entry(rule.to_string()).or_default() += 1;
            }
        }
    }
    for rule in rules() {
        assert!(counts.get(rule.id.as_str()).is_some_and(|count| *count >= 5), "{}: {counts:?}", rule.id);
    }
}
