//! Saved views (常用筛选): a name for a filter of a list, one's own or shared.

use crate::error::{During, StoreError};
use crate::store::Records;
use domain::Timestamp;
use sea_orm::entity::prelude::*;
use sea_orm::{ActiveModelTrait, Condition, NotSet, PaginatorTrait, QueryOrder, QuerySelect, Set};
use smol_str::SmolStr;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "view")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub page: String,
        pub name: String,
        pub query: String,
        pub owner: String,
        pub is_shared: bool,
        pub created_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Views of one person at most.
pub const VIEWS_MAX: u64 = 100;

/// A saved view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedView {
    /// Identity; 0 before it is stored.
    pub id: i64,
    /// The page that it is for.
    pub page: SmolStr,
    /// What it is called.
    pub name: SmolStr,
    /// The query of the page's address.
    pub query: SmolStr,
    /// Whose it is.
    pub owner: SmolStr,
    /// Whether others see it.
    pub is_shared: bool,
}

impl Records {
    /// The views of a page that a person sees.
    pub async fn views(&self, page: &str, username: &str) -> Result<Vec<SavedView>, StoreError> {
        let mine = Condition::any().add(row::Column::Owner.eq(username)).add(row::Column::IsShared.eq(true));
        let found = row::Entity::find().filter(row::Column::Page.eq(page)).filter(mine);
        let rows = found.order_by_asc(row::Column::Name).limit(2 * VIEWS_MAX).all(self.reader()).await;
        let view = |row: row::Model| SavedView {
            id: row.id,
            page: row.page.into(),
            name: row.name.into(),
            query: row.query.into(),
            owner: row.owner.into(),
            is_shared: row.is_shared,
        };
        rows.map(|rows| rows.into_iter().map(view).collect()).during("list saved views")
    }

    /// Saves a view; `None` when the person has too many.
    pub async fn add_view(&self, view: &SavedView, now: Timestamp) -> Result<Option<SavedView>, StoreError> {
        const OPERATION: &str = "save a view";
        let mine = row::Entity::find().filter(row::Column::Owner.eq(view.owner.as_str()));
        if mine.count(self.reader()).await.during(OPERATION)? >= VIEWS_MAX {
            return Ok(None);
        }
        let row = row::ActiveModel {
            id: NotSet,
            page: Set(view.page.to_string()),
            name: Set(view.name.to_string()),
            query: Set(view.query.to_string()),
            owner: Set(view.owner.to_string()),
            is_shared: Set(view.is_shared),
            created_at: Set(now.unix_ms()),
        };
        let row = row.insert(self.writer()).await.during(OPERATION)?;
        Ok(Some(SavedView { id: row.id, ..view.clone() }))
    }

    /// Removes a view of this person; `false` when there is none.
    pub async fn remove_view(&self, id: i64, username: &str) -> Result<bool, StoreError> {
        let found = row::Entity::delete_many().filter(row::Column::Id.eq(id));
        let gone = found.filter(row::Column::Owner.eq(username)).exec(self.writer()).await;
        gone.map(|gone| gone.rows_affected > 0).during("remove a saved view")
    }
}
