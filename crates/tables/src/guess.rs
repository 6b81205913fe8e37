//! Guesses which column is what: by its head, and by what stands in it.

use crate::field::{Field, Kind};
use crate::instant::{TimeForm, parse_instant};
use crate::observe::World;
use crate::rows::{Row, Rows};
use crate::synonyms::Synonyms;
use domain::Plate;
use domain::plate::form::PlateForm;
use std::collections::BTreeMap;

/// Rows among which a head is looked for.
const HEAD_WITHIN: usize = 10;
/// Share of filled cells that must look alike, in percent.
const ALIKE_PERCENT: usize = 60;

/// Why a column is taken for a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuessedBy {
    /// Its head says so.
    Head,
    /// What stands in it looks so.
    Content,
}

/// A guess.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guess {
    /// What the rows are.
    pub kind: Kind,
    /// Column and reason of each field that was found.
    pub columns: BTreeMap<Field, (u32, GuessedBy)>,
    /// How its times are written.
    pub time_form: TimeForm,
}

/// Rows before the first one of data: up to the head, and 0 where there is none.
pub fn guess_head(first: &Rows, synonyms: &Synonyms) -> u32 {
    let known = |row: Row<'_>| row.cells().filter(|cell| !synonyms.fields_of(cell).is_empty()).count();
    let head = first.iter().take(HEAD_WITHIN).find(|row| known(*row) >= 2);
    if let Some(head) = head {
        return head.index as u32 + 1;
    }
    // A first row that has data is no head.
    let is_data = |cell: &str| is_time(cell) || is_plate(cell);
    let has_data = first.get(0).is_some_and(|row| row.cells().any(is_data));
    u32::from(!has_data && !first.is_empty())
}

/// Which column is what.
pub fn guess_columns(first: &Rows, head_rows: u32, synonyms: &Synonyms, world: &World) -> Guess {
    let head_rows = head_rows as usize;
    let head = head_rows.checked_sub(1).and_then(|index| first.get(index));
    let data: Vec<Row<'_>> = first.iter().skip(head_rows).filter(|row| !row.is_empty()).collect();
    let width = data.iter().map(|row| row.len()).chain(head.map(Row::len)).max().unwrap_or(0);
    let mut by_head: BTreeMap<Field, u32> = BTreeMap::new();
    for column in 0..width {
        let word = head.and_then(|head| head.cell(column)).unwrap_or_default();
        for field in synonyms.fields_of(word) {
            by_head.entry(*field).or_insert(column as u32);
        }
    }
    let has_place = by_head.contains_key(&Field::Lon) && by_head.contains_key(&Field::Lat);
    let kind =
        if has_place && !by_head.contains_key(&Field::Checkpoint) { Kind::Position } else { Kind::Passage };
    let mut columns: BTreeMap<Field, (u32, GuessedBy)> = BTreeMap::new();
    let mut taken = vec![false; width];
    // In the order of the page: what matters more has the first choice of a column.
    for field in kind.fields() {
        if let Some(column) = by_head.get(field)
            && taken.get(*column as usize) == Some(&false)
        {
            // A day alone is no moment, whatever its head says.
            let is_day = *field == Field::CapturedAt && looks(&data, *column as usize, is_day);
            let field = if is_day { Field::Date } else { *field };
            if let Some(taken) = taken.get_mut(*column as usize) {
                *taken = true;
            }
            columns.entry(field).or_insert((*column, GuessedBy::Head));
        }
    }
    let mut by_content =
        |columns: &mut BTreeMap<Field, (u32, GuessedBy)>, field: Field, is_it: &dyn Fn(&str) -> bool| {
            if columns.contains_key(&field) {
                return;
            }
            let found =
                (0..width).find(|column| taken.get(*column) == Some(&false) && looks(&data, *column, is_it));
            if let Some(column) = found {
                columns.insert(field, (column as u32, GuessedBy::Content));
                if let Some(taken) = taken.get_mut(column) {
                    *taken = true;
                }
            }
        };
    by_content(&mut columns, Field::Plate, &is_plate);
    if kind == Kind::Passage {
        by_content(&mut columns, Field::Checkpoint, &|cell| world.place(cell).is_some());
    }
    by_content(&mut columns, Field::CapturedAt, &is_time);
    if columns.contains_key(&Field::Date) {
        by_content(&mut columns, Field::TimeOfDay, &is_time_of_day);
    }
    if columns.contains_key(&Field::CapturedAt) {
        columns.remove(&Field::Date);
        columns.remove(&Field::TimeOfDay);
    }
    let times = columns.get(&Field::CapturedAt).or(columns.get(&Field::Date));
    let time_form = times.map_or(TimeForm::Auto, |(column, _)| form_of(&data, *column as usize));
    Guess { kind, columns, time_form }
}

/// The form that reads most cells; year first among equals.
fn form_of(data: &[Row<'_>], column: usize) -> TimeForm {
    let count = |form: TimeForm| {
        let cells = data.iter().filter_map(|row| row.cell(column));
        cells.filter(|cell| parse_instant(cell, form, 0).is_some()).count()
    };
    TimeForm::ALL.into_iter().rev().max_by_key(|form| count(*form)).unwrap_or_default()
}

fn looks(data: &[Row<'_>], column: usize, is_it: impl Fn(&str) -> bool) -> bool {
    let filled = data.iter().filter_map(|row| row.cell(column)).filter(|cell| !cell.is_empty());
    let (mut all, mut alike) = (0, 0);
    for cell in filled {
        all += 1;
        alike += usize::from(is_it(cell));
    }
    all > 0 && alike * 100 >= all * ALIKE_PERCENT
}

fn is_plate(cell: &str) -> bool {
    Plate::parse(cell).is_ok_and(|plate| PlateForm::of(plate).is_some())
}

/// A moment: a day and a time of it, or Unix time of these decades.
fn is_time(cell: &str) -> bool {
    let years = 946_684_800_000..4_102_444_800_000;
    let is_long = cell.len() >= 10 && (cell.len() > 10 || cell.bytes().all(|byte| byte.is_ascii_digit()));
    let read = |form| parse_instant(cell, form, 0).is_some_and(|at| years.contains(&at.unix_ms()));
    is_long && TimeForm::ALL.into_iter().any(read)
}

fn is_day(cell: &str) -> bool {
    cell.len() <= 10 && !cell.contains(':') && domain::CivilDay::parse(cell).is_some()
}

fn is_time_of_day(cell: &str) -> bool {
    cell.contains(':') && cell.len() <= 12 && !cell.contains('-') && !cell.contains('/')
}
