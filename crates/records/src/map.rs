//! Layers of the map: GeoJSON texts that the page draws when there is no internet.

use crate::error::{During, StoreError};
use crate::session::hex;
use crate::store::{Records, time_of, upsert};
use domain::Timestamp;
use sea_orm::Set;
use sea_orm::entity::prelude::*;
use sha2::{Digest, Sha256};

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "map_layer")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub body: String,
        pub etag: String,
        pub updated_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Which layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LayerName {
    /// Roads as lines.
    Roads,
    /// Places as points, and the county's boundary.
    Places,
}

impl LayerName {
    /// The word used in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Roads => "roads",
            Self::Places => "places",
        }
    }
}

/// A layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// GeoJSON (RFC 7946), as it was given.
    pub geojson: String,
    /// Changes with the text: the first 32 hexadecimal digits of its SHA-256, without quotes.
    pub etag: String,
    /// When it was last stored.
    pub updated_at: Timestamp,
}

impl Records {
    /// Stores a layer in place of the old one; gives its new etag.
    pub async fn put_layer(
        &self,
        name: LayerName,
        geojson: String,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        let mut etag = hex(&Sha256::digest(geojson.as_bytes()));
        etag.truncate(32);
        let row = row::ActiveModel {
            name: Set(name.key().to_owned()),
            body: Set(geojson),
            etag: Set(etag.clone()),
            updated_at: Set(now.unix_ms()),
        };
        upsert(self.writer(), vec![row]).await.during("store a map layer")?;
        Ok(etag)
    }

    /// A layer; `None` before it was first stored.
    pub async fn layer(&self, name: LayerName) -> Result<Option<Layer>, StoreError> {
        let row = row::Entity::find_by_id(name.key()).one(self.reader()).await.during("read a map layer")?;
        Ok(row.map(|row| Layer { geojson: row.body, etag: row.etag, updated_at: time_of(row.updated_at) }))
    }
}
