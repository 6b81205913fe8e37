//! What became of the rows of a file.

use domain::Timestamp;
use std::collections::BTreeMap;
use tables::{Field, Reason, RowFault};

/// Examples kept of each fault.
const EXAMPLES_MAX: usize = 5;
/// Different words kept that nobody knows, of each field.
const WORDS_MAX: usize = 200;
/// Longest value that is kept, in characters.
pub(super) const VALUE_CHARS_MAX: usize = 80;

/// What became of the rows of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileReport {
    /// Rows with content, the head left out.
    pub rows: u64,
    /// Rows that are in the journal now and were not before. Of a check: rows that could be.
    pub good: u64,
    /// Rows whose fact the journal held already, or the file had before.
    pub doubled: u64,
    /// Rows that were left out.
    pub bad: u64,
    /// Good and doubled rows without a plate that could be understood.
    pub unread: u64,
    /// The earliest and the latest of good and doubled rows.
    pub span: Option<(Timestamp, Timestamp)>,
    /// The faults, with the first of each.
    pub faults: BTreeMap<RowFault, FaultCount>,
    /// Words that nobody knows, with how often each came: to be translated.
    pub unknown_words: BTreeMap<Field, BTreeMap<String, u64>>,
    /// Bad rows that were written out.
    pub bad_written: u64,
    /// Whether it ended before the file did.
    pub is_cut: bool,
}

/// How often a fault came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultCount {
    /// Rows.
    pub count: u64,
    /// Number of the row (the first is 1) and what stood in the cell, of the first ones.
    pub examples: Vec<(u64, String)>,
}

impl FileReport {
    pub(super) fn count_bad(&mut self, row: u64, fault: RowFault, value: &str) {
        self.bad += 1;
        let counted = self.faults.entry(fault).or_default();
        counted.count += 1;
        if counted.examples.len() < EXAMPLES_MAX {
            counted.examples.push((row, value.to_owned()));
        }
        if matches!(fault.reason, Reason::UnknownCheckpoint | Reason::NotACode) {
            let words = self.unknown_words.entry(fault.field).or_default();
            if words.len() < WORDS_MAX || words.contains_key(value) {
                *words.entry(value.to_owned()).or_default() += 1;
            }
        }
    }

    pub(super) fn stretch(&mut self, from: Timestamp, to: Timestamp) {
        self.span = Some(self.span.map_or((from, to), |(first, last)| (first.min(from), last.max(to))));
    }
}
