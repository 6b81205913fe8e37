//! What the writer tells and everybody may ask: the segments, the durable end, whether the journal has stopped.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::error::ReadError;
use crate::record::Offset;
use crate::segment::{self, SEGMENT_HEADER_BYTES, SegmentInfo};

pub(crate) struct Shared {
    pub(crate) dir: PathBuf,
    /// Bases of the segments, oldest first; never empty, the last is the one that is written.
    bases: RwLock<VecDeque<Offset>>,
    end: watch::Sender<Offset>,
    /// Wakes the threads that wait for the end to move.
    moved: (Mutex<()>, Condvar),
    stopped: OnceLock<Arc<str>>,
    /// Whether the last group was refused because the disk is full.
    pub(crate) is_full: AtomicBool,
    /// Records from this offset on are not removed, however many there are.
    pub(crate) held_from: AtomicU64,
    pub(crate) counts: Counts,
}

/// Running totals since the journal was opened.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) records: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) groups: AtomicU64,
    pub(crate) groups_refused_full: AtomicU64,
}

impl Counts {
    pub(crate) fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }
}

/// The segment an offset lies in.
pub(crate) struct Place {
    pub(crate) base: Offset,
    /// The offset asked for, behind the segment's header if that was asked for.
    pub(crate) at: Offset,
    /// End of the segment, or the durable end inside it.
    pub(crate) limit: Offset,
    /// Base of the next segment, if there is one.
    pub(crate) next_base: Option<Offset>,
}

/// Where the first record of a segment lies.
pub(crate) fn first_record(base: Offset) -> Offset {
    base.plus(SEGMENT_HEADER_BYTES as u64)
}

impl Shared {
    pub(crate) fn new(dir: PathBuf, bases: Vec<Offset>, end: Offset) -> Self {
        Self {
            dir,
            bases: RwLock::new(bases.into()),
            end: watch::Sender::new(end),
            moved: (Mutex::new(()), Condvar::new()),
            stopped: OnceLock::new(),
            is_full: AtomicBool::new(false),
            held_from: AtomicU64::new(u64::MAX),
            counts: Counts::default(),
        }
    }

    pub(crate) fn first(&self) -> Offset {
        first_record(self.bases.read().unwrap_or_else(PoisonError::into_inner)[0])
    }

    pub(crate) fn end(&self) -> Offset {
        *self.end.borrow()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Offset> {
        self.end.subscribe()
    }

    pub(crate) fn publish(&self, end: Offset) {
        self.end.send_replace(end);
        // Taking the lock makes sure that who has just seen the old end already sleeps and hears the call.
        drop(self.moved.0.lock().unwrap_or_else(PoisonError::into_inner));
        self.moved.1.notify_all();
    }

    /// Waits until the durable end is behind `at`; false when the time ran out first.
    pub(crate) fn wait_beyond(&self, at: Offset, timeout: Duration) -> bool {
        let until = Instant::now() + timeout;
        let mut guard = self.moved.0.lock().unwrap_or_else(PoisonError::into_inner);
        while self.end() <= at {
            let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
            else {
                return false;
            };
            guard = self.moved.1.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Adds the segment that was just created at the end.
    pub(crate) fn add_segment(&self, base: Offset) {
        let mut bases = self.bases.write().unwrap_or_else(PoisonError::into_inner);
        bases.push_back(base);
        // Under the lock, so that nobody sees the segment's first place behind the durable end.
        self.publish(first_record(base));
    }

    pub(crate) fn locate(&self, asked: Offset) -> Result<Place, ReadError> {
        let bases = self.bases.read().unwrap_or_else(PoisonError::into_inner);
        let end = self.end();
        if asked < bases[0] {
            return Err(ReadError::Expired { asked, first: first_record(bases[0]) });
        }
        if asked > end {
            return Err(ReadError::Beyond { asked, end });
        }
        let next = bases.partition_point(|base| *base <= asked);
        let base = bases[next - 1];
        let next_base = bases.get(next).copied();
        let at = if asked == base { first_record(base) } else { asked };
        Ok(Place { base, at, limit: next_base.unwrap_or(end), next_base })
    }

    pub(crate) fn disk_bytes(&self) -> u64 {
        self.end().since(self.bases.read().unwrap_or_else(PoisonError::into_inner)[0])
    }

    pub(crate) fn segment_count(&self) -> usize {
        self.bases.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Removes the oldest segments as long as `is_expired` says so, never the one that is written. Gives their number.
    pub(crate) fn expire_while(&self, mut is_expired: impl FnMut(&SegmentInfo) -> bool) -> io::Result<usize> {
        let mut bases = self.bases.write().unwrap_or_else(PoisonError::into_inner);
        let mut removed_count = 0;
        while bases.len() > 1 {
            let (base, end) = (bases[0], bases[1]);
            let path = segment::path(&self.dir, base);
            let modified_at = fs::metadata(&path)?.modified()?;
            let is_held = end.get() > self.held_from.load(Ordering::Acquire);
            if is_held || !is_expired(&SegmentInfo { base, end, modified_at }) {
                break;
            }
            // File by file and oldest first, so that whatever fails the rest is still one log without a hole.
            fs::remove_file(&path)?;
            bases.pop_front();
            removed_count += 1;
        }
        Ok(removed_count)
    }

    pub(crate) fn stop(&self, reason: &str) {
        // The first reason is the one that counts.
        self.stopped.get_or_init(|| reason.into());
    }

    pub(crate) fn stopped(&self) -> Option<Arc<str>> {
        self.stopped.get().cloned()
    }
}
