//! Which symbols cameras take for which: the confusion table, and its two uses, canonical plates and scores.

use domain::Plate;
use domain::plate::{SYMBOL_BITS, UNREAD};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const SYMBOL_CODES: usize = 1 << SYMBOL_BITS;
const SYMBOL_MASK: u64 = (1 << SYMBOL_BITS) - 1;

/// The table of `data/plate-confusions.toml`: true symbol → symbol read → likelihood of that read, in permille, once
/// the symbol is misread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confusions {
    /// By true symbol.
    pub likelihood_permille: BTreeMap<char, BTreeMap<char, u16>>,
}

/// The table made fast: by the codes of symbols in a packed plate.
#[derive(Clone, Debug)]
pub(crate) struct ConfusionTable {
    /// The symbol that stands for all that can be taken for one another.
    representative: [u8; SYMBOL_CODES],
    /// `[true][read]` in permille; 0 where the table names nothing.
    likelihood_permille: Vec<[u16; SYMBOL_CODES]>,
    /// The symbols that stand for groups, of those that stand in a number after its prefix, ascending.
    representatives: Vec<u8>,
}

/// The symbols of a number after its prefix (GA 36-2018); I and O are not used.
pub(crate) const SERIAL_SYMBOLS: &str = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";

impl ConfusionTable {
    pub(crate) fn new(confusions: &Confusions) -> Self {
        let mut table = Self {
            representative: std::array::from_fn(|code| code as u8),
            likelihood_permille: vec![[0; SYMBOL_CODES]; SYMBOL_CODES],
            representatives: Vec::new(),
        };
        for (truth, reads) in &confusions.likelihood_permille {
            for (read, permille) in reads {
                // Symbols that no plate has can't be read either.
                let (Some(truth), Some(read)) = (Plate::symbol_code(*truth), Plate::symbol_code(*read))
                else {
                    continue;
                };
                table.likelihood_permille[usize::from(truth)][usize::from(read)] = (*permille).min(1000);
                table.join(truth, read);
            }
        }
        let codes = SERIAL_SYMBOLS.chars().filter_map(Plate::symbol_code);
        table.representatives = codes.map(|code| table.representative[usize::from(code)]).collect();
        table.representatives.sort_unstable();
        table.representatives.dedup();
        table
    }

    /// The canonical forms of the plates that differ from this one in the symbol at `shift` bits, itself included.
    pub(crate) fn canonical_like(&self, plate: Plate, shift: u32) -> impl Iterator<Item = u64> {
        let rest = self.canonical(plate) & !(SYMBOL_MASK << shift);
        self.representatives.iter().map(move |code| rest | u64::from(*code) << shift)
    }

    /// Puts two symbols into one group; the least code stands for it.
    fn join(&mut self, a: u8, b: u8) {
        let (a, b) = (self.representative[usize::from(a)], self.representative[usize::from(b)]);
        let (least, other) = (a.min(b), a.max(b));
        for representative in &mut self.representative {
            if *representative == other {
                *representative = least;
            }
        }
    }

    /// The plate with each symbol replaced by the one that stands for its group: plates that can be taken for one
    /// another by the table alone have the same canonical form.
    pub(crate) fn canonical(&self, plate: Plate) -> u64 {
        let mut rest = plate.packed();
        let mut canonical = 0;
        let mut shift = 0;
        while rest != 0 {
            let representative = self.representative[(rest & SYMBOL_MASK) as usize];
            canonical |= u64::from(representative) << shift;
            rest >>= SYMBOL_BITS;
            shift += SYMBOL_BITS;
        }
        canonical
    }

    /// Likelihood of the read in permille; 0 where the table names nothing.
    pub(crate) fn likelihood_permille(&self, truth: u8, read: u8) -> u16 {
        self.likelihood_permille[usize::from(truth)][usize::from(read)]
    }
}

/// The code of the symbol for an unread place.
pub(crate) fn unread_code() -> u8 {
    Plate::symbol_code(UNREAD).unwrap_or(1)
}

/// The codes of two plates place by place, from the last; `None` when their lengths differ.
pub(crate) fn paired_codes(a: Plate, b: Plate) -> Option<impl Iterator<Item = (u8, u8)>> {
    let count = a.symbol_count();
    (count == b.symbol_count()).then(|| {
        (0..count as u32).map(move |place| {
            let code = |plate: Plate| (plate.packed() >> (place * SYMBOL_BITS) & SYMBOL_MASK) as u8;
            (code(a), code(b))
        })
    })
}

/// The places of a packed plate that hold the unread symbol: bit 0 is the last place.
pub(crate) fn unread_places(plate: Plate) -> u16 {
    let unread = u64::from(unread_code());
    (0..plate.symbol_count() as u32)
        .filter(|place| plate.packed() >> (place * SYMBOL_BITS) & SYMBOL_MASK == unread)
        .fold(0, |places, place| places | 1 << place)
}

/// A packed plate with these places made unread.
pub(crate) fn masked(packed: u64, places: u16) -> u64 {
    let unread = u64::from(unread_code());
    let (mut masked, mut rest) = (packed, places);
    while rest != 0 {
        let shift = rest.trailing_zeros() * SYMBOL_BITS;
        masked = masked & !(SYMBOL_MASK << shift) | unread << shift;
        rest &= rest - 1;
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> ConfusionTable {
        let reads = |pairs: &[(char, u16)]| pairs.iter().copied().collect::<BTreeMap<_, _>>();
        ConfusionTable::new(&Confusions {
            likelihood_permille: [('8', reads(&[('B', 600)])), ('0', reads(&[('D', 500), ('Q', 300)]))]
                .into(),
        })
    }

    fn plate(text: &str) -> Plate {
        Plate::parse(text).unwrap()
    }

    #[test]
    fn plates_that_can_be_confused_share_their_canonical_form() {
        let table = table();
        assert_eq!(table.canonical(plate("鲁A8D345")), table.canonical(plate("鲁AB0345")));
        assert_eq!(table.canonical(plate("鲁AQ2345")), table.canonical(plate("鲁A02345")));
        assert_ne!(table.canonical(plate("鲁A12345")), table.canonical(plate("鲁A12346")));
        let code = |symbol| Plate::symbol_code(symbol).unwrap();
        assert_eq!(table.likelihood_permille(code('8'), code('B')), 600);
        assert_eq!(table.likelihood_permille(code('B'), code('8')), 0);
    }

    #[test]
    fn masks_count_from_the_last_place() {
        let read = plate("鲁A123-5");
        assert_eq!(unread_places(read), 0b10);
        assert_eq!(masked(plate("鲁A12345").packed(), 0b10), read.packed());
    }
}
