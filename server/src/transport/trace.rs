//! A request id, a span and one log line for each call.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderValue};
use tracing::Instrument as _;

use crate::app::App;
use crate::error::with_request_id;
use crate::id::RequestId;

/// Paths are logged only where they are a method's: others may hold names and secrets.
pub(super) async fn trace(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = RequestId::generate();
    let rpc = albumen::method(request.uri().path()).map_or("http", |method| method.path);
    let span = tracing::info_span!("call", request.id = %id, rpc);
    let started = app.now();
    let call = async move {
        let mut response = next.run(request).await;
        let micros = app.now().0 - started.0;
        let (status, code) = (response.status().as_u16(), grpc_status(response.headers()));
        tracing::info!(http.status = status, grpc.status = code, duration_us = micros, "call");
        if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
            response.headers_mut().insert("x-request-id", id);
        }
        response
    };
    with_request_id(id, call.instrument(span)).await
}

/// The status of a call that was answered without a body; others end in their trailers.
fn grpc_status(headers: &HeaderMap) -> Option<&str> {
    headers.get("grpc-status")?.to_str().ok()
}
