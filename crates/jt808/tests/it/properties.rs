//! Messages return when written and read again, and no bytes make decoding panic.

use jt808::active_safety::{
    AdasAlarm, AdasKind, AlarmCircumstances, AlarmIdentifier, AlarmPhase, BlindSpotAlarm, BlindSpotKind,
    DsmAlarm, DsmKind, TyreAlarm, TyreAlarmBits, TyreState, VehicleStateBits,
};
use jt808::item::{AreaAlarm, Item, PlaceKind, SegmentTimeAlarm, SignalBits, VideoAlarmBits};
use jt808::message::{
    Authentication, GeneralAck, Parameter, ParameterReply, Registration, ResendRequest, TextFlags,
    TextMessage,
};
use jt808::{
    AckResult, AlarmBits, Checksum, DateTime, Edition, Header, Message, Phone, Position, PositionBatch,
    StatusBits, encode_frame,
};
use proptest::collection::vec;
use proptest::prelude::*;
use smol_str::SmolStr;

use crate::framing::any_header;
use crate::{read, read_in};

/// Text that fits `bytes` bytes of GBK and neither begins nor ends with what fills a field.
fn any_text(bytes: usize) -> impl Strategy<Value = SmolStr> {
    let characters = prop_oneof![
        3 => proptest::char::range('!', '~'),
        1 => proptest::sample::select("豫鲁京沪测试挂学警港澳€".chars().collect::<Vec<_>>()),
    ];
    vec(characters, 0..=bytes / 2).prop_map(|characters| characters.into_iter().collect())
}

fn any_time() -> impl Strategy<Value = DateTime> {
    any::<[u8; 6]>().prop_map(DateTime::from_bcd)
}

prop_compose! {
    fn any_circumstances()(
        (speed_kmh, altitude_m, latitude_raw, longitude_raw, vehicle_state) in any::<(u8, u16, u32, u32, u16)>(),
        time in any_time(),
        terminal_id in any_text(7),
        (sequence, attachment_count, reserved) in any::<(u8, u8, u8)>(),
    ) -> AlarmCircumstances {
        let identifier = AlarmIdentifier { terminal_id, time, sequence, attachment_count, reserved };
        let vehicle_state = VehicleStateBits(vehicle_state);
        AlarmCircumstances { speed_kmh, altitude_m, latitude_raw, longitude_raw, time, vehicle_state, identifier }
    }
}

fn any_active_safety_item() -> impl Strategy<Value = Item> {
    let tyre = any::<(u8, u16, u16, u16, u16)>().prop_map(
        |(position, alarm, pressure_kpa, temperature_c, battery_percent)| TyreState {
            position,
            alarm: TyreAlarmBits(alarm),
            pressure_kpa,
            temperature_c,
            battery_percent,
        },
    );
    (0u8..4, any::<u32>(), any::<[u8; 9]>(), any_circumstances(), vec(tyre, 0..20)).prop_map(
        |(which, alarm_id, bytes, circumstances, tyres)| {
            let [phase, kind, level, front_speed_kmh, front_gap_s_x10, deviation, sign_kind, sign_value, _] =
                bytes;
            let phase = AlarmPhase::from(phase);
            match which {
                0 => Item::Adas(AdasAlarm {
                    alarm_id,
                    phase,
                    kind: AdasKind::from(kind),
                    level,
                    front_speed_kmh,
                    front_gap_s_x10,
                    deviation,
                    sign_kind,
                    sign_value,
                    circumstances,
                }),
                1 => Item::Dsm(DsmAlarm {
                    alarm_id,
                    phase,
                    kind: DsmKind::from(kind),
                    level,
                    fatigue_degree: front_speed_kmh,
                    reserved: [deviation; 4],
                    circumstances,
                }),
                2 => Item::Tyre(TyreAlarm { alarm_id, phase, circumstances, tyres }),
                _ => Item::BlindSpot(BlindSpotAlarm {
                    alarm_id,
                    phase,
                    kind: BlindSpotKind::from(kind),
                    circumstances,
                }),
            }
        },
    )
}

fn any_item() -> impl Strategy<Value = Item> {
    prop_oneof![
        any::<u32>().prop_map(Item::MileageKmX10),
        any::<u16>().prop_map(Item::FuelLX10),
        any::<u16>().prop_map(Item::ManualAlarmId),
        (-32_767i16..).prop_map(Item::CabinTemperatureC),
        any::<[u8; 30]>().prop_map(Item::TyrePressuresPa),
        any::<(u8, Option<u32>)>()
            .prop_map(|(kind, place_id)| Item::Overspeed { kind: PlaceKind::from(kind), place_id }),
        any::<(u8, u32, u8)>().prop_map(|(kind, place_id, direction)| {
            Item::Area(AreaAlarm { kind: PlaceKind::from(kind), place_id, direction })
        }),
        any::<(u32, u16, u8)>().prop_map(|(segment_id, driving_s, result)| {
            Item::SegmentTime(SegmentTimeAlarm { segment_id, driving_s, result })
        }),
        any::<u32>().prop_map(|bits| Item::VideoAlarm(VideoAlarmBits(bits))),
        any::<u32>().prop_map(|bits| Item::Signals(SignalBits(bits))),
        any::<u8>().prop_map(Item::Satellites),
        any_active_safety_item(),
        (0xe0u8.., vec(any::<u8>(), 0..=255)).prop_map(|(id, value)| Item::Other { id, value }),
    ]
}

prop_compose! {
    fn any_position()(
        (alarm, status, latitude_raw, longitude_raw) in any::<(u32, u32, u32, u32)>(),
        (altitude_m, speed_kmh_x10, direction_deg) in any::<(u16, u16, u16)>(),
        time in any_time(),
        items in vec(any_item(), 0..8),
    ) -> Position {
        let (alarm, status) = (AlarmBits(alarm), StatusBits(status));
        let tail = Vec::new();
        Position {
            alarm, status, latitude_raw, longitude_raw, altitude_m, speed_kmh_x10, direction_deg, time, items, tail,
        }
    }
}

prop_compose! {
    fn any_registration()(
        (province_id, city_id, plate_colour) in any::<(u16, u16, u8)>(),
        manufacturer in any_text(5),
        model in any_text(8),
        terminal_id in any_text(7),
        plate in any_text(12),
    ) -> Registration {
        Registration { province_id, city_id, manufacturer, model, terminal_id, plate_colour, plate }
    }
}

fn any_message() -> impl Strategy<Value = Message> {
    let parameter = any::<(u32, Vec<u8>)>().prop_map(|(id, mut value)| {
        value.truncate(255);
        Parameter { id, value }
    });
    prop_oneof![
        Just(Message::Heartbeat),
        Just(Message::Logout),
        Just(Message::QueryPosition),
        any::<(u16, u16, u8)>().prop_map(|(serial, message_id, result)| {
            Message::TerminalAck(GeneralAck { serial, message_id, result: AckResult::from(result) })
        }),
        any_registration().prop_map(Message::Registration),
        any_text(60).prop_map(|code| {
            Message::Authentication(Authentication { code, ..Authentication::default() })
        }),
        any::<(u16, Vec<u16>)>().prop_map(|(first_serial, part_indexes)| {
            Message::ResendRequest(ResendRequest { first_serial, part_indexes })
        }),
        (any::<u16>(), vec(parameter, 0..20))
            .prop_map(|(serial, parameters)| Message::ParameterReply(ParameterReply { serial, parameters })),
        any_position().prop_map(Message::Position),
        (any::<u8>(), vec(any_position(), 0..5)).prop_map(|(kind, positions)| {
            Message::PositionBatch(PositionBatch { kind, positions, unreadable: Vec::new() })
        }),
        (any::<u8>(), any_text(100)).prop_map(|(flags, text)| {
            Message::Text(TextMessage { flags: TextFlags(flags), kind: 0, text })
        }),
        (0x0f00u16..0x1000, vec(any::<u8>(), 0..100)).prop_map(|(id, body)| Message::Unknown { id, body }),
    ]
}

/// Bodies of every message there is, more or less damaged.
fn any_body_of_known_message() -> impl Strategy<Value = (u16, Vec<u8>)> {
    let ids = [
        0x0001, 0x8001, 0x0002, 0x0003, 0x8003, 0x0005, 0x0100, 0x8100, 0x0102, 0x8103, 0x8104, 0x8106,
        0x0104, 0x8107, 0x0107, 0x0200, 0x8201, 0x0201, 0x8202, 0x0704, 0x8702, 0x0702, 0x8300, 0x8302,
        0x0302, 0x0800, 0x0801, 0x8800, 0x8801, 0x0805, 0x9003, 0x1003, 0x1005, 0x9101, 0x9102, 0x9105,
        0x9201, 0x9202, 0x9205, 0x1205, 0x9206, 0x1206, 0x9207, 0x9208, 0x1210, 0x1211, 0x1212, 0x9212,
        0x0f01,
    ];
    // Small bytes make counts and lengths that fit, and text that is ASCII.
    let byte = prop_oneof![2 => 0u8..8, 1 => 0x20u8..0x7f, 1 => any::<u8>()];
    (proptest::sample::select(ids.to_vec()), vec(byte, 0..300))
}

proptest! {
    #[test]
    fn messages_return(message in any_message(), edition_index in 0usize..3, serial: u16) {
        let edition = [Edition::V2011, Edition::V2013, Edition::V2019][edition_index];
        let header = Header::new(message.id(), edition, Phone::from(13_800_138_000), serial);
        let mut body = Vec::new();
        message.encode_body(edition, &mut body).unwrap();
        // A header on the wire says 2013 for both.
        let read_edition = if edition == Edition::V2019 { edition } else { Edition::V2013 };
        let read_header = Header { edition: read_edition, ..header };
        if matches!(message, Message::Registration(_)) {
            // A long plate of 2011 looks like 2013: its length alone tells.
            prop_assume!(Message::edition_of(&read_header, &body) == edition);
        }
        prop_assert_eq!(Message::decode(&read_header, &body), Ok(message.clone()));

        let mut wire = Vec::new();
        let frames = encode_frame(&header, &message, &mut wire).unwrap();
        if frames == 1 {
            prop_assert_eq!(read(&wire), vec![Ok((read_header, body))]);
        } else {
            prop_assert_eq!(read(&wire).into_iter().filter_map(Result::ok).count(), usize::from(frames));
        }
    }

    #[test]
    fn what_was_read_returns(
        (id, body) in any_body_of_known_message(),
        is_2019: bool,
    ) {
        let edition = if is_2019 { Edition::V2019 } else { Edition::V2013 };
        let header = Header::new(id, edition, Phone::from(1), 1);
        if let Ok(first) = Message::decode(&header, &body) {
            prop_assert_eq!(first.id(), id);
            let mut written = Vec::new();
            first.encode_body(Message::edition_of(&header, &body), &mut written).unwrap();
            let second = Message::decode(&header, &written).unwrap();
            // Bytes that are no GBK are replaced, and may be so once more when written.
            if !format!("{first:?}").contains(|character: char| !character.is_ascii()) {
                prop_assert_eq!(first, second);
            }
        }
    }

    #[test]
    fn no_bytes_make_decoding_panic(
        bytes in vec(prop_oneof![4 => any::<u8>(), 1 => Just(0x7e)], 0..3000),
        piece_bytes in 1usize..3000,
    ) {
        for (header, body) in read_in(&bytes, piece_bytes, Checksum::Lenient).into_iter().flatten() {
            prop_assert!(body.len() <= jt808::BODY_BYTES_MAX);
            // Whether it can be read does not matter here.
            drop(Message::decode(&header, &body));
        }
    }

    #[test]
    fn no_body_makes_decoding_panic(header in any_header(), (id, body) in any_body_of_known_message()) {
        let header = Header { message_id: id, ..header };
        let result = Message::decode(&header, &body);
        prop_assert!(result.is_err() || (header.part.is_none() && header.encryption == 0));
    }
}
