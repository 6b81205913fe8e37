//! Browsers that are pushed to, and whose a delivery is.

use super::m0001_first::table;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, big_pk_auto, text};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0013_push"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    #[expect(elided_lifetimes_in_paths, reason = "the trait's expansion accepts no other form")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let push = table(
            "push",
            [
                big_pk_auto("id").take(),
                text("username"),
                text("endpoint"),
                text("public_key"),
                text("auth"),
                text("device"),
                big_integer("created_at"),
                big_integer_null("delivered_at"),
            ],
        );
        manager.create_table(push).await?;
        for (column, is_unique) in [("endpoint", true), ("username", false)] {
            let mut index = Index::create();
            index.name(format!("push_by_{column}")).table("push").col(column);
            if is_unique {
                index.unique();
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
