//! From the gateway into the records: refused devices, messages that couldn't be read, and what platforms notified of. The gateway never waits for
//! this; when the records can't take them, they are logged, counted and gone.

use domain::{DeviceId, Timestamp};
use gateway::{Event, NoticeKind, RefusalReason};
use records::{
    Direction, Quarantined, Records, RefusedDevice, RefusedReason, StoreError, Tollgate, TollgateState,
};
use smol_str::{SmolStr, ToSmolStr};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::mpsc;

/// Events stored in one transaction.
const EVENTS_MAX: usize = 1_000;
/// Least time between transactions, so that a flood is stored in few.
const PERIOD: Duration = Duration::from_millis(500);

/// Stores events until the gateway is gone.
pub(crate) async fn run(records: Records, mut events: mpsc::Receiver<Event>) {
    let mut waiting = Vec::new();
    while events.recv_many(&mut waiting, EVENTS_MAX).await > 0 {
        let count = waiting.len() as u64;
        let sorted = sort(waiting.drain(..));
        note(count, "refused devices", records.note_refused(&sorted.refused).await);
        note(count, "unreadable messages", records.add_quarantine(&sorted.quarantined).await);
        note(count, "tollgates of platforms", note_tollgates(&records, sorted.tollgates).await);
        for notice in sorted.notices {
            note(1, "a notification of a platform", note_notice(&records, &notice).await);
        }
        if !events.is_closed() {
            tokio::time::sleep(PERIOD).await;
        }
    }
}

fn note(count: u64, what: &str, stored: Result<(), StoreError>) {
    if let Err(error) = stored {
        metrics::counter!("anchang_events_lost_total").increment(count);
        tracing::error!(%error, count, "could not note {what}");
    }
}

/// A notification that was taken from a platform.
struct Notice {
    platform: DeviceId,
    kind: NoticeKind,
    cause: SmolStr,
    objects: u64,
    at: Timestamp,
}

async fn note_notice(records: &Records, notice: &Notice) -> Result<(), StoreError> {
    let Notice { platform, kind, cause, objects, at } = notice;
    match kind {
        NoticeKind::Subscription => records.note_taken(platform, cause, *objects, *at).await,
        NoticeKind::Sighting => records.note_sighting(platform, Direction::Out, cause, *at).await,
    }
}

/// Tollgates that we know meanwhile are left out.
async fn note_tollgates(records: &Records, tollgates: Vec<Tollgate>) -> Result<(), StoreError> {
    let mut strangers = Vec::new();
    for tollgate in tollgates {
        if records.checkpoint(&tollgate.id).await?.is_none() {
            strangers.push(tollgate);
        }
    }
    if strangers.is_empty() { Ok(()) } else { records.note_tollgates(&strangers).await }
}

#[derive(Default)]
struct Sorted {
    refused: Vec<RefusedDevice>,
    quarantined: Vec<Quarantined>,
    tollgates: Vec<Tollgate>,
    notices: Vec<Notice>,
}

/// One row for each refused device and address, whatever the number of its attempts, and one for each tollgate.
fn sort(events: impl Iterator<Item = Event>) -> Sorted {
    let mut refused: BTreeMap<_, RefusedDevice> = BTreeMap::new();
    let mut tollgates: BTreeMap<_, Tollgate> = BTreeMap::new();
    let mut quarantined = Vec::new();
    let mut notices = Vec::new();
    for event in events {
        match event {
            Event::Refused { source, device, address, at, reason, detail } => {
                let (kind, address) = (source, address.ip().to_smolstr());
                let first = RefusedDevice {
                    kind,
                    id: device.clone(),
                    address: address.clone(),
                    first_seen_at: at,
                    last_seen_at: at,
                    attempts: 0,
                    reason: reason_of(reason),
                    detail: String::new(),
                };
                let row = refused.entry((kind, device, address)).or_insert(first);
                row.last_seen_at = at;
                row.attempts += 1;
                row.reason = reason_of(reason);
                row.detail = detail;
            }
            Event::Quarantined { source, device, address, at, reason, detail, bytes, bytes_len } => {
                quarantined.push(Quarantined {
                    at,
                    source,
                    device,
                    address: address.to_smolstr(),
                    reason: SmolStr::new_static(reason),
                    detail,
                    bytes,
                    bytes_len: bytes_len as u64,
                });
            }
            Event::Notice { platform, kind, cause, objects, at } => {
                notices.push(Notice { platform, kind, cause, objects, at });
            }
            Event::Tollgate { platform, seen, at } => {
                let first = Tollgate {
                    platform: platform.clone(),
                    id: seen.id.clone(),
                    name: SmolStr::default(),
                    location: None,
                    state: TollgateState::Waiting,
                    passages: 0,
                    first_seen_at: at,
                    last_seen_at: at,
                };
                let row = tollgates.entry((platform, seen.id)).or_insert(first);
                row.last_seen_at = at;
                row.passages += seen.passages;
                row.location = seen.location.or(row.location);
                if !seen.name.is_empty() {
                    row.name = seen.name;
                }
            }
        }
    }
    Sorted {
        refused: refused.into_values().collect(),
        quarantined,
        tollgates: tollgates.into_values().collect(),
        notices,
    }
}

fn reason_of(reason: RefusalReason) -> RefusedReason {
    match reason {
        RefusalReason::Unknown => RefusedReason::Unknown,
        RefusalReason::WrongPassword => RefusedReason::WrongPassword,
        RefusalReason::Disabled => RefusedReason::Disabled,
        RefusalReason::WrongAddress => RefusedReason::WrongAddress,
        RefusalReason::WrongKey => RefusedReason::WrongKey,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::DeviceKind;

    #[test]
    fn attempts_of_one_device_become_one_row_and_messages_keep_their_order() {
        let refused = |port, at, reason| Event::Refused {
            source: DeviceKind::Camera,
            device: "1".into(),
            address: ([10, 0, 0, 1], port).into(),
            at: Timestamp::from_unix_ms(at),
            reason,
            detail: format!("at {at}"),
        };
        let unreadable = |detail: &str| Event::Quarantined {
            source: DeviceKind::Terminal,
            device: None,
            address: ([10, 0, 0, 2], 9).into(),
            at: Timestamp::from_unix_ms(5),
            reason: "checksum",
            detail: detail.into(),
            bytes: vec![0x7e],
            bytes_len: 3,
        };
        let events = [
            refused(1, 10, RefusalReason::Unknown),
            unreadable("first"),
            refused(2, 20, RefusalReason::WrongPassword),
            unreadable("second"),
        ];
        let Sorted { refused, quarantined, .. } = sort(events.into_iter());
        assert_eq!(refused.len(), 1);
        assert_eq!((refused[0].attempts, refused[0].reason), (2, RefusedReason::WrongPassword));
        assert_eq!((refused[0].first_seen_at.unix_ms(), refused[0].last_seen_at.unix_ms()), (10, 20));
        assert_eq!(refused[0].detail, "at 20");
        let messages: Vec<_> = quarantined.iter().map(|q| (q.detail.as_str(), q.bytes_len)).collect();
        // The length is that of the message, not of what is kept of it.
        assert_eq!(messages, [("first", 3), ("second", 3)]);
    }
}
