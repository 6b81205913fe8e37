//! Snapshots of the fold: its place in the journal, the board and the engine, in one file.
//!
//! Layout, numbers little-endian: 8 bytes magic with the format's version; XXH3-64 of the rest; then place, recent,
//! fingerprint and length of the board, 8 bytes each; the board; the engine. A snapshot is a cache: one that can't be
//! used is left out, and the journal is folded from its beginning.

use crate::files;
use std::io;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::Xxh3Default;

/// Raise the last digit with every change of the layout.
const MAGIC: [u8; 8] = *b"ACFOLD\x00\x01";
/// Stands for "no recent passages".
const NONE: u64 = u64::MAX;

/// The state of the fold after all entries before `place`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// Journal offset of the next entry.
    pub(crate) place: u64,
    /// Journal offset from which on the recent passages can be read back.
    pub(crate) recent_from: Option<u64>,
    /// Of the models' parameters under which the engine came to this state.
    pub(crate) fingerprint: u64,
    /// [`api::Board::snapshot`].
    pub(crate) board: Vec<u8>,
    /// [`judgement::Engine::snapshot`].
    pub(crate) engine: Vec<u8>,
}

/// Why a snapshot file is not used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SnapshotError {
    #[error("could not be read: {0}")]
    Io(#[from] io::Error),
    #[error("is not a snapshot of this version")]
    Version,
    #[error("is damaged")]
    Damaged,
}

/// Where snapshots are kept: the newest, and the one before it in case the newest proves bad.
#[derive(Debug)]
pub(crate) struct Shelf {
    newest: PathBuf,
    previous: PathBuf,
}

impl Shelf {
    pub(crate) fn new(data_dir: &Path) -> Self {
        let newest = data_dir.join("snapshot");
        Self { previous: files::with_suffix(&newest, ".previous"), newest }
    }

    /// Keeps a snapshot durably. At every moment there is at least one good file.
    pub(crate) fn put(&self, snapshot: &Snapshot) -> io::Result<()> {
        let head = snapshot.head();
        let mut hasher = Xxh3Default::new();
        for part in [head.as_flattened(), &snapshot.board, &snapshot.engine] {
            hasher.update(part);
        }
        let checksum = hasher.digest().to_le_bytes();
        match std::fs::rename(&self.newest, &self.previous) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        files::replace(
            &self.newest,
            &[&MAGIC, &checksum, head.as_flattened(), &snapshot.board, &snapshot.engine],
        )
    }

    /// The snapshots that can be read, newest first; what is wrong with the others is logged.
    pub(crate) fn all(&self) -> impl Iterator<Item = Snapshot> {
        [&self.newest, &self.previous].into_iter().filter_map(|path| match read(path) {
            Ok(snapshot) => Some(snapshot),
            Err(SnapshotError::Io(error)) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "left a snapshot out");
                None
            }
        })
    }
}

impl Snapshot {
    fn head(&self) -> [[u8; 8]; 4] {
        [self.place, self.recent_from.unwrap_or(NONE), self.fingerprint, self.board.len() as u64]
            .map(u64::to_le_bytes)
    }

    fn parse(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let rest = bytes.strip_prefix(&MAGIC).ok_or(SnapshotError::Version)?;
        let (checksum, body) = rest.split_first_chunk::<8>().ok_or(SnapshotError::Damaged)?;
        if xxhash_rust::xxh3::xxh3_64(body) != u64::from_le_bytes(*checksum) {
            return Err(SnapshotError::Damaged);
        }
        let (head, content) = body.split_first_chunk::<32>().ok_or(SnapshotError::Damaged)?;
        let number = |index: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&head[index * 8..index * 8 + 8]);
            u64::from_le_bytes(bytes)
        };
        let board_bytes = usize::try_from(number(3)).map_err(|_| SnapshotError::Damaged)?;
        let (board, engine) = content.split_at_checked(board_bytes).ok_or(SnapshotError::Damaged)?;
        Ok(Self {
            place: number(0),
            recent_from: Some(number(1)).filter(|offset| *offset != NONE),
            fingerprint: number(2),
            board: board.to_vec(),
            engine: engine.to_vec(),
        })
    }
}

fn read(path: &Path) -> Result<Snapshot, SnapshotError> {
    Snapshot::parse(&std::fs::read(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(place: u64) -> Snapshot {
        Snapshot { place, recent_from: None, fingerprint: 7, board: vec![1, 2, 3], engine: vec![4; 1000] }
    }

    #[test]
    fn the_newest_good_snapshot_comes_first_and_the_previous_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(dir.path());
        assert_eq!(shelf.all().count(), 0);
        shelf.put(&Snapshot { recent_from: Some(24), ..snapshot(100) }).unwrap();
        shelf.put(&snapshot(200)).unwrap();
        let all: Vec<_> = shelf.all().collect();
        assert_eq!(all, [snapshot(200), Snapshot { recent_from: Some(24), ..snapshot(100) }]);
        std::fs::write(&shelf.newest, b"ACFOLD\x00\x02 later").unwrap();
        assert_eq!(shelf.all().map(|s| s.place).collect::<Vec<_>>(), [100]);
    }

    #[test]
    fn no_changed_or_missing_byte_goes_unnoticed() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(dir.path());
        shelf.put(&snapshot(1)).unwrap();
        let bytes = std::fs::read(&shelf.newest).unwrap();
        assert!(Snapshot::parse(&bytes).is_ok());
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(Snapshot::parse(&changed).is_err(), "byte {at}");
            assert!(Snapshot::parse(&bytes[..at]).is_err(), "cut at {at}");
        }
    }
}
