//! Cameras that post the notices of their maker, over real sockets: Hikvision and Dahua.

use crate::world::{CHECKPOINT, NOW_MS, PASSWORD, World};
use domain::{Behaviour, DeviceKind, Fact, Observation, Passage, PlateColor, Timestamp};
use gat1400::digest::{Challenge, Credentials};
use gateway::directory::camera_ha1;
use gateway::{CameraEntry, Event, Limits, RefusalReason};
use std::net::{IpAddr, Ipv4Addr};

const SECOND: &str = "37132700001210000002";
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

const KIND: &str = "multipart/form-data; boundary=7e13971310878";

/// A camera of a maker, posting to the path that was set on it.
struct Poster {
    http: reqwest::Client,
    url: String,
    path: String,
}

struct Told {
    status: u16,
    body: String,
    challenge: Option<String>,
    retry_after: Option<String>,
}

impl Poster {
    fn new(world: &World, protocol: &str, path: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { http, url: format!("http://{}{path}", world.at(protocol)), path: path.to_owned() }
    }

    async fn post(&self, content_type: &str, body: impl Into<Vec<u8>>, proof: Option<String>) -> Told {
        let mut request = self.http.post(&self.url).header("content-type", content_type).body(body.into());
        if let Some(proof) = proof {
            request = request.header("authorization", proof);
        }
        let response = request.send().await.unwrap();
        let header =
            |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        Told {
            status: response.status().as_u16(),
            challenge: header("www-authenticate"),
            retry_after: header("retry-after"),
            body: response.text().await.unwrap(),
        }
    }

    async fn notice(&self, body: impl Into<Vec<u8>>) -> Told {
        self.post(KIND, body, None).await
    }

    async fn json(&self, body: &str) -> Told {
        self.post("application/json", body, None).await
    }

    /// Answers the challenge.
    fn proof(&self, told: &Told, username: &str, password: &str) -> String {
        let challenge = Challenge::parse(told.challenge.as_ref().unwrap()).unwrap();
        challenge.answer(Credentials { username, password }, "POST", &self.path, "0a4f113b", 1)
    }
}

/// An ANPR notice with two pictures, `seconds` before now.
fn anpr(plate: &str, seconds: i64, channel: u32, more: &str) -> Vec<u8> {
    let time = jt808::DateTime::from_unix_ms(NOW_MS - seconds * 1_000).unwrap();
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<EventNotificationAlert version=\"2.0\" \
         xmlns=\"http://www.hikvision.com/ver20/XMLSchema\"><macAddress>44:a6:42:00:00:01</macAddress>\
         <channelID>{channel}</channelID><dateTime>{}</dateTime><eventType>ANPR</eventType><eventState>active</eventState>\
         <ANPR><licensePlate>{plate}</licensePlate><line>2</line><direction>forward</direction>\
         <confidenceLevel>97</confidenceLevel><relaLaneDirectionType>4</relaLaneDirectionType>\
         <illegalInfo><illegalCode>1301</illegalCode></illegalInfo><vehicleInfo><speed>61</speed></vehicleInfo>\
         <pictureInfoList><pictureInfo><fileName>licensePlatePicture.jpg</fileName><type>licensePlatePicture</type></pictureInfo>\
         <pictureInfo><fileName>detectionPicture.jpg</fileName><type>detectionPicture</type></pictureInfo></pictureInfoList>\
         </ANPR><UUID>46dd0716-1dd2-11b2-821f-8ba17e6f56b7</UUID>{more}<VehicleGATInfo><palteTypeByGAT>2</palteTypeByGAT>\
         <plateColorByGAT>2</plateColorByGAT><vehicleTypeByGAT>K33</vehicleTypeByGAT><colorByGAT>A</colorByGAT></VehicleGATInfo>\
         </EventNotificationAlert>",
        iso(time)
    );
    multipart(&xml)
}

/// In Beijing time.
fn iso(time: jt808::DateTime) -> String {
    let bcd = time.bcd();
    let [year, month, day, hour, minute, second] = bcd.map(|byte| format!("{byte:02x}"));
    format!("20{year}-{month}-{day}T{hour}:{minute}:{second}+08:00")
}

fn multipart(xml: &str) -> Vec<u8> {
    let part = |name: &str, kind: &str, body: &str| {
        format!(
            "--7e13971310878\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\n\
             Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}\r\n",
            body.len()
        )
    };
    let body = part("anpr.xml", "application/xml", xml)
        + &part("licensePlatePicture.jpg", "image/jpeg", "the plate")
        + &part("detectionPicture.jpg", "image/jpeg", "the scene")
        + "--7e13971310878--\r\n";
    body.into_bytes()
}

fn entry(password: Option<&str>, address: Option<IpAddr>) -> CameraEntry {
    CameraEntry {
        is_enabled: true,
        username: "admin".into(),
        ha1: password.map(|password| camera_ha1("admin", password)).unwrap_or_default().into(),
        address,
        checkpoints: vec![CHECKPOINT.into(), SECOND.into()],
    }
}

fn admit(world: &World, kind: DeviceKind, id: &str, entry: CameraEntry) {
    world.admit(|directory| {
        directory.notifiers.insert((kind, id.into()), entry);
    });
}

fn passage(observation: &Observation) -> &Passage {
    match &observation.fact {
        Fact::Passage(passage) => passage,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_notice_becomes_a_passage_with_its_pictures_and_a_repeat_does_not() {
    let world = World::new().await;
    admit(&world, DeviceKind::Isapi, "north-1", entry(None, Some(HERE)));
    let camera = Poster::new(&world, "isapi", "/isapi/north-1");
    let told = camera.notice(anpr("蓝鲁Q12B45", 2, 2, "")).await;
    assert_eq!(told.status, 200, "{}", told.body);
    assert!(told.body.contains("<statusCode>1</statusCode>"), "{}", told.body);
    let stored = world.stored();
    let seen = passage(&stored[0]);
    assert_eq!((stored.len(), stored[0].device.as_str()), (1, "north-1"));
    assert_eq!(stored[0].captured_at, Timestamp::from_unix_ms(NOW_MS - 2_000));
    assert_eq!(seen.checkpoint.as_str(), SECOND, "the second channel's");
    assert_eq!(
        (seen.plate_text.as_str(), seen.plate.unwrap().to_string().as_str()),
        ("鲁Q12B45", "鲁Q12B45")
    );
    assert_eq!(
        (seen.plate_class.0, seen.plate_color, seen.plate_confidence),
        (2, PlateColor::Blue, Some(97))
    );
    assert_eq!((seen.lane, seen.direction, seen.speed_kmh), (Some(2), Some(3), Some(61)));
    assert_eq!((seen.body_color, seen.vehicle_type.unwrap().to_string().as_str()), (Some('A'), "K33"));
    assert!(seen.behaviours.contains(Behaviour::WrongWay));
    let pictures: Vec<_> = seen.pictures.iter().map(|id| world.picture(id)).collect();
    assert_eq!(pictures, [b"the scene", b"the plate"]);

    // Sent again, now marked as kept: the same passage, and no new picture.
    let again = anpr("蓝鲁Q12B45", 2, 2, "<isDataRetransmission>true</isDataRetransmission>");
    assert_eq!(camera.notice(again).await.status, 200);
    assert_eq!((world.stored().len(), world.picture_count()), (1, 2));
    let state = world.context.presence.get(DeviceKind::Isapi, &"north-1".into()).unwrap();
    assert_eq!((state.observations, state.clock_offset_ms), (2, Some(-2_000)));
    world.end().await;
}

#[tokio::test]
async fn what_no_camera_reads_and_no_clock_believes_is_still_taken() {
    let world = World::new().await;
    admit(&world, DeviceKind::Isapi, "north-1", entry(None, Some(HERE)));
    let camera = Poster::new(&world, "isapi", "/");
    let years_ahead =
        String::from_utf8(anpr("noPlate", 0, 1, "")).unwrap().replace("2026-11-23", "2034-01-04");
    assert_eq!(camera.notice(years_ahead).await.status, 200);
    assert_eq!(camera.notice(anpr("unknown", 1, 1, "")).await.status, 200);
    let json = r#"{"eventType": "ANPR", "eventState": "active", "dateTime": "2026-11-23T09:59:57+08:00", "channelID": 1,
        "ANPR": {"licensePlate": "黄鲁Q00001", "line": 1}, "VehicleGATInfo": {"plateColorByGAT": 1}}"#;
    assert_eq!(camera.json(json).await.status, 200);
    let stored = world.stored();
    assert_eq!(stored.len(), 3);
    assert_eq!(stored[0].captured_at, stored[0].received_at, "2034 is not believed");
    assert!(stored[..2].iter().all(|observation| passage(observation).plate.is_none()));
    assert_eq!((passage(&stored[2]).plate_color, passage(&stored[2]).plate_class.0), (PlateColor::Yellow, 0));
    world.end().await;
}

#[tokio::test]
async fn a_stranger_is_listed_with_what_it_says_and_let_in_once_it_is_registered() {
    let mut world = World::new().await;
    let camera = Poster::new(&world, "isapi", "/");
    assert_eq!(camera.notice(anpr("鲁Q12B45", 2, 1, "")).await.status, 403);
    match world.event().await {
        Event::Refused { source, device, reason, address, detail, .. } => {
            assert_eq!((source, device.as_str()), (DeviceKind::Isapi, "44a642000001"));
            assert_eq!((reason, address.ip()), (RefusalReason::Unknown, HERE));
            assert!(detail.contains("44a642000001"), "{detail}");
        }
        other => panic!("{other:?}"),
    }
    assert!(world.stored().is_empty());
    // As one click admits it: known by its address.
    admit(&world, DeviceKind::Isapi, "44a642000001", entry(None, Some(HERE)));
    assert_eq!(camera.notice(anpr("鲁Q12B45", 2, 1, "")).await.status, 200);
    assert_eq!(world.stored().len(), 1);

    for (entry, reason) in [
        (entry(None, Some("10.9.8.7".parse().unwrap())), RefusalReason::WrongAddress),
        (entry(None, None), RefusalReason::WrongPassword),
        (CameraEntry { is_enabled: false, ..entry(None, Some(HERE)) }, RefusalReason::Disabled),
    ] {
        admit(&world, DeviceKind::Isapi, "44a642000001", entry);
        let named = Poster::new(&world, "isapi", "/isapi/44a642000001");
        assert_eq!(named.notice(anpr("鲁Q12B45", 1, 1, "")).await.status, 403);
        match world.event().await {
            Event::Refused { reason: told, .. } => assert_eq!(told, reason),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(world.stored().len(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_password_is_asked_for_proved_once_and_a_wrong_one_is_told() {
    let mut world = World::with(Limits { camera_registration_s_max: 60, ..Limits::default() }).await;
    admit(&world, DeviceKind::Isapi, "north-1", entry(Some(PASSWORD), None));
    let camera = Poster::new(&world, "isapi", "/isapi/north-1");
    let body = || anpr("鲁Q12B45", 2, 1, "");
    let asked = camera.notice(body()).await;
    assert_eq!(asked.status, 401);
    let wrong = camera.proof(&asked, "admin", "12345");
    assert_eq!(camera.post(KIND, body(), Some(wrong)).await.status, 401);
    assert!(matches!(world.event().await, Event::Refused { reason: RefusalReason::WrongPassword, .. }));
    let right = camera.proof(&asked, "admin", PASSWORD);
    assert_eq!(camera.post(KIND, body(), Some(right.clone())).await.status, 200);
    // Its host is known now; an overheard proof is no use elsewhere, nor a second time.
    assert_eq!(camera.notice(anpr("鲁Q12B46", 1, 1, "")).await.status, 200);
    assert_eq!(camera.post(KIND, body(), Some(right)).await.status, 401);
    assert_eq!(camera.notice(body()).await.status, 401, "a wrong proof ends what a right one began");
    // Basic authentication does as well.
    let basic = |text: &str| Some(format!("Basic {text}"));
    assert_eq!(camera.post(KIND, body(), basic("YWRtaW46MTIzNDU=")).await.status, 401);
    assert!(matches!(world.event().await, Event::Refused { reason: RefusalReason::WrongPassword, .. }));
    // `printf 'admin:right horse' | base64`
    assert_eq!(camera.post(KIND, body(), basic("YWRtaW46cmlnaHQgaG9yc2U=")).await.status, 200);
    assert_eq!(world.stored().len(), 2);
    // After silence it has to prove itself anew; one that never does is told to a person.
    world.pass_ms(60_001);
    for _ in 0..4 {
        assert_eq!(camera.notice(body()).await.status, 401);
    }
    match world.event().await {
        Event::Refused { reason: RefusalReason::WrongPassword, detail, .. } => {
            assert!(detail.contains("does not answer the challenge"), "{detail}");
        }
        other => panic!("{other:?}"),
    }
    world.end().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_and_costs_nothing_else() {
    let limits = Limits { camera_body_bytes_max: 100_000, camera_picture_bytes_max: 50, ..Limits::default() };
    let mut world = World::with(limits).await;
    admit(&world, DeviceKind::Isapi, "north-1", entry(None, Some(HERE)));
    let camera = Poster::new(&world, "isapi", "/isapi/north-1");
    for (body, expected) in [
        (b"no notice at all".to_vec(), "multipart"),
        (multipart("<EventNotificationAlert><ANPR>"), "xml"),
        (multipart("<Something/>"), "root"),
        (multipart(&"<a>".repeat(5_000)), "too_large"),
        (anpr(&"鲁".repeat(40), 1, 1, ""), "plate_too_long"),
    ] {
        let told = camera.notice(body.clone()).await;
        assert_eq!(told.status, 400, "{expected}: {}", told.body);
        match world.event().await {
            Event::Quarantined { source: DeviceKind::Isapi, device, reason, bytes_len, .. } => {
                assert_eq!((device.unwrap().as_str(), reason, bytes_len), ("north-1", expected, body.len()));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(camera.notice(vec![b'x'; 100_001]).await.status, 413);
    assert_eq!(camera.http.get(&camera.url).send().await.unwrap().status(), 405);
    // A picture that is too large costs itself.
    let large = String::from_utf8(anpr("鲁Q12B45", 1, 1, "")).unwrap().replace("the scene", &"x".repeat(51));
    assert_eq!(camera.notice(large).await.status, 200);
    assert!(matches!(world.event().await, Event::Quarantined { reason: "picture_too_large", .. }));
    assert_eq!(passage(&world.stored()[0]).pictures.len(), 1);
    world.end().await;
}

#[tokio::test]
async fn signs_of_life_keep_a_camera_present_until_it_falls_silent() {
    let world = World::with(Limits { camera_registration_s_max: 60, ..Limits::default() }).await;
    admit(&world, DeviceKind::Isapi, "north-1", entry(None, Some(HERE)));
    admit(&world, DeviceKind::Dahua, "south-1", entry(None, Some(HERE)));
    let hikvision = Poster::new(&world, "isapi", "/isapi/north-1");
    let dahua = Poster::new(&world, "dahua", "/south-1/NotificationInfo/KeepAlive");
    let life = "<EventNotificationAlert><eventType>heartBeat</eventType><eventState>active</eventState></EventNotificationAlert>";
    let present = |kind, id: &str| world.context.presence.get(kind, &id.into()).unwrap();
    for _ in 0..3 {
        world.pass_ms(50_000);
        assert_eq!(hikvision.post("application/xml", life, None).await.status, 200);
        assert_eq!(dahua.json("").await.status, 200);
    }
    for (kind, id) in [(DeviceKind::Isapi, "north-1"), (DeviceKind::Dahua, "south-1")] {
        assert_eq!(present(kind, id).connected_since.unwrap().unix_ms(), NOW_MS + 50_000);
    }
    world.pass_ms(60_001);
    crate::world::eventually("both are gone", || {
        [(DeviceKind::Isapi, "north-1"), (DeviceKind::Dahua, "south-1")]
            .iter()
            .all(|(kind, id)| present(*kind, id).connected_since.is_none())
    })
    .await;
    world.end().await;
}

#[tokio::test]
async fn a_dahua_notice_becomes_a_passage() {
    let mut world = World::new().await;
    admit(&world, DeviceKind::Dahua, "south-1", entry(None, Some(HERE)));
    let camera = Poster::new(&world, "dahua", "/NotificationInfo/TollgateInfo");
    let notice = |plate: &str| {
        format!(
            r#"{{"Picture": {{"NormalPic": {{"Content": "dGhlIHNjZW5l"}}, "CutoutPic": {{"Content": "dGhlIHBsYXRl"}},
            "Plate": {{"Channel": 1, "Confidence": 90, "IsExist": true, "PlateColor": "Blue", "PlateNumber": "{plate}"}},
            "SnapInfo": {{"AccurateTime": "2026-11-23 09:59:57.500", "DeviceID": "camera_01", "LanNo": 3}},
            "Vehicle": {{"VehicleColor": "White"}}}}}}"#
        )
    };
    let told = camera.json(&notice("鲁Q12B45")).await;
    assert_eq!((told.status, told.body.contains("\"result\":\"true\"")), (200, true), "{}", told.body);
    assert_eq!(camera.json(&notice("鲁Q12B45")).await.status, 200);
    let stored = world.stored();
    let seen = passage(&stored[0]);
    assert_eq!((stored.len(), stored[0].captured_at.unix_ms()), (1, NOW_MS - 2_500));
    assert_eq!((seen.checkpoint.as_str(), seen.lane, seen.plate_color), (SECOND, Some(3), PlateColor::Blue));
    assert_eq!(
        seen.pictures.iter().map(|id| world.picture(id)).collect::<Vec<_>>(),
        [b"the scene", b"the plate"]
    );
    assert_eq!(camera.json("{\"Picture\": ").await.status, 400);
    assert!(matches!(
        world.event().await,
        Event::Quarantined { source: DeviceKind::Dahua, reason: "json", .. }
    ));
    world.admit(|directory| directory.notifiers.clear());
    assert_eq!(camera.json(&notice("鲁Q12B45")).await.status, 403);
    match world.event().await {
        Event::Refused { device, reason: RefusalReason::Unknown, .. } => {
            assert_eq!(device.as_str(), "camera_01");
        }
        other => panic!("{other:?}"),
    }
    world.end().await;
}

/// What a full disk answers is with the other devices, in `full_disk`.
pub(crate) async fn hikvision_told(world: &World, number: i64) -> (u16, bool) {
    admit(world, DeviceKind::Isapi, "north-1", entry(None, Some(HERE)));
    let camera = Poster::new(world, "isapi", "/isapi/north-1");
    let told = camera.notice(anpr("鲁Q12B45", number, 1, "")).await;
    (told.status, told.retry_after.is_some())
}
