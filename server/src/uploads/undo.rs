//! Taking an upload back, for guests, who have no trash.

use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, Condition, IntoActiveModel as _, Set};

use super::{MEMORY, guest};
use crate::access::{self, Actor, LockedUser, Uploader};
use crate::app::App;
use crate::database::Transaction;
use crate::entity::album_asset;
use crate::entity::upload::{Model as Upload, State};
use crate::error::{Error, Result};
use crate::id::{AlbumId, AssetId, UploadId};
use crate::{albums, assets};

/// Takes a guest's finished upload back: the place in the album that it made, and the asset if this
/// upload alone made it. Succeeds if it was taken back before.
///
/// Fails with `UNDO_NOT_ALLOWED` for users and where the link does not allow it, and with
/// `UPLOAD_NOT_UNDOABLE` if it is not finished or was too long ago.
pub async fn undo(app: &App, actor: &Actor, id: UploadId) -> Result<Upload> {
    let upload = access::upload(app.database.reader(), actor, id).await?;
    let Uploader::Guest(link) = access::uploader_of(actor, &upload)? else {
        return Err(Error::UndoNotAllowed);
    };
    let (app_, actor) = (app.clone(), actor.clone());
    app.transact(move |transaction| async move {
        let owner = access::lock_owner(&transaction, link.creator_id).await?;
        let upload = access::lock_upload(&transaction, &actor, id).await?;
        // All albums that this may touch at once, in the order of their ids.
        let places = Condition::any()
            .add(album_asset::Column::AlbumId.eq(link.album_id))
            .add_option(upload.asset_id.map(|id| album_asset::Column::AssetId.eq(id)));
        access::lock_albums_having(&transaction, places).await?;
        let row = access::lock_undo_link(&transaction, &link, app_.now()).await?;
        if upload.state == State::Cancelled && upload.finish_time.is_some() {
            return Ok(upload);
        }
        check(&app_, &upload)?;
        take_back(&app_, &transaction, owner, &upload).await?;
        guest::count(&transaction, row.id, -1, -upload.size_bytes).await?;
        let mut change = upload.into_active_model();
        change.state = Set(State::Cancelled);
        change.asset_id = Set(None);
        change.committed_size_bytes = Set(0);
        change.is_new_entry = Set(false);
        change.expire_time = Set(app_.now().after(MEMORY));
        Ok(change.update(&*transaction).await?)
    })
    .await
}

fn check(app: &App, upload: &Upload) -> Result<()> {
    let is_past = upload.finish_time.is_none_or(|time| time.after(access::UNDO_TIME) <= app.now());
    match upload.state {
        State::Active => Err(Error::UploadNotUndoable("active")),
        State::Cancelled => Err(Error::UploadNotUndoable("cancelled")),
        State::Finished if is_past => Err(Error::UploadNotUndoable("past")),
        State::Finished => Ok(()),
    }
}

async fn take_back(
    app: &App,
    transaction: &Transaction,
    owner: LockedUser,
    upload: &Upload,
) -> Result<()> {
    // Without one, there was nothing that the guest could see.
    let Some(asset_id) = upload.asset_id else { return Ok(()) };
    if upload.motion_of_asset_id.is_some() {
        let is_own = !upload.is_duplicate;
        return if is_own {
            assets::erase_motion(app, transaction, owner, asset_id).await
        } else {
            Ok(())
        };
    }
    let same = access::uploads_of_same(transaction, upload).await?;
    if !upload.is_duplicate && same.is_empty() && !is_used(transaction, &owner, upload).await? {
        return assets::erase(app, transaction, owner, asset_id).await;
    }
    // Others have sent these bytes since and count on them, or the owner does.
    if upload.is_new_entry {
        match (same.iter().find(|other| other.album_id == upload.album_id), upload.album_id) {
            (Some(heir), _) => {
                let mut heir = heir.clone().into_active_model();
                heir.is_new_entry = Set(true);
                heir.update(&**transaction).await?;
            }
            (None, Some(album_id)) => leave(app, transaction, album_id, asset_id).await?,
            (None, None) => {}
        }
    }
    let are_all_guests = same.iter().all(|other| other.shared_link_id.is_some());
    if !upload.is_duplicate
        && are_all_guests
        && let Some(heir) = same.first()
    {
        let mut heir = heir.clone().into_active_model();
        heir.is_duplicate = Set(false);
        heir.update(&**transaction).await?;
    }
    Ok(())
}

/// Whether the owner made the asset theirs since: put it into another album, or said something of it.
async fn is_used(transaction: &Transaction, owner: &LockedUser, upload: &Upload) -> Result<bool> {
    let Some(asset_id) = upload.asset_id else { return Ok(false) };
    let assets = access::own_assets(transaction, owner, &[asset_id]).await?;
    let is_changed = assets.iter().any(|asset| asset.update_time != asset.create_time);
    let place = Condition::all().add(album_asset::Column::AssetId.eq(asset_id));
    let places = access::places(transaction, place).await?;
    Ok(is_changed || places.iter().any(|(album, _)| Some(*album) != upload.album_id))
}

/// Takes the asset out of the album, unless somebody did before.
async fn leave(
    app: &App,
    transaction: &Transaction,
    album_id: AlbumId,
    asset_id: AssetId,
) -> Result<()> {
    let place = Condition::all()
        .add(album_asset::Column::AlbumId.eq(album_id))
        .add(album_asset::Column::AssetId.eq(asset_id));
    if access::places(transaction, place).await?.is_empty() {
        return Ok(());
    }
    albums::take_out(app, transaction, album_id, vec![asset_id]).await
}
