//! What a platform knows of the county, as judgement takes it: the same as the files of [`super::export`], without the files.

use super::County;
use super::vehicles::{REGISTERED_COUNT, Register, TERMINAL_COUNT};
use domain::{
    Checkpoint, CheckpointId, DeviceId, ReferenceChange, Section, SectionId, Terminal, VehicleFile,
    VehicleKey, VehicleType, WatchOrder, WatchOrderId,
};

/// Everything, in the order in which a platform is told: checkpoints, sections, vehicles, watch orders, zones, and the
/// terminals of the first `terminal_count` vehicles.
pub fn changes(county: &County, terminal_count: usize) -> Vec<ReferenceChange> {
    let mut changes = Vec::with_capacity(REGISTERED_COUNT + TERMINAL_COUNT + 300);
    changes.extend(county.checkpoints.iter().map(|checkpoint| {
        let road = &county.roads[checkpoint.road];
        ReferenceChange::Checkpoint(Checkpoint {
            id: CheckpointId::from(checkpoint.id.as_str()),
            name: checkpoint.name.as_str().into(),
            theatre: checkpoint.theatre,
            location: checkpoint.at.to_wgs84(),
            road: if road.reference.is_empty() { &road.name } else { &road.reference }.as_str().into(),
            chainage_m: Some(checkpoint.chainage_m.round() as u32),
            direction: checkpoint.direction_text().into(),
            lane_count: checkpoint.lane_count,
            limit_kmh: Some(checkpoint.limit_kmh),
            limit_large_kmh: Some(checkpoint.limit_large_kmh),
            one_way: checkpoint.one_way_code().and_then(|code| code.parse().ok()),
        })
    }));
    changes.extend(county.sections.iter().map(|section| {
        let [start, end] =
            section.ends.map(|index| CheckpointId::from(county.checkpoints[usize::from(index)].id.as_str()));
        ReferenceChange::Section(Section {
            id: SectionId::from(section.id.as_str()),
            name: section.name.as_str().into(),
            start,
            end,
            length_m: section.length_m,
            limit_kmh: section.limit_kmh,
            limit_large_kmh: section.limit_large_kmh,
        })
    }));
    changes.extend((0..REGISTERED_COUNT).map(|index| ReferenceChange::Vehicle(file(county, index))));
    changes.extend(county.register.watch_orders.iter().enumerate().map(|(number, order)| {
        let VehicleKey { plate, class } = county.register.key(order.vehicle as usize);
        ReferenceChange::WatchOrder(WatchOrder {
            id: WatchOrderId::from(format!("W{:04}", number + 1).as_str()),
            plate,
            class: Some(class),
            reason: order.reason.into(),
            level: order.level,
            from: order.from.start(),
            until: domain::CivilDay(order.until.0 + 1).start(),
        })
    }));
    changes.extend(county.areas.iter().cloned().map(ReferenceChange::Zone));
    changes.extend((0..terminal_count.min(TERMINAL_COUNT)).map(|index| {
        ReferenceChange::Terminal(Terminal {
            device: DeviceId::from(Register::sim(index).as_str()),
            vehicle: county.register.key(index),
        })
    }));
    changes
}

fn file(county: &County, index: usize) -> VehicleFile {
    let vehicle = &county.register.vehicles[index];
    let file = county.register.file(index);
    VehicleFile {
        key: county.register.key(index),
        vehicle_type: VehicleType::parse(vehicle.kind.vehicle_type()),
        use_code: Some(vehicle.kind.use_code()),
        key_class: vehicle.kind.key_class(),
        body_color: Some(vehicle.color),
        owner: file.owner.into(),
        inspection_valid_until: Some(file.inspection_valid_until),
        scrap_by: file.scrap_by,
        unhandled_offences: file.unhandled_offences,
        is_night_exempt: vehicle.is_night_exempt,
    }
}
