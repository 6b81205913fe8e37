//! What lies in whose part of the county: checkpoints and warnings by unit. Crashes, and the hazards on which they fall. What hazards
//! are counted and filtered by stands in columns; people and actions of the audit are found together.

use super::m0001_first::{table, text_key};
use sea_orm::{ConnectionTrait, FromQueryResult};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, boolean, double_null, integer, text, text_null,
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0015_reach"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    #[expect(elided_lifetimes_in_paths, reason = "the trait's expansion accepts no other form")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            ("checkpoint", big_integer_null("unit_id")),
            ("warning", text_null("unit_path")),
            ("case", big_integer_null("home_unit")),
            ("case", text_null("branch")),
            ("case", text_null("source")),
            ("case", boolean("is_supervised").default(false).take()),
        ];
        for (table, column) in columns {
            let mut alter = Table::alter();
            manager.alter_table(alter.table(table).add_column(column).to_owned()).await?;
        }
        manager.create_table(crash()).await?;
        manager.create_table(link()).await?;
        for (table, columns) in INDEXES {
            let mut index = Index::create();
            index.name(format!("{table}_by_{}", columns.join("_"))).table(*table);
            for column in *columns {
                index.col(*column);
            }
            manager.create_index(index).await?;
        }
        fill(manager).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

const INDEXES: &[(&str, &[&str])] = &[
    ("warning", &["unit_path", "occurred_at"]),
    ("crash", &["occurred_at"]),
    ("crash", &["source_number"]),
    ("crash", &["lat"]),
    ("crash_hazard", &["crash"]),
    ("crash_hazard", &["hazard"]),
    ("audit", &["actor", "action", "at"]),
    // The first page of a million tasks, of all and of one desk.
    ("task", &["due_at"]),
    ("task", &["ended_at", "due_at"]),
    ("task", &["unit", "ended_at"]),
];

/// Hazards at a time while the new columns are filled.
const FILLED_AT_ONCE: u64 = 500;

#[derive(FromQueryResult)]
struct Old {
    id: String,
    body: String,
}

/// What hazards say in their values goes into the new columns.
async fn fill(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let mut after = String::new();
    loop {
        let mut select = Query::select();
        select
            .columns(["id", "body"])
            .from("case")
            .and_where(Expr::col("kind").eq("hazard"))
            .and_where(Expr::col("id").gt(after.as_str()))
            .order_by("id", Order::Asc)
            .limit(FILLED_AT_ONCE);
        let rows = db.query_all(&select).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            let Old { id, body } = Old::from_query_result(&row, "")?;
            let body: serde_json::Value =
                serde_json::from_str(&body).map_err(|error| DbErr::Json(error.to_string()))?;
            let report = &body["report"];
            let is_supervised = !matches!(body["supervision"], serde_json::Value::Null);
            let mut update = Query::update();
            update
                .table("case")
                .value("home_unit", report["unit"].as_i64())
                .value("branch", report["hazard_kind"].as_str().map(str::to_owned))
                .value("source", report["source"].as_str().map(str::to_owned))
                .value("is_supervised", is_supervised)
                .and_where(Expr::col("id").eq(id.as_str()));
            db.execute(&update).await?;
            after = id;
        }
    }
}

fn crash() -> TableCreateStatement {
    table(
        "crash",
        [
            text_key("id"),
            text("source"),
            text_null("source_number"),
            big_integer("occurred_at"),
            text("severity"),
            integer("dead"),
            integer("injured"),
            big_integer_null("unit"),
            text("unit_path"),
            text_null("theatre"),
            double_null("lon"),
            double_null("lat"),
            text_null("route"),
            big_integer_null("chainage_m"),
            text("recorded_by"),
            big_integer("recorded_at"),
            text("body"),
        ],
    )
}

fn link() -> TableCreateStatement {
    table(
        "crash_hazard",
        [
            big_pk_auto("id").take(),
            text("crash"),
            text("hazard"),
            big_integer_null("distance_m"),
            text("effect"),
        ],
    )
}
