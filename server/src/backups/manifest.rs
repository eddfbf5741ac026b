//! What a backup holds.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::files;
use crate::blob::BlobKey;

/// The layout of the folder and of the manifest. Higher ones are of newer versions.
const FORMAT_VERSION: u32 = 1;
const NAME: &str = "manifest.json";

/// What a backup holds, as `manifest.json` in its folder says it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// The layout of the folder.
    pub format_version: u32,
    /// The version of the server that made it.
    pub server_version: String,
    /// When the snapshot was taken, as in `2026-11-22T08:00:00Z`.
    pub create_time: String,
    /// The last step of the database's schema.
    pub schema: String,
    /// The database.
    pub database: DatabaseFile,
    /// Whether the secret key is in `secret.key`.
    pub has_secret_key: bool,
    /// Every object that the database names.
    pub objects: Vec<Object>,
    /// Objects that the database names and that are not in the backup, since they were missing or
    /// damaged in the store.
    pub lost: Vec<Object>,
}

/// The database of a backup.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DatabaseFile {
    /// What made it.
    pub kind: DatabaseKind,
    /// Its name in the folder.
    pub file: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DatabaseKind {
    /// A SQLite file.
    Sqlite,
    /// A dump of PostgreSQL in its custom format.
    Postgres,
}

/// An object: the bytes of a blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// The path below `objects` in the backup, the same as in the store.
    pub key: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

impl Object {
    /// Where the object is in a backup.
    #[must_use]
    pub fn path(&self, folder: &Path) -> PathBuf {
        objects(folder).join(&self.key)
    }
}

/// Where the objects of a backup are.
pub(super) fn objects(folder: &Path) -> PathBuf {
    folder.join("objects")
}

/// Where the secret key is, if it is in the backup.
pub(super) fn secret_key(folder: &Path) -> PathBuf {
    folder.join("secret.key")
}

impl Manifest {
    /// The manifest of what is to be written now; see the fields.
    pub(super) fn new(
        create_time: String,
        schema: String,
        database: DatabaseFile,
        has_secret_key: bool,
        (objects, lost): (Vec<Object>, Vec<Object>),
    ) -> Self {
        let server_version = env!("CARGO_PKG_VERSION").to_owned();
        let format_version = FORMAT_VERSION;
        Self {
            format_version,
            server_version,
            create_time,
            schema,
            database,
            has_secret_key,
            objects,
            lost,
        }
    }

    /// Reads the manifest of a backup. Fails for one that this version does not understand.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(NAME);
        let file = std::fs::File::open(&path)
            .with_context(|| format!("no backup is complete in {}", folder.display()))?;
        let manifest: Self = serde_json::from_reader(std::io::BufReader::new(file))
            .with_context(|| format!("{} is damaged", path.display()))?;
        anyhow::ensure!(
            manifest.format_version == FORMAT_VERSION,
            "version {} made the backup, in a form that this version does not know",
            manifest.server_version
        );
        // These become paths.
        let is_key = |object: &Object| BlobKey::parse(&object.key).is_some();
        let is_sound = manifest.objects.iter().all(is_key) && !manifest.database.file.contains('/');
        anyhow::ensure!(is_sound, "{} names files outside the backup", path.display());
        Ok(manifest)
    }

    /// Takes the place of the manifest before at once.
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_vec_pretty(self)?;
        files::replace(&folder.join(NAME), &text).context("cannot write the manifest")
    }
}
