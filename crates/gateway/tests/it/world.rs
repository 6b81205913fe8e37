//! A gateway with all its listeners on free ports, and devices that speak to it.

use domain::{Behaviour, Entry, Observation, Timestamp};
use gat1400::client::{Client, Outgoing};
use gat1400::codes::StatusCode;
use gat1400::digest::{Challenge, Credentials, Ha1};
use gat1400::object::{MotorVehicle, ResponseStatus};
use gateway::directory::{CAMERA_REALM, SharedDirectory};
use gateway::{
    CameraEntry, Clock, Context, Directory, Event, EventSender, Intake, Limits, Presence, Question,
    TerminalEntry, Terminals,
};
use journal::{Batch, Journal, Offset, Options};
use jt808::message::{Authentication, RegisterReply, Registration};
use jt808::{AckResult, Edition, FrameDecoder, Header, Message, Phone, Position, RegisterResult, StatusBits};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// 2026-11-23 10:00:00 Beijing time: where the driven clock stands.
pub(crate) const NOW_MS: i64 = 1_795_399_200_000;
/// Nothing on one machine takes so long, unless it never comes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const CAMERA: &str = "37132700001190000001";
pub(crate) const OTHER_CAMERA: &str = "37132700001190000002";
pub(crate) const CHECKPOINT: &str = "37132700001210000001";
pub(crate) const PASSWORD: &str = "right horse";

pub(crate) struct World {
    pub(crate) context: Arc<Context>,
    pub(crate) clock: Clock,
    pub(crate) events: mpsc::Receiver<Event>,
    pub(crate) questions: mpsc::Receiver<Question>,
    pub(crate) terminals_at: SocketAddr,
    pub(crate) cameras_at: SocketAddr,
    at: BTreeMap<&'static str, SocketAddr>,
    observations: Arc<Journal>,
    pictures: Arc<Journal>,
    shutdown: watch::Sender<bool>,
    listeners: Vec<JoinHandle<()>>,
    _folder: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Limits::default()).await
    }

    pub(crate) async fn with(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        Self::on(limits, folder, &path).await
    }

    /// With the journals under `path`.
    pub(crate) async fn on(limits: Limits, folder: TempDir, path: &Path) -> Self {
        let small = Options {
            segment_bytes_max: 65 << 20,
            group_bytes_max: 64 << 20,
            queue_bytes_max: 64 << 20,
            sync: false,
            ..Options::default()
        };
        let (observations, _) = Journal::open(path.join("observations"), small.clone()).unwrap();
        let large = Options { record_bytes_max: 8 << 20, ..small };
        let (pictures, _) = Journal::open(path.join("pictures"), large).unwrap();
        let (observations, pictures) = (Arc::new(observations), Arc::new(pictures));
        let clock = Clock::driven(Timestamp::from_unix_ms(NOW_MS));
        let intake =
            Intake::new(observations.clone(), pictures.clone(), clock.clone(), limits.recent_ids_max);
        let (sender, events) = EventSender::new(limits.events_waiting_max, limits.quarantine_bytes_max);
        let (to_records, questions) = mpsc::channel(4);
        let context = Arc::new(Context {
            intake,
            directory: SharedDirectory::default(),
            presence: Arc::new(Presence::default()),
            events: sender,
            questions: to_records,
            limits: Arc::new(limits),
            offence_codes: [("1301", Behaviour::WrongWay), ("1207", Behaviour::NoHelmet)]
                .into_iter()
                .collect(),
            terminals: Terminals::default(),
            server_id: "37132700002000000001".into(),
            secret: [7; 32],
        });
        let (shutdown, ending) = watch::channel(false);
        let (mut at, mut listeners) = (BTreeMap::new(), Vec::new());
        for protocol in gateway::PROTOCOLS {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            at.insert(protocol.name, listener.local_addr().unwrap());
            listeners.push(tokio::spawn((protocol.serve)(listener, context.clone(), ending.clone())));
        }
        let world = Self {
            context,
            clock,
            events,
            questions,
            terminals_at: at["terminals"],
            cameras_at: at["viid"],
            at,
            observations,
            pictures,
            shutdown,
            listeners,
            _folder: folder,
        };
        world.admit(|directory| {
            for camera in [CAMERA, OTHER_CAMERA] {
                let ha1 = Ha1::new("police", CAMERA_REALM, PASSWORD);
                let entry = CameraEntry {
                    is_enabled: true,
                    username: "police".into(),
                    ha1: ha1.as_hex().into(),
                    checkpoints: vec![CHECKPOINT.into(), "37132700001210000002".into()],
                    ..CameraEntry::default()
                };
                directory.cameras.insert(camera.into(), entry);
            }
        });
        world
    }

    /// Where a protocol is served.
    pub(crate) fn at(&self, protocol: &str) -> SocketAddr {
        self.at[protocol]
    }

    /// Changes the directory, as the binary does when the records change.
    pub(crate) fn admit(&self, change: impl FnOnce(&mut Directory)) {
        let mut directory = Directory::clone(&self.context.directory.load());
        change(&mut directory);
        self.context.directory.store(Arc::new(directory));
    }

    pub(crate) fn admit_terminals(&self, phones: impl IntoIterator<Item = u64>) {
        self.admit(|directory| {
            for phone in phones {
                let entry = TerminalEntry { is_enabled: true, vehicle: None };
                directory.terminals.insert(phone.to_string().as_str().into(), entry);
            }
        });
    }

    /// What is durable.
    pub(crate) fn stored(&self) -> Vec<Observation> {
        let mut reader = self.observations.reader(self.observations.first());
        let mut batch = Batch::new();
        let mut stored = Vec::new();
        while reader.read_batch(1 << 20, &mut batch).unwrap() > 0 {
            for (_, bytes) in &batch {
                match codec::decode(bytes).unwrap() {
                    Entry::Observation(observation) => stored.push(observation),
                    Entry::Reference(_) => panic!("the gateway makes no reference changes"),
                }
            }
        }
        stored
    }

    pub(crate) fn picture(&self, id: &domain::PictureId) -> Vec<u8> {
        let offset: u64 = id.as_str().strip_prefix('j').unwrap().parse().unwrap();
        self.pictures.read_at(Offset::new(offset)).unwrap()
    }

    pub(crate) fn picture_count(&self) -> u64 {
        self.pictures.stats().records
    }

    /// Moves the clock on.
    pub(crate) fn pass_ms(&self, ms: i64) {
        self.clock.drive(self.clock.now().plus_ms(ms));
    }

    pub(crate) async fn event(&mut self) -> Event {
        tokio::time::timeout(PATIENCE, self.events.recv()).await.expect("an event").unwrap()
    }

    /// Ends all listeners; they must come to an end by themselves.
    pub(crate) async fn end(self) {
        self.shutdown.send(true).unwrap();
        for listener in self.listeners {
            tokio::time::timeout(PATIENCE, listener).await.expect("an end").unwrap();
        }
    }
}

/// Waits until something is so.
pub(crate) async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never so: {what}");
}

/// Waits until the peer has closed.
pub(crate) async fn closed(stream: &mut TcpStream) {
    let mut buffer = [0; 4096];
    let closing = async { while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {} };
    tokio::time::timeout(PATIENCE, closing).await.expect("the peer closes");
}

/// The other side of JT/T 808: a connection that speaks for one terminal or for many.
pub(crate) struct Line {
    pub(crate) stream: TcpStream,
    edition: Edition,
    serial: u16,
    decoder: FrameDecoder,
    received: VecDeque<(Header, Message)>,
}

impl Line {
    pub(crate) async fn connect(world: &World, edition: Edition) -> Self {
        let stream = TcpStream::connect(world.terminals_at).await.unwrap();
        Self { stream, edition, serial: 0, decoder: FrameDecoder::default(), received: VecDeque::new() }
    }

    /// The frame of a message, and its serial.
    pub(crate) fn frame(&mut self, phone: u64, message: &Message) -> (u16, Vec<u8>) {
        let mut out = Vec::new();
        let serial = self.serial;
        let frame_edition = if self.edition == Edition::V2011 { Edition::V2013 } else { self.edition };
        let header = Header::new(message.id(), frame_edition, Phone::from(phone), serial);
        if self.edition == Edition::V2011 {
            let mut body = Vec::new();
            message.encode_body(Edition::V2011, &mut body).unwrap();
            jt808::encode_raw_frame(&header, &body, &mut out).unwrap();
            self.serial = serial.wrapping_add(1);
        } else {
            let frames = jt808::encode_frame(&header, message, &mut out).unwrap();
            self.serial = serial.wrapping_add(frames);
        }
        (serial, out)
    }

    pub(crate) async fn send(&mut self, phone: u64, message: &Message) -> u16 {
        let (serial, bytes) = self.frame(phone, message);
        self.stream.write_all(&bytes).await.unwrap();
        serial
    }

    pub(crate) async fn receive(&mut self) -> (Header, Message) {
        loop {
            if let Some(received) = self.received.pop_front() {
                return received;
            }
            let mut buffer = [0; 4096];
            let count = tokio::time::timeout(PATIENCE, self.stream.read(&mut buffer))
                .await
                .expect("an answer")
                .unwrap();
            assert!(count > 0, "the connection was closed");
            let received = &mut self.received;
            self.decoder.push(&buffer[..count], &mut |frame| {
                let frame = frame.unwrap();
                received.push_back((frame.header, frame.message().unwrap()));
            });
        }
    }

    /// Sends, and gives the result of the general acknowledgement that answers.
    pub(crate) async fn ask(&mut self, phone: u64, message: Message) -> AckResult {
        let serial = self.send(phone, &message).await;
        match self.receive().await {
            (header, Message::PlatformAck(ack)) => {
                assert_eq!((ack.serial, ack.message_id), (serial, message.id()));
                assert_eq!(header.phone, Phone::from(phone));
                ack.result
            }
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn register(&mut self, phone: u64) -> RegisterReply {
        let serial = self.send(phone, &Message::Registration(registration())).await;
        match self.receive().await {
            (_, Message::RegisterReply(reply)) => {
                assert_eq!(reply.serial, serial);
                reply
            }
            other => panic!("{other:?}"),
        }
    }

    /// Registers and authenticates.
    pub(crate) async fn begin(&mut self, phone: u64) {
        let reply = self.register(phone).await;
        assert_eq!(reply.result, RegisterResult::Accepted);
        assert_eq!(self.authenticate(phone, &reply.auth_code).await, AckResult::Ok);
    }

    pub(crate) async fn authenticate(&mut self, phone: u64, code: &str) -> AckResult {
        self.ask(phone, authentication(code)).await
    }
}

pub(crate) fn authentication(code: &str) -> Message {
    Message::Authentication(Authentication { code: code.into(), ..Authentication::default() })
}

fn registration() -> Registration {
    Registration {
        province_id: 37,
        city_id: 1327,
        manufacturer: "MAKER".into(),
        model: "M-1".into(),
        terminal_id: "T000001".into(),
        plate_colour: 2,
        plate: "鲁Q12345".into(),
    }
}

/// A report made `second` seconds before now, at a place of its own.
pub(crate) fn report(second: i64) -> Position {
    let mut position = Position {
        status: StatusBits::ACC_ON | StatusBits::POSITIONED,
        altitude_m: 120,
        speed_kmh_x10: 605,
        direction_deg: 90,
        time: jt808::DateTime::from_unix_ms(NOW_MS - second * 1_000).unwrap(),
        ..Position::default()
    };
    position.set_place_e6(35_000_000 + second as i32, 118_000_000);
    position
}

/// The other side of GA/T 1400: a camera.
pub(crate) struct Camera {
    pub(crate) client: Client,
    http: reqwest::Client,
    base: String,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    challenge: Option<String>,
}

impl Answer {
    pub(crate) fn statuses(&self) -> Vec<ResponseStatus> {
        gat1400::read_list(&self.body, &gat1400::Limits::default())
            .unwrap_or_else(|_| panic!("{} {}", self.status, String::from_utf8_lossy(&self.body)))
            .into_iter()
            .map(Result::unwrap)
            .collect()
    }

    /// HTTP status and the code of the one status object.
    pub(crate) fn told(&self) -> (u16, StatusCode) {
        let statuses = self.statuses();
        assert_eq!(statuses.len(), 1);
        (self.status, statuses[0].code())
    }
}

impl Camera {
    pub(crate) fn new(world: &World, device: &str) -> Self {
        Self {
            client: Client::new(device),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            base: format!("http://{}", world.cameras_at),
        }
    }

    pub(crate) async fn registered(world: &World, device: &str) -> Self {
        let camera = Self::new(world, device);
        assert_eq!(camera.register("police", PASSWORD).await.told(), (200, StatusCode::Ok));
        camera
    }

    pub(crate) async fn send(&self, request: Outgoing) -> Answer {
        let method = request.method.name().parse().unwrap();
        let mut builder = self.http.request(method, format!("{}{}", self.base, request.target));
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        let response = tokio::time::timeout(PATIENCE, builder.body(request.body).send())
            .await
            .expect("an answer")
            .unwrap();
        let challenge = response.headers().get("www-authenticate").map(|c| c.to_str().unwrap().to_owned());
        Answer {
            status: response.status().as_u16(),
            challenge,
            body: response.bytes().await.unwrap().to_vec(),
        }
    }

    pub(crate) async fn register(&self, username: &str, password: &str) -> Answer {
        let first = self.send(self.client.register()).await;
        assert_eq!(first.status, 401);
        let challenge = Challenge::parse(&first.challenge.unwrap()).unwrap();
        let credentials = Credentials { username, password };
        let answer = challenge.answer(credentials, "POST", "/VIID/System/Register", "0a4f113b", 1);
        self.send(self.client.register().with_authorization(answer)).await
    }

    pub(crate) async fn post(&self, vehicles: &[MotorVehicle]) -> Answer {
        self.send(self.client.post(vehicles)).await
    }
}

/// A passage `second` seconds before now.
pub(crate) fn vehicle(plate: &str, second: i64) -> MotorVehicle {
    MotorVehicle {
        motor_vehicle_id: format!("{CAMERA}0220261123100000{second:05}02{second:05}").into(),
        tollgate_id: CHECKPOINT.into(),
        device_id: CAMERA.into(),
        lane_no: Some(2),
        has_plate: Some(true),
        plate_class: "02".into(),
        plate_color: "5".into(),
        plate_no: plate.into(),
        speed_kmh: Some(61.4),
        direction: "3".into(),
        vehicle_class: "K33".into(),
        vehicle_color: "2".into(),
        pass_time: Some(gat1400::DateTime::from_unix_ms(NOW_MS - second * 1_000)),
        plate_reliability: "97".into(),
        ..MotorVehicle::default()
    }
}
