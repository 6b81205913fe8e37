//! Units; users have roles, a unit, a duty and a second factor; sessions say where they are used.

use super::m0001_first::table;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, boolean, double_null, text, text_null,
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0009_people"
    }
}

/// What the three roles of before become. Whoever managed everything goes on until three administrators take over; an
/// officer keeps what the desk does and what the register needs; who only looked may look up vehicles, and does not see
/// the audit, as before.
const ROLES: [(&str, &str); 3] =
    [("administrator", "founder"), ("officer", "duty_officer clerk"), ("viewer", "patrol_officer")];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    #[expect(elided_lifetimes_in_paths, reason = "the trait's expansion accepts no other form")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let unit = table(
            "unit",
            [
                big_pk_auto("id").take(),
                big_integer_null("parent_id"),
                text("kind"),
                text("name"),
                text_null("code"),
                double_null("lon"),
                double_null("lat"),
                boolean("is_enabled"),
            ],
        );
        manager.create_table(unit).await?;
        let mut index = Index::create();
        index.name("unit_by_parent_id").table("unit").col("parent_id");
        manager.create_index(index).await?;

        // SQLite alters one thing at a time.
        let mut rename = Table::alter();
        manager.alter_table(rename.table("user").rename_column("role", "roles").to_owned()).await?;
        for (old, new) in ROLES {
            let mut update = Query::update();
            update.table("user").value("roles", new).and_where(Expr::col("roles").eq(old));
            manager.execute(update).await?;
        }
        let with_default = |mut column: ColumnDef, value: &'static str| column.default(value).take();
        let columns = [
            ("user", big_integer_null("unit_id")),
            ("user", text_null("phone")),
            ("user", text_null("post")),
            ("user", big_integer_null("duty_from")),
            ("user", big_integer_null("duty_until")),
            ("user", big_integer_null("password_changed_at")),
            ("user", with_default(text("past_passwords"), "[]")),
            ("user", text_null("totp_secret")),
            ("user", big_integer_null("totp_step")),
            ("user", with_default(text("recovery_codes"), "[]")),
            ("session", big_integer("last_used_at").default(0).take()),
            ("session", text_null("device")),
        ];
        for (table, column) in columns {
            let mut alter = Table::alter();
            manager.alter_table(alter.table(table).add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
