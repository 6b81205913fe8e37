//! Who is asking, and whether they may: one layer before all routes. It looks the route up in [`TABLE`], opens the session,
//! and refuses; routes take [`Signed`] from it and decide nothing about rights but what depends on what they touch.
//!
//! A refusal is in the audit, and so is each request that changes something: where a route wrote no row of its own, the
//! layer writes one.

mod refusals;
mod table;

pub use refusals::Refusals;
pub use table::{Access, TABLE, access_of};

use crate::app::App;
use crate::problem::Problem;
use crate::session::token_of;
use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::people::{Actor, Permission, UnitPath};
use records::{AuditEntry, SessionUser, User};
use smol_str::{SmolStr, ToSmolStr, format_smolstr};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where the routes of the table are.
const BASE: &str = "/api/v1";

/// A user who has signed in, and whom the table lets use the route.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    pub(crate) user: User,
    /// Whether an identity provider vouched for the user.
    pub(crate) is_single_sign_on: bool,
    pub(crate) token: SmolStr,
    actor: Actor,
    scope: UnitPath,
    address: SmolStr,
    /// Whether this request has a row in the audit.
    is_recorded: Arc<AtomicBool>,
}

impl Signed {
    /// Who acts, as state machines need to know it.
    pub(crate) fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The part of the county that concerns the user: the own unit and those below it.
    pub(crate) fn scope(&self) -> &UnitPath {
        &self.scope
    }

    /// Whether one of the user's roles allows it.
    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.actor().may(permission)
    }

    /// Refuses who may not, where it depends on what a route touches.
    pub(crate) fn require(&self, permission: Permission) -> Result<(), Problem> {
        if self.may(permission) { Ok(()) } else { Err(Problem::forbidden()) }
    }

    /// From which network address.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Notes that the audit has what this request did, because it was written with it.
    pub(crate) fn note_in_audit(&self) {
        self.is_recorded.store(true, Ordering::Relaxed);
    }

    /// A row of the audit about what this user does, for whoever writes it with what is done.
    pub(crate) fn row(&self, app: &App, action: &str, target: &str, detail: &str) -> AuditEntry {
        AuditEntry {
            at: app.clock.now(),
            actor: self.user.username.clone(),
            action: action.into(),
            target: target.into(),
            detail: detail.to_owned(),
            address: Some(self.address.clone()),
        }
    }

    /// Writes into the audit what this user did.
    pub(crate) async fn audit(
        &self,
        app: &App,
        action: &str,
        target: &str,
        detail: &str,
    ) -> Result<(), Problem> {
        app.records.append_audit(&self.row(app, action, target, detail)).await?;
        self.note_in_audit();
        Ok(())
    }
}

/// Only the layer puts one into a request: a route that it doesn't guard gets none.
impl<S: Sync> FromRequestParts<S> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::unauthenticated)
    }
}

/// Lets a request pass to its route, or refuses it.
pub(crate) async fn enforce(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let Some(path) = request.extensions().get::<MatchedPath>().cloned() else {
        return next.run(request).await; // No route: the fallback says so.
    };
    let path = path.as_str().strip_prefix(BASE).unwrap_or(path.as_str());
    let method = if request.method() == Method::HEAD { Method::GET } else { request.method().clone() };
    let Some(access) = access_of(method.as_str(), path) else {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    };
    if access == Access::Public {
        return next.run(request).await;
    }
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let address = address.map_or_else(SmolStr::default, |ConnectInfo(address)| address.ip().to_smolstr());
    let signed = match admit(&app, request.headers(), address, (method.as_str(), path), access).await {
        Ok(signed) => signed,
        Err(problem) => return problem.into_response(),
    };
    let request_id = request_id(request.headers());
    request.extensions_mut().insert(signed.clone());
    let response = next.run(request).await;
    if response.status() == StatusCode::FORBIDDEN {
        // The route itself looked closer.
        let actor = signed.user.username.clone();
        let route = (method.as_str(), path);
        let noted = note_refusal(&app, actor, "access.refused", route, signed.address.clone()).await;
        return noted.map_or_else(IntoResponse::into_response, |()| response);
    }
    let is_change = method != Method::GET && !table::UNRECORDED.contains(&(method.as_str(), path));
    if is_change && response.status().is_success() && !signed.is_recorded.load(Ordering::Relaxed) {
        let detail = format!("{} {request_id}", response.status().as_u16());
        if let Err(problem) = signed.audit(&app, "request", &format!("{method} {path}"), &detail).await {
            return problem.into_response();
        }
    }
    response
}

/// Whose request it is, if the table lets them.
async fn admit(
    app: &App,
    headers: &HeaderMap,
    address: SmolStr,
    route: (&str, &str),
    access: Access,
) -> Result<Signed, Problem> {
    let token = token_of(headers).ok_or_else(Problem::unauthenticated)?;
    let idle_ms = app.security.load().idle_ms();
    let found = app.records.session_user(&token, idle_ms, app.clock.now()).await?;
    let Some(SessionUser { user, is_single_sign_on }) = found else {
        // Made up, ended or expired; nobody knows whose it was.
        note_refusal(app, SmolStr::default(), "session.invalid", route, address).await?;
        return Err(Problem::unauthenticated());
    };
    if matches!(access, Access::AnySession | Access::OneOf(_)) {
        if !is_single_sign_on && app.must_change_password(&user) {
            return Err(Problem::password_change_required());
        }
        if app.security.load().lacks_totp(&user) {
            return Err(Problem::second_factor_required());
        }
    }
    let is_allowed = match access {
        Access::Public | Access::PasswordChangeOnly | Access::AnySession => true,
        Access::OneOf(permissions) => permissions.iter().any(|permission| user.roles.allow(*permission)),
    };
    if !is_allowed {
        note_refusal(app, user.username.clone(), "access.refused", route, address).await?;
        return Err(Problem::forbidden());
    }
    let scope = user.unit.map_or(UnitPath::WHOLE, |unit| app.scope_of(unit));
    let User { username, unit, roles, .. } = &user;
    let actor = Actor { username: username.clone(), unit: *unit, roles: roles.clone() };
    Ok(Signed { user, is_single_sign_on, token, actor, scope, address, is_recorded: Arc::default() })
}

/// Writes a refusal into the audit, unless the same was written within the last minute.
async fn note_refusal(
    app: &App,
    actor: SmolStr,
    action: &'static str,
    (method, path): (&str, &str),
    address: SmolStr,
) -> Result<(), Problem> {
    let now = app.clock.now();
    let target = format_smolstr!("{method} {path}");
    let who = if actor.is_empty() { &address } else { &actor };
    let Some(unwritten) = app.refusals.note(who, &target, now) else { return Ok(()) };
    let detail = if unwritten == 0 { String::new() } else { format!("+{unwritten}") };
    let entry = AuditEntry { at: now, actor, action: action.into(), target, detail, address: Some(address) };
    app.records.append_audit(&entry).await?;
    Ok(())
}

fn request_id(headers: &HeaderMap) -> String {
    headers.get("x-request-id").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}
