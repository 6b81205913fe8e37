//! The layout of snapshots: parts with names, versions and checksums, written and read one after the other, so that a
//! snapshot is never whole in memory.
//!
//! 8 bytes magic; then each part: length of the section's name (1 byte), name, version of the section's state (2 bytes),
//! length of the content (8 bytes), XXH3-64 of all these and the content (8 bytes), content. The seed of the checksum is
//! the part's number, so that a part left out, doubled or moved is noticed; the last part has no name and no content.
//! Numbers are little-endian.

use smol_str::SmolStr;
use std::io::{self, Read, Write};
use xxhash_rust::xxh3::Xxh3;

/// Raise the last digit with a change of the layout, not of what a section holds.
const MAGIC: [u8; 8] = *b"ACSNAP\x00\x01";
/// Version and length of the content.
const NUMBERS_BYTES: usize = 2 + 8;

/// A piece of a section of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Whose state it is; at most 255 bytes, not empty.
    pub section: SmolStr,
    /// Of the section's state.
    pub version: u16,
    /// The state.
    pub bytes: Vec<u8>,
}

/// Why parts can't be read.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// The reader failed.
    #[error("could not be read: {0}")]
    Io(#[source] io::Error),
    /// Not a snapshot, or one of another layout.
    #[error("is not a snapshot of this layout")]
    Layout,
    /// The bytes are not those that were written.
    #[error("is damaged")]
    Damaged,
}

/// Writes parts.
#[derive(Debug)]
pub struct PartsWriter<W> {
    inner: W,
    count: u64,
}

impl<W: Write> PartsWriter<W> {
    /// Begins a snapshot.
    ///
    /// # Errors
    /// Those of `inner`, here as below.
    pub fn begin(mut inner: W) -> io::Result<Self> {
        inner.write_all(&MAGIC)?;
        Ok(Self { inner, count: 0 })
    }

    /// Writes the next part.
    pub fn put(&mut self, part: &Part) -> io::Result<()> {
        debug_assert!(!part.section.is_empty(), "the part without a name is the last");
        self.put_raw(&part.section, part.version, &part.bytes)
    }

    /// Ends the snapshot and gives the writer back, not flushed.
    pub fn end(mut self) -> io::Result<W> {
        self.put_raw("", 0, &[])?;
        Ok(self.inner)
    }

    fn put_raw(&mut self, section: &str, version: u16, bytes: &[u8]) -> io::Result<()> {
        let name_len = u8::try_from(section.len())
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a section's name is too long"))?;
        let mut head = Vec::with_capacity(1 + section.len() + NUMBERS_BYTES);
        head.push(name_len);
        head.extend_from_slice(section.as_bytes());
        head.extend_from_slice(&version.to_le_bytes());
        head.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        self.inner.write_all(&head)?;
        self.inner.write_all(&checksum(self.count, &head, bytes))?;
        self.count += 1;
        self.inner.write_all(bytes)
    }
}

/// Reads parts.
#[derive(Debug)]
pub struct PartsReader<R> {
    inner: R,
    count: u64,
}

impl<R: Read> PartsReader<R> {
    /// Begins to read a snapshot.
    ///
    /// # Errors
    /// See [`PartError`], here as below.
    pub fn begin(mut inner: R) -> Result<Self, PartError> {
        let mut magic = [0; MAGIC.len()];
        match inner.read_exact(&mut magic) {
            Ok(()) if magic == MAGIC => Ok(Self { inner, count: 0 }),
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(PartError::Io(error)),
            _ => Err(PartError::Layout),
        }
    }

    /// The next part; `None` at the end of the snapshot.
    pub fn next_part(&mut self) -> Result<Option<Part>, PartError> {
        let [name_len] = self.take::<1>()?;
        let mut head = vec![0; 1 + usize::from(name_len) + NUMBERS_BYTES];
        head[0] = name_len;
        self.fill(&mut head[1..])?;
        let wanted = self.take::<8>()?;
        let (name, numbers) = head[1..].split_at(usize::from(name_len));
        let (version, bytes_len) = numbers.split_first_chunk().ok_or(PartError::Damaged)?;
        let bytes_len = bytes_len.try_into().map(u64::from_le_bytes).map_err(|_| PartError::Damaged)?;
        // Grows by what is there: a damaged length takes no more memory than the file is long.
        let mut bytes = Vec::new();
        (&mut self.inner).take(bytes_len).read_to_end(&mut bytes).map_err(PartError::Io)?;
        if bytes.len() as u64 != bytes_len || checksum(self.count, &head, &bytes) != wanted {
            return Err(PartError::Damaged);
        }
        self.count += 1;
        if name.is_empty() {
            return Ok(None);
        }
        let section = SmolStr::new(std::str::from_utf8(name).map_err(|_| PartError::Damaged)?);
        bytes.shrink_to_fit();
        Ok(Some(Part { section, version: u16::from_le_bytes(*version), bytes }))
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], PartError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), PartError> {
        self.inner.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => PartError::Damaged,
            _ => PartError::Io(error),
        })
    }
}

fn checksum(number: u64, head: &[u8], bytes: &[u8]) -> [u8; 8] {
    let mut hasher = Xxh3::with_seed(number);
    hasher.update(head);
    hasher.update(bytes);
    hasher.digest().to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> [Part; 3] {
        [("clock", 1, vec![1, 2, 3]), ("drives", 2, vec![]), ("drives", 2, vec![9; 100])]
            .map(|(section, version, bytes)| Part { section: section.into(), version, bytes })
    }

    fn written(parts: &[Part]) -> Vec<u8> {
        let mut writer = PartsWriter::begin(Vec::new()).unwrap();
        for part in parts {
            writer.put(part).unwrap();
        }
        writer.end().unwrap()
    }

    fn read(bytes: &[u8]) -> Result<Vec<Part>, PartError> {
        let (mut reader, mut parts) = (PartsReader::begin(bytes)?, Vec::new());
        while let Some(part) = reader.next_part()? {
            parts.push(part);
        }
        Ok(parts)
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(read(&written(&parts())).unwrap(), parts());
        assert_eq!(read(&written(&[])).unwrap(), []);
    }

    #[test]
    fn no_changed_or_missing_byte_and_no_moved_part_goes_unnoticed() {
        let bytes = written(&parts());
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(read(&changed).is_err(), "byte {at}");
            assert!(read(&bytes[..at]).is_err(), "cut at {at}");
        }
        // Parts that each are good, and were written in another order.
        let [first, second, third] = parts();
        let len_of = |part: &Part| written(std::slice::from_ref(part)).len() - written(&[]).len();
        let (a, b) = (MAGIC.len(), MAGIC.len() + len_of(&first));
        let c = b + len_of(&second) + len_of(&third);
        let moved = [&bytes[..a], &bytes[b..c], &bytes[a..b], &bytes[c..]].concat();
        assert!(matches!(read(&moved), Err(PartError::Damaged)));
    }
}
