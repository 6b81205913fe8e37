//! What can go wrong between the records and their database: one error that names the operation that failed.

use sea_orm::sqlx::error::DatabaseError;
use sea_orm::{DbErr, RuntimeErr};

/// A read or write of the records failed for a technical reason; nothing of it was stored.
#[derive(Debug, thiserror::Error)]
#[error("could not {operation}: {fault}")]
pub struct StoreError {
    /// What was tried, as a verb with its object: "commit outcomes".
    pub operation: &'static str,
    /// What stood in the way, as far as a caller can act on it.
    pub fault: Fault,
    /// What the database said.
    #[source]
    source: DbErr,
}

/// What stood in the way of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No room on the disk: reads still work; writes will again when there is room.
    #[error("the disk is full")]
    DiskFull,
    /// Too many waited, or another process holds the database: try again.
    #[error("the database is busy")]
    Busy,
    /// The file or a row in it is not what was written.
    #[error("the database is damaged")]
    Damaged,
    /// Anything else; the source says what.
    #[error("the database failed")]
    Other,
}

/// Names the operation that a database error ended.
pub(crate) trait During<T> {
    fn during(self, operation: &'static str) -> Result<T, StoreError>;
}

impl<T> During<T> for Result<T, DbErr> {
    fn during(self, operation: &'static str) -> Result<T, StoreError> {
        self.map_err(|source| StoreError { operation, fault: fault_of(&source), source })
    }
}

/// A stored value that the program can't have written.
pub(crate) fn damaged(table: &str, what: impl std::fmt::Display) -> DbErr {
    DbErr::Type(format!("{table}: {what}"))
}

fn fault_of(error: &DbErr) -> Fault {
    match error {
        DbErr::ConnectionAcquire(_) => Fault::Busy,
        DbErr::Type(_) | DbErr::Json(_) | DbErr::TryIntoErr { .. } => Fault::Damaged,
        DbErr::Conn(RuntimeErr::SqlxError(e))
        | DbErr::Exec(RuntimeErr::SqlxError(e))
        | DbErr::Query(RuntimeErr::SqlxError(e)) => {
            match e
                .as_database_error()
                .and_then(DatabaseError::code)
                .and_then(|code| code.parse::<u32>().ok())
            {
                // SQLite's primary result codes (sqlite.org/rescode.html) are the low byte of the extended ones.
                Some(code) => match code & 0xff {
                    5 | 6 => Fault::Busy,
                    11 | 26 => Fault::Damaged,
                    13 => Fault::DiskFull,
                    _ => Fault::Other,
                },
                None => Fault::Other,
            }
        }
        _ => Fault::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::Fault;
    use crate::{LayerName, Records};
    use domain::Timestamp;
    use sea_orm::ConnectionTrait;

    #[tokio::test]
    async fn a_full_disk_is_named_and_reading_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let records = Records::open(dir.path().join("records.db")).await.unwrap();
        let now = Timestamp::from_unix_ms(0);
        records.put_layer(LayerName::Roads, "{}".to_owned(), now).await.unwrap();
        // SQLite answers the same for a bound on pages as for a file system without room.
        records.writer().execute_unprepared("PRAGMA max_page_count = 1").await.unwrap();
        let big = "x".repeat(10 << 20);
        let error = records.put_layer(LayerName::Roads, big, now).await.unwrap_err();
        assert_eq!(error.fault, Fault::DiskFull);
        assert_eq!(error.to_string(), "could not store a map layer: the disk is full");
        assert_eq!(records.layer(LayerName::Roads).await.unwrap().unwrap().geojson, "{}");
        records.writer().execute_unprepared("PRAGMA max_page_count = 4294967294").await.unwrap();
        records.put_layer(LayerName::Places, "{}".to_owned(), now).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_stored_after_sqlite_rolled_back_by_itself_is_durable() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("records.db");
        let records = Records::open(&path).await.unwrap();
        let now = Timestamp::from_unix_ms(0);
        // As SQLite does when a commit finds the disk full.
        let tx = records.begin().await.unwrap();
        tx.execute_unprepared("ROLLBACK").await.unwrap();
        tx.commit().await.unwrap_err();
        // And one that was given up in the middle.
        drop(records.begin().await.unwrap());
        records.put_layer(LayerName::Places, "{}".to_owned(), now).await.unwrap();
        // Another connection sees what is committed, and nothing else.
        let others = Records::open(&path).await.unwrap();
        assert_eq!(others.layer(LayerName::Places).await.unwrap().unwrap().geojson, "{}");
    }
}
