//! The devices against a small platform that answers the two protocols as the standards say, and badly on purpose.

use crate::{COUNTY, DAY, eventually};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, post};
use domain::time::HOUR_MS;
use gat1400::codes::StatusCode as Code;
use gat1400::digest::{Authorization, Ha1, Server};
use gat1400::object::{MotorVehicle, ResponseStatus};
use gat1400::route::write_statuses;
use gat1400::{DateTime, Limits, read_list, write_one};
use jt808::message::{GeneralAck, RegisterReply, TextFlags, TextMessage};
use jt808::{AckResult, Checksum, FrameDecoder, Header, Message, Position, RegisterResult, encode_frame};
use sim::clock::Clock;
use sim::device::camera::{Camera, Servers};
use sim::device::terminal::Terminal;
use sim::device::{Counts, World, pictures};
use sim::noise::NoiseRates;
use sim::picture::Painter;
use sim::provision::{Access, Api};
use sim::run::wait_until_known;
use sim::traffic::{Rates, Traffic};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Noon, with everything going right.
pub(crate) fn world() -> Arc<World> {
    let noise = NoiseRates { cut: 0.0, clock_error_ms: 0, ..NoiseRates::default() };
    Arc::new(World {
        county: COUNTY.clone(),
        traffic: Traffic::new(COUNTY.clone(), Rates { scale: 0.02, offences: 1.0, ..Rates::default() }),
        noise,
        clock: Clock::new(DAY.start().unix_ms() + 12 * HOUR_MS, 1.0),
        painter: Painter::new(COUNTY.clone()),
        picture_base: "http://127.0.0.1:1".into(),
        counts: Counts::default(),
    })
}

#[derive(Default)]
struct Received {
    posts: usize,
    vehicles: BTreeMap<String, MotorVehicle>,
}

struct Platform {
    digest: Server,
    received: Mutex<Received>,
}

async fn platform() -> (String, Arc<Platform>) {
    let digest = Server::new("viid", [7; 32], 60_000);
    let platform = Arc::new(Platform { digest, received: Mutex::default() });
    let router = Router::new()
        .route("/VIID/System/Register", post(register))
        .route("/VIID/System/Keepalive", post(async || StatusCode::OK))
        .route("/VIID/MotorVehicles", post(motor_vehicles))
        .with_state(platform.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, platform)
}

async fn register(State(platform): State<Arc<Platform>>, headers: HeaderMap) -> Response {
    let checkpoint = &COUNTY.checkpoints[0];
    let now_ms = sim::clock::wall_ms();
    let Some(header) = headers.get("authorization") else {
        return (StatusCode::UNAUTHORIZED, [("www-authenticate", platform.digest.challenge(now_ms))])
            .into_response();
    };
    let authorization = Authorization::parse(header.to_str().unwrap()).unwrap();
    let ha1 = Ha1::new(&checkpoint.camera_id, "viid", &checkpoint.camera_password);
    match platform.digest.verify(&authorization, &ha1, "POST", "/VIID/System/Register", now_ms) {
        Ok(()) => {
            let time = DateTime::from_unix_ms(now_ms);
            write_one(&ResponseStatus::new("/VIID/System/Register", Code::Ok, &checkpoint.camera_id, time))
                .into_response()
        }
        Err(_) => StatusCode::FORBIDDEN.into_response(),
    }
}

/// The first post finds the platform busy, the second finds the registration gone, of the third every other object is
/// put off; then all is well.
async fn motor_vehicles(State(platform): State<Arc<Platform>>, body: Bytes) -> Response {
    let mut received = platform.received.lock().unwrap();
    received.posts += 1;
    match received.posts {
        1 => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        2 => return StatusCode::UNAUTHORIZED.into_response(),
        _ => {}
    }
    let is_picky = received.posts == 3;
    let mut statuses = Vec::new();
    for (index, vehicle) in
        read_list::<MotorVehicle>(&body, &Limits::default()).unwrap().into_iter().enumerate()
    {
        let vehicle = vehicle.unwrap();
        let code = if is_picky && index % 2 == 1 { Code::Busy } else { Code::Ok };
        let time = DateTime::from_unix_ms(0);
        statuses.push(ResponseStatus::new("/VIID/MotorVehicles", code, &vehicle.motor_vehicle_id, time));
        if code == Code::Ok {
            received.vehicles.insert(vehicle.motor_vehicle_id.to_string(), vehicle);
        }
    }
    write_statuses(&statuses).into_response()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_loses_no_passage_over_a_bad_platform() {
    let (server, platform) = platform().await;
    let world = world();
    let now_ms = world.clock.now_ms();
    let mut passages = world.traffic.passages(now_ms - 6 * HOUR_MS, now_ms);
    passages.retain(|passage| passage.checkpoint == 0);
    passages.truncate(150);
    assert!(passages.len() > 50, "{}", passages.len());
    // The last one has just been seen: it comes with its pictures.
    let fresh = passages.last_mut().unwrap();
    fresh.at_ms = now_ms;
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    let task = tokio::spawn(Camera::new(world.clone(), 0, &Servers::viid(&server)).unwrap().run(receiver));
    sender.send(passages.clone()).unwrap();
    drop(sender);
    tokio::time::timeout(Duration::from_mins(1), task).await.unwrap().unwrap();

    let received = platform.received.lock().unwrap();
    assert_eq!(received.vehicles.len(), passages.len());
    assert_eq!(Counts::get(&world.counts.passages), passages.len() as u64);
    assert_eq!(Counts::get(&world.counts.passages_refused), 0);
    let (with_pictures, with_links): (Vec<_>, Vec<_>) =
        received.vehicles.values().partition(|vehicle| !vehicle.sub_images.is_empty());
    assert_eq!((with_pictures.len(), with_links.len()), (1, passages.len() - 1));
    for vehicle in &with_links {
        assert!(vehicle.storage_url1.starts_with("http://127.0.0.1:1/scene/0-"), "{}", vehicle.storage_url1);
        assert!(vehicle.id_problems().is_empty(), "{:?}", vehicle.id_problems());
    }
    let scene = with_pictures[0].sub_images[0].data.decode(100_000).unwrap();
    assert!(scene.starts_with(&[0xff, 0xd8]) && scene.len() <= 16_384, "{} bytes", scene.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_registers_nobody() {
    let (server, _platform) = platform().await;
    // The platform knows the password of camera 0 only.
    assert!(Camera::new(world(), 1, &Servers::viid(&server)).unwrap().register().await.is_err());
    assert!(Camera::new(world(), 0, &Servers::viid(&server)).unwrap().register().await.is_ok());
}

/// Just imported devices are unknown for a moment: the camera that tries does not stay on the list of those refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_county_waits_until_its_devices_are_known_and_leaves_none_refused() {
    #[derive(Default)]
    struct Late {
        asked: AtomicUsize,
        dismissed: Mutex<Vec<(usize, String)>>,
    }
    let late = Arc::new(Late::default());
    let register = async |State(late): State<Arc<Late>>| match late.asked.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => StatusCode::FORBIDDEN,
        _ => StatusCode::OK,
    };
    let dismiss = async |State(late): State<Arc<Late>>, Path(id): Path<String>| {
        late.dismissed.lock().unwrap().push((late.asked.load(Ordering::SeqCst), id));
        StatusCode::NO_CONTENT
    };
    let router = Router::new()
        .route("/VIID/System/Register", post(register))
        .route("/api/v1/refused-devices/camera/{id}", delete(dismiss))
        .with_state(late.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let api = Api::new(&address, Access::Token("token".into())).unwrap();
    wait_until_known(&world(), &api, &Servers::viid(&address)).await.unwrap();
    let dismissed = late.dismissed.lock().unwrap();
    assert_eq!(*dismissed, [(3, COUNTY.checkpoints[0].camera_id.clone())]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_lead_to_the_same_picture_each_time() {
    let world = world();
    let now_ms = world.clock.now_ms();
    let passage = world.traffic.passages(now_ms - HOUR_MS, now_ms)[0];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(pictures::serve(listener, world.clone()));
    let get = async |url: String| reqwest::get(url).await.unwrap();
    let first = get(pictures::scene_url(&base, &passage)).await.bytes().await.unwrap();
    let second = get(pictures::scene_url(&base, &passage)).await.bytes().await.unwrap();
    assert_eq!(first, second);
    assert_eq!(first, world.painter.scene(&passage).unwrap());
    assert_eq!(get(format!("{base}/scene/0-999999999-0-1-1-1.jpg")).await.status(), 404);
    assert_eq!(get(format!("{base}/plate/nonsense")).await.status(), 404);
}

/// What a platform got from one terminal.
#[derive(Default)]
struct Heard {
    positions: Vec<Position>,
    kinds: BTreeMap<u16, usize>,
    sessions: usize,
}

/// Answers registration and authentication, asks its questions, acknowledges; breaks the first session off.
async fn terminal_platform() -> (String, Arc<Mutex<Heard>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heard = Arc::new(Mutex::new(Heard::default()));
    let shared = heard.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let session = {
                let mut heard = shared.lock().unwrap();
                heard.sessions += 1;
                heard.sessions
            };
            tokio::spawn(serve_terminal(stream, session, shared.clone()));
        }
    });
    (address, heard)
}

async fn serve_terminal(mut stream: TcpStream, session: usize, shared: Arc<Mutex<Heard>>) {
    let (mut decoder, mut bytes) = (FrameDecoder::new(Checksum::Strict), [0; 4_096]);
    let mut serial = 0;
    while let Ok(read) = stream.read(&mut bytes).await
        && read > 0
    {
        let mut messages: Vec<(Header, Message)> = Vec::new();
        decoder.push(&bytes[..read], &mut |frame| {
            let frame = frame.unwrap();
            messages.push((frame.header, frame.message().unwrap()));
        });
        let mut out = Vec::new();
        for (header, message) in messages {
            let mut say = |message: &Message| {
                encode_frame(&header.reply(serial), message, &mut out).unwrap();
                serial += 1;
            };
            for answer in answers(&header, message, &mut shared.lock().unwrap()) {
                say(&answer);
            }
        }
        if session == 1 && shared.lock().unwrap().positions.len() > 20 {
            break;
        }
        if stream.write_all(&out).await.is_err() {
            break;
        }
    }
}

fn answers(header: &Header, message: Message, heard: &mut Heard) -> Vec<Message> {
    *heard.kinds.entry(header.message_id).or_default() += 1;
    let ack = Message::PlatformAck(GeneralAck {
        serial: header.serial,
        message_id: header.message_id,
        result: AckResult::Ok,
    });
    match message {
        Message::Registration(_) => vec![Message::RegisterReply(RegisterReply {
            serial: header.serial,
            result: RegisterResult::Accepted,
            auth_code: "code".into(),
        })],
        Message::Authentication(authentication) => {
            assert_eq!(authentication.code, "code");
            let text = TextMessage { flags: TextFlags(1), kind: 1, text: "减速慢行".into() };
            vec![ack, Message::QueryPosition, Message::QueryTerminalAttributes, Message::Text(text)]
        }
        Message::Position(position) => {
            heard.positions.push(position);
            vec![ack]
        }
        Message::PositionBatch(batch) => {
            heard.positions.extend(batch.positions);
            vec![ack]
        }
        Message::Heartbeat => vec![ack],
        _ => Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_sends_what_it_kept_answers_and_comes_back() {
    let (server, heard) = terminal_platform().await;
    let world = world();
    let since_ms = world.clock.now_ms() - 12 * HOUR_MS;
    // Vehicles 0 to 3 are a coach, two trucks and a tour coach, with terminals of different editions.
    let tasks: Vec<_> = (0..4)
        .map(|vehicle| tokio::spawn(Terminal::new(world.clone(), vehicle, &server, since_ms).run()))
        .collect();
    eventually("the present", || Counts::get(&world.counts.terminals_live) == 4).await;
    eventually("answers", || {
        let heard = heard.lock().unwrap();
        // Position, attributes and a general acknowledgement from each.
        [0x0201, 0x0107, 0x0001].iter().all(|id| heard.kinds.get(id).is_some_and(|count| *count >= 4))
    })
    .await;
    for task in tasks {
        task.abort();
    }
    let heard = heard.lock().unwrap();
    assert!(heard.sessions >= 5, "one session was broken off: {}", heard.sessions);
    assert!(heard.kinds.contains_key(&0x0704), "batches: {:?}", heard.kinds);
    assert!(heard.positions.len() > 100, "{}", heard.positions.len());
    let moving = heard.positions.iter().filter(|position| position.speed_kmh_x10 > 0).count();
    assert!(moving > 20, "{moving} moving");
    for position in &heard.positions {
        let time_ms = position.time.to_unix_ms().unwrap();
        assert!((since_ms..=world.clock.now_ms()).contains(&time_ms));
        let (lat, lon) = (position.latitude_e6().unwrap(), position.longitude_e6().unwrap());
        // Within reach of the far cities.
        assert!(
            (30_000_000..40_000_000).contains(&lat) && (113_000_000..125_000_000).contains(&lon),
            "{lat} {lon}"
        );
    }
}
