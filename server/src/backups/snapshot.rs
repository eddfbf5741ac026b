//! The database at one moment, in a file, and the objects that it names.

use std::path::Path;

use sea_orm::ConnectionTrait;

use super::manifest::{DatabaseFile, DatabaseKind};
use super::{Installation, Object, files, postgres};
use crate::access;
use crate::blob::BlobKey;
use crate::config::DatabaseUrl;
use crate::database::Database;
use crate::entity::asset_file::Model as AssetFile;
use crate::id::BlobId;

/// A row that names an object.
pub(super) struct Row {
    pub(super) blob_id: BlobId,
    /// Whether the bytes were found to be damaged or missing before.
    pub(super) is_damaged: bool,
    pub(super) object: Object,
}

/// Which kind of database some settings name.
pub(super) fn kind(url: &DatabaseUrl) -> DatabaseKind {
    match url {
        DatabaseUrl::Sqlite(_) => DatabaseKind::Sqlite,
        DatabaseUrl::Postgres(_) => DatabaseKind::Postgres,
    }
}

/// Copies the database into the folder, under a name of its own, and lists the rows of the same
/// moment.
pub(super) async fn take(
    installation: &Installation,
    folder: &Path,
) -> anyhow::Result<(DatabaseFile, Vec<Row>)> {
    let kind = kind(&installation.config.database_url);
    let aside = folder.join("database.new");
    if aside.exists() {
        std::fs::remove_file(&aside)?;
    }
    let rows = match &installation.config.database_url {
        DatabaseUrl::Sqlite(_) => {
            installation.database.copy_to(&aside).await?;
            let copy = Database::open_copy(&aside).await?;
            let rows = rows(&copy).await?;
            copy.close().await?;
            rows
        }
        DatabaseUrl::Postgres(url) => {
            let snapshot = installation.database.snapshot().await?;
            postgres::dump(url, &snapshot.name, &aside).await?;
            rows(&snapshot.transaction).await?
        }
    };
    let (size_bytes, sha256) = files::digest(&aside)?;
    let file = format!("database-{}", sha256.get(..16).unwrap_or_default());
    files::settle(&std::fs::File::open(&aside)?, &aside, &folder.join(&file))?;
    Ok((DatabaseFile { kind, file, size_bytes, sha256 }, rows))
}

/// The objects that the database of a backup names.
pub(super) async fn objects(database: &DatabaseFile, folder: &Path) -> anyhow::Result<Vec<Object>> {
    let path = folder.join(&database.file);
    match database.kind {
        DatabaseKind::Sqlite => {
            let copy = Database::open_copy(&path).await?;
            let rows = rows(&copy).await?;
            copy.close().await?;
            Ok(rows.into_iter().map(|row| row.object).collect())
        }
        DatabaseKind::Postgres => postgres::objects(&path).await,
    }
}

async fn rows(connection: &impl ConnectionTrait) -> anyhow::Result<Vec<Row>> {
    let mut found: Vec<Row> = Vec::new();
    loop {
        let after = found.last().map(|row| row.blob_id);
        let page = access::all_files(connection, after).await?;
        if page.is_empty() {
            return Ok(found);
        }
        found.extend(page.iter().map(row));
    }
}

fn row(file: &AssetFile) -> Row {
    Row {
        blob_id: file.blob_id,
        is_damaged: file.damage_time.is_some(),
        object: Object {
            key: BlobKey::Original(file.blob_id).path(),
            size_bytes: file.size_bytes.cast_unsigned(),
            sha256: files::hex(&file.sha256),
        },
    }
}
