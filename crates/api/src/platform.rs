//! Other platforms (对接平台): who they are, how the links do, subscriptions in both directions.

use crate::access::Signed;
use crate::app::App;
use crate::problem::Problem;
use crate::wire::{List, instant};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::{CheckpointId, DeviceId, DeviceKind, Timestamp};
use gateway::directory::camera_ha1;
use platform::LinkError;
use records::{
    DeviceSecret, Direction, ExchangeState, Platform, Relation, Scope, Subscription, TollgateState,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// Platforms at a time.
const PLATFORMS_MAX: usize = 64;
/// Longest name, in characters.
pub(crate) const NAME_CHARS_MAX: usize = 60;
/// Longest address, in bytes.
const URL_BYTES_MAX: usize = 200;

/// Another platform and how the exchange with it goes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlatformView {
    /// 20 digits.
    id: String,
    name: String,
    /// `superior`, `neighbour`, `subordinate`.
    relation: &'static str,
    is_enabled: bool,
    /// `http://host:port` of its interface; empty when only it comes to us.
    base_url: String,
    /// `http://host:port` under which it reaches ours; empty: found out.
    receive_url: String,
    /// Our user there.
    username_out: Option<String>,
    has_password_out: bool,
    /// Its user here.
    username_in: Option<String>,
    has_password_in: bool,
    /// `none`, `checkpoints`, `all`: which passages it may have.
    scope: &'static str,
    scope_checkpoint_ids: Vec<String>,
    takes_dispositions: bool,
    is_trusted: bool,
    link: LinkView,
    /// How it comes to us.
    incoming: IncomingView,
    /// Passages taken from it on our subscriptions.
    objects_in: u64,
    /// Passages passed on to it.
    objects_out: u64,
    /// Bytes of the journal that its slowest subscription has not got yet.
    lag_bytes: u64,
    /// Tollgates that wait for admission.
    tollgates_waiting: u64,
    /// The newest trouble of a subscription, where there is any: `word` or `word: detail`.
    trouble: Option<String>,
    created_by: String,
    created_at: String,
}

/// How we come to it.
#[derive(Debug, Serialize, ToSchema)]
struct LinkView {
    /// `unused`, `connecting`, `online`.
    phase: &'static str,
    since: Option<String>,
    last_keepalive_at: Option<String>,
    /// Its clock minus ours, in whole seconds of ms.
    clock_difference_ms: Option<i64>,
    failures: u32,
    error: Option<ErrorView>,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
struct ErrorView {
    /// `unreachable`, `slow`, `wrong_password`, `refused`, `proof`, `busy`, `told`, `http`, `unreadable`, `sealed`.
    key: &'static str,
    detail: String,
    at: Option<String>,
}

impl ErrorView {
    fn of(error: &LinkError, at: Option<Timestamp>) -> Self {
        Self { key: error.key(), detail: error.detail(), at: at.map(instant) }
    }
}

/// How it comes to us.
#[derive(Debug, Default, Serialize, ToSchema)]
struct IncomingView {
    is_online: bool,
    address: Option<String>,
    last_seen_at: Option<String>,
}

/// A platform, as a client stores it. What is left out of a change stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct PlatformInput {
    /// 20 digits; of a new one only.
    id: Option<String>,
    name: Option<String>,
    relation: Option<String>,
    is_enabled: Option<bool>,
    base_url: Option<String>,
    receive_url: Option<String>,
    username_out: Option<String>,
    password_out: Option<String>,
    username_in: Option<String>,
    password_in: Option<String>,
    scope: Option<String>,
    scope_checkpoint_ids: Option<Vec<String>>,
    takes_dispositions: Option<bool>,
    is_trusted: Option<bool>,
}

/// A connection to be tried.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct ProbeInput {
    /// A stored platform, whose password is taken when none is given.
    id: Option<String>,
    base_url: String,
    username: String,
    password: Option<String>,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProbeView {
    is_ok: bool,
    error: Option<ErrorView>,
    clock_difference_ms: Option<i64>,
    tollgates: Option<u64>,
}

fn no_such() -> Problem {
    Problem::not_found("没有这个平台。", "There is no such platform.")
}

pub(crate) async fn find(app: &App, id: &str) -> Result<Platform, Problem> {
    app.records.platform(&DeviceId::from(id)).await?.ok_or_else(no_such)
}

async fn views(app: &App, platforms: Vec<Platform>) -> Result<Vec<PlatformView>, Problem> {
    let end = app.exchange.journal_end();
    let subscriptions = app.records.subscriptions(None).await?;
    let mut waiting: BTreeMap<DeviceId, u64> = BTreeMap::new();
    for tollgate in app.records.tollgates(None).await? {
        if tollgate.state == TollgateState::Waiting {
            *waiting.entry(tollgate.platform).or_default() += 1;
        }
    }
    let present = app.presence.all();
    let view = |platform: Platform| {
        let of_this = || subscriptions.iter().filter(|one| one.platform == platform.id);
        let objects =
            |direction| of_this().filter(|one| one.direction == direction).map(|one| one.objects).sum();
        let link = app.exchange.link_state(&platform.id);
        let incoming = present.get(&(DeviceKind::Camera, platform.id.clone())).map(|state| IncomingView {
            is_online: platform.is_enabled && state.connected_since.is_some(),
            address: Some(state.address.to_string()),
            last_seen_at: Some(instant(state.last_seen_at)),
        });
        let (scope, ids) = match &platform.scope {
            Scope::None => ("none", Vec::new()),
            Scope::Checkpoints(ids) => ("checkpoints", ids.iter().map(ToString::to_string).collect()),
            Scope::All => ("all", Vec::new()),
        };
        PlatformView {
            relation: platform.relation.key(),
            is_enabled: platform.is_enabled,
            base_url: platform.base_url.to_string(),
            receive_url: platform.receive_url.to_string(),
            username_out: platform.out.as_ref().map(|(username, _)| username.to_string()),
            has_password_out: platform.out.is_some(),
            username_in: platform.incoming.as_ref().map(|(username, _)| username.to_string()),
            has_password_in: platform.incoming.is_some(),
            scope,
            scope_checkpoint_ids: ids,
            takes_dispositions: platform.takes_dispositions,
            is_trusted: platform.is_trusted,
            link: LinkView {
                phase: link.phase.key(),
                since: link.since.map(instant),
                last_keepalive_at: link.last_keepalive_at.map(instant),
                clock_difference_ms: link.clock_difference_ms,
                failures: link.failures,
                error: link.last_error.as_ref().map(|(error, at)| ErrorView::of(error, Some(*at))),
            },
            incoming: incoming.unwrap_or_default(),
            objects_in: objects(Direction::Out),
            objects_out: objects(Direction::In),
            lag_bytes: of_this().filter_map(|one| lag_bytes(one, end)).max().unwrap_or(0),
            tollgates_waiting: waiting.get(&platform.id).copied().unwrap_or(0),
            trouble: of_this().rev().find_map(|one| one.last_error.clone()),
            created_by: platform.created_by.to_string(),
            created_at: instant(platform.created_at),
            id: platform.id.to_string(),
            name: platform.name.to_string(),
        }
    };
    Ok(platforms.into_iter().map(view).collect())
}

/// What is not passed on yet of a subscription of theirs that is in force.
pub(crate) fn lag_bytes(subscription: &Subscription, end: u64) -> Option<u64> {
    let is_passed_on =
        subscription.direction == Direction::In && subscription.state == ExchangeState::InForce;
    is_passed_on.then(|| end.saturating_sub(subscription.position))
}

/// All platforms.
#[utoipa::path(get, path = "/platforms", tag = "platforms", responses((status = 200, body = List<PlatformView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _: Signed,
) -> Result<Json<List<PlatformView>>, Problem> {
    let items = views(&app, app.records.all_platforms().await?).await?;
    Ok(Json(List { total: items.len() as u64, items }))
}

/// One platform.
#[utoipa::path(get, path = "/platforms/{id}", tag = "platforms", params(("id" = String, Path)),
    responses((status = 200, body = PlatformView), (status = 404)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    _: Signed,
    Path(id): Path<String>,
) -> Result<Json<PlatformView>, Problem> {
    one_view(&app, find(&app, &id).await?).await
}

async fn one_view(app: &App, platform: Platform) -> Result<Json<PlatformView>, Problem> {
    views(app, vec![platform]).await?.pop().map(Json).ok_or_else(no_such)
}

/// Adds a platform.
#[utoipa::path(post, path = "/platforms", tag = "platforms", request_body = PlatformInput,
    responses((status = 200, body = PlatformView), (status = 409), (status = 422)))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    by: Signed,
    Json(input): Json<PlatformInput>,
) -> Result<Json<PlatformView>, Problem> {
    let digits = input.id.as_deref().map(str::trim).unwrap_or_default();
    if digits.len() != 20 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::invalid("平台编码须为 20 位数字。", "The id of a platform has 20 digits."));
    }
    if digits == app.exchange.server_id() {
        return Err(Problem::invalid("这是本平台自己的编码。", "This is our own id."));
    }
    let id = DeviceId::from(digits);
    let known = app.records.all_platforms().await?;
    if known.iter().any(|platform| platform.id == id) {
        return Err(Problem::conflict("该平台已登记。", "This platform is registered."));
    }
    if app.records.device(DeviceKind::Camera, &id).await?.is_some() {
        return Err(Problem::conflict("该编码已登记为相机。", "A camera is registered under this id."));
    }
    if known.len() >= PLATFORMS_MAX {
        return Err(Problem::conflict(
            format!("平台不得超过 {PLATFORMS_MAX} 个。"),
            format!("There may be {PLATFORMS_MAX} platforms at most."),
        ));
    }
    let platform = Platform {
        id,
        name: digits.into(),
        relation: Relation::Neighbour,
        is_enabled: true,
        base_url: "".into(),
        receive_url: "".into(),
        out: None,
        incoming: None,
        scope: Scope::None,
        takes_dispositions: false,
        is_trusted: false,
        created_by: by.user.username.clone(),
        created_at: app.clock.now(),
    };
    store(&app, &by, platform, input, "platform.create").await
}

/// Changes a platform.
#[utoipa::path(patch, path = "/platforms/{id}", tag = "platforms", request_body = PlatformInput,
    params(("id" = String, Path)),
    responses((status = 200, body = PlatformView), (status = 404), (status = 422)))]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<String>,
    Json(input): Json<PlatformInput>,
) -> Result<Json<PlatformView>, Problem> {
    let platform = find(&app, &id).await?;
    store(&app, &by, platform, input, "platform.change").await
}

async fn store(
    app: &App,
    by: &Signed,
    mut platform: Platform,
    input: PlatformInput,
    action: &str,
) -> Result<Json<PlatformView>, Problem> {
    apply(app, &mut platform, input)?;
    app.records.put_platform(&platform).await?;
    let detail = format!(
        "{} {} scope={} dispositions={} trusted={} enabled={}",
        platform.name,
        platform.base_url,
        serde_json::to_string(&platform.scope).unwrap_or_default(),
        platform.takes_dispositions,
        platform.is_trusted,
        platform.is_enabled
    );
    app.changed.notify_one();
    app.exchange.changed();
    by.audit(app, action, platform.id.as_str(), &detail).await?;
    one_view(app, platform).await
}

fn apply(app: &App, platform: &mut Platform, input: PlatformInput) -> Result<(), Problem> {
    let word = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if let Some(name) = word(input.name) {
        if name.chars().count() > NAME_CHARS_MAX {
            return Err(Problem::invalid("名称过长。", "The name is too long."));
        }
        platform.name = name.into();
    }
    if let Some(relation) = word(input.relation) {
        platform.relation = Relation::parse(&relation)
            .ok_or_else(|| Problem::invalid("平台关系有误。", "Unknown relation."))?;
    }
    if let Some(url) = input.base_url {
        platform.base_url = checked_url(&url)?.into();
    }
    if let Some(url) = input.receive_url {
        platform.receive_url = checked_url(&url)?.into();
    }
    platform.is_enabled = input.is_enabled.unwrap_or(platform.is_enabled);
    platform.takes_dispositions = input.takes_dispositions.unwrap_or(platform.takes_dispositions);
    platform.is_trusted = input.is_trusted.unwrap_or(platform.is_trusted) && platform.takes_dispositions;
    if let Some(scope) = input.scope {
        platform.scope = scope_of(app, &scope, &input.scope_checkpoint_ids.unwrap_or_default())?;
    }
    set_out(app, platform, word(input.username_out), input.password_out.filter(|word| !word.is_empty()))?;
    set_incoming(platform, word(input.username_in), input.password_in.filter(|word| !word.is_empty()))
}

fn scope_of(app: &App, scope: &str, ids: &[String]) -> Result<Scope, Problem> {
    match scope {
        "none" => Ok(Scope::None),
        "all" => Ok(Scope::All),
        "checkpoints" => {
            let known = app.names.load();
            let ids: Vec<CheckpointId> = ids.iter().map(|id| CheckpointId::from(id.trim())).collect();
            if let Some(unknown) = ids.iter().find(|id| !known.checkpoints.contains_key(*id)) {
                return Err(Problem::invalid(
                    format!("没有卡口“{unknown}”。"),
                    format!("There is no checkpoint {unknown}."),
                ));
            }
            Ok(Scope::Checkpoints(ids))
        }
        _ => Err(Problem::invalid("共享范围有误。", "Unknown scope.")),
    }
}

/// Our user there.
fn set_out(
    app: &App,
    platform: &mut Platform,
    username: Option<String>,
    password: Option<String>,
) -> Result<(), Problem> {
    let known = platform.out.as_ref().map(|(username, _)| username.to_string());
    match (username, password, &mut platform.out) {
        (username, Some(password), _) => {
            let username = username.or(known).unwrap_or_else(|| app.exchange.server_id().to_owned());
            let sealed = app.exchange.seal.seal(&platform.id, &password);
            let sealed =
                sealed.ok_or_else(|| Problem::invalid("无法保存密码。", "Could not seal the password."))?;
            platform.out = Some((username.into(), sealed));
        }
        (Some(username), None, Some((known, _))) => *known = username.into(),
        (Some(_), None, None) => {
            return Err(Problem::invalid(
                "须填写本平台在对方的密码。",
                "Our user there needs the password with it.",
            ));
        }
        (None, None, _) => {}
    }
    Ok(())
}

/// Its user here.
fn set_incoming(
    platform: &mut Platform,
    username: Option<String>,
    password: Option<String>,
) -> Result<(), Problem> {
    let known = platform.incoming.as_ref().map(|(username, _)| username.to_string());
    let is_changed = username.is_some() && username != known;
    if let Some(password) = password {
        let username = username.or(known).unwrap_or_else(|| platform.id.to_string());
        let ha1 = DeviceSecret(camera_ha1(&username, &password));
        platform.incoming = Some((username.into(), ha1));
    } else if is_changed {
        return Err(Problem::invalid(
            "设置对方在本平台的用户名时须同时设置密码。",
            "A new user name here needs the password with it: only its digest is kept.",
        ));
    }
    Ok(())
}

/// `http://host:port` without anything behind it; empty for none.
fn checked_url(text: &str) -> Result<String, Problem> {
    let text = text.trim().trim_end_matches('/');
    if text.is_empty() {
        return Ok(String::new());
    }
    let url: Option<http::Uri> = text.parse().ok();
    let is_sane = url.is_some_and(|url| {
        url.scheme_str() == Some("http") && url.host().is_some() && matches!(url.path(), "" | "/")
    });
    if !is_sane || text.len() > URL_BYTES_MAX {
        return Err(Problem::invalid(
            format!("地址“{text}”有误，应为 http://主机:端口。"),
            "The address must be http://host:port.",
        ));
    }
    Ok(text.to_owned())
}

/// Removes a platform with everything that is exchanged with it.
#[utoipa::path(delete, path = "/platforms/{id}", tag = "platforms", params(("id" = String, Path)),
    responses((status = 204), (status = 404)))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let platform = find(&app, &id).await?;
    app.records.remove_platform(&platform.id).await?;
    app.changed.notify_one();
    app.exchange.changed();
    by.audit(&app, "platform.remove", &id, &platform.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tries a connection: registration, sign of life, time, tollgates.
#[utoipa::path(post, path = "/platform-tests", tag = "platforms", request_body = ProbeInput,
    responses((status = 200, body = ProbeView), (status = 422)))]
pub(crate) async fn probe(
    State(app): State<Arc<App>>,
    by: Signed,
    Json(input): Json<ProbeInput>,
) -> Result<Json<ProbeView>, Problem> {
    let base_url = checked_url(&input.base_url)?;
    if base_url.is_empty() {
        return Err(Problem::invalid("须填写平台地址。", "The address is needed."));
    }
    let known = match &input.id {
        Some(id) => app.records.platform(&DeviceId::from(id.trim())).await?,
        None => None,
    };
    // A stored password goes to its own platform and nowhere else.
    let stored =
        known.as_ref().filter(|platform| platform.base_url == base_url.as_str()).and_then(|platform| {
            let (_, sealed) = platform.out.as_ref()?;
            app.exchange.seal.open(&platform.id, sealed)
        });
    let Some(password) = input.password.filter(|password| !password.is_empty()).or(stored) else {
        return Err(Problem::invalid("须填写密码。", "The password is needed."));
    };
    let username = match input.username.trim() {
        "" => app.exchange.server_id(),
        username => username,
    };
    by.audit(&app, "platform.test", &base_url, username).await?;
    let view = match app.exchange.probe(&base_url, username, &password).await {
        Ok(probe) => ProbeView {
            is_ok: true,
            error: None,
            clock_difference_ms: probe.clock_difference_ms,
            tollgates: probe.tollgates.map(|count| count as u64),
        },
        Err(error) => ProbeView {
            is_ok: false,
            error: Some(ErrorView::of(&error, None)),
            clock_difference_ms: None,
            tollgates: None,
        },
    };
    Ok(Json(view))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port_and_nothing_else() {
        assert_eq!(checked_url(" http://10.1.2.3:8120/ ").ok().as_deref(), Some("http://10.1.2.3:8120"));
        assert_eq!(checked_url("").ok().as_deref(), Some(""));
        for wrong in ["10.1.2.3", "https://a", "http://a/VIID", "http://", "file:///etc/passwd", "http://a b"]
        {
            assert!(checked_url(wrong).is_err(), "{wrong}");
        }
    }
}
