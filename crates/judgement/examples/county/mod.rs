//! The county of the measurements, with all models at work: checkpoints with limits, sections, zones, what was learned of
//! cameras and ways, the register, watch orders and rules. Vehicles pass one checkpoint after the other in a fixed
//! pseudo-random order; each sweep over all plates takes its share of a day, which is the hardest case for caches. Some
//! plates are misread, some vehicles too fast, and one in fifty has something in its file.

#![allow(clippy::allow_attributes, dead_code, reason = "each measurement uses its part of it")]

use domain::observation::{Fact, Observation, Passage};
use domain::{
    Area, Calibration, Checkpoint, CivilDay, ClockError, DeviceId, Entry, KeyClass, Level, MisreadRate,
    ObservationId, Plate, PlateClass, ReferenceChange, Rule, Section, Theatre, TravelTime, VehicleFile,
    VehicleKey, VehicleType, WatchOrder, Wgs84, Zone, ZoneKind,
};
use judgement::Parameters;
use smol_str::{SmolStr, format_smolstr};

const CHECKPOINTS: u64 = 60;
const SECTIONS: u64 = 40;
const WATCH_ORDERS: u64 = 2_000;
const MISREAD_PERMILLE: u64 = 50;
const DAY_MS: i64 = 86_400_000;
pub(crate) const DAY: CivilDay = CivilDay(20_780);
pub(crate) const PASSAGES_PER_PLATE: u64 = 2;

/// How much of it is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct County {
    /// Live plates.
    pub(crate) plates: u64,
    /// How often each passes.
    pub(crate) passages_per_plate: u64,
    /// How many of them are registered; the others are of elsewhere, where the register knows nobody.
    pub(crate) registered: u64,
    /// In how long all of them pass.
    pub(crate) span_ms: i64,
}

impl County {
    /// By the arguments `[plates [passages per plate [registered]]]`.
    pub(crate) fn asked(plates: u64) -> Result<Self, std::num::ParseIntError> {
        let plates = argument(1, plates)?;
        Ok(Self {
            plates,
            passages_per_plate: argument(2, PASSAGES_PER_PLATE)?,
            registered: argument(3, plates / 2)?,
            span_ms: 80_000_000,
        })
    }

    pub(crate) fn passages(&self) -> u64 {
        self.plates * self.passages_per_plate
    }

    /// What is judged against.
    pub(crate) fn reference(&self) -> Vec<ReferenceChange> {
        let mut changes = roads();
        let mut dice = Dice(2);
        changes.extend(
            (0..self.registered).map(|number| ReferenceChange::Vehicle(file(number, self, &mut dice))),
        );
        changes.extend((0..WATCH_ORDERS).map(|number| {
            ReferenceChange::WatchOrder(WatchOrder {
                id: format_smolstr!("W{number}").as_str().into(),
                plate: self.plate(dice.below(20_000_000)),
                class: None,
                reason: SmolStr::default(),
                level: Level::High,
                from: DAY.start(),
                until: DAY.start().plus_ms(30 * DAY_MS),
            })
        }));
        let conditions = [
            "passage.speed_kmh > 120 && passage.hour >= 22",
            "passage.plate_color == \"blue\" && count(60) >= 30",
            "places(120) >= 30",
        ];
        changes.extend(conditions.into_iter().zip(1..).map(|(condition, number)| {
            ReferenceChange::Rule(Rule {
                id: format_smolstr!("R{number}").as_str().into(),
                version: number,
                name: SmolStr::default(),
                condition: condition.into(),
                level: Level::Low,
                once_per_minutes: 60,
                actionable_seconds: 600,
            })
        }));
        changes
    }

    /// The passage of this number, in the order in which they come.
    pub(crate) fn entry(&self, number: u64, dice: &mut Dice) -> Entry {
        let vehicle = number % self.plates;
        let (first, sweep) = (vehicle.wrapping_mul(7) % CHECKPOINTS, number / self.plates);
        let checkpoint = checkpoint((first + sweep) % CHECKPOINTS);
        let driven = self.plate(vehicle);
        let is_misread = dice.below(1000) < MISREAD_PERMILLE;
        let plate = if is_misread { misread(driven, dice) } else { driven };
        let at_ms = (i128::from(number) * i128::from(self.span_ms) / i128::from(self.passages())) as i64;
        let captured_at = DAY.start().plus_ms(at_ms);
        Entry::Observation(Observation {
            id: ObservationId(u128::from(number) << 64 | u128::from(dice.below(u64::MAX))),
            device: DeviceId(format_smolstr!("{checkpoint}C")),
            captured_at,
            received_at: captured_at.plus_ms(400 + dice.below(2_000) as i64),
            fact: Fact::Passage(Passage {
                checkpoint: checkpoint.as_str().into(),
                lane: Some(1),
                direction: Some(1),
                plate_text: format_smolstr!("{plate}"),
                plate: Some(plate),
                plate_confidence: Some(if is_misread { 70 } else { 90 } + dice.below(10) as u8),
                plate_class: class(vehicle),
                plate_color: class(vehicle).color(),
                vehicle_type: vehicle_type(vehicle),
                body_color: Some('A'),
                speed_kmh: Some(if dice.below(1000) < 2 { 110 } else { 60 }),
                pictures: vec![format_smolstr!("j{number}").as_str().into()],
                behaviours: domain::Behaviours::default(),
                weighing: None,
            }),
        })
    }

    /// A plate of its own for each number below 45 million, spread over all numbers of the office.
    fn plate(&self, number: u64) -> Plate {
        const SERIAL: &[u8] = b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
        const NUMBERS: u64 = 34_u64.pow(5);
        // A prime: it maps the numbers onto themselves.
        let spread = number.wrapping_mul(27_644_437) % NUMBERS;
        let symbol = |place: u32| char::from(SERIAL[(spread / 34u64.pow(place) % 34) as usize]);
        let office = if number < self.registered { 'Q' } else { 'A' };
        let text: String = ['鲁', office].into_iter().chain((0..5).rev().map(symbol)).collect();
        Plate::parse(&text)
            .unwrap_or_else(|_| unreachable!("a province, a letter and five serial symbols are a plate"))
    }
}

/// One symbol read as another that it is often taken for.
fn misread(plate: Plate, dice: &mut Dice) -> Plate {
    let mut text: Vec<char> = format_smolstr!("{plate}").chars().collect();
    let place = 2 + dice.below(5) as usize;
    text[place] = match text[place] {
        '8' => 'B',
        'B' => '8',
        '0' => 'D',
        'D' => '0',
        '1' => '7',
        '5' => 'S',
        '2' => 'Z',
        _ => '1',
    };
    Plate::parse(&text.into_iter().collect::<String>()).unwrap_or(plate)
}

/// A number among the arguments.
pub(crate) fn argument(place: usize, default: u64) -> Result<u64, std::num::ParseIntError> {
    std::env::args().nth(place).map_or(Ok(default), |text| text.parse())
}

/// The parameters as shipped.
pub(crate) fn shipped() -> Result<Parameters, Box<dyn std::error::Error>> {
    let parameters = Parameters {
        models: toml::from_str(include_str!("../../../../data/models.toml"))?,
        confusions: toml::from_str(include_str!("../../../../data/plate-confusions.toml"))?,
    };
    parameters.check()?;
    Ok(parameters)
}

/// The same with no models but those of an argument, if there is one, by their keys with commas between.
pub(crate) fn asked_models(place: usize) -> Result<Parameters, Box<dyn std::error::Error>> {
    let Some(keys) = std::env::args().nth(place) else { return shipped() };
    let mut models: toml::Table = include_str!("../../../../data/models.toml").parse()?;
    for (key, model) in &mut models {
        if let Some(model) = model.as_table_mut().filter(|it| it.contains_key("version")) {
            model.insert("is_enabled".into(), keys.split(',').any(|of| of == key).into());
        }
    }
    Ok(Parameters { models: models.try_into()?, ..shipped()? })
}

/// Resident memory of this process; 0 where there is no `/proc`.
pub(crate) fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    kilobytes.unwrap_or_default() * 1024
}

/// For how long this thread has run, whatever else the machine does; nothing where there is no `/proc`.
pub(crate) fn thread_time() -> std::time::Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let ran_ns = text.split_whitespace().next().and_then(|word| word.parse().ok());
    std::time::Duration::from_nanos(ran_ns.unwrap_or_default())
}

/// A fixed sequence that looks random (SplitMix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % bound
    }
}

/// Checkpoints on a ring of 2 km steps, sections, zones, and what was learned.
fn roads() -> Vec<ReferenceChange> {
    let mut changes = Vec::new();
    for number in 0..CHECKPOINTS {
        let id: domain::CheckpointId = checkpoint(number).as_str().into();
        let turn = number as f64 / CHECKPOINTS as f64 * std::f64::consts::TAU;
        changes.push(ReferenceChange::Checkpoint(Checkpoint {
            id: id.clone(),
            name: SmolStr::default(),
            theatre: Theatre::NationalProvincial,
            location: Wgs84::new(118.3 + 0.2 * turn.cos(), 35.2 + 0.2 * turn.sin())
                .unwrap_or_else(|| unreachable!("it is a place on earth")),
            road: "G327".into(),
            chainage_m: None,
            direction: SmolStr::default(),
            lane_count: 2,
            limit_kmh: Some(80),
            limit_large_kmh: Some(70),
            one_way: (number % 4 == 0).then_some(1),
        }));
        changes.push(ReferenceChange::TravelTimes(
            (0..CHECKPOINTS)
                .filter(|to| *to != number)
                .map(|to| TravelTime {
                    from: id.clone(),
                    to: checkpoint(to).as_str().into(),
                    shortest_ms: 80_000 * (number.abs_diff(to).min(CHECKPOINTS - number.abs_diff(to))) as i64,
                    usual_ms: 120_000 * (number.abs_diff(to).min(CHECKPOINTS - number.abs_diff(to))) as i64,
                    drive_count: 100,
                })
                .collect(),
        ));
        // Three days of what was learned each quarter of an hour.
        changes.push(ReferenceChange::Calibrations(
            (0..288)
                .map(|quarter| Calibration {
                    device: DeviceId(format_smolstr!("{}C", checkpoint(number))),
                    from: DAY.start().plus_ms((quarter - 200) * 900_000),
                    clock: ClockError { ahead_ms: 700 - quarter % 7 * 100, uncertainty_ms: 400 },
                    misread: Some(MisreadRate { day_permille: 80, night_permille: 160 }),
                })
                .collect(),
        ));
    }
    changes.extend((0..SECTIONS).map(|number| {
        ReferenceChange::Section(Section {
            id: format_smolstr!("S{number}").as_str().into(),
            name: SmolStr::default(),
            start: checkpoint(number).as_str().into(),
            end: checkpoint((number + 1) % CHECKPOINTS).as_str().into(),
            length_m: 8_000,
            limit_kmh: 80,
            limit_large_kmh: 60,
        })
    }));
    let zone = |number: u64, kind, key_classes: &[KeyClass], checkpoints: Vec<SmolStr>| {
        ReferenceChange::Zone(Zone {
            id: format_smolstr!("Z{number}").as_str().into(),
            name: SmolStr::default(),
            kind,
            area: Area::Checkpoints,
            checkpoints: checkpoints.iter().map(|id| id.as_str().into()).collect(),
            key_classes: key_classes.to_vec(),
            families: "H".into(),
            hours: Vec::new(),
            exempt: Vec::new(),
        })
    };
    changes.push(zone(1, ZoneKind::Ban, &[KeyClass::HeavyGoods], (0..3).map(checkpoint).collect()));
    changes.push(zone(2, ZoneKind::Corridor, &[KeyClass::DangerousGoods], (0..50).map(checkpoint).collect()));
    changes
}

fn is_truck(number: u64) -> bool {
    number % 16 == 3
}

fn class(number: u64) -> PlateClass {
    if is_truck(number) { PlateClass::LARGE } else { PlateClass::SMALL }
}

fn vehicle_type(number: u64) -> Option<VehicleType> {
    VehicleType::parse(if is_truck(number) { "H11" } else { "K33" })
}

fn file(number: u64, county: &County, dice: &mut Dice) -> VehicleFile {
    let key_class = match number % 1_600 {
        3 => Some(KeyClass::DangerousGoods),
        19 | 35 => Some(KeyClass::HeavyGoods),
        _ => None,
    };
    VehicleFile {
        key: VehicleKey { plate: county.plate(number), class: class(number) },
        vehicle_type: vehicle_type(number),
        use_code: Some('A'),
        key_class,
        body_color: Some('A'),
        owner: SmolStr::default(),
        inspection_valid_until: Some(CivilDay(DAY.0 + 300 - i32::from(dice.below(100) == 0) * 330)),
        scrap_by: None,
        unhandled_offences: if dice.below(100) == 0 { 12 } else { 1 },
        is_night_exempt: false,
    }
}

fn checkpoint(number: u64) -> SmolStr {
    format_smolstr!("371327000012100000{number:02}")
}
