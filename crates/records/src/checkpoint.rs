//! Checkpoints (卡口). Every change also goes to the journal, through the outbox.

use crate::error::{During, StoreError, damaged};
use crate::outbox;
use crate::page::{Page, Put, Window};
use crate::store::{Records, contains, narrow, upsert};
use domain::{Checkpoint, CheckpointId, ReferenceChange, Theatre, UnitId, Wgs84};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{Condition, DbErr, IntoActiveModel, QueryOrder, QuerySelect};
use std::collections::BTreeMap;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "checkpoint")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub name: String,
        pub theatre: String,
        pub lon: f64,
        pub lat: f64,
        pub road: String,
        pub chainage_m: Option<i64>,
        pub direction: String,
        pub lane_count: i32,
        pub limit_kmh: Option<i32>,
        pub limit_large_kmh: Option<i32>,
        pub one_way: Option<i32>,
        /// Whose it is: the desk at which its warnings lie. Nothing that is judged by, so not part of the checkpoint.
        pub unit_id: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Which checkpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckpointFilter {
    /// Part of the id, name or road.
    pub q: Option<String>,
    /// Of this theatre.
    pub theatre: Option<Theatre>,
}

impl Records {
    /// Stores checkpoints, new or changed, in one transaction; answers what became of each, in order.
    pub async fn put_checkpoints(&self, checkpoints: &[Checkpoint]) -> Result<Vec<Put>, StoreError> {
        self.put_checkpoint_rows(checkpoints).await.during("store checkpoints")
    }

    async fn put_checkpoint_rows(&self, checkpoints: &[Checkpoint]) -> Result<Vec<Put>, DbErr> {
        let tx = self.begin().await?;
        let stored = row::Entity::find().all(&tx).await?;
        let mut known: BTreeMap<String, row::Model> =
            stored.into_iter().map(|row| (row.id.clone(), row)).collect();
        let mut puts = Vec::with_capacity(checkpoints.len());
        let mut changes = Vec::new();
        for checkpoint in checkpoints {
            let mut row = row_of(checkpoint);
            row.unit_id = known.get(&row.id).and_then(|old| old.unit_id);
            let put = match known.get(&row.id) {
                None => Put::Inserted,
                Some(old) if *old == row => Put::Unchanged,
                Some(_) => Put::Updated,
            };
            if put != Put::Unchanged {
                upsert(&tx, vec![row.clone().into_active_model()]).await?;
                known.insert(row.id.clone(), row);
                changes.push(ReferenceChange::Checkpoint(checkpoint.clone()));
            }
            puts.push(put);
        }
        outbox::post(&tx, &changes).await?;
        tx.commit().await?;
        Ok(puts)
    }

    /// Removes a checkpoint; `false` when there is none.
    pub async fn remove_checkpoint(&self, id: &CheckpointId) -> Result<bool, StoreError> {
        let remove = async {
            let tx = self.begin().await?;
            let is_gone = row::Entity::delete_by_id(id.as_str()).exec(&tx).await?.rows_affected > 0;
            if is_gone {
                outbox::post(&tx, &[ReferenceChange::CheckpointRemoved(id.clone())]).await?;
            }
            tx.commit().await?;
            Ok(is_gone)
        };
        remove.await.during("remove a checkpoint")
    }

    /// Says whose checkpoints are; those that are not there are passed over.
    pub async fn assign_checkpoints(
        &self,
        owners: &[(CheckpointId, Option<UnitId>)],
    ) -> Result<(), StoreError> {
        let assign = async {
            let tx = self.begin().await?;
            for (id, unit) in owners {
                row::Entity::update_many()
                    .col_expr(row::Column::UnitId, Expr::value(unit.map(|unit| unit.0)))
                    .filter(row::Column::Id.eq(id.as_str()))
                    .exec(&tx)
                    .await?;
            }
            tx.commit().await
        };
        assign.await.during("assign checkpoints")
    }

    /// Whose checkpoints are, of those that are somebody's.
    pub async fn checkpoint_units(&self) -> Result<BTreeMap<CheckpointId, UnitId>, StoreError> {
        let found = row::Entity::find().filter(row::Column::UnitId.is_not_null()).all(self.reader()).await;
        let owner = |row: row::Model| Some((CheckpointId::from(row.id.as_str()), UnitId(row.unit_id?)));
        found.map(|rows| rows.into_iter().filter_map(owner).collect()).during("read whose checkpoints are")
    }

    /// One checkpoint.
    pub async fn checkpoint(&self, id: &CheckpointId) -> Result<Option<Checkpoint>, StoreError> {
        let row = row::Entity::find_by_id(id.as_str()).one(self.reader()).await;
        row.and_then(|row| row.map(checkpoint_of).transpose()).during("read a checkpoint")
    }

    /// Checkpoints by id.
    pub async fn checkpoints(
        &self,
        filter: &CheckpointFilter,
        window: Window,
    ) -> Result<Page<Checkpoint>, StoreError> {
        let list = async {
            let found = row::Entity::find().filter(condition(filter));
            let total = found.clone().count(self.reader()).await?;
            let found = found.order_by_asc(row::Column::Id).offset(window.offset).limit(window.limit());
            let items =
                found.all(self.reader()).await?.into_iter().map(checkpoint_of).collect::<Result<_, _>>()?;
            Ok(Page { items, total })
        };
        list.await.during("list checkpoints")
    }

    /// All checkpoints by id; a county has some hundreds.
    pub async fn all_checkpoints(&self) -> Result<Vec<Checkpoint>, StoreError> {
        let rows = row::Entity::find().order_by_asc(row::Column::Id).all(self.reader()).await;
        rows.and_then(|rows| rows.into_iter().map(checkpoint_of).collect()).during("list checkpoints")
    }
}

fn condition(filter: &CheckpointFilter) -> Condition {
    use row::Column::{Id, Name, Road, Theatre};
    let mut all = Condition::all();
    if let Some(q) = &filter.q {
        let any = [Id, Name, Road].map(|column| Expr::col(column).like(contains(q)));
        all = all.add(any.into_iter().fold(Condition::any(), Condition::add));
    }
    all.add_option(filter.theatre.map(|theatre| Theatre.eq(theatre.key())))
}

fn row_of(checkpoint: &Checkpoint) -> row::Model {
    row::Model {
        id: checkpoint.id.to_string(),
        name: checkpoint.name.to_string(),
        theatre: checkpoint.theatre.key().to_owned(),
        lon: checkpoint.location.lon_deg(),
        lat: checkpoint.location.lat_deg(),
        road: checkpoint.road.to_string(),
        chainage_m: checkpoint.chainage_m.map(i64::from),
        direction: checkpoint.direction.to_string(),
        lane_count: checkpoint.lane_count.into(),
        limit_kmh: checkpoint.limit_kmh.map(i32::from),
        limit_large_kmh: checkpoint.limit_large_kmh.map(i32::from),
        one_way: checkpoint.one_way.map(i32::from),
        unit_id: None,
    }
}

fn checkpoint_of(row: row::Model) -> Result<Checkpoint, DbErr> {
    const TABLE: &str = "checkpoint";
    Ok(Checkpoint {
        id: CheckpointId::from(row.id.as_str()),
        name: row.name.into(),
        theatre: Theatre::parse(&row.theatre).ok_or_else(|| damaged(TABLE, &row.theatre))?,
        location: Wgs84::new(row.lon, row.lat).ok_or_else(|| damaged(TABLE, "location"))?,
        road: row.road.into(),
        chainage_m: row.chainage_m.map(|m| narrow(TABLE, m)).transpose()?,
        direction: row.direction.into(),
        lane_count: narrow(TABLE, row.lane_count)?,
        limit_kmh: row.limit_kmh.map(|kmh| narrow(TABLE, kmh)).transpose()?,
        limit_large_kmh: row.limit_large_kmh.map(|kmh| narrow(TABLE, kmh)).transpose()?,
        one_way: row.one_way.map(|code| narrow(TABLE, code)).transpose()?,
    })
}
