//! Files on their way in.
//!
//! An upload's row says how many bytes are safe and holds the running digest of exactly those. The
//! bytes themselves lie in a spool file, which is cut back to the row whenever it is opened. They
//! become a blob before the row that names them, and the spool file goes after it.
//!
//! Guests upload by the same ways. What is different for them, and why, is in `guest`.

mod append;
mod create;
mod finish;
mod guest;
mod rpc;
mod spool;
mod sweep;
mod undo;

pub use append::{append, append_in_background};
pub use create::{NewUpload, create};
pub use finish::{Finished, finish};
pub use rpc::Rpc;
pub use sweep::Sweep;
pub use undo::undo;

use std::time::Duration;

use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, Condition, IntoActiveModel as _, Set};

use crate::access::{self, Actor};
use crate::app::App;
use crate::assets::DeleteBlobs;
use crate::blob::BlobKey;
use crate::database::Transaction;
use crate::entity::album_asset;
use crate::entity::album_member::Role;
use crate::entity::asset::{Model as Asset, Visibility};
use crate::entity::upload::{Model as Upload, State};
use crate::error::{Error, Result};
use crate::id::{AlbumId, BlobId, UploadId};
use crate::jobs;
use crate::media::Digest;
use crate::uploads::spool::Spool;
use crate::{albums, assets};

/// How long an upload that is finished or cancelled is remembered.
const MEMORY: Duration = Duration::from_secs(86_400);
/// The largest chunk of an upload stream.
pub const MAX_STREAM_CHUNK_BYTES: i64 = 1 << 20;
/// The largest chunk of a unary append: below gRPC's usual limit of 4 MiB for a message.
pub const MAX_APPEND_CHUNK_BYTES: i64 = 3 << 20;

/// The caller's upload.
pub async fn get(app: &App, actor: &Actor, id: UploadId) -> Result<Upload> {
    access::upload(app.database.reader(), actor, id).await
}

/// Gives an upload up. Succeeds if it was given up before; fails if it is finished.
pub async fn cancel(app: &App, actor: &Actor, id: UploadId) -> Result<Upload> {
    let (app_, actor) = (app.clone(), actor.clone());
    let upload = app.transact(move |transaction| async move {
        let upload = access::lock_upload(&transaction, &actor, id).await?;
        match upload.state {
            State::Active => mark_cancelled(&app_, &transaction, upload).await,
            State::Cancelled => Ok(upload),
            State::Finished => Err(not_active(&upload)),
        }
    });
    let upload = upload.await?;
    spool::remove(app, id).await;
    Ok(upload)
}

/// Puts an asset whose bytes a user sent where they were to go: back from the trash, which the same
/// bytes were thrown into, and into the upload's album. What is locked stays so, in no album.
async fn arrive(
    app: &App,
    transaction: &Transaction,
    actor: &Actor,
    asset: &Asset,
    album_id: Option<AlbumId>,
) -> Result<()> {
    if asset.delete_time.is_some() {
        // With the album that it goes into, so that all are locked in the order of their ids.
        let places = Condition::any()
            .add(album_asset::Column::AssetId.eq(asset.id))
            .add_option(album_id.map(|id| album_asset::Column::AlbumId.eq(id)));
        access::lock_albums_having(transaction, places).await?;
        assets::take_back(app, transaction, vec![asset.id]).await?;
    }
    let Some(album_id) = album_id else { return Ok(()) };
    let album = albums::writable(transaction, actor, album_id, Role::Contributor).await?;
    if asset.visibility != Visibility::Locked {
        albums::add(app, transaction, album, std::slice::from_ref(asset)).await?;
    }
    Ok(())
}

/// The caller's upload with its file, at the length that the row says. The row is read once the
/// file is locked: whoever had it before may have moved the row on.
async fn open_spool(app: &App, actor: &Actor, id: UploadId) -> Result<(Upload, Spool)> {
    active(app, actor, id).await?;
    let spool = Spool::open(app, id).await?;
    match active(app, actor, id).await {
        Ok(upload) => {
            let digest = Digest::from_state(&upload.digest_state).map_err(Error::internal)?;
            let spool = spool.resume(digest).await?;
            let is_shorter = spool.len() < upload.committed_size_bytes;
            let upload = if is_shorter { begin_anew(app, actor, upload).await? } else { upload };
            Ok((upload, spool))
        }
        Err(error) => {
            spool.discard_unless_active(app, &error).await;
            Err(error)
        }
    }
}

/// Sets an upload back to its first byte: its file, which the caller has open, lost some or was
/// damaged. A blob that a finish may have stored goes, for the bytes that come now may be others.
async fn begin_anew(app: &App, actor: &Actor, upload: Upload) -> Result<Upload> {
    tracing::warn!(upload.id = %upload.id, "a spool file is damaged; its upload begins anew");
    let (app_, actor) = (app.clone(), actor.clone());
    app.transact(move |transaction| async move {
        let row = access::lock_upload(&transaction, &actor, upload.id).await?;
        if row.state != State::Active {
            return Err(not_active(&row));
        }
        if row.committed_size_bytes != upload.committed_size_bytes {
            return Err(Error::Conflict);
        }
        let stored = DeleteBlobs::new(&[BlobKey::Original(row.blob_id)]);
        jobs::enqueue(&app_, &transaction, stored).await?;
        let mut row = row.into_active_model();
        row.blob_id = Set(BlobId::generate());
        row.committed_size_bytes = Set(0);
        row.digest_state = Set(Digest::new().state());
        Ok(row.update(&*transaction).await?)
    })
    .await
}

/// Fails unless uploads find room on the disk.
pub async fn ping(app: &App) -> Result<()> {
    spool::probe(app).await
}

/// The caller's upload, which must take bytes still, from a caller who may still send them.
async fn active(app: &App, actor: &Actor, id: UploadId) -> Result<Upload> {
    let upload = access::upload(app.database.reader(), actor, id).await?;
    if upload.state != State::Active {
        return Err(not_active(&upload));
    }
    if upload.expire_time <= app.now() {
        return Err(Error::UploadNotActive("expired"));
    }
    let uploader = access::uploader_of(actor, &upload)?;
    access::check_uploader(app.database.reader(), &uploader, app.now()).await?;
    Ok(upload)
}

async fn mark_cancelled(app: &App, transaction: &Transaction, upload: Upload) -> Result<Upload> {
    if upload.committed_size_bytes == upload.size_bytes {
        // A finish may have stored the bytes before it was cut off.
        let stored = DeleteBlobs::new(&[BlobKey::Original(upload.blob_id)]);
        jobs::enqueue(app, transaction, stored).await?;
    }
    let mut upload = upload.into_active_model();
    upload.state = Set(State::Cancelled);
    upload.expire_time = Set(app.now().after(MEMORY));
    upload.committed_size_bytes = Set(0);
    upload.digest_state = Set(Digest::new().state());
    Ok(upload.update(&**transaction).await?)
}

fn not_active(upload: &Upload) -> Error {
    Error::UploadNotActive(match upload.state {
        State::Active => "active",
        State::Finished => "finished",
        State::Cancelled => "cancelled",
    })
}
