//! What all routes share.

use crate::access::Refusals;
use crate::archive::Archive;
use crate::board::Board;
use crate::case::{CaseFiles, Office, Orders};
use crate::health::Health;
use crate::job::Jobs;
use crate::live::Hub;
use crate::map::MapConfig;
use crate::problem::Problem;
use crate::replay::ReplayRequest;
use crate::security::SecurityRules;
use arc_swap::ArcSwap;
use calibration::Onward;
use domain::people::{UnitId, UnitPath, UnitTree};
use domain::{Checkpoint, CheckpointId, KeyClass, Section, SectionId, Timestamp, VehicleKey, Zone, ZoneId};
use gateway::file::Seen;
use gateway::{Clock, Intake, Limits, Presence};
use journal::Journal;
use judgement::{ModelDescription, Parameters};
use records::{Device, Fault, Records, StoreError};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tables::Synonyms;
use tokio::sync::Notify;

/// The state behind the API; one a process.
pub struct App {
    /// Relational records.
    pub records: Records,
    /// Entries.
    pub observations: Arc<Journal>,
    /// The way into the journal of entries, for what programs report.
    pub intake: Intake,
    /// Pictures.
    pub pictures: Arc<Journal>,
    /// Passages and positions of years.
    pub archive: Arc<Archive>,
    /// The day, in memory.
    pub board: Arc<Board>,
    /// The live stream.
    pub hub: Hub,
    /// Which devices are there.
    pub presence: Arc<Presence>,
    /// The clock.
    pub clock: Clock,
    /// The gateway's bounds, to show them.
    pub limits: Arc<Limits>,
    /// What the models are and with which parameters they run, before anybody tunes them.
    pub models: Vec<ModelDescription>,
    /// The same as judgement has it, to check tunings with.
    pub parameters: Arc<Parameters>,
    /// Where the map looks.
    pub map: MapConfig,
    /// The data folder, for the free space.
    pub data_dir: PathBuf,
    /// Start of the process.
    pub started_at: Timestamp,
    /// How far judgement has come.
    pub progress: Progress,
    /// What is registered: checkpoints, sections, devices.
    pub names: ArcSwap<Names>,
    /// How devices do, as learned from what they report; filled by the journal's reader.
    pub health: ArcSwap<Health>,
    /// The way to the journal's reader for warnings that are to be replayed.
    pub replays: tokio::sync::mpsc::Sender<ReplayRequest>,
    /// Key vehicles and their classes, to draw them.
    pub key_classes: ArcSwap<BTreeMap<VehicleKey, KeyClass>>,
    /// Rung when devices or the reference changed: the binary reloads the directory and appends the outbox.
    pub changed: Arc<Notify>,
    /// Renders the metrics.
    pub metrics: metrics_exporter_prometheus::PrometheusHandle,
    /// What the journal holds, so that rows of files are known as doubles.
    pub seen: Seen,
    /// What columns and values of other systems are called.
    pub synonyms: Arc<Synonyms>,
    /// Where devices are listened for, by the listener's name.
    pub addresses: ArcSwap<BTreeMap<&'static str, SocketAddr>>,
    /// Long work that people asked for.
    pub jobs: Jobs,
    /// What is exchanged with other platforms.
    pub exchange: Arc<platform::Exchange>,
    /// Fetches pictures that cameras keep.
    pub fetcher: reqwest::Client,
    /// Where vehicles go next, counted as they pass.
    pub onward: OnwardBook,
    /// The orders under way.
    pub orders: Orders,
    /// What the files say about cases.
    pub case_files: CaseFiles,
    /// How browsers are pushed to.
    pub push: crate::notice::PushConfig,
    /// How much the public may report.
    pub public_gate: crate::open311::PublicGate,
    /// By what cases are worked: units, people, terms.
    pub office: ArcSwap<Office>,
    /// Units, to know what lies below which.
    pub units: ArcSwap<UnitTree>,
    /// Refusals that are in the audit already.
    pub refusals: Refusals,
    /// Rules that local security sets.
    pub security: ArcSwap<SecurityRules>,
    /// Sign-ins at the identity provider that are under way.
    pub sign_ins: crate::sso::Attempts,
    /// Seals secrets that have to be known again.
    pub seal: platform::Seal,
}

/// [`calibration::Onward`] for one writer and many readers.
#[derive(Debug, Default)]
pub struct OnwardBook(Mutex<Onward>);

impl OnwardBook {
    /// Goes on from what was kept.
    pub fn new(onward: Onward) -> Self {
        Self(Mutex::new(onward))
    }

    /// The book, for a moment.
    pub fn lock(&self) -> MutexGuard<'_, Onward> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far the fold over the journal has come; written by the journal's reader.
#[derive(Debug, Default)]
pub struct Progress {
    /// Journal offset up to which all was judged.
    pub judged_up_to: AtomicU64,
    /// Received-at of the newest judged entry, in ms.
    pub judged_received_ms: AtomicU64,
    /// Entries judged since the start.
    pub entries: AtomicU64,
    /// Entries that did not decode.
    pub unreadable: AtomicU64,
    /// Vehicles held in the engine.
    pub vehicles: AtomicU64,
    /// Deadlines armed in the engine.
    pub deadlines: AtomicU64,
    /// When set, judgement has stopped: the words say why.
    pub stopped: ArcSwap<Option<String>>,
}

/// What is registered, in memory: rows are shown with its names, states are worked out over it.
#[derive(Debug, Default)]
pub struct Names {
    /// Checkpoints.
    pub checkpoints: BTreeMap<CheckpointId, Checkpoint>,
    /// Sections.
    pub sections: BTreeMap<SectionId, Section>,
    /// Zones.
    pub zones: BTreeMap<ZoneId, Zone>,
    /// Devices, as registered.
    pub devices: Vec<Device>,
}

impl App {
    /// Reads the names anew.
    pub async fn load_names(&self) -> Result<(), StoreError> {
        let checkpoints = self.records.all_checkpoints().await?;
        let sections = self.records.all_sections().await?;
        let zones = self.records.all_zones().await?;
        let devices = self.records.all_devices().await?;
        self.names.store(Arc::new(Names {
            devices,
            checkpoints: checkpoints.into_iter().map(|c| (c.id.clone(), c)).collect(),
            zones: zones.into_iter().map(|record| (record.zone.id.clone(), record.zone)).collect(),
            sections: sections.into_iter().map(|s| (s.id.clone(), s)).collect(),
        }));
        Ok(())
    }

    /// Reads the units anew.
    pub async fn load_units(&self) -> Result<(), StoreError> {
        let tree = UnitTree::new(self.records.units().await?);
        match tree {
            Ok(tree) => self.units.store(Arc::new(tree)),
            Err(error) => tracing::error!(%error, "the units in the records are no tree"),
        }
        Ok(())
    }

    /// What people of a unit look at; of one that isn't there, nothing.
    pub(crate) fn scope_of(&self, unit: UnitId) -> UnitPath {
        self.units.load().scope(unit).unwrap_or_else(|| UnitPath("-".into()))
    }

    /// Reads the classes of key vehicles anew.
    pub async fn load_key_classes(&self) -> Result<(), StoreError> {
        const CHUNK: u64 = 5_000;
        let mut classes = BTreeMap::new();
        let mut after = None;
        loop {
            let files = self.records.vehicles_after(after, true, CHUNK).await?;
            let Some(last) = files.last() else { break };
            after = Some(last.key);
            classes.extend(files.iter().filter_map(|file| Some((file.key, file.key_class?))));
        }
        self.key_classes.store(Arc::new(classes));
        Ok(())
    }

    /// Devices or the reference changed: names are read anew at once, the rest by the binary.
    pub(crate) async fn reference_changed(&self) -> Result<(), StoreError> {
        self.load_names().await?;
        // Whose checkpoints are.
        self.load_office().await?;
        self.changed.notify_one();
        Ok(())
    }

    /// Free bytes where the data lie.
    pub fn disk_free_bytes(&self) -> Option<u64> {
        let stat = rustix::fs::statvfs(&self.data_dir).ok()?;
        Some(stat.f_bavail * stat.f_frsize)
    }

    /// Milliseconds by which judgement is behind arrival; 0 when it has caught up.
    pub fn lag_ms(&self) -> u64 {
        if self.progress.judged_up_to.load(Ordering::Acquire) >= self.observations.end().get() {
            return 0;
        }
        let judged = self.progress.judged_received_ms.load(Ordering::Acquire);
        (self.clock.now().unix_ms().max(0) as u64).saturating_sub(judged)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error.fault {
            Fault::DiskFull => Self::disk_full(),
            Fault::Busy => Self::busy(),
            Fault::Damaged | Fault::Other => Self::internal("use the records", &error),
        }
    }
}
