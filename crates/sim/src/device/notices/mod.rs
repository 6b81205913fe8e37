//! A camera's line in the protocol of its maker: each passage is a notice of its own, posted to a path that names the camera,
//! proved by digest when asked. What it kept while the line was cut goes without pictures, as from a camera whose card keeps
//! texts only; no notice can carry a link.

mod dahua;
mod isapi;

use super::World;
use super::camera::{CameraError, Posted, Station};
use crate::county::checkpoints::Protocol;
use crate::noise::Read;
use crate::traffic::Passage;
use domain::Behaviour;
use reqwest::StatusCode;

/// A request's body and what it says of itself.
struct Body {
    content_type: String,
    bytes: Vec<u8>,
}

/// A passage that is to be told, with its pictures while they are at hand.
struct Sight<'w> {
    world: &'w World,
    passage: Passage,
    read: Read,
    /// By the camera's clock.
    claimed_ms: i64,
    /// The scene, and the plate alone.
    pictures: Option<[Vec<u8>; 2]>,
}

/// The line of one camera.
pub(super) struct Line {
    station: Station,
    protocol: Protocol,
}

impl Line {
    pub(super) fn new(station: Station, protocol: Protocol) -> Self {
        Self { station, protocol }
    }

    /// A sign of life. The first one proves who it is.
    pub(super) async fn keep_alive(&self) -> Result<(), CameraError> {
        let Station { world, checkpoint, .. } = &self.station;
        let checkpoint = &world.county.checkpoints[usize::from(*checkpoint)];
        let body = match self.protocol {
            Protocol::Dahua => dahua::sign_of_life(checkpoint),
            _ => isapi::sign_of_life(checkpoint, world.clock.now_ms()),
        };
        let target = match self.protocol {
            Protocol::Dahua => format!("/{}/NotificationInfo/KeepAlive", checkpoint.camera_id),
            _ => format!("/isapi/{}", checkpoint.camera_id),
        };
        match self.send(&target, &body).await? {
            Outcome::Taken => Ok(()),
            Outcome::Busy => Err(CameraError::Busy),
            Outcome::Refused(status) => Err(CameraError::Refused(status)),
        }
    }

    /// Posts the oldest passage.
    pub(super) async fn post(&self, memory: &[Passage]) -> Result<Posted, CameraError> {
        let Some(passage) = memory.first().copied() else { return Ok(Posted::default()) };
        let has_pictures = self.station.is_fresh(&passage);
        let (world, protocol) = (self.station.world.clone(), self.protocol);
        let write = move || {
            let sight = Sight::new(&world, passage, has_pictures);
            match protocol {
                Protocol::Dahua => dahua::passage(&sight),
                _ => isapi::passage(&sight),
            }
        };
        let body = if has_pictures {
            // Drawing takes milliseconds: not on the threads that serve the sockets.
            tokio::task::spawn_blocking(write).await.map_err(|_| CameraError::Answer)?
        } else {
            write()
        };
        let camera = &self.station.world.county.checkpoints[usize::from(self.station.checkpoint)].camera_id;
        let target = match self.protocol {
            Protocol::Dahua => format!("/{camera}/NotificationInfo/TollgateInfo"),
            _ => format!("/isapi/{camera}"),
        };
        match self.send(&target, &body).await? {
            Outcome::Taken => Ok(Posted { sent: 1, stored: 1, ..Posted::default() }),
            Outcome::Busy => Err(CameraError::Busy),
            Outcome::Refused(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                Err(CameraError::NotRegistered)
            }
            Outcome::Refused(_) => Ok(Posted { sent: 1, refused: 1, ..Posted::default() }),
        }
    }

    /// Sends a request, and once more with the answer when it is challenged.
    async fn send(&self, target: &str, body: &Body) -> Result<Outcome, CameraError> {
        let Station { http, base, .. } = &self.station;
        let request = || {
            let request = http.post(format!("{base}{target}"));
            request.header("Content-Type", &body.content_type).body(body.bytes.clone())
        };
        let mut answer = request().send().await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            let authorization = self.station.answer_to(&answer, "POST", target)?;
            answer = request().header("Authorization", authorization).send().await?;
        }
        let status = answer.status();
        let text = answer.text().await?;
        // Both makers' cameras look into the body: without their word of consent they send again.
        let is_taken = match self.protocol {
            Protocol::Dahua => text.contains("\"Result\":true"),
            _ => text.contains("<statusCode>1</statusCode>"),
        };
        Ok(match status {
            StatusCode::OK if is_taken => Outcome::Taken,
            StatusCode::OK => return Err(CameraError::Answer),
            StatusCode::TOO_MANY_REQUESTS => Outcome::Busy,
            status if status.is_server_error() => Outcome::Busy,
            status => Outcome::Refused(status),
        })
    }
}

/// What the platform made of a request.
enum Outcome {
    Taken,
    Busy,
    Refused(StatusCode),
}

impl<'w> Sight<'w> {
    fn new(world: &'w World, passage: Passage, has_pictures: bool) -> Self {
        let error_ms =
            crate::noise::clock_error_ms(&world.county, &world.noise, passage.checkpoint, passage.at_ms);
        let pictures = has_pictures.then(|| (world.painter.scene(&passage), world.painter.plate(&passage)));
        let pictures = match pictures {
            Some((Ok(scene), Ok(plate))) => Some([scene, plate]),
            Some((Err(error), _) | (_, Err(error))) => {
                tracing::warn!(%error, "picture could not be drawn");
                None
            }
            None => None,
        };
        Self {
            world,
            passage,
            read: crate::noise::read(&world.county, &world.noise, &passage),
            claimed_ms: passage.at_ms + error_ms,
            pictures,
        }
    }

    /// The code of the offence that the camera saw, and its name; a notice has room for one.
    fn offence(&self) -> Option<(&'static str, &'static str)> {
        use super::offence_code;
        self.read.behaviours.iter().next().map(|behaviour| match behaviour {
            Behaviour::PlateCovered => (offence_code::PLATE_COVERED, "故意遮挡机动车号牌"),
            Behaviour::NoBelt => (offence_code::NO_BELT, "驾驶人未按规定使用安全带"),
            Behaviour::Phone => (offence_code::PHONE, "驾驶时拨打接听手持电话"),
            Behaviour::WrongWay => (offence_code::WRONG_WAY, "机动车逆向行驶"),
            Behaviour::NoHelmet => (offence_code::NO_HELMET, "未戴安全头盔"),
            Behaviour::Overcrowded => (offence_code::OVERCROWDED, "载人超过核定人数"),
            Behaviour::CarryingPeople => (offence_code::CARRYING_PEOPLE, "载货汽车违反规定载人"),
        })
    }
}
