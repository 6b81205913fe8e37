//! Compares the files of the history with their checksums, slowly and again and again, so that damage is found before somebody
//! asks for what is damaged, and while a backup still has it.

use crate::catalogue::path_text;
use crate::config::HistoryConfig;
use crate::shutdown::ended;
use api::{App, DAMAGED_NAMED_MAX, Verification, VerificationPass};
use domain::time::DAY_MS;
use gateway::Shutdown;
use history::{HistoryError, Segment};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often to look whether a check is due.
const LOOK_PERIOD: Duration = Duration::from_mins(1);
/// Longest sleep without a look at whether to end.
const SLEEP_MAX: Duration = Duration::from_millis(250);
/// How often it is stored how far a check has come; what was done since is done again after a restart.
const STORE_PERIOD: Duration = Duration::from_secs(10);

/// Works until `shutdown`.
pub(crate) async fn run(app: Arc<App>, config: HistoryConfig, mut shutdown: Shutdown) {
    let mut state = Verification::read(&app).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "what the last check of the history found is not known");
        Verification::default()
    });
    app.archive.verification.store(Arc::new(state.clone()));
    let period_ms = i64::from(config.verify_period_days) * DAY_MS;
    let mut is_asked = false;
    loop {
        let now = app.clock.now();
        let is_old = |last: &VerificationPass| now.unix_ms() - last.began_ms >= period_ms;
        let is_due = period_ms > 0 && state.last.as_ref().is_none_or(is_old);
        if is_asked || is_due || state.running.is_some() {
            let begun = || VerificationPass { began_ms: now.unix_ms(), ..VerificationPass::default() };
            state.running.get_or_insert_with(begun);
            if !pass(&app, config.verify_bytes_per_s, &mut state, &mut shutdown).await {
                return;
            }
        }
        is_asked = tokio::select! {
            () = ended(&mut shutdown) => return,
            () = app.archive.verify_asked.notified() => true,
            () = tokio::time::sleep(LOOK_PERIOD) => false,
        };
    }
}

/// Goes through the files that are left of the present check; false when the process ends before.
async fn pass(app: &Arc<App>, bytes_per_s: u64, state: &mut Verification, shutdown: &mut Shutdown) -> bool {
    let mut stored_at = Instant::now();
    while let Some(running) = &mut state.running {
        let Some(segment) = next(app, &running.up_to) else {
            running.ended_ms = Some(app.clock.now().unix_ms());
            tracing::info!(
                files = running.files,
                bytes = running.bytes,
                damaged = running.damaged,
                "compared the files of the history with their checksums"
            );
            state.last = state.running.take();
            store(app, state).await;
            return true;
        };
        let path = path_text(&segment.path);
        let bytes = segment.bytes;
        match verify(app, segment, bytes_per_s, shutdown).await {
            Ok(()) => {}
            Err(HistoryError::Cancelled) => {
                store(app, state).await;
                return false;
            }
            Err(error) => {
                tracing::error!(%error, "a file of the history is not what was written");
                running.damaged += 1;
                if running.damaged_paths.len() < DAMAGED_NAMED_MAX {
                    running.damaged_paths.push(path.clone());
                }
            }
        }
        running.files += 1;
        running.bytes += bytes;
        running.up_to = path;
        if stored_at.elapsed() >= STORE_PERIOD {
            stored_at = Instant::now();
            store(app, state).await;
        }
    }
    true
}

/// The file behind `up_to`. Those that a merge wrote meanwhile may lie before it: their turn comes with the next check.
fn next(app: &App, up_to: &str) -> Option<Arc<Segment>> {
    let view = app.archive.history.view();
    let behind = view.all().iter().filter(|segment| path_text(&segment.path).as_str() > up_to);
    behind.min_by(|a, b| a.path.as_os_str().cmp(b.path.as_os_str())).cloned()
}

/// Reads a file no faster than is allowed. It stays while it is held here, whatever a merge does.
async fn verify(
    app: &Arc<App>,
    segment: Arc<Segment>,
    bytes_per_s: u64,
    shutdown: &mut Shutdown,
) -> Result<(), HistoryError> {
    let path = segment.path.clone();
    let must_end = Arc::new(AtomicBool::new(false));
    let (asked, history) = (must_end.clone(), app.archive.history.clone());
    let mut reading = tokio::task::spawn_blocking(move || {
        let (began_at, mut read) = (Instant::now(), 0);
        history.verify_slowly(&segment, &mut |bytes| {
            read += bytes;
            let until = began_at + Duration::from_secs_f64(read as f64 / bytes_per_s.max(1) as f64);
            while !asked.load(Ordering::Acquire) {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return true;
                }
                std::thread::sleep(left.min(SLEEP_MAX));
            }
            false
        })
    });
    let verified = tokio::select! {
        verified = &mut reading => verified,
        () = ended(shutdown) => {
            must_end.store(true, Ordering::Release);
            reading.await
        }
    };
    verified.unwrap_or_else(|error| {
        Err(HistoryError::Io { doing: "read", path, source: std::io::Error::other(error) })
    })
}

async fn store(app: &App, state: &Verification) {
    if let Err(error) = state.store(app).await {
        tracing::warn!(%error, "how far the check of the history has come was not stored");
    }
}
