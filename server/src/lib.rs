//! The Albumen server.
//!
//! The code stands on floors, and a module uses only those below its own:
//!
//! 4. `transport`: one port, the list of services and layers.
//! 3. Nouns: `installation`, `auth`, `users`, `uploads`, `assets`, `albums`, `shared_links`,
//!    `exports`. In each, `mod.rs` has the operations and `rpc.rs` and `http.rs` their faces.
//! 2. Rules: `app`, `access`.
//! 1. Materials: `entity`, `database`, `blob`, `keys`, `password`, `media`, `zip`, `byte_range`.
//! 0. Words: `config`, `error`, `id`, `page`, `mask`, `time`.

pub mod access;
pub mod albums;
pub mod app;
pub mod assets;
pub mod auth;
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

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use crate::access::Revocations;
use crate::access::token::Tokens;
use crate::app::{App, Clock, Parts};
use crate::blob::BlobStore;
use crate::config::{Config, DatabaseUrl};
use crate::database::Database;
use crate::keys::Keys;
use crate::password::Passwords;

/// Opens everything that the settings name: folders, keys, database (brought to this version's
/// schema) and blobs.
pub async fn open(config: Config, clock: Clock) -> anyhow::Result<App> {
    let folder = config.data_dir.display();
    std::fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("cannot make the data folder {folder}"))?;
    let secret = match (&config.secret_key, &config.database_url) {
        (Some(secret), _) => secret.clone(),
        (None, DatabaseUrl::Sqlite(_)) => keys::read_or_create(&config.data_dir.join("secret.key"))
            .with_context(|| format!("cannot use secret.key in {folder}"))?,
        (None, DatabaseUrl::Postgres(_)) => {
            anyhow::bail!("with PostgreSQL, ALBUMEN_SECRET_KEY must be set")
        }
    };
    let keys = Keys::derive(&secret)?;
    let blobs = BlobStore::open(&config)
        .with_context(|| format!("cannot make the folder for photos in {folder}"))?;
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

/// Serves on a listener until `shutdown` completes, then lets open calls finish for as long as the
/// settings allow.
pub async fn serve(
    app: App,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let metrics = transport::serve_metrics(&app).await?;
    let transport::Stack { router, health } = transport::stack(&app).await;
    let shutdown = async move {
        shutdown.await;
        // First of all, so that balancers send no new calls while the open ones end.
        health.set_service_status("", tonic_health::ServingStatus::NotServing).await;
    };
    transport::listen(&app, router, listener, shutdown).await?;
    drop(metrics);
    app.tasks.close();
    if timeout(app.config.shutdown_grace, app.tasks.wait()).await.is_err() {
        tracing::warn!("open work was cut off at shutdown");
    }
    Ok(())
}
