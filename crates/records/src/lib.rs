//! Relational records, migrations and audit on SQLite through SeaORM.
//!
//! [`Records::open`] gives one value with a method per operation; each subject has its file, named by the word of its
//! stage. No business decisions are made here: what may happen when is for the callers to say, this crate stores it
//! whole or not at all. Time enters as a parameter.
//!
//! # One writer, several readers
//! SQLite has one writer at a time. All writes go through a pool of one connection, whose queue is fair; so they never
//! collide on the file's lock, and a transaction sees nobody else's half-done work. Reads go through a pool of
//! [`READERS_MAX`] connections that can't write; in WAL mode they see the last commit and never wait for the writer. A
//! write that has returned is on the disk and seen by every read that begins after. Nothing but the function that opens
//! a pool knows SQLite: statements are built, so that PostgreSQL can take their place.
//!
//! # Three promises
//! - **Outcomes and cursor are one**: [`Records::commit_outcomes`] stores warnings and the journal offset they follow
//!   from in one transaction, and the same batch a second time changes nothing.
//! - **Reference changes reach the journal**: they are in the outbox in the transaction that makes them, until
//!   [`Records::outbox_done`].
//! - **Changes of warnings have one order**: each takes the next `seq`; [`Records::warnings_changed_after`] gives
//!   whoever was away what was missed.
//!
//! # What there is
//! | subject | methods of [`Records`] |
//! |---|---|
//! | opening | `open`, `check`, `close` |
//! | devices | `put_devices`, `device`, `devices`, `all_devices`, `note_device_edition`, `remove_device` |
//! | refused devices | `note_refused`, `refused_devices`, `forget_refused` |
//! | platforms | `put_platform`, `platform`, `all_platforms`, `remove_platform`; `put_subscription`, `subscriptions`, `note_delivered`, `note_taken`, `note_subscription`; `put_dispositions`, `dispositions`, `note_disposition`, `note_sighting`; `note_tollgates`, `tollgates`, `admit_tollgate` |
//! | checkpoints | `put_checkpoints`, `checkpoint`, `checkpoints`, `all_checkpoints`, `remove_checkpoint`, `assign_checkpoints`, `checkpoint_units` |
//! | sections | `put_sections`, `section`, `all_sections`, `remove_section` |
//! | vehicles | `put_vehicles`, `vehicle`, `vehicles_of`, `vehicles`, `vehicles_after`, `remove_vehicle` |
//! | watch orders | `put_watch_orders`, `watch_order`, `watch_orders`, `watch_order_hits`, `withdraw_watch_order` |
//! | zones | `put_zone`, `remove_zone`, `all_zones` |
//! | rules | `add_rule`, `edit_rule`, `submit_rule`, `approve_rule`, `return_rule`, `retire_rule`, `rule`, `all_rules` |
//! | tunings | `add_tuning`, `change_tuning`, `tuning_history`, `all_tunings` |
//! | silences | `add_silence`, `end_silence`, `silences` |
//! | outbox | `outbox_pending`, `outbox_done`, `standing_changes` |
//! | warnings | `commit_outcomes`, `warning`, `warnings`, `warnings_changed_after`, `warning_seq`, `sign_warning`, `judge_warning`, `warning_history`, `warning_counts`, `warning_counts_by_level`, `yield_counts` |
//! | segments of the history | `segments`, `commit_sealed`, `swap_segments` |
//! | cases | `open_case`, `act_on_case`, `act_of_platform`, `case`, `cases`, `case_counts`, `case_steps`, `chain_steps`, `tasks`, `task_counts`, `hazard_counts`, `ring_clocks`, `waiting_steps`, pauses |
//! | crashes | `put_crashes`, `crash`, `crashes`, `crash_links` |
//! | units | `units`, `add_unit`, `change_unit`, `put_units` |
//! | users | `ensure_first_administrator`, `create_user`, `user`, `users`, `patch_user`, `take_over`, `end_founders` |
//! | passwords | `change_password`, `reset_password`, `unlock_user`, `prove`, `enable_totp`, `disable_totp` |
//! | sessions | `log_in`, `session_user`, `is_session_open`, `sessions`, `end_session`, `end_sessions`, `log_out` |
//! | audit | `append_audit`, `audit`, `verify_audit` |
//! | quarantine | `add_quarantine`, `quarantine`, `quarantined`, `quarantine_counts` |
//! | jobs | `add_job`, `begin_job`, `note_job_progress`, `end_job`, `interrupt_jobs`, `job`, `jobs`, `forget_jobs` |
//! | mappings of files | `put_mapping`, `remove_mapping`, `mappings` |
//! | back-tests | `add_back_test`, `back_test`, `back_tests`, `back_test_warnings`, `remove_back_test` |
//! | notices | `pass_on`, `notices`, `read_notices`; `send`, `deliveries_due`, `note_attempt`, `retry_delivery`, `deliveries`; `put_push`, `pushes_of`, `push`, `note_pushed`, `remove_push` |
//! | map, settings, cursors | `put_layer`, `layer`, `put_setting`, `setting`, `cursor`, `set_cursor` |

#![warn(missing_docs)]
#![expect(
    unreachable_pub,
    reason = "SeaORM's derive makes the items of an entity `pub` in its private module"
)]

mod attachment;
mod audit;
mod back_test;
mod case;
mod checkpoint;
mod crash;
mod credential;
pub mod cursor;
mod device;
mod error;
mod job;
mod map;
mod mapping;
mod migration;
mod notice;
mod open;
mod outbox;
mod page;
mod password;
mod platform;
mod post;
mod push;
mod quarantine;
mod refused;
mod rule;
mod section;
mod segment;
mod session;
mod setting;
mod silence;
mod standing;
mod store;
mod tuning;
mod unit;
mod user;
mod vehicle;
mod view;
mod warning;
mod watch;
mod zone;

pub use attachment::AttachmentRecord;
pub use audit::{AUDIT_COUNT_MAX, AuditEntry, AuditFilter, AuditRecord, AuditVerdict};
pub use back_test::{BackTestFilter, BackTestRecord, FoundOutcome, FoundWarning, NewBackTest};
pub use case::{
    CaseCount, CaseError, CaseField, CaseFilter, CaseRecord, Command, CrashesPut, HazardCount, HazardGroup,
    PauseError, Rung, StepRecord, TaskCount, TaskFilter, TaskGroup, TaskRecord, TidingsRecord, Worked,
};
pub use checkpoint::CheckpointFilter;
pub use crash::{CrashEffect, CrashFilter, CrashLink, CrashRecord};
pub use credential::{
    ChangePasswordError, FAILED_ATTEMPTS_MAX, LOCK_OUT_MS, PASSWORDS_REMEMBERED, ProofError, RECOVERY_CODES,
    SecondFactor,
};
pub use device::{Device, DeviceFilter, DeviceSecret};
pub use error::{Fault, StoreError};
pub use job::{JobEnd, JobFilter, JobId, JobRecord, JobState, NewJob};
pub use map::{Layer, LayerName};
pub use mapping::MappingRecord;
pub use notice::{Attempt, DeliveryRecord, DeliveryState, NewDelivery, NoticeRecord};
pub use open::OpenError;
pub use outbox::PendingChange;
pub use page::{PAGE_LIMIT_MAX, Page, Put, Sort, Window};
pub use password::{OneTimePassword, PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, PasswordRule};
pub use platform::{
    Direction, Disposition, DispositionFilter, ExchangeState, Platform, Relation, Scope, SealedPassword,
    Subscription, Tollgate, TollgateState,
};
pub use post::{Post, PostKind, PostState};
pub use push::{PUSHES_MAX, PushRecord};
pub use quarantine::{
    QUARANTINE_BYTES_MAX, QUARANTINE_MESSAGE_BYTES_MAX, QUARANTINE_ROWS_MAX, QuarantineFilter,
    QuarantineLine, Quarantined,
};
pub use refused::{REFUSED_ROWS_MAX, RefusedDevice, RefusedReason};
pub use rule::{NewDraft, Review, RuleError, RuleRecord, RuleState, RuleVersion};
pub use segment::SegmentRecord;
pub use session::{
    LogInError, Origin, SESSION_LIFETIME_MS, SESSION_USE_NOTED_MS, Session, SessionRecord, SessionToken,
    SessionUser, session_id,
};
pub use silence::{EndSilenceError, Quiet, QuietKind, QuietRecord};
pub use store::{BUSY_TIMEOUT, READERS_MAX, Records};
pub use tuning::{TuningError, TuningRecord};
pub use unit::{NewUnit, UNIT_NAME_CHARS_MAX, UNITS_MAX, UnitError, UnitPatch, UnitRow};
pub use user::{
    CreateUserError, Duty, FIRST_ADMINISTRATOR, NewUser, PatchUserError, TakeOver, USER_TEXT_CHARS_MAX,
    USERNAME_CHARS_MAX, User, UserId, UserPatch,
};
pub use vehicle::{VehicleField, VehicleFilter, VehicleRecord};
pub use view::{SavedView, VIEWS_MAX};
pub use warning::{
    Change, HistoryEntry, Signature, VerdictRecord, WarningAct, WarningActError, WarningCount, WarningDeed,
    WarningField, WarningFilter, WarningRecord, WarningState, YieldCount,
};
pub use watch::{WatchFilter, WatchRecord, WatchState, WithdrawError, Withdrawal};
pub use zone::ZoneRecord;
