//! Two platforms that exchange passages and dispositions over real sockets (GA/T 1400 outwards).

use crate::prepared;
use crate::world::{
    Anchang, CAMERA, CHECKPOINT, Camera, PASSWORD, Page, WATCHED, eventually, instant, passage,
};
use gat1400::ImageData;
use gat1400::object::{MotorVehicle, SubImageInfo, SubscribeNotification};
use serde_json::{Value, json};

/// Ours, as the tests see it: has the camera.
const HERE: &str = "37132700005020000001";
/// The neighbour's.
const THERE: &str = "37132800005020000001";
const QUICK: &str = "[platforms]\nkeepalive_s = 1\nretry_s_max = 1\n";
const QUICK_THERE: &str =
    "server_id = \"37132800005020000001\"\n[platforms]\nkeepalive_s = 1\nretry_s_max = 1\n";
const PASSWORD_HERE: &str = "here's word";
const PASSWORD_THERE: &str = "there's word";
/// Only what begins as a picture does is shown as one.
const PICTURE: &[u8] = b"\xff\xd8\xff near view";
const STRANGE_TOLLGATE: &str = "37132700001210000077";

/// Both platforms, each registered with the other, and somebody signed in on each.
struct Pair {
    here: Anchang,
    there: Anchang,
    at_here: Page,
    at_there: Page,
}

impl Pair {
    async fn new() -> Self {
        let mut here = Anchang::at_rest_on_one_port(QUICK);
        here.start_again().await;
        let mut there = Anchang::at_rest_on_one_port(QUICK_THERE);
        there.start_again().await;
        let at_here = prepared(&mut here).await;
        let mut at_there = there.signed_in_first().await;
        at_there.put("/clock", json!({ "now": instant(10) })).await;
        at_there.log_in("admin", PASSWORD).await;
        let place =
            json!({ "name": "邻县省界", "theatre": "national_provincial", "lon": 118.9, "lat": 35.3 });
        at_there.put(&format!("/checkpoints/{CHECKPOINT}"), place).await;
        at_here
            .post(
                "/platforms",
                json!({ "id": THERE, "name": "邻县", "relation": "neighbour", "scope": "all",
                        "base_url": format!("http://{}", there.address("viid")), "takes_dispositions": true,
                        "username_out": "here", "password_out": PASSWORD_HERE,
                        "username_in": "there", "password_in": PASSWORD_THERE }),
            )
            .await;
        at_there
            .post(
                "/platforms",
                json!({ "id": HERE, "name": "本县", "relation": "neighbour",
                        "base_url": format!("http://{}", here.address("viid")),
                        "username_out": "there", "password_out": PASSWORD_THERE,
                        "username_in": "here", "password_in": PASSWORD_HERE }),
            )
            .await;
        let pair = Self { here, there, at_here, at_there };
        eventually("both links are up", async || {
            phase(&pair.at_here, THERE).await == "online" && phase(&pair.at_there, HERE).await == "online"
        })
        .await;
        pair
    }

    async fn subscribe(&self) {
        let input = json!({ "title": "过车", "days": 30, "with_pictures": true, "is_renewed": true });
        self.at_there.post(&format!("/platforms/{HERE}/subscriptions"), input).await;
        eventually("the subscription is in force on both sides", async || {
            let ours = self.at_there.get(&format!("/platforms/{HERE}/subscriptions")).await;
            let theirs = self.at_here.get(&format!("/platforms/{THERE}/subscriptions")).await;
            ours["items"][0]["state"] == "in_force" && theirs["items"][0]["state"] == "in_force"
        })
        .await;
    }

    async fn camera(&self) -> Camera {
        let camera = Camera::new(&self.here);
        eventually("the camera is let in", async || camera.register().await == 200).await;
        camera
    }
}

async fn phase(page: &Page, platform: &str) -> Value {
    page.get(&format!("/platforms/{platform}")).await["link"]["phase"].clone()
}

async fn passages(page: &Page) -> u64 {
    page.get("/figures").await["passages_today"].as_u64().unwrap()
}

fn with_picture(mut vehicle: MotorVehicle) -> MotorVehicle {
    vehicle.sub_images = vec![SubImageInfo { data: ImageData::encode(PICTURE), ..SubImageInfo::default() }];
    vehicle
}

#[tokio::test(flavor = "multi_thread")]
async fn a_neighbour_gets_each_passage_once_whatever_happens_to_either() {
    let mut pair = Pair::new().await;
    pair.subscribe().await;
    let camera = pair.camera().await;
    assert_eq!(camera.post(&[with_picture(passage("鲁Q00001", 1)), passage("鲁Q00002", 2)]).await, 200);
    eventually("two came over", async || passages(&pair.at_there).await == 2).await;
    let came = pair.at_there.get("/passages").await;
    let first =
        came["items"].as_array().unwrap().iter().find(|one| one["plate"] == "鲁Q00001").unwrap().clone();
    assert_eq!(
        (&first["device_id"], &first["checkpoint_id"]),
        (&json!(CAMERA), &json!(CHECKPOINT)),
        "{first}"
    );
    let picture = format!("/pictures/{}", first["picture_ids"][0].as_str().unwrap());
    assert_eq!(pair.at_there.send("GET", &picture, None).await.bytes().await.unwrap().as_ref(), PICTURE);

    // The subscriber is gone for a while, and catches up.
    pair.there.kill();
    for second in 10..15 {
        assert_eq!(camera.post(&[passage(&format!("鲁Q000{second}"), second)]).await, 200);
    }
    eventually("it is seen that it is away", async || {
        let theirs = pair.at_here.get(&format!("/platforms/{THERE}/subscriptions")).await;
        theirs["items"][0]["last_error"].as_str().is_some_and(|error| error.starts_with("unreachable"))
            && theirs["items"][0]["lag_bytes"].as_u64() > Some(0)
    })
    .await;
    pair.there.start_again().await;
    pair.at_there = pair.there.signed_in().await;
    eventually("it caught up", async || passages(&pair.at_there).await == 7).await;

    // The sender dies again and again while it passes on, and sends some twice: they are one.
    for round in 0..3 {
        let second = 100 + round * 100;
        let many: Vec<_> = (second..second + 60).map(|n| passage(&format!("鲁Q{n:05}"), n)).collect();
        let camera = pair.camera().await;
        assert_eq!(camera.post(&many).await, 200);
        pair.here.kill();
        pair.here.start_again().await;
        pair.at_here = pair.here.signed_in().await;
    }
    eventually("all came over", async || passages(&pair.at_there).await >= 187).await;
    let camera = pair.camera().await;
    assert_eq!(camera.post(&[passage("鲁Q00002", 2), passage("鲁Q99998", 500)]).await, 200);
    eventually("the new one came", async || passages(&pair.at_there).await >= 188).await;
    eventually("nothing is left to pass on", async || {
        let theirs = pair.at_here.get(&format!("/platforms/{THERE}/subscriptions")).await;
        theirs["items"][0]["last_error"].is_null() && phase(&pair.at_there, HERE).await == "online"
    })
    .await;
    assert_eq!(passages(&pair.at_there).await, 188, "each once");

    // Taken back: nothing comes any more.
    let ours = pair.at_there.get(&format!("/platforms/{HERE}/subscriptions")).await;
    let id = ours["items"][0]["id"].as_str().unwrap().to_owned();
    let gone = pair.at_there.send("DELETE", &format!("/platforms/{HERE}/subscriptions/out/{id}"), None).await;
    assert_eq!(gone.status(), 204);
    eventually("it has ended on both sides", async || {
        let ours = pair.at_there.get(&format!("/platforms/{HERE}/subscriptions")).await;
        let theirs = pair.at_here.get(&format!("/platforms/{THERE}/subscriptions")).await;
        ours["items"][0]["state"] == "ended" && theirs["items"][0]["state"] == "ended"
    })
    .await;
    assert_eq!(camera.post(&[passage("鲁Q99997", 501)]).await, 200);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(passages(&pair.at_there).await, 188);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disposition_is_reviewed_raises_here_and_its_notice_becomes_a_warning_there() {
    const WANTED: &str = "鲁Q7K777";
    let pair = Pair::new().await;
    let order = json!({ "plate": WANTED, "reason": "盗抢车辆", "legal_basis": "立案决定书", "level": "high",
                        "until": instant(86_400) });
    let order = pair.at_there.post("/watch-orders", order).await;
    let id = order["id"].as_str().unwrap();
    let passed =
        pair.at_there.post(&format!("/watch-orders/{id}/platforms"), json!({ "platform_ids": [HERE] })).await;
    assert_eq!(passed["total"], 1);
    eventually("it waits for review", async || {
        pair.at_here.get("/dispositions?direction=in&state=review").await["total"] == 1
    })
    .await;
    let camera = pair.camera().await;
    assert_eq!(camera.post(&[passage(WANTED, 3)]).await, 200);
    eventually("the passage is judged", async || passages(&pair.at_here).await == 1).await;
    assert_eq!(pair.at_here.get("/warnings").await["total"], 0, "nobody has put it into force");

    let asked = pair.at_here.get("/dispositions?direction=in").await["items"][0].clone();
    assert_eq!(
        (&asked["plate"], &asked["priority"], &asked["platform_id"]),
        (&json!(WANTED), &json!(1), &json!(THERE))
    );
    let path = format!("/dispositions/{THERE}/{}/accept", asked["id"].as_str().unwrap());
    let accepted = pair.at_here.post(&path, json!({ "note": "同意" })).await;
    assert_eq!(accepted["items"][0]["state"], "in_force");
    assert_eq!(pair.at_here.send("POST", &path, Some(json!({}))).await.status(), 409, "once");
    for page in [&pair.at_here, &pair.at_there] {
        page.put("/clock", json!({ "now": instant(60) })).await;
    }
    // One that is judged before the order reaches judgement raises nothing.
    let second = std::sync::atomic::AtomicI64::new(20);
    eventually("the order has reached judgement and raises", async || {
        let second = second.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(camera.post(&[passage(WANTED, second)]).await, 200);
        pair.at_here.get("/warnings").await["total"].as_u64() >= Some(1)
    })
    .await;
    eventually("its notice became a warning there", async || {
        let warnings = pair.at_there.get("/warnings").await;
        warnings["total"].as_u64() >= Some(1) && warnings["items"][0]["model"] == "watch_order"
    })
    .await;
    eventually("it is counted on both sides", async || {
        let here = pair.at_here.get("/dispositions?direction=in").await["items"][0]["notices"].clone();
        let there = pair.at_there.get("/dispositions?direction=out").await["items"][0]["notices"].clone();
        here.as_u64() >= Some(1) && here == there
    })
    .await;

    let path = format!("/watch-orders/{id}/withdraw");
    pair.at_there.post(&path, json!({ "reason": "车辆已找到" })).await;
    eventually("it is withdrawn on both sides", async || {
        let here = pair.at_here.get("/dispositions?direction=in").await;
        let there = pair.at_there.get("/dispositions?direction=out").await;
        here["items"][0]["state"] == "ended" && there["items"][0]["state"] == "ended"
    })
    .await;
    let orders = pair.at_here.get("/watch-orders").await;
    let theirs = orders["items"].as_array().unwrap().iter().find(|one| one["plate"] == WANTED).unwrap();
    assert_eq!(theirs["state"], "withdrawn");
    assert!(
        orders["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["plate"] == WATCHED && one["state"] == "in_force")
    );
}

fn notification(vehicles: Vec<MotorVehicle>) -> SubscribeNotification {
    SubscribeNotification {
        notification_id: "371327000000042026112312000000001".into(),
        subscribe_id: "371328000000032026112312000000001".into(),
        title: "过车".into(),
        motor_vehicle_object_list: vehicles,
        ..SubscribeNotification::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_platform_sends_wrong_costs_itself_only() {
    let pair = Pair::new().await;
    let url = format!("http://{}", pair.here.address("viid"));
    let test = |password: &'static str, url: String| {
        let input = json!({ "base_url": url, "username": "there", "password": password });
        pair.at_there.post("/platform-tests", input)
    };
    let wrong = test("wrong", url.clone()).await;
    assert_eq!(
        (&wrong["is_ok"], &wrong["error"]["key"]),
        (&json!(false), &json!("wrong_password")),
        "{wrong}"
    );
    let right = test(PASSWORD_THERE, url).await;
    assert_eq!((&right["is_ok"], &right["clock_difference_ms"]), (&json!(true), &json!(0)), "{right}");
    let nobody = test(PASSWORD_THERE, "http://127.0.0.1:9".into()).await;
    assert_eq!(nobody["error"]["key"], "unreachable");

    // A neighbour that speaks for itself.
    let neighbour = Camera::named(&pair.there, HERE, "here");
    assert_eq!(neighbour.register_with("wrong").await, 401);
    assert_eq!(neighbour.register_with(PASSWORD_HERE).await, 200);
    let stranger = MotorVehicle { tollgate_id: STRANGE_TOLLGATE.into(), ..passage("鲁Q55555", 5) };
    let mut good = neighbour.client.post(&[notification(vec![passage("鲁Q44444", 4), stranger.clone()])]);
    let text = String::from_utf8(good.body.clone()).unwrap();
    // One object of the list is none.
    good.body = text.replace(r#""MotorVehicleObject":["#, r#""MotorVehicleObject":[7,"#).into_bytes();
    let answer = neighbour.send(good).await;
    assert_eq!(answer.status(), 200);
    eventually("the good one is in", async || passages(&pair.at_there).await == 1).await;
    eventually("the bad one is in quarantine, the stranger counted", async || {
        let quarantine = pair.at_there.get("/quarantine").await;
        let tollgates = pair.at_there.get(&format!("/platforms/{HERE}/tollgates")).await;
        let strange =
            tollgates["items"].as_array().unwrap().iter().find(|one| one["id"] == STRANGE_TOLLGATE).cloned();
        quarantine["total"] == 1
            && strange.is_some_and(|one| one["passages"] == 1 && one["state"] == "waiting")
    })
    .await;
    let junk = neighbour.client.post::<SubscribeNotification>(&[]);
    let junk = gat1400::client::Outgoing { body: b"{\"SubscribeNotif".to_vec(), ..junk };
    assert_eq!(neighbour.send(junk).await.status(), 400);

    let admit = json!({ "name": "邻县县界", "theatre": "rural", "lon": 118.7, "lat": 35.1 });
    let path = format!("/platforms/{HERE}/tollgates/{STRANGE_TOLLGATE}/admit");
    assert_eq!(pair.at_there.send("POST", &path, Some(admit)).await.status(), 204);
    eventually("its passages are taken now", async || {
        let again = neighbour.client.post(&[notification(vec![stranger.clone()])]);
        assert_eq!(neighbour.send(again).await.status(), 200);
        passages(&pair.at_there).await == 2
    })
    .await;

    // A camera is no platform.
    let camera = pair.camera().await;
    let notices = camera.client.post(&[notification(vec![passage("鲁Q66666", 6)])]);
    assert_eq!(camera.send(notices).await.status(), 501);
    // Removed: it is a stranger again.
    let gone = pair.at_there.send("DELETE", &format!("/platforms/{HERE}"), None).await;
    assert_eq!(gone.status(), 204);
    eventually("it is refused", async || {
        let again = neighbour.client.post(&[notification(vec![passage("鲁Q77770", 7)])]);
        neighbour.send(again).await.status() == 403
    })
    .await;
}
