//! What follows from an act besides its own case: other cases, the warning at the beginning, a watch order, what is told.

use super::row::case;
use super::tidings::{self, TidingsRecord};
use super::work::{CaseError, Command, OPERATION, Work, level_of_row};
use crate::error::{During, damaged};
use crate::warning::{self, WarningActError, WarningDeed};
use crate::watch;
use domain::case::{Audience, Effect, Tidings};
use domain::stage::warning::WarningAct;
use domain::{CaseKind, ChainId, WarningId, WatchOrderId};
use sea_orm::DbErr;
use sea_orm::entity::prelude::*;
use smol_str::SmolStr;

impl Work<'_> {
    /// Does what follows, one after the other; what that brings about comes behind.
    pub(super) async fn follow(&mut self) -> Result<(), CaseError> {
        while let Some((id, effect)) = self.effects.pop_front() {
            let row = self.row(id.as_str()).await?;
            let chain = ChainId(SmolStr::new(&row.chain));
            match effect {
                Effect::Open(opening) => {
                    self.open_one(&opening, Some(chain), Some(id.as_str())).await?;
                }
                Effect::Tell(audience, word) => {
                    self.tell(&row, audience, word, None).await.during(OPERATION)?;
                }
                Effect::TellNews(audience, word, line) => {
                    self.tell(&row, audience, word, Some(line)).await.during(OPERATION)?;
                }
                Effect::PutWatchOrder(order, legal_basis) => {
                    let mut order = *order;
                    order.id = WatchOrderId::from(id.as_str());
                    let by = &self.command.by.username;
                    watch::put(&self.tx, order, &legal_basis, by, self.command.at).await.during(OPERATION)?;
                    self.is_reference_changed = true;
                }
                Effect::EndWatchOrder(reason) => {
                    let by = &self.command.by.username;
                    let order = WatchOrderId::from(id.as_str());
                    watch::end(&self.tx, &order, &reason, by, self.command.at).await.during(OPERATION)?;
                    self.is_reference_changed = true;
                }
                Effect::Relate(into, relation) => self.relate_report(&id, &into, *relation).await?,
                Effect::Judge(..) | Effect::MarkDispatched | Effect::CloseWarning | Effect::ReopenWarning => {
                    self.work_warning(&row, effect).await?;
                }
            }
        }
        Ok(())
    }

    /// Stores what is to be told: of the step that waits, or in one line of its own.
    async fn tell(
        &self,
        row: &case::Model,
        audience: Audience,
        word: Tidings,
        line: Option<SmolStr>,
    ) -> Result<(), DbErr> {
        let step = row.step.as_deref().and_then(domain::ClockStep::parse).filter(|_| line.is_none());
        let due_at = row.due_at.map(crate::store::time_of).filter(|_| line.is_none());
        let record = TidingsRecord {
            id: 0,
            at: self.command.at,
            audience,
            word,
            subject: SmolStr::new(&row.id),
            kind: CaseKind::parse(&row.kind),
            chain: ChainId(SmolStr::new(&row.chain)),
            level: level_of_row(row)?,
            title: line.unwrap_or_else(|| SmolStr::new(&row.title)),
            plate: row.plate.as_ref().map(SmolStr::new),
            step,
            due_at,
        };
        tidings::post(&self.tx, &record).await
    }

    /// What a case does to the warning at its beginning.
    async fn work_warning(&mut self, row: &case::Model, effect: Effect) -> Result<(), CaseError> {
        let Some(id) = row.warning.as_deref().and_then(WarningId::parse) else { return Ok(()) };
        let others = case::Entity::find()
            .filter(case::Column::Warning.eq(id.to_string()))
            .filter(case::Column::Kind.eq(CaseKind::Dispatch.key()))
            .filter(case::Column::IsOpen.eq(true))
            .filter(case::Column::Id.ne(row.id.as_str()))
            .count(&self.tx)
            .await
            .during(OPERATION)?;
        let (act, verdict, note) = match effect {
            Effect::Judge(verdict, note) => (WarningAct::Judge, Some(verdict), note.map(Into::into)),
            Effect::MarkDispatched => (WarningAct::Dispatch, None, Some(row.id.clone())),
            // While somebody else is still out there, it is not over.
            _ if others > 0 => return Ok(()),
            Effect::CloseWarning => (WarningAct::Close, None, None),
            _ => (WarningAct::Reopen, None, Some(row.id.clone())),
        };
        let Command { by, at, desk, .. } = self.command;
        let deed = WarningDeed { act, seen_version: None, verdict, note, by, at, desk, audit: None };
        match warning::work(&self.tx, id, &deed).await {
            Ok(changed) => {
                self.warnings.extend(changed);
                Ok(())
            }
            // It is closed already, or judgement took it back while nobody had signed it.
            Err(WarningActError::Refused(_)) if act != WarningAct::Dispatch => Ok(()),
            Err(WarningActError::Refused(refusal)) => Err(refusal.into()),
            Err(WarningActError::Store(error)) => Err(error.into()),
            Err(other) => Err(damaged("warning", other)).during(OPERATION).map_err(Into::into),
        }
    }
}
