//! The journal itself: what callers hold.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::{fmt, io};

use tokio::sync::{Semaphore, oneshot, watch};

use crate::batch::Batch;
use crate::disk::{self, Disk, RealDisk};
use crate::error::{AppendError, OpenError, ReadError};
use crate::options::Options;
use crate::reader::{self, Reader};
use crate::record::Offset;
use crate::recover::{OpenReport, Recovered, recover};
use crate::segment::SegmentInfo;
use crate::shared::Shared;
use crate::wait::block_on;
use crate::writer::{Request, Writer};

/// Bytes a waiting request is counted as beyond its records, so that tiny ones are bounded in number too.
const REQUEST_BYTES: usize = 128;

/// An open journal. Clones are the same journal; when the last one is dropped, what waits is written, and then the
/// folder is free to be opened again.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    options: Options,
    /// Bytes that may still be queued.
    room: Arc<Semaphore>,
    /// `None` only while dropping.
    queue: Option<mpsc::Sender<Request>>,
    writer: Option<JoinHandle<()>>,
    /// Locked until the writer has ended.
    lock: File,
}

/// Where a batch was put. Its records are durable.
#[derive(Debug)]
pub struct Appended {
    /// Offset of the first record.
    pub first: Offset,
    /// The offset after the last record.
    pub end: Offset,
    /// The batch, to be iterated for the offset of each record, or cleared and used again.
    pub batch: Batch,
}

/// Totals since the journal was opened, and what it holds now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Records appended.
    pub records: u64,
    /// Bytes appended, record headers included.
    pub bytes: u64,
    /// Groups written, each with one sync: `records / groups` is how well syncs are shared.
    pub groups: u64,
    /// Groups refused because the disk was full.
    pub groups_refused_full: u64,
    /// Segment files now.
    pub segments: usize,
    /// Bytes of all segments now.
    pub disk_bytes: u64,
    /// Bytes waiting for the writer now.
    pub queued_bytes: usize,
}

impl Journal {
    /// Opens the journal in `dir`, which is created if need be, and mends what a crash left. Reads the last segment.
    pub fn open(dir: impl AsRef<Path>, options: Options) -> Result<(Self, OpenReport), OpenError> {
        Self::open_on(Box::new(RealDisk), dir.as_ref(), options)
    }

    pub(crate) fn open_on(
        disk: Box<dyn Disk>,
        dir: &Path,
        options: Options,
    ) -> Result<(Self, OpenReport), OpenError> {
        let failed = |doing, path: &Path, source| OpenError::Io { doing, path: path.to_owned(), source };
        options.check()?;
        disk::create_dir(dir).map_err(|error| failed("create", dir, error))?;
        let lock_path = dir.join("lock");
        let lock = File::create(&lock_path).map_err(|error| failed("create", &lock_path, error))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => OpenError::Locked { dir: dir.to_owned() },
            TryLockError::Error(error) => failed("lock", &lock_path, error),
        })?;

        let Recovered { report, bases, file, end } = recover(disk.as_ref(), dir)?;
        let base = bases[bases.len() - 1];
        if report.has_damage() {
            tracing::error!(dir = %dir.display(), %report, "opened a damaged journal");
        } else {
            tracing::info!(dir = %dir.display(), %report, "opened journal");
        }
        let shared = Arc::new(Shared::new(dir.to_owned(), bases, end));
        let writer = Writer { shared: shared.clone(), options: options.clone(), disk, file, base, end };
        let (queue, requests) = mpsc::channel();
        let writer = thread::Builder::new()
            .name("journal-writer".into())
            .spawn(move || writer.run(&requests))
            .map_err(|error| failed("start the writer of", dir, error))?;
        let room = Arc::new(Semaphore::new(options.queue_bytes_max));
        let inner = Inner { shared, options, room, queue: Some(queue), writer: Some(writer), lock };
        Ok((Self { inner: Arc::new(inner) }, report))
    }

    /// Appends a batch, or one record, and returns when it is durable. Waits while the queue is full.
    ///
    /// The batch is appended whole or refused whole. If the process dies before this returns, a part of it from the
    /// front may be there. Dropping the future takes nothing back that was queued already.
    pub async fn append(&self, batch: impl Into<Batch>) -> Result<Appended, AppendError> {
        self.append_batch(batch.into()).await
    }

    /// [`append`](Self::append) for threads without a runtime. Blocks the thread; not for async code.
    pub fn append_blocking(&self, batch: impl Into<Batch>) -> Result<Appended, AppendError> {
        block_on(self.append_batch(batch.into()))
    }

    async fn append_batch(&self, batch: Batch) -> Result<Appended, AppendError> {
        let Inner { options, room, queue, .. } = &*self.inner;
        check_size("record", batch.payload_bytes_longest(), options.record_bytes_max)?;
        check_size("batch", batch.bytes(), options.group_bytes_max)?;
        if batch.is_empty() {
            let end = self.end();
            return Ok(Appended { first: end, end, batch });
        }
        // Between one group and the whole queue, as `Options::check` has it, so never more than there can be.
        let permits = (batch.bytes() + REQUEST_BYTES).min(options.queue_bytes_max) as u32;
        let room = room.clone().acquire_many_owned(permits).await.map_err(|_| self.writer_gone())?;
        let (answer, answered) = oneshot::channel();
        let queue = queue.as_ref().ok_or_else(|| self.writer_gone())?;
        queue.send(Request { batch, answer, room }).map_err(|_| self.writer_gone())?;
        let batch = answered.await.map_err(|_| self.writer_gone())??;
        Ok(Appended { first: batch.first(), end: batch.end(), batch })
    }

    fn writer_gone(&self) -> AppendError {
        self.inner.shared.stop("its writer has ended");
        AppendError::Stopped { reason: self.inner.shared.stopped().unwrap_or_default() }
    }

    /// Offset of the first record still kept: where "replay everything" begins.
    pub fn first(&self) -> Offset {
        self.inner.shared.first()
    }

    /// The durable end: every record before it is safe and can be read.
    pub fn end(&self) -> Offset {
        self.inner.shared.end()
    }

    /// The durable end as a value to watch.
    pub fn subscribe(&self) -> watch::Receiver<Offset> {
        self.inner.shared.subscribe()
    }

    /// A reader from `from` on: [`first`](Self::first), or the position where an earlier reader was.
    pub fn reader(&self, from: Offset) -> Reader {
        Reader::new(self.inner.shared.clone(), from)
    }

    /// The payload of the record at an offset that an append gave.
    pub fn read_at(&self, offset: Offset) -> Result<Vec<u8>, ReadError> {
        let mut batch = Batch::new();
        reader::read_one(&self.inner.shared, offset, &mut batch)?;
        batch.frames.drain(..crate::record::RECORD_HEADER_BYTES);
        Ok(batch.frames)
    }

    /// Removes the oldest segments as long as `is_expired` says so, for example by age. The segment that is being
    /// written always stays. Gives the number of removed segments; on an error those before it are removed.
    pub fn expire_while(&self, is_expired: impl FnMut(&SegmentInfo) -> bool) -> io::Result<usize> {
        self.inner.shared.expire_while(is_expired)
    }

    /// Keeps the records from `offset` on, whatever the bounds say: somebody still has to read them. Called again with a later
    /// offset as they are read. A journal that nobody holds keeps to its bounds.
    pub fn hold_from(&self, offset: Offset) {
        self.inner.shared.held_from.store(offset.get(), Ordering::Release);
    }

    /// Why the journal takes no more appends, if it has stopped. It has to be opened again.
    pub fn stopped(&self) -> Option<Arc<str>> {
        self.inner.shared.stopped()
    }

    /// Whether the last group was refused because the disk is full. Who was refused tries again, and is taken when there is
    /// room.
    pub fn is_full(&self) -> bool {
        self.inner.shared.is_full.load(Ordering::Relaxed)
    }

    /// Figures for the health page.
    pub fn stats(&self) -> Stats {
        let Inner { shared, room, options, .. } = &*self.inner;
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            records: load(&shared.counts.records),
            bytes: load(&shared.counts.bytes),
            groups: load(&shared.counts.groups),
            groups_refused_full: load(&shared.counts.groups_refused_full),
            segments: shared.segment_count(),
            disk_bytes: shared.disk_bytes(),
            queued_bytes: options.queue_bytes_max - room.available_permits(),
        }
    }
}

fn check_size(what: &'static str, bytes: usize, bytes_max: usize) -> Result<(), AppendError> {
    if bytes > bytes_max { Err(AppendError::TooLarge { what, bytes, bytes_max }) } else { Ok(()) }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = &self.inner.shared;
        f.debug_struct("Journal")
            .field("dir", &shared.dir)
            .field("end", &shared.end())
            .finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!(dir = %self.shared.dir.display(), "the journal's writer had panicked");
        }
        // Said, not left to the closing of the file: a child process that is just being started has a copy of it.
        if let Err(error) = self.lock.unlock() {
            tracing::warn!(dir = %self.shared.dir.display(), %error, "could not unlock the journal");
        }
    }
}
