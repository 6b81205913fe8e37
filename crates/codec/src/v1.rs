//! Entries of version 1: passages without behaviours and weights, checkpoints without limits and direction.
//!
//! Enumerations only grew at their ends since, so that what is not here reads as it is now. Never change this file.

use domain::observation::{Alarm, Position};
use domain::{
    Behaviours, Checkpoint, CheckpointId, DeviceId, Entry, Fact, Observation, ObservationId, Passage,
    PictureId, Plate, PlateClass, PlateColor, ReferenceChange, Section, SectionId, Theatre, Timestamp,
    VehicleFile, VehicleKey, VehicleType, WatchOrder, WatchOrderId, Wgs84,
};
use serde::Deserialize;
use smol_str::SmolStr;

#[derive(Deserialize)]
pub(crate) enum EntryV1 {
    Observation(ObservationV1),
    Reference(Box<ReferenceChangeV1>),
}

#[derive(Deserialize)]
pub(crate) struct ObservationV1 {
    id: ObservationId,
    device: DeviceId,
    captured_at: Timestamp,
    received_at: Timestamp,
    fact: FactV1,
}

#[derive(Deserialize)]
pub(crate) enum FactV1 {
    Passage(PassageV1),
    Position(Position),
    Alarm(Alarm),
}

#[derive(Deserialize)]
pub(crate) struct PassageV1 {
    checkpoint: CheckpointId,
    lane: Option<u8>,
    direction: Option<u8>,
    plate_text: SmolStr,
    plate: Option<Plate>,
    plate_confidence: Option<u8>,
    plate_class: PlateClass,
    plate_color: PlateColor,
    vehicle_type: Option<VehicleType>,
    body_color: Option<char>,
    speed_kmh: Option<u16>,
    pictures: Vec<PictureId>,
}

#[derive(Deserialize)]
pub(crate) struct CheckpointV1 {
    id: CheckpointId,
    name: SmolStr,
    theatre: Theatre,
    location: Wgs84,
    road: SmolStr,
    chainage_m: Option<u32>,
    direction: SmolStr,
    lane_count: u8,
}

#[derive(Deserialize)]
pub(crate) enum ReferenceChangeV1 {
    Checkpoint(CheckpointV1),
    CheckpointRemoved(CheckpointId),
    Section(Section),
    SectionRemoved(SectionId),
    Vehicle(VehicleFile),
    VehicleRemoved(VehicleKey),
    WatchOrder(WatchOrder),
    WatchOrderRemoved(WatchOrderId),
    Tick(Timestamp),
}

impl From<EntryV1> for Entry {
    fn from(entry: EntryV1) -> Self {
        match entry {
            EntryV1::Observation(observation) => Self::Observation(Observation {
                id: observation.id,
                device: observation.device,
                captured_at: observation.captured_at,
                received_at: observation.received_at,
                fact: match observation.fact {
                    FactV1::Passage(passage) => Fact::Passage(passage.into()),
                    FactV1::Position(position) => Fact::Position(position),
                    FactV1::Alarm(alarm) => Fact::Alarm(alarm),
                },
            }),
            EntryV1::Reference(change) => Self::Reference(Box::new((*change).into())),
        }
    }
}

impl From<PassageV1> for Passage {
    fn from(passage: PassageV1) -> Self {
        Self {
            checkpoint: passage.checkpoint,
            lane: passage.lane,
            direction: passage.direction,
            plate_text: passage.plate_text,
            plate: passage.plate,
            plate_confidence: passage.plate_confidence,
            plate_class: passage.plate_class,
            plate_color: passage.plate_color,
            vehicle_type: passage.vehicle_type,
            body_color: passage.body_color,
            speed_kmh: passage.speed_kmh,
            pictures: passage.pictures,
            behaviours: Behaviours::default(),
            weighing: None,
        }
    }
}

impl From<ReferenceChangeV1> for ReferenceChange {
    fn from(change: ReferenceChangeV1) -> Self {
        match change {
            ReferenceChangeV1::Checkpoint(checkpoint) => Self::Checkpoint(Checkpoint {
                id: checkpoint.id,
                name: checkpoint.name,
                theatre: checkpoint.theatre,
                location: checkpoint.location,
                road: checkpoint.road,
                chainage_m: checkpoint.chainage_m,
                direction: checkpoint.direction,
                lane_count: checkpoint.lane_count,
                limit_kmh: None,
                limit_large_kmh: None,
                one_way: None,
            }),
            ReferenceChangeV1::CheckpointRemoved(id) => Self::CheckpointRemoved(id),
            ReferenceChangeV1::Section(section) => Self::Section(section),
            ReferenceChangeV1::SectionRemoved(id) => Self::SectionRemoved(id),
            ReferenceChangeV1::Vehicle(file) => Self::Vehicle(file),
            ReferenceChangeV1::VehicleRemoved(key) => Self::VehicleRemoved(key),
            ReferenceChangeV1::WatchOrder(order) => Self::WatchOrder(order),
            ReferenceChangeV1::WatchOrderRemoved(id) => Self::WatchOrderRemoved(id),
            ReferenceChangeV1::Tick(at) => Self::Tick(at),
        }
    }
}
