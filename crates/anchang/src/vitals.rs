//! What an administrator must see coming: the room on the disk, and the figures of the journals.

use crate::shutdown::ended;
use api::App;
use gateway::Shutdown;
use journal::Journal;
use metrics::gauge;
use std::sync::Arc;
use std::time::Duration;

/// How often to look.
const PERIOD: Duration = Duration::from_secs(10);
/// Free bytes below which the log warns: hours of a county's pictures.
const DISK_FREE_BYTES_LOW: u64 = 5 << 30;
/// How often old jobs and their files are cleared away.
const CLEARING_PERIOD: Duration = Duration::from_hours(1);

/// Looks every [`PERIOD`] until `shutdown`.
pub(crate) async fn run(app: Arc<App>, mut shutdown: Shutdown) {
    let mut period = tokio::time::interval(PERIOD);
    let mut clearing = tokio::time::interval(CLEARING_PERIOD);
    let mut was_low = false;
    loop {
        tokio::select! {
            () = ended(&mut shutdown) => return,
            _ = clearing.tick() => {
                if let Err(error) = api::job::forget_old(&app).await {
                    tracing::warn!(%error, "old jobs were not cleared away");
                }
                continue;
            }
            _ = period.tick() => {}
        }
        was_low = look_at_disk(&app, was_low);
        look_at_journal("entries", &app.observations);
        look_at_journal("pictures", &app.pictures);
        // Histograms keep every value until somebody sums them up.
        app.metrics.run_upkeep();
    }
}

/// Logs when the room becomes little, and when there is enough again.
fn look_at_disk(app: &App, was_low: bool) -> bool {
    let Some(free_bytes) = app.disk_free_bytes() else { return was_low };
    gauge!("anchang_disk_free_bytes").set(free_bytes as f64);
    let is_low = free_bytes < DISK_FREE_BYTES_LOW;
    if is_low && !was_low {
        tracing::warn!(free_bytes, low = DISK_FREE_BYTES_LOW, "little room on the disk of the data folder");
    } else if was_low && !is_low {
        tracing::info!(free_bytes, "there is room on the disk of the data folder again");
    }
    is_low
}

fn look_at_journal(name: &'static str, journal: &Journal) {
    let stats = journal.stats();
    gauge!("anchang_journal_disk_bytes", "journal" => name).set(stats.disk_bytes as f64);
    gauge!("anchang_journal_queued_bytes", "journal" => name).set(stats.queued_bytes as f64);
    gauge!("anchang_journal_records", "journal" => name).set(stats.records as f64);
    gauge!("anchang_journal_syncs", "journal" => name).set(stats.groups as f64);
    gauge!("anchang_journal_is_stopped", "journal" => name).set(if journal.stopped().is_some() {
        1.0
    } else {
        0.0
    });
}
