//! Durations counted in logarithmic buckets: 2^SUB_BITS of them an octave, so that a quantile is exact to about
//! 2^-SUB_BITS of itself whatever its size, in a few hundred bytes. Below 2^SUB_BITS units buckets are one unit wide.

use serde::{Deserialize, Serialize};

/// Counts of durations. A unit is 2^UNIT_BITS ms; what is longer than the last bucket is counted there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Buckets<const UNIT_BITS: u32, const SUB_BITS: u32> {
    counts: Box<[u16]>,
    total: u32,
}

/// A bucket about to overflow halves all: the shape stays.
const COUNT_MAX: u16 = u16::MAX;

impl<const UNIT_BITS: u32, const SUB_BITS: u32> Buckets<UNIT_BITS, SUB_BITS> {
    /// Empty buckets for durations up to `longest_ms`.
    pub(crate) fn new(longest_ms: i64) -> Self {
        Self { counts: vec![0; Self::index(longest_ms) + 1].into(), total: 0 }
    }

    fn index(ms: i64) -> usize {
        let units = (ms.max(0) >> UNIT_BITS) as u64;
        let octave = (u64::BITS - units.leading_zeros()).saturating_sub(SUB_BITS + 1);
        ((u64::from(octave) << SUB_BITS) + (units >> octave)) as usize
    }

    /// Where a bucket begins, in ms.
    fn start_ms(index: usize) -> i64 {
        let octave = (index >> SUB_BITS).saturating_sub(1);
        ((index - (octave << SUB_BITS)) as i64) << octave << UNIT_BITS
    }

    pub(crate) fn add(&mut self, ms: i64) {
        let index = Self::index(ms).min(self.counts.len() - 1);
        if self.counts[index] == COUNT_MAX {
            self.counts.iter_mut().for_each(|count| *count /= 2);
            self.total = self.counts.iter().map(|count| u32::from(*count)).sum();
        }
        self.counts[index] += 1;
        self.total += 1;
    }

    pub(crate) fn total(&self) -> u32 {
        self.total
    }

    pub(crate) fn clear(&mut self) {
        self.counts.fill(0);
        self.total = 0;
    }

    /// The duration that `permille` of those counted do not exceed, interpolated within its bucket; `None` when empty.
    pub(crate) fn quantile_ms(&self, permille: i64) -> Option<i64> {
        let wanted = f64::from(self.total) * permille as f64 / 1_000.0;
        let mut before = 0.0;
        for (index, count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let count = f64::from(*count);
            if before + count >= wanted {
                let (start, end) = (Self::start_ms(index), Self::start_ms(index + 1));
                let share = ((wanted - before) / count).clamp(0.0, 1.0);
                return Some(start + ((end - start) as f64 * share) as i64);
            }
            before += count;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Fine = Buckets<9, 4>;

    #[test]
    fn nothing_counted_has_no_quantile() {
        assert_eq!(Fine::new(7_200_000).quantile_ms(500), None);
    }

    #[test]
    fn a_full_bucket_halves_all_and_keeps_the_shape() {
        let mut buckets = Fine::new(7_200_000);
        for _ in 0..100_000 {
            buckets.add(60_000);
            buckets.add(600_000);
        }
        assert!((55_000..70_000).contains(&buckets.quantile_ms(250).unwrap()));
        assert!((580_000..640_000).contains(&buckets.quantile_ms(750).unwrap()));
    }

    proptest! {
        #[test]
        fn a_duration_lies_in_its_bucket(ms in 0i64..100_000_000) {
            let index = Fine::index(ms);
            prop_assert!(Fine::start_ms(index) <= ms && ms < Fine::start_ms(index + 1));
        }

        #[test]
        fn quantiles_are_near_the_exact_ones(mut all in prop::collection::vec(10_000i64..7_000_000, 1..200), permille in 0i64..=1_000) {
            let mut buckets = Fine::new(7_200_000);
            for ms in &all {
                buckets.add(*ms);
            }
            all.sort_unstable();
            let rank = (all.len() as i64 * permille).div_euclid(1_000) as usize;
            let (low, high) = (all[rank.saturating_sub(1)], all[rank.min(all.len() - 1)]);
            let found = buckets.quantile_ms(permille).unwrap();
            prop_assert!(found as f64 >= low as f64 * 0.93 - 512.0 && found as f64 <= high as f64 * 1.07 + 512.0, "{low} {found} {high}");
        }
    }
}
