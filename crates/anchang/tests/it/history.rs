//! The history through the real process: what was posted a moment ago is found; nothing is lost or doubled by kills and full
//! disks while segments are sealed and merged.

use crate::hard_disk::SmallDisk;
use crate::prepared;
use crate::world::{Anchang, CHECKPOINT, Camera, Page, eventually, passage};
use serde_json::{Value, json};
use std::path::Path;

/// Sealed at once, so that a test sees it.
const QUICK: &str = "[history]\nseal_rows = 25\nseal_period_ms = 100\nmerge_period_ms = 50\n";
const PERIOD: &str = "from=2026-11-22T00:00:00Z&to=2026-11-25T00:00:00Z";

async fn count(page: &Page) -> u64 {
    let flows = page.get(&format!("/history/flows?{PERIOD}")).await;
    flows["items"].as_array().unwrap().iter().map(|item| item["count"].as_u64().unwrap()).sum()
}

async fn storage(page: &Page) -> Value {
    page.get("/history/storage").await
}

async fn registered(anchang: &Anchang) -> Camera {
    let camera = Camera::new(anchang);
    eventually("the camera is let in", async || camera.register().await == 200).await;
    camera
}

/// The plates of all passages, by pages of a search.
async fn plates(page: &Page) -> Vec<String> {
    let (mut plates, mut before) = (Vec::new(), String::new());
    loop {
        let found = page.get(&format!("/history/passages?{PERIOD}&limit=70{before}")).await;
        assert_eq!(found["damages"], json!([]));
        plates.extend(
            found["items"].as_array().unwrap().iter().map(|item| item["plate"].as_str().unwrap().to_owned()),
        );
        match found["before"].as_u64() {
            Some(offset) => before = format!("&before={offset}"),
            None => return plates,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passage_is_found_at_once_traced_with_its_misreads_and_exported() {
    let mut anchang = Anchang::start().await;
    let page = prepared(&mut anchang).await;
    let camera = registered(&anchang).await;
    assert_eq!(
        camera.post(&[passage("鲁Q12845", 1), passage("鲁Q12B45", 40), passage("鲁Q77777", 50)]).await,
        200
    );
    eventually("they are found", async || count(&page).await == 3).await;
    // Who asks for a plate says why.
    assert_eq!(page.status_of(&format!("/history/passages?{PERIOD}&plate=鲁Q128*")).await, 422);
    assert_eq!(page.status_of("/history/trace?plate=鲁Q12845").await, 422);
    let found = page.get(&format!("/history/passages?{PERIOD}&plate=鲁Q12?4*&reason=核查")).await;
    assert_eq!(found["items"].as_array().unwrap().len(), 2, "{found}");
    assert_eq!(found["items"][0]["checkpoint_id"], CHECKPOINT);
    let trace = page.get(&format!("/history/trace?plate=鲁Q12845&{PERIOD}&reason=套牌核查")).await;
    assert_eq!(trace["items"].as_array().unwrap().len(), 2, "{trace}");
    let readings = trace["readings"].as_array().unwrap();
    let of = |plate: &str| readings.iter().find(|reading| reading["plate"] == plate).unwrap();
    assert_eq!((&of("鲁Q12845")["is_asked"], &of("鲁Q12845")["count"]), (&json!(true), &json!(1)));
    assert_eq!((&of("鲁Q12B45")["likelihood_permille"], &of("鲁Q12B45")["count"]), (&json!(600), &json!(1)));
    let row = &trace["items"][1];
    let text = |name: &str| row[name].as_str().unwrap();
    let whole = format!(
        "/history/trace/passage?plate={}&captured_at={}&received_at={}&checkpoint={}&reason=x",
        text("plate"),
        text("captured_at"),
        text("received_at"),
        text("checkpoint_id")
    );
    assert_eq!(page.get(&whole).await["plate"], row["plate"]);
    let audit = page.get("/audit?action=history.trace").await;
    assert_eq!(
        (&audit["items"][0]["target"], &audit["items"][0]["detail"]),
        (&json!("鲁Q12845"), &json!("套牌核查"))
    );

    for format in ["csv", "xlsx", "parquet"] {
        let search = json!({ "from": "2026-11-22T00:00:00Z", "to": "2026-11-25T00:00:00Z" });
        let asked = json!({ "search": search, "format": format, "reason": "归档" });
        let job = page.post("/history/exports", asked).await;
        let path = format!("/jobs/{}", job["id"]);
        eventually("it is exported", async || page.get(&path).await["state"] == "done").await;
        let result = page.get(&path).await["result"].clone();
        assert_eq!(result["rows"], 3, "{result}");
        let file = page.send("GET", &format!("{path}/files/passages.{format}"), None).await;
        let bytes = file.bytes().await.unwrap();
        match format {
            "csv" => {
                let text = String::from_utf8(bytes.to_vec()).unwrap();
                assert!(text.contains("鲁Q77777") && text.lines().count() == 4, "{text}");
            }
            "xlsx" => assert!(bytes.starts_with(b"PK")),
            _ => assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1")),
        }
    }
    let kept = json!({ "passages_arrival_days": 400, "passages_plate_days": 1_000, "positions_arrival_days": 100,
                       "positions_plate_days": 60, "others_days": null });
    assert_eq!(page.put("/history/retention", kept.clone()).await, kept);
    assert_eq!(storage(&page).await["retention"], kept);
    let bad = json!({ "passages_arrival_days": 3, "passages_plate_days": 1_000, "positions_arrival_days": 100,
                      "positions_plate_days": 60, "others_days": null });
    assert_eq!(page.send("PUT", "/history/retention", Some(bad)).await.status(), 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_while_segments_are_sealed_and_merged_lose_and_double_nothing() {
    const KILLS: u64 = 12;
    let mut anchang = Anchang::at_rest(QUICK);
    anchang.start_again().await;
    prepared(&mut anchang).await;
    let mut posted = 0;
    for round in 0..KILLS {
        let camera = registered(&anchang).await;
        for part in 0..4 {
            let first = (round * 4 + part) * 30;
            let passages: Vec<_> =
                (first..first + 30).map(|n| passage(&format!("鲁Q{n:05}"), n as i64 % 600)).collect();
            assert_eq!(camera.post(&passages).await, 200);
            posted += 30;
            tokio::time::sleep(std::time::Duration::from_millis(13 * (round + 3 * part) % 90)).await;
        }
        anchang.kill();
        anchang.start_again().await;
    }
    let page = anchang.signed_in().await;
    eventually("all are there", async || count(&page).await == posted).await;
    let mut plates = plates(&page).await;
    plates.sort();
    assert!(plates.into_iter().eq((0..posted).map(|n| format!("鲁Q{n:05}"))), "each once");
    eventually("all is sealed", async || {
        let storage = storage(&page).await;
        storage["sealed_up_to"] == storage["journal_end"]
    })
    .await;
    let after = storage(&page).await;
    assert_eq!((&after["damages"], &after["lost_bytes"]), (&json!([]), &json!(0)));
    assert_eq!(after["mended"]["missing"], json!([]));
    let rows = |by: &str| {
        let kinds = after["kinds"].as_array().unwrap().iter();
        kinds
            .filter(|kind| kind["kind"] == "passages" && kind["projection"] == by)
            .map(|kind| kind["rows"].as_u64().unwrap())
            .sum::<u64>()
    };
    assert_eq!((rows("arrival"), rows("plate")), (posted, posted));
    let trace = page.get(&format!("/history/trace?plate=鲁Q00017&{PERIOD}&misreads=false&reason=x")).await;
    assert_eq!(trace["items"].as_array().unwrap().len(), 1, "{trace}");
    // No file lies about that the catalogue does not name, but those a merge has just replaced.
    eventually("old files are gone", async || {
        let named: u64 = storage(&page).await["kinds"]
            .as_array()
            .unwrap()
            .iter()
            .map(|kind| kind["segments"].as_u64().unwrap())
            .sum();
        let folders = ["passages", "positions", "others"].map(|kind| anchang.path("history").join(kind));
        folders.iter().filter(|folder| folder.is_dir()).map(|folder| files(folder)).sum::<u64>() == named
    })
    .await;
}

fn files(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

/// A byte that turned on the disk: the check of all files names its file, and a trace loses nothing, since the same rows lie in
/// the other order.
#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_is_named_by_the_check_and_costs_a_trace_nothing() {
    let mut anchang = Anchang::at_rest(QUICK);
    anchang.start_again().await;
    let page = prepared(&mut anchang).await;
    let camera = registered(&anchang).await;
    let passages: Vec<_> = (0..60).map(|n| passage(&format!("鲁Q{n:05}"), n)).collect();
    assert_eq!(camera.post(&passages).await, 200);
    eventually("all is sealed", async || {
        let storage = storage(&page).await;
        storage["sealed_up_to"] == storage["journal_end"]
    })
    .await;
    // A clean end and a new start: no file is open that was read before.
    assert_eq!(anchang.terminate(), Some(0));
    let folder = anchang.path("history").join("passages/by=plate/month=2026-11");
    let mut damaged = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        // In the first page of the first column.
        bytes[60] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        damaged.push(path.file_name().unwrap().to_string_lossy().into_owned());
    }
    anchang.start_again().await;
    let page = anchang.signed_in().await;
    let trace = page.get(&format!("/history/trace?plate=鲁Q00017&{PERIOD}&misreads=false&reason=x")).await;
    assert_eq!(trace["items"].as_array().unwrap().len(), 1, "{trace}");
    assert_eq!((&trace["damages"], trace["replaced"].as_array().unwrap().len()), (&json!([]), 1), "{trace}");

    assert_eq!(page.send("POST", "/history/verification", None).await.status(), 204);
    let checked = async || storage(&page).await["verification"]["last"].clone();
    eventually("the check is done", async || checked().await["damaged"] == json!(damaged.len())).await;
    let last = checked().await;
    let named = last["damaged_paths"].to_string();
    assert!(damaged.iter().all(|file| named.contains(file)) && !named.contains("by=arrival"), "{last}");
    assert!(last["files"].as_u64().unwrap() > damaged.len() as u64, "the others are whole: {last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_sealing_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path()) else {
        println!("not tried: this user may not mount a small file system");
        return;
    };
    let mut anchang = Anchang::at_rest(QUICK);
    anchang.move_data(folder.path().join("data"));
    anchang.start_again().await;
    let page = prepared(&mut anchang).await;
    let camera = registered(&anchang).await;
    disk.fill();
    let mut posted = 0;
    // What still fits into the journal is answered, and found, although no segment can be written.
    while camera.post(&[passage(&format!("鲁Q{posted:05}"), posted)]).await == 200 {
        posted += 1;
        assert!(posted < 2_000, "the disk is never full");
    }
    std::fs::remove_file(disk.ballast()).unwrap();
    eventually("what was answered is there", async || count(&page).await == posted as u64).await;
    assert_eq!(camera.post(&[passage("鲁Q99999", 9)]).await, 200);
    eventually("all is sealed when there is room", async || {
        let storage = storage(&page).await;
        storage["sealed_up_to"] == storage["journal_end"] && storage["stopped"].is_null()
    })
    .await;
    assert_eq!(count(&page).await, posted as u64 + 1);
    assert_eq!(anchang.terminate(), Some(0));
    drop(disk);
}
