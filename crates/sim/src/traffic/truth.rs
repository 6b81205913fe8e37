//! What was planted: for each offence its model, vehicle, time and place, and whether the platform can see it.

use super::leg::Plant;
use super::{Passage, Traffic, alarms};
use crate::clock;
use crate::county::vehicles::Standing;
use crate::noise::{self, NoiseRates, Quality};
use domain::ModelId;
use domain::time::HOUR_MS;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// One planted offence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Truth {
    /// Key of the model that should raise it.
    pub model: &'static str,
    /// The vehicle's plate.
    pub plate: String,
    /// Its plate class.
    pub plate_class: String,
    /// When, UTC.
    pub at: String,
    /// The checkpoint, section or terminal that shows it.
    pub place: String,
    /// What exactly.
    pub detail: String,
    /// Whether what the devices send shows it: false when a plate needed for it was misread.
    pub is_expected: bool,
}

/// A section's first end may be passed this long before its second.
const SECTION_MS: i64 = HOUR_MS;

/// All that happens in `from_ms..to_ms`, in order of time; a section's speed when its second end is passed.
pub fn of_window(traffic: &Traffic, rates: &NoiseRates, from_ms: i64, to_ms: i64) -> Vec<Truth> {
    let mut truths = of_passages(traffic, rates, &traffic.passages(from_ms - SECTION_MS, to_ms));
    truths.retain(|(at_ms, _)| *at_ms >= from_ms);
    for vehicle in 0..traffic.rates.terminal_count() as u32 {
        of_terminal(traffic, vehicle, from_ms..to_ms, &mut truths);
    }
    truths.sort_by_key(|(at_ms, _)| *at_ms);
    truths.into_iter().map(|(_, truth)| truth).collect()
}

fn truth(traffic: &Traffic, model: ModelId, vehicle: u32, at_ms: i64) -> Truth {
    let vehicle = &traffic.county.register.vehicles[vehicle as usize];
    Truth {
        model: model.key(),
        plate: vehicle.plate.to_string(),
        plate_class: vehicle.kind.plate_class().to_string(),
        at: clock::rfc3339(at_ms),
        place: String::new(),
        detail: String::new(),
        is_expected: true,
    }
}

fn of_passages(traffic: &Traffic, rates: &NoiseRates, passages: &[Passage]) -> Vec<(i64, Truth)> {
    let county = &traffic.county;
    let watched: BTreeSet<u32> = county.register.watch_orders.iter().map(|order| order.vehicle).collect();
    let mut truths = Vec::new();
    // The last entry of a vehicle into a section: by vehicle and section.
    let mut entries: BTreeMap<(u32, usize), Passage> = BTreeMap::new();
    for passage in passages {
        let vehicle = &county.register.vehicles[passage.vehicle as usize];
        let quality = || noise::read(county, rates, passage).quality;
        let mut add = |model, detail: String, is_expected, place: &str| {
            let at_ms = passage.at_ms;
            let truth = truth(traffic, model, passage.vehicle, at_ms);
            truths.push((at_ms, Truth { place: place.into(), detail, is_expected, ..truth }));
        };
        let checkpoint = &county.checkpoints[passage.checkpoint as usize].id;
        if watched.contains(&passage.vehicle) {
            let quality = quality();
            add(
                ModelId::WatchOrder,
                format!("{quality:?}").to_lowercase(),
                quality != Quality::NoPlate,
                checkpoint,
            );
        }
        let against = match vehicle.standing {
            Standing::Good => None,
            Standing::InspectionOverdue => Some(ModelId::OverdueInspection),
            Standing::ScrappingOverdue => Some(ModelId::OverdueScrapping),
            Standing::UnhandledOffences => Some(ModelId::UnhandledOffences),
        };
        if let Some(model) = against {
            let quality = quality();
            add(model, format!("{quality:?}").to_lowercase(), quality == Quality::Exact, checkpoint);
        }
        for (index, section) in
            county.sections.iter().enumerate().filter(|(_, s)| s.is_forward == passage.is_forward)
        {
            if section.ends[1] == passage.checkpoint
                && let Some(entry) = entries.remove(&(passage.vehicle, index))
            {
                let limit = if vehicle.kind.is_large() { section.limit_large_kmh } else { section.limit_kmh };
                let seconds = (passage.at_ms - entry.at_ms) as f64 / 1_000.0;
                let speed_kmh = f64::from(section.length_m) / seconds * 3.6;
                if speed_kmh > f64::from(limit) {
                    let is_expected = [&entry, passage]
                        .into_iter()
                        .all(|end| noise::read(county, rates, end).quality == Quality::Exact);
                    let detail = format!("{speed_kmh:.1} km/h, limit {limit}");
                    add(ModelId::AverageSpeed, detail, is_expected, &section.id);
                }
            }
            if section.ends[0] == passage.checkpoint {
                entries.insert((passage.vehicle, index), *passage);
            }
        }
    }
    truths
}

fn of_terminal(
    traffic: &Traffic,
    vehicle: u32,
    window: std::ops::Range<i64>,
    truths: &mut Vec<(i64, Truth)>,
) {
    let county = &traffic.county;
    let place = crate::county::vehicles::Register::sim(vehicle as usize);
    let mut add = |at_ms, model, detail: &str| {
        if window.contains(&at_ms) {
            let truth = truth(traffic, model, vehicle, at_ms);
            truths.push((at_ms, Truth { place: place.clone(), detail: detail.into(), ..truth }));
        }
    };
    for leg in traffic.drives(vehicle, window.start, window.end) {
        for alarm in alarms::of_leg(county, traffic.rates, &leg) {
            add(alarm.from_ms, ModelId::DeviceAlarm, alarm.kind.key());
        }
        match leg.plant {
            None => {}
            Some(Plant::Fatigue) => add(leg.depart_ms + 4 * HOUR_MS, ModelId::Fatigue, "over 4 h"),
            Some(Plant::NightFatigue) => {
                add(leg.depart_ms + 2 * HOUR_MS, ModelId::Fatigue, "over 2 h at night");
            }
            Some(Plant::NightCoach) => {
                let from_two = leg.depart_ms - super::ms_of_day(leg.depart_ms) + 2 * HOUR_MS;
                add(from_two.max(leg.depart_ms), ModelId::NightCoach, "between 02:00 and 05:00");
            }
        }
    }
}
