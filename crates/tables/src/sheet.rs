//! Spreadsheets: Office Open XML is read cell by cell; the older ones are small enough to be held.

use crate::rows::Rows;
use crate::source::{BLOCK_ROWS, Block, Format, ReadError};
use calamine::{Data, DataRef, ExcelDateTime, Ods, Reader, Xls, Xlsx};
use std::fmt::Write;
use std::io::{Read, Seek, SeekFrom};

/// Most bytes that a spreadsheet may unpack to in memory: its texts and styles, or all of it where it is held whole.
const HELD_BYTES_MAX: u64 = 512 << 20;
/// Farthest column that is read.
const COLUMNS_MAX: u32 = 512;

fn damaged(format: Format, error: &dyn std::error::Error) -> ReadError {
    ReadError::Damaged { format, why: error.to_string() }
}

/// The sheets, in their order.
pub(crate) fn names<R: Read + Seek>(input: &mut R, format: Format) -> Result<Vec<String>, ReadError> {
    check_size(input, format)?;
    Ok(match format {
        Format::Xlsx => Xlsx::new(input).map_err(|error| damaged(format, &error))?.sheet_names(),
        Format::Ods => Ods::new(input).map_err(|error| damaged(format, &error))?.sheet_names(),
        _ => Xls::new(input).map_err(|error| damaged(format, &error))?.sheet_names(),
    })
}

/// What the archive says that it unpacks to, without unpacking it.
fn check_size<R: Read + Seek>(input: &mut R, format: Format) -> Result<(), ReadError> {
    let bytes = if format == Format::Xls {
        input.seek(SeekFrom::End(0))?
    } else {
        let mut archive = zip::ZipArchive::new(&mut *input).map_err(|error| damaged(format, &error))?;
        let mut held = 0u64;
        for index in 0..archive.len() {
            let file = archive.by_index_raw(index).map_err(|error| damaged(format, &error))?;
            let is_streamed =
                format == Format::Xlsx && file.name().is_ok_and(|name| name.contains("worksheets/"));
            held = held.saturating_add(if is_streamed { 0 } else { file.size() });
        }
        held
    };
    input.seek(SeekFrom::Start(0))?;
    if bytes > HELD_BYTES_MAX {
        return Err(ReadError::TooLarge { bytes, bytes_max: HELD_BYTES_MAX });
    }
    Ok(())
}

pub(crate) fn read<R: Read + Seek>(
    mut input: R,
    format: Format,
    name: Option<&str>,
    bytes: u64,
    sink: &mut dyn FnMut(Block) -> bool,
) -> Result<(), ReadError> {
    check_size(&mut input, format)?;
    let name = name.unwrap_or_default();
    let range = match format {
        Format::Xlsx => return read_xlsx(input, name, bytes, sink),
        Format::Ods => {
            let mut book = Ods::new(input).map_err(|error| damaged(format, &error))?;
            book.worksheet_range(name).map_err(|error| damaged(format, &error))?
        }
        _ => {
            let mut book = Xls::new(input).map_err(|error| damaged(format, &error))?;
            book.worksheet_range(name).map_err(|error| damaged(format, &error))?
        }
    };
    let mut page = Page::new(range.end().map_or(0, |(row, _)| row), bytes, sink);
    let (row_0, column_0) = range.start().unwrap_or_default();
    for (row, column, cell) in range.used_cells() {
        let at = (row_0 + row as u32, column_0 + column as u32);
        if !page.put(at, |out| write_data(cell, out)) {
            return Ok(());
        }
    }
    page.finish();
    Ok(())
}

fn read_xlsx<R: Read + Seek>(
    input: R,
    name: &str,
    bytes: u64,
    sink: &mut dyn FnMut(Block) -> bool,
) -> Result<(), ReadError> {
    let fault = |error: calamine::XlsxError| damaged(Format::Xlsx, &error);
    let mut book = Xlsx::new(input).map_err(fault)?;
    let mut cells = book.worksheet_cells_reader(name).map_err(fault)?;
    let mut page = Page::new(cells.dimensions().end.0, bytes, sink);
    while let Some(cell) = cells.next_cell().map_err(fault)? {
        if !page.put(cell.get_position(), |out| write_data_ref(cell.get_value(), out)) {
            return Ok(());
        }
    }
    page.finish();
    Ok(())
}

/// Puts cells that come in their order into rows, with the empty ones between them.
struct Page<'s> {
    sink: &'s mut dyn FnMut(Block) -> bool,
    rows: Rows,
    row: u32,
    column: u32,
    last_row: u32,
    bytes: u64,
    cell: String,
    is_stopped: bool,
}

impl<'s> Page<'s> {
    fn new(last_row: u32, bytes: u64, sink: &'s mut dyn FnMut(Block) -> bool) -> Self {
        Self {
            sink,
            rows: Rows::default(),
            row: 0,
            column: 0,
            last_row,
            bytes,
            cell: String::new(),
            is_stopped: false,
        }
    }

    /// False when no more is wanted.
    fn put(&mut self, (row, column): (u32, u32), write: impl FnOnce(&mut String)) -> bool {
        self.cell.clear();
        write(&mut self.cell);
        // Formatted cells without content go on to the last row of a sheet.
        if self.cell.trim().is_empty() || column >= COLUMNS_MAX || row < self.row || self.is_stopped {
            return !self.is_stopped;
        }
        while self.row < row {
            self.end_row();
            if self.is_stopped {
                return false;
            }
        }
        while self.column < column {
            self.rows.push_cell("");
            self.column += 1;
        }
        if self.column == column {
            self.rows.push_cell(&self.cell);
            self.column += 1;
        }
        true
    }

    fn end_row(&mut self) {
        if self.column == 0 {
            self.rows.push_cell("");
        }
        self.rows.end_row();
        self.row += 1;
        self.column = 0;
        if self.rows.len() >= BLOCK_ROWS {
            self.give();
        }
    }

    fn give(&mut self) {
        let part = f64::from(self.row) / f64::from(self.last_row.max(1));
        let done = (self.bytes as f64 * part.min(1.0)) as u64;
        let rows = std::mem::take(&mut self.rows);
        self.is_stopped |= !(self.sink)(Block::of_rows(rows, done));
    }

    fn finish(mut self) {
        if self.column > 0 {
            self.end_row();
        }
        if !self.rows.is_empty() && !self.is_stopped {
            self.give();
        }
    }
}

fn write_data(cell: &Data, out: &mut String) {
    match cell {
        Data::Int(value) => push(out, format_args!("{value}")),
        Data::Float(value) => push_number(out, *value),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => out.push_str(text),
        Data::Bool(value) => push(out, format_args!("{value}")),
        Data::DateTime(value) => push_time(out, value),
        _ => {}
    }
}

fn write_data_ref(cell: &DataRef<'_>, out: &mut String) {
    match cell {
        DataRef::Int(value) => push(out, format_args!("{value}")),
        DataRef::Float(value) => push_number(out, *value),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => out.push_str(text),
        DataRef::SharedString(text) => out.push_str(text),
        DataRef::Bool(value) => push(out, format_args!("{value}")),
        DataRef::DateTime(value) => push_time(out, value),
        _ => {}
    }
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a string can't fail");
}

/// Whole numbers without a point, as they are shown.
fn push_number(out: &mut String, value: f64) {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        push(out, format_args!("{}", value as i64));
    } else {
        push(out, format_args!("{value}"));
    }
}

/// A day, a time of day, or both, as far as the cell has them.
fn push_time(out: &mut String, value: &ExcelDateTime) {
    let days = value.as_f64();
    let (year, month, day, hour, minute, second, milli) = value.to_ymd_hms_milli();
    if days >= 1.0 {
        push(out, format_args!("{year:04}-{month:02}-{day:02}"));
    }
    if days.fract() != 0.0 || days < 1.0 {
        let gap = if days >= 1.0 { " " } else { "" };
        push(out, format_args!("{gap}{hour:02}:{minute:02}:{second:02}"));
        if milli > 0 {
            push(out, format_args!(".{milli:03}"));
        }
    }
}
