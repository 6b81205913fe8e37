//! Who is asking: sessions, roles, and the audit of what people do.

use crate::app::App;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use records::{AuditEntry, ChangePasswordError, LogInError, PasswordRule, Role, SESSION_LIFETIME_MS, User};
use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, ToSmolStr};
use std::net::SocketAddr;
use std::sync::Arc;
use utoipa::ToSchema;

/// The cookie of the page's session.
const COOKIE: &str = "anchang_session";

/// A user who has signed in, whatever the role.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    pub(crate) user: User,
    token: SmolStr,
    address: SmolStr,
}

/// An officer or administrator.
pub(crate) struct Officer(pub(crate) Signed);
/// An administrator.
pub(crate) struct Administrator(pub(crate) Signed);
/// Signed in, perhaps with a one-time password: may only look at the session and change the password.
pub(crate) struct MayOnlyChangePassword(pub(crate) Signed);

impl Signed {
    /// Writes into the audit what this user did.
    pub(crate) async fn audit(
        &self,
        app: &App,
        action: &str,
        target: &str,
        detail: &str,
    ) -> Result<(), Problem> {
        app.records
            .append_audit(&AuditEntry {
                at: app.clock.now(),
                actor: self.user.username.clone(),
                action: action.into(),
                target: target.into(),
                detail: detail.to_string(),
                address: Some(self.address.clone()),
            })
            .await?;
        Ok(())
    }
}

impl FromRequestParts<Arc<App>> for MayOnlyChangePassword {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let token = token_of(&parts.headers).ok_or_else(Problem::unauthenticated)?;
        let user =
            app.records.session_user(&token, app.clock.now()).await?.ok_or_else(Problem::unauthenticated)?;
        Ok(Self(Signed { user, token, address: address_of(parts) }))
    }
}

impl FromRequestParts<Arc<App>> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let MayOnlyChangePassword(signed) = MayOnlyChangePassword::from_request_parts(parts, app).await?;
        if signed.user.must_change_password { Err(Problem::password_change_required()) } else { Ok(signed) }
    }
}

impl FromRequestParts<Arc<App>> for Officer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let signed = Signed::from_request_parts(parts, app).await?;
        if signed.user.role >= Role::Officer { Ok(Self(signed)) } else { Err(Problem::forbidden()) }
    }
}

impl FromRequestParts<Arc<App>> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let signed = Signed::from_request_parts(parts, app).await?;
        if signed.user.role == Role::Administrator { Ok(Self(signed)) } else { Err(Problem::forbidden()) }
    }
}

fn token_of(headers: &HeaderMap) -> Option<SmolStr> {
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

fn address_of(parts: &Parts) -> SmolStr {
    let info = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    info.map_or_else(SmolStr::default, |ConnectInfo(address)| address.ip().to_smolstr())
}

/// User name and password.
#[derive(Deserialize, ToSchema)]
pub(crate) struct LogIn {
    username: String,
    password: String,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
pub(crate) struct PasswordChange {
    current_password: String,
    new_password: String,
}

/// A user, as others see them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserView {
    pub(crate) id: i64,
    pub(crate) username: String,
    pub(crate) display_name: String,
    /// `administrator`, `officer`, `viewer`.
    pub(crate) role: &'static str,
    pub(crate) is_enabled: bool,
    pub(crate) must_change_password: bool,
    pub(crate) created_at: String,
    pub(crate) last_login_at: Option<String>,
}

/// An opened session. Pages use the cookie that comes with it, programs the token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionView {
    token: String,
    expires_at: String,
    user: UserView,
}

pub(crate) fn user_view(user: &User) -> UserView {
    UserView {
        id: user.id.0,
        username: user.username.to_string(),
        display_name: user.display_name.to_string(),
        role: user.role.key(),
        is_enabled: user.is_enabled,
        must_change_password: user.must_change_password,
        created_at: crate::wire::instant(user.created_at),
        last_login_at: user.last_login_at.map(crate::wire::instant),
    }
}

/// Signs in.
#[utoipa::path(post, path = "/session", tag = "session", request_body = LogIn,
    responses((status = 200, body = SessionView), (status = 401), (status = 429)))]
pub(crate) async fn log_in(
    State(app): State<Arc<App>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    Json(input): Json<LogIn>,
) -> Result<Response, Problem> {
    let address = address.ip().to_string();
    let now = app.clock.now();
    let opened = app.records.log_in(&input.username, &input.password, Some(&address), now).await;
    let action = if opened.is_ok() { "session.open" } else { "session.refused" };
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
        LogInError::Locked { .. } => Problem::locked(),
        LogInError::Disabled => Problem::forbidden(),
        LogInError::Store(error) => error.into(),
    })?;
    let view = SessionView {
        token: session.token.reveal().to_string(),
        expires_at: crate::wire::instant(session.expires_at),
        user: user_view(&session.user),
    };
    let cookie = cookie_of(session.token.reveal(), SESSION_LIFETIME_MS / 1_000);
    Ok(([(header::SET_COOKIE, cookie)], Json(view)).into_response())
}

fn cookie_of(token: &str, lifetime_s: i64) -> HeaderValue {
    let text = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={lifetime_s}");
    HeaderValue::from_str(&text).expect("a token has hexadecimal digits only")
}

/// Who is signed in.
#[utoipa::path(get, path = "/session", tag = "session", responses((status = 200, body = UserView), (status = 401)))]
pub(crate) async fn get(MayOnlyChangePassword(signed): MayOnlyChangePassword) -> Json<UserView> {
    Json(user_view(&signed.user))
}

/// Signs out.
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = 204)))]
pub(crate) async fn log_out(
    State(app): State<Arc<App>>,
    MayOnlyChangePassword(signed): MayOnlyChangePassword,
) -> Result<Response, Problem> {
    app.records.log_out(&signed.token).await?;
    signed.audit(&app, "session.close", &signed.user.username, "").await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie_of("", 0))]).into_response())
}

/// Changes one's own password; all other sessions of the user end.
#[utoipa::path(put, path = "/session/password", tag = "session", request_body = PasswordChange,
    responses((status = 204), (status = 401), (status = 422)))]
pub(crate) async fn change_password(
    State(app): State<Arc<App>>,
    MayOnlyChangePassword(signed): MayOnlyChangePassword,
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
            ChangePasswordError::Same => {
                Problem::invalid("新密码不得与原密码相同。", "The new password is the current one.")
            }
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
