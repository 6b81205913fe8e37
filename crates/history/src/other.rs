//! Device alarms and changes of the reference: few, of many shapes, and only read to rebuild the journal. Their bytes are
//! those of the journal (`codec`).

use crate::column::{Column, Holds, Spec, Table, Walk};
use domain::{Entry, Fact, ReferenceChange, Timestamp};
use parquet::basic::Encoding;

pub(crate) const OTHERS: Table = Table {
    columns: &[
        Spec::one("journal_offset", Holds::Long).coded(Encoding::DELTA_BINARY_PACKED),
        // When it was received; of changes of the reference, when the entry before them was.
        Spec::one("received_at", Holds::Instant).coded(Encoding::DELTA_BINARY_PACKED),
        Spec::one("what", Holds::Text),
        Spec::one("entry", Holds::Binary).coded(Encoding::PLAIN),
    ],
    sorted_by: &[0],
    page_rows: 16_384,
};

/// What an entry of this table is, in its column `what`.
pub(crate) fn what(entry: &Entry) -> &'static str {
    match entry {
        Entry::Observation(observation) => match observation.fact {
            Fact::Passage(_) => "passage",
            Fact::Position(_) => "position",
            Fact::Alarm(_) => "device_alarm",
        },
        Entry::Reference(change) => match change.as_ref() {
            ReferenceChange::Tick(_) => TICK,
            _ => REFERENCE,
        },
    }
}

const TICK: &str = "tick";
/// What observations are judged against changed.
pub(crate) const REFERENCE: &str = "reference";

/// Takes entries into columns.
#[derive(Debug)]
pub(crate) struct OtherWriter {
    pub(crate) columns: Vec<Column>,
    bytes: Vec<u8>,
}

impl OtherWriter {
    pub(crate) fn new() -> Self {
        Self { columns: OTHERS.empty(), bytes: Vec::new() }
    }

    pub(crate) fn push(&mut self, offset: u64, received_at: Timestamp, entry: &Entry) {
        self.bytes.clear();
        codec::encode(entry, &mut self.bytes);
        let mut columns = self.columns.iter_mut();
        let mut next = || columns.next().expect("as many columns as the table has");
        next().push_long(offset as i64);
        next().push_long(received_at.unix_ms());
        next().push_text(what(entry));
        next().push_bytes(self.bytes.as_slice());
    }
}

/// Reads entries from columns, row by row.
pub(crate) struct OtherWalk<'c> {
    columns: Vec<Walk<'c>>,
}

impl<'c> OtherWalk<'c> {
    pub(crate) fn new(columns: &'c [Column]) -> Self {
        Self { columns: columns.iter().map(Walk::new).collect() }
    }

    /// The next row with its offset; `None` when its bytes are no entry.
    pub(crate) fn next(&mut self) -> Option<(u64, Entry)> {
        let mut columns = self.columns.iter_mut();
        let mut next = || columns.next().expect("as many columns as the table has");
        let offset = next().long();
        let _received_at = next().long();
        let _what = next().text();
        let bytes = next().bytes();
        Some((offset? as u64, codec::decode(bytes?).ok()?))
    }
}
