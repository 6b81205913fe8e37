//! The journal's reader: folds entry by entry into the situation board and the engine, stores what follows from it, and
//! has snapshots taken. One thread; the only place where the engine is. Where much has come it judges in groups, with other
//! threads beside it (`crew.rs`): the outcomes are the same.
//!
//! # What is promised
//! Each entry of the journal is judged once as seen from the records. Outcomes are stored in one transaction with the
//! place up to which they were judged (the *cursor*). After a restart the fold goes on from the last snapshot, and what
//! follows from entries before the cursor is dropped, because it is stored already. The cursor is moved before a snapshot
//! is taken, so a snapshot ahead of the cursor belongs to other records and is not used.
//!
//! # What can go wrong
//! - The records can't store (disk full, busy): judging waits and tries again; [`api::Progress::stopped`] says why.
//!   Devices are still answered, since the journal is another file; nothing is lost.
//! - An entry can't be decoded, or lies in damaged bytes: it is left out, logged and counted.
//! - An entry makes a model panic: the engine may be half changed, so it is built anew from the last snapshot, without
//!   that entry. When it was one of a group, the group is judged once more one by one to find it. After [`PANICS_MAX`] of them the thread ends with an error, and with it the process.
//! - Retention has removed entries that were not judged yet: the fold goes on at the first that is left, with the
//!   reference as the records have it now.

mod restoring;
mod storing;

use crate::crew::{self, Decoded, GROUP_MAX, GROUP_MIN, ModelPanicked};
use crate::learning::Learning;
use crate::reference::reference;
use crate::replaying::{Replaying, Times};
use crate::retrying::{PAUSE_FIRST, WAKE_PERIOD};
use crate::snapshot::{Keeper, Kept, Opened, Place, Shelf, Snapshot};
use api::{App, ReplayRequest};
use domain::{Entry, Observation, Outcome, ReferenceChange};
use gateway::Intake;
use journal::{Batch, Offset, ReadError, Reader};
use judgement::{Engine, Parameters};
use metrics::{Counter, counter, gauge};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

/// Bytes of the journal that are read at a time: some 10,000 entries, judged in well under a second.
const BATCH_BYTES_MAX: usize = 2 << 20;
/// Outcomes after which a transaction stores them; one entry's are never parted, nor those of a group.
const OUTCOMES_MAX: usize = 1_000;
/// How often the cursor is moved when nothing is found.
const CURSOR_PERIOD: Duration = Duration::from_secs(5);
/// Rest after a snapshot, at least this many times as long as it took to write: a large state leaves the disk its time.
const SNAPSHOT_REST: u32 = 9;
/// Silence after which a tick is put into the journal, so that deadlines fire; and so the least time between ticks.
const TICK_MS: i64 = 10 * domain::time::SECOND_MS;
/// Entries left out because a model panicked, before the thread gives up.
const PANICS_MAX: usize = 16;

/// Why judging ended by itself.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JudgingError {
    #[error("models panicked on {PANICS_MAX} entries, the last at offset {0} of the journal")]
    Panics(Offset),
    #[error("could not read the journal")]
    Read(#[source] ReadError),
    #[error("the thread panicked")]
    Died,
}

/// What judging is given.
pub(crate) struct Task {
    pub(crate) app: Arc<App>,
    pub(crate) intake: Intake,
    pub(crate) parameters: Parameters,
    /// Of the parameters, from [`crate::config::ModelFiles::load`].
    pub(crate) fingerprint: u64,
    pub(crate) calibration: calibration::Parameters,
    /// Warnings that are to be replayed.
    pub(crate) replays: mpsc::Receiver<ReplayRequest>,
    /// How often a snapshot is taken when something changed: bounds what a restart folds again.
    pub(crate) snapshot_period: Duration,
    /// On how many threads entries are judged when many have come.
    pub(crate) threads: usize,
    pub(crate) runtime: Handle,
}

/// The running thread, as its starter sees it.
pub(crate) struct Judging {
    stop: Arc<AtomicBool>,
    /// Answered when what the journal held at the start was folded.
    pub(crate) caught_up: oneshot::Receiver<()>,
    /// Answered when the thread has ended.
    pub(crate) ended: oneshot::Receiver<Result<(), JudgingError>>,
}

impl Judging {
    /// Starts the thread.
    pub(crate) fn start(task: Task) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let (say_caught_up, caught_up) = oneshot::channel();
        let (say_ended, ended) = oneshot::channel();
        let of_thread = stop.clone();
        std::thread::Builder::new().name("judging".into()).spawn(move || {
            // The thread's end must be known whatever its cause.
            let outcome =
                catch_unwind(AssertUnwindSafe(|| Fold::begin(task, of_thread, say_caught_up)?.run()));
            let outcome = match outcome {
                Ok(Ok(()) | Err(End::Asked)) => Ok(()),
                Ok(Err(End::Failed(error))) => Err(error),
                Err(_) => Err(JudgingError::Died),
            };
            // Nobody listens when the process is ending already.
            drop(say_ended.send(outcome));
        })?;
        Ok(Self { stop, caught_up, ended })
    }

    /// Asks the thread to take a snapshot and end.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
    }
}

/// Why the fold ends.
enum End {
    /// The process ends.
    Asked,
    /// It can't go on.
    Failed(JudgingError),
}

/// What stays of the task.
struct Given {
    app: Arc<App>,
    intake: Intake,
    parameters: Parameters,
    fingerprint: u64,
    snapshot_period: Duration,
    threads: usize,
    runtime: Handle,
}

struct Fold {
    task: Given,
    stop: Arc<AtomicBool>,
    keeper: Keeper,
    engine: Engine,
    /// Beside the engine, over the same entries.
    learning: Learning,
    times: Times,
    replaying: Replaying,
    reader: Reader,
    /// Follows from entries that were applied, not stored yet.
    outcomes: Vec<Outcome>,
    /// Passages of vehicles that somebody is under way for, not told yet.
    sighted: Vec<Observation>,
    /// The cursor: outcomes of entries before it are stored.
    stored_up_to: u64,
    stored_at: Instant,
    /// Where the journal was read to when the last good snapshot was taken, or one that is being written.
    snapshot_place: Option<u64>,
    snapshot_due_at: Instant,
    /// Where the journal ended at the start; identities of entries before it are told to the intake.
    end_at_start: Offset,
    caught_up: Option<oneshot::Sender<()>>,
    /// Entries before it are on the board already.
    seen_up_to: u64,
    /// Offsets of entries that made a model panic.
    left_out: BTreeSet<u64>,
    /// Entries before it are not judged in groups: one of them made a model panic.
    one_by_one_up_to: u64,
    received_ms: u64,
    judged: Counter,
}

impl Fold {
    /// Continues from the newest usable snapshot, or begins anew.
    fn begin(task: Task, stop: Arc<AtomicBool>, caught_up: oneshot::Sender<()>) -> Result<Self, End> {
        let Task {
            app,
            intake,
            parameters,
            fingerprint,
            calibration,
            replays,
            snapshot_period,
            threads,
            runtime,
        } = task;
        let task = Given { app, intake, parameters, fingerprint, snapshot_period, threads, runtime };
        let journal = &task.app.observations;
        let mut fold = Self {
            keeper: Keeper::new(Shelf::new(&task.app.data_dir)),
            engine: Engine::new(task.parameters.clone()),
            learning: Learning::new(calibration),
            times: Times::default(),
            replaying: Replaying::new(replays),
            reader: journal.reader(Offset::START),
            outcomes: Vec::new(),
            sighted: Vec::new(),
            stored_up_to: 0,
            stored_at: Instant::now(),
            snapshot_place: None,
            snapshot_due_at: Instant::now() + task.snapshot_period,
            end_at_start: journal.end(),
            caught_up: Some(caught_up),
            seen_up_to: 0,
            left_out: BTreeSet::new(),
            one_by_one_up_to: 0,
            received_ms: 0,
            judged: counter!("anchang_judged_total"),
            stop,
            task,
        };
        fold.read_cursor()?;
        if let Some(Opened { place, board, .. }) = fold.restore() {
            if !board.is_some_and(|board| fold.app().board.restore(&board)) {
                tracing::warn!(
                    "the board's part of the snapshot is of another version: the day's counts begin anew"
                );
            }
            fold.recall(place.recent_from.unwrap_or(place.next), place.next);
        }
        fold.app().clock.drive(fold.engine.clock());
        Ok(fold)
    }

    fn app(&self) -> &App {
        &self.task.app
    }

    fn read_cursor(&mut self) -> Result<(), End> {
        let end = self.end_at_start.get();
        let cursor = self.store("read the place of judgement", |app, runtime, _| {
            runtime.block_on(app.records.cursor(records::cursor::JUDGEMENT))
        })?;
        self.stored_up_to = cursor.unwrap_or(0);
        if self.stored_up_to > end {
            // Otherwise all that comes until the journal is as long again would be taken for judged.
            tracing::error!(
                cursor = self.stored_up_to,
                end,
                "the journal is shorter than what was judged of it: were its files replaced? judging goes on at its end"
            );
            self.stored_up_to = end;
        }
        Ok(())
    }

    fn run(mut self) -> Result<(), End> {
        let mut batch = Batch::new();
        let mut pause = PAUSE_FIRST;
        while !self.is_asked_to_end() {
            match self.reader.read_batch(BATCH_BYTES_MAX, &mut batch) {
                Ok(0) => {
                    if let Some(caught_up) = self.caught_up.take() {
                        tracing::info!(place = %self.reader.position(), "judging has caught up");
                        if caught_up.send(()).is_err() {
                            tracing::debug!("nobody waited for judging to catch up any longer");
                        }
                    }
                    self.tick();
                    self.teach();
                    self.show();
                    self.keep(false)?;
                    self.reader.wait_blocking(WAKE_PERIOD);
                }
                Ok(_) => {
                    self.fold(&batch)?;
                    self.show();
                    self.keep(false)?;
                    pause = PAUSE_FIRST;
                }
                Err(ReadError::Damaged { segment, at, kind }) => self.skip(&segment, at, kind)?,
                Err(ReadError::Expired { asked, first }) => self.go_on_at(asked, first)?,
                Err(ReadError::Io { segment, source }) => {
                    self.wait(&format!("could not read {}: {source}", segment.display()), &mut pause)?;
                    self.set_stopped(None);
                }
                Err(error @ ReadError::Beyond { .. }) => return Err(End::Failed(JudgingError::Read(error))),
            }
        }
        // Whoever asks to end has stopped the devices before: judge what is left, if it is little.
        if let Ok(1..) = self.reader.read_batch(BATCH_BYTES_MAX, &mut batch) {
            self.fold(&batch)?;
        }
        self.keep(true)
    }

    /// Applies a batch, and stores what follows.
    fn fold(&mut self, batch: &Batch) -> Result<(), End> {
        let end = batch.end().get();
        let records: Vec<(Offset, &[u8])> = batch.iter().collect();
        let mut rest = records.as_slice();
        while let Some((first, _)) = rest.first() {
            // What is stored already and what is not are never in one group.
            let stored = rest.partition_point(|(offset, _)| offset.get() < self.stored_up_to);
            let length = if stored > 0 { stored } else { rest.len() }.min(GROUP_MAX);
            let group = &rest[..length];
            rest = &rest[length..];
            let next = rest.first().map_or(end, |(next, _)| next.get());
            let is_alone = length < GROUP_MIN || first.get() < self.one_by_one_up_to;
            let judged = if is_alone { self.apply_each(group) } else { self.apply_group(group, next) };
            if let Err(ModelPanicked { culprit }) = judged {
                return self.build_anew(culprit);
            }
            if next <= self.stored_up_to {
                self.outcomes.clear();
            } else if self.outcomes.len() >= OUTCOMES_MAX {
                self.commit(next)?;
            }
        }
        self.seen_up_to = self.seen_up_to.max(end);
        self.judged.increment(batch.len() as u64);
        self.app().progress.entries.fetch_add(batch.len() as u64, Ordering::Relaxed);
        if self.outcomes.is_empty() && self.sighted.is_empty() { Ok(()) } else { self.commit(end) }
    }

    /// Applies entries one by one.
    fn apply_each(&mut self, records: &[(Offset, &[u8])]) -> Result<(), ModelPanicked> {
        for (offset, bytes) in records {
            let Some(entry) = self.take_in(*offset, codec::decode(bytes)) else { continue };
            // Neither is used again after a panic, so they can't be seen half changed.
            catch_unwind(AssertUnwindSafe(|| {
                self.engine.apply(&entry, &mut self.outcomes);
                self.learning.apply(&entry);
            }))
            .map_err(|_| ModelPanicked { culprit: Some(*offset) })?;
        }
        Ok(())
    }

    /// Applies entries together, on all threads that judge.
    fn apply_group(&mut self, records: &[(Offset, &[u8])], next: u64) -> Result<(), ModelPanicked> {
        let threads = self.task.threads;
        let decoded = crew::decode(records, threads);
        let taken_in = |((offset, _), decoded): (&(Offset, &[u8]), Decoded)| self.take_in(*offset, decoded);
        let entries: Vec<Entry> = records.iter().zip(decoded).filter_map(taken_in).collect();
        let Self { engine, learning, outcomes, .. } = self;
        let mut learn = || entries.iter().for_each(|entry| learning.apply(entry));
        catch_unwind(AssertUnwindSafe(|| {
            std::thread::scope(|scope| {
                if threads > 1 {
                    scope.spawn(learn);
                } else {
                    learn();
                }
                engine.apply_all(&entries, threads, &mut api::crew::run, outcomes);
            });
        }))
        .map_err(|_| {
            self.one_by_one_up_to = next;
            ModelPanicked { culprit: None }
        })
    }

    /// Notes that an entry came; gives it if it is to be judged.
    fn take_in(&mut self, offset: Offset, decoded: Decoded) -> Option<Entry> {
        let entry = decoded.map_err(|error| self.leave_unreadable(offset, &error)).ok()?;
        let received_at = match &entry {
            Entry::Observation(observation) => {
                if offset < self.end_at_start && !observation.is_from_file() {
                    self.task.intake.remember(observation.id);
                }
                Some(observation.received_at)
            }
            Entry::Reference(change) => match change.as_ref() {
                ReferenceChange::Tick(at) => Some(*at),
                _ => None,
            },
        };
        if let Some(at) = received_at {
            self.received_ms = self.received_ms.max(at.unix_ms().max(0) as u64);
            // A driven clock forgets its time at the end of the process; the journal knows it.
            self.app().clock.drive(at);
        }
        if offset.get() >= self.seen_up_to {
            self.app().board.observe(offset.get(), &entry, self.app().clock.now());
            if let Entry::Observation(observation) = &entry {
                self.app().onward.lock().see(observation);
                if offset.get() >= self.stored_up_to && self.app().orders.await_it(observation) {
                    self.sighted.push(observation.clone());
                }
            }
            self.seen_up_to = offset.get() + 1;
        }
        if self.left_out.contains(&offset.get()) {
            return None;
        }
        if let Some(at) = received_at {
            self.times.note(at, offset);
        }
        Some(entry)
    }

    /// After a model panicked: the engine as it was at the last snapshot, and the entry left out if it is known.
    fn build_anew(&mut self, culprit: Option<Offset>) -> Result<(), End> {
        let Some(culprit) = culprit else {
            tracing::error!("a model panicked on an entry of a group: the group is judged again one by one");
            self.restore();
            return Ok(());
        };
        counter!("anchang_judging_panics_total").increment(1);
        tracing::error!(offset = %culprit, "a model panicked on an entry: the engine is built anew without it");
        self.left_out.insert(culprit.get());
        if self.left_out.len() >= PANICS_MAX {
            return Err(End::Failed(JudgingError::Panics(culprit)));
        }
        self.restore();
        Ok(())
    }

    fn leave_unreadable(&mut self, offset: Offset, error: &codec::DecodeError) {
        let count = self.app().progress.unreadable.fetch_add(1, Ordering::Relaxed) + 1;
        counter!("anchang_entries_unreadable_total").increment(1);
        // A journal full of them must not fill the log as well.
        if count.is_power_of_two() {
            tracing::error!(%offset, %error, count, "left an entry of the journal out");
        }
    }

    fn skip(&mut self, segment: &std::path::Path, at: Offset, kind: journal::DamageKind) -> Result<(), End> {
        counter!("anchang_journal_damages_total").increment(1);
        let skipped = self.reader.skip_damage().map_err(|error| End::Failed(JudgingError::Read(error)))?;
        if skipped.to <= at {
            // Nothing good behind it yet: wait for more, not in a busy circle.
            std::thread::sleep(WAKE_PERIOD);
        }
        tracing::error!(
            segment = %segment.display(), %at, %kind, bytes = skipped.bytes(),
            "left damaged bytes of the journal out"
        );
        Ok(())
    }

    /// Entries were removed before they were judged, and changes of the reference with them.
    fn go_on_at(&mut self, asked: Offset, first: Offset) -> Result<(), End> {
        if asked == Offset::START {
            tracing::warn!(%first, "the journal no longer has its beginning: the fold begins with today's reference");
        } else {
            tracing::error!(%asked, %first, "retention has removed entries that were not judged");
        }
        let reference =
            self.store("read the reference", |app, runtime, _| runtime.block_on(reference(app)))?;
        for change in reference {
            let entry = Entry::Reference(Box::new(change));
            self.engine.apply(&entry, &mut self.outcomes);
            self.learning.apply(&entry);
        }
        self.reader = self.app().observations.reader(first);
        Ok(())
    }

    /// Puts the time into the journal when no entry did for a while, so that deadlines fire.
    fn tick(&mut self) {
        let now = self.app().clock.now();
        if now.ms_since(self.engine.clock()) < TICK_MS || self.engine.stats().timers_armed == 0 {
            return;
        }
        self.append([ReferenceChange::Tick(now)]);
    }

    /// Puts what was learned into the journal; judgement knows it from there on, live and in every replay.
    fn teach(&mut self) {
        let learned = self.learning.due(self.app().clock.now());
        if !learned.is_empty() {
            tracing::debug!(changes = learned.len(), "learned something of devices or roads");
            self.append(learned);
        }
    }

    fn append(&self, changes: impl IntoIterator<Item = ReferenceChange>) {
        let mut batch = Batch::new();
        for change in changes {
            let entry = Entry::Reference(Box::new(change));
            batch.push_with(|out| codec::encode(&entry, out));
        }
        if let Err(error) = self.app().observations.append_blocking(batch) {
            tracing::warn!(%error, "could not append to the journal");
            // Not at every wake-up: the disk is full, or the journal has stopped.
            std::thread::sleep(WAKE_PERIOD);
        }
    }

    /// Moves the cursor and has a snapshot taken where it is time; `at_end` it is there when this returns.
    fn keep(&mut self, at_end: bool) -> Result<(), End> {
        let ended = if at_end { self.keeper.wait() } else { self.keeper.take_ended() };
        self.note(ended);
        let place = self.reader.position().get();
        let is_snapshot_due = self.snapshot_place != Some(place)
            && !self.keeper.is_at_work()
            && (at_end || Instant::now() >= self.snapshot_due_at);
        if place > self.stored_up_to && (is_snapshot_due || self.stored_at.elapsed() >= CURSOR_PERIOD) {
            self.commit(place)?;
        }
        if is_snapshot_due {
            self.take_snapshot(place);
        }
        if at_end {
            let ended = self.keeper.wait();
            self.note(ended);
        }
        Ok(())
    }

    /// Takes hold of the state; another thread writes it while judging goes on.
    fn take_snapshot(&mut self, next: u64) {
        let begun = Instant::now();
        let (board, recent_from) = self.app().board.snapshot();
        let place = Place { next, recent_from, fingerprint: self.task.fingerprint };
        let beside = vec![self.learning.part(), self.times.part()];
        let snapshot = Snapshot { place, board, engine: self.engine.freeze(), beside };
        match self.keeper.begin(snapshot) {
            Ok(()) => self.snapshot_place = Some(next),
            Err(error) => tracing::warn!(%error, "could not start to write a snapshot"),
        }
        self.snapshot_due_at = Instant::now() + self.task.snapshot_period;
        gauge!("anchang_snapshot_pause_ms").set(begun.elapsed().as_secs_f64() * 1e3);
    }

    /// Notes what became of a snapshot.
    fn note(&mut self, ended: Option<std::thread::Result<Kept>>) {
        let Some(ended) = ended else { return };
        match ended {
            Ok(Kept { place, took, outcome: Ok(bytes) }) => {
                self.snapshot_due_at = self.snapshot_due_at.max(Instant::now() + took * SNAPSHOT_REST);
                gauge!("anchang_snapshot_took_ms").set(took.as_secs_f64() * 1e3);
                gauge!("anchang_snapshot_bytes").set(bytes as f64);
                tracing::debug!(place = place.next, bytes, ?took, "wrote a snapshot");
                return;
            }
            // The next one may succeed; without it a restart takes longer, nothing else.
            Ok(Kept { outcome: Err(error), .. }) => tracing::warn!(%error, "could not write a snapshot"),
            Err(_) => tracing::error!("the thread that wrote a snapshot panicked"),
        }
        self.snapshot_place = None;
    }

    fn is_asked_to_end(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Says how far the fold has come, and begins with what others ask of it.
    fn show(&mut self) {
        self.learning.show(&self.task.app);
        self.replaying.serve(&self.engine, &self.task.app.observations, &self.times);
        let app = &self.task.app;
        let stats = self.engine.stats();
        // An empty journal ends behind its first header, where the reader was not yet.
        let place = self.reader.position().max(app.observations.first());
        app.progress.judged_received_ms.store(self.received_ms, Ordering::Release);
        app.progress.judged_up_to.store(place.get(), Ordering::Release);
        app.progress.vehicles.store(stats.vehicles as u64, Ordering::Relaxed);
        app.progress.deadlines.store(stats.timers_armed as u64, Ordering::Relaxed);
        gauge!("anchang_judging_lag_ms").set(app.lag_ms() as f64);
    }
}
