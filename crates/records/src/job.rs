//! Jobs (长时间任务): imports, exports, back-tests. What was asked, by whom, how far it has come and how it ended. The work
//! itself is somewhere else; a job that ran when the process ended is marked as interrupted at the next start.

use crate::error::{During, StoreError, damaged};
use crate::page::{Page, Window};
use crate::store::{Records, time_of};
use domain::Timestamp;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, Condition, DbErr, NotSet, QueryOrder, QuerySelect, Set};
use smol_str::SmolStr;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "job")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub kind: String,
        pub title: String,
        pub parameters: String,
        pub state: String,
        pub done: i64,
        pub total: Option<i64>,
        pub result: Option<String>,
        pub problem: Option<String>,
        pub created_by: String,
        pub created_at: i64,
        pub started_at: Option<i64>,
        pub ended_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Identity of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub i64);

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// For its turn.
    Waiting,
    /// At work.
    Running,
    /// Ended with a result.
    Done,
    /// Ended without one; the problem says why.
    Failed,
    /// Ended because somebody said so.
    Cancelled,
    /// The process ended while it was waiting or running.
    Interrupted,
}

impl JobState {
    /// All, in the order of a job's life.
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Running, Self::Done, Self::Failed, Self::Cancelled, Self::Interrupted];

    /// The word in the database and the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }

    /// The state of a key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.key() == key)
    }

    /// Whether nothing more happens to it.
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Waiting | Self::Running)
    }
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// Which work: `history_export`.
    pub kind: SmolStr,
    /// What it is about, in the user's words: a file's name, a rule's name.
    pub title: String,
    /// What it was asked to do, as JSON.
    pub parameters: String,
    /// Username.
    pub created_by: SmolStr,
    /// When.
    pub created_at: Timestamp,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRecord {
    /// Identity.
    pub id: JobId,
    /// What was asked for.
    pub asked: NewJob,
    /// Where it stands.
    pub state: JobState,
    /// Units of work done; what a unit is, depends on the kind.
    pub done: u64,
    /// Units in all, where known.
    pub total: Option<u64>,
    /// What came out, as JSON.
    pub result: Option<String>,
    /// Why it failed, as JSON with a text in each language.
    pub problem: Option<String>,
    /// When its work began.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobEnd {
    /// With this result, as JSON.
    Done(String),
    /// For this reason, as JSON with a text in each language.
    Failed(String),
    /// Somebody said so.
    Cancelled,
}

/// Which jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Of this user.
    pub created_by: Option<String>,
    /// Of this kind.
    pub kind: Option<String>,
    /// In one of these states; empty means any.
    pub states: Vec<JobState>,
}

impl Records {
    /// Stores a job that waits for its turn.
    pub async fn add_job(&self, asked: NewJob) -> Result<JobRecord, StoreError> {
        let add = async {
            let row = row::ActiveModel {
                id: NotSet,
                kind: Set(asked.kind.to_string()),
                title: Set(asked.title),
                parameters: Set(asked.parameters),
                state: Set(JobState::Waiting.key().to_owned()),
                done: Set(0),
                total: Set(None),
                result: Set(None),
                problem: Set(None),
                created_by: Set(asked.created_by.to_string()),
                created_at: Set(asked.created_at.unix_ms()),
                started_at: Set(None),
                ended_at: Set(None),
            };
            job_of(row.insert(self.writer()).await?)
        };
        add.await.during("store a job")
    }

    /// Its work begins.
    pub async fn begin_job(&self, id: JobId, now: Timestamp) -> Result<(), StoreError> {
        self.change_job(id, |row| {
            row.state = Set(JobState::Running.key().to_owned());
            row.started_at = Set(Some(now.unix_ms()));
        })
        .await
        .during("begin a job")
    }

    /// How far it has come.
    pub async fn note_job_progress(
        &self,
        id: JobId,
        done: u64,
        total: Option<u64>,
    ) -> Result<(), StoreError> {
        self.change_job(id, |row| {
            row.done = Set(done as i64);
            row.total = Set(total.map(|total| total as i64));
        })
        .await
        .during("note the progress of a job")
    }

    /// It is over.
    pub async fn end_job(
        &self,
        id: JobId,
        end: JobEnd,
        done: u64,
        total: Option<u64>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.change_job(id, |row| {
            let (state, result, problem) = match end {
                JobEnd::Done(result) => (JobState::Done, Some(result), None),
                JobEnd::Failed(problem) => (JobState::Failed, None, Some(problem)),
                JobEnd::Cancelled => (JobState::Cancelled, None, None),
            };
            row.state = Set(state.key().to_owned());
            row.result = Set(result);
            row.problem = Set(problem);
            row.done = Set(done as i64);
            row.total = Set(total.map(|total| total as i64));
            row.ended_at = Set(Some(now.unix_ms()));
        })
        .await
        .during("end a job")
    }

    /// At the start: what was waiting or running when the last process ended. Gives how many.
    pub async fn interrupt_jobs(&self, now: Timestamp) -> Result<u64, StoreError> {
        let open = [JobState::Waiting, JobState::Running].map(JobState::key);
        let update = row::Entity::update_many()
            .col_expr(row::Column::State, Expr::value(JobState::Interrupted.key()))
            .col_expr(row::Column::EndedAt, Expr::value(now.unix_ms()))
            .filter(row::Column::State.is_in(open));
        Ok(update.exec(self.writer()).await.during("interrupt jobs")?.rows_affected)
    }

    /// A job.
    pub async fn job(&self, id: JobId) -> Result<Option<JobRecord>, StoreError> {
        let read = async { row::Entity::find_by_id(id.0).one(self.reader()).await?.map(job_of).transpose() };
        read.await.during("read a job")
    }

    /// Jobs, newest first.
    pub async fn jobs(&self, filter: &JobFilter, window: Window) -> Result<Page<JobRecord>, StoreError> {
        let list = async {
            let found = row::Entity::find().filter(condition(filter));
            let total = found.clone().count(self.reader()).await?;
            let found = found.order_by_desc(row::Column::Id).offset(window.offset).limit(window.limit());
            let rows = found.all(self.reader()).await?;
            Ok(Page { items: rows.into_iter().map(job_of).collect::<Result<_, DbErr>>()?, total })
        };
        list.await.during("list jobs")
    }

    /// Jobs that were over before `before`; their rows are gone. Gives their identities, for their files.
    pub async fn forget_jobs(&self, before: Timestamp) -> Result<Vec<JobId>, StoreError> {
        let forget = async {
            let old = Condition::all().add(row::Column::EndedAt.lt(before.unix_ms()));
            let tx = self.begin().await?;
            let ids: Vec<i64> = row::Entity::find()
                .select_only()
                .column(row::Column::Id)
                .filter(old.clone())
                .into_tuple()
                .all(&tx)
                .await?;
            row::Entity::delete_many().filter(old).exec(&tx).await?;
            tx.commit().await?;
            Ok(ids.into_iter().map(JobId).collect())
        };
        forget.await.during("forget old jobs")
    }

    async fn change_job(&self, id: JobId, change: impl FnOnce(&mut row::ActiveModel)) -> Result<(), DbErr> {
        let mut row = <row::ActiveModel as sea_orm::ActiveModelTrait>::default();
        row.id = sea_orm::Unchanged(id.0);
        change(&mut row);
        row::Entity::update(row).exec(self.writer()).await.map(drop)
    }
}

fn condition(filter: &JobFilter) -> Condition {
    let mut condition = Condition::all()
        .add_option(filter.created_by.as_deref().map(|by| row::Column::CreatedBy.eq(by)))
        .add_option(filter.kind.as_deref().map(|kind| row::Column::Kind.eq(kind)));
    if !filter.states.is_empty() {
        condition = condition.add(row::Column::State.is_in(filter.states.iter().map(|state| state.key())));
    }
    condition
}

fn job_of(row: row::Model) -> Result<JobRecord, DbErr> {
    Ok(JobRecord {
        id: JobId(row.id),
        state: JobState::parse(&row.state).ok_or_else(|| damaged("job", &row.state))?,
        asked: NewJob {
            kind: row.kind.into(),
            title: row.title,
            parameters: row.parameters,
            created_by: row.created_by.into(),
            created_at: time_of(row.created_at),
        },
        done: row.done.max(0) as u64,
        total: row.total.map(|total| total.max(0) as u64),
        result: row.result,
        problem: row.problem,
        started_at: row.started_at.map(time_of),
        ended_at: row.ended_at.map(time_of),
    })
}
