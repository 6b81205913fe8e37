//! Spot speed (单点超速): a speed measured at a checkpoint against its limit for the vehicle. One warning per passage.

use super::claim::{Complaint, Key};
use super::{Context, Sight};
use crate::parameters::Step;
use domain::warning::Detail;
use domain::{ModelId, VehicleType};

pub(crate) fn complain(sight: &Sight<'_>, context: &Context<'_>, complaints: &mut Vec<Complaint>) {
    let model = &context.models.spot_speed;
    let Some(speed_kmh) = sight.passage.speed_kmh.filter(|_| model.is_enabled) else { return };
    let Some(place) = context.reference.place(&sight.passage.checkpoint) else { return };
    let vehicle_type = sight.file.and_then(|file| file.vehicle_type).or(sight.passage.vehicle_type);
    let is_large = vehicle_type.is_some_and(VehicleType::is_large);
    let large = place.limit_large_kmh.filter(|_| is_large);
    let Some(limit_kmh) = large.or(place.limit_kmh) else { return };
    let p = &model.parameters;
    let (speed, limit) = (i64::from(speed_kmh), i64::from(limit_kmh));
    if speed > p.plausible_max_kmh.value {
        return;
    }
    // What the device may be wrong by counts in the driver's favour (GB/T 21255).
    let tolerance_kmh = p.tolerance_kmh.value.max(speed * p.tolerance_percent.value / 100);
    let certain = speed - tolerance_kmh;
    let is_over = |step: &&Step| certain * 100 >= limit * i64::from(100 + step.over_percent);
    if let Some(step) = p.steps.value.iter().rev().find(is_over) {
        let detail = Detail::SpotSpeed { speed_kmh, limit_kmh };
        complaints.push(Complaint::new(ModelId::SpotSpeed, model, step.level, detail, Key::PassageAnd(0)));
    }
}
