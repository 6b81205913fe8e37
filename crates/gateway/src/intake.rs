//! The one way into the journal. Returns only when the observations are durable, so that the caller may answer its device.

use crate::clock::Clock;
use domain::{Entry, Observation, ObservationId, PictureId};
use journal::{AppendError, Batch, Journal, Offset};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Why observations were not taken. The device keeps them and sends them again.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The disk is full or the queue is; nothing was taken.
    #[error("the journal takes nothing now")]
    Journal(#[source] AppendError),
}

/// The way into the journal, shared by all listeners.
#[derive(Clone)]
pub struct Intake {
    observations: Arc<Journal>,
    pictures: Arc<Journal>,
    recent: Arc<Mutex<RecentIds>>,
    clock: Clock,
}

impl Intake {
    /// `observations` holds the entries, `pictures` the pictures; `recent_ids_max` identities are remembered.
    ///
    /// The journal of pictures must take a picture of [`Limits::camera_picture_bytes_max`](crate::Limits) as one record, and
    /// what is embedded in a body of `camera_body_bytes_max` (three quarters of it) as one group; the default options of a
    /// journal do for observations.
    pub fn new(
        observations: Arc<Journal>,
        pictures: Arc<Journal>,
        clock: Clock,
        recent_ids_max: usize,
    ) -> Self {
        Self { observations, pictures, recent: Arc::new(Mutex::new(RecentIds::new(recent_ids_max))), clock }
    }

    /// The clock by which `received_at` is set.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Remembers an observation that is in the journal already; called with the journal's tail at the start.
    pub fn remember(&self, id: ObservationId) {
        self.lock_recent().insert(id);
    }

    /// Whether the journal holds an observation already, as far back as identities are remembered.
    pub fn is_held(&self, id: ObservationId) -> bool {
        self.lock_recent().contains(id)
    }

    /// Makes observations durable. Those that the journal holds already are counted and left out: devices repeat what was
    /// not answered in time.
    pub async fn store(&self, observations: Vec<Observation>) -> Result<(), IntakeError> {
        let fresh = self.without_repeats(observations);
        let ids: Vec<_> = fresh.iter().map(|observation| observation.id).collect();
        let mut batch = Batch::new();
        for observation in fresh {
            let entry = Entry::Observation(observation);
            batch.push_with(|out| codec::encode(&entry, out));
        }
        if batch.is_empty() {
            return Ok(());
        }
        // In a task of its own: who asked may go away meanwhile, and what was stored must be remembered all the same.
        let intake = self.clone();
        let storing = tokio::spawn(async move {
            intake.observations.append(batch).await?;
            let mut recent = intake.lock_recent();
            for id in ids {
                recent.insert(id);
            }
            Ok(())
        });
        let stored = storing.await.unwrap_or_else(|error| {
            tracing::error!(%error, "storing observations failed");
            Err(AppendError::Stopped { reason: "storing was cut off".into() })
        });
        stored.map_err(IntakeError::Journal)
    }

    /// Makes pictures durable; their identities in the same order.
    pub async fn store_pictures(&self, pictures: &[impl AsRef<[u8]>]) -> Result<Vec<PictureId>, IntakeError> {
        if pictures.is_empty() {
            return Ok(Vec::new());
        }
        let batch: Batch = pictures.iter().collect();
        let appended = self.pictures.append(batch).await.map_err(IntakeError::Journal)?;
        Ok(appended.batch.iter().map(|(offset, _)| picture_id(offset)).collect())
    }

    fn without_repeats(&self, mut observations: Vec<Observation>) -> Vec<Observation> {
        let count = observations.len();
        let mut of_these = HashSet::with_capacity(count);
        let recent = self.lock_recent();
        observations.retain(|Observation { id, .. }| !recent.contains(*id) && of_these.insert(*id));
        drop(recent);
        metrics::counter!("anchang_repeats_total").increment((count - observations.len()) as u64);
        observations
    }

    fn lock_recent(&self) -> std::sync::MutexGuard<'_, RecentIds> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The identity of the picture at `offset` of the picture journal.
pub fn picture_id(offset: Offset) -> PictureId {
    PictureId::from(format!("j{}", offset.get()).as_str())
}

/// Identities of the newest observations: two generations, the older dropped whole when the newer is full.
struct RecentIds {
    newer: HashSet<ObservationId>,
    older: HashSet<ObservationId>,
    generation_max: usize,
}

impl RecentIds {
    fn new(ids_max: usize) -> Self {
        Self { newer: HashSet::new(), older: HashSet::new(), generation_max: (ids_max / 2).max(1) }
    }

    fn contains(&self, id: ObservationId) -> bool {
        self.newer.contains(&id) || self.older.contains(&id)
    }

    fn insert(&mut self, id: ObservationId) {
        if self.newer.len() >= self.generation_max {
            std::mem::swap(&mut self.newer, &mut self.older);
            // Keeps its memory: the next generation grows to the same size.
            self.newer.clear();
        }
        self.newer.insert(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_half_at_least_is_remembered_and_the_rest_is_bounded() {
        let mut recent = RecentIds::new(100);
        for n in 0..1_000 {
            recent.insert(ObservationId(n));
        }
        assert!((950..1_000).all(|n| recent.contains(ObservationId(n))));
        assert!(!recent.contains(ObservationId(800)));
        assert!(recent.newer.len() + recent.older.len() <= 100);
    }
}
