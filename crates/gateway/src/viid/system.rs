//! `/VIID/System`: registration with digest, keepalive, leaving, the time.

use super::answer::{Fault, json};
use super::{Asker, Viid};
use crate::events::RefusalReason;
use crate::web::{Bound, device_id};
use axum::body::Body;
use axum::response::Response;
use domain::{DeviceId, DeviceKind};
use gat1400::codes::{StatusCode as ViidStatus, TimeMode};
use gat1400::digest::{Authorization, Ha1, VerifyProblem};
use gat1400::object::{Register, SystemTime};
use gat1400::read_one;
use http::StatusCode;
use http::header::{AUTHORIZATION, USER_AGENT};
use http::request::Parts;

/// Longest body of a registration: it holds one identity. Small, because nobody has proved anything yet.
const REGISTER_BYTES_MAX: usize = 8 << 10;

impl Viid {
    /// Registers (GA/T 1400.4, 注册): challenge, then the answer to it. An unknown device is reported already when it first
    /// asks: one that knows no digest would otherwise never be seen.
    pub(super) async fn register(
        &self,
        asker: &Asker<'_>,
        parts: &Parts,
        body: &mut Body,
    ) -> Result<Response, Fault> {
        let held = self.desk.bodies.read(&parts.headers, body, REGISTER_BYTES_MAX).await?;
        let device = match read_one::<Register>(&held.bytes, &gat1400::Limits::default()) {
            Ok(register) => device_id(&register.device_id).or_else(|| asker.device.clone()),
            Err(_) if asker.device.is_some() => asker.device.clone(),
            Err(problem) => {
                self.quarantine(asker, None, "body", problem.to_string(), &held.bytes);
                return Err(problem.into());
            }
        };
        let device = device.ok_or(Fault::NoDevice)?;
        let authorization = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|header| header.to_str().ok())
            .map(Authorization::parse);
        if let Some(reason) = self.refusal(&device) {
            let user = match &authorization {
                Some(Ok(authorization)) => authorization.username.as_str(),
                _ => "not said",
            };
            let agent =
                parts.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or("not said");
            self.refuse(asker, &device, reason, format!("user name {user}, user agent {agent}"));
            // With the challenge a device says its user name the next time, which helps who decides.
            return Err(if authorization.is_none() {
                Fault::Bound(Bound::Unregistered)
            } else {
                Fault::Refused
            });
        }
        let authorization = match authorization {
            None => return Err(Fault::Bound(Bound::Unregistered)),
            Some(Err(problem)) => {
                self.refuse(asker, &device, RefusalReason::WrongPassword, problem.to_string());
                return Err(Fault::Bound(Bound::Unregistered));
            }
            Some(Ok(authorization)) => authorization,
        };
        match self.verify(asker, parts, &device, &authorization) {
            Ok(()) => {}
            Err(VerifyProblem::Stale) => return Err(Fault::Stale),
            Err(problem) => {
                let detail = format!("user name {}: {problem}", authorization.username);
                self.refuse(asker, &device, RefusalReason::WrongPassword, detail);
                return Err(Fault::Bound(Bound::Unregistered));
            }
        }
        if !self.used_answers.use_up(&device, &authorization.response, asker.at) {
            return Err(Fault::Stale);
        }
        self.desk.sessions.begin(&device, asker.address, asker.at);
        self.context.presence.connected(DeviceKind::Camera, &device, asker.address, asker.at);
        Ok(asker.status(StatusCode::OK, ViidStatus::Ok, Some(device.as_str())))
    }

    fn verify(
        &self,
        asker: &Asker<'_>,
        parts: &Parts,
        device: &DeviceId,
        authorization: &Authorization,
    ) -> Result<(), VerifyProblem> {
        let directory = self.context.directory.load();
        let (username, ha1, _) = directory.credentials(device).ok_or(VerifyProblem::Response)?;
        if *username != authorization.username {
            return Err(VerifyProblem::Response);
        }
        let Some(ha1) = Ha1::from_hex(ha1) else {
            tracing::error!(%device, "the directory's HA1 is not 32 hexadecimal digits");
            return Err(VerifyProblem::Response);
        };
        let uri = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        self.digest.verify(authorization, &ha1, parts.method.as_str(), uri, asker.at.unix_ms())
    }

    /// Being asked is all that keeps a session (保活).
    pub(super) fn keepalive(&self, asker: &Asker<'_>, device: &DeviceId) -> Response {
        self.context.presence.seen(DeviceKind::Camera, device, asker.address, asker.at, 0);
        asker.status(StatusCode::OK, ViidStatus::Ok, None)
    }

    /// Ends a session (注销).
    pub(super) fn unregister(&self, asker: &Asker<'_>, device: &DeviceId) -> Response {
        self.desk.sessions.end(device);
        let presence = &self.context.presence;
        presence.seen(DeviceKind::Camera, device, asker.address, asker.at, 0);
        presence.gone(DeviceKind::Camera, device, asker.address);
        asker.status(StatusCode::OK, ViidStatus::Ok, None)
    }

    /// Our time (校时).
    pub(super) fn time(&self, asker: &Asker<'_>) -> Response {
        let time = SystemTime {
            viid_server_id: self.context.server_id.clone(),
            time_mode: TimeMode::Network.code().to_string().into(),
            local_time: Some(asker.local_time()),
            time_zone: "Asia/Shanghai".into(),
            ..SystemTime::default()
        };
        json(StatusCode::OK, gat1400::write_one(&time))
    }
}
