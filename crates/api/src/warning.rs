//! Warnings (预警): the list, one with its evidence, signing (签收) and verdicts (处置结果).

use crate::access::Signed;
use crate::app::{App, Names};
use crate::detail::detail;
use crate::problem::{Problem, RequestLanguage};
use crate::vehicle::{VehicleView, vehicle_view};
use crate::wire::{Language, List, Paging, instant, parse_instant};
use crate::words;
use axum::Json;
use axum::extract::{Path, Query, State};
use domain::observation::Fact;
use domain::{Hidden, Level, ModelId, Observation, Timestamp, Verdict, Warning, WarningId};
use records::{
    Sort, WarningAct, WarningActError, WarningDeed, WarningField, WarningFilter, WarningRecord, WarningState,
    Window,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Other warnings of the same vehicle shown with one.
const RELATED_MAX: u64 = 10;

/// Warnings signed with one request at most.
const SIGNED_AT_ONCE_MAX: usize = 200;

/// Farther from every checkpoint than this, a place is not in the county.
const NEAR_M_MAX: f64 = 30_000.0;

/// A warning as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WarningView {
    /// 32 hexadecimal digits.
    id: String,
    /// Number of its last change.
    seq: u64,
    /// The model's word.
    model: &'static str,
    model_version: u16,
    /// `high`, `medium`, `low`.
    level: &'static str,
    /// `raised`, `signed`, `dispatched`, `closed`, `merged`, `withdrawn`, `expired`.
    state: &'static str,
    /// To be sent back when signing.
    version: u32,
    subject: SubjectView,
    place: PlaceView,
    occurred_at: String,
    raised_at: String,
    actionable_until: String,
    is_actionable: bool,
    is_historical: bool,
    /// One line, in the language of the request.
    title: String,
    /// What was found and against which threshold.
    explanation: String,
    /// By model; see the field `type`.
    #[schema(value_type = Object)]
    detail: Value,
    evidence_count: usize,
    picture_ids: Vec<String>,
    signed_by: Option<String>,
    signed_at: Option<String>,
    withdrawn_reason: Option<String>,
    verdict: Option<VerdictView>,
    /// The first warning of its group (repeats of the same vehicle and model); its own id when it is the first.
    group_id: String,
    /// Warnings of its group that are not withdrawn, itself among them.
    group_count: u64,
    /// Why it is not shown by itself; absent when it is.
    hidden: Option<HiddenView>,
}

/// What somebody said that a warning was worth.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VerdictView {
    /// `confirmed`, `misread`, `cloned`, `stale`, `exempt`, `wrong_data`, `unfounded`.
    verdict: &'static str,
    /// The same in the language of the request.
    name: &'static str,
    by: String,
    at: String,
    note: Option<String>,
}

/// Why a warning is not shown by itself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HiddenView {
    /// `stronger`: a stronger warning about the same vehicle says enough; `silenced`; `maintenance`.
    kind: &'static str,
    /// That warning, silence or maintenance window.
    by: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct SubjectView {
    plate: Option<String>,
    plate_class: Option<String>,
    plate_color: Option<&'static str>,
    /// The plate as the camera wrote it.
    raw_text: Option<String>,
    /// The terminal.
    device: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct PlaceView {
    checkpoint_id: Option<String>,
    checkpoint_name: Option<String>,
    theatre: Option<&'static str>,
    lon: Option<f64>,
    lat: Option<f64>,
    /// Where it is, in words: the checkpoint, or the nearest one and how far it is.
    description: Option<String>,
}

/// A warning with all that proves it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WarningFileView {
    #[serde(flatten)]
    warning: WarningView,
    evidence: Vec<EvidenceView>,
    /// Other warnings of the same vehicle, newest first.
    related: Vec<WarningView>,
    history: Vec<HistoryView>,
    /// What the register says of the vehicle.
    vehicle: Option<VehicleView>,
}

/// One observation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EvidenceView {
    observation_id: String,
    /// `passage`, `position`, `device_alarm`.
    kind: &'static str,
    captured_at: String,
    received_at: String,
    device_id: String,
    checkpoint_id: Option<String>,
    checkpoint_name: Option<String>,
    lane: Option<u8>,
    direction: Option<u8>,
    speed_kmh: Option<f64>,
    plate_text: Option<String>,
    plate: Option<String>,
    plate_confidence: Option<u8>,
    plate_color: Option<&'static str>,
    vehicle_class: Option<String>,
    /// GA/T 16.8 letter.
    vehicle_color: Option<String>,
    alarm: Option<&'static str>,
    /// What the camera says it saw besides.
    behaviours: Vec<BehaviourView>,
    /// What the vehicle weighed, where it was weighed.
    weighing: Option<WeighingView>,
    lon: Option<f64>,
    lat: Option<f64>,
    picture_ids: Vec<String>,
}

/// What a camera says it saw of a vehicle.
#[derive(Debug, Serialize, ToSchema)]
struct BehaviourView {
    /// `wrong_way`, `plate_covered`, `no_belt`, `phone`, `no_helmet`, `overcrowded`, `carrying_people`.
    key: &'static str,
    /// For people, in the language of the request.
    name: &'static str,
}

/// A weight, in kg.
#[derive(Debug, Serialize, ToSchema)]
struct WeighingView {
    total_kg: u32,
    /// From the front; empty when the site gives only the total.
    axles_kg: Vec<u32>,
    axle_count: u8,
    /// Whether it is a combination of two vehicles.
    is_train: Option<bool>,
}

#[derive(Debug, Serialize, ToSchema)]
struct HistoryView {
    at: String,
    action: String,
    by: Option<String>,
    note: Option<String>,
    /// The verdict, where one was given.
    verdict: Option<&'static str>,
}

/// Which version was seen when signing.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SignInput {
    version: u32,
}

/// What a warning was worth, and which version of it was seen.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct VerdictInput {
    version: u32,
    /// `confirmed`, `misread`, `cloned`, `stale`, `exempt`, `wrong_data`, `unfounded`.
    verdict: String,
    note: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct WarningQuery {
    state: Option<String>,
    model: Option<String>,
    level: Option<String>,
    actionable: Option<bool>,
    historical: Option<bool>,
    /// Occurred then or later, RFC 3339.
    since: Option<String>,
    /// Occurred before.
    until: Option<String>,
    checkpoint: Option<String>,
    /// With this verdict.
    verdict: Option<String>,
    /// Hidden ones, or those shown by themselves; both when left out.
    hidden: Option<bool>,
    /// Members of the group that begins with this warning.
    group: Option<String>,
    /// Only the first of each group.
    heads: Option<bool>,
    /// Part of the plate.
    q: Option<String>,
    sort: Option<String>,
    limit: Option<u64>,
    offset: Option<u64>,
}

/// One observation, for people.
pub(crate) fn evidence_view(observation: &Observation, names: &Names, language: Language) -> EvidenceView {
    let mut view = EvidenceView {
        observation_id: observation.id.to_string(),
        kind: "passage",
        captured_at: instant(observation.captured_at),
        received_at: instant(observation.received_at),
        device_id: observation.device.to_string(),
        checkpoint_id: None,
        checkpoint_name: None,
        lane: None,
        direction: None,
        speed_kmh: None,
        plate_text: None,
        plate: None,
        plate_confidence: None,
        plate_color: None,
        vehicle_class: None,
        vehicle_color: None,
        alarm: None,
        behaviours: Vec::new(),
        weighing: None,
        lon: None,
        lat: None,
        picture_ids: Vec::new(),
    };
    match &observation.fact {
        Fact::Passage(passage) => {
            let checkpoint = names.checkpoints.get(&passage.checkpoint);
            view.checkpoint_id = Some(passage.checkpoint.to_string());
            view.checkpoint_name = checkpoint.map(|c| c.name.to_string());
            view.lon = checkpoint.map(|c| c.location.lon_deg());
            view.lat = checkpoint.map(|c| c.location.lat_deg());
            view.lane = passage.lane;
            view.direction = passage.direction;
            view.speed_kmh = passage.speed_kmh.map(f64::from);
            view.plate_text = Some(passage.plate_text.to_string());
            view.plate = passage.plate.map(|plate| plate.to_string());
            view.plate_confidence = passage.plate_confidence;
            view.plate_color = Some(passage.plate_color.key());
            view.vehicle_class = passage.vehicle_type.map(|kind| kind.to_string());
            view.vehicle_color = passage.body_color.map(String::from);
            view.picture_ids = passage.pictures.iter().map(ToString::to_string).collect();
            let behaviours = passage.behaviours.iter();
            view.behaviours = behaviours
                .map(|seen| BehaviourView { key: seen.key(), name: words::behaviour(seen, language) })
                .collect();
            view.weighing = passage.weighing.as_ref().map(|weighing| WeighingView {
                total_kg: weighing.total_kg,
                axles_kg: weighing.axles_kg.clone(),
                axle_count: weighing.axle_count,
                is_train: weighing.is_train,
            });
        }
        Fact::Position(position) => {
            view.kind = "position";
            view.speed_kmh = Some(f64::from(position.speed_dkmh) / 10.0);
            view.plate = position.vehicle.map(|key| key.plate.to_string());
            view.lon = position.location.map(domain::Wgs84::lon_deg);
            view.lat = position.location.map(domain::Wgs84::lat_deg);
        }
        Fact::Alarm(alarm) => {
            view.kind = "device_alarm";
            view.alarm = Some(alarm.kind.key());
            view.speed_kmh = Some(f64::from(alarm.speed_dkmh) / 10.0);
            view.plate = alarm.vehicle.map(|key| key.plate.to_string());
            view.lon = alarm.location.map(domain::Wgs84::lon_deg);
            view.lat = alarm.location.map(domain::Wgs84::lat_deg);
        }
    }
    view
}

/// A warning, for people.
pub(crate) fn warning_view(
    record: &WarningRecord,
    names: &Names,
    now: Timestamp,
    language: Language,
) -> WarningView {
    let warning = &record.warning;
    let checkpoint = warning.checkpoint.as_ref().and_then(|id| names.checkpoints.get(id));
    let location = warning.location.or(checkpoint.map(|c| c.location));
    let seen_color = warning.evidence.iter().find_map(|observation| match &observation.fact {
        Fact::Passage(passage) if passage.plate_color != domain::PlateColor::Unknown => {
            Some(passage.plate_color.key())
        }
        _ => None,
    });
    let class_color =
        warning.subject.vehicle.map(|key| key.class.color().key()).filter(|key| *key != "unknown");
    WarningView {
        id: warning.id.to_string(),
        seq: record.seq,
        model: warning.model.key(),
        model_version: warning.model_version,
        level: warning.level.key(),
        state: record.state.key(),
        version: record.version,
        subject: SubjectView {
            plate: warning.subject.vehicle.map(|key| key.plate.to_string()),
            plate_class: warning.subject.vehicle.map(|key| key.class.to_string()),
            plate_color: class_color.or(seen_color),
            raw_text: warning.subject.plate_text.as_ref().map(ToString::to_string),
            device: warning.subject.device.as_ref().map(ToString::to_string),
        },
        place: PlaceView {
            checkpoint_id: warning.checkpoint.as_ref().map(ToString::to_string),
            checkpoint_name: checkpoint.map(|c| c.name.to_string()),
            theatre: checkpoint.map(|c| c.theatre.key()),
            lon: location.map(domain::Wgs84::lon_deg),
            lat: location.map(domain::Wgs84::lat_deg),
            description: checkpoint
                .map(|c| c.name.to_string())
                .or_else(|| location.and_then(|location| near(location, names, language))),
        },
        occurred_at: instant(warning.occurred_at),
        raised_at: instant(warning.raised_at),
        actionable_until: instant(warning.actionable_until),
        is_actionable: record.is_actionable(now),
        is_historical: warning.is_historical,
        title: words::title(warning, language),
        explanation: words::explanation(warning, names, language),
        detail: detail(warning, names),
        evidence_count: warning.evidence.len(),
        picture_ids: pictures(warning),
        signed_by: record.signature.as_ref().map(|s| s.by.to_string()),
        signed_at: record.signature.as_ref().map(|s| instant(s.at)),
        withdrawn_reason: record.withdrawn_reason.map(|reason| words::withdraw_reason(reason, language)),
        verdict: record.verdict.as_ref().map(|given| VerdictView {
            verdict: given.verdict.key(),
            name: words::verdict_name(given.verdict, language),
            by: given.by.to_string(),
            at: instant(given.at),
            note: given.note.clone(),
        }),
        group_id: record.mark.group.to_string(),
        group_count: record.group_count,
        hidden: record.mark.hidden.as_ref().map(hidden_view),
    }
}

fn hidden_view(hidden: &Hidden) -> HiddenView {
    match hidden {
        Hidden::Stronger(id) => HiddenView { kind: "stronger", by: id.to_string() },
        Hidden::Silenced(id) => HiddenView { kind: "silenced", by: id.to_string() },
        Hidden::Maintenance(id) => HiddenView { kind: "maintenance", by: id.to_string() },
    }
}

/// `G692沂河线K27+015附近（1.2 km）`: the nearest checkpoint, as far as that says anything.
fn near(location: domain::Wgs84, names: &Names, language: Language) -> Option<String> {
    let distances =
        names.checkpoints.values().map(|checkpoint| (checkpoint, checkpoint.location.distance_m(location)));
    let (checkpoint, distance_m) = distances.min_by(|(_, a), (_, b)| a.total_cmp(b))?;
    let km = distance_m / 1_000.0;
    if distance_m > NEAR_M_MAX {
        return Some(language.pick("县域外".to_string(), "outside the county".to_string()));
    }
    let name = &checkpoint.name;
    Some(language.pick(format!("{name}附近（{km:.1} km）"), format!("near {name} ({km:.1} km)")))
}

fn pictures(warning: &Warning) -> Vec<String> {
    let of_passages = warning.evidence.iter().filter_map(|observation| match &observation.fact {
        Fact::Passage(passage) => Some(passage.pictures.iter()),
        Fact::Position(_) | Fact::Alarm(_) => None,
    });
    of_passages.flatten().map(ToString::to_string).collect()
}

fn filter_of(query: &WarningQuery, now: Timestamp) -> Result<WarningFilter, Problem> {
    let unknown = |field: &str| {
        Problem::invalid(format!("筛选条件 {field} 有误。"), format!("The filter {field} is unknown."))
    };
    let word = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let time = |text: &Option<String>, field: &str| match word(text) {
        None => Ok(None),
        Some(text) => parse_instant(&text).map(Some).ok_or_else(|| unknown(field)),
    };
    Ok(WarningFilter {
        state: word(&query.state)
            .map(|w| WarningState::parse(&w).ok_or_else(|| unknown("state")))
            .transpose()?,
        model: word(&query.model).map(|w| ModelId::parse(&w).ok_or_else(|| unknown("model"))).transpose()?,
        level: word(&query.level).map(|w| Level::parse(&w).ok_or_else(|| unknown("level"))).transpose()?,
        actionable_at: query.actionable.filter(|wanted| *wanted).map(|_| now),
        is_historical: query.historical,
        since: time(&query.since, "since")?,
        until: time(&query.until, "until")?,
        checkpoint: word(&query.checkpoint).map(|id| id.as_str().into()),
        vehicle: None,
        device: None,
        q: word(&query.q),
        verdict: word(&query.verdict)
            .map(|w| Verdict::parse(&w).ok_or_else(|| unknown("verdict")))
            .transpose()?,
        is_hidden: query.hidden,
        group: word(&query.group)
            .map(|w| WarningId::parse(&w).ok_or_else(|| unknown("group")))
            .transpose()?,
        is_head: query.heads.filter(|wanted| *wanted),
    })
}

fn sort_of(word: Option<&str>) -> Sort<WarningField> {
    let word = word.unwrap_or("-occurred_at");
    let field = match word.trim_start_matches('-') {
        "raised_at" => WarningField::RaisedAt,
        "level" => WarningField::Level,
        _ => WarningField::OccurredAt,
    };
    Sort { field, is_descending: word.starts_with('-') }
}

/// Warnings.
#[utoipa::path(get, path = "/warnings", tag = "warnings", params(WarningQuery),
    responses((status = 200, body = List<WarningView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _: Signed,
    RequestLanguage(language): RequestLanguage,
    Query(query): Query<WarningQuery>,
) -> Result<Json<List<WarningView>>, Problem> {
    let now = app.clock.now();
    let filter = filter_of(&query, now)?;
    let paging = Paging { limit: query.limit, offset: query.offset, sort: None };
    let window = Window { offset: paging.offset(), limit: paging.limit() };
    let page = app.records.warnings(&filter, sort_of(query.sort.as_deref()), window).await?;
    let names = app.names.load();
    let items = page.items.iter().map(|record| warning_view(record, &names, now, language)).collect();
    Ok(Json(List { items, total: page.total }))
}

/// One warning with its evidence, related warnings and history.
#[utoipa::path(get, path = "/warnings/{id}", tag = "warnings", params(("id" = String, Path)),
    responses((status = 200, body = WarningFileView), (status = 404)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    _: Signed,
    RequestLanguage(language): RequestLanguage,
    Path(id): Path<String>,
) -> Result<Json<WarningFileView>, Problem> {
    let id = parse_id(&id)?;
    let now = app.clock.now();
    let record = app.records.warning(id).await?.ok_or_else(no_such)?;
    let mut related = Vec::new();
    let mut vehicle = None;
    if let Some(key) = record.warning.subject.vehicle {
        let filter = WarningFilter { vehicle: Some(key), ..WarningFilter::default() };
        let window = Window { offset: 0, limit: RELATED_MAX + 1 };
        let page = app.records.warnings(&filter, Sort::descending(WarningField::OccurredAt), window).await?;
        related = page.items;
        related.retain(|other| other.warning.id != id);
        related.truncate(RELATED_MAX as usize);
        vehicle = app.records.vehicle(key).await?.map(|record| vehicle_view(&record));
    }
    let history = app.records.warning_history(id).await?;
    let names = app.names.load();
    Ok(Json(WarningFileView {
        warning: warning_view(&record, &names, now, language),
        evidence: record.warning.evidence.iter().map(|o| evidence_view(o, &names, language)).collect(),
        related: related.iter().map(|other| warning_view(other, &names, now, language)).collect(),
        history: history
            .into_iter()
            .map(|line| HistoryView {
                at: instant(line.at),
                action: line.action.to_string(),
                by: line.actor.map(|by| by.to_string()),
                note: line.note,
                verdict: line.verdict.map(Verdict::key),
            })
            .collect(),
        vehicle,
    }))
}

/// Signs a warning: the officer takes it on.
#[utoipa::path(post, path = "/warnings/{id}/sign", tag = "warnings", params(("id" = String, Path)),
    request_body = SignInput, responses((status = 200, body = WarningView), (status = 404), (status = 409)))]
pub(crate) async fn sign(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Path(id): Path<String>,
    Json(input): Json<SignInput>,
) -> Result<Json<WarningView>, Problem> {
    let id = parse_id(&id)?;
    let record = sign_one(&app, &by, id, input.version).await?;
    Ok(Json(warning_view(&record, &app.names.load(), app.clock.now(), language)))
}

async fn sign_one(
    app: &Arc<App>,
    by: &Signed,
    id: WarningId,
    version: u32,
) -> Result<WarningRecord, Problem> {
    let office = app.office.load_full();
    let deed = WarningDeed {
        act: WarningAct::Sign,
        seen_version: Some(version),
        verdict: None,
        note: None,
        by: by.actor(),
        at: app.clock.now(),
        desk: &office.desk,
    };
    let turn = app.hub.turn().lock().await;
    let signed = app.records.act_on_warning(id, &deed).await;
    let mut changed = signed.map_err(|error| match error {
        WarningActError::NotFound => no_such(),
        WarningActError::Conflict { by, at } => {
            let name = office.person(&by);
            Problem::conflict(
                format!("{name} 已于 {} 签收。", crate::words::beijing(at)),
                format!("Signed by {name} at {} already.", crate::words::beijing(at)),
            )
        }
        WarningActError::Changed { .. } => Problem::conflict(
            "该预警的证据刚刚更新，请查看最新内容后再签收。",
            "Its evidence was revised just now. Look at it again before signing.",
        ),
        WarningActError::Refused(_) => Problem::conflict(
            "该预警已撤回、办结或逾期，无需签收。",
            "It was withdrawn, closed or expired; there is nothing to sign.",
        ),
        WarningActError::Store(error) => error.into(),
    })?;
    crate::stream::publish(app, &changed);
    drop(turn);
    by.audit(app, "warning.sign", &id.to_string(), "").await?;
    Ok(changed.swap_remove(0))
}

/// Many warnings, each in the version that was seen.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SignManyInput {
    items: Vec<SignItem>,
}

/// One of many.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SignItem {
    id: String,
    version: u32,
}

/// What became of one of many.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignResult {
    id: String,
    ok: bool,
    /// Why not.
    detail: Option<String>,
}

/// What became of many.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignResults {
    items: Vec<SignResult>,
}

/// Signs many warnings; each by itself, so that one that somebody else has does not stop the others.
#[utoipa::path(post, path = "/warnings/sign", tag = "warnings", request_body = SignManyInput,
    responses((status = 200, body = SignResults), (status = 422)))]
pub(crate) async fn sign_many(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Json(input): Json<SignManyInput>,
) -> Result<Json<SignResults>, Problem> {
    if input.items.len() > SIGNED_AT_ONCE_MAX {
        return Err(Problem::invalid(
            format!("一次最多签收 {SIGNED_AT_ONCE_MAX} 条。"),
            format!("At most {SIGNED_AT_ONCE_MAX} are signed at once."),
        ));
    }
    let mut items = Vec::with_capacity(input.items.len());
    for SignItem { id, version } in input.items {
        let signed = match parse_id(&id) {
            Ok(parsed) => sign_one(&app, &by, parsed, version).await.map(|_| ()),
            Err(problem) => Err(problem),
        };
        let detail = signed.as_ref().err().map(|problem| problem.text(language));
        items.push(SignResult { id, ok: signed.is_ok(), detail });
    }
    Ok(Json(SignResults { items }))
}

/// Says what a warning was worth; one that nobody has signed is signed with it.
#[utoipa::path(post, path = "/warnings/{id}/verdict", tag = "warnings", params(("id" = String, Path)),
    request_body = VerdictInput, responses((status = 200, body = WarningView), (status = 404), (status = 409), (status = 422)))]
pub(crate) async fn judge(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Path(id): Path<String>,
    Json(input): Json<VerdictInput>,
) -> Result<Json<WarningView>, Problem> {
    let id = parse_id(&id)?;
    let verdict = Verdict::parse(&input.verdict)
        .ok_or_else(|| Problem::invalid("没有这种处置结果。", "There is no such verdict."))?;
    let note = input.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
    let now = app.clock.now();
    let office = app.office.load_full();
    let deed = WarningDeed {
        act: WarningAct::Judge,
        seen_version: Some(input.version),
        verdict: Some(verdict),
        note: note.map(str::to_owned),
        by: by.actor(),
        at: now,
        desk: &office.desk,
    };
    let turn = app.hub.turn().lock().await;
    let judged = app.records.act_on_warning(id, &deed).await;
    let mut changed = judged.map_err(|error| match error {
        WarningActError::NotFound => no_such(),
        WarningActError::Changed { .. } | WarningActError::Conflict { .. } => Problem::conflict(
            "该预警刚刚更新，请查看最新内容后再填写处置结果。",
            "It changed just now. Look at it again before giving a verdict.",
        ),
        WarningActError::Refused(_) => Problem::conflict(
            "该预警已被系统撤回，不能填写处置结果。",
            "It was withdrawn; there is nothing to judge.",
        ),
        WarningActError::Store(error) => error.into(),
    })?;
    crate::stream::publish(&app, &changed);
    let record = changed.swap_remove(0);
    drop(turn);
    app.changed.notify_one();
    let detail = note.map_or(verdict.key().to_owned(), |note| format!("{}: {note}", verdict.key()));
    by.audit(&app, "warning.verdict", &id.to_string(), &detail).await?;
    Ok(Json(warning_view(&record, &app.names.load(), now, language)))
}

pub(crate) fn parse_id(text: &str) -> Result<WarningId, Problem> {
    WarningId::parse(text).ok_or_else(no_such)
}

pub(crate) fn no_such() -> Problem {
    Problem::not_found("没有这条预警。", "There is no such warning.")
}
