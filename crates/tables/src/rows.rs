//! A piece of a table: rows of cells, whatever they were read from.

/// Some rows of a table, in their order. Cells are text without surrounding spaces; numbers and times of spreadsheets and
/// of Parquet are written out (`2026-11-23 14:31:36`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    text: String,
    /// Where each cell lies in `text`.
    cells: Vec<(u32, u32)>,
    /// For each row the end of its cells.
    ends: Vec<u32>,
    /// Rows with a quote that never closes, in their order.
    unclosed: Vec<u32>,
    /// Whether bytes were left out of `text` because they are no characters of the encoding.
    pub(crate) has_foreign_bytes: bool,
}

impl Rows {
    pub(crate) fn over(text: String) -> Self {
        Self { text, ..Self::default() }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Adds a cell that lies in the text already.
    pub(crate) fn push_span(&mut self, from: usize, to: usize) {
        let cell = self.text.get(from..to).unwrap_or_default();
        let start = from + (cell.len() - cell.trim_start().len());
        self.cells.push((start as u32, (start + cell.trim().len()) as u32));
    }

    /// Adds a cell.
    pub(crate) fn push_cell(&mut self, text: &str) {
        let from = self.text.len();
        self.text.push_str(text.trim());
        self.cells.push((from as u32, self.text.len() as u32));
    }

    pub(crate) fn end_row(&mut self) {
        self.ends.push(self.cells.len() as u32);
    }

    /// Says that the row at work begins a quote that never closes.
    pub(crate) fn mark_unclosed(&mut self) {
        let row = self.ends.len() as u32;
        if self.unclosed.last() != Some(&row) {
            self.unclosed.push(row);
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.text.len() + self.cells.len() * 8
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The rows, blank ones too, so that their numbers are those of a spreadsheet program.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.ends.len()).map(|index| Row { rows: self, index })
    }

    /// The row at `index`.
    pub fn get(&self, index: usize) -> Option<Row<'_>> {
        (index < self.ends.len()).then_some(Row { rows: self, index })
    }
}

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    rows: &'a Rows,
    /// Place in its piece, from 0.
    pub index: usize,
}

impl<'a> Row<'a> {
    fn spans(self) -> &'a [(u32, u32)] {
        let end = |index: usize| self.rows.ends.get(index).map_or(0, |end| *end as usize);
        let start = self.index.checked_sub(1).map_or(0, end);
        self.rows.cells.get(start..end(self.index)).unwrap_or_default()
    }

    /// The cell of a column, from 0; `None` where the row is too short.
    pub fn cell(self, column: usize) -> Option<&'a str> {
        let (from, to) = *self.spans().get(column)?;
        self.rows.text.get(from as usize..to as usize)
    }

    /// The cells.
    pub fn cells(self) -> impl Iterator<Item = &'a str> {
        self.spans().iter().map(|(from, to)| self.rows.text.get(*from as usize..*to as usize).unwrap_or(""))
    }

    /// Number of cells.
    pub fn len(self) -> usize {
        self.spans().len()
    }

    /// Whether all cells are empty.
    pub fn is_empty(self) -> bool {
        self.spans().iter().all(|(from, to)| from == to)
    }

    /// Whether it begins a quote that never closes.
    pub fn is_unclosed(self) -> bool {
        self.rows.unclosed.binary_search(&(self.index as u32)).is_ok()
    }

    /// The first column with bytes that are no characters of the file's encoding.
    pub fn foreign_column(self) -> Option<usize> {
        if !self.rows.has_foreign_bytes {
            return None;
        }
        self.cells().position(|cell| cell.contains(char::REPLACEMENT_CHARACTER))
    }
}

impl Rows {
    /// Adds the rows of another piece until there are `rows_max`.
    pub(crate) fn take_from(&mut self, other: &Self, rows_max: usize) {
        for row in other.iter().take(rows_max.saturating_sub(self.len())) {
            if row.is_unclosed() {
                self.mark_unclosed();
            }
            row.cells().for_each(|cell| self.push_cell(cell));
            self.end_row();
        }
        self.has_foreign_bytes |= other.has_foreign_bytes;
    }
}
