//! What people do with warnings (签收、处置): of two at the same time exactly one does, and each step has its task.

use super::list::group_counts;
use super::{Change, HistoryEntry, WarningRecord, body, history, record_of, row, verdict_of};
use crate::audit::{self, AuditEntry};
use crate::case::{Subject, arm, end};
use crate::cursor;
use crate::error::{During, StoreError, damaged};
use crate::outbox;
use crate::store::{Records, insert, time_of};
use domain::case::Want;
use domain::stage::warning::{WarningAct, WarningState};
use domain::{
    Actor, ChainId, CheckpointId, Desk, DeviceId, Fact, ReferenceChange, Refusal, Timestamp, UnitId, Verdict,
    VerdictGiven, Warning, WarningId,
};
use sea_orm::entity::prelude::*;
use sea_orm::{ConnectionTrait, DbErr, IntoActiveModel, NotSet, QueryOrder, QuerySelect, Set};
use smol_str::SmolStr;

/// Why nothing was done with a warning.
#[derive(Debug, thiserror::Error)]
pub enum WarningActError {
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
    /// It stands where this can't be done.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Technical failure.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Something that somebody does with a warning.
#[derive(Clone, Debug)]
pub struct WarningDeed<'a> {
    /// What.
    pub act: WarningAct,
    /// The version that the person saw; `None` where the platform follows up.
    pub seen_version: Option<u32>,
    /// The verdict, for [`WarningAct::Judge`].
    pub verdict: Option<Verdict>,
    /// What else there is to say.
    pub note: Option<String>,
    /// Who.
    pub by: &'a Actor,
    /// When.
    pub at: Timestamp,
    /// By what tasks are given out.
    pub desk: &'a Desk,
    /// The row of the audit that is written with it; `None` where the audit has it otherwise.
    pub audit: Option<AuditEntry>,
}

const OPERATION: &str = "work a warning";
/// Repeats that are merged when the first of their group is signed, at most.
const MERGED_MAX: u64 = 200;
/// Warnings that expire in one transaction at most.
const EXPIRED_MAX: u64 = 200;

impl Records {
    /// Does something with a warning; answers all warnings that changed, the named one first.
    pub async fn act_on_warning(
        &self,
        id: WarningId,
        deed: &WarningDeed<'_>,
    ) -> Result<Vec<WarningRecord>, WarningActError> {
        let tx = self.begin().await.during(OPERATION)?;
        let changed = work(&tx, id, deed).await?;
        if let Some(entry) = &deed.audit {
            audit::append(&tx, entry).await.during(OPERATION)?;
        }
        tx.commit().await.during(OPERATION)?;
        Ok(changed)
    }

    /// Warnings that nobody signed and that could be acted on until `before` at the latest expire. Answers those that did,
    /// a bounded number at a time.
    pub async fn expire_warnings(
        &self,
        before: Timestamp,
        now: Timestamp,
        desk: &Desk,
    ) -> Result<Vec<WarningRecord>, StoreError> {
        let find = row::Entity::find()
            .select_only()
            .column(row::Column::Id)
            .filter(row::Column::State.eq(WarningState::Raised.key()))
            .filter(row::Column::ActionableUntil.lt(before.unix_ms()))
            .limit(EXPIRED_MAX)
            .into_tuple::<String>()
            .all(self.reader());
        let ids = find.await.during("find warnings that expire")?;
        let by = Actor::platform();
        let deed = WarningDeed {
            act: WarningAct::Expire,
            seen_version: None,
            verdict: None,
            note: None,
            by: &by,
            at: now,
            desk,
            audit: None,
        };
        let mut expired = Vec::new();
        if ids.is_empty() {
            return Ok(expired);
        }
        let tx = self.begin().await.during(OPERATION)?;
        for id in ids {
            let id = super::id_of(&id).during(OPERATION)?;
            match work(&tx, id, &deed).await {
                Ok(changed) => expired.extend(changed),
                // Signed in between.
                Err(WarningActError::Refused(_) | WarningActError::NotFound) => {}
                Err(WarningActError::Store(error)) => return Err(error),
                Err(other) => return Err(damaged("warning", other)).during(OPERATION),
            }
        }
        tx.commit().await.during(OPERATION)?;
        Ok(expired)
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

/// Does something with a warning in a transaction; answers all that changed, the named one first.
pub(crate) async fn work(
    tx: &impl ConnectionTrait,
    id: WarningId,
    deed: &WarningDeed<'_>,
) -> Result<Vec<WarningRecord>, WarningActError> {
    let found = row::Entity::find_by_id(id.to_string()).one(tx).await.during(OPERATION)?;
    let row = found.ok_or(WarningActError::NotFound)?;
    let state = state_of(&row).during(OPERATION)?;
    if let (WarningAct::Sign, Some(by), Some(at)) = (deed.act, &row.signed_by, row.signed_at) {
        return Err(WarningActError::Conflict { by: by.into(), at: time_of(at) });
    }
    let has_verdict = row.verdict.is_some() || deed.verdict.is_some();
    let next = state.after(deed.act, has_verdict)?;
    if deed.seen_version.is_some_and(|seen| seen != row.version as u32) {
        return Err(WarningActError::Changed { version: row.version as u32 });
    }
    let is_head = row.is_head;
    let group = row.group_id.clone();
    let mut changed = vec![change(tx, row, next, deed).await.during(OPERATION)?];
    if is_head && !state.is_acted_on() && next.is_acted_on() {
        changed.extend(merge(tx, group.as_deref(), id, deed).await.during(OPERATION)?);
    }
    Ok(changed)
}

fn state_of(row: &row::Model) -> Result<WarningState, DbErr> {
    WarningState::parse(&row.state).ok_or_else(|| damaged("warning", &row.state))
}

/// Repeats that nobody signed are worked with the first of their group.
async fn merge(
    tx: &impl ConnectionTrait,
    group: Option<&str>,
    head: WarningId,
    deed: &WarningDeed<'_>,
) -> Result<Vec<WarningRecord>, DbErr> {
    let Some(group) = group else { return Ok(Vec::new()) };
    let repeats = row::Entity::find()
        .filter(row::Column::GroupId.eq(group))
        .filter(row::Column::State.eq(WarningState::Raised.key()))
        .filter(row::Column::Id.ne(head.to_string()))
        .limit(MERGED_MAX)
        .all(tx)
        .await?;
    let deed =
        WarningDeed { act: WarningAct::Merge, verdict: None, note: Some(head.to_string()), ..deed.clone() };
    let mut merged = Vec::with_capacity(repeats.len());
    for repeat in repeats {
        merged.push(change(tx, repeat, WarningState::Merged, &deed).await?);
    }
    Ok(merged)
}

/// Writes a row in its next state, under the next number, with its line of history, its tasks, and what its verdict teaches.
async fn change(
    tx: &impl ConnectionTrait,
    mut row: row::Model,
    next: WarningState,
    deed: &WarningDeed<'_>,
) -> Result<WarningRecord, DbErr> {
    let before = state_of(&row)?;
    let by = deed.by.username.to_string();
    let at = deed.at.unix_ms();
    let word = match deed.act {
        WarningAct::Sign => Change::Signed,
        WarningAct::Judge => Change::Judged,
        _ => Change::Worked,
    };
    word.key().clone_into(&mut row.change);
    next.key().clone_into(&mut row.state);
    row.version += 1;
    if row.signed_by.is_none()
        && matches!(next, WarningState::Signed | WarningState::Dispatched | WarningState::Closed)
    {
        row.signed_by = Some(by.clone());
        row.signed_at = Some(at);
    }
    if let Some(verdict) = deed.verdict {
        row.verdict = Some(verdict.key().to_owned());
        row.verdict_by = Some(by.clone());
        row.verdict_at = Some(at);
        row.verdict_note.clone_from(&deed.note);
    }
    row.closed_at = if next.is_open() { None } else { row.closed_at.or(Some(at)) };
    let action = match deed.act {
        WarningAct::Sign => "signed",
        WarningAct::Judge => "judged",
        WarningAct::Dispatch => "dispatched",
        WarningAct::Reopen => "recalled",
        WarningAct::Close => "closed",
        WarningAct::Merge => "merged",
        WarningAct::Expire => "expired",
    };
    let line = history::ActiveModel {
        id: NotSet,
        warning_id: Set(row.id.clone()),
        at: Set(at),
        actor: Set(if deed.by.is_platform() { None } else { Some(by.clone()) }),
        action: Set(action.to_owned()),
        note: Set(deed.note.clone()),
        verdict: Set(deed.verdict.map(|verdict| verdict.key().to_owned())),
    };
    let desk_unit = unit_of(&row, deed.desk);
    let wants = |state: WarningState| -> Option<Want> { state.clock(desk_unit?) };
    let (old, new) = (wants(before), wants(next));
    if old != new {
        let is_done = !matches!(deed.act, WarningAct::Merge | WarningAct::Expire);
        end(tx, &row.id, deed.at, &by, is_done).await?;
        if let Some(want) = new {
            let level = super::level_of(row.level)?;
            let subject = subject_of(&row, level);
            arm(tx, &subject, &deed.desk.task(&want, level, deed.at)).await?;
        }
    }
    let record = write(tx, row, line).await?;
    if let Some(verdict) = deed.verdict {
        let lesson = VerdictGiven {
            warning: record.warning.id,
            model: record.warning.model,
            verdict,
            at: deed.at,
            reads: reads(&record.warning),
        };
        outbox::post(tx, &[ReferenceChange::Verdict(lesson)]).await?;
    }
    Ok(record)
}

/// A warning as tasks know it.
pub(super) fn subject_of(row: &row::Model, level: domain::Level) -> Subject {
    Subject {
        id: SmolStr::new(&row.id),
        kind: None,
        chain: ChainId(SmolStr::new(&row.id)),
        level,
        category: SmolStr::new(&row.model),
    }
}

/// The unit at whose desk a warning lies: where it was laid, as long as that unit is there.
pub(super) fn unit_of(row: &row::Model, desk: &Desk) -> Option<UnitId> {
    let path = row.unit_path.as_deref().unwrap_or_default();
    let last = path.trim_end_matches('.').rsplit('.').next().and_then(|id| id.parse().ok()).map(UnitId);
    let checkpoint = row.checkpoint.as_deref().map(CheckpointId::from);
    last.filter(|unit| desk.units.get(*unit).is_some_and(|unit| unit.is_enabled))
        .or_else(|| desk.warning_unit(checkpoint.as_ref()))
}

/// Writes a row that somebody changed under the next number, with its line of history.
async fn write(
    tx: &impl ConnectionTrait,
    mut row: row::Model,
    line: history::ActiveModel,
) -> Result<WarningRecord, DbErr> {
    let seq = cursor::get(tx, cursor::WARNING_SEQ).await?.unwrap_or(0) + 1;
    cursor::set(tx, cursor::WARNING_SEQ, seq).await?;
    row.seq = seq as i64;
    row::Entity::update(row.clone().into_active_model().reset_all()).exec(tx).await?;
    insert(tx, vec![line]).await?;
    let body = body::Entity::find_by_id(row.id.as_str()).one(tx).await?;
    let body = body.ok_or_else(|| damaged("warning_body", "missing"))?.body;
    let counts = group_counts(tx, std::slice::from_ref(&row)).await?;
    let count = counts.values().sum();
    record_of(row, &body, count)
}

/// By which camera and when the plates of the evidence were read.
fn reads(warning: &Warning) -> Vec<(DeviceId, Timestamp)> {
    let of_passages = warning.evidence.iter().filter_map(|observation| match observation.fact {
        Fact::Passage(_) => Some((observation.device.clone(), observation.captured_at)),
        Fact::Position(_) | Fact::Alarm(_) => None,
    });
    of_passages.collect()
}
