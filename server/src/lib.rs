//! The Albumen server.
//!
//! The code stands on floors, and a module uses only those below its own:
//!
//! 4. `transport`: one port, the list of services and layers.
//! 3. Nouns: `installation`, `auth`, `users`, `uploads`, `assets`, `albums`, `shared_links`,
//!    `exports`, `backups`. In each, `mod.rs` has the operations and `rpc.rs` and `http.rs` their faces.
//! 2. Rules: `app`, `access`.
//! 1. Materials: `entity`, `database`, `blob`, `keys`, `password`, `media`, `zip`, `byte_range`.
//! 0. Words: `config`, `error`, `id`, `page`, `mask`, `time`.

pub mod access;
pub mod albums;
pub mod app;
pub mod assets;
pub mod auth;
pub mod backups;
pub mod blob;
pub mod byte_range;
pub mod config;
pub mod database;
pub mod entity;
pub mod error;
pub mod exports;
pub mod id;
pub mod installation;
pub mod keys;
pub mod mask;
pub mod media;
pub mod page;
pub mod password;
pub mod shared_links;
pub mod time;
pub mod transport;
pub mod uploads;
pub mod users;
pub mod zip;

use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use crate::access::Revocations;
use crate::access::token::Tokens;
use crate::app::{App, Clock, Parts};
use crate::blob::BlobStore;
use crate::config::{Config, DatabaseUrl, SecretKey};
use crate::database::Database;
use crate::keys::Keys;
use crate::password::Passwords;

/// The largest HTTP/2 frame: few large frames cost far less than many small ones.
const MAX_FRAME_BYTES: u32 = 1 << 20;
/// How many bytes a client may send ahead on one stream, and on one connection.
const STREAM_WINDOW_BYTES: u32 = 4 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 8 << 20;
const MAX_HEADER_BYTES: u32 = 16 << 10;
const MAX_STREAMS: u32 = 256;

/// Opens everything that the settings name: folders, keys, database (brought to this version's
/// schema) and blobs, which must answer.
pub async fn open(config: Config, clock: Clock) -> anyhow::Result<App> {
    let blobs = BlobStore::open(&config).context("cannot open the store of photos")?;
    open_with(config, clock, blobs).await
}

/// The same with a store of blobs that was opened before.
pub async fn open_with(config: Config, clock: Clock, blobs: BlobStore) -> anyhow::Result<App> {
    let folder = config.data_dir.display();
    std::fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("cannot make the data folder {folder}"))?;
    let keys = Keys::derive(&secret_key(&config)?)?;
    blobs.ping().await.context("the store of photos does not answer")?;
    let tasks = TaskTracker::new();
    let database =
        Database::open(&config, tasks.clone()).await.context("cannot open the database")?;
    database.migrate().await.context("cannot bring the database to this version's schema")?;
    let tokens = Tokens::new(&installation::prepare(&database, &keys, clock.now()).await?)?;
    let passwords = Passwords::new()?;
    let revocations = Revocations::default();
    Ok(App::new(Parts {
        config,
        database,
        blobs,
        clock,
        keys,
        tokens,
        passwords,
        revocations,
        tasks,
    }))
}

/// The secret key: as it is set, else from the data folder. Where that is not all there is of an
/// installation, another server would make another key.
fn secret_key(config: &Config) -> anyhow::Result<SecretKey> {
    match (&config.secret_key, &config.database_url, &config.s3) {
        (Some(secret), _, _) => Ok(secret.clone()),
        (None, DatabaseUrl::Postgres(_), _) => {
            anyhow::bail!("with PostgreSQL, ALBUMEN_SECRET_KEY must be set")
        }
        (None, _, Some(_)) => anyhow::bail!("with S3, ALBUMEN_SECRET_KEY must be set"),
        (None, DatabaseUrl::Sqlite(_), None) => {
            let path = config.data_dir.join("secret.key");
            keys::read_or_create(&path).with_context(|| format!("cannot use {}", path.display()))
        }
    }
}

/// Serves on a listener until `shutdown` completes, then lets open calls finish for as long as the
/// settings allow.
pub async fn serve(
    app: App,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let stack = transport::stack(&app).await;
    let (health, grace) = (stack.health, app.config.shutdown_grace);
    let (stopping, stopped) = tokio::sync::oneshot::channel::<()>();
    let shutdown = async move {
        shutdown.await;
        health.set_service_status("", tonic_health::ServingStatus::NotServing).await;
        // Nobody listens any more if serving ended by itself.
        let _ = stopping.send(());
    };
    let serving = Server::builder()
        .accept_http1(true)
        .max_concurrent_streams(MAX_STREAMS)
        .max_frame_size(MAX_FRAME_BYTES)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_keepalive_timeout(Some(Duration::from_secs(20)))
        .add_routes(Routes::from(stack.router))
        .serve_with_incoming_shutdown(
            TcpIncoming::from(listener).with_nodelay(Some(true)),
            shutdown,
        );
    let patience = async {
        // An error means that the sender is gone: serving has ended.
        let _ = stopped.await;
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        served = serving => served?,
        () = patience => tracing::warn!("open calls were cut off at shutdown"),
    }
    app.tasks.close();
    if timeout(grace, app.tasks.wait()).await.is_err() {
        tracing::warn!("open work was cut off at shutdown");
    }
    Ok(())
}
