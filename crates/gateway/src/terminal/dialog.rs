//! What terminals say and what they are told: registration, authentication, sessions, reports.

use super::fact::{Reporter, observe};
use super::registry::{Link, Order, auth_code, is_same_code};
use super::turn::{Answer, KindCounts, Turn};
use crate::bucket::{BURST_S, Bucket};
use crate::context::Context;
use crate::directory::terminal_id;
use crate::events::{Event, RefusalReason};
use domain::{DeviceId, DeviceKind, Timestamp, VehicleKey};
use jt808::message::{Authentication, Registration};
use jt808::{
    AckResult, DecodeError, Edition, Frame, FrameError, Header, Message, Overdue, Phone, Progress,
    Reassembler, ReassemblyLimits, RegisterResult,
};
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Strangers whose refusal one connection reports; the others are counted only.
const STRANGERS_REPORTED_MAX: usize = 64;

/// A terminal that has proved itself on this connection.
struct Session {
    id: DeviceId,
    link: Arc<Link>,
    rate: Bucket,
    /// Of its last message: answers and commands go out in the same edition.
    header: Header,
    /// Serial of our next message to it.
    serial: u16,
}

/// What an order has led to.
pub(super) enum Outcome {
    Write(Vec<u8>),
    /// The last terminal of the connection speaks elsewhere now.
    NobodyLeft,
}

/// Everything that one connection knows of its terminals.
pub(super) struct Dialog {
    context: Arc<Context>,
    address: SocketAddr,
    orders_in: mpsc::Sender<Order>,
    sessions: HashMap<Phone, Session>,
    /// Bounds what is taken from terminals without a session.
    strangers_rate: Bucket,
    strangers_reported: HashSet<Phone>,
    strangers_serial: u16,
    /// Admitted here as terminals of 2011, which only a registration tells.
    registered_2011: HashSet<Phone>,
    parts: Reassembler,
    opened_at: Instant,
    /// Bad messages less good ones.
    faults: u32,
}

impl Dialog {
    pub(super) fn new(address: SocketAddr, context: Arc<Context>, orders_in: mpsc::Sender<Order>) -> Self {
        let limits = &context.limits;
        // Each terminal of a platform that reconnects may register and authenticate at once.
        let strangers_burst = limits.terminals_per_connection_max as u64 * 2;
        let strangers_rate = Bucket::new(limits.terminal_messages_per_s_max, strangers_burst, context.now());
        let parts = Reassembler::new(ReassemblyLimits {
            bytes_max: limits.terminal_parts_bytes_max,
            resend_after_ms: limits.terminal_parts_wait_s_max.saturating_mul(1_000),
            ..ReassemblyLimits::default()
        });
        Self {
            context,
            address,
            orders_in,
            sessions: HashMap::new(),
            strangers_rate,
            strangers_reported: HashSet::new(),
            strangers_serial: 0,
            registered_2011: HashSet::new(),
            parts,
            opened_at: Instant::now(),
            faults: 0,
        }
    }

    /// How many more messages were bad than good.
    pub(super) fn faults(&self) -> u32 {
        self.faults
    }

    pub(super) fn on_frame(&mut self, frame: &Frame<'_>, raw: &[u8], turn: &mut Turn) {
        let header = frame.header;
        if header.part.is_some() {
            return self.on_part(frame, raw, turn);
        }
        let edition = Message::edition_of(&header, frame.body);
        match frame.message() {
            Ok(message) => self.on_message(header, edition, message, turn),
            Err(error) => self.on_bad_body(header, &error, raw, turn),
        }
    }

    /// Parts are only kept of what is used, and only for terminals with a session; each is acknowledged when it came, and the
    /// last one by what became of the message: so a terminal keeps a message that could not be stored.
    fn on_part(&mut self, frame: &Frame<'_>, raw: &[u8], turn: &mut Turn) {
        let header = frame.header;
        let is_used = matches!(header.message_id, 0x0200 | 0x0201 | 0x0704 | 0x0104 | 0x0107);
        if !self.sessions.contains_key(&header.phone) || !is_used {
            return self.on_message(
                header,
                header.edition,
                Message::Unknown { id: header.message_id, body: Vec::new() },
                turn,
            );
        }
        if !self.is_within_rate(header.phone, turn) {
            return;
        }
        match self.parts.push(frame, self.now_ms()) {
            Progress::Pending | Progress::Duplicate => turn.acknowledge(header, AckResult::Ok),
            Progress::Refused => turn.acknowledge(header, AckResult::WrongMessage),
            Progress::Complete { header: whole, body } => match Message::decode(&whole, &body) {
                Ok(message) => self.on_message(header, whole.edition, message, turn),
                Err(error) => self.on_bad_body(header, &error, raw, turn),
            },
        }
    }

    fn on_message(&mut self, header: Header, edition: Edition, message: Message, turn: &mut Turn) {
        self.faults = self.faults.saturating_sub(1);
        match message {
            Message::Registration(registration) => self.register(header, edition, &registration, turn),
            Message::Authentication(authentication) => self.authenticate(header, &authentication, turn),
            message => match self.session_of(header, turn) {
                Some((id, vehicle)) => self.on_report(&id, vehicle, header, message, turn),
                None => self.on_stranger(header, &message, turn),
            },
        }
    }

    /// The session that a message belongs to, if its terminal may still speak here.
    fn session_of(&mut self, header: Header, turn: &Turn) -> Option<(DeviceId, Option<VehicleKey>)> {
        let session = self.sessions.get_mut(&header.phone)?;
        if session.link.is_superseded() {
            self.sessions.remove(&header.phone);
            return None;
        }
        let directory = self.context.directory.load();
        match directory.terminals.get(&session.id) {
            Some(entry) if entry.is_enabled => {
                if session.header.edition != header.edition {
                    let edition = edition_key(header.edition);
                    self.context.presence.edition(DeviceKind::Terminal, &session.id, edition);
                }
                session.header = header;
                Some((session.id.clone(), entry.vehicle))
            }
            entry => {
                let reason = if entry.is_some() { RefusalReason::Disabled } else { RefusalReason::Unknown };
                drop(directory);
                let id = session.id.clone();
                self.end_session(header.phone);
                self.refuse(&id, reason, "was switched off while connected".into(), turn);
                None
            }
        }
    }

    /// A terminal without a session gets its heartbeat answered and nothing else taken.
    fn on_stranger(&mut self, header: Header, message: &Message, turn: &mut Turn) {
        if !self.admit_stranger(turn) {
            return;
        }
        if matches!(message, Message::Heartbeat) {
            return turn.acknowledge(header, AckResult::Ok);
        }
        // Some terminals never register: so that a person can admit them, they are reported, once.
        let id = identity(header.phone);
        if !self.context.directory.load().terminals.contains_key(&id)
            && self.strangers_reported.len() < STRANGERS_REPORTED_MAX
            && self.strangers_reported.insert(header.phone)
        {
            let detail = format!("sent {:#06x} without registering", header.message_id);
            self.refuse(&id, RefusalReason::Unknown, detail, turn);
        }
        turn.acknowledge(header, AckResult::Failed);
    }

    fn admit_stranger(&mut self, turn: &Turn) -> bool {
        note_rate(self.strangers_rate.take(turn.received_at))
    }

    fn register(&mut self, header: Header, edition: Edition, registration: &Registration, turn: &mut Turn) {
        if !self.admit_stranger(turn) {
            return;
        }
        let id = identity(header.phone);
        let answer = match self.refusal(&id) {
            None => {
                let has_room = self.registered_2011.len() < self.context.limits.terminals_per_connection_max;
                if edition == Edition::V2011 && has_room {
                    self.registered_2011.insert(header.phone);
                }
                Message::register_accepted(&header, auth_code(&self.context.secret, &id))
            }
            Some(reason) => {
                let Registration { manufacturer, model, terminal_id, plate_colour, plate, .. } = registration;
                let detail = format!(
                    "plate {plate} (colour {plate_colour}), maker {manufacturer}, model {model}, terminal {terminal_id}, edition {}",
                    edition_key(edition)
                );
                self.refuse(&id, reason, detail, turn);
                Message::register_refused(&header, RegisterResult::TerminalUnknown)
            }
        };
        turn.answers.push(Answer::Now(header, answer));
    }

    fn authenticate(&mut self, header: Header, authentication: &Authentication, turn: &mut Turn) {
        if !self.admit_stranger(turn) {
            return;
        }
        let id = identity(header.phone);
        let refusal = self.refusal(&id).or_else(|| {
            let is_right = is_same_code(&authentication.code, &auth_code(&self.context.secret, &id));
            (!is_right).then_some(RefusalReason::WrongPassword)
        });
        if let Some(reason) = refusal {
            let detail = format!(
                "authentication only, software {}, IMEI {}",
                authentication.software_version, authentication.imei
            );
            self.refuse(&id, reason, detail, turn);
            return turn.acknowledge(header, AckResult::Failed);
        }
        if self.sessions.get(&header.phone).is_some_and(|session| !session.link.is_superseded()) {
            // It has its session, and its rate goes on: authenticating again is no way around it.
            return turn.acknowledge(header, AckResult::Ok);
        }
        let limits = &self.context.limits;
        if self.sessions.len() >= limits.terminals_per_connection_max {
            metrics::counter!("anchang_sessions_refused_total", "source" => DeviceKind::Terminal.key())
                .increment(1);
            return turn.acknowledge(header, AckResult::Failed);
        }
        let rate = limits.terminal_messages_per_s_max;
        let link = self.context.terminals.attach(&id, header.phone, self.orders_in.clone());
        let edition = self.edition_of(&id, header);
        let presence = &self.context.presence;
        presence.connected(DeviceKind::Terminal, &id, self.address, turn.received_at);
        if let Some(edition) = edition {
            presence.edition(DeviceKind::Terminal, &id, edition_key(edition));
        }
        let session = Session {
            id,
            link,
            rate: Bucket::new(rate, u64::from(rate) * u64::from(BURST_S), turn.received_at),
            header,
            serial: 0,
        };
        self.sessions.insert(header.phone, session);
        turn.acknowledge(header, AckResult::Ok);
    }

    /// The edition of a terminal that authenticates; `None` when what is known is better: a terminal that registered as one of
    /// 2011 speaks like one of 2013 ever after.
    fn edition_of(&mut self, id: &DeviceId, header: Header) -> Option<Edition> {
        if self.registered_2011.remove(&header.phone) {
            return Some(Edition::V2011);
        }
        let known = self.context.presence.get(DeviceKind::Terminal, id).and_then(|state| state.edition);
        let is_known_better = header.edition == Edition::V2013 && known == Some(edition_key(Edition::V2011));
        (!is_known_better).then_some(header.edition)
    }

    /// Why a terminal may not speak; `None` when it may.
    fn refusal(&self, id: &DeviceId) -> Option<RefusalReason> {
        match self.context.directory.load().terminals.get(id) {
            Some(entry) if entry.is_enabled => None,
            Some(_) => Some(RefusalReason::Disabled),
            None => Some(RefusalReason::Unknown),
        }
    }

    fn refuse(&self, id: &DeviceId, reason: RefusalReason, detail: String, turn: &Turn) {
        self.context.events.send(Event::Refused {
            source: DeviceKind::Terminal,
            device: id.clone(),
            address: self.address,
            at: turn.received_at,
            reason,
            detail,
        });
    }

    fn is_within_rate(&mut self, phone: Phone, turn: &Turn) -> bool {
        let session = self.sessions.get_mut(&phone);
        note_rate(session.is_some_and(|session| session.rate.take(turn.received_at)))
    }

    /// A message of a terminal with a session.
    fn on_report(
        &mut self,
        id: &DeviceId,
        vehicle: Option<VehicleKey>,
        header: Header,
        message: Message,
        turn: &mut Turn,
    ) {
        if !self.is_within_rate(header.phone, turn) {
            return;
        }
        let count_before = turn.observations.len();
        let reporter = Reporter {
            kind: DeviceKind::Terminal,
            device: id,
            identity: id.as_str().as_bytes(),
            vehicle,
            received_at: turn.received_at,
            is_backfill: false,
        };
        match message {
            Message::Position(report) => {
                self.note_clock(reporter, &report);
                observe(&self.context, reporter, &report, &mut turn.observations);
                turn.answers.push(Answer::WhenStored(header));
            }
            Message::PositionReply(reply) => {
                self.note_clock(reporter, &reply.position);
                observe(&self.context, reporter, &reply.position, &mut turn.observations);
                turn.answers.push(Answer::WhenStored(header));
            }
            Message::PositionBatch(batch) => {
                let reporter = Reporter { is_backfill: batch.kind != 0, ..reporter };
                for report in &batch.positions {
                    observe(&self.context, reporter, report, &mut turn.observations);
                }
                // The good ones stand, and sending the bad ones again would make them no better.
                for entry in &batch.unreadable {
                    self.quarantine(
                        Some(header),
                        "batch_entry",
                        "entry of a batch is too short".into(),
                        entry,
                        turn,
                    );
                }
                turn.answers.push(Answer::WhenStored(header));
            }
            Message::Heartbeat => turn.acknowledge(header, AckResult::Ok),
            Message::Logout => {
                turn.acknowledge(header, AckResult::Ok);
                turn.seen.push((id.clone(), 0));
                self.end_session(header.phone);
                return;
            }
            // Answers to what we asked; an answer is not answered.
            Message::TerminalAck(_)
            | Message::ParameterReply(_)
            | Message::TerminalAttributes(_)
            | Message::Answer(_)
            | Message::CameraReply(_)
            | Message::VideoAttributes(_)
            | Message::RecordingList(_) => {}
            _ => {
                tracing::debug!(terminal = %id, message_id = header.message_id, "unsupported message");
                turn.acknowledge(header, AckResult::Unsupported);
            }
        }
        turn.seen.push((id.clone(), (turn.observations.len() - count_before) as u64));
    }

    /// A live report tells how well the terminal's clock goes.
    fn note_clock(&self, reporter: Reporter<'_>, report: &jt808::Position) {
        if let Some(unix_ms) = report.time.to_unix_ms() {
            let offset_ms = Timestamp::from_unix_ms(unix_ms).ms_since(reporter.received_at);
            let presence = &self.context.presence;
            presence.clock_offset(DeviceKind::Terminal, reporter.device, offset_ms, reporter.received_at);
        }
    }

    /// A frame that is damaged.
    pub(super) fn on_bad_frame(&mut self, error: &FrameError, raw: &[u8], turn: &mut Turn) {
        let reason = match error {
            FrameError::BadEscape { .. } => "escape",
            FrameError::TooLong { .. } => "too_long",
            FrameError::ShortHeader { .. } => "short_header",
            FrameError::Checksum { .. } => "checksum",
            FrameError::BodyLength { .. } => "body_length",
        };
        self.faults = self.faults.saturating_add(1);
        self.quarantine(error.header().copied(), reason, error.to_string(), raw, turn);
        // With a wrong checksum the header may be as wrong; the terminal sends again what is not answered.
        if let FrameError::BodyLength { header, .. } = error
            && self.sessions.contains_key(&header.phone)
        {
            turn.acknowledge(*header, AckResult::WrongMessage);
        }
    }

    fn on_bad_body(&mut self, header: Header, error: &DecodeError, raw: &[u8], turn: &mut Turn) {
        let reason = match error {
            DecodeError::Encrypted { .. } => "encrypted",
            _ => "body",
        };
        self.faults = self.faults.saturating_add(1);
        let detail = format!("message {:#06x}: {error}", header.message_id);
        self.quarantine(Some(header), reason, detail, raw, turn);
        turn.acknowledge(header, AckResult::WrongMessage);
    }

    fn quarantine(
        &self,
        header: Option<Header>,
        reason: &'static str,
        detail: String,
        raw: &[u8],
        turn: &Turn,
    ) {
        self.context.events.send(Event::Quarantined {
            source: DeviceKind::Terminal,
            device: header.map(|header| identity(header.phone)),
            address: self.address,
            at: turn.received_at,
            reason,
            detail,
            bytes: self.context.events.cut(raw).to_vec(),
            bytes_len: raw.len(),
        });
    }

    /// Makes the turn's observations durable and gives the bytes of its answers.
    pub(super) async fn settle(&mut self, turn: Turn) -> Vec<u8> {
        let Turn { received_at, observations, answers, seen } = turn;
        let counts = KindCounts::of(&observations);
        let stored =
            if observations.is_empty() { Ok(()) } else { self.context.intake.store(observations).await };
        let result = match &stored {
            Ok(()) => {
                counts.count();
                AckResult::Ok
            }
            Err(error) => {
                tracing::warn!(address = %self.address, %error, "observations of terminals were not taken");
                AckResult::Failed
            }
        };
        for (id, count) in seen {
            let count = if stored.is_ok() { count } else { 0 };
            self.context.presence.seen(DeviceKind::Terminal, &id, self.address, received_at, count);
        }
        let mut out = Vec::new();
        for answer in answers {
            let (header, message) = match answer {
                Answer::Now(header, message) => (header, message),
                Answer::WhenStored(header) => (header, Message::platform_ack(&header, result)),
            };
            self.encode(header, &message, &mut out);
        }
        out
    }

    /// Appends a message to the terminal that sent `header`.
    fn encode(&mut self, header: Header, message: &Message, out: &mut Vec<u8>) {
        if let Message::PlatformAck(ack) = message {
            count_request(ack.result);
        }
        let serial = match self.sessions.get_mut(&header.phone) {
            Some(session) => &mut session.serial,
            None => &mut self.strangers_serial,
        };
        match jt808::encode_frame(&header.reply(*serial), message, out) {
            Ok(frames) => *serial = serial.wrapping_add(frames),
            Err(error) => {
                tracing::warn!(message_id = message.id(), %error, "could not write a message to a terminal");
            }
        }
    }

    /// Does what was asked from outside.
    pub(super) fn obey(&mut self, order: Order) -> Outcome {
        let mut out = Vec::new();
        match order {
            Order::Send(phone, message) => {
                if let Some(session) =
                    self.sessions.get(&phone).filter(|session| !session.link.is_superseded())
                {
                    self.encode(session.header, &message, &mut out);
                }
            }
            Order::Superseded(phone) => {
                if self.sessions.get(&phone).is_some_and(|session| session.link.is_superseded()) {
                    self.sessions.remove(&phone);
                    if self.sessions.is_empty() {
                        return Outcome::NobodyLeft;
                    }
                }
            }
        }
        Outcome::Write(out)
    }

    fn now_ms(&self) -> u64 {
        self.opened_at.elapsed().as_millis() as u64
    }

    /// When parts of an unfinished message are to be asked for again.
    pub(super) fn parts_due_at(&self) -> Option<Instant> {
        self.parts.next_deadline_ms().map(|due_ms| self.opened_at + Duration::from_millis(due_ms))
    }

    /// Asks for the parts that are overdue (0x8003).
    pub(super) fn ask_for_parts(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        for overdue in self.parts.overdue(self.now_ms()) {
            match overdue {
                Overdue::Resend { header, request } => {
                    self.encode(header, &Message::ResendRequest(request), &mut out);
                }
                Overdue::GivenUp { .. } => {
                    metrics::counter!("anchang_parts_given_up_total").increment(1);
                }
            }
        }
        out
    }

    fn end_session(&mut self, phone: Phone) {
        if let Some(session) = self.sessions.remove(&phone) {
            self.say_gone(&session);
        }
    }

    fn say_gone(&self, session: &Session) {
        if self.context.terminals.detach(&session.id, &session.link) {
            self.context.presence.gone(DeviceKind::Terminal, &session.id, self.address);
        }
    }

    /// The connection has ended.
    pub(super) fn leave(&mut self) {
        for session in std::mem::take(&mut self.sessions).into_values() {
            self.say_gone(&session);
        }
    }
}

fn identity(phone: Phone) -> DeviceId {
    terminal_id(&smol_str::format_smolstr!("{phone}"))
}

fn edition_key(edition: Edition) -> &'static str {
    match edition {
        Edition::V2011 => "2011",
        Edition::V2013 => "2013",
        Edition::V2019 => "2019",
    }
}

/// Counts what a rate keeps out.
fn note_rate(is_within: bool) -> bool {
    if !is_within {
        metrics::counter!("anchang_rate_limited_total", "source" => DeviceKind::Terminal.key()).increment(1);
    }
    is_within
}

fn count_request(result: AckResult) {
    let answer = match result {
        AckResult::Ok | AckResult::AlarmConfirmed => "ok",
        AckResult::Failed => "failed",
        AckResult::WrongMessage => "wrong",
        AckResult::Unsupported => "unsupported",
        AckResult::Other(_) => "other",
    };
    metrics::counter!("anchang_requests_total", "source" => DeviceKind::Terminal.key(), "answer" => answer)
        .increment(1);
}
