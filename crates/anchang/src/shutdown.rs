//! When to end: the first signal ends in order, the second at once.

use gateway::Shutdown;
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What the process ends with when a second signal does not want to wait; shells say "killed by SIGINT" so.
const IMPATIENT: i32 = 130;

/// Waits for the end of the process.
pub(crate) async fn ended(shutdown: &mut Shutdown) {
    // An error says that the sender is gone, which is an end as well.
    drop(shutdown.wait_for(|is_ended| *is_ended).await);
}

/// The signals that end the process.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Takes the signals; from now on they no longer end the process by themselves.
    pub(crate) fn take() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for SIGINT or SIGTERM and gives its name.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }

    /// From now on the next signal ends the process at once. What was answered is durable, whatever is running.
    pub(crate) fn end_at_next(mut self) {
        tokio::spawn(async move {
            let name = self.next().await;
            tracing::warn!(signal = name, "ending at once");
            // Somebody asked twice; the journal and the records are made for it.
            std::process::exit(IMPATIENT);
        });
    }
}
