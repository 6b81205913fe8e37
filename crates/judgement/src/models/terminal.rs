//! Vehicles and their terminals: seen on the road while the terminal is silent (终端失联), or while it reports another
//! place (车与终端位置不符).
//!
//! A sighting is compared with the positions around it when all that come in time must have come: a deadline. Late
//! positions judge it anew. What a terminal reported while its network was cut comes afterwards, so nobody is silent
//! before the silence has lasted longer than a cut: at once where it began long ago, else at a second deadline. One
//! sighting may be another vehicle misread, so it takes several. One warning per vehicle, model and Beijing day.

use super::drive::{Drive, Drives};
use super::{Context, Turn};
use crate::deadlines::{Deadlines, is_due};
use crate::held::Names;
use crate::keyed::Keyed;
use crate::lane::{Lane, Lanes};
use crate::parameters::{Model, ModelParameters, TerminalElsewhereParameters, TerminalSilentParameters};
use crate::settle::{Finding, Standing, vehicle_bytes};
use crate::track::{Track, Visit};
use domain::time::{HOUR_MS, MINUTE_MS};
use domain::warning::{Detail, Subject, Warning};
use domain::{CheckpointId, CivilDay, Level, ModelId, Timestamp, VehicleKey, Wgs84};

/// Sightings at one place so far apart are two trips.
const TRIP_APART_MS: i64 = HOUR_MS;
/// 1 km/h in m/ms.
const M_PER_MS_AT_1_KMH: f64 = 1.0 / 3_600.0;

/// The sightings that wait for their deadline.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terminals {
    pub(crate) deadlines: Deadlines<(VehicleKey, CivilDay)>,
}

impl Terminals {
    /// A visit came to the track of a vehicle: with a terminal, its day is judged when its positions are due.
    pub(crate) fn expect(
        &mut self,
        turn: &Turn,
        tracks: &mut Keyed<VehicleKey, Track>,
        drives: &Drives,
        context: &mut Context<'_>,
    ) {
        if context.reference.terminals_of(turn.vehicle).is_empty() {
            return;
        }
        let (day, due_at) = (turn.changed_at.beijing_day(), due_at(turn.changed_at, context.models));
        if !is_due(due_at, context.clock) {
            self.deadlines.arm(due_at, (turn.vehicle, day));
        } else if let Some(track) = tracks.get_mut(&turn.vehicle) {
            self.judge(track, drives.drives.get(&turn.vehicle), turn.vehicle, day, context);
        }
    }

    pub(crate) fn armed_count(&self) -> usize {
        self.deadlines.armed_count()
    }

    /// Judges the days that are due.
    pub(crate) fn fire(lanes: &mut Lanes, context: &mut Context<'_>) {
        while let Some(mut due) = lanes.take_due(context.clock, |lane| &mut lane.terminals.deadlines) {
            due.dedup();
            for ((vehicle, day), lane) in due {
                let Lane { tracks, drives, terminals, .. } = &mut lanes.all_mut()[lane];
                if let Some(track) = tracks.get_mut(&vehicle) {
                    terminals.judge(track, drives.drives.get(&vehicle), vehicle, day, context);
                }
            }
        }
    }

    /// Arms what a snapshot does not hold: a visit that was remembered and is not due yet.
    pub(crate) fn expect_again(
        &mut self,
        vehicle: VehicleKey,
        track: &Track,
        drive: Option<&Drive>,
        models: &ModelParameters,
        clock: Timestamp,
    ) {
        for visit in track.visits() {
            let deadlines = [due_at(visit.at, models), silent_from(visit.at, drive, models)];
            if let Some(next) = deadlines.into_iter().find(|deadline| !is_due(*deadline, clock)) {
                self.deadlines.arm(next, (vehicle, visit.at.beijing_day()));
            }
        }
    }

    /// A position came late: the sightings that it can concern are judged anew if they were judged before.
    pub(crate) fn position_came(
        &mut self,
        tracks: &mut Keyed<VehicleKey, Track>,
        drives: &Drives,
        vehicle: VehicleKey,
        at: Timestamp,
        context: &mut Context<'_>,
    ) {
        let parked_ms = context.models.terminal_elsewhere.parameters.parked_gap_minutes.value * MINUTE_MS;
        let reach_ms = reach_ms(context.models).max(parked_ms);
        let is_early = !is_due(due_at(at.plus_ms(-reach_ms), context.models), context.clock);
        if is_early || context.reference.terminals_of(vehicle).is_empty() {
            return;
        }
        let Some(track) = tracks.get_mut(&vehicle) else { return };
        // Of the sightings in a silence that it began it says since when they are silent.
        let silence_ms = reach_ms.max(cut_ms(context.models));
        let around = track.range(at.plus_ms(-reach_ms), at.plus_ms(silence_ms));
        let mut days: Vec<CivilDay> =
            track.visits()[around].iter().map(|visit| visit.at.beijing_day()).collect();
        // A warning of that day may name it as the last report before the silence.
        let day = at.beijing_day();
        let is_named_by =
            |warning: &Standing| warning.model == ModelId::TerminalSilent && warning.anchor == day.start();
        if track.standing().iter().any(is_named_by) {
            days.push(day);
        }
        days.sort_unstable();
        days.dedup();
        for day in days {
            self.judge(track, drives.drives.get(&vehicle), vehicle, day, context);
        }
    }

    /// Judges one day of one vehicle; what may be a silence and has not lasted long enough is judged again when it has.
    fn judge(
        &mut self,
        track: &mut Track,
        drive: Option<&Drive>,
        vehicle: VehicleKey,
        day: CivilDay,
        context: &mut Context<'_>,
    ) {
        let (from, to) = (day.start(), CivilDay(day.0 + 1).start().plus_ms(-1));
        let visits = &track.visits()[track.range(from, to)];
        let sure_min = context.tuned.everywhere().reading.sure_min_permille.value;
        let sure: Vec<&Visit> = visits
            .iter()
            .filter(|visit| {
                i64::from(visit.permille) >= sure_min
                    && !visit.look().is_plate_other
                    && !visit.look().is_type_other
                    && is_due(due_at(visit.at, context.models), context.clock)
            })
            .collect();
        let seen = Seen { track, sure, drive, vehicle, day };
        let mut found = Vec::new();
        let (silent, elsewhere) = (&context.models.terminal_silent, &context.models.terminal_elsewhere);
        if silent.is_enabled {
            for visit in &seen.sure {
                let silent_from = silent_from(visit.at, drive, context.models);
                if !is_due(silent_from, context.clock) && is_silent(visit, drive, &silent.parameters) {
                    self.deadlines.arm(silent_from, (vehicle, day));
                }
            }
            found.extend(find_silent(&seen, silent, context));
        }
        if elsewhere.is_enabled {
            found.extend(find_elsewhere(&seen, elsewhere, context));
        }
        let is_in_scope = |warning: &Standing| {
            matches!(warning.model, ModelId::TerminalSilent | ModelId::TerminalElsewhere)
                && warning.anchor == from
        };
        track.settle(is_in_scope, found, context.out);
    }
}

/// How far around a sighting positions are looked for.
fn reach_ms(models: &ModelParameters) -> i64 {
    models
        .terminal_silent
        .parameters
        .around_minutes
        .value
        .max(models.terminal_elsewhere.parameters.around_minutes.value)
        * MINUTE_MS
}

/// When the positions around a sighting must have come.
fn due_at(seen_at: Timestamp, models: &ModelParameters) -> Timestamp {
    seen_at.plus_ms(reach_ms(models) + models.terminal_silent.parameters.patience_minutes.value * MINUTE_MS)
}

/// How long a silence may be a cut network.
fn cut_ms(models: &ModelParameters) -> i64 {
    models.terminal_silent.parameters.cut_max_minutes.value * MINUTE_MS
}

/// When a silence around a sighting is one: it has lasted longer than a network may be cut.
fn silent_from(seen_at: Timestamp, drive: Option<&Drive>, models: &ModelParameters) -> Timestamp {
    let heard_at = drive.and_then(|drive| drive.last_heard_before(seen_at));
    let outlasted_at = heard_at.map(|heard_at| heard_at.plus_ms(cut_ms(models)));
    outlasted_at.into_iter().fold(due_at(seen_at, models), Timestamp::max)
}

/// Whether nothing was reported around a sighting.
fn is_silent(visit: &Visit, drive: Option<&Drive>, p: &TerminalSilentParameters) -> bool {
    let around_ms = p.around_minutes.value * MINUTE_MS;
    drive.is_none_or(|drive| !drive.is_heard(visit.at.plus_ms(-around_ms), visit.at.plus_ms(around_ms)))
}

/// What was seen of a vehicle on one day.
struct Seen<'a> {
    track: &'a Track,
    /// The visits that are surely its own, and of which all positions must have come.
    sure: Vec<&'a Visit>,
    drive: Option<&'a Drive>,
    vehicle: VehicleKey,
    day: CivilDay,
}

/// The least run of sightings at different places, or on different trips, within the time that one trip may take.
fn first_cluster<'a>(suspect: &[&'a Visit], count_min: i64, within_hours: i64) -> Option<Vec<&'a Visit>> {
    let count_min = count_min.max(1) as usize;
    suspect.windows(count_min).find_map(|run| {
        let (first, last) = (run.first()?, run.last()?);
        let is_near = last.at.ms_since(first.at) <= within_hours * HOUR_MS;
        // At one place a vehicle is seen twice on one trip only when it turns: then it takes its time.
        let are_trips_other = run.windows(2).all(|pair| {
            pair[0].place() != pair[1].place() || pair[1].at.ms_since(pair[0].at) >= TRIP_APART_MS
        });
        (is_near && are_trips_other).then(|| run.to_vec())
    })
}

fn find_silent(
    seen: &Seen<'_>,
    model: &Model<TerminalSilentParameters>,
    context: &Context<'_>,
) -> Option<(Timestamp, Warning)> {
    let p = &model.parameters;
    let silent_from = |visit: &Visit| silent_from(visit.at, seen.drive, context.models);
    let is_suspect =
        |visit: &Visit| is_silent(visit, seen.drive, p) && is_due(silent_from(visit), context.clock);
    let suspect: Vec<&Visit> = seen.sure.iter().copied().filter(|visit| is_suspect(visit)).collect();
    let run = first_cluster(&suspect, p.sightings_min.value, p.within_hours.value)?;
    let seen_at = run.last()?.at;
    let detail = Detail::TerminalSilent {
        seen_at,
        last_report_at: seen
            .drive
            .and_then(|drive| drive.last_heard_before(seen_at))
            .filter(|heard_at| *heard_at >= seen.day.start()),
        silent_minutes: (2 * p.around_minutes.value) as u32,
    };
    let known_at = run.iter().map(|visit| silent_from(visit)).max()?;
    Some(warning(ModelId::TerminalSilent, model, seen, &run, detail, (Level::Medium, known_at), context))
}

fn find_elsewhere(
    seen: &Seen<'_>,
    model: &Model<TerminalElsewhereParameters>,
    context: &Context<'_>,
) -> Option<(Timestamp, Warning)> {
    let (p, drive) = (&model.parameters, seen.drive?);
    let beyond_m = |visit: &Visit| {
        let here = location(visit, context.names, context)?;
        if let Some(parked) = drive.parked_at(visit.at, p.parked_gap_minutes.value * MINUTE_MS) {
            return Some(here.distance_m(parked) as i64).filter(|away_m| *away_m >= p.distance_min_m.value);
        }
        let (fix_at, fix) = drive.nearest_fix(visit.at, p.around_minutes.value * MINUTE_MS)?;
        let apart_ms = visit.at.ms_since(fix_at).abs() + i64::from(visit.uncertainty_ms);
        let driven_m = apart_ms as f64 * p.plausible_kmh.value as f64 * M_PER_MS_AT_1_KMH;
        Some((here.distance_m(fix) - driven_m) as i64).filter(|beyond_m| *beyond_m >= p.distance_min_m.value)
    };
    let suspect: Vec<&Visit> = seen.sure.iter().copied().filter(|visit| beyond_m(visit).is_some()).collect();
    let run = first_cluster(&suspect, p.sightings_min.value, p.within_hours.value)?;
    let last = run.last()?;
    let detail = Detail::TerminalElsewhere { seen_at: last.at, distance_m: beyond_m(last)? as u32 };
    let known_at = due_at(last.at, context.models);
    Some(warning(ModelId::TerminalElsewhere, model, seen, &run, detail, (Level::High, known_at), context))
}

fn location(visit: &Visit, names: &Names, context: &Context<'_>) -> Option<Wgs84> {
    context.reference.location_of(&CheckpointId(names.name(visit.place())))
}

#[expect(clippy::too_many_arguments, reason = "one place for what both models say alike")]
fn warning<P>(
    id: ModelId,
    model: &Model<P>,
    seen: &Seen<'_>,
    run: &[&Visit],
    detail: Detail,
    (level, known_at): (Level, Timestamp),
    context: &Context<'_>,
) -> (Timestamp, Warning) {
    let evidence: Vec<_> = run.iter().map(|visit| seen.track.observation(visit, context.names)).collect();
    let occurred_at = run.last().map(|visit| visit.at);
    let finding = Finding {
        model: id,
        version: model.version,
        identity: &[&vehicle_bytes(seen.vehicle), &seen.day.0.to_le_bytes()],
        subject: Subject { vehicle: Some(seen.vehicle), plate_text: None, device: None },
        level: model.level.unwrap_or(level),
        actionable_seconds: model.actionable_seconds,
        detail,
        occurred_at,
        evidence,
    };
    let mut warning = finding.into_warning(context.reference);
    // It could not be known before its deadline.
    warning.raised_at = warning.raised_at.max(known_at);
    warning.is_historical = warning.raised_at > warning.actionable_until;
    (seen.day.start(), warning)
}
