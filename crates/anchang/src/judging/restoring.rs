//! Going on after a restart: the engine from the newest snapshot that can be used, and what a snapshot leaves to the journal.

use super::{BATCH_BYTES_MAX, Fold};
use crate::replaying::Times;
use crate::snapshot::{Opened, Restored};
use domain::{Entry, Fact};
use journal::{Batch, Offset, ReadError};
use judgement::{Engine, Part};

impl Fold {
    /// Puts the engine and the reader where the newest usable snapshot says, or at the beginning.
    pub(super) fn restore(&mut self) -> Option<Opened> {
        // One that is being written may be the newest.
        let ended = self.keeper.wait();
        self.note(ended);
        let end = self.app().observations.end().get();
        let shelf = self.keeper.shelf().clone();
        let found = shelf.all().find_map(|mut opened| {
            let place = opened.place;
            let refused = if place.fingerprint != self.task.fingerprint {
                "the models' parameters have changed".to_owned()
            } else if place.next > end {
                "it is of another journal".to_owned()
            } else if place.next > self.stored_up_to {
                "it is of other records".to_owned()
            } else {
                match opened.restore(self.task.parameters.clone()) {
                    Ok(restored) if self.restore_beside(&restored.beside) => return Some((opened, restored)),
                    Ok(_) => "what was learned is not in it, or of another version".to_owned(),
                    Err(error) => error.to_string(),
                }
            };
            tracing::warn!(place = place.next, reason = refused, "left a snapshot out");
            None
        });
        if found.is_none() {
            self.learning.forget();
            self.times = Times::default();
        }
        let (opened, restored) = found.unzip();
        self.snapshot_place = opened.as_ref().map(|opened| opened.place.next);
        let place = self.snapshot_place.unwrap_or(0);
        let from = if opened.is_some() { "a snapshot" } else { "the journal's beginning" };
        let Restored { engine, migrated, .. } = restored.unwrap_or_else(|| Restored {
            engine: Engine::new(self.task.parameters.clone()),
            migrated: Vec::new(),
            beside: Vec::new(),
        });
        let migrated: Vec<_> = migrated.iter().map(ToString::to_string).collect();
        tracing::info!(
            place,
            from,
            end,
            cursor = self.stored_up_to,
            migrated = migrated.join(", "),
            "judging begins"
        );
        self.engine = engine;
        self.outcomes.clear();
        self.reader = self.app().observations.reader(Offset::new(place));
        opened
    }

    /// Takes what was folded beside the engine; `false` when what was learned is missing.
    fn restore_beside(&mut self, parts: &[Part]) -> bool {
        self.times = parts.iter().find_map(Times::of_part).unwrap_or_default();
        parts.iter().any(|part| self.learning.restore(part))
    }

    /// Brings back what a snapshot leaves to the journal: the list of recent passages, and the identities by which the
    /// intake knows repeats. What can't be read is not worth stopping for.
    pub(super) fn recall(&self, from: u64, to: u64) {
        let mut reader = self.app().observations.reader(Offset::new(from));
        let mut batch = Batch::new();
        while reader.position().get() < to && !self.is_asked_to_end() {
            match reader.read_batch(BATCH_BYTES_MAX, &mut batch) {
                Ok(0) => break,
                Ok(_) => {}
                Err(ReadError::Expired { first, .. }) => {
                    reader = self.app().observations.reader(first);
                    continue;
                }
                Err(error) => {
                    tracing::warn!(%error, "could not recall recent passages");
                    break;
                }
            }
            for (offset, bytes) in batch.iter().take_while(|(offset, _)| offset.get() < to) {
                if let Ok(Entry::Observation(observation)) = codec::decode(bytes)
                    && !observation.is_from_file()
                {
                    self.task.intake.remember(observation.id);
                    if matches!(observation.fact, Fact::Passage(_)) {
                        self.app().board.recall(offset.get(), observation);
                    }
                }
            }
        }
    }
}
