//! The way of a vehicle: the rows of a plate, or of plates that begin alike, from the files that are sorted by plate.

use crate::by_plate::{ByPlate, Fix, PLATE, Sighting};
use crate::column::{Column, Walk};
use crate::error::HistoryError;
use crate::file::SegmentFile;
use crate::history::{Damage, Fresh, History, View};
use crate::plate_key::PlateKey;
use crate::segment::{Kind, Projection, Segment};
use domain::{Fact, Timestamp};
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

/// Rows of one trace, at most; a vehicle that passes a checkpoint each minute of the day makes as many in five months.
pub const TRACE_ROWS_MAX: usize = 200_000;
/// Plates that are read at a time until all rows of a trace are found.
const PLATES_AT_A_TIME: usize = 256;

/// Rows of a plate, by plate and time of capture.
#[derive(Clone, Debug)]
pub struct Trace<R> {
    /// The rows.
    pub rows: Vec<R>,
    /// Whether there are more than [`TRACE_ROWS_MAX`], which are left out.
    pub is_cut: bool,
    /// What could not be read, so that rows may be missing.
    pub damages: Vec<Damage>,
}

impl History {
    /// The passages of the plates in `plates` that were captured within `captured`.
    pub fn trace(
        &self,
        plates: &RangeInclusive<PlateKey>,
        captured: &RangeInclusive<Timestamp>,
    ) -> Trace<Sighting> {
        self.trace_in(&self.view(), plates, captured)
    }

    /// The same as it was at one moment.
    pub fn trace_in(
        &self,
        view: &View,
        plates: &RangeInclusive<PlateKey>,
        captured: &RangeInclusive<Timestamp>,
    ) -> Trace<Sighting> {
        self.rows_of(view, Kind::Passages, plates, captured, |fresh, add| {
            for (_, observation) in &fresh.passages {
                if let Fact::Passage(passage) = &observation.fact {
                    Sighting::of(observation, passage).into_iter().for_each(&mut *add);
                }
            }
        })
    }

    /// The positions of the vehicles in `plates` that were captured within `captured`.
    pub fn track(
        &self,
        plates: &RangeInclusive<PlateKey>,
        captured: &RangeInclusive<Timestamp>,
    ) -> Trace<Fix> {
        self.rows_of(&self.view(), Kind::Positions, plates, captured, |fresh, add| {
            fresh.fixes.iter().cloned().for_each(add);
        })
    }

    fn rows_of<R: ByPlate>(
        &self,
        view: &View,
        kind: Kind,
        plates: &RangeInclusive<PlateKey>,
        captured: &RangeInclusive<Timestamp>,
        each_fresh: impl Fn(&Fresh, &mut dyn FnMut(R)),
    ) -> Trace<R> {
        let mut trace = Trace { rows: Vec::new(), is_cut: false, damages: Vec::new() };
        let segments: Vec<&Arc<Segment>> = view
            .segments(kind, Projection::Plate)
            .filter(|segment| {
                segment.captured.0 <= *captured.end() && segment.captured.1 >= *captured.start()
            })
            .collect();
        // On this thread: for the few rows of a plate it takes longer to wake others. The disk is asked for all files at once.
        let mut files = Vec::with_capacity(segments.len());
        for segment in segments {
            match self.file(segment) {
                Ok(file) => {
                    each_group(&file, plates, |group, rows| file.ask_for(group, PLATE, &rows));
                    files.push((segment, file));
                }
                Err(error) => trace.damages.push(self.note_damage(&segment.path, &error)),
            }
        }
        for (segment, file) in files {
            let mut read = Ok(());
            each_group(&file, plates, |group, rows| {
                if read.is_ok() && trace.rows.len() <= TRACE_ROWS_MAX {
                    read = read_rows(&file, group, rows, plates, captured, &mut trace.rows);
                }
            });
            if let Err(error) = read {
                trace.damages.push(self.note_damage(&segment.path, &error));
            }
        }
        let mut add = |row: R| {
            if plates.contains(&row.plate()) && captured.contains(&row.captured_at()) {
                trace.rows.push(row);
            }
        };
        view.fresh().iter().for_each(|fresh| each_fresh(fresh, &mut add));
        trace.rows.sort_by_key(ByPlate::order);
        trace.is_cut = trace.rows.len() > TRACE_ROWS_MAX;
        trace.rows.truncate(TRACE_ROWS_MAX);
        trace
    }
}

/// The row groups that may hold such plates, each with the rows of the pages that may.
fn each_group(
    file: &SegmentFile,
    plates: &RangeInclusive<PlateKey>,
    mut look: impl FnMut(usize, Range<usize>),
) {
    for group in 0..file.groups() {
        let rows = file.rows_between(group, PLATE, *plates.start(), *plates.end());
        if !rows.is_empty() {
            look(group, rows);
        }
    }
}

/// Reads rows of plates that lie side by side somewhere in `rows`.
fn read_rows<R: ByPlate>(
    file: &SegmentFile,
    group: usize,
    rows: Range<usize>,
    plates: &RangeInclusive<PlateKey>,
    captured: &RangeInclusive<Timestamp>,
    out: &mut Vec<R>,
) -> Result<(), HistoryError> {
    let mut columns = R::TABLE.empty();
    let [plate_column, rest @ ..] = &mut columns[..] else { return Ok(()) };
    let mut stream = file.stream(R::TABLE, group, PLATE, rows.start, false)?;
    let (mut from, mut found) = (rows.start, Vec::new());
    let mut left = rows;
    'plates: while !left.is_empty() {
        let count = left.len().min(PLATES_AT_A_TIME);
        left.start += count;
        plate_column.clear();
        stream.read(count, plate_column)?;
        for key in keys(plate_column) {
            if key > *plates.end() {
                break 'plates;
            }
            if key < *plates.start() { from += 1 } else { found.push(key) }
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    let rows = from..from + found.len();
    (0..rest.len()).for_each(|index| file.ask_for(group, index + 1, &rows));
    for (index, column) in rest.iter_mut().enumerate() {
        file.read_column(R::TABLE, group, index + 1, rows.clone(), column)?;
    }
    let mut walks: Vec<Walk<'_>> = columns.iter().map(Walk::new).collect();
    for key in found {
        match R::read(key, &mut walks) {
            Some(row) if captured.contains(&row.captured_at()) => out.push(row),
            Some(_) => {}
            None => {
                return Err(HistoryError::Damaged {
                    path: file.path().to_owned(),
                    column: None,
                    reason: "a row holds what no row can".into(),
                });
            }
        }
    }
    Ok(())
}

/// The keys of a column of plates. The same plate comes many times in a row and is understood once.
pub(crate) fn keys(column: &Column) -> Vec<PlateKey> {
    let mut walk = Walk::new(column);
    let mut last: (&[u8], PlateKey) = (b"", PlateKey::LEAST);
    (0..column.rows())
        .map(|_| {
            let bytes = walk.bytes().unwrap_or_default();
            if bytes != last.0 {
                let key = std::str::from_utf8(bytes).ok().and_then(PlateKey::of_text);
                last = (bytes, key.unwrap_or(PlateKey::LEAST));
            }
            last.1
        })
        .collect()
}
