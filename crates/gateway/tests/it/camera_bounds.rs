//! The bounds of the cameras' listener: who exceeds one gets a clear answer, and nobody else notices.

use crate::world::{CAMERA, Camera, OTHER_CAMERA, PATIENCE, World, closed, eventually, vehicle};
use gat1400::codes::StatusCode;
use gateway::Limits;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const GB: u64 = 1 << 30;

/// A request as the bytes of a peer that keeps to no library's manners.
async fn begin_post(world: &World, length: &str) -> TcpStream {
    let mut stream = TcpStream::connect(world.cameras_at).await.unwrap();
    let head = format!(
        "POST /VIID/MotorVehicles HTTP/1.1\r\nHost: x\r\nUser-Identify: {CAMERA}\r\n{length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

async fn answer_of(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    let reading = async {
        loop {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(count) => answer.extend_from_slice(&buffer[..count]),
            }
            if answer.windows(2).any(|end| end == b"}}") {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("an answer");
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_body_of_a_gigabyte_is_refused_early_while_another_camera_works() {
    let world = World::new().await;
    let _registered = Camera::registered(&world, CAMERA).await;
    let other = Camera::registered(&world, OTHER_CAMERA).await;
    let chunk_bytes = 1 << 20;
    for length in [format!("Content-Length: {GB}"), "Transfer-Encoding: chunked".into()] {
        let is_chunked = length.starts_with("Transfer");
        let stream = begin_post(&world, &length).await;
        let (mut reading, mut writing) = stream.into_split();
        let sender = tokio::spawn(async move {
            let mut sent = 0;
            let chunk = vec![b' '; chunk_bytes];
            let head = if is_chunked { format!("{chunk_bytes:x}\r\n") } else { String::new() };
            let tail = if is_chunked { "\r\n" } else { "" };
            let piece = [head.as_bytes(), &chunk, tail.as_bytes()].concat();
            while sent < GB && writing.write_all(&piece).await.is_ok() {
                sent += chunk_bytes as u64;
            }
            sent
        });
        assert_eq!(other.post(&[vehicle("鲁Q12B45", 1)]).await.status, 200);
        let answer = answer_of(&mut reading).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains(r#""StatusCode":4"#), "{answer}");
        drop(reading);
        let sent = tokio::time::timeout(PATIENCE, sender).await.expect("the connection is closed").unwrap();
        assert!(sent < GB, "it was cut off");
        assert_eq!(other.post(&[vehicle("鲁Q12B45", 2)]).await.status, 200);
    }
    assert_eq!(world.stored().len(), 2);
    world.end().await;
}

#[tokio::test]
async fn a_head_or_a_body_that_dribbles_is_cut_off() {
    let world = World::with(Limits { camera_request_s_max: 1, ..Limits::default() }).await;
    let camera = Camera::registered(&world, CAMERA).await;
    let started = Instant::now();
    let mut head = TcpStream::connect(world.cameras_at).await.unwrap();
    head.write_all(b"POST /VIID/Motor").await.unwrap();
    let mut mute = TcpStream::connect(world.cameras_at).await.unwrap();
    let mut body = begin_post(&world, "Content-Length: 1000").await;
    body.write_all(b"{").await.unwrap();
    let answer = answer_of(&mut body).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    closed(&mut body).await;
    closed(&mut head).await;
    closed(&mut mute).await;
    assert!(started.elapsed() >= Duration::from_secs(1));
    // A connection that rests between requests is not cut off: the camera's own is still good.
    assert_eq!(camera.send(camera.client.keepalive()).await.status, 200);
    world.end().await;
}

#[tokio::test]
async fn a_peer_that_takes_no_answers_is_closed() {
    let world = World::with(Limits { write_s_max: 1, ..Limits::default() }).await;
    let mut stream = TcpStream::connect(world.cameras_at).await.unwrap();
    let request = b"GET /VIID/System/Time HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1_000);
    // It asks for ever and never reads.
    let flood = async { while stream.write_all(&request).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, flood).await.expect("it is closed");
    let camera = Camera::registered(&world, CAMERA).await;
    assert_eq!(camera.send(camera.client.keepalive()).await.status, 200);
    world.end().await;
}

#[tokio::test]
async fn one_connection_too_many_is_closed_at_once() {
    let world = World::with(Limits { camera_connections_max: 2, ..Limits::default() }).await;
    let camera = Camera::registered(&world, CAMERA).await;
    let second = TcpStream::connect(world.cameras_at).await.unwrap();
    let mut third = TcpStream::connect(world.cameras_at).await.unwrap();
    closed(&mut third).await;
    assert_eq!(camera.send(camera.client.keepalive()).await.status, 200);
    drop(second);
    let mut is_free = false;
    for _ in 0..200 {
        let mut stream = TcpStream::connect(world.cameras_at).await.unwrap();
        stream.write_all(b"GET /VIID/System/Time HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        if answer_of(&mut stream).await.starts_with("HTTP/1.1 200") {
            is_free = true;
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(is_free, "the place of one that left is free again");
    world.end().await;
}

#[tokio::test]
async fn a_camera_that_asks_too_often_is_told_busy_until_time_passes() {
    let world = World::with(Limits { camera_requests_per_s_max: 1, ..Limits::default() }).await;
    let eager = Camera::registered(&world, CAMERA).await;
    let other = Camera::registered(&world, OTHER_CAMERA).await;
    for second in 0..10 {
        assert_eq!(eager.post(&[vehicle("鲁Q12B45", second)]).await.status, 200);
    }
    assert_eq!(eager.post(&[vehicle("鲁Q12B45", 10)]).await.told(), (503, StatusCode::Busy));
    assert_eq!(other.post(&[vehicle("鲁Q12B45", 1)]).await.status, 200);
    assert_eq!(world.stored().len(), 11);
    world.pass_ms(1_000);
    assert_eq!(eager.post(&[vehicle("鲁Q12B45", 10)]).await.status, 200);
    world.end().await;
}

#[tokio::test]
async fn objects_and_bytes_of_all_bodies_are_bounded() {
    let limits = Limits {
        camera_objects_max: 2,
        camera_body_bytes_max: 10_000,
        camera_bodies_bytes_max: 10_000,
        camera_request_s_max: 1,
        ..Limits::default()
    };
    let world = World::with(limits).await;
    let camera = Camera::registered(&world, CAMERA).await;
    let vehicles: Vec<_> = (0..3).map(|second| vehicle("鲁Q12B45", second)).collect();
    assert_eq!(camera.post(&vehicles).await.told(), (400, StatusCode::InvalidOperation));
    assert_eq!(camera.post(&vehicles[..2]).await.status, 200);
    // Somebody's unfinished body holds nearly all the room: who comes later waits until it is cut off.
    let started = Instant::now();
    let mut holder = begin_post(&world, "Content-Length: 9901").await;
    holder.write_all(&[b' '; 9_900]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(camera.post(&vehicles[2..]).await.status, 200);
    assert!(started.elapsed() >= Duration::from_secs(1), "it waited");
    assert!(answer_of(&mut holder).await.starts_with("HTTP/1.1 408 "));
    world.end().await;
}

#[tokio::test]
async fn a_session_belongs_to_its_device_and_ends_with_the_sweep() {
    let world = World::with(Limits { camera_registration_s_max: 60, ..Limits::default() }).await;
    let camera = Camera::registered(&world, CAMERA).await;
    // Saying somebody else's name helps nobody.
    let other = Camera::new(&world, OTHER_CAMERA);
    assert_eq!(other.post(&[vehicle("鲁Q12B45", 1)]).await.told().0, 401);
    assert_eq!(camera.send(camera.client.keepalive()).await.status, 200);
    world.pass_ms(60_001);
    let presence = world.context.presence.clone();
    eventually("the silent camera is gone", || {
        presence.get(domain::DeviceKind::Camera, &CAMERA.into()).unwrap().connected_since.is_none()
    })
    .await;
    world.end().await;
}
