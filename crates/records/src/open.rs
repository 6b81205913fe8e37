//! Opening: finds or makes the database and brings its schema up to date.

use crate::error::{During, StoreError};
use crate::migration::Migrator;
use crate::store::Records;
use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use sea_orm_migration::MigratorTrait;
use std::path::{Path, PathBuf};

/// Why the records could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file can't be made or read, or is no database.
    #[error("could not open the records in {path}", path = path.display())]
    Open {
        /// The database file.
        path: PathBuf,
        /// What the database said.
        #[source]
        source: DbErr,
    },
    /// The schema can't be brought up to date, or was written by a newer version of the program.
    #[error("could not bring the schema of {path} up to date", path = path.display())]
    Migrate {
        /// The database file.
        path: PathBuf,
        /// What the database said.
        #[source]
        source: DbErr,
    },
}

impl Records {
    /// Opens the records in the file `path`, making it and its tables when there are none. Its folder must exist.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let open = |source| OpenError::Open { path: path.to_owned(), source };
        let migrate = |source| OpenError::Migrate { path: path.to_owned(), source };
        let records = Self::connect(path).await.map_err(open)?;
        let pending = Migrator::get_pending_migrations(records.writer()).await.map_err(migrate)?;
        Migrator::up(records.writer(), None).await.map_err(migrate)?;
        for migration in &pending {
            tracing::info!(name = migration.name(), "applied a migration of the records");
        }
        if let Err(error) = records.analyze().await {
            tracing::warn!(%error, "indexes are chosen by what was known before");
        }
        // Connections know how values are spread from when they were opened.
        if let Err(error) = records.close().await {
            tracing::warn!(%error, "the connections that brought the schema up to date did not close in order");
        }
        Self::connect(path).await.map_err(open)
    }

    /// Lets SQLite see how values are spread in tables that have grown, by which it chooses among indexes: milliseconds, since
    /// it looks at a bounded number of rows. Other databases do so by themselves. Connections that are open go on
    /// with what they know until they are renewed.
    pub async fn analyze(&self) -> Result<(), StoreError> {
        /// All tables, not only those that this connection has read: <https://sqlite.org/pragma.html#pragma_optimize>.
        const ANALYZE: &str = "PRAGMA optimize = 0x10002";
        if self.writer().get_database_backend() == DbBackend::Sqlite {
            self.writer().execute_unprepared(ANALYZE).await.during("analyze the tables")?;
        }
        Ok(())
    }

    /// Whether reads work and the writer is free within [`crate::BUSY_TIMEOUT`]; for health checks.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.reader().ping().await.during("read the records")?;
        self.writer().ping().await.during("write the records")
    }
}
