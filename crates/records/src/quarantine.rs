//! Quarantine: what devices sent and nobody could read, kept to look at. Bounded, so that a broken device can't fill
//! the disk: the newest [`QUARANTINE_ROWS_MAX`] rows and [`QUARANTINE_BYTES_MAX`] bytes stay.

use crate::error::{During, StoreError, damaged};
use crate::page::{Page, Window};
use crate::store::{Records, insert, time_of};
use domain::{DeviceId, DeviceKind, Timestamp};
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, ConnectionTrait, DbErr, NotSet, QueryOrder, QuerySelect, Set};
use smol_str::SmolStr;
use std::collections::BTreeMap;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "quarantine")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub at: i64,
        pub source: String,
        pub device_id: Option<String>,
        pub address: String,
        pub reason: String,
        pub detail: String,
        /// Bytes that came; `bytes` may hold fewer.
        pub bytes_len: i64,
        /// Bytes ever kept, up to and with this row: the difference of two rows is what lies between them, so the
        /// bound on bytes needs no sum.
        pub bytes_end: i64,
        pub bytes: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Most rows that are kept.
pub const QUARANTINE_ROWS_MAX: u64 = 100_000;
/// Most bytes of messages that are kept.
pub const QUARANTINE_BYTES_MAX: u64 = 256 << 20;
/// Most bytes that are kept of one message: its beginning.
pub const QUARANTINE_MESSAGE_BYTES_MAX: usize = 64 << 10;

/// Something that couldn't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// When it came.
    pub at: Timestamp,
    /// Over which protocol.
    pub source: DeviceKind,
    /// From whom, where that is known.
    pub device: Option<DeviceId>,
    /// From which network address.
    pub address: SmolStr,
    /// Why it couldn't be read, in one word.
    pub reason: SmolStr,
    /// Why, in full.
    pub detail: String,
    /// The message or its beginning; what exceeds [`QUARANTINE_MESSAGE_BYTES_MAX`] is cut off when stored.
    pub bytes: Vec<u8>,
    /// How long the whole message was.
    pub bytes_len: u64,
}

/// A line of the quarantine list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineLine {
    /// Identity.
    pub id: i64,
    /// When it came.
    pub at: Timestamp,
    /// Over which protocol.
    pub source: DeviceKind,
    /// From whom, where that is known.
    pub device: Option<DeviceId>,
    /// From which network address.
    pub address: SmolStr,
    /// Why it couldn't be read, in one word.
    pub reason: SmolStr,
    /// Why, in full.
    pub detail: String,
    /// How long the message was.
    pub bytes_len: u64,
}

/// Which rows of the quarantine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuarantineFilter {
    /// Over this protocol.
    pub source: Option<DeviceKind>,
    /// For this reason.
    pub reason: Option<String>,
    /// Then or later.
    pub since: Option<Timestamp>,
}

impl Records {
    /// Keeps messages that couldn't be read, and drops the oldest that are above the bounds.
    pub async fn add_quarantine(&self, messages: &[Quarantined]) -> Result<(), StoreError> {
        if messages.is_empty() {
            return Ok(());
        }
        self.add_quarantine_rows(messages).await.during("quarantine messages")
    }

    async fn add_quarantine_rows(&self, messages: &[Quarantined]) -> Result<(), DbErr> {
        let tx = self.begin().await?;
        let mut bytes_end = newest(&tx).await?.map_or(0, |(_, bytes_end)| bytes_end);
        let mut rows = Vec::with_capacity(messages.len());
        for message in messages {
            let kept = message.bytes.get(..QUARANTINE_MESSAGE_BYTES_MAX).unwrap_or(&message.bytes);
            bytes_end += kept.len() as i64;
            rows.push(row::ActiveModel {
                id: NotSet,
                at: Set(message.at.unix_ms()),
                source: Set(message.source.key().to_owned()),
                device_id: Set(message.device.as_ref().map(ToString::to_string)),
                address: Set(message.address.to_string()),
                reason: Set(message.reason.to_string()),
                detail: Set(message.detail.clone()),
                bytes_len: Set(message.bytes_len.max(message.bytes.len() as u64) as i64),
                bytes_end: Set(bytes_end),
                bytes: Set(kept.to_vec()),
            });
        }
        insert(&tx, rows).await?;
        if let Some((id, bytes_end)) = newest(&tx).await? {
            let too_many = row::Column::Id.lte(id - QUARANTINE_ROWS_MAX as i64);
            let too_long = row::Column::BytesEnd.lte(bytes_end - QUARANTINE_BYTES_MAX as i64);
            let dropped = Condition::any().add(too_many).add(too_long);
            row::Entity::delete_many().filter(dropped).exec(&tx).await?;
        }
        tx.commit().await
    }

    /// Rows of the quarantine without their bytes, newest first.
    pub async fn quarantine(
        &self,
        filter: &QuarantineFilter,
        window: Window,
    ) -> Result<Page<QuarantineLine>, StoreError> {
        let list = async {
            let found = row::Entity::find().filter(condition(filter));
            let total = found.clone().count(self.reader()).await?;
            let found = found.order_by_desc(row::Column::At).order_by_desc(row::Column::Id);
            let rows: Vec<Line> = without_bytes(found.offset(window.offset).limit(window.limit()))
                .into_tuple()
                .all(self.reader())
                .await?;
            let items = rows.into_iter().map(line_of).collect::<Result<_, DbErr>>()?;
            Ok(Page { items, total })
        };
        list.await.during("list the quarantine")
    }

    /// One message with what is kept of its bytes.
    pub async fn quarantined(&self, id: i64) -> Result<Option<(QuarantineLine, Vec<u8>)>, StoreError> {
        let read = async {
            let Some(row) = row::Entity::find_by_id(id).one(self.reader()).await? else { return Ok(None) };
            let line = (
                row.id,
                row.at,
                row.source,
                row.device_id,
                row.address,
                row.reason,
                row.detail,
                row.bytes_len,
            );
            Ok(Some((line_of(line)?, row.bytes)))
        };
        read.await.during("read a quarantined message")
    }

    /// How many rows of the quarantine there are for each reason.
    pub async fn quarantine_counts(
        &self,
        filter: &QuarantineFilter,
    ) -> Result<BTreeMap<SmolStr, u64>, StoreError> {
        let count = async {
            let counted: Vec<(String, i64)> = row::Entity::find()
                .select_only()
                .column(row::Column::Reason)
                .column_as(row::Column::Id.count(), "n")
                .filter(condition(filter))
                .group_by(row::Column::Reason)
                .into_tuple()
                .all(self.reader())
                .await?;
            Ok(counted.into_iter().map(|(reason, n)| (reason.into(), n as u64)).collect())
        };
        count.await.during("count the quarantine")
    }
}

/// Id and running total of the newest row.
async fn newest(db: &impl ConnectionTrait) -> Result<Option<(i64, i64)>, DbErr> {
    row::Entity::find()
        .select_only()
        .columns([row::Column::Id, row::Column::BytesEnd])
        .order_by_desc(row::Column::Id)
        .into_tuple()
        .one(db)
        .await
}

type Line = (i64, i64, String, Option<String>, String, String, String, i64);

fn without_bytes(found: Select<row::Entity>) -> Select<row::Entity> {
    use row::Column::{Address, At, BytesLen, Detail, DeviceId, Id, Reason, Source};
    found.select_only().columns([Id, At, Source, DeviceId, Address, Reason, Detail, BytesLen])
}

fn line_of((id, at, source, device, address, reason, detail, len): Line) -> Result<QuarantineLine, DbErr> {
    Ok(QuarantineLine {
        id,
        at: time_of(at),
        source: DeviceKind::parse(&source).ok_or_else(|| damaged("quarantine", source))?,
        device: device.as_deref().map(DeviceId::from),
        address: address.into(),
        reason: reason.into(),
        detail,
        bytes_len: len as u64,
    })
}

fn condition(filter: &QuarantineFilter) -> Condition {
    Condition::all()
        .add_option(filter.source.map(|source| row::Column::Source.eq(source.key())))
        .add_option(filter.reason.as_deref().map(|reason| row::Column::Reason.eq(reason)))
        .add_option(filter.since.map(|since| row::Column::At.gte(since.unix_ms())))
}
