//! Users. The system administrator keeps accounts, the security administrator gives roles and lets in; nobody gives
//! roles to oneself.

use crate::access::Signed;
use crate::app::App;
use crate::problem::Problem;
use crate::session::{SessionRowView, no_such_session, sessions_of};
use crate::unit::{given, word};
use crate::wire::{List, instant, parse_instant};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use domain::people::{Permission, Role, RoleSet, UnitId, UnitPath};
use domain::time::DAY_MS;
use records::{CreateUserError, Duty, NewUser, PatchUserError, User, UserId, UserPatch};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Longest turn of duty.
const DUTY_MS_MAX: i64 = 7 * DAY_MS;

/// A turn of duty.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DutyView {
    from: String,
    until: String,
}

/// A user, as administrators see them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserView {
    id: i64,
    username: String,
    display_name: String,
    /// Keys of roles, see `GET /roles`.
    roles: Vec<&'static str>,
    /// The unit; none for who stands above all units.
    unit_id: Option<i64>,
    unit_name: Option<String>,
    phone: Option<String>,
    /// Post, as people say it.
    post: Option<String>,
    /// The present or next turn of duty.
    duty: Option<DutyView>,
    is_on_duty: bool,
    is_enabled: bool,
    pub(crate) must_change_password: bool,
    /// Whether a code is asked for beside the password.
    has_totp: bool,
    /// Until when log-ins are refused after wrong passwords.
    locked_until: Option<String>,
    created_at: String,
    last_login_at: Option<String>,
}

/// Who somebody is, for those who hand out work.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonView {
    username: String,
    display_name: String,
    unit_id: Option<i64>,
    unit_name: Option<String>,
    phone: Option<String>,
    post: Option<String>,
    is_on_duty: bool,
    roles: Vec<&'static str>,
}

/// A new user. Roles are given by the security administrator.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct UserInput {
    username: String,
    display_name: String,
    unit_id: Option<i64>,
    phone: Option<String>,
    post: Option<String>,
}

/// What changes; what is left out stays, `null` empties.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[expect(clippy::option_option, reason = "left out, emptied or set")]
pub(crate) struct UserChange {
    display_name: Option<String>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<i64>)]
    unit_id: Option<Option<i64>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    phone: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    post: Option<Option<String>>,
    is_enabled: Option<bool>,
}

/// The roles that a user shall have.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct RolesInput {
    roles: Vec<String>,
}

/// A turn of duty; both left out ends it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct DutyInput {
    from: Option<String>,
    until: Option<String>,
}

/// A user and the password that is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserWithPassword {
    user: UserView,
    /// Must be changed at the first sign-in.
    one_time_password: String,
}

/// How far the three administrators have taken over from the founder.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundersView {
    /// Enabled founders, by username.
    founders: Vec<String>,
    /// Administrations that no enabled user holds.
    missing_roles: Vec<&'static str>,
}

/// Which people.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct PeopleQuery {
    /// Part of a name or username.
    q: Option<String>,
    /// Those of this unit and of the units below it.
    unit: Option<i64>,
    /// Those who may do this.
    permission: Option<String>,
    /// Those on duty.
    on_duty: Option<bool>,
}

pub(crate) fn user_view(app: &App, user: &User) -> UserView {
    let now = app.clock.now();
    UserView {
        id: user.id.0,
        username: user.username.to_string(),
        display_name: user.display_name.to_string(),
        roles: user.roles.iter().map(Role::key).collect(),
        unit_id: user.unit.map(|unit| unit.0),
        unit_name: unit_name(app, user),
        phone: user.phone.as_ref().map(ToString::to_string),
        post: user.post.as_ref().map(ToString::to_string),
        duty: user.duty.map(|duty| DutyView { from: instant(duty.from), until: instant(duty.until) }),
        is_on_duty: user.is_on_duty(now),
        is_enabled: user.is_enabled,
        must_change_password: user.must_change_password,
        has_totp: user.has_totp,
        locked_until: user.locked_until.filter(|until| now < *until).map(instant),
        created_at: instant(user.created_at),
        last_login_at: user.last_login_at.map(instant),
    }
}

fn unit_name(app: &App, user: &User) -> Option<String> {
    app.units.load().get(user.unit?).map(|unit| unit.name.to_string())
}

/// All users.
#[utoipa::path(get, path = "/users", tag = "users", responses((status = 200, body = List<UserView>)))]
pub(crate) async fn list(State(app): State<Arc<App>>) -> Result<Json<List<UserView>>, Problem> {
    let items: Vec<UserView> = app.records.users().await?.iter().map(|user| user_view(&app, user)).collect();
    Ok(Json(List { total: items.len() as u64, items }))
}

/// Those whom one can give work to: enabled, within one's own part of the county, on duty first.
#[utoipa::path(get, path = "/people", tag = "users", params(PeopleQuery),
    responses((status = 200, body = List<PersonView>)))]
pub(crate) async fn people(
    State(app): State<Arc<App>>,
    by: Signed,
    Query(query): Query<PeopleQuery>,
) -> Result<Json<List<PersonView>>, Problem> {
    let now = app.clock.now();
    let permission = match query.permission.as_deref().filter(|key| !key.is_empty()) {
        None => None,
        Some(key) => Some(
            Permission::ALL
                .iter()
                .find(|permission| permission.key() == key)
                .ok_or_else(|| Problem::invalid("没有这项权限。", "There is no such permission."))?,
        ),
    };
    let units = app.units.load();
    let within = query.unit.map(|unit| units.path(UnitId(unit)).cloned().unwrap_or(UnitPath("-".into())));
    let q = query.q.unwrap_or_default().trim().to_lowercase();
    let is_wanted = |user: &User| {
        let path = user.unit.and_then(|unit| units.path(unit));
        user.is_enabled
            && by.scope().covers(path.unwrap_or(&UnitPath::WHOLE))
            && permission.is_none_or(|permission| user.roles.allow(*permission))
            && within.as_ref().is_none_or(|within| path.is_some_and(|path| within.covers(path)))
            && query.on_duty.is_none_or(|on_duty| user.is_on_duty(now) == on_duty)
            && (user.username.to_lowercase().contains(&q) || user.display_name.to_lowercase().contains(&q))
    };
    let mut found: Vec<User> = app.records.users().await?.into_iter().filter(is_wanted).collect();
    found.sort_by_key(|user| !user.is_on_duty(now));
    let items: Vec<PersonView> = found
        .iter()
        .map(|user| PersonView {
            username: user.username.to_string(),
            display_name: user.display_name.to_string(),
            unit_id: user.unit.map(|unit| unit.0),
            unit_name: unit_name(&app, user),
            phone: user.phone.as_ref().map(ToString::to_string),
            post: user.post.as_ref().map(ToString::to_string),
            is_on_duty: user.is_on_duty(now),
            roles: user.roles.iter().map(Role::key).collect(),
        })
        .collect();
    Ok(Json(List { total: items.len() as u64, items }))
}

/// Creates a user without roles; the one-time password is shown once.
#[utoipa::path(post, path = "/users", tag = "users", request_body = UserInput,
    responses((status = 200, body = UserWithPassword), (status = 409), (status = 422)))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    by: Signed,
    Json(input): Json<UserInput>,
) -> Result<Json<UserWithPassword>, Problem> {
    let new = NewUser {
        username: input.username.into(),
        display_name: input.display_name.trim().into(),
        unit: input.unit_id.map(UnitId),
        phone: word(input.phone),
        post: word(input.post),
    };
    let created = app.records.create_user(&new, app.clock.now()).await;
    let (user, password) = created.map_err(|error| match error {
        CreateUserError::Taken => Problem::conflict("该用户名已被使用。", "This user name is taken."),
        CreateUserError::BadUsername => Problem::invalid(
            "用户名不得为空、过长或含有空格。",
            "A user name is short, visible and without spaces.",
        ),
        CreateUserError::TooLong => too_long(),
        CreateUserError::NoUnit => no_unit(),
        CreateUserError::Store(error) => error.into(),
    })?;
    app.load_office().await?;
    by.audit(&app, "user.create", &user.username, &user.display_name).await?;
    Ok(Json(with_password(&app, &user, password.reveal())))
}

/// Changes a user: name, unit, telephone number, post; disables or enables.
#[utoipa::path(patch, path = "/users/{id}", tag = "users", params(("id" = i64, Path)), request_body = UserChange,
    responses((status = 200, body = UserView), (status = 404), (status = 409), (status = 422)))]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<i64>,
    Json(input): Json<UserChange>,
) -> Result<Json<UserView>, Problem> {
    let patch = UserPatch {
        display_name: input.display_name.map(|name| name.trim().into()),
        unit: input.unit_id.map(|unit| unit.map(UnitId)),
        phone: input.phone.map(word),
        post: input.post.map(word),
        is_enabled: input.is_enabled,
        ..UserPatch::default()
    };
    let user = app.records.patch_user(UserId(id), patch).await.map_err(problem_of)?;
    app.load_office().await?;
    let unit = user.unit.map_or_else(String::new, |unit| format!("unit {unit} "));
    by.audit(&app, "user.change", &user.username, &format!("{unit}enabled {}", user.is_enabled)).await?;
    Ok(Json(user_view(&app, &user)))
}

/// Gives a user these roles in place of those before. Not for oneself; nobody holds two of the three administrations.
#[utoipa::path(put, path = "/users/{id}/roles", tag = "users", params(("id" = i64, Path)),
    request_body = RolesInput, responses((status = 200, body = UserView), (status = 404), (status = 409), (status = 422)))]
pub(crate) async fn put_roles(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<i64>,
    Json(input): Json<RolesInput>,
) -> Result<Json<UserView>, Problem> {
    if by.user.id == UserId(id) {
        return Err(Problem::conflict("不得变更本人的角色。", "Nobody changes one's own roles."));
    }
    let roles: Option<Vec<Role>> = input.roles.iter().map(|key| Role::parse(key)).collect();
    let roles = roles.ok_or_else(|| Problem::invalid("没有这个角色。", "There is no such role."))?;
    let roles = RoleSet::new(roles).ok_or_else(|| {
        Problem::invalid(
            "系统管理员、安全管理员、安全审计员不得由一人兼任。",
            "Nobody holds two of the three administrations.",
        )
    })?;
    let before = app.records.user(UserId(id)).await?.ok_or_else(no_such)?.roles;
    let patch = UserPatch { roles: Some(roles), ..UserPatch::default() };
    let user = app.records.patch_user(UserId(id), patch).await.map_err(problem_of)?;
    app.load_office().await?;
    let detail = format!("{} -> {}", keys(&before), keys(&user.roles));
    by.audit(&app, "user.roles", &user.username, &detail).await?;
    Ok(Json(user_view(&app, &user)))
}

/// Puts a user on duty, or ends the turn.
#[utoipa::path(put, path = "/users/{id}/duty", tag = "users", params(("id" = i64, Path)), request_body = DutyInput,
    responses((status = 200, body = UserView), (status = 404), (status = 422)))]
pub(crate) async fn put_duty(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<i64>,
    Json(input): Json<DutyInput>,
) -> Result<Json<UserView>, Problem> {
    let no_turn =
        || Problem::invalid("值班起止时间有误。", "A turn of duty begins, and ends after at most a week.");
    let time = |text: Option<&String>| text.map(|text| parse_instant(text).ok_or_else(no_turn)).transpose();
    let duty = match (time(input.from.as_ref())?, time(input.until.as_ref())?) {
        (None, None) => None,
        (Some(from), Some(until)) if (1..=DUTY_MS_MAX).contains(&until.ms_since(from)) => {
            Some(Duty { from, until })
        }
        _ => return Err(no_turn()),
    };
    let patch = UserPatch { duty: Some(duty), ..UserPatch::default() };
    let user = app.records.patch_user(UserId(id), patch).await.map_err(problem_of)?;
    app.load_office().await?;
    let detail =
        duty.map_or_else(String::new, |duty| format!("{} {}", instant(duty.from), instant(duty.until)));
    by.audit(&app, "user.duty", &user.username, &detail).await?;
    Ok(Json(user_view(&app, &user)))
}

/// Gives a user a new one-time password and ends the user's sessions.
#[utoipa::path(post, path = "/users/{id}/reset-password", tag = "users", params(("id" = i64, Path)),
    responses((status = 200, body = UserWithPassword), (status = 404)))]
pub(crate) async fn reset_password(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<i64>,
) -> Result<Json<UserWithPassword>, Problem> {
    let password = app.records.reset_password(UserId(id)).await?.ok_or_else(no_such)?;
    let user = app.records.user(UserId(id)).await?.ok_or_else(no_such)?;
    by.audit(&app, "user.reset_password", &user.username, "").await?;
    Ok(Json(with_password(&app, &user, password.reveal())))
}

/// Lets a user in again who was locked out after wrong passwords.
#[utoipa::path(post, path = "/users/{id}/unlock", tag = "users", params(("id" = i64, Path)),
    responses((status = 204), (status = 404)))]
pub(crate) async fn unlock(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let user = app.records.user(UserId(id)).await?.ok_or_else(no_such)?;
    app.records.unlock_user(user.id).await?;
    by.audit(&app, "user.unlock", &user.username, "").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The sessions of a user, newest first.
#[utoipa::path(get, path = "/users/{id}/sessions", tag = "users", params(("id" = i64, Path)),
    responses((status = 200, body = List<SessionRowView>), (status = 404)))]
pub(crate) async fn sessions(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<i64>,
) -> Result<Json<List<SessionRowView>>, Problem> {
    let user = app.records.user(UserId(id)).await?.ok_or_else(no_such)?;
    Ok(Json(sessions_of(&app, user.id, &by).await?))
}

/// Ends one session of a user.
#[utoipa::path(delete, path = "/users/{id}/sessions/{session}", tag = "users",
    params(("id" = i64, Path), ("session" = String, Path)), responses((status = 204), (status = 404)))]
pub(crate) async fn end_session(
    State(app): State<Arc<App>>,
    by: Signed,
    Path((id, session)): Path<(i64, String)>,
) -> Result<StatusCode, Problem> {
    let user = app.records.user(UserId(id)).await?.ok_or_else(no_such)?;
    if !app.records.end_session(user.id, &session).await? {
        return Err(no_such_session());
    }
    by.audit(&app, "user.end_sessions", &user.username, &session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all sessions of a user.
#[utoipa::path(delete, path = "/users/{id}/sessions", tag = "users", params(("id" = i64, Path)),
    responses((status = 204), (status = 404)))]
pub(crate) async fn end_sessions(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let user = app.records.user(UserId(id)).await?.ok_or_else(no_such)?;
    app.records.end_sessions(user.id, None).await?;
    by.audit(&app, "user.end_sessions", &user.username, "").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether there are founders, and what is missing before they can end.
#[utoipa::path(get, path = "/founders", tag = "users", responses((status = 200, body = FoundersView)))]
pub(crate) async fn founders(State(app): State<Arc<App>>) -> Result<Json<FoundersView>, Problem> {
    let found = app.records.take_over().await?;
    Ok(Json(FoundersView {
        founders: found.founders.iter().map(ToString::to_string).collect(),
        missing_roles: found.missing.into_iter().map(Role::key).collect(),
    }))
}

/// Ends the founders: the three administrators have taken over. A founder without another role can't log in any more.
#[utoipa::path(post, path = "/founders/end", tag = "users", responses((status = 204), (status = 409)))]
pub(crate) async fn end_founders(State(app): State<Arc<App>>, by: Signed) -> Result<StatusCode, Problem> {
    let ended = app.records.end_founders().await?.ok_or_else(|| {
        Problem::conflict(
            "系统管理员、安全管理员、安全审计员尚未配齐，初装账号不能停用。",
            "The three administrators are not all there yet.",
        )
    })?;
    by.audit(&app, "founder.end", &ended.join(" "), "").await?;
    Ok(StatusCode::NO_CONTENT)
}

fn keys(roles: &RoleSet) -> String {
    roles.iter().map(Role::key).collect::<Vec<_>>().join(" ")
}

fn with_password(app: &App, user: &User, password: &str) -> UserWithPassword {
    UserWithPassword { user: user_view(app, user), one_time_password: password.to_string() }
}

fn problem_of(error: PatchUserError) -> Problem {
    match error {
        PatchUserError::NotFound => no_such(),
        PatchUserError::LastAdministrator => Problem::conflict(
            "至少保留一名可用的系统管理员和一名可用的安全管理员。",
            "Somebody enabled must manage the system, and somebody its security.",
        ),
        PatchUserError::NoNewFounder => {
            Problem::invalid("初装账号只在首次启动时产生。", "Nobody is made a founder.")
        }
        PatchUserError::TooLong => too_long(),
        PatchUserError::NoUnit => no_unit(),
        PatchUserError::Store(error) => error.into(),
    }
}

fn too_long() -> Problem {
    Problem::invalid("姓名、电话、岗位过长。", "A name, number or post is too long.")
}

fn no_unit() -> Problem {
    Problem::invalid("没有这个单位，或已撤销。", "There is no such unit, or it is abolished.")
}

fn no_such() -> Problem {
    Problem::not_found("没有这个用户。", "There is no such user.")
}
