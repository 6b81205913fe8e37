//! The two pools behind [`Records`] and what every subject needs of them: bulk upserts and stored forms of domain values.

use crate::error::damaged;
use domain::{Plate, PlateClass, Timestamp, VehicleKey};
use sea_orm::sea_query::{IntoLikeExpr, LikeExpr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
    DbErr, EntityTrait, Iterable, PrimaryKeyToColumn, TransactionTrait,
};
use serde::Deserialize;
use std::path::Path;
use std::time::Duration;

/// The relational records of one installation; cheap to clone, all clones share the connections.
#[derive(Clone, Debug)]
pub struct Records {
    /// One connection: SQLite has one writer, and waiting in the pool's fair queue beats colliding on the file's lock.
    write: DatabaseConnection,
    /// Connections that can only read; in WAL mode they never wait for the writer.
    read: DatabaseConnection,
    /// Permits for password hashing, which takes 19 MiB and a core each time.
    pub(crate) hashing: std::sync::Arc<tokio::sync::Semaphore>,
}

/// Connections that read at the same time.
pub const READERS_MAX: u32 = 4;
/// Longest wait for a connection or for the file's lock.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Rows in one statement: small enough for SQLite's 32,766 bound values, equal for all so that the statement is
/// prepared once.
const ROWS_PER_STATEMENT: usize = 400;
/// Password hashes computed at the same time: bounds what a flood of log-ins can take.
const HASHES_AT_ONCE: usize = 2;

impl Records {
    pub(crate) async fn connect(path: &Path) -> Result<Self, DbErr> {
        Ok(Self {
            write: pool(path, 1, false).await?,
            read: pool(path, READERS_MAX, true).await?,
            hashing: std::sync::Arc::new(tokio::sync::Semaphore::new(HASHES_AT_ONCE)),
        })
    }

    /// The connection of the next write transaction, when its turn comes.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        self.write.begin().await
    }

    pub(crate) fn reader(&self) -> &DatabaseConnection {
        &self.read
    }

    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.write
    }

    /// Finishes what runs and closes the files; the write-ahead log is folded into the database.
    pub async fn close(self) -> Result<(), crate::StoreError> {
        use crate::error::During;
        self.read.close().await.during("close the records")?;
        self.write.close().await.during("close the records")
    }
}

/// The one place that knows SQLite; PostgreSQL needs only its own version of this function.
async fn pool(path: &Path, connections: u32, is_reader: bool) -> Result<DatabaseConnection, DbErr> {
    use sea_orm::sqlx::Connection as _;
    use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
    // The path is given to the options themselves: in a URL, `?`, `#` and `%` of a path would mean something.
    let path = path.to_owned();
    let mut options = ConnectOptions::new("sqlite:");
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(BUSY_TIMEOUT)
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        // Local connections don't go stale: asking before each use would double the cost of small reads.
        .test_before_acquire(false)
        .map_sqlx_sqlite_opts(move |sqlite| {
            let sqlite = sqlite
                .filename(&path)
                .create_if_missing(true)
                .foreign_keys(true)
                .busy_timeout(BUSY_TIMEOUT)
                .journal_mode(SqliteJournalMode::Wal)
                // FULL, not NORMAL: a signature that an officer saw stored must survive a power cut, and so must
                // the judgement cursor that the journal's retention trusts. It costs one fsync a transaction, and
                // transactions are few: people's hands, and judgement in batches.
                .synchronous(SqliteSynchronous::Full);
            if is_reader { sqlite.pragma("query_only", "ON") } else { sqlite }
        })
        // When a commit finds the disk full, SQLite rolls back by itself. sqlx then still counts the transaction as open,
        // and makes the next ones savepoints: after the next failure all lie in one that nobody commits. Such a
        // connection is not used again.
        .map_sqlx_sqlite_pool_opts(|pool| {
            pool.before_acquire(|connection, _| {
                Box::pin(std::future::ready(Ok(!connection.is_in_transaction())))
            })
        });
    Database::connect(options).await
}

/// Inserts rows; those whose key exists are replaced.
pub(crate) async fn upsert<A>(db: &impl ConnectionTrait, rows: Vec<A>) -> Result<(), DbErr>
where
    A: ActiveModelTrait,
{
    let keys: Vec<_> =
        <A::Entity as EntityTrait>::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column).collect();
    let is_key = |column: &<A::Entity as EntityTrait>::Column| {
        keys.iter().any(|key| format!("{key:?}") == format!("{column:?}"))
    };
    let others: Vec<_> =
        <A::Entity as EntityTrait>::Column::iter().filter(|column| !is_key(column)).collect();
    let on_conflict = OnConflict::columns(keys.iter().copied()).update_columns(others).to_owned();
    for chunk in chunks(rows) {
        A::Entity::insert_many(chunk).on_conflict(on_conflict.clone()).exec_without_returning(db).await?;
    }
    Ok(())
}

/// Inserts rows whose keys are new.
pub(crate) async fn insert<A>(db: &impl ConnectionTrait, rows: Vec<A>) -> Result<(), DbErr>
where
    A: ActiveModelTrait,
{
    for chunk in chunks(rows) {
        A::Entity::insert_many(chunk).exec_without_returning(db).await?;
    }
    Ok(())
}

/// Keys in one `IN (…)`.
pub(crate) const KEYS_PER_QUERY: usize = 1_000;

fn chunks<T>(rows: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || {
        let chunk: Vec<T> = rows.by_ref().take(ROWS_PER_STATEMENT).collect();
        (!chunk.is_empty()).then_some(chunk)
    })
}

/// `LIKE` for a text that contains `part` literally.
pub(crate) fn contains(part: &str) -> LikeExpr {
    let mut pattern = String::with_capacity(part.len() + 2);
    pattern.push('%');
    for c in part.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    LikeExpr::new(pattern).escape('\\').into_like_expr()
}

/// Plates are keys in their packed form (63 bits), which is exact even with unread places.
pub(crate) fn plate_code(plate: Plate) -> i64 {
    plate.packed() as i64
}

/// The plate of a packed form; serde is the way in that takes the number as it is.
pub(crate) fn plate_of(code: i64) -> Result<Plate, DbErr> {
    let packed = u64::try_from(code).map_err(|e| damaged("plate", e))?;
    Plate::deserialize(serde_json::Value::from(packed)).map_err(|e| damaged("plate", e))
}

pub(crate) fn class_of(code: i32) -> Result<PlateClass, DbErr> {
    u8::try_from(code).map(PlateClass).map_err(|e| damaged("plate class", e))
}

pub(crate) fn key_of(plate_code: i64, class: i32) -> Result<VehicleKey, DbErr> {
    Ok(VehicleKey { plate: plate_of(plate_code)?, class: class_of(class)? })
}

pub(crate) fn time_of(unix_ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(unix_ms)
}

/// A number that was stored from the same type.
pub(crate) fn narrow<T: TryFrom<i64>>(table: &str, value: impl Into<i64>) -> Result<T, DbErr> {
    let value = value.into();
    T::try_from(value).map_err(|_| damaged(table, format_args!("{value} out of range")))
}
