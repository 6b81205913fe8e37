//! Outcomes of judgement into records: folds a batch onto what is stored and writes what differs, with the cursor, in
//! one transaction. Comparing the end of the fold with what is stored (and not step by step) makes the same batch
//! committed twice change nothing the second time.

use super::{Change, WarningRecord, WarningState, body, history, level_code, record_of, row};
use crate::cursor;
use crate::error::{During, StoreError};
use crate::store::{KEYS_PER_QUERY, Records, insert, plate_code, upsert};
use domain::warning::WithdrawReason;
use domain::{Detail, Outcome, Timestamp, Warning, WarningId, Wgs84};
use sea_orm::entity::prelude::*;
use sea_orm::{ConnectionTrait, DbErr, IntoActiveModel, NotSet, Set};
use std::collections::BTreeMap;

impl Records {
    /// Stores what judgement said about the journal's records before offset `judged_up_to`, and that offset as the
    /// cursor [`cursor::JUDGEMENT`], in one transaction. Answers the warnings that changed, each once and as it now
    /// stands, in the order of their new `seq`.
    ///
    /// - Raise and revise: new content counts as a change, equal content does not; a withdrawn warning is open again.
    /// - Withdraw: a raised warning becomes withdrawn. A signed one stays signed, since somebody acts on it, and its
    ///   history says that later evidence refutes it. An unknown one is passed over.
    ///
    /// A line of history is written when the state changes, and for the first revision after a signature: a drive
    /// that goes on is revised each minute, which is no news.
    pub async fn commit_outcomes(
        &self,
        outcomes: &[Outcome],
        judged_up_to: u64,
        now: Timestamp,
    ) -> Result<Vec<WarningRecord>, StoreError> {
        self.commit(outcomes, judged_up_to, now).await.during("commit outcomes")
    }

    async fn commit(
        &self,
        outcomes: &[Outcome],
        judged_up_to: u64,
        now: Timestamp,
    ) -> Result<Vec<WarningRecord>, DbErr> {
        let tx = self.begin().await?;
        // First the write: it takes the lock under which the numbers are given out.
        cursor::set(&tx, cursor::JUDGEMENT, judged_up_to).await?;
        let mut written = Written::default();
        if !outcomes.is_empty() {
            let stored = stored(&tx, outcomes).await?;
            let mut seq = cursor::get(&tx, cursor::WARNING_SEQ).await?.unwrap_or(0);
            for end in fold(outcomes, &stored) {
                written.add(&end, stored.get(&end.id), &mut seq, now)?;
            }
            if !written.rows.is_empty() {
                cursor::set(&tx, cursor::WARNING_SEQ, seq).await?;
            }
        }
        upsert(&tx, written.rows).await?;
        upsert(&tx, written.bodies).await?;
        insert(&tx, written.history).await?;
        tx.commit().await?;
        Ok(written.records)
    }
}

/// A warning as the database has it.
struct Stored {
    row: row::Model,
    body: String,
}

/// The stored warnings that the outcomes are about.
async fn stored(
    tx: &impl ConnectionTrait,
    outcomes: &[Outcome],
) -> Result<BTreeMap<WarningId, Stored>, DbErr> {
    let mut ids: Vec<WarningId> = outcomes.iter().map(id_of).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut stored = BTreeMap::new();
    for ids in ids.chunks(KEYS_PER_QUERY) {
        let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let rows = row::Entity::find().filter(row::Column::Id.is_in(texts.clone())).all(tx).await?;
        if rows.is_empty() {
            continue;
        }
        let bodies = body::Entity::find().filter(body::Column::Id.is_in(texts)).all(tx).await?;
        let mut bodies: BTreeMap<String, String> = bodies.into_iter().map(|b| (b.id, b.body)).collect();
        for row in rows {
            let body = bodies.remove(&row.id).unwrap_or_default();
            stored.insert(super::id_of(&row.id)?, Stored { row, body });
        }
    }
    Ok(stored)
}

fn id_of(outcome: &Outcome) -> WarningId {
    match outcome {
        Outcome::Raise(warning) | Outcome::Revise(warning) => warning.id,
        Outcome::Withdraw { id, .. } | Outcome::Mark { id, .. } => *id,
    }
}

/// Where a batch leaves one warning.
struct End<'a> {
    id: WarningId,
    /// Its last content; `None` when the batch only withdraws it.
    content: Option<&'a Warning>,
    /// Whether and why judgement takes it back.
    withdrawn: Option<WithdrawReason>,
}

/// Where the batch leaves each warning, in the order of the last outcome about it.
fn fold<'a>(outcomes: &'a [Outcome], stored: &BTreeMap<WarningId, Stored>) -> Vec<End<'a>> {
    let mut ends: BTreeMap<WarningId, (usize, End<'a>)> = BTreeMap::new();
    for (at, outcome) in outcomes.iter().enumerate() {
        let id = id_of(outcome);
        match outcome {
            Outcome::Raise(warning) | Outcome::Revise(warning) => {
                ends.insert(id, (at, End { id, content: Some(warning), withdrawn: None }));
            }
            Outcome::Withdraw { reason, .. } => {
                if let Some((last, end)) = ends.get_mut(&id) {
                    *last = at;
                    end.withdrawn = Some(*reason);
                } else if stored.contains_key(&id) {
                    ends.insert(id, (at, End { id, content: None, withdrawn: Some(*reason) }));
                }
            }
            Outcome::Mark { .. } => {}
        }
    }
    let mut ends: Vec<_> = ends.into_values().collect();
    ends.sort_unstable_by_key(|(at, _)| *at);
    ends.into_iter().map(|(_, end)| end).collect()
}

/// What a batch writes.
#[derive(Default)]
struct Written {
    rows: Vec<row::ActiveModel>,
    bodies: Vec<body::ActiveModel>,
    history: Vec<history::ActiveModel>,
    records: Vec<WarningRecord>,
}

impl Written {
    /// Adds what differs between the end of a warning and what is stored of it, under the next number.
    fn add(
        &mut self,
        end: &End<'_>,
        stored: Option<&Stored>,
        seq: &mut u64,
        now: Timestamp,
    ) -> Result<(), DbErr> {
        let body = match end.content {
            Some(warning) => Some(serde_json::to_string(warning).map_err(|e| DbErr::Json(e.to_string()))?),
            None => None,
        };
        let body = body.filter(|body| stored.is_none_or(|stored| stored.body != *body));
        let old_state = stored.map(|stored| stored.row.state.as_str());
        let is_signed = old_state == Some(WarningState::Signed.key());
        let state = match (is_signed, end.withdrawn) {
            (true, _) => WarningState::Signed,
            (false, None) => WarningState::Raised,
            (false, Some(_)) => WarningState::Withdrawn,
        };
        let withdrawn_reason = end.withdrawn.map(WithdrawReason::key);
        let old_reason = stored.and_then(|stored| stored.row.withdrawn_reason.as_deref());
        if body.is_none() && old_state == Some(state.key()) && old_reason == withdrawn_reason {
            return Ok(());
        }
        let change = match state {
            WarningState::Raised if old_state == Some(WarningState::Raised.key()) => Change::Revised,
            WarningState::Raised => Change::Raised,
            WarningState::Withdrawn => Change::Withdrawn,
            WarningState::Signed => Change::Revised,
        };
        self.note(end, stored, state, body.is_some(), now);

        let mut row = match (end.content, stored) {
            (Some(warning), _) => columns_of(warning),
            (None, Some(stored)) => stored.row.clone(),
            (None, None) => return Ok(()), // The fold passes over withdrawals of what isn't there.
        };
        *seq += 1;
        row.seq = *seq as i64;
        change.key().clone_into(&mut row.change);
        state.key().clone_into(&mut row.state);
        row.withdrawn_reason = withdrawn_reason.map(str::to_owned);
        row.version = 1;
        if let Some(Stored { row: old, .. }) = stored {
            row.version = old.version + 1;
            row.signed_by.clone_from(&old.signed_by);
            row.signed_at = old.signed_at;
        }
        let text = body.as_deref().or(stored.map(|stored| stored.body.as_str())).unwrap_or_default();
        self.records.push(record_of(row.clone(), text)?);
        if let Some(body) = body {
            self.bodies.push(body::ActiveModel { id: Set(row.id.clone()), body: Set(body) });
        }
        self.rows.push(row.into_active_model());
        Ok(())
    }

    /// Adds the lines of history that lead from what is stored to the end.
    fn note(
        &mut self,
        end: &End<'_>,
        stored: Option<&Stored>,
        state: WarningState,
        has_new_body: bool,
        now: Timestamp,
    ) {
        let reason = end.withdrawn.map(|reason| reason.key().to_owned());
        let mut line = |action: &str, note: Option<String>| {
            self.history.push(history::ActiveModel {
                id: NotSet,
                warning_id: Set(end.id.to_string()),
                at: Set(now.unix_ms()),
                actor: Set(None),
                action: Set(action.to_owned()),
                note: Set(note),
            });
        };
        let was = stored.and_then(|stored| WarningState::parse(&stored.row.state));
        match was {
            None => line("raised", None),
            Some(WarningState::Withdrawn) if state == WarningState::Raised => line("reopened", None),
            _ => {}
        }
        match (state, stored) {
            (WarningState::Withdrawn, _) if was != Some(WarningState::Withdrawn) => line("withdrawn", reason),
            (WarningState::Signed, Some(Stored { row, .. })) => {
                match (row.withdrawn_reason.is_some(), end.withdrawn.is_some()) {
                    (false, true) => line("refuted", reason),
                    (true, false) => line("upheld", None),
                    _ if has_new_body && row.change == Change::Signed.key() => line("revised", None),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

/// The columns that come from the content; the rest is filled by the caller.
fn columns_of(warning: &Warning) -> row::Model {
    let vehicle = warning.subject.vehicle;
    row::Model {
        id: warning.id.to_string(),
        seq: 0,
        change: String::new(),
        model: warning.model.key().to_owned(),
        level: level_code(warning.level),
        state: String::new(),
        version: 0,
        plate_code: vehicle.map(|vehicle| plate_code(vehicle.plate)),
        plate_class: vehicle.map(|vehicle| vehicle.class.0.into()),
        plate: vehicle.map(|vehicle| vehicle.plate.to_string()),
        plate_text: warning.subject.plate_text.as_ref().map(ToString::to_string),
        device: warning.subject.device.as_ref().map(ToString::to_string),
        checkpoint: warning.checkpoint.as_ref().map(ToString::to_string),
        watch_order: match &warning.detail {
            Detail::WatchOrder { order, .. } => Some(order.to_string()),
            _ => None,
        },
        lon: warning.location.map(Wgs84::lon_deg),
        lat: warning.location.map(Wgs84::lat_deg),
        occurred_at: warning.occurred_at.unix_ms(),
        raised_at: warning.raised_at.unix_ms(),
        actionable_until: warning.actionable_until.unix_ms(),
        is_historical: warning.is_historical,
        withdrawn_reason: None,
        signed_by: None,
        signed_at: None,
    }
}
