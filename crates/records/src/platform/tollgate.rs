//! Tollgates (卡口) of other platforms: those whose passages we do not take, listed for admission, and those admitted.

use super::words;
use crate::error::{During, StoreError, damaged};
use crate::store::{Records, time_of, upsert};
use domain::{CheckpointId, DeviceId, Timestamp};
use sea_orm::entity::prelude::*;
use sea_orm::{DbErr, IntoActiveModel, QueryOrder};
use smol_str::SmolStr;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "platform_tollgate")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub platform: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub name: String,
        pub lon: Option<f64>,
        pub lat: Option<f64>,
        pub state: String,
        pub passages: i64,
        pub first_seen_at: i64,
        pub last_seen_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Most tollgates kept for a platform: one that invents them fills no disk.
pub const TOLLGATES_PER_PLATFORM_MAX: u64 = 10_000;

words! {
    /// What became of a tollgate.
    TollgateState {
        /// Its passages are counted, not taken.
        Waiting = "waiting",
        /// It is a checkpoint of ours now.
        Admitted = "admitted",
    }
}

/// A tollgate of another platform.
#[derive(Clone, Debug, PartialEq)]
pub struct Tollgate {
    /// The platform that reported it.
    pub platform: DeviceId,
    /// Its 20 digits.
    pub id: CheckpointId,
    /// Name, where the platform told.
    pub name: SmolStr,
    /// Degrees, where the platform told.
    pub location: Option<(f64, f64)>,
    /// What became of it.
    pub state: TollgateState,
    /// Passages that were not taken.
    pub passages: u64,
    /// When the first of them came.
    pub first_seen_at: Timestamp,
    /// When the last of them came.
    pub last_seen_at: Timestamp,
}

impl Records {
    /// Counts passages at tollgates that we do not know; those of a platform over [`TOLLGATES_PER_PLATFORM_MAX`] are not listed.
    pub async fn note_tollgates(&self, seen: &[Tollgate]) -> Result<(), StoreError> {
        let note = async {
            let tx = self.begin().await?;
            for tollgate in seen {
                let key = (tollgate.platform.to_string(), tollgate.id.to_string());
                let mut row = row_of(tollgate);
                if let Some(old) = row::Entity::find_by_id(key).one(&tx).await? {
                    row.passages += old.passages;
                    row.first_seen_at = old.first_seen_at;
                    row.state = old.state;
                    if row.name.is_empty() {
                        row.name = old.name;
                    }
                    row.lon = row.lon.or(old.lon);
                    row.lat = row.lat.or(old.lat);
                } else {
                    let of_platform = row::Column::Platform.eq(tollgate.platform.as_str());
                    let count = row::Entity::find().filter(of_platform).count(&tx).await?;
                    let platform = super::row::Entity::find_by_id(tollgate.platform.as_str());
                    if count >= TOLLGATES_PER_PLATFORM_MAX || platform.count(&tx).await? == 0 {
                        continue;
                    }
                }
                upsert(&tx, vec![row.into_active_model()]).await?;
            }
            tx.commit().await
        };
        note.await.during("note unknown tollgates")
    }

    /// Says that a tollgate is a checkpoint of ours now; `false` when it is not listed.
    pub async fn admit_tollgate(&self, platform: &DeviceId, id: &CheckpointId) -> Result<bool, StoreError> {
        let update = row::Entity::update_many()
            .col_expr(row::Column::State, Expr::value(TollgateState::Admitted.key()))
            .filter(row::Column::Platform.eq(platform.as_str()))
            .filter(row::Column::Id.eq(id.as_str()));
        update.exec(self.writer()).await.map(|done| done.rows_affected > 0).during("admit a tollgate")
    }

    /// Tollgates of a platform, or of all, those waiting with the most passages first.
    pub async fn tollgates(&self, platform: Option<&DeviceId>) -> Result<Vec<Tollgate>, StoreError> {
        let mut found = row::Entity::find();
        if let Some(platform) = platform {
            found = found.filter(row::Column::Platform.eq(platform.as_str()));
        }
        let found = found
            .order_by_desc(row::Column::State)
            .order_by_desc(row::Column::Passages)
            .order_by_asc(row::Column::Id);
        let rows = found.all(self.reader()).await;
        rows.and_then(|rows| rows.into_iter().map(tollgate_of).collect()).during("list tollgates")
    }
}

fn row_of(tollgate: &Tollgate) -> row::Model {
    row::Model {
        platform: tollgate.platform.to_string(),
        id: tollgate.id.to_string(),
        name: tollgate.name.to_string(),
        lon: tollgate.location.map(|(lon, _)| lon),
        lat: tollgate.location.map(|(_, lat)| lat),
        state: tollgate.state.key().to_owned(),
        passages: tollgate.passages as i64,
        first_seen_at: tollgate.first_seen_at.unix_ms(),
        last_seen_at: tollgate.last_seen_at.unix_ms(),
    }
}

fn tollgate_of(row: row::Model) -> Result<Tollgate, DbErr> {
    Ok(Tollgate {
        state: TollgateState::parse(&row.state).ok_or_else(|| damaged("platform_tollgate", &row.state))?,
        platform: DeviceId::from(row.platform.as_str()),
        id: CheckpointId::from(row.id.as_str()),
        name: row.name.into(),
        location: row.lon.zip(row.lat),
        passages: row.passages as u64,
        first_seen_at: time_of(row.first_seen_at),
        last_seen_at: time_of(row.last_seen_at),
    })
}
