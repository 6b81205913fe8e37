//! What a device may ask for: checkpoints, cameras and lanes, as far as the directory knows them.

use super::Viid;
use super::answer::json;
use axum::response::Response;
use domain::{CheckpointId, DeviceId, DeviceKind};
use gat1400::object::{Ape, Lane, Tollgate};
use gat1400::route::{Resource, Route};
use gat1400::write_list;
use http::StatusCode;
use std::collections::BTreeSet;

/// `Status` of a tollgate in use, and `IsOnline` of a device that is there (GA/T 1400.3).
const YES: &str = "1";
/// `IsOnline` of a device that is not there.
const OFFLINE: &str = "2";

impl Viid {
    /// The list of a resource, or of the one item that the path names.
    pub(super) fn query(&self, route: &Route<'_>, asker: &DeviceId) -> Response {
        let is_asked = |id: &str| route.id.is_none_or(|asked| asked == id);
        let body = match route.resource {
            Resource::Tollgates => write_list(&self.tollgates(asker, is_asked)),
            Resource::Apes => write_list(&self.apes(asker, is_asked)),
            // The directory knows no lanes: an empty list is the truth.
            _ => write_list::<Lane>(&[]),
        };
        json(StatusCode::OK, body)
    }

    /// A platform is told of what it may have, a camera of what cameras serve.
    fn tollgates(&self, asker: &DeviceId, is_asked: impl Fn(&str) -> bool) -> Vec<Tollgate> {
        let directory = self.context.directory.load();
        let ids: BTreeSet<&CheckpointId> = match directory.platforms.get(asker) {
            Some(platform) => platform.checkpoints.iter().collect(),
            None => directory.cameras.values().flat_map(|camera| &camera.checkpoints).collect(),
        };
        let tollgate = |id: &CheckpointId| {
            let known = directory.checkpoints.get(id);
            Tollgate {
                tollgate_id: id.0.clone(),
                name: known.map(|known| known.name.clone()).unwrap_or_default(),
                longitude: known.map(|known| known.location.0),
                latitude: known.map(|known| known.location.1),
                status: YES.into(),
                ..Tollgate::default()
            }
        };
        ids.into_iter().filter(|id| is_asked(id.as_str())).map(tollgate).collect()
    }

    fn apes(&self, asker: &DeviceId, is_asked: impl Fn(&str) -> bool) -> Vec<Ape> {
        let directory = self.context.directory.load();
        let scope = directory.platforms.get(asker).map(|platform| &platform.checkpoints);
        let ids: BTreeSet<&DeviceId> = directory
            .cameras
            .iter()
            .filter(|(_, camera)| {
                scope.is_none_or(|scope| camera.checkpoints.iter().any(|id| scope.contains(id)))
            })
            .map(|(id, _)| id)
            .collect();
        ids.into_iter()
            .filter(|id| is_asked(id.as_str()))
            .map(|id| {
                let state = self.context.presence.get(DeviceKind::Camera, id);
                let is_online = state.is_some_and(|state| state.connected_since.is_some());
                let is_online = if is_online { YES } else { OFFLINE };
                Ape { ape_id: id.0.clone(), is_online: is_online.into(), ..Ape::default() }
            })
            .collect()
    }
}
