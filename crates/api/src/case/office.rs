//! By what cases are worked, in memory: units, people, terms, limits, categories of hazards. Files give the defaults
//! (`data/cases.toml`, `data/hazards.toml`), the settings what a county changed.

use crate::app::App;
use domain::case::{Calendar, CategoryLimits, Limits, Term, Terms, WorkTime};
use domain::stage::education::Audience;
use domain::stage::hazard::HazardKind;
use domain::{CivilDay, Desk, ModelId, UnitId};
use records::{StoreError, User};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use utoipa::ToSchema;

/// The setting that holds the terms that a county changed, as JSON.
pub(super) const TERMS_SETTING: &str = "case_terms";

/// What the files say.
#[derive(Clone, Debug)]
pub struct CaseFiles {
    terms: Terms,
    limits: Limits,
    /// Categories of hazards with their questions.
    pub(crate) categories: Vec<Category>,
    /// Of which models cases are told to whom.
    pub(crate) local_cases: BTreeMap<Audience, Vec<ModelId>>,
}

/// A category of hazards.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct Category {
    /// Its word.
    pub key: String,
    /// `road`, `person`, `vehicle`, `enterprise`.
    #[schema(value_type = String)]
    pub hazard_kind: HazardKind,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
    /// What is asked about it.
    #[serde(default)]
    pub questions: Vec<Question>,
    /// A crash nearer than this falls on it, in metres.
    #[serde(default)]
    pub crash_m_max: Option<u32>,
}

impl Category {
    /// What the state machine asks of hazards of this category.
    fn limits(&self) -> CategoryLimits {
        let required = self.questions.iter().filter(|question| question.is_required);
        CategoryLimits {
            crash_m_max: self.crash_m_max,
            required: required.map(|question| SmolStr::new(&question.key)).collect(),
        }
    }
}

/// A question about a hazard.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct Question {
    /// Its word.
    pub key: String,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
    /// `choice`, `yes_no`, `text`, `number`.
    #[serde(rename = "type")]
    pub answer: String,
    /// What can be chosen.
    #[serde(default)]
    pub options: Vec<String>,
    /// Whether it has to be answered.
    #[serde(default)]
    pub is_required: bool,
}

#[derive(Deserialize)]
struct CasesFile {
    escalate_percent: u8,
    limits: Limits,
    terms: Vec<Term>,
    calendar: CalendarFile,
    #[serde(default)]
    local_cases: BTreeMap<String, Vec<String>>,
}

/// When work is done.
#[derive(Deserialize, Serialize, Clone, Debug, ToSchema)]
pub(crate) struct CalendarFile {
    /// Parts of a working day, in order.
    pub hours: Vec<HoursFile>,
    /// Days off besides weekends: `2026-10-01`.
    #[schema(value_type = Vec<String>)]
    pub holidays: BTreeSet<String>,
    /// Saturdays and Sundays that are worked.
    #[schema(value_type = Vec<String>)]
    pub working_weekends: BTreeSet<String>,
}

/// A part of a working day.
#[derive(Deserialize, Serialize, Clone, Debug, ToSchema)]
pub(crate) struct HoursFile {
    /// `08:30`
    pub from: String,
    /// `12:00`
    pub until: String,
}

#[derive(Deserialize)]
struct HazardsFile {
    categories: Vec<Category>,
}

/// A file that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CaseFileError {
    /// Not TOML of this form.
    #[error("{0}")]
    Form(#[from] toml::de::Error),
    /// A day or a time that is none.
    #[error("{0} is no day or time")]
    Time(String),
    /// A word that means nothing here.
    #[error("{0} is no audience or model")]
    Word(String),
}

impl CaseFiles {
    /// Reads the texts of `cases.toml` and `hazards.toml`.
    pub fn read(cases: &str, hazards: &str) -> Result<Self, CaseFileError> {
        let file: CasesFile = toml::from_str(cases)?;
        let hazards: HazardsFile = toml::from_str(hazards)?;
        let terms = Terms {
            terms: file.terms,
            calendar: calendar_of(&file.calendar)?,
            escalate_percent: file.escalate_percent,
        };
        let by_key = |it: &Category| (SmolStr::new(&it.key), it.limits());
        let limits = Limits { hazards: hazards.categories.iter().map(by_key).collect(), ..file.limits };
        let mut local_cases = BTreeMap::new();
        for (audience, models) in file.local_cases {
            let wrong = |word: String| CaseFileError::Word(word);
            let models = models.into_iter().map(|word| ModelId::parse(&word).ok_or_else(|| wrong(word)));
            let models = models.collect::<Result<Vec<_>, _>>()?;
            local_cases.insert(Audience::parse(&audience).ok_or(CaseFileError::Word(audience))?, models);
        }
        Ok(Self { terms, limits, categories: hazards.categories, local_cases })
    }
}

pub(crate) fn calendar_of(file: &CalendarFile) -> Result<Calendar, CaseFileError> {
    let wrong = |text: &str| CaseFileError::Time(text.to_owned());
    let days = |texts: &BTreeSet<String>| -> Result<BTreeSet<CivilDay>, CaseFileError> {
        texts.iter().map(|text| CivilDay::parse(text).ok_or_else(|| wrong(text))).collect()
    };
    let minute = |text: &str| -> Result<u16, CaseFileError> {
        let (hour, minute) = text.split_once(':').ok_or_else(|| wrong(text))?;
        let (hour, minute): (u16, u16) =
            (hour.parse().map_err(|_| wrong(text))?, minute.parse().map_err(|_| wrong(text))?);
        if hour > 24 || minute > 59 { Err(wrong(text)) } else { Ok(hour * 60 + minute) }
    };
    let hours = file
        .hours
        .iter()
        .map(|time| Ok(WorkTime { from_minute: minute(&time.from)?, until_minute: minute(&time.until)? }));
    Ok(Calendar {
        hours: hours.collect::<Result<_, CaseFileError>>()?,
        holidays: days(&file.holidays)?,
        working_weekends: days(&file.working_weekends)?,
    })
}

/// Units, people, terms: the state behind cases, read anew when one of them changes.
#[derive(Debug, Default)]
pub struct Office {
    /// What the state machines are given.
    pub desk: Desk,
    /// Who works here.
    pub users: Vec<User>,
    /// Names of people by username.
    pub people: BTreeMap<SmolStr, SmolStr>,
}

impl Office {
    /// The name of a person; the username of one who is not known.
    pub(crate) fn person(&self, username: &str) -> String {
        let name = self.people.get(username).filter(|name| !name.is_empty());
        name.map_or_else(|| username.to_owned(), ToString::to_string)
    }

    /// The name of a unit.
    pub(crate) fn unit(&self, id: UnitId) -> String {
        self.desk.units.get(id).map_or_else(|| id.to_string(), |unit| unit.name.to_string())
    }
}

impl App {
    /// Reads units, people and terms anew.
    pub async fn load_office(&self) -> Result<(), StoreError> {
        let users = self.records.users().await?;
        let units = self.units.load_full();
        let mut staffed = BTreeSet::new();
        for user in users.iter().filter(|user| user.is_enabled) {
            let Some(unit) = user.unit else { continue };
            let allowed = domain::Permission::ALL.iter().filter(|permission| user.roles.allow(**permission));
            staffed.extend(allowed.map(|permission| (unit, SmolStr::new_static(permission.key()))));
        }
        let terms = match self.records.setting::<Terms>(TERMS_SETTING).await {
            Err(error) if error.fault == records::Fault::Damaged => {
                tracing::error!(%error, "the stored terms can't be read; those of the file hold");
                None
            }
            other => other?,
        };
        let desk = Desk {
            units: units.as_ref().clone(),
            terms: terms.unwrap_or_else(|| self.case_files.terms.clone()),
            limits: self.case_files.limits.clone(),
            staffed,
            places: self.records.checkpoint_units().await?,
        };
        let people = users.iter().map(|user| (user.username.clone(), user.display_name.clone())).collect();
        self.office.store(Arc::new(Office { desk, users, people }));
        Ok(())
    }
}
