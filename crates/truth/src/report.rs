//! The result as a table for people and as JSON for programs.

use crate::cause;
use crate::explain::Case;
use crate::matching::Truths;
use crate::month::Figures;
use crate::score::{ModelScore, Score};
use serde::Serialize;
use std::fmt::{self, Write as _};

/// Everything that a run says.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Of which month.
    pub title: String,
    /// All models together.
    pub all: ModelScore,
    /// By model.
    pub models: Vec<ModelScore>,
    /// The aims that are missed.
    pub missed_aims: Vec<String>,
    /// Why warnings are false, by model.
    pub causes: Vec<String>,
    /// Misses and false hits.
    pub cases: Vec<Case>,
    /// How it went.
    pub figures: Figures,
}

impl Report {
    /// Of a run.
    pub fn new(title: String, score: &Score, truths: &Truths, cases: Vec<Case>, figures: Figures) -> Self {
        let causes = cause::count(&score.false_hits, truths);
        let causes =
            causes.into_iter().map(|((model, cause), count)| format!("{model}: {count} {}", cause.text()));
        Self {
            title,
            all: score.all.clone(),
            models: score.models.clone(),
            missed_aims: score.missed_aims(),
            causes: causes.collect(),
            cases,
            figures,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# {}\n", self.title)?;
        writeln!(
            f,
            "| model | planted | found | warnings | true | repeats | taken back | recall | precision | live precision | median delay |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|---|---|---|---|")?;
        for score in self.models.iter().chain([&self.all]) {
            writeln!(f, "{}", row(score))?;
        }
        let unseen = self.all.planted - self.all.observable;
        writeln!(f, "\nOf what was planted, {unseen} were not shown as they are by any device.")?;
        writeln!(f, "\nFalse warnings:")?;
        for line in &self.causes {
            writeln!(f, "    {line}")?;
        }
        for (is_miss, title) in [(true, "Missed"), (false, "False")] {
            for case in self.cases.iter().filter(|case| case.is_miss == is_miss) {
                writeln!(f, "\n{title}: {} · {}", case.model, case.what)?;
                for line in &case.seen {
                    writeln!(f, "    {line}")?;
                }
            }
        }
        let figures = &self.figures;
        writeln!(
            f,
            "\n{} observations of {} entries, {} learned, {} verdicts; {} raised, {} withdrawn; {:.0} entries/s judged, {:.0} s in all, {} MB at most",
            figures.observations,
            figures.entries,
            figures.learned,
            figures.verdicts,
            figures.raised,
            figures.withdrawn,
            figures.entries_per_s(),
            figures.total_s,
            figures.memory_peak_mb
        )?;
        for aim in &self.missed_aims {
            writeln!(f, "missed aim: {aim}")?;
        }
        Ok(())
    }
}

fn row(score: &ModelScore) -> String {
    let share = |share: Option<f64>| share.map_or("–".into(), |share| format!("{share:.3}"));
    let mut row = format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | ",
        score.model,
        score.planted,
        score.found,
        score.warnings,
        score.true_warnings,
        score.repeats,
        score.taken_back,
        share(score.recall()),
        share(score.precision()),
        share(score.live_precision())
    );
    match score.delay_median_s {
        Some(seconds) => write!(row, "{seconds} s |"),
        None => write!(row, "– |"),
    }
    .expect("a string takes all that is written");
    row
}
