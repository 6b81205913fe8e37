//! Other platforms (GA/T 1400 outwards): who they are, what is subscribed to in either direction, dispositions, and the
//! tollgates that they report and we do not know.

use super::m0001_first::{belongs_to, table, text_key, with_key};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, double_null, integer, text, text_null,
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0006_platform"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    #[expect(elided_lifetimes_in_paths, reason = "the trait's expansion accepts no other form")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        let mut index = Index::create();
        index.name("disposition_by_watch_order").table("disposition").col("watch_order");
        manager.create_index(index).await
    }

    /// All or nothing: a start that is killed half-way starts anew.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn tables() -> Vec<TableCreateStatement> {
    let of_platform =
        |table, key: &[&'static str]| belongs_to(with_key(table, key), &["platform"], "platform", &["id"]);
    vec![
        platform(),
        of_platform(subscription(), &["platform", "direction", "id"]),
        of_platform(disposition(), &["platform", "direction", "id"]),
        of_platform(tollgate(), &["platform", "id"]),
    ]
}

fn platform() -> TableCreateStatement {
    table(
        "platform",
        [
            text_key("id"),
            text("name"),
            text("relation"),
            boolean("is_enabled"),
            text("base_url"),
            text("receive_url"),
            text_null("username_out"),
            text_null("password_sealed"),
            text_null("username_in"),
            text_null("ha1_in"),
            text("scope"),
            boolean("takes_dispositions"),
            boolean("is_trusted"),
            text("created_by"),
            big_integer("created_at"),
        ],
    )
}

fn subscription() -> TableCreateStatement {
    table(
        "subscription",
        [
            text("platform"),
            text("direction"),
            text("id"),
            text("title"),
            text("resources"),
            boolean("with_pictures"),
            big_integer("begin_at"),
            big_integer("end_at"),
            integer("renew_days"),
            text("receive_addr"),
            text("state"),
            big_integer("position"),
            big_integer("notices"),
            big_integer("objects"),
            big_integer("failures"),
            big_integer_null("last_notice_at"),
            text_null("last_error"),
            text("created_by"),
            big_integer("created_at"),
        ],
    )
}

fn disposition() -> TableCreateStatement {
    table(
        "disposition",
        [
            text("platform"),
            text("direction"),
            text("id"),
            text_null("watch_order"),
            text("title"),
            text("plate"),
            integer("priority"),
            text("reason"),
            text("applicant"),
            big_integer("begin_at"),
            big_integer("end_at"),
            text("receive_addr"),
            text("state"),
            big_integer("notices"),
            big_integer_null("last_notice_at"),
            text_null("last_error"),
            text_null("decided_by"),
            big_integer_null("decided_at"),
            text_null("decision_note"),
            big_integer("created_at"),
        ],
    )
}

fn tollgate() -> TableCreateStatement {
    table(
        "platform_tollgate",
        [
            text("platform"),
            text("id"),
            text("name"),
            double_null("lon"),
            double_null("lat"),
            text("state"),
            big_integer("passages"),
            big_integer("first_seen_at"),
            big_integer("last_seen_at"),
        ],
    )
}
