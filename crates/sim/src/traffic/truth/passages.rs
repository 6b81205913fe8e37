//! What single passages, and pairs at the ends of a section, show.

use super::Maker;
use crate::county::vehicles::Standing;
use crate::noise::Quality;
use crate::traffic::{Passage, weighing};
use domain::{Behaviour, ModelId};
use std::collections::{BTreeMap, BTreeSet};

/// Faster than the limit by less is nothing that was planted.
const OVER_SHARE: f64 = 1.05;

pub(super) fn add(made: &mut Maker<'_>, passages: &[Passage]) {
    let county = &*made.traffic.county;
    let watched: BTreeSet<u32> = county.register.watch_orders.iter().map(|order| order.vehicle).collect();
    // The last entry of a vehicle into a section: by vehicle and section.
    let mut entries: BTreeMap<(u32, usize), Passage> = BTreeMap::new();
    for passage in passages {
        let vehicle = &county.register.vehicles[passage.vehicle as usize];
        let checkpoint = &county.checkpoints[usize::from(passage.checkpoint)];
        let mut show = |model, detail: Option<String>, is_expected: &dyn Fn(Quality) -> bool| {
            let quality = made.quality(passage);
            let sighting = made.sighting(passage);
            let detail = detail.unwrap_or_else(|| format!("{quality:?}").to_lowercase());
            let truth = made.add(model, passage.vehicle, passage.at_ms, &checkpoint.id, detail);
            truth.is_expected = is_expected(quality);
            truth.sightings = vec![sighting];
        };
        let exact = |quality| quality == Quality::Exact;
        if watched.contains(&passage.vehicle) {
            show(ModelId::WatchOrder, None, &|quality| quality != Quality::NoPlate);
        }
        let against = match vehicle.standing {
            Standing::Good => None,
            Standing::InspectionOverdue => Some(ModelId::OverdueInspection),
            Standing::ScrappingOverdue => Some(ModelId::OverdueScrapping),
            Standing::UnhandledOffences => Some(ModelId::UnhandledOffences),
        };
        if let Some(model) = against {
            show(model, None, &exact);
        }
        let limit = if vehicle.kind.is_large() { checkpoint.limit_large_kmh } else { checkpoint.limit_kmh };
        if f64::from(passage.speed_kmh) > f64::from(limit) * OVER_SHARE {
            show(ModelId::SpotSpeed, Some(format!("{} km/h, limit {limit}", passage.speed_kmh)), &exact);
        }
        if checkpoint.one_way_code().is_some_and(|code| code != checkpoint.direction_code(passage.is_forward))
        {
            let is_named = passage.behaviours.contains(Behaviour::WrongWay);
            let detail = if is_named { "direction and camera" } else { "direction" };
            show(ModelId::WrongWay, Some(detail.into()), &exact);
        }
        for behaviour in passage.behaviours.iter().filter(|behaviour| *behaviour != Behaviour::WrongWay) {
            show(ModelId::CameraReport, Some(behaviour.key().into()), &exact);
        }
        if passage.load_percent > weighing::FULL_PERCENT {
            let rig = weighing::rig(county, passage.vehicle);
            let total_kg = rig.total_kg(passage.load_percent);
            let detail = format!("{total_kg} kg on {} axles, limit {} kg", rig.axle_count(), rig.limit_kg);
            show(ModelId::Overload, Some(detail), &exact);
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
                    let ends = [entry, *passage];
                    let is_expected = ends.iter().all(|end| made.is_exact(end));
                    let sightings = made.sightings(&ends);
                    let detail = format!("{speed_kmh:.1} km/h, limit {limit}");
                    let truth =
                        made.add(ModelId::AverageSpeed, passage.vehicle, passage.at_ms, &section.id, detail);
                    (truth.is_expected, truth.sightings) = (is_expected, sightings);
                }
            }
            if section.ends[0] == passage.checkpoint {
                entries.insert((passage.vehicle, index), *passage);
            }
        }
    }
}
