//! The desk of who tunes judgement: rules with a second person, tunings, zones, silences, over the API of the real binary.

use crate::prepared;
use crate::world::{Anchang, CHECKPOINT, Page, eventually, instant};
use serde_json::{Value, json};

/// Somebody else who may approve rules and manage the system.
async fn second_person(page: &Page) -> Page {
    page.new_user("wang", &["leader", "system_administrator"]).await
}

async fn status(page: &Page, method: &str, path: &str, body: Value) -> u16 {
    page.send(method, path, Some(body)).await.status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_does_not_check_is_a_draft_and_nobody_approves_their_own() {
    let mut anchang = Anchang::start().await;
    let page = prepared(&mut anchang).await;
    let second = second_person(&page).await;
    let words = page.get("/rules/vocabulary").await;
    let example = words["items"][0]["example"].as_str().unwrap();
    assert_eq!(page.post("/rules/check", json!({ "condition": example })).await["ok"], true);
    let wrong = page.post("/rules/check", json!({ "condition": "1 +" })).await;
    assert!(wrong["ok"] == false && wrong["errors"][0]["line"] == 1, "{wrong}");

    let rule = |condition: &str, version: Value| {
        json!({ "name": "夜间货车", "condition": condition, "level": "medium", "once_per_minutes": 30,
                "actionable_seconds": 600, "reason": "专项行动", "version": version })
    };
    let created = page.post("/rules", rule("1 +", Value::Null)).await;
    let path = format!("/rules/{}", created["id"].as_str().unwrap());
    assert_eq!(status(&page, "POST", &format!("{path}/submit"), json!({ "version": 1 })).await, 422);
    page.put(&format!("{path}/draft"), rule(example, json!(1))).await;
    page.post(&format!("{path}/submit"), json!({ "version": 2 })).await;
    let approval = json!({ "version": 3, "note": "同意" });
    assert_eq!(status(&page, "POST", &format!("{path}/approve"), approval.clone()).await, 409);
    let approved = second.post(&format!("{path}/approve"), approval).await;
    assert_eq!(
        (&approved["state"], &approved["versions"][0]["reviewer"]),
        (&json!("in_force"), &json!("wang"))
    );
    let retired = page.post(&format!("{path}/retire"), json!({ "reason": "行动结束" })).await;
    assert_eq!(retired["state"], "retired");
    assert_eq!(page.get("/rules").await["items"][0]["retire_reason"], "行动结束");
}

#[tokio::test(flavor = "multi_thread")]
async fn tunings_zones_and_silences_are_checked_stored_and_listed() {
    let mut anchang = Anchang::start().await;
    let page = prepared(&mut anchang).await;
    let tuning = |value: Value| json!({ "scope": { "hours": [22, 6] }, "is_enabled": true, "values": { "count_min": value }, "reason": "误报较多" });
    let path = "/models/unhandled_offences";
    assert_eq!(status(&page, "POST", &format!("{path}/tunings"), tuning(json!("many"))).await, 422);
    let tuned = page.post(&format!("{path}/tunings"), tuning(json!(8))).await;
    assert_eq!(page.get(path).await["tunings"][0]["values"]["count_min"], 8);
    let one = format!("{path}/tunings/{}", tuned["id"].as_str().unwrap());
    let removal = json!({ "version": 1, "reason": "恢复" });
    assert_eq!(status(&page, "DELETE", &one, removal.clone()).await, 204);
    assert_eq!(status(&page, "DELETE", &one, removal).await, 404);
    assert_eq!(page.get(path).await["history"].as_array().unwrap().len(), 2);

    let zone = json!({ "name": "城区限行", "kind": "ban", "area": { "type": "checkpoints" }, "checkpoints": [CHECKPOINT] });
    page.put("/zones/Z1", zone).await;
    assert_eq!(page.get("/zones").await["items"][0]["checkpoints"][0], CHECKPOINT);
    let silence = json!({ "model": "clone_plate", "until": instant(3_600), "reason": "已派警" });
    let silence = page.post("/silences", silence).await;
    assert_eq!(silence["state"], "in_force");
    let end = format!("/silences/{}/end", silence["id"].as_str().unwrap());
    assert_eq!(page.send("POST", &end, None).await.status().as_u16(), 204);
    assert_eq!(page.send("POST", &end, None).await.status().as_u16(), 409);
    assert_eq!(page.get("/models/yield").await["items"][0]["raised"], 0);
    assert_eq!(page.get("/devices/health?kind=camera").await["items"][0]["kind"], "camera");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_is_verified_as_a_job_that_only_its_people_see() {
    let mut anchang = Anchang::start().await;
    let page = prepared(&mut anchang).await;
    let second = second_person(&page).await;
    let started = page.post("/audit/verify", Value::Null).await;
    let path = format!("/jobs/{}", started["id"]);
    eventually("the job is over", async || page.get(&path).await["state"] == "done").await;
    let job = page.get(&path).await;
    assert_eq!((&job["kind"], &job["result"]["is_intact"]), (&json!("audit_verify"), &json!(true)), "{job}");
    assert_eq!(job["done"], job["result"]["rows"]);
    assert_eq!(status(&page, "POST", &format!("{path}/cancel"), Value::Null).await, 409);
    assert_eq!(page.status_of(&format!("{path}/files/..%2F..%2Fsecret")).await, 404);
    // The system administrator sees the jobs of others, an officer does not.
    assert_eq!(second.get("/jobs").await["total"], 1);
    let li = page.new_user("li", &["duty_officer"]).await;
    assert_eq!((li.get("/jobs").await["total"].as_u64(), li.status_of(&path).await), (Some(0), 404));
    assert_eq!(status(&li, "POST", "/audit/verify", Value::Null).await, 403);
}
