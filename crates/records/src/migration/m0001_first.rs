//! The first schema. Instants are Unix milliseconds; plates are keyed by their packed form and kept as text to search.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, binary, boolean, double, double_null, integer, integer_null,
    text, text_null,
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0001_first"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    #[expect(elided_lifetimes_in_paths, reason = "the trait's expansion accepts no other form")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        for (table, columns, is_unique) in INDEXES {
            let mut index = Index::create();
            index.name(format!("{table}_by_{}", columns.join("_"))).table(*table);
            for column in *columns {
                index.col(*column);
            }
            if *is_unique {
                index.unique();
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }

    /// All tables or none: a first start that is killed half-way starts anew.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// Table, columns, unique. An index for each filter or order that a first page of 100,000 rows needs.
const INDEXES: &[(&str, &[&str], bool)] = &[
    ("device_checkpoint", &["checkpoint"], false),
    ("vehicle", &["plate"], false),
    ("vehicle", &["key_class", "plate"], false),
    ("vehicle", &["inspection_valid_until", "plate"], false),
    ("vehicle", &["scrap_by", "plate"], false),
    ("vehicle", &["unhandled_offences", "plate"], false),
    ("watch_order", &["created_at"], false),
    ("watch_order", &["plate_code"], false),
    ("warning", &["seq"], true),
    ("warning", &["occurred_at", "model", "level", "state", "is_historical"], false),
    ("warning", &["raised_at"], false),
    ("warning", &["state", "level", "occurred_at"], false),
    ("warning", &["state", "occurred_at"], false),
    ("warning", &["state", "actionable_until"], false),
    ("warning", &["model", "occurred_at"], false),
    ("warning", &["level", "occurred_at"], false),
    ("warning", &["checkpoint", "occurred_at"], false),
    ("warning", &["plate_code", "plate_class", "occurred_at"], false),
    ("warning", &["watch_order"], false),
    ("warning_history", &["warning_id"], false),
    ("user", &["username"], true),
    ("session", &["user_id"], false),
    ("session", &["expires_at"], false),
    ("audit", &["at"], false),
    ("audit", &["actor", "at"], false),
    ("audit", &["action", "at"], false),
    ("audit", &["target", "at"], false),
    ("quarantine", &["at"], false),
    ("quarantine", &["source", "reason", "at"], false),
    ("quarantine", &["bytes_end"], false),
    ("refused_device", &["last_seen_at"], false),
];

fn tables() -> Vec<TableCreateStatement> {
    [device_tables(), reference_tables(), warning_tables(), people_tables(), other_tables()].concat()
}

pub(super) fn table(
    name: &'static str,
    columns: impl IntoIterator<Item = ColumnDef>,
) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name);
    for column in columns {
        table.col(column);
    }
    table
}

pub(super) fn with_key(mut table: TableCreateStatement, key: &[&'static str]) -> TableCreateStatement {
    let mut index = Index::create();
    for column in key {
        index.col(*column);
    }
    table.primary_key(&mut index);
    table
}

pub(super) fn text_key(name: &'static str) -> ColumnDef {
    text(name).primary_key().take()
}

/// A reference that goes when what it refers to goes.
pub(super) fn belongs_to(
    mut table: TableCreateStatement,
    columns: &[&'static str],
    other: &'static str,
    other_columns: &[&'static str],
) -> TableCreateStatement {
    let mut key = ForeignKey::create();
    key.to_tbl(other).on_delete(ForeignKeyAction::Cascade);
    for column in columns {
        key.from_col(*column);
    }
    for column in other_columns {
        key.to_col(*column);
    }
    table.foreign_key(&mut key);
    table
}

fn device_tables() -> Vec<TableCreateStatement> {
    let device = table(
        "device",
        [
            text("kind"),
            text("id"),
            text("name"),
            boolean("is_enabled"),
            text_null("username"),
            text_null("secret"),
            big_integer_null("plate_code"),
            integer_null("plate_class"),
            text_null("plate"),
            text_null("edition"),
        ],
    );
    let device_checkpoint = table(
        "device_checkpoint",
        [text("kind"), text("device_id"), integer("position"), text("checkpoint")],
    );
    vec![
        with_key(device, &["kind", "id"]),
        belongs_to(
            with_key(device_checkpoint, &["kind", "device_id", "position"]),
            &["kind", "device_id"],
            "device",
            &["kind", "id"],
        ),
    ]
}

fn reference_tables() -> Vec<TableCreateStatement> {
    let checkpoint = table(
        "checkpoint",
        [
            text_key("id"),
            text("name"),
            text("theatre"),
            double("lon"),
            double("lat"),
            text("road"),
            big_integer_null("chainage_m"),
            text("direction"),
            integer("lane_count"),
        ],
    );
    let section = table(
        "section",
        [
            text_key("id"),
            text("name"),
            text("start_checkpoint"),
            text("end_checkpoint"),
            big_integer("length_m"),
            integer("limit_kmh"),
            integer("limit_large_kmh"),
        ],
    );
    let vehicle = table(
        "vehicle",
        [
            big_integer("plate_code"),
            integer("plate_class"),
            text("plate"),
            text_null("vehicle_type"),
            text_null("use_code"),
            text_null("key_class"),
            text_null("body_color"),
            text("owner"),
            integer_null("inspection_valid_until"),
            integer_null("scrap_by"),
            integer("unhandled_offences"),
            boolean("is_night_exempt"),
            integer("version"),
        ],
    );
    let watch_order = table(
        "watch_order",
        [
            text_key("id"),
            big_integer("plate_code"),
            text("plate"),
            integer_null("plate_class"),
            text("reason"),
            text("legal_basis"),
            integer("level"),
            big_integer("from_at"),
            big_integer("until_at"),
            text("created_by"),
            big_integer("created_at"),
            text_null("withdrawn_by"),
            big_integer_null("withdrawn_at"),
            text_null("withdraw_reason"),
        ],
    );
    let outbox = table("reference_outbox", [big_pk_auto("id"), text("change")]);
    vec![checkpoint, section, with_key(vehicle, &["plate_code", "plate_class"]), watch_order, outbox]
}

fn warning_tables() -> Vec<TableCreateStatement> {
    let warning = table(
        "warning",
        [
            text_key("id"),
            big_integer("seq"),
            text("change"),
            text("model"),
            integer("level"),
            text("state"),
            integer("version"),
            big_integer_null("plate_code"),
            integer_null("plate_class"),
            text_null("plate"),
            text_null("plate_text"),
            text_null("device"),
            text_null("checkpoint"),
            text_null("watch_order"),
            double_null("lon"),
            double_null("lat"),
            big_integer("occurred_at"),
            big_integer("raised_at"),
            big_integer("actionable_until"),
            boolean("is_historical"),
            text_null("withdrawn_reason"),
            text_null("signed_by"),
            big_integer_null("signed_at"),
        ],
    );
    let body = table("warning_body", [text_key("id"), text("body")]);
    let history = table(
        "warning_history",
        [
            big_pk_auto("id"),
            text("warning_id"),
            big_integer("at"),
            text_null("actor"),
            text("action"),
            text_null("note"),
        ],
    );
    vec![
        warning,
        belongs_to(body, &["id"], "warning", &["id"]),
        belongs_to(history, &["warning_id"], "warning", &["id"]),
    ]
}

fn people_tables() -> Vec<TableCreateStatement> {
    let user = table(
        "user",
        [
            big_pk_auto("id"),
            text("username"),
            text("display_name"),
            text("role"),
            boolean("is_enabled"),
            boolean("must_change_password"),
            text("password_hash"),
            integer("failed_attempts"),
            big_integer_null("locked_until"),
            big_integer("created_at"),
            big_integer_null("last_login_at"),
        ],
    );
    let session = table(
        "session",
        [
            text_key("token_hash"),
            big_integer("user_id"),
            big_integer("created_at"),
            big_integer("expires_at"),
            text_null("address"),
        ],
    );
    let audit = table(
        "audit",
        [
            big_integer("id").primary_key().take(),
            big_integer("at"),
            text("actor"),
            text("action"),
            text("target"),
            text("detail"),
            text_null("address"),
            text("prev_hash"),
            text("hash"),
        ],
    );
    vec![user, belongs_to(session, &["user_id"], "user", &["id"]), audit]
}

fn other_tables() -> Vec<TableCreateStatement> {
    let quarantine = table(
        "quarantine",
        [
            big_pk_auto("id"),
            big_integer("at"),
            text("source"),
            text_null("device_id"),
            text("address"),
            text("reason"),
            text("detail"),
            big_integer("bytes_len"),
            big_integer("bytes_end"),
            binary("bytes"),
        ],
    );
    let refused = table(
        "refused_device",
        [
            text("kind"),
            text("id"),
            text("address"),
            big_integer("first_seen_at"),
            big_integer("last_seen_at"),
            big_integer("attempts"),
            text("reason"),
            text("detail"),
        ],
    );
    vec![
        quarantine,
        with_key(refused, &["kind", "id", "address"]),
        table("map_layer", [text_key("name"), text("body"), text("etag"), big_integer("updated_at")]),
        table("cursor", [text_key("name"), big_integer("value")]),
        table("setting", [text_key("key"), text("value"), big_integer("updated_at")]),
    ]
}
