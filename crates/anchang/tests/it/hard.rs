//! What devices, strangers and networks do at their worst: each gets its clear answer, and the good ones notice nothing.

use crate::hard_world::{Good, PHONE, Terminal};
use crate::prepared;
use crate::world::{Anchang, CAMERA, Camera, PASSWORD, Page, eventually, passage};
use jt808::AckResult;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);

/// Reads until the peer closes or has said all of an answer with a JSON body.
async fn answer_of(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let (mut answer, mut buffer) = (Vec::new(), [0; 4_096]);
    let reading = async {
        while !answer.ends_with(b"}") {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(count) => answer.extend_from_slice(&buffer[..count]),
            }
        }
    };
    timeout(PATIENCE, reading).await.expect("an answer or the end");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Connects, sends, and gives what comes back until the end.
async fn say(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    answer_of(&mut stream).await
}

async fn counts_by_reason(page: &Page) -> BTreeMap<String, u64> {
    serde_json::from_value(page.get("/quarantine").await["counts_by_reason"].clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_quarantined_with_its_reason_and_counted() {
    const CONNECTIONS: u64 = 20;
    const EACH: u64 = 99; // of which no connection is closed for its faults
    let mut anchang = Anchang::start().await;
    let page = prepared(&mut anchang).await;
    let mut good = Good::begin(&anchang, page).await;

    let terminals = anchang.address("terminals");
    let frames = tokio::spawn(async move {
        // Garbage between marks, half a frame, and a heartbeat with a wrong checksum.
        let three: &[u8] = b"\x7e\xde\xad\xbe\xef\x7e\x7e\x02\x00\x00\x7e\x7e\x00\x02\x00\x00\x01\x38\x00\x13\x80\x00\x00\x01\x99\x7e";
        for _ in 0..CONNECTIONS {
            let mut stream = TcpStream::connect(&terminals).await.unwrap();
            stream.write_all(&three.repeat(EACH as usize / 3)).await.unwrap();
            stream.shutdown().await.unwrap();
            answer_of(&mut stream).await;
        }
    });
    good.work_beside(frames).await;
    eventually("all frames are counted", async || {
        let counts = counts_by_reason(&good.page).await;
        counts.values().sum::<u64>() == CONNECTIONS * EACH && counts["checksum"] >= CONNECTIONS * EACH / 3
    })
    .await;

    let cut = vec![b'['; 100_000];
    for (body, status) in [(&b"{\"MotorVehicleListObject\":"[..], 400), (b"\xff\xfe", 400), (&cut, 400)] {
        let answer = good.camera.post_bytes(body).await;
        assert_eq!(answer.status(), status);
        assert!(answer.text().await.unwrap().contains("StatusCode"), "an answer that cameras understand");
    }
    let viid = anchang.address("viid");
    // No HTTP, and a registration that is none: neither says who it is.
    assert!(say(&viid, b"MOTOR VEHICLES\r\n\r\n").await.starts_with("HTTP/1.1 400 "));
    let register = b"POST /VIID/System/Register HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n{";
    assert!(say(&viid, register).await.starts_with("HTTP/1.1 400 "));
    eventually("what cameras sent is counted", async || {
        let counts = counts_by_reason(&good.page).await;
        (counts.get("body"), counts.get("http")) == (Some(&4), Some(&1))
    })
    .await;
    let listed = good.page.get("/quarantine?source=camera&reason=body").await;
    let longest =
        listed["items"].as_array().unwrap().iter().find(|item| item["bytes_len"] == 100_000).unwrap();
    assert_eq!(longest["device_id"], CAMERA);
    let whole = good.page.get(&format!("/quarantine/{}", longest["id"])).await;
    assert_eq!(whole["hex"].as_str().unwrap().len(), 2 * 4_096, "its beginning is kept");
    good.work().await;
    good.is_complete().await;
}

/// Sends a gigabyte, or what the peer takes of it; the answer.
async fn send_a_gigabyte(address: String, head: String, is_chunked: bool) -> String {
    const GB: usize = 1 << 30;
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let sending = tokio::spawn(async move {
        let chunk = vec![b' '; 1 << 16];
        let (length, piece) = if is_chunked {
            ("Transfer-Encoding: chunked".to_owned(), [b"10000\r\n", &chunk[..], b"\r\n"].concat())
        } else {
            (format!("Content-Length: {GB}"), chunk)
        };
        let head = format!("{head}Host: x\r\n{length}\r\n\r\n");
        let mut sent = 0;
        // One that looks for the answer now and then is not reset before it does.
        writing.write_all(head.as_bytes()).await.unwrap();
        for _ in 0..4 {
            writing.write_all(&piece).await.expect("it is heard out for a moment");
            sent += piece.len();
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        while sent < GB && writing.write_all(&piece).await.is_ok() {
            sent += piece.len();
        }
        assert!(sent < GB, "it was cut off");
    });
    // A peer that is busy sending looks for the answer when it has time.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let answer = answer_of(&mut reading).await;
    timeout(PATIENCE, sending).await.expect("the connection is closed").unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gigabyte_is_refused_early_everywhere_and_fills_no_memory() {
    let mut anchang = Anchang::start().await;
    let page = prepared(&mut anchang).await;
    let token = page.token().to_owned();
    let mut good = Good::begin(&anchang, page).await;
    let (http, viid) = (anchang.address("http"), anchang.address("viid"));
    let before_kib = anchang.memory_peak_kib();
    let json = "Content-Type: application/json\r\n";
    let session = format!("POST /api/v1/session HTTP/1.1\r\n{json}");
    let import = "POST /api/v1/imports/vehicles HTTP/1.1\r\n".to_owned();
    let import_signed = format!("{import}Authorization: Bearer {token}\r\n");
    let post = format!("POST /VIID/MotorVehicles HTTP/1.1\r\nUser-Identify: {CAMERA}\r\n");
    let register = "POST /VIID/System/Register HTTP/1.1\r\n".to_owned();
    let attacks = [
        (&http, session, "413", "too_large"),
        (&http, import, "401", "unauthenticated"),
        (&http, import_signed, "413", "too_large"),
        (&viid, post, "413", "StatusCode"),
        (&viid, register, "413", "StatusCode"),
    ];
    let mut running = tokio::task::JoinSet::new();
    for (address, head, status, word) in attacks {
        for is_chunked in [false, true] {
            let attack = send_a_gigabyte(address.clone(), head.clone(), is_chunked);
            running.spawn(async move { (attack.await, status, word) });
        }
    }
    let answers = good.work_beside(tokio::spawn(running.join_all())).await;
    for (answer, status, word) in answers {
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains(word),
            "{word}: {answer}"
        );
    }
    let grown_kib = anchang.memory_peak_kib().saturating_sub(before_kib);
    // Two imports of 64 MiB, two bodies of cameras of 32 MiB, and growing vectors.
    assert!(grown_kib < 400 << 10, "{grown_kib} KiB");
    good.is_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_are_told_and_lock_the_account_not_the_camera() {
    let mut anchang = Anchang::start().await;
    let page = prepared(&mut anchang).await;
    let mut good = Good::begin(&anchang, page).await;
    let impostor = Camera::new(&anchang);
    assert_eq!(impostor.register_with("not the one").await, 401);
    good.work().await;
    eventually("the wrong password is listed", async || {
        let refused = good.page.get("/refused-devices").await;
        refused["items"][0]["id"] == CAMERA && refused["items"][0]["reason"] == "wrong_password"
    })
    .await;

    let stranger = Page::new(&anchang);
    let log_in = async |password: &str| {
        let input = json!({ "username": "admin", "password": password });
        let answer = stranger.send("POST", "/session", Some(input)).await;
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (answer.status().as_u16(), kind, answer.json::<Value>().await.unwrap())
    };
    for _ in 0..5 {
        let (status, kind, problem) = log_in("not the one").await;
        assert_eq!((status, kind.as_str()), (401, "application/problem+json"));
        assert_eq!(
            (&problem["code"], &problem["title"]),
            (&json!("wrong_password"), &json!("用户名或密码不正确"))
        );
    }
    let (status, _, problem) = log_in(PASSWORD).await;
    assert_eq!((status, &problem["code"], &problem["title"]), (429, &json!("locked"), &json!("账号已锁定")));
    // Who is signed in already stays so.
    good.work().await;
    good.is_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_connections_are_held_although_the_process_may_open_few_files_at_first() {
    const EACH: usize = 250;
    let mut anchang = Anchang::start_with(None, Some(256)).await;
    let page = prepared(&mut anchang).await;
    let mut good = Good::begin(&anchang, page).await;
    let mut held = Vec::new();
    for name in ["terminals", "viid", "http"] {
        let address = anchang.address(name);
        for _ in 0..EACH {
            held.push(TcpStream::connect(&address).await.unwrap());
        }
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    good.work().await;
    // New ones are let in as well.
    let mut fresh = Page::new(&anchang);
    fresh.log_in("admin", PASSWORD).await;
    let closed = held.iter().filter(|stream| stream.try_read(&mut [0; 1]).is_ok()).count();
    assert_eq!(closed, 0);
    assert!(!anchang.log().contains("could not accept"), "{}", anchang.log());
    good.is_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protocol_at_the_wrong_port_is_turned_away() {
    let mut anchang = Anchang::start().await;
    let page = prepared(&mut anchang).await;
    let mut good = Good::begin(&anchang, page).await;
    let [http, viid, terminals] = ["http", "viid", "terminals"].map(|name| anchang.address(name));
    let hello = b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03aaaaaaaaaaaaaaaa\r\n\r\n";
    let frame = b"\x7e\x00\x02\x00\x00\x01\x38\x00\x13\x80\x00\x00\x01\xa9\x7e\r\n\r\n";
    for port in [&http, &viid] {
        for bytes in [&hello[..], frame] {
            let answer = say(port, bytes).await;
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
        }
    }
    // Terminals' frames have no marks in TLS and in HTTP: it is noise that brings the silence nearer.
    for bytes in [&hello[..], b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"] {
        let mut stream = TcpStream::connect(&terminals).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut buffer = [0; 16];
        let heard = timeout(Duration::from_millis(200), stream.read(&mut buffer)).await;
        assert!(!matches!(heard, Ok(Ok(1..))), "nothing is said to it");
    }
    good.work().await;
    good.is_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_whose_clock_is_decades_off_is_taken_at_the_time_of_arrival() {
    let mut anchang = Anchang::start().await;
    let page = prepared(&mut anchang).await;
    let good = Good::begin(&anchang, page).await;
    for (number, time) in ["20340101000000", "19700101080000", "20000101000000"].into_iter().enumerate() {
        let mut vehicle = passage(&format!("鲁QT000{number}"), 9);
        vehicle.pass_time = Some(gat1400::DateTime::parse(time).unwrap());
        assert_eq!(good.camera.post(&[vehicle]).await, 200);
    }
    eventually("all are of today", async || good.page.get("/figures").await["passages_today"] == 3).await;
    for passage in good.page.get("/passages").await["items"].as_array().unwrap() {
        assert!(passage["captured_at"].as_str().unwrap().starts_with("2026-11-23"), "{passage}");
    }
    assert_eq!(good.page.get("/health").await["status"], "ok");
    // The one that is off can be found.
    let device = good.page.get("/devices?kind=camera").await["items"][0].clone();
    assert!(device["clock_offset_ms"].as_i64().unwrap().abs() > 86_400_000, "{device}");
}

#[tokio::test(flavor = "multi_thread")]
async fn terminals_come_back_after_a_kill_with_the_code_they_have() {
    let mut anchang = Anchang::start().await;
    let page = prepared(&mut anchang).await;
    let mut good = Good::begin(&anchang, page).await;
    good.work().await;
    anchang.kill();
    anchang.start_again().await;
    let mut terminal = Terminal::begin(&anchang).await;
    assert_eq!(terminal.report(0).await, AckResult::Ok, "a repeat is answered");
    let page = anchang.signed_in().await;
    eventually("and not stored again", async || page.get("/figures").await["positions_today"] == 1).await;
    assert_eq!(page.get("/devices?kind=terminal").await["items"][0]["id"], PHONE.to_string());
}
