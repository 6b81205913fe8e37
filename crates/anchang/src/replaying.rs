//! Replays of warnings beside judging: reads the part of the journal that concerns a warning, on a thread of its own.

use api::{ReplayFault, ReplayRequest};
use domain::{Entry, Timestamp};
use journal::{Batch, Journal, Offset, ReadError};
use judgement::{Engine, Part, Replay, Replayer};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Bytes of the journal that are read at a time.
const BATCH_BYTES_MAX: usize = 2 << 20;
/// Longest replay.
const REPLAY_MAX: Duration = Duration::from_secs(30);
/// Replays at a time; others wait in the queue.
const AT_WORK_MAX: usize = 1;
/// Distance of the marks by which a time is found in the journal.
const MARK_EVERY_MS: i64 = 5 * domain::time::MINUTE_MS;
/// Most marks: ten days. Of what lies before them nothing is replayed.
const MARKS_MAX: usize = 10 * 24 * 12;
/// Entries may lie in the journal a little out of the order of their receipt.
const DISORDER_MS: i64 = domain::time::MINUTE_MS;

const SECTION: &str = "times";
const VERSION: u16 = 1;

/// Where in the journal a time lies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Times(VecDeque<(Timestamp, u64)>);

impl Times {
    /// Notes that an entry received at `at` lies at `offset`.
    pub(crate) fn note(&mut self, at: Timestamp, offset: Offset) {
        if self.0.back().is_none_or(|(last, _)| at.ms_since(*last) >= MARK_EVERY_MS) {
            self.0.push_back((at, offset.get()));
            if self.0.len() > MARKS_MAX {
                self.0.pop_front();
            }
        }
    }

    /// An offset before which nothing was received at `at` or later; `None` when the marks begin later.
    fn before(&self, at: Timestamp) -> Option<Offset> {
        let at = at.plus_ms(-DISORDER_MS);
        let later = self.0.partition_point(|(mark, _)| *mark <= at);
        later.checked_sub(1).and_then(|last| self.0.get(last)).map(|(_, offset)| Offset::new(*offset))
    }

    pub(crate) fn part(&self) -> Part {
        Part { section: SECTION.into(), version: VERSION, bytes: codec::to_bytes(self) }
    }

    /// `None` when the part is another's or of another version: then nothing before the start is replayed.
    pub(crate) fn of_part(part: &Part) -> Option<Self> {
        (part.section == SECTION && part.version == VERSION)
            .then(|| codec::from_bytes(&part.bytes).ok())
            .flatten()
    }
}

/// The waiting requests.
#[derive(Debug)]
pub(crate) struct Replaying {
    requests: mpsc::Receiver<ReplayRequest>,
    at_work: Arc<AtomicUsize>,
}

impl Replaying {
    pub(crate) fn new(requests: mpsc::Receiver<ReplayRequest>) -> Self {
        Self { requests, at_work: Arc::new(AtomicUsize::new(0)) }
    }

    /// Begins with the next request, if there is one and nobody is at work.
    pub(crate) fn serve(&mut self, engine: &Engine, journal: &Arc<Journal>, times: &Times) {
        if self.at_work.load(Ordering::Acquire) >= AT_WORK_MAX {
            return;
        }
        let Ok(ReplayRequest { warning, answer }) = self.requests.try_recv() else { return };
        let replayer = engine.replayer(&warning);
        let from = times.before(replayer.from()).unwrap_or_else(|| journal.first());
        let (journal, at_work) = (journal.clone(), self.at_work.clone());
        at_work.fetch_add(1, Ordering::AcqRel);
        let work = move || {
            let replayed = replay(replayer, &journal, from);
            at_work.fetch_sub(1, Ordering::AcqRel);
            // Whoever asked may have gone.
            drop(answer.send(replayed));
        };
        if let Err(error) = std::thread::Builder::new().name("replay".into()).spawn(work) {
            self.at_work.fetch_sub(1, Ordering::AcqRel);
            tracing::warn!(%error, "could not start a replay");
        }
    }
}

fn replay(mut replayer: Replayer, journal: &Arc<Journal>, from: Offset) -> Result<Replay, ReplayFault> {
    let (begun, since, until) = (Instant::now(), replayer.from(), replayer.until());
    let mut reader = journal.reader(from.max(journal.first()));
    let mut batch = Batch::new();
    loop {
        match reader.read_batch(BATCH_BYTES_MAX, &mut batch) {
            Ok(0) => return Ok(replayer.end()),
            Ok(_) => {}
            Err(ReadError::Expired { .. }) => return Err(ReplayFault::Expired),
            Err(error) => {
                tracing::warn!(%error, "could not read the journal for a replay");
                return Err(ReplayFault::Unreadable);
            }
        }
        for (_, bytes) in &batch {
            let Ok(Entry::Observation(observation)) = codec::decode(bytes) else { continue };
            if observation.received_at > until.plus_ms(DISORDER_MS) {
                return Ok(replayer.end());
            }
            if (since..=until).contains(&observation.received_at) {
                replayer.see(&observation);
            }
        }
        if begun.elapsed() > REPLAY_MAX {
            return Err(ReplayFault::TooLong);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_found_at_the_mark_before_it() {
        let at = |minute: i64| Timestamp::from_unix_ms(minute * domain::time::MINUTE_MS);
        let mut times = Times::default();
        for minute in 0..60 {
            times.note(at(minute), Offset::new(minute as u64 * 100));
        }
        assert_eq!(times.before(at(0)), None);
        assert_eq!(times.before(at(13)), Some(Offset::new(1000)));
        assert_eq!(times.before(at(10)), Some(Offset::new(500)), "with a minute of disorder");
        assert_eq!(Times::of_part(&times.part()), Some(times));
    }
}
