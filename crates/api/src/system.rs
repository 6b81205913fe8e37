//! Health, figures for machines, and what the administrator wants to know of the system.

use crate::access::Signed;
use crate::app::App;
use crate::problem::Problem;
use crate::wire::{instant, parse_instant};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use gateway::Clock;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use utoipa::ToSchema;

/// Judgement further behind than this is unwell, in ms. A back-fill takes it there for a while.
const LAG_MS_MAX: u64 = 5 * 60_000;

/// Less room on the disk than this is unwell, in bytes: the next group of pictures may not fit.
const DISK_FREE_BYTES_MIN: u64 = 4 << 20;

/// Whether all is well.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok` or `unwell`.
    status: &'static str,
    version: &'static str,
    /// Each part in words; `ok` where it is.
    checks: BTreeMap<&'static str, String>,
}

/// The system.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SystemView {
    version: &'static str,
    started_at: String,
    now: String,
    /// `system` or `driven`.
    clock: &'static str,
    journal: JournalView,
    pictures: JournalView,
    disk_free_bytes: Option<u64>,
    judgement: JudgementView,
    pages_connected: usize,
    /// The bounds that hold.
    limits: Vec<LimitView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct JournalView {
    first: u64,
    end: u64,
    bytes: u64,
    segments: usize,
    records_since_start: u64,
    /// Why it takes nothing more, if so.
    stopped: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct JudgementView {
    /// Journal offset up to which all is judged.
    offset: u64,
    lag_ms: u64,
    entries_since_start: u64,
    unreadable: u64,
    vehicles: u64,
    deadlines: u64,
    stopped: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct LimitView {
    name: String,
    value: u64,
}

/// The time that a driven clock shall show.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ClockInput {
    /// RFC 3339.
    now: String,
}

/// Whether all is well; without a session, for monitors.
#[utoipa::path(get, path = "/health", tag = "system",
    responses((status = 200, body = Health), (status = 503, body = Health)))]
pub(crate) async fn health(State(app): State<Arc<App>>) -> (StatusCode, Json<Health>) {
    let mut checks = BTreeMap::new();
    let ok = || "ok".to_string();
    checks.insert("journal", journal_check(&app.observations));
    checks.insert("pictures", journal_check(&app.pictures));
    let disk = match app.disk_free_bytes() {
        Some(free_bytes) if free_bytes < DISK_FREE_BYTES_MIN => {
            format!("only {} KiB are free", free_bytes >> 10)
        }
        _ => ok(),
    };
    checks.insert("disk", disk);
    checks.insert("records", app.records.check().await.map_or_else(|error| error.to_string(), |()| ok()));
    let stopped = app.progress.stopped.load_full();
    let lag_ms = app.lag_ms();
    let judgement = match stopped.as_ref() {
        Some(why) => why.clone(),
        None if lag_ms > LAG_MS_MAX => format!("behind by {} s", lag_ms / 1_000),
        None => ok(),
    };
    checks.insert("judgement", judgement);
    let is_well = checks.values().all(|check| check == "ok");
    let health =
        Health { status: if is_well { "ok" } else { "unwell" }, version: env!("CARGO_PKG_VERSION"), checks };
    (if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(health))
}

fn journal_check(journal: &journal::Journal) -> String {
    match journal.stopped() {
        Some(why) => why.to_string(),
        None if journal.is_full() => "the disk is full".to_string(),
        None => "ok".to_string(),
    }
}

/// Figures for Prometheus.
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> String {
    app.metrics.render()
}

/// What the administrator wants to know.
#[utoipa::path(get, path = "/system", tag = "system", responses((status = 200, body = SystemView)))]
pub(crate) async fn get(State(app): State<Arc<App>>, _: Signed) -> Json<SystemView> {
    let progress = &app.progress;
    let limits = serde_json::to_value(app.limits.as_ref()).unwrap_or_default();
    let limits = limits.as_object().into_iter().flatten();
    Json(SystemView {
        version: env!("CARGO_PKG_VERSION"),
        started_at: instant(app.started_at),
        now: instant(app.clock.now()),
        clock: match app.clock {
            Clock::System => "system",
            Clock::Driven(_) => "driven",
        },
        journal: journal_view(&app.observations),
        pictures: journal_view(&app.pictures),
        disk_free_bytes: app.disk_free_bytes(),
        judgement: JudgementView {
            offset: progress.judged_up_to.load(Ordering::Acquire),
            lag_ms: app.lag_ms(),
            entries_since_start: progress.entries.load(Ordering::Relaxed),
            unreadable: progress.unreadable.load(Ordering::Relaxed),
            vehicles: progress.vehicles.load(Ordering::Relaxed),
            deadlines: progress.deadlines.load(Ordering::Relaxed),
            stopped: progress.stopped.load_full().as_ref().clone(),
        },
        pages_connected: app.hub.listeners(),
        limits: limits
            .map(|(name, value)| LimitView { name: name.clone(), value: value.as_u64().unwrap_or_default() })
            .collect(),
    })
}

fn journal_view(journal: &journal::Journal) -> JournalView {
    let stats = journal.stats();
    JournalView {
        first: journal.first().get(),
        end: journal.end().get(),
        bytes: stats.disk_bytes,
        segments: stats.segments,
        records_since_start: stats.records,
        stopped: journal.stopped().map(|why| why.to_string()),
    }
}

/// Moves a driven clock forward.
#[utoipa::path(put, path = "/clock", tag = "system", request_body = ClockInput,
    responses((status = 204), (status = 409), (status = 422)))]
pub(crate) async fn drive_clock(
    State(app): State<Arc<App>>,
    _: Signed,
    Json(input): Json<ClockInput>,
) -> Result<StatusCode, Problem> {
    let now =
        parse_instant(&input.now).ok_or_else(|| Problem::invalid("时间有误。", "now is no instant."))?;
    if app.clock.drive(now) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::conflict("系统使用本机时钟。", "The system runs on the machine's clock."))
    }
}
