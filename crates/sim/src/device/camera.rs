//! A camera: remembers what it saw until the platform has it, and sends what was not answered again. It speaks GA/T 1400
//! ([`viid`]) or posts the notices of its maker ([`notices`]), where the platform listens for those.

use super::{Backoff, Counts, World, notices, viid};
use crate::county::checkpoints::Protocol;
use crate::noise;
use crate::traffic::Passage;
use gat1400::digest::{Challenge, Credentials, HeaderProblem};
use reqwest::StatusCode;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Passages that a camera remembers at most (its memory); older ones are forgotten first.
pub const MEMORY_PASSAGES_MAX: usize = 100_000;
/// A passage older than this goes without its picture: the camera has it no longer at hand.
const FRESH_MS: i64 = 30_000;
/// In the simulation's time: a platform with a driven clock counts in it.
const KEEPALIVE_MS: i64 = 45_000;
const KEEPALIVE_LEAST: Duration = Duration::from_secs(1);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Where a platform listens for cameras: bases such as `http://host:port`.
#[derive(Clone, Debug, Default)]
pub struct Servers {
    /// GA/T 1400.
    pub viid: String,
    /// Notices of Hikvision; cameras speak GA/T 1400 without.
    pub isapi: Option<String>,
    /// Notices of Dahua; cameras speak GA/T 1400 without.
    pub dahua: Option<String>,
}

impl Servers {
    /// A platform that knows GA/T 1400 only.
    pub fn viid(base: &str) -> Self {
        Self { viid: base.trim_end_matches('/').to_owned(), ..Self::default() }
    }

    /// What a camera speaks to this platform, and where.
    pub(crate) fn of(&self, protocol: Protocol) -> (Protocol, &str) {
        let offered = match protocol {
            Protocol::Gat1400 => None,
            Protocol::Isapi => self.isapi.as_deref(),
            Protocol::Dahua => self.dahua.as_deref(),
        };
        offered.map_or((Protocol::Gat1400, &*self.viid), |base| (protocol, base))
    }
}

/// Why a request did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum CameraError {
    /// No answer.
    #[error("could not reach the platform")]
    Http(#[from] reqwest::Error),
    /// The registration has lapsed, or the platform never knew it.
    #[error("not registered")]
    NotRegistered,
    /// The platform cannot take more now.
    #[error("platform is busy")]
    Busy,
    /// Registration refused.
    #[error("registration refused with status {0}")]
    Refused(StatusCode),
    /// The challenge of the 401 cannot be answered.
    #[error("challenge not understood")]
    Challenge(#[from] HeaderProblem),
    /// An answer that is none of the interface.
    #[error("answer not understood")]
    Answer,
}

/// What became of the oldest passages of a camera's memory.
#[derive(Debug, Default)]
pub(crate) struct Posted {
    /// How many were sent.
    pub(crate) sent: usize,
    /// Of them, answered as stored.
    pub(crate) stored: usize,
    /// Of them, refused for good.
    pub(crate) refused: usize,
    /// Of them, to be sent again.
    pub(crate) again: Vec<Passage>,
}

/// How a camera speaks to its platform.
enum Line {
    Viid(viid::Line),
    Notices(notices::Line),
}

impl Line {
    async fn register(&self) -> Result<(), CameraError> {
        match self {
            Self::Viid(line) => line.register().await,
            Self::Notices(line) => line.keep_alive().await,
        }
    }

    async fn keep_alive(&self) -> Result<(), CameraError> {
        match self {
            Self::Viid(line) => line.keep_alive().await,
            Self::Notices(line) => line.keep_alive().await,
        }
    }

    /// Sends as many of the oldest passages as go into one post.
    async fn post(&self, memory: &[Passage]) -> Result<Posted, CameraError> {
        match self {
            Self::Viid(line) => line.post(memory).await,
            Self::Notices(line) => line.post(memory).await,
        }
    }
}

/// One camera.
pub struct Camera {
    world: Arc<World>,
    checkpoint: u16,
    line: Line,
    is_registered: bool,
    memory: VecDeque<Passage>,
}

impl Camera {
    /// The camera of a checkpoint, towards a platform.
    pub fn new(world: Arc<World>, checkpoint: u16, servers: &Servers) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .http1_only()
            .no_proxy()
            .pool_max_idle_per_host(1)
            .tcp_nodelay(true)
            .timeout(REQUEST_TIMEOUT)
            .build()?;
        let to = |base: &str| Station {
            world: world.clone(),
            checkpoint,
            base: base.trim_end_matches('/').to_owned(),
            http,
        };
        let line = match servers.of(world.county.checkpoints[usize::from(checkpoint)].protocol) {
            (Protocol::Gat1400, base) => Line::Viid(viid::Line::new(to(base))),
            (protocol, base) => Line::Notices(notices::Line::new(to(base), protocol)),
        };
        Ok(Self { world, checkpoint, line, is_registered: false, memory: VecDeque::new() })
    }

    /// Makes itself known to the platform.
    pub async fn register(&self) -> Result<(), CameraError> {
        self.line.register().await
    }

    /// Works until the channel closes and everything is sent. What comes in meanwhile is taken into the camera's memory
    /// before each request, which bounds it.
    pub async fn run(mut self, mut seen: mpsc::UnboundedReceiver<Vec<Passage>>) {
        let mut backoff = Backoff::new();
        let mut keepalive = tokio::time::interval(self.world.clock.wall(KEEPALIVE_MS).max(KEEPALIVE_LEAST));
        let mut is_open = true;
        while is_open || !self.memory.is_empty() {
            while let Ok(passages) = seen.try_recv() {
                self.remember(passages);
            }
            if !self.is_registered {
                match self.register().await {
                    Ok(()) => {
                        self.is_registered = true;
                        Counts::add(&self.world.counts.cameras, 1);
                        backoff.reset();
                    }
                    Err(error) => {
                        tracing::debug!(checkpoint = self.checkpoint, %error, "registration failed");
                        Counts::add(&self.world.counts.retries, 1);
                        backoff.wait().await;
                        continue;
                    }
                }
            }
            if self.memory.is_empty() {
                tokio::select! {
                    passages = seen.recv() => match passages {
                        Some(passages) => self.remember(passages),
                        None => is_open = false,
                    },
                    _ = keepalive.tick() => self.keep_alive().await,
                }
                continue;
            }
            self.wait_for_network().await;
            match self.post().await {
                Ok(()) => backoff.reset(),
                Err(error) => {
                    tracing::debug!(checkpoint = self.checkpoint, %error, "post failed");
                    Counts::add(&self.world.counts.retries, 1);
                    if matches!(error, CameraError::NotRegistered) {
                        self.lose_registration();
                    } else {
                        backoff.wait().await;
                    }
                }
            }
        }
        self.lose_registration();
    }

    fn lose_registration(&mut self) {
        if std::mem::take(&mut self.is_registered) {
            Counts::take(&self.world.counts.cameras, 1);
        }
    }

    fn remember(&mut self, passages: Vec<Passage>) {
        self.memory.extend(passages);
        let over = self.memory.len().saturating_sub(MEMORY_PASSAGES_MAX);
        self.memory.drain(..over);
        Counts::add(&self.world.counts.passages_lost, over);
    }

    /// Waits while the network to this camera is cut.
    async fn wait_for_network(&self) {
        let World { county, noise, clock, .. } = &*self.world;
        while let Some(until_ms) = noise::cut_until_ms(county, noise, self.checkpoint, clock.now_ms()) {
            tokio::time::sleep(clock.wall(until_ms - clock.now_ms())).await;
        }
    }

    async fn keep_alive(&mut self) {
        match self.line.keep_alive().await {
            Ok(()) => {}
            Err(CameraError::NotRegistered) => self.lose_registration(),
            Err(error) => tracing::debug!(checkpoint = self.checkpoint, %error, "keepalive failed"),
        }
    }

    /// Posts the oldest passages; forgets those that were answered for good.
    async fn post(&mut self) -> Result<(), CameraError> {
        let posted = self.line.post(self.memory.make_contiguous()).await?;
        self.memory.drain(..posted.sent);
        let is_busy = !posted.again.is_empty();
        for passage in posted.again.into_iter().rev() {
            self.memory.push_front(passage);
        }
        Counts::add(&self.world.counts.passages, posted.stored);
        Counts::add(&self.world.counts.passages_refused, posted.refused);
        if is_busy { Err(CameraError::Busy) } else { Ok(()) }
    }
}

/// What each line has: whose it is, where it leads, and the connection.
pub(crate) struct Station {
    pub(crate) world: Arc<World>,
    pub(crate) checkpoint: u16,
    /// Of the platform's listener, without a slash behind.
    pub(crate) base: String,
    pub(crate) http: reqwest::Client,
}

impl Station {
    /// Whether a passage has just been seen, so that its pictures are at hand.
    pub(crate) fn is_fresh(&self, passage: &Passage) -> bool {
        self.world.clock.now_ms() - passage.at_ms < FRESH_MS
    }

    /// What answers the challenge of a 401 (RFC 2617).
    pub(crate) fn answer_to(
        &self,
        refusal: &reqwest::Response,
        method: &str,
        target: &str,
    ) -> Result<String, CameraError> {
        let header = refusal.headers().get("www-authenticate").and_then(|value| value.to_str().ok());
        let challenge = Challenge::parse(header.ok_or(CameraError::Answer)?)?;
        let checkpoint = &self.world.county.checkpoints[usize::from(self.checkpoint)];
        let credentials =
            Credentials { username: &checkpoint.camera_id, password: &checkpoint.camera_password };
        let cnonce = crate::dice::mix(&[self.world.clock.now_ms() as u64, self.checkpoint.into()]);
        Ok(challenge.answer(credentials, method, target, &format!("{cnonce:016x}"), 1))
    }
}
