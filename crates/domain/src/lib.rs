//! The words of the field. Values and pure functions only: no I/O, no clock, no formats.
//!
//! Types derive serde's traits (a data model, not a format) so that `codec` can store them and `judgement` can
//! snapshot them; see `docs/decisions/0001-serde-in-domain.md`.
//!
//! Reading order: [`time`], [`place`], [`plate`], [`vehicle`], then what is seen ([`observation`]), what it is judged
//! against ([`reference`], [`watch`]) and what comes out ([`warning`]).

#![warn(missing_docs)]

pub mod id;
pub mod observation;
pub mod place;
pub mod plate;
pub mod reference;
pub mod time;
pub mod vehicle;
pub mod warning;
pub mod watch;

pub use id::{CheckpointId, DeviceId, ObservationId, PictureId, SectionId, WarningId, WatchOrderId};
pub use observation::{Alarm, AlarmKind, Entry, Fact, Observation, Passage, Position};
pub use place::{Gcj02, Theatre, Wgs84};
pub use plate::{Plate, PlateColor};
pub use reference::{Checkpoint, ReferenceChange, Section};
pub use time::{CivilDay, Timestamp};
pub use vehicle::{KeyClass, PlateClass, VehicleFile, VehicleKey, VehicleType};
pub use warning::{Detail, Level, ModelId, Outcome, Warning};
pub use watch::WatchOrder;
