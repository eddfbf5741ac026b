//! Making a backup.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use futures::stream::{StreamExt as _, TryStreamExt as _, iter};
use tokio::io::AsyncWriteExt as _;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::manifest::secret_key;
use super::snapshot::{self, Row};
use super::{Installation, Listener, Manifest, Object, Progress, files};
use crate::blob::{BlobError, BlobKey, Piece};
use crate::config::{Config, SecretKey, make_folder};
use crate::jobs::lease;
use crate::keys;
use crate::media::Digest;

/// How many objects are copied at once.
const AT_ONCE: usize = 4;
/// How many bytes of an object are read at once.
const WINDOW_BYTES: u64 = 1 << 20;
/// For how long bytes are kept from going, unless it is prolonged.
const HOLD: Duration = Duration::from_secs(120);
/// How many objects an error names.
const NAMED: usize = 10;

/// What a backup is to do beyond copying what is not there.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Read the objects that are there already, and copy again what is damaged.
    pub verify: bool,
    /// Go on without objects that are missing or damaged in the store.
    pub skip_lost: bool,
    /// Copy the secret key too. Whoever has the backup then has the addresses of all links, and
    /// can sign in as anybody.
    pub include_secret_key: bool,
}

/// What a backup did.
#[derive(Debug)]
pub struct Created {
    /// What the backup holds now.
    pub manifest: Manifest,
    /// How many objects were copied; the others were there.
    pub copied: usize,
}

/// What became of one object.
enum Outcome {
    Kept,
    Copied,
    /// The bytes in the store are missing or are not the ones that the row names.
    Lost,
}

/// Makes a backup in a folder, or brings the one that is there up to date, while the server works.
///
/// Fails if an object is missing or damaged in the store, unless the database knows that already or
/// the options say to go on: what can be copied is, and the manifest before stays. Changes nothing
/// in database and store: where all are missing, the wrong store may be set.
pub async fn create(
    installation: &Installation,
    folder: &Path,
    options: Options,
    listener: Listener<'_>,
) -> anyhow::Result<Created> {
    let schema = installation.database.schema().await?;
    let last_step = schema.taken.last().context("the database is empty")?;
    anyhow::ensure!(
        schema.pending.is_empty() && schema.unknown.is_empty(),
        "the database is at another version's schema; that version can back it up"
    );
    make_folder(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let _lock = lock(folder)?;
    let copying = Box::pin(async {
        let (database, rows) = snapshot::take(installation, folder).await?;
        let outcomes = copy_all(installation, folder, &rows, options, listener).await?;
        anyhow::Ok((database, rows, outcomes))
    });
    let (database, rows, outcomes) = while_no_bytes_go(installation, copying).await?;
    if !options.skip_lost {
        refuse_loss(&rows, &outcomes)?;
    }
    if options.include_secret_key {
        keys::write(&secret_key(folder), &key_of(&installation.config)?)?;
    }
    let has_secret_key = secret_key(folder).exists();
    let copied = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Copied)).count();
    let create_time = installation.clock.now().timestamp().to_string();
    let contents = split(rows, &outcomes);
    let manifest =
        Manifest::new(create_time, last_step.clone(), database, has_secret_key, contents);
    manifest.write(folder)?;
    remove_older(folder, &manifest)?;
    Ok(Created { manifest, copied })
}

/// Two backups into one folder at once would remove each other's files.
fn lock(folder: &Path) -> anyhow::Result<File> {
    let file = File::create(folder.join(".lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => anyhow::bail!("another backup into the folder is running"),
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock the folder"),
    }
}

/// Runs `work` while no job removes the bytes of deleted rows, which the snapshot may name.
async fn while_no_bytes_go<T>(
    installation: &Installation,
    mut work: impl Future<Output = anyhow::Result<T>> + Unpin,
) -> anyhow::Result<T> {
    let (database, clock) = (&installation.database, &installation.clock);
    let held = lease::acquire(database, clock.now(), lease::BACKUP, HOLD).await?;
    let held = held.context("another backup is running, or was cut off in the last two minutes")?;
    let result = loop {
        tokio::select! {
            result = &mut work => break result,
            () = sleep(HOLD / 3) => {
                let is_held = held.renew(database, clock.now(), HOLD).await?;
                anyhow::ensure!(is_held, "another backup began: this one was held up too long");
            }
        }
    };
    held.release(database).await?;
    result
}

async fn copy_all(
    installation: &Installation,
    folder: &Path,
    rows: &[Row],
    options: Options,
    listener: Listener<'_>,
) -> anyhow::Result<Vec<Outcome>> {
    let mut outcomes = Vec::with_capacity(rows.len());
    let copies = iter(rows).map(|row| copy(installation, folder, row, options.verify));
    let mut copies = std::pin::pin!(copies.buffered(AT_ONCE));
    while let Some(outcome) = copies.try_next().await? {
        outcomes.push(outcome);
        listener(Progress { done: outcomes.len(), total: rows.len() });
    }
    Ok(outcomes)
}

async fn copy(
    installation: &Installation,
    folder: &Path,
    row: &Row,
    verify: bool,
) -> anyhow::Result<Outcome> {
    let (path, object) = (row.object.path(folder), row.object.clone());
    let is_there = spawn_blocking({
        let path = path.clone();
        move || match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
            Ok(metadata) if metadata.len() != object.size_bytes => Ok(false),
            Ok(_) if verify => Ok(files::digest(&path)?.1 == object.sha256),
            Ok(_) => Ok(true),
        }
    });
    if is_there.await?? {
        return Ok(Outcome::Kept);
    }
    if let Some(parent) = path.parent() {
        files::make_folder(parent, folder)?;
    }
    let aside = files::aside(&path);
    match fetch(installation, row, &aside).await? {
        Some(sha256) if sha256 == row.object.sha256 => {
            spawn_blocking(move || files::settle(&File::open(&aside)?, &aside, &path)).await??;
            Ok(Outcome::Copied)
        }
        _ => {
            fs::remove_file(&aside)?;
            Ok(Outcome::Lost)
        }
    }
}

/// Reads an object into a file, and returns its SHA-256; `None` if it is missing or too short.
async fn fetch(
    installation: &Installation,
    row: &Row,
    to: &Path,
) -> anyhow::Result<Option<String>> {
    let (key, end) = (BlobKey::Original(row.blob_id), row.object.size_bytes);
    let (mut file, mut digest, mut position) =
        (tokio::fs::File::create(to).await?, Digest::new(), 0);
    while position < end {
        let range = position..(position + WINDOW_BYTES).min(end);
        position = range.end;
        match installation.blobs.read(vec![Piece::Blob(key, range)]).await {
            Ok(window) => {
                digest.update(&window.bytes);
                file.write_all(&window.bytes).await?;
            }
            Err(error) if BlobError::is_loss(&error) => return Ok(None),
            Err(error) => return Err(error).context("the store of photos fails"),
        }
    }
    file.flush().await?;
    Ok(Some(files::hex(&digest.finish().sha256)))
}

/// Fails if anything is lost that the database does not know of.
fn refuse_loss(rows: &[Row], outcomes: &[Outcome]) -> anyhow::Result<()> {
    let lost = rows.iter().zip(outcomes);
    let lost = lost.filter(|(row, outcome)| matches!(outcome, Outcome::Lost) && !row.is_damaged);
    let lost: Vec<_> = lost.map(|(row, _)| row.object.key.as_str()).collect();
    anyhow::ensure!(
        lost.is_empty(),
        "objects that are missing or damaged in the store of photos: {}, as {}; the others were \
         copied, and the manifest is the one of the backup before, if there was one",
        lost.len(),
        lost.get(..NAMED).unwrap_or(&lost).join(", ")
    );
    Ok(())
}

/// What is in the backup, and what is not because it is lost.
fn split(rows: Vec<Row>, outcomes: &[Outcome]) -> (Vec<Object>, Vec<Object>) {
    let (lost, there): (Vec<_>, Vec<_>) =
        rows.into_iter().zip(outcomes).partition(|(_, outcome)| matches!(outcome, Outcome::Lost));
    let objects =
        |rows: Vec<(Row, &Outcome)>| rows.into_iter().map(|(row, _)| row.object).collect();
    (objects(there), objects(lost))
}

fn key_of(config: &Config) -> anyhow::Result<SecretKey> {
    match &config.secret_key {
        Some(key) => Ok(key.clone()),
        None => keys::read(&config.data_dir.join("secret.key")).context("cannot read secret.key"),
    }
}

/// The databases of earlier backups, which no manifest names any more.
fn remove_older(folder: &Path, manifest: &Manifest) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("database-") && name != manifest.database.file {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
