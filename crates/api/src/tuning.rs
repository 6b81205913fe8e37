//! Tuning (参数调整): a model with its parameters, what was changed of them by place, time and vehicle class, and why.

use crate::access::Signed;
use crate::app::App;
use crate::model::{ModelView, model_view};
use crate::problem::{Problem, RequestLanguage};
use crate::wire::{instant, new_id};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::{CheckpointId, KeyClass, Level, ModelId, Scope, Theatre, TunedValue, Tuning, TuningId};
use judgement::ParameterError;
use records::{TuningError, TuningRecord};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// Most tunings that hold at a time, of all models; judgement heeds no more with a scope.
const TUNINGS_MAX: usize = 64;
/// Most checkpoints in a scope.
const CHECKPOINTS_MAX: usize = 500;
/// Most words in a value.
const WORDS_MAX: usize = 100;

/// A model with what was changed of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelFileView {
    #[serde(flatten)]
    model: ModelView,
    /// What holds now, by identity; of several that hold at a place, the later ones come on top.
    tunings: Vec<TuningView>,
    /// All versions, newest first.
    history: Vec<TuningView>,
}

/// A version of a tuning.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TuningView {
    id: String,
    /// To be sent back when changing or removing.
    version: u16,
    scope: ScopeBody,
    /// `false` switches the model off here.
    is_enabled: bool,
    level: Option<&'static str>,
    /// Number, flag or words by name of the parameter.
    #[schema(value_type = Object)]
    values: BTreeMap<String, Value>,
    author: String,
    at: String,
    reason: String,
    /// Whether the tuning was removed with this version.
    is_removed: bool,
}

/// By place, time and vehicle class; what is empty restricts nothing.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct ScopeBody {
    checkpoints: Vec<String>,
    /// `expressway`, `national_provincial`, `urban`, `rural`.
    theatres: Vec<String>,
    /// Hours of the Beijing day, from and to (exclusive); over midnight when the first is greater.
    hours: Option<[u8; 2]>,
    key_classes: Vec<String>,
}

/// What a tuning says.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct TuningInput {
    #[serde(default)]
    scope: ScopeBody,
    is_enabled: bool,
    level: Option<String>,
    /// Number, flag or words by name of the parameter.
    #[serde(default)]
    #[schema(value_type = Object)]
    values: BTreeMap<String, Value>,
    reason: String,
    /// Of a change: the version that was seen.
    version: Option<u16>,
}

/// Why a tuning is removed, and which version of it was seen.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct TuningRemoval {
    version: u16,
    reason: String,
}

pub(crate) fn scope_body(scope: &Scope) -> ScopeBody {
    ScopeBody {
        checkpoints: scope.checkpoints.iter().map(ToString::to_string).collect(),
        theatres: scope.theatres.iter().map(|theatre| theatre.key().to_string()).collect(),
        hours: scope.hours.map(|(from, to)| [from, to]),
        key_classes: scope.key_classes.iter().map(|class| class.key().to_string()).collect(),
    }
}

/// A tuned value as JSON.
pub(crate) fn tuned_json(value: &TunedValue) -> Value {
    match value {
        TunedValue::Flag(flag) => Value::from(*flag),
        TunedValue::Number(number) => Value::from(*number),
        TunedValue::Words(words) => words.iter().map(smol_str::SmolStr::as_str).collect(),
    }
}

pub(crate) fn tuning_view(record: &TuningRecord) -> TuningView {
    let tuning = &record.tuning;
    TuningView {
        id: tuning.id.to_string(),
        version: tuning.version,
        scope: scope_body(&tuning.scope),
        is_enabled: tuning.is_enabled,
        level: tuning.level.map(Level::key),
        values: tuning.values.iter().map(|(name, value)| (name.to_string(), tuned_json(value))).collect(),
        author: record.author.to_string(),
        at: instant(record.at),
        reason: record.reason.to_string(),
        is_removed: record.is_removed,
    }
}

/// The tunings of a history that hold at its end, by identity.
pub(crate) fn holding(history: &[TuningRecord]) -> Vec<&TuningRecord> {
    let mut newest: BTreeMap<&TuningId, &TuningRecord> = BTreeMap::new();
    for record in history {
        let known = newest.entry(&record.tuning.id).or_insert(record);
        if record.tuning.version > known.tuning.version {
            *known = record;
        }
    }
    newest.into_values().filter(|record| !record.is_removed).collect()
}

fn scope_of(body: &ScopeBody) -> Result<Scope, Problem> {
    let wrong = |chinese: &str, english: &str| Problem::invalid(chinese, english);
    if body.checkpoints.len() > CHECKPOINTS_MAX {
        return Err(wrong("卡口最多 500 个。", "At most 500 checkpoints."));
    }
    let hours = match body.hours {
        None => None,
        Some([from, to]) if from < 24 && to <= 24 && from != to => Some((from, to)),
        Some(_) => {
            return Err(wrong(
                "时段须为 0 至 24 的两个不同整点。",
                "Hours are two different ones of 0 to 24.",
            ));
        }
    };
    let theatre = |key: &String| Theatre::parse(key).ok_or_else(|| wrong("战场有误。", "Unknown theatre."));
    let class = |key: &String| {
        KeyClass::parse(key).ok_or_else(|| wrong("重点车辆类别有误。", "Unknown class of vehicle."))
    };
    Ok(Scope {
        checkpoints: body.checkpoints.iter().map(|id| CheckpointId::from(id.trim())).collect(),
        theatres: body.theatres.iter().map(theatre).collect::<Result<_, _>>()?,
        hours,
        key_classes: body.key_classes.iter().map(class).collect::<Result<_, _>>()?,
    })
}

fn value_of(name: &str, value: &Value) -> Result<TunedValue, Problem> {
    let wrong = || {
        Problem::invalid(
            format!("参数 {name} 的值须为整数、开关或词语列表。"),
            format!("The value of {name} is a whole number, a flag or a list of words."),
        )
    };
    match value {
        Value::Bool(flag) => Ok(TunedValue::Flag(*flag)),
        Value::Number(number) => number.as_i64().map(TunedValue::Number).ok_or_else(wrong),
        Value::Array(words) if words.len() <= WORDS_MAX => {
            let words = words.iter().map(|word| word.as_str().map(Into::into).ok_or_else(wrong));
            Ok(TunedValue::Words(words.collect::<Result<_, _>>()?))
        }
        _ => Err(wrong()),
    }
}

pub(crate) fn tuning_of(
    app: &App,
    model: ModelId,
    id: TuningId,
    version: u16,
    input: &TuningInput,
) -> Result<Tuning, Problem> {
    let level = match input.level.as_deref().filter(|word| !word.is_empty()) {
        None => None,
        Some(word) => {
            Some(Level::parse(word).ok_or_else(|| Problem::invalid("级别有误。", "Unknown level."))?)
        }
    };
    let values = input.values.iter().map(|(name, value)| Ok((name.as_str().into(), value_of(name, value)?)));
    let tuning = Tuning {
        id,
        version,
        model,
        scope: scope_of(&input.scope)?,
        is_enabled: input.is_enabled,
        level,
        values: values.collect::<Result<_, Problem>>()?,
    };
    app.parameters.check_tuning(&tuning).map_err(|error| refused(&error))?;
    Ok(tuning)
}

fn refused(error: &ParameterError) -> Problem {
    let chinese = match error {
        ParameterError::Range { name, value, min, max } => {
            format!("参数 {name} 的值 {value} 超出允许范围（{min} 至 {max}）。")
        }
        ParameterError::Unknown { name, .. } => format!("该模型没有参数 {name}。"),
        ParameterError::Type { name, .. } => {
            format!("参数 {name} 的值类型不符，或该参数只能在参数文件中修改。")
        }
        ParameterError::NoFixedLevel(_) => "该模型每条预警各有级别，不能统一调整级别。".to_string(),
        ParameterError::AlarmKind(word) => format!("没有名为 {word} 的报警种类。"),
        _ => "调整后的参数不能使用，请核对各项取值。".to_string(),
    };
    Problem::invalid(chinese, format!("{error}."))
}

fn reason_of(reason: &str) -> Result<&str, Problem> {
    let reason = reason.trim();
    if reason.is_empty() {
        Err(Problem::invalid("须填写调整原因。", "A reason is needed."))
    } else {
        Ok(reason)
    }
}

fn model_of(id: &str) -> Result<ModelId, Problem> {
    ModelId::parse(id).ok_or_else(|| Problem::not_found("没有这个预警模型。", "There is no such model."))
}

fn no_such() -> Problem {
    Problem::not_found("没有这项调整。", "There is no such tuning.")
}

fn stored(error: TuningError) -> Problem {
    match error {
        TuningError::NotFound => no_such(),
        TuningError::Changed { by, .. } => Problem::conflict(
            format!("{by} 刚刚修改了该项调整，请查看最新内容后再操作。"),
            format!("{by} changed it just now. Look at it again."),
        ),
        TuningError::Store(error) => error.into(),
    }
}

/// One model: explanation, parameters, tunings and their history.
#[utoipa::path(get, path = "/models/{id}", tag = "models", params(("id" = String, Path)),
    responses((status = 200, body = ModelFileView), (status = 404)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    _: Signed,
    RequestLanguage(language): RequestLanguage,
    Path(id): Path<String>,
) -> Result<Json<ModelFileView>, Problem> {
    let id = model_of(&id)?;
    let described = app.models.iter().find(|model| model.id == id);
    let described =
        described.ok_or_else(|| Problem::not_found("没有这个预警模型。", "There is no such model."))?;
    let history = app.records.tuning_history(id).await?;
    Ok(Json(ModelFileView {
        model: model_view(described, language),
        tunings: holding(&history).into_iter().map(tuning_view).collect(),
        history: history.iter().map(tuning_view).collect(),
    }))
}

/// Tunes a model.
#[utoipa::path(post, path = "/models/{id}/tunings", tag = "models", params(("id" = String, Path)),
    request_body = TuningInput, responses((status = 200, body = TuningView), (status = 404), (status = 422)))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(model): Path<String>,
    Json(input): Json<TuningInput>,
) -> Result<Json<TuningView>, Problem> {
    let now = app.clock.now();
    let model = model_of(&model)?;
    let reason = reason_of(&input.reason)?;
    if app.records.all_tunings().await?.len() >= TUNINGS_MAX {
        return Err(Problem::invalid(
            "同时生效的调整最多 64 项，请先撤销不再需要的调整。",
            "At most 64 tunings hold at a time. Remove one that is not needed.",
        ));
    }
    let id = TuningId::from(new_id(model.key(), &by.user.username, now).as_str());
    let tuning = tuning_of(&app, model, id, 1, &input)?;
    let author = by.user.username.clone();
    let record = TuningRecord { tuning, is_removed: false, author, at: now, reason: reason.into() };
    app.records.add_tuning(&record).await?;
    app.changed.notify_one();
    by.audit(&app, "tuning.create", record.tuning.id.as_str(), &format!("{}: {reason}", model.key())).await?;
    Ok(Json(tuning_view(&record)))
}

/// Tunes otherwise: the next version of a tuning.
#[utoipa::path(put, path = "/models/{id}/tunings/{tuning}", tag = "models",
    params(("id" = String, Path), ("tuning" = String, Path)), request_body = TuningInput,
    responses((status = 200, body = TuningView), (status = 404), (status = 409), (status = 422)))]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    by: Signed,
    Path((model, id)): Path<(String, String)>,
    Json(input): Json<TuningInput>,
) -> Result<Json<TuningView>, Problem> {
    let model = model_of(&model)?;
    let reason = reason_of(&input.reason)?;
    let seen = input
        .version
        .ok_or_else(|| Problem::invalid("须提交所见的版本号。", "The version that was seen is needed."))?;
    let tuning = tuning_of(&app, model, TuningId::from(id.as_str()), seen.saturating_add(1), &input)?;
    let author = by.user.username.clone();
    let record =
        TuningRecord { tuning, is_removed: false, author, at: app.clock.now(), reason: reason.into() };
    app.records.change_tuning(&record).await.map_err(stored)?;
    app.changed.notify_one();
    by.audit(&app, "tuning.change", &id, &format!("{}: {reason}", model.key())).await?;
    Ok(Json(tuning_view(&record)))
}

/// Undoes a tuning: the model is there as its file says again.
#[utoipa::path(delete, path = "/models/{id}/tunings/{tuning}", tag = "models",
    params(("id" = String, Path), ("tuning" = String, Path)), request_body = TuningRemoval,
    responses((status = 204), (status = 404), (status = 409), (status = 422)))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    by: Signed,
    Path((model, id)): Path<(String, String)>,
    Json(input): Json<TuningRemoval>,
) -> Result<StatusCode, Problem> {
    let model = model_of(&model)?;
    let reason = reason_of(&input.reason)?;
    let history = app.records.tuning_history(model).await?;
    let seen = holding(&history).into_iter().find(|record| record.tuning.id.as_str() == id);
    let mut record = seen.cloned().ok_or_else(no_such)?;
    record.tuning.version = input.version.saturating_add(1);
    record.is_removed = true;
    record.author = by.user.username.clone();
    record.at = app.clock.now();
    record.reason = reason.into();
    app.records.change_tuning(&record).await.map_err(stored)?;
    app.changed.notify_one();
    by.audit(&app, "tuning.remove", &id, &format!("{}: {reason}", model.key())).await?;
    Ok(StatusCode::NO_CONTENT)
}
