//! A camera's line in GA/T 1400: registers with digest, keeps itself alive, posts passages many at a time.

use super::camera::{CameraError, Posted, Station};
use super::{World, offence_code, pictures};
use crate::noise;
use crate::picture::{HEIGHT_PX, PLATE_HEIGHT_PX, PLATE_WIDTH_PX, WIDTH_PX};
use crate::traffic::Passage;
use domain::Behaviour;
use gat1400::client::{Client, Outgoing};
use gat1400::codes::{ImageType, InfoKind, StatusCode};
use gat1400::id::{DeviceId, ObjectId, SubjectId};
use gat1400::object::{MotorVehicle, ResponseStatus, SubImageInfo};
use gat1400::{DateTime, ImageData, Limits, read_list};
use reqwest::StatusCode as HttpStatus;

/// Passages in one post: with pictures inside, and with links to where the camera keeps them.
const POST_WITH_PICTURES_MAX: usize = 8;
const POST_WITH_LINKS_MAX: usize = 100;

/// The line of one camera.
pub(super) struct Line {
    station: Station,
    client: Client,
}

impl Line {
    pub(super) fn new(station: Station) -> Self {
        let camera = &station.world.county.checkpoints[usize::from(station.checkpoint)].camera_id;
        let client = Client::new(camera);
        Self { station, client }
    }

    async fn send(&self, outgoing: Outgoing) -> Result<reqwest::Response, CameraError> {
        let Station { http, base, .. } = &self.station;
        let url = format!("{base}{}", outgoing.target);
        let mut request = match outgoing.method {
            gat1400::route::Method::Get => http.get(url),
            _ => http.post(url),
        };
        for (name, value) in outgoing.headers {
            request = request.header(name, value);
        }
        Ok(request.body(outgoing.body).send().await?)
    }

    /// Registers: asks, gets a challenge, answers it (GA/T 1400.4, RFC 2617).
    pub(super) async fn register(&self) -> Result<(), CameraError> {
        let mut answer = self.send(self.client.register()).await?;
        if answer.status() == HttpStatus::UNAUTHORIZED {
            let outgoing = self.client.register();
            let authorization = self.station.answer_to(&answer, "POST", &outgoing.target)?;
            answer = self.send(outgoing.with_authorization(authorization)).await?;
        }
        if answer.status().is_success() { Ok(()) } else { Err(CameraError::Refused(answer.status())) }
    }

    pub(super) async fn keep_alive(&self) -> Result<(), CameraError> {
        match self.send(self.client.keepalive()).await?.status() {
            HttpStatus::UNAUTHORIZED => Err(CameraError::NotRegistered),
            _ => Ok(()),
        }
    }

    /// Posts the oldest passages, as many as go into one post.
    pub(super) async fn post(&self, memory: &[Passage]) -> Result<Posted, CameraError> {
        let has_pictures = memory.first().is_some_and(|passage| self.station.is_fresh(passage));
        let count_max = if has_pictures { POST_WITH_PICTURES_MAX } else { POST_WITH_LINKS_MAX };
        let is_alike = |passage: &&Passage| self.station.is_fresh(passage) == has_pictures;
        let passages: Vec<Passage> = memory.iter().take(count_max).take_while(is_alike).copied().collect();
        let world = self.station.world.clone();
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
        let mut posted = Posted { sent: passages.len(), ..Posted::default() };
        for (index, passage) in passages.iter().enumerate() {
            match statuses.get(index) {
                Some(Ok(status)) if status.is_ok() => posted.stored += 1,
                Some(Ok(status)) if matches!(status.code(), StatusCode::Busy | StatusCode::Reboot) => {
                    posted.again.push(*passage);
                }
                Some(Ok(_)) => posted.refused += 1,
                // Not answered is not stored.
                Some(Err(_)) | None => posted.again.push(*passage),
            }
        }
        Ok(posted)
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
