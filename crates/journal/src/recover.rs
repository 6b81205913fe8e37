//! Opening a folder: lists the segments, scans the last one, and mends what a crash left.
//!
//! Only the last segment can be torn, because a segment is synced whole before the next one begins. In it, a gap (bytes
//! that are no good record) is one of two things. If a later record starts a group, everything before that record was
//! durable when it was written: the gap is damage, and it stays for readers to report. If none does, the gap lies in
//! the group that was being written when the process ended, which nobody was answered for: the file is cut there.
//! (Should a durable byte rot in the very last group, nothing tells it from a torn write. So what is cut off is kept.)

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::batch::Batch;
use crate::disk::{self, Disk};
use crate::error::OpenError;
use crate::record::{Header, Offset};
use crate::segment::{self, Fault, HeaderState, SEGMENT_HEADER_BYTES, Segment};
use crate::shared::first_record;

/// Bytes read in one step of the scan.
const SCAN_STEP_BYTES: usize = 1 << 20;
/// Torn tails that are kept beside the segments; the oldest goes first.
const TORN_FILES_MAX: usize = 8;
const TORN_PREFIX: &str = "torn-";

/// What opening a journal found and mended. Its `Display` says it in words.
#[derive(Debug, Default)]
pub struct OpenReport {
    /// Segment files.
    pub segments: usize,
    /// Offset of the first record.
    pub first: Offset,
    /// The durable end.
    pub end: Offset,
    /// Good records in the last segment, the one that was scanned.
    pub scanned_records: u64,
    /// The torn tail that was cut off, if there was one.
    pub torn: Option<TornTail>,
    /// Damage to durable records in the last segment: left in place, readers report it.
    pub damaged: Vec<Range<Offset>>,
    /// Bytes or whole segments that are missing between segments: readers report them.
    pub missing: Vec<Range<Offset>>,
    /// Segments whose header is damaged. Their records can be read all the same.
    pub damaged_headers: Vec<Offset>,
    /// Whether the last segment's header was unfinished, and was written anew.
    pub rewrote_header: bool,
}

/// A torn write that was cut off the end of the log.
#[derive(Debug)]
pub struct TornTail {
    /// Where it began, which is the durable end now.
    pub at: Offset,
    /// Its length in bytes.
    pub bytes: u64,
    /// Where the bytes were put aside. `None` when they were only zeros or there was no room for them.
    pub kept: Option<PathBuf>,
}

impl OpenReport {
    /// Whether everything was as a clean stop leaves it.
    pub fn is_clean(&self) -> bool {
        self.torn.is_none() && !self.rewrote_header && !self.has_damage()
    }

    /// Whether durable records were damaged or lost, which no crash explains.
    pub fn has_damage(&self) -> bool {
        !(self.damaged.is_empty() && self.missing.is_empty() && self.damaged_headers.is_empty())
    }
}

impl fmt::Display for OpenReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { segments, first, end, scanned_records, .. } = self;
        write!(
            f,
            "{segments} segments, offsets {first} to {end}, {scanned_records} records in the last segment are good"
        )?;
        if let Some(TornTail { at, bytes, kept }) = &self.torn {
            write!(f, "; cut off a torn write of {bytes} bytes at offset {at}")?;
            if let Some(path) = kept {
                write!(f, " (kept in {})", path.display())?;
            }
        }
        if self.rewrote_header {
            write!(f, "; wrote the unfinished header of the last segment anew")?;
        }
        for Range { start, end } in &self.damaged {
            write!(f, "; offsets {start} to {end} are damaged")?;
        }
        for Range { start, end } in &self.missing {
            write!(f, "; offsets {start} to {end} are missing")?;
        }
        for base in &self.damaged_headers {
            write!(f, "; the header of segment {base} is damaged")?;
        }
        Ok(())
    }
}

/// An opened folder, ready to be written.
pub(crate) struct Recovered {
    pub(crate) report: OpenReport,
    pub(crate) bases: Vec<Offset>,
    /// The last segment.
    pub(crate) file: File,
    pub(crate) end: Offset,
}

pub(crate) fn recover(disk: &dyn Disk, dir: &Path) -> Result<Recovered, OpenError> {
    let failed = |doing, path: &Path| {
        let path = path.to_owned();
        move |source| OpenError::Io { doing, path, source }
    };
    let mut report = OpenReport::default();
    let mut bases = segment::list(dir).map_err(failed("list", dir))?;
    check_segments(dir, &bases, &mut report)?;

    let last = bases.last().copied().unwrap_or(Offset::START);
    let path = segment::path(dir, last);
    let is_unfinished = report.damaged_headers.last() == Some(&last)
        && fs::metadata(&path).map_err(failed("look at", &path))?.len() <= SEGMENT_HEADER_BYTES as u64;
    let (file, end) = if bases.is_empty() || is_unfinished {
        if is_unfinished {
            report.damaged_headers.pop();
            report.rewrote_header = true;
        } else {
            bases.push(last);
        }
        (segment::create(disk, dir, last).map_err(failed("create", &path))?, first_record(last))
    } else {
        let file = File::options().read(true).write(true).open(&path).map_err(failed("open", &path))?;
        let segment = Segment { file, base: last };
        let end = mend(disk, dir, &segment, &mut report).map_err(failed("mend", &path))?;
        (segment.file, end)
    };
    // A process that was killed between its write and its sync leaves records that are only in the page cache. They are
    // about to be called durable.
    disk.sync(&file).and_then(|()| disk::sync_dir(dir)).map_err(failed("sync", &path))?;

    report.segments = bases.len();
    report.first = first_record(bases[0]);
    report.end = end;
    Ok(Recovered { report, bases, file, end })
}

/// Checks every segment's header, and that each ends where the next begins.
fn check_segments(dir: &Path, bases: &[Offset], report: &mut OpenReport) -> Result<(), OpenError> {
    for (index, &base) in bases.iter().enumerate() {
        let path = segment::path(dir, base);
        let look = || {
            let file = File::open(&path)?;
            Ok((segment::check_header(&file, base)?, file.metadata()?.len()))
        };
        let (header, bytes) = look().map_err(|source| OpenError::Io {
            doing: "read the header of",
            path: path.clone(),
            source,
        })?;
        match header {
            HeaderState::Good => {}
            HeaderState::UnknownVersion(version) => return Err(OpenError::Version { path, version }),
            HeaderState::Damaged => report.damaged_headers.push(base),
        }
        match bases.get(index + 1) {
            Some(&next) if base.plus(bytes) < next => report.missing.push(base.plus(bytes)..next),
            _ => {}
        }
    }
    Ok(())
}

/// Scans the last segment, cuts off a torn tail and gives the end.
fn mend(disk: &dyn Disk, dir: &Path, segment: &Segment, report: &mut OpenReport) -> io::Result<Offset> {
    let limit = segment.base.plus(segment.file.metadata()?.len());
    let mut at = first_record(segment.base);
    let mut batch = Batch::new();
    let mut gaps: Vec<Range<Offset>> = Vec::new();
    while at < limit {
        match segment.read(at, limit, SCAN_STEP_BYTES, &mut batch) {
            Ok(()) => {
                report.scanned_records += batch.len() as u64;
                if !gaps.is_empty() && starts_a_group(&batch) {
                    report.damaged.append(&mut gaps);
                }
                at = batch.end();
            }
            Err(Fault::Damaged(_)) => {
                let next = segment.find_record(at.plus(1), limit)?.unwrap_or(limit);
                gaps.push(at..next);
                at = next;
            }
            Err(Fault::Io(error)) => return Err(error),
        }
    }
    let Some(gap) = gaps.first() else { return Ok(limit) };
    let (at, bytes) = (gap.start, limit.since(gap.start));
    let kept = keep_torn(dir, segment, at, bytes).unwrap_or_else(|error| {
        // Nobody was answered for these bytes: better an open journal than a kept copy.
        tracing::warn!(%at, bytes, %error, "could not keep a torn tail");
        None
    });
    disk.cut(&segment.file, at.since(segment.base))?;
    report.torn = Some(TornTail { at, bytes, kept });
    Ok(at)
}

fn starts_a_group(batch: &Batch) -> bool {
    batch.iter().any(|(offset, _)| {
        let start = offset.since(batch.first()) as usize;
        Header::unverified(&batch.frames[start..]).is_some_and(|header| header.starts_group)
    })
}

/// Puts the bytes that are about to be cut off into a file of their own.
fn keep_torn(dir: &Path, segment: &Segment, at: Offset, bytes: u64) -> io::Result<Option<PathBuf>> {
    let path = dir.join(format!("{TORN_PREFIX}{:020}", at.get()));
    let mut source = &segment.file;
    source.seek(SeekFrom::Start(at.since(segment.base)))?;
    let mut source = source.take(bytes);
    let mut kept = File::create(&path)?;
    let mut step = vec![0; SCAN_STEP_BYTES];
    let mut has_content = false;
    loop {
        let count = source.read(&mut step)?;
        if count == 0 {
            break;
        }
        has_content |= step[..count].iter().any(|byte| *byte != 0);
        kept.write_all(&step[..count])?;
    }
    if !has_content {
        fs::remove_file(&path)?;
        return Ok(None);
    }
    kept.sync_data()?;
    forget_old_torn(dir)?;
    Ok(Some(path))
}

fn forget_old_torn(dir: &Path) -> io::Result<()> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(TORN_PREFIX)) {
            paths.push(entry.path());
        }
    }
    paths.sort_unstable();
    let excess_count = paths.len().saturating_sub(TORN_FILES_MAX);
    paths.iter().take(excess_count).try_for_each(fs::remove_file)
}
