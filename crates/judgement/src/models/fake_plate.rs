//! Fake plates (假牌嫌疑): a number that the register would know if there were such a vehicle, read alike again and again.
//!
//! Misreads of registered vehicles are taken for what they are before this model sees them (`reading.rs`), so what is
//! left is a number that nobody was given, or two symbols misread at once: that happens once, but hardly ever twice alike.
//! Sightings of one window count when they look alike, and only from several places on: one camera can be wrong about
//! one vehicle time and again. One warning per vehicle and window, said again when its sightings have doubled.

use super::{Context, Turn, plate_text, window_of};
use crate::held::Names;
use crate::reading::Known;
use crate::reference::known_body_color;
use crate::settle::{Finding, Standing, vehicle_bytes};
use crate::track::{Track, Visit};
use domain::observation::{Fact, Observation};
use domain::warning::{Detail, Subject, Warning};
use domain::{ModelId, Timestamp, VehicleType};
use std::collections::{BTreeMap, BTreeSet};

/// Judges the window in which a visit lies.
pub(crate) fn judge(track: &mut Track, turn: &Turn, context: &mut Context<'_>) {
    if turn.known != Known::Missing {
        return;
    }
    let p = &context.tuned.everywhere().fake_plate.parameters;
    let (from, to) = window_of(turn.changed_at, p.window_hours.value);
    let fit: Vec<&Visit> = track.visits()[track.range(from, to)]
        .iter()
        .filter(|visit| visit.is_as_read() && i64::from(visit.permille) >= p.read_min_permille.value)
        .collect();
    let is_number_of_nobody = || {
        let mut is_nobodys = true;
        // Of another class: the class was seen wrong, or not at all.
        context.reference.for_each_same(context.table, turn.vehicle.plate, |file| {
            is_nobodys &= file.key.plate != turn.vehicle.plate;
        });
        is_nobodys
    };
    let warning = (fit.len() as i64 >= p.sightings_min.value && is_number_of_nobody())
        .then(|| warning(track, &fit, turn, from, context))
        .flatten();
    let is_in_scope = |standing: &Standing| standing.model == ModelId::FakePlate && standing.anchor == from;
    track.settle(is_in_scope, warning.map(|one| (from, one)).into_iter().collect(), context.out);
}

/// How a vehicle looks to a camera: family of its type, whether it is large, body colour; as far as known.
type Seen = (Option<(char, bool)>, Option<char>);

fn seen(track: &Track, visit: &Visit, names: &Names) -> (Seen, Observation) {
    let observation = track.observation(visit, names);
    let (mut kind, mut color): (Option<VehicleType>, Option<char>) = (None, None);
    if let Fact::Passage(passage) = &observation.fact {
        (kind, color) = (passage.vehicle_type, known_body_color(passage.body_color));
    }
    ((kind.map(|kind| (kind.family(), kind.is_large())), color), observation)
}

fn warning(
    track: &Track,
    fit: &[&Visit],
    turn: &Turn,
    from: Timestamp,
    context: &Context<'_>,
) -> Option<Warning> {
    let p = &context.tuned.everywhere().fake_plate.parameters;
    let all: Vec<(Seen, Observation)> = fit.iter().map(|visit| seen(track, visit, context.names)).collect();
    // The look that first shows often enough at enough places, and the sighting that completed it.
    let mut groups: BTreeMap<Seen, (i64, BTreeSet<u32>)> = BTreeMap::new();
    let (look, completed) = all.iter().zip(fit).enumerate().find_map(|(index, ((look, _), visit))| {
        let (count, places) = groups.entry(*look).or_default();
        *count += 1;
        places.insert(visit.place());
        let is_enough = *count >= p.sightings_min.value && places.len() as i64 >= p.places_min.value;
        is_enough.then_some((*look, index))
    })?;
    // What came after is said when it has doubled the count, so that not every passage says it again.
    let alike: Vec<usize> = (0..all.len()).filter(|index| all[*index].0 == look).collect();
    let counted = 1_usize << alike.len().ilog2();
    let last = completed.max(alike[counted - 1]);
    let told: Vec<usize> = alike.into_iter().filter(|index| *index <= last).collect();
    let model = &context.models_at(fit[last], turn.file.as_ref()).fake_plate;
    let places: BTreeSet<u32> = told.iter().map(|index| fit[*index].place()).collect();
    let evidence: Vec<Observation> = told.iter().map(|index| all[*index].1.clone()).collect();
    model.is_enabled.then(|| {
        Finding {
            model: ModelId::FakePlate,
            version: model.version,
            identity: &[&vehicle_bytes(turn.vehicle), &from.unix_ms().to_le_bytes()],
            subject: Subject {
                vehicle: Some(turn.vehicle),
                plate_text: evidence.last().and_then(plate_text),
                device: None,
            },
            level: model.level.unwrap_or(domain::Level::High),
            actionable_seconds: model.actionable_seconds,
            detail: Detail::FakePlate {
                plate: turn.vehicle.plate,
                sighting_count: told.len() as u32,
                place_count: places.len() as u32,
                first_at: fit[told[0]].at,
            },
            occurred_at: Some(fit[last].at),
            evidence,
        }
        .into_warning(context.reference)
    })
}
