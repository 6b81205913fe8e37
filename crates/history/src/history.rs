//! The history itself: which segments there are, what is not sealed yet, and the open files.

use crate::by_plate::Fix;
use crate::column::Table;
use crate::error::HistoryError;
use crate::file::{self, SegmentFile, UNFINISHED};
use crate::seal::Seal;
use crate::segment::{Kind, Projection, Segment};
use domain::Observation;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Memory of footers and page indexes of open segments, in bytes, beyond which those not used longest are closed.
pub const OPEN_BYTES_MAX: usize = 128 << 20;
/// Segments that are open at the same time, at most.
const OPEN_FILES_MAX: usize = 512;
/// Below the root: whole files that no catalogue names.
const SET_ASIDE: &str = "set-aside";
/// How long a file stays in `set-aside/`: long enough to find out that the catalogue is the one of another day.
pub const SET_ASIDE_KEPT: Duration = Duration::from_hours(30 * 24);
/// Damaged places that are remembered by name.
const DAMAGES_MAX: usize = 1_000;

/// Passages and positions of years. Shared by all who read; one writer.
#[derive(Debug)]
pub struct History {
    root: PathBuf,
    state: Mutex<View>,
    open: Mutex<Open>,
    damages: Mutex<BTreeMap<PathBuf, Damage>>,
    /// No longer shown; their files go when nobody reads them any more.
    gone: Mutex<Vec<Arc<Segment>>>,
}

/// What there is at one moment. The files of its segments stay while it is held.
#[derive(Clone, Debug)]
pub struct View {
    /// By kind, projection and offset.
    segments: Arc<[Arc<Segment>]>,
    /// What is not sealed yet, in the order of the journal.
    fresh: Vec<Arc<Fresh>>,
}

/// Rows of the journal behind the last seal.
#[derive(Clone, Debug, Default)]
pub struct Fresh {
    /// Passages with their offsets.
    pub passages: Vec<(u64, Observation)>,
    /// Positions of known vehicles.
    pub fixes: Vec<Fix>,
}

/// Bad bytes that were found in a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The segment's path below the history's folder.
    pub segment: PathBuf,
    /// The column, where it is known.
    pub column: Option<&'static str>,
    /// What is wrong.
    pub reason: String,
    /// How often it was met.
    pub count: u64,
}

/// Files in `set-aside/`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetAside {
    /// How many there are.
    pub files: u64,
    /// Bytes of all together.
    pub bytes: u64,
}

/// What the start found on the disk that was not as the catalogue says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mended {
    /// Files without a row in the catalogue: of a write that was cut off, or of a merge whose sources were to go. Unfinished
    /// ones are removed, whole ones moved to `set-aside/`.
    pub removed: Vec<PathBuf>,
    /// Segments of the catalogue without a file.
    pub missing: Vec<PathBuf>,
    /// Segments whose file has another length than was written, with that length and the one found.
    pub wrong_length: Vec<(PathBuf, u64, u64)>,
}

#[derive(Default)]
struct Open {
    files: FxHashMap<PathBuf, (u64, Arc<SegmentFile>)>,
    bytes: usize,
    uses: u64,
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open")
            .field("files", &self.files.len())
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl Mended {
    /// Whether all was as it should be.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl View {
    /// The segments of a kind in a projection, by offset.
    pub fn segments(
        &self,
        kind: Kind,
        projection: Projection,
    ) -> impl DoubleEndedIterator<Item = &Arc<Segment>> {
        self.segments.iter().filter(move |segment| segment.kind == kind && segment.projection == projection)
    }

    /// All segments.
    pub fn all(&self) -> &[Arc<Segment>] {
        &self.segments
    }

    /// What is not sealed yet.
    pub fn fresh(&self) -> &[Arc<Fresh>] {
        &self.fresh
    }
}

impl History {
    /// Opens the history in `root`, which is made if need be, with the segments that the catalogue names. Whole files that
    /// it does not name are set aside, unfinished ones removed.
    pub fn open(root: impl Into<PathBuf>, segments: Vec<Segment>) -> Result<(Self, Mended), HistoryError> {
        let root = root.into();
        fs::create_dir_all(&root).map_err(HistoryError::io("create", &root))?;
        let mut mended = Mended::default();
        let known: BTreeSet<&Path> = segments.iter().map(|segment| segment.path.as_path()).collect();
        for kind in Kind::ALL {
            sweep(&root, Path::new(kind.key()), &known, &mut mended)?;
        }
        for segment in &segments {
            match fs::metadata(root.join(&segment.path)) {
                Ok(found) if found.len() == segment.bytes => {}
                Ok(found) => mended.wrong_length.push((segment.path.clone(), segment.bytes, found.len())),
                Err(_) => mended.missing.push(segment.path.clone()),
            }
        }
        let history = Self {
            root,
            state: Mutex::new(View { segments: Arc::new([]), fresh: Vec::new() }),
            open: Mutex::default(),
            damages: Mutex::default(),
            gone: Mutex::default(),
        };
        history.publish(segments, &[]);
        Ok((history, mended))
    }

    /// Where the files lie.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What there is now.
    pub fn view(&self) -> View {
        lock(&self.state).clone()
    }

    /// Writes what was taken as files. They are durable then, and unknown: the caller puts them into its catalogue, and
    /// says so with [`Self::publish_sealed`].
    pub fn write(&self, seal: &mut Seal) -> Result<Vec<Segment>, HistoryError> {
        seal.write(&self.root)
    }

    /// Shows sealed segments in place of the rows that were fresh.
    pub fn publish_sealed(&self, sealed: Vec<Segment>) {
        let mut state = lock(&self.state);
        state.segments = merged(&state.segments, sealed, &[]).into();
        state.fresh.clear();
    }

    /// Shows some segments and no longer shows others, at once. The files of those go with [`Self::sweep`].
    pub fn publish(&self, added: Vec<Segment>, removed: &[PathBuf]) {
        let mut state = lock(&self.state);
        let gone = state.segments.iter().filter(|segment| removed.contains(&segment.path)).cloned();
        lock(&self.gone).extend(gone);
        state.segments = merged(&state.segments, added, removed).into();
    }

    /// Shows rows that are not sealed yet.
    pub fn show_fresh(&self, fresh: Fresh) {
        /// Small parts are put together, so that their number stays small.
        const PART_ROWS: usize = 4_096;
        if fresh.passages.is_empty() && fresh.fixes.is_empty() {
            return;
        }
        let mut state = lock(&self.state);
        let parts = &mut state.fresh;
        match parts.last_mut().filter(|part| part.passages.len() + part.fixes.len() < PART_ROWS) {
            Some(last) => {
                let last = Arc::make_mut(last);
                last.passages.extend(fresh.passages);
                last.fixes.extend(fresh.fixes);
            }
            None => parts.push(Arc::new(fresh)),
        }
    }

    /// Removes the files that are no longer shown and that no [`View`] names any more. Called now and then.
    pub fn sweep(&self) {
        let unread: Vec<Arc<Segment>> =
            lock(&self.gone).extract_if(.., |segment| Arc::strong_count(segment) == 1).collect();
        for segment in unread {
            self.remove_file(&segment.path);
        }
    }

    pub(crate) fn remove_file(&self, path: &Path) {
        let mut open = lock(&self.open);
        if let Some((_, file)) = open.files.remove(path) {
            open.bytes = open.bytes.saturating_sub(file.memory_bytes());
        }
        drop(open);
        if let Err(error) = fs::remove_file(self.root.join(path))
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, path = %path.display(), "a segment that is no longer needed stays until the next start");
        }
    }

    /// What lies in `set-aside/`.
    pub fn set_aside(&self) -> SetAside {
        let mut all = SetAside::default();
        let root = self.root.join(SET_ASIDE);
        each_file(&root, &mut |_, metadata| all.add(metadata));
        all
    }

    /// Removes the files that were set aside before `before`, and says what went.
    pub fn clear_set_aside(&self, before: SystemTime) -> SetAside {
        let mut gone = SetAside::default();
        let before = before.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
        each_file(&self.root.join(SET_ASIDE), &mut |path, metadata| {
            // It was moved then; what is in it is older.
            if metadata.ctime() >= before {
                return;
            }
            match fs::remove_file(path) {
                Ok(()) => gone.add(metadata),
                Err(error) => {
                    tracing::warn!(%error, path = %path.display(), "a file that was set aside stays");
                }
            }
        });
        gone
    }

    /// Places that could not be read since the start.
    pub fn damages(&self) -> Vec<Damage> {
        lock(&self.damages).values().cloned().collect()
    }

    /// Compares a file with its checksum.
    pub fn verify(&self, segment: &Segment) -> Result<(), HistoryError> {
        self.verify_slowly(segment, &mut |_| true)
    }

    /// The same; after each part that was read `pace` is told its bytes, may wait, and says whether to go on.
    pub fn verify_slowly(
        &self,
        segment: &Segment,
        pace: &mut dyn FnMut(u64) -> bool,
    ) -> Result<(), HistoryError> {
        let error = match file::checksum(&self.root.join(&segment.path), pace) {
            Ok(None) => return Err(HistoryError::Cancelled),
            Ok(Some(found)) if found == (segment.checksum, segment.bytes) => return Ok(()),
            Ok(Some((checksum, _))) => HistoryError::Damaged {
                path: segment.path.clone(),
                column: None,
                reason: format!("its checksum is {checksum:016x}, written was {:016x}", segment.checksum),
            },
            Err(source) => HistoryError::io("read", &segment.path)(source),
        };
        self.note_damage(&segment.path, &error);
        Err(error)
    }

    /// Remembers damage that was met.
    pub(crate) fn note_damage(&self, path: &Path, error: &HistoryError) -> Damage {
        let column = if let HistoryError::Damaged { column, .. } = error { *column } else { None };
        let reason =
            if let HistoryError::Damaged { reason, .. } = error { reason.clone() } else { error.to_string() };
        let mut damages = lock(&self.damages);
        let is_known = damages.contains_key(path);
        if !is_known {
            tracing::error!(segment = %path.display(), column, reason, "a damaged segment: its rows are left out");
        }
        let found = Damage { segment: path.to_owned(), column, reason, count: 0 };
        if !is_known && damages.len() >= DAMAGES_MAX {
            return found;
        }
        let damage = damages.entry(path.to_owned()).or_insert_with(|| found.clone());
        if damage.column.is_none() && found.column.is_some() {
            (damage.column, damage.reason) = (found.column, found.reason);
        }
        damage.count += 1;
        damage.clone()
    }

    /// Opens a segment, or gives it as it is open already.
    pub(crate) fn file(&self, segment: &Segment) -> Result<Arc<SegmentFile>, HistoryError> {
        {
            let mut open = lock(&self.open);
            open.uses += 1;
            let uses = open.uses;
            if let Some((used, file)) = open.files.get_mut(&segment.path) {
                *used = uses;
                return Ok(file.clone());
            }
        }
        let file = Arc::new(SegmentFile::open(&self.root, segment)?);
        let mut open = lock(&self.open);
        let uses = open.uses;
        if open.files.insert(segment.path.clone(), (uses, file.clone())).is_none() {
            open.bytes += file.memory_bytes();
        }
        while (open.bytes > OPEN_BYTES_MAX || open.files.len() > OPEN_FILES_MAX) && open.files.len() > 1 {
            let oldest = open.files.iter().min_by_key(|(_, (used, _))| *used).map(|(path, _)| path.clone());
            let Some((_, closed)) = oldest.and_then(|path| open.files.remove(&path)) else { break };
            open.bytes = open.bytes.saturating_sub(closed.memory_bytes());
        }
        Ok(file)
    }
}

/// The table of a kind's files by arrival.
pub(crate) fn table(kind: Kind) -> &'static Table {
    match kind {
        Kind::Passages => &crate::passage::PASSAGES,
        Kind::Positions => &crate::position::POSITIONS,
        Kind::Others => &crate::other::OTHERS,
    }
}

fn merged(now: &[Arc<Segment>], added: Vec<Segment>, removed: &[PathBuf]) -> Vec<Arc<Segment>> {
    let mut segments: Vec<Arc<Segment>> =
        now.iter().filter(|segment| !removed.contains(&segment.path)).cloned().collect();
    segments.extend(added.into_iter().map(Arc::new));
    segments.sort_by_key(|segment| (segment.kind, segment.projection, segment.offsets.start, segment.level));
    segments
}

impl SetAside {
    fn add(&mut self, file: &fs::Metadata) {
        self.files += 1;
        self.bytes += file.len();
    }
}

/// Goes through all files below a folder; what can't be looked at is passed over.
fn each_file(folder: &Path, look: &mut dyn FnMut(&Path, &fs::Metadata)) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => each_file(&entry.path(), look),
            Ok(metadata) => look(&entry.path(), &metadata),
            Err(_) => {}
        }
    }
}

/// Removes files below `folder` that nobody names.
fn sweep(
    root: &Path,
    folder: &Path,
    known: &BTreeSet<&Path>,
    mended: &mut Mended,
) -> Result<(), HistoryError> {
    let Ok(entries) = fs::read_dir(root.join(folder)) else { return Ok(()) };
    for entry in entries {
        let entry = entry.map_err(HistoryError::io("read", folder))?;
        let path = folder.join(entry.file_name());
        if entry.file_type().map_err(HistoryError::io("read", &path))?.is_dir() {
            sweep(root, &path, known, mended)?;
            continue;
        }
        let name = entry.file_name().to_string_lossy().into_owned();
        // Only what the history writes itself: a person's notes stay.
        let is_own = name.ends_with(".parquet") || name.ends_with(UNFINISHED);
        if is_own && !known.contains(path.as_path()) {
            if name.ends_with(UNFINISHED) {
                fs::remove_file(root.join(&path)).map_err(HistoryError::io("remove", &path))?;
            } else {
                set_aside(root, &path)?;
            }
            mended.removed.push(path);
        }
    }
    Ok(())
}

/// Moves a whole file that the catalogue does not name out of the way. It is a write that was cut off before it was
/// catalogued, and then its rows come again; or the catalogue is of another day, and then they are all there is.
fn set_aside(root: &Path, path: &Path) -> Result<(), HistoryError> {
    let to = root.join(SET_ASIDE).join(path);
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(HistoryError::io("create", folder))?;
    }
    fs::rename(root.join(path), to).map_err(HistoryError::io("move", path))
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
