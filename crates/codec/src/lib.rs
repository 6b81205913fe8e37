//! The stored bytes of journal entries: one version byte, then postcard.
//!
//! The only place that knows how an [`Entry`] lies on disk. A change of the domain types that changes these bytes needs a
//! new version here and a reader for the old one; `golden_bytes` fails when that is forgotten.

mod v1;

use domain::Entry;

/// The version written.
pub const VERSION: u8 = 2;
/// Still read: before behaviours, weights and limits.
const VERSION_1: u8 = 1;

/// Why stored bytes are not an entry.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// No bytes at all.
    #[error("empty record")]
    Empty,
    /// Written by a later program.
    #[error("record of version {0}, this program reads up to {VERSION}")]
    Version(u8),
    /// Not what the version says.
    #[error("record does not decode")]
    Malformed(#[source] postcard::Error),
}

/// Appends the stored bytes of `entry` to `out`.
pub fn encode(entry: &Entry, out: &mut Vec<u8>) {
    out.push(VERSION);
    let sink = postcard::ser_flavors::io::WriteFlavor::new(out);
    postcard::serialize_with_flavor(entry, sink)
        .expect("writing to memory can't fail, and entries have no unsized parts");
}

/// Reads what [`encode`] wrote, in this version or an earlier one.
pub fn decode(bytes: &[u8]) -> Result<Entry, DecodeError> {
    match bytes {
        [] => Err(DecodeError::Empty),
        [VERSION, rest @ ..] => postcard::from_bytes(rest).map_err(DecodeError::Malformed),
        [VERSION_1, rest @ ..] => {
            postcard::from_bytes::<v1::EntryV1>(rest).map(Entry::from).map_err(DecodeError::Malformed)
        }
        [version, ..] => Err(DecodeError::Version(*version)),
    }
}

/// The bytes of a snapshot value, behind the version byte. Snapshots are caches: one that does not read back is rebuilt.
pub fn to_bytes(value: &impl serde::Serialize) -> Vec<u8> {
    let sink = postcard::ser_flavors::io::WriteFlavor::new(vec![VERSION]);
    postcard::serialize_with_flavor(value, sink)
        .expect("writing to memory can't fail, and snapshots have no unsized parts")
}

/// Reads what [`to_bytes`] wrote.
pub fn from_bytes<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    match bytes {
        [] => Err(DecodeError::Empty),
        [VERSION, rest @ ..] => postcard::from_bytes(rest).map_err(DecodeError::Malformed),
        [version, ..] => Err(DecodeError::Version(*version)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::observation::{Fact, Passage, Position};
    use domain::{
        DeviceId, Observation, ObservationId, PictureId, Plate, PlateClass, PlateColor, ReferenceChange,
        Timestamp, VehicleKey, Wgs84,
    };
    use proptest::prelude::*;
    use smol_str::SmolStr;

    fn passage() -> Entry {
        Entry::Observation(Observation {
            id: ObservationId(7),
            device: DeviceId::from("37132700001190000001"),
            captured_at: Timestamp::from_unix_ms(1_795_363_200_000),
            received_at: Timestamp::from_unix_ms(1_795_363_201_000),
            fact: Fact::Passage(Passage {
                checkpoint: "37132700001210000001".into(),
                lane: Some(2),
                direction: None,
                plate_text: SmolStr::new("鲁Q12B45"),
                plate: Plate::parse("鲁Q12B45").ok(),
                plate_confidence: Some(97),
                plate_class: PlateClass::SMALL,
                plate_color: PlateColor::Blue,
                vehicle_type: domain::VehicleType::parse("K33"),
                body_color: Some('A'),
                speed_kmh: Some(63),
                pictures: vec![PictureId::from("j128")],
                behaviours: domain::Behaviours::default(),
                weighing: None,
            }),
        })
    }

    fn encoded(entry: &Entry) -> Vec<u8> {
        let mut out = Vec::new();
        encode(entry, &mut out);
        out
    }

    #[test]
    fn golden_bytes() {
        // A journal of this year must be readable in ten: when this fails, add a version, do not change the number.
        let bytes = encoded(&passage());
        let digest = ObservationId::of(&[&bytes]);
        assert_eq!((bytes.len(), digest.to_string().as_str()), (GOLDEN_LEN, GOLDEN_DIGEST));
    }

    #[test]
    fn a_journal_of_version_1_is_still_read() {
        const PASSAGE: &str = "01000714333731333237303030303131393030303030303180f0e2bfc068d0ffe2bfc068001433373133\
            3237303030303132313030303030303101020009e9b2815131324234350187868d84839c3101610201014b3333010141013f01046a313238";
        let digits: Vec<u8> = PASSAGE.chars().map(|digit| digit.to_digit(16).unwrap() as u8).collect();
        let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        assert_eq!(decode(&bytes).unwrap(), passage());
        let tick = Entry::Reference(Box::new(ReferenceChange::Tick(Timestamp::from_unix_ms(-5))));
        assert_eq!(decode(&[1, 1, 8, 9]).unwrap(), tick);
    }

    const GOLDEN_LEN: usize = 100;
    const GOLDEN_DIGEST: &str = "9eb85e2d876c1d6e9efdb7b8d00956ca";

    #[test]
    fn entries_come_back() {
        let position = Entry::Observation(Observation {
            fact: Fact::Position(Position {
                vehicle: Some(VehicleKey {
                    plate: Plate::parse("鲁QA1234").unwrap(),
                    class: PlateClass::LARGE,
                }),
                location: Wgs84::new(118.8, 35.1),
                speed_dkmh: 601,
                heading_deg: 90,
                altitude_m: -3,
                alarm_bits: 4,
                status_bits: 3,
                mileage_hm: None,
                is_backfill: true,
            }),
            ..match passage() {
                Entry::Observation(observation) => observation,
                Entry::Reference(_) => unreachable!(),
            }
        });
        let tick = Entry::Reference(Box::new(ReferenceChange::Tick(Timestamp::from_unix_ms(-5))));
        for entry in [passage(), position, tick] {
            assert_eq!(decode(&encoded(&entry)).unwrap(), entry);
        }
    }

    #[test]
    fn foreign_bytes_are_refused_with_a_reason() {
        assert!(matches!(decode(&[]), Err(DecodeError::Empty)));
        assert!(matches!(decode(&[99, 0]), Err(DecodeError::Version(99))));
        assert!(matches!(decode(&[VERSION, 0, 1]), Err(DecodeError::Malformed(_))));
    }

    proptest! {
        #[test]
        fn any_bytes_decode_or_not_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(entry) = decode(&bytes) {
                prop_assert_eq!(decode(&encoded(&entry)).unwrap(), entry);
            }
        }
    }
}
