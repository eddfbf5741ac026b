//! Clearing away uploads that nobody finished, and what crashes leave of others.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde::{Deserialize, Serialize};

use super::mark_cancelled;
use super::spool::{self, Spool};
use crate::access;
use crate::app::App;
use crate::entity::upload::{self, Column, State};
use crate::error::{Error, Result};
use crate::id::UploadId;
use crate::jobs::{Context, Job};

/// Gives expired uploads up, forgets those that ended a while ago, and removes files without one.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Sweep;

impl Job for Sweep {
    const KIND: &'static str = "sweep-uploads";

    async fn run(self, app: App, _: Context) -> Result<()> {
        for id in access::expired_uploads(app.database.reader(), app.now()).await? {
            give_up(&app, id).await?;
        }
        forget(&app).await?;
        for id in spool::list(&app).await? {
            remove_stray(&app, id).await?;
        }
        Ok(())
    }
}

/// Cancels an upload if it is expired still and nobody is at it.
async fn give_up(app: &App, id: UploadId) -> Result<()> {
    let Some(spool) = unused(app, id).await? else { return Ok(()) };
    let app_ = app.clone();
    app.transact(move |transaction| async move {
        match access::lock_expired_upload(&transaction, id, app_.now()).await? {
            Some(upload) => mark_cancelled(&app_, &transaction, upload).await.map(drop),
            None => Ok(()),
        }
    })
    .await?;
    discard(app, id, spool).await
}

/// Removes a file whose upload is over or gone.
async fn remove_stray(app: &App, id: UploadId) -> Result<()> {
    if access::takes_bytes(app.database.reader(), id).await? {
        return Ok(());
    }
    match unused(app, id).await? {
        Some(spool) => discard(app, id, spool).await,
        None => Ok(()),
    }
}

/// The file of an upload; `None` if somebody has it open.
async fn unused(app: &App, id: UploadId) -> Result<Option<Spool>> {
    match Spool::open(app, id).await {
        Ok(spool) => Ok(Some(spool)),
        Err(Error::Conflict) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes a file, unless its upload takes bytes. The file stays locked until it is gone: an id
/// that was forgotten may begin again.
async fn discard(app: &App, id: UploadId, spool: Spool) -> Result<()> {
    if !access::takes_bytes(app.database.reader(), id).await? {
        spool::remove(app, id).await;
    }
    drop(spool);
    Ok(())
}

async fn forget(app: &App) -> Result<()> {
    let now = app.now();
    app.transact(move |transaction| async move {
        upload::Entity::delete_many()
            .filter(Column::State.ne(State::Active))
            .filter(Column::ExpireTime.lte(now))
            .exec(&*transaction)
            .await?;
        Ok(())
    })
    .await
}
