//! Single sign-on (统一身份认证) beside the password: OpenID Connect Core 1.0, authorization code with PKCE (RFC 7636).
//!
//! The provider says who somebody is; what they may do stays here. So an account must exist: it is found by its username, and
//! nobody comes in whom the system administrator did not enter. The three administrators sign in by password, so that who
//! runs the provider is not who runs the platform.

mod attempts;
mod provider;

use crate::access::Signed;
use crate::app::App;
use crate::problem::Problem;
use crate::session::cookie_of;
use attempts::Attempt;
pub use attempts::Attempts;
use axum::Json;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{DeviceId, Timestamp};
use provider::{Provider, ProviderError, Subject};
use records::{AuditEntry, LogInError, Origin, SESSION_LIFETIME_MS, SealedPassword};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::net::SocketAddr;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Name of the setting.
const SETTING: &str = "single_sign_on";
/// Longest text of a field, in characters.
const FIELD_CHARS_MAX: usize = 500;
/// Binds a sign-in to the browser that began it. `Lax`, since the provider sends the browser back.
const COOKIE: &str = "anchang_sign_in";
/// Where the provider sends the browser back to, below the address of the platform.
const CALLBACK: &str = "/api/v1/session/sso/callback";

/// The provider, as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Stored {
    is_offered: bool,
    label: String,
    issuer: String,
    client_id: String,
    client_secret: Option<String>,
    public_url: String,
    username_claim: Subject,
}

/// The provider, as the security administrator sets it.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SsoInput {
    /// Whether the log-in page offers it.
    is_offered: bool,
    /// What its button says.
    label: String,
    /// The provider's address, as it names itself; its description is found below it.
    issuer: String,
    client_id: String,
    /// Left out, the one that is stored stays.
    client_secret: Option<String>,
    /// The platform's own address, as browsers know it: `https://anchang.example.cn`.
    public_url: String,
    username_claim: Subject,
}

/// The provider, as it is shown. The secret never is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SsoView {
    is_offered: bool,
    label: String,
    issuer: String,
    client_id: String,
    has_secret: bool,
    public_url: String,
    username_claim: Subject,
    /// To be registered with the provider.
    redirect_url: String,
}

/// What the log-in page needs to know.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SsoOffer {
    is_offered: bool,
    label: String,
}

/// How the provider answers.
#[derive(Debug, Deserialize, IntoParams)]
pub(crate) struct Answer {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
}

/// What the stored secret is sealed for.
fn secret_subject() -> DeviceId {
    DeviceId::from("single-sign-on")
}

fn view(stored: Stored) -> SsoView {
    SsoView {
        redirect_url: redirect_url(&stored.public_url),
        is_offered: stored.is_offered,
        label: stored.label,
        issuer: stored.issuer,
        client_id: stored.client_id,
        has_secret: stored.client_secret.is_some(),
        public_url: stored.public_url,
        username_claim: stored.username_claim,
    }
}

fn redirect_url(public_url: &str) -> String {
    format!("{}{CALLBACK}", public_url.trim_end_matches('/'))
}

async fn stored(app: &App) -> Result<Option<Stored>, Problem> {
    Ok(app.records.setting(SETTING).await?)
}

/// The provider to sign in with, if one is offered.
async fn offered(app: &App) -> Result<Provider, Problem> {
    let stored = stored(app).await?.filter(|stored| stored.is_offered);
    let stored = stored
        .ok_or_else(|| Problem::not_found("未启用统一身份认证。", "Single sign-on is not offered here."))?;
    Ok(provider_of(app, &stored))
}

fn provider_of(app: &App, stored: &Stored) -> Provider {
    let sealed = stored.client_secret.clone().map(SealedPassword);
    Provider {
        issuer: stored.issuer.clone(),
        client_id: stored.client_id.clone(),
        client_secret: sealed.and_then(|sealed| app.seal.open(&secret_subject(), &sealed)),
        redirect_url: redirect_url(&stored.public_url),
        username_claim: stored.username_claim,
    }
}

/// Whether single sign-on is offered.
#[utoipa::path(get, path = "/session/sso", tag = "session", responses((status = 200, body = SsoOffer)))]
pub(crate) async fn offer(State(app): State<Arc<App>>) -> Result<Json<SsoOffer>, Problem> {
    let stored = stored(&app).await?.filter(|stored| stored.is_offered);
    let label = stored.as_ref().map(|stored| stored.label.clone()).unwrap_or_default();
    Ok(Json(SsoOffer { is_offered: stored.is_some(), label }))
}

/// Sends the browser to the provider.
#[utoipa::path(get, path = "/session/sso/start", tag = "session", responses((status = 303), (status = 404)))]
pub(crate) async fn start(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let provider = offered(&app).await?;
    let asked = match tokio::task::spawn_blocking(move || provider.ask()).await {
        Ok(Ok(asked)) => asked,
        Ok(Err(error)) => return Ok(refuse(Refusal::of(&error))),
        Err(error) => return Err(Problem::internal("ask the identity provider", &error)),
    };
    let now = app.clock.now();
    let state = asked.state.clone();
    if !app.sign_ins.begin(state.clone(), Attempt { nonce: asked.nonce, verifier: asked.verifier }, now) {
        return Ok(refuse(Refusal::Busy));
    }
    let cookie = format!("{COOKIE}={state}; Path={CALLBACK}; HttpOnly; SameSite=Lax; Max-Age=600");
    let cookie = HeaderValue::from_str(&cookie).map_err(|error| Problem::internal("set a cookie", &error))?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, text_of(&asked.url)?), (header::SET_COOKIE, cookie)])
        .into_response())
}

fn text_of(text: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(text).map_err(|error| Problem::internal("send the browser on", &error))
}

/// Where the provider sends the browser back to.
#[utoipa::path(get, path = "/session/sso/callback", tag = "session", params(Answer), responses((status = 303)))]
pub(crate) async fn callback(
    State(app): State<Arc<App>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Query(answer): Query<Answer>,
) -> Result<Response, Problem> {
    let now = app.clock.now();
    let address = address.ip().to_string();
    let device = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let signed_in = sign_in(&app, &headers, answer, Origin { address: Some(&address), device }, now).await?;
    let (actor, action, detail) = match &signed_in {
        Ok((username, _)) => (username.clone(), "session.open", "sso"),
        Err((username, refusal)) => (username.clone(), "session.refused", refusal.key()),
    };
    // Anybody may call this as often as they like: what names nobody is written once a minute of each address.
    let is_written =
        !actor.is_empty() || app.refusals.note(&SmolStr::new(&address), &SmolStr::new(detail), now).is_some();
    if is_written {
        let entry = AuditEntry {
            at: now,
            target: actor.clone(),
            actor,
            action: action.into(),
            detail: detail.to_owned(),
            address: Some(address.into()),
        };
        app.records.append_audit(&entry).await?;
    }
    Ok(match signed_in {
        Ok((_, token)) => {
            let cookie = cookie_of(&token, SESSION_LIFETIME_MS / 1_000);
            let home = HeaderValue::from_static("/");
            (StatusCode::SEE_OTHER, [(header::LOCATION, home), (header::SET_COOKIE, cookie)]).into_response()
        }
        Err((_, refusal)) => refuse(refusal),
    })
}

/// The username and the session's token, or whom as far as is known, and why not.
type SignedIn = Result<(SmolStr, String), (SmolStr, Refusal)>;

async fn sign_in(
    app: &App,
    headers: &HeaderMap,
    answer: Answer,
    origin: Origin<'_>,
    now: Timestamp,
) -> Result<SignedIn, Problem> {
    let nobody = |refusal| Ok(Err((SmolStr::default(), refusal)));
    // Who was sent here by somebody else has no such cookie.
    let Some(state) = answer.state.filter(|state| cookie(headers) == Some(state.as_str())) else {
        return nobody(Refusal::NotBegun);
    };
    let Some(attempt) = app.sign_ins.end(&state, now) else { return nobody(Refusal::NotBegun) };
    if answer.error.is_some() {
        return nobody(Refusal::Cancelled);
    }
    let Some(code) = answer.code else { return nobody(Refusal::NotBegun) };
    let provider = offered(app).await?;
    let Attempt { nonce, verifier } = attempt;
    let told = tokio::task::spawn_blocking(move || provider.redeem(code, verifier, &nonce)).await;
    let username = match told.map_err(|error| Problem::internal("ask the identity provider", &error))? {
        Ok(username) => SmolStr::from(username),
        Err(error) => {
            tracing::warn!(%error, "single sign-on failed");
            return nobody(Refusal::of(&error));
        }
    };
    Ok(match app.records.log_in_vouched(&username, origin, now).await {
        Ok(session) => Ok((username, session.token.reveal().to_owned())),
        Err(LogInError::Disabled) => Err((username, Refusal::Disabled)),
        Err(LogInError::OwnAccount) => Err((username, Refusal::OwnAccount)),
        Err(LogInError::Store(error)) => return Err(error.into()),
        Err(_) => Err((username, Refusal::Unknown)),
    })
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// Why nobody was signed in; the log-in page has words for each.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    /// The provider doesn't answer, or not as one.
    Unreachable,
    /// What it said of the user can't be relied upon.
    Untrusted,
    /// No sign-in was begun in this browser, or too long ago.
    NotBegun,
    /// The user or the provider ended it.
    Cancelled,
    /// Nobody has such an account here.
    Unknown,
    /// The account is disabled.
    Disabled,
    /// An administrator's.
    OwnAccount,
    /// Too many sign-ins are under way.
    Busy,
}

impl Refusal {
    fn of(error: &ProviderError) -> Self {
        match error {
            ProviderError::Settings(_) | ProviderError::Unreachable(_) => Self::Unreachable,
            ProviderError::Untrusted(_) | ProviderError::Nameless => Self::Untrusted,
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Untrusted => "untrusted",
            Self::NotBegun => "not_begun",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
            Self::Disabled => "disabled",
            Self::OwnAccount => "own_account",
            Self::Busy => "busy",
        }
    }
}

/// Back to the log-in page, which says why.
fn refuse(refusal: Refusal) -> Response {
    let place =
        HeaderValue::from_str(&format!("/login?sso={}", refusal.key())).expect("keys are plain words");
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

/// The identity provider.
#[utoipa::path(get, path = "/security/sso", tag = "users", responses((status = 200, body = Option<SsoView>)))]
pub(crate) async fn get(State(app): State<Arc<App>>) -> Result<Json<Option<SsoView>>, Problem> {
    Ok(Json(stored(&app).await?.map(view)))
}

/// Sets the identity provider. One that is to be offered must answer.
#[utoipa::path(put, path = "/security/sso", tag = "users", request_body = SsoInput,
    responses((status = 200, body = SsoView), (status = 422)))]
pub(crate) async fn put(
    State(app): State<Arc<App>>,
    by: Signed,
    Json(input): Json<SsoInput>,
) -> Result<Json<SsoView>, Problem> {
    let fields = [&input.label, &input.issuer, &input.client_id, &input.public_url];
    if fields.into_iter().chain(&input.client_secret).any(|text| text.chars().count() > FIELD_CHARS_MAX) {
        return Err(Problem::invalid(
            format!("每项不超过 {FIELD_CHARS_MAX} 个字符。"),
            format!("No field may have more than {FIELD_CHARS_MAX} characters."),
        ));
    }
    let before = stored(&app).await?;
    let client_secret = match input.client_secret.as_deref().map(str::trim) {
        None => before.and_then(|before| before.client_secret),
        Some("") => None,
        Some(secret) => {
            let sealed = app.seal.seal(&secret_subject(), secret);
            Some(sealed.ok_or_else(Problem::busy)?.0)
        }
    };
    let stored = Stored {
        is_offered: input.is_offered,
        label: input.label.trim().to_owned(),
        issuer: input.issuer.trim().to_owned(),
        client_id: input.client_id.trim().to_owned(),
        client_secret,
        public_url: input.public_url.trim().trim_end_matches('/').to_owned(),
        username_claim: input.username_claim,
    };
    if stored.is_offered {
        let provider = provider_of(&app, &stored);
        let asked = tokio::task::spawn_blocking(move || provider.ask()).await;
        if let Err(error) = asked.map_err(|error| Problem::internal("ask the identity provider", &error))? {
            return Err(Problem::invalid(
                format!("无法使用该身份认证服务：{error}"),
                format!("This identity provider can't be used: {error}"),
            ));
        }
    }
    app.records.put_setting(SETTING, &stored, app.clock.now()).await?;
    by.audit(&app, "security.sso", SETTING, &stored.issuer).await?;
    Ok(Json(view(stored)))
}
