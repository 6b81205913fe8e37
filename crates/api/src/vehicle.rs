//! The vehicle register (一车一档).

use crate::access::Signed;
use crate::app::App;
use crate::passage::{KeyVehicleView, key_vehicle_view, reason_of};
use crate::problem::{Problem, RequestLanguage};
use crate::warning::{WarningView, warning_view};
use crate::wire::{List, Paging};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use domain::people::Permission;
use domain::{CivilDay, KeyClass, Plate, PlateClass, VehicleFile, VehicleKey, VehicleType};
use records::{Sort, VehicleField, VehicleFilter, VehicleRecord, WarningField, WarningFilter, Window};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Warnings shown in a vehicle's file.
const WARNINGS_MAX: u64 = 50;

/// A vehicle of the register.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VehicleView {
    plate: String,
    /// GA/T 16.7.
    plate_class: String,
    plate_color: &'static str,
    /// GA/T 16.4.
    vehicle_type: Option<String>,
    /// GA/T 16.3.
    #[serde(rename = "use")]
    use_code: Option<String>,
    key_class: Option<&'static str>,
    /// GA/T 16.8.
    color: Option<String>,
    owner: String,
    inspection_valid_until: Option<String>,
    scrap_by: Option<String>,
    unhandled_offences: u16,
    is_night_exempt: bool,
    version: u32,
}

/// A vehicle's file: what the register says and what the platform knows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VehicleFileView {
    vehicle: VehicleView,
    /// Newest first.
    warnings: Vec<WarningView>,
    /// Where its terminal last was.
    last_seen: Option<KeyVehicleView>,
}

/// What a client sends to store a vehicle.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct VehicleInput {
    pub(crate) vehicle_type: Option<String>,
    #[serde(rename = "use")]
    pub(crate) use_code: Option<String>,
    pub(crate) key_class: Option<String>,
    pub(crate) color: Option<String>,
    pub(crate) owner: String,
    pub(crate) inspection_valid_until: Option<String>,
    pub(crate) scrap_by: Option<String>,
    pub(crate) unhandled_offences: u16,
    pub(crate) is_night_exempt: bool,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct VehicleQuery {
    /// Part of the plate: a look-up, which needs a reason.
    q: Option<String>,
    /// Why it is looked up; who keeps the register needs none.
    reason: Option<String>,
    key_class: Option<String>,
    /// Inspection or scrapping overdue today.
    overdue: Option<bool>,
    /// `plate`, `inspection_valid_until`, `scrap_by`, `unhandled_offences`; `-` in front for the other way round.
    sort: Option<String>,
    limit: Option<u64>,
    offset: Option<u64>,
}

/// Why a vehicle is looked up.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct LookUpQuery {
    /// Needed of everybody but who keeps the register.
    reason: Option<String>,
}

pub(crate) fn vehicle_view(record: &VehicleRecord) -> VehicleView {
    let file = &record.file;
    VehicleView {
        plate: file.key.plate.to_string(),
        plate_class: file.key.class.to_string(),
        plate_color: file.key.class.color().key(),
        vehicle_type: file.vehicle_type.map(|kind| kind.to_string()),
        use_code: file.use_code.map(String::from),
        key_class: file.key_class.map(KeyClass::key),
        color: file.body_color.map(String::from),
        owner: file.owner.to_string(),
        inspection_valid_until: file.inspection_valid_until.map(|day| day.to_string()),
        scrap_by: file.scrap_by.map(|day| day.to_string()),
        unhandled_offences: file.unhandled_offences,
        is_night_exempt: file.is_night_exempt,
        version: record.version,
    }
}

/// Reads the fields of a vehicle; the error names the field.
pub(crate) fn file_of(key: VehicleKey, input: &VehicleInput) -> Result<VehicleFile, &'static str> {
    fn word(text: Option<&String>) -> Option<&str> {
        text.map(|text| text.trim()).filter(|text| !text.is_empty())
    }
    fn read<T>(
        text: Option<&String>,
        field: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, &'static str> {
        word(text).map(|text| parse(text).ok_or(field)).transpose()
    }
    let letter = |text: &str| {
        let mut letters = text.chars();
        letters
            .next()
            .filter(|c| c.is_ascii_alphabetic() && letters.next().is_none())
            .map(|c| c.to_ascii_uppercase())
    };
    Ok(VehicleFile {
        key,
        vehicle_type: read(input.vehicle_type.as_ref(), "vehicle_type", VehicleType::parse)?,
        use_code: read(input.use_code.as_ref(), "use", letter)?,
        key_class: read(input.key_class.as_ref(), "key_class", KeyClass::parse)?,
        body_color: read(input.color.as_ref(), "color", letter)?,
        owner: input.owner.trim().into(),
        inspection_valid_until: read(
            input.inspection_valid_until.as_ref(),
            "inspection_valid_until",
            CivilDay::parse,
        )?,
        scrap_by: read(input.scrap_by.as_ref(), "scrap_by", CivilDay::parse)?,
        unhandled_offences: input.unhandled_offences,
        is_night_exempt: input.is_night_exempt,
    })
}

/// Why a vehicle of the register is looked up. Who keeps the register has it as a duty and needs to give none.
fn look_up_reason(by: &Signed, reason: Option<&String>) -> Result<String, Problem> {
    match reason_of(reason) {
        Err(_) if by.may(Permission::KeepRegister) => Ok(String::new()),
        reason => reason,
    }
}

/// The key in a path.
pub(crate) fn key_of(plate: &str, class: &str) -> Result<VehicleKey, Problem> {
    let plate = Plate::parse(plate)
        .map_err(|error| Problem::invalid(format!("号牌有误：{error}。"), format!("plate: {error}")))?;
    let class =
        PlateClass::parse(class).ok_or_else(|| Problem::invalid("号牌种类有误。", "Unknown plate class."))?;
    Ok(VehicleKey { plate, class })
}

/// Vehicles.
#[utoipa::path(get, path = "/vehicles", tag = "vehicles", params(VehicleQuery),
    responses((status = 200, body = List<VehicleView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    by: Signed,
    Query(query): Query<VehicleQuery>,
) -> Result<Json<List<VehicleView>>, Problem> {
    let q = query.q.as_deref().map(str::trim).filter(|q| !q.is_empty());
    if let Some(q) = q {
        let reason = look_up_reason(&by, query.reason.as_ref())?;
        if query.offset.unwrap_or(0) == 0 {
            by.audit(&app, "vehicle.search", q, &reason).await?;
        }
    }
    let key_class = match query.key_class.as_deref().filter(|word| !word.is_empty()) {
        None => None,
        Some(word) => Some(
            KeyClass::parse(word)
                .ok_or_else(|| Problem::invalid("没有这个类别。", "There is no such class."))?,
        ),
    };
    let overdue_on = query.overdue.filter(|wanted| *wanted).map(|_| app.clock.now().beijing_day());
    let word = query.sort.as_deref().unwrap_or("plate");
    let field = match word.trim_start_matches('-') {
        "inspection_valid_until" => VehicleField::InspectionValidUntil,
        "scrap_by" => VehicleField::ScrapBy,
        "unhandled_offences" => VehicleField::UnhandledOffences,
        _ => VehicleField::Plate,
    };
    let sort = Sort { field, is_descending: word.starts_with('-') };
    let paging = Paging { limit: query.limit, offset: query.offset, sort: None };
    let filter = VehicleFilter { q: query.q.clone(), key_class, overdue_on };
    let window = Window { offset: paging.offset(), limit: paging.limit() };
    let page = app.records.vehicles(&filter, sort, window).await?;
    Ok(Json(List { items: page.items.iter().map(vehicle_view).collect(), total: page.total }))
}

/// One vehicle.
#[utoipa::path(get, path = "/vehicles/{plate}/{plate_class}", tag = "vehicles",
    params(("plate" = String, Path), ("plate_class" = String, Path), LookUpQuery),
    responses((status = 200, body = VehicleView), (status = 404), (status = 422)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    by: Signed,
    Path((plate, class)): Path<(String, String)>,
    Query(query): Query<LookUpQuery>,
) -> Result<Json<VehicleView>, Problem> {
    let key = key_of(&plate, &class)?;
    let reason = look_up_reason(&by, query.reason.as_ref())?;
    by.audit(&app, "vehicle.get", &key.plate.to_string(), &reason).await?;
    let record = app.records.vehicle(key).await?.ok_or_else(no_such)?;
    Ok(Json(vehicle_view(&record)))
}

/// A vehicle's file with its warnings. A look-up: it is audited.
#[utoipa::path(get, path = "/vehicles/{plate}/{plate_class}/file", tag = "vehicles",
    params(("plate" = String, Path), ("plate_class" = String, Path), LookUpQuery),
    responses((status = 200, body = VehicleFileView), (status = 404), (status = 422)))]
pub(crate) async fn file(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Path((plate, class)): Path<(String, String)>,
    Query(query): Query<LookUpQuery>,
) -> Result<Json<VehicleFileView>, Problem> {
    let key = key_of(&plate, &class)?;
    let reason = look_up_reason(&by, query.reason.as_ref())?;
    let record = app.records.vehicle(key).await?.ok_or_else(no_such)?;
    let filter = WarningFilter { vehicle: Some(key), ..WarningFilter::default() };
    let window = Window { offset: 0, limit: WARNINGS_MAX };
    let page = app.records.warnings(&filter, Sort::descending(WarningField::OccurredAt), window).await?;
    by.audit(&app, "vehicle.file", &key.plate.to_string(), &reason).await?;
    let (names, now) = (app.names.load(), app.clock.now());
    let last_seen = app.board.vehicle(key).map(|vehicle| key_vehicle_view(&app, key, &vehicle, now));
    Ok(Json(VehicleFileView {
        vehicle: vehicle_view(&record),
        warnings: page.items.iter().map(|warning| warning_view(warning, &names, now, language)).collect(),
        last_seen,
    }))
}

/// Stores a vehicle, new or changed.
#[utoipa::path(put, path = "/vehicles/{plate}/{plate_class}", tag = "vehicles", request_body = VehicleInput,
    params(("plate" = String, Path), ("plate_class" = String, Path)),
    responses((status = 200, body = VehicleView), (status = 422)))]
pub(crate) async fn put(
    State(app): State<Arc<App>>,
    by: Signed,
    Path((plate, class)): Path<(String, String)>,
    Json(input): Json<VehicleInput>,
) -> Result<Json<VehicleView>, Problem> {
    let key = key_of(&plate, &class)?;
    let file = file_of(key, &input).map_err(|field| {
        Problem::invalid(format!("字段 {field} 的内容有误。"), format!("The field {field} is wrong."))
    })?;
    app.records.put_vehicles(std::slice::from_ref(&file)).await?;
    app.changed.notify_one();
    by.audit(&app, "vehicle.put", &key.plate.to_string(), "").await?;
    let record = app.records.vehicle(key).await?.ok_or_else(no_such)?;
    Ok(Json(vehicle_view(&record)))
}

/// Removes a vehicle from the register.
#[utoipa::path(delete, path = "/vehicles/{plate}/{plate_class}", tag = "vehicles",
    params(("plate" = String, Path), ("plate_class" = String, Path)), responses((status = 204), (status = 404)))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    by: Signed,
    Path((plate, class)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let key = key_of(&plate, &class)?;
    if !app.records.remove_vehicle(key).await? {
        return Err(no_such());
    }
    app.changed.notify_one();
    by.audit(&app, "vehicle.remove", &key.plate.to_string(), "").await?;
    Ok(StatusCode::NO_CONTENT)
}

fn no_such() -> Problem {
    Problem::not_found("登记库中没有这辆车。", "The register has no such vehicle.")
}
