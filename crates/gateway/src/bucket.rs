//! A bound on how often something may happen: a bucket of tokens that fills with time.

use domain::Timestamp;

/// Over this time a rate is averaged: so much may come at once after silence.
pub(crate) const BURST_S: u32 = 10;

/// A token bucket. Time comes with each call.
#[derive(Debug)]
pub(crate) struct Bucket {
    per_s: u32,
    /// In thousandths of a token, so that a millisecond at one a second is a whole number.
    tokens_milli: u64,
    full_milli: u64,
    filled_at: Timestamp,
}

impl Bucket {
    /// A full bucket that holds `burst` tokens and gains `per_s` a second.
    pub(crate) fn new(per_s: u32, burst: u64, now: Timestamp) -> Self {
        let full_milli = burst.max(1).saturating_mul(1_000);
        Self { per_s, tokens_milli: full_milli, full_milli, filled_at: now }
    }

    /// Takes a token; false when there is none.
    pub(crate) fn take(&mut self, now: Timestamp) -> bool {
        let passed_ms = now.ms_since(self.filled_at).max(0) as u64;
        let gained = passed_ms.saturating_mul(u64::from(self.per_s));
        self.tokens_milli = self.tokens_milli.saturating_add(gained).min(self.full_milli);
        self.filled_at = now;
        match self.tokens_milli.checked_sub(1_000) {
            Some(left) => {
                self.tokens_milli = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_the_rate_holds() {
        let start = Timestamp::from_unix_ms(0);
        let mut bucket = Bucket::new(2, 20, start);
        assert_eq!((0..100).filter(|_| bucket.take(start)).count(), 20);
        assert!(!bucket.take(start.plus_ms(499)));
        assert!(bucket.take(start.plus_ms(999)));
        assert!(!bucket.take(start.plus_ms(999)));
        let after_an_hour = start.plus_ms(3_600_000);
        assert_eq!((0..100).filter(|_| bucket.take(after_an_hour)).count(), 20);
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing() {
        let mut bucket = Bucket::new(1, 1, Timestamp::from_unix_ms(10_000));
        assert!(bucket.take(Timestamp::from_unix_ms(10_000)));
        assert!(!bucket.take(Timestamp::from_unix_ms(0)));
        assert!(!bucket.take(Timestamp::from_unix_ms(999)));
        assert!(bucket.take(Timestamp::from_unix_ms(1_000)));
    }
}
