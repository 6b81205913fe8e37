//! The audit: who did and looked up what, when.

use crate::access::Signed;
use crate::app::App;
use crate::job::{self, JobError, JobView};
use crate::problem::Problem;
use crate::wire::{Paging, instant, parse_instant};
use axum::Json;
use axum::extract::{Query, State};
use domain::Timestamp;
use records::{AUDIT_COUNT_MAX, AuditFilter, AuditVerdict, Window};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// A row of the audit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditView {
    id: i64,
    at: String,
    actor: String,
    action: String,
    target: String,
    detail: String,
    address: Option<String>,
}

/// Part of the audit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditList {
    items: Vec<AuditView>,
    /// Rows that match; counted no further than ten thousand.
    total: u64,
    /// Whether there are no more than that.
    is_total_exact: bool,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct AuditQuery {
    /// Beginning of the target.
    q: Option<String>,
    actor: Option<String>,
    action: Option<String>,
    /// Then or later.
    since: Option<String>,
    /// Before.
    until: Option<String>,
    limit: Option<u64>,
    offset: Option<u64>,
}

/// The audit, newest first.
#[utoipa::path(get, path = "/audit", tag = "system", params(AuditQuery),
    responses((status = 200, body = AuditList)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _: Signed,
    Query(query): Query<AuditQuery>,
) -> Result<Json<AuditList>, Problem> {
    let word = |text: Option<String>| text.filter(|text| !text.is_empty());
    let filter = AuditFilter {
        actor: word(query.actor),
        action: word(query.action),
        q: word(query.q),
        since: query.since.as_deref().map(time_of).transpose()?,
        until: query.until.as_deref().map(time_of).transpose()?,
    };
    let paging = Paging { limit: query.limit, offset: query.offset, sort: None };
    let page = app.records.audit(&filter, Window { offset: paging.offset(), limit: paging.limit() }).await?;
    let items = page
        .items
        .into_iter()
        .map(|row| AuditView {
            id: row.id,
            at: instant(row.entry.at),
            actor: row.entry.actor.to_string(),
            action: row.entry.action.to_string(),
            target: row.entry.target.to_string(),
            detail: row.entry.detail,
            address: row.entry.address.map(|address| address.to_string()),
        })
        .collect();
    let is_total_exact = page.total <= AUDIT_COUNT_MAX;
    Ok(Json(AuditList { items, total: page.total.min(AUDIT_COUNT_MAX), is_total_exact }))
}

fn time_of(text: &str) -> Result<Timestamp, Problem> {
    parse_instant(text).ok_or_else(|| Problem::invalid("时间有误。", "since or until is no instant."))
}

/// Follows the chain of hashes from the first row to the last, as a job. Its result says whether each row is as it was
/// written: `intact` with the number of rows and the last hash, to be compared with one noted elsewhere; or `broken_at`, the
/// first row that was changed, or before which one was removed or put in.
#[utoipa::path(post, path = "/audit/verify", tag = "system", responses((status = 200, body = JobView)))]
pub(crate) async fn verify(State(app): State<Arc<App>>, by: Signed) -> Result<Json<JobView>, Problem> {
    let records = app.records.clone();
    let parameters = json!({});
    let view = job::start(&app, &by, "audit_verify", String::new(), &parameters, |run| async move {
        let verdict = records.verify_audit(&mut |rows| run.progress(rows, None)).await?;
        run.check()?;
        Ok::<_, JobError>(match verdict {
            AuditVerdict::Intact { rows, last_hash } => {
                json!({ "is_intact": true, "rows": rows, "last_hash": last_hash })
            }
            AuditVerdict::Broken { id } => json!({ "is_intact": false, "broken_at": id }),
        })
    });
    Ok(Json(view.await?))
}
