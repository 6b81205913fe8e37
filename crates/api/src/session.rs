//! One's own session: signing in and out, who one is, the password.

use crate::access::Signed;
use crate::app::App;
use crate::problem::Problem;
use crate::totp;
use crate::user::{UserView, user_view};
use crate::wire::{List, instant};
use axum::Json;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::people::Permission;
use records::{
    AuditEntry, ChangePasswordError, LogInError, Origin, PASSWORDS_REMEMBERED, PasswordRule,
    SESSION_LIFETIME_MS, SecondFactor, User, UserId, session_id,
};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::net::SocketAddr;
use std::sync::Arc;
use utoipa::ToSchema;

/// The cookie of the page's session.
const COOKIE: &str = "anchang_session";

/// The token that a request carries.
pub(crate) fn token_of(headers: &HeaderMap) -> Option<SmolStr> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.strip_prefix("Bearer "))
        .map(SmolStr::new);
    bearer.or_else(|| {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        cookies
            .flat_map(|line| line.split(';'))
            .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('=').map(SmolStr::new))
    })
}

/// User name and password.
#[derive(Deserialize, ToSchema)]
pub(crate) struct LogIn {
    username: String,
    password: String,
    /// The authenticator's code or a recovery code, where the answer asked for one.
    code: Option<String>,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
pub(crate) struct PasswordChange {
    current_password: String,
    new_password: String,
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeView {
    #[serde(flatten)]
    user: UserView,
    /// What the user may do; pages show what these allow and ask for no role.
    permissions: Vec<&'static str>,
    /// Whether a second factor must be set up before anything else.
    must_set_up_totp: bool,
    /// Recovery codes that are left.
    recovery_codes_left: usize,
    /// When the password must be changed.
    password_due_at: Option<String>,
    /// Whether the session was opened by the unit's identity provider.
    is_single_sign_on: bool,
}

/// An opened session. Pages use the cookie that comes with it, programs the token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionView {
    token: String,
    expires_at: String,
    user: MeView,
}

fn me_view(app: &App, user: &User, is_single_sign_on: bool) -> MeView {
    let allowed = Permission::ALL.iter().filter(|permission| user.roles.allow(**permission));
    let rules = app.security.load();
    let mut view = user_view(app, user);
    view.must_change_password = !is_single_sign_on && app.must_change_password(user);
    MeView {
        user: view,
        permissions: allowed.map(|permission| permission.key()).collect(),
        must_set_up_totp: rules.lacks_totp(user),
        recovery_codes_left: user.recovery_codes_left,
        password_due_at: rules.password_due_at(user).filter(|_| !is_single_sign_on).map(instant),
        is_single_sign_on,
    }
}

/// Signs in.
#[utoipa::path(post, path = "/session", tag = "session", request_body = LogIn,
    responses((status = 200, body = SessionView), (status = 401), (status = 429)))]
pub(crate) async fn log_in(
    State(app): State<Arc<App>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Json(input): Json<LogIn>,
) -> Result<Response, Problem> {
    let address = address.ip().to_string();
    let now = app.clock.now();
    let device = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let origin = Origin { address: Some(&address), device };
    let step_of =
        |username: &str, sealed: &str, code: &str| totp::step_of(&app.seal, username, sealed, code, now);
    let second = SecondFactor { code: input.code.as_deref(), step_of: &step_of };
    let opened = app.records.log_in(&input.username, &input.password, second, origin, now).await;
    if matches!(opened, Err(LogInError::NeedsCode)) {
        return Err(Problem::code_required()); // Half of a log-in; its end is in the audit.
    }
    let action = match &opened {
        Ok(session) if session.used_recovery_code => "session.recovery_code",
        Ok(_) => "session.open",
        Err(_) => "session.refused",
    };
    let entry = AuditEntry {
        at: now,
        actor: input.username.as_str().into(),
        action: action.into(),
        target: input.username.as_str().into(),
        detail: String::new(),
        address: Some(address.into()),
    };
    app.records.append_audit(&entry).await?;
    let session = opened.map_err(|error| match error {
        LogInError::WrongCredentials => Problem::wrong_password(),
        LogInError::NeedsCode => Problem::code_required(),
        LogInError::WrongCode => Problem::wrong_code(),
        LogInError::Locked { .. } => Problem::locked(),
        LogInError::Disabled | LogInError::OwnAccount => Problem::forbidden(),
        LogInError::Store(error) => error.into(),
    })?;
    let view = SessionView {
        token: session.token.reveal().to_string(),
        expires_at: instant(session.expires_at),
        user: me_view(&app, &session.user, false),
    };
    let cookie = cookie_of(session.token.reveal(), SESSION_LIFETIME_MS / 1_000);
    Ok(([(header::SET_COOKIE, cookie)], Json(view)).into_response())
}

pub(crate) fn cookie_of(token: &str, lifetime_s: i64) -> HeaderValue {
    let text = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={lifetime_s}");
    HeaderValue::from_str(&text).expect("a token has hexadecimal digits only")
}

/// Who is signed in.
#[utoipa::path(get, path = "/session", tag = "session", responses((status = 200, body = MeView), (status = 401)))]
pub(crate) async fn get(State(app): State<Arc<App>>, signed: Signed) -> Json<MeView> {
    Json(me_view(&app, &signed.user, signed.is_single_sign_on))
}

/// Signs out.
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = 204)))]
pub(crate) async fn log_out(State(app): State<Arc<App>>, signed: Signed) -> Result<Response, Problem> {
    app.records.log_out(&signed.token).await?;
    signed.audit(&app, "session.close", &signed.user.username, "").await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie_of("", 0))]).into_response())
}

/// Changes one's own password; all other sessions of the user end.
#[utoipa::path(put, path = "/session/password", tag = "session", request_body = PasswordChange,
    responses((status = 204), (status = 401), (status = 422)))]
pub(crate) async fn change_password(
    State(app): State<Arc<App>>,
    signed: Signed,
    Json(input): Json<PasswordChange>,
) -> Result<StatusCode, Problem> {
    let PasswordChange { current_password, new_password } = input;
    let keep = Some(signed.token.as_str());
    let now = app.clock.now();
    app.records.change_password(signed.user.id, &current_password, &new_password, keep, now).await.map_err(
        |error| match error {
            ChangePasswordError::NotFound => Problem::unauthenticated(),
            ChangePasswordError::WrongPassword => {
                Problem::invalid("原密码不正确。", "The current password is wrong.")
            }
            ChangePasswordError::Locked { .. } => Problem::locked(),
            ChangePasswordError::UsedBefore => Problem::invalid(
                format!("新密码不得与最近 {PASSWORDS_REMEMBERED} 次使用过的密码相同。"),
                format!("The new password is one of the last {PASSWORDS_REMEMBERED}."),
            ),
            ChangePasswordError::Rule(rule) => Problem::invalid(rule_in_chinese(rule), format!("{rule}.")),
            ChangePasswordError::Store(error) => error.into(),
        },
    )?;
    signed.audit(&app, "session.change_password", &signed.user.username, "").await?;
    Ok(StatusCode::NO_CONTENT)
}

fn rule_in_chinese(rule: PasswordRule) -> String {
    let text = match rule {
        PasswordRule::TooShort => "密码至少 10 个字符。",
        PasswordRule::TooLong => "密码过长。",
        PasswordRule::IsUsername => "密码不得与用户名相同。",
        PasswordRule::OneClass => "密码须包含小写字母、大写字母、数字、符号中的至少两类。",
    };
    text.to_string()
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionRowView {
    /// What to end it by; it lets nobody in.
    id: String,
    /// Whether this request came in it.
    is_this: bool,
    created_at: String,
    /// Within a minute.
    last_used_at: String,
    /// The latest end.
    expires_at: String,
    address: Option<String>,
    /// What the browser or program calls itself.
    device: Option<String>,
}

/// Sessions of a user as they are shown to `by`.
pub(crate) async fn sessions_of(
    app: &App,
    user: UserId,
    by: &Signed,
) -> Result<List<SessionRowView>, Problem> {
    let this = session_id(&by.token);
    let found = app.records.sessions(user, app.clock.now()).await?;
    let items: Vec<SessionRowView> = found
        .into_iter()
        .map(|record| SessionRowView {
            is_this: record.id == this,
            id: record.id.to_string(),
            created_at: instant(record.created_at),
            last_used_at: instant(record.last_used_at),
            expires_at: instant(record.expires_at),
            address: record.address.map(|address| address.to_string()),
            device: record.device.map(|device| device.to_string()),
        })
        .collect();
    Ok(List { total: items.len() as u64, items })
}

/// One's own sessions, newest first.
#[utoipa::path(get, path = "/session/sessions", tag = "session", responses((status = 200, body = List<SessionRowView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    by: Signed,
) -> Result<Json<List<SessionRowView>>, Problem> {
    Ok(Json(sessions_of(&app, by.user.id, &by).await?))
}

/// Ends one of one's own sessions.
#[utoipa::path(delete, path = "/session/sessions/{session}", tag = "session", params(("session" = String, Path)),
    responses((status = 204), (status = 404)))]
pub(crate) async fn end_one(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(session): Path<String>,
) -> Result<StatusCode, Problem> {
    if !app.records.end_session(by.user.id, &session).await? {
        return Err(no_such_session());
    }
    by.audit(&app, "session.end_other", &by.user.username, &session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all of one's own sessions but this one.
#[utoipa::path(delete, path = "/session/sessions", tag = "session", responses((status = 204)))]
pub(crate) async fn end_others(State(app): State<Arc<App>>, by: Signed) -> Result<StatusCode, Problem> {
    app.records.end_sessions(by.user.id, Some(&by.token)).await?;
    by.audit(&app, "session.end_other", &by.user.username, "").await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) fn no_such_session() -> Problem {
    Problem::not_found("没有这个会话，或已结束。", "There is no such session, or it has ended.")
}
