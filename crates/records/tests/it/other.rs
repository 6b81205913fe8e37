//! Quarantine, refused devices, map layers, settings, and opening.

use crate::{at, open};
use domain::DeviceKind;
use records::{
    LayerName, OpenError, QUARANTINE_BYTES_MAX, QUARANTINE_MESSAGE_BYTES_MAX, QuarantineFilter, Quarantined,
    REFUSED_ROWS_MAX, Records, RefusedDevice, RefusedReason, Window,
};

#[tokio::test]
async fn quarantine_keeps_the_newest_within_its_bounds() {
    let (_dir, records) = open().await;
    let message = |n: i64, len: usize| Quarantined {
        at: at(n),
        source: DeviceKind::Terminal,
        device: Some("13800000001".into()),
        address: "10.0.0.7".into(),
        reason: if n % 2 == 0 { "checksum" } else { "length" }.into(),
        detail: String::new(),
        bytes: vec![n as u8; len],
        bytes_len: len as u64 + 1,
    };
    records.add_quarantine(&[message(1, 3), message(2, QUARANTINE_MESSAGE_BYTES_MAX + 9)]).await.unwrap();
    let all = QuarantineFilter::default();
    let page = records.quarantine(&all, Window::default()).await.unwrap();
    assert_eq!((page.total, page.items[0].bytes_len), (2, QUARANTINE_MESSAGE_BYTES_MAX as u64 + 10));
    let (line, bytes) = records.quarantined(page.items[0].id).await.unwrap().unwrap();
    assert_eq!((line.reason.as_str(), bytes.len()), ("checksum", QUARANTINE_MESSAGE_BYTES_MAX));
    assert_eq!(records.quarantine_counts(&all).await.unwrap()["length"], 1);

    let full = QUARANTINE_BYTES_MAX as usize / QUARANTINE_MESSAGE_BYTES_MAX;
    for chunk in (0..full).collect::<Vec<_>>().chunks(512) {
        let messages: Vec<_> = chunk.iter().map(|_| message(3, QUARANTINE_MESSAGE_BYTES_MAX)).collect();
        records.add_quarantine(&messages).await.unwrap();
    }
    let page = records.quarantine(&all, Window::default()).await.unwrap();
    assert_eq!(page.total, full as u64, "the two oldest made room");
}

#[tokio::test]
async fn refusals_of_one_device_add_up_and_made_up_ids_are_bounded() {
    let (_dir, records) = open().await;
    let refused = |id: &str, now: i64| RefusedDevice {
        kind: DeviceKind::Camera,
        id: id.into(),
        address: "10.0.0.7".into(),
        first_seen_at: at(now),
        last_seen_at: at(now),
        attempts: 1,
        reason: RefusedReason::Unknown,
        detail: String::new(),
    };
    let wrong = RefusedDevice { reason: RefusedReason::WrongPassword, attempts: 4, ..refused("a", 9) };
    records.note_refused(&[refused("a", 1), refused("b", 2), wrong.clone()]).await.unwrap();
    let seen = records.refused_devices().await.unwrap();
    assert_eq!(seen[0], RefusedDevice { first_seen_at: at(1), attempts: 5, ..wrong });
    assert!(records.forget_refused(DeviceKind::Camera, &"a".into()).await.unwrap());
    assert!(!records.forget_refused(DeviceKind::Camera, &"a".into()).await.unwrap());

    let flood: Vec<_> = (0..REFUSED_ROWS_MAX as i64 + 5).map(|n| refused(&format!("x{n}"), 10 + n)).collect();
    records.note_refused(&flood).await.unwrap();
    let seen = records.refused_devices().await.unwrap();
    assert_eq!(seen.len() as u64, REFUSED_ROWS_MAX);
    assert_eq!(seen.last().map(|refused| refused.id.to_string()), Some("x5".to_owned()));
}

#[tokio::test]
async fn layers_and_settings_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    // Characters that would mean something in a URL.
    let path = dir.path().join("a?b#c%20.db");
    let records = Records::open(&path).await.unwrap();
    assert_eq!(records.layer(LayerName::Roads).await.unwrap(), None);
    let first = records.put_layer(LayerName::Roads, "{}".into(), at(0)).await.unwrap();
    let second = records.put_layer(LayerName::Roads, "{\"a\":1}".into(), at(1)).await.unwrap();
    assert_ne!(first, second);
    records.put_setting("center", &(118.35, 35.05), at(0)).await.unwrap();
    records.set_cursor("export", 7).await.unwrap();
    records.close().await.unwrap();
    assert!(path.exists());

    let records = Records::open(&path).await.unwrap();
    records.check().await.unwrap();
    let layer = records.layer(LayerName::Roads).await.unwrap().unwrap();
    assert_eq!((layer.geojson.as_str(), layer.etag, layer.updated_at), ("{\"a\":1}", second, at(1)));
    assert_eq!(records.setting::<(f64, f64)>("center").await.unwrap(), Some((118.35, 35.05)));
    assert!(records.setting::<bool>("center").await.is_err());
    assert_eq!(records.cursor("export").await.unwrap(), Some(7));
}

#[tokio::test]
async fn what_is_no_database_is_refused_with_its_path() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("records.db");
    std::fs::write(&path, "no database, just text that is long enough to have a header".repeat(100)).unwrap();
    let error = Records::open(&path).await.unwrap_err();
    assert!(matches!(error, OpenError::Open { .. } | OpenError::Migrate { .. }), "{error:?}");
    assert!(error.to_string().contains("records.db"));
    let missing = Records::open(dir.path().join("none/records.db")).await.unwrap_err();
    assert!(matches!(missing, OpenError::Open { .. }));
}

#[tokio::test]
async fn a_schema_of_a_newer_program_is_left_alone() {
    use sea_orm::{ConnectionTrait, Database};
    let (dir, records) = open().await;
    records.close().await.unwrap();
    let path = dir.path().join("records.db");
    let outside = Database::connect(format!("sqlite://{}", path.display())).await.unwrap();
    outside.execute_unprepared("INSERT INTO seaql_migrations VALUES ('m9999_later', 0)").await.unwrap();
    let error = Records::open(&path).await.unwrap_err();
    assert!(matches!(error, OpenError::Migrate { .. }), "{error:?}");
}
