//! The way of a vehicle: the rows of a plate, or of plates that begin alike, from the files that are sorted by plate.

use crate::by_plate::{ByPlate, Fix, PLATE, Sighting};
use crate::column::{Column, Walk};
use crate::error::HistoryError;
use crate::file::SegmentFile;
use crate::history::{Damage, Fresh, History, View, table};
use crate::plate_key::PlateKey;
use crate::search::read_at;
use crate::segment::{Kind, Projection, Segment};
use domain::{Fact, Timestamp};
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

/// Rows of one trace, at most; a vehicle that passes a checkpoint each minute of the day makes as many in five months.
pub const TRACE_ROWS_MAX: usize = 200_000;
/// Rows by arrival that are looked through in place of one damaged segment, at most: two days of a county.
const REPLACED_ROWS_MAX: u64 = 2_000_000;
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
    /// What could not be read, and of which every row was found in the files by arrival: nothing is missing.
    pub replaced: Vec<Damage>,
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
        let mut trace = Trace { rows: Vec::new(), is_cut: false, damages: Vec::new(), replaced: Vec::new() };
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
                Err(error) => self.replace(view, segment, &error, plates, captured, &mut trace, 0),
            }
        }
        for (segment, file) in files {
            let before = trace.rows.len();
            let mut damage = None;
            each_group(&file, plates, |group, rows| {
                if trace.rows.len() <= TRACE_ROWS_MAX
                    && let Err(error) = read_rows(&file, group, rows, plates, captured, &mut trace.rows)
                {
                    damage.get_or_insert(error);
                }
            });
            if let Some(error) = damage {
                let found = trace.rows.len() - before;
                self.replace(view, segment, &error, plates, captured, &mut trace, found);
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

    /// Notes a damaged segment, and puts what the files by arrival have in place of the last `found` rows, which are all that
    /// could be read of it. They stay where those files have not all of it.
    #[expect(clippy::too_many_arguments, reason = "what was asked, what was found and what became of it")]
    fn replace<R: ByPlate>(
        &self,
        view: &View,
        segment: &Segment,
        error: &HistoryError,
        plates: &RangeInclusive<PlateKey>,
        captured: &RangeInclusive<Timestamp>,
        trace: &mut Trace<R>,
        found: usize,
    ) {
        let damage = self.note_damage(&segment.path, error);
        let Some(rows) = self.by_arrival(view, segment, plates, captured) else {
            return trace.damages.push(damage);
        };
        trace.rows.truncate(trace.rows.len() - found);
        trace.rows.extend(rows);
        trace.replaced.push(damage);
    }

    /// The rows of a segment by plate as the files by arrival have them; `None` when those have not all of them, or are too
    /// many to look through.
    fn by_arrival<R: ByPlate>(
        &self,
        view: &View,
        segment: &Segment,
        plates: &RangeInclusive<PlateKey>,
        captured: &RangeInclusive<Timestamp>,
    ) -> Option<Vec<R>> {
        let kind = segment.kind;
        let table = table(kind);
        // Retention takes the oldest: what begins before the segment does has all behind it.
        let first = view.segments(kind, Projection::Arrival).map(|other| other.offsets.start).min()?;
        let others: Vec<&Arc<Segment>> = view
            .segments(kind, Projection::Arrival)
            .filter(|other| {
                other.offsets.start < segment.offsets.end && other.offsets.end > segment.offsets.start
            })
            .collect();
        let rows: u64 = others.iter().map(|other| other.rows).sum();
        if first > segment.offsets.start || rows < segment.rows || rows > REPLACED_ROWS_MAX {
            return None;
        }
        let within = (captured.start().unix_ms(), captured.end().unix_ms());
        let mut found = Vec::new();
        for other in others {
            let read = self.file(other).and_then(|file| {
                for group in 0..file.groups() {
                    let rows = file.rows_within(group, table.column("captured_at"), within);
                    let mut column = Column::of(table, table.column("plate"));
                    file.read_column(table, group, table.column("plate"), rows.clone(), &mut column)?;
                    let of_plates = |(row, key): (usize, PlateKey)| plates.contains(&key).then_some(row);
                    let rows: Vec<usize> = rows.zip(keys(&column)).filter_map(of_plates).collect();
                    for (offset, observation) in read_at(&file, kind, group, &rows)? {
                        let row = R::of(&observation).filter(|row| {
                            plates.contains(&row.plate())
                                && captured.contains(&row.captured_at())
                                && segment.offsets.contains(&offset)
                        });
                        found.extend(row);
                    }
                }
                Ok(())
            });
            if let Err(error) = read {
                self.note_damage(&other.path, &error);
                return None;
            }
        }
        Some(found)
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
    let before = out.len();
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
                out.truncate(before);
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
