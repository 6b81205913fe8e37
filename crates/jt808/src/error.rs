//! Why bytes could not be read or written.

use crate::Header;

/// Why a frame was rejected. It costs this frame only; the decoder goes on with the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("0x7d is followed by {found:#04x}, which is no escape")]
    BadEscape { found: u8 },
    #[error("frame is longer than {limit} bytes")]
    TooLong { limit: usize },
    #[error("frame of {len} bytes ends inside its header")]
    ShortHeader { len: usize },
    /// The header is what the damaged bytes say, so its phone may be wrong.
    #[error("checksum is {found:#04x}, computed {computed:#04x}")]
    Checksum { header: Option<Header>, found: u8, computed: u8 },
    #[error("header declares a body of {declared} bytes, the frame has {actual}")]
    BodyLength { header: Header, declared: usize, actual: usize },
}

impl FrameError {
    /// The header, where it could be read: enough for a general acknowledgement.
    pub fn header(&self) -> Option<&Header> {
        match self {
            Self::Checksum { header, .. } => header.as_ref(),
            Self::BodyLength { header, .. } => Some(header),
            Self::BadEscape { .. } | Self::TooLong { .. } | Self::ShortHeader { .. } => None,
        }
    }
}

/// Why a body could not be read. Its header is good, so the peer can be told (result 2, wrong message).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("body ends inside {field}")]
    Short { field: &'static str },
    #[error("body fits no known layout of {field}")]
    Layout { field: &'static str },
    #[error("body is encrypted (method {method})")]
    Encrypted { method: u8 },
    #[error("body is sub-package {index} of {total} and must be reassembled first")]
    SubPackage { index: u16, total: u16 },
}

/// What does not fit the wire when a message is written. Nothing is appended to the output then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    #[error("{field} does not fit its field")]
    Field { field: &'static str },
    #[error("terminal phone has more than the 12 digits of editions before 2019")]
    Phone,
    #[error("body of {len} bytes does not fit 65,535 sub-packages")]
    Body { len: usize },
}
