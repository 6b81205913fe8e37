//! The round from the journal to the learner and back: restarts, repeats, and doubled input.

use crate::world::{Dice, Server, hours, minutes, parameters, passage, plate};
use calibration::{Learner, SnapshotError};
use domain::time::{MINUTE_MS, SECOND_MS};
use domain::{Observation, TravelTime};
use proptest::prelude::*;

/// Two roads between four cameras with wrong clocks, driven for a while; some late, some not read.
fn traffic(seed: u64, vehicles: u32) -> Vec<Observation> {
    let mut dice = Dice(seed);
    let errors: Vec<i64> = (0..4).map(|_| dice.below(600_000) - 300_000).collect();
    let mut all = Vec::new();
    for vehicle in 0..vehicles {
        let mut at = minutes(0).plus_ms(i64::from(vehicle) * 20 * SECOND_MS);
        let first = dice.below(2) as u32 * 2;
        for number in [first, first + 1] {
            let late_ms = if dice.below(20) == 0 { dice.below(90 * MINUTE_MS) } else { 0 };
            let plate = (dice.below(30) > 0).then(|| plate(vehicle));
            all.push(passage(number, plate, at, errors[number as usize], 300 + dice.below(1_500) + late_ms));
            at = at.plus_ms(5 * MINUTE_MS + dice.below(MINUTE_MS));
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_snapshot_at_any_entry_changes_nothing(seed in any::<u64>(), share in 0.0f64..1.0) {
        let mut server = Server::new();
        server.run(traffic(seed, 900), hours(6));
        let cut = (server.journal.len() as f64 * share) as usize;
        let mut learner = Learner::new(parameters());
        for entry in &server.journal[..cut] {
            learner.apply(entry);
        }
        let bytes = learner.snapshot();
        let mut restored = Learner::restore(parameters(), &bytes).unwrap();
        prop_assert_eq!(restored.snapshot(), bytes);
        for entry in &server.journal[cut..] {
            restored.apply(entry);
        }
        prop_assert!(restored.snapshot() == server.learner.snapshot(), "the state follows from the entries alone");
        prop_assert_eq!(restored.due(hours(6)), Vec::new(), "what is in the journal is not said again");
    }

    #[test]
    fn doubled_input_changes_nothing_that_matters(seed in any::<u64>()) {
        let once = traffic(seed, 900);
        let twice = once.iter().flat_map(|one| [one.clone(), one.clone()]).collect();
        let (mut first, mut second) = (Server::new(), Server::new());
        first.run(once, hours(6));
        second.run(twice, hours(6));
        prop_assert_eq!(&first.calibrations, &second.calibrations);
        let ways = |server: &Server| -> Vec<TravelTime> {
            server.travel_times.iter().map(|(_, way)| way.clone()).collect()
        };
        prop_assert_eq!(ways(&first), ways(&second));
        prop_assert!(!first.travel_times.is_empty() && first.calibrations.len() >= 4);
    }
}

#[test]
fn what_could_not_be_appended_is_said_again_in_the_next_quarter() {
    let mut learner = Learner::new(parameters());
    let mut observations = traffic(3, 100);
    observations.retain(|observation| observation.received_at < minutes(30));
    observations.sort_by_key(|observation| observation.received_at);
    for observation in observations {
        learner.apply(&domain::Entry::Observation(observation));
    }
    assert_eq!(learner.due(minutes(30)).len(), 1);
    assert_eq!(learner.due(minutes(31)), []);
    assert_eq!(learner.due(minutes(46)).len(), 1);
}

#[test]
fn damaged_and_foreign_snapshots_are_refused() {
    let learner = Learner::new(parameters());
    let mut bytes = learner.snapshot();
    assert_eq!(Learner::restore(parameters(), b"something else").unwrap_err(), SnapshotError::Version);
    *bytes.last_mut().unwrap() ^= 1;
    assert_eq!(Learner::restore(parameters(), &bytes).unwrap_err(), SnapshotError::Damaged);
    assert_eq!(Learner::restore(parameters(), &bytes[..10]).unwrap_err(), SnapshotError::Damaged);
}
