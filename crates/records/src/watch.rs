//! Watch orders (布控) with who ordered and who withdrew. Every change also goes to the journal, through the outbox.

use crate::error::{During, StoreError, damaged};
use crate::outbox;
use crate::page::{Page, Put, Window};
use crate::store::{KEYS_PER_QUERY, Records, class_of, contains, plate_code, plate_of, time_of, upsert};
use crate::warning::{self, level_of};
use domain::{ReferenceChange, Timestamp, WatchOrder, WatchOrderId};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{Condition, DbErr, IntoActiveModel, QueryOrder, QuerySelect};
use smol_str::SmolStr;
use std::collections::BTreeMap;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "watch_order")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub plate_code: i64,
        pub plate: String,
        pub plate_class: Option<i32>,
        pub reason: String,
        pub legal_basis: String,
        pub level: i32,
        pub from_at: i64,
        pub until_at: i64,
        pub created_by: String,
        pub created_at: i64,
        pub withdrawn_by: Option<String>,
        pub withdrawn_at: Option<i64>,
        pub withdraw_reason: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A watch order and its paper trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchRecord {
    /// What judgement needs; its `until` is the moment of withdrawal once it is withdrawn.
    pub order: WatchOrder,
    /// The law or document that it rests on.
    pub legal_basis: SmolStr,
    /// Username of who ordered it.
    pub created_by: SmolStr,
    /// When.
    pub created_at: Timestamp,
    /// How it was withdrawn, if so.
    pub withdrawal: Option<Withdrawal>,
}

/// How a watch order was withdrawn (撤控).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// Username.
    pub by: SmolStr,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: SmolStr,
}

/// Where an order stands; follows from its times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchState {
    /// Begins later.
    Upcoming,
    /// Sightings count.
    InForce,
    /// Its time is over.
    Ended,
    /// Taken back.
    Withdrawn,
}

impl WatchState {
    /// The word used in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Upcoming => "upcoming",
            Self::InForce => "in_force",
            Self::Ended => "ended",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state of a key.
    pub fn parse(key: &str) -> Option<Self> {
        [Self::Upcoming, Self::InForce, Self::Ended, Self::Withdrawn]
            .into_iter()
            .find(|state| state.key() == key)
    }
}

impl WatchRecord {
    /// Where the order stands at `now`.
    pub fn state(&self, now: Timestamp) -> WatchState {
        if self.withdrawal.is_some() {
            WatchState::Withdrawn
        } else if self.order.until <= now {
            WatchState::Ended
        } else if now < self.order.from {
            WatchState::Upcoming
        } else {
            WatchState::InForce
        }
    }
}

/// Which watch orders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchFilter {
    /// In this state at this time.
    pub state: Option<(WatchState, Timestamp)>,
    /// Part of the plate, id or reason.
    pub q: Option<String>,
}

/// Why a watch order was not withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawError {
    /// There is none with this id.
    #[error("no such watch order")]
    NotFound,
    /// Somebody did already.
    #[error("withdrawn by {by} already")]
    Withdrawn {
        /// Username.
        by: SmolStr,
        /// When.
        at: Timestamp,
    },
    /// Technical failure.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Records {
    /// Stores watch orders, new or changed, in one transaction; answers what became of each, in order.
    pub async fn put_watch_orders(&self, orders: &[WatchRecord]) -> Result<Vec<Put>, StoreError> {
        self.put_watch_rows(orders).await.during("store watch orders")
    }

    async fn put_watch_rows(&self, orders: &[WatchRecord]) -> Result<Vec<Put>, DbErr> {
        let tx = self.begin().await?;
        let mut known = BTreeMap::new();
        for orders in orders.chunks(KEYS_PER_QUERY) {
            let ids = orders.iter().map(|record| record.order.id.as_str());
            let rows = row::Entity::find().filter(row::Column::Id.is_in(ids)).all(&tx).await?;
            known.extend(rows.into_iter().map(|row| (row.id.clone(), row)));
        }
        let mut puts = Vec::with_capacity(orders.len());
        let mut changes = Vec::new();
        let mut changed = BTreeMap::new();
        for record in orders {
            let row = row_of(record);
            let put = match known.get(&row.id) {
                None => Put::Inserted,
                Some(old) if *old == row => Put::Unchanged,
                Some(_) => Put::Updated,
            };
            if put != Put::Unchanged {
                known.insert(row.id.clone(), row.clone());
                changed.insert(row.id.clone(), row.into_active_model());
                changes.push(ReferenceChange::WatchOrder(record.order.clone()));
            }
            puts.push(put);
        }
        upsert(&tx, changed.into_values().collect()).await?;
        outbox::post(&tx, &changes).await?;
        tx.commit().await?;
        Ok(puts)
    }

    /// Withdraws an order: sightings count until now, no longer.
    pub async fn withdraw_watch_order(
        &self,
        id: &WatchOrderId,
        withdrawal: Withdrawal,
    ) -> Result<WatchRecord, WithdrawError> {
        const OPERATION: &str = "withdraw a watch order";
        let tx = self.begin().await.during(OPERATION)?;
        let found = row::Entity::find_by_id(id.as_str()).one(&tx).await.during(OPERATION)?;
        let mut record = watch_of(found.ok_or(WithdrawError::NotFound)?).during(OPERATION)?;
        if let Some(Withdrawal { by, at, .. }) = record.withdrawal {
            return Err(WithdrawError::Withdrawn { by, at });
        }
        record.order.until = record.order.until.min(withdrawal.at);
        record.withdrawal = Some(withdrawal);
        let write = async {
            upsert(&tx, vec![row_of(&record).into_active_model()]).await?;
            outbox::post(&tx, &[ReferenceChange::WatchOrder(record.order.clone())]).await?;
            tx.commit().await
        };
        write.await.during(OPERATION)?;
        Ok(record)
    }

    /// One watch order.
    pub async fn watch_order(&self, id: &WatchOrderId) -> Result<Option<WatchRecord>, StoreError> {
        let row = row::Entity::find_by_id(id.as_str()).one(self.reader()).await;
        row.and_then(|row| row.map(watch_of).transpose()).during("read a watch order")
    }

    /// Watch orders, newest first.
    pub async fn watch_orders(
        &self,
        filter: &WatchFilter,
        window: Window,
    ) -> Result<Page<WatchRecord>, StoreError> {
        let list = async {
            let found = row::Entity::find().filter(condition(filter));
            let total = found.clone().count(self.reader()).await?;
            let found = found.order_by_desc(row::Column::CreatedAt).order_by_desc(row::Column::Id);
            let rows = found.offset(window.offset).limit(window.limit()).all(self.reader()).await?;
            let items = rows.into_iter().map(watch_of).collect::<Result<_, _>>()?;
            Ok(Page { items, total })
        };
        list.await.during("list watch orders")
    }

    /// How many warnings, not counting withdrawn ones, each of these orders led to; orders without any are left out.
    pub async fn watch_order_hits(
        &self,
        ids: &[WatchOrderId],
    ) -> Result<BTreeMap<WatchOrderId, u64>, StoreError> {
        let count = async {
            let mut hits = BTreeMap::new();
            for ids in ids.chunks(KEYS_PER_QUERY) {
                let counted: Vec<(String, i64)> = warning::row::Entity::find()
                    .select_only()
                    .column(warning::row::Column::WatchOrder)
                    .column_as(warning::row::Column::Id.count(), "hits")
                    .filter(warning::row::Column::WatchOrder.is_in(ids.iter().map(WatchOrderId::as_str)))
                    .filter(warning::row::Column::State.ne(warning::WarningState::Withdrawn.key()))
                    .group_by(warning::row::Column::WatchOrder)
                    .into_tuple()
                    .all(self.reader())
                    .await?;
                hits.extend(counted.into_iter().map(|(id, n)| (WatchOrderId::from(id.as_str()), n as u64)));
            }
            Ok(hits)
        };
        count.await.during("count the hits of watch orders")
    }
}

/// Stores an order that takes effect, in the transaction that decides it.
pub(crate) async fn put(
    db: &impl ConnectionTrait,
    order: WatchOrder,
    legal_basis: &str,
    by: &str,
    at: Timestamp,
) -> Result<(), DbErr> {
    let record = WatchRecord {
        legal_basis: legal_basis.into(),
        created_by: by.into(),
        created_at: at,
        withdrawal: None,
        order,
    };
    upsert(db, vec![row_of(&record).into_active_model()]).await?;
    outbox::post(db, &[ReferenceChange::WatchOrder(record.order)]).await
}

/// Ends an order, in the transaction that decides it: sightings count until now, no longer.
pub(crate) async fn end(
    db: &impl ConnectionTrait,
    id: &WatchOrderId,
    reason: &str,
    by: &str,
    at: Timestamp,
) -> Result<(), DbErr> {
    let Some(row) = row::Entity::find_by_id(id.as_str()).one(db).await? else { return Ok(()) };
    let mut record = watch_of(row)?;
    if record.withdrawal.is_none() {
        record.order.until = record.order.until.min(at);
        record.withdrawal = Some(Withdrawal { by: by.into(), at, reason: reason.into() });
        upsert(db, vec![row_of(&record).into_active_model()]).await?;
        outbox::post(db, &[ReferenceChange::WatchOrder(record.order)]).await?;
    }
    Ok(())
}

fn condition(filter: &WatchFilter) -> Condition {
    use row::Column::{FromAt, Id, Plate, Reason, UntilAt, WithdrawnAt};
    let mut all = Condition::all();
    if let Some((state, now)) = filter.state {
        let now = now.unix_ms();
        all = match state {
            WatchState::Withdrawn => all.add(WithdrawnAt.is_not_null()),
            WatchState::Ended => all.add(WithdrawnAt.is_null()).add(UntilAt.lte(now)),
            WatchState::Upcoming => all.add(WithdrawnAt.is_null()).add(UntilAt.gt(now)).add(FromAt.gt(now)),
            WatchState::InForce => all.add(WithdrawnAt.is_null()).add(UntilAt.gt(now)).add(FromAt.lte(now)),
        };
    }
    if let Some(q) = &filter.q {
        let any = [Plate, Id, Reason].map(|column| Expr::col(column).like(contains(q)));
        all = all.add(any.into_iter().fold(Condition::any(), Condition::add));
    }
    all
}

fn row_of(record: &WatchRecord) -> row::Model {
    let WatchRecord { order, legal_basis, created_by, created_at, withdrawal } = record;
    row::Model {
        id: order.id.to_string(),
        plate_code: plate_code(order.plate),
        plate: order.plate.to_string(),
        plate_class: order.class.map(|class| class.0.into()),
        reason: order.reason.to_string(),
        legal_basis: legal_basis.to_string(),
        level: warning::level_code(order.level),
        from_at: order.from.unix_ms(),
        until_at: order.until.unix_ms(),
        created_by: created_by.to_string(),
        created_at: created_at.unix_ms(),
        withdrawn_by: withdrawal.as_ref().map(|w| w.by.to_string()),
        withdrawn_at: withdrawal.as_ref().map(|w| w.at.unix_ms()),
        withdraw_reason: withdrawal.as_ref().map(|w| w.reason.to_string()),
    }
}

fn watch_of(row: row::Model) -> Result<WatchRecord, DbErr> {
    let withdrawal = match (row.withdrawn_by, row.withdrawn_at, row.withdraw_reason) {
        (None, None, None) => None,
        (Some(by), Some(at), Some(reason)) => {
            Some(Withdrawal { by: by.into(), at: time_of(at), reason: reason.into() })
        }
        _ => return Err(damaged("watch_order", "half a withdrawal")),
    };
    let order = WatchOrder {
        id: WatchOrderId::from(row.id.as_str()),
        plate: plate_of(row.plate_code)?,
        class: row.plate_class.map(class_of).transpose()?,
        reason: row.reason.into(),
        level: level_of(row.level)?,
        from: time_of(row.from_at),
        until: time_of(row.until_at),
    };
    Ok(WatchRecord {
        order,
        legal_basis: row.legal_basis.into(),
        created_by: row.created_by.into(),
        created_at: time_of(row.created_at),
        withdrawal,
    })
}
