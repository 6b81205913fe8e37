//! Reading in order from any offset.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::batch::Batch;
use crate::error::{DamageKind, ReadError};
use crate::record::Offset;
use crate::segment::{self, Fault, Segment};
use crate::shared::{Place, Shared, first_record};

/// Reads records in order, up to the durable end and never beyond. Any number may read at once, also while appends go on.
pub struct Reader {
    shared: Arc<Shared>,
    position: Offset,
    /// The segment read last; kept open because the next batch is usually in it.
    segment: Option<Segment>,
    lost_bytes: u64,
}

/// What [`Reader::skip_damage`] left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skipped {
    /// Where the damage began.
    pub from: Offset,
    /// Where reading goes on.
    pub to: Offset,
}

impl Skipped {
    /// Bytes left out.
    pub fn bytes(&self) -> u64 {
        self.to.since(self.from)
    }
}

impl Reader {
    pub(crate) fn new(shared: Arc<Shared>, from: Offset) -> Self {
        Self { shared, position: from, segment: None, lost_bytes: 0 }
    }

    /// Where the next batch begins: what a consumer stores to go on from here.
    pub fn position(&self) -> Offset {
        self.position
    }

    /// Bytes left out by all calls of [`skip_damage`](Self::skip_damage).
    pub fn lost_bytes(&self) -> u64 {
        self.lost_bytes
    }

    /// Reads the next records into `batch`, about `bytes_max` and at least one, and gives their number: 0 when caught up.
    /// After an error the position is where it was.
    pub fn read_batch(&mut self, bytes_max: usize, batch: &mut Batch) -> Result<usize, ReadError> {
        batch.clear();
        let place = self.shared.locate(self.position)?;
        if place.at < place.limit {
            self.with_segment(&place, |segment| segment.read(place.at, place.limit, bytes_max, batch))?;
            self.position = batch.end();
        }
        Ok(batch.len())
    }

    /// Sleeps until there is something to read, or the time is over: then false.
    /// Async callers use [`Journal::subscribe`](crate::Journal::subscribe).
    pub fn wait_blocking(&self, timeout: Duration) -> bool {
        self.shared.wait_beyond(self.position, timeout)
    }

    /// Goes on at the next good record after [`ReadError::Damaged`]. The caller decides this, because it gives up what lies
    /// between, be that good or not.
    pub fn skip_damage(&mut self) -> Result<Skipped, ReadError> {
        let place = self.shared.locate(self.position)?;
        let found = self.with_segment(&place, |segment| {
            let file_end = segment.base.plus(segment.file.metadata()?.len());
            Ok(segment.find_record(place.at.plus(1), place.limit.min(file_end))?)
        })?;
        let to = found.or(place.next_base.map(first_record)).unwrap_or(place.limit).max(place.at);
        let skipped = Skipped { from: place.at, to };
        tracing::warn!(from = %skipped.from, to = %skipped.to, bytes = skipped.bytes(), "skipped damaged records");
        self.lost_bytes += skipped.bytes();
        self.position = to;
        Ok(skipped)
    }

    fn with_segment<T>(
        &mut self,
        place: &Place,
        work: impl FnOnce(&Segment) -> Result<T, Fault>,
    ) -> Result<T, ReadError> {
        let segment = match self.segment.take().filter(|segment| segment.base == place.base) {
            Some(segment) => segment,
            None => open(&self.shared, place)?,
        };
        let outcome = work(&segment).map_err(|fault| explain(&self.shared, place, fault));
        self.segment = Some(segment);
        outcome
    }
}

/// Reads the one record at `at` into `batch`.
pub(crate) fn read_one(shared: &Shared, at: Offset, batch: &mut Batch) -> Result<(), ReadError> {
    let place = shared.locate(at)?;
    if place.at == place.limit {
        return Err(ReadError::Beyond { asked: at, end: shared.end() });
    }
    open(shared, &place)?
        .read(place.at, place.limit, crate::record::RECORD_HEADER_BYTES, batch)
        .map_err(|fault| explain(shared, &place, fault))
}

fn open(shared: &Shared, place: &Place) -> Result<Segment, ReadError> {
    Segment::open(&shared.dir, place.base).map_err(|source| {
        let is_gone = source.kind() == io::ErrorKind::NotFound;
        // Retention may have removed it since it was located.
        match shared.locate(place.at) {
            Err(expired) if is_gone => expired,
            _ if is_gone => explain(shared, place, Fault::Damaged(DamageKind::Missing)),
            _ => explain(shared, place, Fault::Io(source)),
        }
    })
}

fn explain(shared: &Shared, place: &Place, fault: Fault) -> ReadError {
    let segment = segment::path(&shared.dir, place.base);
    match fault {
        Fault::Damaged(kind) => ReadError::Damaged { segment, at: place.at, kind },
        Fault::Io(source) => ReadError::Io { segment, source },
    }
}
