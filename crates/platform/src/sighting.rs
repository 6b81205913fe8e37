//! Telling a platform that a vehicle it looks for was seen: a warning of the watch order that was made of its disposition
//! goes back as a DispositionNotification.

use crate::exchange::{Exchange, Patience, ended};
use crate::id::business_id;
use crate::keep::date_time;
use crate::link::{Link, LinkError};
use crate::object::vehicle_of;
use domain::warning::Detail;
use domain::{DeviceId, Fact, WarningId, WatchOrderId};
use gat1400::id::BusinessKind;
use gat1400::object::DispositionNotification;
use gateway::Shutdown;
use records::{
    Direction, Disposition, DispositionFilter, ExchangeState, Platform, StoreError, WarningRecord,
    WarningState,
};
use smol_str::format_smolstr;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// How often changed warnings are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Changes taken at a time.
const CHANGES_MAX: u64 = 200;
/// Sightings remembered as told; beyond, one that changes once more is told again, with the same object.
const TOLD_MAX: usize = 10_000;

enum Failure {
    Store(StoreError),
    Link(LinkError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Runs until `shutdown`, or until it is stopped because the platform changed.
pub(crate) async fn run(
    exchange: Arc<Exchange>,
    platform: Platform,
    link: Arc<Link>,
    mut shutdown: Shutdown,
) {
    if !platform.takes_dispositions {
        return;
    }
    let mut patience = Patience::new(exchange.options.retry_max);
    let mut told = HashSet::new();
    loop {
        let wait = match look(&exchange, &platform, &link, &mut told).await {
            Ok(()) => {
                patience.reset();
                LOOK_EVERY
            }
            Err(Failure::Link(error)) => {
                tracing::debug!(platform = %platform.id, %error, "could not tell of a sighting");
                patience.next()
            }
            Err(Failure::Store(error)) => {
                tracing::error!(%error, "could not look for sightings");
                patience.next()
            }
        };
        tokio::select! {
            () = ended(&mut shutdown) => return,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

fn cursor_of(platform: &DeviceId) -> String {
    format!("sighting:{platform}")
}

/// Tells of what is new, and remembers how far it came after each that was confirmed.
async fn look(
    exchange: &Exchange,
    platform: &Platform,
    link: &Link,
    told: &mut HashSet<WarningId>,
) -> Result<(), Failure> {
    let records = &exchange.records;
    let cursor = cursor_of(&platform.id);
    let Some(mut seq) = records.cursor(&cursor).await? else {
        records.set_cursor(&cursor, records.warning_seq().await?).await?;
        return Ok(());
    };
    let filter = DispositionFilter {
        platform: Some(platform.id.clone()),
        direction: Some(Direction::In),
        state: Some(ExchangeState::InForce),
        watch_order: None,
    };
    let dispositions: BTreeMap<WatchOrderId, Disposition> = (records.dispositions(&filter).await?)
        .into_iter()
        .filter_map(|one| Some((one.watch_order.clone()?, one)))
        .collect();
    loop {
        let changed = records.warnings_changed_after(seq, CHANGES_MAX).await?;
        let Some(last) = changed.last().map(|record| record.seq) else { return Ok(()) };
        for record in &changed {
            let Detail::WatchOrder { order, .. } = &record.warning.detail else { continue };
            let Some(disposition) = dispositions.get(order) else { continue };
            if record.state == WarningState::Withdrawn || told.contains(&record.warning.id) {
                continue;
            }
            tell(exchange, platform, link, disposition, record).await?;
            if told.len() >= TOLD_MAX {
                told.clear();
            }
            told.insert(record.warning.id);
            records.set_cursor(&cursor, record.seq).await?;
        }
        records.set_cursor(&cursor, last).await?;
        seq = last;
    }
}

async fn tell(
    exchange: &Exchange,
    platform: &Platform,
    link: &Link,
    disposition: &Disposition,
    record: &WarningRecord,
) -> Result<(), Failure> {
    let warning = &record.warning;
    let seen = warning.evidence.iter().rev().find_map(|observation| match &observation.fact {
        Fact::Passage(passage) => Some((observation, passage)),
        _ => None,
    });
    let Some((observation, passage)) = seen else { return Ok(()) };
    let with_pictures = Some(&*exchange.pictures);
    let vehicle = {
        // Pictures are read from the disk.
        let read = || vehicle_of(observation, passage, &exchange.server_id, with_pictures);
        tokio::task::block_in_place(read)
    };
    let of: [&[u8]; 2] = [disposition.id.as_bytes(), &warning.id.0.to_be_bytes()];
    let notification = DispositionNotification {
        notification_id: business_id(
            &exchange.server_id,
            BusinessKind::DISPOSITION_NOTIFICATION,
            warning.raised_at,
            &of,
        ),
        disposition_id: disposition.id.clone(),
        title: format_smolstr!("{} {}", disposition.title, disposition.plate),
        trigger_time: Some(date_time(warning.occurred_at)),
        cnt_object_id: vehicle.motor_vehicle_id.clone(),
        motor_vehicle: Some(Box::new(vehicle)),
        ..DispositionNotification::default()
    };
    let records = &exchange.records;
    match link.send_to(&disposition.receive_addr, link.client().post(&[notification])).await {
        Ok(_) => {
            let now = exchange.clock.now();
            records.note_sighting(&platform.id, Direction::In, &disposition.id, now).await?;
            records.note_disposition(disposition, ExchangeState::InForce, None).await?;
            Ok(())
        }
        Err(error) => {
            let stored = error.stored();
            records.note_disposition(disposition, ExchangeState::InForce, Some(&stored)).await?;
            // What it understood and does not want is not sent for ever.
            if error.is_final() { Ok(()) } else { Err(Failure::Link(error)) }
        }
    }
}
