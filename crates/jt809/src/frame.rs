//! Frames: marks, escapes, header, checksum (JT/T 809-2011 4.4 and 4.5).

use crate::wire::Reader;
use crate::{Cipher, Edition, Message};

/// Begins a frame; `5a 01` stands for it within one, `5a 02` for 5a.
const START: u8 = 0x5b;
/// Ends a frame; `5e 01` stands for it within one, `5e 02` for 5e.
const END: u8 = 0x5d;
const START_ESCAPE: u8 = 0x5a;
const END_ESCAPE: u8 = 0x5e;
const CHECKSUM_BYTES: usize = 2;

/// Why a frame could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Longer than the decoder may hold.
    #[error("a frame of more than {bytes_max} bytes")]
    TooLong {
        /// The bound.
        bytes_max: usize,
    },
    /// An escape that stands for nothing.
    #[error("no escape is {0:#04x} {1:#04x}")]
    Escape(u8, u8),
    /// A new frame began before the last one ended.
    #[error("a frame without its end")]
    NoEnd,
    /// Too short for its header and checksum.
    #[error("a frame of {0} bytes has no header")]
    Short(usize),
    /// The checksum is another.
    #[error("the checksum is {found:#06x}, computed {computed:#06x}")]
    Checksum {
        /// In the frame.
        found: u16,
        /// Of its bytes.
        computed: u16,
    },
    /// Encrypted, and no parameters are known.
    #[error("the body is encrypted, and no parameters are registered")]
    Encrypted,
}

impl FrameError {
    /// A short stable word for counting.
    pub fn key(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "too_long",
            Self::Escape(..) => "escape",
            Self::NoEnd => "no_end",
            Self::Short(_) => "short",
            Self::Checksum { .. } => "checksum",
            Self::Encrypted => "encrypted",
        }
    }
}

/// Is given each frame or its fault, and what of it was held.
type Take<'t> = dyn FnMut(Result<&[u8], FrameError>, &[u8]) + 't;

/// Cuts frames out of a stream that arrives in pieces of any size. Bytes between frames are skipped.
#[derive(Debug)]
pub struct Decoder {
    held: Vec<u8>,
    bytes_max: usize,
    is_inside: bool,
    /// The first byte of an escape whose second has not come.
    escape: Option<u8>,
    /// Of the frame that is being skipped.
    fault: Option<FrameError>,
}

impl Decoder {
    /// A decoder that holds at most `bytes_max` of a frame.
    pub fn new(bytes_max: usize) -> Self {
        Self { held: Vec::new(), bytes_max, is_inside: false, escape: None, fault: None }
    }

    /// Takes bytes; gives each frame unescaped and without its marks, to be read by [`Frame::read`], or why it is none, with
    /// what of it was held.
    pub fn push(&mut self, bytes: &[u8], take: &mut Take<'_>) {
        for byte in bytes {
            match (*byte, self.is_inside) {
                (START, is_inside) => {
                    if is_inside {
                        take(Err(self.fault.unwrap_or(FrameError::NoEnd)), &self.held);
                    }
                    self.held.clear();
                    (self.is_inside, self.escape, self.fault) = (true, None, None);
                }
                (_, false) => {}
                (END, true) => {
                    let dangling = self.escape.map(|first| FrameError::Escape(first, END));
                    match self.fault.or(dangling) {
                        Some(fault) => take(Err(fault), &self.held),
                        None => take(Ok(&self.held), &self.held),
                    }
                    // Not kept: one long frame would hold its memory for the life of the link.
                    self.held = Vec::new();
                    self.is_inside = false;
                }
                (byte, true) => self.inner(byte),
            }
        }
    }

    fn inner(&mut self, byte: u8) {
        if self.fault.is_some() {
            return;
        }
        let plain = match (self.escape.take(), byte) {
            (None, START_ESCAPE | END_ESCAPE) => {
                self.escape = Some(byte);
                return;
            }
            (None, byte) => byte,
            (Some(START_ESCAPE), 1) => START,
            (Some(START_ESCAPE), 2) => START_ESCAPE,
            (Some(END_ESCAPE), 1) => END,
            (Some(END_ESCAPE), 2) => END_ESCAPE,
            (Some(first), second) => {
                self.fault = Some(FrameError::Escape(first, second));
                return;
            }
        };
        if self.held.len() == self.bytes_max {
            self.fault = Some(FrameError::TooLong { bytes_max: self.bytes_max });
            return;
        }
        self.held.push(plain);
    }
}

/// The header of a message (报文头).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Serial number (MSG_SN).
    pub serial: u32,
    /// Message (MSG_ID).
    pub id: u16,
    /// Access code of the subordinate platform (MSG_GNSSCENTERID).
    pub center_id: u32,
    /// Version of the protocol as the platform counts it (VERSION_FLAG).
    pub version: [u8; 3],
    /// Key of the body, when it is encrypted (ENCRYPT_FLAG, ENCRYPT_KEY).
    pub key: Option<u32>,
    /// When it was sent, in Unix seconds; 0 in 2011, which does not say.
    pub sent_unix_s: u64,
}

/// A header and the body that it declares, decrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The header.
    pub header: Header,
    /// The body.
    pub body: Vec<u8>,
}

impl Frame {
    /// Reads what a [`Decoder`] gave. The length that the header says is not asked: the marks say it, and some platforms count
    /// their escapes.
    pub fn read(bytes: &[u8], edition: Edition, cipher: Option<Cipher>) -> Result<Self, FrameError> {
        Self::read_by(bytes, edition, |_| cipher)
    }

    /// The same where the header tells whose cipher it is: it is never encrypted itself.
    pub fn read_by(
        bytes: &[u8],
        edition: Edition,
        cipher_of: impl FnOnce(&Header) -> Option<Cipher>,
    ) -> Result<Self, FrameError> {
        let short = |_| FrameError::Short(bytes.len());
        let at = bytes.len().checked_sub(CHECKSUM_BYTES).ok_or(FrameError::Short(bytes.len()))?;
        let (checked, checksum) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
        let mut reader = Reader(checked);
        let mut header = || {
            reader.u32("length")?;
            let (serial, id, center_id) = (reader.u32("serial")?, reader.u16("id")?, reader.u32("center")?);
            let mut version = [0; 3];
            version.copy_from_slice(reader.bytes(3, "version")?);
            let (is_encrypted, key) = (reader.u8("encryption")? != 0, reader.u32("key")?);
            let sent_unix_s = if edition == Edition::V2019 { reader.u64("time")? } else { 0 };
            Ok(Header { serial, id, center_id, version, key: is_encrypted.then_some(key), sent_unix_s })
        };
        let header = header().map_err(|_: crate::DecodeError| FrameError::Short(bytes.len()))?;
        let found = Reader(checksum).u16("checksum").map_err(short)?;
        let computed = crc16(checked);
        if found != computed {
            return Err(FrameError::Checksum { found, computed });
        }
        let mut body = reader.0.to_vec();
        if let Some(key) = header.key {
            cipher_of(&header).ok_or(FrameError::Encrypted)?.apply(key, &mut body);
        }
        Ok(Self { header, body })
    }

    /// What it says.
    pub fn message(&self, edition: Edition) -> Result<Message, crate::DecodeError> {
        Message::decode(self.header.id, &self.body, edition)
    }
}

impl Header {
    /// Writes a message with this header; the id is the message's. Without `cipher` nothing is encrypted.
    pub fn encode(&self, message: &Message, edition: Edition, cipher: Option<Cipher>, out: &mut Vec<u8>) {
        let mut body = Vec::new();
        message.encode(edition, &mut body);
        self.encode_raw(message.id(), &body, edition, cipher, out);
    }

    /// Writes a body of any message.
    pub fn encode_raw(
        &self,
        id: u16,
        body: &[u8],
        edition: Edition,
        cipher: Option<Cipher>,
        out: &mut Vec<u8>,
    ) {
        let header_bytes = if edition == Edition::V2019 { 30 } else { 22 };
        let length = 1 + header_bytes + body.len() + CHECKSUM_BYTES + 1;
        let key = self.key.filter(|_| cipher.is_some());
        let mut plain = Vec::with_capacity(length);
        plain.extend_from_slice(&(length as u32).to_be_bytes());
        plain.extend_from_slice(&self.serial.to_be_bytes());
        plain.extend_from_slice(&id.to_be_bytes());
        plain.extend_from_slice(&self.center_id.to_be_bytes());
        plain.extend_from_slice(&self.version);
        plain.push(u8::from(key.is_some()));
        plain.extend_from_slice(&key.unwrap_or(0).to_be_bytes());
        if edition == Edition::V2019 {
            plain.extend_from_slice(&self.sent_unix_s.to_be_bytes());
        }
        let body_at = plain.len();
        plain.extend_from_slice(body);
        if let (Some(cipher), Some(key), Some(body)) = (cipher, key, plain.get_mut(body_at..)) {
            cipher.apply(key, body);
        }
        plain.extend_from_slice(&crc16(&plain).to_be_bytes());
        out.push(START);
        for byte in plain {
            match byte {
                START => out.extend_from_slice(&[START_ESCAPE, 1]),
                START_ESCAPE => out.extend_from_slice(&[START_ESCAPE, 2]),
                END => out.extend_from_slice(&[END_ESCAPE, 1]),
                END_ESCAPE => out.extend_from_slice(&[END_ESCAPE, 2]),
                byte => out.push(byte),
            }
        }
        out.push(END);
    }
}

/// CRC-16/CCITT: polynomial 0x1021, beginning with 0xffff, from the highest bit, nothing inverted.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xffff, |crc, byte| {
        (0..8).fold(
            crc ^ u16::from(*byte) << 8,
            |crc, _| {
                if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 }
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_catalogue() {
        // CRC-16/IBM-3740 (CCITT-FALSE) of the catalogue of parametrised algorithms.
        assert_eq!(crc16(b"123456789"), 0x29b1);
    }

    #[test]
    fn faults_cost_their_frame() {
        let mut decoder = Decoder::new(8);
        let mut found = Vec::new();
        let bytes = b"noise\x5b12\x5b\x5a\x03\x5d\x5b\x5a\x01\x5a\x02\x5e\x01\x5e\x02\x5d\x5b123456789\x5d\x5b\x5a\x5d\x5bab\x5d";
        for byte in bytes {
            decoder.push(&[*byte], &mut |frame, _| found.push(frame.map(<[u8]>::to_vec)));
        }
        let expected = [
            Err(FrameError::NoEnd),
            Err(FrameError::Escape(0x5a, 3)),
            Ok(b"\x5b\x5a\x5d\x5e".to_vec()),
            Err(FrameError::TooLong { bytes_max: 8 }),
            Err(FrameError::Escape(0x5a, 0x5d)),
            Ok(b"ab".to_vec()),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_too_short_or_changed_is_told() {
        assert_eq!(Frame::read(&[], Edition::V2011, None), Err(FrameError::Short(0)));
        assert_eq!(Frame::read(&[0; 20], Edition::V2011, None), Err(FrameError::Short(20)));
        let wrong = Frame::read(&[0; 24], Edition::V2011, None);
        assert!(matches!(wrong, Err(FrameError::Checksum { found: 0, .. })));
    }
}
