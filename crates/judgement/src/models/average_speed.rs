//! Average speed over a section (区间测速, GA/T 959-2011).
//!
//! Each passage at a section's end is paired with the latest passage at its start that leaves a possible speed, unless
//! the vehicle was seen at the end in between: one warning per drive through. A late passage can only change the pairs
//! of ends within the longest drive after it, and only those are judged again.

use super::{Context, Turn};
use crate::parameters::{AverageSpeedParameters, Step};
use crate::reference::File;
use crate::settle::{Finding, Standing, vehicle_bytes};
use crate::track::{Track, Visit};
use domain::observation::Fact;
use domain::time::{MINUTE_MS, SECOND_MS};
use domain::warning::{Detail, Subject, Warning};
use domain::{Level, ModelId, Section, VehicleKey};

/// 1 m/ms is 36,000 times 0.1 km/h.
const DKMH_PER_M_PER_MS: i64 = 36_000;

/// Judges the ends that a visit can concern, and says what changed.
pub(crate) fn judge(track: &mut Track, turn: &Turn, context: &mut Context<'_>) {
    let longest_minutes = context.tuned.everywhere().average_speed.parameters.elapsed_max_minutes.value;
    let (from, to) = (turn.changed_at, turn.changed_at.plus_ms(longest_minutes * MINUTE_MS));
    let mut found = Vec::new();
    let visits = track.visits();
    for index in track.range(from, to) {
        let end = &visits[index];
        let Some(role) = context.reference.role(end.place()) else { continue };
        for (section, start_place) in &role.ends {
            let Some(section) = context.reference.section(section) else { continue };
            let start = start_of(&visits[..index], end, *start_place, section, context);
            let warning = start.and_then(|start| judge_drive(track, turn, section, start, end, context));
            found.extend(warning.map(|warning| (end.at, warning)));
        }
    }
    let is_in_scope =
        |warning: &Standing| warning.model == ModelId::AverageSpeed && (from..=to).contains(&warning.anchor);
    track.settle(is_in_scope, found, context.out);
}

/// The passage at the section's start that belongs to `end`, among those before it.
fn start_of<'a>(
    before: &'a [Visit],
    end: &Visit,
    start_place: u32,
    section: &Section,
    context: &Context<'_>,
) -> Option<&'a Visit> {
    let p: &AverageSpeedParameters = &context.tuned.everywhere().average_speed.parameters;
    let sure_min = context.tuned.everywhere().reading.sure_min_permille.value;
    if i64::from(end.permille) < sure_min {
        return None;
    }
    let possible_ms = i64::from(section.length_m) * DKMH_PER_M_PER_MS / (10 * p.plausible_max_kmh.value);
    let shortest_ms = possible_ms.max(p.elapsed_min_seconds.value * SECOND_MS);
    let longest_ms = p.elapsed_max_minutes.value * MINUTE_MS;
    for candidate in before.iter().rev().filter(|visit| i64::from(visit.permille) >= sure_min) {
        let elapsed_ms = end.at.ms_since(candidate.at);
        if elapsed_ms > longest_ms {
            break;
        }
        if candidate.place() == start_place && elapsed_ms >= shortest_ms {
            return Some(candidate);
        }
        if candidate.place() == end.place() {
            break;
        }
    }
    None
}

/// The warning about one drive through, when it was too fast.
fn judge_drive(
    track: &Track,
    turn: &Turn,
    section: &Section,
    start: &Visit,
    end: &Visit,
    context: &Context<'_>,
) -> Option<Warning> {
    let model = &context.models_at(end, turn.file.as_ref()).average_speed;
    if !model.is_enabled {
        return None;
    }
    let vehicle: VehicleKey = turn.vehicle;
    let elapsed_ms = end.at.ms_since(start.at);
    let way = i64::from(section.length_m) * DKMH_PER_M_PER_MS;
    let doubt_ms = i64::from(start.uncertainty_ms) + i64::from(end.uncertainty_ms);
    let certain_dkmh = way / (elapsed_ms + model.parameters.clock_difference_max_ms.value.max(doubt_ms));
    let level_over = |limit_kmh: u16| level(&model.parameters.steps.value, certain_dkmh, limit_kmh);
    // Most drives are slow: unpack only those too fast for the lower limit.
    level_over(section.limit_kmh.min(section.limit_large_kmh))?;
    let evidence = vec![track.observation(start, context.names), track.observation(end, context.names)];
    let passages = evidence.iter().rev().filter_map(|observation| match &observation.fact {
        Fact::Passage(passage) => Some(passage),
        _ => None,
    });
    let registered = turn.file.and_then(|file: File| file.vehicle_type);
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
            &start.id().0.to_le_bytes(),
            &end.id().0.to_le_bytes(),
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
        occurred_at: Some(end.at),
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
