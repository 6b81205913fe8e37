//! The ledger of crashes over the API of the real binary, what falls on hazards, and the nearby case that is told in a lesson.

use crate::cases::{County, act, county, order, picture, warned};
use crate::prepared;
use crate::world::{Anchang, Page, WATCHED, instant};
use serde_json::{Value, json};

const LON: f64 = 118.83;
const LAT: f64 = 35.17;

fn hazard(county: &County, category: &str, lon: f64) -> Value {
    json!({ "kind": "hazard", "source": "patrol", "hazard_kind": "road", "category": category, "grade": "general",
            "title": "路面坑槽", "spot": { "at": { "lon": lon, "lat": LAT }, "description": "北环路" }, "unit": county.squad })
}

/// A hazard that was worked to its end.
async fn struck_off(county: &County, opening: Value) -> Value {
    let mut found = county.patrol.post("/cases", opening).await;
    found = act(&county.office, &found, json!({ "act": "verify", "grade": "general" })).await;
    let notice = json!({ "act": "issue_notice", "measure": "修补", "unit": county.department, "deadline": instant(86_400) });
    found = act(&county.office, &found, notice).await;
    found = act(&county.member, &found, json!({ "act": "take" })).await;
    let submit = json!({ "act": "submit", "note": "已修补", "pictures": [picture(&county.member).await] });
    found = act(&county.member, &found, submit).await;
    let spot = found["body"]["report"]["spot"].clone();
    let accept = json!({ "act": "accept", "pictures": [picture(&county.patrol).await], "spot": spot });
    found = act(&county.patrol, &found, accept).await;
    act(&county.leader, &found, json!({ "act": "strike_off" })).await
}

fn crash(lon: f64, seconds: i64) -> Value {
    json!({ "occurred_at": instant(seconds), "severity": "injury", "injured": 2, "lon": lon, "lat": LAT,
            "route": "G205", "chainage_m": 12_300, "note": "王某驾车" })
}

async fn line_of(page: &Page, case: &Value) -> Vec<String> {
    let file = page.get(&format!("/cases/{}", case["case"]["id"].as_str().unwrap())).await;
    let steps = file["steps"].as_array().unwrap().iter();
    steps
        .map(|step| format!("{} {}", step["actor"]["id"].as_str().unwrap(), step["act"].as_str().unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_on_a_struck_off_hazard_opens_it_again_and_one_near_an_open_one_is_linked() {
    let mut anchang = Anchang::start().await;
    let admin = prepared(&mut anchang).await;
    let county = county(&admin).await;
    let done = struck_off(&county, hazard(&county, "pavement", LON)).await;
    let open = county.patrol.post("/cases", hazard(&county, "lighting", LON + 0.001)).await;
    let far = struck_off(&county, hazard(&county, "signal", LON + 0.02)).await;

    // What happened before it was struck off was seen to with it: named, not opened again.
    let before = county.duty.post("/crashes", crash(LON, -3_600)).await;
    let effect = |file: &Value, case: &Value| {
        let hazards = file["hazards"].as_array().unwrap().iter();
        let of = |it: &&Value| it["case"]["id"] == case["case"]["id"];
        hazards.clone().find(of).map(|it| it["effect"].as_str().unwrap().to_owned())
    };
    assert_eq!(effect(&before, &done).as_deref(), Some("linked"), "{before}");

    admin.put("/clock", json!({ "now": instant(60) })).await;
    let fallen = county.duty.post("/crashes", crash(LON, 30)).await;
    assert_eq!(effect(&fallen, &done).as_deref(), Some("reopened"), "{fallen}");
    assert_eq!(effect(&fallen, &open).as_deref(), Some("linked"), "91 m of the 200 m of its category");
    assert_eq!(effect(&fallen, &far), None);
    let line = line_of(&county.office, &done).await;
    assert!(line.ends_with(&["anchang reopen".into(), "anchang relate".into()]), "{line:?}");
    let path = format!("/cases/{}", done["case"]["id"].as_str().unwrap());
    let reopened = county.office.get(&path).await;
    let number = fallen["crash"]["id"].as_str().unwrap();
    assert_eq!(
        (&reopened["case"]["state"], &reopened["body"]["reopened_count"]),
        (&json!("reported"), &json!(1))
    );
    assert!(
        reopened["body"]["reason"]
            .as_str()
            .unwrap()
            .starts_with(&format!("事故 {number}（2026-11-23 12:00，伤人"))
    );
    // Who verifies has it as a task again.
    let waiting = county.office.get("/tasks?mine=true").await.to_string();
    assert!(waiting.contains(done["case"]["id"].as_str().unwrap()), "{waiting}");

    // From a crash a hazard is reported, from one that isn't there none.
    let mut reported = hazard(&county, "road_other", LON + 0.2);
    reported["source"] = json!("crash");
    reported["crash"] = json!("SG20261123-9999");
    assert_eq!(county.office.send("POST", "/cases", Some(reported.clone())).await.status(), 422);
    reported["crash"] = json!(number);
    county.office.post("/cases", reported).await;
    let file = county.office.get(&format!("/crashes/{number}")).await;
    assert!(file["hazards"].as_array().unwrap().iter().any(|it| it["effect"] == "reported"), "{file}");

    // By a table, twice; what is wrong is named by row and column.
    let table = "事故编号,事故时间,事故类型,死亡人数,受伤人数,道路,桩号米,经度,纬度\n\
                 A-1,2026-11-23 11:00,伤人,0,1,G205,12000,118.9,35.2\n\
                 A-2,2026-11-23 11:05,死亡,0,1,G205,12000,118.9,35.2\n\
                 A-3,明天,伤人,0,1,G205,12000,,\n\
                 A-4,2026-11-23 10:05,财产损失,0,0,S229,4000,,\n";
    let first = county_import(&admin, table).await;
    assert_eq!((&first["inserted"], &first["rejected"]), (&json!(2), &json!(2)), "{first}");
    let faults: Vec<_> = first["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["row"].clone(), it["column"].clone()))
        .collect();
    assert_eq!(faults, [(json!(3), json!("事故类型")), (json!(4), json!("事故时间"))]);
    assert_eq!(county_import(&admin, table).await["unchanged"], 2);
    let unplaced = county.office.get("/crashes?placed=false").await;
    assert_eq!((&unplaced["total"], &unplaced["items"][0]["source_number"]), (&json!(1), &json!("A-4")));
    assert_eq!(county.member.status_of("/crashes").await, 200);
    let bad = json!({ "occurred_at": instant(30), "severity": "fatal", "description": "某处" });
    assert_eq!(county.duty.send("POST", "/crashes", Some(bad)).await.status(), 422, "fatal, and nobody dead");
    let audit = admin.get("/audit?limit=500").await.to_string();
    assert!(audit.contains("crash.record") && audit.contains("crash.import"));
}

async fn county_import(page: &Page, table: &str) -> Value {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/api/v1/imports/crashes", page.address());
    let sent = http.post(url).bearer_auth(page.token()).body(table.to_owned()).send().await.unwrap();
    sent.json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_the_public_on_a_struck_off_place_opens_it_again_and_a_merged_one_brings_its_pictures() {
    let mut anchang = Anchang::start().await;
    let admin = prepared(&mut anchang).await;
    let county = county(&admin).await;
    let done = struck_off(&county, hazard(&county, "pavement", LON)).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let report = async |lon: f64| -> Value {
        let url = format!("http://{}/open311/v2/requests.json", admin.address());
        // 又有坑
        let form =
            format!("service_code=pavement&lat=35.17&long={lon}&description=%E5%8F%88%E6%9C%89%E5%9D%91");
        let sent = http.post(url).header("content-type", "application/x-www-form-urlencoded").body(form);
        sent.send().await.unwrap().json().await.unwrap()
    };
    let number = report(LON + 0.0005).await[0]["service_request_id"].as_str().unwrap().to_owned();
    let path = format!("/cases/{}", done["case"]["id"].as_str().unwrap());
    let reopened = county.office.get(&path).await;
    assert_eq!(reopened["case"]["state"], "reported", "{reopened}");
    assert_eq!(reopened["body"]["reports"], json!([number]));
    let url = format!("http://{}/open311/v2/requests/{number}.json", admin.address());
    let asked: Value = http.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (&asked[0]["status"], &asked[0]["service_request_id"]),
        (&json!("open"), &json!(number)),
        "what became of it"
    );
    let elsewhere = report(LON + 0.05).await[0]["service_request_id"].as_str().unwrap().to_owned();
    assert_eq!(county.office.get(&format!("/cases/{elsewhere}")).await["case"]["state"], "reported");

    // People merge: the pictures of the one are the other's from then on.
    let mut shown = hazard(&county, "pavement", LON);
    shown["pictures"] = json!([picture(&county.patrol).await]);
    let double = county.patrol.post("/cases", shown.clone()).await;
    let merge = |into: &Value| json!({ "act": "merge", "into": into["case"]["id"] });
    let itself = crate::cases::refused(&county.office, &double, merge(&double)).await;
    assert_eq!(itself.0, 422, "into itself");
    act(&county.office, &double, merge(&reopened)).await;
    assert_eq!(county.office.get(&path).await["body"]["report"]["pictures"], shown["pictures"]);

    // What has to be known of its category is asked of who keeps hazards, by the platform, too.
    let unanswered = hazard(&county, "signs", LON + 0.1);
    let (status, problem) = {
        let answer = county.office.send("POST", "/cases", Some(unanswered.clone())).await;
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    assert_eq!((status, &problem["code"]), (422, &json!("refused")), "{problem}");
    // The road reports without; then it is asked of who verifies.
    let quick = county.patrol.post("/cases", unanswered).await;
    let mut verify = json!({ "act": "verify", "grade": "general" });
    assert_eq!(crate::cases::refused(&county.office, &quick, verify.clone()).await.0, 422);
    verify["answers"] = json!([{ "question": "which", "answer": "禁令标志" }]);
    assert_eq!(act(&county.office, &quick, verify).await["case"]["state"], "verified");
    let figures = county.leader.get("/statistics/hazards?by=unit").await;
    assert_eq!(
        (&figures["total"]["found"], &figures["total"]["struck_off"]),
        (&json!(3), &json!(0)),
        "{figures}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_gets_a_nearby_case_without_names_and_an_order_from_a_case_is_withdrawn_there() {
    let mut anchang = Anchang::start().await;
    let admin = prepared(&mut anchang).await;
    let county = county(&admin).await;
    let suggested = async |audience: &str| {
        county.duty.get(&format!("/educations/local-case?audience={audience}&lon={LON}&lat={LAT}")).await
    };
    assert_eq!(suggested("villager").await, Value::Null);
    county.duty.post("/crashes", crash(LON, -3_600)).await;
    let told = suggested("villager").await;
    let text = told["text"].as_str().unwrap();
    assert!(text.contains("伤人事故，2 人受伤") && text.contains("G205") && !text.contains("王某"), "{text}");

    let warning = warned(&anchang, &county.duty).await;
    let mut sent = order(&county, &warning);
    sent["category"] = json!("overload");
    let mut case = county.duty.post("/cases", sent).await;
    case = act(&county.patrol, &case, json!({ "act": "sign" })).await;
    let report = json!({ "act": "report", "outcome": "intercepted", "verdict": "confirmed", "at": instant(9),
                         "note": "驾驶人李某", "pictures": [picture(&county.patrol).await] });
    case = act(&county.patrol, &case, report).await;
    act(&county.duty, &case, json!({ "act": "confirm" })).await;
    let told = suggested("truck_driver").await;
    let text = told["text"].as_str().unwrap();
    assert!(text.contains("鲁Q*****") && !text.contains(WATCHED) && !text.contains("李某"), "{text}");
    assert_eq!(told["kind"], "dispatch");
    let nobody = county.duty.get("/educations/local-case?audience=villager&lon=120.5&lat=36.5").await;
    assert_eq!(nobody, Value::Null, "too far away");

    let application = json!({ "kind": "watch_application", "plate": "鲁Q55555", "reason": "涉嫌套牌", "legal_basis": "案件文书",
                              "level": "high", "until": instant(86_400), "unit": county.squad, "is_urgent": true });
    let applied = county.duty.post("/cases", application).await;
    let id = applied["case"]["id"].as_str().unwrap();
    let orders = county.leader.get("/watch-orders?q=55555").await;
    assert_eq!(orders["items"][0]["case_id"], id);
    let withdraw = Some(json!({ "reason": "查清" }));
    let refused = county.leader.send("POST", &format!("/watch-orders/{id}/withdraw"), withdraw.clone()).await;
    assert_eq!(refused.status(), 409);
    assert!(refused.text().await.unwrap().contains(id), "where it is withdrawn");
    let by_hand = county.leader.get(&format!("/watch-orders?q={WATCHED}")).await;
    let other = by_hand["items"][0]["id"].as_str().unwrap();
    assert_eq!(by_hand["items"][0]["case_id"], Value::Null);
    assert!(
        county
            .leader
            .send("POST", &format!("/watch-orders/{other}/withdraw"), withdraw)
            .await
            .status()
            .is_success()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_of_a_channel_is_not_in_the_records() {
    let mut anchang = Anchang::start().await;
    let admin = prepared(&mut anchang).await;
    let channel = json!([{ "id": "group", "name": "值班群", "kind": "dingtalk", "is_enabled": false,
                           "url": "https://example.test/send", "secret": "SECfa7b1d29c0e84", "level_min": "low" }]);
    admin.put("/channels", channel).await;
    assert_eq!(admin.get("/channels").await[0]["secret"], "***");
    assert_eq!(anchang.terminate(), Some(0));
    for name in ["records.db", "records.db-wal"] {
        let bytes = std::fs::read(anchang.path(name)).unwrap_or_default();
        assert!(!bytes.windows(16).any(|part| part == b"SECfa7b1d29c0e84"), "{name}");
    }
    anchang.start_again().await;
    assert_eq!(
        anchang.signed_in().await.get("/channels").await[0]["secret"],
        "***",
        "it is there all the same"
    );
}
