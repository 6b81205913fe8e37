//! Web push (网页推送): notices to a browser that is not open, by the push service of its maker. What is sent is encrypted for the
//! browser alone (RFC 8291) and signed with the key of this installation (VAPID, RFC 8292), which is made at the first start and
//! kept sealed. A push service at a private address is only allowed where the configuration says so: whoever has an account may name one.

use super::channel::Outgoing;
use super::text::{head_of, rest_of};
use crate::access::Signed;
use crate::app::App;
use crate::problem::Problem;
use crate::wire::instant;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use domain::time::HOUR_MS;
use domain::{CaseKind, DeviceId, Level, Timestamp};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use records::{PushRecord, SealedPassword, TidingsRecord};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use utoipa::ToSchema;
use web_push_native::Auth;

/// The channel that deliveries by push name.
pub const PUSH_CHANNEL: &str = "push";
/// The setting that holds the installation's key, sealed.
const KEY_SETTING: &str = "push_key";
/// What it is sealed for.
const KEY_SUBJECT: &str = "push-key";
/// How long a signature is good; RFC 8292 allows 24 hours.
const SIGNATURE_MS: i64 = 12 * HOUR_MS;
/// How long a push service keeps what it can't deliver, in seconds: by then the clock of most steps has run out.
const KEPT_S: u32 = 4 * 3_600;
/// Longest address of a push service.
const ENDPOINT_BYTES_MAX: usize = 1_024;
/// Bytes of a browser's secret.
const AUTH_BYTES: usize = 16;
/// Longest name of a browser.
const DEVICE_CHARS_MAX: usize = 200;
/// Longest line that is shown; a service takes 4,096 bytes, encrypted.
const BODY_CHARS_MAX: usize = 400;

/// What the configuration says about push.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PushConfig {
    /// Whom a push service may write to, `mailto:` or `https:`; some refuse one that is made up.
    pub contact: String,
    /// Whether push services may be at private addresses and without TLS: for a network with one of its own, and for tests.
    pub private_services: bool,
}

impl Default for PushConfig {
    fn default() -> Self {
        Self { contact: "mailto:anchang@example.com".to_owned(), private_services: false }
    }
}

/// Why a push can't be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// The key was sealed under another secret.
    #[error("the key of push can't be opened: `secret` is not the one it was sealed under")]
    Key,
    /// What the browser said of itself is no key.
    #[error("the browser's keys can't be used")]
    Browser,
    /// The address of its service.
    #[error("the address of the push service can't be used")]
    Address,
    /// Records.
    #[error(transparent)]
    Store(#[from] records::StoreError),
}

/// The installation's key.
struct PushKey(SigningKey);

impl PushKey {
    /// The public half, as browsers take it: an uncompressed point, base64url.
    fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.verifying_key().to_encoded_point(false).as_bytes())
    }

    /// The head field that says who sends (RFC 8292).
    fn authorization(&self, service: &Url, contact: &str, now: Timestamp) -> String {
        let head = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"ES256"}"#);
        let until_s = now.plus_ms(SIGNATURE_MS).unix_ms() / 1_000;
        let claims = json!({ "aud": service.origin().ascii_serialization(), "exp": until_s, "sub": contact });
        let text = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature: Signature = self.0.sign(text.as_bytes());
        format!("vapid t={text}.{}, k={}", URL_SAFE_NO_PAD.encode(signature.to_bytes()), self.public())
    }
}

impl App {
    /// Makes the installation's key, where there is none yet; called before anybody can ask for it.
    pub async fn ensure_push_key(&self) -> Result<(), PushError> {
        if self.records.setting::<String>(KEY_SETTING).await?.is_some() {
            return Ok(());
        }
        let key = p256::SecretKey::random(&mut p256::elliptic_curve::rand_core::OsRng);
        let text = URL_SAFE_NO_PAD.encode(key.to_bytes());
        let sealed = self.seal.seal(&DeviceId::from(KEY_SUBJECT), &text).ok_or(PushError::Key)?;
        self.records.put_setting(KEY_SETTING, &sealed.0, self.clock.now()).await?;
        Ok(())
    }

    async fn push_key(&self) -> Result<PushKey, PushError> {
        let sealed = self.records.setting::<String>(KEY_SETTING).await?.ok_or(PushError::Key)?;
        let text =
            self.seal.open(&DeviceId::from(KEY_SUBJECT), &SealedPassword(sealed)).ok_or(PushError::Key)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| PushError::Key)?;
        SigningKey::from_slice(&bytes).map(PushKey).map_err(|_| PushError::Key)
    }

    /// The request that brings a delivery's event to a browser.
    pub async fn push_request(&self, push: &PushRecord, event: &str) -> Result<Outgoing, PushError> {
        let service = service_of(&push.endpoint, self.push.private_services).ok_or(PushError::Address)?;
        let public = point_of(&push.public_key).ok_or(PushError::Browser)?;
        let auth = secret_of(&push.auth).ok_or(PushError::Browser)?;
        let body = web_push_native::encrypt(event.as_bytes().to_vec(), &public, &auth)
            .map_err(|_| PushError::Browser)?;
        let authorization =
            self.push_key().await?.authorization(&service, &self.push.contact, self.clock.now());
        let headers = vec![
            ("content-type", "application/octet-stream".to_owned()),
            ("content-encoding", "aes128gcm".to_owned()),
            ("authorization", authorization),
            ("ttl", KEPT_S.to_string()),
            ("urgency", "high".to_owned()),
        ];
        Ok(Outgoing { method: "POST", url: push.endpoint.clone(), headers, body })
    }
}

/// What the browser is told: a title, a line, where it leads. The same case replaces what was shown of it before.
pub fn push_event(tidings: &TidingsRecord) -> String {
    let place = if tidings.kind.is_some() { "cases" } else { "warnings" };
    // Pages of the road, for a phone.
    let road = match tidings.kind {
        Some(CaseKind::Dispatch) => Some(format!("/road/orders/{}", tidings.subject)),
        Some(CaseKind::Hazard) => Some(format!("/road/hazards/{}", tidings.subject)),
        _ => None,
    };
    json!({
        "title": head_of(tidings),
        "body": rest_of(tidings).chars().take(BODY_CHARS_MAX).collect::<String>(),
        "url": format!("/{place}/{}", tidings.subject),
        "road_url": road,
        "tag": tidings.subject.as_str(),
        "is_urgent": tidings.level == Level::High,
    })
    .to_string()
}

/// The address of a push service, where it may be asked: TLS and a name or address of the internet.
fn service_of(endpoint: &str, may_be_private: bool) -> Option<Url> {
    let url: Url = endpoint.parse().ok()?;
    let host = url.host_str()?;
    let is_plain = url.username().is_empty() && url.password().is_none();
    let is_safe = url.scheme() == "https" && url.port().is_none() && is_public_host(host);
    let is_allowed = may_be_private && matches!(url.scheme(), "http" | "https");
    (endpoint.len() <= ENDPOINT_BYTES_MAX && is_plain && (is_safe || is_allowed)).then_some(url)
}

fn is_public_host(host: &str) -> bool {
    if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        return is_public(address);
    }
    let last = host.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    host.contains('.') && !matches!(last.as_str(), "local" | "internal" | "localdomain")
}

/// Whether an address is of the internet, as far as its form tells; names are looked up and asked this again when something is sent.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or_else(|| is_public_v6(v6), is_public_v4),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    let is_shared = first == 100 && (64..128).contains(&second); // RFC 6598
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || first == 0
        || first >= 240
        || is_shared)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    !(address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_unique_local()
        || address.is_unicast_link_local())
}

/// Browsers pad or don't.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}

fn point_of(text: &str) -> Option<p256::PublicKey> {
    p256::PublicKey::from_sec1_bytes(&bytes_of(text)?).ok()
}

fn secret_of(text: &str) -> Option<Auth> {
    <[u8; AUTH_BYTES]>::try_from(bytes_of(text)?.as_slice()).ok().map(Auth::from)
}

/// A browser of mine that is pushed to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PushView {
    id: i64,
    /// What the browser calls itself.
    device: String,
    /// The end of the address, by which a browser knows itself in the list.
    mark: String,
    created_at: String,
    delivered_at: Option<String>,
}

/// The installation's public key, and my browsers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PushesView {
    /// What a browser needs to subscribe: an uncompressed point of P-256, base64url.
    public_key: String,
    devices: Vec<PushView>,
}

/// The keys of a browser.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PushKeys {
    p256dh: String,
    auth: String,
}

/// A subscription as a browser gives it.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PushInput {
    endpoint: String,
    keys: PushKeys,
    /// What the browser calls itself.
    #[serde(default)]
    device: String,
}

/// Bytes of the end of an address that a browser is known by.
const MARK_CHARS: usize = 12;

fn view(push: &PushRecord) -> PushView {
    let count = push.endpoint.chars().count();
    PushView {
        id: push.id,
        device: push.device.clone(),
        mark: push.endpoint.chars().skip(count.saturating_sub(MARK_CHARS)).collect(),
        created_at: instant(push.created_at),
        delivered_at: push.delivered_at.map(instant),
    }
}

/// My browsers that are pushed to, and the key with which another one subscribes.
#[utoipa::path(get, path = "/session/pushes", tag = "notices", responses((status = 200, body = PushesView)))]
pub(crate) async fn pushes(State(app): State<Arc<App>>, by: Signed) -> Result<Json<PushesView>, Problem> {
    let key = app.push_key().await.map_err(|error| {
        tracing::error!(%error, "push can't be used");
        Problem::busy()
    })?;
    let devices = app.records.pushes_of(&by.user.username).await?;
    Ok(Json(PushesView { public_key: key.public(), devices: devices.iter().map(view).collect() }))
}

/// Pushes to this browser from now on.
#[utoipa::path(post, path = "/session/pushes", tag = "notices", request_body = PushInput,
    responses((status = 200, body = PushView), (status = 422)))]
pub(crate) async fn add_push(
    State(app): State<Arc<App>>,
    by: Signed,
    Json(input): Json<PushInput>,
) -> Result<Json<PushView>, Problem> {
    if service_of(&input.endpoint, app.push.private_services).is_none() {
        return Err(Problem::invalid(
            "推送服务的地址不可用：须为互联网上的 HTTPS 地址。",
            "The address of the push service can't be used: it has to be HTTPS on the internet.",
        ));
    }
    if point_of(&input.keys.p256dh).is_none() || secret_of(&input.keys.auth).is_none() {
        return Err(Problem::invalid("浏览器给出的密钥有误。", "The browser's keys can't be used."));
    }
    let mut push = PushRecord {
        id: 0,
        username: by.user.username.clone(),
        endpoint: input.endpoint,
        public_key: input.keys.p256dh,
        auth: input.keys.auth,
        device: input.device.chars().take(DEVICE_CHARS_MAX).collect(),
        created_at: app.clock.now(),
        delivered_at: None,
    };
    push.id = app.records.put_push(&push).await?;
    by.audit(&app, "push.add", &push.id.to_string(), &push.device).await?;
    Ok(Json(view(&push)))
}

/// Pushes to a browser of mine no longer.
#[utoipa::path(delete, path = "/session/pushes/{id}", tag = "notices", params(("id" = i64, Path)),
    responses((status = 204), (status = 404)))]
pub(crate) async fn remove_push(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    if !app.records.remove_push(id, Some(&by.user.username)).await? {
        return Err(Problem::not_found("没有这台设备。", "There is no such device."));
    }
    by.audit(&app, "push.remove", &id.to_string(), "").await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::signature::Verifier as _;

    #[test]
    fn only_services_of_the_internet_are_asked_unless_the_configuration_says_otherwise() {
        for fine in [
            "https://fcm.googleapis.com/fcm/send/abc",
            "https://updates.push.services.mozilla.com/wpush/v2/x",
        ] {
            assert!(service_of(fine, false).is_some(), "{fine}");
        }
        for inside in [
            "https://127.0.0.1/x",
            "https://10.1.2.3/x",
            "https://[::1]/x",
            "https://[::ffff:192.168.1.1]/x",
            "https://100.64.0.1/x",
            "https://localhost/x",
            "https://printer.local/x",
            "https://push.test:8443/x",
            "http://push.test/x",
        ] {
            assert!(service_of(inside, false).is_none(), "{inside}");
            assert!(service_of(inside, true).is_some(), "{inside}");
        }
        for wrong in [
            "ftp://push.test/x",
            "https://user@push.test/x",
            "push",
            &format!("https://push.test/{}", "x".repeat(1_100)),
        ] {
            assert!(service_of(wrong, true).is_none(), "{wrong}");
        }
    }

    #[test]
    fn the_signature_names_the_service_and_its_end_and_verifies_with_the_key_that_is_sent_along() {
        let key = PushKey(SigningKey::from_slice(&[7; 32]).unwrap());
        let service: Url = "https://push.test/send/1".parse().unwrap();
        let text = key.authorization(&service, "mailto:a@b.test", Timestamp::from_unix_ms(1_700_000_000_000));
        let (token, public) = text.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
        assert_eq!(public, key.public());
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = Signature::from_slice(&bytes_of(signature).unwrap()).unwrap();
        assert!(key.0.verifying_key().verify(signed.as_bytes(), &signature).is_ok());
        let claims = bytes_of(signed.split_once('.').unwrap().1).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(
            claims,
            json!({ "aud": "https://push.test", "exp": 1_700_043_200, "sub": "mailto:a@b.test" })
        );
    }
}
