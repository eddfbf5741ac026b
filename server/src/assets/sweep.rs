//! Removing bytes that no row names.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::access;
use crate::app::App;
use crate::blob::BlobKey;
use crate::error::{Error, Result};
use crate::jobs::{self, Context, Job, lease};

/// How long bytes without a row are left alone.
const PATIENCE: Duration = Duration::from_secs(86_400);
/// How long a removal waits for a backup to end before it looks again.
const BACKUP_PAUSE: Duration = Duration::from_secs(300);
/// How many blobs one job removes.
const BATCH: usize = 500;

/// Removes bytes whose rows are gone. Enqueue it in the transaction that deletes the rows: rows go
/// first, so that none ever points at missing bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeleteBlobs {
    keys: Vec<String>,
}

impl DeleteBlobs {
    /// Removes these blobs, except those that a row names by then.
    #[must_use]
    pub fn new(keys: &[BlobKey]) -> Self {
        Self { keys: keys.iter().map(BlobKey::path).collect() }
    }
}

impl Job for DeleteBlobs {
    const KIND: &'static str = "delete-blobs";

    async fn run(self, app: App, _: Context) -> Result<()> {
        let keys = self.keys.iter().map(|path| {
            BlobKey::parse(path).ok_or_else(|| Error::internal(format!("{path} is no blob")))
        });
        let keys = keys.collect::<Result<Vec<_>>>()?;
        let named = access::named_blobs(app.database.reader(), &keys).await?;
        // Asked after the rows: a backup that begins later finds none that name these bytes.
        if lease::is_held(&app.database, app.now(), lease::BACKUP).await? {
            return delete_after(&app, BACKUP_PAUSE, self).await;
        }
        for key in keys.into_iter().filter(|key| !named.contains(key)) {
            let delete = app.blobs.delete(key).await;
            delete.map_err(|error| Error::StorageUnavailable(error.to_string()))?;
        }
        Ok(())
    }
}

async fn delete_after(app: &App, time: Duration, job: DeleteBlobs) -> Result<()> {
    let app_ = app.clone();
    app.transact(move |transaction| async move {
        jobs::enqueue_at(&app_, &transaction, job, app_.now().after(time)).await
    })
    .await
}

/// Finds bytes that no row names, which a crash can leave. They are removed if that is still so a
/// day later: stores need not know the age of what they keep, nor agree with our clock.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct SweepBlobs;

impl Job for SweepBlobs {
    const KIND: &'static str = "sweep-blobs";

    async fn run(self, app: App, _: Context) -> Result<()> {
        let stored = app.blobs.list().await;
        // Listed before the rows are asked: whoever stores bytes has a row that names them by then.
        let stored = stored.map_err(|error| Error::StorageUnavailable(error.to_string()))?;
        let keys: Vec<_> = stored.into_iter().map(|blob| blob.key).collect();
        for keys in keys.chunks(BATCH) {
            let named = access::named_blobs(app.database.reader(), keys).await?;
            let orphans = keys.iter().filter(|key| !named.contains(key)).copied();
            let orphans: Vec<_> = orphans.collect();
            if !orphans.is_empty() {
                tracing::info!(count = orphans.len(), "found blobs that no row names");
                delete_after(&app, PATIENCE, DeleteBlobs::new(&orphans)).await?;
            }
        }
        Ok(())
    }
}
