//! Zones (区域). Every change also goes to the journal, through the outbox.

use crate::error::{During, StoreError, damaged};
use crate::outbox;
use crate::page::Put;
use crate::store::{Records, time_of, upsert};
use domain::{ReferenceChange, Timestamp, Zone, ZoneId};
use sea_orm::entity::prelude::*;
use sea_orm::{DbErr, IntoActiveModel, QueryOrder};
use smol_str::SmolStr;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "zone")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub name: String,
        /// [`domain::Zone`] as JSON.
        pub body: String,
        pub changed_by: String,
        pub changed_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A zone and who drew it.
#[derive(Clone, Debug, PartialEq)]
pub struct ZoneRecord {
    /// The zone.
    pub zone: Zone,
    /// Username of who changed it last.
    pub changed_by: SmolStr,
    /// When.
    pub changed_at: Timestamp,
}

impl Records {
    /// Stores a zone, new or changed.
    pub async fn put_zone(&self, zone: &Zone, by: &str, now: Timestamp) -> Result<Put, StoreError> {
        let put = async {
            let body = serde_json::to_string(zone).map_err(|e| DbErr::Json(e.to_string()))?;
            let tx = self.begin().await?;
            let put = match row::Entity::find_by_id(zone.id.as_str()).one(&tx).await? {
                None => Put::Inserted,
                Some(old) if old.body == body => return Ok(Put::Unchanged),
                Some(_) => Put::Updated,
            };
            let row = row::Model {
                id: zone.id.to_string(),
                name: zone.name.to_string(),
                body,
                changed_by: by.to_owned(),
                changed_at: now.unix_ms(),
            };
            upsert(&tx, vec![row.into_active_model()]).await?;
            outbox::post(&tx, &[ReferenceChange::Zone(zone.clone())]).await?;
            tx.commit().await?;
            Ok(put)
        };
        put.await.during("store a zone")
    }

    /// Removes a zone; `false` when there is none.
    pub async fn remove_zone(&self, id: &ZoneId) -> Result<bool, StoreError> {
        let remove = async {
            let tx = self.begin().await?;
            let is_gone = row::Entity::delete_by_id(id.as_str()).exec(&tx).await?.rows_affected > 0;
            if is_gone {
                outbox::post(&tx, &[ReferenceChange::ZoneRemoved(id.clone())]).await?;
            }
            tx.commit().await?;
            Ok(is_gone)
        };
        remove.await.during("remove a zone")
    }

    /// All zones by id; a county has some dozens.
    pub async fn all_zones(&self) -> Result<Vec<ZoneRecord>, StoreError> {
        let rows = row::Entity::find().order_by_asc(row::Column::Id).all(self.reader()).await;
        rows.and_then(|rows| rows.into_iter().map(zone_of).collect()).during("list zones")
    }
}

fn zone_of(row: row::Model) -> Result<ZoneRecord, DbErr> {
    Ok(ZoneRecord {
        zone: serde_json::from_str(&row.body).map_err(|e| damaged("zone", e))?,
        changed_by: row.changed_by.into(),
        changed_at: time_of(row.changed_at),
    })
}
