//! Other platforms (对接平台, GA/T 1400): who they are, how they and we prove ourselves, and what they may have of ours.

mod disposition;
mod subscription;
mod tollgate;

pub use disposition::{Disposition, DispositionFilter};
pub use subscription::Subscription;
pub use tollgate::{Tollgate, TollgateState};

use crate::error::{During, StoreError, damaged};
use crate::store::{Records, time_of, upsert};
use domain::{CheckpointId, DeviceId, Timestamp};
use sea_orm::entity::prelude::*;
use sea_orm::{DbErr, IntoActiveModel, QueryOrder};
use smol_str::SmolStr;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "platform")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub name: String,
        pub relation: String,
        pub is_enabled: bool,
        pub base_url: String,
        pub receive_url: String,
        pub username_out: Option<String>,
        pub password_sealed: Option<String>,
        pub username_in: Option<String>,
        pub ha1_in: Option<String>,
        /// [`super::Scope`] as JSON.
        pub scope: String,
        pub takes_dispositions: bool,
        pub is_trusted: bool,
        pub created_by: String,
        pub created_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $( $(#[$variant_doc:meta])* $variant:ident = $key:literal, )* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $( $(#[$variant_doc])* $variant, )* }

        impl $name {
            /// The word used in the API and in the table.
            pub fn key(self) -> &'static str {
                match self { $( Self::$variant => $key, )* }
            }

            /// The value of a key.
            pub fn parse(key: &str) -> Option<Self> {
                match key {
                    $( $key => Some(Self::$variant), )*
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use words;

words! {
    /// Where a platform stands to ours.
    Relation {
        /// 上级平台
        Superior = "superior",
        /// 同级（相邻）平台
        Neighbour = "neighbour",
        /// 下级平台
        Subordinate = "subordinate",
    }
}

words! {
    /// Whose subscription or disposition it is.
    Direction {
        /// Ours, placed with the other platform.
        Out = "out",
        /// Theirs, placed with us.
        In = "in",
    }
}

words! {
    /// Where a subscription or a disposition stands.
    ExchangeState {
        /// Came from a platform; a person decides about it.
        Review = "review",
        /// Ours; the other platform has not confirmed it yet.
        Wanted = "wanted",
        /// In force on both sides, until its end.
        InForce = "in_force",
        /// Ours, taken back; the other platform has not confirmed that yet.
        Ending = "ending",
        /// Taken back.
        Ended = "ended",
        /// The other side does not take it (ours), or we do not (theirs).
        Refused = "refused",
    }
}

/// Which of our checkpoints a platform may have passages of.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// None: what a platform begins with.
    #[default]
    None,
    /// These.
    Checkpoints(Vec<CheckpointId>),
    /// All of ours, also those to come. Not the tollgates of other platforms that were admitted here.
    All,
}

impl Scope {
    /// Whether passages of a checkpoint may go out.
    pub fn contains(&self, checkpoint: &CheckpointId) -> bool {
        match self {
            Self::None => false,
            Self::Checkpoints(ids) => ids.contains(checkpoint),
            Self::All => true,
        }
    }
}

/// A password that only the holder of the server's secret can read. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedPassword(pub String);

impl std::fmt::Debug for SealedPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealedPassword(…)")
    }
}

/// Another platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// Its 20 digits.
    pub id: DeviceId,
    /// Name, as people say it.
    pub name: SmolStr,
    /// Where it stands to ours.
    pub relation: Relation,
    /// Whether anything is exchanged with it.
    pub is_enabled: bool,
    /// `http://host:port` of its interface; empty when only it comes to us.
    pub base_url: SmolStr,
    /// `http://host:port` under which it reaches ours; empty: found out from the route to it.
    pub receive_url: SmolStr,
    /// Our user there, and the password, sealed.
    pub out: Option<(SmolStr, SealedPassword)>,
    /// Its user here, and HA1 of its password.
    pub incoming: Option<(SmolStr, crate::DeviceSecret)>,
    /// What it may have.
    pub scope: Scope,
    /// Whether it may ask us to look out for vehicles.
    pub takes_dispositions: bool,
    /// Whether what it asks for is in force without a person's review.
    pub is_trusted: bool,
    /// Username of who added it.
    pub created_by: SmolStr,
    /// When.
    pub created_at: Timestamp,
}

impl Platform {
    /// Of these tollgates the admitted ones that are not passed on to this platform: its own always, and those of others
    /// unless its scope names them.
    pub fn foreign_tollgates<'t>(&self, tollgates: &'t [Tollgate]) -> impl Iterator<Item = &'t CheckpointId> {
        let (id, is_all) = (self.id.clone(), self.scope == Scope::All);
        tollgates
            .iter()
            .filter(move |one| one.state == TollgateState::Admitted && (is_all || one.platform == id))
            .map(|one| &one.id)
    }
}

impl Records {
    /// Stores a platform, new or changed.
    pub async fn put_platform(&self, platform: &Platform) -> Result<(), StoreError> {
        let put = async {
            let row = row_of(platform)?;
            upsert(self.writer(), vec![row.into_active_model()]).await
        };
        put.await.during("store a platform")
    }

    /// Removes a platform with its subscriptions, dispositions and tollgates; `false` when there is none.
    pub async fn remove_platform(&self, id: &DeviceId) -> Result<bool, StoreError> {
        let removed = row::Entity::delete_by_id(id.as_str()).exec(self.writer()).await;
        removed.map(|result| result.rows_affected > 0).during("remove a platform")
    }

    /// One platform.
    pub async fn platform(&self, id: &DeviceId) -> Result<Option<Platform>, StoreError> {
        let row = row::Entity::find_by_id(id.as_str()).one(self.reader()).await;
        row.and_then(|row| row.map(platform_of).transpose()).during("read a platform")
    }

    /// All platforms by id; a county has some few.
    pub async fn all_platforms(&self) -> Result<Vec<Platform>, StoreError> {
        let rows = row::Entity::find().order_by_asc(row::Column::Id).all(self.reader()).await;
        rows.and_then(|rows| rows.into_iter().map(platform_of).collect()).during("list platforms")
    }
}

fn row_of(platform: &Platform) -> Result<row::Model, DbErr> {
    let out = platform.out.as_ref();
    let incoming = platform.incoming.as_ref();
    Ok(row::Model {
        id: platform.id.to_string(),
        name: platform.name.to_string(),
        relation: platform.relation.key().to_owned(),
        is_enabled: platform.is_enabled,
        base_url: platform.base_url.to_string(),
        receive_url: platform.receive_url.to_string(),
        username_out: out.map(|(username, _)| username.to_string()),
        password_sealed: out.map(|(_, sealed)| sealed.0.clone()),
        username_in: incoming.map(|(username, _)| username.to_string()),
        ha1_in: incoming.map(|(_, ha1)| ha1.0.clone()),
        scope: serde_json::to_string(&platform.scope).map_err(|e| DbErr::Json(e.to_string()))?,
        takes_dispositions: platform.takes_dispositions,
        is_trusted: platform.is_trusted,
        created_by: platform.created_by.to_string(),
        created_at: platform.created_at.unix_ms(),
    })
}

fn platform_of(row: row::Model) -> Result<Platform, DbErr> {
    Ok(Platform {
        relation: Relation::parse(&row.relation).ok_or_else(|| damaged("platform", &row.relation))?,
        scope: serde_json::from_str(&row.scope).map_err(|e| damaged("platform", e))?,
        id: DeviceId::from(row.id.as_str()),
        name: row.name.into(),
        is_enabled: row.is_enabled,
        base_url: row.base_url.into(),
        receive_url: row.receive_url.into(),
        out: (row.username_out.zip(row.password_sealed))
            .map(|(username, sealed)| (username.into(), SealedPassword(sealed))),
        incoming: (row.username_in.zip(row.ha1_in))
            .map(|(username, ha1)| (username.into(), crate::DeviceSecret(ha1))),
        takes_dispositions: row.takes_dispositions,
        is_trusted: row.is_trusted,
        created_by: row.created_by.into(),
        created_at: time_of(row.created_at),
    })
}
