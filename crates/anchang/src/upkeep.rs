//! What is done now and then behind everything else: old uploads are removed, the database looks at how its values are spread,
//! and the index by which rows of files are known as doubles is brought up to the journal's end, so that an import begins at
//! once and retention takes nothing unseen.

use crate::shutdown::ended;
use api::App;
use gateway::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often.
const PERIOD: Duration = Duration::from_hours(1);

/// Works every [`PERIOD`] until `shutdown`.
pub(crate) async fn run(app: Arc<App>, mut shutdown: Shutdown) {
    let mut period = tokio::time::interval(PERIOD);
    // At the start there is enough to do.
    period.tick().await;
    loop {
        tokio::select! {
            () = ended(&mut shutdown) => return,
            _ = period.tick() => {}
        }
        api::forget_old_uploads(&app).await;
        if let Err(error) = app.records.analyze().await {
            tracing::warn!(%error, "the database did not look at how its values are spread");
        }
        let must_end = Arc::new(AtomicBool::new(false));
        let (of_work, asked) = (app.clone(), must_end.clone());
        let mut folding = tokio::task::spawn_blocking(move || {
            of_work.seen.catch_up(&of_work.observations, &|_| !asked.load(Ordering::Relaxed))
        });
        let folded = tokio::select! {
            folded = &mut folding => folded,
            () = ended(&mut shutdown) => {
                must_end.store(true, Ordering::Relaxed);
                folding.await
            }
        };
        if let Ok(Err(error)) = folded {
            tracing::warn!(%error, "the index of what was seen was not brought up to date");
        }
    }
}
