//! Warnings in lists, in numbers, and in the order of their changes.

use super::{WarningRecord, WarningState, body, level_code, level_of, record_of, row};
use crate::cursor;
use crate::error::{During, StoreError, damaged};
use crate::page::{Page, Sort, Window};
use crate::store::{KEYS_PER_QUERY, Records, contains, plate_code};
use domain::people::UnitPath;
use domain::{CheckpointId, DeviceId, Level, ModelId, RuleId, Timestamp, VehicleKey, Verdict, WarningId};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{Condition, ConnectionTrait, DbErr, QueryOrder, QuerySelect};
use std::collections::BTreeMap;

/// Which warnings; every field that is set narrows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WarningFilter {
    /// In this state.
    pub state: Option<WarningState>,
    /// Of this model.
    pub model: Option<ModelId>,
    /// Of this level.
    pub level: Option<Level>,
    /// Not withdrawn, not for the record only, and in time at this instant.
    pub actionable_at: Option<Timestamp>,
    /// Completed too late to act on, or not.
    pub is_historical: Option<bool>,
    /// Occurred then or later.
    pub since: Option<Timestamp>,
    /// Occurred before.
    pub until: Option<Timestamp>,
    /// At this checkpoint.
    pub checkpoint: Option<CheckpointId>,
    /// About this vehicle.
    pub vehicle: Option<VehicleKey>,
    /// From this device.
    pub device: Option<DeviceId>,
    /// Part of the plate, as meant or as read.
    pub q: Option<String>,
    /// With this verdict.
    pub verdict: Option<Verdict>,
    /// With any verdict, or with none.
    pub has_verdict: Option<bool>,
    /// Of this rule.
    pub rule: Option<RuleId>,
    /// With an open task that was due before this instant.
    pub late_at: Option<Timestamp>,
    /// Hidden behind a stronger one, a silence or a maintenance window, or not.
    pub is_hidden: Option<bool>,
    /// Of the group that begins with this one.
    pub group: Option<WarningId>,
    /// The first of its group, or a repeat.
    pub is_head: Option<bool>,
    /// At the desks of this unit and those below it; empty: all.
    pub scope: Option<UnitPath>,
}

/// By what warnings are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarningField {
    /// When it happened.
    OccurredAt,
    /// When its last evidence came.
    RaisedAt,
    /// How urgent; equally urgent ones newest first.
    Level,
}

/// How many warnings have these things in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WarningCount {
    /// Which model.
    pub model: ModelId,
    /// How urgent.
    pub level: Level,
    /// Where they stand.
    pub state: WarningState,
    /// Completed too late to act on.
    pub is_historical: bool,
    /// How many.
    pub count: u64,
}

impl Records {
    /// One warning.
    pub async fn warning(&self, id: WarningId) -> Result<Option<WarningRecord>, StoreError> {
        let read = async {
            let row = row::Entity::find_by_id(id.to_string()).one(self.reader()).await?;
            Ok(self.with_bodies(row.into_iter().collect()).await?.pop())
        };
        read.await.during("read a warning")
    }

    /// Warnings in pages.
    pub async fn warnings(
        &self,
        filter: &WarningFilter,
        sort: Sort<WarningField>,
        window: Window,
    ) -> Result<Page<WarningRecord>, StoreError> {
        let list = async {
            let found = row::Entity::find().filter(condition(filter));
            let total = found.clone().count(self.reader()).await?;
            let order = sort.order();
            let found = match sort.field {
                WarningField::OccurredAt => found.order_by(row::Column::OccurredAt, order.clone()),
                WarningField::RaisedAt => found.order_by(row::Column::RaisedAt, order.clone()),
                WarningField::Level => {
                    found.order_by(row::Column::Level, order.clone()).order_by_desc(row::Column::OccurredAt)
                }
            };
            let found = found.order_by(row::Column::Id, order).offset(window.offset).limit(window.limit());
            Ok(Page { items: self.with_bodies(found.all(self.reader()).await?).await?, total })
        };
        list.await.during("list warnings")
    }

    /// The warnings whose last change has a number above `seq`, in the order of these numbers, at most `limit` (and
    /// [`crate::PAGE_LIMIT_MAX`]): what a reader who knows all up to `seq` has missed. Ask again from the last one's `seq`.
    pub async fn warnings_changed_after(
        &self,
        seq: u64,
        limit: u64,
    ) -> Result<Vec<WarningRecord>, StoreError> {
        let list = async {
            let found = row::Entity::find()
                .filter(row::Column::Seq.gt(seq as i64))
                .order_by_asc(row::Column::Seq)
                .limit(Window { offset: 0, limit }.limit());
            self.with_bodies(found.all(self.reader()).await?).await
        };
        list.await.during("list changed warnings")
    }

    /// The number of the last change of a warning; 0 before the first.
    pub async fn warning_seq(&self) -> Result<u64, StoreError> {
        let seq = cursor::get(self.reader(), cursor::WARNING_SEQ).await;
        seq.map(Option::unwrap_or_default).during("read the number of the last change")
    }

    /// Warnings that occurred in `[since, until)`, counted by model, level, state and whether historical.
    pub async fn warning_counts(
        &self,
        since: Timestamp,
        until: Timestamp,
        scope: &UnitPath,
    ) -> Result<Vec<WarningCount>, StoreError> {
        let count = async {
            use row::Column::{IsHistorical, Level, Model, OccurredAt, State};
            let counted: Vec<(String, i32, String, bool, i64)> = row::Entity::find()
                .select_only()
                .columns([Model, Level, State, IsHistorical])
                .column_as(OccurredAt.count(), "n")
                .filter(OccurredAt.gte(since.unix_ms()))
                .filter(OccurredAt.lt(until.unix_ms()))
                .filter(below(scope))
                .group_by(Model)
                .group_by(Level)
                .group_by(State)
                .group_by(IsHistorical)
                .order_by_asc(Model)
                .order_by_asc(Level)
                .into_tuple()
                .all(self.reader())
                .await?;
            counted.into_iter().map(count_of).collect::<Result<_, DbErr>>()
        };
        count.await.during("count warnings")
    }

    /// Warnings in this state that are shown by themselves (not hidden, the first of their group), counted by level, the
    /// most urgent first.
    pub async fn warning_counts_by_level(
        &self,
        state: WarningState,
        scope: &UnitPath,
    ) -> Result<BTreeMap<Level, u64>, StoreError> {
        let count = async {
            let counted: Vec<(i32, i64)> = row::Entity::find()
                .select_only()
                .column(row::Column::Level)
                .column_as(row::Column::Level.count(), "n")
                .filter(row::Column::State.eq(state.key()))
                .filter(row::Column::IsHead.eq(true))
                .filter(row::Column::HiddenKind.is_null())
                .filter(below(scope))
                .group_by(row::Column::Level)
                .into_tuple()
                .all(self.reader())
                .await?;
            counted
                .into_iter()
                .map(|(level, n)| Ok((level_of(level)?, n as u64)))
                .collect::<Result<_, DbErr>>()
        };
        count.await.during("count warnings by level")
    }

    /// Rows with their bodies, in the order of the rows.
    async fn with_bodies(&self, rows: Vec<row::Model>) -> Result<Vec<WarningRecord>, DbErr> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let ids = rows.iter().map(|row| row.id.as_str());
        let bodies = body::Entity::find().filter(body::Column::Id.is_in(ids)).all(self.reader()).await?;
        let bodies: BTreeMap<String, String> = bodies.into_iter().map(|body| (body.id, body.body)).collect();
        let counts = group_counts(self.reader(), &rows).await?;
        let record = |row: row::Model| {
            let body = bodies.get(&row.id).ok_or_else(|| damaged("warning_body", "missing"))?;
            let count = row.group_id.as_ref().and_then(|group| counts.get(group)).copied().unwrap_or(0);
            record_of(row, body, count)
        };
        rows.into_iter().map(record).collect()
    }
}

/// How many warnings that are not withdrawn each group of these rows has.
pub(super) async fn group_counts(
    db: &impl ConnectionTrait,
    rows: &[row::Model],
) -> Result<BTreeMap<String, u64>, DbErr> {
    let mut groups: Vec<&str> = rows.iter().filter_map(|row| row.group_id.as_deref()).collect();
    groups.sort_unstable();
    groups.dedup();
    let mut counts = BTreeMap::new();
    for groups in groups.chunks(KEYS_PER_QUERY) {
        let counted: Vec<(String, i64)> = row::Entity::find()
            .select_only()
            .column(row::Column::GroupId)
            .column_as(row::Column::GroupId.count(), "n")
            .filter(row::Column::GroupId.is_in(groups.iter().copied()))
            .filter(row::Column::State.ne(WarningState::Withdrawn.key()))
            .group_by(row::Column::GroupId)
            .into_tuple()
            .all(db)
            .await?;
        counts.extend(counted.into_iter().map(|(group, n)| (group, n as u64)));
    }
    Ok(counts)
}

fn count_of(
    (model, level, state, is_historical, count): (String, i32, String, bool, i64),
) -> Result<WarningCount, DbErr> {
    Ok(WarningCount {
        model: ModelId::parse(&model).ok_or_else(|| damaged("warning", model))?,
        level: level_of(level)?,
        state: WarningState::parse(&state).ok_or_else(|| damaged("warning", state))?,
        is_historical,
        count: count as u64,
    })
}

fn condition(filter: &WarningFilter) -> Condition {
    use row::Column::{
        ActionableUntil, Checkpoint, Device, GroupId, HiddenKind, IsHead, IsHistorical, Level, Model,
        OccurredAt, Plate, PlateClass, PlateCode, PlateText, Rule, State, Verdict,
    };
    let late = |at: Timestamp| row::Column::Id.in_subquery(crate::case::late_subjects(at));
    let actionable = |now: Timestamp| {
        Condition::all()
            .add(State.is_in([
                WarningState::Raised.key(),
                WarningState::Signed.key(),
                WarningState::Dispatched.key(),
            ]))
            .add(IsHistorical.eq(false))
            .add(ActionableUntil.gt(now.unix_ms()))
    };
    let about = |key: VehicleKey| {
        Condition::all().add(PlateCode.eq(plate_code(key.plate))).add(PlateClass.eq(i32::from(key.class.0)))
    };
    let with_plate = |q: &str| {
        let any = [Plate, PlateText].map(|column| Expr::col(column).like(contains(q)));
        any.into_iter().fold(Condition::any(), Condition::add)
    };
    Condition::all()
        .add_option(filter.state.map(|state| State.eq(state.key())))
        .add_option(filter.model.map(|model| Model.eq(model.key())))
        .add_option(filter.level.map(|level| Level.eq(level_code(level))))
        .add_option(filter.actionable_at.map(actionable))
        .add_option(filter.is_historical.map(|is_historical| IsHistorical.eq(is_historical)))
        .add_option(filter.since.map(|since| OccurredAt.gte(since.unix_ms())))
        .add_option(filter.until.map(|until| OccurredAt.lt(until.unix_ms())))
        .add_option(filter.checkpoint.as_ref().map(|id| Checkpoint.eq(id.as_str())))
        .add_option(filter.vehicle.map(about))
        .add_option(filter.device.as_ref().map(|id| Device.eq(id.as_str())))
        .add_option(filter.q.as_deref().map(with_plate))
        .add_option(filter.verdict.map(|verdict| Verdict.eq(verdict.key())))
        .add_option(filter.has_verdict.map(
            |has_one| {
                if has_one { Verdict.is_not_null() } else { Verdict.is_null() }
            },
        ))
        .add_option(filter.rule.as_ref().map(|rule| Rule.eq(rule.as_str())))
        .add_option(filter.late_at.map(late))
        .add_option(
            filter.is_hidden.map(
                |is_hidden| {
                    if is_hidden { HiddenKind.is_not_null() } else { HiddenKind.is_null() }
                },
            ),
        )
        .add_option(filter.group.map(|group| GroupId.eq(group.to_string())))
        .add_option(filter.is_head.map(|is_head| IsHead.eq(is_head)))
        .add_option(filter.scope.as_ref().map(below))
}

/// At the desks of a unit and those below it. What lies at none is the whole county's.
fn below(scope: &UnitPath) -> Condition {
    let all = Condition::all();
    if scope.0.is_empty() {
        return all;
    }
    // A range, not LIKE: an index serves it. `:` comes right behind the digits.
    all.add(row::Column::UnitPath.gte(scope.0.as_str()))
        .add(row::Column::UnitPath.lt(format!("{}:", scope.0)))
}
