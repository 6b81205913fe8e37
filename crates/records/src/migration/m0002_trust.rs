//! What judgement needs that officers can trust: limits and directions of checkpoints, verdicts, rules and tunings with
//! their versions, zones, silences, maintenance windows, the health of devices by hour.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::integer_null;

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
        for column in ["limit_kmh", "limit_large_kmh", "one_way"] {
            let mut table = Table::alter();
            manager
                .alter_table(table.table("checkpoint").add_column(integer_null(column)).to_owned())
                .await?;
        }
        Ok(())
    }

    /// All or nothing: a start that is killed half-way starts anew.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
