//! Deadlines by the engine's clock: what is armed costs nothing until it is due.
//!
//! Deadlines are rounded up to a bucket and kept in an ordered map of buckets, so that arming is a look-up among few
//! buckets and a push, and firing takes whole buckets. There is no cancelling: whoever is fired looks whether its
//! deadline still holds and arms the real one, so that a key needs one entry however often its deadline moves.

use domain::Timestamp;
use std::collections::BTreeMap;

/// How far a deadline may be late: one minute. Retiring state needs no better; 72 h are 4,320 buckets.
pub(crate) const BUCKET_MS: i64 = domain::time::MINUTE_MS;

/// Whether a deadline has fired when the clock is there: everything in a bucket is due once the clock is in a later one.
pub(crate) fn is_due(deadline: Timestamp, clock: Timestamp) -> bool {
    deadline.unix_ms().div_euclid(BUCKET_MS) < clock.unix_ms().div_euclid(BUCKET_MS)
}

/// Keys by the bucket in which they are due.
#[derive(Clone, Debug)]
pub struct Deadlines<K> {
    /// By number of the bucket; a bucket is due when the clock has reached its end.
    buckets: BTreeMap<i64, Vec<K>>,
    armed_count: usize,
}

impl<K> Default for Deadlines<K> {
    fn default() -> Self {
        Self { buckets: BTreeMap::new(), armed_count: 0 }
    }
}

impl<K: Ord> Deadlines<K> {
    /// Fires `key` at `at` or up to [`BUCKET_MS`] later.
    pub fn arm(&mut self, at: Timestamp, key: K) {
        self.buckets.entry(at.unix_ms().div_euclid(BUCKET_MS)).or_default().push(key);
        self.armed_count += 1;
    }

    /// Fires `key` with the others of a bucket, as [`Self::take_if`] gave it.
    pub(crate) fn arm_in(&mut self, bucket: i64, key: K) {
        self.buckets.entry(bucket).or_default().push(key);
        self.armed_count += 1;
    }

    /// Takes those out that are to be armed elsewhere, each with its bucket.
    pub(crate) fn take_if(&mut self, is_taken: impl Fn(&K) -> bool) -> Vec<(i64, K)> {
        let mut taken = Vec::new();
        for (bucket, keys) in &mut self.buckets {
            taken.extend(keys.extract_if(.., |key| is_taken(key)).map(|key| (*bucket, key)));
        }
        self.buckets.retain(|_, keys| !keys.is_empty());
        self.armed_count -= taken.len();
        taken
    }

    /// Takes the keys of the earliest bucket that is due, ascending; `None` when none is.
    pub fn take_due(&mut self, clock: Timestamp) -> Option<Vec<K>> {
        let first = self.buckets.first_entry()?;
        // `<`: everything in a bucket is due once the clock is in a later one.
        if clock.unix_ms().div_euclid(BUCKET_MS) <= *first.key() {
            return None;
        }
        let mut keys = first.remove();
        keys.sort_unstable();
        self.armed_count -= keys.len();
        Some(keys)
    }

    /// When the earliest bucket is due; `None` when nothing is armed.
    pub(crate) fn first_due_at(&self) -> Option<Timestamp> {
        let (bucket, _) = self.buckets.first_key_value()?;
        Some(Timestamp::from_unix_ms((bucket + 1) * BUCKET_MS))
    }

    /// The buckets with their keys, ascending: equal for equal deadlines, in whatever order they were armed.
    pub(crate) fn stored(&self) -> Vec<(i64, Vec<K>)>
    where
        K: Clone,
    {
        let sorted = |keys: &Vec<K>| {
            let mut keys = keys.clone();
            keys.sort_unstable();
            keys
        };
        self.buckets.iter().map(|(bucket, keys)| (*bucket, sorted(keys))).collect()
    }

    /// How many are armed.
    pub fn armed_count(&self) -> usize {
        self.armed_count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_unix_ms(ms)
    }

    #[test]
    fn nothing_fires_before_its_deadline_and_all_within_a_bucket_after() {
        let mut deadlines = Deadlines::default();
        deadlines.arm(at(BUCKET_MS + 1), 'b');
        deadlines.arm(at(BUCKET_MS), 'a');
        deadlines.arm(at(5 * BUCKET_MS), 'c');
        assert_eq!(deadlines.take_due(at(2 * BUCKET_MS - 1)), None);
        assert_eq!(deadlines.take_due(at(2 * BUCKET_MS)), Some(vec!['a', 'b']));
        assert_eq!(deadlines.take_due(at(2 * BUCKET_MS)), None);
        assert_eq!(deadlines.armed_count(), 1);
    }

    proptest! {
        #[test]
        fn each_armed_key_fires_once_and_in_time(
            armed in prop::collection::vec((-500_000i64..500_000, 0u16..50), 0..60),
            step_ms in 1i64..200_000,
        ) {
            let mut deadlines = Deadlines::default();
            for (ms, key) in &armed {
                deadlines.arm(at(*ms), (*ms, *key));
            }
            let mut fired = Vec::new();
            let mut clock_ms = -600_000;
            while clock_ms < 800_000 {
                clock_ms += step_ms;
                while let Some(keys) = deadlines.take_due(at(clock_ms)) {
                    for (ms, key) in keys {
                        prop_assert!(ms <= clock_ms, "fired early");
                        prop_assert!(clock_ms - ms < BUCKET_MS + step_ms, "fired late");
                        fired.push((ms, key));
                    }
                }
            }
            let mut armed = armed;
            armed.sort_unstable();
            fired.sort_unstable();
            prop_assert_eq!(fired, armed);
            prop_assert_eq!(deadlines.armed_count(), 0);
        }
    }
}
