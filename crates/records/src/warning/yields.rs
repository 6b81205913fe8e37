//! Yields (效能): what became of the warnings of each model, in numbers that can be summed.

use super::{WarningState, row, verdict_of};
use crate::error::{During, StoreError, damaged};
use crate::store::{Records, narrow};
use domain::{CivilDay, ModelId, RuleId, Verdict};
use sea_orm::entity::prelude::*;
use sea_orm::{DbErr, QueryOrder, QuerySelect};

/// How many warnings have these things in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YieldCount {
    /// The Beijing day on which they occurred.
    pub day: CivilDay,
    /// Which model.
    pub model: ModelId,
    /// Which version of it.
    pub model_version: u16,
    /// Which rule, for those of [`ModelId::Rule`].
    pub rule: Option<RuleId>,
    /// Where they stand.
    pub state: WarningState,
    /// What they were worth, where somebody said so.
    pub verdict: Option<Verdict>,
    /// How many.
    pub count: u64,
}

impl Records {
    /// Warnings that occurred on the Beijing days `[since, until)`, counted by all that a yield is made of; read from one
    /// index in its order.
    pub async fn yield_counts(
        &self,
        since: CivilDay,
        until: CivilDay,
    ) -> Result<Vec<YieldCount>, StoreError> {
        use row::Column::{Day, Model, ModelVersion, Rule, State, Verdict};
        let by = [Day, Model, ModelVersion, Rule, State, Verdict];
        let count = async {
            let mut counted = row::Entity::find()
                .select_only()
                .columns(by)
                .column_as(Day.count(), "n")
                .filter(Day.gte(since.0))
                .filter(Day.lt(until.0));
            for column in by {
                counted = counted.group_by(column).order_by_asc(column);
            }
            let counted: Vec<Counted> = counted.into_tuple().all(self.reader()).await?;
            counted.into_iter().map(count_of).collect::<Result<_, DbErr>>()
        };
        count.await.during("count the yields of models")
    }
}

type Counted = (i32, String, i32, Option<String>, String, Option<String>, i64);

fn count_of((day, model, version, rule, state, verdict, count): Counted) -> Result<YieldCount, DbErr> {
    Ok(YieldCount {
        day: CivilDay(day),
        model: ModelId::parse(&model).ok_or_else(|| damaged("warning", model))?,
        model_version: narrow("warning", version)?,
        rule: rule.as_deref().map(RuleId::from),
        state: WarningState::parse(&state).ok_or_else(|| damaged("warning", state))?,
        verdict: verdict.as_deref().map(verdict_of).transpose()?,
        count: count as u64,
    })
}
