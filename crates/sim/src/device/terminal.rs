//! A vehicle terminal: registers, authenticates, sends what it kept, then reports as it drives, and answers the platform.

use super::tour::{Spacing, State, Tour};
use super::{Backoff, Counts, World};
use crate::county::vehicles::{self, Register};
use domain::time::{DAY_MS, HOUR_MS};
use domain::{AlarmKind, PlateColor};
use jt808::active_safety::{
    AlarmCircumstances, AlarmIdentifier, AlarmPhase, DsmAlarm, DsmKind, VehicleStateBits,
};
use jt808::message::{
    AckResult, Authentication, GeneralAck, Parameter, ParameterReply, PositionReply, RegisterResult,
    Registration, TerminalAttributes, parameter_id,
};
use jt808::{
    AlarmBits, Checksum, DateTime, Edition, FrameDecoder, Header, Item, Message, Phone, Position,
    PositionBatch, StatusBits, encode_frame,
};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// Positions in one 0x0704: they fit one frame with their items.
const BATCH_POSITIONS_MAX: usize = 16;
/// Positions that a terminal remembers while nothing is acknowledged; older ones are forgotten first.
const MEMORY_POSITIONS_MAX: usize = 3_000;
const ACK_TIMEOUT: Duration = Duration::from_secs(20);
/// A platform drops a terminal that is silent; a heartbeat goes out when nothing else did for so long.
const HEARTBEAT: Duration = Duration::from_mins(1);
const READ_BYTES: usize = 1_024;

/// Why a session ended.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The connection failed.
    #[error("connection failed")]
    Io(#[from] std::io::Error),
    /// The platform closed it.
    #[error("closed by the platform")]
    Closed,
    /// No acknowledgement in time.
    #[error("no acknowledgement")]
    Silent,
    /// Registration or authentication refused.
    #[error("refused: {0:?}")]
    Refused(RegisterResult),
    /// A message could not be written.
    #[error("message could not be written")]
    Encode(#[from] jt808::EncodeError),
}

/// One terminal.
pub struct Terminal {
    world: Arc<World>,
    vehicle: u32,
    server: String,
    edition: Edition,
    phone: Phone,
    serial: u16,
    auth_code: Option<smol_str::SmolStr>,
    tour: Tour,
    /// Up to when reports are made; they wait in `memory` until acknowledged.
    reported_ms: i64,
    memory: VecDeque<Position>,
    is_live: bool,
    /// Set by 0x8202: reports every so many ms until then.
    tracking: Option<(i64, i64)>,
}

impl Terminal {
    /// The terminal in a vehicle, towards a platform such as `host:port`. It has kept its reports since `since_ms`.
    pub fn new(world: Arc<World>, vehicle: u32, server: &str, since_ms: i64) -> Self {
        let register = &world.county.register;
        let edition = match register.edition(vehicle as usize) {
            vehicles::Edition::V2011 => Edition::V2011,
            vehicles::Edition::V2013 => Edition::V2013,
            vehicles::Edition::V2019 => Edition::V2019,
        };
        let phone = Register::sim(vehicle as usize).parse().expect("a SIM number has eleven digits");
        let tour = Tour::new(&world.traffic, vehicle, since_ms, world.clock.now_ms() + DAY_MS);
        Self {
            world,
            vehicle,
            server: server.to_owned(),
            edition,
            phone,
            serial: 0,
            auth_code: None,
            tour,
            reported_ms: since_ms,
            memory: VecDeque::new(),
            is_live: false,
            tracking: None,
        }
    }

    /// Works until the task is ended: connects again, with growing pauses, whenever a session ends.
    pub async fn run(mut self) {
        let mut backoff = Backoff::new();
        loop {
            let result = match TcpStream::connect(&self.server).await {
                Ok(stream) => Session::new(&mut self, stream).run(&mut backoff).await,
                Err(error) => Err(error.into()),
            };
            if let Err(error) = result {
                tracing::debug!(vehicle = self.vehicle, %error, "session ended");
                if matches!(error, SessionError::Refused(_)) {
                    self.auth_code = None;
                }
            }
            Counts::add(&self.world.counts.retries, 1);
            backoff.wait().await;
        }
    }

    /// Makes the reports that are due up to an instant, as a terminal does with or without connection.
    fn report_until(&mut self, to_ms: i64, spacing: Spacing) {
        loop {
            let mut next_ms = self.tour.next_report_ms(self.reported_ms, spacing);
            if let Some((every_ms, until_ms)) = self.tracking
                && self.reported_ms < until_ms
            {
                next_ms = next_ms.min(self.reported_ms + every_ms);
            }
            if next_ms > to_ms {
                return;
            }
            if !self.tour.covers(next_ms) {
                self.tour = Tour::new(&self.world.traffic, self.vehicle, next_ms, next_ms + DAY_MS);
            }
            self.reported_ms = next_ms;
            let position = self.position(next_ms);
            self.memory.push_back(position);
            if self.memory.len() > MEMORY_POSITIONS_MAX {
                self.memory.pop_front();
            }
        }
    }

    /// The report of an instant.
    fn position(&self, at_ms: i64) -> Position {
        let State { fix, is_driving } = self.tour.at(&self.world.county, at_ms);
        let place = fix.at.to_wgs84();
        let mut alarm = AlarmBits(0);
        let mut speed_kmh = fix.speed_kmh;
        let mut items =
            vec![Item::MileageKmX10(400_000 + (fix.driven_m / 100.0) as u32), Item::Satellites(14)];
        for (index, raised) in self.tour.raised_at(at_ms) {
            let dsm = |kind| {
                Item::Dsm(DsmAlarm {
                    alarm_id: (raised.from_ms / 1_000) as u32,
                    phase: AlarmPhase::Instant,
                    kind,
                    level: 1 + u8::from(index % 3 == 0),
                    fatigue_degree: if kind == DsmKind::Fatigue { 6 } else { 0 },
                    reserved: [0; 4],
                    circumstances: self.circumstances(at_ms, place, fix.speed_kmh),
                })
            };
            match raised.kind {
                AlarmKind::Sos => alarm = alarm.with(AlarmBits::EMERGENCY, true),
                AlarmKind::Overspeed => {
                    alarm = alarm.with(AlarmBits::OVERSPEED, true);
                    speed_kmh *= 1.4;
                }
                AlarmKind::Fatigue => alarm = alarm.with(AlarmBits::FATIGUE, true),
                AlarmKind::Collision => alarm = alarm.with(AlarmBits::COLLISION, true),
                AlarmKind::Rollover => alarm = alarm.with(AlarmBits::ROLLOVER, true),
                AlarmKind::DsmFatigue => items.push(dsm(DsmKind::Fatigue)),
                AlarmKind::DsmPhone => items.push(dsm(DsmKind::Phone)),
                AlarmKind::DsmSmoking => items.push(dsm(DsmKind::Smoking)),
                AlarmKind::DsmDistraction => items.push(dsm(DsmKind::Distraction)),
                AlarmKind::DsmAbnormal => items.push(dsm(DsmKind::DriverAbnormal)),
                AlarmKind::Adas(_) | AlarmKind::Other { .. } => {}
            }
        }
        let mut position = Position {
            alarm,
            status: StatusBits(0)
                .with(StatusBits::ACC_ON, is_driving)
                .with(StatusBits::POSITIONED, true)
                .with(StatusBits::USES_BEIDOU, true)
                .with(StatusBits::USES_GPS, true),
            altitude_m: 60,
            speed_kmh_x10: (speed_kmh * 10.0).round() as u16,
            direction_deg: fix.heading_deg.round() as u16 % 360,
            time: DateTime::from_unix_ms(at_ms).unwrap_or_default(),
            items,
            ..Position::default()
        };
        position.set_place_e6((place.lat_deg() * 1e6).round() as i32, (place.lon_deg() * 1e6).round() as i32);
        position
    }

    fn circumstances(&self, at_ms: i64, place: domain::Wgs84, speed_kmh: f64) -> AlarmCircumstances {
        let time = DateTime::from_unix_ms(at_ms).unwrap_or_default();
        AlarmCircumstances {
            speed_kmh: speed_kmh as u8,
            altitude_m: 60,
            latitude_raw: (place.lat_deg() * 1e6).round() as u32,
            longitude_raw: (place.lon_deg() * 1e6).round() as u32,
            time,
            vehicle_state: VehicleStateBits(0).with(VehicleStateBits::ACC_ON, true),
            identifier: AlarmIdentifier {
                terminal_id: self.terminal_id().into(),
                time,
                sequence: 0,
                attachment_count: 0,
                reserved: 0,
            },
        }
    }

    fn terminal_id(&self) -> String {
        format!("A{:06}", self.vehicle)
    }

    fn registration(&self) -> Registration {
        let vehicle = &self.world.county.register.vehicles[self.vehicle as usize];
        // JT/T 697.7: 1 blue, 2 yellow, 5 green, 94 gradient green.
        let plate_colour = match vehicle.kind.plate_class().color() {
            PlateColor::Blue => 1,
            PlateColor::Green => 94,
            PlateColor::YellowGreen => 93,
            _ => 2,
        };
        Registration {
            province_id: 37,
            city_id: 9927,
            manufacturer: "ANHE1".into(),
            model: "AH-T8".into(),
            terminal_id: self.terminal_id().into(),
            plate_colour,
            plate: vehicle.plate.to_string().into(),
        }
    }

    /// The answer to what the platform asks; none for its acknowledgements.
    fn answer(&mut self, header: &Header, message: &Message) -> Option<Message> {
        let ack = |result| {
            Some(Message::TerminalAck(GeneralAck {
                serial: header.serial,
                message_id: header.message_id,
                result,
            }))
        };
        match message {
            Message::PlatformAck(_) | Message::RegisterReply(_) => None,
            Message::QueryPosition => {
                let position = self.position(self.world.clock.now_ms());
                Some(Message::PositionReply(PositionReply { serial: header.serial, position }))
            }
            Message::Text(_) | Message::SetParameters(_) => ack(AckResult::Ok),
            Message::Tracking(tracking) => {
                let now_ms = self.world.clock.now_ms();
                self.tracking = (tracking.interval_s > 0).then(|| {
                    (i64::from(tracking.interval_s) * 1_000, now_ms + i64::from(tracking.duration_s) * 1_000)
                });
                ack(AckResult::Ok)
            }
            Message::QueryTerminalAttributes => Some(Message::TerminalAttributes(TerminalAttributes {
                terminal_kind: 0b11,
                manufacturer: "ANHE1".into(),
                model: "AH-T8".into(),
                terminal_id: self.terminal_id().into(),
                iccid: [
                    0x89,
                    0x86,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    (self.vehicle >> 8) as u8 & 0x77,
                    self.vehicle as u8 & 0x77,
                ],
                hardware_version: "H1.0".into(),
                firmware_version: "F2.3".into(),
                gnss: 0b11,
                communication: 0b1,
            })),
            Message::QueryParameters | Message::QuerySomeParameters(_) => {
                let parameters = vec![
                    Parameter::from_u32(parameter_id::HEARTBEAT_INTERVAL_S, HEARTBEAT.as_secs() as u32),
                    Parameter::from_u32(
                        parameter_id::REPORT_INTERVAL_S,
                        (Spacing::LIVE.driving_ms / 1_000) as u32,
                    ),
                ];
                Some(Message::ParameterReply(ParameterReply { serial: header.serial, parameters }))
            }
            _ => ack(AckResult::Unsupported),
        }
    }
}

/// One connection of a terminal.
struct Session<'t> {
    terminal: &'t mut Terminal,
    stream: TcpStream,
    decoder: FrameDecoder,
    /// What came and was not handled yet.
    arrived: VecDeque<(Header, Message)>,
    out: Vec<u8>,
    is_counted: bool,
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        if self.is_counted {
            Counts::take(&self.terminal.world.counts.terminals, 1);
        }
    }
}

impl<'t> Session<'t> {
    fn new(terminal: &'t mut Terminal, stream: TcpStream) -> Self {
        Self {
            terminal,
            stream,
            decoder: FrameDecoder::new(Checksum::Strict),
            arrived: VecDeque::new(),
            out: Vec::new(),
            is_counted: false,
        }
    }

    async fn run(&mut self, backoff: &mut Backoff) -> Result<(), SessionError> {
        self.stream.set_nodelay(true)?;
        self.sign_in().await?;
        self.is_counted = true;
        Counts::add(&self.terminal.world.counts.terminals, 1);
        backoff.reset();
        loop {
            let clock = self.terminal.world.clock;
            if self.terminal.memory.len() >= BATCH_POSITIONS_MAX {
                self.deliver().await?;
                continue;
            }
            let now_ms = clock.now_ms();
            if now_ms - self.terminal.reported_ms > HOUR_MS {
                // Long ago: as it was kept, and in pieces, so that the memory does not overflow.
                let piece_ms = (self.terminal.reported_ms + 6 * HOUR_MS).min(now_ms);
                self.terminal.report_until(piece_ms, Spacing::KEPT);
                self.terminal.reported_ms = self.terminal.reported_ms.max(piece_ms);
            } else {
                self.terminal.report_until(now_ms, Spacing::LIVE);
                if !self.terminal.is_live && self.terminal.memory.len() <= BATCH_POSITIONS_MAX {
                    self.terminal.is_live = true;
                    Counts::add(&self.terminal.world.counts.terminals_live, 1);
                }
            }
            if !self.terminal.memory.is_empty() {
                self.deliver().await?;
                continue;
            }
            let next_ms = self.terminal.tour.next_report_ms(self.terminal.reported_ms, Spacing::LIVE);
            let wait = clock.wall(next_ms - now_ms);
            if !self.listen(wait.min(HEARTBEAT)).await? && wait > HEARTBEAT {
                let serial = self.send(&Message::Heartbeat).await?;
                self.acknowledged(serial).await?;
            }
        }
    }

    /// Registers when it has no code yet, and authenticates.
    async fn sign_in(&mut self) -> Result<(), SessionError> {
        if self.terminal.auth_code.is_none() {
            let registration = Message::Registration(self.terminal.registration());
            let serial = self.send(&registration).await?;
            let deadline = Instant::now() + ACK_TIMEOUT;
            let code = loop {
                match self.next_message(deadline).await?.ok_or(SessionError::Silent)?.1 {
                    Message::RegisterReply(reply) if reply.serial == serial => match reply.result {
                        RegisterResult::Accepted => break reply.auth_code,
                        result => return Err(SessionError::Refused(result)),
                    },
                    _ => {}
                }
            };
            self.terminal.auth_code = Some(code);
        }
        let code = self.terminal.auth_code.clone().unwrap_or_default();
        let imei = format!("86{:013}", self.terminal.vehicle);
        let authentication = Authentication { code, imei: imei.into(), software_version: "F2.3".into() };
        let serial = self.send(&Message::Authentication(authentication)).await?;
        match self.acknowledged(serial).await? {
            AckResult::Ok => Ok(()),
            _ => Err(SessionError::Refused(RegisterResult::TerminalUnknown)),
        }
    }

    /// Sends the oldest reports, one alone or several as a batch; forgets them when they are acknowledged.
    async fn deliver(&mut self) -> Result<(), SessionError> {
        let memory = &self.terminal.memory;
        let count = memory.len().min(BATCH_POSITIONS_MAX);
        let message = match memory.front() {
            Some(only) if count == 1 => Message::Position(only.clone()),
            _ => {
                let positions = memory.iter().take(count).cloned().collect();
                Message::PositionBatch(PositionBatch { kind: 1, positions, unreadable: Vec::new() })
            }
        };
        let serial = self.send(&message).await?;
        if self.acknowledged(serial).await? == AckResult::Failed {
            return Err(SessionError::Silent);
        }
        // Answered for good, also where the platform found fault with it.
        self.terminal.memory.drain(..count);
        Counts::add(&self.terminal.world.counts.positions, count);
        Ok(())
    }

    /// Writes a message; gives the serial that its acknowledgement names (the last, where it was split).
    async fn send(&mut self, message: &Message) -> Result<u16, SessionError> {
        let Terminal { edition, phone, serial, .. } = *self.terminal;
        self.out.clear();
        let frames =
            encode_frame(&Header::new(message.id(), edition, phone, serial), message, &mut self.out)?;
        self.terminal.serial = serial.wrapping_add(frames);
        timeout(ACK_TIMEOUT, self.stream.write_all(&self.out)).await.map_err(|_| SessionError::Silent)??;
        Ok(serial.wrapping_add(frames - 1))
    }

    /// Waits for the acknowledgement of a serial, and answers what else comes meanwhile.
    async fn acknowledged(&mut self, serial: u16) -> Result<AckResult, SessionError> {
        let deadline = Instant::now() + ACK_TIMEOUT;
        loop {
            let (header, message) = self.next_message(deadline).await?.ok_or(SessionError::Silent)?;
            match message {
                Message::PlatformAck(ack) if ack.serial == serial => return Ok(ack.result),
                message => self.handle(&header, &message).await?,
            }
        }
    }

    /// Answers what comes within a time; gives whether anything came.
    async fn listen(&mut self, wait: Duration) -> Result<bool, SessionError> {
        let deadline = Instant::now() + wait;
        let mut has_any = false;
        while let Some((header, message)) = self.next_message(deadline).await? {
            has_any = true;
            self.handle(&header, &message).await?;
        }
        Ok(has_any)
    }

    async fn handle(&mut self, header: &Header, message: &Message) -> Result<(), SessionError> {
        if let Some(answer) = self.terminal.answer(header, message) {
            self.send(&answer).await?;
        }
        Ok(())
    }

    /// The next message, or `None` at the deadline.
    async fn next_message(&mut self, deadline: Instant) -> Result<Option<(Header, Message)>, SessionError> {
        let mut bytes = [0; READ_BYTES];
        loop {
            if let Some(next) = self.arrived.pop_front() {
                return Ok(Some(next));
            }
            let read = match tokio::time::timeout_at(deadline, self.stream.read(&mut bytes)).await {
                Err(_) => return Ok(None),
                Ok(read) => read?,
            };
            if read == 0 {
                return Err(SessionError::Closed);
            }
            let arrived = &mut self.arrived;
            // A platform's broken frame costs itself.
            self.decoder.push(&bytes[..read], &mut |frame| {
                if let Ok(frame) = frame
                    && let Ok(message) = frame.message()
                {
                    arrived.push_back((frame.header, message));
                }
            });
        }
    }
}
