//! Roads, cameras and vehicles for the tests: observations are made in order of receipt and applied as a server would.

use calibration::{DUE_EVERY_MS, Learner, Parameters};
use domain::observation::{Fact, Observation, Passage, Position};
use domain::time::{HOUR_MS, MINUTE_MS};
use domain::{
    Calibration, CheckpointId, CivilDay, DeviceId, Entry, ObservationId, Plate, PlateClass, ReferenceChange,
    Timestamp, TravelTime, VehicleFile, VehicleKey,
};
use smol_str::SmolStr;

/// When the tests begin: midnight.
pub(crate) const START: Timestamp = CivilDay(20_780).start();

pub(crate) fn parameters() -> Parameters {
    toml::from_str(include_str!("../../../../data/calibration.toml")).unwrap()
}

/// So long after the start.
pub(crate) fn hours(hours: i64) -> Timestamp {
    START.plus_ms(hours * HOUR_MS)
}

pub(crate) fn minutes(minutes: i64) -> Timestamp {
    START.plus_ms(minutes * MINUTE_MS)
}

pub(crate) fn camera(number: u32) -> DeviceId {
    DeviceId::from(format!("3799270000119100{number:04}").as_str())
}

pub(crate) fn checkpoint(number: u32) -> CheckpointId {
    CheckpointId::from(format!("3799270000119000{number:04}").as_str())
}

pub(crate) fn plate(number: u32) -> Plate {
    // Letters far apart keep the register thin, as it is.
    Plate::parse(&format!("鲁QA{:02}B{}", number / 10 % 100, number % 10)).unwrap()
}

pub(crate) fn file(plate: Plate) -> ReferenceChange {
    ReferenceChange::Vehicle(VehicleFile {
        key: VehicleKey { plate, class: PlateClass::SMALL },
        vehicle_type: None,
        use_code: None,
        key_class: None,
        body_color: None,
        owner: SmolStr::default(),
        inspection_valid_until: None,
        scrap_by: None,
        unhandled_offences: 0,
        is_night_exempt: false,
    })
}

/// A fixed sequence that looks random (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % bound as u64) as i64
    }
}

/// A passage of `vehicle` at the camera `number`, which captures `at + ahead_ms`; it reaches us `delay_ms` after `at`.
pub(crate) fn passage(
    number: u32,
    vehicle: Option<Plate>,
    at: Timestamp,
    ahead_ms: i64,
    delay_ms: i64,
) -> Observation {
    let id = ObservationId::of(&[&number.to_le_bytes(), &at.unix_ms().to_le_bytes()]);
    Observation {
        id,
        device: camera(number),
        captured_at: at.plus_ms(ahead_ms),
        received_at: at.plus_ms(delay_ms),
        fact: Fact::Passage(Passage {
            plate: vehicle,
            plate_class: PlateClass::SMALL,
            ..Passage::unread(checkpoint(number))
        }),
    }
}

pub(crate) fn position(device: &str, at: Timestamp, delay_ms: i64) -> Observation {
    Observation {
        id: ObservationId::of(&[device.as_bytes(), &at.unix_ms().to_le_bytes()]),
        device: DeviceId::from(device),
        captured_at: at,
        received_at: at.plus_ms(delay_ms),
        fact: Fact::Position(Position {
            vehicle: None,
            location: None,
            speed_dkmh: 0,
            heading_deg: 0,
            altitude_m: 0,
            alarm_bits: 0,
            status_bits: 0,
            mileage_hm: None,
            is_backfill: false,
        }),
    }
}

/// A server with a journal: applies what comes in order of receipt, asks each quarter of an hour, appends what is due.
pub(crate) struct Server {
    pub(crate) learner: Learner,
    pub(crate) journal: Vec<Entry>,
    /// When what was made known.
    pub(crate) calibrations: Vec<(Timestamp, Calibration)>,
    pub(crate) travel_times: Vec<(Timestamp, TravelTime)>,
    next_due: Timestamp,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self {
            learner: Learner::new(parameters()),
            journal: Vec::new(),
            calibrations: Vec::new(),
            travel_times: Vec::new(),
            next_due: START.plus_ms(DUE_EVERY_MS),
        }
    }

    pub(crate) fn append(&mut self, entry: Entry) {
        self.learner.apply(&entry);
        self.journal.push(entry);
    }

    pub(crate) fn change(&mut self, change: ReferenceChange) {
        self.append(Entry::Reference(Box::new(change)));
    }

    /// Takes in observations in order of receipt, and lets the time go on to `until`.
    pub(crate) fn run(&mut self, mut observations: Vec<Observation>, until: Timestamp) {
        observations.sort_by_key(|observation| observation.received_at);
        for observation in observations {
            self.ask_until(observation.received_at);
            self.append(Entry::Observation(observation));
        }
        self.ask_until(until.plus_ms(1));
    }

    fn ask_until(&mut self, now: Timestamp) {
        while self.next_due < now {
            let at = self.next_due;
            self.next_due = at.plus_ms(DUE_EVERY_MS);
            self.change(ReferenceChange::Tick(at));
            for due in self.learner.due(at) {
                match &due {
                    ReferenceChange::Calibrations(all) => {
                        self.calibrations.extend(all.iter().map(|one| (at, one.clone())));
                    }
                    ReferenceChange::TravelTimes(all) => {
                        self.travel_times.extend(all.iter().map(|one| (at, one.clone())));
                    }
                    other => panic!("{other:?} is nothing that is learned"),
                }
                self.change(due);
            }
        }
    }

    pub(crate) fn calibrations_of(&self, number: u32) -> Vec<(Timestamp, Calibration)> {
        self.calibrations.iter().filter(|(_, one)| one.device == camera(number)).cloned().collect()
    }
}
