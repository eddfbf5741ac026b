//! What every operation works with.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use crate::access::{Revocations, SigningKeys};
use crate::blob::BlobStore;
use crate::config::Config;
use crate::database::{Database, Transaction};
use crate::error::Result;
use crate::events::{Hub, LinkUses};
use crate::jobs::Jobs;
use crate::keys::Keys;
use crate::password::Passwords;
use crate::time::Micros;

/// The server's parts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App(Arc<Parts>);

/// The parts themselves.
#[derive(Debug)]
pub struct Parts {
    /// The settings.
    pub config: Config,
    /// The database.
    pub database: Database,
    /// The bytes of photos and videos.
    pub blobs: BlobStore,
    /// The time.
    pub clock: Clock,
    /// The keys derived from the secret key.
    pub keys: Keys,
    /// The keys that sign access tokens.
    pub signing_keys: SigningKeys,
    /// Password hashing.
    pub passwords: Passwords,
    /// What open streams watch to notice that rights were taken away.
    pub revocations: Revocations,
    /// Who watches which albums.
    pub events: Hub,
    /// What guests downloaded and no row says yet.
    pub link_uses: LinkUses,
    /// Work in the background.
    pub jobs: Jobs,
    /// Tasks that shutdown waits for.
    pub tasks: TaskTracker,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The time now. Everything that asks for the time asks here.
    #[must_use]
    pub fn now(&self) -> Micros {
        self.clock.now()
    }

    /// Runs a unit of work in one transaction; see [`Database::transact`].
    pub async fn transact<T, F, W>(&self, work: W) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
        W: FnOnce(Transaction) -> F + Send + 'static,
    {
        self.database.transact(work).await
    }

    /// Runs a task that goes on if its caller leaves and that shutdown waits for.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tasks.spawn(task)
    }

    /// Where the bytes of unfinished uploads lie: on the file system of the blobs, so that
    /// finishing one needs no copy.
    #[must_use]
    pub fn spool_dir(&self) -> PathBuf {
        self.config.data_dir.join("uploads")
    }
}

/// The source of time.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands, in microseconds since 1970, until somebody sets it.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// The time now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub fn now(&self) -> Micros {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                let since = since.unwrap_or_default().as_micros();
                Micros(i64::try_from(since).unwrap_or(i64::MAX))
            }
            Self::Fixed(now) => Micros(now.load(Ordering::Relaxed)),
        }
    }
}
