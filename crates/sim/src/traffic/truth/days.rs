//! What the day of a vehicle shows to the cameras: clones, invented numbers, hidden plates, bans, driving without rest, stands
//! in a section, minivans by night.

use super::{Maker, bounds};
use crate::county::areas;
use crate::county::guises::Guise;
use crate::county::vehicles::Kind;
use crate::noise;
use crate::traffic::Passage;
use crate::traffic::offence::{Offence, is_about};
use domain::time::{HOUR_MS, MINUTE_MS};
use domain::{CivilDay, ModelId, Theatre};
use std::collections::BTreeMap;

/// A number that nobody was given is planted when it is read so often.
const FAKE_SIGHTINGS: usize = 4;
/// A hidden plate is planted when it passes so often.
const HIDDEN_SIGHTINGS: usize = 3;
/// Two passages of one number are of two vehicles when the second comes in less than this share of the shortest time.
const IMPOSSIBLE_SHARE: f64 = 0.6;
/// A rest of so long is excluded by a gap that is shorter, the way between taken off.
const REST_MS: i64 = 20 * MINUTE_MS;
const DRIVING_MAX_MS: i64 = 4 * HOUR_MS;
/// For a rule that a user writes: a minivan at so many village checkpoints between 23:00 and 04:00.
const VILLAGE_SIGHTINGS: usize = 4;

pub(super) fn add(made: &mut Maker<'_>, day: CivilDay) {
    let traffic = made.traffic;
    let county = &*traffic.county;
    for vehicle in 0..county.register.vehicles.len() as u32 {
        let guise = county.register.vehicles[vehicle as usize].guise;
        if guise != Guise::None && is_about(county, &traffic.rates, vehicle, day) {
            match guise {
                Guise::Clone { of, is_alike } => clone(made, vehicle, of, is_alike, day),
                Guise::Fake => fake(made, vehicle, day),
                _ => hidden(made, vehicle, day),
            }
        }
    }
    for (vehicle, offence) in traffic.offences(day).iter() {
        match offence {
            Offence::PassageFatigue => restless(made, vehicle, day),
            Offence::NoExit => no_exit(made, vehicle, day),
            _ => {}
        }
    }
    bans(made, day);
    night_villages(made, day);
}

fn clone(made: &mut Maker<'_>, vehicle: u32, of: u32, is_alike: bool, day: CivilDay) {
    let (start, end) = bounds(day);
    let county = made.traffic.county.clone();
    let own = made.passages_of(vehicle, start, end);
    let exact: Vec<Passage> = own.iter().copied().filter(|passage| made.is_exact(passage)).collect();
    let shown = if is_alike {
        let mut all = made.passages_of(of, start, end);
        all.retain(|passage| made.is_exact(passage));
        all.extend(&exact);
        all.sort_by_key(|passage| passage.at_ms);
        all.windows(2).find_map(|pair| {
            let least_ms = county.between_s(pair[0].checkpoint, pair[1].checkpoint) * 1_000.0;
            let is_impossible = pair[0].vehicle != pair[1].vehicle
                && ((pair[1].at_ms - pair[0].at_ms) as f64) < least_ms * IMPOSSIBLE_SHARE;
            is_impossible.then_some(pair[1])
        })
    } else {
        // One look may be a misseen colour, two are not.
        exact.get(1).copied()
    };
    let Some(at) = shown.or(own.first().copied()) else { return };
    let sightings = made.sightings(&own);
    let place = made.place(at.checkpoint).to_owned();
    let detail = if is_alike { "journey" } else { "look" }.into();
    let truth = made.add(ModelId::ClonePlate, vehicle, at.at_ms, &place, detail);
    (truth.is_expected, truth.sightings) = (shown.is_some(), sightings);
    // The class that the register has for the number.
    truth.plate_class = county.register.key(of as usize).class.to_string();
}

fn fake(made: &mut Maker<'_>, vehicle: u32, day: CivilDay) {
    let (start, end) = bounds(day);
    let own = made.passages_of(vehicle, start, end);
    let exact: Vec<Passage> = own.iter().copied().filter(|passage| made.is_exact(passage)).collect();
    let Some(last) = own.get(FAKE_SIGHTINGS - 1).copied() else { return };
    let at = exact.get(FAKE_SIGHTINGS - 1).copied();
    let sightings = made.sightings(&own);
    let place = made.place(at.unwrap_or(last).checkpoint).to_owned();
    let detail = format!("seen {} times", own.len());
    let truth = made.add(ModelId::FakePlate, vehicle, at.unwrap_or(last).at_ms, &place, detail);
    (truth.is_expected, truth.sightings) = (at.is_some(), sightings);
}

fn hidden(made: &mut Maker<'_>, vehicle: u32, day: CivilDay) {
    let (start, end) = bounds(day);
    let own = made.passages_of(vehicle, start, end);
    let Some(at) = own.get(HIDDEN_SIGHTINGS - 1).copied() else { return };
    let sightings = made.sightings(&own);
    let place = made.place(at.checkpoint).to_owned();
    let is_covered = made.traffic.county.register.vehicles[vehicle as usize].guise == Guise::Covered;
    let detail = format!("{}, seen {} times", if is_covered { "covered" } else { "none" }, own.len());
    let truth = made.add(ModelId::HiddenPlate, vehicle, at.at_ms, &place, detail);
    (truth.plate, truth.plate_class) = (String::new(), String::new());
    truth.sightings = sightings;
}

/// More than four hours in which no gap between passages has room for a rest.
fn restless(made: &mut Maker<'_>, vehicle: u32, day: CivilDay) {
    let (start, end) = bounds(day);
    let county = made.traffic.county.clone();
    let own = made.passages_of(vehicle, start, end);
    // The first passage at which four hours are over, among these.
    let completed = |passages: &[Passage]| {
        let mut began_ms = passages.first()?.at_ms;
        passages.windows(2).find_map(|pair| {
            let way_ms = (county.between_s(pair[0].checkpoint, pair[1].checkpoint) * 1_000.0) as i64;
            if pair[1].at_ms - pair[0].at_ms - way_ms >= REST_MS {
                began_ms = pair[1].at_ms;
            }
            (pair[1].at_ms - began_ms > DRIVING_MAX_MS).then_some(pair[1])
        })
    };
    let exact: Vec<Passage> = own.iter().copied().filter(|passage| made.is_exact(passage)).collect();
    let Some(at) = completed(&exact).or_else(|| completed(&own)) else { return };
    let is_expected = completed(&exact).is_some();
    let sightings = made.sightings(&own);
    let place = made.place(at.checkpoint).to_owned();
    let detail = format!("over 4 h, {} passages", own.len());
    let truth = made.add(ModelId::PassageFatigue, vehicle, at.at_ms, &place, detail);
    (truth.is_expected, truth.sightings) = (is_expected, sightings);
}

/// In a section for more than an hour.
fn no_exit(made: &mut Maker<'_>, vehicle: u32, day: CivilDay) {
    let (start, end) = bounds(day);
    let county = made.traffic.county.clone();
    let own = made.passages_of(vehicle, start, end);
    for section in &county.sections {
        let at = |index: usize| own.iter().find(|passage| passage.checkpoint == section.ends[index]).copied();
        let (Some(enter), Some(leave)) = (at(0), at(1)) else { continue };
        let is_forward = enter.is_forward == section.is_forward && leave.is_forward == section.is_forward;
        let is_expressway = county.checkpoints[usize::from(section.ends[0])].theatre == Theatre::Expressway;
        let minutes = (leave.at_ms - enter.at_ms) / MINUTE_MS;
        if is_forward && is_expressway && minutes > 60 {
            let is_expected = made.is_exact(&enter);
            let sightings = made.sightings(&[enter, leave]);
            let detail = format!("{minutes} min in the section");
            let truth = made.add(ModelId::NoExit, vehicle, enter.at_ms, &section.id, detail);
            (truth.is_expected, truth.sightings) = (is_expected, sightings);
        }
    }
}

/// Trucks without permit in the inner town by day.
fn bans(made: &mut Maker<'_>, day: CivilDay) {
    let (start, end) = bounds(day);
    let county = made.traffic.county.clone();
    let mut found: BTreeMap<u32, Vec<Passage>> = BTreeMap::new();
    for passage in made.traffic.passages(start, end) {
        let vehicle = &county.register.vehicles[passage.vehicle as usize];
        if vehicle.kind.is_truck()
            && !vehicle.has_permit
            && county.is_in_ban(passage.checkpoint)
            && areas::ban_holds_at(passage.at_ms)
        {
            found.entry(passage.vehicle).or_default().push(passage);
        }
    }
    for (vehicle, passages) in found {
        let exact = passages.iter().find(|passage| made.is_exact(passage)).copied();
        let at = exact.unwrap_or(passages[0]);
        let sightings = made.sightings(&passages);
        let place = made.place(at.checkpoint).to_owned();
        let truth = made.add(ModelId::ZoneBan, vehicle, at.at_ms, &place, county.areas[0].id.to_string());
        (truth.is_expected, truth.sightings) = (exact.is_some(), sightings);
    }
}

/// Minivans at four village checkpoints between 23:00 and 04:00 of the day that begins.
fn night_villages(made: &mut Maker<'_>, day: CivilDay) {
    let (start, _) = bounds(day);
    let county = made.traffic.county.clone();
    let mut found: BTreeMap<u32, Vec<Passage>> = BTreeMap::new();
    for passage in made.traffic.passages(start - HOUR_MS, start + 4 * HOUR_MS) {
        let vehicle = &county.register.vehicles[passage.vehicle as usize];
        let is_rural = county.checkpoints[usize::from(passage.checkpoint)].theatre == Theatre::Rural;
        if vehicle.kind == Kind::Minivan && vehicle.guise == Guise::None && is_rural {
            found.entry(passage.vehicle).or_default().push(passage);
        }
    }
    for (vehicle, passages) in found {
        let Some(last) = passages.get(VILLAGE_SIGHTINGS - 1).copied() else { continue };
        let exact: Vec<Passage> = passages
            .iter()
            .copied()
            .filter(|passage| {
                let read = noise::read(&county, made.rates, passage);
                read.quality == noise::Quality::Exact
            })
            .collect();
        let at = exact.get(VILLAGE_SIGHTINGS - 1).copied();
        let sightings = made.sightings(&passages);
        let place = made.place(at.unwrap_or(last).checkpoint).to_owned();
        let detail = format!("minivan, {} village checkpoints by night", passages.len());
        let truth = made.add(ModelId::Rule, vehicle, at.unwrap_or(last).at_ms, &place, detail);
        (truth.is_expected, truth.sightings) = (at.is_some(), sightings);
    }
}
