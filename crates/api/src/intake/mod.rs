//! What comes in otherwise than by a device's own connection: files of other systems, with their mappings; and an overview
//! of all that is connected.
//!
//! A file is uploaded, looked at, checked, and imported by a job; it is kept for some days with its report, so that it can
//! be imported again with another mapping. What reads it is `gateway::file`.

pub(crate) mod connection;
pub(crate) mod mapping;
pub(crate) mod preview;
pub(crate) mod run;
pub(crate) mod upload;
mod view;
mod words;

pub use upload::forget_old_uploads;
