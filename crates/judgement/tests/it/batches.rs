//! Many entries at once: what is said and what is remembered is byte for byte that of one by one, in whatever batches
//! entries come and however many threads judge them.

use super::killed::journal;
use super::order_of_arrival::county;
use super::scenario::{County, Said, at, car, file, passage};
use domain::{Entry, Fact, ModelId, Outcome, ReferenceChange};
use judgement::{Engine, Share};
use proptest::prelude::*;

const LATE_MAX_HOURS: i64 = 72;

/// Runs each share on a thread of its own.
fn crew(shares: Vec<Share<'_>>) {
    std::thread::scope(|scope| {
        for share in shares {
            scope.spawn(|| share.run());
        }
    });
}

fn bytes_of(outcomes: &[Outcome]) -> Vec<u8> {
    outcomes.iter().fold(Vec::new(), |bytes, outcome| postcard::to_extend(outcome, bytes).unwrap())
}

/// What is said and what is remembered at the end; one by one without batches.
fn judged(journal: &[Entry], batch: Option<usize>, share_count: usize) -> (Vec<u8>, Vec<u8>, String) {
    let mut engine: Engine = county(LATE_MAX_HOURS).engine;
    let mut out = Vec::new();
    for entries in journal.chunks(batch.unwrap_or(journal.len()).max(1)) {
        if batch.is_some() {
            engine.apply_all(entries, share_count, &mut crew, &mut out);
        } else {
            for entry in entries {
                engine.apply(entry, &mut out);
            }
        }
    }
    (bytes_of(&out), engine.snapshot(), format!("{:?}{:?}", engine.stats(), engine.rules()))
}

/// The same journal as a back-fill brings it: all of it within minutes, long after it happened, and hardly a change in
/// between.
fn filled_in(mut journal: Vec<Entry>, apart_ms: i64) -> Vec<Entry> {
    let begin = at("40:00");
    let mut changes = 0;
    journal.retain(|entry| {
        changes += usize::from(matches!(entry, Entry::Reference(_)));
        matches!(entry, Entry::Observation(_)) || changes <= 2
    });
    for (place, entry) in (0..).zip(&mut journal) {
        if let Entry::Observation(seen) = entry {
            seen.received_at = begin.plus_ms(place * apart_ms);
        }
    }
    journal
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn batches_and_threads_never_matter(journal in journal(), apart_ms in prop::sample::select(vec![7i64, 90])) {
        for journal in [filled_in(journal.clone(), apart_ms), journal] {
            let one_by_one = judged(&journal, None, 1);
            for (batch, share_count) in [(1, 2), (7, 2), (5_000, 1), (5_000, 2), (5_000, 3), (300, 3)] {
                let (said, remembered, counted) = judged(&journal, Some(batch), share_count);
                prop_assert!(said == one_by_one.0, "{batch} entries, {share_count} shares: {} and {} bytes are said",
                    said.len(), one_by_one.0.len());
                prop_assert!(remembered == one_by_one.1, "{batch} entries, {share_count} shares: other state");
                prop_assert_eq!(&counted, &one_by_one.2);
            }
        }
    }
}

/// The property would prove nothing if no run were long enough to be shared, or nothing were said.
#[test]
fn the_journals_are_shared_among_threads_and_lead_to_warnings() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut shared, mut said) = (0, 0);
    for _ in 0..8 {
        let journal = filled_in(journal().new_tree(&mut runner).unwrap().current(), 7);
        let mut engine: Engine = county(LATE_MAX_HOURS).engine;
        let mut out = Vec::new();
        let mut count = |shares: Vec<Share<'_>>| {
            shared += usize::from(shares.len() > 1);
            shares.into_iter().for_each(Share::run);
        };
        engine.apply_all(&journal, 3, &mut count, &mut out);
        said += out.len();
    }
    assert!(shared >= 8 && said > 100, "{shared} times shared, {said} outcomes");
}

/// Once the register knows an authority its vehicles are judged apart from one another, and what was remembered of
/// them goes along; also when it no longer does.
#[test]
fn vehicles_take_what_is_remembered_along_when_their_authority_becomes_known() {
    let mut county: County = county(LATE_MAX_HOURS);
    let plates: Vec<String> = (0..40).map(|number| format!("苏H9{number:02}47")).collect();
    let drive = |county: &mut County, place: &str, minute: i64| -> Vec<Said> {
        let mut said = Vec::new();
        for plate in &plates {
            let mut seen = passage(place, plate, at("01:00").plus_ms(minute * 60_000));
            if let Fact::Passage(passage) = &mut seen.fact {
                passage.plate_confidence = Some(99);
            }
            said.extend(county.see(seen));
        }
        said
    };
    drive(&mut county, "A", 0);
    let before = county.engine.stats();
    for number in 0..5 {
        county.register(file(car(&format!("苏H111{number}7"))));
    }
    let known = county.engine.stats();
    assert_eq!(known.vehicles, before.vehicles);
    assert_eq!(known.passages_held, before.passages_held);
    assert_eq!(known.timers_armed, before.timers_armed);
    drive(&mut county, "B", 5);
    assert_eq!(county.warnings(ModelId::AverageSpeed).len(), plates.len(), "the first half is remembered");
    let before = county.engine.stats();
    for number in 0..5 {
        county.change(ReferenceChange::VehicleRemoved(car(&format!("苏H111{number}7"))));
    }
    let unknown = county.engine.stats();
    assert_eq!((unknown.vehicles, unknown.passages_held), (before.vehicles, before.passages_held));
    assert_eq!(unknown.timers_armed, before.timers_armed);
    drive(&mut county, "A", 60);
    drive(&mut county, "B", 65);
    assert_eq!(county.warnings(ModelId::AverageSpeed).len(), 2 * plates.len());
}
