//! What the protocols over HTTP have in common: connections within their bounds and their pace ([`pace`]), bodies within
//! theirs ([`body`]), sessions and the answers to challenges ([`session`]).

pub(crate) mod body;
pub(crate) mod pace;
pub(crate) mod session;

use crate::accept::{Shutdown, accept, ended};
use crate::context::Context;
use crate::events::Event;
use axum::Router;
use axum::extract::ConnectInfo;
use body::Bodies;
use domain::{DeviceKind, Timestamp};
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use pace::{Pace, Paced};
use session::Sessions;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

/// How often sessions that have lapsed are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// Longest head of a request, and what is read at once of a body.
const READ_BYTES_MAX: usize = 64 << 10;
/// Longest text that is taken as the identity of a device.
const DEVICE_ID_BYTES_MAX: usize = 64;
/// Seconds after which a camera that was told "busy" does well to try again.
pub(crate) const RETRY_AFTER_S: &str = "5";

/// Why a request does not come to what it asks, whatever it asks.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Bound {
    #[error("body is longer than {bytes_max} bytes")]
    TooLarge { bytes_max: usize },
    #[error("body took too long")]
    TooSlow,
    /// The connection broke while the body came: nobody hears the answer.
    #[error("body broke off")]
    Broken,
    #[error("too many requests in work")]
    Busy,
    #[error("device asks too often")]
    TooOften,
    /// Registers first; its session lapsed, or it never had one.
    #[error("not registered")]
    Unregistered,
}

/// What all requests of one protocol share: their sessions, and the room for their bodies.
pub(crate) struct Desk {
    pub(crate) kind: DeviceKind,
    pub(crate) sessions: Sessions,
    pub(crate) bodies: Bodies,
}

impl Desk {
    pub(crate) fn new(kind: DeviceKind, context: &Context) -> Arc<Self> {
        let limits = &context.limits;
        let life_ms = (limits.camera_registration_s_max as i64).saturating_mul(domain::time::SECOND_MS);
        Arc::new(Self {
            kind,
            sessions: Sessions::new(life_ms, limits.camera_requests_per_s_max),
            bodies: Bodies::new(limits),
        })
    }
}

/// Serves `router`, which wants the peer's address as [`ConnectInfo`], until `shutdown` becomes true; returns when every
/// connection has ended. Sessions of the desk that have lapsed are ended meanwhile.
pub(crate) async fn serve(
    listener: TcpListener,
    context: Arc<Context>,
    desk: Arc<Desk>,
    router: Router,
    shutdown: Shutdown,
) {
    let kind = desk.kind;
    let connections_max = context.limits.camera_connections_max;
    let sweeper = tokio::spawn(sweep(desk, context.clone(), shutdown.clone()));
    let of_connection = shutdown.clone();
    accept(listener, kind, connections_max, shutdown, |stream, address| {
        serve_connection(stream, address, kind, context.clone(), router.clone(), of_connection.clone())
    })
    .await;
    sweeper.abort();
}

async fn serve_connection(
    stream: TcpStream,
    address: SocketAddr,
    kind: DeviceKind,
    context: Arc<Context>,
    router: Router,
    mut shutdown: Shutdown,
) {
    // Answers are small and waited for; without it a delayed acknowledgement may cost 40 ms.
    drop(stream.set_nodelay(true));
    let limits = &context.limits;
    let pace = Arc::new(Pace::new(
        Duration::from_secs(limits.camera_registration_s_max),
        Duration::from_secs(limits.camera_request_s_max),
        Duration::from_secs(limits.write_s_max),
    ));
    let service = {
        let pace = pace.clone();
        hyper::service::service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(address));
            let in_work = pace.work();
            let router = router.clone();
            async move {
                let answer = router.oneshot(request).await;
                drop(in_work);
                answer
            }
        })
    };
    let io = TokioIo::new(Paced::new(stream, pace.clone()));
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(None) // `Pace` has it: this one would also close a connection that rests.
        .max_buf_size(READ_BYTES_MAX)
        .serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    let mut is_ending = false;
    let end = loop {
        tokio::select! {
            served = connection.as_mut() => match served {
                Err(error) if error.is_parse() => {
                    context.events.send(not_http(kind, address, context.now(), &error));
                    break "faulty";
                }
                _ => break "left",
            },
            reason = pace.exceeded() => break reason,
            () = ended(&mut shutdown), if !is_ending => {
                is_ending = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    };
    metrics::counter!("anchang_connections_ended_total", "source" => kind.key(), "reason" => end)
        .increment(1);
}

/// What a peer sent that is no HTTP; its bytes are gone by then.
fn not_http(source: DeviceKind, address: SocketAddr, at: Timestamp, error: &hyper::Error) -> Event {
    Event::Quarantined {
        source,
        device: None,
        address,
        at,
        reason: "http",
        detail: error.to_string(),
        bytes: Vec::new(),
        bytes_len: 0,
    }
}

/// Ends the sessions of cameras that fell silent.
async fn sweep(desk: Arc<Desk>, context: Arc<Context>, mut shutdown: Shutdown) {
    loop {
        tokio::select! {
            () = ended(&mut shutdown) => return,
            () = tokio::time::sleep(SWEEP_EVERY) => {
                for (device, address) in desk.sessions.take_lapsed(context.now()) {
                    context.presence.gone(desk.kind, &device, address);
                }
            }
        }
    }
}

/// A device identity as a peer wrote it, if it can be one.
pub(crate) fn device_id(text: &str) -> Option<domain::DeviceId> {
    let text = text.trim();
    let is_sane = !text.is_empty()
        && text.len() <= DEVICE_ID_BYTES_MAX
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_sane.then(|| domain::DeviceId::from(text))
}

/// Counts an answer by what the device was told.
pub(crate) fn count(kind: DeviceKind, status: http::StatusCode) {
    use http::StatusCode;
    let answer = match status {
        StatusCode::OK => "ok",
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "refused",
        StatusCode::SERVICE_UNAVAILABLE => "busy",
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => "unsupported",
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        StatusCode::REQUEST_TIMEOUT => "slow",
        _ => "wrong",
    };
    metrics::counter!("anchang_requests_total", "source" => kind.key(), "answer" => answer).increment(1);
}
