//! What goes wrong between the road and the platform: misread plates, drifting clocks, doubled posts, network cuts.
//! All of it follows from the seed.

use crate::county::County;
use crate::dice::{Dice, Stream, mix, unit_of};
use crate::traffic::{Passage, ms_of_day};
use domain::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use domain::{PlateColor, Timestamp};
use std::fmt::Write as _;

/// How often things go wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseRates {
    /// Share of plates misread by day; GA/T 497-2009 allows 10 %.
    pub misread_day: f64,
    /// Share of plates misread by night; GA/T 497-2009 allows 20 %.
    pub misread_night: f64,
    /// Share of misreads with a symbol not read at all instead of a wrong one.
    pub unread: f64,
    /// Share of vehicles in which no plate is found.
    pub no_plate: f64,
    /// Share of passages that a camera sends twice.
    pub doubled: f64,
    /// Largest error of a camera's clock in ms.
    pub clock_error_ms: i64,
    /// Share of camera days with a network cut.
    pub cut: f64,
}

impl Default for NoiseRates {
    fn default() -> Self {
        Self {
            misread_day: 0.10,
            misread_night: 0.20,
            unread: 0.15,
            no_plate: 0.004,
            doubled: 0.004,
            clock_error_ms: 1_200,
            cut: 0.3,
        }
    }
}

/// How well a plate was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// As it is.
    Exact,
    /// One symbol taken for another.
    Misread,
    /// One symbol not read.
    Unread,
    /// No plate found.
    NoPlate,
}

/// What a camera made of a passing vehicle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The plate as read, `-` for a symbol not read; `无车牌` for none.
    pub text: String,
    /// How well.
    pub quality: Quality,
    /// How sure the camera is, 0 to 100.
    pub confidence: u8,
    /// How sure of each symbol: `鲁-98,Q-97,…`.
    pub per_symbol: String,
    /// Body colour as a GA/T 1400 code.
    pub body_color: &'static str,
}

/// Symbols that cameras take for each other.
const CONFUSIONS: [&str; 11] = ["0DQ", "8B3", "2Z", "5S", "17T", "CG6", "UV", "MNH", "EF", "KX", "PR"];
/// Every vehicle's night: before 06:00 and from 18:30 on.
const DAWN_MS: i64 = 6 * HOUR_MS;
const DUSK_MS: i64 = 18 * HOUR_MS + 30 * MINUTE_MS;

/// Whether it is dark.
pub fn is_night(at_ms: i64) -> bool {
    !(DAWN_MS..DUSK_MS).contains(&ms_of_day(at_ms))
}

/// Reads the plate of a passing vehicle.
pub fn read(county: &County, rates: &NoiseRates, passage: &Passage) -> Read {
    let key = passage.at_ms as u64 ^ u64::from(passage.checkpoint) << 48;
    let mut dice = Dice::new(county.seed, Stream::Reading, passage.vehicle.into(), key);
    let vehicle = &county.register.vehicles[passage.vehicle as usize];
    let body_color = body_color_code(if dice.chance(0.94) { vehicle.color } else { 'B' });
    if dice.chance(rates.no_plate) {
        let (text, per_symbol) = (gat1400::object::NO_PLATE.into(), String::new());
        return Read { text, quality: Quality::NoPlate, confidence: 0, per_symbol, body_color };
    }
    let mut symbols: Vec<char> = vehicle.plate.symbols().collect();
    let misread = if is_night(passage.at_ms) { rates.misread_night } else { rates.misread_day };
    let (mut quality, mut doubtful) = (Quality::Exact, None);
    if dice.chance(misread) {
        let options = confusable(&symbols);
        if dice.chance(rates.unread) || options.is_empty() {
            let index = 2 + dice.below(symbols.len() - 2);
            symbols[index] = gat1400::object::UNREAD_CHARACTER;
            (quality, doubtful) = (Quality::Unread, Some(index));
        } else {
            let (index, wrong) = *dice.pick(&options);
            symbols[index] = wrong;
            (quality, doubtful) = (Quality::Misread, Some(index));
        }
    }
    let mut per_symbol = String::new();
    let mut lowest = 100;
    for (index, symbol) in symbols.iter().enumerate() {
        let percent = match doubtful {
            Some(doubted) if doubted == index && quality == Quality::Unread => 10 + dice.below(25),
            Some(doubted) if doubted == index => 42 + dice.below(46),
            _ => 86 + dice.below(14),
        };
        lowest = lowest.min(percent);
        let comma = if index == 0 { "" } else { "," };
        write!(per_symbol, "{comma}{symbol}-{percent}").expect("a string takes all that is written");
    }
    Read { text: symbols.into_iter().collect(), quality, confidence: lowest as u8, per_symbol, body_color }
}

/// All single confusions of a plate: place and wrong symbol. Province and authority are seldom in doubt.
fn confusable(symbols: &[char]) -> Vec<(usize, char)> {
    let mut options = Vec::new();
    for (index, symbol) in symbols.iter().enumerate().skip(2) {
        for group in CONFUSIONS.iter().filter(|group| group.contains(*symbol)) {
            options.extend(group.chars().filter(|other| other != symbol).map(|other| (index, other)));
        }
    }
    options
}

/// GA/T 16.8 body colour as a colour of GA/T 1400.
fn body_color_code(color: char) -> &'static str {
    match color {
        'A' => "2",
        'B' => "3",
        'C' => "6",
        'D' => "12",
        'E' => "4",
        'F' => "10",
        'G' => "9",
        'H' => "5",
        'I' => "8",
        'J' => "1",
        _ => "99",
    }
}

/// The ground colour of a plate as a colour of GA/T 1400.
pub fn plate_color_code(color: PlateColor) -> &'static str {
    match color {
        PlateColor::Blue => "5",
        PlateColor::Yellow => "6",
        PlateColor::White => "2",
        PlateColor::Black => "1",
        PlateColor::Green | PlateColor::YellowGreen => "9",
        PlateColor::Unknown => "99",
    }
}

/// How far a camera's clock is ahead of the truth at an instant, in ms: an error of its own, and a slow swing.
/// One street camera has lost its time server and is a minute and a half ahead.
pub fn clock_error_ms(county: &County, rates: &NoiseRates, checkpoint: u16, at_ms: i64) -> i64 {
    const LOST: usize = 35;
    const LOST_AHEAD_MS: i64 = 90_000;
    const SWING_SHARE: f64 = 0.25;
    let own = unit_of(&[county.seed, Stream::Clock as u64, checkpoint.into()]) * 2.0 - 1.0;
    let phase = at_ms as f64 / (11 * HOUR_MS) as f64 * std::f64::consts::TAU + own * 40.0;
    let error = (own * (1.0 - SWING_SHARE) + phase.sin() * SWING_SHARE) * rates.clock_error_ms as f64;
    let lost = if usize::from(checkpoint) == LOST && rates.clock_error_ms > 0 { LOST_AHEAD_MS } else { 0 };
    error as i64 + lost
}

/// Whether a camera sends this passage twice.
pub fn is_doubled(county: &County, rates: &NoiseRates, passage: &Passage) -> bool {
    let parts = [county.seed, Stream::Delivery as u64, passage.vehicle.into(), passage.at_ms as u64];
    unit_of(&parts) < rates.doubled
}

/// The end of the network cut that a camera is in, if it is in one. A cut lasts 3 to 15 minutes.
pub fn cut_until_ms(county: &County, rates: &NoiseRates, checkpoint: u16, at_ms: i64) -> Option<i64> {
    let day = Timestamp::from_unix_ms(at_ms).beijing_day();
    let parts = [county.seed, Stream::Cut as u64, checkpoint.into(), day.0 as u64];
    let mut dice = Dice::new(mix(&parts), Stream::Cut, 0, 0);
    if !dice.chance(rates.cut) {
        return None;
    }
    let start = day.start().unix_ms() + dice.between(0.0, (DAY_MS - HOUR_MS) as f64) as i64;
    let end = start + dice.between(3.0, 15.0) as i64 * MINUTE_MS;
    (start..end).contains(&at_ms).then_some(end)
}
