//! The clock that the product reads: the machine's, or one that a simulation drives.

use crate::limits::Limits;
use domain::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where the product's time comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that is set from outside, for runs faster than life; it never goes backwards.
    Driven(Arc<AtomicI64>),
}

impl Clock {
    /// A driven clock that stands at `start`.
    pub fn driven(start: Timestamp) -> Self {
        Self::Driven(Arc::new(AtomicI64::new(start.unix_ms())))
    }

    /// Whether a simulation drives it.
    pub fn is_driven(&self) -> bool {
        matches!(self, Self::Driven(_))
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => {
                let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_unix_ms(since_epoch.as_millis() as i64)
            }
            Self::Driven(unix_ms) => Timestamp::from_unix_ms(unix_ms.load(Ordering::Acquire)),
        }
    }

    /// Moves a driven clock forward to `now`; an earlier time is ignored. False when the clock is the machine's.
    pub fn drive(&self, now: Timestamp) -> bool {
        match self {
            Self::System => false,
            Self::Driven(unix_ms) => {
                unix_ms.fetch_max(now.unix_ms(), Ordering::AcqRel);
                true
            }
        }
    }
}

/// When something happened, as its device says, if that is believed: a time that is no date, or lies too far ahead or
/// back, is replaced by the time of arrival and counted under `source`. Some months back are believed: devices send late.
pub fn believe(
    limits: &Limits,
    source: &'static str,
    claimed: Option<Timestamp>,
    received_at: Timestamp,
) -> Timestamp {
    let ms = |seconds: u64| (seconds as i64).saturating_mul(domain::time::SECOND_MS);
    let believed = -ms(limits.clock_behind_s_max)..=ms(limits.clock_ahead_s_max);
    match claimed {
        Some(claimed) if believed.contains(&claimed.ms_since(received_at)) => claimed,
        _ => {
            metrics::counter!("anchang_times_invalid_total", "source" => source).increment(1);
            received_at
        }
    }
}
