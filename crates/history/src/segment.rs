//! What the catalogue says of a segment.

use domain::{CivilDay, Timestamp};
use std::ops::Range;
use std::path::PathBuf;

/// What the rows of a segment are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Passages (过车记录).
    Passages,
    /// Positions (定位).
    Positions,
    /// Device alarms and changes of the reference, as the journal has them.
    Others,
}

/// How the rows of a segment are sorted, and what they hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Projection {
    /// In the journal's order, complete: for back-test, search and rebuild.
    Arrival,
    /// By plate and time, what a trace shows. Of positions: by the plate of their vehicle.
    Plate,
}

/// One file of the history, as its catalogue knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// What its rows are.
    pub kind: Kind,
    /// How they are sorted.
    pub projection: Projection,
    /// Below the history's folder; its identity.
    pub path: PathBuf,
    /// How often its rows were merged: 0 as sealed.
    pub level: u8,
    /// The part of the journal that it covers: from its first entry to behind its last, in the journal's offsets.
    pub offsets: Range<u64>,
    /// The earliest and the latest time of capture.
    pub captured: (Timestamp, Timestamp),
    /// The earliest and the latest time of receipt.
    pub received: (Timestamp, Timestamp),
    /// Rows.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// XXH3-64 of the file.
    pub checksum: u64,
    /// Where its page indexes and its footer begin.
    pub tail_at: u64,
    /// XXH3-64 of them.
    pub tail_checksum: u64,
}

impl Kind {
    /// All.
    pub const ALL: [Self; 3] = [Self::Passages, Self::Positions, Self::Others];

    /// The word in paths, in the database and in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Passages => "passages",
            Self::Positions => "positions",
            Self::Others => "others",
        }
    }

    /// The kind of a key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
    }

    /// The projections that it is kept in.
    pub fn projections(self) -> &'static [Projection] {
        match self {
            Self::Passages | Self::Positions => &Projection::ALL,
            Self::Others => &[Projection::Arrival],
        }
    }
}

impl Projection {
    /// All.
    pub const ALL: [Self; 2] = [Self::Arrival, Self::Plate];

    /// The word in paths, in the database and in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Arrival => "arrival",
            Self::Plate => "plate",
        }
    }

    /// The projection of a key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|projection| projection.key() == key)
    }
}

/// The part of the tree in which files are merged: a day for arrival, a month for plates. By the time of receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition {
    /// What its rows are.
    pub kind: Kind,
    /// How they are sorted.
    pub projection: Projection,
    /// The day, or the first of the month.
    pub day: CivilDay,
}

impl Partition {
    pub(crate) fn new(kind: Kind, projection: Projection, day: CivilDay) -> Self {
        let day = match projection {
            Projection::Arrival => day,
            Projection::Plate => {
                let (year, month, _) = day.ymd();
                CivilDay::from_ymd(year, month, 1).unwrap_or(day)
            }
        };
        Self { kind, projection, day }
    }

    /// The first day behind it.
    pub fn end(self) -> CivilDay {
        match self.projection {
            Projection::Arrival => CivilDay(self.day.0 + 1),
            // The first of a month is at most 31 days before the next.
            Projection::Plate => Self::new(self.kind, self.projection, CivilDay(self.day.0 + 31)).day,
        }
    }

    /// Hive layout: `passages/by=arrival/day=2026-11-24`, `passages/by=plate/month=2026-11`.
    pub(crate) fn folder(self) -> PathBuf {
        let (year, month, _) = self.day.ymd();
        let time = match self.projection {
            Projection::Arrival => format!("day={}", self.day),
            Projection::Plate => format!("month={year:04}-{month:02}"),
        };
        [self.kind.key().to_owned(), format!("by={}", self.projection.key()), time].iter().collect()
    }

    pub(crate) fn file(self, offsets: &Range<u64>, level: u8) -> PathBuf {
        self.folder().join(format!("{:015}-{:015}.{level}.parquet", offsets.start, offsets.end))
    }
}

impl Segment {
    /// Where it lies; `None` when its path is none that the history makes.
    pub fn partition(&self) -> Option<Partition> {
        let folder = self.path.parent()?.file_name()?.to_str()?;
        let text = folder.split_once('=')?.1;
        let day = match self.projection {
            Projection::Arrival => CivilDay::parse(text),
            Projection::Plate => CivilDay::parse(&format!("{text}-01")),
        }?;
        Some(Partition { kind: self.kind, projection: self.projection, day })
    }
}

/// The earliest and the latest of some instants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span(pub(crate) Option<(Timestamp, Timestamp)>);

impl Span {
    pub(crate) const EMPTY: Self = Self(None);

    pub(crate) fn add(&mut self, at: Timestamp) {
        self.0 = Some(self.0.map_or((at, at), |(least, most)| (least.min(at), most.max(at))));
    }

    pub(crate) fn join(&mut self, other: (Timestamp, Timestamp)) {
        self.add(other.0);
        self.add(other.1);
    }

    pub(crate) fn or(self, at: Timestamp) -> (Timestamp, Timestamp) {
        self.0.unwrap_or((at, at))
    }
}
