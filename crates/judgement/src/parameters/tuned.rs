//! The models' parameters after what users tuned: for the whole county, and by place, time and vehicle class.

use super::ModelParameters;
use domain::{CheckpointId, KeyClass, Scope, Theatre, Timestamp, Tuning, TuningId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where, when and on whom something is judged: what a tuning's scope is compared with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Situation<'a> {
    pub(crate) checkpoint: Option<&'a CheckpointId>,
    pub(crate) theatre: Option<Theatre>,
    pub(crate) at: Timestamp,
    pub(crate) key_class: Option<KeyClass>,
}

impl Situation<'_> {
    fn is_in(&self, scope: &Scope) -> bool {
        scope.holds(self.checkpoint, self.theatre, self.at, self.key_class)
    }
}

/// The parameters of the file, and what tunings make of them.
#[derive(Clone, Debug)]
pub(crate) struct TunedModels {
    file: Arc<ModelParameters>,
    tunings: BTreeMap<TuningId, Tuning>,
    /// Whether a model is at work anywhere that looks at where a vehicle has been.
    keeps_tracks: bool,
    /// With the tunings for the whole county.
    everywhere: Arc<ModelParameters>,
    /// For each set of restricted tunings that hold together somewhere, by their places in `restricted`.
    combined: BTreeMap<u64, Arc<ModelParameters>>,
    /// Tunings with a scope, by identity; at most [`RESTRICTED_MAX`] are heeded.
    restricted: Vec<Tuning>,
}

/// Most tunings with a scope: their combinations are numbered by bits.
const RESTRICTED_MAX: usize = 64;
/// Most combinations kept ready; beyond it only the first tuning of the situation holds.
const COMBINED_MAX: usize = 256;

impl TunedModels {
    pub(crate) fn new(file: Box<ModelParameters>) -> Self {
        let file = Arc::<ModelParameters>::from(file);
        let (everywhere, keeps_tracks) = (file.clone(), file.looks_at_tracks());
        let (tunings, combined, restricted) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        Self { file, tunings, keeps_tracks, everywhere, combined, restricted }
    }

    /// Whether a model is at work anywhere that looks at where a vehicle has been.
    pub(crate) fn keeps_tracks(&self) -> bool {
        self.keeps_tracks
    }

    /// Takes the tunings of a snapshot back.
    pub(crate) fn restore(&mut self, tunings: Vec<Tuning>) {
        self.tunings = tunings.into_iter().map(|tuning| (tuning.id.clone(), tuning)).collect();
        self.build();
    }

    pub(crate) fn tunings(&self) -> Vec<&Tuning> {
        self.tunings.values().collect()
    }

    pub(crate) fn put(&mut self, tuning: Tuning) {
        self.tunings.insert(tuning.id.clone(), tuning);
        self.build();
    }

    pub(crate) fn remove(&mut self, id: &TuningId) {
        self.tunings.remove(id);
        self.build();
    }

    /// The parameters for the whole county.
    pub(crate) fn everywhere(&self) -> &ModelParameters {
        &self.everywhere
    }

    /// The parameters that hold in a situation, which is only made when it matters.
    pub(crate) fn at<'s>(&self, situation: impl FnOnce() -> Situation<'s>) -> &ModelParameters {
        if self.restricted.is_empty() {
            return &self.everywhere;
        }
        let situation = situation();
        let holding = self.restricted.iter().enumerate().filter(|(_, tuning)| situation.is_in(&tuning.scope));
        let key = holding.fold(0u64, |key, (bit, _)| key | 1 << bit);
        let of_first = || self.combined.get(&(key & key.wrapping_neg()));
        self.combined.get(&key).or_else(of_first).unwrap_or(&self.everywhere)
    }

    /// A tuning that this program does not understand (of a later version, say) is left out: it was checked when it was
    /// made, so its absence is a matter of the program and not of the person.
    fn build(&mut self) {
        self.everywhere = self.file.clone();
        self.restricted.clear();
        self.combined.clear();
        for tuning in self.tunings.values() {
            if !tuning.scope.is_everywhere() {
                if self.restricted.len() < RESTRICTED_MAX {
                    self.restricted.push(tuning.clone());
                }
                continue;
            }
            let mut tuned = self.everywhere.as_ref().clone();
            if tuned.tune(tuning).is_ok() {
                self.everywhere = Arc::new(tuned);
            }
        }
        let mut combined = BTreeMap::from([(0, self.everywhere.clone())]);
        // Singles first, so that each has its own entry whatever the bound cuts off.
        for (bit, tuning) in self.restricted.iter().enumerate() {
            let mut tuned = self.everywhere.as_ref().clone();
            if tuned.tune(tuning).is_ok() {
                combined.insert(1 << bit, Arc::new(tuned));
            }
        }
        for (bit, tuning) in self.restricted.iter().enumerate() {
            let others: Vec<u64> =
                combined.keys().copied().filter(|key| key >> bit == 0 && *key != 0).collect();
            for key in others {
                if combined.len() >= COMBINED_MAX {
                    break;
                }
                let mut tuned = combined.get(&key).unwrap_or(&self.everywhere).as_ref().clone();
                if tuned.tune(tuning).is_ok() {
                    combined.insert(key | 1 << bit, Arc::new(tuned));
                }
            }
        }
        self.keeps_tracks = combined.values().any(|models| models.looks_at_tracks());
        self.combined = combined;
    }
}
