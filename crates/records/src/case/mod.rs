//! Cases (案件化的工作) as they stand: any stage of [`domain::stage`], its steps, and the task that somebody has to do next.
//!
//! One table holds all stages: narrow columns to filter, sort and count by, and the state machine's own value as JSON (found by
//! names, readable by any SQL tool). What an act changes — the case, its step, the task with its clock, the warning at the
//! beginning, a watch order, what is told to whom, and the key that makes a repeat harmless — is one transaction.

mod effect;
mod fall;
mod figures;
mod list;
pub(crate) mod row;
mod task;
mod tasks;
mod tidings;
mod work;

pub use fall::CrashesPut;
pub use figures::{HazardCount, HazardGroup, TaskCount, TaskGroup};
pub use list::{CaseCount, CaseField, CaseFilter};
pub use task::{PauseError, Rung};
pub use tasks::{TaskFilter, TaskRecord};
pub use tidings::TidingsRecord;
pub use work::{CaseError, Command, Worked};

pub(crate) use task::{Subject, arm, end, late_subjects, void};
pub(crate) use tidings::{done as tidings_done, kind_key};

use crate::error::damaged;
use crate::store::time_of;
use crate::warning::level_of;
use domain::people::UnitId;
use domain::{AnyCase, CaseId, CaseKind, ChainId, ClockStep, Level, Theatre, Timestamp, WarningId, Wgs84};
use sea_orm::DbErr;
use smol_str::SmolStr;

/// A case as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseRecord {
    /// Identity, also on papers.
    pub id: CaseId,
    /// What it shares with the cases it came from and those that came from it.
    pub chain: ChainId,
    /// The case that it came from.
    pub parent: Option<CaseId>,
    /// The warning at the beginning.
    pub warning: Option<WarningId>,
    /// The state machine's value.
    pub case: AnyCase,
    /// The word of its state.
    pub state: SmolStr,
    /// Whether somebody still has to do something.
    pub is_open: bool,
    /// How urgent.
    pub level: Level,
    /// The unit that has to act, or acted last.
    pub unit: UnitId,
    /// The person who has to act.
    pub assignee: Option<SmolStr>,
    /// One line.
    pub title: SmolStr,
    /// What kind within its kind.
    pub category: SmolStr,
    /// The theatre.
    pub theatre: Option<Theatre>,
    /// The plate it is about.
    pub plate: Option<SmolStr>,
    /// The point on the map.
    pub location: Option<Wgs84>,
    /// 1 when new, one more with each act.
    pub version: u32,
    /// Who opened it.
    pub opened_by: SmolStr,
    /// When.
    pub opened_at: Timestamp,
    /// Last act.
    pub changed_at: Timestamp,
    /// When it was done with.
    pub closed_at: Option<Timestamp>,
    /// The step that waits.
    pub step: Option<ClockStep>,
    /// Until when it has to be done.
    pub due_at: Option<Timestamp>,
}

/// One step of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRecord {
    /// Its place among all steps.
    pub id: i64,
    /// The case, or the warning.
    pub subject: SmolStr,
    /// The kind of case; `None` for a warning.
    pub kind: Option<CaseKind>,
    /// When.
    pub at: Timestamp,
    /// Who; the platform itself is [`domain::Actor::PLATFORM`].
    pub actor: SmolStr,
    /// The person's unit.
    pub unit: Option<UnitId>,
    /// The word of the act; `open` for the first.
    pub act: SmolStr,
    /// Where it stood.
    pub from_state: Option<SmolStr>,
    /// Where it stood then.
    pub to_state: SmolStr,
    /// The act with all that it said, as JSON.
    pub detail: String,
}

fn record_of(row: row::case::Model) -> Result<CaseRecord, DbErr> {
    let word = |what: &str| damaged("case", what);
    let warning = row.warning.as_deref().map(|id| WarningId::parse(id).ok_or_else(|| word(id)));
    Ok(CaseRecord {
        case: serde_json::from_str(&row.body).map_err(|e| damaged("case", e))?,
        id: CaseId(row.id.into()),
        chain: ChainId(row.chain.into()),
        parent: row.parent.map(|id| CaseId(id.into())),
        warning: warning.transpose()?,
        state: row.state.into(),
        is_open: row.is_open,
        level: level_of(row.level)?,
        unit: UnitId(row.unit),
        assignee: row.assignee.map(Into::into),
        title: row.title.into(),
        category: row.category.into(),
        theatre: row.theatre.as_deref().and_then(Theatre::parse),
        plate: row.plate.map(Into::into),
        location: row.lon.zip(row.lat).and_then(|(lon, lat)| Wgs84::new(lon, lat)),
        version: row.version as u32,
        opened_by: row.opened_by.into(),
        opened_at: time_of(row.opened_at),
        changed_at: time_of(row.changed_at),
        closed_at: row.closed_at.map(time_of),
        step: row.step.as_deref().and_then(ClockStep::parse),
        due_at: row.due_at.map(time_of),
    })
}

fn step_of(row: row::step::Model) -> StepRecord {
    StepRecord {
        id: row.id,
        subject: row.subject.into(),
        kind: CaseKind::parse(&row.kind),
        at: time_of(row.at),
        actor: row.actor.into(),
        unit: row.actor_unit.map(UnitId),
        act: row.act.into(),
        from_state: row.from_state.map(Into::into),
        to_state: row.to_state.into(),
        detail: row.detail,
    }
}
