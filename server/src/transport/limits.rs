//! How much at once, and for how long.

use std::sync::Arc;
use std::time::Duration;

use albumen::method;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tonic::Status;

use crate::app::App;
use crate::error::Error;

/// The limits, shared by all connections.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    turns: Arc<Semaphore>,
    timeout: Duration,
}

impl Limits {
    pub(super) fn new(app: &App) -> Self {
        let turns = Arc::new(Semaphore::new(app.config.max_concurrent_requests));
        Self { turns, timeout: app.config.request_timeout }
    }
}

/// Unary calls wait for a turn and get a time limit. A stream takes as long as its bytes do, and
/// holds a turn only until its head is there.
pub(super) async fn limit(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    let method = method(request.uri().path());
    if method.is_some_and(|method| method.is_client_streaming) {
        return next.run(request).await;
    }
    let call = async {
        let _turn = limits.turns.acquire().await;
        next.run(request).await
    };
    match (method, timeout(limits.timeout, call).await) {
        (_, Ok(response)) => response,
        (Some(_), Err(_)) => Status::from(Error::TimedOut).into_http(),
        (None, Err(_)) => Error::TimedOut.to_http().map(Into::into),
    }
}
