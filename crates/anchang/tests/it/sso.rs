//! Single sign-on, with an identity provider of the test's own.

use crate::world::{Anchang, Page};
use axum::extract::{Query, State};
use axum::response::Redirect;
use axum::routing::{get, post};
use axum::{Json, Router};
use openidconnect::core::{
    CoreEdDsaPrivateSigningKey, CoreIdToken, CoreIdTokenClaims, CoreJsonWebKeySet, CoreJwsSigningAlgorithm,
};
use openidconnect::{JsonWebKeyId, PkceCodeChallenge, PkceCodeVerifier, PrivateSigningKey as _};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

/// Made for this test.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIOAvAskITR6VA+H3+Wn8w3truDSo5c/tFV6Ha0FQmIC5\n-----END PRIVATE KEY-----\n";

type Fields = BTreeMap<String, String>;

/// What the provider does.
struct Provider {
    issuer: String,
    /// Whom it vouches for.
    username: Mutex<&'static str>,
    /// What it puts in place of the nonce that it was given.
    nonce: Mutex<Option<&'static str>>,
    /// What was asked last.
    asked: Mutex<Fields>,
}

fn key() -> CoreEdDsaPrivateSigningKey {
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(KEY, Some(JsonWebKeyId::new("1".into()))).unwrap()
}

async fn describe(State(provider): State<Arc<Provider>>) -> Json<Value> {
    let at = &provider.issuer;
    Json(json!({
        "issuer": at,
        "authorization_endpoint": format!("{at}/authorize"),
        "token_endpoint": format!("{at}/token"),
        "jwks_uri": format!("{at}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
    }))
}

/// Who comes has signed in already.
async fn authorize(State(provider): State<Arc<Provider>>, Query(fields): Query<Fields>) -> Redirect {
    let back = format!("{}?code=once&state={}", fields["redirect_uri"], fields["state"]);
    *provider.asked.lock().unwrap() = fields;
    Redirect::to(&back)
}

async fn token(State(provider): State<Arc<Provider>>, body: String) -> Json<Value> {
    let Query(fields) = Query::<Fields>::try_from_uri(&format!("/?{body}").parse().unwrap()).unwrap();
    let asked = provider.asked.lock().unwrap().clone();
    let verifier = PkceCodeVerifier::new(fields["code_verifier"].clone());
    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
    assert_eq!((fields["code"].as_str(), asked["code_challenge"].as_str()), ("once", challenge.as_str()));
    let nonce = provider.nonce.lock().unwrap().map_or_else(|| asked["nonce"].clone(), str::to_owned);
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims: CoreIdTokenClaims = serde_json::from_value(json!({
        "iss": provider.issuer,
        "aud": [asked["client_id"]],
        "exp": now_s + 300,
        "iat": now_s,
        "sub": "37-0042",
        "nonce": nonce,
        "preferred_username": *provider.username.lock().unwrap(),
    }))
    .unwrap();
    let id_token = CoreIdToken::new(claims, &key(), CoreJwsSigningAlgorithm::EdDsa, None, None).unwrap();
    Json(json!({ "access_token": "a", "token_type": "Bearer", "id_token": id_token }))
}

async fn provider() -> Arc<Provider> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let provider = Arc::new(Provider {
        issuer,
        username: Mutex::new("li"),
        nonce: Mutex::default(),
        asked: Mutex::default(),
    });
    let keys = CoreJsonWebKeySet::new(vec![key().as_verification_key()]);
    let routes = Router::new()
        .route("/.well-known/openid-configuration", get(describe))
        .route("/authorize", get(authorize))
        .route("/token", post(token))
        .route("/keys", get(move || std::future::ready(Json(keys.clone()))))
        .with_state(provider.clone());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    provider
}

/// A browser: where it was sent in the end, and the cookies that it was given.
async fn follow(page: &Page, is_with_cookie: bool) -> (String, String) {
    let none = reqwest::redirect::Policy::none();
    let browser = reqwest::Client::builder().no_proxy().redirect(none).build().unwrap();
    let mut at = format!("http://{}/api/v1/session/sso/start", page.address());
    let mut cookies = String::new();
    loop {
        let mut request = browser.get(&at);
        if is_with_cookie {
            request = request.header("cookie", &cookies);
        }
        let answer = request.send().await.unwrap();
        for cookie in answer.headers().get_all("set-cookie") {
            cookie.to_str().unwrap().split(';').next().unwrap().clone_into(&mut cookies);
        }
        let location = answer.headers()["location"].to_str().unwrap().to_owned();
        if location.starts_with('/') {
            return (location, cookies);
        }
        at = location;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_vouched_for_signs_in_without_a_password_and_administrators_do_not() {
    let mut anchang = Anchang::start().await;
    let admin = anchang.signed_in_first().await;
    let provider = provider().await;
    let settings = |issuer: &str| {
        json!({
            "is_offered": true,
            "label": "公安网统一认证",
            "issuer": issuer,
            "client_id": "anchang",
            "client_secret": "s3cret",
            "public_url": format!("http://{}/", admin.address()),
            "username_claim": "preferred_username",
        })
    };
    assert_eq!(Page::new(&anchang).get("/session/sso").await["is_offered"], false);
    let wrong = admin.send("PUT", "/security/sso", Some(settings("http://127.0.0.1:1"))).await;
    assert_eq!(wrong.status(), 422, "a provider that isn't there");
    let set = admin.put("/security/sso", settings(&provider.issuer)).await;
    assert_eq!((&set["has_secret"], set.get("client_secret")), (&json!(true), None));
    assert_eq!(Page::new(&anchang).get("/session/sso").await["label"], "公安网统一认证");

    // An account whose one-time password was never used.
    admin.post("/users", json!({ "username": "li", "display_name": "李" })).await;
    let (place, cookie) = follow(&admin, true).await;
    assert_eq!(place, "/");
    let me = reqwest::Client::builder().no_proxy().build().unwrap();
    let me = me.get(format!("http://{}/api/v1/session", admin.address())).header("cookie", cookie);
    let me: Value = me.send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (&me["username"], &me["must_change_password"], &me["is_single_sign_on"]),
        (&json!("li"), &json!(false), &json!(true)),
        "{me}"
    );

    let refused = async |username, is_with_cookie| {
        *provider.username.lock().unwrap() = username;
        follow(&admin, is_with_cookie).await.0
    };
    assert_eq!(refused("li", false).await, "/login?sso=not_begun", "led here by somebody else");
    assert_eq!(refused("nobody", true).await, "/login?sso=unknown");
    assert_eq!(refused("admin", true).await, "/login?sso=own_account");
    *provider.nonce.lock().unwrap() = Some("of another sign-in");
    assert_eq!(refused("li", true).await, "/login?sso=untrusted");
    let audit = admin.get("/audit?action=session.refused").await;
    let details: Vec<_> = audit["items"].as_array().unwrap().iter().map(|row| &row["detail"]).collect();
    for reason in ["not_begun", "unknown", "own_account", "untrusted"] {
        assert!(details.contains(&&json!(reason)), "{reason}: {audit}");
    }
}
