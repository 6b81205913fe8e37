//! Segment files: their names, their header, and reading records out of them.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::batch::Batch;
use crate::disk::{self, Disk};
use crate::error::DamageKind;
use crate::record::{Header, Offset, RECORD_HEADER_BYTES, word};

/// Magic 8 bytes, version `u32`, base `u64`, CRC-32 of these twenty bytes; little-endian.
pub(crate) const SEGMENT_HEADER_BYTES: usize = 24;
const MAGIC: &[u8; 8] = b"JOURNAL\n";
const VERSION: u32 = 1;

/// Bytes looked at in one step of the search for the next good record.
const SEARCH_STEP_BYTES: usize = 1 << 20;

/// A segment as retention sees it.
#[derive(Debug, Clone)]
pub struct SegmentInfo {
    /// Offset of its first byte.
    pub base: Offset,
    /// Offset after its last byte.
    pub end: Offset,
    /// When it was last written: no record in it was appended later.
    pub modified_at: SystemTime,
}

/// Path of the segment that begins at `base`.
pub(crate) fn path(dir: &Path, base: Offset) -> PathBuf {
    dir.join(format!("{:020}.log", base.get()))
}

/// The bases of all segments in the folder, in order. Files with other names are not ours and are left alone.
pub(crate) fn list(dir: &Path) -> io::Result<Vec<Offset>> {
    let mut bases = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let digits =
            name.to_str().and_then(|name| name.strip_suffix(".log")).filter(|digits| digits.len() == 20);
        bases.extend(digits.and_then(|digits| digits.parse().ok()).map(Offset::new));
    }
    bases.sort_unstable();
    Ok(bases)
}

/// Creates the segment that begins at `base`, durable with its name. A file that is there already is overwritten:
/// it can only be the rest of a creation that failed. On an error nothing is left behind, if the disk allows.
pub(crate) fn create(disk: &dyn Disk, dir: &Path, base: Offset) -> io::Result<File> {
    let path = path(dir, base);
    let file = File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
    let made = disk
        .write_at(&file, &header_bytes(base), 0)
        .and_then(|()| disk.sync(&file))
        .and_then(|()| disk::sync_dir(dir));
    if let Err(error) = made {
        if let Err(error) = fs::remove_file(&path) {
            tracing::warn!(path = %path.display(), %error, "could not remove an unfinished segment");
        }
        return Err(error);
    }
    Ok(file)
}

fn header_bytes(base: Offset) -> [u8; SEGMENT_HEADER_BYTES] {
    let mut bytes = [0; SEGMENT_HEADER_BYTES];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[12..20].copy_from_slice(&base.get().to_le_bytes());
    let crc = crc32fast::hash(&bytes[..20]);
    bytes[20..].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// What the header of a segment file says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HeaderState {
    Good,
    /// Good, and of a version this program does not know.
    UnknownVersion(u32),
    /// Damaged, or never finished. The records can still be read: the base is in the name.
    Damaged,
}

/// Reads and judges the header.
pub(crate) fn check_header(file: &File, base: Offset) -> io::Result<HeaderState> {
    let mut bytes = [0; SEGMENT_HEADER_BYTES];
    match file.read_exact_at(&mut bytes, 0) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(HeaderState::Damaged),
        other => other?,
    }
    if bytes == header_bytes(base) {
        return Ok(HeaderState::Good);
    }
    let is_ours = bytes.starts_with(MAGIC) && word(&bytes, 20) == Some(crc32fast::hash(&bytes[..20]));
    Ok(match word(&bytes, 8) {
        Some(version) if is_ours && version != VERSION => HeaderState::UnknownVersion(version),
        _ => HeaderState::Damaged,
    })
}

/// Why no record could be read at a place.
#[derive(Debug)]
pub(crate) enum Fault {
    Damaged(DamageKind),
    Io(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Damaged(DamageKind::Missing),
            _ => Self::Io(error),
        }
    }
}

/// An open segment file.
pub(crate) struct Segment {
    pub(crate) file: File,
    pub(crate) base: Offset,
}

impl Segment {
    pub(crate) fn open(dir: &Path, base: Offset) -> io::Result<Self> {
        Ok(Self { file: File::open(path(dir, base))?, base })
    }

    /// Reads whole, good records from `at` on: about `bytes_max`, at least one, none only at `limit`.
    /// Good records before damage are given first; the next call finds the damage at its start.
    pub(crate) fn read(
        &self,
        at: Offset,
        limit: Offset,
        bytes_max: usize,
        batch: &mut Batch,
    ) -> Result<(), Fault> {
        batch.clear();
        batch.first = at;
        let available = limit.since(at);
        let mut wanted = available.min(bytes_max.max(RECORD_HEADER_BYTES) as u64) as usize;
        while wanted > 0 {
            batch.frames.resize(wanted, 0);
            self.file.read_exact_at(&mut batch.frames, at.since(self.base))?;
            match good_frames(&batch.frames, at, available) {
                Ok((bytes, count)) => {
                    batch.frames.truncate(bytes);
                    batch.record_count = count;
                    return Ok(());
                }
                Err(Short::NeedsBytes(bytes)) => wanted = bytes,
                Err(Short::Damaged(kind)) => {
                    batch.clear();
                    return Err(Fault::Damaged(kind));
                }
            }
        }
        Ok(())
    }

    /// The first place from `from` on, before `limit`, where the header of a record is good.
    pub(crate) fn find_record(&self, from: Offset, limit: Offset) -> io::Result<Option<Offset>> {
        let mut bytes = Vec::new();
        let mut at = from;
        while limit.since(at) >= RECORD_HEADER_BYTES as u64 {
            let step_bytes = limit.since(at).min(SEARCH_STEP_BYTES as u64) as usize;
            bytes.resize(step_bytes, 0);
            self.file.read_exact_at(&mut bytes, at.since(self.base))?;
            for (index, window) in bytes.windows(RECORD_HEADER_BYTES).enumerate() {
                let place = at.plus(index as u64);
                match Header::parse(window, place) {
                    Some(header) if u64::from(header.frame_bytes) <= limit.since(place) => {
                        return Ok(Some(place));
                    }
                    _ => {}
                }
            }
            at = at.plus((step_bytes - RECORD_HEADER_BYTES + 1) as u64);
        }
        Ok(None)
    }
}

/// Why the bytes at hand do not begin with a good record.
enum Short {
    /// The first record is good so far and has this many bytes.
    NeedsBytes(usize),
    Damaged(DamageKind),
}

/// Bytes and number of the whole, good records at the start of `bytes`, which is the part at hand of `available`.
fn good_frames(bytes: &[u8], first: Offset, available: u64) -> Result<(usize, usize), Short> {
    let (mut start, mut count) = (0, 0);
    let stop = loop {
        let rest = &bytes[start..];
        let available = available - start as u64;
        if rest.len() < RECORD_HEADER_BYTES {
            break match available {
                0..RECORD_HEADER_BYTES_U64 => Short::Damaged(DamageKind::NoRecord),
                _ => Short::NeedsBytes(RECORD_HEADER_BYTES),
            };
        }
        let Some(header) = Header::parse(rest, first.plus(start as u64)) else {
            break Short::Damaged(DamageKind::NoRecord);
        };
        let frame_bytes = header.frame_bytes as usize;
        if header.frame_bytes as u64 > available {
            break Short::Damaged(DamageKind::Missing);
        }
        let Some(payload) = rest.get(RECORD_HEADER_BYTES..frame_bytes) else {
            break Short::NeedsBytes(frame_bytes);
        };
        if crc32fast::hash(payload) != header.payload_crc {
            break Short::Damaged(DamageKind::Payload);
        }
        start += frame_bytes;
        count += 1;
    };
    if count > 0 { Ok((start, count)) } else { Err(stop) }
}

const RECORD_HEADER_BYTES_U64: u64 = RECORD_HEADER_BYTES as u64;
