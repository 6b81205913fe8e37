//! What follows from entries is stored, however long the records can't.

use super::{End, Fold};
use crate::retrying::{PAUSE_FIRST, slept};
use api::App;
use domain::Outcome;
use metrics::counter;
use records::StoreError;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

impl Fold {
    /// Stores the outcomes and moves the cursor to `up_to`; then all pages are told. Who is under way is told before, so that a
    /// crash between the two tells again, which changes nothing, and loses no sighting.
    pub(super) fn commit(&mut self, up_to: u64) -> Result<(), End> {
        if !self.sighted.is_empty() {
            let sighted = std::mem::take(&mut self.sighted);
            self.store("tell sightings", |app, runtime, _| {
                runtime.block_on(api::note_sightings(app, &sighted))
            })?;
        }
        let now = self.app().clock.now();
        let office = self.app().office.load_full();
        let changed = self.store("store warnings", |app, runtime, outcomes| {
            let _turn = app.hub.turn().blocking_lock();
            let changed =
                runtime.block_on(app.records.commit_outcomes(outcomes, up_to, now, &office.desk))?;
            api::stream::publish(app, &changed);
            Ok(changed)
        })?;
        for record in &changed {
            let labels = [("change", record.change.key()), ("model", record.warning.model.key())];
            counter!("anchang_warnings_total", &labels).increment(1);
        }
        self.outcomes.clear();
        self.stored_up_to = up_to;
        self.stored_at = Instant::now();
        Ok(())
    }

    /// Tries until the records can do it, or the process is to end.
    pub(super) fn store<T>(
        &self,
        what: &str,
        operation: impl Fn(&App, &Handle, &[Outcome]) -> Result<T, StoreError>,
    ) -> Result<T, End> {
        let mut pause = PAUSE_FIRST;
        let mut has_failed = false;
        loop {
            match operation(self.app(), &self.task.runtime, &self.outcomes) {
                Ok(value) => {
                    if has_failed {
                        tracing::info!("could {what} again");
                        self.set_stopped(None);
                    }
                    return Ok(value);
                }
                Err(error) => {
                    has_failed = true;
                    counter!("anchang_judging_store_errors_total").increment(1);
                    self.wait(&format!("could not {what}: {error}"), &mut pause)?;
                }
            }
        }
    }

    /// Says why judging stands still, and waits; the next time longer.
    pub(super) fn wait(&self, reason: &str, pause: &mut Duration) -> Result<(), End> {
        tracing::error!(reason, retry_in = ?*pause, "judging waits");
        self.set_stopped(Some(reason.to_owned()));
        if slept(pause, || self.is_asked_to_end()) { Ok(()) } else { Err(End::Asked) }
    }

    pub(super) fn set_stopped(&self, reason: Option<String>) {
        self.app().progress.stopped.store(Arc::new(reason));
    }
}
