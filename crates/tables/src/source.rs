//! A file as a table: what it looks like, and its rows in blocks of bounded size.

use crate::columnar;
use crate::csv::{Cutter, Delimiter, parse_block};
use crate::encoding::{Encoding, Utf16};
use crate::rows::Rows;
use crate::sheet;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Seek, SeekFrom};

/// Bytes by which encoding and delimiter are told.
const HEAD_BYTES: u64 = 4 << 20;
/// Rows of a block that does not come from text.
pub(crate) const BLOCK_ROWS: usize = 8_000;

/// How a file holds its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Text with a delimiter.
    Csv,
    /// Office Open XML.
    Xlsx,
    /// Excel 97–2003.
    Xls,
    /// OpenDocument.
    Ods,
    /// Apache Parquet.
    Parquet,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Csv, Self::Xlsx, Self::Xls, Self::Ods, Self::Parquet];

    /// The word in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Xls => "xls",
            Self::Ods => "ods",
            Self::Parquet => "parquet",
        }
    }

    /// By the first bytes; a zip archive by its first file, which OpenDocument calls `mimetype`.
    fn detect(head: &[u8]) -> Self {
        match head {
            [b'P', b'A', b'R', b'1', ..] => Self::Parquet,
            [0xd0, 0xcf, 0x11, 0xe0, ..] => Self::Xls,
            [b'P', b'K', 3, 4, ..] if head.get(30..38) == Some(b"mimetype") => Self::Ods,
            [b'P', b'K', 3, 4, ..] => Self::Xlsx,
            _ => Self::Csv,
        }
    }
}

/// How a file is to be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// How it holds its table.
    pub format: Format,
    /// Of text.
    pub encoding: Encoding,
    /// Of text.
    pub delimiter: Delimiter,
    /// Of a spreadsheet.
    pub sheet: Option<String>,
}

/// What a user says about the layout; the rest is told from the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Another encoding than it looks like.
    pub encoding: Option<Encoding>,
    /// Another delimiter.
    pub delimiter: Option<Delimiter>,
    /// Another sheet than the first.
    pub sheet: Option<String>,
}

/// Why a file could not be read (further).
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The disk.
    #[error("could not read")]
    Io(#[from] io::Error),
    /// Neither text nor a format that is known.
    #[error("it is no table")]
    NoTable,
    /// Nothing in it.
    #[error("it is empty")]
    Empty,
    /// There is no such sheet.
    #[error("there is no sheet {0:?}")]
    NoSheet(String),
    /// A spreadsheet that would fill the memory.
    #[error("unpacked it has {bytes} bytes, at most {bytes_max} are taken")]
    TooLarge {
        /// What it has.
        bytes: u64,
        /// What is taken.
        bytes_max: u64,
    },
    /// Damaged, or of a kind that is not understood.
    #[error("it does not read as {format:?}: {why}")]
    Damaged {
        /// What it was taken for.
        format: Format,
        /// What the reader said.
        why: String,
    },
}

/// A piece of a table.
#[derive(Debug)]
pub struct Block {
    content: Content,
    /// How much of the file is read, in its bytes.
    pub bytes_done: u64,
}

#[derive(Debug)]
enum Content {
    Text(Vec<u8>),
    Rows(Rows),
}

impl Block {
    pub(crate) fn of_rows(rows: Rows, bytes_done: u64) -> Self {
        Self { content: Content::Rows(rows), bytes_done }
    }

    /// Its rows. The work of reading text is here, so that it can be shared by threads.
    pub fn rows(self, layout: &Layout) -> Rows {
        match self.content {
            Content::Text(bytes) => parse_block(bytes, layout.encoding, layout.delimiter),
            Content::Rows(rows) => rows,
        }
    }
}

/// What a file looks like.
#[derive(Clone, Debug)]
pub struct Look {
    /// How it is read.
    pub layout: Layout,
    /// The sheets of a spreadsheet.
    pub sheets: Vec<String>,
    /// Its first rows, at most what was asked for.
    pub first: Rows,
}

/// Says how a file is read, and shows its first rows.
pub fn look_at<R: Read + Seek + Send + 'static>(
    mut input: R,
    asked: &Asked,
    rows_max: usize,
) -> Result<Look, ReadError> {
    let mut head = Vec::new();
    input.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    if head.is_empty() {
        return Err(ReadError::Empty);
    }
    input.seek(SeekFrom::Start(0))?;
    let format = Format::detect(&head);
    let mut layout = Layout {
        format,
        encoding: asked.encoding.unwrap_or(Encoding::Utf8),
        delimiter: asked.delimiter.unwrap_or(Delimiter::Comma),
        sheet: None,
    };
    let mut sheets = Vec::new();
    match format {
        Format::Csv => {
            let told = asked.encoding.or_else(|| Encoding::detect(&head));
            layout.encoding = told.ok_or(ReadError::NoTable)?;
            if asked.delimiter.is_none() {
                layout.delimiter = Delimiter::detect(&text_of(&head, layout.encoding));
            }
        }
        Format::Xlsx | Format::Xls | Format::Ods => {
            sheets = sheet::names(&mut input, format)?;
            let wanted = asked.sheet.clone().or_else(|| sheets.first().cloned()).ok_or(ReadError::Empty)?;
            if !sheets.contains(&wanted) {
                return Err(ReadError::NoSheet(wanted));
            }
            layout.sheet = Some(wanted);
            input.seek(SeekFrom::Start(0))?;
        }
        Format::Parquet => {}
    }
    let mut first = Rows::default();
    read(input, &layout, &mut |block| {
        first.take_from(&block.rows(&layout), rows_max);
        first.len() < rows_max
    })?;
    Ok(Look { layout, sheets, first })
}

/// Reads a file in blocks until `sink` says `false`. Blocks hold whole rows, in the file's order.
pub fn read<R: Read + Seek + Send + 'static>(
    mut input: R,
    layout: &Layout,
    sink: &mut dyn FnMut(Block) -> bool,
) -> Result<(), ReadError> {
    let bytes = input.seek(SeekFrom::End(0))?;
    input.seek(SeekFrom::Start(0))?;
    match layout.format {
        Format::Csv => match layout.encoding {
            Encoding::Utf8 | Encoding::Gb18030 => read_text(input, 1, layout.delimiter, bytes, sink),
            Encoding::Utf16Le => read_text(Utf16::new(input, false), 2, layout.delimiter, bytes, sink),
            Encoding::Utf16Be => read_text(Utf16::new(input, true), 2, layout.delimiter, bytes, sink),
        },
        Format::Xlsx | Format::Xls | Format::Ods => {
            sheet::read(input, layout.format, layout.sheet.as_deref(), bytes, sink)
        }
        Format::Parquet => columnar::read(input, bytes, sink),
    }
}

/// All rows of a file that is in memory.
pub fn whole(bytes: Vec<u8>) -> Result<Vec<Rows>, ReadError> {
    let input = io::Cursor::new(bytes::Bytes::from(bytes));
    let look = look_at(input.clone(), &Asked::default(), 1)?;
    let mut all = Vec::new();
    read(input, &look.layout, &mut |block| {
        all.push(block.rows(&look.layout));
        true
    })?;
    Ok(all)
}

fn read_text<R: Read>(
    input: R,
    raw_bytes_each: u64,
    delimiter: Delimiter,
    bytes: u64,
    sink: &mut dyn FnMut(Block) -> bool,
) -> Result<(), ReadError> {
    let mut cutter = Cutter::new(input, delimiter);
    let mut done = 0;
    while let Some(block) = cutter.next()? {
        done = (done + block.len() as u64 * raw_bytes_each).min(bytes);
        if !sink(Block { content: Content::Text(block), bytes_done: done }) {
            break;
        }
    }
    Ok(())
}

fn text_of(head: &[u8], encoding: Encoding) -> String {
    let mut text = Vec::new();
    let read = match encoding {
        Encoding::Utf16Le => Utf16::new(head, false).read_to_end(&mut text),
        Encoding::Utf16Be => Utf16::new(head, true).read_to_end(&mut text),
        Encoding::Utf8 | Encoding::Gb18030 => {
            return encoding.decode(head.get(..64 << 10).unwrap_or(head).to_vec()).0;
        }
    };
    read.map(|_| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
}
