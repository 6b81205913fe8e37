//! Mappings: which column of another system's files is what.

use super::m0001_first::{table, text_key};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, text};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0005_mapping"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    #[expect(elided_lifetimes_in_paths, reason = "the trait's expansion accepts no other form")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns =
            [text_key("name"), text("head"), text("body"), text("changed_by"), big_integer("changed_at")];
        manager.create_table(table("mapping", columns)).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
