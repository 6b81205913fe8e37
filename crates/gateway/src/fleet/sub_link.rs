//! The sub link (从链路): we connect to the platform, show the code of its login, and hold the link with heartbeats. When it breaks
//! it is opened again, less and less often, for as long as the main link holds.

use crate::Limits;
use crate::clock::Clock;
use domain::DeviceId;
use jt809::{Cipher, Decoder, Edition, Frame, Header, Message};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// How long the platform may take to accept and to answer.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// A heartbeat a minute (JT/T 809-2011 4.3).
const HEARTBEAT: Duration = Duration::from_mins(1);
/// The first wait after a link has broken; each further one is twice as long.
const RETRY_FIRST: Duration = Duration::from_secs(5);
const RETRY_MAX: Duration = Duration::from_mins(5);
const READ_BYTES: usize = 4 << 10;

/// Everything that a sub link needs.
pub(super) struct SubLink {
    pub(super) address: SocketAddr,
    pub(super) platform: DeviceId,
    pub(super) header: Header,
    pub(super) edition: Edition,
    /// What its answers may be encrypted with; ours are not.
    pub(super) cipher: Option<Cipher>,
    pub(super) verify_code: u32,
    pub(super) clock: Clock,
    pub(super) limits: Arc<Limits>,
}

impl SubLink {
    /// Holds the link until `ended` becomes true or its sender is gone.
    pub(super) async fn hold(mut self, mut ended: watch::Receiver<bool>) {
        let mut retry = RETRY_FIRST;
        loop {
            let begun = Instant::now();
            let over = tokio::select! {
                // An error says that the main link is gone, which is an end as well.
                _ = ended.wait_for(|is_ended| *is_ended) => return,
                over = self.run() => over,
            };
            tracing::debug!(platform = %self.platform, address = %self.address, over, "sub link ended");
            metrics::counter!("anchang_sub_links_ended_total", "reason" => over).increment(1);
            if begun.elapsed() > RETRY_MAX {
                retry = RETRY_FIRST;
            }
            tokio::select! {
                _ = ended.wait_for(|is_ended| *is_ended) => return,
                () = tokio::time::sleep(retry) => {}
            }
            retry = (retry * 2).min(RETRY_MAX);
        }
    }

    /// One link; gives the word for its end.
    async fn run(&mut self) -> &'static str {
        let Ok(Ok(mut stream)) = timeout(ANSWER_MAX, TcpStream::connect(self.address)).await else {
            return "unreachable";
        };
        let connect = Message::SubConnect { verify_code: self.verify_code };
        if !self.say(&mut stream, &connect).await {
            return "left";
        }
        let mut decoder = Decoder::new(self.limits.fleet_frame_bytes_max);
        let silence_max = Duration::from_secs(self.limits.fleet_silence_s_max);
        let mut heartbeat = tokio::time::interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
        let mut silent_at = Instant::now() + ANSWER_MAX;
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let count = tokio::select! {
                () = tokio::time::sleep_until(silent_at) => return "silent",
                _ = heartbeat.tick() => {
                    if !self.say(&mut stream, &Message::SubLinkTest).await {
                        return "left";
                    }
                    continue;
                }
                read = stream.read(&mut buffer) => match read {
                    Ok(0) | Err(_) => return "left",
                    Ok(count) => count,
                },
            };
            let mut heard = Vec::new();
            decoder.push(buffer.get(..count).unwrap_or_default(), &mut |frame, _| {
                let frame = frame.ok().and_then(|frame| Frame::read(frame, self.edition, self.cipher).ok());
                heard.extend(frame.and_then(|frame| frame.message(self.edition).ok()));
            });
            for message in heard {
                silent_at = Instant::now() + silence_max;
                match message {
                    Message::SubConnectReply(0) | Message::SubLinkTestReply => {}
                    Message::SubConnectReply(_) => return "refused",
                    Message::LinkTest if !self.say(&mut stream, &Message::LinkTestReply).await => {
                        return "left";
                    }
                    _ => {}
                }
            }
        }
    }

    async fn say(&mut self, stream: &mut TcpStream, message: &Message) -> bool {
        let header = Header {
            id: message.id(),
            sent_unix_s: self.clock.now().unix_ms().max(0) as u64 / 1_000,
            ..self.header
        };
        self.header.serial = self.header.serial.wrapping_add(1);
        let mut out = Vec::new();
        header.encode(message, self.edition, None, &mut out);
        let write_max = Duration::from_secs(self.limits.write_s_max);
        matches!(timeout(write_max, stream.write_all(&out)).await, Ok(Ok(())))
    }
}
