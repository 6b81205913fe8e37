//! Cameras: what they send, what they are told, and what becomes durable.

use crate::world::{CAMERA, CHECKPOINT, Camera, NOW_MS, OTHER_CAMERA, PASSWORD, World, vehicle};
use domain::DeviceKind;
use domain::{Behaviour, Fact, Observation, Passage, PlateClass, PlateColor};
use gat1400::client::Outgoing;
use gat1400::codes::StatusCode;
use gat1400::object::{Ape, MotorVehicle, NonMotorVehicle, SubImageInfo, Subscribe, SystemTime, Tollgate};
use gat1400::route::{Method, Resource};
use gat1400::{DateTime, ImageData};
use gateway::{Event, Limits, RefusalReason};

fn passage(observation: &Observation) -> &Passage {
    match &observation.fact {
        Fact::Passage(passage) => passage,
        other => panic!("{other:?}"),
    }
}

fn with_pictures(mut vehicle: MotorVehicle, pictures: &[&[u8]]) -> MotorVehicle {
    vehicle.sub_images = pictures
        .iter()
        .map(|bytes| SubImageInfo { data: ImageData::encode(bytes), ..SubImageInfo::default() })
        .collect();
    vehicle
}

#[tokio::test]
async fn a_registered_camera_posts_passages_with_pictures() {
    let world = World::new().await;
    let camera = Camera::registered(&world, CAMERA).await;
    let with_url = MotorVehicle {
        storage_url1: "http://10.0.0.9/near.jpg".into(),
        storage_url2: "file:///etc/passwd".into(),
        storage_url3: "https://10.0.0.9/far.jpg".into(),
        ..vehicle("鲁QD12345", 2)
    };
    let answer = camera.post(&[with_pictures(vehicle("鲁Q12B45", 1), &[b"near", b"plate"]), with_url]).await;
    let statuses = answer.statuses();
    assert_eq!(answer.status, 200);
    assert!(statuses.iter().all(|status| status.is_ok() && status.request_url == "/VIID/MotorVehicles"));
    assert_eq!(statuses[0].id, vehicle("", 1).motor_vehicle_id);
    let stored = world.stored();
    assert_eq!(stored.len(), 2, "what was answered is durable");
    assert_eq!(stored[0].device.as_str(), CAMERA);
    assert_eq!(stored[0].captured_at.unix_ms(), NOW_MS - 1_000);
    let first = passage(&stored[0]);
    assert_eq!((first.checkpoint.as_str(), first.lane, first.direction), (CHECKPOINT, Some(2), Some(3)));
    assert_eq!((first.plate_text.as_str(), first.plate), ("鲁Q12B45", "鲁Q12B45".parse().ok()));
    assert_eq!((first.plate_class, first.plate_color), (PlateClass::SMALL, PlateColor::Blue));
    assert_eq!((first.plate_confidence, first.speed_kmh, first.body_color), (Some(97), Some(61), Some('A')));
    assert_eq!(first.vehicle_type.unwrap().to_string(), "K33");
    let pictures: Vec<_> = first.pictures.iter().map(|id| world.picture(id)).collect();
    assert_eq!(pictures, [b"near".to_vec(), b"plate".to_vec()]);
    let kept: Vec<_> = passage(&stored[1]).pictures.iter().map(domain::PictureId::as_str).collect();
    assert_eq!(kept, ["uhttp://10.0.0.9/near.jpg", "uhttps://10.0.0.9/far.jpg"]);
    let state = world.context.presence.get(DeviceKind::Camera, &CAMERA.into()).unwrap();
    assert_eq!((state.observations, state.clock_offset_ms), (2, Some(-1_000)));
    world.end().await;
}

#[tokio::test]
async fn wrong_credentials_and_unknown_devices_are_refused_and_listed() {
    let mut world = World::new().await;
    let camera = Camera::new(&world, CAMERA);
    assert_eq!(camera.register("police", "wrong").await.told().0, 401);
    match world.event().await {
        Event::Refused { source: DeviceKind::Camera, device, reason, .. } => {
            assert_eq!((device.as_str(), reason), (CAMERA, RefusalReason::WrongPassword));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(camera.register("admin", PASSWORD).await.told().0, 401);
    assert!(matches!(world.event().await, Event::Refused { reason: RefusalReason::WrongPassword, .. }));
    assert_eq!(camera.post(&[vehicle("鲁Q12B45", 1)]).await.told().0, 401);

    let stranger = Camera::new(&world, "37132700001190000099");
    assert_eq!(stranger.register("hik", PASSWORD).await.told(), (403, StatusCode::InvalidOperation));
    for said in ["not said", "user name hik"] {
        match world.event().await {
            Event::Refused { device, reason: RefusalReason::Unknown, detail, .. } => {
                assert_eq!(device.as_str(), "37132700001190000099");
                assert!(detail.contains(said), "{detail}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(stranger.post(&[vehicle("鲁Q12B45", 1)]).await.told().0, 403);

    let registered = Camera::registered(&world, CAMERA).await;
    world.admit(|directory| {
        directory.cameras.get_mut(&CAMERA.into()).unwrap().is_enabled = false;
    });
    assert_eq!(registered.post(&[vehicle("鲁Q12B45", 1)]).await.told().0, 403);
    assert!(world.stored().is_empty());
    world.end().await;
}

#[tokio::test]
async fn an_overheard_registration_is_no_use() {
    let world = World::new().await;
    let camera = Camera::new(&world, CAMERA);
    assert_eq!(camera.register("police", PASSWORD).await.status, 200);
    // The clock stands, so the challenge is the same, and this camera's answer to it too.
    let again = Camera::new(&world, CAMERA);
    assert_eq!(again.register("police", PASSWORD).await.told().0, 401);
    world.pass_ms(1);
    assert_eq!(again.register("police", PASSWORD).await.status, 200);
    world.end().await;
}

#[tokio::test]
async fn a_registration_lapses_after_silence_and_is_kept_by_any_request() {
    let world = World::with(Limits { camera_registration_s_max: 60, ..Limits::default() }).await;
    let camera = Camera::registered(&world, CAMERA).await;
    world.pass_ms(60_000);
    assert_eq!(camera.send(camera.client.keepalive()).await.told(), (200, StatusCode::Ok));
    world.pass_ms(60_000);
    assert_eq!(camera.post(&[vehicle("鲁Q12B45", 1)]).await.status, 200);
    world.pass_ms(60_001);
    assert_eq!(camera.send(camera.client.keepalive()).await.told().0, 401);
    assert_eq!(camera.register("police", PASSWORD).await.status, 200);
    assert_eq!(camera.send(camera.client.unregister()).await.told(), (200, StatusCode::Ok));
    assert_eq!(camera.send(camera.client.keepalive()).await.told().0, 401);
    let state = world.context.presence.get(DeviceKind::Camera, &CAMERA.into()).unwrap();
    assert_eq!(state.connected_since, None);
    world.end().await;
}

#[tokio::test]
async fn one_bad_object_costs_itself_only() {
    let mut world = World::new().await;
    let camera = Camera::registered(&world, CAMERA).await;
    let mut body =
        gat1400::write_list(&[vehicle("鲁Q12B45", 1), vehicle(&"长".repeat(30), 2), vehicle("鲁Q00001", 3)]);
    let list_at = body.iter().position(|byte| *byte == b'[').unwrap() + 1;
    body.splice(list_at..list_at, *b"42,");
    let request = Outgoing { body, ..camera.client.post::<MotorVehicle>(&[]) };
    let answer = camera.send(request).await;
    let codes: Vec<_> = answer.statuses().iter().map(gat1400::ResponseStatus::code).collect();
    let (bad, ok) = (StatusCode::InvalidContent, StatusCode::Ok);
    assert_eq!((answer.status, codes), (200, vec![bad, ok, bad, ok]));
    assert_eq!(world.stored().len(), 2);
    for (expected, named) in [("not_an_object", "object 0"), ("plate_too_long", "object 2")] {
        match world.event().await {
            Event::Quarantined {
                source: DeviceKind::Camera,
                device: Some(device),
                reason,
                detail,
                bytes,
                ..
            } => {
                assert_eq!((device.as_str(), reason), (CAMERA, expected));
                assert!(detail.contains(named) && !bytes.is_empty(), "{detail}");
            }
            other => panic!("{other:?}"),
        }
    }
    // Not JSON at all.
    let request = Outgoing { body: b"{\"Motor".to_vec(), ..camera.client.post::<MotorVehicle>(&[]) };
    assert_eq!(camera.send(request).await.told(), (400, StatusCode::InvalidFormat));
    assert!(matches!(world.event().await, Event::Quarantined { reason: "body", .. }));
    world.end().await;
}

#[tokio::test]
async fn a_passage_sent_again_under_another_id_is_answered_and_not_doubled() {
    let world = World::new().await;
    let camera = Camera::registered(&world, CAMERA).await;
    let first = with_pictures(vehicle("鲁Q12B45", 1), &[b"near"]);
    let again = MotorVehicle { motor_vehicle_id: "numbered anew".into(), ..first.clone() };
    let next = with_pictures(vehicle("鲁Q12B45", 2), &[b"next"]);
    assert!(camera.post(std::slice::from_ref(&first)).await.statuses()[0].is_ok());
    let statuses = camera.post(&[again.clone(), next.clone(), next]).await.statuses();
    assert!(statuses.iter().all(gat1400::ResponseStatus::is_ok));
    assert_eq!(statuses[0].id, "numbered anew");
    let stored = world.stored();
    assert_eq!(stored.len(), 2);
    assert_eq!(world.picture(&passage(&stored[1]).pictures[0]), b"next");
    // The same vehicle in the other lane is another passage, and so is what another camera sees.
    assert_eq!(camera.post(&[MotorVehicle { lane_no: Some(1), ..again.clone() }]).await.status, 200);
    let other = Camera::registered(&world, OTHER_CAMERA).await;
    assert_eq!(other.post(&[again]).await.status, 200);
    assert_eq!(world.stored().len(), 4);
    world.end().await;
}

#[tokio::test]
async fn what_a_device_leaves_out_or_gets_wrong_is_borne() {
    let mut world = World::with(Limits {
        camera_picture_bytes_max: 100,
        camera_pictures_per_object_max: 2,
        ..Limits::default()
    })
    .await;
    let camera = Camera::registered(&world, CAMERA).await;
    let elsewhere =
        MotorVehicle { tollgate_id: "no such".into(), speed_kmh: None, ..vehicle("无车牌", 1) };
    let no_time = MotorVehicle { pass_time: None, ..vehicle("鲁Q-2B4-", 2) };
    let ahead = vehicle("鲁QD12345", -25 * 3_600);
    let mut pictures = with_pictures(vehicle("鲁QD1234D", 3), &[&[1; 101], b"a", b"b", b"c"]);
    pictures.plate_class = "51".into();
    pictures.plate_color = "9".into();
    let answer = camera.post(&[elsewhere, no_time.clone(), no_time, ahead, pictures]).await;
    assert!(answer.statuses().iter().all(gat1400::ResponseStatus::is_ok));
    let stored = world.stored();
    assert_eq!(stored.len(), 4, "the same object twice is one passage, with a time or without");
    let first = passage(&stored[0]);
    assert_eq!((first.checkpoint.as_str(), first.plate, first.speed_kmh), (CHECKPOINT, None, None));
    assert_eq!(first.plate_text, "无车牌");
    assert_eq!(stored[1].captured_at.unix_ms(), NOW_MS);
    assert_eq!(passage(&stored[1]).plate_text, "鲁Q-2B4-");
    assert_eq!(stored[2].captured_at.unix_ms(), NOW_MS);
    assert_eq!(passage(&stored[3]).plate_color, PlateColor::YellowGreen);
    assert_eq!(passage(&stored[3]).pictures.len(), 1, "of two that are looked at, one is too large");
    assert!(matches!(world.event().await, Event::Quarantined { reason: "picture_too_large", .. }));
    assert_eq!(world.picture_count(), 1);
    world.end().await;
}

#[tokio::test]
async fn non_motor_vehicles_are_passages_too() {
    let world = World::new().await;
    let camera = Camera::registered(&world, CAMERA).await;
    let tricycle = NonMotorVehicle {
        non_motor_vehicle_id: "1".into(),
        plate_no: "临沂012345".into(),
        vehicle_color: "4".into(),
        appear_time: Some(DateTime::from_unix_ms(NOW_MS - 5_000)),
        sub_images: vec![SubImageInfo { data: ImageData::encode(b"it"), ..SubImageInfo::default() }],
        ..NonMotorVehicle::default()
    };
    assert!(camera.send(camera.client.post(&[tricycle])).await.statuses()[0].is_ok());
    let stored = world.stored();
    let passage = passage(&stored[0]);
    assert_eq!((passage.checkpoint.as_str(), passage.body_color), (CHECKPOINT, Some('E')));
    assert_eq!((passage.plate_text.as_str(), passage.pictures.len()), ("临沂012345", 1));
    assert_eq!(stored[0].captured_at.unix_ms(), NOW_MS - 5_000);
    world.end().await;
}

#[tokio::test]
async fn what_a_camera_says_it_saw_is_kept_and_a_value_that_says_nothing_costs_only_itself() {
    let world = World::new().await;
    let camera = Camera::registered(&world, CAMERA).await;
    let offender = MotorVehicle {
        is_covered: Some(true),
        is_decked: Some(true),
        safety_belt: Some(0),
        calling: Some(1),
        driving_status_code: "1301".into(),
        ..vehicle("鲁Q12B45", 1)
    };
    let innocent = MotorVehicle {
        is_covered: Some(false),
        safety_belt: Some(1),
        calling: Some(0),
        driving_status_code: "0".into(),
        ..vehicle("鲁Q00001", 2)
    };
    let answer = camera.post(&[offender.clone(), innocent]).await;
    assert!(answer.statuses().iter().all(gat1400::ResponseStatus::is_ok));
    // The same passages, looked at again: the first with less to say, and one that says it in unknown words.
    let again = MotorVehicle { is_covered: None, safety_belt: None, ..offender.clone() };
    let odd = MotorVehicle { driving_status_code: "1301".into(), ..vehicle("鲁Q00003", 3) };
    let mut request = camera.client.post(&[again, odd]);
    let text = String::from_utf8(request.body).unwrap();
    let odd_words = r#""IsCovered":"perhaps","SafetyBelt":{"driver":0},"Calling":"yes","PlateNo":"鲁Q00003""#;
    assert!(text.contains(r#""PlateNo":"鲁Q00003""#), "{text}");
    request.body = text.replace(r#""PlateNo":"鲁Q00003""#, odd_words).into_bytes();
    assert!(camera.send(request).await.statuses().iter().all(gat1400::ResponseStatus::is_ok));
    let rider = NonMotorVehicle {
        non_motor_vehicle_id: "1".into(),
        driving_status_code: "1207".into(),
        appear_time: Some(DateTime::from_unix_ms(NOW_MS - 5_000)),
        ..NonMotorVehicle::default()
    };
    assert!(camera.send(camera.client.post(&[rider])).await.statuses()[0].is_ok());
    let seen: Vec<Vec<_>> = world.stored().iter().map(|o| passage(o).behaviours.iter().collect()).collect();
    let all = vec![Behaviour::WrongWay, Behaviour::PlateCovered, Behaviour::NoBelt, Behaviour::Phone];
    assert_eq!(seen, [all, vec![], vec![Behaviour::WrongWay], vec![Behaviour::NoHelmet]]);
    world.end().await;
}

#[tokio::test]
async fn the_rest_of_the_interface_is_answered_as_far_as_it_is_there() {
    let world = World::new().await;
    let camera = Camera::new(&world, CAMERA);
    let time: SystemTime =
        gat1400::read_one(&camera.send(camera.client.time()).await.body, &gat1400::Limits::default())
            .unwrap();
    assert_eq!(time.viid_server_id, "37132700002000000001");
    assert_eq!(time.local_time.unwrap().unix_ms(), NOW_MS);
    assert_eq!(camera.send(camera.client.get(Resource::Tollgates, "")).await.told().0, 401);

    let camera = Camera::registered(&world, CAMERA).await;
    let limits = gat1400::Limits::default();
    let body = camera.send(camera.client.get(Resource::Tollgates, "")).await.body;
    let tollgates: Vec<Tollgate> =
        gat1400::read_list(&body, &limits).unwrap().into_iter().map(Result::unwrap).collect();
    assert_eq!(tollgates.len(), 2);
    assert_eq!(tollgates[0].tollgate_id, CHECKPOINT);
    let body = camera.send(camera.client.get(Resource::Apes, "")).await.body;
    let apes: Vec<Ape> =
        gat1400::read_list(&body, &limits).unwrap().into_iter().map(Result::unwrap).collect();
    assert_eq!(apes.iter().map(|ape| ape.is_online.as_str()).collect::<Vec<_>>(), ["1", "2"]);

    let subscribe = camera.client.post(&[Subscribe::default()]);
    assert_eq!(camera.send(subscribe).await.told(), (501, StatusCode::InvalidOperation));
    let faces = Outgoing { target: "/VIID/Faces".into(), ..camera.client.keepalive() };
    assert_eq!(camera.send(faces).await.told(), (404, StatusCode::InvalidOperation));
    let wrong_method = Outgoing { method: Method::Delete, ..camera.client.keepalive() };
    assert_eq!(camera.send(wrong_method).await.told(), (405, StatusCode::InvalidOperation));
    world.end().await;
}
