//! The pages of a column chunk: where they lie, and reading them.
//!
//! The library's own reader makes a decompressor and copies the page index for each column that is opened; for the few
//! rows of a trace that is most of the work. And its page index takes several times the memory of this one, which decides how
//! many rows of the past can be traced without opening files anew.

use crate::page::read_page;
use crate::plate_key::PlateKey;
use bytes::Bytes;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use rustix::fs::{Advice, fadvise};
use std::fs::File;
use std::io;
use std::num::NonZeroU64;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// Where the pages of a column chunk lie, and what they hold at least and at most.
pub(crate) struct ChunkIndex {
    /// Of the file: a dictionary, if there is one, and behind it the pages.
    bytes: Range<u64>,
    first_page_at: u64,
    rows: usize,
    pages: Box<[PagePlace]>,
    bounds: Bounds,
}

struct PagePlace {
    /// Behind the first page.
    offset: u32,
    first_row: u32,
}

/// The least and the greatest value of each page, where pages are chosen by them.
enum Bounds {
    None,
    Numbers(Box<[(i64, i64)]>),
    Plates(Box<[(PlateKey, PlateKey)]>),
}

impl ChunkIndex {
    /// Of a column of a row group.
    pub(crate) fn of(metadata: &ParquetMetaData, group: usize, column: usize) -> Result<Self> {
        let of_group = metadata.row_group(group);
        let index = metadata.page_index_for_row_group(group);
        let (start, length) = of_group.column(column).byte_range();
        let bad = || ParquetError::General("its page index is not what was written".into());
        let locations = index.page_locations(column).filter(|pages| !pages.is_empty()).ok_or_else(bad)?;
        let first_page_at = locations.first().map_or(0, |page| page.offset as u64);
        let place = |page: &parquet::file::page_index::offset_index::PageLocation| {
            let offset = (page.offset as u64).checked_sub(first_page_at)?;
            Some(PagePlace {
                offset: offset.try_into().ok()?,
                first_row: page.first_row_index.try_into().ok()?,
            })
        };
        let pages: Box<[PagePlace]> = locations.iter().map(place).collect::<Option<_>>().ok_or_else(bad)?;
        let count = pages.len();
        let bounds = match index.column_index(column) {
            Some(ColumnIndexMetaData::INT64(of)) => {
                let bounds = |page| {
                    (
                        of.min_value(page).copied().unwrap_or(i64::MIN),
                        of.max_value(page).copied().unwrap_or(i64::MAX),
                    )
                };
                Bounds::Numbers((0..count).map(bounds).collect())
            }
            Some(ColumnIndexMetaData::BYTE_ARRAY(of)) => {
                let key = |text: &[u8]| std::str::from_utf8(text).ok().and_then(PlateKey::of_text);
                let bounds = |page| {
                    (
                        of.min_value(page).and_then(key).unwrap_or(PlateKey::LEAST),
                        of.max_value(page).and_then(key).unwrap_or(PlateKey::MOST),
                    )
                };
                Bounds::Plates((0..count).map(bounds).collect())
            }
            _ => Bounds::None,
        };
        let rows = of_group.num_rows() as usize;
        Ok(Self { bytes: start..start + length, first_page_at, rows, pages, bounds })
    }

    /// Bytes of memory that it takes.
    pub(crate) fn memory_bytes(&self) -> usize {
        let bounds = match &self.bounds {
            Bounds::None => 0,
            Bounds::Numbers(bounds) => size_of_val(&**bounds),
            Bounds::Plates(bounds) => size_of_val(&**bounds),
        };
        size_of::<Self>() + size_of_val(&*self.pages) + bounds
    }

    /// The rows that may hold plates from `least` to `most`, of a column that is sorted.
    pub(crate) fn rows_between(&self, least: PlateKey, most: PlateKey) -> Range<usize> {
        let Bounds::Plates(bounds) = &self.bounds else { return 0..self.rows };
        let first = bounds.partition_point(|(_, of_page)| *of_page < least);
        let end = bounds.partition_point(|(of_page, _)| *of_page <= most);
        self.first_row(first)..self.first_row(end.max(first))
    }

    /// The rows whose pages may hold numbers within `range`, as the fewest that lie side by side.
    pub(crate) fn rows_within(&self, range: (i64, i64)) -> Range<usize> {
        let Bounds::Numbers(bounds) = &self.bounds else { return 0..self.rows };
        let may_hold = |(least, most): &(i64, i64)| *least <= range.1 && *most >= range.0;
        match (bounds.iter().position(may_hold), bounds.iter().rposition(may_hold)) {
            (Some(first), Some(last)) => self.first_row(first)..self.first_row(last + 1),
            _ => 0..0,
        }
    }

    /// Of a page, or behind the last.
    fn first_row(&self, page: usize) -> usize {
        self.pages.get(page).map_or(self.rows, |page| page.first_row as usize)
    }

    /// The page that a row is in.
    fn page_of(&self, row: usize) -> usize {
        self.pages.partition_point(|page| page.first_row as usize <= row).saturating_sub(1)
    }

    /// Asks the disk for the pages of some rows, and does not wait: what many columns and files need comes at the same time.
    pub(crate) fn ask_for(&self, file: &File, rows: &Range<usize>) {
        let last = self.page_of(rows.end.saturating_sub(1));
        let pages = self.page_bytes(self.page_of(rows.start)).start..self.page_bytes(last).end;
        for bytes in [self.bytes.start..self.first_page_at, pages] {
            let Some(length) = NonZeroU64::new(bytes.end - bytes.start) else { continue };
            if let Err(error) = fadvise(file, bytes.start, Some(length), Advice::WillNeed) {
                tracing::trace!(%error, "the disk reads when it is asked to");
            }
        }
    }

    /// The bytes of a page in the file.
    fn page_bytes(&self, page: usize) -> Range<u64> {
        let at = |page: usize| {
            self.pages.get(page).map_or(self.bytes.end, |page| self.first_page_at + u64::from(page.offset))
        };
        at(page)..at(page + 1)
    }
}

/// Reads the pages of a column chunk, from a page on.
pub(crate) struct ChunkPages {
    file: Arc<File>,
    index: Arc<ChunkIndex>,
    /// All its bytes, where most of them will be needed.
    ahead: Option<Bytes>,
    dictionary: Dictionary,
    next: usize,
}

#[derive(PartialEq, Eq)]
enum Dictionary {
    Next,
    PassedOver,
    Done,
}

impl ChunkPages {
    /// From the page on in which `row` is.
    pub(crate) fn new(file: Arc<File>, index: Arc<ChunkIndex>, row: usize, is_ahead: bool) -> Result<Self> {
        let ahead = is_ahead.then(|| read(&file, &index.bytes)).transpose()?;
        let has_dictionary = index.first_page_at > index.bytes.start;
        let dictionary = if has_dictionary { Dictionary::Next } else { Dictionary::Done };
        let next = index.page_of(row);
        Ok(Self { file, index, ahead, dictionary, next })
    }

    /// The row with which it goes on.
    pub(crate) fn row(&self) -> usize {
        self.index.first_row(self.next)
    }

    fn page(&self, bytes: Range<u64>) -> Result<Page> {
        let from = self.index.bytes.start;
        match &self.ahead {
            Some(ahead) => {
                read_page(&ahead.slice((bytes.start - from) as usize..(bytes.end - from) as usize))
            }
            None => read_page(&read(&self.file, &bytes)?),
        }
    }

    fn read_dictionary(&mut self) -> Result<Page> {
        self.dictionary = Dictionary::Done;
        self.page(self.index.bytes.start..self.index.first_page_at)
    }
}

/// By `pread`: the file's own place is shared by all who read it.
fn read(file: &File, bytes: &Range<u64>) -> io::Result<Bytes> {
    let mut buffer = vec![0; (bytes.end - bytes.start) as usize];
    file.read_exact_at(&mut buffer, bytes.start)?;
    Ok(buffer.into())
}

impl Iterator for ChunkPages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for ChunkPages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        if self.dictionary == Dictionary::Next {
            return self.read_dictionary().map(Some);
        }
        if self.next == self.index.pages.len() {
            return Ok(None);
        }
        let page = self.page(self.index.page_bytes(self.next))?;
        self.next += 1;
        Ok(Some(page))
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        if self.dictionary == Dictionary::Next {
            return Ok(Some(PageMetadata { num_rows: None, num_levels: None, is_dict: true }));
        }
        let rows = self.index.first_row(self.next + 1) - self.index.first_row(self.next);
        let page = PageMetadata { num_rows: Some(rows), num_levels: None, is_dict: false };
        Ok((self.next < self.index.pages.len()).then_some(page))
    }

    fn skip_next_page(&mut self) -> Result<()> {
        if self.dictionary == Dictionary::Next {
            self.dictionary = Dictionary::PassedOver;
        } else {
            self.next += 1;
        }
        Ok(())
    }

    fn supports_deferred_dictionary(&self) -> bool {
        true
    }

    fn take_deferred_dictionary(&mut self) -> Result<Option<Page>> {
        (self.dictionary == Dictionary::PassedOver).then(|| self.read_dictionary()).transpose()
    }

    /// Pages begin with a row: they are written so where there is a page index.
    fn at_record_boundary(&mut self) -> Result<bool> {
        Ok(true)
    }
}
