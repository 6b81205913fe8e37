//! Crashes from a table of another system: its numbers make the same file twice change nothing.

use super::{Columns, ImportReport, ROWS_PER_TRANSACTION, RowFault, filled, optional_number, parse, place};
use crate::access::Signed;
use crate::app::App;
use crate::case::{fault, publish, seated};
use crate::problem::Problem;
use crate::table::{Row, Table};
use crate::wire::Language;
use domain::case::Spot;
use domain::crash::{CrashSource, Severity};
use domain::{Crash, Theatre, Timestamp};
use records::{Command, Put};
use smol_str::SmolStr;
use tables::TimeForm;

pub(super) const COLUMNS: Columns = &[
    ("事故编号", "number", true),
    ("事故时间", "at", true),
    ("事故类型", "severity", true),
    ("死亡人数", "dead", false),
    ("受伤人数", "injured", false),
    ("道路", "route", false),
    ("桩号米", "chainage_m", false),
    ("事故地点", "place", false),
    ("战场", "theatre", false),
    ("经度", "lon", false),
    ("纬度", "lat", false),
    ("简要情况", "note", false),
];

/// Minutes by which Beijing is east of Greenwich.
const BEIJING_MINUTES: i16 = 8 * 60;

fn severity_of(text: &str) -> Option<Severity> {
    Severity::parse(text).or(match text {
        "财产损失" | "财产损失事故" => Some(Severity::Property),
        "伤人" | "伤人事故" => Some(Severity::Injury),
        "死亡" | "死亡事故" => Some(Severity::Fatal),
        _ => None,
    })
}

fn crash_row(row: &Row<'_>, now: Timestamp) -> Result<Crash, RowFault> {
    let word = |column| Some(SmolStr::new(row.text(column))).filter(|text| !text.is_empty());
    let at = tables::parse_instant(row.text("at"), TimeForm::Auto, BEIJING_MINUTES);
    let theatre = match row.text("theatre") {
        "" => None,
        text => Some(Theatre::parse(text).ok_or(("theatre", "不是四大战场之一", "is no theatre"))?),
    };
    let crash = Crash {
        source: CrashSource::File,
        source_number: Some(filled(row, "number")?.into()),
        occurred_at: at.ok_or(("at", "不是时间", "is no time"))?,
        spot: Spot {
            at: place(row)?,
            route: word("route"),
            chainage_m: optional_number(row, "chainage_m")?,
            checkpoint: None,
            description: word("place").unwrap_or_default(),
        },
        theatre,
        unit: None,
        severity: severity_of(row.text("severity")).ok_or((
            "severity",
            "须为财产损失、伤人或死亡",
            "must be property, injury or fatal",
        ))?,
        dead: optional_number(row, "dead")?.unwrap_or(0),
        injured: optional_number(row, "injured")?.unwrap_or(0),
        note: word("note").unwrap_or_default(),
    };
    crash.check(now).map_err(|refusal| match refusal {
        domain::Refusal::Missing(field) if field == "spot" => {
            ("place", "地点、道路、经纬度至少填一项", "place, route or coordinates are needed")
        }
        domain::Refusal::Invalid(field) if field == "at" => ("at", "晚于当前时间", "lies ahead"),
        domain::Refusal::TooLong(..) => ("note", "过长", "is too long"),
        _ => ("severity", "与死伤人数不符", "does not fit the numbers of people"),
    })?;
    Ok(crash)
}

/// Stores the good rows, and works the hazards on which they fall.
pub(super) async fn store(
    app: &App,
    table: &Table,
    language: Language,
    report: &mut ImportReport,
    by: &Signed,
) -> Result<(), Problem> {
    let now = app.clock.now();
    let office = app.office.load_full();
    let mut crashes = parse(table, language, report, |row| crash_row(row, now));
    for crash in &mut crashes {
        seated(&office.desk, crash);
    }
    let command = Command { address: Some(by.address()), ..Command::new(by.actor(), now, &office.desk) };
    for chunk in crashes.chunks(ROWS_PER_TRANSACTION) {
        let turn = app.hub.turn().lock().await;
        let put = app.records.put_crashes(chunk, &command).await.map_err(|error| fault(app, error))?;
        if let Some(worked) = &put.worked {
            publish(app, worked, "relate");
        }
        drop(turn);
        report.count(&put.crashes.iter().map(|(_, put)| *put).collect::<Vec<Put>>());
    }
    Ok(())
}
