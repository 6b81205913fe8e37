//! What a platform says over its main link and what it is told: login, heartbeats, vehicles.

use super::{fact, sub_link};
use crate::bucket::{BURST_S, Bucket};
use crate::context::Context;
use crate::directory::camera_ha1;
use crate::events::{Event, RefusalReason};
use domain::{DeviceId, DeviceKind, Observation, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use jt809::{Cipher, Edition, Frame, FrameError, Header, Login, LoginResult, Message};
use sha2::Sha256;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Reason of a frame that was decrypted with parameters that its platform did not use.
const WRONG_KEY: &str = "wrong_key";

/// The platform that a header names.
fn id_of(header: &Header) -> DeviceId {
    DeviceId::from(header.center_id.to_string().as_str())
}

/// Which main link speaks for which platform. A platform that logs in anew takes over.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<DeviceId, watch::Sender<bool>>>);

impl Sessions {
    /// The platform has proved itself; gives what becomes true when it does so elsewhere.
    fn begin(&self, platform: &DeviceId) -> watch::Receiver<bool> {
        let (say, superseded) = watch::channel(false);
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(earlier) = sessions.insert(platform.clone(), say) {
            earlier.send_replace(true);
        }
        superseded
    }

    /// The link has ended; false when another has taken over.
    fn end(&self, platform: &DeviceId, superseded: &watch::Receiver<bool>) -> bool {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_own = sessions.get(platform).is_some_and(|say| say.subscribe().same_channel(superseded));
        if is_own {
            sessions.remove(platform);
        }
        is_own
    }
}

/// A platform that has logged in.
struct Session {
    id: DeviceId,
    center_id: u32,
    edition: Edition,
    version: [u8; 3],
    /// Of our next message.
    serial: u32,
    rate: Bucket,
    superseded: watch::Receiver<bool>,
    /// Ends the sub link when it is dropped.
    _sub_link: Option<watch::Sender<bool>>,
}

/// Everything that one main link knows.
pub(super) struct Dialog {
    context: Arc<Context>,
    sessions: Arc<Sessions>,
    address: SocketAddr,
    session: Option<Session>,
    at: Timestamp,
    observations: Vec<Observation>,
    out: Vec<u8>,
    has_sense: bool,
    end: Option<&'static str>,
    /// Bad messages less good ones.
    faults: u32,
}

impl Dialog {
    pub(super) fn new(address: SocketAddr, context: Arc<Context>, sessions: Arc<Sessions>) -> Self {
        let at = context.now();
        Self {
            context,
            sessions,
            address,
            session: None,
            at,
            observations: Vec::new(),
            out: Vec::new(),
            has_sense: false,
            end: None,
            faults: 0,
        }
    }

    /// What one read brings begins.
    pub(super) fn begin_turn(&mut self) {
        self.at = self.context.now();
        self.has_sense = false;
    }

    /// Whether anything that could be read was in the turn.
    pub(super) fn made_sense(&self) -> bool {
        self.has_sense
    }

    pub(super) fn take_observations(&mut self) -> Vec<Observation> {
        std::mem::take(&mut self.observations)
    }

    pub(super) fn take_out(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Why the link is to end, if it is.
    pub(super) fn end_reason(&self) -> Option<&'static str> {
        self.end.or((self.faults > self.context.limits.fleet_faults_max).then_some("faulty"))
    }

    /// Waits until the platform has logged in elsewhere.
    pub(super) async fn superseded(&mut self) {
        match &mut self.session {
            // An error says that the sender is gone: it was replaced.
            Some(session) => drop(session.superseded.wait_for(|is_so| *is_so).await),
            None => std::future::pending().await,
        }
    }

    pub(super) fn note_stored(&self, count: u64) {
        if let Some(session) = &self.session {
            self.context.presence.seen(DeviceKind::Fleet, &session.id, self.address, self.at, count);
        }
    }

    /// The link has ended.
    pub(super) fn leave(&mut self) {
        if let Some(session) = self.session.take()
            && self.sessions.end(&session.id, &session.superseded)
        {
            self.context.presence.gone(DeviceKind::Fleet, &session.id, self.address);
        }
    }

    pub(super) fn on_bad_frame(&mut self, error: FrameError, bytes: &[u8]) {
        self.faults = self.faults.saturating_add(1);
        self.quarantine(error.key(), error.to_string(), bytes);
    }

    pub(super) fn on_frame(&mut self, bytes: &[u8]) {
        let edition = Edition::of_login(bytes).or(self.session.as_ref().map(|session| session.edition));
        let Some(edition) = edition else {
            // Who has not logged in gets nothing taken, and is not listened to for long.
            self.faults = self.faults.saturating_add(1);
            metrics::counter!("anchang_sessions_refused_total", "source" => DeviceKind::Fleet.key())
                .increment(1);
            return;
        };
        let is_login = Edition::of_login(bytes).is_some();
        let mut of_login = None;
        let read = Frame::read_by(bytes, edition, |header| {
            of_login = is_login.then_some(*header);
            self.cipher(of_login.as_ref())
        });
        let frame = match (read, of_login) {
            (Ok(frame), _) => frame,
            (Err(error @ FrameError::Encrypted), Some(header)) => {
                self.quarantine_of(Some(id_of(&header)), error.key(), error.to_string(), bytes);
                return self.refuse_key(header, edition, "encrypted, and no M1, IA1, IC1 are registered");
            }
            (Err(error), _) => return self.on_bad_frame(error, bytes),
        };
        let is_encrypted = frame.header.key.is_some();
        match frame.message(edition) {
            Ok(Message::Login(login)) if is_encrypted && !self.is_user(&frame.header, &login) => {
                let why = "with the registered M1, IA1, IC1 its login is no login of its user";
                self.quarantine_of(Some(id_of(&frame.header)), WRONG_KEY, why.into(), bytes);
                self.refuse_key(frame.header, edition, why);
            }
            Ok(Message::Login(login)) => {
                self.note_sense();
                self.log_in(frame.header, edition, &login);
            }
            Ok(message) if !is_encrypted || message.is_plausible() => {
                self.note_sense();
                self.on_message(frame.header, message, bytes);
            }
            found => {
                self.faults = self.faults.saturating_add(1);
                let why = found.err();
                let key = if is_encrypted { WRONG_KEY } else { why.map_or("message", |error| error.key()) };
                let what = match (why, is_encrypted) {
                    (Some(error), false) => error.to_string(),
                    (Some(error), true) => {
                        format!("makes no sense with the registered M1, IA1, IC1: {error}")
                    }
                    (None, _) => "makes no sense with the registered M1, IA1, IC1".into(),
                };
                self.quarantine(key, format!("{:#06x}: {what}", frame.header.id), bytes);
            }
        }
    }

    /// Something that could be read came.
    fn note_sense(&mut self) {
        self.faults = self.faults.saturating_sub(1);
        self.has_sense = true;
    }

    /// What a platform's bodies are encrypted with: of the one that logs in, or of the one that has.
    fn cipher(&self, of_login: Option<&Header>) -> Option<Cipher> {
        let id = of_login.map(id_of).or_else(|| self.session.as_ref().map(|session| session.id.clone()))?;
        self.context.directory.load().fleets.get(&id)?.cipher
    }

    /// Whether a decrypted login names the platform's user: with other parameters it names none.
    fn is_user(&self, header: &Header, login: &Login) -> bool {
        let directory = self.context.directory.load();
        let user = login.user_id.to_string();
        directory.fleets.get(&id_of(header)).is_some_and(|platform| platform.username == user)
    }

    /// Ends a login that can't be read, and says why to a person.
    fn refuse_key(&mut self, header: Header, edition: Edition, why: &str) {
        let id = id_of(&header);
        let known = self.context.directory.load().fleets.get(&id).map(|platform| platform.is_enabled);
        let (reason, result) = match known {
            None => (RefusalReason::Unknown, LoginResult::WrongCenter),
            Some(false) => (RefusalReason::Disabled, LoginResult::Other),
            Some(true) => (RefusalReason::WrongKey, LoginResult::Other),
        };
        self.refuse(&id, reason, why.into());
        self.reject(header, edition, result);
    }

    fn reject(&mut self, header: Header, edition: Edition, result: LoginResult) {
        let reply = Message::LoginReply { result, verify_code: 0 };
        self.write(&Header { serial: 0, id: reply.id(), key: None, ..header }, &reply, edition);
        self.end = Some("refused");
    }

    fn on_message(&mut self, header: Header, message: Message, bytes: &[u8]) {
        let Some(session) = &mut self.session else { return };
        if !session.rate.take(self.at) {
            metrics::counter!("anchang_rate_limited_total", "source" => DeviceKind::Fleet.key()).increment(1);
            return;
        }
        let is_enabled = self.context.directory.load().fleets.get(&session.id).is_some_and(|p| p.is_enabled);
        if !is_enabled {
            let id = session.id.clone();
            self.refuse(&id, RefusalReason::Disabled, "was switched off while connected".into());
            self.end = Some("refused");
            return;
        }
        let id = session.id.clone();
        match message {
            Message::LinkTest => self.say(&Message::LinkTestReply),
            Message::Logout { .. } => {
                self.say(&Message::LogoutReply);
                self.end = Some("left");
            }
            Message::MainLinkCloses(_) => self.end = Some("left"),
            Message::Vehicle(vehicle) => {
                let before = self.observations.len();
                let told = fact::observe(&self.context, &id, self.at, &vehicle, &mut self.observations);
                if let Err(problem) = told {
                    self.quarantine(problem.key(), problem.to_string(), bytes);
                } else if self.observations.len() == before {
                    tracing::debug!(platform = %id, "of a vehicle, and nothing to be stored");
                }
            }
            Message::Warning(warning) => match fact::alarm(&self.context, &id, self.at, &warning) {
                Ok(observation) => self.observations.push(observation),
                Err(problem) => self.quarantine(problem.key(), problem.to_string(), bytes),
            },
            // Answers to what we do not ask, and exchanges of staff: read and left.
            _ => {
                tracing::debug!(platform = %id, message = format_args!("{:#06x}", header.id), "is of no use here");
            }
        }
        self.context.presence.seen(DeviceKind::Fleet, &id, self.address, self.at, 0);
    }

    fn log_in(&mut self, header: Header, edition: Edition, login: &Login) {
        let id = id_of(&header);
        let result = self.check(&id, login);
        if result != LoginResult::Done {
            return self.reject(header, edition, result);
        }
        let verify_code = self.verify_code(&id);
        let reply = Message::LoginReply { result, verify_code };
        let context = &self.context;
        let limits = &context.limits;
        let burst = u64::from(limits.fleet_messages_per_s_max) * u64::from(BURST_S);
        let sub_link = self.sub_link(&id, header, edition, login, verify_code);
        context.presence.connected(DeviceKind::Fleet, &id, self.address, self.at);
        context.presence.edition(DeviceKind::Fleet, &id, edition.key());
        self.session = Some(Session {
            superseded: self.sessions.begin(&id),
            rate: Bucket::new(limits.fleet_messages_per_s_max, burst, self.at),
            id,
            center_id: header.center_id,
            edition,
            version: header.version,
            serial: 0,
            _sub_link: sub_link,
        });
        self.say(&reply);
    }

    /// What becomes of a login; refusals are told to a person.
    fn check(&self, id: &DeviceId, login: &Login) -> LoginResult {
        let directory = self.context.directory.load();
        let Some(platform) = directory.fleets.get(id) else {
            self.refuse(id, RefusalReason::Unknown, format!("user {}", login.user_id));
            return LoginResult::WrongCenter;
        };
        if !platform.is_enabled {
            self.refuse(id, RefusalReason::Disabled, format!("user {}", login.user_id));
            return LoginResult::Other;
        }
        if platform.address.is_some_and(|address| address != self.address.ip().to_canonical()) {
            self.refuse(id, RefusalReason::WrongAddress, format!("user {}", login.user_id));
            return LoginResult::WrongAddress;
        }
        let user = login.user_id.to_string();
        if platform.username != user {
            self.refuse(id, RefusalReason::WrongPassword, format!("user {user} is not the platform's"));
            return LoginResult::UnknownUser;
        }
        if platform.ha1.is_empty() || camera_ha1(&user, &login.password) != platform.ha1 {
            self.refuse(id, RefusalReason::WrongPassword, format!("user {user}: wrong password"));
            return LoginResult::WrongPassword;
        }
        LoginResult::Done
    }

    /// The code with which we open the sub link: the platform knows us by it. Derived, so that nothing is stored.
    fn verify_code(&self, id: &DeviceId) -> u32 {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.context.secret).expect("HMAC takes keys of any length");
        mac.update(b"jt809:");
        mac.update(id.as_str().as_bytes());
        mac.update(&self.at.unix_ms().to_be_bytes());
        let bytes = mac.finalize().into_bytes();
        bytes.iter().take(4).fold(0, |code, byte| code << 8 | u32::from(*byte))
    }

    /// Opens the sub link, if the platform listens for one where it speaks from or is registered: we connect to nobody else.
    fn sub_link(
        &self,
        id: &DeviceId,
        header: Header,
        edition: Edition,
        login: &Login,
        verify_code: u32,
    ) -> Option<watch::Sender<bool>> {
        let ip = login.down_link_ip.parse().ok().filter(|_| login.down_link_port != 0)?;
        let directory = self.context.directory.load();
        let platform = directory.fleets.get(id)?;
        let registered = platform.address;
        if ip != self.address.ip().to_canonical() && Some(ip) != registered {
            tracing::warn!(platform = %id, %ip, "wants its sub link at an address that is not its own");
            return None;
        }
        let (say_end, ended) = watch::channel(false);
        let link = sub_link::SubLink {
            address: SocketAddr::new(ip, login.down_link_port),
            platform: id.clone(),
            header: Header { serial: 0, key: None, ..header },
            edition,
            cipher: platform.cipher,
            verify_code,
            clock: self.context.intake.clock().clone(),
            limits: self.context.limits.clone(),
        };
        tokio::spawn(link.hold(ended));
        Some(say_end)
    }

    fn say(&mut self, message: &Message) {
        let Some(session) = &mut self.session else { return };
        let header = Header {
            serial: session.serial,
            id: message.id(),
            center_id: session.center_id,
            version: session.version,
            key: None,
            sent_unix_s: 0,
        };
        session.serial = session.serial.wrapping_add(1);
        let edition = session.edition;
        self.write(&header, message, edition);
    }

    fn write(&mut self, header: &Header, message: &Message, edition: Edition) {
        let header = Header { sent_unix_s: self.at.unix_ms().max(0) as u64 / 1_000, ..*header };
        header.encode(message, edition, None, &mut self.out);
    }

    fn refuse(&self, id: &DeviceId, reason: RefusalReason, detail: String) {
        self.context.events.send(Event::Refused {
            source: DeviceKind::Fleet,
            device: id.clone(),
            address: self.address,
            at: self.at,
            reason,
            detail,
        });
    }

    fn quarantine(&self, reason: &'static str, detail: String, bytes: &[u8]) {
        self.quarantine_of(self.session.as_ref().map(|session| session.id.clone()), reason, detail, bytes);
    }

    fn quarantine_of(&self, device: Option<DeviceId>, reason: &'static str, detail: String, bytes: &[u8]) {
        self.context.events.send(Event::Quarantined {
            source: DeviceKind::Fleet,
            device,
            address: self.address,
            at: self.at,
            reason,
            detail,
            bytes: self.context.events.cut(bytes).to_vec(),
            bytes_len: bytes.len(),
        });
    }
}
