//! State by key that forgets itself: a hash map whose entries retire when the clock has left them behind.

use crate::deadlines::{BUCKET_MS, Deadlines};
use crate::parameters::ModelParameters;
use domain::Timestamp;
use rustc_hash::FxHashMap;
use std::hash::Hash;

/// State of one key that can forget what is old.
pub(crate) trait Aging: Default {
    /// The oldest moment that it remembers; `None` when it remembers nothing.
    fn oldest_at(&self) -> Option<Timestamp>;
    /// Forgets what lies before `cutoff`; it may keep more.
    fn forget_before(&mut self, cutoff: Timestamp, models: &ModelParameters);
    /// How many things it remembers.
    fn size(&self) -> usize;
}

/// Keyed state. Never iterated but sorted, so that hash order can't reach a result.
#[derive(Clone, Debug)]
pub(crate) struct Keyed<K, S> {
    states: FxHashMap<K, S>,
    deadlines: Deadlines<K>,
    /// How long after it happened a thing is remembered, in milliseconds.
    keep_ms: i64,
    /// How many things all states remember.
    size: usize,
}

impl<K: Copy + Ord + Hash, S: Aging> Keyed<K, S> {
    pub(crate) fn new(keep_ms: i64) -> Self {
        Self { states: FxHashMap::default(), deadlines: Deadlines::default(), keep_ms, size: 0 }
    }

    /// The state of `key`, made when there is none; it will remember something of `at`.
    pub(crate) fn state_mut(&mut self, key: K, at: Timestamp) -> &mut S {
        let (deadlines, keep_ms) = (&mut self.deadlines, self.keep_ms);
        self.states.entry(key).or_insert_with(|| {
            deadlines.arm(at.plus_ms(keep_ms), key);
            S::default()
        })
    }

    /// Counts one more thing that a state remembers.
    pub(crate) fn grown(&mut self) {
        self.size += 1;
    }

    /// Lets the states that are due forget; those that remember nothing more are dropped.
    pub(crate) fn retire(&mut self, clock: Timestamp, models: &ModelParameters) {
        while let Some(keys) = self.deadlines.take_due(clock) {
            for key in keys {
                let Some(state) = self.states.get_mut(&key) else { continue };
                let before = state.size();
                state.forget_before(clock.plus_ms(-self.keep_ms), models);
                self.size = (self.size + state.size()).saturating_sub(before);
                match state.oldest_at() {
                    // What is kept beyond its time is looked at again in the next bucket, not in this loop.
                    Some(oldest) => {
                        let next = oldest.plus_ms(self.keep_ms).max(clock.plus_ms(BUCKET_MS));
                        self.deadlines.arm(next, key);
                    }
                    None => {
                        self.states.remove(&key);
                    }
                }
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.states.len()
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn armed_count(&self) -> usize {
        self.deadlines.armed_count()
    }

    /// All states by ascending key.
    pub(crate) fn sorted(&self) -> Vec<(&K, &S)> {
        #[expect(clippy::iter_over_hash_type, reason = "sorted at once")]
        fn collect<K, S>(states: &FxHashMap<K, S>) -> Vec<(&K, &S)> {
            let mut all = Vec::with_capacity(states.len());
            for pair in states {
                all.push(pair);
            }
            all
        }
        let mut all = collect(&self.states);
        all.sort_unstable_by_key(|(key, _)| **key);
        all
    }

    /// The states of a snapshot; their deadlines are armed anew.
    pub(crate) fn restored(states: Vec<(K, S)>, keep_ms: i64) -> Self {
        let mut keyed = Self::new(keep_ms);
        for (key, state) in states {
            let oldest = state.oldest_at().unwrap_or_default();
            keyed.deadlines.arm(oldest.plus_ms(keep_ms), key);
            keyed.size += state.size();
            keyed.states.insert(key, state);
        }
        keyed
    }
}
