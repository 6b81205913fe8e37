//! How devices do (设备健康): online, late, clocks, misread plates; now and hour by hour.

use crate::access::Signed;
use crate::app::App;
use crate::device::parse_kind;
use crate::problem::Problem;
use crate::wire::{List, instant};
use axum::Json;
use axum::extract::{Path, Query, State};
use calibration::{DeviceHealth, HOURS_MAX, HourOfDevice};
use domain::{DeviceId, DeviceKind, Timestamp};
use records::Device;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Hours that the figures of the list are of.
const DAY_HOURS: usize = 24;
/// Hours shown of a device when the client names none: a week.
const HOURS_DEFAULT: usize = 168;

/// What was learned of devices. The journal's reader stores a new one now and then; hours that did not change are shared
/// with the one before.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Devices as they stand.
    pub devices: BTreeMap<DeviceId, DeviceHealth>,
    /// Their hours in which something came, the oldest first.
    pub hours: BTreeMap<DeviceId, Arc<[HourOfDevice]>>,
}

/// How a device does.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceHealthView {
    /// `camera` or `terminal`.
    kind: &'static str,
    id: String,
    name: String,
    checkpoint_ids: Vec<String>,
    /// When something last reached us; absent before anything did.
    last_received_at: Option<String>,
    observations_24h: u32,
    /// Share of the minutes of the last 24 hours in which something reached us, 0 to 1.
    online_rate_24h: f64,
    /// Share of what reached us late in the last 24 hours, 0 to 1; absent when nothing came.
    late_share_24h: Option<f64>,
    /// From capture, by its clock set right, to receipt; of its newest hour.
    delay_median_ms: Option<i64>,
    /// 95 % came within this; of its newest hour.
    delay_p95_ms: Option<i64>,
    /// How far its clock is ahead of ours; negative when behind; absent when nothing was learned yet.
    clock_ahead_ms: Option<i64>,
    /// The true value lies this far around it.
    clock_uncertainty_ms: Option<u32>,
    /// Least delay of its line, where the line is slow and not the clock behind.
    slow_line_ms: Option<i64>,
    /// Share of misread plates by day (06:00–18:00), 0 to 1; absent when too little was seen.
    misread_share_day: Option<f64>,
    /// The same by night.
    misread_share_night: Option<f64>,
    /// Share of plates with a place not read in the last 24 hours, 0 to 1.
    unread_share_24h: Option<f64>,
}

/// A device, hour by hour.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceHoursView {
    #[serde(flatten)]
    device: DeviceHealthView,
    /// Hours in which something came, the oldest first.
    hours: Vec<HourView>,
}

/// One hour of a device.
#[derive(Debug, Serialize, ToSchema)]
struct HourView {
    /// When it begins, by receipt.
    from: String,
    observations: u32,
    late: u32,
    /// Minutes in which something reached us.
    online_minutes: u8,
    delay_least_ms: i64,
    delay_median_ms: i64,
    delay_p95_ms: i64,
    clock_ahead_ms: Option<i64>,
    /// Passages with a plate.
    reads: u32,
    /// Of them, those with a place not read.
    unread: u32,
    /// Passages without a plate.
    no_plate: u32,
    /// As estimated at the end of the hour, 0 to 1.
    misread_share: Option<f64>,
}

/// Whether a device of kind `found` is asked for by `kind`: all cameras are "cameras", whatever they speak.
fn is_meant(kind: DeviceKind, found: DeviceKind) -> bool {
    kind == found || (kind == DeviceKind::Camera && found.is_camera())
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct HealthQuery {
    /// A kind of device, `camera` for cameras of all protocols; all kinds when left out.
    kind: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct HoursQuery {
    /// The last so many hours, 168 when left out.
    hours: Option<usize>,
}

fn share(part: u32, whole: u32) -> Option<f64> {
    (whole > 0).then(|| f64::from(part) / f64::from(whole))
}

fn of_permille(permille: u16) -> f64 {
    f64::from(permille) / 1_000.0
}

fn view(device: &Device, health: &Health, now: Timestamp) -> DeviceHealthView {
    let known = health.devices.get(&device.id);
    let hours = health.hours.get(&device.id).map_or(&[][..], AsRef::as_ref);
    let day = last_hours(hours, DAY_HOURS, now);
    let (reads, unread) =
        day.fold((0, 0), |(reads, unread), hour| (reads + hour.read_count, unread + hour.unread_count));
    let clock = known.and_then(|known| known.clock);
    let misread = known.and_then(|known| known.misread);
    DeviceHealthView {
        kind: device.kind.key(),
        id: device.id.to_string(),
        name: device.name.to_string(),
        checkpoint_ids: device.checkpoints.iter().map(ToString::to_string).collect(),
        last_received_at: known.map(|known| instant(known.last_received_at)),
        observations_24h: known.map_or(0, |known| known.observation_count_24h),
        online_rate_24h: known.map_or(0.0, |known| of_permille(known.online_permille_24h)),
        late_share_24h: known.and_then(|known| share(known.late_count_24h, known.observation_count_24h)),
        delay_median_ms: known.map(|known| known.delay_median_ms),
        delay_p95_ms: hours.last().map(|hour| hour.delay_p95_ms),
        clock_ahead_ms: clock.map(|clock| clock.ahead_ms),
        clock_uncertainty_ms: clock.map(|clock| clock.uncertainty_ms),
        slow_line_ms: known.and_then(|known| known.slow_line_ms),
        misread_share_day: misread.map(|misread| of_permille(misread.day_permille)),
        misread_share_night: misread.map(|misread| of_permille(misread.night_permille)),
        unread_share_24h: share(unread, reads),
    }
}

/// The hours that began within the last `count` ones.
fn last_hours(hours: &[HourOfDevice], count: usize, now: Timestamp) -> impl Iterator<Item = &HourOfDevice> {
    let since = now.plus_ms(-(count as i64) * domain::time::HOUR_MS);
    hours.iter().filter(move |hour| hour.from > since)
}

fn hour_view(hour: &HourOfDevice) -> HourView {
    HourView {
        from: instant(hour.from),
        observations: hour.observation_count,
        late: hour.late_count,
        online_minutes: hour.online_minutes,
        delay_least_ms: hour.delay_least_ms,
        delay_median_ms: hour.delay_median_ms,
        delay_p95_ms: hour.delay_p95_ms,
        clock_ahead_ms: hour.clock_ahead_ms,
        reads: hour.read_count,
        unread: hour.unread_count,
        no_plate: hour.no_plate_count,
        misread_share: hour.misread_permille.map(of_permille),
    }
}

/// How all registered devices do.
#[utoipa::path(get, path = "/devices/health", tag = "devices", params(HealthQuery),
    responses((status = 200, body = List<DeviceHealthView>), (status = 422)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _: Signed,
    Query(query): Query<HealthQuery>,
) -> Result<Json<List<DeviceHealthView>>, Problem> {
    let kind = query.kind.as_deref().filter(|word| !word.is_empty()).map(parse_kind).transpose()?;
    let (names, health, now) = (app.names.load(), app.health.load(), app.clock.now());
    let devices = names.devices.iter().filter(|device| kind.is_none_or(|kind| is_meant(kind, device.kind)));
    let items: Vec<_> = devices.map(|device| view(device, &health, now)).collect();
    Ok(Json(List { total: items.len() as u64, items }))
}

/// How a device did, hour by hour.
#[utoipa::path(get, path = "/devices/{kind}/{id}/health", tag = "devices",
    params(("kind" = String, Path), ("id" = String, Path), HoursQuery),
    responses((status = 200, body = DeviceHoursView), (status = 404), (status = 422)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    _: Signed,
    Path((kind, id)): Path<(String, String)>,
    Query(query): Query<HoursQuery>,
) -> Result<Json<DeviceHoursView>, Problem> {
    let kind = parse_kind(&kind)?;
    let (names, health, now) = (app.names.load(), app.health.load(), app.clock.now());
    let device = names.devices.iter().find(|device| is_meant(kind, device.kind) && device.id.as_str() == id);
    let device = device.ok_or_else(|| Problem::not_found("没有这台设备。", "There is no such device."))?;
    let hours = health.hours.get(&device.id).map_or(&[][..], AsRef::as_ref);
    let count = query.hours.unwrap_or(HOURS_DEFAULT).clamp(1, HOURS_MAX + 1);
    Ok(Json(DeviceHoursView {
        device: view(device, &health, now),
        hours: last_hours(hours, count, now).map(hour_view).collect(),
    }))
}
