//! Units (单位): the county office, the brigade, squads, stations, townships, villages, member departments.

use crate::access::Signed;
use crate::app::App;
use crate::problem::Problem;
use crate::wire::{List, Point};
use axum::Json;
use axum::extract::{Path, State};
use domain::Wgs84;
use domain::people::{Unit, UnitFault, UnitId, UnitKind};
use records::{NewUnit, UnitError, UnitPatch};
use serde::{Deserialize, Deserializer, Serialize};
use smol_str::SmolStr;
use std::sync::Arc;
use utoipa::ToSchema;

/// A unit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnitView {
    id: i64,
    /// The unit above it.
    parent_id: Option<i64>,
    /// `county_office`, `brigade`, `squad`, `station`, `township`, `village`, `department`.
    kind: &'static str,
    name: String,
    /// Administrative division (GB/T 2260), or the unit's own code.
    code: Option<String>,
    location: Option<Point>,
    /// Whether it still exists; an abolished one stays for the records that name it.
    is_enabled: bool,
}

/// A new unit.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct UnitInput {
    parent_id: Option<i64>,
    kind: String,
    name: String,
    code: Option<String>,
    location: Option<Point>,
}

/// What changes; what is left out stays, `null` empties.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[expect(clippy::option_option, reason = "left out, emptied or set")]
pub(crate) struct UnitChange {
    name: Option<String>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<i64>)]
    parent_id: Option<Option<i64>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    code: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Point>)]
    location: Option<Option<Point>>,
    /// `false` abolishes it: only when no unit below it and nobody in it is in service.
    is_enabled: Option<bool>,
}

/// A field that may be `null` and may be left out.
pub(crate) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

fn unit_view(unit: &Unit) -> UnitView {
    UnitView {
        id: unit.id.0,
        parent_id: unit.parent.map(|parent| parent.0),
        kind: unit.kind.key(),
        name: unit.name.to_string(),
        code: unit.code.as_ref().map(ToString::to_string),
        location: unit.location.map(Point::from),
        is_enabled: unit.is_enabled,
    }
}

/// All units, those above before those below.
#[utoipa::path(get, path = "/units", tag = "users", responses((status = 200, body = List<UnitView>)))]
pub(crate) async fn list(State(app): State<Arc<App>>) -> Json<List<UnitView>> {
    let tree = app.units.load();
    let mut units: Vec<&Unit> = tree.all().collect();
    units.sort_by_key(|unit| tree.path(unit.id).map_or(0, |path| path.0.matches('.').count()));
    let items: Vec<UnitView> = units.into_iter().map(unit_view).collect();
    Json(List { total: items.len() as u64, items })
}

/// Adds a unit.
#[utoipa::path(post, path = "/units", tag = "users", request_body = UnitInput,
    responses((status = 200, body = UnitView), (status = 409), (status = 422)))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    by: Signed,
    Json(input): Json<UnitInput>,
) -> Result<Json<UnitView>, Problem> {
    let kind = UnitKind::parse(&input.kind)
        .ok_or_else(|| Problem::invalid("没有这类单位。", "There is no such kind of unit."))?;
    let new = NewUnit {
        parent: input.parent_id.map(UnitId),
        kind,
        name: input.name.trim().into(),
        code: word(input.code),
        location: place(input.location)?,
    };
    let unit = app.records.add_unit(new).await.map_err(problem_of)?;
    app.load_units().await?;
    app.load_office().await?;
    by.audit(&app, "unit.create", &unit.name, &format!("{} {}", unit.id, kind.key())).await?;
    Ok(Json(unit_view(&unit)))
}

/// Renames, moves or abolishes a unit.
#[utoipa::path(patch, path = "/units/{id}", tag = "users", params(("id" = i64, Path)), request_body = UnitChange,
    responses((status = 200, body = UnitView), (status = 404), (status = 409), (status = 422)))]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<i64>,
    Json(input): Json<UnitChange>,
) -> Result<Json<UnitView>, Problem> {
    let patch = UnitPatch {
        name: input.name.map(|name| name.trim().into()),
        parent: input.parent_id.map(|parent| parent.map(UnitId)),
        code: input.code.map(word),
        location: input.location.map(place).transpose()?,
        is_enabled: input.is_enabled,
    };
    let unit = app.records.change_unit(UnitId(id), patch).await.map_err(problem_of)?;
    app.load_units().await?;
    app.load_office().await?;
    let parent = unit.parent.map_or_else(String::new, |parent| format!(" parent {parent}"));
    let detail = format!("{}{parent} enabled {}", unit.id, unit.is_enabled);
    by.audit(&app, "unit.change", &unit.name, &detail).await?;
    Ok(Json(unit_view(&unit)))
}

/// A text that may be left empty.
pub(crate) fn word(text: Option<String>) -> Option<SmolStr> {
    text.map(|text| SmolStr::from(text.trim())).filter(|text| !text.is_empty())
}

fn place(point: Option<Point>) -> Result<Option<Wgs84>, Problem> {
    let no_place = || Problem::invalid("经纬度有误。", "There is no such place.");
    point.map(|point| Wgs84::new(point.lon, point.lat).ok_or_else(no_place)).transpose()
}

fn problem_of(error: UnitError) -> Problem {
    let (chinese, english) = match error {
        UnitError::Store(error) => return error.into(),
        UnitError::NotFound => return Problem::not_found("没有这个单位。", "There is no such unit."),
        UnitError::InUse => {
            return Problem::conflict(
                "该单位仍有在用的下级单位或人员，请先撤销、移动或停用。",
                "Units below it or people in it are in service. Move or end these first.",
            );
        }
        UnitError::Taken => {
            return Problem::conflict("同一上级单位下已有同名单位。", "The unit above has one of this name.");
        }
        UnitError::BadName => ("单位名称不得为空或过长。", "A unit has a short name."),
        UnitError::TooMany => ("单位数量已达上限。", "There are too many units."),
        UnitError::ParentAbolished | UnitError::ParentRefused => {
            ("上级单位已撤销或未导入。", "The unit above it is abolished, or was not imported.")
        }
        UnitError::CodeTaken => ("单位编码重复。", "The code is there twice."),
        UnitError::Fault(UnitFault::NoParent(_)) => ("没有这个上级单位。", "There is no such unit above."),
        UnitError::Fault(UnitFault::Circle(_)) => {
            ("单位不得移到其下级单位之下。", "A unit is not moved below itself.")
        }
        UnitError::Fault(UnitFault::WrongParent(_)) => (
            "这类单位不能设在该上级单位之下，或其下级单位因此无处归属。",
            "A unit of this kind does not stand below that one, or one below it would stand wrong.",
        ),
    };
    Problem::invalid(chinese, english)
}
