//! Making an asset of a complete upload.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait as _, EntityTrait as _, IntoActiveModel as _, Set};

use super::create::{file_kind, motion_target};
use super::spool::{self, Spool, blocking};
use super::{MEMORY, begin_anew, guest, not_active, open_spool};
use crate::access::{self, Actor, LockedUser, Uploader};
use crate::app::App;
use crate::assets::{self, AssetView, DeleteBlobs, MakeVariants, NewAsset, NewFile};
use crate::blob::BlobKey;
use crate::database::Transaction;
use crate::entity::asset::Model as Asset;
use crate::entity::asset_file::{self, Kind};
use crate::entity::upload::{self, Model as Upload, State};
use crate::error::{Error, Result};
use crate::id::{AssetId, UploadId};
use crate::jobs;
use crate::media::{self, Checksums, FileType, MediaKind, Metadata};

/// What became of an upload.
#[derive(Debug)]
pub struct Finished {
    /// The asset.
    pub asset: AssetView,
    /// Whether the caller had it before.
    pub is_duplicate: bool,
}

/// Makes an asset of the caller's upload, or finds the one that an earlier call made.
///
/// A file that does not hold the bytes that came is given up, and the upload begins anew.
///
/// Fails with `UPLOAD_INCOMPLETE`, `UNSUPPORTED_TYPE` and `DIGEST_MISMATCH`; the last two give the
/// upload up.
pub async fn finish(app: &App, actor: &Actor, id: UploadId) -> Result<Finished> {
    let upload = access::upload(app.database.reader(), actor, id).await?;
    if upload.state == State::Finished {
        return answer(app, actor, &upload).await;
    }
    // In a task of its own: sending a large file to a bucket takes longer than a call may, and the
    // next call goes on where this one was.
    let (app_, actor_) = (app.clone(), actor.clone());
    let receiving = app.spawn(async move { receive(&app_, &actor_, id).await });
    let (received, spool) = match receiving.await.map_err(Error::internal)? {
        Ok(received) => received,
        Err(error @ (Error::UnsupportedType(_) | Error::DigestMismatch)) => {
            super::cancel(app, actor, id).await?;
            return Err(error);
        }
        Err(error) => {
            // Another call may have finished it while this one waited.
            let upload = access::upload(app.database.reader(), actor, id).await?;
            let is_finished = upload.state == State::Finished;
            return if is_finished { answer(app, actor, &upload).await } else { Err(error) };
        }
    };
    let uploader = access::uploader_of(actor, &upload)?;
    let (app_, actor_) = (app.clone(), actor.clone());
    let upload = app.transact(move |transaction| async move {
        let owner = access::lock_owner(&transaction, uploader.owner_id()).await?;
        let upload = access::lock_upload(&transaction, &actor_, id).await?;
        match upload.state {
            State::Finished => return Ok(upload),
            State::Cancelled => return Err(not_active(&upload)),
            State::Active => {}
        }
        let upload = match uploader {
            Uploader::User(_) => {
                record(&app_, &transaction, &actor_, owner, upload, &received).await?
            }
            Uploader::Guest(link) => {
                guest::record(&app_, &transaction, &link, owner, upload, &received).await?
            }
        };
        if !upload.is_duplicate && upload.motion_of_asset_id.is_none() {
            // Last: others who finish uploads wait for the row of the one job.
            jobs::enqueue(&app_, &transaction, MakeVariants).await?;
        }
        Ok(upload)
    });
    let upload = upload.await?;
    metrics::counter!("albumen_uploads_finished_total").increment(1);
    spool::remove(app, id).await;
    // Held until here, so that nobody gives up an upload that expires in the middle of this.
    drop(spool);
    answer(app, actor, &upload).await
}

async fn answer(app: &App, actor: &Actor, upload: &Upload) -> Result<Finished> {
    if upload.shared_link_id.is_some() {
        return guest::answer(app, actor, upload).await;
    }
    let id = upload.asset_id.ok_or_else(|| Error::not_found("asset", ""))?;
    let asset = assets::get(app, actor, id).await?;
    Ok(Finished { asset, is_duplicate: upload.is_duplicate })
}

/// A file that is whole, of a kind that is stored, and durable.
pub(super) struct Received {
    pub(super) checksums: Checksums,
    file_type: FileType,
    metadata: Metadata,
}

async fn receive(app: &App, actor: &Actor, id: UploadId) -> Result<(Received, Spool)> {
    let (upload, spool) = open_spool(app, actor, id).await?;
    let (committed_size_bytes, size_bytes) = (spool.len(), upload.size_bytes);
    if committed_size_bytes < size_bytes {
        return Err(Error::UploadIncomplete { committed_size_bytes, size_bytes });
    }
    let checksums = spool.digest().clone().finish();
    if upload.sha256.as_ref().is_some_and(|announced| checksums.sha256 != announced.as_slice()) {
        return Err(Error::DigestMismatch);
    }
    // Whoever sent the bytes may delete theirs once this is answered.
    let (spool, is_intact) = spool.compare().await?;
    if !is_intact {
        begin_anew(app, actor, upload).await?;
        return Err(Error::UploadIncomplete { committed_size_bytes: 0, size_bytes });
    }
    let (spool, head) = spool.head().await?;
    let file_type =
        media::detect(&head).map_err(|refused| Error::UnsupportedType(refused.detected))?;
    if upload.motion_of_asset_id.is_some() && file_type.media != MediaKind::Video {
        return Err(Error::UnsupportedType(format!("a motion part of {}", file_type.content_type)));
    }
    let path = spool.path().to_owned();
    let metadata = blocking(move || Ok(media::read(&path, file_type))).await?;
    let put = app.blobs.put(BlobKey::Original(upload.blob_id), spool.path());
    put.await.map_err(|error| Error::StorageUnavailable(error.to_string()))?;
    Ok((Received { checksums, file_type, metadata }, spool))
}

/// Makes the rows of a user's upload. The owner's row is locked: equal bytes that arrive twice at
/// once become one asset.
async fn record(
    app: &App,
    transaction: &Transaction,
    actor: &Actor,
    owner: LockedUser,
    upload: Upload,
    received: &Received,
) -> Result<Upload> {
    let sha256 = &received.checksums.sha256;
    let (asset, is_duplicate) = match upload.motion_of_asset_id {
        Some(still) => {
            let (asset, motion) = motion_target(transaction, &owner, still, Some(sha256)).await?;
            (asset, motion.is_some())
        }
        None => match access::asset_of_digest(transaction, &owner, sha256).await? {
            Some(asset) => (asset, true),
            None => {
                let id = AssetId::generate();
                (insert_asset(app, transaction, id, &upload, received).await?, false)
            }
        },
    };
    if is_duplicate && access::is_stored(transaction, asset.id, file_kind(&upload)).await? {
        discard_blob(app, transaction, &upload).await?;
    } else {
        insert_file(transaction, owner, &upload, asset.id, received).await?;
    }
    super::arrive(app, transaction, actor, &asset, upload.album_id).await?;
    let mut upload = finished(app, upload);
    upload.asset_id = Set(Some(asset.id));
    upload.is_duplicate = Set(is_duplicate);
    Ok(upload.update(&**transaction).await?)
}

/// The bytes are there twice: these are the ones without a row.
pub(super) async fn discard_blob(
    app: &App,
    transaction: &Transaction,
    upload: &Upload,
) -> Result<()> {
    let spare = DeleteBlobs::new(&[BlobKey::Original(upload.blob_id)]);
    jobs::enqueue(app, transaction, spare).await
}

/// The row as every finish leaves it.
pub(super) fn finished(app: &App, upload: Upload) -> upload::ActiveModel {
    let mut upload = upload.into_active_model();
    upload.state = Set(State::Finished);
    upload.finish_time = Set(Some(app.now()));
    upload.expire_time = Set(app.now().after(MEMORY));
    upload
}

pub(super) async fn insert_asset(
    app: &App,
    transaction: &Transaction,
    id: AssetId,
    upload: &Upload,
    received: &Received,
) -> Result<Asset> {
    let new = NewAsset {
        id,
        owner_id: upload.owner_id,
        capture_time: upload.capture_time_hint,
        guest_name: upload.guest_name.clone(),
    };
    let row = assets::asset_row(app, new, &new_file(upload, received));
    Ok(row.insert(&**transaction).await?)
}

fn new_file(upload: &Upload, received: &Received) -> NewFile {
    NewFile {
        blob_id: upload.blob_id,
        is_library: false,
        file_name: upload.file_name.clone(),
        checksums: received.checksums,
        file_type: received.file_type,
        metadata: received.metadata,
    }
}

/// Makes the row of the file, which counts towards its owner's quota from here on. An asset whose
/// file only lay in a library has it in the store from here on.
pub(super) async fn insert_file(
    transaction: &Transaction,
    owner: LockedUser,
    upload: &Upload,
    asset_id: AssetId,
    received: &Received,
) -> Result<()> {
    let file = assets::file_row(asset_id, file_kind(upload), &new_file(upload, received))?;
    let in_library = OnConflict::columns([asset_file::Column::AssetId, asset_file::Column::Kind])
        .update_columns([
            asset_file::Column::BlobId,
            asset_file::Column::IsLibrary,
            asset_file::Column::DamageTime,
        ])
        .to_owned();
    let insert = asset_file::Entity::insert(file).on_conflict(in_library);
    insert.exec_without_returning(&**transaction).await?;
    if file_kind(upload) == Kind::Still {
        access::set_online(transaction, asset_id).await?;
    }
    let used_bytes = owner.used_bytes + upload.size_bytes;
    let mut owner = owner.into_row().into_active_model();
    owner.used_bytes = Set(used_bytes);
    owner.update(&**transaction).await?;
    Ok(())
}
