//! Who may do what: every route for every role over the real binary, as the table says; refusals and changes in the audit.

use crate::world::{Anchang, PASSWORD, Page};
use api::{Access, TABLE};
use domain::people::Role;
use serde_json::{Value, json};

/// A path with something in its places that is nowhere.
fn path_of(template: &str) -> String {
    let filled = template.split('/').map(|part| if part.starts_with('{') { "999999" } else { part });
    filled.collect::<Vec<_>>().join("/")
}

fn may(role: Role, access: Access) -> bool {
    match access {
        Access::OneOf(permissions) => permissions.iter().any(|one| role.permissions().contains(one)),
        Access::Public | Access::PasswordChangeOnly | Access::AnySession => true,
    }
}

/// Requests that end what the others need.
fn is_last(method: &str, path: &str) -> bool {
    matches!((method, path), ("DELETE", "/session") | ("POST", "/founders/end"))
}

async fn ask(page: &Page, method: &str, template: &str) -> (u16, Value) {
    let body = (method != "GET").then(|| json!({}));
    let answer = page.send(method, &path_of(template), body).await;
    let status = answer.status().as_u16();
    let problem = if status == 403 { answer.json().await.unwrap() } else { Value::Null };
    (status, problem)
}

async fn audited(page: &Page, filter: &str) -> u64 {
    page.get(&format!("/audit?limit=1{filter}")).await["total"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_lets_in_the_roles_of_its_row_and_nobody_else() {
    let mut anchang = Anchang::start().await;
    let founder = anchang.signed_in_first().await;
    let mut pages = Vec::new();
    for role in Role::ALL {
        let page = match role {
            Role::Founder => anchang.signed_in().await,
            _ => founder.new_user(role.key(), &[role.key()]).await,
        };
        pages.push((role, page));
    }
    let nobody = founder.new_user("nobody", &[]).await;
    let stranger = Page::new(&anchang);

    let (mut refused, mut changed) = (0, 0);
    // All sign out last of all.
    let (last, first): (Vec<_>, Vec<_>) = TABLE.iter().copied().partition(|row| is_last(row.0, row.1));
    for (method, template, access) in first.into_iter().chain(last.into_iter().rev()) {
        let at = format!("{method} {template}");
        let (status, _) = ask(&stranger, method, template).await;
        assert_eq!(status == 401, access != Access::Public, "{at} without a session: {status}");
        if let Access::OneOf(_) = access {
            assert_eq!(ask(&nobody, method, template).await.0, 403, "{at} without a role");
            refused += 1;
        }
        for (role, page) in &pages {
            let (status, problem) = ask(page, method, template).await;
            assert_eq!(status != 403, may(*role, access), "{at} as {}: {status} {problem}", role.key());
            assert!(status != 405 && status != 500, "{at} as {}: {status}", role.key());
            if status == 403 {
                assert_eq!(problem["code"], "forbidden");
                refused += 1;
            } else if method != "GET" && (200..300).contains(&status) {
                changed += 1;
            }
        }
    }
    // The clock stands, so each person and route is refused once; nobody is left to ask but the audit administrator.
    assert!(changed > 0);
    let mut auditor = Page::new(&anchang);
    auditor.log_in("audit_administrator", PASSWORD).await;
    assert_eq!(audited(&auditor, "&action=access.refused").await, refused);
    assert_eq!(ask(&auditor, "GET", "/users").await.0, 403);
    assert_eq!(audited(&auditor, "&action=access.refused").await, refused, "a minute is one row");
    let mut gone = Page::new(&anchang);
    let ended =
        gone.send("POST", "/session", Some(json!({ "username": "admin", "password": PASSWORD }))).await;
    assert_eq!(ended.status(), 403, "the founder ended");
    gone.log_in("system_administrator", PASSWORD).await;
    assert_eq!(gone.get("/founders").await, json!({ "founders": [], "missing_roles": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_in_the_audit_once_whoever_writes_it() {
    let mut anchang = Anchang::start().await;
    let page = anchang.signed_in_first().await;
    let before = audited(&page, "").await;
    // This route writes a row of its own …
    page.post("/units", json!({ "kind": "brigade", "name": "交警大队" })).await;
    assert_eq!(audited(&page, "").await, before + 1);
    // … what is refused or only looked at leaves none …
    let twice = page.send("POST", "/units", Some(json!({ "kind": "brigade", "name": "交警大队" }))).await;
    assert_eq!(twice.status(), 409);
    page.get("/units").await;
    assert_eq!(audited(&page, "").await, before + 1);
    // … and a made-up session is noted once.
    for _ in 0..3 {
        let forged = page.forged().await;
        assert_eq!(forged.status(), 401);
    }
    assert_eq!(audited(&page, "&action=session.invalid").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_keeps_accounts_gives_no_roles_and_nobody_gives_them_to_oneself() {
    let mut anchang = Anchang::start().await;
    let founder = anchang.signed_in_first().await;
    let system = founder.new_user("sysadmin", &["system_administrator"]).await;
    let security = founder.new_user("secadmin", &["security_administrator"]).await;
    let created = system.post("/users", json!({ "username": "li", "display_name": "李" })).await;
    let roles = format!("/users/{}/roles", created["user"]["id"]);
    assert_eq!(created["user"]["roles"], json!([]));
    let give = async |page: &Page, path: &str, roles: Value| {
        page.send("PUT", path, Some(json!({ "roles": roles }))).await.status().as_u16()
    };
    assert_eq!(give(&system, &roles, json!(["duty_officer"])).await, 403);
    assert_eq!(give(&security, &roles, json!(["duty_officer", "clerk"])).await, 200);
    assert_eq!(give(&security, &roles, json!(["system_administrator", "audit_administrator"])).await, 422);
    assert_eq!(give(&security, &roles, json!(["founder"])).await, 422);
    assert_eq!(give(&security, &roles, json!(["king"])).await, 422);
    let me = security.get("/session").await;
    assert_eq!(me["permissions"], json!(["manage_security"]));
    assert_eq!(give(&security, &format!("/users/{}/roles", me["id"]), json!(["leader"])).await, 409);
    let new = json!({ "username": "zhao", "display_name": "赵" });
    assert_eq!(security.send("POST", "/users", Some(new)).await.status(), 403);
    // Roles count from the next request on.
    assert_eq!(give(&founder, &format!("/users/{}/roles", me["id"]), json!(["clerk"])).await, 200);
    assert_eq!(give(&security, &roles, json!([])).await, 403);
}

/// The code that an authenticator shows at the clock's time.
fn code_of(secret: &str, at_s: u64) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    totp_rs::Builder::new().with_secret(secret).build().unwrap().generate(at_s).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_is_set_up_asked_for_and_may_be_a_duty_of_administrators() {
    let mut anchang = Anchang::start().await;
    let founder = anchang.signed_in_first().await;
    let at_s = 1_795_406_400;
    founder.put("/clock", json!({ "now": "2026-11-23T04:00:00Z" })).await;
    let mut li = Page::new(&anchang);
    let founder = anchang.signed_in().await;
    drop(founder.new_user("li", &["system_administrator"]).await);
    let duty = json!({ "administrator_password_days": 90, "password_days": 0, "idle_minutes": 30,
                       "administrators_need_totp": true });
    founder.put("/security", duty).await;
    // The founder is one of them, too: nothing but the second factor is open.
    let refused = founder.send("GET", "/users", None).await;
    assert_eq!(refused.status(), 403);
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "second_factor_required");

    li.log_in("li", PASSWORD).await;
    assert_eq!(li.get("/session").await["must_set_up_totp"], true);
    let proof = json!({ "current_password": "not this one" });
    assert_eq!(li.send("POST", "/session/totp", Some(proof)).await.status(), 422);
    let begun = li.post("/session/totp", json!({ "current_password": PASSWORD })).await;
    assert!(begun["qr_svg"].as_str().unwrap().contains("<svg"));
    let secret = begun["secret"].as_str().unwrap();
    let confirm = |code: &str| json!({ "ticket": begun["ticket"], "code": code });
    assert_eq!(li.send("POST", "/session/totp/confirm", Some(confirm("000000"))).await.status(), 422);
    let done = li.post("/session/totp/confirm", confirm(&code_of(secret, at_s))).await;
    let recovery = done["recovery_codes"].as_array().unwrap();
    assert_eq!(recovery.len(), 10);
    assert_eq!(li.status_of("/users").await, 200);

    let log_in = async |code: Option<&str>| {
        let body = json!({ "username": "li", "password": PASSWORD, "code": code });
        let answer = Page::new(&anchang).send("POST", "/session", Some(body)).await;
        let status = answer.status().as_u16();
        (status, answer.json::<Value>().await.unwrap()["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(log_in(None).await, (401, "code_required".to_owned()));
    let used = code_of(secret, at_s);
    assert_eq!(log_in(Some(&used)).await, (401, "wrong_code".to_owned()), "it was used to confirm");
    let next = code_of(secret, at_s + 30);
    assert_eq!(log_in(Some(&next)).await.0, 200);
    assert_eq!(log_in(Some(&next)).await.0, 401, "a code is good once");
    assert_eq!(log_in(recovery[0].as_str()).await.0, 200);

    // Sessions are listed and ended, and lapse when nobody uses them.
    let sessions = li.get("/session/sessions").await;
    assert_eq!(sessions["total"], 4);
    let other = sessions["items"].as_array().unwrap().iter().find(|one| one["is_this"] == false).unwrap();
    let path = format!("/session/sessions/{}", other["id"].as_str().unwrap());
    assert_eq!(li.send("DELETE", &path, None).await.status(), 204);
    assert_eq!(li.send("DELETE", &path, None).await.status(), 404);
    assert_eq!(li.send("DELETE", "/session/sessions", None).await.status(), 204);
    assert_eq!(li.get("/session/sessions").await["total"], 1);
    let clock = json!({ "now": "2026-11-23T04:30:00Z" });
    assert_eq!(li.send("PUT", "/clock", Some(clock)).await.status(), 204);
    assert_eq!(li.status_of("/session").await, 401, "not used for thirty minutes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vehicle_is_looked_up_for_a_reason_that_the_audit_keeps() {
    let mut anchang = Anchang::start().await;
    let founder = anchang.signed_in_first().await;
    let patrol = founder.new_user("lumian", &["patrol_officer"]).await;
    founder.put("/vehicles/鲁Q12345/02", json!({ "owner": "某运输公司" })).await;
    for path in ["/vehicles/鲁Q12345/02?", "/vehicles/鲁Q12345/02/file?", "/vehicles?q=鲁Q123&"] {
        assert_eq!(patrol.status_of(path).await, 422, "{path}");
        assert_eq!(patrol.status_of(&format!("{path}reason=交通事故核查")).await, 200, "{path}");
        assert_eq!(founder.status_of(path).await, 200, "who keeps the register: {path}");
    }
    assert_eq!(patrol.status_of("/vehicles").await, 200, "the list without a plate");
    let rows = founder.get("/audit?actor=lumian&q=鲁Q123&limit=10").await;
    assert_eq!((&rows["total"], &rows["is_total_exact"]), (&json!(3), &json!(true)));
    assert!(rows["items"].as_array().unwrap().iter().all(|row| row["detail"] == "交通事故核查"), "{rows}");
}
