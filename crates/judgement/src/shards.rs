//! A map in shards that can be frozen: a copy for a reader on another thread costs nothing but the shards written after it.

use rustc_hash::{FxHashMap, FxHasher};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// In how many shards a map lies. With 5 million vehicles one is 5,000 of them, copied in about a millisecond when it is
/// first written after a freeze; and an empty map is no more than 8 kB.
const SHARD_BITS: u32 = 10;
/// The same for a map that is one of sixteen.
const LANE_SHARD_BITS: u32 = 8;

/// The map. Never iterated but sorted, so that hash order can't reach a result.
#[derive(Clone, Debug)]
pub(crate) struct Shards<K, V> {
    maps: Box<[Arc<FxHashMap<K, V>>]>,
    /// So many bits of a hash are the number of the shard.
    bits: u32,
    len: usize,
}

impl<K, V> Default for Shards<K, V> {
    fn default() -> Self {
        Self::with_bits(SHARD_BITS)
    }
}

impl<K, V> Shards<K, V> {
    pub(crate) fn of_lane() -> Self {
        Self::with_bits(LANE_SHARD_BITS)
    }

    fn with_bits(bits: u32) -> Self {
        // One empty map for all: each shard gets its own when it is first written.
        let empty = Arc::new(FxHashMap::default());
        Self { maps: vec![empty; 1 << bits].into_boxed_slice(), bits, len: 0 }
    }
}

impl<K: Clone + Ord + Hash, V: Clone> Shards<K, V> {
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.maps[self.shard_of(key)].get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.shard_mut(key).get_mut(key)
    }

    pub(crate) fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let shard = self.shard_of(&key);
        let len = &mut self.len;
        Arc::make_mut(&mut self.maps[shard]).entry(key).or_insert_with(|| {
            *len += 1;
            make()
        })
    }

    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let before = self.shard_mut(&key).insert(key, value);
        self.len += usize::from(before.is_none());
        before
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let removed = self.shard_mut(key).remove(key);
        self.len -= usize::from(removed.is_some());
        removed
    }

    /// Takes all entries out whose keys are wanted, in no order that means anything.
    pub(crate) fn take_if(&mut self, is_taken: impl Fn(&K) -> bool) -> Vec<(K, V)> {
        let mut taken = Vec::new();
        for shard in &mut self.maps {
            if shard.keys().any(&is_taken) {
                taken.extend(Arc::make_mut(shard).extract_if(|key, _| is_taken(key)));
            }
        }
        self.len -= taken.len();
        taken
    }

    fn shard_of(&self, key: &K) -> usize {
        shard_of(key, self.bits)
    }

    fn shard_mut(&mut self, key: &K) -> &mut FxHashMap<K, V> {
        let shard = self.shard_of(key);
        Arc::make_mut(&mut self.maps[shard])
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The map as it is now, for another thread.
    pub(crate) fn freeze(&self) -> FrozenMap<K, V> {
        FrozenMap { shards: self.maps.iter().map(|shard| vec![shard.clone()]).collect() }
    }
}

/// A map as it was at one moment.
#[derive(Debug)]
pub(crate) struct FrozenMap<K, V> {
    /// By number of the shard: those of all maps that were frozen together.
    shards: Vec<Vec<Arc<FxHashMap<K, V>>>>,
}

impl<K, V> FromIterator<Self> for FrozenMap<K, V> {
    /// The maps of all lanes as one, so that what is written doesn't depend on which lane a key was in.
    fn from_iter<I: IntoIterator<Item = Self>>(maps: I) -> Self {
        let mut all: Vec<Vec<Arc<FxHashMap<K, V>>>> = Vec::new();
        for map in maps {
            all.resize_with(map.shards.len(), Vec::new);
            all.iter_mut().zip(map.shards).for_each(|(all, shards)| all.extend(shards));
        }
        Self { shards: all }
    }
}

impl<K, V> FrozenMap<K, V> {
    /// Its shards, in an order that the keys alone decide; each is let go of when the next is asked for.
    pub(crate) fn into_shards(self) -> impl Iterator<Item = FrozenShard<K, V>> {
        self.shards.into_iter().map(FrozenShard)
    }
}

/// One shard of a [`FrozenMap`].
#[derive(Debug)]
pub(crate) struct FrozenShard<K, V>(Vec<Arc<FxHashMap<K, V>>>);

impl<K: Ord, V> FrozenShard<K, V> {
    /// Its entries by ascending key.
    pub(crate) fn sorted(&self) -> Vec<(&K, &V)> {
        let mut all = Vec::with_capacity(self.0.iter().map(|map| map.len()).sum());
        for map in &self.0 {
            all.extend(map.iter());
        }
        all.sort_unstable_by_key(|(key, _)| *key);
        all
    }
}

fn shard_of<K: Hash>(key: &K, bits: u32) -> usize {
    let mut hasher = FxHasher::default();
    key.hash(&mut hasher);
    // Mixed once more: the maps themselves use the lowest and the highest bits of this hash.
    (hasher.finish().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - bits)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn thawed(frozen: FrozenMap<u64, u64>) -> BTreeMap<u64, u64> {
        let mut all = BTreeMap::new();
        for shard in frozen.into_shards() {
            all.extend(shard.sorted().into_iter().map(|(key, value)| (*key, *value)));
        }
        all
    }

    proptest! {
        /// Writes: insert, change, remove; the frozen map stays as it was.
        #[test]
        fn a_frozen_map_never_changes_and_the_live_one_is_a_map(
            before in prop::collection::vec((0u64..64, 0u8..4), 0..200),
            after in prop::collection::vec((0u64..64, 0u8..4), 0..200),
        ) {
            let (mut shards, mut model) = (Shards::default(), BTreeMap::new());
            let mut frozen = None;
            for (number, (key, action)) in (0u64..).zip(before.iter().chain(&after)) {
                if number as usize == before.len() {
                    frozen = Some((shards.freeze(), model.clone()));
                }
                match action {
                    0 => prop_assert_eq!(shards.insert(*key, number), model.insert(*key, number)),
                    1 => prop_assert_eq!(shards.remove(key), model.remove(key)),
                    2 => if let Some(value) = shards.get_mut(key) {
                        *value += 1;
                        model.entry(*key).and_modify(|value| *value += 1);
                    },
                    _ => prop_assert_eq!(
                        *shards.get_or_insert_with(*key, || number),
                        *model.entry(*key).or_insert(number)
                    ),
                }
                prop_assert_eq!(shards.get(key), model.get(key));
                prop_assert_eq!((shards.len(), shards.is_empty()), (model.len(), model.is_empty()));
            }
            prop_assert_eq!(thawed(shards.freeze()), model);
            if let Some((frozen, model)) = frozen {
                prop_assert_eq!(thawed(frozen), model);
            }
        }
    }

    #[test]
    fn keys_that_resemble_one_another_are_spread_over_the_shards() {
        const KEYS: u64 = 100_000;
        for stride in [1, 34, 1 << 20, 1 << 40] {
            let mut counts = vec![0; 1 << SHARD_BITS];
            for number in 0..KEYS {
                counts[shard_of(&(number * stride), SHARD_BITS)] += 1;
            }
            let fullest = counts.into_iter().max().unwrap_or_default();
            assert!(
                fullest < (3 * KEYS as usize) >> SHARD_BITS,
                "stride {stride}: {fullest} keys in one shard"
            );
        }
    }
}
