//! Mappings by name: which column of another system's files is what. Their body is the business of who reads files.

use crate::error::{During, StoreError, damaged};
use crate::store::{Records, time_of, upsert};
use domain::Timestamp;
use sea_orm::entity::prelude::*;
use sea_orm::{DbErr, IntoActiveModel, QueryOrder};
use smol_str::SmolStr;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "mapping")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        /// The words of the head, as JSON.
        pub head: String,
        pub body: String,
        pub changed_by: String,
        pub changed_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A mapping that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingRecord {
    /// Its name.
    pub name: String,
    /// The head of the files that it is for, column by column.
    pub head: Vec<String>,
    /// The mapping, as JSON.
    pub body: String,
    /// Username of who changed it last.
    pub changed_by: SmolStr,
    /// When.
    pub changed_at: Timestamp,
}

impl Records {
    /// Keeps a mapping; one of the same name is replaced.
    pub async fn put_mapping(&self, mapping: &MappingRecord) -> Result<(), StoreError> {
        let put = async {
            let row = row::Model {
                name: mapping.name.clone(),
                head: serde_json::to_string(&mapping.head).map_err(|e| DbErr::Json(e.to_string()))?,
                body: mapping.body.clone(),
                changed_by: mapping.changed_by.to_string(),
                changed_at: mapping.changed_at.unix_ms(),
            };
            upsert(self.writer(), vec![row.into_active_model()]).await
        };
        put.await.during("keep a mapping")
    }

    /// Removes a mapping; `false` when there is none.
    pub async fn remove_mapping(&self, name: &str) -> Result<bool, StoreError> {
        let removed = row::Entity::delete_by_id(name).exec(self.writer()).await;
        removed.map(|removed| removed.rows_affected > 0).during("remove a mapping")
    }

    /// All mappings, the newest first; there are as many as other systems.
    pub async fn mappings(&self) -> Result<Vec<MappingRecord>, StoreError> {
        let newest = row::Entity::find().order_by_desc(row::Column::ChangedAt).all(self.reader()).await;
        newest.and_then(|rows| rows.into_iter().map(mapping_of).collect()).during("list mappings")
    }
}

fn mapping_of(row: row::Model) -> Result<MappingRecord, DbErr> {
    Ok(MappingRecord {
        head: serde_json::from_str(&row.head).map_err(|e| damaged("mapping", e))?,
        name: row.name,
        body: row.body,
        changed_by: row.changed_by.into(),
        changed_at: time_of(row.changed_at),
    })
}
