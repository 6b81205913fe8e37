//! What judgement needs that officers can trust: limits and directions of checkpoints, verdicts and marks on warnings,
//! rules and tunings with their versions, zones, silences, maintenance windows.

use super::m0001_first::{belongs_to, table, text_key, with_key};
use domain::time::{BEIJING_OFFSET_MS, DAY_MS};
use domain::{ReferenceChange, Terminal};
use sea_orm::{ConnectionTrait, ExprTrait};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, integer, integer_null, text, text_null,
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0002_trust"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    #[expect(elided_lifetimes_in_paths, reason = "the trait's expansion accepts no other form")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in columns() {
            manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
        }
        fill_old_warnings(manager).await?;
        for table in tables() {
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
        tell_of_terminals(manager).await
    }

    /// All or nothing: a start that is killed half-way starts anew.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// Table and columns of an index each.
const INDEXES: &[(&str, &[&str])] = &[
    // Figures: unsigned warnings that are shown by themselves, by level.
    ("warning", &["state", "is_head", "hidden_kind", "level"]),
    ("warning", &["group_id", "state"]),
    ("warning", &["verdict", "occurred_at"]),
    // Yields are counted in the order of this index, without looking at a row.
    ("warning", &["day", "model", "model_version", "rule", "state", "verdict"]),
    ("silence", &["kind", "created_at"]),
    ("tuning_version", &["model", "at"]),
];

fn columns() -> Vec<(&'static str, ColumnDef)> {
    let checkpoint = ["limit_kmh", "limit_large_kmh", "one_way"].map(integer_null);
    let warning = [
        // All models had version 1 when warnings did not have this column.
        integer("model_version").default(1).take(),
        text_null("rule"),
        integer("day").default(0).take(),
        text_null("group_id"),
        boolean("is_head").default(true).take(),
        text_null("hidden_kind"),
        text_null("hidden_by"),
        text_null("verdict"),
        text_null("verdict_by"),
        big_integer_null("verdict_at"),
        text_null("verdict_note"),
    ];
    let of = |table: &'static str| move |column: ColumnDef| (table, column);
    (checkpoint.into_iter().map(of("checkpoint")))
        .chain(warning.into_iter().map(of("warning")))
        .chain([("warning_history", text_null("verdict"))])
        .collect()
}

/// Each old warning is a group of its own; its Beijing day follows from when it occurred.
async fn fill_old_warnings(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let day = Expr::col("occurred_at").add(BEIJING_OFFSET_MS).div(DAY_MS);
    let update =
        Query::update().table("warning").value("group_id", Expr::col("id")).value("day", day).to_owned();
    manager.execute(update).await
}

/// Terminals that were registered before judgement asked for them.
async fn tell_of_terminals(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let known = Query::select()
        .columns(["id", "plate_code", "plate_class"])
        .from("device")
        .and_where(Expr::col("kind").eq(domain::DeviceKind::Terminal.key()))
        .and_where(Expr::col("is_enabled").eq(true))
        .and_where(Expr::col("plate_code").is_not_null())
        .and_where(Expr::col("plate_class").is_not_null())
        .order_by("id", Order::Asc)
        .to_owned();
    let db = manager.get_connection();
    for row in db.query_all(&known).await? {
        let device: String = row.try_get("", "id")?;
        let vehicle = crate::store::key_of(row.try_get("", "plate_code")?, row.try_get("", "plate_class")?)?;
        let change = ReferenceChange::Terminal(Terminal { device: device.as_str().into(), vehicle });
        crate::outbox::post(db, &[change]).await?;
    }
    Ok(())
}

fn tables() -> Vec<TableCreateStatement> {
    let zone = table(
        "zone",
        [text_key("id"), text("name"), text("body"), text("changed_by"), big_integer("changed_at")],
    );
    let silence = table(
        "silence",
        [
            text_key("id"),
            text("kind"),
            text("body"),
            big_integer("from_at"),
            big_integer("until_at"),
            text("created_by"),
            big_integer("created_at"),
            text_null("ended_by"),
            big_integer_null("ended_at"),
        ],
    );
    let rule = table(
        "rule",
        [
            text_key("id"),
            integer("version"),
            text("created_by"),
            big_integer("created_at"),
            text_null("retired_by"),
            big_integer_null("retired_at"),
            text_null("retire_reason"),
        ],
    );
    let rule_version = table(
        "rule_version",
        [
            text("rule_id"),
            integer("number"),
            text("state"),
            text("name"),
            text("condition"),
            integer("level"),
            big_integer("once_per_minutes"),
            big_integer("actionable_seconds"),
            text("reason"),
            text("authors"),
            big_integer("written_at"),
            big_integer_null("submitted_at"),
            text_null("reviewer"),
            big_integer_null("reviewed_at"),
            text_null("review_note"),
        ],
    );
    let tuning_version = table(
        "tuning_version",
        [
            text("id"),
            integer("version"),
            text("model"),
            text("body"),
            boolean("is_removed"),
            text("author"),
            big_integer("at"),
            text("reason"),
        ],
    );
    vec![
        zone,
        silence,
        rule,
        belongs_to(with_key(rule_version, &["rule_id", "number"]), &["rule_id"], "rule", &["id"]),
        with_key(tuning_version, &["id", "version"]),
    ]
}
