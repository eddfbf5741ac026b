//! The Albumen server.
//!
//! The code stands on floors, and a module uses only those below its own:
//!
//! 4. `transport`: one port, the list of services and layers.
//! 3. Nouns: `installation`, `audit`, `auth`, `users`, `uploads`, `assets`, `albums`, `activities`,
//!    `shared_links`, `exports`, `libraries`, `folder_albums`, `backups`. In each, `mod.rs` has the
//!    operations and `rpc.rs` and `http.rs` their faces.
//! 2. Rules: `app`, `access`, `events`, `jobs`.
//! 1. Materials: `entity`, `database`, `blob`, `keys`, `password`, `media`, `zip`, `byte_range`.
//! 0. Words: `config`, `crontab`, `error`, `id`, `page`, `mask`, `text`, `time`.

pub mod access;
pub mod activities;
pub mod albums;
pub mod app;
pub mod assets;
pub mod audit;
pub mod auth;
pub mod backups;
pub mod blob;
pub mod byte_range;
pub mod config;
pub mod crontab;
pub mod database;
pub mod entity;
pub mod error;
pub mod events;
pub mod exports;
pub mod folder_albums;
pub mod id;
pub mod installation;
pub mod jobs;
pub mod keys;
pub mod libraries;
pub mod mask;
pub mod media;
pub mod page;
pub mod password;
pub mod shared_links;
pub mod text;
pub mod time;
pub mod transport;
pub mod uploads;
pub mod users;
pub mod zip;

use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::{Revocations, SigningKeys};
use crate::app::{App, Clock, Parts};
use crate::blob::BlobStore;
use crate::config::{Config, DatabaseUrl, SecretKey, make_folder};
use crate::database::Database;
use crate::jobs::{Jobs, Kind, Schedule};
use crate::keys::Keys;
use crate::password::Passwords;

/// The jobs of the nouns: the one list of what runs in the background.
#[must_use]
pub fn jobs() -> Jobs {
    let kinds = vec![
        Kind::of::<albums::PurgeTrash>(),
        Kind::of::<assets::DeleteBlobs>(),
        Kind::of::<assets::MakeVariants>(),
        Kind::of::<assets::PurgeTrash>(),
        Kind::of::<assets::SweepBlobs>(),
        Kind::of::<auth::Sweep>(),
        Kind::of::<events::Sweep>(),
        Kind::of::<exports::Sweep>(),
        Kind::of::<folder_albums::RunRule>(),
        Kind::of::<folder_albums::StartDue>(),
        Kind::of::<folder_albums::Sweep>(),
        Kind::of::<jobs::Sweep>(),
        Kind::of::<libraries::Scan>(),
        Kind::of::<libraries::StartDueScans>(),
        Kind::of::<libraries::StartScan>(),
        Kind::of::<libraries::TakeApart>(),
        Kind::of::<shared_links::Sweep>(),
        Kind::of::<uploads::Sweep>(),
        Kind::of::<users::Purge>(),
    ];
    let hour = Duration::from_secs(3600);
    let schedules = vec![
        Schedule::of::<albums::PurgeTrash>(hour),
        Schedule::of::<assets::MakeVariants>(24 * hour),
        Schedule::of::<assets::PurgeTrash>(hour),
        Schedule::of::<assets::SweepBlobs>(24 * hour),
        Schedule::of::<auth::Sweep>(24 * hour),
        Schedule::of::<events::Sweep>(hour),
        Schedule::of::<exports::Sweep>(hour),
        Schedule::of::<folder_albums::StartDue>(Duration::from_secs(60)),
        Schedule::of::<folder_albums::Sweep>(24 * hour),
        Schedule::of::<jobs::Sweep>(24 * hour),
        Schedule::of::<libraries::StartDueScans>(Duration::from_secs(60)),
        Schedule::of::<shared_links::Sweep>(24 * hour),
        Schedule::of::<uploads::Sweep>(hour),
        Schedule::of::<users::Purge>(hour),
    ];
    Jobs::new(kinds, schedules)
}

/// Opens everything that the settings name: folders, keys, database (brought to this version's
/// schema) and blobs, which must answer.
pub async fn open(config: Config, clock: Clock) -> anyhow::Result<App> {
    let blobs = BlobStore::open(&config).context("cannot open the store of photos")?;
    open_with(config, clock, blobs, jobs()).await
}

/// The same with a store of blobs that was opened before, and with other jobs.
pub async fn open_with(
    config: Config,
    clock: Clock,
    blobs: BlobStore,
    jobs: Jobs,
) -> anyhow::Result<App> {
    let folder = config.data_dir.display();
    make_folder(&config.data_dir)
        .with_context(|| format!("cannot make the data folder {folder}"))?;
    let keys = Keys::derive(&secret_key(&config)?)?;
    blobs.ping().await.context("the store of photos does not answer")?;
    let tasks = TaskTracker::new();
    let database = Database::open(&config, tasks.clone()).await?;
    database.migrate().await.context("cannot bring the database to this version's schema")?;
    let now = clock.now();
    installation::prepare(&database, &keys, now).await?;
    let signing_keys = SigningKeys::open(database.reader(), &keys, &config, now).await?;
    let passwords = Passwords::new(&config)?;
    let revocations = Revocations::default();
    Ok(App::new(Parts {
        config,
        database,
        blobs,
        clock,
        keys,
        signing_keys,
        passwords,
        revocations,
        events: events::Hub::default(),
        link_uses: events::LinkUses::default(),
        jobs,
        tasks,
    }))
}

/// The secret key: as it is set, else from the data folder. Where that is not all there is of an
/// installation, another server would make another key.
fn secret_key(config: &Config) -> anyhow::Result<SecretKey> {
    let needed = "ALBUMEN_SECRET_KEY or ALBUMEN_SECRET_KEY_FILE must be set";
    match (&config.secret_key, &config.database_url, &config.s3) {
        (Some(secret), _, _) => Ok(secret.clone()),
        (None, DatabaseUrl::Postgres(_), _) => {
            anyhow::bail!("with PostgreSQL, {needed}")
        }
        (None, _, Some(_)) => anyhow::bail!("with S3, {needed}"),
        (None, DatabaseUrl::Sqlite(_), None) => {
            let path = config.data_dir.join("secret.key");
            keys::read_or_create(&path).with_context(|| format!("cannot use {}", path.display()))
        }
    }
}

/// Serves on a listener until `shutdown` completes, then lets open calls finish for as long as the
/// settings allow. Jobs run meanwhile.
pub async fn serve(
    app: App,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let metrics = transport::serve_metrics(&app).await?;
    let transport::Stack { router, health } = transport::stack(&app).await;
    let stopping = CancellationToken::new();
    jobs::start(&app, &stopping);
    events::follow(&app, &stopping);
    libraries::watch(&app, &stopping);
    let stopped = stopping.clone();
    let shutdown = async move {
        shutdown.await;
        // First of all, so that balancers send no new calls while the open ones end.
        health.set_service_status("", tonic_health::ServingStatus::NotServing).await;
        stopped.cancel();
    };
    let served = transport::listen(&app, router, listener, shutdown).await;
    // However serving ended: what waits for the tasks must not wait for ever.
    stopping.cancel();
    if let Err(error) = events::write_link_uses(&app).await {
        error::log(&error);
    }
    drop(metrics);
    app.tasks.close();
    if timeout(app.config.shutdown_grace, app.tasks.wait()).await.is_err() {
        tracing::warn!("open work was cut off at shutdown");
    }
    served
}
