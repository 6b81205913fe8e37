//! Vehicle terminals: what they say, what they are told, and what becomes durable.

use crate::world::{Line, NOW_MS, World, authentication, closed, eventually, report};
use domain::DeviceKind;
use domain::{AlarmKind, Fact, VehicleKey, Wgs84};
use gateway::{Event, Limits, RefusalReason, SendError, TerminalEntry};
use jt808::active_safety::{
    AlarmCircumstances, AlarmIdentifier, AlarmPhase, DsmAlarm, DsmKind, VehicleStateBits,
};
use jt808::message::{TextFlags, TextMessage};
use jt808::{AckResult, DateTime, Edition, Item, Message, Phone, PositionBatch, RegisterResult};
use tokio::io::AsyncWriteExt;

const PHONE: u64 = 13_800_138_000;

#[tokio::test]
async fn terminals_of_three_editions_register_authenticate_and_report() {
    let world = World::new().await;
    let editions = [(Edition::V2011, "2011"), (Edition::V2013, "2013"), (Edition::V2019, "2019")];
    world.admit_terminals((0..3).map(|n| PHONE + n));
    for (n, (edition, name)) in (0..).zip(editions) {
        let phone = PHONE + n;
        let id = phone.to_string().as_str().into();
        let mut line = Line::connect(&world, edition).await;
        line.begin(phone).await;
        assert_eq!(line.ask(phone, Message::Heartbeat).await, AckResult::Ok);
        assert_eq!(line.ask(phone, Message::Position(report(2))).await, AckResult::Ok);
        let stored = world.stored();
        let observation = stored.last().unwrap();
        assert_eq!(stored.len() as u64, n + 1, "what was answered is durable");
        assert_eq!(observation.device, id);
        assert_eq!(observation.captured_at.unix_ms(), NOW_MS - 2_000);
        assert_eq!(observation.received_at.unix_ms(), NOW_MS);
        let Fact::Position(position) = &observation.fact else { panic!("{observation:?}") };
        assert_eq!(position.location, Wgs84::new(118.0, 35.000_002));
        assert_eq!((position.speed_dkmh, position.heading_deg, position.altitude_m), (605, 90, 120));
        assert!(position.is_ignition_on() && !position.is_backfill);
        let state = world.context.presence.get(DeviceKind::Terminal, &id).unwrap();
        assert_eq!(state.edition, Some(name));
        assert_eq!((state.observations, state.clock_offset_ms), (1, Some(-2_000)));
        assert!(state.connected_since.is_some());
        drop(line);
        eventually("it is gone", || {
            world.context.presence.get(DeviceKind::Terminal, &id).unwrap().connected_since.is_none()
        })
        .await;
    }
    world.end().await;
}

#[tokio::test]
async fn an_unknown_terminal_is_refused_and_listed_until_it_is_admitted() {
    let mut world = World::new().await;
    let mut line = Line::connect(&world, Edition::V2013).await;
    assert_eq!(line.register(PHONE).await.result, RegisterResult::TerminalUnknown);
    match world.event().await {
        Event::Refused { source: DeviceKind::Terminal, device, reason, detail, .. } => {
            assert_eq!((device.as_str(), reason), ("13800138000", RefusalReason::Unknown));
            for said in ["鲁Q12345", "MAKER", "M-1", "T000001"] {
                assert!(detail.contains(said), "{detail}");
            }
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(line.ask(PHONE, Message::Position(report(1))).await, AckResult::Failed);
    assert!(world.stored().is_empty());
    world.admit_terminals([PHONE]);
    line.begin(PHONE).await;
    assert_eq!(line.ask(PHONE, Message::Position(report(1))).await, AckResult::Ok);
    assert_eq!(world.stored().len(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_wrong_code_or_a_disabled_terminal_is_refused() {
    let mut world = World::new().await;
    world.admit_terminals([PHONE, PHONE + 1]);
    let mut line = Line::connect(&world, Edition::V2019).await;
    let code_of_another = line.register(PHONE + 1).await.auth_code;
    assert_eq!(line.authenticate(PHONE, &code_of_another).await, AckResult::Failed);
    assert!(matches!(world.event().await, Event::Refused { reason: RefusalReason::WrongPassword, .. }));
    assert_eq!(line.ask(PHONE, Message::Heartbeat).await, AckResult::Ok);
    assert_eq!(line.ask(PHONE, Message::Position(report(1))).await, AckResult::Failed);
    // Switched off while it is connected, it is out at its next word.
    line.begin(PHONE).await;
    world.admit(|directory| {
        let entry = TerminalEntry { is_enabled: false, vehicle: None };
        directory.terminals.insert("13800138000".into(), entry);
    });
    assert_eq!(line.ask(PHONE, Message::Position(report(1))).await, AckResult::Failed);
    assert!(matches!(world.event().await, Event::Refused { reason: RefusalReason::Disabled, .. }));
    assert_eq!(line.register(PHONE).await.result, RegisterResult::TerminalUnknown);
    assert!(world.stored().is_empty());
    assert_eq!(world.context.terminals.count(), 0);
    world.end().await;
}

#[tokio::test]
async fn a_terminal_that_has_its_code_needs_no_registration() {
    let world = World::new().await;
    world.admit_terminals([PHONE]);
    let code = Line::connect(&world, Edition::V2013).await.register(PHONE).await.auth_code;
    let mut line = Line::connect(&world, Edition::V2013).await;
    assert_eq!(line.authenticate(PHONE, &code).await, AckResult::Ok);
    assert_eq!(line.ask(PHONE, Message::Position(report(1))).await, AckResult::Ok);
    world.end().await;
}

#[tokio::test]
async fn a_report_sent_again_is_answered_and_not_doubled() {
    let world = World::new().await;
    world.admit_terminals([PHONE]);
    let mut line = Line::connect(&world, Edition::V2013).await;
    line.begin(PHONE).await;
    assert_eq!(line.ask(PHONE, Message::Position(report(5))).await, AckResult::Ok);
    assert_eq!(line.ask(PHONE, Message::Position(report(5))).await, AckResult::Ok);
    let batch = PositionBatch {
        kind: 1,
        positions: vec![report(4), report(5), report(4)],
        ..PositionBatch::default()
    };
    assert_eq!(line.ask(PHONE, Message::PositionBatch(batch)).await, AckResult::Ok);
    let stored = world.stored();
    assert_eq!(stored.len(), 2);
    let is_backfill = stored.iter().map(|o| matches!(&o.fact, Fact::Position(p) if p.is_backfill));
    assert!(is_backfill.eq([false, true]));
    // In the same second, but something changed: another report.
    let mut alarmed = report(5);
    alarmed.alarm.0 = 1;
    assert_eq!(line.ask(PHONE, Message::Position(alarmed)).await, AckResult::Ok);
    assert_eq!(world.stored().len(), 3);
    world.end().await;
}

#[tokio::test]
async fn a_malformed_frame_costs_itself_only() {
    let mut world = World::new().await;
    world.admit_terminals([PHONE]);
    let mut line = Line::connect(&world, Edition::V2013).await;
    line.begin(PHONE).await;
    let (_, first) = line.frame(PHONE, &Message::Position(report(1)));
    let (_, mut damaged) = line.frame(PHONE, &Message::Position(report(2)));
    damaged[20] ^= 0x10;
    let (_, short_body) = line.frame(PHONE, &Message::Unknown { id: 0x0200, body: vec![0; 5] });
    let (_, last) = line.frame(PHONE, &Message::Position(report(3)));
    let bytes = [&first[..], &damaged, &short_body, &[0x7e, 1, 2, 3, 0x7e], &last].concat();
    // In two pieces, cut within a frame.
    line.stream.write_all(&bytes[..first.len() + 10]).await.unwrap();
    tokio::task::yield_now().await;
    line.stream.write_all(&bytes[first.len() + 10..]).await.unwrap();
    let mut results = Vec::new();
    while results.len() < 3 {
        if let (_, Message::PlatformAck(ack)) = line.receive().await {
            results.push(ack.result);
        }
    }
    assert_eq!(results, [AckResult::Ok, AckResult::WrongMessage, AckResult::Ok]);
    assert_eq!(world.stored().len(), 2);
    let mut reasons = Vec::new();
    for _ in 0..3 {
        match world.event().await {
            Event::Quarantined { source: DeviceKind::Terminal, reason, bytes, bytes_len, .. } => {
                assert_eq!(bytes.len(), bytes_len);
                if reason == "checksum" {
                    assert_eq!(bytes, damaged[1..], "the bytes after the frame's first delimiter");
                }
                reasons.push(reason);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(reasons, ["checksum", "body", "short_header"]);
    world.end().await;
}

#[tokio::test]
async fn one_connection_relays_1500_terminals() {
    const COUNT: u64 = 1_500;
    let world = World::new().await;
    world.admit_terminals((0..COUNT).map(|n| PHONE + n));
    let mut line = Line::connect(&world, Edition::V2019).await;
    let mut bytes = Vec::new();
    for n in 0..COUNT {
        let code = gateway::terminal::auth_code(&[7; 32], &(PHONE + n).to_string().as_str().into());
        bytes.extend(line.frame(PHONE + n, &authentication(&code)).1);
        bytes.extend(line.frame(PHONE + n, &Message::Position(report(1))).1);
    }
    line.stream.write_all(&bytes).await.unwrap();
    for n in 0..COUNT {
        for _ in 0..2 {
            match line.receive().await {
                (header, Message::PlatformAck(ack)) => {
                    assert_eq!((header.phone, ack.result), (Phone::from(PHONE + n), AckResult::Ok));
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(world.stored().len() as u64, COUNT);
    assert_eq!(world.context.terminals.count() as u64, COUNT);
    drop(line);
    eventually("all are gone", || world.context.terminals.count() == 0).await;
    let states = world.context.presence.all();
    assert_eq!(states.len() as u64, COUNT);
    assert!(states.values().all(|state| state.connected_since.is_none() && state.observations == 1));
    world.end().await;
}

#[tokio::test]
async fn the_newer_connection_of_a_terminal_takes_over() {
    let world = World::new().await;
    world.admit_terminals([PHONE, PHONE + 1]);
    let id = "13800138000".into();
    let mut relay = Line::connect(&world, Edition::V2013).await;
    relay.begin(PHONE).await;
    relay.begin(PHONE + 1).await;
    let mut older = Line::connect(&world, Edition::V2013).await;
    older.begin(PHONE).await;
    // The relay has lost one of its two terminals, and goes on with the other.
    assert_eq!(relay.ask(PHONE, Message::Position(report(1))).await, AckResult::Failed);
    assert_eq!(relay.ask(PHONE + 1, Message::Position(report(1))).await, AckResult::Ok);
    let mut newer = Line::connect(&world, Edition::V2013).await;
    newer.begin(PHONE).await;
    // The older connection has lost its only one, and is closed.
    closed(&mut older.stream).await;
    let state = world.context.presence.get(DeviceKind::Terminal, &id).unwrap();
    assert_eq!(state.address, newer.stream.local_addr().unwrap());
    assert!(state.connected_since.is_some(), "the end of the older did not take the newer down");
    let text = TextMessage { flags: TextFlags::DISPLAY, kind: 0, text: "请减速".into() };
    world.context.terminals.send(&id, Message::Text(text.clone())).unwrap();
    match newer.receive().await {
        (header, Message::Text(received)) => assert_eq!((header.phone, received), (Phone::from(PHONE), text)),
        other => panic!("{other:?}"),
    }
    assert_eq!(newer.ask(PHONE, Message::Logout).await, AckResult::Ok);
    assert_eq!(world.context.terminals.send(&id, Message::QueryPosition), Err(SendError::NotConnected));
    world.end().await;
}

#[tokio::test]
async fn an_active_safety_item_becomes_an_alarm_of_the_vehicle() {
    let world = World::new().await;
    let vehicle = VehicleKey { plate: "鲁Q12345".parse().unwrap(), class: domain::PlateClass::LARGE };
    world.admit(|directory| {
        let entry = TerminalEntry { is_enabled: true, vehicle: Some(vehicle) };
        directory.terminals.insert("13800138000".into(), entry);
    });
    let mut line = Line::connect(&world, Edition::V2019).await;
    line.begin(PHONE).await;
    let time = DateTime::from_unix_ms(NOW_MS - 3_000).unwrap();
    let alarm = |phase| {
        Item::Dsm(DsmAlarm {
            alarm_id: 9,
            phase,
            kind: DsmKind::Fatigue,
            level: 2,
            fatigue_degree: 8,
            reserved: [0; 4],
            circumstances: AlarmCircumstances {
                speed_kmh: 62,
                altitude_m: 100,
                latitude_raw: 35_100_000,
                longitude_raw: 118_100_000,
                time,
                vehicle_state: VehicleStateBits::default(),
                identifier: AlarmIdentifier {
                    terminal_id: "T000001".into(),
                    time,
                    sequence: 0,
                    attachment_count: 0,
                    reserved: 0,
                },
            },
        })
    };
    let mut first = report(3);
    first.items = vec![Item::MileageKmX10(12_345), alarm(AlarmPhase::Start)];
    // The end of the alarm is another report; its beginning said again is not.
    let mut second = report(1);
    second.items = vec![alarm(AlarmPhase::Start), alarm(AlarmPhase::End)];
    assert_eq!(line.ask(PHONE, Message::Position(first)).await, AckResult::Ok);
    assert_eq!(line.ask(PHONE, Message::Position(second)).await, AckResult::Ok);
    let stored = world.stored();
    assert_eq!(stored.len(), 4);
    let Fact::Position(position) = &stored[0].fact else { panic!("{stored:?}") };
    assert_eq!((position.mileage_hm, position.vehicle), (Some(12_345), Some(vehicle)));
    let Fact::Alarm(alarm) = &stored[1].fact else { panic!("{stored:?}") };
    assert_eq!((alarm.kind, alarm.level, alarm.speed_dkmh), (AlarmKind::DsmFatigue, 2, 620));
    assert_eq!(alarm.vehicle, Some(vehicle));
    assert_eq!(alarm.location, Wgs84::new(118.1, 35.1));
    assert_eq!(stored[1].captured_at.unix_ms(), NOW_MS - 3_000);
    world.end().await;
}

#[tokio::test]
async fn a_time_that_cannot_be_is_replaced_by_the_time_of_arrival() {
    let world = World::new().await;
    world.admit_terminals([PHONE]);
    let mut line = Line::connect(&world, Edition::V2013).await;
    line.begin(PHONE).await;
    let day_s = 24 * 3_600;
    let mut no_date = report(1);
    no_date.time = DateTime::from_bcd([0x26, 0x13, 0x40, 0, 0, 0]);
    for report in [no_date, report(-day_s - 1), report(-day_s), report(90 * day_s), report(91 * day_s)] {
        assert_eq!(line.ask(PHONE, Message::Position(report)).await, AckResult::Ok);
    }
    let captured: Vec<_> = world.stored().iter().map(|o| o.captured_at.unix_ms() - NOW_MS).collect();
    assert_eq!(captured, [0, 0, day_s * 1_000, -90 * day_s * 1_000, 0]);
    world.end().await;
}

#[tokio::test]
async fn a_batch_in_sub_packages_is_put_together() {
    let world = World::new().await;
    world.admit_terminals([PHONE]);
    let mut line = Line::connect(&world, Edition::V2013).await;
    line.begin(PHONE).await;
    let positions: Vec<_> = (1..=100).map(report).collect();
    let batch = PositionBatch { kind: 1, positions, ..PositionBatch::default() };
    let (first_serial, bytes) = line.frame(PHONE, &Message::PositionBatch(batch));
    line.stream.write_all(&bytes).await.unwrap();
    for part in 0..3 {
        match line.receive().await {
            (_, Message::PlatformAck(ack)) => {
                assert_eq!((ack.serial, ack.result), (first_serial + part, AckResult::Ok));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(world.stored().len(), 100);
    world.end().await;
}

#[tokio::test]
async fn a_missing_sub_package_is_asked_for() {
    let world = World::with(Limits { terminal_parts_wait_s_max: 1, ..Limits::default() }).await;
    world.admit_terminals([PHONE]);
    let mut line = Line::connect(&world, Edition::V2019).await;
    line.begin(PHONE).await;
    let positions: Vec<_> = (1..=100).map(report).collect();
    let batch = PositionBatch { kind: 1, positions, ..PositionBatch::default() };
    let (first_serial, bytes) = line.frame(PHONE, &Message::PositionBatch(batch));
    let second_at = 1 + bytes[1..].iter().position(|byte| *byte == 0x7e).unwrap() + 1;
    let third_at = second_at + 1 + bytes[second_at + 1..].iter().position(|byte| *byte == 0x7e).unwrap() + 1;
    let without_second = [&bytes[..second_at], &bytes[third_at..]].concat();
    line.stream.write_all(&without_second).await.unwrap();
    for _ in 0..2 {
        assert!(
            matches!(line.receive().await, (_, Message::PlatformAck(ack)) if ack.result == AckResult::Ok)
        );
    }
    match line.receive().await {
        (_, Message::ResendRequest(request)) => {
            assert_eq!((request.first_serial, request.part_indexes), (first_serial, vec![2]));
        }
        other => panic!("{other:?}"),
    }
    assert!(world.stored().is_empty());
    line.stream.write_all(&bytes[second_at..third_at]).await.unwrap();
    assert!(matches!(line.receive().await, (_, Message::PlatformAck(ack)) if ack.result == AckResult::Ok));
    assert_eq!(world.stored().len(), 100);
    world.end().await;
}

#[tokio::test]
async fn what_is_not_understood_is_said_to_be() {
    let world = World::new().await;
    world.admit_terminals([PHONE]);
    let mut line = Line::connect(&world, Edition::V2013).await;
    line.begin(PHONE).await;
    let vendor = Message::Unknown { id: 0x0f01, body: vec![1, 2, 3] };
    assert_eq!(line.ask(PHONE, vendor).await, AckResult::Unsupported);
    // An answer to a command is not answered: the next acknowledgement is the heartbeat's.
    let parameters = Message::TerminalAck(jt808::message::GeneralAck {
        serial: 0,
        message_id: 0x8300,
        result: AckResult::Ok,
    });
    line.send(PHONE, &parameters).await;
    assert_eq!(line.ask(PHONE, Message::Heartbeat).await, AckResult::Ok);
    world.end().await;
}
