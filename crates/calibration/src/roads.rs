//! How long the ways between checkpoints are driven: the last sighting of each vehicle, and the times between consecutive
//! sightings by pair of checkpoints. Memory is fixed: [`SIGHTINGS`] vehicles and [`PAIRS_MAX`] pairs.

use crate::buckets::Buckets;
use crate::parameters::{ClockParameters, TravelParameters};
use domain::time::{MINUTE_MS, SECOND_MS};
use domain::{PlateClass, Timestamp, VehicleKey};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// Places in the table of last sightings (a power of two), 24 bytes each. A vehicle whose place another one takes is
/// forgotten: with more vehicles on the road fewer of their drives are learned from, and mostly short ones.
const SIGHTINGS: usize = 1 << 19;
/// Pairs of checkpoints that are learned, about 750 bytes each: all of a county's, those driven most of a prefecture's.
pub const PAIRS_MAX: usize = 40_000;
/// When there is no room for another pair, those with fewer drives make room.
const PRUNED_BELOW: u32 = 8;
/// Units of half a second, 32 buckets an octave: quantiles to some 2 %.
type Drives = Buckets<9, 5>;
/// The quantile at which both directions are compared: most drive without a stop up to there.
const COMPARED_PERMILLE: i64 = 250;

/// A vehicle where it was last seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Sighting {
    /// Which vehicle; 0 for none.
    vehicle: u64,
    /// When, by clocks set right.
    at: Timestamp,
    place: u16,
}

/// What is known of one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pair {
    from: u16,
    to: u16,
    drives: Drives,
    published: Option<Times>,
}

/// Times of a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Times {
    pub(crate) shortest_ms: i64,
    pub(crate) usual_ms: i64,
    pub(crate) drive_count: u32,
}

/// What the reads of a vehicle shortly before say about a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Not seen by another camera, or long ago.
    New,
    /// Just seen here: the same passage once more.
    Again,
    /// Another camera read the same: such a read is seldom a misread.
    Elsewhere,
}

/// Ways and sightings.
#[derive(Clone, Debug)]
pub(crate) struct Roads {
    sightings: Box<[Sighting]>,
    pairs: Vec<Pair>,
    /// Where the pair from the high to the low half is.
    index: FxHashMap<u32, u32>,
    /// Drives of pairs for which there was no room.
    left_out: u64,
}

/// [`Roads`] as stored: sightings still of use only.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredRoads {
    sightings: Vec<Sighting>,
    pairs: Vec<Pair>,
    left_out: u64,
}

/// A number for a vehicle: never 0, and its high bits are spread.
pub(crate) fn vehicle_number(key: VehicleKey) -> u64 {
    let PlateClass(class) = key.class;
    let mixed = (key.plate.packed() ^ u64::from(class) << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1
}

fn slot(vehicle: u64) -> usize {
    (vehicle >> (u64::BITS - SIGHTINGS.trailing_zeros())) as usize
}

fn pair_key(from: u16, to: u16) -> u32 {
    u32::from(from) << 16 | u32::from(to)
}

impl Roads {
    pub(crate) fn new() -> Self {
        Self {
            sightings: vec![Sighting::default(); SIGHTINGS].into(),
            pairs: Vec::new(),
            index: FxHashMap::default(),
            left_out: 0,
        }
    }

    pub(crate) fn stored(&self, clock: Timestamp, parameters: &TravelParameters) -> StoredRoads {
        let oldest = clock.plus_ms(-parameters.elapsed_max_minutes.value * MINUTE_MS);
        let is_of_use = |sighting: &&Sighting| sighting.vehicle != 0 && sighting.at >= oldest;
        StoredRoads {
            sightings: self.sightings.iter().filter(is_of_use).copied().collect(),
            pairs: self.pairs.clone(),
            left_out: self.left_out,
        }
    }

    pub(crate) fn restored(stored: StoredRoads) -> Self {
        let mut roads = Self { pairs: stored.pairs, left_out: stored.left_out, ..Self::new() };
        for sighting in stored.sightings {
            roads.sightings[slot(sighting.vehicle)] = sighting;
        }
        roads.index_pairs();
        roads
    }

    fn index_pairs(&mut self) {
        self.index = self.pairs.iter().map(|pair| pair_key(pair.from, pair.to)).zip(0..).collect();
    }

    /// Whether a vehicle was seen shortly before, and where.
    pub(crate) fn seen(
        &self,
        vehicle: u64,
        place: u16,
        at: Timestamp,
        parameters: &TravelParameters,
    ) -> Seen {
        let last = self.sightings[slot(vehicle)];
        let elapsed_ms = at.ms_since(last.at);
        if last.vehicle != vehicle || elapsed_ms > parameters.elapsed_max_minutes.value * MINUTE_MS {
            Seen::New
        } else if last.place != place {
            Seen::Elsewhere
        } else if elapsed_ms <= parameters.live_max_seconds.value * SECOND_MS {
            Seen::Again
        } else {
            Seen::New
        }
    }

    /// A vehicle passed a checkpoint at `at` by clocks set right; it may have driven there from where it was last seen.
    pub(crate) fn drive(&mut self, vehicle: u64, place: u16, at: Timestamp, parameters: &TravelParameters) {
        let last = &mut self.sightings[slot(vehicle)];
        let (from, elapsed_ms) = (last.place, at.ms_since(last.at));
        let is_same = last.vehicle == vehicle;
        if is_same && elapsed_ms <= 0 {
            return;
        }
        *last = Sighting { vehicle, at, place };
        if is_same && from != place && elapsed_ms <= parameters.elapsed_max_minutes.value * MINUTE_MS {
            self.count(from, place, elapsed_ms, parameters);
        }
    }

    fn count(&mut self, from: u16, to: u16, elapsed_ms: i64, parameters: &TravelParameters) {
        let index = match self.index.get(&pair_key(from, to)) {
            Some(index) => *index as usize,
            None if self.pairs.len() < PAIRS_MAX => {
                let drives = Drives::new(parameters.elapsed_max_minutes.value * MINUTE_MS);
                self.pairs.push(Pair { from, to, drives, published: None });
                self.index.insert(pair_key(from, to), self.pairs.len() as u32 - 1);
                self.pairs.len() - 1
            }
            None => {
                self.left_out += 1;
                return;
            }
        };
        self.pairs[index].drives.add(elapsed_ms);
    }

    /// When there is no more room, pairs that are hardly driven are forgotten.
    pub(crate) fn make_room(&mut self) {
        if self.pairs.len() == PAIRS_MAX {
            self.pairs.retain(|pair| pair.published.is_some() || pair.drives.total() >= PRUNED_BELOW);
            self.index_pairs();
        }
    }

    /// Forgets the times from and to a checkpoint, because the clock that they rest on was taken for another.
    pub(crate) fn forget(&mut self, place: u16) {
        for pair in self.pairs.iter_mut().filter(|pair| pair.from == place || pair.to == place) {
            pair.drives.clear();
        }
    }

    /// The times to be made known: new ones, and those that have changed.
    pub(crate) fn changes(&self, parameters: &TravelParameters) -> impl Iterator<Item = (u16, u16, Times)> {
        self.pairs.iter().filter_map(|pair| {
            let times = pair.times(parameters)?;
            let is_changed = pair.published.is_none_or(|published| {
                let percent = |new: i64, old: i64| (new - old).abs() * 100 / old.max(1);
                percent(times.shortest_ms, published.shortest_ms) > parameters.change_min_percent.value
                    || percent(times.usual_ms, published.usual_ms) > parameters.change_min_percent.value
            });
            is_changed.then_some((pair.from, pair.to, times))
        })
    }

    /// These times were made known.
    pub(crate) fn publish(&mut self, from: u16, to: u16, times: Times) {
        if let Some(index) = self.index.get(&pair_key(from, to)) {
            self.pairs[*index as usize].published = Some(times);
        }
    }

    /// How much later `place` seems than it is, by each neighbour to and from which enough vehicles drive: half the
    /// difference of the times in both directions. Only neighbours further away than `shift_ms` say anything: nearer, the
    /// order of receipt is not the order of the drive.
    pub(crate) fn lags_ms(
        &self,
        place: u16,
        shift_ms: i64,
        is_neighbour_right: impl Fn(u16) -> bool,
        parameters: &ClockParameters,
    ) -> Vec<Lag> {
        let mut lags = Vec::new();
        for inward in self.pairs.iter().filter(|pair| pair.to == place && is_neighbour_right(pair.from)) {
            let outward = self.index.get(&pair_key(place, inward.from));
            let Some(outward) = outward.map(|index| &self.pairs[*index as usize].drives) else { continue };
            let drives = inward.drives.total().min(outward.total());
            if i64::from(drives) < parameters.slow_line_drives_min.value {
                continue;
            }
            let both = (compared(&inward.drives), compared(outward));
            if let (Some((inward_ms, inward_error)), Some((outward_ms, outward_error))) = both
                && i64::midpoint(inward_ms, outward_ms) > shift_ms
            {
                lags.push(Lag {
                    ms: (inward_ms - outward_ms) / 2,
                    uncertainty_ms: (inward_error.hypot(outward_error) / 2.0) as i64,
                });
            }
        }
        lags.sort_unstable_by_key(|lag| (lag.ms, lag.uncertainty_ms));
        lags
    }

    pub(crate) fn pair_count(&self) -> usize {
        self.pairs.len()
    }

    pub(crate) fn left_out(&self) -> u64 {
        self.left_out
    }
}

/// How much later a camera seems than it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lag {
    pub(crate) ms: i64,
    /// The standard error of it.
    pub(crate) uncertainty_ms: i64,
}

/// The quartile of a way in ms, and its standard error: √(p(1 − p)/n) by the density around it.
fn compared(drives: &Drives) -> Option<(i64, f64)> {
    let quartile_ms = drives.quantile_ms(COMPARED_PERMILLE)?;
    let around_ms =
        drives.quantile_ms(COMPARED_PERMILLE + 150)? - drives.quantile_ms(COMPARED_PERMILLE - 150)?;
    let share = COMPARED_PERMILLE as f64 / 1_000.0;
    let error = (share * (1.0 - share) / f64::from(drives.total())).sqrt() * around_ms as f64 / 0.3;
    Some((quartile_ms, error))
}

impl Pair {
    fn times(&self, parameters: &TravelParameters) -> Option<Times> {
        let drive_count = self.drives.total();
        if i64::from(drive_count) < parameters.drives_min.value {
            return None;
        }
        let low_ms = self.drives.quantile_ms(parameters.shortest_permille.value)?;
        Some(Times {
            shortest_ms: low_ms * (100 - parameters.margin_percent.value) / 100,
            usual_ms: self.drives.quantile_ms(500)?,
            drive_count,
        })
    }
}
