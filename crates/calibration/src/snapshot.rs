//! Snapshots: all that was learned as bytes, so that a restart need not read the journal from its beginning.
//!
//! Layout: 8 bytes magic with the version, the XXH3-64 of the rest, then the state in postcard with every map sorted, so
//! that equal state is equal bytes. Parameters are not part of it.

use crate::learner::{Device, Learner};
use crate::names::Names;
use crate::parameters::Parameters;
use crate::reads::{Register, StoredRegister};
use crate::roads::{Roads, StoredRoads};
use domain::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// Raise the last digit with every change of [`State`]: an old snapshot is then refused and the journal replayed.
const MAGIC: [u8; 8] = *b"ACCALI\x00\x01";
const CHECKSUM_BYTES: usize = 8;

/// Why a snapshot can't be used; replay the journal from its beginning instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Not a snapshot, or one of another version of the code.
    #[error("not a snapshot of this version")]
    Version,
    /// The bytes are not those that were written.
    #[error("the snapshot is damaged")]
    Damaged,
}

/// The state for writing; the fields must match [`State`].
#[derive(Serialize)]
struct StateRef<'a> {
    clock: Timestamp,
    first_passage_at: Option<Timestamp>,
    is_travel_due: bool,
    were_travel_times_published: bool,
    observations_left_out: u64,
    device_names: &'a [SmolStr],
    checkpoint_names: &'a [SmolStr],
    devices: &'a [Device],
    register: StoredRegister,
    roads: StoredRoads,
}

/// The state for reading.
#[derive(Deserialize)]
struct State {
    clock: Timestamp,
    first_passage_at: Option<Timestamp>,
    is_travel_due: bool,
    were_travel_times_published: bool,
    observations_left_out: u64,
    device_names: Vec<SmolStr>,
    checkpoint_names: Vec<SmolStr>,
    devices: Vec<Device>,
    register: StoredRegister,
    roads: StoredRoads,
}

impl Learner {
    /// All that was learned as bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        let state = StateRef {
            clock: self.clock,
            first_passage_at: self.first_passage_at,
            is_travel_due: self.is_travel_due,
            were_travel_times_published: self.were_travel_times_published,
            observations_left_out: self.observations_left_out,
            device_names: self.device_names.all(),
            checkpoint_names: self.checkpoint_names.all(),
            devices: &self.devices,
            register: self.register.stored(),
            roads: self.roads.stored(self.clock, &self.parameters.travel),
        };
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&[0; CHECKSUM_BYTES]);
        let mut bytes = postcard::to_extend(&state, bytes).expect("plain data always has a postcard form");
        let checksum = xxhash_rust::xxh3::xxh3_64(&bytes[MAGIC.len() + CHECKSUM_BYTES..]);
        bytes[MAGIC.len()..MAGIC.len() + CHECKSUM_BYTES].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// The learner as it was when [`Self::snapshot`] wrote `bytes`.
    ///
    /// # Errors
    /// When the bytes are damaged or of another version.
    pub fn restore(parameters: Parameters, bytes: &[u8]) -> Result<Self, SnapshotError> {
        let rest = bytes.strip_prefix(&MAGIC).ok_or(SnapshotError::Version)?;
        let (checksum, body) = rest.split_first_chunk::<CHECKSUM_BYTES>().ok_or(SnapshotError::Damaged)?;
        if xxhash_rust::xxh3::xxh3_64(body) != u64::from_le_bytes(*checksum) {
            return Err(SnapshotError::Damaged);
        }
        let state: State = postcard::from_bytes(body).map_err(|_| SnapshotError::Damaged)?;
        Ok(Self {
            parameters,
            clock: state.clock,
            first_passage_at: state.first_passage_at,
            is_travel_due: state.is_travel_due,
            were_travel_times_published: state.were_travel_times_published,
            observations_left_out: state.observations_left_out,
            device_names: Names::restored(state.device_names),
            checkpoint_names: Names::restored(state.checkpoint_names),
            devices: state.devices,
            register: Register::restored(state.register),
            roads: Roads::restored(state.roads),
            asked_quarter: i64::MIN,
        })
    }
}
