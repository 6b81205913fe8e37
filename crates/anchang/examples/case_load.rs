//! Measures people's work at the size of years: fills the records of a platform with 100,000 cases of all kinds, a million rows
//! of audit and a million armed clocks, then runs the platform on them and asks for the first page of every list, as somebody who
//! sees the whole county and as somebody of a squad; and by how much clocks ring late.
//!
//! `cargo build --release -p anchang --bin anchang && cargo run --release -p anchang --example case_load -- [FOLDER]`
//!
//! Prints milliseconds of the whole request over the loopback, the median of five, slowest list first. Times above the aim are
//! marked. A folder that is named is kept, and used as it is the next time.

#![expect(clippy::print_stdout, reason = "a command line")]
#![expect(clippy::unwrap_used, reason = "a measurement that fails has nothing to show")]

use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Rows of each table.
const CASES: u64 = 100_000;
const CLOCKS: u64 = 1_000_000;
const AUDIT: u64 = 1_000_000;
const NOTICES: u64 = 300_000;
const WARNINGS: u64 = 100_000;
const ATTACHMENTS: u64 = 200_000;
const CRASHES: u64 = 30_000;
/// Longest that a list may take, in ms.
const AIM_MS: f64 = 100.0;
/// Clocks that ring while it is watched, over so many seconds.
const RINGING: u64 = 2_000;
const RINGING_S: u64 = 20;
const PASSWORD: &str = "long enough 1";
const REPEATS: usize = 5;

/// The platform on a folder.
struct Platform {
    process: Child,
    address: String,
}

impl Drop for Platform {
    fn drop(&mut self) {
        let id = self.process.id().to_string();
        drop(Command::new("kill").args(["-TERM", &id]).status());
        drop(self.process.wait());
    }
}

impl Platform {
    async fn start(dir: &Path) -> Self {
        let beside = std::env::current_exe().unwrap();
        let binary = beside.ancestors().nth(2).unwrap().join("anchang");
        let _stale = std::fs::remove_file(dir.join("addresses.json"));
        let process = Command::new(binary)
            .arg("--data-dir")
            .arg(dir)
            .args([
                "--http",
                "127.0.0.1:0",
                "--listen",
                "viid=127.0.0.1:0",
                "--listen",
                "terminals=127.0.0.1:0",
            ])
            .args([
                "--listen",
                "isapi=127.0.0.1:0",
                "--listen",
                "dahua=127.0.0.1:0",
                "--listen",
                "fleets=127.0.0.1:0",
            ])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        while !dir.join("addresses.json").exists() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let addresses: Value =
            serde_json::from_slice(&std::fs::read(dir.join("addresses.json")).unwrap()).unwrap();
        Self { process, address: addresses["http"].as_str().unwrap().to_owned() }
    }
}

/// Somebody who is signed in.
struct Person {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Person {
    async fn new(platform: &Platform, username: &str, password: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut person =
            Self { http, base: format!("http://{}/api/v1", platform.address), token: String::new() };
        let session = person.post("/session", json!({ "username": username, "password": password })).await;
        session["token"].as_str().unwrap().clone_into(&mut person.token);
        person
    }

    async fn send(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.base));
        let request = request.bearer_auth(&self.token);
        let answer = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = answer.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.send("POST", path, Some(body)).await;
        assert!(status < 300, "{path}: {status} {answer}");
        answer
    }
}

#[tokio::main]
async fn main() {
    let named = std::env::args().nth(1).map(PathBuf::from);
    let temporary = tempfile::tempdir().unwrap();
    let dir = named.unwrap_or_else(|| temporary.path().join("data"));
    if dir.join("filled").exists() {
        println!("as it was filled before: {}", dir.display());
    } else {
        let begun = Instant::now();
        prepare(&dir).await;
        fill(&dir).await;
        std::fs::write(dir.join("filled"), "").unwrap();
        println!("filled in {:.0} s", begun.elapsed().as_secs_f64());
    }
    let records = dir.join("records.db");
    println!("records.db: {} MB", std::fs::metadata(&records).unwrap().len() >> 20);
    let begun = Instant::now();
    let platform = Platform::start(&dir).await;
    println!("started in {:.1} s", begun.elapsed().as_secs_f64());
    lists(&platform).await;
    clocks(&platform, &records).await;
}

/// One of each: units, two people, a case of each kind in some of its states, a crash.
async fn prepare(dir: &Path) {
    std::fs::create_dir_all(dir).unwrap();
    let platform = Platform::start(dir).await;
    let text = std::fs::read_to_string(dir.join("first-administrator.txt")).unwrap();
    let once = text.split_once("one-time password ").unwrap().1.split_whitespace().next().unwrap().to_owned();
    let admin = Person::new(&platform, "admin", &once).await;
    admin
        .send("PUT", "/session/password", Some(json!({ "current_password": once, "new_password": PASSWORD })))
        .await;
    let admin = Person::new(&platform, "admin", PASSWORD).await;
    let unit = async |parent: Option<i64>, kind: &str, name: String| {
        let made = admin.post("/units", json!({ "parent_id": parent, "kind": kind, "name": name })).await;
        made["id"].as_i64().unwrap()
    };
    let root = unit(None, "county_office", "县交安办".into()).await;
    let brigade = unit(Some(root), "brigade", "交警大队".into()).await;
    let mut squads = Vec::new();
    for number in 1..=8 {
        squads.push(unit(Some(brigade), "squad", format!("{number}中队")).await);
    }
    for number in 1..=11 {
        unit(Some(root), "township", format!("{number}镇")).await;
    }
    let created = admin
        .post("/users", json!({ "username": "zhongdui", "display_name": "中队", "unit_id": squads[0] }))
        .await;
    let id = created["user"]["id"].as_i64().unwrap();
    let roles = json!({ "roles": ["duty_officer", "clerk", "patrol_officer"] });
    admin.send("PUT", &format!("/users/{id}/roles"), Some(roles)).await;
    admin.send("PATCH", &format!("/users/{id}"), Some(json!({ "unit_id": squads[0] }))).await;
    let once = created["one_time_password"].as_str().unwrap();
    let narrow = Person::new(&platform, "zhongdui", once).await;
    narrow
        .send("PUT", "/session/password", Some(json!({ "current_password": once, "new_password": PASSWORD })))
        .await;

    let place = json!({ "at": { "lon": 118.83, "lat": 35.17 }, "route": "G205", "chainage_m": 12_300, "description": "北环路口" });
    let (later, now) = (rfc3339(86_400), rfc3339(-60));
    let squad = squads[0];
    let open = async |body: Value| admin.post("/cases", body).await;
    let order = json!({ "kind": "dispatch", "plate": "鲁Q12B45", "level": "high", "unit": squad, "spot": place,
                        "order": "在北环路口拦截", "until": later, "category": "overload" });
    open(order.clone()).await;
    let sent = open(order).await;
    act(&admin, &sent, json!({ "act": "sign" })).await;
    open(json!({ "kind": "watch_application", "plate": "鲁Q55555", "reason": "涉嫌套牌", "legal_basis": "案件文书",
                 "level": "high", "until": later, "unit": squad, "is_urgent": true })).await;
    open(json!({ "kind": "interception", "plate": "鲁Q12B45", "level": "medium", "unit": squad, "at": now, "spot": place })).await;
    open(json!({ "kind": "education", "audience": "villager", "topic": "一盔一带", "people_count": 20, "unit": squad,
                 "at": now, "spot": place })).await;
    for category in ["pavement", "lighting", "signal", "roadside"] {
        let found =
            open(json!({ "kind": "hazard", "source": "patrol", "hazard_kind": "road", "category": category,
                                 "grade": "general", "title": "路面坑槽", "spot": place, "unit": squad }))
            .await;
        act(&admin, &found, json!({ "act": "verify", "grade": "larger" })).await;
    }
    admin
        .post(
            "/crashes",
            json!({ "occurred_at": now, "severity": "injury", "injured": 1, "lon": 118.9, "lat": 35.2,
                                   "source_number": "A-1" }),
        )
        .await;
}

async fn act(person: &Person, case: &Value, act: Value) {
    let path = format!("/cases/{}/acts", case["case"]["id"].as_str().unwrap());
    person.post(&path, json!({ "version": case["case"]["version"], "act": act })).await;
}

fn unix_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64
}

fn rfc3339(seconds: i64) -> String {
    domain::case::form::write_instant(domain::Timestamp::from_unix_ms(unix_ms() + seconds * 1_000))
}

/// Multiplies what is there.
#[expect(clippy::too_many_lines, reason = "table by table")]
async fn fill(dir: &Path) {
    let db = Database::connect(format!("sqlite://{}", dir.join("records.db").display())).await.unwrap();
    let run = async |sql: String| db.execute_unprepared(&sql).await.map(|_| ()).unwrap();
    run("PRAGMA synchronous = OFF".into()).await;
    run("CREATE TEMP TABLE place AS SELECT row_number() OVER () - 1 AS k, id, CASE WHEN parent_id IS NULL THEN id || '.' \
         WHEN parent_id = 1 THEN '1.' || id || '.' ELSE '1.2.' || id || '.' END AS path FROM unit".into()).await;
    let now = unix_ms();
    let places = "(SELECT COUNT(*) FROM place)";
    let path = format!("(SELECT path FROM place WHERE k = n.i % {places})");
    let unit = format!("(SELECT id FROM place WHERE k = n.i % {places})");
    let year_ago = format!("{now} - (n.i * 315360)"); // 100,000 of them are a year.
    let open = "(n.i % 10 < 3)";
    multiply(
        &db,
        "case",
        CASES,
        "1",
        &[
            ("id", "substr(t.id, 1, 2) || printf('L%08d', n.i)".into()),
            ("chain", "substr(t.id, 1, 2) || printf('L%08d', n.i)".into()),
            ("unit", unit.clone()),
            ("unit_path", path.clone()),
            ("home_unit", unit.clone()),
            (
                "plate",
                "CASE WHEN t.plate IS NULL THEN NULL ELSE '鲁Q' || printf('%05d', n.i % 90000) END".into(),
            ),
            ("opened_at", year_ago.clone()),
            ("changed_at", year_ago.clone()),
            ("is_open", open.into()),
            ("closed_at", format!("CASE WHEN {open} THEN NULL ELSE {year_ago} END")),
            ("due_at", format!("CASE WHEN {open} THEN {now} + n.i * 1000 END")),
            ("lon", "t.lon + (n.i % 1000) * 0.0005".into()),
            ("lat", "t.lat + (n.i / 1000) * 0.0005".into()),
            ("opened_by", "'user' || (n.i % 40)".into()),
        ],
    )
    .await;
    multiply(
        &db,
        "step",
        3 * CASES,
        "1",
        &[
            ("id", "NULL".into()),
            ("subject", format!("substr(t.subject, 1, 2) || printf('L%08d', n.i % {CASES})")),
            ("chain", format!("substr(t.subject, 1, 2) || printf('L%08d', n.i % {CASES})")),
            ("at", year_ago.clone()),
        ],
    )
    .await;
    let subject = format!("substr(t.subject, 1, 2) || printf('L%08d', n.i % {CASES})");
    let ahead = |ms: u64| format!("{now} + 86400000 + n.i * {ms}");
    multiply(
        &db,
        "task",
        CLOCKS,
        "t.ended_at IS NULL",
        &[
            ("id", "NULL".into()),
            ("subject", subject.clone()),
            ("chain", subject.clone()),
            ("unit", unit.clone()),
            ("unit_path", path.clone()),
            ("armed_at", year_ago.clone()),
            ("half_at", ahead(1)),
            ("escalate_at", ahead(2)),
            ("due_at", ahead(3)),
            ("next_at", ahead(1)),
            ("rung", "NULL".into()),
        ],
    )
    .await;
    multiply(
        &db,
        "task",
        2 * CASES,
        "t.ended_at IS NULL",
        &[
            ("id", "NULL".into()),
            ("subject", subject.clone()),
            ("chain", subject),
            ("unit", unit.clone()),
            ("unit_path", path.clone()),
            ("armed_at", year_ago.clone()),
            ("next_at", "NULL".into()),
            ("ended_at", format!("{year_ago} + 60000")),
            ("ended_by", "'user' || (n.i % 40)".into()),
            ("end", "CASE n.i % 10 WHEN 0 THEN 'late' WHEN 1 THEN 'never' ELSE 'on_time' END".into()),
        ],
    )
    .await;
    let numbers = |count: u64| {
        format!("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {count} - 1)")
    };
    run(format!(
        "{} INSERT INTO audit SELECT i + 1000000, {now} - i * 1000, 'user' || (i % 40), 'action' || (i % 7), \
                 'target' || i, '', '10.0.0.1', '', '' FROM n",
        numbers(AUDIT)
    ))
    .await;
    run(format!("{} INSERT INTO notice (at, username, word, subject, kind, chain, level, title) SELECT {now} - i * 1000, \
                 CASE i % 20 WHEN 0 THEN 'admin' WHEN 1 THEN 'zhongdui' ELSE 'user' || (i % 40) END, 'to_do', 'ZLL' || i, 'dispatch', \
                 'ZLL' || i, 2, '在北环路口拦截' FROM n", numbers(NOTICES))).await;
    run(format!("{} INSERT INTO delivery (at, channel, recipient, text, event, state, attempts) SELECT {now} - i * 1000, 'group', '', \
                 'text', '{{}}', CASE i % 50 WHEN 0 THEN 'failed' ELSE 'delivered' END, 1 FROM n", numbers(NOTICES))).await;
    run(format!("{} INSERT INTO attachment (id, media_type, bytes_len, name, uploaded_by, uploaded_at) SELECT printf('%064x', i), \
                 'image/jpeg', 200000, 'a.jpg', 'user' || (i % 40), {now} - i * 1000 FROM n", numbers(ATTACHMENTS))).await;
    run(format!(
        "{} INSERT INTO command SELECT 'key' || i, 'user' || (i % 40), 'ZLL' || i, '', {now} - i FROM n",
        numbers(CASES)
    ))
    .await;
    multiply(
        &db,
        "crash",
        CRASHES,
        "1",
        &[
            ("id", "printf('SGL%08d', n.i)".into()),
            ("source_number", "'B' || n.i".into()),
            ("occurred_at", year_ago.clone()),
            ("unit", unit),
            ("unit_path", path.clone()),
            ("lon", "118.3 + (n.i % 1000) * 0.0005".into()),
            ("lat", "34.9 + (n.i / 100) * 0.001".into()),
        ],
    )
    .await;
    warnings(&db, &path, now).await;
    db.close().await.unwrap();
}

/// Warnings, as judgement would have raised them.
async fn warnings(db: &DatabaseConnection, path: &str, now: i64) {
    use domain::warning::Subject;
    use domain::{Detail, Level, ModelId, Timestamp, Warning, WarningId};
    let warning = Warning {
        id: WarningId(1),
        model: ModelId::UnhandledOffences,
        model_version: 1,
        level: Level::Medium,
        subject: Subject { vehicle: None, plate_text: Some("鲁Q12345".into()), device: None },
        occurred_at: Timestamp::from_unix_ms(now),
        raised_at: Timestamp::from_unix_ms(now),
        actionable_until: Timestamp::from_unix_ms(now),
        is_historical: false,
        checkpoint: None,
        location: None,
        detail: Detail::UnhandledOffences { count: 7, threshold: 5 },
        evidence: Vec::new(),
    };
    let body = serde_json::to_string(&warning).unwrap().replace('\'', "''");
    let numbers =
        format!("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {WARNINGS} - 1)");
    let id = "printf('%032x', n.i + 1000)";
    let rows = format!(
        "{numbers} INSERT INTO warning (id, seq, change, model, level, state, version, plate_text, occurred_at, raised_at, \
         actionable_until, is_historical, model_version, day, group_id, is_head, unit_path) \
         SELECT {id}, 1000000 + n.i, 'raised', CASE n.i % 3 WHEN 0 THEN 'overload' WHEN 1 THEN 'fatigue' ELSE 'unhandled_offences' END, \
         1 + n.i % 3, CASE WHEN n.i % 10 = 0 THEN 'raised' WHEN n.i % 10 = 1 THEN 'signed' ELSE 'closed' END, 1, '鲁Q' || n.i, \
         {now} - n.i * 315360, {now} - n.i * 315360, {now} + 86400000, 0, 1, 20000 - n.i / 273, {id}, 1, {path} FROM n"
    );
    let bodies = format!("{numbers} INSERT INTO warning_body SELECT {id}, '{body}' FROM n");
    for sql in [rows, bodies] {
        db.execute_unprepared(&sql).await.unwrap();
    }
}

/// Adds rows made of those that are there (`t`), by their number (`n.i`), with some columns otherwise.
async fn multiply(db: &DatabaseConnection, table: &str, count: u64, those: &str, others: &[(&str, String)]) {
    let begun = Instant::now();
    let info = db.query_all_raw(sea_orm::Statement::from_string(
        sea_orm::DatabaseBackend::Sqlite,
        format!("PRAGMA table_info(\"{table}\")"),
    ));
    let columns: Vec<String> =
        info.await.unwrap().iter().map(|row| row.try_get::<String>("", "name").unwrap()).collect();
    let value = |column: &String| {
        let other = others.iter().find(|(name, _)| name == column);
        other.map_or_else(|| format!("t.\"{column}\""), |(_, sql)| sql.clone())
    };
    let names = columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ");
    let values = columns.iter().map(value).collect::<Vec<_>>().join(", ");
    let run = async |sql: String| db.execute_unprepared(&sql).await.map(|_| ()).unwrap();
    run("DROP TABLE IF EXISTS temp.template".into()).await;
    run(format!(
        "CREATE TEMP TABLE template AS SELECT row_number() OVER () - 1 AS template_number, t.* FROM \"{table}\" t WHERE {those}"
    ))
    .await;
    run(format!(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {count} - 1) \
         INSERT INTO \"{table}\" ({names}) SELECT {values} FROM n \
         JOIN template t ON t.template_number = n.i % (SELECT COUNT(*) FROM template)"
    ))
    .await;
    println!("{count:>9} of {table} in {:.0} s", begun.elapsed().as_secs_f64());
}

/// Filters that pages use.
const FILTERED: &[&str] = &[
    "/cases?kind=hazard",
    "/cases?kind=hazard&state=verified",
    "/cases?kind=dispatch&open=true",
    "/cases?mine=true",
    "/cases?kind=hazard&source=patrol&supervised=false",
    "/cases?late=true",
    "/cases?sort=due_at&open=true",
    "/cases?q=12345",
    "/cases?sort=-changed_at",
    "/cases?sort=-level",
    "/cases?kind=hazard&bbox=118.8,35.1,118.9,35.2",
    "/cases?kind=hazard&category=lighting",
    "/tasks?mine=true",
    "/tasks?ended=true",
    "/tasks?late=true",
    "/tasks?step=sign_dispatch",
    "/tasks?ended=false",
    "/warnings?state=raised",
    "/warnings?actionable=true",
    "/warnings?late=true",
    "/warnings?sort=-level",
    "/audit?actor=user7",
    "/audit?actor=user7&action=action3",
    "/audit?action=action3",
    "/audit?q=target99",
    "/notices?unread=true",
    "/deliveries?state=failed",
    "/crashes?severity=injury",
    "/crashes?placed=true",
    "/crashes?q=B77",
    "/statistics/hazards?since=2020-01-01T00:00:00Z",
    "/statistics/hazards?by=unit&since=2020-01-01T00:00:00Z",
    "/statistics/hazards?by=month&since=2020-01-01T00:00:00Z",
    "/statistics/tasks?by=step",
    "/statistics/tasks?by=unit",
    "/statistics/tasks?by=person",
    "/statistics/tasks?by=unit&since=2020-01-01T00:00:00Z",
    "/hazards/near?lon=118.83&lat=35.17",
    "/educations/local-case?audience=villager&lon=118.83&lat=35.17",
    "/educations/local-case?audience=truck_driver&lon=118.83&lat=35.17",
];

/// Every list of the document, and the filters that pages use.
async fn lists(platform: &Platform) {
    let wide = Person::new(platform, "admin", PASSWORD).await;
    let narrow = Person::new(platform, "zhongdui", PASSWORD).await;
    let (_, document) = wide.send("GET", "/openapi.json", None).await;
    let routes = document["paths"].as_object().unwrap().iter();
    let mut paths: Vec<String> = routes
        .filter(|(path, item)| !path.contains('{') && !item["get"].is_null())
        // The stream has no end; a download is no list.
        .filter(|(path, _)| !["/live", "/cases/export"].contains(&path.as_str()))
        .map(|(path, _)| path.clone())
        .collect();
    paths.extend(FILTERED.iter().map(|path| (*path).to_owned()));
    let mut measured: Vec<(f64, String)> = Vec::new();
    for path in &paths {
        let (wide_ms, wide_status) = median(&wide, path).await;
        let (narrow_ms, narrow_status) = median(&narrow, path).await;
        let shown = |ms: f64, status: u16| {
            if status == 200 { format!("{ms:>8.1}") } else { format!("     {status}") }
        };
        let worst = [(wide_ms, wide_status), (narrow_ms, narrow_status)].into_iter().filter(|it| it.1 == 200);
        let worst = worst.map(|it| it.0).fold(0.0, f64::max);
        let mark = if worst > AIM_MS { "  <-- above the aim" } else { "" };
        let line =
            format!("{} {}  {path}{mark}", shown(wide_ms, wide_status), shown(narrow_ms, narrow_status));
        measured.push((worst, line));
    }
    measured.sort_by(|a, b| b.0.total_cmp(&a.0));
    println!("    wide   narrow  (ms)");
    for (_, line) in &measured {
        println!("{line}");
    }
    let above = measured.iter().filter(|(worst, _)| *worst > AIM_MS).count();
    println!("{} lists, {above} above {AIM_MS} ms", measured.len());
}

async fn median(person: &Person, path: &str) -> (f64, u16) {
    let mut times = Vec::with_capacity(REPEATS);
    let mut status = 0;
    for _ in 0..REPEATS {
        let begun = Instant::now();
        status = person.send("GET", path, None).await.0;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    (times[REPEATS / 2], status)
}

/// By how much clocks ring late while a million are armed.
async fn clocks(platform: &Platform, records: &Path) {
    let db = Database::connect(format!("sqlite://{}", records.display())).await.unwrap();
    let now = unix_ms();
    let first = now + 5_000;
    let step = RINGING_S * 1_000 / RINGING;
    let sql = format!(
        "UPDATE task SET half_at = {first} + (id % {RINGING}) * {step}, next_at = {first} + (id % {RINGING}) * {step} WHERE id IN \
         (SELECT id FROM task WHERE next_at IS NOT NULL ORDER BY id DESC LIMIT {RINGING})"
    );
    db.execute_unprepared(&sql).await.unwrap();
    db.close().await.unwrap();
    tokio::time::sleep(Duration::from_secs(RINGING_S + 12)).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let text =
        http.get(format!("http://{}/metrics", platform.address)).send().await.unwrap().text().await.unwrap();
    println!("{RINGING} clocks of a million rang in {RINGING_S} s; ms late:");
    for line in text.lines().filter(|line| line.starts_with("anchang_clock")) {
        println!("  {line}");
    }
}
