//! Where vehicles go next, over restarts: a small file that is written now and then. Without it, it is counted anew.

use crate::shutdown::ended;
use api::App;
use calibration::{Onward, OnwardState};
use gateway::Shutdown;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How often.
const PERIOD: Duration = Duration::from_mins(10);

fn path(dir: &Path) -> PathBuf {
    dir.join("onward.json")
}

/// What was counted before; nothing when there is none or it can't be read.
pub(crate) fn restored(dir: &Path) -> Onward {
    let Ok(text) = fs::read(path(dir)) else { return Onward::default() };
    match serde_json::from_slice::<OnwardState>(&text) {
        Ok(state) => Onward::restored(state),
        Err(error) => {
            tracing::warn!(%error, "where vehicles go next is counted anew: its file can't be read");
            Onward::default()
        }
    }
}

/// Writes every [`PERIOD`] and at the end.
pub(crate) async fn run(app: Arc<App>, mut shutdown: Shutdown) {
    let mut period = tokio::time::interval(PERIOD);
    period.tick().await;
    loop {
        let is_over = tokio::select! {
            () = ended(&mut shutdown) => true,
            _ = period.tick() => false,
        };
        let state = app.onward.lock().state();
        let path = path(&app.data_dir);
        let write = tokio::task::spawn_blocking(move || -> std::io::Result<()> {
            let draft = path.with_extension("part");
            fs::write(&draft, serde_json::to_vec(&state)?)?;
            fs::rename(&draft, &path)
        });
        if let Ok(Err(error)) = write.await {
            tracing::warn!(%error, "where vehicles go next could not be kept");
        }
        if is_over {
            return;
        }
    }
}
