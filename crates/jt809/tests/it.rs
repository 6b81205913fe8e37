//! Frames assembled by hand field by field, their checksum computed elsewhere; round trips; noise.

#![expect(clippy::unwrap_used, reason = "a test helper that fails fails its test")]

use jt809::{
    Basic, Cipher, Decoder, Edition, Frame, FrameError, Full, Header, Login, LoginResult, Message, Position,
    Registration, VehicleData, VehicleMessage, Warning, WarningSource,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// 2011: length 72, serial 133, 0x1001, centre 371327, version 1.0.0, plain; user 1001, "secret", 10.0.0.9, port 8091.
const LOGIN: &str = "000000480000008510010005aa7f0100000000000000000003e9736563726574000031302e302e302e39000000000000\
    0000000000000000000000000000000000001f9b57ce";
/// 2011: 鲁Q12345, yellow; 0x1202 of 36 bytes: 2026-11-23 10:00:05, 118.35 E, 35.05 N, 61 and 60 km/h, 12,345 km, 90°, 120 m,
/// status 3, alarm 1.
const POSITION: &str = "0000005a0000000712000005aa7f0100000000000000c2b3513132333435000000000000000000000000000212020000\
    002400170b07ea0a0005070de0b00216d210003d003c00003039005a00780000000300000001e950";
/// 2019: from 37132700001, 2 (fatigue), for the same vehicle, "疲劳驾驶", sent a second later.
const WARNING: &str = "0000007e0000000814000005aa7f0100000000000000000000006b039e26140200000056333731333237303030303100\
    02000000006b039e25000000006b039e250000000000000000c2b3513132333435000000000000000000000000000200\
    000000000000000000000000000000000008c6a3c0cdbcddcabbadfc";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn frames(stream: &[u8], sizes: &[usize]) -> Vec<Result<Vec<u8>, FrameError>> {
    let mut decoder = Decoder::new(4_096);
    let mut found = Vec::new();
    let (mut rest, mut sizes) = (stream, sizes.iter().cycle());
    while !rest.is_empty() {
        let (now, later) = rest.split_at(sizes.next().map_or(1, |size| (*size).max(1)).min(rest.len()));
        decoder.push(now, &mut |frame, _| found.push(frame.map(<[u8]>::to_vec)));
        rest = later;
    }
    found
}

/// Reads the one frame of `hex`, and writes it again as it was.
fn read(hex: &str, edition: Edition) -> Message {
    let plain = bytes(hex);
    let frame = Frame::read(&plain, edition, None).unwrap();
    let message = frame.message(edition).unwrap();
    let mut again = Vec::new();
    frame.header.encode(&message, edition, None, &mut again);
    assert_eq!(frames(&again, &[7]), [Ok(plain)]);
    message
}

#[test]
fn frames_by_hand_are_read_and_written() {
    assert_eq!(Edition::of_login(&bytes(LOGIN)), Some(Edition::V2011));
    assert_eq!(Edition::of_login(&bytes(POSITION)), None);
    let login = Login {
        user_id: 1001,
        password: "secret".into(),
        center_id: 0,
        down_link_ip: "10.0.0.9".into(),
        down_link_port: 8091,
    };
    assert_eq!(read(LOGIN, Edition::V2011), Message::Login(login));

    let Message::Vehicle(vehicle) = read(POSITION, Edition::V2011) else { panic!("not of a vehicle") };
    assert_eq!((vehicle.plate.as_str(), vehicle.plate_color), ("鲁Q12345", 2));
    let VehicleData::Position(Position::Basic(basic)) = vehicle.data else { panic!("no position") };
    // `date -d '2026-11-23 10:00:05 +0800' +%s`.
    assert_eq!(basic.unix_ms(), Some(1_795_399_205_000));
    assert_eq!((basic.longitude_e6, basic.latitude_e6, basic.speed_kmh), (118_350_000, 35_050_000, 61));
    assert_eq!((basic.mileage_km, basic.heading_deg, basic.status, basic.alarm), (12_345, 90, 3, 1));

    let Message::Warning(warning) = read(WARNING, Edition::V2019) else { panic!("no warning") };
    assert_eq!((warning.kind, warning.at_unix_s, warning.text.as_str()), (2, 1_795_399_205, "疲劳驾驶"));
    assert_eq!(warning.source, WarningSource::Platform("37132700001".into()));
    assert_eq!(warning.plate, "鲁Q12345");
}

#[test]
fn an_encrypted_frame_needs_its_parameters() {
    let cipher = Cipher { m1: 30_000_000, ia1: 20_000_000, ic1: 20_000_000 };
    let header =
        Header { serial: 1, id: 0x1005, center_id: 2, version: [1, 0, 0], key: Some(77), sent_unix_s: 0 };
    let message = Message::Logout { user_id: 5, password: "abc".into() };
    let mut out = Vec::new();
    header.encode(&message, Edition::V2011, Some(cipher), &mut out);
    let plain = frames(&out, &[100]).remove(0).unwrap();
    assert_eq!(Frame::read(&plain, Edition::V2011, None), Err(FrameError::Encrypted));
    let frame = Frame::read(&plain, Edition::V2011, Some(cipher)).unwrap();
    assert_eq!((frame.header.key, frame.message(Edition::V2011).unwrap()), (Some(77), message));
}

#[test]
fn a_body_cut_short_is_told_and_one_longer_is_read() {
    assert!(Message::decode(0x1001, &[0; 45], Edition::V2011).is_err());
    assert!(Message::decode(0x1001, &[0; 60], Edition::V2011).is_ok());
    // A count of positions that are not there.
    let mut body = Vec::new();
    let history = VehicleData::History(vec![Position::Basic(Basic::default())]);
    let message = Message::Vehicle(VehicleMessage { plate: "鲁Q1".into(), plate_color: 1, data: history });
    message.encode(Edition::V2011, &mut body);
    body[28] = 200;
    assert!(Message::decode(0x1200, &body, Edition::V2011).is_err());
}

fn text(len: usize) -> impl Strategy<Value = String> {
    // Each at most two bytes of GBK.
    vec(prop_oneof![Just('鲁'), Just('A'), Just('9'), Just('超')], 0..=len / 2).prop_map(String::from_iter)
}

fn position(edition: Edition) -> impl Strategy<Value = Position> {
    let basic = (
        any::<bool>(),
        0..4_000_000_000i64,
        any::<(u32, u32, u16, u16)>(),
        any::<(u32, u16, u16, u32, u32)>(),
    )
        .prop_map(
            |(is_shifted, at_s, (longitude_e6, latitude_e6, speed_kmh, recorder_speed_kmh), rest)| {
                let (mileage_km, heading_deg, altitude_m, status, alarm) = rest;
                Position::Basic(Basic {
                    is_shifted,
                    time: Basic::time_of(at_s * 1_000),
                    longitude_e6,
                    latitude_e6,
                    speed_kmh,
                    recorder_speed_kmh,
                    mileage_km,
                    heading_deg,
                    altitude_m,
                    status,
                    alarm,
                })
            },
        );
    let full = (
        any::<bool>(),
        vec(any::<u8>(), 0..60),
        [(text(11), any::<u32>()), (text(11), any::<u32>()), (text(11), any::<u32>())],
    )
        .prop_map(|(is_shifted, report, platforms)| Position::Full(Full { is_shifted, report, platforms }));
    if edition == Edition::V2011 { basic.boxed() } else { full.boxed() }
}

fn message(edition: Edition) -> impl Strategy<Value = Message> {
    let is_new = edition == Edition::V2019;
    let login = (any::<u32>(), text(8), any::<u32>(), text(32), any::<u16>()).prop_map(
        move |(user_id, password, center_id, down_link_ip, down_link_port)| {
            let center_id = if is_new { center_id } else { 0 };
            Message::Login(Login { user_id, password, center_id, down_link_ip, down_link_port })
        },
    );
    let registration = (text(11), text(11), text(20), text(15), text(7), text(12)).prop_map(
        move |(platform, maker, model, imei, terminal, sim)| {
            let imei = if is_new { imei } else { String::new() };
            VehicleData::Registration(Registration { platform, maker, model, imei, terminal, sim })
        },
    );
    let data = prop_oneof![
        registration,
        position(edition).prop_map(VehicleData::Position),
        vec(position(edition), 0..6).prop_map(VehicleData::History),
        (0x1204..0x1210u16, vec(any::<u8>(), 0..40))
            .prop_map(|(kind, data)| VehicleData::Other { kind, data }),
    ];
    let vehicle = (text(21), any::<u8>(), data)
        .prop_map(|(plate, plate_color, data)| Message::Vehicle(VehicleMessage { plate, plate_color, data }));
    let warning =
        (text(21), any::<(u8, u8, u16, u64, u64, u64)>(), any::<(u32, u32)>(), text(11), text(11), text(60))
            .prop_map(
                move |(
                    plate,
                    (plate_color, source, kind, at_unix_s, from, until),
                    (number, route),
                    platform,
                    destination,
                    text,
                )| {
                    Message::Warning(Warning {
                        plate,
                        plate_color,
                        source: if is_new {
                            WarningSource::Platform(platform)
                        } else {
                            WarningSource::Kind(source)
                        },
                        kind,
                        at_unix_s,
                        span_unix_s: if is_new { (from, until) } else { (0, 0) },
                        number: if is_new { 0 } else { number },
                        destination: if is_new { destination } else { String::new() },
                        route: if is_new { route } else { 0 },
                        text,
                    })
                },
            );
    prop_oneof![
        login,
        (0..7u8, any::<u32>()).prop_map(|(code, verify_code)| Message::LoginReply {
            result: LoginResult::from_code(code),
            verify_code
        }),
        (any::<u32>(), text(8)).prop_map(|(user_id, password)| Message::Logout { user_id, password }),
        any::<u8>().prop_map(Message::MainLinkLost),
        any::<u32>().prop_map(|verify_code| Message::SubConnect { verify_code }),
        any::<(u32, u64, u64)>().prop_map(|(count, from_unix_s, until_unix_s)| Message::Received {
            count,
            from_unix_s,
            until_unix_s
        }),
        vehicle,
        warning,
        (0x9200..0x9600u16, vec(any::<u8>(), 0..60)).prop_map(|(id, body)| Message::Other { id, body }),
    ]
}

fn edition_and_message() -> impl Strategy<Value = (Edition, Message)> {
    prop_oneof![Just(Edition::V2011), Just(Edition::V2019)]
        .prop_flat_map(|edition| (Just(edition), message(edition)))
}

proptest! {
    #[test]
    fn what_is_written_is_read_however_it_is_cut(
        (edition, message) in edition_and_message(),
        (serial, center_id, key, sent) in any::<(u32, u32, Option<u32>, u64)>(),
        sizes in vec(1..30usize, 1..6),
    ) {
        let cipher = Cipher { m1: 30_000_000, ia1: 20_000_000, ic1: 20_000_000 };
        let sent_unix_s = if edition == Edition::V2019 { sent } else { 0 };
        let header = Header { serial, id: message.id(), center_id, version: [1, 2, 15], key, sent_unix_s };
        let mut out = b"noise".to_vec();
        header.encode(&message, edition, Some(cipher), &mut out);
        let found = frames(&out, &sizes);
        prop_assert_eq!(found.len(), 1);
        let frame = Frame::read(found[0].as_ref().unwrap(), edition, Some(cipher)).unwrap();
        prop_assert_eq!(frame.header, header);
        prop_assert_eq!(frame.message(edition).unwrap(), message);
    }

    #[test]
    fn a_changed_byte_is_found(at in 0..70usize, by in 1..=255u8) {
        let mut plain = bytes(LOGIN);
        plain[at] ^= by;
        let read = Frame::read(&plain, Edition::V2011, None);
        prop_assert!(matches!(read, Err(FrameError::Checksum { .. })), "{:?}", read);
    }

    #[test]
    fn noise_makes_nothing_fail(stream in vec(prop_oneof![Just(0x5b), Just(0x5d), Just(0x5a), any::<u8>()], 0..300), id in prop_oneof![Just(0x1200u16), Just(0x1400), any::<u16>()]) {
        for edition in [Edition::V2011, Edition::V2019] {
            for frame in frames(&stream, &[11]).into_iter().flatten() {
                if let Ok(frame) = Frame::read(&frame, edition, None) {
                    drop(frame.message(edition));
                }
            }
            drop(Message::decode(id, &stream, edition));
        }
    }
}
