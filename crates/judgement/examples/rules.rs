//! What rules cost: `cargo run --release -p judgement --example rules`.
//!
//! 20,000 vehicles pass 20 checkpoints each within two hours; the engine judges them without rules and with each of the
//! rules below, and the difference is told per evaluation. Beside it stand what reading a condition costs, and what the
//! crate `cel` takes to evaluate it over values that are all there.

#![expect(clippy::print_stdout, reason = "prints its figures")]

use cel::{Context, Program};
use domain::observation::{Fact, Observation, Passage};
use domain::{
    CivilDay, DeviceId, Entry, Level, ObservationId, Plate, PlateClass, PlateColor, ReferenceChange, Rule,
};
use judgement::rule::Condition;
use judgement::{Engine, Parameters};
use smol_str::format_smolstr;
use std::collections::HashMap;
use std::time::{Duration, Instant};

const VEHICLES: u64 = 20_000;
const PASSAGES_PER_VEHICLE: u64 = 20;
const SPAN_MS: u64 = 2 * 3_600_000;
const READINGS: u32 = 10_000;
/// The fastest of so many runs is told: others may use the machine.
const RUNS: u32 = 5;
const DAY: CivilDay = CivilDay(20_780);

/// The first decides by the passage alone, the second counts once in 24 passages, the third with each.
const CONDITIONS: [&str; 3] = [
    "passage.speed_kmh > 120 && passage.hour >= 22",
    "passage.lane == 2 && passage.plate_color == \"blue\" && count(60) >= 30",
    "count(120) >= 30 || places(120) >= 30",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let parameters = Parameters {
        models: toml::from_str(include_str!("../../../data/models.toml"))?,
        confusions: toml::from_str(include_str!("../../../data/plate-confusions.toml"))?,
    };
    let entries: Vec<Entry> = (0..VEHICLES * PASSAGES_PER_VEHICLE).map(entry).collect();
    let fastest = |condition: Option<&str>| (0..RUNS).map(|_| judged(&parameters, &entries, condition)).min();
    let (without, _) = fastest(None).unwrap_or_default();
    println!("passages {}, without rules {:.0} ns each", entries.len(), per(without, entries.len() as u64));
    for condition in CONDITIONS {
        let (with, evaluations) = fastest(Some(condition)).unwrap_or_default();
        let started = Instant::now();
        for _ in 0..READINGS {
            Condition::compile(condition).map_err(|errors| errors[0].message_en.clone())?;
        }
        let reading = per(started.elapsed(), u64::from(READINGS));
        println!(
            "{condition}\n  {:.0} ns per evaluation in the engine; read and checked in {reading:.0} ns; crate cel {:.0} ns",
            per(with.saturating_sub(without), evaluations),
            per_evaluation_of_cel(condition)?,
        );
    }
    Ok(())
}

fn per(elapsed: Duration, count: u64) -> f64 {
    elapsed.as_nanos() as f64 / count.max(1) as f64
}

/// How long judging took, and how often the rule was evaluated.
fn judged(parameters: &Parameters, entries: &[Entry], condition: Option<&str>) -> (Duration, u64) {
    let mut engine = Engine::new(parameters.clone());
    let mut out = Vec::new();
    if let Some(condition) = condition {
        let rule = Rule {
            id: "R".into(),
            version: 1,
            name: "R".into(),
            condition: condition.into(),
            level: Level::Low,
            once_per_minutes: 0,
            actionable_seconds: 60,
        };
        engine.apply(&Entry::Reference(Box::new(ReferenceChange::Rule(rule))), &mut out);
    }
    let started = Instant::now();
    for entry in entries {
        engine.apply(entry, &mut out);
    }
    (started.elapsed(), engine.rules().iter().map(|rule| rule.counts.judged).sum())
}

fn per_evaluation_of_cel(condition: &str) -> Result<f64, Box<dyn std::error::Error>> {
    let program = Program::compile(condition)?;
    let mut context = Context::default();
    let passage: HashMap<&str, cel::Value> =
        [("speed_kmh", 60.into()), ("hour", 9.into()), ("lane", 2.into()), ("plate_color", "blue".into())]
            .into();
    context.add_variable_from_value("passage", passage);
    context.add_function("count", |_: i64| 20_i64)?;
    context.add_function("places", |_: i64| 20_i64)?;
    let started = Instant::now();
    for _ in 0..READINGS {
        std::hint::black_box(program.execute(&context))?;
    }
    Ok(per(started.elapsed(), u64::from(READINGS)))
}

/// All vehicles pass, then all pass the next checkpoint.
fn entry(number: u64) -> Entry {
    let (vehicle, round) = (number % VEHICLES, number / VEHICLES);
    let captured_at =
        DAY.start().plus_ms((8 * 3_600_000 + number * SPAN_MS / (VEHICLES * PASSAGES_PER_VEHICLE)) as i64);
    let text = format_smolstr!("鲁Q{vehicle:05}");
    let checkpoint = format_smolstr!("371327000012100000{round:02}");
    Entry::Observation(Observation {
        id: ObservationId(u128::from(number)),
        device: DeviceId(checkpoint.clone()),
        captured_at,
        received_at: captured_at.plus_ms(500),
        fact: Fact::Passage(Passage {
            lane: Some((1 + (vehicle + round) % 24) as u8),
            plate: Plate::parse(&text).ok(),
            plate_text: text,
            plate_class: PlateClass::SMALL,
            plate_color: PlateColor::Blue,
            speed_kmh: Some(60),
            ..Passage::unread(domain::CheckpointId(checkpoint))
        }),
    })
}
