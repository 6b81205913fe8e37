//! What tells one thing that happened from another, whoever reports it: by this a row of a file is known to be in the
//! journal already, from the same file, from another one, or from the device itself.

use crate::id::ObservationId;
use crate::observation::{Fact, Observation, Passage, Position};
use crate::plate::{Plate, PlateError};
use crate::time::{CivilDay, SECOND_MS};

/// What stands before the device of an observation that came from a file: nobody's camera and nobody's terminal, so that no
/// clock and no health is learned from it.
pub const FILE_DEVICE: &str = "file:";

/// The key of a fact. Of a passage with a plate: checkpoint, second and plate, since one vehicle passes one place once in a
/// second. Of a position: vehicle (else terminal) and second. Where no plate was read, lane, direction and speed have to do,
/// and several vehicles may have one key: [`is_shared`](Self::is_shared).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactKey {
    /// The Beijing day on which it happened.
    pub day: CivilDay,
    hash: u128,
}

impl FactKey {
    /// The key of what was observed; device alarms have none.
    pub fn of(observation: &Observation) -> Option<Self> {
        let second = observation.captured_at.unix_ms().div_euclid(SECOND_MS).to_le_bytes();
        let hash = match &observation.fact {
            Fact::Passage(passage) => of_passage(passage, &second),
            Fact::Position(position) => of_position(position, observation.device.as_str(), &second),
            Fact::Alarm(_) => return None,
        };
        Some(Self { day: observation.captured_at.beijing_day(), hash })
    }

    /// Whether different things may have this key; then their number counts.
    pub fn is_shared(self) -> bool {
        self.hash & 1 != 0
    }

    /// The same in 64 bits, to be looked up among those of its day: [`is_shared`](Self::is_shared) is the lowest. Among the
    /// 1.5 million facts of a county's day, a new one is taken for another with a chance of 1 to 10^13.
    pub fn short(self) -> u64 {
        self.hash as u64
    }

    /// The identity of an observation from a file: the `nth` (from 0) of those with this key.
    pub fn observation_id(self, nth: u32) -> ObservationId {
        ObservationId::of(&[b"file", &self.day.0.to_le_bytes(), &self.hash.to_le_bytes(), &nth.to_le_bytes()])
    }
}

fn of_passage(passage: &Passage, second: &[u8]) -> u128 {
    let place = passage.checkpoint.as_str().as_bytes();
    let text = passage.plate_text.trim();
    match passage.plate.map_or_else(|| Plate::parse_on(text, passage.plate_color), Ok) {
        Ok(plate) => alone(&[b"passage", place, second, &plate.packed().to_le_bytes()]),
        Err(PlateError::NoPlate | PlateError::NotRead) => {
            let seen = [passage.lane.unwrap_or(0), passage.direction.unwrap_or(0)];
            let speed = passage.speed_kmh.unwrap_or(u16::MAX).to_le_bytes();
            hash(&[b"unread", place, second, &seen, &speed]) | 1
        }
        Err(PlateError::Symbol(_) | PlateError::Length(_)) => {
            alone(&[b"text", place, second, text.as_bytes()])
        }
    }
}

fn of_position(position: &Position, device: &str, second: &[u8]) -> u128 {
    match position.vehicle {
        Some(vehicle) => alone(&[b"position", second, &vehicle.plate.packed().to_le_bytes()]),
        None => alone(&[b"terminal", second, device.strip_prefix(FILE_DEVICE).unwrap_or(device).as_bytes()]),
    }
}

fn alone(parts: &[&[u8]]) -> u128 {
    hash(parts) & !1
}

fn hash(parts: &[&[u8]]) -> u128 {
    ObservationId::of(parts).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DeviceId, Timestamp};

    fn seen(device: &str, ms: i64, change: impl FnOnce(&mut Passage)) -> FactKey {
        let mut passage = Passage::unread("37132700001210000001".into());
        change(&mut passage);
        let at = Timestamp::from_unix_ms(ms);
        FactKey::of(&Observation {
            id: ObservationId(0),
            device: DeviceId::from(device),
            captured_at: at,
            received_at: at.plus_ms(5),
            fact: Fact::Passage(passage),
        })
        .unwrap()
    }

    fn plated(text: &'static str) -> impl FnOnce(&mut Passage) {
        move |passage| {
            passage.plate_text = text.into();
            passage.plate = Plate::parse(text).ok();
        }
    }

    #[test]
    fn one_vehicle_at_one_place_in_one_second_is_one_whoever_says_so() {
        let key = seen("37132700001190000001", 1_795_415_496_000, plated("鲁Q12B45"));
        assert_eq!(key, seen("file:37132700001210000001", 1_795_415_496_900, plated("鲁Q·12B45")));
        assert!(!key.is_shared());
        assert_ne!(key, seen("file:37132700001210000001", 1_795_415_497_000, plated("鲁Q12B45")));
        assert_ne!(key, seen("file:37132700001210000001", 1_795_415_496_000, plated("鲁Q12B46")));
    }

    #[test]
    fn vehicles_without_a_plate_may_share_a_key() {
        let key = seen("a", 1_795_415_496_000, plated("无车牌"));
        assert!(key.is_shared() && key.short() & 1 == 1);
        assert_eq!(key, seen("b", 1_795_415_496_000, plated("未识别")));
        let other = seen("a", 1_795_415_496_000, |passage| passage.lane = Some(2));
        assert_ne!(key, other);
        assert_ne!(key.observation_id(0), key.observation_id(1));
    }
}
