//! Weigh-in-motion: how a truck is built, what it may weigh (GB 1589-2016, table 3), and what it weighs.

use super::Passage;
use crate::county::County;
use crate::county::vehicles::Kind;
use crate::dice::{Stream, unit_of};
use domain::Weighing;

/// A truck or a combination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rig {
    /// Axles, from the front, in shares of the whole weight (permille).
    axles_permille: &'static [u16],
    /// A tractor with its trailer (汽车列车).
    pub is_train: bool,
    /// The most that it may weigh.
    pub limit_kg: u32,
}

const TWO_AXLES: Rig = Rig { axles_permille: &[370, 630], is_train: false, limit_kg: 18_000 };
const THREE_AXLES: Rig = Rig { axles_permille: &[280, 360, 360], is_train: false, limit_kg: 25_000 };
const FOUR_AXLES: Rig = Rig { axles_permille: &[210, 210, 290, 290], is_train: false, limit_kg: 31_000 };
const FIVE_AXLE_TRAIN: Rig =
    Rig { axles_permille: &[160, 240, 200, 200, 200], is_train: true, limit_kg: 43_000 };
const SIX_AXLE_TRAIN: Rig =
    Rig { axles_permille: &[130, 180, 180, 170, 170, 170], is_train: true, limit_kg: 49_000 };
/// Share of the limit from which a truck is overloaded.
pub(crate) const FULL_PERCENT: u8 = 100;

impl Rig {
    /// How many axles it has.
    pub fn axle_count(self) -> u8 {
        self.axles_permille.len() as u8
    }

    /// What it weighs at a share of its limit.
    pub fn total_kg(self, load_percent: u8) -> u32 {
        self.limit_kg / 100 * u32::from(load_percent)
    }

    /// What a scale with an error says of it, in tens of kilograms.
    pub(crate) fn weighed(self, load_percent: u8, error: f64) -> Weighing {
        let total_kg = f64::from(self.total_kg(load_percent)) * error;
        let axles_kg: Vec<u32> = self
            .axles_permille
            .iter()
            .map(|share| (total_kg * f64::from(*share) / 10_000.0).round() as u32 * 10)
            .collect();
        Weighing {
            total_kg: axles_kg.iter().sum(),
            axle_count: self.axle_count(),
            axles_kg,
            is_train: Some(self.is_train),
        }
    }
}

/// How a vehicle is built.
pub fn rig(county: &County, vehicle: u32) -> Rig {
    let share = unit_of(&[county.seed, Stream::Weighing as u64, vehicle.into()]);
    match county.register.vehicles[vehicle as usize].kind {
        Kind::HeavyTruck if share < 0.75 => SIX_AXLE_TRAIN,
        Kind::HeavyTruck => FIVE_AXLE_TRAIN,
        Kind::DangerousGoods if share < 0.5 => FOUR_AXLES,
        Kind::DangerousGoods => THREE_AXLES,
        Kind::MediumTruck if share < 0.2 => THREE_AXLES,
        _ => TWO_AXLES,
    }
}

/// The share of its limit that an honest truck weighs at a passage, in percent: well below, so that no scale says more.
/// 0 for what is not weighed.
pub(super) fn honest_load_percent(county: &County, passage: &Passage) -> u8 {
    let kind = county.register.vehicles[passage.vehicle as usize].kind;
    if !county.checkpoints[usize::from(passage.checkpoint)].weighs
        || !matches!(kind, Kind::MediumTruck | Kind::HeavyTruck | Kind::DangerousGoods)
    {
        return 0;
    }
    let share =
        unit_of(&[county.seed, Stream::Weighing as u64, passage.vehicle.into(), passage.at_ms as u64]);
    35 + (share * 57.0) as u8
}
