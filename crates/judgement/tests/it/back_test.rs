//! A back-test of what was in force gives the warnings that were raised, byte for byte.

use super::order_of_arrival::{IN_THE_WORLDS, county, days, parameters};
use super::scenario::{County, DAY, at, car, file, passage};
use domain::{
    Entry, Level, ModelId, ReferenceChange, Rule, Scope, Timestamp, TunedValue, Tuning, VehicleFile,
};
use domain::{Observation, Warning};
use judgement::back_test::{BackTest, Tested, Tried};
use proptest::prelude::*;
use std::ops::Range;

fn always() -> Range<Timestamp> {
    Timestamp::from_unix_ms(0)..DAY.start().plus_ms(1_000 * 86_400_000)
}

fn tried(journal: &[Entry], late_max_hours: i64, tested: Tested, period: Range<Timestamp>) -> Tried {
    let mut test = BackTest::new(parameters(late_max_hours), tested, period);
    assert!(journal.iter().all(|entry| test.apply(entry)));
    test.finish()
}

/// The same in groups, on shares.
fn tried_together(journal: &[Entry], tested: Tested) -> Tried {
    let mut test = BackTest::new(parameters(72), tested, always());
    let mut crew =
        |shares: Vec<judgement::Share<'_>>| shares.into_iter().rev().for_each(judgement::Share::run);
    assert!(journal.chunks(50).all(|group| test.apply_all(group.to_vec(), 3, &mut crew)));
    test.finish()
}

fn as_it_was(model: ModelId) -> Tested {
    Tested::Model { model, tunings: None }
}

fn of_model(county: &County, model: ModelId) -> Vec<Warning> {
    county.warnings(model).into_iter().cloned().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn each_model_tried_alone_gives_what_it_gave_among_the_others(journal in days()) {
        let mut county = county(72);
        for seen in journal {
            county.see(seen);
        }
        for model in IN_THE_WORLDS {
            let tried = tried(&county.journal, 72, as_it_was(model), always());
            let ids = |warnings: &[Warning]| warnings.iter().map(|warning| warning.id).collect::<Vec<_>>();
            let then = of_model(&county, model);
            prop_assert_eq!(ids(&tried.warnings), ids(&then), "{:?}", model);
            prop_assert!(tried.warnings == then, "{model:?} says otherwise");
            prop_assert!(tried_together(&county.journal, as_it_was(model)) == tried, "{model:?} in groups");
        }
    }
}

/// Three passages of a vehicle with many offences.
fn offender() -> County {
    let mut county = county(72);
    county.register(VehicleFile { unhandled_offences: 12, ..file(car("鲁Q7K5K5")) });
    for clock in ["08:00", "33:00", "58:00"] {
        county.see(passage("A", "鲁Q7K5K5", at(clock)));
    }
    county
}

fn threshold(id: &str, count_min: i64) -> Tuning {
    Tuning {
        id: id.into(),
        version: 1,
        model: ModelId::UnhandledOffences,
        scope: Scope::default(),
        is_enabled: true,
        level: None,
        values: vec![("count_min".into(), TunedValue::Number(count_min))],
    }
}

#[test]
fn a_period_holds_what_happened_in_it() {
    let county = offender();
    let day = at("24:00")..at("48:00");
    let tried = tried(&county.journal, 72, as_it_was(ModelId::UnhandledOffences), day);
    let times: Vec<_> = tried.warnings.iter().map(|warning| warning.occurred_at).collect();
    assert_eq!((times, tried.observations), (vec![at("33:00")], 3));
}

#[test]
fn a_proposed_tuning_holds_from_the_first_day_in_the_place_of_those_of_then() {
    let mut county = offender();
    county.change(ReferenceChange::Tuning(threshold("T1", 2)));
    county.see(passage("B", "鲁Q7K5K5", at("82:00")));
    let model = ModelId::UnhandledOffences;
    let with = |tunings: Option<Vec<Tuning>>| {
        tried(&county.journal, 72, Tested::Model { model, tunings }, always()).warnings.len()
    };
    assert_eq!(with(None), of_model(&county, model).len());
    assert_eq!((with(Some(vec![threshold("T1", 13)])), with(Some(vec![threshold("T2", 12)]))), (0, 4));
}

#[test]
fn a_rule_that_never_ran_is_tried_and_the_rules_of_then_are_silent() {
    let mut county = offender();
    let rule = |id: &str, condition: &str| Rule {
        id: id.into(),
        version: 1,
        name: "试".into(),
        condition: condition.into(),
        level: Level::Low,
        once_per_minutes: 0,
        actionable_seconds: 600,
    };
    county.change(ReferenceChange::Rule(rule("R1", "true")));
    let seen: Observation = passage("B", "鲁Q7K5K5", at("83:00"));
    county.see(seen);
    assert_eq!(of_model(&county, ModelId::Rule).len(), 1);
    let night = rule("R2", "passage.hour == 9");
    let found = tried(&county.journal, 72, Tested::Rule(night), always()).warnings;
    assert_eq!(found.iter().map(|warning| warning.occurred_at).collect::<Vec<_>>(), [at("33:00")]);
}
