//! The steps of a rule's life. Each reads the rule under the writer's lock, says whether the step may be taken, and
//! writes it with what judgement must know.

use super::{Review, RuleRecord, RuleState, RuleVersion, number, record_of, row, row_of};
use crate::error::{During, StoreError};
use crate::outbox;
use crate::store::{Records, insert, upsert};
use domain::{Level, ReferenceChange, Rule, RuleId, Timestamp};
use sea_orm::entity::prelude::*;
use sea_orm::{ActiveModelTrait, DatabaseTransaction, DbErr, IntoActiveModel, QueryOrder};
use smol_str::SmolStr;

/// Why a step of a rule's life was not taken.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// There is none with this id.
    #[error("no such rule")]
    NotFound,
    /// It changed since it was looked at.
    #[error("changed since, now version {version}")]
    Changed {
        /// The version it has now.
        version: u32,
    },
    /// The step is not possible from where the rule stands.
    #[error("not possible while the rule is {}", state.key())]
    WrongState {
        /// Where its draft stands, or the rule when there is none.
        state: RuleState,
    },
    /// Who wrote a version can't review it.
    #[error("the reviewer is an author")]
    ReviewerIsAuthor,
    /// Technical failure.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What an author writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDraft {
    /// Name, as warnings bear it.
    pub name: SmolStr,
    /// The condition in CEL.
    pub condition: SmolStr,
    /// How urgent its warnings are.
    pub level: Level,
    /// One vehicle raises at most one warning in so many minutes.
    pub once_per_minutes: u32,
    /// For so long after it happened, sending somebody out makes sense.
    pub actionable_seconds: u32,
    /// Why it is written, or written otherwise.
    pub reason: SmolStr,
}

/// A rule that is being changed, under the writer's lock.
struct Opened {
    tx: DatabaseTransaction,
    row: row::Model,
    record: RuleRecord,
}

const OPERATION: &str = "change a rule";

impl Records {
    /// Stores a new rule with its first draft.
    pub async fn add_rule(
        &self,
        id: &RuleId,
        draft: &NewDraft,
        by: &str,
        now: Timestamp,
    ) -> Result<RuleRecord, StoreError> {
        let add = async {
            let tx = self.begin().await?;
            let row = row::Model {
                id: id.to_string(),
                version: 1,
                created_by: by.to_owned(),
                created_at: now.unix_ms(),
                retired_by: None,
                retired_at: None,
                retire_reason: None,
            };
            insert(&tx, vec![row.clone().into_active_model()]).await?;
            let first = row_of(&written(id, 1, draft, vec![by.into()], now))?;
            insert(&tx, vec![first.clone().into_active_model()]).await?;
            tx.commit().await?;
            record_of(row, vec![first])
        };
        add.await.during("store a rule")
    }

    /// Writes the draft anew, or begins one beside the version in force. One that is in review comes back from there.
    pub async fn edit_rule(
        &self,
        id: &RuleId,
        expected_version: u32,
        draft: &NewDraft,
        by: &str,
        now: Timestamp,
    ) -> Result<RuleRecord, RuleError> {
        let opened = self.open_rule(id, Some(expected_version)).await?;
        let newest = opened.record.versions.last().map_or(0, |version| version.rule.version);
        let version = match opened.record.draft() {
            None => written(id, newest + 1, draft, vec![by.into()], now),
            Some(old) => {
                let mut authors = old.authors.clone();
                if authors.iter().all(|author| author != by) {
                    authors.push(by.into());
                }
                let version = written(id, old.rule.version, draft, authors, now);
                RuleVersion { review: old.review.clone(), ..version }
            }
        };
        Ok(opened.write(&[version], None).await.during(OPERATION)?)
    }

    /// Gives the draft to review.
    pub async fn submit_rule(
        &self,
        id: &RuleId,
        expected_version: u32,
        now: Timestamp,
    ) -> Result<RuleRecord, RuleError> {
        let opened = self.open_rule(id, Some(expected_version)).await?;
        let mut draft = opened.draft_in(RuleState::Draft)?;
        draft.state = RuleState::Review;
        draft.submitted_at = Some(now);
        Ok(opened.write(&[draft], None).await.during(OPERATION)?)
    }

    /// A second person lets the version in review come into force, in the place of the one that was.
    pub async fn approve_rule(
        &self,
        id: &RuleId,
        expected_version: u32,
        review: Review,
    ) -> Result<RuleRecord, RuleError> {
        let mut opened = self.open_rule(id, Some(expected_version)).await?;
        let mut approved = opened.reviewed(review)?;
        approved.state = RuleState::InForce;
        let change = ReferenceChange::Rule(approved.rule.clone());
        let replaced = opened.record.in_force().cloned();
        let replaced = replaced.map(|old| RuleVersion { state: RuleState::Retired, ..old });
        opened.row.retired_by = None;
        opened.row.retired_at = None;
        opened.row.retire_reason = None;
        let versions: Vec<_> = replaced.into_iter().chain([approved]).collect();
        Ok(opened.write(&versions, Some(change)).await.during(OPERATION)?)
    }

    /// A second person gives the version in review back to its authors.
    pub async fn return_rule(
        &self,
        id: &RuleId,
        expected_version: u32,
        review: Review,
    ) -> Result<RuleRecord, RuleError> {
        let opened = self.open_rule(id, Some(expected_version)).await?;
        let mut returned = opened.reviewed(review)?;
        returned.state = RuleState::Draft;
        Ok(opened.write(&[returned], None).await.during(OPERATION)?)
    }

    /// Retires a rule: nothing is judged by it any more. A draft beside it stays; approved, it brings the rule back.
    pub async fn retire_rule(
        &self,
        id: &RuleId,
        reason: &str,
        by: &str,
        now: Timestamp,
    ) -> Result<RuleRecord, RuleError> {
        let mut opened = self.open_rule(id, None).await?;
        let Some(old) = opened.record.in_force().cloned() else {
            return Err(RuleError::WrongState { state: opened.record.state() });
        };
        opened.row.retired_by = Some(by.to_owned());
        opened.row.retired_at = Some(now.unix_ms());
        opened.row.retire_reason = Some(reason.to_owned());
        let retired = RuleVersion { state: RuleState::Retired, ..old };
        let change = ReferenceChange::RuleRetired(id.clone());
        Ok(opened.write(&[retired], Some(change)).await.during(OPERATION)?)
    }

    async fn open_rule(&self, id: &RuleId, expected_version: Option<u32>) -> Result<Opened, RuleError> {
        let tx = self.begin().await.during(OPERATION)?;
        let row = row::Entity::find_by_id(id.as_str()).one(&tx).await.during(OPERATION)?;
        let row = row.ok_or(RuleError::NotFound)?;
        let numbers = number::Entity::find().filter(number::Column::RuleId.eq(id.as_str()));
        let numbers = numbers.order_by_asc(number::Column::Number).all(&tx).await.during(OPERATION)?;
        let record = record_of(row.clone(), numbers).during(OPERATION)?;
        if expected_version.is_some_and(|expected| expected != record.version) {
            return Err(RuleError::Changed { version: record.version });
        }
        Ok(Opened { tx, row, record })
    }
}

impl Opened {
    /// The draft, when it stands there.
    fn draft_in(&self, state: RuleState) -> Result<RuleVersion, RuleError> {
        let draft = self.record.draft();
        let wrong =
            || RuleError::WrongState { state: draft.map_or(self.record.state(), |draft| draft.state) };
        draft.filter(|draft| draft.state == state).cloned().ok_or_else(wrong)
    }

    /// The version in review with what a second person says of it.
    fn reviewed(&self, review: Review) -> Result<RuleVersion, RuleError> {
        let version = self.draft_in(RuleState::Review)?;
        if version.authors.contains(&review.by) {
            return Err(RuleError::ReviewerIsAuthor);
        }
        Ok(RuleVersion { review: Some(review), ..version })
    }

    /// Writes these versions and what judgement must know, in one transaction.
    async fn write(
        mut self,
        versions: &[RuleVersion],
        change: Option<ReferenceChange>,
    ) -> Result<RuleRecord, DbErr> {
        self.row.version += 1;
        self.row.clone().into_active_model().reset_all().update(&self.tx).await?;
        let rows: Vec<number::Model> = versions.iter().map(row_of).collect::<Result<_, _>>()?;
        upsert(&self.tx, rows.into_iter().map(IntoActiveModel::into_active_model).collect()).await?;
        outbox::post(&self.tx, change.as_slice()).await?;
        let numbers = number::Entity::find().filter(number::Column::RuleId.eq(&self.row.id));
        let numbers = numbers.order_by_asc(number::Column::Number).all(&self.tx).await?;
        self.tx.commit().await?;
        record_of(self.row, numbers)
    }
}

fn written(id: &RuleId, number: u16, draft: &NewDraft, authors: Vec<SmolStr>, now: Timestamp) -> RuleVersion {
    RuleVersion {
        rule: Rule {
            id: id.clone(),
            version: number,
            name: draft.name.clone(),
            condition: draft.condition.clone(),
            level: draft.level,
            once_per_minutes: draft.once_per_minutes,
            actionable_seconds: draft.actionable_seconds,
        },
        state: RuleState::Draft,
        reason: draft.reason.clone(),
        authors,
        written_at: now,
        submitted_at: None,
        review: None,
    }
}
