//! What goes wrong between the road and the platform: misread plates, clocks that are wrong, doubled and late posts,
//! network cuts. All of it follows from the seed. [`reading`] is what a camera makes of a vehicle.

pub mod reading;

use crate::county::County;
use crate::dice::{Dice, Stream, mix, unit_of};
use crate::traffic::{Passage, ms_of_day};
use domain::Timestamp;
use domain::time::{DAY_MS, HOUR_MS, MINUTE_MS};
pub use reading::{Quality, Read, body_color_code, plate_color_code, read};

/// How often things go wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseRates {
    /// Share of plates misread by day; GA/T 497-2009 allows 10 %.
    pub misread_day: f64,
    /// Share of plates misread by night; GA/T 497-2009 allows 20 %.
    pub misread_night: f64,
    /// Share of misreads with a symbol not read at all instead of a wrong one.
    pub unread: f64,
    /// Share of misreads with any symbol in place of one that looks alike.
    pub outside_table: f64,
    /// Share of vehicles in which no plate is found.
    pub no_plate: f64,
    /// Share of vehicles whose body colour is seen wrong.
    pub body_color: f64,
    /// Share of vehicles taken for a type of the same family.
    pub vehicle_type: f64,
    /// Largest error of a measured speed in km/h (GB/T 21255-2019 allows −6 to 0 below 100 km/h; sites are set to ±3).
    pub speed_error_kmh: f64,
    /// Largest error of a weighing as a share (JJG 907-2006, class 5 and better: ±4 % in service).
    pub weight_error: f64,
    /// Behaviours reported that were not there, for each that was.
    pub false_behaviours: f64,
    /// Share of passages that a camera sends twice.
    pub doubled: f64,
    /// Largest error of a camera's clock in ms.
    pub clock_error_ms: i64,
    /// Share of cameras whose clock is wrong by up to ten minutes, the same for days on end.
    pub wrong_clocks: f64,
    /// Share of camera days with a network cut (devices on the wire).
    pub cut: f64,
    /// Share of passages that arrive 10 min to 8 h late (in process).
    pub late: f64,
}

impl Default for NoiseRates {
    fn default() -> Self {
        Self {
            misread_day: 0.10,
            misread_night: 0.20,
            unread: 0.15,
            outside_table: 0.0,
            no_plate: 0.004,
            body_color: 0.06,
            vehicle_type: 0.0,
            speed_error_kmh: 3.0,
            weight_error: 0.04,
            false_behaviours: 0.01,
            doubled: 0.004,
            clock_error_ms: 1_200,
            wrong_clocks: 0.0,
            cut: 0.3,
            late: 0.0,
        }
    }
}

impl NoiseRates {
    /// What the precision and recall of the models are measured under.
    pub fn truth() -> Self {
        Self {
            outside_table: 0.15,
            no_plate: 0.000_4,
            vehicle_type: 0.03,
            doubled: 0.02,
            wrong_clocks: 0.05,
            late: 0.05,
            ..Self::default()
        }
    }

    /// Twice as much of what the measurement names: misreads, wrong clocks, doubles, late posts.
    #[must_use]
    pub fn doubled_noise(self) -> Self {
        Self {
            misread_day: self.misread_day * 2.0,
            misread_night: self.misread_night * 2.0,
            doubled: self.doubled * 2.0,
            wrong_clocks: self.wrong_clocks * 2.0,
            late: self.late * 2.0,
            ..self
        }
    }
}

/// Every vehicle's night: before 06:00 and from 18:30 on.
const DAWN_MS: i64 = 6 * HOUR_MS;
const DUSK_MS: i64 = 18 * HOUR_MS + 30 * MINUTE_MS;

/// Whether it is dark.
pub fn is_night(at_ms: i64) -> bool {
    !(DAWN_MS..DUSK_MS).contains(&ms_of_day(at_ms))
}

/// How far a camera's clock is ahead of the truth at an instant, in ms: an error of its own, and a slow swing.
/// One street camera has lost its time server and is a minute and a half ahead; others may be wrong by minutes.
pub fn clock_error_ms(county: &County, rates: &NoiseRates, checkpoint: u16, at_ms: i64) -> i64 {
    const LOST: usize = 35;
    const LOST_AHEAD_MS: i64 = 90_000;
    const SWING_SHARE: f64 = 0.25;
    let own = unit_of(&[county.seed, Stream::Clock as u64, checkpoint.into()]) * 2.0 - 1.0;
    let phase = at_ms as f64 / (11 * HOUR_MS) as f64 * std::f64::consts::TAU + own * 40.0;
    let error = (own * (1.0 - SWING_SHARE) + phase.sin() * SWING_SHARE) * rates.clock_error_ms as f64;
    let lost = if usize::from(checkpoint) == LOST && rates.clock_error_ms > 0 { LOST_AHEAD_MS } else { 0 };
    error as i64 + lost + wrong_by_ms(county, rates, checkpoint, at_ms)
}

/// What a wrong clock is wrong by: the same until it jumps, two or three times in thirty days.
fn wrong_by_ms(county: &County, rates: &NoiseRates, checkpoint: u16, at_ms: i64) -> i64 {
    const PERIOD_MS: i64 = 30 * DAY_MS;
    const LEAST_MS: f64 = 60_000.0;
    const MOST_MS: f64 = 600_000.0;
    let rank = |checkpoint: u64| mix(&[county.seed, Stream::Clock as u64, checkpoint, 1]);
    let wrong_count = (county.checkpoints.len() as f64 * rates.wrong_clocks).round() as usize;
    let own = rank(checkpoint.into());
    if wrong_count == 0
        || (0..county.checkpoints.len() as u64).filter(|other| rank(*other) < own).count() >= wrong_count
    {
        return 0;
    }
    let of = |period: i64, what: u64| {
        unit_of(&[county.seed, Stream::Clock as u64, checkpoint.into(), 2, period as u64, what])
    };
    // Each has periods of its own: clocks that all jump at one instant would be a fault of another kind.
    let at_ms = at_ms + (of(0, 30) * PERIOD_MS as f64) as i64;
    let (period, into_ms) = (at_ms.div_euclid(PERIOD_MS), at_ms.rem_euclid(PERIOD_MS));
    let chance = |what: u64| of(period, what);
    let jumps = [7.0 + chance(0) * 8.0, if chance(1) < 0.5 { 18.0 + chance(2) * 8.0 } else { f64::INFINITY }];
    let passed = jumps.into_iter().filter(|day| into_ms as f64 >= day * DAY_MS as f64).count();
    let size_ms = LEAST_MS + chance(10 + passed as u64) * (MOST_MS - LEAST_MS);
    let is_ahead = chance(20 + passed as u64) < 0.5;
    if is_ahead { size_ms as i64 } else { -(size_ms as i64) }
}

/// Whether a camera sends this passage twice.
pub fn is_doubled(county: &County, rates: &NoiseRates, passage: &Passage) -> bool {
    let parts = [county.seed, Stream::Delivery as u64, passage.vehicle.into(), passage.at_ms as u64];
    unit_of(&parts) < rates.doubled
}

/// Latest that a late passage arrives after it happened.
pub const LATE_MAX_MS: i64 = 8 * HOUR_MS;

/// How much later than at once a passage arrives: half of the late ones by themselves, half with all others of their
/// camera in a quarter of an hour.
pub fn late_by_ms(county: &County, rates: &NoiseRates, passage: &Passage) -> i64 {
    const LEAST_MS: f64 = 10.0 * MINUTE_MS as f64;
    const CUT_MS: i64 = 15 * MINUTE_MS;
    let most_ms = (LATE_MAX_MS - CUT_MS) as f64;
    let delay_ms = |chance: f64| (LEAST_MS * (most_ms / LEAST_MS).powf(chance)) as i64;
    let cut = passage.at_ms.div_euclid(CUT_MS);
    let camera = [county.seed, Stream::Late as u64, passage.checkpoint.into(), cut as u64];
    let share = unit_of(&camera);
    if share < rates.late / 2.0 {
        // All come together, when the network is back.
        return (cut + 1) * CUT_MS - passage.at_ms + delay_ms(share / (rates.late / 2.0));
    }
    let own = [county.seed, Stream::Late as u64, passage.vehicle.into(), passage.at_ms as u64, 1];
    let share = unit_of(&own);
    if share < rates.late / 2.0 { delay_ms(share / (rates.late / 2.0)) } else { 0 }
}

/// The end of the network cut that a camera is in, if it is in one. A cut lasts 3 to 15 minutes.
pub fn cut_until_ms(county: &County, rates: &NoiseRates, checkpoint: u16, at_ms: i64) -> Option<i64> {
    let day = Timestamp::from_unix_ms(at_ms).beijing_day();
    let parts = [county.seed, Stream::Cut as u64, checkpoint.into(), day.0 as u64];
    let mut dice = Dice::new(mix(&parts), Stream::Cut, 0, 0);
    if !dice.chance(rates.cut) {
        return None;
    }
    let start = day.start().unix_ms() + dice.between(0.0, (DAY_MS - HOUR_MS) as f64) as i64;
    let end = start + dice.between(3.0, 15.0) as i64 * MINUTE_MS;
    (start..end).contains(&at_ms).then_some(end)
}
