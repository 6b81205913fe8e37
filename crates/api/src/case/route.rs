//! Lists of cases, one case, opening, acting, numbers, export.

use super::office::Category;
use super::view::{CaseFileView, CaseView, case_view, file_view};
use super::words;
use crate::access::Signed;
use crate::app::App;
use crate::problem::{Problem, RequestLanguage};
use crate::wire::{Language, List, Paging, attachment, parse_instant};
use axum::Json;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use domain::case::AttachmentId;
use domain::stage::hazard::Source;
use domain::{
    Actor, AnyAct, CaseId, CaseKind, ChainId, Level, Opening, Permission, Theatre, Timestamp, UnitId,
    WarningId, Wgs84,
};
use records::{CaseError, CaseField, CaseFilter, CaseRecord, Command, Sort, Window, Worked};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use smol_str::SmolStr;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Rows of one export at most.
const EXPORT_ROWS_MAX: u64 = 100_000;
/// The header with which a client makes a repeat harmless.
const KEY_HEADER: &str = "idempotency-key";

/// Which cases.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct CaseQuery {
    /// Kinds, with commas between them.
    kind: Option<String>,
    /// States, with commas between them.
    state: Option<String>,
    /// Somebody still has to do something.
    open: Option<bool>,
    level: Option<String>,
    /// A unit, and those below it.
    unit: Option<i64>,
    /// Categories, with commas between them.
    category: Option<String>,
    /// Categories of hazards of `road`, `person`, `vehicle`, `enterprise`; `other` are all but roads.
    hazard_kind: Option<String>,
    /// By which way a hazard came.
    source: Option<String>,
    /// Hazards that are listed for supervision, or not.
    supervised: Option<bool>,
    theatre: Option<String>,
    warning: Option<String>,
    chain: Option<String>,
    /// Part of the number, the title or the plate.
    q: Option<String>,
    /// Opened then or later, RFC 3339.
    since: Option<String>,
    /// Opened before.
    until: Option<String>,
    /// Done with then or later.
    closed_since: Option<String>,
    /// Done with before.
    closed_until: Option<String>,
    /// Open and past its time.
    late: Option<bool>,
    /// Mine: I have to act, or opened it.
    mine: Option<bool>,
    /// West, south, east, north in degrees, with commas between them.
    bbox: Option<String>,
    /// `opened_at`, `changed_at`, `due_at`, `level`; with `-` for the other way round.
    sort: Option<String>,
    limit: Option<u64>,
    offset: Option<u64>,
}

/// How many cases have these things in common.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CaseCountView {
    kind: &'static str,
    state: String,
    category: String,
    unit: i64,
    level: &'static str,
    count: u64,
}

/// Numbers of cases.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CaseCountsView {
    counts: Vec<CaseCountView>,
}

/// What somebody does with a case.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ActInput {
    /// The version that was seen.
    version: u32,
    /// `{"act": "sign", …}`; by kind.
    #[schema(value_type = Object)]
    act: Value,
}

/// From which case a new one comes.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct ParentQuery {
    /// The case that it comes from.
    parent: Option<String>,
}

/// When and where something was done, as a phone says that was offline since.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct DoneQuery {
    /// RFC 3339.
    happened_at: Option<String>,
    /// Degrees.
    lon: Option<String>,
    lat: Option<String>,
}

impl DoneQuery {
    /// What is noted; nothing that lies ahead.
    fn done(&self, now: Timestamp) -> Option<(Timestamp, Option<Wgs84>)> {
        let at = parse_instant(self.happened_at.as_deref()?).filter(|at| *at <= now)?;
        let degrees = |text: &Option<String>| text.as_deref()?.parse::<f64>().ok();
        let place = degrees(&self.lon).zip(degrees(&self.lat)).and_then(|(lon, lat)| Wgs84::new(lon, lat));
        Some((at, place))
    }
}

/// Of what format.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct FormatQuery {
    /// `csv` or `xlsx`.
    format: Option<String>,
}

fn unknown(what: &str) -> Problem {
    Problem::invalid(format!("筛选条件“{what}”有误。"), format!("The filter “{what}” can't be read."))
}

/// Which kinds somebody may look at.
pub(super) fn visible(by: &Actor) -> Vec<CaseKind> {
    use Permission::{ApplyWatch, ApproveWatch, Educate, Intercept, ReviewWatch, SeeHazards, SeeWarnings};
    let may = |permissions: &[Permission]| permissions.iter().any(|permission| by.may(*permission));
    let sees = |kind: &CaseKind| match kind {
        CaseKind::WatchApplication => may(&[SeeWarnings, ApplyWatch, ReviewWatch, ApproveWatch]),
        CaseKind::Dispatch | CaseKind::Interception => may(&[SeeWarnings, Intercept]),
        CaseKind::Education => may(&[Educate, SeeWarnings, SeeHazards]),
        CaseKind::Hazard => may(&[SeeHazards]),
    };
    CaseKind::ALL.into_iter().filter(sees).collect()
}

impl CaseQuery {
    /// The filter that it means, within what this person may see.
    pub(super) fn filter(&self, app: &App, by: &Signed, now: Timestamp) -> Result<CaseFilter, Problem> {
        let words = |text: &Option<String>| -> Vec<SmolStr> {
            let text = text.as_deref().unwrap_or_default();
            text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(SmolStr::new).collect()
        };
        let at = |text: &Option<String>, name: &str| -> Result<Option<Timestamp>, Problem> {
            let text = text.as_deref().filter(|text| !text.is_empty());
            text.map(|text| parse_instant(text).ok_or_else(|| unknown(name))).transpose()
        };
        let mut kinds = Vec::new();
        for word in words(&self.kind) {
            kinds.push(CaseKind::parse(&word).ok_or_else(|| unknown("kind"))?);
        }
        let visible = visible(by.actor());
        if kinds.is_empty() {
            kinds.clone_from(&visible);
        }
        kinds.retain(|kind| visible.contains(kind));
        if kinds.is_empty() {
            return Err(Problem::forbidden());
        }
        let office = app.office.load();
        let mut scope = by.scope().clone();
        if let Some(unit) = self.unit {
            let asked = office.desk.path(UnitId(unit));
            // Within the own scope the asked unit counts; outside it nothing is found.
            scope = if scope.covers(&asked) { asked } else { domain::UnitPath("-".into()) };
        }
        let level = self.level.as_deref().filter(|word| !word.is_empty());
        let theatre = self.theatre.as_deref().filter(|word| !word.is_empty());
        let warning = self.warning.as_deref().filter(|word| !word.is_empty());
        let source = self.source.as_deref().filter(|word| !word.is_empty());
        let mut categories = words(&self.category);
        if let Some(kind) = self.hazard_kind.as_deref().filter(|word| !word.is_empty()) {
            let is_of = |it: &&Category| {
                it.hazard_kind.key() == kind || kind == "other" && it.hazard_kind.key() != "road"
            };
            categories.extend(app.case_files.categories.iter().filter(is_of).map(|it| SmolStr::new(&it.key)));
        }
        Ok(CaseFilter {
            kinds,
            states: words(&self.state),
            is_open: self.open,
            level: level.map(|word| Level::parse(word).ok_or_else(|| unknown("level"))).transpose()?,
            or_person: (self.unit.is_none()).then(|| by.user.username.clone()),
            scope: Some(scope),
            unit: None,
            opened_by: None,
            assignee: self.mine.unwrap_or_default().then(|| by.user.username.clone()),
            categories,
            source: source.map(|word| Source::parse(word).ok_or_else(|| unknown("source"))).transpose()?,
            is_supervised: self.supervised,
            theatre: theatre
                .map(|word| Theatre::parse(word).ok_or_else(|| unknown("theatre")))
                .transpose()?,
            warning: warning.map(|id| WarningId::parse(id).ok_or_else(|| unknown("warning"))).transpose()?,
            chain: self.chain.as_deref().filter(|id| !id.is_empty()).map(|id| ChainId(SmolStr::new(id))),
            q: self.q.clone(),
            since: at(&self.since, "since")?,
            until: at(&self.until, "until")?,
            closed_since: at(&self.closed_since, "closed_since")?,
            closed_until: at(&self.closed_until, "closed_until")?,
            late_at: self.late.unwrap_or_default().then_some(now),
            within: self.bbox.as_deref().filter(|text| !text.is_empty()).map(bounds).transpose()?,
        })
    }

    fn sort(&self) -> Result<Sort<CaseField>, Problem> {
        let text = self.sort.as_deref().filter(|text| !text.is_empty()).unwrap_or("-opened_at");
        let (word, is_descending) = text.strip_prefix('-').map_or((text, false), |word| (word, true));
        let field = match word {
            "opened_at" => CaseField::OpenedAt,
            "changed_at" => CaseField::ChangedAt,
            "due_at" => CaseField::DueAt,
            "level" => CaseField::Level,
            _ => return Err(unknown("sort")),
        };
        Ok(Sort { field, is_descending })
    }
}

pub(super) fn bounds(text: &str) -> Result<(Wgs84, Wgs84), Problem> {
    let degrees: Vec<f64> = text.split(',').filter_map(|part| part.trim().parse().ok()).collect();
    let [west, south, east, north] = degrees[..] else { return Err(unknown("bbox")) };
    Wgs84::new(west, south).zip(Wgs84::new(east, north)).ok_or_else(|| unknown("bbox"))
}

/// Cases that this person may see: those of the own unit and below, and what the person opened or has to do.
#[utoipa::path(get, path = "/cases", tag = "cases", params(CaseQuery), responses((status = 200, body = List<CaseView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Query(query): Query<CaseQuery>,
) -> Result<Json<List<CaseView>>, Problem> {
    let now = app.clock.now();
    let paging = Paging { limit: query.limit, offset: query.offset, sort: None };
    let window = Window { offset: paging.offset(), limit: paging.limit() };
    let page = app.records.cases(&query.filter(&app, &by, now)?, query.sort()?, window).await?;
    let items = page.items.iter().map(|record| case_view(&app, record, now, language)).collect();
    Ok(Json(List { items, total: page.total }))
}

/// How many cases there are of each kind, state, category, unit and level.
#[utoipa::path(get, path = "/cases/counts", tag = "cases", params(CaseQuery), responses((status = 200, body = CaseCountsView)))]
pub(crate) async fn counts(
    State(app): State<Arc<App>>,
    by: Signed,
    Query(query): Query<CaseQuery>,
) -> Result<Json<CaseCountsView>, Problem> {
    let counts = app.records.case_counts(&query.filter(&app, &by, app.clock.now())?).await?;
    let view = |count: records::CaseCount| CaseCountView {
        kind: count.kind.key(),
        state: count.state.to_string(),
        category: count.category.to_string(),
        unit: count.unit.0,
        level: count.level.key(),
        count: count.count,
    };
    Ok(Json(CaseCountsView { counts: counts.into_iter().map(view).collect() }))
}

/// One case with its steps, its tasks, and what this person could do now.
#[utoipa::path(get, path = "/cases/{id}", tag = "cases", params(("id" = String, Path)),
    responses((status = 200, body = CaseFileView), (status = 404)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Path(id): Path<String>,
) -> Result<Json<CaseFileView>, Problem> {
    let record = seen(&app, &by, &id).await?;
    Ok(Json(file_view(&app, &record, by.actor(), language).await?))
}

/// A case that this person may see. One of another unit is not there, as far as the person is concerned.
pub(super) async fn seen(app: &App, by: &Signed, id: &str) -> Result<CaseRecord, Problem> {
    let record = app.records.case(&CaseId(SmolStr::new(id))).await?.ok_or_else(no_such)?;
    if may_see(app, by, &record) {
        return Ok(record);
    }
    by.audit(app, "access.other_unit", id, "").await?;
    Err(no_such())
}

/// Whether somebody may see a case: the person's own, or one in which the person's unit or one below it has a part, also
/// while it is another unit's turn.
pub(super) fn may_see(app: &App, by: &Signed, record: &CaseRecord) -> bool {
    let office = app.office.load();
    let me = &by.user.username;
    let is_mine = record.opened_by == *me || record.assignee.as_ref() == Some(me);
    let is_in_scope = |unit: UnitId| by.scope().covers(&office.desk.path(unit));
    let has_part = is_in_scope(record.unit) || record.case.summary().also_unit.is_some_and(is_in_scope);
    (is_mine || has_part) && visible(by.actor()).contains(&record.case.kind())
}

/// Whether somebody may see a case that came from a warning, and so the warning.
pub(crate) async fn has_part(app: &App, by: &Signed, warning: WarningId) -> Result<bool, Problem> {
    let chain = super::view::related(app, &warning.into(), None).await?;
    Ok(chain.iter().any(|record| may_see(app, by, record)))
}

/// Refuses pictures that were never sent: what has to be shown is there.
async fn need_pictures(app: &App, said: &Value) -> Result<(), Problem> {
    let mut ids = Vec::new();
    pictures_of(said, &mut ids);
    for id in ids {
        if app.records.attachment(&AttachmentId(id)).await?.is_none() {
            return Err(Problem::refused(
                "有照片尚未上传，请重新上传后提交。",
                "A picture was never sent; send it first.",
            ));
        }
    }
    Ok(())
}

fn pictures_of(value: &Value, ids: &mut Vec<SmolStr>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::Array(items) if name == "pictures" => {
                        ids.extend(items.iter().filter_map(Value::as_str).map(SmolStr::new));
                    }
                    other => pictures_of(other, ids),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| pictures_of(item, ids)),
        _ => {}
    }
}

pub(super) fn no_such() -> Problem {
    Problem::not_found(
        "没有这个案件，或不在您的权限范围内。",
        "There is no such case, or it is outside your scope.",
    )
}

/// Opens a case. With `Idempotency-Key` a repeat does nothing twice.
#[utoipa::path(post, path = "/cases", tag = "cases", params(ParentQuery, DoneQuery), request_body = Object,
    responses((status = 200, body = CaseFileView), (status = 403), (status = 409), (status = 422)))]
pub(crate) async fn open(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Query(query): Query<ParentQuery>,
    given: Given,
    Json(input): Json<Value>,
) -> Result<Json<CaseFileView>, Problem> {
    need_pictures(&app, &input).await?;
    let opening: Opening = serde_path_to_error::deserialize(input).map_err(|error| unreadable(&error))?;
    let parent = match query.parent.as_deref().filter(|id| !id.is_empty()) {
        None => None,
        Some(id) => Some(seen(&app, &by, id).await?.id),
    };
    let office = app.office.load_full();
    let command = Command {
        key: given.key.as_deref(),
        by: by.actor(),
        at: app.clock.now(),
        desk: &office.desk,
        parent: parent.as_ref(),
        done: given.done,
        address: Some(by.address()),
    };
    let turn = app.hub.turn().lock().await;
    let worked = app.records.open_case(&opening, &command).await.map_err(|error| fault(&app, error))?;
    finish(&app, &by, &worked, "open");
    drop(turn);
    answer(&app, &by, &worked, language).await
}

/// Does something with a case.
#[utoipa::path(post, path = "/cases/{id}/acts", tag = "cases", params(("id" = String, Path), DoneQuery), request_body = ActInput,
    responses((status = 200, body = CaseFileView), (status = 403), (status = 404), (status = 409), (status = 422)))]
pub(crate) async fn act(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Path(id): Path<String>,
    given: Given,
    Json(input): Json<ActInput>,
) -> Result<Json<CaseFileView>, Problem> {
    let record = seen(&app, &by, &id).await?;
    need_pictures(&app, &input.act).await?;
    let act = AnyAct::read(record.case.kind(), input.act).map_err(|error| {
        Problem::invalid(format!("操作内容有误：{error}"), format!("The act can't be read: {error}"))
    })?;
    let office = app.office.load_full();
    let command = Command {
        key: given.key.as_deref(),
        by: by.actor(),
        at: app.clock.now(),
        desk: &office.desk,
        parent: None,
        done: given.done,
        address: Some(by.address()),
    };
    let turn = app.hub.turn().lock().await;
    let worked = app.records.act_on_case(&record.id, input.version, &act, &command).await;
    let worked = worked.map_err(|error| fault(&app, error))?;
    finish(&app, &by, &worked, act.key());
    drop(turn);
    answer(&app, &by, &worked, language).await
}

/// What a command may bring along: the key that makes its repeat harmless, when and where it was done.
pub(crate) struct Given {
    key: Option<String>,
    done: Option<(Timestamp, Option<Wgs84>)>,
}

impl FromRequestParts<Arc<App>> for Given {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let wrong = || Problem::invalid("Idempotency-Key 有误。", "The Idempotency-Key can't be read.");
        let key = parts.headers.get(KEY_HEADER).map(|value| value.to_str().map(str::to_owned));
        let key = key.transpose().map_err(|_| wrong())?;
        let done = Query::<DoneQuery>::try_from_uri(&parts.uri).map(|Query(done)| done.done(app.clock.now()));
        Ok(Self { key, done: done.unwrap_or_default() })
    }
}

/// Tells the pages; the audit has it since the transaction that did it.
fn finish(app: &Arc<App>, by: &Signed, worked: &Worked, act: &str) {
    by.note_in_audit();
    if !worked.is_repeat {
        super::publish(app, worked, act);
    }
}

async fn answer(
    app: &App,
    by: &Signed,
    worked: &Worked,
    language: Language,
) -> Result<Json<CaseFileView>, Problem> {
    let record = worked.cases.first().ok_or_else(no_such)?;
    Ok(Json(file_view(app, record, by.actor(), language).await?))
}

fn unreadable(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let (path, inner) = (error.path(), error.inner());
    Problem::invalid(format!("“{path}”有误：{inner}"), format!("“{path}” can't be read: {inner}"))
}

pub(crate) fn fault(app: &App, error: CaseError) -> Problem {
    match error {
        CaseError::NotFound => no_such(),
        CaseError::Changed { by, .. } => {
            let name = app.office.load().person(&by);
            Problem::conflict(
                format!("{name} 刚刚处理过，请查看最新情况后再操作；您填写的内容已保留。"),
                format!("{name} did something just now. Look again; what you wrote is kept."),
            )
        }
        CaseError::KeyUsed => Problem::conflict(
            "该请求编号已用于其他操作。",
            "The Idempotency-Key was used for something else.",
        ),
        CaseError::Refused(refusal) => words::refusal(app, &refusal),
        CaseError::Store(error) => error.into(),
    }
}

/// Cases as a table.
#[utoipa::path(get, path = "/cases/export", tag = "cases", params(CaseQuery, FormatQuery),
    responses((status = 200, description = "text/csv or a spreadsheet")))]
pub(crate) async fn export(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Query(query): Query<CaseQuery>,
    Query(FormatQuery { format }): Query<FormatQuery>,
) -> Result<Response, Problem> {
    by.require(Permission::Export)?;
    let now = app.clock.now();
    let (filter, sort) = (query.filter(&app, &by, now)?, query.sort()?);
    let mut rows = Vec::new();
    while (rows.len() as u64) < EXPORT_ROWS_MAX {
        let window = Window { offset: rows.len() as u64, limit: records::PAGE_LIMIT_MAX };
        let page = app.records.cases(&filter, sort, window).await?;
        if page.items.is_empty() {
            break;
        }
        rows.extend(page.items.iter().map(|record| cells(&app, record, language)));
    }
    by.audit(&app, "case.export", query.kind.as_deref().unwrap_or("all"), &rows.len().to_string()).await?;
    let heads: [&str; 14] = language.pick(
        [
            "编号",
            "类别",
            "状态",
            "等级",
            "责任单位",
            "责任人",
            "事由",
            "细类",
            "战场",
            "号牌",
            "登记时间",
            "办结时间",
            "当前环节",
            "时限",
        ],
        [
            "Number", "Kind", "State", "Level", "Unit", "Person", "Title", "Category", "Theatre", "Plate",
            "Opened", "Closed", "Step", "Due",
        ],
    );
    let (name, kind, bytes) = match format.as_deref() {
        Some("xlsx") => (
            "cases.xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            crate::sheet::xlsx(&heads, &rows)?,
        ),
        _ => ("cases.csv", "text/csv; charset=utf-8", crate::sheet::csv(&heads, &rows)?),
    };
    let fields = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, attachment(name))];
    Ok((fields, bytes).into_response())
}

fn cells(app: &App, record: &CaseRecord, language: Language) -> Vec<String> {
    let office = app.office.load();
    let kind = record.case.kind();
    let time = |at: Timestamp| crate::words::beijing(at);
    vec![
        record.id.to_string(),
        words::kind(Some(kind), language).to_owned(),
        words::state(Some(kind), &record.state, language).to_owned(),
        words::level(record.level, language).to_owned(),
        office.unit(record.unit),
        record.assignee.as_ref().map(|person| office.person(person)).unwrap_or_default(),
        record.title.to_string(),
        words::category(app, Some(kind), &record.category, language),
        record.theatre.map(|theatre| words::theatre(theatre, language).to_owned()).unwrap_or_default(),
        record.plate.as_ref().map(ToString::to_string).unwrap_or_default(),
        time(record.opened_at),
        record.closed_at.map(time).unwrap_or_default(),
        record.step.map(|step| words::step(step, language).to_owned()).unwrap_or_default(),
        record.due_at.map(time).unwrap_or_default(),
    ]
}
