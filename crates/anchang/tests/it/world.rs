//! Helpers: the process, a page, a camera.

use gat1400::client::{Client, Outgoing};
use gat1400::digest::{Challenge, Credentials};
use gat1400::object::MotorVehicle;
use serde_json::{Value, json};
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

pub(crate) const CAMERA: &str = "37132700001190000001";
pub(crate) const CHECKPOINT: &str = "37132700001210000001";
/// A plate with a watch order.
pub(crate) const WATCHED: &str = "鲁Q12B45";
pub(crate) const PASSWORD: &str = "long enough 1";
/// 2026-11-23T12:00 in Beijing: where the driven clock is put, so that no midnight passes during a test.
const NOW_UNIX_S: i64 = 1_795_406_400;
/// Answers to challenges that were made.
static ANSWERS: AtomicU32 = AtomicU32::new(1);
/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// The process, on ports of its own and a driven clock.
pub(crate) struct Anchang {
    dir: tempfile::TempDir,
    /// Where the data are, when not beside what the process prints.
    data: Option<PathBuf>,
    /// Open files it may have at its start (`ulimit -Sn`).
    files_max: Option<u32>,
    /// Its configuration file.
    config: &'static str,
    /// Port for cameras and platforms; 0 for any, another one after each start.
    viid_port: u16,
    process: Option<Child>,
}

impl Drop for Anchang {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
    }
}

impl Anchang {
    pub(crate) async fn start() -> Self {
        Self::start_with(None, None).await
    }

    /// With the data in another folder, or few files to open.
    pub(crate) async fn start_with(data: Option<PathBuf>, files_max: Option<u32>) -> Self {
        let mut anchang = Self::at_rest("");
        (anchang.data, anchang.files_max) = (data, files_max);
        anchang.start_again().await;
        anchang
    }

    /// With a configuration file, not yet started.
    pub(crate) fn at_rest(config: &'static str) -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            data: None,
            files_max: None,
            config,
            viid_port: 0,
            process: None,
        }
    }

    /// As [`at_rest`](Self::at_rest), on a port for platforms that stays the same.
    pub(crate) fn at_rest_on_one_port(config: &'static str) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut anchang = Self::at_rest(config);
        anchang.viid_port = free.local_addr().unwrap().port();
        anchang
    }

    /// With the data in another folder.
    pub(crate) fn move_data(&mut self, data: PathBuf) {
        self.data = Some(data);
    }

    pub(crate) async fn start_again(&mut self) {
        let viid = format!("viid=127.0.0.1:{}", self.viid_port);
        let mut command = self.command(&[
            "--http",
            "127.0.0.1:0",
            "--listen",
            &viid,
            "--listen",
            "terminals=127.0.0.1:0",
            "--listen",
            "isapi=127.0.0.1:0",
            "--listen",
            "dahua=127.0.0.1:0",
            "--listen",
            "fleets=127.0.0.1:0",
            "--clock",
            "driven",
        ]);
        command.stdout(File::create(self.path("stdout")).unwrap());
        command.stderr(File::create(self.path("stderr")).unwrap());
        // Left by a kill, and not yet removed by the new process.
        let _stale = std::fs::remove_file(self.data().join("addresses.json"));
        self.process = Some(command.spawn().unwrap());
        let begun = Instant::now();
        while !self.data().join("addresses.json").exists() {
            let ended = self.process.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none() && begun.elapsed() < PATIENCE, "{ended:?}: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = match self.files_max {
            None => Command::new(env!("CARGO_BIN_EXE_anchang")),
            Some(files_max) => {
                let mut shell = Command::new("sh");
                let limited = format!("ulimit -Sn {files_max}; exec \"$0\" \"$@\"");
                shell.args(["-c", &limited, env!("CARGO_BIN_EXE_anchang")]);
                shell
            }
        };
        let config = self.dir.path().join("anchang.toml");
        std::fs::write(&config, self.config).unwrap();
        command.arg("--config").arg(config).arg("--data-dir").arg(self.data()).args(arguments);
        command.env_remove("RUST_LOG").stdin(Stdio::null());
        command
    }

    fn data(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(|| self.dir.path().join("data"))
    }

    /// Most memory that the process held at a time, in KiB.
    pub(crate) fn memory_peak_kib(&self) -> u64 {
        let id = self.process.as_ref().unwrap().id();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// A file of the data folder, or what the process printed.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        match name {
            "stdout" | "stderr" => self.dir.path().join(name),
            _ => self.data().join(name),
        }
    }

    pub(crate) fn shown(&self) -> String {
        std::fs::read_to_string(self.path("stdout")).unwrap()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("stderr")).unwrap()
    }

    pub(crate) fn address(&self, name: &str) -> String {
        let text = std::fs::read(self.path("addresses.json")).unwrap();
        let addresses: Value = serde_json::from_slice(&text).unwrap();
        addresses[name].as_str().unwrap().to_owned()
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// SIGTERM; gives the exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        let mut process = self.process.take().unwrap();
        let id = process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        process.wait().unwrap().code()
    }

    pub(crate) fn one_time_password(&self) -> String {
        let text = std::fs::read_to_string(self.path("first-administrator.txt")).unwrap();
        let (_, rest) = text.split_once("one-time password ").unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    }

    /// The first log-in, with the change of password that it needs.
    pub(crate) async fn signed_in_first(&mut self) -> Page {
        let mut page = Page::new(self);
        let password = self.one_time_password();
        page.log_in("admin", &password).await;
        page.put("/session/password", json!({ "current_password": password, "new_password": PASSWORD }))
            .await;
        page.log_in("admin", PASSWORD).await;
        page
    }

    pub(crate) async fn signed_in(&self) -> Page {
        let mut page = Page::new(self);
        page.log_in("admin", PASSWORD).await;
        page
    }
}

/// A page, or a program like one.
pub(crate) struct Page {
    address: String,
    http: reqwest::Client,
    token: String,
}

impl Page {
    pub(crate) fn new(anchang: &Anchang) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { address: anchang.address("http"), http, token: String::new() }
    }

    pub(crate) async fn log_in(&mut self, username: &str, password: &str) {
        self.token.clear();
        let session = self.post("/session", json!({ "username": username, "password": password })).await;
        session["token"].as_str().unwrap().clone_into(&mut self.token);
    }

    /// A new user with these roles, signed in with [`PASSWORD`]. This page's user may do everything.
    pub(crate) async fn new_user(&self, username: &str, roles: &[&str]) -> Self {
        let created = self.post("/users", json!({ "username": username, "display_name": username })).await;
        let once = created["one_time_password"].as_str().unwrap();
        self.put(&format!("/users/{}/roles", created["user"]["id"]), json!({ "roles": roles })).await;
        let mut page = Self { address: self.address.clone(), http: self.http.clone(), token: String::new() };
        page.log_in(username, once).await;
        page.put("/session/password", json!({ "current_password": once, "new_password": PASSWORD })).await;
        page
    }

    /// A new user of a unit with these roles, signed in.
    pub(crate) async fn new_user_of(&self, username: &str, unit: i64, roles: &[&str]) -> Self {
        let page = self.new_user(username, roles).await;
        let users = self.get("/users").await;
        let is_new = |user: &&Value| user["username"] == username;
        let id = users["items"].as_array().unwrap().iter().find(is_new).unwrap()["id"].clone();
        let moved = self.send("PATCH", &format!("/users/{id}"), Some(json!({ "unit_id": unit }))).await;
        assert!(moved.status().is_success());
        page
    }

    /// Sends a picture; gives its identity.
    pub(crate) async fn attach(&self, bytes: &'static [u8]) -> reqwest::Response {
        let url = format!("http://{}/api/v1/attachments?name=a.png", self.address);
        let request = self.http.post(url).bearer_auth(&self.token).body(bytes);
        request.header("content-type", "image/png").send().await.unwrap()
    }

    /// Sends a command with a key that makes its repeat harmless.
    pub(crate) async fn command(&self, path: &str, key: &str, body: &Value) -> reqwest::Response {
        let url = format!("http://{}/api/v1{path}", self.address);
        let request = self.http.post(url).bearer_auth(&self.token).header("idempotency-key", key).json(body);
        request.send().await.unwrap()
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<Value>) -> reqwest::Response {
        let url = format!("http://{}/api/v1{path}", self.address);
        let mut request = self.http.request(method.parse().unwrap(), url);
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        tokio::time::timeout(PATIENCE, request.send()).await.expect("an answer").unwrap()
    }

    /// Asks with a token that nobody was given.
    pub(crate) async fn forged(&self) -> reqwest::Response {
        let forged = Self { token: "0".repeat(64), address: self.address.clone(), http: self.http.clone() };
        forged.send("GET", "/session", None).await
    }

    async fn value(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let response = self.send(method, path, body).await;
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.value("GET", path, None).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Value {
        self.value("PUT", path, Some(body)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.value("POST", path, Some(body)).await
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) async fn status_of(&self, path: &str) -> u16 {
        self.send("GET", path, None).await.status().as_u16()
    }

    pub(crate) async fn live(&self) -> Live {
        let mut live = Live { response: self.send("GET", "/live", None).await, text: String::new() };
        live.next_of("hello").await;
        live
    }
}

/// The live stream of a page.
pub(crate) struct Live {
    response: reqwest::Response,
    text: String,
}

impl Live {
    /// Data of the next event of that name.
    pub(crate) async fn next_of(&mut self, name: &str) -> Value {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |key: &str| event.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
                if field("event:") == Some(name) {
                    return serde_json::from_str(field("data:").unwrap()).unwrap();
                }
            }
            let chunk =
                tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("an event").unwrap();
            self.text.push_str(std::str::from_utf8(&chunk.expect("the stream goes on")).unwrap());
        }
    }
}

/// A camera that speaks GA/T 1400.
pub(crate) struct Camera {
    pub(crate) client: Client,
    username: &'static str,
    http: reqwest::Client,
    address: String,
}

impl Camera {
    pub(crate) fn new(anchang: &Anchang) -> Self {
        Self::named(anchang, CAMERA, "police")
    }

    /// Another device or platform.
    pub(crate) fn named(anchang: &Anchang, id: &str, username: &'static str) -> Self {
        Self {
            client: Client::new(id),
            username,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            address: anchang.address("viid"),
        }
    }

    pub(crate) async fn send(&self, request: Outgoing) -> reqwest::Response {
        let url = format!("http://{}{}", self.address, request.target);
        let mut builder = self.http.request(request.method.name().parse().unwrap(), url);
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        let sent = builder.body(request.body).send();
        tokio::time::timeout(PATIENCE, sent).await.expect("an answer").unwrap()
    }

    /// Registers with the digest; the HTTP status of the last answer.
    pub(crate) async fn register(&self) -> u16 {
        self.register_with(PASSWORD).await
    }

    pub(crate) async fn register_with(&self, password: &str) -> u16 {
        let first = self.send(self.client.register()).await;
        let Some(challenge) = first.headers().get("www-authenticate") else { return first.status().as_u16() };
        let challenge = Challenge::parse(challenge.to_str().unwrap()).unwrap();
        let credentials = Credentials { username: self.username, password };
        // The driven clock stands, and with it the nonce: an answer is good once.
        let cnonce = format!("{:08x}", ANSWERS.fetch_add(1, Ordering::Relaxed));
        let answer = challenge.answer(credentials, "POST", "/VIID/System/Register", &cnonce, 1);
        self.send(self.client.register().with_authorization(answer)).await.status().as_u16()
    }

    pub(crate) async fn send_passages(&self, passages: &[MotorVehicle]) -> reqwest::Response {
        self.send(self.client.post(passages)).await
    }

    /// `None` when no answer came: the process is gone.
    pub(crate) async fn try_post(&self, passages: &[MotorVehicle]) -> Option<u16> {
        let request = self.client.post(passages);
        let url = format!("http://{}{}", self.address, request.target);
        let mut builder = self.http.post(url).body(request.body).timeout(PATIENCE);
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        Some(builder.send().await.ok()?.status().as_u16())
    }

    pub(crate) async fn post(&self, passages: &[MotorVehicle]) -> u16 {
        self.send(self.client.post(passages)).await.status().as_u16()
    }

    /// Posts what is no body of the interface.
    pub(crate) async fn post_bytes(&self, body: &[u8]) -> reqwest::Response {
        let mut request = self.client.post::<MotorVehicle>(&[]);
        request.body = body.to_vec();
        self.send(request).await
    }
}

/// A passage so many seconds after [`NOW_UNIX_S`].
pub(crate) fn passage(plate: &str, seconds: i64) -> MotorVehicle {
    MotorVehicle {
        motor_vehicle_id: format!("{CAMERA}0220261123120000{seconds:05}02{seconds:05}").into(),
        tollgate_id: CHECKPOINT.into(),
        device_id: CAMERA.into(),
        has_plate: Some(true),
        plate_class: "02".into(),
        plate_color: "5".into(),
        plate_no: plate.into(),
        pass_time: Some(gat1400::DateTime::from_unix_ms((NOW_UNIX_S + seconds) * 1_000)),
        plate_reliability: "97".into(),
        ..MotorVehicle::default()
    }
}

/// So many seconds after [`NOW_UNIX_S`], as RFC 3339.
pub(crate) fn instant(seconds: i64) -> String {
    // Within the same month, which is all that is needed.
    let of_day = 12 * 3_600 + seconds;
    let (day, second) = (23 + of_day / 86_400, of_day % 86_400);
    format!("2026-11-{day}T{:02}:{:02}:{:02}+08:00", second / 3_600, second / 60 % 60, second % 60)
}

/// Waits until it is so.
pub(crate) async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < PATIENCE, "not yet: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
