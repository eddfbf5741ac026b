//! The database: SQLite or PostgreSQL, and the one way to change it.

use std::fmt;
use std::fs::File;
use std::ops::Deref;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use migration::{Migrator, MigratorTrait as _, Schema};
use sea_orm::sea_query::{Func, Query};
use sea_orm::sqlx::{Connection as _, PgConnection};
use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait as _, Database as Sea, DatabaseConnection,
    DatabaseTransaction, DbBackend, DbErr, IsolationLevel, SqliteTransactionMode,
    TransactionOptions, TransactionTrait as _,
};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use crate::config::{Config, DatabaseUrl, make_folder};
use crate::error::{Error, Result};

/// How long a call waits for a connection, and SQLite for its lock.
const PATIENCE: Duration = Duration::from_secs(10);
/// Any number, as long as nobody else takes the same advisory lock: "albumen" in ASCII.
const START_LOCK: i64 = 0x61_6c_62_75_6d_65_6e;

/// Connections to the database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Database {
    /// SQLite admits one writer: it is this connection, and all who write wait for it in order.
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    tasks: TaskTracker,
}

/// An open transaction, shared by the operations that run in it.
#[derive(Debug, Clone)]
pub struct Transaction {
    open: Arc<DatabaseTransaction>,
    hooks: Hooks,
}

impl Transaction {
    /// Does something once the transaction is committed, and nothing if it is not.
    pub fn after_commit(&self, hook: impl FnOnce() + Send + 'static) {
        self.hooks.0.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(hook));
    }
}

impl Deref for Transaction {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.open
    }
}

type Hook = Box<dyn FnOnce() + Send>;

/// What waits for the commit.
#[derive(Clone, Default)]
struct Hooks(Arc<Mutex<Vec<Hook>>>);

impl Hooks {
    fn run(self) {
        let hooks = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        hooks.into_iter().for_each(|hook| hook());
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hooks")
    }
}

/// PostgreSQL as it is at one moment, for as long as this is kept.
#[derive(Debug)]
pub struct Snapshot {
    /// Sees that moment, and cannot write.
    pub transaction: DatabaseTransaction,
    /// By which other connections can see the same moment.
    pub name: String,
}

impl Database {
    /// Connects as the settings say, and makes the folder of a SQLite file. `tasks` keeps shutdown
    /// waiting for open transactions.
    pub async fn open(config: &Config, tasks: TaskTracker) -> anyhow::Result<Self> {
        let opened = Self::connect(config, tasks).await;
        opened.with_context(|| format!("cannot open the database {}", config.database_url))
    }

    async fn connect(config: &Config, tasks: TaskTracker) -> anyhow::Result<Self> {
        match &config.database_url {
            DatabaseUrl::Sqlite(path) => {
                if let Some(folder) = path.parent() {
                    make_folder(folder)?;
                }
                let url = format!("sqlite:{}?mode=rwc", path.display());
                let writer = Sea::connect(sqlite(&url, 1)).await?;
                let reader = Sea::connect(sqlite(&url, config.database_connections)).await?;
                Ok(Self { writer, reader, tasks })
            }
            DatabaseUrl::Postgres(url) => {
                let mut options = options(url.expose(), config.database_connections);
                // A connection may have died unnoticed; asking costs one round trip.
                options.test_before_acquire(true).max_lifetime(Duration::from_secs(600));
                let Ok(pool) = Sea::connect(options).await else {
                    // The pool tries for a while, and then only says that time is up.
                    timeout(PATIENCE, PgConnection::connect(url.expose())).await??;
                    anyhow::bail!("it answered too late");
                };
                Ok(Self { writer: pool.clone(), reader: pool, tasks })
            }
        }
    }

    /// The connection for reads outside transactions.
    #[must_use]
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// Which database it is.
    #[must_use]
    pub fn backend(&self) -> DbBackend {
        self.writer.get_database_backend()
    }

    /// Runs a unit of work in one transaction: committed if it succeeds, else without effect.
    ///
    /// The work runs in a task of its own, to its end even if the caller leaves: a `begin` that is
    /// cancelled leaves its PostgreSQL connection inside an open transaction, and the next one to
    /// use that connection loses its writes (launchbadge/sqlx#4385).
    pub async fn transact<T, F, W>(&self, work: W) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
        W: FnOnce(Transaction) -> F + Send + 'static,
    {
        let writer = self.writer.clone();
        let unit = async move {
            let options = TransactionOptions {
                // Taking the lock at the start: a transaction that first reads and then writes
                // would fail at once, without waiting, if another wrote in between.
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            };
            let open = Arc::new(writer.begin_with_options(options).await?);
            let transaction = Transaction { open, hooks: Hooks::default() };
            let result = work(transaction.clone()).await;
            let Transaction { open, hooks } = transaction;
            let Ok(transaction) = Arc::try_unwrap(open) else {
                return Err(Error::internal("a unit of work outlived its transaction"));
            };
            match result {
                Ok(value) => {
                    transaction.commit().await?;
                    hooks.run();
                    Ok(value)
                }
                Err(error) => {
                    // SQLite has done it already if its disk is full; the pool looks after the
                    // connection.
                    if let Err(cause) = transaction.rollback().await {
                        tracing::warn!(%cause, "cannot roll a transaction back");
                    }
                    Err(error)
                }
            }
        };
        self.tasks.spawn(unit).await.map_err(Error::internal)?
    }

    /// Brings the schema to this version's, and tells which steps that took. Several servers may
    /// start at once. Fails without a change if a newer version has been here.
    pub async fn migrate(&self) -> anyhow::Result<Vec<String>> {
        if self.backend() == DbBackend::Sqlite {
            return self.up().await;
        }
        let lock = self.writer.begin().await?;
        lock.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({START_LOCK})")).await?;
        let steps = self.up().await?;
        lock.commit().await?;
        Ok(steps)
    }

    async fn up(&self) -> anyhow::Result<Vec<String>> {
        let schema = self.schema().await?;
        if let Some(step) = schema.unknown.last() {
            anyhow::bail!(
                "a newer version has been here, which took the step {step}; use that version or a \
                 newer one, or restore a backup from before"
            );
        }
        Migrator::up(&self.writer, None).await?;
        Ok(schema.pending)
    }

    /// How the schema compares with this version's.
    pub async fn schema(&self) -> Result<Schema, DbErr> {
        migration::schema(&self.writer).await
    }

    /// How many connections are open, and how many of them nobody uses, in each pool.
    #[must_use]
    pub fn pools(&self) -> Vec<(&'static str, u32, usize)> {
        if self.backend() == DbBackend::Sqlite {
            let pools = [("writer", &self.writer), ("reader", &self.reader)];
            let pools = pools.map(|(name, pool)| (name, pool.get_sqlite_connection_pool()));
            pools.map(|(name, pool)| (name, pool.size(), pool.num_idle())).into()
        } else {
            let pool = self.reader.get_postgres_connection_pool();
            vec![("all", pool.size(), pool.num_idle())]
        }
    }

    /// Copies SQLite as it is at one moment into a new file, which is durable when this returns.
    /// Writers do not wait for it.
    pub async fn copy_to(&self, path: &Path) -> anyhow::Result<()> {
        let quoted = path.display().to_string().replace('\'', "''");
        self.reader.execute_unprepared(&format!("VACUUM INTO '{quoted}'")).await?;
        Ok(File::open(path)?.sync_all()?)
    }

    /// Opens a file that [`Database::copy_to`] made, for reading only: no byte of it changes.
    pub async fn open_copy(path: &Path) -> Result<DatabaseConnection, DbErr> {
        let url = format!("sqlite:{}?mode=ro&immutable=true", path.display());
        Sea::connect(options(&url, 1)).await
    }

    /// Holds PostgreSQL still for a backup. The caller sees that it is not cancelled while it
    /// begins; see [`Database::transact`].
    pub async fn snapshot(&self) -> Result<Snapshot, DbErr> {
        let (isolation, access) = (IsolationLevel::RepeatableRead, AccessMode::ReadOnly);
        let transaction = self.writer.begin_with_config(Some(isolation), Some(access)).await?;
        let export = Query::select().expr_as(Func::cust("pg_export_snapshot"), "name").take();
        let rows = transaction.query_all(&export).await?;
        let name = rows.first().map(|row| row.try_get("", "name"));
        let name = name.ok_or_else(|| DbErr::RecordNotFound("no snapshot".to_owned()))??;
        Ok(Snapshot { transaction, name })
    }

    /// Whether the database has no tables at all.
    pub async fn is_empty(&self) -> Result<bool, DbErr> {
        migration::is_empty(&self.writer).await
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        Ok(self.reader.ping().await?)
    }

    /// Closes all connections.
    pub async fn close(&self) -> Result<(), DbErr> {
        self.reader.close_by_ref().await?;
        self.writer.close_by_ref().await
    }
}

fn options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.max_connections(connections).acquire_timeout(PATIENCE).sqlx_logging(false);
    options
}

fn sqlite(url: &str, connections: u32) -> ConnectOptions {
    let mut options = options(url, connections);
    // Where a disk is full, SQLite ends transactions by itself, and sqlx loses count: a connection
    // that takes the next transaction for one inside another would never commit it, and say that it
    // did. The ping waits for a rollback that is under way.
    options.map_sqlx_sqlite_pool_opts(|options| {
        options.after_release(|connection, _| {
            Box::pin(async move {
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        })
    });
    // A file does not go away: no ping, and no reason to reopen it.
    options.test_before_acquire(false).map_sqlx_sqlite_opts(|options| {
        options
            .pragma("journal_mode", "WAL")
            // A phone deletes its copy once we say "stored": a lost commit is a lost photo.
            .pragma("synchronous", "FULL")
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
    });
    options
}
