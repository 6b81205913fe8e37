//! The month as the journal's entries: the reference first, then observations in the order in which they reached the
//! platform, ticks when nothing comes, and what the learner and the officers say, put in where they say it.

use crate::world::World;
use domain::time::{HOUR_MS, SECOND_MS};
use domain::{Entry, Observation, ReferenceChange, Timestamp};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Observations are made for so long at once.
const WINDOW_MS: i64 = HOUR_MS;
/// A tick comes when nothing else did for so long.
const TICK_MS: i64 = 10 * SECOND_MS;
/// Ticks go on for so long after the month, so that what waits for a deadline comes to it.
const AFTER_MS: i64 = 12 * HOUR_MS;

/// An observation that waits for its time.
struct Late(Observation);

impl Late {
    fn order(&self) -> (Timestamp, u128) {
        (self.0.received_at, self.0.id.0)
    }
}

impl PartialEq for Late {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl Eq for Late {}

impl PartialOrd for Late {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Late {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

/// The entries of a month, one by one.
pub struct Stream<'w> {
    world: &'w World,
    /// What comes before anything else: the reference, then whatever was put in.
    first: VecDeque<Entry>,
    /// Of the window that is under way, in order.
    window: std::vec::IntoIter<Observation>,
    /// Of windows made before and received later.
    late: BinaryHeap<Reverse<Late>>,
    /// Where the next window begins, and where the last ends.
    next_ms: i64,
    end_ms: i64,
    clock: Timestamp,
}

impl<'w> Stream<'w> {
    /// The entries of the world's whole time.
    pub fn new(world: &'w World) -> Self {
        let (from, to) = world.window();
        let reference = world.reference().into_iter().map(|change| Entry::Reference(Box::new(change)));
        Self {
            world,
            first: reference.collect(),
            window: Vec::new().into_iter(),
            late: BinaryHeap::new(),
            next_ms: from.unix_ms(),
            end_ms: to.unix_ms(),
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

    /// Observations that wait because they come late.
    pub fn late_count(&self) -> usize {
        self.late.len()
    }

    fn make_window(&mut self) {
        let from_ms = self.next_ms;
        let to_ms = (from_ms + WINDOW_MS).min(self.end_ms);
        self.next_ms = to_ms;
        let mut on_time = Vec::new();
        for observation in self.world.observations(from_ms, to_ms) {
            if observation.received_at.unix_ms() < to_ms {
                on_time.push(observation);
            } else {
                self.late.push(Reverse(Late(observation)));
            }
        }
        on_time.sort_unstable_by_key(|observation| (observation.received_at, observation.id));
        self.window = on_time.into_iter();
    }

    /// When the next observation is received; makes windows until it is known.
    fn next_received_at(&mut self) -> Option<Timestamp> {
        loop {
            let in_window = self.window.as_slice().first().map(|observation| observation.received_at);
            let late = self.late.peek().map(|Reverse(late)| late.0.received_at);
            // A window that is not made yet may hold an earlier one than the earliest late one.
            let known =
                in_window.or(late.filter(|at| self.next_ms >= self.end_ms || at.unix_ms() < self.next_ms));
            match known {
                Some(_) => return [in_window, late].into_iter().flatten().min(),
                None if self.next_ms >= self.end_ms => return None,
                None => self.make_window(),
            }
        }
    }

    fn take(&mut self) -> Option<Observation> {
        let in_window = self.window.as_slice().first().map(|one| (one.received_at, one.id.0));
        let late = self.late.peek().map(|Reverse(late)| late.order());
        match (in_window, late) {
            (Some(on_time), Some(late)) if late < on_time => self.late.pop().map(|Reverse(late)| late.0),
            (Some(_), _) => self.window.next(),
            (None, _) => self.late.pop().map(|Reverse(late)| late.0),
        }
    }
}

impl Iterator for Stream<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        if let Some(entry) = self.first.pop_front() {
            return Some(entry);
        }
        let next_at = self.next_received_at();
        let until = next_at.unwrap_or(Timestamp::from_unix_ms(self.end_ms + AFTER_MS).max(self.clock));
        let tick = self.clock.plus_ms(TICK_MS);
        if tick < until {
            self.clock = tick;
            return Some(Entry::Reference(Box::new(ReferenceChange::Tick(tick))));
        }
        let observation = self.take()?;
        self.clock = self.clock.max(observation.received_at);
        Some(Entry::Observation(observation))
    }
}
