//! Travel times: a low quantile of direct drives, by clocks set right, whatever clones and late data there are.

use crate::world::{Dice, Server, checkpoint, hours, minutes, passage, plate};
use domain::time::{MINUTE_MS, SECOND_MS};
use domain::{Observation, TravelTime};

/// 20 minutes from 1 to 2 and a little more; the second clock is wrong.
fn drives(count: u32, ahead_ms: i64, dice: &mut Dice) -> Vec<Observation> {
    let mut all = Vec::new();
    for vehicle in 0..count {
        let start = minutes(0).plus_ms(i64::from(vehicle) * 30 * SECOND_MS);
        let took_ms = 20 * MINUTE_MS + dice.below(10 * MINUTE_MS);
        all.push(passage(1, Some(plate(vehicle)), start, 0, 300 + dice.below(900)));
        all.push(passage(2, Some(plate(vehicle)), start.plus_ms(took_ms), ahead_ms, 300 + dice.below(900)));
    }
    all
}

fn way(server: &Server) -> TravelTime {
    let way = |one: &&TravelTime| one.from == checkpoint(1) && one.to == checkpoint(2);
    server.travel_times.iter().map(|(_, one)| one).rfind(way).unwrap().clone()
}

fn is_about_twenty_minutes(way: &TravelTime) {
    let least_ms = 20 * MINUTE_MS * 9 / 10;
    assert!((least_ms - MINUTE_MS..=least_ms + MINUTE_MS).contains(&way.shortest_ms), "{way:?}");
    assert!((24 * MINUTE_MS..26 * MINUTE_MS).contains(&way.usual_ms), "{way:?}");
}

#[test]
fn a_way_is_learned_by_clocks_set_right() {
    for ahead_ms in [0, 300 * SECOND_MS, -300 * SECOND_MS] {
        let mut server = Server::new();
        server.run(drives(720, ahead_ms, &mut Dice(1)), hours(8));
        is_about_twenty_minutes(&way(&server));
        let first = server.travel_times.iter().map(|(at, _)| *at).min().unwrap();
        assert_eq!(first, hours(3), "first after three hours");
    }
}

#[test]
fn clones_late_and_doubled_data_do_not_shorten_a_way() {
    let mut dice = Dice(2);
    let mut all = drives(720, 0, &mut dice);
    for vehicle in 0..720u32 {
        let start = minutes(0).plus_ms(i64::from(vehicle) * 30 * SECOND_MS);
        match vehicle % 100 {
            // A clone, a minute away.
            7 => all.push(passage(2, Some(plate(vehicle)), start.plus_ms(MINUTE_MS), 0, 500)),
            // What comes late is out of order.
            8..20 => {
                all.push(passage(2, Some(plate(vehicle)), start.plus_ms(MINUTE_MS), 0, 3 * 60 * MINUTE_MS));
            }
            20..30 => all.push(passage(1, Some(plate(vehicle)), start, 0, 4_000)),
            _ => {}
        }
    }
    let mut server = Server::new();
    server.run(all, hours(8));
    is_about_twenty_minutes(&way(&server));
}

#[test]
fn few_drives_say_nothing_and_the_next_day_says_what_changed() {
    let mut server = Server::new();
    server.run(drives(40, 0, &mut Dice(3)), hours(8));
    assert!(server.travel_times.is_empty());
    let mut server = Server::new();
    let mut dice = Dice(4);
    let mut all = drives(360, 0, &mut dice);
    // In the afternoon the new road is open.
    for vehicle in 0..720u32 {
        let start = hours(10).plus_ms(i64::from(vehicle) * 30 * SECOND_MS);
        all.push(passage(1, Some(plate(vehicle)), start, 0, 500));
        all.push(passage(
            2,
            Some(plate(vehicle)),
            start.plus_ms(12 * MINUTE_MS + dice.below(MINUTE_MS)),
            0,
            500,
        ));
    }
    server.run(all, hours(26));
    let before_midnight = server.travel_times.iter().filter(|(at, _)| *at < hours(24)).count();
    assert_eq!((before_midnight, server.travel_times.len()), (1, 2), "{:?}", server.travel_times);
    assert!(way(&server).shortest_ms < 12 * MINUTE_MS);
}
