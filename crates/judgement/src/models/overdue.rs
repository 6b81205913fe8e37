//! Overdue inspection, overdue scrapping, unhandled offences: what the register says about a vehicle that passes.
//!
//! One warning per vehicle, model and Beijing day. It rests on the passage of that day that reached us first while it
//! could still be acted on, and else on the first that reached us at all: so a warning that stands is not disturbed by
//! what is filled in later, and a late one becomes urgent when the vehicle shows up live.

use super::{Context, Sight};
use crate::keyed::{Aging, Keyed};
use crate::parameters::ModelParameters;
use crate::reference::File;
use crate::settle::{Finding, digest, vehicle_bytes};
use domain::time::SECOND_MS;
use domain::warning::{Detail, Outcome, Subject};
use domain::{CivilDay, Level, ModelId, ObservationId, Timestamp, VehicleKey};
use serde::{Deserialize, Serialize};

/// What a sighting is chosen by, ascending: late ones last, then the first to reach us.
type Rank = (bool, Timestamp, Timestamp, ObservationId, u64);

/// The standing warning of one model and day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct OfDay {
    day: CivilDay,
    model: ModelId,
    rank: Rank,
}

/// What stands for one vehicle, by day and model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Days(Vec<OfDay>);

impl Aging for Days {
    fn oldest_at(&self) -> Option<Timestamp> {
        // A day is over when the next begins.
        self.0.first().map(|of_day| CivilDay(of_day.day.0 + 1).start())
    }

    fn forget_before(&mut self, cutoff: Timestamp, _: &ModelParameters) {
        self.0.retain(|of_day| CivilDay(of_day.day.0 + 1).start() >= cutoff);
    }

    fn size(&self) -> usize {
        self.0.len()
    }
}

/// The three models of the register.
#[derive(Clone, Debug)]
pub(crate) struct Overdue {
    pub(crate) days: Keyed<VehicleKey, Days>,
}

/// What the register says against a vehicle on a day.
struct Complaint {
    model: ModelId,
    version: u16,
    level: Level,
    actionable_seconds: i64,
    detail: Detail,
}

impl Overdue {
    pub(crate) fn observe(&mut self, sight: &Sight<'_>, context: &mut Context<'_>) {
        let (observation, passage) = (sight.observation, sight.passage);
        let Some(file) = &sight.file else { return };
        let day = sight.at.beijing_day();
        for complaint in complaints(file, day, context.models) {
            let late_ms = observation.received_at.ms_since(observation.captured_at);
            let rank = (
                late_ms > complaint.actionable_seconds * SECOND_MS,
                observation.received_at,
                observation.captured_at,
                observation.id,
                digest(observation),
            );
            let days = &mut self.days.state_mut(file.key, CivilDay(day.0 + 1).start()).0;
            let model = complaint.model;
            let is_new = match days.binary_search_by_key(&(day, model), |of_day| (of_day.day, of_day.model)) {
                Ok(index) if rank < days[index].rank => {
                    days[index].rank = rank;
                    false
                }
                Ok(_) => continue,
                Err(index) => {
                    days.reserve_exact(1);
                    days.insert(index, OfDay { day, model, rank });
                    true
                }
            };
            let warning = Finding {
                model,
                version: complaint.version,
                identity: &[&vehicle_bytes(file.key), &day.0.to_le_bytes()],
                subject: Subject {
                    vehicle: Some(file.key),
                    plate_text: Some(passage.plate_text.clone()),
                    device: None,
                },
                level: complaint.level,
                actionable_seconds: complaint.actionable_seconds,
                detail: complaint.detail,
                evidence: vec![observation.clone()],
            }
            .into_warning(context.reference);
            let warning = Box::new(warning);
            context.out.push(if is_new { Outcome::Raise(warning) } else { Outcome::Revise(warning) });
        }
    }
}

/// What the register says against the vehicle on that day.
fn complaints(file: &File, day: CivilDay, models: &ModelParameters) -> impl Iterator<Item = Complaint> {
    let inspection = file
        .inspection_valid_until
        .filter(|valid_until| day > *valid_until && models.overdue_inspection.is_enabled)
        .map(|valid_until| {
            let model = &models.overdue_inspection;
            Complaint {
                model: ModelId::OverdueInspection,
                version: model.version,
                level: model.level.unwrap_or(Level::Low),
                actionable_seconds: model.actionable_seconds,
                detail: Detail::OverdueInspection {
                    valid_until,
                    overdue_days: days_between(valid_until, day),
                },
            }
        });
    // The register names the day from which it must be scrapped: that day is not yet overdue.
    let scrapping = file
        .scrap_by
        .filter(|scrap_by| day > *scrap_by && models.overdue_scrapping.is_enabled)
        .map(|scrap_by| {
            let model = &models.overdue_scrapping;
            Complaint {
                model: ModelId::OverdueScrapping,
                version: model.version,
                level: model.level.unwrap_or(Level::Low),
                actionable_seconds: model.actionable_seconds,
                detail: Detail::OverdueScrapping { scrap_by, overdue_days: days_between(scrap_by, day) },
            }
        });
    let model = &models.unhandled_offences;
    let threshold = model.parameters.count_min.value.clamp(1, i64::from(u16::MAX)) as u16;
    let count = file.unhandled_offences;
    let offences = (count >= threshold && model.is_enabled).then(|| Complaint {
        model: ModelId::UnhandledOffences,
        version: model.version,
        level: model.level.unwrap_or(Level::Low),
        actionable_seconds: model.actionable_seconds,
        detail: Detail::UnhandledOffences { count, threshold },
    });
    [inspection, scrapping, offences].into_iter().flatten()
}

fn days_between(earlier: CivilDay, later: CivilDay) -> u32 {
    later.0.saturating_sub(earlier.0).max(0) as u32
}
