//! The accept loop.
//!
//! tonic's server has one, but it lets nobody limit connections, the head of HTTP/1 calls, or the
//! time for a handshake, nor swap certificates, nor cut off what is left at the end of a shutdown.
//! What it has beyond this one, limits in time for calls, must differ for HTTP anyhow.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::Peer;
use super::connection::Server;
use super::tls::Tls;
use crate::app::App;

/// How long nothing is accepted after a failure, such as having no file descriptor left.
const RECOVERY: Duration = Duration::from_secs(1);

/// Serves the connections of a listener until `shutdown` completes; then lets open calls end for as
/// long as the settings allow, and cuts off the rest. Fails at once if the certificate that the
/// settings name cannot be used.
pub async fn listen(
    app: &App,
    router: Router,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let tls = app.config.tls.clone().map(Tls::open).transpose().context("cannot use TLS")?;
    let (address, version) = (listener.local_addr()?, env!("CARGO_PKG_VERSION"));
    tracing::info!(%address, is_tls = tls.is_some(), version, "serving");
    let server = Server::new(&app.config, router);
    let turns = Arc::new(Semaphore::new(app.config.max_connections));
    let (stop, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            // Forgets those that have ended.
            Some(_) = connections.join_next() => {}
            (socket, peer, turn) = accept(&listener, &turns) => {
                let (app, tls) = (app.clone(), tls.clone());
                let (server, stopped) = (server.clone(), stopped.clone());
                connections.spawn(async move {
                    let _turn = turn;
                    let Some(tls) = tls else { return server.serve(socket, peer, stopped).await };
                    if let Some(socket) = tls.accept(&app, socket).await {
                        server.serve(socket, Peer { is_tls: true, ..peer }, stopped).await;
                    }
                });
            }
        }
    }
    // Whoever comes now is refused rather than left waiting.
    drop(listener);
    stop.send_replace(true);
    let end = async { while connections.join_next().await.is_some() {} };
    if timeout(app.config.shutdown_grace, end).await.is_err() {
        tracing::warn!("open calls were cut off at shutdown");
    }
    Ok(())
}

/// A place among the connections; left when dropped.
struct Turn {
    _permit: OwnedSemaphorePermit,
}

impl Turn {
    fn take(permit: OwnedSemaphorePermit) -> Self {
        metrics::gauge!("albumen_connections").increment(1);
        Self { _permit: permit }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        metrics::gauge!("albumen_connections").decrement(1);
    }
}

/// The next connection, once there is a turn for it. Until then clients wait in the backlog of the
/// system, which refuses them when it is full: a short rush is waited out, and a long one costs
/// this process nothing. Idle connections give up their turns by themselves.
async fn accept(listener: &TcpListener, turns: &Arc<Semaphore>) -> (TcpStream, Peer, Turn) {
    loop {
        let Ok(permit) = Arc::clone(turns).acquire_owned().await else {
            // Nobody closes the semaphore.
            std::future::pending().await
        };
        match listener.accept().await {
            Ok((socket, address)) => {
                // Without this a small answer can wait for the client's acknowledgement.
                if let Err(error) = socket.set_nodelay(true) {
                    tracing::debug!(%error, "a connection is gone already");
                }
                let peer = Peer { address: address.ip(), is_tls: false };
                return (socket, peer, Turn::take(permit));
            }
            Err(error) if is_clients_fault(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept connections");
                sleep(RECOVERY).await;
            }
        }
    }
}

/// A connection that was given up before it was accepted says nothing about the next.
fn is_clients_fault(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
