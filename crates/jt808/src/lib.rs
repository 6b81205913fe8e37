//! JT/T 808 vehicle-terminal protocol, sans-I/O, both sides.
//!
//! Editions 2011, 2013 and 2019, with the active safety items of Su-biao and the signalling of JT/T 1078. Bytes go
//! in, messages come out, and the other way round; sockets, clocks and sessions are the caller's.
//!
//! Start with [`FrameDecoder`], which cuts a stream into [`Frame`]s; [`Frame::message`] reads one, unless it is
//! a part, which goes to a [`Reassembler`]. [`encode_frame`] writes a [`Message`], split where it must be.
//!
//! Guaranteed: no input makes decoding panic or hold more than its named bound ([`FRAME_BYTES_MAX`],
//! [`ReassemblyLimits`]); a bad frame or body costs itself only; what is not understood is kept as bytes.

mod error;
mod frame;
mod header;
mod phone;
mod reassembly;
mod time;
mod wire;

pub mod active_safety;
pub mod item;
pub mod message;
pub mod position;

pub use error::{DecodeError, EncodeError, FrameError};
pub use frame::{
    Checksum, FRAME_BYTES_MAX, Frame, FrameCounts, FrameDecoder, encode_frame, encode_raw_frame,
};
pub use header::{BODY_BYTES_MAX, Edition, Header, Part};
pub use item::Item;
pub use message::{AckResult, Message, RegisterResult};
pub use phone::{ParsePhoneError, Phone};
pub use position::{AlarmBits, Load, Position, PositionBatch, StatusBits};
pub use reassembly::{Overdue, PART_OVERHEAD_BYTES, Progress, Reassembler, ReassemblyLimits};
pub use time::DateTime;
