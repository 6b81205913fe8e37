//! Which offence codes of cameras mean which behaviour: data, read by the binary and handed in as a value.

use domain::Behaviour;
use serde::Deserialize;
use smol_str::SmolStr;
use std::collections::HashMap;

/// Digits of a code of the public security industry (GA/T 16.31, formerly GA 408.1): kind, points, two of sequence. A fifth
/// digit tells variants of one offence apart.
const CODE_DIGITS: usize = 4;

/// Offence codes (交通违法行为代码) and what each says that a camera saw. Codes that mean no [`Behaviour`] are not in it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "File")]
pub struct OffenceCodes(HashMap<SmolStr, Behaviour>);

/// Why a table of offence codes can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OffenceCodesError {
    /// Not four or five digits.
    #[error("offence code {code:?} does not have four or five digits")]
    Code {
        /// As written.
        code: SmolStr,
    },
    /// Not a behaviour that is known.
    #[error("offence code {code}: there is no behaviour {behaviour:?}")]
    Behaviour {
        /// Of the line.
        code: SmolStr,
        /// As written.
        behaviour: SmolStr,
    },
    /// In the table twice.
    #[error("offence code {code} is there twice")]
    Twice {
        /// Of the lines.
        code: SmolStr,
    },
    /// A fact that nobody can check.
    #[error("offence code {code} needs its words (zh, en) and a source")]
    Unexplained {
        /// Of the line.
        code: SmolStr,
    },
}

/// The table as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    offence: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    code: SmolStr,
    behaviour: SmolStr,
    zh: SmolStr,
    en: SmolStr,
    source: SmolStr,
}

impl OffenceCodes {
    /// What a camera says that it saw by writing this code; `None` for normal driving, for offences that are no
    /// [`Behaviour`], and for anything else. A fifth character that the table does not know is a variant of the four.
    pub fn behaviour(&self, code: &str) -> Option<Behaviour> {
        let code = code.trim();
        let variant_of = || code.get(..CODE_DIGITS).filter(|_| code.chars().count() == CODE_DIGITS + 1);
        self.0.get(code).or_else(|| self.0.get(variant_of()?)).copied()
    }

    /// How many codes are known.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(&'static str, Behaviour)> for OffenceCodes {
    fn from_iter<I: IntoIterator<Item = (&'static str, Behaviour)>>(codes: I) -> Self {
        Self(codes.into_iter().map(|(code, behaviour)| (SmolStr::new_static(code), behaviour)).collect())
    }
}

impl TryFrom<File> for OffenceCodes {
    type Error = OffenceCodesError;

    fn try_from(file: File) -> Result<Self, OffenceCodesError> {
        let mut codes = HashMap::with_capacity(file.offence.len());
        for Line { code, behaviour, zh, en, source } in file.offence {
            let is_code = (CODE_DIGITS..=CODE_DIGITS + 1).contains(&code.len())
                && code.bytes().all(|byte| byte.is_ascii_digit());
            if !is_code {
                return Err(OffenceCodesError::Code { code });
            }
            if [&zh, &en, &source].into_iter().any(|text| text.trim().is_empty()) {
                return Err(OffenceCodesError::Unexplained { code });
            }
            let Some(known) = Behaviour::parse(&behaviour) else {
                return Err(OffenceCodesError::Behaviour { code, behaviour });
            };
            if codes.insert(code.clone(), known).is_some() {
                return Err(OffenceCodesError::Twice { code });
            }
        }
        Ok(Self(codes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(lines: &[(&str, &str, &str)]) -> Result<OffenceCodes, OffenceCodesError> {
        let offence = lines.iter().map(|(code, behaviour, source)| Line {
            code: (*code).into(),
            behaviour: (*behaviour).into(),
            zh: "中".into(),
            en: "en".into(),
            source: (*source).into(),
        });
        OffenceCodes::try_from(File { offence: offence.collect() })
    }

    #[test]
    fn a_code_is_known_as_it_is_written_and_in_its_variants() {
        let codes = table(&[("1301", "wrong_way", "x"), ("13015", "phone", "x")]).unwrap();
        for (text, behaviour) in [
            ("1301", Some(Behaviour::WrongWay)),
            (" 1301 ", Some(Behaviour::WrongWay)),
            ("13010", Some(Behaviour::WrongWay)),
            ("1301A", Some(Behaviour::WrongWay)),
            ("13015", Some(Behaviour::Phone)),
            ("130100", None),
            ("130", None),
            ("0", None),
            ("", None),
            ("1302", None),
            ("逆行", None),
            ("1301逆", Some(Behaviour::WrongWay)),
            ("逆1301", None),
        ] {
            assert_eq!(codes.behaviour(text), behaviour, "{text}");
        }
        assert_eq!((codes.len(), codes.is_empty()), (2, false));
        assert!(OffenceCodes::default().behaviour("1301").is_none());
    }

    #[test]
    fn a_table_that_nobody_can_check_is_refused() {
        let code = |code: &str| SmolStr::from(code);
        for (lines, error) in [
            (vec![("130", "phone", "x")], OffenceCodesError::Code { code: code("130") }),
            (vec![("13o1", "phone", "x")], OffenceCodesError::Code { code: code("13o1") }),
            (vec![("1223", "phone", " ")], OffenceCodesError::Unexplained { code: code("1223") }),
            (
                vec![("1223", "phoning", "x")],
                OffenceCodesError::Behaviour { code: code("1223"), behaviour: code("phoning") },
            ),
            (
                vec![("1223", "phone", "x"), ("1223", "no_belt", "x")],
                OffenceCodesError::Twice { code: code("1223") },
            ),
        ] {
            assert_eq!(table(&lines).unwrap_err(), error);
        }
    }
}
