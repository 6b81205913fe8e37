//! Misses and false hits, each with what was observed around it. The hours are made once more for it, so that nothing of
//! the month has to be kept.

use crate::cause::differences;
use crate::matching::{CLOCK_TOLERANCE_MS, Planted, Sighting, Truths};
use crate::score::Score;
use crate::standing::{Standing, Warnings};
use crate::world::World;
use domain::time::HOUR_MS;
use domain::{Fact, ModelId, Observation, Plate, Timestamp};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeSet;
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

/// Looked at before and after; how much at most; how late it may come.
const AROUND_MS: i64 = HOUR_MS / 2;
const SPAN_MAX_MS: i64 = 6 * HOUR_MS;
const LATE_MS: i64 = 2 * HOUR_MS;
/// Lines of one case.
const LINES_MAX: usize = 14;

/// A case and what is looked for.
struct Open {
    case: Case,
    plate: Option<Plate>,
    /// Places and times that belong to it: what was sent from there without a number may be of it.
    sightings: Vec<Sighting>,
    from: Timestamp,
    until: Timestamp,
    found: Vec<Observation>,
}

/// The last `count` misses and false hits of each model: what was there to be learned was learned by then.
pub fn cases(world: &World, truths: &Truths, warnings: &Warnings, score: &Score, count: usize) -> Vec<Case> {
    let mut open = Vec::new();
    for model in ModelId::ALL {
        let mut missed: Vec<&Planted> = score.missed.iter().map(|index| &truths.all()[*index]).collect();
        missed.retain(|planted| planted.model == model);
        missed.sort_by_key(|planted| Reverse(planted.from));
        open.extend(missed.into_iter().take(count).map(miss));
        let mut false_hits: Vec<&Standing> = score.false_hits.iter().collect();
        false_hits.retain(|warning| warning.model == model);
        false_hits.sort_by_key(|warning| Reverse(warning.until));
        open.extend(false_hits.into_iter().take(count).map(false_hit));
    }
    observe(world, &mut open);
    open.into_iter().map(|open| close(open, truths, warnings)).collect()
}

fn miss(planted: &Planted) -> Open {
    let what = format!(
        "{} {} {} {}{}",
        plate_text(planted.plate),
        beijing(planted.from),
        planted.checkpoint.as_ref().map_or(planted.what.as_str(), |place| place.as_str()),
        planted.detail,
        if planted.is_observable { "" } else { " (not observable as planted)" }
    );
    let case = Case { model: planted.model.key(), is_miss: true, what, seen: Vec::new() };
    open(case, planted.plate, planted.sightings.clone(), planted.from, planted.until)
}

fn false_hit(warning: &Standing) -> Open {
    let what = format!(
        "{} read {} {} {} {}{}",
        plate_text(warning.plate()),
        warning.plate_text.as_deref().unwrap_or("-"),
        beijing(warning.until),
        warning.checkpoint.as_ref().map_or("", |place| place.as_str()),
        warning.summary,
        if warning.is_historical { " (historical)" } else { "" }
    );
    let case = Case { model: warning.model.key(), is_miss: false, what, seen: Vec::new() };
    open(case, warning.plate(), warning.sightings.clone(), warning.from, warning.until)
}

fn open(
    case: Case,
    plate: Option<Plate>,
    sightings: Vec<Sighting>,
    from: Timestamp,
    until: Timestamp,
) -> Open {
    let from = from.max(until.plus_ms(-SPAN_MAX_MS)).plus_ms(-AROUND_MS);
    Open { case, plate, sightings, from, until: until.plus_ms(AROUND_MS), found: Vec::new() }
}

/// Makes each hour in which something of a case may have come, once for all cases.
fn observe(world: &World, open: &mut [Open]) {
    let (first, end) = (world.begin(), world.end());
    let mut hours: BTreeSet<i64> = BTreeSet::new();
    for case in &*open {
        let to = case.until.plus_ms(LATE_MS).min(end);
        let of = |at: Timestamp| at.unix_ms().div_euclid(HOUR_MS);
        hours.extend(of(case.from.max(first))..=of(to));
    }
    for hour in hours {
        for observation in world.received(hour * HOUR_MS, (hour + 1) * HOUR_MS) {
            for case in &mut *open {
                if (case.from..=case.until).contains(&observation.captured_at) && is_of(&observation, case) {
                    case.found.push(observation.clone());
                }
            }
        }
    }
}

fn close(mut open: Open, truths: &Truths, warnings: &Warnings) -> Case {
    open.found.sort_by_key(|observation| (observation.captured_at, observation.received_at));
    let mut seen: Vec<String> = open.found.iter().take(LINES_MAX).map(line).collect();
    if open.found.len() > LINES_MAX {
        seen.push(format!("… and {} more", open.found.len() - LINES_MAX));
    }
    let is_near = |from: Timestamp, until: Timestamp| until >= open.from && from <= open.until;
    let planted = truths.all().iter().filter(|planted| {
        open.plate.is_some() && planted.plate == open.plate && is_near(planted.from, planted.until)
    });
    seen.extend(planted.take(4).map(|planted| {
        format!(
            "planted: {} {} to {} {}",
            planted.model.key(),
            beijing(planted.from),
            beijing(planted.until),
            planted.detail
        )
    }));
    let warned = warnings.iter().filter(|warning| {
        open.plate.is_some() && warning.plate() == open.plate && is_near(warning.from, warning.until)
    });
    seen.extend(warned.take(4).map(|warning| {
        format!("warned: {} {} {}", warning.model.key(), beijing(warning.until), warning.summary)
    }));
    Case { seen, ..open.case }
}

fn is_of(observation: &Observation, case: &Open) -> bool {
    let Some(plate) = case.plate else {
        return match &observation.fact {
            Fact::Passage(passage) if passage.plate.is_none() => case.sightings.iter().any(|(place, at)| {
                *place == passage.checkpoint
                    && at.ms_since(observation.captured_at).abs() < CLOCK_TOLERANCE_MS
            }),
            _ => false,
        };
    };
    match &observation.fact {
        Fact::Passage(passage) => differences(&passage.plate_text, plate) <= 1,
        Fact::Position(position) => position.vehicle.is_some_and(|vehicle| vehicle.plate == plate),
        Fact::Alarm(alarm) => alarm.vehicle.is_some_and(|vehicle| vehicle.plate == plate),
    }
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

fn plate_text(plate: Option<Plate>) -> String {
    plate.map_or_else(|| "no number".into(), |plate| plate.to_string())
}

/// Day and time in Beijing, to the second.
fn beijing(at: Timestamp) -> String {
    let day = at.beijing_day();
    let seconds = at.ms_since(day.start()) / 1_000;
    format!("{day} {:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}
