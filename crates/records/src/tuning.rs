//! Tunings (参数调整) of models, each with all its versions: who changed what, when and why. Every change also goes to
//! the journal, through the outbox.

use crate::error::{During, StoreError, damaged};
use crate::outbox;
use crate::store::{Records, insert, narrow, time_of};
use domain::{ModelId, ReferenceChange, Timestamp, Tuning};
use sea_orm::entity::prelude::*;
use sea_orm::{ConnectionTrait, DbErr, IntoActiveModel, QueryOrder};
use smol_str::SmolStr;
use std::collections::BTreeMap;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "tuning_version")]
    #[expect(clippy::struct_field_names, reason = "the model that is tuned, not SeaORM's")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub version: i32,
        pub model: String,
        /// [`domain::Tuning`] as JSON; of a removal, what was removed.
        pub body: String,
        pub is_removed: bool,
        pub author: String,
        pub at: i64,
        pub reason: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// One version of a tuning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TuningRecord {
    /// The tuning from then on; of a removal, what was removed.
    pub tuning: Tuning,
    /// Whether it was removed with this version.
    pub is_removed: bool,
    /// Username.
    pub author: SmolStr,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: SmolStr,
}

/// Why a tuning was not changed.
#[derive(Debug, thiserror::Error)]
pub enum TuningError {
    /// There is none with this id.
    #[error("no such tuning")]
    NotFound,
    /// It changed since it was looked at.
    #[error("changed since by {by}, now version {version}")]
    Changed {
        /// Username.
        by: SmolStr,
        /// The version it has now.
        version: u16,
    },
    /// Technical failure.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Records {
    /// Stores the first version of a new tuning.
    pub async fn add_tuning(&self, record: &TuningRecord) -> Result<(), StoreError> {
        self.write_tuning(record, None).await.during("store a tuning")
    }

    /// Stores the next version of a tuning, whose number is one above the one that was seen; a removal when the record
    /// says so.
    pub async fn change_tuning(&self, record: &TuningRecord) -> Result<(), TuningError> {
        const OPERATION: &str = "change a tuning";
        let tx = self.begin().await.during(OPERATION)?;
        let found = row::Entity::find().filter(row::Column::Id.eq(record.tuning.id.as_str()));
        let found = found.order_by_desc(row::Column::Version).one(&tx).await.during(OPERATION)?;
        let newest = found.filter(|row| !row.is_removed && row.model == record.tuning.model.key());
        let newest = newest.ok_or(TuningError::NotFound)?;
        if newest.version + 1 != i32::from(record.tuning.version) {
            let version = narrow("tuning_version", newest.version).during(OPERATION)?;
            return Err(TuningError::Changed { by: newest.author.into(), version });
        }
        Ok(self.write_tuning(record, Some(tx)).await.during(OPERATION)?)
    }

    async fn write_tuning(
        &self,
        record: &TuningRecord,
        tx: Option<sea_orm::DatabaseTransaction>,
    ) -> Result<(), DbErr> {
        let tx = match tx {
            Some(tx) => tx,
            None => self.begin().await?,
        };
        insert(&tx, vec![row_of(record)?.into_active_model()]).await?;
        let change = if record.is_removed {
            ReferenceChange::TuningRemoved(record.tuning.id.clone())
        } else {
            ReferenceChange::Tuning(record.tuning.clone())
        };
        outbox::post(&tx, &[change]).await?;
        tx.commit().await
    }

    /// All versions of all tunings of a model, newest first.
    pub async fn tuning_history(&self, model: ModelId) -> Result<Vec<TuningRecord>, StoreError> {
        let rows = row::Entity::find()
            .filter(row::Column::Model.eq(model.key()))
            .order_by_desc(row::Column::At)
            .order_by_desc(row::Column::Version)
            .order_by_asc(row::Column::Id)
            .all(self.reader())
            .await;
        rows.and_then(|rows| rows.into_iter().map(tuning_of).collect()).during("read the tunings of a model")
    }

    /// The tunings that hold, of all models, by id.
    pub async fn all_tunings(&self) -> Result<Vec<TuningRecord>, StoreError> {
        current(self.reader()).await.during("list tunings")
    }
}

/// The newest version of each tuning that is not removed.
pub(crate) async fn current(db: &impl ConnectionTrait) -> Result<Vec<TuningRecord>, DbErr> {
    let rows = row::Entity::find().order_by_asc(row::Column::Version).all(db).await?;
    let newest: BTreeMap<String, row::Model> = rows.into_iter().map(|row| (row.id.clone(), row)).collect();
    newest.into_values().filter(|row| !row.is_removed).map(tuning_of).collect()
}

fn row_of(record: &TuningRecord) -> Result<row::Model, DbErr> {
    Ok(row::Model {
        id: record.tuning.id.to_string(),
        version: record.tuning.version.into(),
        model: record.tuning.model.key().to_owned(),
        body: serde_json::to_string(&record.tuning).map_err(|e| DbErr::Json(e.to_string()))?,
        is_removed: record.is_removed,
        author: record.author.to_string(),
        at: record.at.unix_ms(),
        reason: record.reason.to_string(),
    })
}

fn tuning_of(row: row::Model) -> Result<TuningRecord, DbErr> {
    Ok(TuningRecord {
        tuning: serde_json::from_str(&row.body).map_err(|e| damaged("tuning_version", e))?,
        is_removed: row.is_removed,
        author: row.author.into(),
        at: time_of(row.at),
        reason: row.reason.into(),
    })
}
