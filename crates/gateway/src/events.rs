//! What leaves the gateway for people: refused devices and messages that could not be read.

use domain::{CheckpointId, DeviceId, DeviceKind, Timestamp};
use smol_str::SmolStr;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// Why a device was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalReason {
    /// Not in the directory; one click admits it.
    Unknown,
    /// Known, but its credentials are wrong.
    WrongPassword,
    /// Known, but switched off.
    Disabled,
    /// Known, but at another network address.
    WrongAddress,
    /// Known, but it encrypts with other parameters than those registered, or where none are.
    WrongKey,
}

impl RefusalReason {
    /// The word used in the API and in metrics.
    pub fn key(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::WrongPassword => "wrong_password",
            Self::Disabled => "disabled",
            Self::WrongAddress => "wrong_address",
            Self::WrongKey => "wrong_key",
        }
    }
}

/// Something that a person may want to see.
#[derive(Clone, Debug)]
pub enum Event {
    /// A device was refused.
    Refused {
        /// Over which protocol.
        source: DeviceKind,
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
        /// Over which protocol.
        source: DeviceKind,
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
        /// How long they were before the cut; the sender takes the greater of this and the length of `bytes`.
        bytes_len: usize,
    },
    /// A platform's notification was taken; its passages are in the journal.
    Notice {
        /// From whom.
        platform: DeviceId,
        /// Of what.
        kind: NoticeKind,
        /// The subscription or disposition that it names.
        cause: SmolStr,
        /// Passages taken of it.
        objects: u64,
        /// When.
        at: Timestamp,
    },
    /// A platform told of a tollgate.
    Tollgate {
        /// Which platform.
        platform: DeviceId,
        /// What is known of it.
        seen: SeenTollgate,
        /// When.
        at: Timestamp,
    },
}

/// What a notification is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// Passages that we subscribed to.
    Subscription,
    /// A vehicle that we asked to look out for (布控告警).
    Sighting,
}

/// A tollgate of another platform.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenTollgate {
    /// Its identity.
    pub id: CheckpointId,
    /// Name, where told.
    pub name: SmolStr,
    /// Longitude and latitude in degrees, where told.
    pub location: Option<(f64, f64)>,
    /// Passages that were not taken, because we do not know it.
    pub passages: u64,
}

impl SeenTollgate {
    /// From a platform's own description; `None` without a usable identity.
    pub fn of(tollgate: &gat1400::object::Tollgate) -> Option<Self> {
        let location = tollgate.longitude.zip(tollgate.latitude);
        Some(Self {
            id: CheckpointId(crate::web::device_id(&tollgate.tollgate_id)?.0),
            name: SmolStr::new(&tollgate.name),
            location: location.filter(|(lon, lat)| lon.abs() <= 180.0 && lat.abs() <= 90.0),
            passages: 0,
        })
    }
}

/// Longest detail in bytes; what devices say of themselves may be as long as a header.
const DETAIL_BYTES_MAX: usize = 512;
/// Within this time the same refusal is told once: a device that is refused tries again and again, and would push what
/// others have to say out of the queue.
const REFUSAL_REPEAT_MS: i64 = 10 * domain::time::SECOND_MS;
/// Refusals that are remembered for that; when there are more, all are forgotten and may be told again.
const REFUSALS_REMEMBERED_MAX: usize = 4_096;

/// The way out for events: never waits; when the queue is full the event is dropped and counted.
#[derive(Clone, Debug)]
pub struct EventSender {
    queue: mpsc::Sender<Event>,
    bytes_max: usize,
    /// When a refusal was last told, by the hash of what it says.
    refusals: Arc<Mutex<HashMap<u64, Timestamp>>>,
}

impl EventSender {
    /// A queue of at most `waiting_max` events whose bytes are cut at `bytes_max`.
    pub fn new(waiting_max: usize, bytes_max: usize) -> (Self, mpsc::Receiver<Event>) {
        let (queue, receiver) = mpsc::channel(waiting_max);
        (Self { queue, bytes_max, refusals: Arc::default() }, receiver)
    }

    /// The part of an unreadable message that is kept: a body may have many megabytes.
    pub(crate) fn cut<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        bytes.get(..self.bytes_max).unwrap_or(bytes)
    }

    /// Sends, or drops and counts. All are counted, also refusals that are told already.
    pub fn send(&self, mut event: Event) {
        if let Event::Refused { detail, .. } | Event::Quarantined { detail, .. } = &mut event {
            detail.truncate(detail.floor_char_boundary(DETAIL_BYTES_MAX));
        }
        match &mut event {
            Event::Quarantined { source, reason, bytes, bytes_len, .. } => {
                *bytes_len = bytes.len().max(*bytes_len);
                bytes.truncate(self.bytes_max);
                metrics::counter!("anchang_quarantined_total", "source" => source.key(), "reason" => *reason)
                    .increment(1);
            }
            Event::Refused { source, device, at, reason, detail, .. } => {
                metrics::counter!("anchang_refused_total", "source" => source.key(), "reason" => reason.key())
                    .increment(1);
                let mut hasher = DefaultHasher::new();
                (*source, &*device, *reason, &*detail).hash(&mut hasher);
                if self.is_told(hasher.finish(), *at) {
                    return;
                }
            }
            Event::Notice { .. } | Event::Tollgate { .. } => {}
        }
        if self.queue.try_send(event).is_err() {
            metrics::counter!("anchang_events_dropped_total").increment(1);
        }
    }

    /// Whether this refusal was told just now; if not, it is remembered as told.
    fn is_told(&self, refusal: u64, at: Timestamp) -> bool {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        if refusals.get(&refusal).is_some_and(|told_at| at.ms_since(*told_at) < REFUSAL_REPEAT_MS) {
            return true;
        }
        if refusals.len() >= REFUSALS_REMEMBERED_MAX {
            refusals.clear();
        }
        refusals.insert(refusal, at);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(device: u32, at_ms: i64) -> Event {
        Event::Refused {
            source: DeviceKind::Camera,
            device: DeviceId::from(device.to_string().as_str()),
            address: ([127, 0, 0, 1], 1).into(),
            at: Timestamp::from_unix_ms(at_ms),
            reason: RefusalReason::Unknown,
            detail: String::new(),
        }
    }

    #[test]
    fn a_refused_device_that_insists_is_told_once_in_a_while() {
        let (events, mut told) = EventSender::new(100, 10);
        (0..1_000).for_each(|n| events.send(refused(1, n)));
        events.send(refused(2, 0));
        events.send(refused(1, REFUSAL_REPEAT_MS));
        let mut count = 0;
        while told.try_recv().is_ok() {
            count += 1;
        }
        assert_eq!(count, 3);
    }

    #[test]
    fn kept_bytes_are_cut_and_their_length_is_not() {
        let (events, mut told) = EventSender::new(1, 10);
        events.send(Event::Quarantined {
            source: DeviceKind::Terminal,
            device: None,
            address: ([127, 0, 0, 1], 1).into(),
            at: Timestamp::from_unix_ms(0),
            reason: "checksum",
            detail: "长".repeat(1_000),
            bytes: vec![7; 25],
            bytes_len: 0,
        });
        match told.try_recv() {
            Ok(Event::Quarantined { bytes, bytes_len, detail, .. }) => {
                assert_eq!((bytes.len(), bytes_len), (10, 25));
                assert_eq!(detail, "长".repeat(DETAIL_BYTES_MAX / 3));
            }
            other => panic!("{other:?}"),
        }
    }
}
