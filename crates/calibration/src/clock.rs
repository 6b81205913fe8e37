//! How far a camera's clock is wrong, from how long its passages take to reach us.
//!
//! Receipt minus capture is the delay of the line minus the lead of the clock. Passages arrive within seconds or, after a
//! cut, much later; never earlier. So the least of these differences, when several of the newest agree on it, is the
//! least delay of the line minus the lead. What is least in each moment of [`MOMENT_MS`] is kept for the newest
//! [`MOMENTS_MAX`] moments in which something passed: half an hour of a busy road, an hour or more of a quiet one.

use crate::parameters::ClockParameters;
use domain::Timestamp;
use domain::time::{MINUTE_MS, SECOND_MS};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The least delay of so long is one moment.
const MOMENT_MS: i64 = 20 * SECOND_MS;
/// Moments kept of a camera.
const MOMENTS_MAX: usize = 96;
/// The newest moments, which say how the clock stands now.
const NEWEST: usize = 8;
/// So many moments in a row that agree on something else were another error of the clock, not late data.
const OTHER_REGIME: usize = 3;

/// The least difference of a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Moment {
    /// By receipt, in units of [`MOMENT_MS`].
    number: i64,
    /// Receipt minus capture.
    difference_ms: i64,
    captured_at: Timestamp,
}

/// What is kept of a camera's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Moments(VecDeque<Moment>);

/// What the newest moments agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// Least receipt minus capture: the least delay of the line minus the clock's lead.
    pub(crate) least_ms: i64,
    /// How far the true least may lie below or above it.
    pub(crate) uncertainty_ms: i64,
    /// The oldest capture that agrees, before which others did not.
    pub(crate) since: Timestamp,
}

impl Moments {
    /// A passage that reached us at `received_at`, by our clock that never goes back.
    pub(crate) fn add(&mut self, received_at: Timestamp, captured_at: Timestamp) {
        let number = received_at.unix_ms().div_euclid(MOMENT_MS);
        let difference_ms = received_at.ms_since(captured_at);
        match self.0.back_mut() {
            Some(newest) if newest.number == number => {
                if difference_ms < newest.difference_ms {
                    *newest = Moment { number, difference_ms, captured_at };
                }
            }
            _ => {
                if self.0.len() == MOMENTS_MAX {
                    self.0.pop_front();
                }
                self.0.push_back(Moment { number, difference_ms, captured_at });
            }
        }
    }

    /// What the newest moments agree on; `None` when there are too few or they don't.
    pub(crate) fn agreed(&self, now: Timestamp, parameters: &ClockParameters) -> Option<Agreed> {
        let oldest =
            now.plus_ms(-parameters.window_minutes.value * MINUTE_MS).unix_ms().div_euclid(MOMENT_MS);
        let recent = || self.0.iter().rev().take_while(|moment| moment.number >= oldest);
        let agree_ms = parameters.agree_ms.value;

        let mut newest: Vec<i64> = recent().take(NEWEST).map(|moment| moment.difference_ms).collect();
        if (newest.len() as i64) < parameters.moments_min.value {
            return None;
        }
        newest.sort_unstable();
        let needed = (newest.len() as i64 * parameters.agree_share_percent.value + 99) / 100;
        let base_ms = newest.iter().copied().find(|base| {
            let agreeing = newest.iter().filter(|ms| (*base..=base.saturating_add(agree_ms)).contains(*ms));
            agreeing.count() as i64 >= needed
        })?;

        let mut agreeing = Vec::with_capacity(MOMENTS_MAX);
        let (mut since, mut others_in_a_row, mut other_ms) = (Timestamp::default(), 0, None);
        for moment in recent() {
            let difference_ms = moment.difference_ms;
            let is_near = |ms: i64| difference_ms.abs_diff(ms) <= agree_ms as u64;
            if is_near(base_ms) {
                agreeing.push(difference_ms);
                since = moment.captured_at;
                (others_in_a_row, other_ms) = (0, None);
            } else {
                others_in_a_row = if other_ms.is_some_and(is_near) { others_in_a_row + 1 } else { 1 };
                other_ms = Some(difference_ms);
                if others_in_a_row == OTHER_REGIME {
                    break;
                }
            }
        }
        if agreeing.is_empty() {
            return None;
        }
        agreeing.sort_unstable();
        // Of many, the very least may be a glitch.
        let least_ms = agreeing[agreeing.len().min(40) / 16];
        // The fewer and the more scattered, the further the least seen may lie above the least there is.
        let scatter_ms = agreeing[agreeing.len() / 2].saturating_sub(least_ms);
        let uncertainty_ms =
            parameters.uncertainty_min_ms.value + scatter_ms * 2 / (agreeing.len() as i64).min(8);
        Some(Agreed { least_ms, uncertainty_ms, since })
    }
}

/// The usual least delay of lines: the median of all cameras, most of whose clocks are right; the parameter's value while
/// there are too few. An error common to most cameras can't be seen and does no harm: only differences between cameras
/// reach a judgement.
pub(crate) fn usual_delay_ms(mut least_ms: Vec<i64>, parameters: &ClockParameters) -> i64 {
    if (least_ms.len() as i64) < parameters.usual_cameras_min.value {
        return parameters.usual_delay_ms.value;
    }
    let middle = least_ms.len() / 2;
    let (_, median, _) = least_ms.select_nth_unstable(middle);
    (*median).clamp(0, parameters.usual_delay_max_ms.value)
}
