//! Sealing: entries of the journal, in its order, become files.

use crate::by_plate::{ByPlate, ByPlateWriter, Fix, Sighting};
use crate::column::{Column, Table};
use crate::error::HistoryError;
use crate::file::SegmentWriter;
use crate::other::{OTHERS, OtherWriter};
use crate::passage::{PASSAGES, PassageWriter};
use crate::position::{POSITIONS, PositionWriter};
use crate::segment::{Kind, Partition, Projection, Segment, Span};
use domain::{CivilDay, Entry, Fact, ReferenceChange, Timestamp};
use std::ops::Range;
use std::path::Path;

/// zstd of what is sealed: quick, because it will be merged soon.
pub(crate) const LEVEL_SEALED: i32 = 1;
/// zstd of what is merged: small, because it stays.
pub(crate) const LEVEL_MERGED: i32 = 6;
/// Rows of a row group. More make a smaller footer, fewer less memory while writing.
pub(crate) const GROUP_ROWS: usize = 1 << 17;
/// Rows of a row group of what is sorted by plate and merged.
pub(crate) const PLATE_GROUP_ROWS: usize = 1 << 19;

/// Entries that are not sealed yet.
#[derive(Debug)]
pub struct Seal {
    passages: PassageWriter,
    positions: PositionWriter,
    others: OtherWriter,
    sightings: Vec<Sighting>,
    fixes: Vec<Fix>,
    spans: [(Span, Span); 3],
    offsets: Range<u64>,
    /// The day of its first entry: where its files lie.
    day: Option<CivilDay>,
    /// Of the newest entry that has a time.
    received_at: Timestamp,
    rows: usize,
}

impl Seal {
    /// Begins at an offset of the journal. Entries without a time of their own take `received_at` until one has.
    pub fn new(from: u64, received_at: Timestamp) -> Self {
        Self {
            passages: PassageWriter::new(),
            positions: PositionWriter::new(),
            others: OtherWriter::new(),
            sightings: Vec::new(),
            fixes: Vec::new(),
            spans: [(Span::EMPTY, Span::EMPTY); 3],
            offsets: from..from,
            day: None,
            received_at,
            rows: 0,
        }
    }

    /// Whether an entry belongs behind the end of this seal's day, so that it has to be written first.
    pub fn ends_before(&self, entry: &Entry) -> bool {
        let at = received_at(entry);
        self.day.zip(at).is_some_and(|(day, at)| at.beijing_day() > day)
    }

    /// Takes the entry at `offset`; the next entry of the journal lies at `next`.
    pub fn push(&mut self, offset: u64, next: u64, entry: &Entry) {
        self.received_at = received_at(entry).unwrap_or(self.received_at);
        self.day.get_or_insert(self.received_at.beijing_day());
        self.offsets.end = next;
        self.rows += 1;
        let (kind, captured_at) = match entry {
            Entry::Observation(observation) => {
                let kind = match &observation.fact {
                    Fact::Passage(passage) => {
                        self.passages.push(offset, observation, passage);
                        self.sightings.extend(Sighting::of(observation, passage));
                        Kind::Passages
                    }
                    Fact::Position(position) => {
                        self.positions.push(offset, observation, position);
                        self.fixes.extend(Fix::of(observation, position));
                        Kind::Positions
                    }
                    Fact::Alarm(_) => {
                        self.others.push(offset, self.received_at, entry);
                        Kind::Others
                    }
                };
                (kind, observation.captured_at)
            }
            Entry::Reference(_) => {
                self.others.push(offset, self.received_at, entry);
                (Kind::Others, self.received_at)
            }
        };
        let (captured, received) = &mut self.spans[kind as usize];
        captured.add(captured_at);
        received.add(self.received_at);
    }

    /// Goes on behind an entry that can't be read.
    pub fn skip_to(&mut self, next: u64) {
        self.offsets.end = next;
    }

    /// Entries taken.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The part of the journal that was taken.
    pub fn offsets(&self) -> Range<u64> {
        self.offsets.clone()
    }

    /// When the newest entry was received.
    pub fn received_at(&self) -> Timestamp {
        self.received_at
    }

    /// Passages with a plate, in the order of the journal.
    pub fn sightings(&self) -> &[Sighting] {
        &self.sightings
    }

    /// Positions of known vehicles, in the order of the journal.
    pub fn fixes(&self) -> &[Fix] {
        &self.fixes
    }

    /// Writes the files, and gives what the catalogue has to know of them. They are durable, and nobody reads them
    /// before [`History::publish`](crate::History::publish).
    pub(crate) fn write(&mut self, root: &Path) -> Result<Vec<Segment>, HistoryError> {
        let day = self.day.unwrap_or(self.received_at.beijing_day());
        let mut segments = Vec::new();
        let tables: [(Kind, &Table, &mut [Column]); 3] = [
            (Kind::Passages, &PASSAGES, &mut self.passages.columns),
            (Kind::Positions, &POSITIONS, &mut self.positions.columns),
            (Kind::Others, &OTHERS, &mut self.others.columns),
        ];
        for (kind, table, columns) in tables {
            if columns.first().is_some_and(|column| column.rows() > 0) {
                let (captured, received) = self.spans[kind as usize];
                let place = Place {
                    partition: Partition::new(kind, Projection::Arrival, day),
                    offsets: self.offsets.clone(),
                    level: 0,
                    captured: captured.or(self.received_at),
                    received: received.or(self.received_at),
                };
                // Written from a copy: what can't be written now is tried again.
                let mut columns = columns.to_vec();
                segments.push(place.write(root, table, LEVEL_SEALED, |file| file.write_group(&mut columns))?);
            }
        }
        if let Some(segment) = self.write_by_plate(root, day, Kind::Passages, &self.sightings)? {
            segments.push(segment);
        }
        if let Some(segment) = self.write_by_plate(root, day, Kind::Positions, &self.fixes)? {
            segments.push(segment);
        }
        Ok(segments)
    }

    fn write_by_plate<R: ByPlate>(
        &self,
        root: &Path,
        day: CivilDay,
        kind: Kind,
        rows: &[R],
    ) -> Result<Option<Segment>, HistoryError> {
        if rows.is_empty() {
            return Ok(None);
        }
        let mut order: Vec<&R> = rows.iter().collect();
        order.sort_by_key(|row| row.order());
        let (mut captured, mut received) = (Span::EMPTY, Span::EMPTY);
        let mut writer = ByPlateWriter::<R>::new();
        for row in order {
            captured.add(row.captured_at());
            received.add(row.received_at());
            writer.push(row);
        }
        let place = Place {
            partition: Partition::new(kind, Projection::Plate, day),
            offsets: self.offsets.clone(),
            level: 0,
            captured: captured.or(self.received_at),
            received: received.or(self.received_at),
        };
        place.write(root, R::TABLE, LEVEL_SEALED, |file| file.write_group(&mut writer.columns)).map(Some)
    }
}

/// Where a file belongs, and what of it is known before it is written.
pub(crate) struct Place {
    pub(crate) partition: Partition,
    pub(crate) offsets: Range<u64>,
    pub(crate) level: u8,
    pub(crate) captured: (Timestamp, Timestamp),
    pub(crate) received: (Timestamp, Timestamp),
}

impl Place {
    pub(crate) fn write(
        self,
        root: &Path,
        table: &Table,
        zstd_level: i32,
        fill: impl FnOnce(&mut SegmentWriter) -> Result<(), HistoryError>,
    ) -> Result<Segment, HistoryError> {
        let path = self.partition.file(&self.offsets, self.level);
        let mut file = SegmentWriter::create(root.join(&path), table, zstd_level)?;
        fill(&mut file)?;
        let written = file.finish()?;
        Ok(Segment {
            kind: self.partition.kind,
            projection: self.partition.projection,
            path,
            level: self.level,
            offsets: self.offsets,
            captured: self.captured,
            received: self.received,
            rows: written.rows,
            bytes: written.bytes,
            checksum: written.checksum,
            tail_at: written.tail_at,
            tail_checksum: written.tail_checksum,
        })
    }
}

/// When an entry was received; changes of the reference don't say.
fn received_at(entry: &Entry) -> Option<Timestamp> {
    match entry {
        Entry::Observation(observation) => Some(observation.received_at),
        Entry::Reference(change) => match change.as_ref() {
            ReferenceChange::Tick(at) => Some(*at),
            _ => None,
        },
    }
}
