//! The situation board: what the day looks like now, folded from the journal and held in memory.
//!
//! It is a read model. The journal's reader feeds it entry by entry; its snapshot is saved with judgement's, so that a
//! restart continues the day. Nothing here decides anything.

use domain::{
    CheckpointId, CivilDay, DeviceId, Entry, Fact, Observation, Passage, Plate, Position, Timestamp,
    VehicleKey, Wgs84,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Passages kept for the list of recent ones. A county's day has about a million; this is its last hour at the peak.
pub const RECENT_PASSAGES_MAX: usize = 100_000;
/// Fixes kept of each vehicle: an hour at one in 15 s.
const TRACK_FIXES_MAX: usize = 240;
/// Vehicles with terminals that are followed; more are counted but not shown.
const VEHICLES_MAX: usize = 50_000;
/// Span over which rates are averaged, in seconds.
const RATE_SPAN_S: i64 = 10;
/// An observation captured this long before it arrived counts as back-fill, in ms.
const BACKFILL_AGE_MS: i64 = 10 * domain::time::MINUTE_MS;
/// A vehicle whose last fix is older than this is shown as offline, in ms.
pub(crate) const VEHICLE_ONLINE_MS: i64 = 10 * domain::time::MINUTE_MS;

/// A vehicle with a terminal, now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VehicleNow {
    /// The terminal.
    pub device: DeviceId,
    /// Last fix.
    pub location: Wgs84,
    /// 0.1 km/h.
    pub speed_dkmh: u16,
    /// Degrees from north.
    pub heading_deg: u16,
    /// Time of the fix, by the terminal.
    pub at: Timestamp,
    /// Newest fixes, oldest first.
    pub track: VecDeque<(Timestamp, Wgs84, u16)>,
}

/// A checkpoint, today.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct CheckpointNow {
    /// Passages captured today.
    pub passages_today: u64,
    /// Capture time of the newest passage.
    pub last_passage_at: Option<Timestamp>,
}

/// What the day looks like. Everything that a snapshot must keep.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Day {
    date: CivilDay,
    passages: u64,
    passages_per_hour: [u64; 24],
    positions: u64,
    checkpoints: BTreeMap<CheckpointId, CheckpointNow>,
    vehicles: BTreeMap<VehicleKey, VehicleNow>,
    devices: BTreeMap<DeviceId, u64>,
}

struct Inner {
    day: Day,
    recent: VecDeque<(u64, Arc<Observation>)>,
    passage_rate: Rate,
    position_rate: Rate,
    backfill_rate: Rate,
    moved: HashSet<VehicleKey>,
    passed: BTreeMap<CheckpointId, u32>,
    fresh: VecDeque<Arc<Observation>>,
}

/// The board, shared between the journal's reader and the routes.
pub struct Board {
    inner: Mutex<Inner>,
}

/// The day's counts, for the figures.
#[derive(Clone, Debug)]
pub struct Counts {
    /// The Beijing day.
    pub day: CivilDay,
    /// Passages captured on it.
    pub passages: u64,
    /// The same by hour of capture.
    pub passages_per_hour: [u64; 24],
    /// Positions of it.
    pub positions: u64,
    /// Passages a second that arrive now.
    pub passages_per_s: f64,
    /// Positions a second that arrive now.
    pub positions_per_s: f64,
    /// Whether most of what arrives now is old.
    pub is_backfilling: bool,
    /// Vehicles with a fix in the last ten minutes.
    pub vehicles_online: usize,
}

/// What happened since the last look, for the live stream.
#[derive(Debug, Default)]
pub struct Changes {
    /// Passages by checkpoint.
    pub passed: BTreeMap<CheckpointId, u32>,
    /// The newest passages, at most [`SAMPLE_MAX`].
    pub fresh: Vec<Arc<Observation>>,
}

/// Passages shown in the ticker at a time.
pub(crate) const SAMPLE_MAX: usize = 20;

impl Board {
    /// An empty board for the day of `now`.
    pub fn new(now: Timestamp) -> Self {
        Self { inner: Mutex::new(Inner::new(Day::new(now.beijing_day()))) }
    }

    /// Folds one entry that lies at `offset` of the journal; `now` is our clock.
    pub fn observe(&self, offset: u64, entry: &Entry, now: Timestamp) {
        let Entry::Observation(observation) = entry else { return };
        // What a file brings is history, not what goes on now.
        if observation.is_from_file() {
            return;
        }
        let mut inner = self.lock();
        inner.turn_day(now.beijing_day());
        match &observation.fact {
            Fact::Passage(passage) => inner.passage(offset, observation, passage, now),
            Fact::Position(position) => inner.position(observation, position, now),
            Fact::Alarm(_) => {}
        }
        let is_today = observation.captured_at.beijing_day() == inner.day.date;
        if is_today {
            *inner.day.devices.entry(observation.device.clone()).or_default() += 1;
        }
    }

    /// Where and when a plate was seen last, among the recent passages.
    pub fn last_passage(&self, plate: Plate) -> Option<(CheckpointId, Timestamp)> {
        let last = self.recent(1, |_, passage| passage.plate == Some(plate));
        last.first().and_then(|observation| match &observation.fact {
            Fact::Passage(passage) => Some((passage.checkpoint.clone(), observation.captured_at)),
            Fact::Position(_) | Fact::Alarm(_) => None,
        })
    }

    /// Puts a passage back into the list of recent ones after a restart, without counting it again.
    pub fn recall(&self, offset: u64, observation: Observation) {
        self.lock().keep_recent(offset, Arc::new(observation));
    }

    /// The day's counts.
    pub fn counts(&self, now: Timestamp) -> Counts {
        let mut inner = self.lock();
        inner.turn_day(now.beijing_day());
        let passages_per_s = inner.passage_rate.per_s(now);
        let positions_per_s = inner.position_rate.per_s(now);
        let backfill_per_s = inner.backfill_rate.per_s(now);
        let vehicles_online = inner
            .day
            .vehicles
            .values()
            .filter(|vehicle| now.ms_since(vehicle.at) < VEHICLE_ONLINE_MS)
            .count();
        Counts {
            day: inner.day.date,
            passages: inner.day.passages,
            passages_per_hour: inner.day.passages_per_hour,
            positions: inner.day.positions,
            passages_per_s,
            positions_per_s,
            is_backfilling: backfill_per_s * 2.0 > passages_per_s + positions_per_s,
            vehicles_online,
        }
    }

    /// The checkpoints that saw anything today.
    pub fn checkpoints(&self) -> BTreeMap<CheckpointId, CheckpointNow> {
        self.lock().day.checkpoints.clone()
    }

    /// Observations of today by device.
    pub fn observations_today(&self) -> BTreeMap<DeviceId, u64> {
        self.lock().day.devices.clone()
    }

    /// All vehicles with terminals, without their tracks.
    pub fn vehicles(&self) -> Vec<(VehicleKey, VehicleNow)> {
        let inner = self.lock();
        inner.day.vehicles.iter().map(|(key, vehicle)| (*key, vehicle.without_track())).collect()
    }

    /// One vehicle, with its track.
    pub fn vehicle(&self, key: VehicleKey) -> Option<VehicleNow> {
        self.lock().day.vehicles.get(&key).cloned()
    }

    /// The newest passages that `is_wanted` takes, newest first, at most `limit`.
    pub fn recent(
        &self,
        limit: usize,
        is_wanted: impl Fn(&Observation, &Passage) -> bool,
    ) -> Vec<Arc<Observation>> {
        let inner = self.lock();
        let wanted = inner.recent.iter().rev().filter(|(_, observation)| match &observation.fact {
            Fact::Passage(passage) => is_wanted(observation, passage),
            Fact::Position(_) | Fact::Alarm(_) => false,
        });
        wanted.take(limit).map(|(_, observation)| Arc::clone(observation)).collect()
    }

    /// Takes what passed since the last call.
    pub fn take_changes(&self) -> Changes {
        let mut inner = self.lock();
        Changes { passed: std::mem::take(&mut inner.passed), fresh: std::mem::take(&mut inner.fresh).into() }
    }

    /// Takes the vehicles that moved since the last call.
    pub fn take_moved(&self) -> Vec<(VehicleKey, VehicleNow)> {
        let mut inner = self.lock();
        let moved = std::mem::take(&mut inner.moved);
        let mut vehicles: Vec<_> = moved
            .into_iter()
            .filter_map(|key| inner.day.vehicles.get(&key).map(|vehicle| (key, vehicle.without_track())))
            .collect();
        vehicles.sort_unstable_by_key(|(key, _)| *key);
        vehicles
    }

    /// The state for a snapshot: the day, and from which offset on the recent passages can be read back.
    pub fn snapshot(&self) -> (Vec<u8>, Option<u64>) {
        let inner = self.lock();
        let bytes = codec::to_bytes(&inner.day);
        (bytes, inner.recent.front().map(|(offset, _)| *offset))
    }

    /// Takes a snapshot back. False when it is of another version; the board then starts empty.
    pub fn restore(&self, bytes: &[u8]) -> bool {
        match codec::from_bytes::<Day>(bytes) {
            Ok(day) => {
                self.lock().day = day;
                true
            }
            Err(_) => false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every method leaves the board whole, so a panic elsewhere does not spoil it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Day {
    fn new(day: CivilDay) -> Self {
        Self {
            date: day,
            passages: 0,
            passages_per_hour: [0; 24],
            positions: 0,
            checkpoints: BTreeMap::new(),
            vehicles: BTreeMap::new(),
            devices: BTreeMap::new(),
        }
    }
}

impl VehicleNow {
    fn without_track(&self) -> Self {
        Self { track: VecDeque::new(), device: self.device.clone(), ..*self }
    }
}

impl Inner {
    fn new(day: Day) -> Self {
        Self {
            day,
            recent: VecDeque::new(),
            passage_rate: Rate::default(),
            position_rate: Rate::default(),
            backfill_rate: Rate::default(),
            moved: HashSet::new(),
            passed: BTreeMap::new(),
            fresh: VecDeque::new(),
        }
    }

    /// At midnight the counts begin anew; vehicles stay where they are.
    fn turn_day(&mut self, today: CivilDay) {
        if today > self.day.date {
            let vehicles = std::mem::take(&mut self.day.vehicles);
            self.day = Day { vehicles, ..Day::new(today) };
        }
    }

    fn passage(&mut self, offset: u64, observation: &Observation, passage: &Passage, now: Timestamp) {
        let captured_at = observation.captured_at;
        self.passage_rate.count(now);
        if observation.received_at.ms_since(captured_at) > BACKFILL_AGE_MS {
            self.backfill_rate.count(now);
        }
        if captured_at.beijing_day() == self.day.date {
            self.day.passages += 1;
            let hour = usize::from(captured_at.beijing_minute_of_day() / 60);
            if let Some(count) = self.day.passages_per_hour.get_mut(hour) {
                *count += 1;
            }
            let checkpoint = self.day.checkpoints.entry(passage.checkpoint.clone()).or_default();
            checkpoint.passages_today += 1;
            checkpoint.last_passage_at = checkpoint.last_passage_at.max(Some(captured_at));
            *self.passed.entry(passage.checkpoint.clone()).or_default() += 1;
            let observation = Arc::new(observation.clone());
            self.fresh.push_back(Arc::clone(&observation));
            if self.fresh.len() > SAMPLE_MAX {
                self.fresh.pop_front();
            }
            self.keep_recent(offset, observation);
        } else {
            self.keep_recent(offset, Arc::new(observation.clone()));
        }
    }

    fn keep_recent(&mut self, offset: u64, observation: Arc<Observation>) {
        if self.recent.len() >= RECENT_PASSAGES_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back((offset, observation));
    }

    fn position(&mut self, observation: &Observation, position: &Position, now: Timestamp) {
        self.position_rate.count(now);
        if observation.received_at.ms_since(observation.captured_at) > BACKFILL_AGE_MS {
            self.backfill_rate.count(now);
        }
        if observation.captured_at.beijing_day() == self.day.date {
            self.day.positions += 1;
        }
        let (Some(key), Some(location)) = (position.vehicle, position.location) else { return };
        let is_known = self.day.vehicles.contains_key(&key);
        if !is_known && self.day.vehicles.len() >= VEHICLES_MAX {
            return;
        }
        let vehicle = self.day.vehicles.entry(key).or_insert_with(|| VehicleNow {
            device: observation.device.clone(),
            location,
            speed_dkmh: 0,
            heading_deg: 0,
            at: Timestamp::from_unix_ms(i64::MIN),
            track: VecDeque::new(),
        });
        // Late fixes go into history elsewhere; the board shows the newest.
        if observation.captured_at <= vehicle.at {
            return;
        }
        vehicle.device = observation.device.clone();
        vehicle.location = location;
        vehicle.speed_dkmh = position.speed_dkmh;
        vehicle.heading_deg = position.heading_deg;
        vehicle.at = observation.captured_at;
        if vehicle.track.len() >= TRACK_FIXES_MAX {
            vehicle.track.pop_front();
        }
        vehicle.track.push_back((observation.captured_at, location, position.speed_dkmh));
        self.moved.insert(key);
    }
}

/// Counts by second over the last [`RATE_SPAN_S`] seconds.
#[derive(Default)]
struct Rate {
    seconds: VecDeque<(i64, u64)>,
}

impl Rate {
    fn count(&mut self, now: Timestamp) {
        let second = now.unix_ms().div_euclid(1_000);
        match self.seconds.back_mut() {
            Some((last, count)) if *last == second => *count += 1,
            _ => self.seconds.push_back((second, 1)),
        }
        self.forget(second);
    }

    fn per_s(&mut self, now: Timestamp) -> f64 {
        self.forget(now.unix_ms().div_euclid(1_000));
        self.seconds.iter().map(|(_, count)| *count as f64).sum::<f64>() / RATE_SPAN_S as f64
    }

    fn forget(&mut self, second: i64) {
        while self.seconds.front().is_some_and(|(first, _)| *first <= second - RATE_SPAN_S) {
            self.seconds.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{ObservationId, PlateClass, PlateColor};

    const NOON: i64 = 1_795_363_200_000 + 12 * domain::time::HOUR_MS;

    fn passage(id: u128, captured_ms: i64, received_ms: i64) -> Entry {
        Entry::Observation(Observation {
            id: ObservationId(id),
            device: "1".into(),
            captured_at: Timestamp::from_unix_ms(captured_ms),
            received_at: Timestamp::from_unix_ms(received_ms),
            fact: Fact::Passage(Passage {
                checkpoint: "c".into(),
                lane: None,
                direction: None,
                plate_text: "鲁Q12345".into(),
                plate: None,
                plate_confidence: None,
                plate_class: PlateClass::UNKNOWN,
                plate_color: PlateColor::Unknown,
                vehicle_type: None,
                body_color: None,
                speed_kmh: None,
                pictures: vec![],
                behaviours: domain::Behaviours::default(),
                weighing: None,
            }),
        })
    }

    #[test]
    fn yesterdays_passages_are_listed_but_not_counted_today() {
        let now = Timestamp::from_unix_ms(NOON);
        let board = Board::new(now);
        board.observe(0, &passage(1, NOON - domain::time::DAY_MS, NOON), now);
        board.observe(1, &passage(2, NOON - 500, NOON), now);
        let counts = board.counts(now);
        assert_eq!((counts.passages, counts.passages_per_hour[11]), (1, 1));
        assert!((counts.passages_per_s - 0.2).abs() < 1e-9);
        assert_eq!(board.recent(10, |_, _| true).len(), 2);
        assert_eq!(board.take_changes().passed.get(&"c".into()), Some(&1));
        assert!(board.take_changes().passed.is_empty());
    }

    #[test]
    fn the_day_turns_at_beijing_midnight_and_survives_a_restart() {
        let now = Timestamp::from_unix_ms(NOON);
        let board = Board::new(now);
        board.observe(7, &passage(1, NOON, NOON), now);
        let (bytes, recent_from) = board.snapshot();
        assert_eq!(recent_from, Some(7));
        let restored = Board::new(now);
        assert!(restored.restore(&bytes));
        assert_eq!(restored.counts(now).passages, 1);
        assert_eq!(restored.counts(now.plus_ms(12 * domain::time::HOUR_MS)).passages, 0);
        assert!(!restored.restore(&[1, 2, 3]));
    }
}
