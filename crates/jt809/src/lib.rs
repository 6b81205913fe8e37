//! JT/T 809-2011 and JT/T 809-2019: data exchange between platforms that supervise road transport vehicles. Sans-I/O and both
//! sides: a [`Decoder`] cuts frames out of a stream, [`Frame`] is what one holds, [`Message`] what it says, and both are written
//! by their `encode`.
//!
//! A subordinate platform opens the main link (主链路) and logs in; the superior opens a sub link (从链路) back to it. The editions
//! differ in the header (2019 adds the time), in the login and in positions, and no message says which it is: a session
//! learns it from the login ([`Edition::of_login`]).
//!
//! The text of the standard was not at hand: layouts follow what implementations of both editions agree upon, and were checked
//! against their packets.

mod cipher;
mod frame;
mod message;
mod position;
mod wire;

pub use cipher::Cipher;
pub use frame::{Decoder, Frame, FrameError, Header};
pub use message::{
    Login, LoginResult, Message, Registration, VehicleData, VehicleMessage, Warning, WarningSource,
};
pub use position::{Basic, Full, Position};
pub use wire::DecodeError;

/// Which edition of the standard a link speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Edition {
    /// JT/T 809-2011.
    V2011,
    /// JT/T 809-2019.
    V2019,
}

impl Edition {
    /// The word for it.
    pub fn key(self) -> &'static str {
        match self {
            Self::V2011 => "2011",
            Self::V2019 => "2019",
        }
    }

    /// The edition of a login (0x1001) by the length of its unescaped frame without its marks: 22 + 46 + 2 or 30 + 50 + 2.
    /// `None` when it is no login or has neither length.
    pub fn of_login(frame: &[u8]) -> Option<Self> {
        match (frame.get(8..10)?, frame.len()) {
            (&[0x10, 0x01], 70) => Some(Self::V2011),
            (&[0x10, 0x01], 82) => Some(Self::V2019),
            _ => None,
        }
    }
}
