//! Prints what the journal does on this machine's disk: `cargo run --release -p journal --example bench [-- FOLDER [SECONDS]]`.
#![expect(clippy::print_stdout, reason = "printing is its purpose")]

mod harness;

use std::path::{Path, PathBuf};
use std::time::Duration;

use journal::{Batch, Journal, Options};

use harness::{Log, Plan};

struct JournalLog {
    journal: Journal,
    dir: PathBuf,
}

impl Log for JournalLog {
    fn open(dir: &Path) -> Self {
        let (journal, _) = Journal::open(dir, Options::default()).expect("the folder is usable");
        Self { journal, dir: dir.to_owned() }
    }

    fn append(&self, records: &[Vec<u8>]) {
        self.journal.append_blocking(records.iter().collect::<Batch>()).expect("the disk has room");
    }

    fn replay(&self) -> u64 {
        let mut reader = self.journal.reader(self.journal.first());
        let (mut batch, mut count) = (Batch::new(), 0);
        while reader.read_batch(1 << 20, &mut batch).expect("the journal is good") > 0 {
            count +=
                batch.iter().filter(|(_, payload)| payload.len() == harness::RECORD_BYTES).count() as u64;
        }
        count
    }

    fn dir(&self) -> &Path {
        &self.dir
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().map_or_else(|| std::env::temp_dir().join("journal-bench"), PathBuf::from);
    let seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(2);
    let plan = Plan { dir, case_duration: Duration::from_secs(seconds) };
    println!("{}", harness::HEAD);
    harness::run::<JournalLog>("journal", &plan, &mut |line| println!("{line}"));
}
