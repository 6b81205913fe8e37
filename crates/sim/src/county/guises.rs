//! Vehicles that are not what their plate says: clones of registered ones, invented numbers, no plate or a covered one.
//! They stand behind all others in the register's list, and no file tells of them.

use super::ZoneLists;
use super::vehicles::{Kind, REGISTERED_COUNT, Register, Standing, TERMINAL_COUNT, Vehicle, plate};
use crate::dice::{Dice, Stream};
use domain::Plate;
use std::collections::HashSet;

/// Vehicles with another's plate.
pub const CLONE_COUNT: usize = 180;
/// Vehicles with a number that nobody was given.
pub const FAKE_COUNT: usize = 120;
/// Vehicles without readable plate.
pub const HIDDEN_COUNT: usize = 120;

/// Whether a vehicle's plate is its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Guise {
    /// It is.
    #[default]
    None,
    /// Another's (套牌).
    Clone {
        /// Index of the vehicle to which it belongs.
        of: u32,
        /// Whether it looks the same: only impossible journeys betray it.
        is_alike: bool,
    },
    /// Nobody's (假牌).
    Fake,
    /// It has none (无牌).
    NoPlate,
    /// It is covered (遮挡).
    Covered,
}

/// Adds them.
pub(super) fn add(register: &mut Register, seed: u64, zones: &ZoneLists, taken: &mut HashSet<Plate>) {
    for number in 0..CLONE_COUNT {
        let mut dice = Dice::new(seed, Stream::Guise, 0, number as u64);
        let of = original(register, &mut dice);
        let index = register.vehicles.len() as u32;
        let original = &mut register.vehicles[of];
        original.cloned_by = Some(index);
        let is_alike = number % 2 == 0;
        let mut clone =
            Vehicle { guise: Guise::Clone { of: of as u32, is_alike }, cloned_by: None, ..*original };
        // Clones live on the other side of the county.
        (clone.home, clone.work) = (*dice.pick(&zones.township), *dice.pick(&zones.town));
        if !is_alike {
            (clone.kind, clone.color) = other_look(&mut dice, original);
        }
        register.vehicles.push(clone);
    }
    for number in 0..FAKE_COUNT + HIDDEN_COUNT {
        let mut dice = Dice::new(seed, Stream::Guise, 1, number as u64);
        let is_fake = number < FAKE_COUNT;
        let kind = if is_fake {
            *dice.pick_weighted(&[Kind::Car, Kind::Minivan, Kind::ElectricCar], &[3.0, 1.0, 0.5])
        } else {
            *dice.pick_weighted(
                &[Kind::Car, Kind::Minivan, Kind::Motorcycle, Kind::FarmTricycle],
                &[3.0, 2.0, 2.0, 2.0],
            )
        };
        let plate = loop {
            let plate = plate(&mut dice, kind, false);
            if taken.insert(plate) {
                break plate;
            }
        };
        register.vehicles.push(Vehicle {
            plate,
            kind,
            color: *dice.pick(&['A', 'B', 'E', 'G', 'H', 'J']),
            home: *dice.pick(&zones.township),
            work: *dice.pick(&zones.town),
            standing: Standing::Good,
            is_night_exempt: false,
            has_permit: false,
            guise: match number {
                _ if is_fake => Guise::Fake,
                number if number % 2 == 0 => Guise::NoPlate,
                _ => Guise::Covered,
            },
            cloned_by: None,
        });
    }
}

/// A registered car against which there is nothing, and which nobody seeks.
fn original(register: &Register, dice: &mut Dice) -> usize {
    loop {
        let index = TERMINAL_COUNT + dice.below(REGISTERED_COUNT - TERMINAL_COUNT);
        let Vehicle { kind, standing, cloned_by, .. } = register.vehicles[index];
        let is_fit = matches!(kind, Kind::Car | Kind::Minivan | Kind::ElectricCar)
            && standing == Standing::Good
            && cloned_by.is_none()
            && !register.is_watched(index as u32);
        if is_fit {
            return index;
        }
    }
}

/// Another kind or another colour, mostly both; the ground colour of the plate differs where the kind's does.
fn other_look(dice: &mut Dice, original: &Vehicle) -> (Kind, char) {
    let kind = match original.kind {
        Kind::Car if dice.chance(0.4) => Kind::Minivan,
        Kind::Minivan | Kind::ElectricCar => Kind::Car,
        kind => kind,
    };
    let color = match original.color {
        'E' | 'H' => 'A',
        _ => *dice.pick(&['E', 'H']),
    };
    (kind, color)
}
