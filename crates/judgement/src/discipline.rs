//! Discipline of warnings: which of them belong together, and which need not be shown by themselves.
//!
//! The warnings about one vehicle are marked whenever one of them changes. Repeats of a model on one Beijing day are a
//! group, and its first warning stands for it. A stronger warning hides a weaker one near it in time, by a table of which
//! model hides which. What a silence covers or a device under maintenance proves is hidden, too. Nothing is lost by it:
//! hidden warnings are raised, kept and counted like others. A mark is a function of the warnings that stand and of the
//! silences known; the order in which they came never matters.

use crate::held::Names;
use crate::keyed::{Aging, Keyed};
use crate::parameters::{DisciplineParameters, ModelParameters};
use crate::settle::digest;
use domain::time::MINUTE_MS;
use domain::{
    CheckpointId, CivilDay, Hidden, Level, Maintenance, Mark, ModelId, Outcome, RuleId, Silence, SilenceId,
    Timestamp, VehicleKey, Warning, WarningId,
};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Between the stronger and the weaker model in a word of the table.
const HIDES: char = '>';

/// Whom warnings have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Subject {
    Vehicle(VehicleKey),
    /// The number of the terminal's name.
    Device(u32),
    /// Nobody: the warning stands alone.
    Alone(WarningId),
}

/// A standing warning, as far as its mark depends on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    id: WarningId,
    model: ModelId,
    rule: Option<RuleId>,
    level: Level,
    occurred_at: Timestamp,
    is_historical: bool,
    vehicle: Option<VehicleKey>,
    checkpoint: Option<CheckpointId>,
    maintenance: Option<SilenceId>,
    /// Of the mark that was said last.
    said: u64,
}

/// The standing warnings of one subject, by time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standings(Vec<Known>);

impl Aging for Standings {
    fn oldest_at(&self) -> Option<Timestamp> {
        self.0.first().map(|known| day_end(known.occurred_at))
    }

    /// Forgets whole days only, since a day's first warning stands for the others.
    fn forget_before(&mut self, cutoff: Timestamp, _: &ModelParameters) {
        self.0.retain(|known| day_end(known.occurred_at) >= cutoff);
    }

    fn size(&self) -> usize {
        self.0.len()
    }
}

fn day_end(at: Timestamp) -> Timestamp {
    CivilDay(at.beijing_day().0 + 1).start()
}

/// What marks warnings.
#[derive(Clone, Debug)]
pub(crate) struct Discipline {
    pub(crate) standings: Keyed<Subject, Standings>,
    /// By warning; made from `standings`.
    subjects: FxHashMap<WarningId, Subject>,
    pub(crate) silences: BTreeMap<SilenceId, Silence>,
    pub(crate) maintenances: BTreeMap<SilenceId, Maintenance>,
}

impl Discipline {
    pub(crate) fn new(keep_ms: i64) -> Self {
        Self {
            standings: Keyed::new(keep_ms),
            subjects: FxHashMap::default(),
            silences: BTreeMap::new(),
            maintenances: BTreeMap::new(),
        }
    }

    pub(crate) fn restore_standings(&mut self, standings: Vec<(Subject, Standings)>) {
        for (subject, of_subject) in &standings {
            self.subjects.extend(of_subject.0.iter().map(|known| (known.id, *subject)));
        }
        self.standings.restore(standings);
    }

    /// Lets go of what the clock has left behind.
    pub(crate) fn retire(&mut self, clock: Timestamp, models: &ModelParameters) {
        self.standings.retire(clock, models);
        let standings = &self.standings;
        // Only when there is much to find: it walks all.
        if self.subjects.len() > 2 * standings.size() + SUBJECTS_SPARE {
            self.subjects.retain(|id, subject| {
                standings.get(subject).is_some_and(|known| known.0.iter().any(|known| known.id == *id))
            });
        }
    }

    /// Says how the warnings stand that the outcomes from `first` on touch.
    pub(crate) fn mark(
        &mut self,
        out: &mut Vec<Outcome>,
        first: usize,
        p: &DisciplineParameters,
        names: &mut Names,
    ) {
        let mut touched = Vec::new();
        for outcome in &out[first..] {
            touched.extend(match outcome {
                Outcome::Raise(warning) | Outcome::Revise(warning) => Some(self.put(warning, names)),
                Outcome::Withdraw { id, .. } => self.remove(*id),
                Outcome::Mark { .. } => None,
            });
        }
        touched.sort_unstable();
        touched.dedup();
        for subject in touched {
            let Some(standings) = self.standings.get_mut(&subject) else { continue };
            let marks: Vec<Mark> =
                (0..standings.0.len()).map(|index| mark_of(&standings.0, index, &self.silences, p)).collect();
            for (known, mark) in standings.0.iter_mut().zip(marks) {
                let digest = digest(&mark);
                if known.said != digest {
                    known.said = digest;
                    out.push(Outcome::Mark { id: known.id, mark });
                }
            }
        }
    }

    fn put(&mut self, warning: &Warning, names: &mut Names) -> Subject {
        let subject = match (warning.subject.vehicle, &warning.subject.device) {
            (Some(vehicle), _) => Subject::Vehicle(vehicle),
            (None, Some(device)) => Subject::Device(names.number(&device.0)),
            (None, None) => Subject::Alone(warning.id),
        };
        // A revised warning may have moved; its mark is only said again when it is another.
        let said = self.said(warning.id);
        self.remove(warning.id);
        let rule = match &warning.detail {
            domain::Detail::Rule { rule, .. } => Some(rule.clone()),
            _ => None,
        };
        let known = Known {
            id: warning.id,
            model: warning.model,
            rule,
            level: warning.level,
            occurred_at: warning.occurred_at,
            is_historical: warning.is_historical,
            vehicle: warning.subject.vehicle,
            checkpoint: warning.checkpoint.clone(),
            maintenance: self.maintenance_of(warning),
            said,
        };
        let standings = &mut self.standings.state_mut(subject, day_end(known.occurred_at)).0;
        let order = |known: &Known| (known.occurred_at, known.id);
        let index = standings.partition_point(|other| order(other) < order(&known));
        standings.insert(index, known);
        self.standings.grown();
        self.subjects.insert(warning.id, subject);
        subject
    }

    fn said(&self, id: WarningId) -> u64 {
        let of_subject = self.subjects.get(&id).and_then(|subject| self.standings.get(subject));
        let known = of_subject.and_then(|standings| standings.0.iter().find(|known| known.id == id));
        known.map_or(0, |known| known.said)
    }

    fn remove(&mut self, id: WarningId) -> Option<Subject> {
        let subject = self.subjects.remove(&id)?;
        if let Some(standings) = self.standings.get_mut(&subject) {
            let before = standings.0.len();
            standings.0.retain(|known| known.id != id);
            let gone = before - standings.0.len();
            self.standings.shrunk(gone);
        }
        Some(subject)
    }

    /// The maintenance window in which a device proved the warning.
    fn maintenance_of(&self, warning: &Warning) -> Option<SilenceId> {
        let covers = |window: &&Maintenance| {
            warning.evidence.iter().any(|seen| {
                seen.device == window.device
                    && window.from <= seen.captured_at
                    && seen.captured_at < window.until
            })
        };
        self.maintenances.values().find(covers).map(|window| window.id.clone())
    }
}

/// Look-ups of warnings that were forgotten, before they are looked for.
const SUBJECTS_SPARE: usize = 10_000;

fn mark_of(
    all: &[Known],
    index: usize,
    silences: &BTreeMap<SilenceId, Silence>,
    p: &DisciplineParameters,
) -> Mark {
    let known = &all[index];
    let is_repeat = |other: &&Known| {
        other.model == known.model
            && other.rule == known.rule
            && other.occurred_at.beijing_day() == known.occurred_at.beijing_day()
    };
    let group = all.iter().find(is_repeat).map_or(known.id, |first| first.id);
    Mark {
        group,
        hidden: quieted(known, silences).or_else(|| stronger(all, known, silences, p).map(Hidden::Stronger)),
    }
}

/// Whether a silence or a maintenance window hides it.
fn quieted(known: &Known, silences: &BTreeMap<SilenceId, Silence>) -> Option<Hidden> {
    if let Some(window) = &known.maintenance {
        return Some(Hidden::Maintenance(window.clone()));
    }
    let covers = |silence: &&Silence| {
        silence.from <= known.occurred_at
            && known.occurred_at < silence.until
            && silence.model.is_none_or(|model| model == known.model)
            && silence.vehicle.is_none_or(|vehicle| known.vehicle == Some(vehicle))
            && (silence.checkpoint.is_none() || silence.checkpoint == known.checkpoint)
    };
    silences.values().find(covers).map(|silence| Hidden::Silenced(silence.id.clone()))
}

/// The warning that says enough, if there is one: the most urgent, then the earliest.
fn stronger(
    all: &[Known],
    known: &Known,
    silences: &BTreeMap<SilenceId, Silence>,
    p: &DisciplineParameters,
) -> Option<WarningId> {
    let within_ms = p.within_minutes.value * MINUTE_MS;
    let hides = |other: &&Known| {
        other.id != known.id
            && other.level >= known.level
            && other.occurred_at.ms_since(known.occurred_at).abs() <= within_ms
            && (!other.is_historical || known.is_historical)
            && p.hides.value.iter().any(|word| is_of(word, other.model, known.model))
            && quieted(other, silences).is_none()
    };
    let strength = |other: &&Known| (std::cmp::Reverse(other.level), other.occurred_at, other.id);
    all.iter().filter(hides).min_by_key(strength).map(|other| other.id)
}

/// Whether a word of the table says that one model hides the other.
fn is_of(word: &str, stronger: ModelId, weaker: ModelId) -> bool {
    word.split_once(HIDES).is_some_and(|(a, b)| a == stronger.key() && b == weaker.key())
}

/// The word of the table that names no models, or by which models hide one another in a circle.
pub(crate) fn fault_of_table(words: &[String]) -> Option<&String> {
    let mut pairs = Vec::new();
    for word in words {
        let Some((a, b)) = word.split_once(HIDES) else { return Some(word) };
        let (Some(a), Some(b)) = (ModelId::parse(a), ModelId::parse(b)) else { return Some(word) };
        // Whether `a` can be reached from `b` already.
        let mut reached = vec![b];
        let mut next = 0;
        while next < reached.len() {
            let from = reached[next];
            next += 1;
            for (_, to) in pairs.iter().filter(|(of, _)| *of == from) {
                if !reached.contains(to) {
                    reached.push(*to);
                }
            }
        }
        if reached.contains(&a) {
            return Some(word);
        }
        pairs.push((a, b));
    }
    None
}
