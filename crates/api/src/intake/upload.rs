//! Files that were sent in: straight to the disk, kept for a bounded time, removed whole.

use crate::access::Signed;
use crate::app::App;
use crate::intake::view::{FileReportView, LastReport};
use crate::problem::Problem;
use crate::wire::{attachment, instant, new_id};
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use domain::Timestamp;
use domain::time::DAY_MS;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use utoipa::{IntoParams, ToSchema};

/// Largest file, in bytes.
pub(crate) const UPLOAD_BYTES_MAX: u64 = 4 << 30;
/// Bytes of all files that are kept.
const UPLOADS_BYTES_MAX: u64 = 16 << 30;
/// Files that are kept.
const UPLOADS_MAX: usize = 100;
/// How long a file is kept.
const KEPT_MS: i64 = 3 * DAY_MS;
/// Bytes that must stay free: what devices send comes first.
const FREE_BYTES_MIN: u64 = 2 << 30;
/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 200;

/// A file that was sent in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) uploaded_by: String,
    pub(crate) uploaded_ms: i64,
}

/// A file that was sent in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UploadView {
    id: String,
    /// As it was called on the sender's disk.
    name: String,
    bytes: u64,
    uploaded_by: String,
    uploaded_at: String,
    /// When it is removed.
    kept_until: String,
    /// What its last import gave.
    last: Option<LastReport>,
}

/// All files that are kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UploadList {
    items: Vec<UploadView>,
    /// Largest file that is taken.
    upload_bytes_max: u64,
}

#[derive(Debug, Deserialize, IntoParams)]
pub(crate) struct UploadQuery {
    /// Its name on the sender's disk.
    name: String,
}

impl Upload {
    fn at(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.uploaded_ms)
    }

    pub(crate) async fn view(self, app: &App) -> UploadView {
        let last = read_json(&folder_of(app, &self.id).join("report.json")).await;
        UploadView {
            uploaded_at: instant(self.at()),
            kept_until: instant(self.at().plus_ms(KEPT_MS)),
            id: self.id,
            name: self.name,
            bytes: self.bytes,
            uploaded_by: self.uploaded_by,
            last,
        }
    }
}

fn folder(app: &App) -> PathBuf {
    app.data_dir.join("uploads")
}

pub(crate) fn folder_of(app: &App, id: &str) -> PathBuf {
    folder(app).join(id)
}

/// The content of a file.
pub(crate) fn content_of(app: &App, id: &str) -> PathBuf {
    folder_of(app, id).join("content")
}

/// Its bad rows.
pub(crate) fn bad_rows_of(app: &App, id: &str) -> PathBuf {
    folder_of(app, id).join("bad-rows.csv")
}

async fn read_json<T: serde::de::DeserializeOwned>(path: &std::path::Path) -> Option<T> {
    serde_json::from_slice(&tokio::fs::read(path).await.ok()?).ok()
}

/// The file of an identity that a client sent.
pub(crate) async fn find(app: &App, id: &str) -> Result<Upload, Problem> {
    let is_id = id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let found = if is_id { read_json(&folder_of(app, id).join("about.json")).await } else { None };
    found.ok_or_else(|| {
        Problem::not_found(
            "没有这个文件，或已超过保存期限，请重新上传。",
            "There is no such file, or it was kept long enough. Send it again.",
        )
    })
}

/// Keeps what an import gave, beside its file.
pub(crate) async fn keep_report(app: &App, id: &str, report: FileReportView, job_id: i64) {
    let last = LastReport { job_id, at: instant(app.clock.now()), report };
    let path = folder_of(app, id).join("report.json");
    let json = serde_json::to_vec(&last).unwrap_or_default();
    if let Err(error) = tokio::fs::write(path, json).await {
        // Removed meanwhile, or the disk is full: the job has the report too.
        tracing::warn!(%error, id, "the report of an import was not kept");
    }
}

async fn all(app: &App) -> Vec<Upload> {
    let mut found: Vec<Upload> = Vec::new();
    let Ok(mut entries) = tokio::fs::read_dir(folder(app)).await else { return found };
    while let Ok(Some(entry)) = entries.next_entry().await {
        found.extend(read_json::<Upload>(&entry.path().join("about.json")).await);
    }
    found.sort_by_key(|upload| std::cmp::Reverse(upload.uploaded_ms));
    found
}

/// Removes files that were kept long enough, and what a broken upload left; called now and then by the binary.
pub async fn forget_old_uploads(app: &App) {
    let Ok(mut entries) = tokio::fs::read_dir(folder(app)).await else { return };
    let now = app.clock.now();
    while let Ok(Some(entry)) = entries.next_entry().await {
        let about = read_json::<Upload>(&entry.path().join("about.json")).await;
        let is_old = if let Some(upload) = about {
            now.ms_since(upload.at()) > KEPT_MS
        } else {
            // Being sent in, or cut off: nobody sends for a day.
            let modified = entry.metadata().await.ok().and_then(|about| about.modified().ok());
            modified.and_then(|at| at.elapsed().ok()).is_some_and(|age| age.as_millis() as i64 > DAY_MS)
        };
        if is_old && let Err(error) = tokio::fs::remove_dir_all(entry.path()).await {
            tracing::warn!(%error, path = %entry.path().display(), "an old upload was not removed");
        }
    }
}

/// Files that are kept, newest first.
#[utoipa::path(get, path = "/intake/files", tag = "intake", responses((status = 200, body = UploadList)))]
pub(crate) async fn list(State(app): State<Arc<App>>, _: Signed) -> Json<UploadList> {
    forget_old_uploads(&app).await;
    let mut items = Vec::new();
    for upload in all(&app).await {
        items.push(upload.view(&app).await);
    }
    Json(UploadList { items, upload_bytes_max: UPLOAD_BYTES_MAX })
}

/// Takes a file in: CSV, XLSX, XLS, ODS or Parquet, up to 4 GiB. The body is the file.
#[utoipa::path(post, path = "/intake/files", tag = "intake", params(UploadQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = UploadView), (status = 413), (status = 422), (status = 507)))]
pub(crate) async fn upload(
    State(app): State<Arc<App>>,
    by: Signed,
    Query(query): Query<UploadQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<UploadView>, Problem> {
    forget_old_uploads(&app).await;
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let announced: u64 = announced.and_then(|text| text.parse().ok()).unwrap_or(0);
    if announced > UPLOAD_BYTES_MAX {
        return Err(too_large());
    }
    let kept = all(&app).await;
    let kept_bytes: u64 = kept.iter().map(|upload| upload.bytes).sum();
    if kept.len() >= UPLOADS_MAX || kept_bytes.saturating_add(announced) > UPLOADS_BYTES_MAX {
        return Err(Problem::conflict(
            "已上传的文件过多，请先删除不再需要的文件。",
            "Too many files are kept. Remove those that are no longer needed.",
        ));
    }
    if app.disk_free_bytes().is_some_and(|free| free < announced.saturating_add(FREE_BYTES_MIN)) {
        return Err(Problem::disk_full());
    }
    let now = app.clock.now();
    let id = new_id("upload", &format!("{} {}", by.user.username, query.name), now);
    let folder = folder_of(&app, &id);
    let received = receive(&app, &id, body).await;
    let written = match received {
        Ok(bytes) => {
            let upload = Upload {
                id: id.clone(),
                name: query.name.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect(),
                bytes,
                uploaded_by: by.user.username.to_string(),
                uploaded_ms: now.unix_ms(),
            };
            let json = serde_json::to_vec(&upload).unwrap_or_default();
            tokio::fs::write(folder.join("about.json"), json)
                .await
                .map(|()| upload)
                .map_err(|error| fault(&error))
        }
        Err(problem) => Err(problem),
    };
    match written {
        Ok(upload) => {
            by.audit(&app, "intake.upload", &id, &format!("{} {} bytes", upload.name, upload.bytes)).await?;
            Ok(Json(upload.view(&app).await))
        }
        Err(problem) => {
            if let Err(error) = tokio::fs::remove_dir_all(&folder).await {
                tracing::warn!(%error, id, "a broken upload was not removed");
            }
            Err(problem)
        }
    }
}

async fn receive(app: &App, id: &str, body: Body) -> Result<u64, Problem> {
    let path = content_of(app, id);
    tokio::fs::create_dir_all(folder_of(app, id)).await.map_err(|error| fault(&error))?;
    let file = tokio::fs::File::create(path).await.map_err(|error| fault(&error))?;
    let mut file = tokio::io::BufWriter::with_capacity(1 << 20, file);
    let mut stream = body.into_data_stream();
    let mut bytes = 0u64;
    let mut checked = 0u64;
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|_| {
            Problem::invalid("上传中断，请重新上传。", "The upload was cut off. Send the file again.")
        })?;
        bytes += piece.len() as u64;
        if bytes > UPLOAD_BYTES_MAX {
            return Err(too_large());
        }
        if bytes - checked > 64 << 20 {
            checked = bytes;
            if app.disk_free_bytes().is_some_and(|free| free < FREE_BYTES_MIN) {
                return Err(Problem::disk_full());
            }
        }
        file.write_all(&piece).await.map_err(|error| fault(&error))?;
    }
    file.flush().await.map_err(|error| fault(&error))?;
    if bytes == 0 {
        return Err(Problem::invalid("文件是空的。", "The file is empty."));
    }
    Ok(bytes)
}

fn fault(error: &io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Problem::disk_full(),
        _ => Problem::internal("take a file in", error),
    }
}

fn too_large() -> Problem {
    Problem::too_large("文件超过 4 GB，请拆分后上传。", "The file is larger than 4 GiB. Send it in parts.")
}

/// One file, with what its last import gave.
#[utoipa::path(get, path = "/intake/files/{id}", tag = "intake", params(("id" = String, Path)),
    responses((status = 200, body = UploadView), (status = 404)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    _: Signed,
    Path(id): Path<String>,
) -> Result<Json<UploadView>, Problem> {
    Ok(Json(find(&app, &id).await?.view(&app).await))
}

/// Removes a file. What was imported from it stays.
#[utoipa::path(delete, path = "/intake/files/{id}", tag = "intake", params(("id" = String, Path)),
    responses((status = 204), (status = 404)))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let upload = find(&app, &id).await?;
    tokio::fs::remove_dir_all(folder_of(&app, &id)).await.map_err(|error| fault(&error))?;
    by.audit(&app, "intake.remove", &id, &upload.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The bad rows of the last import as CSV, with number and fault behind each: to be mended and imported.
#[utoipa::path(get, path = "/intake/files/{id}/bad-rows", tag = "intake", params(("id" = String, Path)),
    responses((status = 200, description = "text/csv"), (status = 404)))]
pub(crate) async fn bad_rows(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<String>,
) -> Result<axum::response::Response, Problem> {
    let upload = find(&app, &id).await?;
    let file = tokio::fs::File::open(bad_rows_of(&app, &id)).await.map_err(|_| {
        Problem::not_found("没有错误行：尚未导入，或全部成功。", "There are no bad rows of it.")
    })?;
    by.audit(&app, "intake.bad_rows", &id, &upload.name).await?;
    let stem = upload.name.rsplit_once('.').map_or(upload.name.as_str(), |(stem, _)| stem);
    axum::response::Response::builder()
        .header(header::CONTENT_TYPE, "text/csv; charset=utf-8")
        .header(header::CONTENT_DISPOSITION, attachment(&format!("{stem}-错误行.csv")))
        .body(Body::from_stream(pieces(file)))
        .map_err(|error| Problem::internal("hand out bad rows", &error))
}

fn pieces(file: tokio::fs::File) -> impl futures_util::Stream<Item = io::Result<bytes::Bytes>> {
    const PIECE_BYTES: usize = 256 << 10;
    futures_util::stream::unfold(file, |mut file| async move {
        let mut piece = bytes::BytesMut::with_capacity(PIECE_BYTES);
        match tokio::io::AsyncReadExt::read_buf(&mut file, &mut piece).await {
            Ok(0) => None,
            Ok(_) => Some((Ok(piece.freeze()), file)),
            Err(error) => Some((Err(error), file)),
        }
    })
}
