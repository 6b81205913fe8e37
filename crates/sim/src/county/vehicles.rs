//! The register: 100,000 vehicles of the county, 60,000 that come through, terminals, watch orders.
//!
//! A vehicle's index says what it is: first those with terminals (mixed, so that any first part has every kind), then
//! the other registered ones, then strangers.

use super::guises::{self, Guise};
use super::{ZoneLists, names};
use crate::dice::{Dice, Stream, unit_of};
use domain::{CivilDay, KeyClass, Level, Plate, PlateClass, VehicleKey};
use std::collections::HashSet;

/// Vehicles in the register.
pub const REGISTERED_COUNT: usize = 100_000;
/// Vehicles of other places that come through.
pub const STRANGER_COUNT: usize = 60_000;
/// Vehicles with a terminal.
pub const TERMINAL_COUNT: usize = 2_000;
const WATCH_ORDER_COUNT: usize = 60;
/// Watch orders are in force since so many days, so that what devices have kept of the day before counts.
const WATCH_ORDER_AGE_DAYS: i32 = 2;

/// Kinds of vehicles that behave alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// 小型轿车
    Car,
    /// 小型新能源轿车
    ElectricCar,
    /// 面包车
    Minivan,
    /// 轻型货车
    LightTruck,
    /// 中型货车
    MediumTruck,
    /// 重型半挂牵引车, with terminal when registered
    HeavyTruck,
    /// 危险货物运输车, with terminal
    DangerousGoods,
    /// 班线客车, with terminal
    ScheduledCoach,
    /// 旅游客车, with terminal
    TourCoach,
    /// 公交车
    CityBus,
    /// 校车
    SchoolBus,
    /// 三轮汽车
    FarmTricycle,
    /// 摩托车
    Motorcycle,
}

impl Kind {
    /// Plate class of GA/T 16.7.
    pub fn plate_class(self) -> PlateClass {
        match self {
            Self::Car | Self::Minivan | Self::LightTruck => PlateClass::SMALL,
            Self::ElectricCar => PlateClass::SMALL_NEW_ENERGY,
            Self::CityBus => PlateClass::LARGE_NEW_ENERGY,
            Self::FarmTricycle => PlateClass(13),
            Self::Motorcycle => PlateClass(7),
            _ => PlateClass::LARGE,
        }
    }

    /// Vehicle type of GA/T 16.4.
    pub fn vehicle_type(self) -> &'static str {
        match self {
            Self::Car | Self::ElectricCar => "K33",
            Self::Minivan => "K31",
            Self::LightTruck => "H31",
            Self::MediumTruck => "H21",
            Self::HeavyTruck => "Q11",
            Self::DangerousGoods => "H14",
            Self::ScheduledCoach | Self::TourCoach | Self::CityBus => "K11",
            Self::SchoolBus => "K21",
            Self::FarmTricycle => "N11",
            Self::Motorcycle => "M21",
        }
    }

    /// Use of GA/T 16.3.
    pub fn use_code(self) -> char {
        match self {
            Self::LightTruck | Self::MediumTruck | Self::HeavyTruck => 'F',
            Self::DangerousGoods => 'R',
            Self::ScheduledCoach => 'B',
            Self::TourCoach => 'E',
            Self::CityBus => 'C',
            Self::SchoolBus => 'P',
            _ => 'A',
        }
    }

    /// Whether it is a key vehicle, and which.
    pub fn key_class(self) -> Option<KeyClass> {
        Some(match self {
            Self::ScheduledCoach => KeyClass::ScheduledCoach,
            Self::TourCoach => KeyClass::TourCoach,
            Self::DangerousGoods => KeyClass::DangerousGoods,
            Self::HeavyTruck => KeyClass::HeavyGoods,
            Self::Minivan => KeyClass::Minivan,
            Self::SchoolBus => KeyClass::SchoolBus,
            Self::FarmTricycle => KeyClass::FarmTricycle,
            _ => return None,
        })
    }

    /// Whether the limits of large vehicles hold.
    pub fn is_large(self) -> bool {
        matches!(
            self,
            Self::MediumTruck
                | Self::HeavyTruck
                | Self::DangerousGoods
                | Self::ScheduledCoach
                | Self::TourCoach
                | Self::CityBus
        )
    }

    /// Whether the ban of trucks in the inner town is about it.
    pub fn is_truck(self) -> bool {
        matches!(self, Self::LightTruck | Self::MediumTruck | Self::HeavyTruck | Self::DangerousGoods)
    }

    /// Whether it is a coach in the sense of the driving-time rules.
    pub fn is_coach(self) -> bool {
        matches!(self, Self::ScheduledCoach | Self::TourCoach)
    }
}

/// What the register has against a vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Good,
    /// Inspection ran out.
    InspectionOverdue,
    /// Past compulsory scrapping.
    ScrappingOverdue,
    /// Many offences not handled.
    UnhandledOffences,
}

/// A vehicle.
#[derive(Clone, Copy, Debug)]
pub struct Vehicle {
    /// Number.
    pub plate: Plate,
    /// Kind.
    pub kind: Kind,
    /// Body colour of GA/T 16.8 (A white, B grey, C yellow, … J black).
    pub color: char,
    /// Zone where it stands at night.
    pub home: u16,
    /// Zone where it goes most days.
    pub work: u16,
    /// Against it.
    pub standing: Standing,
    /// Coach exempt from the stop 02:00–05:00.
    pub is_night_exempt: bool,
    /// Truck with a permit for the inner town by day.
    pub has_permit: bool,
    /// Whether its plate is its own.
    pub guise: Guise,
    /// The vehicle that drives with the same plate, if any.
    pub cloned_by: Option<u32>,
}

/// The register's dates and numbers for one vehicle.
#[derive(Clone, Debug)]
pub struct File {
    /// Owner, invented; "个人" for private persons.
    pub owner: String,
    /// Last day of the inspection.
    pub inspection_valid_until: CivilDay,
    /// Day of compulsory scrapping, for kinds that have one.
    pub scrap_by: Option<CivilDay>,
    /// Offences not handled.
    pub unhandled_offences: u16,
}

/// Generation of JT/T 808 that a terminal speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// JT/T 808-2011
    V2011,
    /// JT/T 808-2013
    V2013,
    /// JT/T 808-2019
    V2019,
}

/// A watch order to be imported.
#[derive(Clone, Debug)]
pub struct WatchOrder {
    /// Index of the vehicle.
    pub vehicle: u32,
    /// Reason.
    pub reason: &'static str,
    /// Legal basis.
    pub legal_basis: &'static str,
    /// How urgent.
    pub level: Level,
    /// First day.
    pub from: CivilDay,
    /// Last day.
    pub until: CivilDay,
}

/// All vehicles and watch orders.
#[derive(Clone, Debug)]
pub struct Register {
    /// By index: with terminal, registered, strangers, those in a guise.
    pub vehicles: Vec<Vehicle>,
    /// Watch orders.
    pub watch_orders: Vec<WatchOrder>,
    seed: u64,
    day: CivilDay,
}

/// The mix of vehicles with terminals, repeated: 16 scheduled and 4 tour coaches, 8 dangerous goods and 72 heavy
/// trucks in a hundred.
fn terminal_kind(index: usize) -> Kind {
    match index % 25 {
        0 | 6 | 12 | 18 => Kind::ScheduledCoach,
        3 => Kind::TourCoach,
        9 | 15 => Kind::DangerousGoods,
        _ => Kind::HeavyTruck,
    }
}

const REGISTERED: [(Kind, f64); 10] = [
    (Kind::Car, 68.0),
    (Kind::ElectricCar, 8.0),
    (Kind::Minivan, 5.0),
    (Kind::LightTruck, 7.0),
    (Kind::MediumTruck, 1.5),
    (Kind::CityBus, 0.3),
    (Kind::SchoolBus, 0.25),
    (Kind::FarmTricycle, 3.0),
    (Kind::Motorcycle, 5.0),
    (Kind::Car, 1.95),
];
const STRANGERS: [(Kind, f64); 5] = [
    (Kind::Car, 66.0),
    (Kind::ElectricCar, 8.0),
    (Kind::LightTruck, 8.0),
    (Kind::MediumTruck, 4.0),
    (Kind::HeavyTruck, 14.0),
];
/// Shares of registered vehicles (without terminal) that the register has something against.
const OVERDUE_INSPECTION_SHARE: f64 = 0.0014;
const OVERDUE_SCRAPPING_SHARE: f64 = 0.0006;
const OFFENCES_SHARE: f64 = 0.0010;
/// Share of the county's light trucks with a permit for the inner town.
const PERMIT_SHARE: f64 = 0.002;

impl Register {
    pub(super) fn generate(seed: u64, day: CivilDay, zones: &ZoneLists) -> Self {
        let mut taken = HashSet::with_capacity(REGISTERED_COUNT + STRANGER_COUNT);
        let vehicles = (0..REGISTERED_COUNT + STRANGER_COUNT)
            .map(|index| vehicle(seed, index, zones, &mut taken))
            .collect::<Vec<_>>();
        let mut register = Self { vehicles, watch_orders: Vec::new(), seed, day };
        register.watch_orders = register.watch_orders();
        guises::add(&mut register, seed, zones, &mut taken);
        register
    }

    /// Number and class of a vehicle.
    pub fn key(&self, index: usize) -> VehicleKey {
        let vehicle = &self.vehicles[index];
        VehicleKey { plate: vehicle.plate, class: vehicle.kind.plate_class() }
    }

    /// Whether there is a watch order for the vehicle.
    pub fn is_watched(&self, vehicle: u32) -> bool {
        self.watch_orders.iter().any(|order| order.vehicle == vehicle)
    }

    /// The vehicles with a permit for the inner town.
    pub(crate) fn permits(&self) -> impl Iterator<Item = usize> + '_ {
        (0..REGISTERED_COUNT).filter(|index| self.vehicles[*index].has_permit)
    }

    fn watch_orders(&self) -> Vec<WatchOrder> {
        const REASONS: [(&str, &str, Level); 5] = [
            ("涉嫌交通肇事逃逸", "《道路交通事故处理程序规定》第一百零九条", Level::High),
            ("涉嫌套牌", "《道路交通安全法》第九十六条", Level::High),
            ("机动车被盗抢协查", "《机动车登记规定》协查", Level::High),
            ("涉嫌假牌", "《道路交通安全法》第九十六条", Level::Medium),
            ("多次违法拒不接受处理", "《道路交通安全违法行为处理程序规定》", Level::Low),
        ];
        let mut dice = Dice::new(self.seed, Stream::WatchOrders, 0, 0);
        let mut orders: Vec<WatchOrder> = Vec::new();
        while orders.len() < WATCH_ORDER_COUNT {
            let is_stranger = orders.len() % 3 == 2;
            let vehicle = if is_stranger {
                REGISTERED_COUNT + dice.below(STRANGER_COUNT)
            } else {
                TERMINAL_COUNT + dice.below(REGISTERED_COUNT - TERMINAL_COUNT)
            };
            let is_car = matches!(self.vehicles[vehicle].kind, Kind::Car | Kind::LightTruck | Kind::Minivan);
            if is_car && orders.iter().all(|order| order.vehicle != vehicle as u32) {
                let (reason, legal_basis, level) = REASONS[dice.weighted(&[2.0, 3.0, 1.0, 2.0, 3.0])];
                let from = CivilDay(self.day.0 - WATCH_ORDER_AGE_DAYS);
                let until = CivilDay(self.day.0 + 30 + dice.below(150) as i32);
                let vehicle = vehicle as u32;
                orders.push(WatchOrder { vehicle, reason, legal_basis, level, from, until });
            }
        }
        orders
    }

    /// The register's page about a vehicle of the county.
    pub fn file(&self, index: usize) -> File {
        let vehicle = &self.vehicles[index];
        let mut dice = Dice::new(self.seed, Stream::Vehicle, index as u64, 1);
        let days = |from: i32, to: i32, dice: &mut Dice| from + dice.below((to - from) as usize) as i32;
        let inspection = match vehicle.standing {
            Standing::InspectionOverdue => -days(20, 500, &mut dice),
            _ => days(45, 700, &mut dice),
        };
        let has_scrap_day = !matches!(vehicle.kind, Kind::Car | Kind::ElectricCar);
        let scrap = match vehicle.standing {
            Standing::ScrappingOverdue => Some(-days(10, 400, &mut dice)),
            _ => has_scrap_day.then(|| days(400, 4_500, &mut dice)),
        };
        let unhandled_offences = match vehicle.standing {
            Standing::UnhandledOffences => 12 + dice.below(24) as u16,
            _ => dice.weighted(&[0.86, 0.1, 0.04]) as u16,
        };
        let number = dice.below(24);
        let owner = match vehicle.kind {
            Kind::ScheduledCoach => names::firm(number % 4, "客运有限公司"),
            Kind::TourCoach => names::firm(4 + number % 3, "旅游运输有限公司"),
            Kind::DangerousGoods => names::firm(8 + number % 3, "危险货物运输有限公司"),
            Kind::HeavyTruck | Kind::MediumTruck => names::firm(number, "物流有限公司"),
            Kind::CityBus => names::firm(0, "公共交通有限公司"),
            Kind::SchoolBus => names::firm(number % 3, "校车服务有限公司"),
            _ => "个人".into(),
        };
        File {
            owner,
            inspection_valid_until: CivilDay(self.day.0 + inspection),
            scrap_by: scrap.map(|scrap| CivilDay(self.day.0 + scrap)),
            unhandled_offences,
        }
    }

    /// The SIM number of the terminal in a vehicle with one.
    pub fn sim(index: usize) -> String {
        format!("1379927{index:04}")
    }

    /// The edition that this terminal speaks.
    pub fn edition(&self, index: usize) -> Edition {
        match unit_of(&[self.seed, Stream::Vehicle as u64, index as u64, 2]) {
            ..0.15 => Edition::V2011,
            0.15..0.70 => Edition::V2013,
            _ => Edition::V2019,
        }
    }
}

fn vehicle(seed: u64, index: usize, zones: &ZoneLists, taken: &mut HashSet<Plate>) -> Vehicle {
    let mut dice = Dice::new(seed, Stream::Vehicle, index as u64, 0);
    let is_stranger = index >= REGISTERED_COUNT;
    let kind = if index < TERMINAL_COUNT {
        terminal_kind(index)
    } else {
        let mix: &[(Kind, f64)] = if is_stranger { &STRANGERS } else { &REGISTERED };
        let weights: Vec<f64> = mix.iter().map(|(_, weight)| *weight).collect();
        mix[dice.weighted(&weights)].0
    };
    let plate = loop {
        let plate = plate(&mut dice, kind, is_stranger);
        if taken.insert(plate) {
            break plate;
        }
    };
    let is_permit = kind == Kind::LightTruck && !is_stranger && dice.chance(PERMIT_SHARE);
    let (home, work) = ends(&mut dice, kind, is_stranger, kind.is_truck() && !is_permit, zones);
    let standing = match dice.unit() {
        _ if is_stranger || index < TERMINAL_COUNT => Standing::Good,
        share if share < OVERDUE_INSPECTION_SHARE => Standing::InspectionOverdue,
        share if share < OVERDUE_INSPECTION_SHARE + OVERDUE_SCRAPPING_SHARE => Standing::ScrappingOverdue,
        share if share < OVERDUE_INSPECTION_SHARE + OVERDUE_SCRAPPING_SHARE + OFFENCES_SHARE => {
            Standing::UnhandledOffences
        }
        _ => Standing::Good,
    };
    // GA/T 16.8: A white, B grey, C yellow, D pink, E red, F purple, G green, H blue, I brown, J black.
    let color = ['A', 'B', 'C', 'E', 'G', 'H', 'I', 'J'][match kind {
        Kind::ScheduledCoach | Kind::TourCoach | Kind::CityBus => {
            dice.weighted(&[5., 1., 1., 0., 3., 3., 0., 0.])
        }
        Kind::SchoolBus => 2,
        Kind::HeavyTruck | Kind::DangerousGoods => dice.weighted(&[4., 1., 1., 4., 1., 3., 0., 0.]),
        Kind::FarmTricycle => dice.weighted(&[0., 0., 0., 2., 1., 4., 0., 0.]),
        _ => dice.weighted(&[40., 18., 1., 7., 2., 8., 3., 21.]),
    }];
    let is_night_exempt = kind == Kind::ScheduledCoach && index % 50 == 12;
    Vehicle {
        plate,
        kind,
        color,
        home,
        work,
        standing,
        is_night_exempt,
        has_permit: is_permit && standing == Standing::Good,
        guise: Guise::None,
        cloned_by: None,
    }
}

/// Where it stands at night and where it goes most days; trucks without permit keep out of the inner town.
fn ends(dice: &mut Dice, kind: Kind, is_stranger: bool, keeps_out: bool, zones: &ZoneLists) -> (u16, u16) {
    let (town, township) =
        if keeps_out { (&zones.outer_town, &zones.outer_township) } else { (&zones.town, &zones.township) };
    if is_stranger {
        return (*dice.pick(&zones.gate), *dice.pick(&zones.gate));
    }
    let home = match kind {
        Kind::ScheduledCoach | Kind::TourCoach | Kind::CityBus => *dice.pick(town),
        Kind::FarmTricycle | Kind::Motorcycle => *dice.pick(&zones.village),
        Kind::HeavyTruck | Kind::DangerousGoods => {
            let list = *dice.pick_weighted(&[town, township], &[0.4, 0.6]);
            *dice.pick(list)
        }
        _ => {
            let lists = [town, township, &zones.village];
            let list = *dice.pick_weighted(&lists, &[0.42, 0.2, 0.38]);
            *dice.pick(list)
        }
    };
    let lists = [town, township, &zones.village, &zones.gate];
    let list = *dice.pick_weighted(&lists, &[0.6, 0.2, 0.12, 0.08]);
    (home, *dice.pick(list))
}

/// A plate of the form that its kind has (GA 36-2018): no I or O, at most two letters in a serial of five.
pub(super) fn plate(dice: &mut Dice, kind: Kind, is_stranger: bool) -> Plate {
    const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
    const DIGITS: &[u8] = b"0123456789";
    const NEIGHBOURS: [&str; 14] =
        ["苏C", "苏G", "苏H", "皖L", "豫N", "鲁L", "鲁C", "鲁D", "鲁H", "鲁G", "冀J", "浙A", "沪A", "鲁B"];
    const SERIALS: [&str; 6] = ["DDDDD", "LDDDD", "DDDDL", "LDDDL", "DLDDD", "DDLLD"];
    let authority = if is_stranger { *dice.pick(&NEIGHBOURS) } else { "鲁Q" };
    let form = match kind {
        Kind::ElectricCar => "EDDDDD",
        Kind::CityBus => "DDDDDE",
        _ => SERIALS[dice.weighted(&[2.0, 5.0, 2.0, 3.0, 4.0, 2.0])],
    };
    let mut text = String::from(authority);
    text.extend(form.chars().map(|place| {
        char::from(*dice.pick(match place {
            'L' => LETTERS,
            'E' => b"DF",
            _ => DIGITS,
        }))
    }));
    Plate::parse(&text).expect("the forms above are plates")
}
