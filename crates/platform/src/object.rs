//! From a passage to the object that is passed on.

use domain::{Behaviour, DeviceId, Observation, Passage, PlateColor};
use gat1400::codes::{Color, ImageType, InfoKind};
use gat1400::id::{DeviceId as TwentyDigits, ObjectId, SubjectId};
use gat1400::object::{MotorVehicle, NO_PLATE, SubImageInfo};
use gat1400::{DateTime, ImageData, Text};
use journal::{Journal, Offset};

/// Serials of ids have five digits.
const SERIALS: u128 = 100_000;

/// The object of a passage. Its ids follow from the observation's, so that a passage sent twice is one. `pictures` is where
/// embedded pictures are taken from; without it none are sent.
pub(crate) fn vehicle_of(
    observation: &Observation,
    passage: &Passage,
    server_id: &str,
    pictures: Option<&Journal>,
) -> MotorVehicle {
    let captured_at = DateTime::from_unix_ms(observation.captured_at.unix_ms());
    let (source_id, motor_vehicle_id) = ids_of(observation, captured_at, server_id);
    let number = |value: Option<u8>| value.map(|value| value.to_string().into()).unwrap_or_default();
    let has = |behaviour| passage.behaviours.contains(behaviour);
    let mut vehicle = MotorVehicle {
        motor_vehicle_id,
        info_kind: Some(InfoKind::Automatic.code()),
        source_id: source_id.clone(),
        tollgate_id: passage.checkpoint.0.clone(),
        device_id: observation.device.0.clone(),
        lane_no: passage.lane.map(i64::from),
        has_plate: Some(!passage.plate_text.is_empty() && passage.plate_text != NO_PLATE),
        plate_class: passage.plate_class.to_string().into(),
        plate_color: plate_color(passage.plate_color),
        plate_no: if passage.plate_text.is_empty() { NO_PLATE.into() } else { passage.plate_text.clone() },
        is_covered: has(Behaviour::PlateCovered).then_some(true),
        safety_belt: has(Behaviour::NoBelt).then_some(0),
        calling: has(Behaviour::Phone).then_some(1),
        speed_kmh: passage.speed_kmh.map(f64::from),
        direction: number(passage.direction),
        vehicle_class: passage.vehicle_type.map(|kind| kind.to_string().into()).unwrap_or_default(),
        vehicle_color: passage.body_color.map(body_color).unwrap_or_default(),
        pass_time: Some(captured_at),
        plate_reliability: number(passage.plate_confidence),
        ..MotorVehicle::default()
    };
    let Some(journal) = pictures else { return vehicle };
    let mut urls = Vec::new();
    for (index, picture) in passage.pictures.iter().enumerate() {
        if let Some(url) = picture.as_str().strip_prefix('u') {
            urls.push(Text::new(url));
        } else if let Some(bytes) = embedded(journal, picture.as_str()) {
            // The first is the view of the whole vehicle, by the order in which cameras send them.
            let kind = if index == 0 { ImageType::VehicleBig } else { ImageType::Other };
            vehicle.sub_images.push(SubImageInfo {
                image_id: source_id.clone(),
                device_id: observation.device.0.clone(),
                kind: kind.code().to_string().into(),
                file_format: "Jpeg".into(),
                shot_time: Some(captured_at),
                data: ImageData::encode(&bytes),
                ..SubImageInfo::default()
            });
        }
    }
    let mut urls = urls.into_iter();
    let slots = [
        &mut vehicle.storage_url1,
        &mut vehicle.storage_url2,
        &mut vehicle.storage_url3,
        &mut vehicle.storage_url4,
        &mut vehicle.storage_url5,
    ];
    slots.into_iter().zip(&mut urls).for_each(|(slot, url)| *slot = url);
    vehicle
}

/// A picture of the journal; one that has expired is left out.
fn embedded(journal: &Journal, id: &str) -> Option<Vec<u8>> {
    let offset: u64 = id.strip_prefix('j')?.parse().ok()?;
    journal.read_at(Offset::new(offset)).ok()
}

/// 41 and 48 digits. A device whose id has another form stands behind ours.
fn ids_of(observation: &Observation, captured_at: DateTime, server_id: &str) -> (Text, Text) {
    let digits = |id: &DeviceId| TwentyDigits::parse(id.as_str()).ok();
    let own = TwentyDigits::parse(server_id).ok();
    let Some(device) = digits(&observation.device).or(own) else { return Default::default() };
    let source = ObjectId {
        device,
        kind: ObjectId::KIND_PICTURE,
        created_at: captured_at,
        serial: (observation.id.0 % SERIALS) as u32,
    };
    let subject = SubjectId {
        source,
        kind: SubjectId::KIND_MOTOR_VEHICLE,
        serial: (observation.id.0 / SERIALS % SERIALS) as u32,
    };
    let text = |built: Result<String, _>| built.map(Text::from).unwrap_or_default();
    (text(source.build()), text(subject.build()))
}

/// The table of this interface has one green.
fn plate_color(color: PlateColor) -> Text {
    let color = match color {
        PlateColor::Unknown => return Text::default(),
        PlateColor::Blue => Color::Blue,
        PlateColor::Yellow => Color::Yellow,
        PlateColor::White => Color::White,
        PlateColor::Black => Color::Black,
        PlateColor::Green | PlateColor::YellowGreen => Color::Green,
    };
    color.code().to_string().into()
}

/// From a letter of GA/T 16.8.
fn body_color(letter: char) -> Text {
    let color = match letter {
        'A' => Color::White,
        'B' => Color::Grey,
        'C' => Color::Yellow,
        'D' => Color::Pink,
        'E' => Color::Red,
        'F' => Color::Purple,
        'G' => Color::Green,
        'H' => Color::Blue,
        'I' => Color::Brown,
        'J' => Color::Black,
        _ => Color::Other,
    };
    color.code().to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Fact, ObservationId, Plate, PlateClass, Timestamp};

    #[test]
    fn ids_have_their_form_and_stay_the_same() {
        let mut passage = Passage::unread("37132700001210000001".into());
        passage.plate_text = "鲁Q12B45".into();
        passage.plate = Plate::parse("鲁Q12B45").ok();
        passage.plate_class = PlateClass::SMALL;
        passage.plate_color = PlateColor::Blue;
        let mut observation = Observation {
            id: ObservationId(123_456_789_012_345),
            device: "37132700001190000001".into(),
            captured_at: Timestamp::from_unix_ms(1_795_406_400_000),
            received_at: Timestamp::from_unix_ms(1_795_406_401_000),
            fact: Fact::Passage(passage.clone()),
        };
        let vehicle = vehicle_of(&observation, &passage, "37132700005020000001", None);
        assert_eq!(vehicle.id_problems(), []);
        assert_eq!(vehicle.motor_vehicle_id, "371327000011900000010220261123120000123450267890");
        assert_eq!((vehicle.plate_color.as_str(), vehicle.plate_class.as_str()), ("5", "02"));
        assert_eq!(vehicle.missing_but_pictures(), Vec::<&str>::new());
        observation.device = "013900000001".into();
        let behind_ours = vehicle_of(&observation, &passage, "37132700005020000001", None);
        assert!(behind_ours.motor_vehicle_id.starts_with("37132700005020000001"));
        assert_eq!(behind_ours.device_id, "013900000001");
    }

    trait Missing {
        fn missing_but_pictures(&self) -> Vec<&'static str>;
    }

    impl Missing for MotorVehicle {
        fn missing_but_pictures(&self) -> Vec<&'static str> {
            let mut missing = gat1400::Object::missing(self);
            missing.retain(|field| !["StorageUrl1", "VehicleColor"].contains(field));
            missing
        }
    }
}
