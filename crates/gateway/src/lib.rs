//! Sockets for devices and other platforms: vehicle terminals (JT/T 808 over TCP), cameras (GA/T 1400 and what their makers
//! post, over HTTP).
//!
//! The gateway turns what devices say into [`domain::Observation`]s, puts them into the journal and answers the device only
//! when they are durable. It judges nothing and knows no database: who may speak is a [`Directory`] value that the binary
//! replaces when the records change; what it sees of devices is in [`Presence`]; what needs a person (a refused device, an
//! unreadable message) leaves through the [`events`] queue.
//!
//! The binary makes one [`Context`] and runs each of the [`PROTOCOLS`] with it, a listener and a [`Shutdown`]; they return
//! when it says so and their connections have ended.
//!
//! Every bound is a field of [`limits::Limits`]. A slow, silent or faulty peer costs itself only.
//!
//! What is counted, by `source` (the kind of the device): `anchang_connections` now, `anchang_connections_refused_total` over the
//! bound, `anchang_connections_ended_total` by reason, `anchang_requests_total` by answer, `anchang_observations_total` by kind
//! as they were answered, `anchang_rate_limited_total`, `anchang_sessions_refused_total`, `anchang_times_invalid_total`,
//! `anchang_refused_total` and `anchang_quarantined_total` by reason; and without a source `anchang_repeats_total`,
//! `anchang_parts_given_up_total`, `anchang_events_dropped_total`. Weighings come through `api`, with the source `weighing`.

mod accept;
mod bucket;
pub mod clock;
pub mod context;
pub mod dahua;
pub mod directory;
pub mod events;
pub mod file;
pub mod fleet;
pub mod intake;
pub mod isapi;
pub mod limits;
mod notifier;
pub mod offence;
pub mod presence;
pub mod protocol;
pub mod question;
pub mod terminal;
pub mod viid;
mod web;

pub use accept::Shutdown;
pub use clock::Clock;
pub use context::Context;
pub use directory::{CameraEntry, CheckpointEntry, Directory, FleetEntry, PlatformEntry, TerminalEntry};
pub use events::{Event, EventSender, NoticeKind, RefusalReason, SeenTollgate};
pub use intake::{Intake, IntakeError};
pub use jt809::Cipher as FleetCipher;
pub use limits::Limits;
pub use offence::{OffenceCodes, OffenceCodesError};
pub use presence::{DeviceState, Presence};
pub use protocol::{PROTOCOLS, Protocol};
pub use question::{Question, Questions};
pub use terminal::{SendError, Terminals};
pub use web::body::discard;
