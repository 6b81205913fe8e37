//! Tracks: the passages of one vehicle, by the time at which they happened. What all models that look at several passages
//! of a vehicle are judged by.

use crate::held::{Held, Inserted};
use crate::keyed::Aging;
use crate::models::Sight;
use crate::parameters::ModelParameters;
use crate::reading::{Known, Look, Reading};
use crate::settle::Standing;
use domain::Timestamp;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Most passages kept of one vehicle; with a camera every minute this is a day. A plate that is read more often is a
/// fault, and its further passages are counted and not judged.
pub(crate) const VISITS_MAX: usize = 1_440;

/// One passage of a vehicle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Visit {
    pub(crate) held: Held,
    /// When it happened: the camera's time without the error of its clock.
    pub(crate) at: Timestamp,
    /// How far `at` may be wrong.
    pub(crate) uncertainty_ms: u32,
    /// How sure it was this vehicle, at most 1000.
    pub(crate) permille: u16,
    pub(crate) is_as_read: bool,
    pub(crate) look: Look,
    /// Whether anything was learned of the camera's clock.
    pub(crate) is_clock_known: bool,
    /// Whether another visit was found that one vehicle can't have made as well.
    pub(crate) is_disputed: bool,
}

impl Visit {
    pub(crate) fn new(held: Held, sight: &Sight<'_>, reading: &Reading) -> Self {
        Self {
            held,
            at: sight.at,
            uncertainty_ms: sight.uncertainty_ms,
            is_clock_known: sight.is_clock_known,
            is_disputed: false,
            permille: reading.permille,
            is_as_read: reading.is_as_read,
            look: reading.look,
        }
    }

    /// The number of its checkpoint.
    pub(crate) fn place(&self) -> u32 {
        self.held.place
    }
}

/// The passages of one vehicle, and the warnings that stand about them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Track {
    /// By time; the identity breaks ties, so that the order never depends on that of arrival.
    visits: Vec<Visit>,
    pub(crate) standing: Vec<Standing>,
    pub(crate) known: Known,
}

impl Track {
    pub(crate) fn visits(&self) -> &[Visit] {
        &self.visits
    }

    /// The visits from one time to another, both included.
    pub(crate) fn range(&self, from: Timestamp, to: Timestamp) -> Range<usize> {
        self.visits.partition_point(|visit| visit.at < from)
            ..self.visits.partition_point(|visit| visit.at <= to)
    }

    /// Marks visits that can't all be of one vehicle.
    pub(crate) fn dispute(&mut self, indices: &[usize]) {
        for index in indices {
            self.visits[*index].is_disputed = true;
        }
    }

    /// Takes a visit in; of several copies of one passage the one that reached us first counts.
    pub(crate) fn insert(&mut self, visit: Visit) -> Inserted {
        let order = |visit: &Visit| (visit.at, visit.held.id);
        // What was learned of the clock between two copies may put them at different times.
        if let Some(index) = self.visits.iter().position(|other| other.held.id == visit.held.id) {
            if !visit.held.is_better_copy_than(&self.visits[index].held) {
                return Inserted::Duplicate;
            }
            let at = self.visits[index].at;
            self.visits[index] = Visit { at, ..visit };
            return Inserted::BetterCopy(index);
        }
        let index = self.visits.partition_point(|other| order(other) < order(&visit));
        // Most vehicles keep one or two: grow by what is needed, not by powers of two, while it is short.
        if self.visits.len() < 8 {
            self.visits.reserve_exact(1);
        }
        self.visits.insert(index, visit);
        Inserted::New(index)
    }
}

impl Aging for Track {
    fn oldest_at(&self) -> Option<Timestamp> {
        self.visits.first().map(|visit| visit.at)
    }

    fn forget_before(&mut self, cutoff: Timestamp, _: &ModelParameters) {
        self.visits.drain(..self.visits.partition_point(|visit| visit.at < cutoff));
        self.standing.retain(|warning| warning.anchor >= cutoff);
    }

    fn size(&self) -> usize {
        self.visits.len()
    }
}
