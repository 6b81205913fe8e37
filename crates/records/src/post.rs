//! Posts and patrols (岗点、巡逻组): where people stand who can intercept, and whether they are free.

use crate::error::{During, StoreError, damaged};
use crate::store::{Records, time_of};
use domain::people::UnitId;
use domain::{Timestamp, Wgs84};
use sea_orm::entity::prelude::*;
use sea_orm::{ActiveModelTrait, DbErr, IntoActiveModel, NotSet, QueryOrder, Set};
use smol_str::SmolStr;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "post")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub name: String,
        pub unit: i64,
        pub kind: String,
        pub state: String,
        pub lon: f64,
        pub lat: f64,
        pub crew: String,
        pub updated_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What kind of post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostKind {
    /// 固定岗
    Fixed,
    /// 巡逻组
    Patrol,
}

/// Whether it is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostState {
    /// 在岗
    OnDuty,
    /// 处置中
    Busy,
    /// 未上岗
    Off,
}

impl PostKind {
    /// The word used in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Patrol => "patrol",
        }
    }

    /// The kind of a key.
    pub fn parse(key: &str) -> Option<Self> {
        [Self::Fixed, Self::Patrol].into_iter().find(|kind| kind.key() == key)
    }
}

impl PostState {
    /// The word used in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::OnDuty => "on_duty",
            Self::Busy => "busy",
            Self::Off => "off",
        }
    }

    /// The state of a key.
    pub fn parse(key: &str) -> Option<Self> {
        [Self::OnDuty, Self::Busy, Self::Off].into_iter().find(|state| state.key() == key)
    }
}

/// A post or patrol.
#[derive(Clone, Debug, PartialEq)]
pub struct Post {
    /// Identity; 0 before it is stored.
    pub id: i64,
    /// Name, as people say it.
    pub name: SmolStr,
    /// Whose it is.
    pub unit: UnitId,
    /// What kind.
    pub kind: PostKind,
    /// Whether it is free.
    pub state: PostState,
    /// Where it stands.
    pub location: Wgs84,
    /// Usernames of those who are there.
    pub crew: Vec<SmolStr>,
    /// Last change.
    pub updated_at: Timestamp,
}

impl Records {
    /// All posts by name; a county has some dozens.
    pub async fn posts(&self) -> Result<Vec<Post>, StoreError> {
        let rows = row::Entity::find().order_by_asc(row::Column::Name).all(self.reader()).await;
        rows.and_then(|rows| rows.into_iter().map(post_of).collect()).during("list posts")
    }

    /// Stores a post, new when its identity is 0; `None` when there is none with its identity.
    pub async fn put_post(&self, post: &Post) -> Result<Option<Post>, StoreError> {
        const OPERATION: &str = "store a post";
        let crew =
            serde_json::to_string(&post.crew).map_err(|e| DbErr::Json(e.to_string())).during(OPERATION)?;
        let mut row = row::Model {
            id: post.id,
            name: post.name.to_string(),
            unit: post.unit.0,
            kind: post.kind.key().to_owned(),
            state: post.state.key().to_owned(),
            lon: post.location.lon_deg(),
            lat: post.location.lat_deg(),
            crew,
            updated_at: post.updated_at.unix_ms(),
        };
        let write = async {
            if post.id == 0 {
                let mut new = row.clone().into_active_model().reset_all();
                new.id = NotSet;
                row = new.insert(self.writer()).await?;
            } else {
                let mut changed = row.clone().into_active_model().reset_all();
                changed.id = Set(post.id);
                let found = row::Entity::find_by_id(post.id).one(self.writer()).await?;
                if found.is_none() {
                    return Ok(None);
                }
                changed.update(self.writer()).await?;
            }
            post_of(row).map(Some)
        };
        write.await.during(OPERATION)
    }

    /// Removes a post; `false` when there is none.
    pub async fn remove_post(&self, id: i64) -> Result<bool, StoreError> {
        let gone = row::Entity::delete_by_id(id).exec(self.writer()).await;
        gone.map(|gone| gone.rows_affected > 0).during("remove a post")
    }
}

fn post_of(row: row::Model) -> Result<Post, DbErr> {
    let word = |what: &str| damaged("post", what);
    Ok(Post {
        id: row.id,
        name: row.name.into(),
        unit: UnitId(row.unit),
        kind: PostKind::parse(&row.kind).ok_or_else(|| word(&row.kind))?,
        state: PostState::parse(&row.state).ok_or_else(|| word(&row.state))?,
        location: Wgs84::new(row.lon, row.lat).ok_or_else(|| word("a place outside the earth"))?,
        crew: serde_json::from_str(&row.crew).map_err(|e| damaged("post", e))?,
        updated_at: time_of(row.updated_at),
    })
}
