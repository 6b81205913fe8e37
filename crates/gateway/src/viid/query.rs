//! What a device may ask for: checkpoints, cameras and lanes, as far as the directory knows them.

use super::Viid;
use super::answer::json;
use axum::response::Response;
use domain::{DeviceId, DeviceKind};
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
    pub(super) fn query(&self, route: &Route<'_>) -> Response {
        let is_asked = |id: &str| route.id.is_none_or(|asked| asked == id);
        let body = match route.resource {
            Resource::Tollgates => write_list(&self.tollgates(is_asked)),
            Resource::Apes => write_list(&self.apes(is_asked)),
            // The directory knows no lanes: an empty list is the truth.
            _ => write_list::<Lane>(&[]),
        };
        json(StatusCode::OK, body)
    }

    fn tollgates(&self, is_asked: impl Fn(&str) -> bool) -> Vec<Tollgate> {
        let directory = self.context.directory.load();
        let ids: BTreeSet<_> = directory.cameras.values().flat_map(|camera| &camera.checkpoints).collect();
        ids.into_iter()
            .filter(|id| is_asked(id.as_str()))
            .map(|id| Tollgate { tollgate_id: id.0.clone(), status: YES.into(), ..Tollgate::default() })
            .collect()
    }

    fn apes(&self, is_asked: impl Fn(&str) -> bool) -> Vec<Ape> {
        let directory = self.context.directory.load();
        let ids: BTreeSet<&DeviceId> = directory.cameras.keys().collect();
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
