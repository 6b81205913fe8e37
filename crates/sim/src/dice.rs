//! Seeded chance. Every choice of the county comes from ChaCha8 over (seed, stream, a, b), so any part can be made alone
//! and is the same on every machine.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// What a choice is about: streams never share random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Stream {
    Boundary = 1,
    Places,
    Roads,
    Streets,
    Checkpoints,
    Vehicle,
    WatchOrders,
    Day,
    Leg,
    Reading,
    Clock,
    Cut,
    Delivery,
    Scene,
    Alarm,
    Guise,
    Offence,
    Weighing,
    Behaviour,
    Late,
    Staff,
    Officer,
    Maker,
    Fleet,
}

/// A source of chance for one subject.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(seed: u64, stream: Stream, a: u64, b: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(mix(&[seed, stream as u64, a, b])))
    }

    /// Uniform in 0..1.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0.random::<f64>()
    }

    /// Uniform in `low..high`.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// True with this probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Uniform in `0..count`; 0 when there is nothing to choose from.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        if count == 0 { 0 } else { self.0.random_range(0..count) }
    }

    /// One of `items`, which must not be empty.
    pub(crate) fn pick<'i, T>(&mut self, items: &'i [T]) -> &'i T {
        &items[self.below(items.len())]
    }

    /// An index by weight.
    pub(crate) fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        for (index, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return index;
            }
        }
        weights.len().saturating_sub(1)
    }

    /// One of `items` by weight.
    pub(crate) fn pick_weighted<'i, T>(&mut self, items: &'i [T], weights: &[f64]) -> &'i T {
        let index = self.weighted(weights);
        &items[index]
    }

    /// Roughly normal with mean 0 and deviation 1: twelve uniforms (Irwin–Hall), bounded by ±6.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// One number from several (the finaliser of SplitMix64 over a running sum).
pub(crate) fn mix(parts: &[u64]) -> u64 {
    parts.iter().fold(0x9e37_79b9_7f4a_7c15, |state, part| {
        let mut z = (state ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

/// Uniform in 0..1 from a hash of the parts: for the many small choices that need one number only.
pub(crate) fn unit_of(parts: &[u64]) -> f64 {
    (mix(parts) >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_apart_and_repeatable() {
        let draw = |stream, a| Dice::new(7, stream, a, 0).unit();
        assert_eq!(draw(Stream::Day, 1).to_bits(), draw(Stream::Day, 1).to_bits());
        assert!((draw(Stream::Day, 1) - draw(Stream::Day, 2)).abs() > 0.0);
        assert!((draw(Stream::Day, 1) - draw(Stream::Leg, 1)).abs() > 0.0);
    }

    #[test]
    fn weights_decide_how_often() {
        let mut dice = Dice::new(1, Stream::Places, 0, 0);
        let hits = (0..10_000).filter(|_| dice.weighted(&[1.0, 3.0]) == 1).count();
        assert!((7_200..7_800).contains(&hits), "{hits}");
        let mean = (0..10_000).map(|_| dice.normal()).sum::<f64>() / 10_000.0;
        assert!(mean.abs() < 0.05, "{mean}");
    }
}
