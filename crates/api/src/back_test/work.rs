//! The work of a back-test: the past read in the journal's order and judged, on a thread of low priority.

use crate::app::App;
use crate::crew;
use crate::job::{JobError, JobRun};
use domain::{Entry, Timestamp, Warning};
use history::{History, HistoryError, Kind, Projection, View};
use journal::{Batch, Journal, Offset, ReadError};
use judgement::Parameters;
use judgement::back_test::{BackTest, Tested, run_in_ms, run_out_ms};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Entries that are judged together; between two groups is a look at whether to stop.
const GROUP_ENTRIES: usize = 8_192;
/// Groups that are read while others are judged.
const GROUPS_AHEAD: usize = 2;
/// Threads that judge.
const JUDGES: usize = 2;
/// Bytes of the journal that are read at a time.
const BATCH_BYTES_MAX: usize = 1 << 20;
/// How far the thread steps back behind the live work (nice).
const NICENESS: i32 = 10;

/// The past, and how it is judged.
#[expect(missing_debug_implementations, reason = "passes through")]
pub struct Past<'a> {
    /// As they are shipped.
    pub parameters: &'a Parameters,
    /// What is sealed.
    pub history: &'a Arc<History>,
    /// What is not sealed yet, where there is a journal.
    pub journal: Option<&'a Journal>,
}

/// What came of it.
#[derive(Debug)]
pub struct Ran {
    /// By time.
    pub warnings: Vec<Warning>,
    /// Raised and taken back.
    pub withdrawn: u64,
    /// Observations judged, those of the run-in among them.
    pub observations: u64,
    /// How long it took.
    pub took: Duration,
    /// There were more warnings than are kept.
    pub is_cut_off: bool,
    /// Segments with bytes that could not be read, by their paths.
    pub damaged_segments: Vec<String>,
    /// From when on there are observations.
    pub complete_from: Option<Timestamp>,
}

/// Told how much is done of how much; ends the work with an error.
type Look<'a> = dyn Fn(u64, u64) -> Result<(), JobError> + 'a;

/// Judges a period of the past.
pub(super) async fn run(
    app: Arc<App>,
    tested: Tested,
    period: Range<Timestamp>,
    run: JobRun,
) -> Result<Ran, JobError> {
    let (tell, told) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("back-test".into()).spawn(move || {
        // Of this thread only (nice(2), notes): devices and pages come first.
        if let Err(error) = rustix::process::nice(NICENESS) {
            tracing::debug!(%error, "a back-test runs at the ordinary priority");
        }
        let past = Past {
            parameters: &app.parameters,
            history: &app.archive.history,
            journal: Some(&app.observations),
        };
        let look = |done, total| {
            run.progress(done, Some(total));
            run.check()
        };
        let ran = past.judge(tested, period, &look);
        // Who asked may be gone.
        drop(tell.send(ran));
    });
    thread.map_err(|error| JobError::internal("start a back-test", &error))?;
    told.await.unwrap_or_else(|error| Err(JobError::internal("run a back-test", &error)))
}

/// One back-test at work.
struct Judging<'a> {
    test: BackTest,
    look: &'a Look<'a>,
    done: u64,
    total: u64,
    is_cut_off: bool,
    damaged: BTreeSet<String>,
    /// Observations that came after this matter no more.
    end: Timestamp,
}

impl Past<'_> {
    /// Judges a period.
    pub fn judge(&self, tested: Tested, period: Range<Timestamp>, look: &Look<'_>) -> Result<Ran, JobError> {
        let started = Instant::now();
        let models = &self.parameters.models;
        let begin = period.start.plus_ms(-run_in_ms(models));
        let end = period.end.plus_ms(run_out_ms(models));
        let view = self.history.view();
        let sealed = view.sealed_up_to();
        let offsets = view.offsets_received(begin, end);
        // What was received in the period but not sealed yet is in the journal.
        let offsets = if offsets.is_empty() { sealed..sealed } else { offsets };
        let first =
            view.segments(Kind::Passages, Projection::Arrival).map(|segment| segment.received.0).min();
        let mut judging = Judging {
            test: BackTest::new(self.parameters.clone(), tested, period),
            look,
            done: 0,
            total: rows_in(&view, &offsets),
            is_cut_off: false,
            damaged: BTreeSet::new(),
            end,
        };
        // What was known before.
        judging.take(self.history.arrival_of(&view, &[Kind::Others], 0..offsets.start), false)?;
        judging.take(self.history.arrival_of(&view, &Kind::ALL, offsets.clone()), true)?;
        if let Some(journal) = self.journal
            && offsets.end >= sealed
            && !judging.is_cut_off
        {
            judging.take_journal(journal, sealed)?;
        }
        let Judging { test, is_cut_off, damaged, .. } = judging;
        let tried = test.finish();
        if tried.observations == 0 {
            return Err(JobError::Failed(
                "该时段没有历史数据，无法回测。请核对时段，或先在“接入”导入历史过车。".into(),
                "The history has nothing of this period. Check the period, or import passages first.".into(),
            ));
        }
        Ok(Ran {
            warnings: tried.warnings,
            withdrawn: tried.withdrawn,
            observations: tried.observations,
            took: started.elapsed(),
            is_cut_off,
            damaged_segments: damaged.into_iter().collect(),
            complete_from: first.filter(|first| *first > begin),
        })
    }
}

fn rows_in(view: &View, offsets: &Range<u64>) -> u64 {
    let within = view.all().iter().filter(|segment| {
        segment.projection == Projection::Arrival
            && segment.offsets.start < offsets.end
            && segment.offsets.end > offsets.start
    });
    within.map(|segment| segment.rows).sum()
}

impl Judging<'_> {
    /// Judges entries until they end, there are too many warnings, or the job is cancelled. They are read ahead on a thread
    /// of their own.
    fn take(
        &mut self,
        entries: impl Iterator<Item = Result<(u64, Entry), HistoryError>> + Send,
        with_observations: bool,
    ) -> Result<(), JobError> {
        let (give, groups) = sync_channel(GROUPS_AHEAD);
        std::thread::scope(|scope| {
            scope.spawn(move || read_ahead(entries, with_observations, &give));
            for group in groups {
                let Group { entries, damaged } = group?;
                self.damaged.extend(damaged);
                if !self.apply(entries)? {
                    return Ok(());
                }
            }
            Ok(())
        })
    }

    /// What is not sealed yet.
    fn take_journal(&mut self, journal: &Journal, from: u64) -> Result<(), JobError> {
        let until = journal.end();
        let mut reader = journal.reader(Offset::new(from).max(journal.first()));
        let mut batch = Batch::new();
        while reader.position() < until {
            batch.clear();
            match reader.read_batch(BATCH_BYTES_MAX, &mut batch) {
                Ok(0) => break,
                Ok(_) => {}
                Err(ReadError::Damaged { .. }) => {
                    reader.skip_damage().map_err(|error| JobError::internal("read the journal", &error))?;
                    continue;
                }
                Err(error) => return Err(JobError::internal("read the journal", &error)),
            }
            if !self.apply(batch.iter().filter_map(|(_, bytes)| codec::decode(bytes).ok()).collect())? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Judges a group; false when no more make sense.
    fn apply(&mut self, mut entries: Vec<Entry>) -> Result<bool, JobError> {
        self.done += entries.len() as u64;
        (self.look)(self.done, self.total.max(self.done))?;
        let is_behind = |entry: &Entry| matches!(entry, Entry::Observation(observation) if observation.received_at >= self.end);
        let end = entries.iter().position(is_behind);
        entries.truncate(end.unwrap_or(entries.len()));
        self.is_cut_off = !self.test.apply_all(entries, JUDGES, &mut crew::run);
        Ok(end.is_none() && !self.is_cut_off)
    }
}

/// Entries that lie side by side, and the segments of which some between them could not be read.
struct Group {
    entries: Vec<Entry>,
    damaged: Vec<String>,
}

/// Reads in groups until the entries end, or nobody takes them any more.
fn read_ahead(
    entries: impl Iterator<Item = Result<(u64, Entry), HistoryError>>,
    with_observations: bool,
    give: &SyncSender<Result<Group, JobError>>,
) {
    let empty = || Group { entries: Vec::with_capacity(GROUP_ENTRIES), damaged: Vec::new() };
    let mut group = empty();
    for entry in entries {
        match entry {
            Ok((_, Entry::Observation(_))) if !with_observations => {}
            Ok((_, entry)) => group.entries.push(entry),
            Err(error) if error.is_damage() => {
                group.damaged.extend(error.path().map(|path| path.to_string_lossy().into_owned()));
            }
            Err(error) => {
                // Nobody may be there to hear it.
                drop(give.send(Err(JobError::internal("read the history", &error))));
                return;
            }
        }
        if group.entries.len() == GROUP_ENTRIES
            && give.send(Ok(std::mem::replace(&mut group, empty()))).is_err()
        {
            return;
        }
    }
    drop(give.send(Ok(group)));
}
