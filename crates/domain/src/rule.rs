//! What users change about judging: rules that they write, and models that they tune.

use crate::id::{CheckpointId, RuleId, TuningId};
use crate::place::Theatre;
use crate::time::Timestamp;
use crate::vehicle::KeyClass;
use crate::warning::{Level, ModelId};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// A rule in force: a condition over a passage, the vehicle's file and counters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Identity; the same over all versions.
    pub id: RuleId,
    /// Version, from 1.
    pub version: u16,
    /// Name, as the warning bears it.
    pub name: SmolStr,
    /// The condition in CEL (Common Expression Language).
    pub condition: SmolStr,
    /// How urgent its warnings are.
    pub level: Level,
    /// One vehicle raises at most one warning in so many minutes of a Beijing day, counted from its first; 0 for one per
    /// passage, a day for one a day.
    pub once_per_minutes: u32,
    /// For so long after it happened, sending somebody out makes sense.
    pub actionable_seconds: u32,
}

/// A model tuned for some places, hours or vehicles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tuning {
    /// Identity.
    pub id: TuningId,
    /// Version, from 1.
    pub version: u16,
    /// Which model.
    pub model: ModelId,
    /// Where it holds; the whole county and all vehicles when all is empty.
    pub scope: Scope,
    /// `false` switches the model off here.
    pub is_enabled: bool,
    /// Another level for its warnings.
    pub level: Option<Level>,
    /// Other values of its parameters, by name.
    pub values: Vec<(SmolStr, TunedValue)>,
}

/// A value of a tuned parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TunedValue {
    /// A switch.
    Flag(bool),
    /// A number in the parameter's unit.
    Number(i64),
    /// Words.
    Words(Vec<SmolStr>),
}

/// By place, time and vehicle class; what is empty restricts nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// These checkpoints.
    pub checkpoints: Vec<CheckpointId>,
    /// Checkpoints of these theatres.
    pub theatres: Vec<Theatre>,
    /// Hours of the Beijing day, from and to (exclusive); over midnight when the first is greater.
    pub hours: Option<(u8, u8)>,
    /// Vehicles of these classes.
    pub key_classes: Vec<KeyClass>,
}

impl Scope {
    /// Whether it restricts nothing.
    pub fn is_everywhere(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it holds at a place, a time and for a class of vehicles; what is not known is in no restricted scope.
    pub fn holds(
        &self,
        checkpoint: Option<&CheckpointId>,
        theatre: Option<Theatre>,
        at: Timestamp,
        key_class: Option<KeyClass>,
    ) -> bool {
        let hour = (at.beijing_minute_of_day() / 60) as u8;
        let is_hour = |(from, to): (u8, u8)| {
            if from < to { (from..to).contains(&hour) } else { hour >= from || hour < to }
        };
        (self.checkpoints.is_empty() || checkpoint.is_some_and(|id| self.checkpoints.contains(id)))
            && (self.theatres.is_empty() || theatre.is_some_and(|theatre| self.theatres.contains(&theatre)))
            && (self.key_classes.is_empty()
                || key_class.is_some_and(|class| self.key_classes.contains(&class)))
            && self.hours.is_none_or(is_hour)
    }
}
