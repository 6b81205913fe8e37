//! Checkpoints (卡口) and sections (区间).

use crate::access::Signed;
use crate::app::App;
use crate::problem::Problem;
use crate::wire::{List, instant};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::{Checkpoint, CheckpointId, Section, SectionId, Theatre, Timestamp, UnitId, Wgs84};
use gateway::DeviceState;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// A camera that said nothing for this long is silent, in ms: three keepalives of 90 s (GA/T 1400.4) and some.
pub(crate) const SILENT_AFTER_MS: i64 = 5 * domain::time::MINUTE_MS;

/// A checkpoint and how it does today.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckpointView {
    /// 20 digits.
    id: String,
    name: String,
    /// `expressway`, `national_provincial`, `urban`, `rural`.
    theatre: &'static str,
    road: String,
    /// Metres from the road's beginning.
    chainage_m: Option<u32>,
    direction: String,
    lane_count: u8,
    /// Limit for small vehicles in km/h, where speeds are judged.
    limit_kmh: Option<u16>,
    /// Limit for large vehicles in km/h.
    limit_large_kmh: Option<u16>,
    /// The only direction code in which traffic may pass.
    one_way: Option<u8>,
    /// Whose it is: the squad or station at whose desk its warnings lie.
    unit_id: Option<i64>,
    lon: f64,
    lat: f64,
    /// `online`: a camera of it speaks; `silent`: it is registered and says nothing; `offline`.
    state: &'static str,
    last_passage_at: Option<String>,
    passages_today: u64,
}

/// What a client sends to store a checkpoint.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(clippy::option_option, reason = "left out, emptied or set")]
pub(crate) struct CheckpointInput {
    name: String,
    theatre: String,
    #[serde(default)]
    road: String,
    chainage_m: Option<u32>,
    #[serde(default)]
    direction: String,
    #[serde(default)]
    lane_count: u8,
    limit_kmh: Option<u16>,
    limit_large_kmh: Option<u16>,
    one_way: Option<u8>,
    /// Whose it is; left out, it stays; `null`: nobody's, and its warnings lie at the brigade's desk.
    #[serde(default, deserialize_with = "crate::unit::given")]
    #[schema(value_type = Option<i64>)]
    unit_id: Option<Option<i64>>,
    lon: f64,
    lat: f64,
}

/// A section.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SectionView {
    id: String,
    name: String,
    start_checkpoint_id: String,
    end_checkpoint_id: String,
    length_m: u32,
    limit_kmh: u16,
    limit_large_kmh: u16,
}

/// What a client sends to store a section.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SectionInput {
    name: String,
    start_checkpoint_id: String,
    end_checkpoint_id: String,
    length_m: u32,
    limit_kmh: u16,
    limit_large_kmh: u16,
}

/// The state word of a device.
pub(crate) fn device_state_word(state: Option<&DeviceState>, now: Timestamp) -> &'static str {
    match state {
        Some(state) if state.connected_since.is_some() => {
            if now.ms_since(state.last_seen_at) < SILENT_AFTER_MS { "online" } else { "silent" }
        }
        _ => "offline",
    }
}

/// The state word of each checkpoint: the best of its cameras.
pub(crate) fn checkpoint_states(app: &App) -> HashMap<CheckpointId, &'static str> {
    let now = app.clock.now();
    let present = app.presence.all();
    let mut states: HashMap<CheckpointId, &'static str> = HashMap::new();
    for device in &app.names.load().devices {
        if !device.kind.is_camera() {
            continue;
        }
        let word = device_state_word(present.get(&(device.kind, device.id.clone())), now);
        for checkpoint in &device.checkpoints {
            let best = states.entry(checkpoint.clone()).or_insert("offline");
            if word == "online" || (word == "silent" && *best == "offline") {
                *best = word;
            }
        }
    }
    states
}

/// Longest name of a checkpoint.
const NAME_CHARS_MAX: usize = 60;

/// All checkpoints.
#[utoipa::path(get, path = "/checkpoints", tag = "checkpoints", responses((status = 200, body = List<CheckpointView>)))]
pub(crate) async fn list(State(app): State<Arc<App>>, _: Signed) -> Json<List<CheckpointView>> {
    let states = checkpoint_states(&app);
    let today = app.board.checkpoints();
    let office = app.office.load();
    let items: Vec<_> = app
        .names
        .load()
        .checkpoints
        .values()
        .map(|checkpoint| {
            let now = today.get(&checkpoint.id).copied().unwrap_or_default();
            CheckpointView {
                id: checkpoint.id.to_string(),
                name: checkpoint.name.to_string(),
                theatre: checkpoint.theatre.key(),
                road: checkpoint.road.to_string(),
                chainage_m: checkpoint.chainage_m,
                direction: checkpoint.direction.to_string(),
                lane_count: checkpoint.lane_count,
                limit_kmh: checkpoint.limit_kmh,
                limit_large_kmh: checkpoint.limit_large_kmh,
                one_way: checkpoint.one_way,
                unit_id: office.desk.places.get(&checkpoint.id).map(|unit| unit.0),
                lon: checkpoint.location.lon_deg(),
                lat: checkpoint.location.lat_deg(),
                state: states.get(&checkpoint.id).copied().unwrap_or("offline"),
                last_passage_at: now.last_passage_at.map(instant),
                passages_today: now.passages_today,
            }
        })
        .collect();
    Json(List { total: items.len() as u64, items })
}

/// Stores a checkpoint, new or changed.
#[utoipa::path(put, path = "/checkpoints/{id}", tag = "checkpoints", params(("id" = String, Path)),
    request_body = CheckpointInput, responses((status = 204), (status = 422)))]
pub(crate) async fn put(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<String>,
    Json(input): Json<CheckpointInput>,
) -> Result<StatusCode, Problem> {
    let theatre = Theatre::parse(&input.theatre)
        .ok_or_else(|| Problem::invalid("战场须为高速、国省道、城区或农村道路。", "Unknown theatre."))?;
    let location = Wgs84::new(input.lon, input.lat)
        .ok_or_else(|| Problem::invalid("经纬度超出范围。", "The coordinates are not on the earth."))?;
    let name = input.name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        return Err(Problem::invalid("卡口名称须为 1 至 60 个字。", "A name has 1 to 60 characters."));
    }
    let checkpoint = Checkpoint {
        id: CheckpointId::from(id.trim()),
        name: name.into(),
        theatre,
        location,
        road: input.road.into(),
        chainage_m: input.chainage_m,
        direction: input.direction.into(),
        lane_count: input.lane_count,
        limit_kmh: input.limit_kmh,
        limit_large_kmh: input.limit_large_kmh,
        one_way: input.one_way,
    };
    let owner = input.unit_id.map(|unit| unit.map(UnitId));
    if let Some(Some(unit)) = owner
        && !app.units.load().get(unit).is_some_and(|unit| unit.is_enabled)
    {
        return Err(Problem::invalid("没有这个单位。", "There is no such unit."));
    }
    app.records.put_checkpoints(std::slice::from_ref(&checkpoint)).await?;
    if let Some(owner) = owner {
        app.records.assign_checkpoints(&[(checkpoint.id.clone(), owner)]).await?;
    }
    app.reference_changed().await?;
    by.audit(&app, "checkpoint.put", checkpoint.id.as_str(), &checkpoint.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a checkpoint.
#[utoipa::path(delete, path = "/checkpoints/{id}", tag = "checkpoints", params(("id" = String, Path)),
    responses((status = 204), (status = 404)))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    if !app.records.remove_checkpoint(&CheckpointId::from(id.as_str())).await? {
        return Err(Problem::not_found("没有这个卡口。", "There is no such checkpoint."));
    }
    app.reference_changed().await?;
    by.audit(&app, "checkpoint.remove", &id, "").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// All sections.
#[utoipa::path(get, path = "/sections", tag = "checkpoints", responses((status = 200, body = List<SectionView>)))]
pub(crate) async fn list_sections(State(app): State<Arc<App>>, _: Signed) -> Json<List<SectionView>> {
    let names = app.names.load();
    let items: Vec<_> = names
        .sections
        .values()
        .map(|section| SectionView {
            id: section.id.to_string(),
            name: section.name.to_string(),
            start_checkpoint_id: section.start.to_string(),
            end_checkpoint_id: section.end.to_string(),
            length_m: section.length_m,
            limit_kmh: section.limit_kmh,
            limit_large_kmh: section.limit_large_kmh,
        })
        .collect();
    Json(List { total: items.len() as u64, items })
}

/// Stores a section, new or changed.
#[utoipa::path(put, path = "/sections/{id}", tag = "checkpoints", params(("id" = String, Path)),
    request_body = SectionInput, responses((status = 204), (status = 422)))]
pub(crate) async fn put_section(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<String>,
    Json(input): Json<SectionInput>,
) -> Result<StatusCode, Problem> {
    if input.length_m == 0 || input.limit_kmh == 0 || input.limit_large_kmh == 0 {
        return Err(Problem::invalid(
            "区间长度与限速须大于 0。",
            "Length and limits must be greater than 0.",
        ));
    }
    let names = app.names.load();
    for end in [&input.start_checkpoint_id, &input.end_checkpoint_id] {
        if !names.checkpoints.contains_key(&CheckpointId::from(end.as_str())) {
            return Err(Problem::invalid(
                format!("没有卡口“{end}”。"),
                format!("There is no checkpoint {end}."),
            ));
        }
    }
    let section = Section {
        id: SectionId::from(id.trim()),
        name: input.name.trim().into(),
        start: CheckpointId::from(input.start_checkpoint_id.as_str()),
        end: CheckpointId::from(input.end_checkpoint_id.as_str()),
        length_m: input.length_m,
        limit_kmh: input.limit_kmh,
        limit_large_kmh: input.limit_large_kmh,
    };
    app.records.put_sections(std::slice::from_ref(&section)).await?;
    app.reference_changed().await?;
    by.audit(&app, "section.put", section.id.as_str(), &section.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a section.
#[utoipa::path(delete, path = "/sections/{id}", tag = "checkpoints", params(("id" = String, Path)),
    responses((status = 204), (status = 404)))]
pub(crate) async fn remove_section(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    if !app.records.remove_section(&SectionId::from(id.as_str())).await? {
        return Err(Problem::not_found("没有这个区间。", "There is no such section."));
    }
    app.reference_changed().await?;
    by.audit(&app, "section.remove", &id, "").await?;
    Ok(StatusCode::NO_CONTENT)
}
