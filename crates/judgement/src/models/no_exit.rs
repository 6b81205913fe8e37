//! Vehicles that went into a section and did not come out (区间滞留): stopped on the carriageway, or off it.
//!
//! An absence. A section takes what it usually takes, times a factor, and a margin; when the vehicle was not seen
//! anywhere by then, that is said at the deadline. A read that was missed at the end looks the same, so the warning is
//! taken back at a second deadline unless the next place where the vehicle was seen was that end, and too late. One
//! warning per entry; it depends on the visit next to the entry alone.

use super::{Context, Turn};
use crate::deadlines::{Deadlines, is_due};
use crate::lane::{Lane, Lanes};
use crate::parameters::{Model, NoExitParameters};
use crate::reading::Look;
use crate::reference::File;
use crate::settle::{Finding, Standing, vehicle_bytes};
use crate::track::{Track, Visit};
use domain::observation::{Fact, Observation};
use domain::time::{HOUR_MS, MINUTE_MS};
use domain::warning::{Detail, Subject, Warning};
use domain::{Level, ModelId, Section, SectionId, Theatre, Timestamp, VehicleKey, Wgs84};

/// 1 km/h is 1 m in 3,600 ms.
const MS_PER_M_AT_1_KMH: i64 = 3_600;

/// The entries that wait for their deadlines: the first, when it is an absence, or the second, when it is nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct NoExits {
    /// By vehicle and time of the entry.
    pub(crate) deadlines: Deadlines<(VehicleKey, Timestamp)>,
}

/// A section that a visit may have begun.
struct Begun<'a> {
    section: &'a Section,
    end_place: u32,
    expected_ms: i64,
}

impl NoExits {
    /// Judges the entries that a visit can concern, the one before it and its own, and says what changed.
    pub(crate) fn judge(&mut self, track: &mut Track, turn: &Turn, context: &mut Context<'_>) {
        let Some(file) = turn.file.as_ref() else { return };
        // Of visits at one moment only the last goes on.
        let here = track.range(turn.changed_at, turn.changed_at);
        let mut found = Vec::new();
        // A visit that was taken away leaves the one before it.
        let own = here.end.checked_sub(1).filter(|_| !here.is_empty());
        for index in [here.start.checked_sub(1), own].into_iter().flatten() {
            found.extend(self.judge_entry(track, index, file, context));
        }
        let from = here.start.checked_sub(1).map_or(turn.changed_at, |before| track.visits()[before].at);
        let to = turn.changed_at;
        let is_in_scope =
            |warning: &Standing| warning.model == ModelId::NoExit && (from..=to).contains(&warning.anchor);
        track.settle(is_in_scope, found, context.out);
    }

    /// Judges the entries that are due and still the last that was seen of their vehicle.
    pub(crate) fn fire(lanes: &mut Lanes, context: &mut Context<'_>) {
        while let Some(mut due) = lanes.take_due(context.clock, |lane| &mut lane.no_exits.deadlines) {
            due.dedup();
            for ((vehicle, entered_at), lane) in due {
                let Lane { tracks, no_exits, .. } = &mut lanes.all_mut()[lane];
                let Some(track) = tracks.get_mut(&vehicle) else { continue };
                let visits = track.visits();
                let Some(last) = visits.len().checked_sub(1).filter(|last| visits[*last].at == entered_at)
                else {
                    continue;
                };
                let file = context.reference.file(vehicle, context.table).copied();
                let found = file.and_then(|file| no_exits.judge_entry(track, last, &file, context));
                let is_in_scope =
                    |warning: &Standing| warning.model == ModelId::NoExit && warning.anchor == entered_at;
                track.settle(is_in_scope, found.into_iter().collect(), context.out);
            }
        }
    }

    pub(crate) fn armed_count(&self) -> usize {
        self.deadlines.armed_count()
    }

    /// What is armed in all lanes. It doesn't follow from the tracks: what is usual was perhaps learned anew since.
    pub(crate) fn stored(lanes: &Lanes) -> Vec<(i64, Vec<(VehicleKey, Timestamp)>)> {
        let mut all = Deadlines::default();
        for (bucket, keys) in lanes.all().iter().flat_map(|lane| lane.no_exits.deadlines.stored()) {
            for key in keys {
                all.arm_in(bucket, key);
            }
        }
        all.stored()
    }

    pub(crate) fn restore(lanes: &mut Lanes, stored: Vec<(i64, Vec<(VehicleKey, Timestamp)>)>) {
        for (bucket, keys) in stored {
            for key in keys {
                lanes.of_mut(key.0).no_exits.deadlines.arm_in(bucket, key);
            }
        }
    }

    /// What there is to say about a visit, if it began a section; arms its next deadline.
    fn judge_entry(
        &mut self,
        track: &Track,
        index: usize,
        file: &File,
        context: &Context<'_>,
    ) -> Option<(Timestamp, Warning)> {
        let visits = track.visits();
        let entry = &visits[index];
        let starts = &context.reference.role(entry.place())?.starts;
        let next = visits.get(index + 1);
        if !starts.iter().any(|(_, end)| next.is_none_or(|next| next.place() == *end)) {
            return None;
        }
        let models = context.models_at(entry, Some(file));
        let (model, sure_min) = (&models.no_exit, models.reading.sure_min_permille.value);
        let p = &model.parameters;
        let is_sure = |visit: &Visit| {
            let Look { is_plate_other, is_type_other, is_color_other: _ } = visit.look();
            i64::from(visit.permille) >= sure_min && !is_plate_other && !is_type_other
        };
        // An entry whose read was set right proves an absence to nobody; a late exit of the same vehicle bears it out.
        let is_enough = is_sure(entry) && (entry.is_as_read() || next.is_some());
        if !model.is_enabled || !is_concerned(file, p) || !is_enough {
            return None;
        }
        let seen = track.observation(entry, context.names);
        let begun = starts.iter().filter_map(|(section, end_place)| {
            let section = context.reference.section(section)?;
            let expected_ms = expected_ms(section, entry.place(), *end_place, p, context);
            is_along(section, &seen, p, context).then_some(Begun {
                section,
                end_place: *end_place,
                expected_ms,
            })
        });
        let give_up_at = entry.at.plus_ms(p.confirm_hours.value * HOUR_MS);
        if let Some(next) = next {
            let begun = begun.into_iter().find(|begun| begun.end_place == next.place())?;
            let doubt_ms = i64::from(entry.uncertainty_ms) + i64::from(next.uncertainty_ms);
            let is_late = next.at.ms_since(entry.at) - doubt_ms > begun.expected_ms;
            if !is_late || next.at > give_up_at || !is_sure(next) {
                return None;
            }
            let exit = track.observation(next, context.names);
            return is_along(begun.section, &exit, p, context)
                .then(|| warning_of(entry, &begun, vec![seen, exit], file, model, context));
        }
        // Where sections part, the longest is waited for. One camera alone misses many; who comes out where no section
        // goes on is only told of when the exit is seen.
        let begun = begun.max_by_key(|begun| (begun.expected_ms, begun.end_place))?;
        let due_at = entry.at.plus_ms(begun.patience_ms(context)? + i64::from(entry.uncertainty_ms));
        if !is_due(due_at, context.clock) {
            self.deadlines.arm(due_at, (file.key, entry.at));
            return None;
        }
        if is_due(give_up_at, context.clock) {
            return None;
        }
        self.deadlines.arm(give_up_at, (file.key, entry.at));
        let mut found = warning_of(entry, &begun, vec![seen], file, model, context);
        found.1.raised_at = found.1.raised_at.max(due_at);
        found.1.is_historical = found.1.raised_at > found.1.actionable_until;
        Some(found)
    }
}

impl Begun<'_> {
    /// After how long it must have been seen at the end of this section or of one that goes on from there: two cameras
    /// seldom miss the same vehicle. `None` where none goes on.
    fn patience_ms(&self, context: &Context<'_>) -> Option<i64> {
        let onward = &context.reference.role(self.end_place)?.starts;
        let usual_ms = |(section, end): &(SectionId, u32)| {
            context.reference.section(section).map(|section| usual_ms(section, self.end_place, *end, context))
        };
        Some(self.expected_ms + 2 * onward.iter().filter_map(usual_ms).max()?)
    }
}

/// Whether the model is about this vehicle.
fn is_concerned(file: &File, p: &NoExitParameters) -> bool {
    let words = &p.key_classes.value;
    words.is_empty() || file.key_class.is_some_and(|class| words.iter().any(|word| word == class.key()))
}

/// How long a drive through may take.
fn expected_ms(
    section: &Section,
    start_place: u32,
    end_place: u32,
    p: &NoExitParameters,
    context: &Context<'_>,
) -> i64 {
    let usual_ms = usual_ms(section, start_place, end_place, context);
    usual_ms * p.factor_percent.value / 100 + p.margin_minutes.value * MINUTE_MS
}

/// How long a drive through usually takes: as learned, else by the length and the lower limit.
fn usual_ms(section: &Section, start_place: u32, end_place: u32, context: &Context<'_>) -> i64 {
    context.reference.way(start_place, end_place).map_or_else(
        || {
            let slower_kmh = section.limit_kmh.min(section.limit_large_kmh).max(1);
            i64::from(section.length_m) * MS_PER_M_AT_1_KMH / i64::from(slower_kmh)
        },
        |way| way.usual_ms,
    )
}

/// Whether the section is one that is judged, and a passage at one of its ends goes along it, as far as the camera says.
fn is_along(section: &Section, seen: &Observation, p: &NoExitParameters, context: &Context<'_>) -> bool {
    let place = |id| context.reference.place(id);
    let (Some(start), Some(end)) = (place(&section.start), place(&section.end)) else { return false };
    let is_judged = |theatre: Theatre| p.theatres.value.iter().any(|word| word == theatre.key());
    let direction = match &seen.fact {
        Fact::Passage(passage) => passage.direction,
        _ => None,
    };
    is_judged(start.theatre)
        && is_judged(end.theatre)
        && direction.is_none_or(|direction| !is_against(direction, start.location, end.location))
}

/// Whether a direction of GA/T 1400.3 (行驶方向) leads away from where a way leads; a road bends, so only a right angle
/// and more tells.
fn is_against(direction: u8, from: Wgs84, to: Wgs84) -> bool {
    let (east, north) = match direction {
        1 => (1.0, 0.0),
        2 => (-1.0, 0.0),
        3 => (0.0, -1.0),
        4 => (0.0, 1.0),
        5 => (1.0, 1.0),
        6 => (-1.0, -1.0),
        7 => (1.0, -1.0),
        8 => (-1.0, 1.0),
        _ => return false,
    };
    let eastwards = (to.lon_deg() - from.lon_deg()) * from.lat_deg().to_radians().cos();
    eastwards * east + (to.lat_deg() - from.lat_deg()) * north < 0.0
}

fn warning_of(
    entry: &Visit,
    begun: &Begun<'_>,
    evidence: Vec<Observation>,
    file: &File,
    model: &Model<NoExitParameters>,
    context: &Context<'_>,
) -> (Timestamp, Warning) {
    let plate_text = match evidence.first().map(|seen| &seen.fact) {
        Some(Fact::Passage(passage)) => Some(passage.plate_text.clone()),
        _ => None,
    };
    let finding = Finding {
        model: ModelId::NoExit,
        version: model.version,
        identity: &[&vehicle_bytes(file.key), &entry.id().0.to_le_bytes()],
        subject: Subject { vehicle: Some(file.key), plate_text, device: None },
        level: model.level.unwrap_or(Level::Low),
        actionable_seconds: model.actionable_seconds,
        detail: Detail::NoExit {
            section: begun.section.id.clone(),
            entered_at: entry.at,
            expected_minutes: (begun.expected_ms as u64).div_ceil(MINUTE_MS as u64) as u32,
        },
        // It happened when the time was over.
        occurred_at: Some(entry.at.plus_ms(begun.expected_ms)),
        evidence,
    };
    let mut warning = finding.into_warning(context.reference);
    let over_at = entry.at.plus_ms(begun.expected_ms + i64::from(entry.uncertainty_ms));
    warning.raised_at = warning.raised_at.max(over_at);
    warning.is_historical = warning.raised_at > warning.actionable_until;
    (entry.at, warning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_directions_that_lead_away_are_against_a_way() {
        let (from, north_east) = (Wgs84::new(118.6, 35.2).unwrap(), Wgs84::new(118.7, 35.25).unwrap());
        let against: Vec<u8> = (0..=9).filter(|code| is_against(*code, from, north_east)).collect();
        assert_eq!(against, [2, 3, 6, 8]);
        assert!((1..=9).all(|code| !is_against(code, from, from)), "places that are one tell nothing");
    }
}
