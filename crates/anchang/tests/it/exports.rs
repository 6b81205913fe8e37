//! Exports at their worst: cancelled, killed, and on a full disk. None leaves half a file, and the next one is whole.

use crate::files::{import, large};
use crate::hard_disk::SmallDisk;
use crate::prepared;
use crate::world::{Anchang, Camera, Page, eventually, passage};
use serde_json::{Value, json};
use std::fs;

/// Several pages of the search behind an export.
const ROWS: u64 = 100_000;

async fn begin(page: &Page, format: &str) -> i64 {
    let search = json!({ "from": "2026-10-31T00:00:00Z", "to": "2026-11-25T00:00:00Z" });
    let asked = json!({ "search": search, "format": format, "reason": "归档" });
    page.post("/history/exports", asked).await["id"].as_i64().unwrap()
}

async fn job(page: &Page, id: i64) -> Value {
    page.get(&format!("/jobs/{id}")).await
}

async fn ends_as(page: &Page, id: i64, state: &str) -> Value {
    eventually(state, async || {
        let job = job(page, id).await;
        let now = job["state"].as_str().unwrap();
        assert!(now == state || matches!(now, "waiting" | "running"), "{job}");
        now == state
    })
    .await;
    job(page, id).await
}

async fn is_under_way(page: &Page, id: i64) {
    eventually("it is under way", async || {
        let job = job(page, id).await;
        assert!(matches!(job["state"].as_str().unwrap(), "waiting" | "running"), "it was too quick: {job}");
        job["done"].as_u64().unwrap() > 0
    })
    .await;
}

/// Nothing of it is left, and nobody gets a part of it.
async fn left_nothing(anchang: &Anchang, page: &Page, id: i64, file: &str) {
    let folder = anchang.path("jobs").join(id.to_string());
    eventually("its folder is gone", async || !folder.exists()).await;
    assert_eq!(page.status_of(&format!("/jobs/{id}/files/{file}")).await, 404);
}

async fn is_whole(page: &Page, rows: u64) {
    let id = begin(page, "csv").await;
    let result = ends_as(page, id, "done").await["result"].clone();
    assert_eq!(result["rows"], rows, "{result}");
    let file = page.send("GET", &format!("/jobs/{id}/files/passages.csv"), None).await;
    assert_eq!(file.text().await.unwrap().lines().count() as u64, rows + 1);
}

/// Rows are found as soon as they are imported and archived.
async fn imported(page: &Page, rows: u64) {
    let report = import(page, "large.csv", large(rows)).await;
    assert_eq!(report["good"], rows, "{report}");
    archived(page).await;
}

async fn archived(page: &Page) {
    eventually("all are archived", async || {
        let storage = page.get("/history/storage").await;
        storage["shown_up_to"] == storage["journal_end"]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_is_cancelled_or_killed_leaves_nothing_and_the_next_is_whole() {
    let mut anchang = Anchang::start().await;
    let page = prepared(&mut anchang).await;
    imported(&page, ROWS).await;
    for format in ["csv", "xlsx", "parquet"] {
        let id = begin(&page, format).await;
        is_under_way(&page, id).await;
        page.post(&format!("/jobs/{id}/cancel"), json!({})).await;
        ends_as(&page, id, "cancelled").await;
        left_nothing(&anchang, &page, id, &format!("passages.{format}")).await;
    }
    let id = begin(&page, "csv").await;
    is_under_way(&page, id).await;
    anchang.kill();
    assert!(anchang.path("jobs").join(id.to_string()).join("passages.csv").exists());
    anchang.start_again().await;
    let page = anchang.signed_in().await;
    assert_eq!(job(&page, id).await["state"], "interrupted");
    left_nothing(&anchang, &page, id, "passages.csv").await;
    archived(&page).await;
    is_whole(&page, ROWS).await;
    assert_eq!(anchang.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_onto_a_full_disk_says_so_and_leaves_nothing() {
    /// Fit into the small disk with the journal and its segments; their text does not fit into what is left of it.
    const FEW: u64 = 10_000;
    const A_POST: u64 = 250;
    /// Enough for what the records write, not for the text of the rows.
    const ROOM_BYTES: u64 = 600_000;
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path()) else {
        println!("not tried: this user may not mount a small file system");
        return;
    };
    let mut anchang = Anchang::start_with(Some(folder.path().join("data")), None).await;
    let page = prepared(&mut anchang).await;
    let camera = Camera::new(&anchang);
    eventually("the camera is let in", async || camera.register().await == 200).await;
    for first in (0..FEW).step_by(A_POST as usize) {
        let passages: Vec<_> =
            (first..first + A_POST).map(|n| passage(&format!("鲁Q{n:05}"), n as i64 % 600)).collect();
        assert_eq!(camera.post(&passages).await, 200);
    }
    archived(&page).await;
    disk.fill();
    let ballast = fs::OpenOptions::new().write(true).open(disk.ballast()).unwrap();
    let bytes = ballast.metadata().unwrap().len();
    ballast.set_len(bytes.checked_sub(ROOM_BYTES).expect("the disk was not full")).unwrap();
    let id = begin(&page, "csv").await;
    let failed = ends_as(&page, id, "failed").await;
    assert!(failed["problem"].as_str().unwrap().starts_with("磁盘已满"), "{failed}");
    left_nothing(&anchang, &page, id, "passages.csv").await;
    drop(ballast);
    fs::remove_file(disk.ballast()).unwrap();
    is_whole(&page, FEW).await;
    assert_eq!(anchang.terminate(), Some(0));
    drop(disk);
}
