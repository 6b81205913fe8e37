//! Load for benches: passages as fast as a platform answers, passages at a steady rate, thousands of connections.
//!
//! The senders are the county's own cameras and terminals, so a platform into which the county was imported knows them.

use crate::clock;
use crate::county::checkpoints::Protocol;
use crate::county::vehicles::Register;
use crate::device::World;
use crate::device::camera::{Camera, CameraError, Servers};
use crate::device::viid::motor_vehicle;
use crate::traffic::Passage;
use gat1400::client::Client;
use gat1400::object::ResponseStatus;
use gat1400::{DateTime, Limits, read_list};
use jt808::message::Registration;
use jt808::{Checksum, Edition, FrameDecoder, Header, Message, Phone, encode_frame};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// What a load of passages did.
#[derive(Clone, Debug, Default)]
pub struct PassageLoad {
    /// Passages answered as stored.
    pub stored: u64,
    /// Passages answered otherwise.
    pub refused: u64,
    /// Posts that failed as a whole.
    pub failed_posts: u64,
    /// How long it took.
    pub took: Duration,
    /// Time from the first byte of each post to its whole answer, sorted, in microseconds.
    pub answer_us: Vec<u64>,
}

impl PassageLoad {
    /// Passages stored a second.
    pub fn per_s(&self) -> f64 {
        self.stored as f64 / self.took.as_secs_f64().max(1e-9)
    }

    /// The answer time that this share of the posts did not exceed.
    pub fn answer_quantile(&self, share: f64) -> Duration {
        let index =
            ((self.answer_us.len() as f64 * share) as usize).min(self.answer_us.len().saturating_sub(1));
        Duration::from_micros(self.answer_us.get(index).copied().unwrap_or_default())
    }
}

/// How passages are sent.
#[derive(Clone, Copy, Debug)]
pub struct PassagePlan {
    /// Cameras that send at the same time, each over one connection; at most as many as the county has that speak GA/T 1400.
    pub connections: usize,
    /// Passages in one post.
    pub objects_per_post: usize,
    /// How long.
    pub wall: Duration,
    /// Passages a second over all connections; as fast as they are answered when left out.
    pub rate_per_s: Option<f64>,
}

/// Posts passages.
pub async fn passages(
    world: &Arc<World>,
    server: &str,
    plan: PassagePlan,
) -> Result<PassageLoad, CameraError> {
    // A platform may know the others by the protocol of their maker only.
    let speaks = |camera: &u16| world.county.checkpoints[usize::from(*camera)].protocol == Protocol::Gat1400;
    let cameras: Vec<u16> = (0..world.county.checkpoints.len() as u16).filter(speaks).collect();
    let connections = plan.connections.clamp(1, cameras.len());
    let plan = PassagePlan { connections, ..plan };
    let mut senders = tokio::task::JoinSet::new();
    for camera in cameras.into_iter().take(connections) {
        Camera::new(world.clone(), camera, &Servers::viid(server))?.register().await?;
        let (world, server) = (world.clone(), server.trim_end_matches('/').to_owned());
        senders.spawn(async move { send_passages(&world, camera, &server, plan).await });
    }
    let mut total = PassageLoad::default();
    while let Some(joined) = senders.join_next().await {
        let part = joined.map_err(|_| CameraError::Answer)??;
        total.stored += part.stored;
        total.refused += part.refused;
        total.failed_posts += part.failed_posts;
        total.took = total.took.max(part.took);
        total.answer_us.extend(part.answer_us);
    }
    total.answer_us.sort_unstable();
    Ok(total)
}

async fn send_passages(
    world: &World,
    camera: u16,
    server: &str,
    plan: PassagePlan,
) -> Result<PassageLoad, CameraError> {
    let mut body = Body::new(world, camera, plan.objects_per_post.max(1));
    let camera_id = &world.county.checkpoints[camera as usize].camera_id;
    let outgoing = Client::new(camera_id).post::<gat1400::object::MotorVehicle>(&[]);
    let http = reqwest::Client::builder().http1_only().no_proxy().tcp_nodelay(true).build()?;
    let pause = plan.rate_per_s.map(|rate| {
        Duration::from_secs_f64(plan.objects_per_post as f64 * plan.connections as f64 / rate.max(0.001))
    });
    let mut done = PassageLoad::default();
    let started = Instant::now();
    let mut due = started + pause.unwrap_or_default().mul_f64(f64::from(camera) / plan.connections as f64);
    while started.elapsed() < plan.wall {
        if let Some(pause) = pause {
            tokio::time::sleep_until(due).await;
            due += pause;
        }
        let bytes = body.next(clock::wall_ms()).to_vec();
        let mut request = http.post(format!("{server}{}", outgoing.target)).body(bytes);
        for (name, value) in &outgoing.headers {
            request = request.header(*name, value);
        }
        let sent = Instant::now();
        let answer = match request.send().await {
            Ok(answer) if answer.status().is_success() => answer.bytes().await?,
            _ => {
                done.failed_posts += 1;
                // A platform that says no is not asked again in the same instant.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        done.answer_us.push(sent.elapsed().as_micros() as u64);
        let statuses =
            read_list::<ResponseStatus>(&answer, &Limits::default()).map_err(|_| CameraError::Answer)?;
        let stored = statuses.iter().flatten().filter(|status| status.is_ok()).count();
        done.stored += stored as u64;
        done.refused += plan.objects_per_post.saturating_sub(stored) as u64;
    }
    done.took = started.elapsed();
    Ok(done)
}

/// A post encoded once, in which ids, times and plates are written over before each use.
struct Body {
    bytes: Vec<u8>,
    /// Where each object's times (14 digits, those of ids among them), serials (5 digits) and plates' last symbols stand.
    times: Vec<usize>,
    serials: Vec<(usize, u32)>,
    plates: Vec<usize>,
    objects: u32,
    /// The second that the passages claim, and how many of its serials are used.
    second: i64,
    used: u32,
}

impl Body {
    /// A time and a serial that stand in nothing else of the body.
    const TIME: &'static str = "20010203040506";
    const PLATE: &'static str = "鲁QZ0000";
    /// Passages of a camera in one second.
    const SERIALS: u32 = 10_000;

    fn new(world: &World, camera: u16, objects: usize) -> Self {
        let time = DateTime::parse(Self::TIME).expect("the text above is a time");
        let list: Vec<_> = (0..objects)
            .map(|index| {
                let vehicle = (index * 7_919 % world.county.register.vehicles.len()) as u32;
                let passage = Passage {
                    at_ms: time.unix_ms(),
                    vehicle,
                    checkpoint: camera,
                    lane: 1 + (index % 2) as u8,
                    speed_kmh: 40 + (index % 50) as u8,
                    is_forward: world.county.checkpoints[usize::from(camera)].covers.includes(true),
                    behaviours: domain::Behaviours::default(),
                    load_percent: 0,
                };
                let mut object = motor_vehicle(world, &passage, false);
                let camera_id = &world.county.checkpoints[camera as usize].camera_id;
                object.source_id = format!("{camera_id}02{}00000", Self::TIME).into();
                object.motor_vehicle_id = format!("{}0200001", object.source_id).into();
                object.pass_time = Some(time);
                object.appear_time = Some(time);
                object.plate_no = Self::PLATE.into();
                object
            })
            .collect();
        let bytes = gat1400::write_list(&list);
        let find = |needle: &str| {
            let needle = needle.as_bytes();
            (0..bytes.len().saturating_sub(needle.len()))
                .filter(|at| bytes[*at..].starts_with(needle))
                .collect::<Vec<_>>()
        };
        let times = find(Self::TIME);
        // In an id the serial follows the time; two ids an object.
        let ids = times.iter().copied().filter(|at| bytes[at + Self::TIME.len()..].starts_with(b"00000"));
        let serials = ids.enumerate().map(|(i, at)| (at + Self::TIME.len(), i as u32 / 2)).collect();
        let plates = find(Self::PLATE).into_iter().map(|at| at + Self::PLATE.len() - SYMBOLS).collect();
        Self { bytes, times, serials, plates, objects: objects as u32, second: 0, used: 0 }
    }

    fn next(&mut self, now_ms: i64) -> &[u8] {
        // A camera that sends more than a second has serials goes on in the next one, like one whose clock is fast.
        let second = now_ms.div_euclid(1_000);
        if second > self.second {
            (self.second, self.used) = (second, 0);
        } else if self.used + self.objects > Self::SERIALS {
            (self.second, self.used) = (self.second + 1, 0);
        }
        let first = self.used;
        self.used += self.objects;
        let time = DateTime::from_unix_ms(self.second * 1_000).to_string();
        for at in &self.times {
            self.bytes[*at..at + Self::TIME.len()].copy_from_slice(time.as_bytes());
        }
        for (at, index) in &self.serials {
            digits(&mut self.bytes[*at..at + 5], first.wrapping_add(*index));
        }
        let vehicle = VEHICLES_SENT.fetch_add(u64::from(self.objects), Ordering::Relaxed);
        for (at, vehicle) in self.plates.iter().zip(vehicle..) {
            self.bytes[*at..at + SYMBOLS].copy_from_slice(&symbols(vehicle));
        }
        &self.bytes
    }
}

/// Symbols of a plate behind the province and the city.
const SYMBOLS: usize = 5;
/// Letters of a plate: without I and O (GA 36-2018).
const LETTERS: &[u8; 24] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
/// Vehicles that passed somewhere, over all connections: each vehicle comes again when all others have passed, as no county's
/// vehicles are everywhere at once.
static VEHICLES_SENT: AtomicU64 = AtomicU64::new(0);

/// The plate of the n-th vehicle: a letter, then four digits or three and a letter among them. One after another they lie far
/// apart, and all are used before one comes again.
fn symbols(vehicle: u64) -> [u8; SYMBOLS] {
    const DIGITS_ALONE: u64 = 10_000;
    const WITH_A_LETTER: u64 = 4 * 24 * 1_000;
    const VEHICLES: u64 = 24 * (DIGITS_ALONE + WITH_A_LETTER);
    /// A prime, so that no two vehicles have one plate.
    const STRIDE: u64 = 1_000_003;
    let number = vehicle % VEHICLES * STRIDE % VEHICLES;
    let letter = |number: u64| LETTERS[(number % 24) as usize];
    let (first, mut serial) = (letter(number), number / 24);
    let mut symbols = [first; SYMBOLS];
    if serial < DIGITS_ALONE {
        digits(&mut symbols[1..], serial as u32);
        return symbols;
    }
    serial -= DIGITS_ALONE;
    let (among, at) = (letter(serial), 1 + (serial / 24 % 4) as usize);
    let mut three = [0; 3];
    digits(&mut three, (serial / 96) as u32);
    let others = (1..SYMBOLS).filter(|place| *place != at);
    others.zip(three).for_each(|(place, digit)| symbols[place] = digit);
    symbols[at] = among;
    symbols
}

/// Writes the last digits of a number.
fn digits(place: &mut [u8], mut number: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// What a load of connections did.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConnectionLoad {
    /// Connections made.
    pub connected: usize,
    /// Registrations answered, in whatever way.
    pub answered: usize,
    /// Connections still open at the end.
    pub open: usize,
}

/// Opens connections of terminals, each with a registration, and holds them. Those beyond the county's terminals are
/// strangers to the platform.
pub async fn connections(server: &str, count: usize, hold: Duration) -> ConnectionLoad {
    const CONNECTS_AT_ONCE: usize = 200;
    let gate = Arc::new(tokio::sync::Semaphore::new(CONNECTS_AT_ONCE));
    let mut holders = tokio::task::JoinSet::new();
    for index in 0..count {
        let (server, gate) = (server.to_owned(), gate.clone());
        holders.spawn(async move { hold_connection(&server, index, &gate, hold).await });
    }
    let mut load = ConnectionLoad::default();
    while let Some(held) = holders.join_next().await {
        if let Ok((is_connected, is_answered, is_open)) = held {
            load.connected += usize::from(is_connected);
            load.answered += usize::from(is_answered);
            load.open += usize::from(is_open);
        }
    }
    load
}

async fn hold_connection(
    server: &str,
    index: usize,
    gate: &tokio::sync::Semaphore,
    hold: Duration,
) -> (bool, bool, bool) {
    const ANSWER: Duration = Duration::from_secs(20);
    let deadline = Instant::now() + hold;
    let permit = gate.acquire().await;
    let connected = timeout(ANSWER, TcpStream::connect(server)).await;
    let Ok(Ok(mut stream)) = connected else { return (false, false, false) };
    let phone: Phone = Register::sim(index).parse().unwrap_or_default();
    let registration = Message::Registration(Registration {
        province_id: 37,
        city_id: 9927,
        manufacturer: "ANHE1".into(),
        model: "AH-T8".into(),
        terminal_id: format!("A{index:06}").into(),
        plate_colour: 2,
        plate: "鲁QA0000".into(),
    });
    let mut out = Vec::new();
    let header = Header::new(registration.id(), Edition::V2013, phone, 0);
    if encode_frame(&header, &registration, &mut out).is_err() || stream.write_all(&out).await.is_err() {
        return (true, false, false);
    }
    let (mut bytes, mut decoder, mut is_answered) = ([0; 256], FrameDecoder::new(Checksum::Strict), false);
    if let Ok(Ok(read)) = timeout(ANSWER, stream.read(&mut bytes)).await {
        decoder.push(&bytes[..read], &mut |frame| is_answered |= frame.is_ok());
    }
    drop(permit);
    // Open is what neither ends nor fails until the deadline.
    loop {
        match tokio::time::timeout_at(deadline, stream.read(&mut bytes)).await {
            Err(_) => return (true, is_answered, true),
            Ok(Ok(read)) if read > 0 => {}
            Ok(_) => return (true, is_answered, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn digits_fill_their_place_from_the_right() {
        let mut place = *b"xxxxx";
        digits(&mut place, 1_234_567);
        assert_eq!(&place, b"34567");
        digits(&mut place, 8);
        assert_eq!(&place, b"00008");
    }

    #[test]
    fn vehicles_have_plates_of_their_own_that_are_plates() {
        let plates: BTreeSet<_> = (0..200_000).chain(2_400_000..2_544_000).map(symbols).collect();
        assert_eq!(plates.len(), 344_000);
        assert_eq!(symbols(0), symbols(2_544_000));
        for symbols in plates.iter().step_by(997) {
            let text = format!("鲁Q{}", std::str::from_utf8(symbols).expect("ASCII"));
            assert!(domain::Plate::parse(&text).is_ok(), "{text}");
        }
    }
}
