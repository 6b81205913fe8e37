//! From a vehicle object to a passage: which field is which, and which code means what.

use super::Poster;
use crate::context::Context;
use crate::directory::CameraEntry;
use crate::offence::OffenceCodes;
use domain::{
    Behaviour, Behaviours, CheckpointId, DeviceId, DeviceKind, Fact, Observation, ObservationId, Passage,
    PictureId, Plate, PlateClass, PlateColor, Timestamp, VehicleType,
};
use gat1400::codes::Color;
use gat1400::object::{MotorVehicle, MotorVehicleCore, NonMotorVehicle, SubImageInfo};
use gat1400::{DateTime, ImageData, Text};

/// Longest plate text that is taken; the longest plate has 9 symbols of at most 3 bytes, and a colour word in front.
const PLATE_TEXT_BYTES_MAX: usize = 64;
/// `SafetyBelt` (安全带状态) of a driver who wears none.
const BELT_NOT_WORN: i64 = 0;
/// `Calling` (打电话状态) of a driver on the telephone.
const ON_THE_PHONE: i64 = 1;
/// Longest address of a picture that its device keeps.
const PICTURE_URL_BYTES_MAX: usize = 512;

/// What the two kinds of vehicle objects have in common.
#[derive(Clone, Copy)]
pub(super) struct Vehicle<'o> {
    /// The device's own identity of the object: answers name it.
    pub(super) object_id: &'o str,
    tollgate_id: &'o str,
    /// The device that captured it, which who posts it need not be.
    device_id: &'o str,
    lane_no: Option<i64>,
    direction: &'o str,
    plate_no: &'o str,
    plate_class: &'o str,
    plate_color: &'o str,
    plate_reliability: &'o str,
    class: &'o str,
    color: &'o str,
    speed_kmh: Option<f64>,
    is_plate_covered: Option<bool>,
    /// The standard has one field for the vehicle, and what cameras look at is the driver.
    safety_belt: Option<i64>,
    calling: Option<i64>,
    driving_status: &'o str,
    /// The best first.
    times: [Option<DateTime>; 3],
    urls: [&'o Text; 5],
    images: &'o [SubImageInfo],
}

const NO_TEXT: &Text = &Text::new_static("");

/// The whole object and the one with the fields that matter have the same names.
macro_rules! motor_vehicle {
    ($object:ty) => {
        impl<'o> From<&'o $object> for Vehicle<'o> {
            fn from(object: &'o $object) -> Self {
                Self {
                    object_id: &object.motor_vehicle_id,
                    tollgate_id: &object.tollgate_id,
                    device_id: &object.device_id,
                    lane_no: object.lane_no,
                    direction: &object.direction,
                    plate_no: &object.plate_no,
                    plate_class: &object.plate_class,
                    plate_color: &object.plate_color,
                    plate_reliability: &object.plate_reliability,
                    class: &object.vehicle_class,
                    color: &object.vehicle_color,
                    speed_kmh: object.speed_kmh,
                    is_plate_covered: object.is_covered,
                    safety_belt: object.safety_belt,
                    calling: object.calling,
                    driving_status: &object.driving_status_code,
                    times: [object.pass_time, object.appear_time, object.mark_time],
                    urls: [
                        &object.storage_url1,
                        &object.storage_url2,
                        &object.storage_url3,
                        &object.storage_url4,
                        &object.storage_url5,
                    ],
                    images: &object.sub_images,
                }
            }
        }
    };
}

motor_vehicle!(MotorVehicleCore);
motor_vehicle!(MotorVehicle);

impl<'o> From<&'o NonMotorVehicle> for Vehicle<'o> {
    fn from(object: &'o NonMotorVehicle) -> Self {
        Self {
            object_id: &object.non_motor_vehicle_id,
            tollgate_id: "",
            device_id: &object.device_id,
            lane_no: None,
            direction: "",
            plate_no: &object.plate_no,
            plate_class: &object.plate_class,
            plate_color: &object.plate_color,
            plate_reliability: "",
            class: "",
            color: &object.vehicle_color,
            speed_kmh: object.speed_kmh,
            is_plate_covered: object.is_covered,
            safety_belt: None,
            calling: None,
            driving_status: &object.driving_status_code,
            times: [object.appear_time, object.mark_time, None],
            urls: [NO_TEXT; 5],
            images: &object.sub_images,
        }
    }
}

/// Why an object that could be read is no passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum PassageProblem {
    #[error("it names no checkpoint and its camera has none")]
    NoCheckpoint,
    #[error("its plate has {bytes} bytes")]
    PlateTooLong { bytes: usize },
    /// Another platform's, and not one of ours: it is counted and listed for admission.
    #[error("its tollgate is not known")]
    UnknownTollgate,
}

impl PassageProblem {
    /// The word for counting.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::NoCheckpoint => "no_checkpoint",
            Self::PlateTooLong { .. } => "plate_too_long",
            Self::UnknownTollgate => "unknown_tollgate",
        }
    }
}

/// Where a picture of a passage is.
pub(super) enum Picture<'o> {
    /// In the object; it goes into the picture journal.
    Embedded(&'o ImageData),
    /// The device keeps it.
    Kept(PictureId),
}

impl<'o> Vehicle<'o> {
    /// The passage, without its pictures.
    pub(super) fn observe(
        &self,
        context: &Context,
        poster: &Poster<'_>,
        received_at: Timestamp,
    ) -> Result<Observation, PassageProblem> {
        if self.plate_no.len() > PLATE_TEXT_BYTES_MAX {
            return Err(PassageProblem::PlateTooLong { bytes: self.plate_no.len() });
        }
        let (device, checkpoint) = match poster {
            Poster::Camera { id, entry } => ((*id).clone(), self.checkpoint(entry)),
            Poster::Platform { id, believes_tollgates } => {
                // The device that saw it, so that the same passage has one identity whichever way it comes.
                let device = crate::web::device_id(self.device_id).unwrap_or_else(|| (*id).clone());
                let directory = context.directory.load();
                let named = self.tollgate().or_else(|| {
                    directory.cameras.get(&device).and_then(|camera| camera.checkpoints.first().cloned())
                });
                let is_known = named.as_ref().is_none_or(|id| directory.checkpoints.contains_key(id));
                if !is_known && !believes_tollgates {
                    return Err(PassageProblem::UnknownTollgate);
                }
                (device, named)
            }
        };
        let checkpoint = checkpoint.ok_or(PassageProblem::NoCheckpoint)?;
        let claimed = self.claimed_at();
        let plate_class = PlateClass::parse(self.plate_class).unwrap_or(PlateClass::UNKNOWN);
        let plate_color = plate_color(self.plate_color, plate_class);
        let vehicle_type = VehicleType::parse(self.class);
        let passage = Passage {
            checkpoint,
            lane: self.lane_no.and_then(|lane| u8::try_from(lane).ok()).filter(|lane| *lane > 0),
            direction: self.direction.trim().parse().ok(),
            plate_text: self.plate_no.into(),
            plate: Plate::parse_on(self.plate_no, plate_color).ok(),
            plate_confidence: percent(self.plate_reliability),
            plate_class,
            plate_color,
            vehicle_type,
            body_color: body_color(self.color),
            speed_kmh: self
                .speed_kmh
                .map(f64::round)
                .filter(|speed| (0.0..=999.0).contains(speed))
                .map(|speed| speed as u16),
            pictures: Vec::new(),
            behaviours: self.behaviours(&context.offence_codes, plate_class, vehicle_type),
            weighing: None,
        };
        Ok(Observation {
            id: self.identity(&device, &passage, claimed),
            device,
            captured_at: context.believe(DeviceKind::Camera, claimed, received_at),
            received_at,
            fact: Fact::Passage(passage),
        })
    }

    /// What the camera says it saw. A value outside its table says nothing. `IsDecked` is no behaviour: whether a plate is
    /// cloned is judged, not seen.
    fn behaviours(
        &self,
        codes: &OffenceCodes,
        plate_class: PlateClass,
        vehicle_type: Option<VehicleType>,
    ) -> Behaviours {
        let by_code = codes.behaviour(self.driving_status);
        // Cameras fill the field for motorcycles too, with the value for "not fastened".
        let has_belts = !plate_class.is_motorcycle() && vehicle_type.is_none_or(|kind| kind.family() != 'M');
        let by_flags = [
            (self.is_plate_covered == Some(true)).then_some(Behaviour::PlateCovered),
            (self.safety_belt == Some(BELT_NOT_WORN) && has_belts).then_some(Behaviour::NoBelt),
            (self.calling == Some(ON_THE_PHONE)).then_some(Behaviour::Phone),
        ];
        by_flags.into_iter().chain([by_code]).flatten().fold(Behaviours::default(), Behaviours::with)
    }

    /// The pictures in the device's order, at most `pictures_max`. Addresses at the object's own level name the same
    /// pictures once more, so they count only where the object brings none.
    pub(super) fn pictures(&self, pictures_max: usize) -> impl Iterator<Item = Picture<'o>> + use<'o> {
        let own = self.images.iter().filter_map(|image| {
            if image.data.is_empty() {
                kept(&image.storage_path)
            } else {
                Some(Picture::Embedded(&image.data))
            }
        });
        let is_without_own = own.clone().next().is_none();
        let named = self.urls.into_iter().filter(move |_| is_without_own).filter_map(|url| kept(url));
        own.chain(named).take(pictures_max)
    }

    /// When it passed, as the device says: the best time there is.
    pub(super) fn claimed_at(&self) -> Option<Timestamp> {
        let shot = self.images.iter().find_map(|image| image.shot_time);
        self.times.into_iter().flatten().next().or(shot).map(|time| Timestamp::from_unix_ms(time.unix_ms()))
    }

    /// The checkpoint that the object names, where its camera serves it; else the camera's first. A camera that serves none
    /// is believed.
    fn checkpoint(&self, camera: &CameraEntry) -> Option<CheckpointId> {
        let named = self.tollgate_id.trim();
        let served = camera.checkpoints.iter().find(|checkpoint| checkpoint.as_str() == named);
        served.or(camera.checkpoints.first()).cloned().or_else(|| self.tollgate())
    }

    /// The checkpoint that the object names.
    pub(super) fn tollgate(&self) -> Option<CheckpointId> {
        crate::web::device_id(self.tollgate_id).map(|id| CheckpointId(id.0))
    }

    /// The identity of a passage: device, checkpoint, lane, direction, the device's own time, the plate as read, its class
    /// and colour, the vehicle's class and speed. Not the MotorVehicleID: devices number a passage anew when they send it
    /// again. Nor the behaviours: a camera that looks at its picture once more may say other things, of the same passage.
    /// Two vehicles in one second differ in plate, lane or speed. Only without any time the MotorVehicleID has to tell
    /// apart a vehicle's passages: losing one would be worse than having one twice.
    fn identity(&self, device: &DeviceId, passage: &Passage, claimed: Option<Timestamp>) -> ObservationId {
        let time = claimed.map(|claimed| claimed.unix_ms().to_be_bytes());
        let time: &[u8] = time.as_ref().map_or(self.object_id.as_bytes(), |time| time);
        ObservationId::of(&[
            b"1400",
            device.as_str().as_bytes(),
            passage.checkpoint.as_str().as_bytes(),
            &[passage.lane.unwrap_or(0), passage.direction.unwrap_or(0), passage.plate_class.0],
            time,
            passage.plate_text.as_bytes(),
            self.plate_color.as_bytes(),
            self.class.as_bytes(),
            &passage.speed_kmh.unwrap_or(u16::MAX).to_be_bytes(),
        ])
    }
}

fn kept<'o>(url: &str) -> Option<Picture<'o>> {
    let url = url.trim();
    let has_scheme = ["http://", "https://"]
        .into_iter()
        .any(|scheme| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    let is_sane = has_scheme
        && url.len() <= PICTURE_URL_BYTES_MAX
        && !url.chars().any(|c| c.is_whitespace() || c.is_control());
    is_sane.then(|| Picture::Kept(PictureId(smol_str::format_smolstr!("u{url}"))))
}

/// `PlateReliability`: 0 to 100, as a whole number or not.
fn percent(text: &str) -> Option<u8> {
    let percent: f64 = text.trim().parse().ok()?;
    (0.0..=100.0).contains(&percent).then(|| percent.round() as u8)
}

/// The ground colour by the table of this interface (`ColorType`), which has no colour for large new-energy vehicles; their
/// class tells. Without a colour the class does as well.
fn plate_color(code: &str, class: PlateClass) -> PlateColor {
    match Color::from_text(code) {
        Some(Color::Blue) => PlateColor::Blue,
        Some(Color::Yellow) => PlateColor::Yellow,
        Some(Color::White) => PlateColor::White,
        Some(Color::Black) => PlateColor::Black,
        Some(Color::Green) if class == PlateClass::LARGE_NEW_ENERGY => PlateColor::YellowGreen,
        Some(Color::Green) => PlateColor::Green,
        _ => class.color(),
    }
}

/// The body's colour as a letter of GA/T 16.8, from the table of this interface; devices that write the letter are believed.
fn body_color(code: &str) -> Option<char> {
    Some(match Color::from_text(code) {
        Some(Color::White) => 'A',
        Some(Color::Grey) => 'B',
        Some(Color::Yellow) => 'C',
        Some(Color::Pink) => 'D',
        Some(Color::Red) => 'E',
        Some(Color::Purple) => 'F',
        Some(Color::Green) => 'G',
        Some(Color::Blue) => 'H',
        Some(Color::Brown) => 'I',
        Some(Color::Black) => 'J',
        // GA/T 16.8 has no letter of their own for these.
        Some(Color::Orange | Color::Cyan | Color::Transparent | Color::Other) => 'Z',
        None => {
            return match code.trim().as_bytes() {
                [letter] if matches!(letter.to_ascii_uppercase(), b'A'..=b'J' | b'Z') => {
                    Some(char::from(letter.to_ascii_uppercase()))
                }
                _ => None,
            };
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_of_this_interface_are_not_those_of_others() {
        let plain = PlateClass::UNKNOWN;
        // 1 is black here, blue in JT/T 697.7 and yellow in GA/T 833.
        assert_eq!(plate_color("1", plain), PlateColor::Black);
        assert_eq!(plate_color("5", plain), PlateColor::Blue);
        assert_eq!(plate_color("06", plain), PlateColor::Yellow);
        assert_eq!(plate_color("9", PlateClass::SMALL_NEW_ENERGY), PlateColor::Green);
        assert_eq!(plate_color("9", PlateClass::LARGE_NEW_ENERGY), PlateColor::YellowGreen);
        assert_eq!(plate_color("", PlateClass::LARGE), PlateColor::Yellow);
        assert_eq!(plate_color("99", plain), PlateColor::Unknown);
        for (code, letter) in [("2", 'A'), ("1", 'J'), ("5", 'H'), ("99", 'Z'), ("e", 'E')] {
            assert_eq!(body_color(code), Some(letter));
        }
        assert_eq!(body_color(""), None);
        assert_eq!(body_color("K"), None, "the letter for unread");
    }

    #[test]
    fn confidence_is_a_percentage_or_nothing() {
        for (text, percentage) in
            [("97", Some(97)), (" 99.6 ", Some(100)), ("101", None), ("-1", None), ("", None)]
        {
            assert_eq!(percent(text), percentage);
        }
    }

    #[test]
    fn only_web_addresses_of_sane_length_are_pictures() {
        assert!(kept("HTTP://10.0.0.9/a.jpg").is_some());
        let long = format!("http://{}", "a".repeat(PICTURE_URL_BYTES_MAX));
        for url in ["", "/a.jpg", "ftp://a/b.jpg", "javascript:alert(1)", "http://a/b c", "图片", &long] {
            assert!(kept(url).is_none(), "{url}");
        }
    }

    #[test]
    fn what_the_camera_says_it_saw_is_taken_and_nothing_more() {
        let codes: OffenceCodes =
            [("1301", Behaviour::WrongWay), ("1207", Behaviour::NoHelmet)].into_iter().collect();
        let plain = MotorVehicleCore::default();
        let seen = |object: MotorVehicleCore| {
            let class = PlateClass::parse(&object.plate_class).unwrap_or_default();
            let vehicle = Vehicle::from(&object);
            vehicle.behaviours(&codes, class, VehicleType::parse(vehicle.class)).iter().collect::<Vec<_>>()
        };
        let belt = |value| MotorVehicleCore { safety_belt: Some(value), ..plain.clone() };
        assert_eq!(seen(plain.clone()), []);
        assert_eq!(seen(belt(0)), [Behaviour::NoBelt]);
        assert_eq!(seen(belt(1)), []);
        assert_eq!(seen(belt(2)), [], "a value outside the table says nothing");
        assert_eq!(seen(MotorVehicleCore { plate_class: "07".into(), ..belt(0) }), []);
        assert_eq!(seen(MotorVehicleCore { vehicle_class: "M21".into(), ..belt(0) }), []);
        assert_eq!(seen(MotorVehicleCore { calling: Some(0), ..plain.clone() }), []);
        assert_eq!(seen(MotorVehicleCore { is_covered: Some(false), ..plain.clone() }), []);
        let all = MotorVehicleCore {
            calling: Some(1),
            is_covered: Some(true),
            driving_status_code: "13010".into(),
            ..belt(0)
        };
        assert_eq!(
            seen(all),
            [Behaviour::WrongWay, Behaviour::PlateCovered, Behaviour::NoBelt, Behaviour::Phone]
        );
        let rider = NonMotorVehicle {
            driving_status_code: "1207".into(),
            is_covered: Some(true),
            ..NonMotorVehicle::default()
        };
        let seen = Vehicle::from(&rider).behaviours(&codes, PlateClass::UNKNOWN, None);
        assert_eq!(seen.iter().collect::<Vec<_>>(), [Behaviour::PlateCovered, Behaviour::NoHelmet]);
    }

    #[test]
    fn a_checkpoint_is_the_named_one_if_its_camera_serves_it() {
        let camera = |checkpoints: &[&str]| CameraEntry {
            is_enabled: true,
            username: "".into(),
            ha1: "".into(),
            checkpoints: checkpoints.iter().map(|id| CheckpointId::from(*id)).collect(),
            ..CameraEntry::default()
        };
        let at = |named: &str, checkpoints: &[&str]| {
            let object = MotorVehicleCore { tollgate_id: named.into(), ..MotorVehicleCore::default() };
            Vehicle::from(&object).checkpoint(&camera(checkpoints)).map(|id| id.to_string())
        };
        assert_eq!(at("2", &["1", "2"]).as_deref(), Some("2"));
        assert_eq!(at("3", &["1", "2"]).as_deref(), Some("1"));
        assert_eq!(at("", &["1", "2"]).as_deref(), Some("1"));
        assert_eq!(at("3", &[]).as_deref(), Some("3"));
        assert_eq!(at("", &[]), None);
    }
}
