//! How devices fared, hour by hour of receipt: what came, how late, and in how many minutes. Seven days are kept; the
//! delays of an hour are bucketed while it lasts and three numbers afterwards.

use crate::buckets::Buckets;
use domain::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use domain::{CheckpointId, ClockError, DeviceId, MisreadRate, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Hours kept of a device, besides the one that goes on.
pub const HOURS_MAX: usize = 7 * 24;
/// Delays beyond this are counted as this.
const DELAY_MAX_MS: i64 = DAY_MS;

/// One hour of a device. Delays are from capture, by the device's clock set right as it was known then, to receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HourOfDevice {
    /// When the hour begins, by receipt.
    pub from: Timestamp,
    /// What reached us.
    pub observation_count: u32,
    /// Of it, what came late.
    pub late_count: u32,
    /// Least delay in ms.
    pub delay_least_ms: i64,
    /// Half came within this, in ms.
    pub delay_median_ms: i64,
    /// 95 % came within this, in ms.
    pub delay_p95_ms: i64,
    /// How far the clock was ahead at the end of the hour, in ms; `None` when nothing could be said.
    pub clock_ahead_ms: Option<i64>,
    /// Passages with a plate.
    pub read_count: u32,
    /// Of them, those with a place not read.
    pub unread_count: u32,
    /// Passages without a plate.
    pub no_plate_count: u32,
    /// Share of misread plates in permille, as estimated at the end of the hour for that part of the day.
    pub misread_permille: Option<u16>,
    /// Minutes of the hour in which something reached us, 0 to 60.
    pub online_minutes: u8,
}

/// A device as it stands now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeviceHealth {
    /// The device.
    pub device: DeviceId,
    /// Where it stands, for a camera.
    pub checkpoint: Option<CheckpointId>,
    /// When something last reached us.
    pub last_received_at: Timestamp,
    /// When that was captured, by the device's own clock.
    pub last_captured_at: Timestamp,
    /// What reached us in the last 24 hours, the current one included.
    pub observation_count_24h: u32,
    /// Of it, what came late.
    pub late_count_24h: u32,
    /// Share of the minutes of the last 24 hours in which something reached us, in permille.
    pub online_permille_24h: u16,
    /// Median delay of its newest hour, in ms.
    pub delay_median_ms: i64,
    /// The error of its clock as made known; `None` when nothing was learned yet.
    pub clock: Option<ClockError>,
    /// Least delay of its line in ms, where travel times showed that the line is slow and not the clock behind.
    pub slow_line_ms: Option<i64>,
    /// Shares of misread plates as made known.
    pub misread: Option<MisreadRate>,
}

/// What is counted besides time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Not a passage.
    Other,
    /// A passage without a plate.
    NoPlate,
    /// A passage with a plate.
    Read {
        /// Whether a place was not read.
        has_unread: bool,
    },
}

/// What is said of the device when an hour ends.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Estimates {
    pub(crate) clock_ahead_ms: Option<i64>,
    pub(crate) misread_permille: Option<u16>,
}

/// An hour that is over, packed: a week of a device takes 8 KB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Closed {
    hour: u32,
    observations: u32,
    late: u32,
    delay_least_ms: i32,
    delay_median_ms: i32,
    delay_p95_ms: i32,
    clock_ahead_ms: Option<i32>,
    reads: u32,
    unread: u32,
    no_plate: u32,
    misread_permille: Option<u16>,
    online_minutes: u8,
}

/// The hours of one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hours {
    closed: VecDeque<Closed>,
    hour: u32,
    observations: u32,
    late: u32,
    reads: u32,
    unread: u32,
    no_plate: u32,
    delay_least_ms: i64,
    /// Units of 64 ms, four buckets an octave: quantiles to some 10 %.
    delays: Buckets<6, 2>,
    /// One bit for each minute.
    minutes: u64,
}

/// Hours since the epoch.
pub(crate) fn hour_of(at: Timestamp) -> u32 {
    u32::try_from(at.unix_ms().div_euclid(HOUR_MS)).unwrap_or_default()
}

impl Default for Hours {
    fn default() -> Self {
        Self {
            closed: VecDeque::new(),
            hour: 0,
            observations: 0,
            late: 0,
            reads: 0,
            unread: 0,
            no_plate: 0,
            delay_least_ms: 0,
            delays: Buckets::new(DELAY_MAX_MS),
            minutes: 0,
        }
    }
}

impl Hours {
    /// Something reached us; hours that are over were closed.
    pub(crate) fn count(&mut self, received_at: Timestamp, delay_ms: i64, late_min_ms: i64, kind: Kind) {
        let is_first = self.observations == 0;
        self.hour = hour_of(received_at);
        self.observations += 1;
        self.late += u32::from(delay_ms > late_min_ms);
        self.delay_least_ms = if is_first { delay_ms } else { self.delay_least_ms.min(delay_ms) };
        self.delays.add(delay_ms);
        self.minutes |= 1 << (received_at.unix_ms().div_euclid(MINUTE_MS).rem_euclid(60));
        match kind {
            Kind::Other => {}
            Kind::NoPlate => self.no_plate += 1,
            Kind::Read { has_unread } => {
                self.reads += 1;
                self.unread += u32::from(has_unread);
            }
        }
    }

    fn current(&self, estimates: Estimates) -> Option<Closed> {
        // What does not fit says "very much" as well.
        let clamped = |ms: i64| ms.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
        let quantile = |permille| clamped(self.delays.quantile_ms(permille).unwrap_or_default());
        (self.observations > 0).then(|| Closed {
            hour: self.hour,
            observations: self.observations,
            late: self.late,
            delay_least_ms: clamped(self.delay_least_ms),
            delay_median_ms: quantile(500),
            delay_p95_ms: quantile(950),
            clock_ahead_ms: estimates.clock_ahead_ms.map(clamped),
            reads: self.reads,
            unread: self.unread,
            no_plate: self.no_plate,
            misread_permille: estimates.misread_permille,
            online_minutes: self.minutes.count_ones() as u8,
        })
    }

    /// The hour is over; `hour` begins.
    pub(crate) fn close(&mut self, hour: u32, estimates: Estimates) {
        if let Some(closed) = self.current(estimates) {
            let kept = std::mem::take(&mut self.closed);
            *self = Self {
                closed: kept,
                delays: std::mem::replace(&mut self.delays, Buckets::new(0)),
                ..Self::default()
            };
            self.delays.clear();
            self.closed.push_back(closed);
        }
        while self.closed.front().is_some_and(|oldest| (oldest.hour as usize) + HOURS_MAX < hour as usize) {
            self.closed.pop_front();
        }
    }

    fn all(&self, estimates: Estimates) -> impl Iterator<Item = Closed> {
        self.closed.iter().copied().chain(self.current(estimates))
    }

    /// The hours in which something came, the oldest first, with the one that goes on.
    pub(crate) fn list(&self, estimates: Estimates) -> Vec<HourOfDevice> {
        let unpack = |hour: Closed| HourOfDevice {
            from: Timestamp::from_unix_ms(i64::from(hour.hour) * HOUR_MS),
            observation_count: hour.observations,
            late_count: hour.late,
            delay_least_ms: hour.delay_least_ms.into(),
            delay_median_ms: hour.delay_median_ms.into(),
            delay_p95_ms: hour.delay_p95_ms.into(),
            clock_ahead_ms: hour.clock_ahead_ms.map(i64::from),
            read_count: hour.reads,
            unread_count: hour.unread,
            no_plate_count: hour.no_plate,
            misread_permille: hour.misread_permille,
            online_minutes: hour.online_minutes,
        };
        self.all(estimates).map(unpack).collect()
    }

    /// Fills in what the hours of the last day say.
    pub(crate) fn summarise(&self, now: Timestamp, health: &mut DeviceHealth) {
        let first = hour_of(now).saturating_sub(23);
        let mut online_minutes = 0;
        for hour in self.all(Estimates::default()) {
            health.delay_median_ms = hour.delay_median_ms.into();
            if hour.hour >= first {
                health.observation_count_24h = health.observation_count_24h.saturating_add(hour.observations);
                health.late_count_24h = health.late_count_24h.saturating_add(hour.late);
                online_minutes += u32::from(hour.online_minutes);
            }
        }
        // The last of the 24 hours is not over.
        let minutes = 23 * 60 + now.unix_ms().rem_euclid(HOUR_MS) / MINUTE_MS + 1;
        health.online_permille_24h = (i64::from(online_minutes) * 1_000 / minutes).min(1_000) as u16;
    }
}
