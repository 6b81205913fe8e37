//! Outcomes of judgement into records: folds a batch onto what is stored and writes what differs, with the cursor, in
//! one transaction. Comparing the end of the fold with what is stored (and not step by step) makes the same batch
//! committed twice change nothing the second time.

use super::act::{subject_of, unit_of};
use super::list::group_counts;
use super::{Change, WarningRecord, WarningState, body, history, level_code, record_of, row, set_mark};
use crate::case::{arm, void};
use crate::cursor;
use crate::error::{During, StoreError};
use crate::store::{KEYS_PER_QUERY, Records, insert, plate_code, upsert};
use domain::warning::WithdrawReason;
use domain::{Desk, Detail, Mark, Outcome, Timestamp, Warning, WarningId, Wgs84};
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
    /// - Mark: how the warning stands among the others from now on, wherever in the batch it comes; also the mark of an
    ///   unknown one is passed over. A warning that was never marked is a group of its own. A change of the mark alone has
    ///   a new number, but not a new version: what the warning says is the same.
    ///
    /// A new warning that is shown becomes a task at the `desk`.
    ///
    /// A line of history is written when the state changes, and for the first revision after a signature: a drive
    /// that goes on is revised each minute, which is no news.
    pub async fn commit_outcomes(
        &self,
        outcomes: &[Outcome],
        judged_up_to: u64,
        now: Timestamp,
        desk: &Desk,
    ) -> Result<Vec<WarningRecord>, StoreError> {
        self.commit(outcomes, judged_up_to, now, desk).await.during("commit outcomes")
    }

    async fn commit(
        &self,
        outcomes: &[Outcome],
        judged_up_to: u64,
        now: Timestamp,
        desk: &Desk,
    ) -> Result<Vec<WarningRecord>, DbErr> {
        let tx = self.begin().await?;
        // First the write: it takes the lock under which the numbers are given out.
        cursor::set(&tx, cursor::JUDGEMENT, judged_up_to).await?;
        let mut written = Written::default();
        if !outcomes.is_empty() {
            let stored = stored(&tx, outcomes).await?;
            let mut seq = cursor::get(&tx, cursor::WARNING_SEQ).await?.unwrap_or(0);
            for end in fold(outcomes, &stored) {
                written.add(&end, stored.get(&end.id), &mut seq, now, desk)?;
            }
            if !written.rows.is_empty() {
                cursor::set(&tx, cursor::WARNING_SEQ, seq).await?;
            }
        }
        let rows: Vec<row::Model> = written.rows.iter().map(|(row, _)| row.clone()).collect();
        upsert(&tx, rows.iter().map(|row| row.clone().into_active_model()).collect()).await?;
        upsert(&tx, written.bodies).await?;
        insert(&tx, written.history).await?;
        give_out_tasks(&tx, &rows, now, desk).await?;
        let counts = group_counts(&tx, &rows).await?;
        tx.commit().await?;
        let record = |(row, body): (row::Model, String)| {
            let count = row.group_id.as_ref().and_then(|group| counts.get(group)).copied().unwrap_or(0);
            record_of(row, &body, count)
        };
        written.rows.into_iter().map(record).collect()
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
    /// Its last content; `None` when the batch only withdraws or marks it.
    content: Option<&'a Warning>,
    /// What the batch says of whether it stands.
    standing: Standing,
    /// How it stands among the others, where the batch says so.
    mark: Option<&'a Mark>,
}

#[derive(Clone, Copy)]
enum Standing {
    /// Nothing: as it did.
    AsBefore,
    Stands,
    Withdrawn(WithdrawReason),
}

/// Where the batch leaves each warning, in the order of the last outcome about it.
fn fold<'a>(outcomes: &'a [Outcome], stored: &BTreeMap<WarningId, Stored>) -> Vec<End<'a>> {
    let mut ends: BTreeMap<WarningId, (usize, End<'a>)> = BTreeMap::new();
    for (at, outcome) in outcomes.iter().enumerate() {
        let id = id_of(outcome);
        let new = || (at, End { id, content: None, standing: Standing::AsBefore, mark: None });
        let (last, end) = ends.entry(id).or_insert_with(new);
        *last = at;
        match outcome {
            Outcome::Raise(warning) | Outcome::Revise(warning) => {
                end.content = Some(warning);
                end.standing = Standing::Stands;
            }
            Outcome::Withdraw { reason, .. } => end.standing = Standing::Withdrawn(*reason),
            Outcome::Mark { mark, .. } => end.mark = Some(mark),
        }
    }
    // Neither stored nor raised: nothing to withdraw or mark.
    let mut ends: Vec<_> = (ends.into_values())
        .filter(|(_, end)| end.content.is_some() || stored.contains_key(&end.id))
        .collect();
    ends.sort_unstable_by_key(|(at, _)| *at);
    ends.into_iter().map(|(_, end)| end).collect()
}

/// A warning that has to be signed is somebody's task, from the moment it is stored; one that is taken back or hidden is
/// nobody's any more. Repeats go with the first of their group, and what is for the record only has no hurry.
async fn give_out_tasks(
    tx: &impl ConnectionTrait,
    rows: &[row::Model],
    now: Timestamp,
    desk: &Desk,
) -> Result<(), DbErr> {
    let mut over = Vec::new();
    for row in rows {
        let waits = row.state == WarningState::Raised.key();
        let is_shown = row.hidden_kind.is_none() && row.is_head && !row.is_historical;
        if waits && is_shown && row.change == Change::Raised.key() {
            let level = super::level_of(row.level)?;
            if let Some(want) = unit_of(row, desk).and_then(|unit| WarningState::Raised.clock(unit)) {
                arm(tx, &subject_of(row, level), &desk.task(&want, level, now)).await?;
            }
        } else if row.state == WarningState::Withdrawn.key() || waits && !is_shown {
            over.push(row.id.clone());
        }
    }
    void(tx, &over, now).await
}

/// What a batch writes.
#[derive(Default)]
struct Written {
    /// Rows with the bodies that belong to them now.
    rows: Vec<(row::Model, String)>,
    bodies: Vec<body::ActiveModel>,
    history: Vec<history::ActiveModel>,
}

impl Written {
    /// Adds what differs between the end of a warning and what is stored of it, under the next number.
    fn add(
        &mut self,
        end: &End<'_>,
        stored: Option<&Stored>,
        seq: &mut u64,
        now: Timestamp,
        desk: &Desk,
    ) -> Result<(), DbErr> {
        let body = match end.content {
            Some(warning) => Some(serde_json::to_string(warning).map_err(|e| DbErr::Json(e.to_string()))?),
            None => None,
        };
        let body = body.filter(|body| stored.is_none_or(|stored| stored.body != *body));
        let mut row = match (end.content, stored) {
            (Some(warning), _) => columns_of(warning),
            (None, Some(stored)) => stored.row.clone(),
            (None, None) => return Ok(()), // The fold passes over what isn't there.
        };
        if let Some(Stored { row: old, .. }) = stored {
            keep_what_people_did(&mut row, old);
        } else {
            // It lies there from then on, whosever the checkpoint becomes.
            let unit = desk.warning_unit(end.content.and_then(|warning| warning.checkpoint.as_ref()));
            row.unit_path = unit.map(|unit| desk.path(unit).0.to_string());
        }
        if let Some(mark) = end.mark {
            set_mark(&mut row, mark);
        }
        let withdrawn = match end.standing {
            Standing::Withdrawn(reason) => Some(reason.key().to_owned()),
            Standing::Stands => None,
            Standing::AsBefore => row.withdrawn_reason.clone(),
        };
        let old_state = stored.map(|stored| stored.row.state.as_str());
        let state = match (old_state.and_then(WarningState::parse), &withdrawn) {
            (Some(old), _) if old.is_acted_on() => old,
            (_, Some(_)) => WarningState::Withdrawn,
            (Some(WarningState::Expired), None) => WarningState::Expired,
            _ => WarningState::Raised,
        };
        let old_reason = stored.and_then(|stored| stored.row.withdrawn_reason.clone());
        let says_the_same = body.is_none() && old_state == Some(state.key()) && old_reason == withdrawn;
        let is_marked_the_same = stored.is_some_and(|stored| mark_columns(&stored.row) == mark_columns(&row));
        if says_the_same && is_marked_the_same {
            return Ok(());
        }
        let change = match state {
            _ if says_the_same => Change::Marked,
            WarningState::Raised if old_state == Some(WarningState::Raised.key()) => Change::Revised,
            WarningState::Raised => Change::Raised,
            WarningState::Withdrawn => Change::Withdrawn,
            _ => Change::Revised,
        };
        *seq += 1;
        row.seq = *seq as i64;
        change.key().clone_into(&mut row.change);
        state.key().clone_into(&mut row.state);
        row.withdrawn_reason = withdrawn;
        if !says_the_same {
            row.version += 1;
            self.note(&row, state, stored, body.is_some(), now);
        }
        let text = body.clone().or(stored.map(|stored| stored.body.clone())).unwrap_or_default();
        if let Some(body) = body {
            self.bodies.push(body::ActiveModel { id: Set(row.id.clone()), body: Set(body) });
        }
        self.rows.push((row, text));
        Ok(())
    }

    /// Adds the lines of history that lead from what is stored to the end.
    fn note(
        &mut self,
        new: &row::Model,
        state: WarningState,
        stored: Option<&Stored>,
        has_new_body: bool,
        now: Timestamp,
    ) {
        let reason = new.withdrawn_reason.clone();
        let mut line = |action: &str, note: Option<String>| {
            self.history.push(history::ActiveModel {
                id: NotSet,
                warning_id: Set(new.id.clone()),
                at: Set(now.unix_ms()),
                actor: Set(None),
                action: Set(action.to_owned()),
                note: Set(note),
                verdict: Set(None),
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
            (acted_on, Some(Stored { row, .. })) if acted_on.is_acted_on() => {
                match (row.withdrawn_reason.is_some(), new.withdrawn_reason.is_some()) {
                    (false, true) => line("refuted", reason),
                    (true, false) => line("upheld", None),
                    _ if has_new_body && row.change != Change::Revised.key() => line("revised", None),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

/// Version, signature, verdict, mark and reason of withdrawal are not judgement's to overwrite with content.
fn keep_what_people_did(row: &mut row::Model, old: &row::Model) {
    row.version = old.version;
    row.withdrawn_reason.clone_from(&old.withdrawn_reason);
    row.signed_by.clone_from(&old.signed_by);
    row.signed_at = old.signed_at;
    row.verdict.clone_from(&old.verdict);
    row.verdict_by.clone_from(&old.verdict_by);
    row.verdict_at = old.verdict_at;
    row.verdict_note.clone_from(&old.verdict_note);
    row.closed_at = old.closed_at;
    row.unit_path.clone_from(&old.unit_path);
    row.group_id.clone_from(&old.group_id);
    row.is_head = old.is_head;
    row.hidden_kind.clone_from(&old.hidden_kind);
    row.hidden_by.clone_from(&old.hidden_by);
}

fn mark_columns(row: &row::Model) -> (&Option<String>, &Option<String>, &Option<String>) {
    (&row.group_id, &row.hidden_kind, &row.hidden_by)
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
        model_version: warning.model_version.into(),
        rule: match &warning.detail {
            Detail::Rule { rule, .. } => Some(rule.to_string()),
            _ => None,
        },
        day: warning.occurred_at.beijing_day().0,
        group_id: Some(warning.id.to_string()),
        is_head: true,
        hidden_kind: None,
        hidden_by: None,
        verdict: None,
        verdict_by: None,
        verdict_at: None,
        verdict_note: None,
        closed_at: None,
        unit_path: None,
    }
}
