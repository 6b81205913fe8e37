//! Tasks (待办): steps that somebody has to do, with their clocks (时限). Open ones are what pages call "my tasks"; ended ones are
//! what on time, late and never are counted from (`tasks.rs` lists them). The next moment of each running clock is a column
//! with an index: that is the whole timer, and it survives every restart.

use super::CaseError;
use super::row::{case, task as row};
use super::tidings::{self, TidingsRecord, kind_key};
use super::work::{Command, Work, Worked};
use crate::error::{During, StoreError, damaged};
use crate::store::{KEYS_PER_QUERY, Records, time_of};
use crate::warning::{level_code, level_of};
use domain::case::{Audience, Clock, ClockEnd, Moment, Task, Tidings};
use domain::people::UnitId;
use domain::{Actor, CaseKind, ChainId, ClockStep, Desk, Level, Timestamp};
use sea_orm::entity::prelude::*;
use sea_orm::{ConnectionTrait, DbErr, IntoActiveModel, NotSet, QueryOrder, QuerySelect, Set};
use smol_str::SmolStr;

/// What a task is about.
pub(crate) struct Subject {
    /// The case, or the warning.
    pub id: SmolStr,
    /// The kind of case; `None` for a warning.
    pub kind: Option<CaseKind>,
    /// The chain.
    pub chain: ChainId,
    /// How urgent.
    pub level: Level,
    /// The model, or the category.
    pub category: SmolStr,
}

/// A moment of a clock that came.
#[derive(Clone, Debug, PartialEq)]
pub struct Rung {
    /// The task.
    pub task: i64,
    /// The subject.
    pub subject: SmolStr,
    /// Which moment.
    pub moment: Moment,
    /// By how much it was told late, in ms.
    pub lag_ms: i64,
    /// What the platform did by itself.
    pub worked: Option<Worked>,
}

/// Why a clock was not paused or went on.
#[derive(Debug, thiserror::Error)]
pub enum PauseError {
    /// No such task, or it is over.
    #[error("no such open task")]
    NotFound,
    /// Nothing was asked for, it is paused already, or the same person asks and grants.
    #[error("not now, or not by this person")]
    Refused,
    /// Technical failure.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn moment_key(moment: Moment) -> &'static str {
    match moment {
        Moment::Half => "half",
        Moment::Escalate => "escalate",
        Moment::Due => "due",
    }
}

fn moment_of(key: &str) -> Option<Moment> {
    [Moment::Half, Moment::Escalate, Moment::Due].into_iter().find(|moment| moment_key(*moment) == key)
}

/// Gives out a task.
pub(crate) async fn arm(db: &impl ConnectionTrait, subject: &Subject, task: &Task) -> Result<(), DbErr> {
    let clock = task.clock;
    let ms = |at: fn(&Clock) -> Timestamp| clock.as_ref().map(|clock| at(clock).unix_ms());
    let row = row::ActiveModel {
        id: NotSet,
        subject: Set(subject.id.to_string()),
        kind: Set(kind_key(subject.kind).to_owned()),
        chain: Set(subject.chain.as_str().to_owned()),
        step: Set(task.want.step.key().to_owned()),
        level: Set(level_code(subject.level)),
        category: Set(subject.category.to_string()),
        unit: Set(task.unit.0),
        unit_path: Set(task.path.0.to_string()),
        person: Set(task.want.person.as_ref().map(ToString::to_string)),
        permission: Set(task.want.permission.to_owned()),
        armed_at: Set(task.since.unix_ms()),
        half_at: Set(ms(|clock| clock.half_at)),
        escalate_at: Set(ms(|clock| clock.escalate_at)),
        due_at: Set(ms(|clock| clock.due_at)),
        rung: Set(None),
        next_at: Set(ms(|clock| clock.half_at)),
        pause_reason: Set(None),
        pause_asked_by: Set(None),
        pause_granted_by: Set(None),
        paused_at: Set(None),
        ended_at: Set(None),
        ended_by: Set(None),
        end: Set(None),
    };
    row::Entity::insert(row).exec_without_returning(db).await.map(|_| ())
}

/// Ends the open task of a subject: because the step was done, or without.
pub(crate) async fn end(
    db: &impl ConnectionTrait,
    subject: &str,
    at: Timestamp,
    by: &str,
    is_done: bool,
) -> Result<(), DbErr> {
    let open = row::Entity::find()
        .filter(row::Column::Subject.eq(subject))
        .filter(row::Column::EndedAt.is_null())
        .all(db)
        .await?;
    for mut row in open {
        // While it is paused, no time runs: what is done then is in time if it was when the pause began.
        let until = row.paused_at.map_or(at, time_of);
        let end = row.due_at.map_or(if is_done { ClockEnd::OnTime } else { ClockEnd::Void }, |due_at| {
            ClockEnd::of(time_of(due_at), until, is_done)
        });
        row.ended_at = Some(at.unix_ms());
        row.ended_by = Some(by.to_owned());
        row.end = Some(end.key().to_owned());
        row.next_at = None;
        row::Entity::update(row.into_active_model().reset_all()).exec(db).await?;
    }
    Ok(())
}

/// Ends the open tasks of many subjects without their being done.
pub(crate) async fn void(db: &impl ConnectionTrait, subjects: &[String], at: Timestamp) -> Result<(), DbErr> {
    for subjects in subjects.chunks(KEYS_PER_QUERY) {
        let open = row::Entity::find()
            .select_only()
            .column(row::Column::Subject)
            .filter(row::Column::Subject.is_in(subjects))
            .filter(row::Column::EndedAt.is_null())
            .into_tuple::<String>()
            .all(db)
            .await?;
        for subject in open {
            end(db, &subject, at, Actor::PLATFORM, false).await?;
        }
    }
    Ok(())
}

/// Moves the clock of the open task of a subject, whose step goes on: somebody named another end.
pub(crate) async fn move_due(db: &impl ConnectionTrait, subject: &str, task: &Task) -> Result<(), DbErr> {
    let found = row::Entity::find()
        .filter(row::Column::Subject.eq(subject))
        .filter(row::Column::EndedAt.is_null())
        .one(db)
        .await?;
    let (Some(mut row), Some(clock)) = (found, task.clock) else { return Ok(()) };
    row.half_at = Some(clock.half_at.unix_ms());
    row.escalate_at = Some(clock.escalate_at.unix_ms());
    row.due_at = Some(clock.due_at.unix_ms());
    row.rung = None;
    row.next_at = row.paused_at.is_none().then_some(clock.half_at.unix_ms());
    row::Entity::update(row.into_active_model().reset_all()).exec(db).await.map(|_| ())
}

/// The subjects of open tasks that were due before an instant, for a query within another.
pub(crate) fn late_subjects(at: Timestamp) -> sea_orm::sea_query::SelectStatement {
    use sea_orm::QueryTrait;
    row::Entity::find()
        .select_only()
        .column(row::Column::Subject)
        .filter(row::Column::EndedAt.is_null())
        .filter(row::Column::DueAt.lt(at.unix_ms()))
        .into_query()
}

fn clock_of(row: &row::Model) -> Result<Option<Clock>, DbErr> {
    let (Some(half_at), Some(escalate_at), Some(due_at)) = (row.half_at, row.escalate_at, row.due_at) else {
        return Ok(None);
    };
    Ok(Some(Clock {
        step: ClockStep::parse(&row.step).ok_or_else(|| damaged("task", &row.step))?,
        armed_at: time_of(row.armed_at),
        half_at: time_of(half_at),
        escalate_at: time_of(escalate_at),
        due_at: time_of(due_at),
    }))
}

impl Records {
    /// Rings the clocks whose moment has come: people are told, and what the platform does by itself is done. Answers what
    /// rang, a bounded number at a time; ask again at once when it is full.
    pub async fn ring_clocks(&self, now: Timestamp, limit: u64, desk: &Desk) -> Result<Vec<Rung>, CaseError> {
        const OPERATION: &str = "ring clocks";
        let due = row::Entity::find()
            .filter(row::Column::NextAt.lte(now.unix_ms()))
            .order_by_asc(row::Column::NextAt)
            .limit(limit)
            .all(self.reader())
            .await
            .during(OPERATION)?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let mut work = Work::begin(self, &Command::of_platform(now, desk)).await?;
        let mut rungs = Vec::with_capacity(due.len());
        for seen in due {
            // It may have ended since it was found.
            let row = row::Entity::find_by_id(seen.id).one(&work.tx).await.during(OPERATION)?;
            let Some(row) = row.filter(|row| row.next_at.is_some_and(|at| at <= now.unix_ms())) else {
                continue;
            };
            rungs.extend(ring(&mut work, row, now).await?);
        }
        let (worked, mut rungs) = (work.commit().await?, rungs);
        if let (Some(worked), Some(last)) = (worked, rungs.last_mut()) {
            last.worked = Some(worked);
        }
        Ok(rungs)
    }

    /// Whose an open task is.
    pub async fn task_unit(&self, id: i64) -> Result<Option<UnitId>, StoreError> {
        let found =
            row::Entity::find_by_id(id).filter(row::Column::EndedAt.is_null()).one(self.reader()).await;
        found.map(|row| row.map(|row| UnitId(row.unit))).during("read a task")
    }

    /// Asks for a pause of a task's clock.
    pub async fn ask_pause(&self, id: i64, reason: &str, by: &str) -> Result<(), PauseError> {
        self.change_task(id, |row| {
            if row.paused_at.is_some() || row.due_at.is_none() {
                return false;
            }
            row.pause_reason = Some(reason.to_owned());
            row.pause_asked_by = Some(by.to_owned());
            true
        })
        .await
    }

    /// Grants a pause that somebody else asked for: no time runs until [`Records::resume_clock`].
    pub async fn grant_pause(&self, id: i64, by: &str, now: Timestamp) -> Result<(), PauseError> {
        self.change_task(id, |row| {
            let is_other = row.pause_asked_by.as_deref().is_some_and(|asker| asker != by);
            if row.paused_at.is_some() || !is_other {
                return false;
            }
            row.pause_granted_by = Some(by.to_owned());
            row.paused_at = Some(now.unix_ms());
            row.next_at = None;
            true
        })
        .await
    }

    /// The time goes on: everything that has not rung moves by the length of the pause.
    pub async fn resume_clock(&self, id: i64, now: Timestamp) -> Result<(), PauseError> {
        self.change_task(id, |row| {
            let Some(paused_at) = row.paused_at.take() else { return false };
            let ms = now.unix_ms() - paused_at;
            for at in [&mut row.half_at, &mut row.escalate_at, &mut row.due_at].into_iter().flatten() {
                *at += ms;
            }
            let rung = row.rung.as_deref().and_then(moment_of);
            let clock = clock_of(row).ok().flatten();
            row.next_at = clock.and_then(|clock| clock.next(rung)).map(|(_, at)| at.unix_ms());
            row.pause_asked_by = None;
            true
        })
        .await
    }

    async fn change_task(
        &self,
        id: i64,
        change: impl FnOnce(&mut row::Model) -> bool,
    ) -> Result<(), PauseError> {
        const OPERATION: &str = "pause a clock";
        let tx = self.begin().await.during(OPERATION)?;
        let found = row::Entity::find_by_id(id).one(&tx).await.during(OPERATION)?;
        let mut row = found.filter(|row| row.ended_at.is_none()).ok_or(PauseError::NotFound)?;
        if !change(&mut row) {
            return Err(PauseError::Refused);
        }
        let (subject, due_at) = (row.subject.clone(), row.due_at);
        let write = async {
            row::Entity::update(row.into_active_model().reset_all()).exec(&tx).await?;
            case::Entity::update_many()
                .col_expr(case::Column::DueAt, Expr::value(due_at))
                .filter(case::Column::Id.eq(subject))
                .exec(&tx)
                .await?;
            tx.commit().await
        };
        Ok(write.await.during(OPERATION)?)
    }
}

/// Rings one clock. After a long stop only the last moment that came is told: nobody needs to hear at once that half of the time
/// is over and that all of it is.
async fn ring(work: &mut Work<'_>, mut row: row::Model, now: Timestamp) -> Result<Option<Rung>, CaseError> {
    const OPERATION: &str = "ring a clock";
    let Some(clock) = clock_of(&row).during(OPERATION)? else { return Ok(None) };
    let mut rung = row.rung.as_deref().and_then(moment_of);
    let mut last = None;
    while let Some((moment, at)) = clock.next(rung).filter(|(_, at)| *at <= now) {
        (rung, last) = (Some(moment), Some((moment, at)));
    }
    row.rung = rung.map(|moment| moment_key(moment).to_owned());
    row.next_at = clock.next(rung).map(|(_, at)| at.unix_ms());
    let task = row.id;
    let subject = SmolStr::new(&row.subject);
    row::Entity::update(row.clone().into_active_model().reset_all())
        .exec(&work.tx)
        .await
        .during(OPERATION)?;
    let Some((moment, at)) = last else { return Ok(None) };
    tell(work, &row, moment, now).await.during(OPERATION)?;
    if moment == Moment::Due
        && let Some(kind) = CaseKind::parse(&row.kind)
    {
        match work.when_late(kind, &row.subject).await {
            // One that can't be helped holds up no other clock.
            Err(error @ (CaseError::Refused(_) | CaseError::NotFound)) => {
                tracing::warn!(subject = row.subject, %error, "nothing was done at the end of a clock");
            }
            other => other?,
        }
    }
    Ok(Some(Rung { task, subject, moment, lag_ms: now.ms_since(at), worked: None }))
}

async fn tell(work: &Work<'_>, row: &row::Model, moment: Moment, now: Timestamp) -> Result<(), DbErr> {
    let unit = UnitId(row.unit);
    let permission = SmolStr::new(&row.permission);
    let doer = match &row.person {
        Some(person) => Audience::Person(person.into()),
        None => Audience::Unit(unit, permission.clone()),
    };
    let above = Audience::Above(unit, permission);
    let told = match moment {
        Moment::Half => vec![(doer, Tidings::HalfTime)],
        Moment::Escalate => vec![(doer, Tidings::NearlyLate), (above, Tidings::NearlyLate)],
        Moment::Due => vec![(doer, Tidings::Late), (above, Tidings::Late)],
    };
    let (title, plate) = work.title_of(row).await?;
    for (audience, word) in told {
        let record = TidingsRecord {
            id: 0,
            at: now,
            audience,
            word,
            subject: SmolStr::new(&row.subject),
            kind: CaseKind::parse(&row.kind),
            chain: ChainId(SmolStr::new(&row.chain)),
            level: level_of(row.level)?,
            title: title.clone(),
            plate: plate.clone(),
            step: ClockStep::parse(&row.step),
            due_at: row.due_at.map(time_of),
        };
        tidings::post(&work.tx, &record).await?;
    }
    Ok(())
}
