//! A warning explained: the model as it is, the thresholds that held where and when it was raised, and what each piece of
//! its evidence contributes.

use crate::access::Signed;
use crate::app::App;
use crate::model::{ModelView, ParameterView, model_view, parameter_view};
use crate::problem::{Problem, RequestLanguage};
use crate::rule::{RuleVersionView, version_view};
use crate::tuning::{TuningView, holding, tuned_json, tuning_view};
use crate::warning::{EvidenceView, WarningView, evidence_view, no_such, warning_view};
use crate::wire::Language;
use crate::words::{Place, contribution};
use axum::Json;
use axum::extract::{Path, State};
use domain::{Detail, Level, Observation, Warning};
use judgement::ModelDescription;
use records::TuningRecord;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The first hour of the Beijing day by which a misread share is one of the day, and the first of the night.
const DAY_HOURS: std::ops::Range<u16> = 6..18;

/// A warning explained.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExplanationView {
    warning: WarningView,
    /// The model as it is now; `warning.model_version` says by which version it was raised.
    model: ModelView,
    /// Whether the model's version is still the one that raised it.
    is_current_version: bool,
    /// The model's parameters with the values that held for this warning.
    thresholds: Vec<ThresholdView>,
    /// The level that tunings gave its warnings there; absent when none did.
    tuned_level: Option<&'static str>,
    /// The tunings that held when it was raised, at its place and hour and for its vehicle, in the order in which they
    /// were applied.
    tunings: Vec<TuningView>,
    /// For a rule: the version that raised it.
    rule: Option<RuleVersionView>,
    /// In order of capture.
    evidence: Vec<PieceView>,
}

/// A parameter with the value that held.
#[derive(Debug, Serialize, ToSchema)]
struct ThresholdView {
    /// Its `value` is the one that held.
    #[serde(flatten)]
    parameter: ParameterView,
    /// The tuning that gave the value; absent where it is the file's.
    tuned_by: Option<String>,
}

/// A piece of evidence with what it contributes.
#[derive(Debug, Serialize, ToSchema)]
struct PieceView {
    #[serde(flatten)]
    observation: EvidenceView,
    /// What it shows, in the language of the request.
    contribution: &'static str,
    /// What is known now of the device's errors; absent when nothing was learned.
    calibration: Option<CalibrationView>,
}

/// What is known of a device's errors.
#[derive(Debug, Serialize, ToSchema)]
struct CalibrationView {
    /// How far its clock is ahead of ours: it happened at `captured_at` less this.
    clock_ahead_ms: i64,
    /// The true value lies this far around it.
    clock_uncertainty_ms: u32,
    /// Share of misread plates at that part of the day, 0 to 1.
    misread_share: Option<f64>,
}

/// Explains a warning.
#[utoipa::path(get, path = "/warnings/{id}/explanation", tag = "warnings", params(("id" = String, Path)),
    responses((status = 200, body = ExplanationView), (status = 404)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Path(id): Path<String>,
) -> Result<Json<ExplanationView>, Problem> {
    let record = crate::warning::seen(&app, &by, &id).await?;
    let warning = &record.warning;
    let model = app.models.iter().find(|model| model.id == warning.model).ok_or_else(no_such)?;
    let history = app.records.tuning_history(warning.model).await?;
    let tunings = applied(&app, warning, &history);
    let rule = match &warning.detail {
        Detail::Rule { rule, version, .. } => {
            let rule = app.records.rule(rule).await?;
            let versions = rule.iter().flat_map(|rule| &rule.versions);
            versions.filter(|known| known.rule.version == *version).map(version_view).next()
        }
        _ => None,
    };
    let now = app.clock.now();
    let names = app.names.load();
    let last = warning.evidence.len().saturating_sub(1);
    let piece = |(index, observation): (usize, &Observation)| PieceView {
        observation: evidence_view(observation, &names, language),
        contribution: contribution(warning, observation, Place::of(index, last), language),
        calibration: calibration(&app, observation),
    };
    Ok(Json(ExplanationView {
        warning: warning_view(&record, &names, now, language),
        is_current_version: model.version == warning.model_version,
        thresholds: thresholds(model, &tunings, language),
        tuned_level: tunings.iter().rev().find_map(|record| record.tuning.level).map(Level::key),
        model: model_view(model, language),
        tunings: tunings.into_iter().map(tuning_view).collect(),
        rule,
        evidence: warning.evidence.iter().enumerate().map(piece).collect(),
    }))
}

/// The tunings that held for a warning when it was raised, in the order in which judgement applies them: those for the
/// whole county first, then those with a scope, by identity.
fn applied<'a>(app: &App, warning: &Warning, history: &'a [TuningRecord]) -> Vec<&'a TuningRecord> {
    let names = app.names.load();
    let theatre = warning.checkpoint.as_ref().and_then(|id| names.checkpoints.get(id)).map(|c| c.theatre);
    let classes = app.key_classes.load();
    let key_class = warning.subject.vehicle.and_then(|key| classes.get(&key).copied());
    // The newest first, so those of later are the beginning.
    let later = history.partition_point(|record| record.at > warning.raised_at);
    let mut tunings = holding(&history[later..]);
    tunings.retain(|record| {
        record.tuning.scope.holds(warning.checkpoint.as_ref(), theatre, warning.occurred_at, key_class)
    });
    tunings.sort_by_key(|record| !record.tuning.scope.is_everywhere());
    tunings
}

fn thresholds(model: &ModelDescription, tunings: &[&TuningRecord], language: Language) -> Vec<ThresholdView> {
    let threshold = |parameter: &judgement::ParameterDescription| {
        let mut view = parameter_view(parameter, language);
        // The last one applied wins.
        let tuned = tunings.iter().rev().find_map(|record| {
            let value = record.tuning.values.iter().find(|(name, _)| name == parameter.name);
            value.map(|(_, value)| (record.tuning.id.to_string(), value))
        });
        if let Some((_, value)) = &tuned {
            view.value = tuned_json(value);
        }
        ThresholdView { parameter: view, tuned_by: tuned.map(|(id, _)| id) }
    };
    model.parameters.iter().map(threshold).collect()
}

fn calibration(app: &App, observation: &Observation) -> Option<CalibrationView> {
    let health = app.health.load();
    let known = health.devices.get(&observation.device)?;
    let clock = known.clock?;
    let captured_at = observation.captured_at.plus_ms(-clock.ahead_ms);
    let is_day = DAY_HOURS.contains(&(captured_at.beijing_minute_of_day() / 60));
    let misread = known.misread.map(|rate| if is_day { rate.day_permille } else { rate.night_permille });
    Some(CalibrationView {
        clock_ahead_ms: clock.ahead_ms,
        clock_uncertainty_ms: clock.uncertainty_ms,
        misread_share: misread.map(|permille| f64::from(permille) / 1_000.0),
    })
}
