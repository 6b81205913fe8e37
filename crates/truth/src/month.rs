//! One run: the month's entries through the engine and the learner, as the product's judging thread takes them.

use crate::matching::Truths;
use crate::officers::Officers;
use crate::replay::Recorder;
use crate::standing::Warnings;
use crate::stream::Stream;
use crate::world::World;
use calibration::Learner;
use domain::time::SECOND_MS;
use domain::{Entry, Outcome, Timestamp};
use judgement::{Engine, Parameters};
use std::io;
use std::time::{Duration, Instant};

/// What a run left.
pub struct Month {
    /// The warnings that stand.
    pub warnings: Warnings,
    /// What was planted.
    pub truths: Truths,
    /// How it went.
    pub figures: Figures,
}

/// How a run went, for information.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub struct Figures {
    /// Entries applied.
    pub entries: u64,
    /// Of these, observations.
    pub observations: u64,
    /// Changes that were learned and put in.
    pub learned: u64,
    /// Verdicts given.
    pub verdicts: u64,
    /// Warnings raised, those withdrawn again included.
    pub raised: u64,
    /// Warnings withdrawn.
    pub withdrawn: u64,
    /// Seconds of judging alone, and with making the month.
    pub judging_s: f64,
    /// See `judging_s`.
    pub total_s: f64,
    /// Most memory used so far by this process, in MB.
    pub memory_peak_mb: u64,
}

impl Figures {
    /// Entries applied in a second of judging.
    pub fn entries_per_s(&self) -> f64 {
        self.entries as f64 / self.judging_s.max(f64::EPSILON)
    }
}

/// What the product ships with: the parameters of judging and of learning.
#[derive(Clone, Debug)]
pub struct Shipped {
    /// Of judging.
    pub judging: Parameters,
    /// Of learning.
    pub learning: calibration::Parameters,
}

impl Shipped {
    /// Reads the files in `data/`.
    pub fn read() -> anyhow::Result<Self> {
        let judging = Parameters {
            models: toml::from_str(include_str!("../../../data/models.toml"))?,
            confusions: toml::from_str(include_str!("../../../data/plate-confusions.toml"))?,
        };
        let learning: calibration::Parameters =
            toml::from_str(include_str!("../../../data/calibration.toml"))?;
        judging.check()?;
        learning.check()?;
        Ok(Self { judging, learning })
    }
}

/// The learner and the officers are asked after so many entries, or so much of the month's time, as the product's
/// judging thread asks between two batches.
const BATCH_MAX: usize = 4_096;
const BATCH_MS: i64 = 20 * SECOND_MS;

/// A run under way.
struct Run<'w> {
    started: Instant,
    judging: Duration,
    stream: Stream<'w>,
    engine: Engine,
    learner: Learner,
    /// None when nobody says what warnings were worth.
    officers: Option<Officers>,
    warnings: Warnings,
    truths: Truths,
    figures: Figures,
    out: Vec<Outcome>,
}

/// Runs the month. `recorder` takes down each entry, `progress` is told of each day that begins.
pub fn run(
    world: &World,
    shipped: &Shipped,
    has_verdicts: bool,
    mut recorder: Option<&mut Recorder>,
    mut progress: impl FnMut(Timestamp, &Figures, &Engine),
) -> io::Result<Month> {
    let mut run = Run {
        started: Instant::now(),
        judging: Duration::ZERO,
        stream: Stream::new(world),
        engine: Engine::new(shipped.judging.clone()),
        learner: Learner::new(shipped.learning.clone()),
        officers: has_verdicts.then(Officers::default),
        warnings: Warnings::default(),
        truths: Truths::default(),
        figures: Figures::default(),
        out: Vec::new(),
    };
    let mut next_day = world.begin().beijing_day();
    let mut batch = Vec::with_capacity(BATCH_MAX);
    loop {
        run.next_batch(&mut batch);
        if batch.is_empty() {
            run.count();
            return Ok(Month { warnings: run.warnings, truths: run.truths, figures: run.figures });
        }
        while next_day <= run.stream.clock().beijing_day() && next_day.start() < world.end() {
            run.truths.extend(world.planted(next_day));
            run.count();
            progress(next_day.start(), &run.figures, &run.engine);
            next_day.0 += 1;
        }
        if let Some(recorder) = recorder.as_deref_mut() {
            batch.iter().try_for_each(|entry| recorder.write(entry))?;
        }
        run.judge(&batch);
        run.listen();
    }
}

impl Run<'_> {
    fn next_batch(&mut self, batch: &mut Vec<Entry>) {
        batch.clear();
        let until = self.stream.clock().plus_ms(BATCH_MS);
        while batch.len() < BATCH_MAX && self.stream.clock() < until {
            let Some(entry) = self.stream.next() else { break };
            batch.push(entry);
        }
    }

    fn judge(&mut self, batch: &[Entry]) {
        let begun = Instant::now();
        for entry in batch {
            self.figures.entries += 1;
            self.figures.observations += u64::from(matches!(entry, Entry::Observation(_)));
            self.engine.apply(entry, &mut self.out);
            let now = self.engine.clock();
            for outcome in self.out.drain(..) {
                self.warnings.fold(&outcome, now);
                if let (Outcome::Raise(warning), Some(officers)) = (&outcome, &mut self.officers)
                    && let Some(standing) = self.warnings.get(warning.id)
                {
                    officers.see(standing, now);
                }
            }
        }
        self.judging += begun.elapsed();
        for entry in batch {
            self.learner.apply(entry);
        }
    }

    /// What the learner and the officers have to say goes into the stream.
    fn listen(&mut self) {
        let now = self.stream.clock();
        let learned = self.learner.due(now);
        self.figures.learned += learned.len() as u64;
        self.stream.put(learned);
        if let Some(officers) = &mut self.officers {
            let verdicts = officers.due(now, &self.warnings, &self.truths);
            self.figures.verdicts += verdicts.len() as u64;
            self.stream.put(verdicts);
        }
    }

    fn count(&mut self) {
        self.figures.raised = self.warnings.raised_count;
        self.figures.withdrawn = self.warnings.withdrawn_count;
        self.figures.judging_s = self.judging.as_secs_f64();
        self.figures.total_s = self.started.elapsed().as_secs_f64();
        self.figures.memory_peak_mb = memory_peak_mb();
    }
}

/// Most memory that this process had; 0 where there is no `/proc`.
fn memory_peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default() / 1_024
}
