//! Back-tests (回测): what was tried against which period, what came of it, and each warning that it found or missed.

use crate::error::{During, StoreError, damaged};
use crate::page::{Page, Window};
use crate::store::{Records, insert, key_of, plate_code, time_of};
use crate::warning::{level_code, level_of};
use domain::{CheckpointId, Level, ModelId, RuleId, Timestamp, VehicleKey, Verdict, WarningId};
use sea_orm::entity::prelude::*;
use sea_orm::{ActiveModelTrait, Condition, DbErr, IntoActiveModel, NotSet, QueryOrder, QuerySelect, Set};
use smol_str::SmolStr;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "back_test")]
    #[expect(clippy::struct_field_names, reason = "the model that was tried, not SeaORM's")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub model: String,
        pub rule: Option<String>,
        pub rule_version: Option<i32>,
        pub tested: String,
        pub from_at: i64,
        pub until_at: i64,
        pub summary: String,
        pub created_by: String,
        pub created_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod found_row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "back_test_warning")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub back_test_id: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i32,
        pub warning_id: String,
        pub outcome: String,
        pub verdict: Option<String>,
        pub plate_text: String,
        pub plate_code: Option<i64>,
        pub plate_class: Option<i32>,
        pub device: Option<String>,
        pub checkpoint: Option<String>,
        pub level: i32,
        pub occurred_at: i64,
        pub is_historical: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// How a warning of a back-test compares with those that were raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundOutcome {
    /// Found, and raised then.
    Both,
    /// Found only now.
    New,
    /// Raised then and not found now.
    Missing,
}

impl FoundOutcome {
    /// All.
    pub const ALL: [Self; 3] = [Self::Both, Self::New, Self::Missing];

    /// The word in the database and the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::New => "new",
            Self::Missing => "missing",
        }
    }

    /// The outcome of a key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.key() == key)
    }
}

/// A warning that a back-test found or missed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundWarning {
    /// Of a warning that was raised, its identity; else the one that it would have had.
    pub warning: WarningId,
    /// How it compares.
    pub outcome: FoundOutcome,
    /// What officers said of the one that was raised.
    pub verdict: Option<Verdict>,
    /// As it was read.
    pub plate_text: SmolStr,
    /// Whom it is about.
    pub vehicle: Option<VehicleKey>,
    /// The terminal, where it comes from one.
    pub device: Option<SmolStr>,
    /// Where.
    pub checkpoint: Option<CheckpointId>,
    /// How urgent.
    pub level: Level,
    /// When.
    pub occurred_at: Timestamp,
    /// Too late to act on.
    pub is_historical: bool,
}

/// A back-test with its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBackTest {
    /// The model that was tried.
    pub model: ModelId,
    /// The rule and its version, where it was one that is written down.
    pub rule: Option<(RuleId, u16)>,
    /// What was tried, as JSON.
    pub tested: String,
    /// Warnings that occurred from here on.
    pub from: Timestamp,
    /// Warnings that occurred before.
    pub until: Timestamp,
    /// Figures, as JSON.
    pub summary: String,
    /// Username.
    pub created_by: SmolStr,
    /// When it was over.
    pub created_at: Timestamp,
}

/// A stored back-test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackTestRecord {
    /// Identity.
    pub id: i64,
    /// What it is.
    pub test: NewBackTest,
}

/// Which back-tests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackTestFilter {
    /// Of this model.
    pub model: Option<ModelId>,
    /// Of this rule.
    pub rule: Option<RuleId>,
}

impl Records {
    /// Stores a back-test with all that it found, whole or not at all. Gives its identity.
    pub async fn add_back_test(&self, test: &NewBackTest, found: &[FoundWarning]) -> Result<i64, StoreError> {
        let add = async {
            let tx = self.begin().await?;
            let row = row::ActiveModel {
                id: NotSet,
                model: Set(test.model.key().to_owned()),
                rule: Set(test.rule.as_ref().map(|(id, _)| id.to_string())),
                rule_version: Set(test.rule.as_ref().map(|(_, version)| i32::from(*version))),
                tested: Set(test.tested.clone()),
                from_at: Set(test.from.unix_ms()),
                until_at: Set(test.until.unix_ms()),
                summary: Set(test.summary.clone()),
                created_by: Set(test.created_by.to_string()),
                created_at: Set(test.created_at.unix_ms()),
            };
            let id = row.insert(&tx).await?.id;
            let rows = found.iter().zip(0..).map(|(found, number)| {
                found_row::Model {
                    back_test_id: id,
                    number,
                    warning_id: found.warning.to_string(),
                    outcome: found.outcome.key().to_owned(),
                    verdict: found.verdict.map(|verdict| verdict.key().to_owned()),
                    plate_text: found.plate_text.to_string(),
                    plate_code: found.vehicle.map(|key| plate_code(key.plate)),
                    plate_class: found.vehicle.map(|key| i32::from(key.class.0)),
                    device: found.device.as_ref().map(ToString::to_string),
                    checkpoint: found.checkpoint.as_ref().map(ToString::to_string),
                    level: level_code(found.level),
                    occurred_at: found.occurred_at.unix_ms(),
                    is_historical: found.is_historical,
                }
                .into_active_model()
            });
            insert(&tx, rows.collect()).await?;
            tx.commit().await?;
            Ok(id)
        };
        add.await.during("store a back-test")
    }

    /// A back-test.
    pub async fn back_test(&self, id: i64) -> Result<Option<BackTestRecord>, StoreError> {
        let read = async { row::Entity::find_by_id(id).one(self.reader()).await?.map(test_of).transpose() };
        read.await.during("read a back-test")
    }

    /// Back-tests, newest first.
    pub async fn back_tests(
        &self,
        filter: &BackTestFilter,
        window: Window,
    ) -> Result<Page<BackTestRecord>, StoreError> {
        let list = async {
            let condition = Condition::all()
                .add_option(filter.model.map(|model| row::Column::Model.eq(model.key())))
                .add_option(filter.rule.as_ref().map(|rule| row::Column::Rule.eq(rule.as_str())));
            let found = row::Entity::find().filter(condition);
            let total = found.clone().count(self.reader()).await?;
            let found = found.order_by_desc(row::Column::Id).offset(window.offset).limit(window.limit());
            let rows = found.all(self.reader()).await?;
            Ok(Page { items: rows.into_iter().map(test_of).collect::<Result<_, DbErr>>()?, total })
        };
        list.await.during("list back-tests")
    }

    /// What a back-test found, by time.
    pub async fn back_test_warnings(
        &self,
        id: i64,
        outcome: Option<FoundOutcome>,
        window: Window,
    ) -> Result<Page<FoundWarning>, StoreError> {
        use found_row::{Column, Entity};
        let list = async {
            let condition = Condition::all()
                .add(Column::BackTestId.eq(id))
                .add_option(outcome.map(|outcome| Column::Outcome.eq(outcome.key())));
            let found = Entity::find().filter(condition);
            let total = found.clone().count(self.reader()).await?;
            let found = found.order_by_asc(Column::Number).offset(window.offset).limit(window.limit());
            let rows = found.all(self.reader()).await?;
            Ok(Page { items: rows.into_iter().map(found_of).collect::<Result<_, DbErr>>()?, total })
        };
        list.await.during("list what a back-test found")
    }

    /// Removes a back-test with what it found; false when there was none.
    pub async fn remove_back_test(&self, id: i64) -> Result<bool, StoreError> {
        let remove = async {
            let tx = self.begin().await?;
            found_row::Entity::delete_many().filter(found_row::Column::BackTestId.eq(id)).exec(&tx).await?;
            let removed = row::Entity::delete_by_id(id).exec(&tx).await?;
            tx.commit().await?;
            Ok(removed.rows_affected > 0)
        };
        remove.await.during("remove a back-test")
    }
}

fn test_of(row: row::Model) -> Result<BackTestRecord, DbErr> {
    let rule =
        row.rule.zip(row.rule_version).map(|(id, version)| (RuleId::from(id.as_str()), version as u16));
    Ok(BackTestRecord {
        id: row.id,
        test: NewBackTest {
            model: ModelId::parse(&row.model).ok_or_else(|| damaged("back-test", &row.model))?,
            rule,
            tested: row.tested,
            from: time_of(row.from_at),
            until: time_of(row.until_at),
            summary: row.summary,
            created_by: row.created_by.into(),
            created_at: time_of(row.created_at),
        },
    })
}

fn found_of(row: found_row::Model) -> Result<FoundWarning, DbErr> {
    let vehicle = row.plate_code.zip(row.plate_class).map(|(code, class)| key_of(code, class)).transpose()?;
    let verdict =
        row.verdict.as_deref().map(|key| Verdict::parse(key).ok_or_else(|| damaged("verdict", key)));
    Ok(FoundWarning {
        warning: WarningId::parse(&row.warning_id).ok_or_else(|| damaged("warning", &row.warning_id))?,
        outcome: FoundOutcome::parse(&row.outcome).ok_or_else(|| damaged("back-test", &row.outcome))?,
        verdict: verdict.transpose()?,
        plate_text: row.plate_text.into(),
        vehicle,
        device: row.device.map(Into::into),
        checkpoint: row.checkpoint.map(|id| CheckpointId::from(id.as_str())),
        level: level_of(row.level)?,
        occurred_at: time_of(row.occurred_at),
        is_historical: row.is_historical,
    })
}
