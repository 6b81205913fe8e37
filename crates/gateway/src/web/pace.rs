//! How long a peer may take: for the head of a request once it has begun, to accept an answer, and between requests.
//!
//! A connection that rests between requests is no burden and cameras keep theirs; one whose head dribbles, or who reads its
//! answer a byte a minute, is closed. The body's time is taken where it is read.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// Between requests, or while an answer leaves.
const RESTING: u8 = 0;
/// The head of a request has begun.
const HEAD: u8 = 1;
/// The request is in work; its own bounds hold.
const WORKING: u8 = 2;

/// The clock of one connection: what it is doing and until when it may.
#[derive(Debug)]
pub(crate) struct Pace {
    opened_at: Instant,
    rest_max: Duration,
    head_max: Duration,
    write_max: Duration,
    state: AtomicU8,
    /// Milliseconds after `opened_at`.
    deadline_ms: AtomicU64,
    /// The same while a write waits, else never.
    write_deadline_ms: AtomicU64,
}

/// While it lives the request is in work.
#[derive(Debug)]
pub(crate) struct InWork(Arc<Pace>);

impl Drop for InWork {
    fn drop(&mut self) {
        self.0.enter(RESTING, Some(self.0.rest_max));
    }
}

impl Pace {
    pub(crate) fn new(rest_max: Duration, head_max: Duration, write_max: Duration) -> Self {
        let pace = Self {
            opened_at: Instant::now(),
            rest_max,
            head_max,
            write_max,
            state: AtomicU8::new(RESTING),
            deadline_ms: AtomicU64::new(0),
            write_deadline_ms: AtomicU64::new(u64::MAX),
        };
        // A new connection is there to ask something.
        pace.enter(RESTING, Some(head_max));
        pace
    }

    /// A request has arrived whole, but for its body.
    pub(crate) fn work(self: &Arc<Self>) -> InWork {
        self.enter(WORKING, None);
        InWork(self.clone())
    }

    /// Waits until the peer has taken too long; gives the word for it, as metrics have it.
    pub(crate) async fn exceeded(&self) -> &'static str {
        // A deadline that comes nearer while it is waited for is never nearer than the shortest of the bounds.
        let wait_ms_max = self.head_max.min(self.write_max).min(self.rest_max).as_millis().max(10) as u64;
        loop {
            let deadline_ms = self.deadline_ms.load(Ordering::Acquire);
            let write_deadline_ms = self.write_deadline_ms.load(Ordering::Acquire);
            let now_ms = self.now_ms();
            if now_ms >= write_deadline_ms {
                return "slow";
            }
            if now_ms >= deadline_ms {
                return if self.state.load(Ordering::Acquire) == HEAD { "slow" } else { "silent" };
            }
            let wait_ms = (deadline_ms.min(write_deadline_ms) - now_ms).min(wait_ms_max);
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
    }

    fn enter(&self, state: u8, within: Option<Duration>) {
        self.state.store(state, Ordering::Release);
        self.deadline_ms.store(self.after_ms(within), Ordering::Release);
    }

    fn has_read(&self) {
        if self.state.load(Ordering::Acquire) == RESTING {
            self.enter(HEAD, Some(self.head_max));
        }
    }

    fn writes(&self, is_pending: bool) {
        let is_timed = self.write_deadline_ms.load(Ordering::Acquire) != u64::MAX;
        if is_pending != is_timed {
            let deadline_ms = self.after_ms(is_pending.then_some(self.write_max));
            self.write_deadline_ms.store(deadline_ms, Ordering::Release);
        }
    }

    fn after_ms(&self, within: Option<Duration>) -> u64 {
        within.map_or(u64::MAX, |within| self.now_ms().saturating_add(within.as_millis() as u64))
    }

    fn now_ms(&self) -> u64 {
        self.opened_at.elapsed().as_millis() as u64
    }
}

/// A stream that tells its [`Pace`] what moves.
#[derive(Debug)]
pub(crate) struct Paced<S> {
    stream: S,
    pace: Arc<Pace>,
}

impl<S> Paced<S> {
    pub(crate) fn new(stream: S, pace: Arc<Pace>) -> Self {
        Self { stream, pace }
    }

    fn written<T>(&self, result: Poll<T>) -> Poll<T> {
        self.pace.writes(result.is_pending());
        result
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let filled_before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > filled_before {
            self.pace.has_read();
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
