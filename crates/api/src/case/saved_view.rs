//! Saved views (常用筛选) of lists.

use crate::access::Signed;
use crate::app::App;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use records::SavedView;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
pub(crate) struct PageQuery {
    /// The page whose views are asked for.
    page: String,
}

/// A saved view.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SavedViewView {
    id: i64,
    name: String,
    /// The query of the page's address.
    query: String,
    is_shared: bool,
    is_mine: bool,
}

/// A view that is to be saved.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SavedViewInput {
    page: String,
    name: String,
    query: String,
    #[serde(default)]
    is_shared: bool,
}

fn view(by: &Signed, view: SavedView) -> SavedViewView {
    SavedViewView {
        id: view.id,
        is_mine: view.owner == by.user.username,
        name: view.name.into(),
        query: view.query.into(),
        is_shared: view.is_shared,
    }
}

/// Views of a page: one's own and shared ones.
#[utoipa::path(get, path = "/views", tag = "views", params(PageQuery), responses((status = 200, body = Vec<SavedViewView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    by: Signed,
    Query(query): Query<PageQuery>,
) -> Result<Json<Vec<SavedViewView>>, Problem> {
    let views = app.records.views(&query.page, &by.user.username).await?;
    Ok(Json(views.into_iter().map(|it| view(&by, it)).collect()))
}

/// Saves a view.
#[utoipa::path(post, path = "/views", tag = "views", request_body = SavedViewInput,
    responses((status = 200, body = SavedViewView), (status = 422)))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    by: Signed,
    Json(input): Json<SavedViewInput>,
) -> Result<Json<SavedViewView>, Problem> {
    let name = input.name.trim();
    let is_fine =
        (1..=40).contains(&name.chars().count()) && input.query.len() <= 2_000 && input.page.len() <= 64;
    if !is_fine {
        return Err(Problem::invalid("请填写名称（40 字以内）。", "Give a name of at most 40 characters."));
    }
    let new = SavedView {
        id: 0,
        page: input.page.into(),
        name: name.into(),
        query: input.query.into(),
        owner: by.user.username.clone(),
        is_shared: input.is_shared,
    };
    let saved = app.records.add_view(&new, app.clock.now()).await?;
    let saved = saved.ok_or_else(|| {
        Problem::invalid(
            "常用筛选已达 100 个，请先删除不用的。",
            "There are 100 saved views; remove some first.",
        )
    })?;
    Ok(Json(view(&by, saved)))
}

/// Removes one's own view.
#[utoipa::path(delete, path = "/views/{id}", tag = "views", params(("id" = i64, Path)), responses((status = 204), (status = 404)))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let is_gone = app.records.remove_view(id, &by.user.username).await?;
    if is_gone {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::not_found("没有这个常用筛选。", "There is no such view of yours."))
}
