//! Yields (效能) of models and rules: what became of their warnings.

use crate::access::Signed;
use crate::app::App;
use crate::problem::{Problem, RequestLanguage};
use crate::wire::List;
use crate::words;
use axum::Json;
use axum::extract::{Query, State};
use domain::{CivilDay, ModelId, RuleId, Verdict};
use records::{WarningState, YieldCount};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Days counted when the client names none.
const DAYS_DEFAULT: i32 = 30;
/// Most days in one answer.
const DAYS_MAX: i32 = 366;

/// What became of warnings.
///
/// `yield` is (`confirmed` + `cloned`) ÷ (`confirmed` + `cloned` + `misread` + `wrong_data` + `unfounded`): the share of
/// true ones among those with a verdict. `stale` and `exempt` count on neither side, because they say nothing of whether
/// the model was right; warnings without a verdict do not count. Absent while there is none that counts.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct YieldNumbers {
    /// Warnings that stand: unsigned or signed.
    raised: u64,
    /// Taken back by judgement.
    withdrawn: u64,
    /// Of those that stand, the signed ones.
    signed: u64,
    /// Of the signed ones, those with a verdict.
    judged: u64,
    /// Those by verdict: `confirmed`, `misread`, `cloned`, `stale`, `exempt`, `wrong_data`, `unfounded`.
    verdicts: BTreeMap<&'static str, u64>,
    /// From 0 to 1.
    #[serde(rename = "yield")]
    share: Option<f64>,
}

impl YieldNumbers {
    fn add(&mut self, count: &YieldCount) {
        if count.state == WarningState::Withdrawn {
            self.withdrawn += count.count;
            return;
        }
        self.raised += count.count;
        if count.state.is_acted_on() {
            self.signed += count.count;
        }
        if let Some(verdict) = count.verdict {
            self.judged += count.count;
            *self.verdicts.entry(verdict.key()).or_default() += count.count;
        }
        let of = |wanted: fn(Verdict) -> bool| {
            let verdicts = Verdict::ALL.into_iter().filter(|verdict| wanted(*verdict));
            verdicts.filter_map(|verdict| self.verdicts.get(verdict.key())).sum::<u64>()
        };
        let counted = of(|verdict| !matches!(verdict, Verdict::Stale | Verdict::Exempt));
        self.share = (counted > 0).then(|| of(Verdict::is_true) as f64 / counted as f64);
    }
}

/// What became of the warnings of a model or a rule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelYield {
    /// The model's word.
    model: &'static str,
    /// The rule, for each rule of the model `rule`.
    rule_id: Option<String>,
    /// The model's name, or the rule's.
    name: String,
    #[serde(flatten)]
    numbers: YieldNumbers,
    /// The same by version of the model, oldest first.
    versions: Vec<VersionYield>,
    /// The same by Beijing day on which they occurred; days without any are left out.
    days: Vec<DayYield>,
}

#[derive(Debug, Serialize, ToSchema)]
struct VersionYield {
    version: u16,
    #[serde(flatten)]
    numbers: YieldNumbers,
}

#[derive(Debug, Serialize, ToSchema)]
struct DayYield {
    /// `2026-11-23`
    day: String,
    #[serde(flatten)]
    numbers: YieldNumbers,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct YieldQuery {
    /// First Beijing day, `2026-11-23`; 30 days ago when left out.
    since: Option<String>,
    /// The Beijing day after the last one; tomorrow when left out.
    until: Option<String>,
}

#[derive(Default)]
struct Sums {
    all: YieldNumbers,
    versions: BTreeMap<u16, YieldNumbers>,
    days: BTreeMap<CivilDay, YieldNumbers>,
}

/// The yield of each rule from the beginning of the window that a page shows.
pub(crate) async fn rule_yields(app: &App) -> Result<BTreeMap<RuleId, YieldNumbers>, Problem> {
    let tomorrow = CivilDay(app.clock.now().beijing_day().0 + 1);
    let mut sums: BTreeMap<RuleId, YieldNumbers> = BTreeMap::new();
    for count in app.records.yield_counts(CivilDay(tomorrow.0 - DAYS_DEFAULT), tomorrow).await? {
        if let Some(rule) = &count.rule {
            sums.entry(rule.clone()).or_default().add(&count);
        }
    }
    Ok(sums)
}

/// Yields of all models, and of each rule.
#[utoipa::path(get, path = "/models/yield", tag = "models", params(YieldQuery),
    responses((status = 200, body = List<ModelYield>), (status = 422)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _: Signed,
    RequestLanguage(language): RequestLanguage,
    Query(query): Query<YieldQuery>,
) -> Result<Json<List<ModelYield>>, Problem> {
    let day = |text: Option<String>, otherwise: CivilDay| match text.filter(|text| !text.is_empty()) {
        None => Ok(otherwise),
        Some(text) => CivilDay::parse(&text)
            .ok_or_else(|| Problem::invalid("日期须写作 2026-11-23。", "Days are written 2026-11-23.")),
    };
    let until = day(query.until, CivilDay(app.clock.now().beijing_day().0 + 1))?;
    let since = day(query.since, CivilDay(until.0 - DAYS_DEFAULT))?;
    if until.0.saturating_sub(since.0) > DAYS_MAX {
        return Err(Problem::invalid("统计期间不得超过一年。", "At most a year can be counted."));
    }
    let mut sums: BTreeMap<(ModelId, Option<RuleId>), Sums> = BTreeMap::new();
    for count in app.records.yield_counts(since, until).await? {
        // A rule counts by itself and in the model of all rules.
        let of_model = (count.model, None);
        let of_rule = count.rule.clone().map(|rule| (count.model, Some(rule)));
        for key in [Some(of_model), of_rule].into_iter().flatten() {
            let sums = sums.entry(key).or_default();
            sums.all.add(&count);
            sums.versions.entry(count.model_version).or_default().add(&count);
            sums.days.entry(count.day).or_default().add(&count);
        }
    }
    let rules: BTreeMap<RuleId, String> = app
        .records
        .all_rules()
        .await?
        .into_iter()
        .filter_map(|rule| Some((rule.id.clone(), rule.shown()?.rule.name.to_string())))
        .collect();
    let mut items = Vec::new();
    for model in ModelId::ALL {
        let name = words::model_name(model, language).to_string();
        items.push(view(model, None, name, sums.remove(&(model, None)).unwrap_or_default()));
    }
    for ((model, rule), sums) in sums {
        let name = rule.as_ref().and_then(|rule| rules.get(rule)).cloned().unwrap_or_default();
        items.push(view(model, rule.map(|rule| rule.to_string()), name, sums));
    }
    Ok(Json(List { total: items.len() as u64, items }))
}

fn view(model: ModelId, rule_id: Option<String>, name: String, sums: Sums) -> ModelYield {
    let versions = sums.versions.into_iter().map(|(version, numbers)| VersionYield { version, numbers });
    let days = sums.days.into_iter().map(|(day, numbers)| DayYield { day: day.to_string(), numbers });
    ModelYield {
        model: model.key(),
        rule_id,
        name,
        numbers: sums.all,
        versions: versions.collect(),
        days: days.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_yield_counts_what_says_whether_the_model_was_right() {
        let mut numbers = YieldNumbers::default();
        let mut add = |state, verdict, count| {
            numbers.add(&YieldCount {
                day: CivilDay(0),
                model: ModelId::ClonePlate,
                model_version: 1,
                rule: None,
                state,
                verdict,
                count,
            });
        };
        add(WarningState::Raised, None, 7);
        add(WarningState::Withdrawn, None, 5);
        for (verdict, count) in [
            (Verdict::Confirmed, 5),
            (Verdict::Cloned, 1),
            (Verdict::Misread, 1),
            (Verdict::Unfounded, 1),
            (Verdict::Stale, 9),
            (Verdict::Exempt, 9),
        ] {
            add(WarningState::Signed, Some(verdict), count);
        }
        assert_eq!((numbers.raised, numbers.withdrawn, numbers.signed, numbers.judged), (33, 5, 26, 26));
        assert_eq!(numbers.share, Some(0.75));
    }
}
