//! The catalogue of the history. A segment is there when its row is; the row comes and goes in one transaction with what
//! it stands for, so that nothing is lost or read twice.

use crate::cursor;
use crate::error::{During, StoreError};
use crate::store::{KEYS_PER_QUERY, Records, insert, narrow, time_of};
use domain::Timestamp;
use sea_orm::entity::prelude::*;
use sea_orm::{DbErr, QueryOrder, Set};
use std::ops::Range;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "segment")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub path: String,
        pub kind: String,
        pub projection: String,
        pub level: i32,
        pub first_offset: i64,
        pub end_offset: i64,
        pub captured_from: i64,
        pub captured_to: i64,
        pub received_from: i64,
        pub received_to: i64,
        pub rows: i64,
        pub bytes: i64,
        pub checksum: i64,
        pub tail_at: i64,
        pub tail_checksum: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A segment of the history, as the catalogue keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentRecord {
    /// Below the history's folder.
    pub path: String,
    /// The word for what its rows are.
    pub kind: String,
    /// The word for how they are sorted.
    pub projection: String,
    /// How often its rows were merged.
    pub level: u8,
    /// The part of the journal that it covers.
    pub offsets: Range<u64>,
    /// The earliest and the latest time of capture.
    pub captured: (Timestamp, Timestamp),
    /// The earliest and the latest time of receipt.
    pub received: (Timestamp, Timestamp),
    /// Rows.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Of the file.
    pub checksum: u64,
    /// Where its footer begins.
    pub tail_at: u64,
    /// Of the footer.
    pub tail_checksum: u64,
}

impl Records {
    /// The whole catalogue, by path.
    pub async fn segments(&self) -> Result<Vec<SegmentRecord>, StoreError> {
        let read = async {
            let rows = row::Entity::find().order_by_asc(row::Column::Path).all(self.reader()).await?;
            rows.into_iter().map(record).collect::<Result<Vec<_>, DbErr>>()
        };
        read.await.during("read the catalogue of the history")
    }

    /// Adds sealed segments and moves the history's place in the journal, at once.
    pub async fn commit_sealed(&self, added: &[SegmentRecord], sealed_up_to: u64) -> Result<(), StoreError> {
        let write = async {
            let tx = self.begin().await?;
            insert(&tx, added.iter().map(active).collect()).await?;
            cursor::set(&tx, cursor::HISTORY, sealed_up_to).await?;
            tx.commit().await
        };
        write.await.during("store sealed segments")
    }

    /// Puts segments in place of others, at once.
    pub async fn swap_segments(&self, added: &[SegmentRecord], removed: &[String]) -> Result<(), StoreError> {
        let write = async {
            let tx = self.begin().await?;
            for paths in removed.chunks(KEYS_PER_QUERY) {
                let of_these = row::Column::Path.is_in(paths.iter().cloned());
                row::Entity::delete_many().filter(of_these).exec(&tx).await?;
            }
            insert(&tx, added.iter().map(active).collect()).await?;
            tx.commit().await
        };
        write.await.during("swap segments")
    }
}

fn active(segment: &SegmentRecord) -> row::ActiveModel {
    row::ActiveModel {
        path: Set(segment.path.clone()),
        kind: Set(segment.kind.clone()),
        projection: Set(segment.projection.clone()),
        level: Set(segment.level.into()),
        first_offset: Set(segment.offsets.start as i64),
        end_offset: Set(segment.offsets.end as i64),
        captured_from: Set(segment.captured.0.unix_ms()),
        captured_to: Set(segment.captured.1.unix_ms()),
        received_from: Set(segment.received.0.unix_ms()),
        received_to: Set(segment.received.1.unix_ms()),
        rows: Set(segment.rows as i64),
        bytes: Set(segment.bytes as i64),
        checksum: Set(segment.checksum as i64),
        tail_at: Set(segment.tail_at as i64),
        tail_checksum: Set(segment.tail_checksum as i64),
    }
}

fn record(row: row::Model) -> Result<SegmentRecord, DbErr> {
    Ok(SegmentRecord {
        level: narrow("segment", row.level)?,
        offsets: narrow("segment", row.first_offset)?..narrow("segment", row.end_offset)?,
        captured: (time_of(row.captured_from), time_of(row.captured_to)),
        received: (time_of(row.received_from), time_of(row.received_to)),
        rows: narrow("segment", row.rows)?,
        bytes: narrow("segment", row.bytes)?,
        checksum: row.checksum as u64,
        tail_at: narrow("segment", row.tail_at)?,
        tail_checksum: row.tail_checksum as u64,
        path: row.path,
        kind: row.kind,
        projection: row.projection,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(path: &str, offsets: Range<u64>) -> SegmentRecord {
        SegmentRecord {
            path: path.into(),
            kind: "passages".into(),
            projection: "arrival".into(),
            level: 0,
            offsets,
            captured: (time_of(1), time_of(2)),
            received: (time_of(3), time_of(4)),
            rows: 5,
            bytes: 6,
            checksum: u64::MAX,
            tail_at: 7,
            tail_checksum: 1 << 63,
        }
    }

    #[tokio::test]
    async fn segments_and_the_place_in_the_journal_are_one() {
        let dir = tempfile::tempdir().unwrap();
        let records = Records::open(dir.path().join("records.db")).await.unwrap();
        let (a, b) = (segment("a", 0..10), segment("b", 10..20));
        records.commit_sealed(std::slice::from_ref(&a), 10).await.unwrap();
        records.commit_sealed(std::slice::from_ref(&b), 20).await.unwrap();
        // The same once more is refused whole.
        records.commit_sealed(&[segment("c", 20..30), b.clone()], 30).await.unwrap_err();
        assert_eq!(records.segments().await.unwrap(), [a.clone(), b.clone()]);
        assert_eq!(records.cursor(cursor::HISTORY).await.unwrap(), Some(20));
        let merged = segment("ab", 0..20);
        records.swap_segments(std::slice::from_ref(&merged), &["a".into(), "b".into()]).await.unwrap();
        assert_eq!(records.segments().await.unwrap(), [merged]);
    }
}
