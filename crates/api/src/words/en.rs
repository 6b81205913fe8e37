//! What a warning found, in plain English.

use super::{
    alarm_name, beijing, checkpoint_name, kilometres, over_percent, over_weight_percent, percent,
    section_name, tenths, tonnes,
};
use crate::app::Names;
use crate::wire::Language;
use crate::words;
use domain::{CloneEvidence, Detail, ZoneId};

#[expect(clippy::too_many_lines, reason = "one arm for each kind of detail")]
pub(super) fn explanation(detail: &Detail, names: &Names) -> String {
    match detail {
        Detail::WatchOrder { ordered_plate, read_plate, score_permille, reason, .. }
            if *score_permille < 1_000 =>
        {
            format!(
                "The camera read “{read_plate}”, which is easily mistaken for the ordered “{ordered_plate}” (likelihood {}%). Compare the pictures first. Reason of the order: {reason}.",
                percent(*score_permille)
            )
        }
        Detail::WatchOrder { ordered_plate, reason, .. } => {
            format!(
                "“{ordered_plate}” is under a watch order and passed, read exactly. Reason of the order: {reason}."
            )
        }
        Detail::AverageSpeed { section, length_m, elapsed_ms, speed_dkmh, limit_kmh, .. } => format!(
            "Section “{}”, {}, passed in {} s: {} km/h on average where {limit_kmh} km/h is allowed, {}% over (GA/T 959-2011: length ÷ time).",
            section_name(names, section),
            kilometres(*length_m),
            elapsed_ms / 1_000,
            tenths(*speed_dkmh),
            over_percent(*speed_dkmh, *limit_kmh)
        ),
        Detail::Fatigue { started_at, driven_minutes, limit_minutes, is_night } => format!(
            "Driving since {} for {driven_minutes} min without a stop of 20 min; the limit is {limit_minutes} min{}.",
            beijing(*started_at),
            if *is_night { " for coaches at night" } else { "" }
        ),
        Detail::NightCoach { day, first_moving_at, moving_minutes } => format!(
            "On {day} between 02:00 and 05:00 this coach was on the move (first at {}, {moving_minutes} min in all); it has to stop or be relayed.",
            beijing(*first_moving_at)
        ),
        Detail::DeviceAlarm { kind, count, first_at, last_at } => format!(
            "The terminal reported “{}” {count} times, first at {}, last at {}.",
            alarm_name(*kind, Language::English),
            beijing(*first_at),
            beijing(*last_at)
        ),
        Detail::OverdueInspection { valid_until, overdue_days } => {
            format!(
                "The inspection was valid until {valid_until} and is {overdue_days} days overdue; the vehicle is on the road."
            )
        }
        Detail::OverdueScrapping { scrap_by, overdue_days } => {
            format!(
                "The vehicle had to be scrapped by {scrap_by}, {overdue_days} days ago, and is on the road."
            )
        }
        Detail::UnhandledOffences { count, threshold } => {
            format!("{count} offences of this vehicle are not handled (warned from {threshold} on).")
        }
        Detail::ClonePlate { evidence, contradiction_count, first_at, needs_earlier } => {
            let what = match evidence {
                CloneEvidence::Journey { from, to, elapsed_ms, shortest_ms } => format!(
                    "The same plate was seen at “{}” and then at “{}”, only {} apart by clocks set right, while the way is never driven in less than {}",
                    checkpoint_name(names, from),
                    checkpoint_name(names, to),
                    duration(*elapsed_ms),
                    duration(*shortest_ms)
                ),
                CloneEvidence::Look { is_plate_other, is_type_other, is_color_other } => {
                    let features = [
                        (*is_plate_other, "class or colour of the plate"),
                        (*is_type_other, "vehicle type"),
                        (*is_color_other, "body colour"),
                    ];
                    let other: Vec<_> = features
                        .into_iter()
                        .filter(|(is_other, _)| *is_other)
                        .map(|(_, word)| word)
                        .collect();
                    format!("The vehicle differs from the register: {}", other.join(", "))
                }
            };
            format!(
                "{what}. {contradiction_count} contradictions since {}{}; the plate may be on two vehicles. Compare the pictures.",
                beijing(*first_at),
                if *needs_earlier { ", after others on the days before" } else { "" }
            )
        }
        Detail::FakePlate { plate, sighting_count, place_count, first_at } => format!(
            "The register does not know “{plate}”. Since {} it was read {sighting_count} times, always the same, at {place_count} checkpoints; it may be a made-up plate.",
            beijing(*first_at)
        ),
        Detail::HiddenPlate { sighting_count, first_at, is_covered } => format!(
            "Since {} this vehicle passed {sighting_count} times {}.",
            beijing(*first_at),
            if *is_covered { "with a plate that the cameras say is covered" } else { "without a plate" }
        ),
        Detail::SpotSpeed { speed_kmh, limit_kmh } => format!(
            "{speed_kmh} km/h were measured where {limit_kmh} km/h are allowed for such vehicles, {}% over.",
            over_percent(u32::from(*speed_kmh) * 10, *limit_kmh)
        ),
        Detail::DrivingTime { window_hours, window_from, driven_minutes, limit_minutes } => format!(
            "Driven {driven_minutes} min within {window_hours} h since {}; the limit is {limit_minutes} min.",
            beijing(*window_from)
        ),
        Detail::PassageFatigue { started_at, driven_minutes, limit_minutes, is_night } => format!(
            "By its passages it has been driving since {} for {driven_minutes} min; nowhere between checkpoints was there time for a stop of 20 min. The limit is {limit_minutes} min{}.",
            beijing(*started_at),
            if *is_night { " for coaches at night" } else { "" }
        ),
        Detail::DangerousGoods { is_hours: true, zone, first_at } => format!(
            "A vehicle with dangerous goods is on the route “{}” since {}, outside the hours in which it is allowed there.",
            zone_name(names, zone.as_ref()),
            beijing(*first_at)
        ),
        Detail::DangerousGoods { is_hours: false, first_at, .. } => {
            format!("A vehicle with dangerous goods is off its routes since {}.", beijing(*first_at))
        }
        Detail::ZoneBan { name, first_at, .. } => format!(
            "It entered the zone “{name}” at {} while it is banned there, and has no permit.",
            beijing(*first_at)
        ),
        Detail::WrongWay { is_reported: true, .. } => {
            "The camera says that it went the wrong way. Compare the pictures first.".to_string()
        }
        Detail::WrongWay { direction, .. } => format!(
            "The road is one-way here and it went against it{}.",
            direction.map_or_else(String::new, |code| format!(" ({})", direction_name(code)))
        ),
        Detail::Overload { total_kg, limit_kg, axle_count, is_hundred_ton } => format!(
            "Weighed in motion: {}, where {} are allowed with {axle_count} axles (GB 1589), {}% over.{}",
            tonnes(*total_kg),
            tonnes(*limit_kg),
            over_weight_percent(*total_kg, *limit_kg),
            if *is_hundred_ton { " It is beyond 100 t and must be stopped at once." } else { "" }
        ),
        Detail::CameraReport { behaviour } => format!(
            "The camera says: {}. Compare the pictures first.",
            words::behaviour(*behaviour, Language::English)
        ),
        Detail::TerminalSilent { seen_at, last_report_at, silent_minutes } => format!(
            "It passed a checkpoint at {}, while its terminal reported nothing for {silent_minutes} min around it ({}). The terminal may be broken, without power or shielded.",
            beijing(*seen_at),
            last_report_at
                .map_or_else(|| "no report before".to_string(), |at| format!("last report {}", beijing(at)))
        ),
        Detail::TerminalElsewhere { seen_at, distance_m } => format!(
            "It passed a checkpoint at {}, while its terminal reported from {} away, clocks and driving allowed for. The terminal may have been taken off the vehicle.",
            beijing(*seen_at),
            kilometres(*distance_m)
        ),
        Detail::NoExit { section, entered_at, expected_minutes } => format!(
            "It entered the section “{}” at {}, should have left it within {expected_minutes} min, and has not. An accident, a breakdown or a stop is possible.",
            section_name(names, section),
            beijing(*entered_at)
        ),
        Detail::Rule { version, name, values, .. } => {
            let values: Vec<_> = values.iter().map(|(name, value)| format!("{name} = {value}")).collect();
            format!(
                "It meets the rule “{name}” (version {version}). What the condition saw: {}.",
                values.join(", ")
            )
        }
    }
}

fn zone_name<'a>(names: &'a Names, id: Option<&ZoneId>) -> &'a str {
    id.and_then(|id| names.zones.get(id)).map_or("—", |zone| zone.name.as_str())
}

/// The direction codes of GA/T 1400.3 (HDirectionType).
fn direction_name(code: u8) -> &'static str {
    match code {
        1 => "west to east",
        2 => "east to west",
        3 => "north to south",
        4 => "south to north",
        5 => "south-west to north-east",
        6 => "north-east to south-west",
        7 => "north-west to south-east",
        8 => "south-east to north-west",
        _ => "another way",
    }
}

fn duration(ms: i64) -> String {
    let s = ms / 1_000;
    if s >= 60 { format!("{} min {} s", s / 60, s % 60) } else { format!("{s} s") }
}
