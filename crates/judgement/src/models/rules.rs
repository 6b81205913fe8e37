//! Rules that users wrote (自定义规则): each condition is judged on every passage of a surely read vehicle.
//!
//! A condition looks at the passage, the vehicle's file and counters over the passages before it, so a passage that comes
//! late can only concern those behind it, as far as the longest window reaches. Of the passages on which a rule holds,
//! one raises a warning in so many minutes: the first of the Beijing day, then the first when so many minutes are over,
//! and so on. That this begins anew each day is what keeps a late passage from moving the warnings of all later days.
//!
//! A rule judges the passages that reached us after it came into force. What an earlier version said stands.

use super::{Context, Sight, Turn};
use crate::engine::Counts;
use crate::held::Names;
use crate::keyed::{Aging, Keyed};
use crate::parameters::ModelParameters;
use crate::reference::Reference;
use crate::rule::{Condition, Counter, Facts, Failure, Field, Miss, Place, Value, WINDOW_MINUTES_MAX};
use crate::settle::{Finding, Standing, settle, vehicle_bytes};
use crate::track::{Track, Visit};
use domain::observation::{Fact, Observation, Passage};
use domain::time::{HOUR_MS, MINUTE_MS};
use domain::warning::{Detail, EVIDENCE_MAX, Subject, Warning};
use domain::{
    CivilDay, KeyClass, ModelId, PlateClass, PlateColor, Rule, RuleId, Timestamp, VehicleKey, WarningId,
};
use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, format_smolstr};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Most rules in force; of more, those that come later are not judged.
pub(crate) const RULES_MAX: usize = 256;

/// How long passages are remembered for rules beyond the latest that may come: the longest window, or the day in which
/// warnings are spaced, and an hour for clocks that are set right.
pub(crate) const LOOK_BACK_MS: i64 = WINDOW_MINUTES_MAX * MINUTE_MS + HOUR_MS;

/// What was counted of a rule since it came into force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCounts {
    /// Evaluations.
    pub judged: u64,
    /// Those in which it held.
    pub held: u64,
    /// Those that came to no result because something was not known.
    pub unknown: u64,
    /// Those that calculated something without a result, such as a division by zero.
    pub failed: u64,
}

/// A rule in force as pages show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleState {
    /// The rule.
    pub id: RuleId,
    /// Its version.
    pub version: u16,
    /// The engine's clock when this version came into force.
    pub since: Timestamp,
    /// Whether this program understands the condition; one that it does not is never judged.
    pub is_understood: bool,
    /// What was counted of this version.
    pub counts: RuleCounts,
}

/// A rule as a snapshot keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredRule {
    rule: Rule,
    since: Timestamp,
    counts: RuleCounts,
}

#[derive(Clone, Debug)]
struct InForce {
    stored: StoredRule,
    condition: Option<Condition>,
    /// The number of its name, for keys.
    number: u32,
}

/// The warnings of one rule that stand about one vehicle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OfRule(Vec<Standing>);

impl Aging for OfRule {
    fn oldest_at(&self) -> Option<Timestamp> {
        self.0.first().map(|warning| warning.anchor)
    }

    fn forget_before(&mut self, cutoff: Timestamp, _: &ModelParameters) {
        self.0.retain(|warning| warning.anchor >= cutoff);
    }

    /// Passages are counted where they are kept.
    fn size(&self) -> usize {
        0
    }
}

/// Whose warning of which rule it is.
pub(crate) type RuleKey = (VehicleKey, u32);

/// The rules in force.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    in_force: BTreeMap<RuleId, InForce>,
}

/// What the rules said of the vehicles of one lane.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) standing: Keyed<RuleKey, OfRule>,
    /// What was counted since [`Rules::sum`], by the place of the rule among those in force.
    counts: Vec<RuleCounts>,
}

impl Said {
    pub(crate) fn new(standing: Keyed<RuleKey, OfRule>) -> Self {
        Self { standing, counts: Vec::new() }
    }
}

impl RuleCounts {
    fn add(&mut self, other: Self) {
        self.judged += other.judged;
        self.held += other.held;
        self.unknown += other.unknown;
        self.failed += other.failed;
    }
}

impl Rules {
    /// The model with one rule at most.
    pub(crate) fn only(&self, rule: Option<&RuleId>) -> Self {
        let mut only = Self::default();
        if let Some((id, rule)) = rule.and_then(|id| self.in_force.get_key_value(id)) {
            only.in_force.insert(id.clone(), rule.clone());
        }
        only
    }

    /// Puts a rule, or a new version of it, into force for the passages that reach us from now on.
    pub(crate) fn put(&mut self, rule: &Rule, now: Timestamp, names: &mut Names, counts: &mut Counts) {
        if self.in_force.len() >= RULES_MAX && !self.in_force.contains_key(&rule.id) {
            counts.over_bound += 1;
            return;
        }
        self.add(StoredRule { rule: rule.clone(), since: now, counts: RuleCounts::default() }, names);
    }

    fn add(&mut self, stored: StoredRule, names: &mut Names) {
        let condition = Condition::compile(&stored.rule.condition).ok();
        let number = names.number(&stored.rule.id.0);
        self.in_force.insert(stored.rule.id.clone(), InForce { stored, condition, number });
    }

    pub(crate) fn retire(&mut self, id: &RuleId) {
        self.in_force.remove(id);
    }

    /// Adds what the lanes counted to the rules: before these change, since lanes know them by place.
    pub(crate) fn sum<'l>(&mut self, lanes: impl Iterator<Item = &'l mut Said>) {
        for said in lanes {
            for (rule, counts) in self.in_force.values_mut().zip(said.counts.drain(..)) {
                rule.stored.counts.add(counts);
            }
        }
    }

    /// The rules with what was counted of them, in the lanes too.
    pub(crate) fn stored<'l>(&self, lanes: impl Iterator<Item = &'l Said>) -> Vec<StoredRule> {
        let mut all: Vec<StoredRule> = self.in_force.values().map(|rule| rule.stored.clone()).collect();
        for said in lanes {
            for (stored, counts) in all.iter_mut().zip(&said.counts) {
                stored.counts.add(*counts);
            }
        }
        all
    }

    pub(crate) fn restore(&mut self, rules: Vec<StoredRule>, names: &mut Names) {
        for stored in rules {
            self.add(stored, names);
        }
    }

    pub(crate) fn states<'l>(&self, lanes: impl Iterator<Item = &'l Said>) -> Vec<RuleState> {
        let state = |(rule, stored): (&InForce, StoredRule)| RuleState {
            id: stored.rule.id,
            version: stored.rule.version,
            since: stored.since,
            is_understood: rule.condition.is_some(),
            counts: stored.counts,
        };
        self.in_force.values().zip(self.stored(lanes)).map(state).collect()
    }

    /// Judges the passages that a visit can concern, and says what changed.
    pub(crate) fn judge(
        &self,
        said: &mut Said,
        track: &Track,
        turn: &Turn,
        sight: &Sight<'_>,
        context: &mut Context<'_>,
    ) {
        if self.in_force.is_empty() {
            return;
        }
        let Said { standing, counts } = said;
        counts.resize(self.in_force.len(), RuleCounts::default());
        let visits = track.visits();
        let farthest = self.in_force.values().map(|rule| rule.concerned_until(turn.changed_at)).max();
        let range = track.range(turn.changed_at, farthest.unwrap_or(turn.changed_at));
        let is_own = |visit: &Visit| {
            visit.id() == sight.observation.id && track.received_at(visit) == sight.observation.received_at
        };
        // The usual case: nothing came later, so that only this one is concerned.
        if range.len() == 1 && is_own(&visits[range.start]) {
            let own =
                Concerned { index: range.start, observation: sight.observation, passage: sight.passage };
            for (rule, counts) in self.in_force.values().zip(counts) {
                rule.judge(track, std::slice::from_ref(&own), turn, (standing, counts), context);
            }
            return;
        }
        let observations: Vec<Cow<'_, Observation>> = visits[range.clone()]
            .iter()
            .map(|visit| {
                if is_own(visit) {
                    Cow::Borrowed(sight.observation)
                } else {
                    Cow::Owned(track.observation(visit, context.names))
                }
            })
            .collect();
        let concerned: Vec<Concerned<'_>> = range
            .zip(&observations)
            .filter_map(|(index, observation)| match &observation.fact {
                Fact::Passage(passage) => Some(Concerned { index, observation, passage }),
                _ => None,
            })
            .collect();
        for (rule, counts) in self.in_force.values().zip(counts) {
            rule.judge(track, &concerned, turn, (standing, counts), context);
        }
    }
}

/// A passage that is to be judged.
struct Concerned<'a> {
    index: usize,
    observation: &'a Observation,
    passage: &'a Passage,
}

impl InForce {
    /// Until when passages are concerned by one at `from`: as far as the window reaches, and to the end of that day where
    /// warnings are spaced.
    fn concerned_until(&self, from: Timestamp) -> Timestamp {
        let window_minutes = self.condition.as_ref().map_or(0, Condition::window_minutes);
        let to = from.plus_ms(window_minutes * MINUTE_MS);
        match self.stored.rule.once_per_minutes {
            0 => to,
            _ => CivilDay(to.beijing_day().0 + 1).start().plus_ms(-1),
        }
    }

    fn judge(
        &self,
        track: &Track,
        concerned: &[Concerned<'_>],
        turn: &Turn,
        (standing, counts): (&mut Keyed<RuleKey, OfRule>, &mut RuleCounts),
        context: &mut Context<'_>,
    ) {
        let Some(condition) = &self.condition else { return };
        let (from, to) = (turn.changed_at, self.concerned_until(turn.changed_at));
        let StoredRule { rule, since, .. } = &self.stored;
        let key = (turn.vehicle, self.number);
        let standing_now = standing.get(&key).map_or(&[][..], |of| &of.0);
        let mut last_at =
            standing_now.iter().rev().map(|warning| warning.anchor).find(|anchor| *anchor < from);
        let spacing_ms = i64::from(rule.once_per_minutes) * MINUTE_MS;
        let mut found = Vec::new();
        // What an earlier version said about passages that this one does not judge stands.
        let mut untouched = BTreeSet::new();
        for Concerned { index, observation, passage } in concerned {
            let visit = &track.visits()[*index];
            if visit.at > to {
                break;
            }
            if observation.received_at < *since {
                untouched.insert(visit.at);
                if standing_now.iter().any(|warning| warning.anchor == visit.at) {
                    last_at = Some(visit.at);
                }
                continue;
            }
            let is_spaced = spacing_ms == 0
                || last_at.is_none_or(|last_at| {
                    visit.at.ms_since(last_at) >= spacing_ms
                        || visit.at.beijing_day() != last_at.beijing_day()
                });
            if !is_spaced {
                continue;
            }
            let scene = Scene {
                track,
                index: *index,
                passage,
                turn,
                names: context.names,
                models: context.tuned.everywhere(),
                reference: context.reference,
            };
            if !scene.is_sure(visit) {
                continue;
            }
            counts.judged += 1;
            match condition.holds(&scene) {
                Ok(false) => continue,
                Err(Miss::Unknown) => {
                    counts.unknown += 1;
                    continue;
                }
                Err(Miss::Failed(Failure::DivisionByZero | Failure::Overflow | Failure::Mistyped)) => {
                    counts.failed += 1;
                    continue;
                }
                Ok(true) => counts.held += 1,
            }
            if !context.models_at(visit, turn.file.as_ref()).rule.is_enabled {
                continue;
            }
            last_at = Some(visit.at);
            found.push((visit.at, warning(rule, condition, &scene, observation)));
        }
        if found.is_empty() && standing_now.is_empty() {
            return;
        }
        // Two passages may be of one instant, one of them judged and the other not.
        let said: Vec<WarningId> = found.iter().map(|(_, warning)| warning.id).collect();
        let is_in_scope = |warning: &Standing| {
            (from..=to).contains(&warning.anchor)
                && (!untouched.contains(&warning.anchor) || said.contains(&warning.id))
        };
        settle(&mut standing.state_mut(key, from).0, is_in_scope, found, context.out);
    }
}

fn warning(rule: &Rule, condition: &Condition, scene: &Scene<'_>, observation: &Observation) -> Warning {
    let visit = &scene.track.visits()[scene.index];
    let mut evidence: Vec<Observation> = scene
        .counted(condition)
        .into_iter()
        .map(|index| scene.track.observation(&scene.track.visits()[index], scene.names))
        .collect();
    evidence.push(observation.clone());
    Finding {
        model: ModelId::Rule,
        version: scene.models.rule.version,
        identity: &[
            rule.id.as_str().as_bytes(),
            &vehicle_bytes(scene.turn.vehicle),
            &visit.id().0.to_le_bytes(),
        ],
        subject: Subject {
            vehicle: Some(scene.turn.vehicle),
            plate_text: Some(scene.passage.plate_text.clone()),
            device: None,
        },
        level: rule.level,
        actionable_seconds: i64::from(rule.actionable_seconds),
        detail: Detail::Rule {
            rule: rule.id.clone(),
            version: rule.version,
            name: rule.name.clone(),
            values: condition.values(scene),
        },
        occurred_at: Some(visit.at),
        evidence,
    }
    .into_warning(scene.reference)
}

/// A passage among the others of its vehicle: what a condition looks at, each thing made only when it is asked for.
struct Scene<'a> {
    track: &'a Track,
    index: usize,
    passage: &'a Passage,
    turn: &'a Turn,
    names: &'a Names,
    /// What holds for the whole county: a counter counts alike wherever it is asked.
    models: &'a ModelParameters,
    reference: &'a Reference,
}

impl Scene<'_> {
    fn at(&self) -> Timestamp {
        self.track.visits()[self.index].at
    }

    /// Whether it is sure enough that it was this vehicle.
    fn is_sure(&self, visit: &Visit) -> bool {
        i64::from(visit.permille) >= self.models.reading.sure_min_permille.value
    }

    /// The vehicle's passages in the last so many minutes, this one first, then backwards.
    fn window(&self, minutes: i64) -> impl Iterator<Item = (usize, &Visit)> {
        let at = self.at();
        self.track
            .visits()
            .get(..=self.index)
            .unwrap_or_default()
            .iter()
            .enumerate()
            .rev()
            .take_while(move |(_, visit)| at.ms_since(visit.at) < minutes * MINUTE_MS)
            .filter(|(_, visit)| self.is_sure(visit))
    }

    fn before(&self) -> Option<(usize, &Visit)> {
        self.window(WINDOW_MINUTES_MAX).nth(1)
    }

    /// The number of a counter's checkpoint; `None` when nothing was ever seen there.
    fn place(&self, place: &Place) -> Option<u32> {
        match place {
            Place::Here => Some(self.track.visits()[self.index].place()),
            Place::Named(id) => self.names.number_of(&id.0),
        }
    }

    /// The earlier passages that the condition's counters counted, thinned evenly, the first kept.
    fn counted(&self, condition: &Condition) -> Vec<usize> {
        let mut counted = BTreeSet::new();
        for counter in condition.counters() {
            match counter {
                Counter::Count { minutes } | Counter::Places { minutes } => {
                    counted.extend(self.window(*minutes).map(|(index, _)| index));
                }
                Counter::CountAt { place, minutes } => {
                    let place = self.place(place);
                    let at_place = self.window(*minutes).filter(|(_, visit)| Some(visit.place()) == place);
                    counted.extend(at_place.map(|(index, _)| index));
                }
                Counter::MinutesSinceFirst { minutes } => {
                    counted.extend(self.window(*minutes).last().map(|(index, _)| index));
                }
                Counter::MinutesSinceLast => counted.extend(self.before().map(|(index, _)| index)),
            }
        }
        counted.remove(&self.index);
        let counted: Vec<usize> = counted.into_iter().collect();
        let (count, most) = (counted.len(), EVIDENCE_MAX - 1);
        if count <= most {
            return counted;
        }
        (0..most).map(|pick| counted[pick * (count - 1) / (most - 1)]).collect()
    }
}

impl Facts for Scene<'_> {
    fn field(&self, field: Field) -> Option<Value> {
        let (passage, file) = (self.passage, self.turn.file.as_ref());
        let minute_of_day = || i64::from(self.at().beijing_minute_of_day());
        let day = self.at().beijing_day();
        let letter = |letter: char| text(format_smolstr!("{letter}"));
        Some(match field {
            Field::Checkpoint => text(passage.checkpoint.0.clone()),
            Field::Theatre => {
                text(SmolStr::new_static(self.reference.place(&passage.checkpoint)?.theatre.key()))
            }
            Field::Road => text(self.reference.place(&passage.checkpoint)?.road.clone()),
            Field::Lane => Value::Int(i64::from(passage.lane?)),
            Field::Direction => Value::Int(i64::from(passage.direction?)),
            Field::Plate => text(format_smolstr!("{}", self.turn.vehicle.plate)),
            Field::Province => letter(self.turn.vehicle.plate.symbols().next()?),
            Field::PlateClass if self.turn.vehicle.class == PlateClass::UNKNOWN => return None,
            Field::PlateClass => text(format_smolstr!("{}", self.turn.vehicle.class)),
            Field::PlateColor if passage.plate_color == PlateColor::Unknown => return None,
            Field::PlateColor => text(SmolStr::new_static(passage.plate_color.key())),
            Field::PlateConfidence => Value::Int(i64::from(passage.plate_confidence?)),
            Field::VehicleType => text(format_smolstr!("{}", passage.vehicle_type?)),
            Field::BodyColor => letter(passage.body_color?),
            Field::SpeedKmh => Value::Int(i64::from(passage.speed_kmh?)),
            Field::Hour => Value::Int(minute_of_day() / 60),
            Field::MinuteOfDay => Value::Int(minute_of_day()),
            // 1970-01-01 was a Thursday.
            Field::Weekday => Value::Int(i64::from((day.0 + 3).rem_euclid(7)) + 1),
            Field::IsNight => {
                let night = &self.models.fatigue.parameters;
                let (from, to) = (night.night_from_hour.value, night.night_to_hour.value);
                let hour = minute_of_day() / 60;
                Value::Bool(if from < to { (from..to).contains(&hour) } else { hour >= from || hour < to })
            }
            Field::Behaviours => Value::Behaviours(passage.behaviours),
            Field::TotalKg => Value::Int(i64::from(passage.weighing.as_ref()?.total_kg)),
            Field::AxleCount => Value::Int(i64::from(passage.weighing.as_ref()?.axle_count)),
            Field::ReadPermille => Value::Int(i64::from(self.track.visits()[self.index].permille)),
            Field::IsRegistered => Value::Bool(file.is_some()),
            Field::KeyClass => {
                text(SmolStr::new_static(file?.key_class.map_or(Field::NO_KEY_CLASS, KeyClass::key)))
            }
            Field::FileVehicleType => text(format_smolstr!("{}", file?.vehicle_type?)),
            Field::UseCode => letter(file?.use_code?),
            Field::FileBodyColor => letter(file?.body_color?),
            Field::InspectionOverdueDays => overdue_days(file?.inspection_valid_until?, day),
            Field::ScrapOverdueDays => overdue_days(file?.scrap_by?, day),
            Field::UnhandledOffences => Value::Int(i64::from(file?.unhandled_offences)),
            Field::IsLocal => {
                let files_min = self.models.reading.covered_files_min.value;
                Value::Bool(self.reference.is_covered(self.turn.vehicle.plate, files_min))
            }
        })
    }

    fn counter(&self, counter: &Counter) -> Option<i64> {
        let minutes_since = |visit: &Visit| self.at().ms_since(visit.at) / MINUTE_MS;
        Some(match counter {
            Counter::Count { minutes } => self.window(*minutes).count() as i64,
            Counter::Places { minutes } => {
                let mut places: Vec<u32> = Vec::new();
                for (_, visit) in self.window(*minutes) {
                    if !places.contains(&visit.place()) {
                        places.push(visit.place());
                    }
                }
                places.len() as i64
            }
            Counter::CountAt { place, minutes } => {
                let place = self.place(place);
                self.window(*minutes).filter(|(_, visit)| Some(visit.place()) == place).count() as i64
            }
            Counter::MinutesSinceFirst { minutes } => {
                self.window(*minutes).last().map_or(0, |(_, first)| minutes_since(first))
            }
            Counter::MinutesSinceLast => minutes_since(self.before()?.1),
        })
    }
}

fn text(text: SmolStr) -> Value {
    Value::Text(text)
}

fn overdue_days(last_day: CivilDay, day: CivilDay) -> Value {
    Value::Int(i64::from(day.0.saturating_sub(last_day.0).max(0)))
}
