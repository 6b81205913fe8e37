//! Verdicts (处置结果): what a warning was worth. They teach judgement, so each goes to the journal too.

use super::{Change, VerdictRecord, WarningRecord, WarningState, history, row, sign};
use crate::error::{During, StoreError};
use crate::outbox;
use crate::store::Records;
use domain::{DeviceId, Fact, ReferenceChange, Timestamp, VerdictGiven, Warning, WarningId};
use sea_orm::entity::prelude::*;
use sea_orm::{NotSet, Set};

/// Why a verdict was not stored.
#[derive(Debug, thiserror::Error)]
pub enum VerdictError {
    /// There is none with this id.
    #[error("no such warning")]
    NotFound,
    /// It changed since it was looked at: what would be judged is not what was seen.
    #[error("changed since, now version {version}")]
    Changed {
        /// The version it has now.
        version: u32,
    },
    /// It was withdrawn.
    #[error("withdrawn, nothing to judge")]
    WrongState,
    /// Technical failure.
    #[error(transparent)]
    Store(#[from] StoreError),
}

const OPERATION: &str = "store a verdict";

impl Records {
    /// Stores what the warning that somebody saw in version `expected_version` was worth. One that nobody has signed is
    /// signed with it; a later verdict takes the place of an earlier one, and the history keeps both. In the same
    /// transaction the verdict goes to the outbox, with the reads that the warning rests on.
    pub async fn judge_warning(
        &self,
        id: WarningId,
        expected_version: u32,
        given: &VerdictRecord,
    ) -> Result<WarningRecord, VerdictError> {
        let tx = self.begin().await.during(OPERATION)?;
        let found = row::Entity::find_by_id(id.to_string()).one(&tx).await.during(OPERATION)?;
        let mut row = found.ok_or(VerdictError::NotFound)?;
        if row.state == WarningState::Withdrawn.key() {
            return Err(VerdictError::WrongState);
        }
        if row.version as u32 != expected_version {
            return Err(VerdictError::Changed { version: row.version as u32 });
        }
        if row.signed_by.is_none() {
            WarningState::Signed.key().clone_into(&mut row.state);
            row.signed_by = Some(given.by.to_string());
            row.signed_at = Some(given.at.unix_ms());
        }
        Change::Judged.key().clone_into(&mut row.change);
        row.version += 1;
        row.verdict = Some(given.verdict.key().to_owned());
        row.verdict_by = Some(given.by.to_string());
        row.verdict_at = Some(given.at.unix_ms());
        row.verdict_note = given.note.clone();
        let line = history::ActiveModel {
            id: NotSet,
            warning_id: Set(row.id.clone()),
            at: Set(given.at.unix_ms()),
            actor: Set(Some(given.by.to_string())),
            action: Set(Change::Judged.key().to_owned()),
            note: Set(given.note.clone()),
            verdict: Set(Some(given.verdict.key().to_owned())),
        };
        let write = async {
            let record = sign::write(&tx, row, line).await?;
            let lesson = VerdictGiven {
                warning: id,
                model: record.warning.model,
                verdict: given.verdict,
                at: given.at,
                reads: reads(&record.warning),
            };
            outbox::post(&tx, &[ReferenceChange::Verdict(lesson)]).await?;
            tx.commit().await?;
            Ok(record)
        };
        Ok(write.await.during(OPERATION)?)
    }
}

/// By which camera and when the plates of the evidence were read.
fn reads(warning: &Warning) -> Vec<(DeviceId, Timestamp)> {
    let of_passages = warning.evidence.iter().filter_map(|observation| match observation.fact {
        Fact::Passage(_) => Some((observation.device.clone(), observation.captured_at)),
        Fact::Position(_) | Fact::Alarm(_) => None,
    });
    of_passages.collect()
}
