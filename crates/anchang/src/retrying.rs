//! How the threads that read the journal wait after a failure: longer each time, and never deaf to the end of the process.

use std::time::{Duration, Instant};

/// Longest sleep without a look at the clock and at whether to end.
pub(crate) const WAKE_PERIOD: Duration = Duration::from_millis(250);
/// The first pause after a failure.
pub(crate) const PAUSE_FIRST: Duration = Duration::from_millis(250);
/// The longest.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Sleeps for `pause` and doubles it for the next time; false when it was cut short because the process is to end.
pub(crate) fn slept(pause: &mut Duration, is_asked_to_end: impl Fn() -> bool) -> bool {
    let until = Instant::now() + *pause;
    while Instant::now() < until {
        if is_asked_to_end() {
            return false;
        }
        std::thread::sleep(WAKE_PERIOD.min(until.saturating_duration_since(Instant::now())));
    }
    *pause = (*pause * 2).min(PAUSE_MAX);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_doubles_up_to_the_longest_and_ends_when_the_process_does() {
        let mut pause = Duration::from_millis(2);
        assert!(slept(&mut pause, || false));
        assert_eq!(pause, Duration::from_millis(4));
        pause = PAUSE_MAX;
        let begun = Instant::now();
        assert!(!slept(&mut pause, || true));
        assert!(begun.elapsed() < PAUSE_MAX);
        assert_eq!(pause, PAUSE_MAX);
    }
}
