//! Devices, checkpoints, sections, vehicles and watch orders, and their way into the outbox.

use crate::{at, key, open, vehicle};
use domain::{
    Checkpoint, CivilDay, DeviceKind, KeyClass, Level, Plate, ReferenceChange, Section, Theatre, WatchOrder,
    Wgs84,
};
use records::{
    CheckpointFilter, Device, DeviceFilter, DeviceSecret, Put, Records, SealedPassword, Sort, VehicleField,
    VehicleFilter, WatchFilter, WatchRecord, WatchState, Window, WithdrawError, Withdrawal,
};
use std::time::Instant;

async fn outbox(records: &Records) -> Vec<ReferenceChange> {
    records.outbox_pending(100).await.unwrap().into_iter().map(|pending| pending.change).collect()
}

fn checkpoint() -> Checkpoint {
    Checkpoint {
        id: "37132200001210000001".into(),
        name: "G206 李家 100%".into(),
        theatre: Theatre::NationalProvincial,
        location: Wgs84::new(118.352_347_9, 35.052_123_4).unwrap(),
        road: "G206".into(),
        chainage_m: Some(12_300),
        direction: "北向南".into(),
        lane_count: 3,
        limit_kmh: Some(80),
        limit_large_kmh: Some(60),
        one_way: Some(3),
    }
}

#[tokio::test]
async fn checkpoints_and_sections_come_back_and_reach_the_outbox_once() {
    let (_dir, records) = open().await;
    let checkpoint = checkpoint();
    let section = Section {
        id: "S1".into(),
        name: "李家—王庄".into(),
        start: checkpoint.id.clone(),
        end: "37132200001210000002".into(),
        length_m: 10_400,
        limit_kmh: 80,
        limit_large_kmh: 60,
    };
    let one = std::slice::from_ref(&checkpoint);
    assert_eq!(records.put_checkpoints(one).await.unwrap(), [Put::Inserted]);
    assert_eq!(records.put_checkpoints(one).await.unwrap(), [Put::Unchanged]);
    assert_eq!(records.put_sections(std::slice::from_ref(&section)).await.unwrap(), [Put::Inserted]);
    assert_eq!(records.all_checkpoints().await.unwrap(), one);
    assert_eq!(records.section(&section.id).await.unwrap(), Some(section.clone()));
    // A per cent sign is meant literally.
    for (q, total) in [("李家", 1), ("0%", 1), ("1%2", 0), ("G206", 1)] {
        let filter = CheckpointFilter { q: Some(q.to_owned()), ..Default::default() };
        assert_eq!(records.checkpoints(&filter, Window::default()).await.unwrap().total, total, "{q}");
    }
    assert!(records.remove_checkpoint(&checkpoint.id).await.unwrap());
    assert!(!records.remove_checkpoint(&checkpoint.id).await.unwrap());
    let id = checkpoint.id.clone();
    assert_eq!(
        outbox(&records).await,
        [
            ReferenceChange::Checkpoint(checkpoint),
            ReferenceChange::Section(section),
            ReferenceChange::CheckpointRemoved(id)
        ]
    );

    let pending = records.outbox_pending(2).await.unwrap();
    records.outbox_done(pending[1].id).await.unwrap();
    let rest = records.outbox_pending(100).await.unwrap();
    assert_eq!(rest.len(), 1);
    records.outbox_done(rest[0].id).await.unwrap();
    records.remove_section(&"S1".into()).await.unwrap();
    let again = records.outbox_pending(100).await.unwrap();
    assert!(again[0].id > rest[0].id, "ids of the outbox are not used again when it was empty");
}

#[tokio::test]
async fn a_device_keeps_its_checkpoints_in_order() {
    let (_dir, records) = open().await;
    let camera = Device {
        kind: DeviceKind::Camera,
        id: "37132200001190000001".into(),
        name: "李家 1".into(),
        is_enabled: true,
        username: Some("admin".into()),
        secret: Some(DeviceSecret("939e7578ed9e3c518a452acee763bce9".into())),
        checkpoints: vec!["B".into(), "A".into()],
        vehicle: None,
        edition: None,
        address: None,
        cipher: None,
    };
    let terminal = Device {
        kind: DeviceKind::Terminal,
        id: "13800000001".into(),
        name: "客车 1".into(),
        username: None,
        secret: None,
        checkpoints: Vec::new(),
        vehicle: Some(key(7)),
        ..camera.clone()
    };
    let fleet = Device {
        kind: DeviceKind::Fleet,
        id: "371327".into(),
        cipher: Some(SealedPassword("00ff".into())),
        checkpoints: Vec::new(),
        ..camera.clone()
    };
    assert_eq!(records.put_devices(std::slice::from_ref(&fleet)).await.unwrap(), [Put::Inserted]);
    assert_eq!(records.device(DeviceKind::Fleet, &fleet.id).await.unwrap().as_ref(), Some(&fleet));
    assert!(records.remove_device(DeviceKind::Fleet, &fleet.id).await.unwrap());
    let both = [camera.clone(), terminal.clone()];
    assert_eq!(records.put_devices(&both).await.unwrap(), [Put::Inserted, Put::Inserted]);
    assert_eq!(records.put_devices(&both).await.unwrap(), [Put::Unchanged, Put::Unchanged]);
    assert_eq!(records.all_devices().await.unwrap(), both);
    assert!(!format!("{camera:?}").contains("939e"), "secrets stay out of logs");

    let moved = Device { checkpoints: vec!["A".into()], ..camera.clone() };
    assert_eq!(records.put_devices(std::slice::from_ref(&moved)).await.unwrap(), [Put::Updated]);
    records.note_device_edition(DeviceKind::Terminal, &terminal.id, "2019").await.unwrap();
    assert_eq!(records.device(DeviceKind::Camera, &camera.id).await.unwrap(), Some(moved));
    let filter =
        DeviceFilter { kind: Some(DeviceKind::Terminal), q: Some("Q00007".into()), ..Default::default() };
    let page = records.devices(&filter, Window::default()).await.unwrap();
    assert_eq!(page.items, [Device { edition: Some("2019".into()), ..terminal }]);
    assert!(records.remove_device(DeviceKind::Camera, &camera.id).await.unwrap());
    assert_eq!(records.device(DeviceKind::Camera, &camera.id).await.unwrap(), None);
}

#[tokio::test]
async fn twenty_thousand_vehicles_go_in_fast_and_a_second_time_change_nothing() {
    const VEHICLES: u32 = 20_000;
    let (_dir, records) = open().await;
    let mut files: Vec<_> = (0..VEHICLES).map(vehicle).collect();
    let start = Instant::now();
    let puts = records.put_vehicles(&files).await.unwrap();
    let took = start.elapsed();
    assert!(puts.iter().all(|put| *put == Put::Inserted));
    assert!(took.as_secs() < 20, "a debug build on a busy machine takes about 1 s, this took {took:?}");
    let changes = records.outbox_pending(u64::from(VEHICLES) + 1).await.unwrap();
    assert_eq!(changes.len(), files.len());
    assert_eq!(changes[19_999].change, ReferenceChange::Vehicle(files[19_999].clone()));

    files[7].scrap_by = CivilDay::parse("2026-11-23");
    files[8].key_class = Some(KeyClass::SchoolBus);
    let puts = records.put_vehicles(&files).await.unwrap();
    let updated: Vec<usize> = (0..puts.len()).filter(|i| puts[*i] != Put::Unchanged).collect();
    assert_eq!(updated, [7, 8]);
    let record = records.vehicle(key(7)).await.unwrap().unwrap();
    assert_eq!((record.version, record.file), (2, files[7].clone()));
    assert_eq!(records.outbox_pending(100_000).await.unwrap().len(), files.len() + 2);

    let sort = Sort::ascending(VehicleField::Plate);
    let overdue = VehicleFilter { overdue_on: CivilDay::parse("2026-11-23"), ..Default::default() };
    let page = records.vehicles(&overdue, sort, Window::default()).await.unwrap();
    assert_eq!((page.total, page.items[0].file.key), (1, key(7)));
    let all = VehicleFilter::default();
    let most = Sort::descending(VehicleField::UnhandledOffences);
    let page = records.vehicles(&all, most, Window { offset: 3, limit: 2 }).await.unwrap();
    assert_eq!(page.total, u64::from(VEHICLES));
    assert_eq!(page.items.iter().map(|r| r.file.key).collect::<Vec<_>>(), [key(19_969), key(19_959)]);

    let mut walked = 0;
    let mut after = None;
    loop {
        let some = records.vehicles_after(after, false, 3_000).await.unwrap();
        let Some(last) = some.last() else { break };
        after = Some(last.key);
        walked += some.len();
    }
    assert_eq!(walked, files.len());
    assert_eq!(records.vehicles_after(None, true, 10).await.unwrap(), [files[8].clone()]);
    assert_eq!(records.vehicles_of(&[key(3), key(99_999)]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn of_equal_keys_in_one_import_the_last_stands() {
    let (_dir, records) = open().await;
    let (first, mut second) = (vehicle(1), vehicle(1));
    second.owner = "李四".into();
    let puts = records.put_vehicles(&[first, second.clone()]).await.unwrap();
    assert_eq!(puts, [Put::Inserted, Put::Updated]);
    assert_eq!(records.vehicle(key(1)).await.unwrap().unwrap().file, second);
    assert_eq!(outbox(&records).await.last(), Some(&ReferenceChange::Vehicle(second)));
}

#[tokio::test]
async fn a_watch_order_is_in_force_until_its_end_or_its_withdrawal() {
    let (_dir, records) = open().await;
    let order = |id: &str, plate: Plate, until| WatchRecord {
        order: WatchOrder {
            id: id.into(),
            plate,
            class: None,
            reason: "肇事逃逸".into(),
            level: Level::High,
            from: at(0),
            until,
        },
        legal_basis: "道路交通安全法 第九十九条".into(),
        created_by: "officer".into(),
        created_at: at(0),
        withdrawal: None,
    };
    // An unread place that parsing the text would swallow: 鲁QD-2345 without its dash is a plate of its own.
    let unread = Plate::parse("鲁QD12345").unwrap().with_symbol(3, '-').unwrap();
    let (short, long) = (order("W1", key(1).plate, at(1_000)), order("W2", unread, at(9_000)));
    records.put_watch_orders(&[short.clone(), long.clone()]).await.unwrap();
    assert_eq!(records.watch_order(&"W2".into()).await.unwrap(), Some(long.clone()));

    let ids = async |state, now| {
        let filter = WatchFilter { state: Some((state, now)), q: None };
        let page = records.watch_orders(&filter, Window::default()).await.unwrap();
        assert!(page.items.iter().all(|record| record.state(now) == state));
        page.items.into_iter().map(|record| record.order.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ids(WatchState::Upcoming, at(-1)).await, ["W2", "W1"]);
    assert_eq!(ids(WatchState::InForce, at(0)).await, ["W2", "W1"]);
    assert_eq!(ids(WatchState::Ended, at(1_000)).await, ["W1"]);

    let withdrawal = Withdrawal { by: "chief".into(), at: at(2_000), reason: "已查获".into() };
    let withdrawn = records.withdraw_watch_order(&"W2".into(), withdrawal.clone()).await.unwrap();
    assert_eq!(withdrawn.order.until, at(2_000));
    assert_eq!(outbox(&records).await.last(), Some(&ReferenceChange::WatchOrder(withdrawn.order)));
    assert_eq!(ids(WatchState::Withdrawn, at(2_000)).await, ["W2"]);
    let again = records.withdraw_watch_order(&"W2".into(), withdrawal.clone()).await;
    assert!(matches!(again, Err(WithdrawError::Withdrawn { by, .. }) if by == "chief"));
    let none = records.withdraw_watch_order(&"W3".into(), withdrawal).await;
    assert!(matches!(none, Err(WithdrawError::NotFound)));
}
