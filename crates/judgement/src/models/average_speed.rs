//! Average speed over a section (区间测速, GA/T 959-2011).
//!
//! Each passage at a section's end is paired with the latest passage at its start that leaves a possible speed, unless
//! the vehicle was seen at the end in between: one warning per drive through. A late passage can only change the pairs
//! of ends within the longest drive after it, and only those are judged again.

use super::Context;
use crate::held::{Held, Inserted, insert};
use crate::keyed::{Aging, Keyed};
use crate::parameters::{AverageSpeedParameters, ModelParameters, Step};
use crate::settle::{Finding, Standing, settle, vehicle_bytes};
use domain::observation::{Fact, Observation, Passage};
use domain::time::{MINUTE_MS, SECOND_MS};
use domain::warning::{Detail, Subject, Warning};
use domain::{Level, ModelId, Section, Timestamp, VehicleKey};
use serde::{Deserialize, Serialize};

/// Most passages kept of one vehicle; with a camera every minute this is a day. A plate that is read more often is a
/// fault, and its further passages are counted and not judged.
const PASSAGES_MAX: usize = 1_440;
/// 1 m/ms is 36,000 times 0.1 km/h.
const DKMH_PER_M_PER_MS: i64 = 36_000;

/// The passages of one vehicle at the ends of sections, by capture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Journey {
    timeline: Vec<Held>,
    standing: Vec<Standing>,
}

impl Aging for Journey {
    fn oldest_at(&self) -> Option<Timestamp> {
        self.timeline.first().map(|held| held.captured_at)
    }

    fn forget_before(&mut self, cutoff: Timestamp, _: &ModelParameters) {
        self.timeline.drain(..self.timeline.partition_point(|held| held.captured_at < cutoff));
        self.standing.retain(|warning| warning.anchor >= cutoff);
    }

    fn size(&self) -> usize {
        self.timeline.len()
    }
}

/// The model with what it remembers.
#[derive(Clone, Debug)]
pub(crate) struct AverageSpeed {
    pub(crate) journeys: Keyed<VehicleKey, Journey>,
}

impl AverageSpeed {
    pub(crate) fn observe(
        &mut self,
        observation: &Observation,
        passage: &Passage,
        context: &mut Context<'_>,
    ) {
        let Some(read) = passage.vehicle().filter(|_| context.reference.has_role(&passage.checkpoint)) else {
            return;
        };
        let vehicle = context.reference.file_of(passage).map_or(read, |file| file.key);
        let held = Held::pack(observation, context.names);
        let from = held.captured_at;
        let journey = self.journeys.state_mut(vehicle, from);
        if journey.timeline.len() >= PASSAGES_MAX {
            context.counts.over_bound += 1;
            return;
        }
        match insert(&mut journey.timeline, held) {
            Inserted::Duplicate => context.counts.duplicates += 1,
            Inserted::BetterCopy(_) => {
                context.counts.duplicates += 1;
                rejudge(journey, vehicle, from, context);
            }
            Inserted::New(_) => {
                rejudge(journey, vehicle, from, context);
                self.journeys.grown();
            }
        }
    }
}

/// Judges the ends that a passage at `from` can concern, and says what changed.
fn rejudge(journey: &mut Journey, vehicle: VehicleKey, from: Timestamp, context: &mut Context<'_>) {
    let parameters = &context.models.average_speed.parameters;
    let to = from.plus_ms(parameters.elapsed_max_minutes.value * MINUTE_MS);
    let first = journey.timeline.partition_point(|held| held.captured_at < from);
    let mut found = Vec::new();
    for (index, end) in journey.timeline.iter().enumerate().skip(first) {
        if end.captured_at > to {
            break;
        }
        let Some(role) = context.reference.role(end.place) else { continue };
        for (section, start_place) in &role.ends {
            let Some(section) = context.reference.section(section) else { continue };
            let start = start_of(&journey.timeline[..index], end, *start_place, section, parameters);
            if let Some(warning) = start.and_then(|start| judge(vehicle, section, start, end, context)) {
                found.push((end.captured_at, warning));
            }
        }
    }
    let is_in_scope = |warning: &Standing| (from..=to).contains(&warning.anchor);
    settle(&mut journey.standing, is_in_scope, found, context.out);
}

/// The passage at the section's start that belongs to `end`, among those before it.
fn start_of<'a>(
    before: &'a [Held],
    end: &Held,
    start_place: u32,
    section: &Section,
    p: &AverageSpeedParameters,
) -> Option<&'a Held> {
    let possible_ms = i64::from(section.length_m) * DKMH_PER_M_PER_MS / (10 * p.plausible_max_kmh.value);
    let shortest_ms = possible_ms.max(p.elapsed_min_seconds.value * SECOND_MS);
    let longest_ms = p.elapsed_max_minutes.value * MINUTE_MS;
    for candidate in before.iter().rev() {
        let elapsed_ms = end.captured_at.ms_since(candidate.captured_at);
        if elapsed_ms > longest_ms {
            break;
        }
        if candidate.place == start_place && elapsed_ms >= shortest_ms {
            return Some(candidate);
        }
        if candidate.place == end.place {
            break;
        }
    }
    None
}

/// The warning about one drive through, when it was too fast.
fn judge(
    vehicle: VehicleKey,
    section: &Section,
    start: &Held,
    end: &Held,
    context: &Context<'_>,
) -> Option<Warning> {
    let model = &context.models.average_speed;
    let elapsed_ms = end.captured_at.ms_since(start.captured_at);
    let way = i64::from(section.length_m) * DKMH_PER_M_PER_MS;
    let certain_dkmh = way / (elapsed_ms + model.parameters.clock_difference_max_ms.value);
    let level_over = |limit_kmh: u16| level(&model.parameters.steps.value, certain_dkmh, limit_kmh);
    // Most drives are slow: unpack only those too fast for the lower limit.
    level_over(section.limit_kmh.min(section.limit_large_kmh))?;
    let evidence = vec![start.unpack(context.names), end.unpack(context.names)];
    let passages = evidence.iter().rev().filter_map(|observation| match &observation.fact {
        Fact::Passage(passage) => Some(passage),
        _ => None,
    });
    let registered = passages.clone().find_map(|passage| context.reference.file_of(passage)?.vehicle_type);
    let vehicle_type = registered.or_else(|| passages.clone().find_map(|passage| passage.vehicle_type));
    let is_large = vehicle_type.is_some_and(domain::VehicleType::is_large);
    let limit_kmh = if is_large { section.limit_large_kmh } else { section.limit_kmh };
    let level = level_over(limit_kmh)?;
    let plate_text = passages.clone().next().map(|passage| passage.plate_text.clone());
    let warning = Finding {
        model: ModelId::AverageSpeed,
        version: model.version,
        identity: &[
            &vehicle_bytes(vehicle),
            section.id.as_str().as_bytes(),
            &start.id.0.to_le_bytes(),
            &end.id.0.to_le_bytes(),
        ],
        subject: Subject { vehicle: Some(vehicle), plate_text, device: None },
        level,
        actionable_seconds: model.actionable_seconds,
        detail: Detail::AverageSpeed {
            section: section.id.clone(),
            length_m: section.length_m,
            elapsed_ms,
            speed_dkmh: (way / elapsed_ms) as u32,
            limit_kmh,
        },
        evidence,
    };
    Some(warning.into_warning(context.reference))
}

/// The level of a speed against a limit; `None` below the first step.
fn level(steps: &[Step], speed_dkmh: i64, limit_kmh: u16) -> Option<Level> {
    steps
        .iter()
        .rev()
        .find(|step| speed_dkmh * 10 >= i64::from(limit_kmh) * i64::from(100 + step.over_percent))
        .map(|step| step.level)
}
