//! The hours of devices as the page shows them.

use crate::world::{Server, camera, hours, minutes, passage, plate, position};
use calibration::{HOURS_MAX, Learner};
use domain::time::{HOUR_MS, SECOND_MS};
use domain::{DeviceId, Entry, Observation};

#[test]
fn an_hour_says_what_came_and_how_late() {
    let unread = plate(1).with_symbol(5, '-').unwrap();
    let mut all: Vec<Observation> =
        (0..30).map(|n| passage(1, Some(plate(n)), minutes(i64::from(n)), 0, 1_000)).collect();
    all.push(passage(1, Some(unread), minutes(40).plus_ms(1), 0, 1_000));
    all.push(passage(1, None, minutes(41), 0, 1_000));
    all.push(passage(1, None, minutes(30), 0, 20 * 60 * SECOND_MS));
    let mut server = Server::new();
    server.run(all, hours(2));
    let list = server.learner.health(&camera(1));
    let [hour] = list.as_slice() else { panic!("{list:?}") };
    assert_eq!(hour.from, hours(0));
    assert_eq!((hour.observation_count, hour.late_count), (33, 1));
    assert_eq!((hour.read_count, hour.unread_count, hour.no_plate_count), (31, 1, 2));
    assert_eq!(hour.online_minutes, 33);
    assert!(
        (hour.delay_least_ms, true) == (hour.delay_least_ms.min(1_500), hour.delay_least_ms >= 400),
        "{hour:?}"
    );
    assert!((400..1_600).contains(&hour.delay_median_ms), "{hour:?}");
    assert!(hour.delay_p95_ms >= hour.delay_median_ms);
    assert!(hour.clock_ahead_ms.is_some_and(|ahead| ahead.abs() <= 1_000), "{hour:?}");
    let now = server.learner.health_now();
    assert_eq!(now.len(), 1);
    assert_eq!((now[0].observation_count_24h, now[0].late_count_24h), (33, 1));
    assert!(server.learner.health(&camera(9)).is_empty());
}

#[test]
fn terminals_have_hours_and_no_clock() {
    let mut server = Server::new();
    let all = (0..120).map(|n| position("013800000001", minutes(n), 2_000)).collect();
    server.run(all, hours(3));
    let terminal = DeviceId::from("013800000001");
    let list = server.learner.health(&terminal);
    assert_eq!(list.iter().map(|hour| hour.observation_count).collect::<Vec<_>>(), [60, 60]);
    assert!(list.iter().all(|hour| hour.clock_ahead_ms.is_none() && hour.online_minutes == 60));
    let health = &server.learner.health_now()[0];
    assert_eq!((health.online_permille_24h, &health.checkpoint), (86, &None), "120 of 1,381 minutes");
}

#[test]
fn a_week_is_kept() {
    let mut server = Server::new();
    let all = (0..24 * 10).map(|hour| position("013800000001", hours(hour), 0)).collect();
    server.run(all, hours(24 * 10));
    let list = server.learner.health(&DeviceId::from("013800000001"));
    assert!(list.len() <= HOURS_MAX + 1, "{}", list.len());
    assert_eq!(list.last().unwrap().from.ms_since(list[0].from), (list.len() as i64 - 1) * HOUR_MS);
}

#[test]
fn what_is_too_much_is_counted() {
    let mut learner = Learner::new(crate::world::parameters());
    for number in 0..u32::from(calibration::TERMINALS_MAX) + 10 {
        learner.apply(&Entry::Observation(position(&format!("{number:012}"), minutes(1), 0)));
    }
    assert_eq!(learner.stats().observations_left_out, 10);
    learner.apply(&Entry::Observation(passage(1, None, minutes(2), 0, 0)));
    let stats = learner.stats();
    assert_eq!(stats.observations_left_out, 10, "there is room for a camera");
    assert_eq!(stats.device_count, usize::from(calibration::TERMINALS_MAX) + 1);
}
