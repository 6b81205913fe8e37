//! What columns are called, and what values are called: data, read by the binary and handed in as a value.

use crate::field::Field;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The table `data/column-synonyms.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "File")]
pub struct Synonyms {
    /// Heads in normal form.
    heads: BTreeMap<String, Vec<Field>>,
    /// Words for values, by field.
    values: BTreeMap<Field, BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    column: Vec<Column>,
    #[serde(default)]
    value: Vec<Values>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Column {
    field: Field,
    heads: Vec<String>,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Values {
    field: Field,
    words: BTreeMap<String, String>,
    source: String,
}

/// Why a table of synonyms can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SynonymsError {
    /// A fact that nobody can check.
    #[error("{0:?} needs a source")]
    NoSource(Field),
    /// An empty head.
    #[error("{0:?} has a head without letters")]
    NoLetters(Field),
}

impl TryFrom<File> for Synonyms {
    type Error = SynonymsError;

    fn try_from(file: File) -> Result<Self, SynonymsError> {
        let mut found = Self::default();
        for Column { field, heads, source } in file.column {
            if source.trim().is_empty() {
                return Err(SynonymsError::NoSource(field));
            }
            for head in heads {
                let normal = normal(&head);
                if normal.is_empty() {
                    return Err(SynonymsError::NoLetters(field));
                }
                found.heads.entry(normal).or_default().push(field);
            }
        }
        for Values { field, words, source } in file.value {
            if source.trim().is_empty() {
                return Err(SynonymsError::NoSource(field));
            }
            found.values.entry(field).or_default().extend(words);
        }
        Ok(found)
    }
}

impl Synonyms {
    /// The fields that a head may mean.
    pub fn fields_of(&self, head: &str) -> &[Field] {
        self.heads.get(&normal(head)).map_or(&[], Vec::as_slice)
    }

    /// The code that a word of a field stands for.
    pub fn code_of(&self, field: Field, word: &str) -> Option<&str> {
        self.values.get(&field)?.get(word).map(String::as_str)
    }
}

/// Letters and digits alone, in lower case: `Plate_No.` is `plateno`. What stands in brackets is a unit or a remark.
fn normal(head: &str) -> String {
    let before_bracket = head.split(['(', '（', '[', '【']).next().unwrap_or_default();
    let text = if before_bracket.trim().is_empty() { head } else { before_bracket };
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
