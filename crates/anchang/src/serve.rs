//! Wiring: starts every part, waits for the end, and ends them in the opposite order.
//!
//! Each part is needed: when one ends before it was asked to, by a panic or otherwise, the process ends in order and with
//! an error, and the service manager starts it again. A panic in one connection or one request is none of these.

use crate::archiving::Archiving;
use crate::config::Config;
use crate::judging::{Judging, JudgingError};
use crate::merging::Merging;
use crate::open::{ADDRESSES_FILE, Opened, open};
use crate::shutdown::Signals;
use crate::{clocks, descriptors, events, files, http, notifying, onward, relay, upkeep, verifying, vitals};
use anyhow::{Context, bail};
use api::App;
use arc_swap::ArcSwap;
use axum::http::Uri;
use axum::routing::get;
use gateway::directory::SharedDirectory;
use gateway::{Directory, EventSender, PROTOCOLS, Protocol, Terminals};
use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;

/// How long pages and devices wait at the start for the fold to catch up: pages then show the day as it is, repeats are
/// known as such, and a driven clock stands where it stood.
const CATCH_UP: Duration = Duration::from_secs(10);
/// How long requests in work may take to finish at the end.
const FINISH: Duration = Duration::from_secs(5);
/// How long the last snapshot may take.
const LAST_SNAPSHOT: Duration = Duration::from_mins(1);

/// Why the process ends.
enum Why {
    Signal(&'static str),
    Part(Option<Result<&'static str, JoinError>>),
    Judging(Result<Result<(), JudgingError>, oneshot::error::RecvError>),
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Signal(name) => f.write_str(name),
            Self::Part(Some(Ok(name))) => write!(f, "the part {name:?} ended by itself"),
            Self::Part(Some(Err(error))) => write!(f, "a part failed: {error}"),
            Self::Part(None) => f.write_str("there are no parts"),
            Self::Judging(Ok(Err(error))) => write!(f, "judging failed: {error}"),
            Self::Judging(Ok(Ok(())) | Err(_)) => f.write_str("judging ended by itself"),
        }
    }
}

/// The parts that run. Each gives its name when it ends.
type Parts = JoinSet<&'static str>;

fn start(parts: &mut Parts, name: &'static str, part: impl Future<Output = ()> + Send + 'static) {
    parts.spawn(async move {
        part.await;
        name
    });
}

/// Runs until a signal, or until a part fails.
#[expect(clippy::too_many_lines, reason = "everything that runs, in the order in which it begins and ends")]
pub(crate) async fn serve(mut config: Config) -> anyhow::Result<()> {
    descriptors::make_room(&mut config.limits, http::CONNECTIONS_MAX);
    let mut signals = Signals::take().context("could not listen to signals")?;
    let offence_codes = config.offence_codes()?;
    let Opened { app, secret, task, lock } = Box::pin(open(&config)).await?;
    let directory = SharedDirectory::new(ArcSwap::from_pointee(Directory::default()));
    relay::pass(&app, &directory).await?;
    let (http_listener, listeners) = bind_all(&config, &app).await?;

    let archiving = Archiving::start(app.clone(), config.history).context("could not start archiving")?;
    let merge_period = Duration::from_millis(config.history.merge_period_ms);
    let merging = Merging::start(app.clone(), merge_period).context("could not start merging")?;
    let mut judging = Judging::start(task).context("could not start judging")?;
    let (events, event_queue) =
        EventSender::new(app.limits.events_waiting_max, app.limits.quarantine_bytes_max);
    let (ask, questions) = mpsc::channel(gateway::question::QUESTIONS_WAITING_MAX);
    let context = Arc::new(gateway::Context {
        intake: app.intake.clone(),
        directory: directory.clone(),
        presence: app.presence.clone(),
        events,
        questions: ask,
        limits: app.limits.clone(),
        offence_codes,
        terminals: Terminals::default(),
        server_id: config.server_id,
        secret,
    });

    let (say_end, shutdown) = watch::channel(false);
    // What answers somebody, and what works behind it.
    let (mut outer, mut inner) = (Parts::new(), Parts::new());
    start(&mut inner, "relay", relay::run(app.clone(), directory, shutdown.clone()));
    start(&mut inner, "events", events::run(app.records.clone(), event_queue));
    let is_viid = |(protocol, _): &&Listening| protocol.name == gateway::protocol::VIID;
    let (_, viid) = listeners.iter().find(is_viid).context("GA/T 1400 is not listened to")?;
    let exchange = app.exchange.clone().run(viid.local_addr()?, questions, shutdown.clone());
    start(&mut inner, "platforms", exchange);
    start(&mut inner, "vitals", vitals::run(app.clone(), shutdown.clone()));
    start(&mut inner, "clocks", clocks::run(app.clone(), shutdown.clone()));
    start(&mut inner, "notifying", notifying::run(app.clone(), shutdown.clone()));
    start(&mut inner, "onward", onward::run(app.clone(), shutdown.clone()));
    start(&mut inner, "upkeep", upkeep::run(app.clone(), shutdown.clone()));
    start(&mut inner, "verifying", verifying::run(app.clone(), config.history, shutdown.clone()));
    let ticker = tokio::spawn(api::stream::run_ticker(app.clone()));

    // The kernel lets everybody wait meanwhile. A fold from the beginning takes longer: that is not waited for.
    let early = tokio::select! {
        signal = signals.next() => Some(Why::Signal(signal)),
        _ = timeout(CATCH_UP, &mut judging.caught_up) => None,
    };
    let why = if let Some(why) = early {
        drop(context);
        why
    } else {
        let router = api::router(app.clone(), get(|uri: Uri| ready(page::serve(&uri))));
        start(&mut outer, "http", http::serve(http_listener, router, shutdown.clone()));
        for (protocol, listener) in listeners {
            let serving = (protocol.serve)(listener, context.clone(), shutdown.clone());
            start(&mut outer, protocol.name, serving);
        }
        // The events end when nobody is left who says any.
        drop(context);
        tracing::info!("open for pages and devices");
        tokio::select! {
            signal = signals.next() => Why::Signal(signal),
            ended = outer.join_next() => Why::Part(ended),
            ended = inner.join_next() => Why::Part(ended),
            ended = &mut judging.ended => Why::Judging(ended),
        }
    };
    tracing::info!(%why, "ending");
    signals.end_at_next();

    say_end.send_replace(true);
    app.hub.close();
    finish("requests in work", &mut outer).await;
    ticker.abort();
    finish("parts", &mut inner).await;
    judging.stop();
    if !matches!(why, Why::Judging(_)) && timeout(LAST_SNAPSHOT, &mut judging.ended).await.is_err() {
        tracing::warn!("the last snapshot took too long: the next start folds more of the journal");
    }
    tokio::join!(archiving.stop(), merging.stop());
    close(&app).await;
    drop(lock);
    match why {
        Why::Signal(_) => Ok(()),
        Why::Part(_) | Why::Judging(_) => bail!("{why}"),
    }
}

/// Leaves the data folder as a clean end does. Nothing depends on it: what was answered is durable already.
async fn close(app: &App) {
    if let Err(error) = files::remove_if_there(&app.data_dir.join(ADDRESSES_FILE)) {
        tracing::warn!(%error, "could not remove {ADDRESSES_FILE}");
    }
    if let Err(error) = app.records.clone().close().await {
        tracing::warn!(%error, "the records did not close in order");
    }
    tracing::info!("ended");
}

/// Waits for parts to end by themselves, at most [`FINISH`].
async fn finish(what: &str, parts: &mut Parts) {
    let all = async { while parts.join_next().await.is_some() {} };
    if timeout(FINISH, all).await.is_err() {
        tracing::info!(what, after = ?FINISH, "not waiting any longer");
        parts.shutdown().await;
    }
}

/// A protocol and where it listens.
type Listening = (&'static Protocol, TcpListener);

/// Listens for pages and for each protocol of devices, and writes down where.
async fn bind_all(config: &Config, app: &App) -> anyhow::Result<(TcpListener, Vec<Listening>)> {
    let http = bind("http", config.http).await?;
    let mut addresses = serde_json::Map::new();
    addresses.insert("http".into(), http.local_addr()?.to_string().into());
    let mut known = BTreeMap::new();
    let mut listeners = Vec::with_capacity(PROTOCOLS.len());
    for protocol in PROTOCOLS {
        let listener = bind(protocol.name, config.listen.at(protocol)).await?;
        addresses.insert(protocol.name.into(), listener.local_addr()?.to_string().into());
        known.insert(protocol.name, listener.local_addr()?);
        listeners.push((protocol, listener));
    }
    let addresses = serde_json::Value::Object(addresses);
    app.addresses.store(Arc::new(known));
    let path = config.data_dir.join(ADDRESSES_FILE);
    files::replace(&path, &[format!("{addresses:#}\n").as_bytes()])
        .with_context(|| format!("could not write {}", path.display()))?;
    tracing::info!(%addresses, "listening");
    Ok((http, listeners))
}

async fn bind(name: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("could not listen at {address} ({name})"))
}
