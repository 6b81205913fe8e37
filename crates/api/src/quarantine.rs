//! The quarantine: what devices sent that could not be read, with its reason.

use crate::access::Signed;
use crate::app::App;
use crate::device::parse_kind;
use crate::problem::Problem;
use crate::wire::{Paging, instant, parse_instant};
use axum::Json;
use axum::extract::{Path, Query, State};
use records::{QuarantineFilter, QuarantineLine, Window};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// A line of the quarantine.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuarantineView {
    id: i64,
    at: String,
    /// `camera` or `terminal`.
    source: &'static str,
    device_id: Option<String>,
    address: String,
    /// A stable word.
    reason: String,
    detail: String,
    bytes_len: u64,
}

/// The quarantine in pages, and how much there is of what.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuarantineList {
    items: Vec<QuarantineView>,
    total: u64,
    counts_by_reason: BTreeMap<String, u64>,
}

/// One message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuarantinedView {
    #[serde(flatten)]
    line: QuarantineView,
    /// Its first bytes.
    hex: String,
    /// The same as text, where it is text.
    text: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct QuarantineQuery {
    source: Option<String>,
    reason: Option<String>,
    since: Option<String>,
    limit: Option<u64>,
    offset: Option<u64>,
}

fn view(line: QuarantineLine) -> QuarantineView {
    QuarantineView {
        id: line.id,
        at: instant(line.at),
        source: line.source.key(),
        device_id: line.device.map(|id| id.to_string()),
        address: line.address.to_string(),
        reason: line.reason.to_string(),
        detail: line.detail,
        bytes_len: line.bytes_len,
    }
}

/// What could not be read, newest first.
#[utoipa::path(get, path = "/quarantine", tag = "devices", params(QuarantineQuery),
    responses((status = 200, body = QuarantineList)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _: Signed,
    Query(query): Query<QuarantineQuery>,
) -> Result<Json<QuarantineList>, Problem> {
    let source = query.source.as_deref().filter(|word| !word.is_empty()).map(parse_kind).transpose()?;
    let since = query.since.as_deref().and_then(parse_instant);
    let all = QuarantineFilter { source, reason: None, since };
    let filter = QuarantineFilter { reason: query.reason.filter(|word| !word.is_empty()), ..all.clone() };
    let paging = Paging { limit: query.limit, offset: query.offset, sort: None };
    let page =
        app.records.quarantine(&filter, Window { offset: paging.offset(), limit: paging.limit() }).await?;
    let counts = app.records.quarantine_counts(&all).await?;
    Ok(Json(QuarantineList {
        items: page.items.into_iter().map(view).collect(),
        total: page.total,
        counts_by_reason: counts.into_iter().map(|(reason, count)| (reason.to_string(), count)).collect(),
    }))
}

/// One message with its bytes.
#[utoipa::path(get, path = "/quarantine/{id}", tag = "devices", params(("id" = i64, Path)),
    responses((status = 200, body = QuarantinedView), (status = 404)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    _: Signed,
    Path(id): Path<i64>,
) -> Result<Json<QuarantinedView>, Problem> {
    let found = app.records.quarantined(id).await?;
    let (line, bytes) = found.ok_or_else(|| {
        Problem::not_found("没有这条隔离记录，或已超过保存上限。", "There is no such message any more.")
    })?;
    let hex = bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("writing to a string can't fail");
        hex
    });
    let text = String::from_utf8(bytes).ok();
    Ok(Json(QuarantinedView { line: view(line), hex, text }))
}
