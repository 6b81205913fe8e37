//! What a warning found, as JSON by model: units in the names, identities with the names they have now.

use crate::app::Names;
use crate::wire::instant;
use crate::words;
use domain::{CheckpointId, CloneEvidence, Detail, SectionId, Warning, ZoneId};
use serde_json::{Value, json};

/// The detail of a warning; its field `type` is the model's word.
pub(crate) fn detail(warning: &Warning, names: &Names) -> Value {
    let mut value = of_model(&warning.detail, names);
    value["type"] = json!(warning.model.key());
    value
}

#[expect(clippy::too_many_lines, reason = "one arm for each kind of detail")]
fn of_model(detail: &Detail, names: &Names) -> Value {
    let section_name = |id: &SectionId| names.sections.get(id).map(|section| section.name.as_str());
    let checkpoint_name = |id: &CheckpointId| names.checkpoints.get(id).map(|place| place.name.as_str());
    match detail {
        Detail::WatchOrder { order, ordered_plate, read_plate, score_permille, reason } => json!({
            "order_id": order.as_str(),
            "ordered_plate": ordered_plate.to_string(),
            "read_plate": read_plate.to_string(),
            "score": f64::from(*score_permille) / 1000.0,
            "is_misread": *score_permille < 1000,
            "doubtful": doubtful(*ordered_plate, *read_plate),
            "reason": reason.as_str(),
        }),
        Detail::AverageSpeed { section, length_m, elapsed_ms, speed_dkmh, limit_kmh } => json!({
            "section_id": section.as_str(),
            "section_name": section_name(section),
            "length_m": length_m,
            "elapsed_ms": elapsed_ms,
            "speed_kmh": f64::from(*speed_dkmh) / 10.0,
            "limit_kmh": limit_kmh,
            "over_percent": words::over_percent(*speed_dkmh, *limit_kmh),
        }),
        Detail::Fatigue { started_at, driven_minutes, limit_minutes, is_night }
        | Detail::PassageFatigue { started_at, driven_minutes, limit_minutes, is_night } => json!({
            "drive_started_at": instant(*started_at),
            "driven_minutes": driven_minutes,
            "limit_minutes": limit_minutes,
            "is_night": is_night,
        }),
        Detail::NightCoach { day, first_moving_at, moving_minutes } => json!({
            "night": day.to_string(),
            "first_moving_at": instant(*first_moving_at),
            "moving_minutes": moving_minutes,
            "window": "02:00–05:00",
        }),
        Detail::DeviceAlarm { kind, count, first_at, last_at } => json!({
            "kind": kind.key(),
            "count": count,
            "first_at": instant(*first_at),
            "last_at": instant(*last_at),
        }),
        Detail::OverdueInspection { valid_until, overdue_days } => {
            json!({ "valid_until": valid_until.to_string(), "overdue_days": overdue_days })
        }
        Detail::OverdueScrapping { scrap_by, overdue_days } => {
            json!({ "scrap_by": scrap_by.to_string(), "overdue_days": overdue_days })
        }
        Detail::UnhandledOffences { count, threshold } => json!({ "count": count, "threshold": threshold }),
        Detail::ClonePlate { evidence, contradiction_count, first_at, needs_earlier } => {
            let mut value = match evidence {
                CloneEvidence::Journey { from, to, elapsed_ms, shortest_ms } => json!({
                    "evidence": "journey",
                    "from_checkpoint_id": from.as_str(),
                    "from_checkpoint_name": checkpoint_name(from),
                    "to_checkpoint_id": to.as_str(),
                    "to_checkpoint_name": checkpoint_name(to),
                    "elapsed_ms": elapsed_ms,
                    "shortest_ms": shortest_ms,
                }),
                CloneEvidence::Look { is_plate_other, is_type_other, is_color_other } => json!({
                    "evidence": "look",
                    "is_plate_other": is_plate_other,
                    "is_type_other": is_type_other,
                    "is_color_other": is_color_other,
                }),
            };
            value["contradiction_count"] = json!(contradiction_count);
            value["needs_earlier"] = json!(needs_earlier);
            value["first_at"] = json!(instant(*first_at));
            value
        }
        Detail::FakePlate { plate, sighting_count, place_count, first_at } => json!({
            "plate": plate.to_string(),
            "sighting_count": sighting_count,
            "place_count": place_count,
            "first_at": instant(*first_at),
        }),
        Detail::HiddenPlate { sighting_count, first_at, is_covered } => json!({
            "sighting_count": sighting_count,
            "first_at": instant(*first_at),
            "is_covered": is_covered,
        }),
        Detail::SpotSpeed { speed_kmh, limit_kmh } => json!({
            "speed_kmh": speed_kmh,
            "limit_kmh": limit_kmh,
            "over_percent": words::over_percent(u32::from(*speed_kmh) * 10, *limit_kmh),
        }),
        Detail::DrivingTime { window_hours, window_from, driven_minutes, limit_minutes } => json!({
            "window_hours": window_hours,
            "window_from": instant(*window_from),
            "driven_minutes": driven_minutes,
            "limit_minutes": limit_minutes,
        }),
        Detail::DangerousGoods { is_hours, zone, first_at } => json!({
            "is_hours": is_hours,
            "zone_id": zone.as_ref().map(ZoneId::as_str),
            "zone_name": zone.as_ref().and_then(|id| names.zones.get(id)).map(|zone| zone.name.as_str()),
            "first_at": instant(*first_at),
        }),
        Detail::ZoneBan { zone, name, first_at } => json!({
            "zone_id": zone.as_str(),
            "zone_name": name.as_str(),
            "first_at": instant(*first_at),
        }),
        Detail::WrongWay { direction, is_reported } => {
            json!({ "direction": direction, "is_reported": is_reported })
        }
        Detail::Overload { total_kg, limit_kg, axle_count, is_hundred_ton } => json!({
            "total_kg": total_kg,
            "limit_kg": limit_kg,
            "over_percent": words::over_weight_percent(*total_kg, *limit_kg),
            "axle_count": axle_count,
            "is_hundred_ton": is_hundred_ton,
        }),
        Detail::CameraReport { behaviour } => json!({ "behaviour": behaviour.key() }),
        Detail::TerminalSilent { seen_at, last_report_at, silent_minutes } => json!({
            "seen_at": instant(*seen_at),
            "last_report_at": last_report_at.map(instant),
            "silent_minutes": silent_minutes,
        }),
        Detail::TerminalElsewhere { seen_at, distance_m } => {
            json!({ "seen_at": instant(*seen_at), "distance_m": distance_m })
        }
        Detail::NoExit { section, entered_at, expected_minutes } => json!({
            "section_id": section.as_str(),
            "section_name": section_name(section),
            "entered_at": instant(*entered_at),
            "expected_minutes": expected_minutes,
        }),
        Detail::Rule { rule, version, name, values } => json!({
            "rule_id": rule.as_str(),
            "rule_version": version,
            "rule_name": name.as_str(),
            "values": values.iter().map(|(name, value)| json!({ "name": name.as_str(), "value": value.as_str() }))
                .collect::<Vec<_>>(),
        }),
    }
}

/// Places at which the read differs from the order.
fn doubtful(ordered: domain::Plate, read: domain::Plate) -> Vec<usize> {
    let differing = ordered.symbols().zip(read.symbols()).enumerate().filter(|(_, (a, b))| a != b);
    differing.map(|(index, _)| index).collect()
}
