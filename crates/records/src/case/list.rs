//! Cases in lists, on the map and in numbers; the steps of one and of a whole chain.

use super::row::{case as row, step};
use super::{CaseRecord, StepRecord, record_of, step_of};
use crate::error::{During, StoreError};
use crate::page::{Page, Sort, Window};
use crate::store::{Records, contains};
use crate::warning::level_code;
use domain::people::{UnitId, UnitPath};
use domain::stage::hazard::Source;
use domain::{CaseId, CaseKind, ChainId, Level, Theatre, Timestamp, WarningId, Wgs84};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{Condition, DbErr, QueryOrder, QuerySelect};
use smol_str::SmolStr;

/// Which cases; every field that is set narrows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CaseFilter {
    /// Of these kinds.
    pub kinds: Vec<CaseKind>,
    /// In these states.
    pub states: Vec<SmolStr>,
    /// Somebody still has to do something.
    pub is_open: Option<bool>,
    /// Of this level.
    pub level: Option<Level>,
    /// Of this unit and those below it; empty: all.
    pub scope: Option<UnitPath>,
    /// Besides those of the scope: what this person opened or has to do.
    pub or_person: Option<SmolStr>,
    /// Of exactly this unit.
    pub unit: Option<UnitId>,
    /// Of this person.
    pub assignee: Option<SmolStr>,
    /// Opened by this person.
    pub opened_by: Option<SmolStr>,
    /// Of one of these categories.
    pub categories: Vec<SmolStr>,
    /// Hazards that came by this way.
    pub source: Option<Source>,
    /// Hazards that are listed for supervision, or not.
    pub is_supervised: Option<bool>,
    /// In this theatre.
    pub theatre: Option<Theatre>,
    /// From this warning.
    pub warning: Option<WarningId>,
    /// Of this chain.
    pub chain: Option<ChainId>,
    /// Part of the identity, title or plate.
    pub q: Option<String>,
    /// Opened then or later.
    pub since: Option<Timestamp>,
    /// Opened before.
    pub until: Option<Timestamp>,
    /// Done with then or later.
    pub closed_since: Option<Timestamp>,
    /// Done with before.
    pub closed_until: Option<Timestamp>,
    /// Due before this instant and still open.
    pub late_at: Option<Timestamp>,
    /// Within these bounds: south-west and north-east.
    pub within: Option<(Wgs84, Wgs84)>,
}

/// By what cases are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseField {
    /// When they were opened.
    OpenedAt,
    /// When something was done with them.
    ChangedAt,
    /// Until when something has to be done; those without a clock last.
    DueAt,
    /// How urgent.
    Level,
}

/// How many cases have these things in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseCount {
    /// The kind.
    pub kind: CaseKind,
    /// The state.
    pub state: SmolStr,
    /// The category.
    pub category: SmolStr,
    /// The unit.
    pub unit: UnitId,
    /// How urgent.
    pub level: Level,
    /// How many.
    pub count: u64,
}

impl Records {
    /// One case.
    pub async fn case(&self, id: &CaseId) -> Result<Option<CaseRecord>, StoreError> {
        let row = row::Entity::find_by_id(id.as_str()).one(self.reader()).await;
        row.and_then(|row| row.map(record_of).transpose()).during("read a case")
    }

    /// Cases in pages.
    pub async fn cases(
        &self,
        filter: &CaseFilter,
        sort: Sort<CaseField>,
        window: Window,
    ) -> Result<Page<CaseRecord>, StoreError> {
        let list = async {
            let found = row::Entity::find().filter(condition(filter));
            let total = found.clone().count(self.reader()).await?;
            let order = sort.order();
            let found = match sort.field {
                CaseField::OpenedAt => found.order_by(row::Column::OpenedAt, order.clone()),
                CaseField::ChangedAt => found.order_by(row::Column::ChangedAt, order.clone()),
                CaseField::DueAt => found
                    .order_by(Expr::col(row::Column::DueAt).is_null(), sea_orm::Order::Asc)
                    .order_by(row::Column::DueAt, order.clone()),
                CaseField::Level => {
                    found.order_by(row::Column::Level, order.clone()).order_by_desc(row::Column::OpenedAt)
                }
            };
            let found = found.order_by(row::Column::Id, order).offset(window.offset).limit(window.limit());
            let rows = found.all(self.reader()).await?;
            let items = rows.into_iter().map(record_of).collect::<Result<_, _>>()?;
            Ok(Page { items, total })
        };
        list.await.during("list cases")
    }

    /// How many cases there are of each kind, state, category, unit and level.
    pub async fn case_counts(&self, filter: &CaseFilter) -> Result<Vec<CaseCount>, StoreError> {
        use row::Column::{Category, Id, Kind, Level as LevelColumn, State, Unit};
        type Counted = (String, String, String, i64, i32, i64);
        let counted: Result<Vec<Counted>, DbErr> = row::Entity::find()
            .select_only()
            .columns([Kind, State, Category, Unit, LevelColumn])
            .column_as(Id.count(), "n")
            .filter(condition(filter))
            .group_by(Kind)
            .group_by(State)
            .group_by(Category)
            .group_by(Unit)
            .group_by(LevelColumn)
            .into_tuple()
            .all(self.reader())
            .await;
        let count = |(kind, state, category, unit, level, n): (String, String, String, i64, i32, i64)| {
            Ok(CaseCount {
                kind: CaseKind::parse(&kind).ok_or_else(|| crate::error::damaged("case", &kind))?,
                state: state.into(),
                category: category.into(),
                unit: UnitId(unit),
                level: crate::warning::level_of(level)?,
                count: n as u64,
            })
        };
        counted.and_then(|rows| rows.into_iter().map(count).collect()).during("count cases")
    }

    /// The steps of one case, oldest first.
    pub async fn case_steps(&self, subject: &str) -> Result<Vec<StepRecord>, StoreError> {
        let found = step::Entity::find().filter(step::Column::Subject.eq(subject));
        let rows = found.order_by_asc(step::Column::Id).all(self.reader()).await;
        rows.map(|rows| rows.into_iter().map(step_of).collect()).during("read the steps of a case")
    }

    /// The steps of all cases of a chain, oldest first.
    pub async fn chain_steps(&self, chain: &ChainId) -> Result<Vec<StepRecord>, StoreError> {
        let found = step::Entity::find().filter(step::Column::Chain.eq(chain.as_str()));
        let rows = found.order_by_asc(step::Column::Id).all(self.reader()).await;
        rows.map(|rows| rows.into_iter().map(step_of).collect()).during("read the steps of a chain")
    }
}

pub(super) fn condition(filter: &CaseFilter) -> Condition {
    use row::Column::{
        AlsoPath, Assignee, Category, Chain, ClosedAt, DueAt, Id, IsOpen, IsSupervised, Kind, Lat,
        Level as LevelColumn, Lon, OpenedAt, OpenedBy, Plate, Source as SourceColumn, State,
        Theatre as TheatreColumn, Title, Unit, UnitPath as Path, Warning,
    };
    let mut all = Condition::all();
    if !filter.kinds.is_empty() {
        all = all.add(Kind.is_in(filter.kinds.iter().map(|kind| kind.key())));
    }
    if !filter.states.is_empty() {
        all = all.add(State.is_in(filter.states.iter().map(SmolStr::as_str)));
    }
    if let Some(path) = filter.scope.as_ref().filter(|path| !path.0.is_empty()) {
        // A range, not LIKE: `:` comes right behind the digits. Of an expression, so that no index of units serves it: who sees most
        // of the county would have each row fetched by one; all are looked at in their order, or in what is counted.
        let below = |column: row::Column| {
            let value = Expr::cust(format!("\"{}\" || ''", column.as_str()));
            Condition::all().add(value.clone().gte(path.0.as_str())).add(value.lt(format!("{}:", path.0)))
        };
        let mine = |person: &SmolStr| {
            Condition::any().add(OpenedBy.eq(person.as_str())).add(Assignee.eq(person.as_str()))
        };
        all = all.add(
            Condition::any()
                .add(below(Path))
                .add(below(AlsoPath))
                .add_option(filter.or_person.as_ref().map(mine)),
        );
    }
    if let Some(q) = filter.q.as_deref().map(str::trim).filter(|q| !q.is_empty()) {
        let any = [Id, Title, Plate].map(|column| Expr::col(column).like(contains(q)));
        all = all.add(any.into_iter().fold(Condition::any(), Condition::add));
    }
    if !filter.categories.is_empty() {
        all = all.add(Category.is_in(filter.categories.iter().map(SmolStr::as_str)));
    }
    if let Some((south_west, north_east)) = filter.within {
        all = all
            .add(Lat.between(south_west.lat_deg(), north_east.lat_deg()))
            .add(Lon.between(south_west.lon_deg(), north_east.lon_deg()));
    }
    all.add_option(filter.source.map(|source| SourceColumn.eq(source.key())))
        .add_option(filter.is_supervised.map(|is_supervised| IsSupervised.eq(is_supervised)))
        .add_option(filter.is_open.map(|is_open| IsOpen.eq(is_open)))
        .add_option(filter.level.map(|level| LevelColumn.eq(level_code(level))))
        .add_option(filter.unit.map(|unit| Unit.eq(unit.0)))
        .add_option(filter.assignee.as_ref().map(|person| Assignee.eq(person.as_str())))
        .add_option(filter.opened_by.as_ref().map(|person| OpenedBy.eq(person.as_str())))
        .add_option(filter.theatre.map(|theatre| TheatreColumn.eq(theatre.key())))
        .add_option(filter.warning.map(|id| Warning.eq(id.to_string())))
        .add_option(filter.chain.as_ref().map(|chain| Chain.eq(chain.as_str())))
        .add_option(filter.since.map(|at| OpenedAt.gte(at.unix_ms())))
        .add_option(filter.until.map(|at| OpenedAt.lt(at.unix_ms())))
        .add_option(filter.closed_since.map(|at| ClosedAt.gte(at.unix_ms())))
        .add_option(filter.closed_until.map(|at| ClosedAt.lt(at.unix_ms())))
        .add_option(
            filter.late_at.map(|at| Condition::all().add(IsOpen.eq(true)).add(DueAt.lt(at.unix_ms()))),
        )
}
