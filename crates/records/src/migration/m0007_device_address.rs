//! From which network address a device speaks: what cameras are known by that have no password.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::text_null;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0007_device_address"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    #[expect(elided_lifetimes_in_paths, reason = "the trait's expansion accepts no other form")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = text_null("address");
        manager.alter_table(Table::alter().table("device").add_column(column).to_owned()).await
    }

    /// All or nothing: a start that is killed half-way starts anew.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
