//! Jobs: long work that goes on while people do something else.

use super::m0001_first::table;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, big_pk_auto, text, text_null};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0004_job"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    #[expect(elided_lifetimes_in_paths, reason = "the trait's expansion accepts no other form")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let job = table(
            "job",
            [
                big_pk_auto("id").take(),
                text("kind"),
                text("title"),
                text("parameters"),
                text("state"),
                big_integer("done").default(0).take(),
                big_integer_null("total"),
                text_null("result"),
                text_null("problem"),
                text("created_by"),
                big_integer("created_at"),
                big_integer_null("started_at"),
                big_integer_null("ended_at"),
            ],
        );
        manager.create_table(job).await?;
        for columns in [&["created_by", "created_at"][..], &["kind", "created_at"], &["state"]] {
            let mut index = Index::create();
            index.name(format!("job_by_{}", columns.join("_"))).table("job");
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
