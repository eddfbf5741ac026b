//! Bodies that somebody watches on their way.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};

/// Sees what passes. It is dropped with the body: at its end, or when nobody waits for it any more.
pub(super) trait Watch: Send + Unpin + 'static {
    /// Surrounds the making of each frame.
    fn surround<R>(&self, step: impl FnOnce() -> R) -> R {
        step()
    }

    /// A frame of data or trailers passes.
    fn frame(&mut self, _frame: &Frame<Bytes>) {}
}

/// Puts a watcher to a body.
pub(super) fn watched(body: Body, watch: impl Watch) -> Body {
    Body::new(Watched { body, watch })
}

struct Watched<W> {
    body: Body,
    watch: W,
}

impl<W: Watch> HttpBody for Watched<W> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Self { body, watch } = self.get_mut();
        let polled = watch.surround(|| Pin::new(body).poll_frame(context));
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            watch.frame(frame);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
