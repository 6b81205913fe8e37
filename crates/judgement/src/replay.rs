//! A warning replayed: the observations about its subject judged once more, one by one, so that a person sees which of
//! them completed it and that nothing else was needed.
//!
//! A replay judges with the reference and the parameters as they are now. What it can't know it says: whether the same
//! warning came of it.

use crate::discipline::Discipline;
use crate::doubts::Doubts;
use crate::engine::{Counts, Engine, keep_ms, tracks_keep_ms};
use crate::keyed::Keyed;
use crate::lane::Lanes;
use crate::models::device_alarm::DeviceAlarms;
use crate::models::hidden_plate::HiddenPlates;
use crate::models::window_of;
use domain::observation::Fact;
use domain::{
    Detail, Entry, Observation, ObservationId, Outcome, ReferenceChange, Timestamp, Warning, WarningId,
};

/// Most steps that are kept; of a longer replay the first and the telling ones stay.
pub const STEPS_MAX: usize = 200;

/// What happened to the warning when an observation was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing yet, or nothing more.
    None,
    /// It was raised.
    Raised,
    /// It rests on better evidence.
    Revised,
    /// It was taken back.
    Withdrawn,
}

/// One observation of the subject, and what came of it.
#[derive(Clone, Debug)]
pub struct Step {
    /// What was judged; `None` for the passing of time, by which a deadline fired.
    pub observation: Option<Observation>,
    /// When it happened, the camera's clock set right.
    pub at: Timestamp,
    /// How sure it was this vehicle, at most 1000; `None` where no plate was read.
    pub read_permille: Option<u16>,
    /// What it did to the warning.
    pub change: Change,
}

/// What a replay showed.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Step by step, in the order in which they reached us.
    pub steps: Vec<Step>,
    /// The warning as it stands at the end; `None` when it did not come of it.
    pub warning: Option<Warning>,
    /// Observations of the subject that were judged.
    pub judged: usize,
}

/// Judges the observations of one warning's subject on a state of its own.
#[derive(Debug)]
pub struct Replayer {
    engine: Engine,
    target: WarningId,
    warning: Warning,
    evidence: Vec<ObservationId>,
    steps: Vec<Step>,
    standing: Option<Warning>,
    judged: usize,
    out: Vec<Outcome>,
}

impl Engine {
    /// What replays `warning`: it knows the reference and the parameters of now and has seen nothing.
    pub fn replayer(&self, warning: &Warning) -> Replayer {
        let models = self.models.everywhere();
        let (keep_ms, tracks_keep_ms) = (keep_ms(models), tracks_keep_ms(models));
        let order = match &warning.detail {
            Detail::WatchOrder { order, .. } => Some(order),
            _ => None,
        };
        let rule = match &warning.detail {
            Detail::Rule { rule, .. } => Some(rule),
            _ => None,
        };
        let mut engine = Engine {
            models: self.models.clone(),
            table: self.table.clone(),
            clock: Timestamp::default(),
            counts: Counts::default(),
            names: self.names.clone(),
            reference: self.reference.clone(),
            watch_orders: self.watch_orders.only(order, keep_ms, &self.table),
            rules: self.rules.only(rule),
            hidden_plates: HiddenPlates::new(models),
            device_alarms: DeviceAlarms { reports: Keyed::new(keep_ms) },
            discipline: Discipline::new(keep_ms),
            doubts: Doubts::new(keep_ms),
            lanes: Lanes::new(keep_ms, tracks_keep_ms),
        };
        engine.cover_all();
        Replayer {
            engine,
            target: warning.id,
            evidence: warning.evidence.iter().map(|observation| observation.id).collect(),
            warning: warning.clone(),
            steps: Vec::new(),
            standing: None,
            judged: 0,
            out: Vec::new(),
        }
    }
}

impl Replayer {
    /// From when on observations matter to the warning, by their time of receipt: its first evidence, and before it what
    /// its model looks back to; for some a whole day.
    pub fn from(&self) -> Timestamp {
        let earliest = |warning: &Warning| {
            warning.evidence.iter().map(|seen| seen.captured_at.min(seen.received_at)).min()
        };
        let evidence_at = earliest(&self.warning).unwrap_or(self.warning.occurred_at).plus_ms(-LOOK_BACK_MS);
        // What a day or a window showed as a whole, the last report before a silence included.
        let clone = &self.engine.models.everywhere().clone_plate.parameters;
        let clone_hours = clone.window_hours.value;
        let carried_ms = clone.carried_windows.value * clone_hours * domain::time::HOUR_MS;
        match self.warning.detail {
            Detail::TerminalSilent { .. } => evidence_at.min(self.warning.occurred_at.beijing_day().start()),
            Detail::ClonePlate { .. } => {
                let (window_from, _) = window_of(self.warning.occurred_at, clone_hours);
                evidence_at.min(window_from.plus_ms(-carried_ms))
            }
            _ => evidence_at,
        }
    }

    /// Until when observations matter to it, by their time of receipt.
    pub fn until(&self) -> Timestamp {
        self.warning.raised_at.plus_ms(LOOK_AHEAD_MS)
    }

    /// Judges an observation if it is about the subject.
    pub fn see(&mut self, observation: &Observation) {
        let Some((at, read_permille)) = self.concern(observation) else { return };
        self.judged += 1;
        self.step(&Entry::Observation(observation.clone()), Some(observation), at, read_permille);
    }

    /// Lets time pass until the end, and says what came of it.
    pub fn end(mut self) -> Replay {
        let end = self.until().plus_ms(LOOK_AHEAD_MS);
        self.step(&Entry::Reference(Box::new(ReferenceChange::Tick(end))), None, end, None);
        Replay { steps: self.steps, warning: self.standing, judged: self.judged }
    }

    fn step(
        &mut self,
        entry: &Entry,
        observation: Option<&Observation>,
        at: Timestamp,
        read_permille: Option<u16>,
    ) {
        self.out.clear();
        self.engine.apply(entry, &mut self.out);
        let mut change = Change::None;
        for outcome in self.out.drain(..) {
            match outcome {
                Outcome::Raise(warning) if warning.id == self.target => {
                    change = Change::Raised;
                    self.standing = Some(*warning);
                }
                Outcome::Revise(warning) if warning.id == self.target => {
                    change = Change::Revised;
                    self.standing = Some(*warning);
                }
                Outcome::Withdraw { id, .. } if id == self.target => {
                    change = Change::Withdrawn;
                    self.standing = None;
                }
                _ => {}
            }
        }
        let is_evidence = observation.is_some_and(|seen| self.evidence.contains(&seen.id));
        let is_telling = change != Change::None || is_evidence;
        if is_telling && self.steps.len() < STEPS_MAX {
            self.steps.push(Step { observation: observation.cloned(), at, read_permille, change });
        }
    }

    /// When it happened and how surely it is about the subject; `None` when it is about somebody else.
    fn concern(&self, observation: &Observation) -> Option<(Timestamp, Option<u16>)> {
        let is_evidence = self.evidence.contains(&observation.id);
        let subject = &self.warning.subject;
        match &observation.fact {
            Fact::Passage(passage) => {
                let sight = self.engine.ground().sight(observation, passage);
                let is_subject = subject.vehicle.is_some()
                    && sight.reading.map(|reading| reading.vehicle) == subject.vehicle;
                (is_subject || is_evidence).then(|| (sight.at, sight.reading.map(|reading| reading.permille)))
            }
            Fact::Position(position) => {
                let is_subject = is_evidence
                    || position.vehicle.is_some() && position.vehicle == subject.vehicle
                    || subject.device.as_ref() == Some(&observation.device);
                is_subject.then_some((observation.captured_at, None))
            }
            Fact::Alarm(alarm) => {
                let is_subject = is_evidence
                    || alarm.vehicle.is_some() && alarm.vehicle == subject.vehicle
                    || subject.device.as_ref() == Some(&observation.device);
                is_subject.then_some((observation.captured_at, None))
            }
        }
    }
}

/// Models look at most so far beyond what they name as evidence when it is whole; a week's driving time is not replayed.
const LOOK_BACK_MS: i64 = 2 * domain::time::HOUR_MS;
/// Deadlines of absences fire within this time.
const LOOK_AHEAD_MS: i64 = domain::time::HOUR_MS;
