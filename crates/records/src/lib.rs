//! Relational records, migrations and audit on SQLite through SeaORM.

#![warn(missing_docs)]
#![expect(
    unreachable_pub,
    reason = "SeaORM's derive makes the items of an entity `pub` in its private module"
)]

mod audit;
mod checkpoint;
pub mod cursor;
mod device;
mod error;
mod migration;
mod open;
mod outbox;
mod page;
mod password;
mod section;
mod session;
mod store;
mod user;
mod vehicle;
mod warning;
mod watch;

pub use audit::{AuditEntry, AuditFilter, AuditRecord, AuditVerdict};
pub use checkpoint::CheckpointFilter;
pub use device::{Device, DeviceFilter, DeviceKind, DeviceSecret};
pub use error::{Fault, StoreError};
pub use open::OpenError;
pub use outbox::PendingChange;
pub use page::{PAGE_LIMIT_MAX, Page, Put, Sort, Window};
pub use password::{OneTimePassword, PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, PasswordRule};
pub use session::{LogInError, SESSION_LIFETIME_MS, Session, SessionToken};
pub use store::{BUSY_TIMEOUT, READERS_MAX, Records};
pub use user::{
    ChangePasswordError, CreateUserError, FAILED_ATTEMPTS_MAX, FIRST_ADMINISTRATOR, LOCK_OUT_MS,
    PatchUserError, Role, USERNAME_CHARS_MAX, User, UserId, UserPatch,
};
pub use vehicle::{VehicleField, VehicleFilter, VehicleRecord};
pub use warning::{
    Change, HistoryEntry, SignError, Signature, WarningCount, WarningField, WarningFilter, WarningRecord,
    WarningState,
};
pub use watch::{WatchFilter, WatchRecord, WatchState, WithdrawError, Withdrawal};
