//! A Hikvision camera from its first knock to a warning on the page, on the real binary.

use crate::prepared;
use crate::world::{Anchang, CHECKPOINT, WATCHED, eventually, instant};
use serde_json::{Value, json};

const BOUNDARY: &str = "7e13971310878";

/// A notice of the watched vehicle with its picture, so many seconds after the beginning.
fn notice(seconds: i64) -> Vec<u8> {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><EventNotificationAlert version=\"2.0\" \
         xmlns=\"http://www.hikvision.com/ver20/XMLSchema\"><macAddress>44:a6:42:00:00:01</macAddress><channelID>1</channelID>\
         <dateTime>{}</dateTime><eventType>ANPR</eventType><eventState>active</eventState><ANPR>\
         <licensePlate>蓝{WATCHED}</licensePlate><line>1</line><confidenceLevel>96</confidenceLevel></ANPR>\
         <VehicleGATInfo><palteTypeByGAT>2</palteTypeByGAT><plateColorByGAT>2</plateColorByGAT></VehicleGATInfo>\
         </EventNotificationAlert>",
        instant(seconds)
    );
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"anpr.xml\"; filename=\"anpr.xml\"\r\nContent-Type: application/xml\r\n\r\n\
         {xml}\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"detectionPicture.jpg\"; filename=\"detectionPicture.jpg\"\r\n\
         Content-Type: image/jpeg\r\n\r\n"
    );
    let end = format!("\r\n--{BOUNDARY}--\r\n");
    [head.as_bytes(), b"\xff\xd8\xff the scene", end.as_bytes()].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_admitted_with_one_click_and_its_passage_becomes_a_warning() {
    let mut anchang = Anchang::start().await;
    let page = prepared(&mut anchang).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/ANPR/notice", anchang.address("isapi"));
    let post = async || {
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let sent = http.post(&url).header("content-type", kind).body(notice(8)).send().await.unwrap();
        sent.status().as_u16()
    };
    assert_eq!(post().await, 403);
    let refused = async || page.get("/refused-devices").await["items"][0].clone();
    eventually("the stranger is listed", async || refused().await["kind"] == "isapi").await;
    let stranger = refused().await;
    assert_eq!(
        (&stranger["id"], &stranger["reason"]),
        (&json!("44a642000001"), &json!("unknown")),
        "{stranger}"
    );

    let admitted = page
        .post(
            "/refused-devices/isapi/44a642000001/admit",
            json!({ "name": "西环二号", "checkpoint_ids": [CHECKPOINT] }),
        )
        .await;
    assert_eq!(admitted["password"], Value::Null, "known by its address");
    assert_eq!(admitted["device"]["registered_address"], "127.0.0.1", "{admitted}");
    eventually("the camera is let in", async || post().await == 200).await;
    eventually("the warning is listed", async || page.get("/warnings").await["total"] == 1).await;
    let warning = page.get("/warnings").await["items"][0].clone();
    assert_eq!(warning["model"], "watch_order", "{warning}");
    // Sent again and again until it was let in: one passage, with its picture.
    let passages = page.get("/passages").await["items"].clone();
    assert_eq!(
        (passages.as_array().unwrap().len(), &passages[0]["plate"]),
        (1, &json!(WATCHED)),
        "{passages}"
    );
    let detail = page.get(&format!("/warnings/{}", warning["id"].as_str().unwrap())).await;
    let picture = detail["picture_ids"][0].as_str().unwrap();
    assert_eq!(page.status_of(&format!("/pictures/{picture}")).await, 200, "{detail}");
    let device = page.get("/devices?kind=isapi").await["items"][0].clone();
    assert_eq!((&device["state"], &device["name"]), (&json!("online"), &json!("西环二号")), "{device}");
    assert_eq!(page.get("/devices/health?kind=camera").await["total"], 2);
}
