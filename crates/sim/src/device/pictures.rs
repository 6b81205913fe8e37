//! Where cameras keep their pictures: a small HTTP server that draws the one a link names.

use super::World;
use crate::traffic::Passage;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;
use tokio::net::TcpListener;

/// The link to the scene of a passage.
pub fn scene_url(base: &str, passage: &Passage) -> String {
    format!("{base}/scene/{}.jpg", name(passage))
}

/// The link to its plate.
pub fn plate_url(base: &str, passage: &Passage) -> String {
    format!("{base}/plate/{}.jpg", name(passage))
}

/// All that the picture shows.
fn name(passage: &Passage) -> String {
    let Passage { at_ms, vehicle, checkpoint, lane, speed_kmh, is_forward, .. } = passage;
    format!("{checkpoint}-{vehicle}-{at_ms}-{lane}-{speed_kmh}-{}", u8::from(*is_forward))
}

fn parse(name: &str, world: &World) -> Option<Passage> {
    let mut parts = name.strip_suffix(".jpg")?.split('-');
    let passage = Passage {
        checkpoint: parts.next()?.parse().ok()?,
        vehicle: parts.next()?.parse().ok()?,
        at_ms: parts.next()?.parse().ok()?,
        lane: parts.next()?.parse().ok().filter(|lane| (1..=8).contains(lane))?,
        speed_kmh: parts.next()?.parse().ok()?,
        is_forward: parts.next()? == "1",
        // The picture shows neither.
        behaviours: domain::Behaviours::default(),
        load_percent: 0,
    };
    let is_known = usize::from(passage.checkpoint) < world.county.checkpoints.len()
        && (passage.vehicle as usize) < world.county.register.vehicles.len();
    (is_known && parts.next().is_none()).then_some(passage)
}

/// Serves pictures until the listener fails.
pub async fn serve(listener: TcpListener, world: Arc<World>) -> std::io::Result<()> {
    let router = Router::new().route("/{kind}/{name}", get(picture)).with_state(world);
    axum::serve(listener, router).await
}

async fn picture(State(world): State<Arc<World>>, Path((kind, name)): Path<(String, String)>) -> Response {
    let Some(passage) = parse(&name, &world) else { return StatusCode::NOT_FOUND.into_response() };
    let drawn = tokio::task::spawn_blocking(move || match kind.as_str() {
        "scene" => Some(world.painter.scene(&passage)),
        "plate" => Some(world.painter.plate(&passage)),
        _ => None,
    });
    match drawn.await {
        Ok(Some(Ok(jpeg))) => ([(header::CONTENT_TYPE, "image/jpeg")], jpeg).into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
