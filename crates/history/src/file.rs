//! Segment files: written whole under another name, synced, and renamed; read by pages.

use crate::column::{Column, Table, Values};
use crate::error::HistoryError;
use crate::page::{Pages, check_header};
use crate::segment::Segment;
use bytes::Bytes;
use parquet::column::reader::{ColumnReader, get_column_reader};
use parquet::column::writer::{ColumnCloseResult, ColumnWriter, get_column_writer};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::file::writer::SerializedFileWriter;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xxhash_rust::xxh3::Xxh3Default;

/// End of the name of a file that is not finished.
pub(crate) const UNFINISHED: &str = ".unfinished";

/// Bytes on their way to the disk, with their checksum.
struct Hashed<W> {
    inner: W,
    hasher: Xxh3Default,
    /// Of the bytes behind a place.
    tail: Option<(u64, Xxh3Default)>,
    bytes: u64,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        let done = bytes.get(..written).unwrap_or(bytes);
        self.hasher.update(done);
        if let Some((_, hasher)) = &mut self.tail {
            hasher.update(done);
        }
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A file that is being written. Dropped before it is finished, it is removed.
pub(crate) struct SegmentWriter {
    file: Option<SerializedFileWriter<Hashed<BufWriter<File>>>>,
    properties: WriterPropertiesPtr,
    /// Where it will be.
    path: PathBuf,
    rows: u64,
    is_finished: bool,
}

/// What was written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    /// XXH3-64 of the file.
    pub(crate) checksum: u64,
    /// Where page indexes and footer begin.
    pub(crate) tail_at: u64,
    /// Their XXH3-64.
    pub(crate) tail_checksum: u64,
}

impl SegmentWriter {
    /// Begins a file that will be at `path`; its folders are made.
    pub(crate) fn create(path: PathBuf, table: &Table, zstd_level: i32) -> Result<Self, HistoryError> {
        let folder = path.parent().unwrap_or(Path::new(""));
        create_folders(folder)?;
        let unfinished = unfinished(&path);
        let file = File::create(&unfinished).map_err(HistoryError::io("create", &unfinished))?;
        let sink = Hashed {
            inner: BufWriter::with_capacity(1 << 18, file),
            hasher: Xxh3Default::new(),
            tail: None,
            bytes: 0,
        };
        let writing = HistoryError::writing(&unfinished);
        let schema = table.schema().map_err(&writing)?;
        let properties = table.properties(zstd_level).map_err(&writing)?;
        let file = SerializedFileWriter::new(sink, schema, properties.clone()).map_err(&writing)?;
        Ok(Self { file: Some(file), properties, path, rows: 0, is_finished: false })
    }

    /// Writes the rows as one row group; empties the columns.
    pub(crate) fn write_group(&mut self, columns: &mut [Column]) -> Result<(), HistoryError> {
        let rows = columns.first().map_or(0, Column::rows);
        if rows == 0 {
            return Ok(());
        }
        let writing = HistoryError::writing(&self.path);
        let Some(file) = &mut self.file else { return Ok(()) };
        let leaves = file.schema_descr().columns().to_vec();
        let mut group = file.next_row_group().map_err(&writing)?;
        for (descriptor, column) in leaves.into_iter().zip(columns.iter_mut()) {
            let pages = Pages::default();
            let mut writer = get_column_writer(descriptor, self.properties.clone(), Box::new(pages.clone()));
            let (definition, repetition) = (column.definition.as_deref(), column.repetition.as_deref());
            let count = match (&mut writer, &mut column.values) {
                (ColumnWriter::Int32ColumnWriter(writer), Values::Int(values)) => {
                    writer.write_batch(values, definition, repetition)
                }
                (ColumnWriter::Int64ColumnWriter(writer), Values::Long(values)) => {
                    writer.write_batch(values, definition, repetition)
                }
                (ColumnWriter::BoolColumnWriter(writer), Values::Bool(values)) => {
                    writer.write_batch(values, definition, repetition)
                }
                (ColumnWriter::ByteArrayColumnWriter(writer), Values::Bytes(blobs)) => {
                    writer.write_batch(blobs.arrays(), definition, repetition)
                }
                _ => Err(ParquetError::General("a column of another kind".into())),
            };
            count.map_err(&writing)?;
            let closed: ColumnCloseResult = writer.close().map_err(&writing)?;
            group.append_column(&pages.take(), closed).map_err(&writing)?;
            column.clear();
        }
        group.close().map_err(&writing)?;
        self.rows += rows as u64;
        Ok(())
    }

    /// Makes the file durable under its own name.
    pub(crate) fn finish(mut self) -> Result<Written, HistoryError> {
        let unfinished = unfinished(&self.path);
        let writing = HistoryError::writing(&self.path);
        let Some(mut file) = self.file.take() else {
            return Err(writing(ParquetError::General("written already".into())));
        };
        // What comes now are the page indexes and the footer.
        file.flush().map_err(HistoryError::io("write", &unfinished))?;
        let sink = file.inner_mut();
        sink.tail = Some((sink.bytes, Xxh3Default::new()));
        let sink = file.into_inner().map_err(&writing)?;
        let (bytes, checksum) = (sink.bytes, sink.hasher.digest());
        let (tail_at, tail_checksum) = sink.tail.map_or((bytes, 0), |(at, hasher)| (at, hasher.digest()));
        let file = sink
            .inner
            .into_inner()
            .map_err(|error| HistoryError::io("write", &unfinished)(error.into_error()))?;
        file.sync_all().map_err(HistoryError::io("sync", &unfinished))?;
        fs::rename(&unfinished, &self.path).map_err(HistoryError::io("rename", &unfinished))?;
        self.is_finished = true;
        sync_folder(self.path.parent().unwrap_or(Path::new("")))?;
        Ok(Written { rows: self.rows, bytes, checksum, tail_at, tail_checksum })
    }
}

impl Drop for SegmentWriter {
    fn drop(&mut self) {
        if !self.is_finished
            && let Err(error) = fs::remove_file(unfinished(&self.path))
        {
            tracing::debug!(%error, path = %self.path.display(), "an unfinished segment stays until the next start");
        }
    }
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(UNFINISHED);
    name.into()
}

/// Makes folders that are there after a power cut as well.
fn create_folders(folder: &Path) -> Result<(), HistoryError> {
    if folder.is_dir() || folder.as_os_str().is_empty() {
        return Ok(());
    }
    let parent = folder.parent().unwrap_or(Path::new(""));
    create_folders(parent)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(HistoryError::io("create", folder)(error))
        }
        _ => sync_folder(parent),
    }
}

pub(crate) fn sync_folder(folder: &Path) -> Result<(), HistoryError> {
    let sync = || File::open(folder)?.sync_all();
    sync().map_err(HistoryError::io("sync", folder))
}

/// The XXH3-64 and the length of a file.
pub(crate) fn checksum(path: &Path) -> io::Result<(u64, u64)> {
    let mut file = File::open(path)?;
    let mut hasher = Xxh3Default::new();
    let mut buffer = vec![0; 1 << 18];
    let mut bytes = 0;
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok((hasher.digest(), bytes));
        }
        hasher.update(buffer.get(..count).unwrap_or_default());
        bytes += count as u64;
    }
}

/// Bytes of a file, some of them read ahead. The library asks for whole pages, whose headers are checked here.
pub(crate) struct Source {
    file: Arc<File>,
    len: u64,
    ahead: Option<(u64, Bytes)>,
}

impl Source {
    fn read(&self, start: u64, length: usize) -> io::Result<Bytes> {
        let mut buffer = vec![0; length];
        self.file.read_exact_at(&mut buffer, start)?;
        Ok(buffer.into())
    }
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.len
    }
}

/// Reads on from a place, by `pread`: the file's own place is shared by all who read it.
pub(crate) struct From {
    file: Arc<File>,
    at: u64,
}

impl Read for From {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl ChunkReader for Source {
    type T = io::BufReader<From>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        Ok(io::BufReader::new(From { file: self.file.clone(), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        let within = self.ahead.as_ref().and_then(|(ahead_at, ahead)| {
            let from = start.checked_sub(*ahead_at)? as usize;
            (from + length <= ahead.len()).then(|| ahead.slice(from..from + length))
        });
        let page = match within {
            Some(page) => page,
            None => self.read(start, length)?,
        };
        check_header(&page)?;
        Ok(page)
    }
}

/// The end of a file: page indexes and footer.
struct Tail {
    at: u64,
    bytes: Bytes,
}

impl Length for Tail {
    fn len(&self) -> u64 {
        self.at + self.bytes.len() as u64
    }
}

impl ChunkReader for Tail {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        self.bytes.get_read(start.saturating_sub(self.at))
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        self.bytes.get_bytes(start.saturating_sub(self.at), length)
    }
}

/// A segment that is open for reading, with its footer and page index. Once open it can be read even after its file was
/// removed.
pub(crate) struct SegmentFile {
    file: Arc<File>,
    len: u64,
    metadata: ParquetMetaData,
    /// Below the history's folder.
    path: PathBuf,
}

impl SegmentFile {
    pub(crate) fn open(root: &Path, segment: &Segment) -> Result<Self, HistoryError> {
        let path = &segment.path;
        let file = File::open(root.join(path)).map_err(HistoryError::io("open", path))?;
        let len = file.metadata().map_err(HistoryError::io("read", path))?.len();
        let damaged = |reason: String| HistoryError::Damaged { path: path.clone(), column: None, reason };
        if len != segment.bytes {
            return Err(damaged(format!("it has {len} bytes, written were {}", segment.bytes)));
        }
        let file = Arc::new(file);
        let source = Source { file: file.clone(), len, ahead: None };
        let tail_bytes = len.saturating_sub(segment.tail_at) as usize;
        let tail = source.read(segment.tail_at, tail_bytes).map_err(HistoryError::io("read", path))?;
        if xxhash_rust::xxh3::xxh3_64(&tail) != segment.tail_checksum {
            return Err(damaged("its footer is not what was written".into()));
        }
        let tail = Tail { at: segment.tail_at, bytes: tail };
        let metadata = ParquetMetaDataReader::new()
            .with_page_index_policy(PageIndexPolicy::Optional)
            .parse_and_finish(&tail)
            .map_err(HistoryError::reading(path, None))?;
        Ok(Self { file, len, metadata, path: path.clone() })
    }

    /// Bytes of memory that it takes.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.metadata.memory_size()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn groups(&self) -> usize {
        self.metadata.num_row_groups()
    }

    pub(crate) fn group_rows(&self, group: usize) -> usize {
        self.metadata.row_group(group).num_rows() as usize
    }

    /// The least and the greatest value of a column of numbers in a row group, where they are known.
    pub(crate) fn group_range(&self, group: usize, column: usize) -> Option<(i64, i64)> {
        use parquet::file::statistics::Statistics;
        match self.metadata.row_group(group).column(column).statistics()? {
            Statistics::Int64(values) => Some((*values.min_opt()?, *values.max_opt()?)),
            Statistics::Int32(values) => Some(((*values.min_opt()?).into(), (*values.max_opt()?).into())),
            _ => None,
        }
    }

    /// The rows of a row group that may hold texts from `least` to `most`, in a column by which rows are sorted.
    pub(crate) fn rows_between(
        &self,
        group: usize,
        column: usize,
        least: &[u8],
        most: &[u8],
    ) -> Range<usize> {
        let rows = self.group_rows(group);
        let index = self.metadata.page_index_for_row_group(group);
        let (Some(ColumnIndexMetaData::BYTE_ARRAY(pages)), Some(locations)) =
            (index.column_index(column), index.page_locations(column))
        else {
            return 0..rows;
        };
        // Texts are cut in the index: the least is shortened, the most made greater, so both are still bounds.
        let count = locations.len();
        let first = partition(count, |page| pages.max_value(page).is_some_and(|value| value < least));
        let end = partition(count, |page| pages.min_value(page).is_none_or(|value| value <= most));
        let start_of =
            |page: usize| locations.get(page).map_or(rows, |location| location.first_row_index as usize);
        start_of(first)..start_of(end).max(start_of(first))
    }

    /// The rows of a row group whose pages may hold numbers within `range`, as the fewest that lie side by side.
    pub(crate) fn rows_within(&self, group: usize, column: usize, range: (i64, i64)) -> Range<usize> {
        let rows = self.group_rows(group);
        let index = self.metadata.page_index_for_row_group(group);
        let (Some(ColumnIndexMetaData::INT64(pages)), Some(locations)) =
            (index.column_index(column), index.page_locations(column))
        else {
            return 0..rows;
        };
        let may_hold = |page: &usize| {
            pages.min_value(*page).is_none_or(|value| *value <= range.1)
                && pages.max_value(*page).is_none_or(|value| *value >= range.0)
        };
        let start_of =
            |page: usize| locations.get(page).map_or(rows, |location| location.first_row_index as usize);
        let first = (0..locations.len()).find(may_hold);
        let last = (0..locations.len()).rev().find(may_hold);
        match (first, last) {
            (Some(first), Some(last)) => start_of(first)..start_of(last + 1),
            _ => 0..0,
        }
    }

    /// Reads some rows of a column behind those that `out` has already.
    pub(crate) fn read_column(
        &self,
        table: &Table,
        group: usize,
        column: usize,
        rows: Range<usize>,
        out: &mut Column,
    ) -> Result<(), HistoryError> {
        let is_most = rows.len() * 2 >= self.group_rows(group);
        let mut stream = self.stream(table, group, column, is_most)?;
        stream.skip(rows.start)?;
        stream.read(rows.len(), out)
    }

    /// Begins to read a column of a row group from its first row. `ahead` reads the column's bytes at once.
    pub(crate) fn stream(
        &self,
        table: &Table,
        group: usize,
        column: usize,
        ahead: bool,
    ) -> Result<ColumnStream, HistoryError> {
        let name = table.columns.get(column).map(|spec| spec.name);
        let open = || {
            let chunk = self.metadata.row_group(group).column(column);
            let mut source = Source { file: self.file.clone(), len: self.len, ahead: None };
            if ahead {
                let (start, length) = chunk.byte_range();
                source.ahead = Some((start, source.read(start, length as usize)?));
            }
            let locations = self.metadata.page_index_for_row_group(group).page_locations(column).cloned();
            let pages =
                SerializedPageReader::new(Arc::new(source), chunk, self.group_rows(group), locations)?;
            ParquetResult::Ok(get_column_reader(chunk.column_descr_ptr(), Box::new(pages)))
        };
        let reader = open().map_err(HistoryError::reading(&self.path, name))?;
        Ok(ColumnStream { reader, path: self.path.clone(), name })
    }
}

/// Reads a column of a row group, some rows at a time.
pub(crate) struct ColumnStream {
    reader: ColumnReader,
    path: PathBuf,
    name: Option<&'static str>,
}

impl ColumnStream {
    pub(crate) fn skip(&mut self, rows: usize) -> Result<(), HistoryError> {
        let skipped = match &mut self.reader {
            ColumnReader::BoolColumnReader(reader) => reader.skip_records(rows),
            ColumnReader::Int32ColumnReader(reader) => reader.skip_records(rows),
            ColumnReader::Int64ColumnReader(reader) => reader.skip_records(rows),
            ColumnReader::ByteArrayColumnReader(reader) => reader.skip_records(rows),
            _ => Err(kind_error()),
        };
        self.check(skipped, rows)
    }

    /// Reads rows behind those that `out` has already.
    pub(crate) fn read(&mut self, rows: usize, out: &mut Column) -> Result<(), HistoryError> {
        let Column { values, definition, repetition, .. } = out;
        let (definition, repetition) = (definition.as_mut(), repetition.as_mut());
        let read = match (&mut self.reader, values) {
            (ColumnReader::Int32ColumnReader(reader), Values::Int(values)) => {
                reader.read_records(rows, definition, repetition, values)
            }
            (ColumnReader::Int64ColumnReader(reader), Values::Long(values)) => {
                reader.read_records(rows, definition, repetition, values)
            }
            (ColumnReader::BoolColumnReader(reader), Values::Bool(values)) => {
                reader.read_records(rows, definition, repetition, values)
            }
            (ColumnReader::ByteArrayColumnReader(reader), Values::Bytes(blobs)) => {
                blobs.arrays();
                reader.read_records(rows, definition, repetition, &mut blobs.read)
            }
            _ => Err(kind_error()),
        };
        self.check(read.map(|(rows, ..)| rows), rows)?;
        out.add_rows(rows);
        Ok(())
    }

    fn check(&self, count: ParquetResult<usize>, rows: usize) -> Result<(), HistoryError> {
        let reading = HistoryError::reading(&self.path, self.name);
        match count {
            Ok(count) if count == rows => Ok(()),
            Ok(count) => Err(reading(ParquetError::General(format!("{count} rows of {rows}")))),
            Err(error) => Err(reading(error)),
        }
    }
}

fn kind_error() -> ParquetError {
    ParquetError::General("a column of another kind".into())
}

/// The first of `0..count` for which `is_before` no longer holds.
fn partition(count: usize, is_before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low.midpoint(high);
        if is_before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}
