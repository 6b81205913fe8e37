//! How one record lies on disk, and where: the offset and the record header.
//!
//! ```text
//! bytes  0..4   u32  length of the whole record with this header; the top bit says "first of a group"
//!        4..8   u32  CRC-32 of the payload
//!        8..12  u32  CRC-32 of the record's offset and of the eight bytes above
//!       12..         payload
//! ```
//! All little-endian. Why so:
//! * The header has its own checksum, so a wrong length is never believed, the search for the next good record after
//!   damage is linear however the payloads look, and damage in a payload costs exactly that record.
//! * The checksum covers the offset: a record is good only where it was written, not as a stale block and not as a copy
//!   inside another record's payload.
//! * The length counts the header, so a run of zeros (a file that grew without its data) is never a record.
//! * The payload's checksum is independent of the offset, so callers compute it in their own threads.
//! * Everything before the first record of a group was durable before that record was written. That one bit lets
//!   recovery tell a torn write, which nobody was answered for, from damage to records that were.

use std::fmt;

/// Bytes a record costs beyond its payload.
pub const RECORD_HEADER_BYTES: usize = 12;

/// The bit of the length word that marks the first record of a group.
const GROUP_START: u32 = 1 << 31;

/// The longest record, header included, that the length word can say.
pub(crate) const FRAME_BYTES_LIMIT: usize = (GROUP_START - 1) as usize;

/// Position of a record in the whole log, in bytes: the base of its segment plus the place inside it.
///
/// Ordered and stable for the life of the journal. Only offsets that the journal gave are places of records; between
/// two of them nothing can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Offset(u64);

impl Offset {
    /// Before the first record ever written: "replay everything".
    pub const START: Self = Self(0);

    /// An offset that was stored as a number.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The number to store, in bytes from the start of the log.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The place `bytes` later.
    pub(crate) const fn plus(self, bytes: u64) -> Self {
        Self(self.0 + bytes)
    }

    /// Bytes from `earlier` to here, 0 when `earlier` is not earlier.
    pub(crate) const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A record header whose checksum was good, or one that is about to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// Length of the record, this header included.
    pub(crate) frame_bytes: u32,
    pub(crate) starts_group: bool,
    pub(crate) payload_crc: u32,
}

impl Header {
    /// Reads the header at `at`; `None` when no record begins there.
    pub(crate) fn parse(bytes: &[u8], at: Offset) -> Option<Self> {
        let header = Self::unverified(bytes)?;
        // The length first: it is the cheaper test, and the search after damage tries every byte.
        (header.frame_bytes as usize >= RECORD_HEADER_BYTES && word(bytes, 8)? == header_crc(&bytes[..8], at))
            .then_some(header)
    }

    /// Reads a header that this process wrote or verified before; `None` at the end of the bytes.
    pub(crate) fn unverified(bytes: &[u8]) -> Option<Self> {
        let (length, payload_crc) = (word(bytes, 0)?, word(bytes, 4)?);
        Some(Self {
            frame_bytes: length & !GROUP_START,
            starts_group: length & GROUP_START != 0,
            payload_crc,
        })
    }

    /// The header's bytes, good only at `at`.
    pub(crate) fn to_bytes(self, at: Offset) -> [u8; RECORD_HEADER_BYTES] {
        let mut bytes = [0; RECORD_HEADER_BYTES];
        let length = self.frame_bytes | if self.starts_group { GROUP_START } else { 0 };
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.payload_crc.to_le_bytes());
        let crc = header_crc(&bytes[..8], at);
        bytes[8..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }
}

/// The little-endian `u32` at `at`, if the bytes reach that far.
pub(crate) fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn header_crc(length_and_payload_crc: &[u8], at: Offset) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&at.0.to_le_bytes());
    hasher.update(length_and_payload_crc);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_good_only_at_its_own_offset() {
        for starts_group in [false, true] {
            let header = Header { frame_bytes: 312, starts_group, payload_crc: 0x1234_5678 };
            let bytes = header.to_bytes(Offset(4096));
            assert_eq!(Header::parse(&bytes, Offset(4096)), Some(header));
            assert_eq!(Header::parse(&bytes, Offset(4097)), None);
        }
    }

    #[test]
    fn a_flip_of_any_bit_of_a_header_is_seen() {
        let bytes = Header { frame_bytes: 20, starts_group: true, payload_crc: 7 }.to_bytes(Offset(24));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Header::parse(&flipped, Offset(24)), None, "bit {bit}");
        }
    }

    #[test]
    fn zeros_and_short_input_are_never_a_record() {
        assert_eq!(Header::parse(&[0; 64], Offset(0)), None);
        assert_eq!(Header::parse(&[1; 11], Offset(0)), None);
    }
}
