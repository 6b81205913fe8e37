//! Settings: small values under a name, changed at run time.

use crate::error::{During, StoreError, damaged};
use crate::store::{Records, upsert};
use domain::Timestamp;
use sea_orm::entity::prelude::*;
use sea_orm::{DbErr, Set};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "setting")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub key: String,
        pub value: String,
        pub updated_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Records {
    /// Stores a setting as JSON.
    pub async fn put_setting<T: Serialize + Sync>(
        &self,
        key: &str,
        value: &T,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let write = async {
            let value = serde_json::to_string(value).map_err(|e| DbErr::Json(e.to_string()))?;
            let row = row::ActiveModel {
                key: Set(key.to_owned()),
                value: Set(value),
                updated_at: Set(now.unix_ms()),
            };
            upsert(self.writer(), vec![row]).await
        };
        write.await.during("store a setting")
    }

    /// A setting; `None` when it was never stored. One of another shape than `T` counts as damaged.
    pub async fn setting<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let read = async {
            let row = row::Entity::find_by_id(key).one(self.reader()).await?;
            row.map(|row| serde_json::from_str(&row.value).map_err(|e| damaged("setting", e))).transpose()
        };
        read.await.during("read a setting")
    }
}
