//! What can go wrong with segments.

use parquet::errors::ParquetError;
use std::io;
use std::path::{Path, PathBuf};

/// Why a segment could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The file system refused.
    #[error("could not {doing} {}", path.display())]
    Io {
        /// What was being done, as in "could not …".
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The bytes of a segment are not what was written.
    #[error("segment {} is damaged{}: {reason}", path.display(), of_column(*column))]
    Damaged {
        /// The segment's path below the history's folder.
        path: PathBuf,
        /// The column, where it is known.
        column: Option<&'static str>,
        /// What is wrong.
        reason: String,
    },
    /// Whoever asked for it does not want it any longer.
    #[error("it was cancelled")]
    Cancelled,
}

fn of_column(column: Option<&str>) -> String {
    column.map(|name| format!(" in column {name}")).unwrap_or_default()
}

impl HistoryError {
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }

    /// A failure of the library while writing: its cause is nearly always the file system's.
    pub(crate) fn writing(path: &Path) -> impl Fn(ParquetError) -> Self {
        let path = path.to_owned();
        move |error| {
            let source = match error {
                ParquetError::External(cause) => match cause.downcast::<io::Error>() {
                    Ok(cause) => *cause,
                    Err(cause) => io::Error::other(cause),
                },
                error => io::Error::other(error),
            };
            Self::Io { doing: "write", path: path.clone(), source }
        }
    }

    /// A failure of the library while reading.
    pub(crate) fn reading(path: &Path, column: Option<&'static str>) -> impl Fn(ParquetError) -> Self {
        let path = path.to_owned();
        move |error| match error {
            ParquetError::External(cause) if cause.is::<io::Error>() => Self::Io {
                doing: "read",
                path: path.clone(),
                source: cause.downcast::<io::Error>().map_or_else(io::Error::other, |cause| *cause),
            },
            error => Self::Damaged { path: path.clone(), column, reason: error.to_string() },
        }
    }

    /// The segment, below the history's folder, or whatever file it is about.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Io { path, .. } | Self::Damaged { path, .. } => Some(path),
            Self::Cancelled => None,
        }
    }

    /// Whether there is no room on the disk: it will go when there is.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Io { source, .. }
            if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
    }

    /// Whether the bytes of a segment are bad, so that its rows are lost and nothing else.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Damaged { .. } => true,
            // Missing, or shorter than it should be, or a sector that can't be read.
            Self::Io { doing, source, .. } => {
                *doing == "read" || *doing == "open" && source.kind() == io::ErrorKind::NotFound
            }
            Self::Cancelled => false,
        }
    }
}
