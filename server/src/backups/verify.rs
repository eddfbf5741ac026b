//! Checking a backup without restoring it.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;

use anyhow::Context as _;
use tokio::task::spawn_blocking;

use super::manifest::{objects, secret_key};
use super::{Listener, Manifest, Object, Progress, files, snapshot};

/// What is not as the manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A file of the backup is not there.
    Missing(String),
    /// A file of the backup is not the one that was written.
    Damaged(String),
    /// The database names an object that the manifest has not, or has with another digest.
    NotListed(String),
    /// A file that the manifest does not name: of an object that was deleted since it was copied,
    /// or left by a backup that was interrupted. It does no harm.
    Extra(String),
}

impl Finding {
    /// Whether the backup cannot be restored whole.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        !matches!(self, Self::Extra(_))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "missing: {name}"),
            Self::Damaged(name) => write!(f, "damaged: {name}"),
            Self::NotListed(name) => write!(f, "named by the database only: {name}"),
            Self::Extra(name) => write!(f, "not part of the backup: {name}"),
        }
    }
}

/// Reads every file of a backup and compares it with the manifest, and the manifest with the
/// database. Changes nothing.
pub async fn verify(
    folder: &Path,
    listener: Listener<'_>,
) -> anyhow::Result<(Manifest, Vec<Finding>)> {
    let manifest = Manifest::read(folder)?;
    let mut findings = database(folder, &manifest).await?;
    for (index, object) in manifest.objects.iter().enumerate() {
        let name = format!("objects/{}", object.key);
        findings.extend(file(folder, name, object.size_bytes, &object.sha256).await?);
        listener(Progress { done: index + 1, total: manifest.objects.len() });
    }
    if manifest.has_secret_key && !secret_key(folder).exists() {
        findings.push(Finding::Missing("secret.key".to_owned()));
    }
    let named = by_key(&manifest.objects);
    let extra = files::below(&objects(folder))?.into_iter();
    let extra = extra.filter(|path| !named.contains_key(path.as_str()));
    findings.extend(extra.map(|path| Finding::Extra(format!("objects/{path}"))));
    Ok((manifest, findings))
}

/// Compares the database file with the manifest and, if it is whole, what it names too.
async fn database(folder: &Path, manifest: &Manifest) -> anyhow::Result<Vec<Finding>> {
    let database = &manifest.database;
    let name = database.file.clone();
    let found = file(folder, name, database.size_bytes, &database.sha256).await?;
    if found.is_some() {
        return Ok(found.into_iter().collect());
    }
    let named = snapshot::objects(database, folder).await.context("the database does not open")?;
    let (listed, lost) = (by_key(&manifest.objects), by_key(&manifest.lost));
    let is_listed = |object: &Object| {
        let key = object.key.as_str();
        lost.contains_key(key) || listed.get(key) == Some(&object)
    };
    let not_listed = named.into_iter().filter(|object| !is_listed(object));
    Ok(not_listed.map(|object| Finding::NotListed(object.key)).collect())
}

async fn file(
    folder: &Path,
    name: String,
    size_bytes: u64,
    sha256: &str,
) -> anyhow::Result<Option<Finding>> {
    let path = folder.join(&name);
    match spawn_blocking(move || files::digest(&path)).await? {
        Ok(found) if found == (size_bytes, sha256.to_owned()) => Ok(None),
        Ok(_) => Ok(Some(Finding::Damaged(name))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some(Finding::Missing(name))),
        Err(error) => Err(error).with_context(|| format!("cannot read {name}")),
    }
}

fn by_key(objects: &[Object]) -> BTreeMap<&str, &Object> {
    objects.iter().map(|object| (object.key.as_str(), object)).collect()
}
