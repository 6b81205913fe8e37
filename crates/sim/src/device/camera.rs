//! A camera: registers with digest, keeps itself alive, posts what it saw, keeps what was not answered and sends it again.

use super::{Backoff, Counts, World, pictures};
use crate::noise;
use crate::picture::{HEIGHT_PX, PLATE_HEIGHT_PX, PLATE_WIDTH_PX, WIDTH_PX};
use crate::traffic::Passage;
use domain::Behaviour;
use gat1400::client::{Client, Outgoing};
use gat1400::codes::{ImageType, InfoKind, StatusCode};
use gat1400::digest::{Challenge, Credentials};
use gat1400::id::{DeviceId, ObjectId, SubjectId};
use gat1400::object::{MotorVehicle, ResponseStatus, SubImageInfo};
use gat1400::{DateTime, ImageData, Limits, read_list};
use reqwest::StatusCode as HttpStatus;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Passages that a camera remembers at most (its memory); older ones are forgotten first.
pub const MEMORY_PASSAGES_MAX: usize = 100_000;
/// Passages in one post: with pictures inside, and with links.
const POST_WITH_PICTURES_MAX: usize = 8;
const POST_WITH_LINKS_MAX: usize = 100;
/// A passage older than this goes without its picture, with a link to where the camera keeps it.
const FRESH_MS: i64 = 30_000;
/// In the simulation's time: a platform with a driven clock counts in it.
const KEEPALIVE_MS: i64 = 45_000;
const KEEPALIVE_LEAST: Duration = Duration::from_secs(1);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Why a request did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum CameraError {
    /// No answer.
    #[error("could not reach the platform")]
    Http(#[from] reqwest::Error),
    /// The registration has lapsed, or the platform never knew it.
    #[error("not registered")]
    NotRegistered,
    /// The platform cannot take more now.
    #[error("platform is busy")]
    Busy,
    /// Registration refused.
    #[error("registration refused with status {0}")]
    Refused(HttpStatus),
    /// The challenge of the 401 cannot be answered.
    #[error("challenge not understood")]
    Challenge(#[from] gat1400::digest::HeaderProblem),
    /// An answer that is none of the interface.
    #[error("answer not understood")]
    Answer,
}

/// One camera.
pub struct Camera {
    world: Arc<World>,
    checkpoint: u16,
    server: String,
    http: reqwest::Client,
    client: Client,
    is_registered: bool,
    memory: VecDeque<Passage>,
}

impl Camera {
    /// The camera of a checkpoint, towards a server such as `http://host:port`.
    pub fn new(world: Arc<World>, checkpoint: u16, server: &str) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .http1_only()
            .no_proxy()
            .pool_max_idle_per_host(1)
            .tcp_nodelay(true)
            .timeout(REQUEST_TIMEOUT)
            .build()?;
        let client = Client::new(&world.county.checkpoints[checkpoint as usize].camera_id);
        let server = server.trim_end_matches('/').to_owned();
        Ok(Self { world, checkpoint, server, http, client, is_registered: false, memory: VecDeque::new() })
    }

    /// Works until the channel closes and everything is sent. What comes in meanwhile is taken into the camera's memory
    /// before each request, which bounds it.
    pub async fn run(mut self, mut seen: mpsc::UnboundedReceiver<Vec<Passage>>) {
        let mut backoff = Backoff::new();
        let mut keepalive = tokio::time::interval(self.world.clock.wall(KEEPALIVE_MS).max(KEEPALIVE_LEAST));
        let mut is_open = true;
        while is_open || !self.memory.is_empty() {
            while let Ok(passages) = seen.try_recv() {
                self.remember(passages);
            }
            if !self.is_registered {
                match self.register().await {
                    Ok(()) => {
                        self.is_registered = true;
                        Counts::add(&self.world.counts.cameras, 1);
                        backoff.reset();
                    }
                    Err(error) => {
                        tracing::debug!(checkpoint = self.checkpoint, %error, "registration failed");
                        Counts::add(&self.world.counts.retries, 1);
                        backoff.wait().await;
                        continue;
                    }
                }
            }
            if self.memory.is_empty() {
                tokio::select! {
                    passages = seen.recv() => match passages {
                        Some(passages) => self.remember(passages),
                        None => is_open = false,
                    },
                    _ = keepalive.tick() => self.keep_alive().await,
                }
                continue;
            }
            self.wait_for_network().await;
            match self.post().await {
                Ok(()) => backoff.reset(),
                Err(error) => {
                    tracing::debug!(checkpoint = self.checkpoint, %error, "post failed");
                    Counts::add(&self.world.counts.retries, 1);
                    if matches!(error, CameraError::NotRegistered) {
                        self.lose_registration();
                    } else {
                        backoff.wait().await;
                    }
                }
            }
        }
        self.lose_registration();
    }

    fn lose_registration(&mut self) {
        if std::mem::take(&mut self.is_registered) {
            Counts::take(&self.world.counts.cameras, 1);
        }
    }

    fn remember(&mut self, passages: Vec<Passage>) {
        self.memory.extend(passages);
        let over = self.memory.len().saturating_sub(MEMORY_PASSAGES_MAX);
        self.memory.drain(..over);
        Counts::add(&self.world.counts.passages_lost, over);
    }

    /// Waits while the network to this camera is cut.
    async fn wait_for_network(&self) {
        let World { county, noise, clock, .. } = &*self.world;
        while let Some(until_ms) = noise::cut_until_ms(county, noise, self.checkpoint, clock.now_ms()) {
            tokio::time::sleep(clock.wall(until_ms - clock.now_ms())).await;
        }
    }

    async fn send(&self, outgoing: Outgoing) -> Result<reqwest::Response, CameraError> {
        let url = format!("{}{}", self.server, outgoing.target);
        let mut request = match outgoing.method {
            gat1400::route::Method::Get => self.http.get(url),
            _ => self.http.post(url),
        };
        for (name, value) in outgoing.headers {
            request = request.header(name, value);
        }
        Ok(request.body(outgoing.body).send().await?)
    }

    /// Registers: asks, gets a challenge, answers it (GA/T 1400.4, RFC 2617).
    pub async fn register(&self) -> Result<(), CameraError> {
        let first = self.send(self.client.register()).await?;
        if first.status() == HttpStatus::UNAUTHORIZED {
            let header = first.headers().get("www-authenticate").and_then(|value| value.to_str().ok());
            let challenge = Challenge::parse(header.ok_or(CameraError::Answer)?)?;
            let checkpoint = &self.world.county.checkpoints[self.checkpoint as usize];
            let credentials =
                Credentials { username: &checkpoint.camera_id, password: &checkpoint.camera_password };
            let cnonce = format!(
                "{:016x}",
                crate::dice::mix(&[self.world.clock.now_ms() as u64, self.checkpoint.into()])
            );
            let outgoing = self.client.register();
            let answer = challenge.answer(credentials, "POST", &outgoing.target, &cnonce, 1);
            let second = self.send(outgoing.with_authorization(answer)).await?;
            return if second.status().is_success() {
                Ok(())
            } else {
                Err(CameraError::Refused(second.status()))
            };
        }
        if first.status().is_success() { Ok(()) } else { Err(CameraError::Refused(first.status())) }
    }

    async fn keep_alive(&mut self) {
        match self.send(self.client.keepalive()).await {
            Ok(answer) if answer.status() == HttpStatus::UNAUTHORIZED => self.lose_registration(),
            Ok(_) => {}
            Err(error) => tracing::debug!(checkpoint = self.checkpoint, %error, "keepalive failed"),
        }
    }

    /// Posts the oldest passages; forgets those that were answered for good.
    async fn post(&mut self) -> Result<(), CameraError> {
        let now_ms = self.world.clock.now_ms();
        let is_fresh = |passage: &Passage| now_ms - passage.at_ms < FRESH_MS;
        let has_pictures = self.memory.front().is_some_and(is_fresh);
        let count_max = if has_pictures { POST_WITH_PICTURES_MAX } else { POST_WITH_LINKS_MAX };
        let passages: Vec<Passage> =
            self.memory.iter().take(count_max).take_while(|p| is_fresh(p) == has_pictures).copied().collect();
        let world = self.world.clone();
        let objects = if has_pictures {
            // Drawing takes milliseconds: not on the threads that serve the sockets.
            let passages = passages.clone();
            let draw = move || passages.iter().map(|p| motor_vehicle(&world, p, true)).collect::<Vec<_>>();
            tokio::task::spawn_blocking(draw).await.map_err(|_| CameraError::Answer)?
        } else {
            passages.iter().map(|passage| motor_vehicle(&world, passage, false)).collect()
        };
        let answer = self.send(self.client.post(&objects)).await?;
        match answer.status() {
            HttpStatus::UNAUTHORIZED | HttpStatus::FORBIDDEN => return Err(CameraError::NotRegistered),
            HttpStatus::SERVICE_UNAVAILABLE | HttpStatus::TOO_MANY_REQUESTS => return Err(CameraError::Busy),
            status if status.is_server_error() => return Err(CameraError::Busy),
            _ => {}
        }
        let body = answer.bytes().await?;
        let statuses =
            read_list::<ResponseStatus>(&body, &Limits::default()).map_err(|_| CameraError::Answer)?;
        let mut again = Vec::new();
        let (mut stored, mut refused) = (0, 0);
        for (index, passage) in passages.iter().enumerate() {
            match statuses.get(index) {
                Some(Ok(status)) if status.is_ok() => stored += 1,
                Some(Ok(status)) if matches!(status.code(), StatusCode::Busy | StatusCode::Reboot) => {
                    again.push(*passage);
                }
                Some(Ok(_)) => refused += 1,
                // Not answered is not stored.
                Some(Err(_)) | None => again.push(*passage),
            }
        }
        self.memory.drain(..passages.len());
        let is_busy = !again.is_empty();
        for passage in again.into_iter().rev() {
            self.memory.push_front(passage);
        }
        Counts::add(&self.world.counts.passages, stored);
        Counts::add(&self.world.counts.passages_refused, refused);
        if is_busy { Err(CameraError::Busy) } else { Ok(()) }
    }
}

/// A passage as the camera reports it, by its own clock and with what it read.
pub fn motor_vehicle(world: &World, passage: &Passage, with_pictures: bool) -> MotorVehicle {
    let World { county, noise, painter, .. } = world;
    let checkpoint = &county.checkpoints[passage.checkpoint as usize];
    let vehicle = &county.register.vehicles[passage.vehicle as usize];
    let read = noise::read(county, noise, passage);
    let clock_error_ms = noise::clock_error_ms(county, noise, passage.checkpoint, passage.at_ms);
    let captured_at = DateTime::from_unix_ms(passage.at_ms + clock_error_ms);
    let device = DeviceId::parse(&checkpoint.camera_id).expect("a camera's id has 20 digits");
    // Two vehicles in one second at one camera with equal last five digits do not happen.
    let source = ObjectId {
        device,
        kind: ObjectId::KIND_PICTURE,
        created_at: captured_at,
        serial: passage.vehicle % 100_000,
    };
    let subject = SubjectId { source, kind: SubjectId::KIND_MOTOR_VEHICLE, serial: u32::from(passage.lane) };
    let frame = painter.frame(passage);
    let per_symbol = read.per_symbol();
    let has_plate = read.quality != noise::Quality::NoPlate;
    let class = vehicle.kind.plate_class();
    let mut object = MotorVehicle {
        motor_vehicle_id: subject.build().expect("all parts are within their digits").into(),
        info_kind: Some(InfoKind::Automatic.code()),
        source_id: source.build().expect("all parts are within their digits").into(),
        tollgate_id: checkpoint.id.as_str().into(),
        device_id: checkpoint.camera_id.as_str().into(),
        left_top_x: Some(frame.left.into()),
        left_top_y: Some(frame.top.into()),
        right_btm_x: Some(frame.right.into()),
        right_btm_y: Some(frame.bottom.into()),
        appear_time: Some(captured_at),
        lane_no: Some(passage.lane.into()),
        has_plate: Some(has_plate),
        plate_class: if has_plate { class.to_string() } else { "99".to_owned() }.into(),
        plate_color: noise::plate_color_code(class.color()).into(),
        plate_no: read.text.as_str().into(),
        speed_kmh: Some(read.speed_kmh.into()),
        direction: checkpoint.direction_code(passage.is_forward).into(),
        vehicle_class: read.vehicle_type.into(),
        vehicle_color: noise::body_color_code(read.body_color).into(),
        pass_time: Some(captured_at),
        name_of_passed_road: county.roads[checkpoint.road].name.as_str().into(),
        plate_reliability: read.confidence.to_string().into(),
        plate_char_reliability: per_symbol.into(),
        ..MotorVehicle::default()
    };
    say_behaviours(&mut object, &read);
    if with_pictures {
        object.sub_images = sub_images(world, passage, source);
    } else {
        object.storage_url1 = pictures::scene_url(&world.picture_base, passage).into();
        object.storage_url2 = pictures::plate_url(&world.picture_base, passage).into();
    }
    object
}

/// What the camera saw besides the plate, in the fields that GA/T 1400 has for it, or as a code of the offence.
fn say_behaviours(object: &mut MotorVehicle, read: &noise::Read) {
    for behaviour in read.behaviours.iter() {
        match behaviour {
            Behaviour::PlateCovered => object.is_covered = Some(true),
            Behaviour::NoBelt => object.safety_belt = Some(0),
            Behaviour::Phone => object.calling = Some(1),
            Behaviour::WrongWay => object.driving_status_code = offence_code::WRONG_WAY.into(),
            Behaviour::NoHelmet => object.driving_status_code = offence_code::NO_HELMET.into(),
            Behaviour::Overcrowded => object.driving_status_code = offence_code::OVERCROWDED.into(),
            Behaviour::CarryingPeople => object.driving_status_code = offence_code::CARRYING_PEOPLE.into(),
        }
    }
}

/// Codes of offences (违法行为代码) as the county's cameras write them; `data/offence-codes.toml` has them with their source.
mod offence_code {
    pub(super) const WRONG_WAY: &str = "1301";
    pub(super) const NO_HELMET: &str = "1207";
    pub(super) const OVERCROWDED: &str = "1238";
    pub(super) const CARRYING_PEOPLE: &str = "1036";
}

/// The scene and the plate, drawn. None when they cannot be encoded.
fn sub_images(world: &World, passage: &Passage, source: ObjectId) -> Vec<SubImageInfo> {
    let image = |kind: ImageType, (width, height): (i32, i32), serial: u32, jpeg: &[u8]| {
        let id = ObjectId { serial: serial % 100_000, ..source };
        SubImageInfo {
            image_id: id.build().expect("all parts are within their digits").into(),
            device_id: world.county.checkpoints[passage.checkpoint as usize].camera_id.as_str().into(),
            kind: format!("{:02}", kind.code()).into(),
            file_format: "Jpeg".into(),
            shot_time: Some(source.created_at),
            width_px: Some(width.into()),
            height_px: Some(height.into()),
            data: ImageData::encode(jpeg),
            ..SubImageInfo::default()
        }
    };
    match (world.painter.scene(passage), world.painter.plate(passage)) {
        (Ok(scene), Ok(plate)) => vec![
            image(ImageType::VehicleBig, (WIDTH_PX, HEIGHT_PX), source.serial, &scene),
            image(ImageType::PlateColour, (PLATE_WIDTH_PX, PLATE_HEIGHT_PX), source.serial + 1, &plate),
        ],
        (Err(error), _) | (_, Err(error)) => {
            tracing::warn!(%error, "picture could not be drawn");
            Vec::new()
        }
    }
}
