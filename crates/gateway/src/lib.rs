//! Sockets for devices: vehicle terminals (JT/T 808 over TCP) and cameras (GA/T 1400 over HTTP).
//!
//! The gateway turns what devices say into [`domain::Observation`]s, puts them into the journal and answers the device only
//! when they are durable. It judges nothing and knows no database: who may speak is a [`Directory`] value that the binary
//! replaces when the records change; what it sees of devices is in [`Presence`]; what needs a person (a refused device, an
//! unreadable message) leaves through the [`events`] queue.
//!
//! The binary makes one [`Context`] and spawns [`terminal::serve`] and [`viid::serve`] with it, a listener each and a
//! [`Shutdown`]; both return when it says so and their connections have ended.
//!
//! Every bound is a field of [`limits::Limits`]. A slow, silent or faulty peer costs itself only.
//!
//! What is counted, by `source` (`terminal`, `camera`): `anchang_connections` now, `anchang_connections_refused_total` over the
//! bound, `anchang_connections_ended_total` by reason, `anchang_requests_total` by answer, `anchang_observations_total` by kind
//! as they were answered, `anchang_rate_limited_total`, `anchang_sessions_refused_total`, `anchang_times_invalid_total`,
//! `anchang_refused_total` and `anchang_quarantined_total` by reason; and without a source `anchang_repeats_total`,
//! `anchang_parts_given_up_total`, `anchang_events_dropped_total`. Weighings come through `api`, with the source `weighing`.

mod accept;
mod bucket;
pub mod clock;
pub mod context;
pub mod directory;
pub mod events;
pub mod intake;
pub mod limits;
pub mod offence;
pub mod presence;
pub mod terminal;
pub mod viid;

pub use accept::Shutdown;
pub use clock::Clock;
pub use context::Context;
pub use directory::{CameraEntry, Directory, TerminalEntry};
pub use events::{Event, EventSender, RefusalReason, Source};
pub use intake::{Intake, IntakeError};
pub use limits::Limits;
pub use offence::{OffenceCodes, OffenceCodesError};
pub use presence::{DeviceKind, DeviceState, Presence};
pub use terminal::{SendError, Terminals};
pub use viid::discard;
