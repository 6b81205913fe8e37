//! Working cases: a command is checked by the state machine, and all that follows from it is written in one transaction, or
//! nothing is. A command with a key that was done already changes nothing and gets the same answer.

use super::row::{case, command, step, task as task_row};
use super::task::{Subject, arm, end, move_due};
use super::{CaseRecord, record_of};
use crate::audit::{self, AuditEntry};
use crate::cursor;
use crate::error::{During, StoreError, damaged};
use crate::session::hex;
use crate::store::{Records, insert};
use crate::warning::{self, WarningRecord, level_code};
use domain::case::{Due, Effect, Want, does_the_step, is_news};
use domain::stage::hazard::Report;
use domain::{Actor, AnyAct, AnyCase, CaseId, CaseKind, ChainId, Desk, Opening, Refusal, Timestamp};
use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, DbErr, IntoActiveModel, NotSet, Set};
use sha2::{Digest, Sha256};
use smol_str::SmolStr;
use std::collections::VecDeque;
use std::sync::LazyLock;

/// The platform itself, as it does what follows by rules.
static PLATFORM: LazyLock<Actor> = LazyLock::new(Actor::platform);

/// Who commands, when, and by what.
#[derive(Clone, Copy, Debug)]
pub struct Command<'a> {
    /// A key of the client's, so that a repeat does nothing twice.
    pub key: Option<&'a str>,
    /// Who.
    pub by: &'a Actor,
    /// When.
    pub at: Timestamp,
    /// By what cases are worked.
    pub desk: &'a Desk,
    /// The case that a new one comes from.
    pub parent: Option<&'a CaseId>,
    /// When and where it was done, as a phone says that was offline since; noted with the step, never counted by.
    pub done: Option<(Timestamp, Option<domain::Wgs84>)>,
    /// From which network address, for the audit.
    pub address: Option<&'a str>,
}

impl<'a> Command<'a> {
    /// Somebody commands, with nothing else to say.
    pub fn new(by: &'a Actor, at: Timestamp, desk: &'a Desk) -> Self {
        Self { key: None, by, at, desk, parent: None, done: None, address: None }
    }

    /// The platform does something by itself.
    pub fn of_platform(at: Timestamp, desk: &'a Desk) -> Self {
        Self::new(&PLATFORM, at, desk)
    }
}

/// What a command changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Worked {
    /// The case, and what was opened with it.
    pub cases: Vec<CaseRecord>,
    /// Warnings that changed.
    pub warnings: Vec<WarningRecord>,
    /// A watch order took effect or ended: the reference changed.
    pub is_reference_changed: bool,
    /// It was done before, with the same key.
    pub is_repeat: bool,
}

/// Why a command was not done. Nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// There is none with this identity.
    #[error("no such case")]
    NotFound,
    /// Somebody did something since it was looked at.
    #[error("changed since, now version {version}, by {by}")]
    Changed {
        /// The version it has now.
        version: u32,
        /// Who did it.
        by: SmolStr,
    },
    /// The key was used for something else.
    #[error("the key was used for something else")]
    KeyUsed,
    /// The state machine refuses.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Technical failure.
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(super) const OPERATION: &str = "work a case";
/// Longest key of a command, in bytes.
const KEY_BYTES_MAX: usize = 100;

impl Records {
    /// Opens a case.
    pub async fn open_case(&self, opening: &Opening, command: &Command<'_>) -> Result<Worked, CaseError> {
        let mut work = Work::begin(self, command).await?;
        let body =
            serde_json::to_string(opening).map_err(|e| DbErr::Json(e.to_string())).during(OPERATION)?;
        if let Some(before) = work.repeated("", &body).await? {
            return Ok(before);
        }
        let parent = match command.parent {
            None => None,
            Some(id) => Some(work.row(id.as_str()).await?),
        };
        let chain = parent.as_ref().map(|row| ChainId(SmolStr::new(&row.chain)));
        let id = work.open(opening, chain, parent.as_ref()).await?;
        work.fall_on_struck_off(&id).await?;
        work.remember(&id, &body).await?;
        work.audit(&id, "open").await?;
        let worked = work.commit().await?;
        worked.ok_or(CaseError::NotFound)
    }

    /// Does something with the case that somebody saw in version `seen_version`.
    pub async fn act_on_case(
        &self,
        id: &CaseId,
        seen_version: u32,
        act: &AnyAct,
        command: &Command<'_>,
    ) -> Result<Worked, CaseError> {
        let mut work = Work::begin(self, command).await?;
        let body = serde_json::to_string(act).map_err(|e| DbErr::Json(e.to_string())).during(OPERATION)?;
        if let Some(before) = work.repeated(id.as_str(), &body).await? {
            return Ok(before);
        }
        let row = work.row(id.as_str()).await?;
        if row.version as u32 != seen_version {
            let by = work.last_actor(&row.id).await.during(OPERATION)?;
            return Err(CaseError::Changed { version: row.version as u32, by });
        }
        work.act(row, act).await?;
        work.remember(id, &body).await?;
        work.audit(id, act.key()).await?;
        let worked = work.commit().await?;
        worked.ok_or(CaseError::NotFound)
    }

    /// Does something with a case as the platform, in whatever version it is.
    pub async fn act_of_platform(
        &self,
        id: &CaseId,
        act: &AnyAct,
        at: Timestamp,
        desk: &Desk,
    ) -> Result<Worked, CaseError> {
        let mut work = Work::begin(self, &Command::of_platform(at, desk)).await?;
        let row = work.row(id.as_str()).await?;
        work.act(row, act).await?;
        let worked = work.commit().await?;
        worked.ok_or(CaseError::NotFound)
    }

    /// Forgets the keys of commands older than `before`.
    pub async fn forget_commands(&self, before: Timestamp) -> Result<u64, StoreError> {
        let gone = command::Entity::delete_many().filter(command::Column::At.lt(before.unix_ms()));
        gone.exec(self.writer()).await.map(|gone| gone.rows_affected).during("forget commands")
    }
}

/// One transaction over cases.
pub(super) struct Work<'a> {
    pub(super) tx: DatabaseTransaction,
    pub(super) command: Command<'a>,
    pub(super) cases: Vec<CaseRecord>,
    pub(super) warnings: Vec<WarningRecord>,
    pub(super) is_reference_changed: bool,
    pub(super) effects: VecDeque<(CaseId, Effect)>,
}

impl<'a> Work<'a> {
    pub(super) async fn begin(records: &Records, command: &Command<'a>) -> Result<Self, StoreError> {
        Ok(Self {
            tx: records.begin().await.during(OPERATION)?,
            command: *command,
            cases: Vec::new(),
            warnings: Vec::new(),
            is_reference_changed: false,
            effects: VecDeque::new(),
        })
    }

    /// Stores everything; `None` when no case changed.
    pub(super) async fn commit(self) -> Result<Option<Worked>, StoreError> {
        self.tx.commit().await.during(OPERATION)?;
        Ok((!self.cases.is_empty()).then_some(Worked {
            cases: self.cases,
            warnings: self.warnings,
            is_reference_changed: self.is_reference_changed,
            is_repeat: false,
        }))
    }

    pub(super) async fn row(&self, id: &str) -> Result<case::Model, CaseError> {
        let found = case::Entity::find_by_id(id).one(&self.tx).await.during(OPERATION)?;
        found.ok_or(CaseError::NotFound)
    }

    async fn last_actor(&self, id: &str) -> Result<SmolStr, DbErr> {
        use sea_orm::QueryOrder;
        let last = step::Entity::find().filter(step::Column::Subject.eq(id)).order_by_desc(step::Column::Id);
        Ok(last.one(&self.tx).await?.map(|step| step.actor.into()).unwrap_or_default())
    }

    /// What a command with this key did before; refused when the key was for something else.
    async fn repeated(&self, subject: &str, body: &str) -> Result<Option<Worked>, CaseError> {
        let Some(key) = self.command.key else { return Ok(None) };
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            return Err(CaseError::Refused(Refusal::Invalid("idempotency_key".into())));
        }
        let found = command::Entity::find_by_id(key).one(&self.tx).await.during(OPERATION)?;
        let Some(done) = found else { return Ok(None) };
        let is_same = done.actor == self.command.by.username
            && done.fingerprint == fingerprint(body)
            && (subject.is_empty() || subject == done.subject);
        if !is_same {
            return Err(CaseError::KeyUsed);
        }
        let record = record_of(self.row(&done.subject).await?).during(OPERATION)?;
        Ok(Some(Worked {
            cases: vec![record],
            warnings: Vec::new(),
            is_reference_changed: false,
            is_repeat: true,
        }))
    }

    /// Does something as the platform, whoever commands.
    pub(super) async fn act_as_platform(&mut self, row: case::Model, act: &AnyAct) -> Result<(), CaseError> {
        let person = (self.command.by, self.command.done);
        (self.command.by, self.command.done) = (&PLATFORM, None);
        let done = self.act_one(row, act).await;
        (self.command.by, self.command.done) = person;
        done
    }

    /// What a person did is in the audit when it is done, and not otherwise.
    async fn audit(&self, id: &CaseId, act: &str) -> Result<(), StoreError> {
        let is_person = !self.command.by.is_platform();
        let Some(case) = self.cases.iter().find(|case| case.id == *id).filter(|_| is_person) else {
            return Ok(());
        };
        self.audit_row(&format!("{}.{act}", case.case.kind().key()), id.as_str(), case.state.to_string())
            .await
    }

    pub(super) async fn audit_row(
        &self,
        action: &str,
        target: &str,
        detail: String,
    ) -> Result<(), StoreError> {
        let Command { by, at, address, .. } = self.command;
        let entry = AuditEntry {
            at,
            actor: by.username.clone(),
            action: action.into(),
            target: target.into(),
            detail,
            address: address.map(SmolStr::new),
        };
        audit::append(&self.tx, &entry).await.map(|_| ()).during(OPERATION)
    }

    async fn remember(&self, id: &CaseId, body: &str) -> Result<(), StoreError> {
        let Some(key) = self.command.key else { return Ok(()) };
        let row = command::ActiveModel {
            key: Set(key.to_owned()),
            actor: Set(self.command.by.username.to_string()),
            subject: Set(id.to_string()),
            fingerprint: Set(fingerprint(body)),
            at: Set(self.command.at.unix_ms()),
        };
        insert(&self.tx, vec![row]).await.during(OPERATION)
    }

    /// Opens a case; what follows from it is done, too.
    async fn open(
        &mut self,
        opening: &Opening,
        chain: Option<ChainId>,
        parent: Option<&case::Model>,
    ) -> Result<CaseId, CaseError> {
        let id = self.open_one(opening, chain, parent.map(|row| row.id.as_str())).await?;
        self.follow().await?;
        Ok(id)
    }

    pub(super) async fn open_one(
        &mut self,
        opening: &Opening,
        chain: Option<ChainId>,
        parent: Option<&str>,
    ) -> Result<CaseId, CaseError> {
        let Command { by, at, desk, .. } = self.command;
        let done = desk.scene(by, at, |scene| AnyCase::open(opening, scene))?;
        let kind = done.case.kind();
        let number = self.number(kind).await.during(OPERATION)?;
        let id = CaseId::new(kind, at.beijing_day(), number);
        let warning = done.case.summary().warning;
        if let Some(warning) = warning {
            let found = warning::row::Entity::find_by_id(warning.to_string()).one(&self.tx).await;
            found.during(OPERATION)?.ok_or(CaseError::Refused(Refusal::Invalid("warning".into())))?;
        }
        let chain = chain.or_else(|| warning.map(Into::into)).unwrap_or_else(|| ChainId::from(&id));
        let mut row = case::Model {
            id: id.to_string(),
            kind: kind.key().to_owned(),
            chain: chain.as_str().to_owned(),
            parent: parent.map(str::to_owned),
            warning: None,
            state: String::new(),
            is_open: true,
            level: 0,
            unit: 0,
            unit_path: String::new(),
            also_path: None,
            assignee: None,
            title: String::new(),
            category: String::new(),
            theatre: None,
            plate: None,
            lon: None,
            lat: None,
            version: 1,
            opened_by: by.username.to_string(),
            opened_at: at.unix_ms(),
            changed_at: at.unix_ms(),
            closed_at: None,
            step: None,
            due_at: None,
            body: String::new(),
            home_unit: None,
            branch: None,
            source: None,
            is_supervised: false,
        };
        self.fill(&mut row, &done.case).during(OPERATION)?;
        let write = async {
            let want = done.case.clock();
            if let Some(want) = &want {
                self.arm(&mut row, want).await?;
            }
            let detail = serde_json::to_string(opening).map_err(|e| DbErr::Json(e.to_string()))?;
            self.step(&row, "open", None, detail).await?;
            insert(&self.tx, vec![row.clone().into_active_model()]).await
        };
        write.await.during(OPERATION)?;
        if let Opening::Hazard(Report { crash: Some(crash), .. }) = opening {
            self.report_from_crash(&id, crash).await?;
        }
        self.cases.push(record_of(row).during(OPERATION)?);
        self.effects.extend(done.effects.into_iter().map(|effect| (id.clone(), effect)));
        Ok(id)
    }

    /// The next number of a kind on this day.
    async fn number(&self, kind: CaseKind) -> Result<u64, DbErr> {
        let name = format!("case.{}.{}", kind.letters(), self.command.at.beijing_day());
        let number = cursor::get(&self.tx, &name).await?.unwrap_or(0) + 1;
        cursor::set(&self.tx, &name, number).await?;
        Ok(number)
    }

    /// Does something with a case, and all that follows.
    pub(super) async fn act(&mut self, row: case::Model, act: &AnyAct) -> Result<(), CaseError> {
        self.act_one(row, act).await?;
        self.follow().await
    }

    pub(super) async fn act_one(&mut self, mut row: case::Model, act: &AnyAct) -> Result<(), CaseError> {
        let Command { by, at, desk, .. } = self.command;
        let before: AnyCase =
            serde_json::from_str(&row.body).map_err(|e| damaged("case", e)).during(OPERATION)?;
        let done = desk.scene(by, at, |scene| before.act(act, scene))?;
        let id = CaseId(SmolStr::new(&row.id));
        let from = row.state.clone();
        row.version += i32::from(!is_news(act.key()));
        row.changed_at = at.unix_ms();
        self.fill(&mut row, &done.case).during(OPERATION)?;
        row.closed_at = if row.is_open { None } else { row.closed_at.or(Some(at.unix_ms())) };
        let write = async {
            self.move_on(&mut row, &before, &done.case, act.key()).await?;
            let detail = serde_json::to_string(act).map_err(|e| DbErr::Json(e.to_string()))?;
            self.step(&row, act.key(), Some(from), detail).await?;
            case::Entity::update(row.clone().into_active_model().reset_all()).exec(&self.tx).await
        };
        write.await.during(OPERATION)?;
        self.cases.push(record_of(row).during(OPERATION)?);
        self.effects.extend(done.effects.into_iter().map(|effect| (id.clone(), effect)));
        Ok(())
    }

    /// What the platform does by itself when the time of a case is over.
    pub(super) async fn when_late(&mut self, kind: CaseKind, id: &str) -> Result<(), CaseError> {
        let row = self.row(id).await?;
        let case: AnyCase =
            serde_json::from_str(&row.body).map_err(|e| damaged(kind.key(), e)).during(OPERATION)?;
        match case.when_late() {
            None => Ok(()),
            Some(act) => self.act(row, &act).await,
        }
    }

    /// Title and plate of what a task is about.
    pub(super) async fn title_of(&self, task: &task_row::Model) -> Result<(SmolStr, Option<SmolStr>), DbErr> {
        if CaseKind::parse(&task.kind).is_some() {
            let row = case::Entity::find_by_id(task.subject.as_str()).one(&self.tx).await?;
            return Ok(row.map_or_else(Default::default, |row| (row.title.into(), row.plate.map(Into::into))));
        }
        let row = warning::row::Entity::find_by_id(task.subject.as_str()).one(&self.tx).await?;
        let plate = row.and_then(|row| row.plate.or(row.plate_text));
        Ok((SmolStr::default(), plate.map(Into::into)))
    }

    /// The columns that come from the state machine's value.
    fn fill(&self, row: &mut case::Model, case: &AnyCase) -> Result<(), DbErr> {
        let summary = case.summary();
        summary.state.clone_into(&mut row.state);
        row.is_open = summary.is_open;
        row.level = level_code(summary.level);
        row.unit = summary.unit.0;
        row.unit_path = self.command.desk.path(summary.unit).0.to_string();
        row.also_path = summary.also_unit.map(|unit| self.command.desk.path(unit).0.to_string());
        row.assignee = summary.assignee.map(Into::into);
        row.title = summary.title.into();
        row.category = summary.category.into();
        row.theatre = summary.theatre.map(|theatre| theatre.key().to_owned());
        row.plate = summary.plate.map(Into::into);
        row.lon = summary.at.map(domain::Wgs84::lon_deg);
        row.lat = summary.at.map(domain::Wgs84::lat_deg);
        row.warning = summary.warning.map(|id| id.to_string());
        if let AnyCase::Hazard(hazard) = case {
            row.home_unit = Some(hazard.report.unit.0);
            row.branch = Some(hazard.report.hazard_kind.key().to_owned());
            row.source = Some(hazard.report.source.key().to_owned());
            row.is_supervised = hazard.supervision.is_some();
        }
        row.body = serde_json::to_string(case).map_err(|e| DbErr::Json(e.to_string()))?;
        Ok(())
    }

    /// Ends the task of the step that was done and gives out the next.
    async fn move_on(
        &self,
        row: &mut case::Model,
        before: &AnyCase,
        after: &AnyCase,
        act: &str,
    ) -> Result<(), DbErr> {
        let Command { by, at, .. } = self.command;
        match (before.clock(), after.clock()) {
            (old, new) if old == new => {}
            (Some(old), Some(new))
                if (old.step, old.unit, &old.person) == (new.step, new.unit, &new.person) =>
            {
                // The same step, until another time.
                let since = match (old.due, new.due) {
                    (Due::At(_), Due::At(_)) => at,
                    _ => return Ok(()),
                };
                let task = self.command.desk.task(&new, level_of_row(row)?, since);
                row.due_at = task.clock.map(|clock| clock.due_at.unix_ms());
                move_due(&self.tx, &row.id, &task).await?;
            }
            (old, new) => {
                if old.is_some() {
                    let is_done = does_the_step(act);
                    end(&self.tx, &row.id, at, &by.username, is_done).await?;
                }
                (row.step, row.due_at) = (None, None);
                if let Some(want) = new {
                    self.arm(row, &want).await?;
                }
            }
        }
        Ok(())
    }

    async fn arm(&self, row: &mut case::Model, want: &Want) -> Result<(), DbErr> {
        let level = level_of_row(row)?;
        let task = self.command.desk.task(want, level, self.command.at);
        row.step = Some(want.step.key().to_owned());
        row.due_at = task.clock.map(|clock| clock.due_at.unix_ms());
        let subject = Subject {
            id: SmolStr::new(&row.id),
            kind: CaseKind::parse(&row.kind),
            chain: ChainId(SmolStr::new(&row.chain)),
            level,
            category: SmolStr::new(&row.category),
        };
        arm(&self.tx, &subject, &task).await
    }

    async fn step(
        &self,
        row: &case::Model,
        act: &str,
        from_state: Option<String>,
        detail: String,
    ) -> Result<(), DbErr> {
        let Command { by, at, done, .. } = self.command;
        let detail = match done {
            None => detail,
            Some((done_at, place)) => with_done(&detail, done_at, place)?,
        };
        let line = step::ActiveModel {
            id: NotSet,
            subject: Set(row.id.clone()),
            kind: Set(row.kind.clone()),
            chain: Set(row.chain.clone()),
            at: Set(at.unix_ms()),
            actor: Set(by.username.to_string()),
            actor_unit: Set(by.unit.map(|unit| unit.0)),
            act: Set(act.to_owned()),
            from_state: Set(from_state),
            to_state: Set(row.state.clone()),
            detail: Set(detail),
        };
        insert(&self.tx, vec![line]).await
    }
}

/// What was said, with when and where it was done.
fn with_done(detail: &str, at: Timestamp, place: Option<domain::Wgs84>) -> Result<String, DbErr> {
    let json = |error: serde_json::Error| DbErr::Json(error.to_string());
    let mut value: serde_json::Value = serde_json::from_str(detail).map_err(json)?;
    if let Some(fields) = value.as_object_mut() {
        fields.insert("happened_at".to_owned(), domain::case::form::write_instant(at).into());
        if let Some(place) = place {
            let place = serde_json::json!({ "lon": place.lon_deg(), "lat": place.lat_deg() });
            fields.insert("happened_where".to_owned(), place);
        }
    }
    serde_json::to_string(&value).map_err(json)
}

pub(super) fn level_of_row(row: &case::Model) -> Result<domain::Level, DbErr> {
    warning::level_of(row.level)
}

fn fingerprint(body: &str) -> String {
    hex(&Sha256::digest(body.as_bytes()))
}
