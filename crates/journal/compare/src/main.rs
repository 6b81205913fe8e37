//! The load of `examples/bench` on fjall, once as it is and once behind a thread that commits groups as the journal does:
//! `cargo run --release -- FOLDER [SECONDS]`.

#[path = "../../examples/bench/harness.rs"]
mod harness;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use harness::{Log, Plan};

/// Bytes of one commit of the grouping variant, as the journal's `group_bytes_max`.
const GROUP_BYTES_MAX: usize = 4 << 20;

struct Store {
    database: Database,
    log: Keyspace,
    /// Keys are big-endian numbers, so that their order is the order of appending.
    next: AtomicU64,
    dir: PathBuf,
}

impl Store {
    fn open(dir: &Path) -> Self {
        let database = Database::builder(dir).open().expect("the folder is usable");
        let log = database.keyspace("log", KeyspaceCreateOptions::default).expect("opens");
        Self { database, log, next: AtomicU64::new(0), dir: dir.to_owned() }
    }

    fn commit(&self, batches: &[Vec<Vec<u8>>]) {
        let mut commit = self.database.batch().durability(Some(PersistMode::SyncData));
        for record in batches.iter().flatten() {
            let key = self.next.fetch_add(1, Ordering::Relaxed);
            commit.insert(&self.log, key.to_be_bytes(), record.as_slice());
        }
        commit.commit().expect("the disk has room");
    }

    fn replay(&self) -> u64 {
        let records = self.log.iter().map(|guard| guard.value().expect("reads"));
        records.filter(|value| value.len() == harness::RECORD_BYTES).count() as u64
    }
}

/// Each append is a batch of its own, committed with `SyncData`.
struct Direct(Store);

impl Log for Direct {
    fn open(dir: &Path) -> Self {
        Self(Store::open(dir))
    }

    fn append(&self, records: &[Vec<u8>]) {
        self.0.commit(&[records.to_vec()]);
    }

    fn replay(&self) -> u64 {
        self.0.replay()
    }

    fn dir(&self) -> &Path {
        &self.0.dir
    }
}

type Request = (Vec<Vec<u8>>, mpsc::SyncSender<()>);

/// One thread takes what waits and commits it with one `SyncData`.
struct Grouped {
    store: std::sync::Arc<Store>,
    queue: mpsc::Sender<Request>,
}

impl Log for Grouped {
    fn open(dir: &Path) -> Self {
        let store = std::sync::Arc::new(Store::open(dir));
        let (queue, requests) = mpsc::channel::<Request>();
        let writer = store.clone();
        thread::spawn(move || {
            while let Ok(first) = requests.recv() {
                let size = |records: &Vec<Vec<u8>>| records.iter().map(Vec::len).sum::<usize>();
                let mut bytes = size(&first.0);
                let (mut batches, mut answers) = (vec![first.0], vec![first.1]);
                while bytes < GROUP_BYTES_MAX
                    && let Ok((records, answer)) = requests.try_recv()
                {
                    bytes += size(&records);
                    batches.push(records);
                    answers.push(answer);
                }
                writer.commit(&batches);
                answers.iter().for_each(|answer| answer.send(()).expect("waits"));
            }
        });
        Self { store, queue }
    }

    fn append(&self, records: &[Vec<u8>]) {
        let (answer, answered) = mpsc::sync_channel(1);
        self.queue.send((records.to_vec(), answer)).expect("runs");
        answered.recv().expect("answers");
    }

    fn replay(&self) -> u64 {
        self.store.replay()
    }

    fn dir(&self) -> &Path {
        &self.store.dir
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().map(PathBuf::from).expect("usage: journal-compare FOLDER [SECONDS]");
    let seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(2);
    let plan = Plan { dir, case_duration: Duration::from_secs(seconds) };
    println!("{}", harness::HEAD);
    harness::run::<Direct>("fjall", &plan, &mut |line| println!("{line}"));
    harness::run::<Grouped>("fjall, grouped", &plan, &mut |line| println!("{line}"));
}
