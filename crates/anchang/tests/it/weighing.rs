//! Weighings that a program posts, and what cameras say they saw: from the wire into the journal and onto the page.

use crate::prepared;
use crate::world::{Anchang, CHECKPOINT, Camera, Page, eventually, instant, passage};
use gat1400::object::MotorVehicle;
use serde_json::{Value, json};

fn truck(plate: &str, total_kg: u32) -> Value {
    json!({ "checkpoint_id": CHECKPOINT, "captured_at": instant(5), "plate": plate, "plate_class": "01",
            "vehicle_type": "H11", "total_kg": total_kg, "axles_kg": [7_000, 11_000, 12_000], "is_train": false })
}

async fn passages(page: &Page) -> Vec<Value> {
    page.get("/passages").await["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn good_weighings_are_durable_and_bad_ones_are_named() {
    let mut anchang = Anchang::start().await;
    let page = prepared(&mut anchang).await;
    assert_eq!(
        page.post("/weighings", truck("鲁QA0001", 30_000)).await,
        json!({ "accepted": 1, "rejected": 0, "errors": [] })
    );

    let mut elsewhere = truck("鲁QA0002", 30_000);
    elsewhere["checkpoint_id"] = json!("37132700001210000099");
    let mut no_axles = truck("鲁QA0003", 30_000);
    no_axles["axles_kg"] = json!([]);
    // The first again, and two that are one.
    let list = json!([
        truck("鲁QA0001", 30_000),
        elsewhere,
        truck("鲁QA0004", 61_500),
        truck("鲁QA0005", 301_000),
        7,
        truck("鲁QA0004", 61_500),
        no_axles
    ]);
    let report = page.post("/weighings", list.clone()).await;
    assert_eq!((&report["accepted"], &report["rejected"]), (&json!(3), &json!(4)), "{report}");
    let named: Vec<_> = report["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["index"].clone(), e["field"].clone()))
        .collect();
    assert_eq!(
        named,
        [
            (json!(1), json!("checkpoint_id")),
            (json!(3), json!("total_kg")),
            (json!(4), Value::Null),
            (json!(6), json!("axle_count"))
        ]
    );
    assert_eq!(report["errors"][0]["message"], "没有这个卡口。");

    // What was answered survives a kill, and a repeat after it is still one.
    anchang.kill();
    anchang.start_again().await;
    let page = anchang.signed_in().await;
    eventually("both are there", async || passages(&page).await.len() == 2).await;
    assert_eq!(page.post("/weighings", list).await["accepted"], 3);
    // Newest first, so that what comes behind the repeats shows that they are none.
    assert_eq!(page.post("/weighings", truck("鲁QA0006", 30_000)).await["accepted"], 1);
    eventually("the next is there", async || passages(&page).await.len() == 3).await;
    let weighed = passages(&page).await;
    let heavy = weighed.iter().find(|row| row["plate"] == "鲁QA0004").unwrap();
    assert_eq!(heavy["device_id"], format!("weigh:{CHECKPOINT}"));
    assert_eq!(
        heavy["weighing"],
        json!({ "total_kg": 61_500, "axles_kg": [7_000, 11_000, 12_000], "axle_count": 3, "is_train": false })
    );
    assert_eq!(page.get("/audit?action=weighing.post").await["total"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn weighings_without_a_good_one_or_a_permission_are_refused() {
    let mut anchang = Anchang::start().await;
    let page = prepared(&mut anchang).await;
    let refused = page.send("POST", "/weighings?lang=en", Some(truck("鲁QA0001", 0))).await;
    assert_eq!(refused.status(), 422);
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    let problem: Value = serde_json::from_str(&refused.text().await.unwrap()).unwrap();
    assert_eq!(
        (&problem["code"], &problem["errors"][0]["index"]),
        (&json!("invalid"), &json!(0)),
        "{problem}"
    );
    assert_eq!(problem["errors"][0]["field"], "total_kg");
    assert_eq!(problem["errors"][0]["message"], "The weight must be more than 0 and at most 300000 kg.");

    let many: Vec<_> = (0..1_001).map(|_| json!({})).collect();
    assert_eq!(page.send("POST", "/weighings", Some(json!(many))).await.status(), 422);
    assert_eq!(
        page.post("/weighings", json!([])).await,
        json!({ "accepted": 0, "rejected": 0, "errors": [] })
    );

    let stranger = Page::new(&anchang);
    assert_eq!(stranger.send("POST", "/weighings", Some(truck("鲁QA0001", 30_000))).await.status(), 401);
    let viewer = page.new_user("looker", &["patrol_officer"]).await;
    assert_eq!(viewer.send("POST", "/weighings", Some(truck("鲁QA0001", 30_000))).await.status(), 403);
    assert!(passages(&page).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_camera_says_it_saw_is_shown_in_both_languages() {
    let mut anchang = Anchang::start().await;
    let page = prepared(&mut anchang).await;
    let camera = Camera::new(&anchang);
    eventually("the camera is let in", async || camera.register().await == 200).await;
    let offender =
        MotorVehicle { safety_belt: Some(0), driving_status_code: "1301".into(), ..passage("鲁Q99999", 9) };
    assert_eq!(camera.post(&[offender]).await, 200);
    eventually("the passage is listed", async || passages(&page).await.len() == 1).await;
    assert_eq!(
        passages(&page).await[0]["behaviours"],
        json!([{ "key": "wrong_way", "name": "逆行" }, { "key": "no_belt", "name": "驾驶人未系安全带" }])
    );
    let english = page.get("/passages?lang=en").await;
    assert_eq!(english["items"][0]["behaviours"][0], json!({ "key": "wrong_way", "name": "wrong way" }));
    assert_eq!(english["items"][0]["weighing"], Value::Null);
}
