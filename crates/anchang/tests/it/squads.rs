//! Squads over the API of the real binary: whose checkpoints are, whose desk a warning lies at, who sees it; units from a table.

use crate::cases::{act, county, order};
use crate::prepared;
use crate::world::{Anchang, CHECKPOINT, Camera, Page, WATCHED, eventually, instant, passage};
use serde_json::{Value, json};

async fn import(page: &Page, kind: &str, table: &str) -> (u16, Value) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/api/v1/imports/{kind}", page.address());
    let sent = http.post(url).bearer_auth(page.token()).body(table.to_owned()).send().await.unwrap();
    (sent.status().as_u16(), sent.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_lies_at_the_desk_of_the_squad_whose_checkpoint_it_is_and_no_other_squad_sees_it() {
    let mut anchang = Anchang::start().await;
    let admin = prepared(&mut anchang).await;
    let county = county(&admin).await;
    let desk = admin.new_user_of("zhongdui", county.squad, &["duty_officer"]).await;
    let other = admin.new_user_of("zhongdui2", county.other_squad, &["duty_officer"]).await;
    let place = json!({ "name": "北环路口", "theatre": "urban", "lon": 118.83, "lat": 35.17, "unit_id": county.squad });
    admin.put(&format!("/checkpoints/{CHECKPOINT}"), place.clone()).await;
    assert_eq!(admin.get("/checkpoints").await["items"][0]["unit_id"], county.squad);
    let (mut here, mut there) = (desk.live().await, other.live().await);

    let camera = Camera::new(&anchang);
    eventually("the camera is let in", async || camera.register().await == 200).await;
    assert_eq!(camera.post(&[passage(WATCHED, 8)]).await, 200);
    eventually("it is at the squad's desk", async || desk.get("/tasks?mine=true").await["total"] == 1).await;
    let warning = desk.get("/warnings").await["items"][0].clone();
    let id = warning["id"].as_str().unwrap();
    assert_eq!(here.next_of("warning").await["warning"]["id"], warning["id"]);
    assert_eq!(there.next_of("figures").await["warnings_unsigned"], 0, "what is shown to the other squad");
    assert_eq!(desk.get("/figures").await["warnings_unsigned"], 1);
    assert_eq!(
        (&other.get("/warnings").await["total"], &other.get("/figures").await["warnings_unsigned"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(county.duty.get("/warnings").await["total"], 1, "the brigade leads in the whole county");
    assert_eq!(county.duty.get("/tasks?mine=true").await["total"], 0, "and the squad works it");
    for path in ["", "/explanation", "/replay"] {
        assert_eq!(other.status_of(&format!("/warnings/{id}{path}")).await, 404, "{path}");
    }
    let sign = Some(json!({ "version": warning["version"] }));
    assert_eq!(other.send("POST", &format!("/warnings/{id}/sign"), sign).await.status(), 404);
    assert_eq!(other.status_of(&format!("/chains/{id}")).await, 404);
    let many = json!({ "items": [{ "id": id, "version": warning["version"] }] });
    assert_eq!(other.post("/warnings/sign", many).await["items"][0]["ok"], false);
    let audit = admin.get("/audit?limit=500&action=access.other_unit").await;
    assert!(
        audit["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["actor"] == "zhongdui2" && row["target"] == id),
        "{audit}"
    );

    // The time goes on: nobody signs, the unit above is told.
    let told = async |page: &Page| page.get("/notices").await["items"].to_string();
    admin.put("/clock", json!({ "now": instant(110) })).await;
    eventually("the brigade is told", async || told(&county.duty).await.contains("nearly_late")).await;

    // Who is sent there from another squad sees what it is about.
    let mut sent = order(&county, &warning);
    sent["unit"] = json!(county.other_squad);
    desk.post(&format!("/warnings/{id}/sign"), json!({ "version": warning["version"] })).await;
    let case = desk.post("/cases", sent).await;
    assert_eq!(county.other_patrol.status_of(&format!("/warnings/{id}")).await, 200);
    act(&county.other_patrol, &case, json!({ "act": "sign" })).await;

    // A checkpoint that is nobody's is the brigade's; one that is edited without saying whose stays.
    let mut kept = place.clone();
    kept.as_object_mut().unwrap().remove("unit_id");
    admin.put(&format!("/checkpoints/{CHECKPOINT}"), kept).await;
    assert_eq!(admin.get("/checkpoints").await["items"][0]["unit_id"], county.squad);
    let mut nameless = place.clone();
    nameless["name"] = json!("  ");
    let refused = admin.send("PUT", &format!("/checkpoints/{CHECKPOINT}"), Some(nameless)).await;
    assert_eq!(refused.status(), 422);
    let mut nobodys = place;
    nobodys["unit_id"] = Value::Null;
    admin.put(&format!("/checkpoints/{CHECKPOINT}"), nobodys).await;
    assert_eq!(admin.get("/checkpoints").await["items"][0]["unit_id"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn units_come_from_a_table_in_any_order_and_what_can_not_stand_is_named() {
    let mut anchang = Anchang::start().await;
    let admin = prepared(&mut anchang).await;
    let table = "单位编码,单位名称,单位类型,上级编码,经度,纬度\n\
                 371327001001,东村,村居,371327001,118.9,35.2\n\
                 371327001,石桥镇,镇街,371327,118.91,35.21\n\
                 371327,县交安办,县交安办,,,\n\
                 JJ,交警大队,大队,371327,,\n\
                 JJ1,一中队,中队,JJ,,\n\
                 JJ1,二中队,中队,JJ,,\n\
                 A,甲站,劝导站,B,,\n\
                 B,乙站,劝导站,A,,\n\
                 C,丙村,村居,371327,,\n\
                 D,丁村,村居,XX,,\n\
                 E,戊村,村居,C,200,35\n\
                 F,己站,劝导站,C,,\n";
    let (status, report) = import(&admin, "units", table).await;
    assert_eq!((status, &report["inserted"], &report["rejected"]), (200, &json!(5), &json!(7)), "{report}");
    let mut faults: Vec<(u64, String)> = report["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["row"].as_u64().unwrap(), it["column"].as_str().unwrap().to_owned()))
        .collect();
    faults.sort();
    let expected = [
        (7, "单位编码"),
        (8, "上级编码"),
        (9, "上级编码"),
        (10, "单位类型"),
        (11, "上级编码"),
        (12, "经度"),
        (13, "上级编码"),
    ];
    assert_eq!(faults, expected.map(|(row, column)| (row, column.to_owned())));
    let units = admin.get("/units").await;
    let by_name = |name: &str| {
        units["items"].as_array().unwrap().iter().find(|unit| unit["name"] == name).unwrap().clone()
    };
    assert_eq!(by_name("东村")["parent_id"], by_name("石桥镇")["id"]);

    // The same again changes nothing; another name changes the unit of that code.
    let again =
        "单位编码,单位名称,单位类型,上级编码\n371327001,石桥街道,街道,371327\nJJ,交警大队,大队,371327\n";
    let (_, report) = import(&admin, "units", again).await;
    assert_eq!((&report["updated"], &report["unchanged"]), (&json!(1), &json!(1)), "{report}");
    assert_eq!(admin.get("/units").await["total"], 5);

    // Checkpoints name the unit by its code or its name.
    let checkpoints = format!(
        "卡口编号,名称,战场,经度,纬度,所属单位\n{CHECKPOINT},北环路口,城区,118.83,35.17,一中队\n\
                               37132700001210000002,东环路口,城区,118.88,35.17,五中队\n"
    );
    let (_, report) = import(&admin, "checkpoints", &checkpoints).await;
    assert_eq!(
        (&report["accepted"], &report["errors"][0]["column"]),
        (&json!(1), &json!("所属单位")),
        "{report}"
    );
    assert_eq!(admin.get("/checkpoints").await["items"][0]["unit_id"], by_name("一中队")["id"]);
    let clerk = admin.new_user("neiqin", &["clerk"]).await;
    assert_eq!(import(&clerk, "units", again).await.0, 403, "units are the system administrator's");
}
