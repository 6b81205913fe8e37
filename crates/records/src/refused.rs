//! Refused devices: who knocked and was not let in, so that one click admits them. Bounded: the
//! [`REFUSED_ROWS_MAX`] last seen stay, whatever ids somebody makes up.

use crate::error::{During, StoreError, damaged};
use crate::store::{Records, time_of};
use domain::{DeviceId, DeviceKind, Timestamp};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{ExprTrait, OnConflict};
use sea_orm::{DbErr, EntityTrait, QueryOrder, QuerySelect, Set};
use smol_str::SmolStr;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "refused_device")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub kind: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub address: String,
        pub first_seen_at: i64,
        pub last_seen_at: i64,
        pub attempts: i64,
        pub reason: String,
        pub detail: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Most rows that are kept.
pub const REFUSED_ROWS_MAX: u64 = 10_000;

/// Why a device was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusedReason {
    /// Not registered.
    Unknown,
    /// Its credential is wrong.
    WrongPassword,
    /// Registered and disabled.
    Disabled,
    /// Registered at another network address.
    WrongAddress,
    /// It encrypts with other parameters than those registered, or where none are.
    WrongKey,
}

impl RefusedReason {
    /// The word used in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::WrongPassword => "wrong_password",
            Self::Disabled => "disabled",
            Self::WrongAddress => "wrong_address",
            Self::WrongKey => "wrong_key",
        }
    }

    /// The reason of a key.
    pub fn parse(key: &str) -> Option<Self> {
        let all = [Self::Unknown, Self::WrongPassword, Self::Disabled, Self::WrongAddress, Self::WrongKey];
        all.into_iter().find(|reason| reason.key() == key)
    }
}

/// A device that was refused, by id and address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedDevice {
    /// Over which protocol.
    pub kind: DeviceKind,
    /// Who it says it is.
    pub id: DeviceId,
    /// From which network address, without its port.
    pub address: SmolStr,
    /// First time.
    pub first_seen_at: Timestamp,
    /// Last time.
    pub last_seen_at: Timestamp,
    /// How often.
    pub attempts: u64,
    /// Why, the last time.
    pub reason: RefusedReason,
    /// What else it said of itself: maker, model, plate.
    pub detail: String,
}

impl Records {
    /// Notes refusals. Of a device already noted at that address the attempts are added up and the rest is replaced.
    pub async fn note_refused(&self, refusals: &[RefusedDevice]) -> Result<(), StoreError> {
        if refusals.is_empty() {
            return Ok(());
        }
        self.note_refused_rows(refusals).await.during("note refused devices")
    }

    async fn note_refused_rows(&self, refusals: &[RefusedDevice]) -> Result<(), DbErr> {
        use row::Column::{Address, Attempts, Detail, Id, Kind, LastSeenAt, Reason};
        let tx = self.begin().await?;
        for refused in refusals {
            let sum = Expr::col((row::Entity, Attempts)).add(refused.attempts as i64);
            let on_conflict = OnConflict::columns([Kind, Id, Address])
                .update_columns([LastSeenAt, Reason, Detail])
                .value(Attempts, sum)
                .to_owned();
            row::Entity::insert(row_of(refused)).on_conflict(on_conflict).exec_without_returning(&tx).await?;
        }
        // The oldest row that stays; what was last seen before it goes.
        let oldest =
            row::Entity::find().order_by_desc(LastSeenAt).offset(REFUSED_ROWS_MAX - 1).one(&tx).await?;
        if let Some(oldest) = oldest {
            let older = row::Entity::delete_many().filter(LastSeenAt.lt(oldest.last_seen_at));
            older.exec(&tx).await?;
        }
        tx.commit().await
    }

    /// Refused devices, last seen first; at most [`REFUSED_ROWS_MAX`].
    pub async fn refused_devices(&self) -> Result<Vec<RefusedDevice>, StoreError> {
        let found = row::Entity::find().order_by_desc(row::Column::LastSeenAt).order_by_asc(row::Column::Id);
        let rows = found.limit(REFUSED_ROWS_MAX).all(self.reader()).await;
        rows.and_then(|rows| rows.into_iter().map(refused_of).collect()).during("list refused devices")
    }

    /// Forgets a refused device at all addresses, since it was admitted or dismissed; `false` when there is none.
    pub async fn forget_refused(&self, kind: DeviceKind, id: &DeviceId) -> Result<bool, StoreError> {
        row::Entity::delete_many()
            .filter(row::Column::Kind.eq(kind.key()))
            .filter(row::Column::Id.eq(id.as_str()))
            .exec(self.writer())
            .await
            .map(|gone| gone.rows_affected > 0)
            .during("forget a refused device")
    }
}

fn row_of(refused: &RefusedDevice) -> row::ActiveModel {
    row::ActiveModel {
        kind: Set(refused.kind.key().to_owned()),
        id: Set(refused.id.to_string()),
        address: Set(refused.address.to_string()),
        first_seen_at: Set(refused.first_seen_at.unix_ms()),
        last_seen_at: Set(refused.last_seen_at.unix_ms()),
        attempts: Set(refused.attempts as i64),
        reason: Set(refused.reason.key().to_owned()),
        detail: Set(refused.detail.clone()),
    }
}

fn refused_of(row: row::Model) -> Result<RefusedDevice, DbErr> {
    const TABLE: &str = "refused_device";
    Ok(RefusedDevice {
        kind: DeviceKind::parse(&row.kind).ok_or_else(|| damaged(TABLE, &row.kind))?,
        id: DeviceId::from(row.id.as_str()),
        address: row.address.into(),
        first_seen_at: time_of(row.first_seen_at),
        last_seen_at: time_of(row.last_seen_at),
        attempts: row.attempts as u64,
        reason: RefusedReason::parse(&row.reason).ok_or_else(|| damaged(TABLE, &row.reason))?,
        detail: row.detail,
    })
}
