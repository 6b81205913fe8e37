//! The models. Each owns its state and is told of the observations that concern it.
//!
//! A model finds warnings in what it remembers, which is a function of the *set* of observations: the order in which
//! they came never matters. `settle` turns the difference against what stood before into outcomes.

pub(crate) mod average_speed;
mod camera_report;
pub(crate) mod claim;
pub(crate) mod device_alarm;
pub(crate) mod drive;
mod driving_time;
mod fatigue;
mod night_coach;
mod overdue;
mod overload;
pub(crate) mod passage_fatigue;
pub(crate) mod rules;
mod spot_speed;
pub(crate) mod terminal;
pub(crate) mod watch_order;
mod wrong_way;
mod zones;

use crate::confusion::ConfusionTable;
use crate::engine::Counts;
use crate::held::Names;
use crate::parameters::{ModelParameters, Situation, TunedModels};
use crate::reading::Reading;
use crate::reference::{File, Reference};
use crate::track::Visit;
use domain::{CheckpointId, Observation, Outcome, Passage, Timestamp, VehicleKey};

/// Minutes of a slot: the grain in which drives are remembered.
pub(crate) const SLOT_MINUTES: i64 = 5;

/// What a model is given besides the observation.
pub(crate) struct Context<'a> {
    /// The parameters that hold for the observation: for its place, time and vehicle.
    pub(crate) models: &'a ModelParameters,
    pub(crate) tuned: &'a TunedModels,
    /// The engine's clock.
    pub(crate) clock: Timestamp,
    pub(crate) table: &'a ConfusionTable,
    pub(crate) reference: &'a Reference,
    pub(crate) names: &'a mut Names,
    pub(crate) counts: &'a mut Counts,
    pub(crate) out: &'a mut Vec<Outcome>,
}

impl<'a> Context<'a> {
    /// The parameters that hold for a visit, for models that judge visits other than the one that just came.
    pub(crate) fn models_at(&self, visit: &Visit, file: Option<&File>) -> &'a ModelParameters {
        let checkpoint = CheckpointId(self.names.name(visit.place()));
        self.tuned.at(&Situation {
            checkpoint: Some(&checkpoint),
            theatre: self.reference.place(&checkpoint).map(|place| place.theatre),
            at: visit.at,
            key_class: file.and_then(|file| file.key_class),
        })
    }
}

/// A passage as it is judged.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'a> {
    pub(crate) observation: &'a Observation,
    pub(crate) passage: &'a Passage,
    /// When it happened: the camera's time without the error of its clock.
    pub(crate) at: Timestamp,
    /// How far `at` may be wrong.
    pub(crate) uncertainty_ms: u32,
    /// Whom it is taken for; `None` without a plate that says enough.
    pub(crate) reading: Option<Reading>,
    /// The file of that vehicle.
    pub(crate) file: Option<File>,
}

impl Sight<'_> {
    /// Whether it is known whose passage it was: surely read, and looking like it.
    pub(crate) fn is_sure(&self, context: &Context<'_>) -> bool {
        let sure_min = context.models.reading.sure_min_permille.value;
        self.reading
            .is_some_and(|reading| i64::from(reading.permille) >= sure_min && !reading.look.is_plate_other)
    }

    pub(crate) fn situation(&self, reference: &Reference) -> Situation<'_> {
        let checkpoint = &self.passage.checkpoint;
        Situation {
            checkpoint: Some(checkpoint),
            theatre: reference.place(checkpoint).map(|place| place.theatre),
            at: self.at,
            key_class: self.file.and_then(|file| file.key_class),
        }
    }
}

/// What a model of tracks is told when a visit came to a track.
pub(crate) struct Turn {
    pub(crate) vehicle: VehicleKey,
    pub(crate) file: Option<File>,
    /// The time of the visit: what was judged before it by visits that came before stands.
    pub(crate) changed_at: Timestamp,
}
