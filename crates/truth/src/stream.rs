//! The month as the journal's entries: the reference first, then observations in the order in which they reached the
//! platform, ticks when nothing comes, and what the learner and the officers say, put in where they say it.

use crate::world::World;
use domain::time::{HOUR_MS, SECOND_MS};
use domain::{Entry, Observation, ReferenceChange, Timestamp};
use std::collections::VecDeque;

/// Observations are made for so long at once.
const WINDOW_MS: i64 = HOUR_MS;
/// A tick comes when nothing else did for so long.
const TICK_MS: i64 = 10 * SECOND_MS;

/// The entries of a month, one by one.
pub struct Stream<'w> {
    world: &'w World,
    /// What comes before anything else: the reference, then whatever was put in.
    first: VecDeque<Entry>,
    /// Of the window that is under way.
    window: std::vec::IntoIter<Observation>,
    /// Where the next window begins.
    next_ms: i64,
    clock: Timestamp,
}

impl<'w> Stream<'w> {
    /// The entries of the world's whole time.
    pub fn new(world: &'w World) -> Self {
        let from = world.begin();
        let reference = world.reference().into_iter().map(|change| Entry::Reference(Box::new(change)));
        Self {
            world,
            first: reference.collect(),
            window: Vec::new().into_iter(),
            next_ms: from.unix_ms(),
            clock: from,
        }
    }

    /// Puts changes in front of what comes next.
    pub fn put(&mut self, changes: Vec<ReferenceChange>) {
        self.first.extend(changes.into_iter().map(|change| Entry::Reference(Box::new(change))));
    }

    /// The platform's clock: of the last observation or tick given.
    pub fn clock(&self) -> Timestamp {
        self.clock
    }

    /// When the next observation is received; makes windows until there is one. `None` after the last.
    fn next_received_at(&mut self) -> Option<Timestamp> {
        let end_ms = self.world.end().unix_ms();
        while self.window.as_slice().is_empty() && self.next_ms < end_ms {
            let to_ms = (self.next_ms + WINDOW_MS).min(end_ms);
            self.window = self.world.received(self.next_ms, to_ms).into_iter();
            self.next_ms = to_ms;
        }
        self.window.as_slice().first().map(|observation| observation.received_at)
    }
}

impl Iterator for Stream<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        if let Some(entry) = self.first.pop_front() {
            return Some(entry);
        }
        let next_at = self.next_received_at().unwrap_or(self.world.end());
        let tick = self.clock.plus_ms(TICK_MS);
        if tick < next_at {
            self.clock = tick;
            return Some(Entry::Reference(Box::new(ReferenceChange::Tick(tick))));
        }
        let observation = self.window.next()?;
        self.clock = self.clock.max(observation.received_at);
        Some(Entry::Observation(observation))
    }
}
