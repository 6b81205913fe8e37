//! Platforms of others that supervise vehicles from outside and forward where those are (JT/T 809).

use super::County;
use super::guises::Guise;
use super::names::DIVISION;
use super::vehicles::{Kind, REGISTERED_COUNT, STRANGER_COUNT};
use crate::dice::{Dice, Stream, mix};
use jt809::{Cipher, Edition};

/// A platform that forwards positions.
#[derive(Clone, Debug)]
pub struct Fleet {
    /// Its access code.
    pub access_code: u32,
    /// Its code among platforms: 11 digits.
    pub code: String,
    /// Name.
    pub name: &'static str,
    /// The user that it logs in as.
    pub user_id: u32,
    /// Password: eight letters and digits.
    pub password: String,
    /// Edition of JT/T 809.
    pub edition: Edition,
    /// What its messages are encrypted with.
    pub cipher: Option<Cipher>,
    /// Every how manieth of the trucks from outside it supervises, and from which on.
    share: (usize, usize),
}

/// Vehicles that one platform supervises where everybody takes part.
const VEHICLES_MAX: usize = 120;

impl Fleet {
    /// The platforms of a county: the superior one encrypts what it says, as JT/T 809-2011 has it; a neighbour speaks the edition
    /// of 2019 in plain.
    pub fn of(county: &County) -> [Self; 2] {
        let superior = Self {
            access_code: 3_799_001,
            name: "市道路运输车辆动态监管平台",
            edition: Edition::V2011,
            cipher: Some(cipher(county.seed)),
            ..Self::neighbour(county.seed, 0)
        };
        [superior, Self::neighbour(county.seed, 1)]
    }

    fn neighbour(seed: u64, number: usize) -> Self {
        let mut dice = Dice::new(seed, Stream::Fleet, number as u64, 0);
        Self {
            access_code: 3_799_002,
            code: format!("{DIVISION}0000{}", number + 1),
            name: "邻县道路运输车辆监控平台",
            user_id: 1_000 + dice.below(9_000) as u32,
            password: (0..8).map(|_| char::from(*dice.pick(b"abcdefghjkmnpqrstuvwxyz23456789"))).collect(),
            edition: Edition::V2019,
            cipher: None,
            share: (2, number),
        }
    }

    /// The trucks from outside that it supervises, of those that take part at this scale.
    pub(crate) fn vehicles(&self, county: &County, takes_part: impl Fn(u32) -> bool, scale: f64) -> Vec<u32> {
        let count = (VEHICLES_MAX as f64 * scale.clamp(0.1, 1.0)).round() as usize;
        let is_truck = |index: &usize| {
            let vehicle = &county.register.vehicles[*index];
            matches!(vehicle.kind, Kind::HeavyTruck | Kind::MediumTruck)
                && vehicle.guise == Guise::None
                && vehicle.cloned_by.is_none()
        };
        let (every, from) = self.share;
        let trucks = (REGISTERED_COUNT..REGISTERED_COUNT + STRANGER_COUNT).filter(is_truck);
        let own = trucks.skip(from).step_by(every).map(|index| index as u32);
        own.filter(|vehicle| takes_part(*vehicle)).take(count).collect()
    }
}

/// Three numbers as the two sides agree upon them.
fn cipher(seed: u64) -> Cipher {
    let number = |what: u64| 10_000_000 + (mix(&[seed, Stream::Fleet as u64, what]) % 90_000_000) as u32;
    Cipher { m1: number(1), ia1: number(2), ic1: number(3) }
}
