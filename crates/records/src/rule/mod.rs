//! Rules that users write (自定义规则), with all their versions: draft, review by a second person, in force, retired.
//! What comes into force and what leaves it also goes to the journal, through the outbox.

mod change;

pub use change::{NewDraft, RuleError};

use crate::error::{During, StoreError, damaged};
use crate::store::{Records, narrow, time_of};
use crate::warning::{level_code, level_of};
use domain::{Rule, RuleId, Timestamp};
use sea_orm::entity::prelude::*;
use sea_orm::{DbErr, QueryOrder};
use smol_str::SmolStr;
use std::collections::BTreeMap;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "rule")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        /// Grows with each change; what a change is checked against.
        pub version: i32,
        pub created_by: String,
        pub created_at: i64,
        pub retired_by: Option<String>,
        pub retired_at: Option<i64>,
        pub retire_reason: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod number {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "rule_version")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub rule_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i32,
        pub state: String,
        pub name: String,
        pub condition: String,
        pub level: i32,
        pub once_per_minutes: i64,
        pub actionable_seconds: i64,
        pub reason: String,
        /// JSON list of usernames, in the order of their first edit.
        pub authors: String,
        pub written_at: i64,
        pub submitted_at: Option<i64>,
        pub reviewer: Option<String>,
        pub reviewed_at: Option<i64>,
        pub review_note: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Where a version of a rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleState {
    /// It is written.
    Draft,
    /// A second person is to look at it.
    Review,
    /// Passages are judged by it.
    InForce,
    /// A later version took its place, or the rule was retired.
    Retired,
}

impl RuleState {
    /// The word used in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Review => "review",
            Self::InForce => "in_force",
            Self::Retired => "retired",
        }
    }

    /// The state of a key.
    pub fn parse(key: &str) -> Option<Self> {
        [Self::Draft, Self::Review, Self::InForce, Self::Retired].into_iter().find(|state| state.key() == key)
    }
}

/// One version of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleVersion {
    /// What is judged by, with its number.
    pub rule: Rule,
    /// Where it stands.
    pub state: RuleState,
    /// Why it was written.
    pub reason: SmolStr,
    /// Who wrote it: usernames, in the order of their first edit.
    pub authors: Vec<SmolStr>,
    /// When it was last written at.
    pub written_at: Timestamp,
    /// When it was last given to review.
    pub submitted_at: Option<Timestamp>,
    /// What the second person said last.
    pub review: Option<Review>,
}

/// What a second person said of a version: it came into force with it, or went back to its authors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Username.
    pub by: SmolStr,
    /// When.
    pub at: Timestamp,
    /// What there is to say.
    pub note: String,
}

/// A rule with its versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleRecord {
    /// Identity.
    pub id: RuleId,
    /// Grows with each change of the rule or a version of it.
    pub version: u32,
    /// Username.
    pub created_by: SmolStr,
    /// When.
    pub created_at: Timestamp,
    /// Who retired it, when and why.
    pub retirement: Option<(SmolStr, Timestamp, SmolStr)>,
    /// Its versions, oldest first; never empty.
    pub versions: Vec<RuleVersion>,
}

impl RuleRecord {
    /// The version that passages are judged by.
    pub fn in_force(&self) -> Option<&RuleVersion> {
        self.versions.iter().find(|version| version.state == RuleState::InForce)
    }

    /// The version that is being written or reviewed.
    pub fn draft(&self) -> Option<&RuleVersion> {
        self.versions.iter().find(|version| matches!(version.state, RuleState::Draft | RuleState::Review))
    }

    /// The version that a list shows: the one in force, else the newest.
    pub fn shown(&self) -> Option<&RuleVersion> {
        self.in_force().or_else(|| self.versions.last())
    }

    /// Where the rule stands: in force while a version is, however far the next one has come.
    pub fn state(&self) -> RuleState {
        let standing = self.in_force().or_else(|| self.draft());
        standing.map_or(RuleState::Retired, |version| version.state)
    }
}

impl Records {
    /// One rule with its versions.
    pub async fn rule(&self, id: &RuleId) -> Result<Option<RuleRecord>, StoreError> {
        let read = async {
            let Some(row) = row::Entity::find_by_id(id.as_str()).one(self.reader()).await? else {
                return Ok(None);
            };
            let numbers = number::Entity::find().filter(number::Column::RuleId.eq(id.as_str()));
            let numbers = numbers.order_by_asc(number::Column::Number).all(self.reader()).await?;
            record_of(row, numbers).map(Some)
        };
        read.await.during("read a rule")
    }

    /// All rules with their versions, by id; a county has some dozens.
    pub async fn all_rules(&self) -> Result<Vec<RuleRecord>, StoreError> {
        let list = async {
            let rows = row::Entity::find().order_by_asc(row::Column::Id).all(self.reader()).await?;
            let mut numbers: BTreeMap<String, Vec<number::Model>> = BTreeMap::new();
            let found = number::Entity::find().order_by_asc(number::Column::Number);
            for number in found.all(self.reader()).await? {
                numbers.entry(number.rule_id.clone()).or_default().push(number);
            }
            let record = |row: row::Model| {
                let numbers = numbers.remove(&row.id).unwrap_or_default();
                record_of(row, numbers)
            };
            rows.into_iter().map(record).collect::<Result<_, DbErr>>()
        };
        list.await.during("list rules")
    }
}

fn record_of(row: row::Model, numbers: Vec<number::Model>) -> Result<RuleRecord, DbErr> {
    let retirement = match (row.retired_by, row.retired_at, row.retire_reason) {
        (Some(by), Some(at), Some(reason)) => Some((by.into(), time_of(at), reason.into())),
        _ => None,
    };
    Ok(RuleRecord {
        id: RuleId::from(row.id.as_str()),
        version: narrow("rule", row.version)?,
        created_by: row.created_by.into(),
        created_at: time_of(row.created_at),
        retirement,
        versions: numbers.into_iter().map(version_of).collect::<Result<_, _>>()?,
    })
}

fn version_of(row: number::Model) -> Result<RuleVersion, DbErr> {
    const TABLE: &str = "rule_version";
    let review = match (row.reviewer, row.reviewed_at) {
        (Some(by), Some(at)) => {
            Some(Review { by: by.into(), at: time_of(at), note: row.review_note.unwrap_or_default() })
        }
        _ => None,
    };
    Ok(RuleVersion {
        rule: Rule {
            id: RuleId::from(row.rule_id.as_str()),
            version: narrow(TABLE, row.number)?,
            name: row.name.into(),
            condition: row.condition.into(),
            level: level_of(row.level)?,
            once_per_minutes: narrow(TABLE, row.once_per_minutes)?,
            actionable_seconds: narrow(TABLE, row.actionable_seconds)?,
        },
        state: RuleState::parse(&row.state).ok_or_else(|| damaged(TABLE, &row.state))?,
        reason: row.reason.into(),
        authors: serde_json::from_str(&row.authors).map_err(|e| damaged(TABLE, e))?,
        written_at: time_of(row.written_at),
        submitted_at: row.submitted_at.map(time_of),
        review,
    })
}

fn row_of(version: &RuleVersion) -> Result<number::Model, DbErr> {
    let RuleVersion { rule, state, reason, authors, written_at, submitted_at, review } = version;
    Ok(number::Model {
        rule_id: rule.id.to_string(),
        number: rule.version.into(),
        state: state.key().to_owned(),
        name: rule.name.to_string(),
        condition: rule.condition.to_string(),
        level: level_code(rule.level),
        once_per_minutes: rule.once_per_minutes.into(),
        actionable_seconds: rule.actionable_seconds.into(),
        reason: reason.to_string(),
        authors: serde_json::to_string(authors).map_err(|e| DbErr::Json(e.to_string()))?,
        written_at: written_at.unix_ms(),
        submitted_at: submitted_at.map(Timestamp::unix_ms),
        reviewer: review.as_ref().map(|review| review.by.to_string()),
        reviewed_at: review.as_ref().map(|review| review.at.unix_ms()),
        review_note: review.as_ref().map(|review| review.note.clone()),
    })
}
