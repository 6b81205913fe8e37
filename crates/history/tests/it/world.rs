//! Entries of all shapes, and a history that holds them.

use domain::observation::{Alarm, AlarmKind, Fact, Passage, Position, Weighing};
use domain::{
    Behaviour, Behaviours, DeviceId, Entry, Observation, ObservationId, PictureId, Plate, PlateClass,
    PlateColor, ReferenceChange, Timestamp, VehicleKey, VehicleType, Wgs84,
};
use history::{History, Seal, Segment};
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;

/// 2026-11-23 09:00 in Beijing.
pub(crate) const START: Timestamp = Timestamp::from_unix_ms(1_795_395_600_000);

pub(crate) fn plate(text: &str) -> Plate {
    Plate::parse(text).unwrap()
}

/// A passage as a camera of GA/T 1400 reports it.
pub(crate) fn passage(plate_text: &str, checkpoint: &str, captured_at: Timestamp) -> Observation {
    let device = DeviceId::from("37132700001190000001");
    let passage = Passage {
        lane: Some(2),
        direction: Some(1),
        plate_text: plate_text.into(),
        plate: Plate::parse(plate_text).ok(),
        plate_confidence: Some(97),
        plate_class: PlateClass::SMALL,
        plate_color: PlateColor::Blue,
        vehicle_type: VehicleType::parse("K33"),
        body_color: Some('A'),
        speed_kmh: Some(63),
        ..Passage::unread(checkpoint.into())
    };
    let id = ObservationId::of(&[
        b"1400",
        device.as_str().as_bytes(),
        checkpoint.as_bytes(),
        &[2, 1, 2],
        &captured_at.unix_ms().to_be_bytes(),
        plate_text.as_bytes(),
        b"5",
        b"K33",
        &63u16.to_be_bytes(),
    ]);
    let received_at = captured_at.plus_ms(700);
    Observation { id, device, captured_at, received_at, fact: Fact::Passage(passage) }
}

/// Seals entries that lie ten bytes apart from `from` on; gives the segments, published.
pub(crate) fn seal(history: &History, from: u64, entries: &[Entry]) -> Vec<Segment> {
    let mut seal = Seal::new(from, START);
    for (entry, offset) in entries.iter().zip((from..).step_by(10)) {
        seal.push(offset, offset + 10, entry);
    }
    let segments = history.write(&mut seal).unwrap();
    history.publish_sealed(segments.clone());
    segments
}

pub(crate) fn opened(root: &Path, segments: Vec<Segment>) -> Arc<History> {
    Arc::new(History::open(root, segments).unwrap().0)
}

fn observations() -> impl Strategy<Value = Observation> {
    let fact = prop_oneof![
        passages().prop_map(Fact::Passage),
        positions().prop_map(Fact::Position),
        (any::<u8>(), any::<u16>()).prop_map(|(level, speed_dkmh)| {
            let kind = AlarmKind::Other { item: 0x67, kind: level };
            Fact::Alarm(Alarm { vehicle: None, kind, level, location: None, speed_dkmh })
        }),
    ];
    (any::<u128>(), "[0-9]{11,20}|相机", -90_000i64..900_000_000, -5_000i64..5_000_000, fact).prop_map(
        |(id, device, captured, delay, fact)| {
            let captured_at = START.plus_ms(captured);
            Observation {
                id: ObservationId(id),
                device: DeviceId::from(device.as_str()),
                captured_at,
                received_at: captured_at.plus_ms(delay),
                fact,
            }
        },
    )
}

fn passages() -> impl Strategy<Value = Passage> {
    let seen = (
        prop::option::of(any::<u8>()),
        prop::option::of(any::<u8>()),
        "[鲁京][QA][A-Z0-9-]{3,6}|無法|",
        prop::option::of(any::<u8>()),
        any::<u8>(),
        prop::sample::select(vec![
            PlateColor::Unknown,
            PlateColor::Blue,
            PlateColor::Yellow,
            PlateColor::Green,
            PlateColor::YellowGreen,
        ]),
    );
    let more = (
        prop::option::of("[A-Z][0-9][0-9A-Z]"),
        prop::option::of(any::<char>()),
        prop::option::of(any::<u16>()),
        prop::collection::vec("j[0-9]{1,12}|uhttp://10.0.0.9/a.jpg", 0..4),
        prop::sample::subsequence(Behaviour::ALL.to_vec(), 0..4),
        prop::option::of((
            any::<u32>(),
            prop::collection::vec(any::<u32>(), 0..7),
            any::<u8>(),
            any::<Option<bool>>(),
        )),
    );
    (seen, more).prop_map(|((lane, direction, text, confidence, class, color), more)| {
        let (kind, body, speed, pictures, behaviours, weighing) = more;
        Passage {
            lane,
            direction,
            plate: Plate::parse(&text).ok(),
            plate_text: text.into(),
            plate_confidence: confidence,
            plate_class: PlateClass(class),
            plate_color: color,
            vehicle_type: kind.and_then(|kind| VehicleType::parse(&kind)),
            body_color: body,
            speed_kmh: speed,
            pictures: pictures.iter().map(|id| PictureId::from(id.as_str())).collect(),
            behaviours: behaviours.into_iter().fold(Behaviours::default(), Behaviours::with),
            weighing: weighing.map(|(total_kg, axles_kg, axle_count, is_train)| {
                Box::new(Weighing { total_kg, axles_kg, axle_count, is_train })
            }),
            ..Passage::unread("37132700001210000001".into())
        }
    })
}

fn positions() -> impl Strategy<Value = Position> {
    let place = prop::option::of((-180.0..180.0, -90.0..90.0));
    let numbers = (any::<u16>(), any::<u16>(), any::<i16>(), any::<u32>(), any::<u32>());
    (prop::option::of(any::<u8>()), place, numbers, any::<Option<u32>>(), any::<bool>()).prop_map(
        |(class, place, (speed, heading, altitude, alarm, status), mileage_hm, is_backfill)| Position {
            vehicle: class.map(|class| VehicleKey { plate: plate("鲁QA1234"), class: PlateClass(class) }),
            location: place.and_then(|(lon, lat)| Wgs84::new(lon, lat)),
            speed_dkmh: speed,
            heading_deg: heading,
            altitude_m: altitude,
            alarm_bits: alarm,
            status_bits: status,
            mileage_hm,
            is_backfill,
        },
    )
}

/// Any entry that can be in a journal.
pub(crate) fn entries() -> impl Strategy<Value = Entry> {
    prop_oneof![
        8 => observations().prop_map(Entry::Observation),
        1 => any::<i32>().prop_map(|second| {
            let at = START.plus_ms(i64::from(second % 100_000) * 1_000);
            Entry::Reference(Box::new(ReferenceChange::Tick(at)))
        }),
        1 => any::<i16>().prop_map(|_| {
            let change = ReferenceChange::CheckpointRemoved("37132700001210000009".into());
            Entry::Reference(Box::new(change))
        }),
    ]
}
