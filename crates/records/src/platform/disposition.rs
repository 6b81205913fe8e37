//! Dispositions (布控) that were passed on to platforms, and those that platforms ask of us.

use super::{Direction, ExchangeState};
use crate::error::{During, StoreError, damaged};
use crate::store::{Records, time_of, upsert};
use domain::{DeviceId, Timestamp, WatchOrderId};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{DbErr, IntoActiveModel, QueryOrder};
use smol_str::SmolStr;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "disposition")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub platform: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub direction: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub watch_order: Option<String>,
        pub title: String,
        pub plate: String,
        pub priority: i32,
        pub reason: String,
        pub applicant: String,
        pub begin_at: i64,
        pub end_at: i64,
        pub receive_addr: String,
        pub state: String,
        pub notices: i64,
        pub last_notice_at: Option<i64>,
        pub last_error: Option<String>,
        pub decided_by: Option<String>,
        pub decided_at: Option<i64>,
        pub decision_note: Option<String>,
        pub created_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A disposition on its way to a platform, or from one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disposition {
    /// The other platform.
    pub platform: DeviceId,
    /// Whose it is.
    pub direction: Direction,
    /// 33 digits.
    pub id: SmolStr,
    /// The watch order that was passed on, or that a person made of it.
    pub watch_order: Option<WatchOrderId>,
    /// What it is called.
    pub title: SmolStr,
    /// The plate as written.
    pub plate: SmolStr,
    /// `1` highest to `3` lowest.
    pub priority: u8,
    /// Why.
    pub reason: SmolStr,
    /// Who applied for it, with the unit.
    pub applicant: SmolStr,
    /// From when it holds.
    pub begin_at: Timestamp,
    /// Until when it holds.
    pub end_at: Timestamp,
    /// URL that notices of sightings go to.
    pub receive_addr: SmolStr,
    /// Where it stands.
    pub state: ExchangeState,
    /// Notices taken or sent.
    pub notices: u64,
    /// When the last was.
    pub last_notice_at: Option<Timestamp>,
    /// What went wrong last; `None` after a success.
    pub last_error: Option<String>,
    /// Theirs: who decided about it, when, and why.
    pub decision: Option<(SmolStr, Timestamp, SmolStr)>,
    /// When it came or was passed on.
    pub created_at: Timestamp,
}

/// Which dispositions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DispositionFilter {
    /// Of this platform.
    pub platform: Option<DeviceId>,
    /// Whose.
    pub direction: Option<Direction>,
    /// Where they stand.
    pub state: Option<ExchangeState>,
    /// Of this watch order.
    pub watch_order: Option<WatchOrderId>,
}

impl Records {
    /// Stores dispositions, new or changed, in one transaction.
    pub async fn put_dispositions(&self, dispositions: &[Disposition]) -> Result<(), StoreError> {
        let put = async {
            let tx = self.begin().await?;
            upsert(&tx, dispositions.iter().map(|one| row_of(one).into_active_model()).collect()).await?;
            tx.commit().await
        };
        put.await.during("store dispositions")
    }

    /// One disposition.
    pub async fn disposition(
        &self,
        platform: &DeviceId,
        direction: Direction,
        id: &str,
    ) -> Result<Option<Disposition>, StoreError> {
        let key = (platform.to_string(), direction.key().to_owned(), id.to_owned());
        let row = row::Entity::find_by_id(key).one(self.reader()).await;
        row.and_then(|row| row.map(disposition_of).transpose()).during("read a disposition")
    }

    /// Dispositions, the newest first.
    pub async fn dispositions(&self, filter: &DispositionFilter) -> Result<Vec<Disposition>, StoreError> {
        let mut found = row::Entity::find();
        if let Some(platform) = &filter.platform {
            found = found.filter(row::Column::Platform.eq(platform.as_str()));
        }
        if let Some(direction) = filter.direction {
            found = found.filter(row::Column::Direction.eq(direction.key()));
        }
        if let Some(state) = filter.state {
            found = found.filter(row::Column::State.eq(state.key()));
        }
        if let Some(order) = &filter.watch_order {
            found = found.filter(row::Column::WatchOrder.eq(order.as_str()));
        }
        let found = found.order_by_desc(row::Column::CreatedAt).order_by_desc(row::Column::Id);
        let rows = found.all(self.reader()).await;
        rows.and_then(|rows| rows.into_iter().map(disposition_of).collect()).during("list dispositions")
    }

    /// Says where a disposition stands and what went wrong, if anything.
    pub async fn note_disposition(
        &self,
        disposition: &Disposition,
        state: ExchangeState,
        error: Option<&str>,
    ) -> Result<(), StoreError> {
        let update = row::Entity::update_many()
            .col_expr(row::Column::State, Expr::value(state.key()))
            .col_expr(row::Column::LastError, Expr::value(error))
            .filter(row::Column::Platform.eq(disposition.platform.as_str()))
            .filter(row::Column::Direction.eq(disposition.direction.key()))
            .filter(row::Column::Id.eq(disposition.id.as_str()));
        update.exec(self.writer()).await.map(|_| ()).during("note the state of a disposition")
    }

    /// Notes that the other platform confirmed a disposition of ours. One that was taken back meanwhile stays so.
    pub async fn note_disposed(&self, disposition: &Disposition) -> Result<(), StoreError> {
        let update = row::Entity::update_many()
            .col_expr(row::Column::ReceiveAddr, Expr::value(disposition.receive_addr.as_str()))
            .col_expr(row::Column::LastError, Expr::value(None::<String>))
            .col_expr(row::Column::State, Expr::value(ExchangeState::InForce.key()))
            .filter(row::Column::Platform.eq(disposition.platform.as_str()))
            .filter(row::Column::Direction.eq(disposition.direction.key()))
            .filter(row::Column::Id.eq(disposition.id.as_str()))
            .filter(row::Column::State.eq(ExchangeState::Wanted.key()));
        update.exec(self.writer()).await.map(|_| ()).during("note that a disposition was placed")
    }

    /// Counts a notice of a sighting, taken or sent.
    pub async fn note_sighting(
        &self,
        platform: &DeviceId,
        direction: Direction,
        id: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let update = row::Entity::update_many()
            .col_expr(row::Column::Notices, Expr::col(row::Column::Notices).add(1))
            .col_expr(row::Column::LastNoticeAt, Expr::value(at.unix_ms()))
            .filter(row::Column::Platform.eq(platform.as_str()))
            .filter(row::Column::Direction.eq(direction.key()))
            .filter(row::Column::Id.eq(id));
        update.exec(self.writer()).await.map(|_| ()).during("count a notice")
    }
}

fn row_of(disposition: &Disposition) -> row::Model {
    let decision = disposition.decision.as_ref();
    row::Model {
        platform: disposition.platform.to_string(),
        direction: disposition.direction.key().to_owned(),
        id: disposition.id.to_string(),
        watch_order: disposition.watch_order.as_ref().map(ToString::to_string),
        title: disposition.title.to_string(),
        plate: disposition.plate.to_string(),
        priority: disposition.priority.into(),
        reason: disposition.reason.to_string(),
        applicant: disposition.applicant.to_string(),
        begin_at: disposition.begin_at.unix_ms(),
        end_at: disposition.end_at.unix_ms(),
        receive_addr: disposition.receive_addr.to_string(),
        state: disposition.state.key().to_owned(),
        notices: disposition.notices as i64,
        last_notice_at: disposition.last_notice_at.map(Timestamp::unix_ms),
        last_error: disposition.last_error.clone(),
        decided_by: decision.map(|(by, _, _)| by.to_string()),
        decided_at: decision.map(|(_, at, _)| at.unix_ms()),
        decision_note: decision.map(|(_, _, note)| note.to_string()),
        created_at: disposition.created_at.unix_ms(),
    }
}

fn disposition_of(row: row::Model) -> Result<Disposition, DbErr> {
    let decision = row
        .decided_by
        .zip(row.decided_at)
        .map(|(by, at)| (by.into(), time_of(at), row.decision_note.unwrap_or_default().into()));
    Ok(Disposition {
        direction: Direction::parse(&row.direction).ok_or_else(|| damaged("disposition", &row.direction))?,
        state: ExchangeState::parse(&row.state).ok_or_else(|| damaged("disposition", &row.state))?,
        platform: DeviceId::from(row.platform.as_str()),
        id: row.id.into(),
        watch_order: row.watch_order.as_deref().map(WatchOrderId::from),
        title: row.title.into(),
        plate: row.plate.into(),
        priority: row.priority as u8,
        reason: row.reason.into(),
        applicant: row.applicant.into(),
        begin_at: time_of(row.begin_at),
        end_at: time_of(row.end_at),
        receive_addr: row.receive_addr.into(),
        notices: row.notices as u64,
        last_notice_at: row.last_notice_at.map(time_of),
        last_error: row.last_error,
        decision,
        created_at: time_of(row.created_at),
    })
}
