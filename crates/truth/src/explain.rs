//! The worst misses and false hits, each with what was observed around it. The windows are made once more for it, so
//! that nothing of the month has to be kept.

use crate::matching::Truths;
use crate::score::Score;
use crate::standing::{Standing, Warnings};
use crate::world::World;
use domain::time::{HOUR_MS, MINUTE_MS};
use domain::{Fact, ModelId, Observation, Plate, Timestamp};
use serde::Serialize;
use std::fmt::Write as _;

/// A miss or a false hit.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    /// Key of its model.
    pub model: &'static str,
    /// Whether it was planted and not found; else it stands and is false.
    pub is_miss: bool,
    /// What it is.
    pub what: String,
    /// What was seen around it.
    pub seen: Vec<String>,
}

/// Looked at before and after, and lines shown at most.
const AROUND_MS: i64 = HOUR_MS;
const LINES_MAX: usize = 14;

/// Up to `count` misses and as many false hits of each model, spread over the month.
pub fn cases(world: &World, truths: &Truths, warnings: &Warnings, score: &Score, count: usize) -> Vec<Case> {
    let mut cases = Vec::new();
    for model in ModelId::ALL {
        let missed: Vec<usize> =
            score.missed.iter().copied().filter(|index| truths.all()[*index].model == model).collect();
        for index in spread(&missed, count) {
            let planted = &truths.all()[*index];
            let mut what = format!(
                "{} {} {} {}",
                plate_text(planted.plate),
                beijing(planted.from),
                planted.checkpoint.as_ref().map_or(planted.what.as_str(), |place| place.as_str()),
                planted.detail
            );
            if !planted.is_observable {
                what.push_str(" (not observable as planted)");
            }
            let mut seen = observed(world, planted.plate, planted.from, planted.until);
            seen.extend(others(warnings, planted.plate, planted.from, planted.until));
            cases.push(Case { model: model.key(), is_miss: true, what, seen });
        }
        let false_hits: Vec<&Standing> =
            score.false_hits.iter().filter(|warning| warning.model == model).collect();
        for warning in spread(&false_hits, count) {
            let what = format!(
                "{} read {} {} {} {}",
                plate_text(warning.plate()),
                warning.plate_text.as_deref().unwrap_or("-"),
                beijing(warning.until),
                warning.checkpoint.as_ref().map_or("", |place| place.as_str()),
                warning.summary
            );
            let mut seen = observed(world, warning.plate(), warning.from, warning.until);
            let near = truths.all().iter().filter(|planted| {
                planted.plate.is_some() && planted.plate == warning.plate() && planted.model == model
            });
            seen.extend(near.take(3).map(|planted| {
                format!("planted: {} to {} {}", beijing(planted.from), beijing(planted.until), planted.detail)
            }));
            cases.push(Case { model: model.key(), is_miss: false, what, seen });
        }
    }
    cases
}

/// Some of them, evenly.
fn spread<T>(all: &[T], count: usize) -> impl Iterator<Item = &T> {
    let step = (all.len() / count.max(1)).max(1);
    all.iter().step_by(step).take(count)
}

/// What was sent of a number around a time: read as it, or as something that is a symbol away.
fn observed(world: &World, plate: Option<Plate>, from: Timestamp, until: Timestamp) -> Vec<String> {
    let Some(plate) = plate else { return Vec::new() };
    let from_ms = from.unix_ms().max(until.unix_ms() - 12 * HOUR_MS) - AROUND_MS;
    let mut found: Vec<Observation> = Vec::new();
    let (first, end) = world.window();
    let mut window_ms = from_ms.max(first.unix_ms());
    let to_ms = (until.unix_ms() + AROUND_MS).min(end.unix_ms());
    while window_ms < to_ms {
        let next_ms = (window_ms + 10 * MINUTE_MS).min(to_ms);
        found.extend(world.observations(window_ms, next_ms).into_iter().filter(|one| is_of(one, plate)));
        window_ms = next_ms;
    }
    found.sort_by_key(|observation| (observation.captured_at, observation.received_at));
    let skipped = found.len().saturating_sub(LINES_MAX);
    let mut lines: Vec<String> = found.iter().take(LINES_MAX).map(line).collect();
    if skipped > 0 {
        lines.push(format!("… and {skipped} more"));
    }
    lines
}

fn is_of(observation: &Observation, plate: Plate) -> bool {
    match &observation.fact {
        Fact::Passage(passage) => differences(&passage.plate_text, plate) <= 1,
        Fact::Position(position) => position.vehicle.is_some_and(|vehicle| vehicle.plate == plate),
        Fact::Alarm(alarm) => alarm.vehicle.is_some_and(|vehicle| vehicle.plate == plate),
    }
}

/// In how many symbols a text differs from a number; very many when they are not equally long.
fn differences(text: &str, plate: Plate) -> usize {
    let symbols: Vec<char> = plate.symbols().collect();
    if text.chars().count() != symbols.len() {
        return usize::MAX;
    }
    text.chars().zip(symbols).filter(|(read, true_one)| read != true_one).count()
}

fn line(observation: &Observation) -> String {
    let mut line = beijing(observation.captured_at);
    let late_s = observation.received_at.ms_since(observation.captured_at) / 1_000;
    let written = match &observation.fact {
        Fact::Passage(passage) => write!(
            line,
            " at {} read {} {}% class {} {} colour {} {} km/h, received after {late_s} s",
            passage.checkpoint,
            passage.plate_text,
            passage.plate_confidence.unwrap_or_default(),
            passage.plate_class,
            passage.vehicle_type.map_or(String::new(), |kind| kind.to_string()),
            passage.body_color.unwrap_or('-'),
            passage.speed_kmh.unwrap_or_default(),
        ),
        Fact::Position(position) => write!(
            line,
            " terminal {} {:.1} km/h alarms {:x}, received after {late_s} s",
            observation.device,
            f64::from(position.speed_dkmh) / 10.0,
            position.alarm_bits
        ),
        Fact::Alarm(alarm) => write!(line, " terminal {} alarm {}", observation.device, alarm.kind.key()),
    };
    written.expect("a string takes all that is written");
    line
}

/// The other warnings about the number around a time.
fn others(warnings: &Warnings, plate: Option<Plate>, from: Timestamp, until: Timestamp) -> Vec<String> {
    let is_near = |warning: &&Standing| {
        plate.is_some()
            && warning.plate() == plate
            && warning.until >= from.plus_ms(-AROUND_MS)
            && warning.from <= until.plus_ms(AROUND_MS)
    };
    warnings
        .iter()
        .filter(is_near)
        .take(5)
        .map(|warning| {
            format!("warned: {} {} {}", warning.model.key(), beijing(warning.until), warning.summary)
        })
        .collect()
}

fn plate_text(plate: Option<Plate>) -> String {
    plate.map_or_else(|| "no number".into(), |plate| plate.to_string())
}

/// Day and time in Beijing, to the second.
fn beijing(at: Timestamp) -> String {
    let day = at.beijing_day();
    let seconds = at.ms_since(day.start()) / 1_000;
    format!("{day} {:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}
