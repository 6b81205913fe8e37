//! The journal on a disk that fails on command, and one that is held up.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use crate::disk::Disk;
use crate::{AppendError, Batch, Journal, Options};

/// What the disk does, changed by the test while the journal runs.
struct Script {
    /// Bytes that can still be written.
    room_bytes: AtomicU64,
    is_writing_broken: AtomicBool,
    is_syncing_broken: AtomicBool,
    is_cutting_broken: AtomicBool,
    sync_count: AtomicU64,
    /// Whether syncs have to wait.
    is_held_up: (Mutex<bool>, Condvar),
}

impl Script {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            room_bytes: AtomicU64::new(u64::MAX),
            is_writing_broken: AtomicBool::new(false),
            is_syncing_broken: AtomicBool::new(false),
            is_cutting_broken: AtomicBool::new(false),
            sync_count: AtomicU64::new(0),
            is_held_up: (Mutex::new(false), Condvar::new()),
        })
    }

    fn hold_up(&self, is_held_up: bool) {
        *self.is_held_up.0.lock().expect("lock") = is_held_up;
        self.is_held_up.1.notify_all();
    }

    fn sync_count(&self) -> u64 {
        self.sync_count.load(Ordering::SeqCst)
    }
}

struct ScriptedDisk(Arc<Script>);

impl Disk for ScriptedDisk {
    fn write_at(&self, file: &File, bytes: &[u8], position: u64) -> io::Result<()> {
        if self.0.is_writing_broken.load(Ordering::SeqCst) {
            file.write_all_at(&bytes[..bytes.len() / 2], position)?;
            return Err(io::Error::other("broken"));
        }
        let room_bytes = self.0.room_bytes.load(Ordering::SeqCst);
        if (bytes.len() as u64) > room_bytes {
            file.write_all_at(&bytes[..room_bytes as usize], position)?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        file.write_all_at(bytes, position)
    }

    fn sync(&self, _: &File) -> io::Result<()> {
        let held_up = self.0.is_held_up.0.lock().expect("lock");
        drop(self.0.is_held_up.1.wait_while(held_up, |is_held_up| *is_held_up).expect("lock"));
        self.0.sync_count.fetch_add(1, Ordering::SeqCst);
        fail_if(&self.0.is_syncing_broken)
    }

    fn cut(&self, file: &File, bytes: u64) -> io::Result<()> {
        fail_if(&self.0.is_cutting_broken)?;
        file.set_len(bytes)
    }
}

fn fail_if(is_broken: &AtomicBool) -> io::Result<()> {
    if is_broken.load(Ordering::SeqCst) { Err(io::Error::other("broken")) } else { Ok(()) }
}

fn small() -> Options {
    Options {
        segment_bytes_max: 1024,
        retention_bytes_max: None,
        record_bytes_max: 400,
        group_bytes_max: 512,
        queue_bytes_max: 2048,
        sync: true,
    }
}

fn open(dir: &Path, script: &Arc<Script>) -> Journal {
    Journal::open_on(Box::new(ScriptedDisk(script.clone())), dir, small()).expect("opens").0
}

fn all(journal: &Journal) -> Vec<Vec<u8>> {
    let (mut reader, mut batch, mut all) = (journal.reader(journal.first()), Batch::new(), Vec::new());
    while reader.read_batch(4096, &mut batch).expect("reads") > 0 {
        all.extend(batch.iter().map(|(_, payload)| payload.to_vec()));
    }
    all
}

fn log_files(dir: &Path) -> Vec<u64> {
    let names = fs::read_dir(dir).expect("lists").map(|entry| entry.expect("entry").path());
    names.filter(|path| path.extension().is_some()).map(|path| path.metadata().expect("file").len()).collect()
}

#[test]
fn a_full_disk_refuses_the_batch_whole_and_the_journal_goes_on_when_there_is_room() {
    let batch = || vec![b"one".to_vec(), b"two".to_vec(), b"three".to_vec()];
    for room_bytes in 0..Batch::from(batch()).bytes() as u64 {
        let (dir, script) = (tempfile::tempdir().expect("dir"), Script::new());
        let journal = open(dir.path(), &script);
        journal.append_blocking(vec![b'a']).expect("appends");
        let (end, files) = (journal.end(), log_files(dir.path()));

        script.room_bytes.store(room_bytes, Ordering::SeqCst);
        let error = journal.append_blocking(batch()).expect_err("full");
        assert!(matches!(error, AppendError::Full { bytes: 47, .. }), "{error}");
        assert_eq!((journal.end(), log_files(dir.path())), (end, files), "nothing is left of it");

        script.room_bytes.store(u64::MAX, Ordering::SeqCst);
        assert_eq!(journal.append_blocking(vec![b'b']).expect("there is room again").first, end);
        assert_eq!(all(&journal), [b"a", b"b"]);
        assert_eq!((journal.stats().groups_refused_full, journal.stopped()), (1, None));
    }
}

#[test]
fn a_disk_that_is_full_when_a_segment_begins_leaves_no_file_behind() {
    let (dir, script) = (tempfile::tempdir().expect("dir"), Script::new());
    let journal = open(dir.path(), &script);
    for _ in 0..3 {
        journal.append_blocking(vec![0; 300]).expect("appends");
    }
    for room_bytes in [0, 10, 24, 100] {
        script.room_bytes.store(room_bytes, Ordering::SeqCst);
        assert!(matches!(journal.append_blocking(vec![1; 300]), Err(AppendError::Full { .. })));
    }
    script.room_bytes.store(u64::MAX, Ordering::SeqCst);
    journal.append_blocking(vec![1; 300]).expect("appends");
    assert_eq!(log_files(dir.path()).len(), 2);
    drop(journal);
    let (journal, report) = Journal::open(dir.path(), small()).expect("opens");
    assert!(report.is_clean(), "{report}");
    assert_eq!(all(&journal).len(), 4);
}

#[test]
fn a_failed_sync_stops_the_journal_and_what_was_refused_does_not_come_back() {
    let (dir, script) = (tempfile::tempdir().expect("dir"), Script::new());
    let journal = open(dir.path(), &script);
    journal.append_blocking(vec![b'a']).expect("appends");
    script.is_syncing_broken.store(true, Ordering::SeqCst);
    assert!(matches!(journal.append_blocking(vec![b'b']), Err(AppendError::Io { doing: "sync", .. })));

    // A sync that works again proves nothing about the pages of the one that failed.
    script.is_syncing_broken.store(false, Ordering::SeqCst);
    let error = journal.append_blocking(vec![b'c']).expect_err("stopped");
    assert_eq!(error.to_string(), "the journal has stopped: could not sync: broken");
    assert_eq!(journal.stopped().as_deref(), Some("could not sync: broken"));
    assert_eq!(all(&journal), [b"a"], "what is durable can still be read");
    drop(journal);
    let journal = open(dir.path(), &script);
    assert_eq!(all(&journal), [b"a"]);
    journal.append_blocking(vec![b'd']).expect("a new open starts anew");
}

#[test]
fn any_other_failed_write_stops_the_journal() {
    let (dir, script) = (tempfile::tempdir().expect("dir"), Script::new());
    let journal = open(dir.path(), &script);
    script.is_writing_broken.store(true, Ordering::SeqCst);
    assert!(matches!(journal.append_blocking(vec![b'a']), Err(AppendError::Io { doing: "write", .. })));
    script.is_writing_broken.store(false, Ordering::SeqCst);
    assert!(matches!(journal.append_blocking(vec![b'b']), Err(AppendError::Stopped { .. })));
    drop(journal);
    assert_eq!(all(&open(dir.path(), &script)), [[0u8; 0]; 0]);
}

#[test]
fn a_full_disk_that_cannot_be_cut_back_stops_the_journal() {
    let (dir, script) = (tempfile::tempdir().expect("dir"), Script::new());
    let journal = open(dir.path(), &script);
    script.room_bytes.store(5, Ordering::SeqCst);
    script.is_cutting_broken.store(true, Ordering::SeqCst);
    assert!(matches!(journal.append_blocking(vec![b'a']), Err(AppendError::Io { .. })));
    assert!(journal.stopped().is_some());
}

#[test]
fn a_lone_append_costs_one_sync_and_those_that_wait_share_one() {
    let (dir, script) = (tempfile::tempdir().expect("dir"), Script::new());
    let journal = open(dir.path(), &script);
    let before = script.sync_count();
    journal.append_blocking(vec![0]).expect("appends");
    assert_eq!(script.sync_count() - before, 1);

    script.hold_up(true);
    let (before, groups_before) = (script.sync_count(), journal.stats().groups);
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| journal.append_blocking(vec![0]).expect("appends"));
        }
        while journal.stats().queued_bytes < 10 * (13 + 128) {
            thread::yield_now();
        }
        script.hold_up(false);
    });
    let groups = journal.stats().groups - groups_before;
    assert_eq!(script.sync_count() - before, groups);
    assert!(groups <= 3, "{groups} groups: at most what was taken before the others came, and the rest");
}

#[test]
fn the_queue_is_bounded_and_whoever_comes_later_waits_and_is_served() {
    let (dir, script) = (tempfile::tempdir().expect("dir"), Script::new());
    let journal = open(dir.path(), &script);
    script.hold_up(true);
    let answered_count = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| {
                journal.append_blocking(vec![0; 100]).expect("appends");
                answered_count.fetch_add(1, Ordering::SeqCst);
            });
        }
        // A request counts 240 bytes here: eight fit, the ninth waits with what is left.
        while journal.stats().queued_bytes < 8 * 240 {
            thread::yield_now();
        }
        thread::sleep(Duration::from_millis(20));
        assert!(journal.stats().queued_bytes <= small().queue_bytes_max);
        assert_eq!(answered_count.load(Ordering::SeqCst), 0);
        script.hold_up(false);
    });
    assert_eq!((answered_count.into_inner(), all(&journal).len()), (40, 40));
}

#[test]
fn an_append_that_nobody_waits_for_any_more_is_still_written_whole() {
    let (dir, script) = (tempfile::tempdir().expect("dir"), Script::new());
    let journal = open(dir.path(), &script);
    script.hold_up(true);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("runtime");
    let outcome = runtime.block_on(async {
        tokio::time::timeout(Duration::from_millis(5), journal.append(vec![b"one".to_vec(), b"two".to_vec()]))
            .await
    });
    assert!(outcome.is_err(), "the caller gave up");
    script.hold_up(false);
    journal.append_blocking(b"three".as_slice()).expect("appends");
    assert_eq!(all(&journal), [&b"one"[..], b"two", b"three"]);
    assert_eq!(journal.stats().queued_bytes, 0);
}
