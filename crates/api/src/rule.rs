//! Rules that users write (自定义规则): checked as they are typed, reviewed by a second person, changed while running.

use crate::access::Signed;
use crate::app::App;
use crate::problem::{Problem, RequestLanguage};
use crate::wire::{List, instant, new_id};
use crate::yields::{YieldNumbers, rule_yields};
use axum::Json;
use axum::extract::{Path, State};
use domain::{Level, RuleId};
use records::{NewDraft, Review, RuleError, RuleRecord, RuleState, RuleVersion};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Most rules, retired ones counted too: judgement looks at each passage with all that are in force.
const RULES_MAX: usize = 200;
/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 40;
/// Longest time in which a vehicle raises one warning of a rule: a week.
const ONCE_MINUTES_MAX: u32 = 7 * 24 * 60;
/// Longest time in which a warning can be acted on: a week.
const ACTIONABLE_SECONDS_MAX: u32 = 7 * 24 * 3_600;

/// A rule as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleView {
    id: String,
    /// To be sent back with each step; grows with each change of the rule or its versions.
    version: u32,
    /// `in_force` while a version is; else `draft`, `review`, `retired`.
    state: &'static str,
    /// Where the next version stands: `draft` or `review`; absent when there is none.
    draft_state: Option<&'static str>,
    /// The version that is shown: the one in force, else the newest.
    number: u16,
    versions_count: usize,
    name: String,
    condition: String,
    level: &'static str,
    once_per_minutes: u32,
    actionable_seconds: u32,
    author: String,
    created_by: String,
    created_at: String,
    retired_by: Option<String>,
    retired_at: Option<String>,
    retire_reason: Option<String>,
    /// What became of its warnings of the last 30 days.
    numbers: YieldNumbers,
}

/// A rule with all its versions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleFileView {
    #[serde(flatten)]
    rule: RuleView,
    /// Newest first.
    versions: Vec<RuleVersionView>,
}

/// One version of a rule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleVersionView {
    number: u16,
    /// `draft`, `review`, `in_force`, `retired`.
    state: &'static str,
    name: String,
    condition: String,
    level: &'static str,
    once_per_minutes: u32,
    actionable_seconds: u32,
    /// Why it was written.
    reason: String,
    /// Who wrote it last.
    author: String,
    /// All who wrote it; none of them can review it.
    authors: Vec<String>,
    written_at: String,
    submitted_at: Option<String>,
    reviewer: Option<String>,
    reviewed_at: Option<String>,
    review_note: Option<String>,
}

/// What an author writes.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct RuleInput {
    name: String,
    /// CEL over the words of `/rules/vocabulary`.
    condition: String,
    /// `high`, `medium`, `low`.
    level: String,
    /// One vehicle raises at most one warning in so many minutes; 0 for one per passage.
    #[serde(default)]
    once_per_minutes: u32,
    actionable_seconds: u32,
    reason: String,
    /// Of an edit: the rule's version that was seen.
    version: Option<u32>,
}

/// Which version of the rule was seen.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct RuleStep {
    version: u32,
}

/// What the second person says, and which version of the rule was seen.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct RuleReview {
    version: u32,
    #[serde(default)]
    note: String,
}

/// Why a rule is retired.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct RuleRetirement {
    reason: String,
}

/// A condition to check.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ConditionInput {
    condition: String,
}

/// What is wrong with a condition.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConditionCheck {
    ok: bool,
    /// In the order of the text.
    errors: Vec<ConditionError>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ConditionError {
    /// From 1.
    line: usize,
    /// Character in the line, from 1.
    column: usize,
    /// Characters from the beginning of the text.
    offset: usize,
    /// Characters concerned.
    length: usize,
    /// In the language of the request.
    message: String,
}

/// A word that conditions can use.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WordView {
    name: &'static str,
    /// `variable`, `field`, `function`.
    kind: &'static str,
    /// Its type, or its arguments and what it gives.
    signature: &'static str,
    /// What it means, in the language of the request.
    explanation: &'static str,
    /// A condition that uses it.
    example: &'static str,
    /// All values that it can have, where these are words of a list.
    values: Vec<&'static str>,
}

fn view(record: &RuleRecord, numbers: YieldNumbers) -> Result<RuleView, Problem> {
    let shown = record.shown().ok_or_else(no_such)?;
    let retirement = record.retirement.as_ref();
    Ok(RuleView {
        id: record.id.to_string(),
        version: record.version,
        state: record.state().key(),
        draft_state: record.draft().map(|draft| draft.state.key()),
        number: shown.rule.version,
        versions_count: record.versions.len(),
        name: shown.rule.name.to_string(),
        condition: shown.rule.condition.to_string(),
        level: shown.rule.level.key(),
        once_per_minutes: shown.rule.once_per_minutes,
        actionable_seconds: shown.rule.actionable_seconds,
        author: author(shown),
        created_by: record.created_by.to_string(),
        created_at: instant(record.created_at),
        retired_by: retirement.map(|(by, _, _)| by.to_string()),
        retired_at: retirement.map(|(_, at, _)| instant(*at)),
        retire_reason: retirement.map(|(_, _, reason)| reason.to_string()),
        numbers,
    })
}

fn author(version: &RuleVersion) -> String {
    version.authors.last().map(ToString::to_string).unwrap_or_default()
}

/// A version of a rule, for people.
pub(crate) fn version_view(version: &RuleVersion) -> RuleVersionView {
    let review = version.review.as_ref();
    RuleVersionView {
        number: version.rule.version,
        state: version.state.key(),
        name: version.rule.name.to_string(),
        condition: version.rule.condition.to_string(),
        level: version.rule.level.key(),
        once_per_minutes: version.rule.once_per_minutes,
        actionable_seconds: version.rule.actionable_seconds,
        reason: version.reason.to_string(),
        author: author(version),
        authors: version.authors.iter().map(ToString::to_string).collect(),
        written_at: instant(version.written_at),
        submitted_at: version.submitted_at.map(instant),
        reviewer: review.map(|review| review.by.to_string()),
        reviewed_at: review.map(|review| instant(review.at)),
        review_note: review.map(|review| review.note.clone()),
    }
}

async fn file(app: &App, record: &RuleRecord) -> Result<Json<RuleFileView>, Problem> {
    let numbers = rule_yields(app).await?.remove(&record.id).unwrap_or_default();
    let versions = record.versions.iter().rev().map(version_view).collect();
    Ok(Json(RuleFileView { rule: view(record, numbers)?, versions }))
}

pub(crate) fn draft_of(input: &RuleInput) -> Result<NewDraft, Problem> {
    let name = input.name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        return Err(Problem::invalid("规则名称须为 1 至 40 个字符。", "The name has 1 to 40 characters."));
    }
    if input.condition.chars().count() > judgement::rule::CONDITION_CHARS_MAX {
        return Err(Problem::invalid("规则条件过长。", "The condition is too long."));
    }
    let level = Level::parse(&input.level).ok_or_else(|| Problem::invalid("级别有误。", "Unknown level."))?;
    if input.once_per_minutes > ONCE_MINUTES_MAX
        || !(1..=ACTIONABLE_SECONDS_MAX).contains(&input.actionable_seconds)
    {
        return Err(Problem::invalid(
            "合并时长不得超过 7 天，处置时限须为 1 秒至 7 天。",
            "Repeats are merged for 7 days at most; a warning can be acted on for 1 s to 7 days.",
        ));
    }
    if input.reason.trim().is_empty() {
        return Err(Problem::invalid("须填写制定或修改的原因。", "A reason is needed."));
    }
    Ok(NewDraft {
        name: name.into(),
        condition: input.condition.trim().into(),
        level,
        once_per_minutes: input.once_per_minutes,
        actionable_seconds: input.actionable_seconds,
        reason: input.reason.trim().into(),
    })
}

pub(crate) fn no_such() -> Problem {
    Problem::not_found("没有这条规则。", "There is no such rule.")
}

fn step_failed(error: RuleError) -> Problem {
    match error {
        RuleError::NotFound => no_such(),
        RuleError::Changed { .. } => Problem::conflict(
            "该规则刚刚被修改，请查看最新内容后再操作。",
            "The rule changed just now. Look at it again.",
        ),
        RuleError::WrongState { state } => {
            let (chinese, english) = match state {
                RuleState::Draft => ("草稿尚未提交审核", "its draft was not given to review"),
                RuleState::Review => ("新版本正在审核", "its next version is in review"),
                RuleState::InForce => ("规则已生效，没有待处理的草稿", "it is in force and has no draft"),
                RuleState::Retired => ("规则已停用", "it is retired"),
            };
            Problem::conflict(
                format!("当前不能进行此操作：{chinese}。"),
                format!("This can't be done now: {english}."),
            )
        }
        RuleError::ReviewerIsAuthor => Problem::conflict(
            "规则须由制定人以外的另一人审核。",
            "A second person has to review it, not one of its authors.",
        ),
        RuleError::Store(error) => error.into(),
    }
}

/// All rules.
#[utoipa::path(get, path = "/rules", tag = "rules", responses((status = 200, body = List<RuleView>)))]
pub(crate) async fn list(State(app): State<Arc<App>>, _: Signed) -> Result<Json<List<RuleView>>, Problem> {
    let mut yields = rule_yields(&app).await?;
    let rules = app.records.all_rules().await?;
    let view = |record: &RuleRecord| view(record, yields.remove(&record.id).unwrap_or_default());
    let items = rules.iter().map(view).collect::<Result<Vec<_>, _>>()?;
    Ok(Json(List { total: items.len() as u64, items }))
}

/// Begins a rule with its first draft.
#[utoipa::path(post, path = "/rules", tag = "rules", request_body = RuleInput,
    responses((status = 200, body = RuleFileView), (status = 422)))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    by: Signed,
    Json(input): Json<RuleInput>,
) -> Result<Json<RuleFileView>, Problem> {
    let draft = draft_of(&input)?;
    if app.records.all_rules().await?.len() >= RULES_MAX {
        return Err(Problem::invalid("规则最多 200 条。", "There are 200 rules at most."));
    }
    let now = app.clock.now();
    let id = RuleId::from(new_id("rule", &by.user.username, now).as_str());
    let record = app.records.add_rule(&id, &draft, &by.user.username, now).await?;
    by.audit(&app, "rule.create", id.as_str(), &draft.name).await?;
    file(&app, &record).await
}

/// One rule with its versions.
#[utoipa::path(get, path = "/rules/{id}", tag = "rules", params(("id" = String, Path)),
    responses((status = 200, body = RuleFileView), (status = 404)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    _: Signed,
    Path(id): Path<String>,
) -> Result<Json<RuleFileView>, Problem> {
    let record = app.records.rule(&RuleId::from(id.as_str())).await?.ok_or_else(no_such)?;
    file(&app, &record).await
}

/// Writes the draft anew, or begins the next version of a rule beside the one in force.
#[utoipa::path(put, path = "/rules/{id}/draft", tag = "rules", params(("id" = String, Path)),
    request_body = RuleInput, responses((status = 200, body = RuleFileView), (status = 404), (status = 409), (status = 422)))]
pub(crate) async fn edit(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<String>,
    Json(input): Json<RuleInput>,
) -> Result<Json<RuleFileView>, Problem> {
    let draft = draft_of(&input)?;
    let seen = input
        .version
        .ok_or_else(|| Problem::invalid("须提交所见的版本号。", "The version that was seen is needed."))?;
    let id = RuleId::from(id.as_str());
    let edited = app.records.edit_rule(&id, seen, &draft, &by.user.username, app.clock.now()).await;
    let record = edited.map_err(step_failed)?;
    by.audit(&app, "rule.edit", id.as_str(), &draft.reason).await?;
    file(&app, &record).await
}

/// Gives the draft to review; only a condition that checks can be.
#[utoipa::path(post, path = "/rules/{id}/submit", tag = "rules", params(("id" = String, Path)),
    request_body = RuleStep, responses((status = 200, body = RuleFileView), (status = 404), (status = 409), (status = 422)))]
pub(crate) async fn submit(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<String>,
    Json(input): Json<RuleStep>,
) -> Result<Json<RuleFileView>, Problem> {
    let id = RuleId::from(id.as_str());
    let record = app.records.rule(&id).await?.ok_or_else(no_such)?;
    if let Some(draft) = record.draft() {
        checked(&draft.rule.condition)?;
    }
    let submitted = app.records.submit_rule(&id, input.version, app.clock.now()).await;
    let record = submitted.map_err(step_failed)?;
    by.audit(&app, "rule.submit", id.as_str(), "").await?;
    file(&app, &record).await
}

pub(crate) fn checked(condition: &str) -> Result<(), Problem> {
    let errors = judgement::rule::check(condition).err().unwrap_or_default();
    let Some(error) = errors.first() else { return Ok(()) };
    Err(Problem::invalid(
        format!("规则条件有误：第 {} 行第 {} 个字符，{}", error.line, error.column, error.message_zh),
        format!(
            "The condition is not right: line {}, character {}: {}",
            error.line, error.column, error.message_en
        ),
    ))
}

/// Lets the version in review come into force, in the place of the one that was. Not for its authors.
#[utoipa::path(post, path = "/rules/{id}/approve", tag = "rules", params(("id" = String, Path)),
    request_body = RuleReview, responses((status = 200, body = RuleFileView), (status = 404), (status = 409), (status = 422)))]
pub(crate) async fn approve(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<String>,
    Json(input): Json<RuleReview>,
) -> Result<Json<RuleFileView>, Problem> {
    let id = RuleId::from(id.as_str());
    let record = app.records.rule(&id).await?.ok_or_else(no_such)?;
    // A condition that checked when it was submitted may not any more: the language can change with the program.
    if let Some(draft) = record.draft() {
        checked(&draft.rule.condition)?;
    }
    let approved = app.records.approve_rule(&id, input.version, review_of(&app, &by, &input)).await;
    let record = approved.map_err(step_failed)?;
    app.changed.notify_one();
    by.audit(&app, "rule.approve", id.as_str(), input.note.trim()).await?;
    file(&app, &record).await
}

/// Gives the version in review back to its authors. Not for its authors.
#[utoipa::path(post, path = "/rules/{id}/return", tag = "rules", params(("id" = String, Path)),
    request_body = RuleReview, responses((status = 200, body = RuleFileView), (status = 404), (status = 409), (status = 422)))]
pub(crate) async fn give_back(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<String>,
    Json(input): Json<RuleReview>,
) -> Result<Json<RuleFileView>, Problem> {
    if input.note.trim().is_empty() {
        return Err(Problem::invalid("退回须说明理由。", "Say why it is given back."));
    }
    let id = RuleId::from(id.as_str());
    let returned = app.records.return_rule(&id, input.version, review_of(&app, &by, &input)).await;
    let record = returned.map_err(step_failed)?;
    by.audit(&app, "rule.return", id.as_str(), input.note.trim()).await?;
    file(&app, &record).await
}

fn review_of(app: &App, by: &Signed, input: &RuleReview) -> Review {
    Review { by: by.user.username.clone(), at: app.clock.now(), note: input.note.trim().to_string() }
}

/// Retires a rule: nothing is judged by it any more.
#[utoipa::path(post, path = "/rules/{id}/retire", tag = "rules", params(("id" = String, Path)),
    request_body = RuleRetirement, responses((status = 200, body = RuleFileView), (status = 404), (status = 409), (status = 422)))]
pub(crate) async fn retire(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<String>,
    Json(input): Json<RuleRetirement>,
) -> Result<Json<RuleFileView>, Problem> {
    let reason = input.reason.trim();
    if reason.is_empty() {
        return Err(Problem::invalid("须填写停用原因。", "A reason is needed."));
    }
    let id = RuleId::from(id.as_str());
    let retired = app.records.retire_rule(&id, reason, &by.user.username, app.clock.now()).await;
    let record = retired.map_err(step_failed)?;
    app.changed.notify_one();
    by.audit(&app, "rule.retire", id.as_str(), reason).await?;
    file(&app, &record).await
}

/// Checks a condition as it is typed.
#[utoipa::path(post, path = "/rules/check", tag = "rules", request_body = ConditionInput,
    responses((status = 200, body = ConditionCheck)))]
pub(crate) async fn check(
    _: Signed,
    RequestLanguage(language): RequestLanguage,
    Json(input): Json<ConditionInput>,
) -> Json<ConditionCheck> {
    let errors = judgement::rule::check(&input.condition).err().unwrap_or_default();
    let errors: Vec<_> = errors
        .into_iter()
        .map(|error| ConditionError {
            line: error.line,
            column: error.column,
            offset: error.start,
            length: error.end.saturating_sub(error.start),
            message: language.pick(error.message_zh, error.message_en),
        })
        .collect();
    Json(ConditionCheck { ok: errors.is_empty(), errors })
}

/// The words that conditions can use.
#[utoipa::path(get, path = "/rules/vocabulary", tag = "rules", responses((status = 200, body = List<WordView>)))]
pub(crate) async fn vocabulary(
    _: Signed,
    RequestLanguage(language): RequestLanguage,
) -> Json<List<WordView>> {
    let items: Vec<_> = judgement::rule::vocabulary()
        .into_iter()
        .map(|word| WordView {
            name: word.name,
            kind: word.kind.key(),
            signature: word.signature,
            explanation: language.pick(word.zh, word.en),
            example: word.example,
            values: word.values,
        })
        .collect();
    Json(List { total: items.len() as u64, items })
}
