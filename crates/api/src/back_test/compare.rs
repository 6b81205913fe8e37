//! What a back-test found beside what was raised: the same warnings, new ones, missing ones, and the figures of it.

use super::work::Ran;
use super::{BackTestCount, BackTestDay, BackTestSummary, BackTestVerdict};
use crate::app::App;
use crate::wire::instant;
use domain::time::{HOUR_MS, MINUTE_MS};
use domain::{Detail, ModelId, RuleId, Timestamp, Verdict, Warning, WarningId};
use records::{
    FoundOutcome, FoundWarning, Sort, StoreError, WarningField, WarningFilter, WarningState, Window,
};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Warnings about one subject that lie so near are taken for the same one when their identity differs, as it does between
/// two versions of a rule.
const NEAR_MS: i64 = 10 * MINUTE_MS;
/// Places and vehicles in the figures.
const TOP: usize = 20;
/// Warnings read at a time.
const READ_ROWS: u64 = 500;

/// A warning that was raised, and what officers said of it.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) warning: Warning,
    pub(super) verdict: Option<Verdict>,
}

/// The warnings of a model or rule that were raised in a period and stand.
pub(super) async fn live(
    app: &App,
    model: ModelId,
    rule: Option<&RuleId>,
    period: &Range<Timestamp>,
) -> Result<Vec<Live>, StoreError> {
    let filter = WarningFilter {
        model: Some(model),
        since: Some(period.start),
        until: Some(period.end),
        ..WarningFilter::default()
    };
    let mut live = Vec::new();
    // A draft that was never in force has raised nothing.
    if model == ModelId::Rule && rule.is_none() {
        return Ok(live);
    }
    let mut offset = 0;
    loop {
        let window = Window { offset, limit: READ_ROWS };
        let page = app.records.warnings(&filter, Sort::ascending(WarningField::OccurredAt), window).await?;
        if page.items.is_empty() {
            return Ok(live);
        }
        offset += page.items.len() as u64;
        for record in page.items {
            let is_of_rule = match (&record.warning.detail, rule) {
                (Detail::Rule { rule: of, .. }, Some(rule)) => of == rule,
                _ => true,
            };
            if record.state != WarningState::Withdrawn && is_of_rule {
                let verdict = record.verdict.map(|verdict| verdict.verdict);
                live.push(Live { warning: record.warning, verdict });
            }
        }
    }
}

/// Whom a warning is about, as far as it is known.
fn subject_of(warning: &Warning) -> String {
    let subject = &warning.subject;
    let vehicle = subject.vehicle.map(|key| format!("{}/{}", key.plate, key.class));
    let device = || subject.device.as_ref().map(ToString::to_string);
    vehicle
        .or_else(device)
        .or_else(|| subject.plate_text.as_ref().map(ToString::to_string))
        .unwrap_or_default()
}

/// For each of what was found, the place in `live` of the one that it is; each is given once.
fn matched(found: &[Warning], live: &[Live]) -> Vec<Option<usize>> {
    let by_id: BTreeMap<WarningId, usize> =
        live.iter().enumerate().map(|(index, live)| (live.warning.id, index)).collect();
    let mut taken: Vec<Option<usize>> = found.iter().map(|warning| by_id.get(&warning.id).copied()).collect();
    let given: BTreeSet<usize> = taken.iter().flatten().copied().collect();
    let mut free: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, one) in live.iter().enumerate().filter(|(index, _)| !given.contains(index)) {
        free.entry(subject_of(&one.warning)).or_default().push(index);
    }
    for (warning, place) in found.iter().zip(&mut taken).filter(|(_, place)| place.is_none()) {
        let Some(near) = free.get_mut(&subject_of(warning)) else { continue };
        let distance = |index: usize| {
            live.get(index)
                .map_or(i64::MAX, |live| live.warning.occurred_at.ms_since(warning.occurred_at).abs())
        };
        let nearest = near.iter().enumerate().min_by_key(|(_, index)| distance(**index));
        if let Some((at, index)) = nearest.map(|(at, index)| (at, *index))
            && distance(index) <= NEAR_MS
        {
            near.swap_remove(at);
            *place = Some(index);
        }
    }
    taken
}

fn row(warning: &Warning, outcome: FoundOutcome, verdict: Option<Verdict>) -> FoundWarning {
    FoundWarning {
        warning: warning.id,
        outcome,
        verdict,
        plate_text: warning.subject.plate_text.clone().unwrap_or_default(),
        vehicle: warning.subject.vehicle,
        device: warning.subject.device.as_ref().map(|device| device.0.clone()),
        checkpoint: warning.checkpoint.clone(),
        level: warning.level,
        occurred_at: warning.occurred_at,
        is_historical: warning.is_historical,
    }
}

fn top(counts: BTreeMap<String, u64>) -> Vec<BackTestCount> {
    let mut counts: Vec<_> = counts.into_iter().map(|(key, count)| BackTestCount { key, count }).collect();
    counts.sort_by_key(|one| std::cmp::Reverse(one.count));
    counts.truncate(TOP);
    counts
}

/// Each warning with how it compares, by time, and the figures.
pub(super) fn compare(
    ran: &Ran,
    live: &[Live],
    period: &Range<Timestamp>,
) -> (Vec<FoundWarning>, BackTestSummary) {
    let matched = matched(&ran.warnings, live);
    let given: BTreeSet<usize> = matched.iter().flatten().copied().collect();
    let mut rows = Vec::with_capacity(ran.warnings.len() + live.len() - given.len());
    for (warning, place) in ran.warnings.iter().zip(&matched) {
        let of_live = place.and_then(|index| live.get(index));
        let outcome = if of_live.is_some() { FoundOutcome::Both } else { FoundOutcome::New };
        let mut row = row(warning, outcome, of_live.and_then(|live| live.verdict));
        // The one that can be opened.
        row.warning = of_live.map_or(warning.id, |live| live.warning.id);
        rows.push(row);
    }
    let missing = live.iter().enumerate().filter(|(index, _)| !given.contains(index));
    rows.extend(missing.map(|(_, live)| row(&live.warning, FoundOutcome::Missing, live.verdict)));
    rows.sort_by_key(|row| (row.occurred_at, row.warning));

    let mut summary = figures(ran, live, period);
    let count = |outcome| rows.iter().filter(|row| row.outcome == outcome).count() as u64;
    summary.both = count(FoundOutcome::Both);
    summary.new = count(FoundOutcome::New);
    summary.missing = count(FoundOutcome::Missing);
    summary.verdicts = verdicts(live, &given);
    (rows, summary)
}

fn verdicts(live: &[Live], given: &BTreeSet<usize>) -> Vec<BackTestVerdict> {
    let said = |verdict: Verdict| {
        let of: Vec<usize> = live
            .iter()
            .enumerate()
            .filter(|(_, live)| live.verdict == Some(verdict))
            .map(|(i, _)| i)
            .collect();
        let found = of.iter().filter(|index| given.contains(index)).count() as u64;
        BackTestVerdict { verdict: verdict.key().to_owned(), live: of.len() as u64, found }
    };
    Verdict::ALL.into_iter().map(said).filter(|count| count.live > 0).collect()
}

fn figures(ran: &Ran, live: &[Live], period: &Range<Timestamp>) -> BackTestSummary {
    let mut days: BTreeMap<_, BackTestDay> = BTreeMap::new();
    let last = period.end.plus_ms(-1).beijing_day();
    let mut day = period.start.beijing_day();
    while day <= last {
        days.insert(day, BackTestDay { day: day.to_string(), ..BackTestDay::default() });
        day = domain::CivilDay(day.0 + 1);
    }
    let mut hours = vec![0u64; 24];
    let mut levels = BTreeMap::new();
    let (mut checkpoints, mut vehicles) = (BTreeMap::new(), BTreeMap::new());
    let mut subjects = BTreeSet::new();
    for warning in &ran.warnings {
        if let Some(day) = days.get_mut(&warning.occurred_at.beijing_day()) {
            day.found += 1;
        }
        let hour =
            usize::try_from(i64::from(warning.occurred_at.beijing_minute_of_day()) * MINUTE_MS / HOUR_MS);
        if let Some(count) = hour.ok().and_then(|hour| hours.get_mut(hour)) {
            *count += 1;
        }
        *levels.entry(warning.level.key().to_owned()).or_default() += 1;
        if let Some(checkpoint) = &warning.checkpoint {
            *checkpoints.entry(checkpoint.to_string()).or_default() += 1;
        }
        if let Some(key) = warning.subject.vehicle {
            *vehicles.entry(key.plate.to_string()).or_default() += 1;
        }
        subjects.insert(subject_of(warning));
    }
    for live in live {
        if let Some(day) = days.get_mut(&live.warning.occurred_at.beijing_day()) {
            day.live += 1;
        }
    }
    BackTestSummary {
        found: ran.warnings.len() as u64,
        subjects: subjects.len() as u64,
        withdrawn: ran.withdrawn,
        live: live.len() as u64,
        observations: ran.observations,
        took_ms: ran.took.as_millis() as u64,
        is_cut_off: ran.is_cut_off,
        damaged_segments: ran.damaged_segments.clone(),
        complete_from: ran.complete_from.map(instant),
        days: days.into_values().collect(),
        hours,
        checkpoints: top(checkpoints),
        vehicles: top(vehicles),
        levels,
        ..BackTestSummary::default()
    }
}
