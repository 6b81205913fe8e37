//! What a camera makes of a passing vehicle: its plate, how sure it is, its look, its speed, its weight.

use super::{NoiseRates, is_night};
use crate::county::County;
use crate::county::guises::Guise;
use crate::county::vehicles::Kind;
use crate::dice::{Dice, Stream};
use crate::traffic::{Passage, weighing};
use domain::{Behaviour, Behaviours, PlateColor, Weighing};
use smol_str::{SmolStr, SmolStrBuilder};
use std::fmt::Write as _;

/// How well a plate was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// As it is.
    Exact,
    /// One symbol taken for another.
    Misread,
    /// One symbol not read.
    Unread,
    /// Covered: wholly or partly unread.
    Covered,
    /// No plate found.
    NoPlate,
}

/// Symbols of the longest plate that the county has.
const SYMBOLS_MAX: usize = 8;

/// What a camera made of a passing vehicle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The plate as read, `-` for a symbol not read; `无车牌` for none.
    pub text: SmolStr,
    /// How well.
    pub quality: Quality,
    /// How sure the camera is, 0 to 100.
    pub confidence: u8,
    /// How sure of each symbol, in percent.
    percents: [u8; SYMBOLS_MAX],
    /// Body colour of GA/T 16.8.
    pub body_color: char,
    /// Vehicle type of GA/T 16.4.
    pub vehicle_type: &'static str,
    /// Speed as measured, in km/h.
    pub speed_kmh: u8,
    /// What the camera says it saw besides.
    pub behaviours: Behaviours,
    /// What the vehicle weighed, where it was weighed.
    pub weighing: Option<Weighing>,
}

impl Read {
    /// How sure of each symbol, in percent; none without a plate.
    pub fn percents(&self) -> impl Iterator<Item = u8> + '_ {
        let has_plate = self.quality != Quality::NoPlate;
        let symbols = if has_plate { self.text.chars().count() } else { 0 };
        self.percents.iter().copied().take(symbols)
    }

    /// How sure of each symbol, as GA/T 1400 writes it: `鲁-98,Q-97,…`; empty without a plate.
    pub fn per_symbol(&self) -> String {
        let mut text = String::new();
        if self.quality == Quality::NoPlate {
            return text;
        }
        for (index, (symbol, percent)) in self.text.chars().zip(self.percents).enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(text, "{comma}{symbol}-{percent}").expect("a string takes all that is written");
        }
        text
    }
}

/// Symbols that cameras take for each other.
const CONFUSIONS: [&str; 11] = ["0DQ", "8B3", "2Z", "5S", "17T", "CG6", "UV", "MNH", "EF", "KX", "PR"];
const SERIAL: &[u8] = b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// Share of the sightings of a covered plate in which nothing of it is read, and in which the camera sees that it is covered.
const WHOLLY_COVERED: f64 = 0.6;
const COVER_SEEN: f64 = 0.97;

/// Reads a passing vehicle.
pub fn read(county: &County, rates: &NoiseRates, passage: &Passage) -> Read {
    let key = passage.at_ms as u64 ^ u64::from(passage.checkpoint) << 48;
    let mut dice = Dice::new(county.seed, Stream::Reading, passage.vehicle.into(), key);
    let vehicle = &county.register.vehicles[passage.vehicle as usize];
    let body_color = if dice.chance(rates.body_color) { other_color(vehicle.color) } else { vehicle.color };
    let is_no_plate = dice.chance(rates.no_plate) || vehicle.guise == Guise::NoPlate;
    let mut read = Read {
        text: gat1400::object::NO_PLATE.into(),
        quality: Quality::NoPlate,
        confidence: 0,
        percents: [0; SYMBOLS_MAX],
        body_color,
        vehicle_type: vehicle.kind.vehicle_type(),
        speed_kmh: passage.speed_kmh,
        behaviours: passage.behaviours,
        weighing: None,
    };
    if !is_no_plate {
        plate(&mut dice, rates, passage, vehicle.plate, vehicle.guise == Guise::Covered, &mut read);
    }
    // Its own stream, so that the plates stay as they are when more goes wrong with the rest.
    let mut dice = Dice::new(county.seed, Stream::Behaviour, passage.vehicle.into(), key);
    if dice.chance(rates.vehicle_type) {
        read.vehicle_type = other_type(vehicle.kind);
    }
    let error_kmh = dice.between(-rates.speed_error_kmh, rates.speed_error_kmh).round();
    read.speed_kmh = (f64::from(passage.speed_kmh) + error_kmh).clamp(1.0, 255.0) as u8;
    if read.quality == Quality::Covered && dice.chance(COVER_SEEN) {
        read.behaviours = read.behaviours.with(Behaviour::PlateCovered);
    }
    if let Some(behaviour) = false_behaviour(&mut dice, rates, vehicle.kind) {
        read.behaviours = read.behaviours.with(behaviour);
    }
    if passage.load_percent > 0 {
        let rig = weighing::rig(county, passage.vehicle);
        let error = 1.0 + dice.between(-rates.weight_error, rates.weight_error);
        read.weighing = Some(rig.weighed(passage.load_percent, error));
    }
    read
}

/// Reads the plate.
fn plate(
    dice: &mut Dice,
    rates: &NoiseRates,
    passage: &Passage,
    plate: domain::Plate,
    is_covered: bool,
    read: &mut Read,
) {
    let mut symbols = ['\0'; SYMBOLS_MAX];
    let mut count = 0;
    for symbol in plate.symbols().take(SYMBOLS_MAX) {
        symbols[count] = symbol;
        count += 1;
    }
    let symbols = &mut symbols[..count];
    let misread = if is_night(passage.at_ms) { rates.misread_night } else { rates.misread_day };
    let (mut quality, mut doubtful) = (Quality::Exact, None);
    if is_covered {
        quality = Quality::Covered;
        let first = if dice.chance(WHOLLY_COVERED) { 0 } else { 2 + dice.below(2) };
        symbols[first..].fill(gat1400::object::UNREAD_CHARACTER);
    } else if dice.chance(misread) {
        let choice = dice.unit();
        let options = confusable(symbols);
        if choice < rates.unread || options.is_empty() {
            let index = 2 + dice.below(count - 2);
            symbols[index] = gat1400::object::UNREAD_CHARACTER;
            (quality, doubtful) = (Quality::Unread, Some(index));
        } else if choice < rates.unread + rates.outside_table {
            let index = 2 + dice.below(count - 2);
            let wrong = char::from(*dice.pick(SERIAL));
            symbols[index] = if wrong == symbols[index] { '8' } else { wrong };
            let is_same = plate.symbols().nth(index) == Some(symbols[index]);
            symbols[index] = if is_same { '3' } else { symbols[index] };
            (quality, doubtful) = (Quality::Misread, Some(index));
        } else {
            let (index, wrong) = *dice.pick(&options);
            symbols[index] = wrong;
            (quality, doubtful) = (Quality::Misread, Some(index));
        }
    }
    let mut lowest = 100;
    for (index, symbol) in symbols.iter().enumerate() {
        let percent = match doubtful {
            _ if *symbol == gat1400::object::UNREAD_CHARACTER => 10 + dice.below(25),
            Some(doubted) if doubted == index => 42 + dice.below(46),
            _ => 86 + dice.below(14),
        };
        lowest = lowest.min(percent);
        read.percents[index] = percent as u8;
    }
    let mut text = SmolStrBuilder::new();
    for symbol in symbols {
        text.push(*symbol);
    }
    (read.text, read.quality, read.confidence) = (text.finish(), quality, lowest as u8);
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

/// The colour that a body's is taken for, in bad light.
fn other_color(color: char) -> char {
    match color {
        'A' | 'J' => 'B',
        'B' => 'A',
        'C' => 'E',
        'E' | 'G' => 'I',
        'H' => 'J',
        _ => 'B',
    }
}

/// The type that a vehicle is taken for: its neighbour in size, of the same family.
fn other_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Car | Kind::ElectricCar => "K31",
        Kind::Minivan => "K33",
        Kind::LightTruck => "H21",
        Kind::MediumTruck => "H31",
        Kind::HeavyTruck => "Q21",
        Kind::DangerousGoods => "H11",
        Kind::ScheduledCoach | Kind::TourCoach | Kind::CityBus => "K21",
        Kind::SchoolBus => "K11",
        Kind::FarmTricycle => "N11",
        Kind::Motorcycle => "M22",
    }
}

/// A behaviour that was not there. The share is of the planted ones, of which a passage has one in about ten thousand.
fn false_behaviour(dice: &mut Dice, rates: &NoiseRates, kind: Kind) -> Option<Behaviour> {
    const PLANTED_PER_PASSAGE: f64 = 5e-5;
    if !dice.chance(PLANTED_PER_PASSAGE * rates.false_behaviours) {
        return None;
    }
    Some(match kind {
        Kind::Motorcycle => Behaviour::NoHelmet,
        Kind::FarmTricycle => Behaviour::CarryingPeople,
        _ if dice.chance(0.5) => Behaviour::NoBelt,
        _ => Behaviour::Phone,
    })
}

/// GA/T 16.8 body colour as a colour of GA/T 1400.
pub fn body_color_code(color: char) -> &'static str {
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
