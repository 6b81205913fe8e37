//! Users, sessions and the audit.

use crate::{at, open};
use domain::Timestamp;
use domain::people::{Role, RoleSet, UnitFault, UnitId, UnitKind};
use records::{
    AuditEntry, AuditFilter, AuditVerdict, ChangePasswordError, CreateUserError, FAILED_ATTEMPTS_MAX,
    LOCK_OUT_MS, LogInError, NewUnit, NewUser, OneTimePassword, Origin, PASSWORDS_REMEMBERED, PasswordRule,
    PatchUserError, RECOVERY_CODES, Records, SESSION_LIFETIME_MS, SecondFactor, Session, UnitError,
    UnitPatch, User, UserPatch, Window,
};

async fn create(records: &Records, username: &str) -> Result<(User, OneTimePassword), CreateUserError> {
    let new = NewUser { username: username.into(), display_name: "李四".into(), ..NewUser::default() };
    records.create_user(&new, at(0)).await
}

/// Code `n` is right at step `n`; its secret says so.
const SECOND: SecondFactor<'_> = SecondFactor {
    code: None,
    step_of: &|username, sealed, code| {
        assert_eq!((username, sealed), ("li", "sealed"));
        code.parse().ok().filter(|step| *step < 1_000)
    },
};

async fn log_in(
    records: &Records,
    username: &str,
    password: &str,
    now: Timestamp,
) -> Result<Session, LogInError> {
    records.log_in(username, password, SECOND, Origin::default(), now).await
}

async fn named(records: &Records, username: &str) -> User {
    records.users().await.unwrap().into_iter().find(|user| user.username == username).unwrap()
}

fn with_roles(roles: impl IntoIterator<Item = Role>) -> UserPatch {
    UserPatch { roles: RoleSet::new(roles), ..UserPatch::default() }
}

#[tokio::test]
async fn the_first_administrator_is_made_once_and_must_choose_a_password() {
    let (_dir, records) = open().await;
    let password = records.ensure_first_administrator(at(0)).await.unwrap().unwrap();
    assert!(records.ensure_first_administrator(at(1)).await.unwrap().is_none());

    let from = Origin { address: Some("10.0.0.9"), device: Some("Firefox") };
    let session = records.log_in("admin", password.reveal(), SECOND, from, at(2)).await.unwrap();
    assert!(session.user.must_change_password);
    assert_eq!((&session.user.roles, session.user.last_login_at), (&Role::Founder.into(), Some(at(2))));
    let other = log_in(&records, "admin", password.reveal(), at(2)).await.unwrap();
    let (id, token) = (session.user.id, session.token.reveal());
    let change =
        async |current: &str, new: &str| records.change_password(id, current, new, Some(token), at(3)).await;
    let weak = change(password.reveal(), "12345678901").await;
    assert!(matches!(weak, Err(ChangePasswordError::Rule(PasswordRule::OneClass))));
    let wrong = change("not this one", "correct-horse-1").await;
    assert!(matches!(wrong, Err(ChangePasswordError::WrongPassword)));
    let same = change(password.reveal(), password.reveal()).await;
    assert!(matches!(same, Err(ChangePasswordError::UsedBefore)));
    change(password.reveal(), "correct-horse-1").await.unwrap();
    let user = records.session_user(token, None, at(4)).await.unwrap().unwrap().user;
    assert!(!user.must_change_password);
    assert_eq!(records.session_user(other.token.reveal(), None, at(4)).await.unwrap(), None);
    let old = log_in(&records, "admin", password.reveal(), at(5)).await;
    assert!(matches!(old, Err(LogInError::WrongCredentials)));
}

#[tokio::test]
async fn sessions_end_by_time_by_log_out_and_with_their_user() {
    let (_dir, records) = open().await;
    let admin = records.ensure_first_administrator(at(0)).await.unwrap().unwrap();
    let (user, password) = create(&records, "li").await.unwrap();
    let enter = async |now| log_in(&records, "li", password.reveal(), now).await;
    let session = enter(at(0)).await.unwrap();
    let token = session.token.reveal();
    assert!(records.session_user(token, None, at(SESSION_LIFETIME_MS - 1)).await.unwrap().is_some());
    assert_eq!(records.session_user(token, None, at(SESSION_LIFETIME_MS)).await.unwrap(), None);
    assert_eq!(records.session_user("0", None, at(1)).await.unwrap(), None);
    records.log_out(token).await.unwrap();
    assert_eq!(records.session_user(token, None, at(1)).await.unwrap(), None);

    let session = enter(at(1)).await.unwrap();
    let disable = UserPatch { is_enabled: Some(false), ..UserPatch::default() };
    records.patch_user(user.id, disable.clone()).await.unwrap();
    assert_eq!(records.session_user(session.token.reveal(), None, at(2)).await.unwrap(), None);
    assert!(matches!(enter(at(2)).await, Err(LogInError::Disabled)));

    let taken = create(&records, "li").await;
    assert!(matches!(taken, Err(CreateUserError::Taken)));
    for nobody in [domain::Actor::PLATFORM, domain::Actor::PUBLIC] {
        assert!(
            matches!(create(&records, nobody).await, Err(CreateUserError::Taken)),
            "{nobody} is no person"
        );
    }
    let bad = create(&records, "li si").await;
    assert!(matches!(bad, Err(CreateUserError::BadUsername)));
    let last = log_in(&records, "admin", admin.reveal(), at(3)).await.unwrap().user.id;
    let locked_out = records.patch_user(last, disable).await;
    assert!(matches!(locked_out, Err(PatchUserError::LastAdministrator)));
    assert!(records.user(last).await.unwrap().unwrap().is_enabled, "the refused change left nothing behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_lock_also_when_tried_at_the_same_time() {
    let (_dir, records) = open().await;
    let password = records.ensure_first_administrator(at(0)).await.unwrap().unwrap();
    let tries: Vec<_> = (0..FAILED_ATTEMPTS_MAX + 3)
        .map(|n| {
            let records = records.clone();
            tokio::spawn(async move { log_in(&records, "admin", &format!("guess {n}"), at(0)).await })
        })
        .collect();
    let (mut wrong, mut locked) = (0, 0);
    for attempt in tries {
        match attempt.await.unwrap() {
            Err(LogInError::WrongCredentials) => wrong += 1,
            Err(LogInError::Locked { until }) if until == at(LOCK_OUT_MS) => locked += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((wrong, locked), (FAILED_ATTEMPTS_MAX, 3));
    let early = log_in(&records, "admin", password.reveal(), at(LOCK_OUT_MS - 1)).await;
    assert!(matches!(early, Err(LogInError::Locked { .. })), "the right password doesn't help while locked");
    log_in(&records, "admin", password.reveal(), at(LOCK_OUT_MS)).await.unwrap();

    let unknown = log_in(&records, "nobody", "guess", at(0)).await;
    assert!(matches!(unknown, Err(LogInError::WrongCredentials)));
}

#[tokio::test]
async fn the_right_password_sets_the_count_back_and_a_reset_unlocks() {
    let (_dir, records) = open().await;
    let (user, password) = create(&records, "li").await.unwrap();
    for _ in 0..2 {
        for _ in 0..FAILED_ATTEMPTS_MAX - 1 {
            assert!(log_in(&records, "li", "wrong", at(0)).await.is_err());
        }
        log_in(&records, "li", password.reveal(), at(0)).await.unwrap();
    }
    for _ in 0..FAILED_ATTEMPTS_MAX {
        assert!(log_in(&records, "li", "wrong", at(0)).await.is_err());
    }
    let new = records.reset_password(user.id).await.unwrap().unwrap();
    let session = log_in(&records, "li", new.reveal(), at(0)).await.unwrap();
    assert!(session.user.must_change_password);
}

#[tokio::test]
async fn the_last_passwords_are_not_used_again() {
    let (_dir, records) = open().await;
    let (user, once) = create(&records, "li").await.unwrap();
    let nth = |n: usize| format!("a good password {n}");
    let mut current = once.reveal().to_owned();
    for n in 0..=PASSWORDS_REMEMBERED {
        records.change_password(user.id, &current, &nth(n), None, at(n as i64)).await.unwrap();
        current = nth(n);
    }
    for n in 1..=PASSWORDS_REMEMBERED {
        let again = records.change_password(user.id, &current, &nth(n), None, at(9)).await;
        assert!(matches!(again, Err(ChangePasswordError::UsedBefore)), "{n} {again:?}");
    }
    records.change_password(user.id, &current, &nth(0), None, at(9)).await.unwrap();
}

#[tokio::test]
async fn a_code_is_asked_for_is_good_once_and_a_recovery_code_stands_for_it_once() {
    let (_dir, records) = open().await;
    let (user, once) = create(&records, "li").await.unwrap();
    let password = once.reveal();
    let enter = async |code: Option<&str>| {
        let second = SecondFactor { code, ..SECOND };
        records.log_in("li", password, second, Origin::default(), at(0)).await
    };
    assert!(enter(Some("7")).await.is_ok(), "nobody asked for a code yet");
    records.prove("li", password, at(0)).await.unwrap();
    let codes = records.enable_totp(user.id, "sealed", 7).await.unwrap();
    assert_eq!(codes.len(), RECOVERY_CODES);
    assert!(matches!(enter(None).await, Err(LogInError::NeedsCode)));
    for used_or_wrong in ["7", "6", "x", "1000"] {
        assert!(matches!(enter(Some(used_or_wrong)).await, Err(LogInError::WrongCode)), "{used_or_wrong}");
        records.unlock_user(user.id).await.unwrap();
    }
    assert!(!enter(Some(" 8 ")).await.unwrap().used_recovery_code);
    assert!(matches!(enter(Some("8")).await, Err(LogInError::WrongCode)), "it was seen over the shoulder");

    let dashed = format!("{}-{}", &codes[3].reveal().to_uppercase(), " ");
    assert!(enter(Some(&dashed)).await.unwrap().used_recovery_code);
    assert!(matches!(enter(Some(&dashed)).await, Err(LogInError::WrongCode)));
    let known = records.user(user.id).await.unwrap().unwrap();
    assert_eq!((known.has_totp, known.recovery_codes_left), (true, RECOVERY_CODES - 1));

    // Guessing codes locks as guessing passwords does, though the password is right each time.
    for _ in 0..FAILED_ATTEMPTS_MAX {
        assert!(enter(Some("0")).await.is_err());
    }
    assert!(matches!(enter(Some("9")).await, Err(LogInError::Locked { .. })));
    records.unlock_user(user.id).await.unwrap();
    records.disable_totp(user.id).await.unwrap();
    enter(None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_show_the_same_code_one_gets_in() {
    let (_dir, records) = open().await;
    let (user, once) = create(&records, "li").await.unwrap();
    records.enable_totp(user.id, "sealed", 0).await.unwrap();
    let second = SecondFactor { code: Some("5"), ..SECOND };
    let enter = || records.log_in("li", once.reveal(), second, Origin::default(), at(0));
    let (one, two, three) = tokio::join!(enter(), enter(), enter());
    let entered = [one, two, three].into_iter().flatten().count();
    assert_eq!(entered, 1);
}

#[tokio::test]
async fn sessions_are_listed_lapse_when_idle_and_are_ended_one_by_one() {
    let (_dir, records) = open().await;
    let (user, password) = create(&records, "li").await.unwrap();
    let from = Origin { address: Some("10.0.0.9"), device: Some("Firefox") };
    let one = records.log_in("li", password.reveal(), SECOND, from, at(0)).await.unwrap();
    let two = log_in(&records, "li", password.reveal(), at(1)).await.unwrap();
    let idle = Some(600_000);
    let used = async |token: &str, now| records.session_user(token, idle, at(now)).await.unwrap().is_some();
    assert!(used(one.token.reveal(), 500_000).await && used(one.token.reveal(), 1_000_000).await);
    assert!(!used(two.token.reveal(), 1_000_000).await, "not used for so long");

    let sessions = records.sessions(user.id, at(1_000_000)).await.unwrap();
    assert_eq!(sessions.len(), 2);
    assert_eq!((sessions[1].last_used_at, sessions[1].device.as_deref()), (at(1_000_000), Some("Firefox")));
    assert_eq!(sessions[1].id, records::session_id(one.token.reveal()));
    assert!(!records.end_session(user.id, "").await.unwrap(), "a part of an identity is none");
    assert!(records.end_session(user.id, &sessions[1].id).await.unwrap());
    assert!(!used(one.token.reveal(), 1_000_001).await);
    records.end_sessions(user.id, None).await.unwrap();
    assert_eq!(records.sessions(user.id, at(2)).await.unwrap(), []);
}

#[tokio::test]
async fn founders_end_when_three_administrators_are_there_and_nobody_is_made_one() {
    let (_dir, records) = open().await;
    records.ensure_first_administrator(at(0)).await.unwrap().unwrap();
    let three = [Role::SystemAdministrator, Role::SecurityAdministrator, Role::AuditAdministrator];
    for (n, role) in three.into_iter().enumerate() {
        assert_eq!(records.end_founders().await.unwrap(), None);
        let (user, _) = create(&records, &format!("admin{n}")).await.unwrap();
        assert_eq!(user.roles, RoleSet::default());
        let user = records.patch_user(user.id, with_roles([role])).await.unwrap();
        assert_eq!(user.roles, role.into());
    }
    let found = records.take_over().await.unwrap();
    assert_eq!((found.founders, found.missing), (vec!["admin".into()], vec![]));
    let security = named(&records, "admin1").await.id;
    let made = records.patch_user(security, with_roles([Role::Founder])).await;
    assert!(matches!(made, Err(PatchUserError::NoNewFounder)));
    assert_eq!(records.end_founders().await.unwrap(), Some(vec!["admin".into()]));
    assert!(!named(&records, "admin").await.is_enabled);
    let gone = records.patch_user(security, with_roles([Role::Clerk])).await;
    assert!(matches!(gone, Err(PatchUserError::LastAdministrator)));
}

#[tokio::test]
async fn units_are_a_tree_that_is_moved_and_abolished_never_deleted() {
    let (_dir, records) = open().await;
    records.ensure_first_administrator(at(0)).await.unwrap();
    let place = domain::Wgs84::new(118.35, 35.05);
    let add = async |parent: Option<i64>, kind, name: &str| {
        let (parent, name) = (parent.map(UnitId), name.into());
        records.add_unit(NewUnit { parent, kind, name, code: None, location: place }).await
    };
    let patch = async |id, patch: UnitPatch| records.change_unit(id, patch).await;
    let office = add(None, UnitKind::CountyOffice, "县交安办").await.unwrap();
    let brigade = add(Some(1), UnitKind::Brigade, "交警大队").await.unwrap();
    let squad = add(Some(2), UnitKind::Squad, "一中队").await.unwrap();
    let town = add(Some(1), UnitKind::Township, "河东镇").await.unwrap();
    let station = add(Some(3), UnitKind::Station, "交管站").await.unwrap();
    assert_eq!((office.id, brigade.id, station.location), (UnitId(1), UnitId(2), place));
    assert!(matches!(add(Some(2), UnitKind::Squad, "一中队").await, Err(UnitError::Taken)));
    assert!(matches!(add(Some(2), UnitKind::Squad, " ").await, Err(UnitError::BadName)));
    let wrong = add(Some(3), UnitKind::Village, "东村").await;
    assert!(matches!(wrong, Err(UnitError::Fault(UnitFault::WrongParent(_)))));

    let moved = UnitPatch { parent: Some(Some(town.id)), ..UnitPatch::default() };
    assert_eq!(patch(station.id, moved.clone()).await.unwrap().parent, Some(town.id));
    let circle = UnitPatch { parent: Some(Some(squad.id)), ..UnitPatch::default() };
    assert!(matches!(patch(brigade.id, circle).await, Err(UnitError::Fault(_))));

    let (user, _) = create(&records, "li").await.unwrap();
    let join = UserPatch { unit: Some(Some(squad.id)), ..UserPatch::default() };
    assert_eq!(records.patch_user(user.id, join.clone()).await.unwrap().unit, Some(squad.id));
    let abolish = UnitPatch { is_enabled: Some(false), ..UnitPatch::default() };
    assert!(matches!(patch(squad.id, abolish.clone()).await, Err(UnitError::InUse)), "somebody is in it");
    assert!(matches!(patch(town.id, abolish.clone()).await, Err(UnitError::InUse)), "a station is below it");
    let leave = UserPatch { unit: Some(None), ..UserPatch::default() };
    records.patch_user(user.id, leave).await.unwrap();
    assert!(!patch(squad.id, abolish).await.unwrap().is_enabled);
    assert!(matches!(records.patch_user(user.id, join).await, Err(PatchUserError::NoUnit)));
    assert_eq!(records.units().await.unwrap().len(), 5);
}

fn entry(n: i64) -> AuditEntry {
    AuditEntry {
        at: at(n),
        actor: if n % 2 == 0 { "li" } else { "wang" }.into(),
        action: "plate_looked_up".into(),
        target: format!("鲁Q{n:05}").into(),
        detail: "布控核查".to_owned(),
        address: Some("10.0.0.7".into()),
    }
}

#[tokio::test]
async fn the_audit_chain_finds_a_changed_and_a_removed_row() {
    use sea_orm::{ConnectionTrait, Database};
    for (tamper, found) in [
        ("UPDATE audit SET actor = 'wang' WHERE id = 4", 4),
        ("UPDATE audit SET at = at + 1 WHERE id = 1", 1),
        ("UPDATE audit SET address = NULL WHERE id = 10", 10),
        ("DELETE FROM audit WHERE id = 7", 8),
        ("UPDATE audit SET actor = 'l', action = 'iplate_looked_up' WHERE id = 2", 2),
    ] {
        let (dir, records) = open().await;
        let mut last = String::new();
        for n in 1..=10 {
            last = records.append_audit(&entry(n)).await.unwrap().hash;
        }
        let intact = AuditVerdict::Intact { rows: 10, last_hash: last };
        assert_eq!(records.verify_audit(&mut |_| ()).await.unwrap(), intact);
        let outside = Database::connect(format!("sqlite://{}", dir.path().join("records.db").display()));
        outside.await.unwrap().execute_unprepared(tamper).await.unwrap();
        assert_eq!(
            records.verify_audit(&mut |_| ()).await.unwrap(),
            AuditVerdict::Broken { id: found },
            "{tamper}"
        );
    }
}

#[tokio::test]
async fn the_audit_is_found_by_who_what_and_when() {
    let (_dir, records) = open().await;
    for n in 0..30 {
        records.append_audit(&entry(n)).await.unwrap();
    }
    let total = async |filter: AuditFilter| records.audit(&filter, Window::default()).await.unwrap().total;
    assert_eq!(total(AuditFilter { actor: Some("li".into()), ..Default::default() }).await, 15);
    assert_eq!(total(AuditFilter { q: Some("鲁Q0002".into()), ..Default::default() }).await, 10);
    assert_eq!(total(AuditFilter { action: Some("x".into()), ..Default::default() }).await, 0);
    let since = AuditFilter { since: Some(at(10)), until: Some(at(12)), ..Default::default() };
    let page = records.audit(&since, Window { offset: 0, limit: 1 }).await.unwrap();
    assert_eq!((page.total, &page.items[0].entry), (2, &entry(11)));
}
