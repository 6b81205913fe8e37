//! Tables as people and other systems send them: CSV in the encodings of Chinese desktops, spreadsheets, Parquet. Reads
//! them in bounded pieces, guesses which column is what, and turns rows into observations by a [`Mapping`].
//!
//! Pure: bytes come in through [`std::io::Read`], the time and the registered checkpoints as values. Any bytes give rows
//! and faults, never a panic. Start reading at `source.rs` (a file in blocks), then `mapping.rs` (a row as an observation).

mod columnar;
mod csv;
mod encoding;
mod field;
mod guess;
mod instant;
mod mapping;
mod observe;
mod rows;
mod sheet;
mod source;
mod synonyms;

pub use csv::{Delimiter, QUOTED_BYTES_MAX};
pub use encoding::Encoding;
pub use field::{Field, Kind};
pub use guess::{Guess, GuessedBy, guess_columns, guess_head};
pub use instant::{TimeForm, parse_instant};
pub use mapping::{Datum, Mapping, MappingFault};
pub use observe::{Place, Reason, RowFault, RowReader, World};
pub use rows::{Row, Rows};
pub use source::{Asked, Block, Format, Layout, Look, ReadError, look_at, read, whole};
pub use synonyms::{Synonyms, SynonymsError};
