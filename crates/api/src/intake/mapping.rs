//! Mappings that are kept by name, for the next file of the same system.

use crate::access::Signed;
use crate::app::App;
use crate::intake::view::MappingBody;
use crate::problem::Problem;
use crate::wire::{List, instant};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use records::MappingRecord;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 60;

/// A mapping that is kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MappingView {
    pub(crate) name: String,
    /// The head of the files that it is for.
    pub(crate) head: Vec<String>,
    pub(crate) mapping: MappingBody,
    changed_by: String,
    changed_at: String,
}

/// A mapping to be kept.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct MappingInput {
    /// The head of the files that it is for.
    head: Vec<String>,
    mapping: MappingBody,
}

/// The mappings that can still be read, newest first.
pub(crate) async fn all(app: &App) -> Result<Vec<MappingView>, Problem> {
    let view = |record: MappingRecord| {
        Some(MappingView {
            mapping: serde_json::from_str(&record.body).ok()?,
            name: record.name,
            head: record.head,
            changed_by: record.changed_by.to_string(),
            changed_at: instant(record.changed_at),
        })
    };
    Ok(app.records.mappings().await?.into_iter().filter_map(view).collect())
}

/// Mappings that are kept, newest first.
#[utoipa::path(get, path = "/intake/mappings", tag = "intake", responses((status = 200, body = List<MappingView>)))]
pub(crate) async fn list(State(app): State<Arc<App>>, _: Signed) -> Result<Json<List<MappingView>>, Problem> {
    let items = all(&app).await?;
    Ok(Json(List { total: items.len() as u64, items }))
}

/// Keeps a mapping under a name; one of the same name is replaced.
#[utoipa::path(put, path = "/intake/mappings/{name}", tag = "intake", params(("name" = String, Path)),
    request_body = MappingInput, responses((status = 204), (status = 422)))]
pub(crate) async fn put(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(name): Path<String>,
    Json(input): Json<MappingInput>,
) -> Result<StatusCode, Problem> {
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        return Err(Problem::invalid(
            format!("名称须为 1 至 {NAME_CHARS_MAX} 个字。"),
            format!("A name has 1 to {NAME_CHARS_MAX} characters."),
        ));
    }
    input.mapping.mapping()?;
    let record = MappingRecord {
        name: name.clone(),
        head: input.head,
        body: serde_json::to_string(&input.mapping).unwrap_or_default(),
        changed_by: by.user.username.clone(),
        changed_at: app.clock.now(),
    };
    app.records.put_mapping(&record).await?;
    by.audit(&app, "intake.mapping", &name, &input.mapping.summary().to_string()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets a mapping.
#[utoipa::path(delete, path = "/intake/mappings/{name}", tag = "intake", params(("name" = String, Path)),
    responses((status = 204), (status = 404)))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    if !app.records.remove_mapping(&name).await? {
        return Err(Problem::not_found("没有这个映射。", "There is no such mapping."));
    }
    by.audit(&app, "intake.mapping_remove", &name, "").await?;
    Ok(StatusCode::NO_CONTENT)
}
