//! Watch orders (布控、撤控).

use crate::access::Signed;
use crate::app::App;
use crate::problem::Problem;
use crate::wire::{List, Paging, instant, parse_instant};
use axum::Json;
use axum::extract::{Path, Query, State};
use domain::{CaseId, Level, Plate, PlateClass, Timestamp, WatchOrder, WatchOrderId};
use records::{WatchFilter, WatchRecord, WatchState, Window, WithdrawError};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Longest time a watch order may run without being renewed, in ms: a year.
const TERM_MS_MAX: i64 = 366 * domain::time::DAY_MS;

/// A watch order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WatchOrderView {
    id: String,
    plate: String,
    plate_class: Option<String>,
    reason: String,
    legal_basis: String,
    level: &'static str,
    from: String,
    until: String,
    /// `upcoming`, `in_force`, `ended`, `withdrawn`.
    state: &'static str,
    /// The application from which it came, in which it is withdrawn.
    case_id: Option<String>,
    created_by: String,
    created_at: String,
    withdrawn_by: Option<String>,
    withdrawn_at: Option<String>,
    withdraw_reason: Option<String>,
    /// Warnings that it raised.
    hits: u64,
}

/// A new watch order.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct WatchOrderInput {
    plate: String,
    plate_class: Option<String>,
    reason: String,
    legal_basis: String,
    level: String,
    /// RFC 3339.
    until: String,
}

/// Why it is withdrawn.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct WithdrawInput {
    reason: String,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct WatchQuery {
    state: Option<String>,
    /// Part of the plate, identity or reason.
    q: Option<String>,
    limit: Option<u64>,
    offset: Option<u64>,
}

fn view(record: &WatchRecord, hits: &BTreeMap<WatchOrderId, u64>, now: Timestamp) -> WatchOrderView {
    let withdrawal = record.withdrawal.as_ref();
    WatchOrderView {
        id: record.order.id.to_string(),
        plate: record.order.plate.to_string(),
        plate_class: record.order.class.map(|class| class.to_string()),
        reason: record.order.reason.to_string(),
        legal_basis: record.legal_basis.to_string(),
        level: record.order.level.key(),
        from: instant(record.order.from),
        until: instant(record.order.until),
        state: record.state(now).key(),
        case_id: CaseId(SmolStr::new(record.order.id.as_str()))
            .kind()
            .is_some()
            .then(|| record.order.id.to_string()),
        created_by: record.created_by.to_string(),
        created_at: instant(record.created_at),
        withdrawn_by: withdrawal.map(|w| w.by.to_string()),
        withdrawn_at: withdrawal.map(|w| instant(w.at)),
        withdraw_reason: withdrawal.map(|w| w.reason.to_string()),
        hits: hits.get(&record.order.id).copied().unwrap_or(0),
    }
}

/// Watch orders, newest first.
#[utoipa::path(get, path = "/watch-orders", tag = "watch orders", params(WatchQuery),
    responses((status = 200, body = List<WatchOrderView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _: Signed,
    Query(query): Query<WatchQuery>,
) -> Result<Json<List<WatchOrderView>>, Problem> {
    let now = app.clock.now();
    let state = match query.state.as_deref().filter(|word| !word.is_empty()) {
        None => None,
        Some(word) => Some((
            WatchState::parse(word)
                .ok_or_else(|| Problem::invalid("没有这种状态。", "There is no such state."))?,
            now,
        )),
    };
    let paging = Paging { limit: query.limit, offset: query.offset, sort: None };
    let filter = WatchFilter { state, q: query.q };
    let window = Window { offset: paging.offset(), limit: paging.limit() };
    let page = app.records.watch_orders(&filter, window).await?;
    let ids: Vec<WatchOrderId> = page.items.iter().map(|record| record.order.id.clone()).collect();
    let hits = app.records.watch_order_hits(&ids).await?;
    let items = page.items.iter().map(|record| view(record, &hits, now)).collect();
    Ok(Json(List { items, total: page.total }))
}

/// Puts a vehicle under watch from now on.
#[utoipa::path(post, path = "/watch-orders", tag = "watch orders", request_body = WatchOrderInput,
    responses((status = 200, body = WatchOrderView), (status = 422)))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    by: Signed,
    Json(input): Json<WatchOrderInput>,
) -> Result<Json<WatchOrderView>, Problem> {
    let now = app.clock.now();
    let record = order_of(&input, &by.user.username, now)?;
    app.records.put_watch_orders(std::slice::from_ref(&record)).await?;
    app.changed.notify_one();
    let detail = format!("{}: {}", record.order.plate, record.order.reason);
    by.audit(&app, "watch_order.create", record.order.id.as_str(), &detail).await?;
    Ok(Json(view(&record, &BTreeMap::new(), now)))
}

pub(crate) fn order_of(input: &WatchOrderInput, by: &str, now: Timestamp) -> Result<WatchRecord, Problem> {
    let plate = Plate::parse(&input.plate).map_err(|error| {
        Problem::invalid(format!("号牌“{}”有误：{error}。", input.plate), format!("plate: {error}"))
    })?;
    let class = match input.plate_class.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => Some(
            PlateClass::parse(text)
                .ok_or_else(|| Problem::invalid("号牌种类有误。", "Unknown plate class."))?,
        ),
    };
    let level = Level::parse(&input.level).ok_or_else(|| Problem::invalid("级别有误。", "Unknown level."))?;
    let until = parse_instant(&input.until)
        .ok_or_else(|| Problem::invalid("截止时间有误。", "until is not an instant."))?;
    if until <= now {
        return Err(Problem::invalid("截止时间须晚于现在。", "The end must be in the future."));
    }
    if until.ms_since(now) > TERM_MS_MAX {
        return Err(Problem::invalid("布控期限不得超过一年。", "An order may run for a year at most."));
    }
    if input.reason.trim().is_empty() || input.legal_basis.trim().is_empty() {
        return Err(Problem::invalid("须填写布控原因和法律依据。", "Reason and legal basis are needed."));
    }
    // The identity is made from what is ordered and when: the same request sent twice in a millisecond is one order.
    let identity = domain::WarningId::of(&[
        b"watch_order",
        &plate.packed().to_le_bytes(),
        &now.unix_ms().to_le_bytes(),
        by.as_bytes(),
    ]);
    let digits: String = identity.to_string().chars().take(16).collect();
    Ok(WatchRecord {
        order: WatchOrder {
            id: WatchOrderId::from(digits.as_str()),
            plate,
            class,
            reason: input.reason.trim().into(),
            level,
            from: now,
            until,
        },
        legal_basis: input.legal_basis.trim().into(),
        created_by: by.into(),
        created_at: now,
        withdrawal: None,
    })
}

/// Withdraws an order (撤控).
#[utoipa::path(post, path = "/watch-orders/{id}/withdraw", tag = "watch orders", params(("id" = String, Path)),
    request_body = WithdrawInput, responses((status = 200, body = WatchOrderView), (status = 404), (status = 409)))]
pub(crate) async fn withdraw(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<String>,
    Json(input): Json<WithdrawInput>,
) -> Result<Json<WatchOrderView>, Problem> {
    if input.reason.trim().is_empty() {
        return Err(Problem::invalid("须填写撤控原因。", "A reason is needed."));
    }
    let now = app.clock.now();
    let id = WatchOrderId::from(id.as_str());
    // An order from an application bears its number.
    if app.records.case(&CaseId(SmolStr::new(id.as_str()))).await?.is_some() {
        return Err(Problem::conflict(
            format!("该布控由申请 {id} 产生，请在该布控申请中撤控。"),
            format!("This order came from the application {id}: withdraw it in its case."),
        ));
    }
    let withdrawal =
        records::Withdrawal { by: by.user.username.clone(), at: now, reason: input.reason.trim().into() };
    let record = app.records.withdraw_watch_order(&id, withdrawal).await.map_err(|error| match error {
        WithdrawError::NotFound => Problem::not_found("没有这条布控。", "There is no such order."),
        WithdrawError::Withdrawn { by, at } => Problem::conflict(
            format!("{by} 已于 {} 撤控。", instant(at)),
            format!("Withdrawn by {by} at {} already.", instant(at)),
        ),
        WithdrawError::Store(error) => error.into(),
    })?;
    app.changed.notify_one();
    app.exchange.changed();
    by.audit(&app, "watch_order.withdraw", id.as_str(), input.reason.trim()).await?;
    let hits = app.records.watch_order_hits(std::slice::from_ref(&id)).await?;
    Ok(Json(view(&record, &hits, now)))
}
