//! Attachments (照片、文书) of cases: what they are and who added them. The bytes lie in files beside the database, named by their
//! SHA-256, so that the same picture sent twice is one.

use crate::error::{During, StoreError};
use crate::store::{Records, time_of, upsert};
use domain::case::AttachmentId;
use domain::{Timestamp, Wgs84};
use sea_orm::Set;
use sea_orm::entity::prelude::*;
use smol_str::SmolStr;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "attachment")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub media_type: String,
        pub bytes_len: i64,
        pub name: String,
        pub uploaded_by: String,
        pub uploaded_at: i64,
        pub taken_at: Option<i64>,
        pub lon: Option<f64>,
        pub lat: Option<f64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What an attachment is.
#[derive(Clone, Debug, PartialEq)]
pub struct AttachmentRecord {
    /// SHA-256 of its bytes.
    pub id: AttachmentId,
    /// `image/jpeg`.
    pub media_type: SmolStr,
    /// Length.
    pub bytes_len: u64,
    /// As its file was called.
    pub name: SmolStr,
    /// Who added it.
    pub uploaded_by: SmolStr,
    /// When.
    pub uploaded_at: Timestamp,
    /// When it was taken, as the phone says.
    pub taken_at: Option<Timestamp>,
    /// Where it was taken, as the phone says.
    pub location: Option<Wgs84>,
}

impl Records {
    /// Stores what an attachment is; one that is there stays as it was first added.
    pub async fn put_attachment(&self, record: &AttachmentRecord) -> Result<(), StoreError> {
        if self.attachment(&record.id).await?.is_some() {
            return Ok(());
        }
        let row = row::ActiveModel {
            id: Set(record.id.0.to_string()),
            media_type: Set(record.media_type.to_string()),
            bytes_len: Set(record.bytes_len as i64),
            name: Set(record.name.to_string()),
            uploaded_by: Set(record.uploaded_by.to_string()),
            uploaded_at: Set(record.uploaded_at.unix_ms()),
            taken_at: Set(record.taken_at.map(Timestamp::unix_ms)),
            lon: Set(record.location.map(Wgs84::lon_deg)),
            lat: Set(record.location.map(Wgs84::lat_deg)),
        };
        upsert(self.writer(), vec![row]).await.during("store an attachment")
    }

    /// What an attachment is.
    pub async fn attachment(&self, id: &AttachmentId) -> Result<Option<AttachmentRecord>, StoreError> {
        let row = row::Entity::find_by_id(id.0.as_str()).one(self.reader()).await;
        let record = |row: row::Model| AttachmentRecord {
            id: AttachmentId(row.id.into()),
            media_type: row.media_type.into(),
            bytes_len: row.bytes_len as u64,
            name: row.name.into(),
            uploaded_by: row.uploaded_by.into(),
            uploaded_at: time_of(row.uploaded_at),
            taken_at: row.taken_at.map(time_of),
            location: row.lon.zip(row.lat).and_then(|(lon, lat)| Wgs84::new(lon, lat)),
        };
        row.map(|row| row.map(record)).during("read an attachment")
    }
}
