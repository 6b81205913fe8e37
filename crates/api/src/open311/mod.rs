//! Reports of the public by Open311 GeoReport v2 (群众上报隐患): `/open311/v2`. What somebody reports becomes a hazard to be verified;
//! what becomes of it can be asked for by its number. JSON and XML, as the specification wants them.

mod form;
mod gate;

pub use gate::PublicGate;

use crate::app::App;
use crate::case::{CaseFiles, publish};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use domain::people::{Actor, Permission, Role};
use domain::stage::hazard::{Grade, Hazard, HazardKind, Report, Source};
use domain::{AnyCase, CaseId, CaseKind, Opening, Timestamp, Wgs84};
use form::{Answer, Field, answer, fault};
use records::{CaseField, CaseFilter, CaseRecord, Command, Sort, Window};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// Who opens what the public reports.
const PUBLIC: &str = Actor::PUBLIC;
/// Reports answered at once at most, as the specification says.
const REQUESTS_MAX: u64 = 1_000;
/// Merges that are followed from a report to where it went on, at most.
const MERGES_MAX: usize = 5;
/// Days that a list covers, as the specification says.
const LIST_DAYS: i64 = 90;

/// The routes of the public; none of them needs a session.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/{file}", get(file).post(report))
        .route("/services/{service}", get(service))
        .route("/requests/{request}", get(request))
}

/// `discovery.json`, `services.xml`, `requests.json` …
async fn file(
    state: State<Arc<App>>,
    Path(file): Path<String>,
    query: Query<BTreeMap<String, String>>,
) -> Response {
    let (name, format) = named(&file);
    match name {
        "discovery" => discovery(&state, format),
        "services" => services(&state, format),
        "requests" => requests(&state, format, &query).await,
        _ => fault(format, StatusCode::NOT_FOUND, "没有这个地址 / there is nothing here"),
    }
}

/// The name and the form that an address ends in.
fn named(file: &str) -> (&str, &str) {
    file.rsplit_once('.').unwrap_or((file, "json"))
}

fn discovery(app: &App, format: &str) -> Response {
    let fields = vec![
        ("changeset", Field::text(crate::wire::instant(app.started_at))),
        ("contact", Field::text("道路交通安全工作办公室")),
        ("key_service", Field::text("")),
    ];
    answer(format, "discovery", "discovery", &Answer::One(fields))
}

/// Categories of roads: what the public can see.
fn public_categories(files: &CaseFiles) -> impl Iterator<Item = &crate::case::Category> {
    files.categories.iter().filter(|category| category.hazard_kind == HazardKind::Road)
}

fn services(app: &App, format: &str) -> Response {
    let services = public_categories(&app.case_files).map(|category| {
        vec![
            ("service_code", Field::text(&category.key)),
            ("service_name", Field::text(&category.zh)),
            ("description", Field::text(&category.en)),
            ("metadata", Field::Flag(!category.questions.is_empty())),
            ("type", Field::text("realtime")),
            ("keywords", Field::text("")),
            ("group", Field::text("道路交通安全隐患")),
        ]
    });
    answer(format, "services", "service", &Answer::Many(services.collect()))
}

async fn service(State(app): State<Arc<App>>, Path(service): Path<String>) -> Response {
    let (code, format) = named(&service);
    let Some(category) = public_categories(&app.case_files).find(|category| category.key == code) else {
        return fault(format, StatusCode::NOT_FOUND, "没有这类服务 / there is no such service_code");
    };
    let attributes = category.questions.iter().enumerate().map(|(order, question)| {
        let datatype = match question.answer.as_str() {
            "choice" => "singlevaluelist",
            "yes_no" => "singlevaluelist",
            "number" => "number",
            _ => "text",
        };
        vec![
            ("variable", Field::Flag(true)),
            ("code", Field::text(&question.key)),
            ("datatype", Field::text(datatype)),
            ("required", Field::Flag(question.is_required)),
            ("datatype_description", Field::text(question.options.join("、"))),
            ("order", Field::Number(order as f64 + 1.0)),
            ("description", Field::text(&question.zh)),
        ]
    });
    let definition = vec![
        ("service_code", Field::text(&category.key)),
        ("attributes", Field::List("attribute", attributes.collect())),
    ];
    answer(format, "service_definition", "service_definition", &Answer::One(definition))
}

/// Takes a report in.
#[expect(clippy::too_many_lines, reason = "one field after the other")]
async fn report(
    State(app): State<Arc<App>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    Path(file): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (name, format) = named(&file);
    if name != "requests" {
        return fault(format, StatusCode::METHOD_NOT_ALLOWED, "该地址不支持此操作 / not at this address");
    }
    let wrong = |text: &str| fault(format, StatusCode::BAD_REQUEST, text);
    let now = app.clock.now();
    if !app.public_gate.admit(address.ip(), now) {
        return fault(
            format,
            StatusCode::TOO_MANY_REQUESTS,
            "上报过于频繁，请稍后再试 / too many reports, try later",
        );
    }
    let Ok(fields) = serde_urlencoded::from_bytes::<BTreeMap<String, String>>(&body) else {
        return wrong("请求格式有误 / the form can't be read");
    };
    let text = |name: &str| fields.get(name).map(|text| text.trim()).unwrap_or_default();
    let Some(category) = public_categories(&app.case_files).find(|it| it.key == text("service_code")) else {
        return wrong("service_code 有误 / there is no such service_code");
    };
    let degrees = |name: &str| text(name).parse::<f64>().ok();
    let at = degrees("long").zip(degrees("lat")).and_then(|(lon, lat)| Wgs84::new(lon, lat));
    if at.is_none() && text("address_string").is_empty() {
        return wrong(
            "须提供位置（lat、long 或 address_string）/ lat and long, or address_string, are needed",
        );
    }
    let description: String = text("description").chars().take(1_000).collect();
    let title: String =
        if description.is_empty() { category.zh.clone() } else { description.chars().take(40).collect() };
    let answers = category.questions.iter().filter_map(|question| {
        let answer = text(&format!("attribute[{}]", question.key));
        (!answer.is_empty()).then(|| domain::stage::hazard::Answer {
            question: SmolStr::new(&question.key),
            answer: answer.chars().take(200).collect::<String>().into(),
        })
    });
    let contact = [text("first_name"), text("last_name"), text("phone"), text("email")];
    let contact = contact.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let office = app.office.load_full();
    let Some(unit) = crate::case::unit_at(&office.desk, at) else {
        return fault(
            format,
            StatusCode::SERVICE_UNAVAILABLE,
            "平台尚未设置受理单位 / no unit takes reports yet",
        );
    };
    let opening = Opening::Hazard(Report {
        warning: None,
        source: Source::Public,
        hazard_kind: HazardKind::Road,
        category: SmolStr::new(&category.key),
        grade: Grade::General,
        title: title.into(),
        description: description.into(),
        answers: answers.collect(),
        spot: domain::case::Spot {
            at,
            description: text("address_string").chars().take(200).collect::<String>().into(),
            ..Default::default()
        },
        theatre: None,
        unit,
        plate: None,
        pictures: Vec::new(),
        contact: contact.chars().take(100).collect::<String>().into(),
        crash: None,
    });
    let by = Actor { username: PUBLIC.into(), unit: None, roles: Role::VillageHelper.into() };
    debug_assert!(by.may(Permission::ReportHazards), "whoever reports may");
    let key =
        headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(|key| format!("public {key}"));
    let address = address.ip().to_string();
    let command =
        Command { key: key.as_deref(), address: Some(&address), ..Command::new(&by, now, &office.desk) };
    let turn = app.hub.turn().lock().await;
    let worked = match app.records.open_case(&opening, &command).await {
        Ok(worked) => worked,
        Err(records::CaseError::Refused(refusal)) => return wrong(&refusal.to_string()),
        Err(error) => {
            tracing::warn!(%error, "a report of the public could not be stored");
            return fault(
                format,
                StatusCode::SERVICE_UNAVAILABLE,
                "暂时无法受理，请稍后重试 / try again later",
            );
        }
    };
    publish(&app, &worked, "open");
    drop(turn);
    let id = worked.cases.first().map(|case| case.id.to_string()).unwrap_or_default();
    let fields = vec![
        ("service_request_id", Field::text(id)),
        ("service_notice", Field::text("已受理，请凭编号查询办理情况 / taken in; ask for it by its number")),
        ("account_id", Field::text("")),
    ];
    answer(format, "service_requests", "request", &Answer::Many(vec![fields]))
}

/// What the public may know of a report.
fn request_fields(app: &App, record: &CaseRecord) -> Vec<(&'static str, Field)> {
    let AnyCase::Hazard(hazard) = &record.case else { return Vec::new() };
    let office = app.office.load();
    let name = public_categories(&app.case_files).find(|it| it.key == record.category.as_str());
    let state =
        crate::case::words::state(Some(CaseKind::Hazard), &record.state, crate::wire::Language::Chinese);
    vec![
        ("service_request_id", Field::text(record.id.as_str())),
        ("status", Field::text(if record.is_open { "open" } else { "closed" })),
        ("status_notes", Field::text(state)),
        ("service_name", Field::text(name.map_or(record.category.as_str(), |it| it.zh.as_str()))),
        ("service_code", Field::text(record.category.as_str())),
        ("description", Field::text(hazard.report.description.as_str())),
        ("agency_responsible", Field::text(office.unit(record.unit))),
        ("service_notice", Field::text("")),
        ("requested_datetime", Field::text(crate::wire::instant(record.opened_at))),
        ("updated_datetime", Field::text(crate::wire::instant(record.changed_at))),
        ("expected_datetime", Field::text(record.due_at.map(crate::wire::instant).unwrap_or_default())),
        ("address", Field::text(hazard.report.spot.description.as_str())),
        ("lat", record.location.map_or(Field::Nothing, |at| Field::Number(at.lat_deg()))),
        ("long", record.location.map_or(Field::Nothing, |at| Field::Number(at.lon_deg()))),
    ]
}

fn is_public(record: &CaseRecord) -> bool {
    matches!(&record.case, AnyCase::Hazard(hazard) if hazard.report.source == Source::Public)
}

/// The hazard in which a report went on, where it was merged: whoever asks by the number of a report learns what became of it.
async fn standing(app: &App, record: CaseRecord) -> Result<CaseRecord, records::StoreError> {
    let mut standing = record.clone();
    for _ in 0..MERGES_MAX {
        let AnyCase::Hazard(Hazard { merged_into: Some(into), .. }) = &standing.case else { break };
        let Some(next) = app.records.case(into).await? else { break };
        standing = next;
    }
    // Its number, what it said and where stay the report's own.
    Ok(CaseRecord {
        state: standing.state,
        is_open: standing.is_open,
        unit: standing.unit,
        changed_at: standing.changed_at,
        due_at: standing.due_at,
        ..record
    })
}

async fn request(State(app): State<Arc<App>>, Path(request): Path<String>) -> Response {
    let (id, format) = named(&request);
    match app.records.case(&CaseId(SmolStr::new(id))).await {
        // Only what came from the public is the public's to know.
        Ok(Some(record)) if is_public(&record) => match standing(&app, record).await {
            Ok(record) => {
                let fields = vec![request_fields(&app, &record)];
                answer(format, "service_requests", "request", &Answer::Many(fields))
            }
            Err(_) => fault(format, StatusCode::SERVICE_UNAVAILABLE, "请稍后重试 / try again later"),
        },
        Ok(_) => fault(format, StatusCode::NOT_FOUND, "没有这个编号 / there is no such service_request_id"),
        Err(_) => fault(format, StatusCode::SERVICE_UNAVAILABLE, "请稍后重试 / try again later"),
    }
}

async fn requests(app: &App, format: &str, query: &BTreeMap<String, String>) -> Response {
    let now = app.clock.now();
    let at = |name: &str| query.get(name).and_then(|text| crate::wire::parse_instant(text));
    let until = at("end_date").unwrap_or(now.plus_ms(1));
    let days: fn(i64) -> i64 = |days| days * domain::time::DAY_MS;
    let since: Timestamp = at("start_date").unwrap_or(until.plus_ms(-days(LIST_DAYS)));
    let is_open = match query.get("status").map(String::as_str) {
        Some("open") => Some(true),
        Some("closed") => Some(false),
        _ => None,
    };
    let filter = CaseFilter {
        kinds: vec![CaseKind::Hazard],
        categories: query.get("service_code").map(SmolStr::new).into_iter().collect(),
        is_open,
        opened_by: Some(PUBLIC.into()),
        since: Some(since),
        until: Some(until),
        ..CaseFilter::default()
    };
    let window = Window { offset: 0, limit: REQUESTS_MAX };
    match app.records.cases(&filter, Sort::descending(CaseField::OpenedAt), window).await {
        Ok(page) => {
            let mut fields = Vec::with_capacity(page.items.len());
            for record in page.items.into_iter().filter(is_public) {
                match standing(app, record).await {
                    Ok(record) => fields.push(request_fields(app, &record)),
                    Err(_) => {
                        return fault(
                            format,
                            StatusCode::SERVICE_UNAVAILABLE,
                            "请稍后重试 / try again later",
                        );
                    }
                }
            }
            answer(format, "service_requests", "request", &Answer::Many(fields))
        }
        Err(_) => fault(format, StatusCode::SERVICE_UNAVAILABLE, "请稍后重试 / try again later"),
    }
}
