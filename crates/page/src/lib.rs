//! The page, embedded in the binary: files by name, every other path the page itself, which routes in the browser.
//!
//! A room of its own, so that a change of the page compiles these few lines and not the API again.

use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

#[derive(rust_embed::Embed)]
#[folder = "../../ui/dist"]
#[allow_missing = true]
struct Files;

/// What the page may load: itself only. `blob:` and `data:` are for the map's workers and pictures.
const CONTENT_POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; \
    worker-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/// A file of the page, or the page itself.
pub fn serve(uri: &Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    let (name, is_asset) = match Files::get(path) {
        Some(_) if !path.is_empty() => (path, path.starts_with("assets/")),
        _ if path.starts_with("assets/") || path.starts_with("api/") => {
            return StatusCode::NOT_FOUND.into_response();
        }
        _ => ("index.html", false),
    };
    let Some(file) = Files::get(name) else {
        let text = "本程序编译时未包含页面。请先在 ui/ 中执行 npm ci && npm run build，再编译。\n\
                    This binary was built without the page: run npm ci && npm run build in ui/ first.\n";
        return (StatusCode::NOT_FOUND, text).into_response();
    };
    // Names of assets carry their hash, so they never change; the page itself is asked for each time.
    let cache = if is_asset { "public, max-age=31536000, immutable" } else { "no-cache" };
    let fields = [
        (header::CONTENT_TYPE, file.metadata.mimetype().to_string()),
        (header::CACHE_CONTROL, cache.to_string()),
        (header::CONTENT_SECURITY_POLICY, CONTENT_POLICY.to_string()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_string()),
        (header::REFERRER_POLICY, "same-origin".to_string()),
    ];
    (fields, file.data.into_owned()).into_response()
}
