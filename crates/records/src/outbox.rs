//! The way of reference changes into the journal. Records and journal are two files that no transaction spans, so the
//! transaction that changes a row also stores the change here; whoever owns the journal appends what is pending, in
//! order, and then says so. A crash between the two appends a change twice, which the fold over the journal absorbs.

use crate::error::{During, StoreError, damaged};
use crate::store::{Records, insert};
use domain::ReferenceChange;
use sea_orm::entity::prelude::*;
use sea_orm::{ConnectionTrait, DbErr, NotSet, QueryOrder, QuerySelect, Set};

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "reference_outbox")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub change: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A change that is stored and not yet known to be in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingChange {
    /// Its place in the order of changes; grows, never used twice.
    pub id: i64,
    /// The change, as stored.
    pub change: ReferenceChange,
}

/// Stores changes for the journal, in the transaction that makes them.
pub(crate) async fn post(db: &impl ConnectionTrait, changes: &[ReferenceChange]) -> Result<(), DbErr> {
    let mut rows = Vec::with_capacity(changes.len());
    for change in changes {
        let change = serde_json::to_string(change).map_err(|e| DbErr::Json(e.to_string()))?;
        rows.push(row::ActiveModel { id: NotSet, change: Set(change) });
    }
    insert(db, rows).await
}

impl Records {
    /// The first `limit` changes that are not yet in the journal, in the order in which they were made.
    pub async fn outbox_pending(&self, limit: u64) -> Result<Vec<PendingChange>, StoreError> {
        let rows = row::Entity::find().order_by_asc(row::Column::Id).limit(limit).all(self.reader()).await;
        rows.and_then(|rows| rows.iter().map(pending_of).collect()).during("read the reference outbox")
    }

    /// Forgets the changes up to and including `up_to_id`: they are durable in the journal.
    pub async fn outbox_done(&self, up_to_id: i64) -> Result<(), StoreError> {
        row::Entity::delete_many()
            .filter(row::Column::Id.lte(up_to_id))
            .exec(self.writer())
            .await
            .map(|_| ())
            .during("mark reference changes as appended")
    }
}

fn pending_of(row: &row::Model) -> Result<PendingChange, DbErr> {
    let change = serde_json::from_str(&row.change).map_err(|e| damaged("reference_outbox", e))?;
    Ok(PendingChange { id: row.id, change })
}
