//! Subordinate platforms over real sockets: JT/T 809 of both editions.

use crate::world::{NOW_MS, PATIENCE, World, closed, eventually};
use domain::{AlarmKind, DeviceKind, Fact, PlateClass, Wgs84};
use gateway::directory::camera_ha1;
use gateway::{Event, FleetCipher, FleetEntry, Limits, RefusalReason};
use jt808::StatusBits;
use jt809::{
    Basic, Decoder, Edition, Frame, Full, Header, Login, LoginResult, Message, Position, VehicleData,
    VehicleMessage, Warning, WarningSource,
};
use std::collections::VecDeque;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const CENTER: u32 = 371_327;
const USER: u32 = 1001;

/// The other side: a subordinate platform, or the sub link that it is called back on.
struct Link {
    stream: TcpStream,
    edition: Edition,
    decoder: Decoder,
    heard: VecDeque<Message>,
    serial: u32,
    /// What it encrypts with.
    cipher: Option<FleetCipher>,
}

impl Link {
    async fn connect(world: &World, edition: Edition) -> Self {
        Self::on(TcpStream::connect(world.at("fleets")).await.unwrap(), edition)
    }

    fn on(stream: TcpStream, edition: Edition) -> Self {
        Self {
            stream,
            edition,
            decoder: Decoder::new(1 << 16),
            heard: VecDeque::new(),
            serial: 0,
            cipher: None,
        }
    }

    fn frame(&mut self, message: &Message) -> Vec<u8> {
        self.serial += 1;
        let header = Header {
            serial: self.serial,
            id: message.id(),
            center_id: CENTER,
            version: [1, 0, 0],
            key: self.cipher.map(|_| 0x5b5d_5a00 ^ self.serial),
            sent_unix_s: NOW_MS as u64 / 1_000,
        };
        let mut out = Vec::new();
        header.encode(message, self.edition, self.cipher, &mut out);
        out
    }

    async fn say(&mut self, message: &Message) {
        let frame = self.frame(message);
        self.stream.write_all(&frame).await.unwrap();
    }

    async fn hear(&mut self) -> Message {
        loop {
            if let Some(message) = self.heard.pop_front() {
                return message;
            }
            let mut buffer = [0; 4096];
            let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut buffer));
            let count = read.await.expect("an answer").unwrap();
            assert!(count > 0, "the link was closed");
            let (edition, heard) = (self.edition, &mut self.heard);
            self.decoder.push(&buffer[..count], &mut |frame, _| {
                heard
                    .push_back(Frame::read(frame.unwrap(), edition, None).unwrap().message(edition).unwrap());
            });
        }
    }

    async fn log_in(&mut self, user_id: u32, password: &str, down_link_port: u16) -> (LoginResult, u32) {
        let login = Login {
            user_id,
            password: password.into(),
            center_id: if self.edition == Edition::V2019 { CENTER } else { 0 },
            down_link_ip: "127.0.0.1".into(),
            down_link_port,
        };
        self.say(&Message::Login(login)).await;
        match self.hear().await {
            Message::LoginReply { result, verify_code } => (result, verify_code),
            other => panic!("{other:?}"),
        }
    }

    async fn logged_in(world: &World, edition: Edition) -> Self {
        let mut link = Self::connect(world, edition).await;
        assert_eq!(link.log_in(USER, "secret", 0).await.0, LoginResult::Done);
        link
    }

    /// Everything said before has been taken when this is answered.
    async fn settle(&mut self) {
        self.say(&Message::LinkTest).await;
        assert_eq!(self.hear().await, Message::LinkTestReply);
    }
}

fn admit(world: &World, change: impl FnOnce(&mut FleetEntry)) {
    let mut entry = FleetEntry {
        is_enabled: true,
        username: USER.to_string().into(),
        ha1: camera_ha1(&USER.to_string(), "secret").into(),
        address: None,
        cipher: None,
    };
    change(&mut entry);
    world.admit(|directory| {
        directory.fleets.insert(CENTER.to_string().as_str().into(), entry);
    });
}

fn basic(seconds: i64) -> Basic {
    Basic {
        time: Basic::time_of(NOW_MS - seconds * 1_000),
        longitude_e6: 118_350_000,
        latitude_e6: 35_050_000,
        speed_kmh: 61,
        mileage_km: 12_345,
        heading_deg: 90,
        altitude_m: 120,
        status: 3,
        alarm: 2,
        ..Basic::default()
    }
}

fn of(plate: &str, plate_color: u8, data: VehicleData) -> Message {
    Message::Vehicle(VehicleMessage { plate: plate.into(), plate_color, data })
}

fn position(seconds: i64) -> Message {
    of("鲁Q12345", 2, VehicleData::Position(Position::Basic(basic(seconds))))
}

#[tokio::test]
async fn positions_and_alarms_come_in_under_their_vehicle_and_repeats_do_not() {
    let world = World::new().await;
    admit(&world, |_| {});
    let mut link = Link::logged_in(&world, Edition::V2011).await;
    link.say(&position(5)).await;
    let history = [basic(5), basic(65), basic(125)].map(Position::Basic).to_vec();
    link.say(&of("鲁Q12345", 2, VehicleData::History(history))).await;
    let warning = Warning {
        plate: "鲁Q12345".into(),
        plate_color: 2,
        source: WarningSource::Kind(1),
        kind: 2,
        at_unix_s: NOW_MS as u64 / 1_000 - 3,
        span_unix_s: (0, 0),
        number: 7,
        destination: String::new(),
        route: 0,
        text: "疲劳驾驶".into(),
    };
    link.say(&Message::Warning(warning.clone())).await;
    link.say(&Message::Warning(Warning { number: 8, ..warning })).await;
    link.settle().await;
    let stored = world.stored();
    assert_eq!(stored.len(), 4, "{stored:#?}");
    let Fact::Position(first) = &stored[0].fact else { panic!("{:?}", stored[0]) };
    let vehicle = first.vehicle.unwrap();
    assert_eq!((vehicle.plate.to_string().as_str(), vehicle.class), ("鲁Q12345", PlateClass::LARGE));
    assert_eq!((first.location, first.speed_dkmh, first.heading_deg), (Wgs84::new(118.35, 35.05), 610, 90));
    assert_eq!((first.alarm_bits, first.mileage_hm, first.is_backfill), (2, Some(123_450), false));
    assert_eq!((stored[0].captured_at.unix_ms(), stored[0].device.as_str()), (NOW_MS - 5_000, "371327"));
    assert!(matches!(&stored[1].fact, Fact::Position(late) if late.is_backfill));
    let Fact::Alarm(alarm) = &stored[3].fact else { panic!("{:?}", stored[3]) };
    assert_eq!((alarm.kind, alarm.vehicle), (AlarmKind::Fatigue, Some(vehicle)));
    let state = world.context.presence.get(DeviceKind::Fleet, &"371327".into()).unwrap();
    assert_eq!((state.edition, state.observations), (Some("2011"), 6));
    world.end().await;
}

#[tokio::test]
async fn the_edition_of_2019_carries_reports_of_terminals() {
    let mut world = World::new().await;
    admit(&world, |_| {});
    let mut link = Link::logged_in(&world, Edition::V2019).await;
    let report = crate::world::report(5);
    let full = |report: Vec<u8>| {
        let full = Full {
            report,
            platforms: [("37132700001".into(), 0), Default::default(), Default::default()],
            ..Full::default()
        };
        of("鲁QD12345", 93, VehicleData::Position(Position::Full(full)))
    };
    link.say(&full(report.encode())).await;
    // The old layout in the new envelope, as some platforms send it.
    let mut body = Vec::new();
    position(7).encode(Edition::V2011, &mut body);
    link.say(&full(body[29..].to_vec())).await;
    // What is no report costs itself.
    link.say(&full(vec![1, 2, 3])).await;
    link.settle().await;
    let stored = world.stored();
    assert_eq!(stored.len(), 2, "{stored:#?}");
    for (observation, seconds) in stored.iter().zip([5, 7]) {
        let Fact::Position(position) = &observation.fact else { panic!("{observation:?}") };
        assert_eq!(position.vehicle.unwrap().class, PlateClass::LARGE_NEW_ENERGY);
        assert_eq!(observation.captured_at.unix_ms(), NOW_MS - seconds * 1_000);
        assert!(position.location.is_some());
    }
    match world.event().await {
        Event::Quarantined { source: DeviceKind::Fleet, device, reason, .. } => {
            assert_eq!((device.unwrap().as_str(), reason), ("371327", "report"));
        }
        other => panic!("{other:?}"),
    }
    assert!(report.status.contains(StatusBits::POSITIONED));
    world.end().await;
}

#[tokio::test]
async fn each_refusal_has_its_result_and_is_told() {
    let mut world = World::new().await;
    let ask = async |world: &mut World, user, password: &str| {
        let mut link = Link::connect(world, Edition::V2011).await;
        let result = link.log_in(user, password, 0).await.0;
        closed(&mut link.stream).await;
        let reason = match world.event().await {
            Event::Refused { source: DeviceKind::Fleet, device, reason, .. } => {
                assert_eq!(device.as_str(), "371327");
                reason
            }
            other => panic!("{other:?}"),
        };
        (result, reason)
    };
    let told = ask(&mut world, USER, "secret").await;
    assert_eq!(told, (LoginResult::WrongCenter, RefusalReason::Unknown));
    admit(&world, |_| {});
    let told = ask(&mut world, USER, "guess").await;
    assert_eq!(told, (LoginResult::WrongPassword, RefusalReason::WrongPassword));
    let told = ask(&mut world, 7, "secret").await;
    assert_eq!(told, (LoginResult::UnknownUser, RefusalReason::WrongPassword));
    admit(&world, |entry| entry.address = Some("10.9.8.7".parse().unwrap()));
    let told = ask(&mut world, USER, "secret").await;
    assert_eq!(told, (LoginResult::WrongAddress, RefusalReason::WrongAddress));
    admit(&world, |entry| entry.is_enabled = false);
    let told = ask(&mut world, USER, "secret").await;
    assert_eq!(told, (LoginResult::Other, RefusalReason::Disabled));
    // Without a login nothing is taken.
    let mut link = Link::connect(&world, Edition::V2011).await;
    link.say(&position(1)).await;
    link.say(&position(2)).await;
    drop(link);
    assert!(world.stored().is_empty());
    world.end().await;
}

#[tokio::test]
async fn the_sub_link_is_opened_back_with_the_code_of_the_login() {
    let world = World::new().await;
    admit(&world, |_| {});
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut main = Link::connect(&world, Edition::V2011).await;
    let (result, code) = main.log_in(USER, "secret", listener.local_addr().unwrap().port()).await;
    assert_eq!(result, LoginResult::Done);
    let (stream, _) = tokio::time::timeout(PATIENCE, listener.accept()).await.expect("a sub link").unwrap();
    let mut sub = Link::on(stream, Edition::V2011);
    assert_eq!(sub.hear().await, Message::SubConnect { verify_code: code });
    sub.say(&Message::SubConnectReply(0)).await;
    // It ends with the main link.
    main.say(&Message::Logout { user_id: USER, password: "secret".into() }).await;
    assert_eq!(main.hear().await, Message::LogoutReply);
    closed(&mut sub.stream).await;
    world.end().await;
}

const CIPHER: FleetCipher = FleetCipher { m1: 10_000_000, ia1: 20_000_000, ic1: 30_000_000 };

#[tokio::test]
async fn an_encrypted_link_is_read_with_its_platforms_parameters() {
    let world = World::new().await;
    admit(&world, |entry| entry.cipher = Some(CIPHER));
    for (edition, seconds) in [(Edition::V2011, 5), (Edition::V2019, 7)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut link = Link::connect(&world, edition).await;
        link.cipher = Some(CIPHER);
        let (result, code) = link.log_in(USER, "secret", listener.local_addr().unwrap().port()).await;
        assert_eq!(result, LoginResult::Done);
        let place = match edition {
            Edition::V2011 => Position::Basic(basic(seconds)),
            Edition::V2019 => {
                Position::Full(Full { report: crate::world::report(seconds).encode(), ..Full::default() })
            }
        };
        link.say(&of("鲁Q12345", 2, VehicleData::Position(place))).await;
        // Some messages of an encrypted link come in plain: each says so itself.
        link.cipher = None;
        link.settle().await;
        // What it answers on the sub link may be encrypted, too.
        let (stream, _) =
            tokio::time::timeout(PATIENCE, listener.accept()).await.expect("a sub link").unwrap();
        let mut sub = Link::on(stream, edition);
        sub.cipher = Some(CIPHER);
        assert_eq!(sub.hear().await, Message::SubConnect { verify_code: code });
        sub.say(&Message::SubConnectReply(0)).await;
        sub.say(&Message::LinkTest).await;
        assert_eq!(sub.hear().await, Message::LinkTestReply);
    }
    let stored = world.stored();
    assert_eq!(stored.len(), 2, "{stored:#?}");
    for (observation, seconds) in stored.iter().zip([5, 7]) {
        let Fact::Position(position) = &observation.fact else { panic!("{observation:?}") };
        assert_eq!(position.vehicle.unwrap().plate.to_string(), "鲁Q12345");
        assert_eq!(observation.captured_at.unix_ms(), NOW_MS - seconds * 1_000);
    }
    world.end().await;
}

#[tokio::test]
async fn a_wrong_key_is_told_and_nothing_comes_of_it() {
    let wrong = FleetCipher { ia1: CIPHER.ia1 + 1, ..CIPHER };
    let mut world = World::new().await;
    let told = async |world: &mut World| match world.event().await {
        Event::Quarantined { source: DeviceKind::Fleet, device, reason, detail, .. } => {
            assert_eq!(device.unwrap().as_str(), "371327", "{detail}");
            assert!(detail.contains("M1, IA1, IC1") || reason == "encrypted", "{detail}");
            reason
        }
        Event::Refused { device, reason, .. } => {
            assert_eq!(device.as_str(), "371327");
            reason.key()
        }
        other => panic!("{other:?}"),
    };
    // At the login: none registered, then others.
    for (registered, quarantined) in [(None, "encrypted"), (Some(wrong), "wrong_key")] {
        admit(&world, |entry| entry.cipher = registered);
        let mut link = Link::connect(&world, Edition::V2011).await;
        link.cipher = Some(CIPHER);
        assert_eq!(link.log_in(USER, "secret", 0).await.0, LoginResult::Other);
        closed(&mut link.stream).await;
        assert_eq!([told(&mut world).await, told(&mut world).await], [quarantined, "wrong_key"]);
    }
    // The right key and the wrong password are a wrong password.
    admit(&world, |entry| entry.cipher = Some(CIPHER));
    let mut link = Link::connect(&world, Edition::V2011).await;
    link.cipher = Some(CIPHER);
    assert_eq!(link.log_in(USER, "guess", 0).await.0, LoginResult::WrongPassword);
    assert_eq!(told(&mut world).await, "wrong_password");
    // Of a link that logged in in plain: each frame is put aside, and the link goes on.
    let mut link = Link::logged_in(&world, Edition::V2011).await;
    link.cipher = Some(wrong);
    let plain = position(1);
    for _ in 0..20 {
        link.say(&plain).await;
        assert_eq!(told(&mut world).await, "wrong_key");
    }
    link.cipher = Some(CIPHER);
    link.say(&plain).await;
    link.cipher = None;
    link.settle().await;
    assert_eq!(world.stored().len(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_new_login_takes_over_noise_is_kept_and_silence_ends_a_link() {
    let limits = Limits { fleet_faults_max: 3, fleet_frame_bytes_max: 500, ..Limits::default() };
    let mut world = World::with(limits).await;
    admit(&world, |_| {});
    let mut older = Link::logged_in(&world, Edition::V2011).await;
    let mut newer = Link::logged_in(&world, Edition::V2011).await;
    closed(&mut older.stream).await;
    newer.say(&of("no plate at all", 9, VehicleData::Position(Position::Basic(basic(1))))).await;
    newer.stream.write_all(&[b"\x5b".as_slice(), &[7; 600], b"\x5d"].concat()).await.unwrap();
    newer.stream.write_all(b"\x5b0123456789012345678901234567890123456789\x5d").await.unwrap();
    for expected in ["plate", "too_long", "checksum"] {
        match world.event().await {
            Event::Quarantined { reason, .. } => assert_eq!(reason, expected),
            other => panic!("{other:?}"),
        }
    }
    newer.settle().await;
    let present = |world: &World| {
        world.context.presence.get(DeviceKind::Fleet, &"371327".into()).unwrap().connected_since.is_some()
    };
    assert!(present(&world));
    // More faults than good messages end the link.
    for _ in 0..5 {
        newer.stream.write_all(b"\x5b01\x5d").await.unwrap();
    }
    closed(&mut newer.stream).await;
    eventually("it is gone", || !present(&world)).await;
    world.end().await;

    let world = World::with(Limits { fleet_silence_s_max: 1, ..Limits::default() }).await;
    admit(&world, |_| {});
    let mut silent = Link::logged_in(&world, Edition::V2011).await;
    closed(&mut silent.stream).await;
    world.end().await;
}
