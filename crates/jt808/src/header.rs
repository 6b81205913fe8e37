//! The message header (§4.4.3 of each edition).

use crate::phone::{self, Phone};
use crate::wire::Reader;
use crate::{DecodeError, EncodeError};

/// The longest body one frame carries: its length field has ten bits.
pub const BODY_BYTES_MAX: usize = 0x03ff;
/// The longest header: 2019 with sub-package fields.
pub(crate) const HEADER_BYTES_MAX: usize = 2 + 2 + 1 + phone::BYTES_2019 + 2 + 4;

const PROPERTY_ENCRYPTION_SHIFT: u16 = 10;
const PROPERTY_SUB_PACKAGE: u16 = 1 << 13;
const PROPERTY_VERSION: u16 = 1 << 14;
const PROPERTY_RESERVED: u16 = 1 << 15;

/// An edition of the standard. 2011 and 2013 share their header and differ in a few bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Edition {
    V2011,
    V2013,
    V2019,
}

/// The header of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Header {
    /// What the body is (消息 ID).
    pub message_id: u16,
    /// The terminal it comes from or goes to.
    pub phone: Phone,
    /// Counts up from 0 for each frame of one sender, wrapping (消息流水号).
    pub serial: u16,
    /// The layout of the header, and of the body to be written. 2011 shows itself in a registration only, so a
    /// header that was read says 2013 for both.
    pub edition: Edition,
    /// The protocol version byte of 2019, 1 at first publication; not on the wire before.
    pub version: u8,
    /// How the body is encrypted: 0 not at all, 1 RSA, else reserved.
    pub encryption: u8,
    /// Bit 15 of the properties, reserved and kept.
    pub is_reserved_bit_set: bool,
    /// Set when the body is one part of a longer message.
    pub part: Option<Part>,
}

/// Where a sub-package stands in its message (消息包封装项).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Part {
    /// How many parts the message has.
    pub total: u16,
    /// This one, counted from 1.
    pub index: u16,
}

impl Header {
    /// An unencrypted header of one whole message. The 2019 edition gets protocol version 1.
    pub fn new(message_id: u16, edition: Edition, phone: Phone, serial: u16) -> Self {
        let version = u8::from(edition == Edition::V2019);
        Self {
            message_id,
            phone,
            serial,
            edition,
            version,
            encryption: 0,
            is_reserved_bit_set: false,
            part: None,
        }
    }

    /// A header that answers this one: same terminal, same edition, the sender's own serial.
    ///
    /// The message id is set when a message is encoded with it.
    #[must_use]
    pub fn reply(&self, serial: u16) -> Self {
        Self {
            message_id: 0,
            serial,
            encryption: 0,
            is_reserved_bit_set: false,
            part: None,
            phone: self.phone,
            edition: self.edition,
            version: self.version,
        }
    }

    /// Reads a header; gives it with the declared body length and the bytes after it.
    pub fn decode(bytes: &[u8]) -> Result<(Self, usize, &[u8]), DecodeError> {
        let mut r = Reader::new(bytes, Edition::V2013);
        r.field = "header";
        let message_id = r.u16()?;
        let properties = r.u16()?;
        let (edition, version, phone) = if properties & PROPERTY_VERSION != 0 {
            (Edition::V2019, r.u8()?, Phone::from_bcd(&r.array::<{ phone::BYTES_2019 }>()?))
        } else {
            (Edition::V2013, 0, Phone::from_bcd(&r.array::<{ phone::BYTES_2013 }>()?))
        };
        let serial = r.u16()?;
        let part = if properties & PROPERTY_SUB_PACKAGE != 0 {
            Some(Part { total: r.u16()?, index: r.u16()? })
        } else {
            None
        };
        let header = Self {
            message_id,
            phone,
            serial,
            edition,
            version,
            encryption: (properties >> PROPERTY_ENCRYPTION_SHIFT & 0b111) as u8,
            is_reserved_bit_set: properties & PROPERTY_RESERVED != 0,
            part,
        };
        Ok((header, usize::from(properties) & BODY_BYTES_MAX, r.rest()))
    }

    /// Appends the header, declaring a body of `body_len` bytes (at most [`BODY_BYTES_MAX`]).
    pub(crate) fn encode(&self, body_len: usize, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        debug_assert!(body_len <= BODY_BYTES_MAX, "longer bodies are split before");
        let mut properties = (body_len & BODY_BYTES_MAX) as u16
            | u16::from(self.encryption & 0b111) << PROPERTY_ENCRYPTION_SHIFT;
        for (bit, is_set) in [
            (PROPERTY_SUB_PACKAGE, self.part.is_some()),
            (PROPERTY_VERSION, self.edition == Edition::V2019),
            (PROPERTY_RESERVED, self.is_reserved_bit_set),
        ] {
            if is_set {
                properties |= bit;
            }
        }
        out.extend_from_slice(&self.message_id.to_be_bytes());
        out.extend_from_slice(&properties.to_be_bytes());
        if self.edition == Edition::V2019 {
            out.push(self.version);
            out.extend_from_slice(&self.phone.bcd());
        } else {
            out.extend_from_slice(&self.phone.bcd_2013().ok_or(EncodeError::Phone)?);
        }
        out.extend_from_slice(&self.serial.to_be_bytes());
        if let Some(Part { total, index }) = self.part {
            out.extend_from_slice(&total.to_be_bytes());
            out.extend_from_slice(&index.to_be_bytes());
        }
        Ok(())
    }
}
