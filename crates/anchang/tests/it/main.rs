//! The real binary, with a camera on one side and a page on the other.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod access;
mod back_test;
mod cases;
mod desk;
mod exports;
mod files;
mod fleets;
mod hard;
mod hard_disk;
mod hard_world;
mod history;
mod killed;
mod ledger;
mod notices;
mod platforms;
mod squads;
mod sso;
mod telling;
mod weighing;
mod world;

use serde_json::json;
use std::process::Command;
use world::{Anchang, CAMERA, CHECKPOINT, Camera, PASSWORD, Page, WATCHED, eventually, instant, passage};

/// A platform with a checkpoint, a camera, a registered vehicle and a watch order; somebody is signed in.
pub(crate) async fn prepared(anchang: &mut Anchang) -> Page {
    let mut page = anchang.signed_in_first().await;
    page.put("/clock", json!({ "now": instant(0) })).await;
    // The clock was moved by decades: the session is over.
    page.log_in("admin", PASSWORD).await;
    let place = json!({ "name": "北环路口", "theatre": "urban", "lon": 118.83, "lat": 35.17 });
    page.put(&format!("/checkpoints/{CHECKPOINT}"), place).await;
    page.put(
        &format!("/vehicles/{WATCHED}/02"),
        json!({ "owner": "", "inspection_valid_until": "2030-01-01" }),
    )
    .await;
    let order = json!({ "plate": WATCHED, "reason": "肇事逃逸", "legal_basis": "案件文书", "level": "high",
                        "until": instant(86_400) });
    page.post("/watch-orders", order).await;
    let device = json!({ "kind": "camera", "id": CAMERA, "name": "北环一号", "username": "police",
                         "password": PASSWORD, "checkpoint_ids": [CHECKPOINT] });
    page.post("/devices", device).await;
    page.put("/clock", json!({ "now": instant(10) })).await;
    page
}

async fn counts(page: &Page) -> (u64, u64, u64) {
    let warnings = page.get("/warnings").await;
    let figures = page.get("/figures").await;
    let passages = page.get("/passages").await;
    (
        warnings["total"].as_u64().unwrap(),
        figures["passages_today"].as_u64().unwrap(),
        passages["items"].as_array().unwrap().len() as u64,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watched_plate_becomes_one_warning_whatever_happens_to_the_process() {
    let mut anchang = Anchang::start().await;
    let page = prepared(&mut anchang).await;
    let mut live = page.live().await;
    let camera = Camera::new(&anchang);
    eventually("the camera is let in", async || camera.register().await == 200).await;
    assert_eq!(camera.post(&[passage(WATCHED, 8), passage("鲁Q99999", 9)]).await, 200);

    eventually("the warning is listed", async || counts(&page).await == (1, 2, 2)).await;
    let warning = page.get("/warnings").await["items"][0].clone();
    assert_eq!((&warning["model"], &warning["level"]), (&json!("watch_order"), &json!("high")), "{warning}");
    let told = live.next_of("warning").await;
    assert_eq!(told["warning"]["id"], warning["id"]);
    assert_eq!(page.get("/figures").await["warnings_unsigned"], 1);

    // Killed before any snapshot: everything is folded from the journal's beginning.
    anchang.kill();
    assert!(!anchang.path("snapshot").exists());
    anchang.start_again().await;
    let page = anchang.signed_in().await;
    eventually("all is there again", async || counts(&page).await == (1, 2, 2)).await;
    // The camera did not see the answer and sends again.
    let camera = Camera::new(&anchang);
    eventually("the camera is let in", async || camera.register().await == 200).await;
    assert_eq!(camera.post(&[passage(WATCHED, 8)]).await, 200);
    assert_eq!(camera.post(&[passage("鲁Q88888", 10)]).await, 200);
    eventually("the new passage is there, the repeat is not", async || counts(&page).await == (1, 3, 3))
        .await;

    // Ended in order: the next start continues from a snapshot.
    assert_eq!(anchang.terminate(), Some(0));
    assert!(!anchang.path("addresses.json").exists());
    anchang.start_again().await;
    let page = anchang.signed_in().await;
    eventually("all is there after a snapshot", async || counts(&page).await == (1, 3, 3)).await;
    assert!(!anchang.log().contains("judging begins place=0 "), "{}", anchang.log());
    let after = page.get("/warnings").await["items"][0].clone();
    assert_eq!((&after["id"], &after["version"]), (&warning["id"], &warning["version"]));

    // A snapshot that was damaged is left out, and nothing is lost or doubled.
    assert_eq!(anchang.terminate(), Some(0));
    for name in ["snapshot", "snapshot.previous"] {
        if let Ok(mut bytes) = std::fs::read(anchang.path(name)) {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(anchang.path(name), bytes).unwrap();
        }
    }
    anchang.start_again().await;
    let page = anchang.signed_in().await;
    eventually("all is there without a snapshot", async || counts(&page).await == (1, 3, 3)).await;
    assert!(anchang.log().contains("left a snapshot out"), "{}", anchang.log());

    assert_eq!(anchang.terminate(), Some(0));
    let verdict = anchang.command(&["verify-audit"]).output().unwrap();
    assert!(verdict.status.success());
    assert!(String::from_utf8_lossy(&verdict.stdout).contains("The audit is intact"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_shows_a_password_that_must_be_changed_and_strangers_are_listed() {
    let mut anchang = Anchang::start().await;
    let password = anchang.one_time_password();
    assert!(anchang.shown().contains(&password));
    let mut page = Page::new(&anchang);
    page.log_in("admin", &password).await;
    assert_eq!(page.status_of("/figures").await, 403);
    assert_eq!(Camera::new(&anchang).register().await, 403);
    let page = anchang.signed_in_first().await;
    eventually("the stranger is listed", async || {
        let refused = page.get("/refused-devices").await;
        refused["items"][0]["id"] == CAMERA && refused["items"][0]["reason"] == "unknown"
    })
    .await;

    // The password is shown once.
    assert_eq!(anchang.terminate(), Some(0));
    anchang.start_again().await;
    assert_eq!(anchang.shown(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_same_folder_is_refused_in_clear_words() {
    let anchang = Anchang::start().await;
    let second = anchang.command(&["serve"]).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let words = String::from_utf8_lossy(&second.stderr);
    assert!(words.contains("正被另一个 anchang 进程使用"), "{words}");
    assert!(words.contains("another anchang is running on the data folder"), "{words}");
    // The first one goes on where it was.
    assert_eq!(Page::new(&anchang).status_of("/health").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_read_is_counted_and_costs_nothing_else() {
    let mut anchang = Anchang::start().await;
    prepared(&mut anchang).await;
    let camera = Camera::new(&anchang);
    eventually("the camera is let in", async || camera.register().await == 200).await;
    anchang.kill();
    {
        let (journal, _) =
            journal::Journal::open(anchang.path("journal"), journal::Options::default()).unwrap();
        journal.append_blocking(journal::Batch::from(&b"\xff is no entry"[..])).unwrap();
    }
    anchang.start_again().await;
    let mut page = anchang.signed_in().await;
    // The journal has no observation that would say what time it was.
    page.put("/clock", json!({ "now": instant(10) })).await;
    page.log_in("admin", PASSWORD).await;
    eventually("it is counted", async || page.get("/system").await["judgement"]["unreadable"] == 1).await;
    let camera = Camera::new(&anchang);
    eventually("the camera is let in", async || camera.register().await == 200).await;
    assert_eq!(camera.post(&[passage(WATCHED, 8)]).await, 200);
    eventually("what comes behind it is judged", async || counts(&page).await.0 == 1).await;
    assert_eq!(page.status_of("/health").await, 200);
}

#[test]
fn a_wrong_configuration_is_refused_with_file_line_and_key() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("anchang.toml");
    std::fs::write(&path, "# 县局\n[journal]\nretention = 1\n").unwrap();
    let refused = Command::new(env!("CARGO_BIN_EXE_anchang")).arg("--config").arg(&path).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let words = String::from_utf8_lossy(&refused.stderr);
    assert!(words.contains("anchang.toml, line 3, retention: unknown field"), "{words}");
}
