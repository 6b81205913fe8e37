//! Units from a table: each with its code and the code of the unit above it, in any order.

use super::{Columns, ImportReport, RowFault, filled, place};
use crate::app::App;
use crate::problem::Problem;
use crate::table::{Row, Table};
use crate::wire::Language;
use domain::people::{UnitFault, UnitId, UnitKind, UnitTree};
use records::{Put, UnitError, UnitRow};
use smol_str::SmolStr;

pub(super) const COLUMNS: Columns = &[
    ("单位编码", "code", true),
    ("单位名称", "name", true),
    ("单位类型", "kind", true),
    ("上级编码", "parent_code", false),
    ("经度", "lon", false),
    ("纬度", "lat", false),
];

/// What people call the kinds.
const KINDS: &[(UnitKind, &[&str])] = &[
    (UnitKind::CountyOffice, &["县交安办", "交安办", "道安办"]),
    (UnitKind::Brigade, &["大队", "交警大队"]),
    (UnitKind::Squad, &["中队", "交警中队"]),
    (UnitKind::Station, &["交管站", "劝导站", "站所"]),
    (UnitKind::Township, &["镇街", "乡镇", "镇", "乡", "街道"]),
    (UnitKind::Village, &["村居", "村", "社区"]),
    (UnitKind::Department, &["成员单位", "部门"]),
];

fn kind_of(text: &str) -> Option<UnitKind> {
    let named = || KINDS.iter().find(|(_, names)| names.contains(&text)).map(|(kind, _)| *kind);
    UnitKind::parse(text).or_else(named)
}

fn unit_row(row: &Row<'_>) -> Result<UnitRow, RowFault> {
    let code = filled(row, "code")?;
    if code.chars().count() > 32 {
        return Err(("code", "不得超过 32 字", "is longer than 32 characters"));
    }
    Ok(UnitRow {
        code: code.into(),
        name: filled(row, "name")?.into(),
        kind: kind_of(row.text("kind")).ok_or(("kind", "不是单位类型", "is no kind of unit"))?,
        parent_code: Some(SmolStr::new(row.text("parent_code"))).filter(|code| !code.is_empty()),
        location: place(row)?,
    })
}

/// The unit of a code or a name; none where the cell is empty.
pub(super) fn named(units: &UnitTree, text: &str) -> Result<Option<UnitId>, RowFault> {
    if text.is_empty() {
        return Ok(None);
    }
    let in_service = || units.all().filter(|unit| unit.is_enabled);
    let by_code = in_service().find(|unit| unit.code.as_deref() == Some(text));
    let found = by_code.or_else(|| in_service().find(|unit| unit.name == text));
    found.map(|unit| Some(unit.id)).ok_or(("unit", "不是在用单位的编码或名称", "is no unit's code or name"))
}

/// Stores the good rows.
pub(super) async fn store(
    app: &App,
    table: &Table,
    language: Language,
    report: &mut ImportReport,
) -> Result<(), Problem> {
    let (mut lines, mut rows) = (Vec::new(), Vec::new());
    for line in table.rows() {
        match unit_row(&line) {
            Ok(row) => {
                lines.push(line);
                rows.push(row);
            }
            Err(fault) => report.reject(table, &line, fault, language),
        }
    }
    let mut puts: Vec<Put> = Vec::with_capacity(rows.len());
    for (line, outcome) in lines.iter().zip(app.records.put_units(&rows).await?) {
        match outcome {
            Ok(put) => puts.push(put),
            Err(error) => report.reject(table, line, fault_of(error)?, language),
        }
    }
    report.count(&puts);
    app.load_units().await?;
    app.load_office().await?;
    Ok(())
}

/// In which column what is wrong with a unit is wrong.
fn fault_of(error: UnitError) -> Result<RowFault, Problem> {
    Ok(match error {
        UnitError::Store(error) => return Err(error.into()),
        UnitError::Taken => ("name", "与同一上级下的单位重名", "is taken below the same unit"),
        UnitError::CodeTaken => ("code", "在表中重复", "is in the table twice"),
        UnitError::BadName => ("name", "过长或含多余空格", "is too long or has spaces around it"),
        UnitError::TooMany => ("code", "超出单位数量上限", "is one unit too many"),
        UnitError::ParentAbolished => ("parent_code", "已撤销", "is abolished"),
        UnitError::ParentRefused => ("parent_code", "所在行未能导入", "stands in a row that was refused"),
        UnitError::Fault(UnitFault::NoParent(_)) => {
            ("parent_code", "不是已有或表中单位的编码", "is no unit's code, here or in the table")
        }
        UnitError::Fault(UnitFault::Circle(_)) => {
            ("parent_code", "使上下级成环", "makes the units stand in a circle")
        }
        UnitError::Fault(UnitFault::WrongParent(_)) => {
            ("kind", "不能设在该上级单位之下", "may not stand below that unit")
        }
        UnitError::NotFound | UnitError::InUse => ("code", "无法导入", "can't be imported"),
    })
}
