//! Precision, recall and delay, by model and overall.

use crate::matching::{Planted, Truths};
use crate::standing::{Standing, Warnings};
use domain::time::{DAY_MS, SECOND_MS};
use domain::{ModelId, Timestamp};
use serde::Serialize;
use std::collections::BTreeSet;

/// Least share over all models, and of each model.
pub const OVERALL_MIN: f64 = 0.95;
/// See [`OVERALL_MIN`].
pub const EACH_MIN: f64 = 0.90;

/// How one model did.
#[derive(Clone, Debug, Serialize)]
pub struct ModelScore {
    /// Its key; `all` for all of them.
    pub model: &'static str,
    /// Offences planted.
    pub planted: usize,
    /// Of these, shown by what devices sent as far as the simulator can tell.
    pub observable: usize,
    /// Of all planted, those that a standing warning is about.
    pub found: usize,
    /// Warnings that stand.
    pub warnings: usize,
    /// Of these, about something that is so.
    pub true_warnings: usize,
    /// Of these, about something that another warning is about already.
    pub repeats: usize,
    /// Warnings that were raised in time to act and taken back later, refuted.
    pub taken_back: usize,
    /// From what completed a warning, by the device's clock, to the warning, in seconds.
    pub delay_median_s: Option<i64>,
    /// Planted and found, by day of the month on which the offence began: whether a model tires.
    pub by_day: Vec<(usize, usize)>,
}

impl ModelScore {
    /// Counts something that had to be found in the month that began at `begin`.
    fn ask(&mut self, planted: &Planted, is_found: bool, begin: Timestamp) {
        self.planted += 1;
        self.observable += usize::from(planted.is_observable);
        self.found += usize::from(is_found);
        let day = planted.from.ms_since(begin).max(0) / DAY_MS;
        if let Some((planted, found)) = self.by_day.get_mut(day as usize) {
            *planted += 1;
            *found += usize::from(is_found);
        }
    }

    /// Share of the planted that was found.
    pub fn recall(&self) -> Option<f64> {
        (self.planted > 0).then(|| self.found as f64 / self.planted as f64)
    }

    /// Share of the warnings that are true.
    pub fn precision(&self) -> Option<f64> {
        (self.warnings > 0).then(|| self.true_warnings as f64 / self.warnings as f64)
    }

    /// Share of the warnings that an officer saw while they could be acted on, those taken back included, that are true.
    pub fn live_precision(&self) -> Option<f64> {
        let seen = self.warnings + self.taken_back;
        (seen > 0).then(|| self.true_warnings as f64 / seen as f64)
    }

    /// Whether both shares reach `least`; shares of nothing do.
    pub fn reaches(&self, least: f64) -> bool {
        [self.recall(), self.precision()].into_iter().flatten().all(|share| share >= least)
    }
}

/// All scores, with what was missed and what was false.
#[derive(Clone, Debug)]
pub struct Score {
    /// All models together.
    pub all: ModelScore,
    /// Those of which something was planted or warned, in the order in which pages list them.
    pub models: Vec<ModelScore>,
    /// Planted and not found, as indices into [`Truths::all`].
    pub missed: Vec<usize>,
    /// Standing and false.
    pub false_hits: Vec<Standing>,
}

impl Score {
    /// Compares warnings with what was planted: of a time, and of these models.
    pub fn of(
        warnings: &Warnings,
        truths: &Truths,
        (from, to): (Timestamp, Timestamp),
        models: &[ModelId],
    ) -> Self {
        let days = (to.ms_since(from) as u64).div_ceil(DAY_MS as u64) as usize;
        let mut found: BTreeSet<usize> = BTreeSet::new();
        let mut by_model: Vec<(ModelId, ModelScore, Vec<i64>)> =
            models.iter().map(|model| (*model, empty(model.key(), days), Vec::new())).collect();
        let mut false_hits = Vec::new();
        // The first warning about a thing finds it; those after it repeat it.
        let mut ordered: Vec<&Standing> =
            warnings.iter().filter(|warning| warning.until >= from && warning.from < to).collect();
        ordered.sort_by_key(|warning| (warning.raised_at, warning.id));
        for warning in ordered {
            let Some((_, score, delays)) = by_model.iter_mut().find(|(model, ..)| *model == warning.model)
            else {
                continue;
            };
            score.warnings += 1;
            let about = truths.about(warning);
            if about.is_empty() {
                false_hits.push(warning.clone());
                continue;
            }
            score.true_warnings += 1;
            let mut is_new = false;
            for index in about {
                is_new |= found.insert(index);
            }
            if is_new {
                delays.push(warning.delay_ms);
            }
            score.repeats += usize::from(!is_new);
        }
        for (model, _) in warnings.taken_back.iter().filter(|(_, at)| (from..to).contains(at)) {
            if let Some((_, score, _)) = by_model.iter_mut().find(|(known, ..)| known == model) {
                score.taken_back += 1;
            }
        }
        let mut missed = Vec::new();
        for (index, planted) in truths.all().iter().enumerate().filter(|(_, planted)| planted.is_required) {
            let Some((_, score, _)) = by_model.iter_mut().find(|(model, ..)| *model == planted.model) else {
                continue;
            };
            let is_found = found.contains(&index);
            score.ask(planted, is_found, from);
            if !is_found {
                missed.push(index);
            }
        }
        let mut all = empty("all", days);
        let mut all_delays = Vec::new();
        let models = by_model
            .into_iter()
            .map(|(_, mut score, delays)| {
                all.planted += score.planted;
                all.observable += score.observable;
                all.found += score.found;
                all.warnings += score.warnings;
                all.true_warnings += score.true_warnings;
                all.repeats += score.repeats;
                for (all, of_model) in all.by_day.iter_mut().zip(&score.by_day) {
                    *all = (all.0 + of_model.0, all.1 + of_model.1);
                }
                all.taken_back += score.taken_back;
                all_delays.extend_from_slice(&delays);
                score.delay_median_s = median_s(delays);
                score
            })
            .filter(|score| score.planted > 0 || score.warnings > 0)
            .collect();
        all.delay_median_s = median_s(all_delays);
        Self { all, models, missed, false_hits }
    }

    /// The score of a model, where it has one.
    pub fn model(&self, model: ModelId) -> Option<&ModelScore> {
        self.models.iter().find(|score| score.model == model.key())
    }

    /// The aims that are missed, in words.
    pub fn missed_aims(&self) -> Vec<String> {
        let each = self.models.iter().filter(|score| !score.reaches(EACH_MIN)).map(|score| (score, EACH_MIN));
        let all = (!self.all.reaches(OVERALL_MIN)).then_some((&self.all, OVERALL_MIN));
        all.into_iter()
            .chain(each)
            .map(|(score, least)| format!("{} is below {least:.2}", score.model))
            .collect()
    }
}

fn empty(model: &'static str, days: usize) -> ModelScore {
    ModelScore {
        model,
        planted: 0,
        observable: 0,
        found: 0,
        warnings: 0,
        true_warnings: 0,
        repeats: 0,
        taken_back: 0,
        delay_median_s: None,
        by_day: vec![(0, 0); days],
    }
}

fn median_s(mut delays_ms: Vec<i64>) -> Option<i64> {
    delays_ms.sort_unstable();
    delays_ms.get(delays_ms.len() / 2).map(|ms| ms / SECOND_MS)
}
