//! Which column is what.

use crate::field::{Field, Kind};
use crate::instant::TimeForm;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The datum of coordinates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Datum {
    /// As satellites give it.
    #[default]
    Wgs84,
    /// As Chinese maps show it.
    Gcj02,
}

/// How the rows of a table become observations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// What the rows are.
    pub kind: Kind,
    /// Rows before the first one of data: titles and the head.
    pub head_rows: u32,
    /// The column of each field, from 0.
    pub columns: BTreeMap<Field, u32>,
    /// What is the same in all rows, for fields without a column.
    #[serde(default)]
    pub constants: BTreeMap<Field, String>,
    /// What a word of the other system means here; other words stay as they are.
    #[serde(default)]
    pub translations: BTreeMap<Field, BTreeMap<String, String>>,
    /// How times are written.
    #[serde(default)]
    pub time_form: TimeForm,
    /// The zone of times that name none, in minutes east of Greenwich.
    pub zone_minutes: i16,
    /// Of coordinates.
    #[serde(default)]
    pub datum: Datum,
}

/// Words in one translation.
const TRANSLATIONS_MAX: usize = 10_000;
/// Columns of a table.
const COLUMNS_MAX: u32 = 512;
/// Rows before the data.
const HEAD_ROWS_MAX: u32 = 100;

/// What is wrong with a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingFault {
    /// A row could not be an observation without it.
    #[error("{0:?} has neither a column nor a constant")]
    Missing(Field),
    /// Rows of this kind have no such field.
    #[error("{0:?} is no field of this kind")]
    Foreign(Field),
    /// Beyond any bound.
    #[error("{0:?} is too much")]
    TooMuch(Field),
    /// One column can't be two things.
    #[error("{0:?} has the column of another field")]
    Twice(Field),
}

impl Mapping {
    /// Whether rows say anything of a field.
    pub fn has(&self, field: Field) -> bool {
        self.columns.contains_key(&field) || self.constants.contains_key(&field)
    }

    /// What is wrong with it, field by field.
    pub fn faults(&self) -> Vec<MappingFault> {
        let mut faults = Vec::new();
        let mut needs = vec![];
        if !self.has(Field::CapturedAt) {
            let has_parts = self.has(Field::Date) || self.has(Field::TimeOfDay);
            needs.extend(if has_parts { &[Field::Date, Field::TimeOfDay][..] } else { &[Field::CapturedAt] });
        }
        match self.kind {
            Kind::Passage => needs.extend([Field::Checkpoint, Field::Plate]),
            Kind::Position => {
                needs.extend([Field::Lon, Field::Lat]);
                if !self.has(Field::Terminal) {
                    needs.push(Field::Plate);
                }
            }
        }
        faults.extend(needs.into_iter().filter(|field| !self.has(*field)).map(MappingFault::Missing));
        let fields = self.kind.fields();
        let named = self.columns.keys().chain(self.constants.keys()).chain(self.translations.keys());
        faults
            .extend(named.filter(|field| !fields.contains(field)).map(|field| MappingFault::Foreign(*field)));
        for (field, column) in &self.columns {
            if *column >= COLUMNS_MAX {
                faults.push(MappingFault::TooMuch(*field));
            }
            if self.columns.iter().any(|(other, at)| at == column && other < field) {
                faults.push(MappingFault::Twice(*field));
            }
        }
        let large = self.translations.iter().filter(|(_, words)| words.len() > TRANSLATIONS_MAX);
        faults.extend(large.map(|(field, _)| MappingFault::TooMuch(*field)));
        let is_sane = self.head_rows <= HEAD_ROWS_MAX && (-720..=840).contains(&self.zone_minutes);
        if !is_sane {
            faults.push(MappingFault::TooMuch(Field::CapturedAt));
        }
        faults
    }
}
