//! What is to be done about an observation, as far as the reference and the observation alone tell: whom it is about, and
//! which models it may concern. Nothing remembered is looked at, so that it can be said beforehand, on any thread.

use crate::lane::Lane;
use crate::models::{Ground, Sight};
use crate::reading::{Known, Meant, Reader, Reading};
use crate::reference::File;
use domain::observation::Fact;
use domain::{Observation, Outcome, Passage, Timestamp, VehicleKey};

/// What is to be done about an observation.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// The lane of the vehicle that it is about, if models with memory of vehicles judge it.
    pub(crate) lane: Option<u8>,
    /// Whether [`Engine::before`] may have something to say.
    pub(crate) is_before: bool,
    /// Whether [`Engine::after`] may.
    pub(crate) is_after: bool,
    pub(crate) subject: Concerned,
    /// Who may be meant where the read is in doubt.
    pub(crate) meant: Meant,
}

/// Whom an observation is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Concerned {
    Passage(Glance),
    Vehicle(Option<VehicleKey>),
}

/// A [`Sight`] without what it borrows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Glance {
    at: Timestamp,
    uncertainty_ms: u32,
    is_clock_known: bool,
    reading: Option<Reading>,
    file: Option<File>,
}

impl Glance {
    pub(crate) fn of(sight: &Sight<'_>) -> Self {
        let Sight { at, uncertainty_ms, is_clock_known, reading, file, .. } = *sight;
        Self { at, uncertainty_ms, is_clock_known, reading, file }
    }
}

impl Seen {
    /// The passage as it is judged; `None` when it is none.
    pub(crate) fn sight<'a>(&self, observation: &'a Observation) -> Option<Sight<'a>> {
        let (Concerned::Passage(glance), Fact::Passage(passage)) = (&self.subject, &observation.fact) else {
            return None;
        };
        let Glance { at, uncertainty_ms, is_clock_known, reading, file } = *glance;
        Some(Sight { observation, passage, at, uncertainty_ms, is_clock_known, reading, file })
    }

    /// The vehicle whose track it comes to, as far as is known beforehand.
    pub(crate) fn vehicle(&self) -> Option<VehicleKey> {
        match &self.subject {
            Concerned::Passage(glance) => glance.reading.map(|reading| reading.vehicle),
            Concerned::Vehicle(vehicle) => *vehicle,
        }
    }

    /// Whether it is taken for a vehicle of which the register can't know.
    pub(crate) fn is_stranger(&self) -> bool {
        match &self.subject {
            Concerned::Passage(glance) => glance.reading.is_some_and(|read| read.known == Known::Foreign),
            Concerned::Vehicle(_) => false,
        }
    }

    /// Lets the lane judge it.
    pub(crate) fn judge(
        &self,
        observation: &Observation,
        lane: &mut Lane,
        ground: Ground<'_>,
        clock: Timestamp,
        out: &mut Vec<Outcome>,
    ) {
        if let Some(sight) = self.sight(observation) {
            lane.judge_passage(&sight, ground, clock, out);
        } else if let Some(vehicle) = self.vehicle() {
            lane.judge_position(observation, vehicle, ground, clock, out);
        }
    }
}

impl Ground<'_> {
    /// A passage as it is judged: its time set right, its read weighed.
    pub(crate) fn sight<'a>(self, observation: &'a Observation, passage: &'a Passage) -> Sight<'a> {
        let Self { reference, table, .. } = self;
        let (device, captured_at) = (&observation.device, observation.captured_at);
        let learned = reference.calibration(device, captured_at);
        let clock = learned.map(|learned| learned.clock).unwrap_or_default();
        let at = captured_at.plus_ms(-clock.ahead_ms);
        let reader = Reader { reference, table, parameters: &self.tuned.everywhere().reading };
        let reading = reader.read(passage, at, learned.and_then(|learned| learned.misread));
        let file = reading.and_then(|reading| reference.file(reading.vehicle, table)).copied();
        Sight {
            observation,
            passage,
            at,
            uncertainty_ms: clock.uncertainty_ms,
            is_clock_known: learned.is_some(),
            reading,
            file,
        }
    }

    /// Who may be meant by a read that is in doubt.
    pub(crate) fn meant(self, sight: &Sight<'_>) -> Meant {
        let Self { reference, table, .. } = self;
        let learned = reference.calibration(&sight.observation.device, sight.observation.captured_at);
        let reader = Reader { reference, table, parameters: &self.tuned.everywhere().reading };
        reader.meant(sight.passage, sight.at, learned.and_then(|learned| learned.misread))
    }
}
