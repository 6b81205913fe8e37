//! Cases over the API of the real binary: one warning worked to its struck-off hazard by six people, and what is refused on the way.

use crate::prepared;
use crate::world::{Anchang, CAMERA, CHECKPOINT, Camera, Page, WATCHED, eventually, instant, passage};
use gat1400::object::MotorVehicle;
use serde_json::{Value, json};

/// A picture of one point (PNG).
const PICTURE: &[u8] = &[
    0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0,
    0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89,
];
const PLACE: (f64, f64) = (118.83, 35.17);
const EAST: &str = "37132700001210000002";
const SOUTH: &str = "37132700001210000003";

/// Six people in their units.
pub(crate) struct County {
    pub(crate) duty: Page,
    pub(crate) patrol: Page,
    pub(crate) other_patrol: Page,
    pub(crate) office: Page,
    pub(crate) member: Page,
    pub(crate) leader: Page,
    pub(crate) squad: i64,
    pub(crate) other_squad: i64,
    pub(crate) department: i64,
}

pub(crate) async fn county(admin: &Page) -> County {
    let unit = async |parent: Option<i64>, kind: &str, name: &str| {
        let made = admin.post("/units", json!({ "parent_id": parent, "kind": kind, "name": name })).await;
        made["id"].as_i64().unwrap()
    };
    let root = unit(None, "county_office", "县交安办").await;
    let brigade = unit(Some(root), "brigade", "交警大队").await;
    let squad = unit(Some(brigade), "squad", "一中队").await;
    let other = unit(Some(brigade), "squad", "二中队").await;
    let department = unit(Some(root), "department", "公路事业发展中心").await;
    County {
        duty: admin.new_user_of("zhiban", brigade, &["duty_officer"]).await,
        patrol: admin.new_user_of("lumian", squad, &["patrol_officer"]).await,
        other_patrol: admin.new_user_of("lumian2", other, &["patrol_officer"]).await,
        office: admin.new_user_of("jiaoan", root, &["safety_officer"]).await,
        member: admin.new_user_of("gonglu", department, &["member_unit"]).await,
        leader: admin.new_user_of("lingdao", root, &["leader"]).await,
        squad,
        other_squad: other,
        department,
    }
}

pub(crate) async fn act(page: &Page, file: &Value, act: Value) -> Value {
    let id = file["case"]["id"].as_str().unwrap();
    page.post(&format!("/cases/{id}/acts"), json!({ "version": file["case"]["version"], "act": act })).await
}

pub(crate) async fn refused(page: &Page, file: &Value, act: Value) -> (u16, Value) {
    let path = format!("/cases/{}/acts", file["case"]["id"].as_str().unwrap());
    let answer =
        page.send("POST", &path, Some(json!({ "version": file["case"]["version"], "act": act }))).await;
    (answer.status().as_u16(), answer.json().await.unwrap())
}

pub(crate) async fn picture(page: &Page) -> Value {
    let stored: Value = page.attach(PICTURE).await.json().await.unwrap();
    stored["id"].clone()
}

fn place() -> Value {
    json!({ "at": { "lon": PLACE.0, "lat": PLACE.1 }, "description": "北环路口" })
}

pub(crate) fn order(county: &County, warning: &Value) -> Value {
    json!({ "kind": "dispatch", "warning": warning["id"], "plate": WATCHED, "level": "high", "unit": county.squad,
            "spot": place(), "order": "在北环路口拦截", "until": instant(3_600), "category": "watch_order" })
}

fn hazard(county: &County, warning: &Value) -> Value {
    json!({ "kind": "hazard", "warning": warning["id"], "source": "warning", "hazard_kind": "road", "category": "signs",
            "grade": "general", "title": "路口标志缺失<script>", "spot": place(), "unit": county.squad,
            "answers": [{ "question": "which", "answer": "禁令标志" }] })
}

/// A warning at the desk.
pub(crate) async fn warned(anchang: &Anchang, page: &Page) -> Value {
    let camera = Camera::new(anchang);
    eventually("the camera is let in", async || camera.register().await == 200).await;
    assert_eq!(camera.post(&[passage(WATCHED, 8)]).await, 200);
    eventually("it is a task", async || page.get("/tasks").await["total"] == 1).await;
    page.get("/warnings").await["items"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "the whole chain, step by step")]
async fn a_warning_ends_in_a_struck_off_hazard_whose_line_shows_every_step() {
    let mut anchang = Anchang::start().await;
    let admin = prepared(&mut anchang).await;
    let county = county(&admin).await;
    let warning = warned(&anchang, &county.duty).await;
    let path = format!("/warnings/{}/sign", warning["id"].as_str().unwrap());
    county.duty.post(&path, json!({ "version": warning["version"] })).await;

    let sent = county.duty.post("/cases", order(&county, &warning)).await;
    assert_eq!(
        (&sent["case"]["state"], &sent["warning"]["state"]),
        (&json!("ordered"), &json!("dispatched"))
    );
    let mine = county.patrol.get("/tasks?mine=true").await;
    assert_eq!((&mine["total"], &mine["items"][0]["step"]), (&json!(1), &json!("sign_dispatch")));
    let path = format!("/cases/{}", sent["case"]["id"].as_str().unwrap());
    assert_eq!(county.other_patrol.status_of(&path).await, 404, "another squad's");
    let (status, _) = refused(&county.leader, &sent, json!({ "act": "sign" })).await;
    assert_eq!(status, 403, "a leader is no crew");

    let signed = act(&county.patrol, &sent, json!({ "act": "sign" })).await;
    let there = act(&county.patrol, &signed, json!({ "act": "arrive", "spot": place() })).await;
    let bare =
        json!({ "act": "report", "outcome": "intercepted", "verdict": "confirmed", "at": instant(10) });
    let (status, problem) = refused(&county.patrol, &there, bare.clone()).await;
    assert_eq!((status, &problem["code"]), (422, &json!("refused")), "{problem}");
    let mut report = bare;
    report["pictures"] = json!([picture(&county.patrol).await]);
    report["findings"] = json!([{ "code": "1344", "name": "驾驶机动车违反禁令标志指示的" }]);
    report["measures"] = json!([{ "kind": "fine", "amount": 100, "document": "3713-1" }]);
    report["education"] = json!({ "audience": "truck_driver", "topic": "标志认读", "material": "折页" });
    let told = act(&county.patrol, &there, report).await;
    let confirmed = act(&county.duty, &told, json!({ "act": "confirm" })).await;
    assert_eq!(confirmed["warning"]["state"], "closed");
    let kinds: Vec<&str> =
        confirmed["related"].as_array().unwrap().iter().map(|case| case["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["interception", "education"]);

    // On the spot a hazard was seen.
    let mut found = county.patrol.post("/cases", hazard(&county, &warning)).await;
    let verify = json!({ "act": "verify", "grade": "larger" });
    found = act(&county.office, &found, verify).await;
    let notice = json!({ "act": "issue_notice", "measure": "补设禁令标志", "unit": county.department,
                         "deadline": instant(86_400) });
    found = act(&county.office, &found, notice).await;
    found = act(&county.member, &found, json!({ "act": "take" })).await;
    let chain = county.member.get(&format!("/chains/{}", warning["id"].as_str().unwrap())).await;
    assert!(
        chain["warning"].is_null() && !chain.to_string().contains(WATCHED),
        "whose plate it was is not its concern"
    );
    let made_up = json!({ "act": "submit", "note": "已补设", "pictures": ["0".repeat(64)] });
    assert_eq!(refused(&county.member, &found, made_up).await.0, 422, "a picture that was never sent");
    let submit = json!({ "act": "submit", "note": "已补设", "pictures": [picture(&county.member).await] });
    found = act(&county.member, &found, submit).await;
    let accept = json!({ "act": "accept", "pictures": [picture(&county.patrol).await], "spot": place() });
    let (status, _) = refused(&county.member, &found, accept.clone()).await;
    assert_eq!(status, 403, "who rectifies never accepts");
    let far = json!({ "act": "accept", "pictures": [picture(&county.patrol).await],
                      "spot": { "at": { "lon": 118.9, "lat": 35.17 } } });
    assert_eq!(refused(&county.patrol, &found, far).await.0, 422);
    found = act(&county.patrol, &found, accept).await;
    found = act(&county.leader, &found, json!({ "act": "strike_off" })).await;
    assert_eq!(
        (&found["case"]["state"], &found["acts"]),
        (&json!("struck_off"), &json!([{ "act": "reopen", "name": "重新打开" }]))
    );

    let chain = county.leader.get(&format!("/chains/{}", warning["id"].as_str().unwrap())).await;
    let line: Vec<String> = chain["line"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| format!("{} {}", step["stage"].as_str().unwrap(), step["act"].as_str().unwrap()))
        .collect();
    assert_eq!(line.first().map(String::as_str), Some("passage passage"));
    assert_eq!(line.last().map(String::as_str), Some("hazard strike_off"));
    for step in ["warning signed", "dispatch report", "interception open", "education open", "hazard accept"]
    {
        assert!(line.iter().any(|it| it == step), "{step} in {line:?}");
    }
    let figures = county.leader.get("/statistics/hazards").await;
    assert_eq!(
        (&figures["road"]["found"], &figures["road"]["struck_off"]),
        (&json!(1), &json!(1)),
        "{figures}"
    );
    let counted = county.leader.get("/statistics/tasks?by=step").await;
    assert!(counted["groups"].as_array().unwrap().iter().all(|group| group["late"] == 0), "{counted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_refused_and_recorded_and_a_repeat_does_nothing_twice() {
    let mut anchang = Anchang::start().await;
    let admin = prepared(&mut anchang).await;
    let county = county(&admin).await;
    let warning = warned(&anchang, &county.duty).await;

    let once = order(&county, &warning);
    let first = county.duty.command("/cases", "k-1", &once).await.json::<Value>().await.unwrap();
    // Killed before the answer was read; the client says it again.
    anchang.kill();
    anchang.start_again().await;
    let mut duty = Page::new(&anchang);
    duty.log_in("zhiban", crate::world::PASSWORD).await;
    let again = duty.command("/cases", "k-1", &once).await.json::<Value>().await.unwrap();
    assert_eq!(again["case"]["id"], first["case"]["id"]);
    assert_eq!(duty.get("/cases?kind=dispatch").await["total"], 1);
    assert_eq!(duty.command("/cases", "k-1", &hazard(&county, &warning)).await.status(), 409);

    let no_picture = duty.attach(b"<script>alert(1)</script>").await;
    assert_eq!(no_picture.status(), 422, "only pictures");
    let made = duty.post("/cases", hazard(&county, &warning)).await;
    assert_eq!(made["case"]["title"], "路口标志缺失<script>", "text stays text; the page shows it as such");
    let unknown = duty.send("POST", "/cases", Some(json!({ "kind": "party" }))).await;
    assert_eq!(unknown.status(), 422);
    let mut other = Page::new(&anchang);
    other.log_in("lumian2", crate::world::PASSWORD).await;
    let path = format!("/cases/{}", first["case"]["id"].as_str().unwrap());
    assert_eq!(other.status_of(&path).await, 404);
    let mut admin = Page::new(&anchang);
    admin.log_in("admin", crate::world::PASSWORD).await;
    let audit = admin.get("/audit?limit=500").await.to_string();
    for action in ["attachment.refused", "access.other_unit", "dispatch.open", "hazard.open"] {
        assert!(audit.contains(action), "{action} is in the audit");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_rings_within_a_second_and_an_urgent_watch_order_that_nobody_approves_ends() {
    let mut anchang = Anchang::start().await;
    let mut admin = prepared(&mut anchang).await;
    let county = county(&admin).await;
    let application = json!({ "kind": "watch_application", "plate": "鲁Q55555", "reason": "涉嫌套牌", "legal_basis": "案件文书",
                              "level": "high", "until": instant(86_400), "unit": county.squad, "is_urgent": true });
    let applied = county.duty.post("/cases", application).await;
    assert_eq!(applied["case"]["state"], "urgent");
    let orders = async || county.leader.get("/watch-orders?q=55555").await["items"][0]["state"].clone();
    assert_eq!(orders().await, "in_force", "at once");
    let (status, _) = refused(&county.duty, &applied, json!({ "act": "approve" })).await;
    assert_eq!(status, 422, "nobody approves one's own");
    let mut leader = Page::new(&anchang);
    for seconds in [40_000, 80_000, 86_395] {
        admin.put("/clock", json!({ "now": instant(seconds) })).await;
        admin.log_in("admin", crate::world::PASSWORD).await; // A session lasts a shift.
    }
    leader.log_in("lingdao", crate::world::PASSWORD).await;
    assert_eq!(leader.get("/watch-orders?q=55555").await["items"][0]["state"], "in_force");
    admin.put("/clock", json!({ "now": instant(86_411) })).await;
    let path = format!("/cases/{}", applied["case"]["id"].as_str().unwrap());
    eventually("it lapsed", async || leader.get(&path).await["case"]["state"] == "lapsed").await;
}

/// Two more checkpoints, and where vehicles go from the first to the second.
async fn roads(admin: &Page, camera: &Camera) {
    for (id, name, lon) in [(EAST, "东环路口", 118.88), (SOUTH, "南关路口", 118.93)] {
        let place =
            json!({ "name": name, "theatre": "urban", "direction": "由北向南", "lon": lon, "lat": 35.17 });
        admin.put(&format!("/checkpoints/{id}"), place).await;
    }
    let all = json!({ "checkpoint_ids": [CHECKPOINT, EAST, SOUTH] });
    let changed = admin.send("PATCH", &format!("/devices/camera/{CAMERA}"), Some(all)).await;
    assert!(changed.status().is_success(), "{}", changed.text().await.unwrap());
    admin.put("/clock", json!({ "now": instant(700) })).await;
    // It said nothing for so long: it has to say who it is again.
    eventually("the camera is let in again", async || camera.register().await == 200).await;
    // Until the gateway knows better, what it says of elsewhere is taken to be of its first checkpoint.
    eventually("the camera serves all three", async || {
        camera.post(&[at_place("鲁Q69999", SOUTH, 10)]).await;
        admin.get(&format!("/passages?checkpoint={SOUTH}&limit=500")).await["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|passage| passage["checkpoint_id"] == SOUTH)
    })
    .await;
    for n in 0..10 {
        let plate = format!("鲁Q7000{n}");
        let passages = [at_place(&plate, EAST, 20 + n), at_place(&plate, SOUTH, 320 + 3 * n)];
        assert_eq!(camera.post(&passages).await, 200);
    }
}

fn at_place(plate: &str, checkpoint: &str, seconds: i64) -> MotorVehicle {
    MotorVehicle { tollgate_id: checkpoint.into(), ..passage(plate, seconds) }
}

async fn told(page: &Page) -> Vec<Value> {
    let notices = page.get("/notices").await;
    let all = notices["items"].as_array().unwrap().iter();
    all.filter(|notice| notice["word"] == "sighted").cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_sighting_tells_the_crew_where_the_vehicle_goes_and_a_crew_with_an_order_is_busy() {
    let mut anchang = Anchang::start().await;
    let admin = prepared(&mut anchang).await;
    let county = county(&admin).await;
    let warning = warned(&anchang, &county.duty).await;
    let camera = Camera::new(&anchang);
    roads(&admin, &camera).await;
    let post = json!({ "name": "一组", "unit": county.squad, "kind": "patrol", "state": "on_duty",
                       "lon": 118.9, "lat": 35.17, "crew": ["lumian"] });
    county.duty.post("/posts", post).await;

    let sent = county.duty.post("/cases", order(&county, &warning)).await;
    let id = sent["case"]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        county.duty.get("/posts").await[0]["state"],
        "on_duty",
        "what nobody signed keeps nobody busy"
    );
    let signed = act(&county.patrol, &sent, json!({ "act": "sign" })).await;
    let posts = county.duty.get("/posts").await;
    assert_eq!((&posts[0]["state"], &posts[0]["busy_with"]), (&json!("busy"), &json!(id)));

    // It drives on: past the east and the south, by the east twice.
    let mut live = county.patrol.live().await;
    admin.put("/clock", json!({ "now": instant(720) })).await;
    assert_eq!(camera.post(&[at_place(WATCHED, EAST, 705)]).await, 200);
    let news = live.next_of("case").await;
    assert_eq!((&news["act"], &news["case"]["id"]), (&json!("sighted"), &json!(id)));
    eventually("the crew is told", async || told(&county.patrol).await.len() == 1).await;
    let title = told(&county.patrol).await[0]["title"].as_str().unwrap().to_owned();
    assert!(title.starts_with("12:11 东环路口（由北向南） → 南关路口 12:16–12:"), "{title}");
    let options = county.duty.get(&format!("/dispatch/options?case={id}")).await;
    assert_eq!(options["seen"]["checkpoint_id"], EAST);
    assert_eq!(
        (&options["posts"][0]["busy_with"], &options["posts"][0]["can_intercept"]),
        (&json!(id), &json!(false)),
        "{options}"
    );
    assert_eq!(camera.post(&[at_place(WATCHED, EAST, 710), at_place(WATCHED, SOUTH, 715)]).await, 200);
    eventually("the next place is told", async || told(&county.patrol).await.len() == 2).await;
    assert_eq!(told(&county.duty).await.len(), 2, "and the dispatcher, of each checkpoint once");
    let chain = county.duty.get(&format!("/chains/{}", warning["id"].as_str().unwrap())).await.to_string();
    assert!(chain.contains("新的过车") && chain.contains("12:11 南关路口"), "{chain}");

    // Nothing of it is lost or told again after a kill, and the crew is still busy.
    anchang.kill();
    anchang.start_again().await;
    let (mut duty, mut patrol) = (Page::new(&anchang), Page::new(&anchang));
    duty.log_in("zhiban", crate::world::PASSWORD).await;
    patrol.log_in("lumian", crate::world::PASSWORD).await;
    assert_eq!(duty.get("/posts").await[0]["state"], "busy");
    assert_eq!(told(&patrol).await.len(), 2);
    let decline = json!({ "act": "decline", "reason": "车辆故障" });
    act(&patrol, &signed, decline).await; // The version that the crew saw before the sightings.
    assert_eq!(duty.get("/posts").await[0]["state"], "on_duty");
}
