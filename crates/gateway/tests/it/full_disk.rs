//! A full disk: every device is told so, keeps what it has, and delivers it when there is room again.

use crate::notices::hikvision_told;
use crate::world::{CAMERA, Camera, Line, World, report, vehicle};
use gat1400::codes::StatusCode;
use gateway::Limits;
use jt808::{AckResult, Edition, Message};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const PHONE: u64 = 13_800_138_000;

/// A file system of two megabytes, unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where this user may not mount.
    fn mount(at: &Path) -> Option<Self> {
        let status =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=2m", "anchang-test"]).arg(at).output();
        status.is_ok_and(|output| output.status.success()).then(|| Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "the small disk stays mounted");
    }
}

#[tokio::test]
async fn a_full_disk_is_said_and_overcome() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path()) else {
        println!("not tried: this user may not mount a small file system");
        return;
    };
    let elsewhere: TempDir = tempfile::tempdir().unwrap();
    let world = World::on(Limits::default(), elsewhere, folder.path()).await;
    world.admit_terminals([PHONE]);
    let camera = Camera::registered(&world, CAMERA).await;
    let mut line = Line::connect(&world, Edition::V2013).await;
    line.begin(PHONE).await;
    let ballast = folder.path().join("ballast");
    // Fills what is left; the error is the aim.
    drop(std::fs::write(&ballast, vec![0; 4 << 20]).unwrap_err());

    // What still fits into the last page of a file is taken; then no more.
    let mut posted = 0;
    let refused = loop {
        let answer = camera.post(&[vehicle("鲁Q12B45", posted)]).await;
        if answer.status != 200 {
            break answer.told();
        }
        posted += 1;
        assert!(posted < 1_000, "the disk is never full");
    };
    assert_eq!(refused, (503, StatusCode::Busy));
    let mut reported = 0;
    while line.ask(PHONE, Message::Position(report(reported))).await == AckResult::Ok {
        reported += 1;
        assert!(reported < 1_000, "the disk is never full");
    }
    assert_eq!(line.ask(PHONE, Message::Heartbeat).await, AckResult::Ok);
    assert_eq!(hikvision_told(&world, 1).await, (503, true));
    assert_eq!(world.stored().len() as i64, posted + reported, "what was refused is not there");

    std::fs::remove_file(&ballast).unwrap();
    assert_eq!(camera.post(&[vehicle("鲁Q12B45", posted)]).await.status, 200);
    assert_eq!(line.ask(PHONE, Message::Position(report(reported))).await, AckResult::Ok);
    assert_eq!(hikvision_told(&world, 1).await, (200, false));
    assert_eq!(world.stored().len() as i64, posted + reported + 3);
    world.end().await;
    drop(disk);
}
