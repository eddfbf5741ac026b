//! A request id, a span, one log line and the metrics of each call.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use albumen::method;
use axum::body::{Bytes, HttpBody as _};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::Frame;
use metrics::{Counter, counter, gauge, histogram};
use tokio::time::Instant;
use tonic::{Code, Status};
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use super::body::{Watch, watched};
use crate::error::{with_request_id, within_request};
use crate::id::RequestId;

/// What layers further inside find out about a call. Shared by its clones.
///
/// Paths are named only where they are a method's: others may hold names and secrets.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    rpc: OnceLock<&'static str>,
    code: OnceLock<Code>,
}

impl Facts {
    /// The call is of this method, or its face over HTTP.
    pub(super) fn is_face_of(&self, path: &'static str) {
        self.0.rpc.get_or_init(|| path);
        Span::current().record("rpc", path);
    }

    fn rpc(&self) -> &'static str {
        self.0.rpc.get().copied().unwrap_or("other")
    }

    /// Notes the code, if this is where it stands.
    fn look(&self, headers: &HeaderMap) {
        if let Some(code) = headers.get(Status::GRPC_STATUS) {
            self.0.code.get_or_init(|| Code::from_bytes(code.as_bytes()));
        }
    }
}

/// The outermost layer: everything else happens inside its span.
pub(super) async fn trace(mut request: Request, next: Next) -> Response {
    let id = RequestId::generate();
    let span = tracing::info_span!("call", request.id = %id, rpc = Empty);
    let facts = Facts::default();
    if let Some(method) = method(request.uri().path()) {
        span.in_scope(|| facts.is_face_of(method.path));
        let received = counter!("albumen_received_bytes_total", "method" => method.path);
        request = request.map(|body| watched(body, Received(received)));
    }
    let is_grpc = super::is_grpc(&request);
    request.extensions_mut().insert(facts.clone());
    let mut call = Call::begin(id, span.clone(), facts, is_grpc);
    let answer = async move {
        let mut response = next.run(request).await;
        if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
            response.headers_mut().insert("x-request-id", id);
        }
        call.status = Some(response.status());
        response.map(|body| watched(body, call))
    };
    with_request_id(id, answer.instrument(span)).await
}

/// Inside of grpc-web, which hides trailers from the layers around it.
pub(super) async fn follow(request: Request, next: Next) -> Response {
    let facts = request.extensions().get::<Facts>().cloned().unwrap_or_default();
    let response = next.run(request).await;
    facts.look(response.headers());
    if response.body().is_end_stream() {
        return response;
    }
    response.map(|body| watched(body, facts))
}

impl Watch for Facts {
    fn frame(&mut self, frame: &Frame<Bytes>) {
        if let Some(trailers) = frame.trailers_ref() {
            self.look(trailers);
        }
    }
}

struct Received(Counter);

impl Watch for Received {
    fn frame(&mut self, frame: &Frame<Bytes>) {
        self.0.increment(length(frame));
    }
}

fn length(frame: &Frame<Bytes>) -> u64 {
    frame.data_ref().map_or(0, |bytes| bytes.len() as u64)
}

/// A call under way. It ends when its answer has gone, or when nobody waits for it any more.
struct Call {
    id: RequestId,
    span: Span,
    facts: Facts,
    is_grpc: bool,
    started: Instant,
    status: Option<StatusCode>,
    sent_bytes: u64,
}

impl Call {
    fn begin(id: RequestId, span: Span, facts: Facts, is_grpc: bool) -> Self {
        gauge!("albumen_open_calls").increment(1);
        let started = Instant::now();
        Self { id, span, facts, is_grpc, started, status: None, sent_bytes: 0 }
    }

    fn count(&self, code: Option<Code>, duration: Duration) {
        let code = match (code, self.status) {
            (Some(code), _) => format!("{code:?}"),
            (None, Some(status)) if !self.is_grpc || status != StatusCode::OK => {
                status.as_str().to_owned()
            }
            // The client left before the end.
            (None, _) => format!("{:?}", Code::Cancelled),
        };
        let method = self.facts.rpc();
        gauge!("albumen_open_calls").decrement(1);
        counter!("albumen_calls_total", "method" => method, "code" => code).increment(1);
        counter!("albumen_sent_bytes_total", "method" => method).increment(self.sent_bytes);
        histogram!("albumen_call_duration_seconds", "method" => method).record(duration);
    }
}

impl Watch for Call {
    /// What goes wrong in the middle of a stream is logged under its call, too.
    fn surround<R>(&self, step: impl FnOnce() -> R) -> R {
        self.span.in_scope(|| within_request(self.id, step))
    }

    fn frame(&mut self, frame: &Frame<Bytes>) {
        self.sent_bytes += length(frame);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let _entered = self.span.enter();
        let (code, duration) = (self.facts.0.code.get().copied(), self.started.elapsed());
        tracing::info!(
            http.status = self.status.map(|status| status.as_u16()),
            grpc.status = code.map(|code| code as i32),
            sent_bytes = self.sent_bytes,
            duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
            "call"
        );
        self.count(code, duration);
    }
}
