//! One connection: whatever calls it carries, and its end.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::timeout;
use tower::ServiceExt as _;

use super::Peer;
use super::body::{Watch, watched};
use crate::config::Config;

/// The largest HTTP/2 frame: few large frames cost far less than many small ones.
const MAX_FRAME_BYTES: u32 = 1 << 20;
/// How many bytes a client may send ahead on one stream, and on one connection.
const STREAM_WINDOW_BYTES: u32 = 4 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 8 << 20;
/// The head of a call, in both versions of HTTP.
const MAX_HEADER_BYTES: u32 = 16 << 10;
const MAX_STREAMS: u32 = 256;
/// How often a silent client is asked whether it is still there, and how long it may think.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a client without calls may take to hang up once it was asked to.
const CLOSING: Duration = Duration::from_secs(2);

/// Serves connections, each in a call of [`Server::serve`].
#[derive(Debug, Clone)]
pub(super) struct Server {
    router: Router,
    http: Builder<TokioExecutor>,
    first_call: Duration,
    idle: Duration,
}

impl Server {
    pub(super) fn new(config: &Config, router: Router) -> Self {
        let mut http = Builder::new(TokioExecutor::new());
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(config.header_timeout)
            // The head must fit into the buffer. A larger one would help only bodies, of which
            // HTTP/1 has none but those of grpc-web.
            .max_buf_size(MAX_HEADER_BYTES as usize);
        // What hyper does against rapid resets and floods of continuations is on by default.
        http.http2()
            .timer(TokioTimer::new())
            .max_header_list_size(MAX_HEADER_BYTES)
            .max_concurrent_streams(MAX_STREAMS)
            .max_frame_size(MAX_FRAME_BYTES)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT);
        Self { router, http, first_call: config.header_timeout, idle: config.idle_timeout }
    }

    /// Serves a connection until the client hangs up, is idle for too long, or `stop` changes; then
    /// open calls go on to their end.
    pub(super) async fn serve(
        &self,
        io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: Peer,
        mut stop: watch::Receiver<bool>,
    ) {
        let calls = Calls::default();
        let service = service_fn(|request| answer(self.router.clone(), peer, &calls, request));
        let mut connection = pin!(self.http.serve_connection(TokioIo::new(io), service));
        tokio::select! {
            // How a connection ends is no business of ours: calls that fail log it themselves.
            _ = connection.as_mut() => return,
            () = calls.pause(self.first_call, self.idle) => {}
            // The sender outlives all connections.
            _ = stop.wait_for(|stop| *stop) => {}
        }
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            _ = connection => {}
            () = calls.pause(CLOSING, CLOSING) => {}
        }
    }
}

fn answer(
    router: Router,
    peer: Peer,
    calls: &Calls,
    request: http::Request<Incoming>,
) -> impl Future<Output = Result<http::Response<Body>, Infallible>> + use<> {
    let call = calls.begin();
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(peer);
    async move { Ok(router.oneshot(request).await?.map(|body| watched(body, call))) }
}

/// The calls of a connection.
#[derive(Debug, Clone, Default)]
struct Calls(watch::Sender<Count>);

#[derive(Debug, Default)]
struct Count {
    open: usize,
    has_begun: bool,
}

impl Calls {
    fn begin(&self) -> OpenCall {
        self.0.send_modify(|count| {
            count.open += 1;
            count.has_begun = true;
        });
        OpenCall(self.clone())
    }

    /// Waits until no call was open for some time: for `first` before the first one, else `later`.
    async fn pause(&self, first: Duration, later: Duration) {
        let mut calls = self.0.subscribe();
        loop {
            // There is a sender, `self`, so this waits until it is so.
            let has_begun = calls.wait_for(|count| count.open == 0).await;
            let has_begun = has_begun.is_ok_and(|count| count.has_begun);
            let patience = if has_begun { later } else { first };
            if timeout(patience, calls.changed()).await.is_err() {
                return;
            }
        }
    }
}

/// A call that is open until its answer has gone, or until nobody waits for it any more.
struct OpenCall(Calls);

impl Watch for OpenCall {}

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| count.open -= 1);
    }
}
