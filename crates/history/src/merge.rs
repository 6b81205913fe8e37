//! Merging: many small segments become few large ones. The rows are the same; nothing is lost when it is cut off.

use crate::by_plate::{ByPlate, ByPlateWriter, Fix, Sighting};
use crate::column::{Column, Walk};
use crate::error::HistoryError;
use crate::file::{ColumnStream, SegmentFile, SegmentWriter};
use crate::history::{History, View, table};
use crate::seal::{GROUP_ROWS, LEVEL_MERGED, PLATE_GROUP_ROWS, Place};
use crate::segment::{Kind, Partition, Projection, Segment, Span};
use crate::trace::keys;
use domain::{CivilDay, Timestamp};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::ops::Range;
use std::sync::Arc;

/// Segments of one level that are merged into one of the next: a trace reads at most this many files a level.
const FAN_IN: usize = 8;
/// Rows of the largest segment by arrival: a search opens it for a few hours of one day.
const ARRIVAL_ROWS_MAX: u64 = 8 << 20;
/// Rows of the largest segment by plate: a month of a large city.
const PLATE_ROWS_MAX: u64 = 256 << 20;
/// How long after its end a partition still gets rows: what was received before midnight is sealed behind it.
const GRACE_MS: i64 = domain::time::HOUR_MS;
/// Rows that are read at a time of each segment.
const CHUNK_ROWS: usize = 4_096;

/// Segments that become one.
#[derive(Clone, Debug)]
pub struct Merge {
    partition: Partition,
    inputs: Vec<Arc<Segment>>,
}

impl Merge {
    /// The segments that will go.
    pub fn inputs(&self) -> &[Arc<Segment>] {
        &self.inputs
    }

    /// Rows of all together.
    pub fn rows(&self) -> u64 {
        self.inputs.iter().map(|segment| segment.rows).sum()
    }
}

impl History {
    /// What should be merged next, if anything: those that are many of one size, and all of a day or a month that is over.
    /// Damaged segments are left as they are.
    pub fn next_merge(&self, now: Timestamp) -> Option<Merge> {
        let view = self.view();
        let damaged = self.damages();
        let is_good = |segment: &&Arc<Segment>| damaged.iter().all(|damage| damage.segment != segment.path);
        let mut partitions: BTreeMap<Partition, Vec<Arc<Segment>>> = BTreeMap::new();
        for segment in view.all().iter().filter(is_good) {
            if let Some(partition) = segment.partition() {
                partitions.entry(partition).or_default().push(segment.clone());
            }
        }
        partitions.into_iter().find_map(|(partition, segments)| {
            let is_over = now.ms_since(partition.end().start()) > GRACE_MS;
            let rows_max = match partition.projection {
                Projection::Arrival => ARRIVAL_ROWS_MAX,
                Projection::Plate => PLATE_ROWS_MAX,
            };
            let inputs = if is_over {
                side_by_side(&segments, rows_max, |_| true)
            } else {
                (0..=u8::MAX).find_map(|level| {
                    // Level by level from the smallest; most partitions have three.
                    let of_level = segments.iter().filter(|segment| segment.level == level).count();
                    (of_level >= FAN_IN)
                        .then(|| side_by_side(&segments, rows_max, |segment| segment.level == level))
                        .flatten()
                })
            };
            inputs.map(|inputs| Merge { partition, inputs })
        })
    }

    /// Merges. The new segment is durable then, and unknown: the caller swaps it for the inputs in its catalogue, and calls
    /// [`Self::publish`] and [`Self::sweep`]. `is_cancelled` is asked often.
    pub fn merge(&self, merge: &Merge, is_cancelled: &dyn Fn() -> bool) -> Result<Segment, HistoryError> {
        let mut files = Vec::with_capacity(merge.inputs.len());
        for segment in &merge.inputs {
            // Not from the cache: a merge reads each file once and would drive out what traces need.
            files.push((
                segment,
                SegmentFile::open(self.root(), segment).map_err(|e| self.noted(segment, e))?,
            ));
        }
        let (mut captured, mut received) = (Span::EMPTY, Span::EMPTY);
        for segment in &merge.inputs {
            captured.join(segment.captured);
            received.join(segment.received);
        }
        let of_first = |get: fn(&Segment) -> u64| merge.inputs.iter().map(move |segment| get(segment));
        let start = of_first(|segment| segment.offsets.start).min().unwrap_or(0);
        let end = of_first(|segment| segment.offsets.end).max().unwrap_or(0);
        let level = merge.inputs.iter().map(|segment| segment.level).max().unwrap_or(0);
        let Partition { kind, projection, .. } = merge.partition;
        let place = Place {
            partition: merge.partition,
            offsets: start..end,
            level: level.saturating_add(1),
            captured: captured.or(Timestamp::default()),
            received: received.or(Timestamp::default()),
        };
        let table = match (kind, projection) {
            (Kind::Passages, Projection::Plate) => Sighting::TABLE,
            (Kind::Positions, Projection::Plate) => Fix::TABLE,
            _ => table(kind),
        };
        let merged = place.write(self.root(), table, LEVEL_MERGED, |out| match (kind, projection) {
            (Kind::Passages, Projection::Plate) => self.by_plate::<Sighting>(&files, out, is_cancelled),
            (Kind::Positions, Projection::Plate) => self.by_plate::<Fix>(&files, out, is_cancelled),
            _ => self.one_behind_the_other(&files, kind, out, is_cancelled),
        })?;
        if merged.rows == merge.rows() {
            return Ok(merged);
        }
        // Nobody may lose rows by a fault of this file.
        self.remove_file(&merged.path);
        let reason = format!("merged {} rows of {}", merged.rows, merge.rows());
        Err(HistoryError::Damaged { path: merged.path, column: None, reason })
    }

    /// Writes sightings that are sorted by plate and time already as one merged segment: what an archive of another system
    /// brings, or a benchmark. Like a sealed segment it is durable and unknown.
    pub fn write_sightings(
        &self,
        month: CivilDay,
        offsets: Range<u64>,
        rows: impl IntoIterator<Item = Sighting>,
    ) -> Result<Segment, HistoryError> {
        let (mut captured, mut received) = (Span::EMPTY, Span::EMPTY);
        let mut writer = ByPlateWriter::<Sighting>::new();
        let place = Place {
            partition: Partition::new(Kind::Passages, Projection::Plate, month),
            offsets,
            level: 1,
            captured: (Timestamp::default(), Timestamp::default()),
            received: (Timestamp::default(), Timestamp::default()),
        };
        let segment = place.write(self.root(), Sighting::TABLE, LEVEL_MERGED, |out| {
            for row in rows {
                captured.add(row.captured_at);
                received.add(row.received_at);
                writer.push(&row);
                if writer.rows() == PLATE_GROUP_ROWS {
                    out.write_group(&mut writer.columns)?;
                }
            }
            out.write_group(&mut writer.columns)
        })?;
        let never = Timestamp::default();
        Ok(Segment { captured: captured.or(never), received: received.or(never), ..segment })
    }

    /// Segments of a kind and projection whose newest row was received before `before`.
    pub fn expired(&self, kind: Kind, projection: Projection, before: Timestamp) -> Vec<Arc<Segment>> {
        let view: View = self.view();
        let old = view.segments(kind, projection).filter(|segment| segment.received.1 < before);
        old.cloned().collect()
    }

    fn noted(&self, segment: &Segment, error: HistoryError) -> HistoryError {
        if error.is_damage() {
            self.note_damage(&segment.path, &error);
        }
        error
    }

    fn one_behind_the_other(
        &self,
        files: &[(&Arc<Segment>, SegmentFile)],
        kind: Kind,
        out: &mut SegmentWriter,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<(), HistoryError> {
        let table = table(kind);
        let mut columns = table.empty();
        for (segment, file) in files {
            for group in 0..file.groups() {
                let mut streams = streams(file, table, group).map_err(|e| self.noted(segment, e))?;
                let mut left = file.group_rows(group);
                while left > 0 {
                    if is_cancelled() {
                        return Err(HistoryError::Cancelled);
                    }
                    let room = GROUP_ROWS - columns.first().map_or(0, Column::rows);
                    let rows = left.min(room);
                    for (stream, column) in streams.iter_mut().zip(&mut columns) {
                        stream.read(rows, column).map_err(|e| self.noted(segment, e))?;
                    }
                    left -= rows;
                    if rows == room {
                        out.write_group(&mut columns)?;
                    }
                }
            }
        }
        out.write_group(&mut columns)
    }

    fn by_plate<R: ByPlate>(
        &self,
        files: &[(&Arc<Segment>, SegmentFile)],
        out: &mut SegmentWriter,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<(), HistoryError> {
        let mut inputs: Vec<Input<'_, R>> = files.iter().map(|(_, file)| Input::new(file)).collect();
        let mut heap = BinaryHeap::with_capacity(inputs.len());
        for (index, input) in inputs.iter_mut().enumerate() {
            if let Some(row) = input.peek().map_err(|e| self.noted(files[index].0, e))? {
                heap.push(Reverse((row.order(), index)));
            }
        }
        let mut writer = ByPlateWriter::<R>::new();
        while let Some(Reverse((_, index))) = heap.pop() {
            let input = &mut inputs[index];
            // The rows of one plate lie side by side in each input: as long as it leads, the heap is not asked.
            while let Some(row) = input.rows.get(input.next) {
                if heap.peek().is_some_and(|Reverse(other)| *other < (row.order(), index)) {
                    break;
                }
                writer.push(row);
                input.next += 1;
                if writer.rows() == PLATE_GROUP_ROWS {
                    out.write_group(&mut writer.columns)?;
                }
            }
            if is_cancelled() {
                return Err(HistoryError::Cancelled);
            }
            if let Some(row) = input.peek().map_err(|e| self.noted(files[index].0, e))? {
                heap.push(Reverse((row.order(), index)));
            }
        }
        out.write_group(&mut writer.columns)
    }
}

/// At least two that lie side by side in the journal's order, as many as fit into one.
fn side_by_side(
    segments: &[Arc<Segment>],
    rows_max: u64,
    is_asked: impl Fn(&Segment) -> bool,
) -> Option<Vec<Arc<Segment>>> {
    let (mut run, mut rows): (Vec<Arc<Segment>>, u64) = (Vec::new(), 0);
    for segment in segments {
        let fits = is_asked(segment) && rows + segment.rows <= rows_max;
        if !fits && run.len() > 1 {
            break;
        }
        if !fits {
            run.clear();
            rows = 0;
        }
        if is_asked(segment) && segment.rows <= rows_max {
            rows += segment.rows;
            run.push(segment.clone());
        }
    }
    (run.len() > 1).then_some(run)
}

fn streams(
    file: &SegmentFile,
    table: &'static crate::column::Table,
    group: usize,
) -> Result<Vec<ColumnStream>, HistoryError> {
    (0..table.columns.len()).map(|column| file.stream(table, group, column, 0, true)).collect()
}

/// A segment that is sorted by plate, some rows of it in memory.
struct Input<'f, R> {
    file: &'f SegmentFile,
    group: usize,
    left: usize,
    streams: Vec<ColumnStream>,
    columns: Vec<Column>,
    rows: Vec<R>,
    next: usize,
}

impl<'f, R: ByPlate> Input<'f, R> {
    fn new(file: &'f SegmentFile) -> Self {
        let columns = R::TABLE.empty();
        Self { file, group: 0, left: 0, streams: Vec::new(), columns, rows: Vec::new(), next: 0 }
    }

    fn peek(&mut self) -> Result<Option<&R>, HistoryError> {
        while self.next == self.rows.len() {
            if self.left == 0 {
                if self.group == self.file.groups() {
                    return Ok(None);
                }
                self.streams = streams(self.file, R::TABLE, self.group)?;
                self.left = self.file.group_rows(self.group);
                self.group += 1;
            }
            let count = self.left.min(CHUNK_ROWS);
            self.left -= count;
            for (stream, column) in self.streams.iter_mut().zip(&mut self.columns) {
                column.clear();
                stream.read(count, column)?;
            }
            let plates = self.columns.first().map(keys).unwrap_or_default();
            let mut walks: Vec<Walk<'_>> = self.columns.iter().map(Walk::new).collect();
            self.rows.clear();
            self.next = 0;
            for plate in plates {
                self.rows.push(R::read(plate, &mut walks).ok_or_else(|| HistoryError::Damaged {
                    path: self.file.path().to_owned(),
                    column: None,
                    reason: "a row holds what no row can".into(),
                })?);
            }
        }
        Ok(self.rows.get(self.next))
    }
}

/// The first day that is kept when rows are kept for `days`.
pub fn kept_from(today: CivilDay, days: u32) -> Timestamp {
    CivilDay(today.0.saturating_sub(days as i32)).start()
}
