//! The body of a page's request: what comes must come within a time, and what nobody wants is heard out for a moment.

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;

/// Time in which a whole body must arrive: the largest file over a slow line.
pub(crate) const ARRIVE_MAX: Duration = Duration::from_mins(5);

/// A body within its time. Dropped before its end, the rest is read and thrown away for a moment.
pub(crate) struct Arriving {
    inner: Option<Body>,
    deadline: Pin<Box<Sleep>>,
}

impl Arriving {
    pub(crate) fn new(inner: Body, time_max: Duration) -> Self {
        Self { inner: Some(inner), deadline: Box::pin(tokio::time::sleep(time_max)) }
    }
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(inner) = &mut self.inner else { return Poll::Ready(None) };
        if let Poll::Ready(frame) = Pin::new(inner).poll_frame(context) {
            return Poll::Ready(frame);
        }
        if self.deadline.as_mut().poll(context).is_ready() {
            // Not to be heard out: it had its time.
            self.inner = None;
            return Poll::Ready(Some(Err(axum::Error::new("the body took too long"))));
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        if let Some(inner) = self.inner.take() {
            gateway::discard(inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its frames, and then nothing for ever.
    struct Dribbling(Vec<&'static [u8]>);

    impl HttpBody for Dribbling {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            match self.0.pop() {
                Some(bytes) => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(bytes))))),
                None => Poll::Pending,
            }
        }
    }

    #[tokio::test]
    async fn a_body_that_dribbles_ends_with_its_time() {
        let body = Body::new(Dribbling(vec![b"{"]));
        let body = Body::new(Arriving::new(body, Duration::from_millis(20)));
        let read = tokio::time::timeout(Duration::from_secs(5), axum::body::to_bytes(body, 100));
        let error = read.await.expect("an end").unwrap_err();
        assert_eq!(error.to_string(), "the body took too long");
    }

    #[tokio::test]
    async fn a_whole_body_is_passed_on() {
        let body = Body::new(Arriving::new(Body::from("{}"), Duration::from_millis(20)));
        assert_eq!(axum::body::to_bytes(body, 100).await.unwrap(), "{}");
    }
}
