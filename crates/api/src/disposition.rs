//! Dispositions (布控) between platforms: watch orders that are passed on, and what platforms ask of us, which a person
//! puts into force or refuses.

use crate::access::Signed;
use crate::app::App;
use crate::platform::find;
use crate::problem::Problem;
use crate::wire::{List, instant};
use axum::Json;
use axum::extract::{Path, Query, State};
use domain::{DeviceId, Level, WatchOrderId};
use records::{Direction, Disposition, DispositionFilter, ExchangeState, WatchState};
use serde::{Deserialize, Serialize};
use smol_str::format_smolstr;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Longest note, in characters.
const NOTE_CHARS_MAX: usize = 200;

/// A disposition.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DispositionView {
    platform_id: String,
    platform_name: String,
    /// `superior`, `neighbour`, `subordinate`.
    platform_relation: &'static str,
    /// `out`: ours, passed on; `in`: theirs.
    direction: &'static str,
    /// 33 digits.
    id: String,
    watch_order_id: Option<String>,
    title: String,
    plate: String,
    /// 1 highest to 3 lowest.
    priority: u8,
    reason: String,
    applicant: String,
    begin_at: String,
    end_at: String,
    /// `review`, `wanted`, `in_force`, `ending`, `ended`, `refused`.
    state: &'static str,
    notices: u64,
    last_notice_at: Option<String>,
    /// `word` or `word: detail`.
    last_error: Option<String>,
    decided_by: Option<String>,
    decided_at: Option<String>,
    decision_note: Option<String>,
    created_at: String,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct DispositionQuery {
    platform: Option<String>,
    /// `in` or `out`.
    direction: Option<String>,
    state: Option<String>,
    watch_order: Option<String>,
}

/// Why it is decided so.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct DecisionInput {
    note: String,
}

/// To whom a watch order is passed on.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct PassOnInput {
    platform_ids: Vec<String>,
}

async fn views(app: &App, found: Vec<Disposition>) -> Result<Json<List<DispositionView>>, Problem> {
    let platforms: BTreeMap<DeviceId, _> = (app.records.all_platforms().await?.into_iter())
        .map(|platform| (platform.id, (platform.name, platform.relation)))
        .collect();
    let view = |one: Disposition| {
        let (name, relation) = platforms.get(&one.platform)?;
        Some(DispositionView {
            platform_name: name.to_string(),
            platform_relation: relation.key(),
            direction: one.direction.key(),
            watch_order_id: one.watch_order.as_ref().map(ToString::to_string),
            title: one.title.to_string(),
            plate: one.plate.to_string(),
            priority: one.priority,
            reason: one.reason.to_string(),
            applicant: one.applicant.to_string(),
            begin_at: instant(one.begin_at),
            end_at: instant(one.end_at),
            state: one.state.key(),
            notices: one.notices,
            last_notice_at: one.last_notice_at.map(instant),
            last_error: one.last_error,
            decided_by: one.decision.as_ref().map(|(by, _, _)| by.to_string()),
            decided_at: one.decision.as_ref().map(|(_, at, _)| instant(*at)),
            decision_note: one.decision.as_ref().map(|(_, _, note)| note.to_string()),
            created_at: instant(one.created_at),
            platform_id: one.platform.to_string(),
            id: one.id.to_string(),
        })
    };
    let items: Vec<_> = found.into_iter().filter_map(view).collect();
    Ok(Json(List { total: items.len() as u64, items }))
}

/// Dispositions, the newest first.
#[utoipa::path(get, path = "/dispositions", tag = "platforms", params(DispositionQuery),
    responses((status = 200, body = List<DispositionView>), (status = 422)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _: Signed,
    Query(query): Query<DispositionQuery>,
) -> Result<Json<List<DispositionView>>, Problem> {
    let wrong = || Problem::invalid("筛选条件有误。", "The filter is wrong.");
    let word = |text: Option<String>| text.filter(|text| !text.is_empty());
    let filter = DispositionFilter {
        platform: word(query.platform).map(|id| DeviceId::from(id.as_str())),
        direction: word(query.direction).map(|key| Direction::parse(&key).ok_or_else(wrong)).transpose()?,
        state: word(query.state).map(|key| ExchangeState::parse(&key).ok_or_else(wrong)).transpose()?,
        watch_order: word(query.watch_order).map(|id| WatchOrderId::from(id.as_str())),
    };
    views(&app, app.records.dispositions(&filter).await?).await
}

async fn in_review(app: &App, platform: &str, id: &str) -> Result<Disposition, Problem> {
    let found = app.records.disposition(&DeviceId::from(platform), Direction::In, id).await?;
    let found =
        found.ok_or_else(|| Problem::not_found("没有这条布控申请。", "There is no such disposition."))?;
    if found.state != ExchangeState::Review {
        return Err(Problem::conflict("这条布控申请已处理。", "It was decided already."));
    }
    Ok(found)
}

fn checked_note(note: &str) -> Result<&str, Problem> {
    if note.chars().count() > NOTE_CHARS_MAX {
        return Err(Problem::invalid("说明过长。", "The note is too long."));
    }
    Ok(note.trim())
}

/// Puts what a platform asks for into force, as a watch order.
#[utoipa::path(post, path = "/dispositions/{platform}/{id}/accept", tag = "platforms",
    params(("platform" = String, Path), ("id" = String, Path)), request_body = DecisionInput,
    responses((status = 200, body = List<DispositionView>), (status = 404), (status = 409)))]
pub(crate) async fn accept(
    State(app): State<Arc<App>>,
    by: Signed,
    Path((platform, id)): Path<(String, String)>,
    Json(input): Json<DecisionInput>,
) -> Result<Json<List<DispositionView>>, Problem> {
    let found = in_review(&app, &platform, &id).await?;
    let now = app.clock.now();
    if found.end_at <= now {
        return Err(Problem::conflict("这条布控申请已过期。", "Its time is over."));
    }
    let platform = find(&app, &platform).await?;
    let note = checked_note(&input.note)?;
    let plate = found.plate.clone();
    let accepted = platform::accept(&app.exchange, &platform, found, &by.user.username, note, now).await?;
    by.audit(&app, "disposition.accept", &id, &format!("{}: {plate} {note}", platform.name)).await?;
    views(&app, vec![accepted]).await
}

/// Refuses what a platform asks for.
#[utoipa::path(post, path = "/dispositions/{platform}/{id}/refuse", tag = "platforms",
    params(("platform" = String, Path), ("id" = String, Path)), request_body = DecisionInput,
    responses((status = 200, body = List<DispositionView>), (status = 404), (status = 409), (status = 422)))]
pub(crate) async fn refuse(
    State(app): State<Arc<App>>,
    by: Signed,
    Path((platform, id)): Path<(String, String)>,
    Json(input): Json<DecisionInput>,
) -> Result<Json<List<DispositionView>>, Problem> {
    let mut found = in_review(&app, &platform, &id).await?;
    let note = checked_note(&input.note)?;
    if note.is_empty() {
        return Err(Problem::invalid("须填写不予布控的理由。", "A reason is needed."));
    }
    found.state = ExchangeState::Refused;
    found.decision = Some((by.user.username.clone(), app.clock.now(), note.into()));
    app.records.put_dispositions(std::slice::from_ref(&found)).await?;
    by.audit(&app, "disposition.refuse", &id, &format!("{}: {note}", found.plate)).await?;
    views(&app, vec![found]).await
}

/// Passes a watch order on to platforms. Those that have it already keep it; it is withdrawn there when it is here.
#[utoipa::path(post, path = "/watch-orders/{id}/platforms", tag = "platforms", params(("id" = String, Path)),
    request_body = PassOnInput, responses((status = 200, body = List<DispositionView>), (status = 404), (status = 409), (status = 422)))]
pub(crate) async fn pass_on(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<String>,
    Json(input): Json<PassOnInput>,
) -> Result<Json<List<DispositionView>>, Problem> {
    let id = WatchOrderId::from(id.as_str());
    let none = || Problem::not_found("没有这条布控。", "There is no such order.");
    let record = app.records.watch_order(&id).await?.ok_or_else(none)?;
    let now = app.clock.now();
    if !matches!(record.state(now), WatchState::InForce | WatchState::Upcoming) {
        return Err(Problem::conflict("布控已结束或已撤控。", "The order has ended or was withdrawn."));
    }
    let filter = DispositionFilter { watch_order: Some(id.clone()), ..DispositionFilter::default() };
    let known = app.records.dispositions(&filter).await?;
    let mut new = Vec::new();
    for platform in &input.platform_ids {
        let platform = find(&app, platform).await?;
        let stands = |one: &&Disposition| !matches!(one.state, ExchangeState::Ended | ExchangeState::Refused);
        let its = known.iter().filter(|one| one.platform == platform.id).filter(stands);
        // Nor is it sent back to who asked for it.
        if its.count() > 0 {
            continue;
        }
        if platform.base_url.is_empty() || platform.out.is_none() {
            return Err(Problem::invalid(
                format!("平台“{}”没有填写地址和本平台在对方的用户名、密码。", platform.name),
                format!("The platform {} has no address or no user of ours.", platform.name),
            ));
        }
        let of = [platform.id.as_str().as_bytes(), id.as_str().as_bytes()];
        new.push(Disposition {
            id: platform::disposition_id(app.exchange.server_id(), now, &of),
            platform: platform.id,
            direction: Direction::Out,
            watch_order: Some(id.clone()),
            title: format_smolstr!("布控 {}", record.order.plate),
            plate: format_smolstr!("{}", record.order.plate),
            priority: match record.order.level {
                Level::High => 1,
                Level::Medium => 2,
                Level::Low => 3,
            },
            reason: record.order.reason.clone(),
            applicant: record.created_by.clone(),
            begin_at: record.order.from,
            end_at: record.order.until,
            receive_addr: "".into(),
            state: ExchangeState::Wanted,
            notices: 0,
            last_notice_at: None,
            last_error: None,
            decision: None,
            created_at: now,
        });
    }
    app.records.put_dispositions(&new).await?;
    app.exchange.changed();
    let names: Vec<&str> = new.iter().map(|one| one.platform.as_str()).collect();
    by.audit(&app, "watch_order.pass_on", id.as_str(), &names.join(",")).await?;
    views(&app, app.records.dispositions(&filter).await?).await
}
