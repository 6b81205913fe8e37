//! Tasks (待办): what waits for me, pauses of clocks, and how steps ended.

use super::view::{TaskView, task_view};
use super::words;
use crate::access::Signed;
use crate::app::App;
use crate::problem::{Problem, RequestLanguage};
use crate::wire::{List, Paging, parse_instant};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use domain::case::ClockEnd;
use domain::people::UnitId;
use domain::time::DAY_MS;
use domain::{ClockStep, Permission, Timestamp, UnitPath};
use records::{PauseError, TaskFilter, TaskGroup, Window};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Days that a count of tasks covers when no period is named.
const PERIOD_DAYS: i64 = 30;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct TaskQuery {
    /// Those that I could do.
    mine: Option<bool>,
    /// Ended ones, or open ones; both when left out.
    ended: Option<bool>,
    /// A unit, and those below it.
    unit: Option<i64>,
    step: Option<String>,
    /// The case, or the warning.
    subject: Option<String>,
    /// Past their time.
    late: Option<bool>,
    /// Ended so: `on_time`, `late`, `never`, `void`.
    end: Option<String>,
    /// Ended by this person.
    person: Option<String>,
    /// Of this model or category.
    category: Option<String>,
    /// Begun by `day` or by `night`.
    shift: Option<String>,
    /// Begun then or later, RFC 3339.
    since: Option<String>,
    /// Begun before.
    until: Option<String>,
    limit: Option<u64>,
    offset: Option<u64>,
}

/// Why a clock should stand still.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PauseInput {
    reason: String,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct TaskCountQuery {
    /// `unit`, `step`, `person`, `category`, `shift`.
    by: Option<String>,
    /// Begun then or later, RFC 3339; the last thirty days when left out.
    since: Option<String>,
    /// Begun before.
    until: Option<String>,
}

/// How the tasks of a group ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskGroupView {
    /// The unit's number, a word, a username, `day` or `night`.
    group: String,
    name: String,
    on_time: u64,
    late: u64,
    never: u64,
    void: u64,
    running: u64,
    overdue: u64,
}

/// How tasks ended, by group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskCountsView {
    groups: Vec<TaskGroupView>,
}

/// Tasks; open ones with those due first at the top.
#[utoipa::path(get, path = "/tasks", tag = "cases", params(TaskQuery), responses((status = 200, body = List<TaskView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Query(query): Query<TaskQuery>,
) -> Result<Json<List<TaskView>>, Problem> {
    let now = app.clock.now();
    let allowed = || {
        let allowed = Permission::ALL.iter().filter(|permission| by.may(**permission));
        allowed.map(|permission| SmolStr::new_static(permission.key())).collect()
    };
    let is_mine = query.mine.unwrap_or_default();
    let scope = match query.unit {
        None => by.scope().clone(),
        Some(unit) => {
            let path = app.office.load().desk.path(UnitId(unit));
            if by.scope().covers(&path) { path } else { UnitPath("-".into()) }
        }
    };
    let step = query.step.as_deref().filter(|word| !word.is_empty());
    let no_step = || Problem::invalid("没有这一环节。", "There is no such step.");
    let filter = TaskFilter {
        is_ended: query.ended.or(is_mine.then_some(false)),
        mine: is_mine.then(|| (by.user.username.clone(), by.user.unit, allowed())),
        scope: (!is_mine).then_some(scope),
        subject: query.subject.as_deref().filter(|id| !id.is_empty()).map(SmolStr::new),
        step: step.map(|word| ClockStep::parse(word).ok_or_else(no_step)).transpose()?,
        due_before: query.late.unwrap_or_default().then_some(now),
        chain: None,
        end: given(&query.end).map(|word| ClockEnd::parse(word).ok_or_else(no_step)).transpose()?,
        ended_by: given(&query.person).map(SmolStr::new),
        category: given(&query.category).map(SmolStr::new),
        is_day: given(&query.shift).map(|word| word == "day"),
        since: instant_of(&query.since)?,
        until: instant_of(&query.until)?,
    };
    let paging = Paging { limit: query.limit, offset: query.offset, sort: None };
    let page = app.records.tasks(&filter, Window { offset: paging.offset(), limit: paging.limit() }).await?;
    let items = page.items.iter().map(|task| task_view(&app, task, now, language)).collect();
    Ok(Json(List { items, total: page.total }))
}

#[expect(clippy::ref_option, reason = "as the query has it")]
fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

#[expect(clippy::ref_option, reason = "as the query has it")]
fn instant_of(text: &Option<String>) -> Result<Option<Timestamp>, Problem> {
    let wrong = || Problem::invalid("时间格式有误。", "An instant can't be read.");
    given(text).map(|text| parse_instant(text).ok_or_else(wrong)).transpose()
}

/// Asks for a pause of a clock.
#[utoipa::path(post, path = "/tasks/{id}/pause", tag = "cases", params(("id" = i64, Path)), request_body = PauseInput,
    responses((status = 204), (status = 404), (status = 409)))]
pub(crate) async fn ask_pause(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<i64>,
    Json(input): Json<PauseInput>,
) -> Result<StatusCode, Problem> {
    let reason = input.reason.trim();
    if reason.is_empty() || reason.chars().count() > 200 {
        return Err(Problem::invalid(
            "请填写暂停理由（200 字以内）。",
            "Give a reason of at most 200 characters.",
        ));
    }
    reach(&app, &by, id).await?;
    app.records.ask_pause(id, reason, &by.user.username).await.map_err(fault)?;
    by.audit(&app, "task.ask_pause", &id.to_string(), reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Grants a pause that somebody else asked for.
#[utoipa::path(post, path = "/tasks/{id}/pause/grant", tag = "cases", params(("id" = i64, Path)),
    responses((status = 204), (status = 404), (status = 409)))]
pub(crate) async fn grant_pause(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    reach(&app, &by, id).await?;
    app.records.grant_pause(id, &by.user.username, app.clock.now()).await.map_err(fault)?;
    by.audit(&app, "task.grant_pause", &id.to_string(), "").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a paused clock go on.
#[utoipa::path(post, path = "/tasks/{id}/resume", tag = "cases", params(("id" = i64, Path)),
    responses((status = 204), (status = 404), (status = 409)))]
pub(crate) async fn resume(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    reach(&app, &by, id).await?;
    app.records.resume_clock(id, app.clock.now()).await.map_err(fault)?;
    by.audit(&app, "task.resume", &id.to_string(), "").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A task of another unit is not there, as far as this person is concerned.
async fn reach(app: &App, by: &Signed, id: i64) -> Result<(), Problem> {
    let unit = app.records.task_unit(id).await?.ok_or_else(no_such)?;
    let path = app.office.load().desk.path(unit);
    if by.scope().covers(&path) { Ok(()) } else { Err(no_such()) }
}

fn no_such() -> Problem {
    Problem::not_found("没有这项待办，或已办结。", "There is no such task, or it is over.")
}

fn fault(error: PauseError) -> Problem {
    match error {
        PauseError::NotFound => no_such(),
        PauseError::Refused => Problem::conflict(
            "当前不能这样操作：无计时、已暂停或未申请，或申请人与批准人为同一人。",
            "Not now: no clock runs, it stands already, nobody asked, or the same person asks and grants.",
        ),
        PauseError::Store(error) => error.into(),
    }
}

/// How the steps that began in a period ended: on time, late, never.
#[utoipa::path(get, path = "/statistics/tasks", tag = "statistics", params(TaskCountQuery),
    responses((status = 200, body = TaskCountsView)))]
pub(crate) async fn counts(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Query(query): Query<TaskCountQuery>,
) -> Result<Json<TaskCountsView>, Problem> {
    let now = app.clock.now();
    let group = match query.by.as_deref().unwrap_or("unit") {
        "unit" => TaskGroup::Unit,
        "step" => TaskGroup::Step,
        "person" => TaskGroup::Person,
        "category" => TaskGroup::Category,
        "shift" => TaskGroup::Shift,
        _ => return Err(Problem::invalid("没有这种分组。", "There is no such grouping.")),
    };
    let (from, until) = period(query.since.as_deref(), query.until.as_deref(), now)?;
    let counts = app.records.task_counts(group, by.scope(), from, until, now).await?;
    let office = app.office.load();
    let name = |word: &str| match group {
        TaskGroup::Unit => word.parse().map_or_else(|_| word.to_owned(), |id| office.unit(UnitId(id))),
        TaskGroup::Step => ClockStep::parse(word)
            .map_or_else(|| word.to_owned(), |step| words::step(step, language).to_owned()),
        TaskGroup::Person if word.is_empty() => language.pick("尚未办理", "Not done yet").to_owned(),
        TaskGroup::Person if word == domain::Actor::PLATFORM => {
            language.pick("系统", "The platform").to_owned()
        }
        TaskGroup::Person => office.person(word),
        TaskGroup::Category => words::any_category(&app, word, language),
        TaskGroup::Shift if word == "day" => language.pick("白班（8–20 时）", "Day (8–20)").to_owned(),
        TaskGroup::Shift => language.pick("夜班（20–8 时）", "Night (20–8)").to_owned(),
    };
    let groups = counts.into_iter().map(|count| TaskGroupView {
        name: name(&count.group),
        group: count.group.to_string(),
        on_time: count.on_time,
        late: count.late,
        never: count.never,
        void: count.void,
        running: count.running,
        overdue: count.overdue,
    });
    Ok(Json(TaskCountsView { groups: groups.collect() }))
}

pub(super) fn period(
    since: Option<&str>,
    until: Option<&str>,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), Problem> {
    let at = |text: Option<&str>, otherwise: Timestamp| match text.filter(|text| !text.is_empty()) {
        None => Ok(otherwise),
        Some(text) => {
            parse_instant(text).ok_or_else(|| Problem::invalid("时间格式有误。", "An instant can't be read."))
        }
    };
    let until = at(until, now.plus_ms(1))?;
    Ok((at(since, until.plus_ms(-PERIOD_DAYS * DAY_MS))?, until))
}

/// How many tasks wait for somebody, and how many of them are late.
pub(crate) async fn waiting(app: &App, by: &Signed, now: Timestamp) -> Result<(u64, u64), Problem> {
    let allowed = Permission::ALL.iter().filter(|permission| by.may(**permission));
    let allowed: Vec<SmolStr> = allowed.map(|permission| SmolStr::new_static(permission.key())).collect();
    let mine = TaskFilter {
        is_ended: Some(false),
        mine: Some((by.user.username.clone(), by.user.unit, allowed)),
        ..TaskFilter::default()
    };
    let none = Window { offset: 0, limit: 0 };
    let open = app.records.tasks(&mine, none).await?.total;
    let late = app.records.tasks(&TaskFilter { due_before: Some(now), ..mine }, none).await?.total;
    Ok((open, late))
}

/// What waits for the person who asks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WaitingView {
    open: u64,
    late: u64,
}

/// How many tasks wait for me.
#[utoipa::path(get, path = "/tasks/waiting", tag = "cases", responses((status = 200, body = WaitingView)))]
pub(crate) async fn get_waiting(
    State(app): State<Arc<App>>,
    by: Signed,
) -> Result<Json<WaitingView>, Problem> {
    let (open, late) = waiting(&app, &by, app.clock.now()).await?;
    Ok(Json(WaitingView { open, late }))
}
