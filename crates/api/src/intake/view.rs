//! How layouts, mappings and reports go over the wire.

use crate::intake::words;
use crate::problem::{ItemFault, Problem};
use crate::wire::{Language, instant};
use domain::Timestamp;
use gateway::file::FileReport;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tables::{Asked, Delimiter, Encoding, Field, Mapping, MappingFault};
use utoipa::ToSchema;

/// How a file is read, and what its columns are.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MappingBody {
    /// `passage` or `position`.
    kind: String,
    /// Rows before the first one of data: titles and the head.
    head_rows: u32,
    /// The column of each field, from 0.
    columns: BTreeMap<String, u32>,
    /// What is the same in all rows, for fields without a column.
    #[serde(default)]
    constants: BTreeMap<String, String>,
    /// By field: what a word of the other system means here.
    #[serde(default)]
    translations: BTreeMap<String, BTreeMap<String, String>>,
    /// `auto` (year first), `day_month_year`, `month_day_year`.
    #[serde(default = "auto")]
    time_form: String,
    /// The zone of times that name none, in minutes east of Greenwich.
    zone_minutes: i16,
    /// `wgs84` or `gcj02`.
    #[serde(default = "wgs84")]
    datum: String,
    /// `utf8`, `gb18030`, `utf16_le`, `utf16_be`; as it looks where it is left out.
    encoding: Option<String>,
    /// `comma`, `semicolon`, `tab`; as it looks where it is left out.
    delimiter: Option<String>,
    /// The sheet of a spreadsheet; the first where it is left out.
    sheet: Option<String>,
}

fn auto() -> String {
    "auto".into()
}

fn wgs84() -> String {
    "wgs84".into()
}

/// A word of a client's choice.
pub(crate) fn word<T>(text: Option<&str>, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
    let text = text.filter(|text| !text.is_empty());
    text.map(|text| {
        parse(text)
            .ok_or_else(|| Problem::invalid(format!("不支持“{text}”。"), format!("There is no “{text}”.")))
    })
    .transpose()
}

pub(crate) fn asked(
    encoding: Option<&str>,
    delimiter: Option<&str>,
    sheet: Option<&str>,
) -> Result<Asked, Problem> {
    Ok(Asked {
        encoding: word(encoding, Encoding::parse)?,
        delimiter: word(delimiter, Delimiter::parse)?,
        sheet: sheet.filter(|name| !name.is_empty()).map(str::to_owned),
    })
}

impl MappingBody {
    pub(crate) fn of(mapping: &Mapping, layout: &tables::Layout) -> Self {
        let is_text = layout.format == tables::Format::Csv;
        Self {
            kind: mapping.kind.key().into(),
            head_rows: mapping.head_rows,
            columns: mapping.columns.iter().map(|(field, column)| (field.key().into(), *column)).collect(),
            constants: by_key(&mapping.constants),
            translations: by_key(&mapping.translations),
            time_form: mapping.time_form.key().into(),
            zone_minutes: mapping.zone_minutes,
            datum: wgs84(),
            encoding: is_text.then(|| layout.encoding.key().into()),
            delimiter: is_text.then(|| layout.delimiter.key().into()),
            sheet: layout.sheet.clone(),
        }
    }

    pub(crate) fn asked(&self) -> Result<Asked, Problem> {
        asked(self.encoding.as_deref(), self.delimiter.as_deref(), self.sheet.as_deref())
    }

    /// The mapping, when it has no faults.
    pub(crate) fn mapping(&self) -> Result<Mapping, Problem> {
        let value = serde_json::json!({
            "kind": self.kind, "head_rows": self.head_rows, "columns": self.columns, "constants": self.constants,
            "translations": self.translations, "time_form": self.time_form, "zone_minutes": self.zone_minutes,
            "datum": self.datum,
        });
        let mapping: Mapping = serde_path_to_error::deserialize(value).map_err(|error| {
            let path = error.path().to_string();
            Problem::invalid(
                format!("映射的“{path}”有误。"),
                format!("“{path}” of the mapping is not understood."),
            )
        })?;
        let faults = mapping.faults();
        if faults.is_empty() { Ok(mapping) } else { Err(faulty(&faults)) }
    }

    /// What the audit and a job say of it.
    pub(crate) fn summary(&self) -> serde_json::Value {
        serde_json::json!({ "kind": self.kind, "columns": self.columns, "constants": self.constants })
    }
}

fn by_key<T: Clone>(map: &BTreeMap<Field, T>) -> BTreeMap<String, T> {
    map.iter().map(|(field, value)| (field.key().into(), value.clone())).collect()
}

fn faulty(faults: &[MappingFault]) -> Problem {
    let mut errors = Vec::new();
    for (index, fault) in faults.iter().enumerate() {
        let (field, chinese, english) = words::mapping_fault(*fault);
        errors.push(ItemFault { index, field: Some(field.key().into()), message: (chinese, english) });
    }
    let first = errors.first().map(|fault| fault.message.clone()).unwrap_or_default();
    Problem::invalid(first.0, first.1).with_errors(errors)
}

/// What became of the rows of a file.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct FileReportView {
    /// `whole`, `cancelled`, `failed`; `part` of a check that looked at the first rows.
    pub(crate) ended: String,
    /// Why it failed, in Chinese and English.
    problem: Option<[String; 2]>,
    /// Rows with content, without the head.
    rows: u64,
    /// Rows that were stored; of a check, that could be.
    good: u64,
    /// Rows that were there already.
    doubled: u64,
    bad: u64,
    /// Good and doubled rows without a plate that could be understood.
    unread: u64,
    from: Option<String>,
    until: Option<String>,
    faults: Vec<FileFaultView>,
    /// By field: words that nobody knows, the most frequent first.
    unknown_words: BTreeMap<String, Vec<WordCount>>,
    /// Bad rows that can be downloaded.
    bad_written: u64,
    /// How long it took, in ms.
    took_ms: u64,
}

/// A fault, how often it came, and the first ones.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct FileFaultView {
    field: String,
    /// From 0.
    column: Option<u32>,
    /// A stable word.
    reason: String,
    /// For a person, in Chinese and English.
    message: [String; 2],
    count: u64,
    examples: Vec<FaultExample>,
}

/// A row with a fault.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct FaultExample {
    /// The first row of the file is 1.
    row: u64,
    value: String,
}

/// A word and how often it came.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct WordCount {
    word: String,
    count: u64,
}

/// What the last import of a file gave.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct LastReport {
    pub(crate) job_id: i64,
    pub(crate) at: String,
    pub(crate) report: FileReportView,
}

impl FileReportView {
    pub(crate) fn of(
        report: &FileReport,
        ended: &str,
        problem: Option<(String, String)>,
        took: std::time::Duration,
    ) -> Self {
        let mut faults: Vec<FileFaultView> = Vec::new();
        for (fault, counted) in &report.faults {
            faults.push(FileFaultView {
                field: fault.field.key().into(),
                column: fault.column,
                reason: fault.reason.key().into(),
                message: [Language::Chinese, Language::English]
                    .map(|language| words::row_fault(fault, language)),
                count: counted.count,
                examples: counted
                    .examples
                    .iter()
                    .map(|(row, value)| FaultExample { row: *row, value: value.clone() })
                    .collect(),
            });
        }
        faults.sort_by_key(|fault| std::cmp::Reverse(fault.count));
        let unknown_words = report.unknown_words.iter().map(|(field, words)| {
            let mut words: Vec<_> =
                words.iter().map(|(word, count)| WordCount { word: word.clone(), count: *count }).collect();
            words.sort_by_key(|word| std::cmp::Reverse(word.count));
            (field.key().to_owned(), words)
        });
        let (from, until): (Option<Timestamp>, Option<Timestamp>) = report.span.unzip();
        Self {
            ended: ended.into(),
            problem: problem.map(|(chinese, english)| [chinese, english]),
            rows: report.rows,
            good: report.good,
            doubled: report.doubled,
            bad: report.bad,
            unread: report.unread,
            from: from.map(instant),
            until: until.map(instant),
            faults,
            unknown_words: unknown_words.collect(),
            bad_written: report.bad_written,
            took_ms: took.as_millis() as u64,
        }
    }

    /// For the audit.
    pub(crate) fn summary(&self) -> String {
        format!(
            "{}: rows {} good {} doubled {} bad {}",
            self.ended, self.rows, self.good, self.doubled, self.bad
        )
    }
}
