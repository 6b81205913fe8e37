//! Zones (区域): where some vehicles may not be, or which they may not leave, at given hours.

use crate::access::Signed;
use crate::app::App;
use crate::problem::Problem;
use crate::vehicle::key_of;
use crate::wire::{List, instant};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::{Area, CheckpointId, Hours, KeyClass, Wgs84, Zone, ZoneId, ZoneKind};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Most points of a polygon or line.
const POINTS_MAX: usize = 2_000;
/// Most checkpoints named in a zone.
const CHECKPOINTS_MAX: usize = 500;
/// Most vehicles with a permit.
const EXEMPT_MAX: usize = 5_000;
/// Most spans of hours: three for each day of the week.
const HOURS_MAX: usize = 21;
/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 60;
/// Longest identity, in characters.
const ID_CHARS_MAX: usize = 40;
/// Farthest reach of a line to either side, in metres.
const REACH_M_MAX: u16 = 2_000;

/// A zone, as it is stored and sent.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ZoneBody {
    name: String,
    /// `ban`: may not be in it; `corridor`: may only be in it (or in another corridor).
    kind: String,
    area: AreaBody,
    /// Checkpoints that are in it besides those that lie in the area.
    #[serde(default)]
    checkpoints: Vec<String>,
    /// Key vehicles that it concerns; empty for all vehicles of the families.
    #[serde(default)]
    key_classes: Vec<String>,
    /// First letters of the vehicle types that it concerns (GA/T 16.4: `H` trucks, `Q` tractors …); empty for all.
    #[serde(default)]
    families: String,
    /// When it holds; empty for always.
    #[serde(default)]
    hours: Vec<HoursBody>,
    /// Vehicles with a permit.
    #[serde(default)]
    exempt: Vec<ExemptBody>,
}

/// The ground that a zone covers.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
struct AreaBody {
    /// `polygon`, `line`, or `checkpoints` for only the named checkpoints.
    #[serde(rename = "type")]
    kind: String,
    /// Longitude and latitude in degrees (WGS-84).
    #[serde(default)]
    points: Vec<[f64; 2]>,
    /// Of a line: metres to either side.
    reach_m: Option<u16>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
struct HoursBody {
    /// Days of the week, 1 Monday to 7 Sunday.
    days: Vec<u8>,
    /// `07:00` in Beijing time.
    from: String,
    /// `22:00`; when not after the beginning, it ends on the next day. `24:00` is the end of the day.
    to: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
struct ExemptBody {
    plate: String,
    plate_class: String,
}

/// A zone and who changed it last.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ZoneView {
    id: String,
    #[serde(flatten)]
    zone: ZoneBody,
    changed_by: String,
    changed_at: String,
}

fn clock_of(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

fn minute_of(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    ((hour < 24 && minute < 60) || (hour, minute) == (24, 0)).then_some(hour * 60 + minute)
}

fn body_of(zone: &Zone) -> ZoneBody {
    let degrees = |points: &[Wgs84]| points.iter().map(|point| [point.lon_deg(), point.lat_deg()]).collect();
    let area = match &zone.area {
        Area::Checkpoints => AreaBody { kind: "checkpoints".into(), points: Vec::new(), reach_m: None },
        Area::Polygon(points) => AreaBody { kind: "polygon".into(), points: degrees(points), reach_m: None },
        Area::Line { points, reach_m } => {
            AreaBody { kind: "line".into(), points: degrees(points), reach_m: Some(*reach_m) }
        }
    };
    let hours = zone.hours.iter().map(|hours| HoursBody {
        days: (1..=7).filter(|day| hours.days >> (day - 1) & 1 != 0).collect(),
        from: clock_of(hours.from_minute),
        to: clock_of(hours.to_minute),
    });
    let exempt = zone
        .exempt
        .iter()
        .map(|key| ExemptBody { plate: key.plate.to_string(), plate_class: key.class.to_string() });
    ZoneBody {
        name: zone.name.to_string(),
        kind: zone.kind.key().into(),
        area,
        checkpoints: zone.checkpoints.iter().map(ToString::to_string).collect(),
        key_classes: zone.key_classes.iter().map(|class| class.key().to_string()).collect(),
        families: zone.families.to_string(),
        hours: hours.collect(),
        exempt: exempt.collect(),
    }
}

fn zone_of(id: &str, body: &ZoneBody) -> Result<Zone, Problem> {
    let name = body.name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        return Err(Problem::invalid("名称须为 1 至 60 个字符。", "The name has 1 to 60 characters."));
    }
    if id.is_empty() || id.chars().count() > ID_CHARS_MAX {
        return Err(Problem::invalid("编号须为 1 至 40 个字符。", "The identity has 1 to 40 characters."));
    }
    let kind = ZoneKind::parse(&body.kind).ok_or_else(|| {
        Problem::invalid("区域类型须为 ban（限行）或 corridor（通行路线）。", "Unknown kind of zone.")
    })?;
    if body.checkpoints.len() > CHECKPOINTS_MAX
        || body.exempt.len() > EXEMPT_MAX
        || body.hours.len() > HOURS_MAX
    {
        return Err(Problem::invalid(
            "卡口最多 500 个，通行证最多 5000 个，时段最多 21 个。",
            "At most 500 checkpoints, 5,000 permits and 21 spans of hours.",
        ));
    }
    let area = area_of(&body.area)?;
    let checkpoints: Vec<CheckpointId> =
        body.checkpoints.iter().map(|id| CheckpointId::from(id.trim())).collect();
    if area == Area::Checkpoints && checkpoints.is_empty() {
        return Err(Problem::invalid("须至少指定一个卡口。", "Name a checkpoint at least."));
    }
    let class = |key: &String| {
        KeyClass::parse(key).ok_or_else(|| {
            Problem::invalid(format!("没有“{key}”这类重点车辆。"), format!("Unknown class {key}."))
        })
    };
    let families = body.families.trim();
    if !families.chars().all(|letter| letter.is_ascii_uppercase()) || families.len() > 26 {
        return Err(Problem::invalid(
            "车辆类型须为 GA/T 16.4 的大写首字母。",
            "Families are the capital first letters of GA/T 16.4.",
        ));
    }
    Ok(Zone {
        id: ZoneId::from(id),
        name: name.into(),
        kind,
        area,
        checkpoints,
        key_classes: body.key_classes.iter().map(class).collect::<Result<_, _>>()?,
        families: families.into(),
        hours: body.hours.iter().map(hours_of).collect::<Result<_, _>>()?,
        exempt: body
            .exempt
            .iter()
            .map(|exempt| key_of(&exempt.plate, &exempt.plate_class))
            .collect::<Result<_, _>>()?,
    })
}

fn area_of(body: &AreaBody) -> Result<Area, Problem> {
    let point = |[lon, lat]: &[f64; 2]| {
        Wgs84::new(*lon, *lat)
            .ok_or_else(|| Problem::invalid("经纬度超出范围。", "The coordinates are not on the earth."))
    };
    let points = || match body.points.len() {
        0..=POINTS_MAX => body.points.iter().map(point).collect::<Result<Vec<_>, _>>(),
        _ => Err(Problem::invalid("顶点最多 2000 个。", "At most 2,000 points.")),
    };
    match body.kind.as_str() {
        "checkpoints" => Ok(Area::Checkpoints),
        "polygon" if body.points.len() < 3 => {
            Err(Problem::invalid("多边形至少 3 个顶点。", "A polygon has 3 points at least."))
        }
        "polygon" => Ok(Area::Polygon(points()?)),
        "line" if body.points.len() < 2 => {
            Err(Problem::invalid("线路至少 2 个点。", "A line has 2 points at least."))
        }
        "line" => match body.reach_m {
            Some(reach_m @ 1..=REACH_M_MAX) => Ok(Area::Line { points: points()?, reach_m }),
            _ => Err(Problem::invalid(
                "线路两侧范围须为 1 至 2000 米。",
                "A line reaches 1 to 2,000 m to either side.",
            )),
        },
        _ => Err(Problem::invalid("区域范围类型有误。", "Unknown type of area.")),
    }
}

fn hours_of(body: &HoursBody) -> Result<Hours, Problem> {
    let wrong = || {
        Problem::invalid(
            "时段有误：星期须为 1 至 7，时间须写作 07:00。",
            "Hours have days 1 to 7 and times such as 07:00.",
        )
    };
    if body.days.is_empty() || body.days.iter().any(|day| !(1..=7).contains(day)) {
        return Err(wrong());
    }
    let days = body.days.iter().fold(0, |days, day| days | 1 << (day - 1));
    let (from, to) = (minute_of(&body.from).ok_or_else(wrong)?, minute_of(&body.to).ok_or_else(wrong)?);
    if from == 24 * 60 {
        return Err(wrong());
    }
    Ok(Hours { days, from_minute: from, to_minute: to })
}

/// All zones.
#[utoipa::path(get, path = "/zones", tag = "zones", responses((status = 200, body = List<ZoneView>)))]
pub(crate) async fn list(State(app): State<Arc<App>>, _: Signed) -> Result<Json<List<ZoneView>>, Problem> {
    let zones = app.records.all_zones().await?;
    let items: Vec<_> = zones
        .iter()
        .map(|record| ZoneView {
            id: record.zone.id.to_string(),
            zone: body_of(&record.zone),
            changed_by: record.changed_by.to_string(),
            changed_at: instant(record.changed_at),
        })
        .collect();
    Ok(Json(List { total: items.len() as u64, items }))
}

/// Stores a zone, new or changed.
#[utoipa::path(put, path = "/zones/{id}", tag = "zones", params(("id" = String, Path)),
    request_body = ZoneBody, responses((status = 204), (status = 422)))]
pub(crate) async fn put(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<String>,
    Json(body): Json<ZoneBody>,
) -> Result<StatusCode, Problem> {
    let zone = zone_of(id.trim(), &body)?;
    app.records.put_zone(&zone, &by.user.username, app.clock.now()).await?;
    app.reference_changed().await?;
    by.audit(&app, "zone.put", zone.id.as_str(), &zone.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a zone.
#[utoipa::path(delete, path = "/zones/{id}", tag = "zones", params(("id" = String, Path)),
    responses((status = 204), (status = 404)))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    by: Signed,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    if !app.records.remove_zone(&ZoneId::from(id.as_str())).await? {
        return Err(Problem::not_found("没有这个区域。", "There is no such zone."));
    }
    app.reference_changed().await?;
    by.audit(&app, "zone.remove", &id, "").await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn zone() -> Value {
        json!({
            "name": "城区货车限行", "kind": "ban",
            "area": { "type": "polygon", "points": [[118.3, 35.0], [118.4, 35.0], [118.4, 35.1]], "reach_m": null },
            "checkpoints": ["37132200001210000001"], "key_classes": ["dangerous_goods"], "families": "HQ",
            "hours": [{ "days": [1, 2, 7], "from": "22:00", "to": "06:30" }, { "days": [3], "from": "00:00", "to": "24:00" }],
            "exempt": [{ "plate": "鲁Q12345", "plate_class": "01" }],
        })
    }

    fn read(value: Value) -> Result<Zone, Problem> {
        zone_of("Z1", &serde_json::from_value(value).unwrap())
    }

    #[test]
    fn what_is_read_is_written_back_the_same() {
        let read = read(zone()).unwrap();
        assert_eq!(read.hours[0], Hours { days: 0b100_0011, from_minute: 1_320, to_minute: 390 });
        assert_eq!(serde_json::to_value(body_of(&read)).unwrap(), zone());
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        let refused = [
            ("/name", json!("")),
            ("/kind", json!("wall")),
            ("/area/points", json!([[118.3, 35.0], [118.4, 35.0]])),
            ("/area/points/0/1", json!(95.0)),
            ("/area/type", json!("line")),
            ("/area/type", json!("circle")),
            ("/key_classes/0", json!("tank")),
            ("/families", json!("h")),
            ("/hours/0/from", json!("25:00")),
            ("/hours/0/from", json!("24:00")),
            ("/hours/0/days", json!([0])),
            ("/hours/0/days", json!([])),
            ("/exempt/0/plate", json!("？")),
        ];
        for (place, value) in refused {
            let mut zone = zone();
            *zone.pointer_mut(place).unwrap() = value;
            assert!(read(zone).is_err(), "{place}");
        }
        let mut crowded = zone();
        crowded["area"]["points"] = json!(vec![[118.3, 35.0]; POINTS_MAX + 1]);
        assert!(read(crowded).is_err());
    }
}
