//! Backups: all of an installation in a folder, made while the server works, and put back from
//! there.
//!
//! A backup is a snapshot of the database and every object that the snapshot names, copied after
//! it. Objects never change, so the next backup into the same folder copies only new ones. The
//! manifest is written last, at once, and names everything with size and digest: a backup without
//! it is none, and until it is there the one before stays whole.

mod create;
mod files;
mod manifest;
mod postgres;
mod restore;
mod snapshot;
mod verify;

use anyhow::Context as _;
use tokio_util::task::TaskTracker;

use crate::app::Clock;
use crate::blob::BlobStore;
use crate::config::{Config, DatabaseUrl};
use crate::database::Database;

pub use create::{Created, Options, create};
pub use manifest::{Manifest, Object};
pub use restore::{KeyAdvice, Restored, restore};
pub use verify::{Finding, verify};

/// What is backed up.
#[derive(Debug)]
pub struct Installation {
    /// Its settings.
    pub config: Config,
    /// Its database.
    pub database: Database,
    /// Its photos.
    pub blobs: BlobStore,
    /// The time.
    pub clock: Clock,
}

impl Installation {
    /// Opens what the settings name, which must be there, and changes nothing.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        if let DatabaseUrl::Sqlite(path) = &config.database_url {
            anyhow::ensure!(path.exists(), "there is no database: {}", path.display());
        }
        let database = Database::open(&config, TaskTracker::new()).await?;
        let blobs = BlobStore::open(&config).context("cannot open the store of photos")?;
        blobs.ping().await.context("the store of photos does not answer")?;
        Ok(Self { config, database, blobs, clock: Clock::System })
    }
}

/// How far an operation is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Objects that are done.
    pub done: usize,
    /// All objects.
    pub total: usize,
}

/// Whom to tell how far it is.
pub type Listener<'a> = &'a (dyn Fn(Progress) + Send + Sync);
