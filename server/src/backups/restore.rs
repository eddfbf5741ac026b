//! Putting a backup back.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use futures::stream::{StreamExt as _, TryStreamExt as _, iter};
use migration::{Migrator, MigratorTrait as _};
use tokio::task::spawn_blocking;
use tokio_util::task::TaskTracker;

use super::manifest::{DatabaseKind, secret_key};
use super::snapshot::kind;
use super::{Listener, Manifest, Object, Progress, files, postgres};
use crate::blob::{BlobKey, BlobStore};
use crate::config::{Config, DatabaseUrl, make_folder};
use crate::database::Database;
use crate::keys;

/// How many objects are copied at once.
const AT_ONCE: usize = 4;

/// What was restored.
#[derive(Debug)]
pub struct Restored {
    /// What the backup held.
    pub manifest: Manifest,
    /// What becomes of the secret key.
    pub key: KeyAdvice,
}

/// What is left to do about the secret key before a server starts on what was restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAdvice {
    /// Nothing: it is there.
    Done,
    /// It is in the backup, and must be set.
    SetIt,
    /// It is not in the backup, and must come from elsewhere.
    BringIt,
}

/// Restores a backup into an empty data folder or bucket and an empty database of the same kind.
/// Every object is checked as it is copied. The database comes last: what an interrupted restore
/// leaves is bytes without rows.
pub async fn restore(
    config: &Config,
    blobs: &BlobStore,
    folder: &Path,
    listener: Listener<'_>,
) -> anyhow::Result<Restored> {
    let manifest = Manifest::read(folder)?;
    refuse_unfit(config, &manifest)?;
    refuse_full(config, blobs).await?;
    check(&folder.join(&manifest.database.file), &manifest.database.sha256).await?;
    copy_all(config, blobs, folder, &manifest.objects, listener).await?;
    let key = restore_key(config, &manifest, folder)?;
    restore_database(config, &folder.join(&manifest.database.file)).await?;
    Ok(Restored { manifest, key })
}

/// Refuses what this version, or the database that is set, could not work with.
fn refuse_unfit(config: &Config, manifest: &Manifest) -> anyhow::Result<()> {
    let is_known = Migrator::migrations().iter().any(|step| step.name() == manifest.schema);
    anyhow::ensure!(
        is_known,
        "the backup is of version {}, which is newer: its schema is at {}",
        manifest.server_version,
        manifest.schema
    );
    let name = |kind| match kind {
        DatabaseKind::Sqlite => "SQLite",
        DatabaseKind::Postgres => "PostgreSQL",
    };
    let (ours, theirs) = (kind(&config.database_url), manifest.database.kind);
    anyhow::ensure!(
        ours == theirs,
        "the backup is of {}, and the settings name {}",
        name(theirs),
        name(ours)
    );
    Ok(())
}

/// Refuses to mix a backup with anything that is there.
async fn refuse_full(config: &Config, blobs: &BlobStore) -> anyhow::Result<()> {
    match &config.database_url {
        DatabaseUrl::Sqlite(path) => {
            // SQLite would mend the database with the journal of another.
            let journal = format!("{}-wal", path.display());
            let is_there = path.exists() || Path::new(&journal).exists();
            anyhow::ensure!(!is_there, "there is a database already: {}", path.display());
        }
        DatabaseUrl::Postgres(_) => {
            let database = Database::open(config, TaskTracker::new()).await?;
            let is_empty = database.is_empty().await?;
            database.close().await?;
            anyhow::ensure!(is_empty, "the database has tables already");
        }
    }
    let stored = blobs.list().await.context("the store of photos does not answer")?;
    anyhow::ensure!(
        stored.is_empty(),
        "there are {} objects in the store of photos already; if they are of a restore that was \
         interrupted, remove them",
        stored.len()
    );
    Ok(())
}

async fn check(path: &Path, sha256: &str) -> anyhow::Result<()> {
    let shown = path.display().to_string();
    let path = path.to_owned();
    let found = spawn_blocking(move || files::digest(&path)).await?;
    let (_, found) = found.with_context(|| format!("cannot read {shown}"))?;
    anyhow::ensure!(found == sha256, "{shown} is damaged");
    Ok(())
}

async fn copy_all(
    config: &Config,
    blobs: &BlobStore,
    folder: &Path,
    objects: &[Object],
    listener: Listener<'_>,
) -> anyhow::Result<()> {
    // Not the system's folder for such files, which may be small: a large object goes through here.
    let spool = config.data_dir.join("restore");
    if spool.exists() {
        fs::remove_dir_all(&spool)?;
    }
    make_folder(&spool).with_context(|| format!("cannot make {}", spool.display()))?;
    let copies = iter(objects).map(|object| copy(blobs, folder, &spool, object));
    let mut copies = std::pin::pin!(copies.buffer_unordered(AT_ONCE));
    let mut done = 0;
    while let Some(()) = copies.try_next().await? {
        done += 1;
        listener(Progress { done, total: objects.len() });
    }
    Ok(fs::remove_dir(&spool)?)
}

/// Copies an object aside, since a store may keep the very file that it is given, and hands it to
/// the store once its digest is right.
async fn copy(
    blobs: &BlobStore,
    folder: &Path,
    spool: &Path,
    object: &Object,
) -> anyhow::Result<()> {
    let key = BlobKey::parse(&object.key).context("the manifest has a strange key")?;
    let (from, to) = (object.path(folder), spool.join(object.key.replace('/', "-")));
    let shown = from.display().to_string();
    let aside = to.clone();
    let copied = spawn_blocking(move || files::copy(&from, &aside)).await?;
    let (_, sha256) = copied.with_context(|| format!("cannot copy {shown}"))?;
    anyhow::ensure!(sha256 == object.sha256, "{shown} is damaged");
    blobs.put(key, &to).await?;
    Ok(fs::remove_file(to)?)
}

/// Puts the secret key where a server looks for it, if it looks for it in a file.
fn restore_key(config: &Config, manifest: &Manifest, folder: &Path) -> anyhow::Result<KeyAdvice> {
    let path = config.data_dir.join("secret.key");
    if config.secret_key.is_some() || path.exists() {
        return Ok(KeyAdvice::Done);
    }
    if !manifest.has_secret_key {
        return Ok(KeyAdvice::BringIt);
    }
    if config.s3.is_some() || manifest.database.kind == DatabaseKind::Postgres {
        return Ok(KeyAdvice::SetIt);
    }
    let key = keys::read(&secret_key(folder)).context("cannot read secret.key of the backup")?;
    keys::write(&path, &key).context("cannot write secret.key")?;
    Ok(KeyAdvice::Done)
}

async fn restore_database(config: &Config, from: &Path) -> anyhow::Result<()> {
    match &config.database_url {
        DatabaseUrl::Postgres(url) => postgres::restore(url, from).await,
        DatabaseUrl::Sqlite(path) => {
            if let Some(folder) = path.parent() {
                make_folder(folder)?;
            }
            let aside = files::aside(path);
            files::copy(from, &aside)?;
            Ok(files::settle(&fs::File::open(&aside)?, &aside, path)?)
        }
    }
}
