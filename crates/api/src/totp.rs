//! The second factor (动态口令): six digits from an authenticator on one's phone (RFC 6238, SHA-1, 30 seconds, as every
//! authenticator understands it). A code is good once; the secret is stored sealed.

use crate::access::Signed;
use crate::app::App;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::{DeviceId, Timestamp};
use platform::Seal;
use qrcode::QrCode;
use qrcode::render::svg;
use records::{ProofError, SealedPassword, UserId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use totp_rs::{Builder, Secret, Totp};
use utoipa::ToSchema;

/// Bytes of a secret: RFC 4226 recommends 160 bits.
const SECRET_BYTES: usize = 20;
/// Side of the drawn code, in pixels.
const QR_PX: u32 = 220;
/// What authenticators list the account under.
const ISSUER: &str = "Anchang";

/// The password, once more.
#[derive(Deserialize, ToSchema)]
pub(crate) struct PasswordProof {
    current_password: String,
}

/// A secret to put into an authenticator. It counts when a code of it was shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct TotpSecret {
    /// To type in.
    secret: String,
    /// To open in an authenticator.
    uri: String,
    /// To scan: the same, drawn.
    qr_svg: String,
    /// To be sent back with the first code.
    ticket: String,
}

/// The first code.
#[derive(Deserialize, ToSchema)]
pub(crate) struct TotpConfirmation {
    ticket: String,
    code: String,
}

/// Codes that stand for a lost phone, each once. They are shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodes {
    recovery_codes: Vec<String>,
}

/// What a secret is sealed for: one that waits for its first code opens for nothing else.
fn subject(username: &str, is_confirmed: bool) -> DeviceId {
    DeviceId::from(format!("{} {username}", if is_confirmed { "totp" } else { "totp-ticket" }).as_str())
}

fn totp_of(secret: &str) -> Option<Totp> {
    Builder::new().with_secret(Secret::try_from_base32(secret).ok()?).build().ok()
}

/// The time step of a right code of a sealed secret.
pub(crate) fn step_of(seal: &Seal, username: &str, sealed: &str, code: &str, now: Timestamp) -> Option<i64> {
    let secret = seal.open(&subject(username, true), &SealedPassword(sealed.to_owned()))?;
    check(&secret, code, now)
}

fn check(secret: &str, code: &str, now: Timestamp) -> Option<i64> {
    let now_s = u64::try_from(now.unix_ms() / 1_000).ok()?;
    let step = totp_of(secret)?.check(code.trim(), now_s)?;
    i64::try_from(step).ok()
}

/// Begins to set up a second factor, for who knows the password.
#[utoipa::path(post, path = "/session/totp", tag = "session", request_body = PasswordProof,
    responses((status = 200, body = TotpSecret), (status = 409), (status = 422)))]
pub(crate) async fn begin(
    State(app): State<Arc<App>>,
    by: Signed,
    Json(input): Json<PasswordProof>,
) -> Result<Json<TotpSecret>, Problem> {
    if by.user.has_totp {
        return Err(Problem::conflict("已启用动态口令。", "There is a second factor already."));
    }
    prove(&app, &by, &input.current_password).await?;
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| Problem::internal("make a secret", &error))?;
    let secret = Secret::from(bytes).to_base32();
    let username = &by.user.username;
    // Usernames have no spaces; what else may not stand in an address is spelt out.
    let account = username.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
    let uri = format!("otpauth://totp/{ISSUER}:{account}?secret={secret}&issuer={ISSUER}");
    let code = QrCode::new(uri.as_bytes()).map_err(|error| Problem::internal("draw a code", &error))?;
    let qr_svg = code.render::<svg::Color<'_>>().min_dimensions(QR_PX, QR_PX).build();
    let ticket = app.seal.seal(&subject(username, false), &secret).ok_or_else(Problem::busy)?.0;
    Ok(Json(TotpSecret { secret, uri, qr_svg, ticket }))
}

/// Turns the second factor on: the authenticator shows the right code.
#[utoipa::path(post, path = "/session/totp/confirm", tag = "session", request_body = TotpConfirmation,
    responses((status = 200, body = RecoveryCodes), (status = 409), (status = 422)))]
pub(crate) async fn confirm(
    State(app): State<Arc<App>>,
    by: Signed,
    Json(input): Json<TotpConfirmation>,
) -> Result<Json<RecoveryCodes>, Problem> {
    if by.user.has_totp {
        return Err(Problem::conflict("已启用动态口令。", "There is a second factor already."));
    }
    let username = &by.user.username;
    let secret = app.seal.open(&subject(username, false), &SealedPassword(input.ticket));
    let step = secret.as_deref().and_then(|secret| check(secret, &input.code, app.clock.now()));
    let (Some(secret), Some(step)) = (secret, step) else {
        return Err(Problem::invalid(
            "动态口令不正确，请核对手机时间后重试。",
            "The code is wrong. Check the time of the phone and try again.",
        ));
    };
    let sealed = app.seal.seal(&subject(username, true), &secret).ok_or_else(Problem::busy)?;
    let codes = app.records.enable_totp(by.user.id, &sealed.0, step).await?;
    by.audit(&app, "session.totp_on", username, "").await?;
    Ok(Json(RecoveryCodes { recovery_codes: codes.iter().map(|code| grouped(code.reveal())).collect() }))
}

/// Turns one's own second factor off, for who knows the password.
#[utoipa::path(post, path = "/session/totp/remove", tag = "session", request_body = PasswordProof,
    responses((status = 204), (status = 422)))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    by: Signed,
    Json(input): Json<PasswordProof>,
) -> Result<StatusCode, Problem> {
    prove(&app, &by, &input.current_password).await?;
    app.records.disable_totp(by.user.id).await?;
    by.audit(&app, "session.totp_off", &by.user.username, "").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes the second factor of a user away whose phone is lost.
#[utoipa::path(post, path = "/users/{id}/reset-totp", tag = "users", params(("id" = i64, Path)),
    responses((status = 204), (status = 404), (status = 409)))]
pub(crate) async fn reset(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    if by.user.id == UserId(id) {
        return Err(Problem::conflict(
            "本人的动态口令请在“我的账号”停用。",
            "Turn your own off with your password.",
        ));
    }
    let user = app.records.user(UserId(id)).await?;
    let user = user.ok_or_else(|| Problem::not_found("没有这个用户。", "There is no such user."))?;
    app.records.disable_totp(user.id).await?;
    by.audit(&app, "user.reset_totp", &user.username, "").await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn prove(app: &App, by: &Signed, password: &str) -> Result<(), Problem> {
    app.records.prove(&by.user.username, password, app.clock.now()).await.map_err(|error| match error {
        ProofError::WrongPassword => Problem::invalid("当前密码不正确。", "The current password is wrong."),
        ProofError::Locked { .. } => Problem::locked(),
        ProofError::Store(error) => error.into(),
    })
}

/// In groups of four, as people copy it.
fn grouped(code: &str) -> String {
    let chars: Vec<char> = code.chars().collect();
    chars.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, SHA-1: the last six of the eight digits.
    #[test]
    fn codes_are_those_of_the_rfc_and_drift_by_one_step_at_most() {
        let secret = Secret::from(*b"12345678901234567890").to_base32();
        for (at_s, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            let at = |s: i64| Timestamp::from_unix_ms(s * 1_000);
            assert_eq!(check(&secret, code, at(at_s)), Some(at_s / 30));
            assert_eq!(check(&secret, code, at(at_s + 30)), Some(at_s / 30), "the phone is slow");
            assert_eq!(check(&secret, code, at(at_s + 90)), None);
            assert_eq!(check(&secret, "000000", at(at_s)), None);
        }
    }

    #[test]
    fn a_secret_opens_for_its_user_only_and_a_ticket_is_none() {
        let seal = Seal::new(&[7; 32]);
        let secret = Secret::from(*b"12345678901234567890").to_base32();
        let now = Timestamp::from_unix_ms(59_000);
        let sealed = seal.seal(&subject("li", true), &secret).unwrap().0;
        assert_eq!(step_of(&seal, "li", &sealed, "287082", now), Some(1));
        assert_eq!(step_of(&seal, "wang", &sealed, "287082", now), None);
        let ticket = seal.seal(&subject("li", false), &secret).unwrap().0;
        assert_eq!(step_of(&seal, "li", &ticket, "287082", now), None);
        assert_eq!(grouped("abcdefgh23456789"), "abcd-efgh-2345-6789");
    }
}
