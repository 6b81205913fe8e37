//! The identifiers of the interface (GA/T 1400.1-2017, unified identification): parts, building, and what is odd about one.
//!
//! Ids travel as text and stay text in their objects, because devices in the field send other forms too. Parsing
//! tells the parts or names the fault; whether the fault matters is the caller's to decide.

use crate::time::DateTime;
use std::fmt;

/// Why an id is not of its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdProblem {
    #[error("id has {found} characters, not {expected}")]
    Length { expected: usize, found: usize },
    #[error("id has something else than a digit at {index}")]
    NotDigits { index: usize },
    #[error("the 14 digits from {index} of the id are not a time")]
    NotTime { index: usize },
}

/// The forms of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdForm {
    /// [`DeviceId`], 20 digits.
    Device,
    /// [`ObjectId`], 41 digits.
    Object,
    /// [`SubjectId`], 48 digits.
    Subject,
    /// [`BusinessId`], 33 digits.
    Business,
}

impl IdForm {
    /// What is odd about `text` as an id of this form; `None` when it is of the form.
    pub fn problem(self, text: &str) -> Option<IdProblem> {
        match self {
            IdForm::Device => DeviceId::parse(text).err(),
            IdForm::Object => ObjectId::parse(text).err(),
            IdForm::Subject => SubjectId::parse(text).err(),
            IdForm::Business => BusinessId::parse(text).err(),
        }
    }
}

/// A part has more digits than the form has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{part} of an id is {value}, over {max}")]
pub struct BuildIdError {
    pub part: &'static str,
    pub value: u64,
    pub max: u64,
}

/// Takes digits off the front; every form is a row of fixed widths.
struct Digits<'t> {
    text: &'t str,
    index: usize,
}

impl<'t> Digits<'t> {
    fn new(text: &'t str, expected: usize) -> Result<Self, IdProblem> {
        if let Some(index) = text.bytes().position(|byte| !byte.is_ascii_digit()) {
            return Err(IdProblem::NotDigits { index });
        }
        if text.len() != expected {
            return Err(IdProblem::Length { expected, found: text.len() });
        }
        Ok(Digits { text, index: 0 })
    }

    fn take(&mut self, count: usize) -> &'t str {
        let start = self.index;
        self.index += count;
        self.text.get(start..self.index).expect("the form's widths add up to its length, which was checked")
    }

    fn number(&mut self, count: usize) -> u64 {
        self.take(count).bytes().fold(0, |number, byte| number * 10 + u64::from(byte - b'0'))
    }

    fn time(&mut self) -> Result<DateTime, IdProblem> {
        let index = self.index;
        DateTime::parse(self.take(TIME_LEN)).map_err(|_| IdProblem::NotTime { index })
    }
}

const TIME_LEN: usize = 14;

fn fits(part: &'static str, value: u64, max: u64) -> Result<(), BuildIdError> {
    if value <= max { Ok(()) } else { Err(BuildIdError { part, value, max }) }
}

/// The 20 digits of a device or platform: unit 8, industry 2, type 3, network 1, serial 6 (as in GB/T 28181-2016, D.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceId {
    /// Administrative division (6 digits, GB/T 2260) and unit within (2 digits).
    pub unit: u32,
    pub industry: u8,
    /// Digits 11 to 13.
    pub kind: DeviceKind,
    pub network: u8,
    pub serial: u32,
}

/// The type digits of a [`DeviceId`], 0 to 999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceKind(pub u16);

impl DeviceKind {
    /// 采集设备.
    pub const CAPTURE_DEVICE: DeviceKind = DeviceKind(119);
    /// 采集系统.
    pub const CAPTURE_SYSTEM: DeviceKind = DeviceKind(120);
    /// 视频卡口.
    pub const TOLLGATE: DeviceKind = DeviceKind(121);
}

impl DeviceId {
    pub const LEN: usize = 20;

    /// # Errors
    /// [`IdProblem`] when the text is not 20 digits.
    pub fn parse(text: &str) -> Result<Self, IdProblem> {
        Ok(Self::take(&mut Digits::new(text, Self::LEN)?))
    }

    fn take(digits: &mut Digits<'_>) -> Self {
        DeviceId {
            unit: digits.number(8) as u32,
            industry: digits.number(2) as u8,
            kind: DeviceKind(digits.number(3) as u16),
            network: digits.number(1) as u8,
            serial: digits.number(6) as u32,
        }
    }

    /// The digits.
    ///
    /// # Errors
    /// [`BuildIdError`] when a part does not fit into its digits.
    pub fn build(&self) -> Result<String, BuildIdError> {
        fits("unit", self.unit.into(), 99_999_999)?;
        fits("industry", self.industry.into(), 99)?;
        fits("type", self.kind.0.into(), 999)?;
        fits("network", self.network.into(), 9)?;
        fits("serial", self.serial.into(), 999_999)?;
        let DeviceId { unit, industry, kind, network, serial } = self;
        Ok(format!("{unit:08}{industry:02}{:03}{network}{serial:06}", kind.0))
    }
}

/// Serials of pictures, vehicles and business objects have five digits.
const SERIAL_MAX: u64 = 99_999;
const KIND_MAX: u64 = 99;

/// The 41 digits of a video, picture or file: device 20, kind 2, time 14, serial 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ObjectId {
    pub device: DeviceId,
    /// `1` video, `2` picture, `3` file, `4` other.
    pub kind: u8,
    pub created_at: DateTime,
    pub serial: u32,
}

impl ObjectId {
    pub const LEN: usize = 41;
    pub const KIND_VIDEO: u8 = 1;
    pub const KIND_PICTURE: u8 = 2;
    pub const KIND_FILE: u8 = 3;

    /// # Errors
    /// [`IdProblem`] when the text is not 41 digits with a time at its place.
    pub fn parse(text: &str) -> Result<Self, IdProblem> {
        Self::take(&mut Digits::new(text, Self::LEN)?)
    }

    fn take(digits: &mut Digits<'_>) -> Result<Self, IdProblem> {
        Ok(ObjectId {
            device: DeviceId::take(digits),
            kind: digits.number(2) as u8,
            created_at: digits.time()?,
            serial: digits.number(5) as u32,
        })
    }

    /// The digits.
    ///
    /// # Errors
    /// [`BuildIdError`] when a part does not fit into its digits.
    pub fn build(&self) -> Result<String, BuildIdError> {
        fits("kind", self.kind.into(), KIND_MAX)?;
        fits("serial", self.serial.into(), SERIAL_MAX)?;
        Ok(format!("{}{:02}{}{:05}", self.device.build()?, self.kind, self.created_at, self.serial))
    }
}

/// The 48 digits of what was seen in a picture, such as a `MotorVehicleID`: picture 41, kind 2, serial 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SubjectId {
    /// The picture it was found in; its digits are the `SourceID` of the object.
    pub source: ObjectId,
    /// `1` person, `2` motor vehicle, `3` non-motor vehicle, `4` thing, `5` scene, `6` face.
    pub kind: u8,
    pub serial: u32,
}

impl SubjectId {
    pub const LEN: usize = 48;
    pub const KIND_MOTOR_VEHICLE: u8 = 2;
    pub const KIND_NON_MOTOR_VEHICLE: u8 = 3;

    /// # Errors
    /// [`IdProblem`] when the text is not 48 digits with a time at its place.
    pub fn parse(text: &str) -> Result<Self, IdProblem> {
        let mut digits = Digits::new(text, Self::LEN)?;
        Ok(SubjectId {
            source: ObjectId::take(&mut digits)?,
            kind: digits.number(2) as u8,
            serial: digits.number(5) as u32,
        })
    }

    /// The digits.
    ///
    /// # Errors
    /// [`BuildIdError`] when a part does not fit into its digits.
    pub fn build(&self) -> Result<String, BuildIdError> {
        fits("kind", self.kind.into(), KIND_MAX)?;
        fits("serial", self.serial.into(), SERIAL_MAX)?;
        Ok(format!("{}{:02}{:05}", self.source.build()?, self.kind, self.serial))
    }
}

/// The 33 digits of a subscription, a disposition or a notification: organisation 12, kind 2, time 14, serial 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BusinessId {
    /// Organisation code (GA/T 543), 12 digits.
    pub org: u64,
    pub kind: BusinessKind,
    pub created_at: DateTime,
    pub serial: u32,
}

/// The kind digits of a [`BusinessId`], 0 to 99.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BusinessKind(pub u8);

impl BusinessKind {
    pub const DISPOSITION: BusinessKind = BusinessKind(1);
    pub const DISPOSITION_NOTIFICATION: BusinessKind = BusinessKind(2);
    pub const SUBSCRIBE: BusinessKind = BusinessKind(3);
    pub const SUBSCRIBE_NOTIFICATION: BusinessKind = BusinessKind(4);
}

impl BusinessId {
    pub const LEN: usize = 33;

    /// # Errors
    /// [`IdProblem`] when the text is not 33 digits with a time at its place.
    pub fn parse(text: &str) -> Result<Self, IdProblem> {
        let mut digits = Digits::new(text, Self::LEN)?;
        Ok(BusinessId {
            org: digits.number(12),
            kind: BusinessKind(digits.number(2) as u8),
            created_at: digits.time()?,
            serial: digits.number(5) as u32,
        })
    }

    /// The digits.
    ///
    /// # Errors
    /// [`BuildIdError`] when a part does not fit into its digits.
    pub fn build(&self) -> Result<String, BuildIdError> {
        fits("organisation", self.org, 999_999_999_999)?;
        fits("kind", self.kind.0.into(), KIND_MAX)?;
        fits("serial", self.serial.into(), SERIAL_MAX)?;
        Ok(format!("{:012}{:02}{}{:05}", self.org, self.kind.0, self.created_at, self.serial))
    }
}

/// Three digits, as in the id.
impl fmt::Display for DeviceKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:03}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(second: i64) -> DateTime {
        DateTime::from_unix_ms(second * 1000)
    }

    #[test]
    fn the_digits_of_each_form_fall_into_their_parts() {
        let id = SubjectId::parse("440113010012100000010220240305081530000420200001").expect("48 digits");
        let device = id.source.device;
        assert_eq!((device.unit, device.industry, device.kind), (44011301, 0, DeviceKind::TOLLGATE));
        assert_eq!((device.network, device.serial), (0, 1));
        assert_eq!(id.source.kind, ObjectId::KIND_PICTURE);
        assert_eq!(id.source.created_at.to_string(), "20240305081530");
        assert_eq!((id.source.serial, id.kind, id.serial), (42, SubjectId::KIND_MOTOR_VEHICLE, 1));

        let id = BusinessId::parse("440113000000032024030508153000007").expect("33 digits");
        assert_eq!((id.org, id.kind, id.serial), (440113000000, BusinessKind::SUBSCRIBE, 7));
    }

    #[test]
    fn the_fault_of_an_id_is_named() {
        assert_eq!(DeviceId::parse("4401"), Err(IdProblem::Length { expected: 20, found: 4 }));
        assert_eq!(DeviceId::parse("4401130100121000000x"), Err(IdProblem::NotDigits { index: 19 }));
        assert_eq!(
            ObjectId::parse("44011301001210000001022024139908153000042"),
            Err(IdProblem::NotTime { index: 22 })
        );
    }

    #[test]
    fn a_part_that_does_not_fit_is_refused() {
        let device = DeviceId {
            unit: 44011301,
            industry: 0,
            kind: DeviceKind::TOLLGATE,
            network: 0,
            serial: 1_000_000,
        };
        assert_eq!(device.build(), Err(BuildIdError { part: "serial", value: 1_000_000, max: 999_999 }));
    }

    prop_compose! {
        fn devices()(
            unit in 0..=99_999_999_u32, industry in 0..=99_u8, kind in 0..=999_u16, network in 0..=9_u8, serial in 0..=999_999_u32
        ) -> DeviceId {
            DeviceId { unit, industry, kind: DeviceKind(kind), network, serial }
        }
    }

    proptest! {
        #[test]
        fn built_and_parsed_again(
            device in devices(), second in 0..4_000_000_000_i64, kind in 0..=99_u8, serial in 0..=99_999_u32, org in 0..=999_999_999_999_u64
        ) {
            prop_assert_eq!(DeviceId::parse(&device.build().expect("fits")), Ok(device));
            let source = ObjectId { device, kind, created_at: at(second), serial };
            prop_assert_eq!(ObjectId::parse(&source.build().expect("fits")), Ok(source));
            let subject = SubjectId { source, kind, serial };
            let text = subject.build().expect("fits");
            prop_assert_eq!(text.len(), SubjectId::LEN);
            prop_assert_eq!(SubjectId::parse(&text), Ok(subject));
            let business = BusinessId { org, kind: BusinessKind(kind), created_at: at(second), serial };
            prop_assert_eq!(BusinessId::parse(&business.build().expect("fits")), Ok(business));
        }

        #[test]
        fn any_text_is_parsed_or_refused(text in ".{0,60}", digits in "[0-9]{0,50}") {
            for text in [text, digits] {
                let outcomes = [
                    DeviceId::parse(&text).is_ok(), ObjectId::parse(&text).is_ok(),
                    SubjectId::parse(&text).is_ok(), BusinessId::parse(&text).is_ok(),
                ];
                prop_assert!(outcomes.iter().filter(|is_ok| **is_ok).count() <= 1);
            }
        }
    }
}
