//! What I was told, and what each person wants to be told by which way.

use super::text::word;
use crate::access::Signed;
use crate::app::App;
use crate::case::words;
use crate::problem::{Problem, RequestLanguage};
use crate::wire::{List, Paging, instant};
use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use domain::case::Tidings;
use records::{StoreError, Window};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct NoticeQuery {
    /// Only those not read.
    unread: Option<bool>,
    /// Only of this kind: `to_do`, `half_time`, `nearly_late`, `late`, `given_back`, `withdrawn`, `finished`, `sighted`.
    word: Option<String>,
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

/// Of which kinds a person is not told by which way; of all by all when never said.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub(crate) struct Preferences {
    /// Not told of these on the page.
    #[serde(default)]
    muted: Vec<String>,
    /// Not told of these by SMS.
    #[serde(default)]
    no_sms: Vec<String>,
    /// Not told of these by push.
    #[serde(default)]
    no_push: Vec<String>,
}

/// The ways by which a person wants to be told of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ways {
    /// On the page.
    pub page: bool,
    /// By SMS.
    pub sms: bool,
    /// By push to browsers.
    pub push: bool,
}

/// The setting that holds what a person wants.
fn preference_key(username: &str) -> String {
    format!("notice_preferences.{username}")
}

impl App {
    /// By which ways a person wants to be told of this.
    pub async fn ways_of(&self, username: &str, tidings: Tidings) -> Result<Ways, StoreError> {
        let wants = self.records.setting::<Preferences>(&preference_key(username)).await?.unwrap_or_default();
        let wants_by = |not: &[String]| !not.iter().any(|word| word == tidings.key());
        Ok(Ways {
            page: wants_by(&wants.muted),
            sms: wants_by(&wants.no_sms),
            push: wants_by(&wants.no_push),
        })
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
    let named = query.word.as_deref().filter(|word| !word.is_empty());
    let word_asked = named.map(|name| Tidings::parse(name).ok_or_else(no_such_word)).transpose()?;
    let is_unread = query.unread.unwrap_or_default();
    let page = app.records.notices(&by.user.username, is_unread, word_asked, window).await?;
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
    let mut words = input.muted.iter().chain(&input.no_sms).chain(&input.no_push);
    if !words.all(|word| Tidings::parse(word).is_some()) {
        return Err(no_such_word());
    }
    app.records.put_setting(&preference_key(&by.user.username), &input, app.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn no_such_word() -> Problem {
    Problem::invalid("没有这类通知。", "There is no such kind of notice.")
}
