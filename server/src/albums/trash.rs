//! Albums that have been in the trash long enough.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde::{Deserialize, Serialize};

use crate::access;
use crate::app::App;
use crate::entity::album;
use crate::error::{Error, Result};
use crate::events;
use crate::jobs::{Context, Job};

/// How many albums one transaction deletes.
const BATCH: u64 = 100;

/// Deletes for good what the trash has kept for its time.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct PurgeTrash;

impl Job for PurgeTrash {
    const KIND: &'static str = "purge-albums";

    async fn run(self, app: App, context: Context) -> Result<()> {
        let mut purged = 0;
        loop {
            let batch = purge_expired(&app, BATCH).await?;
            if batch == 0 {
                return Ok(());
            }
            purged += i64::try_from(batch).map_err(Error::internal)?;
            context.progress(purged, None).await?;
        }
    }
}

/// Deletes albums for good that are in the trash longer than they are kept there, `limit` at most,
/// and returns how many. Their assets stay with their owners.
pub async fn purge_expired(app: &App, limit: u64) -> Result<usize> {
    let before = app.now().before(app.config.trash_ttl);
    let expired = access::expired_albums(app.database.reader(), before, limit).await?;
    if expired.is_empty() {
        return Ok(0);
    }
    let app_ = app.clone();
    let purged = app.transact(move |transaction| async move {
        let expired = access::lock_expired_albums(&transaction, expired, before).await?;
        let delete = album::Entity::delete_many()
            .filter(album::Column::Id.is_in(expired.iter().copied()))
            .exec(&*transaction);
        delete.await?;
        events::revoke(&app_, &transaction).await?;
        Ok(expired.len())
    });
    purged.await
}
