//! Pictures: from the picture journal, or fetched from the camera that keeps them.

use crate::access::Signed;
use crate::app::App;
use crate::problem::Problem;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use journal::{Offset, ReadError};
use std::net::IpAddr;
use std::sync::Arc;

/// Largest picture fetched from a camera, in bytes.
const FETCHED_BYTES_MAX: usize = 8 << 20;

/// One picture.
#[utoipa::path(get, path = "/pictures/{id}", tag = "pictures", params(("id" = String, Path)),
    responses((status = 200, description = "image/jpeg or image/png"), (status = 404)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    _: Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let bytes = match id.split_at_checked(1) {
        Some(("j", offset)) => kept(&app, offset).await?,
        Some(("u", url)) => fetched(&app, url).await?,
        _ => return Err(no_such()),
    };
    // Only what is a picture goes out as one: a camera may have sent anything.
    let kind = match bytes.as_slice() {
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        _ => return Err(no_such()),
    };
    let fields = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "private, max-age=86400, immutable")];
    Ok((fields, bytes).into_response())
}

async fn kept(app: &Arc<App>, offset: &str) -> Result<Vec<u8>, Problem> {
    let offset = Offset::new(offset.parse().map_err(|_| no_such())?);
    let journal = Arc::clone(&app.pictures);
    let read = tokio::task::spawn_blocking(move || journal.read_at(offset)).await;
    match read {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(ReadError::Io { .. })) | Err(_) => Err(Problem::busy()),
        Ok(Err(_)) => Err(no_such()),
    }
}

/// Fetches only from addresses at which a registered camera or platform speaks, so that nobody uses the server to look
/// around.
async fn fetched(app: &App, url: &str) -> Result<Vec<u8>, Problem> {
    let url: reqwest::Url = url.parse().map_err(|_| no_such())?;
    let host: Option<IpAddr> = url.host_str().and_then(|host| host.parse().ok());
    // Other platforms speak as cameras do.
    let is_known = host.is_some_and(|host| {
        let present = app.presence.all();
        present.iter().any(|((kind, _), device)| kind.is_camera() && device.address.ip() == host)
    });
    if url.scheme() != "http" || !is_known {
        return Err(no_such());
    }
    let answer = app.fetcher.get(url).send().await.map_err(|_| unreachable_camera())?;
    if !answer.status().is_success() {
        return Err(no_such());
    }
    let mut body = answer.bytes_stream();
    let mut bytes = Vec::new();
    while let Some(part) = body.next().await {
        bytes.extend_from_slice(&part.map_err(|_| unreachable_camera())?);
        if bytes.len() > FETCHED_BYTES_MAX {
            return Err(no_such());
        }
    }
    Ok(bytes)
}

fn no_such() -> Problem {
    Problem::not_found(
        "没有这张图片，或已超过保存期限。",
        "There is no such picture, or its retention has ended.",
    )
}

fn unreachable_camera() -> Problem {
    Problem::not_found(
        "图片存放在相机上，暂时无法读取。",
        "The camera keeps this picture and can't be reached now.",
    )
}
