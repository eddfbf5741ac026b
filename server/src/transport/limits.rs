//! How much at once, and for how long.

use std::sync::Arc;
use std::time::Duration;

use albumen::method;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderMap;
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

/// Unary calls wait for a turn and get a time limit: ours, or the client's if that is shorter. A
/// stream takes as long as its bytes do, and holds a turn only until its head is there.
pub(super) async fn limit(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    let method = method(request.uri().path());
    if method.is_some_and(|method| method.is_client_streaming) {
        return next.run(request).await;
    }
    let is_grpc = super::is_grpc(&request);
    let asked = grpc_timeout(request.headers()).filter(|_| is_grpc);
    let limit = asked.map_or(limits.timeout, |asked| asked.min(limits.timeout));
    let call = async {
        let _turn = limits.turns.acquire().await;
        next.run(request).await
    };
    match timeout(limit, call).await {
        Ok(response) => response,
        Err(_) if is_grpc => Status::from(Error::TimedOut).into_http(),
        Err(_) => Error::TimedOut.to_http().map(Into::into),
    }
}

/// How long the client says that it waits: at most eight digits and a unit. What is malformed says
/// nothing.
fn grpc_timeout(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    let is_number = (1..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let number: u64 = digits.parse().ok().filter(|_| is_number)?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &'static str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-timeout", http::HeaderValue::from_static(value));
        grpc_timeout(&headers)
    }

    #[test]
    fn a_clients_patience_is_a_number_with_a_unit() {
        assert_eq!(read("2H"), Some(Duration::from_secs(7200)));
        assert_eq!(read("3M"), Some(Duration::from_secs(180)));
        assert_eq!(read("5S"), Some(Duration::from_secs(5)));
        assert_eq!(read("99999999m"), Some(Duration::from_millis(99_999_999)));
        assert_eq!(read("7u"), Some(Duration::from_micros(7)));
        assert_eq!(read("0n"), Some(Duration::ZERO));
    }

    #[test]
    fn anything_else_says_nothing() {
        for value in ["", "S", "5", "5s", "-5S", "+5S", "123456789S", "5 S", "5SS"] {
            assert_eq!(read(value), None, "{value}");
        }
    }
}
