//! Silences (静默) and maintenance windows (维护窗口): warnings that are raised and kept, but hidden for a while.

use crate::access::Signed;
use crate::app::{App, Names};
use crate::problem::Problem;
use crate::vehicle::key_of;
use crate::wire::{List, Paging, instant, new_id, parse_instant};
use axum::Json;
use axum::extract::{Path, Query, State};
use domain::{Maintenance, ModelId, Silence, SilenceId, Timestamp};
use records::{EndSilenceError, Quiet, QuietKind, QuietRecord, Window};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Longest time that something is kept quiet without being looked at again, in ms: 30 days.
const QUIET_MS_MAX: i64 = 30 * domain::time::DAY_MS;

/// A silence.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SilenceView {
    id: String,
    /// Warnings of this model; of all when absent.
    model: Option<&'static str>,
    /// About this vehicle; about all when absent.
    plate: Option<String>,
    plate_class: Option<String>,
    /// At this checkpoint; everywhere when absent.
    checkpoint_id: Option<String>,
    checkpoint_name: Option<String>,
    #[serde(flatten)]
    term: TermView,
}

/// A maintenance window.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MaintenanceView {
    id: String,
    device_id: String,
    device_name: Option<String>,
    #[serde(flatten)]
    term: TermView,
}

/// How long, why and by whom.
#[derive(Debug, Serialize, ToSchema)]
struct TermView {
    from: String,
    until: String,
    reason: String,
    /// `upcoming`, `in_force`, `ended`.
    state: &'static str,
    created_by: String,
    created_at: String,
    /// Who ended it before its time.
    ended_by: Option<String>,
    ended_at: Option<String>,
}

/// A new silence; at least one of model, plate and checkpoint is needed.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SilenceInput {
    model: Option<String>,
    plate: Option<String>,
    plate_class: Option<String>,
    checkpoint_id: Option<String>,
    /// RFC 3339; now when left out.
    from: Option<String>,
    /// RFC 3339; at most 30 days after the beginning.
    until: String,
    reason: String,
}

/// A new maintenance window.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct MaintenanceInput {
    device_id: String,
    /// RFC 3339; now when left out.
    from: Option<String>,
    /// RFC 3339; at most 30 days after the beginning.
    until: String,
    reason: String,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct SilenceQuery {
    /// Only those that are not over.
    open: Option<bool>,
    limit: Option<u64>,
    offset: Option<u64>,
}

fn term(record: &QuietRecord, reason: &str, now: Timestamp) -> TermView {
    TermView {
        from: instant(record.quiet.from()),
        until: instant(record.quiet.until()),
        reason: reason.to_string(),
        state: record.state(now),
        created_by: record.created_by.to_string(),
        created_at: instant(record.created_at),
        ended_by: record.ended.as_ref().map(|(by, _)| by.to_string()),
        ended_at: record.ended.as_ref().map(|(_, at)| instant(*at)),
    }
}

fn silence_view(record: &QuietRecord, silence: &Silence, names: &Names, now: Timestamp) -> SilenceView {
    let checkpoint = silence.checkpoint.as_ref().and_then(|id| names.checkpoints.get(id));
    SilenceView {
        id: silence.id.to_string(),
        model: silence.model.map(ModelId::key),
        plate: silence.vehicle.map(|key| key.plate.to_string()),
        plate_class: silence.vehicle.map(|key| key.class.to_string()),
        checkpoint_id: silence.checkpoint.as_ref().map(ToString::to_string),
        checkpoint_name: checkpoint.map(|checkpoint| checkpoint.name.to_string()),
        term: term(record, &silence.reason, now),
    }
}

fn maintenance_view(
    record: &QuietRecord,
    maintenance: &Maintenance,
    names: &Names,
    now: Timestamp,
) -> MaintenanceView {
    let device = names.devices.iter().find(|device| device.id == maintenance.device);
    MaintenanceView {
        id: maintenance.id.to_string(),
        device_id: maintenance.device.to_string(),
        device_name: device.map(|device| device.name.to_string()),
        term: term(record, &maintenance.reason, now),
    }
}

/// From when to when; the error says what is wrong with it.
fn term_of(from: Option<&str>, until: &str, now: Timestamp) -> Result<(Timestamp, Timestamp), Problem> {
    let from = match from.filter(|text| !text.is_empty()) {
        None => now,
        Some(text) => parse_instant(text)
            .ok_or_else(|| Problem::invalid("起始时间有误。", "from is not an instant."))?,
    };
    let until =
        parse_instant(until).ok_or_else(|| Problem::invalid("截止时间有误。", "until is not an instant."))?;
    if until <= now || until <= from {
        return Err(Problem::invalid(
            "截止时间须晚于现在和起始时间。",
            "The end must be in the future and after the beginning.",
        ));
    }
    if until.ms_since(from) > QUIET_MS_MAX {
        return Err(Problem::invalid("期限不得超过 30 天。", "It may last for 30 days at most."));
    }
    Ok((from, until))
}

fn reason_of(reason: &str) -> Result<&str, Problem> {
    let reason = reason.trim();
    if reason.is_empty() {
        Err(Problem::invalid("须填写原因。", "A reason is needed."))
    } else {
        Ok(reason)
    }
}

fn silence_of(input: &SilenceInput, by: &str, now: Timestamp) -> Result<Silence, Problem> {
    let word =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
    let model = match word(&input.model) {
        None => None,
        Some(key) => Some(
            ModelId::parse(&key)
                .ok_or_else(|| Problem::invalid("没有这个预警模型。", "There is no such model."))?,
        ),
    };
    let vehicle = match word(&input.plate) {
        None => None,
        Some(plate) => Some(key_of(&plate, word(&input.plate_class).as_deref().unwrap_or("02"))?),
    };
    let checkpoint = word(&input.checkpoint_id).map(|id| id.as_str().into());
    if model.is_none() && vehicle.is_none() && checkpoint.is_none() {
        return Err(Problem::invalid(
            "须指定预警模型、车辆或卡口中的至少一项，不得静默全部预警。",
            "Name a model, a vehicle or a checkpoint: not all warnings can be silenced.",
        ));
    }
    let (from, until) = term_of(input.from.as_deref(), &input.until, now)?;
    let reason = reason_of(&input.reason)?.into();
    let id = SilenceId::from(new_id("silence", by, now).as_str());
    Ok(Silence { id, model, vehicle, checkpoint, from, until, reason })
}

async fn store(app: &App, by: &Signed, quiet: Quiet, now: Timestamp) -> Result<QuietRecord, Problem> {
    let created_by = by.user.username.clone();
    let record = QuietRecord { quiet, created_by, created_at: now, ended: None };
    app.records.add_silence(&record).await?;
    app.changed.notify_one();
    Ok(record)
}

async fn end(app: &App, by: &Signed, kind: QuietKind, id: &str) -> Result<QuietRecord, Problem> {
    let now = app.clock.now();
    let ended = app.records.end_silence(kind, &SilenceId::from(id), &by.user.username, now).await;
    let record = ended.map_err(|error| match error {
        EndSilenceError::NotFound => Problem::not_found("没有这条记录。", "There is no such silence."),
        EndSilenceError::Over { at } => Problem::conflict(
            format!("已于 {} 结束。", crate::words::beijing(at)),
            format!("It was over at {} already.", crate::words::beijing(at)),
        ),
        EndSilenceError::Store(error) => error.into(),
    })?;
    app.changed.notify_one();
    Ok(record)
}

/// Silences, newest first.
#[utoipa::path(get, path = "/silences", tag = "silences", params(SilenceQuery),
    responses((status = 200, body = List<SilenceView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _: Signed,
    Query(query): Query<SilenceQuery>,
) -> Result<Json<List<SilenceView>>, Problem> {
    let now = app.clock.now();
    let page = app.records.silences(QuietKind::Silence, open_at(&query, now), window(&query)).await?;
    let names = app.names.load();
    let view = |record: &QuietRecord| match &record.quiet {
        Quiet::Silence(silence) => Some(silence_view(record, silence, &names, now)),
        Quiet::Maintenance(_) => None,
    };
    Ok(Json(List { items: page.items.iter().filter_map(view).collect(), total: page.total }))
}

fn open_at(query: &SilenceQuery, now: Timestamp) -> Option<Timestamp> {
    query.open.filter(|wanted| *wanted).map(|_| now)
}

fn window(query: &SilenceQuery) -> Window {
    let paging = Paging { limit: query.limit, offset: query.offset, sort: None };
    Window { offset: paging.offset(), limit: paging.limit() }
}

/// Hides the warnings of a model, about a vehicle or at a checkpoint for a while.
#[utoipa::path(post, path = "/silences", tag = "silences", request_body = SilenceInput,
    responses((status = 200, body = SilenceView), (status = 422)))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    by: Signed,
    Json(input): Json<SilenceInput>,
) -> Result<Json<SilenceView>, Problem> {
    let now = app.clock.now();
    let silence = silence_of(&input, &by.user.username, now)?;
    let record = store(&app, &by, Quiet::Silence(silence.clone()), now).await?;
    by.audit(&app, "silence.create", silence.id.as_str(), &silence.reason).await?;
    Ok(Json(silence_view(&record, &silence, &app.names.load(), now)))
}

/// Ends a silence before its time.
#[utoipa::path(post, path = "/silences/{id}/end", tag = "silences", params(("id" = String, Path)),
    responses((status = 204), (status = 404), (status = 409)))]
pub(crate) async fn end_silence(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<String>,
) -> Result<axum::http::StatusCode, Problem> {
    end(&app, &by, QuietKind::Silence, &id).await?;
    by.audit(&app, "silence.end", &id, "").await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

/// Maintenance windows, newest first.
#[utoipa::path(get, path = "/maintenance", tag = "silences", params(SilenceQuery),
    responses((status = 200, body = List<MaintenanceView>)))]
pub(crate) async fn list_maintenance(
    State(app): State<Arc<App>>,
    _: Signed,
    Query(query): Query<SilenceQuery>,
) -> Result<Json<List<MaintenanceView>>, Problem> {
    let now = app.clock.now();
    let page = app.records.silences(QuietKind::Maintenance, open_at(&query, now), window(&query)).await?;
    let names = app.names.load();
    let view = |record: &QuietRecord| match &record.quiet {
        Quiet::Maintenance(maintenance) => Some(maintenance_view(record, maintenance, &names, now)),
        Quiet::Silence(_) => None,
    };
    Ok(Json(List { items: page.items.iter().filter_map(view).collect(), total: page.total }))
}

/// Hides what a device leads to while it is worked on.
#[utoipa::path(post, path = "/maintenance", tag = "silences", request_body = MaintenanceInput,
    responses((status = 200, body = MaintenanceView), (status = 404), (status = 422)))]
pub(crate) async fn create_maintenance(
    State(app): State<Arc<App>>,
    by: Signed,
    Json(input): Json<MaintenanceInput>,
) -> Result<Json<MaintenanceView>, Problem> {
    let now = app.clock.now();
    let (from, until) = term_of(input.from.as_deref(), &input.until, now)?;
    let reason = reason_of(&input.reason)?.into();
    let names = app.names.load();
    let device = names.devices.iter().find(|device| device.id.as_str() == input.device_id.trim());
    let device = device.ok_or_else(|| Problem::not_found("没有这台设备。", "There is no such device."))?;
    let id = SilenceId::from(new_id("maintenance", &by.user.username, now).as_str());
    let maintenance = Maintenance { id, device: device.id.clone(), from, until, reason };
    let record = store(&app, &by, Quiet::Maintenance(maintenance.clone()), now).await?;
    let detail = format!("{}: {}", maintenance.device, maintenance.reason);
    by.audit(&app, "maintenance.create", maintenance.id.as_str(), &detail).await?;
    Ok(Json(maintenance_view(&record, &maintenance, &names, now)))
}

/// Ends a maintenance window before its time.
#[utoipa::path(post, path = "/maintenance/{id}/end", tag = "silences", params(("id" = String, Path)),
    responses((status = 204), (status = 404), (status = 409)))]
pub(crate) async fn end_maintenance(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<String>,
) -> Result<axum::http::StatusCode, Problem> {
    end(&app, &by, QuietKind::Maintenance, &id).await?;
    by.audit(&app, "maintenance.end", &id, "").await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_names_something_has_a_reason_and_ends() {
        let now = Timestamp::from_unix_ms(1_795_363_200_000);
        let input = || SilenceInput {
            model: Some("clone_plate".into()),
            plate: None,
            plate_class: None,
            checkpoint_id: None,
            from: None,
            until: "2026-11-24T00:00:00+08:00".into(),
            reason: "演练".into(),
        };
        assert_eq!(silence_of(&input(), "li", now).unwrap().from, now);
        let refused = [
            SilenceInput { model: None, ..input() },
            SilenceInput { model: Some("nonsense".into()), ..input() },
            SilenceInput { plate: Some("？".into()), ..input() },
            SilenceInput { reason: " ".into(), ..input() },
            SilenceInput { until: "2026-11-22T00:00:00+08:00".into(), ..input() },
            SilenceInput { until: "2026-12-24T00:00:00+08:00".into(), ..input() },
            SilenceInput { from: Some("2026-11-25T00:00:00+08:00".into()), ..input() },
        ];
        for input in refused {
            assert!(silence_of(&input, "li", now).is_err(), "{input:?}");
        }
    }
}
