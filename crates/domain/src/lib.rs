//! The words of the field. Values and pure functions only: no I/O, no clock, no formats.
//!
//! Types derive serde's traits (a data model, not a format) so that `codec` can store them and `judgement` can
//! snapshot them; see `docs/decisions/0001-serde-in-domain.md`.
//!
//! Reading order: [`time`], [`place`], [`plate`], [`vehicle`], then what is seen ([`observation`]), what it is judged
//! against ([`reference`], [`watch`], [`zone`], [`rule`], what is learned: [`calibration`]) and what comes out
//! ([`warning`], and how warnings stand to one another: [`discipline`]). Then what people do about it: who they are
//! ([`people`]), what a case and its clocks are ([`case`]), and the stages of work ([`stage`]).

#![warn(missing_docs)]

pub mod calibration;
pub mod case;
pub mod crash;
pub mod device;
pub mod discipline;
pub mod fact_key;
pub mod id;
pub mod observation;
pub mod people;
pub mod place;
pub mod plate;
pub mod reference;
pub mod rule;
pub mod stage;
pub mod time;
pub mod vehicle;
pub mod warning;
pub mod watch;
pub mod zone;

pub use calibration::{Calibration, ClockError, MisreadRate, TravelTime};
pub use case::{CaseId, CaseKind, ChainId, ClockStep, Desk, Refusal};
pub use crash::{Crash, CrashId};
pub use device::DeviceKind;
pub use discipline::{Hidden, Maintenance, Mark, Silence, Verdict, VerdictGiven};
pub use fact_key::{FILE_DEVICE, FactKey};
pub use id::{
    CheckpointId, DeviceId, ObservationId, PictureId, RuleId, SectionId, SilenceId, TuningId, WarningId,
    WatchOrderId, ZoneId,
};
pub use observation::{
    Alarm, AlarmKind, Behaviour, Behaviours, Entry, Fact, Observation, Passage, Position, Weighing,
};
pub use people::{Actor, Permission, Role, RoleSet, Unit, UnitId, UnitKind, UnitPath, UnitTree};
pub use place::{Gcj02, Theatre, Wgs84};
pub use plate::{Plate, PlateColor};
pub use reference::{Checkpoint, ReferenceChange, Section, Terminal};
pub use rule::{Rule, Scope, TunedValue, Tuning};
pub use stage::{AnyAct, AnyCase, Opening};
pub use time::{CivilDay, Timestamp};
pub use vehicle::{KeyClass, PlateClass, VehicleFile, VehicleKey, VehicleType};
pub use warning::{CloneEvidence, Detail, Level, ModelId, Outcome, Warning};
pub use watch::WatchOrder;
pub use zone::{Area, Hours, Zone, ZoneKind};
