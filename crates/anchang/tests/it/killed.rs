//! SIGKILL at any moment, under load, with snapshots taken all the time: what was answered is stored once, and the warnings
//! in the records are those of one run over the same journal.

use crate::prepared;
use crate::world::{Anchang, Camera, eventually, instant, passage};
use journal::Batch;
use records::{Records, WarningRecord};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const KILLS: usize = 10;
/// Cameras' connections; each sends plates of its own.
const LANES: [&str; 4] = ["A", "B", "C", "D"];
/// The state is saved some twenty times between two kills.
const CONFIG: &str = "snapshot_period_ms = 10\n";

/// Milliseconds that a process lives: from hardly any time to long enough for many snapshots, in no pattern.
fn life_ms(round: usize) -> u64 {
    let mixed = (round as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    50 + (mixed >> 32) % 800
}

/// All warnings with all that is stored about them, by number of their last change.
async fn warnings(anchang: &Anchang) -> Vec<WarningRecord> {
    let records = Records::open(anchang.path("records.db")).await.unwrap();
    records.warnings_changed_after(0, 100_000).await.unwrap()
}

/// How often each observation lies in the journal.
fn stored(anchang: &Anchang) -> BTreeMap<domain::ObservationId, usize> {
    let (journal, _) = journal::Journal::open(anchang.path("journal"), journal::Options::default()).unwrap();
    let (mut reader, mut batch) = (journal.reader(journal.first()), Batch::new());
    let mut stored = BTreeMap::new();
    while reader.read_batch(1 << 20, &mut batch).unwrap() > 0 {
        for (_, bytes) in &batch {
            if let Ok(domain::Entry::Observation(observation)) = codec::decode(bytes) {
                *stored.entry(observation.id).or_insert(0) += 1;
            }
        }
    }
    stored
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_moment_loses_and_doubles_nothing() {
    let mut anchang = Anchang::at_rest(CONFIG);
    anchang.start_again().await;
    let page = prepared(&mut anchang).await;
    for lane in LANES {
        for plate in [format!("鲁{lane}000-5"), format!("鲁{lane}0000-")] {
            let order = json!({ "plate": plate, "reason": "肇事逃逸", "legal_basis": "案件文书",
                                "level": "high", "until": instant(86_400) });
            page.post("/watch-orders", order).await;
        }
    }
    // The orders are in force from when they were given.
    page.put("/clock", json!({ "now": instant(20) })).await;
    let (mut answered, mut next) = (Vec::new(), [0; LANES.len()]);
    let mut from_snapshots = 0;
    for round in 0..=KILLS {
        let camera = Camera::new(&anchang);
        eventually("the camera is let in", async || camera.register().await == 200).await;
        let camera = Arc::new(camera);
        let mut senders = tokio::task::JoinSet::new();
        for (lane, begin) in next.iter().copied().enumerate() {
            let camera = camera.clone();
            // Goes on with the one that was not answered.
            senders.spawn(async move {
                let mut number = begin;
                while round < KILLS || number < begin + 5 {
                    let vehicle = passage(&format!("鲁{}{number:05}", LANES[lane]), 15);
                    if camera.try_post(&[vehicle]).await != Some(200) {
                        break;
                    }
                    number += 1;
                }
                (lane, begin..number)
            });
        }
        if round < KILLS {
            tokio::time::sleep(Duration::from_millis(life_ms(round))).await;
            anchang.kill();
        }
        for (lane, numbers) in senders.join_all().await {
            next[lane] = numbers.end;
            answered.extend(numbers.map(|number| (lane, number)));
        }
        if round < KILLS {
            from_snapshots += usize::from(anchang.log().contains("from=\"a snapshot\""));
            anchang.start_again().await;
        }
    }
    assert!(answered.len() > 5 * KILLS, "{}", answered.len());
    // How many, the machine's load decides.
    assert!(from_snapshots > 0, "none of {KILLS} went on from a snapshot");
    let page = anchang.signed_in().await;
    eventually("all are counted", async || page.get("/figures").await["passages_today"] == answered.len())
        .await;
    assert_eq!(anchang.terminate(), Some(0));

    let stored = stored(&anchang);
    assert_eq!(stored.len(), answered.len());
    assert!(stored.values().all(|count| *count == 1));

    // One run over the same journal, with nothing but the journal.
    let mut replay = Anchang::at_rest("");
    copy_folder(&anchang.path("journal"), &replay.path("journal"));
    replay.start_again().await;
    eventually("the journal is judged", async || replay.log().contains("judging has caught up")).await;
    assert_eq!(replay.terminate(), Some(0));
    let (killed, whole) = (warnings(&anchang).await, warnings(&replay).await);
    assert!(killed.len() >= 5 * LANES.len(), "{} warnings", killed.len());
    for (killed, whole) in killed.iter().zip(&whole) {
        assert_eq!(codec::to_bytes(&killed.warning), codec::to_bytes(&whole.warning), "{}", killed.seq);
    }
    assert_eq!(killed, whole);
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}
