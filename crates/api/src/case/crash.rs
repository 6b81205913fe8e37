//! Crashes (事故): the ledger, and the hazards on which they fell.

use super::publish;
use super::view::{CaseView, PersonRef, UnitRef, case_view, person_ref, unit_ref};
use crate::access::Signed;
use crate::app::App;
use crate::problem::{Problem, RequestLanguage};
use crate::wire::{Language, List, Paging, instant, parse_instant};
use axum::Json;
use axum::extract::{Path, Query, State};
use domain::case::Spot;
use domain::crash::{CrashSource, Severity};
use domain::people::{UnitId, UnitKind};
use domain::{Crash, CrashId, Desk, Theatre, Wgs84};
use records::{Command, CrashEffect, CrashFilter, CrashRecord, Window};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Which crashes.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct CrashQuery {
    /// `property`, `injury`, `fatal`.
    severity: Option<String>,
    /// `manual`, `file`.
    source: Option<String>,
    /// Happened then or later, RFC 3339.
    since: Option<String>,
    /// Happened before.
    until: Option<String>,
    /// With a point on the map, or without one.
    placed: Option<bool>,
    /// West, south, east, north in degrees, with commas between them.
    bbox: Option<String>,
    /// Part of the number, ours or theirs, or of the route.
    q: Option<String>,
    limit: Option<u64>,
    offset: Option<u64>,
}

/// A crash.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CrashView {
    /// `SG20261128-0007`.
    id: String,
    source: &'static str,
    /// Its number where it comes from.
    source_number: Option<String>,
    occurred_at: String,
    severity: &'static str,
    severity_name: &'static str,
    dead: u16,
    injured: u16,
    lon: Option<f64>,
    lat: Option<f64>,
    route: Option<String>,
    chainage_m: Option<u32>,
    description: String,
    theatre: Option<&'static str>,
    unit: Option<UnitRef>,
    note: String,
    recorded_by: PersonRef,
    recorded_at: String,
}

/// A hazard on which a crash fell.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CrashHazardView {
    case: CaseView,
    distance_m: Option<u32>,
    /// `reopened`, `linked`, `reported`.
    effect: &'static str,
    effect_name: &'static str,
}

/// A crash with the hazards on which it fell, as far as this person may see them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CrashFileView {
    crash: CrashView,
    hazards: Vec<CrashHazardView>,
}

/// A crash as somebody records it.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct CrashInput {
    /// RFC 3339.
    occurred_at: String,
    /// `property`, `injury`, `fatal`.
    severity: String,
    #[serde(default)]
    dead: u16,
    #[serde(default)]
    injured: u16,
    lon: Option<f64>,
    lat: Option<f64>,
    route: Option<String>,
    chainage_m: Option<u32>,
    #[serde(default)]
    description: String,
    theatre: Option<String>,
    /// In whose area; found by the place when left out.
    unit: Option<i64>,
    #[serde(default)]
    note: String,
    /// Its number in another system: the same number is the same crash.
    source_number: Option<String>,
}

pub(super) fn severity_name(severity: Severity, language: Language) -> &'static str {
    match severity {
        Severity::Property => language.pick("财产损失", "property damage"),
        Severity::Injury => language.pick("伤人", "injury"),
        Severity::Fatal => language.pick("死亡", "fatal"),
    }
}

fn effect_name(effect: CrashEffect, language: Language) -> &'static str {
    match effect {
        CrashEffect::Reopened => language.pick("已销号，重新打开", "was struck off, opened again"),
        CrashEffect::Linked => language.pick("已关联", "linked"),
        CrashEffect::Reported => language.pick("由事故上报", "reported from it"),
    }
}

fn crash_view(app: &App, record: &CrashRecord, language: Language) -> CrashView {
    let office = app.office.load();
    let crash = &record.crash;
    CrashView {
        id: record.id.to_string(),
        source: crash.source.key(),
        source_number: crash.source_number.as_ref().map(ToString::to_string),
        occurred_at: instant(crash.occurred_at),
        severity: crash.severity.key(),
        severity_name: severity_name(crash.severity, language),
        dead: crash.dead,
        injured: crash.injured,
        lon: crash.spot.at.map(Wgs84::lon_deg),
        lat: crash.spot.at.map(Wgs84::lat_deg),
        route: crash.spot.route.as_ref().map(ToString::to_string),
        chainage_m: crash.spot.chainage_m,
        description: crash.spot.description.to_string(),
        theatre: crash.theatre.map(Theatre::key),
        unit: crash.unit.map(|unit| unit_ref(&office, unit)),
        note: crash.note.to_string(),
        recorded_by: person_ref(&office, &record.recorded_by, language),
        recorded_at: instant(record.recorded_at),
    }
}

/// Crashes, newest first: those in the area of one's unit.
#[utoipa::path(get, path = "/crashes", tag = "crashes", params(CrashQuery), responses((status = 200, body = List<CrashView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Query(query): Query<CrashQuery>,
) -> Result<Json<List<CrashView>>, Problem> {
    let unknown = |what: &str| {
        Problem::invalid(format!("筛选条件“{what}”有误。"), format!("The filter “{what}” can't be read."))
    };
    let word = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let at = |text: &Option<String>, name: &str| {
        word(text).map(|text| parse_instant(&text).ok_or_else(|| unknown(name))).transpose()
    };
    let severity = word(&query.severity).map(|it| Severity::parse(&it).ok_or_else(|| unknown("severity")));
    let source = word(&query.source).map(|it| CrashSource::parse(&it).ok_or_else(|| unknown("source")));
    let filter = CrashFilter {
        severity: severity.transpose()?,
        source: source.transpose()?,
        scope: Some(by.scope().clone()),
        since: at(&query.since, "since")?,
        until: at(&query.until, "until")?,
        has_point: query.placed,
        within: word(&query.bbox).map(|text| super::route::bounds(&text)).transpose()?,
        q: query.q.clone(),
    };
    let paging = Paging { limit: query.limit, offset: query.offset, sort: None };
    let window = Window { offset: paging.offset(), limit: paging.limit() };
    let page = app.records.crashes(&filter, window).await?;
    let items = page.items.iter().map(|record| crash_view(&app, record, language)).collect();
    Ok(Json(List { items, total: page.total }))
}

/// One crash with the hazards on which it fell.
#[utoipa::path(get, path = "/crashes/{id}", tag = "crashes", params(("id" = String, Path)),
    responses((status = 200, body = CrashFileView), (status = 404)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Path(id): Path<String>,
) -> Result<Json<CrashFileView>, Problem> {
    let record = app.records.crash(&CrashId(SmolStr::new(&id))).await?.ok_or_else(no_such)?;
    let path = record.crash.unit.map(|unit| app.office.load().desk.path(unit));
    if !path.map_or(by.scope().0.is_empty(), |path| by.scope().covers(&path)) {
        by.audit(&app, "access.other_unit", &id, "").await?;
        return Err(no_such());
    }
    Ok(Json(file_view(&app, &by, &record, language).await?))
}

async fn file_view(
    app: &App,
    by: &Signed,
    record: &CrashRecord,
    language: Language,
) -> Result<CrashFileView, Problem> {
    let now = app.clock.now();
    let mut hazards = Vec::new();
    for link in app.records.crash_links(&record.id).await? {
        let Some(case) = app.records.case(&link.hazard).await? else { continue };
        if super::route::may_see(app, by, &case) {
            hazards.push(CrashHazardView {
                case: case_view(app, &case, now, language),
                distance_m: link.distance_m,
                effect: link.effect.key(),
                effect_name: effect_name(link.effect, language),
            });
        }
    }
    Ok(CrashFileView { crash: crash_view(app, record, language), hazards })
}

/// Records a crash. One that falls on a struck-off hazard opens it again; open ones nearby are linked.
#[utoipa::path(post, path = "/crashes", tag = "crashes", request_body = CrashInput,
    responses((status = 200, body = CrashFileView), (status = 422)))]
pub(crate) async fn record(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Json(input): Json<CrashInput>,
) -> Result<Json<CrashFileView>, Problem> {
    let office = app.office.load_full();
    let mut crash = crash_of(&input)?;
    if crash.unit.is_some_and(|unit| office.desk.units.get(unit).is_none()) {
        return Err(Problem::invalid("没有这个单位。", "There is no such unit."));
    }
    seated(&office.desk, &mut crash);
    let command =
        Command { address: Some(by.address()), ..Command::new(by.actor(), app.clock.now(), &office.desk) };
    let turn = app.hub.turn().lock().await;
    let put = app.records.put_crashes(&[crash], &command).await;
    let put = put.map_err(|error| super::fault(&app, error))?;
    by.note_in_audit();
    if let Some(worked) = &put.worked {
        publish(&app, worked, "relate");
    }
    drop(turn);
    let (record, _) = put.crashes.first().ok_or_else(no_such)?;
    Ok(Json(file_view(&app, &by, record, language).await?))
}

fn crash_of(input: &CrashInput) -> Result<Crash, Problem> {
    let word = |text: &Option<String>| {
        text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(SmolStr::new)
    };
    let wrong = |chinese: &str, english: &str| Problem::invalid(chinese, english);
    let occurred_at = parse_instant(&input.occurred_at)
        .ok_or_else(|| wrong("事故时间有误。", "The time of the crash can't be read."))?;
    let severity = Severity::parse(&input.severity).ok_or_else(|| {
        wrong("事故类型须为财产损失、伤人或死亡。", "severity is property, injury or fatal.")
    })?;
    let at = match (input.lon, input.lat) {
        (None, None) => None,
        (Some(lon), Some(lat)) => {
            Some(Wgs84::new(lon, lat).ok_or_else(|| wrong("位置有误。", "The place is not on the earth."))?)
        }
        _ => return Err(wrong("经度、纬度须同时填写。", "Longitude and latitude go together.")),
    };
    let theatre = match word(&input.theatre) {
        None => None,
        Some(text) => {
            Some(Theatre::parse(&text).ok_or_else(|| wrong("没有这一战场。", "There is no such theatre."))?)
        }
    };
    let number = word(&input.source_number);
    if number.as_ref().is_some_and(|number| number.chars().count() > 64) {
        return Err(wrong("事故编号过长。", "The number is too long."));
    }
    Ok(Crash {
        source: CrashSource::Manual,
        source_number: number,
        occurred_at,
        spot: Spot {
            at,
            route: word(&input.route),
            chainage_m: input.chainage_m,
            checkpoint: None,
            description: input.description.trim().into(),
        },
        theatre,
        unit: input.unit.map(UnitId),
        severity,
        dead: input.dead,
        injured: input.injured,
        note: input.note.trim().into(),
    })
}

/// A crash with the unit in whose area it happened, where its place tells.
pub(crate) fn seated(desk: &Desk, crash: &mut Crash) {
    crash.unit = crash.unit.or_else(|| unit_at(desk, crash.spot.at));
}

/// Who sees to a place: the nearest township whose place is known, else the root.
pub(crate) fn unit_at(desk: &Desk, at: Option<Wgs84>) -> Option<UnitId> {
    let townships = desk.units.all().filter(|unit| unit.kind == UnitKind::Township && unit.is_enabled);
    let near = at.and_then(|at| {
        let by_distance = townships.filter_map(|unit| Some((unit.location?.distance_m(at), unit.id)));
        by_distance.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, id)| id)
    });
    near.or_else(|| {
        desk.units.all().find(|unit| unit.parent.is_none() && unit.is_enabled).map(|unit| unit.id)
    })
}

fn no_such() -> Problem {
    Problem::not_found(
        "没有这起事故，或不在您的权限范围内。",
        "There is no such crash, or it is outside your scope.",
    )
}
