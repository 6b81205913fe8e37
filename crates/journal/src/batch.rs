//! A buffer of whole records in their layout on disk, used for both directions: callers fill it, readers hand it back.

use crate::record::{FRAME_BYTES_LIMIT, Header, Offset, RECORD_HEADER_BYTES};

/// Records that are appended together, or were read together.
///
/// A batch is appended whole or not at all, side by side in one segment. Keep it and [`clear`](Self::clear) it to use
/// its memory again.
#[derive(Debug, Default, Clone)]
pub struct Batch {
    /// Records with their headers; the header checksum is filled in when the place is known.
    pub(crate) frames: Vec<u8>,
    /// Where the first record lies; meaningless until the batch was appended or read.
    pub(crate) first: Offset,
    pub(crate) record_count: usize,
    /// The longest payload, to check it against the limit without a walk.
    payload_bytes_longest: usize,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a record.
    pub fn push(&mut self, payload: &[u8]) {
        self.push_with(|out| out.extend_from_slice(payload));
    }

    /// Adds a record that `write` appends to the buffer it is given, which saves the caller a buffer of its own.
    ///
    /// # Panics
    /// When `write` shortens the buffer: it may only append.
    pub fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.frames.len();
        self.frames.extend_from_slice(&[0; RECORD_HEADER_BYTES]);
        let payload_start = self.frames.len();
        write(&mut self.frames);
        assert!(self.frames.len() >= payload_start, "a record's writer may only append");
        let payload = &self.frames[payload_start..];
        self.payload_bytes_longest = self.payload_bytes_longest.max(payload.len());
        // A record beyond the limit is refused by `append`; until then its length is only kept from wrapping.
        let frame_bytes = (RECORD_HEADER_BYTES + payload.len()).min(FRAME_BYTES_LIMIT) as u32;
        let header = Header { frame_bytes, starts_group: false, payload_crc: crc32fast::hash(payload) };
        self.frames[start..payload_start].copy_from_slice(&header.to_bytes(Offset::START));
        self.record_count += 1;
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.record_count
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.record_count == 0
    }

    /// Bytes the records take on disk, headers included.
    pub fn bytes(&self) -> usize {
        self.frames.len()
    }

    /// Forgets the records and keeps the memory.
    pub fn clear(&mut self) {
        self.frames.clear();
        self.record_count = 0;
        self.payload_bytes_longest = 0;
    }

    /// The records in order, each with its offset. The offsets mean something only in a batch that was appended or read.
    pub fn iter(&self) -> Records<'_> {
        Records { rest: &self.frames, at: self.first }
    }

    /// Offset of the first record.
    pub fn first(&self) -> Offset {
        self.first
    }

    /// The offset after the last record: where reading goes on.
    pub fn end(&self) -> Offset {
        self.first.plus(self.frames.len() as u64)
    }

    pub(crate) fn payload_bytes_longest(&self) -> usize {
        self.payload_bytes_longest
    }

    /// Fixes the records to their place, which completes their headers.
    pub(crate) fn place(&mut self, first: Offset, starts_group: bool) {
        self.first = first;
        let mut start = 0;
        while let Some(header) = Header::unverified(&self.frames[start..]) {
            let placed = Header { starts_group: starts_group && start == 0, ..header };
            self.frames[start..start + RECORD_HEADER_BYTES]
                .copy_from_slice(&placed.to_bytes(first.plus(start as u64)));
            start += header.frame_bytes as usize;
        }
    }
}

impl From<&[u8]> for Batch {
    fn from(payload: &[u8]) -> Self {
        std::iter::once(payload).collect()
    }
}

impl From<Vec<u8>> for Batch {
    fn from(payload: Vec<u8>) -> Self {
        Self::from(payload.as_slice())
    }
}

impl From<Vec<Vec<u8>>> for Batch {
    fn from(payloads: Vec<Vec<u8>>) -> Self {
        payloads.iter().collect()
    }
}

impl<P: AsRef<[u8]>> FromIterator<P> for Batch {
    fn from_iter<I: IntoIterator<Item = P>>(payloads: I) -> Self {
        let mut batch = Self::new();
        for payload in payloads {
            batch.push(payload.as_ref());
        }
        batch
    }
}

impl<'a> IntoIterator for &'a Batch {
    type Item = (Offset, &'a [u8]);
    type IntoIter = Records<'a>;

    fn into_iter(self) -> Records<'a> {
        self.iter()
    }
}

/// Iterator over the records of a [`Batch`]: offset and payload.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    rest: &'a [u8],
    at: Offset,
}

impl<'a> Iterator for Records<'a> {
    type Item = (Offset, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let header = Header::unverified(self.rest)?;
        let (frame, rest) = self.rest.split_at_checked(header.frame_bytes as usize)?;
        let item = (self.at, frame.get(RECORD_HEADER_BYTES..)?);
        self.at = self.at.plus(frame.len() as u64);
        self.rest = rest;
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_gives_back_what_was_pushed_with_the_offsets_of_its_place() {
        let mut batch: Batch = vec![b"one".to_vec(), Vec::new(), b"three".to_vec()].into();
        batch.place(Offset::new(1000), true);
        let expected: Vec<(Offset, &[u8])> =
            vec![(Offset::new(1000), b"one"), (Offset::new(1015), b""), (Offset::new(1027), b"three")];
        assert_eq!(batch.iter().collect::<Vec<_>>(), expected);
        assert_eq!((batch.len(), batch.end()), (3, Offset::new(1044)));
    }

    #[test]
    fn only_the_first_record_of_a_group_is_marked_and_placing_again_unmarks_it() {
        let mut batch: Batch = vec![vec![1], vec![2]].into();
        let marks = |batch: &Batch| {
            let first = Header::parse(&batch.frames, batch.first).expect("placed");
            let second = Header::parse(&batch.frames[13..], batch.first.plus(13)).expect("placed");
            (first.starts_group, second.starts_group)
        };
        batch.place(Offset::new(24), true);
        assert_eq!(marks(&batch), (true, false));
        batch.place(Offset::new(50), false);
        assert_eq!(marks(&batch), (false, false));
    }

    #[test]
    fn a_cleared_batch_is_empty() {
        let mut batch = Batch::from(vec![1, 2, 3]);
        batch.clear();
        assert!(batch.is_empty() && batch.bytes() == 0 && batch.iter().next().is_none());
    }
}
