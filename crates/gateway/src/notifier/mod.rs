//! Cameras that post the notices of their maker: what all makers have in common.
//!
//! A request passes these doors in order: the camera it is from ([`door`]), its rate, the body within its bounds, a place among the
//! requests in work. Then the maker's own folder says what it means ([`Maker::read`]); pictures and passage are made durable
//! ([`take`]), and only then the camera is told so. What could be spooled by the camera is never answered with an error of the
//! server, but for a disk that is full: that is 503 with `Retry-After`, and the camera keeps the passage where it can.

mod door;
mod take;

pub(crate) use take::Sighting;

use crate::accept::Shutdown;
use crate::context::Context;
use crate::events::Event;
use crate::intake::IntakeError;
use crate::offence::OffenceCodes;
use crate::web::{self, Bound, Desk, RETRY_AFTER_S, body};
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use domain::{DeviceId, DeviceKind, Timestamp};
use door::Door;
use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use journal::AppendError;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

/// What a request says, as its maker means it.
pub(crate) enum Said<'b> {
    /// The camera is there.
    SignOfLife,
    /// Something that is of no use here.
    Nothing,
    /// A vehicle passed.
    Passage(Box<Sighting<'b>>),
}

/// A maker's protocol: how its notices are read and answered. All else is the same for all.
pub(crate) trait Maker: Send + Sync + 'static {
    /// Of its cameras.
    const KIND: DeviceKind;
    /// Content type of its answers.
    const ANSWER_TYPE: &'static str;

    /// Reads a request. `path` and `content_type` may say anything.
    fn read<'b>(
        path: &str,
        content_type: &str,
        body: &'b [u8],
        limits: &notice::Limits,
        codes: &OffenceCodes,
    ) -> Result<Said<'b>, notice::Problem>;

    /// The answer's body.
    fn answer(status: StatusCode, path: &str) -> String;

    /// Where a path names its camera, if it is written as the manual says.
    fn name_in_path(path: &str) -> Option<&str>;

    /// What a stranger's request says of who it is from, as far as its beginning tells: names, the best first.
    fn names(content_type: &str, beginning: &[u8]) -> Vec<String>;
}

/// Why a request is not answered as it hoped.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Bound(#[from] Bound),
    #[error("method is not POST")]
    Method,
    /// It has to prove itself; right password, old nonce where it is stale.
    #[error("not proved")]
    Unproved { is_stale: bool },
    /// Not in the directory, switched off there, or elsewhere.
    #[error("refused")]
    Refused,
    #[error("unreadable")]
    Unreadable,
    #[error(transparent)]
    Intake(#[from] IntakeError),
}

impl Fault {
    fn status(&self) -> StatusCode {
        match self {
            Self::Bound(Bound::TooLarge { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Bound(Bound::TooSlow) => StatusCode::REQUEST_TIMEOUT,
            Self::Bound(Bound::Broken) | Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::Bound(Bound::Busy | Bound::TooOften) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Bound(Bound::Unregistered) | Self::Unproved { .. } => StatusCode::UNAUTHORIZED,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Refused => StatusCode::FORBIDDEN,
            // What can never be stored is not to be sent again.
            Self::Intake(IntakeError::Journal(AppendError::TooLarge { .. })) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Intake(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Who asks, from where and when.
struct Asker<'r> {
    address: SocketAddr,
    at: Timestamp,
    path: &'r str,
    parts: &'r Parts,
}

impl Asker<'_> {
    fn content_type(&self) -> &str {
        header(&self.parts.headers, &CONTENT_TYPE)
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &http::HeaderName) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The interface of one maker.
struct Notifiers<M> {
    context: Arc<Context>,
    desk: Arc<Desk>,
    door: Door,
    maker: PhantomData<M>,
}

/// Serves the cameras of a maker until `shutdown` becomes true; returns when every connection has ended.
pub(crate) async fn serve<M: Maker>(listener: TcpListener, context: Arc<Context>, shutdown: Shutdown) {
    let desk = Desk::new(M::KIND, &context);
    let notifiers = Arc::new(Notifiers::<M> {
        door: Door::new(M::KIND, context.secret),
        context: context.clone(),
        desk: desk.clone(),
        maker: PhantomData,
    });
    let router = Router::new().fallback(handle::<M>).with_state(notifiers);
    web::serve(listener, context, desk, router, shutdown).await;
}

async fn handle<M: Maker>(
    State(notifiers): State<Arc<Notifiers<M>>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    let (parts, mut body) = request.into_parts();
    let asker = Asker { address, at: notifiers.context.now(), path: parts.uri.path(), parts: &parts };
    let answered = notifiers.take_request(&asker, &mut body).await;
    let response = match answered {
        Ok(()) => answer::<M>(StatusCode::OK, asker.path),
        Err(fault) => {
            // Who still sends is heard out for a moment, or the answer would be lost with the connection.
            body::discard(body);
            tracing::debug!(%address, path = asker.path, %fault, "request was not taken");
            notifiers.answer_fault(&asker, &fault)
        }
    };
    web::count(M::KIND, response.status());
    response
}

fn answer<M: Maker>(status: StatusCode, path: &str) -> Response {
    let mut response = Response::new(Body::from(M::answer(status, path)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(M::ANSWER_TYPE));
    response
}

impl<M: Maker> Notifiers<M> {
    async fn take_request(&self, asker: &Asker<'_>, body: &mut Body) -> Result<(), Fault> {
        if asker.parts.method != Method::POST && asker.parts.method != Method::PUT {
            return Err(Fault::Method);
        }
        let device = match self.admit(asker) {
            Ok(device) => device,
            Err(Some(fault)) => return Err(fault),
            Err(None) => {
                let beginning = self.desk.bodies.read_beginning(body).await;
                self.refuse_stranger(asker, &beginning);
                return Err(Fault::Refused);
            }
        };
        let limits = &self.context.limits;
        let held = self.desk.bodies.read(&asker.parts.headers, body, limits.camera_body_bytes_max).await?;
        let _place = self.desk.bodies.place().await?;
        let reading = notice::Limits::default();
        let said =
            M::read(asker.path, asker.content_type(), &held.bytes, &reading, &self.context.offence_codes);
        match said {
            Ok(Said::Passage(sighting)) => self.take(asker, &device, *sighting, &held.bytes).await,
            Ok(Said::SignOfLife | Said::Nothing) => {
                self.context.presence.seen(M::KIND, &device, asker.address, asker.at, 0);
                Ok(())
            }
            Err(problem) => {
                self.quarantine(asker, &device, problem.key(), problem.to_string(), &held.bytes);
                Err(Fault::Unreadable)
            }
        }
    }

    fn answer_fault(&self, asker: &Asker<'_>, fault: &Fault) -> Response {
        let status = fault.status();
        let mut response = answer::<M>(status, asker.path);
        let headers = response.headers_mut();
        match fault {
            Fault::Unproved { is_stale } => {
                if let Ok(value) = HeaderValue::try_from(self.door.challenge(*is_stale, asker.at)) {
                    headers.insert(WWW_AUTHENTICATE, value);
                }
            }
            Fault::Method => {
                headers.insert(ALLOW, HeaderValue::from_static("POST, PUT"));
            }
            Fault::Bound(Bound::TooLarge { .. } | Bound::TooSlow | Bound::Broken) => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            _ if status == StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
            }
            _ => {}
        }
        response
    }

    fn quarantine(
        &self,
        asker: &Asker<'_>,
        device: &DeviceId,
        reason: &'static str,
        detail: String,
        bytes: &[u8],
    ) {
        self.context.events.send(Event::Quarantined {
            source: M::KIND,
            device: Some(device.clone()),
            address: asker.address,
            at: asker.at,
            reason,
            detail,
            bytes: self.context.events.cut(bytes).to_vec(),
            bytes_len: bytes.len(),
        });
    }
}
