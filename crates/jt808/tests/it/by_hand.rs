//! Frames written by hand from the tables of the standard, and what they say.

use jt808::active_safety::{AlarmPhase, DsmKind};
use jt808::item::{Item, PlaceKind};
use jt808::message::{
    Authentication, Parameter, ParameterSettings, Registration, ResendRequest, TerminalAttributes, TextFlags,
    TextMessage, Tracking, parameter_id,
};
use jt808::{
    AckResult, AlarmBits, Edition, Header, Load, Message, Phone, Position, RegisterResult, StatusBits,
    encode_frame,
};

use crate::{read, read_one, unhex};

const PHONE: u64 = 13_800_138_000;

fn header(message_id: u16, edition: Edition) -> Header {
    Header::new(message_id, edition, Phone::from(PHONE), 1)
}

/// The body, between the header written here and the checksum computed here, says the message and the other way round.
#[track_caller]
fn check_body(edition: Edition, body: &str, message: &Message) {
    let body = unhex(body);
    let header = header(message.id(), edition);
    assert_eq!(Message::decode(&header, &body).as_ref(), Ok(message));
    let mut written = Vec::new();
    message.encode_body(edition, &mut written).expect("a message that fits");
    assert_eq!(written, body);
}

#[test]
fn a_heartbeat_of_2013() {
    // id, no body, phone 013800138000, serial 1; the checksum is 02^01^38^13^80^01.
    let wire = unhex("7e 0002 0000 013800138000 0001 a9 7e");
    let expected = header(0x0002, Edition::V2013);
    assert_eq!(read(&wire), [Ok((expected, vec![]))]);
    let mut written = Vec::new();
    assert_eq!(encode_frame(&expected, &Message::Heartbeat, &mut written), Ok(1));
    assert_eq!(written, wire);
}

#[test]
fn a_heartbeat_of_2019_with_a_serial_that_needs_escapes() {
    // Serial 7d7e; checksum 02^40^01^01^38^13^80^7d^7e = ea.
    let wire = unhex("7e 0002 4000 01 00000000013800138000 7d01 7d02 ea 7e");
    let expected = Header { serial: 0x7d7e, ..header(0x0002, Edition::V2019) };
    assert_eq!(read(&wire), [Ok((expected, vec![]))]);
    let mut written = Vec::new();
    assert_eq!(encode_frame(&expected, &Message::Heartbeat, &mut written), Ok(1));
    assert_eq!(written, wire);
}

#[test]
fn a_platform_acknowledges_a_position() {
    let position = Header { serial: 7, ..header(0x0200, Edition::V2013) };
    let ack = Message::platform_ack(&position, AckResult::Ok);
    let mut written = Vec::new();
    assert_eq!(encode_frame(&position.reply(0x007e), &ack, &mut written), Ok(1));
    assert_eq!(written, unhex("7e 8001 0005 013800138000 007d02 0007 0200 00 55 7e"));
}

#[test]
fn a_position_with_items() {
    let wire = unhex(
        "7e 0200 002c 013800138000 0010
         00000002 000c0003 01cd2f60 06d4a4c4 0005 02ee 010e 260401080930
         01 04 000f4240  02 02 01f4  30 01 1f  31 01 14
         ab 7e",
    );
    let (header, body) = read_one(&wire).unwrap().unwrap();
    let Ok(Message::Position(position)) = Message::decode(&header, &body) else { panic!("a position") };
    assert_eq!(position.alarm, AlarmBits::OVERSPEED);
    assert_eq!(position.alarm.names().collect::<Vec<_>>(), ["OVERSPEED"]);
    let status = StatusBits::ACC_ON | StatusBits::POSITIONED | StatusBits::USES_GPS | StatusBits::USES_BEIDOU;
    assert_eq!((position.status, position.status.load()), (status, Load::Empty));
    assert_eq!((position.latitude_e6(), position.longitude_e6()), (Some(30_224_224), Some(114_599_108)));
    assert_eq!((position.altitude_m, position.speed_kmh_x10, position.direction_deg), (5, 750, 270));
    assert_eq!(position.time.to_string(), "2026-04-01 08:09:30");
    let items =
        [Item::MileageKmX10(1_000_000), Item::FuelLX10(500), Item::RadioSignal(31), Item::Satellites(20)];
    assert_eq!(position.items, items);
    let mut written = Vec::new();
    encode_frame(&header, &Message::Position(position), &mut written).unwrap();
    assert_eq!(written, wire);
}

#[test]
fn signs_of_a_place_come_from_the_status() {
    let mut position = Position::default();
    position.set_place_e6(-33_868_820, -70_000_000);
    assert_eq!((position.latitude_raw, position.longitude_raw), (33_868_820, 70_000_000));
    assert_eq!(position.status, StatusBits::SOUTH | StatusBits::WEST);
    assert_eq!((position.latitude_e6(), position.longitude_e6()), (Some(-33_868_820), Some(-70_000_000)));
    position.set_place_e6(1, 1);
    assert_eq!(position.status, StatusBits::default());
    position.latitude_raw = 90_000_001;
    position.longitude_raw = 180_000_001;
    assert_eq!((position.latitude_e6(), position.longitude_e6()), (None, None));
}

#[test]
fn registrations_differ_by_edition() {
    let registration = |model: &str| {
        Message::Registration(Registration {
            province_id: 41,
            city_id: 1502,
            manufacturer: "ACME1".into(),
            model: model.into(),
            terminal_id: "T000042".into(),
            plate_colour: 2,
            plate: "豫S12345".into(),
        })
    };
    // 豫 is d4a5 in GBK.
    let plate = "d4a5 5331323334 35";
    let zeros = |count: usize| "00".repeat(count);
    check_body(
        Edition::V2013,
        &format!("0029 05de 41434d4531 4d31{} 54303030303432 02 {plate}", zeros(18)),
        &registration("M1"),
    );
    check_body(
        Edition::V2019,
        &format!("0029 05de 41434d4531{} 4d31{} 54303030303432{} 02 {plate}", zeros(6), zeros(28), zeros(23)),
        &registration("M1"),
    );
    // 2011 has a model of 8 bytes filled with spaces; only its length tells it from 2013.
    let body = unhex(&format!("0029 05de 41434d4531 4d31202020202020 54303030303432 02 {plate}"));
    let read_header = header(0x0100, Edition::V2013);
    assert_eq!(Message::edition_of(&read_header, &body), Edition::V2011);
    assert_eq!(Message::decode(&read_header, &body), Ok(registration("M1")));
    let mut written = Vec::new();
    registration("M1").encode_body(Edition::V2011, &mut written).unwrap();
    assert_eq!(written, body);
}

#[test]
fn registration_is_answered() {
    let registration = header(0x0100, Edition::V2013);
    check_body(Edition::V2013, "0001 00 6b6579", &Message::register_accepted(&registration, "key"));
    check_body(
        Edition::V2013,
        "0001 04",
        &Message::register_refused(&registration, RegisterResult::TerminalUnknown),
    );
}

#[test]
fn authentication_differs_by_edition() {
    let code = Authentication { code: "key".into(), ..Authentication::default() };
    check_body(Edition::V2013, "6b6579", &Message::Authentication(code.clone()));
    let full = Authentication { imei: "123456789012345".into(), software_version: "1.2".into(), ..code };
    check_body(
        Edition::V2019,
        &format!("03 6b6579 313233343536373839303132333435 312e32{}", "00".repeat(17)),
        &Message::Authentication(full),
    );
}

#[test]
fn resend_requests_count_in_one_byte_before_2019_and_in_two_since() {
    let request = Message::ResendRequest(ResendRequest { first_serial: 0x1099, part_indexes: vec![2, 5] });
    check_body(Edition::V2013, "1099 02 0002 0005", &request);
    check_body(Edition::V2019, "1099 0002 0002 0005", &request);
    let other_count = unhex("1099 02 0002 0005");
    assert_eq!(Message::decode(&header(0x8003, Edition::V2019), &other_count), Ok(request));
}

#[test]
fn text_has_a_kind_since_2019() {
    let text = |kind| {
        let flags = TextFlags::URGENT | TextFlags::SPEECH;
        Message::Text(TextMessage { flags, kind, text: "停车".into() })
    };
    check_body(Edition::V2013, "09 cda3b3b5", &text(0));
    check_body(Edition::V2019, "09 01 cda3b3b5", &text(1));
}

#[test]
fn parameters_are_set() {
    let settings = Message::SetParameters(ParameterSettings {
        parameters: vec![
            Parameter::from_u32(parameter_id::REPORT_INTERVAL_S, 10),
            Parameter::from_text(parameter_id::PLATE, "豫S1"),
            Parameter::from_u8(parameter_id::PLATE_COLOUR, 2),
        ],
    });
    check_body(Edition::V2013, "03 00000029 04 0000000a  00000083 04 d4a55331  00000084 01 02", &settings);
    let Message::SetParameters(settings) = settings else { unreachable!() };
    assert_eq!(settings.parameters[0].as_u32(), Some(10));
    assert_eq!(settings.parameters[1].as_text(), "豫S1");
}

#[test]
fn attributes_of_a_terminal() {
    let attributes = Message::TerminalAttributes(TerminalAttributes {
        terminal_kind: 1,
        manufacturer: "ACME1".into(),
        model: "M1".into(),
        terminal_id: "T000042".into(),
        iccid: [0x89, 0x86, 0x01, 0x23, 0x45, 0x67, 0x89, 0x01, 0x23, 0x45],
        hardware_version: "H1".into(),
        firmware_version: "F2".into(),
        gnss: 3,
        communication: 0x20,
    });
    let body = |model: usize, id: usize| {
        let (model, id) = ("00".repeat(model - 2), "00".repeat(id - 7));
        format!("0001 41434d4531 4d31{model} 54303030303432{id} 89860123456789012345 02 4831 02 4632 03 20")
    };
    check_body(Edition::V2013, &body(20, 7), &attributes);
    check_body(Edition::V2019, &body(30, 30), &attributes);
}

#[test]
fn tracking_ends_without_a_duration() {
    check_body(
        Edition::V2013,
        "000a 00000e10",
        &Message::Tracking(Tracking { interval_s: 10, duration_s: 3600 }),
    );
    check_body(Edition::V2013, "0000", &Message::Tracking(Tracking { interval_s: 0, duration_s: 0 }));
}

/// A DSM alarm of fatigue that begins: head, then the tail all active safety items share.
const DSM: &str = "00000007 01 01 02 08 00000000
                   3c 0005 01cd2f60 06d4a4c4 260401080930 0411
                   54303030303432 260401080930 00 03 00";
const BASIC: &str = "00000000 00000003 01cd2f60 06d4a4c4 0005 0258 010e 260401080930";

#[track_caller]
fn position_of(body: &str) -> Position {
    match Message::decode(&header(0x0200, Edition::V2019), &unhex(body)) {
        Ok(Message::Position(position)) => position,
        other => panic!("expected a position, decoded {other:?}"),
    }
}

#[test]
fn a_fatigue_alarm_of_the_driver_camera() {
    let position = position_of(&format!("{BASIC} 65 2f {DSM}"));
    let [Item::Dsm(alarm)] = position.items.as_slice() else { panic!("a DSM item: {position:?}") };
    assert_eq!((alarm.phase, alarm.kind, alarm.level), (AlarmPhase::Start, DsmKind::Fatigue, 2));
    assert_eq!(alarm.fatigue_degree, 8);
    assert_eq!(alarm.circumstances.speed_kmh, 60);
    assert_eq!(alarm.circumstances.identifier.terminal_id, "T000042");
    assert_eq!(alarm.circumstances.identifier.attachment_count, 3);
    let mut written = Vec::new();
    Message::Position(position).encode_body(Edition::V2019, &mut written).unwrap();
    assert_eq!(written, unhex(&format!("{BASIC} 65 2f {DSM}")));
}

#[test]
fn an_active_safety_item_with_a_wrong_length_is_read_when_the_rest_fits() {
    let position = position_of(&format!("{BASIC} 65 20 {DSM} 31 01 14"));
    assert!(matches!(position.items.as_slice(), [Item::Dsm(_), Item::Satellites(20)]), "{position:?}");
    // A vendor's own 0x65 keeps its length.
    let position = position_of(&format!("{BASIC} 65 02 abcd 31 01 14"));
    let vendor = Item::Other { id: 0x65, value: vec![0xab, 0xcd] };
    assert_eq!(position.items, [vendor, Item::Satellites(20)]);
}

#[test]
fn items_of_odd_length_vendor_items_and_a_cut_off_item_are_kept_as_bytes() {
    let body = format!("{BASIC} 01 03 000001 ec 02 beef 06 02 8005 11 01 00 11 05 01 00000009 30 04 1f");
    let position = position_of(&body);
    let expected = [
        Item::Other { id: 0x01, value: vec![0, 0, 1] },
        Item::Other { id: 0xec, value: vec![0xbe, 0xef] },
        Item::CabinTemperatureC(-5),
        Item::Overspeed { kind: PlaceKind::Anywhere, place_id: None },
        Item::Overspeed { kind: PlaceKind::Circle, place_id: Some(9) },
    ];
    assert_eq!(position.items, expected);
    assert_eq!(position.tail, [0x30, 0x04, 0x1f]);
    let mut written = Vec::new();
    Message::Position(position).encode_body(Edition::V2019, &mut written).unwrap();
    assert_eq!(written, unhex(&body));
}

#[test]
fn a_bad_entry_of_a_batch_costs_that_entry() {
    let body = unhex(&format!("0003 01 001c {BASIC} 0003 010203 001f {BASIC} 31 01 14"));
    let batch = match Message::decode(&header(0x0704, Edition::V2013), &body) {
        Ok(Message::PositionBatch(batch)) => batch,
        other => panic!("expected a batch, decoded {other:?}"),
    };
    assert_eq!((batch.kind, batch.positions.len()), (1, 2));
    assert_eq!(batch.positions[1].items, [Item::Satellites(20)]);
    assert_eq!(batch.unreadable, [vec![1, 2, 3]]);
}

#[test]
fn a_batch_entry_that_is_cut_off_is_read_as_far_as_it_goes() {
    // The entry declares 64 bytes and the count another entry; the body ends after the first item.
    let body = unhex(&format!("0002 00 0040 {BASIC} 31 01 14"));
    let batch = match Message::decode(&header(0x0704, Edition::V2013), &body) {
        Ok(Message::PositionBatch(batch)) => batch,
        other => panic!("expected a batch, decoded {other:?}"),
    };
    assert_eq!((batch.positions.len(), batch.unreadable.len()), (1, 0));
    assert_eq!(batch.positions[0].items, [Item::Satellites(20)]);
}

#[test]
fn a_bad_body_can_still_be_answered() {
    let wire = unhex("7e 0200 0003 013800138000 0001 010203 aa 7e");
    let (header, body) = read_one(&wire).unwrap().unwrap();
    let error = Message::decode(&header, &body).unwrap_err();
    assert_eq!(error.to_string(), "body ends inside alarm");
    let ack = Message::platform_ack(&header, AckResult::WrongMessage);
    let mut written = Vec::new();
    ack.encode_body(Edition::V2013, &mut written).unwrap();
    assert_eq!(written, unhex("0001 0200 02"));
}

#[test]
fn an_unknown_message_is_kept() {
    check_body(Edition::V2013, "0102ff", &Message::Unknown { id: 0x0f01, body: vec![1, 2, 255] });
}
