//! Plates in the order of their texts.
//!
//! Files are sorted by the UTF-8 bytes of the plate, so that any reader can use the order. The packed form of
//! [`Plate`] has another order; this one has the order of the texts and is as small.

use domain::Plate;
use domain::plate::{SYMBOL_BITS, SYMBOLS_MAX};
use std::sync::LazyLock;

/// A plate, ordered as its text is: nine places of seven bits from the left, each the rank of a symbol, 0 behind the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlateKey(u64);

const CODES: usize = 1 << SYMBOL_BITS;
const MASK: u64 = (1 << SYMBOL_BITS) - 1;
const TOP: u32 = SYMBOL_BITS * (SYMBOLS_MAX as u32 - 1);

struct Ranks {
    /// By the code of a symbol.
    of_code: [u8; CODES],
    /// By rank.
    symbols: Vec<(char, u8)>,
}

static RANKS: LazyLock<Ranks> = LazyLock::new(|| {
    let mut symbols: Vec<(char, u8)> =
        (0..CODES as u8).filter_map(|code| Some((Plate::symbol(code)?, code))).collect();
    symbols.sort_unstable();
    let mut of_code = [0; CODES];
    for (index, (_, code)) in symbols.iter().enumerate() {
        of_code[usize::from(*code)] = index as u8 + 1;
    }
    Ranks { of_code, symbols }
});

impl PlateKey {
    /// Before every plate.
    pub const LEAST: Self = Self(0);
    /// Behind every plate.
    pub const MOST: Self = Self(u64::MAX);

    /// The plate that it stands for.
    pub fn plate(self) -> Option<Plate> {
        let codes =
            self.ranks().map(|rank| RANKS.symbols.get(usize::from(rank) - 1).map_or(0, |found| found.1));
        Plate::from_packed(codes.fold(0, |packed, code| packed << SYMBOL_BITS | u64::from(code)))
    }

    /// The key of a text that is a plate's, symbol by symbol; `None` when it is not.
    pub fn of_text(text: &str) -> Option<Self> {
        let mut key = 0;
        let mut shift = TOP as i32;
        for symbol in text.chars() {
            let at = RANKS.symbols.binary_search_by_key(&symbol, |(symbol, _)| *symbol).ok()?;
            if shift < 0 {
                return None;
            }
            key |= (at as u64 + 1) << shift;
            shift -= SYMBOL_BITS as i32;
        }
        (key != 0).then_some(Self(key))
    }

    /// The text, written to the end of `out`.
    pub fn write(self, out: &mut String) {
        out.extend(
            self.ranks().filter_map(|rank| RANKS.symbols.get(usize::from(rank) - 1)).map(|found| found.0),
        );
    }

    /// The greatest key whose text begins with this one's.
    #[must_use]
    pub fn last_with_prefix(self) -> Self {
        let count = self.ranks().count() as u32;
        let rest = SYMBOL_BITS * (SYMBOLS_MAX as u32 - count.min(SYMBOLS_MAX as u32));
        Self(self.0 | ((1 << rest) - 1))
    }

    /// The ranks from the left.
    fn ranks(self) -> impl Iterator<Item = u8> {
        (0..SYMBOLS_MAX as u32)
            .map(move |place| (self.0 >> (TOP - place * SYMBOL_BITS) & MASK) as u8)
            .take_while(|rank| *rank != 0)
    }
}

impl From<Plate> for PlateKey {
    fn from(plate: Plate) -> Self {
        let packed = plate.packed();
        let count = plate.symbol_count() as u32;
        let key = (0..count).fold(0, |key, place| {
            let code = packed >> (place * SYMBOL_BITS) & MASK;
            key | u64::from(RANKS.of_code[code as usize]) << (TOP - (count - 1 - place) * SYMBOL_BITS)
        });
        Self(key)
    }
}

impl std::fmt::Display for PlateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::new();
        self.write(&mut text);
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_have_the_order_of_texts_and_give_the_plate_back(
            texts in prop::collection::vec("[鲁京沪粤][A-HJ-NP-Z][A-HJ-NP-Z0-9-]{3,6}[A-Z0-9警学挂]", 2)
        ) {
            let plates: Vec<Plate> = texts.iter().filter_map(|text| Plate::parse(text).ok()).collect();
            let keys: Vec<PlateKey> = plates.iter().copied().map(PlateKey::from).collect();
            for (plate, key) in plates.iter().zip(&keys) {
                prop_assert_eq!(key.plate(), Some(*plate));
                prop_assert_eq!(key.to_string(), plate.to_string());
                prop_assert_eq!(PlateKey::of_text(&plate.to_string()), Some(*key));
            }
            if let ([a, b], [key_a, key_b]) = (plates.as_slice(), keys.as_slice()) {
                prop_assert_eq!(a.to_string().cmp(&b.to_string()), key_a.cmp(key_b));
            }
        }
    }

    #[test]
    fn a_prefix_bounds_the_plates_that_begin_with_it() {
        let key = |text: &str| PlateKey::of_text(text).unwrap();
        let prefix = key("鲁Q1");
        assert!(prefix <= key("鲁Q12345") && key("鲁Q1ZZZZ应急") <= prefix.last_with_prefix());
        assert!(key("鲁Q2") > prefix.last_with_prefix() && key("鲁Q0ZZZZ") < prefix);
    }
}
