//! Tollgates (卡口) of other platforms: what was heard of, and how one becomes a checkpoint.

use crate::access::Signed;
use crate::app::App;
use crate::platform::find;
use crate::problem::Problem;
use crate::wire::{List, instant};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::{Checkpoint, CheckpointId, Theatre, Wgs84};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// A tollgate of another platform.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TollgateView {
    id: String,
    name: String,
    lon: Option<f64>,
    lat: Option<f64>,
    /// `waiting`, `admitted`.
    state: &'static str,
    /// Passages that were not taken.
    passages: u64,
    first_seen_at: String,
    last_seen_at: String,
}

/// How a tollgate becomes a checkpoint.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct AdmitTollgateInput {
    name: String,
    theatre: String,
    lon: f64,
    lat: f64,
}

/// Tollgates of a platform, those that wait for admission first.
#[utoipa::path(get, path = "/platforms/{id}/tollgates", tag = "platforms", params(("id" = String, Path)),
    responses((status = 200, body = List<TollgateView>), (status = 404)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _: Signed,
    Path(id): Path<String>,
) -> Result<Json<List<TollgateView>>, Problem> {
    let platform = find(&app, &id).await?;
    let items: Vec<_> = (app.records.tollgates(Some(&platform.id)).await?.into_iter())
        .map(|tollgate| TollgateView {
            id: tollgate.id.to_string(),
            name: tollgate.name.to_string(),
            lon: tollgate.location.map(|(lon, _)| lon),
            lat: tollgate.location.map(|(_, lat)| lat),
            state: tollgate.state.key(),
            passages: tollgate.passages,
            first_seen_at: instant(tollgate.first_seen_at),
            last_seen_at: instant(tollgate.last_seen_at),
        })
        .collect();
    Ok(Json(List { total: items.len() as u64, items }))
}

/// Admits a tollgate: it becomes a checkpoint, and its passages are taken from now on.
#[utoipa::path(post, path = "/platforms/{id}/tollgates/{tollgate}/admit", tag = "platforms",
    params(("id" = String, Path), ("tollgate" = String, Path)), request_body = AdmitTollgateInput,
    responses((status = 204), (status = 404), (status = 422)))]
pub(crate) async fn admit(
    State(app): State<Arc<App>>,
    by: Signed,
    Path((id, tollgate)): Path<(String, String)>,
    Json(input): Json<AdmitTollgateInput>,
) -> Result<StatusCode, Problem> {
    let platform = find(&app, &id).await?;
    let tollgate = CheckpointId::from(tollgate.as_str());
    let theatre = Theatre::parse(&input.theatre)
        .ok_or_else(|| Problem::invalid("战场须为高速、国省道、城区或农村道路。", "Unknown theatre."))?;
    let location = Wgs84::new(input.lon, input.lat)
        .ok_or_else(|| Problem::invalid("经纬度超出范围。", "The coordinates are not on the earth."))?;
    if input.name.trim().is_empty() {
        return Err(Problem::invalid("须填写卡口名称。", "The name is needed."));
    }
    if !app.records.admit_tollgate(&platform.id, &tollgate).await? {
        return Err(Problem::not_found("没有这个卡口。", "There is no such tollgate."));
    }
    let is_known = app.names.load().checkpoints.contains_key(&tollgate);
    if !is_known {
        let checkpoint = Checkpoint {
            id: tollgate.clone(),
            name: input.name.trim().into(),
            theatre,
            location,
            road: "".into(),
            chainage_m: None,
            direction: "".into(),
            lane_count: 0,
            limit_kmh: None,
            limit_large_kmh: None,
            one_way: None,
        };
        app.records.put_checkpoints(&[checkpoint]).await?;
    }
    app.reference_changed().await?;
    app.exchange.changed();
    let detail = format!("{}: {}", platform.name, input.name.trim());
    by.audit(&app, "platform.admit_tollgate", tollgate.as_str(), &detail).await?;
    Ok(StatusCode::NO_CONTENT)
}
