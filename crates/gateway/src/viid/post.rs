//! Taking objects: read, make durable, then answer for each.

use super::answer::Fault;
use super::passage::{Picture, Vehicle};
use super::{Asker, Viid};
use axum::body::{Body, Bytes};
use axum::response::Response;
use domain::{DeviceId, DeviceKind, Fact, Observation, PictureId, Timestamp};
use gat1400::codes::StatusCode as ViidStatus;
use gat1400::object::{Object, ResponseStatus};
use gat1400::{ImageProblem, ObjectReason, Objects, read_list};
use http::request::Parts;

/// A post of more objects is what a camera kept during a cut: its times tell nothing of the camera's clock.
const LIVE_OBJECTS_MAX: u64 = 8;

/// What a request's objects have become.
#[derive(Default)]
struct Taken {
    observations: Vec<Observation>,
    /// Where each picture of each observation is; `None` stands for the next of `pictures`.
    places: Vec<Vec<Option<PictureId>>>,
    /// Embedded pictures, decoded.
    pictures: Vec<Vec<u8>>,
    statuses: Vec<ResponseStatus>,
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
        let limits = &self.context.limits;
        let bodies = &self.desk.bodies;
        let mut held = bodies.read(&parts.headers, body, limits.camera_body_bytes_max).await?;
        let _place = bodies.place().await?;
        let mut taken = self.read_objects::<T>(asker, device, &held.bytes)?;
        // The body goes; its room stays taken, for the pictures that came out of it.
        held.bytes = Bytes::new();
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
        let presence = &self.context.presence;
        presence.seen(DeviceKind::Camera, device, asker.address, asker.at, count);
        if let Some(claimed) = taken.newest_claim.filter(|_| count <= LIVE_OBJECTS_MAX) {
            presence.clock_offset(DeviceKind::Camera, device, claimed.ms_since(asker.at), asker.at);
        }
        Ok(Asker::statuses(&taken.statuses))
    }

    fn read_objects<T>(&self, asker: &Asker<'_>, device: &DeviceId, bytes: &[u8]) -> Result<Taken, Fault>
    where
        T: Object,
        for<'o> Vehicle<'o>: From<&'o T>,
    {
        let limits = &self.context.limits;
        let reading = gat1400::Limits {
            objects: limits.camera_objects_max,
            picture_bytes: limits.camera_picture_bytes_max,
            ..gat1400::Limits::default()
        };
        let objects: Objects<T> = read_list(bytes, &reading).inspect_err(|problem| {
            self.quarantine(asker, Some(device), "body", problem.to_string(), bytes);
        })?;
        let directory = self.context.directory.load();
        let camera = directory.cameras.get(device).ok_or(Fault::Refused)?;
        let mut taken = Taken::default();
        for (index, object) in objects.iter().enumerate() {
            let object = match object {
                Ok(object) => object,
                Err(problem) => {
                    self.quarantine(
                        asker,
                        Some(device),
                        object_key(problem.reason),
                        problem.to_string(),
                        bytes,
                    );
                    taken.statuses.push(asker.status_object(ViidStatus::InvalidContent, ""));
                    continue;
                }
            };
            let vehicle = Vehicle::from(object);
            match vehicle.observe(&self.context, device, camera, asker.at) {
                Ok(observation) => {
                    taken.statuses.push(asker.status_object(ViidStatus::Ok, vehicle.object_id));
                    self.take(asker, device, &vehicle, observation, &mut taken);
                }
                Err(problem) => {
                    let detail = format!("object {index} ({}): {problem}", vehicle.object_id);
                    self.quarantine(asker, Some(device), problem.key(), detail, bytes);
                    taken.statuses.push(asker.status_object(ViidStatus::InvalidContent, vehicle.object_id));
                }
            }
        }
        Ok(taken)
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

fn object_key(reason: ObjectReason) -> &'static str {
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
