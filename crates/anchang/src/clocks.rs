//! The clocks of cases: what rings is told, what the platform does by itself is done, warnings that nobody signed expire. The
//! times are rows of the records, so nothing is armed in memory and no restart loses one.

use crate::shutdown::ended;
use api::App;
use domain::time::{DAY_MS, MINUTE_MS};
use gateway::Shutdown;
use metrics::{counter, histogram};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// How often is looked: a clock rings within a second of its time.
const PERIOD: Duration = Duration::from_millis(250);
/// Clocks rung in one transaction at most; others write in between.
const RUNG_AT_ONCE: u64 = 200;
/// How often warnings are looked at that nobody signed.
const EXPIRY_TICKS: u64 = 240;
/// How long a client may repeat a command without its being done twice.
const COMMAND_KEPT_MS: i64 = 30 * DAY_MS;

/// Rings until `shutdown`.
pub(crate) async fn run(app: Arc<App>, mut shutdown: Shutdown) {
    let mut period = tokio::time::interval(PERIOD);
    period.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut tick: u64 = 0;
    loop {
        tokio::select! {
            () = ended(&mut shutdown) => return,
            _ = period.tick() => {}
        }
        ring(&app).await;
        if tick.is_multiple_of(EXPIRY_TICKS) {
            expire(&app).await;
        }
        tick += 1;
    }
}

async fn ring(app: &Arc<App>) {
    loop {
        let office = app.office.load_full();
        let turn = app.hub.turn().lock().await;
        let rung = match app.records.ring_clocks(app.clock.now(), RUNG_AT_ONCE, &office.desk).await {
            Ok(rung) => rung,
            Err(error) => {
                // They ring when it can be done again.
                tracing::warn!(%error, "clocks could not ring");
                return;
            }
        };
        for rung in &rung {
            counter!("anchang_clocks_rung_total").increment(1);
            histogram!("anchang_clock_lag_ms").record(rung.lag_ms as f64);
            if let Some(worked) = &rung.worked {
                api::publish_cases(app, worked, "clock");
            }
        }
        drop(turn);
        if (rung.len() as u64) < RUNG_AT_ONCE {
            return;
        }
    }
}

async fn expire(app: &Arc<App>) {
    let now = app.clock.now();
    let office = app.office.load_full();
    let minutes = i64::from(office.desk.limits.warning_expires_minutes);
    let before = now.plus_ms(-minutes * MINUTE_MS);
    let turn = app.hub.turn().lock().await;
    match app.records.expire_warnings(before, now, &office.desk).await {
        Ok(expired) => api::stream::publish(app, &expired),
        Err(error) => tracing::warn!(%error, "warnings could not expire"),
    }
    drop(turn);
    if let Err(error) = app.records.forget_commands(now.plus_ms(-COMMAND_KEPT_MS)).await {
        tracing::warn!(%error, "old commands could not be forgotten");
    }
}
