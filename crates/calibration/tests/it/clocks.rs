//! Errors of clocks: found, found again after a jump, not taken from late data or slow lines.

use crate::world::{Dice, Server, camera, hours, minutes, passage, plate};
use domain::time::{HOUR_MS, MINUTE_MS, SECOND_MS};
use domain::{Observation, Timestamp};
use proptest::prelude::*;

/// Passages each half minute or so, a share of them late by hours and a share doubled.
fn traffic(number: u32, from: Timestamp, to: Timestamp, ahead_ms: i64, dice: &mut Dice) -> Vec<Observation> {
    let mut all = Vec::new();
    let mut at = from;
    while at < to {
        at = at.plus_ms(5 * SECOND_MS + dice.below(50 * SECOND_MS));
        let late_ms = if dice.below(100) < 5 { HOUR_MS + dice.below(5 * HOUR_MS) } else { 0 };
        let one = passage(number, None, at, ahead_ms, 200 + dice.below(900) + late_ms);
        if dice.below(100) < 2 {
            let received_at = one.received_at.plus_ms(dice.below(5 * SECOND_MS));
            all.push(Observation { received_at, ..one.clone() });
        }
        all.push(one);
    }
    all
}

#[test]
fn nothing_is_known_of_nothing() {
    let mut server = Server::new();
    server.run(Vec::new(), hours(30));
    assert!(server.calibrations.is_empty() && server.travel_times.is_empty());
}

#[test]
fn a_right_clock_is_made_known_once() {
    let mut server = Server::new();
    server.run(traffic(1, minutes(0), hours(40), 0, &mut Dice(1)), hours(40));
    let known = server.calibrations_of(1);
    assert_eq!(known.len(), 1, "{known:?}");
    let (at, first) = &known[0];
    assert_eq!(*at, minutes(15));
    assert!(first.clock.ahead_ms.unsigned_abs() <= first.clock.uncertainty_ms.into(), "{first:?}");
    assert!(first.from < minutes(0), "it holds for what was captured before it was known");
}

#[test]
fn a_jump_is_known_at_the_next_quarter_in_both_directions() {
    for jump_ms in [-240 * SECOND_MS, 240 * SECOND_MS, 20 * SECOND_MS, -20 * SECOND_MS] {
        let mut dice = Dice(jump_ms as u64);
        let (jump_at, end) = (minutes(5 * 60 + 3), minutes(8 * 60));
        let mut all = traffic(1, minutes(0), jump_at, 0, &mut dice);
        all.extend(traffic(1, jump_at, end, jump_ms, &mut dice));
        let mut server = Server::new();
        server.run(all, end);
        let known = server.calibrations_of(1);
        assert_eq!(known.len(), 2, "{jump_ms}: {known:?}");
        let (at, second) = &known[1];
        assert_eq!(*at, minutes(5 * 60 + 15), "{jump_ms}");
        assert!(
            (second.clock.ahead_ms - jump_ms).unsigned_abs() <= second.clock.uncertainty_ms.into(),
            "{second:?}"
        );
        let first_capture = jump_at.plus_ms(jump_ms);
        let after_ms = second.from.ms_since(first_capture);
        assert!((0..3 * MINUTE_MS).contains(&after_ms), "{jump_ms}: from {after_ms} ms after the jump");
    }
}

#[test]
fn hours_without_live_data_say_nothing() {
    let mut server = Server::new();
    let mut dice = Dice(9);
    let mut all = traffic(1, minutes(0), hours(2), 0, &mut dice);
    // A cut, and then all at once; and a quiet night.
    for minute in 120..240 {
        let at = minutes(minute);
        all.push(passage(1, None, at, 0, minutes(240).ms_since(at) + dice.below(8 * SECOND_MS)));
    }
    for minute in [300, 420] {
        all.push(passage(1, None, minutes(minute), 0, 400_000));
    }
    server.run(all, hours(12));
    assert_eq!(server.calibrations_of(1).len(), 1);
}

#[test]
fn an_error_that_no_setting_right_can_help_is_left_alone() {
    let mut server = Server::new();
    server.run(traffic(1, minutes(0), hours(2), -20 * 365 * 24 * HOUR_MS, &mut Dice(3)), hours(2));
    assert!(server.calibrations.is_empty());
}

/// Vehicles drive to and fro along a road with a camera each ten minutes; the middle one is slow or wrong.
fn road(ahead_ms: i64, slow_ms: i64) -> Server {
    let mut dice = Dice(5);
    let mut all = Vec::new();
    for vehicle in 0..900 {
        let mut at = minutes(i64::from(vehicle));
        let is_back = vehicle % 2 == 0;
        for step in 0..5u32 {
            let number = if is_back { 5 - step } else { 1 + step };
            at = at.plus_ms(10 * MINUTE_MS + dice.below(40 * SECOND_MS));
            let (ahead_ms, slow_ms) = if number == 3 { (ahead_ms, slow_ms) } else { (0, 0) };
            all.push(passage(number, Some(plate(vehicle)), at, ahead_ms, 300 + dice.below(800) + slow_ms));
        }
    }
    let mut server = Server::new();
    server.run(all, minutes(900));
    server
}

#[test]
fn a_slow_line_is_no_clock_behind() {
    let server = road(0, 60 * SECOND_MS);
    let known = server.calibrations_of(3);
    assert!(
        (known[0].1.clock.ahead_ms + 60 * SECOND_MS).abs() < SECOND_MS,
        "first the delay is believed: {known:?}"
    );
    let last = known.last().unwrap().1.clock;
    assert!(last.ahead_ms.unsigned_abs() <= last.uncertainty_ms.into(), "{known:?}");
    assert!(last.uncertainty_ms < 10_000, "{last:?}");
    let health = server.learner.health_now();
    let slow = health.iter().find(|one| one.device == camera(3)).unwrap();
    assert!((45_000..75_000).contains(&slow.slow_line_ms.unwrap()), "{slow:?}");
    assert!(health.iter().filter(|one| one.slow_line_ms.is_some()).count() == 1);
}

#[test]
fn a_clock_behind_is_no_slow_line() {
    let server = road(-60 * SECOND_MS, 0);
    let known = server.calibrations_of(3);
    assert_eq!(known.len(), 1, "{known:?}");
    assert!((known[0].1.clock.ahead_ms + 60 * SECOND_MS).abs() < SECOND_MS);
    assert!(server.learner.health_now().iter().all(|one| one.slow_line_ms.is_none()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the errors, whatever comes late or twice: each is known to within what is said.
    #[test]
    fn errors_are_known_to_within_their_uncertainty(
        errors in prop::collection::vec(-600_000i64..600_000, 1..4),
        seed in any::<u64>(),
    ) {
        let mut dice = Dice(seed);
        let mut all = Vec::new();
        for (number, ahead_ms) in (1..).zip(&errors) {
            all.extend(traffic(number, minutes(0), hours(2), *ahead_ms, &mut dice));
        }
        let mut server = Server::new();
        server.run(all, hours(2));
        for (number, ahead_ms) in (1..).zip(&errors) {
            let known = server.calibrations_of(number);
            let last = known.last().expect("two hours are enough").1.clock;
            prop_assert!((last.ahead_ms - ahead_ms).unsigned_abs() <= last.uncertainty_ms.into(), "{ahead_ms}: {known:?}");
            prop_assert!(last.uncertainty_ms <= 1_500);
            prop_assert!(known.len() <= 2, "said again and again: {known:?}");
        }
    }
}
