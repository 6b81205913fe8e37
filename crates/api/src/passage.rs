//! Recent passages (过车) and where key vehicles are now.

use crate::access::Signed;
use crate::app::App;
use crate::board::{VEHICLE_ONLINE_MS, VehicleNow};
use crate::problem::{Problem, RequestLanguage};
use crate::vehicle::key_of;
use crate::warning::{EvidenceView, evidence_view};
use crate::wire::{LIMIT_MAX, List, instant, parse_instant};
use axum::Json;
use axum::extract::{Path, Query, State};
use domain::{KeyClass, Timestamp, VehicleKey};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// A vehicle with a terminal, now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyVehicleView {
    plate: String,
    plate_class: String,
    plate_color: &'static str,
    key_class: Option<&'static str>,
    lon: f64,
    lat: f64,
    speed_kmh: f64,
    heading_deg: u16,
    at: String,
    online: bool,
    device_id: String,
}

/// One fix: longitude, latitude, Unix milliseconds, km/h.
type Fix = (f64, f64, i64, f64);

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct PassageQuery {
    checkpoint: Option<String>,
    /// Part of the plate. A look-up: needs `reason` and is audited.
    plate: Option<String>,
    since: Option<String>,
    until: Option<String>,
    limit: Option<usize>,
    reason: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct TrackQuery {
    minutes: Option<i64>,
    /// Why it is looked up; audited.
    reason: Option<String>,
}

pub(crate) fn key_vehicle_view(
    app: &App,
    key: VehicleKey,
    vehicle: &VehicleNow,
    now: Timestamp,
) -> KeyVehicleView {
    KeyVehicleView {
        plate: key.plate.to_string(),
        plate_class: key.class.to_string(),
        plate_color: key.class.color().key(),
        key_class: app.key_classes.load().get(&key).copied().map(KeyClass::key),
        lon: vehicle.location.lon_deg(),
        lat: vehicle.location.lat_deg(),
        speed_kmh: f64::from(vehicle.speed_dkmh) / 10.0,
        heading_deg: vehicle.heading_deg,
        at: instant(vehicle.at),
        online: now.ms_since(vehicle.at) < VEHICLE_ONLINE_MS,
        device_id: vehicle.device.to_string(),
    }
}

/// Recent passages, newest first. History of years is another room.
#[utoipa::path(get, path = "/passages", tag = "passages", params(PassageQuery),
    responses((status = 200, body = List<EvidenceView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Query(query): Query<PassageQuery>,
) -> Result<Json<List<EvidenceView>>, Problem> {
    let word = |text: &Option<String>| text.clone().map(|t| t.trim().to_string()).filter(|t| !t.is_empty());
    let time = |text: &Option<String>| match word(text) {
        None => Ok(None),
        Some(text) => parse_instant(&text)
            .map(Some)
            .ok_or_else(|| Problem::invalid("时间有误。", "since or until is no instant.")),
    };
    let (since, until, checkpoint) = (time(&query.since)?, time(&query.until)?, word(&query.checkpoint));
    let plate = word(&query.plate).map(|text| text.to_uppercase());
    if let Some(plate) = &plate {
        let reason = reason_of(query.reason.as_ref())?;
        by.audit(&app, "passage.look_up", plate, &reason).await?;
    }
    let limit = query.limit.unwrap_or(100).clamp(1, LIMIT_MAX as usize);
    let names = app.names.load();
    let found = app.board.recent(limit, |observation, passage| {
        checkpoint.as_deref().is_none_or(|id| passage.checkpoint.as_str() == id)
            && since.is_none_or(|since| observation.captured_at >= since)
            && until.is_none_or(|until| observation.captured_at < until)
            && plate.as_deref().is_none_or(|part| {
                passage.plate_text.contains(part)
                    || passage.plate.is_some_and(|plate| plate.to_string().contains(part))
            })
    });
    let items: Vec<_> =
        found.iter().map(|observation| evidence_view(observation, &names, language)).collect();
    Ok(Json(List { total: items.len() as u64, items }))
}

/// Where vehicles with terminals are.
#[utoipa::path(get, path = "/key-vehicles", tag = "passages", responses((status = 200, body = List<KeyVehicleView>)))]
pub(crate) async fn key_vehicles(State(app): State<Arc<App>>, _: Signed) -> Json<List<KeyVehicleView>> {
    let now = app.clock.now();
    let items: Vec<_> = app
        .board
        .vehicles()
        .iter()
        .map(|(key, vehicle)| key_vehicle_view(&app, *key, vehicle, now))
        .collect();
    Json(List { total: items.len() as u64, items })
}

/// The newest fixes of one vehicle, oldest first.
#[utoipa::path(get, path = "/key-vehicles/{plate}/{plate_class}/track", tag = "passages",
    params(("plate" = String, Path), ("plate_class" = String, Path), TrackQuery),
    responses((status = 200, body = Vec<Vec<f64>>), (status = 404)))]
pub(crate) async fn track(
    State(app): State<Arc<App>>,
    by: Signed,
    Path((plate, class)): Path<(String, String)>,
    Query(query): Query<TrackQuery>,
) -> Result<Json<Vec<Fix>>, Problem> {
    let key = key_of(&plate, &class)?;
    let reason = reason_of(query.reason.as_ref())?;
    by.audit(&app, "vehicle.track", &plate, &reason).await?;
    let vehicle = app
        .board
        .vehicle(key)
        .ok_or_else(|| Problem::not_found("该车没有定位数据。", "There are no positions of this vehicle."))?;
    let since =
        app.clock.now().plus_ms(-query.minutes.unwrap_or(60).clamp(1, 24 * 60) * domain::time::MINUTE_MS);
    let fixes = vehicle.track.iter().filter(|(at, _, _)| *at >= since);
    Ok(Json(
        fixes
            .map(|(at, place, speed)| {
                (place.lon_deg(), place.lat_deg(), at.unix_ms(), f64::from(*speed) / 10.0)
            })
            .collect(),
    ))
}

/// Why a vehicle is looked up; a look-up without a reason is refused.
pub(crate) fn reason_of(reason: Option<&String>) -> Result<String, Problem> {
    reason
        .map(|text| text.trim().to_string())
        .filter(|text| !text.is_empty())
        .ok_or_else(|| Problem::invalid("查询车辆须填写事由。", "Looking up a vehicle needs a reason."))
}
