//! Relational records, migrations and audit on SQLite through SeaORM.

#![warn(missing_docs)]
#![expect(
    unreachable_pub,
    reason = "SeaORM's derive makes the items of an entity `pub` in its private module"
)]

mod checkpoint;
pub mod cursor;
mod device;
mod error;
mod migration;
mod open;
mod outbox;
mod page;
mod section;
mod store;
mod vehicle;
mod warning;
mod watch;

pub use checkpoint::CheckpointFilter;
pub use device::{Device, DeviceFilter, DeviceKind, DeviceSecret};
pub use error::{Fault, StoreError};
pub use open::OpenError;
pub use outbox::PendingChange;
pub use page::{PAGE_LIMIT_MAX, Page, Put, Sort, Window};
pub use store::{BUSY_TIMEOUT, READERS_MAX, Records};
pub use vehicle::{VehicleField, VehicleFilter, VehicleRecord};
pub use warning::{
    Change, HistoryEntry, SignError, Signature, WarningCount, WarningField, WarningFilter, WarningRecord,
    WarningState,
};
pub use watch::{WatchFilter, WatchRecord, WatchState, WithdrawError, Withdrawal};
