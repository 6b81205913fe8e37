//! Zones: bans (违反限行) and corridors that dangerous goods may not leave (危货车违规路线、时段). One warning per vehicle,
//! zone and Beijing day; one for all corridors left.

use super::claim::{Claims, Complaint, Key};
use super::{Context, Sight};
use crate::reference::File;
use domain::observation::Position;
use domain::warning::{Detail, Subject};
use domain::{Level, ModelId, Observation, Timestamp, VehicleKey, VehicleType, Wgs84, Zone, ZoneKind};

/// Whom a zone may concern.
#[expect(clippy::struct_field_names, reason = "the type of a vehicle is what the standard calls it")]
struct Vehicle<'a> {
    key: VehicleKey,
    file: Option<&'a File>,
    /// By the register, else as seen.
    vehicle_type: Option<VehicleType>,
}

impl Vehicle<'_> {
    fn is_concerned_by(&self, zone: &Zone) -> bool {
        let key_class = self.file.and_then(|file| file.key_class);
        let is_class =
            zone.key_classes.is_empty() || key_class.is_some_and(|class| zone.key_classes.contains(&class));
        let is_family = zone.families.is_empty()
            || self.vehicle_type.is_some_and(|seen| zone.families.contains(seen.family()));
        is_class && is_family && !zone.exempt.contains(&self.key)
    }
}

pub(crate) fn complain_of_passage(sight: &Sight<'_>, context: &Context<'_>, complaints: &mut Vec<Complaint>) {
    let Some(reading) = sight.reading.filter(|_| context.reference.has_zones()) else { return };
    let vehicle = Vehicle {
        key: reading.vehicle,
        file: sight.file.as_ref(),
        vehicle_type: sight.file.and_then(|file| file.vehicle_type).or(sight.passage.vehicle_type),
    };
    let here = || context.reference.zones_of(&sight.passage.checkpoint);
    let model = &context.models.zone_ban;
    // A ban of trucks is broken by what looks like one: a car under the number of a truck is a misread or a clone.
    let looks_concerned = |zone: &Zone| {
        let seen = sight.passage.vehicle_type;
        zone.families.is_empty() || seen.is_none_or(|seen| zone.families.contains(seen.family()))
    };
    let bans = here().filter(|zone| zone.kind == ZoneKind::Ban && zone.holds_at(sight.at));
    let is_broken = |zone: &Zone| vehicle.is_concerned_by(zone) && looks_concerned(zone);
    for zone in bans.filter(|zone| model.is_enabled && is_broken(zone)) {
        let key = Key::DayAnd(zone.id.as_str().as_bytes().to_vec());
        let detail = Detail::ZoneBan { zone: zone.id.clone(), name: zone.name.clone(), first_at: sight.at };
        complaints.push(Complaint::new(ModelId::ZoneBan, model, Level::Low, detail, key));
    }
    complaints.extend(leaves_corridors(&vehicle, sight.at, here(), context));
}

impl Claims {
    /// Judges a fix of a vehicle that corridors concern.
    pub(crate) fn observe_position(
        &mut self,
        observation: &Observation,
        position: &Position,
        context: &mut Context<'_>,
    ) {
        let (Some(named), Some(location)) = (position.vehicle, position.location) else { return };
        let model = &context.models.dangerous_goods;
        let is_moving = i64::from(position.speed_dkmh) >= model.parameters.moving_min_kmh.value * 10;
        if !is_moving || !context.reference.has_zones() {
            return;
        }
        let file = context.reference.file(named, context.table).copied();
        let key = file.map_or(named, |file| file.key);
        let vehicle =
            Vehicle { key, file: file.as_ref(), vehicle_type: file.and_then(|file| file.vehicle_type) };
        let reference = context.reference;
        if !reference.zones(ZoneKind::Corridor).any(|zone| vehicle.is_concerned_by(zone))
            || !reference.is_in_county(location)
        {
            return;
        }
        let drift_m = model.parameters.drift_m.value.clamp(0, i64::from(u16::MAX)) as u16;
        let here = reference.zones(ZoneKind::Corridor).filter(|zone| reaches(zone, location, drift_m));
        if let Some(complaint) = leaves_corridors(&vehicle, observation.captured_at, here, context) {
            let subject =
                Subject { vehicle: Some(key), plate_text: None, device: Some(observation.device.clone()) };
            self.claim(observation, observation.captured_at, subject, complaint, context);
        }
    }
}

/// Whether a place lies in the zone or so near that a fix may be wrong by it.
fn reaches(zone: &Zone, location: Wgs84, drift_m: u16) -> bool {
    match &zone.area {
        domain::Area::Line { points, reach_m } => {
            domain::zone::distance_to_line_m(points, location) <= f64::from(reach_m.saturating_add(drift_m))
        }
        area => area.contains(location),
    }
}

/// The complaint about a vehicle that corridors concern, at a place that lies in the zones `here`.
fn leaves_corridors<'a>(
    vehicle: &Vehicle<'_>,
    at: Timestamp,
    here: impl Iterator<Item = &'a Zone>,
    context: &Context<'_>,
) -> Option<Complaint> {
    let model = &context.models.dangerous_goods;
    let is_its = |zone: &&Zone| vehicle.is_concerned_by(zone);
    if !model.is_enabled || !context.reference.zones(ZoneKind::Corridor).any(|zone| is_its(&zone)) {
        return None;
    }
    let mut closed = None;
    for corridor in here.filter(|zone| zone.kind == ZoneKind::Corridor).filter(is_its) {
        if corridor.holds_at(at) {
            return None;
        }
        closed.get_or_insert(corridor);
    }
    let is_hours = closed.is_some();
    let detail = Detail::DangerousGoods { is_hours, zone: closed.map(|zone| zone.id.clone()), first_at: at };
    let key = Key::DayAnd(vec![u8::from(is_hours)]);
    Some(Complaint::new(ModelId::DangerousGoods, model, Level::High, detail, key))
}
