//! Cases: what people work on, step by step, the tasks with their clocks, what is told to whom, and what makes a repeated
//! command harmless.

use super::m0001_first::{table, text_key};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, boolean, double, double_null, integer, text, text_null,
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0010_case"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    #[expect(elided_lifetimes_in_paths, reason = "the trait's expansion accepts no other form")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [case(), step(), task(), command(), attachment(), tidings(), view(), post()] {
            manager.create_table(table).await?;
        }
        for (table, columns) in INDEXES {
            let mut index = Index::create();
            index.name(format!("{table}_by_{}", columns.join("_"))).table(*table);
            for column in *columns {
                index.col(*column);
            }
            manager.create_index(index).await?;
        }
        let mut warning = Table::alter();
        warning.table("warning").add_column(big_integer_null("closed_at"));
        manager.alter_table(warning).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// An index for each filter or order that a first page of 100,000 cases needs.
const INDEXES: &[(&str, &[&str])] = &[
    ("case", &["kind", "opened_at"]),
    ("case", &["kind", "is_open", "opened_at"]),
    ("case", &["kind", "state", "opened_at"]),
    ("case", &["kind", "unit_path"]),
    ("case", &["kind", "also_path"]),
    ("case", &["kind", "changed_at"]),
    ("case", &["kind", "due_at"]),
    ("case", &["chain"]),
    ("case", &["warning"]),
    ("case", &["plate"]),
    ("case", &["lat"]),
    ("step", &["chain"]),
    ("step", &["subject"]),
    ("step", &["at"]),
    ("task", &["next_at"]),
    ("task", &["subject", "ended_at"]),
    ("task", &["ended_at", "unit_path"]),
    ("task", &["person", "ended_at"]),
    ("task", &["armed_at"]),
    ("command", &["at"]),
    ("view", &["page"]),
];

#[expect(clippy::large_stack_arrays, reason = "columns, once, at a migration")]
fn case() -> TableCreateStatement {
    table(
        "case",
        [
            text_key("id"),
            text("kind"),
            text("chain"),
            text_null("parent"),
            text_null("warning"),
            text("state"),
            boolean("is_open"),
            integer("level"),
            big_integer("unit"),
            text("unit_path"),
            text_null("also_path"),
            text_null("assignee"),
            text("title"),
            text("category"),
            text_null("theatre"),
            text_null("plate"),
            double_null("lon"),
            double_null("lat"),
            integer("version"),
            text("opened_by"),
            big_integer("opened_at"),
            big_integer("changed_at"),
            big_integer_null("closed_at"),
            text_null("step"),
            big_integer_null("due_at"),
            text("body"),
        ],
    )
}

fn step() -> TableCreateStatement {
    table(
        "step",
        [
            big_pk_auto("id").take(),
            text("subject"),
            text("kind"),
            text("chain"),
            big_integer("at"),
            text("actor"),
            big_integer_null("actor_unit"),
            text("act"),
            text_null("from_state"),
            text("to_state"),
            text("detail"),
        ],
    )
}

#[expect(clippy::large_stack_arrays, reason = "columns, once, at a migration")]
fn task() -> TableCreateStatement {
    table(
        "task",
        [
            big_pk_auto("id").take(),
            text("subject"),
            text("kind"),
            text("chain"),
            text("step"),
            integer("level"),
            text("category"),
            big_integer("unit"),
            text("unit_path"),
            text_null("person"),
            text("permission"),
            big_integer("armed_at"),
            big_integer_null("half_at"),
            big_integer_null("escalate_at"),
            big_integer_null("due_at"),
            text_null("rung"),
            big_integer_null("next_at"),
            text_null("pause_reason"),
            text_null("pause_asked_by"),
            text_null("pause_granted_by"),
            big_integer_null("paused_at"),
            big_integer_null("ended_at"),
            text_null("ended_by"),
            text_null("end"),
        ],
    )
}

fn command() -> TableCreateStatement {
    table(
        "command",
        [text_key("key"), text("actor"), text("subject"), text("fingerprint"), big_integer("at")],
    )
}

fn attachment() -> TableCreateStatement {
    table(
        "attachment",
        [
            text_key("id"),
            text("media_type"),
            big_integer("bytes_len"),
            text("name"),
            text("uploaded_by"),
            big_integer("uploaded_at"),
            big_integer_null("taken_at"),
            double_null("lon"),
            double_null("lat"),
        ],
    )
}

fn tidings() -> TableCreateStatement {
    table(
        "tidings",
        [
            big_pk_auto("id").take(),
            big_integer("at"),
            text("audience"),
            text("word"),
            text("subject"),
            text("kind"),
            text("chain"),
            integer("level"),
            text("title"),
            text_null("plate"),
            text_null("step"),
            big_integer_null("due_at"),
        ],
    )
}

fn post() -> TableCreateStatement {
    table(
        "post",
        [
            big_pk_auto("id").take(),
            text("name"),
            big_integer("unit"),
            text("kind"),
            text("state"),
            double("lon"),
            double("lat"),
            text("crew"),
            big_integer("updated_at"),
        ],
    )
}

fn view() -> TableCreateStatement {
    table(
        "view",
        [
            big_pk_auto("id").take(),
            text("page"),
            text("name"),
            text("query"),
            text("owner"),
            boolean("is_shared"),
            big_integer("created_at"),
        ],
    )
}
