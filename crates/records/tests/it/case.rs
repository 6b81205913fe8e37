//! Cases: a command is done wholly or not at all, once, and each step has its clock.

use crate::{at, open, warning};
use domain::case::{AttachmentId, Calendar, ClockEnd, Desk, Limits, Measure, Spot, Term, Terms, Tidings};
use domain::people::{Actor, Role, Unit, UnitId, UnitKind, UnitPath, UnitTree};
use domain::stage::dispatch::{DispatchAct, Order, RoadOutcome, RoadReport};
use domain::stage::hazard::{Grade, HazardAct, HazardKind, Report, Source};
use domain::stage::sighting::Sighting;
use domain::time::MINUTE_MS;
use domain::{AnyAct, CaseId, CaseKind, ClockStep, Level, Opening, Outcome, Verdict, Wgs84};
use records::{
    CaseError, CaseField, CaseFilter, Command, Records, Sort, TaskFilter, TaskGroup, WarningAct, WarningDeed,
    WarningState, Window, Worked,
};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

const BRIGADE: UnitId = UnitId(2);
const SQUAD: UnitId = UnitId(3);

fn desk() -> Desk {
    let unit = |id, parent: Option<i64>, kind| Unit {
        id: UnitId(id),
        parent: parent.map(UnitId),
        kind,
        name: format!("单位{id}").into(),
        code: None,
        location: None,
        is_enabled: true,
    };
    let term = |step, minutes| Term {
        step,
        level: None,
        unit: None,
        minutes: Some(minutes),
        measure: Measure::Elapsed,
    };
    Desk {
        units: UnitTree::new(vec![
            unit(1, None, UnitKind::CountyOffice),
            unit(2, Some(1), UnitKind::Brigade),
            unit(3, Some(2), UnitKind::Squad),
        ])
        .unwrap(),
        terms: Terms {
            terms: vec![
                term(ClockStep::SignWarning, 2),
                term(ClockStep::SignDispatch, 10),
                term(ClockStep::ReportDispatch, 24 * 60),
                term(ClockStep::VerifyHazard, 60),
            ],
            calendar: Calendar::default(),
            escalate_percent: 80,
        },
        limits: Limits {
            acceptance_m_max: 200,
            rectification_pictures_min: 1,
            acceptance_pictures_min: 1,
            duplicate_m_max: 100,
            road_permille: 1_400,
            patrol_kmh: 50,
            prepare_minutes: 2,
            sighting_minutes_max: 45,
            warning_expires_minutes: 720,
            watch_days_max: 366,
            crash_m_max: 100,
            crash_days_max: 1_096,
            local_case_m_max: 20_000,
            local_case_days_max: 365,
            hazards: BTreeMap::new(),
        },
        staffed: [(BRIGADE, "work_warnings".into()), (SQUAD, "intercept".into())].into(),
        places: BTreeMap::new(),
    }
}

fn actor(username: &str, unit: UnitId, role: Role) -> Actor {
    Actor { username: username.into(), unit: Some(unit), roles: role.into() }
}

fn order(n: u32) -> Opening {
    Opening::Dispatch(Order {
        warning: Some(warning(n).id),
        plate: "鲁Q00001".into(),
        look_for: "".into(),
        level: Level::High,
        unit: SQUAD,
        assignee: None,
        spot: Spot { at: Wgs84::new(118.35, 35.05), ..Spot::default() },
        theatre: None,
        ring: 1,
        order: "在 G205 K12+300 处拦截".into(),
        until: at(3_600_000),
        category: "unhandled_offences".into(),
    })
}

fn report(outcome: RoadOutcome) -> AnyAct {
    AnyAct::Dispatch(DispatchAct::Report(Box::new(RoadReport {
        outcome,
        verdict: Verdict::Confirmed,
        note: "已拦获".into(),
        at: at(0),
        spot: Spot::default(),
        pictures: vec![AttachmentId("ab".into())],
        findings: Vec::new(),
        measures: Vec::new(),
        education: None,
    })))
}

fn hazard() -> Opening {
    Opening::Hazard(Report {
        warning: None,
        source: Source::Patrol,
        hazard_kind: HazardKind::Road,
        category: "guardrail".into(),
        grade: Grade::General,
        title: "护栏缺失".into(),
        description: "".into(),
        answers: Vec::new(),
        spot: Spot { at: Wgs84::new(118.35, 35.05), ..Spot::default() },
        theatre: None,
        unit: SQUAD,
        plate: None,
        pictures: Vec::new(),
        contact: "".into(),
        crash: None,
    })
}

async fn act(
    records: &Records,
    worked: &Worked,
    what: AnyAct,
    by: &Actor,
    ms: i64,
    desk: &Desk,
) -> Result<Worked, CaseError> {
    let command = Command::new(by, at(ms), desk);
    records.act_on_case(&worked.cases[0].id, worked.cases[0].version, &what, &command).await
}

#[tokio::test]
async fn a_warning_is_worked_to_its_end_and_every_step_had_its_clock() {
    let (_dir, records) = open().await;
    let desk = desk();
    let (duty, patrol) = (actor("duty", BRIGADE, Role::DutyOfficer), actor("lu", SQUAD, Role::PatrolOfficer));
    records.commit_outcomes(&[Outcome::Raise(Box::new(warning(1)))], 1, at(0), &desk).await.unwrap();
    let open_tasks = TaskFilter { is_ended: Some(false), ..TaskFilter::default() };
    let tasks = records.tasks(&open_tasks, Window::default()).await.unwrap().items;
    assert_eq!((tasks.len(), tasks[0].step, tasks[0].unit), (1, ClockStep::SignWarning, BRIGADE));
    assert_eq!(tasks[0].due_at, Some(at(2 * MINUTE_MS)));

    let sign = WarningDeed {
        act: WarningAct::Sign,
        seen_version: Some(1),
        verdict: None,
        note: None,
        by: &duty,
        at: at(3 * MINUTE_MS),
        desk: &desk,
        audit: None,
    };
    records.act_on_warning(warning(1).id, &sign).await.unwrap();
    let command = Command { key: Some("k1"), ..Command::new(&duty, at(4 * MINUTE_MS), &desk) };
    let sent = records.open_case(&order(1), &command).await.unwrap();
    assert_eq!(sent.warnings[0].state, WarningState::Dispatched);
    assert_eq!(sent.cases[0].id.to_string(), "ZL20261123-0001");
    assert_eq!(sent.cases[0].chain.as_str(), warning(1).id.to_string());

    let minute = MINUTE_MS;
    let signed =
        act(&records, &sent, AnyAct::Dispatch(DispatchAct::Sign), &patrol, 5 * minute, &desk).await.unwrap();
    let told =
        act(&records, &signed, report(RoadOutcome::Intercepted), &patrol, 30 * minute, &desk).await.unwrap();
    let confirm = AnyAct::Dispatch(DispatchAct::Confirm { note: "".into() });
    let done = act(&records, &told, confirm, &duty, 31 * minute, &desk).await.unwrap();
    assert_eq!(done.cases[0].state, "closed");
    assert_eq!(
        done.cases[1].id.kind(),
        Some(CaseKind::Interception),
        "what was stopped is a case of its own"
    );
    assert_eq!(done.cases[1].chain, done.cases[0].chain);
    let closed = done.warnings.last().unwrap();
    assert_eq!(
        (closed.state, closed.verdict.as_ref().unwrap().verdict),
        (WarningState::Closed, Verdict::Confirmed)
    );

    let (all, hour) = (UnitPath::WHOLE, at(60 * minute));
    let counts = records.task_counts(TaskGroup::Step, &all, at(0), hour, hour).await.unwrap();
    let of = |step: ClockStep| counts.iter().find(|count| count.group == step.key()).unwrap();
    assert_eq!(
        (of(ClockStep::SignWarning).late, of(ClockStep::SignWarning).on_time),
        (1, 0),
        "signed after 3 min of 2"
    );
    assert_eq!(of(ClockStep::SignDispatch).on_time, 1);
    assert_eq!(of(ClockStep::ReportDispatch).on_time, 1);
    let line = records.chain_steps(&done.cases[0].chain).await.unwrap();
    let acts: Vec<&str> = line.iter().map(|step| step.act.as_str()).collect();
    assert_eq!(acts, ["open", "sign", "report", "confirm", "open"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_people_at_once_one_is_told_about_the_other_and_a_repeat_does_nothing_twice() {
    let (_dir, records) = open().await;
    let desk = desk();
    let duty = actor("duty", BRIGADE, Role::DutyOfficer);
    records.commit_outcomes(&[Outcome::Raise(Box::new(warning(1)))], 1, at(0), &desk).await.unwrap();
    let command = Command { key: Some("same"), ..Command::new(&duty, at(1), &desk) };
    let first = records.open_case(&order(1), &command).await.unwrap();
    let again = records.open_case(&order(1), &command).await.unwrap();
    assert!(again.is_repeat && again.cases == first.cases && again.warnings.is_empty());
    let other = records.open_case(&hazard(), &command).await;
    assert!(matches!(other, Err(CaseError::KeyUsed)), "{other:?}");

    let race = |name: &'static str| {
        let (records, desk, id) = (records.clone(), desk.clone(), first.cases[0].id.clone());
        tokio::spawn(async move {
            let by = actor(name, SQUAD, Role::PatrolOfficer);
            let command = Command::new(&by, at(2), &desk);
            records.act_on_case(&id, 1, &AnyAct::Dispatch(DispatchAct::Sign), &command).await
        })
    };
    let (a, b) = (race("lu1"), race("lu2"));
    match (a.await.unwrap(), b.await.unwrap()) {
        (Ok(won), Err(CaseError::Changed { version: 2, by }))
        | (Err(CaseError::Changed { version: 2, by }), Ok(won)) => {
            assert_eq!(won.cases[0].assignee.as_ref(), Some(&by));
        }
        both => panic!("{both:?}"),
    }
}

#[tokio::test]
async fn a_sighting_is_told_once_a_checkpoint_and_leaves_the_version_that_people_saw() {
    let (_dir, records) = open().await;
    let desk = desk();
    let (duty, patrol) = (actor("duty", BRIGADE, Role::DutyOfficer), actor("lu", SQUAD, Role::PatrolOfficer));
    records.commit_outcomes(&[Outcome::Raise(Box::new(warning(1)))], 1, at(0), &desk).await.unwrap();
    let sent = records.open_case(&order(1), &Command::new(&duty, at(1), &desk)).await.unwrap();
    let signed = act(&records, &sent, AnyAct::Dispatch(DispatchAct::Sign), &patrol, 2, &desk).await.unwrap();
    let order = &signed.cases[0];
    let seen_at = |checkpoint: &str, ms: i64| {
        let spot =
            Spot {
                checkpoint: Some(checkpoint.into()), description: "东环路口".into(), ..Spot::default()
            };
        let sighting = Sighting { spot, direction: "".into(), at: at(ms), next: Vec::new() };
        AnyAct::Dispatch(DispatchAct::Sighted(Box::new(sighting)))
    };
    let by_hand = act(&records, &signed, seen_at("E", 3), &duty, 3, &desk).await;
    assert!(matches!(by_hand, Err(CaseError::Refused(_))), "nobody says what cameras saw");
    let told = records.act_of_platform(&order.id, &seen_at("E", 3), at(4), &desk).await.unwrap();
    assert_eq!(told.cases[0].version, order.version, "a report that is being written can still be sent");
    let again = records.act_of_platform(&order.id, &seen_at("E", 5), at(6), &desk).await;
    assert!(matches!(again, Err(CaseError::Refused(_))), "the same checkpoint is no news");
    let pending = records.tidings_pending(100).await.unwrap();
    let sighted = pending.iter().filter(|tidings| tidings.word == Tidings::Sighted);
    let whom: Vec<_> =
        sighted.map(|it| (it.audience.clone(), it.title.contains("东环路口"), it.due_at)).collect();
    let person = |name: &str| domain::case::Audience::Person(name.into());
    assert_eq!(whom, [(person("lu"), true, None), (person("duty"), true, None)]);
    // What people did is in the audit with what was done; what the platform adds is in the chain.
    let audit = records.audit(&records::AuditFilter::default(), Window::default()).await.unwrap();
    let acts: Vec<&str> = audit.items.iter().rev().map(|row| row.entry.action.as_str()).collect();
    assert_eq!(acts, ["dispatch.open", "dispatch.sign"]);
}

#[tokio::test]
async fn clocks_ring_at_half_before_the_end_and_at_the_end_and_pauses_move_them() {
    let (_dir, records) = open().await;
    let desk = desk();
    let patrol = actor("lu", SQUAD, Role::PatrolOfficer);
    let command = Command::new(&patrol, at(0), &desk);
    let worked = records.open_case(&hazard(), &command).await.unwrap();
    assert_eq!(worked.cases[0].due_at, Some(at(60 * MINUTE_MS)));
    let rings = async |minute: i64| {
        let rung = records.ring_clocks(at(minute * MINUTE_MS), 100, &desk).await.unwrap();
        rung.into_iter().map(|rung| format!("{:?}", rung.moment)).collect::<Vec<_>>()
    };
    assert!(rings(29).await.is_empty());
    assert_eq!(rings(30).await, ["Half"]);
    assert!(rings(30).await.is_empty(), "each moment once");
    let task = records.tasks(&TaskFilter::default(), Window::default()).await.unwrap().items.remove(0);
    records.ask_pause(task.id, "等待鉴定", "lu").await.unwrap();
    records.grant_pause(task.id, "lu", at(40 * MINUTE_MS)).await.unwrap_err();
    records.grant_pause(task.id, "an", at(40 * MINUTE_MS)).await.unwrap();
    assert!(rings(600).await.is_empty(), "no time runs");
    records.resume_clock(task.id, at(1_040 * MINUTE_MS)).await.unwrap();
    assert_eq!(rings(1_048).await, ["Escalate"]);
    assert_eq!(rings(1_061).await, ["Due"]);
    let told = records.tidings_pending(100).await.unwrap();
    let words: Vec<&str> = told.iter().map(|tidings| tidings.word.key()).collect();
    assert_eq!(words, ["to_do", "half_time", "nearly_late", "nearly_late", "late", "late"]);

    let office = actor("an", UnitId(1), Role::SafetyOfficer);
    let verify = HazardAct::Verify {
        grade: Grade::Larger,
        spot: None,
        category: None,
        note: "".into(),
        pictures: vec![],
        answers: vec![],
    };
    act(&records, &worked, AnyAct::Hazard(verify), &office, 1_070 * MINUTE_MS, &desk).await.unwrap();
    let ended = TaskFilter { is_ended: Some(true), ..TaskFilter::default() };
    let ended = records.tasks(&ended, Window::default()).await.unwrap().items;
    assert_eq!(ended[0].end.unwrap().0, ClockEnd::Late);
}

#[tokio::test]
async fn a_unit_sees_its_own_and_what_its_people_opened() {
    let (_dir, records) = open().await;
    let desk = desk();
    let patrol = actor("lu", SQUAD, Role::PatrolOfficer);
    let command = Command::new(&patrol, at(0), &desk);
    records.open_case(&hazard(), &command).await.unwrap();
    let count = async |path: &str, person: Option<&str>| {
        let filter = CaseFilter {
            scope: Some(UnitPath(path.into())),
            or_person: person.map(Into::into),
            ..CaseFilter::default()
        };
        let sort = Sort::descending(CaseField::OpenedAt);
        records.cases(&filter, sort, Window::default()).await.unwrap().total
    };
    assert_eq!(count("1.2.", None).await, 1);
    assert_eq!(count("1.2.3.", None).await, 1);
    assert_eq!(count("1.2.30.", None).await, 0);
    assert_eq!(count("1.20.", None).await, 0);
    assert_eq!(count("1.20.", Some("lu")).await, 1);
}

/// Set only for the process that is to be killed.
const CHILD: &str = "ANCHANG_CASE_CRASH_TEST";
const KILLS: u64 = 12;

#[test]
fn killed_in_a_command_it_is_done_wholly_or_not_at_all_and_the_repeat_does_not_do_it_twice() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if let Ok(path) = std::env::var(CHILD) {
        return runtime.block_on(command_for_ever(Path::new(&path)));
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("records.db");
    let mut last = 0;
    for kill in 0..KILLS {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "case::killed_in_a_command_it_is_done_wholly_or_not_at_all_and_the_repeat_does_not_do_it_twice",
                "--exact",
                "--nocapture",
            ])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let started = lines.find(|line| line.as_ref().unwrap().contains("commanded"));
        assert!(started.is_some(), "the process ended by itself");
        std::thread::sleep(Duration::from_millis(5 * kill));
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        last = runtime.block_on(whole(&path, last));
    }
}

/// Opens hazards under the keys 1, 2, 3, … and verifies each; begins with the first whose verification is not known.
#[expect(clippy::print_stdout, reason = "its parent waits for the line")]
async fn command_for_ever(path: &Path) {
    let records = Records::open(path).await.unwrap();
    let desk = desk();
    let (patrol, office) =
        (actor("lu", SQUAD, Role::PatrolOfficer), actor("an", UnitId(1), Role::SafetyOfficer));
    let sort = Sort::descending(CaseField::OpenedAt);
    let before = records.cases(&CaseFilter::default(), sort, Window::default()).await.unwrap().total;
    // The last one may have been opened without its answer: the client says it again.
    for n in before.max(1).. {
        let key = format!("open {n}");
        let command = Command { key: Some(&key), ..Command::new(&patrol, at(n as i64), &desk) };
        let opened = records.open_case(&hazard(), &command).await.unwrap();
        let case = &opened.cases[0];
        let key = format!("verify {n}");
        let command = Command { key: Some(&key), ..Command::new(&office, at(n as i64), &desk) };
        let verify = HazardAct::Verify {
            grade: Grade::Larger,
            spot: None,
            category: None,
            note: "".into(),
            pictures: vec![],
            answers: vec![],
        };
        records.act_on_case(&case.id, 1, &AnyAct::Hazard(verify), &command).await.unwrap();
        println!("commanded {n}");
    }
}

/// Checks that each case is what its steps say, with one open task, and that none was opened twice; gives how many there are.
async fn whole(path: &Path, before: u64) -> u64 {
    let records = Records::open(path).await.unwrap();
    let sort = Sort::ascending(CaseField::OpenedAt);
    let mut found = 0;
    loop {
        let window = Window { offset: found, limit: 500 };
        let cases = records.cases(&CaseFilter::default(), sort, window).await.unwrap().items;
        for case in &cases {
            found += 1;
            assert_eq!(case.id, CaseId::new(CaseKind::Hazard, at(0).beijing_day(), found));
            assert_eq!(case.opened_at, at(found as i64), "opened once");
            let steps = records.case_steps(case.id.as_str()).await.unwrap();
            assert_eq!(steps.len() as u32, case.version);
            let open = TaskFilter {
                is_ended: Some(false),
                subject: Some(case.id.to_string().into()),
                ..TaskFilter::default()
            };
            let tasks = records.tasks(&open, Window::default()).await.unwrap().items;
            assert_eq!(tasks.len(), 1);
            let step =
                if case.state == "reported" { ClockStep::VerifyHazard } else { ClockStep::IssueNotice };
            assert_eq!(tasks[0].step, step);
        }
        if cases.is_empty() {
            break;
        }
    }
    assert!(found >= before);
    records.close().await.unwrap();
    found
}
