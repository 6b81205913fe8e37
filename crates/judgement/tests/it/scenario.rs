//! Words for scenarios: a county with a few checkpoints, observations in one line, and the warnings that stand.

use super::data_files::shipped;
use domain::observation::{Alarm, AlarmKind, Fact, Observation, Passage, Position};
use domain::warning::{Warning, WithdrawReason};
use domain::{
    Calibration, Checkpoint, CivilDay, ClockError, Entry, KeyClass, Level, Mark, ModelId, ObservationId,
    Outcome, Plate, PlateClass, PlateColor, ReferenceChange, Scope, Section, Theatre, Timestamp, TravelTime,
    TunedValue, Tuning, VehicleFile, VehicleKey, VehicleType, WarningId, WatchOrder, Wgs84,
};
use judgement::{Engine, Parameters};
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// 2026-11-23 00:00 in Beijing.
pub(crate) const DAY: CivilDay = CivilDay(20_780);

/// `08:30` or `08:30:15` on [`DAY`], Beijing time; hours beyond 24 are of the next days.
pub(crate) fn at(clock: &str) -> Timestamp {
    let parts: Vec<i64> = clock.split(':').map(|part| part.parse().unwrap()).collect();
    let second = parts.get(2).copied().unwrap_or_default();
    DAY.start().plus_ms(((parts[0] * 60 + parts[1]) * 60 + second) * 1000)
}

pub(crate) fn plate(text: &str) -> Plate {
    Plate::parse(text).unwrap()
}

/// A small car by its plate.
pub(crate) fn car(text: &str) -> VehicleKey {
    VehicleKey { plate: plate(text), class: PlateClass::SMALL }
}

/// A large vehicle by its plate.
pub(crate) fn large(text: &str) -> VehicleKey {
    VehicleKey { plate: plate(text), class: PlateClass::LARGE }
}

/// A file with nothing against the vehicle.
pub(crate) fn file(key: VehicleKey) -> VehicleFile {
    VehicleFile {
        key,
        vehicle_type: None,
        use_code: None,
        key_class: None,
        body_color: None,
        owner: SmolStr::new("somebody"),
        inspection_valid_until: None,
        scrap_by: None,
        unhandled_offences: 0,
        is_night_exempt: false,
    }
}

pub(crate) fn coach(text: &str) -> VehicleFile {
    VehicleFile {
        key_class: Some(KeyClass::TourCoach),
        vehicle_type: VehicleType::parse("K11"),
        ..file(large(text))
    }
}

pub(crate) fn order(id: &str, text: &str) -> WatchOrder {
    WatchOrder {
        id: id.into(),
        plate: plate(text),
        class: None,
        reason: SmolStr::new("hit and run"),
        level: Level::High,
        from: at("00:00"),
        until: at("48:00"),
    }
}

/// 10 km, 80 km/h, large vehicles 60 km/h.
pub(crate) fn section(id: &str, start: &str, end: &str) -> Section {
    Section {
        id: id.into(),
        name: SmolStr::new(id),
        start: start.into(),
        end: end.into(),
        length_m: 10_000,
        limit_kmh: 80,
        limit_large_kmh: 60,
    }
}

pub(crate) fn checkpoint(id: &str) -> Checkpoint {
    Checkpoint {
        id: id.into(),
        name: SmolStr::new(id),
        theatre: Theatre::NationalProvincial,
        location: Wgs84::new(118.6, 35.2).unwrap(),
        road: SmolStr::new("G206"),
        chainage_m: None,
        direction: SmolStr::default(),
        lane_count: 2,
        limit_kmh: None,
        limit_large_kmh: None,
        one_way: None,
    }
}

/// A passage of a small car, received a second later.
pub(crate) fn passage(place: &str, text: &str, captured_at: Timestamp) -> Observation {
    let fact = Fact::Passage(Passage {
        checkpoint: place.into(),
        lane: Some(1),
        direction: None,
        plate_text: SmolStr::new(text),
        plate: Plate::parse(text).ok(),
        plate_confidence: None,
        plate_class: PlateClass::SMALL,
        plate_color: PlateColor::Blue,
        vehicle_type: None,
        body_color: None,
        speed_kmh: None,
        pictures: vec!["j128".into()],
        behaviours: domain::Behaviours::default(),
        weighing: None,
    });
    observation(place, captured_at, &[text.as_bytes()], fact)
}

/// A passage of a vehicle with the class and the ground colour of its plate.
pub(crate) fn passage_of(vehicle: VehicleKey, place: &str, captured_at: Timestamp) -> Observation {
    with(passage(place, &vehicle.plate.to_string(), captured_at), |passage| {
        passage.plate_class = vehicle.class;
        passage.plate_color = vehicle.class.color();
    })
}

/// The model with these values of its parameters, wherever the scope says.
pub(crate) fn tuned(model: ModelId, scope: Scope, values: &[(&str, TunedValue)]) -> ReferenceChange {
    let id = format!("{}-{scope:?}", model.key());
    ReferenceChange::Tuning(Tuning {
        id: id.as_str().into(),
        version: 1,
        model,
        scope,
        is_enabled: true,
        level: None,
        values: values.iter().map(|(name, value)| (SmolStr::new(name), value.clone())).collect(),
    })
}

/// The passage with something about it changed.
pub(crate) fn with(mut observation: Observation, change: impl FnOnce(&mut Passage)) -> Observation {
    if let Fact::Passage(passage) = &mut observation.fact {
        change(passage);
    }
    observation
}

/// A fix with ignition on, `east_m` metres east of the county's middle.
pub(crate) fn position(
    vehicle: VehicleKey,
    captured_at: Timestamp,
    speed_kmh: u16,
    east_m: i32,
) -> Observation {
    let fact = Fact::Position(Position {
        vehicle: Some(vehicle),
        location: Wgs84::new(118.6 + f64::from(east_m) / 91_000.0, 35.2),
        speed_dkmh: speed_kmh * 10,
        heading_deg: 90,
        altitude_m: 60,
        alarm_bits: 0,
        status_bits: 0b11,
        mileage_hm: None,
        is_backfill: false,
    });
    observation("terminal", captured_at, &[vehicle.plate.to_string().as_bytes()], fact)
}

/// The fix with alarm bits.
pub(crate) fn with_alarm_bits(mut observation: Observation, bits: u32) -> Observation {
    if let Fact::Position(position) = &mut observation.fact {
        position.alarm_bits = bits;
    }
    observation
}

pub(crate) fn alarm(vehicle: VehicleKey, kind: AlarmKind, captured_at: Timestamp) -> Observation {
    let fact = Fact::Alarm(Alarm { vehicle: Some(vehicle), kind, level: 1, location: None, speed_dkmh: 600 });
    observation("terminal", captured_at, &[vehicle.plate.to_string().as_bytes(), kind.key().as_bytes()], fact)
}

fn observation(device: &str, captured_at: Timestamp, seen: &[&[u8]], fact: Fact) -> Observation {
    let captured_ms = captured_at.unix_ms().to_le_bytes();
    let parts: Vec<&[u8]> =
        [device.as_bytes(), &captured_ms].into_iter().chain(seen.iter().copied()).collect();
    Observation {
        id: ObservationId::of(&parts),
        device: device.into(),
        captured_at,
        received_at: captured_at.plus_ms(1000),
        fact,
    }
}

/// The observation as it came so many minutes after it was captured.
pub(crate) fn late(mut observation: Observation, minutes: i64) -> Observation {
    observation.received_at = observation.captured_at.plus_ms(minutes * 60_000);
    observation
}

/// What one observation led to, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Raised,
    Revised,
    Refuted,
    Replaced,
}

/// An engine with the shipped parameters and the warnings that stand.
pub(crate) struct County {
    parameters: Parameters,
    /// All entries that were applied.
    pub(crate) journal: Vec<Entry>,
    pub(crate) engine: Engine,
    pub(crate) standing: BTreeMap<WarningId, Warning>,
    pub(crate) marks: BTreeMap<WarningId, Mark>,
}

impl County {
    /// Checkpoints A, B and C; sections AB and BC.
    pub(crate) fn new() -> Self {
        Self::with_parameters(shipped())
    }

    pub(crate) fn with_parameters(parameters: Parameters) -> Self {
        let mut county = Self {
            engine: Engine::new(parameters.clone()),
            parameters,
            journal: Vec::new(),
            standing: BTreeMap::new(),
            marks: BTreeMap::new(),
        };
        for id in ["A", "B", "C"] {
            county.change(ReferenceChange::Checkpoint(checkpoint(id)));
        }
        county.change(ReferenceChange::Section(section("AB", "A", "B")));
        county.change(ReferenceChange::Section(section("BC", "B", "C")));
        county
    }

    pub(crate) fn register(&mut self, file: VehicleFile) {
        self.change(ReferenceChange::Vehicle(file));
    }

    pub(crate) fn order(&mut self, order: WatchOrder) {
        self.change(ReferenceChange::WatchOrder(order));
    }

    pub(crate) fn change(&mut self, change: ReferenceChange) {
        let mut out = Vec::new();
        let entry = Entry::Reference(Box::new(change));
        self.engine.apply(&entry, &mut out);
        self.journal.push(entry);
        assert_eq!(out, [], "a change of the reference judges nothing by itself");
    }

    /// Applies the observation, folds what it leads to, and checks that each outcome fits what stands.
    #[track_caller]
    pub(crate) fn see(&mut self, observation: Observation) -> Vec<Said> {
        self.apply(&Entry::Observation(observation))
    }

    /// Lets time pass: deadlines fire.
    #[track_caller]
    pub(crate) fn tick(&mut self, at: Timestamp) -> Vec<Said> {
        self.apply(&Entry::Reference(Box::new(ReferenceChange::Tick(at))))
    }

    #[track_caller]
    fn apply(&mut self, entry: &Entry) -> Vec<Said> {
        let mut out = Vec::new();
        self.engine.apply(entry, &mut out);
        self.journal.push(entry.clone());
        let mut said = Vec::new();
        for outcome in out {
            said.push(match outcome {
                Outcome::Raise(warning) => {
                    assert_eq!(self.standing.insert(warning.id, *warning), None, "raised twice");
                    Said::Raised
                }
                Outcome::Revise(warning) => {
                    let before = self.standing.insert(warning.id, (*warning).clone());
                    assert!(before.is_some_and(|before| before != *warning), "revised without a change");
                    Said::Revised
                }
                Outcome::Withdraw { id, reason } => {
                    assert!(self.standing.remove(&id).is_some(), "withdrawn but never raised");
                    match reason {
                        WithdrawReason::Refuted => Said::Refuted,
                        WithdrawReason::Replaced => Said::Replaced,
                    }
                }
                Outcome::Mark { id, mark } => {
                    self.marks.insert(id, mark);
                    continue;
                }
            });
        }
        said
    }

    /// The standing warnings of a model, by time.
    pub(crate) fn warnings(&self, model: ModelId) -> Vec<&Warning> {
        let mut warnings: Vec<_> = self.standing.values().filter(|warning| warning.model == model).collect();
        warnings.sort_by_key(|warning| (warning.occurred_at, warning.id));
        warnings
    }

    /// The only standing warning.
    #[track_caller]
    pub(crate) fn only(&self) -> &Warning {
        assert_eq!(self.standing.len(), 1, "{:?}", self.standing);
        self.standing.values().next().unwrap()
    }

    /// Stops and goes on from a snapshot.
    pub(crate) fn restart(&mut self) {
        let bytes = self.engine.snapshot();
        self.engine = Engine::restore(self.parameters.clone(), &bytes).unwrap();
        assert_eq!(self.engine.snapshot(), bytes, "equal state, equal bytes");
    }
}

/// The shortest and the usual time from one place to others, in seconds.
pub(crate) fn ways(from: &str, to: &[&str], shortest_s: i64, usual_s: i64) -> ReferenceChange {
    let others = to.iter().filter(|to| **to != from);
    let times = others.map(|to| TravelTime {
        from: from.into(),
        to: (*to).into(),
        shortest_ms: shortest_s * 1000,
        usual_ms: usual_s * 1000,
        drive_count: 100,
    });
    ReferenceChange::TravelTimes(times.collect())
}

/// The county with these checkpoints, whose clocks are known to be right, and between any two of which at least ten
/// minutes are driven, usually twelve.
pub(crate) fn learned(mut county: County, places: &[&str]) -> County {
    for place in places {
        county.change(ReferenceChange::Checkpoint(checkpoint(place)));
        county.change(ways(place, places, 600, 720));
    }
    let calibrations = places.iter().map(|place| Calibration {
        device: (*place).into(),
        from: DAY.start(),
        clock: ClockError { ahead_ms: 0, uncertainty_ms: 400 },
        misread: None,
    });
    county.change(ReferenceChange::Calibrations(calibrations.collect()));
    county
}

/// A county with the shipped parameters in which this was learned.
pub(crate) fn learned_county(places: &[&str]) -> County {
    learned(County::new(), places)
}
