//! Parquet: rows of a file whose columns have types and names. The names are its first row.

use crate::rows::Rows;
use crate::source::{BLOCK_ROWS, Block, Format, ReadError};
use bytes::Bytes;
use domain::CivilDay;
use domain::time::DAY_MS;
use parquet::basic::{ConvertedType, LogicalType};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::{ChunkReader, FileReader, Length, SerializedFileReader};
use parquet::record::Field;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most bytes that are read as one piece; a damaged footer asks for more.
const PIECE_BYTES_MAX: usize = 1 << 30;

pub(crate) fn read<R: Read + Seek + Send + 'static>(
    input: R,
    bytes: u64,
    sink: &mut dyn FnMut(Block) -> bool,
) -> Result<(), ReadError> {
    let fault = |error: ParquetError| ReadError::Damaged { format: Format::Parquet, why: error.to_string() };
    let shared = Shared { input: Arc::new(Mutex::new(input)), bytes };
    let file = SerializedFileReader::new(shared).map_err(fault)?;
    let metadata = file.metadata().file_metadata();
    let root = metadata.schema_descr().root_schema_ptr();
    let rows_total = metadata.num_rows().max(1) as f64;
    let mut rows = Rows::default();
    for column in root.get_fields() {
        rows.push_cell(column.name());
    }
    rows.end_row();
    let is_utc: Vec<bool> = root
        .get_fields()
        .iter()
        .map(|column| match column.get_basic_info().logical_type_ref() {
            Some(LogicalType::Timestamp(timestamp)) => timestamp.is_adjusted_to_u_t_c,
            // Without a logical type: the older ones mean UTC, and so do the twelve bytes of Spark and Impala.
            _ => column.get_basic_info().converted_type() != ConvertedType::NONE || column.is_primitive(),
        })
        .collect();
    let mut count = 0f64;
    let mut cell = String::new();
    for row in file.get_row_iter(None).map_err(fault)? {
        let row = row.map_err(fault)?;
        for ((_, value), is_utc) in row.get_column_iter().zip(&is_utc) {
            cell.clear();
            write(value, *is_utc, &mut cell);
            rows.push_cell(&cell);
        }
        rows.end_row();
        count += 1.0;
        if rows.len() >= BLOCK_ROWS || rows.bytes() > (4 << 20) {
            let done = (bytes as f64 * (count / rows_total).min(1.0)) as u64;
            if !sink(Block::of_rows(std::mem::take(&mut rows), done)) {
                return Ok(());
            }
        }
    }
    if !rows.is_empty() {
        sink(Block::of_rows(rows, bytes));
    }
    Ok(())
}

fn write(value: &Field, is_utc: bool, out: &mut String) {
    use std::fmt::Write;
    let written = match value {
        Field::Null => Ok(()),
        Field::Str(text) => out.write_str(text),
        Field::Bytes(bytes) => out.write_str(&String::from_utf8_lossy(bytes.data())),
        Field::Double(value) if value.fract() == 0.0 && value.abs() < 1e15 => {
            write!(out, "{}", *value as i64)
        }
        Field::Float(value) if value.fract() == 0.0 && value.abs() < 1e9 => write!(out, "{}", *value as i64),
        Field::Double(value) => write!(out, "{value}"),
        Field::Float(value) => write!(out, "{value}"),
        Field::Date(days) => write!(out, "{}", CivilDay(*days)),
        Field::TimeMillis(ms) => write_time(i64::from(*ms), out),
        Field::TimeMicros(us) => write_time(us / 1_000, out),
        Field::TimestampMillis(ms) => write_instant(*ms, is_utc, out),
        Field::TimestampMicros(us) => write_instant(us.div_euclid(1_000), is_utc, out),
        other => write!(out, "{other}"),
    };
    written.expect("writing to a string can't fail");
}

fn write_instant(ms: i64, is_utc: bool, out: &mut String) -> std::fmt::Result {
    use std::fmt::Write;
    let Ok(day) = i32::try_from(ms.div_euclid(DAY_MS)) else { return Ok(()) };
    write!(out, "{} ", CivilDay(day))?;
    write_time(ms.rem_euclid(DAY_MS), out)?;
    out.write_str(if is_utc { "Z" } else { "" })
}

fn write_time(ms: i64, out: &mut String) -> std::fmt::Result {
    use std::fmt::Write;
    let (seconds, milli) = (ms.div_euclid(1_000), ms.rem_euclid(1_000));
    write!(out, "{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)?;
    if milli > 0 { write!(out, ".{milli:03}") } else { Ok(()) }
}

/// One reader for all columns.
struct Shared<R> {
    input: Arc<Mutex<R>>,
    bytes: u64,
}

impl<R> Shared<R> {
    fn lock(&self) -> MutexGuard<'_, R> {
        self.input.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Send> Length for Shared<R> {
    fn len(&self) -> u64 {
        self.bytes
    }
}

impl<R: Read + Seek + Send> ChunkReader for Shared<R> {
    type T = From<R>;

    fn get_read(&self, start: u64) -> ParquetResult<From<R>> {
        Ok(From { input: Arc::clone(&self.input), at: start })
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        if length > PIECE_BYTES_MAX {
            return Err(ParquetError::General(format!("a piece of {length} bytes")));
        }
        let mut input = self.lock();
        input.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        (&mut *input).take(length as u64).read_to_end(&mut bytes)?;
        if bytes.len() < length {
            return Err(ParquetError::EOF(format!("{} of {length} bytes at {start}", bytes.len())));
        }
        Ok(bytes.into())
    }
}

/// Reads on from a place, whatever others do meanwhile.
struct From<R> {
    input: Arc<Mutex<R>>,
    at: u64,
}

impl<R: Read + Seek> Read for From<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        input.seek(SeekFrom::Start(self.at))?;
        let count = input.read(out)?;
        self.at += count as u64;
        Ok(count)
    }
}
