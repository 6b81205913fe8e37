//! Passages and positions of years, as plain Parquet in Hive layout.
//!
//! ```text
//! passages/by=arrival/day=2026-11-24/…parquet    everything, in the journal's order: back-test, search, rebuild
//! passages/by=plate/month=2026-11/…parquet       what a trace shows, sorted by plate and time
//! positions/by=arrival/…  positions/by=plate/…   the same for positions
//! others/by=arrival/…                            device alarms and changes of the reference, as the journal has them
//! ```
//!
//! The time in a path is that of receipt. Any reader of Parquet reads the files as they lie.
//!
//! # How rows come in
//! Entries of the journal are collected in a [`Seal`]. [`History::write`] makes files of it: under another name, synced,
//! renamed, the folder synced. Nobody knows them yet. The caller stores them in its catalogue in the same transaction in
//! which it moves its place in the journal, and then calls [`History::publish_sealed`]. So a process that dies at any moment
//! leaves at most files that no catalogue names, which the next [`History::open`] removes, and reads the same entries again.
//! Merging ([`History::merge`]) goes the same way, with files that are added and files that go.
//!
//! # Damage
//! Each page has a CRC-32 that is checked when it is read, each file an XXH3-64 in the catalogue. Bad bytes are named by segment
//! and column, counted ([`History::damages`]), and cost the rows of that row group.
//!
//! Reading order: `segment.rs`, `column.rs`, `file.rs` with `chunk.rs` and `page.rs`, the tables (`passage.rs`, `position.rs`, `other.rs`, `by_plate.rs`), `seal.rs`,
//! `history.rs`, then what is asked: `arrival.rs`, `trace.rs`, `search.rs`.

#![warn(missing_docs)]

mod arrival;
mod by_plate;
mod chunk;
mod column;
mod error;
mod export;
mod file;
mod history;
mod identity;
mod merge;
mod other;
mod page;
mod passage;
mod pattern;
mod plate_key;
mod position;
mod seal;
mod search;
mod segment;
mod trace;

pub use arrival::Arrival;
pub use by_plate::{Fix, Sighting};
pub use error::HistoryError;
pub use export::PassageFile;
pub use history::{Damage, Fresh, History, Mended, OPEN_BYTES_MAX, SET_ASIDE_KEPT, SetAside, View};
pub use merge::{Merge, kept_from};
pub use pattern::Pattern;
pub use plate_key::PlateKey;
pub use seal::Seal;
pub use search::{Conditions, Flows, Found, SEARCH_ROWS_MAX};
pub use segment::{Kind, Partition, Projection, Segment};
pub use trace::{TRACE_ROWS_MAX, Trace};
