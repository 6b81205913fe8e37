//! The one thread that writes: takes everything that waits, one write, one sync, answers all.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::batch::Batch;
use crate::disk::{self, Disk};
use crate::error::AppendError;
use crate::options::Options;
use crate::record::Offset;
use crate::segment;
use crate::shared::{Counts, Shared, first_record};

/// One waiting append.
pub(crate) struct Request {
    pub(crate) batch: Batch,
    /// Gives the batch back, placed.
    pub(crate) answer: oneshot::Sender<Result<Batch, AppendError>>,
    /// The request's share of the queue, given back when it is answered.
    pub(crate) room: OwnedSemaphorePermit,
}

pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) options: Options,
    pub(crate) disk: Box<dyn Disk>,
    /// The last segment.
    pub(crate) file: File,
    pub(crate) base: Offset,
    /// The durable end.
    pub(crate) end: Offset,
}

impl Writer {
    /// Works until every sender is gone and everything sent is answered.
    pub(crate) fn run(mut self, queue: &Receiver<Request>) {
        let mut group: Vec<Request> = Vec::new();
        let mut buffer = Vec::new();
        let mut held_back: Option<Request> = None;
        while let Some(first) = held_back.take().or_else(|| queue.recv().ok()) {
            let mut bytes = first.batch.bytes();
            group.push(first);
            // No waiting for company: what came during the last sync is here, and a lone append goes at once.
            while let Ok(next) = queue.try_recv() {
                if bytes + next.batch.bytes() > self.options.group_bytes_max {
                    held_back = Some(next);
                    break;
                }
                bytes += next.batch.bytes();
                group.push(next);
            }
            let outcome = self.commit(&mut group, bytes as u64, &mut buffer);
            for request in group.drain(..) {
                drop(request.room);
                // Nobody listens when the caller gave up; the records are in the journal all the same.
                drop(request.answer.send(outcome.clone().map(|()| request.batch)));
            }
        }
    }

    fn commit(&mut self, group: &mut [Request], bytes: u64, buffer: &mut Vec<u8>) -> Result<(), AppendError> {
        if let Some(reason) = self.shared.stopped() {
            return Err(AppendError::Stopped { reason });
        }
        if self.end.since(self.base) + bytes > self.options.segment_bytes_max {
            self.begin_segment()?;
        }
        buffer.clear();
        let mut record_count = 0;
        for request in group {
            request.batch.place(self.end.plus(buffer.len() as u64), buffer.is_empty());
            buffer.extend_from_slice(&request.batch.frames);
            record_count += request.batch.len() as u64;
        }
        if let Err(error) = self.disk.write_at(&self.file, buffer, self.end.since(self.base)) {
            return Err(self.refuse("write", error, bytes));
        }
        if self.options.sync
            && let Err(error) = self.disk.sync(&self.file)
        {
            return Err(self.give_up("sync", error));
        }
        self.end = self.end.plus(bytes);
        let counts = &self.shared.counts;
        Counts::add(&counts.records, record_count);
        Counts::add(&counts.bytes, bytes);
        Counts::add(&counts.groups, 1);
        self.shared.is_full.store(false, Ordering::Relaxed);
        self.shared.publish(self.end);
        Ok(())
    }

    /// Goes on to a new segment, after making room for it as far as retention says.
    fn begin_segment(&mut self) -> Result<(), AppendError> {
        if let Some(bytes_max) = self.options.retention_bytes_max {
            let newest_end = self.end.plus(self.options.segment_bytes_max);
            let expired = self.shared.expire_while(|segment| newest_end.since(segment.base) > bytes_max);
            match expired {
                Ok(0) => {}
                Ok(count) => tracing::info!(count, first = %self.shared.first(), "removed expired segments"),
                // The records are safe, only too many are kept; the next segment tries again.
                Err(error) => tracing::warn!(%error, "could not remove expired segments"),
            }
        }
        match segment::create(self.disk.as_ref(), &self.shared.dir, self.end) {
            Ok(file) => {
                self.file = file;
                self.base = self.end;
                self.end = first_record(self.base);
                self.shared.add_segment(self.base);
                Ok(())
            }
            Err(error) if disk::is_full(&error) => Err(self.full(error, self.options.segment_bytes_max)),
            Err(error) => Err(self.stop("create a segment", error)),
        }
    }

    /// After a failed write: takes the torn bytes back. Only a full disk lets the journal go on.
    fn refuse(&self, doing: &'static str, error: io::Error, bytes: u64) -> AppendError {
        if !disk::is_full(&error) {
            return self.give_up(doing, error);
        }
        // Synced, so that a batch that was refused does not come back after a power cut.
        let cut = self.cut_back().and_then(|()| self.disk.sync(&self.file));
        match cut {
            Ok(()) => self.full(error, bytes),
            Err(error) => self.stop("cut back a torn write", error),
        }
    }

    /// After a failure that leaves the file in doubt: takes the doubtful bytes back as far as possible, so that a later
    /// open does not read them from the page cache and believe them durable, and stops.
    fn give_up(&self, doing: &'static str, error: io::Error) -> AppendError {
        if let Err(error) = self.cut_back() {
            tracing::error!(%error, "could not cut the journal back to its durable end");
        }
        self.stop(doing, error)
    }

    fn cut_back(&self) -> io::Result<()> {
        self.disk.cut(&self.file, self.end.since(self.base))
    }

    fn full(&self, source: io::Error, bytes: u64) -> AppendError {
        Counts::add(&self.shared.counts.groups_refused_full, 1);
        self.shared.is_full.store(true, Ordering::Relaxed);
        AppendError::Full { bytes, source: Arc::new(source) }
    }

    fn stop(&self, doing: &'static str, source: io::Error) -> AppendError {
        tracing::error!(dir = %self.shared.dir.display(), end = %self.end, error = %source, "journal stops: could not {doing}");
        self.shared.stop(&format!("could not {doing}: {source}"));
        AppendError::Io { doing, source: Arc::new(source) }
    }
}
