//! Tidings to people and channels: each person is told on the page, each channel that wants it gets a request, tried again until
//! it is taken or given up. What is to be told and what is to be sent are rows: a restart loses none.

use crate::shutdown::ended;
use api::App;
use api::notice::{
    Channel, ChannelKind, Outgoing, PUSH_CHANNEL, event_of, is_public, is_taken, people_of, push_event,
    text_of,
};
use api::stream::tell_noticed;
use domain::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use gateway::Shutdown;
use records::{Attempt, DeliveryRecord, NewDelivery, StoreError, TidingsRecord};
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};
use std::net::ToSocketAddrs;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{AbortHandle, JoinSet};
use ureq::Agent;

/// How often is looked.
const PERIOD: Duration = Duration::from_millis(500);
/// Tidings passed on in one transaction at most.
const PASSED_AT_ONCE: u64 = 200;
/// Deliveries looked up at a time at most.
const SENT_AT_ONCE: u64 = 20;
/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// After which time a failed delivery is tried again; after the last it is given up.
const AGAIN_MS: [i64; 6] =
    [10 * SECOND_MS, MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 8 * HOUR_MS];
/// What a push service answers of a browser that is not there any more: it is forgotten.
const GONE: [u16; 2] = [404, 410];
/// Longest answer that is looked at, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 << 10;
/// How long notices and deliveries are kept.
const KEPT_MS: i64 = 90 * DAY_MS;
/// Ticks between two looks for old ones.
const FORGET_TICKS: u64 = 7_200;

/// Channels that send.
#[derive(Default)]
struct UnderWay {
    channels: BTreeMap<SmolStr, AbortHandle>,
    sending: JoinSet<()>,
}

/// Passes on and sends until `shutdown`.
pub(crate) async fn run(app: Arc<App>, mut shutdown: Shutdown) {
    // It blocks, on threads that are for that.
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .into();
    let mut period = tokio::time::interval(PERIOD);
    period.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // What is on its way at the end is sent again at the next start.
    let mut under_way = UnderWay::default();
    let mut tick: u64 = 0;
    loop {
        tokio::select! {
            () = ended(&mut shutdown) => return,
            _ = period.tick() => {}
        }
        if let Err(error) = pass_on(&app).await {
            tracing::warn!(%error, "tidings wait to be passed on");
        }
        if let Err(error) = send_due(&app, &agent, &mut under_way).await {
            tracing::warn!(%error, "deliveries wait");
        }
        if tick.is_multiple_of(FORGET_TICKS)
            && let Err(error) = app.records.forget_notices(app.clock.now().plus_ms(-KEPT_MS)).await
        {
            tracing::warn!(%error, "old notices could not be forgotten");
        }
        tick += 1;
    }
}

/// Passes on what happened.
async fn pass_on(app: &Arc<App>) -> Result<(), StoreError> {
    loop {
        let pending = app.records.tidings_pending(PASSED_AT_ONCE).await?;
        if pending.is_empty() {
            return Ok(());
        }
        let channels = app.channels().await?;
        let mut told = Vec::with_capacity(pending.len());
        let mut noticed = BTreeSet::new();
        for tidings in pending {
            let (people, sent) = whom(app, &tidings, &channels).await?;
            noticed.extend(people.iter().cloned());
            told.push((tidings, people, sent));
        }
        app.records.pass_on(&told, app.clock.now()).await?;
        tell_noticed(app, &noticed);
    }
}

/// Who is told on the page, and what is sent.
async fn whom(
    app: &Arc<App>,
    tidings: &TidingsRecord,
    channels: &[Channel],
) -> Result<(Vec<SmolStr>, Vec<NewDelivery>), StoreError> {
    let office = app.office.load_full();
    let (text, event) = (text_of(tidings), event_of(app, tidings).to_string());
    let pushed = push_event(tidings);
    let delivery = |channel: &str, person: Option<&SmolStr>, recipient: SmolStr, event: &str| NewDelivery {
        channel: SmolStr::new(channel),
        recipient,
        person: person.cloned(),
        text: text.clone(),
        event: event.to_owned(),
    };
    let (by_phone, to_groups): (Vec<&Channel>, Vec<&Channel>) = channels
        .iter()
        .filter(|channel| channel.wants(tidings))
        .partition(|channel| channel.kind == ChannelKind::Sms);
    let (mut people, mut sent) = (Vec::new(), Vec::new());
    for person in people_of(&tidings.audience, &office, app.clock.now()) {
        let ways = app.ways_of(&person, tidings.word).await?;
        let user = office.users.iter().find(|user| user.username == person && user.is_enabled);
        if let Some(phone) = user.and_then(|user| user.phone.clone()).filter(|_| ways.sms) {
            sent.extend(by_phone.iter().map(|it| delivery(&it.id, Some(&person), phone.clone(), &event)));
        }
        if user.is_some() && ways.push {
            let browsers = app.records.pushes_of(&person).await?;
            let address = |id: i64| SmolStr::new(id.to_string());
            sent.extend(
                browsers.iter().map(|it| delivery(PUSH_CHANNEL, Some(&person), address(it.id), &pushed)),
            );
        }
        if ways.page {
            people.push(person);
        }
    }
    sent.extend(to_groups.iter().map(|it| delivery(&it.id, None, SmolStr::default(), &event)));
    Ok((people, sent))
}

/// Why something was not taken.
enum Failure {
    /// It may be taken later.
    Now(String),
    /// It never will be.
    Ever(String),
}

/// Sends what is due on each channel that has nothing under way, beside the others: a service that is slow to answer holds
/// nobody's but its own.
async fn send_due(app: &Arc<App>, agent: &Agent, under_way: &mut UnderWay) -> Result<(), StoreError> {
    under_way.channels.retain(|_, sending| !sending.is_finished());
    while under_way.sending.try_join_next().is_some() {}
    let busy = under_way.channels.keys().map(SmolStr::as_str);
    let due = app.records.deliveries_due(app.clock.now(), busy, SENT_AT_ONCE).await?;
    if due.is_empty() {
        return Ok(());
    }
    let channels = Arc::new(app.channels().await?);
    let mut by_channel: BTreeMap<SmolStr, Vec<DeliveryRecord>> = BTreeMap::new();
    for delivery in due {
        by_channel.entry(delivery.content.channel.clone()).or_default().push(delivery);
    }
    for (channel, due) in by_channel {
        let (app, agent, channels) = (app.clone(), agent.clone(), channels.clone());
        let sending = under_way.sending.spawn(async move {
            if let Err(error) = send_all(&app, &agent, &channels, due).await {
                tracing::warn!(%error, "deliveries wait");
            }
        });
        under_way.channels.insert(channel, sending);
    }
    Ok(())
}

/// Sends one after the other until the service does not take one that it may take later; what is left stays due.
async fn send_all(
    app: &App,
    agent: &Agent,
    channels: &[Channel],
    due: Vec<DeliveryRecord>,
) -> Result<(), StoreError> {
    for delivery in due {
        let outcome = send(app, agent, channels, &delivery).await?;
        let is_away = matches!(outcome, Err(Failure::Now(_)));
        let attempt = match outcome {
            Ok(()) => Attempt::Delivered,
            Err(Failure::Ever(error)) => Attempt::Failed { error, again_at: None },
            Err(Failure::Now(error)) => {
                let again = AGAIN_MS.get(delivery.attempts as usize);
                Attempt::Failed { error, again_at: again.map(|ms| app.clock.now().plus_ms(*ms)) }
            }
        };
        let became = if attempt == Attempt::Delivered { "delivered" } else { "failed" };
        metrics::counter!("anchang_deliveries_total", "outcome" => became).increment(1);
        app.records.note_attempt(delivery.id, &attempt).await?;
        if is_away {
            break;
        }
    }
    Ok(())
}

async fn send(
    app: &App,
    agent: &Agent,
    channels: &[Channel],
    delivery: &DeliveryRecord,
) -> Result<Result<(), Failure>, StoreError> {
    let content = &delivery.content;
    if content.channel == PUSH_CHANNEL {
        return push(app, agent, &content.recipient, &content.event).await;
    }
    let Some(channel) = channels.iter().find(|channel| channel.id == content.channel.as_str()) else {
        return Ok(Err(Failure::Ever("the channel was removed".to_owned())));
    };
    let outgoing = channel.request(content, delivery.id, app.clock.now());
    let kind = channel.kind;
    let asked = ask(agent, outgoing, true).await;
    Ok(asked
        .and_then(|(status, text)| taken(status).and_then(|()| is_taken(kind, &text).map_err(Into::into)))
        .map_err(Failure::Now))
}

/// Brings it to a browser. One that its service does not know any more is forgotten.
async fn push(
    app: &App,
    agent: &Agent,
    browser: &str,
    event: &str,
) -> Result<Result<(), Failure>, StoreError> {
    let id = browser.parse().unwrap_or_default();
    let Some(browser) = app.records.push(id).await? else {
        return Ok(Err(Failure::Ever("the browser was signed off".to_owned())));
    };
    let outgoing = match app.push_request(&browser, event).await {
        Ok(outgoing) => outgoing,
        Err(error) => return Ok(Err(Failure::Ever(error.to_string()))),
    };
    let (status, _) = match ask(agent, outgoing, app.push.private_services).await {
        Ok(answer) => answer,
        Err(error) => return Ok(Err(Failure::Now(error))),
    };
    if GONE.contains(&status) {
        app.records.remove_push(id, None).await?;
        return Ok(Err(Failure::Ever(format!("HTTP {status}: the browser is gone"))));
    }
    if taken(status).is_ok() {
        app.records.note_pushed(id, app.clock.now()).await?;
    }
    Ok(taken(status).map_err(Failure::Now))
}

fn taken(status: u16) -> Result<(), String> {
    if (200..300).contains(&status) { Ok(()) } else { Err(format!("HTTP {status}")) }
}

async fn ask(agent: &Agent, outgoing: Outgoing, may_be_private: bool) -> Result<(u16, String), String> {
    let agent = agent.clone();
    let asked = tokio::task::spawn_blocking(move || ask_blocking(&agent, &outgoing, may_be_private));
    asked.await.unwrap_or_else(|_| Err("sending panicked".to_owned()))
}

/// One request: status and text of the answer. An error says nothing of the address, which may hold a key.
fn ask_blocking(agent: &Agent, outgoing: &Outgoing, may_be_private: bool) -> Result<(u16, String), String> {
    if !may_be_private && !leads_outside(&outgoing.url)? {
        return Err("the push service is at a private address".to_owned());
    }
    let answered = if outgoing.method == "GET" {
        agent.get(&outgoing.url).call()
    } else {
        let mut request = agent.post(&outgoing.url);
        for (name, value) in &outgoing.headers {
            request = request.header(*name, value);
        }
        request.send(outgoing.body.as_slice())
    };
    let mut answer = answered.map_err(|error| match error {
        ureq::Error::BadUri(_) => "the address can't be used".to_owned(),
        other => other.to_string(),
    })?;
    let text = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string().unwrap_or_default();
    Ok((answer.status().as_u16(), text))
}

/// Whether all that a name stands for is of the internet: a name of somebody's choice may be given an address of ours.
fn leads_outside(url: &str) -> Result<bool, String> {
    let uri: ureq::http::Uri = url.parse().map_err(|_| "the address can't be used".to_owned())?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let port = uri.port_u16().unwrap_or(443);
    let mut found = (host, port).to_socket_addrs().map_err(|error| error.to_string())?;
    Ok(found.all(|address| is_public(address.ip())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_stands_for_an_address_of_ours_leads_inside() {
        assert_eq!(leads_outside("https://localhost/x"), Ok(false));
        assert_eq!(leads_outside("https://127.0.0.1:8443/x"), Ok(false));
        assert_eq!(leads_outside("https://[::1]/x"), Ok(false));
        assert_eq!(leads_outside("https://93.184.216.34/x"), Ok(true));
        assert!(leads_outside("https://no-such-name.invalid/x").is_err());
    }
}
