//! Back-tests (回测): what a rule or a tuned model would have raised in a period of the past, compared with what was raised
//! and with what officers said of it.
//!
//! `work.rs` reads the past and judges it, `compare.rs` compares, this file has the routes.

mod compare;
mod work;

pub use work::{Past, Ran};

use crate::access::Signed;
use crate::app::App;
use crate::job::{self, JobError, JobView};
use crate::problem::Problem;
use crate::rule::RuleInput;
use crate::tuning::{TuningInput, scope_body, tuned_json, tuning_of};
use crate::wire::{List, Paging, instant, parse_instant};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use domain::time::DAY_MS;
use domain::{ModelId, Rule, RuleId, Timestamp, Tuning, TuningId};
use judgement::back_test::Tested;
use records::{BackTestFilter, BackTestRecord, FoundOutcome, FoundWarning, NewBackTest, Window};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Longest period, in days.
const DAYS_MAX: i64 = 366;

/// What to try, on which period. Exactly one of `rule`, `draft` and `model` is given.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct BackTestInput {
    /// A rule that is written down.
    rule: Option<String>,
    /// Which version of it; without one its draft, and without a draft the one in force.
    rule_version: Option<u16>,
    /// A rule as it is typed.
    draft: Option<RuleInput>,
    /// A built-in model.
    model: Option<String>,
    /// How the model is tuned for the test, for the whole period; without it, as it was then.
    tuning: Option<TuningInput>,
    /// Warnings that occurred from here on (RFC 3339).
    from: String,
    /// Warnings that occurred before.
    until: String,
}

/// Figures of a back-test.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub(crate) struct BackTestSummary {
    /// Warnings that stand at the end of the test.
    pub(crate) found: u64,
    /// Vehicles or devices that they are about.
    pub(crate) subjects: u64,
    /// Raised and taken back.
    pub(crate) withdrawn: u64,
    /// Warnings that stand among those that were raised in the period.
    pub(crate) live: u64,
    /// Found, and raised then.
    pub(crate) both: u64,
    /// Found only now.
    pub(crate) new: u64,
    /// Raised then and not found now.
    pub(crate) missing: u64,
    /// Observations that were judged, the run-in included.
    pub(crate) observations: u64,
    /// How long judging took, in ms.
    pub(crate) took_ms: u64,
    /// Whether there were more warnings than are kept; then the rest of the period was not judged.
    pub(crate) is_cut_off: bool,
    /// Segments of the history in which rows could not be read, so that they were not judged: by path, as the storage page
    /// names them.
    pub(crate) damaged_segments: Vec<String>,
    /// From when on the history has observations; later than the run-in's beginning, the first days know less than was known.
    pub(crate) complete_from: Option<String>,
    /// By day of Beijing.
    pub(crate) days: Vec<BackTestDay>,
    /// Found, by hour of the day of Beijing: 24 numbers.
    pub(crate) hours: Vec<u64>,
    /// Found, by checkpoint, most first.
    pub(crate) checkpoints: Vec<BackTestCount>,
    /// Found, by plate, most first.
    pub(crate) vehicles: Vec<BackTestCount>,
    /// By level.
    pub(crate) levels: BTreeMap<String, u64>,
    /// Of the warnings with a verdict: how many there are, and how many of them the test finds.
    pub(crate) verdicts: Vec<BackTestVerdict>,
}

/// One day of a back-test.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub(crate) struct BackTestDay {
    pub(crate) day: String,
    /// Found by the test.
    pub(crate) found: u64,
    /// Raised then.
    pub(crate) live: u64,
}

/// How many of one kind.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct BackTestCount {
    /// A checkpoint's identity, or a plate.
    pub(crate) key: String,
    pub(crate) count: u64,
}

/// What became of warnings with a verdict.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct BackTestVerdict {
    /// `confirmed`, `misread`, …
    pub(crate) verdict: String,
    /// Warnings that officers said this of.
    pub(crate) live: u64,
    /// Of these, found by the test.
    pub(crate) found: u64,
}

/// A back-test that is over.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BackTestView {
    id: i64,
    model: &'static str,
    rule: Option<String>,
    rule_version: Option<u16>,
    /// What was tried: the rule's text, or the tuning.
    tested: Value,
    from: String,
    until: String,
    created_by: String,
    created_at: String,
    summary: BackTestSummary,
}

/// A warning that a back-test found or missed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BackTestWarningView {
    /// Of a warning that was raised, its identity.
    warning_id: String,
    /// `both`, `new`, `missing`.
    outcome: &'static str,
    verdict: Option<&'static str>,
    plate: Option<String>,
    plate_class: Option<String>,
    plate_color: Option<&'static str>,
    /// As it was read.
    plate_text: String,
    device_id: Option<String>,
    checkpoint_id: Option<String>,
    level: &'static str,
    occurred_at: String,
    is_historical: bool,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct BackTestQuery {
    model: Option<String>,
    rule: Option<String>,
    limit: Option<u64>,
    offset: Option<u64>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct BackTestWarningQuery {
    /// `both`, `new`, `missing`.
    outcome: Option<String>,
    limit: Option<u64>,
    offset: Option<u64>,
}

/// What is asked for, understood.
struct Asked {
    tested: Tested,
    rule: Option<(RuleId, u16)>,
    period: Range<Timestamp>,
    /// For people: the rule's name, the model's word.
    title: String,
    parameters: Value,
}

fn no_such() -> Problem {
    Problem::not_found("没有这次回测。", "There is no such back-test.")
}

fn period_of(input: &BackTestInput, now: Timestamp) -> Result<Range<Timestamp>, Problem> {
    let wrong = || {
        Problem::invalid(
            "回测时段有误：起止时间须为过去的时间，起在止前，最长 366 天。",
            "The period is not right: it lies in the past, begins before it ends, and has 366 days at most.",
        )
    };
    let from = parse_instant(&input.from).ok_or_else(wrong)?;
    let until = parse_instant(&input.until).ok_or_else(wrong)?;
    let is_right = from < until && from < now && until.ms_since(from) <= DAYS_MAX * DAY_MS;
    if is_right { Ok(from..until) } else { Err(wrong()) }
}

async fn asked(app: &App, input: BackTestInput) -> Result<Asked, Problem> {
    let period = period_of(&input, app.clock.now())?;
    let of = json!({ "from": instant(period.start), "until": instant(period.end) });
    match (input.rule, input.draft, input.model) {
        (Some(id), None, None) => {
            let id = RuleId::from(id.as_str());
            let record = app.records.rule(&id).await?.ok_or_else(crate::rule::no_such)?;
            let version = match input.rule_version {
                Some(number) => record.versions.iter().find(|version| version.rule.version == number),
                None => record.draft().or_else(|| record.shown()),
            };
            let rule = version.ok_or_else(crate::rule::no_such)?.rule.clone();
            rule_asked(rule, Some(id), period, &of)
        }
        (None, Some(draft), None) => {
            let draft = crate::rule::draft_of(&draft)?;
            let rule = Rule {
                id: RuleId::from("back-test"),
                version: 1,
                name: draft.name,
                condition: draft.condition,
                level: draft.level,
                once_per_minutes: draft.once_per_minutes,
                actionable_seconds: draft.actionable_seconds,
            };
            rule_asked(rule, None, period, &of)
        }
        (None, None, Some(key)) => {
            let model = ModelId::parse(&key)
                .filter(|model| *model != ModelId::Rule)
                .ok_or_else(|| Problem::not_found("没有这个预警模型。", "There is no such model."))?;
            let tuning = match &input.tuning {
                None => None,
                Some(input) => Some(tuning_of(app, model, TuningId::from("back-test"), 1, input)?),
            };
            let tested = json!({ "tuning": tuning.as_ref().map(tuning_json) });
            Ok(Asked {
                tested: Tested::Model { model, tunings: tuning.map(|tuning| vec![tuning]) },
                rule: None,
                period,
                title: key.clone(),
                parameters: json!({ "model": key, "tested": tested, "of": of }),
            })
        }
        _ => Err(Problem::invalid(
            "须且只须指定一条规则、一份规则草稿或一个模型。",
            "Name one rule, one draft of a rule, or one model.",
        )),
    }
}

/// A tuning as the page writes one.
fn tuning_json(tuning: &Tuning) -> Value {
    let values: serde_json::Map<String, Value> =
        tuning.values.iter().map(|(name, value)| (name.to_string(), tuned_json(value))).collect();
    json!({ "scope": scope_body(&tuning.scope), "is_enabled": tuning.is_enabled,
            "level": tuning.level.map(domain::Level::key), "values": values })
}

fn rule_asked(
    rule: Rule,
    id: Option<RuleId>,
    period: Range<Timestamp>,
    of: &Value,
) -> Result<Asked, Problem> {
    crate::rule::checked(&rule.condition)?;
    let tested = json!({ "name": rule.name, "condition": rule.condition, "level": rule.level.key(),
        "once_per_minutes": rule.once_per_minutes, "actionable_seconds": rule.actionable_seconds });
    Ok(Asked {
        title: rule.name.to_string(),
        parameters: json!({ "model": "rule", "rule": id.as_ref().map(RuleId::as_str),
            "rule_version": rule.version, "tested": tested, "of": of }),
        rule: id.map(|id| (id, rule.version)),
        tested: Tested::Rule(rule),
        period,
    })
}

/// Begins a back-test, as a job (`back_test`). Its result names the stored back-test.
#[utoipa::path(post, path = "/back-tests", tag = "back-tests", request_body = BackTestInput,
    responses((status = 200, body = JobView), (status = 404), (status = 422)))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    by: Signed,
    Json(input): Json<BackTestInput>,
) -> Result<Json<JobView>, Problem> {
    let asked = asked(&app, input).await?;
    let (title, parameters) = (asked.title.clone(), asked.parameters.clone());
    let (shared, author) = (app.clone(), by.user.username.clone());
    let view = job::start(&app, &by, "back_test", title, &parameters, |run| async move {
        let app = shared;
        let model = asked.tested.model();
        let ran = work::run(app.clone(), asked.tested, asked.period.clone(), run).await?;
        let live = compare::live(&app, model, asked.rule.as_ref().map(|(id, _)| id), &asked.period).await?;
        let (found, summary) = compare::compare(&ran, &live, &asked.period);
        let test = NewBackTest {
            model,
            rule: asked.rule,
            tested: asked.parameters["tested"].to_string(),
            from: asked.period.start,
            until: asked.period.end,
            summary: serde_json::to_string(&summary).map_err(|e| JobError::internal("write figures", &e))?,
            created_by: author,
            created_at: app.clock.now(),
        };
        let id = app.records.add_back_test(&test, &found).await?;
        Ok(json!({ "back_test": id, "found": summary.found, "both": summary.both, "new": summary.new,
                   "missing": summary.missing }))
    });
    Ok(Json(view.await?))
}

fn view(record: &BackTestRecord) -> BackTestView {
    let BackTestRecord { id, test } = record;
    BackTestView {
        id: *id,
        model: test.model.key(),
        rule: test.rule.as_ref().map(|(id, _)| id.to_string()),
        rule_version: test.rule.as_ref().map(|(_, version)| *version),
        tested: serde_json::from_str(&test.tested).unwrap_or_default(),
        from: instant(test.from),
        until: instant(test.until),
        created_by: test.created_by.to_string(),
        created_at: instant(test.created_at),
        summary: serde_json::from_str(&test.summary).unwrap_or_default(),
    }
}

/// Back-tests, newest first.
#[utoipa::path(get, path = "/back-tests", tag = "back-tests", params(BackTestQuery),
    responses((status = 200, body = List<BackTestView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _: Signed,
    Query(query): Query<BackTestQuery>,
) -> Result<Json<List<BackTestView>>, Problem> {
    let filter = BackTestFilter {
        model: query.model.as_deref().and_then(ModelId::parse),
        rule: query.rule.as_deref().filter(|id| !id.is_empty()).map(RuleId::from),
    };
    let paging = Paging { limit: query.limit, offset: query.offset, sort: None };
    let window = Window { offset: paging.offset(), limit: paging.limit() };
    let page = app.records.back_tests(&filter, window).await?;
    Ok(Json(List { items: page.items.iter().map(view).collect(), total: page.total }))
}

/// One back-test.
#[utoipa::path(get, path = "/back-tests/{id}", tag = "back-tests", params(("id" = i64, Path)),
    responses((status = 200, body = BackTestView), (status = 404)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    _: Signed,
    Path(id): Path<i64>,
) -> Result<Json<BackTestView>, Problem> {
    let record = app.records.back_test(id).await?.ok_or_else(no_such)?;
    Ok(Json(view(&record)))
}

/// What a back-test found and missed, by time.
#[utoipa::path(get, path = "/back-tests/{id}/warnings", tag = "back-tests",
    params(("id" = i64, Path), BackTestWarningQuery), responses((status = 200, body = List<BackTestWarningView>)))]
pub(crate) async fn warnings(
    State(app): State<Arc<App>>,
    _: Signed,
    Path(id): Path<i64>,
    Query(query): Query<BackTestWarningQuery>,
) -> Result<Json<List<BackTestWarningView>>, Problem> {
    let paging = Paging { limit: query.limit, offset: query.offset, sort: None };
    let window = Window { offset: paging.offset(), limit: paging.limit() };
    let outcome = query.outcome.as_deref().and_then(FoundOutcome::parse);
    let page = app.records.back_test_warnings(id, outcome, window).await?;
    Ok(Json(List { items: page.items.iter().map(warning_view).collect(), total: page.total }))
}

fn warning_view(found: &FoundWarning) -> BackTestWarningView {
    BackTestWarningView {
        warning_id: found.warning.to_string(),
        outcome: found.outcome.key(),
        verdict: found.verdict.map(domain::Verdict::key),
        plate: found.vehicle.map(|key| key.plate.to_string()),
        plate_class: found.vehicle.map(|key| key.class.to_string()),
        plate_color: found.vehicle.map(|key| key.class.color().key()),
        plate_text: found.plate_text.to_string(),
        device_id: found.device.as_ref().map(ToString::to_string),
        checkpoint_id: found.checkpoint.as_ref().map(ToString::to_string),
        level: found.level.key(),
        occurred_at: instant(found.occurred_at),
        is_historical: found.is_historical,
    }
}

/// Removes a back-test; only who made it.
#[utoipa::path(delete, path = "/back-tests/{id}", tag = "back-tests", params(("id" = i64, Path)),
    responses((status = 204), (status = 403), (status = 404)))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let record = app.records.back_test(id).await?.ok_or_else(no_such)?;
    if record.test.created_by != by.user.username {
        return Err(Problem::forbidden());
    }
    app.records.remove_back_test(id).await?;
    by.audit(&app, "back_test.remove", &id.to_string(), "").await?;
    Ok(StatusCode::NO_CONTENT)
}
