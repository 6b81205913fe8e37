//! Where vehicles go next (去向): from each checkpoint, to which others, how often, and how long it takes. Counted from passages as
//! they come, so that whoever sends somebody out knows where to.

use domain::{CheckpointId, Observation, Plate, Timestamp, observation::Fact};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Vehicles whose last passage is remembered at most; when full, the older half is forgotten.
const VEHICLES_MAX: usize = 400_000;
/// Between two checkpoints farther apart in time than this, a vehicle was somewhere else.
const LEG_MS_MAX: i64 = 2 * 3_600_000;
/// Two reads of one vehicle nearer than this are one look.
const LEG_MS_MIN: i64 = 20_000;
/// Classes of travel time: each a tenth longer than the one before, from 20 s on; the last ends beyond two hours.
const CLASSES: usize = 64;
/// From so many passages on, a pair's counts are halved: what was long ago fades.
const COUNT_MAX: u32 = 20_000;

/// How often one checkpoint follows another, and after what time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Leg {
    /// Passages by class of travel time.
    classes: Vec<u32>,
}

/// The next place of a vehicle.
#[derive(Clone, Debug, PartialEq)]
pub struct Ahead {
    /// Where.
    pub checkpoint: CheckpointId,
    /// Share of the vehicles that go there next, 0–1, among those that are seen again within two hours.
    pub share: f64,
    /// One in ten is faster, in ms.
    pub earliest_ms: i64,
    /// Half are faster.
    pub likely_ms: i64,
    /// One in ten is slower.
    pub latest_ms: i64,
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub struct Onward {
    last: FxHashMap<Plate, (CheckpointId, Timestamp)>,
    legs: BTreeMap<CheckpointId, BTreeMap<CheckpointId, Leg>>,
}

/// What is kept of it over a restart.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct OnwardState {
    #[expect(clippy::type_complexity, reason = "from, to, passages by class of travel time")]
    legs: Vec<(CheckpointId, Vec<(CheckpointId, Vec<u32>)>)>,
}

fn class_of(ms: i64) -> usize {
    let steps = (ms as f64 / LEG_MS_MIN as f64).ln() / 1.1f64.ln();
    (steps.max(0.0) as usize).min(CLASSES - 1)
}

fn ms_of(class: usize) -> i64 {
    (LEG_MS_MIN as f64 * 1.1f64.powf(class as f64 + 0.5)) as i64
}

impl Leg {
    fn count(&self) -> u32 {
        self.classes.iter().sum()
    }

    fn add(&mut self, ms: i64) {
        self.classes.resize(CLASSES, 0);
        self.classes[class_of(ms)] += 1;
        if self.count() > COUNT_MAX {
            self.classes.iter_mut().for_each(|count| *count /= 2);
        }
    }

    /// The time below which this part of the passages lies, in ms.
    fn quantile_ms(&self, part: f64) -> i64 {
        let wanted = (f64::from(self.count()) * part).ceil() as u32;
        let mut sum = 0;
        let class = self.classes.iter().position(|count| {
            sum += count;
            sum >= wanted.max(1)
        });
        ms_of(class.unwrap_or(CLASSES - 1))
    }
}

impl Onward {
    /// Goes on from what was kept.
    pub fn restored(state: OnwardState) -> Self {
        let leg = |classes: Vec<u32>| Leg { classes };
        let legs = state
            .legs
            .into_iter()
            .map(|(from, to)| (from, to.into_iter().map(|(to, classes)| (to, leg(classes))).collect()));
        Self { last: FxHashMap::default(), legs: legs.collect() }
    }

    /// What is to be kept.
    pub fn state(&self) -> OnwardState {
        let legs = self.legs.iter().map(|(from, to)| {
            (from.clone(), to.iter().map(|(to, leg)| (to.clone(), leg.classes.clone())).collect())
        });
        OnwardState { legs: legs.collect() }
    }

    /// Takes an observation in. Passages that come late or without a whole plate count nothing.
    pub fn see(&mut self, observation: &Observation) {
        let Fact::Passage(passage) = &observation.fact else { return };
        let Some(plate) = passage.plate.filter(|plate| !plate.has_unread()) else { return };
        let at = observation.captured_at;
        if self.last.len() >= VEHICLES_MAX {
            self.forget_half();
        }
        let place = (passage.checkpoint.clone(), at);
        let Some((from, since)) = self.last.insert(plate, place) else { return };
        let ms = at.ms_since(since);
        if from != passage.checkpoint && (LEG_MS_MIN..=LEG_MS_MAX).contains(&ms) {
            self.legs.entry(from).or_default().entry(passage.checkpoint.clone()).or_default().add(ms);
        } else if ms < 0 {
            self.last.insert(plate, (from, since)); // It came late: the newer one stays.
        }
    }

    fn forget_half(&mut self) {
        let mut times: Vec<i64> = self.last.values().map(|(_, at)| at.unix_ms()).collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        self.last.retain(|_, (_, at)| at.unix_ms() > median);
    }

    /// Where vehicles go from a checkpoint, the most frequent first.
    pub fn ahead(&self, from: &CheckpointId, limit: usize) -> Vec<Ahead> {
        let Some(legs) = self.legs.get(from) else { return Vec::new() };
        let total: u32 = legs.values().map(Leg::count).sum();
        let mut ahead: Vec<Ahead> = legs
            .iter()
            .filter(|(_, leg)| leg.count() > 0)
            .map(|(checkpoint, leg)| Ahead {
                checkpoint: checkpoint.clone(),
                share: f64::from(leg.count()) / f64::from(total.max(1)),
                earliest_ms: leg.quantile_ms(0.1),
                likely_ms: leg.quantile_ms(0.5),
                latest_ms: leg.quantile_ms(0.9),
            })
            .collect();
        ahead.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| a.checkpoint.cmp(&b.checkpoint)));
        ahead.truncate(limit);
        ahead
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Behaviours, ObservationId, Passage, PlateClass, PlateColor};

    fn passage(plate: u32, checkpoint: &str, second: i64) -> Observation {
        let text = format!("鲁Q{plate:05}");
        Observation {
            id: ObservationId::of(&[text.as_bytes(), &second.to_le_bytes()]),
            device: "d".into(),
            captured_at: Timestamp::from_unix_ms(second * 1_000),
            received_at: Timestamp::from_unix_ms(second * 1_000),
            fact: Fact::Passage(Passage {
                checkpoint: checkpoint.into(),
                lane: None,
                direction: None,
                plate: Plate::parse(&text).ok(),
                plate_text: text.into(),
                plate_confidence: None,
                plate_class: PlateClass::SMALL,
                plate_color: PlateColor::Blue,
                vehicle_type: None,
                body_color: None,
                speed_kmh: None,
                pictures: Vec::new(),
                behaviours: Behaviours::default(),
                weighing: None,
            }),
        }
    }

    #[test]
    fn most_go_where_most_went_in_the_time_that_it_takes() {
        let mut onward = Onward::default();
        for n in 0..100 {
            onward.see(&passage(n, "A", i64::from(n) * 60));
            let (to, seconds) = if n % 4 == 0 { ("C", 1_200) } else { ("B", 540 + i64::from(n)) };
            onward.see(&passage(n, to, i64::from(n) * 60 + seconds));
        }
        let kept = serde_json::to_string(&onward.state()).unwrap();
        let onward = Onward::restored(serde_json::from_str(&kept).unwrap());
        let ahead = onward.ahead(&"A".into(), 5);
        assert_eq!(ahead.iter().map(|it| it.checkpoint.as_str()).collect::<Vec<_>>(), ["B", "C"]);
        assert!((ahead[0].share - 0.75).abs() < 1e-9);
        let minutes = |ms: i64| ms as f64 / 60_000.0;
        assert!((8.5..=9.8).contains(&minutes(ahead[0].earliest_ms)), "{ahead:?}");
        assert!((9.0..=11.0).contains(&minutes(ahead[0].likely_ms)), "{ahead:?}");
        assert!(ahead[0].earliest_ms <= ahead[0].likely_ms && ahead[0].likely_ms <= ahead[0].latest_ms);
    }

    #[test]
    fn what_comes_late_or_much_later_counts_nothing() {
        let mut onward = Onward::default();
        onward.see(&passage(1, "B", 1_000));
        onward.see(&passage(1, "A", 400)); // Late.
        onward.see(&passage(1, "C", 20_000)); // Five hours later.
        assert!(onward.ahead(&"B".into(), 5).is_empty() && onward.ahead(&"A".into(), 5).is_empty());
    }
}
