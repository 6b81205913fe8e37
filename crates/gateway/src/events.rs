//! What leaves the gateway for people: refused devices and messages that could not be read.

use domain::{DeviceId, Timestamp};
use std::net::SocketAddr;
use tokio::sync::mpsc;

/// Which listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// JT/T 808.
    Terminal,
    /// GA/T 1400.
    Camera,
}

impl Source {
    /// The word used in the API and in metrics.
    pub fn key(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Camera => "camera",
        }
    }
}

/// Why a device was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalReason {
    /// Not in the directory; one click admits it.
    Unknown,
    /// Known, but its credentials are wrong.
    WrongPassword,
    /// Known, but switched off.
    Disabled,
}

impl RefusalReason {
    /// The word used in the API and in metrics.
    pub fn key(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::WrongPassword => "wrong_password",
            Self::Disabled => "disabled",
        }
    }
}

/// Something that a person may want to see.
#[derive(Clone, Debug)]
pub enum Event {
    /// A device was refused.
    Refused {
        /// Which listener.
        source: Source,
        /// Who it says it is.
        device: DeviceId,
        /// From where.
        address: SocketAddr,
        /// When.
        at: Timestamp,
        /// Why.
        reason: RefusalReason,
        /// What it said about itself (plate, maker, user name), for the person who decides.
        detail: String,
    },
    /// A message or object could not be read.
    Quarantined {
        /// Which listener.
        source: Source,
        /// From whom, where that could be read.
        device: Option<DeviceId>,
        /// From where.
        address: SocketAddr,
        /// When.
        at: Timestamp,
        /// A short stable word for counting, such as `checksum`.
        reason: &'static str,
        /// The reason in full.
        detail: String,
        /// The bytes, cut at [`crate::Limits::quarantine_bytes_max`].
        bytes: Vec<u8>,
        /// How long they were before the cut.
        bytes_len: usize,
    },
}

/// The way out for events: never waits; when the queue is full the event is dropped and counted.
#[derive(Clone, Debug)]
pub struct EventSender {
    queue: mpsc::Sender<Event>,
    bytes_max: usize,
}

impl EventSender {
    /// A queue of at most `waiting_max` events whose bytes are cut at `bytes_max`.
    pub fn new(waiting_max: usize, bytes_max: usize) -> (Self, mpsc::Receiver<Event>) {
        let (queue, receiver) = mpsc::channel(waiting_max);
        (Self { queue, bytes_max }, receiver)
    }

    /// The part of an unreadable message that is kept: a body may have many megabytes.
    pub(crate) fn cut<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        bytes.get(..self.bytes_max).unwrap_or(bytes)
    }

    /// Sends, or drops and counts.
    pub fn send(&self, mut event: Event) {
        match &mut event {
            Event::Quarantined { source, reason, bytes, bytes_len, .. } => {
                *bytes_len = bytes.len().max(*bytes_len);
                bytes.truncate(self.bytes_max);
                metrics::counter!("anchang_quarantined_total", "source" => source.key(), "reason" => *reason)
                    .increment(1);
            }
            Event::Refused { source, reason, .. } => {
                metrics::counter!("anchang_refused_total", "source" => source.key(), "reason" => reason.key())
                    .increment(1);
            }
        }
        if self.queue.try_send(event).is_err() {
            metrics::counter!("anchang_events_dropped_total").increment(1);
        }
    }
}
