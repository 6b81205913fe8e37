//! Keeps the history small and quick, in the background: merges segments, and removes what is older than is kept. A thread of
//! its own at low priority.
//!
//! A merge writes a new file, then swaps the rows of the catalogue in one transaction, then shows it; so a process that dies
//! at any moment leaves either the old files or the new one, and the next start removes the others. A merge that fails is
//! tried again later; a damaged segment is left as it is.

use crate::archiving::words_of;
use crate::catalogue::{path_text, to_record};
use api::{App, Retention};
use domain::{CivilDay, Timestamp};
use history::{HistoryError, Kind, Merge, SET_ASIDE_KEPT, SetAside};
use metrics::counter;
use records::AuditEntry;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};
use tokio::runtime::Handle;

/// Longest sleep without a look at whether to end.
const WAKE_PERIOD: Duration = Duration::from_millis(250);
/// Rest after something failed.
const REST: Duration = Duration::from_mins(1);
/// How far below the rest of the process the thread stands (nice value).
const NICE: i32 = 15;

/// The running thread.
pub(crate) struct Merging {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Merging {
    /// Starts the thread.
    pub(crate) fn start(app: Arc<App>, period: Duration) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let merger = Merger { app, runtime: Handle::current(), stop: stop.clone(), period, expired_on: None };
        let thread = std::thread::Builder::new().name("merging".into()).spawn(move || merger.run())?;
        Ok(Self { stop, thread })
    }

    /// Asks the thread to end, and waits for it; a merge is cut off.
    pub(crate) async fn stop(self) {
        self.stop.store(true, Ordering::Release);
        let ended = tokio::task::spawn_blocking(move || self.thread.join().is_ok()).await;
        if !matches!(ended, Ok(true)) {
            tracing::error!("the merging thread had panicked");
        }
    }
}

struct Merger {
    app: Arc<App>,
    runtime: Handle,
    stop: Arc<AtomicBool>,
    /// How often to look for work.
    period: Duration,
    /// The day on which old segments were last removed.
    expired_on: Option<CivilDay>,
}

impl Merger {
    fn run(mut self) {
        if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE) {
            tracing::debug!(%error, "merging runs at the priority of the process");
        }
        while !self.is_asked_to_end() {
            let now = self.app.clock.now();
            let rest = match self.work(now) {
                Ok(true) => Duration::ZERO,
                Ok(false) => self.period,
                Err(why) => {
                    tracing::warn!(why, "the history is not merged now; it is tried again");
                    REST
                }
            };
            self.app.archive.history.sweep();
            self.sleep(rest);
        }
    }

    /// One piece of work; false when there is none.
    fn work(&mut self, now: Timestamp) -> Result<bool, String> {
        let today = now.beijing_day();
        if self.expired_on != Some(today) {
            self.expire(now)?;
            self.clear_set_aside(now)?;
            self.expired_on = Some(today);
        }
        let Some(merge) = self.app.archive.history.next_merge(now) else { return Ok(false) };
        self.merge(&merge)?;
        Ok(true)
    }

    fn merge(&self, merge: &Merge) -> Result<(), String> {
        let history = &self.app.archive.history;
        let began_at = Instant::now();
        let merged = match history.merge(merge, &|| self.is_asked_to_end()) {
            Ok(merged) => merged,
            Err(HistoryError::Cancelled) => return Ok(()),
            Err(error) => return Err(words_of(&error)),
        };
        let gone: Vec<PathBuf> = merge.inputs().iter().map(|segment| segment.path.clone()).collect();
        tracing::info!(
            into = %merged.path.display(),
            from = gone.len(),
            rows = merged.rows,
            bytes = merged.bytes,
            ms = began_at.elapsed().as_millis() as u64,
            "merged segments of the history"
        );
        let row = to_record(&merged);
        let paths: Vec<String> = gone.iter().map(|path| path_text(path)).collect();
        self.runtime
            .block_on(self.app.records.swap_segments(std::slice::from_ref(&row), &paths))
            .map_err(|error| error.to_string())?;
        history.publish(vec![merged], &gone);
        self.app.archive.merged.fetch_add(gone.len() as u64, Ordering::Relaxed);
        counter!("anchang_history_merged_total").increment(gone.len() as u64);
        Ok(())
    }

    /// Removes what is older than is kept, and writes that into the audit.
    fn expire(&self, now: Timestamp) -> Result<(), String> {
        let words = |error: records::StoreError| error.to_string();
        let retention = self.runtime.block_on(Retention::read(&self.app)).map_err(words)?;
        for kind in Kind::ALL {
            for projection in kind.projections() {
                let Some(days) = retention.days(kind, *projection) else { continue };
                let before = history::kept_from(now.beijing_day(), days);
                let old = self.app.archive.history.expired(kind, *projection, before);
                if old.is_empty() {
                    continue;
                }
                let gone: Vec<PathBuf> = old.iter().map(|segment| segment.path.clone()).collect();
                let rows: u64 = old.iter().map(|segment| segment.rows).sum();
                drop(old);
                let paths: Vec<String> = gone.iter().map(|path| path_text(path)).collect();
                self.runtime.block_on(self.app.records.swap_segments(&[], &paths)).map_err(words)?;
                self.app.archive.history.publish(Vec::new(), &gone);
                self.app.archive.expired.fetch_add(gone.len() as u64, Ordering::Relaxed);
                let target = format!("{}/{}", kind.key(), projection.key());
                let detail = format!("{} segments, {rows} rows, kept for {days} days", gone.len());
                tracing::info!(target, detail, "removed segments that are no longer kept");
                self.audit(now, "history.expire", &target, detail)?;
            }
        }
        Ok(())
    }

    /// Removes what lies in `set-aside/` for longer than it is kept, and writes that into the audit.
    fn clear_set_aside(&self, now: Timestamp) -> Result<(), String> {
        let Some(before) = SystemTime::now().checked_sub(SET_ASIDE_KEPT) else { return Ok(()) };
        let SetAside { files, bytes } = self.app.archive.history.clear_set_aside(before);
        if files == 0 {
            return Ok(());
        }
        counter!("anchang_history_set_aside_removed_total").increment(files);
        let detail = format!(
            "{files} files, {bytes} bytes, set aside more than {} days ago",
            SET_ASIDE_KEPT.as_secs() / 86_400
        );
        tracing::info!(detail, "removed files that no catalogue named");
        self.audit(now, "history.set_aside.expire", "set-aside", detail)
    }

    fn audit(&self, at: Timestamp, action: &str, target: &str, detail: String) -> Result<(), String> {
        let (action, target) = (action.into(), target.into());
        let entry = AuditEntry { at, actor: "".into(), action, target, detail, address: None };
        let appended = self.runtime.block_on(self.app.records.append_audit(&entry));
        appended.map(drop).map_err(|error| error.to_string())
    }

    fn sleep(&self, rest: Duration) {
        let until = Instant::now() + rest;
        while Instant::now() < until && !self.is_asked_to_end() {
            std::thread::sleep(WAKE_PERIOD.min(rest));
        }
    }

    fn is_asked_to_end(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }
}
