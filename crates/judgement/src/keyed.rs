//! State by key that forgets itself: a hash map whose entries retire when the clock has left them behind.

use crate::deadlines::{BUCKET_MS, Deadlines};
use crate::parameters::ModelParameters;
use crate::shards::{FrozenMap, Shards};
use domain::Timestamp;
use std::hash::Hash;

/// State of one key that can forget what is old.
pub(crate) trait Aging: Clone + Default {
    /// The oldest moment that it remembers; `None` when it remembers nothing.
    fn oldest_at(&self) -> Option<Timestamp>;
    /// Forgets what lies before `cutoff`; it may keep more.
    fn forget_before(&mut self, cutoff: Timestamp, models: &ModelParameters);
    /// How many things it remembers.
    fn size(&self) -> usize;
}

/// Keyed state.
#[derive(Clone, Debug)]
pub(crate) struct Keyed<K, S> {
    states: Shards<K, S>,
    deadlines: Deadlines<K>,
    /// How long after it happened a thing is remembered, in milliseconds.
    keep_ms: i64,
    /// How many things all states remember.
    size: usize,
}

impl<K: Copy + Ord + Hash, S: Aging> Keyed<K, S> {
    pub(crate) fn new(keep_ms: i64) -> Self {
        Self { states: Shards::default(), deadlines: Deadlines::default(), keep_ms, size: 0 }
    }

    /// As [`Self::new`], in fewer shards: one of many.
    pub(crate) fn of_lane(keep_ms: i64) -> Self {
        Self { states: Shards::of_lane(), ..Self::new(keep_ms) }
    }

    /// How long after it happened a thing is remembered, in milliseconds.
    pub(crate) fn keep_ms(&self) -> i64 {
        self.keep_ms
    }

    /// When the earliest deadline is due.
    pub(crate) fn first_due_at(&self) -> Option<Timestamp> {
        self.deadlines.first_due_at()
    }

    pub(crate) fn deadlines_mut(&mut self) -> &mut Deadlines<K> {
        &mut self.deadlines
    }

    /// Takes states out, to be put elsewhere; their deadlines stay.
    pub(crate) fn take_if(&mut self, is_taken: impl Fn(&K) -> bool) -> Vec<(K, S)> {
        let taken = self.states.take_if(is_taken);
        self.size -= taken.iter().map(|(_, state)| state.size()).sum::<usize>();
        taken
    }

    /// Takes a state in that was taken out elsewhere.
    pub(crate) fn put(&mut self, key: K, state: S) {
        self.size += state.size();
        self.states.insert(key, state);
    }

    /// The state of `key`, made when there is none; it will remember something of `at`.
    pub(crate) fn state_mut(&mut self, key: K, at: Timestamp) -> &mut S {
        let (deadlines, keep_ms) = (&mut self.deadlines, self.keep_ms);
        let mut is_new = false;
        let state = self.states.get_or_insert_with(key, || {
            is_new = true;
            S::default()
        });
        // What comes late has its own deadline: when it is forgotten doesn't depend on the order of arrival.
        if is_new || state.oldest_at().is_some_and(|oldest| at < oldest) {
            deadlines.arm(at.plus_ms(keep_ms), key);
        }
        state
    }

    /// The state of `key`, if there is one.
    pub(crate) fn get(&self, key: &K) -> Option<&S> {
        self.states.get(key)
    }

    /// The state of a key that has one; nothing new may be remembered in it.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut S> {
        self.states.get_mut(key)
    }

    /// Counts things that a state no longer remembers.
    pub(crate) fn shrunk(&mut self, count: usize) {
        self.size = self.size.saturating_sub(count);
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

    /// The states as they are now. Deadlines follow from them, see [`Self::restore`].
    pub(crate) fn freeze(&self) -> FrozenMap<K, S> {
        self.states.freeze()
    }

    /// Takes states of a snapshot back and arms their deadlines anew.
    pub(crate) fn restore(&mut self, states: Vec<(K, S)>) {
        for (key, state) in states {
            let oldest = state.oldest_at().unwrap_or_default();
            self.deadlines.arm(oldest.plus_ms(self.keep_ms), key);
            self.size += state.size();
            self.states.insert(key, state);
        }
    }
}
