//! What is counted over all cases and over all tasks is counted from an index that holds everything the count looks at, and
//! cases of all kinds have their orders.

use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0016_counted"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    #[expect(elided_lifetimes_in_paths, reason = "the trait's expansion accepts no other form")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // New ones begin like three of them; by the units nothing is found any more (`case/list.rs`).
        let old = [
            ("task_by_ended_at_due_at", "task"),
            ("task_by_unit_ended_at", "task"),
            ("case_by_lat", "case"),
            ("case_by_kind_unit_path", "case"),
            ("case_by_kind_also_path", "case"),
        ];
        for (name, table) in old {
            manager.drop_index(Index::drop().name(name).table(table).to_owned()).await?;
        }
        for (name, table, columns) in INDEXES {
            let mut index = Index::create();
            index.name(*name).table(*table);
            for column in *columns {
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

const INDEXES: &[(&str, &str, &[&str])] = &[
    ("task_of_desk", "task", &["unit", "ended_at", "permission", "person", "due_at"]),
    ("task_of_county", "task", &["ended_at", "due_at", "permission", "person"]),
    ("task_of_step", "task", &["step", "due_at", "unit_path", "ended_at"]),
    (
        "case_counted",
        "case",
        &[
            "kind",
            "state",
            "category",
            "unit",
            "level",
            "is_open",
            "unit_path",
            "also_path",
            "assignee",
            "opened_by",
            "opened_at",
            "due_at",
            "home_unit",
            "branch",
            "source",
            "is_supervised",
            "title",
            "plate",
            "id",
        ],
    ),
    ("case_by_opened_at", "case", &["opened_at"]),
    ("case_by_changed_at", "case", &["changed_at"]),
    ("case_by_level", "case", &["level", "opened_at"]),
    ("case_by_due_at", "case", &["is_open", "due_at"]),
    ("case_by_place", "case", &["lat", "lon"]),
    ("case_by_opened_by", "case", &["opened_by"]),
    ("case_by_assignee", "case", &["assignee"]),
];
