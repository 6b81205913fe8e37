//! Segment files: written whole under another name, synced, and renamed; read by pages.

use crate::chunk::{ChunkIndex, ChunkPages};
use crate::column::{Column, Table, Values};
use crate::error::HistoryError;
use crate::page::Pages;
use crate::plate_key::PlateKey;
use crate::segment::Segment;
use bytes::Bytes;
use parquet::column::reader::{ColumnReader, get_column_reader};
use parquet::column::writer::{ColumnCloseResult, ColumnWriter, get_column_writer};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::reader::{ChunkReader, Length};
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

/// The XXH3-64 and the length of a file; `None` when `pace`, which is told the bytes of each part, says that it is not wanted
/// any longer.
pub(crate) fn checksum(path: &Path, pace: &mut dyn FnMut(u64) -> bool) -> io::Result<Option<(u64, u64)>> {
    let mut file = File::open(path)?;
    let mut hasher = Xxh3Default::new();
    let mut buffer = vec![0; 1 << 18];
    let mut bytes = 0;
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok(Some((hasher.digest(), bytes)));
        }
        hasher.update(buffer.get(..count).unwrap_or_default());
        bytes += count as u64;
        if !pace(count as u64) {
            return Ok(None);
        }
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
    metadata: ParquetMetaData,
    /// By row group and column.
    chunks: Vec<Vec<Arc<ChunkIndex>>>,
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
        let mut tail = vec![0; len.saturating_sub(segment.tail_at) as usize];
        file.read_exact_at(&mut tail, segment.tail_at).map_err(HistoryError::io("read", path))?;
        if xxhash_rust::xxh3::xxh3_64(&tail) != segment.tail_checksum {
            return Err(damaged("its footer is not what was written".into()));
        }
        let tail = Tail { at: segment.tail_at, bytes: tail.into() };
        let reading = HistoryError::reading(path, None);
        let metadata = ParquetMetaDataReader::new()
            .with_page_index_policy(PageIndexPolicy::Required)
            .parse_and_finish(&tail)
            .map_err(&reading)?;
        let chunks_of = |group: usize| {
            let columns = 0..metadata.row_group(group).num_columns();
            columns.map(|column| ChunkIndex::of(&metadata, group, column).map(Arc::new)).collect()
        };
        let chunks = (0..metadata.num_row_groups())
            .map(chunks_of)
            .collect::<ParquetResult<Vec<Vec<_>>>>()
            .map_err(&reading)?;
        // The library's own page index is several times as large.
        let metadata = metadata.into_builder().set_page_index(None).build();
        Ok(Self { file: Arc::new(file), metadata, chunks, path: path.clone() })
    }

    /// Bytes of memory that it takes.
    pub(crate) fn memory_bytes(&self) -> usize {
        let chunks = self.chunks.iter().flatten().map(|chunk| chunk.memory_bytes());
        self.metadata.memory_size() + chunks.sum::<usize>()
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

    /// The rows of a row group that may hold plates from `least` to `most`, in a column by which rows are sorted.
    pub(crate) fn rows_between(
        &self,
        group: usize,
        column: usize,
        least: PlateKey,
        most: PlateKey,
    ) -> Range<usize> {
        self.chunks[group][column].rows_between(least, most)
    }

    /// The rows of a row group whose pages may hold numbers within `range`, as the fewest that lie side by side.
    pub(crate) fn rows_within(&self, group: usize, column: usize, range: (i64, i64)) -> Range<usize> {
        self.chunks[group][column].rows_within(range)
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
        self.stream(table, group, column, rows.start, is_most)?.read(rows.len(), out)
    }

    /// Asks the disk for some rows of a column, see [`ChunkIndex::ask_for`].
    pub(crate) fn ask_for(&self, group: usize, column: usize, rows: &Range<usize>) {
        self.chunks[group][column].ask_for(&self.file, rows);
    }

    /// Begins to read a column of a row group from a row on. `ahead` reads the column's bytes at once.
    pub(crate) fn stream(
        &self,
        table: &Table,
        group: usize,
        column: usize,
        row: usize,
        ahead: bool,
    ) -> Result<ColumnStream, HistoryError> {
        let name = table.columns.get(column).map(|spec| spec.name);
        let open = || {
            let index = self.chunks[group][column].clone();
            let pages = ChunkPages::new(self.file.clone(), index, row, ahead)?;
            let skipped = row - pages.row();
            let descriptor = self.metadata.row_group(group).column(column).column_descr_ptr();
            ParquetResult::Ok((get_column_reader(descriptor, Box::new(pages)), skipped))
        };
        let (reader, skipped) = open().map_err(HistoryError::reading(&self.path, name))?;
        let mut stream = ColumnStream { reader, path: self.path.clone(), name };
        stream.skip(skipped)?;
        Ok(stream)
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
