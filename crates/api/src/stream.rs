//! `GET /live`: the live stream of a page, and what is put into it.

use crate::access::Signed;
use crate::app::App;
use crate::checkpoint::device_state_word;
use crate::live::{LAST, Message};
use crate::problem::{Problem, RequestLanguage};
use crate::warning::warning_view;
use crate::wire::{Language, instant};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use domain::observation::Fact;
use domain::{DeviceKind, Permission, UnitPath};
use futures_util::{Stream, StreamExt, stream};
use records::WarningRecord;
use serde_json::json;
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio_stream::wrappers::BroadcastStream;

/// Missed warnings sent again at most; a page that missed more loads its lists anew (`hello.must_reload`).
const CATCH_UP_MAX: u64 = 500;
/// How often an open stream asks whether its session is still open.
const SESSION_ASKED_EVERY: Duration = Duration::from_secs(30);
/// After so long without anything a sign of life is sent: pages of those who see no warnings get no figures each second, and
/// take eight seconds of silence for a cut.
const SILENCE_MAX: Duration = Duration::from_secs(4);
/// How often passages are told, in ms.
const PASSAGES_MS: u64 = 250;
/// How often figures, vehicles and devices are told, in ms.
const SECOND_MS: u64 = 1_000;
/// The event that tells figures.
const FIGURES: &str = "figures";

/// Tells all pages about changed warnings.
pub fn publish(app: &App, changed: &[WarningRecord]) {
    if app.hub.listeners() == 0 {
        return;
    }
    let names = app.names.load();
    let now = app.clock.now();
    for record in changed {
        let text = |language| {
            json!({ "change": record.change.key(), "warning": warning_view(record, &names, now, language) })
                .to_string()
        };
        let (chinese, english) = (text(Language::Chinese), text(Language::English));
        app.hub.send(Message::warning(record.seq, record.desk.clone(), chinese, english));
    }
}

/// Tells the pages of these people that there is something new for them.
pub fn tell_noticed(app: &App, usernames: &BTreeSet<SmolStr>) {
    if !usernames.is_empty() && app.hub.listeners() > 0 {
        // Nobody learns who else was told.
        let people = usernames.iter().cloned().collect();
        app.hub.send(Message::concerning("noticed", "{}".into(), "{}".into(), Vec::new(), people));
    }
}

/// The live stream: `hello`, and to those who may see warnings `warning`, `figures`, `passages`, `vehicles`, `devices`; `case`
/// to those whom a case concerns, `noticed` to those for whom there is a notice.
#[utoipa::path(get, path = "/live", tag = "live", responses((status = 200, description = "text/event-stream")))]
pub(crate) async fn live(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    // Joined first, read second: what changes in between comes twice and is dropped by its number, never lost.
    let hub = app.hub.subscribe();
    let last_seen =
        headers.get("last-event-id").and_then(|v| v.to_str().ok()).and_then(|text| text.parse::<u64>().ok());
    let seq = app.records.warning_seq().await?;
    let sees_warnings = by.may(Permission::SeeWarnings);
    let missed = match last_seen {
        Some(last) if last < seq && sees_warnings => {
            app.records.warnings_changed_after(last, CATCH_UP_MAX).await?
        }
        _ => Vec::new(),
    };
    let must_reload = missed.len() as u64 >= CATCH_UP_MAX;
    let now = app.clock.now();
    let names = app.names.load_full();
    let hello = Event::default()
        .event("hello")
        .data(json!({ "server_time": instant(now), "seq": seq, "must_reload": must_reload }).to_string());
    let mut sent = if must_reload { seq } else { last_seen.unwrap_or(seq) };
    let mut first = vec![Ok(hello)];
    if !must_reload {
        for record in missed.iter().filter(|record| by.scope().covers(&record.desk)) {
            sent = sent.max(record.seq);
            let body = json!({ "change": record.change.key(), "warning": warning_view(record, &names, now, language) });
            first.push(Ok(Event::default()
                .event("warning")
                .id(record.seq.to_string())
                .data(body.to_string())));
        }
    }
    let (me, scope) = (by.user.username.clone(), by.scope().clone());
    if sees_warnings {
        first.extend(figures_of(&app, &scope).await.map(Ok));
    }
    let reader = app.clone();
    // A page that lags is cut off: the stream ends, the browser reconnects and catches up.
    let following = BroadcastStream::new(hub)
        .take_while(|message| std::future::ready(message.as_ref().is_ok_and(|message| message.event != LAST)))
        .filter_map(move |message| {
            let mine = message.ok().filter(|message| message.readers.include(&me, &scope, sees_warnings));
            let (reader, scope) = (reader.clone(), scope.clone());
            async move {
                let message = mine?;
                // Those of the county are not a squad's: it gets its own, at the same beat.
                if message.event == FIGURES && !scope.0.is_empty() {
                    return figures_of(&reader, &scope).await.map(Ok);
                }
                event_of(&message, sent, language)
            }
        });
    let following = following.take_until(session_end(app, by.token));
    Ok(Sse::new(stream::iter(first).chain(following)).keep_alive(KeepAlive::new().interval(SILENCE_MAX)))
}

/// The figures of a part of the county, as an event; none while they can't be read.
async fn figures_of(app: &App, scope: &UnitPath) -> Option<Event> {
    let figures = crate::figures::figures(app, scope).await.ok()?;
    Some(Event::default().event(FIGURES).data(serde_json::to_string(&figures).ok()?))
}

/// Returns when the session is over: whoever is signed out is told nothing more.
async fn session_end(app: Arc<App>, token: SmolStr) {
    loop {
        tokio::time::sleep(SESSION_ASKED_EVERY).await;
        let idle_ms = app.security.load().idle_ms();
        // A database that can't answer now is asked again.
        if matches!(app.records.is_session_open(&token, idle_ms, app.clock.now()).await, Ok(false)) {
            return;
        }
    }
}

fn event_of(message: &Message, sent: u64, language: Language) -> Option<Result<Event, Infallible>> {
    let event = Event::default().event(message.event).data(message.text(language));
    match message.seq {
        Some(seq) if seq <= sent => None,
        Some(seq) => Some(Ok(event.id(seq.to_string()))),
        None => Some(Ok(event)),
    }
}

/// Tells pages what the board saw; runs until the process ends. Without pages it only empties the board's lists.
pub async fn run_ticker(app: Arc<App>) {
    let mut passages = tokio::time::interval(Duration::from_millis(PASSAGES_MS));
    let mut seconds = tokio::time::interval(Duration::from_millis(SECOND_MS));
    let mut states: BTreeMap<(DeviceKind, domain::DeviceId), &'static str> = BTreeMap::new();
    loop {
        tokio::select! {
            _ = passages.tick() => tell_passages(&app),
            _ = seconds.tick() => {
                tell_vehicles(&app);
                tell_devices(&app, &mut states);
                tell_figures(&app).await;
            }
        }
    }
}

fn tell_passages(app: &App) {
    let changes = app.board.take_changes();
    if changes.passed.is_empty() || app.hub.listeners() == 0 {
        return;
    }
    let today = app.board.checkpoints();
    let checkpoints: Vec<_> = changes
        .passed
        .iter()
        .map(|(id, count)| {
            let now = today.get(id).copied().unwrap_or_default();
            json!({ "id": id.as_str(), "count": count, "passages_today": now.passages_today,
                    "last_at": now.last_passage_at.map(instant) })
        })
        .collect();
    let sample: Vec<_> = changes
        .fresh
        .iter()
        .rev()
        .filter_map(|observation| match &observation.fact {
            Fact::Passage(passage) => Some(json!({
                "observation_id": observation.id.to_string(),
                "captured_at": instant(observation.captured_at),
                "checkpoint_id": passage.checkpoint.as_str(),
                "plate_text": passage.plate_text.as_str(),
                "plate_color": passage.plate_color.key(),
                "vehicle_class": passage.vehicle_type.map(|kind| kind.to_string()),
                "speed_kmh": passage.speed_kmh,
                "picture_id": passage.pictures.first().map(ToString::to_string),
            })),
            Fact::Position(_) | Fact::Alarm(_) => None,
        })
        .collect();
    app.hub.send(Message::plain(
        "passages",
        json!({ "checkpoints": checkpoints, "sample": sample }).to_string(),
    ));
}

fn tell_vehicles(app: &App) {
    let moved = app.board.take_moved();
    if moved.is_empty() || app.hub.listeners() == 0 {
        return;
    }
    let now = app.clock.now();
    let moved: Vec<_> = moved
        .iter()
        .map(|(key, vehicle)| crate::passage::key_vehicle_view(app, *key, vehicle, now))
        .collect();
    app.hub.send(Message::plain("vehicles", json!({ "moved": moved }).to_string()));
}

fn tell_devices(app: &App, states: &mut BTreeMap<(DeviceKind, domain::DeviceId), &'static str>) {
    let now = app.clock.now();
    let mut changed = Vec::new();
    for ((kind, id), state) in app.presence.all() {
        let state_word = device_state_word(Some(&state), now);
        if states.insert((kind, id.clone()), state_word) != Some(state_word) {
            changed.push(json!({ "kind": kind.key(), "id": id.as_str(), "state": state_word,
                                 "last_seen_at": instant(state.last_seen_at) }));
        }
    }
    if !changed.is_empty() && app.hub.listeners() > 0 {
        app.hub.send(Message::plain("devices", json!({ "changed": changed }).to_string()));
    }
}

async fn tell_figures(app: &App) {
    if app.hub.listeners() == 0 {
        return;
    }
    match crate::figures::figures(app, &UnitPath::WHOLE).await {
        Ok(figures) => match serde_json::to_string(&figures) {
            Ok(text) => app.hub.send(Message::plain(FIGURES, text)),
            Err(error) => tracing::error!(%error, "figures can't be written"),
        },
        Err(problem) => tracing::warn!(?problem, "figures can't be read"),
    }
}
