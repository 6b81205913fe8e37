//! Another platform: logs in over the main link of JT/T 809, holds it, forwards where its vehicles are, and answers on the sub
//! link that it is called back on.

use super::tour::{Spacing, State, Tour};
use super::{Backoff, Counts, World};
use crate::county::fleets::Fleet;
use crate::dice::mix;
use domain::PlateColor;
use domain::time::{DAY_MS, MINUTE_MS};
use jt808::StatusBits;
use jt809::{
    Basic, Decoder, Edition, Frame, FrameError, Full, Header, Login, LoginResult, Message, Position,
    Registration, VehicleData, VehicleMessage,
};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

/// Longest frame that it takes in: it is only answered, never told much.
const FRAME_BYTES_MAX: usize = 4_096;
const READ_BYTES: usize = 1_024;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// A heartbeat a minute; after three without an answer the link is dead (JT/T 809-2011 4.3).
const HEARTBEAT: Duration = Duration::from_mins(1);
const SILENCE_MAX: Duration = Duration::from_mins(3);
/// How often it looks for what its vehicles have reported.
const TICK: Duration = Duration::from_millis(500);
/// Messages of one tick, so that what was kept of a day does not flood a platform.
const MESSAGES_PER_TICK_MAX: usize = 400;
/// Positions in one 0x1203 (JT/T 809-2011 4.5.8.1).
const HISTORY_MAX: usize = 5;
/// Nobody acknowledges positions: those of the last minute of a link that broke are sent again.
const AGAIN_MS: i64 = MINUTE_MS;

/// Why a link ended.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The connection failed.
    #[error("connection failed")]
    Io(#[from] std::io::Error),
    /// The platform closed it.
    #[error("closed by the platform")]
    Closed,
    /// No answer in time.
    #[error("no answer")]
    Silent,
    /// Login refused.
    #[error("login refused: {0:?}")]
    Refused(LoginResult),
    /// A frame that is none.
    #[error("frame not understood")]
    Frame(#[from] FrameError),
    /// A message that is none.
    #[error("message not understood")]
    Message(#[from] jt809::DecodeError),
}

/// A vehicle and up to when its reports were forwarded.
struct Tracked {
    vehicle: u32,
    tour: Tour,
    reported_ms: i64,
}

/// One platform.
pub struct Forwarder {
    world: Arc<World>,
    fleet: Fleet,
    server: String,
    tracked: Vec<Tracked>,
    /// Whose turn it is.
    next: usize,
    serial: u32,
}

impl Forwarder {
    /// A platform, towards another such as `host:port`. It has kept the reports of its vehicles since `since_ms`.
    pub fn new(world: Arc<World>, fleet: Fleet, server: &str, since_ms: i64) -> Self {
        let until_ms = world.clock.now_ms() + DAY_MS;
        let tracked = fleet
            .vehicles(&world.county, |vehicle| world.traffic.takes_part(vehicle), world.traffic.rates.scale)
            .into_iter()
            .map(|vehicle| Tracked {
                vehicle,
                tour: Tour::new(&world.traffic, vehicle, since_ms, until_ms),
                reported_ms: since_ms,
            })
            .collect();
        Self { world, fleet, server: server.to_owned(), tracked, next: 0, serial: 0 }
    }

    /// Works until the task is ended: connects again, with growing pauses, whenever a link ends.
    pub async fn run(mut self) {
        let mut backoff = Backoff::new();
        loop {
            let error = match self.link(&mut backoff).await {
                Ok(never) => match never {},
                Err(error) => error,
            };
            tracing::debug!(platform = self.fleet.access_code, %error, "link ended");
            Counts::add(&self.world.counts.retries, 1);
            self.tracked.iter_mut().for_each(|tracked| tracked.reported_ms -= AGAIN_MS);
            backoff.wait().await;
        }
    }

    /// One main link, with its sub link.
    async fn link(&mut self, backoff: &mut Backoff) -> Result<std::convert::Infallible, LinkError> {
        let mut stream = TcpStream::connect(&self.server).await?;
        stream.set_nodelay(true)?;
        let own = stream.local_addr()?.ip();
        let listener = TcpListener::bind((own, 0)).await?;
        let login = Message::Login(Login {
            user_id: self.fleet.user_id,
            password: self.fleet.password.clone(),
            center_id: self.fleet.access_code,
            down_link_ip: own.to_string(),
            down_link_port: listener.local_addr()?.port(),
        });
        let mut heard = Heard::new(self.fleet.edition);
        self.say(&mut stream, &[login]).await?;
        let verify_code = match timeout(ANSWER_TIMEOUT, heard.next(&mut stream)).await {
            Err(_) => return Err(LinkError::Silent),
            Ok(reply) => match reply? {
                Message::LoginReply { result: LoginResult::Done, verify_code } => verify_code,
                Message::LoginReply { result, .. } => return Err(LinkError::Refused(result)),
                _ => return Err(LinkError::Closed),
            },
        };
        backoff.reset();
        let _logged_in = LoggedIn::new(self.world.clone());
        let sub_link = tokio::spawn(sub_link(listener, self.fleet.clone(), verify_code));
        let _ends_with_this = AbortOnDrop(sub_link);
        let registrations: Vec<Message> =
            self.tracked.iter().map(|of| self.registration(of.vehicle)).collect();
        self.say(&mut stream, &registrations).await?;
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut heartbeat = tokio::time::interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
        let mut heard_at = Instant::now();
        loop {
            tokio::select! {
                message = heard.next(&mut stream) => {
                    heard_at = Instant::now();
                    if message? == Message::LinkTest {
                        self.say(&mut stream, &[Message::LinkTestReply]).await?;
                    }
                }
                _ = heartbeat.tick() => {
                    if heard_at.elapsed() > SILENCE_MAX {
                        return Err(LinkError::Silent);
                    }
                    self.say(&mut stream, &[Message::LinkTest]).await?;
                }
                _ = tick.tick() => {
                    let (messages, positions) = self.due();
                    self.say(&mut stream, &messages).await?;
                    Counts::add(&self.world.counts.forwarded, positions);
                }
            }
        }
    }

    /// What its vehicles have reported since it was last asked, and how many positions that are. In turn, so that no
    /// vehicle waits for all others.
    fn due(&mut self) -> (Vec<Message>, usize) {
        let now_ms = self.world.clock.now_ms();
        let (mut messages, mut count) = (Vec::new(), 0);
        for _ in 0..self.tracked.len() {
            if messages.len() >= MESSAGES_PER_TICK_MAX {
                break;
            }
            let index = self.next;
            self.next = (self.next + 1) % self.tracked.len();
            let Self { world, tracked, fleet, .. } = self;
            let Some(of) = tracked.get_mut(index) else { break };
            let is_late = now_ms - of.reported_ms > 2 * Spacing::KEPT.parked_ms;
            let spacing = if is_late { Spacing::KEPT } else { Spacing::LIVE };
            let mut positions = Vec::new();
            while positions.len() < HISTORY_MAX {
                let next_ms = of.tour.next_report_ms(of.reported_ms, spacing);
                if next_ms > now_ms {
                    break;
                }
                if !of.tour.covers(next_ms) {
                    of.tour = Tour::new(&world.traffic, of.vehicle, next_ms, next_ms + DAY_MS);
                }
                of.reported_ms = next_ms;
                positions.push(position(fleet, &of.tour.at(&world.county, next_ms), next_ms));
            }
            count += positions.len();
            let data = match (positions.pop(), positions.is_empty()) {
                (None, _) => continue,
                (Some(only), true) => VehicleData::Position(only),
                (Some(last), false) => {
                    positions.push(last);
                    VehicleData::History(positions)
                }
            };
            let vehicle = of.vehicle;
            messages.push(self.of_vehicle(vehicle, data));
        }
        (messages, count)
    }

    fn registration(&self, vehicle: u32) -> Message {
        let registration = Registration {
            platform: self.fleet.code.clone(),
            maker: "ANHE1".into(),
            model: "AH-T8".into(),
            imei: String::new(),
            terminal: format!("B{:06}", vehicle % 1_000_000),
            sim: format!("1389927{:04}", vehicle % 10_000),
        };
        self.of_vehicle(vehicle, VehicleData::Registration(registration))
    }

    fn of_vehicle(&self, vehicle: u32, data: VehicleData) -> Message {
        let known = &self.world.county.register.vehicles[vehicle as usize];
        let plate_color = plate_color_code(known.kind.plate_class().color());
        Message::Vehicle(VehicleMessage { plate: known.plate.to_string(), plate_color, data })
    }

    /// Writes messages, encrypted where the two sides agreed upon that.
    async fn say(&mut self, stream: &mut TcpStream, messages: &[Message]) -> Result<(), LinkError> {
        let mut out = Vec::new();
        for message in messages {
            self.serial = self.serial.wrapping_add(1);
            header(&self.fleet, self.serial, message, self.world.clock.now_ms()).encode(
                message,
                self.fleet.edition,
                self.fleet.cipher,
                &mut out,
            );
        }
        match timeout(ANSWER_TIMEOUT, stream.write_all(&out)).await {
            Ok(written) => Ok(written?),
            Err(_) => Err(LinkError::Silent),
        }
    }
}

/// The sub link: whoever calls must show the code of the login; then its tests are answered.
async fn sub_link(listener: TcpListener, fleet: Fleet, verify_code: u32) -> Result<(), LinkError> {
    loop {
        let (mut stream, _) = listener.accept().await?;
        let mut heard = Heard::new(fleet.edition);
        let mut serial = 0;
        while let Ok(message) = heard.next(&mut stream).await {
            let answer = match message {
                Message::SubConnect { verify_code: shown } => {
                    Message::SubConnectReply(u8::from(shown != verify_code))
                }
                Message::SubLinkTest => Message::SubLinkTestReply,
                Message::SubDisconnect { .. } => Message::SubDisconnectReply,
                _ => continue,
            };
            serial += 1;
            let mut out = Vec::new();
            header(&fleet, serial, &answer, crate::clock::wall_ms()).encode(
                &answer,
                fleet.edition,
                fleet.cipher,
                &mut out,
            );
            stream.write_all(&out).await?;
        }
    }
}

/// Each message has a key of its own.
fn header(fleet: &Fleet, serial: u32, message: &Message, now_ms: i64) -> Header {
    Header {
        serial,
        id: message.id(),
        center_id: fleet.access_code,
        version: if fleet.edition == Edition::V2019 { [1, 1, 0] } else { [1, 0, 0] },
        key: fleet.cipher.map(|_| mix(&[fleet.access_code.into(), serial.into()]) as u32),
        sent_unix_s: if fleet.edition == Edition::V2019 { now_ms.max(0) as u64 / 1_000 } else { 0 },
    }
}

/// Where a vehicle is, in the layout of the platform's edition.
fn position(fleet: &Fleet, state: &State, at_ms: i64) -> Position {
    let State { fix, is_driving } = state;
    let place = fix.at.to_wgs84();
    let micro = |degrees: f64| (degrees * 1e6).round() as u32;
    let status = StatusBits(0)
        .with(StatusBits::ACC_ON, *is_driving)
        .with(StatusBits::POSITIONED, true)
        .with(StatusBits::USES_BEIDOU, true)
        .with(StatusBits::USES_GPS, true);
    let mileage_hm = 400_000 + (fix.driven_m / 100.0) as u32;
    let heading_deg = fix.heading_deg.round() as u16 % 360;
    match fleet.edition {
        Edition::V2011 => Position::Basic(Basic {
            is_shifted: false,
            time: Basic::time_of(at_ms),
            longitude_e6: micro(place.lon_deg()),
            latitude_e6: micro(place.lat_deg()),
            speed_kmh: fix.speed_kmh.round() as u16,
            recorder_speed_kmh: fix.speed_kmh.round() as u16,
            mileage_km: mileage_hm / 10,
            heading_deg,
            altitude_m: 60,
            status: status.0,
            alarm: 0,
        }),
        Edition::V2019 => {
            let mut report = jt808::Position {
                status,
                altitude_m: 60,
                speed_kmh_x10: (fix.speed_kmh * 10.0).round() as u16,
                direction_deg: heading_deg,
                time: jt808::DateTime::from_unix_ms(at_ms).unwrap_or_default(),
                items: vec![jt808::Item::MileageKmX10(mileage_hm)],
                ..jt808::Position::default()
            };
            let micro = |degrees: f64| (degrees * 1e6).round() as i32;
            report.set_place_e6(micro(place.lat_deg()), micro(place.lon_deg()));
            Position::Full(Full {
                report: report.encode(),
                platforms: [(fleet.code.clone(), 0), Default::default(), Default::default()],
                ..Full::default()
            })
        }
    }
}

/// JT/T 697.7-2014, 5.6.
fn plate_color_code(color: PlateColor) -> u8 {
    match color {
        PlateColor::Blue => 1,
        PlateColor::Yellow => 2,
        PlateColor::Black => 3,
        PlateColor::White => 4,
        PlateColor::YellowGreen => 93,
        PlateColor::Green => 94,
        PlateColor::Unknown => 9,
    }
}

/// What the other side says, in plain: it is only the subordinate who encrypts here.
struct Heard {
    edition: Edition,
    decoder: Decoder,
    arrived: VecDeque<Result<Message, LinkError>>,
}

impl Heard {
    fn new(edition: Edition) -> Self {
        Self { edition, decoder: Decoder::new(FRAME_BYTES_MAX), arrived: VecDeque::new() }
    }

    /// The next message. May be dropped at any time without losing one.
    async fn next(&mut self, stream: &mut TcpStream) -> Result<Message, LinkError> {
        loop {
            if let Some(message) = self.arrived.pop_front() {
                return message;
            }
            let mut buffer = [0; READ_BYTES];
            let count = stream.read(&mut buffer).await?;
            if count == 0 {
                return Err(LinkError::Closed);
            }
            let Self { edition, decoder, arrived } = self;
            decoder.push(buffer.get(..count).unwrap_or_default(), &mut |frame, _| {
                let read = |bytes: &[u8]| -> Result<Message, LinkError> {
                    Ok(Frame::read(bytes, *edition, None)?.message(*edition)?)
                };
                arrived.push_back(frame.map_err(LinkError::from).and_then(read));
            });
        }
    }
}

/// Counts a platform for as long as it is logged in.
struct LoggedIn(Arc<World>);

impl LoggedIn {
    fn new(world: Arc<World>) -> Self {
        Counts::add(&world.counts.fleets, 1);
        Self(world)
    }
}

impl Drop for LoggedIn {
    fn drop(&mut self) {
        Counts::take(&self.0.counts.fleets, 1);
    }
}

/// Ends a task with what it belongs to.
struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
