//! Number plates (号牌): up to nine symbols packed into 63 bits, so that a plate is a copyable key.
//!
//! [`Plate::parse`] is liberal: it normalises what cameras, terminals and people write and keeps unread places.
//! [`form::PlateForm::of`] is strict: it says which form of GA 36-2018 a plate has, if any. A read is evidence, never a fact.

pub mod form;

use serde::{Deserialize, Serialize};
use std::num::NonZeroU64;
use std::sync::LazyLock;

/// Every symbol a plate can hold; a symbol's index is its code. Append only: codes are stored.
const SYMBOLS: &str = "\0-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ\
京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼\
警学挂港澳领试超使应急民航";
/// [`SYMBOLS`] as they are looked up: of every plate that is read, stored or shown.
struct Symbols {
    by_code: Vec<char>,
    by_symbol: Vec<(char, u8)>,
}

static ALL: LazyLock<Symbols> = LazyLock::new(|| {
    let by_code: Vec<char> = SYMBOLS.chars().collect();
    let mut by_symbol: Vec<(char, u8)> = SYMBOLS.chars().zip(0..).collect();
    by_symbol.sort_unstable();
    Symbols { by_code, by_symbol }
});

/// The symbol of a place that could not be read ("-" in GA/T 1400).
pub const UNREAD: char = '-';
/// Longest plate in symbols: 省 + letter + 5 + 应急.
pub const SYMBOLS_MAX: usize = 9;
/// Bits that a symbol takes in [`Plate::packed`]; the last symbol lies lowest.
pub const SYMBOL_BITS: u32 = 7;
const SYMBOL_MASK: u64 = (1 << SYMBOL_BITS) - 1;
/// Where a dash separates in a civil plate: behind province and authority.
const SEPARATED_FROM: usize = 2;
/// The code of [`UNREAD`].
const UNREAD_CODE: u64 = 1;
/// Symbols of a new-energy plate.
const NEW_ENERGY_SYMBOLS: usize = 8;
/// Colours that some cameras write in front of the plate.
const COLOR_WORDS: &str = "蓝黄白黑绿";
const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";

/// A plate as read or as registered, normalised.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Plate(NonZeroU64);

/// Why a text is not a plate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlateError {
    /// Nothing, or one of the words for a vehicle without a plate.
    #[error("no plate")]
    NoPlate,
    /// The words for a plate that could not be read at all.
    #[error("plate not read")]
    NotRead,
    /// A symbol that no plate has.
    #[error("no plate has the symbol {0:?}")]
    Symbol(char),
    /// Fewer than 5 or more than 9 symbols.
    #[error("{0} symbols, a plate has 5 to 9")]
    Length(usize),
}

impl Plate {
    /// Reads what a camera, terminal or person wrote: strips spaces, `·`, `.` and separating `-`, a colour word in front
    /// (Hikvision: "蓝苏A8HK52"), folds full-width and lower case, and in the serial O to 0 and I to 1 (GA 36-2018 4.2:
    /// the serial has neither). `-`, `?` and `*` in place of a symbol are unread places.
    pub fn parse(text: &str) -> Result<Self, PlateError> {
        Self::parse_on(text, PlateColor::Unknown)
    }

    /// A camera's text without the colour words in front, which are no part of the plate: 苏A8HK52 of 蓝苏A8HK52. 黑 is a colour
    /// and a province.
    pub fn without_color(text: &str) -> &str {
        let mut start = 0;
        for (at, symbol) in text.char_indices() {
            if PROVINCES.contains(symbol) {
                start = at;
            }
            if !COLOR_WORDS.contains(symbol) {
                break;
            }
        }
        text.get(start..).unwrap_or(text)
    }

    /// The same of a plate with this ground: "鲁Q-12345" on green is a new-energy plate, which has eight symbols, of which
    /// one was not read.
    pub fn parse_on(text: &str, ground: PlateColor) -> Result<Self, PlateError> {
        let trimmed = Self::without_color(text.trim());
        match trimmed {
            "" | "无车牌" | "无牌" | "无牌车" | "未悬挂" | "noPlate" | "noplate" | "无" => {
                return Err(PlateError::NoPlate);
            }
            "unknown" | "未识别" | "车牌" | "无法识别" | "-" | "--" => {
                return Err(PlateError::NotRead);
            }
            _ => {}
        }
        let mut symbols: Vec<char> = trimmed.chars().filter_map(fold).collect();
        // 黑 is a colour and a province: a colour is followed by a plate that begins.
        match symbols.as_slice() {
            [color, '牌', ..] if COLOR_WORDS.contains(*color) => {
                symbols.drain(..2);
            }
            [color, next, ..] if COLOR_WORDS.contains(*color) && PROVINCES.contains(*next) => {
                symbols.remove(0);
            }
            _ => {}
        }
        // "京A-12345": a dash separates when the plate is whole without it, else it stands for an unread place. So does one
        // further on in a civil plate: "鲁QD117-1" is a new-energy plate of eight symbols.
        if symbols.contains(&UNREAD) {
            let is_civil = symbols.first().is_some_and(|c| PROVINCES.contains(*c));
            let is_further_on = symbols.iter().skip(SEPARATED_FROM + 1).any(|c| *c == UNREAD);
            let joined: Vec<char> = symbols.iter().copied().filter(|c| *c != UNREAD).collect();
            let is_new_energy = matches!(ground, PlateColor::Green | PlateColor::YellowGreen);
            let is_one_unread = is_new_energy && symbols.len() == NEW_ENERGY_SYMBOLS;
            if !(is_civil && (is_further_on || is_one_unread))
                && form::PlateForm::of_symbols(&joined).is_some()
            {
                symbols = joined;
            }
        }
        if symbols.first().is_some_and(|c| PROVINCES.contains(*c)) {
            for symbol in symbols.iter_mut().skip(2) {
                match symbol {
                    'O' => *symbol = '0',
                    'I' => *symbol = '1',
                    _ => {}
                }
            }
        }
        Self::from_symbols(&symbols)
    }

    fn from_symbols(symbols: &[char]) -> Result<Self, PlateError> {
        if !(5..=SYMBOLS_MAX).contains(&symbols.len()) {
            return Err(PlateError::Length(symbols.len()));
        }
        if symbols.iter().all(|c| *c == UNREAD) {
            return Err(PlateError::NotRead);
        }
        let mut packed = 0u64;
        for symbol in symbols {
            let code = code_of(*symbol).ok_or(PlateError::Symbol(*symbol))?;
            packed = packed << SYMBOL_BITS | u64::from(code);
        }
        NonZeroU64::new(packed).map(Self).ok_or(PlateError::NoPlate)
    }

    /// The packed form: equal plates, equal numbers.
    pub fn packed(self) -> u64 {
        self.0.get()
    }

    /// The plate of a packed form; `None` when no plate has it.
    pub fn from_packed(packed: u64) -> Option<Self> {
        let plate = Self(NonZeroU64::new(packed)?);
        let codes = ALL.by_code.len() as u64;
        let is_plate = packed >> (SYMBOLS_MAX as u32 * SYMBOL_BITS) == 0
            && std::iter::successors(Some(packed), |rest| Some(rest >> SYMBOL_BITS))
                .take_while(|rest| *rest != 0)
                .all(|rest| (1..codes).contains(&(rest & SYMBOL_MASK)));
        is_plate.then_some(plate)
    }

    /// The plate of a text as [`Display`](std::fmt::Display) writes it: nothing is normalised.
    pub fn of_text(text: &str) -> Option<Self> {
        let add = |packed: u64, symbol| Some(packed << SYMBOL_BITS | u64::from(code_of(symbol)?));
        let is_short = text.chars().count() <= SYMBOLS_MAX;
        NonZeroU64::new(text.chars().take(SYMBOLS_MAX).try_fold(0, add)?).filter(|_| is_short).map(Self)
    }

    /// The symbol of a code in [`Self::packed`].
    pub fn symbol(code: u8) -> Option<char> {
        ALL.by_code.get(usize::from(code)).copied().filter(|symbol| *symbol != '\0')
    }

    /// The code of a symbol in [`Self::packed`], below 128; `None` for what no plate has.
    pub fn symbol_code(symbol: char) -> Option<u8> {
        code_of(symbol)
    }

    /// The symbols from left to right.
    pub fn symbols(self) -> impl DoubleEndedIterator<Item = char> {
        let packed = self.0.get();
        let count = (u64::BITS - packed.leading_zeros()).div_ceil(SYMBOL_BITS);
        (0..count).rev().map(move |place| symbol_of((packed >> (place * SYMBOL_BITS) & 0x7f) as u8))
    }

    /// Number of symbols, 5 to 9.
    pub fn symbol_count(self) -> usize {
        (u64::BITS - self.0.get().leading_zeros()).div_ceil(SYMBOL_BITS) as usize
    }

    /// Whether a place could not be read.
    pub fn has_unread(self) -> bool {
        // Asked of every read: without decoding the symbols.
        std::iter::successors(Some(self.0.get()), |rest| Some(rest >> SYMBOL_BITS))
            .take_while(|rest| *rest != 0)
            .any(|rest| rest & SYMBOL_MASK == UNREAD_CODE)
    }

    /// This plate with the symbol at `index` (from the left) replaced; `None` when there is no such place or symbol.
    pub fn with_symbol(self, index: usize, symbol: char) -> Option<Self> {
        let place = self.symbol_count().checked_sub(index + 1)? as u32;
        let (shift, code) = (place * SYMBOL_BITS, u64::from(code_of(symbol)?));
        NonZeroU64::new(self.0.get() & !(SYMBOL_MASK << shift) | code << shift).map(Self)
    }
}

impl std::str::FromStr for Plate {
    type Err = PlateError;

    fn from_str(text: &str) -> Result<Self, PlateError> {
        Self::parse(text)
    }
}

impl std::fmt::Display for Plate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.symbols().try_for_each(|c| std::fmt::Write::write_char(f, c))
    }
}

impl std::fmt::Debug for Plate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plate({self})")
    }
}

/// One symbol in canonical form; `None` for what only separates.
fn fold(c: char) -> Option<char> {
    Some(match c {
        ' ' | '\u{3000}' | '·' | '•' | '.' | '．' | '・' => return None,
        '?' | '*' | '？' | '＊' | '－' | '_' => UNREAD,
        // Full-width forms stand 0xFEE0 above ASCII.
        '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' => {
            char::from_u32(c as u32 - 0xFEE0).map_or(c, |half| half.to_ascii_uppercase())
        }
        _ => c.to_ascii_uppercase(),
    })
}

fn code_of(symbol: char) -> Option<u8> {
    match symbol {
        '-' => Some(1),
        '0'..='9' => Some(symbol as u8 - b'0' + 2),
        'A'..='Z' => Some(symbol as u8 - b'A' + 12),
        '\0' => None,
        _ => {
            let place = ALL.by_symbol.binary_search_by_key(&symbol, |(symbol, _)| *symbol).ok()?;
            ALL.by_symbol.get(place).map(|(_, code)| *code)
        }
    }
}

fn symbol_of(code: u8) -> char {
    match code {
        1 => '-',
        2..=11 => (b'0' + code - 2) as char,
        12..=37 => (b'A' + code - 12) as char,
        _ => ALL.by_code.get(usize::from(code)).copied().unwrap_or(UNREAD),
    }
}

/// Ground colour of a plate. Three code systems meet (GA/T 1400, GA/T 833, JT/T 697.7): each is converted where it enters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PlateColor {
    /// Not said or not read.
    #[default]
    Unknown,
    /// Small vehicles.
    Blue,
    /// Large vehicles, trailers, learners.
    Yellow,
    /// Police, military, emergency.
    White,
    /// Embassies, foreign, Hong Kong and Macao.
    Black,
    /// Small new-energy vehicles (gradient green).
    Green,
    /// Large new-energy vehicles.
    YellowGreen,
}

impl PlateColor {
    /// The word used in the API and in files.
    pub fn key(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Blue => "blue",
            Self::Yellow => "yellow",
            Self::White => "white",
            Self::Black => "black",
            Self::Green => "green",
            Self::YellowGreen => "yellow_green",
        }
    }

    /// The colour of a key or of its Chinese name.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text.trim() {
            "unknown" | "" | "未知" => Self::Unknown,
            "blue" | "蓝" | "蓝色" => Self::Blue,
            "yellow" | "黄" | "黄色" => Self::Yellow,
            "white" | "白" | "白色" => Self::White,
            "black" | "黑" | "黑色" => Self::Black,
            "green" | "绿" | "绿色" | "渐变绿" => Self::Green,
            "yellow_green" | "黄绿" | "黄绿双拼" => Self::YellowGreen,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_colour_in_front_is_no_part_of_the_plate() {
        for (text, plate) in [
            ("蓝苏A8HK52", "苏A8HK52"),
            ("黄绿鲁Q12345D", "鲁Q12345D"),
            ("黑A12345", "黑A12345"),
            ("黑黑A12345", "黑A12345"),
            ("无车牌", "无车牌"),
            ("蓝", "蓝"),
            ("", ""),
        ] {
            assert_eq!(Plate::without_color(text), plate);
        }
    }

    #[test]
    fn what_devices_write_becomes_one_plate() {
        let plate = Plate::parse("鲁Q12B45").unwrap();
        for text in [
            "鲁q12b45",
            " 鲁Q·12B45 ",
            "蓝鲁Q12B45",
            "鲁Ｑ１２Ｂ４５",
            "鲁Q-12B45",
            "鲁QI2B45",
            "蓝牌鲁Q12B45",
            "黄绿鲁Q12B45",
        ] {
            assert_eq!(Plate::parse(text), Ok(plate), "{text}");
        }
        assert_eq!(plate.to_string(), "鲁Q12B45");
        assert_eq!(plate.symbol_count(), 7);
        // 黑 in front is a colour or the province 黑龙江.
        assert_eq!(Plate::parse("黑D23908").unwrap().to_string(), "黑D23908");
        assert_eq!(Plate::parse("黑粤Z1234港").unwrap().to_string(), "粤Z1234港");
    }

    #[test]
    fn unread_places_stay_and_missing_plates_are_said() {
        let plate = Plate::parse("鲁Q1-B45").unwrap();
        assert!(plate.has_unread());
        assert_eq!(plate.to_string(), "鲁Q1-B45");
        // Whole without the dash, but eight symbols long: a new-energy plate of which one was not read.
        assert_eq!(Plate::parse("鲁QD117-1").unwrap().symbol_count(), 8);
        // So is one on a green ground, whose first place was not read; a dash that separates comes on top.
        for ground in [PlateColor::Green, PlateColor::YellowGreen] {
            assert_eq!(Plate::parse_on("鲁Q-12345", ground).unwrap().to_string(), "鲁Q-12345");
            assert_eq!(Plate::parse_on("鲁Q-D12345", ground).unwrap().to_string(), "鲁QD12345");
        }
        assert_eq!(Plate::parse_on("鲁Q-12345", PlateColor::Blue).unwrap().to_string(), "鲁Q12345");
        assert_eq!(Plate::parse("无车牌"), Err(PlateError::NoPlate));
        assert_eq!(Plate::parse("unknown"), Err(PlateError::NotRead));
        assert_eq!(Plate::parse("-------"), Err(PlateError::NotRead));
        assert_eq!(Plate::parse("貴ANC116"), Err(PlateError::Symbol('貴')));
        assert_eq!(Plate::parse("鲁Q1"), Err(PlateError::Length(3)));
        // The letter O is the authority of old police plates and stays in the second place.
        assert_eq!(Plate::parse("京O12345").unwrap().to_string(), "京O12345");
    }

    #[test]
    fn symbols_are_distinct_and_fit_seven_bits() {
        let all: Vec<char> = SYMBOLS.chars().collect();
        assert!(all.len() <= 128);
        let mut sorted = all.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), all.len());
        for (index, symbol) in all.iter().enumerate().skip(1) {
            assert_eq!(code_of(*symbol), Some(index as u8));
            assert_eq!(symbol_of(index as u8), *symbol);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_panic(text in ".{0,24}") {
            if let Ok(plate) = Plate::parse(&text) {
                prop_assert_eq!(Plate::parse(&plate.to_string()), Ok(plate));
                prop_assert_eq!(Plate::of_text(&plate.to_string()), Some(plate));
                prop_assert_eq!(Plate::from_packed(plate.packed()), Some(plate));
            }
        }

        #[test]
        fn written_plates_come_back(text in "[鲁京沪粤][A-HJ-NP-Z][A-HJ-NP-Z0-9]{5}") {
            prop_assert_eq!(Plate::parse(&text).unwrap().to_string(), text);
        }
    }
}
