//! Users, by administrators.

use crate::app::App;
use crate::problem::Problem;
use crate::session::{Administrator, UserView, user_view};
use crate::wire::List;
use axum::Json;
use axum::extract::{Path, State};
use records::{CreateUserError, PatchUserError, Role, UserId, UserPatch};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// A new user.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct UserInput {
    username: String,
    display_name: String,
    role: String,
}

/// What changes; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct UserChange {
    display_name: Option<String>,
    role: Option<String>,
    is_enabled: Option<bool>,
}

/// A user and the password that is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserWithPassword {
    user: UserView,
    /// Must be changed at the first sign-in.
    one_time_password: String,
}

/// All users.
#[utoipa::path(get, path = "/users", tag = "users", responses((status = 200, body = List<UserView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _: Administrator,
) -> Result<Json<List<UserView>>, Problem> {
    let items: Vec<UserView> = app.records.users().await?.iter().map(user_view).collect();
    Ok(Json(List { total: items.len() as u64, items }))
}

/// Creates a user; the one-time password is shown once.
#[utoipa::path(post, path = "/users", tag = "users", request_body = UserInput,
    responses((status = 200, body = UserWithPassword), (status = 409), (status = 422)))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Administrator(by): Administrator,
    Json(input): Json<UserInput>,
) -> Result<Json<UserWithPassword>, Problem> {
    let role = role_of(&input.role)?;
    let created = app.records.create_user(&input.username, &input.display_name, role, app.clock.now()).await;
    let (user, password) = created.map_err(|error| match error {
        CreateUserError::Taken => Problem::conflict("该用户名已被使用。", "This user name is taken."),
        CreateUserError::BadUsername => Problem::invalid(
            "用户名不得为空、过长或含有空格。",
            "A user name is short, visible and without spaces.",
        ),
        CreateUserError::Store(error) => error.into(),
    })?;
    by.audit(&app, "user.create", &user.username, user.role.key()).await?;
    Ok(Json(UserWithPassword { user: user_view(&user), one_time_password: password.reveal().to_string() }))
}

/// Changes a user.
#[utoipa::path(patch, path = "/users/{id}", tag = "users", params(("id" = i64, Path)), request_body = UserChange,
    responses((status = 200, body = UserView), (status = 404), (status = 409)))]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    Administrator(by): Administrator,
    Path(id): Path<i64>,
    Json(input): Json<UserChange>,
) -> Result<Json<UserView>, Problem> {
    let role = input.role.as_deref().map(role_of).transpose()?;
    let patch =
        UserPatch { display_name: input.display_name.map(Into::into), role, is_enabled: input.is_enabled };
    let user = app.records.patch_user(UserId(id), patch).await.map_err(|error| match error {
        PatchUserError::NotFound => no_such(),
        PatchUserError::LastAdministrator => {
            Problem::conflict("至少保留一名可用的系统管理员。", "One enabled administrator must remain.")
        }
        PatchUserError::Store(error) => error.into(),
    })?;
    let detail = format!("role {} enabled {}", user.role.key(), user.is_enabled);
    by.audit(&app, "user.change", &user.username, &detail).await?;
    Ok(Json(user_view(&user)))
}

/// Gives a user a new one-time password and ends the user's sessions.
#[utoipa::path(post, path = "/users/{id}/reset-password", tag = "users", params(("id" = i64, Path)),
    responses((status = 200, body = UserWithPassword), (status = 404)))]
pub(crate) async fn reset_password(
    State(app): State<Arc<App>>,
    Administrator(by): Administrator,
    Path(id): Path<i64>,
) -> Result<Json<UserWithPassword>, Problem> {
    let password = app.records.reset_password(UserId(id)).await?.ok_or_else(no_such)?;
    let user = app.records.user(UserId(id)).await?.ok_or_else(no_such)?;
    by.audit(&app, "user.reset_password", &user.username, "").await?;
    Ok(Json(UserWithPassword { user: user_view(&user), one_time_password: password.reveal().to_string() }))
}

fn role_of(word: &str) -> Result<Role, Problem> {
    Role::parse(word).ok_or_else(|| Problem::invalid("没有这个角色。", "There is no such role."))
}

fn no_such() -> Problem {
    Problem::not_found("没有这个用户。", "There is no such user.")
}
