//! Cameras that post the notices of their maker, against a platform that challenges them, is busy once, and reads what comes.

use crate::COUNTY;
use crate::devices::world;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use domain::time::HOUR_MS;
use gat1400::digest::{Authorization, Ha1, Server};
use sim::county::checkpoints::Protocol;
use sim::device::Counts;
use sim::device::camera::{Camera, Servers};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;

/// What a platform was sent: path, content type, body.
type Sent = (String, String, Bytes);

struct Platform {
    digest: Server,
    sent: Mutex<Vec<Sent>>,
    is_busy: Mutex<bool>,
}

/// The platform of one maker's cameras; gives its base.
async fn platform() -> (String, Arc<Platform>) {
    let digest = Server::new("viid", [9; 32], 60_000);
    let platform = Arc::new(Platform { digest, sent: Mutex::default(), is_busy: Mutex::new(true) });
    let router = Router::new().fallback(take).with_state(platform.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (base, platform)
}

/// Signs of life prove who it is; of the passages the first finds the platform busy.
async fn take(State(platform): State<Arc<Platform>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: &str| headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let now_ms = sim::clock::wall_ms();
    let is_life = uri.path().ends_with("/KeepAlive") || body.windows(9).any(|part| part == b"heartBeat");
    if is_life {
        let authorization = text("authorization");
        if authorization.is_empty() {
            let challenge = [("www-authenticate", platform.digest.challenge(now_ms))];
            return (StatusCode::UNAUTHORIZED, challenge).into_response();
        }
        let authorization = Authorization::parse(&authorization).unwrap();
        let mut checkpoints = COUNTY.checkpoints.iter();
        let own = checkpoints.find(|checkpoint| checkpoint.camera_id == authorization.username).unwrap();
        let ha1 = Ha1::new(&own.camera_id, "viid", &own.camera_password);
        platform.digest.verify(&authorization, &ha1, "POST", uri.path(), now_ms).unwrap();
    } else if std::mem::take(&mut *platform.is_busy.lock().unwrap()) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    } else {
        platform.sent.lock().unwrap().push((uri.path().to_owned(), text("content-type"), body));
    }
    // One answer for both makers.
    "<statusCode>1</statusCode>{\"Result\":true}".into_response()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notices_say_what_was_seen_with_pictures_while_they_are_at_hand() {
    let (isapi, of_isapi) = platform().await;
    let (dahua, of_dahua) = platform().await;
    let servers = Servers { isapi: Some(isapi), dahua: Some(dahua), ..Servers::viid("http://127.0.0.1:1") };
    let world = world();
    let now_ms = world.clock.now_ms();
    let all = world.traffic.passages(now_ms - 12 * HOUR_MS, now_ms);
    let (mut counted, mut forms) = ([0, 0], [0, 0]);
    for (index, checkpoint) in COUNTY.checkpoints.iter().enumerate() {
        let (platform, number) = match checkpoint.protocol {
            Protocol::Gat1400 => continue,
            Protocol::Isapi => (&of_isapi, 0),
            Protocol::Dahua => (&of_dahua, 1),
        };
        counted[number] += 1;
        let mut passages: Vec<_> =
            all.iter().filter(|passage| usize::from(passage.checkpoint) == index).take(12).copied().collect();
        assert!(passages.len() > 3, "{index}");
        // The last one has just been seen.
        passages.last_mut().unwrap().at_ms = world.clock.now_ms();
        let before = Counts::get(&world.counts.passages);
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        let task = tokio::spawn(Camera::new(world.clone(), index as u16, &servers).unwrap().run(receiver));
        sender.send(passages.clone()).unwrap();
        drop(sender);
        tokio::time::timeout(Duration::from_mins(1), task).await.unwrap().unwrap();
        assert_eq!(Counts::get(&world.counts.passages) - before, passages.len() as u64);

        let sent = std::mem::take(&mut *platform.sent.lock().unwrap());
        assert_eq!(sent.len(), passages.len(), "{index}: each once, in order");
        for (passage, (path, kind, body)) in passages.iter().zip(&sent) {
            let read = sim::noise::read(&COUNTY, &world.noise, passage);
            let is_last = passage == passages.last().unwrap();
            assert!(path.contains(&checkpoint.camera_id), "{path}");
            let limits = notice::Limits::default();
            let seen = if number == 0 {
                let request = notice::isapi::Request::read(kind, body, &limits).unwrap();
                forms[usize::from(body.windows(9).any(|part| part == b"\"ANPR\":{\""))] += 1;
                let capture = request.notice.capture.unwrap();
                assert_eq!(request.notice.is_retransmission, !is_last);
                assert_eq!(capture.vehicle_class_gat, read.vehicle_type);
                assert_eq!(capture.body_color_gat, read.body_color.to_string());
                assert_eq!(capture.symbol_percents.len(), read.percents().count());
                assert!(capture.lane_direction.is_some());
                let plate = capture.plate.trim_start_matches(['蓝', '黄', '绿', '白', '黑']).to_owned();
                let pictures: Vec<Vec<u8>> = request.pictures.iter().map(|jpeg| jpeg.to_vec()).collect();
                (plate, capture.speed_kmh, capture.lane, request.notice.claimed_unix_ms, pictures)
            } else {
                let notice = notice::dahua::Notice::read_push(body, &limits).unwrap();
                let capture = notice.capture.unwrap();
                let decode = |text: &String| {
                    use base64::Engine as _;
                    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
                };
                let pictures = capture.pictures.iter().map(decode).collect();
                (capture.plate, capture.speed_kmh, capture.lane, notice.claimed_unix_ms, pictures)
            };
            let (plate, speed_kmh, lane, claimed_ms, pictures) = seen;
            let is_plated = read.quality != sim::noise::Quality::NoPlate;
            assert!(plate == read.text || !is_plated, "{plate} {}", read.text);
            assert_eq!((speed_kmh, lane), (Some(read.speed_kmh.into()), Some(passage.lane.into())));
            // Hikvision's has no fraction of the second.
            assert!((passage.at_ms - claimed_ms.unwrap()).abs() < 1_000);
            if is_last {
                // The scene comes first, whichever was sent first.
                assert_eq!(pictures[0], world.painter.scene(passage).unwrap());
                assert_eq!(pictures[1], world.painter.plate(passage).unwrap());
            } else {
                assert!(pictures.is_empty());
            }
        }
    }
    assert_eq!(counted, [4, 3]);
    assert!(forms.iter().all(|count| *count > 0), "XML and JSON: {forms:?}");
}

/// A platform that listens for none of them hears GA/T 1400 from all.
#[test]
fn makers_are_a_few_and_registered_as_what_they_speak() {
    use sim::county::export::{Roster, Table, csv};
    let kinds = |roster: &Roster| {
        let table = String::from_utf8(csv(&COUNTY, Table::Devices, roster).unwrap()).unwrap();
        let count = |kind: &str| table.lines().filter(|line| line.starts_with(kind)).count();
        ["camera,", "isapi,", "dahua,", "fleet,"].map(count)
    };
    assert_eq!(kinds(&Roster::plain(10)), [60, 0, 0, 0]);
    let all = Roster { has_isapi: true, has_dahua: true, has_fleets: true, ..Roster::plain(10) };
    assert_eq!(kinds(&all), [53, 4, 3, 2]);
    assert_eq!(COUNTY.checkpoints[0].protocol, Protocol::Gat1400);
}
