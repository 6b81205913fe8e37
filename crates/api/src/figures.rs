//! The day's figures. Each opens its records: the page links them to the lists with the same filter.

use crate::access::Signed;
use crate::app::App;
use crate::checkpoint::{checkpoint_states, device_state_word};
use crate::problem::Problem;
use crate::wire::instant;
use axum::Json;
use axum::extract::State;
use domain::{CivilDay, Level, ModelId, UnitPath};
use records::{QuarantineFilter, WarningState};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// The day's figures.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Figures {
    /// The Beijing day.
    day: String,
    now: String,
    /// Passages captured today.
    passages_today: u64,
    /// The same by hour of capture.
    passages_per_hour: Vec<u64>,
    positions_today: u64,
    /// Warnings that occurred today and stand.
    warnings_today: u64,
    warnings_today_by_model: BTreeMap<&'static str, u64>,
    /// Of all days.
    warnings_unsigned: u64,
    /// Signed, occurred today.
    warnings_signed: u64,
    warnings_by_level_unsigned: BTreeMap<&'static str, u64>,
    devices_total: u64,
    devices_online: u64,
    checkpoints_total: u64,
    checkpoints_online: u64,
    key_vehicles_online: u64,
    quarantined_today: u64,
    refused_devices: u64,
    passages_per_s: f64,
    positions_per_s: f64,
    backfill: Backfill,
}

/// Whether old data is coming in, and how far judgement is behind.
#[derive(Debug, Serialize, ToSchema)]
struct Backfill {
    active: bool,
    /// Seconds by which judgement is behind arrival.
    behind_s: f64,
}

/// The day's figures.
#[utoipa::path(get, path = "/figures", tag = "command", responses((status = 200, body = Figures)))]
pub(crate) async fn get(State(app): State<Arc<App>>, by: Signed) -> Result<Json<Figures>, Problem> {
    figures(&app, by.scope()).await.map(Json)
}

/// The figures, with the warnings of this part of the county.
pub(crate) async fn figures(app: &App, scope: &UnitPath) -> Result<Figures, Problem> {
    let now = app.clock.now();
    let counts = app.board.counts(now);
    let (since, until) = (counts.day.start(), CivilDay(counts.day.0 + 1).start());
    let mut by_model: BTreeMap<&'static str, u64> =
        ModelId::ALL.iter().map(|model| (model.key(), 0)).collect();
    let (mut today, mut signed) = (0, 0);
    for count in app.records.warning_counts(since, until, scope).await? {
        if count.state == WarningState::Withdrawn {
            continue;
        }
        today += count.count;
        *by_model.entry(count.model.key()).or_default() += count.count;
        if count.state.is_acted_on() {
            signed += count.count;
        }
    }
    let unsigned = app.records.warning_counts_by_level(WarningState::Raised, scope).await?;
    let by_level = [Level::High, Level::Medium, Level::Low];
    let by_level: BTreeMap<_, _> =
        by_level.iter().map(|level| (level.key(), unsigned.get(level).copied().unwrap_or(0))).collect();
    let states = checkpoint_states(app);
    let names = app.names.load();
    let devices = &names.devices;
    let present = app.presence.all();
    let online = devices
        .iter()
        .filter(|device| device_state_word(present.get(&(device.kind, device.id.clone())), now) == "online");
    let since_midnight = QuarantineFilter { since: Some(since), ..QuarantineFilter::default() };
    let quarantined = app.records.quarantine_counts(&since_midnight).await?.values().sum();
    let refused = app.records.refused_devices().await?.len() as u64;
    Ok(Figures {
        day: counts.day.to_string(),
        now: instant(now),
        passages_today: counts.passages,
        passages_per_hour: counts.passages_per_hour.to_vec(),
        positions_today: counts.positions,
        warnings_today: today,
        warnings_today_by_model: by_model,
        warnings_unsigned: unsigned.values().sum(),
        warnings_signed: signed,
        warnings_by_level_unsigned: by_level,
        devices_total: devices.len() as u64,
        devices_online: online.count() as u64,
        checkpoints_total: names.checkpoints.len() as u64,
        checkpoints_online: states.values().filter(|word| **word == "online").count() as u64,
        key_vehicles_online: counts.vehicles_online as u64,
        quarantined_today: quarantined,
        refused_devices: refused,
        passages_per_s: counts.passages_per_s,
        positions_per_s: counts.positions_per_s,
        backfill: Backfill { active: counts.is_backfilling, behind_s: app.lag_ms() as f64 / 1_000.0 },
    })
}
