//! Which camera a request is from, and whether it may speak.
//!
//! A camera is named by the last steps of the path that was set on it, by the user of its `Authorization`, or by the address that
//! it speaks from, the first of these that is registered. One with a password proves itself by digest or basic authentication;
//! that holds for its host until it falls silent, so that megabytes are not sent twice each time. One without a password
//! must be registered with its address. Where an address is registered, another is refused.

use super::{Asker, Fault, Maker, Notifiers, header};
use crate::directory::{CAMERA_REALM, CameraEntry, Directory, camera_ha1};
use crate::events::{Event, RefusalReason};
use crate::web::session::UsedAnswers;
use crate::web::{Bound, device_id};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{DeviceId, DeviceKind, Timestamp};
use gat1400::digest::{self, Authorization, Ha1, VerifyProblem};
use http::header::{AUTHORIZATION, USER_AGENT};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// How long a nonce is good. A camera answers a challenge at once; this leaves room for slow ones.
const NONCE_LIFE_MS: i64 = 5 * domain::time::MINUTE_MS;
/// So many challenges in a row without an answer, and the camera has no password: a person is told.
const CHALLENGES_UNANSWERED_MAX: u32 = 3;

/// Proofs and challenges of one maker's cameras.
pub(super) struct Door {
    kind: DeviceKind,
    digest: digest::Server,
    used_answers: UsedAnswers,
    /// Challenges since a camera last answered one. Only devices of the directory are challenged.
    unanswered: Mutex<HashMap<DeviceId, u32>>,
}

impl Door {
    pub(super) fn new(kind: DeviceKind, secret: [u8; 32]) -> Self {
        Self {
            kind,
            digest: digest::Server::new(CAMERA_REALM, secret, NONCE_LIFE_MS),
            used_answers: UsedAnswers::new(NONCE_LIFE_MS),
            unanswered: Mutex::default(),
        }
    }

    pub(super) fn challenge(&self, is_stale: bool, at: Timestamp) -> String {
        if is_stale { self.digest.challenge_stale(at.unix_ms()) } else { self.digest.challenge(at.unix_ms()) }
    }

    /// How many challenges of a camera are without an answer, this one included.
    fn count_challenge(&self, device: &DeviceId) -> u32 {
        let mut unanswered = self.unanswered.lock().unwrap_or_else(PoisonError::into_inner);
        let count = unanswered.entry(device.clone()).or_default();
        *count = count.saturating_add(1);
        *count
    }

    fn forget_challenges(&self, device: &DeviceId) {
        self.unanswered.lock().unwrap_or_else(PoisonError::into_inner).remove(device);
    }
}

/// What a request brings to prove who it is from.
enum Proof {
    None,
    Digest(Authorization),
    Basic { username: String, password: String },
    Unreadable(String),
}

impl Proof {
    fn of(asker: &Asker<'_>) -> Self {
        let header = header(&asker.parts.headers, &AUTHORIZATION);
        if header.is_empty() {
            return Self::None;
        }
        match header.split_once(' ') {
            Some((scheme, text)) if scheme.eq_ignore_ascii_case("basic") => {
                let bytes = STANDARD.decode(text.trim()).ok();
                let pair = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
                match pair.as_deref().and_then(|pair| pair.split_once(':')) {
                    Some((username, password)) => {
                        Self::Basic { username: username.to_owned(), password: password.to_owned() }
                    }
                    None => Self::Unreadable("basic authentication that is none".into()),
                }
            }
            _ => match Authorization::parse(header) {
                Ok(authorization) => Self::Digest(authorization),
                Err(problem) => Self::Unreadable(problem.to_string()),
            },
        }
    }

    fn username(&self) -> Option<&str> {
        match self {
            Self::Digest(authorization) => Some(&authorization.username),
            Self::Basic { username, .. } => Some(username),
            Self::None | Self::Unreadable(_) => None,
        }
    }
}

impl<M: Maker> Notifiers<M> {
    /// The camera, within its rate; `Err(None)` when it is a stranger's.
    pub(super) fn admit(&self, asker: &Asker<'_>) -> Result<DeviceId, Option<Fault>> {
        let proof = Proof::of(asker);
        let directory = self.context.directory.load();
        let Some((device, camera)) = named(M::KIND, &directory, asker, &proof) else { return Err(None) };
        if !camera.is_enabled {
            self.desk.sessions.end(device);
            return Err(Some(self.refuse(asker, device, RefusalReason::Disabled, String::new())));
        }
        if let Some(address) = camera.address.filter(|address| *address != host(asker.address.ip())) {
            let detail = format!("is registered at {address}");
            return Err(Some(self.refuse(asker, device, RefusalReason::WrongAddress, detail)));
        }
        if camera.ha1.is_empty() && camera.address.is_none() {
            let detail = "is registered with neither a password nor an address".into();
            return Err(Some(self.refuse(asker, device, RefusalReason::WrongPassword, detail)));
        }
        let is_proved = match self.prove(asker, device, camera, &proof) {
            Ok(is_proved) => is_proved,
            Err(fault) => {
                self.desk.sessions.end(device);
                return Err(fault);
            }
        };
        if is_proved {
            self.begin(asker, device);
        }
        match self.desk.sessions.enter(device, asker.address, asker.at) {
            Ok(()) => Ok(device.clone()),
            Err(Bound::Unregistered) if camera.ha1.is_empty() => {
                self.begin(asker, device);
                Ok(device.clone())
            }
            Err(Bound::Unregistered) => {
                if self.door.count_challenge(device) > CHALLENGES_UNANSWERED_MAX {
                    let detail = "does not answer the challenge for its password".into();
                    self.refuse(asker, device, RefusalReason::WrongPassword, detail);
                }
                Err(Some(Fault::Unproved { is_stale: false }))
            }
            Err(bound) => Err(Some(bound.into())),
        }
    }

    fn begin(&self, asker: &Asker<'_>, device: &DeviceId) {
        self.desk.sessions.begin(device, asker.address, asker.at);
        self.context.presence.connected(M::KIND, device, asker.address, asker.at);
    }

    /// Whether the request proves who it is from; not, where it brings no proof; a fault where the proof is wrong.
    fn prove(
        &self,
        asker: &Asker<'_>,
        device: &DeviceId,
        camera: &CameraEntry,
        proof: &Proof,
    ) -> Result<bool, Option<Fault>> {
        if camera.ha1.is_empty() {
            return Ok(false);
        }
        let Some(ha1) = Ha1::from_hex(&camera.ha1) else {
            tracing::error!(%device, "the directory's HA1 is not 32 hexadecimal digits");
            return Err(Some(Fault::Refused));
        };
        let wrong = |why: &str| {
            let detail = format!("user name {}: {why}", proof.username().unwrap_or("not said"));
            self.refuse(asker, device, RefusalReason::WrongPassword, detail);
            Err(Some(Fault::Unproved { is_stale: false }))
        };
        match proof {
            Proof::None => return Ok(false),
            Proof::Unreadable(why) => return wrong(why),
            Proof::Basic { username, password } => {
                let is_right = *username == camera.username && camera_ha1(username, password) == ha1.as_hex();
                if !is_right {
                    return wrong("wrong password");
                }
            }
            Proof::Digest(authorization) => {
                if authorization.username != camera.username {
                    return wrong("is not the camera's");
                }
                let uri = asker.parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
                let method = asker.parts.method.as_str();
                match self.door.digest.verify(authorization, &ha1, method, uri, asker.at.unix_ms()) {
                    Ok(()) => {}
                    Err(VerifyProblem::Stale) => return Err(Some(Fault::Unproved { is_stale: true })),
                    Err(problem) => return wrong(&problem.to_string()),
                }
                if !self.door.used_answers.use_up(device, &authorization.response, asker.at) {
                    return Err(Some(Fault::Unproved { is_stale: true }));
                }
            }
        }
        self.door.forget_challenges(device);
        Ok(true)
    }

    /// Lists a stranger under the best name it gives: one click admits it.
    pub(super) fn refuse_stranger(&self, asker: &Asker<'_>, beginning: &[u8]) {
        let said = M::names(asker.content_type(), beginning);
        let of_path = M::name_in_path(asker.path).and_then(device_id);
        let user = Proof::of(asker).username().and_then(device_id);
        let of_body = said.iter().find_map(|name| device_id(name));
        let address = host(asker.address.ip()).to_string();
        let device = of_path.or(user).or(of_body).unwrap_or_else(|| DeviceId::from(address.as_str()));
        let agent = header(&asker.parts.headers, &USER_AGENT);
        let detail = format!("path {}, user agent {agent}, says it is {}", asker.path, said.join(", "));
        self.refuse(asker, &device, RefusalReason::Unknown, detail);
    }

    /// Tells of a refusal; gives the fault to answer with.
    fn refuse(&self, asker: &Asker<'_>, device: &DeviceId, reason: RefusalReason, detail: String) -> Fault {
        self.context.events.send(Event::Refused {
            source: self.door.kind,
            device: device.clone(),
            address: asker.address,
            at: asker.at,
            reason,
            detail,
        });
        Fault::Refused
    }
}

/// The registered camera that a request names.
fn named<'d>(
    kind: DeviceKind,
    directory: &'d Directory,
    asker: &Asker<'_>,
    proof: &Proof,
) -> Option<(&'d DeviceId, &'d CameraEntry)> {
    let by_path = || steps(asker.path).find_map(|id| directory.notifiers.get_key_value(&(kind, id)));
    let of_kind = || directory.notifiers.iter().filter(|((found, _), _)| *found == kind);
    // Two that share it are told apart by neither.
    let by_user = || only(of_kind().filter(|(_, camera)| proof.username() == Some(&camera.username)));
    let address = host(asker.address.ip());
    let by_address = || only(of_kind().filter(|(_, camera)| camera.address == Some(address)));
    let ((_, device), camera) = by_path().or_else(by_user).or_else(by_address)?;
    Some((device, camera))
}

/// The steps of a path that can be identities.
fn steps(path: &str) -> impl Iterator<Item = DeviceId> + '_ {
    path.split('/').filter_map(device_id)
}

/// An IPv4 address is the same when it comes over IPv6.
fn host(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

fn only<T>(mut found: impl Iterator<Item = T>) -> Option<T> {
    let first = found.next()?;
    found.next().is_none().then_some(first)
}
