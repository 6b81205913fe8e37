//! The whole way of a hazard, and who may not do what on it.

use super::*;
use crate::Wgs84;
use crate::case::{Covers, Limits};
use crate::people::{Actor, Role, RoleSet};
use crate::time::DAY_MS;
use std::collections::BTreeMap;

#[derive(Debug)]
struct Everywhere;

impl Covers for Everywhere {
    fn covers(&self, _: UnitId) -> bool {
        true
    }
}

static LIMITS: Limits = Limits {
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
};
const NOW: Timestamp = Timestamp::from_unix_ms(1_795_363_200_000);

fn actor(name: &str, unit: i64, role: Role) -> Actor {
    Actor { username: name.into(), unit: Some(UnitId(unit)), roles: RoleSet::from(role) }
}

fn scene(by: &Actor) -> Scene<'_> {
    Scene { by, covers: &Everywhere, at: NOW, limits: &LIMITS }
}

fn place() -> Spot {
    Spot { at: Wgs84::new(118.3, 35.1), ..Spot::default() }
}

fn report() -> Report {
    Report {
        warning: None,
        source: Source::Patrol,
        hazard_kind: HazardKind::Road,
        category: "guardrail".into(),
        grade: Grade::General,
        title: "护栏缺失".into(),
        description: SmolStr::default(),
        answers: Vec::new(),
        spot: place(),
        theatre: None,
        unit: UnitId(5),
        plate: None,
        pictures: Vec::new(),
        contact: SmolStr::default(),
        crash: None,
    }
}

fn picture() -> Vec<AttachmentId> {
    vec![AttachmentId("a".into())]
}

/// A hazard that was reported, verified, noticed and rectified.
fn submitted() -> Hazard {
    let (patrol, office, member) = (
        actor("lu", 3, Role::PatrolOfficer),
        actor("an", 1, Role::SafetyOfficer),
        actor("gong", 9, Role::MemberUnit),
    );
    let mut hazard = report().open(&scene(&patrol)).unwrap().case;
    let steps = [
        (
            &office,
            HazardAct::Verify {
                grade: Grade::Larger,
                spot: None,
                category: None,
                note: "".into(),
                pictures: vec![],
                answers: vec![],
            },
        ),
        (
            &office,
            HazardAct::IssueNotice {
                number: "".into(),
                measure: "补设护栏".into(),
                unit: UnitId(9),
                deadline: NOW.plus_ms(DAY_MS),
            },
        ),
        (&member, HazardAct::Take),
        (&member, HazardAct::Submit { note: "已补设".into(), pictures: picture() }),
    ];
    for (by, act) in steps {
        hazard = hazard.act(&act, &scene(by)).unwrap().case;
    }
    hazard
}

fn accept(spot: Spot) -> HazardAct {
    HazardAct::Accept { note: "".into(), pictures: picture(), spot }
}

#[test]
fn the_whole_way_ends_struck_off() {
    let hazard = submitted();
    assert_eq!(hazard.clock().unwrap().step, ClockStep::AcceptHazard);
    let (patrol, leader) = (actor("lu2", 3, Role::PatrolOfficer), actor("zhang", 1, Role::Leader));
    let hazard = hazard.act(&accept(place()), &scene(&patrol)).unwrap().case;
    let hazard = hazard.act(&HazardAct::StrikeOff { note: "".into() }, &scene(&leader)).unwrap().case;
    assert_eq!((hazard.state, hazard.clock()), (HazardState::StruckOff, None));
    // A crash falls on it.
    let again = hazard
        .act(&HazardAct::Reopen { reason: "新发事故".into() }, &scene(&Actor::platform()))
        .unwrap()
        .case;
    assert_eq!((again.state, again.reopened_count, again.notice), (HazardState::Reported, 1, None));
}

#[test]
fn who_rectifies_never_accepts_and_who_accepts_never_strikes_off() {
    let hazard = submitted();
    let same_unit = actor("gong2", 9, Role::PatrolOfficer);
    assert_eq!(hazard.act(&accept(place()), &scene(&same_unit)), Err(Refusal::SameUnit("submit".into())));
    let mut same_person = actor("gong", 3, Role::PatrolOfficer);
    assert_eq!(hazard.act(&accept(place()), &scene(&same_person)), Err(Refusal::SamePerson("submit".into())));
    same_person = actor("zhang", 1, Role::Leader);
    let hazard = hazard.act(&accept(place()), &scene(&same_person)).unwrap().case;
    let strike = HazardAct::StrikeOff { note: "".into() };
    assert_eq!(hazard.act(&strike, &scene(&same_person)), Err(Refusal::SamePerson("accept".into())));
}

#[test]
fn nobody_accepts_from_afar_or_without_a_picture() {
    let (hazard, patrol) = (submitted(), actor("lu2", 3, Role::PatrolOfficer));
    let away = Spot { at: Wgs84::new(118.31, 35.1), ..Spot::default() };
    assert!(matches!(hazard.act(&accept(away), &scene(&patrol)), Err(Refusal::TooFar(m, 200)) if m > 800));
    assert_eq!(hazard.act(&accept(Spot::default()), &scene(&patrol)), Err(Refusal::NoPosition));
    let bare = HazardAct::Accept { note: "".into(), pictures: vec![], spot: place() };
    assert_eq!(hazard.act(&bare, &scene(&patrol)), Err(Refusal::Pictures { have: 0, want: 1 }));
}

#[test]
fn what_is_offered_is_what_can_be_done() {
    let (hazard, patrol) = (submitted(), actor("lu2", 3, Role::PatrolOfficer));
    assert_eq!(hazard.offered(&scene(&patrol)), ["accept", "give_back"]);
    assert!(hazard.offered(&scene(&actor("gong", 9, Role::MemberUnit))).is_empty());
}

#[test]
fn a_deadline_is_the_clock_of_rectification_and_an_extension_moves_it() {
    let hazard = submitted();
    let back = HazardAct::GiveBack { reason: "护栏高度不足".into(), deadline: None };
    let hazard = hazard.act(&back, &scene(&actor("lu2", 3, Role::PatrolOfficer))).unwrap().case;
    assert_eq!(hazard.clock().unwrap().due, Due::At(NOW.plus_ms(DAY_MS)));
    let ask = HazardAct::AskExtension { until: NOW.plus_ms(3 * DAY_MS), reason: "等材料".into() };
    let hazard = hazard.act(&ask, &scene(&actor("gong", 9, Role::MemberUnit))).unwrap().case;
    assert_eq!(hazard.clock().unwrap().due, Due::At(NOW.plus_ms(DAY_MS)), "asking changes nothing");
    let grant = HazardAct::GrantExtension { note: "".into() };
    let hazard = hazard.act(&grant, &scene(&actor("an", 1, Role::SafetyOfficer))).unwrap().case;
    assert_eq!(hazard.clock().unwrap().due, Due::At(NOW.plus_ms(3 * DAY_MS)));
}

#[test]
fn a_posted_act_is_read_by_its_words() {
    let text =
        r#"{"act":"issue_notice","measure":"补设护栏","unit":9,"deadline":"2026-12-01T10:00:00+08:00"}"#;
    let act: HazardAct = serde_json::from_str(text).unwrap();
    let back = serde_json::to_value(&act).unwrap();
    assert_eq!(
        (act.key(), &back["deadline"]),
        ("issue_notice", &serde_json::json!("2026-12-01T02:00:00.000Z"))
    );
}

#[test]
fn what_its_category_has_to_know_is_answered_or_the_report_is_refused() {
    let asked = crate::case::CategoryLimits { required: vec!["length_m".into()], ..Default::default() };
    let limits = Limits { hazards: [("guardrail".into(), asked)].into(), ..LIMITS.clone() };
    let patrol = actor("lu", 3, Role::PatrolOfficer);
    let seen = Scene { by: &patrol, covers: &Everywhere, at: NOW, limits: &limits };
    assert!(report().open(&seen).is_ok(), "from the road without questions");
    let office = actor("an", 1, Role::SafetyOfficer);
    let scene = Scene { by: &office, covers: &Everywhere, at: NOW, limits: &limits };
    assert_eq!(report().open(&scene).unwrap_err(), Refusal::Missing("answers".into()));
    let answer = |answer: &str| Answer { question: "length_m".into(), answer: answer.into() };
    let blank = Report { answers: vec![answer(" ")], ..report() };
    assert_eq!(blank.open(&scene).unwrap_err(), Refusal::Missing("answers".into()));
    assert!(Report { answers: vec![answer("120")], ..report() }.open(&scene).is_ok());

    // What the road left open is said on verifying.
    let quick = report().open(&seen).unwrap().case;
    let verify = |category: Option<&str>, answers| HazardAct::Verify {
        grade: Grade::Larger,
        spot: None,
        category: category.map(Into::into),
        note: "".into(),
        pictures: vec![],
        answers,
    };
    assert_eq!(quick.act(&verify(None, vec![]), &scene).unwrap_err(), Refusal::Missing("answers".into()));
    let verified = quick.act(&verify(None, vec![answer("120")]), &scene).unwrap().case;
    assert_eq!(verified.report.answers, [answer("120")]);
    // Under another category they say nothing.
    let answered = Report { answers: vec![answer("120")], ..report() }.open(&scene).unwrap().case;
    let moved = answered.act(&verify(Some("lighting"), vec![]), &scene).unwrap().case;
    assert!(moved.report.answers.is_empty());
}

#[test]
fn what_falls_on_a_hazard_is_the_platforms_to_say_and_pictures_find_room_or_stay() {
    let picture = |n: usize| AttachmentId(format!("{n}").into());
    let relation = Relation {
        crash: Some(crate::CrashId("SG20261123-0001".into())),
        report: Some(CaseId("YH20261123-0002".into())),
        pictures: (0..PICTURES_MAX + 5).map(picture).collect(),
        ..Relation::default()
    };
    let relate = HazardAct::Relate(Box::new(relation));
    let hazard = submitted();
    let office = actor("an", 1, Role::SafetyOfficer);
    assert!(matches!(hazard.act(&relate, &scene(&office)), Err(Refusal::UnknownAct(_))));
    let once = hazard.act(&relate, &scene(&Actor::platform())).unwrap().case;
    let twice = once.act(&relate, &scene(&Actor::platform())).unwrap().case;
    assert_eq!((&twice.crashes, twice.reports.len(), twice.state), (&once.crashes, 1, hazard.state));
    assert_eq!(twice.report.pictures.len(), PICTURES_MAX);
}
