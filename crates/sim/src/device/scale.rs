//! Weigh-in-motion: the scales of the county post what trucks weigh. GA/T 1400 has no object for it, so they use the
//! platform's own API.

use super::World;
use crate::clock;
use crate::noise;
use crate::provision::Api;
use crate::traffic::Passage;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Weighings that wait to be posted at most; later ones are lost. A day has some thousands.
pub const WAITING_MAX: usize = 4_096;

/// Posts weighings until there are no more, or until the platform turns out to know of none.
pub async fn run(world: Arc<World>, api: Arc<Api>, mut weighed: mpsc::Receiver<Passage>) {
    while let Some(passage) = weighed.recv().await {
        let Some(weighing) = weighing(&world, &passage) else { continue };
        match api.post_weighing(&weighing).await {
            Ok(true) => {}
            Ok(false) => {
                tracing::warn!("the platform takes no weighings: overload is not judged");
                return;
            }
            Err(error) => tracing::debug!(%error, "weighing not posted"),
        }
    }
}

/// What the scale at a checkpoint says of a passage, by the checkpoint's clock; `None` where nothing was weighed.
pub fn weighing(world: &World, passage: &Passage) -> Option<Value> {
    let World { county, noise, .. } = world;
    let read = noise::read(county, noise, passage);
    let weighing = read.weighing?;
    let error_ms = noise::clock_error_ms(county, noise, passage.checkpoint, passage.at_ms);
    let class = county.register.vehicles[passage.vehicle as usize].kind.plate_class();
    let mut body = json!({
        "checkpoint_id": county.checkpoints[usize::from(passage.checkpoint)].id,
        "captured_at": clock::rfc3339(passage.at_ms + error_ms),
        "plate": read.text,
        "total_kg": weighing.total_kg,
        "axles_kg": weighing.axles_kg,
        "axle_count": weighing.axle_count,
        "is_train": weighing.is_train,
        "speed_kmh": read.speed_kmh,
        "vehicle_type": read.vehicle_type,
    });
    if read.quality != noise::Quality::NoPlate {
        body["plate_class"] = class.to_string().into();
        body["plate_color"] = class.color().key().into();
    }
    Some(body)
}
