//! Camera reports (卡口识别违法): what a camera says it saw of the people in or on a vehicle. One warning per passage and
//! behaviour.

use super::claim::{Complaint, Key};
use super::{Context, Sight};
use crate::parameters::CameraReportParameters;
use domain::warning::Detail;
use domain::{Behaviour, Level, ModelId};

pub(crate) fn complain(sight: &Sight<'_>, context: &Context<'_>, complaints: &mut Vec<Complaint>) {
    let model = &context.models.camera_report;
    if sight.passage.behaviours.is_empty() || !model.is_enabled {
        return;
    }
    for behaviour in sight.passage.behaviours.iter() {
        if let Some(level) = level(behaviour, &model.parameters) {
            let key = Key::PassageAnd(behaviour as u8);
            let detail = Detail::CameraReport { behaviour };
            complaints.push(Complaint::new(ModelId::CameraReport, model, level, detail, key));
        }
    }
}

/// How urgent a behaviour is; `None` for those that raise no warning here.
fn level(behaviour: Behaviour, p: &CameraReportParameters) -> Option<Level> {
    [
        (Level::High, &p.behaviours_high.value),
        (Level::Medium, &p.behaviours_medium.value),
        (Level::Low, &p.behaviours_low.value),
    ]
    .into_iter()
    .find(|(_, words)| words.iter().any(|word| word == behaviour.key()))
    .map(|(level, _)| level)
}
