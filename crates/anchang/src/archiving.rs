//! Takes the journal into the history: one thread with a place of its own in the journal, independent of judging.
//!
//! # What is promised
//! Each entry of the journal is in the history once. Files are durable before the catalogue names them; the rows of the
//! catalogue and the place in the journal move in one transaction. What is read and not sealed yet is shown from memory, so
//! that the newest second is in every answer, and read again after a restart. The journal keeps what is not sealed,
//! whatever its bounds say.
//!
//! # What can go wrong
//! - Files or records can't be written (disk full): the thread waits and tries the same again; [`api::Archive::stopped`] says
//!   why. Nothing is shown twice meanwhile.
//! - An entry can't be decoded, or lies in damaged bytes: it is left out, logged and counted.
//! - The thread fails: devices and judging go on, the system page says that archiving has stopped, and the next start goes on
//!   where it was.

use crate::catalogue::to_record;
use crate::config::HistoryConfig;
use crate::retrying::{PAUSE_FIRST, WAKE_PERIOD, slept};
use api::{App, Archive};
use domain::{Entry, Fact, Timestamp};
use history::{Fix, Fresh, HistoryError, Seal};
use journal::{Batch, Offset, ReadError, Reader};
use metrics::{counter, gauge};
use records::{Fault, StoreError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// Bytes of the journal that are read at a time.
const BATCH_BYTES_MAX: usize = 1 << 20;
/// The running thread.
pub(crate) struct Archiving {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Archiving {
    /// Starts the thread.
    pub(crate) fn start(app: Arc<App>, config: HistoryConfig) -> std::io::Result<Self> {
        let runtime = Handle::current();
        let stop = Arc::new(AtomicBool::new(false));
        let of_thread = stop.clone();
        let thread = std::thread::Builder::new().name("archiving".into()).spawn(move || {
            let archive = app.archive.clone();
            let work = AssertUnwindSafe(|| Archiver::begin(&app, config, runtime, of_thread)?.run());
            let why = match catch_unwind(work) {
                Ok(Ok(()) | Err(End::Asked)) => return,
                Ok(Err(End::Failed(error))) => format!("archiving has stopped: {error}"),
                Err(_) => "archiving has stopped: the thread panicked".to_owned(),
            };
            tracing::error!(why, "the history takes nothing more until the next start");
            archive.stopped.store(Arc::new(Some(why)));
        })?;
        Ok(Self { stop, thread })
    }

    /// Asks the thread to end, and waits for it.
    pub(crate) async fn stop(self) {
        self.stop.store(true, Ordering::Release);
        let ended = tokio::task::spawn_blocking(move || self.thread.join().is_ok()).await;
        if !matches!(ended, Ok(true)) {
            tracing::error!("the archiving thread had panicked");
        }
    }
}

enum End {
    /// The process ends.
    Asked,
    /// It can't go on.
    Failed(ReadError),
}

struct Archiver {
    app: Arc<App>,
    archive: Arc<Archive>,
    config: HistoryConfig,
    runtime: Handle,
    stop: Arc<AtomicBool>,
    reader: Reader,
    seal: Seal,
    begun_at: Instant,
}

impl Archiver {
    fn begin(
        app: &Arc<App>,
        config: HistoryConfig,
        runtime: Handle,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, End> {
        let archive = app.archive.clone();
        let journal = &app.observations;
        let mut archiver = Self {
            reader: journal.reader(Offset::START),
            seal: Seal::new(0, app.clock.now()),
            begun_at: Instant::now(),
            archive,
            config,
            runtime,
            stop,
            app: app.clone(),
        };
        let cursor = archiver.store("read the place of archiving", |app, runtime| {
            runtime.block_on(app.records.cursor(records::cursor::HISTORY))
        })?;
        let end = journal.end().get();
        let mut from = cursor.unwrap_or(0);
        if from > end {
            // Otherwise all that comes until the journal is as long again would be left out.
            tracing::error!(
                from,
                end,
                "the journal is shorter than what was archived of it: were its files replaced?"
            );
            from = end;
        }
        tracing::info!(from, end, "archiving begins");
        archiver.go_on_at(from);
        Ok(archiver)
    }

    fn go_on_at(&mut self, offset: u64) {
        self.reader = self.app.observations.reader(Offset::new(offset));
        self.app.observations.hold_from(Offset::new(offset));
        self.seal = Seal::new(offset, self.seal.received_at());
        self.archive.sealed_up_to.store(offset, Ordering::Release);
        self.archive.shown_up_to.store(offset, Ordering::Release);
    }

    fn run(mut self) -> Result<(), End> {
        let mut batch = Batch::new();
        let mut pause = PAUSE_FIRST;
        while !self.is_asked_to_end() {
            match self.reader.read_batch(BATCH_BYTES_MAX, &mut batch) {
                Ok(0) => {
                    self.seal_when_due()?;
                    self.reader.wait_blocking(WAKE_PERIOD);
                }
                Ok(_) => {
                    self.take(&batch)?;
                    self.seal_when_due()?;
                    pause = PAUSE_FIRST;
                }
                Err(ReadError::Damaged { at, .. }) => {
                    let skipped = self.reader.skip_damage().map_err(End::Failed)?;
                    tracing::error!(%at, bytes = skipped.bytes(), "damaged records are left out of the history");
                    self.lose(skipped.bytes());
                    self.seal.skip_to(skipped.to.get());
                }
                Err(ReadError::Expired { asked, first }) => {
                    tracing::error!(%asked, %first, "the journal no longer has what was to be archived");
                    self.lose(first.get().saturating_sub(asked.get()));
                    self.seal()?;
                    self.go_on_at(first.get());
                }
                Err(error @ ReadError::Io { .. }) => self.wait(&error.to_string(), &mut pause)?,
                Err(error @ ReadError::Beyond { .. }) => return Err(End::Failed(error)),
            }
        }
        Ok(())
    }

    fn lose(&self, bytes: u64) {
        self.archive.lost_bytes.fetch_add(bytes, Ordering::Relaxed);
        counter!("anchang_history_lost_bytes").increment(bytes);
    }

    /// Takes a batch, and shows it.
    fn take(&mut self, batch: &Batch) -> Result<(), End> {
        let end = batch.end().get();
        let mut fresh = Fresh::default();
        let mut rest = batch.iter().peekable();
        while let Some((offset, bytes)) = rest.next() {
            let next = rest.peek().map_or(end, |(next, _)| next.get());
            let entry = match codec::decode(bytes) {
                Ok(entry) => entry,
                Err(error) => {
                    tracing::error!(%offset, %error, "an entry is left out of the history");
                    self.archive.unreadable.fetch_add(1, Ordering::Relaxed);
                    self.seal.skip_to(next);
                    continue;
                }
            };
            if self.seal.rows() >= self.config.seal_rows || self.seal.ends_before(&entry) {
                self.archive.history.show_fresh(std::mem::take(&mut fresh));
                self.seal()?;
            }
            self.seal.push(offset.get(), next, &entry);
            if let Entry::Observation(observation) = entry {
                match &observation.fact {
                    Fact::Passage(_) => fresh.passages.push((offset.get(), observation)),
                    Fact::Position(position) => fresh.fixes.extend(Fix::of(&observation, position)),
                    Fact::Alarm(_) => {}
                }
            }
        }
        self.archive.history.show_fresh(fresh);
        self.archive.shown_up_to.store(end, Ordering::Release);
        self.archive.entries.fetch_add(batch.len() as u64, Ordering::Relaxed);
        counter!("anchang_archived_total").increment(batch.len() as u64);
        Ok(())
    }

    fn seal_when_due(&mut self) -> Result<(), End> {
        if self.seal.rows() == 0 {
            self.begun_at = Instant::now();
        }
        if self.begun_at.elapsed() >= Duration::from_millis(self.config.seal_period_ms) {
            self.seal()
        } else {
            Ok(())
        }
    }

    /// Makes files of what was taken, and shows them in its place.
    fn seal(&mut self) -> Result<(), End> {
        self.begun_at = Instant::now();
        if self.seal.rows() == 0 {
            return Ok(());
        }
        let mut pause = PAUSE_FIRST;
        let segments = loop {
            match self.archive.history.write(&mut self.seal) {
                Ok(segments) => break segments,
                Err(error) => self.wait(&words_of(&error), &mut pause)?,
            }
        };
        let rows: Vec<_> = segments.iter().map(to_record).collect();
        let end = self.seal.offsets().end;
        self.store("store sealed segments", |app, runtime| {
            runtime.block_on(app.records.commit_sealed(&rows, end))
        })?;
        self.archive.history.publish_sealed(segments);
        self.archive.sealed_up_to.store(end, Ordering::Release);
        self.app.observations.hold_from(Offset::new(end));
        gauge!("anchang_history_sealed_up_to").set(end as f64);
        let received_at: Timestamp = self.seal.received_at();
        self.seal = Seal::new(end, received_at);
        Ok(())
    }

    /// Tries until it is done or the process ends.
    fn store<T>(
        &self,
        doing: &'static str,
        work: impl Fn(&App, &Handle) -> Result<T, StoreError>,
    ) -> Result<T, End> {
        let mut pause = PAUSE_FIRST;
        loop {
            match work(&self.app, &self.runtime) {
                Ok(value) => {
                    self.set_stopped(None);
                    return Ok(value);
                }
                Err(error) => {
                    let fault =
                        if error.fault == Fault::Other { error.to_string() } else { error.fault.to_string() };
                    self.wait(&format!("could not {doing}: {fault}"), &mut pause)?;
                }
            }
        }
    }

    fn wait(&self, why: &str, pause: &mut Duration) -> Result<(), End> {
        tracing::warn!(why, pause = ?*pause, "archiving waits");
        self.set_stopped(Some(why.to_owned()));
        if slept(pause, || self.is_asked_to_end()) { Ok(()) } else { Err(End::Asked) }
    }

    fn set_stopped(&self, why: Option<String>) {
        if why.is_some() || self.archive.stopped.load().is_some() {
            self.archive.stopped.store(Arc::new(why));
        }
    }

    fn is_asked_to_end(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }
}

/// What a failed write means to who reads it.
pub(crate) fn words_of(error: &HistoryError) -> String {
    if error.is_full() { "the disk is full".to_owned() } else { error.to_string() }
}
