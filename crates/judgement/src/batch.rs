//! Many entries at once, on as many threads as the caller has: the same outcomes in the same order as one by one.
//!
//! A *run* of observations within one minute of the clock, in which nothing is changed that all are judged against, is
//! done in three steps. First all are *seen*: whom each is about follows from the reference and the observation alone, so
//! that parts of the run can be seen beside one another. Then the *lanes* (`lane.rs`) are judged beside one another, each
//! with its observations in their order. Then, on one thread, what was said is put in the order of the entries, with
//! what concerns all vehicles together before and behind it, and marked. What lies between two runs is applied one by one.
//!
//! The threads are the caller's: it is given [`Share`]s and runs them as it likes. Also on one thread this is faster than
//! one by one, since memory that is going to be needed is asked for ahead, for many observations at a time.

use crate::engine::{Counts, Engine, bucket_of};
use crate::lane::{LANES, Lane};
use crate::models::Ground;
use crate::seen::Seen;
use domain::{Entry, Fact, Observation, Outcome, Timestamp};
use std::cmp::Reverse;
use std::hint::black_box;

/// Observations in a run at most: bounds what is kept in between.
const RUN_MAX: usize = 8_192;
/// A shorter run is applied one by one.
const RUN_MIN: usize = 8;
/// A shorter run is one share: to wake a thread takes as long as to judge some dozens.
const SHARED_MIN: usize = 128;
/// For so many observations memory is asked for at a time: more than a core can wait for at once, less than its cache.
const AHEAD: usize = 32;

/// A part of the work on a run. The shares of one call can be run in any order and on any threads.
#[expect(missing_debug_implementations, reason = "a closure")]
pub struct Share<'b>(Box<dyn FnOnce() + Send + 'b>);

impl Share<'_> {
    /// Does the work.
    pub fn run(self) {
        (self.0)();
    }
}

/// What was said in one lane.
#[derive(Default)]
struct SaidInLane {
    outcomes: Vec<Outcome>,
    /// By place in the run, those that led to outcomes, each with how many.
    counts: Vec<(u32, usize)>,
}

/// Observations that are judged together.
struct Run<'e> {
    observations: Vec<&'e Observation>,
    /// The engine's clock at each of them.
    clocks: Vec<Timestamp>,
    share_count: usize,
}

/// Runs all shares that it is given, and returns when they were run.
type Crew<'c> = dyn FnMut(Vec<Share<'_>>) + 'c;

impl Engine {
    /// Applies entries as [`Self::apply`] does one by one. `crew` is called several times with up to `share_count`
    /// shares, and returns when all of them were run.
    pub fn apply_all(
        &mut self,
        entries: &[Entry],
        share_count: usize,
        crew: &mut Crew<'_>,
        out: &mut Vec<Outcome>,
    ) {
        let mut rest = entries;
        while !rest.is_empty() {
            let observations = self.next_run(rest);
            let length = observations.len();
            if length < RUN_MIN {
                // With the entry that ends it: it begins a minute, or changes what is judged against.
                let (few, behind) = rest.split_at(rest.len().min(length + 1));
                for entry in few {
                    self.apply(entry, out);
                }
                rest = behind;
                continue;
            }
            let share_count = if length < SHARED_MIN { 1 } else { share_count.clamp(1, LANES) };
            let mut run = Run { observations, clocks: Vec::with_capacity(length), share_count };
            for observation in &run.observations {
                self.names.take_in(observation);
                self.clock = self.clock.max(observation.received_at);
                run.clocks.push(self.clock);
            }
            self.counts.observations += length as u64;
            self.judge_run(&run, crew, out);
            rest = &rest[length..];
        }
    }

    /// The observations that come next without a new minute of the clock or a change.
    fn next_run<'e>(&self, entries: &'e [Entry]) -> Vec<&'e Observation> {
        let bucket = bucket_of(self.clock);
        let is_within = |seen: &&Observation| bucket_of(seen.received_at) <= bucket;
        let observation = |entry: &'e Entry| match entry {
            Entry::Observation(observation) => Some(observation).filter(is_within),
            Entry::Reference(_) => None,
        };
        entries.iter().take(RUN_MAX).map_while(observation).collect()
    }

    fn judge_run(&mut self, run: &Run<'_>, crew: &mut Crew<'_>, out: &mut Vec<Outcome>) {
        let seen = self.see_run(run, crew);
        let mut queues: [Vec<u32>; LANES] = std::array::from_fn(|_| Vec::new());
        let mut spoken: Vec<u32> = Vec::new();
        for (place, seen) in (0..).zip(&seen) {
            if let Some(lane) = seen.lane {
                queues[usize::from(lane)].push(place);
            }
            if seen.is_before || seen.is_after {
                spoken.push(place);
            }
        }
        let said = self.judge_lanes(run, &seen, &queues, crew);
        // Lane by lane they are in order; an entry is of one lane.
        spoken.extend(said.iter().flat_map(|said| said.counts.iter().map(|(place, _)| *place)));
        spoken.sort_unstable();
        spoken.dedup();
        let mut said: Vec<_> = said
            .into_iter()
            .map(|said| (said.outcomes.into_iter(), said.counts.into_iter().peekable()))
            .collect();
        for place in spoken {
            let (index, first) = (place as usize, out.len());
            let (observation, seen, clock) = (run.observations[index], &seen[index], run.clocks[index]);
            self.before(observation, seen, clock, out);
            if let Some(lane) = seen.lane {
                let (outcomes, counts) = &mut said[usize::from(lane)];
                let count = counts.next_if(|(of, _)| *of == place).map_or(0, |(_, count)| count);
                out.extend(outcomes.take(count));
            }
            self.after(observation, seen, clock, out);
            self.mark(first, out);
        }
    }

    fn see_run(&mut self, run: &Run<'_>, crew: &mut Crew<'_>) -> Vec<Seen> {
        let length = run.observations.len().div_ceil(run.share_count);
        let engine = &*self;
        let mut parts: Vec<(Vec<Seen>, Counts)> = Vec::new();
        parts.resize_with(run.observations.len().div_ceil(length), Default::default);
        let mut shares = Vec::with_capacity(run.share_count);
        let of_run = run.observations.chunks(length).zip(run.clocks.chunks(length));
        for ((seen, counts), (observations, clocks)) in parts.iter_mut().zip(of_run) {
            shares.push(Share(Box::new(move || engine.see_part(observations, clocks, seen, counts))));
        }
        crew(shares);
        let mut all = Vec::with_capacity(run.observations.len());
        for (seen, counts) in parts {
            all.extend(seen);
            self.counts = self.counts.plus(counts);
        }
        all
    }

    fn see_part(
        &self,
        observations: &[&Observation],
        clocks: &[Timestamp],
        seen: &mut Vec<Seen>,
        counts: &mut Counts,
    ) {
        seen.reserve_exact(observations.len());
        for (observations, clocks) in observations.chunks(AHEAD).zip(clocks.chunks(AHEAD)) {
            black_box(observations.iter().filter(|observation| self.warm(observation)).count());
            for (observation, clock) in observations.iter().zip(clocks) {
                seen.push(self.see(observation, *clock, counts));
            }
        }
    }

    fn judge_lanes(
        &mut self,
        run: &Run<'_>,
        seen: &[Seen],
        queues: &[Vec<u32>; LANES],
        crew: &mut Crew<'_>,
    ) -> Vec<SaidInLane> {
        let Self { models: tuned, table, reference, names, rules, lanes, .. } = self;
        let ground = Ground { tuned, table, reference, names, rules };
        let mut said: Vec<SaidInLane> = Vec::new();
        said.resize_with(LANES, SaidInLane::default);
        let mut works: Vec<_> = lanes.all_mut().iter_mut().zip(queues).zip(&mut said).collect();
        works.retain(|((_, queue), _)| !queue.is_empty());
        // The longest first, each to whom has least: strangers of one authority can't be parted.
        works.sort_by_key(|((_, queue), _)| Reverse(queue.len()));
        let mut hands: Vec<(usize, Vec<_>)> = Vec::new();
        hands.resize_with(run.share_count, Default::default);
        for work in works {
            if let Some((load, hand)) = hands.iter_mut().min_by_key(|(load, _)| *load) {
                let ((_, queue), _) = &work;
                *load += queue.len();
                hand.push(work);
            }
        }
        let mut shares = Vec::with_capacity(run.share_count);
        for (_, hand) in hands {
            shares.push(Share(Box::new(move || {
                for ((lane, queue), said) in hand {
                    judge_lane(lane, run, seen, queue, ground, said);
                }
            })));
        }
        crew(shares);
        said
    }
}

/// Reads what an observation keeps elsewhere, so that it comes into the cache; what it gives means nothing.
fn pictures_of(observation: &Observation) -> usize {
    match &observation.fact {
        Fact::Passage(passage) => passage.pictures.first().map_or(0, |picture| picture.as_str().len()),
        Fact::Position(_) | Fact::Alarm(_) => 0,
    }
}

/// Judges the observations of one lane in their order.
fn judge_lane(
    lane: &mut Lane,
    run: &Run<'_>,
    seen: &[Seen],
    queue: &[u32],
    ground: Ground<'_>,
    said: &mut SaidInLane,
) {
    for queue in queue.chunks(AHEAD) {
        let seen_of = || queue.iter().map(|place| &seen[*place as usize]);
        let warm = |seen: &Seen| seen.vehicle().map_or(0, |vehicle| lane.warm(vehicle, seen.is_stranger()));
        black_box(seen_of().map(warm).sum::<usize>());
        let warm = |seen: &Seen| seen.vehicle().map_or(0, |vehicle| lane.warm_visits(vehicle));
        black_box(seen_of().map(warm).sum::<usize>());
        black_box(queue.iter().map(|place| pictures_of(run.observations[*place as usize])).sum::<usize>());
        for place in queue {
            let (index, first) = (*place as usize, said.outcomes.len());
            let (observation, clock) = (run.observations[index], run.clocks[index]);
            seen[index].judge(observation, lane, ground, clock, &mut said.outcomes);
            let count = said.outcomes.len() - first;
            if count > 0 {
                said.counts.push((*place, count));
            }
        }
    }
}
