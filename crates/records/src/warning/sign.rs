//! Signing (签收): one officer takes a warning on, and of two at the same time exactly one does.

use super::list::group_counts;
use super::{Change, HistoryEntry, WarningRecord, WarningState, body, history, record_of, row, verdict_of};
use crate::cursor;
use crate::error::{During, StoreError};
use crate::store::{Records, time_of};
use domain::{Timestamp, WarningId};
use sea_orm::entity::prelude::*;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, IntoActiveModel, NotSet, QueryOrder, Set};
use smol_str::SmolStr;

/// Why a warning was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// There is none with this id.
    #[error("no such warning")]
    NotFound,
    /// Somebody was faster.
    #[error("signed by {by} already")]
    Conflict {
        /// Username.
        by: SmolStr,
        /// When.
        at: Timestamp,
    },
    /// It changed since it was looked at: what would be signed is not what was seen.
    #[error("changed since, now version {version}")]
    Changed {
        /// The version it has now.
        version: u32,
    },
    /// It was withdrawn.
    #[error("withdrawn, nothing to sign")]
    WrongState,
    /// Technical failure.
    #[error(transparent)]
    Store(#[from] StoreError),
}

const OPERATION: &str = "sign a warning";

impl Records {
    /// Signs the warning that `by` saw in version `expected_version`.
    pub async fn sign_warning(
        &self,
        id: WarningId,
        expected_version: u32,
        by: &str,
        now: Timestamp,
    ) -> Result<WarningRecord, SignError> {
        let tx = self.begin().await.during(OPERATION)?;
        let found = row::Entity::find_by_id(id.to_string()).one(&tx).await.during(OPERATION)?;
        let mut row = found.ok_or(SignError::NotFound)?;
        if let (Some(by), Some(at)) = (row.signed_by, row.signed_at) {
            return Err(SignError::Conflict { by: by.into(), at: time_of(at) });
        }
        if row.state != WarningState::Raised.key() {
            return Err(SignError::WrongState);
        }
        if row.version as u32 != expected_version {
            return Err(SignError::Changed { version: row.version as u32 });
        }
        WarningState::Signed.key().clone_into(&mut row.state);
        Change::Signed.key().clone_into(&mut row.change);
        row.version += 1;
        row.signed_by = Some(by.to_owned());
        row.signed_at = Some(now.unix_ms());
        let line = history::ActiveModel {
            id: NotSet,
            warning_id: Set(row.id.clone()),
            at: Set(now.unix_ms()),
            actor: Set(Some(by.to_owned())),
            action: Set(Change::Signed.key().to_owned()),
            note: Set(None),
            verdict: Set(None),
        };
        let record = write(&tx, row, line).await.during(OPERATION)?;
        tx.commit().await.during(OPERATION)?;
        Ok(record)
    }

    /// What happened to a warning, oldest first.
    pub async fn warning_history(&self, id: WarningId) -> Result<Vec<HistoryEntry>, StoreError> {
        let lines = history::Entity::find()
            .filter(history::Column::WarningId.eq(id.to_string()))
            .order_by_asc(history::Column::Id)
            .all(self.reader())
            .await
            .during("read the history of a warning")?;
        let entry = |line: history::Model| {
            Ok(HistoryEntry {
                at: time_of(line.at),
                actor: line.actor.map(Into::into),
                action: line.action.into(),
                note: line.note,
                verdict: line.verdict.as_deref().map(verdict_of).transpose()?,
            })
        };
        let entries: Result<_, DbErr> = lines.into_iter().map(entry).collect();
        entries.during("read the history of a warning")
    }
}

/// Writes a row that somebody changed under the next number, with its line of history.
pub(super) async fn write(
    tx: &impl ConnectionTrait,
    mut row: row::Model,
    line: history::ActiveModel,
) -> Result<WarningRecord, DbErr> {
    let seq = cursor::get(tx, cursor::WARNING_SEQ).await?.unwrap_or(0) + 1;
    cursor::set(tx, cursor::WARNING_SEQ, seq).await?;
    row.seq = seq as i64;
    row.clone().into_active_model().reset_all().update(tx).await?;
    line.insert(tx).await?;
    let body = body::Entity::find_by_id(row.id.as_str()).one(tx).await?;
    let body = body.ok_or_else(|| crate::error::damaged("warning_body", "missing"))?.body;
    let counts = group_counts(tx, std::slice::from_ref(&row)).await?;
    let count = counts.values().sum();
    record_of(row, &body, count)
}
