//! What a platform imports: CSV with Chinese headers, GeoJSON. The columns are listed in the crate's README.

use super::County;
use super::checkpoints::Protocol;
use super::fleets::Fleet;
use super::roads::Road;
use super::staff::squad_of;
use super::vehicles::{REGISTERED_COUNT, Register, TERMINAL_COUNT};
use crate::geo::Point;
use domain::{CivilDay, KeyClass, Level, Theatre};
use serde_json::{Value, json};
use std::path::Path;

/// Why a file of the county could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The rows could not be written as CSV.
    #[error("could not write rows")]
    Rows(#[from] csv::Error),
    /// The file could not be written.
    #[error("could not write {path}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Which devices are registered, and how: as many terminals, and what a platform listens for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roster {
    /// Terminals, of the first vehicles.
    pub terminals: usize,
    /// Whether some cameras post notices of Hikvision.
    pub has_isapi: bool,
    /// Whether some cameras post notices of Dahua.
    pub has_dahua: bool,
    /// Whether other platforms forward positions.
    pub has_fleets: bool,
}

impl Roster {
    /// For a platform that knows GA/T 1400 and JT/T 808 only.
    pub fn plain(terminals: usize) -> Self {
        Self { terminals, has_isapi: false, has_dahua: false, has_fleets: false }
    }

    fn kind(self, protocol: Protocol) -> &'static str {
        match protocol {
            Protocol::Isapi if self.has_isapi => "isapi",
            Protocol::Dahua if self.has_dahua => "dahua",
            _ => "camera",
        }
    }
}

/// What can be imported, in the order in which a platform needs it: devices last, so that those let in are judged by
/// all that came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// 卡口
    Checkpoints,
    /// 区间
    Sections,
    /// 车辆
    Vehicles,
    /// 布控
    WatchOrders,
    /// 设备
    Devices,
    /// 卡口及其所属中队: once there are squads.
    CheckpointsOfSquads,
}

impl Table {
    /// All tables that need no units, in order of dependence.
    pub const ALL: [Self; 5] =
        [Self::Checkpoints, Self::Sections, Self::Vehicles, Self::WatchOrders, Self::Devices];

    /// The word in the import's path and in the file's name.
    pub fn key(self) -> &'static str {
        match self {
            Self::Checkpoints | Self::CheckpointsOfSquads => "checkpoints",
            Self::Sections => "sections",
            Self::Devices => "devices",
            Self::Vehicles => "vehicles",
            Self::WatchOrders => "watch-orders",
        }
    }
}

/// A table as CSV, UTF-8 with header row.
pub fn csv(county: &County, table: Table, roster: &Roster) -> Result<Vec<u8>, ExportError> {
    let mut out = csv::Writer::from_writer(Vec::new());
    match table {
        Table::Checkpoints => checkpoints(county, false, &mut out),
        Table::CheckpointsOfSquads => checkpoints(county, true, &mut out),
        Table::Sections => sections(county, &mut out),
        Table::Devices => devices(county, *roster, &mut out),
        Table::Vehicles => vehicles(county, &mut out),
        Table::WatchOrders => watch_orders(county, &mut out),
    }?;
    out.into_inner().map_err(|error| ExportError::Rows(error.into_error().into()))
}

type Rows = csv::Writer<Vec<u8>>;

fn checkpoints(county: &County, has_squads: bool, out: &mut Rows) -> Result<(), csv::Error> {
    let heads = [
        "卡口编号",
        "名称",
        "战场",
        "道路",
        "桩号米",
        "方向",
        "车道数",
        "经度",
        "纬度",
        "限速",
        "大车限速",
        "单行方向",
        "所属单位",
    ];
    let count = heads.len() - usize::from(!has_squads);
    out.write_record(&heads[..count])?;
    for checkpoint in &county.checkpoints {
        let at = checkpoint.at.to_wgs84();
        let road = &county.roads[checkpoint.road];
        let cells = [
            checkpoint.id.as_str(),
            &checkpoint.name,
            theatre_name(checkpoint.theatre),
            if road.reference.is_empty() { &road.name } else { &road.reference },
            &format!("{:.0}", checkpoint.chainage_m),
            &checkpoint.direction_text(),
            &checkpoint.lane_count.to_string(),
            &format!("{:.6}", at.lon_deg()),
            &format!("{:.6}", at.lat_deg()),
            &checkpoint.limit_kmh.to_string(),
            &checkpoint.limit_large_kmh.to_string(),
            checkpoint.one_way_code().unwrap_or_default(),
            squad_of(county, checkpoint),
        ];
        out.write_record(&cells[..count])?;
    }
    Ok(())
}

fn sections(county: &County, out: &mut Rows) -> Result<(), csv::Error> {
    out.write_record(["区间编号", "名称", "起点卡口", "终点卡口", "长度米", "限速", "大车限速"])?;
    for section in &county.sections {
        let [start, end] = section.ends.map(|index| &county.checkpoints[index as usize].id);
        let [length, limit, large] =
            [section.length_m, section.limit_kmh.into(), section.limit_large_kmh.into()]
                .map(|n: u32| n.to_string());
        out.write_record([&section.id, &section.name, start, end, &length, &limit, &large])?;
    }
    Ok(())
}

fn devices(county: &County, roster: Roster, out: &mut Rows) -> Result<(), csv::Error> {
    out.write_record([
        "类型",
        "编号",
        "名称",
        "用户名",
        "密码",
        "卡口编号",
        "号牌号码",
        "号牌种类",
        "M1",
        "IA1",
        "IC1",
    ])?;
    for checkpoint in &county.checkpoints {
        let name = format!("{}抓拍机", checkpoint.name);
        let (id, password) = (&checkpoint.camera_id, &checkpoint.camera_password);
        let kind = roster.kind(checkpoint.protocol);
        out.write_record([kind, id, &name, id, password, &checkpoint.id, "", "", "", "", ""])?;
    }
    let terminals = roster.terminals.min(TERMINAL_COUNT);
    for (index, vehicle) in county.register.vehicles.iter().enumerate().take(terminals) {
        let plate = vehicle.plate.to_string();
        let class = vehicle.kind.plate_class().to_string();
        let name = format!("{plate}车载终端");
        out.write_record(["terminal", &Register::sim(index), &name, "", "", "", &plate, &class, "", "", ""])?;
    }
    for fleet in Fleet::of(county).into_iter().filter(|_| roster.has_fleets) {
        let [id, user] = [fleet.access_code, fleet.user_id].map(|number| number.to_string());
        let [m1, ia1, ic1] = match fleet.cipher {
            Some(cipher) => [cipher.m1, cipher.ia1, cipher.ic1].map(|number| number.to_string()),
            None => Default::default(),
        };
        out.write_record(["fleet", &id, fleet.name, &user, &fleet.password, "", "", "", &m1, &ia1, &ic1])?;
    }
    Ok(())
}

fn vehicles(county: &County, out: &mut Rows) -> Result<(), csv::Error> {
    out.write_record([
        "号牌号码",
        "号牌种类",
        "车辆类型",
        "使用性质",
        "重点车辆类别",
        "车身颜色",
        "所有人",
        "检验有效期止",
        "强制报废期止",
        "未处理违法数",
        "凌晨豁免",
    ])?;
    for (index, vehicle) in county.register.vehicles.iter().enumerate().take(REGISTERED_COUNT) {
        let file = county.register.file(index);
        out.write_record([
            vehicle.plate.to_string().as_str(),
            &vehicle.kind.plate_class().to_string(),
            vehicle.kind.vehicle_type(),
            &vehicle.kind.use_code().to_string(),
            vehicle.kind.key_class().map_or("", key_class_name),
            &vehicle.color.to_string(),
            &file.owner,
            &file.inspection_valid_until.to_string(),
            &file.scrap_by.as_ref().map(CivilDay::to_string).unwrap_or_default(),
            &file.unhandled_offences.to_string(),
            if vehicle.is_night_exempt { "是" } else { "否" },
        ])?;
    }
    Ok(())
}

fn watch_orders(county: &County, out: &mut Rows) -> Result<(), csv::Error> {
    out.write_record(["号牌号码", "号牌种类", "布控原因", "法律依据", "级别", "起始日期", "截止日期"])?;
    for order in &county.register.watch_orders {
        let vehicle = &county.register.vehicles[order.vehicle as usize];
        let level = match order.level {
            Level::High => "一级",
            Level::Medium => "二级",
            Level::Low => "三级",
        };
        out.write_record([
            &vehicle.plate.to_string(),
            &vehicle.kind.plate_class().to_string(),
            order.reason,
            order.legal_basis,
            level,
            &order.from.to_string(),
            &order.until.to_string(),
        ])?;
    }
    Ok(())
}

fn theatre_name(theatre: Theatre) -> &'static str {
    match theatre {
        Theatre::Expressway => "高速",
        Theatre::NationalProvincial => "国省道",
        Theatre::Urban => "城区",
        Theatre::Rural => "农村",
    }
}

fn key_class_name(class: KeyClass) -> &'static str {
    match class {
        KeyClass::ScheduledCoach => "班线客车",
        KeyClass::TourCoach => "旅游客车",
        KeyClass::DangerousGoods => "危险货物运输车",
        KeyClass::HeavyGoods => "重型货车",
        KeyClass::Minivan => "面包车",
        KeyClass::SchoolBus => "校车",
        KeyClass::FarmTricycle => "农用三轮车",
    }
}

/// The roads of the county as GeoJSON lines.
pub fn roads_geojson(county: &County) -> Value {
    let features: Vec<Value> = county
        .roads
        .iter()
        .filter(|road| !road.is_outside)
        .map(|Road { class, name, reference, points, .. }| {
            json!({
                "type": "Feature",
                "properties": {"class": class.key(), "name": name, "ref": reference},
                "geometry": {"type": "LineString", "coordinates": coordinates(points)},
            })
        })
        .collect();
    json!({"type": "FeatureCollection", "features": features})
}

/// Boundary, county town, townships and villages as GeoJSON.
pub fn places_geojson(county: &County) -> Value {
    let point = |kind: &str, name: &str, at: Point| {
        json!({
            "type": "Feature",
            "properties": {"kind": kind, "name": name},
            "geometry": {"type": "Point", "coordinates": coordinates(&[at])[0]},
        })
    };
    let mut features = vec![
        json!({
            "type": "Feature",
            "properties": {"kind": "boundary", "name": super::names::COUNTY},
            "geometry": {"type": "Polygon", "coordinates": [coordinates(&county.outline)]},
        }),
        point("county", super::names::COUNTY, Point::default()),
    ];
    features.extend(county.places.iter().enumerate().map(|(index, place)| {
        // The county's own label stands at the centre; the town's stands beside it.
        let at = if index == 0 { place.at.plus(-1_500.0, -1_100.0) } else { place.at };
        point(if place.is_township { "township" } else { "village" }, &place.name, at)
    }));
    json!({"type": "FeatureCollection", "features": features})
}

/// Degrees with six decimals (0.1 m).
fn coordinates(points: &[Point]) -> Vec<[f64; 2]> {
    let short = |degrees: f64| (degrees * 1e6).round() / 1e6;
    points.iter().map(|point| point.to_wgs84()).map(|at| [short(at.lon_deg()), short(at.lat_deg())]).collect()
}

/// Writes all tables and both maps into a folder, which is made when it is not there.
pub fn write_all(county: &County, folder: &Path, roster: &Roster) -> Result<(), ExportError> {
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        let file = |source| ExportError::File { path: path.display().to_string(), source };
        std::fs::write(&path, bytes).map_err(file)
    };
    std::fs::create_dir_all(folder)
        .map_err(|source| ExportError::File { path: folder.display().to_string(), source })?;
    for table in Table::ALL {
        write(&format!("{}.csv", table.key()), &csv(county, table, roster)?)?;
    }
    write("roads.geojson", roads_geojson(county).to_string().as_bytes())?;
    write("places.geojson", places_geojson(county).to_string().as_bytes())
}
