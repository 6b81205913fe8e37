//! Lists of tasks: whose they are, which are due first, which waited and how they ended.

use super::figures::BY_DAY;
use super::row::{case, task as row};
use super::tidings::kind_key;
use crate::error::{During, StoreError, damaged};
use crate::page::{Page, Window};
use crate::store::{KEYS_PER_QUERY, Records, time_of};
use crate::warning::{self, level_of};
use domain::case::ClockEnd;
use domain::people::{UnitId, UnitPath};
use domain::{CaseKind, ChainId, ClockStep, Level, Timestamp};
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, DbErr, QueryOrder, QuerySelect};
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// A task, open or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRecord {
    /// Identity.
    pub id: i64,
    /// The case, or the warning.
    pub subject: SmolStr,
    /// The kind of case; `None` for a warning.
    pub kind: Option<CaseKind>,
    /// The chain.
    pub chain: ChainId,
    /// The step.
    pub step: ClockStep,
    /// How urgent.
    pub level: Level,
    /// One line about the subject.
    pub title: SmolStr,
    /// The plate it is about.
    pub plate: Option<SmolStr>,
    /// The model, or the category.
    pub category: SmolStr,
    /// Whose it is.
    pub unit: UnitId,
    /// The person, where it is one.
    pub person: Option<SmolStr>,
    /// Who may do it, by the word of the permission.
    pub permission: SmolStr,
    /// Since when.
    pub armed_at: Timestamp,
    /// Half of the time.
    pub half_at: Option<Timestamp>,
    /// Until when; `None` where no clock runs.
    pub due_at: Option<Timestamp>,
    /// Since when it is paused.
    pub paused_at: Option<Timestamp>,
    /// Why a pause was asked for.
    pub pause_reason: Option<SmolStr>,
    /// Who asked for it.
    pub pause_asked_by: Option<SmolStr>,
    /// How it ended.
    pub end: Option<(ClockEnd, Timestamp)>,
}

/// A person, its unit, and the permissions that it has there.
type Mine = (SmolStr, Option<UnitId>, Vec<SmolStr>);

/// Which tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// Ended, or open.
    pub is_ended: Option<bool>,
    /// For this person, these units and whoever may do it there.
    pub mine: Option<Mine>,
    /// Of units below this one.
    pub scope: Option<UnitPath>,
    /// Of this subject.
    pub subject: Option<SmolStr>,
    /// Of this step.
    pub step: Option<ClockStep>,
    /// Due before.
    pub due_before: Option<Timestamp>,
    /// Of this chain.
    pub chain: Option<ChainId>,
    /// Ended so.
    pub end: Option<ClockEnd>,
    /// Ended by this person.
    pub ended_by: Option<SmolStr>,
    /// Of this model or category.
    pub category: Option<SmolStr>,
    /// Begun by day (08:00–20:00 Beijing time), or by night.
    pub is_day: Option<bool>,
    /// Begun then or later.
    pub since: Option<Timestamp>,
    /// Begun before.
    pub until: Option<Timestamp>,
}

impl Records {
    /// Tasks, those due first at the top; ended ones newest first.
    pub async fn tasks(&self, filter: &TaskFilter, window: Window) -> Result<Page<TaskRecord>, StoreError> {
        let list = async {
            let found = row::Entity::find().filter(condition(filter));
            let total = self.count_tasks(filter).await?;
            let rows = match filter.is_ended {
                Some(true) => {
                    let newest = found.order_by_desc(row::Column::EndedAt).order_by_desc(row::Column::Id);
                    newest.offset(window.offset).limit(window.limit()).all(self.reader()).await?
                }
                _ => self.by_due(found, window).await?,
            };
            let titles = self.titles(&rows).await?;
            let items = rows.into_iter().map(|row| record_of(row, &titles)).collect::<Result<_, _>>()?;
            Ok(Page { items, total })
        };
        list.await.during("list tasks")
    }

    async fn count_tasks(&self, filter: &TaskFilter) -> Result<u64, DbErr> {
        let count = async |mine: Condition| {
            let others = condition(&TaskFilter { mine: None, ..filter.clone() });
            row::Entity::find().filter(others).filter(mine).count(self.reader()).await
        };
        match &filter.mine {
            None => count(Condition::all()).await,
            // No task is both. One by one each is counted from an index, together they are not.
            Some(mine) => Ok(count(of_person(mine)).await? + count(of_desk(mine)).await?),
        }
    }

    /// Those with a clock by when they are due, then those without. Two queries: of a million the first page is read from an
    /// index, which no order with "none last" is.
    async fn by_due(
        &self,
        found: sea_orm::Select<row::Entity>,
        window: Window,
    ) -> Result<Vec<row::Model>, DbErr> {
        let (timed, others) = (
            found.clone().filter(row::Column::DueAt.is_not_null()),
            found.filter(row::Column::DueAt.is_null()),
        );
        let first = timed.clone().order_by_asc(row::Column::DueAt).order_by_desc(row::Column::Id);
        let mut rows = first.offset(window.offset).limit(window.limit()).all(self.reader()).await?;
        let left = window.limit() - rows.len() as u64;
        if left > 0 {
            let before = if rows.is_empty() { timed.count(self.reader()).await? } else { window.offset };
            let others = others.order_by_desc(row::Column::Id).offset(window.offset.saturating_sub(before));
            rows.extend(others.limit(left).all(self.reader()).await?);
        }
        Ok(rows)
    }

    /// The step that waits for each of these warnings or cases, and until when it has to be done.
    pub async fn waiting_steps(
        &self,
        subjects: &[String],
    ) -> Result<BTreeMap<String, (ClockStep, Option<Timestamp>)>, StoreError> {
        const OPERATION: &str = "read what waits";
        let mut waiting = BTreeMap::new();
        for subjects in subjects.chunks(KEYS_PER_QUERY) {
            let found = row::Entity::find()
                .filter(row::Column::Subject.is_in(subjects))
                .filter(row::Column::EndedAt.is_null());
            for row in found.all(self.reader()).await.during(OPERATION)? {
                let step = ClockStep::parse(&row.step).ok_or_else(|| damaged("task", &row.step));
                waiting.insert(row.subject, (step.during(OPERATION)?, row.due_at.map(time_of)));
            }
        }
        Ok(waiting)
    }

    /// Title and plate of what these tasks are about.
    async fn titles(&self, rows: &[row::Model]) -> Result<BTreeMap<String, (String, Option<String>)>, DbErr> {
        let mut titles = BTreeMap::new();
        let (warnings, cases): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.kind == kind_key(None));
        let cases: Vec<(String, String, Option<String>)> = case::Entity::find()
            .select_only()
            .columns([case::Column::Id, case::Column::Title, case::Column::Plate])
            .filter(case::Column::Id.is_in(cases.iter().map(|row| row.subject.as_str())))
            .into_tuple()
            .all(self.reader())
            .await?;
        titles.extend(cases.into_iter().map(|(id, title, plate)| (id, (title, plate))));
        let plates: Vec<(String, Option<String>, Option<String>)> = warning::row::Entity::find()
            .select_only()
            .columns([warning::row::Column::Id, warning::row::Column::Plate, warning::row::Column::PlateText])
            .filter(warning::row::Column::Id.is_in(warnings.iter().map(|row| row.subject.as_str())))
            .into_tuple()
            .all(self.reader())
            .await?;
        titles.extend(plates.into_iter().map(|(id, plate, read)| (id, (String::new(), plate.or(read)))));
        Ok(titles)
    }
}

/// Tasks that were given to the person.
fn of_person((person, ..): &Mine) -> Condition {
    Condition::all().add(row::Column::Person.eq(person.as_str()))
}

/// Tasks of the unit that were given to nobody and that the person may do.
fn of_desk((_, unit, permissions): &Mine) -> Condition {
    Condition::all()
        .add(row::Column::Person.is_null())
        .add_option(unit.map(|unit| row::Column::Unit.eq(unit.0)))
        .add(row::Column::Permission.is_in(permissions.iter().map(SmolStr::as_str)))
}

fn condition(filter: &TaskFilter) -> Condition {
    use row::Column::{ArmedAt, Category, Chain, DueAt, End, EndedAt, EndedBy, Step, Subject, UnitPath};
    let mut all = Condition::all();
    if let Some(is_ended) = filter.is_ended {
        all = all.add(if is_ended { EndedAt.is_not_null() } else { EndedAt.is_null() });
    }
    if let Some(mine) = &filter.mine {
        all = all.add(Condition::any().add(of_person(mine)).add(of_desk(mine)));
    }
    all.add_option(filter.scope.as_ref().filter(|path| !path.0.is_empty()).map(|path| {
        Condition::all().add(UnitPath.gte(path.0.as_str())).add(UnitPath.lt(format!("{}:", path.0)))
    }))
    .add_option(filter.subject.as_ref().map(|subject| Subject.eq(subject.as_str())))
    .add_option(filter.step.map(|step| Step.eq(step.key())))
    .add_option(filter.due_before.map(|at| DueAt.lt(at.unix_ms())))
    .add_option(filter.chain.as_ref().map(|chain| Chain.eq(chain.as_str())))
    .add_option(filter.end.map(|end| End.eq(end.key())))
    .add_option(filter.ended_by.as_ref().map(|person| EndedBy.eq(person.as_str())))
    .add_option(filter.category.as_ref().map(|category| Category.eq(category.as_str())))
    .add_option(
        filter
            .is_day
            .map(|is_day| Expr::cust(if is_day { BY_DAY.to_owned() } else { format!("NOT ({BY_DAY})") })),
    )
    .add_option(filter.since.map(|at| ArmedAt.gte(at.unix_ms())))
    .add_option(filter.until.map(|at| ArmedAt.lt(at.unix_ms())))
}

fn record_of(
    row: row::Model,
    titles: &BTreeMap<String, (String, Option<String>)>,
) -> Result<TaskRecord, DbErr> {
    let (title, plate) = titles.get(&row.subject).cloned().unwrap_or_default();
    let end = row.end.as_deref().and_then(ClockEnd::parse);
    Ok(TaskRecord {
        id: row.id,
        kind: CaseKind::parse(&row.kind),
        chain: ChainId(row.chain.into()),
        step: ClockStep::parse(&row.step).ok_or_else(|| damaged("task", &row.step))?,
        level: level_of(row.level)?,
        title: title.into(),
        plate: plate.map(Into::into),
        category: row.category.into(),
        unit: UnitId(row.unit),
        person: row.person.map(Into::into),
        permission: row.permission.into(),
        armed_at: time_of(row.armed_at),
        half_at: row.half_at.map(time_of),
        due_at: row.due_at.map(time_of),
        paused_at: row.paused_at.map(time_of),
        pause_reason: row.pause_reason.map(Into::into),
        pause_asked_by: row.pause_asked_by.map(Into::into),
        end: end.zip(row.ended_at.map(time_of)),
        subject: row.subject.into(),
    })
}
