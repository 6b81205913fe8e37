//! The nearby real case (身边案例) that is told in a lesson: what was stopped or happened not far away and not long ago, of the kind
//! that concerns who is taught. No name, no plate and none of the words that people wrote: only what, when and where.

use super::words;
use crate::access::Signed;
use crate::app::App;
use crate::problem::{Problem, RequestLanguage};
use crate::wire::Language;
use axum::Json;
use axum::extract::{Query, State};
use domain::case::{Limits, Spot};
use domain::stage::dispatch::{Dispatch, RoadOutcome};
use domain::stage::education::Audience;
use domain::time::DAY_MS;
use domain::{AnyCase, CaseKind, Timestamp, UnitId, Verdict, Wgs84};
use records::{CaseField, CaseFilter, CrashFilter, CrashRecord, Sort, Window};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Cases, and crashes, looked at for one suggestion at most.
const LOOKED_AT: u64 = 100;
/// Metres of a degree of latitude.
const METRES_A_DEGREE: f64 = 111_320.0;

/// Who is taught, and where.
#[derive(Debug, Deserialize, IntoParams)]
pub(crate) struct LocalCaseQuery {
    /// As in a lesson: `truck_driver`, `villager` …
    audience: String,
    /// Degrees; where the own unit sits when left out.
    lon: Option<f64>,
    lat: Option<f64>,
}

/// A case that can be told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LocalCaseView {
    /// Ready to be told, without names and plates.
    text: String,
    /// `dispatch`, `crash`.
    kind: &'static str,
    distance_m: Option<u32>,
}

/// A nearby real case for a lesson; `null` where there is none.
#[utoipa::path(get, path = "/educations/local-case", tag = "cases", params(LocalCaseQuery),
    responses((status = 200, body = Option<LocalCaseView>), (status = 422)))]
pub(crate) async fn local_case(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Query(query): Query<LocalCaseQuery>,
) -> Result<Json<Option<LocalCaseView>>, Problem> {
    let audience = Audience::parse(&query.audience)
        .ok_or_else(|| Problem::invalid("没有这类宣教对象。", "There is no such audience."))?;
    let given = query.lon.zip(query.lat).map(|(lon, lat)| {
        Wgs84::new(lon, lat).ok_or_else(|| Problem::invalid("位置有误。", "The place is not on the earth."))
    });
    let office = app.office.load_full();
    let here = given.transpose()?.or_else(|| seat(&office, by.user.unit));
    let around = Around { here, now: app.clock.now(), limits: &office.desk.limits };
    if let Some(told) = stopped(&app, audience, &around, language).await? {
        return Ok(Json(Some(told)));
    }
    Ok(Json(happened(&app, &around, language).await?))
}

/// Where a unit sits, or the nearest one above it whose place is known.
fn seat(office: &super::office::Office, unit: Option<UnitId>) -> Option<Wgs84> {
    let way = office.desk.way(unit?);
    way.into_iter().find_map(|unit| office.desk.units.get(unit)?.location)
}

/// Something happened elsewhere.
struct TooFar;

/// Near what, and until when.
struct Around<'a> {
    /// `None`: nobody knows where, so the whole county is near.
    here: Option<Wgs84>,
    now: Timestamp,
    limits: &'a Limits,
}

impl Around<'_> {
    fn since(&self) -> Timestamp {
        self.now.plus_ms(-i64::from(self.limits.local_case_days_max) * DAY_MS)
    }

    fn bounds(&self) -> Option<(Wgs84, Wgs84)> {
        let here = self.here?;
        let d_lat = f64::from(self.limits.local_case_m_max) / METRES_A_DEGREE;
        let d_lon = d_lat / here.lat_deg().to_radians().cos().abs().max(0.01);
        let corner = |sign: f64| Wgs84::new(here.lon_deg() + sign * d_lon, here.lat_deg() + sign * d_lat);
        corner(-1.0).zip(corner(1.0))
    }

    /// How far away something is, where that is asked for.
    fn reach(&self, at: Option<Wgs84>) -> Result<Option<u32>, TooFar> {
        let Some(here) = self.here else { return Ok(None) };
        let metres = here.distance_m(at.ok_or(TooFar)?).round() as u32;
        if metres <= self.limits.local_case_m_max { Ok(Some(metres)) } else { Err(TooFar) }
    }
}

/// A vehicle that was stopped for what concerns these people, the newest.
async fn stopped(
    app: &App,
    audience: Audience,
    around: &Around<'_>,
    language: Language,
) -> Result<Option<LocalCaseView>, Problem> {
    let Some(models) = app.case_files.local_cases.get(&audience) else { return Ok(None) };
    let filter = CaseFilter {
        kinds: vec![CaseKind::Dispatch],
        states: vec![SmolStr::new_static("closed")],
        categories: models.iter().map(|model| SmolStr::new_static(model.key())).collect(),
        since: Some(around.since()),
        within: around.bounds(),
        ..CaseFilter::default()
    };
    let window = Window { offset: 0, limit: LOOKED_AT };
    let page = app.records.cases(&filter, Sort::descending(CaseField::OpenedAt), window).await?;
    let told = page.items.iter().find_map(|record| {
        let AnyCase::Dispatch(dispatch) = &record.case else { return None };
        let distance_m = around.reach(record.location).ok()?;
        let text = stopped_text(app, dispatch, language)?;
        Some(LocalCaseView { text, kind: "dispatch", distance_m })
    });
    Ok(told)
}

fn stopped_text(app: &App, dispatch: &Dispatch, language: Language) -> Option<String> {
    let report = dispatch.report.as_ref()?;
    if report.outcome != RoadOutcome::Intercepted || report.verdict != Verdict::Confirmed {
        return None;
    }
    let category = words::category(app, Some(CaseKind::Dispatch), &dispatch.order.category, language);
    let found = report.findings.first().map(|finding| finding.name.to_string());
    let what = found.filter(|name| !name.is_empty()).unwrap_or(category);
    let plate = masked(&dispatch.order.plate);
    let (day, place) = (day_of(report.at, language), place_of(&dispatch.order.spot, language));
    Some(language.pick(
        format!("{day}，{place}，一辆号牌为{plate}的车辆因“{what}”被依法查处。"),
        format!("On {day}, {place}, a vehicle with the plate {plate} was stopped for “{what}”."),
    ))
}

/// A crash, the gravest of the newest.
async fn happened(
    app: &App,
    around: &Around<'_>,
    language: Language,
) -> Result<Option<LocalCaseView>, Problem> {
    let filter =
        CrashFilter { since: Some(around.since()), within: around.bounds(), ..CrashFilter::default() };
    let page = app.records.crashes(&filter, Window { offset: 0, limit: LOOKED_AT }).await?;
    let near =
        page.items.iter().filter_map(|record| Some((record, around.reach(record.crash.spot.at).ok()?)));
    let gravest = near.max_by_key(|(record, _)| (record.crash.severity, record.crash.occurred_at));
    Ok(gravest.map(|(record, distance_m)| LocalCaseView {
        text: crash_text(record, language),
        kind: "crash",
        distance_m,
    }))
}

fn crash_text(record: &CrashRecord, language: Language) -> String {
    let crash = &record.crash;
    let (day, place) = (day_of(crash.occurred_at, language), place_of(&crash.spot, language));
    let kind = super::crash::severity_name(crash.severity, language);
    let hurt = match (crash.dead, crash.injured) {
        (0, 0) => String::new(),
        (0, injured) => language.pick(format!("，{injured} 人受伤"), format!(", {injured} hurt")),
        (dead, 0) => language.pick(format!("，{dead} 人死亡"), format!(", {dead} killed")),
        (dead, injured) => language
            .pick(format!("，{dead} 人死亡、{injured} 人受伤"), format!(", {dead} killed, {injured} hurt")),
    };
    language.pick(
        format!("{day}，{place}，发生一起{kind}事故{hurt}。"),
        format!("On {day}, {place}, there was a crash ({kind}{hurt})."),
    )
}

fn day_of(at: Timestamp, language: Language) -> String {
    let (year, month, day) = at.beijing_day().ymd();
    language.pick(format!("{year}年{month}月{day}日"), format!("{year}-{month:02}-{day:02}"))
}

/// The road with its kilometre, else the checkpoint: what people wrote may name somebody.
fn place_of(spot: &Spot, language: Language) -> String {
    match (&spot.route, spot.chainage_m, &spot.checkpoint) {
        (Some(route), Some(metres), _) => {
            let km = metres / 1_000;
            language.pick(format!("{route} {km} 公里处附近"), format!("near kilometre {km} of {route}"))
        }
        (Some(route), None, _) => language.pick(format!("{route} 上"), format!("on {route}")),
        (None, _, Some(_)) if !spot.description.is_empty() => {
            let name = &spot.description;
            language.pick(format!("{name}附近"), format!("near {name}"))
        }
        _ => language.pick("附近路段".to_owned(), "on a road nearby".to_owned()),
    }
}

/// 鲁Q12B45 becomes 鲁Q*****.
fn masked(plate: &str) -> String {
    let count = plate.chars().count();
    plate.chars().take(2).chain(std::iter::repeat_n('*', count.saturating_sub(2))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_plate_is_left_but_where_it_is_from() {
        assert_eq!(masked("鲁Q12B45"), "鲁Q*****");
        assert_eq!(masked("鲁"), "鲁");
    }

    #[test]
    fn a_place_is_a_road_and_never_what_somebody_wrote() {
        let spot = Spot { description: "王某家门口".into(), ..Spot::default() };
        assert_eq!(place_of(&spot, Language::Chinese), "附近路段");
        let on_road = Spot { route: Some("G205".into()), chainage_m: Some(12_300), ..spot };
        assert_eq!(place_of(&on_road, Language::Chinese), "G205 12 公里处附近");
    }
}
