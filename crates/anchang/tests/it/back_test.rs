//! Back-tests on the real binary: what was raised is found again, and a rule that never ran is tried.

use crate::prepared;
use crate::world::{Anchang, Camera, Page, WATCHED, eventually, instant, passage};
use serde_json::{Value, json};

/// Runs a back-test and gives what is stored of it.
async fn tried(page: &Page, subject: Value) -> Value {
    let mut body = json!({ "from": instant(-3_600), "until": instant(3_600) });
    body.as_object_mut().unwrap().extend(subject.as_object().unwrap().clone());
    let job = format!("/jobs/{}", page.post("/back-tests", body).await["id"]);
    eventually("the back-test is over", async || {
        let job = page.get(&job).await;
        assert_ne!(job["state"], "failed", "{job}");
        job["state"] == "done"
    })
    .await;
    let id = page.get(&job).await["result"]["back_test"].clone();
    page.get(&format!("/back-tests/{id}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_raised_is_found_again_and_a_rule_that_never_ran_is_tried() {
    let mut anchang = Anchang::start().await;
    let page = prepared(&mut anchang).await;
    let camera = Camera::new(&anchang);
    eventually("the camera is let in", async || camera.register().await == 200).await;
    assert_eq!(camera.post(&[passage(WATCHED, 8), passage("鲁Q99999", 9)]).await, 200);
    eventually("the warning is listed", async || page.get("/warnings").await["total"] == 1).await;
    let warning = page.get("/warnings").await["items"][0].clone();

    let test = tried(&page, json!({ "model": "watch_order" })).await;
    let summary = &test["summary"];
    let compared = ["found", "live", "both", "new", "missing"].map(|name| summary[name].as_u64().unwrap());
    assert_eq!((compared, &summary["observations"]), ([1, 1, 1, 0, 0], &json!(2)), "{test}");
    let found = page.get(&format!("/back-tests/{}/warnings", test["id"])).await;
    assert_eq!((&found["total"], &found["items"][0]["warning_id"]), (&json!(1), &warning["id"]));

    // Archived rows are judged like those that are in the journal only.
    anchang.terminate();
    anchang.start_again().await;
    let page = anchang.signed_in().await;
    let draft = json!({ "name": "所有车", "condition": "passage.hour >= 0", "level": "low", "once_per_minutes": 0,
                        "actionable_seconds": 600, "reason": "试" });
    let test = tried(&page, json!({ "draft": draft })).await;
    assert_eq!((&test["summary"]["found"], &test["summary"]["new"]), (&json!(2), &json!(2)), "{test}");
    assert_eq!(page.get("/warnings").await["total"], 1, "a back-test raises nothing");
    assert_eq!(page.get("/back-tests").await["total"], 2);

    let nothing =
        json!({ "model": "watch_order", "from": "2024-01-01T00:00:00Z", "until": "2024-01-02T00:00:00Z" });
    let job = format!("/jobs/{}", page.post("/back-tests", nothing).await["id"]);
    eventually("a period without data is told", async || page.get(&job).await["state"] == "failed").await;
    let wrong = json!({ "model": "watch_order", "from": instant(10), "until": instant(0) });
    assert_eq!(page.send("POST", "/back-tests", Some(wrong)).await.status().as_u16(), 422);
}
