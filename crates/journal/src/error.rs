//! What can go wrong, one enum per operation.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::record::Offset;

/// Why a journal could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The bounds contradict each other.
    #[error("journal options are unusable: {0}")]
    Options(&'static str),
    /// Another process, or another `Journal` of this one, has it open.
    #[error("journal {} is open elsewhere", dir.display())]
    Locked {
        /// The journal's folder.
        dir: PathBuf,
    },
    /// Written by a later version of this program.
    #[error("segment {} has format version {version}, which this program does not know", path.display())]
    Version {
        /// The segment file.
        path: PathBuf,
        /// The version its header names.
        version: u32,
    },
    /// The file system refused.
    #[error("could not {doing} {}", path.display())]
    Io {
        /// What was being done, as in "could not …".
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// Why records were not appended. In every case but the last two the journal is as it was before.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// A record is longer than `record_bytes_max`, or a batch than `group_bytes_max`.
    #[error("{bytes} bytes are more than the {bytes_max} a {what} may have")]
    TooLarge {
        /// "record" or "batch".
        what: &'static str,
        /// Its size in bytes.
        bytes: usize,
        /// The bound in bytes.
        bytes_max: usize,
    },
    /// The disk is full (or the quota used up). Nothing of the batch was kept; try again when there is room.
    #[error("no room on the disk for {bytes} bytes more")]
    Full {
        /// Bytes of the group that did not fit.
        bytes: u64,
        /// The cause.
        source: Arc<io::Error>,
    },
    /// Writing or syncing failed. Whether the records are on the disk is unknown; the journal has stopped.
    #[error("could not {doing}; the journal has stopped")]
    Io {
        /// What was being done, as in "could not …".
        doing: &'static str,
        /// The cause.
        source: Arc<io::Error>,
    },
    /// The journal stopped after an earlier failure and takes nothing until it is opened again.
    #[error("the journal has stopped: {reason}")]
    Stopped {
        /// The failure that stopped it.
        reason: Arc<str>,
    },
}

/// What is wrong with the bytes where a record was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DamageKind {
    /// No record begins here: the header is damaged, or the offset is not one the journal gave.
    NoRecord,
    /// The header is good and the payload is not.
    Payload,
    /// The segment file ends too early, or a whole segment is gone.
    Missing,
}

impl std::fmt::Display for DamageKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NoRecord => "no record begins here",
            Self::Payload => "payload does not match its checksum",
            Self::Missing => "bytes are missing",
        })
    }
}

/// Why records could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Retention has removed what was asked for.
    #[error("offset {asked} has expired, the journal begins at {first}")]
    Expired {
        /// Where reading was tried.
        asked: Offset,
        /// The first offset still there.
        first: Offset,
    },
    /// The offset is behind the end: it belongs to another journal, or to one whose files were replaced.
    #[error("offset {asked} is beyond the durable end {end}")]
    Beyond {
        /// Where reading was tried.
        asked: Offset,
        /// The durable end.
        end: Offset,
    },
    /// The bytes there are not a good record. [`Reader::skip_damage`](crate::Reader::skip_damage) goes on behind it.
    #[error("segment {} is damaged at offset {at}: {kind}", segment.display())]
    Damaged {
        /// The segment file.
        segment: PathBuf,
        /// Where the good record should begin.
        at: Offset,
        /// What is wrong.
        kind: DamageKind,
    },
    /// The file system refused.
    #[error("could not read segment {}", segment.display())]
    Io {
        /// The segment file.
        segment: PathBuf,
        /// The cause.
        source: io::Error,
    },
}
