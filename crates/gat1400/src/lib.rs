//! GA/T 1400 video/image information database interface (视图库), sans-I/O, both sides.
//!
//! A camera or a platform (the client) registers with HTTP Digest, keeps itself alive and posts what it saw;
//! the database (the server) answers each object with a status. This crate turns bytes into objects and
//! objects into bytes; it opens no socket, reads no clock and draws no random number.
//!
//! - [`route`]: method and path to [`Route`], and [`Request`], the whole of a request as objects.
//! - [`client`]: the requests of the other side, ready to be sent.
//! - [`digest`]: the challenge and answer of `/VIID/System/Register`.
//! - [`object`]: what travels; [`read_list`], [`read_one`], [`write_list`], [`write_one`] carry it.
//! - [`id`], [`time`], [`codes`]: the forms of identifiers, instants and code values.
//!
//! **Liberal in what it reads.** Real devices send numbers as strings, `""` for nothing, `true`, `1` or `"1"` for yes,
//! and fields of their own. A value which cannot be read as its field's type costs that field alone, and stays
//! in the object's [`Extra`] as it came. An object that cannot be read costs that object alone.
//! **Exact in what it sends**: names, wrappers and types are those of GA/T 1400.3-2017 and GA/T 1400.4-2017.

#![expect(
    clippy::struct_field_names,
    reason = "fields are named as the standard names them, DeviceID in Device and all"
)]

#[macro_use]
mod field;

pub mod client;
pub mod codes;
pub mod digest;
pub mod id;
mod image;
mod list;
pub mod object;
pub mod route;
pub mod time;

pub use field::{EXTRA_FIELDS_MAX, Extra, Text};
pub use image::{ImageData, ImageProblem};
pub use list::{
    BodyProblem, Limits, ObjectProblem, ObjectReason, Objects, read_list, read_one, write_list, write_one,
};
pub use object::{Object, ResponseStatus};
pub use route::{Request, Route};
pub use time::DateTime;
