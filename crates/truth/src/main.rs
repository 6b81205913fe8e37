//! `truth`: runs a simulated month and prints precision and recall by model. `cargo xtask truth` calls it.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line speaks to its terminal")]

use anyhow::Context as _;
use clap::Parser;
use domain::time::DAY_MS;
use domain::{CivilDay, ModelId};
use sim::noise::NoiseRates;
use sim::traffic::Rates;
use std::path::PathBuf;
use std::process::ExitCode;
use truth::month::Shipped;
use truth::replay::Recorder;
use truth::report::Report;
use truth::score::Score;
use truth::world::{Settings, World};
use truth::{explain, month};

/// A simulated month, judged and compared with what was planted in it.
#[derive(Parser)]
struct Arguments {
    /// How many days.
    #[arg(long, default_value_t = 30)]
    days: u16,
    /// What the county is made from.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// The first day.
    #[arg(long, default_value = "2026-11-23")]
    date: String,
    /// 1 for the noise of the aims, 2 for twice as much.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
    noise: u8,
    /// Share of the vehicles that take part: 1 is about a million passages a day.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Factor on the planted offences.
    #[arg(long, default_value_t = 1.0)]
    offences: f64,
    /// Only these models, by key; all when left out.
    #[arg(long, value_delimiter = ',')]
    models: Vec<String>,
    /// Misses and false hits of each model to explain.
    #[arg(long, default_value_t = 3)]
    misses: usize,
    /// Nobody says what warnings were worth.
    #[arg(long)]
    no_verdicts: bool,
    /// Judge the same entries again, once through and once with kills.
    #[arg(long)]
    replay: bool,
    /// Kills in the replay.
    #[arg(long, default_value_t = 12)]
    kills: u64,
    /// Fail when an aim is missed.
    #[arg(long)]
    strict: bool,
    /// Thresholds to judge with instead of `data/models.toml`.
    #[arg(long)]
    parameters: Option<PathBuf>,
    /// File for the report as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let models = models(&arguments.models)?;
    let noise = NoiseRates::truth();
    let noise = if arguments.noise == 1 { noise } else { noise.doubled_noise() };
    let world = World::new(&Settings {
        seed: arguments.seed,
        day: CivilDay::parse(&arguments.date).context("the date has the form 2026-11-23")?,
        days: arguments.days,
        rates: Rates { scale: arguments.scale, offences: arguments.offences, ..Rates::default() },
        noise,
    });
    let mut shipped = Shipped::read()?;
    if let Some(path) = &arguments.parameters {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?;
        shipped.judging.models = toml::from_str(&text)?;
        shipped.judging.check()?;
    }
    let mut recorder = if arguments.replay { Some(Recorder::new()?) } else { None };
    let (first, _) = world.month();
    let month = month::run(
        &world,
        &shipped,
        !arguments.no_verdicts,
        recorder.as_mut(),
        |day, figures, engine| {
            let stats = engine.stats();
            eprintln!(
                "day {}: {} entries, {:.0} s, {:.0} entries/s judged, {} MB at most, {} vehicles, {} passages held",
                day.ms_since(first) / DAY_MS,
                figures.entries,
                figures.total_s,
                figures.entries_per_s(),
                figures.memory_peak_mb,
                stats.vehicles,
                stats.passages_held
            );
        },
    )?;
    let score = Score::of(&month.warnings, &month.truths, world.month(), &models);
    let cases = explain::cases(&world, &month.truths, &month.warnings, &score, arguments.misses);
    let title = format!("{} days, seed {}, noise {}", arguments.days, arguments.seed, arguments.noise);
    let report = Report::new(title, &score, &month.truths, cases, month.figures);
    print!("{report}");
    if let Some(path) = &arguments.json {
        std::fs::write(path, serde_json::to_vec_pretty(&report)?)
            .with_context(|| format!("could not write {}", path.display()))?;
    }
    let mut is_same = true;
    if let Some(recorder) = recorder {
        let mut record = recorder.finish()?;
        println!("\nstanding after the run     {:032x}", month.warnings.digest());
        for (kills, name) in [(0, "after a replay         "), (arguments.kills, "after a run with kills ")] {
            let digest = record.replay(&shipped.judging, kills)?.digest();
            let is_equal = digest == month.warnings.digest();
            is_same &= is_equal;
            println!("standing {name}   {digest:032x} {}", if is_equal { "the same" } else { "DIFFERENT" });
        }
    }
    let is_good = is_same && (!arguments.strict || report.missed_aims.is_empty());
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn models(keys: &[String]) -> anyhow::Result<Vec<ModelId>> {
    if keys.is_empty() {
        return Ok(ModelId::ALL.to_vec());
    }
    keys.iter().map(|key| ModelId::parse(key).with_context(|| format!("there is no model {key}"))).collect()
}
