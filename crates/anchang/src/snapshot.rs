//! Snapshots of the fold on disk: its place in the journal, the board, the engine and what is folded beside it.
//!
//! A file is made of [`Part`]s (see `judgement::PartsWriter`): first "place", then "board", the engine's, and those of
//! folds beside it. They are written one by one as they are made, on a thread of their own, and read the same way, so that
//! no snapshot is ever whole in memory. A snapshot is a cache: one that can't be used is left out, and the journal is
//! folded from its beginning.

use crate::files;
use judgement::{Engine, Frozen, Migrated, Parameters, Part, PartError, PartsReader, PartsWriter, Restoring};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const PLACE: &str = "place";
const BOARD: &str = "board";
/// Of "place" and "board"; a board of another version is left out, a place of another version spoils the snapshot.
const VERSION: u16 = 1;

/// Where the fold stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Journal offset of the next entry.
    pub(crate) next: u64,
    /// Journal offset from which on the recent passages can be read back.
    pub(crate) recent_from: Option<u64>,
    /// Of the models' parameters under which the engine came to this state.
    pub(crate) fingerprint: u64,
}

/// The state of the fold after all entries before its place.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) place: Place,
    /// [`api::Board::snapshot`].
    pub(crate) board: Vec<u8>,
    pub(crate) engine: Frozen,
    /// Of folds beside the engine, each under a section name of its own that the engine does not know.
    pub(crate) beside: Vec<Part>,
}

/// Why a snapshot file is not used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SnapshotError {
    #[error("could not be opened: {0}")]
    Open(#[from] io::Error),
    #[error(transparent)]
    Part(#[from] PartError),
    #[error("the engine does not take it: {0}")]
    Engine(#[from] judgement::SnapshotError),
    #[error("the place in the journal is missing or of another version")]
    Place,
}

/// Where snapshots are kept: the newest, and the one before it in case the newest proves bad.
#[derive(Clone, Debug)]
pub(crate) struct Shelf {
    newest: PathBuf,
    previous: PathBuf,
}

impl Shelf {
    pub(crate) fn new(data_dir: &Path) -> Self {
        let newest = data_dir.join("snapshot");
        Self { previous: files::with_suffix(&newest, ".previous"), newest }
    }

    /// Keeps a snapshot durably; gives its length in bytes. At every moment there is at least one good file.
    pub(crate) fn put(&self, snapshot: Snapshot) -> io::Result<u64> {
        let beside = files::with_suffix(&self.newest, ".new");
        files::remove_if_there(&beside)?;
        let file = File::options().write(true).create_new(true).open(&beside)?;
        let mut writer = PartsWriter::begin(BufWriter::new(file))?;
        let Snapshot { place, board, engine, beside: others } = snapshot;
        writer.put(&part(PLACE, codec::to_bytes(&place)))?;
        writer.put(&part(BOARD, board))?;
        engine.into_parts().chain(others).try_for_each(|part| writer.put(&part))?;
        let file = writer.end()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        let bytes = file.metadata()?.len();
        drop(file);
        match fs::rename(&self.newest, &self.previous) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::rename(&beside, &self.newest)?;
        files::sync_folder_of(&self.newest)?;
        Ok(bytes)
    }

    /// The snapshots of which the beginning can be read, newest first; what is wrong with the others is logged.
    pub(crate) fn all(&self) -> impl Iterator<Item = Opened> {
        [&self.newest, &self.previous].into_iter().filter_map(|path| match Opened::open(path) {
            Ok(opened) => Some(opened),
            Err(SnapshotError::Open(error)) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "left a snapshot out");
                None
            }
        })
    }
}

fn part(section: &'static str, bytes: Vec<u8>) -> Part {
    Part { section: SmolStr::new_static(section), version: VERSION, bytes }
}

/// A snapshot that is being read.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) place: Place,
    /// `None` when it is of another version.
    pub(crate) board: Option<Vec<u8>>,
    rest: PartsReader<BufReader<File>>,
}

/// What a snapshot was taken of, except the board.
#[derive(Debug)]
pub(crate) struct Restored {
    pub(crate) engine: Engine,
    pub(crate) migrated: Vec<Migrated>,
    /// As in [`Snapshot`].
    pub(crate) beside: Vec<Part>,
}

impl Opened {
    fn open(path: &Path) -> Result<Self, SnapshotError> {
        let mut rest = PartsReader::begin(BufReader::new(File::open(path)?))?;
        let place = rest.next_part()?.filter(|part| part.section == PLACE && part.version == VERSION);
        let place = place.and_then(|part| codec::from_bytes(&part.bytes).ok()).ok_or(SnapshotError::Place)?;
        let board = rest.next_part()?.filter(|part| part.section == BOARD).ok_or(SnapshotError::Place)?;
        let board = Some(board).filter(|part| part.version == VERSION).map(|part| part.bytes);
        Ok(Self { place, board, rest })
    }

    /// Reads the rest.
    pub(crate) fn restore(&mut self, parameters: Parameters) -> Result<Restored, SnapshotError> {
        let (mut restoring, mut beside) = (Restoring::new(parameters), Vec::new());
        while let Some(part) = self.rest.next_part()? {
            if Restoring::knows(&part.section) {
                restoring.take(&part)?;
            } else {
                beside.push(part);
            }
        }
        let (engine, migrated) = restoring.finish()?;
        Ok(Restored { engine, migrated, beside })
    }
}

/// Writes snapshots on a thread of its own, one at a time.
#[derive(Debug)]
pub(crate) struct Keeper {
    shelf: Shelf,
    in_work: Option<JoinHandle<Kept>>,
}

/// What became of a snapshot.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) place: Place,
    /// From the beginning of its writing until it was durable.
    pub(crate) took: Duration,
    /// Its length in bytes.
    pub(crate) outcome: io::Result<u64>,
}

impl Keeper {
    pub(crate) fn new(shelf: Shelf) -> Self {
        Self { shelf, in_work: None }
    }

    pub(crate) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Whether one is being written.
    pub(crate) fn is_at_work(&self) -> bool {
        self.in_work.is_some()
    }

    /// Begins to write a snapshot; the one before must have ended.
    pub(crate) fn begin(&mut self, snapshot: Snapshot) -> io::Result<()> {
        debug_assert!(!self.is_at_work(), "one at a time");
        let shelf = self.shelf.clone();
        let work = move || {
            let (place, begun) = (snapshot.place, Instant::now());
            let outcome = shelf.put(snapshot);
            Kept { place, took: begun.elapsed(), outcome }
        };
        self.in_work = Some(std::thread::Builder::new().name("snapshot".into()).spawn(work)?);
        Ok(())
    }

    /// What became of the one that was being written, once it is known.
    pub(crate) fn take_ended(&mut self) -> Option<std::thread::Result<Kept>> {
        self.in_work.take_if(|work| work.is_finished()).map(JoinHandle::join)
    }

    /// The same, after waiting for it.
    pub(crate) fn wait(&mut self) -> Option<std::thread::Result<Kept>> {
        self.in_work.take().map(JoinHandle::join)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters() -> Parameters {
        crate::config::ModelFiles::default().load().unwrap().0
    }

    fn place(next: u64) -> Place {
        Place { next, recent_from: Some(24), fingerprint: 7 }
    }

    fn snapshot(next: u64) -> Snapshot {
        let other = Part { section: "other".into(), version: 3, bytes: vec![9; 1000] };
        let engine = Engine::new(parameters()).freeze();
        Snapshot { place: place(next), board: vec![1, 2, 3], engine, beside: vec![other] }
    }

    fn places(shelf: &Shelf) -> Vec<u64> {
        shelf.all().map(|opened| opened.place.next).collect()
    }

    #[test]
    fn the_newest_good_snapshot_comes_first_and_the_previous_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(dir.path());
        assert_eq!(places(&shelf), [0; 0]);
        for next in [100, 200, 300] {
            let bytes = shelf.put(snapshot(next)).unwrap();
            assert_eq!(bytes, fs::metadata(&shelf.newest).unwrap().len());
        }
        assert_eq!(places(&shelf), [300, 200]);
        let mut newest = shelf.all().next().unwrap();
        assert_eq!((newest.place, newest.board.as_deref()), (place(300), Some(&[1, 2, 3][..])));
        let restored = newest.restore(parameters()).unwrap();
        assert_eq!(restored.engine.snapshot(), Engine::new(parameters()).snapshot());
        assert_eq!((restored.beside, restored.migrated), (snapshot(300).beside, vec![]));
        fs::write(&shelf.newest, b"ACSNAP\0\x02 later").unwrap();
        assert_eq!(places(&shelf), [200]);
    }

    #[test]
    fn a_crash_while_one_is_written_leaves_the_last_two_as_they_were() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(dir.path());
        shelf.put(snapshot(100)).unwrap();
        shelf.put(snapshot(200)).unwrap();
        // Half a file beside them, as a crash leaves it.
        let whole = fs::read(&shelf.newest).unwrap();
        fs::write(files::with_suffix(&shelf.newest, ".new"), &whole[..whole.len() / 2]).unwrap();
        assert_eq!(places(&shelf), [200, 100]);
        // And one between the two renames.
        fs::rename(&shelf.newest, &shelf.previous).unwrap();
        assert_eq!(places(&shelf), [200]);
        shelf.put(snapshot(300)).unwrap();
        assert_eq!(places(&shelf), [300, 200]);
    }

    #[test]
    fn a_changed_byte_spoils_the_snapshot() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(dir.path());
        shelf.put(snapshot(1)).unwrap();
        let bytes = fs::read(&shelf.newest).unwrap();
        for at in (0..bytes.len()).step_by(7) {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            fs::write(&shelf.newest, changed).unwrap();
            let is_used = shelf.all().any(|mut opened| opened.restore(parameters()).is_ok());
            assert!(!is_used, "byte {at}");
        }
    }

    #[test]
    fn the_keeper_writes_beside_its_owner_and_says_how_it_ended() {
        let dir = tempfile::tempdir().unwrap();
        let mut keeper = Keeper::new(Shelf::new(dir.path()));
        assert!(keeper.take_ended().is_none() && keeper.wait().is_none());
        keeper.begin(snapshot(5)).unwrap();
        assert!(keeper.is_at_work());
        let kept = keeper.wait().unwrap().unwrap();
        assert_eq!(kept.place, place(5));
        assert!(kept.outcome.is_ok_and(|bytes| bytes > 1000) && !keeper.is_at_work());
        // A folder that is gone.
        drop(dir);
        keeper.begin(snapshot(6)).unwrap();
        assert!(keeper.wait().unwrap().unwrap().outcome.is_err());
    }
}
