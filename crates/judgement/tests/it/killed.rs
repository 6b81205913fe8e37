//! The property on which a restart rests: whenever the process is killed, what was stored at the end is byte for byte
//! what one run over the same journal stores.
//!
//! The process is played as the binary does it: outcomes are stored together with the place up to which they were
//! judged (the cursor); the state is frozen now and then, written while judging goes on, and durable some entries later;
//! a kill takes all that was not stored and not durable; the next process goes on from the last durable snapshot and
//! drops what follows from entries before the cursor.

use super::order_of_arrival::{county, days, parameters};
use super::scenario::{car, file, order, plate};
use domain::{
    Calibration, ClockError, Entry, Outcome, ReferenceChange, Timestamp, TravelTime, VehicleFile, WatchOrder,
};
use judgement::{Engine, Frozen, Part, Restoring};
use proptest::prelude::*;

/// Short, so that much is forgotten during the days of a journal.
const LATE_MAX_HOURS: i64 = 6;

/// How a process works; all counted in entries.
#[derive(Clone, Copy, Debug)]
struct Habits {
    store_every: usize,
    freeze_every: usize,
    /// From the freeze until the snapshot is durable.
    write_takes: usize,
}

/// What is on the disk.
#[derive(Default)]
struct Disk {
    cursor: usize,
    /// All outcomes in the order in which they were stored.
    stored: Vec<u8>,
    /// The last durable snapshot, with its place.
    snapshot: Option<(usize, Vec<Part>)>,
}

impl Disk {
    fn store(&mut self, outcomes: &mut Vec<Outcome>, up_to: usize) {
        for outcome in outcomes.drain(..) {
            self.stored = postcard::to_extend(&outcome, std::mem::take(&mut self.stored)).unwrap();
        }
        self.cursor = self.cursor.max(up_to);
    }
}

fn restored(parts: &[Part]) -> Engine {
    let mut restoring = Restoring::new(parameters(LATE_MAX_HOURS));
    for part in parts {
        restoring.take(part).unwrap();
    }
    restoring.finish().unwrap().0
}

/// One process: from its start until it has applied `entries_max` entries, or all.
fn live(journal: &[Entry], disk: &mut Disk, habits: Habits, entries_max: usize) {
    let (mut place, mut engine) = match &disk.snapshot {
        Some((place, parts)) => (*place, restored(parts)),
        None => (0, county(LATE_MAX_HOURS).engine),
    };
    let mut outcomes = Vec::new();
    let mut in_work: Option<(usize, Frozen)> = None;
    let end = journal.len().min(place.saturating_add(entries_max));
    while place < end {
        engine.apply(&journal[place], &mut outcomes);
        place += 1;
        if place <= disk.cursor {
            outcomes.clear();
        }
        if place % habits.store_every == 0 {
            disk.store(&mut outcomes, place);
        }
        if place % habits.freeze_every == 0 && in_work.is_none() {
            disk.store(&mut outcomes, place);
            in_work = Some((place, engine.freeze()));
        }
        if let Some((at, frozen)) = in_work.take_if(|(at, _)| place >= *at + habits.write_takes) {
            disk.snapshot = Some((at, frozen.into_parts().collect()));
        }
    }
    if place == journal.len() {
        disk.store(&mut outcomes, place);
    }
}

/// What officers and the learner change while observations come.
fn change() -> impl Strategy<Value = ReferenceChange> {
    let clock = |ahead_ms| ClockError { ahead_ms, uncertainty_ms: 500 };
    prop_oneof![
        (0..30u16).prop_map(|unhandled_offences| {
            ReferenceChange::Vehicle(VehicleFile { unhandled_offences, ..file(car("鲁Q12S45")) })
        }),
        Just(ReferenceChange::VehicleRemoved(car("鲁Q12S45"))),
        Just(ReferenceChange::WatchOrder(WatchOrder {
            plate: plate("鲁QB8345"), ..order("W9", "鲁QB8345")
        })),
        Just(ReferenceChange::WatchOrderRemoved("W1".into())),
        (-3_000..3_000i64).prop_map(move |ahead_ms| {
            ReferenceChange::Calibrations(vec![Calibration {
                device: "B".into(),
                from: Timestamp::default(),
                clock: clock(ahead_ms),
                misread: None,
            }])
        }),
        (60_000..200_000i64, any::<bool>()).prop_map(|(shortest_ms, is_expressway)| {
            let (from, to) = if is_expressway { ("E", "F") } else { ("A", "B") };
            ReferenceChange::TravelTimes(vec![TravelTime {
                from: from.into(),
                to: to.into(),
                shortest_ms,
                usual_ms: 2 * shortest_ms,
                drive_count: 20,
            }])
        }),
    ]
}

/// Days of observations with changes in between.
pub(crate) fn journal() -> impl Strategy<Value = Vec<Entry>> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), change()), 0..12);
    (days(), changes).prop_map(|(observations, changes)| {
        let mut journal: Vec<Entry> = observations.into_iter().map(Entry::Observation).collect();
        for (at, change) in changes {
            journal.insert(at.index(journal.len() + 1), Entry::Reference(Box::new(change)));
        }
        journal
    })
}

fn habits() -> impl Strategy<Value = Habits> {
    (1..40usize, 1..60usize, 0..50usize).prop_map(|(store_every, freeze_every, write_takes)| Habits {
        store_every,
        freeze_every,
        write_takes,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_kill_at_any_entry_leaves_the_stored_warnings_as_one_run_stores_them(
        journal in journal(),
        habits in habits(),
        lives in prop::collection::vec(0..300usize, 1..10),
    ) {
        let mut whole = Disk::default();
        let never = Habits { store_every: 1, freeze_every: usize::MAX, write_takes: 0 };
        live(&journal, &mut whole, never, usize::MAX);

        let mut killed = Disk::default();
        for entries_max in lives {
            live(&journal, &mut killed, habits, entries_max);
        }
        live(&journal, &mut killed, habits, usize::MAX);
        prop_assert_eq!(killed.cursor, journal.len());
        prop_assert!(killed.stored == whole.stored, "{} and {} bytes", killed.stored.len(), whole.stored.len());
    }
}

/// The property would prove nothing if there were no warnings, no snapshots, and no kill behind one.
#[test]
fn the_journals_lead_to_warnings_and_kills_behind_snapshots() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut stored, mut behind_a_snapshot) = (0, 0);
    for _ in 0..10 {
        let journal = journal().new_tree(&mut runner).unwrap().current();
        let habits = habits().new_tree(&mut runner).unwrap().current();
        let mut disk = Disk::default();
        live(&journal, &mut disk, habits, 150);
        behind_a_snapshot += usize::from(disk.snapshot.as_ref().is_some_and(|(place, _)| *place < 150));
        live(&journal, &mut disk, habits, usize::MAX);
        stored += disk.stored.len();
    }
    assert!(stored > 100_000 && behind_a_snapshot > 3, "{stored} bytes, {behind_a_snapshot} kills");
}
