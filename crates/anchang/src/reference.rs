//! The reference as the records have it now: what judging goes on with where the journal has lost its beginning.

use api::App;
use domain::ReferenceChange;
use records::{StoreError, WatchFilter, Window};

/// Rows of a list that are read at a time.
const ROWS_MAX: u64 = 1_000;

/// Silences that ended longer ago concern nothing that is still judged.
const QUIET_LOOK_BACK_MS: i64 = 7 * domain::time::DAY_MS;

/// The reference as the records have it now, as the changes that make it.
pub(crate) async fn reference(app: &App) -> Result<Vec<ReferenceChange>, StoreError> {
    let records = &app.records;
    let mut changes: Vec<ReferenceChange> =
        records.all_checkpoints().await?.into_iter().map(ReferenceChange::Checkpoint).collect();
    changes.extend(records.all_sections().await?.into_iter().map(ReferenceChange::Section));
    let quiet_since = app.clock.now().plus_ms(-QUIET_LOOK_BACK_MS);
    changes.extend(records.standing_changes(quiet_since).await?);
    let mut after = None;
    loop {
        let files = records.vehicles_after(after, false, ROWS_MAX).await?;
        let Some(last) = files.last() else { break };
        after = Some(last.key);
        changes.extend(files.into_iter().map(ReferenceChange::Vehicle));
    }
    let mut window = Window { offset: 0, limit: ROWS_MAX };
    loop {
        let page = records.watch_orders(&WatchFilter::default(), window).await?;
        if page.items.is_empty() {
            return Ok(changes);
        }
        window.offset += page.items.len() as u64;
        changes.extend(page.items.into_iter().map(|record| ReferenceChange::WatchOrder(record.order)));
    }
}
