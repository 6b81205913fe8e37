//! The models. Each owns its state and is told of the observations that concern it.
//!
//! A model finds warnings in what it remembers, which is a function of the *set* of observations: the order in which
//! they came never matters. `settle` turns the difference against what stood before into outcomes.

pub(crate) mod average_speed;
pub(crate) mod device_alarm;
pub(crate) mod drive;
mod fatigue;
mod night_coach;
pub(crate) mod overdue;
pub(crate) mod watch_order;

use crate::engine::Counts;
use crate::held::Names;
use crate::parameters::ModelParameters;
use crate::reference::Reference;
use domain::Outcome;

/// Minutes of a slot: the grain in which drives are remembered.
pub(crate) const SLOT_MINUTES: i64 = 5;

/// What a model is given besides the observation.
pub(crate) struct Context<'a> {
    pub(crate) models: &'a ModelParameters,
    pub(crate) reference: &'a Reference,
    pub(crate) names: &'a mut Names,
    pub(crate) counts: &'a mut Counts,
    pub(crate) out: &'a mut Vec<Outcome>,
}
