//! Jobs (长时间任务): imports, exports, back-tests. They run beside everything else, a few at a time; show how far they
//! have come, can be cancelled, and may leave files to download.
//!
//! A room that has long work calls [`start`] with the work as a future that is given a [`JobRun`]. The work says how far
//! it has come, looks now and then whether it is to stop, and gives its result as JSON.

use crate::access::Signed;
use crate::app::App;
use crate::problem::{Problem, RequestLanguage};
use crate::wire::{Language, List, Paging, attachment, instant};
use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::people::Permission;
use domain::time::DAY_MS;
use records::{JobEnd, JobFilter, JobId, JobRecord, JobState, NewJob, Records, StoreError, Window};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tower::ServiceExt;
use tower_http::services::ServeFile;
use utoipa::{IntoParams, ToSchema};

/// Jobs that run at the same time; the others wait for their turn.
pub const JOBS_AT_ONCE: usize = 2;
/// Jobs of one user that may wait or run.
const JOBS_OF_USER_MAX: u64 = 20;
/// How long a job and its files are kept after its end.
const KEPT_MS: i64 = 7 * DAY_MS;
/// How often progress is written down, for whoever asks after a restart.
const NOTE_PERIOD: Duration = Duration::from_secs(5);
/// Says that the total is not known.
const UNKNOWN: u64 = u64::MAX;

/// The jobs of this process.
pub struct Jobs {
    running: Mutex<HashMap<JobId, Arc<Running>>>,
    turns: Arc<Semaphore>,
    /// Where jobs put their files, a folder each.
    folder: PathBuf,
}

/// What a job and those who look at it share.
#[derive(Debug)]
struct Running {
    done: AtomicU64,
    total: AtomicU64,
    is_cancelled: AtomicBool,
}

impl Running {
    fn total(&self) -> Option<u64> {
        Some(self.total.load(Ordering::Relaxed)).filter(|total| *total != UNKNOWN)
    }
}

/// Why a job ends without a result.
#[derive(Debug)]
pub enum JobError {
    /// It was told to.
    Cancelled,
    /// This went wrong: for a person, in Chinese and English.
    Failed(String, String),
}

impl JobError {
    /// Something of ours failed. The cause goes to the log.
    pub fn internal(doing: &'static str, cause: &dyn std::error::Error) -> Self {
        tracing::error!(doing, error = %cause, "a job failed");
        Self::Failed(
            "系统内部错误，任务未完成；已保存的数据不受影响。请稍后重试。".into(),
            "Something failed inside; what was saved is not affected. Try again.".into(),
        )
    }
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        match error.fault {
            records::Fault::DiskFull => Self::Failed(
                "磁盘已满，任务未完成。请系统管理员清理磁盘后重试。".into(),
                "The disk is full. Try again when there is room.".into(),
            ),
            _ => Self::internal("use the records", &error),
        }
    }
}

/// A job as its own work sees it. Cheap to clone, and may go to other threads.
#[derive(Clone, Debug)]
pub struct JobRun {
    id: JobId,
    folder: PathBuf,
    shared: Arc<Running>,
}

impl JobRun {
    /// Which job.
    pub fn id(&self) -> JobId {
        self.id
    }

    /// Says how far the work has come; what a unit is, is the work's own affair.
    pub fn progress(&self, done: u64, total: Option<u64>) {
        self.shared.done.store(done, Ordering::Relaxed);
        self.shared.total.store(total.unwrap_or(UNKNOWN), Ordering::Relaxed);
    }

    /// Whether it shall stop.
    pub fn is_cancelled(&self) -> bool {
        self.shared.is_cancelled.load(Ordering::Relaxed)
    }

    /// Ends the work with `?` when it shall stop.
    pub fn check(&self) -> Result<(), JobError> {
        if self.is_cancelled() { Err(JobError::Cancelled) } else { Ok(()) }
    }

    /// The folder for files that can be downloaded afterwards; made when it is not there.
    pub fn folder(&self) -> std::io::Result<&PathBuf> {
        std::fs::create_dir_all(&self.folder)?;
        Ok(&self.folder)
    }
}

impl Jobs {
    /// `folder` is where jobs put their files.
    pub fn new(folder: PathBuf) -> Self {
        Self { running: Mutex::default(), turns: Arc::new(Semaphore::new(JOBS_AT_ONCE)), folder }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<JobId, Arc<Running>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn folder_of(&self, id: JobId) -> PathBuf {
        self.folder.join(id.0.to_string())
    }
}

/// Starts long work for a user and writes it into the audit. `kind` names it (`history_export`); `title` is what it is
/// about, in the user's words; `parameters` is what it was asked to do.
pub(crate) async fn start<Work>(
    app: &Arc<App>,
    by: &Signed,
    kind: &str,
    title: String,
    parameters: &Value,
    work: impl FnOnce(JobRun) -> Work,
) -> Result<JobView, Problem>
where
    Work: Future<Output = Result<Value, JobError>> + Send + 'static,
{
    let mine = JobFilter {
        created_by: Some(by.user.username.to_string()),
        kind: None,
        states: vec![JobState::Waiting, JobState::Running],
    };
    if app.records.jobs(&mine, Window { offset: 0, limit: 1 }).await?.total >= JOBS_OF_USER_MAX {
        return Err(Problem::conflict(
            format!("您已有 {JOBS_OF_USER_MAX} 个任务未完成，请等待完成或先取消。"),
            format!("{JOBS_OF_USER_MAX} jobs of yours are not over yet. Wait, or cancel some."),
        ));
    }
    let asked = NewJob {
        kind: kind.into(),
        title,
        parameters: parameters.to_string(),
        created_by: by.user.username.clone(),
        created_at: app.clock.now(),
    };
    let record = app.records.add_job(asked).await?;
    by.audit(app, "job.start", &record.id.0.to_string(), &format!("{kind} {parameters}")).await?;
    let shared = Arc::new(Running {
        done: AtomicU64::new(0),
        total: AtomicU64::new(UNKNOWN),
        is_cancelled: AtomicBool::new(false),
    });
    app.jobs.running().insert(record.id, shared.clone());
    let run = JobRun { id: record.id, folder: app.jobs.folder_of(record.id), shared: shared.clone() };
    let work = work(run);
    let app = app.clone();
    let id = record.id;
    let view = job_view(&record, Some(&shared));
    tokio::spawn(async move {
        let end = take_turn(&app, id, &shared, work).await;
        if !matches!(end, JobEnd::Done(_)) {
            remove_folder(app.jobs.folder_of(id)).await;
        }
        let (done, total) = (shared.done.load(Ordering::Relaxed), shared.total());
        if let Err(error) = app.records.end_job(id, end, done, total, app.clock.now()).await {
            tracing::error!(%error, job = id.0, "the end of a job was not written down");
        }
        app.jobs.running().remove(&id);
    });
    Ok(view)
}

/// Waits for a turn, then works, writing down the progress now and then.
async fn take_turn(
    app: &Arc<App>,
    id: JobId,
    shared: &Arc<Running>,
    work: impl Future<Output = Result<Value, JobError>> + Send + 'static,
) -> JobEnd {
    let turn = loop {
        // A job that is cancelled while it waits must not wait until somebody else is ready.
        match tokio::time::timeout(Duration::from_millis(500), app.jobs.turns.acquire()).await {
            Ok(turn) => break turn,
            Err(_) if shared.is_cancelled.load(Ordering::Relaxed) => return JobEnd::Cancelled,
            Err(_) => {}
        }
    };
    let Ok(_turn) = turn else { return JobEnd::Cancelled };
    if shared.is_cancelled.load(Ordering::Relaxed) {
        return JobEnd::Cancelled;
    }
    if let Err(error) = app.records.begin_job(id, app.clock.now()).await {
        tracing::warn!(%error, job = id.0, "the beginning of a job was not written down");
    }
    // In a task of its own, so that a panic in it ends this job alone.
    let mut working = tokio::spawn(work);
    let ended = loop {
        tokio::select! {
            ended = &mut working => break ended,
            () = tokio::time::sleep(NOTE_PERIOD) => {
                let (done, total) = (shared.done.load(Ordering::Relaxed), shared.total());
                if let Err(error) = app.records.note_job_progress(id, done, total).await {
                    tracing::warn!(%error, job = id.0, "the progress of a job was not written down");
                }
            }
        }
    };
    match ended {
        Ok(Ok(result)) => JobEnd::Done(result.to_string()),
        Ok(Err(JobError::Cancelled)) => JobEnd::Cancelled,
        Ok(Err(JobError::Failed(zh, en))) => {
            JobEnd::Failed(serde_json::json!({ "zh": zh, "en": en }).to_string())
        }
        Err(error) => {
            let JobError::Failed(zh, en) = JobError::internal("run a job", &error) else {
                return JobEnd::Cancelled;
            };
            JobEnd::Failed(serde_json::json!({ "zh": zh, "en": en }).to_string())
        }
    }
}

async fn remove_folder(folder: PathBuf) {
    let removed = tokio::fs::remove_dir_all(&folder).await;
    if let Err(error) = removed
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, folder = %folder.display(), "files of a job were not removed");
    }
}

/// Removes the half-written files of jobs that the last end of the process cut off. `folder` is that of [`Jobs::new`].
pub async fn clear_interrupted(records: &Records, folder: &std::path::Path) -> Result<(), StoreError> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries.flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let job = records.job(JobId(id)).await?;
        if job.is_none_or(|job| job.state == JobState::Interrupted) {
            remove_folder(entry.path()).await;
        }
    }
    Ok(())
}

/// Forgets jobs that were over long ago, with their files; called now and then by the binary.
pub async fn forget_old(app: &App) -> Result<(), StoreError> {
    let before = app.clock.now().plus_ms(-KEPT_MS);
    for id in app.records.forget_jobs(before).await? {
        remove_folder(app.jobs.folder_of(id)).await;
    }
    Ok(())
}

/// Why a job failed.
#[derive(Debug, Deserialize)]
struct StoredProblem {
    zh: String,
    en: String,
}

/// A job.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct JobView {
    id: i64,
    /// What kind of work: `history_export`, `file_import`, `back_test`, …
    kind: String,
    /// What it is about, in the user's words.
    title: String,
    /// `waiting`, `running`, `done`, `failed`, `cancelled`, `interrupted` (the server was stopped meanwhile).
    state: &'static str,
    /// Told to stop, but not over yet.
    is_stopping: bool,
    /// Units of work done.
    done: u64,
    /// Units in all, where known.
    total: Option<u64>,
    /// What it was asked to do.
    parameters: Value,
    /// What came out; `files` in it are the names to download.
    result: Option<Value>,
    /// Why it failed, for a person.
    problem: Option<String>,
    created_by: String,
    created_at: String,
    started_at: Option<String>,
    ended_at: Option<String>,
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

fn job_view(record: &JobRecord, running: Option<&Arc<Running>>) -> JobView {
    view_in(record, running, Language::Chinese)
}

fn view_in(record: &JobRecord, running: Option<&Arc<Running>>, language: Language) -> JobView {
    let now = running.map(|shared| (shared.done.load(Ordering::Relaxed), shared.total()));
    let (done, total) = now.unwrap_or((record.done, record.total));
    let problem: Option<StoredProblem> =
        record.problem.as_deref().and_then(|text| serde_json::from_str(text).ok());
    JobView {
        id: record.id.0,
        kind: record.asked.kind.to_string(),
        title: record.asked.title.clone(),
        state: record.state.key(),
        is_stopping: running.is_some_and(|shared| shared.is_cancelled.load(Ordering::Relaxed)),
        done,
        total,
        parameters: json_of(&record.asked.parameters),
        result: record.result.as_deref().map(json_of),
        problem: problem.map(|problem| language.pick(problem.zh, problem.en)),
        created_by: record.asked.created_by.to_string(),
        created_at: instant(record.asked.created_at),
        started_at: record.started_at.map(instant),
        ended_at: record.ended_at.map(instant),
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct JobQuery {
    kind: Option<String>,
    /// States, separated by commas.
    state: Option<String>,
    limit: Option<u64>,
    offset: Option<u64>,
}

/// Jobs, newest first: one's own; all for an administrator.
#[utoipa::path(get, path = "/jobs", tag = "jobs", params(JobQuery), responses((status = 200, body = List<JobView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    signed: Signed,
    RequestLanguage(language): RequestLanguage,
    Query(query): Query<JobQuery>,
) -> Result<Json<List<JobView>>, Problem> {
    let filter = JobFilter {
        created_by: (!signed.may(Permission::ManageSystem)).then(|| signed.user.username.to_string()),
        kind: query.kind.filter(|kind| !kind.is_empty()),
        states: query.state.iter().flat_map(|text| text.split(',')).filter_map(JobState::parse).collect(),
    };
    let paging = Paging { limit: query.limit, offset: query.offset, sort: None };
    let page = app.records.jobs(&filter, Window { offset: paging.offset(), limit: paging.limit() }).await?;
    let running = app.jobs.running();
    let items = page.items.iter().map(|record| view_in(record, running.get(&record.id), language)).collect();
    Ok(Json(List { items, total: page.total }))
}

/// One job.
#[utoipa::path(get, path = "/jobs/{id}", tag = "jobs", params(("id" = i64, Path)),
    responses((status = 200, body = JobView), (status = 404)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    signed: Signed,
    RequestLanguage(language): RequestLanguage,
    Path(id): Path<i64>,
) -> Result<Json<JobView>, Problem> {
    let record = visible(&app, &signed, id).await?;
    let running = app.jobs.running().get(&record.id).cloned();
    Ok(Json(view_in(&record, running.as_ref(), language)))
}

/// Tells a job to stop. It is over when its state says so; nothing it did before is undone unless its kind says so.
#[utoipa::path(post, path = "/jobs/{id}/cancel", tag = "jobs", params(("id" = i64, Path)),
    responses((status = 200, body = JobView), (status = 404), (status = 409)))]
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    signed: Signed,
    RequestLanguage(language): RequestLanguage,
    Path(id): Path<i64>,
) -> Result<Json<JobView>, Problem> {
    let record = visible(&app, &signed, id).await?;
    let Some(running) = app.jobs.running().get(&record.id).cloned() else {
        return Err(Problem::conflict("该任务已经结束。", "This job is over."));
    };
    running.is_cancelled.store(true, Ordering::Relaxed);
    signed.audit(&app, "job.cancel", &id.to_string(), &record.asked.kind).await?;
    Ok(Json(view_in(&record, Some(&running), language)))
}

/// A file that a job left. Only who started the job may have it; each download is in the audit.
#[utoipa::path(get, path = "/jobs/{id}/files/{name}", tag = "jobs",
    params(("id" = i64, Path), ("name" = String, Path)), responses((status = 200), (status = 404)))]
pub(crate) async fn file(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path((id, name)): Path<(i64, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let record = visible(&app, &signed, id).await?;
    let result = record.result.as_deref().map(json_of).unwrap_or_default();
    let is_named = result["files"]
        .as_array()
        .is_some_and(|files| files.iter().any(|file| file.as_str() == Some(name.as_str())));
    // Only names that the job itself wrote down lead to files, so that no path can be made up.
    if record.state != JobState::Done || record.asked.created_by != signed.user.username || !is_named {
        return Err(no_such_file());
    }
    let path = app.jobs.folder_of(record.id).join(&name);
    signed.audit(&app, "job.download", &id.to_string(), &name).await?;
    let served = ServeFile::new(path).oneshot(request).await.map_err(|_| no_such_file())?;
    if served.status() == StatusCode::NOT_FOUND {
        return Err(no_such_file());
    }
    let mut response = served.into_response();
    if let Ok(value) = HeaderValue::from_str(&attachment(&name)) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

async fn visible(app: &App, signed: &Signed, id: i64) -> Result<JobRecord, Problem> {
    let record = app.records.job(JobId(id)).await?.ok_or_else(no_such)?;
    let is_own = record.asked.created_by == signed.user.username;
    // Whether somebody else's job exists is nobody's affair.
    if is_own || signed.may(Permission::ManageSystem) { Ok(record) } else { Err(no_such()) }
}

fn no_such() -> Problem {
    Problem::not_found(
        "没有这个任务，或已超过保存期限。",
        "There is no such job, or it was kept long enough.",
    )
}

fn no_such_file() -> Problem {
    Problem::not_found(
        "没有这个文件，或已超过保存期限，或不是您创建的任务。",
        "There is no such file, or it was kept long enough, or the job is somebody else's.",
    )
}
