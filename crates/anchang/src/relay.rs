//! From the records to where they are used: changes of the reference into the journal, devices into the directory.

use crate::shutdown::ended;
use api::App;
use domain::{CheckpointId, DeviceKind, Entry};
use gateway::directory::{SharedDirectory, cipher_of_text};
use gateway::{CameraEntry, CheckpointEntry, Directory, FleetEntry, PlatformEntry, Shutdown, TerminalEntry};
use journal::{AppendError, Batch};
use platform::Seal;
use records::{Device, PendingChange, StoreError};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Changes taken from the outbox at a time: 100,000 rows of an import take ten rounds.
const CHANGES_MAX: u64 = 10_000;
/// Bytes after which a batch is appended; well below what the journal takes at once.
const BATCH_BYTES: usize = 1 << 20;
/// Least time from one pass to the next, so that an import's many calls share passes. The first is not delayed.
const PASS_PERIOD: Duration = Duration::from_millis(200);
/// How long to wait after a failure.
const RETRY: Duration = Duration::from_secs(2);

/// Why a pass failed; the outbox keeps what was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RelayError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("could not append changes of the reference to the journal: {0}")]
    Append(#[source] AppendError),
}

/// Makes a pass at each change, until `shutdown`. The first was made by whoever starts this.
pub(crate) async fn run(app: Arc<App>, directory: SharedDirectory, mut shutdown: Shutdown) {
    loop {
        tokio::select! {
            () = ended(&mut shutdown) => return,
            () = app.changed.notified() => {}
        }
        // A pass that has begun is finished: it is short, and what it leaves is in the outbox.
        while let Err(error) = pass(&app, &directory).await {
            tracing::error!(%error, "could not take over changes of devices and reference");
            metrics::counter!("anchang_relay_errors_total").increment(1);
            tokio::select! {
                () = ended(&mut shutdown) => return,
                () = tokio::time::sleep(RETRY) => {}
            }
        }
        tokio::time::sleep(PASS_PERIOD).await;
    }
}

/// Takes over everything that has changed. Devices last: one that is let in finds in the journal what it is judged by.
pub(crate) async fn pass(app: &App, directory: &SharedDirectory) -> Result<(), RelayError> {
    loop {
        let pending = app.records.outbox_pending(CHANGES_MAX).await?;
        if pending.is_empty() {
            break;
        }
        append(app, pending).await?;
    }
    app.load_key_classes().await?;
    let mut new = directory_of(app.records.all_devices().await?, &app.seal);
    for checkpoint in app.records.all_checkpoints().await? {
        let location = (checkpoint.location.lon_deg(), checkpoint.location.lat_deg());
        new.checkpoints.insert(checkpoint.id, CheckpointEntry { name: checkpoint.name, location });
    }
    let tollgates = app.records.tollgates(None).await?;
    for platform in app.records.all_platforms().await? {
        let foreign: BTreeSet<_> = platform.foreign_tollgates(&tollgates).collect();
        let is_shown = |id: &&CheckpointId| platform.scope.contains(id) && !foreign.contains(*id);
        let ids = new.checkpoints.keys().filter(is_shown).cloned().collect();
        let Some((username, ha1)) = platform.incoming else { continue };
        let entry =
            PlatformEntry { is_enabled: platform.is_enabled, username, ha1: ha1.0.into(), checkpoints: ids };
        new.platforms.insert(platform.id, entry);
    }
    directory.store(Arc::new(new));
    Ok(())
}

/// Appends changes in their order. Dying between the two steps appends them twice, which changes nothing: a change says
/// what is, not by how much.
async fn append(app: &App, pending: Vec<PendingChange>) -> Result<(), RelayError> {
    let mut batch = Batch::new();
    let mut up_to_id = None;
    for change in pending {
        if batch.bytes() >= BATCH_BYTES {
            batch = app.observations.append(batch).await.map_err(RelayError::Append)?.batch;
            batch.clear();
            if let Some(id) = up_to_id {
                app.records.outbox_done(id).await?;
            }
        }
        let entry = Entry::Reference(Box::new(change.change));
        batch.push_with(|out| codec::encode(&entry, out));
        up_to_id = Some(change.id);
    }
    app.observations.append(batch).await.map_err(RelayError::Append)?;
    match up_to_id {
        Some(id) => Ok(app.records.outbox_done(id).await?),
        None => Ok(()),
    }
}

fn directory_of(devices: Vec<Device>, seal: &Seal) -> Directory {
    let mut directory = Directory::default();
    for device in devices {
        match device.kind {
            DeviceKind::Camera | DeviceKind::Isapi | DeviceKind::Dahua => {
                let username = device.username.unwrap_or_else(|| device.id.0.clone());
                let entry = CameraEntry {
                    is_enabled: device.is_enabled,
                    username,
                    // Without a password nobody can answer the challenge.
                    ha1: device.secret.map(|secret| secret.0.into()).unwrap_or_default(),
                    address: device.address,
                    checkpoints: device.checkpoints,
                };
                if device.kind == DeviceKind::Camera {
                    directory.cameras.insert(device.id, entry);
                } else {
                    directory.notifiers.insert((device.kind, device.id), entry);
                }
            }
            DeviceKind::Fleet => {
                let cipher = device.cipher.as_ref().and_then(|sealed| {
                    let opened = seal.open(&device.id, sealed).as_deref().and_then(cipher_of_text);
                    if opened.is_none() {
                        tracing::error!(platform = %device.id, "its M1, IA1, IC1 were sealed under another secret");
                    }
                    opened
                });
                let entry = FleetEntry {
                    cipher,
                    is_enabled: device.is_enabled,
                    username: device.username.unwrap_or_else(|| device.id.0.clone()),
                    ha1: device.secret.map(|secret| secret.0.into()).unwrap_or_default(),
                    address: device.address,
                };
                directory.fleets.insert(device.id, entry);
            }
            DeviceKind::Terminal => {
                let entry = TerminalEntry { is_enabled: device.is_enabled, vehicle: device.vehicle };
                directory.terminals.insert(device.id, entry);
            }
        }
    }
    directory
}
