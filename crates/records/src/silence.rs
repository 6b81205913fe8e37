//! Silences (静默) and maintenance windows (维护窗口): what is to disturb nobody for a while. Every change also goes to
//! the journal, through the outbox.

use crate::error::{During, StoreError, damaged};
use crate::outbox;
use crate::page::{Page, Window};
use crate::store::{Records, insert, time_of, upsert};
use domain::{Maintenance, ReferenceChange, Silence, SilenceId, Timestamp};
use sea_orm::entity::prelude::*;
use sea_orm::{DbErr, IntoActiveModel, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "silence")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub kind: String,
        /// [`super::Quiet`] as JSON.
        pub body: String,
        pub from_at: i64,
        pub until_at: i64,
        pub created_by: String,
        pub created_at: i64,
        pub ended_by: Option<String>,
        pub ended_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What is kept quiet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quiet {
    /// Warnings.
    Silence(Silence),
    /// What a device reports.
    Maintenance(Maintenance),
}

impl Quiet {
    /// Its identity.
    pub fn id(&self) -> &SilenceId {
        match self {
            Self::Silence(silence) => &silence.id,
            Self::Maintenance(maintenance) => &maintenance.id,
        }
    }

    /// When it begins.
    pub fn from(&self) -> Timestamp {
        match self {
            Self::Silence(silence) => silence.from,
            Self::Maintenance(maintenance) => maintenance.from,
        }
    }

    /// When it is over.
    pub fn until(&self) -> Timestamp {
        match self {
            Self::Silence(silence) => silence.until,
            Self::Maintenance(maintenance) => maintenance.until,
        }
    }

    /// Which of the two it is.
    pub fn kind(&self) -> QuietKind {
        match self {
            Self::Silence(_) => QuietKind::Silence,
            Self::Maintenance(_) => QuietKind::Maintenance,
        }
    }

    fn set_until(&mut self, until: Timestamp) {
        match self {
            Self::Silence(silence) => silence.until = until,
            Self::Maintenance(maintenance) => maintenance.until = until,
        }
    }

    /// The change that tells judgement of it.
    pub fn change(&self) -> ReferenceChange {
        match self {
            Self::Silence(silence) => ReferenceChange::Silence(silence.clone()),
            Self::Maintenance(maintenance) => ReferenceChange::Maintenance(maintenance.clone()),
        }
    }

    fn removal(&self) -> ReferenceChange {
        match self {
            Self::Silence(silence) => ReferenceChange::SilenceRemoved(silence.id.clone()),
            Self::Maintenance(maintenance) => ReferenceChange::MaintenanceRemoved(maintenance.id.clone()),
        }
    }
}

/// Warnings are silenced, or a device is maintained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuietKind {
    /// [`Silence`]
    Silence,
    /// [`Maintenance`]
    Maintenance,
}

impl QuietKind {
    fn key(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::Maintenance => "maintenance",
        }
    }
}

/// A silence or maintenance window and its paper trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuietRecord {
    /// What is quiet; its `until` is the moment at which it was ended, once it was.
    pub quiet: Quiet,
    /// Username.
    pub created_by: SmolStr,
    /// When.
    pub created_at: Timestamp,
    /// Who ended it before its time, and when.
    pub ended: Option<(SmolStr, Timestamp)>,
}

impl QuietRecord {
    /// `upcoming`, `in_force` or `ended` at `now`.
    pub fn state(&self, now: Timestamp) -> &'static str {
        if self.ended.is_some() || self.quiet.until() <= now {
            "ended"
        } else if now < self.quiet.from() {
            "upcoming"
        } else {
            "in_force"
        }
    }
}

/// Why a silence was not ended.
#[derive(Debug, thiserror::Error)]
pub enum EndSilenceError {
    /// There is none with this id.
    #[error("no such silence")]
    NotFound,
    /// It is over.
    #[error("over since {at}", at = at.unix_ms())]
    Over {
        /// Since when.
        at: Timestamp,
    },
    /// Technical failure.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Records {
    /// Stores a new silence or maintenance window.
    pub async fn add_silence(&self, record: &QuietRecord) -> Result<(), StoreError> {
        let add = async {
            let tx = self.begin().await?;
            insert(&tx, vec![row_of(record)?.into_active_model()]).await?;
            outbox::post(&tx, &[record.quiet.change()]).await?;
            tx.commit().await
        };
        add.await.during("store a silence")
    }

    /// Ends a silence or maintenance window now; one that has not begun never holds.
    pub async fn end_silence(
        &self,
        kind: QuietKind,
        id: &SilenceId,
        by: &str,
        now: Timestamp,
    ) -> Result<QuietRecord, EndSilenceError> {
        const OPERATION: &str = "end a silence";
        let tx = self.begin().await.during(OPERATION)?;
        let found = row::Entity::find_by_id(id.as_str()).filter(row::Column::Kind.eq(kind.key()));
        let found = found.one(&tx).await.during(OPERATION)?;
        let mut record = quiet_of(found.ok_or(EndSilenceError::NotFound)?).during(OPERATION)?;
        if record.quiet.until() <= now {
            return Err(EndSilenceError::Over { at: record.quiet.until() });
        }
        let change = if now <= record.quiet.from() {
            record.quiet.set_until(record.quiet.from());
            record.quiet.removal()
        } else {
            record.quiet.set_until(now);
            record.quiet.change()
        };
        record.ended = Some((by.into(), now));
        let write = async {
            upsert(&tx, vec![row_of(&record)?.into_active_model()]).await?;
            outbox::post(&tx, &[change]).await?;
            tx.commit().await
        };
        write.await.during(OPERATION)?;
        Ok(record)
    }

    /// Silences or maintenance windows, newest first; with `open_at`, only those that are not over then.
    pub async fn silences(
        &self,
        kind: QuietKind,
        open_at: Option<Timestamp>,
        window: Window,
    ) -> Result<Page<QuietRecord>, StoreError> {
        let list = async {
            let mut found = row::Entity::find().filter(row::Column::Kind.eq(kind.key()));
            if let Some(at) = open_at {
                found = found.filter(row::Column::UntilAt.gt(at.unix_ms()));
            }
            let total = found.clone().count(self.reader()).await?;
            let found = found.order_by_desc(row::Column::CreatedAt).order_by_desc(row::Column::Id);
            let rows = found.offset(window.offset).limit(window.limit()).all(self.reader()).await?;
            Ok(Page { items: rows.into_iter().map(quiet_of).collect::<Result<_, DbErr>>()?, total })
        };
        list.await.during("list silences")
    }

    /// All that still matters to warnings which occurred at `since` or later.
    pub(crate) async fn silences_since(&self, since: Timestamp) -> Result<Vec<QuietRecord>, DbErr> {
        let found = row::Entity::find().filter(row::Column::UntilAt.gt(since.unix_ms()));
        let rows = found.order_by_asc(row::Column::Id).all(self.reader()).await?;
        rows.into_iter().map(quiet_of).collect()
    }
}

fn row_of(record: &QuietRecord) -> Result<row::Model, DbErr> {
    Ok(row::Model {
        id: record.quiet.id().to_string(),
        kind: record.quiet.kind().key().to_owned(),
        body: serde_json::to_string(&record.quiet).map_err(|e| DbErr::Json(e.to_string()))?,
        from_at: record.quiet.from().unix_ms(),
        until_at: record.quiet.until().unix_ms(),
        created_by: record.created_by.to_string(),
        created_at: record.created_at.unix_ms(),
        ended_by: record.ended.as_ref().map(|(by, _)| by.to_string()),
        ended_at: record.ended.as_ref().map(|(_, at)| at.unix_ms()),
    })
}

fn quiet_of(row: row::Model) -> Result<QuietRecord, DbErr> {
    Ok(QuietRecord {
        quiet: serde_json::from_str(&row.body).map_err(|e| damaged("silence", e))?,
        created_by: row.created_by.into(),
        created_at: time_of(row.created_at),
        ended: row.ended_by.zip(row.ended_at).map(|(by, at)| (by.into(), time_of(at))),
    })
}
