//! Text tables: cutting bytes into blocks at the ends of records, and blocks into cells (RFC 4180, read liberally).
//!
//! Cutting works on bytes: neither GB 18030 nor UTF-8 has a newline, a quote or a delimiter within a character. Both the
//! cutter and the reader of a block ask [`close_of`], so they agree on where a quoted cell ends: one that is not closed
//! within [`QUOTED_BYTES_MAX`] is no quoted cell, and costs its row and no other.

use crate::encoding::Encoding;
use crate::rows::{Row, Rows};
use memchr::{memchr, memchr_iter, memchr2, memrchr};
use serde::{Deserialize, Serialize};
use std::io::{self, Read};

/// Longest quoted cell, in bytes.
pub const QUOTED_BYTES_MAX: usize = 16 << 10;
/// Bytes that are cut off at a time.
const BLOCK_BYTES: usize = 1 << 20;
/// A record longer than this is cut, whatever it holds: memory stays bounded.
const RECORD_BYTES_MAX: usize = 8 << 20;
/// Records by which the delimiter is guessed.
const SAMPLE_RECORDS: usize = 50;

/// What stands between cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delimiter {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// A tabulator.
    Tab,
}

impl Delimiter {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Comma, Self::Semicolon, Self::Tab];

    /// The word in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Comma => "comma",
            Self::Semicolon => "semicolon",
            Self::Tab => "tab",
        }
    }

    /// The delimiter of a key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|delimiter| delimiter.key() == key)
    }

    fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }

    /// The one that cuts most records into as many cells as the first of them.
    pub fn detect(text: &str) -> Self {
        let score = |delimiter: Self| {
            let rows = cells_of(text.to_owned(), delimiter, SAMPLE_RECORDS);
            let counts: Vec<usize> = rows.iter().filter(|row| !row.is_empty()).map(Row::len).collect();
            let most = counts.iter().copied().max().unwrap_or(0);
            let usual = counts.iter().filter(|count| **count == most).count();
            if most > 1 { usual * 1_000 + most } else { 0 }
        };
        // The first of equals: the comma.
        Self::ALL.into_iter().rev().max_by_key(|delimiter| score(*delimiter)).unwrap_or(Self::Comma)
    }
}

/// Where the quoted cell that opens at `open` is closed.
fn close_of(bytes: &[u8], open: usize) -> Close {
    let window = bytes.get(open + 1..).unwrap_or_default();
    let is_cut = window.len() > QUOTED_BYTES_MAX;
    let window = window.get(..QUOTED_BYTES_MAX).unwrap_or(window);
    let mut quotes = memchr_iter(b'"', window).peekable();
    while let Some(at) = quotes.next() {
        if quotes.peek() == Some(&(at + 1)) {
            quotes.next();
        } else if at + 1 == window.len() && !is_cut {
            return Close::AtEnd(open + 1 + at);
        } else {
            return Close::At(open + 1 + at);
        }
    }
    if is_cut { Close::Never } else { Close::NotYet }
}

enum Close {
    /// The closing quote.
    At(usize),
    /// The same, but another quote may follow behind these bytes.
    AtEnd(usize),
    /// Not in these bytes; perhaps in what follows.
    NotYet,
    /// Too far away to be one.
    Never,
}

/// Cuts a text file into blocks that end with a record.
pub(crate) struct Cutter<R> {
    inner: R,
    delimiter: Delimiter,
    held: Vec<u8>,
    is_over: bool,
    is_begun: bool,
}

impl<R: Read> Cutter<R> {
    pub(crate) fn new(inner: R, delimiter: Delimiter) -> Self {
        Self { inner, delimiter, held: Vec::new(), is_over: false, is_begun: false }
    }

    /// The next block; `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let wanted = self.held.len() + BLOCK_BYTES;
            while self.held.len() < wanted && !self.is_over {
                let missing = (wanted - self.held.len()) as u64;
                self.is_over = (&mut self.inner).take(missing).read_to_end(&mut self.held)? == 0;
            }
            if !self.is_begun {
                self.is_begun = true;
                if self.held.starts_with(b"\xef\xbb\xbf") {
                    self.held.drain(..3);
                }
            }
            if self.held.is_empty() {
                return Ok(None);
            }
            if self.is_over {
                return Ok(Some(std::mem::take(&mut self.held)));
            }
            let end = self.end_of_records();
            let end = if end == 0 && self.held.len() > RECORD_BYTES_MAX { self.held.len() } else { end };
            if end > 0 {
                let rest = self.held.split_off(end);
                return Ok(Some(std::mem::replace(&mut self.held, rest)));
            }
        }
    }

    /// Behind the last newline that ends a record for certain; 0 when there is none.
    fn end_of_records(&self) -> usize {
        let bytes = self.held.as_slice();
        if memchr(b'"', bytes).is_none() {
            return memrchr(b'\n', bytes).map_or(0, |at| at + 1);
        }
        let (mut at, mut end) = (0, 0);
        while let Some(found) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\n', rest)) {
            let here = at + found;
            at = here + 1;
            if bytes.get(here) == Some(&b'\n') {
                end = at;
                continue;
            }
            if !is_cell_start(bytes, here, self.delimiter) {
                continue;
            }
            match close_of(bytes, here) {
                Close::At(close) => at = close + 1,
                Close::Never => {}
                Close::AtEnd(_) | Close::NotYet => break,
            }
        }
        end
    }
}

/// Whether a cell begins at `at`: behind a delimiter or a newline, spaces between do not count.
fn is_cell_start(bytes: &[u8], at: usize, delimiter: Delimiter) -> bool {
    match at.checked_sub(1).and_then(|before| bytes.get(before)) {
        None | Some(b'\n' | b'\r') => true,
        Some(byte) => *byte == delimiter.byte(),
    }
}

/// The rows of a block that [`crate::Source`] gave. A carriage return alone does not end a row.
pub(crate) fn parse_block(bytes: Vec<u8>, encoding: Encoding, delimiter: Delimiter) -> Rows {
    let (text, has_foreign_bytes) = encoding.decode(bytes);
    let mut rows = cells_of(text, delimiter, usize::MAX);
    rows.has_foreign_bytes = has_foreign_bytes;
    rows
}

fn cells_of(text: String, delimiter: Delimiter, rows_max: usize) -> Rows {
    let (mark, end) = (delimiter.byte(), text.len());
    let mut rows = Rows::over(text);
    let mut at = 0;
    while at < end && rows.len() < rows_max {
        // One row a turn.
        loop {
            let bytes = rows.text().as_bytes().get(..end).unwrap_or_default();
            if bytes.get(at) == Some(&b'"') {
                match close_of(bytes, at) {
                    Close::At(close) | Close::AtEnd(close) => {
                        let rest = bytes.get(close + 1..).unwrap_or_default();
                        let stop = close + 1 + memchr2(mark, b'\n', rest).unwrap_or(rest.len());
                        push_quoted(&mut rows, at + 1, close, stop);
                        at = stop;
                    }
                    Close::Never | Close::NotYet => {
                        rows.mark_unclosed();
                        at = push_plain(&mut rows, at, end, mark);
                    }
                }
            } else {
                at = push_plain(&mut rows, at, end, mark);
            }
            let is_more = rows.text().as_bytes().get(at) == Some(&mark) && at < end;
            at += 1;
            if !is_more {
                break;
            }
            if at == end {
                rows.push_span(at, at);
                break;
            }
        }
        rows.end_row();
    }
    rows
}

/// Adds the cell that begins at `from`, up to where it ends.
fn push_plain(rows: &mut Rows, from: usize, end: usize, mark: u8) -> usize {
    let bytes = rows.text().as_bytes().get(from..end).unwrap_or_default();
    let to = from + memchr2(mark, b'\n', bytes).unwrap_or(bytes.len());
    rows.push_span(from, to);
    to
}

/// Adds a quoted cell without its quotes. What stands behind the closing quote belongs to it.
fn push_quoted(rows: &mut Rows, from: usize, close: usize, stop: usize) {
    let inner = rows.text().get(from..close).unwrap_or_default();
    let behind = rows.text().get(close + 1..stop).unwrap_or_default();
    if !inner.contains('"') && behind.trim().is_empty() {
        rows.push_span(from, close);
        return;
    }
    let cell = inner.replace("\"\"", "\"") + behind;
    rows.push_cell(&cell);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8], delimiter: Delimiter) -> Vec<Vec<String>> {
        let mut cutter = Cutter::new(bytes, delimiter);
        let mut all = Vec::new();
        while let Some(block) = cutter.next().unwrap() {
            let rows = parse_block(block, Encoding::Utf8, delimiter);
            all.extend(rows.iter().map(|row| row.cells().map(str::to_string).collect::<Vec<_>>()));
        }
        all
    }

    #[test]
    fn quotes_newlines_and_empty_cells_are_read_as_spreadsheets_write_them() {
        let text = b"\xef\xbb\xbfa,b,\"c,1\"\r\n\"say \"\"hi\"\"\",,\"two\nlines\"\n\n1,2,\n";
        let expected: [&[&str]; 4] =
            [&["a", "b", "c,1"], &["say \"hi\"", "", "two\nlines"], &[""], &["1", "2", ""]];
        assert_eq!(read(text, Delimiter::Comma), expected);
    }

    #[test]
    fn a_quote_that_never_closes_costs_its_row() {
        let text = "a,b\n1,\"open\n2,fine\n".to_owned() + &"3,fine\n".repeat(400_000);
        let rows = read(text.as_bytes(), Delimiter::Comma);
        assert_eq!(rows.len(), 400_003);
        assert_eq!(
            (&rows[1][..], &rows[2][..]),
            (&["1".into(), "\"open".into()][..], &["2".into(), "fine".into()][..])
        );
    }

    #[test]
    fn the_delimiter_is_the_one_that_cuts_evenly() {
        assert_eq!(Delimiter::detect("a;b;c\n1,5;2,5;3\n2,5;1;1"), Delimiter::Semicolon);
        assert_eq!(Delimiter::detect("a\tb\n1,2\t3\n"), Delimiter::Tab);
        assert_eq!(Delimiter::detect("a,b\n1,2\n"), Delimiter::Comma);
        assert_eq!(Delimiter::detect(""), Delimiter::Comma);
    }

    fn written(table: &[Vec<String>], mark: char) -> String {
        let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
        let row = |row: &Vec<String>| row.iter().map(quoted).collect::<Vec<_>>().join(&mark.to_string());
        table.iter().map(|it| row(it) + "\r\n").collect()
    }

    proptest! {
        #[test]
        fn a_table_comes_back(table in prop::collection::vec(prop::collection::vec("[a-z,;\"\n\t鲁Q0-9]{0,12}", 1..6), 1..40)) {
            let table: Vec<Vec<String>> = table.iter().map(|row| row.iter().map(|cell| cell.trim().to_string()).collect()).collect();
            for (delimiter, mark) in [(Delimiter::Comma, ','), (Delimiter::Semicolon, ';'), (Delimiter::Tab, '\t')] {
                prop_assert_eq!(&read(written(&table, mark).as_bytes(), delimiter), &table);
            }
        }

        #[test]
        fn any_bytes_are_rows(bytes in prop::collection::vec(any::<u8>(), 0..400), quotes in "[\",\n;a]{0,200}") {
            for encoding in Encoding::ALL {
                for delimiter in Delimiter::ALL {
                    parse_block(bytes.clone(), encoding, delimiter).iter().for_each(|row| assert_ne!(row.len(), 0));
                    parse_block(quotes.clone().into_bytes(), encoding, delimiter);
                }
            }
        }
    }
}
