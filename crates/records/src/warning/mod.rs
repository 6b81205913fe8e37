//! Warnings (预警) as they stand: what judgement said last, and what people did about it.
//!
//! A warning is two rows. `warning` has narrow columns to filter, sort and count by; `warning_body` has the whole
//! [`domain::Warning`] with its evidence as JSON. Apart, so that a count over 100,000 warnings reads 25 MB, not the
//! evidence too. JSON and not a packed form, because bodies outlive many versions of the program: fields are found by
//! name, new ones get defaults, and a person can read them with any SQL tool.

mod act;
mod commit;
mod list;
mod yields;

pub use act::{WarningActError, WarningDeed};
pub use domain::stage::warning::{WarningAct, WarningState};
pub use list::{WarningCount, WarningField, WarningFilter};
pub use yields::YieldCount;

pub(crate) use act::work;

use crate::error::damaged;
use crate::store::time_of;
use domain::people::UnitPath;
use domain::warning::WithdrawReason;
use domain::{Hidden, Level, Mark, SilenceId, Timestamp, Verdict, Warning, WarningId};
use sea_orm::DbErr;
use smol_str::SmolStr;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "warning")]
    #[expect(clippy::struct_field_names, reason = "the model that raised it, not SeaORM's")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub seq: i64,
        pub change: String,
        pub model: String,
        pub level: i32,
        pub state: String,
        pub version: i32,
        pub plate_code: Option<i64>,
        pub plate_class: Option<i32>,
        pub plate: Option<String>,
        pub plate_text: Option<String>,
        pub device: Option<String>,
        pub checkpoint: Option<String>,
        pub watch_order: Option<String>,
        pub lon: Option<f64>,
        pub lat: Option<f64>,
        pub occurred_at: i64,
        pub raised_at: i64,
        pub actionable_until: i64,
        pub is_historical: bool,
        pub withdrawn_reason: Option<String>,
        pub signed_by: Option<String>,
        pub signed_at: Option<i64>,
        pub model_version: i32,
        pub rule: Option<String>,
        pub day: i32,
        pub group_id: Option<String>,
        pub is_head: bool,
        pub hidden_kind: Option<String>,
        pub hidden_by: Option<String>,
        pub verdict: Option<String>,
        pub verdict_by: Option<String>,
        pub verdict_at: Option<i64>,
        pub verdict_note: Option<String>,
        pub closed_at: Option<i64>,
        /// Path of the unit at whose desk it lies.
        pub unit_path: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod body {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "warning_body")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub body: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod history {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "warning_history")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub warning_id: String,
        pub at: i64,
        pub actor: Option<String>,
        pub action: String,
        pub note: Option<String>,
        pub verdict: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What last happened to a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// New, or raised again after it was withdrawn.
    Raised,
    /// Better evidence; or later evidence for or against one that is signed.
    Revised,
    /// Taken back.
    Withdrawn,
    /// Somebody took it on.
    Signed,
    /// Somebody said what it was worth.
    Judged,
    /// Somebody was sent out, the work was done, it was merged or expired: the history says which.
    Worked,
    /// It stands otherwise among the others: another group, hidden, or shown again.
    Marked,
}

impl Change {
    /// The word used in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Revised => "revised",
            Self::Withdrawn => "withdrawn",
            Self::Signed => "signed",
            Self::Judged => "judged",
            Self::Worked => "worked",
            Self::Marked => "marked",
        }
    }

    fn parse(key: &str) -> Option<Self> {
        [Self::Raised, Self::Revised, Self::Withdrawn, Self::Signed, Self::Judged, Self::Worked, Self::Marked]
            .into_iter()
            .find(|change| change.key() == key)
    }
}

/// A warning as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct WarningRecord {
    /// What judgement said last.
    pub warning: Warning,
    /// Number of its last change, in the order of all changes of all warnings; never used twice.
    pub seq: u64,
    /// What that change was.
    pub change: Change,
    /// 1 when new, one more with each change but those of its mark, which changes nothing of what it says.
    pub version: u32,
    /// Where it stands.
    pub state: WarningState,
    /// Why judgement takes it back. Also set on a signed one, which stays signed.
    pub withdrawn_reason: Option<WithdrawReason>,
    /// Who signed it.
    pub signature: Option<Signature>,
    /// What it was worth, as said last.
    pub verdict: Option<VerdictRecord>,
    /// How it stands among the others.
    pub mark: Mark,
    /// Warnings of its group that are not withdrawn, itself among them.
    pub group_count: u64,
    /// Path of the unit at whose desk it lies; empty where that is the whole county's.
    pub desk: UnitPath,
}

impl WarningRecord {
    /// Whether sending somebody out still makes sense at `now`.
    pub fn is_actionable(&self, now: Timestamp) -> bool {
        self.state != WarningState::Withdrawn
            && !self.warning.is_historical
            && now < self.warning.actionable_until
    }
}

/// Who took a warning on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Username.
    pub by: SmolStr,
    /// When.
    pub at: Timestamp,
}

/// What somebody said that a warning was worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictRecord {
    /// What it was worth.
    pub verdict: Verdict,
    /// Username.
    pub by: SmolStr,
    /// When.
    pub at: Timestamp,
    /// What else there is to say.
    pub note: Option<String>,
}

/// One line of a warning's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When.
    pub at: Timestamp,
    /// Username; `None` for judgement.
    pub actor: Option<SmolStr>,
    /// `raised`, `reopened`, `withdrawn`, `signed`, `judged`, `dispatched`, `recalled`, `closed`, `merged`, `expired`, and for
    /// signed ones `revised`, `refuted`, `upheld`.
    pub action: SmolStr,
    /// What else there is to say.
    pub note: Option<String>,
    /// The verdict, where one was given.
    pub verdict: Option<Verdict>,
}

/// Levels are stored as numbers, so that the database can sort by urgency.
pub(crate) fn level_code(level: Level) -> i32 {
    match level {
        Level::Low => 1,
        Level::Medium => 2,
        Level::High => 3,
    }
}

pub(crate) fn level_of(code: i32) -> Result<Level, DbErr> {
    match code {
        1 => Ok(Level::Low),
        2 => Ok(Level::Medium),
        3 => Ok(Level::High),
        _ => Err(damaged("level", code)),
    }
}

fn withdraw_reason_of(key: &str) -> Result<WithdrawReason, DbErr> {
    [WithdrawReason::Refuted, WithdrawReason::Replaced]
        .into_iter()
        .find(|reason| reason.key() == key)
        .ok_or_else(|| damaged("warning", key))
}

fn id_of(text: &str) -> Result<WarningId, DbErr> {
    WarningId::parse(text).ok_or_else(|| damaged("warning", text))
}

fn verdict_of(key: &str) -> Result<Verdict, DbErr> {
    Verdict::parse(key).ok_or_else(|| damaged("verdict", key))
}

/// The columns of a mark: group, whether it is the group's first, kind and cause of hiding.
fn set_mark(row: &mut row::Model, mark: &Mark) {
    let group = mark.group.to_string();
    row.is_head = group == row.id;
    row.group_id = Some(group);
    let (kind, by) = match &mark.hidden {
        None => (None, None),
        Some(Hidden::Stronger(id)) => (Some("stronger"), Some(id.to_string())),
        Some(Hidden::Silenced(id)) => (Some("silenced"), Some(id.to_string())),
        Some(Hidden::Maintenance(id)) => (Some("maintenance"), Some(id.to_string())),
    };
    row.hidden_kind = kind.map(str::to_owned);
    row.hidden_by = by;
}

fn mark_of(row: &row::Model) -> Result<Mark, DbErr> {
    let by = row.hidden_by.as_deref().unwrap_or_default();
    let hidden = match row.hidden_kind.as_deref() {
        None => None,
        Some("stronger") => Some(Hidden::Stronger(id_of(by)?)),
        Some("silenced") => Some(Hidden::Silenced(SilenceId::from(by))),
        Some("maintenance") => Some(Hidden::Maintenance(SilenceId::from(by))),
        Some(other) => return Err(damaged("warning", other)),
    };
    Ok(Mark { group: id_of(row.group_id.as_deref().unwrap_or(&row.id))?, hidden })
}

fn record_of(row: row::Model, body: &str, group_count: u64) -> Result<WarningRecord, DbErr> {
    let word = |key: &str| damaged("warning", key);
    let verdict = match (&row.verdict, row.verdict_by.as_deref(), row.verdict_at) {
        (Some(verdict), Some(by), Some(at)) => Some(VerdictRecord {
            verdict: verdict_of(verdict)?,
            by: by.into(),
            at: time_of(at),
            note: row.verdict_note.clone(),
        }),
        _ => None,
    };
    Ok(WarningRecord {
        warning: serde_json::from_str(body).map_err(|e| damaged("warning_body", e))?,
        seq: row.seq as u64,
        change: Change::parse(&row.change).ok_or_else(|| word(&row.change))?,
        version: row.version as u32,
        state: WarningState::parse(&row.state).ok_or_else(|| word(&row.state))?,
        withdrawn_reason: row.withdrawn_reason.as_deref().map(withdraw_reason_of).transpose()?,
        verdict,
        mark: mark_of(&row)?,
        group_count,
        desk: UnitPath(row.unit_path.clone().unwrap_or_default().into()),
        signature: row
            .signed_by
            .zip(row.signed_at)
            .map(|(by, at)| Signature { by: by.into(), at: time_of(at) }),
    })
}
