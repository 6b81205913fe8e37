//! Observations kept as evidence, packed: a passage takes about 110 bytes instead of 350.

use domain::observation::{Fact, Observation, Passage};
use domain::{
    Behaviours, CheckpointId, DeviceId, ObservationId, PictureId, Plate, PlateClass, PlateColor, Timestamp,
    VehicleType, Weighing,
};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, format_smolstr};

/// Names of devices and checkpoints by number. It only grows; devices are registered, so it stays small.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    names: Vec<SmolStr>,
    numbers: FxHashMap<SmolStr, u32>,
}

impl Names {
    pub(crate) fn restored(names: Vec<SmolStr>) -> Self {
        let numbers = names.iter().cloned().zip(0..).collect();
        Self { names, numbers }
    }

    pub(crate) fn all(&self) -> &[SmolStr] {
        &self.names
    }

    /// The number of a name, given now when it is new.
    pub(crate) fn number(&mut self, name: &SmolStr) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.names.push(name.clone());
        self.numbers.insert(name.clone(), number);
        number
    }

    /// The number of a name, if it has one.
    pub(crate) fn number_of(&self, name: &SmolStr) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// The number of a name that an observation brought: it was given before anybody judged it.
    pub(crate) fn known(&self, name: &SmolStr) -> u32 {
        self.number_of(name).expect("observations are numbered before they are judged")
    }

    /// Gives numbers to the names in an observation, so that judging only reads them.
    pub(crate) fn take_in(&mut self, observation: &Observation) {
        self.number(&observation.device.0);
        if let Fact::Passage(passage) = &observation.fact {
            self.number(&passage.checkpoint.0);
        }
    }

    pub(crate) fn name(&self, number: u32) -> SmolStr {
        self.names.get(number as usize).cloned().unwrap_or_default()
    }
}

/// Bytes of a usual passage's fact: room for them is made at once.
const FACT_BYTES_USUAL: usize = 96;

/// An observation as kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) id: ObservationId,
    pub(crate) captured_at: Timestamp,
    pub(crate) received_at: Timestamp,
    /// The checkpoint's number; 0 when it was no passage.
    pub(crate) place: u32,
    device: u32,
    fact: Box<[u8]>,
}

/// The fact without the checkpoint, which is a number in [`Held`].
#[derive(Serialize)]
enum PackedFact<'a> {
    Passage {
        lane: Option<u8>,
        direction: Option<u8>,
        /// `None` when it is how the plate is written.
        plate_text: Option<&'a SmolStr>,
        plate: Option<Plate>,
        plate_confidence: Option<u8>,
        plate_class: PlateClass,
        plate_color: PlateColor,
        vehicle_type: Option<VehicleType>,
        body_color: Option<char>,
        speed_kmh: Option<u16>,
        pictures: &'a [PictureId],
        behaviours: Behaviours,
        weighing: Option<&'a Weighing>,
    },
    Other(&'a Fact),
}

/// [`PackedFact`] as read back; the fields must match.
#[derive(Deserialize)]
enum UnpackedFact {
    Passage {
        lane: Option<u8>,
        direction: Option<u8>,
        plate_text: Option<SmolStr>,
        plate: Option<Plate>,
        plate_confidence: Option<u8>,
        plate_class: PlateClass,
        plate_color: PlateColor,
        vehicle_type: Option<VehicleType>,
        body_color: Option<char>,
        speed_kmh: Option<u16>,
        pictures: Vec<PictureId>,
        behaviours: Behaviours,
        weighing: Option<Box<Weighing>>,
    },
    Other(Fact),
}

impl Held {
    pub(crate) fn pack(observation: &Observation, names: &Names) -> Self {
        let mut fact = Vec::with_capacity(FACT_BYTES_USUAL);
        let place = pack_fact(&observation.fact, names, &mut fact);
        Self {
            id: observation.id,
            captured_at: observation.captured_at,
            received_at: observation.received_at,
            place,
            device: names.known(&observation.device.0),
            fact: fact.into_boxed_slice(),
        }
    }

    pub(crate) fn unpack(&self, names: &Names) -> Observation {
        Observation {
            id: self.id,
            device: DeviceId(names.name(self.device)),
            captured_at: self.captured_at,
            received_at: self.received_at,
            fact: unpack_fact(&self.fact, self.place, names),
        }
    }

    /// The order of capture; the identity breaks ties, so that it never depends on the order of arrival.
    pub(crate) fn order(&self) -> (Timestamp, ObservationId) {
        (self.captured_at, self.id)
    }

    /// Of two copies of one observation the one that reached us first counts, and of those of one instant the one
    /// with the lesser bytes: which is kept doesn't depend on the order of arrival.
    pub(crate) fn is_better_copy_than(&self, other: &Self) -> bool {
        (self.received_at, &self.fact) < (other.received_at, &other.fact)
    }
}

/// Appends a fact as bytes; gives the number of the checkpoint, which is not among them (0 when it is no passage).
pub(crate) fn pack_fact(fact: &Fact, names: &Names, bytes: &mut Vec<u8>) -> u32 {
    let (place, packed) = match fact {
        Fact::Passage(passage) => (
            names.known(&passage.checkpoint.0),
            PackedFact::Passage {
                lane: passage.lane,
                direction: passage.direction,
                plate_text: Some(&passage.plate_text).filter(|text| !is_written(passage.plate, text)),
                plate: passage.plate,
                plate_confidence: passage.plate_confidence,
                plate_class: passage.plate_class,
                plate_color: passage.plate_color,
                vehicle_type: passage.vehicle_type,
                body_color: passage.body_color,
                speed_kmh: passage.speed_kmh,
                pictures: &passage.pictures,
                behaviours: passage.behaviours,
                weighing: passage.weighing.as_deref(),
            },
        ),
        other => (0, PackedFact::Other(other)),
    };
    *bytes =
        postcard::to_extend(&packed, std::mem::take(bytes)).expect("plain data always has a postcard form");
    place
}

/// The fact that [`pack_fact`] made bytes of.
pub(crate) fn unpack_fact(bytes: &[u8], place: u32, names: &Names) -> Fact {
    let fact = postcard::from_bytes(bytes).expect("packed by `pack_fact`; snapshots carry a checksum");
    match fact {
        UnpackedFact::Passage {
            lane,
            direction,
            plate_text,
            plate,
            plate_confidence,
            plate_class,
            plate_color,
            vehicle_type,
            body_color,
            speed_kmh,
            pictures,
            behaviours,
            weighing,
        } => Fact::Passage(Passage {
            checkpoint: CheckpointId(names.name(place)),
            lane,
            direction,
            plate_text: plate_text
                .unwrap_or_else(|| plate.map_or_else(SmolStr::default, |plate| format_smolstr!("{plate}"))),
            plate,
            plate_confidence,
            plate_class,
            plate_color,
            vehicle_type,
            body_color,
            speed_kmh,
            pictures,
            behaviours,
            weighing,
        }),
        UnpackedFact::Other(fact) => fact,
    }
}

/// Whether the text is the plate as we write it.
fn is_written(plate: Option<Plate>, text: &str) -> bool {
    plate.is_some_and(|plate| text.chars().eq(plate.symbols()))
}

/// What inserting an observation did to a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inserted {
    /// It is new, at this index.
    New(usize),
    /// A better copy of the observation at this index.
    BetterCopy(usize),
    /// Nothing new.
    Duplicate,
}

/// Inserts into a timeline that is sorted by [`Held::order`].
pub(crate) fn insert(timeline: &mut Vec<Held>, held: Held) -> Inserted {
    match timeline.binary_search_by_key(&held.order(), Held::order) {
        Ok(index) if held.is_better_copy_than(&timeline[index]) => {
            timeline[index] = held;
            Inserted::BetterCopy(index)
        }
        Ok(_) => Inserted::Duplicate,
        Err(index) => {
            // Most vehicles keep one or two: grow by what is needed, not by powers of two, while it is short.
            if timeline.len() < 8 {
                timeline.reserve_exact(1);
            }
            timeline.insert(index, held);
            Inserted::New(index)
        }
    }
}

/// The earlier of two candidates for one place as evidence, whatever the order in which they came.
pub(crate) fn keep_earliest(kept: &mut Option<Box<Held>>, held: Held) {
    let is_better = kept.as_ref().is_none_or(|kept| match held.order().cmp(&kept.order()) {
        std::cmp::Ordering::Less => true,
        std::cmp::Ordering::Equal => held.is_better_copy_than(kept),
        std::cmp::Ordering::Greater => false,
    });
    if is_better {
        *kept = Some(Box::new(held));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Behaviour;
    use domain::observation::Position;

    fn observation(fact: Fact) -> Observation {
        Observation {
            id: ObservationId(7),
            device: "camera".into(),
            captured_at: Timestamp::from_unix_ms(1_000),
            received_at: Timestamp::from_unix_ms(2_000),
            fact,
        }
    }

    fn passage(plate_text: &str) -> Observation {
        observation(Fact::Passage(Passage {
            checkpoint: "A".into(),
            lane: Some(2),
            direction: None,
            plate_text: SmolStr::new(plate_text),
            plate: Plate::parse(plate_text).ok(),
            plate_confidence: Some(91),
            plate_class: PlateClass::SMALL,
            plate_color: PlateColor::Blue,
            vehicle_type: VehicleType::parse("K33"),
            body_color: Some('A'),
            speed_kmh: Some(61),
            pictures: vec!["j128".into()],
            behaviours: Behaviours::default().with(Behaviour::NoBelt),
            weighing: Some(Box::new(Weighing {
                total_kg: 51_000,
                axles_kg: vec![7_000, 11_000, 11_000],
                axle_count: 3,
                is_train: Some(false),
            })),
        }))
    }

    #[test]
    fn what_is_packed_comes_back_as_it_was() {
        let mut names = Names::default();
        let position = observation(Fact::Position(Position {
            vehicle: None,
            location: None,
            speed_dkmh: 600,
            heading_deg: 1,
            altitude_m: -3,
            alarm_bits: 4,
            status_bits: 3,
            mileage_hm: Some(9),
            is_backfill: true,
        }));
        for observation in [passage("鲁Q12345"), passage("蓝鲁q·12345"), passage("无车牌"), position] {
            names.take_in(&observation);
            assert_eq!(Held::pack(&observation, &names).unpack(&names), observation);
        }
    }

    #[test]
    fn of_copies_received_at_once_the_same_one_is_kept_in_any_order() {
        let mut names = Names::default();
        let (a, b) = (passage("鲁Q12345"), passage("鲁Q12346"));
        names.take_in(&a);
        let packed = [Held::pack(&a, &names), Held::pack(&b, &names)];
        let kept = |order: [usize; 2]| {
            let mut timeline = Vec::new();
            for index in order {
                insert(&mut timeline, packed[index].clone());
            }
            timeline
        };
        assert_eq!(kept([0, 1]), kept([1, 0]));
        assert_eq!(kept([0, 1]).len(), 1);
    }
}
