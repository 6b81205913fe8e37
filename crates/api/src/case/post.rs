//! Posts and patrols (岗点、巡逻组).

use super::dispatch::busy;
use super::road::Engaged;
use super::view::{PersonRef, UnitRef, person_ref, unit_ref};
use crate::access::Signed;
use crate::app::App;
use crate::problem::{Problem, RequestLanguage};
use crate::wire::{Language, instant};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::people::UnitId;
use domain::{Permission, Wgs84};
use records::{Post, PostKind, PostState};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::sync::Arc;
use utoipa::ToSchema;

/// A post or patrol.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PostView {
    id: i64,
    name: String,
    unit: UnitRef,
    /// `fixed`, `patrol`.
    kind: &'static str,
    /// `on_duty`, `busy`, `off`. One whose crew has signed an order is busy until the order is over.
    state: &'static str,
    /// The order that its crew has signed.
    busy_with: Option<String>,
    lon: f64,
    lat: f64,
    crew: Vec<PersonRef>,
    updated_at: String,
}

/// A post as somebody sets it up or changes it.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PostInput {
    name: String,
    unit: i64,
    kind: String,
    state: String,
    lon: f64,
    lat: f64,
    #[serde(default)]
    crew: Vec<String>,
}

pub(super) fn post_view(app: &App, post: &Post, busy: Option<&Engaged>, language: Language) -> PostView {
    let state = match (post.state, busy) {
        (PostState::OnDuty, Some(_)) => PostState::Busy,
        (state, _) => state,
    };
    let office = app.office.load();
    PostView {
        id: post.id,
        name: post.name.to_string(),
        unit: unit_ref(&office, post.unit),
        kind: post.kind.key(),
        state: state.key(),
        busy_with: busy.map(|busy| busy.order.to_string()),
        lon: post.location.lon_deg(),
        lat: post.location.lat_deg(),
        crew: post.crew.iter().map(|person| person_ref(&office, person, language)).collect(),
        updated_at: instant(post.updated_at),
    }
}

/// All posts.
#[utoipa::path(get, path = "/posts", tag = "dispatch", responses((status = 200, body = Vec<PostView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _: Signed,
    RequestLanguage(language): RequestLanguage,
) -> Result<Json<Vec<PostView>>, Problem> {
    let posts = app.records.posts().await?;
    let engaged = app.orders.engaged(app.clock.now());
    let view = |post: &Post| post_view(&app, post, busy(post, &engaged), language);
    Ok(Json(posts.iter().map(view).collect()))
}

fn post_of(app: &App, by: &Signed, id: i64, input: &PostInput) -> Result<Post, Problem> {
    let name = input.name.trim();
    let unit = UnitId(input.unit);
    let office = app.office.load();
    let is_known = office.desk.units.get(unit).is_some();
    let (Some(kind), Some(state)) = (PostKind::parse(&input.kind), PostState::parse(&input.state)) else {
        return Err(Problem::invalid("岗点类型或状态有误。", "There is no such kind or state."));
    };
    let Some(location) = Wgs84::new(input.lon, input.lat) else {
        return Err(Problem::invalid("位置有误。", "The place is not on the earth."));
    };
    if name.is_empty() || name.chars().count() > 64 || !is_known || input.crew.len() > 50 {
        return Err(Problem::invalid(
            "请填写名称（64 字以内）并选择单位，人员不超过 50 名。",
            "Give a name of at most 64 characters, a unit, and at most 50 people.",
        ));
    }
    if !by.scope().covers(&office.desk.path(unit)) {
        return Err(Problem::forbidden());
    }
    let crew = input.crew.iter().map(SmolStr::new).collect();
    Ok(Post { id, name: name.into(), unit, kind, state, location, crew, updated_at: app.clock.now() })
}

/// Sets up a post.
#[utoipa::path(post, path = "/posts", tag = "dispatch", request_body = PostInput, responses((status = 200, body = PostView), (status = 422)))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Json(input): Json<PostInput>,
) -> Result<Json<PostView>, Problem> {
    by.require(Permission::Dispatch)?;
    store(&app, &by, 0, input, language).await
}

/// Changes a post: where it is, whether it is free. Its own people may, too.
#[utoipa::path(put, path = "/posts/{id}", tag = "dispatch", params(("id" = i64, Path)), request_body = PostInput,
    responses((status = 200, body = PostView), (status = 404), (status = 422)))]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Path(id): Path<i64>,
    Json(input): Json<PostInput>,
) -> Result<Json<PostView>, Problem> {
    if !by.may(Permission::Dispatch) {
        by.require(Permission::Intercept)?;
        let posts = app.records.posts().await?;
        let is_crew = posts.iter().any(|post| post.id == id && post.crew.contains(&by.user.username));
        if !is_crew {
            return Err(Problem::forbidden());
        }
    }
    store(&app, &by, id, input, language).await
}

async fn store(
    app: &Arc<App>,
    by: &Signed,
    id: i64,
    input: PostInput,
    language: Language,
) -> Result<Json<PostView>, Problem> {
    let post = app.records.put_post(&post_of(app, by, id, &input)?).await?.ok_or_else(no_such)?;
    by.audit(app, "post.put", &post.id.to_string(), &format!("{} {}", post.name, post.state.key())).await?;
    let engaged = app.orders.engaged(app.clock.now());
    Ok(Json(post_view(app, &post, busy(&post, &engaged), language)))
}

/// Removes a post.
#[utoipa::path(delete, path = "/posts/{id}", tag = "dispatch", params(("id" = i64, Path)), responses((status = 204), (status = 404)))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let posts = app.records.posts().await?;
    let post = posts.iter().find(|post| post.id == id).ok_or_else(no_such)?;
    if !by.scope().covers(&app.office.load().desk.path(post.unit)) {
        return Err(Problem::forbidden());
    }
    app.records.remove_post(id).await?;
    by.audit(&app, "post.remove", &id.to_string(), &post.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn no_such() -> Problem {
    Problem::not_found("没有这个岗点。", "There is no such post.")
}
