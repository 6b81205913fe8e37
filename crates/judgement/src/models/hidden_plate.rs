//! Hidden plates (无牌、遮挡号牌): a vehicle without a readable plate, followed from checkpoint to checkpoint by its look.
//!
//! One such passage proves nothing: cameras find no plate on four of a thousand vehicles. So sightings of one kind of
//! vehicle are linked where the way between them takes about as long as usual, or longer by a stop, and each link counts
//! by how unlikely it is that some other such sighting lay there by chance: the more of its look there were lately, the
//! longer the usual time and the more ways lead on, the less; and less again after a stop, or where it looks another way
//! than before, as cameras see colours and types wrong at times. A sighting that the camera itself calls covered is
//! compared with those alone, which are rarer. Scores add up along a chain, in decibans: ten points for each power of ten.
//!
//! Each sighting goes on with the chain that gives it the highest score, the latest one among equals; chains don't reach
//! across the bounds of windows. So a chain depends on the set of sightings alone, and a late one changes nothing before
//! it. One warning per chain, anchored where it begins, and said again when its sightings have doubled.

use super::{Context, SLOT_MINUTES, Sight, plate_text, window_of};
use crate::confusion::{paired_codes, unread_code, unread_places};
use crate::held::Held;
use crate::keyed::{Aging, Keyed};
use crate::parameters::{HiddenPlateParameters, ModelParameters};
use crate::reading::kind_of;
use crate::reference::known_body_color;
use crate::settle::{Finding, Standing, settle};
use domain::observation::Observation;
use domain::plate::PlateError;
use domain::time::{HOUR_MS, MINUTE_MS, SECOND_MS};
use domain::warning::{Detail, Subject, Warning};
use domain::{Behaviour, ModelId, Plate, Timestamp, VehicleType};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most sightings kept of one kind: twice what a county's cameras miss of its commonest in the days for which they are kept.
const SIGHTINGS_MAX: usize = 20_000;
/// A rate is taken from at least this part of the time that it should be taken from.
const COUNTED_LEAST: i64 = 6;
/// Places that a plate must at least have unread to be hidden; one is a misread like others.
const UNREAD_MIN: u32 = 2;
/// Province and authority: the same on most plates, so that they tell nothing.
const PREFIX_SYMBOLS: usize = 2;

/// What kind of vehicle it is, as far as the camera says: family of its type, and whether it is large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct HiddenKind(Option<(char, bool)>);

/// A passage whose plate is hidden.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sighting {
    held: Held,
    at: Timestamp,
    doubt_ms: i64,
    vehicle_type: Option<VehicleType>,
    color: Option<char>,
    /// What could be read of the plate.
    plate: Option<Plate>,
    is_covered: bool,
    chain: Chain,
}

/// The best chain that ends with a sighting. Sightings of it are told by how many places before this one they lie, so
/// that what comes in or is forgotten before the chain doesn't touch it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Chain {
    /// In decibans.
    score: i64,
    /// Sightings in it.
    count: u32,
    /// To the one before; 0 when it begins here.
    previous_back: u32,
    /// To the first.
    first_back: u32,
}

/// The sightings of one kind, by time; the identity breaks ties.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sightings {
    timeline: Vec<Sighting>,
    standing: Vec<Standing>,
}

impl Aging for Sightings {
    fn oldest_at(&self) -> Option<Timestamp> {
        self.timeline.first().map(|sighting| sighting.at)
    }

    fn forget_before(&mut self, cutoff: Timestamp, _: &ModelParameters) {
        self.timeline.drain(..self.timeline.partition_point(|sighting| sighting.at < cutoff));
        self.standing.retain(|warning| warning.anchor >= cutoff);
    }

    fn size(&self) -> usize {
        self.timeline.len()
    }
}

/// The model with what it remembers.
#[derive(Clone, Debug)]
pub(crate) struct HiddenPlates {
    pub(crate) sightings: Keyed<HiddenKind, Sightings>,
}

impl HiddenPlates {
    pub(crate) fn new(models: &ModelParameters) -> Self {
        let p = &models.hidden_plate.parameters;
        let look_back_minutes = p.window_hours.value * 60 + p.rate_minutes.value + 2 * SLOT_MINUTES;
        let keep_ms = models.horizon.late_max_hours.value * HOUR_MS + look_back_minutes * MINUTE_MS;
        Self { sightings: Keyed::new(keep_ms) }
    }

    /// Whether [`Self::observe`] may find the plate hidden.
    pub(crate) fn may_concern(sight: &Sight<'_>) -> bool {
        sight.reading.is_none() || sight.passage.behaviours.contains(Behaviour::PlateCovered)
    }

    /// Judges a passage if its plate is hidden.
    pub(crate) fn observe(&mut self, sight: &Sight<'_>, context: &mut Context<'_>) {
        let is_covered = sight.passage.behaviours.contains(Behaviour::PlateCovered);
        if !is_hidden(sight, is_covered, context) {
            return;
        }
        let p = &context.tuned.everywhere().hidden_plate.parameters;
        let sightings = self.sightings.state_mut(HiddenKind(kind_of(sight.passage)), sight.at);
        if sightings.timeline.len() >= SIGHTINGS_MAX {
            context.counts.over_bound += 1;
            return;
        }
        let unlearned_ms = p.unlearned_clock_seconds.value * SECOND_MS;
        let sighting = Sighting {
            held: Held::pack(sight.observation, context.names),
            at: sight.at,
            doubt_ms: if sight.is_clock_known { i64::from(sight.uncertainty_ms) } else { unlearned_ms },
            vehicle_type: sight.passage.vehicle_type,
            color: known_body_color(sight.passage.body_color),
            plate: sight.passage.plate,
            is_covered,
            chain: Chain::default(),
        };
        let Some((index, is_new)) = sightings.insert(sighting) else {
            context.counts.duplicates += 1;
            return;
        };
        sightings.judge(index, p, context);
        if is_new {
            self.sightings.grown();
        } else {
            context.counts.duplicates += 1;
        }
    }
}

/// Whether nobody can say whose passage it was, and not for a single bad symbol or a word that we don't know.
fn is_hidden(sight: &Sight<'_>, is_covered: bool, context: &Context<'_>) -> bool {
    if let Some(reading) = sight.reading {
        return is_covered && i64::from(reading.permille) < context.models.reading.sure_min_permille.value;
    }
    is_covered
        || sight.passage.plate.map_or_else(
            || {
                let read = Plate::parse(&sight.passage.plate_text);
                matches!(read, Err(PlateError::NoPlate | PlateError::NotRead))
            },
            |plate| unread_places(plate).count_ones() >= UNREAD_MIN,
        )
}

impl Sightings {
    /// Takes a sighting in; gives its place and whether it is new, unless nothing changed.
    fn insert(&mut self, sighting: Sighting) -> Option<(usize, bool)> {
        if let Some(index) = self.timeline.iter().position(|other| other.held.id == sighting.held.id) {
            let known = &mut self.timeline[index];
            if !sighting.held.is_better_copy_than(&known.held) {
                return None;
            }
            *known = Sighting { at: known.at, ..sighting };
            return Some((index, false));
        }
        let order = |sighting: &Sighting| (sighting.at, sighting.held.id);
        let index = self.timeline.partition_point(|other| order(other) < order(&sighting));
        self.timeline.insert(index, sighting);
        Some((index, true))
    }

    /// Links anew what a sighting can concern, and says what changed.
    fn judge(&mut self, index: usize, p: &HiddenPlateParameters, context: &mut Context<'_>) {
        let (from, to) = window_of(self.timeline[index].at, p.window_hours.value);
        let end = self.timeline.partition_point(|sighting| sighting.at <= to);
        // What it adds to the rates reaches into the next window.
        let rate_ms = p.rate_minutes.value * MINUTE_MS;
        let reach = self.timeline[index].at.plus_ms(rate_ms).max(to);
        let concerned = index..self.timeline.partition_point(|sighting| sighting.at <= reach);
        let mut windows = vec![(from, to)];
        if concerned.end > end {
            let (next_from, next_to) = window_of(to.plus_ms(1), p.window_hours.value);
            windows.push((next_from, next_to));
        }
        let last = windows.last().map_or(to, |(_, to)| *to);
        let relinked_end = self.timeline.partition_point(|sighting| sighting.at <= last);
        for each in index..relinked_end {
            self.timeline[each].chain = self.link(each, p, context);
        }
        for (from, to) in windows {
            let is_in_scope = |warning: &Standing| (from..=to).contains(&warning.anchor);
            let found = self.warnings(from, to, p, context);
            if !found.is_empty() || self.standing.iter().any(is_in_scope) {
                settle(&mut self.standing, is_in_scope, found, context.out);
            }
        }
    }

    /// The best chain that this sighting goes on with.
    fn link(&self, index: usize, p: &HiddenPlateParameters, context: &Context<'_>) -> Chain {
        let sighting = &self.timeline[index];
        let (window_from, _) = window_of(sighting.at, p.window_hours.value);
        let way_max_minutes = p.way_max_minutes.value * p.slow_percent.value / 100 + p.stop_max_minutes.value;
        let longest_ms = way_max_minutes.max(p.return_max_minutes.value) * MINUTE_MS;
        let earliest = window_from.max(sighting.at.plus_ms(-longest_ms));
        let alone = Chain { score: 0, count: 1, previous_back: 0, first_back: 0 };
        let mut lately = None;
        (0..index)
            .rev()
            .take_while(|before| self.timeline[*before].at >= earliest)
            .filter_map(|before| {
                let previous = &self.timeline[before];
                let Chance { ways_ms, is_after_stop } = Chance::of(previous, sighting, p, context)?;
                let lately = lately.get_or_insert_with(|| self.lately(index, p));
                let rate = self.rate_per_ms(lately, before, context);
                let score = previous.plate_score(sighting, p)? - (rate * ways_ms).log10() * 10.0;
                let stop = if is_after_stop { p.stop_score.value } else { 0 };
                let less = p.choice_score.value + stop + previous.difference_score(sighting, p);
                let score = (score as i64 - less).min(p.link_score_max.value);
                let back = (index - before) as u32;
                (score > 0).then(|| Chain {
                    score: previous.chain.score + score,
                    count: previous.chain.count + 1,
                    previous_back: back,
                    first_back: back + previous.chain.first_back,
                })
            })
            // From the latest on: of equals it is kept.
            .fold(alone, |best, next| if next.score > best.score { next } else { best })
    }

    /// The sightings of such a look before this one, from which a rate is taken.
    fn lately(&self, index: usize, p: &HiddenPlateParameters) -> Lately<'_> {
        let sighting = &self.timeline[index];
        let rate_ms = p.rate_minutes.value * MINUTE_MS;
        let from = sighting.at.plus_ms(-rate_ms);
        let first = self.timeline.partition_point(|before| before.at < from);
        // Before the first there was nothing to count.
        let counted_ms = sighting.at.ms_since(self.timeline[0].at.max(from)).max(rate_ms / COUNTED_LEAST);
        let mut lately = Lately { sighting, first, all: 0, here: 0, counted_ms };
        let (all, here) =
            self.timeline[first..index].iter().fold((0, 0), |sum, before| lately.add(sum, before));
        (lately.all, lately.here) = (all, here);
        lately
    }

    /// How many other sightings of such a look a place has had lately per ms: this place, or all on average if that is
    /// more. Where most were of the chain that would be gone on with, these are no others: else what is seldom would seem
    /// usual. Where it has fewer than half, all are: else a chain of chance would make itself unlikely as it grows.
    fn rate_per_ms(&self, lately: &Lately<'_>, end: usize, context: &Context<'_>) -> f64 {
        let chain = std::iter::successors(Some(end), |index| {
            let back = self.timeline[*index].chain.previous_back as usize;
            (back > 0).then(|| index - back)
        });
        let own = chain.take_while(|index| *index >= lately.first).map(|index| &self.timeline[index]);
        let (own_all, own_here) = own.fold((0, 0), |sum, before| lately.add(sum, before));
        // One more than were seen: none so far is not never.
        let others = |all: i64, own: i64| all.min(2 * (all - own));
        let on_average =
            (others(lately.all, own_all) + 1) as f64 / context.reference.checkpoint_count().max(1) as f64;
        on_average.max(others(lately.here, own_here) as f64) / lately.counted_ms as f64
    }

    /// The warnings of the chains that lie in a window, with the time at which each begins.
    fn warnings(
        &self,
        from: Timestamp,
        to: Timestamp,
        p: &HiddenPlateParameters,
        context: &Context<'_>,
    ) -> Vec<(Timestamp, Warning)> {
        let start = self.timeline.partition_point(|sighting| sighting.at < from);
        let end = self.timeline.partition_point(|sighting| sighting.at <= to);
        // By the place of the first sighting: those at which the chain was enough.
        let mut enough: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for index in start..end {
            let chain = self.timeline[index].chain;
            if chain.score >= p.score_min.value && i64::from(chain.count) >= p.sightings_min.value {
                enough.entry(index - chain.first_back as usize).or_default().push(index);
            }
        }
        let warnings = enough.into_iter().filter_map(|(first, ends)| {
            let count = |index: &usize| self.timeline[*index].chain.count;
            let doubled = 1_u32 << ends.iter().map(count).max()?.ilog2();
            let last = ends.iter().find(|index| count(index) >= doubled).copied()?;
            Some((self.timeline[first].at, self.warning(last, context)?))
        });
        warnings.collect()
    }

    /// The warning about the chain that ends here.
    fn warning(&self, last: usize, context: &Context<'_>) -> Option<Warning> {
        let mut chain = vec![last];
        let mut index = last;
        while self.timeline[index].chain.previous_back > 0 {
            index -= self.timeline[index].chain.previous_back as usize;
            chain.push(index);
        }
        let end = &self.timeline[last];
        let model = &context.models_of(end.held.place, end.at, None).hidden_plate;
        if !model.is_enabled {
            return None;
        }
        let sightings: Vec<&Sighting> = chain.iter().rev().map(|index| &self.timeline[*index]).collect();
        let evidence: Vec<Observation> =
            sightings.iter().map(|sighting| sighting.held.unpack(context.names)).collect();
        let finding = Finding {
            model: ModelId::HiddenPlate,
            version: model.version,
            identity: &[&sightings[0].held.id.0.to_le_bytes()],
            subject: Subject {
                vehicle: None,
                plate_text: evidence.last().and_then(plate_text),
                device: None,
            },
            level: model.level.unwrap_or(domain::Level::Medium),
            actionable_seconds: model.actionable_seconds,
            detail: Detail::HiddenPlate {
                sighting_count: evidence.len() as u32,
                first_at: sightings[0].at,
                is_covered: sightings.iter().any(|sighting| sighting.is_covered),
            },
            occurred_at: Some(end.at),
            evidence,
        };
        Some(finding.into_warning(context.reference))
    }
}

/// What there was of a sighting's look for some time before it.
struct Lately<'a> {
    sighting: &'a Sighting,
    /// Where that time begins.
    first: usize,
    /// At all places.
    all: i64,
    /// At the place of the sighting.
    here: i64,
    counted_ms: i64,
}

impl Lately<'_> {
    /// Adds one before it to how many there were at all places and at this one.
    fn add(&self, (all, here): (i64, i64), before: &Sighting) -> (i64, i64) {
        let is_such = before.color == self.sighting.color
            && before.vehicle_type == self.sighting.vehicle_type
            && (before.is_covered || !self.sighting.is_covered);
        let is_here = before.held.place == self.sighting.held.place;
        (all + i64::from(is_such), here + i64::from(is_such && is_here))
    }
}

impl Sighting {
    /// How unlikely one vehicle is seen in two ways that differ so.
    fn difference_score(&self, other: &Self, p: &HiddenPlateParameters) -> i64 {
        let is_color_other = self.color.zip(other.color).is_some_and(|(one, two)| one != two);
        let is_type_other = self.vehicle_type.zip(other.vehicle_type).is_some_and(|(one, two)| one != two);
        let is_cover_other = self.is_covered != other.is_covered;
        [
            (is_color_other, p.color_other_score.value),
            (is_type_other, p.type_other_score.value),
            (is_cover_other, p.cover_other_score.value),
        ]
        .into_iter()
        .map(|(is_other, score)| if is_other { score } else { 0 })
        .sum()
    }

    /// What the symbols that both show say: more for each that agrees; `None` when one doesn't.
    fn plate_score(&self, other: &Self, p: &HiddenPlateParameters) -> Option<f64> {
        let (Some(one), Some(two)) = (self.plate, other.plate) else { return Some(0.0) };
        let prefix_from = one.symbol_count().saturating_sub(PREFIX_SYMBOLS);
        let mut agreed = 0;
        for (place, (a, b)) in paired_codes(one, two)?.enumerate() {
            if a == unread_code() || b == unread_code() {
                continue;
            }
            if a != b {
                return None;
            }
            agreed += i64::from(place < prefix_from);
        }
        Some((agreed * p.symbol_score.value) as f64)
    }
}

/// How a sighting may be linked to one before it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Chance {
    /// For how many ms in all, over the ways that lead on from the first, one would be linked by chance as closely.
    ways_ms: f64,
    /// Whether it took longer than the way takes.
    is_after_stop: bool,
}

impl Chance {
    /// `None` when the vehicle can't have been both, or was gone too long.
    fn of(
        first: &Sighting,
        second: &Sighting,
        p: &HiddenPlateParameters,
        context: &Context<'_>,
    ) -> Option<Self> {
        let doubt_ms = first.doubt_ms + second.doubt_ms;
        let elapsed_ms = second.at.ms_since(first.at);
        if first.held.place == second.held.place {
            // There and back: one place, and a time that says little.
            let width_ms = p.return_max_minutes.value * MINUTE_MS;
            let is_back =
                (p.return_min_minutes.value * MINUTE_MS + doubt_ms..=width_ms).contains(&elapsed_ms);
            return is_back.then_some(Self { ways_ms: width_ms as f64, is_after_stop: true });
        }
        let way = context.reference.way(first.held.place, second.held.place)?;
        if way.usual_ms > p.way_max_minutes.value * MINUTE_MS {
            return None;
        }
        let soonest_ms = way.usual_ms * p.fast_percent.value / 100 - doubt_ms;
        let latest_ms = way.usual_ms * p.slow_percent.value / 100 + doubt_ms;
        let longest_ms = latest_ms + p.stop_max_minutes.value * MINUTE_MS;
        if !(soonest_ms..=longest_ms).contains(&elapsed_ms) {
            return None;
        }
        let is_after_stop = elapsed_ms > latest_ms;
        let width_ms = if is_after_stop { longest_ms - latest_ms } else { latest_ms - soonest_ms.max(0) };
        let ways = context.reference.ways_within(first.held.place, way.usual_ms);
        Some(Self { ways_ms: (width_ms * ways as i64).max(1) as f64, is_after_stop })
    }
}
