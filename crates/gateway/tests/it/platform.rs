//! Another platform at our interface: what only it may ask, and whose passages it brings.

use crate::world::{CAMERA, CHECKPOINT, Camera, PASSWORD, World, vehicle};
use domain::DeviceKind;
use gat1400::codes::StatusCode;
use gat1400::digest::Ha1;
use gat1400::object::{DispositionNotification, MotorVehicle, Subscribe, SubscribeNotification, Tollgate};
use gat1400::route::Resource;
use gateway::directory::CAMERA_REALM;
use gateway::question::{Told, Wish};
use gateway::{CheckpointEntry, Event, NoticeKind, PlatformEntry};

const PLATFORM: &str = "37132800005020000001";
const STRANGE: &str = "37132800001210000009";

async fn neighbour(world: &World) -> Camera {
    world.admit(|directory| {
        let entry = PlatformEntry {
            is_enabled: true,
            username: "police".into(),
            ha1: Ha1::new("police", CAMERA_REALM, PASSWORD).as_hex().into(),
            checkpoints: [CHECKPOINT.into()].into(),
        };
        directory.platforms.insert(PLATFORM.into(), entry);
        for (id, name) in [(CHECKPOINT, "北环路口"), ("37132700001210000002", "南环路口")] {
            let entry = CheckpointEntry { name: name.into(), location: (118.8, 35.1) };
            directory.checkpoints.insert(id.into(), entry);
        }
    });
    Camera::registered(world, PLATFORM).await
}

fn notification(vehicles: Vec<MotorVehicle>) -> SubscribeNotification {
    SubscribeNotification {
        notification_id: "371328000000042026112310000000001".into(),
        subscribe_id: "371327000000032026112310000000001".into(),
        motor_vehicle_object_list: vehicles,
        ..SubscribeNotification::default()
    }
}

fn strange(second: i64) -> MotorVehicle {
    MotorVehicle { tollgate_id: STRANGE.into(), ..vehicle("鲁Q00009", second) }
}

#[tokio::test]
async fn a_notification_brings_passages_of_their_own_devices_and_repeats_are_one() {
    let mut world = World::new().await;
    let platform = neighbour(&world).await;
    let brought = notification(vec![vehicle("鲁Q00001", 1), strange(2), vehicle("鲁Q00003", 3)]);
    let answer = platform.send(platform.client.post(std::slice::from_ref(&brought))).await;
    assert_eq!(answer.status, 200);
    assert!(answer.statuses().iter().all(|status| status.is_ok() && status.id == brought.notification_id));
    let stored = world.stored();
    assert_eq!(stored.len(), 2, "the tollgate of the third is not known");
    assert!(stored.iter().all(|observation| observation.device.as_str() == CAMERA));
    match world.event().await {
        Event::Tollgate { platform, seen, .. } => {
            assert_eq!((platform.as_str(), seen.id.as_str(), seen.passages), (PLATFORM, STRANGE, 1));
        }
        other => panic!("{other:?}"),
    }
    match world.event().await {
        Event::Notice { kind: NoticeKind::Subscription, cause, objects: 2, .. } => {
            assert_eq!(cause, brought.subscribe_id);
        }
        other => panic!("{other:?}"),
    }
    // The notification again, and the same passage from the camera itself.
    assert_eq!(platform.send(platform.client.post(&[brought])).await.status, 200);
    let camera = Camera::registered(&world, CAMERA).await;
    assert_eq!(camera.post(&[vehicle("鲁Q00001", 1)]).await.status, 200);
    assert_eq!(world.stored().len(), 2);
    assert!(world.context.presence.get(DeviceKind::Camera, &PLATFORM.into()).is_some());
    world.end().await;
}

#[tokio::test]
async fn a_sighting_is_taken_wherever_it_was() {
    let mut world = World::new().await;
    let platform = neighbour(&world).await;
    let sighting = DispositionNotification {
        notification_id: "371328000000022026112310000000001".into(),
        disposition_id: "371327000000012026112310000000001".into(),
        motor_vehicle: Some(Box::new(strange(1))),
        ..DispositionNotification::default()
    };
    assert_eq!(platform.send(platform.client.post(&[sighting])).await.status, 200);
    assert_eq!(world.stored().len(), 1);
    assert!(matches!(world.event().await, Event::Tollgate { seen, .. } if seen.passages == 0));
    assert!(matches!(world.event().await, Event::Notice { kind: NoticeKind::Sighting, objects: 1, .. }));
    world.end().await;
}

#[tokio::test]
async fn what_needs_the_records_is_asked_and_what_nobody_answers_is_busy() {
    let mut world = World::new().await;
    let platform = neighbour(&world).await;
    let subscribe = Subscribe { subscribe_id: "1".into(), ..Subscribe::default() };
    let asking = platform.send(platform.client.put_one("7", &subscribe));
    let answering = async {
        let question = world.questions.recv().await.unwrap();
        assert_eq!(question.platform.as_str(), PLATFORM);
        match question.wish {
            Wish::Subscribe(objects) => assert_eq!(objects[0].subscribe_id, "7", "the path names it"),
            other => panic!("{other:?}"),
        }
        question.answer.send(Told::Statuses(vec![("7".into(), StatusCode::Ok)])).unwrap();
    };
    let (answer, ()) = tokio::join!(asking, answering);
    assert_eq!((answer.status, answer.statuses()[0].id.as_str()), (200, "7"));

    let asking = platform.send(platform.client.delete(Resource::Dispositions, &["a", "b"]));
    let answering = async {
        match world.questions.recv().await.unwrap().wish {
            Wish::ForgetDispositions(ids) => assert_eq!(ids, ["a", "b"]),
            other => panic!("{other:?}"),
        }
    };
    let (answer, ()) = tokio::join!(asking, answering);
    assert_eq!(answer.told(), (503, StatusCode::Busy));
    world.end().await;
}

#[tokio::test]
async fn a_platform_is_told_of_the_checkpoints_that_it_may_have() {
    let world = World::new().await;
    let platform = neighbour(&world).await;
    let answer = platform.send(platform.client.get(Resource::Tollgates, "")).await;
    let told: Vec<Tollgate> = gat1400::read_list(&answer.body, &gat1400::Limits::default())
        .unwrap()
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].tollgate_id.as_str(), told[0].name.as_str()), (CHECKPOINT, "北环路口"));
    assert_eq!(told[0].longitude, Some(118.8));
    world.end().await;
}
