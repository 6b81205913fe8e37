//! Cameras and the platforms that speak for them: GA/T 1400 over HTTP.
//!
//! A request passes these doors in order, and each answers with a status object where it stays shut: the route, the session
//! (registration by digest), the device's rate, the body within its bounds, a place among the requests in work. Then its
//! objects become passages ([`passage`]), pictures and passages are made durable, and only then the device is told which
//! objects were taken ([`post`]). Registration and the rest of `/VIID/System` is in [`system`]; what only other platforms
//! do in [`platform`].

mod answer;
mod passage;
mod platform;
mod post;
mod query;
mod system;

use crate::accept::Shutdown;
use crate::context::Context;
use crate::directory::{CAMERA_REALM, CameraEntry};
use crate::events::{Event, RefusalReason};
use crate::web;
use crate::web::body;
use crate::web::session::UsedAnswers;
use answer::Fault;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use domain::{DeviceId, DeviceKind, Timestamp};
use gat1400::digest;
use gat1400::object::{MotorVehicleCore, NonMotorVehicle};
use gat1400::route::{Method, Resource, Route, RouteProblem, USER_IDENTIFY};
use http::Request;
use http::request::Parts;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use web::{Bound, Desk, device_id};

/// How long a nonce is good. A camera answers a challenge at once; this leaves room for slow ones.
const NONCE_LIFE_MS: i64 = 5 * domain::time::MINUTE_MS;

/// The state of the interface.
struct Viid {
    context: Arc<Context>,
    digest: digest::Server,
    desk: Arc<Desk>,
    used_answers: UsedAnswers,
}

/// Who brings a passage.
enum Poster<'d> {
    /// A camera, or what speaks for one: the passage is its own.
    Camera { id: &'d DeviceId, entry: &'d CameraEntry },
    /// Another platform: the passage is of the device that its object names.
    Platform {
        id: &'d DeviceId,
        /// Whether passages at tollgates that we do not know are taken all the same: a sighting of a vehicle that we look out
        /// for is worth more than knowing where that tollgate stands.
        believes_tollgates: bool,
    },
}

impl Poster<'_> {
    fn id(&self) -> &DeviceId {
        let (Self::Camera { id, .. } | Self::Platform { id, .. }) = self;
        id
    }
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
    let viid = Arc::new(Viid::new(context.clone()));
    web::serve(listener, context, viid.desk.clone(), router_of(viid), shutdown).await;
}

/// The interface as a router, for a server that brings its own bounds on connections and on the time of a head. It wants
/// the peer's address as [`ConnectInfo`].
pub fn router(context: Arc<Context>) -> Router {
    router_of(Arc::new(Viid::new(context)))
}

fn router_of(viid: Arc<Viid>) -> Router {
    Router::new().fallback(handle).with_state(viid)
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
    web::count(DeviceKind::Camera, response.status());
    response
}

impl Viid {
    fn new(context: Arc<Context>) -> Self {
        Self {
            digest: digest::Server::new(CAMERA_REALM, context.secret, NONCE_LIFE_MS),
            desk: Desk::new(DeviceKind::Camera, &context),
            used_answers: UsedAnswers::new(NONCE_LIFE_MS),
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
            (Method::Get, Resource::Tollgates | Resource::Apes | Resource::Lanes) => {
                Ok(self.query(route, &device))
            }
            _ if self.is_platform(&device) => self.answer_platform(route, asker, &device, parts, body).await,
            // Subscriptions, dispositions and notifications are between platforms.
            _ => Err(Fault::NotOffered),
        }
    }

    /// Whether who speaks is another platform, not a camera.
    fn is_platform(&self, device: &DeviceId) -> bool {
        let directory = self.context.directory.load();
        !directory.cameras.contains_key(device) && directory.platforms.contains_key(device)
    }

    /// The device of a session that holds, within its rate.
    fn registered(&self, asker: &Asker<'_>) -> Result<DeviceId, Fault> {
        let device = asker.device.clone().ok_or(Fault::Bound(Bound::Unregistered))?;
        match self.refusal(&device) {
            None => {}
            Some(reason) => {
                self.desk.sessions.end(&device);
                self.refuse(asker, &device, reason, format!("asked for {} without registering", asker.path));
                return Err(Fault::Refused);
            }
        }
        self.desk.sessions.enter(&device, asker.address, asker.at)?;
        Ok(device)
    }

    /// Why a device may not speak; `None` when it may, if it proves who it is.
    fn refusal(&self, device: &DeviceId) -> Option<RefusalReason> {
        match self.context.directory.load().credentials(device) {
            Some((_, _, true)) => None,
            Some(_) => Some(RefusalReason::Disabled),
            None => Some(RefusalReason::Unknown),
        }
    }

    fn refuse(&self, asker: &Asker<'_>, device: &DeviceId, reason: RefusalReason, detail: String) {
        self.context.events.send(Event::Refused {
            source: DeviceKind::Camera,
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
            source: DeviceKind::Camera,
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
