//! Subscriptions (订阅) in both directions, with how far each has come.

use super::{Direction, ExchangeState};
use crate::error::{During, StoreError, damaged};
use crate::store::{Records, time_of, upsert};
use domain::{CheckpointId, DeviceId, Timestamp};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{DbErr, IntoActiveModel, QueryOrder};
use smol_str::SmolStr;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "subscription")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub platform: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub direction: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub title: String,
        /// Ids joined by commas.
        pub resources: String,
        pub with_pictures: bool,
        pub begin_at: i64,
        pub end_at: i64,
        pub renew_days: i32,
        pub receive_addr: String,
        pub state: String,
        pub position: i64,
        pub notices: i64,
        pub objects: i64,
        pub failures: i64,
        pub last_notice_at: Option<i64>,
        pub last_error: Option<String>,
        pub created_by: String,
        pub created_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A subscription to passages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The other platform.
    pub platform: DeviceId,
    /// Whose it is.
    pub direction: Direction,
    /// 33 digits.
    pub id: SmolStr,
    /// What it is called.
    pub title: SmolStr,
    /// The tollgates (or a whole library) that it is about; empty for all.
    pub resources: Vec<CheckpointId>,
    /// Whether pictures are wanted.
    pub with_pictures: bool,
    /// From when it holds.
    pub begin_at: Timestamp,
    /// Until when it holds.
    pub end_at: Timestamp,
    /// Ours: by how many days it is renewed before its end; 0 for not at all.
    pub renew_days: u16,
    /// URL that notifications go to.
    pub receive_addr: SmolStr,
    /// Where it stands.
    pub state: ExchangeState,
    /// Theirs: offset of our journal up to which all was passed on.
    pub position: u64,
    /// Notifications passed on or taken.
    pub notices: u64,
    /// Passages in them.
    pub objects: u64,
    /// Attempts that failed since the last that did not.
    pub failures: u64,
    /// When the last notification was passed on or taken.
    pub last_notice_at: Option<Timestamp>,
    /// What went wrong last; `None` after a success.
    pub last_error: Option<String>,
    /// Username, or `platform` for theirs.
    pub created_by: SmolStr,
    /// When.
    pub created_at: Timestamp,
}

impl Records {
    /// Stores a subscription, new or changed.
    pub async fn put_subscription(&self, subscription: &Subscription) -> Result<(), StoreError> {
        let stored = upsert(self.writer(), vec![row_of(subscription).into_active_model()]).await;
        stored.during("store a subscription")
    }

    /// One subscription.
    pub async fn subscription(
        &self,
        platform: &DeviceId,
        direction: Direction,
        id: &str,
    ) -> Result<Option<Subscription>, StoreError> {
        let row = row::Entity::find_by_id(key(platform, direction, id)).one(self.reader()).await;
        row.and_then(|row| row.map(subscription_of).transpose()).during("read a subscription")
    }

    /// All subscriptions of a platform, or of all platforms, the oldest first.
    pub async fn subscriptions(&self, platform: Option<&DeviceId>) -> Result<Vec<Subscription>, StoreError> {
        let mut found = row::Entity::find();
        if let Some(platform) = platform {
            found = found.filter(row::Column::Platform.eq(platform.as_str()));
        }
        let found = found.order_by_asc(row::Column::CreatedAt).order_by_asc(row::Column::Id);
        let rows = found.all(self.reader()).await;
        rows.and_then(|rows| rows.into_iter().map(subscription_of).collect()).during("list subscriptions")
    }

    /// Moves a subscription of theirs to a place of the journal, with what was passed on on the way there.
    pub async fn note_delivered(
        &self,
        subscription: &Subscription,
        position: u64,
        objects: u64,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut update = row::Entity::update_many()
            .col_expr(row::Column::Position, Expr::value(position as i64))
            .filter(row::Column::Platform.eq(subscription.platform.as_str()))
            .filter(row::Column::Direction.eq(subscription.direction.key()))
            .filter(row::Column::Id.eq(subscription.id.as_str()));
        if objects > 0 {
            update = update
                .col_expr(row::Column::Notices, Expr::col(row::Column::Notices).add(1))
                .col_expr(row::Column::Objects, Expr::col(row::Column::Objects).add(objects as i64))
                .col_expr(row::Column::Failures, Expr::value(0))
                .col_expr(row::Column::LastError, Expr::value(None::<String>))
                .col_expr(row::Column::LastNoticeAt, Expr::value(at.unix_ms()));
        }
        update.exec(self.writer()).await.map(|_| ()).during("note what was passed on")
    }

    /// Counts a notification that was taken on a subscription of ours; one without a known subscription is not counted.
    pub async fn note_taken(
        &self,
        platform: &DeviceId,
        id: &str,
        objects: u64,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let update = row::Entity::update_many()
            .col_expr(row::Column::Notices, Expr::col(row::Column::Notices).add(1))
            .col_expr(row::Column::Objects, Expr::col(row::Column::Objects).add(objects as i64))
            .col_expr(row::Column::LastNoticeAt, Expr::value(at.unix_ms()))
            .filter(row::Column::Platform.eq(platform.as_str()))
            .filter(row::Column::Direction.eq(Direction::Out.key()))
            .filter(row::Column::Id.eq(id));
        update.exec(self.writer()).await.map(|_| ()).during("count a notification")
    }

    /// Says where a subscription stands and what went wrong, if anything.
    pub async fn note_subscription(
        &self,
        subscription: &Subscription,
        state: ExchangeState,
        error: Option<&str>,
    ) -> Result<(), StoreError> {
        let failures = match error {
            Some(_) => Expr::col(row::Column::Failures).add(1),
            None => Expr::value(0),
        };
        let update = row::Entity::update_many()
            .col_expr(row::Column::State, Expr::value(state.key()))
            .col_expr(row::Column::Failures, failures)
            .col_expr(row::Column::LastError, Expr::value(error))
            .filter(row::Column::Platform.eq(subscription.platform.as_str()))
            .filter(row::Column::Direction.eq(subscription.direction.key()))
            .filter(row::Column::Id.eq(subscription.id.as_str()));
        update.exec(self.writer()).await.map(|_| ()).during("note the state of a subscription")
    }

    /// Notes that the other platform confirmed a subscription of ours with this end and address. One that was taken back
    /// meanwhile stays so.
    pub async fn note_placed(&self, subscription: &Subscription) -> Result<(), StoreError> {
        let note = async {
            let tx = self.begin().await?;
            let of_this = || {
                row::Entity::update_many()
                    .filter(row::Column::Platform.eq(subscription.platform.as_str()))
                    .filter(row::Column::Direction.eq(subscription.direction.key()))
                    .filter(row::Column::Id.eq(subscription.id.as_str()))
            };
            of_this()
                .col_expr(row::Column::ReceiveAddr, Expr::value(subscription.receive_addr.as_str()))
                .col_expr(row::Column::EndAt, Expr::value(subscription.end_at.unix_ms()))
                .col_expr(row::Column::Failures, Expr::value(0))
                .col_expr(row::Column::LastError, Expr::value(None::<String>))
                .exec(&tx)
                .await?;
            of_this()
                .col_expr(row::Column::State, Expr::value(ExchangeState::InForce.key()))
                .filter(row::Column::State.eq(ExchangeState::Wanted.key()))
                .exec(&tx)
                .await?;
            tx.commit().await
        };
        note.await.during("note that a subscription was placed")
    }

    /// Forgets a subscription; `false` when there is none.
    pub async fn remove_subscription(
        &self,
        platform: &DeviceId,
        direction: Direction,
        id: &str,
    ) -> Result<bool, StoreError> {
        let removed = row::Entity::delete_by_id(key(platform, direction, id)).exec(self.writer()).await;
        removed.map(|result| result.rows_affected > 0).during("remove a subscription")
    }
}

fn key(platform: &DeviceId, direction: Direction, id: &str) -> (String, String, String) {
    (platform.to_string(), direction.key().to_owned(), id.to_owned())
}

fn row_of(subscription: &Subscription) -> row::Model {
    let resources: Vec<&str> = subscription.resources.iter().map(CheckpointId::as_str).collect();
    row::Model {
        platform: subscription.platform.to_string(),
        direction: subscription.direction.key().to_owned(),
        id: subscription.id.to_string(),
        title: subscription.title.to_string(),
        resources: resources.join(","),
        with_pictures: subscription.with_pictures,
        begin_at: subscription.begin_at.unix_ms(),
        end_at: subscription.end_at.unix_ms(),
        renew_days: subscription.renew_days.into(),
        receive_addr: subscription.receive_addr.to_string(),
        state: subscription.state.key().to_owned(),
        position: subscription.position as i64,
        notices: subscription.notices as i64,
        objects: subscription.objects as i64,
        failures: subscription.failures as i64,
        last_notice_at: subscription.last_notice_at.map(Timestamp::unix_ms),
        last_error: subscription.last_error.clone(),
        created_by: subscription.created_by.to_string(),
        created_at: subscription.created_at.unix_ms(),
    }
}

fn subscription_of(row: row::Model) -> Result<Subscription, DbErr> {
    Ok(Subscription {
        direction: Direction::parse(&row.direction).ok_or_else(|| damaged("subscription", &row.direction))?,
        state: ExchangeState::parse(&row.state).ok_or_else(|| damaged("subscription", &row.state))?,
        resources: row.resources.split(',').filter(|id| !id.is_empty()).map(CheckpointId::from).collect(),
        platform: DeviceId::from(row.platform.as_str()),
        id: row.id.into(),
        title: row.title.into(),
        with_pictures: row.with_pictures,
        begin_at: time_of(row.begin_at),
        end_at: time_of(row.end_at),
        renew_days: row.renew_days as u16,
        receive_addr: row.receive_addr.into(),
        position: row.position as u64,
        notices: row.notices as u64,
        objects: row.objects as u64,
        failures: row.failures as u64,
        last_notice_at: row.last_notice_at.map(time_of),
        last_error: row.last_error,
        created_by: row.created_by.into(),
        created_at: time_of(row.created_at),
    })
}
