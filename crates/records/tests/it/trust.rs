//! What makes judgement one that officers can trust: verdicts, marks, yields, zones, silences, rules, tunings.

use crate::{at, judge, key, open, sign, warning};
use domain::warning::WithdrawReason;
use domain::{
    Area, Detail, DeviceId, DeviceKind, Hidden, Hours, KeyClass, Level, Maintenance, Mark, ModelId, Outcome,
    ReferenceChange, RuleId, Scope, Silence, Terminal, TunedValue, Tuning, Verdict, Wgs84, Zone, ZoneKind,
};
use records::{
    Change, Device, EndSilenceError, NewDraft, Put, Quiet, QuietKind, QuietRecord, Records, Review,
    RuleError, RuleState, Sort, TuningError, TuningRecord, VerdictRecord, WarningActError, WarningField,
    WarningFilter, WarningState, Window,
};
use std::time::Instant;

async fn outbox(records: &Records) -> Vec<ReferenceChange> {
    let pending = records.outbox_pending(100).await.unwrap();
    if let Some(last) = pending.last() {
        records.outbox_done(last.id).await.unwrap();
    }
    pending.into_iter().map(|pending| pending.change).collect()
}

fn raise(n: u32) -> Outcome {
    Outcome::Raise(Box::new(warning(n)))
}

fn mark(n: u32, group: u32, hidden: Option<Hidden>) -> Outcome {
    Outcome::Mark { id: warning(n).id, mark: Mark { group: warning(group).id, hidden } }
}

fn verdict(verdict: Verdict, by: &str, minute: i64) -> VerdictRecord {
    VerdictRecord { verdict, by: by.into(), at: at(minute * 60_000), note: Some("已核实".into()) }
}

#[tokio::test]
async fn a_verdict_signs_teaches_and_can_be_changed() {
    let (_dir, records) = open().await;
    let id = warning(1).id;
    records.commit_outcomes(&[raise(1), raise(2)], 1, at(0), &domain::Desk::default()).await.unwrap();
    let first = judge(&records, id, 1, &verdict(Verdict::Misread, "li", 1)).await.unwrap();
    assert_eq!((first.state, first.change, first.version), (WarningState::Closed, Change::Judged, 2));
    assert_eq!(first.signature.as_ref().map(|s| s.by.as_str()), Some("li"));
    let stale = judge(&records, id, 1, &verdict(Verdict::Stale, "wang", 2)).await;
    assert!(matches!(stale, Err(WarningActError::Changed { version: 2 })));
    let second = judge(&records, id, 2, &verdict(Verdict::Cloned, "wang", 2)).await.unwrap();
    assert_eq!(second.signature, first.signature, "who took it on stays");
    assert_eq!(second.verdict, Some(verdict(Verdict::Cloned, "wang", 2)));

    let history = records.warning_history(id).await.unwrap();
    let given: Vec<_> =
        history.iter().filter_map(|line| Some((line.verdict?, line.actor.clone()?))).collect();
    assert_eq!(given, [(Verdict::Misread, "li".into()), (Verdict::Cloned, "wang".into())]);
    let lessons: Vec<_> = outbox(&records).await;
    let ReferenceChange::Verdict(lesson) = &lessons[1] else { panic!("{lessons:?}") };
    assert_eq!((lesson.warning, lesson.model, lesson.verdict), (id, warning(1).model, Verdict::Cloned));
    let seen = &warning(1).evidence[0];
    assert_eq!(lesson.reads, [(seen.device.clone(), seen.captured_at)]);
    assert_eq!(lessons.len(), 2);

    // Better evidence later does not take the verdict away.
    let mut revised = warning(1);
    revised.level = Level::High;
    revised.raised_at = revised.raised_at.plus_ms(1);
    let revised = records
        .commit_outcomes(&[Outcome::Revise(Box::new(revised))], 2, at(3), &domain::Desk::default())
        .await
        .unwrap();
    assert_eq!(revised[0].verdict, second.verdict);

    let filter = WarningFilter { verdict: Some(Verdict::Cloned), ..WarningFilter::default() };
    let sort = Sort::descending(WarningField::OccurredAt);
    assert_eq!(records.warnings(&filter, sort, Window::default()).await.unwrap().total, 1);
    let gone = Outcome::Withdraw { id: warning(2).id, reason: WithdrawReason::Refuted };
    records.commit_outcomes(&[gone], 3, at(4), &domain::Desk::default()).await.unwrap();
    let none = judge(&records, warning(2).id, 2, &verdict(Verdict::Confirmed, "li", 5)).await;
    assert!(matches!(none, Err(WarningActError::Refused(_))));
}

#[tokio::test]
async fn marks_are_kept_wherever_they_come_in_a_batch() {
    let (_dir, records) = open().await;
    // Before its warning, after it, without one.
    let batch = [mark(2, 1, None), raise(1), raise(2), raise(3), mark(3, 1, None), mark(9, 1, None)];
    let stored = records.commit_outcomes(&batch, 1, at(0), &domain::Desk::default()).await.unwrap();
    assert_eq!(stored.len(), 3, "a mark of what isn't there is passed over");
    assert!(stored.iter().all(|record| record.mark.group == warning(1).id && record.group_count == 3));
    assert_eq!(
        records.commit_outcomes(&batch, 1, at(0), &domain::Desk::default()).await.unwrap(),
        [],
        "said twice, it is no change"
    );

    let hidden = Some(Hidden::Stronger(warning(1).id));
    let marked = records
        .commit_outcomes(&[mark(3, 3, hidden.clone())], 2, at(1), &domain::Desk::default())
        .await
        .unwrap();
    assert_eq!((marked[0].change, marked[0].version, marked[0].seq), (Change::Marked, 1, 4));
    assert_eq!(marked[0].mark, Mark { group: warning(3).id, hidden });
    assert_eq!(marked[0].group_count, 1);
    // Signing goes by what the warning says, which the mark did not change.
    sign(&records, warning(3).id, 1, "li", at(2)).await.unwrap();
    // Withdrawn, a repeat does not count; and content does not wipe a mark.
    let gone = Outcome::Withdraw { id: warning(2).id, reason: WithdrawReason::Refuted };
    records.commit_outcomes(&[gone, raise(3)], 3, at(3), &domain::Desk::default()).await.unwrap();
    let first = records.warning(warning(1).id).await.unwrap().unwrap();
    assert_eq!(first.group_count, 1);
    let third = records.warning(warning(3).id).await.unwrap().unwrap();
    assert_eq!(third.mark.hidden, Some(Hidden::Stronger(warning(1).id)));

    let total = async |filter: WarningFilter| {
        let sort = Sort::descending(WarningField::OccurredAt);
        records.warnings(&filter, sort, Window::default()).await.unwrap().total
    };
    let none = WarningFilter::default;
    assert_eq!(total(WarningFilter { is_hidden: Some(true), ..none() }).await, 1);
    assert_eq!(total(WarningFilter { is_hidden: Some(false), ..none() }).await, 2);
    assert_eq!(total(WarningFilter { group: Some(warning(1).id), ..none() }).await, 2);
    assert_eq!(total(WarningFilter { is_head: Some(true), ..none() }).await, 2);
    let unsigned =
        records.warning_counts_by_level(WarningState::Raised, &domain::UnitPath::WHOLE).await.unwrap();
    assert_eq!(unsigned.values().sum::<u64>(), 1, "only what is shown by itself: {unsigned:?}");
}

#[tokio::test]
async fn yields_of_twenty_thousand_warnings_are_counted_from_one_index() {
    const WARNINGS: u32 = 20_000;
    let (_dir, records) = open().await;
    for chunk in 0..WARNINGS / 5_000 {
        let batch: Vec<_> = (0..5_000)
            .map(|n| {
                let mut one = warning((chunk * 5_000 + n) % 99_999);
                one.id = domain::WarningId::of(&[b"yield", &(chunk * 5_000 + n).to_le_bytes()]);
                one.occurred_at = at(i64::from(n % 30) * domain::time::DAY_MS);
                if n % 50 == 0 {
                    one.model = ModelId::Rule;
                    one.detail = Detail::Rule {
                        rule: RuleId::from("R1"),
                        version: 1,
                        name: "夜间货车".into(),
                        values: Vec::new(),
                    };
                }
                Outcome::Raise(Box::new(one))
            })
            .collect();
        records.commit_outcomes(&batch, 1, at(0), &domain::Desk::default()).await.unwrap();
    }
    let day = at(0).beijing_day();
    let since = Instant::now();
    let counts = records.yield_counts(day, domain::CivilDay(day.0 + 30)).await.unwrap();
    let took = since.elapsed();
    assert_eq!(counts.iter().map(|count| count.count).sum::<u64>(), u64::from(WARNINGS));
    let of_rule = counts.iter().filter(|count| count.rule.as_ref().is_some_and(|rule| rule.as_str() == "R1"));
    assert_eq!(of_rule.map(|count| count.count).sum::<u64>(), u64::from(WARNINGS / 50));
    let one_day = records.yield_counts(day, domain::CivilDay(day.0 + 1)).await.unwrap();
    assert!(one_day.iter().all(|count| count.day == day) && !one_day.is_empty());
    // The bound leaves room for a busy machine; a look at each row would still break it.
    assert!(took.as_millis() < 500, "{took:?}");
}

#[tokio::test]
async fn zones_come_back_and_reach_the_outbox_once() {
    let (_dir, records) = open().await;
    let point = |lon, lat| Wgs84::new(lon, lat).unwrap();
    let zone = Zone {
        id: "Z1".into(),
        name: "城区货车限行".into(),
        kind: ZoneKind::Ban,
        area: Area::Polygon(vec![point(118.0, 35.0), point(118.1, 35.0), point(118.1, 35.123_456_7)]),
        checkpoints: vec!["37132200001210000001".into()],
        key_classes: vec![KeyClass::DangerousGoods],
        families: "H".into(),
        hours: vec![Hours { days: 0b001_1111, from_minute: 420, to_minute: 1_320 }],
        exempt: vec![key(7)],
    };
    assert_eq!(records.put_zone(&zone, "admin", at(0)).await.unwrap(), Put::Inserted);
    assert_eq!(records.put_zone(&zone, "admin", at(1)).await.unwrap(), Put::Unchanged);
    let all = records.all_zones().await.unwrap();
    assert_eq!((&all[0].zone, all[0].changed_by.as_str()), (&zone, "admin"));
    assert!(records.remove_zone(&zone.id).await.unwrap());
    assert!(!records.remove_zone(&zone.id).await.unwrap());
    let id = zone.id.clone();
    assert_eq!(outbox(&records).await, [ReferenceChange::Zone(zone), ReferenceChange::ZoneRemoved(id)]);
}

#[tokio::test]
async fn a_silence_ends_by_hand_or_never_begins() {
    let (_dir, records) = open().await;
    let record = |quiet| QuietRecord { quiet, created_by: "li".into(), created_at: at(0), ended: None };
    let silence = Silence {
        id: "S1".into(),
        model: Some(ModelId::ClonePlate),
        vehicle: Some(key(1)),
        checkpoint: None,
        from: at(0),
        until: at(60_000),
        reason: "已派警".into(),
    };
    let maintenance = Maintenance {
        id: "M1".into(),
        device: "37132200001190000001".into(),
        from: at(50_000),
        until: at(90_000),
        reason: "更换镜头".into(),
    };
    records.add_silence(&record(Quiet::Silence(silence.clone()))).await.unwrap();
    records.add_silence(&record(Quiet::Maintenance(maintenance.clone()))).await.unwrap();
    let open_now = async |kind| records.silences(kind, Some(at(10_000)), Window::default()).await.unwrap();
    assert_eq!(open_now(QuietKind::Silence).await.total, 1);
    assert_eq!(open_now(QuietKind::Maintenance).await.items[0].state(at(10_000)), "upcoming");

    let wrong_kind = records.end_silence(QuietKind::Maintenance, &silence.id, "wang", at(20_000)).await;
    assert!(matches!(wrong_kind, Err(EndSilenceError::NotFound)));
    let ended = records.end_silence(QuietKind::Silence, &silence.id, "wang", at(20_000)).await.unwrap();
    assert_eq!((ended.quiet.until(), ended.ended), (at(20_000), Some(("wang".into(), at(20_000)))));
    let again = records.end_silence(QuietKind::Silence, &silence.id, "wang", at(30_000)).await;
    assert!(matches!(again, Err(EndSilenceError::Over { .. })));
    records.end_silence(QuietKind::Maintenance, &maintenance.id, "wang", at(20_000)).await.unwrap();
    let shortened = Silence { until: at(20_000), ..silence.clone() };
    assert_eq!(
        outbox(&records).await,
        [
            ReferenceChange::Silence(silence),
            ReferenceChange::Maintenance(maintenance.clone()),
            ReferenceChange::Silence(shortened.clone()),
            ReferenceChange::MaintenanceRemoved(maintenance.id),
        ]
    );
    let standing = records.standing_changes(at(10_000)).await.unwrap();
    assert!(standing.contains(&ReferenceChange::Silence(shortened)));
    assert!(records.standing_changes(at(60_000)).await.unwrap().is_empty());
}

fn draft(condition: &str) -> NewDraft {
    NewDraft {
        name: "夜间货车".into(),
        condition: condition.into(),
        level: Level::Medium,
        once_per_minutes: 30,
        actionable_seconds: 600,
        reason: "专项行动".into(),
    }
}

fn review(by: &str) -> Review {
    Review { by: by.into(), at: at(9), note: "同意".into() }
}

#[tokio::test]
async fn a_rule_comes_into_force_through_a_second_person_only() {
    let (_dir, records) = open().await;
    let id = RuleId::from("R1");
    let rule = records.add_rule(&id, &draft("a"), "li", at(0)).await.unwrap();
    assert_eq!((rule.state(), rule.version, rule.versions.len()), (RuleState::Draft, 1, 1));
    let early = records.approve_rule(&id, 1, review("wang")).await;
    assert!(matches!(early, Err(RuleError::WrongState { state: RuleState::Draft })));
    let rule = records.submit_rule(&id, 1, at(1)).await.unwrap();
    let own = records.approve_rule(&id, rule.version, review("li")).await;
    assert!(matches!(own, Err(RuleError::ReviewerIsAuthor)));
    let unseen = records.approve_rule(&id, 1, review("wang")).await;
    assert!(matches!(unseen, Err(RuleError::Changed { version: 2 })));
    // Who edited a draft is an author of it too.
    let rule = records.return_rule(&id, rule.version, review("wang")).await.unwrap();
    let rule = records.edit_rule(&id, rule.version, &draft("b"), "wang", at(2)).await.unwrap();
    let rule = records.submit_rule(&id, rule.version, at(3)).await.unwrap();
    let edited = records.approve_rule(&id, rule.version, review("wang")).await;
    assert!(matches!(edited, Err(RuleError::ReviewerIsAuthor)));
    assert_eq!(outbox(&records).await, [], "nothing of this is known to judgement");
    let rule = records.approve_rule(&id, rule.version, review("zhao")).await.unwrap();
    assert_eq!(rule.state(), RuleState::InForce);
    let first = rule.in_force().unwrap().rule.clone();
    assert_eq!((first.version, first.condition.as_str()), (1, "b"));
    assert_eq!(outbox(&records).await, [ReferenceChange::Rule(first.clone())]);

    // The next version is written beside the one in force and then replaces it.
    let rule = records.edit_rule(&id, rule.version, &draft("c"), "li", at(4)).await.unwrap();
    assert_eq!((rule.state(), rule.draft().unwrap().rule.version), (RuleState::InForce, 2));
    assert_eq!(records.standing_changes(at(0)).await.unwrap(), [ReferenceChange::Rule(first)]);
    let rule = records.submit_rule(&id, rule.version, at(5)).await.unwrap();
    let rule = records.approve_rule(&id, rule.version, review("wang")).await.unwrap();
    let states: Vec<_> = rule.versions.iter().map(|version| version.state).collect();
    assert_eq!(states, [RuleState::Retired, RuleState::InForce]);
    let second = rule.in_force().unwrap().rule.clone();
    let rule = records.retire_rule(&id, "行动结束", "zhao", at(6)).await.unwrap();
    assert_eq!(rule.state(), RuleState::Retired);
    assert!(records.retire_rule(&id, "again", "zhao", at(7)).await.is_err());
    assert_eq!(
        outbox(&records).await,
        [ReferenceChange::Rule(second), ReferenceChange::RuleRetired(id.clone())]
    );
    assert_eq!(records.rule(&id).await.unwrap().as_ref(), Some(&rule));
    assert_eq!(records.all_rules().await.unwrap(), [rule]);
}

#[tokio::test]
async fn a_tuning_has_a_history_and_is_undone() {
    let (_dir, records) = open().await;
    let record = |version, number, is_removed| TuningRecord {
        tuning: Tuning {
            id: "T1".into(),
            version,
            model: ModelId::UnhandledOffences,
            scope: Scope { hours: Some((22, 6)), ..Scope::default() },
            is_enabled: true,
            level: None,
            values: vec![("count_min".into(), TunedValue::Number(number))],
        },
        is_removed,
        author: "admin".into(),
        at: at(i64::from(version)),
        reason: "误报较多".into(),
    };
    records.add_tuning(&record(1, 8, false)).await.unwrap();
    records.change_tuning(&record(2, 9, false)).await.unwrap();
    let late = records.change_tuning(&record(2, 10, false)).await;
    assert!(matches!(late, Err(TuningError::Changed { version: 2, .. })));
    assert_eq!(records.all_tunings().await.unwrap(), [record(2, 9, false)]);
    records.change_tuning(&record(3, 9, true)).await.unwrap();
    assert_eq!(records.all_tunings().await.unwrap(), []);
    let gone = records.change_tuning(&record(4, 9, false)).await;
    assert!(matches!(gone, Err(TuningError::NotFound)));
    let history = records.tuning_history(ModelId::UnhandledOffences).await.unwrap();
    assert_eq!(history, [record(3, 9, true), record(2, 9, false), record(1, 8, false)]);
    assert_eq!(
        outbox(&records).await,
        [
            ReferenceChange::Tuning(record(1, 8, false).tuning),
            ReferenceChange::Tuning(record(2, 9, false).tuning),
            ReferenceChange::TuningRemoved("T1".into()),
        ]
    );
}

#[tokio::test]
async fn judgement_learns_which_vehicle_carries_which_terminal() {
    let (_dir, records) = open().await;
    let id = DeviceId::from("013900000001");
    let device = |vehicle, is_enabled| Device {
        kind: DeviceKind::Terminal,
        id: id.clone(),
        name: "T".into(),
        is_enabled,
        username: None,
        secret: None,
        checkpoints: Vec::new(),
        vehicle,
        edition: None,
        address: None,
        cipher: None,
    };
    let terminal = |n| Terminal { device: id.clone(), vehicle: key(n) };
    let put = async |device: Device| {
        records.put_devices(&[device]).await.unwrap();
        outbox(&records).await
    };
    assert_eq!(put(device(None, true)).await, []);
    assert_eq!(put(device(Some(key(1)), true)).await, [ReferenceChange::Terminal(terminal(1))]);
    assert_eq!(put(device(Some(key(1)), true)).await, []);
    assert_eq!(put(device(Some(key(2)), true)).await, [ReferenceChange::Terminal(terminal(2))]);
    // One that may not report is not silent: it is none.
    assert_eq!(put(device(Some(key(2)), false)).await, [ReferenceChange::TerminalRemoved(id.clone())]);
    assert_eq!(put(device(Some(key(2)), true)).await, [ReferenceChange::Terminal(terminal(2))]);
    assert!(records.remove_device(DeviceKind::Terminal, &id).await.unwrap());
    assert_eq!(outbox(&records).await, [ReferenceChange::TerminalRemoved(id.clone())]);
}
