//! The models. Each owns its state and is told of the observations that concern it.
//!
//! A model finds warnings in what it remembers, which is a function of the *set* of observations: the order in which
//! they came never matters. `settle` turns the difference against what stood before into outcomes.

pub(crate) mod average_speed;
mod camera_report;
pub(crate) mod claim;
pub(crate) mod clone_plate;
pub(crate) mod device_alarm;
pub(crate) mod drive;
mod driving_time;
pub(crate) mod fake_plate;
mod fatigue;
pub(crate) mod hidden_plate;
mod night_coach;
pub(crate) mod no_exit;
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
use crate::models::rules::Rules;
use crate::parameters::{ModelParameters, Situation, TunedModels};
use crate::reading::{Known, Reading};
use crate::reference::{File, Reference};
use crate::track::Visit;
use domain::observation::Fact;
use domain::time::{BEIJING_OFFSET_MS, HOUR_MS};
use domain::{CheckpointId, Observation, Outcome, Passage, Timestamp, VehicleKey};
use smol_str::SmolStr;

/// Minutes of a slot: the grain in which drives are remembered.
pub(crate) const SLOT_MINUTES: i64 = 5;

/// The window of so many hours in which a moment lies, both ends included; windows are counted from midnight in Beijing.
pub(crate) fn window_of(at: Timestamp, hours: i64) -> (Timestamp, Timestamp) {
    let length_ms = hours * HOUR_MS;
    let from = at.plus_ms(-(at.unix_ms() + BEIJING_OFFSET_MS).rem_euclid(length_ms));
    (from, from.plus_ms(length_ms - 1))
}

/// The plate as the camera wrote it.
pub(crate) fn plate_text(observation: &Observation) -> Option<SmolStr> {
    match &observation.fact {
        Fact::Passage(passage) => Some(passage.plate_text.clone()),
        Fact::Position(_) | Fact::Alarm(_) => None,
    }
}

/// What a model is given besides the observation.
pub(crate) struct Context<'a> {
    /// The parameters that hold for the observation: for its place, time and vehicle.
    pub(crate) models: &'a ModelParameters,
    pub(crate) tuned: &'a TunedModels,
    /// The engine's clock.
    pub(crate) clock: Timestamp,
    pub(crate) table: &'a ConfusionTable,
    pub(crate) reference: &'a Reference,
    pub(crate) names: &'a Names,
    /// The rules in force.
    pub(crate) rules: &'a Rules,
    pub(crate) counts: &'a mut Counts,
    pub(crate) out: &'a mut Vec<Outcome>,
}

/// What all passages are judged against; nobody changes it while they are.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub(crate) tuned: &'a TunedModels,
    pub(crate) table: &'a ConfusionTable,
    pub(crate) reference: &'a Reference,
    pub(crate) names: &'a Names,
    pub(crate) rules: &'a Rules,
}

impl<'a> Ground<'a> {
    /// What a model is given, with the parameters for the whole county.
    pub(crate) fn context<'c>(
        self,
        clock: Timestamp,
        counts: &'c mut Counts,
        out: &'c mut Vec<Outcome>,
    ) -> Context<'c>
    where
        'a: 'c,
    {
        let Self { tuned, table, reference, names, rules } = self;
        Context { models: tuned.everywhere(), tuned, clock, table, reference, names, rules, counts, out }
    }

    /// The parameters that hold for a passage.
    pub(crate) fn models_for(self, sight: &Sight<'_>) -> &'a ModelParameters {
        self.tuned.at(|| sight.situation(self.reference))
    }
}

impl<'a> Context<'a> {
    /// The parameters that hold for a visit, for models that judge visits other than the one that just came.
    pub(crate) fn models_at(&self, visit: &Visit, file: Option<&File>) -> &'a ModelParameters {
        self.models_of(visit.place(), visit.at, file)
    }

    /// The parameters that hold at a place, by its number.
    pub(crate) fn models_of(&self, place: u32, at: Timestamp, file: Option<&File>) -> &'a ModelParameters {
        let checkpoint = CheckpointId(self.names.name(place));
        self.tuned.at(|| Situation {
            checkpoint: Some(&checkpoint),
            theatre: self.reference.place(&checkpoint).map(|place| place.theatre),
            at,
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
    /// Whether anything was learned of the camera's clock.
    pub(crate) is_clock_known: bool,
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
    /// What the register knows about it.
    pub(crate) known: Known,
    pub(crate) file: Option<File>,
    /// The time of the visit: what was judged before it by visits that came before stands.
    pub(crate) changed_at: Timestamp,
}
