//! Passages into a file, as a job: CSV and XLSX for people, Parquet for programs.

use super::PassageSearch;
use crate::access::Signed;
use crate::app::{App, Names};
use crate::job::{self, JobError, JobRun, JobView};
use crate::passage::reason_of;
use crate::problem::{Problem, RequestLanguage};
use crate::wire::Language;
use ::history::{Conditions, HistoryError, PassageFile};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::time::BEIJING_OFFSET_MS;
use domain::{Fact, Observation, Passage, Timestamp};
use rust_xlsxwriter::{Workbook, XlsxError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use utoipa::ToSchema;

/// Rows that are read at a time.
const PAGE_ROWS: usize = 20_000;
/// Rows of a sheet (Excel's bound is 1,048,576) without its head.
const XLSX_ROWS_MAX: u64 = 1_048_575;

/// What is exported.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ExportInput {
    /// Which passages; `before` and `limit` are not used.
    #[serde(default)]
    search: PassageSearch,
    /// `csv`, `xlsx` or `parquet`.
    format: String,
    /// Why; audited.
    reason: String,
}

/// The columns of CSV and XLSX, in both languages.
const COLUMNS: [(&str, &str); 15] = [
    ("抓拍时间", "captured_at"),
    ("接收时间", "received_at"),
    ("号牌号码", "plate"),
    ("号牌种类", "plate_class"),
    ("号牌颜色", "plate_color"),
    ("可信度", "plate_confidence"),
    ("车辆类型", "vehicle_type"),
    ("车身颜色", "vehicle_color"),
    ("卡口编号", "checkpoint_id"),
    ("卡口名称", "checkpoint_name"),
    ("车道", "lane"),
    ("方向", "direction"),
    ("车速(km/h)", "speed_kmh"),
    ("设备编号", "device_id"),
    ("总重(kg)", "weight_total_kg"),
];

/// Exports passages; the file is the job's.
#[utoipa::path(post, path = "/history/exports", tag = "history", request_body = ExportInput,
    responses((status = 202, body = JobView), (status = 422)))]
pub(crate) async fn start(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Json(input): Json<ExportInput>,
) -> Result<(StatusCode, Json<JobView>), Problem> {
    let conditions = input.search.conditions(&app)?;
    let reason = reason_of(Some(&input.reason))?;
    let format = Format::parse(&input.format).ok_or_else(|| {
        Problem::invalid("导出格式须为 csv、xlsx 或 parquet。", "The format must be csv, xlsx or parquet.")
    })?;
    let parameters = json!({ "search": input.search, "format": input.format, "reason": reason });
    let of_job = app.clone();
    let title = language.pick("导出过车记录", "Export passages").to_owned();
    let view = job::start(&app, &by, "history_export", title, &parameters, |run| async move {
        let work = move || export(&of_job, &run, &conditions, format, language);
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| JobError::internal("export passages", &error))?
    })
    .await?;
    Ok((StatusCode::ACCEPTED, Json(view)))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Csv,
    Xlsx,
    Parquet,
}

impl Format {
    fn parse(text: &str) -> Option<Self> {
        Some(match text.trim() {
            "csv" => Self::Csv,
            "xlsx" => Self::Xlsx,
            "parquet" => Self::Parquet,
            _ => return None,
        })
    }

    fn file(self) -> &'static str {
        match self {
            Self::Csv => "passages.csv",
            Self::Xlsx => "passages.xlsx",
            Self::Parquet => "passages.parquet",
        }
    }
}

/// Where rows go.
enum Sink {
    Csv(Box<csv::Writer<BufWriter<File>>>),
    Xlsx(Box<Workbook>, PathBuf, u32),
    Parquet(Box<PassageFile>),
}

fn export(
    app: &App,
    run: &JobRun,
    conditions: &Conditions,
    format: Format,
    language: Language,
) -> Result<Value, JobError> {
    let history = &app.archive.history;
    let folder = run.folder().map_err(|error| of_io(&error))?;
    let path = folder.join(format.file());
    let names = app.names.load_full();
    let mut sink = Sink::create(format, &path, language)?;
    let (mut before, mut rows, mut damages) = (None, 0_u64, Vec::new());
    loop {
        run.check()?;
        let page = history.search(conditions, before, PAGE_ROWS);
        rows += page.rows.len() as u64;
        if format == Format::Xlsx && rows > XLSX_ROWS_MAX {
            return Err(JobError::Failed(
                format!("超过 {XLSX_ROWS_MAX} 条，XLSX 一张表放不下。请缩小范围，或改用 CSV 或 Parquet。"),
                format!(
                    "More than {XLSX_ROWS_MAX} rows do not fit into a sheet. Ask for less, or take CSV or Parquet."
                ),
            ));
        }
        for (offset, observation) in &page.rows {
            if let Fact::Passage(passage) = &observation.fact {
                sink.write(*offset, observation, passage, &names)?;
            }
        }
        damages.extend(page.damages.into_iter().map(|damage| damage.segment.to_string_lossy().into_owned()));
        run.progress(rows, None);
        before = page.before;
        if before.is_none() {
            break;
        }
    }
    sink.finish()?;
    damages.sort();
    damages.dedup();
    let bytes = path.metadata().map_err(|error| of_io(&error))?.len();
    run.progress(rows, Some(rows));
    Ok(json!({ "rows": rows, "bytes": bytes, "files": [format.file()], "damaged_segments": damages }))
}

impl Sink {
    fn create(format: Format, path: &Path, language: Language) -> Result<Self, JobError> {
        let heads = COLUMNS.map(|(chinese, english)| language.pick(chinese, english));
        match format {
            Format::Csv => {
                let mut file = BufWriter::new(File::create(path).map_err(|error| of_io(&error))?);
                // Spreadsheets take a file without the mark for GBK.
                file.write_all("\u{feff}".as_bytes()).map_err(|error| of_io(&error))?;
                let mut writer = csv::Writer::from_writer(file);
                writer.write_record(heads).map_err(of_csv)?;
                Ok(Self::Csv(Box::new(writer)))
            }
            Format::Xlsx => {
                let mut book = Workbook::new();
                let sheet = book.add_worksheet_with_constant_memory().map_err(|error| of_xlsx(&error))?;
                for (column, head) in (0..).zip(heads) {
                    sheet.write_string(0, column, head).map_err(|error| of_xlsx(&error))?;
                }
                Ok(Self::Xlsx(Box::new(book), path.to_owned(), 1))
            }
            Format::Parquet => {
                Ok(Self::Parquet(Box::new(PassageFile::create(path).map_err(|e| of_history(&e))?)))
            }
        }
    }

    fn write(
        &mut self,
        offset: u64,
        observation: &Observation,
        passage: &Passage,
        names: &Names,
    ) -> Result<(), JobError> {
        match self {
            Self::Csv(writer) => writer.write_record(cells(observation, passage, names)).map_err(of_csv),
            Self::Xlsx(book, _, row) => {
                let sheet = book.worksheet_from_index(0).map_err(|error| of_xlsx(&error))?;
                for (column, cell) in (0..).zip(cells(observation, passage, names)) {
                    if !cell.is_empty() {
                        sheet.write_string(*row, column, cell).map_err(|error| of_xlsx(&error))?;
                    }
                }
                *row += 1;
                Ok(())
            }
            Self::Parquet(file) => {
                file.push(offset, observation, passage).map_err(|error| of_history(&error))
            }
        }
    }

    fn finish(self) -> Result<(), JobError> {
        match self {
            Self::Csv(mut writer) => writer.flush().map_err(|error| of_io(&error)),
            Self::Xlsx(mut book, path, _) => book.save(path).map_err(|error| of_xlsx(&error)),
            Self::Parquet(file) => file.finish().map(drop).map_err(|error| of_history(&error)),
        }
    }
}

/// A row for people; times are Beijing's.
fn cells(observation: &Observation, passage: &Passage, names: &Names) -> [String; COLUMNS.len()] {
    let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
    let plate = passage.plate.map_or_else(|| passage.plate_text.to_string(), |plate| plate.to_string());
    let name = names.checkpoints.get(&passage.checkpoint).map(|known| known.name.to_string());
    [
        beijing(observation.captured_at),
        beijing(observation.received_at),
        plate,
        passage.plate_class.to_string(),
        passage.plate_color.key().to_owned(),
        number(passage.plate_confidence.map(u32::from)),
        passage.vehicle_type.map(|kind| kind.to_string()).unwrap_or_default(),
        passage.body_color.map(String::from).unwrap_or_default(),
        passage.checkpoint.to_string(),
        name.unwrap_or_default(),
        number(passage.lane.map(u32::from)),
        number(passage.direction.map(u32::from)),
        number(passage.speed_kmh.map(u32::from)),
        observation.device.to_string(),
        number(passage.weighing.as_ref().map(|weighing| weighing.total_kg)),
    ]
}

/// `2026-11-23 14:31:36`, as spreadsheets read it.
fn beijing(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.unix_ms() + BEIJING_OFFSET_MS)
        .map_or_else(|_| String::new(), |time| time.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

fn of_io(error: &io::Error) -> JobError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => JobError::Failed(
            "磁盘已满，导出未完成。请系统管理员清理磁盘后重试。".into(),
            "The disk is full. Try again when there is room.".into(),
        ),
        _ => JobError::internal("write an export", error),
    }
}

fn of_csv(error: csv::Error) -> JobError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => of_io(&error),
        other => JobError::internal("write an export", &io::Error::other(format!("{other:?}"))),
    }
}

fn of_xlsx(error: &XlsxError) -> JobError {
    match error {
        XlsxError::IoError(error) => of_io(error),
        other => JobError::internal("write an export", other),
    }
}

fn of_history(error: &HistoryError) -> JobError {
    match error {
        HistoryError::Io { source, .. } => of_io(source),
        other => JobError::internal("write an export", other),
    }
}
