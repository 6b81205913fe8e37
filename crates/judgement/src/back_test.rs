//! Back-test (回测): had this rule, or this model tuned so, run in May, what would it have raised?
//!
//! The entries of the past are judged once more, in the order of the journal, by an engine in which only what is tested
//! is at work. So what is tested in the form that was in force gives the very warnings that were raised then.

use crate::batch::Share;
use crate::engine::{Engine, tracks_keep_ms};
use crate::parameters::{ModelParameters, Parameters};
use domain::time::HOUR_MS;
use domain::{Entry, ModelId, Outcome, ReferenceChange, Rule, Timestamp, Tuning, Warning, WarningId};
use std::collections::BTreeMap;
use std::ops::Range;

/// Most warnings of the period that a back-test keeps: what raises more than this is no model, and the rest of the period
/// shows nothing new.
pub const WARNINGS_MAX: usize = 50_000;

/// What is tested.
#[derive(Clone, Debug)]
pub enum Tested {
    /// A built-in model. With tunings, these hold over the whole period and those of then don't; without, those of then do.
    Model {
        /// Which.
        model: ModelId,
        /// How it is tuned.
        tunings: Option<Vec<Tuning>>,
    },
    /// A user's rule, over the whole period.
    Rule(Rule),
}

impl Tested {
    /// The model whose warnings come of it.
    pub fn model(&self) -> ModelId {
        match self {
            Self::Model { model, .. } => *model,
            Self::Rule(_) => ModelId::Rule,
        }
    }
}

/// A back-test at work: give it the entries, then [`BackTest::finish`].
///
/// Of the time before `period` less [`run_in_ms`] only changes of the reference matter; of the time after the period
/// observations that came as late as is judged ([`run_out_ms`]): they may revise a warning or take it back.
#[derive(Debug)]
pub struct BackTest {
    engine: Engine,
    tested: Tested,
    period: Range<Timestamp>,
    /// Of the period; what is raised in the run-in and behind it is nobody's.
    standing: BTreeMap<WarningId, Box<Warning>>,
    withdrawn: u64,
    observations: u64,
    out: Vec<Outcome>,
}

/// What came of a back-test.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// The warnings that stand at the end, of the period, by when it happened.
    pub warnings: Vec<Warning>,
    /// Warnings of the period that were raised and taken back.
    pub withdrawn: u64,
    /// Observations judged, the run-in included.
    pub observations: u64,
}

/// How long before the period observations must begin, so that models remember what they would have.
pub fn run_in_ms(models: &ModelParameters) -> i64 {
    let clone = &models.clone_plate.parameters;
    // A window goes by what those before it have shown, whose visits may be forgotten by then.
    let windows_ms = (clone.carried_windows.value + 1) * clone.window_hours.value * HOUR_MS;
    tracks_keep_ms(models).max(windows_ms)
}

/// How long after the period observations that are as late as can be still come.
pub fn run_out_ms(models: &ModelParameters) -> i64 {
    models.horizon.late_max_hours.value * HOUR_MS
}

impl BackTest {
    /// Before the first entry.
    pub fn new(mut parameters: Parameters, tested: Tested, period: Range<Timestamp>) -> Self {
        parameters.models.only(tested.model());
        let mut engine = Engine::new(parameters);
        let mut out = Vec::new();
        let mut tell = |change: ReferenceChange| engine.apply(&Entry::Reference(Box::new(change)), &mut out);
        match &tested {
            Tested::Model { tunings, .. } => {
                tunings.iter().flatten().for_each(|tuning| tell(ReferenceChange::Tuning(tuning.clone())));
            }
            Tested::Rule(rule) => tell(ReferenceChange::Rule(rule.clone())),
        }
        Self { engine, tested, period, standing: BTreeMap::new(), withdrawn: 0, observations: 0, out }
    }

    /// Judges the next entry. False when there are [`WARNINGS_MAX`] warnings: more makes no sense.
    pub fn apply(&mut self, entry: &Entry) -> bool {
        if self.concerns(entry) {
            self.engine.apply(entry, &mut self.out);
        }
        self.take_outcomes()
    }

    /// Judges the next entries, as [`Engine::apply_all`] does: `crew` runs up to `share_count` shares beside one another.
    pub fn apply_all(
        &mut self,
        mut entries: Vec<Entry>,
        share_count: usize,
        crew: &mut dyn FnMut(Vec<Share<'_>>),
    ) -> bool {
        entries.retain(|entry| self.concerns(entry));
        self.engine.apply_all(&entries, share_count, crew, &mut self.out);
        self.take_outcomes()
    }

    /// Whether an entry is to be judged; counts those that are.
    fn concerns(&mut self, entry: &Entry) -> bool {
        match entry {
            Entry::Reference(change) => self.heeds(change),
            Entry::Observation(_) => {
                self.observations += 1;
                true
            }
        }
    }

    fn take_outcomes(&mut self) -> bool {
        for outcome in self.out.drain(..) {
            if self.standing.len() >= WARNINGS_MAX {
                break;
            }
            match outcome {
                Outcome::Raise(warning) | Outcome::Revise(warning) => {
                    debug_assert_eq!(warning.model, self.tested.model(), "the others are switched off");
                    if self.period.contains(&warning.occurred_at) {
                        self.standing.insert(warning.id, warning);
                    } else {
                        // Revised, it may have happened at another time.
                        self.standing.remove(&warning.id);
                    }
                }
                Outcome::Withdraw { id, .. } => {
                    self.withdrawn += u64::from(self.standing.remove(&id).is_some());
                }
                Outcome::Mark { .. } => {}
            }
        }
        self.standing.len() < WARNINGS_MAX
    }

    /// Whether a change of then holds: what is tested takes the place of what was in force.
    fn heeds(&self, change: &ReferenceChange) -> bool {
        let tuned = match &self.tested {
            Tested::Model { model, tunings: None } => Some(*model),
            Tested::Model { tunings: Some(_), .. } | Tested::Rule(_) => None,
        };
        match change {
            ReferenceChange::Rule(_) | ReferenceChange::RuleRetired(_) => false,
            ReferenceChange::Tuning(tuning) => Some(tuning.model) == tuned,
            // Of a tuning that was never heeded, nothing is there to be removed.
            ReferenceChange::TuningRemoved(_) => tuned.is_some(),
            _ => true,
        }
    }

    /// The warnings found so far.
    pub fn found(&self) -> usize {
        self.standing.len()
    }

    /// What stands at the end.
    pub fn finish(self) -> Tried {
        let Self { standing, withdrawn, observations, .. } = self;
        let mut warnings: Vec<Warning> = standing.into_values().map(|warning| *warning).collect();
        warnings.sort_by_key(|warning| (warning.occurred_at, warning.id));
        Tried { warnings, withdrawn, observations }
    }
}
