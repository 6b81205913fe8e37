//! Pages with checksums. The library's own page writer leaves the checksum of a page header out, so this one writes the
//! header itself (Thrift compact protocol, parquet-format `PageHeader`).
//!
//! That checksum is of a page's bytes, not of its header. The header has one of its own, in the field that parquet-format
//! keeps free for such things (`BinaryProtocolExtensions.md`: field 32767, binary) and every reader passes over.

use bytes::Bytes;
use parquet::basic::{Encoding, PageType};
use parquet::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter};
use parquet::errors::{ParquetError, Result};
use std::sync::{Arc, Mutex, PoisonError};

/// Types of Thrift's compact protocol.
const STRUCT: u8 = 12;
const I32: u8 = 5;
const TRUE: u8 = 1;
const FALSE: u8 = 2;

/// The pages of one column chunk, in memory until its row group is written.
#[derive(Clone, Default)]
pub(crate) struct Pages(Arc<Mutex<Vec<u8>>>);

impl Pages {
    /// The bytes written so far; empties it.
    pub(crate) fn take(&self) -> Bytes {
        Bytes::from(std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl PageWriter for Pages {
    fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec> {
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let start = out.len();
        write_header(&page, &mut out)?;
        let header_bytes = out.len() - start;
        out.extend_from_slice(page.data());
        Ok(PageWriteSpec {
            page_type: page.page_type(),
            uncompressed_size: page.uncompressed_size() + header_bytes,
            compressed_size: page.compressed_size() + header_bytes,
            num_values: page.num_values(),
            offset: start as u64,
            bytes_written: (out.len() - start) as u64,
        })
    }

    fn close(&mut self) -> Result<()> {
        Ok(())
    }
}

/// `PageHeader`: 1 type, 2 uncompressed size, 3 compressed size, 4 CRC-32 of the page's bytes as they lie in the file,
/// 5 `DataPageHeader` or 7 `DictionaryPageHeader`.
fn write_header(page: &CompressedPage, out: &mut Vec<u8>) -> Result<()> {
    let size = |bytes: usize| {
        i32::try_from(bytes).map_err(|_| ParquetError::General(format!("a page of {bytes} bytes")))
    };
    let mut header = Struct::new(out);
    header.i32(1, if page.page_type() == PageType::DICTIONARY_PAGE { 2 } else { 0 });
    header.i32(2, size(page.uncompressed_size())?);
    header.i32(3, size(page.compressed_size())?);
    header.i32(4, crc32fast::hash(page.data()) as i32);
    let values = page.num_values() as i32;
    match page.compressed_page() {
        Page::DataPage { encoding, def_level_encoding, rep_level_encoding, .. } => {
            let mut data = header.begin(5);
            data.i32(1, values);
            data.i32(2, code(*encoding));
            data.i32(3, code(*def_level_encoding));
            data.i32(4, code(*rep_level_encoding));
            data.end();
        }
        Page::DictionaryPage { encoding, is_sorted, .. } => {
            let mut dictionary = header.begin(7);
            dictionary.i32(1, values);
            dictionary.i32(2, code(*encoding));
            dictionary.bool(3, *is_sorted);
            dictionary.end();
        }
        Page::DataPageV2 { .. } => {
            return Err(ParquetError::NYI("pages of version 2 are not written here".into()));
        }
    }
    header.check();
    header.end();
    Ok(())
}

/// The length of the field with the header's checksum: its type, its number, the length and four bytes.
const CHECK_BYTES: usize = CHECK_FIELD.len() + 4;
/// Binary; 32767 zigzag as a varint; four bytes.
const CHECK_FIELD: [u8; 5] = [8, 0xfe, 0xff, 0x03, 4];

/// Whether the header at the front of a page is what was written.
pub(crate) fn check_header(page: &[u8]) -> Result<()> {
    let bad = || ParquetError::General("a page header is not what was written".into());
    // Headers are short: the longest has five fields and a struct of four.
    let window = page.get(..HEADER_BYTES_MAX.min(page.len())).unwrap_or(page);
    let at = window.windows(CHECK_FIELD.len()).position(|bytes| bytes == CHECK_FIELD).ok_or_else(bad)?;
    let sum = window.get(at + CHECK_FIELD.len()..at + CHECK_BYTES).ok_or_else(bad)?;
    let header = window.get(..at).ok_or_else(bad)?;
    let is_end = window.get(at + CHECK_BYTES) == Some(&0);
    if is_end && crc32fast::hash(header).to_le_bytes() == *sum { Ok(()) } else { Err(bad()) }
}

/// Longest header: its fields are numbers of at most five bytes each.
const HEADER_BYTES_MAX: usize = 96;

/// The number of an encoding in parquet-format.
fn code(encoding: Encoding) -> i32 {
    match encoding {
        Encoding::PLAIN => 0,
        Encoding::PLAIN_DICTIONARY => 2,
        Encoding::RLE => 3,
        #[expect(deprecated, reason = "a number of the format like the others")]
        Encoding::BIT_PACKED => 4,
        Encoding::DELTA_BINARY_PACKED => 5,
        Encoding::DELTA_LENGTH_BYTE_ARRAY => 6,
        Encoding::DELTA_BYTE_ARRAY => 7,
        Encoding::RLE_DICTIONARY => 8,
        Encoding::BYTE_STREAM_SPLIT => 9,
        Encoding::ALP => 10,
    }
}

/// Fields of a struct in ascending order.
struct Struct<'o> {
    out: &'o mut Vec<u8>,
    start: usize,
    last: u8,
}

impl<'o> Struct<'o> {
    fn new(out: &'o mut Vec<u8>) -> Self {
        Self { start: out.len(), out, last: 0 }
    }

    /// The number of a field is written as its distance from the field before, in the upper half of the byte.
    fn field(&mut self, number: u8, kind: u8) {
        self.out.push((number - self.last) << 4 | kind);
        self.last = number;
    }

    fn i32(&mut self, number: u8, value: i32) {
        self.field(number, I32);
        let mut rest = (value << 1 ^ value >> 31) as u32;
        while rest >= 0x80 {
            self.out.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.out.push(rest as u8);
    }

    fn bool(&mut self, number: u8, value: bool) {
        self.field(number, if value { TRUE } else { FALSE });
    }

    fn begin(&mut self, number: u8) -> Struct<'_> {
        self.field(number, STRUCT);
        Struct::new(self.out)
    }

    /// The checksum of the header so far.
    fn check(&mut self) {
        let sum = crc32fast::hash(self.out.get(self.start..).unwrap_or_default());
        self.out.extend(CHECK_FIELD);
        self.out.extend(sum.to_le_bytes());
    }

    fn end(self) {
        self.out.push(0);
    }
}
