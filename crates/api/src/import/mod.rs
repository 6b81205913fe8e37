//! Files in: vehicles, checkpoints, sections, devices, watch orders, units and crashes as spreadsheets or CSV.
//!
//! A bad row is reported by row and column and costs that row; the good ones stand. The same file twice changes nothing.

mod crash;
mod unit;

use crate::access::Signed;
use crate::app::App;
use crate::device::{CipherInput, DeviceInput, device_of};
use crate::problem::{Problem, RequestLanguage};
use crate::table::{Row, Table};
use crate::vehicle::{VehicleInput, file_of};
use crate::wire::Language;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::people::Permission;
use domain::{
    Checkpoint, CheckpointId, CivilDay, DeviceKind, Level, Plate, PlateClass, Section, SectionId, Theatre,
    VehicleKey, WatchOrder, WatchOrderId, Wgs84,
};
use platform::Seal;
use records::{Put, WatchRecord};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Largest file, in bytes.
pub(crate) const FILE_BYTES_MAX: usize = 64 << 20;
/// Faults named in the report; more are counted.
const FAULTS_MAX: usize = 200;
/// Rows stored in one transaction: long imports let others write in between.
const ROWS_PER_TRANSACTION: usize = 5_000;

/// What became of a file.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct ImportReport {
    /// Rows with content.
    rows: usize,
    /// Rows that are stored now: new, changed or as they were.
    accepted: usize,
    inserted: usize,
    updated: usize,
    unchanged: usize,
    rejected: usize,
    /// The first 200 faults.
    errors: Vec<Fault>,
}

/// A fault of a row.
#[derive(Debug, Serialize, ToSchema)]
struct Fault {
    /// Line of the table, the head is 1.
    row: usize,
    column: String,
    message: String,
}

/// Chinese head, English word, and whether a file must have it.
type Columns = &'static [(&'static str, &'static str, bool)];

const VEHICLES: Columns = &[
    ("号牌号码", "plate", true),
    ("号牌种类", "plate_class", true),
    ("车辆类型", "vehicle_type", false),
    ("使用性质", "use", false),
    ("重点车辆类别", "key_class", false),
    ("车身颜色", "color", false),
    ("所有人", "owner", false),
    ("检验有效期止", "inspection_valid_until", false),
    ("强制报废期止", "scrap_by", false),
    ("未处理违法数", "unhandled_offences", false),
    ("凌晨豁免", "is_night_exempt", false),
];
const CHECKPOINTS: Columns = &[
    ("卡口编号", "id", true),
    ("名称", "name", true),
    ("战场", "theatre", true),
    ("道路", "road", false),
    ("桩号米", "chainage_m", false),
    ("方向", "direction", false),
    ("车道数", "lane_count", false),
    ("限速", "limit_kmh", false),
    ("大车限速", "limit_large_kmh", false),
    ("单行方向", "one_way", false),
    ("经度", "lon", true),
    ("纬度", "lat", true),
    ("所属单位", "unit", false),
];
const SECTIONS: Columns = &[
    ("区间编号", "id", true),
    ("名称", "name", true),
    ("起点卡口", "start_checkpoint_id", true),
    ("终点卡口", "end_checkpoint_id", true),
    ("长度米", "length_m", true),
    ("限速", "limit_kmh", true),
    ("大车限速", "limit_large_kmh", true),
];
const DEVICES: Columns = &[
    ("类型", "kind", true),
    ("编号", "id", true),
    ("名称", "name", false),
    ("用户名", "username", false),
    ("密码", "password", false),
    ("登记地址", "registered_address", false),
    ("卡口编号", "checkpoint_ids", false),
    ("号牌号码", "vehicle_plate", false),
    ("号牌种类", "vehicle_plate_class", false),
    ("M1", "m1", false),
    ("IA1", "ia1", false),
    ("IC1", "ic1", false),
];
const WATCH_ORDERS: Columns = &[
    ("号牌号码", "plate", true),
    ("号牌种类", "plate_class", false),
    ("布控原因", "reason", true),
    ("法律依据", "legal_basis", true),
    ("级别", "level", true),
    ("起始日期", "from", false),
    ("截止日期", "until", true),
];

fn columns_of(kind: &str) -> Result<Columns, Problem> {
    Ok(match kind {
        "vehicles" => VEHICLES,
        "checkpoints" => CHECKPOINTS,
        "sections" => SECTIONS,
        "devices" => DEVICES,
        "watch-orders" => WATCH_ORDERS,
        "units" => unit::COLUMNS,
        "crashes" => crash::COLUMNS,
        _ => return Err(Problem::not_found("不支持导入这类数据。", "This can't be imported.")),
    })
}

/// What somebody must be allowed to import such a table.
fn permission_of(kind: &str) -> Permission {
    match kind {
        "devices" => Permission::ManageDevices,
        "watch-orders" => Permission::ApplyWatch,
        "units" => Permission::ManageSystem,
        _ => Permission::KeepRegister,
    }
}

/// An empty table with the heads that are understood.
#[utoipa::path(get, path = "/imports/{kind}/template", tag = "imports", params(("kind" = String, Path)),
    responses((status = 200, description = "text/csv")))]
pub(crate) async fn template(_: Signed, Path(kind): Path<String>) -> Result<Response, Problem> {
    let heads: Vec<&str> = columns_of(&kind)?.iter().map(|(chinese, ..)| *chinese).collect();
    // The mark in front makes spreadsheet programs read UTF-8.
    let text = format!("\u{feff}{}\r\n", heads.join(","));
    let name = format!("attachment; filename=\"{kind}.csv\"");
    let fields =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_string()), (header::CONTENT_DISPOSITION, name)];
    Ok((fields, text).into_response())
}

/// Imports a spreadsheet (XLSX, XLS, ODS) or a CSV file in any usual encoding, with Chinese or English heads.
#[utoipa::path(post, path = "/imports/{kind}", tag = "imports", params(("kind" = String, Path)),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = ImportReport), (status = 413), (status = 422)))]
pub(crate) async fn import(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Path(kind): Path<String>,
    body: Bytes,
) -> Result<Json<ImportReport>, Problem> {
    let columns = columns_of(&kind)?;
    by.require(permission_of(&kind))?;
    let read = tokio::task::spawn_blocking(move || Table::read(&body, columns));
    let table = read.await.map_err(|error| Problem::internal("read a table", &error))??;
    let mut report = ImportReport { rows: table.len(), ..ImportReport::default() };
    let stored = store(&app, &kind, &table, language, &mut report, &by).await;
    // What was stored before a failure stands, so judgement and gateway must learn of it all the same.
    app.reference_changed().await?;
    stored?;
    let detail = format!("rows {} accepted {} rejected {}", report.rows, report.accepted, report.rejected);
    by.audit(&app, "import", &kind, &detail).await?;
    Ok(Json(report))
}

/// Stores the good rows and writes into the report what became of all.
async fn store(
    app: &App,
    kind: &str,
    table: &Table,
    language: Language,
    report: &mut ImportReport,
    by: &Signed,
) -> Result<(), Problem> {
    match kind {
        "vehicles" => {
            let files = parse(table, language, report, vehicle_row);
            for chunk in files.chunks(ROWS_PER_TRANSACTION) {
                report.count(&app.records.put_vehicles(chunk).await?);
            }
        }
        "checkpoints" => {
            let units = app.units.load_full();
            let rows = parse(table, language, report, |row| {
                Ok((checkpoint_row(row)?, unit::named(&units, row.text("unit"))?))
            });
            let (checkpoints, owners): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
            let owned = checkpoints.iter().zip(owners);
            let owned: Vec<_> = owned.filter_map(|(it, unit)| Some((it.id.clone(), Some(unit?)))).collect();
            report.count(&app.records.put_checkpoints(&checkpoints).await?);
            app.records.assign_checkpoints(&owned).await?;
        }
        "sections" => {
            let names = app.names.load_full();
            let rows = parse(table, language, report, |row| {
                let section = section_row(row)?;
                for (column, end) in
                    [("start_checkpoint_id", &section.start), ("end_checkpoint_id", &section.end)]
                {
                    if !names.checkpoints.contains_key(end) {
                        return Err((column, "没有这个卡口", "there is no such checkpoint"));
                    }
                }
                Ok(section)
            });
            report.count(&app.records.put_sections(&rows).await?);
        }
        "devices" => {
            let names = app.names.load_full();
            let rows = parse(table, language, report, |row| device_row(row, &app.seal, &names.devices));
            for chunk in rows.chunks(ROWS_PER_TRANSACTION) {
                report.count(&app.records.put_devices(chunk).await?);
            }
        }
        "units" => unit::store(app, table, language, report).await?,
        "crashes" => crash::store(app, table, language, report, by).await?,
        _ => {
            let now = app.clock.now();
            let rows = parse(table, language, report, |row| watch_row(row, &by.user.username, now));
            report.count(&app.records.put_watch_orders(&rows).await?);
        }
    }
    Ok(())
}

impl ImportReport {
    /// Notes what is wrong with a row.
    fn reject(
        &mut self,
        table: &Table,
        row: &Row<'_>,
        (column, chinese, english): RowFault,
        language: Language,
    ) {
        self.rejected += 1;
        if self.errors.len() < FAULTS_MAX {
            let value = row.text(column);
            let column = table.shown_name(column, language);
            let message = language.pick(format!("“{value}”{chinese}"), format!("“{value}”: {english}"));
            self.errors.push(Fault { row: row.line, column, message });
        }
    }

    fn count(&mut self, puts: &[Put]) {
        self.accepted += puts.len();
        for put in puts {
            match put {
                Put::Inserted => self.inserted += 1,
                Put::Updated => self.updated += 1,
                Put::Unchanged => self.unchanged += 1,
            }
        }
    }
}

/// The column and what is wrong with it, in Chinese and English.
type RowFault = (&'static str, &'static str, &'static str);

fn parse<T>(
    table: &Table,
    language: Language,
    report: &mut ImportReport,
    read: impl Fn(&Row<'_>) -> Result<T, RowFault>,
) -> Vec<T> {
    let mut good = Vec::with_capacity(table.len());
    for row in table.rows() {
        match read(&row) {
            Ok(value) => good.push(value),
            Err(fault) => report.reject(table, &row, fault, language),
        }
    }
    good
}

fn number<T: std::str::FromStr>(row: &Row<'_>, column: &'static str) -> Result<T, RowFault> {
    row.text(column).parse().map_err(|_| (column, "不是有效的数字", "not a number in range"))
}

fn optional_number<T: std::str::FromStr>(row: &Row<'_>, column: &'static str) -> Result<Option<T>, RowFault> {
    if row.text(column).is_empty() { Ok(None) } else { number(row, column).map(Some) }
}

fn place(row: &Row<'_>) -> Result<Option<Wgs84>, RowFault> {
    let (lon, lat) = (optional_number(row, "lon")?, optional_number(row, "lat")?);
    match (lon, lat) {
        (None, None) => Ok(None),
        (Some(lon), Some(lat)) => {
            Wgs84::new(lon, lat).map(Some).ok_or(("lon", "经纬度超出范围", "not on the earth"))
        }
        _ => Err(("lat", "经度、纬度须同时填写", "longitude and latitude go together")),
    }
}

fn filled<'a>(row: &Row<'a>, column: &'static str) -> Result<&'a str, RowFault> {
    let text = row.text(column);
    if text.is_empty() { Err((column, "不得为空", "must not be empty")) } else { Ok(text) }
}

fn plate(row: &Row<'_>) -> Result<Plate, RowFault> {
    Plate::parse(row.text("plate")).map_err(|_| ("plate", "不是有效的号牌", "not a plate"))
}

fn vehicle_row(row: &Row<'_>) -> Result<domain::VehicleFile, RowFault> {
    let class = PlateClass::parse(row.text("plate_class"))
        .filter(|class| *class != PlateClass::UNKNOWN)
        .ok_or(("plate_class", "不是 GA/T 16.7 号牌种类代码", "not a code of GA/T 16.7"))?;
    let some = |column| Some(row.text(column).to_string());
    let flag = row.text("is_night_exempt");
    let input = VehicleInput {
        vehicle_type: some("vehicle_type"),
        use_code: some("use"),
        key_class: some("key_class"),
        color: some("color"),
        owner: row.text("owner").to_string(),
        inspection_valid_until: some("inspection_valid_until"),
        scrap_by: some("scrap_by"),
        unhandled_offences: optional_number(row, "unhandled_offences")?.unwrap_or(0),
        is_night_exempt: matches!(flag, "1" | "是" | "true" | "TRUE" | "yes"),
    };
    let key = VehicleKey { plate: plate(row)?, class };
    file_of(key, &input).map_err(|field| (field, "内容有误", "not understood"))
}

fn checkpoint_row(row: &Row<'_>) -> Result<Checkpoint, RowFault> {
    let id = filled(row, "id")?;
    if id.len() != 20 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(("id", "须为 20 位数字", "must have 20 digits"));
    }
    let location = Wgs84::new(number(row, "lon")?, number(row, "lat")?);
    Ok(Checkpoint {
        id: CheckpointId::from(id),
        name: filled(row, "name")?.into(),
        theatre: Theatre::parse(row.text("theatre")).ok_or((
            "theatre",
            "不是四大战场之一",
            "not one of the four theatres",
        ))?,
        location: location.ok_or(("lon", "经纬度超出范围", "not on the earth"))?,
        road: row.text("road").into(),
        chainage_m: optional_number(row, "chainage_m")?,
        direction: row.text("direction").into(),
        lane_count: optional_number(row, "lane_count")?.unwrap_or(1),
        limit_kmh: optional_number(row, "limit_kmh")?,
        limit_large_kmh: optional_number(row, "limit_large_kmh")?,
        one_way: optional_number(row, "one_way")?,
    })
}

fn section_row(row: &Row<'_>) -> Result<Section, RowFault> {
    let positive = |column| match number::<u32>(row, column)? {
        0 => Err((column, "须大于 0", "must be greater than 0")),
        value => Ok(value),
    };
    let limit = |column| u16::try_from(positive(column)?).map_err(|_| (column, "过大", "too large"));
    Ok(Section {
        id: SectionId::from(filled(row, "id")?),
        name: filled(row, "name")?.into(),
        start: CheckpointId::from(filled(row, "start_checkpoint_id")?),
        end: CheckpointId::from(filled(row, "end_checkpoint_id")?),
        length_m: positive("length_m")?,
        limit_kmh: limit("limit_kmh")?,
        limit_large_kmh: limit("limit_large_kmh")?,
    })
}

fn device_row(row: &Row<'_>, seal: &Seal, known: &[records::Device]) -> Result<records::Device, RowFault> {
    let some = |column| Some(row.text(column).to_string());
    let ids = row.text("checkpoint_ids");
    let cipher = ["m1", "ia1", "ic1"].map(|column| optional_number(row, column));
    let cipher = match cipher {
        [Ok(None), Ok(None), Ok(None)] => None,
        [m1, ia1, ic1] => {
            let [m1, ia1, ic1] = [m1?, ia1?, ic1?].map(Option::unwrap_or_default);
            Some(CipherInput { m1, ia1, ic1 })
        }
    };
    let input = DeviceInput {
        kind: row.text("kind").into(),
        id: row.text("id").into(),
        name: row.text("name").into(),
        username: some("username"),
        password: some("password"),
        registered_address: some("registered_address"),
        checkpoint_ids: ids.split([';', ' ', '|']).filter(|id| !id.is_empty()).map(str::to_string).collect(),
        vehicle_plate: some("vehicle_plate"),
        vehicle_plate_class: some("vehicle_plate_class"),
        cipher,
    };
    // Only platforms have what is compared with how it was, and there are few.
    let old = cipher.and_then(|_| {
        known.iter().find(|device| device.kind == DeviceKind::Fleet && device.id.as_str() == input.id.trim())
    });
    device_of(&input, seal, old).map_err(|(field, why)| (field, why, "not understood"))
}

fn watch_row(row: &Row<'_>, by: &str, now: domain::Timestamp) -> Result<WatchRecord, RowFault> {
    let plate = plate(row)?;
    let class = match row.text("plate_class") {
        "" => None,
        text => {
            Some(PlateClass::parse(text).ok_or(("plate_class", "不是号牌种类代码", "not a plate class"))?)
        }
    };
    let level = match row.text("level") {
        "high" | "一级" => Level::High,
        "medium" | "二级" => Level::Medium,
        "low" | "三级" => Level::Low,
        _ => return Err(("level", "须为一级、二级或三级", "must be high, medium or low")),
    };
    let last_day = CivilDay::parse(row.text("until")).ok_or(("until", "不是日期", "not a day"))?;
    let until = CivilDay(last_day.0 + 1).start();
    if until <= now {
        return Err(("until", "已过期", "is over"));
    }
    // An order that was in force elsewhere already counts from its own day on.
    let first_day = match row.text("from") {
        "" => now.beijing_day(),
        text => CivilDay::parse(text).ok_or(("from", "不是日期", "not a day"))?,
    };
    if first_day > last_day {
        return Err(("from", "晚于截止日期", "is after the end"));
    }
    let reason = filled(row, "reason")?;
    // The same row imported twice is one order.
    let identity = domain::WarningId::of(&[
        b"watch_order_import",
        &plate.packed().to_le_bytes(),
        reason.as_bytes(),
        &last_day.0.to_le_bytes(),
    ]);
    let digits: String = identity.to_string().chars().take(16).collect();
    Ok(WatchRecord {
        order: WatchOrder {
            id: WatchOrderId::from(digits.as_str()),
            plate,
            class,
            reason: reason.into(),
            level,
            from: first_day.start(),
            until,
        },
        legal_basis: filled(row, "legal_basis")?.into(),
        created_by: by.into(),
        created_at: now.beijing_day().start(),
        withdrawal: None,
    })
}
