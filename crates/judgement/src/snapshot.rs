//! Snapshots: all of the engine's state as bytes, so that a restart replays minutes of the journal, not months.
//!
//! Layout: 8 bytes magic with the version, the XXH3-64 of the rest, then the state in postcard with every map sorted,
//! so that equal state is equal bytes. Parameters are not part of it: they are given again on restoring, and a change
//! of them that matters raises a model's version.

use crate::confusion::ConfusionTable;
use crate::engine::{Counts, Engine, keep_ms};
use crate::held::Names;
use crate::keyed::Keyed;
use crate::models::device_alarm::{AlarmKey, DeviceAlarms, Reports};
use crate::models::drive::{Drive, Drives};
use crate::models::overdue::{Days, Overdue};
use crate::models::watch_order::{Hit, WatchOrders};
use crate::parameters::{Parameters, TunedModels};
use crate::reference::{Reference, StoredReference};
use crate::track::Track;
use domain::{ObservationId, Timestamp, Tuning, VehicleKey, WatchOrder};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// Raise the last digit with every change of [`State`]: an old snapshot is then refused and the journal replayed.
const MAGIC: [u8; 8] = *b"ACJUDG\x00\x02";
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

/// The state with its maps sorted. Borrowed for writing, owned for reading: the fields must match.
#[derive(Serialize)]
struct StateRef<'a> {
    clock: Timestamp,
    counts: Counts,
    names: &'a [SmolStr],
    reference: StoredReference,
    orders: Vec<&'a WatchOrder>,
    hits: Vec<(&'a ObservationId, &'a Hit)>,
    days: Vec<(&'a VehicleKey, &'a Days)>,
    tuned: Vec<&'a Tuning>,
    tracks: Vec<(&'a VehicleKey, &'a Track)>,
    drives: Vec<(&'a VehicleKey, &'a Drive)>,
    alarms: Vec<(&'a AlarmKey, &'a Reports)>,
}

#[derive(Deserialize)]
struct State {
    clock: Timestamp,
    counts: Counts,
    names: Vec<SmolStr>,
    reference: StoredReference,
    orders: Vec<WatchOrder>,
    hits: Vec<(ObservationId, Hit)>,
    days: Vec<(VehicleKey, Days)>,
    tuned: Vec<Tuning>,
    tracks: Vec<(VehicleKey, Track)>,
    drives: Vec<(VehicleKey, Drive)>,
    alarms: Vec<(AlarmKey, Reports)>,
}

impl Engine {
    /// All state as bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        let state = StateRef {
            clock: self.clock,
            counts: self.counts,
            names: self.names.all(),
            reference: self.reference.stored(),
            orders: self.watch_orders.orders(),
            hits: self.watch_orders.hits.sorted(),
            days: self.overdue.days.sorted(),
            tuned: self.models.tunings(),
            tracks: self.tracks.sorted(),
            drives: self.drives.drives.sorted(),
            alarms: self.device_alarms.reports.sorted(),
        };
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&[0; CHECKSUM_BYTES]);
        let mut bytes = postcard::to_extend(&state, bytes).expect("plain data always has a postcard form");
        let checksum = xxhash_rust::xxh3::xxh3_64(&bytes[MAGIC.len() + CHECKSUM_BYTES..]);
        bytes[MAGIC.len()..MAGIC.len() + CHECKSUM_BYTES].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// The engine as it was when [`Self::snapshot`] wrote `bytes`.
    pub fn restore(parameters: Parameters, bytes: &[u8]) -> Result<Self, SnapshotError> {
        let rest = bytes.strip_prefix(&MAGIC).ok_or(SnapshotError::Version)?;
        let (checksum, body) = rest.split_first_chunk::<CHECKSUM_BYTES>().ok_or(SnapshotError::Damaged)?;
        if xxhash_rust::xxh3::xxh3_64(body) != u64::from_le_bytes(*checksum) {
            return Err(SnapshotError::Damaged);
        }
        let state: State = postcard::from_bytes(body).map_err(|_| SnapshotError::Damaged)?;
        let keep_ms = keep_ms(&parameters);
        let table = ConfusionTable::new(&parameters.confusions);
        let mut names = Names::restored(state.names);
        Ok(Self {
            clock: state.clock,
            counts: state.counts,
            reference: Reference::restored(state.reference, &mut names, &table),
            names,
            watch_orders: WatchOrders::restored(state.orders, Keyed::restored(state.hits, keep_ms), &table),
            overdue: Overdue { days: Keyed::restored(state.days, keep_ms) },
            tracks: Keyed::restored(state.tracks, keep_ms),
            drives: Drives { drives: Keyed::restored(state.drives, keep_ms) },
            device_alarms: DeviceAlarms { reports: Keyed::restored(state.alarms, keep_ms) },
            table,
            models: TunedModels::restored(parameters.models, state.tuned),
        })
    }
}
