//! Warnings (预警): the list, one with its evidence, signing (签收) and verdicts (处置结果).

mod view;

pub(crate) use view::{EvidenceView, WarningFileView, WarningView, evidence_view, warning_view};

use crate::access::Signed;
use crate::app::App;
use crate::problem::{Problem, RequestLanguage};
use crate::vehicle::vehicle_view;
use crate::wire::{List, Paging, instant, parse_instant};
use axum::Json;
use axum::extract::{Path, Query, State};
use domain::{Level, ModelId, Timestamp, Verdict, WarningId};
use records::{
    Sort, WarningAct, WarningActError, WarningDeed, WarningField, WarningFilter, WarningRecord, WarningState,
    Window,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use view::HistoryView;

/// Other warnings of the same vehicle shown with one.
const RELATED_MAX: u64 = 10;

/// Warnings signed with one request at most.
const SIGNED_AT_ONCE_MAX: usize = 200;

/// Which version was seen when signing.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SignInput {
    version: u32,
}

/// What a warning was worth, and which version of it was seen.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct VerdictInput {
    version: u32,
    /// `confirmed`, `misread`, `cloned`, `stale`, `exempt`, `wrong_data`, `unfounded`.
    verdict: String,
    note: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct WarningQuery {
    state: Option<String>,
    model: Option<String>,
    level: Option<String>,
    actionable: Option<bool>,
    historical: Option<bool>,
    /// Occurred then or later, RFC 3339.
    since: Option<String>,
    /// Occurred before.
    until: Option<String>,
    checkpoint: Option<String>,
    /// With this verdict; `none` for those without any.
    verdict: Option<String>,
    /// Of this rule.
    rule: Option<String>,
    /// With a step that is past its time.
    late: Option<bool>,
    /// Hidden ones, or those shown by themselves; both when left out.
    hidden: Option<bool>,
    /// Members of the group that begins with this warning.
    group: Option<String>,
    /// Only the first of each group.
    heads: Option<bool>,
    /// Part of the plate.
    q: Option<String>,
    sort: Option<String>,
    limit: Option<u64>,
    offset: Option<u64>,
}

fn filter_of(query: &WarningQuery, now: Timestamp) -> Result<WarningFilter, Problem> {
    let unknown = |field: &str| {
        Problem::invalid(format!("筛选条件 {field} 有误。"), format!("The filter {field} is unknown."))
    };
    let word = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let time = |text: &Option<String>, field: &str| match word(text) {
        None => Ok(None),
        Some(text) => parse_instant(&text).map(Some).ok_or_else(|| unknown(field)),
    };
    Ok(WarningFilter {
        state: word(&query.state)
            .map(|w| WarningState::parse(&w).ok_or_else(|| unknown("state")))
            .transpose()?,
        model: word(&query.model).map(|w| ModelId::parse(&w).ok_or_else(|| unknown("model"))).transpose()?,
        level: word(&query.level).map(|w| Level::parse(&w).ok_or_else(|| unknown("level"))).transpose()?,
        actionable_at: query.actionable.filter(|wanted| *wanted).map(|_| now),
        is_historical: query.historical,
        since: time(&query.since, "since")?,
        until: time(&query.until, "until")?,
        checkpoint: word(&query.checkpoint).map(|id| id.as_str().into()),
        vehicle: None,
        device: None,
        q: word(&query.q),
        has_verdict: (query.verdict.as_deref() == Some("none")).then_some(false),
        rule: word(&query.rule).map(|id| id.as_str().into()),
        late_at: query.late.unwrap_or_default().then_some(now),
        verdict: word(&query.verdict)
            .filter(|word| word != "none")
            .map(|w| Verdict::parse(&w).ok_or_else(|| unknown("verdict")))
            .transpose()?,
        is_hidden: query.hidden,
        group: word(&query.group)
            .map(|w| WarningId::parse(&w).ok_or_else(|| unknown("group")))
            .transpose()?,
        is_head: query.heads.filter(|wanted| *wanted),
        scope: None,
    })
}

fn sort_of(word: Option<&str>) -> Sort<WarningField> {
    let word = word.unwrap_or("-occurred_at");
    let field = match word.trim_start_matches('-') {
        "raised_at" => WarningField::RaisedAt,
        "level" => WarningField::Level,
        _ => WarningField::OccurredAt,
    };
    Sort { field, is_descending: word.starts_with('-') }
}

/// Adds the step that waits for each, and its clock.
async fn add_steps(app: &App, views: &mut [WarningView], now: Timestamp) -> Result<(), Problem> {
    let ids: Vec<String> = views.iter().map(|view| view.id.clone()).collect();
    let waiting = app.records.waiting_steps(&ids).await?;
    for view in views {
        let Some((step, due_at)) = waiting.get(&view.id) else { continue };
        view.step = Some(step.key());
        view.due_at = due_at.map(instant);
        view.is_late = due_at.is_some_and(|due_at| due_at < now);
    }
    Ok(())
}

/// Warnings that lie at the desks of one's unit and those below it.
#[utoipa::path(get, path = "/warnings", tag = "warnings", params(WarningQuery),
    responses((status = 200, body = List<WarningView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Query(query): Query<WarningQuery>,
) -> Result<Json<List<WarningView>>, Problem> {
    let now = app.clock.now();
    let filter = WarningFilter { scope: Some(by.scope().clone()), ..filter_of(&query, now)? };
    let paging = Paging { limit: query.limit, offset: query.offset, sort: None };
    let window = Window { offset: paging.offset(), limit: paging.limit() };
    let page = app.records.warnings(&filter, sort_of(query.sort.as_deref()), window).await?;
    let names = app.names.load();
    let mut items: Vec<WarningView> =
        page.items.iter().map(|record| warning_view(record, &names, now, language)).collect();
    add_steps(&app, &mut items, now).await?;
    Ok(Json(List { items, total: page.total }))
}

/// One warning with its evidence, related warnings and history.
#[utoipa::path(get, path = "/warnings/{id}", tag = "warnings", params(("id" = String, Path)),
    responses((status = 200, body = WarningFileView), (status = 404)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Path(id): Path<String>,
) -> Result<Json<WarningFileView>, Problem> {
    let now = app.clock.now();
    let record = seen(&app, &by, &id).await?;
    let id = record.warning.id;
    let mut related = Vec::new();
    let mut vehicle = None;
    if let Some(key) = record.warning.subject.vehicle {
        let scope = Some(by.scope().clone());
        let filter = WarningFilter { vehicle: Some(key), scope, ..WarningFilter::default() };
        let window = Window { offset: 0, limit: RELATED_MAX + 1 };
        let page = app.records.warnings(&filter, Sort::descending(WarningField::OccurredAt), window).await?;
        related = page.items;
        related.retain(|other| other.warning.id != id);
        related.truncate(RELATED_MAX as usize);
        vehicle = app.records.vehicle(key).await?.map(|record| vehicle_view(&record));
    }
    let history = app.records.warning_history(id).await?;
    let names = app.names.load();
    let mut view = [warning_view(&record, &names, now, language)];
    add_steps(&app, &mut view, now).await?;
    let [warning] = view;
    Ok(Json(WarningFileView {
        warning,
        evidence: record.warning.evidence.iter().map(|o| evidence_view(o, &names, language)).collect(),
        related: related.iter().map(|other| warning_view(other, &names, now, language)).collect(),
        history: history
            .into_iter()
            .map(|line| HistoryView {
                at: instant(line.at),
                action: line.action.to_string(),
                by: line.actor.map(|by| by.to_string()),
                note: line.note,
                verdict: line.verdict.map(Verdict::key),
            })
            .collect(),
        vehicle,
    }))
}

/// Signs a warning: the officer takes it on.
#[utoipa::path(post, path = "/warnings/{id}/sign", tag = "warnings", params(("id" = String, Path)),
    request_body = SignInput, responses((status = 200, body = WarningView), (status = 404), (status = 409)))]
pub(crate) async fn sign(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Path(id): Path<String>,
    Json(input): Json<SignInput>,
) -> Result<Json<WarningView>, Problem> {
    let record = sign_one(&app, &by, &id, input.version).await?;
    Ok(Json(warning_view(&record, &app.names.load(), app.clock.now(), language)))
}

async fn sign_one(app: &Arc<App>, by: &Signed, id: &str, version: u32) -> Result<WarningRecord, Problem> {
    let id = seen(app, by, id).await?.warning.id;
    let office = app.office.load_full();
    let deed = WarningDeed {
        act: WarningAct::Sign,
        seen_version: Some(version),
        verdict: None,
        note: None,
        by: by.actor(),
        at: app.clock.now(),
        desk: &office.desk,
        audit: Some(by.row(app, "warning.sign", &id.to_string(), "")),
    };
    let turn = app.hub.turn().lock().await;
    let signed = app.records.act_on_warning(id, &deed).await;
    let mut changed = signed.map_err(|error| match error {
        WarningActError::NotFound => no_such(),
        WarningActError::Conflict { by, at } => {
            let name = office.person(&by);
            Problem::conflict(
                format!("{name} 已于 {} 签收。", crate::words::beijing(at)),
                format!("Signed by {name} at {} already.", crate::words::beijing(at)),
            )
        }
        WarningActError::Changed { .. } => Problem::conflict(
            "该预警的证据刚刚更新，请查看最新内容后再签收。",
            "Its evidence was revised just now. Look at it again before signing.",
        ),
        WarningActError::Refused(_) => Problem::conflict(
            "该预警已撤回、办结或逾期，无需签收。",
            "It was withdrawn, closed or expired; there is nothing to sign.",
        ),
        WarningActError::Store(error) => error.into(),
    })?;
    crate::stream::publish(app, &changed);
    drop(turn);
    by.note_in_audit();
    Ok(changed.swap_remove(0))
}

/// Many warnings, each in the version that was seen.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SignManyInput {
    items: Vec<SignItem>,
}

/// One of many.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SignItem {
    id: String,
    version: u32,
}

/// What became of one of many.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignResult {
    id: String,
    ok: bool,
    /// Why not.
    detail: Option<String>,
}

/// What became of many.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignResults {
    items: Vec<SignResult>,
}

/// Signs many warnings; each by itself, so that one that somebody else has does not stop the others.
#[utoipa::path(post, path = "/warnings/sign", tag = "warnings", request_body = SignManyInput,
    responses((status = 200, body = SignResults), (status = 422)))]
pub(crate) async fn sign_many(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Json(input): Json<SignManyInput>,
) -> Result<Json<SignResults>, Problem> {
    if input.items.len() > SIGNED_AT_ONCE_MAX {
        return Err(Problem::invalid(
            format!("一次最多签收 {SIGNED_AT_ONCE_MAX} 条。"),
            format!("At most {SIGNED_AT_ONCE_MAX} are signed at once."),
        ));
    }
    let mut items = Vec::with_capacity(input.items.len());
    for SignItem { id, version } in input.items {
        let signed = sign_one(&app, &by, &id, version).await;
        let detail = signed.as_ref().err().map(|problem| problem.text(language));
        items.push(SignResult { id, ok: signed.is_ok(), detail });
    }
    Ok(Json(SignResults { items }))
}

/// Says what a warning was worth; one that nobody has signed is signed with it.
#[utoipa::path(post, path = "/warnings/{id}/verdict", tag = "warnings", params(("id" = String, Path)),
    request_body = VerdictInput, responses((status = 200, body = WarningView), (status = 404), (status = 409), (status = 422)))]
pub(crate) async fn judge(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Path(id): Path<String>,
    Json(input): Json<VerdictInput>,
) -> Result<Json<WarningView>, Problem> {
    let id = seen(&app, &by, &id).await?.warning.id;
    let verdict = Verdict::parse(&input.verdict)
        .ok_or_else(|| Problem::invalid("没有这种处置结果。", "There is no such verdict."))?;
    let note = input.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
    let now = app.clock.now();
    let office = app.office.load_full();
    let detail = note.map_or(verdict.key().to_owned(), |note| format!("{}: {note}", verdict.key()));
    let deed = WarningDeed {
        act: WarningAct::Judge,
        seen_version: Some(input.version),
        verdict: Some(verdict),
        note: note.map(str::to_owned),
        by: by.actor(),
        at: now,
        desk: &office.desk,
        audit: Some(by.row(&app, "warning.verdict", &id.to_string(), &detail)),
    };
    let turn = app.hub.turn().lock().await;
    let judged = app.records.act_on_warning(id, &deed).await;
    let mut changed = judged.map_err(|error| match error {
        WarningActError::NotFound => no_such(),
        WarningActError::Changed { .. } | WarningActError::Conflict { .. } => Problem::conflict(
            "该预警刚刚更新，请查看最新内容后再填写处置结果。",
            "It changed just now. Look at it again before giving a verdict.",
        ),
        WarningActError::Refused(_) => Problem::conflict(
            "该预警已被系统撤回，不能填写处置结果。",
            "It was withdrawn; there is nothing to judge.",
        ),
        WarningActError::Store(error) => error.into(),
    })?;
    crate::stream::publish(&app, &changed);
    let record = changed.swap_remove(0);
    drop(turn);
    app.changed.notify_one();
    by.note_in_audit();
    Ok(Json(warning_view(&record, &app.names.load(), now, language)))
}

/// A warning that this person may see: one that lies at the desk of the own unit or one below it, or from which a case came in
/// which the person has a part. Another unit's is not there, as far as the person is concerned.
pub(crate) async fn seen(app: &App, by: &Signed, id: &str) -> Result<WarningRecord, Problem> {
    let record = app.records.warning(parse_id(id)?).await?.ok_or_else(no_such)?;
    if by.scope().covers(&record.desk) || crate::case::has_part(app, by, record.warning.id).await? {
        return Ok(record);
    }
    by.audit(app, "access.other_unit", id, "").await?;
    Err(no_such())
}

pub(crate) fn parse_id(text: &str) -> Result<WarningId, Problem> {
    WarningId::parse(text).ok_or_else(no_such)
}

pub(crate) fn no_such() -> Problem {
    Problem::not_found("没有这条预警。", "There is no such warning.")
}
