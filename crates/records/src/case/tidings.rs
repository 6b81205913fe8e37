//! What is to be told to whom, stored with what happened and sent by whoever knows the channels.

use super::row::tidings as row;
use crate::error::{During, StoreError, damaged};
use crate::store::{Records, time_of};
use crate::warning::{level_code, level_of};
use domain::case::{Audience, Tidings};
use domain::{CaseKind, ChainId, ClockStep, Level, Timestamp};
use sea_orm::entity::prelude::*;
use sea_orm::{ConnectionTrait, DbErr, NotSet, QueryOrder, QuerySelect, Set};
use smol_str::SmolStr;

/// Something that is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TidingsRecord {
    /// Its place among all tidings; 0 before it is stored.
    pub id: i64,
    /// When it happened.
    pub at: Timestamp,
    /// Whom to tell.
    pub audience: Audience,
    /// What.
    pub word: Tidings,
    /// The case, or the warning.
    pub subject: SmolStr,
    /// The kind of case; `None` for a warning.
    pub kind: Option<CaseKind>,
    /// The chain.
    pub chain: ChainId,
    /// How urgent.
    pub level: Level,
    /// One line.
    pub title: SmolStr,
    /// The plate.
    pub plate: Option<SmolStr>,
    /// The step that waits.
    pub step: Option<ClockStep>,
    /// Until when.
    pub due_at: Option<Timestamp>,
}

/// The word of the kind of what a row is about.
pub(crate) fn kind_key(kind: Option<CaseKind>) -> &'static str {
    kind.map_or("warning", CaseKind::key)
}

pub(crate) async fn post(db: &impl ConnectionTrait, tidings: &TidingsRecord) -> Result<(), DbErr> {
    let audience = serde_json::to_string(&tidings.audience).map_err(|e| DbErr::Json(e.to_string()))?;
    let row = row::ActiveModel {
        id: NotSet,
        at: Set(tidings.at.unix_ms()),
        audience: Set(audience),
        word: Set(tidings.word.key().to_owned()),
        subject: Set(tidings.subject.to_string()),
        kind: Set(kind_key(tidings.kind).to_owned()),
        chain: Set(tidings.chain.as_str().to_owned()),
        level: Set(level_code(tidings.level)),
        title: Set(tidings.title.to_string()),
        plate: Set(tidings.plate.as_ref().map(ToString::to_string)),
        step: Set(tidings.step.map(|step| step.key().to_owned())),
        due_at: Set(tidings.due_at.map(Timestamp::unix_ms)),
    };
    row::Entity::insert(row).exec_without_returning(db).await.map(|_| ())
}

impl Records {
    /// The first `limit` tidings that were not passed on yet.
    pub async fn tidings_pending(&self, limit: u64) -> Result<Vec<TidingsRecord>, StoreError> {
        let rows = row::Entity::find().order_by_asc(row::Column::Id).limit(limit).all(self.reader()).await;
        rows.and_then(|rows| rows.into_iter().map(record_of).collect()).during("read what is to be told")
    }
}

/// Forgets tidings that were passed on, in the transaction that stores what became of them.
pub(crate) async fn done(db: &impl ConnectionTrait, ids: &[i64]) -> Result<(), DbErr> {
    row::Entity::delete_many().filter(row::Column::Id.is_in(ids.iter().copied())).exec(db).await.map(|_| ())
}

fn record_of(row: row::Model) -> Result<TidingsRecord, DbErr> {
    Ok(TidingsRecord {
        id: row.id,
        at: time_of(row.at),
        audience: serde_json::from_str(&row.audience).map_err(|e| damaged("tidings", e))?,
        word: Tidings::parse(&row.word).ok_or_else(|| damaged("tidings", &row.word))?,
        subject: row.subject.into(),
        kind: CaseKind::parse(&row.kind),
        chain: ChainId(row.chain.into()),
        level: level_of(row.level)?,
        title: row.title.into(),
        plate: row.plate.map(Into::into),
        step: row.step.as_deref().and_then(ClockStep::parse),
        due_at: row.due_at.map(time_of),
    })
}
