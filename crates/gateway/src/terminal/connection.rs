//! One connection: bytes in, turns settled, bytes out, and the reasons for which it ends.
//!
//! Everything that one read brings makes a [`Turn`]: its observations are made durable together, then all its answers leave
//! in one write. While that goes on nothing more is read, so a terminal that is faster than the disk is slowed by TCP.

use super::dialog::{Dialog, Outcome};
use super::registry::Order;
use super::turn::Turn;
use crate::accept::{Shutdown, ended};
use crate::context::Context;
use domain::DeviceKind;
use jt808::{FrameDecoder, FrameError};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Bytes taken in one turn: about 150 reports.
const READ_BYTES: usize = 16 << 10;
/// Begins and ends a frame (JT/T 808 §4.4.1).
const DELIMITER: u8 = 0x7e;

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The peer closed it, or the network broke.
    Left,
    Shutdown,
    /// Nothing readable came for too long.
    Silent,
    /// The peer does not accept our answers.
    Slow,
    /// Too much of what came could not be read.
    Faulty,
    /// Its last terminal came back on another connection.
    Superseded,
}

impl End {
    /// The word used in metrics.
    fn key(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Shutdown => "shutdown",
            Self::Silent => "silent",
            Self::Slow => "slow",
            Self::Faulty => "faulty",
            Self::Superseded => "superseded",
        }
    }
}

/// Serves one connection until it ends.
pub(super) async fn serve(stream: TcpStream, address: SocketAddr, context: Arc<Context>, shutdown: Shutdown) {
    let (orders_in, orders) = mpsc::channel(context.limits.terminal_commands_waiting_max.max(1));
    let mut connection = Connection {
        dialog: Dialog::new(address, context.clone(), orders_in),
        decoder: FrameDecoder::default(),
        raw: Vec::new(),
        context,
    };
    let end = connection.run(stream, orders, shutdown).await;
    connection.dialog.leave();
    metrics::counter!("anchang_connections_ended_total", "source" => DeviceKind::Terminal.key(), "reason" => end.key())
        .increment(1);
    tracing::debug!(%address, reason = end.key(), "terminal connection ended");
}

struct Connection {
    context: Arc<Context>,
    dialog: Dialog,
    decoder: FrameDecoder,
    /// The escaped bytes of the frame that has not ended yet, for quarantine.
    raw: Vec<u8>,
}

impl Connection {
    async fn run(
        &mut self,
        mut stream: TcpStream,
        mut orders: mpsc::Receiver<Order>,
        mut shutdown: Shutdown,
    ) -> End {
        // Answers are small and waited for; without it a delayed acknowledgement may cost 40 ms.
        drop(stream.set_nodelay(true));
        let limits = self.context.limits.clone();
        let silence_max = Duration::from_secs(limits.terminal_silence_s_max);
        let write_max = Duration::from_secs(limits.write_s_max);
        let mut silent_at = Instant::now() + silence_max;
        loop {
            let parts_due_at = self.dialog.parts_due_at();
            let out = tokio::select! {
                () = ended(&mut shutdown) => return End::Shutdown,
                () = tokio::time::sleep_until(silent_at) => return End::Silent,
                () = tokio::time::sleep_until(parts_due_at.unwrap_or(silent_at)), if parts_due_at.is_some() => {
                    self.dialog.ask_for_parts()
                }
                Some(order) = orders.recv() => match self.dialog.obey(order) {
                    Outcome::Write(out) => out,
                    Outcome::NobodyLeft => return End::Superseded,
                },
                ready = stream.readable() => {
                    let turn = match ready.and_then(|()| self.read(&stream)) {
                        Ok(turn) => turn,
                        Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                        Err(_) => return End::Left,
                    };
                    if turn.has_sense() {
                        silent_at = Instant::now() + silence_max;
                    }
                    self.dialog.settle(turn).await
                }
            };
            if !out.is_empty() {
                match tokio::time::timeout(write_max, stream.write_all(&out)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return End::Left,
                    Err(_) => return End::Slow,
                }
            }
            if self.dialog.faults() > limits.terminal_faults_max {
                return End::Faulty;
            }
        }
    }

    /// Takes what is there, and says what it means.
    fn read(&mut self, stream: &TcpStream) -> std::io::Result<Turn> {
        // On the stack and for this call only: thousands of silent connections hold no buffer.
        let mut buffer = [0; READ_BYTES];
        let count = stream.try_read(&mut buffer)?;
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let mut turn = Turn::new(self.context.now());
        let Self { context, dialog, decoder, raw } = self;
        let raw_bytes_max = context.limits.terminal_frame_bytes_max;
        // In pieces that end with a delimiter, so that at most one frame ends in each and its bytes are known.
        for piece in buffer.get(..count).unwrap_or(&buffer).split_inclusive(|byte| *byte == DELIMITER) {
            let room = raw_bytes_max.saturating_sub(raw.len());
            let is_too_long = piece.len() > room;
            raw.extend_from_slice(piece.get(..room).unwrap_or(piece));
            decoder.push(piece, &mut |result| {
                let result =
                    if is_too_long { Err(FrameError::TooLong { limit: raw_bytes_max }) } else { result };
                match result {
                    Ok(frame) => dialog.on_frame(&frame, raw, &mut turn),
                    Err(error) => dialog.on_bad_frame(&error, raw, &mut turn),
                }
            });
            if piece.ends_with(&[DELIMITER]) {
                raw.clear();
            }
        }
        Ok(turn)
    }
}
