//! What the journal holds, by [`FactKey`]: so that rows of files are known as doubles however long ago and from wherever
//! the first one came, beyond the identities that the intake remembers.
//!
//! It is a fold over the journal, kept in a folder: a file of keys for each day on which something happened, and a *place*
//! that says up to where the journal is folded and how long each file then is. Files are appended to first and the place
//! is replaced afterwards, so what a crash left behind it is cut off and folded again. Nothing in it is the truth: without
//! its folder it is built anew from the journal. Rows that were imported come in by the same way, so a process that is
//! killed in an import finds what it had stored.

use domain::{CivilDay, Entry, FactKey, ObservationId};
use journal::{Batch, Journal, Offset, ReadError};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::Duration;

/// Bytes of the journal that are read at a time.
const BATCH_BYTES_MAX: usize = 2 << 20;
/// Keys folded before they are written down: 32 MB.
const FOLDED_MAX: usize = 4_000_000;
/// Keys held in memory by one import, some 200 MB: a file over more days has them read again.
const HELD_MAX: usize = 12_000_000;
/// How often to ask whether it is one's turn.
const TURN: Duration = Duration::from_millis(50);
const KEY_BYTES: u64 = 8;

/// Why the index could not be used.
#[derive(Debug, thiserror::Error)]
pub enum SeenError {
    /// Its folder.
    #[error("the index of what was seen can't be used")]
    Io(#[from] io::Error),
    /// The journal.
    #[error("the journal can't be read")]
    Journal(#[from] ReadError),
    /// Somebody said so.
    #[error("cancelled")]
    Cancelled,
}

/// The index. One a process; folding and looking up take turns.
#[derive(Debug)]
pub struct Seen {
    folder: PathBuf,
    place: Mutex<Place>,
}

/// Up to where the journal is folded.
#[derive(Debug, Default)]
struct Place {
    next: Offset,
    /// Keys in the file of each day.
    keys: BTreeMap<i32, u64>,
}

impl Seen {
    /// Opens the index in `folder`, which is made when it is not there.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let place = if let Some(place) = Place::read(&folder.join("place")) {
            place
        } else {
            // Without its place nobody knows what the files hold.
            fs::remove_dir_all(&folder)?;
            fs::create_dir_all(&folder)?;
            Place::default()
        };
        Ok(Self { folder, place: Mutex::new(place) })
    }

    /// Waits for its turn; an import takes a minute.
    fn lock(
        &self,
        journal: &Journal,
        watch: &dyn Fn(u64) -> bool,
    ) -> Result<MutexGuard<'_, Place>, SeenError> {
        loop {
            match self.place.try_lock() {
                Ok(place) => return Ok(place),
                // Changed only after the place was written.
                Err(TryLockError::Poisoned(poisoned)) => return Ok(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) if !watch(journal.end().get()) => {
                    return Err(SeenError::Cancelled);
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(TURN),
            }
        }
    }

    /// Folds what was appended since. `watch` is told how many bytes are left, and says whether to go on.
    pub fn catch_up(&self, journal: &Journal, watch: &dyn Fn(u64) -> bool) -> Result<(), SeenError> {
        self.fold(&mut *self.lock(journal, watch)?, journal, watch)
    }

    /// A look-up for one import, over all that the journal holds now. Nobody else folds or looks up meanwhile.
    pub(crate) fn look_up<'s>(
        &'s self,
        journal: &'s Journal,
        watch: &dyn Fn(u64) -> bool,
    ) -> Result<LookUp<'s>, SeenError> {
        let mut place = self.lock(journal, watch)?;
        self.fold(&mut place, journal, watch)?;
        Ok(LookUp {
            seen: self,
            journal,
            place,
            days: FxHashMap::default(),
            shared: FxHashMap::default(),
            held: 0,
        })
    }

    fn fold(
        &self,
        place: &mut Place,
        journal: &Journal,
        watch: &dyn Fn(u64) -> bool,
    ) -> Result<(), SeenError> {
        if place.next > journal.end() {
            tracing::warn!("the journal is shorter than the index of what was seen: the index is built anew");
            fs::remove_dir_all(&self.folder)?;
            fs::create_dir_all(&self.folder)?;
            *place = Place::default();
        }
        let mut reader = journal.reader(place.next);
        let mut batch = Batch::new();
        let mut folded: BTreeMap<i32, Vec<u64>> = BTreeMap::new();
        let mut count = 0;
        loop {
            match reader.read_batch(BATCH_BYTES_MAX, &mut batch) {
                Ok(0) => break,
                Ok(_) => {}
                Err(ReadError::Expired { first, .. }) => {
                    reader = journal.reader(first);
                    continue;
                }
                Err(ReadError::Damaged { at, .. }) => {
                    if reader.skip_damage()?.to <= at {
                        break;
                    }
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            // What can't be decoded is counted by the journal's reader in the binary.
            let keys = batch.iter().filter_map(|(_, bytes)| match codec::decode(bytes) {
                Ok(Entry::Observation(observation)) => FactKey::of(&observation),
                Ok(Entry::Reference(_)) | Err(_) => None,
            });
            for key in keys {
                folded.entry(key.day.0).or_default().push(key.short());
                count += 1;
            }
            if count >= FOLDED_MAX {
                self.write(place, &mut folded, reader.position())?;
                count = 0;
            }
            if !watch(journal.end().get().saturating_sub(reader.position().get())) {
                self.write(place, &mut folded, reader.position())?;
                return Err(SeenError::Cancelled);
            }
        }
        if reader.position() > place.next {
            self.write(place, &mut folded, reader.position())?;
        }
        Ok(())
    }

    fn write(&self, place: &mut Place, folded: &mut BTreeMap<i32, Vec<u64>>, next: Offset) -> io::Result<()> {
        let mut keys = place.keys.clone();
        for (day, new) in std::mem::take(folded) {
            let count = keys.entry(day).or_default();
            let path = self.path_of(day);
            let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
            // Behind it is what a crash left.
            file.set_len(*count * KEY_BYTES)?;
            io::Seek::seek(&mut file, io::SeekFrom::End(0))?;
            let bytes: Vec<u8> = new.iter().flat_map(|key| key.to_le_bytes()).collect();
            file.write_all(&bytes)?;
            file.sync_data()?;
            *count += new.len() as u64;
        }
        let new = Place { next, keys };
        new.write(&self.folder.join("place"))?;
        *place = new;
        Ok(())
    }

    fn path_of(&self, day: i32) -> PathBuf {
        self.folder.join(CivilDay(day).to_string())
    }

    fn read_day(&self, day: i32, count: u64) -> io::Result<Day> {
        let mut bytes = Vec::new();
        File::open(self.path_of(day))?.take(count * KEY_BYTES).read_to_end(&mut bytes)?;
        let mut found = Day::default();
        found.keys.reserve(bytes.len() / KEY_BYTES as usize);
        for key in bytes.as_chunks::<{ KEY_BYTES as usize }>().0 {
            let key = u64::from_le_bytes(*key);
            if key & 1 == 0 {
                found.keys.insert(key);
            } else {
                *found.shared.entry(key).or_default() += 1;
            }
        }
        Ok(found)
    }
}

impl Place {
    fn read(path: &Path) -> Option<Self> {
        let bytes = fs::read(path).ok()?;
        let (content, digest) = bytes.split_at_checked(bytes.len().checked_sub(16)?)?;
        if ObservationId::of(&[content]).0.to_le_bytes() != digest {
            tracing::warn!(path = %path.display(), "the index of what was seen is damaged: it is built anew");
            return None;
        }
        let (next, keys): (u64, Vec<(i32, u64)>) = codec::from_bytes(content).ok()?;
        Some(Self { next: Offset::new(next), keys: keys.into_iter().collect() })
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let keys: Vec<(i32, u64)> = self.keys.iter().map(|(day, count)| (*day, *count)).collect();
        let mut bytes = codec::to_bytes(&(self.next.get(), keys));
        let digest = ObservationId::of(&[&bytes]).0.to_le_bytes();
        bytes.extend(digest);
        let beside = path.with_extension("new");
        let mut file = File::create(&beside)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    }
}

/// The keys of a day.
#[derive(Debug, Default)]
struct Day {
    keys: FxHashSet<u64>,
    /// Of those that several may have, how many there are.
    shared: FxHashMap<u64, u32>,
}

impl Day {
    fn len(&self) -> usize {
        self.keys.len() + self.shared.len()
    }
}

/// Tells new rows of one file from doubles.
pub(crate) struct LookUp<'s> {
    seen: &'s Seen,
    journal: &'s Journal,
    place: MutexGuard<'s, Place>,
    days: FxHashMap<i32, Day>,
    /// How many rows of this file had each key that several may have.
    shared: FxHashMap<(i32, u64), u32>,
    held: usize,
}

impl LookUp<'_> {
    /// Takes note of a row. `None`: it is a double; else how many before it had the same key, 0 but for those without a plate.
    pub(crate) fn note(&mut self, key: FactKey) -> Result<Option<u32>, SeenError> {
        let (day, short) = (key.day.0, key.short());
        let known = match self.days.entry(day) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let count = self.place.keys.get(&day).copied();
                let found = count.map(|count| self.seen.read_day(day, count)).transpose()?;
                let found = found.unwrap_or_default();
                self.held += found.len();
                entry.insert(found)
            }
        };
        if key.is_shared() {
            // The file's first is the journal's first, and so on: what it has more of is new.
            let nth = self.shared.entry((day, short)).or_default();
            *nth += 1;
            let is_double = known.shared.get(&short).is_some_and(|held| *nth <= *held);
            return Ok((!is_double).then_some(*nth - 1));
        }
        let is_new = known.keys.insert(short);
        self.held += usize::from(is_new);
        Ok(is_new.then_some(0))
    }

    /// Whether [`release`](Self::release) is due.
    pub(crate) fn is_full(&self) -> bool {
        self.held > HELD_MAX
    }

    /// Lets the memory go. All rows that were noted must be durable in the journal: they are folded from there.
    pub(crate) fn release(&mut self, watch: &dyn Fn(u64) -> bool) -> Result<(), SeenError> {
        self.seen.fold(&mut self.place, self.journal, watch)?;
        self.days = FxHashMap::default();
        self.held = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Fact, Observation, Passage, Plate, Timestamp};

    fn passage(plate: &str, second: i64) -> Observation {
        let mut passage = Passage::unread("37132700001210000001".into());
        passage.plate_text = plate.into();
        passage.plate = Plate::parse(plate).ok();
        Observation {
            id: ObservationId(1),
            device: "37132700001190000001".into(),
            captured_at: Timestamp::from_unix_ms(1_795_415_496_000 + second * 1_000),
            received_at: Timestamp::from_unix_ms(1_795_415_497_000),
            fact: Fact::Passage(passage),
        }
    }

    fn append(journal: &Journal, observations: &[Observation]) {
        let mut batch = Batch::new();
        for observation in observations {
            batch.push_with(|out| codec::encode(&Entry::Observation(observation.clone()), out));
        }
        journal.append_blocking(batch).unwrap();
    }

    fn is_new(look_up: &mut LookUp<'_>, plate: &str, second: i64) -> bool {
        look_up.note(FactKey::of(&passage(plate, second)).unwrap()).unwrap().is_some()
    }

    #[test]
    fn what_the_journal_holds_is_known_after_any_restart() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, _) = Journal::open(folder.path().join("journal"), journal::Options::default()).unwrap();
        append(&journal, &[passage("鲁Q12345", 0), passage("无车牌", 0), passage("无车牌", 0)]);
        for turn in 0..3 {
            let seen = Seen::open(folder.path().join("seen")).unwrap();
            let mut look_up = seen.look_up(&journal, &|_| true).unwrap();
            assert!(!is_new(&mut look_up, "鲁Q12345", 0), "from the device");
            assert!(is_new(&mut look_up, "鲁Q12346", 0));
            assert!(!is_new(&mut look_up, "鲁Q12346", 0), "twice in the file");
            assert!(!is_new(&mut look_up, "", 0) && !is_new(&mut look_up, "", 0));
            assert!(is_new(&mut look_up, "", 0), "the third without a plate");
            drop(look_up);
            match turn {
                // What a crash leaves behind the place is cut off.
                0 => {
                    let mut file = OpenOptions::new().append(true).open(seen.path_of(20_780)).unwrap();
                    file.write_all(&[7; 803]).unwrap();
                }
                _ => fs::write(folder.path().join("seen/place"), [9; 40]).unwrap(),
            }
        }
    }

    #[test]
    fn memory_is_let_go_without_forgetting() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, _) = Journal::open(folder.path().join("journal"), journal::Options::default()).unwrap();
        let seen = Seen::open(folder.path().join("seen")).unwrap();
        let mut look_up = seen.look_up(&journal, &|_| true).unwrap();
        assert!(is_new(&mut look_up, "鲁Q12345", 0) && is_new(&mut look_up, "", 0));
        append(&journal, &[passage("鲁Q12345", 0), passage("", 0)]);
        look_up.release(&|_| true).unwrap();
        assert!(!is_new(&mut look_up, "鲁Q12345", 0));
        assert!(is_new(&mut look_up, "", 0), "the file's second");
    }
}
