//! Passages into a Parquet file of their own, with the columns of the history.

use crate::error::HistoryError;
use crate::file::SegmentWriter;
use crate::passage::{PASSAGES, PassageWriter};
use crate::seal::{GROUP_ROWS, LEVEL_SEALED};
use domain::{Observation, Passage};
use std::path::Path;

/// A Parquet file that is being written. Dropped before it is finished, it is removed.
pub struct PassageFile {
    file: SegmentWriter,
    rows: PassageWriter,
}

impl PassageFile {
    /// Begins a file.
    pub fn create(path: &Path) -> Result<Self, HistoryError> {
        let file = SegmentWriter::create(path.to_owned(), &PASSAGES, LEVEL_SEALED)?;
        Ok(Self { file, rows: PassageWriter::new() })
    }

    /// Adds a passage.
    pub fn push(
        &mut self,
        offset: u64,
        observation: &Observation,
        passage: &Passage,
    ) -> Result<(), HistoryError> {
        self.rows.push(offset, observation, passage);
        if self.rows.columns.first().is_some_and(|column| column.rows() >= GROUP_ROWS) {
            self.file.write_group(&mut self.rows.columns)?;
        }
        Ok(())
    }

    /// Ends the file, durably; gives its rows.
    pub fn finish(mut self) -> Result<u64, HistoryError> {
        self.file.write_group(&mut self.rows.columns)?;
        Ok(self.file.finish()?.rows)
    }
}
