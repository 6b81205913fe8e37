//! Sections (区间) for average speed. Every change also goes to the journal, through the outbox.

use crate::error::{During, StoreError};
use crate::outbox;
use crate::page::Put;
use crate::store::{Records, narrow, upsert};
use domain::{CheckpointId, ReferenceChange, Section, SectionId};
use sea_orm::entity::prelude::*;
use sea_orm::{DbErr, IntoActiveModel, QueryOrder};
use std::collections::BTreeMap;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "section")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub name: String,
        pub start_checkpoint: String,
        pub end_checkpoint: String,
        pub length_m: i64,
        pub limit_kmh: i32,
        pub limit_large_kmh: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Records {
    /// Stores sections, new or changed, in one transaction; answers what became of each, in order.
    pub async fn put_sections(&self, sections: &[Section]) -> Result<Vec<Put>, StoreError> {
        self.put_section_rows(sections).await.during("store sections")
    }

    async fn put_section_rows(&self, sections: &[Section]) -> Result<Vec<Put>, DbErr> {
        let tx = self.begin().await?;
        let stored = row::Entity::find().all(&tx).await?;
        let mut known: BTreeMap<String, row::Model> =
            stored.into_iter().map(|row| (row.id.clone(), row)).collect();
        let mut puts = Vec::with_capacity(sections.len());
        let mut changes = Vec::new();
        for section in sections {
            let row = row_of(section);
            let put = match known.get(&row.id) {
                None => Put::Inserted,
                Some(old) if *old == row => Put::Unchanged,
                Some(_) => Put::Updated,
            };
            if put != Put::Unchanged {
                upsert(&tx, vec![row.clone().into_active_model()]).await?;
                known.insert(row.id.clone(), row);
                changes.push(ReferenceChange::Section(section.clone()));
            }
            puts.push(put);
        }
        outbox::post(&tx, &changes).await?;
        tx.commit().await?;
        Ok(puts)
    }

    /// Removes a section; `false` when there is none.
    pub async fn remove_section(&self, id: &SectionId) -> Result<bool, StoreError> {
        let remove = async {
            let tx = self.begin().await?;
            let is_gone = row::Entity::delete_by_id(id.as_str()).exec(&tx).await?.rows_affected > 0;
            if is_gone {
                outbox::post(&tx, &[ReferenceChange::SectionRemoved(id.clone())]).await?;
            }
            tx.commit().await?;
            Ok(is_gone)
        };
        remove.await.during("remove a section")
    }

    /// One section.
    pub async fn section(&self, id: &SectionId) -> Result<Option<Section>, StoreError> {
        let row = row::Entity::find_by_id(id.as_str()).one(self.reader()).await;
        row.and_then(|row| row.map(section_of).transpose()).during("read a section")
    }

    /// All sections by id; a county has some dozens.
    pub async fn all_sections(&self) -> Result<Vec<Section>, StoreError> {
        let rows = row::Entity::find().order_by_asc(row::Column::Id).all(self.reader()).await;
        rows.and_then(|rows| rows.into_iter().map(section_of).collect()).during("list sections")
    }
}

fn row_of(section: &Section) -> row::Model {
    row::Model {
        id: section.id.to_string(),
        name: section.name.to_string(),
        start_checkpoint: section.start.to_string(),
        end_checkpoint: section.end.to_string(),
        length_m: section.length_m.into(),
        limit_kmh: section.limit_kmh.into(),
        limit_large_kmh: section.limit_large_kmh.into(),
    }
}

fn section_of(row: row::Model) -> Result<Section, DbErr> {
    const TABLE: &str = "section";
    Ok(Section {
        id: SectionId::from(row.id.as_str()),
        name: row.name.into(),
        start: CheckpointId::from(row.start_checkpoint.as_str()),
        end: CheckpointId::from(row.end_checkpoint.as_str()),
        length_m: narrow(TABLE, row.length_m)?,
        limit_kmh: narrow(TABLE, row.limit_kmh)?,
        limit_large_kmh: narrow(TABLE, row.limit_large_kmh)?,
    })
}
