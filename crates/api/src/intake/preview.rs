//! What a file looks like, and which column is probably what.

use crate::access::Signed;
use crate::app::App;
use crate::intake::view::{MappingBody, asked};
use crate::intake::{mapping, upload, words};
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use tables::{Datum, GuessedBy, Look, Mapping, ReadError, Rows, World};
use utoipa::{IntoParams, ToSchema};

/// Rows shown.
const ROWS_MAX: usize = 50;
/// Columns shown.
const COLUMNS_MAX: usize = 200;
/// Beijing time.
const ZONE_MINUTES: i16 = 480;

/// What a file looks like.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreviewView {
    /// `csv`, `xlsx`, `xls`, `ods`, `parquet`.
    format: &'static str,
    /// Of text.
    encoding: Option<&'static str>,
    /// Of text.
    delimiter: Option<&'static str>,
    /// Of a spreadsheet.
    sheets: Vec<String>,
    sheet: Option<String>,
    /// The head, column by column; without one, empty.
    head: Vec<String>,
    /// The first rows, the head among them.
    rows: Vec<Vec<String>>,
    /// What the mapping page begins with: a mapping that was kept for this head, else what was guessed.
    mapping: MappingBody,
    /// By field, why a column was guessed: `head` or `content`.
    guessed: BTreeMap<String, &'static str>,
    /// Names of mappings that were kept for this head; the first is the one used.
    saved: Vec<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct PreviewQuery {
    /// Another encoding than it looks like.
    encoding: Option<String>,
    /// Another delimiter.
    delimiter: Option<String>,
    /// Another sheet.
    sheet: Option<String>,
    /// Rows before the first one of data.
    head_rows: Option<u32>,
}

/// What rows are read against, now.
pub(crate) fn world(app: &App) -> World {
    let names = app.names.load();
    let ahead_ms_max = (app.limits.clock_ahead_s_max as i64).saturating_mul(domain::time::SECOND_MS);
    let checkpoints = names.checkpoints.iter().map(|(id, checkpoint)| (id, checkpoint.name.as_str()));
    let terminals = names.devices.iter().filter_map(|device| Some((&device.id, device.vehicle?)));
    World::new(app.clock.now(), ahead_ms_max, checkpoints, terminals)
}

pub(crate) fn unreadable(error: &ReadError) -> Problem {
    let (chinese, english) = words::read_error(error);
    if let ReadError::Io(error) = error {
        return Problem::internal("read an upload", error);
    }
    Problem::invalid(chinese, english)
}

/// Looks at a file on a thread of its own.
pub(crate) async fn look(app: &Arc<App>, id: &str, asked: tables::Asked) -> Result<Look, Problem> {
    let path = upload::content_of(app, id);
    let looking =
        tokio::task::spawn_blocking(move || tables::look_at(std::fs::File::open(path)?, &asked, ROWS_MAX));
    match looking.await {
        Ok(Ok(look)) => Ok(look),
        Ok(Err(error)) => Err(unreadable(&error)),
        // A reader of spreadsheets that panics costs its file.
        Err(error) => {
            tracing::warn!(%error, id, "reading an upload panicked");
            Err(unreadable(&ReadError::NoTable))
        }
    }
}

fn head_of(first: &Rows, head_rows: u32) -> Vec<String> {
    let row = head_rows.checked_sub(1).and_then(|index| first.get(index as usize));
    row.map(|row| row.cells().take(COLUMNS_MAX).map(str::to_owned).collect()).unwrap_or_default()
}

/// Shows the first rows of a file, how it is read, and what its columns probably are.
#[utoipa::path(get, path = "/intake/files/{id}/preview", tag = "intake",
    params(("id" = String, Path), PreviewQuery), responses((status = 200, body = PreviewView), (status = 404), (status = 422)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    _: Signed,
    Path(id): Path<String>,
    Query(query): Query<PreviewQuery>,
) -> Result<Json<PreviewView>, Problem> {
    upload::find(&app, &id).await?;
    let asked = asked(query.encoding.as_deref(), query.delimiter.as_deref(), query.sheet.as_deref())?;
    let Look { layout, sheets, first } = look(&app, &id, asked).await?;
    let head_rows = query.head_rows.unwrap_or_else(|| tables::guess_head(&first, &app.synonyms));
    let head = head_of(&first, head_rows);
    let guess = tables::guess_columns(&first, head_rows, &app.synonyms, &world(&app));
    let guessed = guess.columns.iter().map(|(field, (_, by))| {
        let by = match by {
            GuessedBy::Head => "head",
            GuessedBy::Content => "content",
        };
        (field.key().to_owned(), by)
    });
    let guessed = guessed.collect();
    let saved: Vec<_> = mapping::all(&app).await?;
    let mut saved: Vec<_> = saved.into_iter().filter(|kept| !head.is_empty() && kept.head == head).collect();
    let names = saved.iter().map(|kept| kept.name.clone()).collect();
    let begun = Mapping {
        kind: guess.kind,
        head_rows,
        columns: guess.columns.iter().map(|(field, (column, _))| (*field, *column)).collect(),
        constants: BTreeMap::new(),
        translations: BTreeMap::new(),
        time_form: guess.time_form,
        zone_minutes: ZONE_MINUTES,
        datum: Datum::Wgs84,
    };
    let mapping =
        if saved.is_empty() { MappingBody::of(&begun, &layout) } else { saved.swap_remove(0).mapping };
    let is_text = layout.format == tables::Format::Csv;
    Ok(Json(PreviewView {
        format: layout.format.key(),
        encoding: is_text.then(|| layout.encoding.key()),
        delimiter: is_text.then(|| layout.delimiter.key()),
        sheets,
        sheet: layout.sheet,
        head,
        rows: first.iter().map(|row| row.cells().take(COLUMNS_MAX).map(str::to_owned).collect()).collect(),
        mapping,
        guessed,
        saved: names,
    }))
}
