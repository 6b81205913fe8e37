//! When a warning is about something planted: the one place that says so.
//!
//! A warning and a planted thing belong together when they are of one model, about one number, name the same section, zone, alarm or behaviour where both name one, and lie
//! together in time by the model's [`Timing`]. All numbers that were planted are compared as they truly are: a warning
//! about a misread number is about nobody who did anything.
//!
//! One planted thing is found once. Further warnings about it are true, and counted as repeats. What is true by the
//! world's own state without being an offence that must be found (see [`Planted::is_required`]) makes a warning true
//! and is asked of nobody.

use crate::standing::Standing;
use domain::time::MINUTE_MS;
use domain::{CheckpointId, ModelId, Plate, Timestamp};
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// Something that truly is so, for which a model should or may warn.
#[derive(Clone, Debug, PartialEq)]
pub struct Planted {
    /// The model whose matter it is.
    pub model: ModelId,
    /// The true number; `None` without one.
    pub plate: Option<Plate>,
    /// Where, for what happens at one checkpoint.
    pub checkpoint: Option<CheckpointId>,
    /// The section, zone, alarm or behaviour; empty where there is none.
    pub what: SmolStr,
    /// When it began and ended, truly.
    pub from: Timestamp,
    /// See `from`.
    pub until: Timestamp,
    /// Planted, so that it has to be found. `false` for what is merely true.
    pub is_required: bool,
    /// Whether what the devices send can show it at all. For information: it is asked for either way.
    pub is_observable: bool,
    /// What exactly.
    pub detail: String,
    /// The passages that belong to it, in order.
    pub sightings: Vec<Sighting>,
}

/// Where and when a vehicle passed: truly when planted, by the camera's clock when warned of.
pub type Sighting = (CheckpointId, Timestamp);

/// How the times of a model's warnings and planted things are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// One passage at one checkpoint: the nearest in time there, within [`CLOCK_TOLERANCE_MS`].
    Moment,
    /// A state of the vehicle, warned of once a Beijing day: all that is planted on it on one day is one thing.
    Day,
    /// A vehicle without a number: at least half of the passages that the warning rests on are its own, by place and time.
    Sightings,
    /// Something that lasts: warning and planted thing overlap, or come as near as this.
    Span {
        /// How near.
        tolerance_ms: i64,
    },
}

/// A camera's clock may be this wrong (10 minutes, 20 at twice the noise), and a passage takes its time.
pub const CLOCK_TOLERANCE_MS: i64 = 25 * MINUTE_MS;

impl Timing {
    /// That of a model.
    pub fn of(model: ModelId) -> Self {
        match model {
            ModelId::WatchOrder
            | ModelId::SpotSpeed
            | ModelId::WrongWay
            | ModelId::Overload
            | ModelId::CameraReport => Self::Moment,
            ModelId::OverdueInspection
            | ModelId::OverdueScrapping
            | ModelId::UnhandledOffences
            // The number is a state too: its vehicle shows it whenever it is out.
            | ModelId::ClonePlate
            | ModelId::FakePlate
            // Given to a vehicle for a day: off its roads, without permit, its terminal off.
            | ModelId::DangerousGoods
            | ModelId::ZoneBan
            | ModelId::TerminalSilent
            | ModelId::TerminalElsewhere
            // One warning a day, when the driving of the window before it is too much.
            | ModelId::DrivingTime
            | ModelId::Rule => Self::Day,
            ModelId::HiddenPlate => Self::Sightings,
            // From its first end to its second; either clock may be wrong.
            ModelId::AverageSpeed => Self::Span { tolerance_ms: CLOCK_TOLERANCE_MS },
            // Terminals' clocks are right; five minutes is the grain of the models of positions.
            ModelId::Fatigue | ModelId::NightCoach => Self::Span { tolerance_ms: 10 * MINUTE_MS },
            ModelId::DeviceAlarm => Self::Span { tolerance_ms: 5 * MINUTE_MS },
            ModelId::PassageFatigue | ModelId::NoExit => Self::Span { tolerance_ms: CLOCK_TOLERANCE_MS },
        }
    }
}

/// All that is planted so far, to be asked by warning.
#[derive(Clone, Debug, Default)]
pub struct Truths {
    all: Vec<Planted>,
    by_subject: BTreeMap<(ModelId, Option<Plate>), Vec<usize>>,
}

impl Truths {
    /// Adds what is planted in a further window of time.
    pub fn extend(&mut self, planted: impl IntoIterator<Item = Planted>) {
        for planted in planted {
            let key = (planted.model, planted.plate);
            let indices = self.by_subject.entry(key).or_default();
            if Timing::of(planted.model) == Timing::Day
                && let Some(same) = indices.iter().rev().find(|index| {
                    let same = &self.all[**index];
                    same.until.beijing_day() == planted.from.beijing_day() && same.what == planted.what
                })
            {
                let same = &mut self.all[*same];
                same.from = same.from.min(planted.from);
                same.until = same.until.max(planted.until);
                if planted.is_required && !same.is_required {
                    (same.is_required, same.detail) = (true, planted.detail);
                }
                same.is_observable |= planted.is_observable;
                continue;
            }
            indices.push(self.all.len());
            self.all.push(planted);
        }
    }

    /// All, in the order in which they were added.
    pub fn all(&self) -> &[Planted] {
        &self.all
    }

    /// Whether two vehicles bear the number.
    pub fn is_cloned(&self, plate: Plate) -> bool {
        self.by_subject.contains_key(&(ModelId::ClonePlate, Some(plate)))
    }

    /// The planted things that a warning is about, as indices into [`Self::all`]; empty for a false hit.
    pub fn about(&self, warning: &Standing) -> Vec<usize> {
        let key = (warning.model, warning.plate().filter(|_| Timing::of(warning.model) != Timing::Sightings));
        let candidates = self.by_subject.get(&key).map_or(&[] as &[usize], Vec::as_slice);
        let same_matter = candidates.iter().copied().filter(|index| {
            let what = &self.all[*index].what;
            what.is_empty() || warning.what.is_empty() || *what == warning.what
        });
        let gap = |index: usize, from: Timestamp, until: Timestamp| {
            let planted = &self.all[index];
            gap_ms((planted.from, planted.until), (from, until))
        };
        match Timing::of(warning.model) {
            Timing::Moment => same_matter
                .filter(|index| {
                    let place = &self.all[*index].checkpoint;
                    place.is_none() || warning.checkpoint.is_none() || *place == warning.checkpoint
                })
                .map(|index| (gap(index, warning.until, warning.until), index))
                .filter(|(gap, _)| *gap <= CLOCK_TOLERANCE_MS)
                .min()
                .map(|(_, index)| index)
                .into_iter()
                .collect(),
            Timing::Day => {
                let day = warning.until.beijing_day();
                same_matter
                    .filter(|index| {
                        let planted = &self.all[*index];
                        let (from, until) = (planted.from.beijing_day(), planted.until.beijing_day());
                        (from..=until).contains(&day)
                            || gap(*index, warning.until, warning.until) <= CLOCK_TOLERANCE_MS
                    })
                    // On its own day, or just over midnight by a wrong clock.
                    .min_by_key(|index| (self.all[*index].from.beijing_day() != day, *index))
                    .into_iter()
                    .collect()
            }
            Timing::Sightings => {
                let near = same_matter
                    .filter(|index| gap(*index, warning.from, warning.until) <= CLOCK_TOLERANCE_MS)
                    .map(|index| (own_sightings(&self.all[index], warning), index))
                    .filter(|(own, _)| *own > 0 && *own * 2 >= warning.sightings.len());
                near.max_by_key(|(own, index)| (*own, self.all[*index].is_required))
                    .map(|(_, index)| index)
                    .into_iter()
                    .collect()
            }
            Timing::Span { tolerance_ms } => {
                same_matter.filter(|index| gap(*index, warning.from, warning.until) <= tolerance_ms).collect()
            }
        }
    }
}

/// How many of the passages that a warning rests on are the planted thing's own.
fn own_sightings(planted: &Planted, warning: &Standing) -> usize {
    let is_same = |own: &Sighting, seen: &Sighting| {
        own.0 == seen.0 && own.1.ms_since(seen.1).abs() <= CLOCK_TOLERANCE_MS
    };
    warning.sightings.iter().filter(|seen| planted.sightings.iter().any(|own| is_same(own, seen))).count()
}

/// Milliseconds between two spans; 0 when they overlap.
fn gap_ms(a: (Timestamp, Timestamp), b: (Timestamp, Timestamp)) -> i64 {
    b.0.ms_since(a.1).max(a.0.ms_since(b.1)).max(0)
}
