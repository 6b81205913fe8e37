//! Driving without rest as checkpoints show it (卡口推算疲劳驾驶), for vehicles of which no positions come.
//!
//! Two passages of a vehicle leave no room for a rest when the time between them is less than the shortest time of that
//! way and a rest together. A chain of such passages is one drive; where a rest can't be excluded, it counts as one. One
//! warning per drive, renewed as it goes on.

use super::{Context, Turn};
use crate::parameters::PassageFatigueParameters;
use crate::settle::{Finding, Standing, vehicle_bytes};
use crate::track::{Track, Visit};
use domain::time::{BEIJING_OFFSET_MS, DAY_MS, HOUR_MS, MINUTE_MS};
use domain::warning::{Detail, Subject, Warning};
use domain::{CheckpointId, KeyClass, Level, ModelId, PlateColor, Timestamp, VehicleType};

/// 1 km/h is 1 m in 3,600 ms.
const MS_PER_M_AT_1_KMH: f64 = 3_600.0;

/// Judges the drives that a visit can concern, and says what changed.
pub(crate) fn judge(track: &mut Track, turn: &Turn, context: &mut Context<'_>) {
    let model = &context.models.passage_fatigue;
    let p = &model.parameters;
    let file = turn.file.as_ref();
    let is_coach = file.is_some_and(|file| file.key_class.is_some_and(KeyClass::is_coach));
    // Of a stranger the ground colour tells: yellow is for large vehicles (GA 36-2018).
    let has_large_plate = matches!(turn.vehicle.class.color(), PlateColor::Yellow | PlateColor::YellowGreen);
    let is_large = match file {
        Some(file) => file.vehicle_type.is_some_and(VehicleType::is_large),
        None => has_large_plate,
    };
    // Of whom positions come, these tell more.
    let has_terminal = !context.reference.terminals_of(turn.vehicle).is_empty();
    let is_concerned = is_coach || is_large && p.is_large_judged.value;
    if !is_concerned || has_terminal || !model.is_enabled {
        return;
    }
    let visits = track.visits();
    let sure_min = context.tuned.everywhere().reading.sure_min_permille.value;
    let is_sure = |index: &usize| i64::from(visits[*index].permille) >= sure_min;
    let sure: Vec<usize> = (0..visits.len()).filter(is_sure).collect();
    // Where a visit was taken away, those beside it are judged.
    let place = sure.partition_point(|index| visits[*index].at <= turn.changed_at).saturating_sub(1);
    if sure.is_empty() {
        track.settle(|warning| warning.model == ModelId::PassageFatigue, Vec::new(), context.out);
        return;
    }
    let goes_on = |index: usize| !may_have_rested(&visits[sure[index]], &visits[sure[index + 1]], p, context);
    // The drives that end before the visit, hold it, and begin behind it: it may join or part them.
    let begin = |mut index: usize| {
        while index > 0 && goes_on(index - 1) {
            index -= 1;
        }
        index
    };
    let end = |mut index: usize| {
        while index + 1 < sure.len() && goes_on(index) {
            index += 1;
        }
        index
    };
    let (mut first, mut last) = (begin(place), end(place));
    if first > 0 {
        first = begin(first - 1);
    }
    if last + 1 < sure.len() {
        last = end(last + 1);
    }
    let mut found = Vec::new();
    let mut start = first;
    while start <= last {
        let until = end(start).min(last);
        found.extend(warning_of(track, &sure[start..=until], turn, is_coach, context));
        start = until + 1;
    }
    let (from, to) =
        (visits[sure[first]].at.min(turn.changed_at), visits[sure[last]].at.max(turn.changed_at));
    let is_in_scope = |warning: &Standing| {
        warning.model == ModelId::PassageFatigue && (from..=to).contains(&warning.anchor)
    };
    track.settle(is_in_scope, found, context.out);
}

fn may_have_rested(a: &Visit, b: &Visit, p: &PassageFatigueParameters, context: &Context<'_>) -> bool {
    let elapsed_ms = b.at.ms_since(a.at);
    let rest_ms = p.rest_minutes.value * MINUTE_MS;
    if elapsed_ms < rest_ms {
        return false;
    }
    let learned = context.reference.way(a.place(), b.place()).map(|way| way.shortest_ms);
    let driven_ms = learned.unwrap_or_else(|| {
        let location =
            |visit: &Visit| context.reference.location_of(&CheckpointId(context.names.name(visit.place())));
        let (Some(from), Some(to)) = (location(a), location(b)) else { return 0 };
        (from.distance_m(to) * MS_PER_M_AT_1_KMH / p.plausible_kmh.value as f64) as i64
    });
    elapsed_ms - driven_ms >= rest_ms
}

fn is_night(at: Timestamp, p: &PassageFatigueParameters) -> bool {
    let hour = (at.unix_ms() + BEIJING_OFFSET_MS).rem_euclid(DAY_MS) / HOUR_MS;
    hour >= p.night_from_hour.value || hour < p.night_to_hour.value
}

fn warning_of(
    track: &Track,
    drive: &[usize],
    turn: &Turn,
    is_coach: bool,
    context: &Context<'_>,
) -> Option<(Timestamp, Warning)> {
    let model = &context.models.passage_fatigue;
    let p = &model.parameters;
    let visits = track.visits();
    let first = &visits[*drive.first()?];
    // Of a coach's drive the night part has a limit of its own.
    let mut night_since: Option<Timestamp> = None;
    let mut reached: Option<(i64, usize, i64, i64, bool)> = None;
    for (place, index) in drive.iter().enumerate() {
        let visit = &visits[*index];
        night_since = is_night(visit.at, p).then(|| night_since.unwrap_or(visit.at));
        let driven = visit.at.ms_since(first.at) / MINUTE_MS;
        let at_night = night_since.map_or(0, |since| visit.at.ms_since(since) / MINUTE_MS);
        let by_night = is_coach && at_night > p.coach_night_limit_minutes.value;
        let (driven_minutes, limit_minutes) = if by_night {
            (at_night, p.coach_night_limit_minutes.value)
        } else {
            (driven, p.limit_minutes.value)
        };
        if driven_minutes <= limit_minutes {
            continue;
        }
        let renewals = (driven_minutes - limit_minutes - 1) / p.renewal_minutes.value;
        if reached.is_none_or(|(before, ..)| renewals > before) {
            reached = Some((renewals, place, driven_minutes, limit_minutes, by_night));
        }
    }
    let (_, last_place, driven_minutes, limit_minutes, is_night) = reached?;
    let evidence: Vec<_> =
        drive[..=last_place].iter().map(|index| track.observation(&visits[*index], context.names)).collect();
    let last = &visits[drive[last_place]];
    let finding = Finding {
        model: ModelId::PassageFatigue,
        version: model.version,
        identity: &[&vehicle_bytes(turn.vehicle), &first.id().0.to_le_bytes()],
        subject: Subject { vehicle: Some(turn.vehicle), plate_text: None, device: None },
        level: model.level.unwrap_or(Level::Medium),
        actionable_seconds: model.actionable_seconds,
        detail: Detail::PassageFatigue {
            started_at: first.at,
            driven_minutes: driven_minutes as u32,
            limit_minutes: limit_minutes as u32,
            is_night,
        },
        occurred_at: Some(last.at),
        evidence,
    };
    Some((first.at, finding.into_warning(context.reference)))
}
