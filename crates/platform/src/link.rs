//! The way to one platform: requests that register first, and again when it has forgotten us.

use domain::Timestamp;
use gat1400::client::{Client, Outgoing};
use gat1400::codes::StatusCode as ViidStatus;
use gat1400::digest::{Challenge, Credentials};
use gat1400::object::{ResponseStatus, SystemTime, Tollgate};
use gat1400::route::Resource;
use gat1400::{Limits, read_list, read_one};
use gateway::Clock;
use http::StatusCode;
use http::header::WWW_AUTHENTICATE;
use smol_str::SmolStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Longest answer that is read.
const ANSWER_BYTES_MAX: usize = 8 << 20;
/// How long a platform may take to answer.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(30);
/// How long it may take to connect.
pub(crate) const CONNECT_MAX: Duration = Duration::from_secs(10);

/// Why a platform did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// No connection: wrong address, a cut, nobody listens.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// Connected, and no whole answer in time.
    #[error("no answer in time")]
    Slow,
    /// It does not take our user and password.
    #[error("user or password is wrong")]
    WrongPassword,
    /// It does not know us, or has switched us off.
    #[error("it refuses us")]
    Refused,
    /// It asks for a kind of proof that this interface does not use.
    #[error("it asks for a proof we do not have: {0}")]
    Proof(String),
    /// It is busy, or the disk is full there.
    #[error("it is busy")]
    Busy,
    /// It answered with a status of the interface that is not "fine".
    #[error("it answered {0}")]
    Told(i64),
    /// It answered with an HTTP status that is none of the above.
    #[error("HTTP {0}")]
    Http(u16),
    /// What it answered is no answer of this interface.
    #[error("its answer cannot be read: {0}")]
    Unreadable(String),
    /// The password cannot be opened: the installation's secret is another one.
    #[error("the stored password cannot be opened")]
    Sealed,
}

impl LinkError {
    /// A short stable word, which the page has words for.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Slow => "slow",
            Self::WrongPassword => "wrong_password",
            Self::Refused => "refused",
            Self::Proof(_) => "proof",
            Self::Busy => "busy",
            Self::Told(_) => "told",
            Self::Http(_) => "http",
            Self::Unreadable(_) => "unreadable",
            Self::Sealed => "sealed",
        }
    }

    /// What is to be added to the word.
    pub fn detail(&self) -> String {
        match self {
            Self::Unreachable(detail) | Self::Proof(detail) | Self::Unreadable(detail) => detail.clone(),
            Self::Told(code) => match ViidStatus::from_code(*code) {
                Some(known) => format!("{code} {}", known.name_zh()),
                None => code.to_string(),
            },
            Self::Http(status) => status.to_string(),
            _ => String::new(),
        }
    }

    /// Word and detail as they are stored.
    pub fn stored(&self) -> String {
        let detail = self.detail();
        if detail.is_empty() { self.key().to_owned() } else { format!("{}: {detail}", self.key()) }
    }

    /// Whether the platform understood the question and says no: asking again is of no use.
    pub(crate) fn is_final(&self) -> bool {
        let refusals = [ViidStatus::InvalidOperation, ViidStatus::InvalidFormat, ViidStatus::InvalidContent];
        matches!(self, Self::Told(code) if refusals.iter().any(|refusal| refusal.code() == *code))
    }

    fn of(error: &reqwest::Error) -> Self {
        if error.is_timeout() && !error.is_connect() {
            return Self::Slow;
        }
        // The innermost cause is what a person can act on ("connection refused").
        let mut cause: &dyn std::error::Error = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        let cause = cause.to_string();
        // The number of the system's table says nothing to a person.
        Self::Unreachable(cause.split(" (os error").next().unwrap_or_default().to_owned())
    }
}

/// How a link does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinkPhase {
    /// We do not go there: no address, or switched off.
    #[default]
    Unused,
    /// Not yet registered, or not any more.
    Connecting,
    /// Registered.
    Online,
}

impl LinkPhase {
    /// The word used in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Unused => "unused",
            Self::Connecting => "connecting",
            Self::Online => "online",
        }
    }
}

/// What is known of a link now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinkState {
    /// How it does.
    pub phase: LinkPhase,
    /// Since when it is so.
    pub since: Option<Timestamp>,
    /// When the platform last confirmed that it still knows us.
    pub last_keepalive_at: Option<Timestamp>,
    /// The platform's clock minus ours in ms, to a second.
    pub clock_difference_ms: Option<i64>,
    /// What went wrong last, and when.
    pub last_error: Option<(LinkError, Timestamp)>,
    /// Attempts that failed since the last that did not.
    pub failures: u32,
}

/// What a test of the connection found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Its clock minus ours in ms, to a second; `None` when it tells no time.
    pub clock_difference_ms: Option<i64>,
    /// How many tollgates it told of; `None` when it tells of none.
    pub tollgates: Option<usize>,
}

/// Who we are to a platform.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// User name.
    pub username: SmolStr,
    /// Password.
    pub password: String,
}

/// The way to one platform.
pub struct Link {
    http: reqwest::Client,
    client: Client,
    /// `http://host:port`, no slash at the end; empty when it has none.
    base_url: SmolStr,
    login: Option<Login>,
    clock: Clock,
    /// One registers at a time; holds how often it was done.
    registering: tokio::sync::Mutex<u64>,
    state: Mutex<LinkState>,
}

impl Link {
    /// `server_id` are our 20 digits.
    pub fn new(
        http: reqwest::Client,
        server_id: &str,
        base_url: &str,
        login: Option<Login>,
        clock: Clock,
    ) -> Self {
        Self {
            http,
            client: Client::new(server_id),
            base_url: base_url.trim_end_matches('/').into(),
            login,
            clock,
            registering: tokio::sync::Mutex::default(),
            state: Mutex::default(),
        }
    }

    /// The requests of our side.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// How it does.
    pub fn state(&self) -> LinkState {
        self.lock().clone()
    }

    /// Whether it has all that is needed to register there.
    pub fn can_register(&self) -> bool {
        !self.base_url.is_empty() && self.login.is_some()
    }

    /// Registers (注册): asks, and answers the challenge. A platform that asks for no proof takes us as we are.
    pub async fn register(&self) -> Result<(), LinkError> {
        let mut count = self.registering.lock().await;
        self.register_now().await.inspect_err(|error| self.failed(error))?;
        *count += 1;
        Ok(())
    }

    async fn register_now(&self) -> Result<(), LinkError> {
        let login = self.login.as_ref().ok_or(LinkError::Sealed)?;
        let request = self.client.register();
        let (method, uri) = (request.method.name(), request.target.clone());
        let (status, challenge, body) = self.exchange(self.url(&request.target), &request).await?;
        let (status, body) = match (status, challenge) {
            (StatusCode::UNAUTHORIZED, Some(header)) => {
                let challenge = Challenge::parse(&header).map_err(|e| LinkError::Proof(e.to_string()))?;
                let mut random = [0; 8];
                getrandom::fill(&mut random).map_err(|e| LinkError::Proof(e.to_string()))?;
                let cnonce = format!("{:016x}", u64::from_be_bytes(random));
                let credentials = Credentials { username: &login.username, password: &login.password };
                let answer = challenge.answer(credentials, method, &uri, &cnonce, 1);
                let request = self.client.register().with_authorization(answer);
                let (status, _, body) = self.exchange(self.url(&request.target), &request).await?;
                if status == StatusCode::UNAUTHORIZED {
                    return Err(LinkError::WrongPassword);
                }
                (status, body)
            }
            (StatusCode::UNAUTHORIZED, None) => {
                return Err(LinkError::Proof("401 without a challenge".into()));
            }
            (status, _) => (status, body),
        };
        check(status, &body)?;
        let now = self.clock.now();
        let mut state = self.lock();
        if state.phase != LinkPhase::Online {
            (state.phase, state.since) = (LinkPhase::Online, Some(now));
        }
        (state.last_keepalive_at, state.last_error, state.failures) = (Some(now), None, 0);
        Ok(())
    }

    /// Says that we are still there (保活).
    pub async fn keepalive(&self) -> Result<(), LinkError> {
        self.send(self.client.keepalive()).await.inspect_err(|error| self.failed(error))?;
        let now = self.clock.now();
        let mut state = self.lock();
        (state.last_keepalive_at, state.last_error, state.failures) = (Some(now), None, 0);
        Ok(())
    }

    /// Asks for the platform's time (校时) and keeps how far it is from ours.
    pub async fn compare_clocks(&self) -> Result<Option<i64>, LinkError> {
        let asked_at = self.clock.now();
        let body = self.send(self.client.time()).await?;
        let middle = asked_at.plus_ms(self.clock.now().ms_since(asked_at) / 2);
        let told: SystemTime =
            read_one(&body, &Limits::default()).map_err(|e| LinkError::Unreadable(e.to_string()))?;
        let difference = told.local_time.map(|time| {
            // Whole seconds: within one, the clocks are not told apart.
            let difference = Timestamp::from_unix_ms(time.unix_ms()).ms_since(middle);
            if (-1_000..1_000).contains(&difference) { 0 } else { difference / 1_000 * 1_000 }
        });
        self.lock().clock_difference_ms = difference;
        Ok(difference)
    }

    /// The tollgates that the platform tells of.
    pub async fn tollgates(&self) -> Result<Vec<Tollgate>, LinkError> {
        let body = self.send(self.client.get(Resource::Tollgates, "")).await?;
        let objects = read_list::<Tollgate>(&body, &Limits::default())
            .map_err(|e| LinkError::Unreadable(e.to_string()))?;
        Ok(objects.into_iter().flatten().collect())
    }

    /// Tries everything once.
    pub async fn probe(&self) -> Result<Probe, LinkError> {
        self.register().await?;
        self.keepalive().await?;
        let clock_difference_ms = self.compare_clocks().await.unwrap_or_default();
        let tollgates = self.tollgates().await.ok().map(|tollgates| tollgates.len());
        Ok(Probe { clock_difference_ms, tollgates })
    }

    /// Sends to the platform's own address; the body of its answer. Who was forgotten registers and asks once more.
    pub async fn send(&self, request: Outgoing) -> Result<Vec<u8>, LinkError> {
        self.send_to(&self.url(&request.target), request).await
    }

    /// As [`send`](Self::send), to a whole URL that the platform gave.
    pub async fn send_to(&self, url: &str, request: Outgoing) -> Result<Vec<u8>, LinkError> {
        let before = *self.registering.lock().await;
        let (status, _, body) = self.exchange(url.to_owned(), &request).await?;
        if status != StatusCode::UNAUTHORIZED || !self.can_register() {
            check(status, &body)?;
            return Ok(body);
        }
        {
            let mut count = self.registering.lock().await;
            // Somebody else may have done it while we waited for our turn.
            if *count == before {
                self.register_now().await.inspect_err(|error| self.failed(error))?;
                *count += 1;
            }
        }
        let (status, _, body) = self.exchange(url.to_owned(), &request).await?;
        check(status, &body)?;
        Ok(body)
    }

    fn url(&self, target: &str) -> String {
        format!("{}{target}", self.base_url)
    }

    async fn exchange(
        &self,
        url: String,
        request: &Outgoing,
    ) -> Result<(StatusCode, Option<String>, Vec<u8>), LinkError> {
        let method = request.method.name().parse().map_err(|_| LinkError::Http(0))?;
        let mut builder = self.http.request(method, url).timeout(ANSWER_MAX).body(request.body.clone());
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        let mut response = builder.send().await.map_err(|error| LinkError::of(&error))?;
        let status = response.status();
        let challenge = response.headers().get(WWW_AUTHENTICATE);
        let challenge = challenge.and_then(|header| header.to_str().ok()).map(str::to_owned);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| LinkError::of(&error))? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(LinkError::Unreadable(format!("longer than {ANSWER_BYTES_MAX} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok((status, challenge, body))
    }

    /// Remembers a failure of the link itself: it is not there now.
    fn failed(&self, error: &LinkError) {
        let now = self.clock.now();
        let mut state = self.lock();
        if state.phase != LinkPhase::Connecting {
            (state.phase, state.since) = (LinkPhase::Connecting, Some(now));
        }
        state.last_error = Some((error.clone(), now));
        state.failures = state.failures.saturating_add(1);
    }

    fn lock(&self) -> MutexGuard<'_, LinkState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an answer says that all is fine. Of several statuses the first that is not decides; an answer without any is
/// taken by its HTTP status, because real platforms answer 200 with an empty body.
fn check(status: StatusCode, body: &[u8]) -> Result<(), LinkError> {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(LinkError::Refused),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => return Err(LinkError::Busy),
        _ => {}
    }
    let statuses: Vec<ResponseStatus> = read_list(body, &Limits::default())
        .map(|objects| objects.into_iter().flatten().collect())
        .unwrap_or_default();
    let bad = statuses.iter().find(|told| !told.is_ok()).and_then(|told| told.status_code);
    match bad {
        Some(code) if code == ViidStatus::Busy.code() => Err(LinkError::Busy),
        Some(code) => Err(LinkError::Told(code)),
        None if status.is_success() => Ok(()),
        None => Err(LinkError::Http(status.as_u16())),
    }
}

/// The client for all links: the county's own network, so no proxy, and nobody is sent elsewhere.
pub(crate) fn http_client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT_MAX)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gat1400::DateTime;
    use gat1400::route::{write_status, write_statuses};

    #[test]
    fn an_answer_is_fine_when_each_of_its_statuses_is() {
        let at = DateTime::from_unix_ms(0);
        let told = |code| ResponseStatus::new("/VIID/Subscribes", code, "1", at);
        let ok = StatusCode::OK;
        assert_eq!(check(ok, b""), Ok(()));
        assert_eq!(check(ok, &write_status(&told(ViidStatus::Ok))), Ok(()));
        let mixed = write_statuses(&[told(ViidStatus::Ok), told(ViidStatus::InvalidContent)]);
        assert_eq!(check(ok, &mixed), Err(LinkError::Told(6)));
        assert!(LinkError::Told(6).is_final() && !LinkError::Told(1).is_final());
        assert_eq!(check(ok, &write_statuses(&[told(ViidStatus::Busy)])), Err(LinkError::Busy));
        assert_eq!(check(StatusCode::BAD_GATEWAY, b"<html>"), Err(LinkError::Http(502)));
        assert_eq!(check(StatusCode::FORBIDDEN, b""), Err(LinkError::Refused));
        assert_eq!(LinkError::Told(6).stored(), "told: 6 XML/JSON内容无效");
    }
}
