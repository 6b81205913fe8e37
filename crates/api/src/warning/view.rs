//! Warnings on the wire: in lists, with all that proves them, and the observations behind them.

use crate::app::Names;
use crate::detail::detail;
use crate::vehicle::VehicleView;
use crate::wire::{Language, instant};
use crate::words;
use domain::observation::Fact;
use domain::{Hidden, Observation, Timestamp, Warning};
use records::WarningRecord;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Farther from every checkpoint than this, a place is not in the county.
const NEAR_M_MAX: f64 = 30_000.0;

/// A warning as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WarningView {
    /// 32 hexadecimal digits.
    pub(super) id: String,
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
    /// The step that waits for somebody, in lists and in the file.
    pub(super) step: Option<&'static str>,
    /// Until when it has to be done.
    pub(super) due_at: Option<String>,
    pub(super) is_late: bool,
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
pub(crate) struct SubjectView {
    plate: Option<String>,
    plate_class: Option<String>,
    plate_color: Option<&'static str>,
    /// The plate as the camera wrote it.
    raw_text: Option<String>,
    /// The terminal.
    device: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlaceView {
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
    pub(super) warning: WarningView,
    pub(super) evidence: Vec<EvidenceView>,
    /// Other warnings of the same vehicle, newest first.
    pub(super) related: Vec<WarningView>,
    pub(super) history: Vec<HistoryView>,
    /// What the register says of the vehicle.
    pub(super) vehicle: Option<VehicleView>,
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
pub(crate) struct BehaviourView {
    /// `wrong_way`, `plate_covered`, `no_belt`, `phone`, `no_helmet`, `overcrowded`, `carrying_people`.
    key: &'static str,
    /// For people, in the language of the request.
    name: &'static str,
}

/// A weight, in kg.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WeighingView {
    total_kg: u32,
    /// From the front; empty when the site gives only the total.
    axles_kg: Vec<u32>,
    axle_count: u8,
    /// Whether it is a combination of two vehicles.
    is_train: Option<bool>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HistoryView {
    pub(super) at: String,
    pub(super) action: String,
    pub(super) by: Option<String>,
    pub(super) note: Option<String>,
    /// The verdict, where one was given.
    pub(super) verdict: Option<&'static str>,
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
        step: None,
        due_at: None,
        is_late: false,
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
