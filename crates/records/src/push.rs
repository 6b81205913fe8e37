//! Browsers that are pushed to (推送订阅): each is of one person and one device, and is gone when its push service says so.

use crate::error::{During, StoreError};
use crate::store::{Records, time_of};
use domain::Timestamp;
use sea_orm::entity::prelude::*;
use sea_orm::{ActiveModelTrait, NotSet, QueryOrder, QuerySelect, Set};
use smol_str::SmolStr;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "push")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub username: String,
        pub endpoint: String,
        pub public_key: String,
        pub auth: String,
        pub device: String,
        pub created_at: i64,
        pub delivered_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Devices of one person at most; the oldest make room.
pub const PUSHES_MAX: u64 = 10;

/// A browser that asked to be pushed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushRecord {
    /// Identity; 0 before it is stored.
    pub id: i64,
    /// Whose.
    pub username: SmolStr,
    /// Where its push service takes messages for it. Whoever knows it can't read them, but it is nobody's business.
    pub endpoint: String,
    /// Its public key: a point of P-256, uncompressed, base64url.
    pub public_key: String,
    /// Its secret of 16 bytes, base64url.
    pub auth: String,
    /// What the browser calls itself.
    pub device: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When its service last took something for it.
    pub delivered_at: Option<Timestamp>,
}

impl Records {
    /// Stores a browser; the same one again is of whoever is before it now. Beyond [`PUSHES_MAX`] the oldest go.
    pub async fn put_push(&self, push: &PushRecord) -> Result<i64, StoreError> {
        let write = async {
            let tx = self.begin().await?;
            row::Entity::delete_many().filter(row::Column::Endpoint.eq(&push.endpoint)).exec(&tx).await?;
            let of_person = row::Entity::find().filter(row::Column::Username.eq(push.username.as_str()));
            let old = of_person.order_by_desc(row::Column::Id).offset(PUSHES_MAX - 1).limit(PUSHES_MAX);
            let old: Vec<i64> = old.all(&tx).await?.into_iter().map(|row| row.id).collect();
            row::Entity::delete_many().filter(row::Column::Id.is_in(old)).exec(&tx).await?;
            let new = row::ActiveModel {
                id: NotSet,
                username: Set(push.username.to_string()),
                endpoint: Set(push.endpoint.clone()),
                public_key: Set(push.public_key.clone()),
                auth: Set(push.auth.clone()),
                device: Set(push.device.clone()),
                created_at: Set(push.created_at.unix_ms()),
                delivered_at: Set(None),
            };
            let new = new.insert(&tx).await?;
            tx.commit().await?;
            Ok(new.id)
        };
        write.await.during("store a browser that is pushed to")
    }

    /// The browsers of a person, the oldest first.
    pub async fn pushes_of(&self, username: &str) -> Result<Vec<PushRecord>, StoreError> {
        let found = row::Entity::find().filter(row::Column::Username.eq(username));
        let rows = found.order_by_asc(row::Column::Id).all(self.reader()).await;
        rows.map(|rows| rows.into_iter().map(push_of).collect()).during("list browsers that are pushed to")
    }

    /// A browser; `None` when it is gone.
    pub async fn push(&self, id: i64) -> Result<Option<PushRecord>, StoreError> {
        let found = row::Entity::find_by_id(id).one(self.reader()).await;
        found.map(|row| row.map(push_of)).during("read a browser that is pushed to")
    }

    /// Notes that a browser's service took something.
    pub async fn note_pushed(&self, id: i64, at: Timestamp) -> Result<(), StoreError> {
        let noted = row::Entity::update_many()
            .col_expr(row::Column::DeliveredAt, Expr::value(at.unix_ms()))
            .filter(row::Column::Id.eq(id))
            .exec(self.writer())
            .await;
        noted.map(|_| ()).during("note a push")
    }

    /// Forgets a browser, of this person when one is named; `false` when there is none.
    pub async fn remove_push(&self, id: i64, username: Option<&str>) -> Result<bool, StoreError> {
        let mut gone = row::Entity::delete_many().filter(row::Column::Id.eq(id));
        if let Some(username) = username {
            gone = gone.filter(row::Column::Username.eq(username));
        }
        let gone = gone.exec(self.writer()).await;
        gone.map(|gone| gone.rows_affected > 0).during("forget a browser that is pushed to")
    }
}

fn push_of(row: row::Model) -> PushRecord {
    PushRecord {
        id: row.id,
        username: row.username.into(),
        endpoint: row.endpoint,
        public_key: row.public_key,
        auth: row.auth,
        device: row.device,
        created_at: time_of(row.created_at),
        delivered_at: row.delivered_at.map(time_of),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_browser_is_of_whoever_is_before_it_and_the_oldest_make_room() {
        let dir = tempfile::tempdir().unwrap();
        let records = Records::open(dir.path().join("records.db")).await.unwrap();
        let push = |username: &str, endpoint: String| PushRecord {
            id: 0,
            username: username.into(),
            endpoint,
            public_key: "k".into(),
            auth: "a".into(),
            device: "Chrome".into(),
            created_at: Timestamp::from_unix_ms(1),
            delivered_at: None,
        };
        let first = records.put_push(&push("a", "https://p.test/1".into())).await.unwrap();
        records.put_push(&push("b", "https://p.test/1".into())).await.unwrap();
        assert_eq!(
            (records.push(first).await.unwrap(), records.pushes_of("a").await.unwrap()),
            (None, vec![])
        );
        for n in 0..=PUSHES_MAX {
            records.put_push(&push("b", format!("https://p.test/b{n}"))).await.unwrap();
        }
        let of_b = records.pushes_of("b").await.unwrap();
        assert_eq!((of_b.len() as u64, of_b[0].endpoint.as_str()), (PUSHES_MAX, "https://p.test/b1"));
        assert!(!records.remove_push(of_b[0].id, Some("a")).await.unwrap(), "another's");
        assert!(records.remove_push(of_b[0].id, None).await.unwrap());
    }
}
