//! Checking and importing: rows of a file become observations in the journal.

#![expect(clippy::result_large_err, reason = "once a file, and the report is wanted either way")]

use crate::access::Signed;
use crate::app::App;
use crate::intake::preview::{look, unreadable, world};
use crate::intake::upload::{self, Upload, bad_rows_of, content_of, keep_report};
use crate::intake::view::{FileReportView, MappingBody};
use crate::intake::words;
use crate::job::{self, JobError, JobRun, JobView};
use crate::problem::{Problem, RequestLanguage};
use crate::wire::Language;
use axum::Json;
use axum::extract::{Path, State};
use gateway::file::{FileReport, Import, ImportError, Target, Watch, import};
use serde::Deserialize;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use tables::{Layout, Mapping, RowFault};
use utoipa::ToSchema;

/// Rows that a check looks at: a second's work.
const CHECK_ROWS_MAX: u64 = 100_000;
/// How far judging may be behind while a file is imported, in bytes of the journal: what devices send meanwhile is judged
/// within a fraction of a second.
const JUDGING_BEHIND_BYTES_MAX: u64 = 16 << 20;

/// How a file is to be imported.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ImportInput {
    mapping: MappingBody,
}

struct Work {
    layout: Layout,
    mapping: Mapping,
    language: Language,
}

/// Watches a check.
struct Check;

impl Watch for Check {
    fn progress(&self, _: u64, _: u64) {}

    fn is_cancelled(&self) -> bool {
        false
    }

    fn has_room(&self) -> bool {
        true
    }
}

/// Watches an import that is a job.
struct JobWatch {
    app: Arc<App>,
    run: JobRun,
    bytes: u64,
    was_cancelled: AtomicBool,
}

impl Watch for JobWatch {
    fn progress(&self, bytes_done: u64, _: u64) {
        self.run.progress(bytes_done, Some(self.bytes));
    }

    fn is_cancelled(&self) -> bool {
        let is_cancelled = self.run.is_cancelled();
        if is_cancelled {
            self.was_cancelled.store(true, Ordering::Relaxed);
        }
        is_cancelled
    }

    fn has_room(&self) -> bool {
        let judged = self.app.progress.judged_up_to.load(Ordering::Acquire);
        self.app.observations.end().get().saturating_sub(judged) < JUDGING_BEHIND_BYTES_MAX
    }
}

async fn prepare(
    app: &Arc<App>,
    id: &str,
    body: &MappingBody,
    language: Language,
) -> Result<(Upload, Work), Problem> {
    let upload = upload::find(app, id).await?;
    let mapping = body.mapping()?;
    let layout = look(app, id, body.asked()?).await?.layout;
    Ok((upload, Work { layout, mapping, language }))
}

/// Runs on the calling thread.
#[expect(clippy::too_many_arguments, reason = "an import and a check differ in each of them")]
fn run(
    app: &App,
    id: &str,
    work: &Work,
    target: &Target<'_>,
    rows_max: Option<u64>,
    watch: &dyn Watch,
    bad_rows: &mut dyn Write,
) -> Result<FileReport, (FileReport, ImportError)> {
    let file = File::open(content_of(app, id))
        .map_err(|error| (FileReport::default(), ImportError::Read(error.into())))?;
    let world = world(app);
    let describe = |fault: &RowFault| words::row_fault(fault, work.language);
    let asked = Import {
        layout: &work.layout,
        mapping: &work.mapping,
        world: &world,
        synonyms: &app.synonyms,
        rows_max,
        describe: &describe,
    };
    import(file, &asked, target, watch, bad_rows)
}

/// On a thread of its own, which the end of the process does not wait for.
async fn on_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    let (say, said) = tokio::sync::oneshot::channel();
    std::thread::Builder::new().name("file-intake".into()).spawn(move || {
        // Nobody listens when the process is ending.
        drop(say.send(work()));
    })?;
    said.await.map_err(|_| io::Error::other("the thread panicked"))
}

/// Reads the first 100,000 rows by a mapping and says what would become of them. Nothing is stored; doubles are not told.
#[utoipa::path(post, path = "/intake/files/{id}/check", tag = "intake", params(("id" = String, Path)),
    request_body = ImportInput, responses((status = 200, body = FileReportView), (status = 404), (status = 422)))]
pub(crate) async fn check(
    State(app): State<Arc<App>>,
    _: Signed,
    RequestLanguage(language): RequestLanguage,
    Path(id): Path<String>,
    Json(input): Json<ImportInput>,
) -> Result<Json<FileReportView>, Problem> {
    let (_, work) = prepare(&app, &id, &input.mapping, language).await?;
    let begun = Instant::now();
    let checking =
        move || run(&app, &id, &work, &Target::Nowhere(None), Some(CHECK_ROWS_MAX), &Check, &mut io::sink());
    match on_thread(checking).await.map_err(|error| Problem::internal("check a file", &error))? {
        Ok(report) => {
            let ended = if report.is_cut { "part" } else { "whole" };
            Ok(Json(FileReportView::of(&report, ended, None, begun.elapsed())))
        }
        Err((_, ImportError::Read(error))) => Err(unreadable(&error)),
        Err((_, error)) => Err(Problem::internal("check a file", &error)),
    }
}

/// Imports a file by a mapping: a job. Rows that are there already are left out, so it can be repeated.
#[utoipa::path(post, path = "/intake/files/{id}/import", tag = "intake", params(("id" = String, Path)),
    request_body = ImportInput, responses((status = 200, body = JobView), (status = 404), (status = 409), (status = 422)))]
pub(crate) async fn start(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Path(id): Path<String>,
    Json(input): Json<ImportInput>,
) -> Result<Json<JobView>, Problem> {
    let (upload, work) = prepare(&app, &id, &input.mapping, language).await?;
    let parameters =
        serde_json::json!({ "file": id, "name": upload.name, "mapping": input.mapping.summary() });
    let title = upload.name.clone();
    let (of_work, by_work) = (app.clone(), by.clone());
    let view = job::start(&app, &by, "file_import", title, &parameters, move |run| {
        work_off(of_work, by_work, upload, work, run)
    })
    .await?;
    Ok(Json(view))
}

async fn work_off(
    app: Arc<App>,
    by: Signed,
    upload: Upload,
    work: Work,
    job: JobRun,
) -> Result<serde_json::Value, JobError> {
    let begun = Instant::now();
    let (of_thread, id, run_of_job) = (app.clone(), upload.id.clone(), job.clone());
    let bytes = upload.bytes;
    let importing = move || {
        let app = of_thread;
        let watch =
            JobWatch { app: app.clone(), run: run_of_job, bytes, was_cancelled: AtomicBool::new(false) };
        let path = bad_rows_of(&app, &id);
        let created = File::create(&path);
        let mut bad_rows = match created {
            Ok(file) => BufWriter::new(file),
            Err(error) => return (Err((FileReport::default(), ImportError::Bad(error))), false),
        };
        let target = Target::Journal(&app.observations, &app.seen);
        let mut ended = run(&app, &id, &work, &target, None, &watch, &mut bad_rows);
        if let Err(error) = bad_rows.flush()
            && let Ok(report) = ended
        {
            ended = Err((report, ImportError::Bad(error)));
        }
        let has_bad = match &ended {
            Ok(report) | Err((report, _)) => report.bad_written > 0,
        };
        if !has_bad && let Err(error) = std::fs::remove_file(&path) {
            tracing::debug!(%error, "an empty list of bad rows was not removed");
        }
        (ended, watch.was_cancelled.into_inner())
    };
    let (ended, was_cancelled) =
        on_thread(importing).await.map_err(|error| JobError::internal("import a file", &error))?;
    let (report, word, problem) = match ended {
        Ok(report) => (report, if was_cancelled { "cancelled" } else { "whole" }, None),
        Err((report, error)) => {
            tracing::warn!(error = ?error, file = upload.name, "an import ended early");
            (report, "failed", Some(words::import_error(&error)))
        }
    };
    metrics::counter!("anchang_observations_total", "source" => "file", "kind" => "row")
        .increment(report.good);
    let view = FileReportView::of(&report, word, problem.clone(), begun.elapsed());
    if let Err(error) =
        by.audit(&app, "intake.import", &upload.id, &format!("{} {}", upload.name, view.summary())).await
    {
        tracing::error!(?error, "an import was not written into the audit");
    }
    let result = serde_json::to_value(&view).unwrap_or_default();
    keep_report(&app, &upload.id, view, job.id().0).await;
    // What was just stored is folded now, so that the next import begins at once.
    let behind = app.clone();
    let folded = on_thread(move || behind.seen.catch_up(&behind.observations, &|_| true)).await;
    if let Ok(Err(error)) = folded {
        tracing::warn!(%error, "the index of what was seen was not brought up to date");
    }
    match problem {
        Some((chinese, english)) => Err(JobError::Failed(chinese, english)),
        None if word == "cancelled" => Err(JobError::Cancelled),
        None => Ok(result),
    }
}
