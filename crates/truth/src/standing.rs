//! The warnings that stand: outcomes folded by identity, each warning reduced to what matching needs and a digest of
//! all the rest.

use crate::matching::Sighting;
use domain::observation::Fact;
use domain::warning::{Detail, Warning, WithdrawReason};
use domain::{
    CheckpointId, DeviceId, ModelId, Observation, ObservationId, Outcome, Plate, Timestamp, VehicleKey,
    WarningId,
};
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// A warning that stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Identity.
    pub id: WarningId,
    /// Which model.
    pub model: ModelId,
    /// About which vehicle.
    pub vehicle: Option<VehicleKey>,
    /// What the device read.
    pub plate_text: Option<SmolStr>,
    /// The terminal, where it comes from one.
    pub device: Option<DeviceId>,
    /// Where it was completed.
    pub checkpoint: Option<CheckpointId>,
    /// The section, zone, alarm or behaviour that it is about; empty for models that have none.
    pub what: SmolStr,
    /// Capture of its first and of its last evidence.
    pub from: Timestamp,
    /// See `from`.
    pub until: Timestamp,
    /// The engine's clock when it was first raised.
    pub raised_at: Timestamp,
    /// From what completed it then, by the device's clock, to that.
    pub delay_ms: i64,
    /// For the record only.
    pub is_historical: bool,
    /// In a few words.
    pub summary: String,
    /// Its reads: device and capture.
    pub reads: Vec<(DeviceId, Timestamp)>,
    /// Its passages, by the cameras' clocks.
    pub sightings: Vec<Sighting>,
    /// XXH3-128 over the bytes of the whole warning.
    digest: u128,
    /// XXH3-128 over the bytes of its last mark.
    mark: u128,
}

impl Standing {
    /// A raised or revised warning at the engine's clock.
    pub fn of(warning: &Warning, now: Timestamp) -> Self {
        let captured = |end: Option<&Observation>| end.map_or(warning.occurred_at, |o| o.captured_at);
        let from = captured(warning.evidence.first())
            .min(detail_from(&warning.detail).unwrap_or(warning.occurred_at));
        let passages = || {
            warning.evidence.iter().filter_map(|observation| match &observation.fact {
                Fact::Passage(passage) => Some((observation, passage)),
                Fact::Position(_) | Fact::Alarm(_) => None,
            })
        };
        let reads = passages().map(|(observation, _)| (observation.device.clone(), observation.captured_at));
        let sightings =
            passages().map(|(observation, passage)| (passage.checkpoint.clone(), observation.captured_at));
        Self {
            id: warning.id,
            model: warning.model,
            vehicle: warning.subject.vehicle,
            plate_text: warning.subject.plate_text.clone(),
            device: warning.subject.device.clone(),
            checkpoint: warning.checkpoint.clone(),
            what: what(&warning.detail),
            from,
            until: warning.occurred_at.max(from),
            raised_at: now,
            delay_ms: now.ms_since(warning.occurred_at),
            is_historical: warning.is_historical,
            summary: format!("{:?}", warning.detail),
            reads: reads.collect(),
            sightings: sightings.collect(),
            digest: digest(warning),
            mark: 0,
        }
    }

    /// The number that it is about.
    pub fn plate(&self) -> Option<Plate> {
        self.vehicle.map(|vehicle| vehicle.plate)
    }
}

/// When what is found began, where the detail says so.
fn detail_from(detail: &Detail) -> Option<Timestamp> {
    match detail {
        Detail::Fatigue { started_at, .. } | Detail::PassageFatigue { started_at, .. } => Some(*started_at),
        Detail::NightCoach { first_moving_at, .. } => Some(*first_moving_at),
        Detail::DeviceAlarm { first_at, .. }
        | Detail::ClonePlate { first_at, .. }
        | Detail::FakePlate { first_at, .. }
        | Detail::HiddenPlate { first_at, .. }
        | Detail::DangerousGoods { first_at, .. }
        | Detail::ZoneBan { first_at, .. } => Some(*first_at),
        Detail::NoExit { entered_at, .. } => Some(*entered_at),
        _ => None,
    }
}

/// The section, zone, alarm or behaviour that a warning is about.
fn what(detail: &Detail) -> SmolStr {
    match detail {
        Detail::AverageSpeed { section, .. } | Detail::NoExit { section, .. } => section.0.clone(),
        Detail::ZoneBan { zone, .. } => zone.0.clone(),
        Detail::DeviceAlarm { kind, .. } => kind.key().into(),
        Detail::CameraReport { behaviour } => behaviour.key().into(),
        Detail::Rule { rule, .. } => rule.0.clone(),
        Detail::DrivingTime { window_hours, .. } => window_hours.to_string().into(),
        _ => SmolStr::default(),
    }
}

fn digest(value: &impl serde::Serialize) -> u128 {
    ObservationId::of(&[&codec::to_bytes(value)]).0
}

/// All warnings that stand, by identity.
#[derive(Clone, Debug, Default)]
pub struct Warnings {
    by_id: BTreeMap<WarningId, Standing>,
    /// Raised since the beginning, those withdrawn again included.
    pub raised_count: u64,
    /// Withdrawn since the beginning.
    pub withdrawn_count: u64,
    /// Those taken back because they turned out wrong though they had been raised in time to act: model and when it was.
    pub taken_back: Vec<(ModelId, Timestamp)>,
}

impl Warnings {
    /// Folds an outcome said at the engine's clock `now`.
    pub fn fold(&mut self, outcome: &Outcome, now: Timestamp) {
        match outcome {
            Outcome::Raise(warning) | Outcome::Revise(warning) => {
                let mut standing = Standing::of(warning, now);
                match self.by_id.get(&warning.id) {
                    Some(before) => {
                        (standing.raised_at, standing.delay_ms, standing.mark) =
                            (before.raised_at, before.delay_ms, before.mark);
                    }
                    None => self.raised_count += 1,
                }
                self.by_id.insert(warning.id, standing);
            }
            Outcome::Withdraw { id, reason } => {
                if let Some(gone) = self.by_id.remove(id) {
                    self.withdrawn_count += 1;
                    if *reason == WithdrawReason::Refuted && !gone.is_historical {
                        self.taken_back.push((gone.model, gone.until));
                    }
                }
            }
            Outcome::Mark { id, mark } => {
                if let Some(standing) = self.by_id.get_mut(id) {
                    standing.mark = digest(mark);
                }
            }
        }
    }

    /// The warning of an identity.
    pub fn get(&self, id: WarningId) -> Option<&Standing> {
        self.by_id.get(&id)
    }

    /// All, by identity.
    pub fn iter(&self) -> impl Iterator<Item = &Standing> {
        self.by_id.values()
    }

    /// How many stand.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether none stands.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// One number for all of them in every byte, marks included.
    pub fn digest(&self) -> u128 {
        let mut bytes = Vec::with_capacity(self.by_id.len() * 48);
        for (id, standing) in &self.by_id {
            bytes.extend(id.0.to_le_bytes());
            bytes.extend(standing.digest.to_le_bytes());
            bytes.extend(standing.mark.to_le_bytes());
        }
        ObservationId::of(&[&bytes]).0
    }
}
