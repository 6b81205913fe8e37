//! Answers: the status objects of GA/T 1400 and the HTTP status beside each.

use super::Asker;
use crate::intake::IntakeError;
use crate::web::{Bound, RETRY_AFTER_S};
use axum::body::Body;
use axum::response::Response;
use gat1400::codes::StatusCode as ViidStatus;
use gat1400::digest;
use gat1400::object::ResponseStatus;
use gat1400::route::{CONTENT_TYPE, Method, write_status, write_statuses};
use gat1400::{BodyProblem, DateTime};
use http::header::{
    ALLOW, CONNECTION, CONTENT_TYPE as CONTENT_TYPE_HEADER, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{HeaderValue, StatusCode};
use journal::AppendError;

/// Why a request is not answered as it hoped.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("no such resource")]
    NotFound,
    #[error("method is not one of the resource's")]
    MethodNotAllowed(&'static [Method]),
    #[error("not offered")]
    NotOffered,
    #[error(transparent)]
    Bound(#[from] Bound),
    /// Right password, old nonce.
    #[error("nonce has expired")]
    Stale,
    /// Not in the directory, or switched off there.
    #[error("refused")]
    Refused,
    #[error(transparent)]
    Body(#[from] BodyProblem),
    #[error("body names no device")]
    NoDevice,
    #[error("body has no object that could be read")]
    NoObject,
    #[error(transparent)]
    Intake(#[from] IntakeError),
}

impl Fault {
    fn codes(&self) -> (StatusCode, ViidStatus) {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, ViidStatus::InvalidOperation),
            Self::MethodNotAllowed(_) => (StatusCode::METHOD_NOT_ALLOWED, ViidStatus::InvalidOperation),
            Self::NotOffered => (StatusCode::NOT_IMPLEMENTED, ViidStatus::InvalidOperation),
            Self::Bound(Bound::Unregistered) | Self::Stale => {
                (StatusCode::UNAUTHORIZED, ViidStatus::InvalidOperation)
            }
            Self::Refused => (StatusCode::FORBIDDEN, ViidStatus::InvalidOperation),
            Self::Bound(Bound::TooLarge { .. }) => {
                (StatusCode::PAYLOAD_TOO_LARGE, ViidStatus::InvalidOperation)
            }
            Self::Bound(Bound::TooSlow) => (StatusCode::REQUEST_TIMEOUT, ViidStatus::OtherError),
            Self::Bound(Bound::Broken) => (StatusCode::BAD_REQUEST, ViidStatus::OtherError),
            Self::Bound(Bound::Busy | Bound::TooOften) => (StatusCode::SERVICE_UNAVAILABLE, ViidStatus::Busy),
            Self::Body(problem) => (StatusCode::BAD_REQUEST, problem.status_code()),
            Self::NoDevice | Self::NoObject => (StatusCode::BAD_REQUEST, ViidStatus::InvalidContent),
            // What can never be stored is not to be sent again.
            Self::Intake(IntakeError::Journal(AppendError::TooLarge { .. })) => {
                (StatusCode::PAYLOAD_TOO_LARGE, ViidStatus::InvalidOperation)
            }
            Self::Intake(IntakeError::Journal(AppendError::Full { .. })) => {
                (StatusCode::SERVICE_UNAVAILABLE, ViidStatus::Busy)
            }
            Self::Intake(_) => (StatusCode::SERVICE_UNAVAILABLE, ViidStatus::OtherError),
        }
    }

    /// The answer, a challenge with it where one helps.
    pub(super) fn answer(&self, asker: &Asker<'_>, digest: &digest::Server) -> Response {
        let (status, code) = self.codes();
        let mut response = asker.status(status, code, None);
        let headers = response.headers_mut();
        let mut set = |name: HeaderName, value: Result<HeaderValue, _>| {
            if let Ok(value) = value {
                headers.insert(name, value);
            }
        };
        let now_unix_ms = asker.at.unix_ms();
        match self {
            Self::Bound(Bound::Unregistered) => {
                set(WWW_AUTHENTICATE, HeaderValue::try_from(digest.challenge(now_unix_ms)));
            }
            Self::Stale => set(WWW_AUTHENTICATE, HeaderValue::try_from(digest.challenge_stale(now_unix_ms))),
            Self::MethodNotAllowed(allowed) => {
                let names: Vec<_> = allowed.iter().map(|method| method.name()).collect();
                set(ALLOW, HeaderValue::try_from(names.join(", ")));
            }
            Self::Bound(Bound::TooLarge { .. } | Bound::TooSlow | Bound::Broken) => {
                set(CONNECTION, Ok(HeaderValue::from_static("close")));
            }
            _ if status == StatusCode::SERVICE_UNAVAILABLE => {
                set(RETRY_AFTER, Ok(HeaderValue::from_static(RETRY_AFTER_S)));
            }
            _ => {}
        }
        tracing::debug!(address = %asker.address, path = asker.path, %status, fault = %self, "request was not taken");
        response
    }
}

impl Asker<'_> {
    /// The answer about one thing: the object or device `id`, or the one that asks.
    pub(super) fn status(&self, status: StatusCode, code: ViidStatus, id: Option<&str>) -> Response {
        let id = id.or(self.device.as_ref().map(domain::DeviceId::as_str)).unwrap_or_default();
        json(status, write_status(&self.status_object(code, id)))
    }

    /// The answer about each object of a request.
    pub(super) fn statuses(statuses: &[ResponseStatus]) -> Response {
        json(StatusCode::OK, write_statuses(statuses))
    }

    /// The status of one object.
    pub(super) fn status_object(&self, code: ViidStatus, id: &str) -> ResponseStatus {
        ResponseStatus::new(self.path, code, id, self.local_time())
    }

    pub(super) fn local_time(&self) -> DateTime {
        DateTime::from_unix_ms(self.at.unix_ms())
    }
}

/// An answer with a body of the interface.
pub(super) fn json(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE_HEADER, HeaderValue::from_static(CONTENT_TYPE));
    response
}
