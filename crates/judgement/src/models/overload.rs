//! Overload (超限超载): weighed in motion against the gross-weight limits of GB 1589-2016. One warning per passage.

use super::claim::{Complaint, Key};
use super::{Context, Sight};
use crate::parameters::{AxleLimit, Step};
use domain::warning::Detail;
use domain::{Level, ModelId, Weighing};

pub(crate) fn complain(sight: &Sight<'_>, context: &Context<'_>, complaints: &mut Vec<Complaint>) {
    let model = &context.models.overload;
    let Some(weighing) = sight.passage.weighing.as_deref().filter(|_| model.is_enabled) else { return };
    let p = &model.parameters;
    let Some(limit_kg) = limit_kg(weighing, &p.limits.value) else { return };
    let total_kg = i64::from(weighing.total_kg);
    // What the scale may be wrong by counts in the driver's favour.
    let certain_kg = total_kg * (1000 - p.scale_error_permille.value) / 1000;
    let over_permille = (certain_kg - i64::from(limit_kg)) * 1000 / i64::from(limit_kg).max(1);
    if over_permille <= 0 {
        return;
    }
    let is_hundred_ton = total_kg >= p.hundred_ton_kg.value;
    let is_over = |step: &&Step| over_permille >= i64::from(step.over_percent) * 10;
    let by_excess = p.steps.value.iter().rev().find(is_over).map(|step| step.level);
    let Some(level) = by_excess.max(is_hundred_ton.then_some(Level::High)) else { return };
    let detail = Detail::Overload {
        total_kg: weighing.total_kg,
        limit_kg,
        axle_count: weighing.axle_count,
        is_hundred_ton,
    };
    complaints.push(Complaint::new(ModelId::Overload, model, level, detail, Key::PassageAnd(0)));
}

/// The limit for so many axles; where the site does not tell trucks from combinations, the higher one.
fn limit_kg(weighing: &Weighing, limits: &[AxleLimit]) -> Option<u32> {
    let of_axles = |limit: &&AxleLimit| {
        limit.axles == weighing.axle_count || limit.is_also_beyond && weighing.axle_count > limit.axles
    };
    limits
        .iter()
        .filter(of_axles)
        .map(|limit| {
            if weighing.is_train == Some(false) { limit.truck_kg } else { limit.train_kg.max(limit.truck_kg) }
        })
        .max()
}
