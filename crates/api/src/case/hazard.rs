//! Hazards: categories with their questions, what lies near, and the figures of the ledger.

use super::office::Category;
use super::route::CaseQuery;
use super::task::period;
use super::view::{CaseView, case_view};
use super::words;
use crate::access::Signed;
use crate::app::App;
use crate::problem::{Problem, RequestLanguage};
use crate::wire::attachment;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::stage::hazard::{Grade, HazardKind};
use domain::{AnyCase, CaseKind, Timestamp, UnitId, Wgs84};
use records::{CaseField, CaseFilter, CaseRecord, HazardCount, HazardGroup, Sort, Window};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Hazards that are told to lie near at most.
const NEAR_MAX: usize = 10;
/// Metres of a degree of latitude.
const METRES_A_DEGREE: f64 = 111_320.0;

/// A category, in the language of the request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CategoryView {
    key: String,
    name: String,
    hazard_kind: &'static str,
    questions: Vec<QuestionView>,
}

/// A question, in the language of the request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuestionView {
    key: String,
    text: String,
    /// `choice`, `yes_no`, `text`, `number`.
    #[serde(rename = "type")]
    answer: String,
    options: Vec<String>,
    is_required: bool,
}

/// Categories of hazards with what is asked about each.
#[utoipa::path(get, path = "/hazards/categories", tag = "hazards", responses((status = 200, body = Vec<CategoryView>)))]
pub(crate) async fn categories(
    State(app): State<Arc<App>>,
    _: Signed,
    RequestLanguage(language): RequestLanguage,
) -> Json<Vec<CategoryView>> {
    let view = |category: &Category| CategoryView {
        key: category.key.clone(),
        name: language.pick(&category.zh, &category.en).clone(),
        hazard_kind: category.hazard_kind.key(),
        questions: category
            .questions
            .iter()
            .map(|question| QuestionView {
                key: question.key.clone(),
                text: language.pick(&question.zh, &question.en).clone(),
                answer: question.answer.clone(),
                options: question.options.clone(),
                is_required: question.is_required,
            })
            .collect(),
    };
    Json(app.case_files.categories.iter().map(view).collect())
}

#[derive(Debug, Deserialize, IntoParams)]
pub(crate) struct NearQuery {
    /// Degrees.
    lon: f64,
    lat: f64,
    /// Of this category only.
    category: Option<String>,
    /// Not this one.
    exclude: Option<String>,
}

/// A hazard that lies near.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NearView {
    case: CaseView,
    distance_m: u32,
}

/// Hazards near a point that may be the same one: open ones, and struck-off ones that would be opened again.
#[utoipa::path(get, path = "/hazards/near", tag = "hazards", params(NearQuery), responses((status = 200, body = Vec<NearView>)))]
pub(crate) async fn near(
    State(app): State<Arc<App>>,
    _: Signed,
    RequestLanguage(language): RequestLanguage,
    Query(query): Query<NearQuery>,
) -> Result<Json<Vec<NearView>>, Problem> {
    let here = Wgs84::new(query.lon, query.lat)
        .ok_or_else(|| Problem::invalid("位置有误。", "The place is not on the earth."))?;
    let now = app.clock.now();
    let category = query.category.as_deref().filter(|word| !word.is_empty());
    let mut found = near_hazards(&app, here, category).await?;
    found.retain(|(record, _)| Some(record.id.as_str()) != query.exclude.as_deref());
    let view = |(record, distance_m): &(CaseRecord, u32)| NearView {
        case: case_view(&app, record, now, language),
        distance_m: *distance_m,
    };
    Ok(Json(found.iter().take(NEAR_MAX).map(view).collect()))
}

/// Hazards near a point, the nearest first, with the distance in metres. Merged and unfounded ones are left out.
pub(crate) async fn near_hazards(
    app: &App,
    here: Wgs84,
    category: Option<&str>,
) -> Result<Vec<(CaseRecord, u32)>, Problem> {
    let radius_m = f64::from(app.office.load().desk.limits.duplicate_m_max);
    let d_lat = radius_m / METRES_A_DEGREE;
    let d_lon = d_lat / here.lat_deg().to_radians().cos().abs().max(0.01);
    let corner = |sign: f64| {
        Wgs84::new(
            (here.lon_deg() + sign * d_lon).clamp(-180.0, 180.0),
            (here.lat_deg() + sign * d_lat).clamp(-90.0, 90.0),
        )
    };
    let filter = CaseFilter {
        kinds: vec![CaseKind::Hazard],
        categories: category.into_iter().map(Into::into).collect(),
        within: corner(-1.0).zip(corner(1.0)),
        ..CaseFilter::default()
    };
    let window = Window { offset: 0, limit: 100 };
    let page = app.records.cases(&filter, Sort::descending(CaseField::OpenedAt), window).await?;
    let mut near: Vec<(CaseRecord, u32)> = page
        .items
        .into_iter()
        .filter(|record| !matches!(record.state.as_str(), "merged" | "unfounded"))
        .filter_map(|record| {
            let distance_m = record.location?.distance_m(here);
            (distance_m <= radius_m).then_some((record, distance_m.round() as u32))
        })
        .collect();
    near.sort_by_key(|(_, distance_m)| *distance_m);
    Ok(near)
}

/// The rectification notice (整改通知书) as a Word file.
#[utoipa::path(get, path = "/hazards/{id}/notice.docx", tag = "hazards", params(("id" = String, Path)),
    responses((status = 200, description = "a Word file"), (status = 404)))]
pub(crate) async fn notice(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let record = super::route::seen(&app, &by, &id).await?;
    let none = || Problem::not_found("尚未下发整改通知书。", "No notice was issued yet.");
    let AnyCase::Hazard(hazard) = &record.case else { return Err(none()) };
    let notice = hazard.notice.as_ref().ok_or_else(none)?;
    let office = app.office.load_full();
    let language = crate::wire::Language::Chinese;
    let report = &hazard.report;
    let category = app.case_files.categories.iter().find(|category| category.key == report.category);
    let question = |key: &str| {
        let asked = category.and_then(|it| it.questions.iter().find(|question| question.key == key));
        asked.map_or_else(|| key.to_owned(), |question| question.zh.clone())
    };
    let issuer = office.desk.units.all().find(|unit| unit.parent.is_none());
    let supervision = hazard.supervision.as_ref().map(|listed| {
        let tier = match listed.tier.as_str() {
            "province" => "省级",
            "city" => "市级",
            _ => "县级",
        };
        format!("该隐患已列为{tier}挂牌督办（{}），督办期限至{}", listed.document, day_of(listed.until))
    });
    let paper = documents::RectificationNotice {
        issuer: issuer.map(|unit| unit.name.to_string()).unwrap_or_default(),
        number: if notice.number.is_empty() { record.id.to_string() } else { notice.number.to_string() },
        case: record.id.to_string(),
        unit: office.unit(notice.unit),
        place: place_of(&report.spot),
        category: words::category(&app, Some(CaseKind::Hazard), &report.category, language),
        grade: match hazard.grade {
            Grade::General => "一般",
            Grade::Larger => "较大",
            Grade::Major => "重大",
        }
        .to_owned(),
        hazard: if report.description.is_empty() {
            report.title.to_string()
        } else {
            report.description.to_string()
        },
        answers: report.answers.iter().map(|it| (question(&it.question), it.answer.to_string())).collect(),
        found_on: day_of(record.opened_at),
        measure: notice.measure.to_string(),
        deadline: day_of(notice.deadline),
        issued_on: day_of(notice.issued_at),
        supervision,
    };
    let bytes = paper.docx().map_err(|error| Problem::internal("write the notice", &error))?;
    by.audit(&app, "hazard.notice", record.id.as_str(), "").await?;
    let kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document".to_owned();
    let name = format!("整改通知书_{}.docx", record.id);
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, attachment(&name))], bytes)
        .into_response())
}

/// 2026年11月28日
fn day_of(at: Timestamp) -> String {
    let (year, month, day) = at.beijing_day().ymd();
    format!("{year}年{month}月{day}日")
}

/// G205 K12+300 北环路口
fn place_of(spot: &domain::case::Spot) -> String {
    let chainage = spot.chainage_m.map(|metres| format!("K{}+{:03}", metres / 1_000, metres % 1_000));
    let parts = [spot.route.as_ref().map(ToString::to_string), chainage, Some(spot.description.to_string())];
    let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    match (parts.is_empty(), spot.at) {
        (true, Some(at)) => format!("东经 {:.5}°，北纬 {:.5}°", at.lon_deg(), at.lat_deg()),
        _ => parts.join(" "),
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct HazardCountQuery {
    /// Found then or later, RFC 3339.
    since: Option<String>,
    /// Found before.
    until: Option<String>,
    /// `category`, `unit`, `month`.
    by: Option<String>,
}

/// The figures of the ledger: 排查、完成整改、销号.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub(crate) struct HazardFigures {
    /// Found in the period: reported, neither unfounded nor merged.
    found: u64,
    /// Of these, rectified by now: accepted or struck off.
    rectified: u64,
    /// Of these, struck off by now.
    struck_off: u64,
    /// Of these, still open.
    open: u64,
    /// Of these, open and past their time.
    late: u64,
}

/// Figures of a group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HazardGroupView {
    group: String,
    name: String,
    #[serde(flatten)]
    figures: HazardFigures,
}

/// Figures of hazards.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HazardCountsView {
    total: HazardFigures,
    /// Of roads (道路交通安全隐患).
    road: HazardFigures,
    /// Of people, vehicles and enterprises (其他交通安全隐患).
    other: HazardFigures,
    groups: Vec<HazardGroupView>,
}

impl HazardFigures {
    fn add(&mut self, count: &HazardCount) {
        let n = count.count;
        self.found += n;
        match count.state.as_str() {
            "struck_off" => {
                self.rectified += n;
                self.struck_off += n;
            }
            "accepted" => self.rectified += n,
            _ => {}
        }
        self.open += if count.is_open { n } else { 0 };
        self.late += if count.is_late { n } else { 0 };
    }
}

/// How many hazards were found, rectified, struck off, as the half-year summary counts them.
#[utoipa::path(get, path = "/statistics/hazards", tag = "statistics", params(HazardCountQuery),
    responses((status = 200, body = HazardCountsView)))]
pub(crate) async fn counts(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Query(query): Query<HazardCountQuery>,
) -> Result<Json<HazardCountsView>, Problem> {
    let now = app.clock.now();
    let (from, until) = period(query.since.as_deref(), query.until.as_deref(), now)?;
    let filter = CaseFilter {
        kinds: vec![CaseKind::Hazard],
        since: Some(from),
        until: Some(until),
        ..CaseQuery::default().filter(&app, &by, now)?
    };
    let group = match query.by.as_deref().unwrap_or("category") {
        "unit" => HazardGroup::HomeUnit,
        "month" => HazardGroup::Month,
        _ => HazardGroup::Category,
    };
    let office = app.office.load_full();
    let name = |word: &str| match group {
        HazardGroup::HomeUnit => word.parse().map_or_else(|_| word.to_owned(), |id| office.unit(UnitId(id))),
        HazardGroup::Month => word.to_owned(),
        HazardGroup::Category => words::category(&app, Some(CaseKind::Hazard), word, language),
    };
    let (mut total, mut road, mut other) = <(HazardFigures, HazardFigures, HazardFigures)>::default();
    let mut groups: BTreeMap<String, (String, HazardFigures)> = BTreeMap::new();
    for count in app.records.hazard_counts(&filter, group, now).await? {
        total.add(&count);
        let side = if count.branch == HazardKind::Road.key() { &mut road } else { &mut other };
        side.add(&count);
        let key = count.group.to_string();
        let named = || (name(&count.group), HazardFigures::default());
        groups.entry(key).or_insert_with(named).1.add(&count);
    }
    let mut groups: Vec<HazardGroupView> =
        groups.into_iter().map(|(group, (name, figures))| HazardGroupView { group, name, figures }).collect();
    if group != HazardGroup::Month {
        groups.sort_by_key(|group| std::cmp::Reverse(group.figures.found));
    }
    Ok(Json(HazardCountsView { total, road, other, groups }))
}
