//! Cameras and the platforms that speak for them: GA/T 1400 over HTTP.
//!
//! A request passes these doors in order, and each answers with a status object where it stays shut: the route, the session
//! ([`session`]), the device's rate, the body within its bounds ([`body`]), a place among the requests in work. Then its
//! objects become passages ([`passage`]), pictures and passages are made durable, and only then the device is told which
//! objects were taken ([`post`]). Registration and the rest of `/VIID/System` is in [`system`]; how long a peer may take is
//! in [`pace`].

mod answer;
mod body;
mod pace;
mod passage;
mod post;
mod query;
mod session;
mod system;

use crate::accept::{Shutdown, accept, ended};
use crate::context::Context;
use crate::directory::CAMERA_REALM;
use crate::events::{Event, RefusalReason, Source};
use crate::presence::DeviceKind;
use answer::Fault;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
pub use body::discard;
use domain::{DeviceId, Timestamp};
use gat1400::digest;
use gat1400::object::{MotorVehicleCore, NonMotorVehicle};
use gat1400::route::{Method, Resource, Route, RouteProblem, USER_IDENTIFY};
use http::Request;
use http::request::Parts;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use pace::{Pace, Paced};
use session::{Sessions, UsedAnswers};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::ServiceExt;

/// How long a nonce is good. A camera answers a challenge at once; this leaves room for slow ones.
const NONCE_LIFE_MS: i64 = 5 * domain::time::MINUTE_MS;
/// How often sessions that have lapsed are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// Longest text that is taken as the identity of a device; the standard's have 20 digits.
const DEVICE_ID_BYTES_MAX: usize = 64;
/// Longest head of a request, and what is read at once of a body.
const READ_BYTES_MAX: usize = 64 << 10;

/// The state of the interface.
struct Viid {
    context: Arc<Context>,
    digest: digest::Server,
    sessions: Sessions,
    used_answers: UsedAnswers,
    /// Places for requests in work.
    work: Semaphore,
    /// Bytes of bodies that may be held.
    room: Arc<Semaphore>,
}

/// Who asks, for what, from where and when.
struct Asker<'r> {
    /// `User-Identify`, where it is sent and sane.
    device: Option<DeviceId>,
    address: SocketAddr,
    at: Timestamp,
    /// The resource's path, as answers name it.
    path: &'r str,
}

/// Serves cameras until `shutdown` becomes true; returns when every connection has ended.
pub async fn serve(listener: TcpListener, context: Arc<Context>, shutdown: Shutdown) {
    let connections_max = context.limits.camera_connections_max;
    let viid = Arc::new(Viid::new(context));
    let router = router_of(viid.clone());
    let sweeper = tokio::spawn(sweep(viid.clone(), shutdown.clone()));
    let of_connection = shutdown.clone();
    accept(listener, Source::Camera, connections_max, shutdown, |stream, address| {
        serve_connection(stream, address, viid.clone(), router.clone(), of_connection.clone())
    })
    .await;
    sweeper.abort();
}

/// The interface as a router, for a server that brings its own bounds on connections and on the time of a head. It wants
/// the peer's address as [`ConnectInfo`].
pub fn router(context: Arc<Context>) -> Router {
    router_of(Arc::new(Viid::new(context)))
}

fn router_of(viid: Arc<Viid>) -> Router {
    Router::new().fallback(handle).with_state(viid)
}

async fn serve_connection(
    stream: TcpStream,
    address: SocketAddr,
    viid: Arc<Viid>,
    router: Router,
    mut shutdown: Shutdown,
) {
    // Answers are small and waited for; without it a delayed acknowledgement may cost 40 ms.
    drop(stream.set_nodelay(true));
    let limits = &viid.context.limits;
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
                    viid.context.events.send(not_http(address, viid.context.now(), &error));
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
    metrics::counter!("anchang_connections_ended_total", "source" => Source::Camera.key(), "reason" => end)
        .increment(1);
}

/// What a peer sent that is no HTTP; its bytes are gone by then.
fn not_http(address: SocketAddr, at: Timestamp, error: &hyper::Error) -> Event {
    Event::Quarantined {
        source: Source::Camera,
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
async fn sweep(viid: Arc<Viid>, mut shutdown: Shutdown) {
    loop {
        tokio::select! {
            () = ended(&mut shutdown) => return,
            () = tokio::time::sleep(SWEEP_EVERY) => {
                for (device, address) in viid.sessions.take_lapsed(viid.context.now()) {
                    viid.context.presence.gone(DeviceKind::Camera, &device, address);
                }
            }
        }
    }
}

async fn handle(
    State(viid): State<Arc<Viid>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    let (parts, mut body) = request.into_parts();
    let target = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let route = Route::parse(parts.method.as_str(), target);
    let asker = Asker {
        device: parts.headers.get(USER_IDENTIFY).and_then(|id| device_id(id.to_str().ok()?)),
        address,
        at: viid.context.now(),
        path: route.map_or(parts.uri.path(), |route| route.resource.path()),
    };
    let answered = match route {
        Ok(route) => viid.answer(&route, &asker, &parts, &mut body).await,
        Err(RouteProblem::NotFound) => Err(Fault::NotFound),
        Err(RouteProblem::MethodNotAllowed { allowed }) => Err(Fault::MethodNotAllowed(allowed)),
    };
    let response = answered.unwrap_or_else(|fault| {
        // Who still sends is heard out for a moment, or the answer would be lost with the connection.
        body::discard(body);
        fault.answer(&asker, &viid.digest)
    });
    answer::count(&response);
    response
}

impl Viid {
    fn new(context: Arc<Context>) -> Self {
        let limits = &context.limits;
        let life_ms = (limits.camera_registration_s_max as i64).saturating_mul(domain::time::SECOND_MS);
        Self {
            digest: digest::Server::new(CAMERA_REALM, context.secret, NONCE_LIFE_MS),
            sessions: Sessions::new(life_ms, limits.camera_requests_per_s_max),
            used_answers: UsedAnswers::new(NONCE_LIFE_MS),
            work: Semaphore::new(limits.camera_requests_in_work_max.min(Semaphore::MAX_PERMITS)),
            // At least one body of the longest fits.
            room: Arc::new(Semaphore::new(
                limits.camera_bodies_bytes_max.max(limits.camera_body_bytes_max).min(Semaphore::MAX_PERMITS),
            )),
            context,
        }
    }

    async fn answer(
        &self,
        route: &Route<'_>,
        asker: &Asker<'_>,
        parts: &Parts,
        body: &mut Body,
    ) -> Result<Response, Fault> {
        match (route.method, route.resource) {
            (_, Resource::Register) => return self.register(asker, parts, body).await,
            // The time is no secret, and some cameras ask for it before they register.
            (_, Resource::Time) => return Ok(self.time(asker)),
            _ => {}
        }
        let device = self.registered(asker)?;
        match (route.method, route.resource) {
            (_, Resource::UnRegister) => Ok(self.unregister(asker, &device)),
            (_, Resource::Keepalive) => Ok(self.keepalive(asker, &device)),
            (Method::Post, Resource::MotorVehicles) => {
                self.post::<MotorVehicleCore>(asker, &device, parts, body).await
            }
            (Method::Post, Resource::NonMotorVehicles) => {
                self.post::<NonMotorVehicle>(asker, &device, parts, body).await
            }
            (Method::Get, Resource::Tollgates | Resource::Apes | Resource::Lanes) => Ok(self.query(route)),
            // Subscriptions, dispositions and what is pushed from elsewhere are not offered yet.
            _ => Err(Fault::NotOffered),
        }
    }

    /// The device of a session that holds, within its rate.
    fn registered(&self, asker: &Asker<'_>) -> Result<DeviceId, Fault> {
        let device = asker.device.clone().ok_or(Fault::Unregistered)?;
        match self.refusal(&device) {
            None => {}
            Some(reason) => {
                self.sessions.end(&device);
                self.refuse(asker, &device, reason, format!("asked for {} without registering", asker.path));
                return Err(Fault::Refused);
            }
        }
        self.sessions.enter(&device, asker.address, asker.at)?;
        Ok(device)
    }

    /// Why a device may not speak; `None` when it may, if it proves who it is.
    fn refusal(&self, device: &DeviceId) -> Option<RefusalReason> {
        match self.context.directory.load().cameras.get(device) {
            Some(entry) if entry.is_enabled => None,
            Some(_) => Some(RefusalReason::Disabled),
            None => Some(RefusalReason::Unknown),
        }
    }

    fn refuse(&self, asker: &Asker<'_>, device: &DeviceId, reason: RefusalReason, detail: String) {
        self.context.events.send(Event::Refused {
            source: Source::Camera,
            device: device.clone(),
            address: asker.address,
            at: asker.at,
            reason,
            detail,
        });
    }

    fn quarantine(
        &self,
        asker: &Asker<'_>,
        device: Option<&DeviceId>,
        reason: &'static str,
        detail: String,
        bytes: &[u8],
    ) {
        self.context.events.send(Event::Quarantined {
            source: Source::Camera,
            device: device.cloned(),
            address: asker.address,
            at: asker.at,
            reason,
            detail,
            bytes: self.context.events.cut(bytes).to_vec(),
            bytes_len: bytes.len(),
        });
    }
}

/// A device identity as a peer wrote it, if it can be one.
fn device_id(text: &str) -> Option<DeviceId> {
    let text = text.trim();
    let is_sane = !text.is_empty()
        && text.len() <= DEVICE_ID_BYTES_MAX
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_sane.then(|| DeviceId::from(text))
}
