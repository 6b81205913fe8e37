//! Keeping up the link to one platform, and making there so what the records want.

use crate::exchange::{Exchange, Patience, ended};
use crate::link::{Link, LinkError};
use domain::Timestamp;
use domain::time::{DAY_MS, MINUTE_MS};
use gat1400::DateTime;
use gat1400::codes::{OperateType, ResourceClass, SubscribeDetail, SubscribeStatus};
use gat1400::object;
use gat1400::route::Resource;
use gateway::{SeenTollgate, Shutdown};
use records::{
    Direction, Disposition, DispositionFilter, ExchangeState, Platform, StoreError, Subscription, Tollgate,
    TollgateState, WatchState,
};
use std::sync::Arc;
use tokio::sync::watch;

/// How often clocks are compared and tollgates asked for.
const LOOK_AROUND_MS: i64 = 10 * MINUTE_MS;
/// Renewed so long before its end, or at a quarter of its period when that is shorter.
const RENEW_BEFORE_MS: i64 = DAY_MS;
/// Who applies, in objects.
const APPLICANT: &str = "Anchang";
/// `DispositionCategory` of a motor vehicle.
pub(crate) const MOTOR_VEHICLE: &str = "2";
/// `DispositionRange` over all tollgates.
const BY_TOLLGATES: &str = "1";

/// Runs until `shutdown`, or until it is stopped because the platform changed.
pub(crate) async fn run(
    exchange: Arc<Exchange>,
    platform: Platform,
    link: Arc<Link>,
    mut rung: watch::Receiver<()>,
    mut shutdown: Shutdown,
) {
    if platform.base_url.is_empty() || platform.out.is_none() {
        // Only it comes to us.
        ended(&mut shutdown).await;
        return;
    }
    let mut patience = Patience::new(exchange.options.retry_max);
    let mut is_registered = false;
    let mut looked_around_at: Option<Timestamp> = None;
    loop {
        let alive = if is_registered { link.keepalive().await } else { link.register().await };
        match alive {
            Ok(()) => {
                if !is_registered {
                    tracing::info!(platform = %platform.id, name = %platform.name, "registered with the platform");
                }
                is_registered = true;
                patience.reset();
                let now = exchange.clock.now();
                if looked_around_at.is_none_or(|at| now.ms_since(at) >= LOOK_AROUND_MS) {
                    looked_around_at = Some(now);
                    look_around(&exchange, &platform, &link).await;
                }
                if let Err(error) = settle(&exchange, &platform, &link).await {
                    tracing::error!(%error, platform = %platform.id, "could not settle what is wanted of the platform");
                }
            }
            Err(error) => {
                if is_registered {
                    tracing::warn!(platform = %platform.id, %error, "lost the platform");
                }
                is_registered = false;
            }
        }
        let wait = if is_registered { exchange.options.keepalive } else { patience.next() };
        tokio::select! {
            () = ended(&mut shutdown) => return,
            // What is new is tried at once, but a platform that is away is not asked more often for it.
            changed = rung.changed(), if is_registered => {
                if changed.is_err() {
                    return;
                }
            }
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// What a platform tells of itself. That it does not is no fault.
async fn look_around(exchange: &Exchange, platform: &Platform, link: &Link) {
    if let Err(error) = link.compare_clocks().await {
        tracing::info!(platform = %platform.id, %error, "the platform tells no time");
    }
    let told = match link.tollgates().await {
        Ok(told) => told,
        Err(error) => {
            tracing::info!(platform = %platform.id, %error, "the platform tells of no tollgates");
            return;
        }
    };
    let now = exchange.clock.now();
    let known = match exchange.records.all_checkpoints().await {
        Ok(known) => known,
        Err(error) => {
            tracing::warn!(%error, "could not read the checkpoints");
            return;
        }
    };
    let strangers: Vec<Tollgate> = told
        .iter()
        .filter_map(SeenTollgate::of)
        .filter(|seen| known.iter().all(|checkpoint| checkpoint.id != seen.id))
        .map(|seen| Tollgate {
            platform: platform.id.clone(),
            id: seen.id,
            name: seen.name,
            location: seen.location,
            state: TollgateState::Waiting,
            passages: 0,
            first_seen_at: now,
            last_seen_at: now,
        })
        .collect();
    if let Err(error) = exchange.records.note_tollgates(&strangers).await {
        tracing::warn!(%error, "could not note the tollgates of a platform");
    }
}

/// Places, renews and takes back.
async fn settle(exchange: &Exchange, platform: &Platform, link: &Link) -> Result<(), StoreError> {
    let subscriptions = exchange.records.subscriptions(Some(&platform.id)).await?;
    for subscription in subscriptions.into_iter().filter(|one| one.direction == Direction::Out) {
        settle_subscription(exchange, platform, link, subscription).await?;
    }
    let filter = DispositionFilter {
        platform: Some(platform.id.clone()),
        direction: Some(Direction::Out),
        ..DispositionFilter::default()
    };
    for disposition in exchange.records.dispositions(&filter).await? {
        settle_disposition(exchange, platform, link, disposition).await?;
    }
    Ok(())
}

async fn settle_subscription(
    exchange: &Exchange,
    platform: &Platform,
    link: &Link,
    mut subscription: Subscription,
) -> Result<(), StoreError> {
    use ExchangeState::{Ended, Ending, InForce, Refused, Wanted};
    let now = exchange.clock.now();
    let records = &exchange.records;
    match subscription.state {
        Wanted => {
            let Some(url) = exchange.receive_url(platform) else {
                let error = "receive_url";
                return records.note_subscription(&subscription, Wanted, Some(error)).await;
            };
            subscription.receive_addr = format!("{url}{}", Resource::SubscribeNotifications.path()).into();
            let object = subscribe_object(exchange, platform, &subscription);
            match link.send(link.client().post(&[object])).await {
                Ok(_) => records.note_placed(&subscription).await,
                Err(error) => {
                    let state = if error.is_final() { Refused } else { Wanted };
                    records.note_subscription(&subscription, state, Some(&error.stored())).await
                }
            }
        }
        InForce if is_due(&subscription, now) => {
            subscription.end_at = now.plus_ms(i64::from(subscription.renew_days) * DAY_MS);
            let object = subscribe_object(exchange, platform, &subscription);
            match link.send(link.client().put(&[object])).await {
                Ok(_) => records.note_placed(&subscription).await,
                // One that it has forgotten is placed anew.
                Err(error) if error.is_final() => {
                    records.note_subscription(&subscription, Wanted, Some(&error.stored())).await
                }
                Err(error) => records.note_subscription(&subscription, InForce, Some(&error.stored())).await,
            }
        }
        Ending => {
            let object = object::Subscribe {
                operate_type: Some(OperateType::Cancel.code()),
                subscribe_status: Some(SubscribeStatus::Cancelled.code()),
                subscribe_cancel_org: exchange.server_id.clone(),
                subscribe_cancel_person: subscription.created_by.clone(),
                cancel_time: Some(date_time(now)),
                cancel_reason: "不再需要".into(),
                ..subscribe_object(exchange, platform, &subscription)
            };
            let told = link.send(link.client().put_one(&subscription.id, &object)).await;
            let (state, error) = taken_back(told.err());
            let state = if state { Ended } else { Ending };
            records.note_subscription(&subscription, state, error.as_deref()).await
        }
        _ => Ok(()),
    }
}

/// Whether it is gone there: confirmed, or never known.
fn taken_back(error: Option<LinkError>) -> (bool, Option<String>) {
    match error {
        None => (true, None),
        Some(error) if error.is_final() || error == LinkError::Http(404) => (true, None),
        Some(error) => (false, Some(error.stored())),
    }
}

fn is_due(subscription: &Subscription, now: Timestamp) -> bool {
    let period_ms = i64::from(subscription.renew_days) * DAY_MS;
    period_ms > 0 && subscription.end_at.ms_since(now) < RENEW_BEFORE_MS.min(period_ms / 4)
}

fn subscribe_object(
    exchange: &Exchange,
    platform: &Platform,
    subscription: &Subscription,
) -> object::Subscribe {
    let resources: Vec<&str> = subscription.resources.iter().map(domain::CheckpointId::as_str).collect();
    let (uri, class) = if resources.is_empty() {
        (platform.id.0.clone(), ResourceClass::Library)
    } else {
        (resources.join(",").into(), ResourceClass::Tollgate)
    };
    object::Subscribe {
        subscribe_id: subscription.id.clone(),
        title: subscription.title.clone(),
        subscribe_detail: SubscribeDetail::MotorVehicle.code().to_string().into(),
        resource_uri: uri,
        applicant_name: APPLICANT.into(),
        applicant_org: exchange.server_id.clone(),
        begin_time: Some(date_time(subscription.begin_at)),
        end_time: Some(date_time(subscription.end_at)),
        receive_addr: subscription.receive_addr.clone(),
        report_interval: Some(0),
        operate_type: Some(OperateType::Subscribe.code()),
        subscribe_status: Some(SubscribeStatus::InForce.code()),
        resource_class: Some(class.code()),
        result_image_declare: if subscription.with_pictures { "".into() } else { "-1".into() },
        ..object::Subscribe::default()
    }
}

async fn settle_disposition(
    exchange: &Exchange,
    platform: &Platform,
    link: &Link,
    mut disposition: Disposition,
) -> Result<(), StoreError> {
    use ExchangeState::{Ended, Ending, InForce, Refused, Wanted};
    let now = exchange.clock.now();
    let records = &exchange.records;
    if matches!(disposition.state, Wanted | InForce)
        && let Some(order) = &disposition.watch_order
        && let Some(record) = records.watch_order(order).await?
        && record.state(now) == WatchState::Withdrawn
    {
        disposition.state = if disposition.state == Wanted { Ended } else { Ending };
        records.note_disposition(&disposition, disposition.state, None).await?;
    }
    match disposition.state {
        Wanted => {
            let Some(url) = exchange.receive_url(platform) else {
                return records.note_disposition(&disposition, Wanted, Some("receive_url")).await;
            };
            disposition.receive_addr = format!("{url}{}", Resource::DispositionNotifications.path()).into();
            let object = disposition_object(exchange, &disposition, OperateType::Subscribe);
            match link.send(link.client().post(&[object])).await {
                Ok(_) => records.note_disposed(&disposition).await,
                Err(error) => {
                    let state = if error.is_final() { Refused } else { Wanted };
                    records.note_disposition(&disposition, state, Some(&error.stored())).await
                }
            }
        }
        Ending => {
            let object = object::Disposition {
                disposition_remove_org: exchange.server_id.clone(),
                disposition_remove_person: APPLICANT.into(),
                disposition_remove_time: Some(date_time(now)),
                disposition_remove_reason: "撤控".into(),
                ..disposition_object(exchange, &disposition, OperateType::Cancel)
            };
            let told = link.send(link.client().put_one(&disposition.id, &object)).await;
            let (is_gone, error) = taken_back(told.err());
            let state = if is_gone { Ended } else { Ending };
            records.note_disposition(&disposition, state, error.as_deref()).await
        }
        _ => Ok(()),
    }
}

fn disposition_object(
    exchange: &Exchange,
    disposition: &Disposition,
    operate: OperateType,
) -> object::Disposition {
    object::Disposition {
        disposition_id: disposition.id.clone(),
        title: disposition.title.clone(),
        disposition_category: MOTOR_VEHICLE.into(),
        target_feature: disposition.plate.clone(),
        priority_level: Some(disposition.priority.into()),
        applicant_name: disposition.applicant.clone(),
        applicant_org: exchange.server_id.clone(),
        begin_time: Some(date_time(disposition.begin_at)),
        end_time: Some(date_time(disposition.end_at)),
        create_time: Some(date_time(disposition.created_at)),
        operate_type: Some(operate.code()),
        disposition_status: Some(operate.code()),
        disposition_range: BY_TOLLGATES.into(),
        receive_addr: disposition.receive_addr.clone(),
        reason: disposition.reason.clone(),
        ..object::Disposition::default()
    }
}

pub(crate) fn date_time(at: Timestamp) -> DateTime {
    DateTime::from_unix_ms(at.unix_ms())
}
