//! The language of rules against another implementation of CEL: what both accept means the same to both.

use cel::{Context, Program};
use domain::observation::{Behaviour, Behaviours};
use judgement::rule::{Condition, Counter, Facts, Field, Value};
use proptest::prelude::*;
use std::collections::HashMap;

/// A passage without a speed.
struct Passage;

impl Facts for Passage {
    fn field(&self, field: Field) -> Option<Value> {
        Some(match field {
            Field::Hour => Value::Int(23),
            Field::Lane => Value::Int(0),
            Field::TotalKg => Value::Int(52_000),
            Field::IsNight => Value::Bool(true),
            Field::Plate => Value::Text("鲁Q12345".into()),
            Field::Road => Value::Text("G206".into()),
            Field::Behaviours => {
                Value::Behaviours(Behaviours::default().with(Behaviour::NoBelt).with(Behaviour::Phone))
            }
            _ => return None,
        })
    }

    fn counter(&self, counter: &Counter) -> Option<i64> {
        Some(counter.window_minutes() / 10)
    }
}

fn oracle() -> Context<'static, 'static> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let passage: HashMap<&str, cel::Value> = [
        ("hour", 23.into()),
        ("lane", 0.into()),
        ("total_kg", 52_000.into()),
        ("is_night", true.into()),
        ("plate", "鲁Q12345".into()),
        ("road", "G206".into()),
        ("behaviours", texts(&["no_belt", "phone"]).into()),
    ]
    .into();
    let mut context = Context::default();
    context.add_variable_from_value("passage", passage);
    context.add_function("count", |minutes: i64| minutes / 10).expect("a free name");
    context
}

/// Conditions that are well typed, as text.
fn condition() -> impl Strategy<Value = String> {
    let int = prop_oneof![
        (-3_i64..30).prop_map(|number| number.to_string()),
        Just("9223372036854775807".to_owned()),
        Just("passage.hour".to_owned()),
        Just("passage.lane".to_owned()),
        Just("passage.total_kg".to_owned()),
        Just("passage.speed_kmh".to_owned()),
        (1_i64..1440).prop_map(|minutes| format!("count({minutes})")),
        Just("size(passage.behaviours)".to_owned()),
        Just("passage.plate.size()".to_owned()),
    ]
    .prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), prop::sample::select(vec!["+", "-", "*", "/", "%"]), inner.clone())
                .prop_map(|(left, sign, right)| format!("{left} {sign} {right}")),
            inner.clone().prop_map(|of| format!("({of})")),
            inner.clone().prop_map(|of| format!("-({of})")),
            inner.prop_map(|of| format!("int(double({of}) / 2.0)")),
        ]
    });
    let text =
        prop::sample::select(vec!["passage.plate", "passage.road", "\"鲁Q\"", "'G206'", "\"5\"", "\"\""]);
    let comparison = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let leaf = prop_oneof![
        (int.clone(), comparison.clone(), int.clone()).prop_map(|(a, sign, b)| format!("{a} {sign} {b}")),
        (int.clone(), comparison.clone()).prop_map(|(a, sign)| format!("double({a}) / 3.0 {sign} 7.5")),
        (text.clone(), comparison, text.clone()).prop_map(|(a, sign, b)| format!("{a} {sign} {b}")),
        (text.clone(), prop::sample::select(vec!["startsWith", "endsWith", "contains"]), text.clone())
            .prop_map(|(of, test, part)| format!("{of}.{test}({part})")),
        (text.clone(), text.clone(), text).prop_map(|(item, a, b)| format!("{item} in [{a}, {b}]")),
        (int.clone(), int.clone(), int).prop_map(|(item, a, b)| format!("{item} in [{a}, {b}]")),
        prop::sample::select(vec![
            "true",
            "false",
            "passage.is_night",
            "has(passage.speed_kmh)",
            "has(passage.hour)",
            "\"phone\" in passage.behaviours",
            "passage.behaviours.exists(b, b.startsWith(\"no_\"))",
            "passage.behaviours.all(b, size(b) > 4)",
            "[1, 2].exists(n, n / passage.lane == 1)",
            "[23, 24].exists(n, n == passage.hour)",
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("{left} && {right}")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("{left} || {right}")),
            inner.clone().prop_map(|of| format!("!({of})")),
            inner.clone().prop_map(|of| format!("({of})")),
            (inner.clone(), inner.clone(), inner)
                .prop_map(|(condition, then, other)| format!("(({condition}) ? {then} : {other})")),
        ]
    })
}

proptest! {
    #[test]
    fn conditions_mean_what_they_mean_in_cel(text in condition()) {
        let ours = Condition::compile(&text);
        prop_assert!(ours.is_ok(), "{text}: {ours:?}");
        let theirs = Program::compile(&text).map(|program| program.execute(&oracle()));
        prop_assert!(theirs.is_ok(), "{text}: {theirs:?}");
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            let theirs = match theirs {
                Ok(cel::Value::Bool(is_true)) => Some(is_true),
                _ => None,
            };
            prop_assert_eq!(ours.holds(&Passage).ok(), theirs, "{}", text);
        }
    }
}
