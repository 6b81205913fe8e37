//! Channels as they are set up, and what was sent by them.

use super::channel::{Channel, ChannelKind, Channels};
use super::push::PUSH_CHANNEL;
use crate::access::Signed;
use crate::app::App;
use crate::problem::Problem;
use crate::wire::{List, Paging, instant};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use domain::Level;
use domain::case::Tidings;
use records::{DeliveryRecord, DeliveryState, NewDelivery, StoreError, Window};
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

impl App {
    /// The channels as they are set up.
    pub async fn channels(&self) -> Result<Channels, StoreError> {
        let stored = self.records.setting::<Channels>(CHANNELS_SETTING).await?.unwrap_or_default();
        Ok(stored.into_iter().map(|channel| channel.opened(&self.seal)).collect())
    }
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
    let is_fine = ids.iter().all(|id| is_word(id) && *id != PUSH_CHANNEL);
    if ids.len() != input.len() || input.len() > CHANNELS_MAX || !is_fine {
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
    let changed = changes(&before, &input);
    let stored: Option<Channels> = input.into_iter().map(|channel| channel.sealed(&app.seal)).collect();
    app.records.put_setting(CHANNELS_SETTING, &stored.ok_or_else(Problem::busy)?, app.clock.now()).await?;
    by.audit(&app, "channels.change", "channels", &changed).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What became different, for the audit.
fn changes(before: &[Channel], after: &[Channel]) -> String {
    let of = |channels: &[Channel], id: &str| channels.iter().find(|channel| channel.id == id).cloned();
    let added = after.iter().filter(|it| of(before, &it.id).is_none()).map(|it| format!("+{}", it.id));
    let gone = before.iter().filter(|it| of(after, &it.id).is_none()).map(|it| format!("-{}", it.id));
    let is_other = |it: &&Channel| of(before, &it.id).is_some_and(|known| known != **it);
    let other = after.iter().filter(is_other).map(|it| format!("~{}", it.id));
    added.chain(gone).chain(other).collect::<Vec<_>>().join(" ")
}

/// Sends a line to a channel, to see whether it comes; what became of it is told by `GET /deliveries/{id}`.
#[utoipa::path(post, path = "/channels/{id}/test", tag = "notices", params(("id" = String, Path)),
    responses((status = 200, body = DeliveryView), (status = 404), (status = 422)))]
pub(crate) async fn test_channel(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<String>,
) -> Result<Json<DeliveryView>, Problem> {
    let channels = app.channels().await?;
    let Some(channel) = channels.iter().find(|channel| channel.id == id) else {
        return Err(Problem::not_found("没有这个渠道。", "There is no such channel."));
    };
    let office = app.office.load();
    let me = office.users.iter().find(|user| user.id == by.user.id);
    let phone = me.and_then(|user| user.phone.clone()).unwrap_or_default();
    if channel.kind == ChannelKind::Sms && phone.is_empty() {
        return Err(Problem::invalid(
            "您的账号没有电话号码，短信无处可发。请先在人员资料中填写。",
            "Your account has no phone number to send to; enter one first.",
        ));
    }
    let now = app.clock.now();
    let event = serde_json::json!({
        "specversion": "1.0", "id": format!("test-{}", now.unix_ms()), "source": "/anchang",
        "type": "cn.anchang.test", "time": instant(now),
    });
    let test = NewDelivery {
        channel: SmolStr::new(&id),
        recipient: if channel.kind == ChannelKind::Sms { phone } else { SmolStr::default() },
        person: None,
        text: "【安畅】这是一条测试通知。".to_owned(),
        event: event.to_string(),
    };
    let sent = app.records.send(&test, now).await?;
    by.audit(&app, "channel.test", &id, "").await?;
    read_delivery(&app, sent).await.map(Json)
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct DeliveryQuery {
    /// `pending`, `delivered`, `failed`.
    state: Option<String>,
    /// Only of this channel; `push` for browsers.
    channel: Option<String>,
    limit: Option<u64>,
    offset: Option<u64>,
}

/// Something that was sent, or is to be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryView {
    id: i64,
    at: String,
    channel: String,
    /// A phone number; empty for a channel that tells a group, and for push.
    recipient: String,
    /// Who is told, where it is one person.
    person: Option<String>,
    person_name: Option<String>,
    text: String,
    state: &'static str,
    attempts: u32,
    next_at: Option<String>,
    error: Option<String>,
    /// When the person read the notice of it.
    read_at: Option<String>,
}

fn delivery_view(app: &App, delivery: DeliveryRecord) -> DeliveryView {
    let person = delivery.content.person.as_deref();
    let is_push = delivery.content.channel == PUSH_CHANNEL;
    DeliveryView {
        id: delivery.id,
        at: instant(delivery.at),
        person: person.map(ToOwned::to_owned),
        person_name: person.map(|username| app.office.load().person(username)),
        channel: delivery.content.channel.into(),
        recipient: if is_push { String::new() } else { delivery.content.recipient.into() },
        text: delivery.content.text,
        state: delivery.state.key(),
        attempts: delivery.attempts,
        next_at: delivery.next_at.map(instant),
        error: delivery.error.map(Into::into),
        read_at: delivery.read_at.map(instant),
    }
}

async fn read_delivery(app: &App, id: i64) -> Result<DeliveryView, Problem> {
    let delivery = app.records.delivery(id).await?;
    let delivery =
        delivery.ok_or_else(|| Problem::not_found("没有这条发送记录。", "There is no such delivery."))?;
    Ok(delivery_view(app, delivery))
}

/// What became of one.
#[utoipa::path(get, path = "/deliveries/{id}", tag = "notices", params(("id" = i64, Path)),
    responses((status = 200, body = DeliveryView), (status = 404)))]
pub(crate) async fn delivery(
    State(app): State<Arc<App>>,
    Path(id): Path<i64>,
) -> Result<Json<DeliveryView>, Problem> {
    read_delivery(&app, id).await.map(Json)
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
    let channel = query.channel.as_deref().filter(|word| !word.is_empty());
    let window = Window { offset: paging.offset(), limit: paging.limit() };
    let page = app.records.deliveries(state, channel, window).await?;
    let items = page.items.into_iter().map(|delivery| delivery_view(&app, delivery));
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
