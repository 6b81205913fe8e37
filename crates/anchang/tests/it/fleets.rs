//! A platform of JT/T 809 that encrypts, from its registration to the track of a vehicle, on the real binary.

use crate::prepared;
use crate::world::{Anchang, Page, eventually, instant};
use jt809::{
    Basic, Cipher, Decoder, Edition, Frame, Header, Login, LoginResult, Message, Position, VehicleData,
    VehicleMessage,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CENTER: u32 = 371_327;
const USER: u32 = 1001;
const CIPHER: Cipher = Cipher { m1: 87_654_321, ia1: 76_543_210, ic1: 65_432_109 };
/// Of the clock that is driven: 2026-11-23T12:00 in Beijing and some seconds.
const NOW_MS: i64 = 1_795_406_410_000;

struct Link {
    stream: TcpStream,
    cipher: Cipher,
    serial: u32,
}

impl Link {
    async fn connect(anchang: &Anchang, cipher: Cipher) -> Self {
        let stream = TcpStream::connect(anchang.address("fleets")).await.unwrap();
        Self { stream, cipher, serial: 0 }
    }

    async fn say(&mut self, message: &Message) {
        self.serial += 1;
        let header = Header {
            serial: self.serial,
            id: message.id(),
            center_id: CENTER,
            version: [1, 0, 0],
            key: Some(987_654_321 + self.serial),
            sent_unix_s: 0,
        };
        let mut out = Vec::new();
        header.encode(message, Edition::V2011, Some(self.cipher), &mut out);
        self.stream.write_all(&out).await.unwrap();
    }

    async fn hear(&mut self) -> Message {
        let mut buffer = [0; 1_024];
        let count = self.stream.read(&mut buffer).await.unwrap();
        let mut heard = None;
        Decoder::new(1_024).push(&buffer[..count], &mut |frame, _| {
            let frame = Frame::read(frame.unwrap(), Edition::V2011, None).unwrap();
            heard = Some(frame.message(Edition::V2011).unwrap());
        });
        heard.expect("a whole frame at once")
    }

    async fn log_in(&mut self) -> LoginResult {
        let login = Login {
            user_id: USER,
            password: "secret".into(),
            center_id: 0,
            down_link_ip: String::new(),
            down_link_port: 0,
        };
        self.say(&Message::Login(login)).await;
        match self.hear().await {
            Message::LoginReply { result, .. } => result,
            other => panic!("{other:?}"),
        }
    }

    async fn say_where(&mut self, seconds_ago: i64) {
        let basic = Basic {
            time: Basic::time_of(NOW_MS - seconds_ago * 1_000),
            longitude_e6: 118_830_000,
            latitude_e6: 35_170_000,
            speed_kmh: 61,
            heading_deg: 90,
            status: 3,
            ..Basic::default()
        };
        let data = VehicleData::Position(Position::Basic(basic));
        let message = VehicleMessage { plate: "苏C12345".into(), plate_color: 2, data };
        self.say(&Message::Vehicle(message)).await;
    }
}

async fn track(page: &Page) -> usize {
    let period = "from=2026-11-23T00:00:00Z&to=2026-11-24T00:00:00Z";
    let track = page.get(&format!("/history/track?plate=苏C12345&{period}&reason=核查")).await;
    track["items"].as_array().unwrap().len()
}

fn keys(cipher: Cipher) -> Value {
    json!({ "m1": cipher.m1, "ia1": cipher.ia1, "ic1": cipher.ic1 })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_link_is_taken_in_and_a_wrong_key_is_told() {
    let mut anchang = Anchang::start().await;
    let page = prepared(&mut anchang).await;
    let device = json!({ "kind": "fleet", "id": CENTER.to_string(), "name": "市监管平台", "username": USER.to_string(),
                         "password": "secret", "cipher": keys(CIPHER) });
    let made = page.post("/devices", device).await;
    assert_eq!(made["has_cipher"], true, "{made}");
    // They are shown to nobody, and a copy of the database does not give them away.
    assert!(!page.get("/devices?kind=fleet").await.to_string().contains("87654321"));
    let log_in = async |cipher: Cipher| {
        let mut link = Link::connect(&anchang, cipher).await;
        let result = link.log_in().await;
        (link, result)
    };
    eventually("it is let in", async || log_in(CIPHER).await.1 == LoginResult::Done).await;
    let (mut link, _) = log_in(CIPHER).await;
    link.say_where(5).await;
    eventually("the position is there", async || track(&page).await == 1).await;
    let fleet = page.get("/devices?kind=fleet").await["items"][0].clone();
    assert_eq!((&fleet["state"], &fleet["edition"]), (&json!("online"), &json!("2011")), "{fleet}");

    // Of the same platform with another key nothing is taken.
    link.cipher.ia1 += 1;
    link.say_where(4).await;
    let quarantined = async || page.get("/quarantine").await["items"][0].clone();
    eventually("it is put aside", async || quarantined().await["reason"] == "wrong_key").await;
    let entry = quarantined().await;
    assert_eq!((&entry["source"], &entry["device_id"]), (&json!("fleet"), &json!(CENTER.to_string())));
    assert!(entry["detail"].as_str().unwrap().contains("M1, IA1, IC1"), "{entry}");
    let wrong = Cipher { m1: CIPHER.m1 + 1, ..CIPHER };
    assert_eq!(log_in(wrong).await.1, LoginResult::Other);
    let refused = async || page.get("/refused-devices").await["items"][0].clone();
    eventually("it is listed", async || refused().await["reason"] == "wrong_key").await;

    // The parameters are changed on the page; all 0 takes them away. Bad ones are told.
    let path = format!("/devices/fleet/{CENTER}");
    let change = async |cipher: Value| page.send("PATCH", &path, Some(json!({ "cipher": cipher }))).await;
    let bad = change(json!({ "m1": 0, "ia1": 1, "ic1": 1 })).await;
    assert_eq!(bad.status(), 422);
    assert!(bad.text().await.unwrap().contains("m1 不得为 0"));
    assert!(change(keys(wrong)).await.status().is_success());
    eventually("the new ones hold", async || log_in(wrong).await.1 == LoginResult::Done).await;
    assert!(change(json!({ "m1": 0, "ia1": 0, "ic1": 0 })).await.status().is_success());
    eventually("none are left", async || log_in(wrong).await.1 == LoginResult::Other).await;
    assert_eq!(page.get("/devices?kind=fleet").await["items"][0]["has_cipher"], false);
    assert!(change(keys(CIPHER)).await.status().is_success());
    assert_eq!(
        page.send(
            "PATCH",
            &format!("/devices/camera/{}", crate::world::CAMERA),
            Some(json!({ "cipher": keys(CIPHER) }))
        )
        .await
        .status(),
        422,
        "a camera has none"
    );

    // They are known after a restart.
    assert_eq!(anchang.terminate(), Some(0));
    let stored = std::fs::read(anchang.path("records.db")).unwrap();
    assert!(!stored.windows(8).any(|part| part == b"87654321"), "sealed");
    anchang.start_again().await;
    let page = anchang.signed_in().await;
    page.put("/clock", json!({ "now": instant(11) })).await;
    let mut link = Link::connect(&anchang, CIPHER).await;
    assert_eq!(link.log_in().await, LoginResult::Done);
    link.say_where(3).await;
    eventually("the next position is there", async || track(&page).await == 2).await;
}
