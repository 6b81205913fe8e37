//! Taking objects: read, make durable, then answer for each.

use super::answer::Fault;
use super::passage::{PassageProblem, Picture, Vehicle};
use super::{Asker, Poster, Viid};
use crate::events::{Event, SeenTollgate};
use crate::web::body::Held;
use axum::body::{Body, Bytes};
use axum::response::Response;
use domain::{DeviceId, DeviceKind, Fact, Observation, PictureId, Timestamp};
use gat1400::codes::StatusCode as ViidStatus;
use gat1400::object::{Object, ResponseStatus};
use gat1400::{ImageProblem, ObjectReason, Objects, read_list};
use http::request::Parts;
use tokio::sync::SemaphorePermit;

/// A post of more objects is what a camera kept during a cut: its times tell nothing of the camera's clock.
const LIVE_OBJECTS_MAX: u64 = 8;

/// What a request's objects have become.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) observations: Vec<Observation>,
    /// Where each picture of each observation is; `None` stands for the next of `pictures`.
    places: Vec<Vec<Option<PictureId>>>,
    /// Embedded pictures, decoded.
    pictures: Vec<Vec<u8>>,
    pub(super) statuses: Vec<ResponseStatus>,
    /// The newest time that any of them claims: of a request with old and new passages, the one that was live.
    newest_claim: Option<Timestamp>,
}

impl Viid {
    /// Takes vehicle objects. The good ones stand whatever the others are; each has its own status in the answer.
    pub(super) async fn post<T>(
        &self,
        asker: &Asker<'_>,
        device: &DeviceId,
        parts: &Parts,
        body: &mut Body,
    ) -> Result<Response, Fault>
    where
        T: Object,
        for<'o> Vehicle<'o>: From<&'o T>,
    {
        let (mut held, _place) = self.read_body(parts, body).await?;
        let taken = self.read_objects::<T>(asker, device, &held.bytes)?;
        // The body goes; its room stays taken, for the pictures that came out of it.
        held.bytes = Bytes::new();
        self.store(asker, device, taken).await
    }

    /// A body with objects, and a place among the requests in work.
    pub(super) async fn read_body(
        &self,
        parts: &Parts,
        body: &mut Body,
    ) -> Result<(Held, SemaphorePermit<'_>), Fault> {
        let bytes_max = self.context.limits.camera_body_bytes_max;
        let held = self.desk.bodies.read(&parts.headers, body, bytes_max).await?;
        // A place is taken only now: a body that dribbles in keeps nobody out.
        let place = self.desk.bodies.place().await?;
        Ok((held, place))
    }

    /// The bounds of reading objects.
    pub(super) fn reading(&self) -> gat1400::Limits {
        gat1400::Limits {
            objects: self.context.limits.camera_objects_max,
            picture_bytes: self.context.limits.camera_picture_bytes_max,
            ..gat1400::Limits::default()
        }
    }

    /// Makes durable what was taken, then answers.
    pub(super) async fn store(
        &self,
        asker: &Asker<'_>,
        device: &DeviceId,
        mut taken: Taken,
    ) -> Result<Response, Fault> {
        let count = taken.observations.len() as u64;
        if count > 0 {
            let mut stored = self.context.intake.store_pictures(&taken.pictures).await?.into_iter();
            for (observation, places) in taken.observations.iter_mut().zip(taken.places) {
                if let Fact::Passage(passage) = &mut observation.fact {
                    passage.pictures =
                        places.into_iter().filter_map(|place| place.or_else(|| stored.next())).collect();
                }
            }
            self.context.intake.store(taken.observations).await?;
            metrics::counter!("anchang_observations_total", "source" => DeviceKind::Camera.key(), "kind" => "passage")
                .increment(count);
        }
        let (presence, kind) = (&self.context.presence, DeviceKind::Camera);
        presence.seen(kind, device, asker.address, asker.at, count);
        if let Some(claimed) = taken.newest_claim.filter(|_| count <= LIVE_OBJECTS_MAX) {
            presence.clock_offset(kind, device, claimed.ms_since(asker.at), asker.at);
        }
        Ok(Asker::statuses(&taken.statuses))
    }

    fn read_objects<T>(&self, asker: &Asker<'_>, device: &DeviceId, bytes: &[u8]) -> Result<Taken, Fault>
    where
        T: Object,
        for<'o> Vehicle<'o>: From<&'o T>,
    {
        let objects: Objects<T> = read_list(bytes, &self.reading()).inspect_err(|problem| {
            self.quarantine(asker, Some(device), "body", problem.to_string(), bytes);
        })?;
        let directory = self.context.directory.load();
        let poster = match directory.cameras.get(device) {
            Some(entry) => Poster::Camera { id: device, entry },
            None if directory.platforms.contains_key(device) => {
                Poster::Platform { id: device, believes_tollgates: false }
            }
            None => return Err(Fault::Refused),
        };
        let mut taken = Taken::default();
        for object in &objects {
            match object {
                Ok(object) => self.take_vehicle(asker, &poster, &Vehicle::from(object), bytes, &mut taken),
                Err(problem) => {
                    let (key, detail) = (object_key(problem.reason), problem.to_string());
                    self.quarantine(asker, Some(device), key, detail, bytes);
                    taken.statuses.push(asker.status_object(ViidStatus::InvalidContent, ""));
                }
            }
        }
        Ok(taken)
    }

    /// Takes one vehicle of a request, or says why not. At a tollgate of another platform that we do not know it is
    /// counted: whoever sends it can do nothing about that.
    pub(super) fn take_vehicle(
        &self,
        asker: &Asker<'_>,
        poster: &Poster<'_>,
        vehicle: &Vehicle<'_>,
        bytes: &[u8],
        taken: &mut Taken,
    ) {
        let index = taken.statuses.len();
        let observed = vehicle.observe(&self.context, poster, asker.at);
        if let Poster::Platform { id, .. } = poster
            && let Some(tollgate) = vehicle.tollgate()
            && !self.context.directory.load().checkpoints.contains_key(&tollgate)
        {
            let passages = u64::from(observed.is_err());
            let seen = SeenTollgate { id: tollgate, name: "".into(), location: None, passages };
            self.context.events.send(Event::Tollgate { platform: (*id).clone(), seen, at: asker.at });
        }
        let code = match observed {
            Ok(observation) => {
                self.take(asker, poster.id(), vehicle, observation, taken);
                ViidStatus::Ok
            }
            Err(PassageProblem::UnknownTollgate) => ViidStatus::Ok,
            Err(problem) => {
                let detail = format!("object {index} ({}): {problem}", vehicle.object_id);
                self.quarantine(asker, Some(poster.id()), problem.key(), detail, bytes);
                ViidStatus::InvalidContent
            }
        };
        taken.statuses.push(asker.status_object(code, vehicle.object_id));
    }

    /// Adds a passage and its pictures, unless the journal holds it: then its pictures are there as well, and it is only
    /// passed on for the intake to count.
    fn take(
        &self,
        asker: &Asker<'_>,
        device: &DeviceId,
        vehicle: &Vehicle<'_>,
        observation: Observation,
        taken: &mut Taken,
    ) {
        let limits = &self.context.limits;
        let mut places = Vec::new();
        if !self.context.intake.is_held(observation.id) {
            for picture in vehicle.pictures(limits.camera_pictures_per_object_max) {
                match picture {
                    Picture::Kept(id) => places.push(Some(id)),
                    Picture::Embedded(data) => match data.decode(limits.camera_picture_bytes_max) {
                        Ok(bytes) => {
                            taken.pictures.push(bytes);
                            places.push(None);
                        }
                        // The passage matters more than its picture.
                        Err(problem) => {
                            let detail = format!("picture of object {}: {problem}", vehicle.object_id);
                            let bytes = data.as_base64().as_bytes();
                            self.quarantine(asker, Some(device), picture_key(problem), detail, bytes);
                        }
                    },
                }
            }
        }
        taken.newest_claim = taken.newest_claim.max(vehicle.claimed_at());
        taken.observations.push(observation);
        taken.places.push(places);
    }
}

pub(super) fn object_key(reason: ObjectReason) -> &'static str {
    match reason {
        ObjectReason::NotAnObject => "not_an_object",
        ObjectReason::NotUtf8 => "not_utf8",
        ObjectReason::TooManyFields => "too_many_fields",
    }
}

fn picture_key(problem: ImageProblem) -> &'static str {
    match problem {
        ImageProblem::TooLarge { .. } => "picture_too_large",
        ImageProblem::NotBase64 => "picture_not_base64",
    }
}
