//! Subscriptions (订阅) with other platforms: ours there, theirs here.

use crate::access::Signed;
use crate::app::App;
use crate::platform::{NAME_CHARS_MAX, find, lag_bytes};
use crate::problem::Problem;
use crate::wire::{List, instant};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::time::DAY_MS;
use domain::{CheckpointId, DeviceId};
use records::{Direction, ExchangeState, Subscription};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Longest period of a subscription.
const SUBSCRIPTION_DAYS_MAX: u16 = 3_650;

/// A subscription.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SubscriptionView {
    /// 33 digits.
    id: String,
    /// `out`: ours; `in`: theirs.
    direction: &'static str,
    title: String,
    /// Tollgates; empty for all.
    resources: Vec<String>,
    with_pictures: bool,
    begin_at: String,
    end_at: String,
    renew_days: u16,
    receive_addr: String,
    /// `wanted`, `in_force`, `ending`, `ended`, `refused`.
    state: &'static str,
    notices: u64,
    objects: u64,
    failures: u64,
    /// Theirs: bytes of the journal that are not passed on yet.
    lag_bytes: Option<u64>,
    last_notice_at: Option<String>,
    /// `word` or `word: detail`.
    last_error: Option<String>,
    created_by: String,
    created_at: String,
}

/// A new subscription of ours.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct SubscriptionInput {
    title: String,
    /// Tollgates of the other platform; empty for all that it has.
    resources: Vec<String>,
    with_pictures: bool,
    days: u16,
    /// Whether it is renewed before its end.
    is_renewed: bool,
}

fn view(subscription: Subscription, end: u64) -> SubscriptionView {
    SubscriptionView {
        direction: subscription.direction.key(),
        lag_bytes: lag_bytes(&subscription, end),
        title: subscription.title.to_string(),
        resources: subscription.resources.iter().map(ToString::to_string).collect(),
        with_pictures: subscription.with_pictures,
        begin_at: instant(subscription.begin_at),
        end_at: instant(subscription.end_at),
        renew_days: subscription.renew_days,
        receive_addr: subscription.receive_addr.to_string(),
        state: subscription.state.key(),
        notices: subscription.notices,
        objects: subscription.objects,
        failures: subscription.failures,
        last_notice_at: subscription.last_notice_at.map(instant),
        last_error: subscription.last_error,
        created_by: subscription.created_by.to_string(),
        created_at: instant(subscription.created_at),
        id: subscription.id.to_string(),
    }
}

/// Subscriptions in both directions, the oldest first.
#[utoipa::path(get, path = "/platforms/{id}/subscriptions", tag = "platforms", params(("id" = String, Path)),
    responses((status = 200, body = List<SubscriptionView>), (status = 404)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _: Signed,
    Path(id): Path<String>,
) -> Result<Json<List<SubscriptionView>>, Problem> {
    let platform = find(&app, &id).await?;
    let end = app.exchange.journal_end();
    let all = app.records.subscriptions(Some(&platform.id)).await?;
    let items: Vec<_> = all.into_iter().map(|one| view(one, end)).collect();
    Ok(Json(List { total: items.len() as u64, items }))
}

/// Subscribes to passages of the other platform.
#[utoipa::path(post, path = "/platforms/{id}/subscriptions", tag = "platforms", params(("id" = String, Path)),
    request_body = SubscriptionInput, responses((status = 200, body = SubscriptionView), (status = 404), (status = 422)))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<String>,
    Json(input): Json<SubscriptionInput>,
) -> Result<Json<SubscriptionView>, Problem> {
    let platform = find(&app, &id).await?;
    if platform.base_url.is_empty() || platform.out.is_none() {
        return Err(Problem::invalid(
            "须先填写对方地址和本平台在对方的用户名、密码。",
            "The platform needs an address, and a user and password of ours there.",
        ));
    }
    if !(1..=SUBSCRIPTION_DAYS_MAX).contains(&input.days) || input.title.chars().count() > NAME_CHARS_MAX {
        return Err(Problem::invalid("订阅期限或名称有误。", "The period or the title is wrong."));
    }
    let is_digits =
        |id: &String| id.trim().len() == 20 && id.trim().bytes().all(|byte| byte.is_ascii_digit());
    if let Some(wrong) = input.resources.iter().find(|id| !is_digits(id)) {
        return Err(Problem::invalid(
            format!("卡口编码“{wrong}”须为 20 位数字。"),
            "The id of a tollgate has 20 digits.",
        ));
    }
    let now = app.clock.now();
    let title = match input.title.trim() {
        "" => format!("过车订阅 {}", platform.name),
        title => title.to_owned(),
    };
    let count = app.records.subscriptions(Some(&platform.id)).await?.len() as u64;
    let of = [platform.id.as_str().as_bytes(), title.as_bytes(), &count.to_be_bytes()];
    let subscription = Subscription {
        platform: platform.id.clone(),
        direction: Direction::Out,
        id: platform::subscription_id(app.exchange.server_id(), now, &of),
        title: title.into(),
        resources: input.resources.iter().map(|id| CheckpointId::from(id.trim())).collect(),
        with_pictures: input.with_pictures,
        begin_at: now,
        end_at: now.plus_ms(i64::from(input.days) * DAY_MS),
        renew_days: if input.is_renewed { input.days } else { 0 },
        receive_addr: "".into(),
        state: ExchangeState::Wanted,
        position: 0,
        notices: 0,
        objects: 0,
        failures: 0,
        last_notice_at: None,
        last_error: None,
        created_by: by.user.username.clone(),
        created_at: now,
    };
    app.records.put_subscription(&subscription).await?;
    app.exchange.changed();
    let detail = format!("{}: {}", platform.name, subscription.title);
    by.audit(&app, "subscription.create", &subscription.id, &detail).await?;
    Ok(Json(view(subscription, app.exchange.journal_end())))
}

/// Takes a subscription back, or ends one of theirs; one that is not in force is removed from the list.
#[utoipa::path(delete, path = "/platforms/{id}/subscriptions/{direction}/{subscription}", tag = "platforms",
    params(("id" = String, Path), ("direction" = String, Path), ("subscription" = String, Path)),
    responses((status = 204), (status = 404)))]
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    by: Signed,
    Path((id, direction, subscription)): Path<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    let known = find_one(&app, &id, &direction, &subscription).await?;
    match (known.direction, known.state) {
        (Direction::Out, ExchangeState::InForce) => {
            app.records.note_subscription(&known, ExchangeState::Ending, None).await?;
        }
        (Direction::In, ExchangeState::InForce) => {
            app.records.note_subscription(&known, ExchangeState::Ended, None).await?;
        }
        _ => {
            app.records.remove_subscription(&known.platform, known.direction, &known.id).await?;
        }
    }
    app.exchange.changed();
    by.audit(&app, "subscription.end", &known.id, &known.title).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Places a subscription of ours again that was refused or has ended.
#[utoipa::path(post, path = "/platforms/{id}/subscriptions/{direction}/{subscription}/retry", tag = "platforms",
    params(("id" = String, Path), ("direction" = String, Path), ("subscription" = String, Path)),
    responses((status = 204), (status = 404), (status = 409)))]
pub(crate) async fn retry(
    State(app): State<Arc<App>>,
    by: Signed,
    Path((id, direction, subscription)): Path<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    let known = find_one(&app, &id, &direction, &subscription).await?;
    if known.direction != Direction::Out || known.state != ExchangeState::Refused {
        return Err(Problem::conflict(
            "只能重试被对方拒绝的订阅。",
            "Only a refused subscription can be retried.",
        ));
    }
    app.records.note_subscription(&known, ExchangeState::Wanted, None).await?;
    app.exchange.changed();
    by.audit(&app, "subscription.retry", &known.id, &known.title).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn find_one(app: &App, platform: &str, direction: &str, id: &str) -> Result<Subscription, Problem> {
    let none = || Problem::not_found("没有这条订阅。", "There is no such subscription.");
    let direction = Direction::parse(direction).ok_or_else(none)?;
    app.records.subscription(&DeviceId::from(platform), direction, id).await?.ok_or_else(none)
}
