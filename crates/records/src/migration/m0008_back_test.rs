//! Back-tests and what they found.

use super::m0001_first::{table, with_key};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, boolean, integer, integer_null, text, text_null,
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0008_back_test"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    #[expect(elided_lifetimes_in_paths, reason = "the trait's expansion accepts no other form")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let back_test = table(
            "back_test",
            [
                big_pk_auto("id").take(),
                text("model"),
                text_null("rule"),
                integer_null("rule_version"),
                text("tested"),
                big_integer("from_at"),
                big_integer("until_at"),
                text("summary"),
                text("created_by"),
                big_integer("created_at"),
            ],
        );
        manager.create_table(back_test).await?;
        let found = table(
            "back_test_warning",
            [
                big_integer("back_test_id"),
                integer("number"),
                text("warning_id"),
                text("outcome"),
                text_null("verdict"),
                text("plate_text"),
                big_integer_null("plate_code"),
                integer_null("plate_class"),
                text_null("device"),
                text_null("checkpoint"),
                integer("level"),
                big_integer("occurred_at"),
                boolean("is_historical"),
            ],
        );
        manager.create_table(with_key(found, &["back_test_id", "number"])).await?;
        for (table, columns) in [
            ("back_test", &["rule", "created_at"][..]),
            ("back_test", &["model", "created_at"]),
            ("back_test_warning", &["back_test_id", "outcome", "number"]),
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
