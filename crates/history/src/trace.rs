//! The way of a vehicle: the rows of a plate, or of plates that begin alike, from the files that are sorted by plate.

use crate::by_plate::{ByPlate, Fix, PLATE, Sighting};
use crate::column::{Column, Walk};
use crate::error::HistoryError;
use crate::file::SegmentFile;
use crate::history::{Damage, Fresh, History, View};
use crate::plate_key::PlateKey;
use crate::segment::{Kind, Projection, Segment};
use domain::{Fact, Timestamp};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rows of one trace, at most; a vehicle that passes a checkpoint each minute of the day makes as many in five months.
pub const TRACE_ROWS_MAX: usize = 200_000;
/// Files that are read at the same time for one trace.
const READERS: usize = 4;
/// Below so many files one thread is quicker.
const FILES_FOR_ONE: usize = 3;

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
        let readers = if segments.len() <= FILES_FOR_ONE { 1 } else { READERS.min(segments.len()) };
        let next = AtomicUsize::new(0);
        let read_some = || {
            let mut part = (Vec::new(), Vec::new());
            while let Some(segment) = segments.get(next.fetch_add(1, Ordering::Relaxed)) {
                if part.0.len() > TRACE_ROWS_MAX {
                    break;
                }
                if let Err(error) = self.read_plates(segment, plates, captured, &mut part.0) {
                    part.1.push(self.note_damage(&segment.path, &error));
                }
            }
            part
        };
        let parts: Vec<_> = if readers == 1 {
            vec![read_some()]
        } else {
            std::thread::scope(|scope| {
                let threads: Vec<_> = (0..readers).map(|_| scope.spawn(read_some)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap_or_default()).collect()
            })
        };
        for (rows, damages) in parts {
            trace.rows.extend(rows);
            trace.damages.extend(damages);
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

    fn read_plates<R: ByPlate>(
        &self,
        segment: &Segment,
        plates: &RangeInclusive<PlateKey>,
        captured: &RangeInclusive<Timestamp>,
        out: &mut Vec<R>,
    ) -> Result<(), HistoryError> {
        let file = self.file(segment)?;
        let (least, most) = (plates.start().to_string(), plates.end().to_string());
        // The greatest key of a prefix has no text: it ends with ranks of no symbol, and what there is is cut off.
        let most = if plates.end().plate().is_some() { most.into_bytes() } else { upper_bound(&most) };
        for group in 0..file.groups() {
            let rows = file.rows_between(group, PLATE, least.as_bytes(), &most);
            if !rows.is_empty() {
                read_rows(&file, group, rows, plates, captured, out)?;
            }
        }
        Ok(())
    }
}

/// A text behind all that begin with `prefix`.
fn upper_bound(prefix: &str) -> Vec<u8> {
    // No byte of UTF-8 is 0xff.
    prefix.bytes().chain([0xff]).collect()
}

/// Reads rows of plates that lie side by side somewhere in `rows`.
fn read_rows<R: ByPlate>(
    file: &SegmentFile,
    group: usize,
    rows: std::ops::Range<usize>,
    plates: &RangeInclusive<PlateKey>,
    captured: &RangeInclusive<Timestamp>,
    out: &mut Vec<R>,
) -> Result<(), HistoryError> {
    let mut columns = R::TABLE.empty();
    let start = rows.start;
    let (first, rest) = columns.split_at_mut(1);
    let [plate_column] = first else { return Ok(()) };
    file.read_column(R::TABLE, group, PLATE, rows, plate_column)?;
    let keys = keys(plate_column);
    let from = keys.partition_point(|key| key < plates.start());
    let to = keys.partition_point(|key| key <= plates.end());
    if from >= to {
        return Ok(());
    }
    for (index, column) in rest.iter_mut().enumerate() {
        file.read_column(R::TABLE, group, index + 1, start + from..start + to, column)?;
    }
    let mut walks: Vec<Walk<'_>> = columns.iter().map(Walk::new).collect();
    for key in keys.get(from..to).unwrap_or_default() {
        match R::read(*key, &mut walks) {
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
