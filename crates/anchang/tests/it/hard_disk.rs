//! A full disk: everybody is told, nothing that was answered is lost or doubled, and all goes on when there is room again.

use crate::hard_world::Good;
use crate::prepared;
use crate::world::{Anchang, PASSWORD, Page, WATCHED, eventually, instant, passage};
use jt808::AckResult;
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system of 24 MB, unmounted when dropped.
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where this user may not mount.
    pub(crate) fn mount(at: &Path) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=24m", "anchang-test"]).arg(at);
        mount.output().is_ok_and(|output| output.status.success()).then(|| Self(at.to_owned()))
    }

    /// Takes all the room that is left; the error is the aim.
    pub(crate) fn fill(&self) {
        let mut ballast = std::fs::OpenOptions::new().create(true).append(true).open(self.ballast()).unwrap();
        for bytes in [1 << 16, 1 << 12, 1 << 8, 1] {
            while ballast.write_all(&vec![0; bytes]).is_ok() {}
        }
    }

    pub(crate) fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "the small disk stays mounted");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_to_everybody_and_overcome_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path()) else {
        println!("not tried: this user may not mount a small file system");
        return;
    };
    let mut anchang = Anchang::start_with(Some(folder.path().join("data")), None).await;
    let page = prepared(&mut anchang).await;
    let mut good = Good::begin(&anchang, page).await;
    good.work().await;
    disk.fill();

    // What still fits into the last page of a file is taken; then no more.
    let (mut passages, mut positions) = (1, 1);
    while good.camera.post(&[passage(&format!("鲁Q{passages:05}"), 9)]).await == 200 {
        passages += 1;
        assert!(passages < 1_000, "the disk is never full");
    }
    let refused = good.camera.send_passages(&[passage("鲁Q99999", 9)]).await;
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    let status: serde_json::Value = refused.json().await.unwrap();
    assert_eq!(status["ResponseStatusObject"]["StatusCode"], 2, "{status}");
    while good.terminal.report(-positions).await == AckResult::Ok {
        positions += 1;
        assert!(positions < 1_000, "the disk is never full");
    }
    // The page is told what is wrong, and still shows everything.
    let health = good.page.send("GET", "/health", None).await;
    assert_eq!(health.status(), 503);
    let health: serde_json::Value = health.json().await.unwrap();
    assert_eq!(health["checks"]["journal"], "the disk is full", "{health}");
    assert!(health["checks"]["disk"].as_str().unwrap().contains("free"), "{health}");
    let order = json!({ "plate": "鲁Q77777", "reason": "盗抢", "legal_basis": "案件文书", "level": "high",
                        "until": instant(86_400) });
    let mut refused = good.page.send("POST", "/watch-orders", Some(order.clone())).await;
    for _ in 0..1_000 {
        if !refused.status().is_success() {
            break;
        }
        // There was room in the database's own files.
        refused = good.page.send("POST", "/watch-orders", Some(order.clone())).await;
    }
    assert_eq!(refused.status(), 507);
    let problem: serde_json::Value = refused.json().await.unwrap();
    assert_eq!((&problem["code"], &problem["title"]), (&json!("disk_full"), &json!("磁盘已满")));
    for path in ["/figures", "/warnings", "/passages", "/devices", "/system", "/quarantine"] {
        assert_eq!(good.page.status_of(path).await, 200, "{path}");
    }
    let mut stranger = Page::new(&anchang);
    let log_in = json!({ "username": "admin", "password": PASSWORD });
    assert_eq!(stranger.send("POST", "/session", Some(log_in)).await.status(), 507);

    std::fs::remove_file(disk.ballast()).unwrap();
    // What was refused is sent again by its device; a wanted one is judged at once.
    assert_eq!(good.camera.post(&[passage("鲁Q99999", 9), passage(WATCHED, 9)]).await, 200);
    assert_eq!(good.terminal.report(-positions).await, AckResult::Ok);
    eventually("all is well again", async || good.page.status_of("/health").await == 200).await;
    eventually("what was answered is there, once", async || {
        let figures = good.page.get("/figures").await;
        figures["passages_today"] == passages + 2 && figures["positions_today"] == positions + 1
    })
    .await;
    eventually("judging goes on", async || {
        let warnings = good.page.get("/warnings").await;
        warnings["total"] == 1
    })
    .await;
    stranger.log_in("admin", PASSWORD).await;
    good.page.post("/watch-orders", order).await;
    assert_eq!(anchang.terminate(), Some(0));
    drop(disk);
}
