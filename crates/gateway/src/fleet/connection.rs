//! One main link: bytes in, observations stored, bytes out, and the reasons for which it ends.

use super::dialog::{Dialog, Sessions};
use crate::accept::{Shutdown, ended};
use crate::context::Context;
use domain::{DeviceKind, Fact, Observation};
use jt809::Decoder;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Bytes taken at once: about 150 positions.
const READ_BYTES: usize = 16 << 10;
/// How long to wait before the journal is asked again when it takes nothing.
const STORE_RETRY: Duration = Duration::from_secs(1);

/// Serves one main link until it ends.
pub(super) async fn serve(
    stream: TcpStream,
    address: SocketAddr,
    context: Arc<Context>,
    sessions: Arc<Sessions>,
    shutdown: Shutdown,
) {
    let mut dialog = Dialog::new(address, context.clone(), sessions);
    let reason = run(stream, &context, &mut dialog, shutdown).await;
    dialog.leave();
    metrics::counter!("anchang_connections_ended_total", "source" => DeviceKind::Fleet.key(), "reason" => reason)
        .increment(1);
    tracing::debug!(%address, reason, "main link of a platform ended");
}

async fn run(
    mut stream: TcpStream,
    context: &Context,
    dialog: &mut Dialog,
    mut shutdown: Shutdown,
) -> &'static str {
    drop(stream.set_nodelay(true));
    let limits = &context.limits;
    let silence_max = Duration::from_secs(limits.fleet_silence_s_max);
    let write_max = Duration::from_secs(limits.write_s_max);
    let mut decoder = Decoder::new(limits.fleet_frame_bytes_max);
    let mut silent_at = Instant::now() + silence_max;
    loop {
        tokio::select! {
            () = ended(&mut shutdown) => return "shutdown",
            () = dialog.superseded() => return "superseded",
            () = tokio::time::sleep_until(silent_at) => return "silent",
            ready = stream.readable() => {
                // On the stack and for this call only: silent links hold no buffer.
                let mut buffer = [0; READ_BYTES];
                let count = match ready.and_then(|()| stream.try_read(&mut buffer)) {
                    Ok(0) => return "left",
                    Ok(count) => count,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                    Err(_) => return "left",
                };
                dialog.begin_turn();
                let bytes = buffer.get(..count).unwrap_or(&buffer);
                decoder.push(bytes, &mut |frame, held| match frame {
                    Ok(frame) => dialog.on_frame(frame),
                    Err(error) => dialog.on_bad_frame(error, held),
                });
            }
        }
        if dialog.made_sense() {
            silent_at = Instant::now() + silence_max;
        }
        let observations = dialog.take_observations();
        if !observations.is_empty() && !store(context, dialog, observations, &mut shutdown).await {
            return "shutdown";
        }
        let out = dialog.take_out();
        if !out.is_empty() {
            match tokio::time::timeout(write_max, stream.write_all(&out)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return "left",
                Err(_) => return "slow",
            }
        }
        if let Some(reason) = dialog.end_reason() {
            return reason;
        }
    }
}

/// Makes observations durable, however long the journal takes nothing; false when the process ends before.
async fn store(
    context: &Context,
    dialog: &Dialog,
    observations: Vec<Observation>,
    shutdown: &mut Shutdown,
) -> bool {
    let alarms = observations.iter().filter(|o| matches!(o.fact, Fact::Alarm(_))).count() as u64;
    let positions = observations.len() as u64 - alarms;
    let mut was_told = false;
    loop {
        match context.intake.store(observations.clone()).await {
            Ok(()) => break,
            Err(error) => {
                if !was_told {
                    tracing::warn!(%error, "a platform waits for the journal");
                    was_told = true;
                }
                tokio::select! {
                    () = ended(shutdown) => return false,
                    () = tokio::time::sleep(STORE_RETRY) => {}
                }
            }
        }
    }
    for (kind, count) in [("position", positions), ("alarm", alarms)] {
        metrics::counter!("anchang_observations_total", "source" => DeviceKind::Fleet.key(), "kind" => kind)
            .increment(count);
    }
    dialog.note_stored(positions + alarms);
    true
}
