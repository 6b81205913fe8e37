//! Reading a body within its bounds: its length, its time, and the bytes that all bodies may hold together.

use super::Bound;
use crate::limits::Limits;
use axum::body::{Body, Bytes};
use futures_util::StreamExt;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// How long an unwanted body is heard out after its refusal. A peer that gets its connection reset while it still sends
/// may never see the answer.
const DISCARD_MAX: Duration = Duration::from_secs(1);
/// Bytes of it that are read; who sends more finds nobody reading, and has the rest of the time to look for the answer.
const DISCARD_BYTES_MAX: usize = 16 << 20;
/// Memory that is taken at once for a body whose length is declared; the rest grows as bytes come, so that a declaration
/// alone costs little.
const RESERVE_BYTES_MAX: usize = 1 << 20;

/// What is read of a stranger's body to learn who it is.
const BEGINNING_BYTES_MAX: usize = 64 << 10;

/// A body, and the room it takes until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) bytes: Bytes,
    _room: Option<OwnedSemaphorePermit>,
}

/// The room that all bodies of a protocol share, and the places for requests in work.
pub(crate) struct Bodies {
    /// Bytes of bodies that may be held.
    room: Arc<Semaphore>,
    /// Places for requests in work.
    work: Semaphore,
    time_max: Duration,
}

impl Bodies {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            // At least one body of the longest fits.
            room: Arc::new(Semaphore::new(
                limits.camera_bodies_bytes_max.max(limits.camera_body_bytes_max).min(Semaphore::MAX_PERMITS),
            )),
            work: Semaphore::new(limits.camera_requests_in_work_max.min(Semaphore::MAX_PERMITS)),
            time_max: Duration::from_secs(limits.camera_request_s_max),
        }
    }

    /// Reads a whole body of at most `bytes_max`.
    pub(crate) async fn read(
        &self,
        headers: &HeaderMap,
        body: &mut Body,
        bytes_max: usize,
    ) -> Result<Held, Bound> {
        read(headers, body, bytes_max, self.time_max, &self.room).await
    }

    /// The beginning of a body, at most [`BEGINNING_BYTES_MAX`]; as much of it as comes in time.
    pub(crate) async fn read_beginning(&self, body: &mut Body) -> Vec<u8> {
        let mut beginning = Vec::new();
        let mut stream = std::mem::take(body).into_data_stream();
        let reading = async {
            let Ok(_room) = self.room.acquire_many(BEGINNING_BYTES_MAX as u32).await else { return };
            while beginning.len() < BEGINNING_BYTES_MAX
                && let Some(Ok(chunk)) = stream.next().await
            {
                beginning.extend_from_slice(&chunk);
            }
        };
        // What came until then is what there is.
        drop(tokio::time::timeout(self.time_max, reading).await);
        beginning.truncate(BEGINNING_BYTES_MAX);
        *body = Body::from_stream(stream);
        beginning
    }

    /// A place among the requests in work. Taken when the body is there: one that dribbles in keeps nobody out.
    pub(crate) async fn place(&self) -> Result<SemaphorePermit<'_>, Bound> {
        match tokio::time::timeout(self.time_max, self.work.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(Bound::Busy),
        }
    }
}

/// Reads a whole body of at most `bytes_max` within `time_max`. What is declared too long is not read at all.
async fn read(
    headers: &HeaderMap,
    body: &mut Body,
    bytes_max: usize,
    time_max: Duration,
    room: &Arc<Semaphore>,
) -> Result<Held, Bound> {
    let declared: Option<u64> =
        headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.trim().parse().ok());
    if declared.is_some_and(|declared| declared > bytes_max as u64) {
        return Err(Bound::TooLarge { bytes_max });
    }
    let mut reading = Reading { room: None, is_waiting_for_room: false };
    let read = reading.read(body, declared.unwrap_or(0) as usize, bytes_max, room);
    match tokio::time::timeout(time_max, read).await {
        Ok(read) => Ok(Held { bytes: read?, _room: reading.room }),
        Err(_) if reading.is_waiting_for_room => Err(Bound::Busy),
        Err(_) => Err(Bound::TooSlow),
    }
}

struct Reading {
    room: Option<OwnedSemaphorePermit>,
    is_waiting_for_room: bool,
}

impl Reading {
    async fn read(
        &mut self,
        body: &mut Body,
        declared: usize,
        bytes_max: usize,
        room: &Arc<Semaphore>,
    ) -> Result<Bytes, Bound> {
        let mut stream = std::mem::take(body).into_data_stream();
        let result = async {
            let mut first = Bytes::new();
            let mut joined = Vec::new();
            while let Some(chunk) = stream.next().await {
                let chunk = chunk.map_err(|_| Bound::Broken)?;
                if first.len() + joined.len() + chunk.len() > bytes_max {
                    return Err(Bound::TooLarge { bytes_max });
                }
                self.take_room(chunk.len(), room).await?;
                // A body that comes in one piece, which most do, is never copied.
                if first.is_empty() && joined.is_empty() {
                    first = chunk;
                    continue;
                }
                if joined.is_empty() {
                    joined.reserve(declared.min(RESERVE_BYTES_MAX));
                    joined.extend_from_slice(&std::mem::take(&mut first));
                }
                joined.extend_from_slice(&chunk);
            }
            Ok(if joined.is_empty() { first } else { joined.into() })
        }
        .await;
        if result.is_err() {
            // The rest is the caller's to discard.
            *body = Body::from_stream(stream);
        }
        result
    }

    async fn take_room(&mut self, bytes: usize, room: &Arc<Semaphore>) -> Result<(), Bound> {
        self.is_waiting_for_room = true;
        let permit = room.clone().acquire_many_owned(bytes as u32).await.map_err(|_| Bound::Busy)?;
        self.is_waiting_for_room = false;
        match &mut self.room {
            Some(room) => room.merge(permit),
            None => self.room = Some(permit),
        }
        Ok(())
    }
}

/// Hears out what is left of a body, in the background and for a moment.
pub fn discard(body: Body) {
    if hyper::body::Body::is_end_stream(&body) {
        return;
    }
    tokio::spawn(async move {
        let mut stream = body.into_data_stream();
        let hear_out = async {
            let mut bytes = 0;
            while let Some(Ok(chunk)) = stream.next().await {
                bytes += chunk.len();
                if bytes > DISCARD_BYTES_MAX {
                    return std::future::pending().await;
                }
            }
        };
        // Whether it came to its end or the time did makes no difference.
        drop(tokio::time::timeout(DISCARD_MAX, hear_out).await);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use std::convert::Infallible;

    fn in_pieces(pieces: &'static [&'static [u8]]) -> Body {
        Body::from_stream(stream::iter(
            pieces.iter().map(|piece| Ok::<_, Infallible>(Bytes::from_static(piece))),
        ))
    }

    async fn read_within(body: &mut Body, bytes_max: usize, room: &Arc<Semaphore>) -> Result<Held, Bound> {
        read(&HeaderMap::new(), body, bytes_max, Duration::from_millis(50), room).await
    }

    #[tokio::test]
    async fn a_body_in_pieces_is_joined_and_gives_its_room_back() {
        let room = Arc::new(Semaphore::new(10));
        for (mut body, whole) in [
            (in_pieces(&[b"ab", b"", b"cd", b"ef"]), "abcdef"),
            (in_pieces(&[b"abcd"]), "abcd"),
            (in_pieces(&[]), ""),
        ] {
            let held = read_within(&mut body, 6, &room).await.unwrap();
            assert_eq!(held.bytes, whole);
            assert_eq!(room.available_permits(), 10 - whole.len());
            drop(held);
            assert_eq!(room.available_permits(), 10);
        }
    }

    #[tokio::test]
    async fn each_bound_has_its_own_answer() {
        let room = Arc::new(Semaphore::new(10));
        let too_large = read_within(&mut in_pieces(&[b"abcd", b"efg"]), 6, &room).await;
        assert!(matches!(too_large, Err(Bound::TooLarge { bytes_max: 6 })));
        let _holder = room.clone().acquire_many_owned(8).await.unwrap();
        let without_room = read_within(&mut in_pieces(&[b"abcd"]), 6, &room).await;
        assert!(matches!(without_room, Err(Bound::Busy)));
        let mut never = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        assert!(matches!(read_within(&mut never, 6, &room).await, Err(Bound::TooSlow)));
        assert_eq!(room.available_permits(), 2);
    }
}
