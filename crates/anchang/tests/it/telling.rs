//! Telling people: pushes to browsers and lines to channels, by the real binary, to services that stand in for those of the world.

use crate::cases::county;
use crate::prepared;
use crate::world::{Anchang, Page, eventually, instant};
use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::elliptic_curve::sec1::ToEncodedPoint as _;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// What a service was asked.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<(String, HeaderMap, Bytes)>>>);

impl Asked {
    fn all(&self) -> Vec<(String, HeaderMap, Bytes)> {
        self.0.lock().unwrap().clone()
    }

    fn of(&self, name: &str) -> usize {
        self.all().iter().filter(|it| it.0 == name).count()
    }
}

/// A service on localhost that takes what comes, but says that `gone` is gone and that `busy` may be tried again.
async fn service() -> (String, Asked) {
    let asked = Asked::default();
    let kept = asked.clone();
    let take = move |Path(name): Path<String>, headers: HeaderMap, body: Bytes| async move {
        let status = match name.as_str() {
            "gone" => StatusCode::GONE,
            "busy" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::CREATED,
        };
        kept.0.lock().unwrap().push((name, headers, body));
        status
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Router::new().route("/{name}", post(take));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (format!("http://{address}"), asked)
}

/// A browser: its key, its secret, and what it says of itself.
struct Browser {
    key: p256::SecretKey,
    auth: [u8; 16],
}

impl Browser {
    fn new(seed: u8) -> Self {
        Self { key: p256::SecretKey::from_slice(&[seed; 32]).unwrap(), auth: [seed; 16] }
    }

    fn says(&self, endpoint: &str) -> Value {
        let point = self.key.public_key().to_encoded_point(false);
        json!({ "endpoint": endpoint, "device": "Chrome",
                "keys": { "p256dh": BASE64.encode(point.as_bytes()), "auth": BASE64.encode(self.auth) } })
    }

    fn reads(&self, body: &Bytes) -> Value {
        let auth = web_push_native::Auth::from(self.auth);
        let text = web_push_native::decrypt(body.to_vec(), &self.key, &auth).unwrap();
        serde_json::from_slice(&text).unwrap()
    }
}

async fn ordered(duty: &Page, squad: i64) -> String {
    let order = json!({ "kind": "dispatch", "plate": "鲁Q00001", "level": "high", "unit": squad,
                        "spot": { "description": "北环路口" }, "order": "在北环路口拦截", "until": instant(3_600) });
    duty.post("/cases", order).await["case"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_pushed_to_encrypted_and_signed_and_one_that_is_gone_is_forgotten() {
    let mut anchang =
        Anchang::at_rest("[push]\nprivate_services = true\ncontact = \"mailto:office@county.test\"\n");
    anchang.start_again().await;
    let admin = prepared(&mut anchang).await;
    let county = county(&admin).await;
    let (at, asked) = service().await;
    let browser = Browser::new(7);
    for name in ["phone", "gone", "busy"] {
        county.patrol.post("/session/pushes", browser.says(&format!("{at}/{name}"))).await;
    }
    let public_key = county.patrol.get("/session/pushes").await["public_key"].as_str().unwrap().to_owned();

    let order = ordered(&county.duty, county.squad).await;
    eventually("all were asked", async || asked.all().len() >= 3).await;
    let (_, headers, body) = asked.all().into_iter().find(|it| it.0 == "phone").unwrap();
    assert!(!body.windows(order.len()).any(|part| part == order.as_bytes()), "nobody on the way reads it");
    let told = browser.reads(&body);
    assert_eq!((&told["title"], &told["tag"]), (&json!("待办：签收指令"), &json!(order)), "{told}");
    assert_eq!(told["url"], json!(format!("/cases/{order}")));
    assert_eq!(told["road_url"], json!(format!("/road/orders/{order}")));

    // Who sends it: signed for this service, with the key that browsers were given.
    assert_eq!(headers["content-encoding"], "aes128gcm");
    let authorization = headers["authorization"].to_str().unwrap();
    let (token, key) = authorization.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
    assert_eq!(key, public_key);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let verifier = VerifyingKey::from_sec1_bytes(&BASE64.decode(key).unwrap()).unwrap();
    let signature = Signature::from_slice(&BASE64.decode(signature).unwrap()).unwrap();
    assert!(verifier.verify(signed.as_bytes(), &signature).is_ok());
    let claims: Value =
        serde_json::from_slice(&BASE64.decode(signed.split_once('.').unwrap().1).unwrap()).unwrap();
    assert_eq!((&claims["aud"], &claims["sub"]), (&json!(at), &json!("mailto:office@county.test")));

    // What became of each: taken, tried again, gone.
    let devices = async || {
        let pushes = county.patrol.get("/session/pushes").await;
        pushes["devices"].as_array().unwrap().len()
    };
    eventually("the one that is gone is forgotten", async || devices().await == 2).await;
    let of_push = async |state: &str| admin.get(&format!("/deliveries?channel=push&state={state}")).await;
    eventually("one was given up", async || of_push("failed").await["total"] == 1).await;
    assert!(of_push("failed").await.to_string().contains("HTTP 410"));
    let waiting = of_push("pending").await["items"][0].clone();
    assert_eq!((&waiting["attempts"], &waiting["error"]), (&json!(1), &json!("HTTP 503")), "{waiting}");
    let delivered = of_push("delivered").await["items"][0].clone();
    assert_eq!(
        (&delivered["person"], &delivered["read_at"]),
        (&json!("lumian"), &Value::Null),
        "{delivered}"
    );
    let busy = asked.of("busy");
    admin.put("/clock", json!({ "now": instant(30) })).await;
    eventually("it is tried again", async || asked.of("busy") > busy).await;
    county.patrol.post("/notices/read", json!({ "all": true })).await;
    assert_ne!(of_push("delivered").await["items"][0]["read_at"], Value::Null, "read with its notice");

    // Whoever wants none gets none; the key stays over a restart.
    county.patrol.put("/session/notices", json!({ "no_push": ["to_do"] })).await;
    let before = asked.of("phone");
    ordered(&county.duty, county.squad).await;
    eventually("the notice is there", async || county.patrol.get("/notices?unread=true").await["total"] == 1)
        .await;
    assert_eq!(asked.of("phone"), before);
    anchang.kill();
    let stored = std::fs::read(anchang.path("records.db")).unwrap();
    assert!(!stored.windows(43).any(|part| part == public_key.as_bytes().get(..43).unwrap()));
    anchang.start_again().await;
    let mut again = Page::new(&anchang);
    again.log_in("lumian", crate::world::PASSWORD).await;
    assert_eq!(again.get("/session/pushes").await["public_key"], public_key);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_service_inside_the_network_is_refused_unless_the_configuration_says_otherwise() {
    let mut anchang = Anchang::start().await;
    let admin = prepared(&mut anchang).await;
    let browser = Browser::new(9);
    for inside in ["http://127.0.0.1:1/x", "https://127.0.0.1/x", "https://10.0.0.1/x", "https://localhost/x"]
    {
        let answer = admin.send("POST", "/session/pushes", Some(browser.says(inside))).await;
        assert_eq!(answer.status(), 422, "{inside}");
    }
    let mut broken = browser.says("https://push.example.com/x");
    broken["keys"]["auth"] = json!("short");
    assert_eq!(admin.send("POST", "/session/pushes", Some(broken)).await.status(), 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_tried_and_its_answer_told_and_its_address_is_kept_sealed() {
    let mut anchang = Anchang::start().await;
    let admin = prepared(&mut anchang).await;
    let (at, asked) = service().await;
    let channel = |id: &str, name: &str| {
        json!({ "id": id, "name": name, "kind": "webhook", "is_enabled": true, "url": format!("{at}/{id}"),
                "secret": "a key of this channel", "words": [], "level_min": "low", "body": "" })
    };
    admin.put("/channels", json!([channel("city", "市支队"), channel("busy", "忙")])).await;
    assert_eq!(admin.get("/channels").await[0]["secret"], "***");
    let taken = admin.post("/channels/city/test", json!({})).await;
    let state = async |id: &Value| admin.get(&format!("/deliveries/{id}")).await;
    eventually("it was taken", async || state(&taken["id"]).await["state"] == "delivered").await;
    let (_, headers, _) = asked.all().into_iter().find(|it| it.0 == "city").unwrap();
    assert!(headers["x-anchang-signature"].to_str().unwrap().starts_with("t="));
    let refused = admin.post("/channels/busy/test", json!({})).await;
    eventually("it says why not", async || state(&refused["id"]).await["error"] == "HTTP 503").await;
    // Sent back as it was shown, the key stays.
    let shown = admin.get("/channels").await;
    admin.put("/channels", shown).await;
    let again = admin.post("/channels/city/test", json!({})).await;
    eventually("it was taken", async || state(&again["id"]).await["state"] == "delivered").await;
    anchang.kill();
    let stored = std::fs::read(anchang.path("records.db")).unwrap();
    let holds = |text: &str| stored.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(!holds("a key of this channel") && !holds(&format!("{at}/city")), "sealed");
}

#[tokio::test(flavor = "multi_thread")]
async fn terms_are_changed_with_a_reason_by_one_after_the_other_and_it_is_told_who_changed_what() {
    let mut anchang = Anchang::start().await;
    let admin = prepared(&mut anchang).await;
    let mut terms = admin.get("/terms").await;
    let first =
        terms["terms"].as_array_mut().unwrap().iter_mut().find(|it| it["step"] == "sign_dispatch").unwrap();
    first["minutes"] = json!(15);
    let put = async |body: Value| {
        let answer = admin.send("PUT", "/terms", Some(body)).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let mut input = terms.clone();
    input["reason"] = json!(" ");
    assert_eq!(put(input.clone()).await.0, 422, "a reason is needed");
    input["reason"] = json!("按新的考核办法");
    assert_eq!(put(input.clone()).await.0, 204);
    assert_eq!(put(input.clone()).await.0, 409, "somebody was faster");
    let now = admin.get("/terms").await;
    let change = &now["changes"][0];
    assert_eq!((&change["by"], &change["reason"]), (&json!("admin"), &json!("按新的考核办法")));
    assert_eq!(
        (
            &change["terms"][0]["step"],
            &change["terms"][0]["before"]["minutes"],
            &change["terms"][0]["after"]["minutes"]
        ),
        (&json!("sign_dispatch"), &json!(10), &json!(15)),
        "{change}"
    );
    let mut twice = now.clone();
    twice["reason"] = json!("重复");
    let term = twice["terms"][0].clone();
    twice["terms"].as_array_mut().unwrap().push(term);
    assert!(put(twice).await.1.contains("相同"));
    let mut upside_down = now.clone();
    upside_down["reason"] = json!("时段");
    upside_down["calendar"]["hours"] = json!([{ "from": "18:00", "until": "08:00" }]);
    assert_eq!(put(upside_down).await.0, 422);
    assert_eq!(put(json!({ "version": 1 })).await.0, 422, "half a body");
}
