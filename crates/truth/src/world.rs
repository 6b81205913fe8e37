//! The simulated county as judgement sees it: its reference, what its devices report, and what is truly so.

use crate::matching::Planted;
use domain::time::{DAY_MS, HOUR_MS, SECOND_MS};
use domain::{
    Behaviours, CivilDay, DeviceId, Fact, ModelId, Observation, ObservationId, Passage, Plate, PlateClass,
    ReferenceChange, Timestamp, VehicleFile, VehicleKey, VehicleType, WatchOrder,
};
use sim::county::County;
use sim::county::vehicles::REGISTERED_COUNT;
use sim::noise::{self, NoiseRates};
use sim::traffic::{Rates, Traffic, truth};
use std::sync::Arc;

/// Which month.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// What the county is made from.
    pub seed: u64,
    /// Its first day.
    pub day: CivilDay,
    /// How many days.
    pub days: u16,
    /// Share of the vehicles that take part.
    pub scale: f64,
    /// Factor on the planted offences.
    pub offences: f64,
    /// What goes wrong.
    pub noise: NoiseRates,
}

/// A county over some days.
#[derive(Debug)]
pub struct World {
    settings: Settings,
    traffic: Traffic,
}

impl World {
    /// Makes it.
    pub fn new(settings: Settings) -> Self {
        let county = Arc::new(County::generate(settings.seed, settings.day));
        let rates = Rates { scale: settings.scale, offences: settings.offences, ..Rates::default() };
        Self { settings, traffic: Traffic::new(county, rates) }
    }

    /// From when to when.
    pub fn window(&self) -> (Timestamp, Timestamp) {
        let day = self.settings.day;
        (day.start(), CivilDay(day.0 + i32::from(self.settings.days)).start())
    }
}

impl World {
    /// What the platform is told before anything is reported.
    pub fn reference(&self) -> Vec<ReferenceChange> {
        let county = &self.traffic.county;
        let mut changes = Vec::new();
        changes.extend(county.checkpoints.iter().map(|checkpoint| {
            ReferenceChange::Checkpoint(domain::Checkpoint {
                id: checkpoint.id.as_str().into(),
                name: checkpoint.name.as_str().into(),
                theatre: checkpoint.theatre,
                location: checkpoint.at.to_wgs84(),
                road: county.roads[checkpoint.road].name.as_str().into(),
                chainage_m: Some(checkpoint.chainage_m as u32),
                direction: checkpoint.direction_text().into(),
                lane_count: checkpoint.lane_count,
                limit_kmh: None,
                limit_large_kmh: None,
                one_way: None,
            })
        }));
        changes.extend(county.sections.iter().map(|section| {
            let [start, end] = section.ends.map(|end| county.checkpoints[end as usize].id.as_str().into());
            ReferenceChange::Section(domain::Section {
                id: section.id.as_str().into(),
                name: section.name.as_str().into(),
                start,
                end,
                length_m: section.length_m,
                limit_kmh: section.limit_kmh,
                limit_large_kmh: section.limit_large_kmh,
            })
        }));
        changes.extend(county.register.vehicles.iter().enumerate().take(REGISTERED_COUNT).map(
            |(index, vehicle)| {
                let file = county.register.file(index);
                ReferenceChange::Vehicle(VehicleFile {
                    key: VehicleKey { plate: vehicle.plate, class: vehicle.kind.plate_class() },
                    vehicle_type: VehicleType::parse(vehicle.kind.vehicle_type()),
                    use_code: Some(vehicle.kind.use_code()),
                    key_class: vehicle.kind.key_class(),
                    body_color: Some(vehicle.color),
                    owner: file.owner.as_str().into(),
                    inspection_valid_until: Some(file.inspection_valid_until),
                    scrap_by: file.scrap_by,
                    unhandled_offences: file.unhandled_offences,
                    is_night_exempt: vehicle.is_night_exempt,
                })
            },
        ));
        changes.extend(county.register.watch_orders.iter().enumerate().map(|(number, order)| {
            let vehicle = &county.register.vehicles[order.vehicle as usize];
            ReferenceChange::WatchOrder(WatchOrder {
                id: format!("W{number}").as_str().into(),
                plate: vehicle.plate,
                class: Some(vehicle.kind.plate_class()),
                reason: order.reason.into(),
                level: order.level,
                from: order.from.start(),
                until: CivilDay(order.until.0 + 1).start(),
            })
        }));
        changes
    }

    /// What the devices report of what happens in the window, in no order, each when it reaches the platform.
    pub fn observations(&self, from_ms: i64, to_ms: i64) -> Vec<Observation> {
        let passages = self.traffic.passages(from_ms, to_ms);
        let mut found = Vec::with_capacity(passages.len() + passages.len() / 20);
        for passage in &passages {
            let observation = self.observation(passage);
            if noise::is_doubled(&self.traffic.county, &self.settings.noise, passage) {
                let again = observation.received_at.plus_ms(30 * SECOND_MS);
                found.push(Observation { received_at: again, ..observation.clone() });
            }
            found.push(observation);
        }
        found
    }

    fn observation(&self, passage: &sim::traffic::Passage) -> Observation {
        let (county, rates) = (&self.traffic.county, &self.settings.noise);
        let checkpoint = &county.checkpoints[passage.checkpoint as usize];
        let vehicle = &county.register.vehicles[passage.vehicle as usize];
        let read = noise::read(county, rates, passage);
        let captured_ms =
            passage.at_ms + noise::clock_error_ms(county, rates, passage.checkpoint, passage.at_ms);
        let plate = Plate::parse(&read.text).ok();
        let plate_class = if plate.is_some() { vehicle.kind.plate_class() } else { PlateClass::UNKNOWN };
        let id = ObservationId::of(&[
            checkpoint.id.as_bytes(),
            &passage.at_ms.to_le_bytes(),
            &passage.vehicle.to_le_bytes(),
        ]);
        let late_ms = if id.0 % 100 < 5 { HOUR_MS + (id.0 >> 64) as i64 % (5 * HOUR_MS) } else { SECOND_MS };
        Observation {
            id,
            device: DeviceId::from(checkpoint.camera_id.as_str()),
            captured_at: Timestamp::from_unix_ms(captured_ms / SECOND_MS * SECOND_MS),
            received_at: Timestamp::from_unix_ms(passage.at_ms + late_ms.max(0)),
            fact: Fact::Passage(Passage {
                checkpoint: checkpoint.id.as_str().into(),
                lane: Some(passage.lane),
                direction: checkpoint.direction_code(passage.is_forward).parse().ok(),
                plate_text: read.text.as_str().into(),
                plate,
                plate_confidence: Some(read.confidence),
                plate_class,
                plate_color: plate_class.color(),
                vehicle_type: VehicleType::parse(vehicle.kind.vehicle_type()),
                body_color: Some(vehicle.color),
                speed_kmh: Some(passage.speed_kmh.into()),
                pictures: Vec::new(),
                behaviours: Behaviours::default(),
                weighing: None,
            }),
        }
    }

    /// What is true and begins on that day.
    pub fn planted(&self, day: CivilDay) -> Vec<Planted> {
        let from_ms = day.start().unix_ms();
        truth::of_window(&self.traffic, &self.settings.noise, from_ms, from_ms + DAY_MS)
            .into_iter()
            .filter_map(|truth| self.of_truth(&truth))
            .collect()
    }

    fn of_truth(&self, truth: &truth::Truth) -> Option<Planted> {
        let model = ModelId::parse(truth.model)?;
        let at = instant(&truth.at)?;
        let is_section = model == ModelId::AverageSpeed;
        let is_checkpoint = self.traffic.county.checkpoints.iter().any(|one| one.id == truth.place);
        Some(Planted {
            model,
            plate: Plate::parse(&truth.plate).ok(),
            checkpoint: is_checkpoint.then(|| truth.place.as_str().into()),
            what: if is_section { truth.place.as_str().into() } else { "".into() },
            from: at,
            until: at,
            is_required: true,
            is_observable: truth.is_expected,
            detail: truth.detail.clone(),
        })
    }
}

/// `2026-11-23T06:31:36.123Z`.
fn instant(text: &str) -> Option<Timestamp> {
    let (day, time) = text.trim_end_matches('Z').split_once('T')?;
    let seconds = time.split(':').try_fold(0.0, |sum, part| Some(sum * 60.0 + part.parse::<f64>().ok()?))?;
    // A Beijing day begins eight hours before the UTC day of the same name.
    let start = CivilDay::parse(day)?.start().plus_ms(8 * HOUR_MS);
    Some(start.plus_ms((seconds * 1_000.0).round() as i64))
}
