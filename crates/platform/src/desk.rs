//! Answering what other platforms ask at our interface: subscriptions to our passages, and vehicles to look out for.

use crate::exchange::Exchange;
use crate::id::business_id;
use crate::keep::{MOTOR_VEHICLE, date_time};
use domain::{CheckpointId, DeviceId, Level, Plate, Timestamp, WatchOrder, WatchOrderId};
use gat1400::codes::{OperateType, StatusCode, SubscribeDetail, SubscribeStatus};
use gat1400::id::BusinessKind;
use gat1400::object;
use gat1400::route::Resource;
use gateway::question::{Question, Told, Wish};
use records::{
    AuditEntry, Direction, Disposition, DispositionFilter, ExchangeState, Platform, StoreError, Subscription,
    WatchRecord, WithdrawError, Withdrawal,
};
use smol_str::{SmolStr, ToSmolStr, format_smolstr};
use std::net::IpAddr;

/// Subscriptions that a platform may have with us at a time.
pub(crate) const SUBSCRIPTIONS_PER_PLATFORM_MAX: usize = 64;
/// Dispositions of a platform that may wait or be in force at a time.
pub(crate) const DISPOSITIONS_PER_PLATFORM_MAX: usize = 10_000;
/// Longest id that is taken; the standard's has 33 digits.
const ID_BYTES_MAX: usize = 64;
/// Longest text of a title or reason that is kept, in bytes.
const TEXT_BYTES_MAX: usize = 512;
/// Resources in one subscription.
const RESOURCES_MAX: usize = 2_000;

/// Answers; a failure of the records is told as "busy", and the platform asks again.
pub(crate) async fn answer(exchange: &Exchange, question: Question) {
    let Question { platform, address, at, wish, answer } = question;
    match told(exchange, &platform, address, at, wish).await {
        Ok(told) => drop(answer.send(told)),
        Err(error) => tracing::error!(%error, %platform, "could not answer a platform"),
    }
}

async fn told(
    exchange: &Exchange,
    id: &DeviceId,
    address: IpAddr,
    at: Timestamp,
    wish: Wish,
) -> Result<Told, StoreError> {
    let Some(platform) = exchange.records.platform(id).await? else {
        return Ok(Told::Statuses(vec![(id.0.clone(), StatusCode::InvalidOperation)]));
    };
    let mut statuses = Vec::new();
    match wish {
        Wish::Subscribe(objects) => {
            for object in objects {
                statuses.push(subscribe(exchange, &platform, address, at, &object).await?);
            }
        }
        Wish::ForgetSubscribes(ids) => {
            for id in ids {
                statuses.push(end_subscription(exchange, &platform, &id, at).await?);
            }
        }
        Wish::Dispose(objects) => {
            for object in objects {
                statuses.push(dispose(exchange, &platform, address, at, &object).await?);
            }
        }
        Wish::ForgetDispositions(ids) => {
            for id in ids {
                statuses.push(withdraw(exchange, &platform, &id, at).await?);
            }
        }
        Wish::Subscribes(one) => {
            let all = exchange.records.subscriptions(Some(id)).await?;
            let theirs = all.into_iter().filter(|found| found.direction == Direction::In);
            let asked = theirs.filter(|found| one.as_ref().is_none_or(|id| found.id == *id));
            return Ok(Told::Subscribes(asked.map(|found| subscribe_object(&found)).collect()));
        }
        Wish::Dispositions(one) => {
            let filter = DispositionFilter {
                platform: Some(id.clone()),
                direction: Some(Direction::In),
                ..DispositionFilter::default()
            };
            let theirs = exchange.records.dispositions(&filter).await?;
            let asked = theirs.into_iter().filter(|found| one.as_ref().is_none_or(|id| found.id == *id));
            return Ok(Told::Dispositions(asked.map(|found| disposition_object(&found)).collect()));
        }
    }
    exchange.changed();
    Ok(Told::Statuses(statuses))
}

type Status = (SmolStr, StatusCode);

/// What a subscription asks for, checked.
struct Asked {
    begin_at: Timestamp,
    end_at: Timestamp,
    receive_addr: SmolStr,
    resources: Vec<CheckpointId>,
}

/// Reads what is asked for, or says why it is not given.
fn asked_of(
    platform: &Platform,
    address: IpAddr,
    at: Timestamp,
    object: &object::Subscribe,
) -> Result<Asked, StatusCode> {
    let time = |time: gat1400::DateTime| Timestamp::from_unix_ms(time.unix_ms());
    if !is_sane_id(object.subscribe_id.trim(), true) {
        return Err(StatusCode::InvalidContent);
    }
    let details = object.subscribe_detail.split(',').filter(|code| !code.trim().is_empty());
    let wants_vehicles = details.clone().count() == 0
        || details
            .filter_map(SubscribeDetail::from_text)
            .any(|detail| detail == SubscribeDetail::MotorVehicle);
    if !wants_vehicles {
        return Err(StatusCode::InvalidOperation);
    }
    let resources = object.resource_uri.split([',', ';']).map(str::trim).filter(|id| !id.is_empty());
    let asked = Asked {
        begin_at: object.begin_time.map_or(at, time),
        end_at: object.end_time.map(time).ok_or(StatusCode::InvalidContent)?,
        receive_addr: receive_addr(platform, address, &object.receive_addr, Resource::SubscribeNotifications)
            .ok_or(StatusCode::InvalidContent)?,
        resources: resources.map(CheckpointId::from).collect(),
    };
    let is_too_long = asked.resources.len() > RESOURCES_MAX
        || asked.resources.iter().any(|id| id.as_str().len() > ID_BYTES_MAX);
    if asked.end_at <= at || asked.end_at <= asked.begin_at || is_too_long {
        return Err(StatusCode::InvalidContent);
    }
    Ok(asked)
}

async fn subscribe(
    exchange: &Exchange,
    platform: &Platform,
    address: IpAddr,
    at: Timestamp,
    object: &object::Subscribe,
) -> Result<Status, StoreError> {
    let named = object.subscribe_id.trim();
    if is_cancel(object.operate_type, object.subscribe_status) {
        return end_subscription(exchange, platform, named, at).await;
    }
    let asked = match asked_of(platform, address, at, object) {
        Ok(asked) => asked,
        Err(code) => return Ok((named.into(), code)),
    };
    // The data service of the standard lets the server name it; between platforms it has its name.
    let id = if named.is_empty() {
        let of = [platform.id.as_str().as_bytes(), object.title.as_bytes(), object.resource_uri.as_bytes()];
        business_id(&exchange.server_id, BusinessKind::SUBSCRIBE, at, &of)
    } else {
        SmolStr::new(named)
    };
    let all = exchange.records.subscriptions(Some(&platform.id)).await?;
    let mut standing: Vec<_> = all
        .into_iter()
        .filter(|one| one.direction == Direction::In && one.state == ExchangeState::InForce)
        .collect();
    let known = standing.iter().position(|one| one.id == id).map(|index| standing.swap_remove(index));
    let is_new = known.is_none();
    if is_new && standing.len() >= SUBSCRIPTIONS_PER_PLATFORM_MAX {
        return Ok((id, StatusCode::InvalidOperation));
    }
    // From now on: what passed before is history, which is not subscribed to.
    let from = exchange.observations.end().get();
    let mut subscription = known.unwrap_or_else(|| blank_subscription(platform, &id, from, at));
    subscription.title = cut(&object.title);
    (subscription.begin_at, subscription.end_at) = (asked.begin_at, asked.end_at);
    (subscription.resources, subscription.receive_addr) = (asked.resources, asked.receive_addr);
    subscription.with_pictures = object.result_image_declare.trim() != "-1";
    exchange.records.put_subscription(&subscription).await?;
    if is_new {
        let detail = format!("{} → {}", subscription.title, subscription.receive_addr);
        audit(exchange, platform, at, "platform.subscribe", &id, detail).await?;
    }
    Ok((id, StatusCode::Ok))
}

fn blank_subscription(platform: &Platform, id: &SmolStr, position: u64, at: Timestamp) -> Subscription {
    Subscription {
        platform: platform.id.clone(),
        direction: Direction::In,
        id: id.clone(),
        title: SmolStr::default(),
        resources: Vec::new(),
        with_pictures: false,
        begin_at: at,
        end_at: at,
        renew_days: 0,
        receive_addr: SmolStr::default(),
        state: ExchangeState::InForce,
        position,
        notices: 0,
        objects: 0,
        failures: 0,
        last_notice_at: None,
        last_error: None,
        created_by: "platform".into(),
        created_at: at,
    }
}

/// Whether an id can be kept; none at all is for us to give.
fn is_sane_id(id: &str, may_be_empty: bool) -> bool {
    (may_be_empty || !id.is_empty())
        && id.len() <= ID_BYTES_MAX
        && id.bytes().all(|byte| byte.is_ascii_graphic())
}

async fn end_subscription(
    exchange: &Exchange,
    platform: &Platform,
    id: &str,
    at: Timestamp,
) -> Result<Status, StoreError> {
    let Some(known) = exchange.records.subscription(&platform.id, Direction::In, id).await? else {
        return Ok((id.into(), StatusCode::InvalidOperation));
    };
    if known.state == ExchangeState::InForce {
        exchange.records.note_subscription(&known, ExchangeState::Ended, None).await?;
        audit(exchange, platform, at, "platform.unsubscribe", id, known.title.to_string()).await?;
    }
    Ok((id.into(), StatusCode::Ok))
}

async fn dispose(
    exchange: &Exchange,
    platform: &Platform,
    address: IpAddr,
    at: Timestamp,
    object: &object::Disposition,
) -> Result<Status, StoreError> {
    let id = SmolStr::new(object.disposition_id.trim());
    if !platform.takes_dispositions {
        return Ok((id, StatusCode::InvalidOperation));
    }
    if is_cancel(object.operate_type, object.disposition_status) {
        return withdraw(exchange, platform, &id, at).await;
    }
    let disposition = match disposition_of(platform, address, at, object) {
        Ok(disposition) => disposition,
        Err(code) => return Ok((id, code)),
    };
    if let Some(known) = exchange.records.disposition(&platform.id, Direction::In, &id).await?
        && known.state != ExchangeState::Ended
    {
        // Sent twice: it is here, wherever it stands. Another end is another disposition.
        return Ok((id, StatusCode::Ok));
    }
    let filter = DispositionFilter {
        platform: Some(platform.id.clone()),
        direction: Some(Direction::In),
        ..DispositionFilter::default()
    };
    if exchange.records.dispositions(&filter).await?.len() >= DISPOSITIONS_PER_PLATFORM_MAX {
        return Ok((id, StatusCode::InvalidOperation));
    }
    exchange.records.put_dispositions(std::slice::from_ref(&disposition)).await?;
    let detail = format!("{}: {}", disposition.plate, disposition.title);
    audit(exchange, platform, at, "platform.dispose", &id, detail).await?;
    if platform.is_trusted {
        accept(exchange, platform, disposition, "platform", "", at).await?;
    }
    Ok((id, StatusCode::Ok))
}

/// Reads what is asked for, or says why it is not taken.
fn disposition_of(
    platform: &Platform,
    address: IpAddr,
    at: Timestamp,
    object: &object::Disposition,
) -> Result<Disposition, StatusCode> {
    let (id, plate) = (object.disposition_id.trim(), object.target_feature.trim());
    let category = object.disposition_category.trim();
    if !category.is_empty() && category != MOTOR_VEHICLE {
        return Err(StatusCode::InvalidOperation);
    }
    let time = |time: gat1400::DateTime| Timestamp::from_unix_ms(time.unix_ms());
    let end_at = object.end_time.map(time).filter(|end| *end > at);
    if !is_sane_id(id, false) || Plate::parse(plate).is_err() {
        return Err(StatusCode::InvalidContent);
    }
    let resource = Resource::DispositionNotifications;
    let receive_addr = receive_addr(platform, address, &object.receive_addr, resource)
        .or_else(|| receive_addr(platform, address, "", resource))
        .ok_or(StatusCode::InvalidContent)?;
    let applicant = format_smolstr!("{} {}", object.applicant_org, object.applicant_name);
    Ok(Disposition {
        platform: platform.id.clone(),
        direction: Direction::In,
        id: id.into(),
        watch_order: None,
        title: cut(&object.title),
        plate: plate.into(),
        priority: object.priority_level.filter(|level| (1..=3).contains(level)).unwrap_or(2) as u8,
        reason: cut(&object.reason),
        applicant: cut(applicant.trim()),
        begin_at: object.begin_time.map_or(at, time),
        end_at: end_at.ok_or(StatusCode::InvalidContent)?,
        receive_addr,
        state: ExchangeState::Review,
        notices: 0,
        last_notice_at: None,
        last_error: None,
        decision: None,
        created_at: at,
    })
}

/// Puts a disposition of another platform into force as a watch order. `by` is who decides it.
pub async fn accept(
    exchange: &Exchange,
    platform: &Platform,
    mut disposition: Disposition,
    by: &str,
    note: &str,
    now: Timestamp,
) -> Result<Disposition, StoreError> {
    let Ok(plate) = Plate::parse(&disposition.plate) else { return Ok(disposition) };
    // Cut off half-way and done again, it is the same order; sent again after its end, it is another one.
    let came_at = disposition.created_at.unix_ms().to_be_bytes();
    let of = [platform.id.as_str().as_bytes(), disposition.id.as_bytes(), &came_at];
    let digits: String = domain::WarningId::of(&of).to_string().chars().take(16).collect();
    let id = WatchOrderId::from(digits.as_str());
    let reason = [disposition.title.as_str(), disposition.reason.as_str()].join(" ");
    let record = WatchRecord {
        order: WatchOrder {
            id: id.clone(),
            plate,
            class: None,
            reason: format_smolstr!("{}：{}", platform.name, reason.trim()),
            level: match disposition.priority {
                1 => Level::High,
                3 => Level::Low,
                _ => Level::Medium,
            },
            from: disposition.begin_at.max(now),
            until: disposition.end_at,
        },
        legal_basis: format_smolstr!(
            "{} 布控 {}（{}）",
            platform.name,
            disposition.id,
            disposition.applicant
        ),
        created_by: by.into(),
        created_at: now,
        withdrawal: None,
    };
    exchange.records.put_watch_orders(&[record]).await?;
    disposition.watch_order = Some(id);
    disposition.state = ExchangeState::InForce;
    disposition.decision = Some((by.into(), now, note.into()));
    exchange.records.put_dispositions(std::slice::from_ref(&disposition)).await?;
    (exchange.orders_changed)();
    Ok(disposition)
}

async fn withdraw(
    exchange: &Exchange,
    platform: &Platform,
    id: &str,
    at: Timestamp,
) -> Result<Status, StoreError> {
    let Some(known) = exchange.records.disposition(&platform.id, Direction::In, id).await? else {
        return Ok((id.into(), StatusCode::InvalidOperation));
    };
    if let (ExchangeState::InForce, Some(order)) = (known.state, &known.watch_order) {
        let withdrawal =
            Withdrawal { by: platform.name.clone(), at, reason: format_smolstr!("{} 撤控", platform.name) };
        match exchange.records.withdraw_watch_order(order, withdrawal).await {
            // Gone or withdrawn here already: the platform gets what it wants.
            Ok(_) | Err(WithdrawError::NotFound | WithdrawError::Withdrawn { .. }) => {}
            Err(WithdrawError::Store(error)) => return Err(error),
        }
        (exchange.orders_changed)();
    }
    if known.state != ExchangeState::Ended {
        exchange.records.note_disposition(&known, ExchangeState::Ended, None).await?;
        audit(exchange, platform, at, "platform.withdraw", id, known.plate.to_string()).await?;
    }
    Ok((id.into(), StatusCode::Ok))
}

/// `OperateType` 1, or a status that says so.
fn is_cancel(operate: Option<i64>, status: Option<i64>) -> bool {
    let is_cancelled = status == Some(SubscribeStatus::Cancelled.code());
    operate == Some(OperateType::Cancel.code()) || (operate.is_none() && is_cancelled)
}

/// Where notices go: a URL on the host of the platform's own address, or on that it asks from; nothing leads elsewhere. A
/// bare address gets the resource's path; without one the platform's own is taken.
fn receive_addr(platform: &Platform, address: IpAddr, asked: &str, resource: Resource) -> Option<SmolStr> {
    let asked = asked.trim();
    let asked = if asked.is_empty() { platform.base_url.as_str() } else { asked };
    if asked.len() > TEXT_BYTES_MAX {
        return None;
    }
    let with_scheme = if asked.contains("://") { asked.to_owned() } else { format!("http://{asked}") };
    let url: http::Uri = with_scheme.parse().ok()?;
    let host = url.host()?;
    let own: Option<http::Uri> = platform.base_url.parse().ok();
    let is_own = own.as_ref().and_then(http::Uri::host).is_some_and(|own| own.eq_ignore_ascii_case(host));
    let is_there = host.trim_matches(['[', ']']).parse() == Ok(address);
    if !matches!(url.scheme_str(), Some("http" | "https")) || !(is_own || is_there) {
        return None;
    }
    let path = if url.path().trim_matches('/').is_empty() { resource.path() } else { "" };
    Some(format_smolstr!("{}{path}", with_scheme.trim_end_matches('/')))
}

fn cut(text: &str) -> SmolStr {
    text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or_default().to_smolstr()
}

async fn audit(
    exchange: &Exchange,
    platform: &Platform,
    at: Timestamp,
    action: &str,
    target: &str,
    detail: String,
) -> Result<(), StoreError> {
    let entry = AuditEntry {
        at,
        actor: format_smolstr!("platform:{}", platform.id),
        action: action.into(),
        target: target.into(),
        detail,
        address: None,
    };
    exchange.records.append_audit(&entry).await.map(|_| ())
}

fn subscribe_object(found: &Subscription) -> object::Subscribe {
    let resources: Vec<&str> = found.resources.iter().map(CheckpointId::as_str).collect();
    let status = match found.state {
        ExchangeState::InForce => SubscribeStatus::InForce,
        _ => SubscribeStatus::Cancelled,
    };
    object::Subscribe {
        subscribe_id: found.id.clone(),
        title: found.title.clone(),
        subscribe_detail: SubscribeDetail::MotorVehicle.code().to_string().into(),
        resource_uri: resources.join(",").into(),
        begin_time: Some(date_time(found.begin_at)),
        end_time: Some(date_time(found.end_at)),
        receive_addr: found.receive_addr.clone(),
        operate_type: Some(OperateType::Subscribe.code()),
        subscribe_status: Some(status.code()),
        ..object::Subscribe::default()
    }
}

fn disposition_object(found: &Disposition) -> object::Disposition {
    // In force only when somebody put it into force: until then it is none.
    let status = match found.state {
        ExchangeState::InForce => SubscribeStatus::InForce,
        ExchangeState::Ended | ExchangeState::Refused => SubscribeStatus::Cancelled,
        _ => SubscribeStatus::None,
    };
    object::Disposition {
        disposition_id: found.id.clone(),
        title: found.title.clone(),
        disposition_category: MOTOR_VEHICLE.into(),
        target_feature: found.plate.clone(),
        priority_level: Some(found.priority.into()),
        begin_time: Some(date_time(found.begin_at)),
        end_time: Some(date_time(found.end_at)),
        operate_type: Some(OperateType::Subscribe.code()),
        disposition_status: Some(status.code()),
        receive_addr: found.receive_addr.clone(),
        reason: found.reason.clone(),
        ..object::Disposition::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::{Relation, Scope};

    #[test]
    fn notices_go_to_the_platform_and_nowhere_else() {
        let platform = Platform {
            id: "37130000005020000001".into(),
            name: "市局".into(),
            relation: Relation::Superior,
            is_enabled: true,
            base_url: "http://viid.example:8120".into(),
            receive_url: SmolStr::default(),
            out: None,
            incoming: None,
            scope: Scope::None,
            takes_dispositions: false,
            is_trusted: false,
            created_by: "admin".into(),
            created_at: Timestamp::default(),
        };
        let goes = |asked: &str| {
            let address = "10.0.0.9".parse().unwrap();
            receive_addr(&platform, address, asked, Resource::SubscribeNotifications)
                .map(|url| url.to_string())
        };
        let whole = "http://10.0.0.9:80/VIID/SubscribeNotifications";
        assert_eq!(goes(whole).as_deref(), Some(whole));
        assert_eq!(goes("10.0.0.9:80/").as_deref(), Some(whole));
        let own = "http://viid.example:8120/VIID/SubscribeNotifications";
        assert_eq!(goes("").as_deref(), Some(own));
        assert_eq!(goes("http://VIID.example/x").as_deref(), Some("http://VIID.example/x"));
        for elsewhere in [
            "http://10.0.0.8/",
            "http://10.0.0.9.evil.example/",
            "ftp://10.0.0.9/",
            "file:///etc",
            "http://a@b@/",
        ] {
            assert_eq!(goes(elsewhere), None, "{elsewhere}");
        }
    }

    #[test]
    fn a_cancel_is_told_by_its_operation_or_its_status() {
        assert!(is_cancel(Some(1), None) && is_cancel(None, Some(1)));
        assert!(!is_cancel(Some(0), Some(1)) && !is_cancel(None, None));
    }
}
