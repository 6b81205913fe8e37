//! What I was told; channels, deliveries, and what each person wants to be told.

use super::channel::{Channel, Channels};
use super::text::word;
use crate::access::Signed;
use crate::app::App;
use crate::case::words;
use crate::problem::{Problem, RequestLanguage};
use crate::wire::{List, Paging, instant};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use domain::Level;
use domain::case::Tidings;
use records::{DeliveryState, NewDelivery, StoreError, Window};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// The setting that holds the channels.
const CHANNELS_SETTING: &str = "notice_channels";
/// Channels at most.
const CHANNELS_MAX: usize = 50;
/// Shown in place of a secret.
const MASK: &str = "***";

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct NoticeQuery {
    /// Only those not read.
    unread: Option<bool>,
    limit: Option<u64>,
    offset: Option<u64>,
}

/// What somebody was told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoticeView {
    id: i64,
    at: String,
    /// `to_do`, `half_time`, `nearly_late`, `late`, `given_back`, `withdrawn`, `finished`, `sighted`.
    word: &'static str,
    word_name: &'static str,
    /// The case, or the warning.
    subject: String,
    kind: &'static str,
    kind_name: &'static str,
    chain: String,
    level: &'static str,
    title: String,
    plate: Option<String>,
    step_name: Option<&'static str>,
    due_at: Option<String>,
    read_at: Option<String>,
}

/// Which were read.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ReadInput {
    #[serde(default)]
    ids: Vec<i64>,
    #[serde(default)]
    all: bool,
}

/// Which words a person wants to be told of besides what waits for the person; all when never said.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub(crate) struct Preferences {
    /// Not told of these on the page.
    #[serde(default)]
    muted: Vec<String>,
    /// Not told of these by SMS.
    #[serde(default)]
    no_sms: Vec<String>,
}

/// The setting that holds what a person wants.
fn preference_key(username: &str) -> String {
    format!("notice_preferences.{username}")
}

impl App {
    /// The channels as they are set up.
    pub async fn channels(&self) -> Result<Channels, StoreError> {
        Ok(self.records.setting::<Channels>(CHANNELS_SETTING).await?.unwrap_or_default())
    }

    /// Whether a person wants to be told of this on the page, and by SMS.
    pub async fn wants_notice(&self, username: &str, tidings: Tidings) -> Result<(bool, bool), StoreError> {
        let wants = self.records.setting::<Preferences>(&preference_key(username)).await?.unwrap_or_default();
        let is_in = |words: &[String]| words.iter().any(|word| word == tidings.key());
        Ok((!is_in(&wants.muted), !is_in(&wants.no_sms)))
    }
}

/// What I was told, newest first.
#[utoipa::path(get, path = "/notices", tag = "notices", params(NoticeQuery), responses((status = 200, body = List<NoticeView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Query(query): Query<NoticeQuery>,
) -> Result<Json<List<NoticeView>>, Problem> {
    let paging = Paging { limit: query.limit, offset: query.offset, sort: None };
    let window = Window { offset: paging.offset(), limit: paging.limit() };
    let page = app.records.notices(&by.user.username, query.unread.unwrap_or_default(), window).await?;
    let items = page.items.iter().map(|notice| {
        let tidings = &notice.tidings;
        NoticeView {
            id: notice.id,
            at: instant(tidings.at),
            word: tidings.word.key(),
            word_name: word(tidings.word, language),
            subject: tidings.subject.to_string(),
            kind: tidings.kind.map_or("warning", domain::CaseKind::key),
            kind_name: words::kind(tidings.kind, language),
            chain: tidings.chain.as_str().to_owned(),
            level: tidings.level.key(),
            title: tidings.title.to_string(),
            plate: tidings.plate.as_ref().map(ToString::to_string),
            step_name: tidings.step.map(|step| words::step(step, language)),
            due_at: tidings.due_at.map(instant),
            read_at: notice.read_at.map(instant),
        }
    });
    Ok(Json(List { items: items.collect(), total: page.total }))
}

/// Notes what I read.
#[utoipa::path(post, path = "/notices/read", tag = "notices", request_body = ReadInput, responses((status = 204)))]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    by: Signed,
    Json(input): Json<ReadInput>,
) -> Result<StatusCode, Problem> {
    if input.ids.len() > 500 {
        return Err(Problem::invalid("一次最多 500 条。", "At most 500 at once."));
    }
    let ids = (!input.all).then_some(input.ids.as_slice());
    app.records.read_notices(&by.user.username, ids, app.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What I want to be told of.
#[utoipa::path(get, path = "/session/notices", tag = "notices", responses((status = 200, body = Preferences)))]
pub(crate) async fn preferences(
    State(app): State<Arc<App>>,
    by: Signed,
) -> Result<Json<Preferences>, Problem> {
    let key = preference_key(&by.user.username);
    Ok(Json(app.records.setting::<Preferences>(&key).await?.unwrap_or_default()))
}

/// Changes what I want to be told of.
#[utoipa::path(put, path = "/session/notices", tag = "notices", request_body = Preferences, responses((status = 204), (status = 422)))]
pub(crate) async fn put_preferences(
    State(app): State<Arc<App>>,
    by: Signed,
    Json(input): Json<Preferences>,
) -> Result<StatusCode, Problem> {
    let mut words = input.muted.iter().chain(&input.no_sms);
    if !words.all(|word| Tidings::parse(word).is_some()) {
        return Err(Problem::invalid("没有这类通知。", "There is no such kind of notice."));
    }
    app.records.put_setting(&preference_key(&by.user.username), &input, app.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The channels; secrets are not shown.
#[utoipa::path(get, path = "/channels", tag = "notices", responses((status = 200, body = Vec<Channel>)))]
pub(crate) async fn channels(State(app): State<Arc<App>>) -> Result<Json<Channels>, Problem> {
    let mut channels = app.channels().await?;
    for channel in &mut channels {
        if !channel.secret.is_empty() {
            MASK.clone_into(&mut channel.secret);
        }
    }
    Ok(Json(channels))
}

/// Changes the channels; a secret that is sent back as it was shown stays.
#[utoipa::path(put, path = "/channels", tag = "notices", request_body = Vec<Channel>, responses((status = 204), (status = 422)))]
pub(crate) async fn change_channels(
    State(app): State<Arc<App>>,
    by: Signed,
    Json(mut input): Json<Channels>,
) -> Result<StatusCode, Problem> {
    let before = app.channels().await?;
    let mut ids: Vec<&str> = input.iter().map(|channel| channel.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let is_word = |id: &str| {
        (1..=32).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    if ids.len() != input.len() || input.len() > CHANNELS_MAX || !ids.iter().all(|id| is_word(id)) {
        return Err(Problem::invalid(
            "渠道标识须为 1–32 位字母、数字、- 或 _，且互不相同。",
            "The word of a channel has 1 to 32 letters, digits, - or _, and each is another.",
        ));
    }
    for channel in &mut input {
        let is_fine =
            channel.url.parse::<reqwest::Url>().is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
                && Level::parse(&channel.level_min).is_some()
                && channel.words.iter().all(|word| Tidings::parse(word).is_some());
        if !is_fine {
            let name = &channel.name;
            return Err(Problem::invalid(
                format!("渠道“{name}”的地址、级别或通知类型有误。"),
                format!("Address, level or words of the channel “{name}” can't be used."),
            ));
        }
        if channel.secret == MASK {
            let known = before.iter().find(|known| known.id == channel.id);
            channel.secret = known.map(|known| known.secret.clone()).unwrap_or_default();
        }
    }
    app.records.put_setting(CHANNELS_SETTING, &input, app.clock.now()).await?;
    by.audit(&app, "channels.change", "channels", &format!("{} channels", input.len())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a line to a channel, to see whether it comes.
#[utoipa::path(post, path = "/channels/{id}/test", tag = "notices", params(("id" = String, Path)),
    responses((status = 204), (status = 404)))]
pub(crate) async fn test_channel(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let channels = app.channels().await?;
    if !channels.iter().any(|channel| channel.id == id) {
        return Err(Problem::not_found("没有这个渠道。", "There is no such channel."));
    }
    let office = app.office.load();
    let me = office.users.iter().find(|user| user.id == by.user.id);
    let phone = me.and_then(|user| user.phone.clone()).unwrap_or_default();
    let now = app.clock.now();
    let event = serde_json::json!({
        "specversion": "1.0", "id": format!("test-{}", now.unix_ms()), "source": "/anchang",
        "type": "cn.anchang.test", "time": instant(now),
    });
    let test = NewDelivery {
        channel: SmolStr::new(&id),
        recipient: phone,
        text: "【安畅】这是一条测试通知。".to_owned(),
        event: event.to_string(),
    };
    app.records.send(&test, now).await?;
    by.audit(&app, "channel.test", &id, "").await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct DeliveryQuery {
    /// `pending`, `delivered`, `failed`.
    state: Option<String>,
    limit: Option<u64>,
    offset: Option<u64>,
}

/// Something that was sent, or is to be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryView {
    id: i64,
    at: String,
    channel: String,
    recipient: String,
    text: String,
    state: &'static str,
    attempts: u32,
    next_at: Option<String>,
    error: Option<String>,
}

/// What was sent, newest first.
#[utoipa::path(get, path = "/deliveries", tag = "notices", params(DeliveryQuery), responses((status = 200, body = List<DeliveryView>)))]
pub(crate) async fn deliveries(
    State(app): State<Arc<App>>,
    Query(query): Query<DeliveryQuery>,
) -> Result<Json<List<DeliveryView>>, Problem> {
    let word = query.state.as_deref().filter(|word| !word.is_empty());
    let unknown = || Problem::invalid("没有这种状态。", "There is no such state.");
    let state = word.map(|word| DeliveryState::parse(word).ok_or_else(unknown)).transpose()?;
    let paging = Paging { limit: query.limit, offset: query.offset, sort: None };
    let page =
        app.records.deliveries(state, Window { offset: paging.offset(), limit: paging.limit() }).await?;
    let items = page.items.into_iter().map(|delivery| DeliveryView {
        id: delivery.id,
        at: instant(delivery.at),
        channel: delivery.content.channel.into(),
        recipient: delivery.content.recipient.into(),
        text: delivery.content.text,
        state: delivery.state.key(),
        attempts: delivery.attempts,
        next_at: delivery.next_at.map(instant),
        error: delivery.error.map(Into::into),
    });
    Ok(Json(List { items: items.collect(), total: page.total }))
}

/// Sends once more what was given up.
#[utoipa::path(post, path = "/deliveries/{id}/retry", tag = "notices", params(("id" = i64, Path)),
    responses((status = 204), (status = 404)))]
pub(crate) async fn retry(State(app): State<Arc<App>>, Path(id): Path<i64>) -> Result<StatusCode, Problem> {
    if app.records.retry_delivery(id, app.clock.now()).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::not_found("没有这条发送失败的记录。", "There is no such failed delivery."))
}
