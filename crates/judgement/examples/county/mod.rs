//! The county of the measurements: 60 checkpoints and 40 sections, 100,000 registered vehicles and 2,000 watch orders;
//! vehicles pass one checkpoint after the other, in a fixed pseudo-random order.

use domain::observation::{Fact, Observation, Passage};
use domain::{
    CivilDay, DeviceId, Entry, Level, ObservationId, Plate, PlateClass, PlateColor, ReferenceChange, Section,
    VehicleFile, VehicleKey, WatchOrder,
};
use judgement::Parameters;
use smol_str::{SmolStr, format_smolstr};

const CHECKPOINTS: u64 = 60;
const SECTIONS: u64 = 40;
const REGISTERED: u64 = 100_000;
const WATCH_ORDERS: u64 = 2_000;
pub(crate) const PASSAGES_PER_PLATE: u64 = 2;
pub(crate) const DAY: CivilDay = CivilDay(20_780);

/// The parameters as shipped.
pub(crate) fn shipped() -> Result<Parameters, Box<dyn std::error::Error>> {
    let parameters = Parameters {
        models: toml::from_str(include_str!("../../../../data/models.toml"))?,
        confusions: toml::from_str(include_str!("../../../../data/plate-confusions.toml"))?,
    };
    parameters.check()?;
    Ok(parameters)
}

/// How many live plates: the first argument, or `default`.
pub(crate) fn plates_asked(default: u64) -> Result<u64, std::num::ParseIntError> {
    std::env::args().nth(1).map_or(Ok(default), |text| text.parse())
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

pub(crate) fn reference() -> Vec<ReferenceChange> {
    let mut dice = Dice(2);
    let mut changes = Vec::new();
    for number in 0..SECTIONS {
        changes.push(ReferenceChange::Section(Section {
            id: format_smolstr!("S{number}").as_str().into(),
            name: SmolStr::default(),
            start: checkpoint(number).as_str().into(),
            end: checkpoint((number + 1) % CHECKPOINTS).as_str().into(),
            length_m: 8_000,
            limit_kmh: 80,
            limit_large_kmh: 60,
        }));
    }
    for number in 0..REGISTERED {
        changes.push(ReferenceChange::Vehicle(VehicleFile {
            key: VehicleKey { plate: plate(number), class: PlateClass::SMALL },
            vehicle_type: None,
            use_code: Some('A'),
            key_class: None,
            body_color: Some('A'),
            owner: SmolStr::default(),
            inspection_valid_until: Some(CivilDay(DAY.0 + 300 - (dice.below(100) == 0) as i32 * 330)),
            scrap_by: None,
            unhandled_offences: dice.below(12) as u16,
            is_night_exempt: false,
        }));
    }
    for number in 0..WATCH_ORDERS {
        changes.push(ReferenceChange::WatchOrder(WatchOrder {
            id: format_smolstr!("W{number}").as_str().into(),
            plate: plate(dice.below(20_000_000)),
            class: None,
            reason: SmolStr::default(),
            level: Level::High,
            from: DAY.start(),
            until: DAY.start().plus_ms(86_400_000),
        }));
    }
    changes
}

/// The passages of a day in the order in which they come; each vehicle drives on to the next checkpoint.
pub(crate) fn entry(number: u64, total: u64, plates: u64, dice: &mut Dice) -> Entry {
    let vehicle = number % plates;
    let first = vehicle.wrapping_mul(7) % CHECKPOINTS;
    let checkpoint = checkpoint((first + number / plates) % CHECKPOINTS);
    let plate = plate(vehicle);
    let captured_at = DAY.start().plus_ms((number * 80_000_000 / total) as i64);
    Entry::Observation(Observation {
        id: ObservationId(u128::from(number) << 64 | u128::from(dice.below(u64::MAX))),
        device: DeviceId(checkpoint.clone()),
        captured_at,
        received_at: captured_at.plus_ms(400 + dice.below(2_000) as i64),
        fact: Fact::Passage(Passage {
            checkpoint: checkpoint.as_str().into(),
            lane: Some(1),
            direction: Some(1),
            plate_text: format_smolstr!("{plate}"),
            plate: Some(plate),
            plate_confidence: Some(90 + dice.below(10) as u8),
            plate_class: PlateClass::SMALL,
            plate_color: PlateColor::Blue,
            vehicle_type: None,
            body_color: Some('A'),
            speed_kmh: Some(60),
            pictures: vec![format_smolstr!("j{number}").as_str().into()],
            behaviours: domain::Behaviours::default(),
            weighing: None,
        }),
    })
}

fn checkpoint(number: u64) -> SmolStr {
    format_smolstr!("371327000012100000{number:02}")
}

/// A plate of its own for each number below 25 million; those that are not registered are of elsewhere, where the register
/// knows nobody.
fn plate(number: u64) -> Plate {
    const SERIAL: &[u8] = b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let letter = |place: u32| char::from(SERIAL[(number / 34u64.pow(place) % 34) as usize]);
    let office = if number < REGISTERED { 'Q' } else { 'A' };
    let text: String = ['鲁', office].into_iter().chain((0..5).rev().map(letter)).collect();
    Plate::parse(&text)
        .unwrap_or_else(|_| unreachable!("a province, a letter and five serial symbols are a plate"))
}
