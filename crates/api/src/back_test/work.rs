//! The work of a back-test: the past read in the journal's order and judged, on a thread of low priority.

use crate::app::App;
use crate::job::{JobError, JobRun};
use domain::{Entry, Timestamp, Warning};
use history::{HistoryError, Kind, Projection, View};
use journal::{Batch, Offset, ReadError};
use judgement::back_test::{BackTest, Tested, run_in_ms, run_out_ms};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Entries between two looks at whether to stop.
const LOOK_ENTRIES: u64 = 4_096;
/// Bytes of the journal that are read at a time.
const BATCH_BYTES_MAX: usize = 1 << 20;
/// How far the thread steps back behind the live work (nice).
const NICENESS: i32 = 10;

/// What came of it.
pub(super) struct Ran {
    /// By time.
    pub(super) warnings: Vec<Warning>,
    pub(super) withdrawn: u64,
    pub(super) observations: u64,
    pub(super) took: Duration,
    /// There were more warnings than are kept.
    pub(super) is_cut_off: bool,
    /// Segments with bytes that could not be read.
    pub(super) damaged_segments: Vec<String>,
    /// From when on there are observations.
    pub(super) complete_from: Option<Timestamp>,
}

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
        let ran = judge(&app, tested, period, &run);
        // Who asked may be gone.
        drop(tell.send(ran));
    });
    thread.map_err(|error| JobError::internal("start a back-test", &error))?;
    told.await.unwrap_or_else(|error| Err(JobError::internal("run a back-test", &error)))
}

/// One back-test at work.
struct Judging<'a> {
    test: BackTest,
    run: &'a JobRun,
    done: u64,
    total: u64,
    is_cut_off: bool,
    damaged: BTreeSet<String>,
    /// Observations that came after this matter no more.
    end: Timestamp,
}

fn judge(app: &App, tested: Tested, period: Range<Timestamp>, run: &JobRun) -> Result<Ran, JobError> {
    let started = Instant::now();
    let models = &app.parameters.models;
    let begin = period.start.plus_ms(-run_in_ms(models));
    let end = period.end.plus_ms(run_out_ms(models));
    let history = &app.archive.history;
    let view = history.view();
    let sealed = view.sealed_up_to();
    let offsets = view.offsets_received(begin, end);
    // What was received in the period but not sealed yet is in the journal.
    let offsets = if offsets.is_empty() { sealed..sealed } else { offsets };
    let first = view.segments(Kind::Passages, Projection::Arrival).map(|segment| segment.received.0).min();
    let mut judging = Judging {
        test: BackTest::new((*app.parameters).clone(), tested, period),
        run,
        done: 0,
        total: rows_in(&view, &offsets),
        is_cut_off: false,
        damaged: BTreeSet::new(),
        end,
    };
    // What was known before.
    judging.take(history.arrival_of(&view, &[Kind::Others], 0..offsets.start), false)?;
    judging.take(history.arrival_of(&view, &Kind::ALL, offsets.clone()), true)?;
    if offsets.end >= sealed && !judging.is_cut_off {
        judging.take_journal(app, sealed)?;
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

fn rows_in(view: &View, offsets: &Range<u64>) -> u64 {
    let within = view.all().iter().filter(|segment| {
        segment.projection == Projection::Arrival
            && segment.offsets.start < offsets.end
            && segment.offsets.end > offsets.start
    });
    within.map(|segment| segment.rows).sum()
}

impl Judging<'_> {
    /// Judges entries until they end, there are too many warnings, or the job is cancelled.
    fn take(
        &mut self,
        entries: impl Iterator<Item = Result<(u64, Entry), HistoryError>>,
        with_observations: bool,
    ) -> Result<(), JobError> {
        for entry in entries {
            match entry {
                Ok((_, entry)) => {
                    if matches!(entry, Entry::Observation(_)) && !with_observations {
                        continue;
                    }
                    if !self.apply(&entry)? {
                        return Ok(());
                    }
                }
                Err(error) if error.is_damage() => {
                    self.damaged.insert(error.to_string());
                }
                Err(error) => return Err(JobError::internal("read the history", &error)),
            }
        }
        Ok(())
    }

    /// What is not sealed yet.
    fn take_journal(&mut self, app: &App, from: u64) -> Result<(), JobError> {
        let journal = &app.observations;
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
            for (_, bytes) in &batch {
                let Ok(entry) = codec::decode(bytes) else { continue };
                if !self.apply(&entry)? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Judges one entry; false when no more make sense.
    fn apply(&mut self, entry: &Entry) -> Result<bool, JobError> {
        self.done += 1;
        if self.done.is_multiple_of(LOOK_ENTRIES) {
            self.run.check()?;
            self.run.progress(self.done, Some(self.total.max(self.done)));
        }
        if let Entry::Observation(observation) = entry
            && observation.received_at >= self.end
        {
            return Ok(false);
        }
        if self.test.apply(entry) {
            return Ok(true);
        }
        self.is_cut_off = true;
        Ok(false)
    }
}
