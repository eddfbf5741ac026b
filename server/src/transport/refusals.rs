//! What is refused before any method of ours sees it gets a reason like every other error.

use albumen::method;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use tonic::{Code, Status};

use crate::error::Error;

/// Gives tonic's own refusals a reason. Every error of ours has one, so a refusal without details
/// is tonic's; health checks and reflection speak for themselves.
pub(super) async fn explain(request: Request, next: Next) -> Response {
    let is_known = method(request.uri().path()).is_some();
    let mut response = next.run(request).await;
    if let Some(error) = refusal(response.headers(), is_known) {
        let explained = Status::from(error).into_http::<Body>().into_parts().0;
        // Over the others: tonic names the encodings that it would take.
        response.headers_mut().extend(explained.headers);
    }
    response
}

fn refusal(headers: &HeaderMap, is_known: bool) -> Option<Error> {
    let code = Code::from_bytes(headers.get(Status::GRPC_STATUS)?.as_bytes());
    let is_explained = headers.contains_key(Status::GRPC_STATUS_DETAILS);
    match (is_known, code) {
        _ if is_explained => None,
        (true, Code::Ok) => None,
        (true, code) => Some(Error::of_unread_message(code)),
        (false, Code::Unimplemented) => Some(Error::MethodUnknown),
        (false, _) => None,
    }
}

/// For an address that nothing answers.
pub(super) async fn no_route() -> Response {
    Error::MethodUnknown.to_http().map(Body::from)
}

/// For an address that answers other methods.
pub(super) async fn no_method() -> Response {
    let mut response = no_route().await;
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}
