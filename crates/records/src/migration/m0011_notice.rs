//! Notices: what people were told, and what became of each way of telling them.

use super::m0001_first::table;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, big_pk_auto, integer, text, text_null};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0011_notice"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    #[expect(elided_lifetimes_in_paths, reason = "the trait's expansion accepts no other form")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let notice = table(
            "notice",
            [
                big_pk_auto("id").take(),
                big_integer("at"),
                text("username"),
                text("word"),
                text("subject"),
                text("kind"),
                text("chain"),
                integer("level"),
                text("title"),
                text_null("plate"),
                text_null("step"),
                big_integer_null("due_at"),
                big_integer_null("read_at"),
            ],
        );
        let delivery = table(
            "delivery",
            [
                big_pk_auto("id").take(),
                big_integer("at"),
                big_integer_null("notice"),
                text("channel"),
                text("recipient"),
                text("text"),
                text("event"),
                text("state"),
                integer("attempts"),
                big_integer_null("next_at"),
                text_null("error"),
            ],
        );
        for table in [notice, delivery] {
            manager.create_table(table).await?;
        }
        for (table, columns) in [
            ("notice", &["username", "read_at", "id"][..]),
            ("notice", &["at"]),
            ("delivery", &["next_at"]),
            ("delivery", &["state", "id"]),
            ("delivery", &["at"]),
        ] {
            let mut index = Index::create();
            index.name(format!("{table}_by_{}", columns.join("_"))).table(table);
            for column in columns {
                index.col(*column);
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
