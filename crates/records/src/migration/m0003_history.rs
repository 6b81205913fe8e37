//! The catalogue of the history: one row a segment file.

use super::m0001_first::{table, text_key};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, integer, text};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0003_history"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    #[expect(elided_lifetimes_in_paths, reason = "the trait's expansion accepts no other form")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let segment = table(
            "segment",
            [
                text_key("path"),
                text("kind"),
                text("projection"),
                integer("level"),
                big_integer("first_offset"),
                big_integer("end_offset"),
                big_integer("captured_from"),
                big_integer("captured_to"),
                big_integer("received_from"),
                big_integer("received_to"),
                big_integer("rows"),
                big_integer("bytes"),
                big_integer("checksum"),
                big_integer("tail_at"),
                big_integer("tail_checksum"),
            ],
        );
        manager.create_table(segment).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
