//! The bounds of a journal.

use crate::error::OpenError;
use crate::record::{FRAME_BYTES_LIMIT, RECORD_HEADER_BYTES};
use crate::segment::SEGMENT_HEADER_BYTES;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// Every bound of a journal. Each is enforced; none is a hint.
#[derive(Debug, Clone)]
pub struct Options {
    /// Longest segment file in bytes. Retention removes whole segments, and opening scans the last one.
    pub segment_bytes_max: u64,
    /// Bytes of all segments together; the oldest are removed before a new one would exceed it. `None`: keep everything.
    pub retention_bytes_max: Option<u64>,
    /// Longest payload in bytes.
    pub record_bytes_max: usize,
    /// Most bytes written with one sync, and so the longest batch, record headers included.
    pub group_bytes_max: usize,
    /// Bytes that may wait for the writer. Who comes later waits: this is the back-pressure, and the bound on memory
    /// (with one group more in the writer's hands).
    pub queue_bytes_max: usize,
    /// Whether an append is answered only after `fdatasync`. Without it a power cut loses what was answered; only for
    /// simulations and tests.
    pub sync: bool,
}

impl Default for Options {
    /// For observations of a few hundred bytes; a journal of pictures wants larger records, groups and segments.
    fn default() -> Self {
        Self {
            segment_bytes_max: 64 * MIB as u64, // Scanned in some 20 ms at open when cached.
            retention_bytes_max: None,
            record_bytes_max: 256 * KIB,
            group_bytes_max: 4 * MIB, // 13,000 observations of 300 bytes: no sync waits for much more.
            queue_bytes_max: 16 * MIB,
            sync: true,
        }
    }
}

impl Options {
    /// Checks that the bounds fit into each other, so that whatever is accepted can also be written.
    pub(crate) fn check(&self) -> Result<(), OpenError> {
        let refuse = |why| Err(OpenError::Options(why));
        if self.group_bytes_max > FRAME_BYTES_LIMIT {
            return refuse("group_bytes_max is more than 2 GiB");
        }
        if self.record_bytes_max.saturating_add(RECORD_HEADER_BYTES) > self.group_bytes_max {
            return refuse("group_bytes_max has no room for a record of record_bytes_max");
        }
        if (self.group_bytes_max + SEGMENT_HEADER_BYTES) as u64 > self.segment_bytes_max {
            return refuse("segment_bytes_max has no room for a group of group_bytes_max");
        }
        if self.queue_bytes_max < self.group_bytes_max || self.queue_bytes_max > u32::MAX as usize {
            return refuse("queue_bytes_max must be between group_bytes_max and 4 GiB");
        }
        if self.retention_bytes_max.is_some_and(|bytes| bytes < self.segment_bytes_max.saturating_mul(2)) {
            return refuse("retention_bytes_max is less than two segments");
        }
        Ok(())
    }
}
