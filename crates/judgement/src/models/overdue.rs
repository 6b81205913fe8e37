//! Overdue inspection, overdue scrapping, unhandled offences: what the register says about a vehicle that passes. One
//! warning per vehicle, model and Beijing day.

use super::claim::{Complaint, Key};
use super::{Context, Sight};
use domain::warning::Detail;
use domain::{CivilDay, Level, ModelId};

/// What the register says against the vehicle on the day of the passage.
pub(crate) fn complain(sight: &Sight<'_>, context: &Context<'_>, complaints: &mut Vec<Complaint>) {
    let (Some(file), models) = (&sight.file, context.models) else { return };
    let day = sight.at.beijing_day();
    let mut say =
        |id, model: &_, detail| complaints.push(Complaint::new(id, model, Level::Low, detail, Key::Day));
    // The register names the last valid day, and the day from which it must be scrapped: neither is overdue yet.
    let model = &models.overdue_inspection;
    if let Some(valid_until) = file.inspection_valid_until.filter(|until| model.is_enabled && day > *until) {
        let overdue_days = days_between(valid_until, day);
        say(ModelId::OverdueInspection, model, Detail::OverdueInspection { valid_until, overdue_days });
    }
    let model = &models.overdue_scrapping;
    if let Some(scrap_by) = file.scrap_by.filter(|scrap_by| model.is_enabled && day > *scrap_by) {
        let overdue_days = days_between(scrap_by, day);
        say(ModelId::OverdueScrapping, model, Detail::OverdueScrapping { scrap_by, overdue_days });
    }
    let model = &models.unhandled_offences;
    let threshold = model.parameters.count_min.value.clamp(1, i64::from(u16::MAX)) as u16;
    let count = file.unhandled_offences;
    if model.is_enabled && count >= threshold {
        let detail = Detail::UnhandledOffences { count, threshold };
        complaints.push(Complaint::new(ModelId::UnhandledOffences, model, Level::Low, detail, Key::Day));
    }
}

fn days_between(earlier: CivilDay, later: CivilDay) -> u32 {
    later.0.saturating_sub(earlier.0).max(0) as u32
}
