//! What is planted on a day: which vehicle does what wrong. A function of (seed, day) alone, so that every part of the
//! simulation — drives, cameras, terminals, truth — comes to the same.
//!
//! Most offences are given to vehicles of the register or to strangers, drawn anew each day; [`plan`] makes the drives that
//! commit them. Vehicles in a guise ([`crate::county::guises`]) are out on some days by themselves.

pub(super) mod plan;

use super::Rates;
use crate::county::County;
use crate::county::guises::{CLONE_COUNT, FAKE_COUNT, Guise, HIDDEN_COUNT};
use crate::county::vehicles::{Kind, REGISTERED_COUNT, STRANGER_COUNT, Standing, TERMINAL_COUNT};
use crate::dice::{Dice, Stream, unit_of};
use domain::{Behaviour, CivilDay};
use std::collections::BTreeMap;

/// How many of each offence are planted a day, in the whole county. Those of the models that came first (watch orders,
/// section speed, fatigue, coaches by night, alarms, overdue vehicles) follow from the traffic itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quotas {
    /// Clones on the road.
    pub clone_plate: f64,
    /// Invented numbers on the road.
    pub fake_plate: f64,
    /// Vehicles without readable plate on the road.
    pub hidden_plate: f64,
    /// Expressway carriageways driven the wrong way.
    pub wrong_way: f64,
    /// Overloaded trucks.
    pub overload: f64,
    /// Each of the behaviours that cameras report.
    pub behaviour: f64,
    /// Trucks in the inner town by day.
    pub zone_ban: f64,
    /// Dangerous goods off their roads.
    pub off_route: f64,
    /// Dangerous goods on their roads out of hours.
    pub out_of_hours: f64,
    /// Trucks without terminal that drive on and on.
    pub passage_fatigue: f64,
    /// Terminals switched off.
    pub terminal_silent: f64,
    /// Terminals carried elsewhere.
    pub terminal_elsewhere: f64,
    /// Vehicles that stand in a section of the expressway.
    pub no_exit: f64,
    /// Minivans that go about the villages by night, for a rule that a user writes.
    pub night_villages: f64,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            clone_plate: 11.0,
            fake_plate: 10.0,
            hidden_plate: 9.0,
            wrong_way: 6.0,
            overload: 16.0,
            behaviour: 5.0,
            zone_ban: 14.0,
            off_route: 5.0,
            out_of_hours: 4.0,
            passage_fatigue: 9.0,
            terminal_silent: 9.0,
            terminal_elsewhere: 7.0,
            no_exit: 6.0,
            night_villages: 6.0,
        }
    }
}

/// What a vehicle does wrong on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offence {
    /// 逆行
    WrongWay,
    /// 超限超载
    Overload,
    /// What a camera reports.
    Behaviour(Behaviour),
    /// 货车违反限行
    ZoneBan,
    /// 危货车偏离路线
    OffRoute,
    /// 危货车违反时段
    OutOfHours,
    /// 卡口推算疲劳驾驶
    PassageFatigue,
    /// 终端失联
    TerminalSilent,
    /// 车、终端位置不符
    TerminalElsewhere,
    /// 区间滞留
    NoExit,
    /// 面包车夜间游走
    NightVillages,
}

/// Behaviours that cameras report of themselves; the others have a model of their own.
const BEHAVIOURS: [Behaviour; 5] = [
    Behaviour::NoBelt,
    Behaviour::Phone,
    Behaviour::NoHelmet,
    Behaviour::Overcrowded,
    Behaviour::CarryingPeople,
];

/// A vehicle of the kind is found within so many draws, or the offence does not happen.
const DRAWS_MAX: usize = 4_000;

/// Who does what on a day.
#[derive(Debug)]
pub struct DayOffences {
    by_vehicle: BTreeMap<u32, Offence>,
}

impl DayOffences {
    /// Draws the offenders of a day.
    pub(super) fn draw(county: &County, rates: &Rates, day: CivilDay) -> Self {
        use Offence as O;
        let quotas = rates.planted;
        let mut wanted = vec![
            (O::WrongWay, quotas.wrong_way),
            (O::Overload, quotas.overload),
            (O::ZoneBan, quotas.zone_ban),
            (O::OffRoute, quotas.off_route),
            (O::OutOfHours, quotas.out_of_hours),
            (O::PassageFatigue, quotas.passage_fatigue),
            (O::TerminalSilent, quotas.terminal_silent),
            (O::TerminalElsewhere, quotas.terminal_elsewhere),
            (O::NoExit, quotas.no_exit),
            (O::NightVillages, quotas.night_villages),
        ];
        wanted.extend(BEHAVIOURS.map(|behaviour| (O::Behaviour(behaviour), quotas.behaviour)));
        let mut by_vehicle = BTreeMap::new();
        for (number, (offence, per_day)) in wanted.into_iter().enumerate() {
            let mut dice = Dice::new(county.seed, Stream::Offence, day.0 as u64, number as u64);
            let count = (per_day * rates.offences + dice.unit()) as usize;
            for _ in 0..count {
                let range = offence.range(rates, &mut dice);
                let found = (0..DRAWS_MAX)
                    .map(|_| (range.start + dice.below(range.len())) as u32)
                    .find(|vehicle| offence.suits(county, *vehicle) && !by_vehicle.contains_key(vehicle));
                if let Some(vehicle) = found {
                    by_vehicle.insert(vehicle, offence);
                }
            }
        }
        Self { by_vehicle }
    }

    /// What the vehicle does wrong.
    pub fn of(&self, vehicle: u32) -> Option<Offence> {
        self.by_vehicle.get(&vehicle).copied()
    }

    /// All, by vehicle.
    pub fn iter(&self) -> impl Iterator<Item = (u32, Offence)> + '_ {
        self.by_vehicle.iter().map(|(vehicle, offence)| (*vehicle, *offence))
    }
}

impl Offence {
    /// The part of the register's list in which offenders are looked for.
    fn range(self, rates: &Rates, dice: &mut Dice) -> std::ops::Range<usize> {
        let terminals = 0..rates.terminal_count();
        let others = TERMINAL_COUNT..REGISTERED_COUNT;
        let strangers = REGISTERED_COUNT..REGISTERED_COUNT + STRANGER_COUNT;
        match self {
            Self::OffRoute | Self::OutOfHours | Self::TerminalSilent | Self::TerminalElsewhere => terminals,
            Self::Behaviour(_) | Self::NightVillages | Self::NoExit => others,
            Self::ZoneBan if dice.chance(0.5) => others,
            _ => strangers,
        }
    }

    fn suits(self, county: &County, vehicle: u32) -> bool {
        let found = &county.register.vehicles[vehicle as usize];
        let kind = found.kind;
        let is_fit = match self {
            Self::WrongWay => matches!(kind, Kind::Car | Kind::ElectricCar),
            Self::Overload | Self::PassageFatigue => kind == Kind::HeavyTruck,
            Self::ZoneBan => matches!(kind, Kind::LightTruck | Kind::MediumTruck | Kind::HeavyTruck),
            Self::OffRoute | Self::OutOfHours => kind == Kind::DangerousGoods,
            Self::TerminalSilent | Self::TerminalElsewhere => {
                super::plan::is_local(county, vehicle) && kind != Kind::DangerousGoods
            }
            // Key vehicles of which no positions come.
            Self::NightVillages | Self::NoExit => kind == Kind::Minivan,
            Self::Behaviour(Behaviour::NoHelmet) => kind == Kind::Motorcycle,
            Self::Behaviour(Behaviour::Overcrowded) => matches!(kind, Kind::Minivan | Kind::SchoolBus),
            Self::Behaviour(Behaviour::CarryingPeople) => kind == Kind::FarmTricycle,
            Self::Behaviour(_) => matches!(kind, Kind::Car | Kind::ElectricCar),
        };
        is_fit
            && found.standing == Standing::Good
            && !found.has_permit
            && found.cloned_by.is_none()
            && !county.register.is_watched(vehicle)
    }
}

/// Days in a row on which a clone is about.
const CLONE_DAYS: i32 = 3;

/// Whether a vehicle in a guise is on the road that day.
pub(super) fn is_about(county: &County, rates: &Rates, vehicle: u32, day: CivilDay) -> bool {
    let quotas = &rates.planted;
    let (per_day, count, period) = match county.register.vehicles[vehicle as usize].guise {
        Guise::None => return false,
        Guise::Clone { .. } => (quotas.clone_plate, CLONE_COUNT, day.0.div_euclid(CLONE_DAYS)),
        Guise::Fake => (quotas.fake_plate, FAKE_COUNT, day.0),
        Guise::NoPlate | Guise::Covered => (quotas.hidden_plate, HIDDEN_COUNT, day.0),
    };
    let chance = unit_of(&[county.seed, Stream::Offence as u64, vehicle.into(), period as u64]);
    chance < per_day * rates.offences / count as f64
}
