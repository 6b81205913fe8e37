//! Numbers of what people did: how tasks ended, how many hazards were found and struck off. Counted by the database; no value is read.

use super::list::{CaseFilter, condition};
use super::row::{case, task as row};
use crate::error::{During, StoreError};
use crate::store::Records;
use domain::case::ClockEnd;
use domain::people::UnitPath;
use domain::stage::hazard::HazardState;
use domain::time::{DAY_MS, HOUR_MS};
use domain::{CivilDay, Timestamp};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Alias, ExprTrait, SimpleExpr};
use sea_orm::{DbErr, QuerySelect};
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// By what ended tasks are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskGroup {
    /// The unit whose it was.
    Unit,
    /// The step.
    Step,
    /// Who ended it.
    Person,
    /// The model or category.
    Category,
    /// Day (08:00–20:00 Beijing time) or night.
    Shift,
}

/// How many tasks of a group ended how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskCount {
    /// The group: a unit's number, a word, a username, `day` or `night`.
    pub group: SmolStr,
    /// Done in time.
    pub on_time: u64,
    /// Done late.
    pub late: u64,
    /// Never done.
    pub never: u64,
    /// Not asked for any more.
    pub void: u64,
    /// Open, in time.
    pub running: u64,
    /// Open, late.
    pub overdue: u64,
}

/// By what hazards are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HazardGroup {
    /// The category.
    Category,
    /// The unit in whose area it lies; which rectifies is another question.
    HomeUnit,
    /// The month in which it was reported, in Beijing: `2026-11`.
    Month,
}

/// How many hazards have these things in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HazardCount {
    /// The group: a word, a unit's number, a month.
    pub group: SmolStr,
    /// `road`, `person`, `vehicle`, `enterprise`.
    pub branch: SmolStr,
    /// Where they stand.
    pub state: SmolStr,
    /// Whether somebody still has to do something.
    pub is_open: bool,
    /// Open, and past the time.
    pub is_late: bool,
    /// How many.
    pub count: u64,
}

impl Records {
    /// How tasks that began in a period ended, by group.
    pub async fn task_counts(
        &self,
        group: TaskGroup,
        scope: &UnitPath,
        from: Timestamp,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<TaskCount>, StoreError> {
        type Counted = (String, Option<String>, i32, i64);
        let by = match group {
            TaskGroup::Unit => Expr::col(row::Column::Unit).cast_as(Alias::new("text")),
            TaskGroup::Step => Expr::col(row::Column::Step),
            TaskGroup::Person => Expr::col(row::Column::EndedBy).if_null(""),
            TaskGroup::Category => Expr::col(row::Column::Category),
            TaskGroup::Shift => Expr::cust(format!("CASE WHEN {BY_DAY} THEN 'day' ELSE 'night' END")),
        };
        let overdue = Expr::case(Expr::col(row::Column::DueAt).lt(now.unix_ms()), 1).finally(0);
        let counted: Result<Vec<Counted>, DbErr> = row::Entity::find()
            .select_only()
            .column_as(by, "g")
            .column(row::Column::End)
            .column_as(Expr::expr(overdue), "o")
            .column_as(row::Column::Id.count(), "n")
            .filter(row::Column::ArmedAt.gte(from.unix_ms()))
            .filter(row::Column::ArmedAt.lt(until.unix_ms()))
            .filter(row::Column::UnitPath.gte(scope.0.as_str()))
            .filter(row::Column::UnitPath.lt(format!("{}:", scope.0)))
            .group_by(Expr::col(Alias::new("g")))
            .group_by(row::Column::End)
            .group_by(Expr::col(Alias::new("o")))
            .into_tuple()
            .all(self.reader())
            .await;
        let mut counts: BTreeMap<String, TaskCount> = BTreeMap::new();
        for (group, end, is_overdue, n) in counted.during("count tasks")? {
            let count = counts
                .entry(group.clone())
                .or_insert_with(|| TaskCount { group: group.into(), ..TaskCount::default() });
            let field = match end.as_deref().and_then(ClockEnd::parse) {
                Some(ClockEnd::OnTime) => &mut count.on_time,
                Some(ClockEnd::Late) => &mut count.late,
                Some(ClockEnd::Never) => &mut count.never,
                Some(ClockEnd::Void) => &mut count.void,
                None if is_overdue == 1 => &mut count.overdue,
                None => &mut count.running,
            };
            *field += n as u64;
        }
        Ok(counts.into_values().collect())
    }

    /// How many hazards of a filter there are, by group, branch and state; neither merged nor unfounded ones.
    pub async fn hazard_counts(
        &self,
        filter: &CaseFilter,
        by: HazardGroup,
        now: Timestamp,
    ) -> Result<Vec<HazardCount>, StoreError> {
        use case::Column::{Branch, Category, DueAt, HomeUnit, Id, IsOpen, OpenedAt, State};
        type Counted = (String, Option<String>, String, bool, i32, i64);
        let text = |value: SimpleExpr| value.cast_as(Alias::new("text"));
        let group = match by {
            HazardGroup::Category => Expr::col(Category),
            HazardGroup::HomeUnit => text(Expr::col(HomeUnit).if_null(0)),
            // Days in Beijing; months are made of them below.
            HazardGroup::Month => text(Expr::col(OpenedAt).add(8 * HOUR_MS).div(DAY_MS)),
        };
        let late =
            Expr::case(Expr::col(DueAt).lt(now.unix_ms()).and(Expr::col(IsOpen).eq(true)), 1).finally(0);
        let counted: Result<Vec<Counted>, DbErr> = case::Entity::find()
            .select_only()
            .column_as(group, "g")
            .columns([Branch, State, IsOpen])
            .column_as(Expr::expr(late), "o")
            .column_as(Id.count(), "n")
            .filter(condition(filter))
            .filter(State.is_not_in([HazardState::Merged.key(), HazardState::Unfounded.key()]))
            .group_by(Expr::col(Alias::new("g")))
            .group_by(Branch)
            .group_by(State)
            .group_by(IsOpen)
            .group_by(Expr::col(Alias::new("o")))
            .into_tuple()
            .all(self.reader())
            .await;
        let count = |(group, branch, state, is_open, is_late, n): Counted| HazardCount {
            group: if by == HazardGroup::Month { month_of(&group) } else { group.into() },
            branch: branch.unwrap_or_default().into(),
            state: state.into(),
            is_open,
            is_late: is_late != 0,
            count: n as u64,
        };
        Ok(counted.during("count hazards")?.into_iter().map(count).collect())
    }
}

/// The month of a number of days since 1970: `2026-11`.
fn month_of(days: &str) -> SmolStr {
    let (year, month, _) = CivilDay(days.parse().unwrap_or_default()).ymd();
    SmolStr::new(format!("{year:04}-{month:02}"))
}

/// (ms / 3,600,000 + 8) % 24 is the hour in Beijing.
pub(super) const BY_DAY: &str = "((armed_at / 3600000 + 8) % 24) BETWEEN 8 AND 19";
