//! The entries of a run taken down as the journal's bytes, and judged again: once through, and with kills at random
//! points, after each of which the last snapshot is restored and the entries behind it are read once more.

use crate::standing::Warnings;
use domain::{Entry, ObservationId};
use judgement::{Engine, Parameters, SnapshotError};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};

/// Why a replay could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The file of entries could not be written or read.
    #[error("file of entries")]
    Io(#[from] io::Error),
    /// An entry could not be read back.
    #[error("entry {0} does not decode")]
    Decode(u64, #[source] codec::DecodeError),
    /// A snapshot could not be restored.
    #[error("snapshot at entry {0} does not restore")]
    Restore(u64, #[source] SnapshotError),
}

/// Takes down entries.
pub struct Recorder {
    file: BufWriter<File>,
    bytes: Vec<u8>,
    count: u64,
}

const BUFFER_BYTES: usize = 1 << 20;

impl Recorder {
    /// Into a file without a name, which is gone when this is.
    pub fn new() -> io::Result<Self> {
        let file = BufWriter::with_capacity(BUFFER_BYTES, tempfile::tempfile()?);
        Ok(Self { file, bytes: Vec::new(), count: 0 })
    }

    /// Appends an entry: its length, its bytes.
    pub fn write(&mut self, entry: &Entry) -> io::Result<()> {
        self.bytes.clear();
        codec::encode(entry, &mut self.bytes);
        self.file.write_all(&(self.bytes.len() as u32).to_le_bytes())?;
        self.count += 1;
        self.file.write_all(&self.bytes)
    }

    /// All of it, to be read.
    pub fn finish(self) -> io::Result<Record> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Record { file, count: self.count })
    }
}

/// Entries taken down.
pub struct Record {
    file: File,
    count: u64,
}

/// Where a reader of the entries is.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    offset: u64,
    number: u64,
}

/// A kill and the snapshot before it, as numbers of entries.
#[derive(Clone, Copy, Debug)]
struct Kill {
    snapshot: u64,
    kill: u64,
}

/// Entries judged at most between a snapshot and the kill that it serves.
const LOST_MAX: u64 = 50_000;

impl Record {
    /// The warnings after all entries, judged by a fresh engine that is killed `kills` times on the way.
    pub fn replay(&mut self, parameters: &Parameters, kills: u64) -> Result<Warnings, ReplayError> {
        let mut kills: Vec<Kill> = (0..kills).map(|number| self.kill(number)).collect();
        kills.sort_unstable_by_key(|kill| kill.snapshot);
        let mut engine = Engine::new(parameters.clone());
        let mut warnings = Warnings::default();
        let mut place = Place::default();
        for Kill { snapshot, kill } in kills {
            // Kills may fall into what an earlier one repeats.
            self.judge(&mut place, snapshot, &mut engine, &mut warnings)?;
            let bytes = engine.snapshot();
            let at = place;
            self.judge(&mut place, kill, &mut engine, &mut warnings)?;
            engine = Engine::restore(parameters.clone(), &bytes)
                .map_err(|error| ReplayError::Restore(at.number, error))?;
            place = at;
        }
        self.judge(&mut place, self.count, &mut engine, &mut warnings)?;
        Ok(warnings)
    }

    fn kill(&self, number: u64) -> Kill {
        let chance = ObservationId::of(&[b"kill", &number.to_le_bytes()]).0;
        let snapshot = (chance % u128::from(self.count.max(1))) as u64;
        let lost = ((chance >> 64) % u128::from(LOST_MAX)) as u64;
        Kill { snapshot, kill: (snapshot + lost).min(self.count) }
    }

    /// Judges from `place` up to the entry of number `until`.
    fn judge(
        &mut self,
        place: &mut Place,
        until: u64,
        engine: &mut Engine,
        warnings: &mut Warnings,
    ) -> Result<(), ReplayError> {
        self.file.seek(SeekFrom::Start(place.offset))?;
        let mut reader = BufReader::with_capacity(BUFFER_BYTES, &self.file);
        let (mut length, mut bytes, mut out) = ([0; 4], Vec::new(), Vec::new());
        while place.number < until {
            reader.read_exact(&mut length)?;
            bytes.resize(u32::from_le_bytes(length) as usize, 0);
            reader.read_exact(&mut bytes)?;
            let entry = codec::decode(&bytes).map_err(|error| ReplayError::Decode(place.number, error))?;
            place.offset += (length.len() + bytes.len()) as u64;
            place.number += 1;
            engine.apply(&entry, &mut out);
            for outcome in out.drain(..) {
                warnings.fold(&outcome, engine.clock());
            }
        }
        Ok(())
    }
}
