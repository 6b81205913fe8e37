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

/// Runs the month. `recorder` takes down each entry, `progress` is told of each day that begins.
pub fn run(
    world: &World,
    shipped: &Shipped,
    has_verdicts: bool,
    mut recorder: Option<&mut Recorder>,
    mut progress: impl FnMut(Timestamp, &Figures, &Engine),
) -> io::Result<Month> {
    let started = Instant::now();
    let mut figures = Figures::default();
    let mut engine = Engine::new(shipped.judging.clone());
    let mut learner = Learner::new(shipped.learning.clone());
    let mut stream = Stream::new(world);
    let mut officers = Officers::default();
    let (mut warnings, mut truths) = (Warnings::default(), Truths::default());
    let mut out = Vec::new();
    let (from, to) = world.window();
    let mut next_day = from.beijing_day();
    let mut judging = Duration::ZERO;
    let mut batch = Vec::with_capacity(BATCH_MAX);
    loop {
        batch.clear();
        let until = stream.clock().plus_ms(BATCH_MS);
        while batch.len() < BATCH_MAX && stream.clock() < until {
            let Some(entry) = stream.next() else { break };
            batch.push(entry);
        }
        if batch.is_empty() {
            break;
        }
        let now = stream.clock();
        while next_day <= now.beijing_day() && next_day.start() < to {
            truths.extend(world.planted(next_day));
            figures.memory_peak_mb = memory_peak_mb();
            figures.total_s = started.elapsed().as_secs_f64();
            figures.judging_s = judging.as_secs_f64();
            progress(next_day.start(), &figures, &engine);
            next_day.0 += 1;
        }
        for entry in &batch {
            if let Some(recorder) = recorder.as_deref_mut() {
                recorder.write(entry)?;
            }
            figures.entries += 1;
            figures.observations += u64::from(matches!(entry, Entry::Observation(_)));
        }
        let begun = Instant::now();
        for entry in &batch {
            engine.apply(entry, &mut out);
            if out.is_empty() {
                continue;
            }
            let now = engine.clock();
            for outcome in out.drain(..) {
                warnings.fold(&outcome, now);
                if let Outcome::Raise(warning) = &outcome
                    && has_verdicts
                    && let Some(standing) = warnings.get(warning.id)
                {
                    officers.see(standing, now);
                }
            }
        }
        judging += begun.elapsed();
        for entry in &batch {
            learner.apply(entry);
        }
        let learned = learner.due(now);
        figures.learned += learned.len() as u64;
        stream.put(learned);
        let verdicts = officers.due(now, &warnings, &truths);
        figures.verdicts += verdicts.len() as u64;
        stream.put(verdicts);
    }
    figures.raised = warnings.raised_count;
    figures.withdrawn = warnings.withdrawn_count;
    figures.judging_s = judging.as_secs_f64();
    figures.total_s = started.elapsed().as_secs_f64();
    figures.memory_peak_mb = memory_peak_mb();
    Ok(Month { warnings, truths, figures })
}

/// Most memory that this process had; 0 where there is no `/proc`.
fn memory_peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default() / 1_024
}
