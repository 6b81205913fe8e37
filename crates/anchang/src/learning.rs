//! The learner beside the engine: folds the same entries, and what it learned goes into the journal as entries, so that
//! judgement uses it from a known place on and a replay finds it there.

use api::{App, Health};
use calibration::{Learner, Parameters};
use domain::{Entry, ReferenceChange, Timestamp};
use judgement::Part;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SECTION: &str = "learner";
const VERSION: u16 = 1;
/// How often the pages' view of the devices is made anew.
const SHOW_PERIOD: Duration = Duration::from_secs(15);
/// Devices whose hours are made anew each time, in turn: an hour changes slowly.
const HOURS_AT_A_TIME: usize = 200;

/// The learner with what it shows.
pub(crate) struct Learning {
    parameters: Parameters,
    learner: Learner,
    shown_at: Option<Instant>,
    /// Where the turn of the devices' hours stands.
    turn: usize,
}

impl Learning {
    pub(crate) fn new(parameters: Parameters) -> Self {
        Self { learner: Learner::new(parameters.clone()), parameters, shown_at: None, turn: 0 }
    }

    pub(crate) fn apply(&mut self, entry: &Entry) {
        self.learner.apply(entry);
    }

    pub(crate) fn part(&self) -> Part {
        Part { section: SECTION.into(), version: VERSION, bytes: self.learner.snapshot() }
    }

    /// Takes the part of a snapshot; `false` when it is another's, or can't be used.
    pub(crate) fn restore(&mut self, part: &Part) -> bool {
        if part.section != SECTION || part.version != VERSION {
            return false;
        }
        match Learner::restore(self.parameters.clone(), &part.bytes) {
            Ok(learner) => {
                self.learner = learner;
                true
            }
            Err(error) => {
                tracing::warn!(%error, "what was learned could not be restored");
                false
            }
        }
    }

    /// Begins anew, with a fold that begins anew.
    pub(crate) fn forget(&mut self) {
        self.learner = Learner::new(self.parameters.clone());
    }

    /// What is to go into the journal now; ask when all of it was folded.
    pub(crate) fn due(&mut self, now: Timestamp) -> Vec<ReferenceChange> {
        self.learner.due(now)
    }

    /// Makes the pages' view of the devices anew, when it is time.
    pub(crate) fn show(&mut self, app: &App) {
        if self.shown_at.is_some_and(|at| at.elapsed() < SHOW_PERIOD) {
            return;
        }
        self.shown_at = Some(Instant::now());
        let now = self.learner.health_now();
        let before = app.health.load();
        let mut hours: BTreeMap<_, Arc<[_]>> = before.hours.clone();
        let count = now.len();
        for health in now.iter().cycle().skip(self.turn).take(HOURS_AT_A_TIME.min(count)) {
            hours.insert(health.device.clone(), self.learner.health(&health.device).into());
        }
        self.turn = if count == 0 { 0 } else { (self.turn + HOURS_AT_A_TIME) % count };
        let devices = now.into_iter().map(|health| (health.device.clone(), health)).collect();
        app.health.store(Arc::new(Health { devices, hours }));
    }
}
