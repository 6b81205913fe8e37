//! Warnings replayed from the observations about their subject.

use super::scenario::{County, at, car, coach, file, large, late, passage, passage_of, position};
use domain::{CivilDay, ModelId, Observation, ReferenceChange, Terminal, VehicleFile};
use judgement::{Change, Replay};

fn replayed(county: &County, model: ModelId, seen: &[Observation]) -> Replay {
    let warning = county.warnings(model)[0];
    let mut replayer = county.engine.replayer(warning);
    let (from, until) = (replayer.from(), replayer.until());
    for observation in seen.iter().filter(|seen| (from..=until).contains(&seen.received_at)) {
        replayer.see(observation);
    }
    let replay = replayer.end();
    assert_eq!(replay.warning.as_ref(), Some(warning), "the same warning, in every field");
    replay
}

#[test]
fn a_replay_shows_which_observation_completed_the_warning() {
    let mut county = County::new();
    let others = [passage("A", "鲁Q99999", at("08:00")), passage("C", "鲁Q12345", at("09:30"))];
    let seen = [passage("A", "鲁Q12345", at("08:00")), passage("B", "鲁Q12345", at("08:03"))];
    let all: Vec<Observation> = others[..1].iter().chain(&seen).chain(&others[1..]).cloned().collect();
    for seen in &all {
        county.see(seen.clone());
    }
    let replay = replayed(&county, ModelId::AverageSpeed, &all);
    let changes: Vec<Change> = replay.steps.iter().map(|step| step.change).collect();
    assert_eq!(changes, [Change::None, Change::Raised]);
    assert_eq!(replay.judged, 2, "the other vehicle is left out");
}

#[test]
fn a_drive_is_replayed_from_all_its_positions() {
    let mut county = County::new();
    county.register(coach("鲁Q70001"));
    let seen: Vec<Observation> = (0..300)
        .map(|minute| position(large("鲁Q70001"), at("08:00").plus_ms(minute * 60_000), 60, 0))
        .collect();
    for seen in &seen {
        county.see(seen.clone());
    }
    let replay = replayed(&county, ModelId::Fatigue, &seen);
    assert!(replay.steps.iter().any(|step| step.change == Change::Raised));
}

#[test]
fn a_late_observation_revises_in_the_replay_as_it_did() {
    let mut county = County::new();
    county.register(VehicleFile { inspection_valid_until: Some(CivilDay(1)), ..file(car("鲁Q12345")) });
    let seen = [late(passage("A", "鲁Q12345", at("08:00")), 120), passage("B", "鲁Q12345", at("10:30"))];
    for seen in &seen {
        county.see(seen.clone());
    }
    let replay = replayed(&county, ModelId::OverdueInspection, &seen);
    let changes: Vec<Change> = replay.steps.iter().map(|step| step.change).collect();
    assert_eq!(changes, [Change::Raised, Change::Revised]);
}

#[test]
fn a_silent_terminal_is_replayed_from_its_last_report_however_long_ago() {
    let mut county = County::new();
    let truck = large("鲁Q12345");
    county.register(coach("鲁Q12345"));
    county.change(ReferenceChange::Terminal(Terminal { device: "terminal".into(), vehicle: truck }));
    let seen = [
        position(truck, at("02:00"), 60, 0),
        passage_of(truck, "A", at("08:00")),
        passage_of(truck, "B", at("08:20")),
    ];
    for seen in &seen {
        county.see(seen.clone());
    }
    county.tick(at("09:00"));
    let replay = replayed(&county, ModelId::TerminalSilent, &seen);
    assert_eq!(replay.judged, 3);
}
