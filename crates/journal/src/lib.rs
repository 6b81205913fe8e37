//! An embedded, ordered, durable log: append with group commit, replay from any offset.
//!
//! A [`Journal`] is a folder of segment files. It carries bytes and never knows their meaning. One thread writes: it
//! takes everything that waits, writes it with one call, makes it durable with one `fdatasync`, and then answers every
//! caller. So one append on a quiet journal costs one sync, and a thousand at once cost little more.
//!
//! **What is guaranteed.** When [`Journal::append`] returns `Ok`, the records survive the death of the process and of
//! the power. They are read back once, byte for byte, in the order of their offsets; the records of one batch lie side
//! by side. A reader never sees a record that could still be lost. What was not answered may or may not be there.
//!
//! **What is not.** Exactly-once is the reader's part: it stores its offset together with its results. Damage is
//! found, named and counted, never repaired: there is one copy.
//!
//! **What happens when a disk misbehaves.** A full disk refuses the whole batch with [`AppendError::Full`], takes the
//! torn bytes back, and the next append tries anew. Every other failed write, and every failed sync, stops the journal
//! until it is opened again: after a failed `fdatasync` the kernel may have dropped the dirty pages and called them
//! clean, so a second, successful sync would prove nothing.
//!
//! Start reading at `record.rs` (the layout), then `writer.rs` and `recover.rs`.

mod batch;
mod disk;
mod error;
mod journal;
mod options;
mod reader;
mod record;
mod recover;
mod segment;
mod shared;
#[cfg(test)]
mod tests;
mod wait;
mod writer;

pub use batch::{Batch, Records};
pub use error::{AppendError, DamageKind, OpenError, ReadError};
pub use journal::{Appended, Journal, Stats};
pub use options::Options;
pub use reader::{Reader, Skipped};
pub use record::{Offset, RECORD_HEADER_BYTES};
pub use recover::{OpenReport, TornTail};
pub use segment::SegmentInfo;
