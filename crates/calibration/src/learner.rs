//! The fold: entries in, what is to be made known out.

use crate::clock::{Agreed, Moments, usual_delay_ms};
use crate::health::{DeviceHealth, Estimates, HourOfDevice, Hours, Kind, hour_of};
use crate::names::Names;
use crate::parameters::{ClockParameters, Parameters};
use crate::reads::{ReadCounts, Register, misread_permille, night};
use crate::roads::{Lag, Roads, Seen, Times, vehicle_number};
use domain::time::{HOUR_MS, MINUTE_MS, SECOND_MS};
use domain::{
    Calibration, CheckpointId, ClockError, DeviceId, Entry, Fact, MisreadRate, Observation, Passage,
    ReferenceChange, Timestamp, TravelTime, Verdict, VerdictGiven,
};
use serde::{Deserialize, Serialize};

/// Devices that are followed; about 10 KB each after a week.
pub const DEVICES_MAX: u16 = 12_000;
/// Of them, devices that never reported a passage (terminals): the rest is kept for cameras.
pub const TERMINALS_MAX: u16 = 8_000;
/// Checkpoints that are learned about.
pub const CHECKPOINTS_MAX: u16 = 8_000;
/// Ways in one entry of the journal.
pub const WAYS_IN_ENTRY_MAX: usize = 2_000;
/// How often it is worth asking for what is due.
pub const DUE_EVERY_MS: i64 = 15 * MINUTE_MS;
/// A delay may seem negative by this, because clocks are set right to within their uncertainty only.
const EARLY_MAX_MS: i64 = 2 * SECOND_MS;

/// An uncertainty that has become so many times less is made known.
const SURER_FACTOR: u32 = 4;

/// What is kept of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub(crate) struct Device {
    /// Where a camera stands: the checkpoint of its newest passage.
    checkpoint: Option<u16>,
    last_received_at: Timestamp,
    last_captured_at: Timestamp,
    moments: Moments,
    /// The least delay of its line, where it is not the usual one.
    slow_line: Option<SlowLine>,
    published: Option<Published>,
    /// By day and by night.
    reads: [ReadCounts; 2],
    /// Shares of misread plates that are to be made known, permille by day and night.
    misread_due: Option<[u16; 2]>,
    hours: Hours,
}

/// A line that is slow, as travel times show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SlowLine {
    least_delay_ms: i64,
    uncertainty_ms: i64,
}

/// The newest calibration of a device in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Published {
    from: Timestamp,
    clock: ClockError,
    misread: Option<MisreadRate>,
}

/// What is too much to be followed, and how full it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Devices followed.
    pub device_count: usize,
    /// Ways between checkpoints learned.
    pub way_count: usize,
    /// Observations of devices or checkpoints beyond [`DEVICES_MAX`], [`TERMINALS_MAX`], [`CHECKPOINTS_MAX`].
    pub observations_left_out: u64,
    /// Drives of ways beyond [`crate::PAIRS_MAX`].
    pub drives_left_out: u64,
    /// Registered vehicles beyond [`crate::REGISTER_MAX`].
    pub vehicles_left_out: u64,
}

/// Learns from the journal's entries what devices and roads are like.
///
/// Its state follows from the entries alone, those included in which it made known what it had learned; so it is the same
/// after a restart, and what is in the journal is not made known again.
#[derive(Clone, Debug)]
pub struct Learner {
    pub(crate) parameters: Parameters,
    pub(crate) clock: Timestamp,
    pub(crate) first_passage_at: Option<Timestamp>,
    /// Travel times are made known in this hour.
    pub(crate) is_travel_due: bool,
    pub(crate) were_travel_times_published: bool,
    pub(crate) observations_left_out: u64,
    pub(crate) device_names: Names,
    pub(crate) checkpoint_names: Names,
    pub(crate) devices: Vec<Device>,
    pub(crate) register: Register,
    pub(crate) roads: Roads,
    /// The quarter of an hour in which was asked last. Not state: it only spares work.
    pub(crate) asked_quarter: i64,
}

impl Learner {
    /// A learner that knows nothing. The parameters must have passed [`Parameters::check`].
    pub fn new(parameters: Parameters) -> Self {
        Self {
            parameters,
            clock: Timestamp::default(),
            first_passage_at: None,
            is_travel_due: false,
            were_travel_times_published: false,
            observations_left_out: 0,
            device_names: Names::default(),
            checkpoint_names: Names::default(),
            devices: Vec::new(),
            register: Register::default(),
            roads: Roads::new(),
            asked_quarter: i64::MIN,
        }
    }

    /// Takes in the next entry of the journal.
    pub fn apply(&mut self, entry: &Entry) {
        match entry {
            Entry::Observation(observation) => self.observe(observation),
            Entry::Reference(change) => self.learn(change),
        }
    }

    fn observe(&mut self, observation: &Observation) {
        self.advance(observation.received_at);
        if observation.is_from_file() {
            return;
        }
        let passage = match &observation.fact {
            Fact::Passage(passage) => Some(passage),
            Fact::Position(_) | Fact::Alarm(_) => None,
        };
        let devices_max = if passage.is_some() { DEVICES_MAX } else { TERMINALS_MAX };
        let Some(number) = self.device_names.number(&observation.device.0, devices_max) else {
            self.observations_left_out += 1;
            return;
        };
        let number = usize::from(number);
        if number == self.devices.len() {
            self.devices.push(Device::default());
        }
        let device = &mut self.devices[number];
        let captured_at = device.set_right(observation.captured_at);
        let delay_ms = observation.received_at.ms_since(captured_at);
        device.last_received_at = self.clock;
        device.last_captured_at = observation.captured_at;
        let kind = match passage.map(|passage| passage.plate) {
            None => Kind::Other,
            Some(None) => Kind::NoPlate,
            Some(Some(plate)) => Kind::Read { has_unread: plate.has_unread() },
        };
        let late_min_ms = self.parameters.health.late_min_seconds.value * SECOND_MS;
        device.hours.count(self.clock, delay_ms, late_min_ms, kind);
        if let Some(passage) = passage {
            device.moments.add(self.clock, observation.captured_at);
            self.pass(number, passage, captured_at, delay_ms);
        }
    }

    /// A vehicle passed at `at`, by the camera's clock set right.
    fn pass(&mut self, number: usize, passage: &Passage, at: Timestamp, delay_ms: i64) {
        self.first_passage_at.get_or_insert(self.clock);
        let Some(place) = self.checkpoint_names.number(&passage.checkpoint.0, CHECKPOINTS_MAX) else {
            self.observations_left_out += 1;
            return;
        };
        let device = &mut self.devices[number];
        device.checkpoint = Some(place);
        // What comes late, or from a clock that has just jumped, teaches nothing: it is seen elsewhere in the order.
        let travel = &self.parameters.travel;
        let live_ms = -EARLY_MAX_MS..=travel.live_max_seconds.value * SECOND_MS;
        let is_live = live_ms.contains(&(delay_ms - device.slow_line.map_or(0, |line| line.least_delay_ms)));
        let Some(key) = passage.vehicle().filter(|_| is_live) else { return };
        let vehicle = vehicle_number(key);
        let seen = self.roads.seen(vehicle, place, at, travel);
        if seen != Seen::Again {
            let is_confirmed = seen == Seen::Elsewhere;
            let read = self.register.read(key.plate, is_confirmed, &self.parameters.misread);
            device.reads[night(at)].count(read);
        }
        let is_sure = passage
            .plate_confidence
            .is_none_or(|percent| i64::from(percent) >= travel.confidence_min_percent.value);
        if is_sure && !key.plate.has_unread() {
            self.roads.drive(vehicle, place, at, travel);
        }
    }

    fn learn(&mut self, change: &ReferenceChange) {
        match change {
            ReferenceChange::Tick(at) => self.advance(*at),
            ReferenceChange::Vehicle(file) => self.register.add(file.key),
            ReferenceChange::VehicleRemoved(key) => self.register.remove(*key),
            ReferenceChange::Calibrations(all) => all.iter().for_each(|one| self.published(one)),
            ReferenceChange::TravelTimes(all) => {
                self.were_travel_times_published = true;
                for one in all {
                    let from = self.checkpoint_names.known(&one.from.0);
                    let to = self.checkpoint_names.known(&one.to.0);
                    if let (Some(from), Some(to)) = (from, to) {
                        let TravelTime { shortest_ms, usual_ms, drive_count, .. } = *one;
                        self.roads.publish(from, to, Times { shortest_ms, usual_ms, drive_count });
                    }
                }
            }
            ReferenceChange::Verdict(verdict) => self.verdict(verdict),
            _ => {}
        }
    }

    fn published(&mut self, calibration: &Calibration) {
        let Some(number) = self.device_names.known(&calibration.device.0) else { return };
        let Calibration { from, clock, misread, .. } = *calibration;
        let device = &mut self.devices[usize::from(number)];
        device.published = Some(Published { from, clock, misread });
    }

    fn verdict(&mut self, given: &VerdictGiven) {
        let is_misread = match given.verdict {
            Verdict::Misread => true,
            Verdict::Confirmed | Verdict::Cloned | Verdict::Exempt | Verdict::Stale => false,
            Verdict::WrongData | Verdict::Unfounded => return,
        };
        for (device, captured_at) in &given.reads {
            if let Some(number) = self.device_names.known(&device.0) {
                let device = &mut self.devices[usize::from(number)];
                let at = device.set_right(*captured_at);
                device.reads[night(at)].judge(is_misread, given.reads.len());
            }
        }
    }

    /// Moves the clock on, and closes the hour that is over.
    fn advance(&mut self, now: Timestamp) {
        let before = self.clock;
        if now <= before {
            return;
        }
        self.clock = now;
        if before != Timestamp::default() && hour_of(now) != hour_of(before) {
            self.close_hour(before, now);
        }
    }

    fn close_hour(&mut self, before: Timestamp, now: Timestamp) {
        let is_new_day = before.beijing_day() != now.beijing_day();
        self.find_slow_lines(before);
        let estimates = self.clock_errors(before);
        let noise = self.register.noise();
        for (device, clock) in self.devices.iter_mut().zip(estimates) {
            let misread = misread_permille(&device.reads, noise, &self.parameters.misread);
            device.hours.close(
                hour_of(now),
                Estimates {
                    clock_ahead_ms: clock.map(|clock| clock.error.ahead_ms),
                    misread_permille: misread.map(|both| both[night(before)]),
                },
            );
            let is_known = device.published.is_some_and(|published| published.misread.is_some());
            device.misread_due = if is_new_day || !is_known { misread } else { None };
            if is_new_day {
                device.reads.iter_mut().for_each(ReadCounts::fade);
            }
        }
        self.roads.make_room();
        let hours_since = |first| i64::from(hour_of(now)) - i64::from(hour_of(first));
        let is_first_due = !self.were_travel_times_published
            && self
                .first_passage_at
                .is_some_and(|first| hours_since(first) >= self.parameters.travel.first_after_hours.value);
        self.is_travel_due = is_new_day && self.were_travel_times_published || is_first_due;
    }

    /// Cameras that seem far behind, but lie between their neighbours as if they were not, hang on a slow line.
    fn find_slow_lines(&mut self, now: Timestamp) {
        let clock = &self.parameters.clock;
        let suspect_ms = -clock.slow_line_min_ms.value;
        let mut cameras_at = vec![0u16; self.checkpoint_names.all().len()];
        let mut is_right_at = vec![true; cameras_at.len()];
        for device in &self.devices {
            if let Some(place) = device.checkpoint.map(usize::from) {
                cameras_at[place] += 1;
                is_right_at[place] &= device.ahead_ms().is_some_and(|ahead| ahead > suspect_ms);
            }
        }
        for device in &mut self.devices {
            let (Some(place), Some(ahead_ms)) = (device.checkpoint, device.ahead_ms()) else { continue };
            // Of several cameras at one place the times don't say which one it is.
            let is_suspect = ahead_ms <= suspect_ms || device.slow_line.is_some();
            if !is_suspect || cameras_at[usize::from(place)] > 1 {
                continue;
            }
            let is_right = |neighbour: u16| is_right_at[usize::from(neighbour)];
            let lags = self.roads.lags_ms(place, -ahead_ms, is_right, clock);
            let (Some(lag), Some(agreed)) = (combined(&lags, clock), device.moments.agreed(now, clock))
            else {
                continue;
            };
            // A small lag is measured better than a great one, because then both directions take the same: what was found
            // is refined until it does not matter.
            match &mut device.slow_line {
                // It lies right: as surely as this was measured.
                Some(line) if lag.ms.abs() <= lag.uncertainty_ms => {
                    line.uncertainty_ms = line.uncertainty_ms.min(lag.uncertainty_ms + lag.ms.abs());
                }
                None if lag.ms <= -ahead_ms / 2 => {}
                line => {
                    *line = Some(SlowLine {
                        least_delay_ms: agreed.least_ms + ahead_ms + lag.ms,
                        uncertainty_ms: lag.uncertainty_ms.max(lag.ms.abs() / 4),
                    });
                    self.roads.forget(place);
                }
            }
        }
    }

    /// What can be said of each device's clock at `now`.
    fn clock_errors(&self, now: Timestamp) -> Vec<Option<ClockEstimate>> {
        let parameters = &self.parameters.clock;
        let agreed: Vec<Option<Agreed>> =
            self.devices.iter().map(|device| device.moments.agreed(now, parameters)).collect();
        let with_usual_line =
            self.devices.iter().zip(&agreed).filter(|(device, _)| device.slow_line.is_none());
        let least_ms = with_usual_line.filter_map(|(_, agreed)| Some(agreed.as_ref()?.least_ms)).collect();
        let usual_ms = usual_delay_ms(least_ms, parameters);
        self.devices
            .iter()
            .zip(agreed)
            .map(|(device, agreed)| Some(device.clock_estimate(agreed?, usual_ms)))
            .collect()
    }

    /// What is to be appended to the journal now: calibrations of cameras, travel times. Ask when everything in the journal
    /// was applied; `now` is our clock. Answers once in each quarter of an hour ([`DUE_EVERY_MS`]); what was appended and
    /// applied is not said again, what could not be appended is said again in the next quarter.
    pub fn due(&mut self, now: Timestamp) -> Vec<ReferenceChange> {
        let quarter = now.unix_ms().div_euclid(DUE_EVERY_MS);
        if quarter == self.asked_quarter {
            return Vec::new();
        }
        self.asked_quarter = quarter;
        let mut changes = Vec::new();
        let calibrations: Vec<Calibration> = (0..)
            .zip(self.clock_errors(now))
            .filter_map(|(number, clock)| self.calibration(number, clock, now))
            .collect();
        if !calibrations.is_empty() {
            changes.push(ReferenceChange::Calibrations(calibrations));
        }
        if self.is_travel_due {
            let checkpoint = |number| CheckpointId(self.checkpoint_names.name(number));
            let ways: Vec<TravelTime> = self
                .roads
                .changes(&self.parameters.travel)
                .map(|(from, to, times)| TravelTime {
                    from: checkpoint(from),
                    to: checkpoint(to),
                    shortest_ms: times.shortest_ms,
                    usual_ms: times.usual_ms,
                    drive_count: times.drive_count,
                })
                .collect();
            changes.extend(
                ways.chunks(WAYS_IN_ENTRY_MAX).map(|ways| ReferenceChange::TravelTimes(ways.to_vec())),
            );
        }
        changes
    }

    /// The calibration of a device that differs enough from what is known of it.
    fn calibration(&self, number: u16, clock: Option<ClockEstimate>, now: Timestamp) -> Option<Calibration> {
        let parameters = &self.parameters;
        let device = &self.devices[usize::from(number)];
        let error_max_ms = parameters.clock.error_max_hours.value * HOUR_MS;
        let published = device.published;
        let clock = clock.filter(|clock| {
            let change_ms = |known: Published| clock.error.ahead_ms.abs_diff(known.clock.ahead_ms);
            let change_min_ms =
                parameters.clock.change_min_ms.value.max(clock.error.uncertainty_ms.into()) as u64;
            let is_much_surer =
                |known: Published| clock.error.uncertainty_ms < known.clock.uncertainty_ms / SURER_FACTOR;
            clock.error.ahead_ms.abs() <= error_max_ms
                && published.is_none_or(|known| change_ms(known) > change_min_ms || is_much_surer(known))
        });
        let misread = device
            .misread_due
            .map(|[day_permille, night_permille]| MisreadRate { day_permille, night_permille });
        let known_misread = published.and_then(|known| known.misread);
        let misread = misread.filter(|new| {
            known_misread.is_none_or(|old| {
                let change = new
                    .day_permille
                    .abs_diff(old.day_permille)
                    .max(new.night_permille.abs_diff(old.night_permille));
                i64::from(change) > parameters.misread.change_min_permille.value
            })
        });
        let from = match (clock, published) {
            (None, _) if misread.is_none() => return None,
            // Until it was first known, it may have been so for long.
            (Some(clock), None) => clock.since.plus_ms(-parameters.clock.first_reach_hours.value * HOUR_MS),
            (Some(clock), Some(_)) => clock.since,
            (None, Some(known)) => now.plus_ms(known.clock.ahead_ms),
            // Misreads alone wait until something is known about the clock.
            (None, None) => return None,
        };
        Some(Calibration {
            device: DeviceId(self.device_names.name(number)),
            // A clock set back shows the same times again; the newest calibration must win.
            from: published.map_or(from, |known| from.max(known.from.plus_ms(1))),
            clock: clock.map(|clock| clock.error).or(published.map(|known| known.clock))?,
            misread: misread.or(known_misread),
        })
    }

    /// The hours of a device in which something came, of the last seven days and the current one, the oldest first; empty
    /// for one that is not known.
    pub fn health(&self, device: &DeviceId) -> Vec<HourOfDevice> {
        let Some(number) = self.device_names.known(&device.0).map(usize::from) else { return Vec::new() };
        let clock = self.clock_errors(self.clock).get(number).copied().flatten();
        let device = &self.devices[number];
        let misread = misread_permille(&device.reads, self.register.noise(), &self.parameters.misread);
        device.hours.list(Estimates {
            clock_ahead_ms: clock.map(|clock| clock.error.ahead_ms),
            misread_permille: misread.map(|both| both[night(self.clock)]),
        })
    }

    /// All devices as they stand now, in the order in which they first reported.
    pub fn health_now(&self) -> Vec<DeviceHealth> {
        let summary = |(number, device): (u16, &Device)| {
            let mut health = DeviceHealth {
                device: DeviceId(self.device_names.name(number)),
                checkpoint: device.checkpoint.map(|place| CheckpointId(self.checkpoint_names.name(place))),
                last_received_at: device.last_received_at,
                last_captured_at: device.last_captured_at,
                observation_count_24h: 0,
                late_count_24h: 0,
                online_permille_24h: 0,
                delay_median_ms: 0,
                clock: device.published.map(|known| known.clock),
                slow_line_ms: device.slow_line.map(|line| line.least_delay_ms),
                misread: device.published.and_then(|known| known.misread),
            };
            device.hours.summarise(self.clock, &mut health);
            health
        };
        (0..).zip(&self.devices).map(summary).collect()
    }

    /// How full it is, and what was left out.
    pub fn stats(&self) -> Stats {
        Stats {
            device_count: self.devices.len(),
            way_count: self.roads.pair_count(),
            observations_left_out: self.observations_left_out,
            drives_left_out: self.roads.left_out(),
            vehicles_left_out: self.register.tally.left_out,
        }
    }
}

/// What several neighbours say together: the middle one's lag, twice the standard error of that, and half of what lies
/// between their quartiles if that is more. `None` when they are too few.
fn combined(lags: &[Lag], parameters: &ClockParameters) -> Option<Lag> {
    if (lags.len() as i64) < parameters.slow_line_neighbours_min.value {
        return None;
    }
    let quarter = lags.len() / 4;
    let spread_ms = lags[lags.len() - 1 - quarter].ms - lags[quarter].ms;
    let mean_error_ms = lags.iter().map(|lag| lag.uncertainty_ms).sum::<i64>() as f64 / lags.len() as f64;
    let error_ms = 2.0 * mean_error_ms / (lags.len() as f64).sqrt();
    let least_ms = parameters.uncertainty_min_ms.value * 2;
    Some(Lag {
        ms: lags[lags.len() / 2].ms,
        uncertainty_ms: (error_ms as i64).max(spread_ms / 2).max(least_ms),
    })
}

/// The error of a clock and since which capture it has been so.
#[derive(Clone, Copy, Debug)]
struct ClockEstimate {
    error: ClockError,
    since: Timestamp,
}

impl Device {
    fn ahead_ms(&self) -> Option<i64> {
        self.published.map(|known| known.clock.ahead_ms)
    }

    /// When something truly happened that the device says was captured then.
    fn set_right(&self, captured_at: Timestamp) -> Timestamp {
        captured_at.plus_ms(-self.ahead_ms().unwrap_or_default())
    }

    fn clock_estimate(&self, agreed: Agreed, usual_ms: i64) -> ClockEstimate {
        let (mut least_delay_ms, mut uncertainty_ms) = (usual_ms, agreed.uncertainty_ms);
        // A slow line that has become fast looks like a usual one with a right clock, and is taken for that.
        if let Some(line) = self.slow_line
            && line.least_delay_ms.abs_diff(agreed.least_ms) < usual_ms.abs_diff(agreed.least_ms)
        {
            least_delay_ms = line.least_delay_ms;
            uncertainty_ms = uncertainty_ms.max(line.uncertainty_ms);
        }
        ClockEstimate {
            error: ClockError {
                ahead_ms: least_delay_ms.saturating_sub(agreed.least_ms),
                uncertainty_ms: u32::try_from(uncertainty_ms).unwrap_or(u32::MAX),
            },
            since: agreed.since,
        }
    }
}
