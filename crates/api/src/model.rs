//! The models (预警模型), explained.

use crate::access::Signed;
use crate::app::App;
use crate::problem::RequestLanguage;
use crate::wire::{Language, List};
use axum::Json;
use axum::extract::State;
use judgement::{ModelDescription, ParameterDescription};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use utoipa::ToSchema;

/// A model and the parameters it runs with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelView {
    id: &'static str,
    version: u16,
    name: String,
    /// What it finds and what it leaves out, in the language of the request.
    explanation: String,
    /// Absent where each warning has its own.
    level: Option<&'static str>,
    /// So long after it happened a warning can be acted on.
    actionable_seconds: i64,
    parameters: Vec<ParameterView>,
}

/// A parameter of a model.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ParameterView {
    name: &'static str,
    /// Number, flag, words or steps.
    #[schema(value_type = Object)]
    pub(crate) value: Value,
    /// Least and greatest value, for numbers.
    range: Option<[i64; 2]>,
    unit: String,
    /// Law, standard or observation it comes from.
    source: String,
    explanation: String,
}

/// All models.
#[utoipa::path(get, path = "/models", tag = "models", responses((status = 200, body = List<ModelView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _: Signed,
    RequestLanguage(language): RequestLanguage,
) -> Json<List<ModelView>> {
    let items: Vec<_> = app.models.iter().map(|model| model_view(model, language)).collect();
    Json(List { total: items.len() as u64, items })
}

/// A model, for people.
pub(crate) fn model_view(model: &ModelDescription, language: Language) -> ModelView {
    let parameters = model.parameters.iter().map(|parameter| parameter_view(parameter, language));
    ModelView {
        id: model.id.key(),
        version: model.version,
        name: language.pick(&model.name_zh, &model.name_en).clone(),
        explanation: language.pick(&model.explanation_zh, &model.explanation_en).clone(),
        level: model.level.map(domain::Level::key),
        actionable_seconds: model.actionable_seconds,
        parameters: parameters.collect(),
    }
}

/// A parameter, for people.
pub(crate) fn parameter_view(parameter: &ParameterDescription, language: Language) -> ParameterView {
    ParameterView {
        name: parameter.name,
        value: serde_json::to_value(&parameter.value).unwrap_or(Value::Null),
        range: parameter.range.map(|(min, max)| [min, max]),
        unit: parameter.unit.clone(),
        source: parameter.source.clone(),
        explanation: language.pick(&parameter.explanation_zh, &parameter.explanation_en).clone(),
    }
}
