//! Pages with checksums. The library's own page writer leaves the checksum of a page header out, so the header is written
//! and read here (Thrift compact protocol, parquet-format `PageHeader`).
//!
//! That checksum is of a page's bytes, not of its header. The header has one of its own, in the field that parquet-format
//! keeps free for such things (`BinaryProtocolExtensions.md`: field 32767, binary) and every reader passes over.

use bytes::Bytes;
use parquet::basic::{Encoding, PageType};
use parquet::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter};
use parquet::errors::{ParquetError, Result};
use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};
use zstd::bulk::Decompressor;

/// Types of Thrift's compact protocol; 0 ends a struct.
const STOP: u8 = 0;
const STRUCT: u8 = 12;
const I32: u8 = 5;
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BINARY: u8 = 8;

/// The type of a dictionary page; that of a data page is 0.
const DICTIONARY: i32 = 2;

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
    header.i32(1, if page.page_type() == PageType::DICTIONARY_PAGE { DICTIONARY } else { 0 });
    header.i32(2, size(page.uncompressed_size())?);
    header.i32(3, size(page.compressed_size())?);
    header.i32(4, crc32fast::hash(page.data()) as i32);
    let values = page.num_values() as i32;
    match page.compressed_page() {
        Page::DataPage { encoding, def_level_encoding, rep_level_encoding, .. } => {
            let mut data = header.begin(5);
            data.i32(1, values);
            data.i32(2, code(*encoding)?);
            data.i32(3, code(*def_level_encoding)?);
            data.i32(4, code(*rep_level_encoding)?);
            data.end();
        }
        Page::DictionaryPage { encoding, is_sorted, .. } => {
            let mut dictionary = header.begin(7);
            dictionary.i32(1, values);
            dictionary.i32(2, code(*encoding)?);
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

/// The number of the field with the header's checksum, as it is written: binary; 32767 zigzag as a varint; four bytes.
const CHECK_FIELD: [u8; 5] = [8, 0xfe, 0xff, 0x03, 4];
const CHECK_NUMBER: i32 = 32_767;

/// Largest page, unpacked. Pages end at a number of rows or at a megabyte; one row of several megabytes still fits.
const PAGE_BYTES_MAX: usize = 256 << 20;

/// What a page header says, as [`write_header`] writes it.
#[derive(Default)]
struct Header {
    /// By the number of the field: 1 to 4 of the page, 11 to 14 of the data page or the dictionary in it.
    numbers: [i32; 15],
}

impl Header {
    /// The header at the front of a page, and its length; an error when it is not what was written.
    fn read(page: &[u8]) -> Result<(Self, usize)> {
        Self::parse(page).ok_or_else(|| ParquetError::General("a page header is not what was written".into()))
    }

    fn parse(page: &[u8]) -> Option<(Self, usize)> {
        let mut header = Self::default();
        let mut fields = Fields { bytes: page, at: 0 };
        // How deep, and the last field's number there.
        let (mut base, mut last, mut outer) = (0, 0, 0);
        let mut is_checked = false;
        loop {
            let begins_at = fields.at;
            let (number, kind) = fields.next(last)?;
            last = number;
            match kind {
                STOP if base == 0 => return is_checked.then_some((header, fields.at)),
                STOP => (base, last) = (0, outer),
                STRUCT if base == 0 => (base, outer, last) = (10, number, 0),
                TRUE | FALSE => {}
                I32 => *header.numbers.get_mut(usize::try_from(base + number).ok()?)? = fields.i32()?,
                BINARY if number == CHECK_NUMBER => {
                    let sum = fields.take(5)?.get(1..)?;
                    is_checked = crc32fast::hash(page.get(..begins_at)?).to_le_bytes() == *sum;
                }
                _ => return None,
            }
        }
    }

    fn size(&self, number: usize) -> Result<usize> {
        usize::try_from(self.numbers[number])
            .ok()
            .filter(|bytes| *bytes <= PAGE_BYTES_MAX)
            .ok_or_else(|| ParquetError::General(format!("a page of {} bytes", self.numbers[number])))
    }
}

thread_local! {
    /// Its memory is more than a page, so one is kept.
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Reads a page with its header: checked and unpacked.
pub(crate) fn read_page(page: &Bytes) -> Result<Page> {
    let (header, header_bytes) = Header::read(page)?;
    let end = header_bytes + header.size(3)?;
    if end > page.len() {
        return Err(ParquetError::General("a page is longer than its place".into()));
    }
    let packed = page.slice(header_bytes..end);
    if crc32fast::hash(&packed) != header.numbers[4] as u32 {
        return Err(ParquetError::General("a page's checksum is not the one that was written".into()));
    }
    let mut unpacked = Vec::with_capacity(header.size(2)?);
    if unpacked.capacity() > 0 {
        DECOMPRESSOR.with_borrow_mut(|kept| {
            let decompressor = match kept {
                Some(decompressor) => decompressor,
                None => kept.insert(Decompressor::new()?),
            };
            decompressor.decompress_to_buffer(&packed, &mut unpacked)
        })?;
    }
    if unpacked.len() != header.size(2)? {
        return Err(ParquetError::General("a page has another length than was written".into()));
    }
    let (buf, num_values) = (Bytes::from(unpacked), header.numbers[11] as u32);
    let encoding = encoding(header.numbers[12])?;
    Ok(match header.numbers[1] {
        DICTIONARY => Page::DictionaryPage { buf, num_values, encoding, is_sorted: false },
        _ => Page::DataPage {
            buf,
            num_values,
            encoding,
            def_level_encoding: self::encoding(header.numbers[13])?,
            rep_level_encoding: self::encoding(header.numbers[14])?,
            statistics: None,
        },
    })
}

/// The encodings of the pages that are written here, by their numbers in parquet-format.
const ENCODINGS: [(Encoding, i32); 7] = [
    (Encoding::PLAIN, 0),
    (Encoding::PLAIN_DICTIONARY, 2),
    (Encoding::RLE, 3),
    (Encoding::DELTA_BINARY_PACKED, 5),
    (Encoding::DELTA_LENGTH_BYTE_ARRAY, 6),
    (Encoding::DELTA_BYTE_ARRAY, 7),
    (Encoding::RLE_DICTIONARY, 8),
];

fn code(encoding: Encoding) -> Result<i32> {
    let found = ENCODINGS.iter().find(|(of, _)| *of == encoding);
    found.map(|(_, code)| *code).ok_or_else(|| ParquetError::NYI(format!("pages in {encoding}")))
}

fn encoding(code: i32) -> Result<Encoding> {
    let found = ENCODINGS.iter().find(|(_, of)| *of == code);
    found.map(|(encoding, _)| *encoding).ok_or_else(|| ParquetError::NYI(format!("pages in encoding {code}")))
}

/// Walks over the fields of a struct.
struct Fields<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Fields<'b> {
    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let taken = self.bytes.get(self.at..self.at + count)?;
        self.at += count;
        Some(taken)
    }

    /// Number and type of the next field; [`STOP`] at the end of the struct.
    fn next(&mut self, last: i32) -> Option<(i32, u8)> {
        let [byte] = *self.take(1)? else { return None };
        match (byte >> 4, byte & 15) {
            (0, STOP) => Some((0, STOP)),
            (0, kind) => Some((self.i32()?, kind)),
            (step, kind) => Some((last + i32::from(step), kind)),
        }
    }

    fn i32(&mut self) -> Option<i32> {
        let mut zigzag = 0_u32;
        for shift in (0..35).step_by(7) {
            let [byte] = *self.take(1)? else { return None };
            zigzag |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some((zigzag >> 1) as i32 ^ -((zigzag & 1) as i32));
            }
        }
        None
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
