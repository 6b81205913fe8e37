//! Attachments (照片): in by their bytes, once each, and out again. Only what is a picture by its own bytes is taken, whatever the
//! client calls it.

use crate::access::Signed;
use crate::app::App;
use crate::problem::Problem;
use crate::wire::parse_instant;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::Wgs84;
use domain::case::AttachmentId;
use records::AttachmentRecord;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Largest attachment, in bytes.
pub(crate) const ATTACHMENT_BYTES_MAX: usize = 10 << 20;
/// Free room that stays on the disk, in bytes: pictures don't fill what the journal needs.
const FREE_BYTES_MIN: u64 = 256 << 20;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct AttachmentQuery {
    /// As the file is called.
    name: Option<String>,
    /// When it was taken, RFC 3339.
    taken_at: Option<String>,
    /// Where it was taken, in degrees.
    lon: Option<f64>,
    lat: Option<f64>,
}

/// What was stored.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AttachmentView {
    /// SHA-256 of the bytes: sent twice it is one.
    id: String,
    media_type: &'static str,
    bytes: usize,
}

fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

fn path_of(app: &App, id: &str) -> PathBuf {
    // Not all in one folder.
    app.data_dir.join("attachments").join(id.get(..2).unwrap_or_default()).join(id)
}

/// Stores a picture.
#[utoipa::path(post, path = "/attachments", tag = "cases", params(AttachmentQuery),
    request_body(content = Vec<u8>, content_type = "image/jpeg"),
    responses((status = 200, body = AttachmentView), (status = 413), (status = 422)))]
pub(crate) async fn put(
    State(app): State<Arc<App>>,
    by: Signed,
    Query(query): Query<AttachmentQuery>,
    bytes: Bytes,
) -> Result<Json<AttachmentView>, Problem> {
    let Some(kind) = media_type(&bytes) else {
        by.audit(&app, "attachment.refused", query.name.as_deref().unwrap_or_default(), "not a picture")
            .await?;
        return Err(Problem::invalid(
            "只接受 JPEG、PNG、WebP 照片。",
            "Only pictures are taken: JPEG, PNG or WebP.",
        ));
    };
    if app.disk_free_bytes().is_some_and(|free| free < FREE_BYTES_MIN) {
        return Err(Problem::disk_full());
    }
    let id = crate::notice::channel::hex(&Sha256::digest(&bytes));
    let (path, length, content) = (path_of(&app, &id), bytes.len(), bytes);
    let write = tokio::task::spawn_blocking(move || keep(&path, &content)).await;
    match write {
        Ok(Ok(())) => {}
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::StorageFull => return Err(Problem::disk_full()),
        Ok(Err(error)) => return Err(Problem::internal("store a picture", &error)),
        Err(error) => return Err(Problem::internal("store a picture", &error)),
    }
    let name: String = query.name.unwrap_or_default().chars().take(100).collect();
    let record = AttachmentRecord {
        id: AttachmentId(id.as_str().into()),
        media_type: kind.into(),
        bytes_len: length as u64,
        name: name.into(),
        uploaded_by: by.user.username.clone(),
        uploaded_at: app.clock.now(),
        taken_at: query.taken_at.as_deref().and_then(parse_instant),
        location: query.lon.zip(query.lat).and_then(|(lon, lat)| Wgs84::new(lon, lat)),
    };
    app.records.put_attachment(&record).await?;
    by.audit(&app, "attachment.add", &id, kind).await?;
    Ok(Json(AttachmentView { id, media_type: kind, bytes: length }))
}

/// Whole or not at all: written under another name, then renamed.
fn keep(path: &std::path::Path, bytes: &[u8]) -> std::io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // A name of its own, so that two who send the same picture at once don't write into one another's file.
    let draft =
        path.with_extension(format!("{:?}.part", std::thread::current().id()).replace(['(', ')'], ""));
    let mut file = std::fs::File::create(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&draft, path)
}

/// One picture.
#[utoipa::path(get, path = "/attachments/{id}", tag = "cases", params(("id" = String, Path)),
    responses((status = 200, description = "image/jpeg, image/png or image/webp"), (status = 404)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    _: Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let is_name = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_name {
        return Err(no_such());
    }
    let bytes = tokio::fs::read(path_of(&app, &id)).await.map_err(|_| no_such())?;
    let kind = media_type(&bytes).ok_or_else(no_such)?;
    let fields = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "private, max-age=86400, immutable")];
    Ok((fields, bytes).into_response())
}

fn no_such() -> Problem {
    Problem::not_found("没有这张照片。", "There is no such picture.")
}
