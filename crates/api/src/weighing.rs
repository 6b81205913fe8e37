//! Weighing in motion (不停车称重): what a weigh site measured becomes a passage with its weight, taken in like a camera's.

use crate::access::Signed;
use crate::app::App;
use crate::problem::{ItemFault, ItemFaultView, Problem, RequestLanguage};
use crate::wire::parse_instant;
use axum::Json;
use axum::extract::State;
use domain::{
    CheckpointId, DeviceId, Fact, Observation, ObservationId, Passage, Plate, PlateClass, PlateColor,
    Timestamp, VehicleType, Weighing,
};
use gateway::{IntakeError, Limits};
use journal::AppendError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::ops::RangeInclusive;
use std::sync::Arc;
use utoipa::ToSchema;

/// Weighings in one request.
const WEIGHINGS_MAX: usize = 1_000;
/// Heaviest vehicle that is believed, in kg. The law's limit is 49 t (GB 1589-2016), and what is caught seldom has more than
/// four times as much: beyond this the scale is at fault.
const WEIGHT_KG_MAX: f64 = 300_000.0;
/// Most axles of one vehicle; trains of the law have six (GB 1589-2016), carriers of heavy loads some more.
const AXLES_MAX: i64 = 20;
/// Longest plate text in bytes, as for cameras.
const PLATE_TEXT_BYTES_MAX: usize = 64;
/// Fastest passage that is believed, in km/h, as for cameras.
const SPEED_KMH_MAX: f64 = 999.0;
/// Direction codes of GA/T 1400.3-2017.
const DIRECTIONS: RangeInclusive<i64> = 1..=9;

/// What one vehicle weighed at one passage. Optional texts may be empty.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct WeighingInput {
    /// A registered checkpoint.
    checkpoint_id: String,
    /// RFC 3339, with its offset. A time that can't be is replaced by the time of arrival, as for cameras.
    captured_at: String,
    /// As it was read; empty when nothing was.
    plate: String,
    /// GA/T 16.7, two digits.
    plate_class: Option<String>,
    /// `blue`, `yellow`, `white`, `black`, `green`, `yellow_green`; from the class where it is left out.
    plate_color: Option<String>,
    /// Percent.
    plate_confidence: Option<f64>,
    /// GA/T 16.4, such as H11.
    vehicle_type: Option<String>,
    /// The whole vehicle, more than 0 and at most 300,000.
    total_kg: f64,
    /// Each axle from the front; may be left out.
    #[serde(default)]
    axles_kg: Vec<f64>,
    /// From 1 to 20; may be left out where `axles_kg` is given.
    axle_count: Option<i64>,
    /// Whether it is a combination of two vehicles (汽车列车).
    is_train: Option<bool>,
    speed_kmh: Option<f64>,
    /// From 1, from the middle of the road.
    lane: Option<i64>,
    /// GA/T 1400 code, 1–9.
    direction: Option<i64>,
}

/// One weighing, or a list of at most 1,000.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "for the document; the items are read one by one")]
pub(crate) enum WeighingBody {
    One(Box<WeighingInput>),
    Many(Vec<WeighingInput>),
}

/// What became of the weighings.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WeighingReport {
    /// Weighings that are durable now, repeats among them.
    accepted: usize,
    rejected: usize,
    /// Why, each by the first fault that was found.
    errors: Vec<ItemFaultView>,
}

impl From<IntakeError> for Problem {
    fn from(error: IntakeError) -> Self {
        match &error {
            IntakeError::Journal(AppendError::Full { .. }) => Self::disk_full(),
            IntakeError::Journal(_) => {
                tracing::warn!(%error, cause = ?std::error::Error::source(&error), "a weighing was not taken");
                Self::busy()
            }
        }
    }
}

/// Takes weighings in. Good ones stand whatever the others are, and sending them again changes nothing. When none is good
/// the answer is a problem.
#[utoipa::path(post, path = "/weighings", tag = "passages", request_body = WeighingBody,
    responses((status = 200, body = WeighingReport), (status = 422), (status = 503), (status = 507)))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    by: Signed,
    RequestLanguage(language): RequestLanguage,
    Json(body): Json<Value>,
) -> Result<Json<WeighingReport>, Problem> {
    let items = match body {
        Value::Array(items) if items.len() <= WEIGHINGS_MAX => items,
        Value::Array(_) => {
            return Err(Problem::invalid(
                format!("一次最多提交 {WEIGHINGS_MAX} 条称重记录，请分批提交。"),
                format!("At most {WEIGHINGS_MAX} weighings in one request. Send them in parts."),
            ));
        }
        item => vec![item],
    };
    let received_at = app.clock.now();
    let names = app.names.load();
    let (mut observations, mut faults) = (Vec::with_capacity(items.len()), Vec::new());
    for (index, item) in items.into_iter().enumerate() {
        let observed = read(item).and_then(|input| {
            observe(&input, |id| names.checkpoints.contains_key(id), &app.limits, received_at)
        });
        match observed {
            Ok(observation) => observations.push(observation),
            Err(fault) => faults.push(fault.at(index)),
        }
    }
    let (accepted, rejected) = (observations.len(), faults.len());
    if let Some(checkpoint) = observations.first().map(checkpoint_of) {
        app.intake.store(observations).await?;
        metrics::counter!("anchang_observations_total", "source" => "weighing", "kind" => "passage")
            .increment(accepted as u64);
        let detail = format!("accepted {accepted}, rejected {rejected}");
        by.audit(&app, "weighing.post", &checkpoint, &detail).await?;
    } else if rejected > 0 {
        return Err(Problem::invalid("没有一条称重记录可用，请按条改正。", "No weighing could be used.")
            .with_errors(faults));
    }
    let errors = faults.into_iter().map(|fault| fault.view(language)).collect();
    Ok(Json(WeighingReport { accepted, rejected, errors }))
}

fn checkpoint_of(observation: &Observation) -> String {
    match &observation.fact {
        Fact::Passage(passage) => passage.checkpoint.to_string(),
        Fact::Position(_) | Fact::Alarm(_) => String::new(),
    }
}

/// A fault, before its place in the list is known.
#[derive(Debug, PartialEq, Eq)]
struct Fault {
    field: Option<String>,
    message: (String, String),
}

impl Fault {
    fn new(field: &str, chinese: impl Into<String>, english: impl Into<String>) -> Self {
        Self { field: Some(field.to_string()), message: (chinese.into(), english.into()) }
    }

    fn at(self, index: usize) -> ItemFault {
        ItemFault { index, field: self.field, message: self.message }
    }
}

/// One item of the list, with the field that is not as it should be.
fn read(item: Value) -> Result<WeighingInput, Fault> {
    if !item.is_object() {
        // A list would be read as the fields in their order.
        let message = ("不是一条称重记录。".to_string(), "It is no weighing.".to_string());
        return Err(Fault { field: None, message });
    }
    serde_path_to_error::deserialize(item).map_err(|error| {
        let path = error.path().to_string();
        let cause = error.into_inner().to_string();
        let missing = cause.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        let field = missing.map(str::to_string).or_else(|| (path != ".").then_some(path));
        let message = match missing {
            Some(_) => ("缺少此项。".to_string(), "It is missing.".to_string()),
            None => ("格式不正确。".to_string(), format!("It could not be read: {cause}.")),
        };
        Fault { field, message }
    })
}

/// The passage that was weighed. Its identity is made of checkpoint, time, plate and weight, so that a repeat has the same.
fn observe(
    input: &WeighingInput,
    is_registered: impl Fn(&CheckpointId) -> bool,
    limits: &Limits,
    received_at: Timestamp,
) -> Result<Observation, Fault> {
    let checkpoint = CheckpointId::from(input.checkpoint_id.trim());
    if !is_registered(&checkpoint) {
        return Err(Fault::new("checkpoint_id", "没有这个卡口。", "There is no such checkpoint."));
    }
    let claimed = parse_instant(&input.captured_at).ok_or_else(|| {
        Fault::new(
            "captured_at",
            "须为带时区的时间，如 2026-11-23T14:31:36+08:00。",
            "It must be RFC 3339 with its offset, such as 2026-11-23T14:31:36+08:00.",
        )
    })?;
    let plate_text = input.plate.trim();
    if plate_text.len() > PLATE_TEXT_BYTES_MAX {
        let english = format!("It is longer than {PLATE_TEXT_BYTES_MAX} bytes.");
        return Err(Fault::new("plate", format!("超过 {PLATE_TEXT_BYTES_MAX} 字节。"), english));
    }
    let weighing = weighing(input)?;
    let passage = passage(input, checkpoint, plate_text, weighing)?;
    let checkpoint = passage.checkpoint.as_str();
    let total_kg = passage.weighing.as_ref().map_or(0, |weighing| weighing.total_kg);
    Ok(Observation {
        id: ObservationId::of(&[
            b"weigh",
            checkpoint.as_bytes(),
            &claimed.unix_ms().to_be_bytes(),
            plate_text.as_bytes(),
            &total_kg.to_be_bytes(),
        ]),
        device: DeviceId(smol_str::format_smolstr!("weigh:{checkpoint}")),
        captured_at: gateway::clock::believe(limits, "weighing", Some(claimed), received_at),
        received_at,
        fact: Fact::Passage(passage),
    })
}

fn passage(
    input: &WeighingInput,
    checkpoint: CheckpointId,
    plate_text: &str,
    weighing: Weighing,
) -> Result<Passage, Fault> {
    let plate_class = code(input.plate_class.as_ref(), PlateClass::parse).map_err(|()| {
        Fault::new("plate_class", "不是 GA/T 16.7 的两位代码。", "It is no code of GA/T 16.7 (two digits).")
    })?;
    let plate_class = plate_class.unwrap_or(PlateClass::UNKNOWN);
    let plate_color = code(input.plate_color.as_ref(), PlateColor::parse)
        .map_err(|()| Fault::new("plate_color", "没有这种号牌颜色。", "There is no such plate colour."))?
        .unwrap_or_else(|| plate_class.color());
    let vehicle_type = code(input.vehicle_type.as_ref(), VehicleType::parse).map_err(|()| {
        Fault::new(
            "vehicle_type",
            "不是 GA/T 16.4 的代码，如 H11。",
            "It is no code of GA/T 16.4, such as H11.",
        )
    })?;
    let confidence = number("plate_confidence", input.plate_confidence, 0.0..=100.0)?;
    let speed_kmh = number("speed_kmh", input.speed_kmh, 0.0..=SPEED_KMH_MAX)?;
    Ok(Passage {
        lane: whole("lane", input.lane, 1..=i64::from(u8::MAX))?,
        direction: whole("direction", input.direction, DIRECTIONS)?,
        plate_text: plate_text.into(),
        plate: Plate::parse_on(plate_text, plate_color).ok(),
        plate_confidence: confidence.map(|percent| percent.round() as u8),
        plate_class,
        plate_color,
        vehicle_type,
        speed_kmh: speed_kmh.map(|speed| speed.round() as u16),
        weighing: Some(Box::new(weighing)),
        ..Passage::unread(checkpoint)
    })
}

fn weighing(input: &WeighingInput) -> Result<Weighing, Fault> {
    let is_weight = |kg: f64| kg.round() > 0.0 && kg <= WEIGHT_KG_MAX;
    if !is_weight(input.total_kg) {
        return Err(Fault::new(
            "total_kg",
            format!("总重须大于 0、不超过 {WEIGHT_KG_MAX} 千克。"),
            format!("The weight must be more than 0 and at most {WEIGHT_KG_MAX} kg."),
        ));
    }
    if let Some(at) =
        input.axles_kg.iter().position(|kg| !is_weight(*kg) || kg.round() > input.total_kg.round())
    {
        return Err(Fault::new(
            &format!("axles_kg[{at}]"),
            "轴重须大于 0、不超过总重。",
            "An axle must weigh more than 0 and no more than the vehicle.",
        ));
    }
    let given = input.axles_kg.len() as i64;
    let counted = input.axle_count.unwrap_or(given);
    if !(1..=AXLES_MAX).contains(&counted) {
        return Err(Fault::new(
            "axle_count",
            format!("轴数须为 1 至 {AXLES_MAX}；不给出各轴重量时必须给出轴数。"),
            format!("There must be 1 to {AXLES_MAX} axles; without their weights their number is needed."),
        ));
    }
    if given > 0 && given != counted {
        return Err(Fault::new(
            "axle_count",
            format!("轴数 {counted} 与给出的 {given} 个轴重不符。"),
            format!("It says {counted}, and the weights of {given} axles are given."),
        ));
    }
    Ok(Weighing {
        total_kg: input.total_kg.round() as u32,
        axles_kg: input.axles_kg.iter().map(|kg| kg.round() as u32).collect(),
        axle_count: counted as u8,
        is_train: input.is_train,
    })
}

/// A code; blank text is none.
fn code<T>(text: Option<&String>, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, ()> {
    let text = text.map(|text| text.trim()).filter(|text| !text.is_empty());
    text.map(|text| parse(text).ok_or(())).transpose()
}

fn number(field: &str, value: Option<f64>, believed: RangeInclusive<f64>) -> Result<Option<f64>, Fault> {
    match value {
        Some(value) if !believed.contains(&value) => Err(outside(field, believed.start(), believed.end())),
        value => Ok(value),
    }
}

fn whole(field: &str, value: Option<i64>, believed: RangeInclusive<i64>) -> Result<Option<u8>, Fault> {
    let Some(value) = value else { return Ok(None) };
    match u8::try_from(value) {
        Ok(byte) if believed.contains(&value) => Ok(Some(byte)),
        _ => Err(outside(field, believed.start(), believed.end())),
    }
}

fn outside(field: &str, least: impl std::fmt::Display, most: impl std::fmt::Display) -> Fault {
    Fault::new(field, format!("须在 {least} 至 {most} 之间。"), format!("It must be from {least} to {most}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const CHECKPOINT: &str = "37132700001210000001";
    const NOW: Timestamp = Timestamp::from_unix_ms(1_795_399_200_000);

    fn truck() -> Value {
        json!({ "checkpoint_id": CHECKPOINT, "captured_at": "2026-11-23T09:59:50+08:00", "plate": "鲁QA1234",
                "plate_class": "01", "vehicle_type": "H11", "total_kg": 61_240.4,
                "axles_kg": [6_100, 11_000, 11_040, 11_000, 11_050, 11_050.4], "is_train": true,
                "plate_confidence": 96, "speed_kmh": 42.6, "lane": 2, "direction": 3 })
    }

    fn taken(item: Value) -> Result<Observation, Fault> {
        read(item).and_then(|input| observe(&input, |id| id.as_str() == CHECKPOINT, &Limits::default(), NOW))
    }

    fn with(field: &str, value: Value) -> Value {
        let mut item = truck();
        item[field] = value;
        item
    }

    fn faulty_field(item: Value) -> String {
        taken(item).unwrap_err().field.unwrap_or_default()
    }

    #[test]
    fn a_weighing_becomes_a_passage_with_its_weight() {
        let observation = taken(truck()).unwrap();
        assert_eq!(observation.device.as_str(), format!("weigh:{CHECKPOINT}"));
        assert_eq!(observation.captured_at, NOW.plus_ms(-10_000));
        let Fact::Passage(passage) = observation.fact else { panic!("no passage") };
        assert_eq!((passage.plate, passage.plate_class), ("鲁QA1234".parse().ok(), PlateClass::LARGE));
        assert_eq!(passage.plate_color, PlateColor::Yellow, "from the class");
        assert_eq!((passage.speed_kmh, passage.lane, passage.direction), (Some(43), Some(2), Some(3)));
        let weighing = passage.weighing.unwrap();
        assert_eq!((weighing.total_kg, weighing.axle_count, weighing.is_train), (61_240, 6, Some(true)));
        assert_eq!(weighing.axles_kg, [6_100, 11_000, 11_040, 11_000, 11_050, 11_050]);
    }

    #[test]
    fn only_what_was_seen_makes_the_identity() {
        let id = |item| taken(item).unwrap().id;
        assert_eq!(id(truck()), id(with("plate_confidence", json!(50))));
        assert_eq!(id(truck()), id(with("captured_at", json!("2026-11-23T01:59:50Z"))));
        for other in [
            with("captured_at", json!("2026-11-23T09:59:51+08:00")),
            with("plate", json!("鲁QA1235")),
            with("total_kg", json!(61_241)),
        ] {
            assert_ne!(id(truck()), id(other));
        }
    }

    #[test]
    fn a_time_that_cannot_be_is_replaced_as_for_cameras() {
        let battery_lost = taken(with("captured_at", json!("2000-01-01T00:00:00Z"))).unwrap();
        assert_eq!(battery_lost.captured_at, NOW);
        assert_ne!(battery_lost.id, taken(truck()).unwrap().id, "the identity has the time as it was said");
    }

    #[test]
    fn each_fault_names_its_field() {
        for (field, value) in [
            ("checkpoint_id", json!("nowhere")),
            ("captured_at", json!("2026-11-23 09:59")),
            ("captured_at", json!(5)),
            ("plate", json!("长".repeat(30))),
            ("plate", json!(null)),
            ("plate_class", json!("大型")),
            ("plate_color", json!("mauve")),
            ("plate_confidence", json!(101)),
            ("vehicle_type", json!("truck")),
            ("total_kg", json!(0)),
            ("total_kg", json!(0.4)),
            ("total_kg", json!(-1)),
            ("total_kg", json!(300_001)),
            ("total_kg", json!("heavy")),
            ("axles_kg", json!(7)),
            ("axle_count", json!(0)),
            ("axle_count", json!(21)),
            ("axle_count", json!(5)),
            ("speed_kmh", json!(-3)),
            ("lane", json!(0)),
            ("lane", json!(256)),
            ("direction", json!(10)),
            ("is_train", json!("yes")),
        ] {
            assert_eq!(faulty_field(with(field, value.clone())), field, "{value}");
        }
        assert_eq!(faulty_field(with("axles_kg", json!([1_000, 0]))), "axles_kg[1]");
        assert_eq!(faulty_field(with("axles_kg", json!([1_000, 70_000]))), "axles_kg[1]");
        assert_eq!(faulty_field(with("axles_kg", json!([1_000, "x"]))), "axles_kg[1]");
        assert_eq!(faulty_field(with("axles_kg", json!([]))), "axle_count", "neither weights nor number");
        assert_eq!(faulty_field(json!([1])), "");
        let mut nameless = truck();
        nameless.as_object_mut().unwrap().remove("plate");
        assert_eq!(faulty_field(nameless), "plate");
    }

    #[test]
    fn what_a_site_does_not_know_may_be_left_out() {
        let bare = json!({ "checkpoint_id": CHECKPOINT, "captured_at": "2026-11-23T02:00:00Z", "plate": "",
                           "plate_class": "", "vehicle_type": "", "total_kg": 100_000, "axle_count": 20 });
        let Fact::Passage(passage) = taken(bare).unwrap().fact else { panic!("no passage") };
        assert_eq!((passage.plate, passage.plate_class), (None, PlateClass::UNKNOWN));
        let weighing = passage.weighing.unwrap();
        assert_eq!((weighing.axles_kg.len(), weighing.axle_count, weighing.is_train), (0, 20, None));
    }

    proptest! {
        #[test]
        fn a_weight_is_taken_exactly_when_a_vehicle_may_have_it(kg in -1_000.0f64..600_000.0) {
            let item = json!({ "checkpoint_id": CHECKPOINT, "captured_at": "2026-11-23T02:00:00Z", "plate": "",
                               "total_kg": kg, "axle_count": 6 });
            let is_possible = (0.5..=300_000.0).contains(&kg);
            prop_assert_eq!(taken(item).is_ok(), is_possible);
        }
    }
}
