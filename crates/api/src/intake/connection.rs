//! What is connected: by protocol, how many devices there are, how many are there now, and what they send.

use crate::app::App;
use crate::problem::Problem;
use crate::session::Signed;
use crate::wire::instant;
use axum::Json;
use axum::extract::State;
use gateway::DeviceKind;
use records::QuarantineFilter;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// One protocol.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectionView {
    /// `gat1400`, `jt808`.
    protocol: &'static str,
    /// Where it is listened at; empty when that is not known.
    address: String,
    /// Devices that are registered.
    devices: u64,
    /// Devices that are there now.
    online: u64,
    /// When the last of them said anything, since the start of the server.
    last_seen_at: Option<String>,
    /// Observations taken today.
    observations_today: u64,
    /// Observations a second, over the last seconds.
    rate_per_s: f64,
    /// Devices that were refused.
    refused: u64,
    /// Messages of it in the quarantine.
    quarantined: u64,
}

/// What is connected.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectionList {
    items: Vec<ConnectionView>,
}

/// What is connected, by protocol.
#[utoipa::path(get, path = "/intake/connections", tag = "intake", responses((status = 200, body = ConnectionList)))]
pub(crate) async fn list(State(app): State<Arc<App>>, _: Signed) -> Result<Json<ConnectionList>, Problem> {
    let now = app.clock.now();
    let counts = app.board.counts(now);
    let today = app.board.observations_today();
    let names = app.names.load_full();
    let refused = app.records.refused_devices().await?;
    let addresses = app.addresses.load();
    let mut items = Vec::new();
    for (protocol, listener, kind, rate_per_s) in [
        ("gat1400", "viid", records::DeviceKind::Camera, counts.passages_per_s),
        ("jt808", "terminals", records::DeviceKind::Terminal, counts.positions_per_s),
    ] {
        let of_gateway = match kind {
            records::DeviceKind::Camera => DeviceKind::Camera,
            records::DeviceKind::Terminal => DeviceKind::Terminal,
        };
        let states = app.presence.all(of_gateway);
        let of_kind = names.devices.iter().filter(|device| device.kind == kind);
        let filter = QuarantineFilter { source: Some(kind), reason: None, since: None };
        items.push(ConnectionView {
            protocol,
            address: addresses.get(listener).map(ToString::to_string).unwrap_or_default(),
            devices: of_kind.clone().count() as u64,
            online: states.values().filter(|state| state.connected_since.is_some()).count() as u64,
            last_seen_at: states.values().map(|state| state.last_seen_at).max().map(instant),
            observations_today: of_kind.filter_map(|device| today.get(&device.id)).sum(),
            rate_per_s,
            refused: refused.iter().filter(|device| device.kind == kind).count() as u64,
            quarantined: app.records.quarantine_counts(&filter).await?.iter().map(|(_, count)| *count).sum(),
        });
    }
    Ok(Json(ConnectionList { items }))
}
