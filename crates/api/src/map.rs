//! The map without internet: the county's roads and places from the server, and an optional base map.

use crate::access::Signed;
use crate::app::App;
use crate::problem::Problem;
use crate::wire::Point;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use records::LayerName;
use serde::{Deserialize, Serialize};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use utoipa::ToSchema;

/// Largest GeoJSON document taken, in bytes.
pub(crate) const GEOJSON_BYTES_MAX: usize = 64 << 20;

/// Where the map looks at first, and what lies under it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MapConfig {
    /// Middle of the county.
    center: Point,
    /// West, south, east, north in degrees.
    bounds: [f64; 4],
    /// The base map.
    basemap: Basemap,
}

impl Default for MapConfig {
    fn default() -> Self {
        Self {
            center: Point { lon: 118.84, lat: 35.18 },
            bounds: [118.57, 34.97, 119.11, 35.39],
            basemap: Basemap::default(),
        }
    }
}

/// A base map under the county's own roads.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Basemap {
    /// `none`, `pmtiles` (a file) or `raster` (tiles by URL).
    kind: BasemapKind,
    /// Where it comes from. For a `file` it is set by the server.
    url: Option<String>,
    /// A PMTiles file on the server; served at `/map/basemap.pmtiles` with range requests.
    #[serde(skip_serializing)]
    #[schema(value_type = Option<String>)]
    file: Option<PathBuf>,
    /// In which datum it is drawn; the page shifts what lies over it.
    datum: Datum,
    /// Whom to name.
    attribution: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum BasemapKind {
    #[default]
    None,
    Pmtiles,
    Raster,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Datum {
    #[default]
    Wgs84,
    Gcj02,
}

/// Where the base map's file is served.
pub(crate) const BASEMAP_PATH: &str = "/map/basemap.pmtiles";

impl MapConfig {
    /// The base map's file, if one is configured.
    pub(crate) fn basemap_file(&self) -> Option<&FilePath> {
        self.basemap.file.as_deref()
    }
}

/// Where the map looks.
#[utoipa::path(get, path = "/map/config", tag = "map", responses((status = 200, body = MapConfig)))]
pub(crate) async fn config(State(app): State<Arc<App>>, _: Signed) -> Json<MapConfig> {
    let mut map = app.map.clone();
    if map.basemap.file.is_some() {
        map.basemap.kind = BasemapKind::Pmtiles;
        map.basemap.url = Some(BASEMAP_PATH.to_string());
    }
    Json(map)
}

/// A layer as GeoJSON: `roads` (lines with class, name, ref) or `places` (points and the boundary).
#[utoipa::path(get, path = "/map/{layer}", tag = "map", params(("layer" = String, Path)),
    responses((status = 200, description = "GeoJSON"), (status = 304)))]
pub(crate) async fn layer(
    State(app): State<Arc<App>>,
    _: Signed,
    Path(layer): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some(blob) = app.records.layer(known(&layer)?).await? else {
        let empty = r#"{"type":"FeatureCollection","features":[]}"#;
        return Ok(([(header::CONTENT_TYPE, "application/geo+json")], empty).into_response());
    };
    let etag = format!("\"{}\"", blob.etag);
    if headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == etag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response());
    }
    let fields = [
        (header::CONTENT_TYPE, "application/geo+json".to_string()),
        (header::ETAG, etag),
        (header::CACHE_CONTROL, "private, no-cache".to_string()),
    ];
    Ok((fields, blob.geojson).into_response())
}

/// Replaces a layer.
#[utoipa::path(put, path = "/map/{layer}", tag = "map", params(("layer" = String, Path)), request_body = String,
    responses((status = 204), (status = 422)))]
pub(crate) async fn put_layer(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(layer): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let layer = known(&layer)?;
    let document: serde_json::Value = serde_json::from_slice(&body).map_err(|error| {
        Problem::invalid(format!("不是有效的 GeoJSON：{error}"), format!("not valid GeoJSON: {error}"))
    })?;
    if document["type"] != "FeatureCollection" || !document["features"].is_array() {
        return Err(Problem::invalid(
            "须为 GeoJSON FeatureCollection。",
            "A GeoJSON FeatureCollection is needed.",
        ));
    }
    let count = document["features"].as_array().map_or(0, Vec::len);
    app.records.put_layer(layer, document.to_string(), app.clock.now()).await?;
    by.audit(&app, "map.replace", layer.key(), &format!("{count} features")).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn known(layer: &str) -> Result<LayerName, Problem> {
    [LayerName::Roads, LayerName::Places]
        .into_iter()
        .find(|name| name.key() == layer)
        .ok_or_else(|| Problem::not_found("没有这个图层。", "There is no such layer."))
}
