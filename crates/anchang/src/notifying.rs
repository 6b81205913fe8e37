//! Tidings to people and channels: each person is told on the page, each channel that wants it gets a request, tried again until
//! it is taken or given up. What is to be told and what is to be sent are rows: a restart loses none.

use crate::shutdown::ended;
use api::App;
use api::notice::{Channel, ChannelKind, Outgoing, event_of, is_taken, people_of, text_of};
use api::stream::tell_noticed;
use domain::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use gateway::Shutdown;
use records::{Attempt, DeliveryRecord, NewDelivery, StoreError, TidingsRecord};
use smol_str::SmolStr;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use ureq::Agent;

/// How often is looked.
const PERIOD: Duration = Duration::from_millis(500);
/// Tidings passed on in one transaction at most.
const PASSED_AT_ONCE: u64 = 200;
/// Requests sent before it is looked again at most.
const SENT_AT_ONCE: u64 = 20;
/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// After which time a failed delivery is tried again; after the last it is given up.
const AGAIN_MS: [i64; 6] =
    [10 * SECOND_MS, MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 8 * HOUR_MS];
/// Longest answer that is looked at, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 << 10;
/// How long notices and deliveries are kept.
const KEPT_MS: i64 = 90 * DAY_MS;
/// Ticks between two looks for old ones.
const FORGET_TICKS: u64 = 7_200;

/// Passes on and sends until `shutdown`.
pub(crate) async fn run(app: Arc<App>, mut shutdown: Shutdown) {
    // It blocks, on threads that are for that.
    let agent: Agent =
        Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).build().into();
    let mut period = tokio::time::interval(PERIOD);
    period.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut tick: u64 = 0;
    loop {
        tokio::select! {
            () = ended(&mut shutdown) => return,
            _ = period.tick() => {}
        }
        if let Err(error) = pass_on(&app).await {
            tracing::warn!(%error, "tidings wait to be passed on");
        }
        if let Err(error) = send_due(&app, &agent, &mut shutdown).await {
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
    let delivery = |channel: &Channel, recipient: SmolStr| NewDelivery {
        channel: SmolStr::new(&channel.id),
        recipient,
        text: text.clone(),
        event: event.clone(),
    };
    let wanting: Vec<&Channel> = channels.iter().filter(|channel| channel.wants(tidings)).collect();
    let (mut people, mut sent) = (Vec::new(), Vec::new());
    for person in people_of(&tidings.audience, &office, app.clock.now()) {
        let (on_page, by_sms) = app.wants_notice(&person, tidings.word).await?;
        let phone =
            office.users.iter().find(|user| user.username == person).and_then(|user| user.phone.clone());
        if let Some(phone) = phone.filter(|_| by_sms) {
            let by_phone = wanting.iter().filter(|channel| channel.kind == ChannelKind::Sms);
            sent.extend(by_phone.map(|channel| delivery(channel, phone.clone())));
        }
        if on_page {
            people.push(person);
        }
    }
    let to_groups = wanting.iter().filter(|channel| channel.kind != ChannelKind::Sms);
    sent.extend(to_groups.map(|channel| delivery(channel, SmolStr::default())));
    Ok((people, sent))
}

async fn send_due(app: &Arc<App>, agent: &Agent, shutdown: &mut Shutdown) -> Result<(), StoreError> {
    let due = app.records.deliveries_due(app.clock.now(), SENT_AT_ONCE).await?;
    if due.is_empty() {
        return Ok(());
    }
    let channels = app.channels().await?;
    for delivery in due {
        let channel = channels.iter().find(|channel| channel.id == delivery.content.channel.as_str());
        let outcome = match channel {
            None => Err("the channel was removed".to_owned()),
            Some(channel) => tokio::select! {
                outcome = send(app, agent, channel, &delivery) => outcome,
                // It is sent again at the next start.
                () = ended(shutdown) => return Ok(()),
            },
        };
        let attempt = match outcome {
            Ok(()) => Attempt::Delivered,
            Err(error) => {
                let again = channel.and_then(|_| AGAIN_MS.get(delivery.attempts as usize));
                Attempt::Failed { error, again_at: again.map(|ms| app.clock.now().plus_ms(*ms)) }
            }
        };
        let became = if attempt == Attempt::Delivered { "delivered" } else { "failed" };
        metrics::counter!("anchang_deliveries_total", "outcome" => became).increment(1);
        app.records.note_attempt(delivery.id, &attempt).await?;
    }
    Ok(())
}

async fn send(app: &App, agent: &Agent, channel: &Channel, delivery: &DeliveryRecord) -> Result<(), String> {
    let outgoing = channel.request(&delivery.content, delivery.id, app.clock.now());
    let (agent, kind) = (agent.clone(), channel.kind);
    let sent = tokio::task::spawn_blocking(move || ask(&agent, kind, &outgoing));
    sent.await.unwrap_or_else(|_| Err("sending panicked".to_owned()))
}

/// One request; an error says nothing of the address, which may hold a key.
fn ask(agent: &Agent, kind: ChannelKind, outgoing: &Outgoing) -> Result<(), String> {
    let answered = if outgoing.method == "GET" {
        agent.get(&outgoing.url).call()
    } else {
        let mut request = agent.post(&outgoing.url);
        for (name, value) in &outgoing.headers {
            request = request.header(*name, value);
        }
        request.send(outgoing.body.as_str())
    };
    let mut answer = answered.map_err(|error| match error {
        ureq::Error::BadUri(_) => "the address can't be used".to_owned(),
        other => other.to_string(),
    })?;
    if !answer.status().is_success() {
        return Err(format!("HTTP {}", answer.status().as_u16()));
    }
    let text = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string().unwrap_or_default();
    is_taken(kind, &text).map_err(Into::into)
}
