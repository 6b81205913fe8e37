//! Cursors: named numbers that move in the same transaction as what they count.

use crate::error::{During, StoreError};
use crate::store::{Records, upsert};
use sea_orm::entity::prelude::*;
use sea_orm::{ConnectionTrait, DbErr, Set};

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "cursor")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub value: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The journal offset up to which outcomes are stored; moved by [`Records::commit_outcomes`].
pub const JUDGEMENT: &str = "judgement";
/// The journal offset up to which entries are in the history; moved by [`Records::commit_sealed`].
pub const HISTORY: &str = "history";
/// The last number given to a change of a warning.
pub(crate) const WARNING_SEQ: &str = "warning_seq";

impl Records {
    /// Where a cursor stands; `None` before it was first set.
    pub async fn cursor(&self, name: &str) -> Result<Option<u64>, StoreError> {
        get(self.reader(), name).await.during("read a cursor")
    }

    /// Moves a cursor that nothing else moves (never [`JUDGEMENT`] or [`HISTORY`]).
    pub async fn set_cursor(&self, name: &str, value: u64) -> Result<(), StoreError> {
        set(self.writer(), name, value).await.during("move a cursor")
    }
}

pub(crate) async fn get(db: &impl ConnectionTrait, name: &str) -> Result<Option<u64>, DbErr> {
    Ok(row::Entity::find_by_id(name).one(db).await?.map(|row| row.value as u64))
}

pub(crate) async fn set(db: &impl ConnectionTrait, name: &str, value: u64) -> Result<(), DbErr> {
    upsert(db, vec![row::ActiveModel { name: Set(name.to_owned()), value: Set(value as i64) }]).await
}
