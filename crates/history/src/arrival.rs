//! Reading in the journal's order: what back-test and rebuild read.

use crate::column::{Column, Table};
use crate::error::HistoryError;
use crate::file::{ColumnStream, SegmentFile};
use crate::history::{History, View, table};
use crate::other::OtherWalk;
use crate::passage::PassageWalk;
use crate::position::PositionWalk;
use crate::segment::{Kind, Projection, Segment};
use domain::{Entry, Timestamp};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

/// Rows that are decoded at a time: their columns fit into the processor's cache.
const CHUNK_ROWS: usize = 2_048;

/// Entries in the journal's order, each with its offset. An error costs the rest of a row group and is said once;
/// reading goes on behind it.
pub struct Arrival {
    lanes: Vec<Lane>,
}

impl History {
    /// The sealed entries at these offsets of the journal, in its order: observations and changes of the reference. What
    /// follows behind [`View::sealed_up_to`] is in the journal itself.
    pub fn arrival(self: &Arc<Self>, offsets: Range<u64>) -> Arrival {
        self.arrival_of(&self.view(), &Kind::ALL, offsets)
    }

    /// The same for some kinds, as they were at one moment.
    pub fn arrival_of(self: &Arc<Self>, view: &View, kinds: &[Kind], offsets: Range<u64>) -> Arrival {
        let lanes = kinds.iter().map(|kind| Lane::new(self.clone(), view, *kind, offsets.clone())).collect();
        Arrival { lanes }
    }
}

impl View {
    /// The offset of the journal up to which all is sealed; 0 before anything is.
    pub fn sealed_up_to(&self) -> u64 {
        let ends = self.all().iter().filter(|segment| segment.projection == Projection::Arrival);
        ends.map(|segment| segment.offsets.end).max().unwrap_or(0)
    }

    /// The offsets of the journal in which everything lies that was received from `from` on and before `to`; there may be
    /// more in it, since segments have bounds of their own. Empty when nothing was sealed of that time.
    pub fn offsets_received(&self, from: Timestamp, to: Timestamp) -> Range<u64> {
        let within = self.all().iter().filter(|segment| {
            segment.projection == Projection::Arrival && segment.received.1 >= from && segment.received.0 < to
        });
        within
            .map(|segment| segment.offsets.clone())
            .reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))
            .unwrap_or(0..0)
    }
}

impl Iterator for Arrival {
    type Item = Result<(u64, Entry), HistoryError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut least: Option<(usize, u64)> = None;
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            match lane.peek() {
                Ok(Some(offset)) if least.is_none_or(|(_, least)| offset < least) => {
                    least = Some((index, offset));
                }
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
        }
        self.lanes.get_mut(least?.0)?.decoded.pop_front().map(Ok)
    }
}

/// The segments of one kind, one after the other.
struct Lane {
    history: Arc<History>,
    table: &'static Table,
    kind: Kind,
    offsets: Range<u64>,
    segments: VecDeque<Arc<Segment>>,
    now: Option<Group>,
    columns: Vec<Column>,
    decoded: VecDeque<(u64, Entry)>,
}

/// A row group that is being read.
struct Group {
    file: Arc<SegmentFile>,
    index: usize,
    rows_left: usize,
    streams: Vec<ColumnStream>,
}

impl Lane {
    fn new(history: Arc<History>, view: &View, kind: Kind, offsets: Range<u64>) -> Self {
        let segments = view
            .segments(kind, Projection::Arrival)
            .filter(|segment| segment.offsets.start < offsets.end && segment.offsets.end > offsets.start)
            .cloned()
            .collect();
        let table = table(kind);
        let columns = table.empty();
        Self { history, table, kind, offsets, segments, now: None, columns, decoded: VecDeque::new() }
    }

    /// The offset of the next entry.
    fn peek(&mut self) -> Result<Option<u64>, HistoryError> {
        while self.decoded.is_empty() {
            let path = self.now.as_ref().map(|group| group.file.path().to_owned());
            let path = path.or_else(|| self.segments.front().map(|segment| segment.path.clone()));
            match self.decode() {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(error) => {
                    if let Some(path) = path {
                        self.history.note_damage(&path, &error);
                    }
                    return Err(error);
                }
            }
        }
        Ok(self.decoded.front().map(|(offset, _)| *offset))
    }

    /// Decodes some rows; false when there are no more.
    fn decode(&mut self) -> Result<bool, HistoryError> {
        let Some(group) = &mut self.now else { return self.open_next() };
        if group.rows_left == 0 {
            let (file, next) = (group.file.clone(), group.index + 1);
            self.now = None;
            return self.begin(&file, next).map(|()| true);
        }
        let rows = group.rows_left.min(CHUNK_ROWS);
        group.rows_left -= rows;
        for (stream, column) in group.streams.iter_mut().zip(&mut self.columns) {
            column.clear();
            if let Err(error) = stream.read(rows, column) {
                // The columns no longer stand at the same row.
                group.rows_left = 0;
                return Err(error);
            }
        }
        let path = group.file.path().to_owned();
        let bad = || HistoryError::Damaged {
            path: path.clone(),
            column: None,
            reason: "a row holds what no entry can".into(),
        };
        let mut bad_rows = 0;
        let mut take = |row: Option<(u64, Entry)>| match row {
            Some((offset, entry)) if self.offsets.contains(&offset) => {
                self.decoded.push_back((offset, entry));
            }
            Some(_) => {}
            None => bad_rows += 1,
        };
        match self.kind {
            Kind::Passages => {
                let mut walk = PassageWalk::new(&self.columns);
                (0..rows).for_each(|_| take(walk.next().map(|(at, row)| (at, Entry::Observation(row)))));
            }
            Kind::Positions => {
                let mut walk = PositionWalk::new(&self.columns);
                (0..rows).for_each(|_| take(walk.next().map(|(at, row)| (at, Entry::Observation(row)))));
            }
            Kind::Others => {
                let mut walk = OtherWalk::new(&self.columns);
                (0..rows).for_each(|_| take(walk.next()));
            }
        }
        if bad_rows > 0 { Err(bad()) } else { Ok(true) }
    }

    fn open_next(&mut self) -> Result<bool, HistoryError> {
        let Some(segment) = self.segments.pop_front() else { return Ok(false) };
        let file = self.history.file(&segment)?;
        self.begin(&file, 0).map(|()| true)
    }

    /// Begins a row group that holds what is asked for, at `group` or behind.
    fn begin(&mut self, file: &Arc<SegmentFile>, group: usize) -> Result<(), HistoryError> {
        for group in group..file.groups() {
            // The offset is the first column of each table.
            let is_asked = file.group_range(group, 0).is_none_or(|(least, most)| {
                (least as u64) < self.offsets.end && most as u64 >= self.offsets.start
            });
            if is_asked {
                let rows_left = file.group_rows(group);
                let streams = (0..self.table.columns.len())
                    .map(|column| file.stream(self.table, group, column, 0, true))
                    .collect::<Result<Vec<_>, _>>();
                // A row group whose bytes can't be had is left, and the next one is tried.
                self.now = Some(Group {
                    file: file.clone(),
                    index: group,
                    rows_left: if streams.is_ok() { rows_left } else { 0 },
                    streams: Vec::new(),
                });
                let streams = streams?;
                if let Some(now) = &mut self.now {
                    now.streams = streams;
                }
                return Ok(());
            }
        }
        Ok(())
    }
}
