//! What the county's devices report, in process: the observations that a platform would have made of what they send, without
//! sockets. Late, doubled and by the devices' own clocks.
//!
//! ```ignore
//! let county = Arc::new(County::generate(seed, first_day));
//! let traffic = Traffic::new(county, Rates::default());
//! let reports = Reports::new(&traffic, NoiseRates::truth());
//! for change in reports.references() { /* tell the engine */ }
//! for day in days {
//!     for observation in reports.of_day(day) { /* in order of arrival */ }
//!     for truth in reports.truth_of_day(day) { /* compare */ }
//! }
//! ```
//!
//! An observation belongs to the window in which it *arrives*; what is captured late in one window and delayed comes in a
//! later one. Windows compose: `received(a, c)` is `received(a, b)` and `received(b, c)`. A truth belongs to the window in
//! which it *happened*.

use crate::county::reference;
use crate::county::vehicles::Register;
use crate::device::tour::{Spacing, Tour};
use crate::dice::{Stream, mix, unit_of};
use crate::noise::{self, NoiseRates, Quality};
use crate::traffic::truth::{self, Truth};
use crate::traffic::{Passage, Traffic};
use domain::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use domain::{
    Alarm, AlarmKind, CheckpointId, CivilDay, DeviceId, Fact, Observation, ObservationId, Plate, PlateClass,
    PlateColor, Position, ReferenceChange, Timestamp, VehicleKey, VehicleType,
};
use jt808::StatusBits;
use smol_str::SmolStr;

/// From the camera to the platform's clock, when nothing is wrong.
const LATENCY_MS: (i64, u64) = (300, 1_200);
/// A repeat comes so long after the first.
const REPEAT_MS: (i64, u64) = (2_000, 58_000);
/// A terminal's network is cut for whole half hours, and what it kept comes up to an hour after.
const TERMINAL_CUT_MS: i64 = 30 * MINUTE_MS;
const TERMINAL_LATE_MAX_MS: i64 = HOUR_MS + TERMINAL_CUT_MS;
/// So early may a window begin to look for what arrives in it: the longest way that nothing delayed takes.
const PROMPT_MAX_MS: i64 = 2 * MINUTE_MS;

/// The devices of a county as their platform hears them.
pub struct Reports<'t> {
    traffic: &'t Traffic,
    noise: NoiseRates,
    cameras: Vec<CameraId>,
}

/// The identities of a camera and its place.
struct CameraId {
    device: DeviceId,
    checkpoint: CheckpointId,
    /// Direction codes towards falling and rising chainage.
    directions: [Option<u8>; 2],
}

impl<'t> Reports<'t> {
    /// The devices of this traffic under this noise.
    pub fn new(traffic: &'t Traffic, noise: NoiseRates) -> Self {
        let cameras = traffic.county.checkpoints.iter().map(|checkpoint| CameraId {
            device: DeviceId::from(checkpoint.camera_id.as_str()),
            checkpoint: CheckpointId::from(checkpoint.id.as_str()),
            directions: [false, true].map(|is_forward| checkpoint.direction_code(is_forward).parse().ok()),
        });
        Self { traffic, noise, cameras: cameras.collect() }
    }

    /// What the platform knows of the county before anything is reported.
    pub fn references(&self) -> Vec<ReferenceChange> {
        reference::changes(&self.traffic.county, self.traffic.rates.terminal_count())
    }

    /// What arrives on a Beijing day, in order of arrival.
    pub fn of_day(&self, day: CivilDay) -> Vec<Observation> {
        let start_ms = day.start().unix_ms();
        self.received(start_ms, start_ms + DAY_MS)
    }

    /// What was planted on a Beijing day, in order of time.
    pub fn truth_of_day(&self, day: CivilDay) -> Vec<Truth> {
        let start_ms = day.start().unix_ms();
        truth::of_window(self.traffic, &self.noise, start_ms, start_ms + DAY_MS)
    }

    /// What arrives in `from_ms..to_ms`, in order of arrival, then of identity. Whole hours or days are the cheapest.
    pub fn received(&self, from_ms: i64, to_ms: i64) -> Vec<Observation> {
        let mut out = Vec::new();
        self.passages(from_ms, to_ms, &mut out);
        for vehicle in 0..self.traffic.rates.terminal_count() as u32 {
            self.terminal(vehicle, from_ms, to_ms, &mut out);
        }
        out.sort_unstable_by_key(|observation: &Observation| (observation.received_at, observation.id));
        out
    }

    fn passages(&self, from_ms: i64, to_ms: i64, out: &mut Vec<Observation>) {
        let county = &self.traffic.county;
        let window = from_ms..to_ms;
        for passage in self.traffic.passages(from_ms - noise::LATE_MAX_MS - PROMPT_MAX_MS, to_ms) {
            let late_ms = noise::late_by_ms(county, &self.noise, &passage);
            if late_ms == 0 && passage.at_ms < from_ms - PROMPT_MAX_MS {
                continue;
            }
            let spread =
                mix(&[county.seed, Stream::Delivery as u64, passage.vehicle.into(), passage.at_ms as u64, 1]);
            let first_ms = passage.at_ms + late_ms + LATENCY_MS.0 + (spread % LATENCY_MS.1) as i64;
            let is_doubled = noise::is_doubled(county, &self.noise, &passage);
            let repeat_ms =
                is_doubled.then(|| first_ms + REPEAT_MS.0 + (spread >> 32).rem_euclid(REPEAT_MS.1) as i64);
            for received_ms in [Some(first_ms), repeat_ms].into_iter().flatten() {
                if window.contains(&received_ms) {
                    self.observe(&passage, Timestamp::from_unix_ms(received_ms), out);
                }
            }
        }
    }

    /// What a camera says of a passage, and the scale beside it.
    fn observe(&self, passage: &Passage, received_at: Timestamp, out: &mut Vec<Observation>) {
        let county = &self.traffic.county;
        let camera = &self.cameras[usize::from(passage.checkpoint)];
        let kind = county.register.vehicles[passage.vehicle as usize].kind;
        let read = noise::read(county, &self.noise, passage);
        let error_ms = noise::clock_error_ms(county, &self.noise, passage.checkpoint, passage.at_ms);
        // The form of the interface has no fraction of the second.
        let captured_ms = (passage.at_ms + error_ms).div_euclid(SECOND_MS) * SECOND_MS;
        let has_plate = read.quality != Quality::NoPlate;
        // Without a plate GA/T 1400 says class 99 and no colour; a covered one still has its colour.
        let class = if has_plate { kind.plate_class() } else { PlateClass(99) };
        let seen = domain::Passage {
            lane: Some(passage.lane),
            direction: camera.directions[usize::from(passage.is_forward)],
            plate: Plate::parse_on(&read.text, class.color()).ok(),
            plate_confidence: Some(read.confidence),
            plate_class: class,
            plate_color: if has_plate { class.color() } else { PlateColor::Unknown },
            vehicle_type: VehicleType::parse(read.vehicle_type),
            body_color: Some(read.body_color),
            speed_kmh: Some(read.speed_kmh.into()),
            behaviours: read.behaviours,
            plate_text: read.text,
            ..domain::Passage::unread(camera.checkpoint.clone())
        };
        let identity = |what: &[u8]| {
            ObservationId::of(&[
                what,
                camera.device.as_str().as_bytes(),
                &captured_ms.to_be_bytes(),
                &[passage.lane, read.speed_kmh],
                seen.plate_text.as_bytes(),
                read.vehicle_type.as_bytes(),
            ])
        };
        let captured_at = Timestamp::from_unix_ms(captured_ms);
        if let Some(weighing) = read.weighing {
            // The scale reports by itself, as `POST /api/v1/weighings` takes it: no look, no behaviours.
            let weighed = domain::Passage {
                plate: seen.plate,
                plate_text: seen.plate_text.clone(),
                plate_class: seen.plate_class,
                plate_color: seen.plate_color,
                vehicle_type: seen.vehicle_type,
                speed_kmh: seen.speed_kmh,
                weighing: Some(Box::new(weighing)),
                ..domain::Passage::unread(camera.checkpoint.clone())
            };
            out.push(Observation {
                id: identity(b"weighing"),
                device: DeviceId(camera.checkpoint.0.clone()),
                captured_at,
                received_at,
                fact: Fact::Passage(weighed),
            });
        }
        let (id, device) = (identity(b"passage"), camera.device.clone());
        out.push(Observation { id, device, captured_at, received_at, fact: Fact::Passage(seen) });
    }

    fn terminal(&self, vehicle: u32, from_ms: i64, to_ms: i64, out: &mut Vec<Observation>) {
        let county = &self.traffic.county;
        let early_ms = from_ms - TERMINAL_LATE_MAX_MS - PROMPT_MAX_MS;
        let tour = Tour::new(self.traffic, vehicle, early_ms, to_ms);
        let device = DeviceId(SmolStr::from(Register::sim(vehicle as usize)));
        let key = county.register.key(vehicle as usize);
        // A report is made after the one before it alone, so where one begins to ask does not matter from then on.
        let mut at_ms = tour.next_report_ms(early_ms - 2 * Spacing::KEPT.parked_ms, Spacing::KEPT);
        while at_ms < to_ms {
            let late_ms = self.terminal_late_ms(vehicle, at_ms);
            if late_ms > 0 || at_ms >= from_ms - PROMPT_MAX_MS {
                let parts = [county.seed, Stream::Delivery as u64, vehicle.into(), at_ms as u64, 2];
                let spread = mix(&parts);
                let first_ms = at_ms + late_ms + LATENCY_MS.0 + (spread % LATENCY_MS.1) as i64;
                let is_doubled = (spread >> 40) as f64 / (1u64 << 24) as f64 <= self.noise.doubled;
                let repeat_ms = is_doubled.then_some(first_ms + REPEAT_MS.0);
                for received_ms in [Some(first_ms), repeat_ms].into_iter().flatten() {
                    if (from_ms..to_ms).contains(&received_ms) {
                        let received_at = Timestamp::from_unix_ms(received_ms);
                        self.report(&tour, at_ms, &device, key, received_at, late_ms > 0, out);
                    }
                }
            }
            at_ms = tour.next_report_ms(at_ms, Spacing::KEPT);
        }
    }

    /// How late a terminal's report of an instant comes: when its network is cut, after the cut.
    fn terminal_late_ms(&self, vehicle: u32, at_ms: i64) -> i64 {
        let cut = at_ms.div_euclid(TERMINAL_CUT_MS);
        let share = unit_of(&[self.traffic.county.seed, Stream::Late as u64, vehicle.into(), cut as u64, 2]);
        if share >= self.noise.late / 2.0 {
            return 0;
        }
        let after_ms =
            (share / (self.noise.late / 2.0) * (TERMINAL_LATE_MAX_MS - TERMINAL_CUT_MS) as f64) as i64;
        (cut + 1) * TERMINAL_CUT_MS - at_ms + after_ms
    }

    #[expect(clippy::too_many_arguments, reason = "one report has as many parts")]
    fn report(
        &self,
        tour: &Tour,
        at_ms: i64,
        device: &DeviceId,
        vehicle: VehicleKey,
        received_at: Timestamp,
        is_backfill: bool,
        out: &mut Vec<Observation>,
    ) {
        let state = tour.at(&self.traffic.county, at_ms);
        let location = Some(state.fix.at.to_wgs84());
        let captured_at = Timestamp::from_unix_ms(at_ms.div_euclid(SECOND_MS) * SECOND_MS);
        let mut speed_kmh = state.fix.speed_kmh;
        let mut alarm_bits = 0;
        for (number, raised) in tour.raised_at(at_ms) {
            if let Some((bit, _)) = AlarmKind::OF_BITS.iter().find(|(_, kind)| *kind == raised.kind) {
                alarm_bits |= bit;
                speed_kmh *= if raised.kind == AlarmKind::Overspeed { 1.4 } else { 1.0 };
                continue;
            }
            let id = ObservationId::of(&[
                b"alarm",
                device.as_str().as_bytes(),
                raised.kind.key().as_bytes(),
                &captured_at.unix_ms().to_be_bytes(),
            ]);
            let alarm = Alarm {
                vehicle: Some(vehicle),
                kind: raised.kind,
                level: 1 + u8::from(number % 3 == 0),
                location,
                speed_dkmh: (speed_kmh as u16) * 10,
            };
            let device = device.clone();
            out.push(Observation { id, device, captured_at, received_at, fact: Fact::Alarm(alarm) });
        }
        let status = StatusBits(0)
            .with(StatusBits::ACC_ON, state.is_driving)
            .with(StatusBits::POSITIONED, true)
            .with(StatusBits::USES_BEIDOU, true)
            .with(StatusBits::USES_GPS, true);
        let position = Position {
            vehicle: Some(vehicle),
            location,
            speed_dkmh: (speed_kmh * 10.0).round() as u16,
            heading_deg: state.fix.heading_deg.round() as u16 % 360,
            altitude_m: 60,
            alarm_bits,
            status_bits: status.0,
            mileage_hm: Some(400_000 + (state.fix.driven_m / 100.0) as u32),
            is_backfill,
        };
        let id = ObservationId::of(&[
            b"position",
            device.as_str().as_bytes(),
            &captured_at.unix_ms().to_be_bytes(),
            &position.speed_dkmh.to_be_bytes(),
        ]);
        let device = device.clone();
        out.push(Observation { id, device, captured_at, received_at, fact: Fact::Position(position) });
    }
}
