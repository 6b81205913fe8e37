//! The simulation's time: the wall clock, or one that goes faster. And instants as text.

use domain::Timestamp;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Now by the wall clock, Unix milliseconds.
pub fn wall_ms() -> i64 {
    // A clock before 1970 reads as 1970.
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as i64
}

/// A clock that started at an instant and goes `speed` times as fast as the wall's.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start_ms: i64,
    started: Instant,
    speed: f64,
}

impl Clock {
    /// A clock that shows `start_ms` now.
    pub fn new(start_ms: i64, speed: f64) -> Self {
        Self { start_ms, started: Instant::now(), speed }
    }

    /// What it shows, Unix milliseconds.
    pub fn now_ms(&self) -> i64 {
        self.start_ms + (self.started.elapsed().as_secs_f64() * self.speed * 1_000.0) as i64
    }

    /// How long the wall's clock takes for this much of the simulation.
    pub fn wall(&self, simulated_ms: i64) -> Duration {
        Duration::from_secs_f64((simulated_ms.max(0) as f64 / self.speed / 1_000.0).max(0.001))
    }
}

/// An instant as RFC 3339 in UTC with milliseconds.
pub fn rfc3339(at_ms: i64) -> String {
    use domain::time::{BEIJING_OFFSET_MS, DAY_MS};
    // The Beijing day of an instant eight hours earlier is its UTC day.
    let day = Timestamp::from_unix_ms(at_ms - BEIJING_OFFSET_MS).beijing_day();
    let ms = at_ms.rem_euclid(DAY_MS);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!("{day}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1_000)
}

/// An instant in Beijing time as makers of cameras write it: `2026-11-23T14:31:36+08:00`, or with `has_ms` and without the zone
/// `2026-11-23 14:31:36.123`; `between` stands between day and time.
pub(crate) fn beijing(at_ms: i64, between: char, has_ms: bool) -> String {
    use domain::time::{BEIJING_OFFSET_MS, DAY_MS};
    let day = Timestamp::from_unix_ms(at_ms).beijing_day();
    let ms = (at_ms + BEIJING_OFFSET_MS).rem_euclid(DAY_MS);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    let rest = if has_ms { format!(".{:03}", ms % 1_000) } else { "+08:00".to_owned() };
    format!("{day}{between}{hour:02}:{minute:02}:{second:02}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_in_utc_and_in_beijing_time() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_795_415_496_123), "2026-11-23T06:31:36.123Z");
        assert_eq!(beijing(1_795_415_496_123, 'T', false), "2026-11-23T14:31:36+08:00");
        assert_eq!(beijing(1_795_415_496_123, ' ', true), "2026-11-23 14:31:36.123");
    }

    #[test]
    fn a_fast_clock_shortens_the_wait() {
        let clock = Clock::new(0, 60.0);
        assert_eq!(clock.wall(60_000), Duration::from_secs(1));
        assert!(clock.now_ms() < 60_000);
    }
}
