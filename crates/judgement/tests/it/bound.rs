//! The bound on remembered passages: memory stays flat, and within what is remembered nothing changes.

use super::data_files::shipped;
use super::scenario::{County, Said, at, late, passage};
use domain::observation::Observation;
use domain::time::MINUTE_MS;
use domain::{ModelId, ReferenceChange};

const HELD_MAX: usize = 100;
const DRIVES: i64 = 600;

fn county(held_max: usize) -> County {
    let mut parameters = shipped();
    parameters.models.horizon.passages_held_max.value = held_max as i64;
    County::with_parameters(parameters)
}

fn plate(drive: i64) -> String {
    format!("鲁Q1{drive:04}")
}

/// Each minute another vehicle drives through the section AB too fast, and some of the passages come half an hour late.
fn traffic() -> Vec<Observation> {
    let mut seen: Vec<Observation> = (0..DRIVES)
        .flat_map(|drive| {
            let entered_at = at("00:00").plus_ms(drive * MINUTE_MS);
            let entry = passage("A", &plate(drive), entered_at);
            let exit = passage("B", &plate(drive), entered_at.plus_ms(5 * MINUTE_MS));
            [if drive % 7 == 0 { late(entry, 30) } else { entry }, exit]
        })
        .collect();
    seen.sort_by_key(|seen| (seen.received_at, seen.id));
    seen
}

#[test]
fn beyond_the_bound_the_oldest_are_forgotten_and_what_is_remembered_is_judged_as_ever() {
    let (mut bounded, mut restarted, mut unbounded) = (county(HELD_MAX), county(HELD_MAX), county(1_000_000));
    for (index, seen) in traffic().into_iter().enumerate() {
        if index % 37 == 36 {
            restarted.restart();
        }
        let said = unbounded.see(seen.clone());
        assert_eq!(bounded.see(seen.clone()), said);
        assert_eq!(restarted.see(seen), said);
        // Between two minutes there may be some more.
        assert!(bounded.engine.stats().passages_held <= HELD_MAX + 4);
        assert_eq!(bounded.engine.stats().passages_held, restarted.engine.stats().passages_held);
    }
    assert_eq!(bounded.warnings(ModelId::AverageSpeed).len(), DRIVES as usize);
    assert_eq!(bounded.standing, unbounded.standing);
    let (few, all) = (bounded.engine.stats(), unbounded.engine.stats());
    assert_eq!((all.passages_held, all.forgotten_early), (2 * DRIVES as usize, 0));
    assert_eq!(few.forgotten_early + few.passages_held as u64, 2 * DRIVES as u64);
    assert_eq!((few.passage_hours, all.passage_hours), (1, 100));
    assert_eq!(restarted.engine.stats().forgotten_early, few.forgotten_early);
}

#[test]
fn what_comes_later_than_passages_are_remembered_is_counted_and_not_judged() {
    let mut county = county(HELD_MAX);
    for seen in traffic() {
        county.see(seen);
    }
    let late_before = county.engine.stats().late_beyond_horizon;
    assert_eq!(county.see(late(passage("B", &plate(DRIVES), at("01:00")), 600)), Vec::<Said>::new());
    assert_eq!(county.engine.stats().late_beyond_horizon, late_before + 1);
    // It is not remembered either, so that its other half finds nothing.
    county.see(late(passage("A", &plate(DRIVES), at("00:55")), 600));
    assert_eq!(county.warnings(ModelId::AverageSpeed).len(), DRIVES as usize);
    county.change(ReferenceChange::Tick(at("200:00")));
    assert_eq!(county.engine.stats().passages_held, 0);
}
