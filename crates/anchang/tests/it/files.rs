//! Files of other systems through the API of the real binary: formats, encodings, faults, cancel, and what a kill leaves.

use crate::prepared;
use crate::world::{Anchang, CHECKPOINT, Camera, Page, WATCHED, eventually, passage};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::fmt::Write;
use std::sync::Arc;

const HEAD: &str = "卡口名称,过车时间,号牌号码,号牌颜色,车速\r\n";

/// Row `n`: a vehicle a second, from 2026-11-20 08:00 on.
fn row(n: u64) -> String {
    let (day, second) = (20 + n / 14_400, 28_800 + n % 14_400);
    let clock = format!("{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60);
    format!("北环路口,2026-11-{day:02} {clock},鲁Q{:05},蓝,{}\r\n", n % 100_000, 40 + n % 50)
}

fn csv(rows: u64) -> String {
    (0..rows).fold(HEAD.to_owned(), |mut text, n| {
        // A month has days enough for 150,000 rows; then the next second is another lane's business.
        text.write_str(&row(n % 43_000)).unwrap();
        text
    })
}

/// Many different rows.
pub(crate) fn large(rows: u64) -> String {
    (0..rows).fold(HEAD.to_owned(), |mut text, n| {
        let (day, second) = (1 + n / 40_000, n % 40_000);
        let clock = format!("{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60);
        write!(text, "{CHECKPOINT},2026-11-{day:02} {clock},鲁Q{:05},蓝,{}\r\n", n % 100_000, 40 + n % 50)
            .unwrap();
        text
    })
}

async fn upload(page: &Page, name: &str, content: impl Into<reqwest::Body>) -> Value {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/api/v1/intake/files", page.address());
    let sent =
        http.post(format!("{url}?name={name}")).bearer_auth(page.token()).body(content).send().await.unwrap();
    let status = sent.status();
    let text = sent.text().await.unwrap();
    assert!(status.is_success(), "{status} {text}");
    serde_json::from_str(&text).unwrap()
}

/// Uploads, takes the mapping that is guessed, and imports: the report.
pub(crate) async fn import(page: &Page, name: &str, content: impl Into<reqwest::Body>) -> Value {
    let file = upload(page, name, content).await;
    let id = file["id"].as_str().unwrap();
    let preview = page.get(&format!("/intake/files/{id}/preview")).await;
    import_by(page, id, &preview["mapping"]).await
}

async fn begin(page: &Page, id: &str, mapping: &Value) -> i64 {
    let job = page.post(&format!("/intake/files/{id}/import"), json!({ "mapping": mapping })).await;
    job["id"].as_i64().unwrap()
}

async fn import_by(page: &Page, id: &str, mapping: &Value) -> Value {
    let job = begin(page, id, mapping).await;
    ended(page, job).await;
    let file = page.get(&format!("/intake/files/{id}")).await;
    assert_eq!(file["last"]["job_id"], job, "{file}");
    file["last"]["report"].clone()
}

async fn ended(page: &Page, job: i64) -> Value {
    let path = format!("/jobs/{job}");
    let is_over = |job: &Value| !matches!(job["state"].as_str().unwrap(), "waiting" | "running");
    eventually("the job is over", async || is_over(&page.get(&path).await)).await;
    page.get(&path).await
}

fn counts(report: &Value) -> (u64, u64, u64, u64) {
    let count = |key: &str| report[key].as_u64().unwrap();
    (count("rows"), count("good"), count("doubled"), count("bad"))
}

fn xlsx() -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (line, text) in csv(100).lines().enumerate() {
        for (column, cell) in text.split(',').enumerate() {
            sheet.write(line as u32, column as u16, cell).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

fn parquet() -> Vec<u8> {
    let schema = "message passages { REQUIRED BYTE_ARRAY checkpoint (UTF8); REQUIRED INT64 time (TIMESTAMP(MILLIS,true)); \
                  REQUIRED BYTE_ARRAY plate (UTF8); REQUIRED INT64 speed; }";
    let schema = Arc::new(parquet::schema::parser::parse_message_type(schema).unwrap());
    let mut out = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut out, schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let texts = |text: &dyn Fn(i64) -> String| {
        (0..100).map(|n| ByteArray::from(text(n).as_str())).collect::<Vec<_>>()
    };
    // 2026-11-20T08:00:00+08:00 and the seconds after it.
    let times: Vec<i64> = (0..100).map(|n| 1_795_132_800_000 + n * 1_000).collect();
    let speeds: Vec<i64> = (0..100).map(|n| 40 + n % 50).collect();
    for column in 0..4 {
        let mut writer = group.next_column().unwrap().unwrap();
        match column {
            0 => writer
                .typed::<ByteArrayType>()
                .write_batch(&texts(&|_| CHECKPOINT.into()), None, None)
                .unwrap(),
            1 => writer.typed::<Int64Type>().write_batch(&times, None, None).unwrap(),
            2 => writer
                .typed::<ByteArrayType>()
                .write_batch(&texts(&|n| format!("鲁Q{n:05}")), None, None)
                .unwrap(),
            _ => writer.typed::<Int64Type>().write_batch(&speeds, None, None).unwrap(),
        };
        writer.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
    out
}

/// Observations from files that the journal holds, and how many of them are different.
fn held(anchang: &Anchang) -> (usize, usize) {
    let (journal, _) = journal::Journal::open(anchang.path("journal"), journal::Options::default()).unwrap();
    let mut reader = journal.reader(journal::Offset::START);
    let mut batch = journal::Batch::new();
    let mut ids = Vec::new();
    while reader.read_batch(1 << 20, &mut batch).unwrap() > 0 {
        for (_, bytes) in &batch {
            if let domain::Entry::Observation(observation) = codec::decode(bytes).unwrap()
                && observation.is_from_file()
            {
                ids.push(observation.id);
            }
        }
    }
    (ids.len(), ids.iter().collect::<HashSet<_>>().len())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_rows_come_in_once_in_whatever_format_they_are_sent() {
    let mut anchang = Anchang::start().await;
    let page = prepared(&mut anchang).await;
    let camera = Camera::new(&anchang);
    eventually("the camera is let in", async || camera.register().await == 200).await;
    assert_eq!(camera.post(&[passage(WATCHED, 8)]).await, 200);

    let gbk = encoding_rs::GB18030.encode(&csv(100)).0.into_owned();
    assert_eq!(counts(&import(&page, "过车.csv", gbk.clone()).await), (100, 100, 0, 0));
    assert_eq!(counts(&import(&page, "过车.csv", gbk).await), (100, 0, 100, 0));
    assert_eq!(counts(&import(&page, "过车.xlsx", xlsx()).await), (100, 0, 100, 0));
    assert_eq!(counts(&import(&page, "过车.parquet", parquet()).await), (100, 0, 100, 0));
    // What the camera has told itself is no news either.
    let told = format!("{HEAD}{CHECKPOINT},2026-11-23 12:00:08,{WATCHED},,\r\n");
    assert_eq!(counts(&import(&page, "camera.csv", told).await), (1, 0, 1, 0));

    let mut audit = page.get("/audit").await["items"].to_string();
    audit.retain(|c| !c.is_whitespace());
    assert!(audit.contains("intake.import") && audit.contains("intake.upload"), "{audit}");
    assert_eq!(page.get("/figures").await["passages_today"], 1, "history is not today's traffic");
    assert_eq!(anchang.terminate(), Some(0));
    assert_eq!(held(&anchang), (100, 100));
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_of_another_system_come_in_once_and_are_a_track() {
    const HEAD: &str = "车牌号码,车牌颜色,经度,纬度,定位时间,速度,方向角\r\n";
    let rows = |count: u64| {
        (0..count).fold(HEAD.to_owned(), |mut text, n| {
            let (minute, second) = (n / 60, n % 60);
            let lon = 118.8 + n as f64 / 10_000.0;
            write!(
                text,
                "鲁Q7A18{},黄,{lon:.6},35.1,2026-11-20 08:{minute:02}:{second:02},63.5,91\r\n",
                n % 3
            )
            .unwrap();
            text
        })
    };
    let mut anchang = Anchang::start().await;
    let page = prepared(&mut anchang).await;
    let bad =
        "鲁Q7A181,黄,218.9,35.1,2026-11-20 09:00:00,60,0\r\n,黄,118.9,35.1,2026-11-20 09:00:01,60,0\r\n";
    let report = import(&page, "定位.csv", rows(600) + bad).await;
    assert_eq!(counts(&report), (602, 600, 0, 2), "{report}");
    // Again, and with what came since.
    assert_eq!(counts(&import(&page, "定位.csv", rows(900)).await), (900, 300, 600, 0));
    let path = "/history/track?plate=鲁Q7A182&from=2026-11-19T00:00:00Z&to=2026-11-25T00:00:00Z&reason=核查";
    let fixes = async || page.get(path).await["items"].as_array().unwrap().clone();
    eventually("they are a track", async || fixes().await.len() == 300).await;
    let first = fixes().await[0].clone();
    assert_eq!(
        (&first["lat"], &first["speed_kmh"], &first["heading_deg"]),
        (&json!(35.1), &json!(63.5), &json!(91))
    );
    assert!((first["lon"].as_f64().unwrap() - 118.8002).abs() < 1e-6, "{first}");
    assert_eq!(page.get("/figures").await["positions_today"], 0, "history is not today's traffic");
    assert_eq!(anchang.terminate(), Some(0));
    assert_eq!(held(&anchang), (900, 900));
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_are_named_and_can_be_mended_and_imported() {
    let mut anchang = Anchang::start().await;
    let page = prepared(&mut anchang).await;
    let text: String = csv(2_000)
        .lines()
        .enumerate()
        .map(|(line, text)| match line % 40 {
            7 => text.replace("北环路口", "无名路口") + "\r\n",
            31 => text.replace("2026-11-", "2026-13-") + "\r\n",
            _ => text.to_owned() + "\r\n",
        })
        .collect();
    let file = upload(&page, "坏.csv", text).await;
    let id = file["id"].as_str().unwrap();
    let mapping = page.get(&format!("/intake/files/{id}/preview")).await["mapping"].clone();
    let check = page.post(&format!("/intake/files/{id}/check"), json!({ "mapping": mapping })).await;
    assert_eq!((counts(&check), &check["ended"]), ((2_000, 1_900, 0, 100), &json!("whole")));
    assert_eq!(check["unknown_words"]["checkpoint"][0], json!({ "word": "无名路口", "count": 50 }));

    let report = import_by(&page, id, &mapping).await;
    assert_eq!(counts(&report), (2_000, 1_900, 0, 100));
    let fault = &report["faults"][0];
    assert_eq!((&fault["count"], fault["examples"].as_array().unwrap().len()), (&json!(50), 5));
    let first = |reason: &str| {
        let faults = report["faults"].as_array().unwrap();
        faults.iter().find(|fault| fault["reason"] == reason).unwrap()["examples"][0].clone()
    };
    assert_eq!(first("unknown_checkpoint"), json!({ "row": 8, "value": "无名路口" }));
    assert_eq!(first("not_a_time")["row"], 32);
    let bad = page.send("GET", &format!("/intake/files/{id}/bad-rows"), None).await.text().await.unwrap();
    assert_eq!(bad.lines().count(), 101);
    assert!(bad.starts_with("\u{feff}卡口名称,过车时间,号牌号码,号牌颜色,车速,行号,错误"), "{bad}");
    assert!(bad.contains("没有登记的卡口"), "{bad}");

    // Mended in the list of bad rows itself, and by saying what the other system's word means.
    let mended = bad.replace("2026-13-", "2026-11-");
    let file = upload(&page, "改.csv", mended).await;
    let id = file["id"].as_str().unwrap();
    let mut mapping = page.get(&format!("/intake/files/{id}/preview")).await["mapping"].clone();
    mapping["translations"] = json!({ "checkpoint": { "无名路口": CHECKPOINT } });
    let kept = json!({ "head": ["卡口名称"], "mapping": mapping });
    page.put("/intake/mappings/旧平台", kept).await;
    assert_eq!(page.get("/intake/mappings").await["items"][0]["name"], "旧平台");
    assert_eq!(counts(&import_by(&page, id, &mapping).await), (100, 100, 0, 0));
    assert_eq!(anchang.terminate(), Some(0));
    assert_eq!(held(&anchang), (2_000, 2_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_no_passages_are_refused_in_clear_words() {
    let mut anchang = Anchang::start().await;
    let page = prepared(&mut anchang).await;
    let file = upload(&page, "wrong.csv", "姓名,电话\r\n甲,1\r\n").await;
    let path = format!("/intake/files/{}", file["id"].as_str().unwrap());
    let preview = page.get(&format!("{path}/preview")).await;
    assert_eq!(preview["rows"][1], json!(["甲", "1"]));
    let refused =
        page.send("POST", &format!("{path}/import"), Some(json!({ "mapping": preview["mapping"] }))).await;
    assert_eq!(refused.status().as_u16(), 422);
    let problem: Value = serde_json::from_str(&refused.text().await.unwrap()).unwrap();
    let fields: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|it| it["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["captured_at", "checkpoint", "plate"]);

    let picture = upload(&page, "a.jpg", vec![0xff, 0xd8, 0, 0, 1, 0, 0, 2]).await;
    let path = format!("/intake/files/{}", picture["id"].as_str().unwrap());
    assert_eq!(page.status_of(&format!("{path}/preview")).await, 422);
    assert_eq!(page.send("DELETE", &path, None).await.status().as_u16(), 204);
    assert_eq!(page.status_of(&path).await, 404);
    // Read in the wrong encoding, every row has the same fault, and none comes in.
    let gbk = encoding_rs::GB18030.encode(&csv(50)).0.into_owned();
    let file = upload(&page, "gbk.csv", gbk).await;
    let path = format!("/intake/files/{}", file["id"].as_str().unwrap());
    let mut mapping = page.get(&format!("{path}/preview")).await["mapping"].clone();
    assert_eq!(mapping["encoding"], "gb18030");
    mapping["encoding"] = json!("utf8");
    let check = page.post(&format!("{path}/check"), json!({ "mapping": mapping })).await;
    assert_eq!((counts(&check), &check["faults"][0]["reason"]), ((50, 0, 0, 50), &json!("foreign_bytes")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_cancelled_or_killed_is_repeated_without_doubles() {
    const ROWS: u64 = 100_000;
    let mut anchang = Anchang::start().await;
    let page = prepared(&mut anchang).await;
    let file = upload(&page, "大.csv", large(ROWS)).await;
    let id = file["id"].as_str().unwrap().to_owned();
    let mapping = page.get(&format!("/intake/files/{id}/preview")).await["mapping"].clone();
    let is_under_way = async |page: &Page, job: i64| {
        let job = page.get(&format!("/jobs/{job}")).await;
        job["done"].as_u64().unwrap() > 0
    };

    let job = begin(&page, &id, &mapping).await;
    eventually("it is under way", async || is_under_way(&page, job).await).await;
    page.post(&format!("/jobs/{job}/cancel"), json!({})).await;
    assert_eq!(ended(&page, job).await["state"], "cancelled");
    let cancelled = page.get(&format!("/intake/files/{id}")).await["last"]["report"].clone();
    let first = counts(&cancelled).1;
    assert!(cancelled["ended"] == "cancelled" && first > 0 && first < ROWS, "{cancelled}");

    let job = begin(&page, &id, &mapping).await;
    eventually("it is further than before", async || {
        let job = page.get(&format!("/jobs/{job}")).await;
        let part = job["done"].as_f64().unwrap() / job["total"].as_f64().unwrap_or(f64::MAX);
        part > (first as f64 / ROWS as f64) + 0.1
    })
    .await;
    anchang.kill();
    let (durable, different) = held(&anchang);
    assert!(
        durable == different && durable as u64 > first && (durable as u64) < ROWS,
        "{durable} {different}"
    );

    anchang.start_again().await;
    let page = anchang.signed_in().await;
    assert_eq!(page.get(&format!("/jobs/{job}")).await["state"], "interrupted");
    let report = import_by(&page, &id, &mapping).await;
    assert_eq!(counts(&report), (ROWS, ROWS - durable as u64, durable as u64, 0));
    assert_eq!(anchang.terminate(), Some(0));
    assert_eq!(held(&anchang), (ROWS as usize, ROWS as usize));
}
