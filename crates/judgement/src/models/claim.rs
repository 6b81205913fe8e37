//! Claims: warnings that one observation proves by itself. Overdue inspection, a speed at one place, a weight, a ban …
//!
//! A claim has a key: the day, where one warning a day is enough, or the passage. It rests on the observation of that key
//! that reached us first while it could still be acted on, and else on the first that reached us at all: so a warning
//! that stands is not disturbed by what is filled in later, and a late one becomes urgent when the vehicle shows up live.

use super::{Context, Sight, Turn, camera_report, overdue, overload, spot_speed, wrong_way, zones};
use crate::keyed::{Aging, Keyed};
use crate::parameters::{Model, ModelParameters};
use crate::reading::Reading;
use crate::settle::{Finding, digest, vehicle_bytes};
use crate::strangers::show;
use crate::track::Track;
use domain::time::SECOND_MS;
use domain::warning::{Detail, Outcome, Subject, WithdrawReason};
use domain::{CivilDay, Level, ModelId, Observation, ObservationId, Timestamp, VehicleKey, WarningId};
use serde::{Deserialize, Serialize};

/// Most claims kept of one vehicle: some hundred a day for as long as they are remembered.
const CLAIMS_MAX: usize = 1_024;

/// What an observation is chosen by, ascending: late ones last, then the first to reach us.
type Rank = (bool, Timestamp, Timestamp, ObservationId, u64);

/// The rank of a claim that rests on nothing.
const NOTHING: Rank = (
    true,
    Timestamp::from_unix_ms(i64::MAX),
    Timestamp::from_unix_ms(i64::MAX),
    ObservationId(u128::MAX),
    u64::MAX,
);

/// The standing warning of one model and key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Claim {
    day: CivilDay,
    model: ModelId,
    /// Tells claims of one day and model apart.
    sub: u64,
    rank: Rank,
    id: WarningId,
}

/// What stands for one vehicle, by day, model and key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OfVehicle(Vec<Claim>);

impl Aging for OfVehicle {
    fn oldest_at(&self) -> Option<Timestamp> {
        // A day is over when the next begins.
        self.0.first().map(|claim| CivilDay(claim.day.0 + 1).start())
    }

    fn forget_before(&mut self, cutoff: Timestamp, _: &ModelParameters) {
        self.0.retain(|claim| CivilDay(claim.day.0 + 1).start() >= cutoff);
    }

    fn size(&self) -> usize {
        self.0.len()
    }
}

/// The claims of all vehicles.
#[derive(Clone, Debug)]
pub(crate) struct Claims {
    pub(crate) of_vehicles: Keyed<VehicleKey, OfVehicle>,
}

/// What a model says against a vehicle by one observation.
pub(crate) struct Complaint {
    pub(crate) model: ModelId,
    pub(crate) version: u16,
    pub(crate) level: Level,
    pub(crate) actionable_seconds: i64,
    pub(crate) detail: Detail,
    pub(crate) key: Key,
}

/// What a claim is about besides vehicle and model.
pub(crate) enum Key {
    /// One warning a day.
    Day,
    /// One warning a day for each of these.
    DayAnd(Vec<u8>),
    /// One warning for each passage, and for each of these in it.
    PassageAnd(u8),
}

impl Complaint {
    /// A complaint at the model's own level, or at `level` where each warning has one.
    pub(crate) fn new<P>(id: ModelId, model: &Model<P>, level: Level, detail: Detail, key: Key) -> Self {
        Self {
            model: id,
            version: model.version,
            level: model.level.unwrap_or(level),
            actionable_seconds: model.actionable_seconds,
            detail,
            key,
        }
    }
}

impl Claims {
    /// Judges a passage whose vehicle is known.
    pub(crate) fn observe(&mut self, sight: &Sight<'_>, context: &mut Context<'_>) {
        let Some(reading) = sight.reading else { return };
        let mut complaints = Vec::new();
        overdue::complain(sight, context, &mut complaints);
        spot_speed::complain(sight, context, &mut complaints);
        wrong_way::complain(sight, context, &mut complaints);
        overload::complain(sight, context, &mut complaints);
        camera_report::complain(sight, context, &mut complaints);
        zones::complain_of_passage(sight, context, &mut complaints);
        for complaint in complaints {
            let plate_text = Some(sight.passage.plate_text.clone());
            let subject = Subject { vehicle: Some(reading.vehicle), plate_text, device: None };
            self.claim(sight.observation, sight.at, subject, complaint, context);
        }
    }

    /// Takes a complaint about a vehicle as the claim of its key, if it is the best.
    pub(crate) fn claim(
        &mut self,
        observation: &Observation,
        at: Timestamp,
        subject: Subject,
        complaint: Complaint,
        context: &mut Context<'_>,
    ) {
        let Some(vehicle) = subject.vehicle else { return };
        let day = at.beijing_day();
        let id = observation.id.0.to_le_bytes();
        let vehicle_bytes = vehicle_bytes(vehicle);
        let day_bytes = day.0.to_le_bytes();
        let identity: Vec<&[u8]> = match &complaint.key {
            Key::Day => vec![&vehicle_bytes, &day_bytes],
            Key::DayAnd(what) => vec![&vehicle_bytes, &day_bytes, what],
            Key::PassageAnd(what) => vec![&vehicle_bytes, &id, std::slice::from_ref(what)],
        };
        let sub = match &complaint.key {
            Key::Day => 0,
            Key::DayAnd(_) | Key::PassageAnd(_) => digest(&identity),
        };
        let late_ms = observation.received_at.ms_since(at);
        let rank = (
            late_ms > complaint.actionable_seconds * SECOND_MS,
            observation.received_at,
            at,
            observation.id,
            digest(observation),
        );
        let claims = &mut self.of_vehicles.state_mut(vehicle, CivilDay(day.0 + 1).start()).0;
        let order = (day, complaint.model, sub);
        let place = claims.binary_search_by_key(&order, |claim| (claim.day, claim.model, claim.sub));
        match place {
            Ok(index) if rank < claims[index].rank => {}
            Ok(_) => return,
            Err(_) if claims.len() >= CLAIMS_MAX => {
                context.counts.over_bound += 1;
                return;
            }
            Err(_) => {}
        }
        let model = complaint.model;
        let warning = Finding {
            model: complaint.model,
            version: complaint.version,
            identity: &identity,
            subject,
            level: complaint.level,
            actionable_seconds: complaint.actionable_seconds,
            detail: complaint.detail,
            occurred_at: Some(at),
            evidence: vec![observation.clone()],
        };
        let warning = Box::new(warning.into_warning(context.reference));
        match place {
            Ok(index) => {
                claims[index].rank = rank;
                context.out.push(Outcome::Revise(warning));
            }
            Err(index) => {
                claims.reserve_exact(1);
                claims.insert(index, Claim { day, model, sub, rank, id: warning.id });
                self.of_vehicles.grown();
                context.out.push(Outcome::Raise(warning));
            }
        }
    }

    /// Takes back what rests on a passage that turned out to be of somebody else. What the vehicle's other passages of the
    /// day say to the same takes its place.
    pub(crate) fn take_back(
        &mut self,
        turn: &Turn,
        id: ObservationId,
        track: &Track,
        context: &mut Context<'_>,
    ) {
        let Turn { vehicle, known, file, .. } = *turn;
        let Some(claims) = self.of_vehicles.get_mut(&vehicle) else { return };
        let mut days: Vec<CivilDay> = Vec::new();
        for claim in claims.0.iter_mut().filter(|claim| claim.rank.3 == id) {
            claim.rank = NOTHING;
            days.push(claim.day);
        }
        for other in track.visits().iter().filter(|visit| days.contains(&visit.at.beijing_day())) {
            let observation = track.observation(other, context.names);
            let (permille, is_as_read, look) = (other.permille, other.is_as_read(), other.look());
            let reading = Reading { vehicle, permille, is_as_read, look, known };
            let clock = (other.at, other.uncertainty_ms, other.is_clock_known());
            show(&observation, clock, (reading, file), context, |sight, context| {
                if sight.is_sure(context) {
                    self.observe(sight, context);
                }
            });
        }
        let Some(claims) = self.of_vehicles.get_mut(&vehicle) else { return };
        let before = claims.0.len();
        claims.0.retain(|claim| {
            if claim.rank == NOTHING {
                let reason = WithdrawReason::Refuted;
                context.out.push(Outcome::Withdraw { id: claim.id, reason });
            }
            claim.rank != NOTHING
        });
        let gone = before - claims.0.len();
        self.of_vehicles.shrunk(gone);
    }
}
