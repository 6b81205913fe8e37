//! Chains: one line of time from the passage to the struck-off hazard.

use super::route::visible;
use super::view::{CaseView, PersonRef, UnitRef, case_view, person_ref, related, unit_ref};
use super::words;
use crate::access::Signed;
use crate::app::App;
use crate::problem::{Problem, RequestLanguage};
use crate::warning::{WarningView, warning_view};
use crate::wire::{Language, instant};
use axum::Json;
use axum::extract::{Path, State};
use domain::case::ClockEnd;
use domain::observation::Fact;
use domain::stage::sighting::Sighting;
use domain::{CaseKind, ChainId, Timestamp, WarningId};
use records::{StepRecord, TaskFilter, TaskRecord, WarningRecord, Window};
use serde::Serialize;
use serde_json::Value;
use smol_str::SmolStr;
use std::sync::Arc;
use utoipa::ToSchema;

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LineView {
    at: String,
    /// `passage`, `warning`, or the kind of case.
    stage: &'static str,
    /// The observation, the warning or the case.
    subject: String,
    act: String,
    act_name: String,
    actor: Option<PersonRef>,
    unit: Option<UnitRef>,
    /// What was said: reason, note, order.
    text: String,
    /// Attachments.
    pictures: Vec<String>,
    /// Pictures of cameras.
    picture_ids: Vec<String>,
    lon: Option<f64>,
    lat: Option<f64>,
}

/// All that follows from one warning, or from one first case.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChainView {
    chain: String,
    warning: Option<WarningView>,
    cases: Vec<CaseView>,
    /// Oldest first.
    line: Vec<LineView>,
}

/// The line of time of a chain.
#[utoipa::path(get, path = "/chains/{chain}", tag = "cases", params(("chain" = String, Path)),
    responses((status = 200, body = ChainView), (status = 404)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Path(chain): Path<String>,
) -> Result<Json<ChainView>, Problem> {
    let chain = ChainId(SmolStr::new(&chain));
    let now = app.clock.now();
    let warning = match WarningId::parse(chain.as_str()) {
        Some(id) if by.may(domain::Permission::SeeWarnings) => app.records.warning(id).await?,
        _ => None,
    };
    let kinds = visible(by.actor());
    let mut cases = related(&app, &chain, None).await?;
    cases.retain(|case| kinds.contains(&case.case.kind()));
    // Who may see one case of it sees its line: a township that rectifies reads why.
    let sees_one = cases.iter().any(|case| super::route::may_see(&app, &by, case));
    let warning = warning.filter(|record| sees_one || by.scope().covers(&record.desk));
    if warning.is_none() && !sees_one {
        return Err(super::route::no_such());
    }
    let mut line: Vec<(Timestamp, LineView)> = Vec::new();
    if let Some(record) = &warning {
        line.extend(passages(&app, record, language));
        for entry in app.records.warning_history(record.warning.id).await? {
            let office = app.office.load();
            let verdict = entry.verdict.map(|verdict| crate::words::verdict_name(verdict, language));
            let text =
                [verdict.map(str::to_owned), entry.note.clone()].into_iter().flatten().collect::<Vec<_>>();
            line.push((
                entry.at,
                LineView {
                    at: instant(entry.at),
                    stage: "warning",
                    subject: record.warning.id.to_string(),
                    act: entry.action.to_string(),
                    act_name: words::act(&entry.action, language).to_owned(),
                    actor: entry.actor.as_ref().map(|actor| person_ref(&office, actor, language)),
                    unit: None,
                    text: text.join("："),
                    pictures: Vec::new(),
                    picture_ids: Vec::new(),
                    lon: None,
                    lat: None,
                },
            ));
        }
    }
    // Before the step that ended it, at the same instant.
    let filter = TaskFilter { is_ended: Some(true), chain: Some(chain.clone()), ..TaskFilter::default() };
    let ended = app.records.tasks(&filter, Window { offset: 0, limit: records::PAGE_LIMIT_MAX }).await?;
    let shown = |kind: Option<CaseKind>| kind.map_or(warning.is_some(), |kind| kinds.contains(&kind));
    line.extend(
        ended
            .items
            .iter()
            .filter(|task| shown(task.kind))
            .filter_map(|task| clock_line(&app, task, language)),
    );
    for step in app.records.chain_steps(&chain).await?.into_iter().filter(|step| shown(step.kind)) {
        line.push((step.at, step_line(&app, &step, language)));
    }
    line.sort_by_key(|(at, _)| *at);
    Ok(Json(ChainView {
        chain: chain.as_str().to_owned(),
        warning: warning.map(|record| warning_view(&record, &app.names.load(), now, language)),
        cases: cases.iter().map(|case| case_view(&app, case, now, language)).collect(),
        line: line.into_iter().map(|(_, view)| view).collect(),
    }))
}

/// The evidence of a warning, as what happened first.
fn passages(app: &App, record: &WarningRecord, language: Language) -> Vec<(Timestamp, LineView)> {
    let names = app.names.load();
    let evidence = record.warning.evidence.iter().map(|observation| {
        let mut view = LineView {
            at: instant(observation.captured_at),
            stage: "passage",
            subject: observation.id.to_string(),
            act: "passage".to_owned(),
            act_name: words::act("passage", language).to_owned(),
            actor: None,
            unit: None,
            text: String::new(),
            pictures: Vec::new(),
            picture_ids: Vec::new(),
            lon: None,
            lat: None,
        };
        match &observation.fact {
            Fact::Passage(passage) => {
                let checkpoint = names.checkpoints.get(&passage.checkpoint);
                let name = checkpoint.map_or(passage.checkpoint.as_str(), |it| it.name.as_str());
                view.text = format!("{name} · {}", passage.plate_text);
                view.picture_ids = passage.pictures.iter().map(ToString::to_string).collect();
                view.lon = checkpoint.map(|it| it.location.lon_deg());
                view.lat = checkpoint.map(|it| it.location.lat_deg());
            }
            Fact::Position(position) => {
                language.pick("终端定位", "Position").clone_into(&mut view.act_name);
                view.lon = position.location.map(domain::Wgs84::lon_deg);
                view.lat = position.location.map(domain::Wgs84::lat_deg);
            }
            Fact::Alarm(alarm) => {
                language.pick("终端报警", "Device alarm").clone_into(&mut view.act_name);
                view.lon = alarm.location.map(domain::Wgs84::lon_deg);
                view.lat = alarm.location.map(domain::Wgs84::lat_deg);
            }
        }
        (observation.captured_at, view)
    });
    evidence.collect()
}

/// How the clock of a step ended.
fn clock_line(app: &App, task: &TaskRecord, language: Language) -> Option<(Timestamp, LineView)> {
    let (end, at) = task.end.filter(|(end, _)| *end != ClockEnd::Void)?;
    task.due_at?;
    let office = app.office.load();
    Some((
        at,
        LineView {
            at: instant(at),
            stage: "clock",
            subject: task.subject.to_string(),
            act: end.key().to_owned(),
            act_name: words::clock_end(end, language).to_owned(),
            actor: None,
            unit: Some(unit_ref(&office, task.unit)),
            text: words::step(task.step, language).to_owned(),
            pictures: Vec::new(),
            picture_ids: Vec::new(),
            lon: None,
            lat: None,
        },
    ))
}

fn step_line(app: &App, step: &StepRecord, language: Language) -> LineView {
    let office = app.office.load();
    let detail: Value = serde_json::from_str(&step.detail).unwrap_or(Value::Null);
    let sighting = (step.act == "sighted").then(|| serde_json::from_value::<Sighting>(detail.clone()).ok());
    let sighting = sighting.flatten().map(|sighting| sighting.line());
    let said = ["order", "title", "reason", "measure", "topic", "note", "description"];
    let text: Vec<&str> = said
        .iter()
        .filter_map(|key| detail.get(*key).and_then(Value::as_str))
        .filter(|text| !text.is_empty())
        .collect();
    let pictures = detail.get("pictures").and_then(Value::as_array).into_iter().flatten();
    let at = detail.pointer("/spot/at");
    let degrees = |key: &str| at.and_then(|at| at.get(key)).and_then(Value::as_f64);
    LineView {
        at: instant(step.at),
        stage: step.kind.map_or("warning", domain::CaseKind::key),
        subject: step.subject.to_string(),
        act: step.act.to_string(),
        act_name: words::act(&step.act, language).to_owned(),
        actor: Some(person_ref(&office, &step.actor, language)),
        unit: step.unit.map(|unit| unit_ref(&office, unit)),
        text: sighting.map_or_else(|| text.join("；"), Into::into),
        pictures: pictures.filter_map(Value::as_str).map(str::to_owned).collect(),
        picture_ids: Vec::new(),
        lon: degrees("lon"),
        lat: degrees("lat"),
    }
}
