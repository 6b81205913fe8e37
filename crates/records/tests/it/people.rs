//! Users, sessions and the audit.

use crate::{at, open};
use records::{
    AuditEntry, AuditFilter, AuditVerdict, ChangePasswordError, CreateUserError, FAILED_ATTEMPTS_MAX,
    LOCK_OUT_MS, LogInError, PasswordRule, PatchUserError, Role, SESSION_LIFETIME_MS, UserPatch, Window,
};

#[tokio::test]
async fn the_first_administrator_is_made_once_and_must_choose_a_password() {
    let (_dir, records) = open().await;
    let password = records.ensure_first_administrator(at(0)).await.unwrap().unwrap();
    assert!(records.ensure_first_administrator(at(1)).await.unwrap().is_none());

    let session = records.log_in("admin", password.reveal(), Some("10.0.0.9"), at(2)).await.unwrap();
    assert!(session.user.must_change_password);
    assert_eq!((session.user.role, session.user.last_login_at), (Role::Administrator, Some(at(2))));
    let other = records.log_in("admin", password.reveal(), None, at(2)).await.unwrap();
    let (id, token) = (session.user.id, session.token.reveal());
    let change =
        async |current: &str, new: &str| records.change_password(id, current, new, Some(token), at(3)).await;
    let weak = change(password.reveal(), "12345678901").await;
    assert!(matches!(weak, Err(ChangePasswordError::Rule(PasswordRule::OneClass))));
    let wrong = change("not this one", "correct-horse-1").await;
    assert!(matches!(wrong, Err(ChangePasswordError::WrongPassword)));
    let same = change(password.reveal(), password.reveal()).await;
    assert!(matches!(same, Err(ChangePasswordError::Same)));
    change(password.reveal(), "correct-horse-1").await.unwrap();
    let user = records.session_user(token, at(4)).await.unwrap().unwrap();
    assert!(!user.must_change_password);
    assert_eq!(records.session_user(other.token.reveal(), at(4)).await.unwrap(), None);
    let old = records.log_in("admin", password.reveal(), None, at(5)).await;
    assert!(matches!(old, Err(LogInError::WrongCredentials)));
}

#[tokio::test]
async fn sessions_end_by_time_by_log_out_and_with_their_user() {
    let (_dir, records) = open().await;
    let admin = records.ensure_first_administrator(at(0)).await.unwrap().unwrap();
    let (user, password) = records.create_user("li", "李四", Role::Officer, at(0)).await.unwrap();
    let log_in = async |now| records.log_in("li", password.reveal(), None, now).await;
    let session = log_in(at(0)).await.unwrap();
    let token = session.token.reveal();
    assert!(records.session_user(token, at(SESSION_LIFETIME_MS - 1)).await.unwrap().is_some());
    assert_eq!(records.session_user(token, at(SESSION_LIFETIME_MS)).await.unwrap(), None);
    assert_eq!(records.session_user("0", at(1)).await.unwrap(), None);
    records.log_out(token).await.unwrap();
    assert_eq!(records.session_user(token, at(1)).await.unwrap(), None);

    let session = log_in(at(1)).await.unwrap();
    let disable = UserPatch { is_enabled: Some(false), ..UserPatch::default() };
    records.patch_user(user.id, disable.clone()).await.unwrap();
    assert_eq!(records.session_user(session.token.reveal(), at(2)).await.unwrap(), None);
    assert!(matches!(log_in(at(2)).await, Err(LogInError::Disabled)));

    let taken = records.create_user("li", "另一个", Role::Viewer, at(0)).await;
    assert!(matches!(taken, Err(CreateUserError::Taken)));
    let bad = records.create_user("li si", "", Role::Viewer, at(0)).await;
    assert!(matches!(bad, Err(CreateUserError::BadUsername)));
    let last = records.log_in("admin", admin.reveal(), None, at(3)).await.unwrap().user.id;
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
            tokio::spawn(async move { records.log_in("admin", &format!("guess {n}"), None, at(0)).await })
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
    let early = records.log_in("admin", password.reveal(), None, at(LOCK_OUT_MS - 1)).await;
    assert!(matches!(early, Err(LogInError::Locked { .. })), "the right password doesn't help while locked");
    records.log_in("admin", password.reveal(), None, at(LOCK_OUT_MS)).await.unwrap();

    let unknown = records.log_in("nobody", "guess", None, at(0)).await;
    assert!(matches!(unknown, Err(LogInError::WrongCredentials)));
}

#[tokio::test]
async fn the_right_password_sets_the_count_back_and_a_reset_unlocks() {
    let (_dir, records) = open().await;
    let (user, password) = records.create_user("li", "李四", Role::Officer, at(0)).await.unwrap();
    for _ in 0..2 {
        for _ in 0..FAILED_ATTEMPTS_MAX - 1 {
            assert!(records.log_in("li", "wrong", None, at(0)).await.is_err());
        }
        records.log_in("li", password.reveal(), None, at(0)).await.unwrap();
    }
    for _ in 0..FAILED_ATTEMPTS_MAX {
        assert!(records.log_in("li", "wrong", None, at(0)).await.is_err());
    }
    let new = records.reset_password(user.id).await.unwrap().unwrap();
    let session = records.log_in("li", new.reveal(), None, at(0)).await.unwrap();
    assert!(session.user.must_change_password);
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
