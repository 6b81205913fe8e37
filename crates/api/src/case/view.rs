//! Cases on the wire.

use super::office::Office;
use super::words;
use crate::app::App;
use crate::warning::{WarningView, warning_view};
use crate::wire::{Language, instant};
use domain::people::UnitId;
use domain::{CaseId, ChainId, Timestamp};
use records::{CaseRecord, StepRecord, StoreError, TaskRecord};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Something with a name: a unit (its number), a person (the username).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct UnitRef {
    pub id: i64,
    pub name: String,
}

/// A person: the username and the name.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PersonRef {
    pub id: String,
    pub name: String,
}

pub(crate) fn unit_ref(office: &Office, id: UnitId) -> UnitRef {
    UnitRef { id: id.0, name: office.unit(id) }
}

pub(crate) fn person_ref(office: &Office, username: &str, language: Language) -> PersonRef {
    let name = if username == domain::Actor::PLATFORM {
        language.pick("系统", "the platform").to_owned()
    } else {
        office.person(username)
    };
    PersonRef { id: username.to_owned(), name }
}

/// A case in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CaseView {
    /// `YH20261128-0007`.
    id: String,
    /// `watch_application`, `dispatch`, `interception`, `education`, `hazard`.
    kind: &'static str,
    kind_name: &'static str,
    /// What all cases share that follow from one another.
    chain: String,
    /// The case that it came from.
    parent: Option<String>,
    warning_id: Option<String>,
    state: String,
    state_name: &'static str,
    is_open: bool,
    level: &'static str,
    unit: UnitRef,
    assignee: Option<PersonRef>,
    title: String,
    category: String,
    category_name: String,
    theatre: Option<&'static str>,
    plate: Option<String>,
    lon: Option<f64>,
    lat: Option<f64>,
    /// To be sent back with an act.
    version: u32,
    opened_by: PersonRef,
    opened_at: String,
    changed_at: String,
    closed_at: Option<String>,
    /// The step that waits.
    step: Option<&'static str>,
    step_name: Option<&'static str>,
    due_at: Option<String>,
    is_late: bool,
}

/// One step of a case.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StepView {
    id: i64,
    subject: String,
    kind: &'static str,
    at: String,
    actor: PersonRef,
    unit: Option<UnitRef>,
    act: String,
    act_name: &'static str,
    from_state: Option<String>,
    to_state: String,
    to_state_name: &'static str,
    /// The act as it was said.
    #[schema(value_type = Object)]
    detail: Value,
}

/// A step that somebody has to do, or did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskView {
    id: i64,
    /// The case, or the warning.
    subject: String,
    /// The kind of case, or `warning`.
    kind: &'static str,
    kind_name: &'static str,
    chain: String,
    step: &'static str,
    step_name: &'static str,
    level: &'static str,
    title: String,
    plate: Option<String>,
    category: String,
    category_name: String,
    unit: UnitRef,
    person: Option<PersonRef>,
    /// Who may do it.
    permission: String,
    armed_at: String,
    half_at: Option<String>,
    due_at: Option<String>,
    is_late: bool,
    paused_at: Option<String>,
    pause_reason: Option<String>,
    pause_asked_by: Option<PersonRef>,
    /// `on_time`, `late`, `never`, `void`.
    end: Option<&'static str>,
    ended_at: Option<String>,
}

/// An act that this person could do now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActView {
    act: &'static str,
    name: &'static str,
}

/// A case with all that belongs to it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CaseFileView {
    case: CaseView,
    /// What the state machine holds; by kind.
    #[schema(value_type = Object)]
    body: Value,
    steps: Vec<StepView>,
    tasks: Vec<TaskView>,
    /// What this person could do now.
    acts: Vec<ActView>,
    /// Other cases of the chain.
    related: Vec<CaseView>,
    warning: Option<WarningView>,
    /// Names of the units in `body`.
    units: BTreeMap<String, String>,
    /// Names of the people in `body`.
    people: BTreeMap<String, String>,
}

pub(crate) fn case_view(app: &App, record: &CaseRecord, now: Timestamp, language: Language) -> CaseView {
    let office = app.office.load();
    let kind = record.case.kind();
    CaseView {
        id: record.id.to_string(),
        kind: kind.key(),
        kind_name: words::kind(Some(kind), language),
        chain: record.chain.as_str().to_owned(),
        parent: record.parent.as_ref().map(ToString::to_string),
        warning_id: record.warning.map(|id| id.to_string()),
        state: record.state.to_string(),
        state_name: words::state(Some(kind), &record.state, language),
        is_open: record.is_open,
        level: record.level.key(),
        unit: unit_ref(&office, record.unit),
        assignee: record.assignee.as_ref().map(|person| person_ref(&office, person, language)),
        title: record.title.to_string(),
        category: record.category.to_string(),
        category_name: words::category(app, Some(kind), &record.category, language),
        theatre: record.theatre.map(domain::Theatre::key),
        plate: record.plate.as_ref().map(ToString::to_string),
        lon: record.location.map(domain::Wgs84::lon_deg),
        lat: record.location.map(domain::Wgs84::lat_deg),
        version: record.version,
        opened_by: person_ref(&office, &record.opened_by, language),
        opened_at: instant(record.opened_at),
        changed_at: instant(record.changed_at),
        closed_at: record.closed_at.map(instant),
        step: record.step.map(domain::ClockStep::key),
        step_name: record.step.map(|step| words::step(step, language)),
        due_at: record.due_at.map(instant),
        is_late: record.is_open && record.due_at.is_some_and(|due_at| due_at < now),
    }
}

pub(crate) fn step_view(app: &App, step: &StepRecord, language: Language) -> StepView {
    let office = app.office.load();
    StepView {
        id: step.id,
        subject: step.subject.to_string(),
        kind: step.kind.map_or("warning", domain::CaseKind::key),
        at: instant(step.at),
        actor: person_ref(&office, &step.actor, language),
        unit: step.unit.map(|unit| unit_ref(&office, unit)),
        act: step.act.to_string(),
        act_name: words::act(&step.act, language),
        from_state: step.from_state.as_ref().map(ToString::to_string),
        to_state: step.to_state.to_string(),
        to_state_name: words::state(step.kind, &step.to_state, language),
        detail: without_contact(serde_json::from_str(&step.detail).unwrap_or(Value::Null)),
    }
}

pub(crate) fn task_view(app: &App, task: &TaskRecord, now: Timestamp, language: Language) -> TaskView {
    let office = app.office.load();
    TaskView {
        id: task.id,
        subject: task.subject.to_string(),
        kind: task.kind.map_or("warning", domain::CaseKind::key),
        kind_name: words::kind(task.kind, language),
        chain: task.chain.as_str().to_owned(),
        step: task.step.key(),
        step_name: words::step(task.step, language),
        level: task.level.key(),
        title: if task.title.is_empty() {
            words::category(app, task.kind, &task.category, language)
        } else {
            task.title.to_string()
        },
        plate: task.plate.as_ref().map(ToString::to_string),
        category: task.category.to_string(),
        category_name: words::category(app, task.kind, &task.category, language),
        unit: unit_ref(&office, task.unit),
        person: task.person.as_ref().map(|person| person_ref(&office, person, language)),
        permission: task.permission.to_string(),
        armed_at: instant(task.armed_at),
        half_at: task.half_at.map(instant),
        due_at: task.due_at.map(instant),
        is_late: task.end.is_none()
            && task.paused_at.is_none()
            && task.due_at.is_some_and(|due_at| due_at < now),
        paused_at: task.paused_at.map(instant),
        pause_reason: task.pause_reason.as_ref().map(ToString::to_string),
        pause_asked_by: task.pause_asked_by.as_ref().map(|person| person_ref(&office, person, language)),
        end: task.end.map(|(end, _)| end.key()),
        ended_at: task.end.map(|(_, at)| instant(at)),
    }
}

/// A case with its steps, tasks, what this person could do, and the rest of its chain.
pub(crate) async fn file_view(
    app: &App,
    record: &CaseRecord,
    by: &domain::Actor,
    language: Language,
) -> Result<CaseFileView, StoreError> {
    let now = app.clock.now();
    let steps = app.records.case_steps(record.id.as_str()).await?;
    let filter =
        records::TaskFilter { subject: Some(record.id.to_string().into()), ..records::TaskFilter::default() };
    let tasks = app.records.tasks(&filter, records::Window { offset: 0, limit: 50 }).await?.items;
    let kinds = super::route::visible(by);
    let mut related = related(app, &record.chain, Some(&record.id)).await?;
    related.retain(|case| kinds.contains(&case.case.kind()));
    let warning = match record.warning {
        // Who rectifies a hazard needs not know whose plate led to it.
        Some(id) if by.may(domain::Permission::SeeWarnings) => app.records.warning(id).await?,
        _ => None,
    };
    let office = app.office.load();
    let acts = office.desk.scene(by, now, |scene| record.case.offered(scene));
    let may_manage = office.desk.may_see(by, domain::Permission::ManageHazards, record.unit);
    let body = serde_json::to_value(&record.case).unwrap_or(Value::Null);
    let body = if may_manage { body } else { without_contact(body) };
    let mut units = BTreeMap::new();
    let mut people = BTreeMap::new();
    collect_names(&office, &body, &mut units, &mut people);
    Ok(CaseFileView {
        case: case_view(app, record, now, language),
        steps: steps.iter().map(|step| step_view(app, step, language)).collect(),
        tasks: tasks.iter().map(|task| task_view(app, task, now, language)).collect(),
        acts: acts.into_iter().map(|act| ActView { act, name: words::act(act, language) }).collect(),
        related: related.iter().map(|other| case_view(app, other, now, language)).collect(),
        warning: warning.map(|warning| warning_view(&warning, &app.names.load(), now, language)),
        body,
        units,
        people,
    })
}

/// Cases of one chain, oldest first.
pub(crate) async fn related(
    app: &App,
    chain: &ChainId,
    but: Option<&CaseId>,
) -> Result<Vec<CaseRecord>, StoreError> {
    let filter = records::CaseFilter { chain: Some(chain.clone()), ..records::CaseFilter::default() };
    let sort = records::Sort::ascending(records::CaseField::OpenedAt);
    let mut cases = app.records.cases(&filter, sort, records::Window { offset: 0, limit: 200 }).await?.items;
    cases.retain(|case| Some(&case.id) != but);
    Ok(cases)
}

/// How somebody from the public can be reached concerns only those who verify.
fn without_contact(mut value: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                if fields.get("contact").and_then(Value::as_str).is_some_and(|text| !text.is_empty()) {
                    fields.insert("contact".to_owned(), Value::from("***"));
                }
                fields.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut value);
    value
}

/// Names of what a body mentions: numbers under `unit…`, texts under `…by` and `assignee`.
fn collect_names(
    office: &Office,
    value: &Value,
    units: &mut BTreeMap<String, String>,
    people: &mut BTreeMap<String, String>,
) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                match field {
                    Value::Number(id) if key == "unit" || key == "ordered_from" => {
                        if let Some(id) = id.as_i64() {
                            units.insert(id.to_string(), office.unit(UnitId(id)));
                        }
                    }
                    Value::String(username) if key == "by" || key.ends_with("_by") || key == "assignee" => {
                        people.insert(username.clone(), office.person(username));
                    }
                    _ => collect_names(office, field, units, people),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_names(office, item, units, people)),
        _ => {}
    }
}
