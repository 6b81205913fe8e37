//! What is connected: by kind, how many devices there are, how many are there now, and what they send.

use crate::access::Signed;
use crate::app::App;
use crate::problem::Problem;
use crate::wire::instant;
use axum::Json;
use axum::extract::State;
use domain::DeviceKind;
use records::QuarantineFilter;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// One kind of devices, by its protocol.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectionView {
    /// `camera`, `isapi`, `dahua`, `terminal`, `fleet`.
    kind: &'static str,
    /// Where it is listened for; empty when it is not.
    address: String,
    /// Devices that are registered.
    devices: u64,
    /// Devices that are there now.
    online: u64,
    /// When the last of them said anything, since the start of the server.
    last_seen_at: Option<String>,
    /// Observations taken today.
    observations_today: u64,
    /// Observations taken since the start of the server: its change is their rate.
    observations: u64,
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

/// The listener of a kind, by the name of its protocol (`gateway::PROTOCOLS`).
fn listener(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Camera => "viid",
        DeviceKind::Terminal => "terminals",
        DeviceKind::Isapi => "isapi",
        DeviceKind::Dahua => "dahua",
        DeviceKind::Fleet => "fleets",
    }
}

/// What is connected, by kind of device.
#[utoipa::path(get, path = "/intake/connections", tag = "intake", responses((status = 200, body = ConnectionList)))]
pub(crate) async fn list(State(app): State<Arc<App>>, _: Signed) -> Result<Json<ConnectionList>, Problem> {
    let today = app.board.observations_today();
    let names = app.names.load_full();
    let addresses = app.addresses.load_full();
    let present = app.presence.all();
    let refused = app.records.refused_devices().await?;
    let mut items = Vec::new();
    for kind in DeviceKind::ALL {
        let registered = || names.devices.iter().filter(|device| device.kind == kind);
        let there = || present.iter().filter(|((of, _), _)| *of == kind).map(|(_, state)| state);
        let filter = QuarantineFilter { source: Some(kind), reason: None, since: None };
        items.push(ConnectionView {
            kind: kind.key(),
            address: addresses.get(listener(kind)).map(ToString::to_string).unwrap_or_default(),
            devices: registered().count() as u64,
            online: there().filter(|state| state.connected_since.is_some()).count() as u64,
            last_seen_at: there().map(|state| state.last_seen_at).max().map(instant),
            observations_today: registered().filter_map(|device| today.get(&device.id)).sum(),
            observations: there().map(|state| state.observations).sum(),
            refused: refused.iter().filter(|device| device.kind == kind).count() as u64,
            quarantined: app.records.quarantine_counts(&filter).await?.values().sum(),
        });
    }
    // A kind that is neither listened for nor registered is no connection.
    items.retain(|item| !item.address.is_empty() || item.devices > 0);
    Ok(Json(ConnectionList { items }))
}
